//! Messages and files: opening them.

use core::{fmt, future::Future, ops::Range};
use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tokio::task::JoinSet;
use wardseal_client::{
    Opening,
    crypto::{
        aead::{Aes256Gcm as _, DefaultAes},
        merkle,
    },
    object::{Complete, ObjectError, OpenPlan, RangeReader, open_frame, open_stream, read_prelude},
    protocol::object::{
        FRAME_CONTENT, FRAME_SEALED, LENGTH, Metadata, ObjectHeader, Prelude, read_length,
    },
    types::{DeviceId, ObjectId, SessionId, Timestamp, UserId, limits},
};
use zeroize::Zeroizing;

use crate::{
    blocking,
    error::Error,
    seal::{Output, SMALL, THREADS, streaming},
    source::{FileSource, RandomAccess, Shared},
    wardseal::Wardseal,
};

/// The proof that all of a content was authenticated and that its author signed it. Only reading it
/// to the end makes one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Completed(Complete);

impl Completed {
    /// What the author said of the object in clear.
    #[must_use]
    pub const fn header(&self) -> &ObjectHeader {
        self.0.header()
    }

    /// The user who wrote it.
    #[must_use]
    pub const fn author(&self) -> UserId {
        self.0.header().author
    }

    /// Bytes of content.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.0.content_len()
    }
}

type Stream = Box<dyn Read + Send>;

enum Source {
    /// Its author is verified.
    Random {
        source: Shared,
        parts: Arc<RangeReader>,
    },
    /// It can be read once.
    Stream(Mutex<Option<Stream>>),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Random { .. } => "Random",
            Self::Stream(_) => "Stream",
        })
    }
}

/// An opened object. Of bytes, files and what can be read in any part, the author is verified before
/// this exists. Of a reader he is verified at its end, and the content can be read once.
#[derive(Debug)]
pub struct Opened {
    opening: Arc<Opening>,
    prelude: Prelude,
    metadata: Metadata,
    source: Source,
    completed: Arc<OnceLock<Completed>>,
}

impl Wardseal {
    /// Opens an object that is in memory.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let ward = place.person("doctor-4711").await;
    /// # let me = ward.profile().await.ok_or("nobody")?.user;
    /// # use wardseal_sdk::{NewSession, SealOptions};
    /// # let new = NewSession { manage: vec![me.into()], ..NewSession::default() };
    /// # let session = ward.sessions().create(new).await?;
    /// # let options = SealOptions { name: Some("note.txt".into()), ..SealOptions::default() };
    /// # let sealed = ward.seal_with(session, "38.4", options).await?;
    /// let opened = ward.open_bytes(sealed.clone()).await?;
    /// assert_eq!(opened.name(), Some("note.txt"));
    /// assert_eq!(opened.author(), me);
    /// assert_eq!(opened.text().await?, "38.4");
    ///
    /// # let mut sealed = sealed;
    /// sealed[100] ^= 1;
    /// assert!(ward.open_bytes(sealed).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Code `no_access` for who may not open the session; `object_bad_author`, `object_rejected`,
    /// `object_truncated` and others that begin with `object` when it is not what its author sealed.
    pub async fn open_bytes(&self, object: impl Into<Vec<u8>>) -> Result<Opened, Error> {
        self.open_source(object.into()).await
    }

    /// Opens a file.
    ///
    /// # Errors
    /// As [`open_bytes`](Self::open_bytes); `io`.
    pub async fn open_file(&self, path: impl AsRef<Path>) -> Result<Opened, Error> {
        let path = path.as_ref().to_owned();
        let file = blocking(move || FileSource::open(&path)).await?;
        self.open_source(file).await
    }

    /// Opens many objects at once; gives what became of each, in their order. What they need of the
    /// server is asked for once, and what cannot be opened fails alone.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let ward = place.person("doctor-4711").await;
    /// # let me = ward.profile().await.ok_or("nobody")?.user;
    /// # use wardseal_sdk::NewSession;
    /// # let new = NewSession { manage: vec![me.into()], ..NewSession::default() };
    /// # let session = ward.sessions().create(new).await?;
    /// # let (first, second) = (ward.seal(session, "1").await?, ward.seal(session, "2").await?);
    /// for opened in ward.open_many([first, b"no object".to_vec(), second]).await {
    ///     match opened {
    ///         Ok(opened) => println!("{}", opened.text().await?),
    ///         Err(error) => println!("{}: {error}", error.code()), // not_an_object
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open_many<O: Into<Vec<u8>>>(
        &self,
        objects: impl IntoIterator<Item = O>,
    ) -> Vec<Result<Opened, Error>> {
        let objects = objects.into_iter().map(Into::into);
        let open = |ward: Self, object: Vec<u8>| async move { ward.open_bytes(object).await };
        self.at_once(objects, open).await
    }

