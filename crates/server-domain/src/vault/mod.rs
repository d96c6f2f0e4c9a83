//! The vault: keeps what a password opens, and lets nobody try passwords quickly.
//!
//! Every attempt is counted when it *begins*: the client learns from the vault's answer whether its
//! password was right, and need not come back to say so. An attempt that ends well is given back.
//! Registration asks the same function of the same key, so it counts on the same account; otherwise
//! it would be the way around the limit. Records that do not exist are counted and answered like
//! the others.
//!
//! Other records are opened by a secret that nobody can guess, by an administrator's signature, or by
//! a one-time code that is sent to the person: `recover` has the limits of those.
//!
//! The database alone is worthless to a thief: the OPAQUE setup is kept apart from it, and the input
//! of OPAQUE holds an output of the key server.

#[cfg(feature = "conformance")]
pub mod conformance;
mod evidence;
mod pending;
mod recover;
mod store;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rand_core::CryptoRng;
use wardseal_crypto::label;
use wardseal_password::opaque::{Identities, Record, ServerError, ServerSetup};
use wardseal_protocol::{
    binding::TokenError,
    vault::{Access, MAX_SEALED, VAULT_IDENTITY, record_message},
};
use wardseal_types::{Base64Url, Clock, DeviceId, FixedBytes, TenantId, UserId};
use zeroize::Zeroizing;

use crate::{
    RandomSource,
    codes::Codes,
    limit::Limit,
    post::{NoPost, Post, PostError},
    storage::StorageError,
    tenants::TenantPolicy,
};

pub use evidence::EvidenceError;
pub use recover::{Answer, Ask, COLLECTABLE, Finished, Kept, LEEWAY, Opened, Release, StartCode};
pub use store::{Insertion, Recovery, StoredRecord, VaultStore, VaultUnit};

use evidence::Evidence;
use pending::PendingLogins;

/// Tries at one record: ten, then one in every six minutes.
pub const PER_RECORD: Limit = Limit {
    burst: 10,
    interval: 6 * 60 * 1000,
};

/// Work of the whole process, whoever asks: a thousand requests, then fifty in a second. It bounds
/// how fast many records can be tried, and how many traces of such tries there are to keep.
pub const PER_PROCESS: Limit = Limit {
    burst: 1000,
    interval: 20,
};

/// Most records of one user. A change of password makes a new one.
pub const MAX_RECORDS: u32 = 256;

/// Whom the vault serves.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VaultPolicy {
    /// The tenants whose users may store records.
    pub tenants: TenantPolicy,
    /// What tokens of tenants name as their audience.
    pub audience: String,
    /// Whether the key server is in other hands. If not, the vault refuses everything: together the
    /// two could run a dictionary on every password.
    pub separate: bool,
}

