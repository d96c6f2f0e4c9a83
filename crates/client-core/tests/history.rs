//! What a session's chain tells: who did what, and how everybody came in.
#![expect(
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use wardseal_client_core::{
    Error, Misbehaviour,
    compose::Visibility,
    history::{Event, How, Recipient, What, events, recipients},
};
use wardseal_protocol::{
    escrow::Policy,
    op::{Grant, Op, Rights},
    state::World as _,
};
use wardseal_testkit::{Person, Town};
use wardseal_types::{Base64Url, ChainId, MemberId, SessionId};

/// A session as the town's log has it.
fn told(town: &Town, session: SessionId) -> Vec<Event> {
    let own = (0..)
        .zip(&town.log)
        .filter(|(_, statement)| statement.chain() == ChainId::from(session))
        .map(|(position, statement): (u64, _)| (statement.bytes(), position));
    events(own).unwrap()
}

/// Who is a recipient, and it is who the rules say.
fn present(town: &Town, session: SessionId) -> Vec<Recipient> {
    let found = recipients(&told(town, session));
    let state = town.states.session(&session).unwrap();
    let by_rules: Vec<_> = state.ring.members().collect();
    let listed = found.iter().map(|found| (found.member, found.rights));
    assert_eq!(listed.collect::<Vec<_>>(), by_rules);
    found
}

fn one(all: &[Recipient], member: MemberId) -> Recipient {
    *all.iter().find(|found| found.member == member).unwrap()
}

fn session(town: &mut Town, alice: &Person, bob: &Person) -> SessionId {
    let mut grants = [
        (alice.member(), Rights::MANAGE),
        (bob.member(), Rights::SHARE),
    ];
    grants.sort_by_key(|(member, _)| *member);
    town.session(alice, &grants).unwrap()
}

#[test]
fn every_recipient_has_who_let_it_in_and_who_changed_it() {
    let mut town = Town::new(21);
    let (alice, bob, carol) = (town.person(), town.person(), town.person());
    let session = session(&mut town, &alice, &bob);
    let genesis = town.next_position() - 1;
    let op = town.op_grant(session, carol.member(), Rights::READ);
    let granted = town.next_position();
    town.say(&bob, session, op).unwrap();
    let op = Op::SetRights(Grant {
        member: carol.member(),
        rights: Rights::SHARE,
    });
    town.say(&alice, session, op).unwrap();

    let all = present(&town, session);
    let first = one(&all, bob.member());
    assert_eq!((first.how, first.by), (How::Created, alice.id));
    assert_eq!((first.device, first.position), (alice.device.id, genesis));
    assert_eq!((first.time, first.changed), (town.now, None));
    let later = one(&all, carol.member());
    assert_eq!((later.how, later.by), (How::Granted, bob.id));
    assert_eq!((later.device, later.position), (bob.device.id, granted));
    assert_eq!(later.rights, Rights::SHARE);
    assert_eq!(later.changed.map(|changed| changed.by), Some(alice.id));

    // Who comes again begins anew.
    let op = town.op_revoke(session, &[carol.member()]);
    town.say(&alice, session, op).unwrap();
    assert_eq!(present(&town, session).len(), 2);
    let op = town.op_grant_join(session, carol.member(), Rights::READ);
    town.say(&alice, session, op).unwrap();
    let again = one(&present(&town, session), carol.member());
    assert_eq!((again.by, again.changed), (alice.id, None));

    let op = town.op_rotate_session(session);
    town.say(&bob, session, op).unwrap();
    town.say(&bob, session, Op::Describe(3, Base64Url(vec![1; 80])))
        .unwrap();
    town.say(&alice, session, Op::End).unwrap();
    assert_eq!(present(&town, session), []);
    let told = told(&town, session);
    let carol = carol.member();
    let expected = [
        What::Granted {
            member: carol,
            rights: Rights::READ,
            visibility: Visibility::Full,
        },
        What::RightsSet {
            member: carol,
            rights: Rights::SHARE,
        },
        What::Revoked {
            members: vec![carol],
        },
        What::Granted {
            member: carol,
            rights: Rights::READ,
            visibility: Visibility::FromJoin,
        },
        What::Rotated { causes: Vec::new() },
        What::Described,
        What::Ended,
    ];
    let (first, rest) = told.split_first().unwrap();
    assert!(
        matches!(&first.what, What::Created { recipients, label: None } if recipients.len() == 2)
    );
    let rest: Vec<_> = rest.iter().map(|event| event.what.clone()).collect();
    assert_eq!(rest, expected);
    let places: Vec<_> = told.iter().map(|event| event.position).collect();
    assert!(places.is_sorted());
}

#[test]
fn who_was_awaited_claimed_or_was_let_in() {
    let mut town = Town::new(22);
    let (alice, bob) = (town.person(), town.person());
    let session = session(&mut town, &alice, &bob);
    let mut awaited = Vec::new();
    for (name, policy) in [("dora", Policy::Verified), ("emil", Policy::Confirmed)] {
        let pending = town.awaits(&alice, name, policy);
        let op = town.op_grant(session, pending.into(), Rights::READ);
        town.say(&bob, session, op).unwrap();
        let found = one(&present(&town, session), pending.into());
        assert_eq!((found.how, found.by), (How::Granted, bob.id));
        let person = town.person();
        let op = town.op_bind(&person, name);
        town.say(&person, person.id, op).unwrap();
        awaited.push((pending, person));
    }
    let [(first, dora), (second, emil)] = awaited.as_slice() else {
        panic!("two");
    };
    let op = town.op_claim(session, *first, dora.member());
    town.say(dora, session, op).unwrap();
    let mut claim = town.claim(session, *second, emil.member());
    (claim.server, claim.tenant) = (None, None);
    town.say(&bob, session, Op::Claim(Box::new(claim))).unwrap();

    let all = present(&town, session);
    let came = one(&all, dora.member());
    assert_eq!((came.how, came.by), (How::Claimed, dora.id));
    assert_eq!(came.rights, Rights::READ);
    let came = one(&all, emil.member());
    assert_eq!((came.how, came.by), (How::Completed, bob.id));
}

#[test]
fn what_is_no_statement_of_a_session_is_refused() {
    let mut town = Town::new(23);
    town.person();
    let genesis = town.log.last().unwrap();
    let refused = events([(genesis.bytes(), 0)]);
    assert_eq!(refused, Err(Misbehaviour::BadAnswer.into()));
    let refused = events([(&b"no statement"[..], 0)]);
    assert!(matches!(
        refused,
        Err(Error::Misbehaved(Misbehaviour::Decode(_)))
    ));
}
