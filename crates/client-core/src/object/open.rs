//! Opening as a plan: what must come next, and what it must be.

use wardseal_crypto::{
    chunked::{self, StreamKey},
    label, padding,
    secret::Secret,
    sign::{Ed25519PublicKey, Ed25519Signature},
};
use wardseal_protocol::{
    keys::DeviceKeys,
    object::{
        FRAME_CONTENT, Frame, LEAF, Metadata, ObjectHeader, Prelude, Trailer, signed_message,
    },
};
use wardseal_types::{ObjectId, SessionId, TenantId};

use super::{ObjectError, seal::length};

/// Which object the caller asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Expected {
    /// The tenant.
    pub tenant: TenantId,
    /// The session.
    pub session: SessionId,
    /// The epoch whose seed the caller gives.
    pub epoch: u32,
    /// The object, unless any of the session will do.
    pub object: Option<ObjectId>,
    /// The version, unless any will do.
    pub version: Option<u64>,
}

impl Expected {
    fn check(&self, header: &ObjectHeader) -> Result<(), ObjectError> {
        let same = self.tenant == header.tenant
            && self.session == header.session
            && self.epoch == header.epoch
            && self.object.is_none_or(|object| object == header.object)
            && self.version.is_none_or(|version| version == header.version);
        if same {
            Ok(())
        } else {
            Err(ObjectError::WrongContext)
        }
    }
}

/// The proof that an object is whole and by its author. Nothing else makes one.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "content without its end is not a message"]
pub struct Complete {
    header: ObjectHeader,
    metadata: Metadata,
    content_len: u64,
}

impl Complete {
    /// What the author said of the object in clear.
    #[must_use]
    pub const fn header(&self) -> &ObjectHeader {
        &self.header
    }

    /// What the author said of the object to the session.
    #[must_use]
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Bytes of content.
    #[must_use]
    pub const fn content_len(&self) -> u64 {
        self.content_len
    }
}

/// What is known of an object once its prelude was opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) prelude: Prelude,
    pub(super) key: StreamKey,
    pub(super) metadata: Metadata,
    author: Ed25519PublicKey,
}

impl Opened {
    pub(super) fn new(
        seed: &Secret<32>,
        prelude: Prelude,
        expected: &Expected,
        author: &DeviceKeys,
    ) -> Result<Self, ObjectError> {
        let header = prelude.header();
        expected.check(header)?;
        if header.device != author.id() {
            return Err(ObjectError::BadAuthor);
        }
        let signer = match &header.certificate {
            Some(certificate) => certificate
                .check(&header.tenant, &header.author, author, header.time)
                .map(|()| *certificate.key.as_array())
                .map_err(|_| ObjectError::BadAuthor)?,
            // What only recovers writes nothing.
            None if author.kind.only_recovers() => return Err(ObjectError::BadAuthor),
            None => author.ed25519(),
        };
        let signer = Ed25519PublicKey::from_bytes(signer).map_err(|_| ObjectError::BadAuthor)?;
        let object_key = header.key(seed);
        let padded = chunked::open(
            &object_key,
            label::OBJECT_META,
            prelude.header_bytes(),
            prelude.sealed_metadata(),
        )
        .map_err(|_| ObjectError::Rejected)?;
        let metadata = Metadata::from_padded(padded.expose())?;
        let stream_header = prelude.stream_header().ok_or(ObjectError::Truncated)?;
        let key = StreamKey::open(&object_key, stream_header, &prelude.body_context())?;
        Ok(Self {
            author: signer,
            metadata,
            key,
            prelude,
        })
    }

    /// Whether the author signed these frames after this prelude.
    pub(super) fn verify(
        &self,
        leaves: &[[u8; LEAF]],
        ciphertext_len: u64,
        signature: &[u8; 64],
    ) -> Result<(), ObjectError> {
        let message = signed_message(self.prelude.hash(), leaves, ciphertext_len);
        let signature = Ed25519Signature::from_bytes(*signature);
        self.author
            .verify(label::OBJECT_SIGNATURE, &message, &signature)
            .map_err(|_| ObjectError::BadAuthor)
    }
}

/// An object that is being opened.
///
/// ```text
/// start
/// until a frame is the last: read a length, frame → Frame, open it, opened; then its content may be released
/// finish(everything after the last frame) → Complete
/// ```
///
/// Several frames may be under way; they are reported in their order.
#[derive(Debug)]
pub struct OpenPlan {
    object: Opened,
    announced: u64,
    last_announced: bool,
    ciphertext_len: u64,
    content_ended: bool,
    content_len: u64,
    room: u64,
    leaves: Vec<[u8; LEAF]>,
    /// The last frame was taken.
    ended: bool,
    failed: bool,
}

