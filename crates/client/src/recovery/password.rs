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
            RegisterStart, RegisterStartRequest, StoreRecord,
        },
    },
    crypto::{kdf, secret::Secret},
    protocol::{
        binding,
        keys::DeviceKind,
        op::{Method, VaultRecord},
        state::World,
        vault::Access,
    },
    recovery::{open_identity, seal_identity},
    types::FixedBytes,
};

use super::{Prepared, store_request};
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
pub struct StoredPassword(Prepared);

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
        Ok(NewPassword {
            record: Self::draw_record(inner)?,
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
        let user = inner.identity()?.user;
        self.learn(inner, [user.into()], true).await?;
        let roaming = self.draw(inner, DeviceKind::Password)?;
        let record = password.record;
        let key = identity_key(&record, registered.export_key);
        let sealed = seal_identity(&key, &record, &roaming, inner.rng.as_mut())?;
        let access = Access::Opaque(registered.upload.into());
        let request = store_request(inner, record, &access, sealed)?;
        self.call::<StoreRecord>(&request).await?;
        let method = Method::Password(VaultRecord {
            record,
            vault_key: FixedBytes(registered.vault_key),
            oprf_key: FixedBytes(registered.oprf_key),
        });
        Ok(StoredPassword(Prepared { roaming, method }))
    }

    /// Enters a stored password into our chain, in place of the one before. One statement decides
    /// which record is live, so exactly one password works at every instant. Whoever is here by a
    /// method that only recovers, has thereby recovered, and is here by the password from now on.
    ///
    /// # Errors
    /// [`Error::Rejected`], [`Error::Transport`]: the password before still works then, unless the
    /// answer alone was lost.
    pub async fn adopt_password(&self, stored: StoredPassword) -> Result<(), Error> {
        let mut inner = self.inner.lock().await;
        self.adopt(&mut inner, stored.0).await?;
        Ok(())
    }

    /// The [`password_account`](Self::password_account) of whoever is here: for who gives the
    /// password once more.
    ///
    /// # Errors
    /// [`Misuse::NoIdentity`]; [`Misuse::NoPassword`] for somebody without a name.
    pub async fn own_password_account(&self) -> Result<FixedBytes<32>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let user = inner.speaker()?.user;
        self.learn(inner, [user.into()], true).await?;
        let state = inner.knowledge.world().user(&user);
        let bound = state.and_then(|state| state.binding.as_ref());
        Ok(bound.ok_or(Misuse::NoPassword)?.index)
    }

    /// Has the key server evaluate a blinded password for the live record of a name.
    ///
    /// # Errors
    /// [`Misuse::BadName`]; [`Error::Rejected`] with `too_many_attempts`.
    pub async fn evaluate_password(&self, name: &str, blinded: &[u8]) -> Result<Evaluated, Error> {
        if !binding::is_name(name) {
            return Err(Misuse::BadName.into());
        }
        self.evaluate_account(self.password_account(name), blinded)
            .await
    }

    /// The same for an account.
    ///
    /// # Errors
    /// [`Error::Rejected`] with `too_many_attempts`.
    pub async fn evaluate_account(
        &self,
        account: FixedBytes<32>,
        blinded: &[u8],
    ) -> Result<Evaluated, Error> {
        Ok(self
            .call::<Evaluate>(&EvaluateRequest {
                tenant: self.config.tenant,
                name: account,
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
        Ok(self
            .open_released(&mut inner, Some(name), &unlocked)
            .await?)
    }

    /// Holds the device of whoever is kept here for the day, for five minutes or until
    /// [`step_down`](Self::step_down): what the key of the day may not say is then said by it.
    ///
    /// # Errors
    /// [`Misuse::NoIdentity`] when nobody is kept for the day; [`Misuse::IdentityExists`] when it is
    /// somebody else's password; otherwise as [`unlock`](Self::unlock).
    pub async fn step_up(&self, unlocked: UnlockedIdentity<'_>) -> Result<Profile, Error> {
        let mut inner = self.inner.lock().await;
        if inner.day.is_none() {
            return Err(Misuse::NoIdentity.into());
        }
        Ok(self.open_released(&mut inner, None, &unlocked).await?)
    }

    async fn open_released(
        &self,
        inner: &mut Inner,
        name: Option<&str>,
        unlocked: &UnlockedIdentity<'_>,
    ) -> Result<Profile, Failure> {
        inner.refuse_identity()?;
        let record = unlocked.record;
        let damaged = || Failure::from(Misbehaviour::BadAnswer);
        let key = identity_key(&record, unlocked.export_key);
        let identity = open_identity(&key, &self.config.tenant, &record, unlocked.sealed)
            .map_err(|_| damaged())?;
        if identity.device.keys().kind != DeviceKind::Password {
            return Err(damaged());
        }
        let expected = VaultRecord {
            record,
            vault_key: FixedBytes(unlocked.vault_key),
            oprf_key: FixedBytes(unlocked.oprf_key),
        };
        self.enter(inner, identity, name, &record, Some(&expected))
            .await
    }
}

fn identity_key(record: &FixedBytes<32>, export_key: &[u8; 64]) -> Secret<32> {
    kdf::extract(record.as_array(), &[export_key])
}
