//! Blocks of Python: their types are checked against the package, and they are run where they say so.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::blocks::{self, Block};
use super::{FOLDER, Page, Tools};
use crate::process::{self, Log};
use crate::python;
use crate::workspace::Workspace;

/// What begins a line that readers see only when they ask for it.
const HIDDEN: &str = "#~";

/// Where programs find `servers`, which starts servers for the package's own tests.
const TESTS: &str = "packages/python/tests";

/// A program of a page.
#[derive(Debug)]
struct Program {
    page: String,
    file: PathBuf,
    run: bool,
}

/// Puts the package together. Its module was built with all programs, if they were.
pub(crate) fn package(workspace: &Workspace, log: &mut Log) -> Result<PathBuf> {
    if !workspace.prebuilt {
        log.run(process::cargo().args(["build", "--package", "wardseal-python"]))?;
    }
    python::assemble(workspace, "book-python")
}

/// The page of all that the package exports.
pub(crate) fn reference(tools: &Tools<'_>) -> Result<Page> {
    let script = tools
        .workspace
        .root
        .join(FOLDER)
        .join("code/python_reference.py");
    let said = process::output(python::command(Path::new("python3"), &tools.python).arg(script))?;
    Ok(Page::generated(
        "reference/python.md",
        &String::from_utf8(said)?,
    ))
}

/// Checks types and runs.
pub(crate) fn check(
    tools: &Tools<'_>,
    pages: &[(&Page, Vec<Block>)],
    log: &mut Log,
    wrong: &mut Vec<String>,
) -> Result<()> {
    let folder = tools.scratch.join("python");
    fs::create_dir_all(&folder)?;
    let mut programs = Vec::new();
    for (page, blocks) in pages {
        for (program, number) in blocks::programs(blocks, &["python"]).into_iter().zip(1..) {
            let name = blocks::slug(page).replace('-', "_");
            let file = folder.join(format!("{name}_{number}.py"));
            fs::write(&file, blocks::program(&program, HIDDEN) + "\n")?;
            programs.push(Program {
                page: page.source.clone(),
                file,
                run: program.iter().any(|block| block.has("run")),
            });
        }
    }
    if programs.is_empty() {
        return Ok(());
    }
    let workspace = tools.workspace;
    let package = &tools.python;
    let tests = workspace.root.join(TESTS);
    let path = std::env::join_paths([package, &tests])?;
    let checker = python::mypy(workspace, log);
    if checker.is_none() {
        log.say("SKIPPED: types of Python, because mypy cannot be installed")?;
    }
    for program in &programs {
        log.say(&format!("$ python3, {}", program.page))?;
        if let Some(checker) = &checker {
            let mut mypy = python::command(checker, package);
            mypy.args([
                "-m",
                "mypy",
                "--strict",
                "--no-error-summary",
                "--cache-dir",
            ])
            .arg(workspace.tools().join("mypy-cache"))
            .arg(&program.file)
            .env("MYPYPATH", &tests)
            .current_dir(&folder);
            let checked = mypy.output()?;
            if !checked.status.success() {
                let said = String::from_utf8_lossy(&checked.stdout);
                wrong.extend(said.lines().map(|line| translate(line, program)));
                continue;
            }
        }
        let mut run = python::command(Path::new("python3"), Path::new(&path));
        run.env("WARDSEAL_BIN", &tools.wardseal);
        if program.run {
            run.arg(&program.file);
        } else {
            run.args([
                "-c",
                "import sys; compile(open(sys.argv[1]).read(), sys.argv[1], 'exec')",
            ])
            .arg(&program.file);
        }
        if let Err(error) = process::output(&mut run) {
            wrong.push(format!("{}: {error}", program.page));
        }
    }
    Ok(())
}

/// `page_1.py:12: error: …` → `docs/book/src/page.md:12: error: …`.
fn translate(line: &str, program: &Program) -> String {
    let name = program
        .file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    match line.strip_prefix(name.as_ref()) {
        Some(rest) => format!("{}{rest}", program.page),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Program, translate};

    #[test]
    fn what_the_checker_says_is_said_of_the_page() {
        let program = Program {
            page: "docs/book/src/page.md".to_owned(),
            file: "/x/page_1.py".into(),
            run: false,
        };
        assert_eq!(
            translate("page_1.py:12: error: no", &program),
            "docs/book/src/page.md:12: error: no"
        );
        assert_eq!(translate("other", &program), "other");
    }
}
