//! Histories: the state that the last statement makes, or why it is refused.

use serde_json::{Value, json};
use wardseal_protocol::{
    keys::DeviceKind,
    op::{Membership, Op, Rights, Role, Rotation},
    statement::{Author, Seen, Statement},
};
use wardseal_testkit::{Person, Town, root_key};
use wardseal_types::{Base64Url, FixedBytes, GroupId, MemberId, SessionId};

use crate::{Set, small::text};

/// The log of the town, and one statement more.
pub(crate) fn log(town: &Town, last: Option<&Statement>) -> Value {
    let statements: Vec<_> = (0..)
        .zip(town.log.iter().chain(last))
        .map(|(position, statement): (u64, _)| json!([position, text(statement.bytes())]))
        .collect();
    json!({ "statements": statements })
}

/// Alice, who administers, and Bob, who does not.
struct Scene {
    town: Town,
    alice: Person,
    bob: Person,
}

fn people() -> Scene {
    let mut town = Town::new(301);
    let (alice, bob) = (town.person(), town.person());
    Scene { town, alice, bob }
}

impl Scene {
    fn group(&mut self) -> GroupId {
        let members = [
            (self.alice.member(), Role::Admin),
            (self.bob.member(), Role::Member),
        ];
        self.town.group(&self.alice, &members).expect("a group")
    }

    fn session(&mut self) -> SessionId {
        let grants = [
            (self.alice.member(), Rights::MANAGE),
            (self.bob.member(), Rights::READ),
        ];
        self.town.session(&self.alice, &grants).expect("a session")
    }
}

pub(crate) fn folds(set: &mut Set) {
    good(set);
    groups(set);
    sessions(set);
    people_and_tenants(set);
}

fn good(set: &mut Set) {
    let mut case = |name: &str, description: &str, town: &Town| {
        set.case("fold", name, description, "ok", &log(town, None));
    };
    let mut scene = people();
    case("user", "A user founds himself.", &scene.town);
    let group = scene.group();
    case(
        "group",
        "A group with an administrator and a member.",
        &scene.town,
    );
    let op = scene.town.op_remove(group, &[scene.bob.member()]);
    scene.town.say(&scene.alice, group, op).expect("removed");
    case(
        "remove",
        "A member is removed, and the epoch shuts him out.",
        &scene.town,
    );

    let mut scene = people();
    let session = scene.session();
    case("session", "A session with two recipients.", &scene.town);
    let op = scene.town.op_rotate_session(session);
    scene.town.say(&scene.bob, session, op).expect("rotated");
    case(
        "rotate",
        "A reader gives the session a new epoch.",
        &scene.town,
    );
    let parent = [
        (scene.alice.member(), Rights::MANAGE),
        (session.into(), Rights::READ),
    ];
    scene.town.session(&scene.alice, &parent).expect("a child");
    scene.town.lose_device(&scene.bob).expect("a loss");
    case(
        "lost-device",
        "A user revokes a device, which opens a lossy epoch.",
        &scene.town,
    );
    let op = scene.town.op_rotate_session(session);
    scene.town.say(&scene.alice, session, op).expect("rotated");
    case(
        "answer",
        "A session answers the loss, so its own epoch is lossy.",
        &scene.town,
    );
    scene
        .town
        .say(&scene.alice, session, Op::End)
        .expect("ended");
    case(
        "end",
        "A session ends: nobody is a recipient any more.",
        &scene.town,
    );
}

