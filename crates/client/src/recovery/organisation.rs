//! Recovery by administrators of a group: one or two of them, as the person chose.

use wardseal_client_core::{
    Error, Failure, Misbehaviour, Misuse,
    api::vault::StoreRecord,
    crypto::kem::KemPublicKey,
    knowledge::epochs_of,
    protocol::{
        keys::DeviceKind,
        op::{Method, Organisation, Role},
        state::{UserState, World},
        vault::{Access, Action},
    },
    recovery::{Administrator, HelpContext, OrganisationBox},
    types::{Base64Url, ChainId, DeviceId, FixedBytes, GroupId, MemberId, RingId, UserId, limits},
};

use super::{Prepared, store_request};
use crate::{
    client::{Client, Inner},
    ports::{StateStore, Transport},
};

/// What an administrator gives to somebody who asked for help.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HelpAnswer {
    /// Who asked.
    pub user: UserId,
    /// The record of his method.
    pub record: FixedBytes<32>,
    /// The administrator.
    pub admin: UserId,
    /// Her share, sealed to the client that asked.
    pub release: Base64Url,
    /// What the vault keeps of the method.
    pub sealed: Base64Url,
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Sets recovery by administrators of a group, `quorum` (1 or 2) of whom have to help together,
    /// in place of the one before. The administrators are those of this moment.
    ///
    /// # Errors
    /// [`Misuse::NotAMember`]; [`Misuse::Invalid`] when the group has too few administrators beside
    /// ourselves.
    pub async fn set_organisation(&self, group: GroupId, quorum: u8) -> Result<DeviceId, Error> {
        let mut inner = self.inner.lock().await;
        Ok(self.organise(&mut inner, group, quorum).await?)
    }

    /// Sets recovery by administrators anew when they are not the same people any more. Says whether
    /// there was anything to do; costs nothing for who has no such method.
    ///
    /// # Errors
    /// As [`set_organisation`](Self::set_organisation).
    pub async fn renew_organisation(&self) -> Result<bool, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let user = inner.identity()?.user;
        let Some(present) = organisation_of(inner.knowledge.world().user(&user)).cloned() else {
            return Ok(false);
        };
        let ring = RingId::Group(present.group);
        self.learn_deeply(inner, ring).await?;
        if helpers(inner, present.group, user).as_ref() == Some(&present.helpers) {
            return Ok(false);
        }
        self.organise(inner, present.group, present.quorum).await?;
        Ok(true)
    }

    async fn organise(
        &self,
        inner: &mut Inner,
        group: GroupId,
        quorum: u8,
    ) -> Result<DeviceId, Failure> {
        if !(1..=2).contains(&quorum) {
            return Err(Misuse::Invalid("one or two administrators help").into());
        }
        let user = inner.identity()?.user;
        self.learn(inner, [user.into()], true).await?;
        self.learn_deeply(inner, RingId::Group(group)).await?;
        let helpers = helpers(inner, group, user).ok_or(Misuse::NotAMember(group))?;
        if helpers.len() < usize::from(quorum) {
            return Err(Misuse::Invalid(
                "the group has too few administrators beside yourself: name another, or ask for one",
            )
            .into());
        }
        let roaming = self.draw(inner, DeviceKind::Organisation)?;
        let record = Self::draw_record(inner)?;
        let administrators = helpers
            .iter()
            .map(|helper| administrator(inner, *helper))
            .collect::<Result<Vec<_>, _>>()?;
        let rng = inner.rng.as_mut();
        let sealed = OrganisationBox::seal(&roaming, record, &administrators, quorum, rng)?;
        let access = Access::Readers(helpers.clone());
        let request = store_request(inner, record, &access, sealed.to_bytes())?;
        self.call::<StoreRecord>(&request).await?;
        let method = Method::Organisation(Organisation {
            record,
            group,
            quorum,
            helpers,
        });
        self.adopt(inner, Prepared { roaming, method }).await
    }

    /// As an administrator: releases our share to the client of whoever asked for help. Before, the
    /// administrator makes sure that the request is the person's: by voice, and by the
    /// [`tag`](wardseal_client_core::protocol::recovery::tag) of the key.
    ///
    /// # Errors
    /// [`Misuse::NotAuthorised`] when the person did not choose us; [`Misuse::Invalid`] for what is
    /// no key.
    pub async fn answer_help(&self, user: UserId, client_key: &[u8]) -> Result<HelpAnswer, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let admin = inner.identity()?.user;
        let client_key = KemPublicKey::from_bytes(client_key)
            .map_err(|_| Misuse::Invalid("this is not the key of a client that asks for help"))?;
        self.learn(inner, [ChainId::User(user), admin.into()], true)
            .await?;
        let record = organisation_of(inner.knowledge.world().user(&user))
            .filter(|method| method.helpers.contains(&admin))
            .map(|method| method.record)
            .ok_or(Misuse::NotAuthorised("help"))?;
        let answer = self.ask_vault(inner, &Action::Read(record)).await?;
        let sealed = answer.sealed.ok_or(Misbehaviour::BadAnswer)?;
        let kept = OrganisationBox::from_bytes(sealed.as_slice())?;
        let damaged = || Error::from(Misbehaviour::BadRecord);
        let epoch = kept.epoch_of(&admin).ok_or_else(damaged)?;
        let seed = self.seed(inner, RingId::User(admin), epoch).await?;
        let context = HelpContext {
            tenant: self.config.tenant,
            user,
            record,
        };
        let share = kept
            .open_share(&context, admin, &seed)
            .map_err(|_| damaged())?;
        let release = context.seal_release(&client_key, admin, &share, inner.rng.as_mut())?;
        Ok(HelpAnswer {
            user,
            record,
            admin,
            release: release.into(),
            sealed,
        })
    }
}

/// The method of this kind, if there is one.
pub(super) fn organisation_of(state: Option<&UserState>) -> Option<&Organisation> {
    match state?.method(DeviceKind::Organisation)?.1 {
        Method::Organisation(method) => Some(method),
        _ => None,
    }
}

/// The administrators of a group who could help `user`, ascending; `None` when `user` is no member
/// of it, or it is not known or at its end.
pub(super) fn helpers(inner: &Inner, group: GroupId, user: UserId) -> Option<Vec<UserId>> {
    let state = inner.knowledge.world().group(&group)?;
    let world = inner.knowledge.world();
    state.role_at(&user, wardseal_client_core::protocol::state::NOW, world)?;
    if state.dissolved {
        return None;
    }
    let mut helpers: Vec<_> = state
        .ring
        .members()
        .filter_map(|(member, role)| match member {
            MemberId::User(id) if role == Role::Admin && id != user => Some(id),
            _ => None,
        })
        .collect();
    helpers.sort_unstable();
    helpers.truncate(limits::MAX_HELPERS);
    Some(helpers)
}

fn administrator(inner: &Inner, user: UserId) -> Result<Administrator, Failure> {
    let missing = || Failure::from(Misuse::NotFound(user.into()));
    let epoch = epochs_of(inner.knowledge.world(), RingId::User(user))
        .and_then(<[_]>::last)
        .ok_or_else(missing)?;
    let key = epoch.declared.kem.as_ref().ok_or_else(missing)?;
    Ok(Administrator {
        user,
        epoch: epoch.declared.number,
        key: KemPublicKey::from_bytes(key.as_array())?,
    })
}
