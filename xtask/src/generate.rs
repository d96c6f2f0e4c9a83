//! Files that are generated and committed, and the proof that they are fresh.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process::{self, Log};
use crate::workspace::Workspace;

/// One generator: an example of one of our crates.
#[derive(Debug)]
pub(crate) struct Generator {
    package: &'static str,
    example: &'static str,
    /// The source of the example: the generator exists when this file does.
    source: &'static str,
    /// What it makes, relative to the root.
    output: &'static str,
    form: Form,
}

/// How an example hands over what it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// It prints the one file.
    File,
    /// It writes into the folder that is its argument; what lies there afterwards, and nothing else, is what it makes.
    Folder,
}

const OPENAPI: Generator = Generator {
    package: "wardseal-server-http",
    example: "openapi",
    source: "crates/server-http/examples/openapi.rs",
    output: "docs/openapi.json",
    form: Form::File,
};

const SPEC_VECTORS: Generator = Generator {
    package: "wardseal-testkit",
    example: "vectors",
    source: "crates/testkit/examples/vectors.rs",
    output: "spec/vectors/v1",
    form: Form::Folder,
};

const ERROR_CODES: Generator = Generator {
    package: "wardseal-wasm",
    example: "error_codes",
    source: "crates/wasm/examples/error_codes.rs",
    output: "packages/sdk/src/codes.ts",
    form: Form::File,
};

/// Every generator.
pub(crate) const ALL: &[Generator] = &[OPENAPI, SPEC_VECTORS, ERROR_CODES];

/// The test vectors alone.
pub(crate) const VECTORS: &[Generator] = &[SPEC_VECTORS];

/// Whether any generator exists yet.
pub(crate) fn exists(workspace: &Workspace) -> bool {
    ALL.iter().any(|generator| workspace.has(generator.source))
}

/// Runs the generators; with `check`, writes nothing and fails when a committed file differs.
pub(crate) fn run(
    workspace: &Workspace,
    log: &mut Log,
    generators: &[Generator],
    check: bool,
) -> Result<()> {
    let mut stale = Vec::new();
    for generator in generators {
        if !workspace.has(generator.source) {
            log.say(&format!("{} does not exist yet", generator.source))?;
            continue;
        }
        let made = generator.make(workspace, log)?;
        let present = contents(&workspace.root.join(generator.output))?;
        let differences = differences(&made, &present);
        if check {
            stale.extend(
                differences
                    .iter()
                    .map(|path| format!("{}{path}", generator.output)),
            );
        } else {
            write(&workspace.root.join(generator.output), &made, &present)?;
            log.say(&format!(
                "{}: {} files, {} changed",
                generator.output,
                made.len(),
                differences.len()
            ))?;
        }
    }
    if !stale.is_empty() {
        bail!(
            "stale, run cargo xtask generate and commit:\n  {}",
            stale.join("\n  ")
        );
    }
    Ok(())
}

impl Generator {
    /// Runs the example and reads what it wrote.
    fn make(&self, workspace: &Workspace, log: &mut Log) -> Result<Files> {
        let program = workspace
            .debug_programs()
            .join("examples")
            .join(self.example);
        if !workspace.prebuilt {
            log.run(process::cargo().args([
                "build",
                "--package",
                self.package,
                "--example",
                self.example,
            ]))?;
        }
        let made = match self.form {
            Form::File => {
                let printed = process::output(&mut Command::new(program))?;
                Files::from([(String::new(), printed)])
            }
            Form::Folder => {
                let folder = workspace.scratch(&format!("generate-{}", self.example))?;
                log.run(Command::new(program).arg(&folder))?;
                contents(&folder)?
            }
        };
        if made.values().all(Vec::is_empty) {
            bail!("the example {} made nothing", self.example);
        }
        Ok(made)
    }
}

/// Path below an output (empty for the output itself, else beginning with `/`) → contents.
type Files = BTreeMap<String, Vec<u8>>;

/// A file, or every file below a folder; nothing if the path does not exist.
fn contents(path: &Path) -> Result<Files> {
    let mut files = Files::new();
    collect(path, String::new(), &mut files)?;
    Ok(files)
}

fn collect(path: &Path, name: String, files: &mut Files) -> Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let below = format!("{name}/{}", entry.file_name().to_string_lossy());
            collect(&entry.path(), below, files)?;
        }
    } else if path.exists() {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        files.insert(name, bytes);
    }
    Ok(())
}

/// The names whose contents are not the same in both, or that only one has.
fn differences(made: &Files, present: &Files) -> Vec<String> {
    let mut names: Vec<_> = made
        .iter()
        .filter(|(name, bytes)| present.get(*name) != Some(*bytes))
        .map(|(name, _)| name.clone())
        .collect();
    names.extend(
        present
            .keys()
            .filter(|name| !made.contains_key(*name))
            .cloned(),
    );
    names
}

/// Makes the files at `output` those that were made: writes what differs, removes what is no longer made.
fn write(output: &Path, made: &Files, present: &Files) -> Result<()> {
    for name in differences(made, present) {
        let path = PathBuf::from(format!("{}{name}", output.display()));
        match made.get(&name) {
            Some(bytes) => {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)?;
                }
                fs::write(&path, bytes)
                    .with_context(|| format!("cannot write {}", path.display()))?;
            }
            None => fs::remove_file(&path)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Files, contents, differences, write};

    fn files(list: &[(&str, &str)]) -> Files {
        list.iter()
            .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn what_changed_what_is_new_and_what_is_gone() {
        let made = files(&[("/same", "1"), ("/changed", "2"), ("/new", "3")]);
        let present = files(&[("/same", "1"), ("/changed", "1"), ("/gone", "4")]);
        assert_eq!(differences(&made, &present), ["/changed", "/new", "/gone"]);
        assert!(differences(&made, &made).is_empty());
    }

    #[test]
    fn writing_makes_a_folder_and_a_file_equal() {
        let root = std::env::temp_dir().join(format!("xtask-generate-{}", std::process::id()));
        let folder = root.join("v1");
        let before = files(&[("/a/old", "1"), ("/b", "2")]);
        write(&folder, &before, &Files::new()).unwrap();
        let after = files(&[("/a/new", "3"), ("/b", "4")]);
        write(&folder, &after, &contents(&folder).unwrap()).unwrap();
        assert_eq!(contents(&folder).unwrap(), after);
        let file = root.join("openapi.json");
        write(&file, &files(&[("", "{}")]), &Files::new()).unwrap();
        assert_eq!(contents(&file).unwrap(), files(&[("", "{}")]));
        std::fs::remove_dir_all(root).unwrap();
    }
}
