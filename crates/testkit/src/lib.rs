//! A seeded world for tests: the same seed makes the same keys, statements and boxes, byte for byte.
//!
//! [`Town`] is a tenant with a log in memory, people with real keys, and shorthand for every kind of
//! statement. What it appends goes through [`admission`](wardseal_protocol::admission) and
//! [`fold`](wardseal_protocol::fold), so a test that starts from a town starts from a state that
//! both ends accept. To test a refusal, build a statement with [`Town::op_add`] and its siblings,
//! spoil it, and look at [`Town::judge`].

#![expect(
    clippy::expect_used,
    reason = "only tests use this crate; a broken fixture must stop them where it broke"
)]

mod escrow;
#[cfg(feature = "servers")]
mod hostile;
#[cfg(feature = "servers")]
mod mailbox;
mod person;
#[cfg(feature = "servers")]
mod servers;
mod town;

pub use escrow::Escrow;
#[cfg(feature = "servers")]
pub use hostile::{Change, Fault, HostileProxy};
#[cfg(feature = "servers")]
pub use mailbox::Mailbox;
#[cfg(feature = "servers")]
pub use servers::{ServerOptions, Servers};

pub use person::{Device, Person, secret, seeded};
pub use town::{Town, root_key, token_key};
