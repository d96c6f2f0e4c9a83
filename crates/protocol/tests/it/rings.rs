//! Seeds, boxes and ladders: who opens what.

use wardseal_crypto::CryptoError;
use wardseal_protocol::{
    keys::DeviceKind,
    op::{Op, Rights, Role},
    ring::{BoxContext, LinkContext, Opener, RingKind, Sealed, SealedBox},
    state::{NOW, World as _},
};
use wardseal_testkit::Town;
use wardseal_types::{Base64Url, FixedBytes, MemberId, RingId};

use crate::refusals::cast;

#[test]
fn every_member_opens_the_newest_box_and_walks_back() {
    let mut cast = cast();
    for _ in 0..3 {
        let op = cast.town.op_rotate(cast.group);
        cast.town.say(&cast.bob, cast.group, op).expect("rotated");
    }
    let town = &cast.town;
    let ring = RingId::Group(cast.group);
    let state = town.states.group(&cast.group).expect("known");
    for person in [&cast.alice, &cast.bob] {
        let reference = state.ring.recipients().get(&person.member()).unwrap();
        let sealed = town.box_of(ring, 3, reference).expect("a box");
        let commitment = state.ring.epoch(3).expect("an epoch").declared.commitment;
        let context = town.context(ring, 3, reference);
        let seed = context.open(sealed, Opener::Ring(town.newest(person.id)), &commitment);
        let seed = seed.expect("the member's box");
        for wanted in 0..=3 {
            let found = state
                .ring
                .seed_of(&town.tenant, 3, &seed, wanted)
                .expect("down the ladder");
            let index = usize::try_from(wanted).expect("small");
            assert!(found.secret().ct_eq(town.seeds[&ring][index].secret()));
        }
        // Never forward, however old the seed.
        for held in 0..3 {
            let old = &town.seeds[&ring][usize::try_from(held).expect("small")];
            for wanted in held + 1..=4 {
                let found = state.ring.seed_of(&town.tenant, held, old, wanted);
                assert_eq!(found.err(), Some(CryptoError::Rejected));
            }
        }
        // A seed that is not that of the epoch is noticed before it is used.
        let other = town.newest(cast.session);
        assert!(state.ring.seed_of(&town.tenant, 3, other, 0).is_err());
        assert!(state.ring.seed_of(&town.tenant, 9, &seed, 0).is_err());
    }
}

#[test]
fn a_ladder_ends_where_members_joined_without_history() {
    let mut cast = cast();
    let op = cast.town.op_rotate(cast.group);
    cast.town.say(&cast.alice, cast.group, op).expect("epoch 1");
    let op = cast
        .town
        .op_join(cast.group, cast.carol.member(), Role::Member);
    cast.town
        .say(&cast.alice, cast.group, op)
        .expect("epoch 2, without link");
    let op = cast.town.op_rotate(cast.group);
    cast.town.say(&cast.carol, cast.group, op).expect("epoch 3");
    let town = &cast.town;
    let state = town.states.group(&cast.group).expect("known");
    let newest = town.newest(cast.group);
    assert!(state.ring.seed_of(&town.tenant, 3, newest, 2).is_ok());
    for hidden in [0, 1] {
        let found = state.ring.seed_of(&town.tenant, 3, newest, hidden);
        assert_eq!(found.err(), Some(CryptoError::Rejected));
    }
    // Earlier members keep what they hold of the time before.
    let before = &town.seeds[&RingId::Group(cast.group)][1];
    assert!(state.ring.seed_of(&town.tenant, 1, before, 0).is_ok());
}

#[test]
fn a_link_opens_in_its_own_place_only() {
    let mut cast = cast();
    let op = cast.town.op_rotate(cast.group);
    cast.town.say(&cast.alice, cast.group, op).expect("epoch 1");
    let town = &cast.town;
    let state = town.states.group(&cast.group).expect("known");
    let link = state
        .ring
        .epoch(1)
        .and_then(|epoch| epoch.declared.link.clone())
        .expect("a link");
    let seed = town.newest(cast.group);
    let here = LinkContext {
        tenant: &town.tenant,
        ring: cast.group.into(),
        epoch: 1,
    };
    assert!(seed.open_link(here, &link).is_ok());
    let abroad = Town::new(9).tenant;
    for elsewhere in [
        LinkContext {
            tenant: &abroad,
            ..here
        },
        LinkContext {
            ring: cast.session.into(),
            ..here
        },
        LinkContext { epoch: 2, ..here },
    ] {
        assert_eq!(
            seed.open_link(elsewhere, &link).err(),
            Some(CryptoError::Rejected)
        );
    }
    for at in 0..link.as_slice().len() {
        let mut altered = link.clone();
        altered.0[at] ^= 1;
        assert!(seed.open_link(here, &altered).is_err(), "byte {at}");
    }
    assert!(town.newest(cast.alice.id).open_link(here, &link).is_err());
}

