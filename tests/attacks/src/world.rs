//! A tenant, its servers and the people in it.

use std::{
    collections::BTreeMap,
    fmt::{self, Debug},
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use wardseal_client::{
    CachePolicy, Client, Config, Error, Transport as _,
    api::keys::{CreateTenant, CreateTenantRequest, FetchRequest},
    crypto::aead::AwsLcAes,
    exchange,
    protocol::object::{Metadata, ObjectHeader},
    types::{ChainId, Clock, GroupId, MemberId, SessionId, TenantId, Timestamp, UserId},
};
use wardseal_client_http::{HttpTransport, ServerAddress};
use wardseal_protocol::statement::Statement;
use wardseal_tenant::{NameRequest, RootKey, TokenKey, found};
use wardseal_testkit::{ServerOptions, Servers, secret, seeded};
use wardseal_types::BoxedBytes;

use crate::{Disk, Ledger, Network};

/// A tenant on real servers.
#[derive(Debug)]
pub struct World {
    /// Its servers.
    pub servers: Servers,
    /// The tenant.
    pub tenant: TenantId,
    /// What honest clients sealed, and the honest log.
    pub ledger: Ledger,
    /// Signs the tenant's chain.
    pub root: RootKey,
    /// Signs tokens.
    pub token: TokenKey,
    transport: HttpTransport,
    machines: AtomicU64,
    seed: u64,
}

/// A machine, and usually a person at it.
pub struct Somebody {
    /// What the application calls the person.
    pub name: String,
    /// The client.
    pub client: Client<Network, Disk>,
    /// Between the client and the servers.
    pub network: Network,
    /// The client's records.
    pub disk: Disk,
    /// What the client knows of the time.
    pub clock: Arc<dyn Clock>,
    /// What the application wants of the client.
    pub config: Config,
    seed: u64,
}

impl Debug for Somebody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Somebody")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What a client knows, as far as it can be seen from outside.
#[derive(Debug, Eq, PartialEq)]
pub struct Known {
    disk: BTreeMap<String, Vec<u8>>,
    asks: Option<FetchRequest>,
}

impl World {
    /// A tenant and nobody in it. Different seeds make different tenants.
    pub async fn new(seed: u64) -> Self {
        Self::on(Servers::start(ServerOptions::default()), seed).await
    }

    /// A tenant on these servers.
    ///
    /// # Panics
    /// When the servers do not work.
    pub async fn on(servers: Servers, seed: u64) -> Self {
        let keys: ServerAddress = servers.keys_url().parse().expect("an address");
        let vault: ServerAddress = servers.vault_url().parse().expect("an address");
        let transport = HttpTransport::new(Some(keys), Some(vault)).expect("HTTP works");
        let ledger = Ledger::default();
        let mut world = Self {
            tenant: TenantId::from_bytes([0; 32]),
            root: RootKey::from_seeds(&secret(&mut seeded(seed)), &secret(&mut seeded(seed + 1)))
                .expect("a key"),
            token: TokenKey::from_seed(&secret(&mut seeded(seed + 2))),
            servers,
            ledger,
            transport,
            machines: AtomicU64::new(0),
            seed,
        };
        world.tenant = world.found(seed).await;
        world
    }

    /// Founds one more tenant with the same keys on the same servers.
    ///
    /// # Panics
    /// When the servers do not work.
    pub async fn found(&self, seed: u64) -> TenantId {
        let log_key = Servers::log_key().public().to_bytes();
        let log_key = BoxedBytes(log_key.try_into().expect("a key has its length"));
        let mut rng = seeded(seed.wrapping_mul(7919));
        let founded = found(&self.root, &self.token, log_key, self.now(), &mut rng);
        let (tenant, genesis) = founded.expect("a tenant");
        let request = exchange::request::<CreateTenant>(
            &CreateTenantRequest {
                statement: genesis.bytes().into(),
            },
            None,
        );
        // Through a network, so that the ledger begins with the tenant's own statement.
        let answer = self.network().send(request).await.expect("an answer");
        exchange::response::<CreateTenant>(&answer).expect("a tenant");
        tenant
    }

    /// The time of the servers.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.servers.clock.now()
    }

    /// Lets time pass.
    pub fn wait(&self, ms: u64) {
        self.servers.clock.advance(ms);
    }

    /// The log's statements so far.
    #[must_use]
    pub fn log(&self) -> Vec<Statement> {
        self.ledger.log()
    }

    fn network(&self) -> Network {
        Network::new(self.transport.clone(), self.ledger.clone())
    }

    /// A machine at which nobody is signed up.
    pub async fn machine(&self, name: &str) -> Somebody {
        let mut config = Config::new(self.tenant);
        config.audience = Some(self.servers.keys_url());
        self.machine_with(name, config, self.network()).await
    }

    async fn machine_with(&self, name: &str, config: Config, network: Network) -> Somebody {
        let number = self.machines.fetch_add(1, Ordering::SeqCst);
        let seed = self.seed * 1000 + number;
        let disk = Disk::default();
        let clock: Arc<dyn Clock> = Arc::<wardseal_types::ManualClock>::clone(&self.servers.clock);
        Somebody {
            client: open(&config, &network, &disk, &clock, seed)
                .await
                .expect("an empty disk opens"),
            name: name.to_owned(),
            network,
            disk,
            clock,
            config,
            seed,
        }
    }

    /// Somebody who is signed up under this name.
    ///
    /// # Panics
    /// When that does not work.
    pub async fn somebody(&self, name: &str) -> Somebody {
        let somebody = self.machine(name).await;
        self.sign_up(&somebody, name).await.expect("a sign-up");
        somebody
    }

    /// The same with another policy for keys of sessions.
    ///
    /// # Panics
    /// When that does not work.
    pub async fn somebody_with(&self, name: &str, cache: CachePolicy) -> Somebody {
        let mut somebody = self.machine(name).await;
        somebody.config.cache = cache;
        somebody.restart().await.expect("an empty disk opens");
        self.sign_up(&somebody, name).await.expect("a sign-up");
        somebody
    }

    /// Signs a machine up under a name.
    ///
    /// # Errors
    /// As the client.
    pub async fn sign_up(&self, somebody: &Somebody, name: &str) -> Result<UserId, Error> {
        let wanted = somebody.client.begin_sign_up(name).await?;
        let token = self.bind(wanted.user, name, wanted.commitment.0);
        somebody.client.finish_sign_up(&token).await
    }

    /// A token of the tenant's that binds a name.
    ///
    /// # Panics
    /// Never: signing works.
    #[must_use]
    pub fn bind(&self, user: UserId, name: &str, commitment: [u8; 32]) -> String {
        let request = NameRequest {
            user,
            commitment: wardseal_types::FixedBytes(commitment),
            index: wardseal_protocol::binding::index(&self.tenant, name),
        };
        let token = self
            .token
            .bind(self.tenant, request, self.now(), &mut seeded(self.seed));
        token.expect("a token")
    }
}