fn groups(set: &mut Set) {
    let mut scene = people();
    let group = scene.group();
    let Scene { town, alice, bob } = &mut scene;
    let mut case = |name: &str, description: &str, expect: &str, town: &Town, last: &Statement| {
        set.case("fold", name, description, expect, &log(town, Some(last)));
    };
    let promote = Op::SetRole(Membership {
        member: bob.member(),
        role: Role::Admin,
    });
    let statement = town.says(bob, group, promote);
    case(
        "promote-oneself",
        "A member makes himself an administrator.",
        "not_authorised",
        town,
        &statement,
    );
    let op = town.op_rotate(group);
    let body = town.body(group.into(), alice.author(), op.clone());
    let statement = body.sign(&bob.device.sign).expect("signs");
    case(
        "signature",
        "Signed by another device than the author's.",
        "bad_signature",
        town,
        &statement,
    );
    let Op::GroupRotate(rotation) = op else {
        panic!("not a rotation");
    };
    let spoiled = |spoil: &dyn Fn(&mut Rotation)| {
        let mut rotation = rotation.clone();
        spoil(&mut rotation);
        town.says(alice, group, Op::GroupRotate(rotation))
    };
    let statement = spoiled(&|rotation| rotation.epoch.number = 2);
    case(
        "gap",
        "An epoch is left out.",
        "bad_epoch",
        town,
        &statement,
    );
    let statement = spoiled(&|rotation| rotation.epoch.link = None);
    case(
        "no-link",
        "A rotation without ladder link.",
        "bad_epoch",
        town,
        &statement,
    );
    let old = town
        .newest(group)
        .commitment(wardseal_protocol::ring::RingKind::Group);
    let statement = spoiled(&|rotation| rotation.epoch.commitment = old);
    case(
        "old-seed",
        "The seed of an earlier epoch again.",
        "bad_epoch",
        town,
        &statement,
    );
    let statement = spoiled(&|rotation| {
        rotation.epoch.boxes.pop();
    });
    case(
        "missing-box",
        "A member without box.",
        "boxes_do_not_match",
        town,
        &statement,
    );
    let statement = spoiled(&|rotation| rotation.epoch.boxes.reverse());
    case(
        "box-order",
        "Boxes in another order.",
        "boxes_do_not_match",
        town,
        &statement,
    );
    let statement = spoiled(&|rotation| rotation.epoch.boxes[0].epoch = 1);
    case(
        "stale-box",
        "A box for a key that is not the newest.",
        "stale_recipient",
        town,
        &statement,
    );
    let op = town.op_remove(group, &[alice.member()]);
    let statement = town.says(alice, group, op);
    case(
        "last-admin",
        "The only administrator removes himself.",
        "no_administrator",
        town,
        &statement,
    );
}

