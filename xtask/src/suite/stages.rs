//! The stages, as data, and the little that each does.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::process::{self, Log};
use crate::suite::Job;
use crate::suite::schedule::Outcome;
use crate::{book, generate, layers, models, page, policy, python, setup, story, wasm};

/// Stages of a lane run one after the other; lanes run side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Cargo on the native target: it locks its build folder, so two at once would only wait.
    Native,
    /// WebAssembly, Node and the browser.
    Web,
}

pub(crate) const LANES: &[Lane] = &[Lane::Native, Lane::Web];

/// One check.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    /// One line for `--list`.
    pub(crate) about: &'static str,
    pub(crate) lane: Lane,
    /// Stages that must have passed; they stand earlier in the list.
    pub(crate) needs: &'static [&'static str],
    /// Only with `--full`.
    pub(crate) full_only: bool,
    /// Only in CI, or by name: elsewhere it would fail for work in progress.
    pub(crate) ci_only: bool,
    pub(crate) work: fn(&Job<'_>, &mut Log) -> Result<Outcome>,
}

const fn native(
    name: &'static str,
    needs: &'static [&'static str],
    about: &'static str,
    work: fn(&Job<'_>, &mut Log) -> Result<Outcome>,
) -> Stage {
    Stage {
        name,
        about,
        lane: Lane::Native,
        needs,
        full_only: false,
        ci_only: false,
        work,
    }
}

const fn web(
    name: &'static str,
    needs: &'static [&'static str],
    about: &'static str,
    work: fn(&Job<'_>, &mut Log) -> Result<Outcome>,
) -> Stage {
    Stage {
        lane: Lane::Web,
        ..native(name, needs, about, work)
    }
}

/// Every stage, in the order of each lane.
pub(crate) const STAGES: &[Stage] = &[
    native("setup", &[], "what the machine must have", setup_stage),
    native("fmt", &[], "cargo fmt --check", fmt),
    native("layers", &[], "who depends on whom", layers_stage),
    native(
        "policy",
        &[],
        "sources, licences, machine paths",
        policy_stage,
    ),
    native(
        "build",
        &["setup"],
        "compile all tests, programs and examples",
        build,
    ),
    native("tests", &["build"], "all native tests", tests),
    native(
        "generated",
        &["build"],
        "committed generated files are fresh",
        generated,
    ),
    native(
        "story",
        &["build"],
        "examples/two-facilities with real servers",
        two_facilities,
    ),
    native(
        "python",
        &["build"],
        "the Python package: types, stubs, tests against real servers",
        python_stage,
    ),
    native(
        "clippy",
        &["setup"],
        "the lint table, warnings denied",
        clippy,
    ),
    native("docs", &["setup"], "rustdoc, warnings denied", docs),
    Stage {
        full_only: true,
        ..native(
            "release",
            &["setup"],
            "the optimised program builds",
            release,
        )
    },
    Stage {
        full_only: true,
        ..native(
            "models",
            &["setup"],
            "the models of spec/models, and twins that must break",
            models_stage,
        )
    },
    web("wasm", &["setup"], "build the WebAssembly once", wasm_stage),
    web(
        "vectors-node",
        &["wasm"],
        "test vectors through WebAssembly in Node",
        vectors_node,
    ),
    web(
        "vectors-browser",
        &["wasm"],
        "test vectors through WebAssembly in Chromium",
        vectors_browser,
    ),
    web(
        "transfer-rules",
        &["wasm"],
        "the rules of the application through WebAssembly in Node",
        transfer_rules,
    ),
    web(
        "sdk",
        &["wasm", "build"],
        "the SDK: types, and its tests in Node against real servers",
        sdk,
    ),
    web(
        "testing",
        &["sdk"],
        "the servers in memory, for tests of applications",
        testing,
    ),
    web(
        "sdk-packaging",
        &["sdk"],
        "the packed SDK from Vite and from Node",
        sdk_packaging,
    ),
    web(
        "sdk-browser",
        &["sdk", "build"],
        "the SDK against real servers in Chromium",
        sdk_browser,
    ),
    web(
        "page",
        &["sdk"],
        "the application's page: types, build, unit tests",
        page_stage,
    ),
    web(
        "page-browser",
        &["page", "build"],
        "the page's parts in Chromium with real servers",
        page_browser,
    ),
    web(
        "page-e2e",
        &["page", "build"],
        "the application in two browsers",
        page_e2e,
    ),
    web(
        "react",
        &["sdk", "build"],
        "the hooks for React: types, and their tests in Chromium",
        react,
    ),
    web(
        "examples",
        &["react", "build"],
        "the applications of examples/ in Chromium with real servers",
        examples,
    ),
    web(
        "book",
        &["sdk", "python", "build"],
        "the book: links, and every code block compiled or run",
        book_stage,
    ),
    Stage {
        ci_only: true,
        ..native(
            "tidy",
            &[
                "generated",
                "story",
                "python",
                "vectors-browser",
                "testing",
                "book",
                "sdk-packaging",
                "sdk-browser",
                "page-browser",
                "page-e2e",
                "react",
                "examples",
            ],
            "the checks leave no changes behind",
            tidy,
        )
    },
];

