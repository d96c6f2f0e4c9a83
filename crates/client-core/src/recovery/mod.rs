//! Recovery methods, as far as they need nobody: how the keys of a method's device are sealed, and
//! what opens them. See `spec/10-recovery.md`.

mod code;
mod organisation;

use rand_core::CryptoRng;
use wardseal_crypto::{
    CryptoError, SUITE, chunked, hash, kdf,
    kem::{self, KemPublicKey, KemSecretKey},
    label,
    secret::Secret,
};
use wardseal_protocol::cbor;
use wardseal_types::{FixedBytes, TenantId, UserId};

use crate::identity::Identity;

pub use code::{BadCode, RecoveryCode, tag};
pub use organisation::{Administrator, HelpContext, OrganisationBox};

/// Seals the keys of a method's device, as the vault keeps them.
///
/// # Errors
/// [`CryptoError::Randomness`].
pub fn seal_identity(
    key: &Secret<32>,
    record: &FixedBytes<32>,
    identity: &Identity,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    chunked::seal(
        key,
        label::VAULT_IDENTITY,
        &identity_context(&identity.tenant, record),
        &identity.to_secret_bytes(),
        rng,
    )
}

/// Opens what [`seal_identity`] sealed.
///
/// # Errors
/// [`CryptoError::Rejected`] when it was sealed under another key, as another record, or for another
/// tenant.
pub fn open_identity(
    key: &Secret<32>,
    tenant: &TenantId,
    record: &FixedBytes<32>,
    sealed: &[u8],
) -> Result<Identity, CryptoError> {
    let context = identity_context(tenant, record);
    let opened = chunked::open(key, label::VAULT_IDENTITY, &context, sealed)?;
    let identity = Identity::from_secret_bytes(opened.expose());
    identity
        .ok()
        .filter(|identity| identity.tenant == *tenant)
        .ok_or(CryptoError::Rejected)
}

fn identity_context(tenant: &TenantId, record: &FixedBytes<32>) -> Vec<u8> {
    cbor::encode(&(SUITE, *tenant, *record))
}

/// What the secret of a code or passkey leads to.
#[derive(Debug)]
pub struct Located {
    /// What the vault asks for before it gives the record. It opens nothing.
    pub locator: FixedBytes<32>,
    /// Name of the record: whoever knows it does not know the locator.
    pub record: FixedBytes<32>,
    /// What seals the record.
    pub key: Secret<32>,
}

impl Located {
    /// By the secret, which is uniformly random and at least 20 bytes long.
    #[must_use]
    pub fn by(tenant: &TenantId, secret: &[u8]) -> Self {
        let tenant = tenant.as_bytes();
        let root = kdf::extract(tenant, &[secret]);
        let locator = kdf::derive::<32>(&root, label::RECOVERY_LOOKUP, tenant);
        Self {
            record: FixedBytes(hash::hash(label::RECOVERY_LOCATOR, &[locator.expose()])),
            locator: FixedBytes(*locator.expose()),
            key: kdf::derive(&root, label::RECOVERY_KEY, tenant),
        }
    }
}

/// What a passkey is asked to make its secret of. The same for every person of the tenant, so that
/// a passkey can be asked before anybody knows whose it is.
#[must_use]
pub fn passkey_input(tenant: &TenantId) -> [u8; 32] {
    hash::sha256(&[b"wardseal/v1/passkey-prf", tenant.to_string().as_bytes()])
}

/// The key of a two-man record, of the share of the tenant's server and that of the vault.
#[must_use]
pub fn two_man_key(
    tenant: &TenantId,
    user: &UserId,
    record: &FixedBytes<32>,
    tenant_share: &Secret<32>,
    vault_share: &Secret<32>,
) -> Secret<32> {
    let both: [&[u8]; 2] = [tenant_share.expose(), vault_share.expose()];
    let context = cbor::encode(&(SUITE, *tenant, *user, *record));
    kdf::derive(
        &kdf::extract(record.as_array(), &both),
        label::RECOVERY_SHARE,
        &context,
    )
}

/// Seals the vault's share to the client that began the attempt.
///
/// # Errors
/// [`CryptoError::Randomness`].
pub fn seal_release(
    to: &KemPublicKey,
    context: &ReleaseContext<'_>,
    share: &Secret<32>,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    kem::seal(
        to,
        label::RECOVERY_RELEASE,
        &context.bytes(),
        share.expose(),
        rng,
    )
}

/// Opens the share that the vault released.
///
/// # Errors
/// [`CryptoError::Rejected`] when it was released to another client, or in another attempt.
pub fn open_release(
    client: &KemSecretKey,
    context: &ReleaseContext<'_>,
    release: &[u8],
) -> Result<Secret<32>, CryptoError> {
    let opened = kem::open(client, label::RECOVERY_RELEASE, &context.bytes(), release)?;
    Secret::try_from_slice(opened.expose())
}

/// What a release of the vault is bound to.
#[derive(Clone, Copy, Debug)]
pub struct ReleaseContext<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// The user who recovers.
    pub user: &'a UserId,
    /// The record.
    pub record: &'a FixedBytes<32>,
    /// The attempt.
    pub attempt: &'a FixedBytes<32>,
}

impl ReleaseContext<'_> {
    fn bytes(&self) -> Vec<u8> {
        cbor::encode(&(SUITE, *self.tenant, *self.user, *self.record, *self.attempt))
    }
}

#[cfg(test)]
mod tests;
