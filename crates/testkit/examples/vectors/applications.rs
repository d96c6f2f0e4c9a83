//! What an application's server is shown, and what it shows.

use serde_json::{Value, json};
use wardseal_crypto::label;
use wardseal_protocol::{
    access::{self, Claims},
    binding,
    op::Op,
};
use wardseal_testkit::{Device, Town};
use wardseal_types::{FixedBytes, TenantId};

use crate::{
    Set,
    small::{text, with},
};

pub(crate) fn proofs(set: &mut Set) {
    let mut town = Town::new(104);
    let (alice, bob) = (town.person(), town.person());
    let audience = "https://app.example";
    let challenge = "a challenge of the application's";
    let device = &alice.device;
    let message = |challenge: &str| {
        let challenge = challenge.as_bytes();
        binding::sign_in_message(audience, &town.tenant, &alice.id, &device.id, challenge)
    };
    let sign = |device: &Device, label| {
        let signature = device.sign.ed25519().sign(label, &message(challenge));
        text(signature.as_bytes())
    };
    let good = json!({
        "audience": audience,
        "tenant": town.tenant,
        "user": alice.id,
        "device": device.id,
        "challenge": challenge,
        "ed25519": text(device.sign.public().ed25519().as_bytes()),
        "signature": sign(device, label::DEVICE_PROOF),
    });
    let mut case = |name: &str, description: &str, expect: &str, input: &Value| {
        set.case("device-proof", name, description, expect, input);
    };
    case(
        "good",
        "A device's signature for an application.",
        "ok",
        &good,
    );
    let words = "Änderung 🗝";
    let signature = device.sign.ed25519();
    let signature = signature.sign(label::DEVICE_PROOF, &message(words));
    let input = with(&good, "challenge", words);
    case(
        "utf-8",
        "A challenge is signed as its bytes of UTF-8.",
        "ok",
        &with(&input, "signature", text(signature.as_bytes())),
    );
    let bad = "bad_signature";
    let tenant = TenantId::from_bytes([1; 32]).to_string();
    for (name, description, field, value) in [
        (
            "audience",
            "For another application.",
            "audience",
            "https://evil.example",
        ),
        (
            "challenge",
            "Over another challenge.",
            "challenge",
            "another",
        ),
        ("tenant", "For another tenant.", "tenant", &tenant),
        ("user", "As another user.", "user", &bob.id.to_string()),
        (
            "device",
            "As another device.",
            "device",
            &bob.device.id.to_string(),
        ),
        (
            "signer",
            "By another device.",
            "signature",
            &sign(&bob.device, label::DEVICE_PROOF),
        ),
        (
            "label",
            "A sign-in at a key server of that name.",
            "signature",
            &sign(device, label::SIGN_IN),
        ),
    ] {
        case(name, description, bad, &with(&good, field, value));
    }
}

pub(crate) fn access(set: &mut Set) {
    let mut town = Town::new(204);
    let alice = town.person();
    let audience = "https://keys.example";
    let first = text(town.log[0].bytes());
    let claims = Claims {
        iss: town.tenant,
        aud: audience.into(),
        iat: town.now.seconds(),
        exp: town.now.seconds() + access::MAX_LIFETIME,
        jti: FixedBytes([3; 16]),
        scope: access::SCOPE.into(),
    };
    let input = |token: String| {
        json!({
            "tenant": [first],
            "token": token,
            "audience": audience,
            "now": town.now,
            "leeway": 60,
        })
    };
    let signed = |claims: &Claims| {
        let input = access::signing_input(town.token_id(), claims).expect("claims are JSON");
        binding::assemble(
            &input,
            town.token.sign_unlabelled(input.as_bytes()).as_bytes(),
        )
    };
    let good = input(signed(&claims));
    let mut case = |name: &str, description: &str, expect: &str, input: &Value| {
        set.case("access-token", name, description, expect, input);
    };
    case("good", "A server of the tenant.", "ok", &good);
    let later = |seconds: u64| json!(town.now.millis() + seconds * 1000);
    case(
        "last-moment",
        "Just within its time and the leeway.",
        "ok",
        &with(&good, "now", later(660)),
    );
    case(
        "expired",
        "A second later.",
        "expired",
        &with(&good, "now", later(661)),
    );
    case(
        "future",
        "Signed in the future.",
        "not_yet_valid",
        &with(&good, "now", json!(town.now.millis() - 61_000)),
    );
    case(
        "too-long",
        "It would live for a second more than ten minutes.",
        "expired",
        &input(signed(&Claims {
            exp: claims.exp + 1,
            ..claims.clone()
        })),
    );
    let wrong = "wrong_subject";
    case(
        "audience",
        "For another key server.",
        wrong,
        &with(&good, "audience", "https://keys.example.org"),
    );
    case(
        "scope",
        "For something else.",
        wrong,
        &input(signed(&Claims {
            scope: "chains:write".into(),
            ..claims.clone()
        })),
    );
    case(
        "issuer",
        "Of another tenant.",
        wrong,
        &input(signed(&Claims {
            iss: TenantId::from_bytes([1; 32]),
            ..claims.clone()
        })),
    );
    let good_token = signed(&claims);
    let (head, _) = good_token.rsplit_once('.').expect("three parts");
    let forged = binding::assemble(head, town.token.sign_unlabelled(b"else").as_bytes());
    case(
        "signature",
        "A signature over something else.",
        "bad_signature",
        &input(forged),
    );
    // A binding token, also one that names this key server.
    let mut bind = town.claims(alice.id, &[5; 32], "doctor-4711");
    let input = |token: String| with(&good, "token", token);
    case(
        "binding",
        "A token that binds a name.",
        "malformed",
        &input(town.signed(&bind)),
    );
    bind.aud = audience.into();
    case(
        "binding-audience",
        "A token that binds a name, for this key server.",
        "malformed",
        &input(town.signed(&bind)),
    );
    let revoke = town.tenant_says(Op::TenantRevokeKey(town.token_id()));
    case(
        "revoked-key",
        "Signed by a key that the tenant has revoked.",
        "unknown_key",
        &with(
            &good,
            "tenant",
            json!([text(town.log[0].bytes()), text(revoke.bytes())]),
        ),
    );
}
