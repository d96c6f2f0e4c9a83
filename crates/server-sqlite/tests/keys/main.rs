//! The key server over SQLite: what it does, for whom, and what it refuses.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "../directory/mod.rs"]
mod directory;
mod place;
mod world;

mod appends;
mod batches;
mod changes;
mod days;
mod escrow;
mod fetches;
mod listings;
mod logs;
mod names;
mod passwords;
mod sign_ins;
mod sign_ups;
