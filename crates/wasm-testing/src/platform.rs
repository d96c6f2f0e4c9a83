//! The servers, the tenant, and their clock.

use std::{fmt, sync::Arc};

use chacha20::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use wardseal_server_api::{About, Answer, Api, Failure, Outcome, Request};
use wardseal_server_domain::{
    DomainError, KeyServerSecrets, RandomSource,
    keys::{KeyServerConfig, KeyService, Writing},
    post::Post,
    tenants::TenantPolicy,
    vault::{VaultPolicy, VaultService, VaultStartError, new_secret},
};
use wardseal_server_memory::{MemoryStore, MemoryVaultStore};
use wardseal_tenant::{
    TenantError,
    api::{Problem, ProblemCode, Role},
    crypto::CryptoError,
    types::{Clock, ManualClock, TenantId, Timestamp, UserId},
};

use crate::{
    mailbox::Mailbox,
    tenant::{SignError, Tenant},
};

/// The address of the key server. Nothing listens there: requests to it are handed over.
pub const KEYS: &str = "https://keys.wardseal.test";

/// The address of the vault.
pub const VAULT: &str = "https://vault.wardseal.test";

/// The address of the application's own server.
pub const TENANT: &str = "https://app.wardseal.test";

/// Why there is no platform.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlatformError {
    /// The source of randomness is broken.
    #[error("the source of randomness does not work")]
    Random,
    /// Cryptography failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The key server does not start, or takes no tenant.
    #[error(transparent)]
    Keys(#[from] DomainError),
    /// The vault does not start.
    #[error(transparent)]
    Vault(#[from] VaultStartError),
    /// The tenant cannot be founded.
    #[error(transparent)]
    Tenant(#[from] TenantError),
}

/// A key server, a vault and a tenant in memory.
pub struct Platform {
    clock: Arc<ManualClock>,
    keys: Arc<KeyService>,
    keys_api: Api,
    vault_api: Api,
    tenant: Tenant,
    /// Where the letters of both servers arrive.
    pub mailbox: Arc<Mailbox>,
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform")
            .field("tenant", &self.tenant.id)
            .finish_non_exhaustive()
    }
}

impl Platform {
    /// A platform with a tenant and nobody in it. The same seed makes the same servers, keys and
    /// tenant; without one they are new every time.
    ///
    /// # Errors
    /// [`PlatformError`].
    pub fn new(now: Timestamp, seed: Option<u64>) -> Result<Self, PlatformError> {
        let mut rng = source(seed)?;
        let mut branch = || {
            let mut seed = [0; 32];
            rng.fill_bytes(&mut seed);
            ChaCha20Rng::from_seed(seed)
        };
        let manual = Arc::new(ManualClock::new(now));
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&manual);
        let mailbox = Arc::new(Mailbox::default());
        let post: Arc<dyn Post> = Arc::<Mailbox>::clone(&mailbox);
        let keys = Arc::new(KeyService::start(
            Arc::new(MemoryStore::new()),
            KeyServerSecrets::generate(&mut branch())?,
            Arc::clone(&clock),
            RandomSource::new(branch()),
            KeyServerConfig {
                audience: KEYS.into(),
                tenants: TenantPolicy::Open,
                escrow: true,
                post: Arc::clone(&post),
                cached_chains: 1000,
                writing: Writing::Caller,
            },
        )?);
        let vault = VaultService::new(
            Box::new(MemoryVaultStore::new()),
            &new_secret(&mut branch()),
            VaultPolicy {
                tenants: TenantPolicy::Open,
                audience: VAULT.into(),
                separate: true,
            },
            Arc::clone(&clock),
            RandomSource::new(branch()),
        )?
        .with_post(post);
        let tenant = Tenant::found(keys.log_key().clone(), now, branch())?;
        keys.create_tenant(&tenant.genesis)?;
        let about = |audience: &str| About {
            audience: audience.into(),
            clock: Arc::clone(&clock),
            keys: None,
            vault: None,
        };
        Ok(Self {
            clock: manual,
            keys_api: Api::new(About {
                keys: Some(Arc::clone(&keys)),
                ..about(KEYS)
            }),
            vault_api: Api::new(About {
                vault: Some(Arc::new(vault)),
                ..about(VAULT)
            }),
            keys,
            tenant,
            mailbox,
        })
    }

    /// The tenant.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant.id
    }

    /// What the clock of all servers shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock so many milliseconds forward, and erases what has expired, as servers do
    /// every hour.
    ///
    /// # Errors
    /// [`PlatformError::Keys`].
    pub fn advance(&self, ms: u64) -> Result<(), PlatformError> {
        self.clock.advance(ms);
        self.keys.sweep()?;
        Ok(())
    }

    /// Answers a request to the key server or the vault; with `last` in any case. `caller` is whom
    /// the application's own server takes whoever calls for.
    #[must_use]
    pub fn answer(
        &self,
        role: Role,
        request: Request<'_>,
        caller: Option<UserId>,
        last: bool,
    ) -> Outcome {
        match role {
            Role::Keys => self.keys_api.answer(request, last),
            Role::Vault => self.vault_api.answer(request, last),
            Role::Tenant => Outcome::Answered(self.tenant_answer(request, caller)),
        }
    }

    fn tenant_answer(&self, request: Request<'_>, caller: Option<UserId>) -> Answer {
        let Request { path, body, .. } = request;
        self.tenant
            .answer(&self.keys_api, path, caller, body, self.now())
    }

    /// Counts what was written at the key server: another number than before says that whoever waits
    /// is to be asked again.
    #[must_use]
    pub fn growth(&self) -> u64 {
        self.keys_api.growth().map_or(0, |growth| *growth.borrow())
    }

    /// Signs what the SDK asks to be signed at a sign-up, or when a name is bound to a group: in JSON,
    /// as it gives it.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign(&self, request: &str) -> Result<String, SignError> {
        self.tenant.sign(request, self.now())
    }

    /// Signs that the vault may mail a code for `{"user", "record", "clientKey"}`.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign_recovery(&self, request: &str) -> Result<String, SignError> {
        self.tenant.sign_recovery(request, self.now())
    }
}

/// What a server says when it refuses with this code, for tests of what an application does then;
/// `None` when there is no such code.
#[must_use]
pub fn problem(code: &str, retry_after: Option<u64>) -> Option<Answer> {
    let known = ProblemCode::ALL.iter().find(|known| known.code() == code)?;
    let mut problem = Problem::new(*known);
    problem.retry_after = retry_after;
    Some(Failure::from(problem).into())
}

fn source(seed: Option<u64>) -> Result<ChaCha20Rng, PlatformError> {
    if let Some(seed) = seed {
        return Ok(ChaCha20Rng::seed_from_u64(seed));
    }
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| PlatformError::Random)?;
    Ok(ChaCha20Rng::from_seed(seed))
}
