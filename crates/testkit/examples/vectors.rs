//! Writes the test vectors of the protocol: `vectors <folder>`, without argument into `spec/vectors/v1`.
//!
//! The seeds are fixed, so the same code writes the same files. What each case expects stands here,
//! in words; the outputs of accepted inputs are what this implementation makes of them.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a generator that goes on after an error writes nonsense"
)]

#[path = "vectors/applications.rs"]
mod applications;
#[path = "vectors/chains.rs"]
mod chains;
#[path = "vectors/codes.rs"]
mod codes;
#[path = "vectors/escrow.rs"]
mod escrow;
#[path = "vectors/exports.rs"]
mod exports;
#[path = "vectors/folds.rs"]
mod folds;
#[path = "vectors/recovery.rs"]
mod recovery;
#[path = "vectors/small.rs"]
mod small;
#[path = "vectors/vault.rs"]
mod vault;
#[path = "vectors/ways.rs"]
mod ways;

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::{Value, json};

/// The files of all cases, by path below the folder.
#[derive(Default)]
struct Set(BTreeMap<String, String>);

impl Set {
    /// One case. An input that is not decided as expected stops the generator.
    fn case(&mut self, object: &str, name: &str, description: &str, expect: &str, input: &Value) {
        let found = wardseal_conformance::evaluate(object, input).expect("the right inputs");
        let mut vector = json!({
            "description": description,
            "expect": expect,
            "input": input,
            "object": object,
        });
        match (found, expect) {
            (Ok(output), "ok") => vector["output"] = output,
            (Err(code), expect) if code == expect => {}
            (found, _) => panic!("{object}/{name}: expected {expect}, found {found:?}"),
        }
        let text = serde_json::to_string_pretty(&sorted(vector)).expect("JSON");
        let previous = self.0.insert(format!("{object}/{name}.json"), text + "\n");
        assert!(previous.is_none(), "{object}/{name} is there twice");
    }
}

/// The same value with all keys in order, whatever order the library keeps.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let ordered: BTreeMap<_, _> = object.into_iter().collect();
            let ordered = ordered.into_iter().map(|(key, value)| (key, sorted(value)));
            Value::Object(ordered.collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        other => other,
    }
}

fn main() {
    let root = std::env::args_os().nth(1).map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors/v1"),
        PathBuf::from,
    );
    let mut set = Set::default();
    small::ids(&mut set);
    small::devices(&mut set);
    small::sign_in(&mut set);
    applications::proofs(&mut set);
    applications::access(&mut set);
    small::boxes(&mut set);
    small::ladders(&mut set);
    chains::statements(&mut set);
    chains::tokens(&mut set);
    recovery::tokens(&mut set);
    recovery::certificates(&mut set);
    codes::codes(&mut set);
    ways::secrets(&mut set);
    ways::two_man(&mut set);
    ways::organisation(&mut set);
    ways::releases(&mut set);
    vault::access(&mut set);
    vault::records(&mut set);
    vault::requests(&mut set);
    chains::checkpoints(&mut set);
    folds::folds(&mut set);
    recovery::folds(&mut set);
    escrow::deposits(&mut set);
    escrow::receipts(&mut set);
    escrow::folds(&mut set);
    exports::exports(&mut set);
    for object in wardseal_conformance::OBJECTS {
        let folder = root.join(object);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("the old vectors can be removed");
        }
        fs::create_dir_all(&folder).expect("the folder can be made");
    }
    for (path, text) in set.0 {
        fs::write(root.join(path), text).expect("the vector can be written");
    }
}
