//! HPKE and X-Wing.
//!
//! No published vector has exactly our combination (X-Wing, HKDF-SHA-512, AES-256-GCM). So a second implementation of the key
//! schedule, thirty lines long, is checked against the vectors of the HPKE working group, and then predicts the bytes that
//! the suite must give for the shared secrets of the X-Wing draft. RFC 9180 itself checks the rest of the library's
//! HKDF-SHA-512 and AES-256-GCM, with X25519.

use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit};
use hkdf::{GenericHkdf, HmacImpl, hmac::Hmac};
use hpke::{
    Deserializable, OpModeR, OpModeS, Serializable, aead::AesGcm256, kdf::HkdfSha512,
    kem::X25519HkdfSha256, setup_receiver, setup_sender_with_rng,
};
use sha2::{Sha256, Sha512};
use shake::{ExtendableOutput, Shake128, Update, XofReader};
use wardseal_crypto::{
    hazmat::{hpke_open, hpke_seal},
    kem::{KemPublicKey, KemSecretKey},
    secret::Secret,
};
use x_wing::Decapsulate;

use super::{Scripted, cases, hex, hex_array};
use crate::FileReport;

/// Key and base nonce of base mode: RFC 9180 section 5.1, with the identifiers of KEM, KDF and AEAD.
fn key_schedule<M: HmacImpl>(
    ids: [u16; 3],
    shared_secret: &[u8],
    info: &[u8],
) -> Option<([u8; 32], [u8; 12])> {
    let suite = [b"HPKE".as_slice(), &ids.map(u16::to_be_bytes).concat()].concat();
    let extract = |salt: &[u8], label: &str, ikm: &[u8]| {
        let labelled = [b"HPKE-v1", suite.as_slice(), label.as_bytes(), ikm].concat();
        GenericHkdf::<M>::extract(Some(salt), &labelled)
    };
    let (psk_id_hash, _) = extract(&[], "psk_id_hash", &[]);
    let (info_hash, _) = extract(&[], "info_hash", info);
    let context = [&[0], psk_id_hash.as_slice(), &info_hash].concat();
    let (_, secret) = extract(shared_secret, "secret", &[]);
    let expand = |label: &str, out: &mut [u8]| {
        let length = u16::try_from(out.len()).ok()?.to_be_bytes();
        let labelled = [
            &length,
            b"HPKE-v1".as_slice(),
            &suite,
            label.as_bytes(),
            &context,
        ]
        .concat();
        secret.expand(&labelled, out).ok()
    };
    let (mut key, mut nonce) = ([0; 32], [0; 12]);
    expand("key", &mut key)?;
    expand("base_nonce", &mut nonce)?;
    Some((key, nonce))
}

/// A case of the X-Wing draft.
#[derive(serde::Deserialize)]
struct XWing {
    seed: String,
    eseed: String,
    ss: String,
    pk: String,
    ct: String,
}

pub(super) fn x_wing() -> FileReport {
    const JSON: &str = include_str!("../../../../spec/vectors/external/x-wing/test-vectors.json");
    cases("x-wing", JSON, |case: &XWing| {
        let secret = KemSecretKey::from_seed(&Secret::from_bytes(hex_array(&case.seed)?)).ok()?;
        let public = KemPublicKey::from_bytes(&hex(&case.pk)?).ok()?;
        let (info, aad, plaintext) = (b"info", b"aad", b"plaintext");
        // What the suite makes with the randomness of the vector…
        let sealed = hpke_seal(
            &public,
            info,
            aad,
            plaintext,
            &mut Scripted::new(hex(&case.eseed)?),
        )
        .ok()?;
        // …and what the vector and RFC 9180 say that it must make.
        let (key, nonce) = key_schedule::<Hmac<Sha512>>([0x647a, 3, 2], &hex(&case.ss)?, info)?;
        let mut predicted = plaintext.to_vec();
        let engine = Aes256Gcm::new(&key.into());
        let tag = engine
            .encrypt_inout_detached(&nonce.into(), aad, predicted.as_mut_slice().into())
            .ok()?;
        let predicted = [hex(&case.ct)?, predicted, tag.to_vec()].concat();
        let opened = hpke_open(&secret, info, aad, &predicted).ok()?;
        Some(secret.public() == public && sealed == predicted && opened.expose() == plaintext)
    })
}

