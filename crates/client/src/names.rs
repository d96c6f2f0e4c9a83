//! Names: whom the application means, as the tenant signed it.

use wardseal_client_core::{
    Error, Failure, Misbehaviour, Misuse,
    api::keys::{Lookup, LookupRequest},
    crypto::secret::Secret,
    protocol::{
        binding::{self, TokenError},
        cbor,
        state::World,
    },
    types::{FixedBytes, GroupId, NamedId, UserId, limits},
};

use crate::{
    client::{Client, Inner},
    ports::{StateStore, Transport},
    records::{self, SealedBatch},
};

impl<T: Transport, S: StateStore> Client<T, S> {
    /// The users whom the application calls by these names, in the same order.
    ///
    /// # Errors
    /// Those of [`holders`](Self::holders); [`Misuse::UnknownName`] also for the name of a group.
    pub async fn users_by_name(&self, names: &[&str]) -> Result<Vec<UserId>, Error> {
        let holders = self.holders(names).await?;
        holders
            .into_iter()
            .zip(names)
            .map(|(holder, name)| match holder {
                NamedId::User(user) => Ok(user),
                NamedId::Group(_) => Err(Misuse::UnknownName((*name).into()).into()),
            })
            .collect()
    }

    /// The same with an answer for each name: what is wrong with one name is said of that one.
    ///
    /// # Errors
    /// [`Error::Transport`], [`Misuse::Invalid`] for more than a thousand. Of a single name: those
    /// of [`users_by_name`](Self::users_by_name).
    pub async fn find_users(&self, names: &[&str]) -> Result<Vec<Result<UserId, Error>>, Error> {
        let holders = self.find_holders(names).await?;
        let found = holders.into_iter().zip(names);
        Ok(found
            .map(|(holder, name)| match holder? {
                NamedId::User(user) => Ok(user),
                NamedId::Group(_) => Err(Misuse::UnknownName((*name).into()).into()),
            })
            .collect())
    }

    /// The users and groups that the application calls by these names, in the same order. What the
    /// server answers is checked against the tokens in their chains.
    ///
    /// # Errors
    /// [`Misuse::UnknownName`]; [`Misbehaviour::IdentityChanged`] when a name means somebody else
    /// than before: after [`confirm_identity`](Self::confirm_identity) it is accepted.
    pub async fn holders(&self, names: &[&str]) -> Result<Vec<NamedId>, Error> {
        self.find_holders(names).await?.into_iter().collect()
    }

