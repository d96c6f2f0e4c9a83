//! A certificate for a day: a password or passkey device lets a key that was drawn on a shared
//! machine speak for it, in sessions only, until the day is over. See `spec/10-recovery.md`.

use wardseal_crypto::{
    SUITE, label,
    sign::{Ed25519PublicKey, Ed25519Signature, Ed25519SigningKey},
};
use wardseal_types::{DeviceId, FixedBytes, TenantId, Timestamp, UserId, cbor_map, limits};

use crate::{
    cbor,
    keys::{DeviceKeys, verify_ed25519},
};

/// How far clocks may differ, and how late may be handed in what was signed in time, in
/// milliseconds.
pub const LEEWAY: u64 = 5 * 60_000;

/// The key of a day, with the signature of the device that lets it speak.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Certificate {
    /// Ed25519 public key.
    pub key: FixedBytes<32>,
    /// From when.
    pub from: Timestamp,
    /// Until when, at most [`MAX_CERTIFICATE`](limits::MAX_CERTIFICATE) later.
    pub until: Timestamp,
    /// Signature by the Ed25519 half of the device.
    pub signature: FixedBytes<64>,
}

cbor_map!(Certificate {
    0: key,
    1: from,
    2: until,
    3: signature,
});

/// Why a certificate does not let its key speak.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The device is neither a password nor a passkey device.
    #[error("the device may not certify a key")]
    WrongKind,
    /// It is for longer than sixteen hours, or ends before it begins.
    #[error("the certificate is for too long a time")]
    TooLong,
    /// It does not cover this time yet.
    #[error("the certificate comes from the future: a clock is wrong")]
    NotYetValid,
    /// It does not cover this time any more.
    #[error("the certificate has expired: unlock again")]
    Expired,
    /// The device did not sign it for this tenant, user, key and time.
    #[error("the signature of the certificate does not verify")]
    BadSignature,
}

impl CertificateError {
    /// The stable name of this error, in test vectors and documentation.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongKind => "wrong_kind",
            Self::TooLong => "too_long",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
            Self::BadSignature => "bad_signature",
        }
    }
}

impl Certificate {
    /// Certifies `key`, by the Ed25519 half of a device.
    #[must_use]
    pub fn sign(
        signer: &Ed25519SigningKey,
        (tenant, user, device): (&TenantId, &UserId, &DeviceId),
        key: &Ed25519PublicKey,
        from: Timestamp,
        until: Timestamp,
    ) -> Self {
        let key = FixedBytes(*key.as_bytes());
        let message = message(tenant, user, device, &key, from, until);
        let signature = signer.sign(label::DAY_CERTIFICATE, &message);
        Self {
            key,
            from,
            until,
            signature: FixedBytes(*signature.as_bytes()),
        }
    }

    /// Checks that the certified key speaks for this device in what it signed at `time`, by the
    /// clock of whoever signed. Whether the device itself is in force is judged by the caller.
    ///
    /// # Errors
    /// See [`CertificateError`].
    pub fn check(
        &self,
        tenant: &TenantId,
        user: &UserId,
        keys: &DeviceKeys,
        time: Timestamp,
    ) -> Result<(), CertificateError> {
        self.check_time(time, 0)?;
        self.check_signature(tenant, user, keys)
    }

    /// Checks that the certified key speaks for this device now, by the clock of whoever is shown
    /// it: the one that it was made by may be a little ahead.
    ///
    /// # Errors
    /// See [`CertificateError`].
    pub fn check_now(
        &self,
        tenant: &TenantId,
        user: &UserId,
        keys: &DeviceKeys,
        now: Timestamp,
    ) -> Result<(), CertificateError> {
        self.check_time(now, LEEWAY)?;
        self.check_signature(tenant, user, keys)
    }

    /// Judges the time alone: where something is handed in that was signed in time. It may come a
    /// little late.
    ///
    /// # Errors
    /// [`CertificateError::NotYetValid`] and [`CertificateError::Expired`].
    pub fn check_late(&self, now: Timestamp) -> Result<(), CertificateError> {
        if now > self.until.plus_millis(LEEWAY) {
            return Err(CertificateError::Expired);
        }
        self.check_time(now.min(self.until), LEEWAY)
    }

    fn check_time(&self, time: Timestamp, ahead: u64) -> Result<(), CertificateError> {
        if time.plus_millis(ahead) < self.from {
            return Err(CertificateError::NotYetValid);
        }
        if time > self.until {
            return Err(CertificateError::Expired);
        }
        Ok(())
    }

    fn check_signature(
        &self,
        tenant: &TenantId,
        user: &UserId,
        keys: &DeviceKeys,
    ) -> Result<(), CertificateError> {
        if !keys.kind.certifies() {
            return Err(CertificateError::WrongKind);
        }
        if self.until < self.from || self.until.since(self.from) > limits::MAX_CERTIFICATE {
            return Err(CertificateError::TooLong);
        }
        let message = message(tenant, user, &keys.id(), &self.key, self.from, self.until);
        verify_ed25519(
            &keys.ed25519(),
            label::DAY_CERTIFICATE,
            &message,
            &self.signature,
        )
        .map_err(|_| CertificateError::BadSignature)
    }

    /// Checks a signature by the certified key.
    ///
    /// # Errors
    /// [`CryptoError`](wardseal_crypto::CryptoError) when it does not verify.
    pub fn verify(
        &self,
        label: label::Label,
        message: &[u8],
        signature: &FixedBytes<64>,
    ) -> Result<(), wardseal_crypto::CryptoError> {
        Ed25519PublicKey::from_bytes(*self.key.as_array())?.verify(
            label,
            message,
            &Ed25519Signature::from_bytes(*signature.as_array()),
        )
    }
}

fn message(
    tenant: &TenantId,
    user: &UserId,
    device: &DeviceId,
    key: &FixedBytes<32>,
    from: Timestamp,
    until: Timestamp,
) -> Vec<u8> {
    cbor::encode(&(SUITE, *tenant, *user, *device, *key, from, until))
}