/// A case of the HPKE working group.
#[derive(serde::Deserialize)]
#[serde(rename_all = "snake_case")]
struct HpkePq {
    kdf_id: u16,
    aead_id: u16,
    info: String,
    #[serde(rename = "ikmE")]
    ikm_e: String,
    #[serde(rename = "skRm")]
    sk_rm: String,
    #[serde(rename = "pkRm")]
    pk_rm: String,
    enc: String,
    shared_secret: String,
    key: String,
    base_nonce: String,
}

pub(super) fn hpke_pq() -> FileReport {
    const JSON: &str =
        include_str!("../../../../spec/vectors/external/hpke-pq/mlkem768-x25519.json");
    cases("hpke-pq", JSON, |case: &HpkePq| {
        let seed: [u8; 32] = hex_array(&case.sk_rm)?;
        let enc = hex(&case.enc)?;
        let secret = KemSecretKey::from_seed(&Secret::from_bytes(seed)).ok()?;
        let public = KemPublicKey::from_bytes(&hex(&case.pk_rm)?).ok()?;
        let sealed = hpke_seal(
            &public,
            b"",
            b"",
            b"",
            &mut Scripted::new(hex(&case.ikm_e)?),
        )
        .ok()?;
        let shared =
            x_wing::DecapsulationKey::from(seed).decapsulate(&enc.as_slice().try_into().ok()?);
        let agreed = shared.as_slice() == hex(&case.shared_secret)?;
        // The second case has a one-stage KDF (TurboSHAKE), which neither the suite nor the oracle has.
        let schedule = case.kdf_id != 1
            || key_schedule::<Hmac<Sha256>>([0x647a, 1, case.aead_id], &shared, &hex(&case.info)?)?
                == (hex_array(&case.key)?, hex_array(&case.base_nonce)?);
        Some(secret.public() == public && sealed.starts_with(&enc) && agreed && schedule)
    })
}

/// A case of RFC 9180, its thousand encryptions hashed into one value.
#[derive(serde::Deserialize)]
struct Rfc9180 {
    info: String,
    #[serde(rename = "ikmE")]
    ikm_e: String,
    #[serde(rename = "skRm")]
    sk_rm: String,
    #[serde(rename = "pkRm")]
    pk_rm: String,
    enc: String,
    encryptions_accumulated: String,
}

pub(super) fn rfc9180() -> FileReport {
    const JSON: &str = include_str!(
        "../../../../spec/vectors/external/rfc9180/x25519-hkdf-sha512-aes-256-gcm.json"
    );
    cases("rfc9180", JSON, |case: &Rfc9180| {
        type Kem = X25519HkdfSha256;
        let info = hex(&case.info)?;
        let public = <Kem as hpke::Kem>::PublicKey::from_bytes(&hex(&case.pk_rm)?).ok()?;
        let secret = <Kem as hpke::Kem>::PrivateKey::from_bytes(&hex(&case.sk_rm)?).ok()?;
        let mut rng = Scripted::new(hex(&case.ikm_e)?);
        let (enc, mut sender) = setup_sender_with_rng::<AesGcm256, HkdfSha512, Kem>(
            &OpModeS::Base,
            &public,
            &info,
            &mut rng,
        )
        .ok()?;
        let mut receiver =
            setup_receiver::<AesGcm256, HkdfSha512, Kem>(&OpModeR::Base, &secret, &enc, &info)
                .ok()?;
        let mut source = Shake128::default().finalize_xof();
        let mut sink = Shake128::default();
        for _ in 0..1000 {
            let (aad, plaintext) = (draw(&mut source), draw(&mut source));
            let ciphertext = sender.seal(&plaintext, &aad).ok()?;
            sink.update(&ciphertext);
            if receiver.open(&ciphertext, &aad).ok()? != plaintext {
                return Some(false);
            }
        }
        let mut accumulated = [0; 16];
        sink.finalize_xof().read(&mut accumulated);
        let same = accumulated == hex_array::<16>(&case.encryptions_accumulated)?;
        Some(same && enc.to_bytes().as_slice() == hex(&case.enc)?)
    })
}

/// One input of the accumulated vectors: a length byte, then as many bytes.
fn draw(source: &mut impl XofReader) -> Vec<u8> {
    let mut length = [0];
    source.read(&mut length);
    let mut bytes = vec![0; length.map(usize::from).iter().sum()];
    source.read(&mut bytes);
    bytes
}
