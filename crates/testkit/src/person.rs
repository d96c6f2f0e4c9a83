//! People and devices with private keys.

use chacha20::ChaCha20Rng;
use rand_core::{CryptoRng, SeedableRng};
use wardseal_crypto::{kem::KemSecretKey, label, secret::Secret, sign::HybridSigningKey};
use wardseal_protocol::{
    keys::{DeviceKeys, DeviceKind, possession_message},
    op::NewDevice,
    statement::Author,
};
use wardseal_types::{BoxedBytes, DeviceId, MemberId, TenantId, UserId};

/// A random source that the seed determines.
#[must_use]
pub fn seeded(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// A secret drawn from `rng`.
#[must_use]
pub fn secret(rng: &mut dyn CryptoRng) -> Secret<32> {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    Secret::from_bytes(bytes)
}

/// A device with its private keys.
#[derive(Debug)]
pub struct Device {
    /// Hash of the public keys.
    pub id: DeviceId,
    /// Public keys.
    pub keys: DeviceKeys,
    /// Signs.
    pub sign: HybridSigningKey,
    /// Opens boxes of the user ring.
    pub kem: KemSecretKey,
}

impl Device {
    /// A new device.
    #[must_use]
    pub fn new(kind: DeviceKind, rng: &mut dyn CryptoRng) -> Self {
        let (classical, lattice) = (secret(rng), secret(rng));
        let sign = HybridSigningKey::from_seeds(&classical, &lattice);
        let kem = KemSecretKey::from_seed(&secret(rng)).expect("32 bytes are a seed");
        let public = sign.public().to_bytes().try_into();
        let keys = DeviceKeys {
            kind,
            sign: BoxedBytes(public.expect("a public key has its length")),
            kem: BoxedBytes::from(*kem.public().as_bytes()),
        };
        Self {
            id: keys.id(),
            keys,
            sign,
            kem,
        }
    }

    /// The device as a member of its user's ring.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        MemberId::Device(self.id)
    }

    /// Public keys and proof of possession, for a statement that enters this device.
    #[must_use]
    pub fn enters(&self, tenant: &TenantId, user: &UserId) -> NewDevice {
        let message = possession_message(tenant, user, &self.id);
        let proof = self.sign.sign(label::STATEMENT_POP, &message);
        let proof = proof.expect("signing works").to_bytes().try_into();
        NewDevice {
            keys: self.keys.clone(),
            proof: BoxedBytes(proof.expect("a signature has its length")),
        }
    }
}

/// A user with devices.
#[derive(Debug)]
pub struct Person {
    /// The user.
    pub id: UserId,
    /// The first device, which signs unless a test says otherwise.
    pub device: Device,
}

impl Person {
    /// The person as a member of groups and sessions.
    #[must_use]
    pub const fn member(&self) -> MemberId {
        MemberId::User(self.id)
    }

    /// The first device as the author of statements.
    #[must_use]
    pub const fn author(&self) -> Author {
        Author::Device(self.id, self.device.id)
    }
}
