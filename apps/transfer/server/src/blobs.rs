//! Sealed blobs: which of their parts count is said by the database.

use std::sync::Arc;

use wardseal_blobs::{BlobName, Counted, Index, Part};

use crate::{app::App, failure::Failure, id::Id, store::blobs};

/// Bytes of a blob, at most.
pub const MOST_BYTES: u64 = 2 << 30;

/// The name of a blob in the store.
pub(crate) fn name(blob: Id) -> Result<BlobName, Failure> {
    // 26 letters and digits are a name.
    blob.to_string().parse().map_err(Failure::internal)
}

/// The parts that count, in the database.
#[derive(Clone, Debug)]
pub(crate) struct Rows(pub(crate) Arc<App>);

impl Rows {
    fn id(blob: &BlobName) -> Result<Id, Failure> {
        blob.to_string().parse().map_err(Failure::internal)
    }
}

impl Index for Rows {
    type Error = Failure;

    async fn append(&self, blob: &BlobName, part: &Part) -> Result<Counted, Failure> {
        let id = Self::id(blob)?;
        let part = part.clone();
        self.0
            .blocking(move |app| app.store.write(|tx| blobs::append(tx, id, &part)))
            .await
    }

    async fn parts(&self, blob: &BlobName) -> Result<Vec<Part>, Failure> {
        let id = Self::id(blob)?;
        self.0.read(move |tx| blobs::parts(tx, id)).await
    }
}
