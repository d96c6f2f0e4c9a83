//! Merkle proofs, by transparency-dev.

use data_encoding::BASE64;
use wardseal_crypto::merkle::{verify_consistency, verify_inclusion};

use super::cases;
use crate::FileReport;

/// A proof that a leaf is in a tree, or looks like one.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inclusion {
    leaf_idx: u64,
    tree_size: u64,
    root: String,
    leaf_hash: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

pub(super) fn inclusion() -> FileReport {
    const JSON: &str = include_str!("../../../../spec/vectors/external/merkle/inclusion.json");
    cases("merkle/inclusion", JSON, |case: &Inclusion| {
        let verified = (|| {
            let (leaf, root) = (hash(&case.leaf_hash)?, hash(&case.root)?);
            verify_inclusion(
                &leaf,
                case.leaf_idx,
                case.tree_size,
                &proof(&case.proof)?,
                &root,
            )
            .ok()
        })();
        Some(verified.is_none() == case.want_err)
    })
}

/// A proof that a tree extends another, or looks like one.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consistency {
    size1: u64,
    size2: u64,
    root1: String,
    root2: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

pub(super) fn consistency() -> FileReport {
    const JSON: &str = include_str!("../../../../spec/vectors/external/merkle/consistency.json");
    cases("merkle/consistency", JSON, |case: &Consistency| {
        let verified = (|| {
            let (old, new) = (hash(&case.root1)?, hash(&case.root2)?);
            verify_consistency(case.size1, &old, case.size2, &new, &proof(&case.proof)?).ok()
        })();
        Some(verified.is_none() == case.want_err)
    })
}

/// A hash. Some cases have a text in the place of one, where it does not matter which: those are padded to a hash. An empty
/// one is none.
fn hash(text: &str) -> Option<[u8; 32]> {
    let mut bytes = BASE64.decode(text.as_bytes()).ok()?;
    if (1..32).contains(&bytes.len()) {
        bytes.resize(32, 0);
    }
    bytes.try_into().ok()
}

fn proof(steps: &Option<Vec<String>>) -> Option<Vec<[u8; 32]>> {
    steps.iter().flatten().map(|step| hash(step)).collect()
}
