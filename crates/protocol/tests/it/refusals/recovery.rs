//! Recovery methods, the way back in, names of groups and certificates for a day.

use wardseal_protocol::{
    Refusal,
    certificate::CertificateError,
    keys::DeviceKind,
    op::{Method, Op, Organisation, Rights, Role, Stored, TwoMan},
    state::{NOW, World as _},
    statement::Author,
};
use wardseal_testkit::{Device, Person, Town};
use wardseal_types::{DeviceId, FixedBytes, GroupId, MemberId, Timestamp, UserId, limits};

use super::{Cases, case, vault};

const HOUR: u64 = 3_600_000;

const ALL: [DeviceKind; 5] = [
    DeviceKind::Password,
    DeviceKind::Code,
    DeviceKind::Passkey,
    DeviceKind::TwoMan,
    DeviceKind::Organisation,
];

/// A method of this kind that nobody could object to.
fn method(kind: DeviceKind) -> Method {
    let record = FixedBytes([7; 32]);
    match kind {
        DeviceKind::Password => Method::Password(vault()),
        DeviceKind::Code => Method::Code(Stored { record }),
        DeviceKind::Passkey => Method::Passkey(Stored { record }),
        DeviceKind::TwoMan => two_man(48),
        DeviceKind::Organisation => organisation(2, 2),
        _ => panic!("no method"),
    }
}

fn two_man(delay: u8) -> Method {
    Method::TwoMan(TwoMan {
        record: FixedBytes([7; 32]),
        address: FixedBytes([8; 32]),
        delay,
    })
}

fn organisation(quorum: u8, helpers: u8) -> Method {
    Method::Organisation(Organisation {
        record: FixedBytes([7; 32]),
        group: GroupId::from_bytes([9; 32]),
        quorum,
        helpers: (0..helpers)
            .map(|number| UserId::from_bytes([number; 32]))
            .collect(),
    })
}

fn set(town: &mut Town, person: &Person, kind: DeviceKind) -> Device {
    let device = town.device(kind);
    let op = town.op_set_recovery(person, &device, method(kind), None);
    town.say(person, person.id, op).expect("a method");
    device
}

fn judged(town: &Town, person: &Person, device: &Device, op: Op) -> Result<(), Refusal> {
    let statement = town.says_by(person.id, device, person.id, op);
    town.judge(&statement).map(|_| ())
}

#[test]
fn every_method_enters_is_replaced_and_is_found() {
    let mut town = Town::new(61);
    let anna = town.person();
    for kind in ALL {
        let first = set(&mut town, &anna, kind);
        let state = town.states.user(&anna.id).expect("anna");
        let (device, kept) = state.method(kind).expect("a method");
        assert_eq!((device, kept), (first.id, &method(kind)));
        let second = town.device(kind);
        let op = town.op_set_recovery(&anna, &second, method(kind), Some(&first));
        town.say(&anna, anna.id, op).expect("another");
        let state = town.states.user(&anna.id).expect("anna");
        assert!(state.device_at(&first.id, NOW).is_none());
        assert_eq!(
            state.method(kind).map(|(device, _)| device),
            Some(second.id)
        );
    }
    let state = town.states.user(&anna.id).expect("anna");
    assert_eq!(state.methods().count(), ALL.len());
}

#[test]
fn what_only_recovers_says_nothing_else_and_nobody_says_it_instead() {
    let mut town = Town::new(62);
    let (anna, bob) = (town.person(), town.person());
    let devices = ALL.map(|kind| set(&mut town, &anna, kind));
    let group = town
        .group(&anna, &[(anna.member(), Role::Admin)])
        .expect("a group");
    let session = town
        .session(&anna, &[(anna.member(), Rights::MANAGE)])
        .expect("a session");
    let everything = [
        (anna.id.into(), town.op_rotate_user(&anna)),
        (anna.id.into(), town.op_bind(&anna, "anna")),
        (group.into(), town.op_rotate(group)),
        (
            session.into(),
            town.op_grant(session, bob.member(), Rights::READ),
        ),
    ];
    let fresh = town.device(DeviceKind::Ordinary);
    let recover = town.op_recover(&anna, &fresh, None, &[]);
    for device in devices.iter().chain([&anna.device]) {
        let recovers = device.keys.kind.only_recovers();
        let refused = Err(Refusal::NotAuthorised);
        for (chain, op) in &everything {
            let chain: wardseal_types::ChainId = *chain;
            let statement = town.says_by(anna.id, device, chain, op.clone());
            let result = town.fold(&statement).map(|_| ());
            let expected = if recovers { refused } else { Ok(()) };
            assert_eq!(result, expected, "{:?} {op:?}", device.keys.kind);
        }
        let result = judged(&town, &anna, device, recover.clone());
        let expected = if recovers { Ok(()) } else { refused };
        assert_eq!(result, expected, "{:?} recovers", device.keys.kind);
    }
}

