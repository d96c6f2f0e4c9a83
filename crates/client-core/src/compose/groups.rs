//! Statements of groups.

use wardseal_protocol::{
    op::{Membership, Op, Role},
    ring::RingKind,
    state::World,
};
use wardseal_types::{FixedBytes, GroupId, MemberId, RingId};

use super::{Composer, Draft, Visibility, seal_text};
use crate::error::{Error, Misuse};

impl Composer<'_> {
    /// A group with these members and this name; whoever makes it is an administrator.
    ///
    /// # Errors
    /// [`Misuse::NotFound`] for a member whose chain is not known.
    pub fn create_group(
        &mut self,
        members: &[(MemberId, Role)],
        name: &str,
    ) -> Result<(GroupId, Draft), Error> {
        let me = MemberId::User(self.identity.user);
        let mut members: Vec<_> = members
            .iter()
            .filter(|(member, _)| *member != me)
            .copied()
            .chain([(me, Role::Admin)])
            .collect();
        members.sort();
        members.dedup_by_key(|(member, _)| *member);
        let recipients = self.recipients(members.iter().map(|(member, _)| *member))?;
        let (epoch, seed) = self.first_epoch(RingKind::Group, &recipients)?;
        let members = members
            .into_iter()
            .map(|(member, role)| Membership { member, role })
            .collect();
        let nonce = self.nonce()?;
        let genesis = self.genesis(Op::GroupCreate(nonce, members, epoch))?;
        let group = genesis
            .group()
            .ok_or(Misuse::Invalid("a group's genesis names a group"))?;
        let ring = RingId::Group(group);
        let boxes = self.first_boxes(ring, &seed, &recipients)?;
        let sealed = seal_text(&seed, ring, 0, name.as_bytes(), self.rng)?;
        let rename = self.after(&genesis, Op::Rename(0, sealed))?;
        let draft = Draft {
            statements: vec![genesis, rename],
            boxes: boxes.sealed,
            seeds: vec![(ring, 0, seed)],
            ..Draft::default()
        };
        Ok((group, draft))
    }

    /// One more member.
    ///
    /// # Errors
    /// [`Misuse::NotFound`], [`Misuse::NoKey`].
    pub fn add_member(
        &mut self,
        group: GroupId,
        member: MemberId,
        role: Role,
        visibility: Visibility,
    ) -> Result<Draft, Error> {
        let state = self
            .knowledge
            .world()
            .group(&group)
            .ok_or_else(|| Misuse::NotFound(group.into()))?;
        let membership = Membership { member, role };
        self.let_in(&state.ring, member, visibility, |entry| {
            Op::Add(membership, entry)
        })
    }

    /// More members, who see everything that was sealed before.
    ///
    /// # Errors
    /// [`Misuse::NotFound`], [`Misuse::NoKey`].
    pub fn add_all(
        &mut self,
        group: GroupId,
        members: &[(MemberId, Role)],
    ) -> Result<Draft, Error> {
        let entering = members.iter().map(|(member, role)| {
            let membership = Membership {
                member: *member,
                role: *role,
            };
            (*member, |entry| Op::Add(membership, entry))
        });
        self.let_all_in(group.into(), entering)
    }

    /// Members less, and a new epoch that shuts them out.
    ///
    /// # Errors
    /// [`Misuse::NotFound`], [`Misuse::NoKey`].
    pub fn remove_members(&mut self, group: GroupId, members: &[MemberId]) -> Result<Draft, Error> {
        let state = self
            .knowledge
            .world()
            .group(&group)
            .ok_or_else(|| Misuse::NotFound(group.into()))?;
        self.shut_out(&state.ring, members, Op::Remove)
    }

    /// Another role for a member.
    ///
    /// # Errors
    /// [`Misuse::NotFound`].
    pub fn set_role(
        &mut self,
        group: GroupId,
        member: MemberId,
        role: Role,
    ) -> Result<Draft, Error> {
        self.say(group.into(), Op::SetRole(Membership { member, role }))
    }

    /// Another name for a group.
    ///
    /// # Errors
    /// [`Misuse::NotFound`], [`Misuse::NoKey`].
    pub fn rename_group(&mut self, group: GroupId, name: &str) -> Result<Draft, Error> {
        let (epoch, sealed) = self.seal_named(RingId::Group(group), name.as_bytes())?;
        self.say(group.into(), Op::Rename(epoch, sealed))
    }

    /// A name of the application's for a group, bound by a token of the tenant; `salt` opens the
    /// commitment to it.
    ///
    /// # Errors
    /// [`Misuse::NotFound`].
    pub fn bind_group(
        &mut self,
        group: GroupId,
        (commitment, salt): (FixedBytes<32>, FixedBytes<32>),
        token: &str,
    ) -> Result<Draft, Error> {
        let op = Op::GroupBind(commitment, token.as_bytes().into());
        Ok(Draft {
            salt: Some(salt),
            ..self.say(group.into(), op)?
        })
    }

    /// The end of a group.
    ///
    /// # Errors
    /// [`Misuse::NotFound`].
    pub fn dissolve_group(&mut self, group: GroupId) -> Result<Draft, Error> {
        self.say(group.into(), Op::Dissolve)
    }
}
