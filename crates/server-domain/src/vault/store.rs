//! What the vault keeps, and what it asks of whatever keeps it.

use wardseal_types::{FixedBytes, TenantId, Timestamp, UserId};

use crate::{limit::Limit, storage::StorageError};

/// One record: what a password opens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredRecord {
    /// Its name, drawn at random by the client.
    pub record: FixedBytes<32>,
    /// The tenant of the user.
    pub tenant: TenantId,
    /// Whose it is.
    pub user: UserId,
    /// OPAQUE registration upload, as [`wardseal_password::opaque::Record`] writes it.
    pub upload: Vec<u8>,
    /// The private keys, sealed under what only the password gives.
    pub sealed: Vec<u8>,
    /// When it was stored.
    pub created: Timestamp,
}

impl StoredRecord {
    /// Whether both say the same; when each was stored does not count.
    #[must_use]
    pub fn same_content(&self, other: &Self) -> bool {
        self.record == other.record
            && self.tenant == other.tenant
            && self.user == other.user
            && self.upload == other.upload
            && self.sealed == other.sealed
    }
}

/// What became of a record that was to be stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Insertion {
    /// It is stored, durably.
    Stored,
    /// It was stored before, with the same content.
    Repeated,
    /// The name is taken by another content, which stays.
    Conflict,
    /// The user has as many records as one user may have.
    TooMany,
}

/// Where records and attempts are kept. Every method is one transaction, durable when it returns.
pub trait VaultStore: Send + Sync {
    /// Whether the store answers.
    ///
    /// # Errors
    /// [`StorageError`].
    fn ping(&self) -> Result<(), StorageError>;

    /// Whether the store belongs to the vault with this OPAQUE public key. The first vault that asks
    /// becomes its owner.
    ///
    /// # Errors
    /// [`StorageError`].
    fn belongs_to(&self, vault_key: &[u8; 32]) -> Result<bool, StorageError>;

    /// The record of this name.
    ///
    /// # Errors
    /// [`StorageError`].
    fn record(&self, record: &FixedBytes<32>) -> Result<Option<StoredRecord>, StorageError>;

    /// Stores a record unless its name is taken or its user has `most` already.
    ///
    /// # Errors
    /// [`StorageError`].
    fn insert(&self, record: &StoredRecord, most: u32) -> Result<Insertion, StorageError>;

    /// Counts an attempt at `record`, which need not exist. `Ok(Err(ms))` when `limit` allows none
    /// for so many milliseconds; nothing is counted then. Forgets attempts that time has caught up
    /// with.
    ///
    /// # Errors
    /// [`StorageError`].
    fn count_attempt(
        &self,
        record: &FixedBytes<32>,
        limit: Limit,
        now: Timestamp,
    ) -> Result<Result<(), u64>, StorageError>;

    /// Takes back one counted attempt at `record`.
    ///
    /// # Errors
    /// [`StorageError`].
    fn forgive_attempt(
        &self,
        record: &FixedBytes<32>,
        limit: Limit,
        now: Timestamp,
    ) -> Result<(), StorageError>;
}
