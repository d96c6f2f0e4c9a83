//! Pending recipients and their deposits.

use rusqlite::{Row, params};
use wardseal_server_domain::{
    escrow::{CodeErrand, EscrowSnapshot, EscrowUnit, Fate, PendingRecord, ReleaseRecord},
    storage::StorageError,
};
use wardseal_types::{FixedBytes, MemberId, PendingId, SessionId, TenantId, Timestamp, UserId};

use super::Session;
use crate::schema::{signed, unsigned};

/// What [`record`] reads, in its order.
const COLUMNS: &str = "session, pending, name, position, epoch, commitment, expires, fate, since, \
                       member_kind, member, bytes, receipt, tenant";

const fn number(fate: Fate) -> u8 {
    match fate {
        Fate::Waiting => 1,
        Fate::Claimed => 2,
        Fate::Revoked => 3,
        Fate::Expired => 4,
    }
}

fn fate(number: u8) -> Option<Fate> {
    [Fate::Waiting, Fate::Claimed, Fate::Revoked, Fate::Expired]
        .into_iter()
        .find(|fate| self::number(*fate) == number)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(unsigned(millis))
}

fn member(kind: u8, bytes: [u8; 32]) -> rusqlite::Result<MemberId> {
    MemberId::from_parts(kind, bytes)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(0, kind.into()))
}

fn record(row: &Row<'_>) -> rusqlite::Result<PendingRecord> {
    let found: u8 = row.get(7)?;
    let claimant = match (row.get(9)?, row.get(10)?) {
        (Some(kind), Some(bytes)) => Some(member(kind, bytes)?),
        _ => None,
    };
    Ok(PendingRecord {
        session: SessionId::from_bytes(row.get(0)?),
        pending: PendingId::from_bytes(row.get(1)?),
        name: FixedBytes(row.get(2)?),
        position: unsigned(row.get(3)?),
        epoch: row.get(4)?,
        commitment: FixedBytes(row.get(5)?),
        expires: at(row.get(6)?),
        fate: fate(found).ok_or(rusqlite::Error::IntegralValueOutOfRange(7, found.into()))?,
        since: at(row.get(8)?),
        member: claimant,
        deposit: row.get(11)?,
        receipt: row.get::<_, Option<_>>(12)?.map(FixedBytes),
    })
}

impl EscrowSnapshot for Session<'_> {
    fn all_users(&self) -> Result<u64, StorageError> {
        let all = self.one("SELECT sum(users) FROM population", [], |row| {
            row.get::<_, Option<i64>>(0)
        })?;
        Ok(all.flatten().map_or(0, unsigned))
    }

    fn pending(
        &self,
        tenant: &TenantId,
        session: &SessionId,
        pending: &PendingId,
    ) -> Result<Option<PendingRecord>, StorageError> {
        self.one(
            &format!(
                "SELECT {COLUMNS} FROM pending
                 WHERE tenant = ?1 AND session = ?2 AND pending = ?3"
            ),
            [tenant.as_bytes(), session.as_bytes(), pending.as_bytes()],
            record,
        )
    }

    fn waiting(
        &self,
        tenant: &TenantId,
        name: &FixedBytes<32>,
        pending: &PendingId,
    ) -> Result<Option<PendingRecord>, StorageError> {
        self.one(
            &format!(
                "SELECT {COLUMNS} FROM pending
                 WHERE tenant = ?1 AND name = ?2 AND pending = ?3 AND fate = 1"
            ),
            [tenant.as_bytes(), name.as_array(), pending.as_bytes()],
            record,
        )
    }

    fn pending_in(
        &self,
        tenant: &TenantId,
        session: &SessionId,
    ) -> Result<Vec<PendingRecord>, StorageError> {
        self.all(
            &format!(
                "SELECT {COLUMNS} FROM pending WHERE tenant = ?1 AND session = ?2 ORDER BY pending"
            ),
            [tenant.as_bytes(), session.as_bytes()],
            record,
        )
    }

    fn pending_for(
        &self,
        tenant: &TenantId,
        name: &FixedBytes<32>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<PendingRecord>, StorageError> {
        self.all(
            &format!(
                "SELECT {COLUMNS} FROM pending
                 WHERE tenant = ?1 AND name = ?2 AND fate = 1 AND position > ?3
                 ORDER BY position LIMIT ?4"
            ),
            params![
                tenant.as_bytes(),
                name.as_array(),
                after.map_or(-1, signed),
                limit
            ],
            record,
        )
    }

    fn overdue(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, PendingRecord)>, StorageError> {
        self.all(
            &format!(
                "SELECT {COLUMNS} FROM pending WHERE fate = 1 AND expires <= ?1
                 ORDER BY expires LIMIT ?2"
            ),
            params![signed(now.millis()), limit],
            |row| Ok((TenantId::from_bytes(row.get(13)?), record(row)?)),
        )
    }

    fn releases(
        &self,
        tenant: &TenantId,
        session: &SessionId,
        pending: &PendingId,
    ) -> Result<Vec<ReleaseRecord>, StorageError> {
        self.all(
            "SELECT member_kind, member, time FROM release
             WHERE tenant = ?1 AND session = ?2 AND pending = ?3 ORDER BY time, member",
            [tenant.as_bytes(), session.as_bytes(), pending.as_bytes()],
            |row| {
                Ok(ReleaseRecord {
                    member: member(row.get(0)?, row.get(1)?)?,
                    time: at(row.get(2)?),
                })
            },
        )
    }

    fn news(&self, tenant: &TenantId) -> Result<u64, StorageError> {
        let newest = self.one(
            "SELECT max(news) FROM pending WHERE tenant = ?1 AND news > 0",
            [tenant.as_bytes()],
            |row| row.get::<_, Option<i64>>(0),
        )?;
        Ok(newest.flatten().map_or(0, unsigned))
    }

    fn news_since(
        &self,
        tenant: &TenantId,
        since: u64,
        limit: u32,
    ) -> Result<Vec<(u64, SessionId)>, StorageError> {
        self.all(
            "SELECT news, session FROM pending WHERE tenant = ?1 AND news > max(?2, 0)
             ORDER BY news LIMIT ?3",
            params![tenant.as_bytes(), signed(since), limit],
            |row| Ok((unsigned(row.get(0)?), SessionId::from_bytes(row.get(1)?))),
        )
    }

    fn code_errand(&self, attempt: &FixedBytes<32>) -> Result<Option<CodeErrand>, StorageError> {
        self.one(
            "SELECT tenant, user, member_kind, member, name, address, ends FROM code_errand
             WHERE attempt = ?1",
            [attempt.as_array()],
            |row| {
                Ok(CodeErrand {
                    attempt: *attempt,
                    tenant: TenantId::from_bytes(row.get(0)?),
                    user: UserId::from_bytes(row.get(1)?),
                    member: member(row.get(2)?, row.get(3)?)?,
                    name: FixedBytes(row.get(4)?),
                    address: FixedBytes(row.get(5)?),
                    ends: at(row.get(6)?),
                })
            },
        )
    }

    fn reads_mail_until(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        address: &FixedBytes<32>,
    ) -> Result<Option<Timestamp>, StorageError> {
        let until = self.one(
            "SELECT until FROM reads_mail
             WHERE tenant = ?1 AND member_kind = ?2 AND member = ?3 AND address = ?4",
            params![
                tenant.as_bytes(),
                member.tag(),
                member.as_bytes(),
                address.as_array()
            ],
            |row| row.get(0),
        )?;
        Ok(until.map(at))
    }
}

