//! What the key server writes.

use std::sync::Arc;

use wardseal_server_domain::storage::{
    ChainRecord, Counted, LogRecord, NameRecord, StatementRecord, StorageError, UnitOfWork,
};
use wardseal_types::{ChainId, FixedBytes, MemberId, NamedId, RingId, TenantId, Timestamp};

use super::{Session, once, read::counted_key};

impl Session<'_> {
    fn no_mark() -> StorageError {
        StorageError::Other("there is no mark".into())
    }
}

impl UnitOfWork for Session<'_> {
    fn mark(&mut self) -> Result<(), StorageError> {
        self.mark = Some(self.tables.clone());
        Ok(())
    }

    fn back_to_mark(&mut self) -> Result<(), StorageError> {
        self.tables = self.mark.take().ok_or_else(Self::no_mark)?;
        Ok(())
    }

    fn keep(&mut self) -> Result<(), StorageError> {
        self.mark.take().map(drop).ok_or_else(Self::no_mark)
    }

    fn put_log(&mut self, tenant: &TenantId, log: &LogRecord) -> Result<(), StorageError> {
        self.tables.logs.rows().insert(*tenant, log.clone());
        Ok(())
    }

    fn put_node(
        &mut self,
        tenant: &TenantId,
        level: u32,
        index: u64,
        hash: &[u8; 32],
    ) -> Result<(), StorageError> {
        let added = self.tables.nodes.add((*tenant, level, index), *hash);
        once(added, "such a node")
    }

    fn put_statement(
        &mut self,
        tenant: &TenantId,
        chain: &ChainId,
        statement: &StatementRecord,
    ) -> Result<(), StorageError> {
        let place = (*chain, statement.seq);
        let added = self
            .tables
            .positions
            .add((*tenant, statement.position), place);
        once(added, "a statement at this position")?;
        let key = (*tenant, *chain, statement.seq);
        let added = self.tables.statements.add(key, Arc::new(statement.clone()));
        once(added, "a statement at this place of its chain")
    }

    fn put_chain(&mut self, tenant: &TenantId, chain: &ChainRecord) -> Result<(), StorageError> {
        let key = (*tenant, chain.chain);
        self.tables.chains.rows().insert(key, chain.clone());
        Ok(())
    }

    fn put_box(
        &mut self,
        tenant: &TenantId,
        ring: &RingId,
        epoch: u32,
        member: &MemberId,
        bytes: &[u8],
    ) -> Result<(), StorageError> {
        let key = (*tenant, *ring, epoch, *member);
        once(self.tables.boxes.add(key, bytes.into()), "such a box")
    }

    fn put_member(
        &mut self,
        tenant: &TenantId,
        ring: &RingId,
        member: &MemberId,
    ) -> Result<(), StorageError> {
        let added = self.tables.members.add((*tenant, *member, *ring), ());
        once(added, "such a member")
    }

    fn remove_member(
        &mut self,
        tenant: &TenantId,
        ring: &RingId,
        member: &MemberId,
    ) -> Result<(), StorageError> {
        let key = (*tenant, *member, *ring);
        self.tables.members.rows().remove(&key);
        Ok(())
    }

    fn put_name(&mut self, tenant: &TenantId, name: &NameRecord) -> Result<(), StorageError> {
        let added = self.tables.names.add((*tenant, name.name), name.clone());
        once(added, "such a name")?;
        let added = self.tables.holders.add((*tenant, name.holder), name.name);
        once(added, "a name of this holder")?;
        if let NamedId::User(_) = name.holder {
            let users = self.tables.users.rows().entry(*tenant).or_default();
            *users = users.saturating_add(1);
        }
        Ok(())
    }

    fn move_name(&mut self, tenant: &TenantId, name: &NameRecord) -> Result<(), StorageError> {
        let row = self.tables.names.rows().get_mut(&(*tenant, name.name));
        let Some(row) = row else {
            return Ok(());
        };
        let before = std::mem::replace(row, name.clone());
        self.tables.holders.rows().remove(&(*tenant, before.holder));
        let added = self.tables.holders.add((*tenant, name.holder), name.name);
        once(added, "a name of this holder")
    }

    fn put_vault_record(
        &mut self,
        tenant: &TenantId,
        record: &FixedBytes<32>,
    ) -> Result<(), StorageError> {
        let added = self.tables.vault_records.add((*tenant, *record), ());
        once(added, "such a record")
    }

    fn put_busy_until(
        &mut self,
        tenant: &TenantId,
        counted: &Counted,
        until: Timestamp,
    ) -> Result<(), StorageError> {
        let key = counted_key(tenant, counted);
        self.tables.counted.rows().insert(key, until);
        Ok(())
    }

    fn forget_idle(&mut self, tenant: &TenantId, now: Timestamp) -> Result<(), StorageError> {
        self.tables
            .counted
            .keep(|(of, ..), until| of != tenant || *until > now);
        Ok(())
    }

    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        let Self { tables, turn, .. } = *self;
        turn.ok_or_else(|| StorageError::Other("a snapshot is not written".into()))?
            .commit(tables);
        Ok(())
    }
}
