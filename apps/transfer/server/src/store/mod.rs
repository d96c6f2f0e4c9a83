//! The database: one writer, several readers, every commit on the disk before it is answered.

pub(crate) mod blobs;
pub(crate) mod cases;
pub(crate) mod escrow;
pub(crate) mod facilities;
pub(crate) mod feed;
pub(crate) mod letters;
pub(crate) mod people;
pub(crate) mod recovery;
pub(crate) mod requests;

use std::{
    fmt,
    path::Path,
    str::FromStr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rusqlite::{Connection, Row, Transaction, TransactionBehavior, types::Type};
use wardseal_types::Timestamp;

pub(crate) use blobs::Blob;
pub(crate) use cases::CaseRow;
pub use facilities::Notified;
pub(crate) use feed::{Change, Kind, Letter, Notice};
pub(crate) use people::SessionRow;
pub(crate) use requests::{Happened, RequestRow};

use crate::failure::{Code, Failure};

/// Marks the file (`PRAGMA application_id`): "wstr".
const APPLICATION: i64 = 0x7773_7472;

/// In their order; a database has as many as its `user_version` says. Append only.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_transfer.sql"),
    include_str!("../../migrations/0002_recovery_escrow.sql"),
    include_str!("../../migrations/0003_escrow_shares.sql"),
];

/// Connections that read beside the one that writes.
const READERS: usize = 4;

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
        found: usize,
        /// Newest version that is known here.
        known: usize,
    },
    /// SQLite cannot open, read or write it.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// The database of a transfer server.
pub struct Store {
    writer: Mutex<Connection>,
    readers: Vec<Mutex<Connection>>,
    next: AtomicUsize,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database in a file, and makes or migrates it as needed.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connect = || -> Result<Connection, rusqlite::Error> {
            let connection = Connection::open(path)?;
            connection.busy_timeout(Duration::from_secs(5))?;
            connection.set_prepared_statement_cache_capacity(128);
            connection.execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                 PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON;",
            )?;
            Ok(connection)
        };
        let mut writer = connect()?;
        migrate(&mut writer)?;
        let readers = (0..READERS)
            .map(|_| connect().map(Mutex::new))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            writer: Mutex::new(writer),
            readers,
            next: AtomicUsize::new(0),
        })
    }

    /// Does something with a view of the database that does not change meanwhile. It blocks.
    ///
    /// # Errors
    /// Those of `work`, and of SQLite.
    pub fn read<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.readers.len().max(1);
        let reader = self.readers.get(turn).unwrap_or(&self.writer);
        let mut connection = reader.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction()?;
        work(&transaction)
    }

    /// Does something in one transaction: all of it is on the disk afterwards, or nothing. It blocks.
    ///
    /// # Errors
    /// Those of `work`, and of SQLite; nothing is changed then.
    pub fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        // A panic rolls its transaction back, so the lock holds nothing half-done.
        let mut connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Empties the write-ahead log, so that what was deleted is nowhere any more. Where somebody
    /// reads just now it happens later.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn empty_log(&self) -> Result<(), Failure> {
        let connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// Lets the database grow to so many pages and no further, or to its present size when that is
    /// more: for operators with a quota.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn limit_pages(&self, pages: u32) -> Result<(), Failure> {
        let connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        connection.pragma_update_and_check(None, "max_page_count", pages.max(1), |_| Ok(()))?;
        Ok(())
    }
}

fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let pragma = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let found = usize::try_from(pragma("user_version")?).unwrap_or(usize::MAX);
    let known = MIGRATIONS.len();
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && pragma("application_id")? != APPLICATION {
        return Err(OpenError::Foreign);
    }
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    for migration in MIGRATIONS.iter().skip(found) {
        transaction.execute_batch(migration)?;
    }
    if found < known {
        transaction.pragma_update(
            None,
            "user_version",
            i64::try_from(known).unwrap_or(i64::MAX),
        )?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
    }
    transaction.commit()?;
    Ok(())
}

/// SQLite has no unsigned 64-bit integers; nothing that we count comes near the end of the signed
/// ones.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

pub(crate) fn millis(time: Timestamp) -> i64 {
    signed(time.millis())
}

/// A column that holds the text of something.
fn parsed<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    row: &Row<'_>,
    column: &str,
) -> Result<T, rusqlite::Error> {
    let text: String = row.get(column)?;
    text.parse()
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
}