/// Why the vault did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// A message is not of the form that its protocol describes.
    #[error("{0} is malformed")]
    Malformed(&'static str),
    /// Key server and vault are in the same hands.
    #[error("key server and vault run in one process")]
    NotSeparate,
    /// The vault does not serve this tenant.
    #[error("the vault does not serve this tenant")]
    RegistrationClosed,
    /// The evidence does not prove that a device of the user wants this.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The record is larger than the vault keeps.
    #[error("the sealed keys are larger than {MAX_SEALED} bytes")]
    TooLarge,
    /// The name of the record is taken by another content.
    #[error("a record of this name exists with other content")]
    Conflict,
    /// The user has [`MAX_RECORDS`] already.
    #[error("the user has {MAX_RECORDS} records already")]
    TooManyRecords,
    /// Too many attempts at this record, or too much work at once.
    #[error("too many attempts: wait {retry_after} seconds")]
    TooManyAttempts {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// The password is wrong, the record does not exist, or the login is unknown, over or expired.
    #[error("the login is refused")]
    LoginRefused,
    /// The recovery token is not for this, or was not signed by a key of the tenant in force.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The recovery token was shown before.
    #[error("the token was used already: ask the application for a new one")]
    TokenUsed,
    /// The code is wrong.
    #[error("{left} tries are left")]
    CodeRefused {
        /// How often it may be tried again.
        left: u8,
    },
    /// There is no such attempt, or its time or tries are over.
    #[error("the code is no longer good")]
    CodeExpired,
    /// Too many wrong codes for this record.
    #[error("too many wrong codes: the record is locked")]
    Locked,
    /// A device of the user stopped the recovery.
    #[error("the recovery was stopped")]
    Vetoed,
    /// There is no such record or recovery, or not for this caller.
    #[error("there is no such record or recovery")]
    NotFound,
    /// The evidence does not prove that a device of the user signed the request.
    #[error(transparent)]
    Unproven(EvidenceError),
    /// A signed request that is not to be done.
    #[error("{0}")]
    RequestRefused(&'static str),
    /// No mail can be sent.
    #[error(transparent)]
    Post(#[from] PostError),
    /// Nothing could be read or written.
    #[error(transparent)]
    Store(#[from] StorageError),
    /// A mistake of ours.
    #[error("{0}")]
    Internal(&'static str),
}

/// Why a vault does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultStartError {
    /// The bytes are no OPAQUE setup.
    #[error("the vault's secret is damaged")]
    BadSecret,
    /// The database belongs to another setup: no password in it could be used with this one.
    #[error("the vault's database was made with another secret")]
    OtherSecret,
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StorageError),
}

/// A record to be stored, with the evidence for it.
#[derive(Clone, Debug)]
pub struct StoreRecord {
    /// The tenant.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
    /// The device that signs.
    pub device: DeviceId,
    /// Name of the record.
    pub record: FixedBytes<32>,
    /// To whom it may be handed out, in CBOR.
    pub access: Vec<u8>,
    /// The private keys, sealed.
    pub sealed: Vec<u8>,
    /// Statements of the tenant's chain.
    pub tenant_chain: Vec<Vec<u8>>,
    /// Statements of the user's chain.
    pub user_chain: Vec<Vec<u8>>,
    /// Signature over [`wardseal_protocol::vault::record_message`].
    pub signature: FixedBytes<64>,
}

/// The vault's answer to a first message.
#[derive(Clone, Debug)]
pub struct Started {
    /// Names this login.
    pub login: FixedBytes<32>,
    /// KE2.
    pub ke2: Vec<u8>,
}

/// Draws a new secret for a vault: 128 bytes, to be kept apart from the database.
pub fn new_secret(rng: &mut dyn CryptoRng) -> Zeroizing<Vec<u8>> {
    ServerSetup::generate(rng).to_bytes()
}

/// The vault.
pub struct VaultService {
    store: Box<dyn VaultStore>,
    setup: ServerSetup,
    policy: VaultPolicy,
    clock: Arc<dyn Clock>,
    rng: RandomSource,
    post: Arc<dyn Post>,
    codes: Codes,
    pending: Mutex<PendingLogins>,
    busy_until: Mutex<u64>,
}

impl fmt::Debug for VaultService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultService")
            .field("setup", &self.setup)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// A panic elsewhere leaves nothing half-done behind these locks.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const fn identities(record: &FixedBytes<32>) -> Identities<'_> {
    Identities {
        client: record.as_array(),
        server: VAULT_IDENTITY,
    }
}

impl VaultService {
    /// A vault over `store` with the secret that [`new_secret`] drew.
    ///
    /// # Errors
    /// [`VaultStartError`].
    pub fn new(
        store: Box<dyn VaultStore>,
        secret: &[u8],
        policy: VaultPolicy,
        clock: Arc<dyn Clock>,
        rng: RandomSource,
    ) -> Result<Self, VaultStartError> {
        let setup = ServerSetup::from_bytes(secret).map_err(|_| VaultStartError::BadSecret)?;
        if !store.belongs_to(&setup.public_key().to_bytes())? {
            return Err(VaultStartError::OtherSecret);
        }
        Ok(Self {
            store,
            setup,
            policy,
            clock,
            rng,
            post: Arc::new(NoPost),
            codes: Codes::new(secret),
            pending: Mutex::default(),
            busy_until: Mutex::new(0),
        })
    }

    /// The same with somebody who sends letters. Without, no codes are sent.
    #[must_use]
    pub fn with_post(mut self, post: Arc<dyn Post>) -> Self {
        self.post = post;
        self
    }

    /// The OPAQUE public key, which clients pin.
    #[must_use]
    pub fn public_key(&self) -> FixedBytes<32> {
        FixedBytes(self.setup.public_key().to_bytes())
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    pub fn ping(&self) -> Result<(), VaultError> {
        Ok(self.store.ping()?)
    }

    /// Begins a registration; stores nothing but the count. Returns the registration response.
    ///
    /// # Errors
    /// [`VaultError::Malformed`], [`VaultError::TooManyAttempts`], [`VaultError::NotSeparate`],
    /// [`VaultError::Store`].
    pub fn register_start(
        &self,
        record: &FixedBytes<32>,
        request: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        self.begin()?;
        self.count(record)?;
        self.setup
            .registration_response(request, record.as_array())
            .map_err(|_| VaultError::Malformed("the registration request"))
    }

    /// Stores a record that a device of the user signed. Repeating it changes nothing.
    ///
    /// # Errors
    /// Every [`VaultError`] but [`VaultError::LoginRefused`].
    pub fn store_record(&self, request: &StoreRecord) -> Result<(), VaultError> {
        self.begin()?;
        if !self.policy.tenants.admits(&request.tenant) {
            return Err(VaultError::RegistrationClosed);
        }
        if request.sealed.is_empty() || request.sealed.len() > MAX_SEALED {
            return Err(VaultError::TooLarge);
        }
        let access = Access::from_bytes(&request.access)
            .map_err(|_| VaultError::Malformed("the access of the record"))?;
        if let Access::Opaque(Base64Url(upload)) = access {
            Record::from_upload(&upload)
                .map_err(|_| VaultError::Malformed("the registration upload"))?;
        }
        evidence::check(&Evidence {
            tenant: request.tenant,
            user: request.user,
            device: request.device,
            tenant_chain: &request.tenant_chain,
            user_chain: &request.user_chain,
            label: label::RECORD_SIGNATURE,
            message: &record_message(
                &request.tenant,
                &request.user,
                &request.record,
                &request.access,
                &request.sealed,
            ),
            signature: &request.signature,
        })?;
        self.newest_tenant_chain(&request.tenant, &request.tenant_chain)?;
        let record = StoredRecord {
            record: request.record,
            tenant: request.tenant,
            user: request.user,
            access: request.access.clone(),
            sealed: request.sealed.clone(),
            created: self.clock.now(),
        };
        match self.store.insert(&record, MAX_RECORDS)? {
            Insertion::Stored | Insertion::Repeated => Ok(()),
            Insertion::Conflict => Err(VaultError::Conflict),
            Insertion::TooMany => Err(VaultError::TooManyRecords),
        }
    }

    /// Begins a login, and counts the attempt.
    ///
    /// # Errors
    /// [`VaultError::Malformed`], [`VaultError::TooManyAttempts`], [`VaultError::NotSeparate`],
    /// [`VaultError::Store`].
    pub fn login_start(&self, record: &FixedBytes<32>, ke1: &[u8]) -> Result<Started, VaultError> {
        self.begin()?;
        self.count(record)?;
        let stored = match self.store.record(record)? {
            Some(stored) => match stored_access(&stored)? {
                Access::Opaque(Base64Url(upload)) => {
                    Some(Record::from_bytes(&upload).map_err(|_| damaged())?)
                }
                // Nobody logs in to a record without a password.
                _ => None,
            },
            None => None,
        };
        let (started, name) = self.rng.with(|rng| {
            let started = self.setup.login_start(
                stored.as_ref(),
                ke1,
                record.as_array(),
                identities(record),
                rng,
            );
            let mut name = [0; 32];
            rng.fill_bytes(&mut name);
            (started, name)
        });
        let (login, ke2) = started.map_err(|_| VaultError::Malformed("KE1"))?;
        lock(&self.pending)
            .insert(name, *record, login, self.clock.now())
            .map_err(too_many)?;
        Ok(Started {
            login: FixedBytes(name),
            ke2,
        })
    }

    /// Ends a login, whichever way; returns the record's name and what it keeps.
    ///
    /// # Errors
    /// [`VaultError::LoginRefused`], [`VaultError::NotSeparate`], [`VaultError::Store`].
    pub fn login_finish(&self, login: &FixedBytes<32>, ke3: &[u8]) -> Result<Opened, VaultError> {
        self.begin()?;
        let now = self.clock.now();
        let (record, state) = lock(&self.pending)
            .take(login.as_array(), now)
            .ok_or(VaultError::LoginRefused)?;
        state.finish(ke3).map_err(|error| match error {
            ServerError::Refused | ServerError::Malformed | ServerError::Policy(_) => {
                VaultError::LoginRefused
            }
        })?;
        let stored = self
            .store
            .record(&record)?
            .ok_or(VaultError::LoginRefused)?;
        self.store.forgive_attempt(&record, PER_RECORD, now)?;
        Ok(Opened {
            record,
            sealed: stored.sealed,
        })
    }

    /// What every operation is subject to.
    fn begin(&self) -> Result<(), VaultError> {
        if !self.policy.separate {
            return Err(VaultError::NotSeparate);
        }
        let mut busy_until = lock(&self.busy_until);
        *busy_until = PER_PROCESS
            .take(*busy_until, self.clock.now().millis())
            .map_err(too_many)?;
        Ok(())
    }

    fn count(&self, record: &FixedBytes<32>) -> Result<(), VaultError> {
        self.store
            .count_attempt(record, PER_RECORD, self.clock.now())?
            .map_err(too_many)
    }
}

/// What a stored record says of who may have it. It was checked before it was stored.
fn stored_access(record: &StoredRecord) -> Result<Access, StorageError> {
    Access::from_bytes(&record.access).map_err(|_| damaged())
}

fn damaged() -> StorageError {
    StorageError::Damaged("a record of the vault".into())
}

const fn too_many(milliseconds: u64) -> VaultError {
    VaultError::TooManyAttempts {
        retry_after: milliseconds.div_ceil(1000),
    }
}
