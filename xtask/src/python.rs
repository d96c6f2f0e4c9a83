//! The Python package: put together from its sources and the module in Rust, checked and tested.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process::{self, Log};
use crate::workspace::Workspace;

/// The package.
pub(crate) const FOLDER: &str = "packages/python";
/// What checks types, for the tests as for the stubs.
const MYPY: &str = "mypy==2.4.1";
/// Under which name cargo leaves the module, and under which Python looks for it.
const MODULES: &[(&str, &str)] = &[
    ("libwardseal_native.so", "_native.abi3.so"),
    ("libwardseal_native.dylib", "_native.abi3.so"),
    ("wardseal_native.dll", "_native.pyd"),
];

/// The package, with the module as it was built last, in an empty folder of that name, for `PYTHONPATH`.
pub(crate) fn assemble(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let place = workspace.scratch(name)?;
    let package = place.join("wardseal");
    fs::create_dir_all(&package)?;
    for entry in fs::read_dir(workspace.root.join(FOLDER).join("wardseal"))? {
        let path = entry?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            fs::copy(&path, package.join(name))?;
        }
    }
    let programs = workspace.debug_programs();
    let built = MODULES
        .iter()
        .find(|(built, _)| programs.join(built).is_file());
    let (built, name) =
        built.context("the module was not built: cargo build --package wardseal-python")?;
    fs::copy(programs.join(built), package.join(name))?;
    Ok(place)
}

/// Checks types, compares the stubs with the module, and runs the tests. Gives a remark where something is missing.
pub(crate) fn run(workspace: &Workspace, log: &mut Log) -> Result<String> {
    let place = assemble(workspace, "python")?;
    let tests = workspace.root.join(FOLDER).join("tests");
    let remark = match mypy(workspace, log) {
        Some(python) => {
            check_types(workspace, &python, &place, log)?;
            String::new()
        }
        None => {
            let remark = format!("SKIPPED: types, because {MYPY} cannot be installed");
            log.say(&remark)?;
            remark
        }
    };
    log.run(
        command(Path::new("python3"), &place)
            .args(["-m", "unittest"])
            .current_dir(tests)
            .env("WARDSEAL_BIN", workspace.debug_programs().join("wardseal")),
    )?;
    Ok(remark)
}

fn check_types(workspace: &Workspace, python: &Path, place: &Path, log: &mut Log) -> Result<()> {
    let folder = workspace.root.join(FOLDER);
    log.run(
        command(python, place)
            .args(["-m", "mypy", "--config-file"])
            .arg(folder.join("pyproject.toml"))
            .arg("--cache-dir")
            .arg(workspace.tools().join("mypy-cache"))
            .args(["wardseal", "tests"])
            .arg(workspace.root.join("examples/server-job"))
            .current_dir(&folder),
    )?;
    log.run(
        command(python, place)
            .args(["-m", "mypy.stubtest", "wardseal._native"])
            .current_dir(place),
    )
}

/// Python that finds the package and leaves nothing beside the sources.
pub(crate) fn command(python: &Path, place: &Path) -> Command {
    let mut command = Command::new(python);
    command
        .env("PYTHONPATH", place)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// A Python with mypy beside the build; `None` where it cannot be made.
pub(crate) fn mypy(workspace: &Workspace, log: &mut Log) -> Option<PathBuf> {
    let folder = workspace.tools().join("python-types");
    let python = folder.join("bin/python");
    let (_, version) = MYPY.split_once("==")?;
    let has = |python: &Path| {
        let said = process::output(Command::new(python).args(["-m", "mypy", "--version"]));
        said.is_ok_and(|said| String::from_utf8_lossy(&said).contains(version))
    };
    if !has(&python) {
        let made = log.run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        let install = ["-m", "pip", "install", "--quiet", MYPY];
        made.and_then(|()| log.run(Command::new(&python).args(install)))
            .ok()?;
    }
    has(&python).then_some(python)
}
