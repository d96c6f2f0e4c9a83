//! Sealing as a plan: which frames there are, and what stands before and after them.

use rand_core::CryptoRng;
use wardseal_crypto::{
    chunked::{self, StreamKey},
    label, padding,
    secret::Secret,
    sign::Ed25519SigningKey,
};
use wardseal_protocol::object::{
    FRAME_CONTENT, FRAME_SEALED, Frame, LEAF, LENGTH, Metadata, ObjectHeader, Prelude, Trailer,
    signed_message,
};

use super::ObjectError;

/// What is still to be laid out.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// The content has not ended.
    Content,
    /// Only so many bytes of padding are left, in frames of which the last is not full.
    Padding(u64),
    /// The last frame was laid out.
    Done,
}

/// An object that is being sealed.
///
/// ```text
/// start → prelude
/// for each FRAME_CONTENT bytes of content, and for the rest (perhaps none): lay → Frame, seal it, sealed
/// then lay(0) → Frame, seal it without content, sealed; until there is none
/// finish → trailer
/// ```
///
/// Several frames may be under way; they may be reported in any order and are written in theirs.
#[derive(Debug)]
pub struct SealPlan {
    prelude: Prelude,
    key: StreamKey,
    announced: Option<u64>,
    content_len: u64,
    ciphertext_len: u64,
    stage: Stage,
    leaves: Vec<Option<[u8; LEAF]>>,
}

impl SealPlan {
    /// Starts an object under the seed of the session's epoch that `header` names.
    ///
    /// # Errors
    /// [`ObjectError::TooLarge`] when header or metadata are; [`ObjectError::OtherSuite`] for a
    /// header of another suite; [`ObjectError::Randomness`].
    pub fn start(
        seed: &Secret<32>,
        header: &ObjectHeader,
        metadata: &Metadata,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, ObjectError> {
        if header.suite != wardseal_crypto::SUITE {
            return Err(ObjectError::OtherSuite(header.suite));
        }
        let object_key = header.key(seed);
        let encoded = wardseal_protocol::cbor::encode(header);
        let padded = metadata.to_padded()?;
        let sealed_metadata =
            chunked::seal(&object_key, label::OBJECT_META, &encoded, &padded, rng)?;
        let prelude = Prelude::begin(header, &sealed_metadata)?;
        let key = StreamKey::generate(&object_key, &prelude.body_context(), rng)?;
        Ok(Self {
            prelude: prelude.with_stream_header(&key.header()),
            key,
            announced: metadata.content_len,
            content_len: 0,
            ciphertext_len: 0,
            stage: Stage::Content,
            leaves: Vec::new(),
        })
    }

    /// The bytes that begin the object.
    #[must_use]
    pub fn prelude(&self) -> &[u8] {
        self.prelude.bytes()
    }

    /// The key and nonces of the chunks.
    #[must_use]
    pub const fn key(&self) -> &StreamKey {
        &self.key
    }

    /// How long the whole object will be, where the length of the content was announced: what to
    /// allocate at once.
    #[must_use]
    pub fn object_len(&self) -> Option<u64> {
        let room = padding::padme(self.announced?);
        let per_frame = length(FRAME_CONTENT).ok()?;
        let full = room / per_frame;
        let last = Frame::with_capacity(full, usize::try_from(room % per_frame).ok()?).ok()?;
        let frames = usize::try_from(full).ok()? + 1;
        let trailer = Trailer::new(&vec![[0; LEAF]; frames], [0; 64]);
        let trailer = trailer.to_bytes().ok()?.len();
        let on_disk = length(LENGTH + FRAME_SEALED).ok()?;
        Some(
            full * on_disk
                + length(self.prelude().len() + LENGTH + last.sealed_len() + trailer).ok()?,
        )
    }

    /// The next frame, which carries `content_len` bytes of content: [`FRAME_CONTENT`] until the
    /// content ends, then the rest (perhaps none), then none. `None` after the last frame.
    ///
    /// # Errors
    /// [`ObjectError::OutOfOrder`] for content after its end, [`ObjectError::WrongLength`] for more than
    /// [`FRAME_CONTENT`] bytes or when the content is not as long as the metadata say,
    /// [`ObjectError::TooLarge`] beyond 512 GiB.
    pub fn lay(&mut self, content_len: usize) -> Result<Option<Frame>, ObjectError> {
        let added = length(content_len)?;
        if content_len > FRAME_CONTENT {
            return Err(ObjectError::WrongLength);
        }
        if let Stage::Content = self.stage {
            self.content_len += added;
            if self.announced.is_some_and(|said| self.content_len > said) {
                return Err(ObjectError::WrongLength);
            }
        } else if content_len != 0 {
            return Err(ObjectError::OutOfOrder);
        }
        let room = match self.stage {
            Stage::Content if content_len == FRAME_CONTENT => added,
            Stage::Content => {
                if self.announced.is_some_and(|said| said != self.content_len) {
                    return Err(ObjectError::WrongLength);
                }
                added + padding::padme(self.content_len) - self.content_len
            }
            Stage::Padding(left) => left,
            Stage::Done => return Ok(None),
        };
        let capacity = usize::try_from(room).map_or(FRAME_CONTENT, |room| room.min(FRAME_CONTENT));
        let frame = Frame::with_capacity(length(self.leaves.len())?, capacity)?;
        if frame.is_last() {
            self.stage = Stage::Done;
        } else if content_len < FRAME_CONTENT {
            self.stage = Stage::Padding(room - length(capacity)?);
        }
        self.leaves.push(None);
        self.ciphertext_len += length(frame.sealed_len())?;
        Ok(Some(frame))
    }

    /// Takes the leaf hash ([`wardseal_crypto::merkle::leaf_hash`]) of a frame's ciphertext.
    ///
    /// # Errors
    /// [`ObjectError::OutOfOrder`] for a frame that was not laid out, or was reported before.
    pub fn sealed(&mut self, frame: &Frame, leaf: [u8; LEAF]) -> Result<(), ObjectError> {
        let place = usize::try_from(frame.index())
            .ok()
            .and_then(|index| self.leaves.get_mut(index))
            .filter(|place| place.is_none())
            .ok_or(ObjectError::OutOfOrder)?;
        *place = Some(leaf);
        Ok(())
    }

    /// Signs with the device that the header names, and gives the bytes that end the object.
    ///
    /// # Errors
    /// [`ObjectError::OutOfOrder`] before the last frame was laid out and every frame reported.
    pub fn finish(self, signer: &Ed25519SigningKey) -> Result<Vec<u8>, ObjectError> {
        let (Stage::Done, Some(leaves)) = (
            self.stage,
            self.leaves.into_iter().collect::<Option<Vec<_>>>(),
        ) else {
            return Err(ObjectError::OutOfOrder);
        };
        let message = signed_message(self.prelude.hash(), &leaves, self.ciphertext_len);
        let signature = signer.sign(label::OBJECT_SIGNATURE, &message);
        Ok(Trailer::new(&leaves, *signature.as_bytes()).to_bytes()?)
    }
}

/// A length in memory as a length on disk.
pub(super) fn length(in_memory: usize) -> Result<u64, ObjectError> {
    u64::try_from(in_memory).map_err(|_| ObjectError::TooLarge)
}
