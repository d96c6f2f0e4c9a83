//! Who may open what.

use std::collections::VecDeque;

use serde_json::Value;
use wardseal_client::{
    Changed, Event, How, NewSession as ClientNew, Rights, Session as ClientSession,
    SessionTree as ClientTree, Visibility,
    types::{DeviceId, MemberId, SessionId, Timestamp, UserId},
};
use zeroize::Zeroizing;

use crate::{error::Error, wardseal::Wardseal};

/// What a recipient may do. Each includes the one before.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Right {
    /// Open and write.
    Read,
    /// Also grant to others.
    Share,
    /// Also change rights and revoke.
    Manage,
}

impl Right {
    /// The word for it: `read`, `share` or `manage`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Share => "share",
            Self::Manage => "manage",
        }
    }
}

impl From<Right> for Rights {
    fn from(right: Right) -> Self {
        match right {
            Right::Read => Self::READ,
            Right::Share => Self::SHARE,
            Right::Manage => Self::MANAGE,
        }
    }
}

impl From<Rights> for Right {
    fn from(rights: Rights) -> Self {
        if rights.contains(Rights::MANAGE) {
            Self::Manage
        } else if rights.contains(Rights::SHARE) {
            Self::Share
        } else {
            Self::Read
        }
    }
}

/// A recipient of a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Recipient {
    /// A user, a group, a parent session, or somebody who has no keys yet.
    pub id: MemberId,
    /// What it may do.
    pub right: Right,
    /// How it came in.
    pub how: How,
    /// Who let it in. For one that claimed: who made the claim.
    pub by: UserId,
    /// By which device.
    pub device: DeviceId,
    /// When, by the author's clock.
    pub time: Timestamp,
    /// The last change of its right since then.
    pub changed: Option<Changed>,
}

/// A session, as this person sees it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// Its recipients, and how each became one.
    pub recipients: Vec<Recipient>,
    /// Those of them that may manage.
    pub managing: Vec<MemberId>,
    /// This person's right, directly, through a group or through a parent.
    pub right: Right,
    /// How often its key changed.
    pub epoch: u32,
    /// A label in clear, if the application wanted one.
    pub label: Option<String>,
    /// What the application keeps beside the session, readable by its recipients alone. `None` also
    /// where somebody wrote what is no JSON.
    pub metadata: Option<Value>,
}

impl From<ClientSession> for Session {
    fn from(session: ClientSession) -> Self {
        Self {
            id: session.id,
            recipients: session
                .recipients
                .iter()
                .map(|recipient| Recipient {
                    id: recipient.member,
                    right: recipient.rights.into(),
                    how: recipient.how,
                    by: recipient.by,
                    device: recipient.device,
                    time: recipient.time,
                    changed: recipient.changed,
                })
                .collect(),
            managing: session.managing,
            right: session.rights.into(),
            epoch: session.epoch,
            label: session.label,
            metadata: session
                .metadata
                .and_then(|bytes| serde_json::from_slice(&bytes).ok()),
        }
    }
}

/// A new session. Recipients are users, groups and parent sessions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewSession {
    /// Who may open and write.
    pub read: Vec<MemberId>,
    /// Who may also grant it to others.
    pub share: Vec<MemberId>,
    /// Who may also change rights and revoke: at least one.
    pub manage: Vec<MemberId>,
    /// A label in clear: the servers can read it.
    pub label: Option<String>,
    /// Anything, up to 15 kB as JSON, readable by recipients alone.
    pub metadata: Option<Value>,
}

impl NewSession {
    fn recipients(&self) -> Vec<(MemberId, Rights)> {
        let of = |members: &[MemberId], rights| {
            let given: Vec<_> = members.iter().map(|member| (*member, rights)).collect();
            given
        };
        let mut recipients = of(&self.manage, Rights::MANAGE);
        recipients.extend(of(&self.share, Rights::SHARE));
        recipients.extend(of(&self.read, Rights::READ));
        recipients
    }

