//! Keys of sessions carried to where there is no server, or nobody who could sign in.

use wardseal_client_core::{
    Error, Failure, Misuse,
    crypto::hash,
    export::{self, ExportError, Imported},
    protocol::{cbor, ring::Seed, state::World, statement::Statement},
    types::{
        Base64Url, ChainId, MemberId, RingId, SessionId, SortedMap, SortedSet, Timestamp, limits,
    },
};
use zeroize::Zeroizing;

use crate::{
    client::{CachePolicy, Client, Inner},
    learn::is_misuse,
    ports::{StateStore, Transport},
    queue::Want,
    records::{self, ImportRecord, SealedBatch},
};

/// Keys of sessions, and the statements that prove them. It is a secret: whoever holds it opens
/// everything that was sealed for these sessions up to now, and nothing takes that back. Its bytes
/// are erased when it is dropped.
pub struct SessionExport(Zeroizing<Vec<u8>>);

impl core::fmt::Debug for SessionExport {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SessionExport(..)")
    }
}

impl SessionExport {
    /// The bytes, for [`Client::import_sessions`].
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

/// An export that was taken in.
#[derive(Debug)]
pub(crate) struct Import {
    /// Hash of its bytes.
    pub(crate) content: [u8; 32],
    pub(crate) imported: Timestamp,
    /// Whether it lies in the store too.
    pub(crate) kept: bool,
    sessions: Imported,
}

impl Inner {
    /// The seed of an epoch of a session, if it was imported.
    pub(crate) fn imported(&self, session: SessionId, epoch: u32) -> Option<(&Imported, &Seed)> {
        // The newest import knows most of who wrote.
        self.imports.iter().rev().find_map(|import| {
            let seed = import.sessions.seed(session, epoch)?;
            Some((&import.sessions, seed))
        })
    }
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Writes down what opens everything that was sealed for these sessions up to now, as far as
    /// this user can open it, with the statements of everybody who may have written it. It needs no
    /// connection for sessions that are cached.
    ///
    /// The bytes are a secret, and no revocation reaches them: see [`SessionExport`].
    ///
    /// # Errors
    /// [`Misuse::NoAccess`] for a session that this user cannot open, [`Misuse::Invalid`] for none
    /// or more than a thousand.
    pub async fn export_sessions(&self, sessions: &[SessionId]) -> Result<SessionExport, Error> {
        if sessions.is_empty() || sessions.len() > limits::MAX_BATCH {
            return Err(Misuse::Invalid("one to a thousand sessions are exported").into());
        }
        let wants = sessions.iter().map(|session| Want::Key(*session, None));
        let (call, mut inner) = self.inner.turn(wants.collect()).await;
        let inner = &mut *inner;
        self.meet(inner, &call).await?;
        let mut seeds = SortedMap::new();
        for session in sessions {
            let before = seeds.iter().count();
            self.seeds_of(inner, *session, &mut seeds).await?;
            if seeds.iter().count() == before && !seeds.keys().any(|(of, _)| of == session) {
                return Err(Misuse::NoAccess(*session).into());
            }
        }
        let chains = self.involved(inner, sessions).await?;
        let mut statements = Vec::new();
        for chain in chains.iter() {
            let record = inner.chains.get(chain);
            statements.extend(
                record
                    .iter()
                    .flat_map(|record| record.entries.iter().cloned()),
            );
        }
        let bytes = export::write(self.config.tenant, statements, &seeds);
        for session in sessions {
            self.end_use(inner, *session);
        }
        // What could not be read again would be found out when it is too late.
        Imported::read(self.config.tenant, &bytes).map_err(bad)?;
        Ok(SessionExport(bytes))
    }

    /// Takes in what [`export_sessions`](Self::export_sessions) wrote, after verifying it; gives the
    /// sessions that are in it. What was sealed for them then opens here without an identity and
    /// without a connection, for as long as the cache policy keeps keys. Nothing can be sealed by
    /// it.
    ///
    /// # Errors
    /// [`Misuse::BadExport`]; [`Misuse::Invalid`] under [`CachePolicy::Off`], which keeps no keys.
    pub async fn import_sessions(&self, bytes: &[u8]) -> Result<Vec<SessionId>, Error> {
        if self.config.cache == CachePolicy::Off {
            return Err(Misuse::Invalid(
                "the cache is off, so imported sessions cannot be kept: choose another cache policy",
            )
            .into());
        }
        let sessions = Imported::read(self.config.tenant, bytes).map_err(bad)?;
        let content = hash::sha256(&[bytes]);
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        self.expire(inner).await?;
        let imported = self.clock.now();
        // Whoever is a guest on this machine leaves nothing on it.
        let guest = inner.is_guest() && inner.speaker().is_ok();
        let kept = matches!(self.config.cache, CachePolicy::Persistent { .. }) && !guest;
        if kept {
            let record = ImportRecord {
                export: Base64Url::from(bytes),
                imported,
            };
            let mut batch = SealedBatch::default();
            let key = records::import_key(&content);
            let record = Zeroizing::new(cbor::encode(&record));
            self.store
                .put(&mut batch, key, &record, inner.rng.as_mut())?;
            self.store.commit(batch).await?;
        }
        let found = sessions.sessions();
        inner.imports.retain(|import| import.content != content);
        inner.imports.push(Import {
            content,
            imported,
            kept,
            sessions,
        });
        Ok(found)
    }

