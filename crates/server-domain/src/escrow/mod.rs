//! The key server's part in escrow: it keeps what is sealed for people who do not exist yet, and
//! releases its share to whoever carries their name by then. See `spec/11-escrow.md`.
//!
//! Alone the share opens nothing: the other one is the tenant's. A deposit comes in with the
//! statement that names it (`deposit`), and goes in the same transaction as the statement that ends
//! it; otherwise it expires. What is left is who it was for, what became of it, and a signed receipt.

mod codes;
#[cfg(feature = "conformance")]
pub mod conformance;
pub(crate) mod deposit;
mod service;
mod storage;

use std::fmt;

use wardseal_crypto::{
    CryptoError, kdf,
    kem::{KemPublicKey, KemSecretKey},
    label,
    secret::Secret,
    sign::HybridSigningKey,
};
use wardseal_protocol::{
    escrow,
    keys::{HYBRID_SIGNATURE, KEM_PUBLIC, LogKey},
    ring::Epoch,
};
use wardseal_types::{BoxedBytes, FixedBytes, MemberId};

use crate::{secrets::KeyServerSecrets, storage::NameRecord};

pub use codes::{COUNTS_FOR, CodeFinished, CodeStarted};
pub use service::{Deposits, Listed, Release, ReleaseRefusal, Released, ShareRef, State, Status};
pub use storage::{CodeErrand, EscrowSnapshot, EscrowUnit, Fate, PendingRecord, ReleaseRecord};

/// The escrow key of a key server, and the proof that it is that server's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EscrowKeyInfo {
    /// X-Wing public key.
    pub key: BoxedBytes<KEM_PUBLIC>,
    /// Signature by the log key, Ed25519 and ML-DSA-65.
    pub signature: BoxedBytes<HYBRID_SIGNATURE>,
}

/// The key server's part in escrow. All of it is derived from the secrets in the file beside the
/// database, so that a stolen database opens no share.
pub(crate) struct Own {
    pub(crate) key: KemSecretKey,
    /// What terms name the key by.
    pub(crate) fingerprint: FixedBytes<32>,
    /// Under which addresses are recognised.
    pub(crate) addresses: Secret<32>,
    info: EscrowKeyInfo,
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Own(redacted)")
    }
}

impl Own {
    /// Derives it, and signs the public half.
    ///
    /// # Errors
    /// None in practice: [`CryptoError`] when signing fails.
    pub(crate) fn new(
        secrets: &KeyServerSecrets,
        log_key: &HybridSigningKey,
        public_log_key: &BoxedBytes<1984>,
    ) -> Result<Self, CryptoError> {
        let key = KemSecretKey::from_seed(&kdf::derive(&secrets.mac, label::ESCROW_SERVER, &[]))?;
        let public = BoxedBytes::from(*key.public().as_bytes());
        let log = LogKey {
            sign: public_log_key.clone(),
        };
        let message = escrow::key_message(&log, public.as_array());
        let signature = log_key.sign(label::ESCROW_KEY, &message)?;
        Ok(Self {
            fingerprint: escrow::key_hash(public.as_array()),
            addresses: kdf::derive(&secrets.mac, label::ADDRESS_MAC, &[]),
            info: EscrowKeyInfo {
                key: public,
                signature: signature
                    .to_bytes()
                    .try_into()
                    .map(BoxedBytes)
                    .map_err(|_| CryptoError::InvalidLength)?,
            },
            key,
        })
    }

    pub(crate) const fn info(&self) -> &EscrowKeyInfo {
        &self.info
    }
}

/// The key of a ring to which shares are sealed.
pub(crate) struct MemberKey {
    pub(crate) epoch: u32,
    pub(crate) public: KemPublicKey,
}

impl MemberKey {
    /// The key of an epoch; `None` for one that publishes none.
    pub(crate) fn of(epoch: &Epoch) -> Option<Self> {
        let public = KemPublicKey::from_bytes(epoch.kem.as_ref()?.as_array()).ok()?;
        Some(Self {
            epoch: epoch.number,
            public,
        })
    }
}

/// Whose a name is.
pub(crate) fn owner(name: &NameRecord) -> MemberId {
    name.holder.into()
}