async fn open(
    config: &Config,
    network: &Network,
    disk: &Disk,
    clock: &Arc<dyn Clock>,
    seed: u64,
) -> Result<Client<Network, Disk>, Error> {
    Client::open(
        config.clone(),
        network.clone(),
        disk.clone(),
        Disk::key(),
        Arc::clone(clock),
        Box::new(seeded(seed)),
    )
    .await
}

impl Somebody {
    /// Ends the program and starts it again over the same disk.
    ///
    /// # Errors
    /// As [`Client::open`].
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.seed += 100;
        self.client = open(
            &self.config,
            &self.network,
            &self.disk,
            &self.clock,
            self.seed,
        )
        .await?;
        Ok(())
    }

    /// Who is signed up here.
    ///
    /// # Panics
    /// When nobody is.
    pub async fn user(&self) -> UserId {
        self.client.profile().await.expect("an identity").user
    }

    /// The same as a member of groups and sessions.
    pub async fn member(&self) -> MemberId {
        MemberId::User(self.user().await)
    }

    /// What the client knows: its records, and up to where it asks for its own chain, a group and a
    /// session.
    pub async fn known(&self) -> Known {
        let disk = self.disk.contents();
        let asks = if self.client.profile().await.is_some() {
            self.network.probe(true);
            let asked = self.client.devices().await;
            self.network.probe(false);
            assert!(asked.is_err(), "a probe is not answered");
            self.network.last_fetch()
        } else {
            None
        };
        Known { disk, asks }
    }

    /// Up to where the client asks for a chain: the sequence number that it lacks first, and the
    /// size of the log that it knows.
    ///
    /// # Panics
    /// For a chain that is neither a group nor a session.
    pub async fn asks(&self, chain: ChainId) -> (u64, u64) {
        self.network.probe(true);
        match chain {
            ChainId::Group(group) => drop(self.client.group(group).await),
            ChainId::Session(session) => drop(self.client.session(session).await),
            ChainId::User(_) | ChainId::Tenant(_) => drop(self.client.devices().await),
        }
        self.network.probe(false);
        let asked = self.network.last_fetch().expect("it asks");
        let wanted = asked.chains.iter().find(|wanted| wanted.chain == chain);
        (wanted.expect("it asks for this chain").from, asked.log_size)
    }

    /// Does what must fail, and checks what must hold of every failure: it has this code, and
    /// nothing was changed here, on the disk and in memory.
    ///
    /// # Panics
    /// When any of it does not hold.
    pub async fn refuses<T: Debug>(
        &self,
        code: &str,
        doing: impl Future<Output = Result<T, Error>>,
    ) -> Error {
        let before = self.known().await;
        let error = doing.await.expect_err("this must be refused");
        assert_eq!(error.code(), code, "{error:?}");
        let after = self.known().await;
        assert_eq!(before.asks, after.asks, "memory changed: {error:?}");
        for (name, content) in &before.disk {
            assert_eq!(after.disk.get(name), Some(content), "{name} changed");
        }
        assert_eq!(before.disk.len(), after.disk.len(), "a record appeared");
        error
    }

    /// Seals a text for a session.
    ///
    /// # Errors
    /// As [`Client::sealing`].
    ///
    /// # Panics
    /// When sealing itself fails.
    pub async fn seal(&self, session: SessionId, text: &str) -> Result<Vec<u8>, Error> {
        let sealing = self.client.sealing(session, &Metadata::default()).await?;
        Ok(sealing
            .seal::<AwsLcAes>(text.as_bytes())
            .expect("sealing works"))
    }

    /// Opens an object. The code of the failure otherwise.
    ///
    /// # Errors
    /// The code of whatever did not work.
    pub async fn open(&self, object: &[u8]) -> Result<String, String> {
        let header = ObjectHeader::peek(object).map_err(|error| {
            wardseal_client::object::ObjectError::from(error)
                .code()
                .to_owned()
        })?;
        let opening = self
            .client
            .opening(&header)
            .await
            .map_err(|error| error.code().to_owned())?;
        let (content, _) = opening
            .open::<AwsLcAes>(object)
            .map_err(|error| error.code().to_owned())?;
        Ok(String::from_utf8(content).expect("a text"))
    }

    /// A group with these members beside this person, who administers it.
    ///
    /// # Panics
    /// When that does not work.
    pub async fn group(&self, others: &[MemberId]) -> GroupId {
        let mut members = vec![(self.member().await, wardseal_client::Role::Admin)];
        members.extend(others.iter().map(|id| (*id, wardseal_client::Role::Member)));
        let made = self.client.create_group("a group", &members).await;
        made.expect("a group")
    }

    /// A session that this person manages, with these readers.
    ///
    /// # Panics
    /// When that does not work.
    pub async fn session(&self, readers: &[MemberId]) -> SessionId {
        let mut grants = vec![(self.member().await, wardseal_client::Rights::MANAGE)];
        grants.extend(
            readers
                .iter()
                .map(|id| (*id, wardseal_client::Rights::READ)),
        );
        let made = self.client.create_session(&grants, None, None).await;
        made.expect("a session")
    }
}
