//! Chunked encryption: C2SP `chunked-encryption` with SHA-512 and AES-256-GCM ("Cobblestone-256").
//!
//! A message is a header (salt and key commitment) and chunks of [`CHUNK`] bytes, each with a tag; the last chunk is always
//! shorter than the others and may be empty. So a truncated message is one whose last chunk is whole, and there is no flag
//! to forget. Any chunk can be opened alone, once the header is checked.
//!
//! Three ways in: [`seal`] and [`open`] for what fits in memory; [`StreamSealer`] and [`StreamOpener`] for what does not;
//! [`StreamKey`] with [`seal_range`], [`open_range`], [`seal_final`] and [`open_final`] for random access, threads, and
//! hosts that do AES elsewhere.

mod stream;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

pub use stream::{Complete, StreamOpener, StreamSealer};

pub use crate::aead::TAG;
use crate::{
    CryptoError,
    aead::{Aes256Gcm, DefaultAes},
    hash::ct_eq,
    kdf,
    label::Label,
    random,
    secret::{Secret, SecretBytes},
};

/// Bytes of plaintext in every chunk but the last.
pub const CHUNK: usize = 16_384;
/// Bytes of a sealed chunk, the last excepted.
pub const SEALED_CHUNK: usize = CHUNK + TAG;
/// Bytes of the salt that begins a message.
pub const SALT: usize = 24;
/// Bytes of the header: salt, then commitment.
pub const HEADER: usize = SALT + 32;
/// A message has fewer chunks than this.
pub const MAX_CHUNKS: u64 = 1 << 38;

/// [`CHUNK`] as a length on disk.
const CHUNK_LEN: u64 = 16_384;
const SEALED_CHUNK_LEN: u64 = CHUNK_LEN + TAG_LEN;
const TAG_LEN: u64 = 16;
const HEADER_LEN: u64 = 56;

const DOMAIN: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";

/// What one message is encrypted with: derived from a key, a salt and a context, used for that message alone.
#[derive(Clone, Debug)]
pub struct StreamKey {
    salt: [u8; SALT],
    aes_key: Secret<32>,
    base_nonce: [u8; 12],
    commitment: [u8; 32],
}

impl StreamKey {
    /// Derives what `key`, `salt` and `context` stand for.
    ///
    /// A salt must not repeat under a key: use [`StreamKey::generate`] to seal and [`StreamKey::open`] to open. The context
    /// is bound whole; frame it with [`Label::frame`] as [`seal`] does.
    #[must_use]
    pub fn derive(key: &Secret<32>, salt: &[u8; SALT], context: &[u8]) -> Self {
        let mut derived = Zeroizing::new([0; 32 + 12 + 32]);
        kdf::expand(
            key.expose(),
            &[DOMAIN, salt, context],
            derived.as_mut_slice(),
        );
        let (aes_key, rest) = derived.split_at(32);
        let (nonce, tail) = rest.split_at(12);
        let mut base_nonce = [0; 12];
        base_nonce.copy_from_slice(nonce);
        let mut commitment = [0; 32];
        commitment.copy_from_slice(tail);
        Self {
            salt: *salt,
            aes_key: Secret::filled_by(|out| out.copy_from_slice(aes_key)),
            base_nonce,
            commitment,
        }
    }

