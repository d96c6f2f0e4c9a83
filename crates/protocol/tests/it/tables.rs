//! Who may say what: every role and right against every operation, however the right is held.

use wardseal_protocol::{
    Refusal,
    keys::DeviceKind,
    op::{Grant, Membership, Op, Rights, Role},
    statement::Author,
};
use wardseal_testkit::{Device, Person, Town};
use wardseal_types::{Base64Url, GroupId, MemberId, SessionId};

use crate::refusals::recovery;

#[test]
fn roles_against_operations() {
    let mut town = Town::new(11);
    let people: Vec<_> = (0..7).map(|_| town.person()).collect();
    let [
        admin,
        member,
        nested_admin,
        nested_member,
        outsider,
        dave,
        erin,
    ] = people.as_slice()
    else {
        panic!("seven people");
    };
    // The role of a group in a group is what counts; the role within the inner group does not.
    let with = |town: &mut Town, person: &Person, role| {
        let members = [(person.member(), role), (dave.member(), Role::Admin)];
        MemberId::Group(town.group(dave, &members).expect("a group"))
    };
    let of_admins = with(&mut town, nested_admin, Role::Member);
    let of_members = with(&mut town, nested_member, Role::Admin);
    let ring = [
        (admin.member(), Role::Admin),
        (member.member(), Role::Member),
        (of_admins, Role::Admin),
        (of_members, Role::Member),
        (dave.member(), Role::Member),
    ];
    let group = town.group(admin, &ring).expect("a group");

    let operations = |town: &mut Town, group: GroupId| -> Vec<(&str, bool, Op)> {
        let role = |role| Membership {
            member: dave.member(),
            role,
        };
        vec![
            (
                "add",
                false,
                town.op_add(group, erin.member(), Role::Member),
            ),
            (
                "add an admin",
                false,
                town.op_add(group, erin.member(), Role::Admin),
            ),
            (
                "add from join",
                false,
                town.op_join(group, erin.member(), Role::Member),
            ),
            ("remove", false, town.op_remove(group, &[dave.member()])),
            ("promote", false, Op::SetRole(role(Role::Admin))),
            ("demote", false, Op::SetRole(role(Role::Member))),
            ("rotate", true, town.op_rotate(group)),
            ("rename", false, Op::Rename(0, Base64Url(vec![1]))),
            ("dissolve", false, Op::Dissolve),
        ]
    };
    let ops = operations(&mut town, group);
    assert_eq!(ops.len(), 9);
    for (name, members_may, op) in &ops {
        for (author, role) in [
            (admin, Some(Role::Admin)),
            (nested_admin, Some(Role::Admin)),
            (member, Some(Role::Member)),
            (nested_member, Some(Role::Member)),
            (outsider, None),
        ] {
            let allowed = role == Some(Role::Admin) || (role.is_some() && *members_may);
            let statement = town.says(author, group, op.clone());
            let result = town.judge(&statement).map(|_| ());
            let expected = if allowed {
                Ok(())
            } else {
                Err(Refusal::NotAuthorised)
            };
            assert_eq!(result, expected, "{name} by {role:?}");
        }
    }
}

#[test]
fn rights_against_operations() {
    let mut town = Town::new(12);
    let people: Vec<_> = (0..13).map(|_| town.person()).collect();
    let (owner, dave, erin, outsider) = (&people[0], &people[1], &people[2], &people[3]);
    let all = [Rights::READ, Rights::SHARE, Rights::MANAGE];
    let mut grants = vec![
        (owner.member(), Rights::MANAGE),
        (dave.member(), Rights::READ),
    ];
    let mut authors: Vec<(&Person, Option<Rights>, &str)> = vec![(outsider, None, "not at all")];
    for (index, rights) in all.into_iter().enumerate() {
        let direct = &people[4 + index];
        grants.push((direct.member(), rights));
        authors.push((direct, Some(rights), "directly"));

        let grouped = &people[7 + index];
        let members = [
            (owner.member(), Role::Admin),
            (grouped.member(), Role::Member),
        ];
        let group = town.group(owner, &members).expect("a group");
        grants.push((group.into(), rights));
        authors.push((grouped, Some(rights), "through a group"));

        // Through a parent, a user holds no more than the parent gives him, nor than it was given.
        let parented = &people[10 + index];
        let members = [
            (owner.member(), Rights::MANAGE),
            (parented.member(), rights),
        ];
        let parent = town.session(owner, &members).expect("a parent");
        grants.push((parent.into(), Rights::SHARE));
        authors.push((
            parented,
            Some(rights.intersect(Rights::SHARE)),
            "through a parent",
        ));
    }
    let session = town.session(owner, &grants).expect("a session");

    let operations = |town: &mut Town, session: SessionId| -> Vec<(&str, Rights, Op)> {
        let dave = dave.member();
        let erin = erin.member();
        let set = |rights| {
            Op::SetRights(Grant {
                member: dave,
                rights,
            })
        };
        vec![
            (
                "grant read",
                Rights::SHARE,
                town.op_grant(session, erin, Rights::READ),
            ),
            (
                "grant share",
                Rights::SHARE,
                town.op_grant(session, erin, Rights::SHARE),
            ),
            (
                "grant manage",
                Rights::MANAGE,
                town.op_grant(session, erin, Rights::MANAGE),
            ),
            (
                "grant from join",
                Rights::SHARE,
                town.op_grant_join(session, erin, Rights::READ),
            ),
            (
                "manage from join",
                Rights::MANAGE,
                town.op_grant_join(session, erin, Rights::MANAGE),
            ),
            ("raise rights", Rights::MANAGE, set(Rights::MANAGE)),
            ("lower rights", Rights::MANAGE, set(Rights::READ)),
            ("revoke", Rights::MANAGE, town.op_revoke(session, &[dave])),
            ("rotate", Rights::READ, town.op_rotate_session(session)),
            (
                "describe",
                Rights::SHARE,
                Op::Describe(0, Base64Url(vec![1])),
            ),
            ("end", Rights::MANAGE, Op::End),
        ]
    };
    let ops = operations(&mut town, session);
    for (name, needed, op) in &ops {
        for (author, held, how) in &authors {
            let allowed = held.is_some_and(|held| held.contains(*needed));
            let statement = town.says(author, session, op.clone());
            let result = town.judge(&statement).map(|_| ());
            let expected = if allowed {
                Ok(())
            } else {
                Err(Refusal::NotAuthorised)
            };
            assert_eq!(result, expected, "{name} with {held:?} {how}");
        }
    }
}

