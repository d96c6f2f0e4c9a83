//! The vault's half: OPAQUE (RFC 9807) with ristretto255, SHA-512, 3DH and Argon2id.
//!
//! | Message | Bytes |
//! |---|---|
//! | registration request | 32 |
//! | registration response | 64 |
//! | upload, and the record that the vault keeps | 9 (Argon2id parameters) + 192 |
//! | KE1 | 96 |
//! | KE2 | 9 (Argon2id parameters) + 320 |
//! | KE3 | 64 |
//!
//! Two things stand beside RFC 9807. The Argon2id parameters travel in front of record and KE2, and
//! enter the application context, `"wardseal/v1/password" ‖ parameters`. The input is never a bare
//! password but a [`HardenedPassword`](crate::oprf::HardenedPassword).

mod client;
mod server;

pub use client::{ClientError, LoggedIn, Login, Registered, Registration};
pub use server::{Record, ServerError, ServerLogin, ServerSetup};

use alloc::vec::Vec;
use core::fmt;

use opaque_ke::{CipherSuite, TripleDh};
use sha2::Sha512;

use crate::ksf::{KsfParams, Stretch};
use crate::labels;

/// Length of a registration request in bytes.
pub const REGISTRATION_REQUEST_LEN: usize = 32;
/// Length of a registration response in bytes.
pub const REGISTRATION_RESPONSE_LEN: usize = 64;
/// Length of an upload, and of the record made of it, in bytes.
pub const RECORD_LEN: usize = KsfParams::LEN + 192;
/// Length of the client's first sign-in message in bytes.
pub const KE1_LEN: usize = 96;
/// Length of the vault's answer in bytes.
pub const KE2_LEN: usize = KsfParams::LEN + 320;
/// Length of the client's last message in bytes.
pub const KE3_LEN: usize = 64;

/// The one configuration; it is not negotiated.
pub(crate) struct Suite;

impl CipherSuite for Suite {
    type OprfCs = voprf::Ristretto255;
    type KeyExchange = TripleDh<opaque_ke::Ristretto255, Sha512>;
    type Ksf = Stretch;
}

/// Who signs in where: both enter the envelope and the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identities<'a> {
    /// The account, as client and vault name it; at most 65535 bytes.
    pub client: &'a [u8],
    /// The deployment, as client and vault name it; at most 65535 bytes.
    pub server: &'a [u8],
}

impl<'a> Identities<'a> {
    const fn as_opaque(&self) -> opaque_ke::Identifiers<'a> {
        opaque_ke::Identifiers {
            client: Some(self.client),
            server: Some(self.server),
        }
    }
}

/// The vault's long-term public key: clients pin it in their configuration.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ServerPublicKey([u8; 32]);

impl ServerPublicKey {
    /// Takes a pinned key. It is compared, never computed with, so any bytes are accepted.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The encoded element.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Debug for ServerPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerPublicKey(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

fn context(params: KsfParams) -> Vec<u8> {
    [labels::OPAQUE_CONTEXT, &params.to_bytes()].concat()
}

fn with_params(params: KsfParams, message: &[u8]) -> Vec<u8> {
    [&params.to_bytes(), message].concat()
}

fn array_of(bytes: &[u8]) -> Option<[u8; 64]> {
    bytes.try_into().ok()
}
