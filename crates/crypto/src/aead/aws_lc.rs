//! The native engine: AWS-LC, with the processor's AES instructions.

use core::fmt;

use aws_lc_rs::aead::{AES_256_GCM, AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::{Aes256Gcm, Aes256GcmSiv, TAG, split_out, split_sealed};
use crate::CryptoError;

/// AES-256-GCM by AWS-LC.
pub struct AwsLcAes {
    /// `None` only if AWS-LC could not allocate; every operation then fails.
    key: Option<LessSafeKey>,
}

impl AwsLcAes {
    fn key(&self) -> Result<&LessSafeKey, CryptoError> {
        self.key.as_ref().ok_or(CryptoError::InvalidKey)
    }
}

impl fmt::Debug for AwsLcAes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwsLcAes(redacted)")
    }
}

impl Aes256Gcm for AwsLcAes {
    fn new(key: &[u8; 32]) -> Self {
        Self {
            key: UnboundKey::new(&AES_256_GCM, key)
                .map(LessSafeKey::new)
                .ok(),
        }
    }

    fn seal_in_place(&self, nonce: &[u8; 12], data: &mut [u8]) -> Result<[u8; TAG], CryptoError> {
        let tag = self
            .key()?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(*nonce), Aad::empty(), data)
            .map_err(|_| CryptoError::InvalidLength)?;
        tag.as_ref()
            .try_into()
            .map_err(|_| CryptoError::InvalidLength)
    }

    fn open_in_place(
        &self,
        nonce: &[u8; 12],
        data: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), CryptoError> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self
            .key()?
            .open_in_place_separate_tag(nonce, Aad::empty(), tag, data)
            .is_ok();
        if opened {
            Ok(())
        } else {
            data.fill(0);
            Err(CryptoError::Rejected)
        }
    }

    fn seal_into(
        &self,
        nonce: &[u8; 12],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<(), CryptoError> {
        let (body, tag) = split_out(out, plaintext.len())?;
        self.key()?
            .seal_out_of_place_scatter(
                Nonce::assume_unique_for_key(*nonce),
                Aad::empty(),
                plaintext,
                body,
                &[],
                tag,
            )
            .map_err(|_| CryptoError::InvalidLength)
    }

    fn open_into(
        &self,
        nonce: &[u8; 12],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<(), CryptoError> {
        let (body, tag) = split_sealed(sealed, out.len())?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.key()?
            .open_separate_gather(nonce, Aad::empty(), body, tag, out)
            .map_err(|_| {
                out.fill(0);
                CryptoError::Rejected
            })
    }
}

/// AES-256-GCM-SIV by AWS-LC.
#[derive(Clone, Copy, Debug)]
pub struct AwsLcSiv;

impl AwsLcSiv {
    fn key(key: &[u8; 32]) -> Result<LessSafeKey, CryptoError> {
        UnboundKey::new(&AES_256_GCM_SIV, key)
            .map(LessSafeKey::new)
            .map_err(|_| CryptoError::InvalidKey)
    }
}

impl Aes256GcmSiv for AwsLcSiv {
    fn seal(
        key: &[u8; 32],
        nonce: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<(), CryptoError> {
        let (body, tag) = split_out(out, plaintext.len())?;
        Self::key(key)?
            .seal_out_of_place_scatter(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(aad),
                plaintext,
                body,
                &[],
                tag,
            )
            .map_err(|_| CryptoError::InvalidLength)
    }

    fn open(
        key: &[u8; 32],
        nonce: &[u8; 12],
        aad: &[u8],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<(), CryptoError> {
        out.fill(0);
        // AWS-LC has no decryption of this mode from one place to another.
        let mut data = Zeroizing::new(sealed.to_vec());
        let opened: &[u8] = Self::key(key)?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(aad),
                &mut data,
            )
            .map_err(|_| CryptoError::Rejected)?;
        if opened.len() != out.len() {
            return Err(CryptoError::Rejected);
        }
        out.copy_from_slice(opened);
        Ok(())
    }
}
