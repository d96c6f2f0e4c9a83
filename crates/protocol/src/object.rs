//! Sealed objects: messages and files. What stands where; see `spec/07-objects.md`.
//!
//! ```text
//! object  := prelude ‖ frames ‖ trailer
//! prelude := magic ‖ u32 length ‖ header ‖ u32 length ‖ sealed metadata ‖ stream header
//! frame   := u32 length ‖ ciphertext of up to 64 chunks
//! trailer := CBOR {leaf hashes, signature} ‖ u32 length
//! ```
//!
//! This module reads and writes bytes and says what enters which derivation. Sealing and opening
//! are the client's.

use wardseal_crypto::{SUITE, chunked, hash, kdf, label, merkle, secret::Secret};
use wardseal_types::{
    Base64Url, DeviceId, FixedBytes, ObjectId, SessionId, TenantId, Timestamp, UserId, cbor_map,
    limits,
};

use crate::{
    cbor::{self, DecodeError},
    certificate::Certificate,
    statement::Seen,
};

/// What every object begins with. The line feed and the zero byte show damage by text tools.
pub const MAGIC: [u8; 8] = *b"WSEAL1\n\0";

/// Chunks in a full frame.
pub const FRAME_CHUNKS: usize = 64;
/// Bytes of plaintext in a full frame: 2^20.
pub const FRAME_PLAIN: usize = FRAME_CHUNKS * chunked::CHUNK;
/// Bytes of ciphertext in a full frame, its length field excepted.
pub const FRAME_SEALED: usize = FRAME_CHUNKS * chunked::SEALED_CHUNK;
/// Bytes of a length field.
pub const LENGTH: usize = 4;
/// Bytes of content that a full frame carries after the length of that content.
pub const FRAME_CONTENT: usize = FRAME_PLAIN - LENGTH;
/// Bytes of a leaf hash.
pub const LEAF: usize = 32;
/// Most frames of an object: their leaf hashes fill the largest trailer.
pub const MAX_FRAMES: u64 = (512 << 10) - 3;
/// Sealed metadata is a multiple of this many bytes before it is sealed.
pub const METADATA_BLOCK: usize = 64;
/// Longest prelude, in bytes: what to fetch to be sure to have it.
pub const MAX_PRELUDE: usize = MAGIC.len()
    + 2 * LENGTH
    + limits::MAX_OBJECT_HEADER
    + limits::MAX_SEALED_NAME
    + chunked::HEADER;

/// Why bytes are not an object.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The bytes end before the object does.
    #[error("the object is cut off: fetch it again")]
    Truncated,
    /// The bytes are of another format.
    #[error("these bytes are no sealed object")]
    NotOurs,
    /// The object is of a suite that this version does not know.
    #[error("the object is of a newer kind (suite {0}): update this program")]
    OtherSuite(u16),
    /// A length, an encoding or an order is wrong.
    #[error("the object is damaged")]
    Malformed,
    /// The object, or a part of it, is larger than the format allows.
    #[error("the object is larger than the format allows")]
    TooLarge,
}

impl From<DecodeError> for FormatError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::TooLarge => Self::TooLarge,
            _ => Self::Malformed,
        }
    }
}

/// What an object says of itself in clear: authentic once the object was opened, a claim before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ObjectHeader {
    /// Suite identifier.
    pub suite: u16,
    /// The tenant.
    pub tenant: TenantId,
    /// The session under whose seed the object is sealed.
    pub session: SessionId,
    /// The epoch of that seed.
    pub epoch: u32,
    /// The object; all versions of a document share it.
    pub object: ObjectId,
    /// Which version of the object.
    pub version: u64,
    /// Who wrote it.
    pub author: UserId,
    /// The author's device, which signs.
    pub device: DeviceId,
    /// When, by the author's clock.
    pub time: Timestamp,
    /// The newest checkpoint of the log that the author knew.
    pub seen: Option<Seen>,
    /// Lets the key of a day sign in place of the device.
    pub certificate: Option<Certificate>,
}

cbor_map!(ObjectHeader {
    0: suite,
    1: tenant,
    2: session,
    3: epoch,
    4: object,
    5: version,
    6: author,
    7: device,
    8: time,
    9: seen,
    10: certificate,
});

impl ObjectHeader {
    /// Reads the header of an object, without keys, from its first bytes (`OBJ-7`). Nothing of it
    /// is authentic.
    ///
    /// # Errors
    /// [`FormatError::Truncated`] when the header is not within `bytes`; the others when these
    /// bytes do not begin an object.
    pub fn peek(bytes: &[u8]) -> Result<Self, FormatError> {
        let (header, _) = split_header(bytes)?;
        Self::decode(header)
    }

