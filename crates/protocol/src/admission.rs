//! What whoever appends checks beyond [`fold`](crate::fold): that seeds are sealed to the newest
//! keys, that a rotation names what it answers, and that rings do not contain themselves. A reader
//! of old history need not: it takes the chains of all members, and concerns only how well the
//! author did his work.

use wardseal_types::{ChainId, GroupId, MemberId, RingId, SessionId, SortedMap, limits};

use crate::{
    op::{Cause, Op},
    refusal::Refusal,
    ring::BoxRef,
    state::{Head, World},
    statement::Statement,
};

/// Checks a statement that is about to be appended: every box is for the newest key of its member
/// and none for a dissolved group or an ended session, a rotation names exactly the losses that it answers, and nesting
/// stays finite.
///
/// `world` must know the chains of all members that are not devices, and the statement's own chain
/// as it is *before* the statement.
///
/// # Errors
/// [`Refusal::StaleRecipient`], [`Refusal::NotAMember`] for an unknown member,
/// [`Refusal::Dissolved`], [`Refusal::BadCause`], [`Refusal::Cycle`], [`Refusal::TooLarge`], and
/// [`Refusal::StaleParent`] when `world` has another head than the statement's parent.
pub fn check(statement: &Statement, world: &dyn World) -> Result<(), Refusal> {
    let op = &statement.body().op;
    let boxes = op.epoch().map(|epoch| epoch.boxes.as_slice());
    for reference in boxes.unwrap_or_default().iter().chain(op.entry()) {
        check_newest(reference, world)?;
    }
    check_causes(statement, world)?;
    let mut heights = Heights {
        outer: statement.chain().into_ring(),
        known: SortedMap::new(),
        world,
    };
    for member in entering(op) {
        match (heights.outer, member.ring()) {
            (Some(RingId::Group(_)), Some(inner @ RingId::Group(_))) => {
                heights.check(inner, limits::MAX_NESTING)?;
            }
            (Some(RingId::Session(_)), Some(parent @ RingId::Session(_))) => {
                heights.check(parent, limits::MAX_PARENTS)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The members that `op` lets in.
fn entering(op: &Op) -> Vec<MemberId> {
    match op {
        Op::GroupCreate(_, members, _) => members.iter().map(|entry| entry.member).collect(),
        Op::Add(entry, _) => vec![entry.member],
        Op::SessionCreate(_, grants, ..) => grants.iter().map(|grant| grant.member).collect(),
        Op::Grant(grant, _) => vec![grant.member],
        _ => Vec::new(),
    }
}

fn check_newest(reference: &BoxRef, world: &dyn World) -> Result<(), Refusal> {
    match reference.member {
        MemberId::Device(_) | MemberId::Pending(_) => return Ok(()),
        // A dissolved group never rotates again, so a device that one of its members lost would
        // open for ever what is sealed to it. Nor does a session that has ended.
        MemberId::Group(group) => check_alive(group, world)?,
        MemberId::Session(session) => check_open(session, world)?,
        MemberId::User(_) => {}
    }
    let newest = world
        .ring_epochs(&reference.member)
        .and_then(<[_]>::last)
        .ok_or(Refusal::NotAMember(reference.member))?;
    if newest.declared.number == reference.epoch && newest.declared.commitment == reference.key {
        Ok(())
    } else {
        Err(Refusal::StaleRecipient(reference.member))
    }
}

fn check_alive(group: GroupId, world: &dyn World) -> Result<(), Refusal> {
    match world.group(&group) {
        Some(state) if state.dissolved => Err(Refusal::Dissolved),
        _ => Ok(()),
    }
}

fn check_open(session: SessionId, world: &dyn World) -> Result<(), Refusal> {
    match world.session(&session) {
        Some(state) if state.ended => Err(Refusal::Dissolved),
        _ => Ok(()),
    }
}

/// A rotation names all the losses that it answers: an answer that is not named would leave the
/// rings above unaware of the loss.
fn check_causes(statement: &Statement, world: &dyn World) -> Result<(), Refusal> {
    let (Op::GroupRotate(rotation) | Op::SessionRotate(rotation)) = &statement.body().op else {
        return Ok(());
    };
    let (head, causes): (&Head, Vec<Cause>) = match statement.chain() {
        ChainId::Group(id) => world
            .group(&id)
            .map(|state| (&state.head, state.ring.causes(world)))
            .ok_or(Refusal::UnknownGroup(id))?,
        ChainId::Session(id) => world
            .session(&id)
            .map(|state| (&state.head, state.ring.causes(world)))
            .ok_or(Refusal::UnknownSession(id))?,
        ChainId::Tenant(_) | ChainId::User(_) => return Err(Refusal::WrongChain),
    };
    if statement.body().previous != Some(head.hash) {
        return Err(Refusal::StaleParent);
    }
    if rotation.causes == causes {
        Ok(())
    } else {
        Err(Refusal::BadCause)
    }
}

/// How many levels of rings of the same kind stand below a ring. Each ring is measured once,
/// however many paths lead to it.
struct Heights<'a> {
    outer: Option<RingId>,
    known: SortedMap<RingId, usize>,
    world: &'a dyn World,
}

impl Heights<'_> {
    /// Checks that `ring` does not lead back to the outer one, and is at most `levels` high, itself
    /// included. The answer is its height.
    fn check(&mut self, ring: RingId, levels: usize) -> Result<usize, Refusal> {
        if self.outer == Some(ring) {
            return Err(Refusal::Cycle);
        }
        let levels = levels.checked_sub(1).ok_or(Refusal::TooLarge)?;
        if let Some(height) = self.known.get(&ring) {
            return if *height <= levels {
                Ok(*height)
            } else {
                Err(Refusal::TooLarge)
            };
        }
        let mut height = 0;
        for member in self.same_kind(ring)? {
            height = height.max(self.check(member, levels)?.saturating_add(1));
        }
        self.known.insert(ring, height);
        Ok(height)
    }

    fn same_kind(&self, ring: RingId) -> Result<Vec<RingId>, Refusal> {
        let members = match ring {
            RingId::Group(id) => {
                check_alive(id, self.world)?;
                let state = self.world.group(&id).ok_or(Refusal::UnknownGroup(id))?;
                state.ring.recipients()
            }
            RingId::Session(id) => {
                let state = self.world.session(&id);
                state.ok_or(Refusal::UnknownSession(id))?.ring.recipients()
            }
            RingId::User(_) => return Ok(Vec::new()),
        };
        let kind = core::mem::discriminant(&ring);
        Ok(members
            .keys()
            .filter_map(MemberId::ring)
            .filter(|member| core::mem::discriminant(member) == kind)
            .collect())
    }
}
