//! A thief takes everything that one server has: its files, and the memory of its process while it
//! runs. For each server in turn; he opens nothing.
//!
//! The servers are the real programs. What is looked for is what people have: passwords, texts,
//! every private key and seed that a client drew, and the other party's shares. What the thief has
//! sealed is tried with every 32 bytes in a row of what he took.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

#[cfg(target_os = "linux")]
mod network;
#[cfg(target_os = "linux")]
mod story;

#[cfg(not(target_os = "linux"))]
#[test]
fn theft_of_a_server() {
    eprintln!("SKIPPED: the memory of a process is read from /proc, which only Linux has");
}