fn done() -> Result<Outcome> {
    Ok(Outcome::Done(String::new()))
}

fn absent(what: &str) -> Result<Outcome> {
    Ok(Outcome::Absent(what.to_owned()))
}

/// Cargo as this run wants it.
fn cargo(job: &Job<'_>, arguments: &[&str]) -> Command {
    let mut command = process::cargo();
    command.args(arguments);
    if process::in_ci() {
        // On a machine that is used once the files for the next, incremental build only cost time.
        command.env("CARGO_INCREMENTAL", "0");
    }
    if job.full {
        command.env("WARDSEAL_TEST_FULL", "1");
    }
    if let Some(samples) = job.workspace.samples() {
        command
            .env("FHIR_R4_SAMPLES", &samples)
            .env("WARDSEAL_TEST_FILES", &samples);
    }
    command
}

fn setup_stage(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    setup::run(job.workspace, log)?;
    done()
}

fn fmt(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    log.run(&mut cargo(job, &["fmt", "--all", "--check"]))?;
    done()
}

fn layers_stage(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    let violations = layers::check(job.workspace, log)?;
    all_well(log, &violations)
}

fn policy_stage(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    all_well(log, &policy::check(job.workspace)?)
}

fn tidy(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    all_well(log, &policy::leftovers(job.workspace)?)
}

fn all_well(log: &mut Log, violations: &[String]) -> Result<Outcome> {
    for violation in violations {
        log.say(violation)?;
    }
    match violations.len() {
        0 => done(),
        1 => bail!("1 violation"),
        count => bail!("{count} violations"),
    }
}

/// The generator of bindings has no tests and is built elsewhere, see `wasm`.
const ALL: &[&str] = &["--workspace", "--exclude", "xtask-bindgen"];

fn build(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    log.run(cargo(job, &["test", "--no-run"]).args(ALL))?;
    // With --examples, which may use dev-dependencies, cargo unites the same features as for tests and builds nothing twice.
    // With --lib it also makes the module for Python.
    log.run(cargo(job, &["build", "--lib", "--bins", "--examples"]).args(ALL))?;
    done()
}

fn tests(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    let mut skipped = Vec::new();
    if job.workspace.samples().is_none() {
        skipped.push("there are no sample bundles beside the checkout");
    }
    let python = setup::python(job.workspace, log);
    if python.is_none() {
        skipped.push("there is no Python with the package cryptography");
    }
    let mut remark = String::new();
    if !skipped.is_empty() {
        remark = format!("SKIPPED: {}", skipped.join("; "));
        log.say(&remark)?;
    }
    let with = |mut command: Command| {
        if let Some(python) = &python {
            command.env("WARDSEAL_PYTHON", python);
        }
        command
    };
    if process::answers("cargo-nextest") {
        let words = ["nextest", "run", "--no-fail-fast", "--no-tests=pass"];
        log.run(with(cargo(job, &words)).args(ALL).args([
            "--status-level",
            "fail",
            "--final-status-level",
            "slow",
        ]))?;
        log.run(cargo(job, &["test", "--doc", "--no-fail-fast"]).args(ALL))?;
    } else {
        log.run(with(cargo(job, &["test", "--no-fail-fast"])).args(ALL))?;
    }
    Ok(Outcome::Done(remark))
}

fn generated(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    if !generate::exists(job.workspace) {
        return absent("a generator");
    }
    generate::run(job.workspace, log, generate::ALL, true)?;
    done()
}

fn two_facilities(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    if !job.workspace.has(story::SCRIPT) {
        return absent(story::SCRIPT);
    }
    story::run(job.workspace, log, false)?;
    done()
}

fn python_stage(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    if !job.workspace.has("packages/python/pyproject.toml") {
        return absent(python::FOLDER);
    }
    Ok(Outcome::Done(python::run(job.workspace, log)?))
}

fn clippy(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    log.run(&mut cargo(
        job,
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    ))?;
    done()
}

