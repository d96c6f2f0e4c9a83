//! The real servers, on loopback ports of this process.

use std::{
    fmt,
    future::Future,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
    thread::JoinHandle,
};

use wardseal_crypto::{kdf, kem::KemSecretKey, label, secret::Secret, sign::HybridSigningKey};
use wardseal_server_domain::{
    KeyServerSecrets, RandomSource,
    keys::{KeyServerConfig, KeyService, Writing},
    tenants::TenantPolicy,
    vault::{self, VaultPolicy, VaultService},
};
use wardseal_server_http::{App, Origins, Stop, serve};
use wardseal_server_sqlite::{SqliteStore, SqliteVaultStore};
use wardseal_types::{Clock, ManualClock, Timestamp};

use crate::{mailbox::Mailbox, seeded};

/// How the servers are to be.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// What the clock shows at first; by default the time of a [`Town`](crate::Town).
    pub time: Timestamp,
    /// Which tenants both servers accept.
    pub tenants: TenantPolicy,
    /// Whether the vault believes that the key server is in other hands.
    pub separate: bool,
    /// Whether the key server is a party of escrow.
    pub escrow: bool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            time: Timestamp::from_seconds(1_700_000_000),
            tenants: TenantPolicy::Open,
            separate: true,
            escrow: true,
        }
    }
}

/// A key server and a vault over databases in a temporary directory, with a clock that moves when
/// told to. They stop when this is dropped. Works from tests with and without an async runtime.
pub struct Servers {
    /// The time of both.
    pub clock: Arc<ManualClock>,
    /// Where the letters of both arrive.
    pub mailbox: Mailbox,
    keys_address: SocketAddr,
    vault_address: SocketAddr,
    keys: Option<Background>,
    vault: Option<Background>,
    options: ServerOptions,
    /// Different at each start, so that randomness does not repeat.
    starts: u64,
    folder: tempfile::TempDir,
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Servers")
            .field("keys", &self.keys_url())
            .field("vault", &self.vault_url())
            .finish_non_exhaustive()
    }
}

impl Default for Servers {
    fn default() -> Self {
        Self::start(ServerOptions::default())
    }
}

