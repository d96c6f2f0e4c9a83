//! A session and the sessions under it: a case and its attachments.

use wardseal_client_core::{
    Error, Misbehaviour, Misuse,
    api::keys::ChildrenRequest,
    knowledge::Absorbed,
    protocol::state::World,
    types::{ChainId, RingId, SessionId, SortedSet, limits},
};

use super::{Session, SessionPage, no_access};
use crate::{
    client::Client,
    learn::of_one,
    ports::{StateStore, Transport},
};

/// A session and sessions of which it is a recipient.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionTree {
    /// The session.
    pub session: Session,
    /// The sessions under it, oldest first: a thousand at most.
    pub children: Vec<SessionId>,
    /// What to ask [`Client::children`] with for more of them.
    pub more: Option<u64>,
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// A session, and the keys of the first thousand sessions under it, with one request: whoever
    /// opens a case can then open its attachments without asking again.
    ///
    /// # Errors
    /// [`Misuse::NoAccess`].
    pub async fn open_tree(&self, session: SessionId) -> Result<SessionTree, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        if inner.knowledge.world().tenant().is_none() {
            self.learn_tenant(inner).await?;
        }
        // What is known of the sessions under it is not sent again.
        let parent = ChainId::from(session);
        let world = inner.knowledge.world();
        let known = inner.chains.keys().filter(|chain| match chain {
            ChainId::Session(id) => world.session(id).is_some_and(|state| {
                let members = &mut state.ring.members();
                members.any(|(member, _)| member == session.into())
            }),
            _ => false,
        });
        let mut wanted: Vec<ChainId> = known.copied().take(limits::MAX_BATCH - 1).collect();
        wanted.push(parent);
        let children = ChildrenRequest {
            parent: session,
            after: None,
            limit: MOST,
        };
        let fetched = self.fetch(inner, &wanted, Some(children)).await?;
        let below = fetched.children.as_ref();
        let below = below.cloned().ok_or(Misbehaviour::BadAnswer)?;
        let shown: SortedSet<_> = fetched.chains.iter().map(|slice| slice.chain).collect();
        if !shown.contains(&parent) {
            self.lose_session(inner, session).await?;
            return Err(Misuse::NoAccess(session).into());
        }
        if let Absorbed::Needs(_) = self.absorb(inner, &fetched).await? {
            self.learn(inner, shown.iter().copied(), false).await?;
        }
        let described = self.view_session(inner, session).await?;
        let mut children = Vec::with_capacity(below.sessions.len());
        for child in below.sessions {
            // A server that lists what this session is no recipient of would have it opened.
            let state = inner.knowledge.world().session(&child);
            let is_child = state.is_some_and(|state| {
                let members = &mut state.ring.members();
                members.any(|(member, _)| member == session.into())
            });
            if !is_child {
                return Err(Misbehaviour::BadAnswer.into());
            }
            match self.newest_seed(inner, RingId::Session(child)).await {
                Ok(_) => {}
                Err(error) if of_one(&error) => {}
                Err(error) => return Err(no_access(child, error).into()),
            }
            children.push(child);
        }
        for used in children.iter().chain([&session]) {
            self.end_use(inner, *used);
        }
        Ok(SessionTree {
            session: described,
            children,
            more: below.next,
        })
    }

    /// A page of the sessions under a session that this user may open, oldest first. A page may
    /// hold fewer than asked for although another one follows.
    ///
    /// # Errors
    /// [`Error::Transport`].
    pub async fn children(
        &self,
        session: SessionId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<SessionPage, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        Ok(self.page(inner, Some(session), after, limit).await?)
    }
}

/// How many sessions come with their parent.
const MOST: u32 = 1000;
