//! Parts of an object, without the rest: a page of a document, a slice of an image.
//!
//! Fetch the prelude ([`MAX_PRELUDE`](wardseal_protocol::object::MAX_PRELUDE) bytes contain it), then
//! the last four bytes, then the trailer; [`RangeReader::start`] verifies the author over all frames
//! by their hashes. From then on each frame is fetched, compared with its hash and decrypted alone.

use core::ops::Range;

use wardseal_crypto::{aead::Aes256Gcm, merkle, secret::Secret};
use wardseal_protocol::{
    keys::DeviceKeys,
    object::{
        FRAME_CONTENT, FRAME_SEALED, Frame, LEAF, LENGTH, Metadata, ObjectHeader, Prelude, Trailer,
        read_length,
    },
};
use wardseal_types::limits;
use zeroize::Zeroizing;

use super::{Expected, ObjectError, open::Opened, open_frame, seal::length};

const FULL_ON_DISK: u64 = 4 + 64 * 16_400;
const LENGTH_ON_DISK: u64 = 4;

/// A frame that is needed for a range.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FetchFrame {
    /// Its place and size.
    pub frame: Frame,
    /// Its bytes within the object, its length field included.
    pub fetch: Range<u64>,
    /// What is wanted of the content of this frame; it may end beyond the content's end.
    pub wanted: Range<usize>,
}

/// An object of which parts are opened. Its author is verified.
#[derive(Debug)]
pub struct RangeReader {
    object: Opened,
    leaves: Vec<[u8; LEAF]>,
    last: Frame,
    content_limit: u64,
}

impl RangeReader {
    /// Which bytes of an object of `object_len` bytes say how long its trailer is.
    ///
    /// # Errors
    /// [`ObjectError::Truncated`] when it is too short to be an object.
    pub fn tail(object_len: u64) -> Result<Range<u64>, ObjectError> {
        let start = object_len
            .checked_sub(LENGTH_ON_DISK)
            .ok_or(ObjectError::Truncated)?;
        Ok(start..object_len)
    }

    /// Which bytes are its trailer, given its last four bytes.
    ///
    /// # Errors
    /// [`ObjectError::TooLarge`], or [`ObjectError::Truncated`] when the object is shorter than that.
    pub fn trailer(object_len: u64, tail: [u8; LENGTH]) -> Result<Range<u64>, ObjectError> {
        let encoded = read_length(tail)?;
        if encoded > limits::MAX_OBJECT_TRAILER {
            return Err(ObjectError::TooLarge);
        }
        let start = object_len
            .checked_sub(length(encoded)? + LENGTH_ON_DISK)
            .ok_or(ObjectError::Truncated)?;
        Ok(start..object_len)
    }

    /// Verifies author and size of an object of `object_len` bytes. The other parameters are those of
    /// [`OpenPlan::start`](super::OpenPlan::start).
    ///
    /// # Errors
    /// As [`OpenPlan::start`](super::OpenPlan::start) and
    /// [`OpenPlan::finish`](super::OpenPlan::finish).
    pub fn start(
        seed: &Secret<32>,
        prelude: Prelude,
        trailer: &[u8],
        object_len: u64,
        expected: &Expected,
        author: &DeviceKeys,
    ) -> Result<Self, ObjectError> {
        let frames_start = length(prelude.bytes().len())?;
        let frames_end = object_len.checked_sub(length(trailer.len())?);
        let object = Opened::new(seed, prelude, expected, author)?;
        let trailer = Trailer::from_bytes(trailer)?;
        let leaves = trailer.leaves();
        let full = length(leaves.len())? - 1;
        let last = frames_end
            .and_then(|end| end.checked_sub(frames_start))
            .and_then(|all| all.checked_sub(full * FULL_ON_DISK + LENGTH_ON_DISK))
            .and_then(|last| usize::try_from(last).ok())
            .ok_or(ObjectError::Truncated)?;
        let last = Frame::with_sealed_len(full, last)?;
        if !last.is_last() {
            return Err(ObjectError::Malformed);
        }
        let ciphertext_len = full * length(FRAME_SEALED)? + length(last.sealed_len())?;
        object.verify(&leaves, ciphertext_len, trailer.signature())?;
        let room = full * length(FRAME_CONTENT)? + length(last.capacity())?;
        let content_limit = object.metadata.content_len.unwrap_or(room);
        if content_limit > room {
            return Err(ObjectError::WrongLength);
        }
        Ok(Self {
            object,
            leaves,
            last,
            content_limit,
        })
    }

