//! Pending recipients and how they become members.

use std::rc::Rc;

use wardseal_protocol::{
    Refusal,
    escrow::{Claim, Party, Policy, TenantReceipt, Terms},
    op::{Grant, Op, Rights, Role},
    ring::BoxRef,
    state::{NOW, World as _},
};
use wardseal_testkit::{Person, Town};
use wardseal_types::{FixedBytes, MemberId, PendingId, RingId, SessionId, Timestamp};

use crate::refusals::{Cases, Cast, case, cast, fold_in, without};

/// Alice awaits Dora in a session, who now is there.
struct Awaited {
    town: Town,
    alice: Rc<Person>,
    bob: Rc<Person>,
    dora: Rc<Person>,
    session: SessionId,
    pending: PendingId,
}

fn awaited(policy: Policy) -> Awaited {
    let Cast {
        mut town,
        alice,
        bob,
        session,
        ..
    } = cast();
    let pending = town.awaits(&alice, "dora", policy);
    let op = town.op_grant(session, pending.into(), Rights::READ);
    town.say(&alice, session, op).expect("granted");
    let dora = town.person();
    let op = town.op_bind(&dora, "dora");
    town.say(&dora, dora.id, op).expect("bound");
    Awaited {
        town,
        alice: Rc::new(alice),
        bob: Rc::new(bob),
        dora: Rc::new(dora),
        session,
        pending,
    }
}

impl Awaited {
    fn claim(&mut self) -> Claim {
        self.town
            .claim(self.session, self.pending, self.dora.member())
    }

    fn says(&mut self, author: &Person, claim: Claim) -> Result<(), Refusal> {
        let op = Op::Claim(Box::new(claim));
        self.town.say(author, self.session, op).map(|_| ())
    }

    fn dora(&self) -> Rc<Person> {
        Rc::clone(&self.dora)
    }
}

type Spoil = fn(Claim, &mut Awaited) -> Claim;

fn without_receipts(claim: Claim) -> Claim {
    Claim {
        server: None,
        tenant: None,
        ..claim
    }
}

