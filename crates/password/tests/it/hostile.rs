//! Wrong passwords, wrong servers, altered bytes. Rows D1, D3 and D4 of the threat matrix.

use wardseal_password::ksf::{KsfParams, KsfRefused};
use wardseal_password::opaque::{
    ClientError, KE2_LEN, Login, RECORD_LEN, Record, Registration, ServerError, ServerPublicKey,
    ServerSetup,
};
use wardseal_password::oprf::{Blind, OprfError, REQUEST_LEN, RESPONSE_LEN, evaluate};
use wardseal_password::password::Password;

use super::world::{ACCOUNT, IDENTITIES, KeyServer, PASSWORD, World, rng};

#[test]
fn a_wrong_password_and_a_missing_account_look_the_same() {
    let world = World::new();
    let wrong = world.login_altered("vier blaue Hunde im Regen", |_| {});
    assert_eq!(wrong.err(), Some(ClientError::WrongPassword));

    // Even the right password, for an account that is not there.
    let (login, ke1) = Login::start(world.hardened(PASSWORD), &mut rng(21)).unwrap();
    let (state, ke2) = world
        .setup
        .login_start(None, &ke1, ACCOUNT, IDENTITIES, &mut rng(22))
        .unwrap();
    assert_eq!(ke2.len(), KE2_LEN);
    assert_eq!(
        login
            .finish(&ke2, IDENTITIES, &world.setup.public_key(), &mut rng(23))
            .err(),
        Some(ClientError::WrongPassword)
    );
    assert_eq!(state.finish(&[7; 64]), Err(ServerError::Refused));
}

/// What an observer sees of a missing account: the same parameters, the same OPRF answer at every
/// attempt and before and after somebody registers, everything else fresh.
#[test]
fn a_fake_record_answers_like_a_record() {
    let world = World::new();
    let (_, ke1) = Login::start(world.hardened(PASSWORD), &mut rng(21)).unwrap();
    let fake = |chance| {
        let answered = world
            .setup
            .login_start(None, &ke1, ACCOUNT, IDENTITIES, &mut rng(chance));
        answered.unwrap().1
    };
    let (_, real) = world.answer(&ke1);
    let (one, two) = (fake(31), fake(32));
    let fixed = 9 + 32;
    assert_eq!(one[..fixed], two[..fixed]);
    assert_eq!(one[..fixed], real[..fixed]);
    for part in [fixed..73, 73..201, 201..233, 233..265, 265..329] {
        assert_ne!(one[part.clone()], two[part.clone()]);
        assert_ne!(one[part.clone()], real[part]);
    }
}

#[test]
fn another_key_server_is_found_out() {
    let world = World::new();
    let other = KeyServer([0x66; 32]);
    assert_eq!(
        other.harden(PASSWORD, &world.keys.public()),
        Err(OprfError::ProofInvalid)
    );
    // Who pins the wrong key gets another input, which opens nothing.
    let input = other.harden(PASSWORD, &other.public()).unwrap();
    let (login, ke1) = Login::start(input, &mut rng(21)).unwrap();
    let (_, ke2) = world.answer(&ke1);
    assert_eq!(
        login
            .finish(&ke2, IDENTITIES, &world.setup.public_key(), &mut rng(23))
            .err(),
        Some(ClientError::WrongPassword)
    );
}

#[test]
fn a_key_server_that_answers_for_another_account_is_found_out() {
    let world = World::new();
    let password = Password::new(PASSWORD).unwrap();
    let (blind, request) = Blind::start(&password, ACCOUNT, &mut rng(11)).unwrap();
    let response = evaluate(&world.keys.0, b"usr_bert", &request, &mut rng(12)).unwrap();
    assert_eq!(
        blind.finish(&response, &world.keys.public()),
        Err(OprfError::ProofInvalid)
    );
}