impl OpenPlan {
    /// Starts to open the object that begins with `prelude`. `seed` is that of the epoch that its
    /// header names, and `author` the keys of the device that its header names, which the caller has
    /// found in the verified chain of the user that it names, unrevoked.
    ///
    /// # Errors
    /// [`ObjectError::WrongContext`] when it is not the object that was asked for;
    /// [`ObjectError::BadAuthor`] when `author` is not the device named;
    /// [`ObjectError::Rejected`] when the metadata or the body's commitment do not open.
    pub fn start(
        seed: &Secret<32>,
        prelude: Prelude,
        expected: &Expected,
        author: &DeviceKeys,
    ) -> Result<Self, ObjectError> {
        Ok(Self {
            object: Opened::new(seed, prelude, expected, author)?,
            announced: 0,
            last_announced: false,
            ciphertext_len: 0,
            content_ended: false,
            content_len: 0,
            room: 0,
            leaves: Vec::new(),
            ended: false,
            failed: false,
        })
    }

    /// The header; its author is a claim until there is a [`Complete`].
    #[must_use]
    pub const fn header(&self) -> &ObjectHeader {
        self.object.prelude.header()
    }

    /// The metadata, by some member of the session: the author's only when there is a [`Complete`].
    #[must_use]
    pub const fn metadata(&self) -> &Metadata {
        &self.object.metadata
    }

    /// The key and nonces of the chunks.
    #[must_use]
    pub const fn key(&self) -> &StreamKey {
        &self.object.key
    }

    /// The next frame, whose length field says `sealed_len`. After one that
    /// [is the last](Frame::is_last) comes the trailer.
    ///
    /// # Errors
    /// [`ObjectError::Malformed`] when no frame has that length, [`ObjectError::OutOfOrder`] after the
    /// last frame.
    pub fn frame(&mut self, sealed_len: usize) -> Result<Frame, ObjectError> {
        if self.failed || self.last_announced {
            return Err(ObjectError::OutOfOrder);
        }
        let frame = Frame::with_sealed_len(self.announced, sealed_len)?;
        self.announced += 1;
        self.last_announced = frame.is_last();
        Ok(frame)
    }

    /// Takes what became of a frame: the leaf hash of its ciphertext and the length of its content.
    /// Only when this succeeds may the content be released.
    ///
    /// # Errors
    /// [`ObjectError::OutOfOrder`] when it is not this frame's turn; [`ObjectError::Malformed`] for
    /// content after the content's end. The plan refuses everything afterwards.
    pub fn opened(
        &mut self,
        frame: &Frame,
        leaf: [u8; LEAF],
        content_len: usize,
    ) -> Result<(), ObjectError> {
        let taken = self.take(frame, leaf, content_len);
        self.failed |= taken.is_err();
        taken
    }

    fn take(
        &mut self,
        frame: &Frame,
        leaf: [u8; LEAF],
        content_len: usize,
    ) -> Result<(), ObjectError> {
        if self.failed || self.ended || frame.index() != length(self.leaves.len())? {
            return Err(ObjectError::OutOfOrder);
        }
        if content_len > frame.capacity() || (self.content_ended && content_len != 0) {
            return Err(ObjectError::Malformed);
        }
        self.content_ended |= content_len < FRAME_CONTENT;
        self.content_len += length(content_len)?;
        self.room += length(frame.capacity())?;
        self.ciphertext_len += length(frame.sealed_len())?;
        self.ended = frame.is_last();
        self.leaves.push(leaf);
        Ok(())
    }

    /// Checks the end of the object: exactly the bytes after its last frame.
    ///
    /// # Errors
    /// [`ObjectError::Truncated`] before the last frame; [`ObjectError::BadAuthor`] when the
    /// signature is not by the author over these frames; [`ObjectError::WrongLength`] when the
    /// content is not as long as the metadata say; [`ObjectError::Malformed`] for another padding
    /// than the only one.
    pub fn finish(self, trailer: &[u8]) -> Result<Complete, ObjectError> {
        if self.failed {
            return Err(ObjectError::OutOfOrder);
        }
        if !self.ended {
            return Err(ObjectError::Truncated);
        }
        let trailer = Trailer::from_bytes(trailer)?;
        if trailer.leaves() != self.leaves {
            return Err(ObjectError::BadAuthor);
        }
        self.object
            .verify(&self.leaves, self.ciphertext_len, trailer.signature())?;
        if self.room != padding::padme(self.content_len) {
            return Err(ObjectError::Malformed);
        }
        let announced = self.object.metadata.content_len;
        if announced.is_some_and(|said| said != self.content_len) {
            return Err(ObjectError::WrongLength);
        }
        Ok(Complete {
            header: self.object.prelude.header().clone(),
            metadata: self.object.metadata,
            content_len: self.content_len,
        })
    }
}
