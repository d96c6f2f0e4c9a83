//! The password: a recovery method that opens this user from any machine.
//!
//! The cryptography of passwords stands apart (`wardseal-password`), because a page loads it only
//! when somebody types one. So this module has the steps around it: what goes to which server, and
//! what is checked of the answers. `wardseal-client-password` puts them together natively, the SDK
//! does in a page.

use wardseal_client_core::{
    Error, Failure, Misbehaviour, Misuse,
    api::{
        ProblemCode,
        keys::{Evaluate, EvaluateNew, EvaluateNewRequest, EvaluateRequest, Evaluated},
        vault::{
            LoginFinish, LoginFinishRequest, LoginStart, LoginStartRequest, LoginStarted,
            RegisterStart, RegisterStartRequest, StoreRecord, StoreRecordRequest,
        },
    },
    crypto::{chunked, kdf, label, secret::Secret},
    identity::{DeviceSecrets, Identity},
    protocol::{
        binding, cbor,
        keys::DeviceKind,
        op::{Method, VaultRecord},
        state::World,
        vault::{Access, record_message},
    },
    types::{Base64Url, ChainId, FixedBytes, RingId, TenantId, UserId},
};

use crate::{
    client::{Client, Inner, Profile},
    ports::{StateStore, Transport},
};

/// A password that is being set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NewPassword {
    /// Name of its record at the vault, drawn at random.
    pub record: FixedBytes<32>,
    /// What enters the blinded input beside the password: the account of
    /// [`Client::password_account`].
    pub account: FixedBytes<32>,
}

/// A password whose record lies at the vault and is not live yet.
#[derive(Debug)]
pub struct StoredPassword {
    roaming: Identity,
    vault: VaultRecord,
}

/// What OPAQUE gave at the end of a registration.
#[derive(Debug)]
pub struct PasswordUpload<'a> {
    /// Registration upload, for the vault.
    pub upload: &'a [u8],
    /// Export key: 64 bytes that only the password gives.
    pub export_key: &'a [u8; 64],
    /// OPAQUE public key of the vault.
    pub vault_key: [u8; 32],
    /// Public key of the key server's evaluation.
    pub oprf_key: [u8; 32],
}