    fn metadata(&self) -> Option<Vec<u8>> {
        self.metadata.as_ref().map(encode)
    }
}

fn encode(metadata: &Value) -> Vec<u8> {
    metadata.to_string().into_bytes()
}

/// A page of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SessionPage {
    /// Oldest first.
    pub sessions: Vec<SessionId>,
    /// What to ask the next page with; nothing on the last.
    pub next: Option<u64>,
}

/// A session and the sessions under it. The keys of all that are named here are at hand.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SessionTree {
    /// The session.
    pub session: Session,
    /// The sessions of which it is a parent, oldest first: a thousand at most.
    pub children: Vec<SessionId>,
    /// What to ask [`Sessions::children`] with for more of them.
    pub next: Option<u64>,
}

impl From<ClientTree> for SessionTree {
    fn from(tree: ClientTree) -> Self {
        Self {
            session: tree.session.into(),
            children: tree.children,
            next: tree.more,
        }
    }
}

/// What each of many gave.
fn each<T, U: From<T>>(results: Vec<Result<T, wardseal_client::Error>>) -> Vec<Result<U, Error>> {
    results
        .into_iter()
        .map(|result| result.map(U::from).map_err(Error::from))
        .collect()
}

/// Who may open what.
#[derive(Clone, Copy, Debug)]
pub struct Sessions<'a>(pub(crate) &'a Wardseal);

impl<'a> Sessions<'a> {
    /// Makes a session. This person must be among the recipients.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let (ward, _) = (place.person("doctor-4711").await, place.person("doctor-4712").await);
    /// # let ours = ward.groups().create("North", &[]).await?;
    /// # let them = ward.users().by_name(&["doctor-4712"]).await?[0];
    /// use wardseal_sdk::{NewSession, Right};
    ///
    /// let session = ward
    ///     .sessions()
    ///     .create(NewSession {
    ///         manage: vec![ours.into()],
    ///         read: vec![them.into()],
    ///         metadata: Some(serde_json::json!({ "case": "4711" })),
    ///         ..NewSession::default()
    ///     })
    ///     .await?;
    /// let found = ward.sessions().get(session).await?;
    /// assert_eq!(found.right, Right::Manage);
    /// assert_eq!(found.metadata, Some(serde_json::json!({ "case": "4711" })));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Code `invalid` without a manager, with a recipient twice, or without this person;
    /// `unknown_chain` for a recipient that does not exist.
    pub async fn create(&self, new: NewSession) -> Result<SessionId, Error> {
        let (recipients, metadata) = (new.recipients(), new.metadata());
        let (label, metadata) = (new.label.as_deref(), metadata.as_deref());
        let made = self.core().create_session(&recipients, label, metadata);
        Ok(made.await?)
    }

    /// Makes many sessions with one request; gives what became of each, in their order. One that is
    /// wrong by itself does not hold up the others.
    ///
    /// # Errors
    /// Those of the connection, and `invalid` for more than fit into one request (500).
    pub async fn create_many(
        &self,
        sessions: &[NewSession],
    ) -> Result<Vec<Result<SessionId, Error>>, Error> {
        let given: Vec<_> = sessions
            .iter()
            .map(|new| (new.recipients(), new.metadata()))
            .collect();
        let new: Vec<_> = sessions
            .iter()
            .zip(&given)
            .map(|(new, (recipients, metadata))| ClientNew {
                recipients,
                label: new.label.as_deref(),
                metadata: metadata.as_deref(),
                ..ClientNew::default()
            })
            .collect();
        Ok(each(self.core().create_sessions(&new).await?))
    }

