//! Ways back in, names of groups, and certificates for a day.

use serde_json::json;
use wardseal_protocol::{
    binding::{self, Claims},
    cbor,
    certificate::Certificate,
    keys::DeviceKind,
    op::{Method, Op, Organisation, Rights, Role, Stored, TwoMan, VaultRecord},
    statement::{Author, Statement},
};
use wardseal_testkit::{Device, Person, Town};
use wardseal_types::{FixedBytes, GroupId, MemberId, Timestamp, UserId, limits};

use crate::{
    Set,
    folds::log,
    small::{text, turned, with},
};

const HOUR: u64 = 3_600_000;

fn stored() -> Stored {
    Stored {
        record: FixedBytes([7; 32]),
    }
}

fn password() -> Method {
    Method::Password(VaultRecord {
        record: FixedBytes([7; 32]),
        vault_key: FixedBytes([8; 32]),
        oprf_key: FixedBytes([9; 32]),
    })
}

fn organisation(quorum: u8, helpers: &[u8]) -> Method {
    Method::Organisation(Organisation {
        record: FixedBytes([7; 32]),
        group: GroupId::from_bytes([6; 32]),
        quorum,
        helpers: helpers
            .iter()
            .map(|byte| UserId::from_bytes([*byte; 32]))
            .collect(),
    })
}

fn two_man(delay: u8) -> Method {
    Method::TwoMan(TwoMan {
        record: FixedBytes([7; 32]),
        address: FixedBytes([5; 32]),
        delay,
    })
}

fn set_method(town: &mut Town, person: &Person, method: Method) -> Device {
    let device = town.device(method.kind());
    let op = town.op_set_recovery(person, &device, method, None);
    town.say(person, person.id, op).expect("a method");
    device
}

pub(crate) fn folds(set: &mut Set) {
    let mut town = Town::new(401);
    let alice = town.person();
    let code = set_method(&mut town, &alice, Method::Code(stored()));
    let old = set_method(&mut town, &alice, password());
    let mut case = |name: &str, description: &str, expect: &str, town: &Town, last: &Statement| {
        let name = format!("recovery-{name}");
        set.case("fold", &name, description, expect, &log(town, Some(last)));
    };

    let by = |town: &Town, device: &Device, op: Op| town.says_by(alice.id, device, alice.id, op);
    for (name, description, method) in [
        ("mail", "Two servers, with two days of delay.", two_man(48)),
        (
            "help",
            "Two of three administrators.",
            organisation(2, &[1, 2, 3]),
        ),
        ("passkey", "A passkey.", Method::Passkey(stored())),
    ] {
        let device = town.device(method.kind());
        let op = town.op_set_recovery(&alice, &device, method, None);
        case(
            name,
            description,
            "ok",
            &town,
            &by(&town, &alice.device, op),
        );
    }
    for (name, description, method) in [
        ("delay", "A delay of more than three days.", two_man(73)),
        ("quorum", "A quorum of three.", organisation(3, &[1, 2, 3])),
        (
            "few",
            "Fewer administrators than the quorum.",
            organisation(2, &[1]),
        ),
        (
            "order",
            "Administrators in another order.",
            organisation(2, &[2, 1]),
        ),
    ] {
        let device = town.device(method.kind());
        let op = town.op_set_recovery(&alice, &device, method, None);
        let statement = by(&town, &alice.device, op);
        case(name, description, "bad_method", &town, &statement);
    }
    let second = town.device(DeviceKind::Code);
    let op = town.op_set_recovery(&alice, &second, Method::Code(stored()), None);
    let statement = by(&town, &alice.device, op);
    case(
        "second",
        "A second recovery code.",
        "already_member",
        &town,
        &statement,
    );
    let op = town.op_set_recovery(&alice, &second, Method::Code(stored()), Some(&old));
    let statement = by(&town, &alice.device, op);
    case(
        "replaces",
        "A code in place of a password.",
        "not_a_member",
        &town,
        &statement,
    );
    let op = town.op_set_recovery(&alice, &second, password(), Some(&old));
    let statement = by(&town, &alice.device, op);
    case(
        "kind",
        "A code device with a password.",
        "wrong_member",
        &town,
        &statement,
    );

    let fresh = town.device(DeviceKind::Password);
    let op = town.op_recover(&alice, &fresh, Some(password()), &[old.id, alice.device.id]);
    let back = by(&town, &code, op.clone());
    case(
        "code",
        "A code brings a new password and shuts out what was lost.",
        "ok",
        &town,
        &back,
    );
    let statement = by(&town, &alice.device, op);
    case(
        "device",
        "An ordinary device recovers.",
        "not_authorised",
        &town,
        &statement,
    );
    let op = town.op_rotate_user(&alice);
    let statement = by(&town, &code, op);
    case(
        "says",
        "A code says something else.",
        "not_authorised",
        &town,
        &statement,
    );
    let op = town.op_recover(&alice, &fresh, Some(password()), &[]);
    let statement = by(&town, &code, op);
    case(
        "stays",
        "The forgotten password stays.",
        "already_member",
        &town,
        &statement,
    );
    let op = town.op_recover(&alice, &fresh, Some(password()), &[old.id, code.id]);
    let statement = by(&town, &code, op);
    case(
        "author",
        "The code shuts itself out.",
        "author_leaves",
        &town,
        &statement,
    );
    let op = town.op_recover(&alice, &second, Some(Method::Code(stored())), &[]);
    let statement = by(&town, &code, op);
    case(
        "another",
        "A code brings another code.",
        "bad_method",
        &town,
        &statement,
    );

    names(set);
    days(set);
}

