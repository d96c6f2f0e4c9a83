//! Sign-up: keys first, then the application's token that binds a name to them.

use wardseal_client_core::{
    Error, Failure, Misuse,
    api::{
        ProblemCode,
        keys::{SignUp as SignUpEndpoint, SignUpRequest},
    },
    compose,
    crypto::secret::Secret,
    identity::{DeviceSecrets, Identity},
    protocol::{binding, cbor, keys::DeviceKind, ring::Seed, state::World, statement::Statement},
    types::{Base64Url, FixedBytes, UserId},
};

use crate::{
    client::{Client, Inner},
    learn::append_request,
    ports::{StateStore, Transport},
    records::{self, PendingRecord, SealedBatch},
};

/// What the application has to sign so that a name means the new user: it checks in its own way
/// that the person in front of it has this name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignUp {
    /// The new user.
    pub user: UserId,
    /// The name.
    pub name: String,
    /// Salted commitment to the name: `cmt` of the token.
    pub commitment: FixedBytes<32>,
    /// Index of the name: `idx` of the token.
    pub index: FixedBytes<32>,
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Draws the keys of a new user. They are kept at once, so that a sign-up that is interrupted
    /// goes on where it was; asking again for the same name gives the same user.
    ///
    /// # Errors
    /// [`Misuse::IdentityExists`], [`Misuse::BadName`], [`Error::Store`].
    pub async fn begin_sign_up(&self, name: &str) -> Result<SignUp, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        if inner.speaker().is_ok() {
            return Err(Misuse::IdentityExists.into());
        }
        if !binding::is_name(name) {
            return Err(Misuse::BadName.into());
        }
        let tenant = self.config.tenant;
        if let Some(pending) = self.pending().await?
            && pending.name == name
        {
            return Ok(self.sign_up_of(&pending));
        }
        let rng = inner.rng.as_mut();
        let device = DeviceSecrets::generate(DeviceKind::Ordinary, rng)?;
        let (user, genesis, seed) = compose::found_user(tenant, &device, self.clock.now(), rng)?;
        let salt = Secret::<32>::generate(rng)?;
        let identity = Identity {
            tenant,
            user,
            device,
        };
        let pending = PendingRecord {
            identity: identity.to_secret_bytes().as_slice().into(),
            genesis: genesis.bytes().into(),
            seed: FixedBytes(*seed.secret().expose()),
            name: name.into(),
            salt: FixedBytes(*salt.expose()),
            user,
        };
        let mut batch = SealedBatch::default();
        let bytes = zeroize::Zeroizing::new(cbor::encode(&pending));
        self.store
            .put(&mut batch, records::PENDING.into(), &bytes, rng)?;
        self.store.commit(batch).await?;
        Ok(self.sign_up_of(&pending))
    }

    /// Registers the user with the application's token.
    ///
    /// # Errors
    /// [`Misuse::NoPendingSignUp`]; [`Error::Rejected`] when the server refuses the token. The
    /// sign-up stays pending, so another token can be tried.
    pub async fn finish_sign_up(&self, token: &str) -> Result<UserId, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        if inner.speaker().is_ok() {
            return Err(Misuse::IdentityExists.into());
        }
        let pending = self.pending().await?.ok_or(Misuse::NoPendingSignUp)?;
        self.learn_tenant(inner).await?;
        let identity = Identity::from_secret_bytes(pending.identity.as_slice())?;
        let tenant = self.config.tenant;
        let commitment = binding::commit(&tenant, &pending.salt.0, &pending.name);
        let draft = compose::bind_user(
            tenant,
            &identity.device,
            Statement::decode(pending.genesis.as_slice())?,
            Seed::from_secret(Secret::from_bytes(pending.seed.0)),
            (commitment, token),
            self.clock.now(),
            inner.rng.as_mut(),
        )?;
        let request = SignUpRequest {
            append: append_request(tenant, &draft, inner.knowledge.log_size()),
            salt: pending.salt,
        };
        let user = identity.user;
        let appended = match self.call::<SignUpEndpoint>(&request).await {
            Ok(appended) => appended,
            Err(error) if error.problem() == Some(ProblemCode::StaleStatement) => {
                // An earlier attempt may have gone through, with its answer lost.
                return match self.resume_sign_up(inner, identity, &pending).await {
                    Ok(()) => Ok(user),
                    Err(_) => Err(error.into()),
                };
            }
            Err(error) => return Err(error.into()),
        };
        inner.identity = Some(identity);
        inner.kept = true;
        let kept = match self.take_in(inner, draft, &appended).await {
            Ok(()) => self.keep_identity(inner).await,
            Err(error) => Err(error),
        };
        if let Err(error) = kept {
            inner.identity = None;
            inner.kept = false;
            return Err(error.into());
        }
        Ok(user)
    }

    /// Takes up a sign-up that the server has completed already: the chain shows it, since nobody
    /// else could have made it.
    async fn resume_sign_up(
        &self,
        inner: &mut Inner,
        identity: Identity,
        pending: &PendingRecord,
    ) -> Result<(), Failure> {
        let user = identity.user;
        inner.identity = Some(identity);
        let learned = self.learn(inner, [user.into()], true).await;
        let bound = inner
            .knowledge
            .world()
            .user(&user)
            .and_then(|state| state.binding.as_ref())
            .is_some_and(|bound| bound.index == binding::index(&self.config.tenant, &pending.name));
        let kept = match learned {
            Ok(()) if bound => self.keep_identity(inner).await,
            Ok(()) => Err(Misuse::NotFound(user.into()).into()),
            Err(error) => Err(error),
        };
        if let Err(error) = kept {
            inner.identity = None;
            inner.token = None;
            inner.kept = false;
            return Err(error);
        }
        Ok(())
    }

    async fn pending(&self) -> Result<Option<PendingRecord>, Failure> {
        self.store.load(records::PENDING).await
    }

    fn sign_up_of(&self, pending: &PendingRecord) -> SignUp {
        let tenant = self.config.tenant;
        SignUp {
            user: pending.user,
            name: pending.name.clone(),
            commitment: binding::commit(&tenant, &pending.salt.0, &pending.name),
            index: binding::index(&tenant, &pending.name),
        }
    }

    /// Writes the identity, in the same batch in which a pending sign-up ends, and then what is
    /// known.
    pub(crate) async fn keep_identity(&self, inner: &mut Inner) -> Result<(), Failure> {
        let bytes = inner.identity()?.to_secret_bytes();
        self.keep(inner, records::IDENTITY, &bytes).await
    }

    /// Writes who somebody is here in this record.
    pub(crate) async fn keep(
        &self,
        inner: &mut Inner,
        record: &str,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        let mut batch = SealedBatch::default();
        self.store
            .put(&mut batch, record.into(), bytes, inner.rng.as_mut())?;
        let others = [records::DAY, records::PENDING, records::PENDING_DEVICE];
        for other in others.into_iter().filter(|other| *other != record) {
            batch.delete(other.into());
        }
        // What an unlocked identity kept in memory only.
        if let Some(audience) = &inner.audience {
            let bytes = cbor::encode(audience);
            let key = records::AUDIENCE.into();
            self.store
                .put(&mut batch, key, &bytes, inner.rng.as_mut())?;
        }
        for (index, user) in inner.names.iter() {
            let bytes = cbor::encode(user);
            let key = records::name_key(index);
            self.store
                .put(&mut batch, key, &bytes, inner.rng.as_mut())?;
        }
        self.store.commit(batch).await?;
        inner.kept = true;
        let chains: Vec<_> = inner.chains.keys().copied().collect();
        let rings = inner.asked.keys().copied().collect();
        self.persist(inner, &chains, &rings).await
    }
}

/// Text that a person can hand over: what the application signs for a sign-up.
impl SignUp {
    /// The index as text.
    #[must_use]
    pub fn index_text(&self) -> String {
        Base64Url::from(self.index.0.as_slice()).to_text()
    }
}
