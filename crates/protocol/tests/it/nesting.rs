//! Groups within groups and sessions under sessions: how deep, in which direction, and at what cost.

use wardseal_protocol::{
    Refusal,
    op::{Rights, Role},
    state::{NOW, World as _},
};
use wardseal_testkit::{Person, Town};
use wardseal_types::{GroupId, MemberId, SessionId, limits};

/// `levels` groups, each in the next one, the first with `person` in it: from inside to outside.
fn nested(town: &mut Town, owner: &Person, person: &Person, levels: usize) -> Vec<GroupId> {
    let mut groups = Vec::new();
    let mut member = person.member();
    for _ in 0..levels {
        let members = [(owner.member(), Role::Admin), (member, Role::Member)];
        let group = town.group(owner, &members).expect("a group");
        groups.push(group);
        member = group.into();
    }
    groups
}

#[test]
fn eight_levels_within_a_group_and_not_nine() {
    let mut town = Town::new(31);
    let (alice, bob) = (town.person(), town.person());
    let groups = nested(&mut town, &alice, &bob, limits::MAX_NESTING + 1);
    assert_eq!(groups.len(), 9, "one outside, eight within");
    let outermost = town
        .states
        .group(groups.last().expect("groups"))
        .expect("known");
    assert_eq!(
        outermost.role_at(&bob.id, NOW, &town.states),
        Some(Role::Member)
    );
    let last = MemberId::Group(groups[8]);
    let deeper = [(alice.member(), Role::Admin), (last, Role::Member)];
    assert_eq!(town.group(&alice, &deeper), Err(Refusal::TooLarge));
    // Added to an existing group, the same.
    let empty = town
        .group(&alice, &[(alice.member(), Role::Admin)])
        .expect("a group");
    let op = town.op_add(empty, last, Role::Member);
    assert_eq!(town.say(&alice, empty, op).err(), Some(Refusal::TooLarge));
    let op = town.op_add(empty, MemberId::Group(groups[7]), Role::Member);
    assert!(town.say(&alice, empty, op).is_ok());
}

#[test]
fn a_session_sees_eight_levels_into_a_group() {
    let mut town = Town::new(32);
    let (alice, bob) = (town.person(), town.person());
    let groups = nested(&mut town, &alice, &bob, limits::MAX_NESTING + 1);
    let grants = [
        (alice.member(), Rights::MANAGE),
        (groups[8].into(), Rights::SHARE),
    ];
    let session = town.session(&alice, &grants).expect("a session");
    let state = town.states.session(&session).expect("known");
    assert_eq!(
        state.rights_at(&bob.id, NOW, &town.states),
        Some(Rights::SHARE)
    );
    let op = town.op_rotate_session(session);
    assert!(town.say(&bob, session, op).is_ok());
}

#[test]
fn parents_go_eight_levels_up_and_not_nine() {
    let mut town = Town::new(33);
    let (alice, bob) = (town.person(), town.person());
    let top = [
        (alice.member(), Rights::MANAGE),
        (bob.member(), Rights::SHARE),
    ];
    let mut sessions = vec![town.session(&alice, &top).expect("a session")];
    for _ in 0..limits::MAX_PARENTS {
        let parent = MemberId::Session(sessions[sessions.len() - 1]);
        let grants = [(alice.member(), Rights::MANAGE), (parent, Rights::MANAGE)];
        sessions.push(town.session(&alice, &grants).expect("a child"));
    }
    let lowest = town.states.session(&sessions[8]).expect("known");
    assert_eq!(
        lowest.rights_at(&bob.id, NOW, &town.states),
        Some(Rights::SHARE)
    );
    let grants = [
        (alice.member(), Rights::MANAGE),
        (sessions[8].into(), Rights::READ),
    ];
    assert_eq!(town.session(&alice, &grants), Err(Refusal::TooLarge));
}

#[test]
fn nothing_contains_itself_at_any_distance() {
    let mut town = Town::new(34);
    let (alice, bob) = (town.person(), town.person());
    let groups = nested(&mut town, &alice, &bob, 4);
    for (index, inner) in groups.iter().enumerate() {
        for outer in &groups[index + 1..] {
            let op = town.op_add(*inner, MemberId::Group(*outer), Role::Member);
            assert_eq!(town.say(&alice, *inner, op).err(), Some(Refusal::Cycle));
        }
    }
    let mut sessions: Vec<SessionId> = Vec::new();
    for _ in 0..4 {
        let mut grants = vec![(alice.member(), Rights::MANAGE)];
        grants.extend(
            sessions
                .last()
                .map(|parent| (MemberId::Session(*parent), Rights::READ)),
        );
        sessions.push(town.session(&alice, &grants).expect("a session"));
    }
    for (index, parent) in sessions.iter().enumerate() {
        for child in &sessions[index + 1..] {
            let op = town.op_grant(*parent, MemberId::Session(*child), Rights::READ);
            assert_eq!(town.say(&alice, *parent, op).err(), Some(Refusal::Cycle));
        }
    }
}

/// Eight layers of twelve groups, each in all groups of the next layer: 12^8 paths, 96 groups. A
/// search along paths would not end.
#[test]
fn diamonds_cost_what_their_groups_cost() {
    let mut town = Town::new(35);
    let (alice, bob, carol) = (town.person(), town.person(), town.person());
    let mut layer = vec![(bob.member(), Role::Member)];
    for _ in 0..limits::MAX_NESTING {
        let mut members = layer.clone();
        members.push((alice.member(), Role::Admin));
        layer = (0..12)
            .map(|_| {
                let group = town.group(&alice, &members).expect("a group");
                (MemberId::Group(group), Role::Member)
            })
            .collect();
    }
    let mut members = layer.clone();
    members.push((alice.member(), Role::Admin));
    let top = town.group(&alice, &members).expect("a group");
    let state = town.states.group(&top).expect("known");
    assert_eq!(
        state.role_at(&bob.id, NOW, &town.states),
        Some(Role::Member)
    );
    assert_eq!(state.role_at(&carol.id, NOW, &town.states), None);
    assert!(state.ring.stale(&town.states).is_empty());

    let mut grants: Vec<_> = layer
        .iter()
        .map(|(member, _)| (*member, Rights::READ))
        .collect();
    grants.push((alice.member(), Rights::MANAGE));
    for _ in 0..limits::MAX_PARENTS {
        let parents: Vec<_> = (0..4)
            .map(|_| MemberId::Session(town.session(&alice, &grants).expect("a session")))
            .collect();
        grants = parents
            .into_iter()
            .map(|parent| (parent, Rights::READ))
            .collect();
        grants.push((alice.member(), Rights::MANAGE));
    }
    let session = town.session(&alice, &grants).expect("a session");
    let state = town.states.session(&session).expect("known");
    assert_eq!(
        state.rights_at(&bob.id, NOW, &town.states),
        Some(Rights::READ)
    );
    assert_eq!(state.rights_at(&carol.id, NOW, &town.states), None);
    // One loss at the bottom: everything above is stale, found once.
    town.lose_device(&bob).expect("a loss");
    let state = town.states.session(&session).expect("known");
    assert_eq!(state.ring.stale(&town.states).len(), 96 + 32 + 1);
}
