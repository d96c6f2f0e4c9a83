//! What Wardseal's servers answer, from a request to its answer, whatever carries the two.
//!
//! Operations come from `wardseal-api`: method, path, bodies and problems stand there once, and the
//! routes, the OpenAPI document and [`Api`] are made of one list ([`keys::operations`] and
//! [`vault::operations`]). `wardseal-server-http` puts sockets, limits of time and number, and
//! headers around it. [`Api`] answers on the caller's turn, for hosts that have no threads.
//!
//! No identifier is written to the log: the addresses hold none, and bodies are never logged.

mod answer;
mod body;
mod convert;
mod escrow;
mod failure;
pub mod keys;
pub mod routes;
pub mod vault;

use std::{fmt, sync::Arc};

use wardseal_server_domain::{keys::KeyService, vault::VaultService};
use wardseal_types::Clock;

pub use answer::{Answer, Api, Outcome, Request};
pub use body::{bearer, json_only, parse, text, too_large};
pub use failure::Failure;

/// What a process is and says of itself, in either role.
pub struct About {
    /// What signatures of sign-in name as their audience.
    pub audience: String,
    /// What clients compare their own clocks with.
    pub clock: Arc<dyn Clock>,
    /// The key server, if this process is one.
    pub keys: Option<Arc<KeyService>>,
    /// The vault, if this process is one.
    pub vault: Option<Arc<VaultService>>,
}

impl fmt::Debug for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("About")
            .field("audience", &self.audience)
            .field("keys", &self.keys.is_some())
            .field("vault", &self.vault.is_some())
            .finish_non_exhaustive()
    }
}