fn docs(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    log.run(cargo(job, &["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    done()
}

fn release(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    if !job.workspace.has("crates/wardseal/Cargo.toml") {
        return absent("crates/wardseal");
    }
    log.run(&mut cargo(
        job,
        &["build", "--release", "--package", "wardseal"],
    ))?;
    done()
}

fn models_stage(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    if !job.workspace.has(models::FOLDER) {
        return absent(models::FOLDER);
    }
    Ok(Outcome::Done(models::run(job.workspace, log)?))
}

fn wasm_stage(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    if !wasm::exists(job.workspace) {
        return absent("crates/wasm");
    }
    Ok(Outcome::Done(wasm::run(job.workspace, log)?))
}

const CONFORMANCE_NODE: &str = "tests/conformance/node.mjs";
const CONFORMANCE_BROWSER: &str = "tests/conformance/browser.mjs";

fn vectors_node(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    conformance(job, log, CONFORMANCE_NODE)
}

fn vectors_browser(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    conformance(job, log, CONFORMANCE_BROWSER)
}

fn conformance(job: &Job<'_>, log: &mut Log, script: &str) -> Result<Outcome> {
    if !job.workspace.has(script) {
        return absent(script);
    }
    log.run(node_environment(job, Command::new("node").arg(script)))?;
    done()
}

const TRANSFER_RULES: &str = "apps/transfer/rules-wasm/test/rules.test.mjs";

fn transfer_rules(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    log.run(node_environment(
        job,
        Command::new("node").args(["--test", TRANSFER_RULES]),
    ))?;
    done()
}

const SDK: &str = "packages/sdk";

fn sdk(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    if !job.workspace.has("packages/sdk/package.json") {
        return absent("packages/sdk/package.json");
    }
    setup::npm_install(job.workspace, log, SDK)?;
    for script in ["lint", "build", "typecheck", "test"] {
        // A linter is welcome; the others are the contract.
        if script != "lint" || has_script(job, SDK, script)? {
            npm_run(job, log, SDK, script)?;
        }
    }
    done()
}

fn book_stage(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    Ok(Outcome::Done(book::run(job.workspace, log)?))
}

const TESTING: &str = "packages/testing";

fn testing(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    setup::npm_install(job.workspace, log, TESTING)?;
    for script in ["build", "typecheck", "test", "test:browser"] {
        npm_run(job, log, TESTING, script)?;
    }
    done()
}

fn sdk_packaging(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    script(job, log, SDK, "test:packaging")
}

fn sdk_browser(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    script(job, log, SDK, "test:browser")
}

fn page_stage(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    setup::npm_install(job.workspace, log, page::WEB)?;
    npm_run(job, log, page::WEB, "build")?;
    npm_run(job, log, page::WEB, "test")?;
    done()
}

fn page_browser(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    script(job, log, page::WEB, "test:browser")
}

fn page_e2e(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    script(job, log, page::WEB, "test:e2e")
}

const REACT: &str = "packages/react";

fn react(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    setup::npm_install(job.workspace, log, REACT)?;
    for script in ["build", "typecheck", "test"] {
        npm_run(job, log, REACT, script)?;
    }
    done()
}

const EXAMPLES: &str = "examples";

fn examples(job: &Job<'_>, log: &mut Log) -> Result<Outcome> {
    setup::npm_install(job.workspace, log, EXAMPLES)?;
    npm_run(job, log, EXAMPLES, "test")?;
    done()
}

/// Runs a script of a package, if it has it.
fn script(job: &Job<'_>, log: &mut Log, folder: &str, name: &str) -> Result<Outcome> {
    if !has_script(job, folder, name)? {
        return absent(&format!("the script {name} of {folder}"));
    }
    npm_run(job, log, folder, name)?;
    done()
}

/// The part of a `package.json` that is used here.
#[derive(Debug, Deserialize)]
struct Manifest {
    #[serde(default)]
    scripts: BTreeMap<String, String>,
}

fn has_script(job: &Job<'_>, folder: &str, script: &str) -> Result<bool> {
    let path = job.workspace.root.join(folder).join("package.json");
    if !path.exists() {
        return Ok(false);
    }
    let manifest: Manifest = serde_json::from_slice(&fs::read(&path)?)
        .with_context(|| format!("{} is not understood", path.display()))?;
    Ok(manifest.scripts.contains_key(script))
}

fn npm_run(job: &Job<'_>, log: &mut Log, folder: &str, script: &str) -> Result<()> {
    let mut command = Command::new("npm");
    command
        .args(["run", "--silent", script])
        .current_dir(job.workspace.root.join(folder));
    log.run(node_environment(job, &mut command))
}

/// Tells JavaScript where the browser and the programs under test are.
fn node_environment<'a>(job: &Job<'_>, command: &'a mut Command) -> &'a mut Command {
    if let Some(chromium) = setup::chromium() {
        command.env("CHROMIUM_BIN", chromium);
    }
    if let Some(samples) = job.workspace.samples() {
        command.env("FHIR_R4_SAMPLES", samples);
    }
    let programs = job.workspace.debug_programs();
    command
        .env("WARDSEAL_BIN", programs.join("wardseal"))
        .env("TRANSFER_BIN", programs.join("wardseal-transfer"))
        .env("WARDSEAL_PROGRAMS", programs)
}

#[cfg(test)]
mod tests {
    use super::STAGES;

    /// The lanes cannot wait for each other in a circle when every need stands earlier in the list.
    #[test]
    fn every_need_stands_earlier() {
        for (index, stage) in STAGES.iter().enumerate() {
            for need in stage.needs {
                let at = STAGES.iter().position(|other| other.name == *need);
                assert!(
                    at.is_some_and(|at| at < index),
                    "{} needs {need}",
                    stage.name
                );
            }
        }
    }

    #[test]
    fn names_are_unique_and_fit_the_table() {
        for (index, stage) in STAGES.iter().enumerate() {
            assert!(stage.name.len() <= 18, "{}", stage.name);
            let first = STAGES.iter().position(|other| other.name == stage.name);
            assert_eq!(first, Some(index), "{}", stage.name);
        }
    }
}
