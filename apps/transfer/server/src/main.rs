//! `wardseal-transfer`: the server of Wardseal Transfer, and what its operator does.

use std::{
    io::{self, Read as _, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::{Parser, Subcommand, ValueEnum};
use getrandom::SysRng;
use rand_core::UnwrapErr;
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;
use transfer_server::{
    Random, Stop, admin,
    config::{ServeArguments, StartError, assemble, lock},
    model::Facility,
    serve,
};
use wardseal_types::{Clock, GroupId, Timestamp};

/// Coordinates transfers of patients between facilities, and cannot read a record.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    propagate_version = true,
    arg_required_else_help = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Gives the data directory its tenant
    Init {
        /// Where the database, the sealed blobs and the token key will lie
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// The directory that `wardseal tenant create` made; its root key is not copied
        #[arg(long, value_name = "DIR")]
        tenant: PathBuf,
    },
    /// Registers facilities
    #[command(subcommand)]
    Facility(FacilityCommand),
    /// Invites people; prints each name with its invitation code, which is shown only once
    Invite {
        /// The data directory
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// The facility that they will belong to, if it is registered already
        #[arg(long, value_name = "GROUP")]
        facility: Option<GroupId>,
        /// The names with which they will log in
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// Runs the server
    Serve {
        #[command(flatten)]
        arguments: Box<ServeArguments>,
        /// How much to write to standard error
        #[arg(long, value_enum, value_name = "LEVEL", default_value_t = LogLevel::Info)]
        log: LogLevel,
    },
    /// Prints the OpenAPI document
    Openapi,
}

#[derive(Debug, Subcommand)]
enum FacilityCommand {
    /// Adds or changes facilities, read from standard input as JSON: one, or a list. Fields are
    /// those of the directory (see `wardseal-transfer openapi`), and `notificationAddress` and
    /// `language` (en, fr, de)
    Add {
        /// The data directory
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Announces facilities that can be asked before they register, read from standard input as JSON:
    /// one, or a list. Each has an `identifier` (finess:750000001, ik:260100000), `name`, `country`,
    /// `city`, `postcode`, `families`, `latitude`, `longitude`, `notificationAddress`, and may have
    /// `phone`, `capabilities`, `languages`, `hours` and `language`
    Announce {
        /// The data directory
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Lists the facilities
    List {
        /// The data directory
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

/// How much is written down.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum LogLevel {
    /// What somebody has to do something about.
    Error,
    /// What may become an error.
    Warn,
    /// What happens to the server.
    Info,
    /// One line for each request.
    Debug,
    /// Everything, also what libraries say of themselves.
    Trace,
}

/// The system's clock.
#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the system's clock is read"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // When even this cannot be written there is nobody to tell.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = io::stdout().lock();
    match command {
        Command::Init { data, tenant } => {
            let id = admin::init(&data, &tenant)?;
            writeln!(out, "{id}")?;
        }
        Command::Facility(FacilityCommand::Add { data }) => {
            let mut json = String::new();
            io::stdin().read_to_string(&mut json)?;
            let facilities = admin::facilities(&json)?;
            admin::register(&admin::open(&data)?, &facilities, SystemClock.now())?;
            for facility in &facilities {
                write_facility(&mut out, &facility.public)?;
            }
        }
        Command::Facility(FacilityCommand::Announce { data }) => {
            let mut json = String::new();
            io::stdin().read_to_string(&mut json)?;
            let facilities = admin::announcements(&json)?;
            admin::announce(&admin::open(&data)?, &facilities, SystemClock.now())?;
            for facility in &facilities {
                write_facility(&mut out, &facility.public)?;
            }
        }
        Command::Facility(FacilityCommand::List { data }) => {
            for facility in admin::list(&admin::open(&data)?)? {
                write_facility(&mut out, &facility)?;
            }
        }
        Command::Invite {
            data,
            facility,
            names,
        } => {
            let store = admin::open(&data)?;
            for name in names {
                let code = admin::invite(&store, &name, facility, SystemClock.now(), &random())?;
                writeln!(out, "{name} {code}")?;
            }
        }
        Command::Serve { arguments, log } => {
            drop(out);
            start(*arguments, log)?;
        }
        Command::Openapi => out.write_all(transfer_server::openapi_text()?.as_bytes())?,
    }
    Ok(())
}

fn write_facility(out: &mut impl io::Write, facility: &Facility) -> io::Result<()> {
    match (&facility.group, &facility.identifier) {
        (Some(group), _) => writeln!(out, "{group} {}", facility.name),
        (None, Some(identifier)) => writeln!(out, "{identifier} {}", facility.name),
        (None, None) => Ok(()),
    }
}

fn random() -> Random {
    Random::new(UnwrapErr(SysRng))
}

fn start(mut arguments: ServeArguments, log: LogLevel) -> Result<(), StartError> {
    write_log(log);
    arguments.smtp = arguments
        .smtp
        .or_else(|| variable("WARDSEAL_TRANSFER_SMTP"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(320)
        .build()
        .map_err(StartError::Threads)?;
    let result = runtime.block_on(serve_until_stopped(&arguments));
    runtime.shutdown_timeout(Duration::from_secs(5));
    result
}

async fn serve_until_stopped(arguments: &ServeArguments) -> Result<(), StartError> {
    // Until the end: the lock belongs to the file.
    let _lock = lock(&arguments.data)?;
    let refused = |reason| StartError::Listen {
        address: arguments.listen,
        reason,
    };
    let listener = TcpListener::bind(arguments.listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let stop = Stop::new();
    let app = assemble(
        arguments,
        address,
        Arc::new(SystemClock),
        random(),
        stop.clone(),
    )?;
    app.check().await?;
    stop_on_signals(stop);
    {
        // One line for programs. It is not worth dying for.
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "listening on http://{address}");
        let _ = out.flush();
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), %address, "serving");
    serve(listener, app).await;
    tracing::info!("stopped");
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place where the environment is read"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn write_log(level: LogLevel) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .with_target(false)
        .init();
}

/// SIGTERM or an interrupt stops the server in order; a second one ends the process at once.
fn stop_on_signals(stop: Stop) {
    tokio::spawn(async move {
        signalled().await;
        tracing::info!("stopping: requests under way are answered first");
        stop.stop();
        signalled().await;
        std::process::exit(130);
    });
}

#[cfg(unix)]
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

#[cfg(not(unix))]
async fn signalled() {
    let _ = tokio::signal::ctrl_c().await;
}
