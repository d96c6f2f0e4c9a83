//! What the key server reads.

use rusqlite::{OptionalExtension as _, Params, Row, params};
use wardseal_server_domain::storage::{
    ChainRecord, Counted, Listing, LogRecord, NameRecord, Snapshot, StatementRecord, StorageError,
};
use wardseal_types::{
    ChainId, ChainKind, FixedBytes, GroupId, MemberId, RingId, SessionId, StatementHash, TenantId,
    Timestamp, UserId,
};

use super::Session;
use crate::schema::{failed, signed, unsigned};

impl Session<'_> {
    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StorageError> {
        self.0
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, read).optional())
            .map_err(failed)
    }

    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StorageError> {
        self.0
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map(params, read)?.collect())
            .map_err(failed)
    }
}

/// Kind and subject of what is counted, as the table has them.
pub(super) fn counted_key<'a>(tenant: &'a TenantId, counted: &'a Counted) -> (u8, &'a [u8; 32]) {
    match counted {
        Counted::Name(name) => (1, name.as_array()),
        Counted::User(user) => (2, user.as_bytes()),
        Counted::Tenant => (3, tenant.as_bytes()),
    }
}

/// The kind of a group, as `name.kind` and `NamedId::tag` have it.
const GROUP: u8 = 3;

/// Identifier, genesis, sequence number and label of a chain of this kind.
fn chain_record(kind: ChainKind, row: &Row<'_>) -> rusqlite::Result<ChainRecord> {
    Ok(ChainRecord {
        chain: kind.with_bytes(row.get(0)?),
        genesis: unsigned(row.get(1)?),
        seq: unsigned(row.get(2)?),
        label: row.get(3)?,
    })
}