    /// The same with files.
    pub async fn open_files<P: AsRef<Path>>(
        &self,
        paths: impl IntoIterator<Item = P>,
    ) -> Vec<Result<Opened, Error>> {
        let paths = paths.into_iter().map(|path| path.as_ref().to_owned());
        let open = |ward: Self, path: PathBuf| async move { ward.open_file(path).await };
        self.at_once(paths, open).await
    }

    /// Runs these at the same time; they end when nobody waits any more.
    async fn at_once<I, A>(
        &self,
        items: impl Iterator<Item = I>,
        open: impl Fn(Self, I) -> A,
    ) -> Vec<Result<Opened, Error>>
    where
        A: Future<Output = Result<Opened, Error>> + Send + 'static,
    {
        let mut tasks = JoinSet::new();
        for (at, item) in items.enumerate() {
            let opening = open(self.clone(), item);
            tasks.spawn(async move { (at, opening.await) });
        }
        let mut opened = tasks.join_all().await;
        opened.sort_by_key(|(at, _)| *at);
        opened.into_iter().map(|(_, opened)| opened).collect()
    }

    /// Opens what can be read in any part.
    ///
    /// # Errors
    /// As [`open_bytes`](Self::open_bytes); `io`.
    pub async fn open_source(&self, source: impl RandomAccess + 'static) -> Result<Opened, Error> {
        let source = Shared(Arc::new(source));
        let of = source.clone();
        let prelude = blocking(move || Ok(read_prelude(of.reader(0))?)).await?;
        let opening = Arc::new(self.core.opening(prelude.header()).await?);
        let (with, of, start) = (Arc::clone(&opening), source.clone(), prelude.clone());
        let parts = blocking(move || {
            let size = of.0.size();
            let tail = of.fetch(RangeReader::tail(size)?)?;
            let tail: [u8; LENGTH] = tail.try_into().map_err(|_| ObjectError::Truncated)?;
            let trailer = of.fetch(RangeReader::trailer(size, tail)?)?;
            Ok(with.range_reader(size, start, &trailer)?)
        })
        .await?;
        Ok(Opened {
            opening,
            prelude,
            metadata: parts.metadata().clone(),
            source: Source::Random {
                source,
                parts: Arc::new(parts),
            },
            completed: Arc::default(),
        })
    }

    /// Opens what a reader gives. Its author is verified at the end: what was read before is by
    /// *some* member of the session, and in its place.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let ward = place.person("doctor-4711").await;
    /// # let me = ward.profile().await.ok_or("nobody")?.user;
    /// # use wardseal_sdk::NewSession;
    /// # let new = NewSession { manage: vec![me.into()], ..NewSession::default() };
    /// # let session = ward.sessions().create(new).await?;
    /// # let sealed = std::io::Cursor::new(ward.seal(session, vec![7; 2_000_000]).await?);
    /// let opened = ward.open_reader(sealed).await?;
    /// assert!(opened.completed().is_none());
    /// let content = opened.bytes().await?;
    /// let completed = opened.completed().ok_or("not read to the end")?;
    /// assert_eq!((completed.author(), completed.size()), (me, 2_000_000));
    /// # assert_eq!(content.len(), 2_000_000);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`open_bytes`](Self::open_bytes); `io`.
    pub async fn open_reader(&self, reader: impl Read + Send + 'static) -> Result<Opened, Error> {
        let (prelude, reader) = blocking(move || {
            let mut reader = reader;
            Ok((read_prelude(&mut reader)?, reader))
        })
        .await?;
        let opening = Arc::new(self.core.opening(prelude.header()).await?);
        let metadata = opening.start(prelude.clone())?.metadata().clone();
        Ok(Opened {
            opening,
            prelude,
            metadata,
            source: Source::Stream(Mutex::new(Some(Box::new(reader)))),
            completed: Arc::default(),
        })
    }
}

