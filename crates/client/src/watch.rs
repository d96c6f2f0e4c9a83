//! Hearing of changes while connected: what was revoked is dropped at once, not at the end of its
//! time to live.

use wardseal_client_core::{
    Error, Failure, Misbehaviour,
    api::keys::{Change, Watch, WatchRequest},
    exchange::{self, HttpRequest, HttpResponse},
    types::{ChainId, RingId},
};

use crate::{
    client::{CachePolicy, Client, Inner},
    ports::{StateStore, Transport},
    records::{self, SealedBatch},
};

/// Where in the tenant's history a watch stands.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct WatchPosition {
    log: Option<u64>,
    escrow: Option<u64>,
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Waits until something happens that concerns this user, for half a minute at most; drops the
    /// keys that it puts in doubt, and says which chains grew. Call it again and again with the
    /// same `position`, beginning with the default; nothing in between is lost.
    ///
    /// While it waits, everything else goes on.
    ///
    /// # Errors
    /// [`Error::Transport`]: wait a little and call it again with the same position.
    pub async fn watch(&self, position: &mut WatchPosition) -> Result<Vec<ChainId>, Error> {
        let request = self.watch_begin(*position).await?;
        let answer = self.transport.send(request).await?;
        self.watch_end(position, &answer).await
    }

    /// The first half of [`watch`](Self::watch), for hosts that wait by themselves: the request
    /// that the server answers when something happened, or after half a minute. It signs in when
    /// there is no token.
    ///
    /// # Errors
    /// [`Error::Transport`], [`Misuse::NoIdentity`].
    ///
    /// [`Misuse::NoIdentity`]: wardseal_client_core::Misuse::NoIdentity
    pub async fn watch_begin(&self, position: WatchPosition) -> Result<HttpRequest, Error> {
        let request = WatchRequest {
            tenant: self.config.tenant,
            since: position.log,
            escrow: position.escrow,
        };
        let mut inner = self.inner.lock().await;
        let bearer = self.token(&mut inner).await?;
        Ok(exchange::request::<Watch>(&request, Some(bearer)))
    }

    /// The second half of [`watch`](Self::watch): takes the answer in. Keys in doubt are gone when
    /// this returns.
    ///
    /// # Errors
    /// What the server refuses with, and [`Error::Store`]: begin again with the same position,
    /// which has not moved then.
    pub async fn watch_end(
        &self,
        position: &mut WatchPosition,
        answer: &HttpResponse,
    ) -> Result<Vec<ChainId>, Error> {
        let answer = exchange::response::<Watch>(answer);
        let mut inner = self.inner.lock().await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                // Whatever was wrong with the token, the next attempt begins with another.
                inner.token = None;
                return Err(error);
            }
        };
        if position.log.is_some_and(|since| answer.next < since) {
            return Err(Misbehaviour::BadAnswer.into());
        }
        self.expire(&mut inner).await?;
        self.doubt(&mut inner, &answer.changes).await?;
        position.log = Some(answer.next);
        position.escrow = Some(answer.next_escrow);
        let mut chains: Vec<_> = answer.changes.iter().map(|change| change.chain).collect();
        chains.sort();
        chains.dedup();
        Ok(chains)
    }

    /// Drops what a change puts in doubt: a session's keys when the session changed, those of all
    /// sessions when a group or user did, because rights come through them.
    async fn doubt(&self, inner: &mut Inner, changes: &[Change]) -> Result<(), Failure> {
        let mut all = false;
        let mut sessions = Vec::new();
        for change in changes {
            // Our own statements are known already.
            if inner.knowledge.next_seq(&change.chain) > change.seq {
                continue;
            }
            match change.chain {
                ChainId::Session(session) => sessions.push(session),
                chain @ (ChainId::Group(_) | ChainId::User(_)) => {
                    all |= inner.knowledge.knows(&chain);
                }
                ChainId::Tenant(_) => {}
            }
        }
        if all {
            sessions.extend(inner.asked.keys().filter_map(|ring| match ring {
                RingId::Session(session) => Some(*session),
                RingId::User(_) | RingId::Group(_) => None,
            }));
        }
        let mut batch = SealedBatch::default();
        for session in sessions {
            self.drop_session(inner, session);
            if matches!(self.config.cache, CachePolicy::Persistent { .. }) {
                batch.delete(records::boxes_key(&RingId::Session(session)));
            }
        }
        self.store.commit(batch).await
    }
}
