//! The client without input and output.
//!
//! It never opens a socket, reads a clock or asks the system for randomness: those are parameters.
//! [`exchange`] turns operations of the API into requests and answers into typed results;
//! [`knowledge`] is what was verified of the answers; [`keyring`] finds seeds; [`compose`] makes
//! statements; [`history`] tells what they did; [`object`] seals and opens messages and files;
//! [`export`] carries keys of sessions to where there is no server; [`recovery`] is what opens a
//! person without a machine.

pub mod compose;
mod error;
pub mod exchange;
pub mod export;
pub mod history;
pub mod identity;
pub mod keyring;
pub mod knowledge;
pub mod object;
pub mod recovery;

pub use error::{Error, Failure, Misbehaviour, Misuse, TransportError};

/// What travels, for the crates above.
pub use wardseal_api as api;
/// The suite, for the crates above.
pub use wardseal_crypto as crypto;
/// The rules, for the crates above.
pub use wardseal_protocol as protocol;
/// Identifiers, for the crates above.
pub use wardseal_types as types;
