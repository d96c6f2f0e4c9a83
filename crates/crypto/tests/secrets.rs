//! Secrets, hashes and derivations, and what happens when the random source is broken.

mod common;

use core::convert::Infallible;

use common::Seeded;
use rand_core::{CryptoRng, TryCryptoRng, TryRng};
use wardseal_crypto::{
    CryptoError, SUITE, chunked, hash, kdf,
    kem::{self, KemSecretKey},
    label,
    padding::padme,
    secret::{Secret, SecretBytes},
    sign::{Ed25519SigningKey, HybridSigningKey},
};

/// The secrets of this file have these bytes, which must not show in any form that logs would carry.
const TELLTALE: [u8; 32] = [0xa7; 32];

/// A source that was never seeded: always the same byte.
struct Stuck(u8);

impl TryRng for Stuck {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.fill(self.0);
        Ok(())
    }
}

impl TryCryptoRng for Stuck {}

#[test]
fn the_suite_is_one() {
    assert_eq!(SUITE, 1);
}

#[test]
fn secrets_do_not_print() {
    let secret = Secret::from_bytes(TELLTALE);
    let hybrid = HybridSigningKey::from_seeds(&secret, &secret);
    let stream = chunked::StreamKey::derive(&secret, &[1; 24], b"");
    let printed = [
        format!("{secret:?}"),
        format!("{:?}", SecretBytes::from_vec(TELLTALE.to_vec())),
        format!("{:?}", KemSecretKey::from_seed(&secret).unwrap()),
        format!("{:?}", Ed25519SigningKey::from_seed(&secret)),
        format!("{hybrid:?}"),
        format!("{:?}", hybrid.ed25519()),
    ];
    for text in printed {
        assert!(text.contains("redacted"), "{text}");
        assert!(
            !text.contains("167") && !text.to_lowercase().contains("a7"),
            "{text}"
        );
    }
    let aes_key = format!("{:?}", stream.aes_key().expose());
    assert!(!format!("{stream:?}").contains(&aes_key));
}

#[test]
fn secrets_compare_and_parse() {
    let a = Secret::from_bytes(TELLTALE);
    let mut other = TELLTALE;
    other[31] ^= 1;
    assert!(a.ct_eq(&a.clone()));
    assert!(!a.ct_eq(&Secret::from_bytes(other)));
    assert!(Secret::<32>::try_from_slice(&TELLTALE).unwrap().ct_eq(&a));
    for wrong in [&TELLTALE[..31], &[0; 33][..], &[]] {
        assert_eq!(
            Secret::<32>::try_from_slice(wrong).unwrap_err(),
            CryptoError::InvalidLength
        );
    }
    let bytes = SecretBytes::from_vec(vec![1, 2, 3]);
    assert_eq!(
        (bytes.len(), bytes.is_empty(), bytes.expose()),
        (3, false, &[1, 2, 3][..])
    );
    assert!(bytes.ct_eq(&bytes.clone()) && !bytes.ct_eq(&SecretBytes::from_vec(vec![1, 2])));
}

#[test]
fn a_broken_random_source_makes_nothing() {
    let key = Secret::from_bytes(TELLTALE);
    let public = KemSecretKey::from_seed(&key).unwrap().public();
    for byte in [0, 0xff, 0x41] {
        let rng = &mut Stuck(byte);
        assert_eq!(
            Secret::<32>::generate(rng).unwrap_err(),
            CryptoError::Randomness
        );
        assert_eq!(
            KemSecretKey::generate(rng).unwrap_err(),
            CryptoError::Randomness
        );
        assert_eq!(
            Ed25519SigningKey::generate(rng).unwrap_err(),
            CryptoError::Randomness
        );
        assert_eq!(
            HybridSigningKey::generate(rng).unwrap_err(),
            CryptoError::Randomness
        );
        assert_eq!(
            kem::seal(&public, label::BOX_HPKE, b"", b"x", rng).unwrap_err(),
            CryptoError::Randomness
        );
        let sealed = chunked::seal(&key, label::BOX_WRAP, b"", b"x", rng);
        assert_eq!(sealed.unwrap_err(), CryptoError::Randomness);
    }
}

#[test]
fn a_source_behind_a_trait_object_works() {
    let mut seeded = Seeded::new(1);
    let rng: &mut dyn CryptoRng = &mut seeded;
    let a = Secret::<32>::generate(rng).unwrap();
    let b = Secret::<32>::generate(rng).unwrap();
    assert!(!a.ct_eq(&b));
}

