//! The HTTP face of Wardseal's servers.
//!
//! What is answered stands in `wardseal-server-api`; the routes and the OpenAPI document are made of
//! its list of operations. This crate adds what HTTP needs and nothing else: sockets, limits, tokens
//! in headers, cross-origin rules, time limits, an orderly end.
//!
//! No identifier is written to the log: the addresses hold none, and bodies are never logged.

mod app;
pub mod openapi;
mod operation;
mod server;

pub use app::{App, Origins};
pub use server::{Stop, serve};

// What a program needs to put a server together.
pub use wardseal_types::{Clock, TenantId, Timestamp};