impl Servers {
    /// Starts both.
    ///
    /// # Panics
    /// When the surroundings of the test do not allow it.
    #[must_use]
    pub fn start(options: ServerOptions) -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut servers = Self {
            clock: Arc::new(ManualClock::new(options.time)),
            mailbox: Mailbox::default(),
            keys_address: any,
            vault_address: any,
            keys: None,
            vault: None,
            options,
            starts: 0,
            folder: tempfile::tempdir().expect("a temporary directory"),
        };
        servers.start_keys();
        servers.start_vault();
        servers
    }

    /// What the clock shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Address of the key server, such as `http://127.0.0.1:41234`. It stays the same when the
    /// server is stopped and started again.
    #[must_use]
    pub fn keys_url(&self) -> String {
        format!("http://{}", self.keys_address)
    }

    /// Address of the vault.
    #[must_use]
    pub fn vault_url(&self) -> String {
        format!("http://{}", self.vault_address)
    }

    /// The key by which the key server signs checkpoints: for
    /// [`Town::logged_by`](crate::Town::logged_by).
    ///
    /// # Panics
    /// Never: the seed is fixed.
    #[must_use]
    pub fn log_key() -> HybridSigningKey {
        secrets().log_key()
    }

    /// The escrow key of the key server, for a [`Town`](crate::Town) that seals to it.
    ///
    /// # Panics
    /// Never: the seed is fixed.
    #[must_use]
    pub fn escrow_key() -> KemSecretKey {
        let file = secrets().to_bytes();
        // The third of the four secrets, after sixteen bytes that name the format.
        let secret = file.expose().get(80..112).expect("four secrets");
        let secret = Secret::try_from_slice(secret).expect("32 bytes");
        let seed = kdf::derive(&secret, label::ESCROW_SERVER, &[]);
        KemSecretKey::from_seed(&seed).expect("every seed is a key")
    }

    /// The OPAQUE setup of the vault, for tests that play a part of it.
    #[must_use]
    pub fn vault_secret() -> Vec<u8> {
        vault::new_secret(&mut seeded(2)).to_vec()
    }

    /// Where the databases lie: `keys.db` and `vault.db`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Stops the key server, if it runs.
    pub fn stop_keys(&mut self) {
        self.keys = None;
    }

    /// Stops the vault, if it runs.
    pub fn stop_vault(&mut self) {
        self.vault = None;
    }

    /// Starts the key server over what it had stored, if it does not run.
    ///
    /// # Panics
    /// When the surroundings of the test do not allow it.
    pub fn start_keys(&mut self) {
        if self.keys.is_some() {
            return;
        }
        let listener = self.listen(self.keys_address);
        self.keys_address = listener.local_addr().expect("an address");
        let service = KeyService::start(
            Arc::new(SqliteStore::open(&self.folder().join("keys.db")).expect("a database")),
            secrets(),
            self.clock(),
            self.random(),
            KeyServerConfig {
                audience: self.keys_url(),
                tenants: self.options.tenants.clone(),
                escrow: self.options.escrow,
                post: Arc::new(self.mailbox.clone()),
                cached_chains: 1000,
                writing: Writing::Thread,
            },
        )
        .expect("a key server");
        let app = App {
            keys: Some(Arc::new(service)),
            ..self.app(self.keys_url())
        };
        self.keys = Some(Background::serve(listener, app));
    }

    /// Starts the vault over what it had stored, if it does not run.
    ///
    /// # Panics
    /// When the surroundings of the test do not allow it.
    pub fn start_vault(&mut self) {
        if self.vault.is_some() {
            return;
        }
        let listener = self.listen(self.vault_address);
        self.vault_address = listener.local_addr().expect("an address");
        let store = SqliteVaultStore::open(&self.folder().join("vault.db")).expect("a database");
        let service = VaultService::new(
            Box::new(store),
            &Self::vault_secret(),
            VaultPolicy {
                tenants: self.options.tenants.clone(),
                audience: self.vault_url(),
                separate: self.options.separate,
            },
            self.clock(),
            self.random(),
        )
        .expect("a vault")
        .with_post(Arc::new(self.mailbox.clone()));
        let app = App {
            vault: Some(Arc::new(service)),
            ..self.app(self.vault_url())
        };
        self.vault = Some(Background::serve(listener, app));
    }

    fn listen(&mut self, address: SocketAddr) -> TcpListener {
        self.starts += 1;
        TcpListener::bind(address).expect("a free port")
    }

    fn clock(&self) -> Arc<dyn Clock> {
        let clock: Arc<ManualClock> = Arc::clone(&self.clock);
        clock
    }

    fn random(&self) -> RandomSource {
        RandomSource::new(seeded(1000 + self.starts))
    }

    fn app(&self, audience: String) -> App {
        App {
            audience,
            origins: Origins::Loopback,
            clock: self.clock(),
            keys: None,
            vault: None,
        }
    }
}

/// The secrets of a deployment do not change when it starts again, so their seed is fixed.
fn secrets() -> KeyServerSecrets {
    KeyServerSecrets::generate(&mut seeded(1)).expect("a source that works")
}

/// Something that serves in a thread of its own, until it is dropped.
pub(crate) struct Background {
    stop: Stop,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    fn serve(listener: TcpListener, app: App) -> Self {
        Self::run(listener, move |listener, stop| async move {
            serve(listener, app, &stop).await;
        })
    }

    /// Runs `work` in a runtime of its own, so that nobody's runtime is blocked or needed.
    pub(crate) fn run<F: Future<Output = ()>>(
        listener: TcpListener,
        work: impl FnOnce(tokio::net::TcpListener, Stop) -> F + Send + 'static,
    ) -> Self {
        let stop = Stop::new();
        let inside = stop.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                listener.set_nonblocking(true).expect("a socket");
                let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
                work(listener, inside).await;
            });
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            // Whether it panicked is for the test to find out by what it asks the server.
            let _ = thread.join();
        }
    }
}