    /// The key of this version of this object.
    #[must_use]
    pub fn key(&self, seed: &Secret<32>) -> Secret<32> {
        // What the key of an object is derived from, besides the seed.
        let context = (
            self.suite,
            &self.tenant,
            &self.session,
            self.epoch,
            &self.object,
            self.version,
        );
        kdf::derive(seed, label::SESSION_OBJECT, &cbor::encode(&context))
    }

    fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let header: Self = cbor::decode(bytes, limits::MAX_OBJECT_HEADER)?;
        if header.suite == SUITE {
            Ok(header)
        } else {
            Err(FormatError::OtherSuite(header.suite))
        }
    }
}

/// What only readers of the session learn of an object, besides its content.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Metadata {
    /// A file name, as the author wrote it: not a path, and not fit to be used as one unchecked.
    pub name: Option<String>,
    /// The media type (RFC 6838) that the author claims.
    pub media_type: Option<String>,
    /// Bytes of content, where they were known before sealing. Opening checks it.
    pub content_len: Option<u64>,
}

cbor_map!(Metadata {
    0: name,
    1: media_type,
    2: content_len,
});

impl Metadata {
    /// The plaintext that is sealed: `u32 length ‖ CBOR ‖ zeros` to whole blocks of
    /// [`METADATA_BLOCK`], so that its length says little about the name.
    ///
    /// # Errors
    /// [`FormatError::TooLarge`] beyond [`limits::MAX_SEALED_NAME`].
    pub fn to_padded(&self) -> Result<Vec<u8>, FormatError> {
        let encoded = cbor::encode(self);
        let mut padded = u32::try_from(encoded.len())
            .map_err(|_| FormatError::TooLarge)?
            .to_be_bytes()
            .to_vec();
        padded.extend(encoded);
        padded.resize(padded.len().next_multiple_of(METADATA_BLOCK), 0);
        // One chunk at most, so that sealing adds one header and one tag.
        if padded.len() + chunked::HEADER + chunked::TAG > limits::MAX_SEALED_NAME {
            return Err(FormatError::TooLarge);
        }
        Ok(padded)
    }

    /// Reads what [`Metadata::to_padded`] made, and nothing else.
    ///
    /// # Errors
    /// [`FormatError::Malformed`].
    pub fn from_padded(padded: &[u8]) -> Result<Self, FormatError> {
        let (length, rest) = take_length(padded).map_err(|_| FormatError::Malformed)?;
        let (encoded, zeros) = rest
            .split_at_checked(length)
            .ok_or(FormatError::Malformed)?;
        let canonical = (LENGTH + length).next_multiple_of(METADATA_BLOCK) == padded.len();
        if !canonical || zeros.iter().any(|byte| *byte != 0) {
            return Err(FormatError::Malformed);
        }
        Ok(cbor::decode(encoded, limits::MAX_SEALED_NAME)?)
    }
}

/// The beginning of an object, parsed and kept as received.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Prelude {
    bytes: Vec<u8>,
    header: ObjectHeader,
    header_len: usize,
    metadata_len: usize,
}

impl Prelude {
    /// Where the header begins.
    const HEADER_AT: usize = MAGIC.len() + LENGTH;

    /// Everything before the stream header, which needs to exist before the body's key can be
    /// derived: to be completed by [`Prelude::with_stream_header`].
    ///
    /// # Errors
    /// [`FormatError::TooLarge`].
    pub fn begin(header: &ObjectHeader, sealed_metadata: &[u8]) -> Result<Self, FormatError> {
        let encoded = cbor::encode(header);
        if encoded.len() > limits::MAX_OBJECT_HEADER
            || sealed_metadata.len() > limits::MAX_SEALED_NAME
        {
            return Err(FormatError::TooLarge);
        }
        let mut bytes = MAGIC.to_vec();
        for part in [encoded.as_slice(), sealed_metadata] {
            let length = u32::try_from(part.len()).map_err(|_| FormatError::TooLarge)?;
            bytes.extend(length.to_be_bytes());
            bytes.extend(part);
        }
        Ok(Self {
            bytes,
            header: header.clone(),
            header_len: encoded.len(),
            metadata_len: sealed_metadata.len(),
        })
    }

