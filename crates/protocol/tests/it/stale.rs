//! When somebody below loses a right, every ring above must rotate: which, in which order, and once.

use wardseal_protocol::{
    Refusal,
    op::{Cause, Op, Rights, Role, Rotation},
    state::World as _,
};
use wardseal_testkit::{Person, Town};
use wardseal_types::{GroupId, MemberId, RingId, SessionId};

struct Tower {
    town: Town,
    alice: Person,
    bob: Person,
    inner: GroupId,
    outer: GroupId,
    parent: SessionId,
    child: SessionId,
}

/// Bob is in a group, in a group, in a session, with a session below.
fn tower() -> Tower {
    let mut town = Town::new(41);
    let (alice, bob) = (town.person(), town.person());
    let members = [(alice.member(), Role::Admin), (bob.member(), Role::Member)];
    let inner = town.group(&alice, &members).expect("a group");
    let members = [(alice.member(), Role::Admin), (inner.into(), Role::Member)];
    let outer = town.group(&alice, &members).expect("a group");
    let grants = [
        (alice.member(), Rights::MANAGE),
        (outer.into(), Rights::READ),
    ];
    let parent = town.session(&alice, &grants).expect("a session");
    let grants = [
        (alice.member(), Rights::MANAGE),
        (parent.into(), Rights::READ),
    ];
    let child = town.session(&alice, &grants).expect("a session");
    Tower {
        town,
        alice,
        bob,
        inner,
        outer,
        parent,
        child,
    }
}

impl Tower {
    fn stale(&self) -> Vec<RingId> {
        let child = self.town.states.session(&self.child).expect("known");
        child.ring.stale(&self.town.states)
    }

    fn rotate(&mut self, ring: RingId) -> Result<(), Refusal> {
        let op = match ring {
            RingId::Group(id) => self.town.op_rotate(id),
            RingId::Session(id) => self.town.op_rotate_session(id),
            RingId::User(_) => panic!("users rotate by themselves"),
        };
        self.town.say(&self.alice, ring, op).map(|_| ())
    }
}

#[test]
fn a_lost_device_makes_everything_above_stale_in_the_order_of_repair() {
    let mut tower = tower();
    assert!(tower.stale().is_empty());
    tower.town.lose_device(&tower.bob).expect("a loss");
    let all = [
        RingId::Group(tower.inner),
        RingId::Group(tower.outer),
        RingId::Session(tower.parent),
        RingId::Session(tower.child),
    ];
    assert_eq!(tower.stale(), all);
    for (index, ring) in all.into_iter().enumerate() {
        tower.rotate(ring).expect("names its cause");
        assert_eq!(tower.stale(), all[index + 1..]);
    }
    // Answered once: nothing is left to answer, and an answer of nothing is refused.
    for ring in all {
        let causes = match ring {
            RingId::Group(id) => tower
                .town
                .states
                .group(&id)
                .map(|s| s.ring.causes(&tower.town.states)),
            RingId::Session(id) => tower
                .town
                .states
                .session(&id)
                .map(|s| s.ring.causes(&tower.town.states)),
            RingId::User(_) => None,
        };
        assert_eq!(causes, Some(Vec::new()));
    }
}

#[test]
fn a_removal_two_levels_below_is_a_cause_on_each_level() {
    let mut tower = tower();
    let op = tower.town.op_remove(tower.inner, &[tower.bob.member()]);
    tower
        .town
        .say(&tower.alice, tower.inner, op)
        .expect("removed");
    assert_eq!(
        tower.stale(),
        [
            RingId::Group(tower.outer),
            RingId::Session(tower.parent),
            RingId::Session(tower.child)
        ]
    );
    let outer = tower.town.states.group(&tower.outer).expect("known");
    let cause = Cause {
        member: tower.inner.into(),
        epoch: 1,
    };
    assert_eq!(outer.ring.causes(&tower.town.states), [cause]);
    // In the wrong order nothing is repaired.
    tower
        .rotate(RingId::Session(tower.parent))
        .expect("may rotate");
    assert_eq!(tower.stale().len(), 3);
}

#[test]
fn a_wish_for_a_new_key_makes_nothing_stale() {
    let mut tower = tower();
    let op = tower.town.op_rotate_user(&tower.bob);
    tower
        .town
        .say(&tower.bob, tower.bob.id, op)
        .expect("rotated");
    tower.rotate(RingId::Group(tower.inner)).expect("rotated");
    assert!(tower.stale().is_empty());
    let inner = tower.town.states.group(&tower.inner).expect("known");
    assert_eq!(inner.ring.newest().map(|epoch| epoch.lossy), Some(false));
}

#[test]
fn an_answer_that_is_not_named_is_refused() {
    let mut tower = tower();
    tower.town.lose_device(&tower.bob).expect("a loss");
    let members = tower.town.members(tower.inner);
    let epoch = tower.town.next_epoch(tower.inner, &members);
    let rotation = Rotation {
        epoch,
        causes: Vec::new(),
    };
    let op = Op::GroupRotate(rotation);
    assert_eq!(
        tower.town.say(&tower.bob, tower.inner, op).err(),
        Some(Refusal::BadCause)
    );
}

#[test]
fn somebody_who_joins_a_stale_group_does_not_hide_the_loss_from_above() {
    let mut tower = tower();
    tower.town.lose_device(&tower.bob).expect("a loss");
    let carol = tower.town.person();
    let op = tower
        .town
        .op_join(tower.inner, carol.member(), Role::Member);
    tower
        .town
        .say(&tower.alice, tower.inner, op)
        .expect("joined");
    let inner = tower.town.states.group(&tower.inner).expect("known");
    assert!(
        inner.ring.causes(&tower.town.states).is_empty(),
        "the boxes answer it"
    );
    assert_eq!(inner.ring.newest().map(|epoch| epoch.lossy), Some(true));
    assert_eq!(tower.stale().first(), Some(&RingId::Group(tower.outer)));
    // Whoever joins a group that lost nothing leaves the rings above alone.
    let mut fresh = self::tower();
    let carol = fresh.town.person();
    let op = fresh
        .town
        .op_join(fresh.inner, carol.member(), Role::Member);
    fresh
        .town
        .say(&fresh.alice, fresh.inner, op)
        .expect("joined");
    assert!(fresh.stale().is_empty());
}

#[test]
fn a_revoked_parent_shuts_out_of_the_children() {
    let mut tower = tower();
    let op = tower.town.op_revoke(tower.parent, &[tower.outer.into()]);
    tower
        .town
        .say(&tower.alice, tower.parent, op)
        .expect("revoked");
    assert_eq!(tower.stale(), [RingId::Session(tower.child)]);
    let child = tower.town.states.session(&tower.child).expect("known");
    let now = wardseal_protocol::state::NOW;
    assert_eq!(
        child.rights_at(&tower.bob.id, now, &tower.town.states),
        None
    );
    let op = tower.town.op_rotate_session(tower.child);
    assert_eq!(
        tower.town.say(&tower.bob, tower.child, op).err(),
        Some(Refusal::NotAuthorised)
    );
    let member = MemberId::Session(tower.parent);
    let cause = Cause { member, epoch: 1 };
    assert_eq!(child_causes(&tower), [cause]);
}

fn child_causes(tower: &Tower) -> Vec<Cause> {
    let child = tower.town.states.session(&tower.child).expect("known");
    child.ring.causes(&tower.town.states)
}
