//! `wardseal serve`: puts a server together, runs it, and ends it in order.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;
use wardseal_server_domain::{
    DomainError, KeyServerSecrets, RandomSource, SecretsError,
    keys::{KeyServerConfig, KeyService, Writing},
    post::{NoPost, Post},
    vault::{self, VaultPolicy, VaultService, VaultStartError},
};
use wardseal_server_http::{App, Clock, Stop, Timestamp, serve};
use wardseal_server_mail::{MailError, MailServer, Mailer, Patience};
use wardseal_server_sqlite::{OpenError, SqliteStore, SqliteVaultStore};

use crate::config::{Config, ConfigError, LogLevel, ServeArguments};

/// Folded chains that the key server keeps in memory: a few hundred MB at most.
const CACHED_CHAINS: usize = 20_000;

/// Threads for what blocks: more than the requests that are worked on at once.
const BLOCKING_THREADS: usize = 320;

/// Why the server did not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(
        "cannot write to {path}: {reason}. Choose another directory with --data, or change its owner or permissions"
    )]
    Directory { path: PathBuf, reason: io::Error },
    #[error("another server is using {0}: stop it, or choose another directory with --data")]
    InUse(PathBuf),
    #[error(
        "{address} is in use by another program: choose another address with --listen, or stop that program"
    )]
    PortInUse { address: SocketAddr },
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        address: SocketAddr,
        reason: io::Error,
    },
    #[error(
        "{secret} is missing, but its database {database} exists. Restore the file from a backup: \
         without it the database is worthless. To begin anew, move the database away"
    )]
    SecretMissing { secret: PathBuf, database: PathBuf },
    #[error("{path}: {reason}")]
    KeysSecret { path: PathBuf, reason: SecretsError },
    #[error("cannot open {path}: {reason}")]
    Database { path: PathBuf, reason: OpenError },
    #[error(
        "{reason} (in {path}). Restore the file of secrets and the database from the same backup"
    )]
    Vault {
        path: PathBuf,
        reason: VaultStartError,
    },
    #[error("{0}")]
    Mail(#[from] MailError),
    #[error("cannot read the certificate {path}: {reason}")]
    Authority { path: PathBuf, reason: io::Error },
    #[error("the key server does not start: {0}")]
    Keys(#[from] DomainError),
    #[error("the system's random source does not work")]
    Random,
    #[error("cannot start threads: {0}")]
    Threads(io::Error),
}

/// Runs until the process is told to stop.
///
/// # Errors
/// [`StartError`], before anything is served.
pub(crate) fn run(arguments: &ServeArguments) -> Result<(), StartError> {
    let config = Config::resolve(arguments, variable)?;
    write_log(config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .map_err(StartError::Threads)?;
    let result = runtime.block_on(run_in(&config));
    runtime.shutdown_timeout(Duration::from_secs(5));
    result
}

async fn run_in(config: &Config) -> Result<(), StartError> {
    // Until the end: the lock belongs to the file.
    let _lock = prepare(&config.data)?;
    let listener = listen(config.listen).await?;
    let address = listener.local_addr().map_err(|reason| StartError::Listen {
        address: config.listen,
        reason,
    })?;
    let stop = Stop::new();
    stop_on_signals(stop.clone());
    let app = assemble(config, address)?;
    announce(config, address, &app);
    serve(listener, app, &stop).await;
    tracing::info!("stopped");
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place where the environment is read"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The system's clock.
#[derive(Debug)]
pub(crate) struct SystemClock;

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

fn random() -> RandomSource {
    RandomSource::new(UnwrapErr(SysRng))
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

/// Makes the directory, for its owner only, and locks it: two servers over one database would
/// contradict each other.
fn prepare(data: &Path) -> Result<File, StartError> {
    let refused = |reason| StartError::Directory {
        path: data.to_owned(),
        reason,
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data).map_err(refused)?;
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(data.join("lock"))
        .map_err(refused)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(data.to_owned())),
        Err(TryLockError::Error(reason)) => Err(refused(reason)),
    }
}

/// The content of a file of secrets, made when neither it nor its database exist.
fn secret(
    path: &Path,
    database: &Path,
    make: impl FnOnce() -> Result<Vec<u8>, StartError>,
) -> Result<Vec<u8>, StartError> {
    let refused = |reason| StartError::Directory {
        path: path.to_owned(),
        reason,
    };
    match fs::read(path) {
        Ok(content) => return Ok(content),
        Err(reason) if reason.kind() != io::ErrorKind::NotFound => return Err(refused(reason)),
        Err(_) if database.exists() => {
            return Err(StartError::SecretMissing {
                secret: path.to_owned(),
                database: database.to_owned(),
            });
        }
        Err(_) => {}
    }
    let content = make()?;
    write_secret(path, &content).map_err(refused)?;
    Ok(content)
}

/// Whole or not at all, and for nobody but the owner.
fn write_secret(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("secret.new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|reason| match reason.kind() {
            io::ErrorKind::AddrInUse => StartError::PortInUse { address },
            _ => StartError::Listen { address, reason },
        })
}

/// Opens what the roles need.
fn assemble(config: &Config, address: SocketAddr) -> Result<App, StartError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let audience = config
        .audience
        .clone()
        .unwrap_or_else(|| format!("http://{address}"));
    let post = post(config)?;
    let keys = config
        .role
        .keys()
        .then(|| key_server(config, &audience, Arc::clone(&clock), Arc::clone(&post)))
        .transpose()?;
    let vault = config
        .role
        .vault()
        .then(|| vault_server(config, &audience, Arc::clone(&clock), post))
        .transpose()?;
    Ok(App {
        audience,
        origins: config.origins.clone(),
        clock,
        keys: keys.map(Arc::new),
        vault: vault.map(Arc::new),
    })
}

