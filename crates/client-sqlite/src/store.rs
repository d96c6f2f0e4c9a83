//! The records.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use wardseal_client::{Batch, StateStore, StoreError};

use crate::{OpenError, private::create_private};

/// How long one process waits for another's change.
const BUSY: Duration = Duration::from_secs(10);
/// How long it waits where SQLite does not wait by itself, before it asks again.
const PAUSE: Duration = Duration::from_millis(5);
/// Version of the tables.
const VERSION: i64 = 1;

/// Records in a SQLite database. Calls block the thread for as long as the disk takes, which is a
/// millisecond or so.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Mutex<Connection>,
    path: PathBuf,
}

impl SqliteStore {
    /// Opens a database, and makes it, for its owner only, if there is none.
    ///
    /// # Errors
    /// [`OpenError::Io`], [`OpenError::Newer`], [`OpenError::Database`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        if !path.exists() {
            create_private(path, &[]).map_err(|reason| OpenError::Io {
                path: path.to_owned(),
                reason,
            })?;
        }
        let failed = |reason| OpenError::Database {
            path: path.to_owned(),
            reason,
        };
        let mut connection = Connection::open(path).map_err(failed)?;
        if prepare(&mut connection).map_err(failed)? > VERSION {
            return Err(OpenError::Newer(path.to_owned()));
        }
        Ok(Self {
            connection: Mutex::new(connection),
            path: path.to_owned(),
        })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A transaction that panicked was rolled back when it was dropped.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: &rusqlite::Error) -> StoreError {
        let path = self.path.display();
        StoreError(match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                format!("there is no room for {path}: make room on the disk, then try again")
            }
            Some(ErrorCode::DatabaseBusy) => {
                format!("another program is using {path}: wait for it to end, then try again")
            }
            Some(ErrorCode::ReadOnly) => {
                format!("{path} cannot be written: change its owner or permissions")
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                format!("{path} is damaged: remove its folder and sign in again")
            }
            _ => format!("{path}: {error}"),
        })
    }
}

/// Settings and tables; returns their version.
fn prepare(connection: &mut Connection) -> rusqlite::Result<i64> {
    connection.busy_timeout(BUSY)?;
    write_ahead(connection)?;
    // An identity that was registered at a server must outlive a power failure.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "secure_delete", true)?;
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 0 {
        transaction.execute_batch(
            "CREATE TABLE record (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
        )?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()?;
    Ok(version)
}

/// Switches a new database to its write-ahead log; the file remembers it.
///
/// Two connections that switch at once would wait for each other for ever, so SQLite refuses one of
/// them without waiting for as long as [`BUSY`] says. The other has switched when it is done.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let mut patience = BUSY;
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && !patience.is_zero() =>
            {
                thread::sleep(PAUSE);
                patience = patience.saturating_sub(PAUSE);
            }
            other => return other,
        }
    }
}

impl StateStore for SqliteStore {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.connection()
            .prepare_cached("SELECT value FROM record WHERE key = ?1")
            .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional())
            .map_err(|error| self.failed(&error))
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT key FROM record WHERE key >= ?1 AND substr(key, 1, length(?1)) = ?1 \
                   ORDER BY key";
        self.connection()
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement
                    .query_map([prefix], |row| row.get(0))?
                    .collect::<rusqlite::Result<_>>()
            })
            .map_err(|error| self.failed(&error))
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let change = |connection: &mut Connection| -> rusqlite::Result<()> {
            let transaction =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            {
                let mut delete = transaction.prepare_cached("DELETE FROM record WHERE key = ?1")?;
                for key in &batch.deletes {
                    delete.execute([key])?;
                }
                let mut put = transaction.prepare_cached(
                    "INSERT INTO record (key, value) VALUES (?1, ?2) \
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                )?;
                for (key, value) in &batch.puts {
                    put.execute(params![key, value])?;
                }
            }
            transaction.commit()
        };
        change(&mut self.connection()).map_err(|error| self.failed(&error))
    }
}
