//! The rules of Wardseal Transfer for the page: bindings, no logic.

#![cfg(target_family = "wasm")]
