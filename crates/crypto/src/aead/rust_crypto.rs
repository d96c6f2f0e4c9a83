//! The portable engine: RustCrypto, constant-time by construction (fixsliced) where there are no AES instructions.

use core::fmt;

use aes_gcm::{AeadInOut, KeyInit, aead::inout::InOutBuf};

use super::{Aes256Gcm, Aes256GcmSiv, TAG, split_out, split_sealed};
use crate::CryptoError;

/// AES-256-GCM by RustCrypto: the engine of WebAssembly, and the oracle for the others.
pub struct RustCryptoAes(aes_gcm::Aes256Gcm);

impl RustCryptoAes {
    fn seal(&self, nonce: &[u8; 12], data: InOutBuf<'_, '_, u8>) -> Result<[u8; TAG], CryptoError> {
        let tag = self
            .0
            .encrypt_inout_detached(nonce.into(), &[], data)
            .map_err(|_| CryptoError::InvalidLength)?;
        Ok(tag.into())
    }
}

impl fmt::Debug for RustCryptoAes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RustCryptoAes(redacted)")
    }
}

impl Aes256Gcm for RustCryptoAes {
    fn new(key: &[u8; 32]) -> Self {
        Self(aes_gcm::Aes256Gcm::new(key.into()))
    }

    fn seal_in_place(&self, nonce: &[u8; 12], data: &mut [u8]) -> Result<[u8; TAG], CryptoError> {
        self.seal(nonce, data.into())
    }

    fn open_in_place(
        &self,
        nonce: &[u8; 12],
        data: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), CryptoError> {
        let opened =
            self.0
                .decrypt_inout_detached(nonce.into(), &[], (&mut *data).into(), tag.into());
        opened.map_err(|_| {
            data.fill(0);
            CryptoError::Rejected
        })
    }

    fn seal_into(
        &self,
        nonce: &[u8; 12],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<(), CryptoError> {
        let (body, tag) = split_out(out, plaintext.len())?;
        let data = InOutBuf::new(plaintext, body).map_err(|_| CryptoError::InvalidLength)?;
        *tag = self.seal(nonce, data)?;
        Ok(())
    }

    fn open_into(
        &self,
        nonce: &[u8; 12],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<(), CryptoError> {
        let (body, tag) = split_sealed(sealed, out.len())?;
        let data = InOutBuf::new(body, out).map_err(|_| CryptoError::InvalidLength)?;
        let opened = self
            .0
            .decrypt_inout_detached(nonce.into(), &[], data, tag.into());
        opened.map_err(|_| {
            out.fill(0);
            CryptoError::Rejected
        })
    }
}

/// AES-256-GCM-SIV by RustCrypto.
#[derive(Clone, Copy, Debug)]
pub struct RustCryptoSiv;

impl Aes256GcmSiv for RustCryptoSiv {
    fn seal(
        key: &[u8; 32],
        nonce: &[u8; 12],
        aad: &[u8],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<(), CryptoError> {
        let (body, tag) = split_out(out, plaintext.len())?;
        let data = InOutBuf::new(plaintext, body).map_err(|_| CryptoError::InvalidLength)?;
        let made = aes_gcm_siv::Aes256GcmSiv::new(key.into())
            .encrypt_inout_detached(nonce.into(), aad, data)
            .map_err(|_| CryptoError::InvalidLength)?;
        *tag = made.into();
        Ok(())
    }

    fn open(
        key: &[u8; 32],
        nonce: &[u8; 12],
        aad: &[u8],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<(), CryptoError> {
        let opened = split_sealed(sealed, out.len()).and_then(|(body, tag)| {
            let data = InOutBuf::new(body, out).map_err(|_| CryptoError::Rejected)?;
            aes_gcm_siv::Aes256GcmSiv::new(key.into())
                .decrypt_inout_detached(nonce.into(), aad, data, tag.into())
                .map_err(|_| CryptoError::Rejected)
        });
        // The library leaves what it decrypted.
        opened.map_err(|_| {
            out.fill(0);
            CryptoError::Rejected
        })
    }
}
