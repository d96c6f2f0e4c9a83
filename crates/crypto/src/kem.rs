//! Sealing to a public key: HPKE base mode, single shot (RFC 9180), with X-Wing (ML-KEM-768 and X25519, KEM id 0x647A),
//! HKDF-SHA-512 and AES-256-GCM.
//!
//! Base mode does not say who sealed: authors sign, see [`crate::sign`].

use core::fmt;

use hpke::{
    Deserializable, HpkeError, Kem as _, OpModeR, OpModeS, Serializable, aead::AesGcm256,
    kdf::HkdfSha512, kem::XWing, single_shot_open, single_shot_seal_with_rng,
};
use rand_core::CryptoRng;

use crate::{
    CryptoError,
    label::Label,
    random::Watched,
    secret::{Secret, SecretBytes},
};

/// Bytes of a public key.
pub const PUBLIC_KEY: usize = 1216;
/// Bytes of the encapsulated key that begins a sealed message.
pub const ENCAPSULATED_KEY: usize = 1120;
/// How much longer a sealed message is than its plaintext.
pub const OVERHEAD: usize = ENCAPSULATED_KEY + crate::aead::TAG;

/// An X-Wing public key, checked: ML-KEM coefficients reduced (FIPS 203 section 7.2), X25519 point not of low order.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KemPublicKey(Box<[u8; PUBLIC_KEY]>);

impl KemPublicKey {
    /// Checks and takes an encoded key.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] unless it has [`PUBLIC_KEY`] bytes; [`CryptoError::InvalidKey`] when it is not a
    /// key that anybody could have generated.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let bytes: &[u8; PUBLIC_KEY] = bytes.try_into().map_err(|_| CryptoError::InvalidLength)?;
        let key = Self(Box::new(*bytes));
        key.parse()?;
        if ends_in_low_order_point(bytes) {
            Err(CryptoError::InvalidKey)
        } else {
            Ok(key)
        }
    }

    /// The encoding: ML-KEM-768 key, then X25519 key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; PUBLIC_KEY] {
        &self.0
    }

    fn parse(&self) -> Result<<XWing as hpke::Kem>::PublicKey, CryptoError> {
        <XWing as hpke::Kem>::PublicKey::from_bytes(&*self.0).map_err(|_| CryptoError::InvalidKey)
    }
}

impl fmt::Debug for KemPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KemPublicKey(")?;
        self.0
            .iter()
            .take(4)
            .try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…)")
    }
}

/// An X-Wing secret key: a seed of 32 bytes and what follows from it. Erased when dropped.
#[derive(Clone)]
pub struct KemSecretKey {
    seed: Secret<32>,
    expanded: Box<<XWing as hpke::Kem>::PrivateKey>,
}

impl KemSecretKey {
    /// The key that a seed stands for. Every seed is valid.
    ///
    /// # Errors
    /// None in practice: the library's parser returns [`CryptoError::InvalidKey`] only for another length.
    pub fn from_seed(seed: &Secret<32>) -> Result<Self, CryptoError> {
        let expanded = <XWing as hpke::Kem>::PrivateKey::from_bytes(seed.expose());
        Ok(Self {
            seed: seed.clone(),
            expanded: Box::new(expanded.map_err(|_| CryptoError::InvalidKey)?),
        })
    }

    /// Draws a key.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`] when the source is plainly broken.
    pub fn generate(rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        Self::from_seed(&Secret::generate(rng)?)
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> KemPublicKey {
        let mut bytes = Box::new([0; PUBLIC_KEY]);
        XWing::sk_to_pk(&self.expanded).write_exact(bytes.as_mut_slice());
        KemPublicKey(bytes)
    }

    /// The seed, for storing the key.
    #[must_use]
    pub const fn seed(&self) -> &Secret<32> {
        &self.seed
    }
}

impl fmt::Debug for KemSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KemSecretKey(redacted)")
    }
}

