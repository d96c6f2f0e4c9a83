//! What people here can say: operations with real epochs, boxes and tokens.

use wardseal_protocol::{
    Refusal,
    binding::{self, Claims},
    keys::DeviceKind,
    op::{
        Entry, Grant, Membership, Method, Op, Recover, Removal, Rights, Role, Rotation, SetRecovery,
    },
    ring::Epoch,
    state::World as _,
};
use wardseal_types::{Base64Url, DeviceId, GroupId, KeyId, MemberId, NamedId, RingId, SessionId};

use super::{Town, token_key};
use crate::person::{Device, Person, secret};

impl Town {
    // --- what can be said about a group

    /// One more member of a group, with history.
    pub fn op_add(&mut self, group: GroupId, member: MemberId, role: Role) -> Op {
        let entry = Entry::History(self.present_box(group, member));
        Op::Add(Membership { member, role }, entry)
    }

    /// One more member of a group, without history.
    pub fn op_join(&mut self, group: GroupId, member: MemberId, role: Role) -> Op {
        let mut epoch = self.next_epoch_and(group, member);
        epoch.link = None;
        Op::Add(Membership { member, role }, Entry::FromJoin(epoch))
    }

    /// Members of a group less.
    pub fn op_remove(&mut self, group: GroupId, members: &[MemberId]) -> Op {
        Op::Remove(self.removal(group, members))
    }

    /// A new epoch of a group, naming the losses that it answers.
    pub fn op_rotate(&mut self, group: GroupId) -> Op {
        let state = self.states.group(&group).expect("the group exists");
        let causes = state.ring.causes(&self.states);
        let members = self.members(group);
        let epoch = self.next_epoch(group, &members);
        Op::GroupRotate(Rotation { epoch, causes })
    }

    // --- what can be said about a session

    /// One more recipient of a session, with history.
    pub fn op_grant(&mut self, session: SessionId, member: MemberId, rights: Rights) -> Op {
        let entry = Entry::History(self.present_box(session, member));
        Op::Grant(Grant { member, rights }, entry)
    }

    /// One more recipient of a session, without history.
    pub fn op_grant_join(&mut self, session: SessionId, member: MemberId, rights: Rights) -> Op {
        let mut epoch = self.next_epoch_and(session, member);
        epoch.link = None;
        Op::Grant(Grant { member, rights }, Entry::FromJoin(epoch))
    }

    /// Recipients of a session less.
    pub fn op_revoke(&mut self, session: SessionId, members: &[MemberId]) -> Op {
        Op::Revoke(self.removal(session, members))
    }

    /// A new epoch of a session, naming the losses that it answers.
    pub fn op_rotate_session(&mut self, session: SessionId) -> Op {
        let state = self.states.session(&session).expect("the session exists");
        let causes = state.ring.causes(&self.states);
        let members = self.members(session);
        let epoch = self.next_epoch(session, &members);
        Op::SessionRotate(Rotation { epoch, causes })
    }

    // --- what can be said about a user

    /// One more device of a person.
    pub fn op_add_device(&mut self, person: &Person, device: &Device) -> Op {
        let new = device.enters(&self.tenant, &person.id);
        Op::AddDevice(new, self.present_box(person.id, device.member()))
    }

    /// Devices of a person less.
    pub fn op_revoke_device(&mut self, person: &Person, devices: &[MemberId]) -> Op {
        Op::RevokeDevice(self.removal(person.id, devices))
    }

    /// A new epoch of a person.
    pub fn op_rotate_user(&mut self, person: &Person) -> Op {
        let members = self.members(person.id);
        let epoch = self.next_epoch(person.id, &members);
        let causes = Vec::new();
        Op::UserRotate(Rotation { epoch, causes })
    }

