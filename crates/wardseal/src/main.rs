//! The one program of Wardseal: `wardseal serve` runs the servers, the other commands are for people
//! and operators.

mod cli;
mod config;
mod serve;

use std::{io::Write as _, process::ExitCode};

use clap::{Parser, Subcommand};

/// End-to-end encryption for applications: seal for people and groups, share, revoke.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 no connection, 4 wrong password, 5 no access"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the key server, the vault, or both for development.
    Serve(Box<config::ServeArguments>),
    #[command(flatten)]
    User(Box<cli::Command>),
}

/// What the program exits with when it could not begin: a mistake in arguments, configuration or
/// surroundings, which a person has to correct.
const CANNOT_START: u8 = 2;

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let done = match command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::User(command) => return cli::run(*command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // When even this cannot be written there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(CANNOT_START)
        }
    }
}
