//! Who holds what through whom: groups within groups, sessions under parent sessions, and what must
//! rotate when somebody below loses a right. See `spec/03-rings.md`.
//!
//! Paths through nested rings can be more numerous than anything can walk, so every search here
//! visits a ring once for each right that it looks for, level by level.

use wardseal_types::{GroupId, MemberId, RingId, SortedMap, SortedSet, UserId, limits};

use crate::{
    op::{Cause, Rights, Role},
    refusal::Refusal,
    ring::BoxRef,
    state::{GroupState, Position, Ring, SessionState, World},
};

/// A search for the rights of one user, for a statement at one position.
pub(crate) struct Search<'a> {
    user: MemberId,
    position: Position,
    world: &'a dyn World,
    unknown: Option<Refusal>,
}

impl<'a> Search<'a> {
    pub(crate) const fn new(user: UserId, position: Position, world: &'a dyn World) -> Self {
        Self {
            user: MemberId::User(user),
            position,
            world,
            unknown: None,
        }
    }

    /// What to answer when the search found too little: that a chain is not known here, if the
    /// search met one, because the right may come from there.
    pub(crate) fn refusal(self) -> Refusal {
        self.unknown.unwrap_or(Refusal::NotAuthorised)
    }

    /// The greatest role in `group`, as a member or through groups within it.
    pub(crate) fn role(&mut self, group: &GroupState) -> Option<Role> {
        let direct = group.ring.member_at(&self.user, self.position);
        [Role::Admin, Role::Member].into_iter().find(|wanted| {
            direct == Some(*wanted)
                || self.is_within(
                    groups_with(&group.ring, self.position, |role| role == *wanted),
                    limits::MAX_NESTING.saturating_sub(1),
                )
        })
    }

    /// The greatest rights in `session`, as a recipient or through groups and parent sessions. The
    /// three sets of rights are nested, so the greatest one holds all others.
    pub(crate) fn rights(&mut self, session: &SessionState) -> Option<Rights> {
        [Rights::MANAGE, Rights::SHARE, Rights::READ]
            .into_iter()
            .find(|wanted| self.holds(session, *wanted))
    }

    fn holds(&mut self, session: &SessionState, wanted: Rights) -> bool {
        let mut seen = SortedSet::from_iter([session.id]);
        let mut level = vec![session];
        let mut groups = SortedSet::new();
        for _ in 0..=limits::MAX_PARENTS {
            let mut next = Vec::new();
            for session in level {
                let grants = |rights: Rights| rights.contains(wanted);
                let direct = session.ring.member_at(&self.user, self.position);
                if direct.is_some_and(grants) {
                    return true;
                }
                groups.extend(groups_with(&session.ring, self.position, grants));
                for (member, history) in session.ring.histories().iter() {
                    let MemberId::Session(parent) = member else {
                        continue;
                    };
                    if history.at(self.position).is_some_and(grants) && seen.insert(*parent) {
                        match self.world.session(parent) {
                            Some(state) => next.push(state),
                            None => self.missed(Refusal::UnknownSession(*parent)),
                        }
                    }
                }
            }
            level = next;
        }
        self.is_within(groups, limits::MAX_NESTING)
    }

    /// Whether the user is in one of `groups`, or in a group at most `levels` below.
    fn is_within(&mut self, groups: SortedSet<GroupId>, levels: usize) -> bool {
        let mut level: Vec<_> = groups.iter().copied().collect();
        let mut seen = groups;
        for _ in 0..=levels {
            let mut next = Vec::new();
            for id in level {
                let Some(group) = self.world.group(&id) else {
                    self.missed(Refusal::UnknownGroup(id));
                    continue;
                };
                if group.ring.member_at(&self.user, self.position).is_some() {
                    return true;
                }
                let inner = groups_with(&group.ring, self.position, |_| true);
                next.extend(inner.into_iter().filter(|id| seen.insert(*id)));
            }
            level = next;
        }
        false
    }

    const fn missed(&mut self, refusal: Refusal) {
        if self.unknown.is_none() {
            self.unknown = Some(refusal);
        }
    }
}

fn groups_with<M: Copy>(
    ring: &Ring<M>,
    position: Position,
    wanted: impl Fn(M) -> bool,
) -> SortedSet<GroupId> {
    // Groups stand together, between users and sessions.
    let first = MemberId::Group(GroupId::from_bytes([0; 32]));
    let mut found = SortedSet::new();
    for (member, history) in ring.histories().iter_from(&first) {
        let MemberId::Group(id) = member else { break };
        if history.at(position).is_some_and(&wanted) {
            found.insert(*id);
        }
    }
    found
}

/// The losses in member rings that boxes for these recipients do not answer.
pub(crate) fn causes(recipients: &SortedMap<MemberId, BoxRef>, world: &dyn World) -> Vec<Cause> {
    recipients
        .values()
        .filter_map(|reference| {
            let epochs = world.ring_epochs(&reference.member)?;
            let newest = epochs
                .iter()
                .rev()
                .find(|epoch| epoch.lossy)
                .map(|epoch| epoch.declared.number)
                .filter(|number| *number > reference.epoch)?;
            Some(Cause {
                member: reference.member,
                epoch: newest,
            })
        })
        .collect()
}

/// The stale rings at and below `ring`, members before the rings that hold them.
pub(crate) fn stale<'a>(
    ring: RingId,
    recipients: &'a SortedMap<MemberId, BoxRef>,
    world: &'a dyn World,
) -> Vec<RingId> {
    let mut seen = SortedSet::new();
    let mut stale = SortedSet::new();
    let mut order = Vec::new();
    let mut stack = vec![(ring, recipients, false)];
    while let Some((id, recipients, members_done)) = stack.pop() {
        if members_done {
            let below = recipients.keys().filter_map(MemberId::ring);
            if below.into_iter().any(|member| stale.contains(&member))
                || !causes(recipients, world).is_empty()
            {
                stale.insert(id);
                order.push(id);
            }
        } else if seen.insert(id) {
            stack.push((id, recipients, true));
            for member in recipients.keys().filter_map(MemberId::ring) {
                if let Some(inner) = below(member, world) {
                    stack.push((member, inner, false));
                }
            }
        }
    }
    order
}

/// To whom the newest seed of a member ring is sealed. A user's devices are the end of the matter.
fn below(ring: RingId, world: &dyn World) -> Option<&SortedMap<MemberId, BoxRef>> {
    match ring {
        RingId::User(_) => None,
        RingId::Group(id) => world.group(&id).map(|state| state.ring.recipients()),
        RingId::Session(id) => world.session(&id).map(|state| state.ring.recipients()),
    }
}
