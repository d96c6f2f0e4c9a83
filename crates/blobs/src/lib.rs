//! What an application's server adds to keep sealed files.
//!
//! A blob is a sealed object, as bytes. It lies as a number of parts in an object store (a folder,
//! S3), each written once and whole under a name that was drawn for it, and as rows in the
//! application's database, behind the trait [`Index`]. A part counts when its row is committed,
//! after the store has it. So an upload that is cut off anywhere goes on from the last part, two who
//! upload the same at once do not overwrite each other, and a store that can only write whole
//! objects is enough.
//!
//! HTTP is the application's: who may upload and read, how long blobs may be, how long uploads that
//! nobody finishes are kept. `docs/guides/files.md` describes the protocol that the SDK's `upload`
//! and `httpSource` speak; [`Blobs::receive`] is the work behind its `PATCH`, [`Blobs::read`] that
//! behind `GET` with `Range`.

mod blobs;
pub mod conformance;
mod index;
mod s3;

pub use blobs::{Blobs, Ended, MOST_PARTS, PART, Received, StoreError, UploadError};
pub use index::{BlobName, BlobNameError, Counted, Index, MemoryIndex, Part, PartName, Upload};
pub use s3::{Credentials, S3, S3Error};
