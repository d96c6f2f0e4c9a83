//! Hearing of changes while connected: what was revoked is dropped at once, not at the end of its
//! time to live.

use wardseal_client_core::{
    Error, Failure, Misbehaviour,
    api::keys::{Change, Watch, WatchRequest},
    exchange,
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
        let request = WatchRequest {
            tenant: self.config.tenant,
            since: position.log,
            escrow: position.escrow,
        };
        let bearer = {
            let mut inner = self.inner.lock().await;
            self.token(&mut inner).await?
        };
        let sent = exchange::request::<Watch>(&request, Some(bearer));
        let answer = exchange::response::<Watch>(&self.transport.send(sent).await?);
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
