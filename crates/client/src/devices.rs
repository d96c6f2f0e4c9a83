//! Devices of our own user.

use wardseal_client_core::{
    Error, Failure, Misuse,
    identity::{DeviceSecrets, Identity},
    protocol::{
        keys::DeviceKind,
        state::{NOW, World},
    },
    types::{ChainId, DeviceId, MemberId, RingId, UserId},
};

use crate::{
    client::{Client, Inner},
    ports::{StateStore, Transport},
    records::{self, SealedBatch},
};

/// A device or recovery method in force.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Device {
    /// Its identifier.
    pub id: DeviceId,
    /// How its keys are kept.
    pub kind: DeviceKind,
    /// Whether this client is it.
    pub this: bool,
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// The devices and recovery methods of our own user.
    ///
    /// # Errors
    /// [`Misuse::NoIdentity`], [`Error::Transport`].
    pub async fn devices(&self) -> Result<Vec<Device>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let user = inner.speaker()?.user;
        self.learn(inner, [user.into()], true).await?;
        Ok(self.list_devices(inner))
    }

    fn list_devices(&self, inner: &Inner) -> Vec<Device> {
        let Ok(speaker) = inner.speaker() else {
            return Vec::new();
        };
        let Some(state) = inner.knowledge.world().user(&speaker.user) else {
            return Vec::new();
        };
        state
            .ring
            .members()
            .filter_map(|(member, kind)| match member {
                MemberId::Device(id) => Some(Device {
                    id,
                    kind,
                    this: id == speaker.device,
                }),
                _ => None,
            })
            .collect()
    }

    /// Revokes devices. What is sealed from now on stays closed to them, whatever they kept.
    ///
    /// # Errors
    /// [`Misuse::Invalid`] for this very device: that takes another one.
    pub async fn revoke_devices(&self, devices: &[DeviceId]) -> Result<(), Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let user = inner.identity()?.user;
        if devices.contains(&inner.identity()?.device.id()) {
            return Err(Misuse::Invalid(
                "this device cannot revoke itself: sign out here, and revoke it from another",
            )
            .into());
        }
        self.learn(inner, [user.into()], true).await?;
        self.newest_seed(inner, RingId::User(user)).await?;
        self.change(inner, &[ChainId::User(user)], &mut |composer| {
            let state = composer.knowledge.world().user(&user);
            let gone: Vec<_> = devices
                .iter()
                .filter(|device| state.is_some_and(|state| state.device_at(device, NOW).is_some()))
                .copied()
                .collect();
            if gone.is_empty() {
                return Ok(None);
            }
            composer.revoke_devices(&gone).map(Some)
        })
        .await?;
        Ok(())
    }

    /// Makes an identity that was unlocked here an ordinary device of this machine: it is kept in
    /// the store and not asked for a password again until that is erased.
    ///
    /// # Errors
    /// [`Misuse::NoIdentity`], [`Misuse::IdentityExists`] when this machine is a device already.
    pub async fn trust_this_machine(&self) -> Result<DeviceId, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let user = inner.identity()?.user;
        if !inner.is_guest() {
            return Err(Misuse::IdentityExists.into());
        }
        self.learn(inner, [user.into()], true).await?;
        self.newest_seed(inner, RingId::User(user)).await?;
        let device = self.pending_device(inner, user).await?;
        self.change(inner, &[ChainId::User(user)], &mut |composer| {
            let state = composer.knowledge.world().user(&user);
            if state.is_some_and(|state| state.device_at(&device.id(), NOW).is_some()) {
                return Ok(None);
            }
            composer.add_device(&device).map(Some)
        })
        .await?;
        let id = device.id();
        inner.identity = Some(Identity {
            tenant: self.config.tenant,
            user,
            device,
        });
        inner.token = None;
        inner.day = None;
        inner.stepped = None;
        self.keep_identity(inner).await?;
        // The server now gives the boxes of this device; those of the password device are of no
        // more use here.
        inner.knowledge.forget_boxes(&RingId::User(user));
        self.learn(inner, [user.into()], true).await?;
        Ok(id)
    }

    /// The device that this machine becomes. It is kept before the chain names it: when the answer
    /// is lost, the next try goes on with the same.
    async fn pending_device(
        &self,
        inner: &mut Inner,
        user: UserId,
    ) -> Result<DeviceSecrets, Failure> {
        let tenant = self.config.tenant;
        if let Some(bytes) = self.store.read(records::PENDING_DEVICE).await? {
            let pending = Identity::from_secret_bytes(&bytes)?;
            let id = pending.device.id();
            // One that was revoked meanwhile does not come back.
            let usable = inner.knowledge.world().user(&user).is_some_and(|state| {
                state.devices().get(&id).is_none() || state.device_at(&id, NOW).is_some()
            });
            if usable && pending.user == user && pending.tenant == tenant {
                return Ok(pending.device);
            }
        }
        let pending = Identity {
            tenant,
            user,
            device: DeviceSecrets::generate(DeviceKind::Ordinary, inner.rng.as_mut())?,
        };
        let mut batch = SealedBatch::default();
        self.store.put(
            &mut batch,
            records::PENDING_DEVICE.into(),
            &pending.to_secret_bytes(),
            inner.rng.as_mut(),
        )?;
        self.store.commit(batch).await?;
        Ok(pending.device)
    }
}