impl Opened {
    /// A file name, as the author wrote it: not a path, and not fit to be used as one unchecked.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.metadata.name.as_deref()
    }

    /// The media type that the author claims.
    #[must_use]
    pub fn media_type(&self) -> Option<&str> {
        self.metadata.media_type.as_deref()
    }

    /// Bytes of content, where the author knew it before sealing.
    #[must_use]
    pub const fn size(&self) -> Option<u64> {
        self.metadata.content_len
    }

    /// What the object says of itself in clear.
    #[must_use]
    pub const fn header(&self) -> &ObjectHeader {
        self.prelude.header()
    }

    /// The session.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.header().session
    }

    /// The object.
    #[must_use]
    pub const fn object(&self) -> ObjectId {
        self.header().object
    }

    /// Its version, from 1.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.header().version
    }

    /// The user who wrote it: a fact once [`verified`](Self::verified).
    #[must_use]
    pub const fn author(&self) -> UserId {
        self.header().author
    }

    /// The author's device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.header().device
    }

    /// When it was sealed, by the author's clock.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.header().time
    }

    /// Whether the author is verified.
    #[must_use]
    pub fn verified(&self) -> bool {
        matches!(self.source, Source::Random { .. }) || self.completed.get().is_some()
    }

    /// The proof that the content was read to its end, once it was.
    #[must_use]
    pub fn completed(&self) -> Option<Completed> {
        self.completed.get().cloned()
    }

    /// The content, in memory.
    ///
    /// # Errors
    /// Those that begin with `object`; `io`; `invalid` for the second reading of a stream.
    pub async fn bytes(&self) -> Result<Vec<u8>, Error> {
        if let Source::Random { source, .. } = &self.source
            && usize::try_from(source.0.size()).is_ok_and(|size| size <= SMALL)
        {
            return self.small_bytes(source.clone()).await;
        }
        let room = self.size().and_then(|size| usize::try_from(size).ok());
        // What the author of a stream announces is not verified yet.
        let room = room.filter(|_| self.verified()).unwrap_or_default();
        let (content, _) = self.write_to(Vec::with_capacity(room)).await?;
        Ok(content)
    }

    /// The content of an object that is worth neither threads nor buffers for whole frames.
    async fn small_bytes(&self, source: Shared) -> Result<Vec<u8>, Error> {
        let (opening, prelude) = (Arc::clone(&self.opening), self.prelude.clone());
        let (content, complete) = blocking(move || {
            // What was verified once stays what is read, whatever the source gives now.
            let mut object = prelude.bytes().to_vec();
            let start = u64::try_from(object.len()).unwrap_or(u64::MAX);
            object.extend(source.fetch(start..source.0.size())?);
            Ok(opening.open::<DefaultAes>(&object)?)
        })
        .await?;
        let _ = self.completed.set(Completed(complete));
        Ok(content)
    }

    /// The content as text.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); `invalid` for what is no UTF-8.
    pub async fn text(&self) -> Result<String, Error> {
        String::from_utf8(self.bytes().await?)
            .map_err(|_| Error::invalid("the content is no text in UTF-8: take it as bytes"))
    }

    /// Writes the content to a file, in constant memory. It appears when the content is complete, in
    /// place of what has its name, and only its owner can read it.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub async fn save(&self, path: impl AsRef<Path>) -> Result<Completed, Error> {
        let path = path.as_ref().to_owned();
        let output = blocking(move || Output::begin(path, false)).await?;
        let (output, completed) = self.write_to(output).await?;
        blocking(move || output.finish()).await?;
        Ok(completed)
    }

    /// Writes the content, in constant memory; gives the writer back. What was written before an
    /// error is not by the author: discard it.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub async fn write_to<W: Write + Send + 'static>(
        &self,
        writer: W,
    ) -> Result<(W, Completed), Error> {
        let (plan, from) = self.begin()?;
        let opened = streaming(None, move |watch| {
            let mut writer = writer;
            let complete = open_stream::<DefaultAes>(plan, THREADS, from, &mut writer, watch)?;
            Ok((writer, Completed(complete)))
        });
        let (writer, completed) = opened.await?;
        let _ = self.completed.set(completed.clone());
        Ok((writer, completed))
    }

    /// The content, to be read piece by piece, on a thread where reading may block. It holds one
    /// frame of 1 MiB. Its end without an error is what makes the content complete.
    ///
    /// # Errors
    /// Code `invalid` for the second reading of a stream.
    pub fn reader(&self) -> Result<ContentReader, Error> {
        let (plan, from) = self.begin()?;
        Ok(ContentReader {
            engine: DefaultAes::new(plan.key().aes_key().expose()),
            plan: Some(plan),
            from,
            sealed: vec![0; FRAME_SEALED],
            content: Zeroizing::new(vec![0; FRAME_CONTENT]),
            left: 0..0,
            completed: Arc::clone(&self.completed),
        })
    }

    /// A part of the content, without the rest; shorter only at its end. Not of a stream.
    ///
    /// # Errors
    /// Code `invalid` for a stream; `object_rejected` for what was changed since.
    pub async fn range(&self, range: Range<u64>) -> Result<Vec<u8>, Error> {
        let Source::Random { source, parts } = &self.source else {
            return Err(Error::invalid(
                "parts of a stream cannot be read: open bytes or a file",
            ));
        };
        let (source, parts) = (source.clone(), Arc::clone(parts));
        blocking(move || {
            let engine = parts.engine::<DefaultAes>();
            Ok(parts.read(&engine, range, |part| source.fetch(part))?)
        })
        .await
    }

    fn begin(&self) -> Result<(OpenPlan, Stream), Error> {
        let from: Stream = match &self.source {
            Source::Random { source, .. } => {
                let start = u64::try_from(self.prelude.bytes().len()).unwrap_or_default();
                Box::new(source.reader(start))
            }
            Source::Stream(stream) => stream
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
                .ok_or_else(|| Error::invalid("the content of a stream can be read once"))?,
        };
        Ok((self.opening.start(self.prelude.clone())?, from))
    }
}

