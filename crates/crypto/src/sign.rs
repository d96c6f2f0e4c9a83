//! Signatures: Ed25519 (RFC 8032, strict), and Ed25519 with ML-DSA-65 (FIPS 204), of which both must verify.
//!
//! What is signed is always `label ‖ 0x00 ‖ message`; ML-DSA also takes the label as its context string. The Ed25519 half
//! of a hybrid key is usable alone, where the protocol says so.

use core::fmt;

use ed25519_dalek::Signer;
use ml_dsa::{Keypair, MlDsa65};
use rand_core::CryptoRng;

use crate::{CryptoError, label::Label, secret::Secret};

/// Bytes of an Ed25519 signature.
pub const ED25519_SIGNATURE: usize = 64;
/// Bytes of an ML-DSA-65 public key.
pub const ML_DSA_PUBLIC_KEY: usize = 1952;
/// Bytes of an ML-DSA-65 signature.
pub const ML_DSA_SIGNATURE: usize = 3309;
/// Bytes of a hybrid public key: Ed25519, then ML-DSA-65.
pub const HYBRID_PUBLIC_KEY: usize = 32 + ML_DSA_PUBLIC_KEY;
/// Bytes of a hybrid signature: Ed25519, then ML-DSA-65.
pub const HYBRID_SIGNATURE: usize = ED25519_SIGNATURE + ML_DSA_SIGNATURE;

/// The prime 2^255 - 19, little-endian: a y-coordinate from here on is not reduced.
const LOWEST_BYTE_OF_P: u8 = 0xed;

/// An Ed25519 signing key. Erased when dropped.
#[derive(Clone)]
pub struct Ed25519SigningKey(ed25519_dalek::SigningKey);

impl Ed25519SigningKey {
    /// The key that a seed stands for. Every seed is valid.
    #[must_use]
    pub fn from_seed(seed: &Secret<32>) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed.expose()))
    }

    /// Draws a key.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`] when the source is plainly broken.
    pub fn generate(rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        Ok(Self::from_seed(&Secret::generate(rng)?))
    }

    /// The seed, for storing the key.
    #[must_use]
    pub fn seed(&self) -> Secret<32> {
        Secret::from_bytes(*self.0.as_bytes())
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> Ed25519PublicKey {
        Ed25519PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs `label ‖ 0x00 ‖ message`.
    #[must_use]
    pub fn sign(&self, label: Label, message: &[u8]) -> Ed25519Signature {
        self.sign_raw(&label.frame(message))
    }

    /// Signs `message` as it is: for formats of others that bring their own separation of domains
    /// (JSON Web Signatures, C2SP notes), and only with keys that sign nothing else unlabelled.
    #[must_use]
    pub fn sign_unlabelled(&self, message: &[u8]) -> Ed25519Signature {
        self.sign_raw(message)
    }

    fn sign_raw(&self, framed: &[u8]) -> Ed25519Signature {
        Ed25519Signature(self.0.sign(framed).to_bytes())
    }
}

impl fmt::Debug for Ed25519SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ed25519SigningKey(redacted)")
    }
}

/// An Ed25519 public key, checked: on the curve, canonically encoded, not of small order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ed25519PublicKey([u8; 32]);

impl Ed25519PublicKey {
    /// Checks and takes an encoded key.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`] when it is not a key that anybody could have generated.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, CryptoError> {
        if !is_reduced(&bytes) {
            return Err(CryptoError::InvalidKey);
        }
        let key =
            ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| CryptoError::InvalidKey)?;
        if key.is_weak() {
            Err(CryptoError::InvalidKey)
        } else {
            Ok(Self(bytes))
        }
    }

    /// The encoding (RFC 8032 section 5.1.2).
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks a signature over `label ‖ 0x00 ‖ message`, strictly: no second encoding of a signature is accepted.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] when it does not verify.
    pub fn verify(
        &self,
        label: Label,
        message: &[u8],
        signature: &Ed25519Signature,
    ) -> Result<(), CryptoError> {
        self.verify_raw(&label.frame(message), signature)
    }

    /// Checks a signature by [`Ed25519SigningKey::sign_unlabelled`], strictly.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] when it does not verify.
    pub fn verify_unlabelled(
        &self,
        message: &[u8],
        signature: &Ed25519Signature,
    ) -> Result<(), CryptoError> {
        self.verify_raw(message, signature)
    }

    fn verify_raw(&self, framed: &[u8], signature: &Ed25519Signature) -> Result<(), CryptoError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&self.0)
            .map_err(|_| CryptoError::InvalidKey)?;
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        key.verify_strict(framed, &signature)
            .map_err(|_| CryptoError::Rejected)
    }
}

