//! Where a statement stands, and who says it.

use super::*;

pub(super) fn places() -> Cases {
    let mut cases = Cases::new();
    let Cast {
        mut town,
        alice,
        bob,
        carol,
        group,
        ..
    } = cast();

    let decode = |bytes: &[u8]| Statement::decode(bytes).map(|_| ()).map_err(Refusal::from);
    case(
        &mut cases,
        "decode_too_large",
        decode(&vec![0; limits::MAX_STATEMENT + 1]),
    );
    case(&mut cases, "decode_malformed", decode(b"\x83"));
    let mut long_form = town.log[0].bytes().to_vec();
    assert_eq!(long_form[..2], [0x82, 0x59]);
    long_form.splice(1..2, [0x5a, 0, 0]);
    case(&mut cases, "decode_not_canonical", decode(&long_form));

    // A chain of another tenant, and a statement of it.
    let mut abroad = Town::new(2);
    let stranger = abroad.person();
    let theirs = abroad.log[1].clone();
    case(&mut cases, "wrong_tenant", town.append(&theirs));
    let second = Town::new(3).log[0].clone();
    case(&mut cases, "wrong_tenant", town.append(&second));
    let op = town.op_rotate(group);
    let mut body = town.body(group.into(), alice.author(), op);
    body.tenant = Some(abroad.tenant);
    let statement = body.sign(&alice.device.sign).expect("signs");
    case(
        &mut cases,
        "wrong_tenant",
        town.judge(&statement).map(|_| ()),
    );
    drop(stranger);

    // The group's chain offered as the continuation of another group.
    let other = town
        .group(&alice, &[(alice.member(), Role::Admin)])
        .expect("a group");
    let statement = town.says(&alice, group, Op::Rename(0, Base64Url::default()));
    let previous = town.states.chain(&other.into());
    let result = fold::apply(
        previous.as_ref(),
        &statement,
        town.next_position(),
        &town.states,
    );
    case(&mut cases, "wrong_chain", result.map(|_| ()));
    // An operation of a session in a group's chain.
    let mut body = town.body(
        group.into(),
        alice.author(),
        Op::Describe(0, Base64Url::default()),
    );
    body.kind = group_kind();
    let statement = body.sign(&alice.device.sign).expect("signs");
    case(&mut cases, "wrong_chain", town.fold(&statement).map(|_| ()));

    // Two administrators at once: the first wins, the second learns why not. Then a replay.
    let first = town.says(&alice, group, Op::Rename(0, Base64Url(vec![1])));
    let second = town.says(&alice, group, Op::Rename(0, Base64Url(vec![2])));
    town.append(&first).expect("the first child");
    case(&mut cases, "stale_parent", town.append(&second));
    case(&mut cases, "stale_parent", town.append(&first));
    let created = town
        .log
        .iter()
        .find(|statement| statement.group() == Some(group));
    let created = created.expect("the genesis").clone();
    case(&mut cases, "stale_parent", town.append(&created));
    // A rotation that the appender judges by an older head than its parent.
    let op = town.op_rotate(group);
    let rotate = town.says(&bob, group, op);
    let before = town.states.clone();
    town.append(&rotate).expect("any member may rotate");
    let op = town.op_rotate(group);
    let next = town.says(&bob, group, op);
    let result = wardseal_protocol::admission::check(&next, &before);
    case(&mut cases, "stale_parent", result);
    // Not the beginning, and nothing before.
    let result = fold::apply(None, &next, town.next_position(), &town.states);
    case(&mut cases, "stale_parent", result.map(|_| ()));

    // A server that gives a statement a place at or before its predecessor's, or none.
    let previous = town.states.chain(&group.into());
    let head = previous.as_ref().expect("the group").head().position;
    for position in [head, head - 1, NOW] {
        let result = fold::apply(previous.as_ref(), &next, position, &town.states);
        case(&mut cases, "out_of_order", result.map(|_| ()));
    }
    // A log that is restored from a backup gives a place that its author has seen taken.
    let mut body = next.body().clone();
    for (ahead, refused) in [(0, false), (1, true)] {
        body.seen = Some(Seen {
            size: town.next_position() + ahead,
            root: FixedBytes([0; 32]),
        });
        let signed = body.clone().sign(&bob.device.sign).expect("signs");
        match town.fold(&signed) {
            Ok(_) => assert!(!refused),
            Err(refusal) => case(&mut cases, "out_of_order", Err(refusal)),
        }
    }
    assert_eq!(
        cases
            .iter()
            .filter(|(code, _)| *code == "out_of_order")
            .count(),
        4
    );
    drop(carol);
    cases
}

const fn group_kind() -> wardseal_types::ChainKind {
    wardseal_types::ChainKind::Group
}

