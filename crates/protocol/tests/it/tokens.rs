//! Names: the one token that binds a name to a user, and all that do not.

use data_encoding::BASE64URL_NOPAD;
use wardseal_protocol::{
    Refusal,
    binding::{self, Claims, TokenError},
    op::Op,
    state::{NOW, World as _},
};
use wardseal_testkit::{Person, Town, token_key};
use wardseal_types::{Base64Url, FixedBytes, GroupId, NamedId, Timestamp, UserId};

const SALT: [u8; 32] = [4; 32];

fn fixture() -> (Town, Person, Claims) {
    let mut town = Town::new(51);
    let alice = town.person();
    let claims = town.claims(alice.id, &SALT, "doctor-4711");
    (town, alice, claims)
}

fn read(town: &Town, token: &str) -> Result<Claims, TokenError> {
    binding::read(town.states.tenant().expect("a tenant"), token, NOW)
}

/// A token with this header and these claims as JSON, signed by the tenant's token key.
fn token(town: &Town, header: &str, claims: &str) -> String {
    let input = [header, claims]
        .map(|part| BASE64URL_NOPAD.encode(part.as_bytes()))
        .join(".");
    let signature = town.token.sign_unlabelled(input.as_bytes());
    binding::assemble(&input, signature.as_bytes())
}

#[test]
fn a_token_binds_what_it_says() {
    let (mut town, alice, claims) = fixture();
    let text = town.signed(&claims);
    assert_eq!(read(&town, &text), Ok(claims.clone()));
    let op = Op::Bind(claims.cmt, Base64Url(text.into_bytes()));
    town.say(&alice, alice.id, op).expect("bound");
    let state = town.states.user(&alice.id).expect("known");
    assert_eq!(
        state.binding.as_ref().map(|binding| binding.commitment),
        Some(claims.cmt)
    );
}