#[test]
fn every_byte_of_the_hardening_counts() {
    let world = World::new();
    let password = Password::new(PASSWORD).unwrap();
    let start = || Blind::start(&password, ACCOUNT, &mut rng(11)).unwrap();
    let (_, request) = start();
    let response = evaluate(&world.keys.0, ACCOUNT, &request, &mut rng(12)).unwrap();
    for at in 0..RESPONSE_LEN {
        let mut altered = response.clone();
        altered[at] ^= 1;
        assert!(
            start().0.finish(&altered, &world.keys.public()).is_err(),
            "{at}"
        );
    }
    for length in [0, RESPONSE_LEN - 1, RESPONSE_LEN + 1] {
        let mut altered = response.clone();
        altered.resize(length, 0);
        assert_eq!(
            start().0.finish(&altered, &world.keys.public()),
            Err(OprfError::Malformed)
        );
    }
    // The key server computes with canonical elements only, and never with the identity.
    let refuse = |request: &[u8]| {
        assert_eq!(
            evaluate(&world.keys.0, ACCOUNT, request, &mut rng(12)),
            Err(OprfError::Malformed)
        );
    };
    refuse(&[0; REQUEST_LEN]);
    refuse(&[0xff; REQUEST_LEN]);
    refuse(&request[1..]);
    refuse(&[&request[..], &[0]].concat());
}

/// D1. Each parameter alone, in an otherwise honest answer.
#[test]
fn cheap_or_endless_hashing_is_refused() {
    let world = World::new();
    let asking = |m: u32, t: u32, p: u8| world.login_altered(PASSWORD, |ke2| ask(ke2, m, t, p));
    for (m, t, p) in [(8, 1, 1), (65535, 3, 1), (65536, 2, 1), (65536, 3, 0)] {
        assert_eq!(asking(m, t, p).err(), Some(FLOOR));
    }
    for (m, t, p) in [(u32::MAX, 3, 1), (65536, u32::MAX, 1), (65536, 3, 255)] {
        assert_eq!(asking(m, t, p).err(), Some(CEILING));
    }
    // Within the policy, but not what the account was registered with: authenticated all the same.
    assert_eq!(asking(65536, 4, 1).err(), Some(ClientError::WrongPassword));
}

/// D1. The refusal comes before any hashing: even before the answer is decoded, without which there
/// is nothing to hash.
#[test]
fn the_policy_is_checked_first() {
    let world = World::new();
    let garbage = |m: u32, t: u32, p: u8| {
        let verdict = world.login_altered(PASSWORD, |ke2| {
            ke2.fill(0);
            ask(ke2, m, t, p);
        });
        verdict.err()
    };
    assert_eq!(garbage(8, 1, 1), Some(FLOOR));
    assert_eq!(garbage(u32::MAX, 1, 1), Some(FLOOR));
    assert_eq!(garbage(u32::MAX, 3, 1), Some(CEILING));
    assert_eq!(garbage(65536, 3, 1), Some(ClientError::Malformed));
}

const FLOOR: ClientError = ClientError::Policy(KsfRefused::PolicyFloor);
const CEILING: ClientError = ClientError::Policy(KsfRefused::PolicyCeiling);

fn ask(ke2: &mut [u8], m: u32, t: u32, p: u8) {
    ke2[..4].copy_from_slice(&m.to_be_bytes());
    ke2[4..8].copy_from_slice(&t.to_be_bytes());
    ke2[8] = p;
}

#[test]
fn a_vault_refuses_records_outside_the_policy() {
    let mut upload = World::new().record.to_bytes();
    upload[..4].copy_from_slice(&8_u32.to_be_bytes());
    assert_eq!(
        Record::from_upload(&upload).err(),
        Some(ServerError::Policy(KsfRefused::PolicyFloor))
    );
}

