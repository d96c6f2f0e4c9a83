//! What the key server writes.

use rusqlite::{Params, params};
use wardseal_server_domain::storage::{
    ChainRecord, Counted, LogRecord, NameRecord, StatementRecord, StorageError, UnitOfWork,
};
use wardseal_types::{ChainId, FixedBytes, MemberId, NamedId, RingId, TenantId, Timestamp};

use super::{Session, read::counted_key};
use crate::schema::{failed, signed};

impl Session<'_> {
    pub(super) fn run(&self, sql: &str, params: impl Params) -> Result<(), StorageError> {
        self.count(sql, params).map(|_| ())
    }

    /// The same, and how many rows it changed.
    pub(super) fn count(&self, sql: &str, params: impl Params) -> Result<usize, StorageError> {
        self.0
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map_err(failed)
    }

    fn batch(&self, sql: &str) -> Result<(), StorageError> {
        self.0.execute_batch(sql).map_err(failed)
    }
}

impl UnitOfWork for Session<'_> {
    fn mark(&mut self) -> Result<(), StorageError> {
        self.batch("SAVEPOINT mark")
    }

    fn back_to_mark(&mut self) -> Result<(), StorageError> {
        self.batch("ROLLBACK TO mark; RELEASE mark")
    }

    fn keep(&mut self) -> Result<(), StorageError> {
        self.batch("RELEASE mark")
    }

    fn put_log(&mut self, tenant: &TenantId, log: &LogRecord) -> Result<(), StorageError> {
        self.run(
            "INSERT INTO log (tenant, size, time, note) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (tenant) DO UPDATE
             SET size = excluded.size, time = excluded.time, note = excluded.note",
            params![
                tenant.as_bytes(),
                signed(log.size),
                signed(log.time.millis()),
                log.note
            ],
        )
    }

    fn put_node(
        &mut self,
        tenant: &TenantId,
        level: u32,
        index: u64,
        hash: &[u8; 32],
    ) -> Result<(), StorageError> {
        self.run(
            "INSERT INTO node (tenant, level, place, hash) VALUES (?1, ?2, ?3, ?4)",
            params![tenant.as_bytes(), level, signed(index), hash],
        )
    }

    fn put_statement(
        &mut self,
        tenant: &TenantId,
        chain: &ChainId,
        statement: &StatementRecord,
    ) -> Result<(), StorageError> {
        self.run(
            "INSERT INTO statement (tenant, kind, chain, seq, position, hash, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                tenant.as_bytes(),
                chain.tag(),
                chain.as_bytes(),
                signed(statement.seq),
                signed(statement.position),
                statement.hash.as_bytes(),
                statement.bytes,
            ],
        )
    }

    fn put_chain(&mut self, tenant: &TenantId, chain: &ChainRecord) -> Result<(), StorageError> {
        self.run(
            "INSERT INTO chain (tenant, kind, chain, genesis, seq, label)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (tenant, kind, chain) DO UPDATE
             SET genesis = excluded.genesis, seq = excluded.seq, label = excluded.label",
            params![
                tenant.as_bytes(),
                chain.chain.tag(),
                chain.chain.as_bytes(),
                signed(chain.genesis),
                signed(chain.seq),
                chain.label,
            ],
        )
    }

    fn put_box(
        &mut self,
        tenant: &TenantId,
        ring: &RingId,
        epoch: u32,
        member: &MemberId,
        bytes: &[u8],
    ) -> Result<(), StorageError> {
        self.run(
            "INSERT INTO box (tenant, ring_kind, ring, epoch, member_kind, member, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                tenant.as_bytes(),
                ring.tag(),
                ring.as_bytes(),
                epoch,
                member.tag(),
                member.as_bytes(),
                bytes,
            ],
        )
    }

    fn put_member(
        &mut self,
        tenant: &TenantId,
        ring: &RingId,
        member: &MemberId,
    ) -> Result<(), StorageError> {
        self.run(
            "INSERT INTO member (tenant, member_kind, member, ring_kind, ring)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                tenant.as_bytes(),
                member.tag(),
                member.as_bytes(),
                ring.tag(),
                ring.as_bytes(),
            ],
        )
    }

    fn remove_member(
        &mut self,
        tenant: &TenantId,
        ring: &RingId,
        member: &MemberId,
    ) -> Result<(), StorageError> {
        self.run(
            "DELETE FROM member WHERE tenant = ?1 AND member_kind = ?2 AND member = ?3
             AND ring_kind = ?4 AND ring = ?5",
            params![
                tenant.as_bytes(),
                member.tag(),
                member.as_bytes(),
                ring.tag(),
                ring.as_bytes(),
            ],
        )
    }

    fn put_name(&mut self, tenant: &TenantId, name: &NameRecord) -> Result<(), StorageError> {
        self.run(
            "INSERT INTO name (tenant, name, kind, holder, salt) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                tenant.as_bytes(),
                name.name.as_array(),
                name.holder.tag(),
                name.holder.as_bytes(),
                name.salt.as_array(),
            ],
        )?;
        if let NamedId::Group(_) = name.holder {
            return Ok(());
        }
        self.run(
            "INSERT INTO population (tenant, users) VALUES (?1, 1)
             ON CONFLICT (tenant) DO UPDATE SET users = users + 1",
            [tenant.as_bytes()],
        )
    }

    fn move_name(&mut self, tenant: &TenantId, name: &NameRecord) -> Result<(), StorageError> {
        self.run(
            "UPDATE name SET kind = ?3, holder = ?4, salt = ?5 WHERE tenant = ?1 AND name = ?2",
            params![
                tenant.as_bytes(),
                name.name.as_array(),
                name.holder.tag(),
                name.holder.as_bytes(),
                name.salt.as_array(),
            ],
        )
    }

    fn put_vault_record(
        &mut self,
        tenant: &TenantId,
        record: &FixedBytes<32>,
    ) -> Result<(), StorageError> {
        self.run(
            "INSERT INTO vault_record (tenant, record) VALUES (?1, ?2)",
            [tenant.as_bytes(), record.as_array()],
        )
    }

    fn put_busy_until(
        &mut self,
        tenant: &TenantId,
        counted: &Counted,
        until: Timestamp,
    ) -> Result<(), StorageError> {
        let (kind, subject) = counted_key(tenant, counted);
        self.run(
            "INSERT INTO counted (tenant, kind, subject, busy_until) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (tenant, kind, subject) DO UPDATE SET busy_until = excluded.busy_until",
            params![tenant.as_bytes(), kind, subject, signed(until.millis())],
        )
    }

    fn forget_idle(&mut self, tenant: &TenantId, now: Timestamp) -> Result<(), StorageError> {
        self.run(
            "DELETE FROM counted WHERE tenant = ?1 AND busy_until <= ?2",
            params![tenant.as_bytes(), signed(now.millis())],
        )
    }

    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        self.batch("COMMIT")?;
        self.shed();
        Ok(())
    }
}