impl Snapshot for Session<'_> {
    fn log(&self, tenant: &TenantId) -> Result<Option<LogRecord>, StorageError> {
        self.one(
            "SELECT size, time, note FROM log WHERE tenant = ?1",
            [tenant.as_bytes()],
            |row| {
                Ok(LogRecord {
                    size: unsigned(row.get(0)?),
                    time: Timestamp::from_millis(unsigned(row.get(1)?)),
                    note: row.get(2)?,
                })
            },
        )
    }

    fn users(&self, tenant: &TenantId) -> Result<u64, StorageError> {
        let users = self.one(
            "SELECT users FROM population WHERE tenant = ?1",
            [tenant.as_bytes()],
            |row| row.get(0),
        )?;
        Ok(users.map_or(0, unsigned))
    }

    fn node(
        &self,
        tenant: &TenantId,
        level: u32,
        index: u64,
    ) -> Result<Option<[u8; 32]>, StorageError> {
        self.one(
            "SELECT hash FROM node WHERE tenant = ?1 AND level = ?2 AND place = ?3",
            params![tenant.as_bytes(), level, signed(index)],
            |row| row.get(0),
        )
    }

    fn chain(
        &self,
        tenant: &TenantId,
        chain: &ChainId,
    ) -> Result<Option<ChainRecord>, StorageError> {
        self.one(
            "SELECT genesis, seq, label FROM chain WHERE tenant = ?1 AND kind = ?2 AND chain = ?3",
            params![tenant.as_bytes(), chain.tag(), chain.as_bytes()],
            |row| {
                Ok(ChainRecord {
                    chain: *chain,
                    genesis: unsigned(row.get(0)?),
                    seq: unsigned(row.get(1)?),
                    label: row.get(2)?,
                })
            },
        )
    }

    fn statements(
        &self,
        tenant: &TenantId,
        chain: &ChainId,
        from: u64,
    ) -> Result<Vec<StatementRecord>, StorageError> {
        self.all(
            "SELECT seq, position, hash, bytes FROM statement
             WHERE tenant = ?1 AND kind = ?2 AND chain = ?3 AND seq >= ?4 ORDER BY seq",
            params![
                tenant.as_bytes(),
                chain.tag(),
                chain.as_bytes(),
                signed(from)
            ],
            |row| {
                Ok(StatementRecord {
                    seq: unsigned(row.get(0)?),
                    position: unsigned(row.get(1)?),
                    hash: StatementHash::from_bytes(row.get(2)?),
                    bytes: row.get(3)?,
                })
            },
        )
    }

    fn statements_since(
        &self,
        tenant: &TenantId,
        position: u64,
        limit: u32,
    ) -> Result<Vec<(u64, ChainId, u64)>, StorageError> {
        self.all(
            "SELECT position, kind, chain, seq FROM statement
             WHERE tenant = ?1 AND position >= ?2 ORDER BY position LIMIT ?3",
            params![tenant.as_bytes(), signed(position), limit],
            |row| {
                let kind = row.get(1)?;
                let chain = ChainId::from_parts(kind, row.get(2)?)
                    .ok_or(rusqlite::Error::IntegralValueOutOfRange(1, kind.into()))?;
                Ok((unsigned(row.get(0)?), chain, unsigned(row.get(3)?)))
            },
        )
    }

    fn statement_at(
        &self,
        tenant: &TenantId,
        chain: &ChainId,
        seq: u64,
    ) -> Result<Option<(u64, StatementHash)>, StorageError> {
        self.one(
            "SELECT position, hash FROM statement
             WHERE tenant = ?1 AND kind = ?2 AND chain = ?3 AND seq = ?4",
            params![
                tenant.as_bytes(),
                chain.tag(),
                chain.as_bytes(),
                signed(seq)
            ],
            |row| {
                let hash = StatementHash::from_bytes(row.get(1)?);
                Ok((unsigned(row.get(0)?), hash))
            },
        )
    }

    fn sealed_box(
        &self,
        tenant: &TenantId,
        ring: &RingId,
        epoch: u32,
        member: &MemberId,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        self.one(
            "SELECT bytes FROM box WHERE tenant = ?1 AND ring_kind = ?2 AND ring = ?3
             AND epoch = ?4 AND member_kind = ?5 AND member = ?6",
            params![
                tenant.as_bytes(),
                ring.tag(),
                ring.as_bytes(),
                epoch,
                member.tag(),
                member.as_bytes(),
            ],
            |row| row.get(0),
        )
    }

    fn name(
        &self,
        tenant: &TenantId,
        name: &FixedBytes<32>,
    ) -> Result<Option<NameRecord>, StorageError> {
        self.one(
            "SELECT name, kind, holder, salt FROM name WHERE tenant = ?1 AND name = ?2",
            [tenant.as_bytes(), name.as_array()],
            |row| {
                let bytes = row.get(2)?;
                // The schema admits no other kind.
                let holder = match row.get(1)? {
                    GROUP => GroupId::from_bytes(bytes).into(),
                    _ => UserId::from_bytes(bytes).into(),
                };
                Ok(NameRecord {
                    name: FixedBytes(row.get(0)?),
                    holder,
                    salt: FixedBytes(row.get(3)?),
                })
            },
        )
    }

    fn is_vault_record(
        &self,
        tenant: &TenantId,
        record: &FixedBytes<32>,
    ) -> Result<bool, StorageError> {
        let found = self.one(
            "SELECT 1 FROM vault_record WHERE tenant = ?1 AND record = ?2",
            [tenant.as_bytes(), record.as_array()],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    fn rings_of(
        &self,
        tenant: &TenantId,
        user: &UserId,
        listing: Listing,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<ChainRecord>, StorageError> {
        let kind = match listing {
            Listing::Groups => ChainKind::Group,
            Listing::Sessions => ChainKind::Session,
        };
        self.all(
            "WITH RECURSIVE mine (kind, id) AS (
                 VALUES (?2, ?3)
                 UNION
                 SELECT member.ring_kind, member.ring FROM mine
                 JOIN member ON member.tenant = ?1
                     AND member.member_kind = mine.kind AND member.member = mine.id
             )
             SELECT chain.chain, chain.genesis, chain.seq, chain.label FROM mine
             JOIN chain ON chain.tenant = ?1 AND chain.kind = mine.kind AND chain.chain = mine.id
             WHERE mine.kind = ?4 AND chain.genesis > ?5
             ORDER BY chain.genesis LIMIT ?6",
            params![
                tenant.as_bytes(),
                MemberId::User(*user).tag(),
                user.as_bytes(),
                kind.tag(),
                after.map_or(-1, signed),
                limit,
            ],
            |row| chain_record(kind, row),
        )
    }

    fn children(
        &self,
        tenant: &TenantId,
        parent: &SessionId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<ChainRecord>, StorageError> {
        let kind = ChainKind::Session;
        let parent = MemberId::Session(*parent);
        self.all(
            "SELECT chain.chain, chain.genesis, chain.seq, chain.label FROM member
             JOIN chain ON chain.tenant = ?1 AND chain.kind = member.ring_kind
                 AND chain.chain = member.ring
             WHERE member.tenant = ?1 AND member.member_kind = ?2 AND member.member = ?3
                 AND member.ring_kind = ?4 AND chain.genesis > ?5
             ORDER BY chain.genesis LIMIT ?6",
            params![
                tenant.as_bytes(),
                parent.tag(),
                parent.as_bytes(),
                kind.tag(),
                after.map_or(-1, signed),
                limit,
            ],
            |row| chain_record(kind, row),
        )
    }

    fn busy_until(
        &self,
        tenant: &TenantId,
        counted: &Counted,
    ) -> Result<Option<Timestamp>, StorageError> {
        let (kind, subject) = counted_key(tenant, counted);
        let until = self.one(
            "SELECT busy_until FROM counted WHERE tenant = ?1 AND kind = ?2 AND subject = ?3",
            params![tenant.as_bytes(), kind, subject],
            |row| row.get(0),
        )?;
        Ok(until.map(|until| Timestamp::from_millis(unsigned(until))))
    }
}
