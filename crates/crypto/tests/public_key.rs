//! Seals and signatures: what must open and verify, and what must not.
#![expect(clippy::unwrap_used, reason = "helper functions of tests")]

mod common;

use common::Seeded;
use wardseal_crypto::{
    CryptoError,
    kem::{self, KemPublicKey, KemSecretKey},
    label,
    secret::Secret,
    sign::{
        Ed25519PublicKey, Ed25519Signature, Ed25519SigningKey, HYBRID_PUBLIC_KEY, HYBRID_SIGNATURE,
        HybridPublicKey, HybridSignature, HybridSigningKey,
    },
};

fn kem_key(seed: u8) -> KemSecretKey {
    KemSecretKey::generate(&mut Seeded::new(seed)).unwrap()
}

fn hybrid_key(seed: u8) -> HybridSigningKey {
    HybridSigningKey::generate(&mut Seeded::new(seed)).unwrap()
}

#[test]
fn what_is_sealed_opens_and_only_for_its_purpose() {
    let (key, other) = (kem_key(1), kem_key(2));
    let sealed = kem::seal(
        &key.public(),
        label::BOX_HPKE,
        b"ctx",
        b"seed",
        &mut Seeded::new(3),
    )
    .unwrap();
    assert_eq!(sealed.len(), b"seed".len() + kem::OVERHEAD);
    assert_eq!(
        kem::open(&key, label::BOX_HPKE, b"ctx", &sealed)
            .unwrap()
            .expose(),
        b"seed"
    );

    let rejected = Err(CryptoError::Rejected);
    let open = |key, label, context: &[u8], sealed: &[u8]| {
        kem::open(key, label, context, sealed).map(|_| ())
    };
    assert_eq!(open(&other, label::BOX_HPKE, b"ctx", &sealed), rejected);
    assert_eq!(open(&key, label::BOX_WRAP, b"ctx", &sealed), rejected);
    assert_eq!(open(&key, label::BOX_HPKE, b"ctx2", &sealed), rejected);
    assert_eq!(open(&key, label::BOX_HPKE, b"", &sealed), rejected);
    for len in [0, 1, 1119, 1120, 1121, 1135, sealed.len() - 1] {
        assert_eq!(
            open(&key, label::BOX_HPKE, b"ctx", &sealed[..len]),
            rejected,
            "cut to {len}"
        );
    }
    assert_eq!(
        open(
            &key,
            label::BOX_HPKE,
            b"ctx",
            &[sealed.as_slice(), &[0]].concat()
        ),
        rejected
    );
}

#[test]
fn every_byte_of_a_seal_counts() {
    let key = kem_key(1);
    let sealed = kem::seal(
        &key.public(),
        label::BOX_HPKE,
        b"",
        b"0123456789abcdef",
        &mut Seeded::new(3),
    )
    .unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert_eq!(
            kem::open(&key, label::BOX_HPKE, b"", &changed).unwrap_err(),
            CryptoError::Rejected,
            "byte {at}"
        );
    }
}

#[test]
fn seals_are_randomised_and_keys_come_back_from_their_seeds() {
    let key = kem_key(1);
    let rng = &mut Seeded::new(3);
    let a = kem::seal(&key.public(), label::BOX_HPKE, b"", b"", rng).unwrap();
    let b = kem::seal(&key.public(), label::BOX_HPKE, b"", b"", rng).unwrap();
    assert_ne!(a, b);
    let again = KemSecretKey::from_seed(key.seed()).unwrap();
    assert_eq!(again.public(), key.public());
    assert!(
        kem::open(&again, label::BOX_HPKE, b"", &a)
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        KemPublicKey::from_bytes(key.public().as_bytes()).unwrap(),
        key.public()
    );
}

#[test]
fn public_keys_that_nobody_generates_are_refused() {
    let good = *kem_key(1).public().as_bytes();
    for wrong in [&good[..1215], &[good.as_slice(), &[0]].concat(), &[]] {
        assert_eq!(
            KemPublicKey::from_bytes(wrong).unwrap_err(),
            CryptoError::InvalidLength
        );
    }
    let mut unreduced = good;
    // A coefficient of 4095, above the modulus 3329 (FIPS 203 section 7.2).
    unreduced[0] = 0xff;
    unreduced[1] |= 0x0f;
    assert_eq!(
        KemPublicKey::from_bytes(&unreduced).unwrap_err(),
        CryptoError::InvalidKey
    );
    for first in [0, 1] {
        for top in [0, 0x80] {
            let mut low_order = good;
            low_order[1184..].fill(0);
            low_order[1184] = first;
            low_order[1215] |= top;
            assert_eq!(
                KemPublicKey::from_bytes(&low_order).unwrap_err(),
                CryptoError::InvalidKey
            );
        }
    }
}

