//! A world for end-to-end tests: a key server and a vault on loopback ports, a network before each
//! that fails when told to, a tenant, and people with machines.

#![expect(
    clippy::expect_used,
    reason = "only tests use this crate; a broken fixture must stop them where it broke"
)]

mod desk;
mod place;
mod programs;
pub mod theft;

pub use place::Place;
pub use programs::{ask, program};

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chacha20::ChaCha20Rng;
use wardseal_client::{
    Batch, Client, Config, Error, MemoryStore, Misbehaviour, Profile, SignUp, StateStore,
    StoreError, Transport, TransportError,
    crypto::aead::DefaultAes,
    exchange::{HttpRequest, HttpResponse},
    object::{ObjectError, read_prelude},
    protocol::object::Metadata,
    types::SessionId,
};
use wardseal_client_http::{HttpTransport, Limits, ServerAddress};
use wardseal_client_password::{PasswordError, set_password, unlock};
use wardseal_tenant::{NameRequest, RootKey, TokenKey, add_key, found};
use wardseal_testkit::{HostileProxy, ServerOptions, Servers, secret, seeded};
use wardseal_types::{ManualClock, TenantId, Timestamp};

pub use desk::{Application, escrow_secret};

/// Where everything begins: some day.
pub const BEGINNING: Timestamp = Timestamp::from_seconds(1_780_000_000);
/// Milliseconds of a day.
pub const DAY: u64 = 24 * 3_600_000;

/// A client as it runs on a machine.
pub type Machine = Client<HttpTransport, Disk>;

/// The transport of a machine without a network.
#[derive(Clone, Copy, Debug)]
pub struct NoNetwork;

impl Transport for NoNetwork {
    async fn send(&self, _request: HttpRequest) -> Result<HttpResponse, TransportError> {
        Err(TransportError::Unreachable {
            server: "nowhere".into(),
        })
    }
}

/// Records that outlive a client, and that a thief can copy.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<MemoryStore>);

impl Disk {
    /// Everything is gone.
    pub async fn empty(&self) {
        let deletes = self.keys("").await.expect("memory does not fail");
        let puts = Vec::new();
        let batch = Batch { puts, deletes };
        self.commit(batch).await.expect("memory does not fail");
    }

    /// What a thief takes away.
    pub async fn copy(&self) -> Self {
        let mut batch = Batch::default();
        for key in self.keys("").await.expect("memory does not fail") {
            let record = self.get(&key).await.expect("memory does not fail");
            batch.puts.extend(record.map(|record| (key, record)));
        }
        let copy = Self::default();
        copy.commit(batch).await.expect("memory does not fail");
        copy
    }
}

impl StateStore for Disk {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key).await
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.0.keys(prefix).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.0.commit(batch).await
    }
}

/// The servers, the networks before them, and a tenant.
#[derive(Debug)]
pub struct World {
    /// The servers.
    pub servers: Servers,
    /// The network before the key server.
    pub keys: HostileProxy,
    /// The network before the vault.
    pub vault: HostileProxy,
    /// The tenant.
    pub tenant: TenantId,
    /// Signs the tenant's chain.
    pub root: RootKey,
    /// Signs names for the tenant.
    pub token_key: TokenKey,
    /// The clock of machines; the servers have their own.
    pub clock: Arc<ManualClock>,
    seeds: AtomicU64,
}

/// Every world is another one.
static WORLDS: AtomicU64 = AtomicU64::new(1);

impl World {
    /// A new world with a tenant and nobody in it.
    pub async fn new() -> Self {
        let servers = Servers::start(ServerOptions {
            time: BEGINNING,
            ..ServerOptions::default()
        });
        let mut world = Self {
            keys: HostileProxy::before(&servers.keys_url()),
            vault: HostileProxy::before(&servers.vault_url()),
            servers,
            tenant: TenantId::from_bytes([0; 32]),
            root: RootKey::from_seeds(&secret(&mut seeded(5)), &secret(&mut seeded(6)))
                .expect("seeds are keys"),
            token_key: TokenKey::from_seed(&secret(&mut seeded(7))),
            clock: Arc::new(ManualClock::new(BEGINNING)),
            seeds: AtomicU64::new(WORLDS.fetch_add(1, Ordering::Relaxed) * 1_000_000),
        };
        let server = world.machine(&Disk::default()).await.server().await;
        let log_key = server
            .expect("the server answers")
            .log_key
            .expect("a log key");
        let (tenant, genesis) = found(
            &world.root,
            &world.token_key,
            log_key,
            BEGINNING,
            &mut world.rng(),
        )
        .expect("a tenant");
        world.tenant = tenant;
        let operator = world.machine(&Disk::default()).await;
        let registered = operator.register_tenant(genesis.bytes()).await;
        registered.expect("the server takes tenants");
        world
    }

