//! The blocks of Rust in the book are doc tests of this crate: compiled, and run against servers in the process.
//! `cargo xtask book` refuses a page with Rust that is not here.

#[cfg(doctest)]
#[doc = include_str!("../../src/quick-start/rust.md")]
struct QuickStart;
