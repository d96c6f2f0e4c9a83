//! Blocks of Python: compiled, checked against the stubs where the package is built, and run where they say so.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::blocks::{self, Block};
use super::{Page, Tools};
use crate::process::{self, Log};

/// What begins a line that readers see only when they ask for it.
const HIDDEN: &str = "#~";

/// Compiles each program.
pub(crate) fn check(
    tools: &Tools<'_>,
    pages: &[(&Page, Vec<Block>)],
    log: &mut Log,
    wrong: &mut Vec<String>,
) -> Result<()> {
    let folder = tools.scratch.join("python");
    fs::create_dir_all(&folder)?;
    let mut files: Vec<(&Page, PathBuf)> = Vec::new();
    for (page, blocks) in pages {
        for (program, number) in blocks::programs(blocks, &["python"]).into_iter().zip(1..) {
            let file = folder.join(format!(
                "{}_{number}.py",
                blocks::slug(page).replace('-', "_")
            ));
            fs::write(&file, blocks::program(&program, HIDDEN) + "\n")?;
            files.push((*page, file));
        }
    }
    for (page, file) in &files {
        log.say(&format!("$ python3 -m py_compile, {}", page.source))?;
        let compiled =
            process::output(Command::new("python3").args(["-m", "py_compile"]).arg(file));
        if let Err(error) = compiled {
            wrong.push(format!("{}: {error}", page.source));
        }
    }
    Ok(())
}
