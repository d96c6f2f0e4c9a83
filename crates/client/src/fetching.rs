//! Calls that are made at the same time ask the server once.

use wardseal_client_core::{
    Error, Failure, Misbehaviour,
    keyring::SeedSearch,
    protocol::state::World,
    types::{ChainId, RingId, SessionId, SortedSet, UserId},
};

use crate::{
    client::{CachePolicy, Client, Inner},
    day,
    ports::{StateStore, Transport},
    queue::{Call, Want, let_others_begin},
};

/// How often keys may lead to further chains.
const ROUNDS: usize = 24;

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Fetches what is needed to open objects of these sessions by these users, as far as it is not
    /// cached, in one request, and opens the keys. For hosts that know beforehand what they will
    /// open. What cannot be had is left out: opening says why. Under [`CachePolicy::Off`] it does
    /// nothing, because nothing may be kept for later.
    ///
    /// # Errors
    /// [`Error::Transport`].
    pub async fn prefetch(&self, sessions: &[SessionId], users: &[UserId]) -> Result<(), Error> {
        if self.config.cache == CachePolicy::Off {
            return Ok(());
        }
        let keys = sessions.iter().map(|session| Want::Key(*session, None));
        let authors = users.iter().map(|user| Want::Author(*user, None));
        let (call, mut inner) = self.inner.turn(keys.chain(authors).collect()).await;
        Ok(self.meet(&mut inner, &call).await?)
    }

    /// Brings what this call wants, and what all others want that wait for their turn, in one
    /// request. What could not be had by itself is for the call that wants it to find out.
    pub(crate) async fn meet(&self, inner: &mut Inner, call: &Call<'_>) -> Result<(), Failure> {
        self.expire(inner).await?;
        let queue = &self.inner.queue;
        if let Some(error) = queue.failure(call.number) {
            return Err(error.into());
        }
        if self.unmet(inner, queue.wants(Some(call.number))).is_empty() {
            return Ok(());
        }
        let_others_begin().await;
        let wants = self.unmet(inner, queue.wants(None));
        match self.bring(inner, &wants).await {
            Ok(()) => Ok(()),
            Err(error) => match *error {
                // Who is answered by nobody need not ask again by himself.
                Error::Transport(ref cause) => {
                    let all: SortedSet<_> = wants.iter().map(|(number, _)| *number).collect();
                    queue.fail(&all, cause);
                    Err(error)
                }
                // One chain that breaks the rules must not spoil the others. Whoever asked for
                // himself alone has his answer: a lie is not asked for again until it is the truth.
                Error::Misbehaved(_) | Error::Rejected(_) => {
                    let all = wants.len();
                    let own = wants
                        .into_iter()
                        .filter(|(number, _)| *number == call.number);
                    let own: Vec<_> = own.collect();
                    if own.len() == all {
                        return Err(error);
                    }
                    self.bring(inner, &own).await
                }
                _ => Err(error),
            },
        }
    }

    /// What of this is not here.
    fn unmet(&self, inner: &Inner, mut wants: Vec<(u64, Want)>) -> Vec<(u64, Want)> {
        wants.retain(|(number, want)| {
            let met = match *want {
                Want::Key(session, epoch) => {
                    let imported =
                        epoch.is_some_and(|epoch| inner.imported(session, epoch).is_some());
                    imported || self.at_hand(inner, session, epoch, Some(*number))
                }
                Want::Author(user, device) => match (inner.knowledge.world().user(&user), device) {
                    (Some(state), Some(device)) => state.devices().get(&device).is_some(),
                    (known, _) => known.is_some(),
                },
                Want::News(_) => false,
            };
            !met && self.inner.queue.since(*number, &want.chain()).is_none()
        });
        wants
    }

    /// Whether the server need not be asked for an epoch of a session, by a call of this number.
    pub(crate) fn at_hand(
        &self,
        inner: &Inner,
        session: SessionId,
        epoch: Option<u32>,
        call: Option<u64>,
    ) -> bool {
        let state = inner.knowledge.world().session(&session);
        let known = state.is_some_and(|state| match epoch {
            Some(epoch) => state.ring.epoch(epoch).is_some(),
            None => true,
        });
        let asked = inner.asked.contains_key(&RingId::Session(session));
        // Where nothing is cached, only what came for this very call is used.
        let may = self.config.cache != CachePolicy::Off
            || call.is_some_and(|call| self.inner.queue.since(call, &session.into()).is_some());
        known && asked && may
    }

    async fn bring(&self, inner: &mut Inner, wants: &[(u64, Want)]) -> Result<(), Failure> {
        let chains: SortedSet<_> = wants.iter().map(|(_, want)| want.chain()).collect();
        if chains.iter().next().is_none() {
            return Ok(());
        }
        let missing = self.learn_all(inner, chains).await?;
        let mut keys = Vec::new();
        for (_, want) in wants {
            let (session, epoch) = match *want {
                Want::Key(session, epoch) => (session, epoch),
                Want::News(session) => (session, None),
                Want::Author(..) => continue,
            };
            if missing.contains(&ChainId::from(session)) {
                continue;
            }
            let ring = RingId::Session(session);
            let newest = || {
                let state = inner.knowledge.world().session(&session)?;
                state.ring.newest().map(|epoch| epoch.declared.number)
            };
            keys.extend(epoch.or_else(newest).map(|epoch| (ring, epoch)));
        }
        for chain in missing.iter() {
            if let ChainId::Session(session) = chain {
                self.lose_session(inner, *session).await?;
            }
        }
        self.reach(inner, &keys).await
    }

    /// Brings what leads to these keys, for all of them at once, and finds those that there are.
    async fn reach(&self, inner: &mut Inner, keys: &[(RingId, u32)]) -> Result<(), Failure> {
        let mut asked = SortedSet::new();
        for _ in 0..ROUNDS {
            let mut needs = SortedSet::new();
            for (ring, epoch) in keys {
                let speaker = day::speaker(inner.identity.as_ref(), inner.day.as_ref())?;
                let found = inner.keyring.find(*ring, *epoch, speaker, &inner.knowledge);
                if let Ok(SeedSearch::Needs(more)) = found {
                    needs.extend(more);
                }
            }
            needs.retain(|chain| !asked.contains(chain));
            if needs.iter().next().is_none() {
                return Ok(());
            }
            self.learn(inner, needs.iter().copied(), false).await?;
            asked.extend(needs);
        }
        Err(Misbehaviour::BadAnswer.into())
    }
}
