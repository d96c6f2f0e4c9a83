//! The servers over real HTTP: what every request is subject to, and every operation with its
//! problems.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::result_large_err,
    reason = "tests"
)]

mod browser;
mod escrow;
mod form;
mod hostile;
mod keys;
mod raw;
mod recovery;
mod refusals;
mod tenant;
mod vault;
mod world;
