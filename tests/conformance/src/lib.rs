#![doc = include_str!("../README.md")]

mod external;
mod project;
mod report;

pub use project::{OBJECTS, Outcome, evaluate, run_project, run_vector};
pub use report::{FileReport, Report};

/// Runs every external vector. Nothing is read from outside: the vectors are compiled in.
#[must_use]
pub fn run_external() -> Report {
    external::run()
}

/// [`run_external`] for JavaScript: the [`Report`] as JSON.
#[cfg(target_family = "wasm")]
#[wasm_bindgen::prelude::wasm_bindgen(js_name = run_external)]
#[must_use]
pub fn run_external_json() -> String {
    run_external().to_json()
}

/// [`run_vector`] for JavaScript, which walks `spec/vectors/v1`: an empty text when the vector holds, else what differs.
#[cfg(target_family = "wasm")]
#[wasm_bindgen::prelude::wasm_bindgen(js_name = run_vector)]
#[must_use]
pub fn run_vector_text(path: &str, json: &str) -> String {
    run_vector(path, json).err().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    /// How many vectors each file holds that the suite must decide. A loader that silently finds less fails here.
    const EXPECTED: &[(&str, usize)] = &[
        ("wycheproof/aes_gcm (AWS-LC or default)", 48),
        ("wycheproof/aes_gcm (RustCrypto)", 48),
        ("wycheproof/c2sp_chunked_encryption_aes_256_gcm", 35),
        ("wycheproof/aes_gcm_siv (AWS-LC or default)", 103),
        ("wycheproof/aes_gcm_siv (RustCrypto)", 103),
        ("wycheproof/hkdf_sha512", 83),
        ("wycheproof/x25519", 518),
        ("wycheproof/ed25519", 151),
        ("wycheproof/mlkem_768", 201),
        ("wycheproof/mlkem_768_encaps", 265),
        ("wycheproof/mlkem_768_keygen_seed", 100),
        ("wycheproof/mldsa_65_verify", 210),
        ("wycheproof/mldsa_65_sign_seed", 105),
        ("x-wing", 3),
        ("hpke-pq", 2),
        ("rfc9180", 1),
        ("rfc8032", 3),
        ("merkle/inclusion", 98),
        ("merkle/consistency", 98),
    ];

    #[test]
    fn every_external_vector_passes() {
        let report = super::run_external();
        assert!(report.passed(), "{}", report.to_json());
        let ran: Vec<_> = report
            .files
            .iter()
            .map(|file| (file.name, file.passed + file.skipped))
            .collect();
        assert_eq!(ran, EXPECTED);
        for file in &report.files {
            assert!(
                file.skipped * 3 <= file.passed,
                "{}: {} of {} skipped",
                file.name,
                file.skipped,
                file.passed
            );
        }
    }

    #[test]
    fn a_failure_is_listed_and_fails_the_report() {
        let mut file = super::FileReport::new("file");
        file.case(1, true);
        assert!(
            super::Report {
                files: vec![file.clone()]
            }
            .passed()
        );
        file.case(2, false);
        let report = super::Report { files: vec![file] };
        assert!(!report.passed());
        assert!(
            report.to_json().contains(r#""failures":["case 2"]"#),
            "{}",
            report.to_json()
        );
        assert!(
            !super::Report { files: Vec::new() }.passed(),
            "nothing run is nothing passed"
        );
    }
}
