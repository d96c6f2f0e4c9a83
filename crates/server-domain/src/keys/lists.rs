//! Pages of the caller's rings.

use wardseal_protocol::state::{NOW, World as _};
use wardseal_types::{ChainId, TenantId};

use super::{
    Caller, KeyService, Listed, ListedGroup, ListedSession, Page, WantedChildren,
    fetch::children_of, world::Loader,
};
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
        self.list(caller, tenant, page, Listing::Sessions, listed_session)
    }

    /// The sessions under a session that the caller may open, oldest first. A page may have fewer
    /// than asked for although there are more.
    ///
    /// # Errors
    /// Those of [`list_sessions`](Self::list_sessions).
    pub fn list_children(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        wanted: &WantedChildren,
    ) -> Result<(Vec<ListedSession>, Option<u64>), DomainError> {
        if caller.tenant != *tenant {
            return Err(DomainError::NotFound);
        }
        let shared = &self.shared;
        let snapshot = shared.store.read()?;
        let (below, next) = children_of(&*snapshot, tenant, wanted)?;
        let find = |chain: &ChainId| shared.cache.find(tenant, chain);
        let mut loader = Loader::new(*tenant, &*snapshot, &find);
        loader.load(below.iter().map(|record| record.chain))?;
        let known = &loader.known;
        let listed = below
            .into_iter()
            .filter_map(listed_session)
            .filter(|listed| {
                let state = known.session(&listed.session);
                state.is_some_and(|state| state.rights_at(&caller.user, NOW, known).is_some())
            });
        let listed = listed.collect();
        shared.cache.learn(tenant, loader.folded);
        Ok((listed, next))
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
        let limit = page.checked_limit()?;
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

fn listed_session(record: ChainRecord) -> Option<ListedSession> {
    let ChainId::Session(session) = record.chain else {
        return None;
    };
    Some(ListedSession {
        session,
        position: record.genesis,
        seq: record.seq,
        label: record.label,
    })
}