/// What OPAQUE gave at the end of a login, and what the vault released.
#[derive(Debug)]
pub struct UnlockedIdentity<'a> {
    /// Name of the record.
    pub record: FixedBytes<32>,
    /// What the vault released.
    pub sealed: &'a [u8],
    /// Export key: 64 bytes that only the password gives.
    pub export_key: &'a [u8; 64],
    /// OPAQUE public key of the vault.
    pub vault_key: [u8; 32],
    /// Public key of the key server's evaluation.
    pub oprf_key: [u8; 32],
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// What enters the blinded input of the key server's evaluation beside the password, for the
    /// person whom the application calls so. It is known before the server says anything, and the
    /// same when the password is set and when it is typed.
    #[must_use]
    pub fn password_account(&self, name: &str) -> FixedBytes<32> {
        binding::index(&self.config.tenant, name)
    }

    /// Begins to set a password.
    ///
    /// # Errors
    /// [`Misuse::NoIdentity`], [`Error::Transport`].
    pub async fn new_password(&self) -> Result<NewPassword, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let user = inner.identity()?.user;
        self.learn(inner, [user.into()], true).await?;
        let bound = inner
            .knowledge
            .world()
            .user(&user)
            .and_then(|state| state.binding.as_ref())
            .ok_or_else(|| Misuse::NotFound(user.into()))?;
        let account = bound.index;
        let record = Secret::<32>::generate(inner.rng.as_mut())?;
        Ok(NewPassword {
            record: FixedBytes(*record.expose()),
            account,
        })
    }

    /// Has the key server evaluate a blinded new password.
    ///
    /// # Errors
    /// [`Error::Rejected`] with `too_many_attempts`.
    pub async fn evaluate_new_password(
        &self,
        password: NewPassword,
        blinded: &[u8],
    ) -> Result<Evaluated, Error> {
        let mut inner = self.inner.lock().await;
        let request = EvaluateNewRequest {
            tenant: self.config.tenant,
            record: password.record,
            blinded: blinded.into(),
        };
        Ok(self
            .call_signed::<EvaluateNew>(&mut inner, &request)
            .await?)
    }

    /// Has the vault answer a registration request.
    ///
    /// # Errors
    /// [`Error::Transport`], [`Error::Rejected`].
    pub async fn register_password(
        &self,
        password: NewPassword,
        request: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let started = self
            .call::<RegisterStart>(&RegisterStartRequest {
                record: password.record,
                request: request.into(),
            })
            .await?;
        Ok(started.response.0)
    }

    /// Draws a password device and leaves its keys at the vault, sealed. The password before stays
    /// the one that works until [`adopt_password`](Self::adopt_password); in between, log in to the
    /// new record, since a registration proves nothing about the vault's answer.
    ///
    /// # Errors
    /// [`Error::Rejected`], [`Error::Transport`].
    pub async fn store_password(
        &self,
        password: NewPassword,
        registered: PasswordUpload<'_>,
    ) -> Result<StoredPassword, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let tenant = self.config.tenant;
        let user = inner.identity()?.user;
        self.learn(inner, [user.into()], true).await?;
        let device = DeviceSecrets::generate(DeviceKind::Password, inner.rng.as_mut())?;
        let roaming = Identity {
            tenant,
            user,
            device,
        };
        let sealed = chunked::seal(
            &identity_key(&password.record, registered.export_key),
            label::VAULT_IDENTITY,
            &identity_context(&tenant, &password.record),
            &roaming.to_secret_bytes(),
            inner.rng.as_mut(),
        )?;
        let request = store_request(inner, tenant, user, password, &registered, sealed)?;
        self.call::<StoreRecord>(&request).await?;
        Ok(StoredPassword {
            roaming,
            vault: VaultRecord {
                record: password.record,
                vault_key: FixedBytes(registered.vault_key),
                oprf_key: FixedBytes(registered.oprf_key),
            },
        })
    }

    /// Enters a stored password into our chain, in place of the one before. One statement decides
    /// which record is live, so exactly one password works at every instant.
    ///
    /// # Errors
    /// [`Error::Rejected`], [`Error::Transport`]: the password before still works then, unless the
    /// answer alone was lost.
    pub async fn adopt_password(&self, stored: StoredPassword) -> Result<(), Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let user = inner.identity()?.user;
        let StoredPassword { roaming, vault } = stored;
        self.learn(inner, [user.into()], true).await?;
        self.newest_seed(inner, RingId::User(user)).await?;
        self.change(inner, &[ChainId::User(user)], &mut |composer| {
            let state = composer.knowledge.world().user(&user);
            let before = state.and_then(|state| state.password().map(|(device, _)| device));
            let method = Method::Password(vault.clone());
            composer
                .set_recovery(&roaming.device, method, before)
                .map(Some)
        })
        .await?;
        // Whoever is unlocked with the password before is now unlocked with this one.
        if !inner.kept && inner.identity()?.device.keys().kind == DeviceKind::Password {
            inner.identity = Some(roaming);
            inner.token = None;
        }
        Ok(())
    }

    /// Has the key server evaluate a blinded password for the live record of a name.
    ///
    /// # Errors
    /// [`Error::Rejected`] with `too_many_attempts`.
    pub async fn evaluate_password(&self, name: &str, blinded: &[u8]) -> Result<Evaluated, Error> {
        if !binding::is_name(name) {
            return Err(Misuse::BadName.into());
        }
        let tenant = self.config.tenant;
        Ok(self
            .call::<Evaluate>(&EvaluateRequest {
                tenant,
                name: binding::index(&tenant, name),
                blinded: blinded.into(),
            })
            .await?)
    }

    /// Has the vault answer the first message of a login.
    ///
    /// # Errors
    /// [`Error::Rejected`] with `too_many_attempts`.
    pub async fn begin_unlock(
        &self,
        record: FixedBytes<32>,
        ke1: &[u8],
    ) -> Result<LoginStarted, Error> {
        Ok(self
            .call::<LoginStart>(&LoginStartRequest {
                record,
                ke1: ke1.into(),
            })
            .await?)
    }

    /// Has the vault release a record for the last message of a login.
    ///
    /// # Errors
    /// [`Misuse::WrongPassword`].
    pub async fn finish_unlock(&self, login: FixedBytes<32>, ke3: &[u8]) -> Result<Vec<u8>, Error> {
        let answer = self
            .call::<LoginFinish>(&LoginFinishRequest {
                login,
                ke3: ke3.into(),
            })
            .await;
        match answer {
            Ok(released) => Ok(released.sealed.0),
            Err(error) if error.problem() == Some(ProblemCode::LoginRefused) => {
                Err(Misuse::WrongPassword.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Opens the released identity. It lives in memory only: nothing is written to this machine
    /// until [`trust_this_machine`](Self::trust_this_machine).
    ///
    /// What the servers said is checked against the user's chain: that this device is in force, and
    /// that the record, the vault and the evaluation are those that the chain names.
    ///
    /// # Errors
    /// [`Misuse::IdentityExists`]; [`Error::Misbehaved`] when the record is damaged, or not the live
    /// one of the user who has this name.
    pub async fn unlock(
        &self,
        name: &str,
        unlocked: UnlockedIdentity<'_>,
    ) -> Result<Profile, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        if inner.identity.is_some() {
            return Err(Misuse::IdentityExists.into());
        }
        let tenant = self.config.tenant;
        let damaged = || Error::from(Misbehaviour::BadAnswer);
        let opened = chunked::open(
            &identity_key(&unlocked.record, unlocked.export_key),
            label::VAULT_IDENTITY,
            &identity_context(&tenant, &unlocked.record),
            unlocked.sealed,
        )
        .map_err(|_| damaged())?;
        let identity = Identity::from_secret_bytes(opened.expose())?;
        if identity.tenant != tenant || identity.device.keys().kind != DeviceKind::Password {
            return Err(damaged());
        }
        let profile = Profile {
            tenant,
            user: identity.user,
            device: identity.device.id(),
        };
        inner.identity = Some(identity);
        inner.kept = false;
        match self.check_unlocked(inner, name, &unlocked, profile).await {
            Ok(()) => Ok(profile),
            Err(error) => {
                inner.identity = None;
                inner.token = None;
                Err(error.into())
            }
        }
    }

    async fn check_unlocked(
        &self,
        inner: &mut Inner,
        name: &str,
        unlocked: &UnlockedIdentity<'_>,
        profile: Profile,
    ) -> Result<(), Failure> {
        self.learn(inner, [profile.user.into()], true).await?;
        let expected = VaultRecord {
            record: unlocked.record,
            vault_key: FixedBytes(unlocked.vault_key),
            oprf_key: FixedBytes(unlocked.oprf_key),
        };
        let world = inner.knowledge.world();
        let live = world
            .user(&profile.user)
            .and_then(|state| state.password())
            .is_some_and(|(device, record)| device == profile.device && *record == expected);
        let named = world
            .user(&profile.user)
            .and_then(|state| state.binding.as_ref())
            .is_some_and(|bound| bound.index == binding::index(&profile.tenant, name));
        if live && named {
            Ok(())
        } else {
            Err(Misbehaviour::IdentityChanged.into())
        }
    }
}

fn identity_key(record: &FixedBytes<32>, export_key: &[u8; 64]) -> Secret<32> {
    kdf::extract(record.as_array(), &[export_key])
}

fn identity_context(tenant: &TenantId, record: &FixedBytes<32>) -> Vec<u8> {
    cbor::encode(&(wardseal_client_core::crypto::SUITE, *tenant, *record))
}

fn store_request(
    inner: &Inner,
    tenant: TenantId,
    user: UserId,
    password: NewPassword,
    registered: &PasswordUpload<'_>,
    sealed: Vec<u8>,
) -> Result<StoreRecordRequest, Failure> {
    let identity = inner.identity()?;
    let access = Access::Opaque(registered.upload.into()).to_bytes();
    let message = record_message(&tenant, &user, &password.record, &access, &sealed);
    let signature = identity
        .device
        .signer()
        .ed25519()
        .sign(label::RECORD_SIGNATURE, &message);
    let statements = |chain: ChainId| -> Vec<Base64Url> {
        inner
            .chains
            .get(&chain)
            .map(|record| {
                record
                    .entries
                    .iter()
                    .map(|(statement, _)| statement.clone())
                    .collect()
            })
            .unwrap_or_default()
    };
    Ok(StoreRecordRequest {
        tenant,
        user,
        device: identity.device.id(),
        record: password.record,
        access: access.into(),
        sealed: sealed.into(),
        tenant_chain: statements(tenant.into()),
        user_chain: statements(user.into()),
        signature: FixedBytes(*signature.as_bytes()),
    })
}
