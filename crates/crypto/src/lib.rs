#![doc = include_str!("../README.md")]

pub mod aead;
pub mod chunked;
mod error;
pub mod hash;
#[cfg(feature = "hazmat")]
pub mod hazmat;
pub mod kdf;
pub mod kem;
pub mod label;
pub mod merkle;
pub mod padding;
mod random;
pub mod secret;
pub mod sign;
pub mod wrap;

pub use error::CryptoError;

/// The identifier of this suite. Every object carries it and nothing negotiates it.
pub const SUITE: u16 = 1;
