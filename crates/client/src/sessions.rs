//! Sessions: who may open what is sealed under them.

use wardseal_client_core::{
    Error, Failure, Misuse,
    api::keys::{ListRequest, ListSessions},
    compose::{Awaited, Draft, Visibility, open_text},
    protocol::{
        op::Rights,
        ring::Seed,
        state::{NOW, World},
    },
    types::{ChainId, MemberId, RingId, SessionId, SortedMap, SortedSet, limits},
};

use crate::{
    client::{CachePolicy, Client, Inner},
    escrow::PendingGrant,
    groups::ring_of,
    learn::Compose,
    learn::{is_misuse, lacks_key},
    ports::{StateStore, Transport},
    records::{self, SealedBatch},
};

/// A recipient of a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Recipient {
    /// A user, a group or a parent session.
    pub member: MemberId,
    /// What it may do.
    pub rights: Rights,
}

/// A session, as its chain says and as this user sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// Its recipients.
    pub recipients: Vec<Recipient>,
    /// This user's rights, directly, through a group or through a parent.
    pub rights: Rights,
    /// Number of the present epoch.
    pub epoch: u32,
    /// A label in clear, if the application wanted one.
    pub label: Option<String>,
    /// Metadata that only recipients can read.
    pub metadata: Option<Vec<u8>>,
}

/// A page of a list of sessions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionPage {
    /// Oldest first.
    pub sessions: Vec<SessionId>,
    /// What to ask the next page with, if there is one.
    pub next: Option<u64>,
}

/// What a change of a session takes.
struct Needed {
    /// The rights of whoever makes it.
    rights: Rights,
    /// What they are for, as a refusal says it.
    what: &'static str,
    /// A ring to which something is sealed that was not before.
    entering: Option<RingId>,
}

impl Needed {
    const MANAGE: Self = Self {
        rights: Rights::MANAGE,
        what: "manage this session",
        entering: None,
    };
}

/// A session that is to be made.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewSession<'a> {
    /// Who gets what. At least one has the right to manage, and this user is in one of them.
    pub recipients: &'a [(MemberId, Rights)],
    /// Those who have no keys yet.
    pub pending: &'a [PendingGrant],
    /// A label in clear.
    pub label: Option<&'a str>,
    /// Metadata that only recipients can read: 15 kB at most.
    pub metadata: Option<&'a [u8]>,
}