    /// The header, by the author.
    #[must_use]
    pub const fn header(&self) -> &ObjectHeader {
        self.object.prelude.header()
    }

    /// The metadata, by the author.
    #[must_use]
    pub const fn metadata(&self) -> &Metadata {
        &self.object.metadata
    }

    /// Bytes of content, by the author; where the author did not know it, at most 12 % more.
    #[must_use]
    pub const fn content_limit(&self) -> u64 {
        self.content_limit
    }

    /// What to fetch for a range of the content, in its order; nothing beyond the content's end.
    ///
    /// # Errors
    /// [`ObjectError::TooLarge`] where a length does not fit into memory.
    pub fn plan(&self, content: Range<u64>) -> Result<Vec<FetchFrame>, ObjectError> {
        let end = content.end.min(self.content_limit);
        if content.start >= end {
            return Ok(Vec::new());
        }
        let per_frame = length(FRAME_CONTENT)?;
        let start = length(self.object.prelude.bytes().len())?;
        let within = |offset: u64, frame: u64| {
            usize::try_from(offset.saturating_sub(frame * per_frame).min(per_frame))
                .map_err(|_| ObjectError::TooLarge)
        };
        (content.start / per_frame..=(end - 1) / per_frame)
            .map(|index| {
                let frame = if index == self.last.index() {
                    self.last
                } else {
                    Frame::with_capacity(index, FRAME_CONTENT)?
                };
                let at = start + index * FULL_ON_DISK;
                Ok(FetchFrame {
                    fetch: at..at + LENGTH_ON_DISK + length(frame.sealed_len())?,
                    wanted: within(content.start, index)?..within(end, index)?,
                    frame,
                })
            })
            .collect()
    }

    /// Opens a frame that was fetched and appends what is wanted of it to `out`. Where the author did
    /// not know the length of the content, that may be less than was planned.
    ///
    /// # Errors
    /// [`ObjectError::Truncated`] when `fetched` is too short; [`ObjectError::Rejected`] when these are
    /// not the bytes that the author signed. `out` is then as it was.
    pub fn open<A: Aes256Gcm>(
        &self,
        engine: &A,
        planned: &FetchFrame,
        fetched: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), ObjectError> {
        let frame = &planned.frame;
        let (field, sealed) = fetched
            .split_first_chunk::<LENGTH>()
            .ok_or(ObjectError::Truncated)?;
        if sealed.len() < frame.sealed_len() {
            return Err(ObjectError::Truncated);
        }
        let leaf = usize::try_from(frame.index())
            .ok()
            .and_then(|index| self.leaves.get(index));
        if read_length(*field)? != frame.sealed_len() || leaf != Some(&merkle::leaf_hash(sealed)) {
            return Err(ObjectError::Rejected);
        }
        let mut content = Zeroizing::new(vec![0; frame.capacity()]);
        let content_len = open_frame(engine, &self.object.key, frame, sealed, &mut content)?;
        if self.metadata().content_len.is_some() && content_len < planned.wanted.end {
            return Err(ObjectError::WrongLength);
        }
        let end = planned.wanted.end.min(content_len);
        let start = planned.wanted.start.min(end);
        out.extend(content.get(start..end).unwrap_or_default());
        Ok(())
    }

    /// The AES engine for [`RangeReader::open`], to be made once.
    #[must_use]
    pub fn engine<A: Aes256Gcm>(&self) -> A {
        A::new(self.object.key.aes_key().expose())
    }

    /// Fetches and opens a range of the content, where fetching is synchronous. Shorter than the range
    /// only at the end of the content.
    ///
    /// # Errors
    /// As [`RangeReader::open`], and what `fetch` says.
    pub fn read<A: Aes256Gcm>(
        &self,
        engine: &A,
        content: Range<u64>,
        mut fetch: impl FnMut(Range<u64>) -> std::io::Result<Vec<u8>>,
    ) -> Result<Vec<u8>, ObjectError> {
        let mut out = Vec::new();
        for planned in self.plan(content)? {
            let fetched = fetch(planned.fetch.clone())?;
            self.open(engine, &planned, &fetched, &mut out)?;
        }
        Ok(out)
    }
}
