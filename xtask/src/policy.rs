//! Rules about files and outside crates that no compiler checks.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::workspace::{Package, Workspace};
use crate::{attacks, process};

/// From this many lines on, a source file is mentioned.
const LONG_FILE: usize = 800;

/// What breaks a rule, in words. Empty when all is well.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let rules = Rules::read(&workspace.root.join("deny.toml"))?;
    let built = built_crates(workspace)?;
    let mut violations = outside_crates(&workspace.packages, &rules, &built)?;
    violations.extend(attacks::check(workspace)?);
    let places = Place::of_this_machine(&workspace.root);
    for path in workspace.files()? {
        let Ok(text) = fs::read_to_string(workspace.root.join(&path)) else {
            continue; // not text
        };
        violations.extend(machine_paths(&path, &text, &places));
        violations.extend(lock_hosts(&path, &text));
    }
    Ok(violations)
}

/// What deserves a look but breaks nothing.
pub(crate) fn notes(workspace: &Workspace) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for path in workspace.files()? {
        let source = [".rs", ".ts", ".tsx", ".mjs"]
            .iter()
            .any(|end| path.ends_with(end));
        if source {
            let lines = fs::read_to_string(workspace.root.join(&path))?
                .lines()
                .count();
            if lines > LONG_FILE {
                notes.push(format!("{path} has {lines} lines"));
            }
        }
    }
    Ok(notes)
}

/// What the checks themselves have changed or left behind, as `git status` puts it.
pub(crate) fn leftovers(workspace: &Workspace) -> Result<Vec<String>> {
    let status = process::output(
        Command::new("git")
            .args(["status", "--porcelain"])
            .current_dir(&workspace.root),
    )?;
    Ok(String::from_utf8(status)?
        .lines()
        .map(str::to_owned)
        .collect())
}

/// The lists of `deny.toml`, the one place where they stand.
#[derive(Debug, Default)]
struct Rules {
    licences: BTreeSet<String>,
    banned: BTreeSet<String>,
}

impl Rules {
    fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let rules = Self {
            licences: quoted(&text, "licenses", "allow"),
            banned: quoted(&text, "bans", "deny"),
        };
        if rules.licences.is_empty() {
            bail!("{} allows no licence", path.display());
        }
        Ok(rules)
    }
}

/// The strings of one list, `[section]` … `key = [ "a", "b" ]`, which is all the TOML that `deny.toml` uses.
fn quoted(text: &str, section: &str, key: &str) -> BTreeSet<String> {
    let mut here = false;
    let mut inside = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        let code = line.split('#').next().unwrap_or_default().trim();
        if !inside && code.starts_with('[') {
            here = code == format!("[{section}]");
        } else if here && !inside {
            inside = code
                .split_once('=')
                .is_some_and(|(name, _)| name.trim() == key);
        }
        if inside {
            found.extend(code.split('"').skip(1).step_by(2).map(str::to_owned));
            inside = !code.ends_with(']');
        }
    }
    found
}

/// The names of all crates that some build of the workspace compiles. The lock file knows more: crates
/// that only a feature would bring that nothing switches on.
fn built_crates(workspace: &Workspace) -> Result<BTreeSet<String>> {
    let tree = process::output(
        process::cargo()
            .args(["tree", "--workspace", "--all-features", "--target", "all"])
            .args(["--edges", "all", "--prefix", "none", "--format", "{p}"])
            .current_dir(&workspace.root),
    )?;
    Ok(String::from_utf8(tree)?
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect())
}

fn outside_crates(
    packages: &[Package],
    rules: &Rules,
    built: &BTreeSet<String>,
) -> Result<Vec<String>> {
    let mut violations = Vec::new();
    for package in packages {
        let name = format!("{} {}", package.name, package.version);
        for dependency in &package.dependencies {
            let outside = dependency
                .source
                .as_deref()
                .is_some_and(|source| !source.starts_with("registry+"));
            if outside {
                violations.push(format!(
                    "{name} → {}: dependencies come from the registry only",
                    dependency.name
                ));
            }
        }
        if package.source.is_none() {
            continue;
        }
        if rules.banned.contains(&package.name) && built.contains(&package.name) {
            violations.push(format!("{name}: banned in deny.toml"));
        }
        match &package.license {
            Some(licence) => {
                let permitted = Licence::parse(licence)
                    .with_context(|| format!("licence of {name}"))?
                    .permitted(&rules.licences);
                if !permitted {
                    violations.push(format!("{name}: licence {licence:?} is not in deny.toml"));
                }
            }
            None => violations.push(format!("{name}: states no licence")),
        }
    }
    Ok(violations)
}