#[test]
fn a_low_order_point_in_a_seal_is_refused() {
    let key = kem_key(1);
    let mut sealed = kem::seal(
        &key.public(),
        label::BOX_HPKE,
        b"",
        b"x",
        &mut Seeded::new(3),
    )
    .unwrap();
    sealed[1088..1120].fill(0);
    assert_eq!(
        kem::open(&key, label::BOX_HPKE, b"", &sealed).unwrap_err(),
        CryptoError::Rejected
    );
}

#[test]
fn ed25519_binds_label_message_and_key() {
    let key = Ed25519SigningKey::generate(&mut Seeded::new(1)).unwrap();
    let public = key.public();
    let signature = key.sign(label::SIGN_IN, b"message");
    public
        .verify(label::SIGN_IN, b"message", &signature)
        .unwrap();

    let rejected = Err(CryptoError::Rejected);
    assert_eq!(
        public.verify(label::SIGN_IN, b"messagf", &signature),
        rejected
    );
    assert_eq!(
        public.verify(label::OBJECT_SIGNATURE, b"message", &signature),
        rejected
    );
    let other = Ed25519SigningKey::generate(&mut Seeded::new(2))
        .unwrap()
        .public();
    assert_eq!(
        other.verify(label::SIGN_IN, b"message", &signature),
        rejected
    );
    for at in 0..64 {
        let mut changed = *signature.as_bytes();
        changed[at] ^= 1;
        let changed = Ed25519Signature::from_bytes(changed);
        assert_eq!(
            public.verify(label::SIGN_IN, b"message", &changed),
            rejected,
            "byte {at}"
        );
    }
    assert_eq!(Ed25519SigningKey::from_seed(&key.seed()).public(), public);
    assert_eq!(
        Ed25519Signature::try_from_slice(&[0; 63]).unwrap_err(),
        CryptoError::InvalidLength
    );
}

#[test]
fn unlabelled_signatures_are_of_the_bare_message() {
    let key = Ed25519SigningKey::generate(&mut Seeded::new(1)).unwrap();
    let signature = key.sign_unlabelled(b"message");
    key.public()
        .verify_unlabelled(b"message", &signature)
        .unwrap();
    assert_eq!(
        key.public().verify_unlabelled(b"other", &signature),
        Err(CryptoError::Rejected)
    );
    assert_eq!(
        key.public().verify(label::SIGN_IN, b"message", &signature),
        Err(CryptoError::Rejected)
    );
}

#[test]
fn a_second_form_of_a_signature_is_refused() {
    // RFC 8032 section 5.1.7: s must be below the order L. s + L is the same number to a careless verifier.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let key = Ed25519SigningKey::generate(&mut Seeded::new(1)).unwrap();
    let mut bytes = *key.sign(label::SIGN_IN, b"message").as_bytes();
    let mut carry = 0;
    for (byte, order) in bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        [*byte, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
    let verified = key.public().verify(
        label::SIGN_IN,
        b"message",
        &Ed25519Signature::from_bytes(bytes),
    );
    assert_eq!(verified, Err(CryptoError::Rejected));
}

#[test]
fn weak_and_unreduced_ed25519_keys_are_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut minus_one = [0xff; 32];
    minus_one[0] = 0xec;
    minus_one[31] = 0x7f;
    // y = p + 3: the same point as y = 3 if it is one, in an encoding that RFC 8032 section 5.1.3 forbids.
    let unreduced: Vec<[u8; 32]> = (0xed..=0xff)
        .map(|first| {
            let mut key = [0xff; 32];
            key[0] = first;
            key[31] = 0x7f;
            key
        })
        .collect();
    for key in [identity, minus_one, [0; 32]].into_iter().chain(unreduced) {
        assert_eq!(
            Ed25519PublicKey::from_bytes(key).unwrap_err(),
            CryptoError::InvalidKey,
            "{key:?}"
        );
    }
}

