//! Who may depend on whom: the arrows of `ARCHITECTURE.md`, and the outside crates that belong to one layer.
//!
//! Ordinary and build dependencies count; dev-dependencies are free, since tests may reach anywhere.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::process::{self, Log};
use crate::workspace::{Package, Workspace};

/// Folder of a package → folders of the packages that it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("crates/types", &[]),
    ("crates/crypto", &[]),
    ("crates/password", &["crates/crypto", "crates/types"]),
    ("crates/protocol", &["crates/types", "crates/crypto"]),
    ("crates/api", &["crates/types"]),
    (
        "crates/client-core",
        &[
            "crates/protocol",
            "crates/api",
            "crates/crypto",
            "crates/types",
        ],
    ),
    ("crates/client", &["crates/client-core"]),
    ("crates/client-http", &["crates/client"]),
    ("crates/client-sqlite", &["crates/client"]),
    (
        "crates/client-password",
        &["crates/client", "crates/password"],
    ),
    (
        "crates/sdk",
        &[
            "crates/client",
            "crates/client-http",
            "crates/client-password",
            "crates/client-sqlite",
            "crates/password",
        ],
    ),
    ("packages/python", &["crates/sdk"]),
    ("crates/wasm", &["crates/client"]),
    ("crates/wasm-recovery", &["crates/password", "crates/types"]),
    (
        "crates/wasm-testing",
        &[
            "crates/server-api",
            "crates/server-domain",
            "crates/server-memory",
            "crates/tenant",
        ],
    ),
    (
        "crates/server-domain",
        &[
            "crates/protocol",
            "crates/crypto",
            "crates/types",
            "crates/password",
        ],
    ),
    (
        "crates/server-sqlite",
        &["crates/server-domain", "crates/types"],
    ),
    (
        "crates/server-memory",
        &["crates/server-domain", "crates/types"],
    ),
    (
        "crates/server-postgres",
        &["crates/server-domain", "crates/types"],
    ),
    (
        "crates/server-api",
        &["crates/server-domain", "crates/api", "crates/types"],
    ),
    (
        "crates/server-http",
        &[
            "crates/server-api",
            "crates/server-domain",
            "crates/api",
            "crates/types",
        ],
    ),
    ("crates/server-mail", &["crates/server-domain"]),
    (
        "crates/tenant",
        &[
            "crates/client-core",
            "crates/protocol",
            "crates/crypto",
            "crates/api",
            "crates/types",
        ],
    ),
    ("crates/blobs", &[]),
    (
        "crates/wardseal",
        &[
            "crates/server-domain",
            "crates/server-sqlite",
            "crates/server-postgres",
            "crates/server-http",
            "crates/server-mail",
            "crates/client-core",
            "crates/client",
            "crates/client-http",
            "crates/client-password",
            "crates/client-sqlite",
            "crates/tenant",
            "crates/password",
        ],
    ),
    ("apps/transfer/rules", &[]),
    ("apps/transfer/rules-wasm", &["apps/transfer/rules"]),
    (
        "apps/transfer/demo-data",
        &[
            "apps/transfer/rules",
            "crates/client",
            "crates/client-http",
            "crates/client-password",
        ],
    ),
    (
        "apps/transfer/server",
        &[
            "apps/transfer/rules",
            "crates/blobs",
            "crates/crypto",
            "crates/tenant",
            "crates/types",
        ],
    ),
    ("apps/transfer/mail-catcher", &[]),
];

/// Folders whose packages may depend on anything: none of them is part of a product.
const FREE: &[&str] = &[
    "crates/testkit",
    "tests",
    "benches",
    "docs",
    "examples",
    "xtask",
];

