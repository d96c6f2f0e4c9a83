//! A device's private keys, and how they are kept.

use rand_core::CryptoRng;
use wardseal_api::DeviceProof;
use wardseal_crypto::{
    CryptoError, kem::KemSecretKey, label, secret::Secret, sign::HybridSigningKey,
};
use wardseal_protocol::{
    binding,
    cbor::{self, DecodeError},
    keys::{DeviceKeys, DeviceKind, possession_message},
    op::NewDevice,
    statement::Author,
};
use wardseal_types::{BoxedBytes, DeviceId, FixedBytes, TenantId, UserId, cbor_map, limits};
use zeroize::Zeroizing;

use crate::error::Misuse;

/// The private half of a device.
#[derive(Debug)]
pub struct DeviceSecrets {
    keys: DeviceKeys,
    id: DeviceId,
    sign: HybridSigningKey,
    kem: KemSecretKey,
}

impl DeviceSecrets {
    /// Draws a device's keys.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn generate(kind: DeviceKind, rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        Self::new(
            kind,
            HybridSigningKey::generate(rng)?,
            KemSecretKey::generate(rng)?,
        )
    }

    fn new(
        kind: DeviceKind,
        sign: HybridSigningKey,
        kem: KemSecretKey,
    ) -> Result<Self, CryptoError> {
        let public = sign.public().to_bytes().try_into();
        let keys = DeviceKeys {
            kind,
            sign: BoxedBytes(public.map_err(|_| CryptoError::InvalidLength)?),
            kem: BoxedBytes::from(*kem.public().as_bytes()),
        };
        Ok(Self {
            id: keys.id(),
            keys,
            sign,
            kem,
        })
    }

    /// The public half.
    #[must_use]
    pub const fn keys(&self) -> &DeviceKeys {
        &self.keys
    }

    /// The identifier.
    #[must_use]
    pub const fn id(&self) -> DeviceId {
        self.id
    }

    /// What signs.
    #[must_use]
    pub const fn signer(&self) -> &HybridSigningKey {
        &self.sign
    }

    /// What opens boxes.
    #[must_use]
    pub const fn opener(&self) -> &KemSecretKey {
        &self.kem
    }

    /// This device as one that enters a user's chain, with the proof that its keys exist.
    ///
    /// # Errors
    /// [`CryptoError`] when signing fails.
    pub fn introduce(&self, tenant: &TenantId, user: &UserId) -> Result<NewDevice, CryptoError> {
        let message = possession_message(tenant, user, &self.id);
        let proof = self.sign.sign(label::STATEMENT_POP, &message)?;
        let proof = proof.to_bytes().try_into();
        Ok(NewDevice {
            keys: self.keys.clone(),
            proof: BoxedBytes(proof.map_err(|_| CryptoError::InvalidLength)?),
        })
    }
}

/// Who somebody is on this machine.
#[derive(Debug)]
pub struct Identity {
    /// The tenant.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
    /// The device.
    pub device: DeviceSecrets,
}

struct IdentityRecord {
    tenant: TenantId,
    user: UserId,
    kind: DeviceKind,
    ed25519: FixedBytes<32>,
    ml_dsa: FixedBytes<32>,
    kem: FixedBytes<32>,
}

cbor_map!(IdentityRecord {
    0: tenant,
    1: user,
    2: kind,
    3: ed25519,
    4: ml_dsa,
    5: kem,
});

impl Identity {
    /// Whom this identity signs as.
    #[must_use]
    pub const fn author(&self) -> Author {
        Author::Device(self.user, self.device.id)
    }

    /// Proves to an application that this device is in its user's chain: signs `challenge`, which
    /// the application's server drew, for the application at `audience` alone. No other application
    /// and no server of ours accepts it.
    ///
    /// # Errors
    /// [`Misuse::Invalid`] for an audience or challenge that is empty or longer than
    /// [`MAX_CHALLENGE`](limits::MAX_CHALLENGE).
    pub fn prove(&self, audience: &str, challenge: &str) -> Result<DeviceProof, Misuse> {
        if [audience, challenge]
            .iter()
            .any(|text| text.is_empty() || text.len() > limits::MAX_CHALLENGE)
        {
            return Err(Misuse::Invalid(
                "an audience and a challenge have 1 to 1024 bytes each",
            ));
        }
        let (tenant, user, device) = (self.tenant, self.user, self.device.id);
        let message =
            binding::sign_in_message(audience, &tenant, &user, &device, challenge.as_bytes());
        let signer = self.device.sign.ed25519();
        let signature = signer.sign(label::DEVICE_PROOF, &message);
        Ok(DeviceProof {
            tenant,
            user,
            device,
            audience: audience.to_owned(),
            challenge: challenge.to_owned(),
            signature: FixedBytes(*signature.as_bytes()),
        })
    }

    /// All of it as bytes, to be sealed at once.
    #[must_use]
    pub fn to_secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        let (ed25519, ml_dsa) = self.device.sign.to_seeds();
        Zeroizing::new(cbor::encode(&IdentityRecord {
            tenant: self.tenant,
            user: self.user,
            kind: self.device.keys.kind,
            ed25519: FixedBytes(*ed25519.expose()),
            ml_dsa: FixedBytes(*ml_dsa.expose()),
            kem: FixedBytes(*self.device.kem.seed().expose()),
        }))
    }

    /// Reads what [`to_secret_bytes`](Self::to_secret_bytes) wrote.
    ///
    /// # Errors
    /// [`DecodeError`] for anything else.
    pub fn from_secret_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let record: IdentityRecord = cbor::decode(bytes, 1024)?;
        let sign = HybridSigningKey::from_seeds(
            &Secret::from_bytes(record.ed25519.0),
            &Secret::from_bytes(record.ml_dsa.0),
        );
        let device = KemSecretKey::from_seed(&Secret::from_bytes(record.kem.0))
            .and_then(|kem| DeviceSecrets::new(record.kind, sign, kem))
            .map_err(|_| DecodeError::Malformed)?;
        Ok(Self {
            tenant: record.tenant,
            user: record.user,
            device,
        })
    }
}
