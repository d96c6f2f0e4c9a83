//! What happens, told to those whom it concerns: how a client hears of a revocation.

use tokio::sync::watch;
use wardseal_protocol::state::{ChainState, NOW};
use wardseal_types::{ChainId, TenantId};

use super::{Caller, KeyService, world::Loader};
use crate::error::DomainError;

/// Most changes that are told at once.
const MOST: u32 = 1000;

/// A chain that grew.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Change {
    /// The chain.
    pub chain: ChainId,
    /// Sequence number of the statement.
    pub seq: u64,
}

/// What happened since the caller last asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Changes {
    /// Oldest first.
    pub changes: Vec<Change>,
    /// Number of leaves whose news these are.
    pub next: u64,
}

impl KeyService {
    /// Changes whenever something was written. Wait on it, then ask for
    /// [`changes`](Self::changes).
    #[must_use]
    pub fn growth(&self) -> watch::Receiver<u64> {
        self.shared.growth.subscribe()
    }

    /// What happened since the log had `since` leaves, as far as it concerns the caller: every
    /// statement of users and groups, and those of sessions to which the caller had a right before
    /// the statement, or has one now. Without `since` it is only where to begin.
    ///
    /// # Errors
    /// [`DomainError::NotFound`] when the caller is of another tenant.
    pub fn changes(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        since: Option<u64>,
    ) -> Result<Changes, DomainError> {
        if caller.tenant != *tenant {
            return Err(DomainError::NotFound);
        }
        let shared = &self.shared;
        let snapshot = shared.store.read()?;
        let size = snapshot
            .log(tenant)?
            .ok_or(DomainError::UnknownTenant)?
            .size;
        let Some(since) = since.filter(|since| *since < size) else {
            return Ok(Changes {
                changes: Vec::new(),
                next: size,
            });
        };
        let happened = snapshot.statements_since(tenant, since, MOST)?;
        let next = happened
            .last()
            .map_or(size, |(position, ..)| position.saturating_add(1));
        let find = |chain: &ChainId| shared.cache.find(tenant, chain);
        let mut loader = Loader::new(*tenant, &*snapshot, &find);
        loader.load(
            happened
                .iter()
                .map(|(_, chain, _)| *chain)
                .filter(|chain| matches!(chain, ChainId::Session(_))),
        )?;
        let known = &loader.known;
        let concerns = |position: u64, chain: &ChainId| match chain {
            ChainId::Tenant(_) | ChainId::User(_) | ChainId::Group(_) => true,
            ChainId::Session(_) => match known.state(chain).map(AsRef::as_ref) {
                Some(ChainState::Session(session)) => [position, NOW]
                    .into_iter()
                    .any(|at| session.rights_at(&caller.user, at, known).is_some()),
                _ => false,
            },
        };
        let changes = happened
            .iter()
            .filter(|(position, chain, _)| concerns(*position, chain))
            .map(|(_, chain, seq)| Change {
                chain: *chain,
                seq: *seq,
            })
            .collect();
        shared.cache.learn(tenant, loader.folded);
        Ok(Changes { changes, next })
    }
}
