//! Groups.

use wardseal_client_core::{
    Error, Failure, Misuse,
    api::keys::{ListGroups, ListRequest},
    compose::{Visibility, open_text},
    protocol::{
        op::Role,
        state::{NOW, World},
    },
    types::{ChainId, GroupId, MemberId, RingId, limits},
};

use crate::{
    client::{Client, Inner},
    learn::Compose,
    learn::{is_misuse, lacks_key},
    ports::{StateStore, Transport},
    sessions::Failures,
};

/// A member of a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GroupMember {
    /// A user or a group.
    pub member: MemberId,
    /// What it may do.
    pub role: Role,
}

/// A group, as its chain says and as this user sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Group {
    /// The group.
    pub id: GroupId,
    /// Its name; only members can read it.
    pub name: Option<String>,
    /// Its members.
    pub members: Vec<GroupMember>,
    /// This user's role, directly or through another group.
    pub role: Option<Role>,
    /// Number of the present epoch.
    pub epoch: u32,
    /// Whether it has ended.
    pub dissolved: bool,
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Makes a group; this user is its administrator.
    ///
    /// # Errors
    /// [`Misuse::NotFound`] for a member that does not exist.
    pub async fn create_group(
        &self,
        name: &str,
        members: &[(MemberId, Role)],
    ) -> Result<GroupId, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        if name.is_empty() || name.len() > limits::MAX_NAME {
            return Err(Misuse::BadName.into());
        }
        let user = inner.identity()?.user;
        let mut chains: Vec<ChainId> = vec![user.into()];
        for (member, _) in members {
            chains.push(ring_of(*member)?.into());
        }
        self.learn(inner, chains.iter().copied(), true).await?;
        self.newest_seed(inner, RingId::User(user)).await?;
        let mut made = None;
        self.change(inner, &chains, &mut |composer| {
            let (group, draft) = composer.create_group(members, name)?;
            made = Some(group);
            Ok(Some(draft))
        })
        .await?;
        made.ok_or_else(|| Misuse::Invalid("the group was not made").into())
    }

    /// Adds a member. Adding one that is there already changes nothing.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user is an administrator.
    pub async fn add_member(
        &self,
        group: GroupId,
        member: MemberId,
        role: Role,
        visibility: Visibility,
    ) -> Result<(), Error> {
        let entering = Some(ring_of(member)?);
        Ok(self
            .administer(group, entering, &mut |composer| {
                let state = composer.knowledge.world().group(&group);
                if state.is_some_and(|state| state.ring.member_at(&member, NOW).is_some()) {
                    return Ok(None);
                }
                composer
                    .add_member(group, member, role, visibility)
                    .map(Some)
            })
            .await?)
    }

    /// Adds many members, who see everything: an answer for each in the order asked. One that cannot
    /// be added fails alone; the others are added by one append. Adding one that is there already
    /// changes nothing.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user is an administrator, [`Error::Transport`]. Of a
    /// single one: [`Misuse::NotFound`], [`Misuse::NoRecipient`].
    pub async fn add_members(
        &self,
        group: GroupId,
        members: &[(MemberId, Role)],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        self.prepare(inner, group, Role::Admin).await?;
        let mut failed = Failures::new();
        let entering = members.iter().map(|(member, _)| *member);
        let touched = self
            .prepare_entering(inner, group.into(), entering, &mut failed)
            .await?;
        let parts = failed.parts(members.iter().map(|_| 1));
        self.change_each(
            inner,
            &touched,
            parts,
            &mut failed,
            &mut |composer, places| {
                let state = composer.knowledge.world().group(&group);
                let state = state.ok_or_else(|| Misuse::NotFound(group.into()))?;
                let wanted = places.iter().filter_map(|place| members.get(*place));
                let new = wanted.filter(|(member, _)| state.ring.member_at(member, NOW).is_none());
                let new: Vec<_> = new.copied().collect();
                if new.is_empty() {
                    return Ok(None);
                }
                composer.add_all(group, &new).map(Some)
            },
        )
        .await?;
        Ok(failed.results(0..members.len(), |_| Ok(())))
    }

    /// Removes members and rotates the group, in one statement. Removing one that is not there
    /// changes nothing.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user is an administrator.
    pub async fn remove_members(&self, group: GroupId, members: &[MemberId]) -> Result<(), Error> {
        Ok(self
            .administer(group, None, &mut |composer| {
                let Some(state) = composer.knowledge.world().group(&group) else {
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
                composer.remove_members(group, &gone).map(Some)
            })
            .await?)
    }

    /// Changes a member's role.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user is an administrator.
    pub async fn set_role(
        &self,
        group: GroupId,
        member: MemberId,
        role: Role,
    ) -> Result<(), Error> {
        Ok(self
            .administer(group, None, &mut |composer| {
                let state = composer.knowledge.world().group(&group);
                if state.is_some_and(|state| state.ring.member_at(&member, NOW) == Some(role)) {
                    return Ok(None);
                }
                composer.set_role(group, member, role).map(Some)
            })
            .await?)
    }

    /// Changes the name of a group.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user is an administrator.
    pub async fn rename_group(&self, group: GroupId, name: &str) -> Result<(), Error> {
        if name.is_empty() || name.len() > limits::MAX_NAME {
            return Err(Misuse::BadName.into());
        }
        Ok(self
            .administer(group, None, &mut |composer| {
                composer.rename_group(group, name).map(Some)
            })
            .await?)
    }

    /// Ends a group. Nothing can be sealed to it any more; what was sealed stays readable.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user is an administrator.
    pub async fn dissolve_group(&self, group: GroupId) -> Result<(), Error> {
        Ok(self
            .administer(group, None, &mut |composer| {
                let state = composer.knowledge.world().group(&group);
                if state.is_some_and(|state| state.dissolved) {
                    return Ok(None);
                }
                composer.dissolve_group(group).map(Some)
            })
            .await?)
    }

    /// A group.
    ///
    /// # Errors
    /// [`Misuse::NotFound`].
    pub async fn group(&self, group: GroupId) -> Result<Group, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        self.learn(inner, [group.into()], true).await?;
        Ok(self.describe_group(inner, group).await?)
    }

    /// The groups of which this user is a member, oldest first. Groups that somebody beneath lost
    /// the right to are rotated on the way.
    ///
    /// # Errors
    /// [`Error::Transport`].
    pub async fn groups(&self) -> Result<Vec<Group>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        inner.speaker()?;
        let mut after = None;
        let mut groups = Vec::new();
        loop {
            let page = self
                .call_signed::<ListGroups>(
                    inner,
                    &ListRequest {
                        tenant: self.config.tenant,
                        after,
                        limit: 1000,
                        parent: None,
                    },
                )
                .await?;
            after = page.groups.last().map(|group| group.position);
            groups.extend(page.groups.into_iter().map(|group| group.group));
            if !page.more {
                break;
            }
        }
        let mut described = Vec::with_capacity(groups.len());
        for group in groups {
            match self.refresh(inner, RingId::Group(group)).await {
                Ok(()) => {}
                Err(error) if is_misuse(&error) => {}
                Err(error) => return Err(error.into()),
            }
            described.push(self.describe_group(inner, group).await?);
        }
        Ok(described)
    }

    async fn describe_group(&self, inner: &mut Inner, group: GroupId) -> Result<Group, Failure> {
        let user = inner.speaker()?.user;
        let sealed = {
            let state = inner
                .knowledge
                .world()
                .group(&group)
                .ok_or_else(|| Misuse::NotFound(group.into()))?;
            state.name.clone()
        };
        let name = match sealed {
            Some((epoch, sealed)) => {
                let ring = RingId::Group(group);
                match self.seed(inner, ring, epoch).await {
                    Ok(seed) => open_text(&seed, ring, epoch, &sealed)
                        .ok()
                        .and_then(|text| String::from_utf8(text).ok()),
                    Err(error) if is_misuse(&error) => None,
                    Err(error) => return Err(error),
                }
            }
            None => None,
        };
        let world = inner.knowledge.world();
        let state = world
            .group(&group)
            .ok_or_else(|| Misuse::NotFound(group.into()))?;
        Ok(Group {
            id: group,
            name,
            members: state
                .ring
                .members()
                .map(|(member, role)| GroupMember { member, role })
                .collect(),
            role: state.role_at(&user, NOW, world),
            epoch: state.ring.newest().map_or(0, |epoch| epoch.declared.number),
            dissolved: state.dissolved,
        })
    }

    /// Makes a change that takes an administrator.
    pub(crate) async fn administer(
        &self,
        group: GroupId,
        entering: Option<RingId>,
        compose: &mut Compose<'_>,
    ) -> Result<(), Failure> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        self.prepare(inner, group, Role::Admin).await?;
        let mut touched = vec![ChainId::from(group)];
        if let Some(entering) = entering {
            self.learn(inner, [entering.into()], true).await?;
            touched.push(entering.into());
        }
        self.change(inner, &touched, compose).await?;
        Ok(())
    }

    /// Learns a group and everything beneath it, rotates it if somebody was lost, and checks that
    /// this user may do what comes next.
    async fn prepare(
        &self,
        inner: &mut Inner,
        group: GroupId,
        needed: Role,
    ) -> Result<(), Failure> {
        let ring = RingId::Group(group);
        let user = inner.identity()?.user;
        self.refresh(inner, ring).await.map_err(|error| {
            if lacks_key(&error) {
                Misuse::NotAMember(group).into()
            } else {
                error
            }
        })?;
        let world = inner.knowledge.world();
        let role = world
            .group(&group)
            .and_then(|state| state.role_at(&user, NOW, world))
            .ok_or(Misuse::NotAMember(group))?;
        if role < needed {
            return Err(Misuse::NotAuthorised("administer this group").into());
        }
        self.newest_seed(inner, ring).await?;
        Ok(())
    }
}

/// The ring that a member is; a device is none.
pub(crate) fn ring_of(member: MemberId) -> Result<RingId, Failure> {
    member
        .ring()
        .ok_or_else(|| Misuse::NoRecipient(member).into())
}
