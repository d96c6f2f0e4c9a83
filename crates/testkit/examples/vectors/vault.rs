//! What the vault is told: to whom it hands out a record, and what a device signs.

use serde_json::{Value, json};
use wardseal_crypto::label;
use wardseal_protocol::{
    cbor,
    vault::{Access, Action, Language, MAX_ACCESS, TwoManAccess, record_message, request_message},
};
use wardseal_testkit::Town;
use wardseal_types::{Base64Url, FixedBytes, TenantId, Timestamp, UserId, limits};

use crate::{
    Set,
    small::{text, turned, with},
};

fn user(byte: u8) -> UserId {
    UserId::from_bytes([byte; 32])
}

fn two_man() -> TwoManAccess {
    TwoManAccess {
        share: FixedBytes([1; 32]),
        address: "anna@example.org".into(),
        salt: FixedBytes([2; 32]),
        delay: 24,
        language: Language::German,
    }
}

/// The access of two servers after a change.
fn mail(change: impl FnOnce(&mut TwoManAccess)) -> Vec<u8> {
    let mut access = two_man();
    change(&mut access);
    Access::TwoMan(access).to_bytes()
}

fn address(address: &str) -> Vec<u8> {
    mail(|access| access.address = address.into())
}

fn readers(bytes: impl IntoIterator<Item = u8>) -> Vec<u8> {
    Access::Readers(bytes.into_iter().map(user).collect()).to_bytes()
}

fn accepted() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let longest = format!("{}@example.org", "a".repeat(limits::MAX_ADDRESS - 12));
    vec![
        (
            "password",
            "A registration upload. Whether it is one, the vault finds out itself.",
            Access::Opaque(Base64Url(vec![7; 192])).to_bytes(),
        ),
        ("locator", "By a locator.", Access::Locator.to_bytes()),
        ("mail", "By a code that is sent.", mail(|_| {})),
        (
            "mail-at-once",
            "Without a delay, in French.",
            mail(|access| {
                access.delay = 0;
                access.language = Language::French;
            }),
        ),
        (
            "mail-delay",
            "With the longest delay.",
            mail(|access| access.delay = limits::MAX_DELAY),
        ),
        ("address-short", "The shortest address.", address("a@b")),
        ("address-long", "The longest address.", address(&longest)),
        (
            "address-letters",
            "Letters are taken as they were typed.",
            address("Zoë@Example.org"),
        ),
        ("reader", "To one administrator.", readers([1])),
        ("readers", "To sixteen administrators.", readers(0..16)),
    ]
}

fn refused() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let good = mail(|_| {});
    let long = format!("{}@example.org", "a".repeat(limits::MAX_ADDRESS - 11));
    let fields = |share: usize, salt: usize, language| {
        let fields = Fields(vec![1; share], vec![2; salt], language);
        cbor::encode(&(3_u8, vec![fields]))
    };
    assert_eq!(fields(32, 32, "de"), good, "other fields");
    vec![
        ("empty", "Nothing at all.", Vec::new()),
        (
            "unknown",
            "A kind that does not exist.",
            vec![0x82, 5, 0x80],
        ),
        ("zero", "Kinds begin at one.", vec![0x82, 0, 0x80]),
        (
            "no-upload",
            "A password without upload.",
            vec![0x82, 1, 0x80],
        ),
        ("no-kind", "An empty array.", vec![0x80]),
        (
            "delay",
            "A delay of 73 hours.",
            mail(|access| access.delay = 73),
        ),
        ("share-short", "A share of 31 bytes.", fields(31, 32, "de")),
        ("salt-long", "A salt of 33 bytes.", fields(32, 33, "de")),
        (
            "language",
            "A language in which nobody writes.",
            fields(32, 32, "it"),
        ),
        ("address-no-at", "An address without @.", address("anna")),
        (
            "address-two",
            "An address with two @.",
            address("a@b@example.org"),
        ),
        (
            "address-no-name",
            "Nothing before the @.",
            address("@example.org"),
        ),
        ("address-no-host", "Nothing after the @.", address("anna@")),
        (
            "address-space",
            "An address with a space.",
            address("a @example.org"),
        ),
        (
            "address-line",
            "An address with a new line.",
            address("a\n@example.org"),
        ),
        ("address-too-long", "One letter too many.", address(&long)),
        ("no-readers", "To nobody.", readers([])),
        ("descending", "Readers that do not ascend.", readers([2, 1])),
        ("repeated", "The same reader twice.", readers([1, 1])),
        ("too-many", "Seventeen readers.", readers(0..17)),
        (
            "cut",
            "The last byte is missing.",
            good[..good.len() - 1].to_vec(),
        ),
    ]
}

