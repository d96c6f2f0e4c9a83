//! One-time codes and their counters.

use std::sync::Arc;

use wardseal_server_domain::{
    codes::{Account, CodeAttempt, CodeLedger, Event, Scope, Tally},
    storage::StorageError,
};
use wardseal_types::{FixedBytes, TenantId, Timestamp};

use crate::tables::Table;

/// A ledger, part of the tables of either server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    attempts: Table<FixedBytes<32>, CodeAttempt>,
    events: Arc<Vec<(Event, Account, Timestamp)>>,
    locked: Table<(TenantId, FixedBytes<32>), ()>,
}

impl CodeLedger for Ledger {
    fn attempt(&mut self, id: &FixedBytes<32>) -> Result<Option<CodeAttempt>, StorageError> {
        Ok(self.attempts.get(id).cloned())
    }

    fn put_attempt(&mut self, attempt: &CodeAttempt) -> Result<(), StorageError> {
        self.attempts.rows().insert(attempt.id, attempt.clone());
        Ok(())
    }

    fn remove_attempt(&mut self, id: &FixedBytes<32>) -> Result<(), StorageError> {
        self.attempts.rows().remove(id);
        Ok(())
    }

    fn add(&mut self, event: Event, account: &Account, now: Timestamp) -> Result<(), StorageError> {
        Arc::make_mut(&mut self.events).push((event, *account, now));
        Ok(())
    }

    fn tally(
        &mut self,
        event: Event,
        scope: &Scope,
        since: Timestamp,
    ) -> Result<Tally, StorageError> {
        let mut tally = Tally::default();
        for (found, account, time) in self.events.iter() {
            let within = match scope {
                Scope::Account(one) => account == one,
                Scope::Tenant(tenant) => account.tenant == *tenant,
                Scope::All => true,
            };
            if within && *found == event && *time > since {
                tally.count = tally.count.saturating_add(1);
                tally.first = Some(tally.first.map_or(*time, |first| first.min(*time)));
            }
        }
        Ok(tally)
    }

    fn is_locked(&mut self, account: &Account) -> Result<bool, StorageError> {
        Ok(self.locked.contains_key(&(account.tenant, account.subject)))
    }

    fn lock(&mut self, account: &Account) -> Result<(), StorageError> {
        self.locked.add((account.tenant, account.subject), ());
        Ok(())
    }

    fn forget(&mut self, now: Timestamp, before: Timestamp) -> Result<(), StorageError> {
        self.attempts.keep(|_, attempt| attempt.ends > now);
        if self.events.iter().any(|(.., time)| *time <= before) {
            Arc::make_mut(&mut self.events).retain(|(.., time)| *time > before);
        }
        Ok(())
    }
}

/// Lets a unit of work be the ledger that it has in its tables, so that both are committed together.
macro_rules! has_ledger {
    ($unit:ty) => {
        impl CodeLedger for $unit {
            fn attempt(
                &mut self,
                id: &FixedBytes<32>,
            ) -> Result<Option<CodeAttempt>, StorageError> {
                self.tables.codes.attempt(id)
            }

            fn put_attempt(&mut self, attempt: &CodeAttempt) -> Result<(), StorageError> {
                self.tables.codes.put_attempt(attempt)
            }

            fn remove_attempt(&mut self, id: &FixedBytes<32>) -> Result<(), StorageError> {
                self.tables.codes.remove_attempt(id)
            }

            fn add(
                &mut self,
                event: Event,
                account: &Account,
                now: Timestamp,
            ) -> Result<(), StorageError> {
                self.tables.codes.add(event, account, now)
            }

            fn tally(
                &mut self,
                event: Event,
                scope: &Scope,
                since: Timestamp,
            ) -> Result<Tally, StorageError> {
                self.tables.codes.tally(event, scope, since)
            }

            fn is_locked(&mut self, account: &Account) -> Result<bool, StorageError> {
                self.tables.codes.is_locked(account)
            }

            fn lock(&mut self, account: &Account) -> Result<(), StorageError> {
                self.tables.codes.lock(account)
            }

            fn forget(&mut self, now: Timestamp, before: Timestamp) -> Result<(), StorageError> {
                self.tables.codes.forget(now, before)
            }
        }
    };
}

has_ledger!(crate::keys::Session<'_>);
has_ledger!(crate::vault::Unit<'_>);