impl NewSession<'_> {
    fn check(&self) -> Result<(), Misuse> {
        let Self { recipients, .. } = self;
        if !recipients
            .iter()
            .any(|(_, rights)| rights.contains(Rights::MANAGE))
        {
            return Err(Misuse::Invalid(
                "one recipient must have the right to manage",
            ));
        }
        let distinct: SortedSet<_> = recipients.iter().map(|(member, _)| *member).collect();
        if distinct.len() != recipients.len() {
            return Err(Misuse::Invalid("a recipient stands in the list twice"));
        }
        let metadata = self.metadata.unwrap_or_default();
        if metadata.len() + 512 > limits::MAX_SEALED_NAME {
            return Err(Misuse::Invalid(
                "the metadata of a session has 15 kB at most",
            ));
        }
        Ok(())
    }
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Makes a session for these recipients. At least one must have the right to manage.
    ///
    /// # Errors
    /// [`Misuse::NotFound`] for a recipient that does not exist, [`Misuse::Invalid`] for a list
    /// without a manager or one that leaves this user out.
    pub async fn create_session(
        &self,
        recipients: &[(MemberId, Rights)],
        label: Option<&str>,
        metadata: Option<&[u8]>,
    ) -> Result<SessionId, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let wanted = NewSession {
            recipients,
            pending: &[],
            label,
            metadata,
        };
        let made = self.make_sessions(inner, &[(wanted, Vec::new())]).await?;
        let made = made.first().copied();
        made.ok_or_else(|| Misuse::Invalid("the session was not made").into())
    }

    /// Makes sessions with one append, also for those who have no keys yet.
    pub(crate) async fn make_sessions(
        &self,
        inner: &mut Inner,
        sessions: &[(NewSession<'_>, Vec<(Awaited, Rights)>)],
    ) -> Result<Vec<SessionId>, Failure> {
        inner.speaker()?;
        let mut statements = 0;
        for (wanted, _) in sessions {
            wanted.check()?;
            statements += if wanted.metadata.is_some() { 2 } else { 1 };
        }
        if statements > limits::MAX_TRANSACTION {
            return Err(Misuse::Invalid("too many sessions at once: make 500 at a time").into());
        }
        // Many sessions for the same recipients learn of them once.
        let mut rings = SortedMap::new();
        for (wanted, _) in sessions {
            let mut included = false;
            for (member, _) in wanted.recipients {
                let ring = ring_of(*member)?;
                included |= match rings.get(&ring) {
                    Some(included) => *included,
                    None => {
                        let included = self.prepare_recipient(inner, ring).await?;
                        rings.insert(ring, included);
                        included
                    }
                };
            }
            if !included {
                return Err(Misuse::Invalid(
                    "you are not among the recipients: add yourself or a group of yours",
                )
                .into());
            }
        }
        let touched: Vec<_> = rings.iter().map(|(ring, _)| ChainId::from(*ring)).collect();
        let mut made = Vec::with_capacity(sessions.len());
        self.change(inner, &touched, &mut |composer| {
            made.clear();
            let mut whole = Draft::default();
            for (wanted, awaited) in sessions {
                let label = wanted.label.map(Into::into);
                let (session, draft) = composer.create_session_awaiting(
                    wanted.recipients,
                    awaited,
                    label,
                    wanted.metadata,
                )?;
                made.push(session);
                whole.join(draft);
            }
            Ok((!whole.statements.is_empty()).then_some(whole))
        })
        .await?;
        Ok(made)
    }

    /// Grants a right to one more recipient. Granting it to one that has it changes nothing.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user may share, and holds what he grants.
    pub async fn grant(
        &self,
        session: SessionId,
        member: MemberId,
        rights: Rights,
        visibility: Visibility,
    ) -> Result<(), Error> {
        let needed = Needed {
            rights: Rights::SHARE.union(rights),
            what: "share what you hold yourself",
            entering: Some(ring_of(member)?),
        };
        Ok(self
            .change_session(session, needed, &mut |composer| {
                let state = composer.knowledge.world().session(&session);
                if state.is_some_and(|state| state.ring.member_at(&member, NOW).is_some()) {
                    return Ok(None);
                }
                composer
                    .grant(session, member, rights, visibility)
                    .map(Some)
            })
            .await?)
    }

    /// Changes a recipient's rights.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user may manage.
    pub async fn set_rights(
        &self,
        session: SessionId,
        member: MemberId,
        rights: Rights,
    ) -> Result<(), Error> {
        Ok(self
            .change_session(session, Needed::MANAGE, &mut |composer| {
                let state = composer.knowledge.world().session(&session);
                if state.is_some_and(|state| state.ring.member_at(&member, NOW) == Some(rights)) {
                    return Ok(None);
                }
                composer.set_rights(session, member, rights).map(Some)
            })
            .await?)
    }

    /// Revokes recipients and rotates the session, in one statement. Revoking one that is not
    /// there changes nothing.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user may manage.
    pub async fn revoke(&self, session: SessionId, members: &[MemberId]) -> Result<(), Error> {
        Ok(self
            .change_session(session, Needed::MANAGE, &mut |composer| {
                let Some(state) = composer.knowledge.world().session(&session) else {
                    return Ok(None);
                };
                let gone: Vec<_> = members
                    .iter()
                    .filter(|member| state.ring.member_at(member, NOW).is_some())
                    .copied()
                    .collect();
                if gone.is_empty() {
                    return Ok(None);
                }
                composer.revoke(session, &gone).map(Some)
            })
            .await?)
    }

    /// Changes the metadata of a session.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user may share.
    pub async fn describe_session(&self, session: SessionId, metadata: &[u8]) -> Result<(), Error> {
        let needed = Needed {
            rights: Rights::SHARE,
            what: "share this session",
            entering: None,
        };
        Ok(self
            .change_session(session, needed, &mut |composer| {
                composer.describe(session, metadata).map(Some)
            })
            .await?)
    }

    /// A session.
    ///
    /// # Errors
    /// [`Misuse::NoAccess`].
    pub async fn session(&self, session: SessionId) -> Result<Session, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        self.learn_session(inner, session).await?;
        let described = self.view_session(inner, session).await?;
        self.end_use(inner, session);
        Ok(described)
    }

    /// Fetches and opens the keys of many sessions at once, so that they are at hand when objects
    /// arrive. Sessions that do not exist, or not for this user, are left out of the answer.
    ///
    /// # Errors
    /// [`Misuse::Invalid`] for more than a thousand, [`Error::Transport`].
    pub async fn fetch_sessions(&self, sessions: &[SessionId]) -> Result<Vec<Session>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        if sessions.len() > limits::MAX_BATCH {
            return Err(Misuse::Invalid("a thousand sessions at most").into());
        }
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let chains = sessions.iter().map(|session| ChainId::from(*session));
        self.learn(inner, chains, false).await?;
        let mut described = Vec::with_capacity(sessions.len());
        for session in sessions {
            match self.view_session(inner, *session).await {
                Ok(found) => described.push(found),
                Err(error) if is_misuse(&error) => {}
                Err(error) => return Err(error.into()),
            }
            self.end_use(inner, *session);
        }
        Ok(described)
    }

    /// A page of the sessions that this user may open, oldest first.
    ///
    /// # Errors
    /// [`Error::Transport`].
    pub async fn sessions(&self, after: Option<u64>, limit: u32) -> Result<SessionPage, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let request = ListRequest {
            tenant: self.config.tenant,
            after,
            limit,
        };
        let page = self.call_signed::<ListSessions>(inner, &request).await?;
        Ok(SessionPage {
            next: page
                .sessions
                .last()
                .filter(|_| page.more)
                .map(|session| session.position),
            sessions: page
                .sessions
                .into_iter()
                .map(|session| session.session)
                .collect(),
        })
    }

    async fn view_session(
        &self,
        inner: &mut Inner,
        session: SessionId,
    ) -> Result<Session, Failure> {
        let user = inner.speaker()?.user;
        let ring = RingId::Session(session);
        let sealed = inner
            .knowledge
            .world()
            .session(&session)
            .ok_or(Misuse::NoAccess(session))?
            .metadata
            .clone();
        let metadata = match sealed {
            Some((epoch, sealed)) => match self.seed(inner, ring, epoch).await {
                Ok(seed) => open_text(&seed, ring, epoch, &sealed).ok(),
                Err(error) if is_misuse(&error) => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        let world = inner.knowledge.world();
        let rights = world
            .session(&session)
            .and_then(|state| state.rights_at(&user, NOW, world));
        if rights.is_none() {
            // A right may come through groups that are not known yet: the way to the key leads
            // through them.
            match self.newest_seed(inner, ring).await {
                Ok(_) => {}
                Err(error) if is_misuse(&error) => {}
                Err(error) => return Err(error),
            }
        }
        let world = inner.knowledge.world();
        let state = world.session(&session).ok_or(Misuse::NoAccess(session))?;
        Ok(Session {
            id: session,
            recipients: state
                .ring
                .members()
                .map(|(member, rights)| Recipient { member, rights })
                .collect(),
            rights: state
                .rights_at(&user, NOW, world)
                .ok_or(Misuse::NoAccess(session))?,
            epoch: state.ring.newest().map_or(0, |epoch| epoch.declared.number),
            label: state.label.clone(),
            metadata,
        })
    }

    /// Makes a change that takes a right.
    async fn change_session(
        &self,
        session: SessionId,
        needed: Needed,
        compose: &mut Compose<'_>,
    ) -> Result<(), Failure> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        self.prepare_session(inner, session, needed.rights, needed.what)
            .await?;
        let mut touched = vec![ChainId::from(session)];
        if let Some(entering) = needed.entering {
            self.prepare_recipient(inner, entering).await?;
            touched.push(entering.into());
        }
        self.change(inner, &touched, compose).await?;
        Ok(())
    }

    /// Brings a ring up to date to which something is to be sealed; whether this user is in it. A
    /// group that lost somebody must not be sealed to before it is rotated.
    pub(crate) async fn prepare_recipient(
        &self,
        inner: &mut Inner,
        ring: RingId,
    ) -> Result<bool, Failure> {
        match self.refresh(inner, ring).await {
            Ok(()) => {}
            Err(error) if lacks_key(&error) => {}
            Err(error) => return Err(error),
        }
        self.hold_if_member(inner, ring).await
    }

    pub(crate) async fn learn_session(
        &self,
        inner: &mut Inner,
        session: SessionId,
    ) -> Result<(), Failure> {
        match self.learn(inner, [session.into()], true).await {
            Err(error) if matches!(*error, Error::Misuse(Misuse::NotFound(_))) => {
                self.drop_session(inner, session);
                Err(Misuse::NoAccess(session).into())
            }
            other => other,
        }
    }

    /// Learns a session and everything beneath it, rotates what is stale, and checks that this
    /// user may do what comes next.
    pub(crate) async fn prepare_session(
        &self,
        inner: &mut Inner,
        session: SessionId,
        needed: Rights,
        what: &'static str,
    ) -> Result<(u32, Seed), Failure> {
        let user = inner.speaker()?.user;
        let ring = RingId::Session(session);
        self.learn_session(inner, session).await?;
        self.refresh(inner, ring).await.map_err(|error| {
            if lacks_key(&error) {
                Misuse::NoAccess(session).into()
            } else {
                error
            }
        })?;
        let world = inner.knowledge.world();
        let held = world
            .session(&session)
            .and_then(|state| state.rights_at(&user, NOW, world))
            .ok_or(Misuse::NoAccess(session))?;
        if !held.contains(needed) {
            return Err(Misuse::NotAuthorised(what).into());
        }
        self.newest_seed(inner, ring).await
    }

    /// The seed with which an object of a session was sealed. The server is asked unless the cache
    /// policy allows to do without.
    pub(crate) async fn session_seed(
        &self,
        inner: &mut Inner,
        session: SessionId,
        epoch: u32,
    ) -> Result<Seed, Failure> {
        let ring = RingId::Session(session);
        self.expire(inner).await?;
        let lease = inner.asked.contains_key(&ring);
        let known = inner
            .knowledge
            .world()
            .session(&session)
            .is_some_and(|state| state.ring.epoch(epoch).is_some());
        if !(lease && known) {
            inner.keyring.forget(ring);
            self.learn_session(inner, session).await?;
        }
        let seed = self
            .seed(inner, ring, epoch)
            .await
            .map_err(|error| match *error {
                Error::Misuse(Misuse::NoKey(_) | Misuse::NotFound(_)) => {
                    Misuse::NoAccess(session).into()
                }
                _ => error,
            })?;
        self.end_use(inner, session);
        Ok(seed)
    }

    /// Drops the keys of every session about which the server was last asked longer ago than the
    /// cache policy allows, here and in the store. A clock that was set back counts as too long.
    pub(crate) async fn expire(&self, inner: &mut Inner) -> Result<(), Failure> {
        let now = self.clock.now();
        let ttl = match self.config.cache {
            CachePolicy::Off => 0,
            CachePolicy::Memory { ttl } | CachePolicy::Persistent { ttl } => ttl,
        };
        let over: Vec<_> = inner
            .asked
            .iter()
            .filter(|(_, asked)| now.since(**asked) >= ttl || now < **asked)
            .filter_map(|(ring, _)| match ring {
                RingId::Session(session) => Some(*session),
                RingId::User(_) | RingId::Group(_) => None,
            })
            .collect();
        let mut batch = SealedBatch::default();
        for session in over {
            self.drop_session(inner, session);
            if matches!(self.config.cache, CachePolicy::Persistent { .. }) {
                batch.delete(records::boxes_key(&RingId::Session(session)));
            }
        }
        self.store.commit(batch).await
    }

    /// Drops a session's keys at once when nothing is to be cached.
    pub(crate) fn end_use(&self, inner: &mut Inner, session: SessionId) {
        if self.config.cache == CachePolicy::Off {
            self.drop_session(inner, session);
        }
    }

    pub(crate) fn drop_session(&self, inner: &mut Inner, session: SessionId) {
        let ring = RingId::Session(session);
        inner.keyring.forget(ring);
        inner.knowledge.forget_boxes(&ring);
        inner.asked.remove(&ring);
    }

    /// Holds the newest seed of a ring if this user is a member, so that wraps are symmetric.
    /// Returns whether he is.
    async fn hold_if_member(&self, inner: &mut Inner, ring: RingId) -> Result<bool, Failure> {
        let user = inner.speaker()?.user;
        let world = inner.knowledge.world();
        let member = match ring {
            RingId::User(id) => id == user,
            RingId::Group(id) => world
                .group(&id)
                .is_some_and(|state| state.role_at(&user, NOW, world).is_some()),
            RingId::Session(_) => true,
        };
        if member {
            self.newest_seed(inner, ring).await?;
        }
        Ok(member)
    }
}