#[test]
fn a_box_opens_in_its_own_context_only() {
    let mut cast = cast();
    let town = &mut cast.town;
    let abroad = Town::new(9).tenant;
    let ring = RingId::Group(cast.group);
    let reference = town.references(ring)[0].clone();
    let owner = if reference.member == cast.alice.member() {
        &cast.alice
    } else {
        &cast.bob
    };
    let stranger = if reference.member == cast.alice.member() {
        &cast.bob
    } else {
        &cast.alice
    };
    let context = town.context(ring, 0, &reference);
    let seed = town.newest(ring).clone();
    let commitment = seed.commitment(RingKind::Group);
    let own = town.newest(owner.id);
    let hpke = town.box_of(ring, 0, &reference).expect("a box").clone();
    let mut rng = wardseal_testkit::seeded(5);
    let wrap = context
        .wrap(&own.wrap_key(), &seed, &mut rng)
        .expect("wraps");
    let other = FixedBytes([8; 32]);
    for sealed in [&hpke, &wrap] {
        assert!(context.open(sealed, Opener::Ring(own), &commitment).is_ok());
        let elsewhere = [
            BoxContext {
                tenant: abroad,
                ..context
            },
            BoxContext {
                ring: cast.session.into(),
                ..context
            },
            BoxContext {
                epoch: 1,
                ..context
            },
            BoxContext {
                member: stranger.member(),
                ..context
            },
            BoxContext {
                member_epoch: 1,
                ..context
            },
            BoxContext {
                key: other,
                ..context
            },
        ];
        for (index, elsewhere) in elsewhere.into_iter().enumerate() {
            // With the header as it is, and with a header that says what the context says.
            let mut relabelled = sealed.clone();
            relabelled.ring = elsewhere.ring;
            relabelled.epoch = elsewhere.epoch;
            relabelled.member = elsewhere.member;
            relabelled.member_epoch = elsewhere.member_epoch;
            for sealed in [sealed, &relabelled] {
                let opened = elsewhere.open(sealed, Opener::Ring(own), &commitment);
                assert_eq!(opened.err(), Some(CryptoError::Rejected), "{index}");
            }
        }
        // Another's key, another's commitment, a device where a ring is asked.
        let with = |opener, commitment| context.open(sealed, opener, commitment).err();
        let rejected = Some(CryptoError::Rejected);
        assert_eq!(
            with(Opener::Ring(town.newest(stranger.id)), &commitment),
            rejected
        );
        assert_eq!(with(Opener::Ring(own), &other), rejected);
        assert_eq!(
            with(Opener::Device(&owner.device.kem), &commitment),
            rejected
        );
    }
    // Made with the right key for a box that names another: only the naming is wrong.
    let misnamed = BoxContext {
        key: other,
        ..context
    };
    let sealed = misnamed
        .wrap(&own.wrap_key(), &seed, &mut rng)
        .expect("wraps");
    assert_eq!(
        misnamed.open(&sealed, Opener::Ring(own), &commitment).err(),
        Some(CryptoError::Rejected)
    );
    // What is sealed one way does not open the other way.
    let (Sealed::Hpke(inner), Sealed::Wrap(wrapped)) = (&hpke.sealed, &wrap.sealed) else {
        panic!("the two ways");
    };
    for sealed in [Sealed::Wrap(inner.clone()), Sealed::Hpke(wrapped.clone())] {
        let crossed = SealedBox {
            sealed,
            ..hpke.clone()
        };
        assert!(
            context
                .open(&crossed, Opener::Ring(own), &commitment)
                .is_err()
        );
    }
}

