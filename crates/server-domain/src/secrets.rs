//! What only the key server knows: it stands in a file beside the database, so that a stolen
//! database signs nothing and helps nobody guess passwords.

use rand_core::CryptoRng;
use wardseal_crypto::{
    CryptoError, hash,
    secret::{Secret, SecretBytes},
    sign::HybridSigningKey,
};
use wardseal_types::BoxedBytes;

/// Names the format and its version.
const MAGIC: &[u8; 16] = b"wardseal-keys-1\n";
const SECRET: usize = 32;
const CHECK: usize = 8;
const LENGTH: usize = MAGIC.len() + 4 * SECRET + CHECK;

/// Why a file holds no secrets.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretsError {
    /// It is no file of secrets, or one of a newer version.
    #[error("the file does not hold the secrets of a key server, or those of a newer version")]
    Unknown,
    /// It is one, but was changed or cut.
    #[error("the file of secrets is damaged: restore it from a backup")]
    Damaged,
}

/// The secrets of a key server, made at its first start. Whoever loses them loses the logs of all
/// tenants and every password.
#[derive(Debug)]
pub struct KeyServerSecrets {
    log_ed25519: Secret<32>,
    log_ml_dsa: Secret<32>,
    pub(crate) mac: Secret<32>,
    pub(crate) oprf: Secret<32>,
}

impl KeyServerSecrets {
    /// New secrets.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`] when the source is broken.
    pub fn generate(rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        Ok(Self {
            log_ed25519: Secret::generate(rng)?,
            log_ml_dsa: Secret::generate(rng)?,
            mac: Secret::generate(rng)?,
            oprf: Secret::generate(rng)?,
        })
    }

    /// The content of the file.
    #[must_use]
    pub fn to_bytes(&self) -> SecretBytes {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend(MAGIC);
        for secret in [&self.log_ed25519, &self.log_ml_dsa, &self.mac, &self.oprf] {
            bytes.extend(secret.expose());
        }
        let check = check(&bytes);
        bytes.extend(check);
        SecretBytes::from_vec(bytes)
    }

    /// Reads the content of the file.
    ///
    /// # Errors
    /// [`SecretsError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretsError> {
        if !bytes.starts_with(MAGIC) {
            return Err(SecretsError::Unknown);
        }
        let (content, found) = bytes
            .split_last_chunk::<CHECK>()
            .ok_or(SecretsError::Damaged)?;
        if bytes.len() != LENGTH || *found != check(content) {
            return Err(SecretsError::Damaged);
        }
        let mut secrets = content
            .get(MAGIC.len()..)
            .unwrap_or_default()
            .chunks(SECRET)
            .map(Secret::try_from_slice);
        let mut next = || {
            secrets
                .next()
                .and_then(Result::ok)
                .ok_or(SecretsError::Damaged)
        };
        Ok(Self {
            log_ed25519: next()?,
            log_ml_dsa: next()?,
            mac: next()?,
            oprf: next()?,
        })
    }

    /// The key that signs checkpoints.
    #[must_use]
    pub fn log_key(&self) -> HybridSigningKey {
        HybridSigningKey::from_seeds(&self.log_ed25519, &self.log_ml_dsa)
    }
}

/// The public half of a log's key as the genesis of a tenant names it.
///
/// # Errors
/// None in practice: a public key has its length.
pub(crate) fn public_log_key(key: &HybridSigningKey) -> Result<BoxedBytes<1984>, CryptoError> {
    let bytes = key.public().to_bytes().try_into();
    bytes
        .map(BoxedBytes)
        .map_err(|_| CryptoError::InvalidLength)
}

/// Against accidents, not against people: whoever can write the file can write this too.
fn check(content: &[u8]) -> [u8; CHECK] {
    let [a, b, c, d, e, f, g, h, ..] = hash::sha256(&[content]);
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> KeyServerSecrets {
        KeyServerSecrets {
            log_ed25519: Secret::from_bytes([1; SECRET]),
            log_ml_dsa: Secret::from_bytes([2; SECRET]),
            mac: Secret::from_bytes([3; SECRET]),
            oprf: Secret::from_bytes([4; SECRET]),
        }
    }

    #[test]
    fn the_file_keeps_every_secret_in_its_place() {
        let bytes = secrets().to_bytes();
        let read = KeyServerSecrets::from_bytes(bytes.expose()).unwrap();
        assert_eq!(read.log_ed25519.expose(), &[1; SECRET]);
        assert_eq!(read.log_ml_dsa.expose(), &[2; SECRET]);
        assert_eq!(read.mac.expose(), &[3; SECRET]);
        assert_eq!(read.oprf.expose(), &[4; SECRET]);
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let bytes = secrets().to_bytes();
        let good = bytes.expose();
        for at in 0..good.len() {
            let mut changed = good.to_vec();
            changed[at] ^= 1;
            let expected = if at < MAGIC.len() {
                SecretsError::Unknown
            } else {
                SecretsError::Damaged
            };
            assert_eq!(
                KeyServerSecrets::from_bytes(&changed).unwrap_err(),
                expected
            );
            assert!(KeyServerSecrets::from_bytes(&good[..at]).is_err());
        }
        let longer = [good, &[0]].concat();
        assert!(KeyServerSecrets::from_bytes(&longer).is_err());
    }

    #[test]
    fn nothing_secret_is_printed() {
        let text = format!("{:?}", secrets());
        assert!(!text.contains("[1, 1"), "{text}");
    }
}