impl EscrowUnit for Session<'_> {
    fn put_pending(
        &mut self,
        tenant: &TenantId,
        record: &PendingRecord,
    ) -> Result<(), StorageError> {
        let member = record.member.as_ref();
        self.run(
            &format!(
                "INSERT INTO pending ({COLUMNS})
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
                 ON CONFLICT (tenant, session, pending) DO UPDATE
                 SET name = excluded.name, position = excluded.position, epoch = excluded.epoch,
                     commitment = excluded.commitment, expires = excluded.expires,
                     fate = excluded.fate, since = excluded.since,
                     member_kind = excluded.member_kind, member = excluded.member,
                     bytes = excluded.bytes, receipt = excluded.receipt"
            ),
            params![
                record.session.as_bytes(),
                record.pending.as_bytes(),
                record.name.as_array(),
                signed(record.position),
                record.epoch,
                record.commitment.as_array(),
                signed(record.expires.millis()),
                number(record.fate),
                signed(record.since.millis()),
                member.map(MemberId::tag),
                member.map(MemberId::as_bytes),
                record.deposit,
                record.receipt.as_ref().map(FixedBytes::as_array),
                tenant.as_bytes(),
            ],
        )?;
        // Only the first deposit of all takes no other one's place.
        if record.fate != Fate::Waiting || record.epoch > 0 {
            self.erases();
        }
        Ok(())
    }

    fn put_release(
        &mut self,
        tenant: &TenantId,
        session: &SessionId,
        pending: &PendingId,
        release: &ReleaseRecord,
    ) -> Result<bool, StorageError> {
        let inserted = self.count(
            "INSERT INTO release (tenant, session, pending, member_kind, member, time)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            params![
                tenant.as_bytes(),
                session.as_bytes(),
                pending.as_bytes(),
                release.member.tag(),
                release.member.as_bytes(),
                signed(release.time.millis()),
            ],
        )?;
        Ok(inserted > 0)
    }

    fn tell(
        &mut self,
        tenant: &TenantId,
        session: &SessionId,
        pending: &PendingId,
    ) -> Result<(), StorageError> {
        let next = EscrowSnapshot::news(self, tenant)?.saturating_add(1);
        self.run(
            "UPDATE pending SET news = ?4 WHERE tenant = ?1 AND session = ?2 AND pending = ?3",
            params![
                tenant.as_bytes(),
                session.as_bytes(),
                pending.as_bytes(),
                signed(next)
            ],
        )
    }

    fn put_code_errand(&mut self, errand: &CodeErrand, now: Timestamp) -> Result<(), StorageError> {
        self.run(
            "DELETE FROM code_errand WHERE ends <= ?1",
            [signed(now.millis())],
        )?;
        self.run(
            "INSERT INTO code_errand
                 (attempt, tenant, user, member_kind, member, name, address, ends)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                errand.attempt.as_array(),
                errand.tenant.as_bytes(),
                errand.user.as_bytes(),
                errand.member.tag(),
                errand.member.as_bytes(),
                errand.name.as_array(),
                errand.address.as_array(),
                signed(errand.ends.millis()),
            ],
        )
    }

    fn put_reads_mail(
        &mut self,
        tenant: &TenantId,
        member: &MemberId,
        address: &FixedBytes<32>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.run(
            "DELETE FROM reads_mail WHERE until <= ?1",
            [signed(now.millis())],
        )?;
        self.run(
            "INSERT INTO reads_mail (tenant, member_kind, member, address, until)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (tenant, member_kind, member, address) DO UPDATE
             SET until = excluded.until",
            params![
                tenant.as_bytes(),
                member.tag(),
                member.as_bytes(),
                address.as_array(),
                signed(until.millis()),
            ],
        )
    }
}