fn sessions(set: &mut Set) {
    let mut scene = people();
    let session = scene.session();
    let Scene { town, alice, bob } = &mut scene;
    let mut case = |name: &str, description: &str, expect: &str, town: &Town, last: &Statement| {
        set.case("fold", name, description, expect, &log(town, Some(last)));
    };
    let op = town.op_revoke(session, &[alice.member()]);
    let statement = town.says(bob, session, op);
    case(
        "revoke-manager",
        "A reader revokes the manager.",
        "not_authorised",
        town,
        &statement,
    );
    let statement = town.says(alice, session, Op::Describe(1, Base64Url(vec![1])));
    case(
        "name-epoch",
        "Metadata under an epoch that is not yet.",
        "bad_name",
        town,
        &statement,
    );
    let first = town.says(alice, session, Op::Describe(0, Base64Url(vec![1])));
    let second = town.says(alice, session, Op::Describe(0, Base64Url(vec![2])));
    town.append(&first).expect("described");
    case(
        "fork",
        "A second child of the same parent.",
        "stale_parent",
        town,
        &second,
    );
    case(
        "replay",
        "The same statement again.",
        "stale_parent",
        town,
        &first,
    );
    let mut backwards = log(town, None);
    let last = town.log.len() - 1;
    backwards["statements"][last][0] = json!(last - 1);
    set.case(
        "fold",
        "out-of-order",
        "The log has a statement where its predecessor is.",
        "out_of_order",
        &backwards,
    );
    let mut case = |name: &str, description: &str, expect: &str, town: &Town, last: &Statement| {
        set.case("fold", name, description, expect, &log(town, Some(last)));
    };
    let op = Op::Describe(0, Base64Url(vec![3]));
    let mut body = town.body(session.into(), alice.author(), op);
    body.seen = Some(Seen {
        size: town.next_position() + 1,
        root: FixedBytes([0; 32]),
    });
    let statement = body.sign(&alice.device.sign).expect("signs");
    case(
        "seen-too-much",
        "The author had seen more of the log than now precedes his statement.",
        "out_of_order",
        town,
        &statement,
    );
    town.lose_device(bob).expect("a loss");
    let members = town.members(session);
    let epoch = town.next_epoch(session, &members);
    let op = Op::SessionRotate(Rotation {
        epoch,
        causes: Vec::new(),
    });
    let statement = town.says(alice, session, op);
    case(
        "unnamed-cause",
        "A rotation that hides the loss that it answers.",
        "bad_cause",
        town,
        &statement,
    );
    let parent = [
        (alice.member(), Rights::MANAGE),
        (MemberId::Session(session), Rights::READ),
    ];
    let child = town.session(alice, &parent).expect("a child");
    let op = town.op_grant(session, child.into(), Rights::READ);
    let statement = town.says(alice, session, op);
    case(
        "cycle",
        "A session under its own child.",
        "cycle",
        town,
        &statement,
    );
    let statement = town.says(bob, session, Op::End);
    case(
        "end-by-reader",
        "A reader ends a session.",
        "not_authorised",
        town,
        &statement,
    );
    let rotation = town.op_rotate_session(child);
    let late = town.says(alice, child, rotation);
    town.say(alice, session, Op::End).expect("ended");
    let statement = town.says(alice, session, Op::Describe(0, Base64Url(vec![1])));
    case(
        "after-end",
        "Metadata for a session that has ended.",
        "dissolved",
        town,
        &statement,
    );
    case(
        "sealed-to-ended",
        "A rotation that seals to a parent that has ended.",
        "dissolved",
        town,
        &late,
    );
}

fn people_and_tenants(set: &mut Set) {
    let mut scene = people();
    let Scene { town, alice, bob } = &mut scene;
    let mut case = |name: &str, description: &str, expect: &str, town: &Town, last: &Statement| {
        set.case("fold", name, description, expect, &log(town, Some(last)));
    };
    let device = town.device(DeviceKind::Ordinary);
    let op = town.op_add_device(alice, &device);
    let body = town.body(alice.id.into(), bob.author(), op);
    let statement = body.sign(&bob.device.sign).expect("signs");
    case(
        "ghost-device",
        "Somebody else adds a device.",
        "not_authorised",
        town,
        &statement,
    );
    let entry = town.present_box(alice.id, device.member());
    let copied = device.enters(&town.tenant, &bob.id);
    let statement = town.says(alice, alice.id, Op::AddDevice(copied, entry));
    case(
        "possession",
        "A device whose possession was proven to somebody else.",
        "bad_key",
        town,
        &statement,
    );
    let op = town.op_bind(bob, "bob");
    let statement = town.says(alice, alice.id, op);
    case(
        "binding",
        "Another user's name.",
        "bad_binding",
        town,
        &statement,
    );
    let statement = town.tenant_says(Op::TenantRevokeKey(root_key(&town.root).id()));
    case(
        "last-root",
        "The tenant revokes its only root key.",
        "bad_tenant_keys",
        town,
        &statement,
    );
    let abroad = Town::new(302).person_genesis();
    case(
        "tenant",
        "A user of another tenant.",
        "wrong_tenant",
        town,
        &abroad,
    );

    let op = town.op_add_device(alice, &device);
    town.say(alice, alice.id, op).expect("a device");
    let op = town.op_revoke_device(alice, &[device.member()]);
    town.say(alice, alice.id, op).expect("revoked");
    let op = town.op_rotate_user(alice);
    let author = Author::Device(alice.id, device.id);
    let statement = town
        .body(alice.id.into(), author, op)
        .sign(&device.sign)
        .expect("signs");
    case(
        "revoked-device",
        "Signed by a device that was revoked.",
        "not_a_device",
        town,
        &statement,
    );
}
