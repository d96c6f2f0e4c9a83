//! The key server's store.

mod escrow;
mod read;
mod write;

use std::sync::Arc;

use wardseal_server_domain::{
    escrow::{CodeErrand, PendingRecord},
    storage::{
        ChainRecord, LogRecord, NameRecord, Snapshot, StatementRecord, StorageError, Store,
        UnitOfWork,
    },
};
use wardseal_types::{
    ChainId, FixedBytes, MemberId, NamedId, PendingId, RingId, SessionId, TenantId, Timestamp,
};

use crate::{
    codes::Ledger,
    tables::{Table, Turn, Versions},
};

/// The key server's store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(Versions<Tables>);

impl MemoryStore {
    /// An empty store, which belongs to nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A pending recipient, with the number of the latest news of it that no statement tells; 0 for none.
#[derive(Clone, Debug)]
struct Pending {
    record: PendingRecord,
    news: u64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    owner: Option<[u8; 32]>,
    logs: Table<TenantId, LogRecord>,
    nodes: Table<(TenantId, u32, u64), [u8; 32]>,
    chains: Table<(TenantId, ChainId), ChainRecord>,
    statements: Table<(TenantId, ChainId, u64), Arc<StatementRecord>>,
    /// Chain and sequence number of each statement, by its position.
    positions: Table<(TenantId, u64), (ChainId, u64)>,
    boxes: Table<(TenantId, RingId, u32, MemberId), Arc<[u8]>>,
    /// Who is in what, in the order in which listings ask.
    members: Table<(TenantId, MemberId, RingId), ()>,
    names: Table<(TenantId, FixedBytes<32>), NameRecord>,
    holders: Table<(TenantId, NamedId), FixedBytes<32>>,
    users: Table<TenantId, u64>,
    vault_records: Table<(TenantId, FixedBytes<32>), ()>,
    /// Until when something is busy, by its kind and subject.
    counted: Table<(TenantId, u8, [u8; 32]), Timestamp>,
    pending: Table<(TenantId, SessionId, PendingId), Arc<Pending>>,
    releases: Table<(TenantId, SessionId, PendingId, MemberId), Timestamp>,
    errands: Table<FixedBytes<32>, CodeErrand>,
    mail_readers: Table<(TenantId, MemberId, FixedBytes<32>), Timestamp>,
    pub(crate) codes: Ledger,
}

/// A snapshot or a unit of work: the one has no turn, and nobody can write through it.
#[derive(Debug)]
pub(crate) struct Session<'s> {
    pub(crate) tables: Tables,
    mark: Option<Tables>,
    turn: Option<Turn<'s, Tables>>,
}

impl Store for MemoryStore {
    fn belongs_to(&self, log_key: &[u8; 32]) -> Result<bool, StorageError> {
        let owner = self
            .0
            .change(|tables| *tables.owner.get_or_insert(*log_key));
        Ok(owner == *log_key)
    }

    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StorageError> {
        Ok(Box::new(Session {
            tables: self.0.newest(),
            mark: None,
            turn: None,
        }))
    }

    fn begin(&self) -> Result<Box<dyn UnitOfWork + '_>, StorageError> {
        let turn = self.0.turn();
        Ok(Box::new(Session {
            tables: self.0.newest(),
            mark: None,
            turn: Some(turn),
        }))
    }
}

/// Refuses a row whose key is taken.
fn once(added: bool, what: &str) -> Result<(), StorageError> {
    if added {
        Ok(())
    } else {
        Err(StorageError::Other(format!("there is {what} already")))
    }
}
