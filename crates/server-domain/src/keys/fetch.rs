//! What is shown to whom.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::PoisonError,
};

use wardseal_protocol::state::{ChainState, NOW, World as _};
use wardseal_types::{ChainId, MemberId, PendingId, RingId, SessionId, TenantId, limits};

use super::{
    CHECKPOINT_LIFETIME, Caller, ChainSlice, Children, Entry, Fetched, Found, KeyService, LogView,
    Shared, TenantServer, Wanted, WantedChildren,
    world::{Known, Loader},
};
use crate::{
    error::DomainError,
    escrow::{Fate, owner},
    log::{self, Proofs},
    storage::{ChainRecord, LogRecord, Snapshot, StorageError},
};

/// Milliseconds by which a checkpoint may be ahead of the clock before it is signed anew. Clocks are
/// set back by more than this only after they were wrong.
const CLOCK_STEP: u64 = 1000;

impl Proofs<'_> {
    /// A statement with the proof that it is in the log.
    ///
    /// # Errors
    /// [`StorageError`].
    pub(super) fn entry(
        &mut self,
        statement: Vec<u8>,
        position: u64,
    ) -> Result<Entry, StorageError> {
        Ok(Entry {
            statement,
            position,
            inclusion: self.inclusion(position)?,
        })
    }
}

impl Shared {
    /// The log as a snapshot shows it, and proofs about it.
    pub(super) fn view<'a>(
        &self,
        snapshot: &'a dyn Snapshot,
        tenant: &'a TenantId,
        known_size: u64,
    ) -> Result<(LogView, Proofs<'a>), DomainError> {
        let record = snapshot.log(tenant)?.ok_or(DomainError::UnknownTenant)?;
        let record = self.renewed(snapshot, tenant, record)?;
        let mut proofs = Proofs::new(snapshot, tenant, record.size);
        let view = LogView {
            checkpoint: record.note,
            consistency: proofs.consistency(known_size)?,
        };
        Ok((view, proofs))
    }

    /// The checkpoint, signed anew if it is old. Nothing is written, so that a server whose disk is
    /// full goes on serving readers.
    fn renewed(
        &self,
        snapshot: &dyn Snapshot,
        tenant: &TenantId,
        record: LogRecord,
    ) -> Result<LogRecord, DomainError> {
        let now = self.clock.now();
        let is_good = |record: &LogRecord| {
            now.since(record.time) <= CHECKPOINT_LIFETIME && record.time.since(now) <= CLOCK_STEP
        };
        if is_good(&record) {
            return Ok(record);
        }
        let renewed = || self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = renewed().get(tenant)
            && known.size == record.size
            && is_good(known)
        {
            return Ok(known.clone());
        }
        let signed = log::checkpoint(snapshot, tenant, record.size, now, &self.log_key)?;
        renewed().insert(*tenant, signed.clone());
        Ok(signed)
    }
}

impl KeyService {
    /// The chain of a tenant and its log, which everybody may have.
    ///
    /// # Errors
    /// [`DomainError::UnknownTenant`].
    pub fn tenant(&self, tenant: &TenantId, log_size: u64) -> Result<Fetched, DomainError> {
        let snapshot = self.shared.store.read()?;
        let (log, mut proofs) = self.shared.view(&*snapshot, tenant, log_size)?;
        let chain = ChainId::Tenant(*tenant);
        let entries = entries(&*snapshot, tenant, &mut proofs, &Wanted { chain, from: 0 })?;
        let slice = ChainSlice {
            chain,
            entries,
            boxes: Vec::new(),
        };
        Ok(Fetched {
            chains: vec![slice],
            log,
            children: None,
        })
    }

    /// Chains and the caller's boxes. Users and groups are open to every user of the tenant,
    /// sessions to those who have a right to them; what is not for the caller is missing.
    ///
    /// # Errors
    /// [`DomainError::Malformed`] for more than 1000 chains, and [`DomainError::NotFound`] when the
    /// caller is of another tenant.
    pub fn fetch(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        wanted: &[Wanted],
        log_size: u64,
    ) -> Result<Fetched, DomainError> {
        self.fetch_tree(caller, tenant, wanted, None, log_size)
    }