/// D4. An impostor with the vault's whole database, but not with its key.
#[test]
fn a_swapped_server_key_never_opens() {
    let world = World::new();
    let impostor = {
        // Same OPRF seed, another key pair: what a thief of the database would build.
        let mut bytes = world.setup.to_bytes();
        let other = ServerSetup::generate(&mut rng(9)).to_bytes();
        bytes[64..96].copy_from_slice(&other[64..96]);
        ServerSetup::from_bytes(&bytes).unwrap()
    };
    assert_ne!(impostor.public_key(), world.setup.public_key());
    let pinned = world.setup.public_key();
    for pin in [pinned, impostor.public_key()] {
        let (login, ke1) = Login::start(world.hardened(PASSWORD), &mut rng(21)).unwrap();
        let (_, ke2) = impostor
            .login_start(Some(&world.record), &ke1, ACCOUNT, IDENTITIES, &mut rng(22))
            .unwrap();
        assert_eq!(
            login.finish(&ke2, IDENTITIES, &pin, &mut rng(23)).err(),
            Some(ClientError::WrongPassword)
        );
    }
}

/// D4. The password fits, but was registered at a vault that the client did not pin.
#[test]
fn a_vault_other_than_the_pinned_one_is_named() {
    let world = World::new();
    let (login, ke1) = Login::start(world.hardened(PASSWORD), &mut rng(21)).unwrap();
    let (_, ke2) = world.answer(&ke1);
    let pinned = ServerPublicKey::from_bytes([3; 32]);
    assert_eq!(
        login.finish(&ke2, IDENTITIES, &pinned, &mut rng(23)).err(),
        Some(ClientError::ServerMismatch)
    );

    let (registration, request) =
        Registration::start(world.hardened(PASSWORD), &mut rng(2)).unwrap();
    let response = world
        .setup
        .registration_response(&request, ACCOUNT)
        .unwrap();
    let refused = registration.finish(
        &response,
        IDENTITIES,
        KsfParams::DEFAULT,
        Some(&pinned),
        &mut rng(3),
    );
    assert_eq!(refused.err(), Some(ClientError::ServerMismatch));
}

#[test]
fn a_first_contact_returns_the_key_to_pin() {
    let world = World::new();
    let (registration, request) =
        Registration::start(world.hardened(PASSWORD), &mut rng(2)).unwrap();
    let response = world
        .setup
        .registration_response(&request, ACCOUNT)
        .unwrap();
    let registered = registration
        .finish(&response, IDENTITIES, KsfParams::DEFAULT, None, &mut rng(3))
        .unwrap();
    assert_eq!(registered.server_public, world.setup.public_key());
}

/// One byte in every field of KE2: OPRF answer, masking nonce, masked key, nonce and tag of the
/// envelope, server nonce, ephemeral key, MAC.
#[test]
fn every_field_of_the_vaults_answer_counts() {
    let world = World::new();
    for at in [
        9, 40, 41, 72, 73, 104, 105, 137, 200, 201, 232, 233, 264, 265, 328,
    ] {
        let verdict = world.login_altered(PASSWORD, |ke2| ke2[at] ^= 1);
        let error = verdict.err();
        assert!(
            matches!(
                error,
                Some(ClientError::WrongPassword | ClientError::Malformed)
            ),
            "{at}: {error:?}"
        );
    }
    for length in [0, KE2_LEN - 1, KE2_LEN + 1] {
        let verdict = world.login_altered(PASSWORD, |ke2| ke2.resize(length, 0));
        assert_eq!(verdict.err(), Some(ClientError::Malformed));
    }
}

/// A vault that returns the client's own blinded element learns nothing by it.
#[test]
fn a_reflected_element_is_refused() {
    let world = World::new();
    let (login, ke1) = Login::start(world.hardened(PASSWORD), &mut rng(21)).unwrap();
    let (_, mut ke2) = world.answer(&ke1);
    ke2[9..41].copy_from_slice(&ke1[..32]);
    assert_eq!(
        login
            .finish(&ke2, IDENTITIES, &world.setup.public_key(), &mut rng(23))
            .err(),
        Some(ClientError::Malformed)
    );
}