/// An SPDX licence expression.
#[derive(Debug, PartialEq, Eq)]
enum Licence {
    One(String),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl Licence {
    /// Parses `A OR (B AND C WITH D)`, and `/` as the `OR` of older manifests.
    fn parse(text: &str) -> Result<Self> {
        let spaced = text
            .replace('/', " OR ")
            .replace('(', " ( ")
            .replace(')', " ) ");
        let mut words = spaced.split_whitespace().peekable();
        let licence = Self::any(&mut words)?;
        match words.next() {
            None => Ok(licence),
            Some(word) => bail!("{text:?} is not understood at {word:?}"),
        }
    }

    fn any<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Result<Self> {
        let mut parts = vec![Self::all(words)?];
        while words.next_if_eq(&"OR").is_some() {
            parts.push(Self::all(words)?);
        }
        Ok(Self::Any(parts))
    }

    fn all<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Result<Self> {
        let mut parts = vec![Self::one(words)?];
        while words.next_if_eq(&"AND").is_some() {
            parts.push(Self::one(words)?);
        }
        Ok(Self::All(parts))
    }

    fn one<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Result<Self> {
        match words.next() {
            Some("(") => {
                let inner = Self::any(words)?;
                if words.next() != Some(")") {
                    bail!("a parenthesis is not closed");
                }
                Ok(inner)
            }
            None | Some(")" | "AND" | "OR" | "WITH") => bail!("a licence is missing"),
            Some(name) => Ok(Self::One(if words.next_if_eq(&"WITH").is_some() {
                format!("{name} WITH {}", words.next().unwrap_or_default())
            } else {
                name.to_owned()
            })),
        }
    }

    /// Whether one may use it with only the allowed licences.
    fn permitted(&self, allowed: &BTreeSet<String>) -> bool {
        match self {
            Self::One(name) => allowed.contains(name),
            Self::All(parts) => parts.iter().all(|part| part.permitted(allowed)),
            Self::Any(parts) => parts.iter().any(|part| part.permitted(allowed)),
        }
    }
}

/// A folder of this machine that no committed file may name.
#[derive(Debug)]
struct Place(String);

impl Place {
    /// The checkout, the folder around it and the home folder; not folders that every machine has.
    fn of_this_machine(root: &Path) -> Vec<Self> {
        let home = process::variable("HOME").map(|home| Path::new(&home).to_owned());
        let candidates = [
            Some(root.to_owned()),
            root.parent().map(Path::to_owned),
            home,
        ];
        let common = [
            "/", "/tmp", "/var/tmp", "/home", "/mnt", "/opt", "/srv", "/usr/src",
        ];
        candidates
            .into_iter()
            .flatten()
            .filter(|path| !common.iter().any(|known| path == Path::new(known)))
            .map(|path| Self(format!("{}/", path.display())))
            .collect()
    }

    /// Whether the text names the folder itself, and not one that merely ends alike.
    fn is_in(&self, text: &str) -> bool {
        text.match_indices(&self.0).any(|(at, _)| {
            !text
                .get(..at)
                .and_then(|before| before.chars().next_back())
                .is_some_and(|before| before.is_alphanumeric() || "._-/*}".contains(before))
        })
    }
}

fn machine_paths(path: &str, text: &str, places: &[Place]) -> Vec<String> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| places.iter().any(|place| place.is_in(line)))
        .map(|(index, _)| format!("{path}:{}: names a folder of this machine", index + 1))
        .collect()
}

