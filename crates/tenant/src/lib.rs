//! What an application's own server adds to Wardseal: the tenant's chain, tokens that say which
//! user a name means, and a [`Directory`] of the tenant's people, who log in at the application by
//! a signature of their device.
//!
//! Two kinds of keys, on purpose apart. A [`RootKey`] signs the tenant's chain: rarely, and best on
//! a machine that is not connected. A [`TokenKey`] signs tokens: every day, on the application's
//! server. Whoever steals a token key can bind names that are not bound yet, and see who is in which
//! group, until the root key revokes it; he reads no content.

mod chain;
mod directory;
mod escrow;
mod proof;
pub mod recovery;
mod token;

pub use chain::{RootKey, TenantError, add_key, found, found_with, revoke_key};
pub use directory::{Directory, Inquiry, Progress, Recovered};
pub use escrow::{
    DeskError, EscrowDesk, EscrowSecret, Gone, KeptShare, MAX_SHARES, REMEMBERED, ShareStore,
    SharesInMemory,
};
pub use proof::{ProofError, ends as proof_ends};
pub use token::{
    ACCESS_LIFETIME, GroupNameRequest, NameRequest, RecoveryRequest, TOKEN_LIFETIME, TokenKey,
};
/// What travels, for applications.
pub use wardseal_api as api;
pub use wardseal_api::DeviceProof;
pub use wardseal_client_core::{
    Error, Misbehaviour,
    exchange::{HttpRequest, HttpResponse},
    protocol::{
        escrow::Cause,
        keys::{Assigned, DeviceKind},
        op::{Method, Role},
        state,
    },
};
/// Keys are made of secrets, for applications.
pub use wardseal_crypto as crypto;
/// Identifiers, for applications.
pub use wardseal_types as types;
