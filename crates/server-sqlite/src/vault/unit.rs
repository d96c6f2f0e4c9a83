//! A unit of work of the vault: whatever changes codes and recoveries.

use std::sync::MutexGuard;

use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};
use wardseal_server_domain::{
    codes::{Account, CodeAttempt, CodeLedger, Event, Population, Scope, Tally},
    storage::StorageError,
    vault::{Recovery, StoredRecord, VaultUnit},
};
use wardseal_types::{FixedBytes, TenantId, Timestamp, UserId};

use crate::{
    codes::Ledger,
    schema::{failed, signed, unsigned},
};

/// A transaction over the one connection, which others wait for.
pub(super) struct Unit<'s> {
    connection: MutexGuard<'s, Connection>,
    committed: bool,
}

impl<'s> Unit<'s> {
    pub(super) fn begin(connection: MutexGuard<'s, Connection>) -> Result<Self, StorageError> {
        connection
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(failed)?;
        Ok(Self {
            connection,
            committed: false,
        })
    }

    fn codes(&self) -> Ledger<'_> {
        Ledger(&self.connection)
    }

    fn run(&self, sql: &str, params: impl Params) -> Result<usize, StorageError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map_err(failed)
    }
}

impl Drop for Unit<'_> {
    fn drop(&mut self) {
        if !self.committed {
            // If even this fails, SQLite has rolled back already.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

const RECOVERY: &str = "SELECT attempt, tenant, user, record, client_key, started, ready, ends, \
                        vetoed, collected FROM recovery";

fn read_recovery(row: &Row<'_>) -> Result<Recovery, rusqlite::Error> {
    let at = |ms: i64| Timestamp::from_millis(unsigned(ms));
    let ready: Option<i64> = row.get(6)?;
    Ok(Recovery {
        attempt: FixedBytes(row.get(0)?),
        tenant: TenantId::from_bytes(row.get(1)?),
        user: UserId::from_bytes(row.get(2)?),
        record: FixedBytes(row.get(3)?),
        client_key: row.get(4)?,
        started: at(row.get(5)?),
        ready: ready.map(at),
        ends: at(row.get(7)?),
        vetoed: row.get(8)?,
        collected: row.get(9)?,
    })
}

impl VaultUnit for Unit<'_> {
    fn record(&mut self, record: &FixedBytes<32>) -> Result<Option<StoredRecord>, StorageError> {
        super::read(&self.connection, record).map_err(failed)
    }

    fn records_of(
        &mut self,
        tenant: &TenantId,
        user: &UserId,
    ) -> Result<Vec<(FixedBytes<32>, u8)>, StorageError> {
        let ask = || {
            self.connection
                .prepare_cached(
                    "SELECT record, kind FROM record WHERE tenant = ?1 AND user = ?2
                     ORDER BY created, record",
                )?
                .query_map(params![tenant.as_bytes(), user.as_bytes()], |row| {
                    Ok((FixedBytes(row.get(0)?), row.get(1)?))
                })?
                .collect::<Result<Vec<_>, rusqlite::Error>>()
        };
        ask().map_err(failed)
    }

    fn remove_record(&mut self, record: &FixedBytes<32>) -> Result<(), StorageError> {
        self.run("DELETE FROM record WHERE record = ?1", [record.as_array()])
            .map(|_| ())
    }

    fn population(&mut self, tenant: &TenantId) -> Result<Population, StorageError> {
        let ask = || {
            let of_tenant: i64 = self
                .connection
                .prepare_cached("SELECT count(*) FROM record WHERE kind = 3 AND tenant = ?1")?
                .query_row([tenant.as_bytes()], |row| row.get(0))?;
            let all: i64 = self
                .connection
                .prepare_cached("SELECT count(*) FROM record WHERE kind = 3")?
                .query_row([], |row| row.get(0))?;
            Ok(Population {
                tenant: unsigned(of_tenant),
                all: unsigned(all),
            })
        };
        ask().map_err(failed)
    }

    fn take_token(
        &mut self,
        tenant: &TenantId,
        jti: &FixedBytes<16>,
        ends: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        self.run("DELETE FROM token WHERE ends <= ?1", [signed(now.millis())])?;
        self.run(
            "INSERT INTO token (tenant, jti, ends) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![tenant.as_bytes(), jti.as_array(), signed(ends.millis())],
        )
        .map(|inserted| inserted == 1)
    }

    fn recovery(&mut self, attempt: &FixedBytes<32>) -> Result<Option<Recovery>, StorageError> {
        self.connection
            .prepare_cached(&format!("{RECOVERY} WHERE attempt = ?1"))
            .and_then(|mut statement| {
                statement
                    .query_row([attempt.as_array()], read_recovery)
                    .optional()
            })
            .map_err(failed)
    }

    fn recoveries(
        &mut self,
        tenant: &TenantId,
        user: &UserId,
    ) -> Result<Vec<Recovery>, StorageError> {
        let ask = || {
            self.connection
                .prepare_cached(&format!(
                    "{RECOVERY} WHERE tenant = ?1 AND user = ?2 ORDER BY started, attempt"
                ))?
                .query_map(params![tenant.as_bytes(), user.as_bytes()], read_recovery)?
                .collect::<Result<Vec<_>, rusqlite::Error>>()
        };
        ask().map_err(failed)
    }

    fn put_recovery(&mut self, recovery: &Recovery) -> Result<(), StorageError> {
        self.run(
            "INSERT INTO recovery (attempt, tenant, user, record, client_key, started, ready, ends,
                                   vetoed, collected)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (attempt) DO UPDATE
             SET ready = excluded.ready, ends = excluded.ends, vetoed = excluded.vetoed,
                 collected = excluded.collected",
            params![
                recovery.attempt.as_array(),
                recovery.tenant.as_bytes(),
                recovery.user.as_bytes(),
                recovery.record.as_array(),
                recovery.client_key,
                signed(recovery.started.millis()),
                recovery.ready.map(|at| signed(at.millis())),
                signed(recovery.ends.millis()),
                recovery.vetoed,
                recovery.collected,
            ],
        )
        .map(|_| ())
    }

    fn forget_recoveries(&mut self, now: Timestamp) -> Result<(), StorageError> {
        self.run(
            "DELETE FROM recovery WHERE ends <= ?1",
            [signed(now.millis())],
        )
        .map(|_| ())
    }

    fn commit(mut self: Box<Self>) -> Result<(), StorageError> {
        self.connection.execute_batch("COMMIT").map_err(failed)?;
        self.committed = true;
        Ok(())
    }
}

