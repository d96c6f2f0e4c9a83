//! Statements, tokens and checkpoints.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use wardseal_crypto::merkle;
use wardseal_protocol::{
    binding::{self, Claims},
    cbor,
    log::Checkpoint,
    op::{Op, Rights},
    statement::Body,
};
use wardseal_testkit::{Town, root_key, token_key};
use wardseal_types::{ChainKind, FixedBytes, TenantId, UserId};

use crate::{
    Set,
    small::{text, turned, with},
};

pub(crate) fn statements(set: &mut Set) {
    let mut town = Town::new(201);
    let alice = town.person();
    let grants = [(alice.member(), Rights::MANAGE)];
    let session = town.session(&alice, &grants).expect("a session");
    let op = town.op_rotate_session(session);
    let rotate = town.says(&alice, session, op);
    let mut case = |name: &str, description: &str, expect: &str, bytes: &[u8]| {
        set.case(
            "statement-decode",
            name,
            description,
            expect,
            &json!({ "statement": text(bytes) }),
        );
    };
    case(
        "tenant-genesis",
        "The first statement of a tenant.",
        "ok",
        town.log[0].bytes(),
    );
    case(
        "user-genesis",
        "The first statement of a user.",
        "ok",
        town.log[1].bytes(),
    );
    case(
        "session-genesis",
        "The first statement of a session.",
        "ok",
        town.log[2].bytes(),
    );
    case(
        "session-rotate",
        "A later statement, signed by Ed25519 alone.",
        "ok",
        rotate.bytes(),
    );
    let forged = turned(rotate.bytes(), rotate.bytes().len() - 1);
    case(
        "signature",
        "Decoding does not judge signatures.",
        "ok",
        &forged,
    );

    let bad = "decode_malformed";
    let spoiled = |spoil: &dyn Fn(&mut Body)| {
        let mut body = rotate.body().clone();
        spoil(&mut body);
        body.sign(&alice.device.sign)
            .expect("signs")
            .bytes()
            .to_vec()
    };
    case(
        "suite-0",
        "Suite 0 does not exist.",
        bad,
        &spoiled(&|body| body.suite = 0),
    );
    case(
        "suite-2",
        "Suite 2 does not exist.",
        bad,
        &spoiled(&|body| body.suite = 2),
    );
    case(
        "kind",
        "A session's operation in a group's chain.",
        bad,
        &spoiled(&|body| body.kind = ChainKind::Group),
    );
    case(
        "no-chain",
        "A later statement without chain.",
        bad,
        &spoiled(&|body| body.chain = None),
    );
    case(
        "no-previous",
        "A later statement without predecessor.",
        bad,
        &spoiled(&|body| body.previous = None),
    );
    case(
        "no-tenant",
        "A session without tenant.",
        bad,
        &spoiled(&|body| body.tenant = None),
    );
    case(
        "seq-0",
        "Sequence number 0 where there is a predecessor.",
        bad,
        &spoiled(&|body| body.seq = 0),
    );
    let genesis = town.log[2].clone();
    let mut body = genesis.body().clone();
    body.chain = Some(FixedBytes(*genesis.chain().as_bytes()));
    let circular = body.sign(&alice.device.sign).expect("signs");
    case(
        "named-genesis",
        "A genesis that names its own chain.",
        bad,
        circular.bytes(),
    );
    case("empty", "Nothing.", bad, &[]);
    case(
        "cut",
        "The last byte is missing.",
        bad,
        &rotate.bytes()[..rotate.bytes().len() - 1],
    );
    for (name, number) in [("reserved-13", 13_u32), ("reserved-45", 45)] {
        // The operation in a genesis body of the right kind, with one empty map as its field.
        let mut bytes = cbor::encode(rotate.body());
        let op = cbor::encode(&rotate.body().op);
        let at = bytes.len() - op.len();
        assert_eq!(bytes[at..], op[..]);
        bytes.truncate(at);
        bytes.extend([0x82]);
        bytes.extend(cbor::encode(&number));
        bytes.extend([0x81, 0xa0]);
        let envelope = envelope(&bytes, rotate.bytes());
        case(
            name,
            &format!("Operation {number} is reserved."),
            bad,
            &envelope,
        );
    }
    let not = "decode_not_canonical";
    case(
        "trailing",
        "One byte follows.",
        not,
        &[rotate.bytes(), &[0]].concat(),
    );
    let mut body = cbor::encode(rotate.body());
    assert_eq!(
        body[..3],
        [0xaa - 1, 0, 1],
        "nine fields: nothing seen of the log"
    );
    body.splice(2..3, [0x18, 1]);
    case(
        "long-integer",
        "The suite in two bytes.",
        not,
        &envelope(&body, rotate.bytes()),
    );
    let mut body = cbor::encode(rotate.body());
    body[0] = 0xaa;
    let op = cbor::encode(&rotate.body().op);
    let at = body.len() - op.len() - 1;
    body.splice(at..at, [8, 0xf6]);
    case(
        "null",
        "An absent field as null.",
        not,
        &envelope(&body, rotate.bytes()),
    );
    let mut body = cbor::encode(rotate.body());
    body[0] = 0xaa;
    body.extend([0x18, 99, 0]);
    case(
        "unknown-field",
        "A field that does not exist.",
        not,
        &envelope(&body, rotate.bytes()),
    );
    case(
        "indefinite",
        "An array of indefinite length.",
        not,
        &indefinite(rotate.bytes()),
    );
}

