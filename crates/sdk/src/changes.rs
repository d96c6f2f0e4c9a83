//! Hearing of changes.

use core::time::Duration;
use std::collections::VecDeque;

use wardseal_client::{
    WatchPosition,
    types::{ChainId, GroupId, SessionId, UserId},
};

use crate::{error::Error, wardseal::Wardseal};

/// Before the first attempt to reconnect; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What has changed, as far as it concerns this person.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// A session is new, or who may open it has changed.
    Session(SessionId),
    /// The members, the name or the key of a group.
    Group(GroupId),
    /// The devices or ways back in of a user.
    User(UserId),
}

/// Changes, one after the other. Made by [`Wardseal::changes`].
#[derive(Debug)]
pub struct Changes {
    ward: Wardseal,
    position: WatchPosition,
    heard: VecDeque<Change>,
}

impl Changes {
    pub(crate) async fn begin(ward: Wardseal) -> Result<Self, Error> {
        let mut changes = Self {
            ward,
            position: WatchPosition::default(),
            heard: VecDeque::new(),
        };
        // The first answer comes at once and says where the log stands.
        changes.listen().await?;
        Ok(changes)
    }

    /// The next change. It waits as long as that takes, and reconnects by itself; nothing that
    /// happens in between is lost. Dropping it and calling it again is harmless.
    ///
    /// # Errors
    /// What waiting does not mend: code `sign_in_refused` when this device was revoked,
    /// `no_identity`, and what is wrong with the server.
    pub async fn next(&mut self) -> Result<Change, Error> {
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(change) = self.heard.pop_front() {
                return Ok(change);
            }
            match self.listen().await {
                Ok(()) => pause = FIRST_PAUSE,
                Err(error) if error.retryable() => {
                    let asked = error.retry_after().map_or(pause, Duration::from_secs);
                    tokio::time::sleep(pause.max(asked)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn listen(&mut self) -> Result<(), Error> {
        let chains = self.ward.core.watch(&mut self.position).await?;
        self.heard
            .extend(chains.into_iter().filter_map(|chain| match chain {
                ChainId::Session(session) => Some(Change::Session(session)),
                ChainId::Group(group) => Some(Change::Group(group)),
                ChainId::User(user) => Some(Change::User(user)),
                // Its keys are learned when they are needed.
                ChainId::Tenant(_) => None,
            }));
        Ok(())
    }
}