/// The fields of an access by two servers, with whatever lengths.
struct Fields(Vec<u8>, Vec<u8>, &'static str);

impl wardseal_types::cbor::Encode for Fields {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend([0xa5, 0]);
        Base64Url(self.0.clone()).encode(out);
        out.push(1);
        "anna@example.org".encode(out);
        out.push(2);
        Base64Url(self.1.clone()).encode(out);
        out.extend([3, 24, 24, 4]);
        self.2.encode(out);
    }
}

pub(crate) fn access(set: &mut Set) {
    let tenant = TenantId::from_bytes([1; 32]);
    let mut case = |name: &str, description: &str, expect: &str, tenant: TenantId, bytes: &[u8]| {
        let input = json!({ "tenant": tenant, "access": text(bytes) });
        set.case("vault-access", name, description, expect, &input);
    };
    for (name, description, bytes) in accepted() {
        case(name, description, "ok", tenant, &bytes);
    }
    case(
        "mail-other-tenant",
        "The same address has another commitment in another tenant.",
        "ok",
        TenantId::from_bytes([2; 32]),
        &mail(|_| {}),
    );
    for (name, description, bytes) in refused() {
        case(name, description, "decode_malformed", tenant, &bytes);
    }
    case(
        "trailing",
        "One byte more.",
        "decode_not_canonical",
        tenant,
        &[0x82, 2, 0x80, 0],
    );
    case(
        "locator-with",
        "A locator has nothing beside it.",
        "decode_not_canonical",
        tenant,
        &[0x82, 2, 0x81, 0],
    );
    case(
        "long-head",
        "A kind in two bytes.",
        "decode_not_canonical",
        tenant,
        &[0x82, 0x18, 2, 0x80],
    );
    case(
        "large",
        "More than the vault reads.",
        "decode_too_large",
        tenant,
        &Access::Opaque(Base64Url(vec![7; MAX_ACCESS])).to_bytes(),
    );
}

pub(crate) fn records(set: &mut Set) {
    let mut town = Town::new(521);
    let (alice, bob) = (town.person(), town.person());
    let record = FixedBytes([3; 32]);
    let access = Access::Locator.to_bytes();
    let sealed = vec![5; 40];
    let message = record_message(&town.tenant, &alice.id, &record, &access, &sealed);
    let ed25519 = alice.device.sign.ed25519();
    let signature = ed25519.sign(label::RECORD_SIGNATURE, &message);
    let good = json!({
        "tenant": town.tenant,
        "user": alice.id,
        "record": record,
        "access": text(&access),
        "sealed": text(&sealed),
        "ed25519": text(alice.device.sign.public().ed25519().as_bytes()),
        "signature": text(signature.as_bytes()),
    });
    let mut case = |name: &str, description: &str, expect: &str, input: &Value| {
        set.case("vault-record", name, description, expect, input);
    };
    case("good", "A record that its owner signed.", "ok", &good);
    let empty = record_message(&town.tenant, &alice.id, &record, &[], &[]);
    let empty = ed25519.sign(label::RECORD_SIGNATURE, &empty);
    let nothing = with(&with(&good, "access", ""), "sealed", "");
    let nothing = with(&nothing, "signature", text(empty.as_bytes()));
    case(
        "empty",
        "The signature does not judge what it covers; the vault does.",
        "ok",
        &nothing,
    );
    let swapped = with(&good, "access", text(&sealed));
    let swapped = with(&swapped, "sealed", text(&access));
    let moved = with(&good, "access", text(&[&access[..], &[5]].concat()));
    let moved = with(&moved, "sealed", text(&sealed[1..]));
    let other_label = ed25519.sign(label::VAULT_REQUEST, &message);
    for (name, description, input) in [
        (
            "tenant",
            "Another tenant.",
            with(&good, "tenant", Town::new(522).tenant.to_string()),
        ),
        (
            "user",
            "Another user.",
            with(&good, "user", bob.id.to_string()),
        ),
        (
            "record",
            "Under another name.",
            with(&good, "record", text(&[4; 32])),
        ),
        (
            "access",
            "Handed out to somebody else.",
            with(&good, "access", text(&readers([1]))),
        ),
        (
            "sealed",
            "Another content.",
            with(&good, "sealed", text(&turned(&sealed, 39))),
        ),
        ("swapped", "Access and content changed places.", swapped),
        (
            "moved",
            "A byte of the content stands at the end of the access.",
            moved,
        ),
        (
            "device",
            "The key of another device.",
            with(
                &good,
                "ed25519",
                text(bob.device.sign.public().ed25519().as_bytes()),
            ),
        ),
        (
            "label",
            "A signature for another purpose.",
            with(&good, "signature", text(other_label.as_bytes())),
        ),
        (
            "turned",
            "One bit of the signature was turned.",
            with(&good, "signature", text(&turned(signature.as_bytes(), 0))),
        ),
    ] {
        case(name, description, "bad_signature", &input);
    }
}