#[test]
fn hybrid_signatures_need_both_halves() {
    let (key, other) = (hybrid_key(1), hybrid_key(2));
    let public = key.public();
    let signature = key.sign(label::STATEMENT_SIGNATURE, b"message").unwrap();
    public
        .verify(label::STATEMENT_SIGNATURE, b"message", &signature)
        .unwrap();

    let rejected = Err(CryptoError::Rejected);
    assert_eq!(
        public.verify(label::STATEMENT_SIGNATURE, b"other", &signature),
        rejected
    );
    assert_eq!(
        public.verify(label::STATEMENT_POP, b"message", &signature),
        rejected
    );
    assert_eq!(
        other
            .public()
            .verify(label::STATEMENT_SIGNATURE, b"message", &signature),
        rejected
    );

    // One good half and one of another key, both ways round.
    let good = signature.to_bytes();
    let foreign = other
        .sign(label::STATEMENT_SIGNATURE, b"message")
        .unwrap()
        .to_bytes();
    for mixed in [
        [&good[..64], &foreign[64..]].concat(),
        [&foreign[..64], &good[64..]].concat(),
    ] {
        let mixed = HybridSignature::from_bytes(&mixed).unwrap();
        assert_eq!(
            public.verify(label::STATEMENT_SIGNATURE, b"message", &mixed),
            rejected
        );
    }
    // One good half and one that is zeros, as of a signer who leaves a half out.
    for zeroed in [0..64, 64..HYBRID_SIGNATURE] {
        let mut bytes = good.clone();
        bytes[zeroed].fill(0);
        let half = HybridSignature::from_bytes(&bytes).unwrap();
        assert_eq!(
            public.verify(label::STATEMENT_SIGNATURE, b"message", &half),
            rejected
        );
    }
}

#[test]
fn hybrid_keys_and_signatures_have_one_encoding() {
    let key = hybrid_key(1);
    let (ed25519, ml_dsa) = key.to_seeds();
    let again = HybridSigningKey::from_seeds(&ed25519, &ml_dsa);
    assert_eq!(again.public(), key.public());
    let bytes = key.public().to_bytes();
    assert_eq!(bytes.len(), HYBRID_PUBLIC_KEY);
    assert_eq!(HYBRID_PUBLIC_KEY, 1984);
    assert_eq!(&HybridPublicKey::from_bytes(&bytes).unwrap(), key.public());
    assert_eq!(bytes[32..], key.public().ml_dsa()[..]);

    let signature = key.sign(label::STATEMENT_SIGNATURE, b"").unwrap();
    assert_eq!(
        signature,
        again.sign(label::STATEMENT_SIGNATURE, b"").unwrap(),
        "signatures are deterministic"
    );
    let signature_bytes = signature.to_bytes();
    assert_eq!((signature_bytes.len(), HYBRID_SIGNATURE), (3373, 3373));
    assert_eq!(
        HybridSignature::from_bytes(&signature_bytes).unwrap(),
        signature
    );

    for len in [0, 31, 32, HYBRID_PUBLIC_KEY - 1] {
        assert_eq!(
            HybridPublicKey::from_bytes(&bytes[..len]).unwrap_err(),
            CryptoError::InvalidLength
        );
        assert_eq!(
            HybridSignature::from_bytes(&signature_bytes[..len]).unwrap_err(),
            CryptoError::InvalidLength
        );
    }
    let mut weak = bytes;
    weak[..32].fill(0);
    assert_eq!(
        HybridPublicKey::from_bytes(&weak).unwrap_err(),
        CryptoError::InvalidKey
    );
}

#[test]
fn the_ed25519_half_is_an_ordinary_ed25519_key() {
    let seed = Secret::from_bytes([9; 32]);
    let key = HybridSigningKey::from_seeds(&seed, &Secret::from_bytes([8; 32]));
    assert_eq!(
        key.ed25519().public(),
        Ed25519SigningKey::from_seed(&seed).public()
    );
    assert_eq!(key.public().ed25519(), &key.ed25519().public());
    let signature = key.sign(label::STATEMENT_SIGNATURE, b"m").unwrap();
    key.public()
        .ed25519()
        .verify(label::STATEMENT_SIGNATURE, b"m", signature.ed25519())
        .unwrap();
}

#[test]
fn public_values_print_short() {
    let key = hybrid_key(1);
    let signature = key.sign(label::STATEMENT_SIGNATURE, b"").unwrap();
    for text in [
        format!("{:?}", kem_key(1).public()),
        format!("{:?}", key.public()),
        format!("{:?}", key.public().ed25519()),
        format!("{signature:?}"),
        format!("{:?}", signature.ed25519()),
    ] {
        assert!(text.len() < 40 && text.ends_with("…)"), "{text}");
    }
}
