//! Public keys of devices and tenants, and the identifiers that are their hashes.
//! See `spec/01-names.md` and `spec/04-chains.md`.

use wardseal_crypto::{
    CryptoError, hash,
    kem::KemPublicKey,
    label,
    sign::{Ed25519PublicKey, Ed25519Signature, HybridPublicKey, HybridSignature},
};
use wardseal_types::{
    BoxedBytes, DeviceId, FixedBytes, KeyId, TenantId, cbor_choice, cbor_index, cbor_map, words,
};

use crate::cbor;

/// Length of an Ed25519 public key followed by an ML-DSA-65 public key.
pub const HYBRID_PUBLIC: usize = 1984;
/// Length of an Ed25519 signature followed by an ML-DSA-65 signature.
pub const HYBRID_SIGNATURE: usize = 3373;
/// Length of an X-Wing public key.
pub const KEM_PUBLIC: usize = 1216;

/// How a device's private keys are kept.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum DeviceKind {
    /// On a machine of the person's own.
    Ordinary,
    /// At the vault, sealed under a password. A recovery method is a device: whoever knows the
    /// password works with it from any machine.
    Password,
    /// At the vault, sealed under a code that lies in a drawer.
    Code,
    /// At the vault, sealed under what a passkey answers.
    Passkey,
    /// At the vault, sealed under two shares: one there, one at the tenant's server.
    TwoMan,
    /// At the vault, sealed under shares that administrators of a group hold.
    Organisation,
}

words!(DeviceKind {
    Ordinary: "device",
    Password: "password",
    Code: "code",
    Passkey: "passkey",
    TwoMan: "mail",
    Organisation: "organisation",
});

cbor_index!(DeviceKind {
    1: Ordinary,
    2: Password,
    3: Code,
    4: Passkey,
    5: TwoMan,
    6: Organisation,
});

impl DeviceKind {
    /// Whether such a device signs nothing but a recovery, in any chain. Others than the person
    /// could put its keys together, so it may not act for the person without leaving a trace.
    #[must_use]
    pub const fn only_recovers(self) -> bool {
        matches!(self, Self::Code | Self::TwoMan | Self::Organisation)
    }

    /// Whether such a device may certify a key for a day: one that is typed or touched at a
    /// machine which should not keep it.
    #[must_use]
    pub const fn certifies(self) -> bool {
        matches!(self, Self::Password | Self::Passkey)
    }
}

/// The public half of a device: what others verify and seal to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceKeys {
    /// How the private half is kept.
    pub kind: DeviceKind,
    /// Ed25519 and ML-DSA-65 public keys.
    pub sign: BoxedBytes<HYBRID_PUBLIC>,
    /// X-Wing public key, to which seeds of the user ring are sealed.
    pub kem: BoxedBytes<KEM_PUBLIC>,
}

cbor_map!(DeviceKeys {
    0: kind,
    1: sign,
    2: kem,
});

impl DeviceKeys {
    /// The hash of kind and keys.
    #[must_use]
    pub fn id(&self) -> DeviceId {
        DeviceId::from_bytes(hash::hash(label::ID_DEVICE, &[&cbor::encode(self)]))
    }

    /// The verification key.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`] when the bytes are no valid pair of keys.
    pub fn verifier(&self) -> Result<HybridPublicKey, CryptoError> {
        HybridPublicKey::from_bytes(self.sign.as_array())
    }

    /// The Ed25519 half of the verification key.
    #[must_use]
    pub fn ed25519(&self) -> [u8; 32] {
        let mut key = [0; 32];
        for (to, from) in key.iter_mut().zip(self.sign.as_array()) {
            *to = *from;
        }
        key
    }

    /// The key to seal to.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`] when the bytes are no valid X-Wing key.
    pub fn sealer(&self) -> Result<KemPublicKey, CryptoError> {
        KemPublicKey::from_bytes(self.kem.as_array())
    }
}

/// A public key of a tenant, with what it may do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TenantKey {
    /// Signs the tenant's chain. Ed25519 and ML-DSA-65; kept off-line.
    Root(BoxedBytes<HYBRID_PUBLIC>),
    /// Signs tokens that bind names to users. Ed25519; used by the application's server.
    Token(FixedBytes<32>),
    /// To which the tenant's share of an escrow is sealed; used by the application's server.
    Escrow(EscrowKey),
}

cbor_choice!(TenantKey {
    1: Root(key),
    2: Token(key),
    3: Escrow(key),
});

/// A tenant's part in escrow. See `spec/11-escrow.md`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EscrowKey {
    /// X-Wing public key.
    pub kem: BoxedBytes<KEM_PUBLIC>,
    /// Whether the tenant releases its share on its own word.
    pub assigned: Assigned,
}

cbor_map!(EscrowKey {
    0: kem,
    1: assigned,
});

impl EscrowKey {
    /// The key to seal to.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`] when the bytes are no valid X-Wing key.
    pub fn sealer(&self) -> Result<KemPublicKey, CryptoError> {
        KemPublicKey::from_bytes(self.kem.as_array())
    }
}

/// Whether a tenant takes part in escrow under the policy `assigned`, where its assignment of a
/// name is all that a recipient shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Assigned {
    /// It does not.
    Refused,
    /// It does.
    Taken,
}

cbor_index!(Assigned {
    0: Refused,
    1: Taken
});

impl TenantKey {
    /// The hash of purpose and key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::from_bytes(hash::hash(label::ID_KEY, &[&cbor::encode(self)]))
    }
}

/// The keys of the server that orders a tenant's statements, as the tenant's genesis names them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogKey {
    /// Ed25519 and ML-DSA-65 public keys that sign checkpoints.
    pub sign: BoxedBytes<HYBRID_PUBLIC>,
}

cbor_map!(LogKey { 0: sign });

/// A signature by a chain's author. Sessions are signed by Ed25519 alone, everything else by
/// Ed25519 and ML-DSA-65, and both must verify.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Signature {
    /// Ed25519.
    Classical(FixedBytes<64>),
    /// Ed25519 followed by ML-DSA-65.
    Hybrid(BoxedBytes<HYBRID_SIGNATURE>),
}

cbor_choice!(Signature {
    1: Classical(signature),
    2: Hybrid(signature),
});

/// Verifies a hybrid signature given as bytes.
pub(crate) fn verify_hybrid(
    key: &BoxedBytes<HYBRID_PUBLIC>,
    label: label::Label,
    message: &[u8],
    signature: &BoxedBytes<HYBRID_SIGNATURE>,
) -> Result<(), CryptoError> {
    HybridPublicKey::from_bytes(key.as_array())?.verify(
        label,
        message,
        &HybridSignature::from_bytes(signature.as_array())?,
    )
}

/// Verifies an Ed25519 signature given as bytes.
pub(crate) fn verify_ed25519(
    key: &[u8; 32],
    label: label::Label,
    message: &[u8],
    signature: &FixedBytes<64>,
) -> Result<(), CryptoError> {
    Ed25519PublicKey::from_bytes(*key)?.verify(
        label,
        message,
        &Ed25519Signature::from_bytes(*signature.as_array()),
    )
}

/// What a new device signs to prove that it holds the private halves of its keys, so that nobody
/// enters another's keys as his own.
#[must_use]
pub fn possession_message(
    tenant: &TenantId,
    user: &wardseal_types::UserId,
    device: &DeviceId,
) -> Vec<u8> {
    cbor::encode(&(wardseal_crypto::SUITE, *tenant, *user, *device))
}
