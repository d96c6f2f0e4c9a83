//! Pending recipients and their deposits.

use std::sync::Arc;

use wardseal_server_domain::{
    escrow::{CodeErrand, EscrowSnapshot, EscrowUnit, Fate, PendingRecord, ReleaseRecord},
    storage::StorageError,
};
use wardseal_types::{FixedBytes, MemberId, PendingId, SessionId, TenantId, Timestamp};

use super::{Pending, Session, Tables};

const FIRST: PendingId = PendingId::from_bytes([0; 32]);

impl Tables {
    fn pending_of(&self, tenant: &TenantId) -> impl Iterator<Item = &Pending> {
        self.pending
            .range((*tenant, SessionId::from_bytes([0; 32]), FIRST)..)
            .take_while(move |((of, ..), _)| of == tenant)
            .map(|(_, pending)| &**pending)
    }

    /// Those who wait under a name.
    fn waiting_for(
        &self,
        tenant: &TenantId,
        name: &FixedBytes<32>,
    ) -> impl Iterator<Item = &PendingRecord> {
        self.pending_of(tenant)
            .map(|pending| &pending.record)
            .filter(move |record| record.fate == Fate::Waiting && record.name == *name)
    }
}

fn first<T>(mut rows: Vec<T>, limit: u32) -> Vec<T> {
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    rows
}

impl EscrowSnapshot for Session<'_> {
    fn all_users(&self) -> Result<u64, StorageError> {
        let all = self.tables.users.values();
        Ok(all.fold(0, |sum, users| sum.saturating_add(*users)))
    }

    fn pending(
        &self,
        tenant: &TenantId,
        session: &SessionId,
        pending: &PendingId,
    ) -> Result<Option<PendingRecord>, StorageError> {
        let found = self.tables.pending.get(&(*tenant, *session, *pending));
        Ok(found.map(|pending| pending.record.clone()))
    }

    fn waiting(
        &self,
        tenant: &TenantId,
        name: &FixedBytes<32>,
        pending: &PendingId,
    ) -> Result<Option<PendingRecord>, StorageError> {
        let mut waiting = self.tables.waiting_for(tenant, name);
        Ok(waiting.find(|record| record.pending == *pending).cloned())
    }

    fn pending_in(
        &self,
        tenant: &TenantId,
        session: &SessionId,
    ) -> Result<Vec<PendingRecord>, StorageError> {
        let all = self
            .tables
            .pending_of(tenant)
            .map(|pending| &pending.record);
        Ok(all
            .filter(|record| record.session == *session)
            .cloned()
            .collect())
    }

    fn pending_for(
        &self,
        tenant: &TenantId,
        name: &FixedBytes<32>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<PendingRecord>, StorageError> {
        let waiting = self.tables.waiting_for(tenant, name);
        let mut found: Vec<_> = waiting
            .filter(|record| after.is_none_or(|after| record.position > after))
            .cloned()
            .collect();
        found.sort_by_key(|record| record.position);
        Ok(first(found, limit))
    }

    fn overdue(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, PendingRecord)>, StorageError> {
        let all = self.tables.pending.iter();
        let mut found: Vec<_> = all
            .map(|((tenant, ..), pending)| (*tenant, &pending.record))
            .filter(|(_, record)| record.fate == Fate::Waiting && record.expires <= now)
            .map(|(tenant, record)| (tenant, record.clone()))
            .collect();
        found.sort_by_key(|(_, record)| record.expires);
        Ok(first(found, limit))
    }

    fn releases(
        &self,
        tenant: &TenantId,
        session: &SessionId,
        pending: &PendingId,
    ) -> Result<Vec<ReleaseRecord>, StorageError> {
        let of = (tenant, session, pending);
        let all = self.tables.releases.iter();
        let mut found: Vec<_> = all
            .filter(|((tenant, session, pending, _), _)| (tenant, session, pending) == of)
            .map(|((.., member), time)| ReleaseRecord {
                member: *member,
                time: *time,
            })
            .collect();
        found.sort_by_key(|release| (release.time, release.member));
        Ok(found)
    }

    fn news(&self, tenant: &TenantId) -> Result<u64, StorageError> {
        let all = self.tables.pending_of(tenant).map(|pending| pending.news);
        Ok(all.max().unwrap_or_default())
    }

    fn news_since(
        &self,
        tenant: &TenantId,
        since: u64,
        limit: u32,
    ) -> Result<Vec<(u64, SessionId)>, StorageError> {
        let all = self.tables.pending_of(tenant);
        let mut found: Vec<_> = all
            .filter(|pending| pending.news > since)
            .map(|pending| (pending.news, pending.record.session))
            .collect();
        found.sort_unstable();
        Ok(first(found, limit))
    }

    fn code_errand(&self, attempt: &FixedBytes<32>) -> Result<Option<CodeErrand>, StorageError> {
        Ok(self.tables.errands.get(attempt).copied())
    }

    fn reads_mail_until(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        address: &FixedBytes<32>,
    ) -> Result<Option<Timestamp>, StorageError> {
        let key = (*tenant, *member, *address);
        Ok(self.tables.mail_readers.get(&key).copied())
    }
}

impl EscrowUnit for Session<'_> {
    fn put_pending(
        &mut self,
        tenant: &TenantId,
        record: &PendingRecord,
    ) -> Result<(), StorageError> {
        let key = (*tenant, record.session, record.pending);
        let news = self
            .tables
            .pending
            .get(&key)
            .map_or(0, |before| before.news);
        let row = Arc::new(Pending {
            record: record.clone(),
            news,
        });
        self.tables.pending.rows().insert(key, row);
        Ok(())
    }

    fn put_release(
        &mut self,
        tenant: &TenantId,
        session: &SessionId,
        pending: &PendingId,
        release: &ReleaseRecord,
    ) -> Result<bool, StorageError> {
        let key = (*tenant, *session, *pending, release.member);
        Ok(self.tables.releases.add(key, release.time))
    }

    fn tell(
        &mut self,
        tenant: &TenantId,
        session: &SessionId,
        pending: &PendingId,
    ) -> Result<(), StorageError> {
        let news = EscrowSnapshot::news(self, tenant)?.saturating_add(1);
        let rows = self.tables.pending.rows();
        if let Some(row) = rows.get_mut(&(*tenant, *session, *pending)) {
            Arc::make_mut(row).news = news;
        }
        Ok(())
    }

    fn put_code_errand(&mut self, errand: &CodeErrand, now: Timestamp) -> Result<(), StorageError> {
        self.tables.errands.keep(|_, errand| errand.ends > now);
        self.tables.errands.rows().insert(errand.attempt, *errand);
        Ok(())
    }

    fn put_reads_mail(
        &mut self,
        tenant: &TenantId,
        member: &MemberId,
        address: &FixedBytes<32>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.tables.mail_readers.keep(|_, until| *until > now);
        let key = (*tenant, *member, *address);
        self.tables.mail_readers.rows().insert(key, until);
        Ok(())
    }
}
