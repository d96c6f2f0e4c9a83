//! Sessions: who may open what is sealed under them.

mod change;
mod history;
mod keys;
mod many;
mod tree;

pub use tree::SessionTree;

pub(crate) use many::Failures;

use history::events_of;

use wardseal_client_core::{
    Error, Failure, Misuse,
    api::keys::{ListRequest, ListSessions},
    compose::open_text,
    history::{Recipient, recipients},
    protocol::{
        op::Rights,
        ring::Seed,
        state::{NOW, World},
    },
    types::{MemberId, RingId, SessionId, SortedSet, limits},
};

use crate::{
    client::{Client, Inner},
    escrow::PendingGrant,
    learn::{is_misuse, lacks_key},
    ports::{StateStore, Transport},
    queue::Want,
};

/// A session, as its chain says and as this user sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// Its recipients, and how each became one.
    pub recipients: Vec<Recipient>,
    /// Those of them that have the right to manage.
    pub managing: Vec<MemberId>,
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
        let (call, mut inner) = self.inner.turn(vec![Want::News(session)]).await;
        let inner = &mut *inner;
        self.meet(inner, &call).await?;
        self.learn_session(inner, session).await?;
        let described = self.view_session(inner, session).await?;
        self.end_use(inner, session);
        Ok(described)
    }

    /// A page of the sessions that this user may open, oldest first.
    ///
    /// # Errors
    /// [`Error::Transport`].
    pub async fn sessions(&self, after: Option<u64>, limit: u32) -> Result<SessionPage, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        Ok(self.page(inner, None, after, limit).await?)
    }

    async fn page(
        &self,
        inner: &mut Inner,
        parent: Option<SessionId>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<SessionPage, Failure> {
        let request = ListRequest {
            tenant: self.config.tenant,
            after,
            limit,
            parent,
        };
        let page = self.call_signed::<ListSessions>(inner, &request).await?;
        Ok(SessionPage {
            next: page.next,
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
        let recipients = recipients(&events_of(inner, session)?);
        let world = inner.knowledge.world();
        let state = world.session(&session).ok_or(Misuse::NoAccess(session))?;
        Ok(Session {
            id: session,
            managing: recipients
                .iter()
                .filter(|recipient| recipient.rights.contains(Rights::MANAGE))
                .map(|recipient| recipient.member)
                .collect(),
            recipients,
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
                self.lose_session(inner, session).await?;
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
        inner.speaker()?;
        let ring = RingId::Session(session);
        self.learn_session(inner, session).await?;
        self.refresh(inner, ring)
            .await
            .map_err(|error| no_access(session, error))?;
        self.check_rights(inner, session, needed, what)?;
        self.newest_seed(inner, ring).await
    }

    /// Whether this user may do what comes next, as far as it is known; gives the rights he has.
    fn check_rights(
        &self,
        inner: &Inner,
        session: SessionId,
        needed: Rights,
        what: &'static str,
    ) -> Result<Rights, Failure> {
        let user = inner.speaker()?.user;
        let world = inner.knowledge.world();
        let held = world
            .session(&session)
            .and_then(|state| state.rights_at(&user, NOW, world))
            .ok_or(Misuse::NoAccess(session))?;
        if held.contains(needed) {
            Ok(held)
        } else {
            Err(Misuse::NotAuthorised(what).into())
        }
    }
}

/// Who finds no key to a session has no access to it.
fn no_access(session: SessionId, error: Failure) -> Failure {
    if lacks_key(&error) {
        Misuse::NoAccess(session).into()
    } else {
        error
    }
}