    /// Many sessions with one request, up to a thousand, in the order in which they are asked for.
    /// Objects of those that are given open without another request.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use wardseal_sdk::{NewSession, SessionId};
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let ward = place.person("doctor-4711").await;
    /// # let me = ward.profile().await.ok_or("nobody")?.user.into();
    /// # let new = NewSession { manage: vec![me], ..NewSession::default() };
    /// let made = ward.sessions().create_many(&[new.clone(), NewSession::default(), new]).await?;
    /// assert_eq!(made[1].as_ref().unwrap_err().code(), "invalid"); // nobody may manage it
    ///
    /// let theirs = SessionId::from_bytes([7; 32]);
    /// # let ours: Vec<_> = made.into_iter().flatten().collect();
    /// let found = ward.sessions().get_many(&[ours[0], theirs, ours[1]]).await?;
    /// assert_eq!(found[1].as_ref().unwrap_err().code(), "no_access");
    /// assert_eq!(found[2].as_ref().map(|session| session.id).ok(), Some(ours[1]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the connection, and `invalid` for more than a thousand.
    pub async fn get_many(
        &self,
        sessions: &[SessionId],
    ) -> Result<Vec<Result<Session, Error>>, Error> {
        Ok(each(self.core().fetch_sessions(sessions).await?))
    }

    /// A session and the sessions of which it is a parent, with one request: whoever opens a case can
    /// then open its attachments without asking again.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let ward = place.person("doctor-4711").await;
    /// # let me = ward.profile().await.ok_or("nobody")?.user.into();
    /// use wardseal_sdk::NewSession;
    ///
    /// let case = NewSession { manage: vec![me], ..NewSession::default() };
    /// let case = ward.sessions().create(case).await?;
    /// let attachment = NewSession { manage: vec![case.into()], ..NewSession::default() };
    /// let attachment = ward.sessions().create(attachment).await?;
    ///
    /// let tree = ward.sessions().tree(case).await?;
    /// assert_eq!(tree.children, [attachment]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Code `no_access`.
    pub async fn tree(&self, session: SessionId) -> Result<SessionTree, Error> {
        Ok(self.core().open_tree(session).await?.into())
    }

    /// A page of the sessions under a session that this person may open, oldest first. It may hold
    /// fewer than asked for although another one follows.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn children(
        &self,
        session: SessionId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<SessionPage, Error> {
        let page = self.core().children(session, after, limit).await?;
        Ok(SessionPage {
            sessions: page.sessions,
            next: page.next,
        })
    }

    /// A session.
    ///
    /// # Errors
    /// Code `no_access`.
    pub async fn get(&self, session: SessionId) -> Result<Session, Error> {
        Ok(self.core().session(session).await?.into())
    }