#[test]
fn a_sender_who_gives_two_members_two_seeds_is_found_out() {
    let mut cast = cast();
    let town = &mut cast.town;
    let members = town.members(cast.group);
    let mut epoch = town.next_epoch(cast.group, &members);
    let lie = town.seed(RingKind::Group);
    let index = epoch
        .boxes
        .iter()
        .position(|b| b.member == cast.bob.member())
        .expect("bob's box");
    epoch.boxes[index] = town.seal(cast.group.into(), 1, cast.bob.member(), &lie);
    let op = Op::GroupRotate(wardseal_protocol::op::Rotation {
        epoch,
        causes: Vec::new(),
    });
    town.say(&cast.alice, cast.group, op)
        .expect("nobody can tell yet");
    let state = town.states.group(&cast.group).expect("known");
    let reference = state.ring.recipients().get(&cast.bob.member()).unwrap();
    let sealed = town
        .box_of(cast.group.into(), 1, reference)
        .expect("the box");
    let context = town.context(cast.group.into(), 1, reference);
    let commitment = state.ring.epoch(1).expect("an epoch").declared.commitment;
    let opened = context.open(sealed, Opener::Ring(town.newest(cast.bob.id)), &commitment);
    assert_eq!(opened.err(), Some(CryptoError::Rejected));
}

#[test]
fn a_published_key_that_is_not_the_seeds_is_found_out() {
    let mut cast = cast();
    let town = &mut cast.town;
    let members = town.members(cast.group);
    let seed = town.seed(RingKind::Group);
    let mut epoch = town.epoch_with(cast.group, &members, &seed);
    assert!(epoch.check_seed(RingKind::Group, &seed).is_ok());
    // The author's own key: whatever others seal to the group, he alone would open.
    epoch.kem = Some(town.person_key(&cast.alice));
    assert_eq!(
        epoch.check_seed(RingKind::Group, &seed),
        Err(CryptoError::Rejected)
    );
    epoch.kem = None;
    assert_eq!(
        epoch.check_seed(RingKind::Group, &seed),
        Err(CryptoError::Rejected)
    );
    let other = town.seed(RingKind::Group);
    let good = town.epoch_with(cast.group, &members, &other);
    assert_eq!(
        good.check_seed(RingKind::Group, &seed),
        Err(CryptoError::Rejected)
    );
    assert_eq!(
        good.check_seed(RingKind::User, &other),
        Err(CryptoError::Rejected)
    );
}

#[test]
fn a_removed_member_opens_nothing_that_is_sealed_afterwards() {
    let mut cast = cast();
    let old = cast.town.newest(cast.group).clone();
    let op = cast.town.op_remove(cast.group, &[cast.bob.member()]);
    cast.town.say(&cast.alice, cast.group, op).expect("removed");
    let town = &cast.town;
    let state = town.states.group(&cast.group).expect("known");
    assert!(!state.ring.recipients().contains_key(&cast.bob.member()));
    let bob = town.newest(cast.bob.id);
    let commitment = state.ring.epoch(1).expect("an epoch").declared.commitment;
    for sealed in town
        .boxes
        .iter()
        .filter(|b| b.ring == cast.group.into() && b.epoch == 1)
    {
        let reference = state.ring.recipients().get(&sealed.member).unwrap();
        let context = town.context(cast.group.into(), 1, reference);
        for seed in [bob, &old] {
            assert!(
                context
                    .open(sealed, Opener::Ring(seed), &commitment)
                    .is_err()
            );
        }
    }
    assert!(state.ring.seed_of(&town.tenant, 0, &old, 1).is_err());
}

#[test]
fn whoever_comes_back_without_history_does_not_get_the_time_between() {
    let mut cast = cast();
    let town = &mut cast.town;
    let op = town.op_remove(cast.group, &[cast.bob.member()]);
    town.say(&cast.alice, cast.group, op)
        .expect("epoch 1, without Bob");
    let op = town.op_join(cast.group, cast.bob.member(), Role::Member);
    town.say(&cast.alice, cast.group, op)
        .expect("epoch 2, with Bob");
    let state = town.states.group(&cast.group).expect("known");
    let seed = town.newest(cast.group);
    assert!(state.ring.seed_of(&town.tenant, 2, seed, 1).is_err());
    let first = &town.seeds[&RingId::Group(cast.group)][0];
    assert!(state.ring.seed_of(&town.tenant, 0, first, 0).is_ok());
    // The history of his membership has a gap, and the roles at each time are those of that time.
    let role = |position| state.ring.member_at(&cast.bob.member(), position);
    let changes = state
        .ring
        .histories()
        .get(&cast.bob.member())
        .unwrap()
        .changes()
        .to_vec();
    assert_eq!(changes.len(), 3);
    let at = |index: usize| changes[index].0;
    assert_eq!(
        role(at(0)),
        None,
        "a statement at the very position is judged by what held before"
    );
    assert_eq!(role(at(0) + 1), Some(Role::Member));
    assert_eq!(role(at(1)), Some(Role::Member));
    assert_eq!(role(at(1) + 1), None);
    assert_eq!(role(at(2)), None);
    assert_eq!(role(NOW), Some(Role::Member));
}

