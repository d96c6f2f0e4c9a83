//! The vault's database: a file of its own, because the vault is a server of its own.
//!
//! One connection behind a lock: a login costs a dictionary attacker six minutes and a person
//! seconds of Argon2id, so the vault has time for a durable write at each.

mod unit;

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use wardseal_server_domain::{
    limit::Limit,
    storage::StorageError,
    vault::{Insertion, StoredRecord, VaultStore, VaultUnit},
};
use wardseal_types::{FixedBytes, TenantId, Timestamp, UserId};

use crate::schema::{self, OpenError, Schema, failed, signed, unsigned};

const SCHEMA: Schema = Schema {
    // "wsvt"
    application: 0x7773_7674,
    migrations: &[
        include_str!("../migrations/vault/0001_records.sql"),
        include_str!("../migrations/vault/0002_recovery.sql"),
    ],
};

/// What the migrations of a vault's database make together, as SQL.
///
/// # Errors
/// [`OpenError`] when they do not fit together.
pub fn vault_schema() -> Result<String, OpenError> {
    SCHEMA.text()
}

/// The vault's records in SQLite.
#[derive(Debug)]
pub struct SqliteVaultStore(Mutex<Connection>);

impl SqliteVaultStore {
    /// Opens the database in the file `path`, and makes or migrates it as needed.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::over(Connection::open(path)?)
    }

    /// A database that lives and dies with this value, for tests.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn in_memory() -> Result<Self, OpenError> {
        Self::over(Connection::open_in_memory()?)
    }

    fn over(mut connection: Connection) -> Result<Self, OpenError> {
        // A durable write at each attempt: one that a power cut makes uncounted could be repeated.
        schema::configure(&connection)?;
        SCHEMA.apply(&mut connection)?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Lets the database grow to so many pages and no further, or to its present size when that is
    /// more: for operators with a quota.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn limit_pages(&self, pages: u32) -> Result<(), StorageError> {
        self.lock()
            .pragma_update_and_check(None, "max_page_count", pages.max(1), |_| Ok(()))
            .map_err(failed)
    }

    /// A panic rolls its transaction back, so the lock holds nothing half-done.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(
    connection: &Connection,
    record: &FixedBytes<32>,
) -> Result<Option<StoredRecord>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT tenant, user, access, sealed, created FROM record WHERE record = ?1",
        )?
        .query_row([record.as_array()], |row| {
            Ok(StoredRecord {
                record: *record,
                tenant: TenantId::from_bytes(row.get(0)?),
                user: UserId::from_bytes(row.get(1)?),
                access: row.get(2)?,
                sealed: row.get(3)?,
                created: Timestamp::from_millis(unsigned(row.get(4)?)),
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
                "INSERT INTO record (record, tenant, user, kind, access, sealed, created)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    record.record.as_array(),
                    tenant,
                    user,
                    record.kind(),
                    record.access,
                    record.sealed,
                    signed(record.created.millis()),
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
            let taken = limit.take(unsigned(busy_until.unwrap_or(0)), now.millis());
            if let Ok(next) = taken {
                transaction
                    .prepare_cached("DELETE FROM attempt WHERE busy_until <= ?1")?
                    .execute([signed(now.millis())])?;
                transaction
                    .prepare_cached(
                        "INSERT INTO attempt (record, busy_until) VALUES (?1, ?2)
                         ON CONFLICT (record) DO UPDATE SET busy_until = excluded.busy_until",
                    )?
                    .execute(params![record.as_array(), signed(next)])?;
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
            let before = limit.give_back(unsigned(busy_until));
            if before <= now.millis() {
                connection
                    .prepare_cached("DELETE FROM attempt WHERE record = ?1")?
                    .execute([record.as_array()])?;
            } else {
                connection
                    .prepare_cached("UPDATE attempt SET busy_until = ?2 WHERE record = ?1")?
                    .execute(params![record.as_array(), signed(before)])?;
            }
            Ok(())
        };
        forgive().map_err(failed)
    }

    fn begin(&self) -> Result<Box<dyn VaultUnit + '_>, StorageError> {
        Ok(Box::new(unit::Unit::begin(self.lock())?))
    }

    fn tenant_chain(&self, tenant: &TenantId) -> Result<Vec<Vec<u8>>, StorageError> {
        let connection = self.lock();
        let ask = || {
            connection
                .prepare_cached(
                    "SELECT bytes FROM tenant_statement WHERE tenant = ?1 ORDER BY seq",
                )?
                .query_map([tenant.as_bytes()], |row| row.get(0))?
                .collect::<Result<Vec<_>, rusqlite::Error>>()
        };
        ask().map_err(failed)
    }

    fn extend_tenant_chain(
        &self,
        tenant: &TenantId,
        from: usize,
        statements: &[Vec<u8>],
    ) -> Result<(), StorageError> {
        let mut connection = self.lock();
        let insert = |connection: &mut Connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (seq, bytes) in (from..).zip(statements) {
                transaction
                    .prepare_cached(
                        "INSERT INTO tenant_statement (tenant, seq, bytes) VALUES (?1, ?2, ?3)
                         ON CONFLICT DO NOTHING",
                    )?
                    .execute(params![
                        tenant.as_bytes(),
                        i64::try_from(seq).unwrap_or(i64::MAX),
                        bytes
                    ])?;
            }
            transaction.commit()
        };
        insert(&mut connection).map_err(failed)
    }
}
