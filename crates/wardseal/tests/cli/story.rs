//! The example, told by its own script.

use std::process::Command;

use crate::Said;

/// `WARDSEAL_TEST_FILES` may name a folder with JSON files that are to be sealed in place of the
/// small bundle that the script makes.
#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the tests says which files they have"
)]
fn files() -> Vec<std::path::PathBuf> {
    let Ok(folder) = std::env::var("WARDSEAL_TEST_FILES") else {
        return Vec::new();
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "json"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "the folder has no JSON files");
    files
}

#[test]
fn the_two_facilities() {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/two-facilities/run.sh"
    );
    let mut command = Command::new("bash");
    command
        .arg(script)
        .args(files())
        .env("WARDSEAL_BIN", env!("CARGO_BIN_EXE_wardseal"));
    for inherited in ["SERVER", "VAULT", "KEYS_URL", "VAULT_URL", "DEMO_DIR"] {
        command.env_remove(format!("WARDSEAL_{inherited}"));
    }
    let said = Said::by(&mut command);
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    assert!(said.out.matches('✓').count() > 15, "{}", said.out);
}
