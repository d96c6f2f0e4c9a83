//! The client and what it holds.

use core::{future::Future, pin::Pin};
use std::sync::Arc;

use async_lock::{Mutex, MutexGuard};
use rand_core::CryptoRng;
use wardseal_client_core::{
    Error, Failure, Misuse,
    api::{Endpoint, keys::Entry},
    crypto::secret::Secret,
    exchange::{self, HttpRequest},
    identity::{DayIdentity, Identity},
    keyring::Keyring,
    knowledge::Knowledge,
    types::{
        ChainId, Clock, FixedBytes, NamedId, RingId, SortedMap, TenantId, Timestamp, UserId,
        json::{FromJson, ToJson},
    },
};

use crate::{
    day,
    export::Import,
    ports::{StateStore, Transport},
    queue::{Call, Queue, Want},
    records::{self, SealedBatch, SealedStore},
};

/// How long keys of sessions are kept. Keys of our own user and groups are kept while the client
/// lives: without them it could do nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CachePolicy {
    /// Not at all: every opening asks the server.
    Off,
    /// In memory, for so many milliseconds.
    Memory {
        /// Time to live in milliseconds.
        ttl: u64,
    },
    /// Also in the store, sealed, for so many milliseconds since the server was last asked; within
    /// that time sessions open without a connection.
    Persistent {
        /// Time to live in milliseconds.
        ttl: u64,
    },
}

/// What an application decides about its client.
#[derive(Clone, Debug)]
pub struct Config {
    /// The tenant. Everything else is checked against it, so it must come with the application,
    /// never from a server.
    pub tenant: TenantId,
    /// How long keys of sessions are kept.
    pub cache: CachePolicy,
    /// How old the newest checkpoint may be for sealing, in milliseconds.
    pub max_checkpoint_age: u64,
    /// What sign-ins name as their audience: the public address of the key server. `None` takes
    /// what the server says at the first sign-in and holds on to it.
    pub audience: Option<String>,
}

impl Config {
    /// Sessions cached in memory for 15 minutes, checkpoints at most 24 hours old.
    #[must_use]
    pub const fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            cache: CachePolicy::Memory { ttl: 15 * 60_000 },
            max_checkpoint_age: 24 * 3_600_000,
            audience: None,
        }
    }
}

/// Who is signed up on this machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Profile {
    /// The tenant.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
    /// The device.
    pub device: wardseal_client_core::types::DeviceId,
}

/// A client. Its methods may be called concurrently; they take turns at what they share.
pub struct Client<T, S> {
    pub(crate) config: Config,
    pub(crate) transport: T,
    pub(crate) store: SealedStore<S>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) inner: Turns,
}

impl<T, S> core::fmt::Debug for Client<T, S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Client")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// What the methods share, for one at a time.
pub(crate) struct Turns {
    inner: Mutex<Inner>,
    clock: Arc<dyn Clock>,
    pub(crate) queue: Queue,
}

impl Turns {
    /// Waits for its turn. What has run out is gone before anybody looks.
    pub(crate) async fn lock(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().await;
        inner.run_out(self.clock.now());
        inner.since = None;
        inner
    }

    /// Waits for its turn, and says before what will be asked for.
    pub(crate) async fn turn(&self, wants: Vec<Want>) -> (Call<'_>, MutexGuard<'_, Inner>) {
        let call = self.queue.begin(wants);
        let mut inner = self.lock().await;
        inner.since = Some(call.number);
        (call, inner)
    }
}

/// What the methods share.
pub(crate) struct Inner {
    pub(crate) knowledge: Knowledge,
    pub(crate) keyring: Keyring,
    pub(crate) identity: Option<Identity>,
    /// Who is here until the day is over; an identity beside it was unlocked once more.
    pub(crate) day: Option<DayIdentity>,
    /// Until when that identity is held.
    pub(crate) stepped: Option<Timestamp>,
    /// Whether records of a day are in the store that is over.
    pub(crate) over: bool,
    pub(crate) token: Option<Token>,
    pub(crate) chains: SortedMap<ChainId, records::ChainRecord>,
    /// What sign-ins name as their audience, once it is known.
    pub(crate) audience: Option<String>,
    /// Whom names meant when they were last seen, by index.
    pub(crate) names: SortedMap<FixedBytes<32>, NamedId>,
    /// When the server last gave the boxes of a ring.
    pub(crate) asked: SortedMap<RingId, Timestamp>,
    /// Sessions that were imported.
    pub(crate) imports: Vec<Import>,
    /// The call that has its turn, if it is content with what was asked for after it began.
    pub(crate) since: Option<u64>,
    /// Whether the identity is kept in the store, or only in memory.
    pub(crate) kept: bool,
    pub(crate) rng: Box<dyn CryptoRng + Send>,
}