pub(super) fn authors() -> Cases {
    let mut cases = Cases::new();
    let Cast {
        mut town,
        alice,
        bob,
        carol,
        group,
        session,
    } = cast();

    // Somebody else's signature, also a right one over other words.
    let op = town.op_rotate(group);
    let body = town.body(group.into(), alice.author(), op.clone());
    let statement = body.sign(&bob.device.sign).expect("signs");
    case(&mut cases, "bad_signature", town.append(&statement));
    // A session statement is signed by Ed25519 alone, which is too weak for a group: the kind decides.
    let rotate = town.op_rotate_session(session);
    let good = town.says(&alice, session, rotate);
    assert!(town.judge(&good).is_ok());

    let statement = town.says(&alice, group, op);
    case(
        &mut cases,
        "unknown_author",
        fold_in(&town, &without(&town, alice.id), &statement),
    );

    // Rights through a group and a session that the reader has not fetched.
    let through = [
        (MemberId::Group(group), Rights::MANAGE),
        (carol.member(), Rights::READ),
    ];
    let child = town.session(&alice, &through).expect("a session");
    let op = town.op_revoke(child, &[carol.member()]);
    let statement = town.says(&alice, child, op);
    case(
        &mut cases,
        "unknown_group",
        fold_in(&town, &without(&town, group), &statement),
    );
    assert_eq!(fold_in(&town, &town.states, &statement), Ok(()));
    let below = [(MemberId::Session(session), Rights::MANAGE)];
    let below = town.session(&alice, &below).expect("a session");
    let op = town.op_rotate_session(below);
    let statement = town.says(&bob, below, op);
    case(
        &mut cases,
        "unknown_session",
        fold_in(&town, &without(&town, session), &statement),
    );
    assert_eq!(fold_in(&town, &town.states, &statement), Ok(()));
    // What the appender must know.
    let states = without(&town, group);
    let op = town.op_rotate(group);
    let rotate = town.says(&alice, group, op);
    case(
        &mut cases,
        "unknown_group",
        wardseal_protocol::admission::check(&rotate, &states),
    );

    // A device that its user revoked, and one that never was his.
    let second = town.device(DeviceKind::Ordinary);
    let op = town.op_add_device(&alice, &second);
    town.say(&alice, alice.id, op).expect("a second device");
    let op = Op::Rename(0, Base64Url(vec![1]));
    let body = town.body(
        group.into(),
        Author::Device(alice.id, second.id),
        op.clone(),
    );
    let delayed = body.sign(&second.sign).expect("signs");
    assert!(town.judge(&delayed).is_ok());
    let revoke = town.op_revoke_device(&alice, &[second.member()]);
    town.say(&alice, alice.id, revoke).expect("revoked");
    case(&mut cases, "not_a_device", town.append(&delayed));
    let body = town.body(group.into(), Author::Device(alice.id, bob.device.id), op);
    let statement = body.sign(&bob.device.sign).expect("signs");
    case(&mut cases, "not_a_device", town.append(&statement));

    // No right, in every chain.
    let op = town.op_add(group, carol.member(), Role::Admin);
    for author in [&bob, &carol] {
        case(
            &mut cases,
            "not_authorised",
            town.say(author, group, op.clone()).map(|_| ()),
        );
        let device = town.device(DeviceKind::Ordinary);
        let op = town.op_add_device(&alice, &device);
        case(
            &mut cases,
            "not_authorised",
            town.say(author, alice.id, op).map(|_| ()),
        );
    }
    let op = Op::TenantAddKey(root_key(&alice.device.sign));
    case(
        &mut cases,
        "not_authorised",
        town.say(&alice, town.tenant, op.clone()).map(|_| ()),
    );
    let author = Author::Tenant(root_key(&alice.device.sign).id());
    let statement = town
        .body(town.tenant.into(), author, op)
        .sign(&alice.device.sign);
    case(
        &mut cases,
        "not_authorised",
        town.append(&statement.expect("signs")),
    );
    // A founder who is not the first device; a first device that lies at the vault.
    let (one, two) = (
        town.device(DeviceKind::Ordinary),
        town.device(DeviceKind::Password),
    );
    let mut body = town.founds(&one).body().clone();
    body.author = Author::Founder(two.id);
    case(
        &mut cases,
        "not_authorised",
        town.append(&body.sign(&one.sign).expect("signs")),
    );
    let statement = town.founds(&two);
    case(&mut cases, "not_authorised", town.append(&statement));
    // Nobody creates a group or session in which he is nothing.
    let result = town.group(
        &carol,
        &[
            (alice.member(), Role::Admin),
            (carol.member(), Role::Member),
        ],
    );
    case(&mut cases, "not_authorised", result.map(|_| ()));
    let result = town.session(&carol, &[(alice.member(), Rights::MANAGE)]);
    case(&mut cases, "not_authorised", result.map(|_| ()));
    cases
}
