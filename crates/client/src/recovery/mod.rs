//! Recovery methods: devices of a person whose keys lie at the vault, each sealed in its own way.
//!
//! Every method is set by the same steps. Its keys are drawn, stored at the vault and tried there;
//! then one statement names them in our chain, in place of those before. Until that statement the
//! method before is the one that works, after it the new one; what is cut off in between leaves a
//! record at the vault that nobody names.

mod drill;
mod located;
mod organisation;
mod password;
mod two_man;
mod under_way;

use wardseal_client_core::{
    Error, Failure, Misbehaviour, Misuse,
    api::vault::{AskVault, StoreRecordRequest, VaultAnswer, VaultRequest},
    crypto::label,
    identity::{DeviceSecrets, Identity},
    protocol::{
        binding,
        keys::DeviceKind,
        op::{Method, Op, VaultRecord},
        state::{NOW, UserState, World},
        statement::{Author, Statement},
        vault::{Access, Action, record_message, request_message},
    },
    types::{Base64Url, ChainId, DeviceId, FixedBytes, RingId, Timestamp, UserId},
};

use crate::{
    client::{Client, Inner, Profile},
    ports::{StateStore, Transport},
};

pub use drill::{MethodCheck, MethodState};
pub use organisation::HelpAnswer;
pub use password::{NewPassword, PasswordUpload, StoredPassword, UnlockedIdentity};
pub use two_man::{MailSettings, PreparedMail};
pub use under_way::{MailProgress, UnderWay};

/// A recovery method in force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecoveryMethod {
    /// The device whose keys it keeps.
    pub device: DeviceId,
    /// How it keeps them.
    pub method: Method,
}

/// A recovery that happened: by its method, somebody came back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RecoveryEvent {
    /// The device of the method.
    pub device: DeviceId,
    /// Its kind.
    pub kind: DeviceKind,
    /// By the clock of whoever recovered.
    pub time: Timestamp,
    /// The device that entered: a new password, or a machine.
    pub entered: DeviceId,
}

/// A recovery by mail that waits for its delay.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WaitingRecovery {
    /// Names it.
    pub attempt: FixedBytes<32>,
    /// When its code was typed.
    pub started: Timestamp,
    /// When it is released.
    pub ready: Timestamp,
}

