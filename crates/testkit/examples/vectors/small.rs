//! Identifiers, devices, sign-in, boxes and ladders.

use serde_json::{Value, json};
use wardseal_crypto::{label, secret::Secret};
use wardseal_protocol::{
    binding, cbor,
    keys::DeviceKind,
    op::{Rights, Role},
    ring::{BoxContext, BoxRef, RingKind, Sealed, SealedBox, Seed},
    state::World as _,
};
use wardseal_testkit::{Device, Town};
use wardseal_types::{Base64Url, BoxedBytes, FixedBytes, MemberId, RingId, UserId, limits};

use crate::Set;

/// The input with one field replaced.
pub(crate) fn with(input: &Value, field: &str, value: impl Into<Value>) -> Value {
    let mut input = input.clone();
    assert!(input.get(field).is_some(), "no field {field}");
    input[field] = value.into();
    input
}

pub(crate) fn text(bytes: &[u8]) -> String {
    Base64Url::from(bytes).to_text()
}

/// The bytes with one bit turned.
pub(crate) fn turned(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

pub(crate) fn ids(set: &mut Set) {
    let bytes: [u8; 32] = core::array::from_fn(|index| u8::try_from(index * 7).expect("small"));
    let good = UserId::from_bytes(bytes).to_string();
    let body = good.trim_start_matches("usr_");
    let mut shorter = good.clone();
    shorter.pop();
    let mut case = |name: &str, description: &str, expect: &str, prefix: &str, text: &str| {
        let input = json!({ "prefix": prefix, "text": text });
        set.case("id", name, description, expect, &input);
    };
    case("user", "A user's identifier.", "ok", "usr", &good);
    for (name, prefix) in [
        ("tenant", "ten"),
        ("group", "grp"),
        ("session", "ses"),
        ("device", "dev"),
        ("pending", "pnd"),
    ] {
        let description = format!("The same bytes as the identifier of a {name}.");
        case(
            name,
            &description,
            "ok",
            prefix,
            &format!("{prefix}_{body}"),
        );
    }
    case(
        "object",
        "Objects have 16 bytes.",
        "ok",
        "obj",
        "obj_aaaqeayeaudaocajbifqydiob4",
    );
    case(
        "zero",
        "All bytes zero.",
        "ok",
        "usr",
        &UserId::from_bytes([0; 32]).to_string(),
    );
    case(
        "wrong-prefix",
        "A group's prefix where a user is meant.",
        "prefix",
        "usr",
        &format!("grp_{body}"),
    );
    case("no-prefix", "The bare base32.", "prefix", "usr", body);
    case(
        "prefix-only",
        "Nothing after the prefix.",
        "malformed",
        "usr",
        "usr_",
    );
    case("empty", "Nothing at all.", "prefix", "usr", "");
    case(
        "upper-case",
        "Base32 in upper case.",
        "malformed",
        "usr",
        &format!("usr_{}", body.to_uppercase()),
    );
    case(
        "upper-prefix",
        "The prefix in upper case.",
        "prefix",
        "usr",
        &format!("USR_{body}"),
    );
    case(
        "padded",
        "Base32 with padding.",
        "malformed",
        "usr",
        &format!("{good}===="),
    );
    case(
        "long",
        "One symbol more.",
        "malformed",
        "usr",
        &format!("{good}a"),
    );
    case("short", "One symbol less.", "malformed", "usr", &shorter);
    case(
        "16-bytes",
        "An object's length where 32 bytes are meant.",
        "malformed",
        "usr",
        "usr_aaaqeayeaudaocajbifqydiob4",
    );
    let trailing = format!("usr_{}7", body.split_at(51).0);
    case(
        "trailing-bits",
        "The last symbol carries bits that no byte has.",
        "malformed",
        "usr",
        &trailing,
    );
    case(
        "space",
        "White space before.",
        "prefix",
        "usr",
        &format!(" {good}"),
    );
    case(
        "alphabet",
        "A digit that base32 does not have.",
        "malformed",
        "usr",
        &good.replace('a', "1"),
    );
}

pub(crate) fn devices(set: &mut Set) {
    let mut town = Town::new(101);
    let device = town.device(DeviceKind::Ordinary);
    let password = town.device(DeviceKind::Password);
    let good = cbor::encode(&device.keys);
    let mut case = |name: &str, description: &str, expect: &str, keys: &[u8]| {
        set.case(
            "device-id",
            name,
            description,
            expect,
            &json!({ "keys": text(keys) }),
        );
    };
    case("ordinary", "A device of a person's own.", "ok", &good);
    case(
        "password",
        "A device that lies at the vault.",
        "ok",
        &cbor::encode(&password.keys),
    );
    let mut keys = device.keys.clone();
    keys.kind = DeviceKind::Password;
    case(
        "other-kind",
        "The same keys as another kind are another device.",
        "ok",
        &cbor::encode(&keys),
    );
    let mut long = good.clone();
    assert_eq!(long[..3], [0xa3, 0, 1]);
    long.splice(2..3, [0x18, 1]);
    case(
        "long-integer",
        "The kind in two bytes.",
        "decode_not_canonical",
        &long,
    );
    let unknown = [&good[..2], &[9], &good[3..]].concat();
    case(
        "unknown-kind",
        "A kind that does not exist.",
        "decode_malformed",
        &unknown,
    );
    case(
        "cut",
        "The last byte is missing.",
        "decode_malformed",
        &good[..good.len() - 1],
    );
    case(
        "trailing",
        "One byte follows.",
        "decode_not_canonical",
        &[good.as_slice(), &[0]].concat(),
    );
    let mut keys = device.keys.clone();
    keys.kem = BoxedBytes::from([255; 1216]);
    case(
        "bad-kem",
        "An ML-KEM key with unreduced coefficients.",
        "bad_key",
        &cbor::encode(&keys),
    );
    let mut keys = device.keys;
    keys.sign.0[..32].fill(0);
    case(
        "low-order",
        "An Ed25519 key of small order.",
        "bad_key",
        &cbor::encode(&keys),
    );
}

pub(crate) fn sign_in(set: &mut Set) {
    let mut town = Town::new(102);
    let (alice, bob) = (town.person(), town.person());
    let audience = "https://keys.example";
    let challenge = [7_u8; 56];
    let device = &alice.device;
    let message =
        binding::sign_in_message(audience, &town.tenant, &alice.id, &device.id, &challenge);
    let sign = |device: &Device, label, message: &[u8]| {
        text(device.sign.ed25519().sign(label, message).as_bytes())
    };
    let ed25519 = text(device.sign.public().ed25519().as_bytes());
    let good = json!({
        "audience": audience,
        "tenant": town.tenant,
        "user": alice.id,
        "device": device.id,
        "challenge": text(&challenge),
        "ed25519": ed25519,
        "signature": sign(device, label::SIGN_IN, &message),
    });
    let mut case = |name: &str, description: &str, expect: &str, input: &Value| {
        set.case("sign-in", name, description, expect, input);
    };
    case(
        "good",
        "The signature of a device over a challenge.",
        "ok",
        &good,
    );
    let bad = "bad_signature";
    let empty = binding::sign_in_message(audience, &town.tenant, &alice.id, &device.id, &[]);
    let input = with(
        &with(&good, "challenge", ""),
        "signature",
        sign(device, label::SIGN_IN, &empty),
    );
    case(
        "empty-challenge",
        "The format does not judge challenges; servers do.",
        "ok",
        &input,
    );
    case(
        "audience",
        "Signed for another server.",
        bad,
        &with(&good, "audience", "https://vault.example"),
    );
    case(
        "tenant",
        "Signed for another tenant.",
        bad,
        &with(&good, "tenant", Town::new(103).tenant.to_string()),
    );
    case(
        "user",
        "Signed as another user.",
        bad,
        &with(&good, "user", bob.id.to_string()),
    );
    case(
        "device",
        "Signed as another device.",
        bad,
        &with(&good, "device", bob.device.id.to_string()),
    );
    case(
        "challenge",
        "Signed over another challenge.",
        bad,
        &with(&good, "challenge", text(&turned(&challenge, 0))),
    );
    let other = sign(&bob.device, label::SIGN_IN, &message);
    case(
        "signer",
        "Signed by another device.",
        bad,
        &with(&good, "signature", other),
    );
    let other = sign(device, label::STATEMENT_SIGNATURE, &message);
    case(
        "label",
        "Signed as if it were a statement.",
        bad,
        &with(&good, "signature", other),
    );
    let other = text(device.sign.ed25519().sign_unlabelled(&message).as_bytes());
    case(
        "no-label",
        "Signed without label.",
        bad,
        &with(&good, "signature", other),
    );
    let weak = with(&good, "ed25519", text(&[0; 32]));
    case(
        "small-order",
        "A key of small order, under which much verifies.",
        bad,
        &weak,
    );
}

fn secret(seed: &Seed) -> String {
    text(seed.secret().expose())
}

pub(crate) fn boxes(set: &mut Set) {
    let mut town = Town::new(104);
    let (alice, bob) = (town.person(), town.person());
    let members = [(alice.member(), Role::Admin), (bob.member(), Role::Member)];
    let group = town.group(&alice, &members).expect("a group");
    let ring = RingId::Group(group);
    let seed = town.newest(group).clone();
    let reference = town.reference(alice.member());
    let context = town.context(ring, 0, &reference);
    let hpke = town.box_of(ring, 0, &reference).expect("a box").clone();
    let wrap = context
        .wrap(&town.newest(alice.id).wrap_key(), &seed, &mut town.rng)
        .expect("wraps");
    let misnamed = BoxContext {
        key: FixedBytes([1; 32]),
        ..context
    };
    let misnamed = misnamed
        .wrap(&town.newest(alice.id).wrap_key(), &seed, &mut town.rng)
        .expect("wraps");
    let input =
        |reference: &BoxRef, ring: RingId, sealed: &SealedBox, commitment: FixedBytes<32>| {
            json!({
                "tenant": town.tenant,
                "ring": ring,
                "epoch": 0,
                "member": reference.member,
                "member_epoch": reference.epoch,
                "key": reference.key,
                "commitment": commitment,
                "sealed": text(&cbor::encode(sealed)),
                "seed": null,
                "device_seed": null,
            })
        };
    let commitment = seed.commitment(RingKind::Group);
    let own = secret(town.newest(alice.id));
    let by_hpke = with(
        &input(&reference, ring, &hpke, commitment),
        "seed",
        own.clone(),
    );
    let by_wrap = with(&input(&reference, ring, &wrap, commitment), "seed", own);
    let misnamed = input(&reference, ring, &misnamed, commitment);
    let misnamed = with(&misnamed, "key", text(&[1; 32]));
    let misnamed = with(&misnamed, "seed", secret(town.newest(alice.id)));
    let mut case = |name: &str, description: &str, expect: &str, input: &Value| {
        set.case("box", name, description, expect, input);
    };
    case(
        "hpke",
        "A group's seed, sealed to a user's public key.",
        "ok",
        &by_hpke,
    );
    case(
        "wrap",
        "The same seed, wrapped under the user's seed.",
        "ok",
        &by_wrap,
    );
    let user_ring = RingId::User(alice.id);
    let device = town.references(user_ring)[0].clone();
    let sealed = town.box_of(user_ring, 0, &device).expect("a box");
    let user_commitment = town.newest(alice.id).commitment(RingKind::User);
    let to_device = input(&device, user_ring, sealed, user_commitment);
    let to_device = with(
        &to_device,
        "device_seed",
        text(alice.device.kem.seed().expose()),
    );
    case(
        "device",
        "A user's seed, sealed to a device.",
        "ok",
        &to_device,
    );

    let bad = "rejected";
    let abroad = Town::new(105).tenant.to_string();
    case(
        "tenant",
        "Sealed within another tenant.",
        bad,
        &with(&by_hpke, "tenant", abroad.clone()),
    );
    case(
        "wrap-tenant",
        "Wrapped within another tenant.",
        bad,
        &with(&by_wrap, "tenant", abroad),
    );
    case(
        "member-epoch",
        "For another epoch of the member.",
        bad,
        &with(&by_hpke, "member_epoch", 1),
    );
    case(
        "epoch",
        "As the box of another epoch.",
        bad,
        &with(&by_hpke, "epoch", 1),
    );
    case(
        "member",
        "As the box of another member.",
        bad,
        &with(&by_hpke, "member", bob.id.to_string()),
    );
    case(
        "ring",
        "As the box of another ring.",
        bad,
        &with(&by_hpke, "ring", alice.id.to_string()),
    );
    case(
        "key",
        "For another key of the member.",
        bad,
        &with(&by_hpke, "key", text(&[1; 32])),
    );
    case(
        "commitment",
        "A seed that the statement does not commit to.",
        bad,
        &with(&by_hpke, "commitment", text(&[1; 32])),
    );
    let other = secret(town.newest(bob.id));
    case(
        "opener",
        "Opened with another member's seed.",
        bad,
        &with(&by_hpke, "seed", other.clone()),
    );
    case(
        "wrap-opener",
        "Unwrapped with another member's seed.",
        bad,
        &with(&by_wrap, "seed", other),
    );
    case(
        "wrap-key",
        "Wrapped under the user's seed, for a box that names another key.",
        bad,
        &misnamed,
    );
    let moved = SealedBox {
        epoch: 1,
        ..hpke.clone()
    };
    let moved = with(
        &with(&by_hpke, "epoch", 1),
        "sealed",
        text(&cbor::encode(&moved)),
    );
    case(
        "relabelled",
        "Header and context changed alike: the seal covers them.",
        bad,
        &moved,
    );
    let (Sealed::Hpke(bytes), Sealed::Wrap(_)) = (&hpke.sealed, &wrap.sealed) else {
        panic!("the two ways");
    };
    let crossed = SealedBox {
        sealed: Sealed::Wrap(bytes.clone()),
        ..hpke.clone()
    };
    let crossed = with(&by_hpke, "sealed", text(&cbor::encode(&crossed)));
    case("crossed", "An HPKE seal offered as a wrap.", bad, &crossed);
    for (name, at) in [("encapsulation", 0), ("tag", bytes.0.len() - 1)] {
        let altered = SealedBox {
            sealed: Sealed::Hpke(turned(&bytes.0, at).into()),
            ..hpke.clone()
        };
        let altered = with(&by_hpke, "sealed", text(&cbor::encode(&altered)));
        case(
            name,
            &format!("One bit of the {name} is turned."),
            bad,
            &altered,
        );
    }
    let encoded = cbor::encode(&hpke);
    let suite = cbor::encode(&SealedBox {
        suite: 2,
        ..hpke.clone()
    });
    case(
        "suite",
        "A suite that does not exist.",
        "decode_malformed",
        &with(&by_hpke, "sealed", text(&suite)),
    );
    let cut = text(&encoded[..encoded.len() - 1]);
    case(
        "cut",
        "The last byte is missing.",
        "decode_malformed",
        &with(&by_hpke, "sealed", cut),
    );
    let trailing = text(&[encoded.as_slice(), &[0]].concat());
    case(
        "trailing",
        "One byte follows.",
        "decode_not_canonical",
        &with(&by_hpke, "sealed", trailing),
    );
    case(
        "large",
        "Longer than any box.",
        "decode_too_large",
        &with(&by_hpke, "sealed", text(&[0; limits::MAX_BOX + 1])),
    );
    // Kept last, since it needs a session.
    let grants = [(alice.member(), Rights::MANAGE)];
    let parent = town.session(&alice, &grants).expect("a session");
    let grants = [
        (alice.member(), Rights::MANAGE),
        (MemberId::Session(parent), Rights::READ),
    ];
    let child = town.session(&alice, &grants).expect("a session");
    let reference = town.reference(parent.into());
    let sealed = town.box_of(child.into(), 0, &reference).expect("a box");
    assert!(town.states.session(&child).is_some());
    let commitment = town.newest(child).commitment(RingKind::Session);
    let input = json!({
        "tenant": town.tenant,
        "ring": child,
        "epoch": 0,
        "member": parent,
        "member_epoch": 0,
        "key": reference.key,
        "commitment": commitment,
        "sealed": text(&cbor::encode(sealed)),
        "seed": secret(town.newest(parent)),
        "device_seed": null,
    });
    set.case(
        "box",
        "parent",
        "A session's seed, wrapped under its parent's.",
        "ok",
        &input,
    );
}

pub(crate) fn ladders(set: &mut Set) {
    let mut town = Town::new(106);
    let alice = town.person();
    let group = town
        .group(&alice, &[(alice.member(), Role::Admin)])
        .expect("a group");
    let op = town.op_rotate(group);
    town.say(&alice, group, op).expect("rotated");
    let state = town.states.group(&group).expect("a group");
    let epoch = &state.ring.epoch(1).expect("epoch 1").declared;
    let link = epoch.link.clone().expect("a link");
    let seeds = &town.seeds[&RingId::Group(group)];
    let good = json!({
        "tenant": town.tenant,
        "ring": group,
        "epoch": 1,
        "seed": secret(&seeds[1]),
        "link": link,
        "commitment": seeds[0].commitment(RingKind::Group),
    });
    let mut case = |name: &str, description: &str, expect: &str, input: &Value| {
        set.case("ladder", name, description, expect, input);
    };
    case(
        "good",
        "The seed of epoch 0 under that of epoch 1.",
        "ok",
        &good,
    );
    let bad = "rejected";
    case(
        "forward",
        "The older seed opens nothing.",
        bad,
        &with(&good, "seed", secret(&seeds[0])),
    );
    case(
        "tenant",
        "A link of another tenant.",
        bad,
        &with(&good, "tenant", Town::new(107).tenant.to_string()),
    );
    case(
        "ring",
        "A link of another ring.",
        bad,
        &with(&good, "ring", alice.id.to_string()),
    );
    case(
        "epoch",
        "A link of another epoch.",
        bad,
        &with(&good, "epoch", 2),
    );
    case(
        "altered",
        "One bit is turned.",
        bad,
        &with(&good, "link", text(&turned(&link.0, 60))),
    );
    case("empty", "No link.", bad, &with(&good, "link", ""));
    let lie = Seed::from_secret(Secret::from_bytes([9; 32])).commitment(RingKind::Group);
    case(
        "commitment",
        "A seed that is not the one of the epoch before.",
        bad,
        &with(&good, "commitment", text(&lie.0)),
    );
    let kind = seeds[0].commitment(RingKind::User);
    case(
        "commitment-kind",
        "The commitment of a user's seed.",
        bad,
        &with(&good, "commitment", text(&kind.0)),
    );
}
