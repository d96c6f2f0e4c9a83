//! A secret of 32 bytes under a key that both ends hold: AES-256-GCM-SIV (RFC 8452), one shot.
//!
//! Fit for very many wraps under one key: nonces are drawn at random, and one that comes twice tells at most whether the
//! same secret was wrapped for the same context twice. It does *not* commit to its key: whoever knows two keys can make
//! one wrap that opens under both, to different secrets. So it is used only where key and secret are named by commitments
//! outside the wrap, which whoever opens it checks; everything else is [`crate::chunked`].

use rand_core::CryptoRng;

use crate::{
    CryptoError,
    aead::{Aes256GcmSiv, DefaultSiv, TAG},
    label::Label,
    random,
    secret::Secret,
};

const NONCE: usize = 12;

/// Bytes of a wrapped secret: nonce, ciphertext, tag.
pub const WRAPPED: usize = NONCE + 32 + TAG;

/// Wraps `secret` under `key`, bound to a label and a context.
///
/// A source of randomness that repeats itself is no danger here, see above, and is not looked for.
///
/// # Errors
/// [`CryptoError::InvalidLength`] when the context has 64 GiB or more.
pub fn seal(
    key: &Secret<32>,
    label: Label,
    context: &[u8],
    secret: &Secret<32>,
    rng: &mut dyn CryptoRng,
) -> Result<[u8; WRAPPED], CryptoError> {
    let mut nonce = [0; NONCE];
    random::fill(rng, &mut nonce)?;
    let mut wrapped = [0; WRAPPED];
    let (head, sealed) = wrapped.split_at_mut(NONCE);
    head.copy_from_slice(&nonce);
    DefaultSiv::seal(
        key.expose(),
        &nonce,
        &label.frame(context),
        secret.expose(),
        sealed,
    )?;
    Ok(wrapped)
}

/// Opens what [`seal`] made with the same key, label and context. What comes out is to be compared with a commitment.
///
/// # Errors
/// [`CryptoError::Rejected`] for anything else, other lengths included.
pub fn open(
    key: &Secret<32>,
    label: Label,
    context: &[u8],
    wrapped: &[u8],
) -> Result<Secret<32>, CryptoError> {
    let (nonce, sealed) = wrapped
        .split_first_chunk::<NONCE>()
        .ok_or(CryptoError::Rejected)?;
    let mut opened = Err(CryptoError::Rejected);
    let secret = Secret::filled_by(|out| {
        opened = DefaultSiv::open(key.expose(), nonce, &label.frame(context), sealed, out);
    });
    opened.map(|()| secret)
}