impl fmt::Debug for Ed25519PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_start(f, "Ed25519PublicKey", &self.0)
    }
}

/// Whether the y-coordinate of an encoded point is below the prime (RFC 8032 section 5.1.3).
fn is_reduced(encoded: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = encoded;
    !(last & 0x7f == 0x7f && middle.iter().all(|byte| *byte == 0xff) && *first >= LOWEST_BYTE_OF_P)
}

/// An Ed25519 signature, as received: nothing is checked before it is verified.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ed25519Signature([u8; ED25519_SIGNATURE]);

impl Ed25519Signature {
    /// Takes an encoded signature.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; ED25519_SIGNATURE]) -> Self {
        Self(bytes)
    }

    /// Takes an encoded signature out of a slice.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] unless it has [`ED25519_SIGNATURE`] bytes.
    pub fn try_from_slice(bytes: &[u8]) -> Result<Self, CryptoError> {
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| CryptoError::InvalidLength)
    }

    /// The encoding.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; ED25519_SIGNATURE] {
        &self.0
    }
}

impl fmt::Debug for Ed25519Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_start(f, "Ed25519Signature", &self.0)
    }
}

/// An Ed25519 and an ML-DSA-65 signing key that sign together. Erased when dropped.
///
/// Making one expands the ML-DSA key, about half a millisecond natively.
#[derive(Clone)]
pub struct HybridSigningKey {
    ed25519: Ed25519SigningKey,
    ml_dsa: Box<ml_dsa::SigningKey<MlDsa65>>,
    public: HybridPublicKey,
}

impl HybridSigningKey {
    /// The key that two independent seeds stand for. Every pair is valid.
    #[must_use]
    pub fn from_seeds(ed25519: &Secret<32>, ml_dsa: &Secret<32>) -> Self {
        let ed25519 = Ed25519SigningKey::from_seed(ed25519);
        let ml_dsa = Box::new(ml_dsa::SigningKey::<MlDsa65>::from_seed(
            ml_dsa.expose().into(),
        ));
        let public = HybridPublicKey {
            ed25519: ed25519.public(),
            ml_dsa: Box::new(ml_dsa.verifying_key().encode().into()),
        };
        Self {
            ed25519,
            ml_dsa,
            public,
        }
    }

    /// Draws a key.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`] when the source is plainly broken.
    pub fn generate(rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        let ed25519 = Secret::generate(rng)?;
        let ml_dsa = Secret::generate(rng)?;
        Ok(Self::from_seeds(&ed25519, &ml_dsa))
    }

    /// The seeds (Ed25519, ML-DSA), for storing the key.
    #[must_use]
    pub fn to_seeds(&self) -> (Secret<32>, Secret<32>) {
        (
            self.ed25519.seed(),
            Secret::from_bytes((*self.ml_dsa.as_seed()).into()),
        )
    }

    /// The Ed25519 half, for what the protocol signs with Ed25519 alone.
    #[must_use]
    pub const fn ed25519(&self) -> &Ed25519SigningKey {
        &self.ed25519
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> &HybridPublicKey {
        &self.public
    }

    /// Signs `label ‖ 0x00 ‖ message` with both keys. ML-DSA signs deterministically (FIPS 204 section 3.4), so that
    /// signing needs no random source and gives the same bytes everywhere.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] for a label of more than 255 bytes, of which there are none.
    pub fn sign(&self, label: Label, message: &[u8]) -> Result<HybridSignature, CryptoError> {
        let framed = label.frame(message);
        let ml_dsa = self
            .ml_dsa
            .expanded_key()
            .sign_deterministic(&framed, label.as_str().as_bytes());
        Ok(HybridSignature {
            ed25519: self.ed25519.sign_raw(&framed),
            ml_dsa: Box::new(
                ml_dsa
                    .map_err(|_| CryptoError::InvalidLength)?
                    .encode()
                    .into(),
            ),
        })
    }
}

impl fmt::Debug for HybridSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HybridSigningKey(redacted)")
    }
}

/// An Ed25519 and an ML-DSA-65 public key, of which both must verify.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HybridPublicKey {
    ed25519: Ed25519PublicKey,
    ml_dsa: Box<[u8; ML_DSA_PUBLIC_KEY]>,
}