pub(crate) struct Token {
    pub(crate) text: String,
    /// By our own clock.
    pub(crate) expires: Timestamp,
}

impl Inner {
    /// Keeps verified statements of a chain, for the records.
    pub(crate) fn record(&mut self, chain: ChainId, entries: &[Entry]) {
        self.chains.update(chain, |record| {
            for entry in entries {
                let known = (entry.statement.clone(), entry.position);
                if !record.entries.contains(&known) {
                    record.entries.push(known);
                }
            }
        });
    }

    pub(crate) fn identity(&self) -> Result<&Identity, Failure> {
        let missing = || match self.day {
            Some(_) => Misuse::PasswordNeeded,
            None => Misuse::NoIdentity,
        };
        Ok(self.identity.as_ref().ok_or_else(missing)?)
    }
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Opens a client over a store. The records in it are sealed under `state_key`, which the host
    /// keeps: in a page wrapped by a key that cannot be exported, natively in a file or keychain.
    ///
    /// # Errors
    /// [`Error::Store`] when the store fails or its records belong to another key or tenant.
    pub async fn open(
        config: Config,
        transport: T,
        store: S,
        state_key: Secret<32>,
        clock: Arc<dyn Clock>,
        rng: Box<dyn CryptoRng + Send>,
    ) -> Result<Self, Error> {
        let store = SealedStore::new(store, state_key);
        let identity = match store.read(records::IDENTITY).await? {
            Some(bytes) => Some(Identity::from_secret_bytes(&bytes)?),
            None => None,
        };
        let day = match store.read(records::DAY).await? {
            Some(bytes) if identity.is_none() => Some(DayIdentity::from_secret_bytes(&bytes)?),
            _ => None,
        };
        if day::speaker(identity.as_ref(), day.as_ref())
            .is_ok_and(|speaker| speaker.tenant != config.tenant)
        {
            return Err(Error::Store(
                "the records belong to another tenant: use another profile".into(),
            ));
        }
        let mut keyring = Keyring::default();
        if let Some(day) = &day {
            keyring.insert(RingId::User(day.user), day.epoch, day.seed.clone());
        }
        let mut inner = Inner {
            knowledge: Knowledge::new(config.tenant),
            keyring,
            kept: identity.is_some() || day.is_some(),
            identity,
            day,
            stepped: None,
            over: false,
            token: None,
            chains: SortedMap::new(),
            audience: None,
            names: SortedMap::new(),
            asked: SortedMap::new(),
            imports: Vec::new(),
            since: None,
            rng,
        };
        inner.run_out(clock.now());
        let over = inner.over;
        inner.over = false;
        let client = Self {
            config,
            transport,
            store,
            clock: Arc::clone(&clock),
            inner: Turns {
                inner: Mutex::new(inner),
                clock,
                queue: Queue::default(),
            },
        };
        if over {
            client.erase().await?;
        }
        client.recall().await?;
        Ok(client)
    }

    /// Who is signed up on this machine, if anybody is.
    pub async fn profile(&self) -> Option<Profile> {
        let mut inner = self.inner.lock().await;
        // Whoever fails to erase tries again the next time, or when the store is opened.
        let _ = self.erase_what_is_over(&mut inner).await;
        let recovers = |identity: &Identity| identity.device.keys().kind.only_recovers();
        // Who is about to recover is nobody yet.
        if inner.identity.as_ref().is_some_and(recovers) {
            return None;
        }
        let speaker = inner.speaker().ok()?;
        Some(Profile {
            tenant: speaker.tenant,
            user: speaker.user,
            device: speaker.device,
        })
    }