    /// The whole prelude.
    #[must_use]
    pub fn with_stream_header(mut self, stream_header: &[u8; chunked::HEADER]) -> Self {
        self.bytes.extend(stream_header);
        self
    }

    /// How many bytes are missing, at least, of a prelude that begins with `bytes`; none when it is
    /// within them. For reading it from a stream without reading past it.
    ///
    /// # Errors
    /// As [`ObjectHeader::peek`].
    pub fn missing(bytes: &[u8]) -> Result<usize, FormatError> {
        let have = bytes.len();
        if !MAGIC.starts_with(bytes) && !bytes.starts_with(&MAGIC) {
            return Err(FormatError::NotOurs);
        }
        let mut end = Self::HEADER_AT;
        if have < end {
            return Ok(end - have);
        }
        end += limited_length(bytes, end - LENGTH, limits::MAX_OBJECT_HEADER)? + LENGTH;
        if have < end {
            return Ok(end - have);
        }
        end += limited_length(bytes, end - LENGTH, limits::MAX_SEALED_NAME)? + chunked::HEADER;
        Ok(end.saturating_sub(have))
    }

    /// Reads the prelude that begins `bytes`; [`Prelude::bytes`] tells how many those were.
    ///
    /// # Errors
    /// As [`ObjectHeader::peek`].
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let (header, rest) = split_header(bytes)?;
        let (metadata_len, rest) = take_length(rest)?;
        if metadata_len > limits::MAX_SEALED_NAME {
            return Err(FormatError::TooLarge);
        }
        let used = bytes.len() - rest.len() + metadata_len + chunked::HEADER;
        let prelude = bytes.get(..used).ok_or(FormatError::Truncated)?;
        Ok(Self {
            bytes: prelude.to_vec(),
            header: ObjectHeader::decode(header)?,
            header_len: header.len(),
            metadata_len,
        })
    }

    /// The bytes, exactly as received or made.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &ObjectHeader {
        &self.header
    }

    /// The header's encoding: the context of the metadata.
    #[must_use]
    pub fn header_bytes(&self) -> &[u8] {
        self.part(Self::HEADER_AT, self.header_len)
    }

    /// The sealed metadata.
    #[must_use]
    pub fn sealed_metadata(&self) -> &[u8] {
        self.part(
            Self::HEADER_AT + self.header_len + LENGTH,
            self.metadata_len,
        )
    }

    /// The salt and commitment of the body; `None` only before [`Prelude::with_stream_header`].
    #[must_use]
    pub fn stream_header(&self) -> Option<&[u8; chunked::HEADER]> {
        let at = Self::HEADER_AT + self.header_len + LENGTH + self.metadata_len;
        self.bytes.get(at..)?.try_into().ok()
    }

    /// The context of the body: the header and which metadata go with it.
    #[must_use]
    pub fn body_context(&self) -> Vec<u8> {
        let metadata = hash::hash(label::SEALED_METADATA_HASH, &[self.sealed_metadata()]);
        label::OBJECT_BODY.frame(&[self.header_bytes(), &metadata].concat())
    }

    /// The hash of the whole prelude, which the author signs.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        hash::hash(label::PRELUDE_HASH, &[&self.bytes])
    }

    fn part(&self, at: usize, len: usize) -> &[u8] {
        self.bytes.get(at..at + len).unwrap_or_default()
    }
}

/// The header's bytes, and what follows them.
fn split_header(bytes: &[u8]) -> Result<(&[u8], &[u8]), FormatError> {
    let Some(rest) = bytes.strip_prefix(MAGIC.as_slice()) else {
        return Err(if MAGIC.starts_with(bytes) {
            FormatError::Truncated
        } else {
            FormatError::NotOurs
        });
    };
    let (length, rest) = take_length(rest)?;
    if length > limits::MAX_OBJECT_HEADER {
        return Err(FormatError::TooLarge);
    }
    rest.split_at_checked(length).ok_or(FormatError::Truncated)
}

/// A length field, and what follows it.
fn take_length(bytes: &[u8]) -> Result<(usize, &[u8]), FormatError> {
    let (length, rest) = bytes
        .split_first_chunk::<LENGTH>()
        .ok_or(FormatError::Truncated)?;
    Ok((read_length(*length)?, rest))
}

/// The length field at a place, which must not exceed `limit`.
fn limited_length(bytes: &[u8], at: usize, limit: usize) -> Result<usize, FormatError> {
    let (length, _) = take_length(bytes.get(at..).unwrap_or_default())?;
    if length > limit {
        return Err(FormatError::TooLarge);
    }
    Ok(length)
}