    /// Draws a salt for a new message.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`] when the source is plainly broken.
    pub fn generate(
        key: &Secret<32>,
        context: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, CryptoError> {
        let mut salt = [0; SALT];
        random::fill(rng, &mut salt)?;
        Ok(Self::derive(key, &salt, context))
    }

    /// Takes the key of a received message, whose header must commit to exactly this key and context.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] when it does not.
    pub fn open(
        key: &Secret<32>,
        header: &[u8; HEADER],
        context: &[u8],
    ) -> Result<Self, CryptoError> {
        let (salt, commitment) = header
            .split_first_chunk::<SALT>()
            .ok_or(CryptoError::Rejected)?;
        let stream = Self::derive(key, salt, context);
        if ct_eq(&stream.commitment, commitment) {
            Ok(stream)
        } else {
            Err(CryptoError::Rejected)
        }
    }

    /// The salt, public.
    #[must_use]
    pub const fn salt(&self) -> &[u8; SALT] {
        &self.salt
    }

    /// The commitment to key, salt and context, public.
    #[must_use]
    pub const fn commitment(&self) -> &[u8; 32] {
        &self.commitment
    }

    /// The AES-256 key of the chunks.
    #[must_use]
    pub const fn aes_key(&self) -> &Secret<32> {
        &self.aes_key
    }

    /// The nonce of chunk 0; see [`StreamKey::chunk_nonce`].
    #[must_use]
    pub const fn base_nonce(&self) -> &[u8; 12] {
        &self.base_nonce
    }

    /// The bytes that begin the message: salt, then commitment.
    #[must_use]
    pub fn header(&self) -> [u8; HEADER] {
        let mut header = [0; HEADER];
        let (salt, commitment) = header.split_at_mut(SALT);
        salt.copy_from_slice(&self.salt);
        commitment.copy_from_slice(&self.commitment);
        header
    }

    /// The nonce of a chunk: the base nonce with the chunk's number, big-endian, xored into its end.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] from [`MAX_CHUNKS`] on.
    pub fn chunk_nonce(&self, index: u64) -> Result<[u8; 12], CryptoError> {
        if index >= MAX_CHUNKS {
            return Err(CryptoError::InvalidLength);
        }
        let mut nonce = self.base_nonce;
        nonce
            .iter_mut()
            .rev()
            .zip(index.to_le_bytes())
            .for_each(|(byte, counter)| *byte ^= counter);
        Ok(nonce)
    }
}

/// The length of a whole message, header included, for a plaintext of `plaintext_len` bytes.
///
/// # Errors
/// [`CryptoError::InvalidLength`] from 4 PiB on.
pub const fn ciphertext_len(plaintext_len: u64) -> Result<u64, CryptoError> {
    let whole_chunks = plaintext_len / CHUNK_LEN;
    if whole_chunks >= MAX_CHUNKS {
        return Err(CryptoError::InvalidLength);
    }
    Ok(HEADER_LEN + plaintext_len + (whole_chunks + 1) * TAG_LEN)
}

/// The length of the plaintext of a whole message of `ciphertext_len` bytes, header included.
///
/// # Errors
/// [`CryptoError::InvalidLength`] when no plaintext gives a message of that length: it was cut, or has bytes too many.
pub const fn plaintext_len(ciphertext_len: u64) -> Result<u64, CryptoError> {
    let Some(body) = ciphertext_len.checked_sub(HEADER_LEN) else {
        return Err(CryptoError::InvalidLength);
    };
    let whole_chunks = body / SEALED_CHUNK_LEN;
    let Some(last) = (body % SEALED_CHUNK_LEN).checked_sub(TAG_LEN) else {
        return Err(CryptoError::InvalidLength);
    };
    if whole_chunks >= MAX_CHUNKS {
        return Err(CryptoError::InvalidLength);
    }
    Ok(whole_chunks * CHUNK_LEN + last)
}

/// Seals chunk `index` (at most [`CHUNK`] bytes, fewer only in the last chunk) into `out`, which is [`TAG`] longer.
///
/// # Errors
/// [`CryptoError::InvalidLength`] when a length or the index is out of bounds.
pub fn seal_chunk(
    engine: &impl Aes256Gcm,
    key: &StreamKey,
    index: u64,
    plaintext: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    if plaintext.len() > CHUNK {
        return Err(CryptoError::InvalidLength);
    }
    engine.seal_into(&key.chunk_nonce(index)?, plaintext, out)
}

/// Opens chunk `index` into `out`, which is [`TAG`] shorter than `sealed`. That it opens says nothing about how many
/// chunks there are: see [`open_final`].
///
/// # Errors
/// [`CryptoError::InvalidLength`] when a length or the index is out of bounds; [`CryptoError::Rejected`] when it is not
/// that chunk of that message. `out` is then zeros.
pub fn open_chunk(
    engine: &impl Aes256Gcm,
    key: &StreamKey,
    index: u64,
    sealed: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    if sealed.len() > SEALED_CHUNK {
        return Err(CryptoError::InvalidLength);
    }
    engine.open_into(&key.chunk_nonce(index)?, sealed, out)
}

/// Seals whole chunks from number `first_index` on. Ranges of one message may be sealed in any order and by several threads.
///
/// # Errors
/// [`CryptoError::InvalidLength`] unless `plaintext` is whole chunks and `out` as many sealed ones.
pub fn seal_range(
    engine: &impl Aes256Gcm,
    key: &StreamKey,
    first_index: u64,
    plaintext: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    check_range(plaintext.len(), out.len())?;
    let chunks = plaintext
        .chunks_exact(CHUNK)
        .zip(out.chunks_exact_mut(SEALED_CHUNK));
    (first_index..)
        .zip(chunks)
        .try_for_each(|(index, (from, to))| seal_chunk(engine, key, index, from, to))
}

/// Opens whole chunks from number `first_index` on.
///
/// # Errors
/// [`CryptoError::InvalidLength`] unless `sealed` is whole sealed chunks and `out` as many plain ones;
/// [`CryptoError::Rejected`] when one does not open: `out` is then zeros, from that chunk on or whole.
pub fn open_range(
    engine: &impl Aes256Gcm,
    key: &StreamKey,
    first_index: u64,
    sealed: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    check_range(out.len(), sealed.len())?;
    let chunks = sealed
        .chunks_exact(SEALED_CHUNK)
        .zip(out.chunks_exact_mut(CHUNK));
    let opened = (first_index..)
        .zip(chunks)
        .try_for_each(|(index, (from, to))| open_chunk(engine, key, index, from, to));
    opened.inspect_err(|_| out.fill(0))
}

/// Seals the last chunk, number `index`, shorter than [`CHUNK`]. Without it a message cannot be opened.
///
/// # Errors
/// [`CryptoError::InvalidLength`] when a length or the index is out of bounds.
pub fn seal_final(
    engine: &impl Aes256Gcm,
    key: &StreamKey,
    index: u64,
    plaintext: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    if plaintext.len() >= CHUNK {
        return Err(CryptoError::InvalidLength);
    }
    seal_chunk(engine, key, index, plaintext, out)
}

/// Opens the last chunk. When it opens, the message has exactly `index` whole chunks and this one.
///
/// # Errors
/// [`CryptoError::Rejected`] when it is not the last chunk of that message, or a whole one: the message was cut.
pub fn open_final(
    engine: &impl Aes256Gcm,
    key: &StreamKey,
    index: u64,
    sealed: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    if sealed.len() >= SEALED_CHUNK {
        return Err(CryptoError::Rejected);
    }
    open_chunk(engine, key, index, sealed, out)
}

/// Whether a range is whole chunks on both sides, as many on one as on the other.
fn check_range(plain: usize, sealed: usize) -> Result<(), CryptoError> {
    let whole = plain.is_multiple_of(CHUNK) && sealed.is_multiple_of(SEALED_CHUNK);
    if whole && plain / CHUNK == sealed / SEALED_CHUNK {
        Ok(())
    } else {
        Err(CryptoError::InvalidLength)
    }
}

/// Seals a message in memory, bound to a label and a context.
///
/// # Errors
/// [`CryptoError::Randomness`] when the source is plainly broken.
pub fn seal(
    key: &Secret<32>,
    label: Label,
    context: &[u8],
    plaintext: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    seal_with_context(key, &label.frame(context), plaintext, rng)
}

/// Opens what [`seal`] made with the same key, label and context.
///
/// # Errors
/// [`CryptoError::Rejected`] for anything else, short input included.
pub fn open(
    key: &Secret<32>,
    label: Label,
    context: &[u8],
    sealed: &[u8],
) -> Result<SecretBytes, CryptoError> {
    open_with_context(key, &label.frame(context), sealed)
}

/// [`seal`] with the whole context as the specification has it, for vectors and formats that others defined.
///
/// # Errors
/// As [`seal`].
pub fn seal_with_context(
    key: &Secret<32>,
    context: &[u8],
    plaintext: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    seal_message::<DefaultAes>(&StreamKey::generate(key, context, rng)?, plaintext)
}

/// [`open`] with the whole context as the specification has it.
///
/// # Errors
/// As [`open`].
pub fn open_with_context(
    key: &Secret<32>,
    context: &[u8],
    sealed: &[u8],
) -> Result<SecretBytes, CryptoError> {
    let (header, body) = sealed.split_first_chunk().ok_or(CryptoError::Rejected)?;
    open_message::<DefaultAes>(&StreamKey::open(key, header, context)?, body)
}

/// Seals a whole message with a chosen engine. A [`StreamKey`] must seal one message only.
///
/// # Errors
/// [`CryptoError::InvalidLength`] from 4 PiB on.
pub fn seal_message<A: Aes256Gcm>(
    key: &StreamKey,
    plaintext: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let (whole, last) = plaintext.split_at(plaintext.len() - plaintext.len() % CHUNK);
    let mut out = vec![0; HEADER + whole.len() / CHUNK * SEALED_CHUNK + last.len() + TAG];
    let (header, body) = out.split_at_mut(HEADER);
    header.copy_from_slice(&key.header());
    let (whole_out, last_out) = body.split_at_mut(whole.len() / CHUNK * SEALED_CHUNK);
    let engine = A::new(key.aes_key().expose());
    seal_range(&engine, key, 0, whole, whole_out)?;
    seal_final(&engine, key, chunk_count(whole.len()), last, last_out)?;
    Ok(out)
}

/// Opens the chunks after a header with a chosen engine.
///
/// # Errors
/// [`CryptoError::Rejected`] when any chunk does not open or the message was cut; nothing is released then.
pub fn open_message<A: Aes256Gcm>(
    key: &StreamKey,
    body: &[u8],
) -> Result<SecretBytes, CryptoError> {
    let (whole, last) = body.split_at(body.len() - body.len() % SEALED_CHUNK);
    let last_len = last.len().checked_sub(TAG).ok_or(CryptoError::Rejected)?;
    let whole_len = whole.len() / SEALED_CHUNK * CHUNK;
    let mut out = Zeroizing::new(vec![0; whole_len + last_len]);
    let (whole_out, last_out) = out.split_at_mut(whole_len);
    let engine = A::new(key.aes_key().expose());
    open_range(&engine, key, 0, whole, whole_out)?;
    open_final(&engine, key, chunk_count(whole_len), last, last_out)?;
    Ok(SecretBytes::from_vec(core::mem::take(&mut *out)))
}

/// How many whole chunks a plaintext in memory has.
fn chunk_count(whole_len: usize) -> u64 {
    // No address space exceeds 64 bits; the fallback is refused as an index.
    u64::try_from(whole_len / CHUNK).unwrap_or(u64::MAX)
}
