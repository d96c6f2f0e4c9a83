//! Key derivation: HKDF (RFC 5869) with SHA-512.

use hmac::Mac;
use zeroize::Zeroizing;

use crate::{
    hash::{hmac_sha512, length_prefix},
    label::Label,
    secret::Secret,
};

/// Derives `N` bytes from a uniformly random key: HKDF-Expand with `info = label ‖ 0x00 ‖ context`.
///
/// `N` is at most 16 320 (255 blocks of SHA-512); a larger one does not compile. The context must identify what the
/// result is for (ring, epoch, object), in an encoding that is injective.
#[must_use]
pub fn derive<const N: usize>(key: &Secret<32>, label: Label, context: &[u8]) -> Secret<N> {
    const { assert!(N <= 255 * 64, "RFC 5869: at most 255 blocks") };
    Secret::filled_by(|out| {
        expand(
            key.expose(),
            &[label.as_str().as_bytes(), &[0], context],
            out,
        );
    })
}

/// Makes one uniformly random key of secrets that are not uniformly random, or of several of which each must be needed:
/// the first 32 bytes of HKDF-Extract over `(length as u64, big-endian ‖ part)*`.
///
/// Truncation keeps HMAC-SHA-512 a pseudorandom function and gives the length that all our keys have. The lengths make
/// the concatenation injective, so that nothing can be moved from one share to its neighbour. The result enters
/// [`derive()`], which separates its uses.
#[must_use]
pub fn extract(salt: &[u8], ikm: &[&[u8]]) -> Secret<32> {
    let mut mac = hmac_sha512(salt);
    for part in ikm {
        mac.update(&length_prefix(part));
        mac.update(part);
    }
    let full: Zeroizing<[u8; 64]> = Zeroizing::new(mac.finalize().into_bytes().into());
    Secret::filled_by(|out| out.copy_from_slice(full.split_at(32).0))
}

/// HKDF-Expand (RFC 5869 section 2.3) with the concatenation of `info`. `out` has at most 255 · 64 bytes.
pub(crate) fn expand(prk: &[u8], info: &[&[u8]], out: &mut [u8]) {
    let keyed = hmac_sha512(prk);
    let mut previous = Zeroizing::new([0; 64]);
    for (block, counter) in out.chunks_mut(64).zip(1u8..=255) {
        let mut mac = keyed.clone();
        if counter > 1 {
            mac.update(&*previous);
        }
        for part in info {
            mac.update(part);
        }
        mac.update(&[counter]);
        *previous = mac.finalize().into_bytes().into();
        block.copy_from_slice(previous.split_at(block.len()).0);
    }
}
