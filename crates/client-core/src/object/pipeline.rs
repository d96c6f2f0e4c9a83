//! Streams in constant memory, on threads. Nothing here opens a file.
//!
//! Every thread does the same: takes its turn to read a frame, works on it while others read and
//! write, and takes its turn, in the order of the frames, to write it. So reading, encrypting,
//! hashing and writing overlap, no thread waits for another kind of work, and there is one pair of
//! buffers for each thread (2 MiB) and nothing else but the leaf hashes.

use std::{
    io::{ErrorKind, Read, Write},
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use wardseal_crypto::{aead::Aes256Gcm, merkle, sign::Ed25519SigningKey};
use wardseal_protocol::object::{FRAME_CONTENT, FRAME_SEALED, Frame, LENGTH, Prelude, read_length};
use wardseal_types::limits;
use zeroize::Zeroizing;

use super::{Complete, ObjectError, OpenPlan, SealPlan, open_frame, seal_frame};

/// How the caller follows and stops a stream.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Is told how many bytes of content were written so far (or read, when sealing).
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// When it becomes true, the stream ends with [`ObjectError::Cancelled`] after the present frame.
    pub cancel: &'a AtomicBool,
}

impl core::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Watch")
            .field("cancel", &self.cancel)
            .finish_non_exhaustive()
    }
}

impl Watch<'_> {
    /// Neither follows nor stops.
    #[must_use]
    pub fn none() -> Watch<'static> {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Watch {
            progress: &|_| (),
            cancel: &NEVER,
        }
    }

    fn check(&self) -> Result<(), ObjectError> {
        if self.cancel.load(Ordering::Relaxed) {
            Err(ObjectError::Cancelled)
        } else {
            Ok(())
        }
    }
}

/// A thread's own memory.
struct Buffers {
    content: Zeroizing<Vec<u8>>,
    /// Length field and ciphertext.
    sealed: Vec<u8>,
}

impl Buffers {
    fn new() -> Self {
        Self {
            content: Zeroizing::new(vec![0; FRAME_CONTENT]),
            sealed: vec![0; LENGTH + FRAME_SEALED],
        }
    }

    fn sealed(&mut self, frame: &Frame) -> &mut [u8] {
        self.sealed
            .get_mut(LENGTH..LENGTH + frame.sealed_len())
            .unwrap_or_default()
    }

    fn on_disk(&self, frame: &Frame) -> &[u8] {
        self.sealed
            .get(..LENGTH + frame.sealed_len())
            .unwrap_or_default()
    }
}

/// Whose turn it is to write: the thread with that frame; nobody after a failure.
struct Turn {
    next: Mutex<Option<u64>>,
    changed: Condvar,
}

impl Turn {
    /// Waits for the turn of a frame; `false` when it never comes.
    fn wait(&self, index: u64) -> bool {
        let mut next = lock(&self.next);
        while next.is_some_and(|next| next != index) {
            next = self
                .changed
                .wait(next)
                .unwrap_or_else(PoisonError::into_inner);
        }
        next.is_some()
    }

    /// Gives the turn to the next frame, unless somebody failed meanwhile.
    fn pass(&self) {
        let mut next = lock(&self.next);
        *next = next.map(|index| index + 1);
        self.changed.notify_all();
    }

    fn fail(&self) {
        *lock(&self.next) = None;
        self.changed.notify_all();
    }
}

/// Lets nobody wait for a thread that panicked, as a caller's `progress` may.
struct FailOnPanic<'a>(&'a Turn);

impl Drop for FailOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.fail();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked takes the whole scope with it, so nobody sees what it left.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `read`, `work` and `write` over frames until `read` gives none. `read` is called by one
/// thread at a time, `write` too, and in the order in which frames were read.
fn run<U>(
    threads: usize,
    read: impl FnMut(&mut Buffers) -> Result<Option<(Frame, usize)>, ObjectError> + Send,
    work: impl Fn(&Frame, usize, &mut Buffers) -> Result<U, ObjectError> + Sync,
    write: impl FnMut(&Frame, usize, U, &Buffers) -> Result<(), ObjectError> + Send,
) -> Result<(), ObjectError> {
    let read = Mutex::new(read);
    let write = Mutex::new(write);
    let turn = Turn {
        next: Mutex::new(Some(0)),
        changed: Condvar::new(),
    };

    let one = |buffers: &mut Buffers| -> Result<bool, ObjectError> {
        let Some((frame, content_len)) = lock(&read)(buffers)? else {
            return Ok(false);
        };
        let done = work(&frame, content_len, buffers)?;
        if !turn.wait(frame.index()) {
            return Ok(false);
        }
        lock(&write)(&frame, content_len, done, buffers)?;
        turn.pass();
        Ok(true)
    };
    let thread = || -> Result<(), ObjectError> {
        let _guard = FailOnPanic(&turn);
        let mut buffers = Buffers::new();
        loop {
            match one(&mut buffers) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => {
                    turn.fail();
                    return Err(error);
                }
            }
        }
    };
    thread::scope(|scope| {
        let mut others = Vec::new();
        for _ in 1..threads {
            // Without another thread this one does all the work.
            if let Ok(other) = thread::Builder::new().spawn_scoped(scope, thread) {
                others.push(other);
            }
        }
        let mut result = thread();
        for other in others {
            match other.join() {
                Ok(theirs) => result = result.and(theirs),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        result
    })
}

/// Reads until `buffer` is full or the stream ends.
fn read_full(reader: &mut impl Read, buffer: &mut [u8]) -> Result<usize, ObjectError> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(filled)
}

