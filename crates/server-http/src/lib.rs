//! The HTTP face of Wardseal's servers.
//!
//! Operations come from `wardseal-api`: method, path, bodies and problems stand there once, and the
//! routes and the OpenAPI document are made of one list (`keys` and `vault`). This crate adds
//! what HTTP needs and nothing else: limits, problem documents, tokens in headers, cross-origin
//! rules, time limits, an orderly end.
//!
//! No identifier is written to the log: the addresses hold none, and bodies are never logged.

mod app;
mod convert;
mod escrow;
mod failure;
mod keys;
pub mod openapi;
mod operation;
mod routes;
mod server;
mod vault;

pub use app::{App, Origins};
pub use server::{Stop, serve};

// What a program needs to put a server together.
pub use wardseal_types::{Clock, TenantId, Timestamp};
