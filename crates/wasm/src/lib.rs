//! The client for JavaScript: bindings, no logic. The SDK in `packages/sdk` puts them into the
//! form that an application uses.
//!
//! A `Core` is a client over a `Host`, a JavaScript object that sends
//! requests and keeps records. Bulk encryption stays outside: `Sealing` and
//! `Opening` say what is to be encrypted with which nonce, and WebCrypto does
//! it; where there is none, they do it themselves.

#![cfg(target_family = "wasm")]

pub mod changes;
pub mod core;
pub mod errors;
pub mod escrow;
pub mod host;
pub mod objects;
pub mod passwords;
pub mod recovery;
pub mod sessions;
pub mod values;