/// Outside crates → the folders that may name them.
const OWNED: &[(&[&str], &[&str])] = &[
    (
        &["axum", "tower-http"],
        &[
            "crates/server-http",
            "apps/transfer/server",
            "apps/transfer/mail-catcher",
        ],
    ),
    (
        &["rusqlite", "libsqlite3-sys"],
        &[
            "crates/client-sqlite",
            "crates/server-sqlite",
            "apps/transfer/server",
        ],
    ),
    (
        &["lettre"],
        &[
            "crates/server-mail",
            "apps/transfer/server",
            "apps/transfer/mail-catcher",
        ],
    ),
    (&["tokio-postgres"], &["crates/server-postgres"]),
    (
        &[
            "wasm-bindgen",
            "wasm-bindgen-futures",
            "js-sys",
            "web-sys",
            "serde-wasm-bindgen",
        ],
        &[
            "crates/wasm",
            "crates/wasm-recovery",
            "crates/wasm-testing",
            "apps/transfer/rules-wasm",
        ],
    ),
    (
        &["reqwest"],
        &[
            "crates/client-http",
            "crates/server-http",
            "crates/wardseal",
            "apps/transfer/server",
            "apps/transfer/demo-data",
        ],
    ),
    (&["pyo3", "pyo3-build-config"], &["packages/python"]),
    (&["opaque-ke", "voprf", "argon2"], &["crates/password"]),
    (
        &[
            "aes",
            "aes-gcm",
            "aes-gcm-siv",
            "aws-lc-rs",
            "aws-lc-sys",
            "chacha20poly1305",
            "curve25519-dalek",
            "ed25519-dalek",
            "hkdf",
            "hmac",
            "hpke",
            "ml-dsa",
            "ml-kem",
            "ring",
            "sha2",
            "sha3",
            "x-wing",
            "x25519-dalek",
        ],
        &["crates/crypto", "crates/password"],
    ),
];

/// The packages without sockets, threads or clocks, and what must not come in even through others.
const PURE: &[&str] = &[
    "crates/types",
    "crates/crypto",
    "crates/password",
    "crates/protocol",
    "crates/api",
    "crates/client-core",
    "crates/client",
];
const IMPURE: &[&str] = &[
    "tokio", "mio", "socket2", "hyper", "reqwest", "axum", "rusqlite",
];

/// Every arrow that is not allowed, in words. Empty when all is well.
pub(crate) fn check(workspace: &Workspace, log: &mut Log) -> Result<Vec<String>> {
    let members = workspace.members()?;
    let mut violations = direct(workspace, &members)?;
    for (folder, package) in &members {
        if PURE.contains(&folder.as_str()) {
            let tree = tree(&package.name)?;
            violations.extend(impure(folder, &tree));
        }
    }
    log.say(&format!("{} packages compared", members.len()))?;
    Ok(violations)
}

/// The arrows that the manifests draw themselves.
fn direct(workspace: &Workspace, members: &BTreeMap<String, &Package>) -> Result<Vec<String>> {
    let mut violations = Vec::new();
    for (folder, package) in members {
        if is_free(folder) {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| from == folder) else {
            violations.push(format!(
                "{folder}: a new package needs its arrows in xtask/src/layers.rs and ARCHITECTURE.md"
            ));
            continue;
        };
        for dependency in &package.dependencies {
            if dependency.kind.as_deref() == Some("dev") {
                continue;
            }
            if let Some(path) = &dependency.path {
                let to = workspace.relative(path.as_ref())?;
                if !allowed.contains(&to.as_str()) {
                    violations.push(format!("{folder} → {to}: no such arrow"));
                }
            } else if let Some(owners) = owners(&dependency.name)
                && !owners.contains(&folder.as_str())
            {
                violations.push(format!(
                    "{folder} → {}: only {} may name this crate",
                    dependency.name,
                    owners.join(", ")
                ));
            }
        }
    }
    Ok(violations)
}