    /// The same, and the sessions under a session with them: those that the caller may open, oldest
    /// first. Those that are wanted by themselves come once, from where they are wanted.
    ///
    /// # Errors
    /// Those of [`fetch`](Self::fetch); [`DomainError::Malformed`] for a page of none or more than
    /// 1000.
    pub fn fetch_tree(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        wanted: &[Wanted],
        children: Option<&WantedChildren>,
        log_size: u64,
    ) -> Result<Fetched, DomainError> {
        check_request(&caller.tenant, tenant, wanted.len())?;
        let shared = &self.shared;
        let snapshot = shared.store.read()?;
        let (log, mut proofs) = shared.view(&*snapshot, tenant, log_size)?;
        let (below, next) = match children {
            Some(children) => children_of(&*snapshot, tenant, children)?,
            None => (Vec::new(), None),
        };
        let mut wanted = wanted.to_vec();
        let named: BTreeSet<ChainId> = wanted.iter().map(|wanted| wanted.chain).collect();
        let more = below.iter().filter(|record| !named.contains(&record.chain));
        wanted.extend(more.map(|record| Wanted {
            chain: record.chain,
            from: 0,
        }));
        let find = |chain: &ChainId| shared.cache.find(tenant, chain);
        let mut loader = Loader::new(*tenant, &*snapshot, &find);
        // Chains of other users are shown as they are; only rings with boxes are looked into.
        let opened = wanted.iter().map(|wanted| wanted.chain);
        loader.load(opened.filter(|chain| match chain {
            ChainId::Tenant(_) => false,
            ChainId::User(user) => *user == caller.user,
            ChainId::Group(_) | ChainId::Session(_) => true,
        }))?;
        let claims = claims(&*snapshot, caller, &wanted, &mut loader)?;
        let view = View {
            caller,
            known: &loader.known,
            snapshot: &*snapshot,
            claims,
        };
        let mut chains = Vec::new();
        for wanted in &wanted {
            if snapshot.chain(tenant, &wanted.chain)?.is_none() || !view.may_see(&wanted.chain) {
                continue;
            }
            chains.push(ChainSlice {
                chain: wanted.chain,
                entries: entries(&*snapshot, tenant, &mut proofs, wanted)?,
                boxes: view.boxes(&wanted.chain)?,
            });
        }
        let children = children.map(|_| Children {
            sessions: below
                .iter()
                .filter_map(|record| match record.chain {
                    ChainId::Session(session) => Some(session),
                    _ => None,
                })
                .filter(|session| view.opens(&MemberId::Session(*session)))
                .collect(),
            next,
        });
        shared.cache.learn(tenant, loader.folded);
        Ok(Fetched {
            chains,
            log,
            children,
        })
    }

    /// Chains for a server of the tenant: the tenant's own, and those of users and groups, without
    /// boxes. Sessions, and what does not exist, are missing.
    ///
    /// # Errors
    /// [`DomainError::Malformed`] for more than 1000 chains, and [`DomainError::NotFound`] when the
    /// server is of another tenant.
    pub fn fetch_for_tenant(
        &self,
        caller: &TenantServer,
        tenant: &TenantId,
        wanted: &[Wanted],
        log_size: u64,
    ) -> Result<Fetched, DomainError> {
        check_request(&caller.tenant, tenant, wanted.len())?;
        let snapshot = self.shared.store.read()?;
        let (log, mut proofs) = self.shared.view(&*snapshot, tenant, log_size)?;
        let mut chains = Vec::new();
        for wanted in wanted {
            if matches!(wanted.chain, ChainId::Session(_))
                || snapshot.chain(tenant, &wanted.chain)?.is_none()
            {
                continue;
            }
            chains.push(ChainSlice {
                chain: wanted.chain,
                entries: entries(&*snapshot, tenant, &mut proofs, wanted)?,
                boxes: Vec::new(),
            });
        }
        Ok(Fetched {
            chains,
            log,
            children: None,
        })
    }

