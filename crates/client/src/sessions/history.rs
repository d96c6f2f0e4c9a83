//! What happened in a session.

use wardseal_client_core::{
    Error, Failure, Misuse,
    history::{self, Event},
    types::SessionId,
};

use crate::{
    client::{Client, Inner},
    ports::{StateStore, Transport},
};

impl<T: Transport, S: StateStore> Client<T, S> {
    /// What happened in a session, in order: who did what, and when. Only what was verified is in
    /// it.
    ///
    /// # Errors
    /// [`Misuse::NoAccess`].
    pub async fn history(&self, session: SessionId) -> Result<Vec<Event>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        self.learn_session(inner, session).await?;
        let events = events_of(inner, session)?;
        self.end_use(inner, session);
        Ok(events)
    }
}

/// What is known to have happened in a session.
pub(super) fn events_of(inner: &Inner, session: SessionId) -> Result<Vec<Event>, Failure> {
    let chain = inner
        .chains
        .get(&session.into())
        .ok_or(Misuse::NoAccess(session))?;
    let entries = chain.entries.iter();
    Ok(history::events(
        entries.map(|(bytes, position)| (bytes.as_slice(), *position)),
    )?)
}
