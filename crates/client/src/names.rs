//! Names: whom the application means, as the tenant signed it.

use wardseal_client_core::{
    Error, Failure, Misbehaviour, Misuse,
    api::keys::{Lookup, LookupRequest},
    protocol::{
        binding::{self, TokenError},
        cbor,
        state::World,
    },
    types::{FixedBytes, UserId},
};

use crate::{
    client::{Client, Inner},
    ports::{StateStore, Transport},
    records::{self, SealedBatch},
};

impl<T: Transport, S: StateStore> Client<T, S> {
    /// The users whom the application calls by these names, in the same order. What the server
    /// answers is checked against the tokens in the users' chains.
    ///
    /// # Errors
    /// [`Misuse::UnknownName`]; [`Misbehaviour::IdentityChanged`] when a name means another user
    /// than before: after [`confirm_identity`](Self::confirm_identity) it is accepted.
    pub async fn users_by_name(&self, names: &[&str]) -> Result<Vec<UserId>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let found = self.look_up(inner, names).await?;
        for (name, user) in names.iter().zip(&found) {
            let index = binding::index(&self.config.tenant, name);
            let before = match inner.names.get(&index) {
                Some(user) => Some(*user),
                None => self.store.load(&records::name_key(&index)).await?,
            };
            match before {
                Some(before) if before != *user => {
                    return Err(Misbehaviour::IdentityChanged.into());
                }
                Some(_) => {}
                None => self.remember(inner, &index, *user).await?,
            }
        }
        Ok(found)
    }

    /// Accepts that a name means another user than before. Ask the person first.
    ///
    /// # Errors
    /// [`Misuse::UnknownName`].
    pub async fn confirm_identity(&self, name: &str) -> Result<UserId, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let found = self.look_up(inner, &[name]).await?;
        let user = found
            .first()
            .copied()
            .ok_or_else(|| Misuse::UnknownName(name.into()))?;
        let index = binding::index(&self.config.tenant, name);
        self.remember(inner, &index, user).await?;
        Ok(user)
    }

    async fn remember(
        &self,
        inner: &mut Inner,
        index: &FixedBytes<32>,
        user: UserId,
    ) -> Result<(), Failure> {
        inner.names.insert(*index, user);
        // An identity that lives in memory leaves nothing here.
        if !inner.kept {
            return Ok(());
        }
        let mut batch = SealedBatch::default();
        self.store.put(
            &mut batch,
            records::name_key(index),
            &cbor::encode(&user),
            inner.rng.as_mut(),
        )?;
        self.store.commit(batch).await
    }

    async fn look_up(&self, inner: &mut Inner, names: &[&str]) -> Result<Vec<UserId>, Failure> {
        if names.iter().any(|name| !binding::is_name(name)) {
            return Err(Misuse::BadName.into());
        }
        let tenant = self.config.tenant;
        let request = LookupRequest {
            tenant,
            names: names
                .iter()
                .map(|name| binding::index(&tenant, name))
                .collect(),
        };
        let answer = self.call_signed::<Lookup>(inner, &request).await?;
        if !answer.found.is_empty() {
            let chains = answer.found.iter().map(|found| found.user.into());
            self.learn(inner, chains, true).await?;
        }
        names
            .iter()
            .zip(&request.names)
            .map(|(name, index)| {
                let found = answer
                    .found
                    .iter()
                    .find(|found| found.name == *index)
                    .ok_or_else(|| Misuse::UnknownName((*name).into()))?;
                check_binding(inner, found.user, name, &found.salt, index)?;
                Ok(found.user)
            })
            .collect()
    }
}

/// Checks that the tenant signed that `name` means `user`.
pub(crate) fn check_binding(
    inner: &Inner,
    user: UserId,
    name: &str,
    salt: &FixedBytes<32>,
    index: &FixedBytes<32>,
) -> Result<(), Failure> {
    let world = inner.knowledge.world();
    let refused = || Error::from(Misbehaviour::BadBinding(TokenError::WrongSubject));
    let tenant = world.tenant().ok_or_else(refused)?;
    let state = world.user(&user).ok_or_else(refused)?;
    let bound = state.binding.as_ref().ok_or_else(refused)?;
    let committed = binding::commit(&tenant.id, &salt.0, name);
    // The fold has verified the token, by a key that was in force when the name was bound.
    if committed == bound.commitment && *index == bound.index {
        Ok(())
    } else {
        Err(refused().into())
    }
}
