//! The stores of Wardseal's servers in SQLite: [`SqliteStore`] of the key server, and
//! [`SqliteVaultStore`] of the vault. Each is a file of its own.
//!
//! Migrations are numbered, and only ever added; `migrations/*/schema.sql` is what they make
//! together, for people to read. A database that a newer version has migrated is refused.

mod codes;
mod keys;
mod schema;
mod vault;

pub use keys::{SqliteStore, keys_schema};
pub use schema::OpenError;
pub use vault::{SqliteVaultStore, vault_schema};
