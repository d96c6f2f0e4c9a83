//! The vault's database: a file of its own, because the vault is a server of its own.
//!
//! One connection behind a lock: a login costs a dictionary attacker six minutes and a person
//! seconds of Argon2id, so the vault has time for a durable write at each.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, TransactionBehavior, params};
use wardseal_server_domain::{
    limit::Limit,
    storage::StorageError,
    vault::{Insertion, StoredRecord, VaultStore},
};
use wardseal_types::{FixedBytes, TenantId, Timestamp, UserId};

/// Migrations in their order; a database has as many as its `user_version` says. Append only.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/vault/0001_records.sql")];

/// Marks the file as a vault's database (`PRAGMA application_id`): "wsvt".
const APPLICATION: i32 = 0x7773_7674;

/// Why a vault's database could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultOpenError {
    /// The file is a database of something else.
    #[error("the file is not a vault's database")]
    NotAVault,
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

/// The vault's records in SQLite.
#[derive(Debug)]
pub struct SqliteVaultStore(Mutex<Connection>);

impl SqliteVaultStore {
    /// Opens the database in the file `path`, and makes or migrates it as needed.
    ///
    /// # Errors
    /// [`VaultOpenError`].
    pub fn open(path: &Path) -> Result<Self, VaultOpenError> {
        Self::over(Connection::open(path)?)
    }

    /// A database that lives and dies with this value, for tests.
    ///
    /// # Errors
    /// [`VaultOpenError`].
    pub fn in_memory() -> Result<Self, VaultOpenError> {
        Self::over(Connection::open_in_memory()?)
    }

    fn over(mut connection: Connection) -> Result<Self, VaultOpenError> {
        connection.busy_timeout(Duration::from_secs(5))?;
        // An attempt that a power cut makes uncounted could be repeated: hence FULL.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;",
        )?;
        migrate(&mut connection)?;
        Ok(Self(Mutex::new(connection)))
    }

    /// A transaction that a panic rolls back, so the lock holds nothing half-done.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn migrate(connection: &mut Connection) -> Result<(), VaultOpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let pragma = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let found = pragma("user_version")?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && pragma("application_id")? != i64::from(APPLICATION) {
        return Err(VaultOpenError::NotAVault);
    }
    if found > known {
        return Err(VaultOpenError::Newer { found, known });
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.commit()?;
    Ok(())
}

fn failed(error: rusqlite::Error) -> StorageError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StorageError::Full,
        _ => StorageError::Other(error.to_string()),
    }
}

/// SQLite has no unsigned 64-bit integers; no instant comes near the end of the signed ones.
fn instant(milliseconds: u64) -> i64 {
    i64::try_from(milliseconds).unwrap_or(i64::MAX)
}

fn milliseconds(instant: i64) -> u64 {
    u64::try_from(instant).unwrap_or(0)
}

fn read(
    connection: &Connection,
    record: &FixedBytes<32>,
) -> Result<Option<StoredRecord>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT tenant, user, upload, sealed, created FROM record WHERE record = ?1",
        )?
        .query_row([record.as_array()], |row| {
            Ok(StoredRecord {
                record: *record,
                tenant: TenantId::from_bytes(row.get(0)?),
                user: UserId::from_bytes(row.get(1)?),
                upload: row.get(2)?,
                sealed: row.get(3)?,
                created: Timestamp::from_millis(milliseconds(row.get(4)?)),
            })
        })
        .optional()
}

impl VaultStore for SqliteVaultStore {
    fn ping(&self) -> Result<(), StorageError> {
        self.lock()
            .query_row("SELECT count(*) FROM owner", [], |_| Ok(()))
            .map_err(failed)
    }

    fn belongs_to(&self, vault_key: &[u8; 32]) -> Result<bool, StorageError> {
        let connection = self.lock();
        connection
            .execute(
                "INSERT INTO owner (id, vault_key) VALUES (1, ?1) ON CONFLICT DO NOTHING",
                [vault_key],
            )
            .map_err(failed)?;
        connection
            .query_row("SELECT vault_key = ?1 FROM owner", [vault_key], |row| {
                row.get(0)
            })
            .map_err(failed)
    }

    fn record(&self, record: &FixedBytes<32>) -> Result<Option<StoredRecord>, StorageError> {
        read(&self.lock(), record).map_err(failed)
    }

    fn insert(&self, record: &StoredRecord, most: u32) -> Result<Insertion, StorageError> {
        let mut connection = self.lock();
        let insert = |connection: &mut Connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if let Some(present) = read(&transaction, &record.record)? {
                return Ok(if present.same_content(record) {
                    Insertion::Repeated
                } else {
                    Insertion::Conflict
                });
            }
            let (tenant, user) = (record.tenant.as_bytes(), record.user.as_bytes());
            let present: u32 = transaction.query_row(
                "SELECT count(*) FROM record WHERE tenant = ?1 AND user = ?2",
                [tenant, user],
                |row| row.get(0),
            )?;
            if present >= most {
                return Ok(Insertion::TooMany);
            }
            transaction.execute(
                "INSERT INTO record (record, tenant, user, upload, sealed, created)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    record.record.as_array(),
                    tenant,
                    user,
                    record.upload,
                    record.sealed,
                    instant(record.created.millis()),
                ],
            )?;
            transaction.commit()?;
            Ok(Insertion::Stored)
        };
        insert(&mut connection).map_err(failed)
    }

    fn count_attempt(
        &self,
        record: &FixedBytes<32>,
        limit: Limit,
        now: Timestamp,
    ) -> Result<Result<(), u64>, StorageError> {
        let mut connection = self.lock();
        let count = |connection: &mut Connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let busy_until: Option<i64> = transaction
                .prepare_cached("SELECT busy_until FROM attempt WHERE record = ?1")?
                .query_row([record.as_array()], |row| row.get(0))
                .optional()?;
            let taken = limit.take(milliseconds(busy_until.unwrap_or(0)), now.millis());
            if let Ok(next) = taken {
                transaction
                    .prepare_cached("DELETE FROM attempt WHERE busy_until <= ?1")?
                    .execute([instant(now.millis())])?;
                transaction
                    .prepare_cached(
                        "INSERT INTO attempt (record, busy_until) VALUES (?1, ?2)
                         ON CONFLICT (record) DO UPDATE SET busy_until = excluded.busy_until",
                    )?
                    .execute(params![record.as_array(), instant(next)])?;
            }
            transaction.commit()?;
            Ok(taken.map(|_| ()))
        };
        count(&mut connection).map_err(failed)
    }

    fn forgive_attempt(
        &self,
        record: &FixedBytes<32>,
        limit: Limit,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let connection = self.lock();
        let forgive = || {
            let busy_until: Option<i64> = connection
                .prepare_cached("SELECT busy_until FROM attempt WHERE record = ?1")?
                .query_row([record.as_array()], |row| row.get(0))
                .optional()?;
            let Some(busy_until) = busy_until else {
                return Ok(());
            };
            let before = limit.give_back(milliseconds(busy_until));
            if before <= now.millis() {
                connection
                    .prepare_cached("DELETE FROM attempt WHERE record = ?1")?
                    .execute([record.as_array()])?;
            } else {
                connection
                    .prepare_cached("UPDATE attempt SET busy_until = ?2 WHERE record = ?1")?
                    .execute(params![record.as_array(), instant(before)])?;
            }
            Ok(())
        };
        forgive().map_err(failed)
    }
}