#[test]
fn a_device_gets_the_present_seed_and_a_revoked_one_nothing_more() {
    let mut cast = cast();
    let town = &mut cast.town;
    let second = town.device(DeviceKind::Ordinary);
    let op = town.op_add_device(&cast.alice, &second);
    town.say(&cast.alice, cast.alice.id, op).expect("added");
    let ring = RingId::User(cast.alice.id);
    let open = |town: &Town, epoch: u32| {
        let state = town.states.user(&cast.alice.id).expect("known");
        let reference = state.ring.recipients().get(&second.member())?;
        let sealed = town.box_of(ring, epoch, reference)?;
        let commitment = state.ring.epoch(epoch)?.declared.commitment;
        let context = town.context(ring, epoch, reference);
        context
            .open(sealed, Opener::Device(&second.kem), &commitment)
            .ok()
    };
    assert!(open(town, 0).is_some());
    let op = town.op_revoke_device(&cast.alice, &[second.member()]);
    town.say(&cast.alice, cast.alice.id, op).expect("revoked");
    assert!(open(town, 1).is_none());
}

#[test]
fn a_box_answers_the_reference_that_its_statement_lists_and_no_other() {
    let mut cast = cast();
    let op = cast.town.op_rotate_session(cast.session);
    cast.town
        .say(&cast.alice, cast.session, op)
        .expect("rotated");
    let ring = RingId::Session(cast.session);
    let state = cast.town.states.session(&cast.session).expect("known");
    let reference = state.ring.recipients().get(&cast.alice.member()).unwrap();
    let sealed = cast.town.box_of(ring, 1, reference).expect("a box");
    assert_eq!(
        SealedBox::decode(&wardseal_protocol::cbor::encode(sealed)).as_ref(),
        Ok(sealed)
    );
    assert!(sealed.answers(ring, 1, reference));
    assert!(!sealed.answers(ring, 0, reference));
    assert!(!sealed.answers(cast.group.into(), 1, reference));
    assert!(!sealed.answers(
        ring,
        1,
        state.ring.recipients().get(&cast.bob.member()).unwrap()
    ));
    let mut other = sealed.clone();
    other.sealed = Sealed::Wrap(Base64Url(vec![0; 90]));
    assert!(
        !other.answers(ring, 1, reference),
        "the hash is in the statement"
    );
    for suite in [0, 2, 256] {
        let bytes = wardseal_protocol::cbor::encode(&SealedBox {
            suite,
            ..sealed.clone()
        });
        assert!(SealedBox::decode(&bytes).is_err());
    }
}

#[test]
fn whoever_opens_the_parent_opens_the_child() {
    let mut cast = cast();
    let grants = [
        (cast.alice.member(), Rights::MANAGE),
        (cast.session.into(), Rights::READ),
    ];
    let child = cast.town.session(&cast.alice, &grants).expect("a child");
    let town = &cast.town;
    let state = town.states.session(&child).expect("known");
    let reference = state
        .ring
        .recipients()
        .get(&MemberId::Session(cast.session))
        .unwrap();
    let sealed = town.box_of(child.into(), 0, reference).expect("a box");
    let commitment = state.ring.epoch(0).expect("an epoch").declared.commitment;
    let context = town.context(child.into(), 0, reference);
    let parent = Opener::Ring(town.newest(cast.session));
    assert!(context.open(sealed, parent, &commitment).is_ok());
    assert!(
        context
            .open(sealed, Opener::Ring(town.newest(cast.group)), &commitment)
            .is_err()
    );
    let rights = |person: &wardseal_testkit::Person| state.rights_at(&person.id, NOW, &town.states);
    assert_eq!(rights(&cast.bob), Some(Rights::READ));
    assert_eq!(rights(&cast.carol), None);
}
