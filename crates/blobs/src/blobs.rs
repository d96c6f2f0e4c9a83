//! Parts in an object store: written, counted, read, forgotten.

use std::{fmt, io, ops::Range, path::Path as FilePath, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, pin_mut, stream};
use object_store::{
    ObjectStore, ObjectStoreExt as _, local::LocalFileSystem, path::Path, prefix::PrefixStore,
};

use crate::{BlobName, Counted, Index, Part, PartName, S3, S3Error, Upload};

/// Bytes of a part, at most: what an upload holds in memory.
pub const PART: usize = 4 << 20;

/// Parts of a blob, at most, as this crate recommends: enough for a connection that breaks every few
/// hundred kilobytes, and not for somebody who uploads byte by byte.
pub const MOST_PARTS: u64 = 8192;

/// What the store says.
pub type StoreError = object_store::Error;

/// Draws the random bytes of a part's name.
type Draw = dyn Fn() -> [u8; 8] + Send + Sync;

/// Where the parts lie.
#[derive(Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    draw: Arc<Draw>,
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blobs({})", self.store)
    }
}

/// What became of a body.
#[derive(Debug)]
pub struct Received<E> {
    /// Where the upload stands now.
    pub at: u64,
    /// How the body ended. What came before is kept in any case.
    pub ended: Result<(), Ended<E>>,
}

/// Why a body ended before its end.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub enum Ended<E> {
    /// It broke off.
    #[error("the body ended before its end")]
    Broken(E),
    /// It had more bytes than the blob has.
    #[error("more bytes than the blob has")]
    Beyond,
}

/// Why a body, or a part, was not taken. Parts that were counted before it stay.
#[derive(Debug, thiserror::Error)]
pub enum UploadError<E> {
    /// The store failed: nothing of this part is kept.
    #[error("the object store failed: {0}")]
    Store(#[from] StoreError),
    /// The application's database failed.
    #[error("the index of parts failed")]
    Index(E),
    /// Somebody else was faster: the upload stands here.
    #[error("the upload stands at {0}")]
    StandsAt(u64),
}

impl Blobs {
    /// Parts in any object store. `draw` gives random bytes for names of parts.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        draw: impl Fn() -> [u8; 8] + Send + Sync + 'static,
    ) -> Self {
        Self {
            store,
            draw: Arc::new(draw),
        }
    }

    /// Parts in a local directory, on the disk before they count.
    ///
    /// # Errors
    /// When the directory does not exist.
    pub fn in_folder(
        folder: &FilePath,
        draw: impl Fn() -> [u8; 8] + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let store = LocalFileSystem::new_with_prefix(folder)?
            .with_fsync(true)
            .with_automatic_cleanup(true);
        Ok(Self::new(Arc::new(store), draw))
    }

    /// Parts in a bucket of S3, or of what speaks as S3 does.
    ///
    /// # Errors
    /// [`S3Error`]. Nothing is asked of the server yet: see [`check`](Self::check).
    pub fn in_s3(
        s3: &S3,
        draw: impl Fn() -> [u8; 8] + Send + Sync + 'static,
    ) -> Result<Self, S3Error> {
        let store = PrefixStore::new(s3.store()?, s3.prefix.as_str());
        Ok(Self::new(Arc::new(store), draw))
    }

