//! The vault's store.

use wardseal_server_domain::{
    codes::Population,
    limit::Limit,
    storage::StorageError,
    vault::{Insertion, Recovery, StoredRecord, VaultStore, VaultUnit},
};
use wardseal_types::{FixedBytes, TenantId, Timestamp, UserId};

use crate::{
    codes::Ledger,
    tables::{Table, Turn, Versions},
};

/// The kind of records that two servers hold.
const OF_TWO: u8 = 3;

/// The vault's store in memory.
#[derive(Debug, Default)]
pub struct MemoryVaultStore(Versions<Tables>);

impl MemoryVaultStore {
    /// An empty store, which belongs to nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    owner: Option<[u8; 32]>,
    records: Table<FixedBytes<32>, StoredRecord>,
    /// Until when records are busy, in milliseconds.
    attempts: Table<FixedBytes<32>, u64>,
    tokens: Table<(TenantId, FixedBytes<16>), Timestamp>,
    recoveries: Table<FixedBytes<32>, Recovery>,
    chains: Table<(TenantId, usize), Vec<u8>>,
    pub(crate) codes: Ledger,
}

impl VaultStore for MemoryVaultStore {
    fn ping(&self) -> Result<(), StorageError> {
        Ok(())
    }

    fn belongs_to(&self, vault_key: &[u8; 32]) -> Result<bool, StorageError> {
        let owner = self
            .0
            .change(|tables| *tables.owner.get_or_insert(*vault_key));
        Ok(owner == *vault_key)
    }

    fn record(&self, record: &FixedBytes<32>) -> Result<Option<StoredRecord>, StorageError> {
        Ok(self.0.newest().records.get(record).cloned())
    }

    fn insert(&self, record: &StoredRecord, most: u32) -> Result<Insertion, StorageError> {
        Ok(self.0.change(|tables| {
            if let Some(present) = tables.records.get(&record.record) {
                return if present.same_content(record) {
                    Insertion::Repeated
                } else {
                    Insertion::Conflict
                };
            }
            let of_user = tables
                .records
                .values()
                .filter(|other| other.tenant == record.tenant && other.user == record.user);
            if of_user.count() >= usize::try_from(most).unwrap_or(usize::MAX) {
                return Insertion::TooMany;
            }
            tables.records.add(record.record, record.clone());
            Insertion::Stored
        }))
    }

    fn count_attempt(
        &self,
        record: &FixedBytes<32>,
        limit: Limit,
        now: Timestamp,
    ) -> Result<Result<(), u64>, StorageError> {
        Ok(self.0.change(|tables| {
            let busy_until = tables.attempts.get(record).copied().unwrap_or_default();
            let next = limit.take(busy_until, now.millis())?;
            tables.attempts.keep(|_, until| *until > now.millis());
            tables.attempts.rows().insert(*record, next);
            Ok(())
        }))
    }

    fn forgive_attempt(
        &self,
        record: &FixedBytes<32>,
        limit: Limit,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.0.change(|tables| {
            let Some(busy_until) = tables.attempts.get(record).copied() else {
                return;
            };
            let before = limit.give_back(busy_until);
            if before <= now.millis() {
                tables.attempts.rows().remove(record);
            } else {
                tables.attempts.rows().insert(*record, before);
            }
        });
        Ok(())
    }

    fn begin(&self) -> Result<Box<dyn VaultUnit + '_>, StorageError> {
        let turn = self.0.turn();
        Ok(Box::new(Unit {
            tables: self.0.newest(),
            turn,
        }))
    }

    fn tenant_chain(&self, tenant: &TenantId) -> Result<Vec<Vec<u8>>, StorageError> {
        let tables = self.0.newest();
        let rows = tables.chains.range((*tenant, 0)..=(*tenant, usize::MAX));
        Ok(rows.map(|(_, bytes)| bytes.clone()).collect())
    }

    fn extend_tenant_chain(
        &self,
        tenant: &TenantId,
        from: usize,
        statements: &[Vec<u8>],
    ) -> Result<(), StorageError> {
        self.0.change(|tables| {
            for (seq, bytes) in (from..).zip(statements) {
                tables.chains.add((*tenant, seq), bytes.clone());
            }
        });
        Ok(())
    }
}

/// Changes of codes and recoveries, all or nothing.
#[derive(Debug)]
pub(crate) struct Unit<'s> {
    pub(crate) tables: Tables,
    turn: Turn<'s, Tables>,
}

impl VaultUnit for Unit<'_> {
    fn record(&mut self, record: &FixedBytes<32>) -> Result<Option<StoredRecord>, StorageError> {
        Ok(self.tables.records.get(record).cloned())
    }

    fn records_of(
        &mut self,
        tenant: &TenantId,
        user: &UserId,
    ) -> Result<Vec<(FixedBytes<32>, u8)>, StorageError> {
        let all = self.tables.records.values();
        let mut found: Vec<_> = all
            .filter(|record| record.tenant == *tenant && record.user == *user)
            .collect();
        found.sort_by_key(|record| (record.created, record.record));
        Ok(found
            .into_iter()
            .map(|record| (record.record, record.kind()))
            .collect())
    }

    fn remove_record(&mut self, record: &FixedBytes<32>) -> Result<(), StorageError> {
        self.tables.records.rows().remove(record);
        Ok(())
    }

    fn population(&mut self, tenant: &TenantId) -> Result<Population, StorageError> {
        let mut population = Population::default();
        for record in self.tables.records.values() {
            if record.kind() == OF_TWO {
                population.all = population.all.saturating_add(1);
                if record.tenant == *tenant {
                    population.tenant = population.tenant.saturating_add(1);
                }
            }
        }
        Ok(population)
    }

    fn take_token(
        &mut self,
        tenant: &TenantId,
        jti: &FixedBytes<16>,
        ends: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        self.tables.tokens.keep(|_, ends| *ends > now);
        Ok(self.tables.tokens.add((*tenant, *jti), ends))
    }

    fn recovery(&mut self, attempt: &FixedBytes<32>) -> Result<Option<Recovery>, StorageError> {
        Ok(self.tables.recoveries.get(attempt).cloned())
    }

    fn recoveries(
        &mut self,
        tenant: &TenantId,
        user: &UserId,
    ) -> Result<Vec<Recovery>, StorageError> {
        let all = self.tables.recoveries.values();
        let mut found: Vec<_> = all
            .filter(|recovery| recovery.tenant == *tenant && recovery.user == *user)
            .cloned()
            .collect();
        found.sort_by_key(|recovery| (recovery.started, recovery.attempt));
        Ok(found)
    }

    fn put_recovery(&mut self, recovery: &Recovery) -> Result<(), StorageError> {
        let rows = self.tables.recoveries.rows();
        let row = rows
            .entry(recovery.attempt)
            .or_insert_with(|| recovery.clone());
        row.ready = recovery.ready;
        row.ends = recovery.ends;
        row.vetoed = recovery.vetoed;
        row.collected = recovery.collected;
        Ok(())
    }

    fn forget_recoveries(&mut self, now: Timestamp) -> Result<(), StorageError> {
        self.tables
            .recoveries
            .keep(|_, recovery| recovery.ends > now);
        Ok(())
    }

    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        let Self { tables, turn } = *self;
        turn.commit(tables);
        Ok(())
    }
}
