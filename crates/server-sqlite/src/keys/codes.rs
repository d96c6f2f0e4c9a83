//! One-time codes of the key server.

use wardseal_server_domain::{
    codes::{Account, CodeAttempt, CodeLedger, Event, Scope, Tally},
    storage::StorageError,
};
use wardseal_types::{FixedBytes, Timestamp};

use super::Session;
use crate::codes::Ledger;

impl CodeLedger for Session<'_> {
    fn attempt(&mut self, id: &FixedBytes<32>) -> Result<Option<CodeAttempt>, StorageError> {
        Ledger(&self.0).attempt(id)
    }

    fn put_attempt(&mut self, attempt: &CodeAttempt) -> Result<(), StorageError> {
        Ledger(&self.0).put_attempt(attempt)
    }

    fn remove_attempt(&mut self, id: &FixedBytes<32>) -> Result<(), StorageError> {
        Ledger(&self.0).remove_attempt(id)
    }

    fn add(&mut self, event: Event, account: &Account, now: Timestamp) -> Result<(), StorageError> {
        Ledger(&self.0).add(event, account, now)
    }

    fn tally(
        &mut self,
        event: Event,
        scope: &Scope,
        since: Timestamp,
    ) -> Result<Tally, StorageError> {
        Ledger(&self.0).tally(event, scope, since)
    }

    fn is_locked(&mut self, account: &Account) -> Result<bool, StorageError> {
        Ledger(&self.0).is_locked(account)
    }

    fn lock(&mut self, account: &Account) -> Result<(), StorageError> {
        Ledger(&self.0).lock(account)
    }

    fn forget(&mut self, now: Timestamp, before: Timestamp) -> Result<(), StorageError> {
        Ledger(&self.0).forget(now, before)
    }
}
