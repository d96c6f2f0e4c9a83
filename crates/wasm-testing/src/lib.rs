//! Key server, vault and a tenant in memory, for tests in JavaScript: the platform of
//! `@wardseal/testing`.
//!
//! [`Platform`] is the servers themselves, over stores in memory and a clock that moves when told to;
//! requests are answered on the caller's turn. It compiles for every target. The bindings, which
//! exist on WebAssembly alone, hand it requests and take its answers.

#[cfg(target_family = "wasm")]
pub mod bindings;
mod mailbox;
mod platform;
mod tenant;

pub use mailbox::{Mail, Mailbox};
pub use platform::{KEYS, Platform, PlatformError, TENANT, VAULT, problem};
pub use tenant::SignError;
