//! Frames for hosts that do AES themselves, such as WebCrypto in a browser.
//!
//! The host imports [`StreamKey::aes_key`] once (not extractable), runs AES-256-GCM over each chunk
//! with 12-byte nonce, 16-byte tag and no associated data, many at a time, puts the results together
//! in their order, and computes SHA-256 of a zero byte and the frame's ciphertext.

use core::ops::Range;

use wardseal_crypto::{
    CryptoError,
    chunked::{SEALED_CHUNK, StreamKey, TAG},
};
use wardseal_protocol::object::{Frame, LENGTH};
use zeroize::Zeroizing;

use super::{
    ObjectError, OpenPlan, SealPlan,
    frame::{chunks, take_content_len},
};

/// One AES-256-GCM operation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChunkJob {
    /// The nonce.
    pub nonce: [u8; 12],
    /// Where the chunk stands in the frame's plaintext.
    pub plain: Range<usize>,
    /// Where the chunk, its tag included, stands in the frame's ciphertext.
    pub sealed: Range<usize>,
}

/// The operations of a frame, in their order.
///
/// # Errors
/// [`CryptoError::InvalidLength`] beyond the largest message.
pub fn chunk_jobs(frame: &Frame, key: &StreamKey) -> Result<Vec<ChunkJob>, CryptoError> {
    chunks(frame)
        .enumerate()
        .map(|(at, (number, plain))| {
            let sealed = at * SEALED_CHUNK;
            Ok(ChunkJob {
                nonce: key.chunk_nonce(number)?,
                sealed: sealed..sealed + plain.len() + TAG,
                plain,
            })
        })
        .collect()
}

/// A frame to be encrypted.
#[derive(Debug)]
pub struct SealJob {
    /// Its place and size.
    pub frame: Frame,
    /// Its plaintext.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// The operations that make it [`Frame::sealed_len`] bytes of ciphertext.
    pub chunks: Vec<ChunkJob>,
}

/// A frame to be decrypted.
#[derive(Debug)]
pub struct OpenJob {
    /// Its place and size.
    pub frame: Frame,
    /// The operations that make its ciphertext [`Frame::plain_len`] bytes of plaintext.
    pub chunks: Vec<ChunkJob>,
}

impl SealPlan {
    /// The next frame with its plaintext laid out; `content` as in [`SealPlan::lay`]. What comes of
    /// it is reported by [`SealPlan::sealed`].
    ///
    /// # Errors
    /// As [`SealPlan::lay`].
    pub fn job(&mut self, content: &[u8]) -> Result<Option<SealJob>, ObjectError> {
        let Some(frame) = self.lay(content.len())? else {
            return Ok(None);
        };
        let field = u32::try_from(content.len()).map_err(|_| ObjectError::TooLarge)?;
        let mut plaintext = Zeroizing::new(Vec::with_capacity(frame.plain_len()));
        plaintext.extend(field.to_be_bytes());
        plaintext.extend_from_slice(content);
        plaintext.resize(frame.plain_len(), 0);
        Ok(Some(SealJob {
            chunks: chunk_jobs(&frame, self.key())?,
            frame,
            plaintext,
        }))
    }
}

impl OpenPlan {
    /// The next frame, whose length field says `sealed_len`, with its operations.
    ///
    /// # Errors
    /// As [`OpenPlan::frame`].
    pub fn job(&mut self, sealed_len: usize) -> Result<OpenJob, ObjectError> {
        let frame = self.frame(sealed_len)?;
        Ok(OpenJob {
            chunks: chunk_jobs(&frame, self.key())?,
            frame,
        })
    }

    /// Takes the plaintext that all operations of a job made, and gives the content in it, which may
    /// then be released. An operation that failed must not come here: the object is
    /// [`ObjectError::Rejected`].
    ///
    /// # Errors
    /// As [`OpenPlan::opened`]; [`ObjectError::Malformed`] when the padding is not zeros.
    pub fn job_done<'a>(
        &mut self,
        frame: &Frame,
        leaf: [u8; 32],
        plaintext: &'a [u8],
    ) -> Result<&'a [u8], ObjectError> {
        let content = content(frame, plaintext)?;
        self.opened(frame, leaf, content.len())?;
        Ok(content)
    }
}

/// The content in a frame's plaintext.
fn content<'a>(frame: &Frame, plaintext: &'a [u8]) -> Result<&'a [u8], ObjectError> {
    if plaintext.len() != frame.capacity() + LENGTH {
        return Err(ObjectError::WrongLength);
    }
    let (length, rest) = take_content_len(plaintext, frame)?;
    let (content, zeros) = rest
        .split_at_checked(length)
        .ok_or(ObjectError::Malformed)?;
    if zeros.iter().all(|byte| *byte == 0) {
        Ok(content)
    } else {
        Err(ObjectError::Malformed)
    }
}