    /// Erases everything from this machine. The device stays in the user's chain until another
    /// device revokes it.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn sign_out(&self) -> Result<(), Error> {
        let mut inner = self.inner.lock().await;
        self.erase().await?;
        inner.forget();
        Ok(())
    }

    /// Drops the keys of all sessions, those that were imported too, here and in the store. Their
    /// chains, in which no keys are, stay: what is fetched next adds to them.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn forget_sessions(&self) -> Result<(), Error> {
        let mut inner = self.inner.lock().await;
        inner.keyring.forget_sessions();
        inner.imports.clear();
        inner
            .asked
            .retain(|ring, _| !matches!(ring, RingId::Session(_)));
        let mut batch = SealedBatch::default();
        for prefix in ["boxes/ses_", records::IMPORTS] {
            for key in self.store.keys(prefix).await? {
                batch.delete(key);
            }
        }
        Ok(self.store.commit(batch).await?)
    }

    /// One operation that needs no token.
    pub(crate) async fn call<E: Endpoint<Request: ToJson, Response: FromJson>>(
        &self,
        body: &E::Request,
    ) -> Result<E::Response, Failure> {
        let answer = self.send(exchange::request::<E>(body, None)).await?;
        Ok(exchange::read::<E>(&answer)?)
    }

    /// Sends a request; gives the body of the answer, or what the server refuses it with.
    pub(crate) fn send(
        &self,
        request: HttpRequest,
    ) -> Pin<Box<impl Future<Output = Result<Vec<u8>, Failure>>>> {
        Box::pin(async move { Ok(exchange::accepted(self.transport.send(request).await?)?) })
    }

    /// What the key server is, and what time it has.
    ///
    /// # Errors
    /// [`Error::Transport`], [`Error::Misbehaved`].
    pub async fn server(&self) -> Result<wardseal_client_core::api::keys::ServerInfo, Error> {
        Ok(self
            .call::<wardseal_client_core::api::keys::GetServer>(&())
            .await?)
    }

    /// What the vault is, and its OPAQUE public key. Whether it is the vault of a user's password
    /// is known after the unlock, by the user's chain.
    ///
    /// # Errors
    /// [`Error::Transport`], [`Error::Misbehaved`].
    pub async fn vault(&self) -> Result<wardseal_client_core::api::keys::ServerInfo, Error> {
        Ok(self
            .call::<wardseal_client_core::api::vault::GetVault>(&())
            .await?)
    }
}

#[cfg(test)]
mod tests {
    use wardseal_client_core::{
        TransportError,
        exchange::HttpResponse,
        protocol::{object::Metadata, op::Rights},
        types::{GroupId, SessionId},
    };

    use super::*;
    use crate::{MemoryStore, Visibility};

    struct Nowhere;

    impl Transport for Nowhere {
        async fn send(&self, _: HttpRequest) -> Result<HttpResponse, TransportError> {
            Err(TransportError::NotConfigured("test"))
        }
    }

    /// What an application on a runtime with several threads needs: it is checked when this is
    /// compiled.
    #[test]
    fn futures_move_between_threads() {
        fn moves<F: Send>(future: F) -> F {
            future
        }
        type Somewhere = Client<Nowhere, MemoryStore>;
        fn of(client: &Somewhere, group: GroupId, session: SessionId) {
            let metadata = Metadata::default();
            drop(moves(client.finish_sign_up("")));
            drop(moves(client.users_by_name(&[])));
            drop(moves(client.create_group("", &[])));
            drop(moves(client.remove_members(group, &[])));
            drop(moves(client.groups()));
            drop(moves(client.create_session(&[], None, None)));
            drop(moves(client.grant(
                session,
                group.into(),
                Rights::READ,
                Visibility::Full,
            )));
            drop(moves(client.fetch_sessions(&[])));
            drop(moves(client.create_sessions(&[])));
            drop(moves(client.grant_many(session, &[])));
            drop(moves(client.revoke_many(&[])));
            drop(moves(client.revoke_others(session)));
            drop(moves(client.revoke_all(session)));
            drop(moves(client.open_tree(session)));
            drop(moves(client.children(session, None, 1)));
            drop(moves(client.history(session)));
            drop(moves(client.add_members(group, &[])));
            drop(moves(client.find_users(&[])));
            drop(moves(client.create_session_pending(&[], &[], None, None)));
            drop(moves(client.create_sessions_pending(&[])));
            drop(moves(client.claim(group.into(), None)));
            drop(moves(client.escrow_status(&[])));
            drop(moves(client.sealing(session, &metadata)));
            drop(moves(client.trust_this_machine()));
            drop(moves(client.keep_for_the_day()));
            drop(moves(client.new_password()));
            drop(moves(client.create_recovery_code()));
            drop(moves(client.recover_by_code("", "")));
            drop(moves(client.set_organisation(group, 1)));
            drop(moves(client.collect_recovery()));
            drop(moves(client.take_help(&[])));
            drop(moves(client.check_recovery()));
            drop(moves(client.forget_sessions()));
            drop(moves(client.prefetch(&[], &[])));
            drop(moves(client.session(session)));
            drop(moves(client.export_sessions(&[])));
            drop(moves(client.import_sessions(&[])));
            drop(moves(client.watch_begin(crate::WatchPosition::default())));
        }
        let _: fn(&Somewhere, GroupId, SessionId) = of;
    }
}