    /// Loads what was imported by an earlier run.
    pub(crate) async fn recall_imports(&self, inner: &mut Inner) -> Result<(), Failure> {
        for key in self.store.keys(records::IMPORTS).await? {
            let Ok(Some(record)) = self.store.load::<ImportRecord>(&key).await else {
                continue;
            };
            let bytes = Zeroizing::new(record.export.0);
            let content = hash::sha256(&[&bytes]);
            let Ok(sessions) = Imported::read(self.config.tenant, &bytes) else {
                continue;
            };
            inner.imports.push(Import {
                content,
                imported: record.imported,
                kept: true,
                sessions,
            });
        }
        inner.imports.sort_by_key(|import| import.imported);
        Ok(())
    }

    /// The seeds of a session that this user can reach.
    async fn seeds_of(
        &self,
        inner: &mut Inner,
        session: SessionId,
        seeds: &mut SortedMap<(SessionId, u32), Seed>,
    ) -> Result<(), Failure> {
        let ring = RingId::Session(session);
        let state = inner.knowledge.world().session(&session);
        let state = state.filter(|_| inner.asked.contains_key(&ring));
        let epochs = state.ok_or(Misuse::NoAccess(session))?.ring.epochs().len();
        // From the newest back, so that ladders are walked once.
        for epoch in (0..u32::try_from(epochs).unwrap_or(u32::MAX)).rev() {
            match self.seed(inner, ring, epoch).await {
                Ok(seed) => {
                    seeds.insert((session, epoch), seed);
                }
                // What was sealed before somebody joined may be closed to him.
                Err(error) if is_misuse(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The chains by which an export is judged: those of the sessions, of everybody who ever was a
    /// recipient, directly or through groups and parents, and of whoever signed in them.
    async fn involved(
        &self,
        inner: &mut Inner,
        sessions: &[SessionId],
    ) -> Result<SortedSet<ChainId>, Failure> {
        let mut involved = SortedSet::from_iter([ChainId::from(self.config.tenant)]);
        let mut asked = SortedSet::new();
        loop {
            let mut unknown = SortedSet::new();
            let mut next: Vec<_> = sessions
                .iter()
                .map(|session| ChainId::from(*session))
                .collect();
            while let Some(chain) = next.pop() {
                if !inner.knowledge.knows(&chain) {
                    unknown.insert(chain);
                } else if involved.insert(chain) {
                    next.extend(named_in(inner, &chain));
                }
            }
            // Who wrote may have got a device since he was last asked for.
            let users = involved
                .iter()
                .filter(|chain| matches!(chain, ChainId::User(_)));
            unknown.extend(users.copied());
            unknown.retain(|chain| !asked.contains(chain));
            if unknown.iter().next().is_none() {
                return Ok(involved);
            }
            match self.learn(inner, unknown.iter().copied(), false).await {
                Ok(()) => {}
                // Without a connection it is as new as what is known.
                Err(error) if matches!(*error, Error::Transport(_)) => {}
                Err(error) => return Err(error),
            }
            asked.extend(unknown);
            involved = SortedSet::from_iter([ChainId::from(self.config.tenant)]);
        }
    }
}

/// The chains that a chain names: members of all times, and whoever signed.
fn named_in(inner: &Inner, chain: &ChainId) -> Vec<ChainId> {
    let world = inner.knowledge.world();
    let members: Vec<MemberId> = match chain {
        ChainId::Group(id) => world.group(id).map_or_else(Vec::new, |state| {
            state.ring.histories().keys().copied().collect()
        }),
        ChainId::Session(id) => world.session(id).map_or_else(Vec::new, |state| {
            state.ring.histories().keys().copied().collect()
        }),
        ChainId::User(_) | ChainId::Tenant(_) => Vec::new(),
    };
    let authors = inner.chains.get(chain).into_iter().flat_map(|record| {
        let statements = record.entries.iter();
        statements.filter_map(|(bytes, _)| {
            let statement = Statement::decode(bytes.as_slice()).ok()?;
            statement.body().author.user().map(ChainId::from)
        })
    });
    members
        .into_iter()
        .filter_map(|member| member.ring().map(ChainId::from))
        .chain(authors)
        .collect()
}

const fn bad(error: ExportError) -> Misuse {
    Misuse::BadExport(error)
}
