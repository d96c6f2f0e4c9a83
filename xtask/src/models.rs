//! `cargo xtask models`: the symbolic models of `spec/models`, checked by Verifpal.
//!
//! The first line of a model says what each of its queries gives, such as `// Expected: c0a0`: a letter for the
//! kind of query, 0 for a query that holds and 1 for one that is broken. A model named `…-broken-…` is a twin
//! that lacks something on purpose: each of its queries must be broken, or the good model proves nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process::{self, Log};
use crate::workspace::Workspace;

/// Where the models are.
pub(crate) const FOLDER: &str = "spec/models";

/// The version that the expectations were made with.
const VERSION: &str = "1.6.7";

/// One model and what it must give.
#[derive(Debug, PartialEq, Eq)]
struct Model {
    name: String,
    expected: String,
}

/// Checks all models. Returns a line that says how many there are.
pub(crate) fn run(workspace: &Workspace, log: &mut Log) -> Result<String> {
    let folder = workspace.root.join(FOLDER);
    let models = read(&folder)?;
    let verifpal = verifpal(workspace, log)?;
    let mut wrong = Vec::new();
    for model in &models {
        let started = process::now();
        let answer = process::output(
            Command::new(&verifpal)
                .args(["verify", "--quiet", "--result-code"])
                .arg(&model.name)
                .current_dir(&folder),
        )?;
        let answer = String::from_utf8(answer)?;
        let code = answer.lines().last().unwrap_or_default().trim();
        let seconds = started.elapsed().as_secs();
        log.say(&format!("{:34} {code:12} {seconds:4} s", model.name))?;
        if code != model.expected {
            wrong.push(format!(
                "{} gives {code:?} and not {}",
                model.name, model.expected
            ));
        }
    }
    if !wrong.is_empty() {
        bail!(
            "{}\nverifpal verify {FOLDER}/<model> shows how",
            wrong.join("\n")
        );
    }
    Ok(format!("{} models", models.len()))
}

/// All models, each with a sensible expectation, by name.
fn read(folder: &Path) -> Result<Vec<Model>> {
    let mut models = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "vp") {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let text = std::fs::read_to_string(&path)?;
            models.push(Model {
                expected: expected(&name, &text)?.to_owned(),
                name: name.into_owned(),
            });
        }
    }
    models.sort_by(|one, other| one.name.cmp(&other.name));
    let broken = models.iter().filter(|model| is_broken(&model.name)).count();
    if broken == 0 || broken == models.len() {
        bail!("{FOLDER} needs models that hold and models that break");
    }
    Ok(models)
}

fn is_broken(name: &str) -> bool {
    name.contains("-broken-")
}

/// What the first line of a model expects. A good model expects no attack, a broken one at every query.
fn expected<'a>(name: &str, text: &'a str) -> Result<&'a str> {
    let code = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("// Expected: "))
        .with_context(|| format!("{name} does not begin with `// Expected: `"))?;
    let verdict = if is_broken(name) { '1' } else { '0' };
    let queries = text
        .lines()
        .filter(|line| line.trim_start().split(' ').next().is_some_and(is_query))
        .count();
    let digits = code.chars().filter(char::is_ascii_digit).count();
    if digits != queries || code.chars().any(|c| c.is_ascii_digit() && c != verdict) {
        bail!("{name} has {queries} queries, all of which must be {verdict}, and expects {code}");
    }
    Ok(code)
}

fn is_query(word: &str) -> bool {
    matches!(
        word,
        "confidentiality?" | "authentication?" | "freshness?" | "unlinkability?" | "equivalence?"
    )
}

/// The program: the one on the path, or one that is installed beside the build.
fn verifpal(workspace: &Workspace, log: &mut Log) -> Result<PathBuf> {
    if let Some(named) = process::variable("VERIFPAL_BIN") {
        return Ok(named.into());
    }
    let installed = workspace.tools().join("bin/verifpal");
    for program in [PathBuf::from("verifpal"), installed.clone()] {
        if process::answers(&program) {
            return Ok(program);
        }
    }
    // It states a newer compiler than it needs.
    let words = [
        "install",
        "verifpal",
        "--version",
        VERSION,
        "--locked",
        "--ignore-rust-version",
    ];
    let done = log.run(
        process::cargo()
            .args(words)
            .arg("--root")
            .arg(workspace.tools()),
    );
    done.with_context(|| {
        format!(
            "Verifpal is missing. Install it with\n\n    cargo {}\n\nor name it in VERIFPAL_BIN",
            words.join(" ")
        )
    })?;
    Ok(installed)
}

#[cfg(test)]
mod tests {
    use super::expected;

    #[test]
    fn a_model_says_what_it_gives() {
        let text =
            "// Expected: c0a0\nqueries[\n\tconfidentiality? a\n\tauthentication? A -> B: b\n]";
        assert_eq!(expected("good.vp", text).unwrap(), "c0a0");
        assert!(
            expected("x-broken-y.vp", text).is_err(),
            "a twin must break"
        );
        let broken = text.replace('0', "1");
        assert_eq!(expected("x-broken-y.vp", &broken).unwrap(), "c1a1");
        assert!(expected("good.vp", &broken).is_err());
        assert!(expected("good.vp", &text.replace("c0a0", "c0")).is_err());
        assert!(expected("good.vp", "queries[]").is_err());
    }
}