#[test]
fn another_header_is_another_kind_of_token() {
    let (town, _, claims) = fixture();
    let claims = serde_json::to_string(&claims).expect("JSON");
    let kid = town.token_id();
    let header = |alg: &str, typ: &str| format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"{typ}"}}"#);
    let good = header("EdDSA", "wardseal-binding+jwt");
    assert!(read(&town, &token(&town, &good, &claims)).is_ok());
    let mut bad: Vec<_> = [
        "none", "None", "HS256", "RS256", "ES256", "Ed25519", "eddsa", "",
    ]
    .iter()
    .map(|alg| header(alg, "wardseal-binding+jwt"))
    .collect();
    bad.extend(["JWT", "", "at+jwt", "wardseal-binding+jwt "].map(|typ| header("EdDSA", typ)));
    bad.push(format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#));
    bad.push(good.replace('}', r#","crit":["b64"]}"#));
    bad.push(good.replace('}', r#","jwk":{}}"#));
    bad.push(good.replacen('{', r#"{"alg":"none","#, 1));
    bad.push(good.replace("key_", "usr_"));
    bad.push("[]".into());
    for header in bad {
        let result = read(&town, &token(&town, &header, &claims));
        assert_eq!(result, Err(TokenError::Malformed), "{header}");
    }
    // A key that the tenant does not use for tokens: nobody's, and its root key.
    let stranger = Town::new(52).token_id();
    let root = wardseal_testkit::root_key(&town.root).id();
    for key in [stranger, root] {
        let header = good.replace(&kid.to_string(), &key.to_string());
        assert_eq!(
            read(&town, &token(&town, &header, &claims)),
            Err(TokenError::UnknownKey)
        );
    }
}

#[test]
fn other_claims_bind_nothing_here() {
    let (town, _, good) = fixture();
    let json = serde_json::to_string(&good).expect("JSON");
    let kid = town.token_id();
    let header = format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"wardseal-binding+jwt"}}"#);
    let malformed = [
        json.replace('}', r#","admin":true}"#),
        json.replacen('{', r#"{"sub":"x","#, 1),
        json.replace(r#""aud":"wardseal:bind""#, r#""aud":["wardseal:bind"]"#),
        json.replace("usr_", "ses_"),
        json.replace(r#""iat":"#, r#""iat":-"#),
        json.replace(r#""jti":""#, r#""jti":"AA"#),
        String::new(),
        "{}".into(),
    ];
    for claims in malformed {
        assert_eq!(
            read(&town, &token(&town, &header, &claims)),
            Err(TokenError::Malformed),
            "{claims}"
        );
    }
    let abroad = Town::new(53);
    for claims in [
        Claims {
            iss: abroad.tenant,
            ..good.clone()
        },
        Claims {
            aud: "wardseal:vault".into(),
            ..good
        },
        Claims {
            aud: String::new(),
            ..good
        },
    ] {
        assert_eq!(
            read(&town, &town.signed(&claims)),
            Err(TokenError::WrongSubject)
        );
    }
    let tenant = town.states.tenant().expect("a tenant");
    let text = Base64Url(town.signed(&good).into_bytes());
    let verify = |named: NamedId, commitment: &FixedBytes<32>| {
        binding::verify(tenant, named, commitment, &text, NOW).map(|_| ())
    };
    assert_eq!(verify(good.sub, &good.cmt), Ok(()));
    // Another user, and the group with the same bytes.
    for other in [
        UserId::from_bytes([1; 32]).into(),
        GroupId::from_bytes(*good.sub.as_bytes()).into(),
    ] {
        assert_eq!(verify(other, &good.cmt), Err(TokenError::WrongSubject));
    }
    assert_eq!(
        verify(good.sub, &FixedBytes([1; 32])),
        Err(TokenError::WrongSubject)
    );
}

#[test]
fn every_altered_character_of_a_token_is_noticed() {
    let (town, _, claims) = fixture();
    let text = town.signed(&claims);
    for (at, old) in text.char_indices() {
        for new in ['A', 'b', '.', '=', '+', ' '] {
            if new != old {
                let mut altered = text.clone();
                altered.replace_range(at..=at, new.encode_utf8(&mut [0; 4]));
                assert!(read(&town, &altered).is_err(), "{at}: {new}");
            }
        }
    }
    for bad in ["", ".", "..", "a.b", "a.b.c.d", &"a".repeat(5000)] {
        assert_eq!(read(&town, bad), Err(TokenError::Malformed));
    }
    assert_eq!(read(&town, &format!("{text}.")), Err(TokenError::Malformed));
    // A right signature over other words.
    let (input, _) = text.rsplit_once('.').expect("three parts");
    let signature = town.token.sign_unlabelled(b"other words");
    let forged = binding::assemble(input, signature.as_bytes());
    assert_eq!(read(&town, &forged), Err(TokenError::BadSignature));
}

#[test]
fn a_token_is_presented_in_its_time() {
    let (_, _, claims) = fixture();
    let at = |seconds: u64| binding::check_time(&claims, Timestamp::from_seconds(seconds), 60);
    assert_eq!(at(claims.iat), Ok(()));
    assert_eq!(at(claims.iat - 60), Ok(()));
    assert_eq!(at(claims.iat - 61), Err(TokenError::NotYetValid));
    assert_eq!(at(claims.exp + 60), Ok(()));
    assert_eq!(at(claims.exp + 61), Err(TokenError::Expired));
    let endless = Claims {
        exp: u64::MAX,
        iat: u64::MAX,
        ..claims
    };
    let now = Timestamp::from_seconds(1);
    assert_eq!(binding::check_time(&endless, now, u64::MAX), Ok(()));
    assert_eq!(
        binding::check_time(&endless, now, 60),
        Err(TokenError::NotYetValid)
    );
}

#[test]
fn a_binding_outlives_the_key_that_signed_it_and_a_new_one_needs_a_key_in_force() {
    let (mut town, alice, claims) = fixture();
    let text = town.signed(&claims);
    let op = Op::Bind(claims.cmt, Base64Url(text.clone().into_bytes()));
    town.say(&alice, alice.id, op.clone()).expect("bound");
    let bound = town.next_position();

    // The tenant rotates its token key.
    let old = town.token_id();
    let new = wardseal_crypto::sign::Ed25519SigningKey::from_seed(&wardseal_testkit::secret(
        &mut wardseal_testkit::seeded(99),
    ));
    let statement = town.tenant_says(Op::TenantAddKey(token_key(&new)));
    town.append(&statement).expect("a new key");
    let statement = town.tenant_says(Op::TenantRevokeKey(old));
    town.append(&statement).expect("without the old");

    let tenant = town.states.tenant().expect("a tenant");
    assert!(
        binding::read(tenant, &text, bound).is_ok(),
        "as it was judged then"
    );
    assert_eq!(
        binding::read(tenant, &text, NOW),
        Err(TokenError::UnknownKey)
    );
    assert_eq!(
        town.say(&alice, alice.id, op).err(),
        Some(Refusal::BadBinding)
    );
    town.token = new;
    let fresh = town.op_bind(&alice, "doctor-4711");
    assert!(town.say(&alice, alice.id, fresh).is_ok());
}

#[test]
fn names_are_hidden_by_their_salt_and_separated_by_tenant() {
    let (town, _, claims) = fixture();
    let commit = |salt, name| binding::commit(&town.tenant, salt, name);
    assert_eq!(commit(&SALT, "doctor-4711"), claims.cmt);
    assert_ne!(commit(&[5; 32], "doctor-4711"), claims.cmt);
    assert_ne!(commit(&SALT, "doctor-4712"), claims.cmt);
    let abroad = Town::new(54).tenant;
    assert_ne!(binding::commit(&abroad, &SALT, "doctor-4711"), claims.cmt);
    assert_ne!(binding::index(&abroad, "doctor-4711"), claims.idx);
    for name in ["a", "doctor-4711", "a@b.example", "Ä B"] {
        assert!(binding::is_name(name), "{name}");
    }
    for name in ["", " a", "a ", "a\n", "a\0b", "\u{85}", &"a".repeat(257)] {
        assert!(!binding::is_name(name), "{name:?}");
    }
}
