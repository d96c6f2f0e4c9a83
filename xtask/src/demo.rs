//! `cargo xtask demo`: the application with its four servers on this machine, and invented people to step into.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process::{self, Log};
use crate::workspace::Workspace;
use crate::{page, setup};

/// The programs of the demonstration.
const PROGRAMS: &[&str] = &[
    "wardseal",
    "transfer-server",
    "transfer-mail-catcher",
    "transfer-demo-data",
];

/// Installs and builds what is missing, starts everything, and stays until it is interrupted.
pub(crate) fn run(workspace: &Workspace, log: &mut Log, arguments: &[String]) -> Result<()> {
    let release = arguments.iter().any(|word| word == "--release");
    setup::run(workspace, log)?;
    page::build(workspace, log)?;
    let mut build = process::cargo();
    build.arg("build");
    if release {
        build.arg("--release");
    }
    for program in PROGRAMS {
        build.args(["--package", program]);
    }
    log.run(&mut build)?;
    let programs = if release {
        workspace.target.join("release")
    } else {
        workspace.debug_programs()
    };
    let data = workspace.scratch("demo")?;
    let mut demo = Command::new(programs.join("transfer-demo"));
    demo.arg("--data")
        .arg(data)
        .arg("--web")
        .arg(workspace.root.join(page::DIST))
        .args(arguments.iter().filter(|word| *word != "--release"));
    // Not by the log, which ends what takes long: this runs until somebody interrupts it.
    let status = demo
        .status()
        .with_context(|| format!("cannot start {}", process::line(&demo)))?;
    if !status.success() {
        bail!("the demonstration ended ({status})");
    }
    Ok(())
}