    /// The application's own server, as a party of escrow. `operator` brings its key to the chain.
    pub async fn application(&self, operator: &Machine) -> Application {
        let keys = self.servers.keys_url();
        let clock = Arc::clone(&self.servers.clock);
        let application =
            Application::start(self.tenant, &self.token_key, escrow_secret(), &keys, clock).await;
        let state = application.tenant_state().await;
        let key = escrow_secret().public();
        let statement = add_key(&state, &self.root, key, self.clock_of_application());
        let statement = statement.expect("a root key signs");
        let brought = operator.extend_tenant(statement.bytes()).await;
        brought.expect("the tenant's word is enough");
        application
    }

    /// The machine of somebody who is signed up on this disk, who the application's server knows.
    pub async fn at(&self, application: &Application, machine: Machine, disk: &Disk) -> Machine {
        let profile = machine.profile().await.expect("somebody is signed up");
        let address = |url: &str| url.parse().expect("an address");
        let transport = transport(address(self.keys.url()), address(self.vault.url()));
        let bearer = Some(profile.user.to_string());
        let transport = transport.with_tenant(address(application.url()), bearer);
        let clock: Arc<ManualClock> = Arc::clone(&self.clock);
        let opened = Client::open(
            Config::new(self.tenant),
            transport.expect("TLS works"),
            disk.clone(),
            secret(&mut seeded(8)),
            clock,
            Box::new(self.rng()),
        );
        opened.await.expect("a healthy disk")
    }

    /// Somebody with a machine, who the application's server knows.
    pub async fn person_at(&self, application: &Application, name: &str) -> (Machine, Disk) {
        let (machine, disk) = self.person(name).await;
        (self.at(application, machine, &disk).await, disk)
    }

    /// Randomness, different at each call.
    pub fn rng(&self) -> ChaCha20Rng {
        seeded(self.seeds.fetch_add(1, Ordering::Relaxed))
    }

    /// A client over a disk, with whatever is on it.
    pub async fn machine(&self, disk: &Disk) -> Machine {
        let opened = self
            .try_machine(disk, Config::new(self.tenant), &self.clock)
            .await;
        opened.expect("a healthy disk")
    }

    /// The same, with other settings and a clock of its own.
    ///
    /// # Errors
    /// As [`Client::open`].
    pub async fn try_machine(
        &self,
        disk: &Disk,
        config: Config,
        clock: &Arc<ManualClock>,
    ) -> Result<Machine, Error> {
        let clock = Arc::clone(clock);
        self.over(disk.clone(), config, clock).await
    }

    /// The same over any store.
    ///
    /// # Errors
    /// As [`Client::open`].
    pub async fn over<S: StateStore>(
        &self,
        store: S,
        config: Config,
        clock: Arc<ManualClock>,
    ) -> Result<Client<HttpTransport, S>, Error> {
        let address = |proxy: &HostileProxy| proxy.url().parse().expect("an address");
        let transport = transport(address(&self.keys), address(&self.vault));
        let (key, rng) = (secret(&mut seeded(8)), Box::new(self.rng()));
        Client::open(config, transport, store, key, clock, rng).await
    }

    /// A client over a store, without a network.
    pub async fn offline<S: StateStore>(&self, store: S, config: Config) -> Client<NoNetwork, S> {
        let clock: Arc<ManualClock> = Arc::clone(&self.clock);
        let (key, rng) = (secret(&mut seeded(8)), Box::new(self.rng()));
        let opened = Client::open(config, NoNetwork, store, key, clock, rng).await;
        opened.expect("a healthy store")
    }