    /// Users by the indexes of their names; names that are not there are missing.
    ///
    /// # Errors
    /// Those of [`fetch`](Self::fetch).
    pub fn lookup(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        names: &[wardseal_types::FixedBytes<32>],
    ) -> Result<Vec<Found>, DomainError> {
        check_request(&caller.tenant, tenant, names.len())?;
        let snapshot = self.shared.store.read()?;
        let mut found = Vec::new();
        for name in names {
            if let Some(record) = snapshot.name(tenant, name)? {
                found.push(Found {
                    name: record.name,
                    holder: record.holder,
                    salt: record.salt,
                });
            }
        }
        Ok(found)
    }
}

fn check_request(own: &TenantId, asked: &TenantId, items: usize) -> Result<(), DomainError> {
    if own != asked {
        return Err(DomainError::NotFound);
    }
    if items > limits::MAX_BATCH {
        return Err(DomainError::Malformed("at most 1000 at once"));
    }
    Ok(())
}

/// A page of the sessions under a session, and what the next one begins after. Whether they are for
/// the caller is not looked at.
pub(super) fn children_of(
    snapshot: &dyn Snapshot,
    tenant: &TenantId,
    wanted: &WantedChildren,
) -> Result<(Vec<ChainRecord>, Option<u64>), DomainError> {
    let limit = wanted.page.checked_limit()?;
    // One more than asked for tells whether there are more.
    let most = wanted.page.limit.saturating_add(1);
    let mut found = snapshot.children(tenant, &wanted.parent, wanted.page.after, most)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.genesis);
    Ok((found, next))
}

fn entries(
    snapshot: &dyn Snapshot,
    tenant: &TenantId,
    proofs: &mut Proofs<'_>,
    wanted: &Wanted,
) -> Result<Vec<Entry>, StorageError> {
    let statements = snapshot.statements(tenant, &wanted.chain, wanted.from)?;
    statements
        .into_iter()
        .map(|statement| proofs.entry(statement.bytes, statement.position))
        .collect()
}

/// The pending recipients of these sessions whose names the caller carries, or a group in which he
/// is: whoever can claim a session sees it before.
fn claims(
    snapshot: &dyn Snapshot,
    caller: &Caller,
    wanted: &[Wanted],
    loader: &mut Loader<'_>,
) -> Result<BTreeSet<(SessionId, PendingId)>, StorageError> {
    let tenant = &caller.tenant;
    let mut owned = Vec::new();
    for wanted in wanted {
        let ChainId::Session(session) = wanted.chain else {
            continue;
        };
        let Some(state) = loader.known.session(&session) else {
            continue;
        };
        for (member, _) in state.ring.members() {
            let MemberId::Pending(pending) = member else {
                continue;
            };
            let waiting = snapshot.pending(tenant, &session, &pending)?;
            let Some(record) = waiting.filter(|record| record.fate == Fate::Waiting) else {
                continue;
            };
            if let Some(name) = snapshot.name(tenant, &record.name)? {
                owned.push((session, pending, owner(&name)));
            }
        }
    }
    loader.load(owned.iter().filter_map(|(_, _, owner)| match owner {
        MemberId::Group(group) => Some(ChainId::Group(*group)),
        _ => None,
    }))?;
    let known = &loader.known;
    let carries = |owner: &MemberId| match owner {
        MemberId::User(user) => *user == caller.user,
        MemberId::Group(group) => known.group(group).is_some_and(|state| {
            !state.dissolved && state.role_at(&caller.user, NOW, known).is_some()
        }),
        _ => false,
    };
    Ok(owned
        .into_iter()
        .filter(|(_, _, owner)| carries(owner))
        .map(|(session, pending, _)| (session, pending))
        .collect())
}

