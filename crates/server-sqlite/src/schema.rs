//! Opening and migrating databases.

use std::time::Duration;

use rusqlite::{Connection, ErrorCode, TransactionBehavior, ffi};
use wardseal_server_domain::storage::StorageError;

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file is a database of something else.
    #[error("the file is a database of something else")]
    Foreign,
    /// A newer version of the software has written it.
    #[error(
        "the database has schema {found}, and this version knows {known}: use the newer version"
    )]
    Newer {
        /// Version of the database.
        found: i64,
        /// Newest version that is known here.
        known: i64,
    },
    /// SQLite cannot open, read or write it.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// What one kind of database looks like.
pub(crate) struct Schema {
    /// Marks the file (`PRAGMA application_id`).
    pub(crate) application: i32,
    /// In their order; a database has as many as its `user_version` says. Append only.
    pub(crate) migrations: &'static [&'static str],
}

/// How long a connection waits for another one.
pub(crate) const BUSY_TIME: Duration = Duration::from_secs(5);

/// Sets a connection up: write-ahead log, a flush to the disk before a commit returns, and zeros
/// where something was deleted.
pub(crate) fn configure(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(BUSY_TIME)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;
         PRAGMA secure_delete = ON;",
    )
}

impl Schema {
    /// Makes or migrates a database, all or nothing.
    pub(crate) fn apply(&self, connection: &mut Connection) -> Result<(), OpenError> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let pragma = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let found = pragma("user_version")?;
        let known = i64::try_from(self.migrations.len()).unwrap_or(i64::MAX);
        let tables: i64 =
            transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables > 0 && pragma("application_id")? != i64::from(self.application) {
            return Err(OpenError::Foreign);
        }
        if found > known {
            return Err(OpenError::Newer { found, known });
        }
        if found < known {
            let done = usize::try_from(found).unwrap_or(0);
            for migration in self.migrations.iter().skip(done) {
                transaction.execute_batch(migration)?;
            }
            transaction.pragma_update(None, "user_version", known)?;
            transaction.pragma_update(None, "application_id", self.application)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// What the migrations make together, as SQL.
    pub(crate) fn text(&self) -> Result<String, OpenError> {
        let mut connection = Connection::open_in_memory()?;
        self.apply(&mut connection)?;
        let mut statements = connection.prepare(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY tbl_name, type DESC, name",
        )?;
        let mut text = String::from("-- Made of the migrations beside it. Do not edit.\n");
        for sql in statements.query_map([], |row| row.get::<_, String>(0))? {
            text.push('\n');
            text.push_str(&sql?);
            text.push_str(";\n");
        }
        Ok(text)
    }
}

/// What a failure means for whoever asked. A disk that refuses to write, for want of room or of
/// quota, is full; every other failure is for the operator.
pub(crate) fn failed(error: rusqlite::Error) -> StorageError {
    const REFUSED: [i32; 4] = [
        ffi::SQLITE_IOERR_WRITE,
        ffi::SQLITE_IOERR_FSYNC,
        ffi::SQLITE_IOERR_TRUNCATE,
        ffi::SQLITE_IOERR_SHMSIZE,
    ];
    match error.sqlite_error() {
        Some(found)
            if found.code == ErrorCode::DiskFull || REFUSED.contains(&found.extended_code) =>
        {
            StorageError::Full
        }
        _ => StorageError::Other(error.to_string()),
    }
}

/// SQLite has no unsigned 64-bit integers; nothing that we count comes near the end of the signed
/// ones, and what claims to is more than there is.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