/// What a length field says.
///
/// # Errors
/// [`FormatError::TooLarge`] where that does not fit into memory.
pub fn read_length(field: [u8; LENGTH]) -> Result<usize, FormatError> {
    usize::try_from(u32::from_be_bytes(field)).map_err(|_| FormatError::TooLarge)
}

/// A frame's place and size, which decide everything but its bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Frame {
    index: u64,
    plain: usize,
}

impl Frame {
    /// Frame number `index`, with room for `capacity` bytes of content; fewer than
    /// [`FRAME_CONTENT`] only in the last frame.
    ///
    /// # Errors
    /// [`FormatError::TooLarge`] when it has too much room or too high a number.
    pub const fn with_capacity(index: u64, capacity: usize) -> Result<Self, FormatError> {
        if capacity > FRAME_CONTENT || index >= MAX_FRAMES {
            return Err(FormatError::TooLarge);
        }
        Ok(Self {
            index,
            plain: capacity + LENGTH,
        })
    }

    /// The frame number `index` whose ciphertext has `sealed` bytes.
    ///
    /// # Errors
    /// [`FormatError::Malformed`] when no frame has that length; [`FormatError::TooLarge`] for too
    /// high a number.
    pub fn with_sealed_len(index: u64, sealed: usize) -> Result<Self, FormatError> {
        if sealed >= FRAME_SEALED {
            return if sealed == FRAME_SEALED {
                Self::with_capacity(index, FRAME_CONTENT)
            } else {
                Err(FormatError::Malformed)
            };
        }
        let capacity = u64::try_from(sealed + chunked::HEADER)
            .ok()
            .and_then(|message| chunked::plaintext_len(message).ok())
            .and_then(|plain| usize::try_from(plain).ok())
            .and_then(|plain| plain.checked_sub(LENGTH))
            .ok_or(FormatError::Malformed)?;
        Self::with_capacity(index, capacity)
    }

    /// Its number, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The number of its first chunk within the whole stream.
    #[must_use]
    pub const fn first_chunk(&self) -> u64 {
        self.index * 64
    }

    /// Whether it is the last: every other is full, and it is not.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.plain < FRAME_PLAIN
    }

    /// Bytes of plaintext: the length of the content, the content, zeros.
    #[must_use]
    pub const fn plain_len(&self) -> usize {
        self.plain
    }

    /// Bytes of content for which it has room.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.plain - LENGTH
    }

    /// Bytes of its ciphertext.
    #[must_use]
    pub const fn sealed_len(&self) -> usize {
        if self.is_last() {
            self.plain + (self.plain / chunked::CHUNK + 1) * chunked::TAG
        } else {
            FRAME_SEALED
        }
    }
}

/// The end of an object: the hashes of its frames, and the author's signature over their tree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trailer {
    leaves: Base64Url,
    signature: FixedBytes<64>,
}

cbor_map!(Trailer {
    0: leaves,
    1: signature,
});

impl Trailer {
    /// Puts leaf hashes and signature together.
    #[must_use]
    pub fn new(leaves: &[[u8; LEAF]], signature: [u8; 64]) -> Self {
        Self {
            leaves: leaves.concat().into(),
            signature: FixedBytes(signature),
        }
    }

    /// The bytes that end the object: encoding, then its length.
    ///
    /// # Errors
    /// [`FormatError::TooLarge`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, FormatError> {
        let mut bytes = cbor::encode(self);
        if bytes.len() > limits::MAX_OBJECT_TRAILER {
            return Err(FormatError::TooLarge);
        }
        let length = u32::try_from(bytes.len()).map_err(|_| FormatError::TooLarge)?;
        bytes.extend(length.to_be_bytes());
        Ok(bytes)
    }

    /// Reads the end of an object: exactly the bytes after its last frame.
    ///
    /// # Errors
    /// See [`FormatError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let (encoded, length) = bytes
            .split_last_chunk::<LENGTH>()
            .ok_or(FormatError::Truncated)?;
        let length = read_length(*length)?;
        if length.max(encoded.len()) > limits::MAX_OBJECT_TRAILER {
            return Err(FormatError::TooLarge);
        }
        if length != encoded.len() {
            return Err(FormatError::Malformed);
        }
        let trailer: Self = cbor::decode(encoded, limits::MAX_OBJECT_TRAILER)?;
        let leaves = trailer.leaves.as_slice();
        if leaves.is_empty() || !leaves.len().is_multiple_of(LEAF) {
            return Err(FormatError::Malformed);
        }
        Ok(trailer)
    }

    /// The leaf hashes, in the order of the frames.
    #[must_use]
    pub fn leaves(&self) -> Vec<[u8; LEAF]> {
        let (leaves, _) = self.leaves.as_slice().as_chunks::<LEAF>();
        leaves.to_vec()
    }

    /// The author's signature, an Ed25519 signature.
    #[must_use]
    pub const fn signature(&self) -> &[u8; 64] {
        self.signature.as_array()
    }
}

