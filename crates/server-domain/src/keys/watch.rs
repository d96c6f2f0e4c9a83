//! What happens, told to those whom it concerns: how a client hears of a revocation.

use tokio::sync::watch;
use wardseal_protocol::state::{ChainState, NOW};
use wardseal_types::{ChainId, TenantId};

use super::{Caller, KeyService, world::Loader};
use crate::error::DomainError;

/// Most changes that are told at once.
const MOST: u32 = 1000;

/// A chain that grew, or a session of which something is told that no statement says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Change {
    /// The chain.
    pub chain: ChainId,
    /// Sequence number of the statement; of the newest one where no statement tells it.
    pub seq: u64,
}

/// Of how much a caller has heard; what is absent begins now.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Heard {
    /// Number of leaves of the log.
    pub log: Option<u64>,
    /// Number of releases and expiries in escrow.
    pub escrow: Option<u64>,
}

/// What happened since the caller last asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Changes {
    /// Oldest first; what no statement tells comes last.
    pub changes: Vec<Change>,
    /// Number of leaves whose news these are.
    pub next: u64,
    /// Number of releases and expiries whose news these are.
    pub next_escrow: u64,
}

impl KeyService {
    /// Changes whenever something was written. Wait on it, then ask for
    /// [`changes`](Self::changes).
    #[must_use]
    pub fn growth(&self) -> watch::Receiver<u64> {
        self.shared.growth.subscribe()
    }

    /// What happened since the caller last heard, as far as it concerns the caller: every statement
    /// of users and groups, and of sessions to which the caller had a right before the statement, or
    /// has one now; and releases and expiries in such sessions. Of what is absent it is only where to
    /// begin.
    ///
    /// # Errors
    /// [`DomainError::NotFound`] when the caller is of another tenant.
    pub fn changes(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        heard: Heard,
    ) -> Result<Changes, DomainError> {
        if caller.tenant != *tenant {
            return Err(DomainError::NotFound);
        }
        let shared = &self.shared;
        let snapshot = shared.store.read()?;
        let log = snapshot.log(tenant)?.ok_or(DomainError::UnknownTenant)?;
        let happened = match heard.log {
            Some(since) if since < log.size => snapshot.statements_since(tenant, since, MOST)?,
            _ => Vec::new(),
        };
        let next = happened
            .last()
            .map_or(log.size, |(position, ..)| position.saturating_add(1));
        let told = match heard.escrow {
            Some(since) => snapshot.news_since(tenant, since, MOST)?,
            None => Vec::new(),
        };
        let next_escrow = match told.last() {
            Some((number, _)) => *number,
            None => snapshot.news(tenant)?,
        };
        let find = |chain: &ChainId| shared.cache.find(tenant, chain);
        let mut loader = Loader::new(*tenant, &*snapshot, &find);
        let statements = happened.iter().map(|(_, chain, _)| *chain);
        let sessions = told.iter().map(|(_, session)| ChainId::Session(*session));
        loader.load(
            statements
                .filter(|chain| matches!(chain, ChainId::Session(_)))
                .chain(sessions),
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
        let mut changes: Vec<_> = happened
            .iter()
            .filter(|(position, chain, _)| concerns(*position, chain))
            .map(|(_, chain, seq)| Change {
                chain: *chain,
                seq: *seq,
            })
            .collect();
        for (_, session) in told {
            let chain = ChainId::Session(session);
            if let Some(state) = known.state(&chain).filter(|_| concerns(NOW, &chain)) {
                let seq = state.head().seq;
                changes.push(Change { chain, seq });
            }
        }
        shared.cache.learn(tenant, loader.folded);
        Ok(Changes {
            changes,
            next,
            next_escrow,
        })
    }
}
