//! Secrets under a key that both ends hold.

mod common;

use core::convert::Infallible;

use common::Seeded;
use rand_core::{TryCryptoRng, TryRng};
use wardseal_crypto::{
    CryptoError, label,
    secret::Secret,
    wrap::{self, WRAPPED},
};

const KEY: Secret<32> = Secret::from_bytes([1; 32]);
const SECRET: Secret<32> = Secret::from_bytes([2; 32]);

/// Always the same: what a virtual machine that was copied may have.
struct Repeating;

impl TryRng for Repeating {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(7)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(7)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.fill(7);
        Ok(())
    }
}

impl TryCryptoRng for Repeating {}

#[test]
fn what_was_wrapped_opens() {
    let wrapped = wrap::seal(&KEY, label::BOX_WRAP, b"here", &SECRET, &mut Seeded::new(1)).unwrap();
    let opened = wrap::open(&KEY, label::BOX_WRAP, b"here", &wrapped).unwrap();
    assert!(opened.ct_eq(&SECRET));
}

#[test]
fn no_other_key_label_context_byte_or_length_opens_it() {
    let wrapped = wrap::seal(&KEY, label::BOX_WRAP, b"here", &SECRET, &mut Seeded::new(1)).unwrap();
    let refused = |key: &Secret<32>, label, context: &[u8], wrapped: &[u8]| {
        let opened = wrap::open(key, label, context, wrapped);
        assert_eq!(opened.err(), Some(CryptoError::Rejected));
    };
    refused(&SECRET, label::BOX_WRAP, b"here", &wrapped);
    refused(&KEY, label::BOX_LADDER, b"here", &wrapped);
    refused(&KEY, label::BOX_WRAP, b"there", &wrapped);
    refused(&KEY, label::BOX_WRAP, b"", &wrapped);
    for at in 0..WRAPPED {
        let mut altered = wrapped;
        altered[at] ^= 1;
        refused(&KEY, label::BOX_WRAP, b"here", &altered);
        refused(&KEY, label::BOX_WRAP, b"here", &wrapped[..at]);
    }
    refused(
        &KEY,
        label::BOX_WRAP,
        b"here",
        &[&wrapped[..], &[0]].concat(),
    );
}

#[test]
fn two_wraps_of_one_secret_have_nothing_in_common() {
    let mut rng = Seeded::new(1);
    let one = wrap::seal(&KEY, label::BOX_WRAP, b"here", &SECRET, &mut rng).unwrap();
    let other = wrap::seal(&KEY, label::BOX_WRAP, b"here", &SECRET, &mut rng).unwrap();
    assert_ne!(one[..12], other[..12]);
    assert_ne!(one[12..44], other[12..44]);
    assert_ne!(one[44..], other[44..]);
}

#[test]
fn under_one_nonce_only_equal_wraps_look_equal() {
    let wrap = |secret: &Secret<32>, context: &[u8]| {
        wrap::seal(&KEY, label::BOX_WRAP, context, secret, &mut Repeating).unwrap()
    };
    let one = wrap(&SECRET, b"here");
    assert_eq!(one, wrap(&SECRET, b"here"));
    let almost = Secret::from_bytes({
        let mut bytes = *SECRET.expose();
        bytes[31] ^= 1;
        bytes
    });
    for other in [wrap(&almost, b"here"), wrap(&SECRET, b"there")] {
        assert_eq!(one[..12], other[..12]);
        // A stream cipher would show here in how many bits the two differ.
        let differing: u32 = (12..44).map(|at| (one[at] ^ other[at]).count_ones()).sum();
        assert!(differing > 64, "{differing} of 256 bits");
    }
}
