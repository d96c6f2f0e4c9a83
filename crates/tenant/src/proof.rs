//! A device proves to an application whose it is. See `spec/08-sign-in.md`.

use wardseal_api::DeviceProof;
use wardseal_crypto::{
    label,
    sign::{Ed25519PublicKey, Ed25519Signature},
};
use wardseal_protocol::{
    binding,
    state::{NOW, UserState},
};
use wardseal_types::{DeviceId, UserId};

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// It is of another tenant.
    #[error("the proof is of another tenant: check which tenant the page was configured with")]
    OtherTenant,
    /// It was made for another application.
    #[error("the proof is for another application: check the origin that this server expects")]
    WrongAudience,
    /// It answers another challenge.
    #[error("the proof answers another challenge: ask for a new one")]
    WrongChallenge,
    /// The directory knows no such user.
    #[error("{0} is unknown: learn the user's chain first, or sign the person up")]
    UnknownUser(UserId),
    /// The user never had this device.
    #[error("{0} is no device of this user: sign in on the machine anew")]
    UnknownDevice(DeviceId),
    /// The device was revoked.
    #[error("{0} was revoked: sign in on the machine anew")]
    RevokedDevice(DeviceId),
    /// The signature is not the device's.
    #[error("the signature is not that of the device")]
    BadSignature,
}

impl ProofError {
    /// The stable name of this error, for answers and logs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherTenant => "other_tenant",
            Self::WrongAudience => "wrong_audience",
            Self::WrongChallenge => "wrong_challenge",
            Self::UnknownUser(_) => "unknown_user",
            Self::UnknownDevice(_) => "unknown_device",
            Self::RevokedDevice(_) => "revoked_device",
            Self::BadSignature => "bad_signature",
        }
    }
}

pub(crate) fn verify(
    proof: &DeviceProof,
    user: &UserState,
    audience: &str,
    challenge: &str,
) -> Result<UserId, ProofError> {
    if proof.audience != audience {
        return Err(ProofError::WrongAudience);
    }
    if proof.challenge != challenge {
        return Err(ProofError::WrongChallenge);
    }
    let device = proof.device;
    if !user.devices().contains_key(&device) {
        return Err(ProofError::UnknownDevice(device));
    }
    let record = user
        .device_at(&device, NOW)
        .ok_or(ProofError::RevokedDevice(device))?;
    let key = record.keys.sign.as_array().first_chunk::<32>();
    let message = binding::sign_in_message(
        audience,
        &proof.tenant,
        &proof.user,
        &device,
        challenge.as_bytes(),
    );
    key.ok_or(ProofError::BadSignature)
        .and_then(|key| Ed25519PublicKey::from_bytes(*key).map_err(|_| ProofError::BadSignature))?
        .verify(
            label::DEVICE_PROOF,
            &message,
            &Ed25519Signature::from_bytes(proof.signature.0),
        )
        .map_err(|_| ProofError::BadSignature)?;
    Ok(proof.user)
}
