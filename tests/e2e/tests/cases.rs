//! Sessions in daily use: a case and what is under it, many at once, and who may still open what.
#![expect(
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use wardseal_client::{
    Error, How, Misuse, NewSession, Rights, Role, Session, Visibility, What,
    types::{GroupId, MemberId, SessionId, UserId},
};
use wardseal_e2e::{Machine, World, open, seal};
use wardseal_testkit::Fault;

async fn user(machine: &Machine) -> UserId {
    machine.profile().await.unwrap().user
}

async fn member(machine: &Machine) -> MemberId {
    user(machine).await.into()
}

fn codes<T>(results: &[Result<T, Error>]) -> Vec<&'static str> {
    let code = |result: &Result<T, Error>| result.as_ref().map_or_else(Error::code, |_| "ok");
    results.iter().map(code).collect()
}

fn no_access<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Misuse(Misuse::NoAccess(_))))
}

fn asked(world: &World) -> [usize; 2] {
    [world.keys.seen("fetch"), world.keys.seen("append")]
}

const NOBODY: GroupId = GroupId::from_bytes([9; 32]);
const NOWHERE: SessionId = SessionId::from_bytes([9; 32]);

/// Anna's case, for her and a ward of which Ben is a member, with attachments.
async fn case(
    anna: &Machine,
    ben: &Machine,
    attachments: usize,
) -> (SessionId, GroupId, Vec<SessionId>) {
    let ward = anna
        .create_group("Ward", &[(member(ben).await, Role::Member)])
        .await
        .unwrap();
    let recipients = [
        (member(anna).await, Rights::MANAGE),
        (ward.into(), Rights::SHARE),
    ];
    let case = anna.create_session(&recipients, None, None).await.unwrap();
    let under = [(case.into(), Rights::MANAGE)];
    let new = NewSession {
        recipients: &under,
        ..NewSession::default()
    };
    let made = anna.create_sessions(&vec![new; attachments]).await.unwrap();
    let made = made.into_iter().map(Result::unwrap).collect();
    (case, ward, made)
}