/// A lock file of npm must not name the host that it was written with: others use mirrors.
fn lock_hosts(path: &str, text: &str) -> Option<String> {
    (path.ends_with("package-lock.json") && text.contains("\"resolved\": \"http")).then(|| {
        format!(
            "{path}: names a host; write it with omit-lockfile-registry-resolved=true in .npmrc"
        )
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::{Licence, Place, Rules, lock_hosts, machine_paths, outside_crates, quoted};
    use crate::workspace::{Dependency, Package};

    fn rules() -> Rules {
        Rules {
            licences: BTreeSet::from([
                "MIT".to_owned(),
                "ISC".to_owned(),
                "Apache-2.0 WITH LLVM-exception".to_owned(),
            ]),
            banned: BTreeSet::from(["openssl-sys".to_owned()]),
        }
    }

    fn permitted(licence: &str) -> bool {
        Licence::parse(licence)
            .unwrap()
            .permitted(&rules().licences)
    }

    #[test]
    fn licence_expressions() {
        for good in [
            "MIT",
            "GPL-3.0 OR MIT",
            "GPL-3.0/MIT",
            "ISC AND (MIT OR GPL-3.0)",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(permitted(good), "{good}");
        }
        for bad in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "GPL-3.0 OR AGPL-3.0 AND MIT",
            "Apache-2.0",
        ] {
            assert!(!permitted(bad), "{bad}");
        }
        for broken in ["", "MIT OR", "(MIT", "MIT ISC", "AND MIT"] {
            assert!(Licence::parse(broken).is_err(), "{broken}");
        }
    }

    fn package(name: &str, licence: Option<&str>, dependency: Option<&str>) -> Package {
        Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            source: Some("registry+https://example.org/index".to_owned()),
            license: licence.map(str::to_owned),
            manifest_path: String::new(),
            dependencies: dependency
                .map(|source| Dependency {
                    name: "x".to_owned(),
                    kind: None,
                    source: Some(source.to_owned()),
                    path: None,
                })
                .into_iter()
                .collect(),
        }
    }

    #[test]
    fn outside_crates_are_refused_for_licence_ban_and_source() {
        let built = BTreeSet::from(["openssl-sys".to_owned()]);
        let found = |package| outside_crates(&[package], &rules(), &built).unwrap();
        let registry = Some("registry+https://example.org/index");
        assert!(found(package("fine", Some("MIT"), registry)).is_empty());
        assert_eq!(found(package("silent", None, None)).len(), 1);
        assert_eq!(found(package("copyleft", Some("GPL-3.0"), None)).len(), 1);
        assert_eq!(found(package("openssl-sys", Some("MIT"), None)).len(), 1);
        let unused = outside_crates(
            &[package("openssl-sys", Some("MIT"), None)],
            &rules(),
            &BTreeSet::new(),
        );
        assert!(unused.unwrap().is_empty(), "nobody builds it");
        let git = Some("git+https://example.org/x");
        assert_eq!(found(package("forked", Some("MIT"), git)).len(), 1);
    }

    #[test]
    fn lists_are_read_from_their_own_section() {
        let text = "[bans]\ndeny = [\n  \"a\", # \"no\"\n  \"b\",\n]\nskip = [\"c\"]\n[licenses]\nallow = [\"MIT\"]\n";
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let expected: BTreeSet<String> = set(&["a", "b"]);
        assert_eq!(quoted(text, "bans", "deny"), expected);
        let expected: BTreeSet<String> = set(&["MIT"]);
        assert_eq!(quoted(text, "licenses", "allow"), expected);
        assert!(quoted(text, "sources", "allow").is_empty());
    }

    #[test]
    fn a_path_of_the_machine_is_found_at_its_line() {
        let places = Place::of_this_machine(Path::new("/somewhere/checkout"));
        let found = |text| machine_paths("notes.md", text, &places);
        assert_eq!(
            found("one\nsee /somewhere/checkout/x"),
            ["notes.md:2: names a folder of this machine"]
        );
        assert_eq!(found("in `/somewhere/else`").len(), 1);
        assert!(found("elsewhere/somewhere/else").is_empty());
        assert!(found("/nowhere/checkout/").is_empty());
        let common = Place::of_this_machine(Path::new("/tmp/checkout"));
        assert!(machine_paths("notes.md", "under /tmp/x", &common).is_empty());
    }

    #[test]
    fn a_lock_file_names_no_host() {
        let text = "  \"resolved\": \"https://example.org/x.tgz\",";
        assert!(lock_hosts("packages/sdk/package-lock.json", text).is_some());
        assert!(lock_hosts("packages/sdk/package-lock.json", "{}").is_none());
        assert!(lock_hosts("README.md", text).is_none());
    }
}
