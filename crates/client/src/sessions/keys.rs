//! Keys of sessions: found, kept as long as the cache policy says, and dropped.

use wardseal_client_core::{
    Error, Failure, Misuse,
    protocol::ring::Seed,
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
        if !self.at_hand(inner, session, Some(epoch), inner.since) {
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
                // What was asked for just now, for somebody who waits for his turn, he may use.
                RingId::Session(session) if !self.inner.queue.awaits(*session, None) => {
                    Some(*session)
                }
                RingId::Session(_) | RingId::User(_) | RingId::Group(_) => None,
            })
            .collect();
        let mut batch = SealedBatch::default();
        for session in over {
            self.drop_session(inner, session);
            if matches!(self.config.cache, CachePolicy::Persistent { .. }) {
                batch.delete(records::boxes_key(&RingId::Session(session)));
            }
        }
        inner.imports.retain(|import| {
            let over = now.since(import.imported) >= ttl || now < import.imported;
            let persistent = matches!(self.config.cache, CachePolicy::Persistent { .. });
            if over && import.kept && persistent {
                batch.delete(records::import_key(&import.content));
            }
            !over
        });
        self.store.commit(batch).await
    }

    /// Drops a session's keys at once when nothing is to be cached.
    pub(crate) fn end_use(&self, inner: &mut Inner, session: SessionId) {
        if self.config.cache == CachePolicy::Off && !self.inner.queue.awaits(session, inner.since) {
            self.drop_session(inner, session);
        }
    }

    pub(crate) fn drop_session(&self, inner: &mut Inner, session: SessionId) {
        inner.drop_keys(session);
        self.inner.queue.forget(&session.into());
    }

    /// The server does not have a session any more, or not for this user: its keys go, here and in
    /// the store.
    pub(crate) async fn lose_session(
        &self,
        inner: &mut Inner,
        session: SessionId,
    ) -> Result<(), Failure> {
        inner.drop_keys(session);
        let mut batch = SealedBatch::default();
        if matches!(self.config.cache, CachePolicy::Persistent { .. }) {
            batch.delete(records::boxes_key(&RingId::Session(session)));
        }
        self.store.commit(batch).await
    }
}

impl Inner {
    fn drop_keys(&mut self, session: SessionId) {
        let ring = RingId::Session(session);
        self.keyring.forget(ring);
        self.knowledge.forget_boxes(&ring);
        self.asked.remove(&ring);
    }
}
