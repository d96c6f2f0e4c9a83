//! Hashes and message authentication.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512, Sha512_256};
use subtle::ConstantTimeEq;

use crate::{label::Label, secret::Secret};

/// SHA-512/256 (FIPS 180-4) over `label ‖ 0x00 ‖ (length as u64, big-endian ‖ part)*`.
///
/// The lengths make the encoding injective: no two lists of parts hash the same bytes.
#[must_use]
pub fn hash(label: Label, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha512_256::new();
    framed(label, parts, |bytes| hasher.update(bytes));
    hasher.finalize().into()
}

/// Plain SHA-256 over the concatenation of `parts`, for formats that others defined (tlog, Merkle trees).
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The first 32 bytes of HMAC-SHA-512 (RFC 2104) over the bytes that [`hash`] would hash.
///
/// Compare a received code with [`ct_eq`].
#[must_use]
pub fn mac(key: &Secret<32>, label: Label, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = hmac_sha512(key.expose());
    framed(label, parts, |bytes| mac.update(bytes));
    let full: [u8; 64] = mac.finalize().into_bytes().into();
    let mut short = [0; 32];
    short.copy_from_slice(full.split_at(32).0);
    short
}

/// Whether two byte strings are equal, in time that depends on their lengths only.
#[must_use]
pub fn ct_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Length-prefixed parts after a label: what [`hash`] and [`mac`] run over.
fn framed(label: Label, parts: &[&[u8]], mut update: impl FnMut(&[u8])) {
    update(label.as_str().as_bytes());
    update(&[0]);
    for part in parts {
        update(&length_prefix(part));
        update(part);
    }
}

/// The length of `part` as eight bytes, big-endian.
pub(crate) fn length_prefix(part: &[u8]) -> [u8; 8] {
    // No address space exceeds 64 bits, so the fallback is never taken.
    u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes()
}

/// HMAC-SHA-512 with a key of any length (RFC 2104: long keys are hashed first).
pub(crate) fn hmac_sha512(key: &[u8]) -> Hmac<Sha512> {
    /// One block of SHA-512.
    const BLOCK: usize = 128;
    let mut block = zeroize::Zeroizing::new([0; BLOCK]);
    if let Some(start) = block.get_mut(..key.len()) {
        start.copy_from_slice(key);
    } else {
        let digest = Sha512::digest(key);
        block
            .iter_mut()
            .zip(digest)
            .for_each(|(to, from)| *to = from);
    }
    // A zero-padded block is the same HMAC key by definition, and this constructor cannot fail.
    Hmac::new((&*block).into())
}