#[test]
fn devices_against_operations() {
    let mut town = Town::new(13);
    let (alice, bob) = (town.person(), town.person());
    let (second, lost, password) = (
        town.device(DeviceKind::Ordinary),
        town.device(DeviceKind::Ordinary),
        town.device(DeviceKind::Password),
    );
    for device in [&second, &lost] {
        let op = town.op_add_device(&alice, device);
        town.say(&alice, alice.id, op).expect("a device");
    }
    let op = recovery(&mut town, &alice, &password, None);
    town.say(&alice, alice.id, op).expect("a password");
    let op = town.op_revoke_device(&alice, &[lost.member()]);
    town.say(&alice, alice.id, op).expect("revoked");

    let (fresh, other) = (
        town.device(DeviceKind::Ordinary),
        town.device(DeviceKind::Password),
    );
    let ops = [
        ("add a device", town.op_add_device(&alice, &fresh)),
        (
            "revoke a device",
            town.op_revoke_device(&alice, &[second.member()]),
        ),
        ("rotate", town.op_rotate_user(&alice)),
        (
            "change the password",
            recovery(&mut town, &alice, &other, Some(&password)),
        ),
        ("bind", town.op_bind(&alice, "alice")),
    ];
    for (name, op) in &ops {
        let by = |town: &Town, user, device: &Device| {
            let author = Author::Device(user, device.id);
            let statement = town
                .body(alice.id.into(), author, op.clone())
                .sign(&device.sign);
            town.judge(&statement.expect("signs")).map(|_| ())
        };
        assert_eq!(by(&town, alice.id, &alice.device), Ok(()), "{name}");
        assert_eq!(
            by(&town, alice.id, &lost),
            Err(Refusal::NotADevice),
            "{name}"
        );
        assert_eq!(
            by(&town, alice.id, &bob.device),
            Err(Refusal::NotADevice),
            "{name}"
        );
        assert_eq!(
            by(&town, bob.id, &bob.device),
            Err(Refusal::NotAuthorised),
            "{name}"
        );
        let leaves = matches!(op, Op::RevokeDevice(_));
        let expected = if leaves {
            Err(Refusal::AuthorLeaves)
        } else {
            Ok(())
        };
        assert_eq!(by(&town, alice.id, &second), expected, "{name}");
        // Also the change of the password itself: the person goes on with the new one.
        assert_eq!(by(&town, alice.id, &password), Ok(()), "{name}");
    }
}

#[test]
fn only_an_administrator_founds_a_group_and_every_founder_is_inside() {
    let mut town = Town::new(14);
    let (alice, bob) = (town.person(), town.person());
    let inner = town
        .group(&alice, &[(alice.member(), Role::Admin)])
        .expect("a group");
    // Through a group counts as inside.
    let admins = [(inner.into(), Role::Admin), (bob.member(), Role::Member)];
    assert!(town.group(&alice, &admins).is_ok());
    assert_eq!(town.group(&bob, &admins), Err(Refusal::NotAuthorised));
    let manage = [(inner.into(), Rights::MANAGE)];
    assert!(town.session(&alice, &manage).is_ok());
    assert_eq!(town.session(&bob, &manage), Err(Refusal::NotAuthorised));
}
