//! D3: a thief of one server's complete memory, with a dictionary that contains the password.

use wardseal_password::opaque::{Login, ServerError};
use wardseal_password::oprf::{HardenedPassword, OprfPublicKey, REQUEST_LEN, evaluate};

use super::world::{ACCOUNT, IDENTITIES, KeyServer, PASSWORD, World, rng};

const DICTIONARY: [&str; 3] = ["Sommerregen im Mai", PASSWORD, "correct horse battery"];

/// The thief plays the vault and the client at once, without any limit on attempts.
fn opens(stolen: &World, guess: HardenedPassword) -> bool {
    let (login, ke1) = Login::start(guess, &mut rng(51)).unwrap();
    let (_, ke2) = stolen.answer(&ke1);
    let pinned = stolen.setup.public_key();
    login
        .finish(&ke2, IDENTITIES, &pinned, &mut rng(52))
        .is_ok()
}

/// The vault's setup, record and running code. The key server's output is missing, so the thief
/// stands in for it with a key of their own.
#[test]
fn the_vaults_whole_database_does_not_find_the_password() {
    let stolen = World::new();
    let own = KeyServer([0x01; 32]);
    let found = DICTIONARY
        .iter()
        .any(|guess| opens(&stolen, own.harden(guess, &own.public()).unwrap()));
    assert!(!found);
}

/// The control: with the key server's seed as well, the same attack finds it at the second guess.
/// This is the collusion that the documentation names.
#[test]
fn both_servers_together_find_it() {
    let stolen = World::new();
    let found = DICTIONARY
        .iter()
        .position(|guess| opens(&stolen, stolen.hardened(guess)));
    assert_eq!(found, Some(1));
}

/// The bare password is not an input of the record either: an ordinary OPAQUE client that feeds it
/// is refused. (The library's own types, because ours do not offer it.)
#[test]
fn the_bare_password_opens_nothing() {
    use super::rfc9807::{Argon2Suite, SuiteKsf};
    use opaque_ke::{ClientLogin, ClientLoginFinishParameters, CredentialResponse, Identifiers};

    let stolen = World::new();
    let attempt = |input: &[u8]| {
        let mut rng = super::rfc9807::Old(rng(61));
        let started = ClientLogin::<Argon2Suite>::start(&mut rng, input).unwrap();
        let (state, ke2) = stolen.answer(&started.message.serialize());
        let (params, ke2) = ke2.split_at(9);
        let context = [b"wardseal/v1/password", params].concat();
        let identifiers = Identifiers {
            client: Some(IDENTITIES.client),
            server: Some(IDENTITIES.server),
        };
        let finished = started
            .state
            .finish(
                &mut rng,
                input,
                CredentialResponse::deserialize(ke2).unwrap(),
                ClientLoginFinishParameters::new(Some(&context), identifiers, Some(&SuiteKsf)),
            )
            .ok()?;
        let ours = state.finish(&finished.message.serialize()).unwrap();
        assert_eq!(ours.expose().as_slice(), finished.session_key.as_slice());
        Some(finished.export_key.to_vec())
    };
    assert_eq!(attempt(PASSWORD.as_bytes()), None);
    // The control, which also shows that the wire is RFC 9807 with the documented context.
    let right = stolen.hardened(PASSWORD);
    assert_eq!(
        attempt(right.expose()),
        Some(stolen.export_key.expose().to_vec())
    );
}

/// The key server sees a uniformly random element: the same password never looks the same, and its
/// seed gives no verifier to test a guess against.
#[test]
fn the_key_server_sees_nothing_to_guess_at() {
    use wardseal_password::oprf::Blind;
    use wardseal_password::password::Password;

    let password = Password::new(PASSWORD).unwrap();
    let seen: Vec<Vec<u8>> = (0..8)
        .map(|chance| {
            Blind::start(&password, ACCOUNT, &mut rng(chance))
                .unwrap()
                .1
        })
        .collect();
    for (at, request) in seen.iter().enumerate() {
        assert_eq!(request.len(), REQUEST_LEN);
        assert!(!seen[..at].contains(request));
        // Any request is as good an explanation of any other password: all evaluate.
        assert!(evaluate(&[7; 32], ACCOUNT, request, &mut rng(71)).is_ok());
    }
    let public: OprfPublicKey = KeyServer([7; 32]).public();
    assert!(!seen.contains(&public.to_bytes().to_vec()));
}

/// A thief in the middle of a sign-in holds the vault's waiting state, but not the client's proof.
#[test]
fn a_waiting_sign_in_does_not_finish_without_the_client() {
    let stolen = World::new();
    let (_, ke1) = Login::start(stolen.hardened(PASSWORD), &mut rng(21)).unwrap();
    let (state, ke2) = stolen.answer(&ke1);
    assert_eq!(state.finish(&ke2[265..329]), Err(ServerError::Refused));
}
