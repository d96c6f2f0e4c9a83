//! Folded chains: from memory where they are there, from the store otherwise.

use std::{
    collections::{HashMap, HashSet},
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use wardseal_protocol::{
    fold,
    op::Op,
    state::{ChainState, GroupState, SessionState, TenantState, UserState, World},
    statement::Statement,
};
use wardseal_types::{ChainId, GroupId, MemberId, SessionId, TenantId, UserId};

use crate::storage::{Snapshot, StorageError};

/// Folded chains of all tenants, the recently used ones. A state found here is only ever a start:
/// whoever uses it asks the store for the head of the chain and folds what came after.
#[derive(Debug)]
pub(crate) struct Cache {
    /// Most chains in one generation; there are two.
    capacity: usize,
    generations: Mutex<Generations>,
}

type Key = (TenantId, ChainId);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Key, Arc<ChainState>>,
    old: HashMap<Key, Arc<ChainState>>,
}

impl Cache {
    /// A cache of about `chains` chains.
    pub(crate) fn new(chains: usize) -> Self {
        Self {
            capacity: (chains / 2).max(1),
            generations: Mutex::default(),
        }
    }

    pub(crate) fn find(&self, tenant: &TenantId, chain: &ChainId) -> Option<Arc<ChainState>> {
        let key = (*tenant, *chain);
        let mut generations = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = generations.young.get(&key) {
            return Some(Arc::clone(state));
        }
        let state = generations.old.remove(&key)?;
        self.put(&mut generations, key, Arc::clone(&state));
        Some(state)
    }

    /// Takes over states that are committed, unless newer ones are there.
    pub(crate) fn learn(
        &self,
        tenant: &TenantId,
        states: impl IntoIterator<Item = Arc<ChainState>>,
    ) {
        let mut generations = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for state in states {
            let key = (*tenant, state.id());
            let known = generations
                .young
                .get(&key)
                .or_else(|| generations.old.get(&key));
            if known.is_none_or(|known| known.head().seq < state.head().seq) {
                self.put(&mut generations, key, state);
            }
        }
    }

    fn put(&self, generations: &mut Generations, key: Key, state: Arc<ChainState>) {
        if generations.young.len() >= self.capacity {
            generations.old = mem::take(&mut generations.young);
        }
        generations.young.insert(key, state);
    }
}

/// Verified states of one tenant.
#[derive(Debug)]
pub(crate) struct Known {
    tenant: TenantId,
    states: HashMap<ChainId, Arc<ChainState>>,
}

impl Known {
    pub(crate) fn state(&self, chain: &ChainId) -> Option<&Arc<ChainState>> {
        self.states.get(chain)
    }

    pub(crate) fn insert(&mut self, state: Arc<ChainState>) {
        self.states.insert(state.id(), state);
    }
}

impl World for Known {
    fn tenant(&self) -> Option<&TenantState> {
        match self
            .states
            .get(&ChainId::Tenant(self.tenant))
            .map(AsRef::as_ref)
        {
            Some(ChainState::Tenant(state)) => Some(state),
            _ => None,
        }
    }

    fn user(&self, id: &UserId) -> Option<&UserState> {
        match self.states.get(&ChainId::User(*id)).map(AsRef::as_ref) {
            Some(ChainState::User(state)) => Some(state),
            _ => None,
        }
    }

    fn group(&self, id: &GroupId) -> Option<&GroupState> {
        match self.states.get(&ChainId::Group(*id)).map(AsRef::as_ref) {
            Some(ChainState::Group(state)) => Some(state),
            _ => None,
        }
    }

    fn session(&self, id: &SessionId) -> Option<&SessionState> {
        match self.states.get(&ChainId::Session(*id)).map(AsRef::as_ref) {
            Some(ChainState::Session(state)) => Some(state),
            _ => None,
        }
    }
}

/// Brings chains of one tenant, and the chains below them, up to their heads.
pub(crate) struct Loader<'a> {
    snapshot: &'a dyn Snapshot,
    find: &'a dyn Fn(&ChainId) -> Option<Arc<ChainState>>,
    seen: HashSet<ChainId>,
    /// What is loaded.
    pub(crate) known: Known,
    /// What was folded here and is worth remembering.
    pub(crate) folded: Vec<Arc<ChainState>>,
}

impl<'a> Loader<'a> {
    /// A loader that begins with the states that `find` has, which may be behind the snapshot.
    pub(crate) fn new(
        tenant: TenantId,
        snapshot: &'a dyn Snapshot,
        find: &'a dyn Fn(&ChainId) -> Option<Arc<ChainState>>,
    ) -> Self {
        Self {
            snapshot,
            find,
            seen: HashSet::new(),
            known: Known {
                tenant,
                states: HashMap::new(),
            },
            folded: Vec::new(),
        }
    }

