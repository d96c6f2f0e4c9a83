//! An application's own server, from its tenant to the first login: `cargo run -p wardseal-tenant --example log_in`.
//!
//! The key server runs in this process. Everything that the application's server does stands in
//! [`Application`]; the rest is the person who uses it.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{error::Error, sync::Arc};

use wardseal_client::{Client, Config, MemoryStore, Role, Transport as _};
use wardseal_client_http::HttpTransport;
use wardseal_tenant::{DeviceProof, Directory, NameRequest, Progress, RootKey, TokenKey, found};
use wardseal_testkit::{Servers, secret, seeded};
use wardseal_types::{ChainId, Clock, Timestamp, UserId};

/// The origin of the application, as it is configured.
const ORIGIN: &str = "https://app.example";

struct Application {
    directory: Directory,
    key: TokenKey,
    /// The key server's public address: what its sign-ins name, and so does an access token.
    audience: String,
    keys: HttpTransport,
    clock: Arc<dyn Clock>,
}

impl Application {
    /// Knows these chains as they were at most `age` milliseconds ago.
    async fn learn(&mut self, chains: &[ChainId], age: u64) -> Result<(), Box<dyn Error>> {
        let now = self.clock.now();
        let not_before = Timestamp::from_millis(now.millis().saturating_sub(age));
        let wanted = chains.iter().copied();
        let Some(mut inquiry) = self.directory.inquire(wanted, not_before) else {
            return Ok(());
        };
        let tenant = self.directory.tenant();
        let access = self
            .key
            .access(tenant, &self.audience, now, &mut seeded(1))?;
        loop {
            let request = inquiry.request(&self.directory, &access, now);
            let answer = self.keys.send(request).await?;
            if inquiry.take(&mut self.directory, &answer)? == Progress::Done {
                return Ok(());
            }
        }
    }

    /// Who posted this proof as the answer to this challenge.
    async fn log_in(&mut self, body: &str, challenge: &str) -> Result<UserId, Box<dyn Error>> {
        let proof: DeviceProof = serde_json::from_str(body)?;
        self.learn(&[proof.user.into()], 0).await?;
        let now = self.clock.now();
        Ok(self.directory.verify(&proof, ORIGIN, challenge, now)?)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // A key server, a tenant at it, and the application's server with its key.
    let servers = Servers::default();
    let clock: Arc<dyn Clock> = Arc::<wardseal_types::ManualClock>::clone(&servers.clock);
    let now = clock.now();
    let transport = || -> Result<_, Box<dyn Error>> {
        Ok(HttpTransport::new(Some(servers.keys_url().parse()?), None)?)
    };
    let rng = &mut seeded(2);
    let (root, key) = (RootKey::generate(rng)?, TokenKey::generate(rng)?);
    let log_key = Servers::log_key().public().to_bytes();
    let log_key: [u8; 1984] = log_key.try_into().map_err(|_| "a log key has its length")?;
    let (tenant, genesis) = found(&root, &key, log_key.into(), now, rng)?;
    let mut application = Application {
        directory: Directory::new(tenant),
        key,
        audience: servers.keys_url(),
        keys: transport()?,
        clock: Arc::clone(&clock),
    };

    // A person: she signs up under a name that the application gives her, and makes a group.
    let anna = Client::open(
        Config::new(tenant),
        transport()?,
        MemoryStore::default(),
        secret(rng),
        Arc::clone(&clock),
        Box::new(seeded(3)),
    )
    .await?;
    anna.register_tenant(genesis.bytes()).await?;
    let asked = anna.begin_sign_up("doctor-4711").await?;
    let request = NameRequest {
        user: asked.user,
        commitment: asked.commitment,
        index: asked.index,
    };
    let token = application.key.bind(tenant, request, now, rng)?;
    anna.finish_sign_up(&token).await?;
    let group = anna.create_group("North", &[]).await?;

    // She logs in: the application draws a challenge, her device signs it, her page posts that.
    let challenge = "drawn at random, for one use";
    let proof = anna.prove(ORIGIN, challenge).await?;
    let body = serde_json::to_string(&proof)?;
    let user = application.log_in(&body, challenge).await?;
    println!("logged in: {user}");

    // And what may she do? That says the group, as it was five seconds ago at most.
    application.learn(&[group.into()], 5_000).await?;
    let role = application.directory.role(&group, &user);
    println!("in {group}: {role:?}");
    assert_eq!(role, Some(Role::Admin));
    Ok(())
}