pub(crate) fn refusals() -> Cases {
    let mut cases = Cases::new();
    let mut scene = awaited(Policy::Verified);
    let dora = scene.dora();

    // Receipts: one missing, one for somebody else, one of an older seed, one by another key.
    let spoils: [Spoil; 6] = [
        |claim, _| Claim {
            server: None,
            ..claim
        },
        |claim, _| Claim {
            tenant: None,
            ..claim
        },
        |claim, scene| {
            let other = scene
                .town
                .receipt(scene.session, scene.pending, scene.bob.member());
            let server = Some(other.sign(Party::Keys, scene.town.log_key.ed25519()));
            Claim { server, ..claim }
        },
        |claim, _| Claim {
            server: claim.tenant.map(|receipt| receipt.signature),
            ..claim
        },
        |claim, _| {
            let tenant = claim.server.zip(claim.tenant);
            let tenant = tenant
                .map(|(signature, TenantReceipt { key, .. })| TenantReceipt { key, signature });
            Claim { tenant, ..claim }
        },
        |claim, _| {
            let tenant = claim.tenant.map(|receipt| TenantReceipt {
                key: wardseal_types::KeyId::from_bytes([9; 32]),
                ..receipt
            });
            Claim { tenant, ..claim }
        },
    ];
    for spoil in spoils {
        let claim = scene.claim();
        let spoiled = spoil(claim, &mut scene);
        let expected = if spoiled.server.is_none() || spoiled.tenant.is_none() {
            "not_authorised"
        } else {
            "bad_receipt"
        };
        case(&mut cases, expected, scene.says(&dora, spoiled));
    }
    let before = scene.claim();
    let op = scene.town.op_rotate_session(scene.session);
    let alice = Rc::clone(&scene.alice);
    scene.town.say(&alice, scene.session, op).expect("rotated");
    let entry = scene.claim().entry;
    case(
        &mut cases,
        "bad_receipt",
        scene.says(&dora, Claim { entry, ..before }),
    );

    // A member who may share cannot do without the code that the policy wants.
    let claim = without_receipts(scene.claim());
    case(&mut cases, "bad_receipt", scene.says(&alice, claim));
    let mut by_code = awaited(Policy::Code);
    let claim = Claim {
        tenant: None,
        ..by_code.claim()
    };
    case(&mut cases, "bad_receipt", by_code.says(&alice, claim));

    // Somebody who does not carry the name, although both servers say he may.
    let bob = Rc::clone(&scene.bob);
    let carol = scene.town.person();
    let claim = scene
        .town
        .claim(scene.session, scene.pending, carol.member());
    case(&mut cases, "not_named", scene.says(&carol, claim));
    let group = scene
        .town
        .group(&carol, &[(carol.member(), Role::Admin)])
        .expect("a group");
    let claim = scene.town.claim(scene.session, scene.pending, group.into());
    case(&mut cases, "not_named", scene.says(&carol, claim));

    // What a group has claimed stays claimed when it is dissolved later; it claims nothing anew.
    let op = scene.town.op_group_bind(group, "dora");
    scene.town.say(&carol, group, op).expect("bound");
    let op = scene
        .town
        .op_claim(scene.session, scene.pending, group.into());
    let statement = scene.town.says(&carol, scene.session, op.clone());
    scene
        .town
        .say(&carol, group, Op::Dissolve)
        .expect("dissolved");
    assert!(scene.town.fold(&statement).is_ok());
    let said = scene.town.say(&carol, scene.session, op);
    case(&mut cases, "dissolved", said.map(|_| ()));

    // Somebody else with Dora's receipts, and a chain that is not known.
    let claim = scene.claim();
    case(
        &mut cases,
        "not_authorised",
        scene.says(&carol, claim.clone()),
    );
    case(
        &mut cases,
        "not_authorised",
        scene.says(&bob, claim.clone()),
    );
    let statement = scene
        .town
        .says(&alice, scene.session, Op::Claim(Box::new(claim.clone())));
    let states = without(&scene.town, dora.id);
    case(
        &mut cases,
        "unknown_author",
        fold_in(&scene.town, &states, &statement),
    );

    // Terms that nobody was granted on, of another suite, or a member of a wrong kind.
    let longer = Terms {
        expires: Timestamp::from_millis(u64::MAX),
        ..claim.terms
    };
    case(
        &mut cases,
        "not_a_member",
        scene.says(
            &dora,
            Claim {
                terms: longer,
                ..claim.clone()
            },
        ),
    );
    let bare = Terms {
        tenant_key: None,
        ..claim.terms
    };
    case(
        &mut cases,
        "not_a_member",
        scene.says(
            &dora,
            Claim {
                terms: bare,
                ..claim.clone()
            },
        ),
    );
    let device = MemberId::Device(dora.device.id);
    let entry = BoxRef {
        member: device,
        epoch: 0,
        key: FixedBytes(*device.as_bytes()),
        ..claim.entry
    };
    case(
        &mut cases,
        "wrong_member",
        scene.says(
            &dora,
            Claim {
                member: device,
                entry,
                ..claim.clone()
            },
        ),
    );
    let entry = scene.town.present_box(scene.session, bob.member());
    case(
        &mut cases,
        "boxes_do_not_match",
        scene.says(
            &dora,
            Claim {
                entry,
                ..claim.clone()
            },
        ),
    );
    let unhashed = BoxRef {
        hash: None,
        ..claim.entry
    };
    case(
        &mut cases,
        "boxes_do_not_match",
        scene.says(
            &dora,
            Claim {
                entry: unhashed,
                ..claim.clone()
            },
        ),
    );

    // Too late.
    let now = scene.town.now;
    scene.town.now = Timestamp::from_millis(claim.terms.expires.millis() + 1);
    case(
        &mut cases,
        "escrow_expired",
        scene.says(&dora, claim.clone()),
    );
    scene.town.now = now;

    // Twice, or after a revocation, or when the member is there already.
    scene.says(&dora, claim.clone()).expect("claimed");
    case(&mut cases, "not_a_member", scene.says(&dora, claim));
    let mut revoked = awaited(Policy::Assigned);
    let claim = revoked.claim();
    let op = revoked
        .town
        .op_revoke(revoked.session, &[revoked.pending.into()]);
    revoked
        .town
        .say(&alice, revoked.session, op)
        .expect("revoked");
    case(&mut cases, "not_a_member", revoked.says(&dora, claim));
    let mut there = awaited(Policy::Assigned);
    let op = there
        .town
        .op_grant(there.session, dora.member(), Rights::READ);
    there.town.say(&alice, there.session, op).expect("granted");
    let claim = there.claim();
    case(&mut cases, "already_member", there.says(&dora, claim));

    cases.extend(grants());
    cases
}

