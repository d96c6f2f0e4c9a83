//! What the machine gives to a client: a clock, randomness, and a place for records.

use std::time::{SystemTime, UNIX_EPOCH};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wardseal_client::{
    Batch, MemoryStore, StateStore, StoreError,
    types::{Clock, Timestamp},
};
use wardseal_client_sqlite::SqliteStore;

/// The system's clock.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the system's clock is read"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The system's source of randomness.
pub(crate) const fn random() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// Where the records of a client are.
#[derive(Debug)]
pub enum HostStore {
    /// In a folder.
    Folder(SqliteStore),
    /// In memory.
    Memory(MemoryStore),
}

impl StateStore for HostStore {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Folder(store) => store.get(key).await,
            Self::Memory(store) => store.get(key).await,
        }
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Folder(store) => store.keys(prefix).await,
            Self::Memory(store) => store.keys(prefix).await,
        }
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        match self {
            Self::Folder(store) => store.commit(batch).await,
            Self::Memory(store) => store.commit(batch).await,
        }
    }
}
