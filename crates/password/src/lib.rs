//! Passwords for Wardseal: what a person types becomes a key that no single server can guess.
//!
//! A password passes through two servers of two operators:
//!
//! 1. [`password`]: normalised as an `OpaqueString` (RFC 8265), refused by [`strength`] if trivial.
//! 2. [`oprf`]: hardened by the key server's verifiable oblivious pseudorandom function (RFC 9497).
//!    The key server sees a blinded point and learns nothing; it counts and limits the evaluations.
//! 3. [`opaque`]: the hardened password is the input of OPAQUE (RFC 9807) at the vault, stretched by
//!    Argon2id under a floor compiled into the client ([`ksf`]). The result is an export key that
//!    the vault never sees.
//!
//! Whoever holds the vault's complete database lacks the key server's output, and whoever holds the
//! key server's seed lacks a verifier: neither can run a dictionary alone. Both together can.
//!
//! The crate speaks bytes and depends on no other crate of the project, because its cryptographic
//! dependencies are one generation older than the rest (see its README). Randomness is a parameter.

#![no_std]

extern crate alloc;

mod labels;
mod nfc;
mod rng;
mod secret;

pub mod ksf;
pub mod opaque;
pub mod oprf;
pub mod password;
pub mod strength;

pub use secret::SecretBytes;