#[test]
fn a_recovery_brings_a_password_shuts_out_what_was_lost_and_stays_possible() {
    let mut town = Town::new(63);
    let anna = town.person();
    let code = set(&mut town, &anna, DeviceKind::Code);
    let forgotten = set(&mut town, &anna, DeviceKind::Password);
    let password = town.device(DeviceKind::Password);
    let op = town.op_recover(
        &anna,
        &password,
        Some(method(DeviceKind::Password)),
        &[anna.device.id, forgotten.id],
    );
    let statement = town.says_by(anna.id, &code, anna.id, op);
    town.append(&statement).expect("the way back in");
    let state = town.states.user(&anna.id).expect("anna");
    assert_eq!(
        state.password().map(|(device, _)| device),
        Some(password.id)
    );
    assert_eq!(state.ring.newest().map(|epoch| epoch.lossy), Some(true));
    for gone in [&anna.device, &forgotten] {
        assert!(state.device_at(&gone.id, NOW).is_none());
    }
    let again = town.device(DeviceKind::Passkey);
    let op = town.op_recover(&anna, &again, Some(method(DeviceKind::Passkey)), &[]);
    let statement = town.says_by(anna.id, &code, anna.id, op);
    town.append(&statement).expect("the same code once more");
}

#[test]
fn names_have_a_history() {
    let mut town = Town::new(64);
    let anna = town.person();
    let group = town
        .group(&anna, &[(anna.member(), Role::Admin)])
        .expect("a group");
    let mut expected = Vec::new();
    for name in ["finess:750000001", "finess:750000002"] {
        let op = town.op_group_bind(group, name);
        expected.push((
            town.next_position(),
            Some(wardseal_protocol::binding::index(&town.tenant, name)),
        ));
        town.say(&anna, group, op).expect("a name");
    }
    let state = town.states.group(&group).expect("a group");
    assert_eq!(state.names.changes(), expected);
    assert_eq!(
        state.binding.as_ref().map(|bound| bound.index),
        expected[1].1
    );
    // A statement at the position of a change was made under what held before.
    assert_eq!(state.names.at(expected[1].0), expected[0].1);

    let op = town.op_bind(&anna, "anna");
    town.say(&anna, anna.id, op).expect("a name");
    let state = town.states.user(&anna.id).expect("anna");
    let index = state.binding.as_ref().map(|bound| bound.index);
    assert!(index.is_some() && state.names.now() == index);
}

#[test]
fn a_key_of_the_day_speaks_in_sessions_for_the_devices_that_may_certify_one() {
    let mut town = Town::new(65);
    let (anna, bob) = (town.person(), town.person());
    let session = town
        .session(&anna, &[(anna.member(), Rights::MANAGE)])
        .expect("a session");
    for kind in [DeviceKind::Password, DeviceKind::Passkey] {
        let device = set(&mut town, &anna, kind);
        let (certificate, key) = town.certifies(anna.id, &device, limits::MAX_CERTIFICATE);
        for later in [0, limits::MAX_CERTIFICATE] {
            let now = town.now;
            town.now = now.plus_millis(later);
            let op = town.op_rotate_session(session);
            let statement = town.says_today(anna.id, &device, (certificate, &key), session, op);
            town.append(&statement).expect("within the day");
            town.now = now;
        }
        let keys = &device.keys;
        for (tenant, user) in [(&Town::new(66).tenant, &anna.id), (&town.tenant, &bob.id)] {
            assert_eq!(
                certificate.check(tenant, user, keys, town.now),
                Err(CertificateError::BadSignature)
            );
        }
    }
}

