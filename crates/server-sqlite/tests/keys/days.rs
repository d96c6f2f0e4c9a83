//! Sign-in and statements by a key that was certified for a day.

use wardseal_crypto::{label, sign::Ed25519SigningKey};
use wardseal_protocol::{
    Refusal, cbor,
    certificate::{Certificate, LEEWAY},
    keys::DeviceKind,
    op::{Method, Rights, Stored},
};
use wardseal_server_domain::{
    DomainError,
    keys::{Caller, SignIn, TOKEN_LIFETIME},
};
use wardseal_testkit::{Device, Person};
use wardseal_types::{FixedBytes, MemberId, limits};

use crate::world::{AUDIENCE, World, signed_challenge};

const HOUR: u64 = 3_600_000;

fn passkey(world: &mut World, person: &Person) -> Device {
    let device = world.town.device(DeviceKind::Passkey);
    let method = Method::Passkey(Stored {
        record: FixedBytes([7; 32]),
    });
    let op = world.town.op_set_recovery(person, &device, method, None);
    world.say(person, person.id, op);
    device
}

/// An answer to a fresh challenge by the key of the day.
fn answer(
    world: &World,
    caller: Caller,
    device: &Device,
    (certificate, key): (&Certificate, &Ed25519SigningKey),
) -> SignIn {
    let challenge = world.service.challenge(&caller).unwrap().challenge;
    let message = wardseal_protocol::binding::sign_in_message(
        AUDIENCE,
        &caller.tenant,
        &caller.user,
        &caller.device,
        &challenge,
    );
    SignIn {
        signature: *key.sign(label::SIGN_IN, &message).as_bytes(),
        certificate: Some(cbor::encode(certificate)),
        ..signed_challenge(caller, device, challenge, AUDIENCE)
    }
}

#[test]
fn the_key_of_a_day_signs_in_until_the_day_is_over() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let device = passkey(&mut world, &anna);
    let caller = Caller {
        device: device.id,
        ..world.caller(&anna)
    };
    let (certificate, key) = world.town.certifies(anna.id, &device, HOUR);
    let sign_in = |world: &World| {
        world
            .service
            .sign_in(&answer(world, caller, &device, (&certificate, &key)))
    };
    let given = sign_in(&world).unwrap();
    assert_eq!(given.expires, world.town.now.plus_millis(TOKEN_LIFETIME));
    assert_eq!(world.service.authenticate(&given.token), Ok(caller));
    // The last token ends with the day.
    world.clock.set(certificate.until.minus_millis(1));
    let given = sign_in(&world).unwrap();
    assert_eq!(given.expires, certificate.until);
    world.clock.set(certificate.until.plus_millis(1));
    let refused = world.service.authenticate(&given.token);
    assert_eq!(refused, Err(DomainError::TokenExpired));
    assert_eq!(sign_in(&world), Err(DomainError::SignInRefused));
    // A clock may be a little ahead, and not more.
    world.clock.set(certificate.from.minus_millis(LEEWAY));
    sign_in(&world).unwrap();
    world.clock.set(certificate.from.minus_millis(LEEWAY + 1));
    assert_eq!(sign_in(&world), Err(DomainError::SignInRefused));
    // Without the certificate the key is nobody's, and the certificate is for its key alone.
    world.clock.set(world.town.now);
    let mut bare = answer(&world, caller, &device, (&certificate, &key));
    bare.certificate = None;
    let mut garbled = answer(&world, caller, &device, (&certificate, &key));
    garbled.certificate = Some(vec![0]);
    let other = answer(
        &world,
        caller,
        &device,
        (&certificate, device.sign.ed25519()),
    );
    for refused in [bare, garbled, other] {
        let refused = world.service.sign_in(&refused);
        assert_eq!(refused, Err(DomainError::SignInRefused));
    }
}

#[test]
fn what_may_not_certify_signs_nobody_in() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let device = passkey(&mut world, &anna);
    let now = world.town.now;
    let sign_in = |world: &World, device: &Device, certificate: &Certificate, key: &_| {
        let caller = Caller {
            device: device.id,
            ..world.caller(&anna)
        };
        let request = answer(world, caller, device, (certificate, key));
        world.service.sign_in(&request).map(|_| ())
    };
    // An ordinary device, too long a day, another user's certificate, one by another device.
    let (of_ordinary, key) = world.town.certifies(anna.id, &anna.device, HOUR);
    let refused = Err(DomainError::SignInRefused);
    assert_eq!(sign_in(&world, &anna.device, &of_ordinary, &key), refused);
    assert_eq!(sign_in(&world, &device, &of_ordinary, &key), refused);
    let (long, key) = world
        .town
        .certifies(anna.id, &device, limits::MAX_CERTIFICATE + 1);
    assert_eq!(sign_in(&world, &device, &long, &key), refused);
    let berta = world.person("berta");
    let (of_berta, key) = world.town.certifies(berta.id, &device, HOUR);
    assert_eq!(sign_in(&world, &device, &of_berta, &key), refused);
    // And a certificate dies with its device, together with the tokens that it gave.
    let (certificate, key) = world.town.certifies(anna.id, &device, HOUR);
    assert_eq!(sign_in(&world, &device, &certificate, &key), Ok(()));
    let op = world
        .town
        .op_revoke_device(&anna, &[MemberId::Device(device.id)]);
    world.say(&anna, anna.id, op);
    assert_eq!(sign_in(&world, &device, &certificate, &key), refused);
    assert_eq!(world.town.now, now);
}

#[test]
fn a_statement_by_the_key_of_a_day_is_appended_until_shortly_after() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let device = passkey(&mut world, &anna);
    let session = world.session(&anna, &[(anna.member(), Rights::MANAGE)]);
    let (certificate, key) = world.town.certifies(anna.id, &device, HOUR);
    let op = world.town.op_rotate_session(session);
    let today = (certificate, &key);
    let statement = world.town.says_today(anna.id, &device, today, session, op);
    let refused = Err(Refusal::BadCertificate.into());
    let said = [statement.clone()];
    for late in [
        certificate.until.plus_millis(LEEWAY + 1),
        certificate.from.minus_millis(LEEWAY + 1),
    ] {
        world.clock.set(late);
        assert_eq!(world.post(&anna, &said), refused);
    }
    // It was signed in time, and comes when the day is just over.
    world.clock.set(certificate.until.plus_millis(LEEWAY));
    world.post(&anna, &said).unwrap();
    world.town.append(&statement).unwrap();
    // By whoever is signed in as another user, no.
    world.clock.set(world.town.now);
    let berta = world.person("berta");
    let op = world.town.op_rotate_session(session);
    let statement = world.town.says_today(anna.id, &device, today, session, op);
    let refused = world.post(&berta, &[statement]);
    assert_eq!(refused, Err(Refusal::NotAuthorised.into()));
}
