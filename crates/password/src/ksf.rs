//! The key stretching function: Argon2id version 1.3 (RFC 9106) between a floor and a ceiling.
//!
//! The parameters of an account lie beside its record and travel with the vault's answer, because a
//! client that signs in from a fresh browser knows nothing. A hostile vault could therefore ask for
//! cheap hashing and learn a verifier that is quick to attack, or for hashing that never ends. Both
//! are refused before the first block is filled. What lies between is authenticated: the parameters
//! enter the key that opens the envelope and the transcript that the vault must answer for.

use alloc::vec::Vec;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use opaque_ke::errors::InternalError;
use opaque_ke::generic_array::{ArrayLength, GenericArray};
use opaque_ke::ksf::Ksf;
use thiserror::Error;
use zeroize::Zeroize;

/// RFC 9807 section 7: the salt is all zeroes, because the input is already salted by the OPRF.
const SALT: [u8; 16] = [0; 16];

/// Parameters that this client is willing to spend. A value that exists is within the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KsfParams {
    m_kib: u32,
    t: u32,
    p: u8,
}

/// Parameters outside the compiled policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KsfRefused {
    /// Cheaper than the floor: somebody wants a verifier that is quick to attack.
    #[error("the password hashing parameters are below the compiled floor")]
    PolicyFloor,
    /// Dearer than the ceiling: somebody wants the client to hang.
    #[error("the password hashing parameters are above the compiled ceiling")]
    PolicyCeiling,
}

impl KsfParams {
    /// 64 MiB, 3 passes, 1 lane: the suite's parameters, and the floor.
    pub const DEFAULT: Self = Self {
        m_kib: 64 * 1024,
        t: 3,
        p: 1,
    };

    /// 1 GiB, 10 passes, 4 lanes: more than this no client spends, whoever asks.
    pub const CEILING: Self = Self {
        m_kib: 1024 * 1024,
        t: 10,
        p: 4,
    };

    /// Length of the encoded form in bytes.
    pub(crate) const LEN: usize = 9;

    /// Memory in KiB, passes and lanes.
    ///
    /// # Errors
    /// [`KsfRefused`] if one of them lies outside [`Self::DEFAULT`] to [`Self::CEILING`].
    pub const fn new(m_kib: u32, t: u32, p: u8) -> Result<Self, KsfRefused> {
        if m_kib < Self::DEFAULT.m_kib || t < Self::DEFAULT.t || p < Self::DEFAULT.p {
            return Err(KsfRefused::PolicyFloor);
        }
        if m_kib > Self::CEILING.m_kib || t > Self::CEILING.t || p > Self::CEILING.p {
            return Err(KsfRefused::PolicyCeiling);
        }
        Ok(Self { m_kib, t, p })
    }

    /// Memory in KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.m_kib
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn passes(self) -> u32 {
        self.t
    }

    /// Lanes. They run one after the other: threads in a browser need cross-origin isolation.
    #[must_use]
    pub const fn lanes(self) -> u8 {
        self.p
    }

    /// `memory (u32) ‖ passes (u32) ‖ lanes (u8)`, big-endian.
    pub(crate) const fn to_bytes(self) -> [u8; Self::LEN] {
        let [m0, m1, m2, m3] = self.m_kib.to_be_bytes();
        let [t0, t1, t2, t3] = self.t.to_be_bytes();
        [m0, m1, m2, m3, t0, t1, t2, t3, self.p]
    }

    pub(crate) const fn from_bytes(bytes: &[u8; Self::LEN]) -> Result<Self, KsfRefused> {
        let [m0, m1, m2, m3, t0, t1, t2, t3, p] = *bytes;
        Self::new(
            u32::from_be_bytes([m0, m1, m2, m3]),
            u32::from_be_bytes([t0, t1, t2, t3]),
            p,
        )
    }
}

impl Default for KsfParams {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Argon2id as OPAQUE calls it.
#[derive(Default)]
pub(crate) struct Stretch(pub(crate) KsfParams);

impl Ksf for Stretch {
    fn hash<L: ArrayLength<u8>>(
        &self,
        input: GenericArray<u8, L>,
    ) -> Result<GenericArray<u8, L>, InternalError> {
        let KsfParams { m_kib, t, p } = self.0;
        let params =
            Params::new(m_kib, t, p.into(), Some(L::USIZE)).map_err(|_| InternalError::KsfError)?;

        // Allocated here and not by the library: a tab without 64 MiB left gets an error to show,
        // where the library would abort; and the memory is erased afterwards.
        let mut memory = Vec::new();
        memory
            .try_reserve_exact(params.block_count())
            .map_err(|_| InternalError::KsfError)?;
        memory.resize(params.block_count(), Block::default());

        let mut output = GenericArray::default();
        let done = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(&input, &SALT, &mut output, &mut memory);
        memory.iter_mut().for_each(Zeroize::zeroize);
        done.map_err(|_| InternalError::KsfError)?;
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_has_a_floor() {
        assert_eq!(KsfParams::new(65536, 3, 1), Ok(KsfParams::DEFAULT));
        for (m, t, p) in [
            (65535, 3, 1),
            (65536, 2, 1),
            (65536, 3, 0),
            (8, 1, 1),
            (0, 0, 0),
            (1024 * 1024, 1, 4),
        ] {
            assert_eq!(KsfParams::new(m, t, p), Err(KsfRefused::PolicyFloor));
        }
    }

    #[test]
    fn every_parameter_has_a_ceiling() {
        assert_eq!(KsfParams::new(1024 * 1024, 10, 4), Ok(KsfParams::CEILING));
        for (m, t, p) in [
            (1024 * 1024 + 1, 3, 1),
            (65536, 11, 1),
            (65536, 3, 5),
            (u32::MAX, u32::MAX, u8::MAX),
        ] {
            assert_eq!(KsfParams::new(m, t, p), Err(KsfRefused::PolicyCeiling));
        }
    }

    #[test]
    fn the_encoding_is_exact_and_keeps_the_policy() {
        let params = KsfParams::new(0x0002_0000, 4, 2).unwrap();
        assert_eq!(params.to_bytes(), [0, 2, 0, 0, 0, 0, 0, 4, 2]);
        assert_eq!(KsfParams::from_bytes(&params.to_bytes()), Ok(params));
        assert_eq!(
            KsfParams::from_bytes(&[0, 0, 0, 8, 0, 0, 0, 1, 1]),
            Err(KsfRefused::PolicyFloor)
        );
    }

    /// Our own call with our own memory equals the library's plain call with the same parameters.
    #[test]
    fn stretching_is_argon2id_with_a_zero_salt() {
        use opaque_ke::generic_array::typenum::U64;
        let input = GenericArray::<u8, U64>::from([7; 64]);
        let ours = Stretch(KsfParams::DEFAULT).hash(input).unwrap();

        let params = Params::new(65536, 3, 1, Some(64)).unwrap();
        let mut theirs = [0; 64];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(&input, &[0; 16], &mut theirs)
            .unwrap();
        assert_eq!(ours.as_slice(), theirs);
    }
}
