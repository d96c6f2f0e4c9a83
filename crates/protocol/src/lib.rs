//! Statements, chains, rings and boxes: the rules that both ends check.
//!
//! The server refuses a bad statement with the same function with which the client refuses a bad
//! server: [`fold::apply`]. Nothing here does input or output, knows the time or draws randomness
//! that it is not given. The chapters of `spec/` say the same in words.

pub mod access;
pub mod admission;
pub mod binding;
pub mod cbor;
pub mod certificate;
pub mod escrow;
pub mod fold;
pub mod keys;
pub mod log;
pub mod object;
pub mod op;
mod reach;
pub mod recovery;
mod refusal;
pub mod ring;
mod ring_rules;
pub mod state;
pub mod statement;
pub mod vault;

pub use refusal::Refusal;
