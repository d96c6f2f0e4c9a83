//! Epochs with their boxes, keys and names.

use super::*;

pub(super) fn epochs() -> Cases {
    let mut cases = Cases::new();
    assert_eq!(spoiled(|_, _| ()), Ok(()));

    case(
        &mut cases,
        "bad_epoch",
        spoiled(|_, removal| removal.epoch.number += 1),
    );
    case(
        &mut cases,
        "bad_epoch",
        spoiled(|_, removal| removal.epoch.number = 0),
    );
    case(
        &mut cases,
        "bad_epoch",
        spoiled(|_, removal| removal.epoch.link = None),
    );
    case(
        &mut cases,
        "bad_epoch",
        spoiled(|_, removal| removal.epoch.kem = None),
    );
    case(
        &mut cases,
        "bad_epoch",
        spoiled(|town, removal| {
            let old = town.log.iter().rev().find_map(|statement| {
                statement
                    .group()
                    .and_then(|_| statement.body().op.epoch().cloned())
            });
            removal.epoch.commitment = old.expect("a group epoch").commitment;
        }),
    );
    // Boxes that are not those of the members who stay.
    case(
        &mut cases,
        "empty",
        spoiled(|_, removal| removal.members.clear()),
    );
    case(
        &mut cases,
        "boxes_do_not_match",
        spoiled(|_, removal| removal.epoch.boxes.clear()),
    );
    case(
        &mut cases,
        "boxes_do_not_match",
        spoiled(|_, removal| removal.epoch.boxes[0].hash = None),
    );
    case(
        &mut cases,
        "boxes_do_not_match",
        spoiled(|town, removal| {
            let leaving = removal.members[0];
            let entry = town.reference(leaving);
            let hash = removal.epoch.boxes[0].hash;
            removal
                .epoch
                .boxes
                .push(wardseal_protocol::ring::BoxRef { hash, ..entry });
            removal
                .epoch
                .boxes
                .sort_by_key(|reference| reference.member);
        }),
    );
    case(
        &mut cases,
        "boxes_do_not_match",
        spoiled(|_, removal| {
            let again = removal.epoch.boxes[0].clone();
            removal.epoch.boxes.push(again);
        }),
    );
    case(
        &mut cases,
        "too_large",
        spoiled(|_, removal| {
            let one = removal.epoch.boxes[0].clone();
            removal.epoch.boxes = vec![one; limits::MAX_MEMBERS + 1];
        }),
    );
    // A box for another key than the newest.
    case(
        &mut cases,
        "stale_recipient",
        spoiled(|_, removal| removal.epoch.boxes[0].key = FixedBytes([7; 32])),
    );
    case(
        &mut cases,
        "stale_recipient",
        spoiled(|_, removal| removal.epoch.boxes[0].epoch += 1),
    );
    case(
        &mut cases,
        "bad_key",
        spoiled(|_, removal| removal.epoch.kem = Some(BoxedBytes::from([255; 1216]))),
    );

    let Cast {
        mut town,
        alice,
        bob,
        group,
        session,
        ..
    } = cast();
    // A session has no key to seal to.
    let Op::SessionRotate(mut rotation) = town.op_rotate_session(session) else {
        panic!("not a rotation");
    };
    rotation.epoch.kem = Some(town.person_key(&alice));
    let op = Op::SessionRotate(rotation);
    case(
        &mut cases,
        "bad_epoch",
        town.say(&alice, session, op).map(|_| ()),
    );
    // A genesis whose boxes have hashes, or that has a link.
    for spoil in [0, 1] {
        let mut body = town
            .creates_group(&alice, &[(alice.member(), Role::Admin)])
            .body()
            .clone();
        let Op::GroupCreate(_, _, epoch) = &mut body.op else {
            panic!("not a genesis");
        };
        match spoil {
            0 => epoch.boxes[0].hash = Some(FixedBytes([0; 32])),
            _ => epoch.link = Some(Base64Url(vec![0])),
        }
        let statement = body.sign(&alice.device.sign).expect("signs");
        case(&mut cases, "bad_epoch", town.append(&statement));
    }
    // A box of the present epoch for somebody else than the one who enters.
    let Op::Add(membership, Entry::History(mut entry)) =
        town.op_add(group, alice.member(), Role::Member)
    else {
        panic!("not an addition");
    };
    let carol = town.person();
    entry.member = bob.member();
    let membership = Membership {
        member: carol.member(),
        ..membership
    };
    let op = Op::Add(membership, Entry::History(entry));
    let statement = town.says(&alice, group, op);
    case(
        &mut cases,
        "boxes_do_not_match",
        town.fold(&statement).map(|_| ()),
    );
    // A device's box names the device's key and no epoch.
    let device = town.device(DeviceKind::Ordinary);
    for spoil in [0, 1] {
        let Op::AddDevice(new, mut entry) = town.op_add_device(&alice, &device) else {
            panic!("not a device");
        };
        match spoil {
            0 => entry.epoch = 1,
            _ => entry.key = FixedBytes([0; 32]),
        }
        let op = Op::AddDevice(new, entry);
        case(
            &mut cases,
            "boxes_do_not_match",
            town.say(&alice, alice.id, op).map(|_| ()),
        );
    }
    // Join without history has no link to the history.
    let Op::Add(_, Entry::FromJoin(mut epoch)) = town.op_join(group, carol.member(), Role::Member)
    else {
        panic!("not a join");
    };
    epoch.link = Some(Base64Url(vec![0; 32]));
    let membership = Membership {
        member: carol.member(),
        role: Role::Member,
    };
    let op = Op::Add(membership, Entry::FromJoin(epoch));
    case(
        &mut cases,
        "bad_epoch",
        town.say(&alice, group, op).map(|_| ()),
    );

    // A loss that did not happen, is named for a ring without losses, or stays unnamed.
    let rotation = |town: &mut Town, causes: Vec<Cause>| {
        let members = town.members(group);
        let epoch = town.next_epoch(group, &members);
        Op::GroupRotate(Rotation { epoch, causes })
    };
    let cause = Cause {
        member: bob.member(),
        epoch: 1,
    };
    let op = rotation(&mut town, vec![cause]);
    case(
        &mut cases,
        "bad_cause",
        town.say(&alice, group, op).map(|_| ()),
    );
    town.lose_device(&bob).expect("a loss");
    let op = rotation(&mut town, Vec::new());
    case(
        &mut cases,
        "bad_cause",
        town.say(&alice, group, op).map(|_| ()),
    );
    let op = rotation(&mut town, vec![cause, cause]);
    let statement = town.says(&alice, group, op);
    case(&mut cases, "bad_cause", town.fold(&statement).map(|_| ()));
    let stranger = Cause {
        member: carol.member(),
        epoch: 1,
    };
    let op = rotation(&mut town, vec![stranger]);
    let statement = town.says(&alice, group, op);
    case(&mut cases, "bad_cause", town.fold(&statement).map(|_| ()));
    let op = rotation(&mut town, vec![cause]);
    town.say(&alice, group, op).expect("the loss is answered");
    let op = rotation(&mut town, vec![cause]);
    case(
        &mut cases,
        "bad_cause",
        town.say(&alice, group, op).map(|_| ()),
    );
    let Op::UserRotate(mut rotation) = town.op_rotate_user(&alice) else {
        panic!("not a rotation");
    };
    rotation.causes.push(cause);
    let op = Op::UserRotate(rotation);
    case(
        &mut cases,
        "bad_cause",
        town.say(&alice, alice.id, op).map(|_| ()),
    );
    // An answer that seals to a key from before the loss that it names.
    town.lose_device(&bob).expect("a loss");
    town.lose_device(&bob).expect("another");
    let members = town.members(group);
    let mut epoch = town.next_epoch(group, &members);
    for reference in &mut epoch.boxes {
        reference.epoch = reference.epoch.min(2);
    }
    let cause = Cause {
        member: bob.member(),
        epoch: 3,
    };
    let op = Op::GroupRotate(Rotation {
        epoch,
        causes: vec![cause],
    });
    let statement = town.says(&alice, group, op);
    case(&mut cases, "bad_cause", town.fold(&statement).map(|_| ()));
    // A reader notices a box for an older key than the last box was for.
    let members = town.members(group);
    let mut epoch = town.next_epoch(group, &members);
    for reference in &mut epoch.boxes {
        reference.epoch = 0;
    }
    let op = Op::GroupRotate(Rotation {
        epoch,
        causes: Vec::new(),
    });
    let statement = town.says(&alice, group, op);
    case(
        &mut cases,
        "stale_recipient",
        town.fold(&statement).map(|_| ()),
    );
    cases
}

