//! Attacks, by what the attacker does. Which row of the matrix each answers stands in `spec/attacks.md`.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

mod directory;
mod escrow;
mod groups;
mod log;
mod mutations;
mod network;
mod objects;
mod passwords;
mod recovery;
mod schema;
mod theft;
