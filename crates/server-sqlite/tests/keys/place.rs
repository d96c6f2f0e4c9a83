//! Where a world keeps what its server stores.

use std::{fs, path::PathBuf, sync::Arc};

use wardseal_server_domain::keys::Writing;
use wardseal_server_sqlite::SqliteStore;

use crate::directory::Directory;

pub(crate) type Kept = SqliteStore;

pub(crate) const WRITING: Writing = Writing::Thread;

/// A database in a directory that goes away.
pub(crate) struct Place {
    path: PathBuf,
    _directory: Directory,
}

impl Place {
    pub(crate) fn new() -> Self {
        let directory = Directory::new();
        Self {
            path: directory.file("keys.db"),
            _directory: directory,
        }
    }

    /// As a new process finds it.
    pub(crate) fn open(&self) -> Arc<Kept> {
        Arc::new(SqliteStore::open(&self.path).unwrap())
    }

    pub(crate) fn files(&self) -> Vec<u8> {
        let mut bytes = fs::read(&self.path).unwrap();
        let log = self.path.with_extension("db-wal");
        bytes.extend(fs::read(log).unwrap_or_default());
        bytes
    }

    pub(crate) fn leave_room(&self, store: &Kept, bytes: u64) {
        let connection = rusqlite::Connection::open(&self.path).unwrap();
        let of = |name| connection.pragma_query_value(None, name, |row| row.get::<_, u32>(0));
        let pages = u64::from(of("page_count").unwrap());
        let size = pages * u64::from(of("page_size").unwrap());
        store.limit_size(Some(size + bytes)).unwrap();
    }
}
