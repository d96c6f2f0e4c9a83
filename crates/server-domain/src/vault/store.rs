//! What the vault keeps, and what it asks of whatever keeps it.

use wardseal_types::{FixedBytes, TenantId, Timestamp, UserId};

use crate::{
    codes::{CodeLedger, Population},
    limit::Limit,
    storage::StorageError,
};

/// One record: what one way back in opens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredRecord {
    /// Its name, drawn at random by the client.
    pub record: FixedBytes<32>,
    /// The tenant of the user.
    pub tenant: TenantId,
    /// Whose it is.
    pub user: UserId,
    /// To whom it is handed out, as [`wardseal_protocol::vault::Access`] is written.
    pub access: Vec<u8>,
    /// The private keys, sealed under what the vault does not have.
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
            && self.access == other.access
            && self.sealed == other.sealed
    }
}

impl StoredRecord {
    /// The number of the kind of its access, as it stands in the encoding.
    #[must_use]
    pub fn kind(&self) -> u8 {
        self.access.get(1).copied().unwrap_or_default()
    }
}

/// Somebody wants the vault's share of a record. It exists whether the record does or not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recovery {
    /// Names it; only the client that began it and, after the right code, the user's devices know it.
    pub attempt: FixedBytes<32>,
    /// The tenant.
    pub tenant: TenantId,
    /// Whose record it would be.
    pub user: UserId,
    /// Which record.
    pub record: FixedBytes<32>,
    /// The key to which the share is released.
    pub client_key: Vec<u8>,
    /// When it began.
    pub started: Timestamp,
    /// When the share is released: known when the code was right.
    pub ready: Option<Timestamp>,
    /// When it is forgotten.
    pub ends: Timestamp,
    /// Whether a device of the user stopped it.
    pub vetoed: bool,
    /// Whether the share was handed out.
    pub collected: bool,
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

    /// Begins a unit of work; waits while there is another. Dropped without
    /// [`commit`](VaultUnit::commit), it never happened.
    ///
    /// # Errors
    /// [`StorageError`].
    fn begin(&self) -> Result<Box<dyn VaultUnit + '_>, StorageError>;

    /// The statements of a tenant's chain that are kept, from the first.
    ///
    /// # Errors
    /// [`StorageError`].
    fn tenant_chain(&self, tenant: &TenantId) -> Result<Vec<Vec<u8>>, StorageError>;

    /// Keeps more statements of a tenant's chain, of which the first is number `from`. Those that
    /// are there already stay.
    ///
    /// # Errors
    /// [`StorageError`].
    fn extend_tenant_chain(
        &self,
        tenant: &TenantId,
        from: usize,
        statements: &[Vec<u8>],
    ) -> Result<(), StorageError>;
}

/// Changes of codes and recoveries, all or nothing. Methods fail with [`StorageError`] only.
pub trait VaultUnit: CodeLedger {
    /// The record of this name.
    fn record(&mut self, record: &FixedBytes<32>) -> Result<Option<StoredRecord>, StorageError>;

    /// Names and kinds of a user's records, the oldest first.
    fn records_of(
        &mut self,
        tenant: &TenantId,
        user: &UserId,
    ) -> Result<Vec<(FixedBytes<32>, u8)>, StorageError>;

    /// Deletes a record.
    fn remove_record(&mut self, record: &FixedBytes<32>) -> Result<(), StorageError>;

    /// How many records there are that two servers hold.
    fn population(&mut self, tenant: &TenantId) -> Result<Population, StorageError>;

    /// Whether the token of this tenant is shown for the first time. It is remembered until `ends`;
    /// those that ended at `now` are forgotten.
    fn take_token(
        &mut self,
        tenant: &TenantId,
        jti: &FixedBytes<16>,
        ends: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StorageError>;

    /// The recovery of this name.
    fn recovery(&mut self, attempt: &FixedBytes<32>) -> Result<Option<Recovery>, StorageError>;

    /// A user's recoveries, the oldest first.
    fn recoveries(
        &mut self,
        tenant: &TenantId,
        user: &UserId,
    ) -> Result<Vec<Recovery>, StorageError>;

    /// Keeps a recovery. Of one that is there, `ready`, `ends`, `vetoed` and `collected` change.
    fn put_recovery(&mut self, recovery: &Recovery) -> Result<(), StorageError>;

    /// Forgets recoveries that ended at `now` or before.
    fn forget_recoveries(&mut self, now: Timestamp) -> Result<(), StorageError>;

    /// Makes all of it durable.
    fn commit(self: Box<Self>) -> Result<(), StorageError>;
}