pub(super) fn recoveries() -> Cases {
    let mut cases = Cases::new();
    let mut town = Town::new(67);
    let (anna, bob) = (town.person(), town.person());

    // Numbers outside their limits.
    let mut with_oneself = organisation(2, 2);
    let mut unsorted = organisation(2, 2);
    if let (Method::Organisation(own), Method::Organisation(other)) =
        (&mut with_oneself, &mut unsorted)
    {
        own.helpers.push(anna.id);
        own.helpers.sort();
        other.helpers.reverse();
    }
    for bad in [
        two_man(limits::MAX_DELAY + 1),
        organisation(0, 2),
        organisation(3, 3),
        organisation(1, 0),
        organisation(2, 1),
        organisation(2, 17),
        with_oneself,
        unsorted,
    ] {
        let device = town.device(bad.kind());
        let op = town.op_set_recovery(&anna, &device, bad, None);
        case(
            &mut cases,
            "bad_method",
            judged(&town, &anna, &anna.device, op),
        );
    }
    // A device of another kind than its method, and as an ordinary one.
    let passkey = town.device(DeviceKind::Passkey);
    let op = town.op_set_recovery(&anna, &passkey, method(DeviceKind::Code), None);
    case(
        &mut cases,
        "wrong_member",
        judged(&town, &anna, &anna.device, op),
    );
    let op = town.op_add_device(&anna, &passkey);
    case(
        &mut cases,
        "wrong_member",
        judged(&town, &anna, &anna.device, op),
    );

    // One of each, but eight passkeys; a replacement is of the same kind.
    let devices = ALL.map(|kind| set(&mut town, &anna, kind));
    for device in &devices {
        let kind = device.keys.kind;
        let second = town.device(kind);
        let op = town.op_set_recovery(&anna, &second, method(kind), None);
        if kind != DeviceKind::Passkey {
            case(
                &mut cases,
                "already_member",
                judged(&town, &anna, &anna.device, op),
            );
        }
        for other in devices.iter().filter(|other| other.keys.kind != kind) {
            let op = town.op_set_recovery(&anna, &second, method(kind), Some(other));
            case(
                &mut cases,
                "not_a_member",
                judged(&town, &anna, &anna.device, op),
            );
        }
    }
    for _ in 1..limits::MAX_PASSKEYS {
        set(&mut town, &anna, DeviceKind::Passkey);
    }
    let ninth = town.device(DeviceKind::Passkey);
    let op = town.op_set_recovery(&anna, &ninth, method(DeviceKind::Passkey), None);
    case(
        &mut cases,
        "too_large",
        judged(&town, &anna, &anna.device, op),
    );

    let [password, code, ..] = &devices;
    recoveries_by_code(&mut cases, &mut town, &anna, (password, code));

    // Names of groups: of another group, of a user, of another commitment, by a member.
    let member = [(anna.member(), Role::Admin), (bob.member(), Role::Member)];
    let groups = [(); 2].map(|()| town.group(&anna, &member).expect("a group"));
    let bound = town.op_group_bind(groups[0], "ik:260100000");
    let statement = town.says(&anna, groups[1], bound.clone());
    case(&mut cases, "bad_binding", town.fold(&statement).map(|_| ()));
    let statement = town.says(&bob, groups[0], bound.clone());
    case(
        &mut cases,
        "not_authorised",
        town.fold(&statement).map(|_| ()),
    );
    let Op::GroupBind(_, token) = bound else {
        panic!("not a binding");
    };
    for op in [
        Op::GroupBind(FixedBytes([1; 32]), token),
        match town.op_bind(&anna, "anna") {
            Op::Bind(commitment, token) => Op::GroupBind(commitment, token),
            other => other,
        },
    ] {
        let statement = town.says(&anna, groups[0], op);
        case(&mut cases, "bad_binding", town.fold(&statement).map(|_| ()));
    }
    cases
}

