//! Messages that arrive piece by piece: constant memory, nothing released before it is authenticated.

use core::fmt;

use super::{
    CHUNK, HEADER, SEALED_CHUNK, StreamKey, TAG, open_final, open_range, seal_final, seal_range,
};
use crate::{CryptoError, aead::Aes256Gcm};

/// The proof that a stream came to its end. Only `finish` makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a stream without its end is not a message"]
pub struct Complete {
    plaintext_len: u64,
}

impl Complete {
    /// Bytes of plaintext in the whole message.
    #[must_use]
    pub const fn plaintext_len(self) -> u64 {
        self.plaintext_len
    }
}

/// Where a stream stands: the next chunk, or nowhere after a failure.
#[derive(Clone, Copy, Debug)]
enum Position {
    At(u64),
    Failed,
}

impl Position {
    fn index(self) -> Result<u64, CryptoError> {
        match self {
            Self::At(index) => Ok(index),
            Self::Failed => Err(CryptoError::Rejected),
        }
    }

    /// The position after `chunks` more.
    fn after(index: u64, chunks: usize) -> Self {
        u64::try_from(chunks)
            .ok()
            .and_then(|chunks| index.checked_add(chunks))
            .map_or(Self::Failed, Self::At)
    }
}

/// Encrypts a message piece by piece: whole chunks into [`StreamSealer::push`], the rest into [`StreamSealer::finish`].
pub struct StreamSealer<A> {
    key: StreamKey,
    engine: A,
    position: Position,
}

impl<A: Aes256Gcm> StreamSealer<A> {
    /// Starts a message; `key` must be fresh. The message begins with [`StreamSealer::header`].
    #[must_use]
    pub fn new(key: StreamKey) -> Self {
        let engine = A::new(key.aes_key().expose());
        Self {
            key,
            engine,
            position: Position::At(0),
        }
    }

    /// The bytes that begin the message.
    #[must_use]
    pub fn header(&self) -> [u8; HEADER] {
        self.key.header()
    }

    /// Appends the ciphertext of whole chunks to `out`.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] unless `plaintext` is a multiple of [`CHUNK`] bytes, or beyond 4 PiB. `out` is as it
    /// was; after the second the stream is unusable.
    pub fn push(&mut self, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), CryptoError> {
        let index = self.position.index()?;
        if !plaintext.len().is_multiple_of(CHUNK) {
            return Err(CryptoError::InvalidLength);
        }
        let chunks = plaintext.len() / CHUNK;
        self.position = Position::Failed;
        append(out, chunks * SEALED_CHUNK, |out| {
            seal_range(&self.engine, &self.key, index, plaintext, out)
        })?;
        self.position = Position::after(index, chunks);
        Ok(())
    }

    /// Appends the last chunk, of fewer than [`CHUNK`] bytes, perhaps none. Without it the message cannot be opened.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] when `last` is too long; `out` is as it was.
    pub fn finish(self, last: &[u8], out: &mut Vec<u8>) -> Result<Complete, CryptoError> {
        let index = self.position.index()?;
        append(out, last.len() + TAG, |out| {
            seal_final(&self.engine, &self.key, index, last, out)
        })?;
        complete(index, last.len())
    }
}

impl<A> fmt::Debug for StreamSealer<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamSealer")
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// Decrypts a message piece by piece. What it has released so far is authentic and in order; that there is no more is
/// known only when [`StreamOpener::finish`] has returned.
pub struct StreamOpener<A> {
    key: StreamKey,
    engine: A,
    position: Position,
}

impl<A: Aes256Gcm> StreamOpener<A> {
    /// Starts a message whose header was checked by [`StreamKey::open`].
    #[must_use]
    pub fn new(key: StreamKey) -> Self {
        let engine = A::new(key.aes_key().expose());
        Self {
            key,
            engine,
            position: Position::At(0),
        }
    }

    /// Appends the plaintext of whole sealed chunks to `out`.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] unless `sealed` is a multiple of [`SEALED_CHUNK`] bytes;
    /// [`CryptoError::Rejected`] when a chunk does not open. Nothing of `sealed` is released then, and after a rejection
    /// the stream refuses everything.
    pub fn push(&mut self, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), CryptoError> {
        let index = self.position.index()?;
        if !sealed.len().is_multiple_of(SEALED_CHUNK) {
            return Err(CryptoError::InvalidLength);
        }
        let chunks = sealed.len() / SEALED_CHUNK;
        self.position = Position::Failed;
        append(out, chunks * CHUNK, |out| {
            open_range(&self.engine, &self.key, index, sealed, out)
        })?;
        self.position = Position::after(index, chunks);
        Ok(())
    }

    /// Appends the plaintext of the last chunk, and says that the message is complete.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] when `last` is not the last chunk: the message was cut, changed or lengthened.
    pub fn finish(self, last: &[u8], out: &mut Vec<u8>) -> Result<Complete, CryptoError> {
        let index = self.position.index()?;
        let len = last.len().checked_sub(TAG).ok_or(CryptoError::Rejected)?;
        append(out, len, |out| {
            open_final(&self.engine, &self.key, index, last, out)
        })?;
        complete(index, len)
    }
}

impl<A> fmt::Debug for StreamOpener<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamOpener")
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// Grows `out` by `len` bytes that `fill` writes; when it fails, `out` is as it was.
fn append(
    out: &mut Vec<u8>,
    len: usize,
    fill: impl FnOnce(&mut [u8]) -> Result<(), CryptoError>,
) -> Result<(), CryptoError> {
    let before = out.len();
    out.resize(before + len, 0);
    let filled = out
        .get_mut(before..)
        .map_or(Err(CryptoError::InvalidLength), fill);
    if filled.is_err() {
        out.truncate(before);
    }
    filled
}

fn complete(whole_chunks: u64, last: usize) -> Result<Complete, CryptoError> {
    let last = u64::try_from(last).map_err(|_| CryptoError::InvalidLength)?;
    // The index was accepted as a nonce, so it is below 2^38 and this cannot overflow.
    Ok(Complete {
        plaintext_len: whole_chunks * super::CHUNK_LEN + last,
    })
}