    /// Writes, reads and forgets a few bytes, so that a server that cannot does not start.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn check(&self) -> Result<(), StoreError> {
        let place = Path::from(format!("check-{}", PartName::of((self.draw)()).as_str()));
        let said = Bytes::from_static(b"wardseal");
        self.store.put(&place, said.clone().into()).await?;
        let read = self.store.get_range(&place, 0..8).await?;
        self.store.delete(&place).await?;
        if read == said {
            Ok(())
        } else {
            Err(StoreError::Generic {
                store: "blobs",
                source: "the store gave other bytes than it was given".into(),
            })
        }
    }

    /// Writes a part. It does not count yet: add it to the index, or [`discard`](Self::discard) it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn put(&self, blob: &BlobName, start: u64, bytes: Bytes) -> Result<Part, StoreError> {
        let part = Part {
            start,
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            name: PartName::of((self.draw)()),
        };
        self.store.put(&place(blob, &part), bytes.into()).await?;
        Ok(part)
    }

    /// Forgets a part that does not count. When that fails it is left over until the blob is removed.
    pub async fn discard(&self, blob: &BlobName, part: &Part) {
        if let Err(error) = self.store.delete(&place(blob, part)).await {
            tracing::warn!(%error, "a part of an upload is left over");
        }
    }

    /// Takes in what is appended to an upload, part by part: at most [`PART`] bytes are in memory. What
    /// came before the body broke off is kept. That nothing comes for too long is for `body` to notice.
    ///
    /// # Errors
    /// [`UploadError`]; the index knows where the upload stands.
    pub async fn receive<I: Index, E>(
        &self,
        index: &I,
        blob: &BlobName,
        upload: Upload,
        body: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<Received<E>, UploadError<I::Error>> {
        pin_mut!(body);
        let mut at = upload.received;
        let mut gathered = BytesMut::new();
        let ended = loop {
            let mut data = match body.next().await {
                Some(Ok(data)) => data,
                Some(Err(error)) => break Err(Ended::Broken(error)),
                None => break Ok(()),
            };
            let ahead = gathered.len().saturating_add(data.len());
            if at.saturating_add(u64::try_from(ahead).unwrap_or(u64::MAX)) > upload.size {
                break Err(Ended::Beyond);
            }
            while !data.is_empty() {
                let room = PART.saturating_sub(gathered.len());
                gathered.extend_from_slice(&data.split_to(room.min(data.len())));
                if gathered.len() >= PART {
                    at = self
                        .count(index, blob, at, gathered.split().freeze())
                        .await?;
                }
            }
        };
        if !gathered.is_empty() {
            at = self.count(index, blob, at, gathered.freeze()).await?;
        }
        Ok(Received { at, ended })
    }

    /// Writes a part and counts it. Where the upload stands then.
    async fn count<I: Index>(
        &self,
        index: &I,
        blob: &BlobName,
        start: u64,
        bytes: Bytes,
    ) -> Result<u64, UploadError<I::Error>> {
        let part = self.put(blob, start, bytes).await?;
        let refused = match index.append(blob, &part).await {
            Ok(Counted::Yes) => return Ok(part.end()),
            Ok(Counted::StandsAt(at)) => UploadError::StandsAt(at),
            Err(error) => UploadError::Index(error),
        };
        self.discard(blob, &part).await;
        Err(refused)
    }

    /// The bytes of a range, in pieces of at most [`PART`]. Where a part is missing or is shorter than
    /// the index says, the stream ends with an error.
    pub fn read(
        &self,
        blob: &BlobName,
        parts: Vec<Part>,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static {
        let store = Arc::clone(&self.store);
        let blob = blob.clone();
        let pieces = parts.into_iter().filter_map(move |part| {
            let (first, last) = (range.start.max(part.start), range.end.min(part.end()));
            let within = first.saturating_sub(part.start)..last.saturating_sub(part.start);
            (first < last).then(|| (place(&blob, &part), within))
        });
        stream::iter(pieces).then(move |(place, within)| {
            let store = Arc::clone(&store);
            async move {
                let wanted = within.end.saturating_sub(within.start);
                let bytes = store.get_range(&place, within).await?;
                if u64::try_from(bytes.len()) == Ok(wanted) {
                    Ok(bytes)
                } else {
                    Err(StoreError::Generic {
                        store: "blobs",
                        source: io::Error::from(io::ErrorKind::UnexpectedEof).into(),
                    })
                }
            }
        })
    }

    /// Forgets everything of a blob, also parts that never counted. Forget it in the index first: who
    /// reads meanwhile gets an error, not half a file.
    ///
    /// # Errors
    /// Those of the store. What is left is removed by calling this again.
    pub async fn remove(&self, blob: &BlobName) -> Result<(), StoreError> {
        let folder = Path::from(blob.to_string());
        let found = self
            .store
            .list(Some(&folder))
            .map_ok(|object| object.location);
        self.store
            .delete_stream(found.boxed())
            .try_for_each(async |_| Ok(()))
            .await
    }
}

fn place(blob: &BlobName, part: &Part) -> Path {
    Path::from(format!("{blob}/{:012}-{}", part.start, part.name.as_str()))
}
