//! Everything that builds, checks or shows the project. `cargo xtask help` lists the commands.
//!
//! What CI runs, anyone runs: `.ci/run` calls `cargo xtask test` and nothing else.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to the terminal"
)]

mod attacks;
mod book;
mod demo;
mod generate;
mod layers;
mod models;
mod page;
mod policy;
mod process;
mod python;
mod setup;
mod story;
mod suite;
mod wasm;
mod workspace;

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};
use lexopt::prelude::*;

use crate::process::Log;
use crate::workspace::Workspace;

const HELP: &str = "\
cargo xtask <command>

  test [--full] [--only a,b] [--list]   run every check, or only the named stages
  setup                                 install what the build needs (Debian, as root), or say how
  demo [--release] [arguments]          build and start Wardseal Transfer with invented people, on SQLite;
                                        `demo --help` lists the arguments
  story [--release]                     run examples/two-facilities with servers of its own
  book [--serve]                        build the documentation site into target/book, with links and code checked
  wasm                                  build the WebAssembly and its TypeScript into packages/sdk/src/generated
  generate [--check]                    write the committed generated files, or fail if they are stale
  vectors [--check]                     the same for spec/vectors only
  layers                                check who depends on whom
  models                                check the models of spec/models with Verifpal
  policy                                check sources, licences, machine paths, file lengths, named tests
  bench [arguments]                     run the measurements of benches/
  help                                  this text
";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Arguments {
    command: String,
    full: bool,
    check: bool,
    list: bool,
    release: bool,
    serve: bool,
    only: Vec<String>,
    rest: Vec<String>,
}

impl Arguments {
    fn parse(mut parser: lexopt::Parser) -> Result<Self> {
        let mut arguments = Self::default();
        while let Some(argument) = parser.next()? {
            match argument {
                Value(command) if arguments.command.is_empty() => {
                    arguments.command = command.string()?;
                    // What follows is for a program of its own.
                    if matches!(arguments.command.as_str(), "bench" | "demo") {
                        for word in parser.raw_args()? {
                            arguments.rest.push(word.string()?);
                        }
                    }
                }
                Long("full") => arguments.full = true,
                Long("check") => arguments.check = true,
                Long("list") => arguments.list = true,
                Long("release") => arguments.release = true,
                Long("serve") => arguments.serve = true,
                Long("only") => {
                    let names = parser.value()?.string()?;
                    arguments
                        .only
                        .extend(names.split(',').map(|name| name.trim().to_owned()));
                }
                Short('h') | Long("help") => "help".clone_into(&mut arguments.command),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(arguments)
    }
}

/// Returns whether everything that was asked for succeeded.
fn run() -> Result<bool> {
    let arguments = Arguments::parse(lexopt::Parser::from_env())?;
    if arguments.command.is_empty() || arguments.command == "help" {
        print!("{HELP}");
        return Ok(true);
    }
    let workspace = Workspace::load()?;
    let mut log = Log::terminal(&workspace.root);
    match arguments.command.as_str() {
        "test" => {
            return suite::run(
                &workspace,
                &suite::Options {
                    full: arguments.full,
                    list: arguments.list,
                    only: arguments.only,
                },
            );
        }
        "setup" => setup::run(&workspace, &mut log)?,
        "demo" => demo::run(&workspace, &mut log, &arguments.rest)?,
        "story" => story::run(&workspace, &mut log, arguments.release)?,
        "book" => {
            setup::run(&workspace, &mut log)?;
            if !wasm::was_built(&workspace) {
                wasm::run(&workspace, &mut log)?;
            }
            book::run(&workspace, &mut log)?;
            if arguments.serve {
                book::serve(&workspace, &mut log)?;
            }
        }
        "wasm" => {
            setup::run(&workspace, &mut log)?;
            wasm::run(&workspace, &mut log)?;
        }
        "generate" => generate::run(&workspace, &mut log, generate::ALL, arguments.check)?,
        "vectors" => generate::run(&workspace, &mut log, generate::VECTORS, arguments.check)?,
        "models" => {
            let said = models::run(&workspace, &mut log)?;
            println!("models: {said}, each as expected");
        }
        "layers" => report("layers", &layers::check(&workspace, &mut log)?)?,
        "policy" => {
            report("policy", &policy::check(&workspace)?)?;
            for note in policy::notes(&workspace)? {
                println!("note: {note}");
            }
        }
        "bench" => bench(&workspace, &mut log, &arguments.rest)?,
        other => bail!("there is no command {other:?}; see cargo xtask help"),
    }
    Ok(true)
}

/// Turns a list of violations into an error that names each.
fn report(what: &str, violations: &[String]) -> Result<()> {
    if violations.is_empty() {
        println!("{what}: ok");
        return Ok(());
    }
    bail!("{what}:\n  {}", violations.join("\n  "))
}

fn bench(workspace: &Workspace, log: &mut Log, arguments: &[String]) -> Result<()> {
    if !workspace.has("benches/Cargo.toml") {
        bail!("benches/ does not exist yet");
    }
    if arguments == ["web"] {
        return web_bench(workspace, log);
    }
    let mut command = process::cargo();
    command.args(["run", "--release", "--package", "wardseal-benches", "--"]);
    log.run(command.args(arguments))?;
    if arguments.is_empty() {
        web_bench(workspace, log)?;
    }
    Ok(())
}

/// The measurements that need a browser.
fn web_bench(workspace: &Workspace, log: &mut Log) -> Result<()> {
    let sdk = workspace.root.join("packages/sdk");
    setup::run(workspace, log)?;
    wasm::run(workspace, log)?;
    setup::npm_install(workspace, log, "packages/sdk")?;
    let program = ["build", "--release", "--package", "wardseal"];
    log.run(process::cargo().args(program))?;
    for script in ["build", "bench"] {
        let mut command = Command::new("npm");
        command
            .args(["run", "--silent", script])
            .current_dir(&sdk)
            .env("WARDSEAL_BIN", workspace.target.join("release/wardseal"));
        if let Some(chromium) = setup::chromium() {
            command.env("CHROMIUM_BIN", chromium);
        }
        log.run(&mut command)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Arguments;

    fn parse(words: &[&str]) -> anyhow::Result<Arguments> {
        Arguments::parse(lexopt::Parser::from_args(words))
    }

    #[test]
    fn only_takes_a_list() {
        let arguments = parse(&["test", "--full", "--only", "fmt, layers"]).unwrap();
        assert_eq!(arguments.command, "test");
        assert!(arguments.full);
        assert_eq!(arguments.only, ["fmt", "layers"]);
    }

    #[test]
    fn bench_hands_its_arguments_on() {
        let arguments = parse(&["bench", "--quick", "seal"]).unwrap();
        assert_eq!(arguments.rest, ["--quick", "seal"]);
    }

    #[test]
    fn an_unknown_option_is_refused() {
        assert!(parse(&["test", "--fast"]).is_err());
        assert!(parse(&["test", "twice"]).is_err());
    }
}