/// A device whose keys lie at the vault, and which our chain does not name yet.
#[derive(Debug)]
pub(crate) struct Prepared {
    roaming: Identity,
    method: Method,
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// The recovery methods of our own user, the password among them.
    ///
    /// # Errors
    /// [`Misuse::NoIdentity`], [`Error::Transport`].
    pub async fn recovery_methods(&self) -> Result<Vec<RecoveryMethod>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let user = inner.speaker()?.user;
        self.learn(inner, [user.into()], true).await?;
        Ok(methods(inner, &user))
    }

    /// Every recovery of our own user, in the order in which they happened.
    ///
    /// # Errors
    /// [`Misuse::NoIdentity`], [`Error::Transport`].
    pub async fn recovery_events(&self) -> Result<Vec<RecoveryEvent>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let user = inner.speaker()?.user;
        self.learn(inner, [user.into()], true).await?;
        Ok(events(inner, user)?)
    }

    /// Removes a recovery method: from our chain, and then its record from the vault.
    ///
    /// # Errors
    /// [`Misuse::Invalid`] for a device that is no recovery method, or by which we are here.
    pub async fn remove_recovery(&self, device: DeviceId) -> Result<(), Error> {
        let record = {
            let mut inner = self.inner.lock().await;
            let inner = &mut *inner;
            let user = inner.identity()?.user;
            self.learn(inner, [user.into()], true).await?;
            let known = methods(inner, &user);
            let found = known.iter().find(|method| method.device == device);
            *found
                .ok_or(Misuse::Invalid("this is no recovery method of yours"))?
                .method
                .record()
        };
        self.revoke_devices(&[device]).await?;
        let mut inner = self.inner.lock().await;
        self.retire(&mut inner, record).await;
        Ok(())
    }

    /// Recoveries by mail of our own user that wait for their delay.
    ///
    /// # Errors
    /// [`Misuse::NoIdentity`], [`Error::Transport`].
    pub async fn waiting_recoveries(&self) -> Result<Vec<WaitingRecovery>, Error> {
        let mut inner = self.inner.lock().await;
        Ok(waiting(&self.ask_vault(&mut inner, &Action::List).await?))
    }

    /// Stops a recovery by mail that waits for its delay.
    ///
    /// # Errors
    /// [`Error::Rejected`] with `not_found` when it does not wait any more.
    pub async fn veto_recovery(&self, attempt: FixedBytes<32>) -> Result<(), Error> {
        let mut inner = self.inner.lock().await;
        self.ask_vault(&mut inner, &Action::Veto(attempt)).await?;
        Ok(())
    }

    /// Draws the keys of a new recovery device of our own user.
    fn draw(&self, inner: &mut Inner, kind: DeviceKind) -> Result<Identity, Failure> {
        Ok(Identity {
            tenant: self.config.tenant,
            user: inner.identity()?.user,
            device: DeviceSecrets::generate(kind, inner.rng.as_mut())?,
        })
    }

    /// Draws the name of a record.
    fn draw_record(inner: &mut Inner) -> Result<FixedBytes<32>, Failure> {
        let drawn =
            wardseal_client_core::crypto::secret::Secret::<32>::generate(inner.rng.as_mut());
        Ok(FixedBytes(*drawn?.expose()))
    }

    /// Asks the vault for something by our device's signature.
    async fn ask_vault(&self, inner: &mut Inner, action: &Action) -> Result<VaultAnswer, Failure> {
        let user = inner.identity()?.user;
        self.learn(inner, [user.into()], true).await?;
        // Clocks of shared machines are often wrong, and the vault's own is what it compares with.
        let time = self.vault().await.map_err(Failure::new)?.time;
        let identity = inner.identity()?;
        let (tenant, device) = (identity.tenant, identity.device.id());
        let message = request_message(&tenant, &user, &device, time, action);
        let signer = identity.device.signer().ed25519();
        let signature = signer.sign(label::VAULT_REQUEST, &message);
        let request = VaultRequest {
            tenant,
            user,
            device,
            time,
            tenant_chain: statements(inner, tenant.into()),
            user_chain: statements(inner, user.into()),
            action: action.to_bytes().into(),
            signature: FixedBytes(*signature.as_bytes()),
        };
        self.call::<AskVault>(&request).await
    }

    /// Deletes a record that our chain does not name any more. If that fails, the drill does it
    /// later: nothing opens by a record that no chain names.
    async fn retire(&self, inner: &mut Inner, record: FixedBytes<32>) {
        let _ = self.ask_vault(inner, &Action::Delete(record)).await;
    }

    /// Names a prepared device in our chain, in place of the one of its kind if there may be one
    /// only. Whoever is here by a method that only recovers has thereby recovered.
    async fn adopt(&self, inner: &mut Inner, prepared: Prepared) -> Result<DeviceId, Failure> {
        let Prepared { roaming, method } = prepared;
        let (user, id, kind) = (roaming.user, roaming.device.id(), method.kind());
        self.learn(inner, [user.into()], true).await?;
        self.newest_seed(inner, RingId::User(user)).await?;
        let here = inner.identity()?.device.keys().kind;
        let retired = inner
            .knowledge
            .world()
            .user(&user)
            .and_then(|state| replaced(state, kind))
            .map(|(_, method)| *method.record());
        self.change(inner, &[ChainId::User(user)], &mut |composer| {
            let state = composer.knowledge.world().user(&user);
            if state.is_some_and(|state| state.device_at(&id, NOW).is_some()) {
                return Ok(None);
            }
            let before = state.and_then(|state| replaced(state, kind));
            let before = before.map(|(device, _)| device);
            let draft = if here.only_recovers() {
                let leave: Vec<_> = before.into_iter().collect();
                composer.recover(&roaming.device, Some(method.clone()), &leave)
            } else {
                composer.set_recovery(&roaming.device, method.clone(), before)
            };
            draft.map(Some)
        })
        .await?;
        // Whoever is here by what was replaced, or came to recover, is now here by the new device.
        let came_by_it = here == kind && kind == DeviceKind::Password;
        if inner.is_guest() && (here.only_recovers() || came_by_it) {
            inner.identity = Some(roaming);
            inner.token = None;
            // The device that certified the key of the day may just have left.
            if inner.day.is_some() {
                self.keep_day(inner).await?;
            }
        }
        if here.only_recovers() {
            self.end_under_way().await?;
        }
        if let Some(record) = retired {
            self.retire(inner, record).await;
        }
        Ok(id)
    }

    /// Takes on an identity that a method opened, in memory: nothing is written to this machine.
    ///
    /// What the servers said is checked against the user's chain: that the device is in force, that
    /// it is kept in this record, and that the user has this name.
    async fn enter(
        &self,
        inner: &mut Inner,
        identity: Identity,
        name: Option<&str>,
        record: &FixedBytes<32>,
        password: Option<&VaultRecord>,
    ) -> Result<Profile, Failure> {
        let profile = Profile {
            tenant: identity.tenant,
            user: identity.user,
            device: identity.device.id(),
        };
        inner.arrive(identity, self.clock.now())?;
        let checked = async {
            self.learn(inner, [profile.user.into()], true).await?;
            let state = inner.knowledge.world().user(&profile.user);
            let live = state
                .and_then(|state| state.device_at(&profile.device, NOW))
                .and_then(|device| device.method.as_ref())
                .is_some_and(|method| match (method, password) {
                    (Method::Password(kept), Some(expected)) => kept == expected,
                    (Method::Password(_), None) | (_, Some(_)) => false,
                    (other, None) => other.record() == record,
                });
            let named = name.is_none_or(|name| {
                let index = binding::index(&profile.tenant, name);
                state
                    .and_then(|state| state.binding.as_ref())
                    .is_some_and(|bound| bound.index == index)
            });
            if live && named {
                Ok(profile)
            } else {
                Err(Failure::from(Misbehaviour::IdentityChanged))
            }
        }
        .await;
        if checked.is_err() {
            inner.depart();
        } else if inner.day.is_some() && inner.identity()?.device.keys().kind.certifies() {
            // What was given once more keeps for another day, with the newest seed.
            self.keep_day(inner).await?;
        }
        checked
    }
}

