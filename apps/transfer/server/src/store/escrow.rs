//! The tenant's shares of what lies in escrow.

use rusqlite::{Row, Transaction, params};
use wardseal_tenant::{KeptShare, ShareStore};
use wardseal_types::{PendingId, SessionId, Timestamp, UserId};

use super::{millis, unsigned};
use crate::failure::Failure;

/// The shares, within a transaction.
pub(crate) struct EscrowShares<'a>(pub(crate) &'a Transaction<'a>);

fn kept(row: &Row<'_>) -> Result<Option<KeptShare>, rusqlite::Error> {
    let bytes: Vec<u8> = row.get("kept")?;
    Ok(KeptShare::from_bytes(&bytes))
}

/// A row that is no share would be a damaged database.
fn whole(found: Result<Option<KeptShare>, rusqlite::Error>) -> Result<KeptShare, Failure> {
    found?.ok_or_else(|| Failure::internal("a share in escrow is damaged"))
}

impl ShareStore for EscrowShares<'_> {
    type Error = Failure;

    fn shares(
        &mut self,
        session: &SessionId,
        pending: &PendingId,
    ) -> Result<Vec<KeptShare>, Failure> {
        let mut statement = self
            .0
            .prepare_cached("SELECT kept FROM escrow_share WHERE session = ?1 AND pending = ?2")?;
        let rows = statement.query_map([session.to_string(), pending.to_string()], kept)?;
        rows.map(whole).collect()
    }

    fn put(&mut self, share: &KeptShare) -> Result<(), Failure> {
        self.0
            .prepare_cached(
                "INSERT INTO escrow_share (session, pending, commitment, depositor, expires, there, kept)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (session, pending, commitment) DO UPDATE SET
                 depositor = excluded.depositor, expires = excluded.expires,
                 there = excluded.there, kept = excluded.kept",
            )?
            .execute(params![
                share.session.to_string(),
                share.pending.to_string(),
                share.commitment.0,
                share.by.to_string(),
                millis(share.expires),
                share.is_there(),
                share.to_bytes(),
            ])?;
        Ok(())
    }

    fn count_by(&mut self, depositor: &UserId) -> Result<u64, Failure> {
        let count: i64 = self
            .0
            .prepare_cached("SELECT count(*) FROM escrow_share WHERE depositor = ?1 AND there = 1")?
            .query_row([depositor.to_string()], |row| row.get(0))?;
        Ok(unsigned(count))
    }

    fn overdue(&mut self, now: Timestamp, limit: u32) -> Result<Vec<KeptShare>, Failure> {
        let mut statement = self.0.prepare_cached(
            "SELECT kept FROM escrow_share WHERE there = 1 AND expires <= ?1
             ORDER BY expires LIMIT ?2",
        )?;
        let rows = statement.query_map(params![millis(now), limit], kept)?;
        rows.map(whole).collect()
    }

    fn forget(&mut self, before: Timestamp) -> Result<(), Failure> {
        self.0
            .prepare_cached("DELETE FROM escrow_share WHERE there = 0 AND expires <= ?1")?
            .execute([millis(before)])?;
        Ok(())
    }
}
