//! Statements of sessions.

use wardseal_protocol::{
    op::{Grant, Op, Rights},
    ring::RingKind,
    state::World,
};
use wardseal_types::{MemberId, RingId, SessionId};

use super::{Awaited, Composer, Draft, Visibility, escrow::awaited_recipient, seal_text};
use crate::error::{Error, Misuse};

impl Composer<'_> {
    /// A session with these recipients.
    ///
    /// # Errors
    /// [`Misuse::NotFound`] for a recipient whose chain is not known.
    pub fn create_session(
        &mut self,
        grants: &[(MemberId, Rights)],
        label: Option<String>,
        metadata: Option<&[u8]>,
    ) -> Result<(SessionId, Draft), Error> {
        self.create_session_awaiting(grants, &[], label, metadata)
    }

    /// A session with these recipients, and with others who have no keys yet.
    ///
    /// # Errors
    /// [`Misuse::NotFound`] for a recipient whose chain is not known; for those who are awaited
    /// as [`grant_awaited`](Self::grant_awaited).
    pub fn create_session_awaiting(
        &mut self,
        grants: &[(MemberId, Rights)],
        awaited: &[(Awaited, Rights)],
        label: Option<String>,
        metadata: Option<&[u8]>,
    ) -> Result<(SessionId, Draft), Error> {
        let mut grants = grants.to_vec();
        grants.sort_by_key(|(member, _)| *member);
        let mut recipients = self.recipients(grants.iter().map(|(member, _)| *member))?;
        // Whoever is awaited comes last in every list.
        let mut awaited = awaited.to_vec();
        awaited.sort_by_key(|(awaited, _)| awaited.id());
        for (awaited, rights) in awaited {
            grants.push((awaited.id().into(), rights));
            recipients.push(awaited_recipient(awaited));
        }
        let (epoch, seed) = self.first_epoch(RingKind::Session, &recipients)?;
        let grants = grants
            .into_iter()
            .map(|(member, rights)| Grant { member, rights })
            .collect();
        let nonce = self.nonce()?;
        let genesis = self.genesis(Op::SessionCreate(nonce, grants, epoch, label))?;
        let session = genesis
            .session()
            .ok_or(Misuse::Invalid("a session's genesis names a session"))?;
        let ring = RingId::Session(session);
        let boxes = self.first_boxes(ring, &seed, &recipients)?;
        let mut statements = vec![genesis];
        if let (Some(metadata), Some(genesis)) = (metadata, statements.first()) {
            let sealed = seal_text(&seed, ring, 0, metadata, self.rng)?;
            statements.push(self.after(genesis, Op::Describe(0, sealed))?);
        }
        let draft = Draft {
            statements,
            boxes: boxes.sealed,
            seeds: vec![(ring, 0, seed)],
            shares: boxes.shares,
            ..Draft::default()
        };
        Ok((session, draft))
    }

    /// One more recipient.
    ///
    /// # Errors
    /// [`Misuse::NotFound`], [`Misuse::NoKey`].
    pub fn grant(
        &mut self,
        session: SessionId,
        member: MemberId,
        rights: Rights,
        visibility: Visibility,
    ) -> Result<Draft, Error> {
        let state = self
            .knowledge
            .world()
            .session(&session)
            .ok_or_else(|| Misuse::NotFound(session.into()))?;
        let grant = Grant { member, rights };
        self.let_in(&state.ring, member, visibility, |entry| {
            Op::Grant(grant, entry)
        })
    }

    /// More recipients, who see everything that was sealed before.
    ///
    /// # Errors
    /// [`Misuse::NotFound`], [`Misuse::NoKey`].
    pub fn grant_all(
        &mut self,
        session: SessionId,
        grants: &[(MemberId, Rights)],
    ) -> Result<Draft, Error> {
        let entering = grants.iter().map(|(member, rights)| {
            let grant = Grant {
                member: *member,
                rights: *rights,
            };
            (*member, |entry| Op::Grant(grant, entry))
        });
        self.let_all_in(session.into(), entering)
    }

    /// The end of the session, for everybody. Nothing is left in escrow for whoever is awaited.
    ///
    /// # Errors
    /// [`Misuse::NotFound`].
    pub fn end_session(&mut self, session: SessionId) -> Result<Draft, Error> {
        let spent = self.superseded(session.into(), &Op::End);
        Ok(Draft {
            spent,
            ..self.say(session.into(), Op::End)?
        })
    }

    /// Recipients less, and a new epoch that shuts them out.
    ///
    /// # Errors
    /// [`Misuse::NotFound`], [`Misuse::NoKey`].
    pub fn revoke(&mut self, session: SessionId, members: &[MemberId]) -> Result<Draft, Error> {
        let state = self
            .knowledge
            .world()
            .session(&session)
            .ok_or_else(|| Misuse::NotFound(session.into()))?;
        self.shut_out(&state.ring, members, Op::Revoke)
    }

    /// Other rights for a recipient.
    ///
    /// # Errors
    /// [`Misuse::NotFound`].
    pub fn set_rights(
        &mut self,
        session: SessionId,
        member: MemberId,
        rights: Rights,
    ) -> Result<Draft, Error> {
        self.say(session.into(), Op::SetRights(Grant { member, rights }))
    }

    /// Other metadata for a session.
    ///
    /// # Errors
    /// [`Misuse::NotFound`], [`Misuse::NoKey`].
    pub fn describe(&mut self, session: SessionId, metadata: &[u8]) -> Result<Draft, Error> {
        let (epoch, sealed) = self.seal_named(RingId::Session(session), metadata)?;
        self.say(session.into(), Op::Describe(epoch, sealed))
    }
}
