//! Sessions are made and changed.

use wardseal_client_core::{
    Error, Failure, Misuse,
    compose::{Awaited, Draft, Visibility},
    protocol::{
        op::Rights,
        state::{NOW, SessionState, World},
    },
    types::{ChainId, MemberId, RingId, SessionId, SortedMap, SortedSet, UserId, limits},
};

use super::NewSession;
use crate::{
    client::{Client, Inner},
    groups::ring_of,
    learn::{Compose, lacks_key, of_one},
    ports::{StateStore, Transport},
    records::{self, SealedBatch},
};

/// What a change of a session takes.
struct Needed {
    /// The rights of whoever makes it.
    rights: Rights,
    /// What they are for, as a refusal says it.
    what: &'static str,
    /// A ring to which something is sealed that was not before.
    entering: Option<RingId>,
}

impl Needed {
    const MANAGE: Self = Self {
        rights: Rights::MANAGE,
        what: "manage this session",
        entering: None,
    };
}
impl<T: Transport, S: StateStore> Client<T, S> {
    /// Makes a session for these recipients. At least one must have the right to manage.
    ///
    /// A recipient that is a session is a parent: whoever opens it opens this one. Somebody who does
    /// not open the parent cannot check what others did here by their right in it. For him to be
    /// granted later, whoever makes and changes this session needs a right of his own here, or
    /// through a group.
    ///
    /// # Errors
    /// [`Misuse::NotFound`] for a recipient that does not exist, [`Misuse::Invalid`] for a list
    /// without a manager or one that leaves this user out.
    pub async fn create_session(
        &self,
        recipients: &[(MemberId, Rights)],
        label: Option<&str>,
        metadata: Option<&[u8]>,
    ) -> Result<SessionId, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let wanted = NewSession {
            recipients,
            pending: &[],
            label,
            metadata,
        };
        let made = self.make_sessions(inner, &[(wanted, Vec::new())]).await?;
        let made = made.first().copied();
        made.ok_or_else(|| Misuse::Invalid("the session was not made").into())
    }

    /// Makes sessions with one append, also for those who have no keys yet.
    pub(crate) async fn make_sessions(
        &self,
        inner: &mut Inner,
        sessions: &[(NewSession<'_>, Vec<(Awaited, Rights)>)],
    ) -> Result<Vec<SessionId>, Failure> {
        inner.speaker()?;
        let mut statements = 0;
        for (wanted, _) in sessions {
            wanted.check()?;
            statements += if wanted.metadata.is_some() { 2 } else { 1 };
        }
        if statements > limits::MAX_TRANSACTION {
            return Err(Misuse::Invalid("too many sessions at once: make 500 at a time").into());
        }
        // Many sessions for the same recipients learn of them once.
        let mut rings = SortedMap::new();
        for (wanted, _) in sessions {
            let mut included = false;
            for (member, _) in wanted.recipients {
                let ring = ring_of(*member)?;
                included |= match rings.get(&ring) {
                    Some(included) => *included,
                    None => {
                        let included = self.prepare_recipient(inner, ring).await?;
                        rings.insert(ring, included);
                        included
                    }
                };
            }
            if !included {
                return Err(Misuse::Invalid(
                    "you are not among the recipients: add yourself or a group of yours",
                )
                .into());
            }
        }
        let touched: Vec<_> = rings.iter().map(|(ring, _)| ChainId::from(*ring)).collect();
        let mut made = Vec::with_capacity(sessions.len());
        self.change(inner, &touched, &mut |composer| {
            made.clear();
            let mut whole = Draft::default();
            for (wanted, awaited) in sessions {
                let label = wanted.label.map(Into::into);
                let (session, draft) = composer.create_session_awaiting(
                    wanted.recipients,
                    awaited,
                    label,
                    wanted.metadata,
                )?;
                made.push(session);
                whole.join(draft);
            }
            Ok((!whole.statements.is_empty()).then_some(whole))
        })
        .await?;
        Ok(made)
    }

    /// Grants a right to one more recipient. Granting it to one that has it changes nothing.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user may share, and holds what he grants.
    pub async fn grant(
        &self,
        session: SessionId,
        member: MemberId,
        rights: Rights,
        visibility: Visibility,
    ) -> Result<(), Error> {
        let needed = Needed {
            rights: Rights::SHARE.union(rights),
            what: "share what you hold yourself",
            entering: Some(ring_of(member)?),
        };
        Ok(self
            .change_session(session, needed, &mut |composer| {
                let state = composer.knowledge.world().session(&session);
                if state.is_some_and(|state| state.ring.member_at(&member, NOW).is_some()) {
                    return Ok(None);
                }
                composer
                    .grant(session, member, rights, visibility)
                    .map(Some)
            })
            .await?)
    }

    /// Changes a recipient's rights.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user may manage.
    pub async fn set_rights(
        &self,
        session: SessionId,
        member: MemberId,
        rights: Rights,
    ) -> Result<(), Error> {
        Ok(self
            .change_session(session, Needed::MANAGE, &mut |composer| {
                let state = composer.knowledge.world().session(&session);
                if state.is_some_and(|state| state.ring.member_at(&member, NOW) == Some(rights)) {
                    return Ok(None);
                }
                composer.set_rights(session, member, rights).map(Some)
            })
            .await?)
    }

    /// Revokes recipients and rotates the session, in one statement. Revoking one that is not
    /// there changes nothing.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user may manage.
    pub async fn revoke(&self, session: SessionId, members: &[MemberId]) -> Result<(), Error> {
        Ok(self
            .change_session(session, Needed::MANAGE, &mut |composer| {
                let Some(state) = composer.knowledge.world().session(&session) else {
                    return Ok(None);
                };
                let gone: Vec<_> = members
                    .iter()
                    .filter(|member| state.ring.member_at(member, NOW).is_some())
                    .copied()
                    .collect();
                if gone.is_empty() {
                    return Ok(None);
                }
                composer.revoke(session, &gone).map(Some)
            })
            .await?)
    }

    /// Revokes every recipient but the one through which this user himself manages the session:
    /// his own user if that has the right to manage, otherwise the first group with that right of
    /// which he is a member, otherwise the first parent session with that right that he manages.
    /// All members of that group or recipients of that parent stay. Whoever is awaited is revoked
    /// too. Gives who was revoked.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user may manage.
    pub async fn revoke_others(&self, session: SessionId) -> Result<Vec<MemberId>, Error> {
        let mut revoked = Vec::new();
        self.change_session(session, Needed::MANAGE, &mut |composer| {
            revoked.clear();
            let world = composer.knowledge.world();
            let Some(state) = world.session(&session) else {
                return Ok(None);
            };
            let user = composer.identity.user;
            let own = hold_of(state, &user, world).ok_or(Misuse::NoAccess(session))?;
            let others = state.ring.members().map(|(member, _)| member);
            revoked.extend(others.filter(|member| *member != own));
            if revoked.is_empty() {
                return Ok(None);
            }
            composer.revoke(session, &revoked).map(Some)
        })
        .await?;
        Ok(revoked)
    }

    /// Ends a session for everybody, this user too: from then on the server gives its keys to nobody,
    /// nothing can be sealed to it, and sessions under it open to nobody through it. That cannot be
    /// undone. What somebody has opened stays in his memory or cache for as long as its policy says.
    /// Ending a session that this client saw end changes nothing.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user may manage.
    pub async fn revoke_all(&self, session: SessionId) -> Result<(), Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let ended = |inner: &Inner| {
            let state = inner.knowledge.world().session(&session);
            state.is_some_and(|state| state.ended)
        };
        if ended(inner) {
            return Ok(());
        }
        // No rotation comes first: nothing is sealed any more.
        self.learn_session(inner, session).await?;
        self.learn_below(inner, [session.into()]).await?;
        self.check_rights(inner, session, Rights::MANAGE, Needed::MANAGE.what)?;
        self.change(inner, &[session.into()], &mut |composer| {
            let state = composer.knowledge.world().session(&session);
            if state.is_none_or(|state| state.ended) {
                return Ok(None);
            }
            composer.end_session(session).map(Some)
        })
        .await?;
        self.drop_session(inner, session);
        let mut batch = SealedBatch::default();
        batch.delete(records::boxes_key(&RingId::Session(session)));
        Ok(self.store.commit(batch).await?)
    }

    /// Changes the metadata of a session.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user may share.
    pub async fn describe_session(&self, session: SessionId, metadata: &[u8]) -> Result<(), Error> {
        let needed = Needed {
            rights: Rights::SHARE,
            what: "share this session",
            entering: None,
        };
        Ok(self
            .change_session(session, needed, &mut |composer| {
                composer.describe(session, metadata).map(Some)
            })
            .await?)
    }

    /// Makes a change that takes a right.
    async fn change_session(
        &self,
        session: SessionId,
        needed: Needed,
        compose: &mut Compose<'_>,
    ) -> Result<(), Failure> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        self.prepare_session(inner, session, needed.rights, needed.what)
            .await?;
        let mut touched = vec![ChainId::from(session)];
        if let Some(entering) = needed.entering {
            self.prepare_recipient(inner, entering).await?;
            touched.push(entering.into());
        }
        self.change(inner, &touched, compose).await?;
        Ok(())
    }

    /// Brings a ring up to date to which something is to be sealed; whether this user is in it. A
    /// group that lost somebody must not be sealed to before it is rotated.
    pub(crate) async fn prepare_recipient(
        &self,
        inner: &mut Inner,
        ring: RingId,
    ) -> Result<bool, Failure> {
        self.learn_deeply(inner, ring).await?;
        self.prepare_known(inner, ring).await
    }

    /// The same for many rings, with one question for all of them. What is wrong with one of them is
    /// said of that one.
    pub(crate) async fn prepare_recipients(
        &self,
        inner: &mut Inner,
        rings: &SortedSet<RingId>,
    ) -> Result<SortedMap<RingId, Result<bool, Error>>, Failure> {
        let mut prepared = SortedMap::new();
        if rings.is_empty() {
            return Ok(prepared);
        }
        let chains = rings.iter().map(|ring| ChainId::from(*ring));
        let missing = self.learn_below(inner, chains).await?;
        for ring in rings.iter() {
            let chain = ChainId::from(*ring);
            let found = if missing.contains(&chain) {
                Err(Misuse::NotFound(chain).into())
            } else {
                match self.prepare_known(inner, *ring).await {
                    Ok(within) => Ok(within),
                    Err(error) if of_one(&error) => Err(*error),
                    Err(error) => return Err(error),
                }
            };
            prepared.insert(*ring, found);
        }
        Ok(prepared)
    }

    async fn prepare_known(&self, inner: &mut Inner, ring: RingId) -> Result<bool, Failure> {
        let world = inner.knowledge.world();
        let over = match ring {
            RingId::User(_) => false,
            RingId::Group(id) => world.group(&id).is_some_and(|state| state.dissolved),
            RingId::Session(id) => world.session(&id).is_some_and(|state| state.ended),
        };
        if over {
            return Err(Misuse::NoRecipient(ring.into()).into());
        }
        match self.rotate_known(inner, ring).await {
            Ok(()) => {}
            Err(error) if lacks_key(&error) => {}
            Err(error) => return Err(error),
        }
        self.hold_if_member(inner, ring).await
    }

    /// Holds the newest seed of a ring if this user is a member, so that wraps are symmetric.
    /// Returns whether he is.
    async fn hold_if_member(&self, inner: &mut Inner, ring: RingId) -> Result<bool, Failure> {
        let user = inner.speaker()?.user;
        let world = inner.knowledge.world();
        let member = match ring {
            RingId::User(id) => id == user,
            RingId::Group(id) => world
                .group(&id)
                .is_some_and(|state| state.role_at(&user, NOW, world).is_some()),
            RingId::Session(_) => true,
        };
        if member {
            self.newest_seed(inner, ring).await?;
        }
        Ok(member)
    }
}

/// The recipient through which a user manages a session.
fn hold_of(state: &SessionState, user: &UserId, world: &dyn World) -> Option<MemberId> {
    let managing = || {
        let members = state.ring.members();
        members.filter(|(_, rights)| rights.contains(Rights::MANAGE))
    };
    let is_his = |member: &MemberId| match member {
        MemberId::User(id) => id == user,
        MemberId::Group(id) => world
            .group(id)
            .is_some_and(|group| !group.dissolved && group.role_at(user, NOW, world).is_some()),
        MemberId::Session(id) => world.session(id).is_some_and(|parent| {
            let held = parent.rights_at(user, NOW, world);
            held.is_some_and(|held| held.contains(Rights::MANAGE))
        }),
        MemberId::Device(_) | MemberId::Pending(_) => false,
    };
    // Members stand in this order: users, groups, sessions.
    managing().map(|(member, _)| member).find(is_his)
}
