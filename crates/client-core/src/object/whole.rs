//! Objects that fit in memory.

use rand_core::CryptoRng;
use wardseal_crypto::{aead::Aes256Gcm, merkle, secret::Secret, sign::Ed25519SigningKey};
use wardseal_protocol::{
    keys::DeviceKeys,
    object::{FRAME_CONTENT, LENGTH, Metadata, ObjectHeader, Prelude, read_length},
};

use super::{Complete, Expected, ObjectError, OpenPlan, SealPlan, open_frame, seal_frame};

/// Seals `content`, whose length enters the metadata.
///
/// # Errors
/// As [`SealPlan::start`] and [`SealPlan::lay`].
pub fn seal_bytes<A: Aes256Gcm>(
    seed: &Secret<32>,
    header: &ObjectHeader,
    metadata: &Metadata,
    signer: &Ed25519SigningKey,
    content: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, ObjectError> {
    let metadata = Metadata {
        content_len: Some(super::seal::length(content.len())?),
        ..metadata.clone()
    };
    seal_planned::<A>(
        SealPlan::start(seed, header, &metadata, rng)?,
        signer,
        content,
    )
}

/// Seals content that fits in memory with a plan that has begun and announced its length, or none.
///
/// # Errors
/// As [`seal_bytes`].
pub fn seal_planned<A: Aes256Gcm>(
    mut plan: SealPlan,
    signer: &Ed25519SigningKey,
    content: &[u8],
) -> Result<Vec<u8>, ObjectError> {
    let engine = A::new(plan.key().aes_key().expose());
    // Room for the padding (12 % at most), the tags and the trailer: no second allocation.
    let room = content.len() + content.len() / 7 + plan.prelude().len() + 512;
    let mut out = Vec::with_capacity(room);
    out.extend_from_slice(plan.prelude());
    let mut pieces = content.chunks(FRAME_CONTENT);
    loop {
        let piece = pieces.next().unwrap_or_default();
        let Some(frame) = plan.lay(piece.len())? else {
            break;
        };
        let length = u32::try_from(frame.sealed_len()).map_err(|_| ObjectError::TooLarge)?;
        out.extend(length.to_be_bytes());
        let at = out.len();
        out.resize(at + frame.sealed_len(), 0);
        let sealed = out.get_mut(at..).unwrap_or_default();
        seal_frame(&engine, plan.key(), &frame, piece, sealed)?;
        plan.sealed(&frame, merkle::leaf_hash(sealed))?;
    }
    out.extend(plan.finish(signer)?);
    Ok(out)
}

/// Opens an object that is in memory whole. See [`OpenPlan::start`] for the parameters.
///
/// # Errors
/// See [`ObjectError`]; nothing is released then.
pub fn open_bytes<A: Aes256Gcm>(
    seed: &Secret<32>,
    expected: &Expected,
    author: &DeviceKeys,
    object: &[u8],
) -> Result<(Vec<u8>, Complete), ObjectError> {
    let prelude = Prelude::parse(object)?;
    let mut rest = object
        .get(prelude.bytes().len()..)
        .ok_or(ObjectError::Truncated)?;
    let mut plan = OpenPlan::start(seed, prelude, expected, author)?;
    let engine = A::new(plan.key().aes_key().expose());
    // Plaintext is shorter than ciphertext, and every frame's room is within its ciphertext.
    let mut content = vec![0; rest.len()];
    let mut at = 0;
    loop {
        let (field, after) = rest
            .split_first_chunk::<LENGTH>()
            .ok_or(ObjectError::Truncated)?;
        let frame = plan.frame(read_length(*field)?)?;
        let (sealed, after) = after
            .split_at_checked(frame.sealed_len())
            .ok_or(ObjectError::Truncated)?;
        let out = content.get_mut(at..).unwrap_or_default();
        let opened = open_frame(&engine, plan.key(), &frame, sealed, out)?;
        plan.opened(&frame, merkle::leaf_hash(sealed), opened)?;
        at += opened;
        rest = after;
        if frame.is_last() {
            break;
        }
    }
    let complete = plan.finish(rest)?;
    content.truncate(at);
    Ok((content, complete))
}