/// The unit's own ledger, so that codes are counted in its transaction.
impl CodeLedger for Unit<'_> {
    fn attempt(&mut self, id: &FixedBytes<32>) -> Result<Option<CodeAttempt>, StorageError> {
        self.codes().attempt(id)
    }

    fn put_attempt(&mut self, attempt: &CodeAttempt) -> Result<(), StorageError> {
        self.codes().put_attempt(attempt)
    }

    fn remove_attempt(&mut self, id: &FixedBytes<32>) -> Result<(), StorageError> {
        self.codes().remove_attempt(id)
    }

    fn add(&mut self, event: Event, account: &Account, now: Timestamp) -> Result<(), StorageError> {
        self.codes().add(event, account, now)
    }

    fn tally(
        &mut self,
        event: Event,
        scope: &Scope,
        since: Timestamp,
    ) -> Result<Tally, StorageError> {
        self.codes().tally(event, scope, since)
    }

    fn is_locked(&mut self, account: &Account) -> Result<bool, StorageError> {
        self.codes().is_locked(account)
    }

    fn lock(&mut self, account: &Account) -> Result<(), StorageError> {
        self.codes().lock(account)
    }

    fn forget(&mut self, now: Timestamp, before: Timestamp) -> Result<(), StorageError> {
        self.codes().forget(now, before)
    }
}
