//! A store of one of two kinds, for programs that choose when they start.

use wardseal_client::{Batch, MemoryStore, StateStore, StoreError};

use crate::SqliteStore;

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
