//! AES-256-GCM (NIST SP 800-38D) with 12-byte nonces and no associated data, behind one trait; AES-256-GCM-SIV (RFC 8452)
//! for [`crate::wrap`] behind another.
//!
//! Three engines give the same bytes: [`AwsLcAes`] natively, [`RustCryptoAes`] everywhere, and WebCrypto in browsers,
//! which is asynchronous and therefore the host's business: it gets key and nonces from [`crate::chunked`].
//!
//! This is the only place of the crate that asks for which target it is compiled. Nothing here chooses nonces; use
//! [`crate::chunked`].

#[cfg(not(target_family = "wasm"))]
mod aws_lc;
mod rust_crypto;

#[cfg(not(target_family = "wasm"))]
pub use aws_lc::{AwsLcAes, AwsLcAes as DefaultAes, AwsLcSiv, AwsLcSiv as DefaultSiv};
pub use rust_crypto::{RustCryptoAes, RustCryptoSiv};
#[cfg(target_family = "wasm")]
pub use rust_crypto::{RustCryptoAes as DefaultAes, RustCryptoSiv as DefaultSiv};

use crate::CryptoError;

/// Bytes of an authentication tag.
pub const TAG: usize = 16;

/// AES-256-GCM under one key. A nonce must never be used twice under a key.
pub trait Aes256Gcm: Sized {
    /// Expands a key.
    fn new(key: &[u8; 32]) -> Self;

    /// Encrypts `data` in place and returns the tag.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] when the engine refuses the length (64 GiB or more).
    fn seal_in_place(&self, nonce: &[u8; 12], data: &mut [u8]) -> Result<[u8; TAG], CryptoError>;

    /// Decrypts `data` in place.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] when the tag does not match; `data` is then zeros.
    fn open_in_place(
        &self,
        nonce: &[u8; 12],
        data: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), CryptoError>;

    /// Encrypts `plaintext` into `out` as `ciphertext ‖ tag`, without a copy.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] unless `out` is exactly [`TAG`] longer than `plaintext`.
    fn seal_into(
        &self,
        nonce: &[u8; 12],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<(), CryptoError>;

    /// Decrypts `sealed` (`ciphertext ‖ tag`) into `out`, without a copy.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] unless `sealed` is exactly [`TAG`] longer than `out`;
    /// [`CryptoError::Rejected`] when the tag does not match. `out` is then zeros.
    fn open_into(&self, nonce: &[u8; 12], sealed: &[u8], out: &mut [u8])
    -> Result<(), CryptoError>;
}

/// AES-256-GCM-SIV, one shot. A nonce that comes twice tells whether key, associated data and plaintext did too.
pub trait Aes256GcmSiv {
    /// Encrypts `plaintext` into `out` as `ciphertext ‖ tag`.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] unless `out` is exactly [`TAG`] longer than `plaintext`, or from 64 GiB on.
    fn seal(
        key: &[u8; 32],
        nonce: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<(), CryptoError>;

    /// Decrypts `sealed` (`ciphertext ‖ tag`) into `out`.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] when the tag does not match, or `sealed` is not exactly [`TAG`] longer than `out`. `out`
    /// is then zeros.
    fn open(
        key: &[u8; 32],
        nonce: &[u8; 12],
        aad: &[u8],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<(), CryptoError>;
}

/// Splits `out` into ciphertext and tag for a plaintext of `plaintext_len` bytes.
fn split_out(
    out: &mut [u8],
    plaintext_len: usize,
) -> Result<(&mut [u8], &mut [u8; TAG]), CryptoError> {
    match out.split_last_chunk_mut::<TAG>() {
        Some((body, tag)) if body.len() == plaintext_len => Ok((body, tag)),
        _ => Err(CryptoError::InvalidLength),
    }
}

/// Splits `sealed` into ciphertext and tag for a plaintext of `plaintext_len` bytes.
fn split_sealed(sealed: &[u8], plaintext_len: usize) -> Result<(&[u8], &[u8; TAG]), CryptoError> {
    match sealed.split_last_chunk::<TAG>() {
        Some((body, tag)) if body.len() == plaintext_len => Ok((body, tag)),
        _ => Err(CryptoError::InvalidLength),
    }
}
