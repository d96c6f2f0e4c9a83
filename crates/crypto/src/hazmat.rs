//! The primitives without our labels and framing, for test vectors that others wrote. Not for applications: nothing here
//! separates one use from another.

use ml_dsa::MlDsa65;
use rand_core::CryptoRng;

use crate::{
    CryptoError,
    hash::hmac_sha512,
    kdf, kem,
    kem::{KemPublicKey, KemSecretKey},
    secret::{Secret, SecretBytes},
    sign::{self, ML_DSA_PUBLIC_KEY, ML_DSA_SIGNATURE},
};

/// HKDF-SHA-512 (RFC 5869), extract and expand.
///
/// # Errors
/// [`CryptoError::InvalidLength`] when more than 255 · 64 bytes are asked for.
pub fn hkdf_sha512(
    salt: &[u8],
    ikm: &[u8],
    info: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    use hmac::Mac;
    if out.len() > 255 * 64 {
        return Err(CryptoError::InvalidLength);
    }
    let prk = hmac_sha512(salt).chain_update(ikm).finalize().into_bytes();
    kdf::expand(&prk, &[info], out);
    Ok(())
}

/// HPKE seal with a whole `info` and an `aad`.
///
/// # Errors
/// As [`kem::seal`].
pub fn hpke_seal(
    to: &KemPublicKey,
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    kem::seal_raw(to, info, plaintext, aad, rng)
}

/// HPKE open with a whole `info` and an `aad`.
///
/// # Errors
/// As [`kem::open`].
pub fn hpke_open(
    sk: &KemSecretKey,
    info: &[u8],
    aad: &[u8],
    sealed: &[u8],
) -> Result<SecretBytes, CryptoError> {
    kem::open_raw(sk, info, sealed, aad)
}

/// Whether an X25519 public key is refused inside an X-Wing key or ciphertext.
#[must_use]
pub fn x25519_refused(point: &[u8; 32]) -> bool {
    kem::ends_in_low_order_point(point)
}

/// ML-DSA-65 verification with any context string.
///
/// # Errors
/// [`CryptoError::Rejected`] when the signature does not verify.
pub fn ml_dsa_65_verify(
    key: &[u8; ML_DSA_PUBLIC_KEY],
    context: &[u8],
    message: &[u8],
    signature: &[u8; ML_DSA_SIGNATURE],
) -> Result<(), CryptoError> {
    sign::ml_dsa_verify(key, context, message, signature)
}

/// Deterministic ML-DSA-65 signature with any context string.
///
/// # Errors
/// [`CryptoError::InvalidLength`] when the context string has more than 255 bytes.
pub fn ml_dsa_65_sign(
    seed: &Secret<32>,
    context: &[u8],
    message: &[u8],
) -> Result<[u8; ML_DSA_SIGNATURE], CryptoError> {
    let key = ml_dsa::SigningKey::<MlDsa65>::from_seed(seed.expose().into());
    let signature = key.expanded_key().sign_deterministic(message, context);
    Ok(signature
        .map_err(|_| CryptoError::InvalidLength)?
        .encode()
        .into())
}

/// The ML-DSA-65 public key of a seed.
#[must_use]
pub fn ml_dsa_65_public(seed: &Secret<32>) -> [u8; ML_DSA_PUBLIC_KEY] {
    use ml_dsa::Keypair;
    ml_dsa::SigningKey::<MlDsa65>::from_seed(seed.expose().into())
        .verifying_key()
        .encode()
        .into()
}