    /// A person loses a device and revokes it: what makes the rings above stale.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn lose_device(&mut self, person: &Person) -> Result<(), Refusal> {
        let device = self.device(DeviceKind::Ordinary);
        let op = self.op_add_device(person, &device);
        self.say(person, person.id, op)?;
        let op = self.op_revoke_device(person, &[device.member()]);
        self.say(person, person.id, op).map(|_| ())
    }

    /// A recovery method of a person, in place of `replaces` if there is one.
    pub fn op_set_recovery(
        &mut self,
        person: &Person,
        device: &Device,
        method: Method,
        replaces: Option<&Device>,
    ) -> Op {
        let (entry, epoch) = match replaces {
            None => (Some(self.present_box(person.id, device.member())), None),
            Some(old) => (None, Some(self.exchange(person, device, &[old.id]))),
        };
        Op::SetRecovery(Box::new(SetRecovery {
            device: device.enters(&self.tenant, &person.id),
            method,
            replaces: replaces.map(|old| old.id),
            entry,
            epoch,
        }))
    }

    /// The way back in for a person: `device` enters, and `leave` go.
    pub fn op_recover(
        &mut self,
        person: &Person,
        device: &Device,
        method: Option<Method>,
        leave: &[DeviceId],
    ) -> Op {
        let mut leave = leave.to_vec();
        leave.sort_unstable();
        Op::Recover(Box::new(Recover {
            device: device.enters(&self.tenant, &person.id),
            method,
            epoch: self.exchange(person, device, &leave),
            leave,
        }))
    }

    fn exchange(&mut self, person: &Person, device: &Device, leave: &[DeviceId]) -> Epoch {
        let mut members = self.members(person.id);
        members.retain(|member| !leave.iter().any(|old| MemberId::Device(*old) == *member));
        members.push(device.member());
        self.next_epoch(person.id, &members)
    }

    fn removal(&mut self, ring: impl Into<RingId>, leaving: &[MemberId]) -> Removal {
        let ring = ring.into();
        let mut staying = self.members(ring);
        staying.retain(|member| !leaving.contains(member));
        let mut members = leaving.to_vec();
        members.sort();
        let epoch = self.next_epoch(ring, &staying);
        Removal { members, epoch }
    }

    fn next_epoch_and(&mut self, ring: impl Into<RingId>, member: MemberId) -> Epoch {
        let ring = ring.into();
        let mut members = self.members(ring);
        members.push(member);
        self.next_epoch(ring, &members)
    }

    // --- names and log

    /// Claims that bind the name with this salt to a user or group, valid for an hour.
    #[must_use]
    pub fn claims(&mut self, named: impl Into<NamedId>, salt: &[u8; 32], name: &str) -> Claims {
        Claims {
            iss: self.tenant,
            sub: named.into(),
            aud: binding::AUDIENCE.to_owned(),
            iat: self.now.seconds(),
            exp: self.now.seconds().saturating_add(3600),
            jti: self.nonce(),
            cmt: binding::commit(&self.tenant, salt, name),
            idx: binding::index(&self.tenant, name),
            old: None,
        }
    }

    /// The identifier of the tenant's token key.
    #[must_use]
    pub fn token_id(&self) -> KeyId {
        token_key(&self.token).id()
    }

    /// A token with these claims, by the tenant's token key.
    #[must_use]
    pub fn signed(&self, claims: &Claims) -> String {
        let input = binding::signing_input(self.token_id(), claims).expect("claims are JSON");
        let signature = self.token.sign_unlabelled(input.as_bytes());
        binding::assemble(&input, signature.as_bytes())
    }

    /// A statement's operation that binds a name to a person.
    #[must_use]
    pub fn op_bind(&mut self, person: &Person, name: &str) -> Op {
        let salt = *secret(&mut self.rng).expose();
        let claims = self.claims(person.id, &salt, name);
        let token = self.signed(&claims).into_bytes();
        Op::Bind(claims.cmt, Base64Url::from(token))
    }

    /// A statement's operation that binds a name to a group.
    #[must_use]
    pub fn op_group_bind(&mut self, group: GroupId, name: &str) -> Op {
        let salt = *secret(&mut self.rng).expose();
        let claims = self.claims(group, &salt, name);
        let token = self.signed(&claims).into_bytes();
        Op::GroupBind(claims.cmt, Base64Url::from(token))
    }
}