#[test]
fn hashes_keep_labels_and_parts_apart() {
    let reference = hash::hash(label::BOX_HASH, &[b"ab", b"c"]);
    assert_eq!(reference, hash::hash(label::BOX_HASH, &[b"ab", b"c"]));
    assert_ne!(reference, hash::hash(label::BOX_HASH, &[b"a", b"bc"]));
    assert_ne!(reference, hash::hash(label::BOX_HASH, &[b"abc"]));
    assert_ne!(reference, hash::hash(label::BOX_HASH, &[b"ab", b"c", b""]));
    assert_ne!(reference, hash::hash(label::ID_USER, &[b"ab", b"c"]));
}

#[test]
fn hash_is_sha_512_256_over_the_documented_bytes() {
    use sha2::Digest;
    let bytes = b"wardseal/v1/id-user\0\0\0\0\0\0\0\0\x02ab\0\0\0\0\0\0\0\0";
    let expected: [u8; 32] = sha2::Sha512_256::digest(bytes).into();
    assert_eq!(hash::hash(label::ID_USER, &[b"ab", b""]), expected);
}

#[test]
fn sha256_is_plain() {
    // FIPS 180-4, the example "abc".
    let abc = data_encoding::HEXLOWER
        .decode(b"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        .unwrap();
    assert_eq!(hash::sha256(&[b"a", b"", b"bc"]).as_slice(), abc);
}

#[test]
fn macs_depend_on_key_label_and_parts() {
    let key = Secret::from_bytes(TELLTALE);
    let reference = hash::mac(&key, label::TOKEN_MAC, &[b"ab"]);
    assert_eq!(reference, hash::mac(&key, label::TOKEN_MAC, &[b"ab"]));
    assert_ne!(reference, hash::mac(&key, label::CHALLENGE_MAC, &[b"ab"]));
    assert_ne!(reference, hash::mac(&key, label::TOKEN_MAC, &[b"a", b"b"]));
    assert_ne!(
        reference,
        hash::mac(&Secret::from_bytes([0; 32]), label::TOKEN_MAC, &[b"ab"])
    );
    assert!(hash::ct_eq(&reference, &reference.clone()));
    assert!(!hash::ct_eq(&reference, &reference[..31]));
}

#[test]
fn derivations_depend_on_everything_and_long_ones_extend_short_ones() {
    let key = Secret::from_bytes(TELLTALE);
    let reference: Secret<32> = kdf::derive(&key, label::RING_KEM, b"ctx");
    let others: [Secret<32>; 3] = [
        kdf::derive(&Secret::from_bytes([0; 32]), label::RING_KEM, b"ctx"),
        kdf::derive(&key, label::RING_WRAP, b"ctx"),
        kdf::derive(&key, label::RING_KEM, b"ctx2"),
    ];
    assert!(others.iter().all(|other| !other.ct_eq(&reference)));
    // RFC 5869: the output is a prefix of every longer one.
    let long: Secret<100> = kdf::derive(&key, label::RING_KEM, b"ctx");
    assert_eq!(&long.expose()[..32], reference.expose());
}

#[test]
fn extraction_needs_every_share_in_its_place() {
    let reference = kdf::extract(b"salt", &[b"one", b"two"]);
    assert!(reference.ct_eq(&kdf::extract(b"salt", &[b"one", b"two"])));
    for other in [
        kdf::extract(b"salt", &[b"onet", b"wo"]),
        kdf::extract(b"salt", &[b"two", b"one"]),
        kdf::extract(b"salt", &[b"one"]),
        kdf::extract(b"salt2", &[b"one", b"two"]),
        // A salt longer than a block of SHA-512 is hashed, not cut.
        kdf::extract(&[7; 129], &[b"one", b"two"]),
    ] {
        assert!(!other.ct_eq(&reference));
    }
    assert!(!kdf::extract(&[7; 129], &[b"x"]).ct_eq(&kdf::extract(&[7; 128], &[b"x"])));
}

#[test]
fn padme_gives_the_lengths_of_the_paper() {
    // From the definition: E = floor(log2 L), S = floor(log2 E) + 1, the last E - S bits are zero.
    for (len, padded) in [
        (0, 0),
        (1, 1),
        (2, 2),
        (8, 8),
        (9, 10),
        (11, 12),
        (100, 104),
        (1000, 1024),
        (1025, 1088),
        (1 << 40, 1 << 40),
    ] {
        assert_eq!(padme(len), padded, "{len}");
    }
    assert_eq!(padme(u64::MAX), u64::MAX, "no overflow");
}

proptest::proptest! {
    #[test]
    fn padme_costs_at_most_twelve_percent(len in 1u64..1 << 50) {
        let padded = padme(len);
        assert!(padded >= len);
        assert!((padded - len) * 100 <= len * 12, "{len} to {padded}");
        assert_eq!(padme(padded), padded);
        assert!(padme(len + 1) >= padded);
    }
}
