//! What works between honest parties, and what survives storage.

use wardseal_password::ksf::KsfParams;
use wardseal_password::opaque::{
    ClientError, Identities, KE1_LEN, KE2_LEN, KE3_LEN, Login, RECORD_LEN, Record, ServerError,
    ServerLogin, ServerSetup,
};
use wardseal_password::oprf::{
    Blind, OprfError, OprfPublicKey, REQUEST_LEN, RESPONSE_LEN, account_public_key, evaluate,
};
use wardseal_password::password::Password;

use super::world::{ACCOUNT, IDENTITIES, PASSWORD, World, register, rng};

#[test]
fn the_right_password_opens_and_both_ends_agree() {
    let world = World::new();
    let (login, ke1) = Login::start(world.hardened(PASSWORD), &mut rng(21)).unwrap();
    let (state, ke2) = world.answer(&ke1);
    let client = login
        .finish(&ke2, IDENTITIES, &world.setup.public_key(), &mut rng(23))
        .unwrap();
    assert_eq!(
        (ke1.len(), ke2.len(), client.ke3.len()),
        (KE1_LEN, KE2_LEN, KE3_LEN)
    );
    assert_eq!(client.export_key, world.export_key);
    assert_ne!(client.session_key, client.export_key);
    assert_eq!(client.ksf, KsfParams::DEFAULT);
    assert_eq!(state.finish(&client.ke3).unwrap(), client.session_key);
}

/// Setup, record and the sign-in between its two requests go through a database.
#[test]
fn everything_survives_storage() {
    let world = World::new();
    let setup = ServerSetup::from_bytes(&world.setup.to_bytes()).unwrap();
    assert_eq!(setup.public_key(), world.setup.public_key());
    assert_eq!(world.record.to_bytes().len(), RECORD_LEN);
    let record = Record::from_bytes(&world.record.to_bytes()).unwrap();
    assert_eq!(record.ksf(), KsfParams::DEFAULT);

    let (login, ke1) = Login::start(world.hardened(PASSWORD), &mut rng(21)).unwrap();
    let (state, ke2) = setup
        .login_start(Some(&record), &ke1, ACCOUNT, IDENTITIES, &mut rng(22))
        .unwrap();
    let state = ServerLogin::from_bytes(&state.to_bytes()).unwrap();
    let client = login
        .finish(&ke2, IDENTITIES, &setup.public_key(), &mut rng(23))
        .unwrap();
    assert_eq!(state.finish(&client.ke3).unwrap(), client.session_key);

    for wrong in [0, 127, 129] {
        let bytes = vec![1; wrong];
        assert_eq!(
            ServerSetup::from_bytes(&bytes).err(),
            Some(ServerError::Malformed)
        );
        assert_eq!(
            ServerLogin::from_bytes(&bytes).err(),
            Some(ServerError::Malformed)
        );
    }
}

/// A French keyboard at home, a Mac at work.
#[test]
fn a_decomposed_letter_hardens_to_the_same() {
    let world = World::new();
    let composed = world.hardened("caf\u{e9} cr\u{e8}me");
    assert_eq!(composed, world.hardened("cafe\u{301} cre\u{300}me"));
    assert_ne!(composed, world.hardened("cafe creme"));
}

#[test]
fn hardening_depends_on_password_account_and_key_and_not_on_chance() {
    let harden = |typed: &str, account: &[u8], seed: u8, chance: u64| {
        let password = Password::new(typed).unwrap();
        let (blind, request) = Blind::start(&password, account, &mut rng(chance)).unwrap();
        let response = evaluate(&[seed; 32], account, &request, &mut rng(chance + 1)).unwrap();
        assert_eq!((request.len(), response.len()), (REQUEST_LEN, RESPONSE_LEN));
        let public = account_public_key(&[seed; 32], account).unwrap();
        (blind.finish(&response, &public).unwrap(), request)
    };
    let (base, request) = harden("a password", b"one", 1, 100);
    let (again, other_request) = harden("a password", b"one", 1, 200);
    assert_eq!(base, again);
    assert_ne!(
        request, other_request,
        "the key server must not recognise a password"
    );
    assert_ne!(base, harden("b password", b"one", 1, 100).0);
    assert_ne!(base, harden("a password", b"two", 1, 100).0);
    assert_ne!(base, harden("a password", b"one", 2, 100).0);
}

#[test]
fn public_keys_are_per_account_and_survive_storage() {
    let one = account_public_key(&[1; 32], b"one").unwrap();
    assert_ne!(one, account_public_key(&[1; 32], b"two").unwrap());
    assert_ne!(one, account_public_key(&[2; 32], b"one").unwrap());
    assert_eq!(OprfPublicKey::from_bytes(&one.to_bytes()), Ok(one));
    for bad in [&[0; 32][..], &[0xff; 32], &[], &[0; 33]] {
        assert_eq!(OprfPublicKey::from_bytes(bad), Err(OprfError::Malformed));
    }
}

#[test]
fn an_account_identifier_is_bounded() {
    let password = Password::new(PASSWORD).unwrap();
    assert!(Blind::start(&password, &[b'x'; 255], &mut rng(1)).is_ok());
    let long = [b'x'; 256];
    assert_eq!(
        Blind::start(&password, &long, &mut rng(1)).err(),
        Some(OprfError::AccountTooLong)
    );
    assert_eq!(
        account_public_key(&[1; 32], &long),
        Err(OprfError::AccountTooLong)
    );
}

#[test]
fn dearer_parameters_are_remembered_by_the_record() {
    let world = World::new();
    let params = KsfParams::new(64 * 1024, 4, 1).unwrap();
    let registered = register(&world.setup, world.hardened(PASSWORD), params);
    let record = Record::from_upload(&registered.upload).unwrap();
    assert_eq!(record.ksf(), params);
    assert_ne!(registered.export_key, world.export_key);

    let dearer = World { record, ..world };
    let client = dearer.login_altered(PASSWORD, |_| {}).unwrap();
    assert_eq!(client.ksf, params);
    assert_eq!(client.export_key, registered.export_key);
}

#[test]
fn identities_are_bound() {
    let world = World::new();
    let (login, ke1) = Login::start(world.hardened(PASSWORD), &mut rng(21)).unwrap();
    let (_, ke2) = world.answer(&ke1);
    let other = Identities {
        client: b"usr_bert",
        ..IDENTITIES
    };
    assert_eq!(
        login
            .finish(&ke2, other, &world.setup.public_key(), &mut rng(23))
            .err(),
        Some(ClientError::WrongPassword)
    );
}