/// An envelope around other bytes, with the signature of the envelope `like`.
fn envelope(body: &[u8], like: &[u8]) -> Vec<u8> {
    // A classical signature is the array [1, [64 bytes]], 70 bytes in all.
    let signature = &like[like.len() - 69..];
    assert_eq!(signature[..3], [0x82, 1, 0x81]);
    let mut bytes = vec![0x82];
    bytes.extend(cbor::encode(&wardseal_types::Base64Url::from(body)));
    bytes.extend(signature);
    bytes
}

fn indefinite(bytes: &[u8]) -> Vec<u8> {
    [&[0x9f], &bytes[1..], &[0xff]].concat()
}

pub(crate) fn tokens(set: &mut Set) {
    let mut town = Town::new(202);
    let alice = town.person();
    let claims = town.claims(alice.id, &[5; 32], "doctor-4711");
    let first = text(town.log[0].bytes());
    let input = |token: String| {
        json!({
            "tenant": [first],
            "token": token,
            "user": alice.id,
            "commitment": claims.cmt,
            "now": town.now,
            "leeway": 60,
        })
    };
    let good = input(town.signed(&claims));
    let mut case = |name: &str, description: &str, expect: &str, input: &Value| {
        set.case("binding-token", name, description, expect, input);
    };
    case("good", "A name bound to a user.", "ok", &good);
    let later = |seconds: u64| json!(town.now.millis() + seconds * 1000);
    case(
        "last-moment",
        "Just within its time and the leeway.",
        "ok",
        &with(&good, "now", later(3660)),
    );
    case(
        "expired",
        "A second later.",
        "expired",
        &with(&good, "now", later(3661)),
    );
    let early = json!(town.now.millis() - 61_000);
    case(
        "future",
        "Signed in the future.",
        "not_yet_valid",
        &with(&good, "now", early),
    );
    case(
        "user",
        "Presented by another user.",
        "wrong_subject",
        &with(&good, "user", UserId::from_bytes([1; 32]).to_string()),
    );
    case(
        "name",
        "Presented for another name.",
        "wrong_subject",
        &with(&good, "commitment", text(&[1; 32])),
    );
    let aud = Claims {
        aud: "wardseal:vault".into(),
        ..claims
    };
    case(
        "audience",
        "For another purpose.",
        "wrong_subject",
        &input(town.signed(&aud)),
    );
    let iss = Claims {
        iss: TenantId::from_bytes([1; 32]),
        aud: binding::AUDIENCE.into(),
        ..claims
    };
    case(
        "issuer",
        "Of another tenant.",
        "wrong_subject",
        &input(town.signed(&iss)),
    );

    let claims = Claims {
        iss: town.tenant,
        aud: binding::AUDIENCE.into(),
        ..claims
    };
    let json_claims = serde_json::to_string(&claims).expect("JSON");
    let kid = town.token_id();
    let header = |alg: &str, kid: &str, more: &str| {
        format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"wardseal-binding+jwt"{more}}}"#)
    };
    let token = |header: &str, claims: &str| {
        let parts = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.as_bytes()));
        let input = parts.join(".");
        let signature = town.token.sign_unlabelled(input.as_bytes());
        binding::assemble(&input, signature.as_bytes())
    };
    let kid = kid.to_string();
    case(
        "key-order",
        "JSON in another order, as the signer wrote it.",
        "ok",
        &input(token(
            &format!(r#"{{"typ":"wardseal-binding+jwt","kid":"{kid}","alg":"EdDSA"}}"#),
            &json_claims,
        )),
    );
    let none = token(&header("none", &kid, ""), &json_claims);
    case(
        "alg-none",
        "The algorithm that is none.",
        "malformed",
        &input(none),
    );
    let hmac = token(&header("HS256", &kid, ""), &json_claims);
    case("alg-hmac", "Another algorithm.", "malformed", &input(hmac));
    let jwk = token(&header("EdDSA", &kid, r#","jwk":{}"#), &json_claims);
    case(
        "jwk",
        "A key that the token brings along.",
        "malformed",
        &input(jwk),
    );
    let typ = header("EdDSA", &kid, "").replace("wardseal-binding+jwt", "JWT");
    case(
        "typ",
        "Another type of token.",
        "malformed",
        &input(token(&typ, &json_claims)),
    );
    let extra = json_claims.replace('}', r#","admin":true}"#);
    case(
        "extra-claim",
        "A claim that does not exist.",
        "malformed",
        &input(token(&header("EdDSA", &kid, ""), &extra)),
    );
    let root = root_key(&town.root).id().to_string();
    case(
        "root-key",
        "Signed in the name of the root key.",
        "unknown_key",
        &input(token(&header("EdDSA", &root, ""), &json_claims)),
    );
    let nobody = token_key(alice.device.sign.ed25519()).id().to_string();
    case(
        "unknown-key",
        "Signed in the name of a key that the tenant does not have.",
        "unknown_key",
        &input(token(&header("EdDSA", &nobody, ""), &json_claims)),
    );
    let signed = town.signed(&claims);
    let (head, _) = signed.rsplit_once('.').expect("three parts");
    let forged = binding::assemble(head, town.token.sign_unlabelled(b"else").as_bytes());
    case(
        "signature",
        "A signature over something else.",
        "bad_signature",
        &input(forged),
    );
    case(
        "two-parts",
        "No signature.",
        "malformed",
        &input(head.to_owned()),
    );
    case(
        "padded",
        "Base64url with padding.",
        "malformed",
        &input(format!("{signed}==")),
    );
    // The tenant revoked the key since.
    let revoke = town.tenant_says(Op::TenantRevokeKey(town.token_id()));
    let revoked = with(&good, "tenant", json!([first, text(revoke.bytes())]));
    case(
        "revoked-key",
        "Signed by a key that the tenant has revoked.",
        "unknown_key",
        &revoked,
    );
}

pub(crate) fn checkpoints(set: &mut Set) {
    let mut town = Town::new(203);
    let alice = town.person();
    let grants = [(alice.member(), Rights::MANAGE)];
    let session = town.session(&alice, &grants).expect("a session");
    for _ in 0..4 {
        let op = town.op_rotate_session(session);
        town.say(&alice, session, op).expect("rotated");
    }
    let leaves = town.leaves();
    assert_eq!(leaves.len(), 7);
    let sign = |checkpoint: &Checkpoint| checkpoint.sign(&town.log_key).expect("signs");
    let newest = town.checkpoint(7);
    let note = sign(&newest);
    let hashes =
        |proof: Vec<[u8; 32]>| json!(proof.into_iter().map(FixedBytes).collect::<Vec<_>>());
    let consistency = |old: u64| hashes(merkle::consistency_proof(&leaves, old).expect("a proof"));
    let inclusion = |at: u64| hashes(merkle::inclusion_proof(&leaves, at).expect("a proof"));
    let good = json!({
        "tenant": town.tenant,
        "key": town.log_public().sign,
        "note": note,
        "now": town.now,
        "max_age": 86_400_000,
        "skew": 60_000,
        "floor": null,
        "includes": null,
    });
    let mut case = |name: &str, description: &str, expect: &str, input: &Value| {
        set.case("checkpoint", name, description, expect, input);
    };
    case("good", "A log's word about itself.", "ok", &good);
    let floor = |size: usize, root: FixedBytes<32>, proof: Value| json!([size, root, proof]);
    let old = town.checkpoint(3);
    let continued = with(&good, "floor", floor(3, old.root, consistency(3)));
    case(
        "continues",
        "It continues what was accepted before.",
        "ok",
        &continued,
    );
    let statement = text(town.log[5].bytes());
    let included = with(&good, "includes", json!([statement, 5, inclusion(5)]));
    case(
        "includes",
        "A statement is where it is said to be.",
        "ok",
        &included,
    );
    let witnessed = with(
        &good,
        "note",
        format!("{note}\u{2014} witness.example AAAAAAAA\n"),
    );
    case(
        "witness",
        "A line by somebody else does no harm.",
        "ok",
        &witnessed,
    );

    let older = with(&good, "note", sign(&town.checkpoint(3)));
    let rollback = with(&older, "floor", floor(7, newest.root, json!([])));
    case(
        "rollback",
        "Smaller than what was accepted before.",
        "rollback",
        &rollback,
    );
    let fork = with(
        &good,
        "floor",
        floor(3, FixedBytes([1; 32]), consistency(3)),
    );
    case("split-view", "Another past.", "split_view", &fork);
    let twin = with(&good, "floor", floor(7, FixedBytes([1; 32]), json!([])));
    case(
        "split-size",
        "The same size, another root.",
        "split_view",
        &twin,
    );
    let unproven = with(&good, "floor", floor(3, old.root, json!([])));
    case(
        "no-proof",
        "No proof that it continues.",
        "split_view",
        &unproven,
    );
    let elsewhere = with(&good, "includes", json!([statement, 4, inclusion(4)]));
    case(
        "position",
        "The statement is not there.",
        "not_included",
        &elsewhere,
    );
    let beyond = with(&good, "includes", json!([statement, 7, inclusion(5)]));
    case(
        "beyond",
        "A position that the log does not have.",
        "not_included",
        &beyond,
    );
    let late = json!(town.now.millis() + 86_400_001);
    case(
        "stale",
        "Older than a day.",
        "stale",
        &with(&good, "now", late),
    );
    let early = json!(town.now.millis() - 60_001);
    case(
        "future",
        "From the future.",
        "future",
        &with(&good, "now", early),
    );
    let abroad = Town::new(204);
    case(
        "other-log",
        "Of another tenant's log.",
        "wrong_log",
        &with(&good, "tenant", abroad.tenant.to_string()),
    );
    case(
        "other-key",
        "Not signed by this key.",
        "bad_signature",
        &with(&good, "key", json!(abroad.log_public().sign)),
    );
    let lines: Vec<_> = note.lines().collect();
    for (name, missing) in [("no-ed25519", 5), ("no-hybrid", 6)] {
        let mut lines = lines.clone();
        lines.remove(missing);
        let input = with(&good, "note", lines.join("\n") + "\n");
        case(
            name,
            "One of the two signatures is missing.",
            "bad_signature",
            &input,
        );
    }
    let tampered = note.replacen("\n7\n", "\n8\n", 1);
    case(
        "size",
        "Another size than was signed.",
        "bad_signature",
        &with(&good, "note", tampered),
    );
    let padded = note.replacen("\n7\n", "\n07\n", 1);
    case(
        "leading-zero",
        "A number in another form.",
        "malformed",
        &with(&good, "note", padded),
    );
    let windows = note.replace('\n', "\r\n");
    case(
        "crlf",
        "Other line ends.",
        "malformed",
        &with(&good, "note", windows),
    );
    let extra = note.replacen("\ntime ", "\nextension\ntime ", 1);
    case(
        "extension",
        "A line that this version does not know.",
        "malformed",
        &with(&good, "note", extra),
    );
}
