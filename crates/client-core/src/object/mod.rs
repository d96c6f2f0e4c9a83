//! Sealing and opening messages and files. The format is `spec/07-objects.md`.
//!
//! Encrypting much data is an effect: natively it runs on threads, in a browser WebCrypto does it
//! and is asynchronous. So there are two layers.
//!
//! - [`SealPlan`] and [`OpenPlan`] know the order of things and touch no content. For each frame
//!   they say how large it is ([`Frame`](wardseal_protocol::object::Frame)) and take what became of
//!   it. A host that does AES itself turns a frame into a [`SealJob`] or an [`OpenJob`], which lists
//!   the chunks with their nonces.
//! - [`seal_bytes`] and [`open_bytes`] do all of it for what fits in memory; `seal_stream` and
//!   `open_stream` for streams, with threads and in constant memory; [`RangeReader`] opens parts.
//!
//! # What is authentic when
//!
//! Content is released after its whole frame is authenticated by the session's key: it was written
//! by *some* member of the session and stands in its place. That the *author* wrote it and that
//! nothing is missing is known at the end, by a [`Complete`]; there is no other way to get one. So
//! content that goes to a file must go to a temporary file, which gets its name only after
//! `Complete` and is removed without one. [`RangeReader`] verifies the author first.

mod frame;
mod job;
mod open;
#[cfg(not(target_family = "wasm"))]
mod pipeline;
mod range;
mod seal;
#[cfg(test)]
mod tests;
mod whole;

pub use frame::{open_frame, seal_frame};
pub use job::{ChunkJob, OpenJob, SealJob, chunk_jobs};
pub use open::{Complete, Expected, OpenPlan};
#[cfg(not(target_family = "wasm"))]
pub use pipeline::{Watch, open_stream, read_prelude, seal_stream};
pub use range::{FetchFrame, RangeReader};
pub use seal::SealPlan;
use wardseal_crypto::CryptoError;
use wardseal_protocol::object::FormatError;
pub use whole::{open_bytes, seal_bytes, seal_planned};

/// Why an object is not sealed or not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The bytes end before the object does.
    #[error("the object is cut off: fetch it again")]
    Truncated,
    /// A length, an encoding, an order or a padding is wrong.
    #[error("the object is damaged: fetch it again")]
    Malformed,
    /// The bytes are of another format.
    #[error("these bytes are no sealed object")]
    NotOurs,
    /// The object is of a suite that this version does not know.
    #[error("the object is of a newer kind (suite {0}): update this program")]
    OtherSuite(u16),
    /// It does not decrypt: it was changed, or sealed with another key. Nothing tells which.
    #[error("the object was changed, or sealed with another key: fetch it again")]
    Rejected,
    /// The signature is not by the author's device over these bytes: somebody who can read the
    /// session, and nobody else, may have made it.
    #[error("the object is not by the author that it names: do not use it")]
    BadAuthor,
    /// It is a valid-looking object, but not the one asked for.
    #[error("this is another object, version, session or epoch than was asked for: do not use it")]
    WrongContext,
    /// Larger than the format allows.
    #[error("the object is larger than the format allows: seal it in parts")]
    TooLarge,
    /// The content has another length than was announced.
    #[error("the content has another length than was announced: seal it again")]
    WrongLength,
    /// A plan was used out of order, or after a failure or its end.
    #[error("sealing or opening was used out of order: start again")]
    OutOfOrder,
    /// The random source is broken; nothing was sealed.
    #[error("the random source is broken: use another machine")]
    Randomness,
    /// The caller cancelled.
    #[error("it was cancelled: begin again")]
    Cancelled,
    /// Reading or writing failed.
    #[error("reading or writing failed: try again")]
    Io(#[from] std::io::Error),
}

impl ObjectError {
    /// Every code that [`ObjectError::code`] gives.
    pub const CODES: &'static [&'static str] = &[
        "object_truncated",
        "object_malformed",
        "not_an_object",
        "object_other_suite",
        "object_rejected",
        "object_bad_author",
        "object_wrong_context",
        "object_too_large",
        "object_wrong_length",
        "object_out_of_order",
        "crypto",
        "cancelled",
        "io",
    ];

    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Truncated => "object_truncated",
            Self::Malformed => "object_malformed",
            Self::NotOurs => "not_an_object",
            Self::OtherSuite(_) => "object_other_suite",
            Self::Rejected => "object_rejected",
            Self::BadAuthor => "object_bad_author",
            Self::WrongContext => "object_wrong_context",
            Self::TooLarge => "object_too_large",
            Self::WrongLength => "object_wrong_length",
            Self::OutOfOrder => "object_out_of_order",
            Self::Randomness => "crypto",
            Self::Cancelled => "cancelled",
            Self::Io(_) => "io",
        }
    }
}

impl From<FormatError> for ObjectError {
    fn from(error: FormatError) -> Self {
        match error {
            FormatError::Truncated => Self::Truncated,
            FormatError::NotOurs => Self::NotOurs,
            FormatError::OtherSuite(suite) => Self::OtherSuite(suite),
            FormatError::TooLarge => Self::TooLarge,
            _ => Self::Malformed,
        }
    }
}

impl From<CryptoError> for ObjectError {
    fn from(error: CryptoError) -> Self {
        match error {
            CryptoError::Randomness => Self::Randomness,
            CryptoError::InvalidLength => Self::Malformed,
            _ => Self::Rejected,
        }
    }
}
