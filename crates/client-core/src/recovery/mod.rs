//! Recovery methods, as far as they need nobody: how the keys of a method's device are sealed, and
//! what opens them. See `spec/10-recovery.md`.

mod code;
mod organisation;

use rand_core::CryptoRng;
use wardseal_crypto::{CryptoError, SUITE, chunked, hash, kdf, label, secret::Secret};
use wardseal_protocol::{cbor, vault::locator_record};
use wardseal_types::{FixedBytes, TenantId, UserId};

use crate::identity::Identity;

pub use code::{BadCode, RecoveryCode};
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
        let locator = FixedBytes(*locator.expose());
        Self {
            record: locator_record(&locator),
            locator,
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

#[cfg(test)]
mod tests;
