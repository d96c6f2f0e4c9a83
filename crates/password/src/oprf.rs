//! The key server's half: a verifiable oblivious pseudorandom function of the password.
//!
//! VOPRF(ristretto255, SHA-512) of RFC 9497. The client blinds, the key server evaluates with a key
//! that is derived for this one account, the client checks the proof against the public key that was
//! recorded when the password was set. A key server that swaps keys is found out, instead of making
//! a right password look wrong or marking clients with keys of their own.
//!
//! Every guess costs one evaluation, and the key server counts them per account: that limit, and
//! not the price of a hash, is what a thief of the vault's database meets.

use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest, Sha512};
use thiserror::Error;
use voprf::{
    BlindedElement, EvaluationElement, Group, Proof, Ristretto255, VoprfClient, VoprfServer,
};
use zeroize::{Zeroize, Zeroizing};

use crate::labels;
use crate::password::Password;
use crate::rng::Bridge;
use crate::secret::SecretBytes;

/// Length of a request in bytes: one blinded element.
pub const REQUEST_LEN: usize = 32;

/// Length of a response in bytes: the evaluated element, then the proof.
pub const RESPONSE_LEN: usize = 96;

/// Why an exchange with the key server failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OprfError {
    /// A message or key is not a canonical encoding of the right length.
    #[error("the message of the password hardening is malformed")]
    Malformed,
    /// The answer was not computed with the key of the pinned public key.
    #[error("the key server used another key than the one recorded for this account")]
    ProofInvalid,
    /// The account identifier is longer than 255 bytes.
    #[error("the account identifier is too long")]
    AccountTooLong,
}

/// The public half of the key server's key for one account: public, and worth pinning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OprfPublicKey([u8; 32]);

impl OprfPublicKey {
    /// Reads a pinned key.
    ///
    /// # Errors
    /// [`OprfError::Malformed`] if the bytes are not the encoding of a group element other than
    /// the identity.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OprfError> {
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| OprfError::Malformed)?;
        Ristretto255::deserialize_elem(bytes).map_err(|_| OprfError::Malformed)?;
        Ok(Self(*bytes))
    }

    /// The encoded element.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Debug for OprfPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OprfPublicKey(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// A password joined with the key server's output: the only input that [`crate::opaque`] takes, so
/// no verifier can be made that the vault could attack alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HardenedPassword(SecretBytes);

impl HardenedPassword {
    fn join(password: &Password, output: &[u8; 64]) -> Self {
        // The output has a fixed length and stands last, so the framing is injective.
        let mut hash = Sha512::new()
            .chain_update(labels::HARDENED)
            .chain_update(password.expose().as_bytes())
            .chain_update(output)
            .finalize();
        let mut bytes = [0; 64];
        bytes.copy_from_slice(&hash);
        hash.as_mut_slice().zeroize();
        Self(SecretBytes::new(bytes))
    }

    /// What OPAQUE is fed with.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 64] {
        self.0.expose()
    }
}

/// The client's side of one evaluation.
pub struct Blind {
    client: VoprfClient<Ristretto255>,
    password: Password,
    input: Zeroizing<Vec<u8>>,
}

impl Blind {
    /// Blinds a password for the key server; `account` is the identifier under which the key server
    /// derives its key and counts. Returns the request ([`REQUEST_LEN`] bytes).
    ///
    /// # Errors
    /// [`OprfError::AccountTooLong`].
    pub fn start(
        password: &Password,
        account: &[u8],
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(Self, Vec<u8>), OprfError> {
        let input = frame(password, account)?;
        let (client, request) = blind(&input, rng)?;
        let password = password.clone();
        Ok((
            Self {
                client,
                password,
                input,
            },
            request,
        ))
    }

    /// Checks the key server's answer against the pinned public key and unblinds it.
    ///
    /// # Errors
    /// [`OprfError::Malformed`], [`OprfError::ProofInvalid`].
    pub fn finish(
        self,
        response: &[u8],
        server_public: &OprfPublicKey,
    ) -> Result<HardenedPassword, OprfError> {
        let output = finalize(&self.client, &self.input, response, server_public)?;
        Ok(HardenedPassword::join(&self.password, &output))
    }
}

impl fmt::Debug for Blind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blind(..)")
    }
}

