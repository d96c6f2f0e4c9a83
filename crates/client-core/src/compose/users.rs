//! Statements of our own user.

use rand_core::CryptoRng;
use wardseal_protocol::{
    op::{Method, Op, Recover, Removal, SetRecovery},
    ring::{RingKind, Seed},
    state::World,
    statement::{Author, Body, Statement},
};
use wardseal_types::{
    ChainId, DeviceId, FixedBytes, MemberId, RingId, TenantId, Timestamp, UserId,
};

use super::{Composer, Draft, NewEpoch, declare, device_recipient, following, seal_box, sorted};
use crate::{
    error::{Error, Misuse},
    identity::DeviceSecrets,
    knowledge::Knowledge,
};

impl Composer<'_> {
    /// One more ordinary device of our own.
    ///
    /// # Errors
    /// [`Misuse::NoKey`] when the present seed of our user is not held.
    pub fn add_device(&mut self, device: &DeviceSecrets) -> Result<Draft, Error> {
        let user = self.identity.user;
        let ring = RingId::User(user);
        let epoch = self.newest(ring)?;
        let new = device.introduce(&self.knowledge.tenant_id(), &user)?;
        let (reference, sealed) = self.entry(ring, epoch, &device_recipient(device.keys())?)?;
        let statement = self.next(ChainId::User(user), Op::AddDevice(new, reference))?;
        Ok(Draft {
            statements: vec![statement],
            boxes: sealed.sealed,
            ..Draft::default()
        })
    }

    /// Devices of our own less, and a new epoch that shuts them out.
    ///
    /// # Errors
    /// [`Misuse::NotFound`], [`Misuse::NoKey`].
    pub fn revoke_devices(&mut self, devices: &[DeviceId]) -> Result<Draft, Error> {
        let user = self.identity.user;
        let state = self
            .knowledge
            .world()
            .user(&user)
            .ok_or_else(|| Misuse::NotFound(user.into()))?;
        let members: Vec<_> = sorted(devices.iter().copied().map(MemberId::Device));
        let staying = state
            .ring
            .members()
            .map(|(member, _)| member)
            .filter(|member| !members.contains(member));
        let recipients = self.recipients(staying)?;
        let epoch = self.next_epoch(&state.ring, &recipients, true)?;
        let op = Op::RevokeDevice(Removal {
            members,
            epoch: epoch.declared.clone(),
        });
        self.rotated(RingId::User(user), op, epoch)
    }

    /// A recovery device whose keys are kept by `method`, in place of `replaces` if one is named:
    /// a device of the same kind. Of every kind but passkeys there is at most one.
    ///
    /// # Errors
    /// [`Misuse::NotFound`], [`Misuse::NoKey`].
    pub fn set_recovery(
        &mut self,
        device: &DeviceSecrets,
        method: Method,
        replaces: Option<DeviceId>,
    ) -> Result<Draft, Error> {
        let user = self.identity.user;
        let ring = RingId::User(user);
        let new = device.introduce(&self.knowledge.tenant_id(), &user)?;
        let Some(old) = replaces else {
            let epoch = self.newest(ring)?;
            let entering = device_recipient(device.keys())?;
            let (reference, sealed) = self.entry(ring, epoch, &entering)?;
            let op = Op::SetRecovery(Box::new(SetRecovery {
                device: new,
                method,
                replaces: None,
                entry: Some(reference),
                epoch: None,
            }));
            return Ok(Draft {
                statements: vec![self.next(user.into(), op)?],
                boxes: sealed.sealed,
                ..Draft::default()
            });
        };
        let epoch = self.exchange(device, &[old])?;
        let op = Op::SetRecovery(Box::new(SetRecovery {
            device: new,
            method,
            replaces: Some(old),
            entry: None,
            epoch: Some(epoch.declared.clone()),
        }));
        self.rotated(ring, op, epoch)
    }

    /// The way back in, said by a recovery device that may say nothing else: `device` enters, with
    /// its method unless it is an ordinary one, and the devices in `leave` go. When it is a password
    /// device, the one before must be among them.
    ///
    /// # Errors
    /// [`Misuse::NotFound`], [`Misuse::NoKey`].
    pub fn recover(
        &mut self,
        device: &DeviceSecrets,
        method: Option<Method>,
        leave: &[DeviceId],
    ) -> Result<Draft, Error> {
        let user = self.identity.user;
        let new = device.introduce(&self.knowledge.tenant_id(), &user)?;
        let mut leave = leave.to_vec();
        leave.sort_unstable();
        leave.dedup();
        let epoch = self.exchange(device, &leave)?;
        let op = Op::Recover(Box::new(Recover {
            device: new,
            method,
            leave,
            epoch: epoch.declared.clone(),
        }));
        self.rotated(RingId::User(user), op, epoch)
    }

    /// The next epoch of our own ring, without these devices and with a new one.
    fn exchange(&mut self, new: &DeviceSecrets, leave: &[DeviceId]) -> Result<NewEpoch, Error> {
        let user = self.identity.user;
        let state = self
            .knowledge
            .world()
            .user(&user)
            .ok_or_else(|| Misuse::NotFound(user.into()))?;
        let leaves = |member: &MemberId| leave.iter().any(|old| MemberId::Device(*old) == *member);
        let staying = state
            .ring
            .members()
            .map(|(member, _)| member)
            .filter(|member| !leaves(member));
        let mut recipients = self.recipients(staying)?;
        recipients.push(device_recipient(new.keys())?);
        recipients.sort_by_key(|recipient| recipient.reference.member);
        self.next_epoch(&state.ring, &recipients, true)
    }
}