pub(crate) fn requests(set: &mut Set) {
    let mut town = Town::new(523);
    let (alice, bob) = (town.person(), town.person());
    let time = Timestamp::from_millis(1_700_000_000_000);
    let name = FixedBytes([3; 32]);
    let ed25519 = alice.device.sign.ed25519();
    let tenant = town.tenant;
    let request = |action: &Action| {
        let message = request_message(&tenant, &alice.id, &alice.device.id, time, action);
        json!({
            "tenant": tenant,
            "user": alice.id,
            "device": alice.device.id,
            "time": time,
            "action": text(&action.to_bytes()),
            "ed25519": text(alice.device.sign.public().ed25519().as_bytes()),
            "signature": text(ed25519.sign(label::VAULT_REQUEST, &message).as_bytes()),
        })
    };
    let mut case = |name: &str, description: &str, expect: &str, input: &Value| {
        set.case("vault-request", name, description, expect, input);
    };
    let good = request(&Action::Delete(name));
    let list = request(&Action::List);
    case("list", "What is under way and kept.", "ok", &list);
    let veto = request(&Action::Veto(name));
    case("veto", "Stops an attempt.", "ok", &veto);
    case("delete", "Deletes a record.", "ok", &good);
    let read = request(&Action::Read(name));
    case("read", "Reads a record.", "ok", &read);
    let action = |action: &Action| with(&good, "action", text(&action.to_bytes()));
    let message = request_message(&tenant, &alice.id, &alice.device.id, time, &Action::List);
    let other_label = ed25519.sign(label::RECORD_SIGNATURE, &message);
    for (name, description, input) in [
        (
            "tenant",
            "Another tenant.",
            with(&good, "tenant", Town::new(524).tenant.to_string()),
        ),
        (
            "user",
            "Another user.",
            with(&good, "user", bob.id.to_string()),
        ),
        (
            "device",
            "Another device.",
            with(&good, "device", bob.device.id.to_string()),
        ),
        (
            "time",
            "Another time.",
            with(&good, "time", 1_700_000_000_001_u64),
        ),
        (
            "other-action",
            "To stop is not to delete.",
            action(&Action::Veto(name)),
        ),
        (
            "other-record",
            "Another record.",
            action(&Action::Delete(FixedBytes([4; 32]))),
        ),
        (
            "key",
            "The key of another device.",
            with(
                &good,
                "ed25519",
                text(bob.device.sign.public().ed25519().as_bytes()),
            ),
        ),
        (
            "label",
            "A signature for another purpose.",
            with(&list, "signature", text(other_label.as_bytes())),
        ),
    ] {
        case(name, description, "bad_signature", &input);
    }
    let bytes = Action::Delete(name).to_bytes();
    let longer = [&bytes[..], &[0]].concat();
    case(
        "trailing",
        "One byte more.",
        "decode_not_canonical",
        &with(&good, "action", text(&longer)),
    );
    for (name, description, bytes) in [
        (
            "unknown",
            "An action that does not exist.",
            vec![0x82, 5, 0x80],
        ),
        ("no-record", "Deletes nothing.", vec![0x82, 3, 0x80]),
        (
            "cut",
            "The last byte is missing.",
            bytes[..bytes.len() - 1].to_vec(),
        ),
    ] {
        case(
            name,
            description,
            "decode_malformed",
            &with(&good, "action", text(&bytes)),
        );
    }
}