fn names(set: &mut Set) {
    let mut town = Town::new(402);
    let (alice, bob) = (town.person(), town.person());
    let members = [(alice.member(), Role::Admin), (bob.member(), Role::Member)];
    let groups = [(); 2].map(|()| {
        let mut members = members.to_vec();
        members.sort_by_key(|(member, _)| *member);
        town.group(&alice, &members).expect("a group")
    });
    let bind = town.op_group_bind(groups[0], "finess:750000001");
    let mut case = |name: &str, description: &str, expect: &str, statement: &Statement| {
        let name = format!("group-name-{name}");
        set.case(
            "fold",
            &name,
            description,
            expect,
            &log(&town, Some(statement)),
        );
    };
    let says = |author: &Person, group: GroupId| town.says(author, group, bind.clone());
    case(
        "good",
        "An administrator binds a name.",
        "ok",
        &says(&alice, groups[0]),
    );
    case(
        "member",
        "A member binds it.",
        "not_authorised",
        &says(&bob, groups[0]),
    );
    case(
        "group",
        "To another group.",
        "bad_binding",
        &says(&alice, groups[1]),
    );
}

fn days(set: &mut Set) {
    let mut town = Town::new(403);
    let alice = town.person();
    let device = set_method(&mut town, &alice, password());
    let session = town
        .session(&alice, &[(alice.member(), Rights::MANAGE)])
        .expect("a session");
    let (good, key) = town.certifies(alice.id, &device, HOUR);
    let (long, long_key) = town.certifies(alice.id, &device, limits::MAX_CERTIFICATE + 1);
    let (ordinary, ordinary_key) = town.certifies(alice.id, &alice.device, HOUR);
    let op = town.op_rotate_session(session);
    let now = town.now;
    let mut case = |name: &str, description: &str, expect: &str, town: &Town, last: &Statement| {
        let name = format!("day-{name}");
        set.case("fold", &name, description, expect, &log(town, Some(last)));
    };
    let says = |town: &Town, device: &Device, today: (Certificate, &_)| {
        town.says_today(alice.id, device, today, session, op.clone())
    };
    let statement = says(&town, &device, (good, &key));
    case(
        "good",
        "A key of the day rotates a session.",
        "ok",
        &town,
        &statement,
    );
    let bad = "bad_certificate";
    let statement = says(&town, &device, (long, &long_key));
    case(
        "long",
        "Certified for longer than sixteen hours.",
        bad,
        &town,
        &statement,
    );
    let statement = says(&town, &alice.device, (ordinary, &ordinary_key));
    case(
        "ordinary",
        "Certified by an ordinary device.",
        bad,
        &town,
        &statement,
    );
    let statement = says(&town, &device, (ordinary, &ordinary_key));
    case(
        "stolen",
        "Certified by another device than named.",
        bad,
        &town,
        &statement,
    );
    let statement = says(&town, &device, (good, &long_key));
    case(
        "key",
        "Signed by another key.",
        "bad_signature",
        &town,
        &statement,
    );
    town.now = good.until.plus_millis(1);
    let statement = says(&town, &device, (good, &key));
    case(
        "over",
        "Said when the day was over.",
        bad,
        &town,
        &statement,
    );
    town.now = Timestamp::from_millis(good.from.millis() - 1);
    let statement = says(&town, &device, (good, &key));
    case("early", "Said before it began.", bad, &town, &statement);
    town.now = now;
    let user_op = town.op_rotate_user(&alice);
    let author = Author::Certified(alice.id, device.id, good);
    let body = town.body(alice.id.into(), author, user_op);
    let statement = body.sign(&device.sign).expect("signs");
    case(
        "user",
        "In a user's chain.",
        "not_authorised",
        &town,
        &statement,
    );
    let op = town.op_revoke_device(&alice, &[MemberId::Device(device.id)]);
    town.say(&alice, alice.id, op).expect("revoked");
    let statement = says(&town, &device, (good, &key));
    case(
        "revoked",
        "The device was revoked.",
        "not_a_device",
        &town,
        &statement,
    );
}

