//! One-time codes and their counters, in whichever database has the tables.

use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};
use wardseal_server_domain::{
    codes::{Account, CodeAttempt, CodeLedger, Event, Scope, Tally},
    storage::StorageError,
};
use wardseal_types::{FixedBytes, TenantId, Timestamp};

use crate::schema::{failed, signed, unsigned};

/// A ledger within the transaction of a connection: `code_attempt`, `code_event` and `code_lock`.
pub(crate) struct Ledger<'c>(pub(crate) &'c Connection);

impl Ledger<'_> {
    fn run(&self, sql: &str, params: impl Params) -> Result<(), StorageError> {
        self.0
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map(|_| ())
            .map_err(failed)
    }

    fn ask<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StorageError> {
        self.0
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, read))
            .map_err(failed)
    }
}

const fn number(event: Event) -> u8 {
    match event {
        Event::Issued => 1,
        Event::Failed => 2,
    }
}

fn read_tally(row: &Row<'_>) -> Result<Tally, rusqlite::Error> {
    let first: Option<i64> = row.get(1)?;
    Ok(Tally {
        count: unsigned(row.get(0)?),
        first: first.map(|ms| Timestamp::from_millis(unsigned(ms))),
    })
}

impl CodeLedger for Ledger<'_> {
    fn attempt(&mut self, id: &FixedBytes<32>) -> Result<Option<CodeAttempt>, StorageError> {
        let read = |row: &Row<'_>| {
            Ok(CodeAttempt {
                id: *id,
                account: Account {
                    tenant: TenantId::from_bytes(row.get(0)?),
                    subject: FixedBytes(row.get(1)?),
                },
                mac: FixedBytes(row.get(2)?),
                ends: Timestamp::from_millis(unsigned(row.get(3)?)),
                tries: row.get(4)?,
            })
        };
        self.0
            .prepare_cached(
                "SELECT tenant, subject, mac, ends, tries FROM code_attempt WHERE id = ?1",
            )
            .and_then(|mut statement| statement.query_row([id.as_array()], read).optional())
            .map_err(failed)
    }

    fn put_attempt(&mut self, attempt: &CodeAttempt) -> Result<(), StorageError> {
        self.run(
            "INSERT INTO code_attempt (id, tenant, subject, mac, ends, tries)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (id) DO UPDATE
             SET tenant = excluded.tenant, subject = excluded.subject, mac = excluded.mac,
                 ends = excluded.ends, tries = excluded.tries",
            params![
                attempt.id.as_array(),
                attempt.account.tenant.as_bytes(),
                attempt.account.subject.as_array(),
                attempt.mac.as_array(),
                signed(attempt.ends.millis()),
                attempt.tries,
            ],
        )
    }

    fn remove_attempt(&mut self, id: &FixedBytes<32>) -> Result<(), StorageError> {
        self.run("DELETE FROM code_attempt WHERE id = ?1", [id.as_array()])
    }

    fn add(&mut self, event: Event, account: &Account, now: Timestamp) -> Result<(), StorageError> {
        self.run(
            "INSERT INTO code_event (event, tenant, subject, time) VALUES (?1, ?2, ?3, ?4)",
            params![
                number(event),
                account.tenant.as_bytes(),
                account.subject.as_array(),
                signed(now.millis()),
            ],
        )
    }

    fn tally(
        &mut self,
        event: Event,
        scope: &Scope,
        since: Timestamp,
    ) -> Result<Tally, StorageError> {
        let (event, since) = (number(event), signed(since.millis()));
        match scope {
            Scope::Account(account) => self.ask(
                "SELECT count(*), min(time) FROM code_event
                 WHERE event = ?1 AND tenant = ?2 AND subject = ?3 AND time > ?4",
                params![
                    event,
                    account.tenant.as_bytes(),
                    account.subject.as_array(),
                    since
                ],
                read_tally,
            ),
            Scope::Tenant(tenant) => self.ask(
                "SELECT count(*), min(time) FROM code_event
                 WHERE event = ?1 AND tenant = ?2 AND time > ?3",
                params![event, tenant.as_bytes(), since],
                read_tally,
            ),
            Scope::All => self.ask(
                "SELECT count(*), min(time) FROM code_event WHERE event = ?1 AND time > ?2",
                params![event, since],
                read_tally,
            ),
        }
    }

    fn is_locked(&mut self, account: &Account) -> Result<bool, StorageError> {
        self.ask(
            "SELECT EXISTS (SELECT 1 FROM code_lock WHERE tenant = ?1 AND subject = ?2)",
            params![account.tenant.as_bytes(), account.subject.as_array()],
            |row| row.get(0),
        )
    }

    fn lock(&mut self, account: &Account) -> Result<(), StorageError> {
        self.run(
            "INSERT INTO code_lock (tenant, subject) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![account.tenant.as_bytes(), account.subject.as_array()],
        )
    }

    fn forget(&mut self, now: Timestamp, before: Timestamp) -> Result<(), StorageError> {
        self.run(
            "DELETE FROM code_attempt WHERE ends <= ?1",
            [signed(now.millis())],
        )?;
        self.run(
            "DELETE FROM code_event WHERE event IN (1, 2) AND time <= ?1",
            [signed(before.millis())],
        )
    }
}
