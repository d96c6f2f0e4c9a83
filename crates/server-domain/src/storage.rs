//! What the key server asks of a store: snapshots to read and units of work to write.
//!
//! Statements are the truth. Everything else that is kept (heads, members, names, nodes) is an index
//! over them that is written in the same transaction. Every row belongs to a tenant, and nothing
//! crosses tenants. `conformance` (behind the feature of that name) is what a store must pass.

#[cfg(feature = "conformance")]
pub mod conformance;

use crate::{
    codes::CodeLedger,
    escrow::{EscrowSnapshot, EscrowUnit},
};
use wardseal_types::{
    ChainId, FixedBytes, MemberId, NamedId, RingId, SessionId, StatementHash, TenantId, Timestamp,
    UserId,
};

/// Why nothing could be read or written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// No room on the disk, or the database may not grow.
    #[error("no room to write")]
    Full,
    /// The store contradicts itself; the text says where, for the operator.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Anything else, for the operator.
    #[error("{0}")]
    Other(String),
}

/// The newest checkpoint of a tenant's log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogRecord {
    /// Number of leaves.
    pub size: u64,
    /// When the checkpoint was signed.
    pub time: Timestamp,
    /// The signed note.
    pub note: String,
}

/// A statement as it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatementRecord {
    /// Its sequence number in its chain.
    pub seq: u64,
    /// Index of its leaf in the tenant's log.
    pub position: u64,
    /// Its hash.
    pub hash: StatementHash,
    /// The signed bytes.
    pub bytes: Vec<u8>,
}

/// Where a chain stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChainRecord {
    /// The chain.
    pub chain: ChainId,
    /// Position of its genesis.
    pub genesis: u64,
    /// Sequence number of its newest statement.
    pub seq: u64,
    /// Label in clear; sessions only.
    pub label: Option<String>,
}

/// A name that a tenant bound.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NameRecord {
    /// Index of the name.
    pub name: FixedBytes<32>,
    /// To whom it is bound.
    pub holder: NamedId,
    /// Salt of the commitment in the holder's chain.
    pub salt: FixedBytes<32>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Counted {
    /// Evaluations of a password, by the index of a name.
    Name(FixedBytes<32>),
    /// Evaluations of a password for new records, by user.
    User(UserId),
    /// All evaluations of passwords in a tenant.
    Tenant,
}

/// The kind of rings that a listing is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Listing {
    /// Groups.
    Groups,
    /// Sessions.
    Sessions,
}

/// A store. One unit of work at a time; any number of snapshots beside it.
pub trait Store: Send + Sync {
    /// Whether this store belongs to the server with this log key (or a hash of it). The first that
    /// asks owns the store: other secrets would break every log and every password in it.
    ///
    /// # Errors
    /// [`StorageError`].
    fn belongs_to(&self, log_key: &[u8; 32]) -> Result<bool, StorageError>;

    /// A consistent view of what is committed, until it is dropped. A thread takes one at a time.
    ///
    /// # Errors
    /// [`StorageError`].
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StorageError>;

    /// Begins a unit of work; waits while there is another. Dropped without
    /// [`commit`](UnitOfWork::commit), it never happened.
    ///
    /// # Errors
    /// [`StorageError`].
    fn begin(&self) -> Result<Box<dyn UnitOfWork + '_>, StorageError>;
}

/// Reads. Every method fails with [`StorageError`] only.
#[expect(
    clippy::missing_errors_doc,
    reason = "every method fails with StorageError when the store cannot answer, and in no other way"
)]
pub trait Snapshot: EscrowSnapshot {
    /// The newest checkpoint of a tenant's log; `None` for an unknown tenant.
    fn log(&self, tenant: &TenantId) -> Result<Option<LogRecord>, StorageError>;

    /// How many users the tenant has.
    fn users(&self, tenant: &TenantId) -> Result<u64, StorageError>;

    /// A node of the tenant's tree: the root over the leaves `index · 2^level ..` of that width.
    fn node(
        &self,
        tenant: &TenantId,
        level: u32,
        index: u64,
    ) -> Result<Option<[u8; 32]>, StorageError>;

    /// Where a chain stands.
    fn chain(
        &self,
        tenant: &TenantId,
        chain: &ChainId,
    ) -> Result<Option<ChainRecord>, StorageError>;

    /// The statements of a chain from sequence number `from` on, in order.
    fn statements(
        &self,
        tenant: &TenantId,
        chain: &ChainId,
        from: u64,
    ) -> Result<Vec<StatementRecord>, StorageError>;

    /// Which statements stand in the tenant's log from `position` on, in its order: at most `limit`,
    /// each with its position, its chain and its place in it.
    fn statements_since(
        &self,
        tenant: &TenantId,
        position: u64,
        limit: u32,
    ) -> Result<Vec<(u64, ChainId, u64)>, StorageError>;