#[test]
fn an_answer_to_another_sign_in_is_refused() {
    let world = World::new();
    let (_, ke1) = Login::start(world.hardened(PASSWORD), &mut rng(41)).unwrap();
    let (_, replayed) = world.answer(&ke1);
    let verdict = world.login_altered(PASSWORD, |ke2| ke2.clone_from(&replayed));
    assert_eq!(verdict.err(), Some(ClientError::WrongPassword));
}

#[test]
fn the_vault_refuses_altered_messages() {
    let world = World::new();
    let (login, ke1) = Login::start(world.hardened(PASSWORD), &mut rng(21)).unwrap();
    let (state, ke2) = world.answer(&ke1);
    let kept = state.to_bytes();
    let client = login
        .finish(&ke2, IDENTITIES, &world.setup.public_key(), &mut rng(23))
        .unwrap();
    let restored = || wardseal_password::opaque::ServerLogin::from_bytes(&kept).unwrap();
    for at in 0..client.ke3.len() {
        let mut altered = client.ke3.clone();
        altered[at] ^= 0x80;
        assert_eq!(
            restored().finish(&altered),
            Err(ServerError::Refused),
            "{at}"
        );
    }
    assert_eq!(
        restored().finish(&client.ke3[1..]),
        Err(ServerError::Malformed)
    );
    assert_eq!(
        restored().finish(&[&client.ke3[..], &[0]].concat()),
        Err(ServerError::Malformed)
    );

    // A KE1 that was altered on the way leads to a transcript that the client does not share.
    for at in [32, 63] {
        let (login, mut ke1) = Login::start(world.hardened(PASSWORD), &mut rng(21)).unwrap();
        ke1[at] ^= 1;
        let (_, ke2) = world.answer(&ke1);
        assert_eq!(
            login
                .finish(&ke2, IDENTITIES, &world.setup.public_key(), &mut rng(23))
                .err(),
            Some(ClientError::WrongPassword)
        );
    }
    let refuse = |ke1: &[u8]| {
        let answer =
            world
                .setup
                .login_start(Some(&world.record), ke1, ACCOUNT, IDENTITIES, &mut rng(22));
        assert_eq!(answer.err(), Some(ServerError::Malformed));
    };
    refuse(&ke1[1..]);
    refuse(&[&ke1[..], &[0]].concat());
    refuse(&[&[0; 32], &ke1[32..]].concat());
    refuse(&[&ke1[..64], &[0; 32]].concat());

    for request in [&[0; 32][..], &[0xff; 32], &ke1[..31], &ke1[..33]] {
        assert_eq!(
            world.setup.registration_response(request, ACCOUNT),
            Err(ServerError::Malformed)
        );
    }
}

/// A record that was altered in the database opens nothing, or is refused at once.
#[test]
fn every_field_of_the_record_counts() {
    let world = World::new();
    let stored = world.record.to_bytes();
    for length in [0, RECORD_LEN - 1, RECORD_LEN + 1] {
        let mut altered = stored.clone();
        altered.resize(length, 0);
        assert_eq!(
            Record::from_bytes(&altered).err(),
            Some(ServerError::Malformed)
        );
    }
    for at in [9, 40, 41, 104, 105, 136, 137, 200] {
        let mut altered = stored.clone();
        altered[at] ^= 1;
        let record = match Record::from_bytes(&altered) {
            Ok(record) => record,
            Err(refused) => {
                assert_eq!(refused, ServerError::Malformed, "{at}");
                assert!(at < 41, "only the public key has a form to check");
                continue;
            }
        };
        let (login, ke1) = Login::start(world.hardened(PASSWORD), &mut rng(21)).unwrap();
        let (_, ke2) = world
            .setup
            .login_start(Some(&record), &ke1, ACCOUNT, IDENTITIES, &mut rng(22))
            .unwrap();
        assert_eq!(
            login
                .finish(&ke2, IDENTITIES, &world.setup.public_key(), &mut rng(23))
                .err(),
            Some(ClientError::WrongPassword),
            "{at}"
        );
    }
}
