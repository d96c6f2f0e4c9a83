//! Many things at once: what is wrong by itself fails alone, the rest is one append.

use wardseal_client_core::{
    Error, Failure, Misuse,
    api::ProblemCode,
    compose::{Composer, Draft},
    protocol::{
        op::Rights,
        state::{NOW, World},
    },
    types::{ChainId, MemberId, RingId, SessionId, SortedMap, SortedSet, limits},
};

use super::{NewSession, Session, no_access};
use crate::{
    client::{Client, Inner},
    groups::ring_of,
    learn::of_one,
    ports::{StateStore, Transport},
};

/// Composes the changes for some of many items, by their places.
pub(crate) type ComposeItems<'a> =
    dyn FnMut(&mut Composer<'_>, &[usize]) -> Result<Option<Draft>, Error> + Send + 'a;

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Fetches many sessions and opens their keys, so that they are at hand when objects arrive: one
    /// request, and an answer for each session in the order asked.
    ///
    /// # Errors
    /// [`Misuse::Invalid`] for more than a thousand, [`Error::Transport`]. Of a single session:
    /// [`Misuse::NoAccess`], also when it does not exist.
    pub async fn fetch_sessions(
        &self,
        sessions: &[SessionId],
    ) -> Result<Vec<Result<Session, Error>>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        if sessions.len() > limits::MAX_BATCH {
            return Err(Misuse::Invalid("a thousand sessions at most").into());
        }
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let chains = sessions.iter().map(|session| ChainId::from(*session));
        let missing = self.learn_all(inner, chains.collect()).await?;
        let mut found = Vec::with_capacity(sessions.len());
        for session in sessions {
            found.push(if missing.contains(&ChainId::from(*session)) {
                self.lose_session(inner, *session).await?;
                Err(Misuse::NoAccess(*session).into())
            } else {
                match self.view_session(inner, *session).await {
                    Ok(viewed) => Ok(viewed),
                    Err(error) if of_one(&error) => Err(*no_access(*session, error)),
                    Err(error) => return Err(error.into()),
                }
            });
        }
        for session in sessions {
            self.end_use(inner, *session);
        }
        Ok(found)
    }

    /// Makes many sessions: an answer for each in the order asked. One that is wrong by itself fails
    /// alone; the others are made by one append, or as few as they fit into.
    ///
    /// # Errors
    /// [`Error::Transport`] when nothing was made. Of a single session: as
    /// [`create_session`](Self::create_session), and [`Misuse::Invalid`] for one that awaits
    /// somebody: that is [`create_sessions_pending`](Self::create_sessions_pending).
    pub async fn create_sessions(
        &self,
        sessions: &[NewSession<'_>],
    ) -> Result<Vec<Result<SessionId, Error>>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        inner.speaker()?;
        let mut failed = Failures::new();
        let mut rings = SortedSet::new();
        for (place, wanted) in sessions.iter().enumerate() {
            match rings_for(wanted) {
                Ok(more) => rings.extend(more),
                Err(error) => failed.add(place, *error),
            }
        }
        let prepared = self.prepare_recipients(inner, &rings).await?;
        for (place, wanted) in sessions.iter().enumerate() {
            if failed.has(place) {
                continue;
            }
            let mut included = false;
            for ring in rings_for(wanted)? {
                match prepared.get(&ring) {
                    Some(Ok(within)) => included |= *within,
                    Some(Err(error)) => failed.add(place, error.clone()),
                    None => {}
                }
            }
            if !included {
                failed.add(place, NOT_INCLUDED.into());
            }
        }
        let touched: Vec<_> = rings.iter().map(|ring| ChainId::from(*ring)).collect();
        let costs = sessions
            .iter()
            .map(|wanted| if wanted.metadata.is_some() { 2 } else { 1 });
        let parts = failed.parts(costs);
        let mut made = SortedMap::new();
        self.change_each(
            inner,
            &touched,
            parts,
            &mut failed,
            &mut |composer, places| {
                let mut whole = Draft::default();
                for place in places {
                    let Some(wanted) = sessions.get(*place) else {
                        continue;
                    };
                    let label = wanted.label.map(Into::into);
                    let (session, draft) =
                        composer.create_session(wanted.recipients, label, wanted.metadata)?;
                    made.insert(*place, session);
                    whole.join(draft);
                }
                Ok((!whole.statements.is_empty()).then_some(whole))
            },
        )
        .await?;
        let all = 0..sessions.len();
        Ok(failed.results(all, |place| {
            let made = made.get(&place).copied();
            made.ok_or_else(|| Misuse::Invalid("the session was not made").into())
        }))
    }

    /// Grants rights to many recipients, who see everything: an answer for each in the order asked.
    /// One that cannot be granted fails alone; the others are granted by one append. Granting to one
    /// that is a recipient already changes nothing.
    ///
    /// # Errors
    /// [`Misuse::NoAccess`], [`Misuse::NotAuthorised`] unless this user may share,
    /// [`Error::Transport`]. Of a single one: [`Misuse::NotAuthorised`] for more than this user
    /// holds himself, [`Misuse::NotFound`], [`Misuse::NoRecipient`].
    pub async fn grant_many(
        &self,
        session: SessionId,
        recipients: &[(MemberId, Rights)],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        const WHAT: &str = "share what you hold yourself";
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        self.prepare_session(inner, session, Rights::SHARE, WHAT)
            .await?;
        let held = self.check_rights(inner, session, Rights::SHARE, WHAT)?;
        let mut failed = Failures::new();
        for (place, (_, rights)) in recipients.iter().enumerate() {
            if !held.contains(*rights) {
                failed.add(place, Misuse::NotAuthorised(WHAT).into());
            }
        }
        let members = recipients.iter().map(|(member, _)| *member);
        let touched = self
            .prepare_entering(inner, session.into(), members, &mut failed)
            .await?;
        let parts = failed.parts(recipients.iter().map(|_| 1));
        self.change_each(
            inner,
            &touched,
            parts,
            &mut failed,
            &mut |composer, places| {
                let state = composer.knowledge.world().session(&session);
                let state = state.ok_or(Misuse::NoAccess(session))?;
                let wanted = places.iter().filter_map(|place| recipients.get(*place));
                let new = wanted.filter(|(member, _)| state.ring.member_at(member, NOW).is_none());
                let new: Vec<_> = new.copied().collect();
                if new.is_empty() {
                    return Ok(None);
                }
                composer.grant_all(session, &new).map(Some)
            },
        )
        .await?;
        self.end_use(inner, session);
        Ok(failed.results(0..recipients.len(), |_| Ok(())))
    }

    /// Revokes recipients of many sessions, each with a new epoch in the same statement: an answer
    /// for each session in the order asked. Where this user may not revoke, that session fails alone;
    /// all others are changed by one append.
    ///
    /// # Errors
    /// [`Misuse::Invalid`] for more than a thousand, [`Error::Transport`]. Of a single session:
    /// [`Misuse::NoAccess`], [`Misuse::NotAuthorised`], [`Misuse::Invalid`] when it is named twice.
    pub async fn revoke_many(
        &self,
        revoked: &[(SessionId, Vec<MemberId>)],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        inner.speaker()?;
        if revoked.len() > limits::MAX_BATCH {
            return Err(Misuse::Invalid("a thousand sessions at most").into());
        }
        if revoked.is_empty() {
            return Ok(Vec::new());
        }
        let mut failed = Failures::new();
        let mut named = SortedSet::new();
        for (place, (session, _)) in revoked.iter().enumerate() {
            if !named.insert(ChainId::from(*session)) {
                let twice = Misuse::Invalid("a session is named twice: name all recipients once");
                failed.add(place, twice.into());
            }
        }
        let missing = self.learn_below(inner, named.iter().copied()).await?;
        let mut touched = Vec::with_capacity(revoked.len());
        for (place, (session, _)) in revoked.iter().enumerate() {
            if failed.has(place) {
                continue;
            }
            let ready = if missing.contains(&ChainId::from(*session)) {
                self.lose_session(inner, *session).await?;
                Err(Misuse::NoAccess(*session).into())
            } else {
                self.ready_to_revoke(inner, *session).await
            };
            match ready {
                Ok(()) => touched.push(ChainId::from(*session)),
                Err(error) if of_one(&error) => failed.add(place, *error),
                Err(error) => return Err(error.into()),
            }
        }
        let parts = failed.parts(revoked.iter().map(|_| 1));
        self.change_each(
            inner,
            &touched,
            parts,
            &mut failed,
            &mut |composer, places| {
                let mut whole = Draft::default();
                for place in places {
                    let Some((session, members)) = revoked.get(*place) else {
                        continue;
                    };
                    let state = composer.knowledge.world().session(session);
                    let state = state.ok_or(Misuse::NoAccess(*session))?;
                    let is_in = |member: &&MemberId| state.ring.member_at(member, NOW).is_some();
                    let gone: Vec<_> = members.iter().filter(is_in).copied().collect();
                    if !gone.is_empty() {
                        whole.join(composer.revoke(*session, &gone)?);
                    }
                }
                Ok((!whole.statements.is_empty()).then_some(whole))
            },
        )
        .await?;
        for (session, _) in revoked {
            self.end_use(inner, *session);
        }
        Ok(failed.results(0..revoked.len(), |_| Ok(())))
    }

    async fn ready_to_revoke(&self, inner: &mut Inner, session: SessionId) -> Result<(), Failure> {
        let ring = RingId::Session(session);
        let access = |error| no_access(session, error);
        self.rotate_known(inner, ring).await.map_err(access)?;
        self.check_rights(inner, session, Rights::MANAGE, "manage this session")?;
        self.newest_seed(inner, ring).await.map_err(access)?;
        Ok(())
    }

    /// Brings everybody who is to enter a ring up to date; gives the chains that the change touches.
    pub(crate) async fn prepare_entering(
        &self,
        inner: &mut Inner,
        entered: ChainId,
        members: impl Iterator<Item = MemberId> + Clone + Send,
        failed: &mut Failures,
    ) -> Result<Vec<ChainId>, Failure> {
        let mut rings = SortedSet::new();
        let mut named = SortedSet::new();
        for (place, member) in members.clone().enumerate() {
            match ring_of(member) {
                Ok(_) if !named.insert(member) => {
                    let twice = Misuse::Invalid("somebody stands in the list twice");
                    failed.add(place, twice.into());
                }
                Ok(ring) => {
                    rings.insert(ring);
                }
                Err(error) => failed.add(place, *error),
            }
        }
        let prepared = self.prepare_recipients(inner, &rings).await?;
        let mut touched = vec![entered];
        for (place, member) in members.enumerate() {
            let Some(ring) = member.ring() else { continue };
            match prepared.get(&ring) {
                Some(Err(error)) => failed.add(place, error.clone()),
                _ => touched.push(ring.into()),
            }
        }
        Ok(touched)
    }

    /// Makes the changes of many items, one append for each part. When the server refuses a part, or
    /// it cannot be composed, its halves are tried, until what is wrong stands alone.
    pub(crate) async fn change_each(
        &self,
        inner: &mut Inner,
        touched: &[ChainId],
        mut parts: Vec<Vec<usize>>,
        failed: &mut Failures,
        compose: &mut ComposeItems<'_>,
    ) -> Result<(), Failure> {
        parts.reverse();
        let mut any = false;
        while let Some(part) = parts.pop() {
            let done = self
                .change(inner, touched, &mut |composer| compose(composer, &part))
                .await;
            match done {
                Ok(_) => any = true,
                Err(error) if refused(&error) && part.len() > 1 => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.push(second.to_vec());
                    parts.push(first.to_vec());
                }
                // What was done is told, whatever comes after it.
                Err(error) if refused(&error) || any => {
                    for place in part {
                        failed.add(place, (*error).clone());
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

const NOT_INCLUDED: Misuse =
    Misuse::Invalid("you are not among the recipients: add yourself or a group of yours");

/// Whether one of several items may be the reason.
fn refused(error: &Error) -> bool {
    of_one(error)
        || matches!(
            error.problem(),
            Some(
                ProblemCode::StatementRefused
                    | ProblemCode::BoxesRefused
                    | ProblemCode::RequestTooLarge
            )
        )
}

/// The rings to which a new session is sealed, if it can be made.
fn rings_for(wanted: &NewSession<'_>) -> Result<Vec<RingId>, Failure> {
    wanted.check()?;
    if !wanted.pending.is_empty() {
        let awaits = "this session awaits somebody: make it with create_sessions_pending";
        return Err(Misuse::Invalid(awaits).into());
    }
    let recipients = wanted.recipients.iter();
    recipients.map(|(member, _)| ring_of(*member)).collect()
}

/// What failed of many, by place. The first reason counts.
#[derive(Debug, Default)]
pub(crate) struct Failures(SortedMap<usize, Error>);

impl Failures {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn add(&mut self, place: usize, error: Error) {
        if !self.has(place) {
            self.0.insert(place, error);
        }
    }

    pub(crate) fn has(&self, place: usize) -> bool {
        self.0.contains_key(&place)
    }

    /// What has not failed, in parts that fit into one append each. `costs` says how many statements
    /// each item takes.
    pub(crate) fn parts(&self, costs: impl IntoIterator<Item = usize>) -> Vec<Vec<usize>> {
        let mut parts = Vec::new();
        let mut part = Vec::new();
        let mut statements = 0;
        for (place, cost) in costs.into_iter().enumerate() {
            if self.has(place) {
                continue;
            }
            if statements + cost > limits::MAX_TRANSACTION {
                parts.push(core::mem::take(&mut part));
                statements = 0;
            }
            statements += cost;
            part.push(place);
        }
        if !part.is_empty() {
            parts.push(part);
        }
        parts
    }

    /// What became of each.
    pub(crate) fn results<R>(
        mut self,
        places: impl Iterator<Item = usize>,
        done: impl Fn(usize) -> Result<R, Error>,
    ) -> Vec<Result<R, Error>> {
        places
            .map(|place| match self.0.remove(&place) {
                Some(error) => Err(error),
                None => done(place),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_fit_into_one_append_each_and_leave_out_what_failed() {
        let mut failed = Failures::new();
        failed.add(1, Misuse::NoIdentity.into());
        failed.add(1, Misuse::BadName.into());
        assert_eq!(failed.parts([1, 1, 2]), [vec![0, 2]]);
        let parts = failed.parts([2; 514]);
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [512, 1]);
        assert_eq!(parts.last(), Some(&vec![513]));
        let results = failed.results(0..3, Ok);
        let [Ok(0), Err(first), Ok(2)] = results.as_slice() else {
            panic!("{results:?}");
        };
        assert_eq!(first.code(), "no_identity");
    }
}
