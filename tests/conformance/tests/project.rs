//! The project's own vectors, natively.

use std::{fs, path::Path};

use wardseal_conformance::{OBJECTS, run_project, run_vector};

fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors/v1");
    let mut files = Vec::new();
    for folder in fs::read_dir(&root).into_iter().flatten().flatten() {
        for file in fs::read_dir(folder.path()).into_iter().flatten().flatten() {
            let text = fs::read_to_string(file.path()).unwrap_or_default();
            files.push((file.path().display().to_string(), text));
        }
    }
    files
}

#[test]
fn every_vector_of_the_project_holds() {
    let files = files();
    assert!(files.len() >= 150, "{} files", files.len());
    let report = run_project(files.into_iter());
    assert!(report.passed(), "{}", report.to_json());
    assert_eq!(report.files.len(), OBJECTS.len());
}

#[test]
fn a_vector_that_asks_for_something_else_fails() {
    for (path, text) in files() {
        let other = text.replacen("\"expect\": \"", "\"expect\": \"not-", 1);
        assert_ne!(other, text, "{path}");
        assert!(run_vector(&path, &other).is_err(), "{path}");
    }
    let (_, text) = files().swap_remove(0);
    assert!(run_vector("v1/elsewhere/case.json", &text).is_err());
    assert!(run_vector("v1/id/case.json", "{}").is_err());
}

#[test]
fn strays_and_objects_without_vectors_fail_the_run() {
    let files = files();
    let stray = [("v1/nothing/case.json".to_owned(), "{}".to_owned())];
    assert!(!run_project(files.iter().cloned().chain(stray)).passed());
    let without = files.iter().filter(|(path, _)| !path.contains("/fold/"));
    assert!(!run_project(without.cloned()).passed());
    let good = files
        .iter()
        .filter(|(path, text)| !path.contains("/fold/") || text.contains("\"expect\": \"ok\""));
    assert!(!run_project(good.cloned()).passed(), "too few bad ones");
}