fn key_server(
    config: &Config,
    audience: &str,
    clock: Arc<dyn Clock>,
    post: Arc<dyn Post>,
) -> Result<KeyService, StartError> {
    let path = config.data.join("keys.db");
    let secret_path = config.data.join("keys.secret");
    let content = secret(&secret_path, &path, || {
        KeyServerSecrets::generate(&mut UnwrapErr(SysRng))
            .map(|secrets| secrets.to_bytes().expose().to_vec())
            .map_err(|_| StartError::Random)
    })?;
    let secrets =
        KeyServerSecrets::from_bytes(&content).map_err(|reason| StartError::KeysSecret {
            path: secret_path,
            reason,
        })?;
    let store = SqliteStore::open(&path).map_err(|reason| StartError::Database { path, reason })?;
    Ok(KeyService::start(
        Arc::new(store),
        secrets,
        clock,
        random(),
        KeyServerConfig {
            audience: audience.to_owned(),
            tenants: config.tenants.clone(),
            escrow: is_separate(config),
            post,
            cached_chains: CACHED_CHAINS,
            writing: Writing::Thread,
        },
    )?)
}

/// Who sends letters, in the runtime of the caller.
fn post(config: &Config) -> Result<Arc<dyn Post>, StartError> {
    let Some(mail) = &config.mail else {
        return Ok(Arc::new(NoPost));
    };
    let authority = match &mail.authority {
        Some(path) => Some(fs::read(path).map_err(|reason| StartError::Authority {
            path: path.clone(),
            reason,
        })?),
        None => None,
    };
    let server = MailServer::new(&mail.server, &mail.from, authority.as_deref())?;
    Ok(Arc::new(Mailer::start(&server, Patience::default())))
}

fn vault_server(
    config: &Config,
    audience: &str,
    clock: Arc<dyn Clock>,
    post: Arc<dyn Post>,
) -> Result<VaultService, StartError> {
    let path = config.data.join("vault.db");
    let secret_path = config.data.join("vault.secret");
    let secret = secret(&secret_path, &path, || {
        Ok(vault::new_secret(&mut UnwrapErr(SysRng)).to_vec())
    })?;
    let store = SqliteVaultStore::open(&path).map_err(|reason| StartError::Database {
        path: path.clone(),
        reason,
    })?;
    let policy = VaultPolicy {
        tenants: config.tenants.clone(),
        audience: audience.to_owned(),
        separate: is_separate(config),
    };
    VaultService::new(Box::new(store), &secret, policy, clock, random())
        .map(|vault| vault.with_post(post))
        .map_err(|reason| StartError::Vault { path, reason })
}

/// Whoever holds key server and vault can try passwords as fast as he can hash them, so the two
/// together are for development. Escrow is off with them: an operator who runs everything in one
/// process runs the tenant's server too, more often than not, and then holds both shares.
const fn is_separate(config: &Config) -> bool {
    config.development || !(config.role.keys() && config.role.vault())
}

/// One line for programs on standard output, the rest for people on standard error. Neither is
/// worth dying for.
fn announce(config: &Config, address: SocketAddr, app: &App) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "listening on http://{address}");
    let _ = out.flush();
    let mut text = format!(
        "wardseal {} serves {} on http://{address}\ndata and secrets lie in {}: back them up together\n",
        env!("CARGO_PKG_VERSION"),
        match (app.keys.is_some(), app.vault.is_some()) {
            (true, true) => "key server and vault",
            (true, false) => "the key server",
            _ => "the vault",
        },
        fs::canonicalize(&config.data)
            .unwrap_or_else(|_| config.data.clone())
            .display(),
    );
    if config.development {
        text.push_str("this is development mode: any tenant may register, and pages of this machine may call\n");
    }
    if !is_separate(config) {
        text.push_str(
            "password recovery and escrow are refused here: key server and vault in one process \
             could guess passwords together. Run the vault as a process of its own, with another operator: \
             wardseal serve --role vault\n",
        );
    }
    let _ = io::stderr().lock().write_all(text.as_bytes());
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