/// Whoever opens the case has the keys of its attachments by one request, whoever is revoked there
/// has none of them, and what is written next is closed to him although nobody touched it.
#[tokio::test(flavor = "multi_thread")]
async fn a_case_opens_its_two_hundred_attachments_with_one_fetch_and_revoking_it_covers_them() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let before = asked(&world);
    let (case, ward, attachments) = case(&anna, &ben, 200).await;
    let [_, appends] = asked(&world);
    // The group, the case, and all attachments at once.
    assert_eq!(appends - before[1], 3);
    let mut objects = Vec::new();
    for session in &attachments {
        objects.push(seal(&anna, *session, b"a letter").await.unwrap());
    }
    // Ben has met Anna and the ward before.
    ben.group(ward).await.unwrap();
    let [fetches, _] = asked(&world);
    let tree = ben.open_tree(case).await.unwrap();
    assert_eq!(tree.children, attachments);
    assert_eq!((tree.session.rights, tree.more), (Rights::SHARE, None));
    for object in &objects {
        assert_eq!(open(&ben, object).await.unwrap(), b"a letter");
    }
    assert_eq!(asked(&world)[0], fetches + 1, "one for everything");
    // Again it is one, and brings nothing that was known.
    let again = ben.open_tree(case).await.unwrap();
    assert_eq!(again, tree);
    assert_eq!(asked(&world)[0], fetches + 2);

    anna.revoke(case, &[ward.into()]).await.unwrap();
    let added = seal(&anna, attachments[7], b"a finding").await.unwrap();
    assert!(no_access(open(&ben, &added).await));
    ben.forget_sessions().await.unwrap();
    assert!(no_access(ben.open_tree(case).await));
    for object in objects.iter().take(3) {
        assert!(no_access(open(&ben, object).await));
    }
    let found = ben.fetch_sessions(&attachments).await.unwrap();
    assert!(found.into_iter().all(no_access));
    assert_eq!(open(&anna, &added).await.unwrap(), b"a finding");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_under_a_session_are_listed_for_whoever_opens_them() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let (carla, _) = world.person("carla").await;
    let (case, ..) = case(&anna, &ben, 0).await;
    let both = [
        (case.into(), Rights::MANAGE),
        (member(&carla).await, Rights::READ),
        (member(&anna).await, Rights::MANAGE),
    ];
    let new = |recipients| NewSession {
        recipients,
        ..NewSession::default()
    };
    let under: Vec<_> = anna
        .create_sessions(&[new(&both[..1]), new(&both), new(&both[..1])])
        .await
        .unwrap()
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let first = ben.children(case, None, 2).await.unwrap();
    assert_eq!(first.sessions, under[..2]);
    let last = ben.children(case, first.next, 2).await.unwrap();
    assert_eq!((last.sessions.as_slice(), last.next), (&under[2..], None));
    // She was given one of them, and neither the case nor what else is in it.
    let hers = carla.children(case, None, 1000).await.unwrap();
    assert_eq!(hers.sessions, under[1..2]);
    assert!(no_access(carla.open_tree(case).await));
    // She reads and writes there although she does not see the case.
    let letter = seal(&carla, under[1], b"from outside").await.unwrap();
    assert_eq!(open(&ben, &letter).await.unwrap(), b"from outside");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lists_what_is_not_under_a_session_is_found_out() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let (case, ..) = case(&anna, &ben, 1).await;
    let own = [(member(&ben).await, Rights::MANAGE)];
    let other = ben.create_session(&own, None, None).await.unwrap();
    let lie = Fault::answer(move |answer| {
        if let Some(children) = answer.pointer_mut("/children/sessions") {
            *children = serde_json::json!([other]);
        }
    });
    world.keys.on("fetch", lie);
    let refused = ben.open_tree(case).await.unwrap_err();
    assert_eq!(refused.code(), "bad_answer");
    world.keys.clear();
    // Or one that knows nothing of the question.
    let silent = Fault::answer(|answer| {
        if let Some(answer) = answer.as_object_mut() {
            answer.remove("children");
        }
    });
    world.keys.on("fetch", silent);
    let refused = ben.open_tree(case).await.unwrap_err();
    assert_eq!(refused.code(), "bad_answer");
    world.keys.clear();
    assert_eq!(ben.open_tree(case).await.unwrap().children.len(), 1);
}

