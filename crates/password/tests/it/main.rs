//! The password layer from the outside: both servers, honest and hostile.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod dictionary;
mod hostile;
mod rfc9807;
mod round_trip;
mod world;