fn parsed_option<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    row: &Row<'_>,
    column: &str,
) -> Result<Option<T>, rusqlite::Error> {
    match row.get::<_, Option<String>>(column)? {
        Some(_) => parsed(row, column).map(Some),
        None => Ok(None),
    }
}

fn time(row: &Row<'_>, column: &str) -> Result<Timestamp, rusqlite::Error> {
    Ok(Timestamp::from_millis(unsigned(row.get(column)?)))
}

fn time_option(row: &Row<'_>, column: &str) -> Result<Option<Timestamp>, rusqlite::Error> {
    let millis: Option<i64> = row.get(column)?;
    Ok(millis.map(|millis| Timestamp::from_millis(unsigned(millis))))
}

/// Whether a change was made already: its hash stands for who asked for what.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn is_done(tx: &Transaction<'_>, hash: &[u8; 32]) -> Result<bool, Failure> {
    Ok(tx
        .prepare_cached("SELECT count(*) FROM done WHERE hash = ?1")?
        .query_row([hash], |row| row.get::<_, i64>(0))?
        > 0)
}

/// Remembers that a change was made.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn set_done(
    tx: &Transaction<'_>,
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<(), Failure> {
    tx.prepare_cached("INSERT INTO done (hash, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(rusqlite::params![hash, millis(now)])?;
    Ok(())
}

/// Refuses unless the record has the version that the caller has seen.
pub(crate) fn same_version(found: u64, seen: u64) -> Result<(), Failure> {
    if found == seen {
        Ok(())
    } else {
        Err(Code::Stale.into())
    }
}

#[cfg(test)]
mod tests {
    use wardseal_blobs::{BlobName, Counted, Index, Part, conformance};
    use wardseal_types::{GroupId, Timestamp};

    use super::*;

    #[test]
    fn only_our_own_databases_of_a_known_version_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("transfer.db");
        drop(Store::open(&path).unwrap());
        drop(Store::open(&path).unwrap());
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(
            Store::open(&path),
            Err(OpenError::Newer {
                found: 99,
                known: 3
            })
        ));
        let other = folder.path().join("other.db");
        let connection = Connection::open(&other).unwrap();
        connection.execute_batch("CREATE TABLE x (y)").unwrap();
        assert!(matches!(Store::open(&other), Err(OpenError::Foreign)));
    }

    /// The rows of blobs, without the server around them.
    struct Rows(Store);

    impl Index for Rows {
        type Error = Failure;

        async fn append(&self, blob: &BlobName, part: &Part) -> Result<Counted, Failure> {
            let id = blob.to_string().parse().unwrap();
            self.0.write(|tx| blobs::append(tx, id, part))
        }

        async fn parts(&self, blob: &BlobName) -> Result<Vec<Part>, Failure> {
            let id = blob.to_string().parse().unwrap();
            self.0.read(|tx| blobs::parts(tx, id))
        }
    }

    #[tokio::test]
    async fn the_rows_of_blobs_are_an_index_of_parts() {
        let folder = tempfile::tempdir().unwrap();
        let rows = Rows(Store::open(&folder.path().join("transfer.db")).unwrap());
        let names = ["A", "B", "C"].map(|end| format!("01ARZ3NDEKTSV4RRFFQ69G5FA{end}"));
        for name in &names[..2] {
            let blob = Blob {
                id: name.parse().unwrap(),
                facility: GroupId::from_bytes([1; 32]),
                size: 100,
                received: 0,
                hash: None,
                created: Timestamp::from_millis(1),
            };
            rows.0.write(|tx| blobs::insert(tx, &blob)).unwrap();
        }
        let [one, other, missing] = names.map(|name| name.parse().unwrap());
        conformance::index(&rows, &one, &other, &missing)
            .await
            .unwrap();
        // A name that no part was ever given is a damaged database.
        let change = |tx: &Transaction<'_>| Ok(tx.execute("UPDATE part SET name = '../x'", [])?);
        rows.0.write(change).unwrap();
        assert!(rows.parts(&one).await.is_err());
    }

    #[test]
    fn a_write_that_fails_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("transfer.db")).unwrap();
        let now = Timestamp::from_seconds(1);
        let failed = store.write(|tx| {
            set_done(tx, &[1; 32], now)?;
            Err::<(), _>(Code::Stale.into())
        });
        assert_eq!(failed.unwrap_err().code, Code::Stale);
        assert!(!store.read(|tx| is_done(tx, &[1; 32])).unwrap());
    }
}