pub(super) fn keys_and_names() -> Cases {
    let mut cases = Cases::new();
    let Cast {
        mut town,
        alice,
        bob,
        group,
        session,
        ..
    } = cast();

    // Bob's device entered as Alice's: she cannot prove to hold it (attack A8).
    let second = town.device(DeviceKind::Ordinary);
    let entry = town.present_box(alice.id, second.member());
    let copied = second.enters(&town.tenant, &bob.id);
    let op = Op::AddDevice(copied, entry.clone());
    case(
        &mut cases,
        "bad_key",
        town.say(&alice, alice.id, op).map(|_| ()),
    );
    let mut broken = town.device(DeviceKind::Ordinary);
    broken.keys.kem = BoxedBytes::from([255; 1216]);
    broken.id = broken.keys.id();
    let op = Op::AddDevice(broken.enters(&town.tenant, &alice.id), entry);
    case(
        &mut cases,
        "bad_key",
        town.say(&alice, alice.id, op).map(|_| ()),
    );
    let point = TenantKey::Token(FixedBytes([0; 32]));
    let statement = town.tenant_says(Op::TenantAddKey(point));
    case(&mut cases, "bad_key", town.append(&statement));

    // A name bound to somebody else, and one whose token commits to another name.
    let op = town.op_bind(&bob, "bob");
    case(
        &mut cases,
        "bad_binding",
        town.say(&alice, alice.id, op.clone()).map(|_| ()),
    );
    let Op::Bind(_, token) = op else {
        panic!("not a binding");
    };
    let op = Op::Bind(FixedBytes([0; 32]), token);
    case(
        &mut cases,
        "bad_binding",
        town.say(&bob, bob.id, op).map(|_| ()),
    );

    // The only root key stays; a key enters once; an unknown key cannot go, nor a revoked one again.
    let root = root_key(&town.root);
    let statement = town.tenant_says(Op::TenantRevokeKey(root.id()));
    case(&mut cases, "bad_tenant_keys", town.append(&statement));
    let statement = town.tenant_says(Op::TenantAddKey(root));
    case(&mut cases, "bad_tenant_keys", town.append(&statement));
    let unknown = root_key(&alice.device.sign).id();
    let statement = town.tenant_says(Op::TenantRevokeKey(unknown));
    case(&mut cases, "bad_tenant_keys", town.append(&statement));
    let token = town.token_id();
    let statement = town.tenant_says(Op::TenantRevokeKey(token));
    town.append(&statement).expect("the token key may go");
    let statement = town.tenant_says(Op::TenantRevokeKey(token));
    case(&mut cases, "bad_tenant_keys", town.append(&statement));
    let again = wardseal_testkit::token_key(&town.token);
    let statement = town.tenant_says(Op::TenantAddKey(again));
    case(&mut cases, "bad_tenant_keys", town.append(&statement));

    // Names: too long, of an epoch that is not yet, of one that is over.
    let long = Base64Url(vec![0; limits::MAX_SEALED_NAME + 1]);
    let name = Base64Url(vec![1]);
    case(
        &mut cases,
        "bad_name",
        town.say(&alice, group, Op::Rename(0, long.clone()))
            .map(|_| ()),
    );
    case(
        &mut cases,
        "bad_name",
        town.say(&alice, group, Op::Rename(1, name.clone()))
            .map(|_| ()),
    );
    case(
        &mut cases,
        "bad_name",
        town.say(&alice, session, Op::Describe(0, long)).map(|_| ()),
    );
    let op = town.op_rotate_session(session);
    town.say(&alice, session, op).expect("rotated");
    case(
        &mut cases,
        "bad_name",
        town.say(&alice, session, Op::Describe(0, name)).map(|_| ()),
    );
    let mut body = town
        .creates_session(&alice, &[(alice.member(), Rights::MANAGE)])
        .body()
        .clone();
    let Op::SessionCreate(_, _, _, label) = &mut body.op else {
        panic!("not a session");
    };
    *label = Some("x".repeat(limits::MAX_NAME + 1));
    let statement = body.sign(&alice.device.sign).expect("signs");
    case(&mut cases, "bad_name", town.append(&statement));
    cases
}
