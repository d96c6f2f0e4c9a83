//! The stores of Wardseal's servers in memory, for tests of applications: [`MemoryStore`] of the key
//! server, and [`MemoryVaultStore`] of the vault. They keep nothing when they are dropped, need no
//! file and no thread, and pass the suites that every store must pass.
//!
//! Tables are shared until they are written: whoever reads keeps what was there when he began, and a
//! unit of work that is dropped leaves nothing behind. A write copies the tables that it touches,
//! which is cheap for the tens of thousands of rows that a test makes, and nothing for a server.

mod codes;
mod keys;
mod tables;
mod vault;

pub use keys::MemoryStore;
pub use vault::MemoryVaultStore;
