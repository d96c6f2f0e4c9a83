//! Keys of sessions: found, kept as long as the cache policy says, and dropped.

use wardseal_client_core::{
    Error, Failure, Misuse,
    protocol::{ring::Seed, state::World},
    types::{RingId, SessionId},
};

use crate::{
    client::{CachePolicy, Client, Inner},
    ports::{StateStore, Transport},
    records::{self, SealedBatch},
};

impl<T: Transport, S: StateStore> Client<T, S> {
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
}