impl Inner {
    /// Refuses when somebody is here already. Who only came to recover may begin again.
    pub(crate) fn refuse_identity(&mut self) -> Result<(), Failure> {
        let Some(identity) = &self.identity else {
            return Ok(());
        };
        if self.day.is_none() && !identity.device.keys().kind.only_recovers() {
            return Err(Misuse::IdentityExists.into());
        }
        self.depart();
        Ok(())
    }
}

/// The device that a new one of this kind replaces.
fn replaced(state: &UserState, kind: DeviceKind) -> Option<(DeviceId, &Method)> {
    if kind == DeviceKind::Passkey {
        return None;
    }
    state.method(kind)
}

fn methods(inner: &Inner, user: &UserId) -> Vec<RecoveryMethod> {
    let state = inner.knowledge.world().user(user);
    state.map_or_else(Vec::new, |state| {
        state
            .methods()
            .map(|(device, method)| RecoveryMethod {
                device,
                method: method.clone(),
            })
            .collect()
    })
}

fn events(inner: &Inner, user: UserId) -> Result<Vec<RecoveryEvent>, Failure> {
    let mut events = Vec::new();
    let Some(state) = inner.knowledge.world().user(&user) else {
        return Ok(events);
    };
    for bytes in statements(inner, user.into()) {
        let statement = Statement::decode(bytes.as_slice())?;
        let body = statement.body();
        let (Op::Recover(recover), Author::Device(_, device)) = (&body.op, &body.author) else {
            continue;
        };
        if let Some(record) = state.devices().get(device) {
            events.push(RecoveryEvent {
                device: *device,
                kind: record.keys.kind,
                time: body.time,
                entered: recover.device.keys.id(),
            });
        }
    }
    Ok(events)
}

fn waiting(answer: &VaultAnswer) -> Vec<WaitingRecovery> {
    let mut all: Vec<_> = answer
        .pending
        .iter()
        .map(|pending| WaitingRecovery {
            attempt: pending.attempt,
            started: pending.started,
            ready: pending.ready,
        })
        .collect();
    all.sort_by_key(|pending| pending.ready);
    all
}

/// A record for the vault, with the chains that prove to it who we are.
fn store_request(
    inner: &Inner,
    record: FixedBytes<32>,
    access: &Access,
    sealed: Vec<u8>,
) -> Result<StoreRecordRequest, Failure> {
    let identity = inner.identity()?;
    let (tenant, user) = (identity.tenant, identity.user);
    let access = access.to_bytes();
    let message = record_message(&tenant, &user, &record, &access, &sealed);
    let signer = identity.device.signer().ed25519();
    let signature = signer.sign(label::RECORD_SIGNATURE, &message);
    Ok(StoreRecordRequest {
        tenant,
        user,
        device: identity.device.id(),
        record,
        access: access.into(),
        sealed: sealed.into(),
        tenant_chain: statements(inner, tenant.into()),
        user_chain: statements(inner, user.into()),
        signature: FixedBytes(*signature.as_bytes()),
    })
}

/// The statements of a chain that we know, as the vault reads them.
fn statements(inner: &Inner, chain: ChainId) -> Vec<Base64Url> {
    let entries = inner.chains.get(&chain).map(|record| &record.entries);
    entries.map_or_else(Vec::new, |entries| {
        entries
            .iter()
            .map(|(statement, _)| statement.clone())
            .collect()
    })
}