/// Seals `plaintext` to a public key: `encapsulated key ‖ ciphertext ‖ tag`, [`OVERHEAD`] bytes longer.
///
/// HPKE's `info` is `label ‖ 0x00 ‖ context`, its `aad` is empty.
///
/// # Errors
/// [`CryptoError::Randomness`] when the source is plainly broken; [`CryptoError::InvalidLength`] when `plaintext` exceeds
/// what AES-GCM can hold.
pub fn seal(
    to: &KemPublicKey,
    label: Label,
    context: &[u8],
    plaintext: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    seal_raw(to, &label.frame(context), plaintext, &[], rng)
}

/// Opens what [`seal`] made with the same label and context.
///
/// # Errors
/// [`CryptoError::Rejected`] for anything else, short input included.
pub fn open(
    sk: &KemSecretKey,
    label: Label,
    context: &[u8],
    sealed: &[u8],
) -> Result<SecretBytes, CryptoError> {
    open_raw(sk, &label.frame(context), sealed, &[])
}

pub(crate) fn seal_raw(
    to: &KemPublicKey,
    info: &[u8],
    plaintext: &[u8],
    aad: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    let mut rng = Watched::new(rng);
    let (encapsulated, ciphertext) = single_shot_seal_with_rng::<AesGcm256, HkdfSha512, XWing>(
        &OpModeS::Base,
        &to.parse()?,
        info,
        plaintext,
        aad,
        &mut rng,
    )
    .map_err(|error| match error {
        HpkeError::SealError => CryptoError::InvalidLength,
        _ => CryptoError::InvalidKey,
    })?;
    rng.check()?;
    Ok([encapsulated.to_bytes().as_slice(), &ciphertext].concat())
}

pub(crate) fn open_raw(
    sk: &KemSecretKey,
    info: &[u8],
    sealed: &[u8],
    aad: &[u8],
) -> Result<SecretBytes, CryptoError> {
    let (encapsulated, ciphertext) = sealed
        .split_at_checked(ENCAPSULATED_KEY)
        .ok_or(CryptoError::Rejected)?;
    if ends_in_low_order_point(encapsulated) {
        return Err(CryptoError::Rejected);
    }
    let encapsulated = <XWing as hpke::Kem>::EncappedKey::from_bytes(encapsulated)
        .map_err(|_| CryptoError::Rejected)?;
    single_shot_open::<AesGcm256, HkdfSha512, XWing>(
        &OpModeR::Base,
        &sk.expanded,
        &encapsulated,
        info,
        ciphertext,
        aad,
    )
    .map(SecretBytes::from_vec)
    .map_err(|_| CryptoError::Rejected)
}

/// The u-coordinates of low order on Curve25519 and its twist, little-endian, top bit clear: 0, 1, the two of order 8,
/// and p - 1, p, p + 1.
const LOW_ORDER: [[u8; 32]; 7] = {
    const fn edge(first: u8) -> [u8; 32] {
        let mut u = [0xff; 32];
        let (low, _) = u.split_at_mut(1);
        low.copy_from_slice(&[first]);
        let (_, high) = u.split_at_mut(31);
        high.copy_from_slice(&[0x7f]);
        u
    }
    let mut one = [0; 32];
    one.split_at_mut(1).0.copy_from_slice(&[1]);
    [
        [0; 32],
        one,
        [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f,
            0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16,
            0x5f, 0x49, 0xb8, 0x00,
        ],
        [
            0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83,
            0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd,
            0xd0, 0x9f, 0x11, 0x57,
        ],
        edge(0xec),
        edge(0xed),
        edge(0xee),
    ]
};

/// Whether the last 32 bytes are an X25519 point of low order (RFC 7748 section 6.1: its shared secret is zero whatever
/// the other key). X-Wing as deployed would accept it and stand on ML-KEM alone; nobody honest sends one.
pub(crate) fn ends_in_low_order_point(encoded: &[u8]) -> bool {
    let Some((_, point)) = encoded.split_last_chunk::<32>() else {
        return false;
    };
    let mut point = *point;
    if let Some(last) = point.last_mut() {
        *last &= 0x7f;
    }
    LOW_ORDER.contains(&point)
}
