//! A device proves to an application whose it is. See `spec/08-sign-in.md`.

use wardseal_api::DeviceProof;
use wardseal_crypto::{
    label,
    sign::{Ed25519PublicKey, Ed25519Signature},
};
use wardseal_protocol::{
    binding, cbor,
    certificate::{Certificate, CertificateError},
    state::{NOW, UserState},
};
use wardseal_types::{Base64Url, DeviceId, Timestamp, UserId};

/// Most bytes of a certificate.
const MAX_CERTIFICATE: usize = 256;

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
    /// The device is for a recovery alone.
    #[error("{0} is for a recovery and nothing else: finish it, then sign in with what it gave")]
    OnlyRecovers(DeviceId),
    /// A certificate came along that does not let its key speak for the device now.
    #[error("the proof comes with a certificate that is not valid: {0}")]
    BadCertificate(CertificateError),
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
            Self::OnlyRecovers(_) => "only_recovers",
            Self::BadCertificate(_) => "bad_certificate",
            Self::BadSignature => "bad_signature",
        }
    }
}

pub(crate) fn verify(
    proof: &DeviceProof,
    user: &UserState,
    audience: &str,
    challenge: &str,
    now: Timestamp,
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
    if record.keys.kind.only_recovers() {
        return Err(ProofError::OnlyRecovers(device));
    }
    let key = match &proof.certificate {
        None => record.keys.ed25519(),
        Some(bytes) => {
            let certificate = read(bytes).ok_or(ProofError::BadSignature)?;
            certificate
                .check_now(&proof.tenant, &proof.user, &record.keys, now)
                .map_err(ProofError::BadCertificate)?;
            certificate.key.0
        }
    };
    let message = binding::sign_in_message(
        audience,
        &proof.tenant,
        &proof.user,
        &device,
        challenge.as_bytes(),
    );
    let signature = Ed25519Signature::from_bytes(proof.signature.0);
    Ed25519PublicKey::from_bytes(key)
        .and_then(|key| key.verify(label::DEVICE_PROOF, &message, &signature))
        .map_err(|_| ProofError::BadSignature)?;
    Ok(proof.user)
}

/// The certificate that comes with a proof.
fn read(bytes: &Base64Url) -> Option<Certificate> {
    cbor::decode(bytes.as_slice(), MAX_CERTIFICATE).ok()
}

/// Until when a proof lets somebody stay, if there is such a time: the end of the certificate by
/// which it was made. A session that the application opens for it should end then.
#[must_use]
pub fn ends(proof: &DeviceProof) -> Option<Timestamp> {
    read(proof.certificate.as_ref()?).map(|certificate| certificate.until)
}
