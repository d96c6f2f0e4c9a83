//! What the servers of Wardseal do, without HTTP and without SQL.
//!
//! [`keys`] is the key server: chains, boxes, names, sign-in and its half of a password. [`log`]
//! orders what it accepts, [`tenants`] says for whom it works, and [`storage`] is what it asks of a
//! database. The rules themselves live in `wardseal-protocol`, which clients run too.
//!
//! Nothing here reads a clock or draws randomness that it is not given.

pub mod codes;
mod error;
pub mod escrow;
pub mod keys;
pub mod limit;
pub mod log;
pub mod post;
mod random;
mod secrets;
pub mod storage;
pub mod tenants;
pub mod vault;

pub use error::DomainError;
pub use random::RandomSource;
pub use secrets::{KeyServerSecrets, SecretsError};
pub use wardseal_protocol::binding::TokenError;
