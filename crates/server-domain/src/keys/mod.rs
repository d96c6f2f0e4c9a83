//! The key server: chains, boxes, names, sign-in, and its half of a password.
//!
//! [`KeyService`] has one method for each operation of the API. All of them block: on the store, and
//! those that write on the batch that makes their writing durable, which a thread writes, or the caller
//! where there is none ([`Writing`]).

mod append;
mod fetch;
mod lists;
mod model;
mod passwords;
mod sign_in;
mod watch;
pub(crate) mod world;
pub(crate) mod writer;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use wardseal_crypto::{hash, sign::HybridSigningKey};
use wardseal_types::{BoxedBytes, Clock, TenantId};

pub use model::{
    Append, Appended, Caller, ChainSlice, Challenge, Children, Entry, Evaluated, Fetched, Found,
    Listed, ListedGroup, ListedSession, LogView, Page, SignIn, SignedIn, TenantServer, Wanted,
    WantedChildren,
};
pub use passwords::{NEW_RECORDS_PER_USER, TRIES_PER_NAME, tries_per_tenant};
pub use sign_in::{CHALLENGE_LIFETIME, TOKEN_LIFETIME};
pub use watch::{Change, Changes, Heard};
pub use writer::Writing;

use self::{world::Cache, writer::Writer};
use crate::{
    codes::Codes,
    error::DomainError,
    escrow::{EscrowKeyInfo, Own},
    post::Post,
    random::RandomSource,
    secrets::{KeyServerSecrets, public_log_key},
    storage::{LogRecord, Store},
    tenants::TenantPolicy,
};

/// Seconds by which clocks may differ when a binding token is presented.
pub const TOKEN_LEEWAY: u64 = 300;

/// Milliseconds after which a checkpoint is signed anew before it is shown. Clients seal by
/// checkpoints of at most 24 hours.
pub const CHECKPOINT_LIFETIME: u64 = 60 * 60 * 1000;

/// What an operator decides about a key server.
#[derive(Clone)]
pub struct KeyServerConfig {
    /// What signatures of sign-in name as their audience: the public address of the server.
    pub audience: String,
    /// Which tenants may register.
    pub tenants: TenantPolicy,
    /// Whether this server is a party of escrow.
    pub escrow: bool,
    /// Sends codes to people for whom something lies in escrow.
    pub post: Arc<dyn Post>,
    /// About how many folded chains are kept in memory. A chain takes 5 to 50 kB.
    pub cached_chains: usize,
    /// Who writes: a thread, unless the host has none.
    pub writing: Writing,
}

impl std::fmt::Debug for KeyServerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyServerConfig")
            .field("audience", &self.audience)
            .field("tenants", &self.tenants)
            .field("escrow", &self.escrow)
            .field("cached_chains", &self.cached_chains)
            .field("writing", &self.writing)
            .finish_non_exhaustive()
    }
}

/// The key server. Dropping it finishes the writing that has begun.
#[derive(Debug)]
pub struct KeyService {
    // Before `shared`, so that the thread has ended when the store is dropped.
    pub(crate) writer: Writer,
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log_key: HybridSigningKey,
    pub(crate) cache: Cache,
    /// This server's part in escrow, if it takes any.
    pub(crate) escrow: Option<Own>,
    /// Issues and checks codes.
    pub(crate) codes: Codes,
    public_log_key: BoxedBytes<1984>,
    secrets: KeyServerSecrets,
    pub(crate) random: RandomSource,
    pub(crate) config: KeyServerConfig,
    /// Checkpoints that were signed anew since the store's became too old. They need not be kept:
    /// whoever starts again signs again.
    renewed: Mutex<HashMap<TenantId, LogRecord>>,
    /// Counts what was written, for those who wait for it.
    pub(crate) growth: tokio::sync::watch::Sender<u64>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl KeyService {
    /// Starts the service over a store.
    ///
    /// # Errors
    /// [`DomainError::Internal`] when the store belongs to other secrets or does not answer, or the
    /// system gives no thread, and [`DomainError::StorageFull`].
    pub fn start(
        store: Arc<dyn Store>,
        secrets: KeyServerSecrets,
        clock: Arc<dyn Clock>,
        random: RandomSource,
        config: KeyServerConfig,
    ) -> Result<Self, DomainError> {
        let log_key = secrets.log_key();
        let public = public_log_key(&log_key)?;
        if !store.belongs_to(&hash::sha256(&[public.as_array()]))? {
            return Err(DomainError::Internal(
                "the database belongs to other secrets: restore the file of secrets that it was \
                 made with"
                    .into(),
            ));
        }
        let escrow = config
            .escrow
            .then(|| Own::new(&secrets, &log_key, &public))
            .transpose()?;
        let writing = config.writing;
        let shared = Arc::new(Shared {
            store,
            escrow,
            codes: Codes::new(secrets.mac.expose()),
            clock,
            public_log_key: public,
            log_key,
            cache: Cache::new(config.cached_chains),
            secrets,
            random,
            config,
            renewed: Mutex::default(),
            growth: tokio::sync::watch::Sender::new(0),
        });
        let service = Self {
            writer: Writer::start(Arc::clone(&shared), writing)?,
            shared,
        };
        service.sweep()?;
        Ok(service)
    }

    /// The key that signs checkpoints: what the genesis of a tenant names.
    #[must_use]
    pub fn log_key(&self) -> &BoxedBytes<1984> {
        &self.shared.public_log_key
    }

    /// The escrow key, with the log key's signature that it is; `None` where this server takes no
    /// part in escrow.
    #[must_use]
    pub fn escrow_key(&self) -> Option<&EscrowKeyInfo> {
        self.shared.escrow.as_ref().map(Own::info)
    }

    /// What signatures of sign-in name as their audience.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.shared.config.audience
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// [`DomainError::Internal`] and [`DomainError::Unavailable`].
    pub fn ping(&self) -> Result<(), DomainError> {
        drop(self.shared.store.read()?);
        self.writer.run(|_| Ok(()))
    }
}
