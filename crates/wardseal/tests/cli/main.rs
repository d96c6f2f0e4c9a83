//! The commands of people and operators: what they do, what they say, and what they end with.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

mod escrow;
mod exports;
mod files;
mod messages;
mod people;
mod recovery;
mod story;
mod surroundings;

use surroundings::{Place, Said};
