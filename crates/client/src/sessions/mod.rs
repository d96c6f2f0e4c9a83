//! Sessions: who may open what is sealed under them.

mod change;
mod keys;

use wardseal_client_core::{
    Error, Failure, Misuse,
    api::keys::{ListRequest, ListSessions},
    compose::open_text,
    protocol::{
        op::Rights,
        ring::Seed,
        state::{NOW, World},
    },
    types::{ChainId, MemberId, RingId, SessionId, SortedSet, limits},
};

use crate::{
    client::{Client, Inner},
    escrow::PendingGrant,
    learn::{is_misuse, lacks_key},
    ports::{StateStore, Transport},
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
}
