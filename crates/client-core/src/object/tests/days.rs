//! Objects by a key that was certified for a day, and by devices that write nothing.

use wardseal_protocol::certificate::Certificate;
use wardseal_types::limits;

use super::*;

const HOUR: u64 = 3_600_000;

/// The world with a password device, a key of the day, and what it certifies of it.
fn day(from: Timestamp, until: Timestamp) -> (World, Ed25519SigningKey, Certificate) {
    let mut world = World::new();
    world.alice.keys.kind = DeviceKind::Password;
    world.header.device = world.alice.keys.id();
    let key = Ed25519SigningKey::from_seed(&Secret::from_bytes([9; 32]));
    let header = &world.header;
    let certificate = Certificate::sign(
        &world.alice.signer,
        (&header.tenant, &header.author, &header.device),
        &key.public(),
        from,
        until,
    );
    (world, key, certificate)
}

/// What a reader says of an object with this header, signed by this key.
fn opened(
    world: &World,
    header: &ObjectHeader,
    key: &Ed25519SigningKey,
) -> Result<Complete, ObjectError> {
    let sealed = seal_bytes::<AwsLcAes>(
        &world.seed,
        header,
        &named("a.txt"),
        key,
        b"content",
        &mut Rng(3),
    )
    .unwrap();
    world.open(&sealed).map(|(_, complete)| complete)
}

fn refused(result: &Result<Complete, ObjectError>) -> bool {
    matches!(result, Err(ObjectError::BadAuthor))
}

#[test]
fn the_key_of_the_day_is_the_authors_while_the_day_lasts() {
    let time = World::new().header.time;
    let (world, key, certificate) = day(time, time.plus_millis(HOUR));
    let mut header = world.header.clone();
    header.certificate = Some(certificate);
    for (time, accepted) in [
        (certificate.from, true),
        (certificate.until, true),
        (certificate.from.minus_millis(1), false),
        (certificate.until.plus_millis(1), false),
    ] {
        header.time = time;
        let result = opened(&world, &header, &key);
        assert_eq!(result.is_ok(), accepted, "{time:?}");
        assert!(accepted || refused(&result));
    }
    // The certificate is for its key: neither the device nor another key signs beside it, and the key
    // signs nothing without it.
    header.time = certificate.from;
    let other = Ed25519SigningKey::from_seed(&Secret::from_bytes([8; 32]));
    for key in [&world.alice.signer, &other] {
        assert!(refused(&opened(&world, &header, key)));
    }
    header.certificate = None;
    assert!(refused(&opened(&world, &header, &key)));
}

#[test]
fn a_certificate_for_somebody_else_or_for_too_long_is_none() {
    let time = World::new().header.time;
    let (world, key, good) = day(time, time.plus_millis(HOUR));
    let (.., long) = day(time, time.plus_millis(limits::MAX_CERTIFICATE + 1));
    let mut changed = good;
    changed.until = changed.until.plus_millis(1);
    let mut header = world.header.clone();
    header.certificate = Some(good);
    for certificate in [long, changed] {
        let header = ObjectHeader {
            certificate: Some(certificate),
            ..header.clone()
        };
        assert!(refused(&opened(&world, &header, &key)));
    }
    let mut other = header.clone();
    other.author = UserId::from_bytes([5; 32]);
    assert!(refused(&opened(&world, &other, &key)));
    assert!(opened(&world, &header, &key).is_ok());
}

#[test]
fn devices_of_other_kinds_certify_nothing_and_some_write_nothing() {
    for (kind, certifies, writes) in [
        (DeviceKind::Ordinary, false, true),
        (DeviceKind::Password, true, true),
        (DeviceKind::Code, false, false),
        (DeviceKind::Passkey, true, true),
        (DeviceKind::TwoMan, false, false),
        (DeviceKind::Organisation, false, false),
    ] {
        let time = World::new().header.time;
        let (mut world, key, _) = day(time, time);
        world.alice.keys.kind = kind;
        world.header.device = world.alice.keys.id();
        let header = &world.header;
        let certificate = Certificate::sign(
            &world.alice.signer,
            (&header.tenant, &header.author, &header.device),
            &key.public(),
            time,
            time,
        );
        let with = ObjectHeader {
            certificate: Some(certificate),
            ..header.clone()
        };
        assert_eq!(opened(&world, &with, &key).is_ok(), certifies, "{kind:?}");
        let own = opened(&world, header, &world.alice.signer);
        assert_eq!(own.is_ok(), writes, "{kind:?}");
    }
}
