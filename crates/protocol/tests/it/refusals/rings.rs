//! Who is a member of what.

use super::*;

pub(super) fn members() -> Cases {
    let mut cases = Cases::new();
    let Cast {
        mut town,
        alice,
        bob,
        carol,
        group,
        session,
    } = cast();

    let op = town.op_add(group, bob.member(), Role::Admin);
    case(
        &mut cases,
        "already_member",
        town.say(&alice, group, op).map(|_| ()),
    );
    let op = town.op_grant(session, bob.member(), Rights::READ);
    case(
        &mut cases,
        "already_member",
        town.say(&alice, session, op).map(|_| ()),
    );
    let twice = [(alice.member(), Role::Admin), (alice.member(), Role::Admin)];
    case(
        &mut cases,
        "already_member",
        town.group(&alice, &twice).map(|_| ()),
    );
    // A revoked device does not come back.
    let device = town.device(DeviceKind::Ordinary);
    let op = town.op_add_device(&alice, &device);
    town.say(&alice, alice.id, op).expect("added");
    let op = town.op_revoke_device(&alice, &[device.member()]);
    town.say(&alice, alice.id, op).expect("revoked");
    let op = town.op_add_device(&alice, &device);
    case(
        &mut cases,
        "already_member",
        town.say(&alice, alice.id, op).map(|_| ()),
    );
    // One password at a time.
    let (old, new) = (
        town.device(DeviceKind::Password),
        town.device(DeviceKind::Password),
    );
    let op = recovery(&mut town, &alice, &old, None);
    town.say(&alice, alice.id, op).expect("a password");
    let op = recovery(&mut town, &alice, &new, None);
    case(
        &mut cases,
        "already_member",
        town.say(&alice, alice.id, op).map(|_| ()),
    );

    let op = town.op_remove(group, &[carol.member()]);
    case(
        &mut cases,
        "not_a_member",
        town.say(&alice, group, op).map(|_| ()),
    );
    let op = town.op_remove(group, &[bob.member(), bob.member()]);
    case(
        &mut cases,
        "not_a_member",
        town.say(&alice, group, op).map(|_| ()),
    );
    let op = Op::SetRole(Membership {
        member: carol.member(),
        role: Role::Member,
    });
    case(
        &mut cases,
        "not_a_member",
        town.say(&alice, group, op).map(|_| ()),
    );
    let op = Op::SetRights(Grant {
        member: carol.member(),
        rights: Rights::READ,
    });
    case(
        &mut cases,
        "not_a_member",
        town.say(&alice, session, op).map(|_| ()),
    );
    let op = recovery(&mut town, &alice, &new, Some(&alice.device));
    case(
        &mut cases,
        "not_a_member",
        town.say(&alice, alice.id, op).map(|_| ()),
    );
    // A member that nobody knows.
    let nobody = MemberId::User(UserId::from_bytes([9; 32]));
    let Op::Add(membership, Entry::History(mut entry)) =
        town.op_add(group, carol.member(), Role::Member)
    else {
        panic!("not an addition");
    };
    entry.member = nobody;
    let op = Op::Add(
        Membership {
            member: nobody,
            ..membership
        },
        Entry::History(entry),
    );
    case(
        &mut cases,
        "not_a_member",
        town.say(&alice, group, op).map(|_| ()),
    );

    let mut ids = [(alice.member(), Role::Admin), (bob.member(), Role::Member)];
    ids.sort_by_key(|(member, _)| core::cmp::Reverse(*member));
    let statement = town.creates_group(&alice, &ids);
    case(&mut cases, "not_ascending", town.append(&statement));
    let three = [
        (alice.member(), Role::Admin),
        (bob.member(), Role::Member),
        (carol.member(), Role::Member),
    ];
    let larger = town.group(&alice, &three).expect("a group");
    let Op::Remove(mut removal) = town.op_remove(larger, &[bob.member(), carol.member()]) else {
        panic!("not a removal");
    };
    removal.members.reverse();
    case(
        &mut cases,
        "not_ascending",
        town.say(&alice, larger, Op::Remove(removal)).map(|_| ()),
    );

    // Kinds that a ring cannot hold.
    let op = town.op_add(group, MemberId::Session(session), Role::Member);
    case(
        &mut cases,
        "wrong_member",
        town.say(&alice, group, op).map(|_| ()),
    );
    let op = town.op_add(group, alice.device.member(), Role::Member);
    case(
        &mut cases,
        "wrong_member",
        town.say(&alice, group, op).map(|_| ()),
    );
    let op = town.op_grant(session, alice.device.member(), Rights::READ);
    case(
        &mut cases,
        "wrong_member",
        town.say(&alice, session, op).map(|_| ()),
    );
    let op = town.op_add(group, MemberId::Group(group), Role::Member);
    let statement = town.says(&alice, group, op);
    case(
        &mut cases,
        "wrong_member",
        town.fold(&statement).map(|_| ()),
    );
    let password = town.device(DeviceKind::Password);
    let op = town.op_add_device(&alice, &password);
    case(
        &mut cases,
        "wrong_member",
        town.say(&alice, alice.id, op).map(|_| ()),
    );
    let ordinary = town.device(DeviceKind::Ordinary);
    let op = recovery(&mut town, &alice, &ordinary, Some(&old));
    case(
        &mut cases,
        "wrong_member",
        town.say(&alice, alice.id, op).map(|_| ()),
    );

    let inner = town
        .group(&alice, &[(alice.member(), Role::Admin)])
        .expect("a group");
    let op = town.op_add(group, MemberId::Group(inner), Role::Member);
    town.say(&alice, group, op).expect("nested");
    let op = town.op_add(inner, MemberId::Group(group), Role::Member);
    case(&mut cases, "cycle", town.say(&alice, inner, op).map(|_| ()));

    let op = Op::SetRole(Membership {
        member: alice.member(),
        role: Role::Member,
    });
    case(
        &mut cases,
        "no_administrator",
        town.say(&alice, group, op).map(|_| ()),
    );
    let op = Op::SetRights(Grant {
        member: alice.member(),
        rights: Rights::SHARE,
    });
    case(
        &mut cases,
        "no_administrator",
        town.say(&alice, session, op).map(|_| ()),
    );
    let result = town.session(&alice, &[(alice.member(), Rights::SHARE)]);
    case(&mut cases, "no_administrator", result.map(|_| ()));

    let op = town.op_remove(group, &[]);
    case(&mut cases, "empty", town.say(&alice, group, op).map(|_| ()));
    let op = town.op_revoke_device(&bob, &[bob.device.member()]);
    case(&mut cases, "empty", town.say(&bob, bob.id, op).map(|_| ()));

    let op = Op::SetRole(Membership {
        member: bob.member(),
        role: Role::Admin,
    });
    town.say(&alice, group, op).expect("a second administrator");
    let op = town.op_remove(group, &[bob.member()]);
    case(
        &mut cases,
        "author_leaves",
        town.say(&bob, group, op).map(|_| ()),
    );
    let op = Op::SetRights(Grant {
        member: bob.member(),
        rights: Rights::MANAGE,
    });
    town.say(&alice, session, op).expect("a second manager");
    let op = town.op_revoke(session, &[bob.member()]);
    case(
        &mut cases,
        "author_leaves",
        town.say(&bob, session, op).map(|_| ()),
    );
    let op = town.op_revoke_device(&alice, &[alice.device.member()]);
    case(
        &mut cases,
        "author_leaves",
        town.say(&alice, alice.id, op).map(|_| ()),
    );

    let child = [
        (alice.member(), Rights::MANAGE),
        (session.into(), Rights::MANAGE),
    ];
    let child = town.session(&alice, &child).expect("a child");
    let op = town.op_rotate_session(child);
    town.say(&bob, child, op)
        .expect("through the parent, he may");
    let other = [(alice.member(), Rights::MANAGE)];
    let other = town.session(&alice, &other).expect("a session");
    let child_op = town.op_rotate_session(child);
    let op = town.op_grant(other, session.into(), Rights::READ);
    town.say(&alice, session, Op::End).expect("ended");
    case(
        &mut cases,
        "dissolved",
        town.say(&alice, session, Op::Describe(0, Base64Url(vec![1])))
            .map(|_| ()),
    );
    case(
        &mut cases,
        "dissolved",
        town.say(&alice, session, Op::End).map(|_| ()),
    );
    case(
        &mut cases,
        "dissolved",
        town.say(&alice, other, op).map(|_| ()),
    );
    // Who had the child through it has it no more; who has it himself revokes what has ended.
    let statement = town.says(&bob, child, child_op.clone());
    case(
        &mut cases,
        "not_authorised",
        town.fold(&statement).map(|_| ()),
    );
    case(
        &mut cases,
        "dissolved",
        town.say(&alice, child, child_op).map(|_| ()),
    );
    let op = town.op_revoke(child, &[session.into()]);
    town.say(&alice, child, op)
        .expect("without the ended session, it rotates");
    let ended = town.states.session(&session).expect("the session");
    assert!(ended.ended && ended.ring.members().next().is_none());
    assert!(ended.ring.stale(&town.states).is_empty());

    town.say(&alice, inner, Op::Dissolve).expect("dissolved");
    let op = town.op_rotate(inner);
    case(
        &mut cases,
        "dissolved",
        town.say(&alice, inner, op).map(|_| ()),
    );
    // Nothing new is sealed to what never rotates again, neither to enter it nor on the way.
    let op = town.op_grant(session, MemberId::Group(inner), Rights::READ);
    case(
        &mut cases,
        "dissolved",
        town.say(&alice, session, op).map(|_| ()),
    );
    let op = town.op_rotate(group);
    case(
        &mut cases,
        "dissolved",
        town.say(&bob, group, op).map(|_| ()),
    );
    let op = town.op_remove(group, &[MemberId::Group(inner)]);
    town.say(&bob, group, op)
        .expect("without the dissolved group, it rotates");
    cases
}