    /// A page of the sessions that this person may open.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn page(&self, after: Option<u64>, limit: u32) -> Result<SessionPage, Error> {
        let page = self.core().sessions(after, limit).await?;
        Ok(SessionPage {
            sessions: page.sessions,
            next: page.next,
        })
    }

    /// The sessions that this person may open, oldest first, fetched page by page.
    #[must_use]
    pub fn list(&self) -> SessionList<'a> {
        SessionList {
            sessions: *self,
            parent: None,
            page: VecDeque::new(),
            next: Some(None),
        }
    }

    /// The sessions under a session, as [`list`](Self::list) gives all.
    #[must_use]
    pub fn list_under(&self, parent: SessionId) -> SessionList<'a> {
        SessionList {
            parent: Some(parent),
            ..self.list()
        }
    }

    /// Grants a right to one more recipient: nobody grants more than he has. `visibility` says what
    /// it sees of the past.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let (ward, theirs) = (place.person("doctor-4711").await, place.person("doctor-4712").await);
    /// # let me = ward.profile().await.ok_or("nobody")?.user.into();
    /// # let them = ward.users().by_name(&["doctor-4712"]).await?[0].into();
    /// # use wardseal_sdk::NewSession;
    /// # let new = NewSession { manage: vec![me], ..NewSession::default() };
    /// # let session = ward.sessions().create(new).await?;
    /// use wardseal_sdk::{Right, Visibility};
    ///
    /// ward.sessions().grant(session, them, Right::Read, Visibility::Full).await?;
    /// ward.sessions().set_rights(session, them, Right::Share).await?;
    /// # assert_eq!(theirs.sessions().get(session).await?.right, Right::Share);
    /// ward.sessions().revoke(session, &[them]).await?;
    /// # theirs.forget_sessions().await?;
    /// # assert_eq!(theirs.sessions().get(session).await.unwrap_err().code(), "no_access");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Code `not_authorised` unless this person may share, and holds what he grants.
    pub async fn grant(
        &self,
        session: SessionId,
        recipient: MemberId,
        right: Right,
        visibility: Visibility,
    ) -> Result<(), Error> {
        let granted = self
            .core()
            .grant(session, recipient, right.into(), visibility);
        Ok(granted.await?)
    }

    /// Grants rights to many recipients with one request; gives what became of each. They see the
    /// past too.
    ///
    /// # Errors
    /// Code `not_authorised` unless this person may share, and those of the connection.
    pub async fn grant_many(
        &self,
        session: SessionId,
        recipients: &[(MemberId, Right)],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let recipients: Vec<_> = recipients
            .iter()
            .map(|(member, right)| (*member, Rights::from(*right)))
            .collect();
        Ok(each(self.core().grant_many(session, &recipients).await?))
    }

    /// Changes a recipient's right.
    ///
    /// # Errors
    /// Code `not_authorised` unless this person may manage.
    pub async fn set_rights(
        &self,
        session: SessionId,
        recipient: MemberId,
        right: Right,
    ) -> Result<(), Error> {
        let set = self.core().set_rights(session, recipient, right.into());
        Ok(set.await?)
    }

    /// Revokes recipients; the session gets a new key in the same step.
    ///
    /// # Errors
    /// Code `not_authorised` unless this person may manage.
    pub async fn revoke(&self, session: SessionId, recipients: &[MemberId]) -> Result<(), Error> {
        Ok(self.core().revoke(session, recipients).await?)
    }

    /// Revokes recipients of many sessions with one request; gives what became of each.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn revoke_many(
        &self,
        revocations: &[(SessionId, Vec<MemberId>)],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        Ok(each(self.core().revoke_many(revocations).await?))
    }

    /// Revokes every recipient but the one through which this person manages the session: himself,
    /// otherwise a group or a parent session of his. Gives who was revoked.
    ///
    /// # Errors
    /// Code `not_authorised` unless this person may manage.
    pub async fn revoke_others(&self, session: SessionId) -> Result<Vec<MemberId>, Error> {
        Ok(self.core().revoke_others(session).await?)
    }

    /// Ends a session for everybody, this person too. That cannot be undone: its keys are given to
    /// nobody any more, and nothing can be sealed to it. What somebody has opened stays in his cache
    /// for as long as its policy says.
    ///
    /// # Errors
    /// Code `not_authorised` unless this person may manage.
    pub async fn revoke_all(&self, session: SessionId) -> Result<(), Error> {
        Ok(self.core().revoke_all(session).await?)
    }

    /// What happened in a session: who did what, when, in order, from its verified chain.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use wardseal_sdk::{NewSession, Right, Visibility};
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let (ward, _) = (place.person("doctor-4711").await, place.person("doctor-4712").await);
    /// # let me = ward.profile().await.ok_or("nobody")?.user;
    /// # let them = ward.users().by_name(&["doctor-4712"]).await?[0].into();
    /// # let new = NewSession { manage: vec![me.into()], ..NewSession::default() };
    /// # let session = ward.sessions().create(new).await?;
    /// use wardseal_sdk::What;
    ///
    /// ward.sessions().grant(session, them, Right::Read, Visibility::Full).await?;
    /// let revoked = ward.sessions().revoke_others(session).await?;
    /// assert_eq!(revoked, [them]);
    ///
    /// let history = ward.sessions().history(session).await?;
    /// assert!(matches!(history[0].what, What::Created { .. }) && history[0].by == me);
    /// assert!(matches!(history[1].what, What::Granted { member, .. } if member == them));
    /// assert!(matches!(&history[2].what, What::Revoked { members } if members == &revoked));
    ///
    /// ward.sessions().revoke_all(session).await?;
    /// # assert!(ward.seal(session, "x").await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Code `no_access`.
    pub async fn history(&self, session: SessionId) -> Result<Vec<Event>, Error> {
        Ok(self.core().history(session).await?)
    }

    /// Writes down what opens everything that was sealed for these sessions up to now, as far as this
    /// person can open it. It is a secret: whoever holds it opens all of that, and no revocation
    /// reaches it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use wardseal_sdk::{NewSession, Wardseal};
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let ward = place.person("doctor-4711").await;
    /// # let me = ward.profile().await.ok_or("nobody")?.user.into();
    /// # let new = NewSession { manage: vec![me], ..NewSession::default() };
    /// # let session = ward.sessions().create(new).await?;
    /// let sealed = ward.seal(session, "Temperature 38.4").await?;
    /// let exported = ward.sessions().export(&[session]).await?;
    ///
    /// // Where nobody is signed in, and without a connection:
    /// # let nowhere = wardseal_sdk::Options { keys: "http://127.0.0.1:1".into(), ..place.options() };
    /// let archive = Wardseal::open(nowhere).await?;
    /// archive.sessions().import(&exported).await?;
    /// assert_eq!(archive.open_bytes(sealed).await?.text().await?, "Temperature 38.4");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Code `no_access` for a session that this person cannot open; `invalid` for none or more than a
    /// thousand.
    pub async fn export(&self, sessions: &[SessionId]) -> Result<Zeroizing<Vec<u8>>, Error> {
        Ok(self.core().export_sessions(sessions).await?.into_bytes())
    }

    /// Takes in what [`export`](Self::export) wrote, after verifying it; gives the sessions that are in
    /// it. What was sealed for them opens here without an identity and without a connection, for as
    /// long as the cache keeps keys. Nothing can be sealed by it.
    ///
    /// # Errors
    /// Code `bad_export`; `invalid` without a cache.
    pub async fn import(&self, exported: &[u8]) -> Result<Vec<SessionId>, Error> {
        Ok(self.core().import_sessions(exported).await?)
    }

    /// Replaces the metadata.
    ///
    /// # Errors
    /// Code `not_authorised` unless this person may share; `invalid` beyond 15 kB.
    pub async fn describe(&self, session: SessionId, metadata: &Value) -> Result<(), Error> {
        let metadata = encode(metadata);
        Ok(self.core().describe_session(session, &metadata).await?)
    }

    /// Drops the keys of all sessions: what is opened from now on is asked for again.
    ///
    /// # Errors
    /// Code `store`.
    pub async fn forget(&self) -> Result<(), Error> {
        Ok(self.core().forget_sessions().await?)
    }

    fn core(&self) -> &'a crate::wardseal::Core {
        &self.0.core
    }
}

