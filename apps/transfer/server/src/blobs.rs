//! Sealed blobs in an object store.
//!
//! A blob is a row in the database and a number of parts in the store, each written once under a
//! name that was drawn for it. A part counts when its row is committed, after the store has it: an
//! upload that is cut off anywhere goes on from the last part, and a store that can only write
//! whole objects is enough.

use std::{fmt, path::Path as FilePath, sync::Arc};

use axum::body::Bytes;
use data_encoding::HEXLOWER;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use object_store::{ObjectStore, ObjectStoreExt as _, local::LocalFileSystem, path::Path};

use crate::{failure::Failure, id::Id, random::Random, store::Part};

/// Bytes of a part, at most: what an upload holds in memory.
pub const PART: usize = 4 << 20;

/// Bytes of a blob, at most.
pub const MOST_BYTES: u64 = 2 << 30;

/// Parts of a blob, at most: enough for a connection that breaks every few hundred kilobytes, and
/// not for somebody who uploads byte by byte.
pub(crate) const MOST_PARTS: u64 = 8192;

/// Where the parts lie.
#[derive(Clone)]
pub struct Blobs(Arc<dyn ObjectStore>);

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blobs({})", self.0)
    }
}

impl Blobs {
    /// Parts in any object store.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self(store)
    }

    /// Parts in a local directory, on the disk before they count.
    ///
    /// # Errors
    /// When the directory does not exist.
    pub fn in_folder(folder: &FilePath) -> Result<Self, object_store::Error> {
        let store = LocalFileSystem::new_with_prefix(folder)?
            .with_fsync(true)
            .with_automatic_cleanup(true);
        Ok(Self(Arc::new(store)))
    }

    /// Writes a part.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn put(
        &self,
        blob: Id,
        start: u64,
        bytes: Bytes,
        random: &Random,
    ) -> Result<Part, Failure> {
        let part = Part {
            start,
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            name: HEXLOWER.encode(&random.bytes::<8>()),
        };
        self.0.put(&place(blob, &part), bytes.into()).await?;
        Ok(part)
    }

    /// Forgets a part that does not count.
    pub(crate) async fn discard(&self, blob: Id, part: &Part) {
        if let Err(error) = self.0.delete(&place(blob, part)).await {
            tracing::warn!(%error, "a part of an upload is left over");
        }
    }

    /// The bytes from `from` to before `to`, in pieces of at most [`PART`].
    pub(crate) fn read(
        &self,
        blob: Id,
        parts: Vec<Part>,
        from: u64,
        to: u64,
    ) -> impl Stream<Item = Result<Bytes, Failure>> + Send + 'static {
        let store = Arc::clone(&self.0);
        stream::iter(parts)
            .filter_map(move |part| async move {
                let end = part.start.saturating_add(part.size);
                let (first, last) = (from.max(part.start), to.min(end));
                (first < last).then(|| {
                    let range = first.saturating_sub(part.start)..last.saturating_sub(part.start);
                    (part, range)
                })
            })
            .then(move |(part, range)| {
                let store = Arc::clone(&store);
                async move {
                    store
                        .get_range(&place(blob, &part), range)
                        .await
                        .map_err(Failure::from)
                }
            })
    }

    /// Forgets everything of a blob, also parts that never counted.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn remove(&self, blob: Id) -> Result<(), Failure> {
        let folder = Path::from(blob.to_string());
        let mut found = self.0.list(Some(&folder));
        while let Some(object) = found.try_next().await? {
            self.0.delete(&object.location).await?;
        }
        Ok(())
    }
}

fn place(blob: Id, part: &Part) -> Path {
    Path::from(format!("{blob}/{:012}-{}", part.start, part.name))
}