/// What one caller sees.
struct View<'a> {
    caller: &'a Caller,
    known: &'a Known,
    snapshot: &'a dyn Snapshot,
    /// What the caller can claim.
    claims: BTreeSet<(SessionId, PendingId)>,
}

impl View<'_> {
    fn may_see(&self, chain: &ChainId) -> bool {
        match chain {
            ChainId::Tenant(_) | ChainId::User(_) | ChainId::Group(_) => true,
            ChainId::Session(session) => {
                self.opens(&MemberId::Session(*session))
                    || self.claims.iter().any(|(claimed, _)| claimed == session)
            }
        }
    }

    /// Whether the caller gets this box. Deposits go to those who can claim them, and to those who
    /// would deposit anew when the session gets another epoch.
    fn gets(&self, ring: &RingId, member: &MemberId) -> bool {
        match (ring, member) {
            (RingId::Session(session), MemberId::Pending(pending)) => {
                self.claims.contains(&(*session, *pending))
                    || self.opens(&MemberId::Session(*session))
            }
            _ => self.opens(member),
        }
    }

    /// Whether the caller holds the seed of this member, and so opens boxes that are for it.
    fn opens(&self, member: &MemberId) -> bool {
        let user = &self.caller.user;
        match member {
            MemberId::Device(device) => *device == self.caller.device,
            // It has no keys, but whoever opens the session deposits its next seed.
            MemberId::Pending(_) => true,
            MemberId::User(id) => id == user,
            MemberId::Group(id) => self
                .known
                .group(id)
                .is_some_and(|group| group.role_at(user, NOW, self.known).is_some()),
            MemberId::Session(id) => self
                .known
                .session(id)
                .is_some_and(|session| session.rights_at(user, NOW, self.known).is_some()),
        }
    }

    /// The boxes of a ring that the caller can open now: of the newest epoch, and of every epoch
    /// that no ladder link reaches.
    fn boxes(&self, chain: &ChainId) -> Result<Vec<Vec<u8>>, StorageError> {
        let (Some(ring), Some(state)) = (chain.into_ring(), self.known.state(chain)) else {
            return Ok(Vec::new());
        };
        let members: Vec<_> = match &**state {
            ChainState::Tenant(_) => Vec::new(),
            ChainState::User(user) => user.ring.members().map(|(member, _)| member).collect(),
            ChainState::Group(group) => group.ring.members().map(|(member, _)| member).collect(),
            ChainState::Session(session) => {
                session.ring.members().map(|(member, _)| member).collect()
            }
        };
        let mut boxes = BTreeMap::new();
        for member in members.iter().filter(|member| self.gets(&ring, member)) {
            for epoch in unreached(state) {
                let place = (epoch, *member);
                if let Some(bytes) = self.sealed_box(&ring, place)? {
                    boxes.insert(place, bytes);
                }
            }
        }
        Ok(boxes.into_values().collect())
    }

    fn sealed_box(
        &self,
        ring: &RingId,
        (epoch, member): (u32, MemberId),
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let tenant = &self.caller.tenant;
        if let (RingId::Session(session), MemberId::Pending(pending)) = (ring, &member) {
            let found = self.snapshot.pending(tenant, session, pending)?;
            let present = found.filter(|record| record.epoch == epoch);
            return Ok(present.and_then(|record| record.deposit));
        }
        self.snapshot.sealed_box(tenant, ring, epoch, &member)
    }
}

/// Epochs whose seed does not stand under the next one's: the newest, and those that were closed to
/// who came later.
fn unreached(state: &ChainState) -> impl Iterator<Item = u32> {
    let epochs = state.epochs().unwrap_or_default();
    let linked = epochs
        .iter()
        .skip(1)
        .map(|next| next.declared.link.is_some());
    let linked = linked.chain([false]);
    epochs
        .iter()
        .zip(linked)
        .filter(|(_, linked)| !linked)
        .map(|(epoch, _)| epoch.declared.number)
}
