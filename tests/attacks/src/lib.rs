//! A network that lies and servers that forge, around real clients and real servers.
//!
//! A [`World`] is a tenant with real servers. [`Somebody`] in it has the client that applications
//! use, over a [`Network`] that a test may turn against him, and a [`Disk`] that can be compared
//! before and after. A [`Forge`] is the key server with its own keys, saying what it likes. The
//! [`Ledger`] writes down to which keys honest clients ever sealed.

#![expect(
    clippy::expect_used,
    reason = "only tests use this crate; a broken fixture must stop them where it broke"
)]

mod disk;
mod forge;
mod ledger;
mod network;
mod world;

pub use disk::Disk;
pub use forge::Forge;
pub use ledger::Ledger;
pub use network::{Exchange, Network};
pub use world::{Known, Somebody, World};
