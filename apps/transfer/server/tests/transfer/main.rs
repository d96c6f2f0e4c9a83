//! The real server over HTTP, with the real key server and vault, real clients, and a mail server that delivers nothing.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a broken fixture must stop the test where it broke"
)]

mod access;
mod blobs;
mod browser;
mod bucket;
mod canary;
mod changes;
mod escrow;
mod facilities;
mod mail;
mod openapi;
mod program;
mod recovery;
mod site;
mod story;
mod theft;
mod web;
