//! A device's private keys, and how they are kept.

use rand_core::CryptoRng;
use wardseal_api::DeviceProof;
use wardseal_crypto::{
    CryptoError,
    kem::KemSecretKey,
    label,
    secret::Secret,
    sign::{Ed25519SigningKey, HybridSigningKey},
};
use wardseal_protocol::{
    binding,
    cbor::{self, DecodeError},
    certificate::Certificate,
    keys::{DeviceKeys, DeviceKind, possession_message},
    op::NewDevice,
    ring::Seed,
    statement::{Author, Body, Statement},
};
use wardseal_types::{
    Base64Url, BoxedBytes, ChainKind, DeviceId, FixedBytes, TenantId, Timestamp, UserId, cbor_map,
    limits,
};
use zeroize::Zeroizing;

use crate::error::{Error, Misuse};

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

/// Who somebody is on a machine until the day is over: a key that a password or passkey device
/// certified. The keys of the device itself are not here.
#[derive(Debug)]
pub struct DayIdentity {
    /// The tenant.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
    /// The device for which the key speaks.
    pub device: DeviceId,
    /// Lets it speak.
    pub certificate: Certificate,
    key: Ed25519SigningKey,
    /// The epoch of the user's ring whose seed is kept.
    pub epoch: u32,
    /// That seed. Older ones hang on its ladder; newer ones it does not open.
    pub seed: Seed,
}

struct DayRecord {
    tenant: TenantId,
    user: UserId,
    device: DeviceId,
    certificate: Certificate,
    key: FixedBytes<32>,
    epoch: u32,
    seed: FixedBytes<32>,
}

cbor_map!(DayRecord {
    0: tenant,
    1: user,
    2: device,
    3: certificate,
    4: key,
    5: epoch,
    6: seed,
});

impl DayIdentity {
    /// Whether the certificate covers this time.
    #[must_use]
    pub fn covers(&self, time: Timestamp) -> bool {
        (self.certificate.from..=self.certificate.until).contains(&time)
    }

    /// All of it as bytes, to be sealed at once.
    #[must_use]
    pub fn to_secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(cbor::encode(&DayRecord {
            tenant: self.tenant,
            user: self.user,
            device: self.device,
            certificate: self.certificate,
            key: FixedBytes(*self.key.seed().expose()),
            epoch: self.epoch,
            seed: FixedBytes(*self.seed.secret().expose()),
        }))
    }

    /// Reads what [`to_secret_bytes`](Self::to_secret_bytes) wrote.
    ///
    /// # Errors
    /// [`DecodeError`] for anything else.
    pub fn from_secret_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let record: DayRecord = cbor::decode(bytes, 1024)?;
        Ok(Self {
            tenant: record.tenant,
            user: record.user,
            device: record.device,
            certificate: record.certificate,
            key: Ed25519SigningKey::from_seed(&Secret::from_bytes(record.key.0)),
            epoch: record.epoch,
            seed: Seed::from_secret(Secret::from_bytes(record.seed.0)),
        })
    }
}

/// Who speaks: a device, or for it the key of a day.
#[derive(Clone, Copy, Debug)]
pub struct Speaker<'a> {
    /// The tenant.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    voice: Voice<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Voice<'a> {
    Device(&'a DeviceSecrets),
    Day(&'a DayIdentity),
}

impl<'a> From<&'a Identity> for Speaker<'a> {
    fn from(identity: &'a Identity) -> Self {
        Self {
            tenant: identity.tenant,
            user: identity.user,
            device: identity.device.id,
            voice: Voice::Device(&identity.device),
        }
    }
}

impl<'a> From<&'a DayIdentity> for Speaker<'a> {
    fn from(day: &'a DayIdentity) -> Self {
        Self {
            tenant: day.tenant,
            user: day.user,
            device: day.device,
            voice: Voice::Day(day),
        }
    }
}

impl<'a> Speaker<'a> {
    /// What opens boxes for the device; the key of a day opens none.
    #[must_use]
    pub const fn opener(&self) -> Option<&'a KemSecretKey> {
        match self.voice {
            Voice::Device(device) => Some(&device.kem),
            Voice::Day(_) => None,
        }
    }

    /// The certificate, if the key of a day speaks.
    #[must_use]
    pub const fn certificate(&self) -> Option<&'a Certificate> {
        match self.voice {
            Voice::Device(_) => None,
            Voice::Day(day) => Some(&day.certificate),
        }
    }

    /// What signs objects, statements of sessions, sign-ins and proofs.
    #[must_use]
    pub const fn signer(&self) -> &'a Ed25519SigningKey {
        match self.voice {
            Voice::Device(device) => device.sign.ed25519(),
            Voice::Day(day) => &day.key,
        }
    }

    /// Whom this signs as.
    #[must_use]
    pub const fn author(&self) -> Author {
        match self.voice {
            Voice::Device(_) => Author::Device(self.user, self.device),
            Voice::Day(day) => Author::Certified(self.user, self.device, day.certificate),
        }
    }

    /// Signs a statement.
    ///
    /// # Errors
    /// [`Misuse::PasswordNeeded`] for one of a user or group, when the key of a day speaks.
    pub fn sign(&self, body: Body) -> Result<Statement, Error> {
        match self.voice {
            Voice::Device(device) => Ok(body.sign(&device.sign)?),
            Voice::Day(_) if body.kind != ChainKind::Session => Err(Misuse::PasswordNeeded.into()),
            Voice::Day(day) => Ok(body.sign_session(&day.key)?),
        }
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
        let (tenant, user, device) = (self.tenant, self.user, self.device);
        let message =
            binding::sign_in_message(audience, &tenant, &user, &device, challenge.as_bytes());
        let signature = self.signer().sign(label::DEVICE_PROOF, &message);
        Ok(DeviceProof {
            tenant,
            user,
            device,
            audience: audience.to_owned(),
            challenge: challenge.to_owned(),
            signature: FixedBytes(*signature.as_bytes()),
            certificate: self.certificate_bytes(),
        })
    }

    /// The certificate as it goes along with a sign-in or a proof.
    #[must_use]
    pub fn certificate_bytes(&self) -> Option<Base64Url> {
        self.certificate()
            .map(|certificate| cbor::encode(certificate).into())
    }
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

    /// Proves to an application whose device this is: see [`Speaker::prove`].
    ///
    /// # Errors
    /// Those of [`Speaker::prove`].
    pub fn prove(&self, audience: &str, challenge: &str) -> Result<DeviceProof, Misuse> {
        Speaker::from(self).prove(audience, challenge)
    }

    /// Certifies a key that is drawn here and speaks for this device from now on until `until`,
    /// with the present seed of the user's ring, so that it opens what the user opens.
    ///
    /// # Errors
    /// [`Misuse::Invalid`] unless this is a password or passkey device, and
    /// [`CryptoError::Randomness`].
    pub fn certify(
        &self,
        (epoch, seed): (u32, Seed),
        from: Timestamp,
        until: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Result<DayIdentity, Error> {
        if !self.device.keys.kind.certifies() {
            return Err(Misuse::Invalid(
                "only a password or a passkey is kept for a day: this machine is a device already",
            )
            .into());
        }
        let key = Ed25519SigningKey::generate(rng)?;
        let whose = (&self.tenant, &self.user, &self.device.id);
        let signer = self.device.sign.ed25519();
        Ok(DayIdentity {
            tenant: self.tenant,
            user: self.user,
            device: self.device.id,
            certificate: Certificate::sign(signer, whose, &key.public(), from, until),
            key,
            epoch,
            seed,
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
