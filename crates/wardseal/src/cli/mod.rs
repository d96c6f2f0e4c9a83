//! What people and operators type: `wardseal user …`, `wardseal group …`, `wardseal seal …`.
//!
//! A command makes a [`Report`] or a [`Failure`]. Both are written in one place, as sentences or,
//! with `--json`, as one JSON value on standard output.

mod binding;
mod devices;
mod doctor;
mod escrow;
mod exports;
mod failure;
mod files;
mod groups;
mod names;
mod output;
mod passwords;
mod private;
mod profile;
mod recovery;
mod report;
mod sessions;
mod tenants;
mod time;
mod users;
mod who;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use failure::Failure;
use profile::{Common, Host};
use report::Report;

/// Commands of people and operators.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a tenant and signs its tokens: what an application's own server does.
    Tenant(Group<tenants::Command>),
    /// Signs up, and shows who somebody is.
    User(Group<users::Command>),
    /// Sets the password with which you sign in on another machine.
    Password(Group<passwords::Command>),
    /// Sets, checks and uses your ways back in when the password is lost.
    Recovery(Group<recovery::Command>),
    /// Signs in with a name and a password, and makes this machine one of your devices.
    Login(Single<passwords::Login>),
    /// Erases your keys from this machine.
    Logout(Single<passwords::Logout>),
    /// Lists and revokes your devices.
    Device(Group<devices::Command>),
    /// Makes and changes groups.
    Group(Group<groups::Command>),
    /// Makes and changes sessions: who may open what.
    Session(Group<sessions::Command>),
    /// Claims what was sent to you before you had signed up, and follows what you sent so.
    Escrow(Group<escrow::Command>),
    /// Seals files.
    Seal(Single<files::Seal>),
    /// Opens sealed files.
    Open(Single<files::Open>),
    /// Shows what a sealed file tells without keys.
    Inspect(Single<files::Inspect>),
    /// Checks servers, clocks and what is kept on this machine.
    Doctor(Single<doctor::Doctor>),
}

/// A command that has commands.
#[derive(Args, Debug)]
pub(crate) struct Group<C: Subcommand> {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: C,
}

/// A command with arguments.
#[derive(Args, Debug)]
pub(crate) struct Single<A: Args> {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    arguments: A,
}

impl Command {
    const fn common(&self) -> &Common {
        match self {
            Self::Tenant(Group { common, .. })
            | Self::User(Group { common, .. })
            | Self::Password(Group { common, .. })
            | Self::Recovery(Group { common, .. })
            | Self::Device(Group { common, .. })
            | Self::Group(Group { common, .. })
            | Self::Session(Group { common, .. })
            | Self::Escrow(Group { common, .. })
            | Self::Login(Single { common, .. })
            | Self::Logout(Single { common, .. })
            | Self::Seal(Single { common, .. })
            | Self::Open(Single { common, .. })
            | Self::Inspect(Single { common, .. })
            | Self::Doctor(Single { common, .. }) => common,
        }
    }

    async fn carry_out(self, host: &mut Host) -> Result<Report, Failure> {
        match self {
            Self::Tenant(group) => tenants::run(host, group.command).await,
            Self::User(group) => users::run(host, group.command).await,
            Self::Password(group) => passwords::run(host, &group.command).await,
            Self::Login(single) => passwords::login(host, single.arguments).await,
            Self::Logout(_) => passwords::logout(host).await,
            Self::Recovery(group) => recovery::run(host, group.command).await,
            Self::Device(group) => devices::run(host, group.command).await,
            Self::Group(group) => groups::run(host, group.command).await,
            Self::Session(group) => sessions::run(host, group.command).await,
            Self::Escrow(group) => escrow::run(host, group.command).await,
            Self::Seal(single) => files::seal(host, single.arguments).await,
            Self::Open(single) => files::open(host, single.arguments).await,
            Self::Inspect(single) => files::inspect(&single.arguments),
            Self::Doctor(_) => doctor::run(host).await,
        }
    }
}

/// Carries out a command, and says what came of it.
pub(crate) fn run(command: Command) -> ExitCode {
    let common = command.common().clone();
    let done = runtime().and_then(|runtime| {
        let done = runtime.block_on(async {
            output::clean_up_on_interrupt();
            let mut host = Host::new(common.clone())?;
            match command.carry_out(&mut host).await {
                Ok(report) => Ok(report),
                Err(failure) => Err(host.compare_clocks(failure).await),
            }
        });
        runtime.shutdown_background();
        done
    });
    match done {
        Ok(report) => report.write(common.json),
        Err(failure) => failure.write(common.json),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::failed("io", format!("cannot start a thread: {error}"))
                .advise("close other programs, then try again")
        })
}