/// What the author signs, under [`label::OBJECT_SIGNATURE`]: the prelude, the root of the tree over
/// the frames' ciphertexts, how many they are, and their bytes together, length fields excepted.
#[must_use]
pub fn signed_message(
    prelude_hash: [u8; 32],
    leaves: &[[u8; LEAF]],
    ciphertext_len: u64,
) -> Vec<u8> {
    let frames = u64::try_from(leaves.len()).unwrap_or(u64::MAX);
    cbor::encode(&(
        FixedBytes(prelude_hash),
        FixedBytes(merkle::root(leaves)),
        frames,
        ciphertext_len,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> ObjectHeader {
        ObjectHeader {
            suite: SUITE,
            tenant: TenantId::from_bytes([1; 32]),
            session: SessionId::from_bytes([2; 32]),
            epoch: 3,
            object: ObjectId::from_bytes([4; 16]),
            version: 5,
            author: UserId::from_bytes([6; 32]),
            device: DeviceId::from_bytes([7; 32]),
            time: Timestamp::from_millis(8),
            seen: None,
            certificate: None,
        }
    }

    fn prelude() -> Prelude {
        Prelude::begin(&header(), b"sealed metadata")
            .unwrap()
            .with_stream_header(&[9; 56])
    }

    #[test]
    fn a_header_is_read_without_keys_and_from_no_fewer_bytes() {
        let bytes = prelude().bytes;
        let header_end = Prelude::HEADER_AT + prelude().header_len;
        for cut in 0..bytes.len() {
            let seen = ObjectHeader::peek(&bytes[..cut]);
            if cut < header_end {
                assert_eq!(seen, Err(FormatError::Truncated), "{cut}");
            } else {
                assert_eq!(seen, Ok(header()), "{cut}");
            }
            assert_eq!(Prelude::parse(&bytes[..cut]), Err(FormatError::Truncated));
        }
        let parsed = Prelude::parse(&[&bytes, b"frames".as_slice()].concat()).unwrap();
        assert_eq!(parsed, prelude());
        assert_eq!(parsed.sealed_metadata(), b"sealed metadata");
        assert_eq!(parsed.stream_header(), Some(&[9; 56]));
    }

    #[test]
    fn missing_bytes_lead_exactly_to_the_end() {
        let bytes = prelude().bytes;
        let mut have = 0;
        loop {
            match Prelude::missing(&bytes[..have]).unwrap() {
                0 => break,
                more => have += more,
            }
        }
        assert_eq!(have, bytes.len());
        assert_eq!(Prelude::missing(b"%PDF-1.7"), Err(FormatError::NotOurs));
        assert_eq!(Prelude::missing(b"WSX"), Err(FormatError::NotOurs));
    }

    #[test]
    fn lying_lengths_are_refused_before_anything_is_read() {
        let mut bytes = prelude().bytes;
        bytes[8..12].copy_from_slice(&[0xff; 4]);
        assert_eq!(ObjectHeader::peek(&bytes), Err(FormatError::TooLarge));
        assert_eq!(Prelude::missing(&bytes), Err(FormatError::TooLarge));
        let mut bytes = prelude().bytes;
        let at = Prelude::HEADER_AT + prelude().header_len;
        bytes[at..at + 4].copy_from_slice(&[0xff; 4]);
        assert_eq!(Prelude::parse(&bytes), Err(FormatError::TooLarge));
        assert_eq!(Prelude::missing(&bytes), Err(FormatError::TooLarge));
    }

    #[test]
    fn only_suite_1_is_accepted() {
        for suite in (0..=255).chain([256, u16::MAX]) {
            let bytes = Prelude::begin(&ObjectHeader { suite, ..header() }, &[])
                .unwrap()
                .bytes;
            let expected = if suite == 1 {
                Ok(header())
            } else {
                Err(FormatError::OtherSuite(suite))
            };
            assert_eq!(ObjectHeader::peek(&bytes), expected);
        }
    }

    #[test]
    fn every_field_of_the_context_changes_the_key() {
        let seed = Secret::from_bytes([1; 32]);
        let key = header().key(&seed);
        let mut others = vec![header(); 5];
        others[0].tenant = TenantId::from_bytes([9; 32]);
        others[1].session = SessionId::from_bytes([9; 32]);
        others[2].epoch += 1;
        others[3].object = ObjectId::from_bytes([9; 16]);
        others[4].version += 1;
        for other in others {
            assert!(!key.ct_eq(&other.key(&seed)), "{other:?}");
        }
    }

    #[test]
    fn metadata_hides_the_length_of_a_name_and_is_read_strictly() {
        let named = |name: &str| Metadata {
            name: Some(name.into()),
            ..Metadata::default()
        };
        assert_eq!(named("a").to_padded().unwrap().len(), 64);
        assert_eq!(named(&"a".repeat(56)).to_padded().unwrap().len(), 64);
        assert_eq!(named(&"a".repeat(57)).to_padded().unwrap().len(), 128);
        assert_eq!(
            named(&"a".repeat(limits::MAX_SEALED_NAME)).to_padded(),
            Err(FormatError::TooLarge)
        );
        let padded = named("Befund.pdf").to_padded().unwrap();
        assert_eq!(Metadata::from_padded(&padded), Ok(named("Befund.pdf")));
        let mut bad = vec![padded; 4];
        bad[0][63] = 1;
        bad[1].extend([0; 64]);
        bad[2].pop();
        bad[3][3] = 61;
        for bytes in bad {
            assert_eq!(Metadata::from_padded(&bytes), Err(FormatError::Malformed));
        }
        assert_eq!(Metadata::from_padded(&[]), Err(FormatError::Malformed));
    }

    #[test]
    fn frame_lengths_correspond_one_to_one() {
        let mut capacities: Vec<usize> = (0..100).collect();
        for chunk in [1, 2, 63, 64] {
            let end = chunk * chunked::CHUNK - LENGTH;
            capacities.extend(end - 2..=(end + 2).min(FRAME_CONTENT));
        }
        for capacity in capacities {
            let frame = Frame::with_capacity(0, capacity).unwrap();
            assert_eq!(Frame::with_sealed_len(0, frame.sealed_len()), Ok(frame));
            assert_eq!(frame.is_last(), capacity < FRAME_CONTENT);
        }
        for sealed in (0..20).chain([FRAME_SEALED + 1, chunked::SEALED_CHUNK + 15]) {
            assert_eq!(
                Frame::with_sealed_len(0, sealed),
                Err(FormatError::Malformed),
                "{sealed}"
            );
        }
        let beyond = Frame::with_capacity(MAX_FRAMES, 0);
        assert_eq!(beyond, Err(FormatError::TooLarge));
        assert!(Frame::with_capacity(0, FRAME_CONTENT + 1).is_err());
    }

    #[test]
    fn a_trailer_is_read_strictly() {
        let trailer = Trailer::new(&[[1; 32], [2; 32]], [3; 64]);
        let bytes = trailer.to_bytes().unwrap();
        assert_eq!(Trailer::from_bytes(&bytes).as_ref(), Ok(&trailer));
        assert_eq!(trailer.leaves(), [[1; 32], [2; 32]]);
        for cut in 0..bytes.len() {
            assert!(Trailer::from_bytes(&bytes[..cut]).is_err());
        }
        assert!(Trailer::from_bytes(&[bytes, vec![0]].concat()).is_err());
        let none = Trailer::new(&[], [3; 64]).to_bytes().unwrap();
        assert_eq!(Trailer::from_bytes(&none), Err(FormatError::Malformed));
        let odd = Trailer {
            leaves: vec![0; 33].into(),
            ..trailer
        };
        let odd = odd.to_bytes().unwrap();
        assert_eq!(Trailer::from_bytes(&odd), Err(FormatError::Malformed));
    }

    #[test]
    fn the_largest_object_has_a_trailer_that_is_accepted() {
        let most = usize::try_from(MAX_FRAMES).unwrap();
        let bytes = Trailer::new(&vec![[1; 32]; most], [3; 64])
            .to_bytes()
            .unwrap();
        assert!(Trailer::from_bytes(&bytes).is_ok());
        assert!(bytes.len() - LENGTH + LEAF > limits::MAX_OBJECT_TRAILER);
    }
}
