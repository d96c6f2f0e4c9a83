//! Identifiers, time, encodings and limits that every other crate of Wardseal uses.
//!
//! Nothing here knows cryptography, HTTP or SQL. See `spec/01-names.md`.

mod bytes;
pub mod cbor;
mod id;
pub mod json;
pub mod limits;
#[cfg(feature = "openapi")]
mod openapi;
mod sorted;
mod time;
mod words;

pub use bytes::{Base64Url, BoxedBytes, FixedBytes};
pub use id::{
    ChainId, ChainKind, DeviceId, GroupId, IdError, KeyId, MemberId, NamedId, ObjectId, PendingId,
    RingId, SessionId, StatementHash, TenantId, UserId,
};
pub use sorted::{SortedMap, SortedSet};
pub use time::{Clock, ManualClock, Timestamp};