fn recoveries_by_code(
    cases: &mut Cases,
    town: &mut Town,
    anna: &Person,
    (password, code): (&Device, &Device),
) {
    let fresh = town.device(DeviceKind::Password);
    let kept = || Some(method(DeviceKind::Password));
    // The password before stays; the author leaves; a stranger leaves.
    let op = town.op_recover(anna, &fresh, kept(), &[]);
    case(cases, "already_member", judged(town, anna, code, op));
    let op = town.op_recover(anna, &fresh, kept(), &[password.id, code.id]);
    case(cases, "author_leaves", judged(town, anna, code, op));
    let stranger = DeviceId::from_bytes([1; 32]);
    let op = town.op_recover(anna, &fresh, kept(), &[password.id, stranger]);
    case(cases, "not_a_member", judged(town, anna, code, op));
    let op = town.op_recover(anna, &fresh, kept(), &[password.id, anna.device.id]);
    let Op::Recover(mut recover) = op else {
        panic!("not a recovery");
    };
    let mut unlinked = recover.clone();
    unlinked.epoch.link = None;
    case(
        cases,
        "bad_epoch",
        judged(town, anna, code, Op::Recover(unlinked)),
    );
    recover.leave.reverse();
    case(
        cases,
        "not_ascending",
        judged(town, anna, code, Op::Recover(recover)),
    );
    // Another code is no way back in; nor is a device that another proved, or a known one.
    let other = town.device(DeviceKind::Code);
    let op = town.op_recover(anna, &other, Some(method(DeviceKind::Code)), &[]);
    case(cases, "bad_method", judged(town, anna, code, op));
    let op = town.op_recover(anna, &fresh, None, &[]);
    case(cases, "wrong_member", judged(town, anna, code, op));
    let op = town.op_recover(anna, &anna.device, None, &[]);
    case(cases, "already_member", judged(town, anna, code, op));
    let Op::Recover(mut recover) = town.op_recover(anna, &fresh, kept(), &[password.id]) else {
        panic!("not a recovery");
    };
    recover.device.proof = code.enters(&town.tenant, &anna.id).proof;
    case(
        cases,
        "bad_key",
        judged(town, anna, code, Op::Recover(recover)),
    );
}

pub(super) fn certificates() -> Cases {
    let mut cases = Cases::new();
    let mut town = Town::new(68);
    let anna = town.person();
    let devices = ALL.map(|kind| set(&mut town, &anna, kind));
    let session = town
        .session(&anna, &[(anna.member(), Rights::MANAGE)])
        .expect("a session");
    let group = town
        .group(&anna, &[(anna.member(), Role::Admin)])
        .expect("a group");
    let op = town.op_rotate_session(session);
    let bad = "bad_certificate";
    // A kind of device that may not.
    for device in devices.iter().chain([&anna.device]) {
        let today = town.certifies(anna.id, device, HOUR);
        let statement = town.says_today(anna.id, device, (today.0, &today.1), session, op.clone());
        if !device.keys.kind.certifies() {
            case(&mut cases, bad, town.fold(&statement).map(|_| ()));
        }
    }
    let [password, ..] = &devices;
    let judged = |town: &Town, (certificate, key): (_, &_)| {
        let statement = town.says_today(anna.id, password, (certificate, key), session, op.clone());
        town.fold(&statement).map(|_| ())
    };
    // Too long, over, not yet, by another device.
    let (long, key) = town.certifies(anna.id, password, limits::MAX_CERTIFICATE + 1);
    case(&mut cases, bad, judged(&town, (long, &key)));
    let (certificate, key) = town.certifies(anna.id, password, HOUR);
    let now = town.now;
    town.now = now.plus_millis(HOUR + 1);
    case(&mut cases, bad, judged(&town, (certificate, &key)));
    town.now = Timestamp::from_millis(now.millis() - 1);
    case(&mut cases, bad, judged(&town, (certificate, &key)));
    town.now = now;
    let mut backwards = certificate;
    core::mem::swap(&mut backwards.from, &mut backwards.until);
    case(&mut cases, bad, judged(&town, (backwards, &key)));
    let (stolen, stolen_key) = town.certifies(anna.id, &anna.device, HOUR);
    case(&mut cases, bad, judged(&town, (stolen, &stolen_key)));
    // Another key than the certified one.
    case(
        &mut cases,
        "bad_signature",
        judged(&town, (certificate, &stolen_key)),
    );
    // In a session only, whoever signs.
    for (chain, op) in [
        (
            wardseal_types::ChainId::from(anna.id),
            town.op_rotate_user(&anna),
        ),
        (group.into(), town.op_rotate(group)),
    ] {
        let author = Author::Certified(anna.id, password.id, certificate);
        let body = town.body(chain, author, op);
        assert!(body.clone().sign_session(&key).is_err());
        let statement = body.sign(&password.sign).expect("signs");
        case(
            &mut cases,
            "not_authorised",
            town.fold(&statement).map(|_| ()),
        );
    }
    // The device was revoked, and its certificates with it.
    let op = town.op_revoke_device(&anna, &[MemberId::Device(password.id)]);
    town.say(&anna, anna.id, op).expect("revoked");
    case(
        &mut cases,
        "not_a_device",
        judged(&town, (certificate, &key)),
    );
    cases
}