/// Seals what `reader` gives until its end and writes the whole object, prelude included. `threads`
/// includes the caller's; two are as fast as most disks.
///
/// # Errors
/// As [`SealPlan::lay`]; [`ObjectError::Io`]; [`ObjectError::Cancelled`]. What was written is then no
/// object and cannot be opened.
pub fn seal_stream<A: Aes256Gcm + Sync>(
    plan: SealPlan,
    signer: &Ed25519SigningKey,
    threads: usize,
    mut reader: impl Read + Send,
    mut writer: impl Write + Send,
    watch: Watch<'_>,
) -> Result<(), ObjectError> {
    let key = plan.key().clone();
    let engine = A::new(key.aes_key().expose());
    writer.write_all(plan.prelude())?;
    let plan = Mutex::new(plan);
    let mut ended = false;
    let mut total = 0;
    run(
        threads,
        |buffers| {
            watch.check()?;
            let content_len = if ended {
                0
            } else {
                read_full(&mut reader, &mut buffers.content)?
            };
            ended |= content_len < FRAME_CONTENT;
            let frame = lock(&plan).lay(content_len)?;
            Ok(frame.map(|frame| (frame, content_len)))
        },
        |frame, content_len, buffers| {
            let Buffers { content, sealed } = buffers;
            let content = content.get(..content_len).unwrap_or_default();
            let (field, out) = sealed
                .get_mut(..LENGTH + frame.sealed_len())
                .and_then(<[u8]>::split_first_chunk_mut::<LENGTH>)
                .ok_or(ObjectError::TooLarge)?;
            *field = u32::try_from(frame.sealed_len())
                .map_err(|_| ObjectError::TooLarge)?
                .to_be_bytes();
            seal_frame(&engine, &key, frame, content, out)?;
            Ok(merkle::leaf_hash(out))
        },
        |frame, content_len, leaf, buffers| {
            writer.write_all(buffers.on_disk(frame))?;
            lock(&plan).sealed(frame, leaf)?;
            total += super::seal::length(content_len)?;
            (watch.progress)(total);
            Ok(())
        },
    )?;
    let plan = plan.into_inner().unwrap_or_else(PoisonError::into_inner);
    writer.write_all(&plan.finish(signer)?)?;
    writer.flush()?;
    Ok(())
}

/// Reads the prelude of an object and nothing after it, so that session and author can be resolved
/// before [`open_stream`] goes on with the same reader.
///
/// # Errors
/// As [`Prelude::parse`]; [`ObjectError::Io`].
pub fn read_prelude(mut reader: impl Read) -> Result<Prelude, ObjectError> {
    let mut bytes = Vec::new();
    loop {
        match Prelude::missing(&bytes)? {
            0 => return Ok(Prelude::parse(&bytes)?),
            more => {
                let have = bytes.len();
                bytes.resize(have + more, 0);
                let read = read_full(&mut reader, bytes.get_mut(have..).unwrap_or_default())?;
                bytes.truncate(have + read);
                if read < more {
                    // What there is may not even be the beginning of an object.
                    Prelude::missing(&bytes)?;
                    return Err(ObjectError::Truncated);
                }
            }
        }
    }
}

/// Opens what follows the prelude, to the end of `reader`, and writes the content. What was written
/// is to be used only when this returns [`Complete`]: write to a temporary file, rename it then, and
/// remove it otherwise.
///
/// # Errors
/// See [`ObjectError`].
pub fn open_stream<A: Aes256Gcm + Sync>(
    plan: OpenPlan,
    threads: usize,
    mut reader: impl Read + Send,
    mut writer: impl Write + Send,
    watch: Watch<'_>,
) -> Result<Complete, ObjectError> {
    let key = plan.key().clone();
    let engine = A::new(key.aes_key().expose());
    let plan = Mutex::new(plan);
    // What was read beyond the last frame.
    let mut trailer = Vec::new();
    let mut ended = false;
    let mut total = 0;
    run(
        threads,
        |buffers| {
            watch.check()?;
            if ended {
                return Ok(None);
            }
            let read = read_full(&mut reader, &mut buffers.sealed)?;
            let read = buffers.sealed.get(..read).unwrap_or_default();
            let (field, rest) = read
                .split_first_chunk::<LENGTH>()
                .ok_or(ObjectError::Truncated)?;
            let frame = lock(&plan).frame(read_length(*field)?)?;
            let beyond = rest
                .get(frame.sealed_len()..)
                .ok_or(ObjectError::Truncated)?;
            trailer.extend_from_slice(beyond);
            ended = frame.is_last();
            Ok(Some((frame, 0)))
        },
        |frame, _, buffers| {
            let leaf = merkle::leaf_hash(buffers.sealed(frame));
            let Buffers { content, sealed } = buffers;
            let sealed = sealed
                .get(LENGTH..LENGTH + frame.sealed_len())
                .unwrap_or_default();
            let content_len = open_frame(&engine, &key, frame, sealed, content)?;
            Ok((leaf, content_len))
        },
        |frame, _, (leaf, content_len), buffers| {
            lock(&plan).opened(frame, leaf, content_len)?;
            writer.write_all(buffers.content.get(..content_len).unwrap_or_default())?;
            total += super::seal::length(content_len)?;
            (watch.progress)(total);
            Ok(())
        },
    )?;
    // One byte more than allowed is enough to refuse it.
    let most = super::seal::length(limits::MAX_OBJECT_TRAILER + LENGTH + 1)?;
    let left = most.saturating_sub(super::seal::length(trailer.len())?);
    reader.take(left).read_to_end(&mut trailer)?;
    let plan = plan.into_inner().unwrap_or_else(PoisonError::into_inner);
    let complete = plan.finish(&trailer)?;
    writer.flush()?;
    Ok(complete)
}
