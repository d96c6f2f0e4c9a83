//! `cargo xtask book`: the documentation site, with every link and every code block checked.
//!
//! Pages come from `docs/book/src`, from the folders that [`pages::place`] names, and from [`mod@reference`]. They are collected in
//! one folder with includes resolved and links rewritten ([`pages`]), their code blocks are checked ([`blocks`] and what
//! it hands them to), mdBook makes HTML of them, and the links of that HTML are followed ([`links`]). `docs/book/README.md`
//! says what that means for somebody who writes a page.

mod blocks;
mod console;
mod declarations;
mod links;
mod pages;
mod python;
mod reference;
mod typescript;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process::{self, Log};
use crate::story;
use crate::workspace::Workspace;

pub(crate) use pages::Page;

/// Where the book's own sources are.
pub(crate) const FOLDER: &str = "docs/book";

/// The version that makes the HTML.
const MDBOOK: &str = "0.5.4";

/// What the checks need beside the pages.
#[derive(Debug)]
pub(crate) struct Tools<'a> {
    pub(crate) workspace: &'a Workspace,
    /// The command-line program, built.
    pub(crate) wardseal: PathBuf,
    /// The folder of the Python package, put together.
    pub(crate) python: PathBuf,
    /// An empty folder below the build folder.
    pub(crate) scratch: PathBuf,
}

/// Builds and checks the book. Returns a line that says how much there is.
pub(crate) fn run(workspace: &Workspace, log: &mut Log) -> Result<String> {
    let mdbook = mdbook(workspace, log)?;
    let tools = Tools {
        workspace,
        wardseal: story::program(workspace, log, false)?,
        python: python::package(workspace, log)?,
        scratch: workspace.scratch("book")?,
    };
    typescript::build_packages(workspace, log)?;
    let written = pages::read(workspace)?;
    let generated = reference::pages(&tools)?;
    let mut wrong = Vec::new();
    // People wrote the pages of errors, too.
    let errors = generated
        .iter()
        .filter(|page| page.place.starts_with("errors"));
    let checked: Vec<_> = written.iter().chain(errors).collect();
    let counts = blocks::check(&tools, &checked, log, &mut wrong)?;

    let source = tools.scratch.join("source");
    pages::write(workspace, &source, &written, &generated, &mut wrong)?;
    let output = workspace.target.join("book");
    if output.exists() {
        fs::remove_dir_all(&output)?;
    }
    log.run(
        Command::new(mdbook)
            .arg("build")
            .arg(&source)
            .arg("--dest-dir")
            .arg(&output),
    )?;
    let followed = links::check(&output, &mut wrong)?;
    pages::check_others(workspace, &mut wrong)?;
    for line in &wrong {
        log.say(line)?;
    }
    match wrong.len() {
        0 => {}
        1 => bail!("1 thing is wrong in the book"),
        count => bail!("{count} things are wrong in the book"),
    }
    let said = format!(
        "{} pages, {followed} links, {}",
        written.len() + generated.len(),
        said(&counts)
    );
    log.say(&format!(
        "{said}; the book is {}",
        output.join("index.html").display()
    ))?;
    Ok(said)
}

/// The blocks by language, in words.
fn said(counts: &BTreeMap<&'static str, usize>) -> String {
    let parts: Vec<_> = counts
        .iter()
        .map(|(language, count)| format!("{count} {language}"))
        .collect();
    format!("blocks: {}", parts.join(" "))
}

/// Shows the built book on this machine until it is interrupted.
pub(crate) fn serve(workspace: &Workspace, log: &mut Log) -> Result<()> {
    log.say("the book is at http://127.0.0.1:7430/")?;
    let words = [
        "-m",
        "http.server",
        "7430",
        "--bind",
        "127.0.0.1",
        "--directory",
    ];
    let status = Command::new("python3")
        .args(words)
        .arg(workspace.target.join("book"))
        .status()
        .context("cannot start python3, which serves the folder")?;
    if !status.success() {
        bail!("the server ended ({status})");
    }
    Ok(())
}

/// The program: the one on the path if it is of that version, or one that is installed beside the build.
fn mdbook(workspace: &Workspace, log: &mut Log) -> Result<PathBuf> {
    let installed = workspace.tools().join("bin/mdbook");
    for program in [PathBuf::from("mdbook"), installed.clone()] {
        let answer = process::output(Command::new(&program).arg("--version"));
        if answer
            .is_ok_and(|said| String::from_utf8_lossy(&said).trim() == format!("mdbook v{MDBOOK}"))
        {
            return Ok(program);
        }
    }
    // Without its web server, its watcher and the optimiser it compiles in a minute.
    let words = [
        "install",
        "mdbook",
        "--version",
        MDBOOK,
        "--locked",
        "--force",
        "--debug",
    ];
    let features = ["--no-default-features", "--features", "search"];
    log.run(
        process::cargo()
            .args(words)
            .args(features)
            .arg("--root")
            .arg(workspace.tools())
            .env("CARGO_TARGET_DIR", workspace.tools().join("mdbook")),
    )
    .with_context(|| {
        format!("mdBook is missing: cargo install mdbook --version {MDBOOK} --locked")
    })?;
    Ok(installed)
}

/// Makes `link` point to `target`, replacing what was there.
pub(crate) fn symlink(target: &Path, link: &Path) -> Result<()> {
    if let Some(folder) = link.parent() {
        fs::create_dir_all(folder)?;
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(target, link)
        .with_context(|| format!("cannot link {}", link.display()))?;
    Ok(())
}