/// The content of an object, piece by piece. Made by [`Opened::reader`].
pub struct ContentReader {
    /// Until the end, or a failure.
    plan: Option<OpenPlan>,
    engine: DefaultAes,
    from: Stream,
    sealed: Vec<u8>,
    content: Zeroizing<Vec<u8>>,
    /// What of `content` was not given yet.
    left: Range<usize>,
    completed: Arc<OnceLock<Completed>>,
}

impl fmt::Debug for ContentReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentReader")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl ContentReader {
    /// The proof that the content was read to its end, once it was.
    #[must_use]
    pub fn completed(&self) -> Option<Completed> {
        self.completed.get().cloned()
    }

    /// The next piece, up to 1 MiB; an empty one at the end.
    ///
    /// # Errors
    /// Those that begin with `object`; `io`. Nothing can be read after one.
    pub fn piece(&mut self) -> Result<&[u8], Error> {
        if self.left.is_empty() {
            self.frame()?;
        }
        let left = core::mem::take(&mut self.left);
        Ok(self.content.get(left).unwrap_or_default())
    }

    /// Opens frames until there is content, or none any more.
    fn frame(&mut self) -> Result<(), ObjectError> {
        while self.left.is_empty()
            && let Some(mut plan) = self.plan.take()
        {
            let mut field = [0; LENGTH];
            read_exact(&mut self.from, &mut field)?;
            let frame = plan.frame(read_length(field)?)?;
            let sealed = self
                .sealed
                .get_mut(..frame.sealed_len())
                .ok_or(ObjectError::Malformed)?;
            read_exact(&mut self.from, sealed)?;
            let opened = open_frame(&self.engine, plan.key(), &frame, sealed, &mut self.content)?;
            plan.opened(&frame, merkle::leaf_hash(sealed), opened)?;
            if frame.is_last() {
                let mut trailer = Vec::new();
                // One byte more than allowed is enough to refuse it.
                let most = u64::try_from(limits::MAX_OBJECT_TRAILER + LENGTH + 1)
                    .map_err(|_| ObjectError::TooLarge)?;
                Read::by_ref(&mut self.from)
                    .take(most)
                    .read_to_end(&mut trailer)?;
                let _ = self.completed.set(Completed(plan.finish(&trailer)?));
            } else {
                self.plan = Some(plan);
            }
            self.left = 0..opened;
        }
        Ok(())
    }
}

fn read_exact(from: &mut Stream, buffer: &mut [u8]) -> Result<(), ObjectError> {
    from.read_exact(buffer).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => ObjectError::Truncated,
        _ => error.into(),
    })
}

impl Read for ContentReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.is_empty() {
            self.frame().map_err(|error| match error {
                ObjectError::Io(error) => error,
                other => io::Error::new(io::ErrorKind::InvalidData, Error::from(other)),
            })?;
        }
        let read = self
            .content
            .get(self.left.clone())
            .unwrap_or_default()
            .read(buffer)?;
        self.left.start += read;
        Ok(read)
    }
}
