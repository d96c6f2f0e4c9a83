//! What the protocol accepts and refuses, from outside.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a broken fixture must stop the test where it broke"
)]

mod chain;
mod claims;
mod domains;
mod escrow;
mod log;
mod nesting;
mod refusals;
mod rings;
mod stale;
mod tables;
mod tokens;
