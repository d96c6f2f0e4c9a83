//! What is valid in one place is worthless in every other.

use wardseal_crypto::{label, sign::Ed25519Signature};
use wardseal_protocol::{
    binding, cbor,
    keys::{DeviceKeys, possession_message},
    log::{Checkpoint, origin},
    ring::SealedBox,
    state::{NOW, World as _},
    statement::Statement,
};
use wardseal_types::RingId;

use crate::refusals::cast;

#[test]
fn every_object_is_refused_by_every_other_reader() {
    let mut cast = cast();
    let town = &mut cast.town;
    let claims = town.claims(cast.alice.id, &[1; 32], "alice");
    let ring = RingId::Group(cast.group);
    let sealed = town.box_of(ring, 0, &town.references(ring)[0]);
    let note = town.checkpoint(3).sign(&town.log_key).expect("signs");
    let objects: [(&str, Vec<u8>); 5] = [
        ("statement", town.log[1].bytes().to_vec()),
        ("box", cbor::encode(sealed.expect("a box"))),
        ("device", cbor::encode(&cast.alice.device.keys)),
        ("note", note.into_bytes()),
        ("token", town.signed(&claims).into_bytes()),
    ];
    let name = origin(&town.tenant);
    let key = town.log_public();
    let tenant = town.states.tenant().expect("a tenant");
    for (kind, bytes) in &objects {
        let text = String::from_utf8_lossy(bytes);
        let readers = [
            ("statement", Statement::decode(bytes).is_ok()),
            ("box", SealedBox::decode(bytes).is_ok()),
            ("device", cbor::decode::<DeviceKeys>(bytes, 1 << 20).is_ok()),
            ("note", Checkpoint::verify(&text, &name, &key).is_ok()),
            ("token", binding::read(tenant, &text, NOW).is_ok()),
        ];
        for (reader, accepted) in readers {
            assert_eq!(accepted, reader == *kind, "{kind} read as {reader}");
        }
    }
}

#[test]
fn a_signature_for_one_use_is_none_for_any_other() {
    let cast = cast();
    let device = &cast.alice.device;
    let message = possession_message(&cast.town.tenant, &cast.alice.id, &device.id);
    let (key, sign) = (device.sign.public(), &device.sign);
    for made in label::ALL {
        let classical = sign.ed25519().sign(*made, &message);
        let hybrid = sign.sign(*made, &message).expect("signs");
        for used in label::ALL {
            let same = made == used;
            let verified = key.ed25519().verify(*used, &message, &classical);
            assert_eq!(verified.is_ok(), same);
            assert_eq!(key.verify(*used, &message, &hybrid).is_ok(), same);
        }
        assert!(
            key.ed25519()
                .verify_unlabelled(&message, &classical)
                .is_err()
        );
        // The halves are signatures of their own only under the same label.
        let half = Ed25519Signature::from_bytes(*hybrid.ed25519().as_bytes());
        assert!(key.ed25519().verify(*made, &message, &half).is_ok());
    }
}
