//! What cargo knows about the workspace.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::process;

/// The checkout and its packages.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The folder of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// The native build folder, as cargo sees it (`CARGO_TARGET_DIR` is honoured).
    pub(crate) target: PathBuf,
    /// Every package that can be part of a build, ours and others'.
    pub(crate) packages: Vec<Package>,
    /// Whether programs and examples of the unoptimised build are known to be up to date.
    pub(crate) prebuilt: bool,
}

/// The part of `cargo metadata` that is used here.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: String,
    target_directory: String,
}

/// One package of the dependency tree.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// `None` for a package of the workspace.
    pub(crate) source: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) manifest_path: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a `[dependencies]` table.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for an ordinary dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) path: Option<String>,
}

impl Workspace {
    /// Asks cargo for the workspace around the current folder.
    pub(crate) fn load() -> Result<Self> {
        let mut command = process::cargo();
        command.args(["metadata", "--format-version", "1"]);
        if process::in_ci() {
            command.arg("--locked");
        }
        let answer = process::output(&mut command)?;
        let metadata: Metadata =
            serde_json::from_slice(&answer).context("cargo metadata is not understood")?;
        Ok(Self {
            root: metadata.workspace_root.into(),
            target: metadata.target_directory.into(),
            packages: metadata.packages,
            prebuilt: false,
        })
    }

    /// Whether a path, relative to the root, exists.
    pub(crate) fn has(&self, relative: &str) -> bool {
        self.root.join(relative).exists()
    }

    /// Our own packages by their folder relative to the root, such as `crates/types`.
    pub(crate) fn members(&self) -> Result<BTreeMap<String, &Package>> {
        let mut members = BTreeMap::new();
        for package in &self.packages {
            if package.source.is_none() {
                members.insert(self.folder(Path::new(&package.manifest_path))?, package);
            }
        }
        Ok(members)
    }

    /// The folder of a manifest of ours, relative to the root, with `/` between its parts.
    fn folder(&self, manifest: &Path) -> Result<String> {
        let Some(directory) = manifest.parent() else {
            bail!("{} has no folder", manifest.display());
        };
        self.relative(directory)
    }

    /// A path below the root, relative to it, with `/` between its parts.
    pub(crate) fn relative(&self, path: &Path) -> Result<String> {
        let relative = path
            .strip_prefix(&self.root)
            .with_context(|| format!("{} is outside the workspace", path.display()))?;
        let parts: Vec<_> = relative
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        Ok(parts.join("/"))
    }

    /// Every file that is, or is about to be, under version control, relative to the root.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let list = process::output(
            Command::new("git")
                .args([
                    "ls-files",
                    "-z",
                    "--cached",
                    "--others",
                    "--exclude-standard",
                ])
                .current_dir(&self.root),
        )?;
        Ok(String::from_utf8(list)?
            .split_terminator('\0')
            .map(str::to_owned)
            .filter(|path| self.has(path))
            .collect())
    }

    /// The folder of programs of the unoptimised native build, the one that the tests use.
    pub(crate) fn debug_programs(&self) -> PathBuf {
        self.target.join("debug")
    }

    /// Where tools are built that run while cargo holds the lock of the native build folder.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// Where logs and other leavings of this tool go.
    pub(crate) fn leavings(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// A folder of synthetic FHIR R4 bundles beside the checkout, where there is one: not part of the project.
    pub(crate) fn samples(&self) -> Option<PathBuf> {
        let folder = self.root.parent()?.join("shared/data/fhir-r4");
        folder.is_dir().then_some(folder)
    }

    /// A folder of that name for temporary files, emptied first.
    pub(crate) fn scratch(&self, name: &str) -> Result<PathBuf> {
        let folder = self.leavings().join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}