    /// The same with an answer for each name.
    ///
    /// # Errors
    /// [`Error::Transport`], [`Misuse::Invalid`] for more than a thousand. Of a single name: those
    /// of [`holders`](Self::holders).
    pub async fn find_holders(&self, names: &[&str]) -> Result<Vec<Result<NamedId, Error>>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        if names.len() > limits::MAX_BATCH {
            return Err(Misuse::Invalid("a thousand names at most").into());
        }
        let mut found = self.look_up(inner, names).await?;
        for (name, answer) in names.iter().zip(&mut found) {
            let Ok(holder) = answer else { continue };
            let index = binding::index(&self.config.tenant, name);
            let before = match inner.names.get(&index) {
                Some(holder) => Some(*holder),
                None => self.remembered(&index).await?,
            };
            match before {
                Some(before) if before != *holder => {
                    *answer = Err(Misbehaviour::IdentityChanged.into());
                }
                Some(_) => {}
                None => self.remember(inner, &index, *holder).await?,
            }
        }
        Ok(found)
    }

    /// Whom a name meant when it was last seen.
    async fn remembered(&self, index: &FixedBytes<32>) -> Result<Option<NamedId>, Failure> {
        let Some(bytes) = self.store.read(&records::name_key(index)).await? else {
            return Ok(None);
        };
        // Before groups had names, only a user was written.
        let user = || cbor::decode::<UserId>(&bytes, limits::MAX_NAME).map(NamedId::User);
        Ok(Some(
            cbor::decode(&bytes, limits::MAX_NAME).or_else(|_| user())?,
        ))
    }

    /// A name that is to be bound to a group: its commitment and index go to the application, which
    /// signs them, and what it signed to [`bind_group`](Self::bind_group).
    ///
    /// # Errors
    /// [`Misuse::BadName`].
    pub async fn new_group_name(&self, name: &str) -> Result<GroupName, Error> {
        if !binding::is_name(name) {
            return Err(Misuse::BadName.into());
        }
        let mut inner = self.inner.lock().await;
        let tenant = self.config.tenant;
        let salt = *Secret::<32>::generate(inner.rng.as_mut())?.expose();
        Ok(GroupName {
            commitment: binding::commit(&tenant, &salt, name),
            index: binding::index(&tenant, name),
            salt: FixedBytes(salt),
        })
    }

    /// Binds a name to a group, by the token with which the application signed it. Who has the name
    /// first keeps it; binding it again changes nothing.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] unless this user is an administrator; [`Error::Rejected`] with
    /// `name_taken`.
    pub async fn bind_group(
        &self,
        group: GroupId,
        name: &GroupName,
        token: &str,
    ) -> Result<(), Error> {
        Ok(self
            .administer(group, None, &mut |composer| {
                let bound = composer.knowledge.world().group(&group);
                let bound = bound.and_then(|state| state.binding.as_ref());
                if bound.is_some_and(|bound| bound.index == name.index) {
                    return Ok(None);
                }
                let commitment = (name.commitment, name.salt);
                composer.bind_group(group, commitment, token).map(Some)
            })
            .await?)
    }

    /// Accepts that a name means somebody else than before. Ask the person first.
    ///
    /// # Errors
    /// [`Misuse::UnknownName`].
    pub async fn confirm_identity(&self, name: &str) -> Result<NamedId, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let mut found = self.look_up(inner, &[name]).await?;
        let holder = found
            .pop()
            .ok_or_else(|| Misuse::UnknownName(name.into()))??;
        let index = binding::index(&self.config.tenant, name);
        self.remember(inner, &index, holder).await?;
        Ok(holder)
    }

    async fn remember(
        &self,
        inner: &mut Inner,
        index: &FixedBytes<32>,
        holder: NamedId,
    ) -> Result<(), Failure> {
        inner.names.insert(*index, holder);
        // An identity that lives in memory leaves nothing here.
        if !inner.kept {
            return Ok(());
        }
        let mut batch = SealedBatch::default();
        self.store.put(
            &mut batch,
            records::name_key(index),
            &cbor::encode(&holder),
            inner.rng.as_mut(),
        )?;
        self.store.commit(batch).await
    }

    async fn look_up(
        &self,
        inner: &mut Inner,
        names: &[&str],
    ) -> Result<Vec<Result<NamedId, Error>>, Failure> {
        let tenant = self.config.tenant;
        let indexes = |name: &&str| binding::is_name(name).then(|| binding::index(&tenant, name));
        let indexes: Vec<_> = names.iter().map(indexes).collect();
        let request = LookupRequest {
            tenant,
            names: indexes.iter().flatten().copied().collect(),
        };
        if request.names.is_empty() {
            return Ok(names.iter().map(|_| Err(Misuse::BadName.into())).collect());
        }
        let answer = self.call_signed::<Lookup>(inner, &request).await?;
        if !answer.found.is_empty() {
            let chains = answer.found.iter().map(|found| found.holder.into());
            self.learn(inner, chains, true).await?;
        }
        let held = |name: &str, index: &Option<FixedBytes<32>>| {
            let index = index.as_ref().ok_or(Misuse::BadName)?;
            let found = answer
                .found
                .iter()
                .find(|found| found.name == *index)
                .ok_or_else(|| Misuse::UnknownName(name.into()))?;
            check_binding(inner, found.holder, name, &found.salt, index)?;
            Ok(found.holder)
        };
        let each = names.iter().zip(&indexes);
        Ok(each.map(|(name, index)| held(name, index)).collect())
    }
}

/// A name that is to be bound to a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GroupName {
    /// Salted commitment to it, which stands in the group's chain.
    pub commitment: FixedBytes<32>,
    /// What the key server finds the group by.
    pub index: FixedBytes<32>,
    /// What opens the commitment, for the key server alone.
    pub salt: FixedBytes<32>,
}

/// Checks that the tenant signed that `name` means `holder`.
pub(crate) fn check_binding(
    inner: &Inner,
    holder: NamedId,
    name: &str,
    salt: &FixedBytes<32>,
    index: &FixedBytes<32>,
) -> Result<(), Failure> {
    let world = inner.knowledge.world();
    let refused = || Error::from(Misbehaviour::BadBinding(TokenError::WrongSubject));
    let tenant = world.tenant().ok_or_else(refused)?;
    let bound = match holder {
        NamedId::User(id) => world.user(&id).and_then(|state| state.binding.as_ref()),
        NamedId::Group(id) => world.group(&id).and_then(|state| state.binding.as_ref()),
    };
    let bound = bound.ok_or_else(refused)?;
    let committed = binding::commit(&tenant.id, &salt.0, name);
    // The fold has verified the token, by a key that was in force when the name was bound.
    if committed == bound.commitment && *index == bound.index {
        Ok(())
    } else {
        Err(refused().into())
    }
}