/// Sessions, one after the other. Made by [`Sessions::list`].
#[derive(Debug)]
pub struct SessionList<'a> {
    sessions: Sessions<'a>,
    parent: Option<SessionId>,
    page: VecDeque<SessionId>,
    /// What to ask the next page with, if there is one.
    next: Option<Option<u64>>,
}

impl SessionList<'_> {
    /// Sessions of a page.
    const PAGE: u32 = 1000;

    /// The next session, or nothing after the last.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let ward = place.person("doctor-4711").await;
    /// let mut list = ward.sessions().list();
    /// while let Some(session) = list.next().await? {
    ///     println!("{session}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the connection: it can be called again.
    pub async fn next(&mut self) -> Result<Option<SessionId>, Error> {
        loop {
            if let Some(session) = self.page.pop_front() {
                return Ok(Some(session));
            }
            let Some(after) = self.next else {
                return Ok(None);
            };
            let page = match self.parent {
                Some(parent) => self.sessions.children(parent, after, Self::PAGE).await?,
                None => self.sessions.page(after, Self::PAGE).await?,
            };
            self.next = page.next.map(Some);
            self.page.extend(page.sessions);
        }
    }

    /// All that are left.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn all(mut self) -> Result<Vec<SessionId>, Error> {
        let mut all = Vec::new();
        while let Some(session) = self.next().await? {
            all.push(session);
        }
        Ok(all)
    }
}