/// The key server's side: evaluates a request with the key of `account`, and proves it. Returns the
/// response ([`RESPONSE_LEN`] bytes). Counting and limiting happen before this call.
///
/// # Errors
/// [`OprfError::Malformed`] if the request is not a group element other than the identity;
/// [`OprfError::AccountTooLong`].
pub fn evaluate(
    master_seed: &[u8; 32],
    account: &[u8],
    request: &[u8],
    rng: &mut dyn rand_core::CryptoRng,
) -> Result<Vec<u8>, OprfError> {
    if request.len() != REQUEST_LEN {
        return Err(OprfError::Malformed);
    }
    let blinded =
        BlindedElement::<Ristretto255>::deserialize(request).map_err(|_| OprfError::Malformed)?;
    let answer = server(master_seed, account)?.blind_evaluate(&mut Bridge(rng), &blinded);
    let mut response = Vec::with_capacity(RESPONSE_LEN);
    response.extend_from_slice(&answer.message.serialize());
    response.extend_from_slice(&answer.proof.serialize());
    Ok(response)
}

/// The public key of one account, for the client to record when a password is set.
///
/// # Errors
/// [`OprfError::AccountTooLong`].
pub fn account_public_key(
    master_seed: &[u8; 32],
    account: &[u8],
) -> Result<OprfPublicKey, OprfError> {
    let public = server(master_seed, account)?.get_public_key();
    Ok(OprfPublicKey(Ristretto255::serialize_elem(public).into()))
}

/// RFC 9497 section 3.2.1: `DeriveKeyPair(master seed, info = account)`.
fn server(master_seed: &[u8; 32], account: &[u8]) -> Result<VoprfServer<Ristretto255>, OprfError> {
    account_length(account)?;
    VoprfServer::new_from_seed(master_seed, account).map_err(|_| OprfError::Malformed)
}

fn account_length(account: &[u8]) -> Result<u8, OprfError> {
    u8::try_from(account.len()).map_err(|_| OprfError::AccountTooLong)
}

fn frame(password: &Password, account: &[u8]) -> Result<Zeroizing<Vec<u8>>, OprfError> {
    let length = account_length(account)?;
    let text = password.expose().as_bytes();
    Ok(Zeroizing::new(
        [labels::OPRF_INPUT, &[length], account, text].concat(),
    ))
}

fn blind(
    input: &[u8],
    rng: &mut dyn rand_core::CryptoRng,
) -> Result<(VoprfClient<Ristretto255>, Vec<u8>), OprfError> {
    let started = VoprfClient::<Ristretto255>::blind(input, &mut Bridge(rng))
        .map_err(|_| OprfError::Malformed)?;
    Ok((started.state, started.message.serialize().to_vec()))
}

fn finalize(
    client: &VoprfClient<Ristretto255>,
    input: &[u8],
    response: &[u8],
    server_public: &OprfPublicKey,
) -> Result<Zeroizing<[u8; 64]>, OprfError> {
    if response.len() != RESPONSE_LEN {
        return Err(OprfError::Malformed);
    }
    let (element, proof) = response.split_at(32);
    let element = EvaluationElement::<Ristretto255>::deserialize(element)
        .map_err(|_| OprfError::Malformed)?;
    let proof = Proof::<Ristretto255>::deserialize(proof).map_err(|_| OprfError::Malformed)?;
    let public =
        Ristretto255::deserialize_elem(&server_public.0).map_err(|_| OprfError::Malformed)?;
    let mut output = client
        .finalize(input, &element, &proof, public)
        .map_err(|_| OprfError::ProofInvalid)?;
    let mut bytes = Zeroizing::new([0; 64]);
    bytes.copy_from_slice(&output);
    output.as_mut_slice().zeroize();
    Ok(bytes)
}

#[cfg(test)]
#[path = "oprf_vectors.rs"]
mod vectors;
