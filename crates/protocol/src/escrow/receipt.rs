//! Receipts: what the parties of an escrow sign when they release or erase, and the statement that
//! they carry.

use wardseal_crypto::{
    CryptoError, SUITE, label,
    sign::{Ed25519Signature, Ed25519SigningKey, HybridPublicKey},
};
use wardseal_types::{
    FixedBytes, KeyId, MemberId, PendingId, SessionId, TenantId, Timestamp, cbor_array, cbor_index,
    cbor_map,
};

use super::{Party, Policy, Terms};
use crate::{
    cbor,
    keys::{LogKey, TenantKey, verify_ed25519},
    ring::BoxRef,
};

/// What both parties of an escrow sign in the same way, each with the message of its own side.
macro_rules! signed_by_parties {
    ($name:ident, $label:expr) => {
        impl $name {
            /// Signs it for a party: by the Ed25519 half of the log key, or by a token key.
            #[must_use]
            pub fn sign(&self, party: Party, key: &Ed25519SigningKey) -> FixedBytes<64> {
                signed(key, $label, &self.message(party))
            }

            /// Verifies the key server's signature.
            ///
            /// # Errors
            /// [`CryptoError::Rejected`], [`CryptoError::InvalidKey`].
            pub fn verify_server(
                &self,
                log: &LogKey,
                signature: &FixedBytes<64>,
            ) -> Result<(), CryptoError> {
                let message = self.message(Party::Keys);
                verify_by_log(log, $label, &message, signature)
            }

            /// Verifies the tenant's signature.
            ///
            /// # Errors
            /// [`CryptoError::Rejected`], [`CryptoError::InvalidKey`] when `key` is no token key.
            pub fn verify_tenant(
                &self,
                key: &TenantKey,
                signature: &FixedBytes<64>,
            ) -> Result<(), CryptoError> {
                let message = self.message(Party::Tenant);
                verify_by_token_key(key, $label, &message, signature)
            }
        }
    };
}

/// What a party says when it releases its share: to whom, of which seed, and that its policy is
/// met.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Receipt {
    /// The tenant.
    pub tenant: TenantId,
    /// The session.
    pub session: SessionId,
    /// The pending recipient.
    pub pending: PendingId,
    /// Who claims.
    pub member: MemberId,
    /// Commitment of the seed that was in escrow.
    pub commitment: FixedBytes<32>,
    /// The policy that was met.
    pub policy: Policy,
}

impl Receipt {
    fn message(&self, party: Party) -> Vec<u8> {
        cbor::encode(&(
            SUITE,
            self.tenant,
            self.session,
            self.pending,
            self.member,
            self.commitment,
            self.policy,
            party,
        ))
    }
}

signed_by_parties!(Receipt, label::ESCROW_RECEIPT);

/// Why a share was erased.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Cause {
    /// It was claimed.
    Claimed,
    /// The grant was revoked.
    Revoked,
    /// Its time was over.
    Expired,
    /// The session has a new seed.
    Superseded,
}

cbor_index!(Cause {
    1: Claimed,
    2: Revoked,
    3: Expired,
    4: Superseded,
});

/// What a party says when it has erased its share. That it has kept no copy is its word.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Erasure {
    /// The tenant.
    pub tenant: TenantId,
    /// The session.
    pub session: SessionId,
    /// The pending recipient.
    pub pending: PendingId,
    /// Commitment of the seed that was in escrow.
    pub commitment: FixedBytes<32>,
    /// Why.
    pub cause: Cause,
    /// When.
    pub time: Timestamp,
}

impl Erasure {
    fn message(&self, party: Party) -> Vec<u8> {
        cbor::encode(&(
            SUITE,
            self.tenant,
            self.session,
            self.pending,
            self.commitment,
            self.cause,
            self.time,
            party,
        ))
    }
}

signed_by_parties!(Erasure, label::ESCROW_ERASURE);

fn signed(key: &Ed25519SigningKey, label: label::Label, message: &[u8]) -> FixedBytes<64> {
    let signature: Ed25519Signature = key.sign(label, message);
    FixedBytes(*signature.as_bytes())
}

fn verify_by_log(
    log: &LogKey,
    label: label::Label,
    message: &[u8],
    signature: &FixedBytes<64>,
) -> Result<(), CryptoError> {
    let key = HybridPublicKey::from_bytes(log.sign.as_array())?;
    verify_ed25519(key.ed25519().as_bytes(), label, message, signature)
}

fn verify_by_token_key(
    key: &TenantKey,
    label: label::Label,
    message: &[u8],
    signature: &FixedBytes<64>,
) -> Result<(), CryptoError> {
    let TenantKey::Token(key) = key else {
        return Err(CryptoError::InvalidKey);
    };
    verify_ed25519(key.as_array(), label, message, signature)
}

/// A receipt of the tenant, with the token key that signed it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TenantReceipt {
    /// The token key.
    pub key: KeyId,
    /// Its signature over the [`Receipt`].
    pub signature: FixedBytes<64>,
}

cbor_array!(TenantReceipt { key, signature });

/// A pending recipient becomes a user or group, with the same rights, in the present epoch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim {
    /// The terms, which name the pending recipient.
    pub terms: Terms,
    /// Who takes its place: a user or group that carries the name of the terms.
    pub member: MemberId,
    /// Its box.
    pub entry: BoxRef,
    /// The key server's signature over the [`Receipt`].
    pub server: Option<FixedBytes<64>>,
    /// The tenant's.
    pub tenant: Option<TenantReceipt>,
}

cbor_map!(Claim {
    0: terms,
    1: member,
    2: entry,
    3: server,
    4: tenant,
});
