//! What the key server reads.

use std::collections::BTreeSet;

use wardseal_server_domain::storage::{
    ChainRecord, Counted, Listing, LogRecord, NameRecord, Snapshot, StatementRecord, StorageError,
};
use wardseal_types::{
    ChainId, FixedBytes, MemberId, RingId, SessionId, StatementHash, TenantId, Timestamp, UserId,
};

use super::{Session, Tables};

/// The ring before all others in the order of the tables.
const FIRST_RING: RingId = RingId::User(UserId::from_bytes([0; 32]));

/// Kind and subject of what is counted.
pub(super) const fn counted_key(tenant: &TenantId, counted: &Counted) -> (TenantId, u8, [u8; 32]) {
    match counted {
        Counted::Name(name) => (*tenant, 1, *name.as_array()),
        Counted::User(user) => (*tenant, 2, *user.as_bytes()),
        Counted::Tenant => (*tenant, 3, *tenant.as_bytes()),
    }
}

fn most(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

impl Tables {
    /// The rings that this member is in directly.
    fn rings(&self, tenant: TenantId, member: MemberId) -> impl Iterator<Item = RingId> {
        self.members
            .range((tenant, member, FIRST_RING)..)
            .map(|(key, ())| *key)
            .take_while(move |(found, of, _)| *found == tenant && *of == member)
            .map(|(.., ring)| ring)
    }

    /// The rows of these rings that stand after a position, in the order of their geneses.
    fn listed(
        &self,
        tenant: TenantId,
        rings: impl Iterator<Item = RingId>,
        after: Option<u64>,
        limit: u32,
    ) -> Vec<ChainRecord> {
        let mut found: Vec<_> = rings
            .filter_map(|ring| self.chains.get(&(tenant, ring.into())))
            .filter(|record| after.is_none_or(|after| record.genesis > after))
            .cloned()
            .collect();
        found.sort_by_key(|record| record.genesis);
        found.truncate(most(limit));
        found
    }
}

impl Snapshot for Session<'_> {
    fn log(&self, tenant: &TenantId) -> Result<Option<LogRecord>, StorageError> {
        Ok(self.tables.logs.get(tenant).cloned())
    }

    fn users(&self, tenant: &TenantId) -> Result<u64, StorageError> {
        Ok(self.tables.users.get(tenant).copied().unwrap_or_default())
    }

    fn node(
        &self,
        tenant: &TenantId,
        level: u32,
        index: u64,
    ) -> Result<Option<[u8; 32]>, StorageError> {
        Ok(self.tables.nodes.get(&(*tenant, level, index)).copied())
    }

    fn chain(
        &self,
        tenant: &TenantId,
        chain: &ChainId,
    ) -> Result<Option<ChainRecord>, StorageError> {
        Ok(self.tables.chains.get(&(*tenant, *chain)).cloned())
    }

    fn statements(
        &self,
        tenant: &TenantId,
        chain: &ChainId,
        from: u64,
    ) -> Result<Vec<StatementRecord>, StorageError> {
        let rows = self
            .tables
            .statements
            .range((*tenant, *chain, from)..=(*tenant, *chain, u64::MAX));
        Ok(rows.map(|(_, statement)| (**statement).clone()).collect())
    }

    fn statements_since(
        &self,
        tenant: &TenantId,
        position: u64,
        limit: u32,
    ) -> Result<Vec<(u64, ChainId, u64)>, StorageError> {
        let rows = self
            .tables
            .positions
            .range((*tenant, position)..=(*tenant, u64::MAX));
        Ok(rows
            .take(most(limit))
            .map(|((_, position), (chain, seq))| (*position, *chain, *seq))
            .collect())
    }

    fn statement_at(
        &self,
        tenant: &TenantId,
        chain: &ChainId,
        seq: u64,
    ) -> Result<Option<(u64, StatementHash)>, StorageError> {
        let found = self.tables.statements.get(&(*tenant, *chain, seq));
        Ok(found.map(|statement| (statement.position, statement.hash)))
    }

    fn sealed_box(
        &self,
        tenant: &TenantId,
        ring: &RingId,
        epoch: u32,
        member: &MemberId,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let found = self.tables.boxes.get(&(*tenant, *ring, epoch, *member));
        Ok(found.map(|bytes| bytes.to_vec()))
    }

    fn name(
        &self,
        tenant: &TenantId,
        name: &FixedBytes<32>,
    ) -> Result<Option<NameRecord>, StorageError> {
        Ok(self.tables.names.get(&(*tenant, *name)).cloned())
    }

    fn is_vault_record(
        &self,
        tenant: &TenantId,
        record: &FixedBytes<32>,
    ) -> Result<bool, StorageError> {
        Ok(self.tables.vault_records.contains_key(&(*tenant, *record)))
    }

    fn rings_of(
        &self,
        tenant: &TenantId,
        user: &UserId,
        listing: Listing,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<ChainRecord>, StorageError> {
        let mut found = BTreeSet::new();
        let mut next = vec![MemberId::User(*user)];
        while let Some(member) = next.pop() {
            for ring in self.tables.rings(*tenant, member) {
                if found.insert(ring) {
                    next.push(ring.into());
                }
            }
        }
        let listed = found.into_iter().filter(|ring| {
            matches!(
                (ring, listing),
                (RingId::Group(_), Listing::Groups) | (RingId::Session(_), Listing::Sessions)
            )
        });
        Ok(self.tables.listed(*tenant, listed, after, limit))
    }

    fn children(
        &self,
        tenant: &TenantId,
        session: &SessionId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<ChainRecord>, StorageError> {
        let rings = self.tables.rings(*tenant, MemberId::Session(*session));
        let sessions = rings.filter(|ring| matches!(ring, RingId::Session(_)));
        Ok(self.tables.listed(*tenant, sessions, after, limit))
    }

    fn busy_until(
        &self,
        tenant: &TenantId,
        counted: &Counted,
    ) -> Result<Option<Timestamp>, StorageError> {
        let key = counted_key(tenant, counted);
        Ok(self.tables.counted.get(&key).copied())
    }
}