    /// Loads these chains, the tenant, and every ring below. Chains that do not exist stay unknown.
    ///
    /// Statements are folded in the order of the log, whatever chains they belong to: two groups may
    /// each have contained the other, one after the other, so there is no order of chains.
    pub(crate) fn load(
        &mut self,
        chains: impl IntoIterator<Item = ChainId>,
    ) -> Result<(), StorageError> {
        let tenant = self.known.tenant;
        let mut queue: Vec<_> = chains.into_iter().collect();
        queue.push(ChainId::Tenant(tenant));
        let mut pending = Vec::new();
        while let Some(chain) = queue.pop() {
            if !self.seen.insert(chain) {
                continue;
            }
            let Some(record) = self.snapshot.chain(&tenant, &chain)? else {
                continue;
            };
            let found = (self.find)(&chain);
            let from = found
                .as_ref()
                .map_or(0, |state| state.head().seq.saturating_add(1));
            if let Some(state) = found {
                queue.extend(below(&state));
                self.known.insert(state);
            }
            if from > record.seq {
                continue;
            }
            for stored in self.snapshot.statements(&tenant, &chain, from)? {
                let statement = Statement::decode(&stored.bytes)
                    .map_err(|error| damaged(stored.position, &error))?;
                queue.extend(mentioned(&statement));
                pending.push((stored.position, statement));
            }
        }
        pending.sort_by_key(|(position, _)| *position);
        let mut changed = HashSet::new();
        for (position, statement) in &pending {
            let chain = statement.chain();
            let previous = self.known.state(&chain).map(AsRef::as_ref);
            let state = fold::apply(previous, statement, *position, &self.known)
                .map_err(|error| damaged(*position, &error))?;
            self.known.insert(Arc::new(state));
            changed.insert(chain);
        }
        let folded = changed.iter().filter_map(|chain| self.known.state(chain));
        self.folded.extend(folded.cloned());
        Ok(())
    }
}

fn damaged(position: u64, error: &dyn std::error::Error) -> StorageError {
    StorageError::Damaged(format!("the statement at position {position}: {error}"))
}

/// The rings through which members of this one may hold a right, now or at an earlier position.
fn below(state: &ChainState) -> Vec<ChainId> {
    let rings = |members: &mut dyn Iterator<Item = &MemberId>| {
        members.filter_map(nested).collect::<Vec<_>>()
    };
    match state {
        ChainState::Tenant(_) | ChainState::User(_) => Vec::new(),
        ChainState::Group(state) => rings(&mut state.ring.histories().keys()),
        ChainState::Session(state) => rings(&mut state.ring.histories().keys()),
    }
}

fn nested(member: &MemberId) -> Option<ChainId> {
    match member {
        MemberId::Group(id) => Some(ChainId::Group(*id)),
        MemberId::Session(id) => Some(ChainId::Session(*id)),
        MemberId::User(_) | MemberId::Device(_) | MemberId::Pending(_) => None,
    }
}

/// The chains that the rules look at when they judge this statement: those of its author and of the
/// rings that it lets in.
pub(crate) fn mentioned(statement: &Statement) -> Vec<ChainId> {
    let body = statement.body();
    let mut chains: Vec<_> = match &body.op {
        Op::GroupCreate(_, members, _) => members
            .iter()
            .filter_map(|entry| nested(&entry.member))
            .collect(),
        Op::SessionCreate(_, grants, ..) => grants
            .iter()
            .filter_map(|grant| nested(&grant.member))
            .collect(),
        Op::Add(entry, _) => nested(&entry.member).into_iter().collect(),
        Op::Grant(grant, _) => nested(&grant.member).into_iter().collect(),
        Op::Claim(claim) => claim.member.ring().map(ChainId::from).into_iter().collect(),
        _ => Vec::new(),
    };
    if let Some(user) = body.author.user() {
        chains.push(ChainId::User(user));
    }
    chains
}

/// The chains of all to whom this statement seals, which admission looks at.
pub(crate) fn recipients(statement: &Statement) -> impl Iterator<Item = ChainId> {
    let op = &statement.body().op;
    let boxes = op.epoch().map(|epoch| epoch.boxes.as_slice());
    boxes
        .unwrap_or_default()
        .iter()
        .chain(op.entry())
        .filter_map(|reference| reference.member.ring())
        .map(ChainId::from)
}

#[cfg(test)]
mod tests {
    use wardseal_protocol::op::Role;
    use wardseal_testkit::Town;

    use super::*;

    #[test]
    fn a_cache_keeps_the_newest_state_and_what_was_used_last() {
        let mut town = Town::new(1);
        let anna = town.person();
        let group = |town: &mut Town| {
            let group = town.group(&anna, &[(anna.member(), Role::Admin)]).unwrap();
            (
                ChainId::Group(group),
                Arc::new(town.states.chain(&group.into()).unwrap()),
            )
        };
        let groups = [(); 4].map(|()| group(&mut town));
        let [(first, old), ..] = &groups;
        let cache = Cache::new(4);
        let tenant = town.tenant;
        let find = |chain: &ChainId| cache.find(&tenant, chain);
        cache.learn(&town.tenant, [Arc::clone(old)]);
        assert_eq!(find(first).as_ref(), Some(old));
        assert_eq!(cache.find(&TenantId::from_bytes([9; 32]), first), None);

        let ChainId::Group(id) = *first else {
            panic!("a group");
        };
        let op = town.op_rotate(id);
        town.say(&anna, id, op).unwrap();
        let new = Arc::new(town.states.chain(first).unwrap());
        cache.learn(&town.tenant, [Arc::clone(&new)]);
        cache.learn(&town.tenant, [Arc::clone(old)]);
        assert_eq!(find(first), Some(new));

        // Two generations of two: what is looked at stays, what is not goes.
        for (chain, state) in &groups[1..] {
            cache.learn(&town.tenant, [Arc::clone(state)]);
            assert!(find(first).is_some() && find(chain).is_some());
        }
        assert_eq!(find(&groups[1].0), None);
        let generations = cache.generations.lock().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 4);
    }
}
