//! One frame: `u32 length of content ‖ content ‖ zeros`, cut into chunks.
//!
//! The length field shifts the content by four bytes against the chunks. Chunks that hold nothing
//! but content are encrypted from and decrypted to the caller's buffer; only the others, usually
//! one in 64, go through a small buffer of their own.

use core::ops::Range;

use wardseal_crypto::{
    CryptoError,
    aead::Aes256Gcm,
    chunked::{self, CHUNK, SEALED_CHUNK, StreamKey},
};
use wardseal_protocol::object::{Frame, LENGTH, read_length};
use zeroize::Zeroizing;

use super::ObjectError;

/// The content within a chunk that consists of nothing else, as a range of the frame's content.
fn content_of_chunk(start: usize, end: usize, content_len: usize) -> Option<Range<usize>> {
    let from = start.checked_sub(LENGTH)?;
    let to = end - LENGTH;
    (to <= content_len && end - start == CHUNK).then_some(from..to)
}

/// The chunks of a frame: number in the stream, and range of the frame's plaintext. The last frame
/// ends with a chunk that is not full, perhaps empty.
pub(super) fn chunks(frame: &Frame) -> impl Iterator<Item = (u64, Range<usize>)> + use<> {
    let plain = frame.plain_len();
    let count = plain / CHUNK + usize::from(frame.is_last());
    (frame.first_chunk()..)
        .zip(0..count)
        .map(move |(number, at)| (number, at * CHUNK..((at + 1) * CHUNK).min(plain)))
}

/// Whether a frame's ciphertext is cut where its chunks are.
fn is_whole(plain: &Range<usize>) -> bool {
    plain.len() == CHUNK
}

/// Encrypts a frame. `out` becomes its ciphertext, without the length field before it.
///
/// # Errors
/// [`ObjectError::WrongLength`] unless `content` fits the frame and `out` is exactly
/// [`Frame::sealed_len`] long.
pub fn seal_frame(
    engine: &impl Aes256Gcm,
    key: &StreamKey,
    frame: &Frame,
    content: &[u8],
    out: &mut [u8],
) -> Result<(), ObjectError> {
    if content.len() > frame.capacity() || out.len() != frame.sealed_len() {
        return Err(ObjectError::WrongLength);
    }
    let mut own = Zeroizing::new([0; CHUNK]);
    for ((number, plain), out) in chunks(frame).zip(out.chunks_mut(SEALED_CHUNK)) {
        let whole = is_whole(&plain);
        let from = match content_of_chunk(plain.start, plain.end, content.len())
            .and_then(|range| content.get(range))
        {
            Some(content) => content,
            None => lay_chunk(&plain, content, &mut own),
        };
        if whole {
            chunked::seal_range(engine, key, number, from, out)?;
        } else {
            chunked::seal_final(engine, key, number, from, out)?;
        }
    }
    Ok(())
}

/// Lays the bytes `plain` of a frame's plaintext out.
fn lay_chunk<'a>(plain: &Range<usize>, content: &[u8], own: &'a mut [u8; CHUNK]) -> &'a [u8] {
    own.fill(0);
    let mut to = own.as_mut_slice();
    if plain.start == 0 {
        // The content of a frame is shorter than 2^20 bytes.
        let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
        let (field, rest) = to.split_at_mut(LENGTH);
        field.copy_from_slice(&length.to_be_bytes());
        to = rest;
    }
    let from = content
        .get(plain.start.saturating_sub(LENGTH)..)
        .unwrap_or_default();
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    own.get(..plain.len()).unwrap_or_default()
}

/// Decrypts a frame and returns the length of its content, which then begins `out`.
///
/// # Errors
/// [`ObjectError::Rejected`] when a chunk does not open, [`ObjectError::Malformed`] when the padding
/// is not zeros, [`ObjectError::WrongLength`] unless `sealed` is the frame's ciphertext and `out` has
/// room for [`Frame::capacity`] bytes. `out` is then zeros: nothing of a bad frame is released.
pub fn open_frame(
    engine: &impl Aes256Gcm,
    key: &StreamKey,
    frame: &Frame,
    sealed: &[u8],
    out: &mut [u8],
) -> Result<usize, ObjectError> {
    let Some(out) = out.get_mut(..frame.capacity()) else {
        return Err(ObjectError::WrongLength);
    };
    if sealed.len() != frame.sealed_len() {
        return Err(ObjectError::WrongLength);
    }
    let opened = open_chunks(engine, key, frame, sealed, out);
    if opened.is_err() {
        out.fill(0);
    }
    opened
}

fn open_chunks(
    engine: &impl Aes256Gcm,
    key: &StreamKey,
    frame: &Frame,
    sealed: &[u8],
    out: &mut [u8],
) -> Result<usize, ObjectError> {
    let mut own = Zeroizing::new([0; CHUNK]);
    // Known once the first chunk is open.
    let mut content_len = 0;
    for ((number, plain), sealed) in chunks(frame).zip(sealed.chunks(SEALED_CHUNK)) {
        let whole = is_whole(&plain);
        if let Some(to) = content_of_chunk(plain.start, plain.end, content_len)
            .and_then(|range| out.get_mut(range))
        {
            open_chunk(engine, key, number, whole, sealed, to)?;
            continue;
        }
        let own = own.get_mut(..plain.len()).ok_or(ObjectError::Malformed)?;
        open_chunk(engine, key, number, whole, sealed, own)?;
        let mut opened: &[u8] = own;
        if plain.start == 0 {
            (content_len, opened) = take_content_len(opened, frame)?;
        }
        let at = plain.start.saturating_sub(LENGTH);
        let (content, zeros) = opened.split_at(content_len.saturating_sub(at).min(opened.len()));
        if zeros.iter().any(|byte| *byte != 0) {
            return Err(ObjectError::Malformed);
        }
        if let Some(to) = out.get_mut(at..at + content.len()) {
            to.copy_from_slice(content);
        }
    }
    Ok(content_len)
}

fn open_chunk(
    engine: &impl Aes256Gcm,
    key: &StreamKey,
    number: u64,
    whole: bool,
    sealed: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    if whole {
        chunked::open_range(engine, key, number, sealed, out)
    } else {
        chunked::open_final(engine, key, number, sealed, out)
    }
}

/// The length of the content with which a frame's plaintext begins, and what follows it.
pub(super) fn take_content_len<'a>(
    plain: &'a [u8],
    frame: &Frame,
) -> Result<(usize, &'a [u8]), ObjectError> {
    let (field, rest) = plain
        .split_first_chunk::<LENGTH>()
        .ok_or(ObjectError::Malformed)?;
    let length = read_length(*field)?;
    if length <= frame.capacity() {
        Ok((length, rest))
    } else {
        Err(ObjectError::Malformed)
    }
}
