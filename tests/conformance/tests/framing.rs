//! The labelled operations are the bare ones over the bytes that the documentation names, and nothing else. Bare ones are
//! held to the vectors of others, so together this pins every byte.
#![expect(clippy::unwrap_used, reason = "helper functions of tests")]

use core::convert::Infallible;

use hkdf::hmac::{Hmac, KeyInit, Mac};
use rand_core::{TryCryptoRng, TryRng};
use sha2::Sha512;
use wardseal_crypto::{
    chunked, hash,
    hazmat::{hpke_open, ml_dsa_65_sign, ml_dsa_65_verify},
    kdf,
    kem::{self, KemSecretKey},
    label,
    secret::Secret,
    sign::HybridSigningKey,
};

const KEY: [u8; 32] = [0x11; 32];

/// 0, 1, 2, …: not random, and not so plainly broken that it is refused.
struct Counting(u8);

impl TryRng for Counting {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for byte in out {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
}

impl TryCryptoRng for Counting {}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    Hmac::<Sha512>::new_from_slice(key)
        .unwrap()
        .chain_update(message)
        .finalize()
        .into_bytes()
        .to_vec()
}

#[test]
fn derive_is_hkdf_expand_with_label_zero_context() {
    let derived: Secret<64> = kdf::derive(&Secret::from_bytes(KEY), label::RING_KEM, b"ctx");
    assert_eq!(
        derived.expose().as_slice(),
        hmac(&KEY, b"wardseal/v1/ring-kem\0ctx\x01")
    );
}

#[test]
fn extract_is_half_of_hkdf_extract_over_length_prefixed_parts() {
    let extracted = kdf::extract(b"salt", &[b"ab", b""]);
    let ikm = b"\0\0\0\0\0\0\0\x02ab\0\0\0\0\0\0\0\0";
    assert_eq!(extracted.expose().as_slice(), &hmac(b"salt", ikm)[..32]);
}

#[test]
fn mac_is_half_of_hmac_sha_512() {
    let mac = hash::mac(&Secret::from_bytes(KEY), label::TOKEN_MAC, &[b"ab"]);
    assert_eq!(
        mac.as_slice(),
        &hmac(&KEY, b"wardseal/v1/token-mac\0\0\0\0\0\0\0\0\x02ab")[..32]
    );
}

#[test]
fn a_labelled_seal_has_label_zero_context_as_info() {
    let key = KemSecretKey::from_seed(&Secret::from_bytes(KEY)).unwrap();
    let sealed = kem::seal(
        &key.public(),
        label::BOX_HPKE,
        b"ctx",
        b"plaintext",
        &mut Counting(0),
    )
    .unwrap();
    let opened = hpke_open(&key, b"wardseal/v1/box-hpke\0ctx", b"", &sealed).unwrap();
    assert_eq!(opened.expose(), b"plaintext");
}

#[test]
fn a_labelled_message_has_label_zero_context_as_context() {
    let key = Secret::from_bytes(KEY);
    let sealed = chunked::seal(
        &key,
        label::OBJECT_BODY,
        b"ctx",
        b"plaintext",
        &mut Counting(0),
    )
    .unwrap();
    let opened =
        chunked::open_with_context(&key, b"wardseal/v1/object-body\0ctx", &sealed).unwrap();
    assert_eq!(opened.expose(), b"plaintext");
}

#[test]
fn both_signatures_are_over_label_zero_message_and_ml_dsa_has_the_label_as_context() {
    let seed = Secret::from_bytes([0x22; 32]);
    let key = HybridSigningKey::from_seeds(&Secret::from_bytes(KEY), &seed);
    let signature = key
        .sign(label::STATEMENT_SIGNATURE, b"message")
        .unwrap()
        .to_bytes();
    let (ed25519, ml_dsa) = signature.split_at(64);
    let (context, message) = (
        b"wardseal/v1/statement-signature",
        b"wardseal/v1/statement-signature\0message",
    );
    assert_eq!(ed25519, key.ed25519().sign_unlabelled(message).as_bytes());
    assert_eq!(ml_dsa, ml_dsa_65_sign(&seed, context, message).unwrap());
    ml_dsa_65_verify(
        key.public().ml_dsa(),
        context,
        message,
        ml_dsa.try_into().unwrap(),
    )
    .unwrap();
}
