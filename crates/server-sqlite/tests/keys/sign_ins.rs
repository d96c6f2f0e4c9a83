//! Sign-in and its tokens.

use data_encoding::BASE64URL_NOPAD;
use wardseal_server_domain::{
    DomainError,
    keys::{CHALLENGE_LIFETIME, Caller, TOKEN_LIFETIME},
};
use wardseal_types::{DeviceId, TenantId, UserId};

use crate::world::{AUDIENCE, World, signed_challenge};

#[test]
fn a_device_signs_in() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let caller = world.caller(&anna);
    let challenge = world.service.challenge(&caller).unwrap();
    assert_eq!(challenge.time, world.town.now);
    let request = signed_challenge(caller, &anna.device, challenge.challenge, AUDIENCE);
    let signed_in = world.service.sign_in(&request).unwrap();
    assert_eq!(
        signed_in.expires,
        world.town.now.plus_millis(TOKEN_LIFETIME)
    );
    assert_eq!(world.service.authenticate(&signed_in.token), Ok(caller));
    world.clock.advance(TOKEN_LIFETIME - 1);
    assert_eq!(world.service.authenticate(&signed_in.token), Ok(caller));
    // It is no state of this process.
    let world = world.restart();
    assert_eq!(world.service.authenticate(&signed_in.token), Ok(caller));
    world.clock.advance(1);
    let refused = world.service.authenticate(&signed_in.token);
    assert_eq!(refused, Err(DomainError::TokenExpired));
}

#[test]
fn two_challenges_are_different() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let caller = world.caller(&anna);
    let first = world.service.challenge(&caller).unwrap();
    assert_ne!(first, world.service.challenge(&caller).unwrap());
}

#[test]
fn a_challenge_expires() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let caller = world.caller(&anna);
    let challenge = world.service.challenge(&caller).unwrap().challenge;
    let request = signed_challenge(caller, &anna.device, challenge, AUDIENCE);
    world.clock.advance(CHALLENGE_LIFETIME - 1);
    world.service.sign_in(&request).unwrap();
    world.clock.advance(1);
    assert_eq!(
        world.service.sign_in(&request),
        Err(DomainError::ChallengeExpired)
    );
}

#[test]
fn a_challenge_is_for_one_device_and_made_here() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let (caller, other) = (world.caller(&anna), world.caller(&berta));
    let challenge = world.service.challenge(&other).unwrap().challenge;
    let request = signed_challenge(caller, &anna.device, challenge, AUDIENCE);
    assert_eq!(
        world.service.sign_in(&request),
        Err(DomainError::ChallengeExpired)
    );
    let challenge = world.service.challenge(&caller).unwrap().challenge;
    for index in 0..challenge.len() {
        let mut changed = challenge.clone();
        changed[index] ^= 1;
        let request = signed_challenge(caller, &anna.device, changed, AUDIENCE);
        assert_eq!(
            world.service.sign_in(&request),
            Err(DomainError::ChallengeExpired)
        );
    }
    for bad in [Vec::new(), vec![0; 56], challenge[..55].to_vec()] {
        let request = signed_challenge(caller, &anna.device, bad, AUDIENCE);
        assert_eq!(
            world.service.sign_in(&request),
            Err(DomainError::ChallengeExpired)
        );
    }
}

#[test]
fn the_signature_is_the_devices_and_for_this_server() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let caller = world.caller(&anna);
    let challenge = world.service.challenge(&caller).unwrap().challenge;
    let by = |device, audience| signed_challenge(caller, device, challenge.clone(), audience);
    let mut flipped = by(&anna.device, AUDIENCE);
    flipped.signature[0] ^= 1;
    for request in [
        by(&berta.device, AUDIENCE),
        by(&anna.device, "https://evil.example"),
        flipped,
    ] {
        assert_eq!(
            world.service.sign_in(&request),
            Err(DomainError::SignInRefused)
        );
    }
    world.service.sign_in(&by(&anna.device, AUDIENCE)).unwrap();
}

#[test]
fn strangers_get_a_challenge_and_no_token() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let known = world.caller(&anna);
    for caller in [
        Caller {
            user: UserId::from_bytes([1; 32]),
            ..known
        },
        Caller {
            device: DeviceId::from_bytes([1; 32]),
            ..known
        },
        Caller {
            device: berta.device.id,
            ..known
        },
    ] {
        assert_eq!(
            world.sign_in(caller, &anna.device),
            Err(DomainError::SignInRefused)
        );
    }
    let elsewhere = Caller {
        tenant: TenantId::from_bytes([1; 32]),
        ..known
    };
    assert_eq!(
        world.service.challenge(&elsewhere),
        Err(DomainError::UnknownTenant)
    );
}

#[test]
fn a_revoked_device_is_out_at_once() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let second = world.device(&anna);
    let caller = Caller {
        device: second.id,
        ..world.caller(&anna)
    };
    let token = world.sign_in(caller, &second).unwrap();
    assert_eq!(world.service.authenticate(&token), Ok(caller));
    let op = world.town.op_revoke_device(&anna, &[second.member()]);
    world.say(&anna, anna.id, op);
    assert_eq!(
        world.service.authenticate(&token),
        Err(DomainError::SignInRequired)
    );
    assert_eq!(
        world.sign_in(caller, &second),
        Err(DomainError::SignInRefused)
    );
    // The other device goes on.
    let token = world.sign_in(world.caller(&anna), &anna.device).unwrap();
    world.service.authenticate(&token).unwrap();
}

#[test]
fn a_changed_token_is_none() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let token = world.sign_in(world.caller(&anna), &anna.device).unwrap();
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
    for index in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[index] ^= 1;
        let changed = BASE64URL_NOPAD.encode(&changed);
        assert_eq!(
            world.service.authenticate(&changed),
            Err(DomainError::SignInRequired)
        );
    }
    let cut = BASE64URL_NOPAD.encode(&bytes[..bytes.len() - 1]);
    let long = "A".repeat(10_000);
    for bad in ["", "=", "AAAA", &cut, &format!("{token}A"), &long] {
        assert_eq!(
            world.service.authenticate(bad),
            Err(DomainError::SignInRequired)
        );
    }
}

#[test]
fn a_token_of_another_server_is_none() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let token = world.sign_in(world.caller(&anna), &anna.device).unwrap();
    let other = World::empty(2, wardseal_server_domain::tenants::TenantPolicy::Open);
    // Same MAC key in these tests, but no such tenant there.
    assert_eq!(
        other.service.authenticate(&token),
        Err(DomainError::SignInRequired)
    );
}