    /// A client that no network stands before.
    pub async fn direct_machine(&self, disk: &Disk) -> Machine {
        let address = |url: String| url.parse().expect("an address");
        let clock: Arc<ManualClock> = Arc::clone(&self.clock);
        let opened = Client::open(
            Config::new(self.tenant),
            transport(
                address(self.servers.keys_url()),
                address(self.servers.vault_url()),
            ),
            disk.clone(),
            secret(&mut seeded(8)),
            clock,
            Box::new(self.rng()),
        )
        .await;
        opened.expect("a healthy disk")
    }

    /// What the application signs for a sign-up.
    pub fn token(&self, sign_up: &SignUp, now: Timestamp) -> String {
        let request = NameRequest {
            user: sign_up.user,
            commitment: sign_up.commitment,
            index: sign_up.index,
        };
        assert!(request.is_for(&self.tenant, &sign_up.name));
        let token = self
            .token_key
            .bind(self.tenant, request, now, &mut self.rng());
        token.expect("randomness")
    }

    /// Somebody with a machine.
    pub async fn person(&self, name: &str) -> (Machine, Disk) {
        let disk = Disk::default();
        let machine = self.machine(&disk).await;
        self.sign_up(&machine, name)
            .await
            .expect("nobody has the name");
        (machine, disk)
    }

    /// Signs somebody up on a machine.
    ///
    /// # Errors
    /// As the two halves.
    pub async fn sign_up<S: StateStore>(
        &self,
        machine: &Client<HttpTransport, S>,
        name: &str,
    ) -> Result<(), Error> {
        let sign_up = machine.begin_sign_up(name).await?;
        let token = self.token(&sign_up, self.clock_of_application());
        machine.finish_sign_up(&token).await.map(|_| ())
    }

    fn clock_of_application(&self) -> Timestamp {
        wardseal_types::Clock::now(&*self.servers.clock)
    }

    /// Sets a password.
    ///
    /// # Errors
    /// As [`set_password`].
    pub async fn set_password(
        &self,
        machine: &Machine,
        password: &str,
    ) -> Result<(), PasswordError> {
        set_password(machine, password, &[], self.rng()).await
    }

    /// Unlocks with a password on an empty machine.
    ///
    /// # Errors
    /// As [`unlock`].
    pub async fn unlock(
        &self,
        machine: &Machine,
        name: &str,
        password: &str,
    ) -> Result<Profile, PasswordError> {
        unlock(machine, name, password, self.rng()).await
    }

    /// Moves all clocks.
    pub fn pass(&self, millis: u64) {
        self.clock.advance(millis);
        self.servers.clock.advance(millis);
    }
}

fn transport(keys: ServerAddress, vault: ServerAddress) -> HttpTransport {
    let limits = Limits {
        total: Duration::from_secs(20),
        ..Limits::default()
    };
    HttpTransport::with_limits(Some(keys), Some(vault), limits).expect("TLS works")
}

/// Seals content in memory.
///
/// # Errors
/// As [`Client::sealing`].
pub async fn seal<T: Transport, S: StateStore>(
    machine: &Client<T, S>,
    session: SessionId,
    content: &[u8],
) -> Result<Vec<u8>, Error> {
    let metadata = Metadata {
        name: Some("record.json".into()),
        media_type: None,
        content_len: u64::try_from(content.len()).ok(),
    };
    let sealing = machine.sealing(session, &metadata).await?;
    Ok(sealing
        .seal::<DefaultAes>(content)
        .expect("content of its announced length"))
}

/// Opens an object in memory.
///
/// # Errors
/// As [`Client::opening`]; an object that does not open is [`Misbehaviour::BadAnswer`] here.
pub async fn open<T: Transport, S: StateStore>(
    machine: &Client<T, S>,
    object: &[u8],
) -> Result<Vec<u8>, Error> {
    let refused = |_: ObjectError| Error::from(Misbehaviour::BadAnswer);
    let prelude = read_prelude(object).map_err(refused)?;
    let opening = machine.opening(prelude.header()).await?;
    let (content, _complete) = opening.open::<DefaultAes>(object).map_err(refused)?;
    Ok(content)
}
