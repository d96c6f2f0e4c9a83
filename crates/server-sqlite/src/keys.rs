//! The key server's database.

mod codes;
mod escrow;
mod read;
mod write;

use std::{
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rusqlite::Connection;
use wardseal_server_domain::storage::{Snapshot, StorageError, Store, UnitOfWork};

use crate::schema::{self, OpenError, Schema, failed};

/// "wsks".
const SCHEMA: Schema = Schema {
    application: 0x7773_6b73,
    migrations: &[
        include_str!("../migrations/keys/0001_chains.sql"),
        include_str!("../migrations/keys/0002_escrow.sql"),
        include_str!("../migrations/keys/0003_names.sql"),
    ],
};

/// Connections that read: twice the cores of a small machine, since some wait for the disk.
const READERS: usize = 4;

/// The most pages that SQLite can have.
const MOST_PAGES: i64 = 4_294_967_294;

/// The schema of the key server's database as SQL: what `migrations/keys/schema.sql` holds.
///
/// # Errors
/// [`OpenError::Sqlite`] when a migration is wrong.
pub fn keys_schema() -> Result<String, OpenError> {
    SCHEMA.text()
}

/// The key server's store in SQLite: one connection writes, a few read beside it.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Mutex<Connection>,
    readers: Readers,
    /// Whether the write-ahead log still holds what was erased from the tables.
    lingers: AtomicBool,
}

impl SqliteStore {
    /// Opens the database in the file `path`, and makes or migrates it as needed.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let mut writer = Connection::open(path)?;
        schema::configure(&writer)?;
        SCHEMA.apply(&mut writer)?;
        let mut connections = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            let reader = Connection::open(path)?;
            schema::configure(&reader)?;
            reader.execute_batch("PRAGMA query_only = ON")?;
            connections.push(Mutex::new(reader));
        }
        Ok(Self {
            writer: Mutex::new(writer),
            readers: Readers {
                connections,
                turn: AtomicUsize::new(0),
            },
            lingers: AtomicBool::new(false),
        })
    }

    /// Lets the database grow to so many bytes and no further, as far as whole pages go; `None` for
    /// as far as SQLite can.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn limit_size(&self, bytes: Option<u64>) -> Result<(), StorageError> {
        let writer = self.lock();
        let page: i64 = writer
            .pragma_query_value(None, "page_size", |row| row.get(0))
            .map_err(failed)?;
        let pages = bytes.map_or(
            MOST_PAGES,
            |bytes| // Zero would ask for the limit; anything below the present size means that.
            (schema::signed(bytes) / page.max(1)).max(1),
        );
        writer
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .map_err(failed)
    }

    /// A thread that panicked has rolled back what it began.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for SqliteStore {
    fn belongs_to(&self, log_key: &[u8; 32]) -> Result<bool, StorageError> {
        let connection = self.lock();
        connection
            .execute(
                "INSERT INTO owner (id, log_key) VALUES (1, ?1) ON CONFLICT DO NOTHING",
                [log_key],
            )
            .map_err(failed)?;
        connection
            .query_row("SELECT log_key = ?1 FROM owner", [log_key], |row| {
                row.get(0)
            })
            .map_err(failed)
    }

    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StorageError> {
        let session = Session(self.readers.take()?, &self.lingers);
        session.0.execute_batch("BEGIN DEFERRED").map_err(failed)?;
        Ok(Box::new(session))
    }

    fn begin(&self) -> Result<Box<dyn UnitOfWork + '_>, StorageError> {
        let session = Session(self.lock(), &self.lingers);
        session.0.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
        Ok(Box::new(session))
    }
}

/// A transaction; dropped, it is rolled back unless it was committed.
struct Session<'a>(MutexGuard<'a, Connection>, &'a AtomicBool);

impl Session<'_> {
    /// Says that this transaction erases something that nobody must find in the files any more.
    fn erases(&self) {
        self.1.store(true, Ordering::Relaxed);
    }

    /// Empties the write-ahead log, which holds pages as they were before something was erased from
    /// them. While somebody reads by it this cannot be done, and is tried again after the next
    /// transaction.
    fn shed(&self) {
        if !self.1.swap(false, Ordering::Relaxed) {
            return;
        }
        let emptied = self
            .0
            .busy_timeout(Duration::ZERO)
            .and_then(|()| {
                let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
                self.0.query_row(checkpoint, [], |row| row.get::<_, i64>(0))
            })
            .is_ok_and(|busy| busy == 0);
        let patient = self.0.busy_timeout(schema::BUSY_TIME);
        if !emptied || patient.is_err() {
            self.erases();
        }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // After a full disk SQLite has rolled back by itself. And a connection that cannot roll back
        // has nothing that anybody else sees.
        if !self.0.is_autocommit() {
            drop(self.0.execute_batch("ROLLBACK"));
        }
    }
}

#[derive(Debug)]
struct Readers {
    connections: Vec<Mutex<Connection>>,
    /// Where the next one who finds all busy waits.
    turn: AtomicUsize,
}

impl Readers {
    fn take(&self) -> Result<MutexGuard<'_, Connection>, StorageError> {
        for connection in &self.connections {
            match connection.try_lock() {
                Ok(guard) => return Ok(guard),
                Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.connections.len().max(1);
        let connection = self.connections.get(turn);
        let connection =
            connection.ok_or_else(|| StorageError::Other("no connection reads".into()))?;
        Ok(connection.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
