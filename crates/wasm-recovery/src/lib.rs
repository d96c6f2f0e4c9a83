//! Passwords for JavaScript, loaded when somebody types one: bindings, no logic. What goes to which
//! server is said in `crates/wasm`, which this never talks to: the two are apart so that a page
//! that asks for no password does not load this.

#![cfg(target_family = "wasm")]

pub mod password;
pub mod refusals;