fn is_free(folder: &str) -> bool {
    FREE.iter().any(|free| {
        folder
            .strip_prefix(free)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn owners(name: &str) -> Option<&'static [&'static str]> {
    OWNED
        .iter()
        .find(|(names, _)| names.contains(&name))
        .map(|(_, owners)| *owners)
}

/// What the pure package would bring in, with the features that it asks for itself: `cargo metadata` would mix in
/// those that other members ask for.
fn tree(package: &str) -> Result<BTreeSet<String>> {
    let answer = process::output(process::cargo().args([
        "tree",
        "--package",
        package,
        "--edges",
        "normal",
        "--target",
        "all",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]))?;
    Ok(names(&String::from_utf8(answer)?))
}

/// The first word of every line.
fn names(tree: &str) -> BTreeSet<String> {
    tree.lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

fn impure(folder: &str, tree: &BTreeSet<String>) -> Vec<String> {
    IMPURE
        .iter()
        .filter(|name| tree.contains(**name))
        .map(|name| format!("{folder} ⇒ {name}: must not come in, not even through others"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{ARROWS, FREE, PURE, direct, impure, is_free, names};
    use crate::workspace::{Dependency, Package, Workspace};

    fn package(folder: &str, dependencies: Vec<Dependency>) -> Package {
        Package {
            name: format!("wardseal-{}", folder.replace('/', "-")),
            version: "0.1.0".to_owned(),
            source: None,
            license: None,
            manifest_path: format!("/checkout/{folder}/Cargo.toml"),
            dependencies,
        }
    }

    fn ours(folder: &str) -> Dependency {
        Dependency {
            name: folder.to_owned(),
            kind: None,
            source: None,
            path: Some(format!("/checkout/{folder}")),
        }
    }

    fn outside(name: &str) -> Dependency {
        Dependency {
            name: name.to_owned(),
            kind: None,
            source: Some("registry+https://example.org/index".to_owned()),
            path: None,
        }
    }

    fn violations(packages: Vec<Package>) -> Vec<String> {
        let workspace = Workspace {
            root: "/checkout".into(),
            target: "/checkout/target".into(),
            packages,
            prebuilt: false,
        };
        direct(&workspace, &workspace.members().unwrap()).unwrap()
    }

    #[test]
    fn an_allowed_arrow_passes() {
        let found = violations(vec![
            package(
                "crates/protocol",
                vec![ours("crates/types"), outside("minicbor")],
            ),
            package("crates/crypto", vec![outside("hpke")]),
            package("tests/attacks", vec![ours("crates/server-http")]),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn an_arrow_against_the_table_is_named() {
        let found = violations(vec![package("crates/types", vec![ours("crates/crypto")])]);
        assert_eq!(found, ["crates/types → crates/crypto: no such arrow"]);
    }

    #[test]
    fn a_build_dependency_counts_and_a_dev_dependency_does_not() {
        let with_kind = |kind: &str| Dependency {
            kind: Some(kind.to_owned()),
            ..ours("crates/testkit")
        };
        assert_eq!(
            violations(vec![package("crates/client", vec![with_kind("build")])]).len(),
            1
        );
        assert!(violations(vec![package("crates/client", vec![with_kind("dev")])]).is_empty());
    }

    #[test]
    fn an_owned_crate_elsewhere_is_named_with_its_owners() {
        let found = violations(vec![package("crates/server-domain", vec![outside("axum")])]);
        assert_eq!(
            found,
            [
                "crates/server-domain → axum: only crates/server-http, apps/transfer/server, apps/transfer/mail-catcher may name this crate"
            ]
        );
    }

    #[test]
    fn a_package_that_the_table_does_not_know_fails() {
        let found = violations(vec![package("crates/surprise", vec![])]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("crates/surprise: "), "{found:?}");
    }

    #[test]
    fn a_runtime_inside_a_pure_package_is_found_through_others() {
        let tree = names("wardseal-client v0.1.0 (/checkout)\nfutures v0.3.0\ntokio v1.0.0 (*)\n");
        assert_eq!(impure("crates/client", &tree).len(), 1);
        assert!(impure("crates/client", &names("wardseal-client v0.1.0\n")).is_empty());
    }

    #[test]
    fn free_means_the_folder_and_what_is_below() {
        assert!(is_free("xtask") && is_free("xtask/bindgen") && is_free("tests/e2e"));
        assert!(!is_free("tests-of-mine") && !is_free("crates/types"));
    }

    #[test]
    fn the_table_has_no_cycle_and_names_only_itself() {
        let mut settled: Vec<&str> = Vec::new();
        while settled.len() < ARROWS.len() {
            let before = settled.len();
            for (from, to) in ARROWS {
                if !settled.contains(from) && to.iter().all(|folder| settled.contains(folder)) {
                    settled.push(from);
                }
            }
            assert!(
                settled.len() > before,
                "a cycle, or a folder without a line of its own"
            );
        }
        assert!(PURE.iter().all(|folder| settled.contains(folder)));
        assert!(FREE.iter().all(|folder| !settled.contains(folder)));
    }
}
