//! What whoever appends checks beyond [`fold`](crate::fold): that seeds are sealed to the newest
//! keys, and that rings do not contain themselves. A reader of old history need not: it takes the
//! chains of all members, and concerns only how well the author did his work.

use wardseal_types::{GroupId, MemberId, RingId, SessionId, limits};

use crate::{op::Op, refusal::Refusal, ring::BoxRef, state::World, statement::Statement};

/// Checks that every box of `statement` is for the newest key of its member, that no member is a
/// dissolved group, and that nesting stays finite. `world` must know the chains of all members that
/// are not devices.
///
/// # Errors
/// [`Refusal::StaleRecipient`], [`Refusal::NotAMember`] for an unknown member, [`Refusal::Cycle`],
/// [`Refusal::TooLarge`], [`Refusal::Dissolved`].
pub fn check(statement: &Statement, world: &dyn World) -> Result<(), Refusal> {
    let op = &statement.body().op;
    let boxes = op.epoch().map(|epoch| epoch.boxes.as_slice());
    for reference in boxes.unwrap_or_default().iter().chain(op.entry()) {
        check_newest(reference, world)?;
    }
    for member in entering(op) {
        match (statement.chain().into_ring(), member) {
            (Some(RingId::Group(outer)), MemberId::Group(inner)) => {
                check_group(outer, inner, world, limits::MAX_NESTING)?;
            }
            (Some(RingId::Session(_)), MemberId::Group(inner)) => {
                check_alive(inner, world)?;
            }
            (Some(RingId::Session(outer)), MemberId::Session(parent)) => {
                check_session(outer, parent, world, limits::MAX_PARENTS)?;
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
    if matches!(reference.member, MemberId::Device(_)) {
        return Ok(());
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
        Some(_) => Ok(()),
        None => Err(Refusal::UnknownGroup(group)),
    }
}

fn check_group(
    outer: GroupId,
    inner: GroupId,
    world: &dyn World,
    depth: usize,
) -> Result<(), Refusal> {
    if outer == inner {
        return Err(Refusal::Cycle);
    }
    check_alive(inner, world)?;
    let deeper = depth.checked_sub(1).ok_or(Refusal::TooLarge)?;
    let state = world.group(&inner).ok_or(Refusal::UnknownGroup(inner))?;
    for (member, _) in state.ring.members() {
        if let MemberId::Group(next) = member {
            check_group(outer, next, world, deeper)?;
        }
    }
    Ok(())
}

fn check_session(
    outer: SessionId,
    parent: SessionId,
    world: &dyn World,
    depth: usize,
) -> Result<(), Refusal> {
    if outer == parent {
        return Err(Refusal::Cycle);
    }
    let deeper = depth.checked_sub(1).ok_or(Refusal::TooLarge)?;
    let state = world
        .session(&parent)
        .ok_or(Refusal::UnknownSession(parent))?;
    for (member, _) in state.ring.members() {
        if let MemberId::Session(next) = member {
            check_session(outer, next, world, deeper)?;
        }
    }
    Ok(())
}