pub(crate) fn certificates(set: &mut Set) {
    let mut town = Town::new(404);
    let (alice, bob) = (town.person(), town.person());
    let device = town.device(DeviceKind::Passkey);
    let code = town.device(DeviceKind::Code);
    let (certificate, _) = town.certifies(alice.id, &device, limits::MAX_CERTIFICATE);
    let good = json!({
        "tenant": town.tenant,
        "user": alice.id,
        "device": text(&cbor::encode(&device.keys)),
        "certificate": text(&cbor::encode(&certificate)),
        "time": certificate.from,
    });
    let mut case = |name: &str, description: &str, expect: &str, input: &_| {
        set.case("day-certificate", name, description, expect, input);
    };
    case("first", "At its first moment.", "ok", &good);
    let at = |ms: u64| with(&good, "time", ms);
    let (from, until) = (certificate.from.millis(), certificate.until.millis());
    case("last", "At its last moment.", "ok", &at(until));
    case("expired", "A millisecond later.", "expired", &at(until + 1));
    case(
        "future",
        "A millisecond too early.",
        "not_yet_valid",
        &at(from - 1),
    );
    let given =
        |certificate: &Certificate| with(&good, "certificate", text(&cbor::encode(certificate)));
    let (long, _) = town.certifies(alice.id, &device, limits::MAX_CERTIFICATE + 1);
    case(
        "long",
        "For longer than sixteen hours.",
        "too_long",
        &given(&long),
    );
    let mut backwards = certificate;
    core::mem::swap(&mut backwards.from, &mut backwards.until);
    case(
        "backwards",
        "It ends before it begins.",
        "not_yet_valid",
        &given(&backwards),
    );
    let mut moved = certificate;
    moved.until = moved.until.minus_millis(1);
    case(
        "moved",
        "Its end was changed.",
        "bad_signature",
        &given(&moved),
    );
    let (of_bob, _) = town.certifies(bob.id, &device, HOUR);
    case(
        "user",
        "For another user.",
        "bad_signature",
        &given(&of_bob),
    );
    let (of_code, _) = town.certifies(alice.id, &code, HOUR);
    let by_code = with(&given(&of_code), "device", text(&cbor::encode(&code.keys)));
    case("kind", "By a recovery code.", "wrong_kind", &by_code);
    case(
        "device",
        "By another device.",
        "bad_signature",
        &given(&of_code),
    );
    let tenant = Town::new(405).tenant.to_string();
    case(
        "tenant",
        "For another tenant.",
        "bad_signature",
        &with(&good, "tenant", tenant),
    );
    let bytes = cbor::encode(&certificate);
    let turned = turned(&bytes, bytes.len() - 1);
    case(
        "turned",
        "A bit of the signature was turned.",
        "bad_signature",
        &with(&good, "certificate", text(&turned)),
    );
    let longer = [bytes, vec![0]].concat();
    case(
        "trailing",
        "A byte follows.",
        "decode_not_canonical",
        &with(&good, "certificate", text(&longer)),
    );
}

pub(crate) fn tokens(set: &mut Set) {
    let mut town = Town::new(406);
    let (alice, bob) = (town.person(), town.person());
    let group = town
        .group(&alice, &[(alice.member(), Role::Admin)])
        .expect("a group");
    let first = text(town.log[0].bytes());
    let claims = town.claims(group, &[5; 32], "finess:750000001");
    let input = |claims: &Claims| {
        json!({
            "tenant": [first],
            "token": town.signed(claims),
            "group": group,
            "commitment": claims.cmt,
            "now": town.now,
            "leeway": 60,
        })
    };
    let mut case = |name: &str, description: &str, expect: &str, input: &_| {
        set.case("binding-token", name, description, expect, input);
    };
    case("group", "A name bound to a group.", "ok", &input(&claims));
    let user = Claims {
        sub: UserId::from_bytes(*group.as_bytes()).into(),
        ..claims.clone()
    };
    case(
        "user-as-group",
        "The user with the group's bytes.",
        "wrong_subject",
        &input(&user),
    );
    let old = Claims {
        old: Some(bob.id),
        sub: alice.id.into(),
        ..claims
    };
    let mut moved = input(&old);
    if let Some(object) = moved.as_object_mut() {
        object.remove("group");
        object.insert("user".into(), json!(alice.id));
    }
    case(
        "old",
        "A name that goes over from another user.",
        "ok",
        &moved,
    );
    let kid = town.token_id();
    let header = format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"wardseal-binding+jwt"}}"#);
    let spoiled = |from: &str, to: &str| {
        let claims = serde_json::to_string(&old).expect("JSON").replace(from, to);
        let part = |text: &str| wardseal_types::Base64Url::text_of(text.as_bytes());
        let input = format!("{}.{}", part(&header), part(&claims));
        let signature = town.token.sign_unlabelled(input.as_bytes());
        with(
            &moved,
            "token",
            binding::assemble(&input, signature.as_bytes()),
        )
    };
    let from = format!(r#""old":"{}""#, bob.id);
    for (name, description, to) in [
        ("old-group", "From a group.", format!(r#""old":"{group}""#)),
        (
            "old-list",
            "From several users.",
            format!(r#""old":["{}"]"#, bob.id),
        ),
        ("old-twice", "From a user, twice.", format!("{from},{from}")),
    ] {
        case(name, description, "malformed", &spoiled(&from, &to));
    }
}