    /// The statement at a place of a chain: its position and hash.
    fn statement_at(
        &self,
        tenant: &TenantId,
        chain: &ChainId,
        seq: u64,
    ) -> Result<Option<(u64, StatementHash)>, StorageError>;

    /// A box.
    fn sealed_box(
        &self,
        tenant: &TenantId,
        ring: &RingId,
        epoch: u32,
        member: &MemberId,
    ) -> Result<Option<Vec<u8>>, StorageError>;

    /// To whom a name is bound.
    fn name(
        &self,
        tenant: &TenantId,
        name: &FixedBytes<32>,
    ) -> Result<Option<NameRecord>, StorageError>;

    /// Whether a user's chain ever named this record of the vault.
    fn is_vault_record(
        &self,
        tenant: &TenantId,
        record: &FixedBytes<32>,
    ) -> Result<bool, StorageError>;

    /// The rings of one kind that a user is in, directly or through other rings, in the order of
    /// their geneses: at most `limit` of those whose genesis stands after position `after`.
    fn rings_of(
        &self,
        tenant: &TenantId,
        user: &UserId,
        listing: Listing,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<ChainRecord>, StorageError>;

    /// The sessions of which this one is a recipient, in the order of their geneses: at most `limit`
    /// of those whose genesis stands after position `after`.
    fn children(
        &self,
        tenant: &TenantId,
        parent: &SessionId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<ChainRecord>, StorageError>;

    /// Until when something is busy (see [`Limit`](crate::limit::Limit)); `None` for what is not
    /// counted or was forgotten.
    fn busy_until(
        &self,
        tenant: &TenantId,
        counted: &Counted,
    ) -> Result<Option<Timestamp>, StorageError>;
}

/// Reads and writes that all happen or none. Reads see what was written.
///
/// After an error other than those of reading, the unit is good for nothing but being dropped.
#[expect(
    clippy::missing_errors_doc,
    reason = "every method fails with StorageError when the store cannot do it, and in no other way"
)]
pub trait UnitOfWork: Snapshot + EscrowUnit + CodeLedger {
    /// Marks the present point, to which [`back_to_mark`](Self::back_to_mark) returns. There is one
    /// mark at a time.
    fn mark(&mut self) -> Result<(), StorageError>;

    /// Undoes everything since the mark, and removes the mark.
    fn back_to_mark(&mut self) -> Result<(), StorageError>;

    /// Removes the mark and keeps everything.
    fn keep(&mut self) -> Result<(), StorageError>;

    /// Puts the newest checkpoint of a tenant in the place of the one before.
    fn put_log(&mut self, tenant: &TenantId, log: &LogRecord) -> Result<(), StorageError>;

    /// Adds a node.
    fn put_node(
        &mut self,
        tenant: &TenantId,
        level: u32,
        index: u64,
        hash: &[u8; 32],
    ) -> Result<(), StorageError>;

    /// Adds a statement. A second one at the same place of its chain, or at the same position, is
    /// an error.
    fn put_statement(
        &mut self,
        tenant: &TenantId,
        chain: &ChainId,
        statement: &StatementRecord,
    ) -> Result<(), StorageError>;

    /// Says where a chain stands now.
    fn put_chain(&mut self, tenant: &TenantId, chain: &ChainRecord) -> Result<(), StorageError>;

    /// Adds a box.
    fn put_box(
        &mut self,
        tenant: &TenantId,
        ring: &RingId,
        epoch: u32,
        member: &MemberId,
        bytes: &[u8],
    ) -> Result<(), StorageError>;

    /// Adds a member to a ring, for listings.
    fn put_member(
        &mut self,
        tenant: &TenantId,
        ring: &RingId,
        member: &MemberId,
    ) -> Result<(), StorageError>;

    /// Takes a member out of a ring.
    fn remove_member(
        &mut self,
        tenant: &TenantId,
        ring: &RingId,
        member: &MemberId,
    ) -> Result<(), StorageError>;

    /// Binds a name to a new holder, and counts it if it is a user. A name or holder that is there
    /// already is an error.
    fn put_name(&mut self, tenant: &TenantId, name: &NameRecord) -> Result<(), StorageError>;

    /// Binds a name that is there to another user, who has none. The number of users stays.
    fn move_name(&mut self, tenant: &TenantId, name: &NameRecord) -> Result<(), StorageError>;

    /// Remembers that a user's chain named this record of the vault.
    fn put_vault_record(
        &mut self,
        tenant: &TenantId,
        record: &FixedBytes<32>,
    ) -> Result<(), StorageError>;

    /// Says until when something is busy.
    fn put_busy_until(
        &mut self,
        tenant: &TenantId,
        counted: &Counted,
        until: Timestamp,
    ) -> Result<(), StorageError>;

    /// Forgets everything of the tenant that is not busy after `now`.
    fn forget_idle(&mut self, tenant: &TenantId, now: Timestamp) -> Result<(), StorageError>;

    /// Makes it happen, durably.
    fn commit(self: Box<Self>) -> Result<(), StorageError>;
}