/// What a pending recipient cannot be given.
fn grants() -> Cases {
    let mut cases = Cases::new();
    let Cast {
        mut town,
        alice,
        bob,
        carol,
        group,
        session,
    } = cast();
    let pending = town.awaits(&alice, "dora", Policy::Assigned);
    let member = MemberId::Pending(pending);
    let manage = town.op_grant(session, member, Rights::MANAGE);
    case(
        &mut cases,
        "wrong_member",
        town.say(&alice, session, manage).map(|_| ()),
    );
    let statement = town.creates_session(
        &alice,
        &[(alice.member(), Rights::READ), (member, Rights::MANAGE)],
    );
    case(&mut cases, "wrong_member", town.append(&statement));
    let op = town.op_add(group, member, Role::Member);
    case(
        &mut cases,
        "wrong_member",
        town.say(&alice, group, op).map(|_| ()),
    );
    let op = town.op_grant_join(session, member, Rights::READ);
    case(
        &mut cases,
        "bad_epoch",
        town.say(&alice, session, op).map(|_| ()),
    );
    let op = town.op_grant(session, member, Rights::READ);
    case(
        &mut cases,
        "not_authorised",
        town.say(&bob, session, op.clone()).map(|_| ()),
    );
    let Op::Grant(grant, wardseal_protocol::op::Entry::History(entry)) = op else {
        panic!("not a grant")
    };
    for entry in [
        BoxRef {
            epoch: 1,
            ..entry.clone()
        },
        BoxRef {
            key: FixedBytes([9; 32]),
            ..entry
        },
    ] {
        let op = Op::Grant(grant.clone(), wardseal_protocol::op::Entry::History(entry));
        case(
            &mut cases,
            "boxes_do_not_match",
            town.say(&alice, session, op).map(|_| ()),
        );
    }
    let op = town.op_grant(session, member, Rights::SHARE);
    town.say(&alice, session, op).expect("granted");
    let op = Op::SetRights(Grant {
        member,
        rights: Rights::MANAGE,
    });
    case(
        &mut cases,
        "wrong_member",
        town.say(&alice, session, op).map(|_| ()),
    );
    // Nobody enters without history while somebody is awaited: there would be a gap in what he
    // was granted.
    let op = town.op_grant_join(session, carol.member(), Rights::READ);
    case(
        &mut cases,
        "bad_epoch",
        town.say(&alice, session, op).map(|_| ()),
    );
    cases
}

#[test]
fn a_pending_recipient_claims_what_was_granted() {
    for policy in [Policy::Verified, Policy::Code, Policy::Assigned] {
        let mut scene = awaited(policy);
        // A rotation before the claim deposits the new seed.
        let op = scene.town.op_rotate_session(scene.session);
        let bob = Rc::clone(&scene.bob);
        scene.town.say(&bob, scene.session, op).expect("rotated");
        let claim = scene.claim();
        let dora = scene.dora();
        scene.says(&dora, claim).expect("claimed");
        let state = scene.town.states.session(&scene.session).expect("known");
        let now = NOW;
        assert_eq!(state.ring.member_at(&scene.pending.into(), now), None);
        assert_eq!(
            state.ring.member_at(&dora.member(), now),
            Some(Rights::READ)
        );
        assert_eq!(state.ring.epochs().len(), 2, "a claim opens no epoch");
        assert!(!state.ring.recipients().contains_key(&scene.pending.into()));
        // The next epoch is for her, and no more for the pending recipient.
        let op = scene.town.op_rotate_session(scene.session);
        scene.town.say(&dora, scene.session, op).expect("rotated");
        let members = scene.town.members(RingId::Session(scene.session));
        assert!(members.contains(&dora.member()) && members.len() == 3);
    }
}

#[test]
fn a_member_who_shares_lets_in_where_the_policy_leaves_it_to_him() {
    for (policy, with_server) in [
        (Policy::Confirmed, false),
        (Policy::Assigned, false),
        (Policy::Verified, true),
    ] {
        let mut scene = awaited(policy);
        let claim = scene.claim();
        let server = claim.server.filter(|_| with_server);
        let alice = Rc::clone(&scene.alice);
        scene
            .says(
                &alice,
                Claim {
                    server,
                    tenant: None,
                    ..claim
                },
            )
            .expect("completed");
    }
    // Confirmed is never enough for the claimant himself, whatever he shows.
    let mut scene = awaited(Policy::Confirmed);
    let claim = scene.claim();
    let dora = scene.dora();
    assert_eq!(scene.says(&dora, claim), Err(Refusal::NotAuthorised));
}

/// A group that was given the name after the grant claims as a person does, and any member of it.
#[test]
fn a_group_claims_by_the_name_that_it_was_given() {
    let Cast {
        mut town,
        alice,
        bob,
        carol,
        session,
        ..
    } = cast();
    let pending = town.awaits(&alice, "finess:750000001", Policy::Assigned);
    let op = town.op_grant(session, pending.into(), Rights::SHARE);
    town.say(&alice, session, op).expect("granted");
    let members = [
        (carol.member(), Role::Admin),
        (town.person().member(), Role::Member),
    ];
    let group = town.group(&carol, &members).expect("a group");
    let early = town.op_claim(session, pending, group.into());
    let early = town.say(&carol, session, early).map(|_| ());
    assert_eq!(early, Err(Refusal::NotNamed(group.into())));
    let op = town.op_group_bind(group, "finess:750000001");
    town.say(&carol, group, op).expect("bound");
    let claim = town.op_claim(session, pending, group.into());
    let outside = town.say(&bob, session, claim.clone()).map(|_| ());
    assert_eq!(outside, Err(Refusal::NotAuthorised));
    town.say(&carol, session, claim).expect("claimed");
    let state = town.states.session(&session).expect("known");
    let rights = state.rights_at(&carol.id, NOW, &town.states);
    assert_eq!(rights, Some(Rights::SHARE));
}
