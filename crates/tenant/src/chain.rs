//! The tenant's chain. See `spec/04-chains.md`.

use rand_core::CryptoRng;
use wardseal_crypto::{CryptoError, secret::Secret, sign::HybridSigningKey};
use wardseal_protocol::{
    Refusal,
    keys::{HYBRID_PUBLIC, LogKey, TenantKey},
    op::Op,
    state::{ChainState, NOW, States, TenantState},
    statement::{Author, Body, Statement},
};
use wardseal_types::{BoxedBytes, FixedBytes, KeyId, TenantId, Timestamp};

use crate::{escrow::EscrowSecret, token::TokenKey};

/// Why a statement of a tenant was not made.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TenantError {
    /// The source of randomness is broken, or signing failed.
    #[error("cryptography failed on this machine: {0}")]
    Crypto(#[from] CryptoError),
    /// The statement would be refused.
    #[error("the tenant's chain would refuse this: {0}")]
    Refused(#[from] Refusal),
}

/// A key that signs the tenant's chain, with Ed25519 and ML-DSA-65. Keep it off-line.
#[derive(Debug)]
pub struct RootKey {
    signer: HybridSigningKey,
    public: TenantKey,
}

impl RootKey {
    /// Draws a key.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn generate(rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        Self::new(HybridSigningKey::generate(rng)?)
    }

    /// The key that these two seeds are: of Ed25519 and of ML-DSA-65.
    ///
    /// # Errors
    /// None in practice: the public key has the length that it has.
    pub fn from_seeds(ed25519: &Secret<32>, ml_dsa: &Secret<32>) -> Result<Self, CryptoError> {
        Self::new(HybridSigningKey::from_seeds(ed25519, ml_dsa))
    }

    fn new(signer: HybridSigningKey) -> Result<Self, CryptoError> {
        let public: [u8; HYBRID_PUBLIC] = signer
            .public()
            .to_bytes()
            .try_into()
            .map_err(|_| CryptoError::InvalidLength)?;
        Ok(Self {
            signer,
            public: TenantKey::Root(BoxedBytes::from(public)),
        })
    }

    /// The seeds of Ed25519 and ML-DSA-65, to be kept.
    #[must_use]
    pub fn to_seeds(&self) -> (Secret<32>, Secret<32>) {
        self.signer.to_seeds()
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &TenantKey {
        &self.public
    }

    /// The identifier.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.public.id()
    }
}

/// The genesis of a tenant whose statements the server with this log key will order.
///
/// The log key comes from the server that the tenant chooses (`ServerInfo::log_key`). From now on
/// clients accept no other.
///
/// # Errors
/// [`TenantError`].
pub fn found(
    root: &RootKey,
    token: &TokenKey,
    log_key: BoxedBytes<HYBRID_PUBLIC>,
    now: Timestamp,
    rng: &mut dyn CryptoRng,
) -> Result<(TenantId, Statement), TenantError> {
    found_with(root, token, None, log_key, now, rng)
}

/// The genesis of a tenant that takes part in escrow from the beginning.
///
/// # Errors
/// As [`found`].
pub fn found_with(
    root: &RootKey,
    token: &TokenKey,
    escrow: Option<&EscrowSecret>,
    log_key: BoxedBytes<HYBRID_PUBLIC>,
    now: Timestamp,
    rng: &mut dyn CryptoRng,
) -> Result<(TenantId, Statement), TenantError> {
    let nonce = Secret::<16>::generate(rng)?;
    let mut keys = vec![root.public.clone(), token.public()];
    keys.extend(escrow.map(EscrowSecret::public));
    let log = LogKey { sign: log_key };
    let op = Op::TenantCreate(FixedBytes(*nonce.expose()), keys, log);
    let statement =
        Body::genesis(None, Author::Tenant(root.id()), now, None, op).sign(&root.signer)?;
    // What the server would refuse is refused here.
    wardseal_protocol::fold::apply(None, &statement, 0, &States::default())?;
    Ok((statement.tenant(), statement))
}

/// One more key of the tenant.
///
/// # Errors
/// [`TenantError`].
pub fn add_key(
    state: &TenantState,
    root: &RootKey,
    key: TenantKey,
    now: Timestamp,
) -> Result<Statement, TenantError> {
    say(state, root, Op::TenantAddKey(key), now)
}

/// One key of the tenant less. A key that was revoked does not come back.
///
/// # Errors
/// [`TenantError`], for example when no root key would be left.
pub fn revoke_key(
    state: &TenantState,
    root: &RootKey,
    key: KeyId,
    now: Timestamp,
) -> Result<Statement, TenantError> {
    say(state, root, Op::TenantRevokeKey(key), now)
}

fn say(
    state: &TenantState,
    root: &RootKey,
    op: Op,
    now: Timestamp,
) -> Result<Statement, TenantError> {
    let statement = Body {
        chain: Some(FixedBytes(*state.id.as_bytes())),
        seq: state.head.seq.saturating_add(1),
        previous: Some(state.head.hash),
        ..Body::genesis(Some(state.id), Author::Tenant(root.id()), now, None, op)
    }
    .sign(&root.signer)?;
    let mut world = States::default();
    let before = ChainState::Tenant(state.clone());
    world.insert(before.clone());
    wardseal_protocol::fold::apply(Some(&before), &statement, NOW - 1, &world)?;
    Ok(statement)
}