/// Somebody leaves a group: what is written next, in any session under it, has a new epoch first,
/// without anybody asking for it.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_groups_loss_made_stale_gets_its_new_epoch_before_the_next_write_unasked() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let (case, ward, attachments) = case(&anna, &ben, 1).await;
    let attachment = attachments[0];
    let old = seal(&anna, attachment, b"before").await.unwrap();
    assert_eq!(open(&ben, &old).await.unwrap(), b"before");
    let leaving = member(&ben).await;
    anna.remove_members(ward, &[leaving]).await.unwrap();
    let epochs = |case: &Session, under: &Session| (case.epoch, under.epoch);
    let seen = anna.fetch_sessions(&[case, attachment]).await.unwrap();
    let [Ok(a), Ok(b)] = seen.as_slice() else {
        panic!("{seen:?}");
    };
    assert_eq!(epochs(a, b), (0, 0), "stale, and nobody wrote yet");
    let new = seal(&anna, attachment, b"after").await.unwrap();
    let seen = anna.fetch_sessions(&[case, attachment]).await.unwrap();
    let [Ok(a), Ok(b)] = seen.as_slice() else {
        panic!("{seen:?}");
    };
    assert_eq!(epochs(a, b), (1, 1));
    assert!(no_access(open(&ben, &new).await));
    assert_eq!(open(&anna, &old).await.unwrap(), b"before");
    let told = anna.history(attachment).await.unwrap();
    let last = told.last().unwrap();
    assert!(matches!(&last.what, What::Rotated { causes } if causes.len() == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_come_with_one_request_and_an_answer_each() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let (case, ward, _) = case(&anna, &ben, 0).await;
    let ours = [(ward.into(), Rights::MANAGE)];
    let hers = [(member(&anna).await, Rights::MANAGE)];
    let wanted: Vec<_> = (0..998)
        .map(|place| NewSession {
            recipients: if place == 500 { &hers } else { &ours },
            ..NewSession::default()
        })
        .collect();
    let [_, appends] = asked(&world);
    let made = anna.create_sessions(&wanted).await.unwrap();
    assert_eq!(asked(&world)[1], appends + 1, "one append");
    let made: Vec<_> = made.into_iter().map(Result::unwrap).collect();
    let mut ids = vec![NOWHERE];
    ids.extend(&made);
    ids.push(case);
    assert_eq!(ids.len(), 1000);
    ben.group(ward).await.unwrap();
    let [fetches, _] = asked(&world);
    let found = ben.fetch_sessions(&ids).await.unwrap();
    assert_eq!(asked(&world)[0], fetches + 1, "one request");
    assert_eq!(found.len(), 1000);
    for (place, (id, found)) in ids.iter().zip(found).enumerate() {
        if [0, 501].contains(&place) {
            assert!(no_access(found), "{place}");
        } else {
            assert_eq!(found.unwrap().id, *id, "{place}");
        }
    }
    ids.push(NOWHERE);
    let refused = ben.fetch_sessions(&ids).await;
    assert!(matches!(refused, Err(Error::Misuse(Misuse::Invalid(_)))));
    assert_eq!(ben.fetch_sessions(&[]).await.unwrap(), []);

    // Who was revoked meanwhile hears it of that one, whatever he has cached.
    let [first, second] = [made[0], made[1]];
    anna.grant(first, hers[0].0, Rights::MANAGE, Visibility::Full)
        .await
        .unwrap();
    anna.revoke(first, &[ward.into()]).await.unwrap();
    let found = ben.fetch_sessions(&[first, second]).await.unwrap();
    assert_eq!(codes(&found), ["no_access", "ok"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_only_those_fail_that_are_wrong() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let (carla, _) = world.person("carla").await;
    let (a, b, c) = (
        member(&anna).await,
        member(&ben).await,
        member(&carla).await,
    );
    let over = anna.create_group("Over", &[]).await.unwrap();
    anna.dissolve_group(over).await.unwrap();

    // Names.
    let found = anna
        .find_users(&["ben", "nobody", " ", "carla"])
        .await
        .unwrap();
    assert_eq!(codes(&found), ["ok", "unknown_name", "bad_name", "ok"]);
    assert_eq!(MemberId::from(*found[0].as_ref().unwrap()), b);
    assert_eq!(MemberId::from(*found[3].as_ref().unwrap()), c);
    assert_eq!(codes(&anna.find_users(&[""]).await.unwrap()), ["bad_name"]);

    // Sessions.
    let lists = [
        vec![(a, Rights::MANAGE)],
        vec![(a, Rights::READ)],
        vec![(b, Rights::MANAGE)],
        vec![(a, Rights::MANAGE), (NOBODY.into(), Rights::READ)],
        vec![(a, Rights::MANAGE), (over.into(), Rights::READ)],
        vec![(a, Rights::MANAGE), (a, Rights::READ)],
        vec![(a, Rights::MANAGE), (b, Rights::READ)],
    ];
    let wanted = lists.each_ref().map(|recipients| NewSession {
        recipients,
        metadata: Some(b"{}"),
        ..NewSession::default()
    });
    let [_, appends] = asked(&world);
    let made = anna.create_sessions(&wanted).await.unwrap();
    let expected = [
        "ok",
        "invalid",
        "invalid",
        "unknown_chain",
        "no_recipient",
        "invalid",
        "ok",
    ];
    assert_eq!(codes(&made), expected);
    assert_eq!(asked(&world)[1], appends + 1);
    let own = *made[0].as_ref().unwrap();
    let shared = *made[6].as_ref().unwrap();
    assert_eq!(ben.session(shared).await.unwrap().recipients.len(), 2);
    assert!(anna.create_sessions(&[]).await.unwrap().is_empty());

    // Grants. Ben may share, and no more than he holds.
    anna.set_rights(shared, b, Rights::SHARE).await.unwrap();
    let [_, appends] = asked(&world);
    let inner = carla.create_group("Inner", &[]).await.unwrap();
    let granted = ben
        .grant_many(
            shared,
            &[
                (c, Rights::MANAGE),
                (NOBODY.into(), Rights::READ),
                (inner.into(), Rights::READ),
                (a, Rights::READ),
                (c, Rights::READ),
                (over.into(), Rights::READ),
            ],
        )
        .await
        .unwrap();
    let expected = [
        "not_authorised",
        "unknown_chain",
        "ok",
        "ok",
        "invalid",
        "no_recipient",
    ];
    assert_eq!(codes(&granted), expected);
    // Carla's group, and one grant: Anna was there before.
    assert_eq!(asked(&world)[1], appends + 2);
    let seen = carla.session(shared).await.unwrap();
    assert_eq!(seen.managing, [a]);
    let how = |member| {
        let mut all = seen.recipients.iter();
        let found = all.find(|found| found.member == member).unwrap();
        (found.how, MemberId::from(found.by), found.rights)
    };
    assert_eq!(how(a), (How::Created, a, Rights::MANAGE));
    assert_eq!(how(b), (How::Created, a, Rights::SHARE));
    assert_eq!(how(inner.into()), (How::Granted, b, Rights::READ));
    let refused = carla.grant_many(shared, &[(c, Rights::READ)]).await;
    assert_eq!(refused.unwrap_err().code(), "not_authorised");

    // Revocations, in several sessions.
    let more = [(b, Rights::MANAGE), (a, Rights::READ)];
    let bens = ben.create_session(&more, None, None).await.unwrap();
    let [_, appends] = asked(&world);
    let revoked = anna
        .revoke_many(&[
            (shared, vec![b, inner.into()]),
            (bens, vec![b]),
            (NOWHERE, vec![b]),
            (own, vec![c]),
            (shared, vec![c]),
        ])
        .await
        .unwrap();
    let expected = ["ok", "not_authorised", "no_access", "ok", "invalid"];
    assert_eq!(codes(&revoked), expected);
    assert_eq!(asked(&world)[1], appends + 1);
    assert!(no_access(ben.session(shared).await));
    assert!(no_access(carla.session(shared).await));
    let (left, untouched) = (anna.session(shared).await, anna.session(own).await);
    assert_eq!((left.unwrap().epoch, untouched.unwrap().epoch), (1, 0));
    assert!(anna.revoke_many(&[]).await.unwrap().is_empty());

    // Members. One group lies too deep below: only the server can say so.
    let mut deep = inner;
    for _ in 0..8 {
        deep = carla
            .create_group("Outer", &[(deep.into(), Role::Member)])
            .await
            .unwrap();
    }
    let group = carla.create_group("All", &[]).await.unwrap();
    let added = carla
        .add_members(
            group,
            &[
                (a, Role::Member),
                (deep.into(), Role::Member),
                (NOBODY.into(), Role::Member),
                (b, Role::Admin),
                (a, Role::Admin),
            ],
        )
        .await
        .unwrap();
    let expected = ["ok", "statement_refused", "unknown_chain", "ok", "invalid"];
    assert_eq!(codes(&added), expected);
    assert_eq!(anna.group(group).await.unwrap().role, Some(Role::Member));
    assert_eq!(ben.group(group).await.unwrap().role, Some(Role::Admin));
    let refused = anna.add_members(group, &[(c, Role::Member)]).await;
    assert_eq!(refused.unwrap_err().code(), "not_authorised");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_others_leave_and_one_who_manages_stays() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let (a, b) = (member(&anna).await, member(&ben).await);
    let ward = anna
        .create_group("Ward", &[(b, Role::Member)])
        .await
        .unwrap();
    let second = anna.create_group("Second", &[]).await.unwrap();
    let [first, other] = if ward < second {
        [ward, second]
    } else {
        [second, ward]
    };
    // Herself before any group.
    let all = [
        (a, Rights::MANAGE),
        (b, Rights::MANAGE),
        (ward.into(), Rights::MANAGE),
    ];
    let session = anna.create_session(&all, None, None).await.unwrap();
    let revoked = anna.revoke_others(session).await.unwrap();
    assert_eq!(revoked, [b, ward.into()]);
    let left = anna.session(session).await.unwrap();
    assert_eq!((left.managing.as_slice(), left.epoch), (&[a][..], 1));
    assert_eq!(left.recipients.len(), 1);
    assert!(no_access(ben.session(session).await));
    // Nobody is left to revoke: nothing changes.
    assert_eq!(anna.revoke_others(session).await.unwrap(), []);
    assert_eq!(anna.session(session).await.unwrap().epoch, 1);

    let reader = [(a, Rights::MANAGE), (b, Rights::READ)];
    let session = anna.create_session(&reader, None, None).await.unwrap();
    assert!(matches!(
        ben.revoke_others(session).await,
        Err(Error::Misuse(Misuse::NotAuthorised(_)))
    ));

    // A group through which she manages, where her own right is less.
    let all = [
        (a, Rights::READ),
        (first.into(), Rights::MANAGE),
        (other.into(), Rights::MANAGE),
    ];
    let session = anna.create_session(&all, None, None).await.unwrap();
    let revoked = anna.revoke_others(session).await.unwrap();
    assert_eq!(revoked, [a, other.into()]);
    assert_eq!(
        anna.session(session).await.unwrap().managing,
        [first.into()]
    );

    // A parent.
    let all = [(session.into(), Rights::MANAGE), (b, Rights::READ)];
    let child = anna.create_session(&all, None, None).await.unwrap();
    assert_eq!(anna.revoke_others(child).await.unwrap(), [b]);
    let left = anna.session(child).await.unwrap();
    assert_eq!(left.managing, [session.into()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_ended_opens_to_nobody_any_more() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let (case, ward, attachments) = case(&anna, &ben, 1).await;
    let attachment = attachments[0];
    let letter = seal(&anna, case, b"a letter").await.unwrap();
    let under = seal(&anna, attachment, b"a scan").await.unwrap();
    assert!(matches!(
        ben.revoke_all(case).await,
        Err(Error::Misuse(Misuse::NotAuthorised(_)))
    ));
    anna.revoke_all(case).await.unwrap();
    anna.revoke_all(case).await.unwrap();
    for machine in [&anna, &ben] {
        machine.forget_sessions().await.unwrap();
        assert!(no_access(open(machine, &letter).await));
        assert!(no_access(open(machine, &under).await), "it was under it");
        assert!(no_access(machine.session(case).await));
        assert!(no_access(machine.open_tree(case).await));
        assert!(no_access(seal(machine, case, b"more").await));
        let page = machine.sessions(None, 10).await.unwrap();
        assert_eq!(page.sessions, []);
    }
    // Nobody is let in again, and nothing is put under it.
    let again = anna
        .grant(case, ward.into(), Rights::READ, Visibility::Full)
        .await;
    assert!(no_access(again));
    let new = NewSession {
        recipients: &[
            (member(&anna).await, Rights::MANAGE),
            (case.into(), Rights::READ),
        ],
        ..NewSession::default()
    };
    let made = anna.create_sessions(&[new]).await.unwrap();
    assert!(made.into_iter().all(|made| made.is_err()));
}
