//! Pages of the caller's rings.

use wardseal_types::{ChainId, TenantId, limits};

use super::{Caller, KeyService, Listed, ListedGroup, ListedSession, Page};
use crate::{
    error::DomainError,
    storage::{ChainRecord, Listing},
};

impl KeyService {
    /// The sessions that the caller may open, oldest first.
    ///
    /// # Errors
    /// [`DomainError::Malformed`] for a page of none or more than 1000, and
    /// [`DomainError::NotFound`] when the caller is of another tenant.
    pub fn list_sessions(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        page: Page,
    ) -> Result<Listed<ListedSession>, DomainError> {
        self.list(caller, tenant, page, Listing::Sessions, |record| {
            let ChainId::Session(session) = record.chain else {
                return None;
            };
            Some(ListedSession {
                session,
                position: record.genesis,
                seq: record.seq,
                label: record.label,
            })
        })
    }

    /// The groups of which the caller is a member, through other groups or directly, oldest first.
    ///
    /// # Errors
    /// Those of [`list_sessions`](Self::list_sessions).
    pub fn list_groups(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        page: Page,
    ) -> Result<Listed<ListedGroup>, DomainError> {
        self.list(caller, tenant, page, Listing::Groups, |record| {
            let ChainId::Group(group) = record.chain else {
                return None;
            };
            Some(ListedGroup {
                group,
                position: record.genesis,
                seq: record.seq,
            })
        })
    }

    fn list<T>(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        page: Page,
        listing: Listing,
        entry: impl Fn(ChainRecord) -> Option<T>,
    ) -> Result<Listed<T>, DomainError> {
        if caller.tenant != *tenant {
            return Err(DomainError::NotFound);
        }
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        if limit == 0 || limit > limits::MAX_BATCH {
            return Err(DomainError::Malformed("a page has from 1 to 1000 entries"));
        }
        let snapshot = self.shared.store.read()?;
        // One more than asked for tells whether there are more.
        let most = page.limit.saturating_add(1);
        let mut rings = snapshot.rings_of(tenant, &caller.user, listing, page.after, most)?;
        let more = rings.len() > limit;
        rings.truncate(limit);
        Ok(Listed {
            entries: rings.into_iter().filter_map(entry).collect(),
            more,
        })
    }
}
