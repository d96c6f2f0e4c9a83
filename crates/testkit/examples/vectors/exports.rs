//! Exports of sessions.

use serde_json::{Value, json};
use wardseal_client_core::export;
use wardseal_protocol::{
    cbor,
    op::{Rights, Role},
};
use wardseal_testkit::Town;
use wardseal_types::{Base64Url, FixedBytes, RingId, SessionId, SortedMap};

use crate::{
    Set,
    small::{text, turned, with},
};

type Parts = (
    String,
    u16,
    wardseal_types::TenantId,
    Vec<(Base64Url, u64)>,
    Vec<(SessionId, u32, FixedBytes<32>)>,
);

pub(crate) fn exports(set: &mut Set) {
    let mut town = Town::new(271);
    let alice = town.person();
    let ben = town.person();
    let group = town
        .group(
            &alice,
            &[(alice.member(), Role::Admin), (ben.member(), Role::Member)],
        )
        .expect("a group");
    let first = town
        .session(&alice, &[(group.into(), Rights::MANAGE)])
        .expect("a session");
    let second = town
        .session(&ben, &[(group.into(), Rights::MANAGE)])
        .expect("a session");
    let op = town.op_rotate_session(first);
    let rotate = town.says(&ben, first, op);
    town.append(&rotate).expect("a member may rotate");
    let statements: Vec<_> = (0..)
        .zip(&town.log)
        .map(|(position, statement)| (Base64Url::from(statement.bytes()), position))
        .collect();
    let mut keys = Vec::new();
    for session in [first, second] {
        for (epoch, seed) in (0..).zip(&town.seeds[&RingId::Session(session)]) {
            keys.push((session, epoch, FixedBytes(*seed.secret().expose())));
        }
    }
    keys.sort_by_key(|(session, epoch, _)| (*session, *epoch));
    assert_eq!(keys.len(), 3, "two epochs of one session, one of the other");

    let parts = || -> Parts {
        (
            "wardseal-sessions".into(),
            1,
            town.tenant,
            statements.clone(),
            keys.clone(),
        )
    };
    let good = cbor::encode(&parts());
    let mut seeds = SortedMap::new();
    for session in [first, second] {
        for (epoch, seed) in (0..).zip(&town.seeds[&RingId::Session(session)]) {
            seeds.insert((session, epoch), seed.clone());
        }
    }
    let written = export::write(town.tenant, statements.clone(), &seeds);
    assert_eq!(
        written.as_slice(),
        good,
        "what is written is what is described"
    );
    let input = json!({
        "tenant": town.tenant,
        "export": text(&good),
        "author": (ben.id, ben.device.id),
    });
    let mut case = |name: &str, description: &str, expect: &str, input: &Value| {
        set.case("session-export", name, description, expect, input);
    };
    let changed = |change: &dyn Fn(&mut Parts)| {
        let mut parts = parts();
        change(&mut parts);
        with(&input, "export", text(&cbor::encode(&parts)))
    };
    let raw = |bytes: &[u8]| with(&input, "export", text(bytes));

    case(
        "good",
        "Two sessions of a group, one with two epochs.",
        "ok",
        &input,
    );
    let one = changed(&|parts| parts.4.truncate(1));
    case("one-key", "Only one of the keys.", "ok", &one);
    let stranger = with(&input, "author", json!((alice.id, ben.device.id)));
    case(
        "stranger",
        "A device that is not this user's.",
        "ok",
        &stranger,
    );

    case("empty", "Nothing.", "not_an_export", &raw(&[]));
    let kind = changed(&|parts| parts.0 = "wardseal-session".into());
    case("kind", "Of another kind.", "not_an_export", &kind);
    let suite = changed(&|parts| parts.1 = 2);
    case("suite-2", "Suite 2 does not exist.", "other_suite", &suite);
    let other = Town::new(272);
    let reader = with(&input, "tenant", json!(other.tenant));
    case(
        "other-tenant",
        "The reader is of another tenant.",
        "other_tenant",
        &reader,
    );
    let posed = changed(&|parts| parts.2 = other.tenant);
    let posed = with(&posed, "tenant", json!(other.tenant));
    case(
        "posed-tenant",
        "The export names the reader's tenant, its statements another.",
        "other_tenant",
        &posed,
    );
    let cut = raw(&good[..good.len() - 1]);
    case("cut", "The last byte is missing.", "decode_malformed", &cut);
    let trailing = raw(&[good.as_slice(), &[0]].concat());
    case(
        "trailing",
        "One byte follows.",
        "decode_not_canonical",
        &trailing,
    );
    let mut long = good.clone();
    // An array head and a text of 17 bytes with its head of one byte stand before the suite.
    assert_eq!(long[19], 1);
    long.splice(19..20, [0x18, 1]);
    case(
        "long-integer",
        "The suite in two bytes.",
        "decode_not_canonical",
        &raw(&long),
    );
    let none = changed(&|parts| parts.4.clear());
    case("no-key", "No key.", "disordered", &none);
    let keys_turned = changed(&|parts| parts.4.reverse());
    case(
        "key-order",
        "Keys out of their order.",
        "disordered",
        &keys_turned,
    );
    let twice = changed(&|parts| parts.4.insert(0, parts.4[0]));
    case("key-twice", "A key twice.", "disordered", &twice);
    let statements_turned = changed(&|parts| parts.3.reverse());
    case(
        "statement-order",
        "Statements out of their order.",
        "disordered",
        &statements_turned,
    );
    let same = changed(&|parts| parts.3[1].1 = parts.3[0].1);
    case(
        "same-position",
        "Two statements at one position.",
        "disordered",
        &same,
    );

    let bad_key = "wrong_key";
    let at = good.len() - 1;
    case(
        "key-bit",
        "One bit of a key is turned.",
        bad_key,
        &raw(&turned(&good, at)),
    );
    let exchanged = changed(&|parts| {
        let (a, b) = (parts.4[0].2, parts.4[2].2);
        parts.4[0].2 = b;
        parts.4[2].2 = a;
    });
    case(
        "key-exchanged",
        "Two sessions with each other's keys.",
        bad_key,
        &exchanged,
    );
    let undeclared = changed(&|parts| parts.4[2].1 = 7);
    case(
        "key-epoch",
        "A key of an epoch that no statement declares.",
        bad_key,
        &undeclared,
    );
    let chainless = changed(&|parts| {
        let gone = parts.4[2].0;
        let ours = |bytes: &Base64Url| {
            let statement = wardseal_protocol::statement::Statement::decode(bytes.as_slice());
            statement.expect("of the log").chain() == gone.into()
        };
        parts.3.retain(|(bytes, _)| !ours(bytes));
    });
    case(
        "key-chain",
        "A key of a session without statements.",
        bad_key,
        &chainless,
    );

    // Statements of the log: tenant, alice, ben, group, first, second, rotation of first.
    let signature = changed(&|parts| {
        let bytes = parts.3[4].0.as_slice().to_vec();
        parts.3[4].0 = Base64Url(turned(&bytes, bytes.len() - 1));
    });
    case(
        "signature",
        "A statement's signature is changed.",
        "bad_signature",
        &signature,
    );
    let author = changed(&|parts| {
        parts.3.remove(2);
    });
    case(
        "no-author",
        "Somebody's chain is missing who signed.",
        "unknown_author",
        &author,
    );
    let group_gone = changed(&|parts| {
        parts.3.remove(3);
    });
    case(
        "no-group",
        "The group is missing through which somebody has his right.",
        "unknown_group",
        &group_gone,
    );
    let no_tenant = changed(&|parts| {
        parts.3.remove(0);
    });
    case(
        "no-tenant",
        "The tenant's chain is missing.",
        "wrong_tenant",
        &no_tenant,
    );
    let gap = changed(&|parts| {
        parts.3.remove(4);
    });
    case(
        "no-genesis",
        "A session begins with its second statement.",
        "stale_parent",
        &gap,
    );
}