impl HybridPublicKey {
    /// Checks and takes an encoded key: Ed25519, then ML-DSA-65 (of which every encoding is valid).
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] unless it has [`HYBRID_PUBLIC_KEY`] bytes; [`CryptoError::InvalidKey`] as in
    /// [`Ed25519PublicKey::from_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let (ed25519, ml_dsa) = bytes
            .split_first_chunk()
            .ok_or(CryptoError::InvalidLength)?;
        let ml_dsa: &[u8; ML_DSA_PUBLIC_KEY] =
            ml_dsa.try_into().map_err(|_| CryptoError::InvalidLength)?;
        Ok(Self {
            ed25519: Ed25519PublicKey::from_bytes(*ed25519)?,
            ml_dsa: Box::new(*ml_dsa),
        })
    }

    /// The encoding, [`HYBRID_PUBLIC_KEY`] bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.ed25519.0.as_slice(), self.ml_dsa.as_slice()].concat()
    }

    /// The Ed25519 half.
    #[must_use]
    pub const fn ed25519(&self) -> &Ed25519PublicKey {
        &self.ed25519
    }

    /// The ML-DSA-65 half, encoded (FIPS 204 algorithm 22).
    #[must_use]
    pub fn ml_dsa(&self) -> &[u8; ML_DSA_PUBLIC_KEY] {
        &self.ml_dsa
    }

    /// Checks a signature over `label ‖ 0x00 ‖ message`: both halves must verify.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] when one does not.
    pub fn verify(
        &self,
        label: Label,
        message: &[u8],
        signature: &HybridSignature,
    ) -> Result<(), CryptoError> {
        let framed = label.frame(message);
        self.ed25519.verify_raw(&framed, &signature.ed25519)?;
        ml_dsa_verify(
            &self.ml_dsa,
            label.as_str().as_bytes(),
            &framed,
            &signature.ml_dsa,
        )
    }
}

impl fmt::Debug for HybridPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_start(f, "HybridPublicKey", &self.ed25519.0)
    }
}

/// A hybrid signature, as received: nothing is checked before it is verified.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HybridSignature {
    ed25519: Ed25519Signature,
    ml_dsa: Box<[u8; ML_DSA_SIGNATURE]>,
}

impl HybridSignature {
    /// Takes an encoded signature: Ed25519, then ML-DSA-65.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] unless it has [`HYBRID_SIGNATURE`] bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let (ed25519, ml_dsa) = bytes
            .split_first_chunk()
            .ok_or(CryptoError::InvalidLength)?;
        let ml_dsa: &[u8; ML_DSA_SIGNATURE] =
            ml_dsa.try_into().map_err(|_| CryptoError::InvalidLength)?;
        Ok(Self {
            ed25519: Ed25519Signature(*ed25519),
            ml_dsa: Box::new(*ml_dsa),
        })
    }

    /// The encoding, [`HYBRID_SIGNATURE`] bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.ed25519.0.as_slice(), self.ml_dsa.as_slice()].concat()
    }

    /// The Ed25519 half.
    #[must_use]
    pub const fn ed25519(&self) -> &Ed25519Signature {
        &self.ed25519
    }
}

impl fmt::Debug for HybridSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_start(f, "HybridSignature", &self.ed25519.0)
    }
}

/// ML-DSA-65 verification (FIPS 204 algorithm 3).
pub(crate) fn ml_dsa_verify(
    key: &[u8; ML_DSA_PUBLIC_KEY],
    context: &[u8],
    message: &[u8],
    signature: &[u8; ML_DSA_SIGNATURE],
) -> Result<(), CryptoError> {
    let key = ml_dsa::VerifyingKey::<MlDsa65>::decode(key.into());
    let signature =
        ml_dsa::Signature::<MlDsa65>::decode(signature.into()).ok_or(CryptoError::Rejected)?;
    if key.verify_with_context(message, context, &signature) {
        Ok(())
    } else {
        Err(CryptoError::Rejected)
    }
}

/// The name and the first bytes: enough to tell two apart in a log.
fn debug_start(f: &mut fmt::Formatter<'_>, name: &str, bytes: &[u8]) -> fmt::Result {
    write!(f, "{name}(")?;
    bytes
        .iter()
        .take(4)
        .try_for_each(|byte| write!(f, "{byte:02x}"))?;
    f.write_str("…)")
}