/// A new user: genesis, binding of the name, and the first device.
///
/// The genesis comes first and gives the identifier; the application then signs the token that
/// binds its name; [`bind_user`] completes the draft.
///
/// # Errors
/// [`Error::Crypto`].
pub fn found_user(
    tenant: TenantId,
    device: &DeviceSecrets,
    now: Timestamp,
    rng: &mut dyn CryptoRng,
) -> Result<(UserId, Statement, Seed), Error> {
    let recipient = device_recipient(device.keys())?;
    let seed = Seed::generate(rng)?;
    let epoch = declare(0, &seed, RingKind::User, None, vec![recipient.reference])?;
    let nonce = wardseal_crypto::secret::Secret::<16>::generate(rng)?;
    let op = Op::UserCreate(FixedBytes(*nonce.expose()), device.keys().clone(), epoch);
    let author = Author::Founder(device.id());
    let statement = Body::genesis(Some(tenant), author, now, None, op).sign(device.signer())?;
    let user = statement
        .user()
        .ok_or(Misuse::Invalid("a user's genesis names a user"))?;
    Ok((user, statement, seed))
}

/// Completes the draft of a new user with the token that binds his name.
///
/// # Errors
/// [`Error::Crypto`].
pub fn bind_user(
    tenant: TenantId,
    device: &DeviceSecrets,
    genesis: Statement,
    seed: Seed,
    (commitment, token): (FixedBytes<32>, &str),
    now: Timestamp,
    rng: &mut dyn CryptoRng,
) -> Result<Draft, Error> {
    let user = genesis
        .user()
        .ok_or(Misuse::Invalid("a user's genesis names a user"))?;
    let ring = RingId::User(user);
    let recipient = device_recipient(device.keys())?;
    let sealed = seal_box(tenant, ring, 0, &seed, &recipient, rng)?;
    let knowledge = Knowledge::new(tenant);
    let bind = following(
        &knowledge,
        Author::Device(user, device.id()),
        now,
        user.into(),
        (genesis.body().seq, genesis.hash()),
        Op::Bind(commitment, token.as_bytes().into()),
    )
    .sign(device.signer())?;
    Ok(Draft {
        statements: vec![genesis, bind],
        boxes: vec![sealed],
        seeds: vec![(ring, 0, seed)],
        ..Draft::default()
    })
}
