//! The drill: whether each method would work, found out without its secret.

use wardseal_client_core::{
    Error,
    api::vault::{KeptRecord, VaultAnswer},
    protocol::{keys::DeviceKind, op::Method, state::World, vault::Action},
    types::{DeviceId, FixedBytes, RingId, UserId, words},
};

use super::{RecoveryMethod, methods, organisation};
use crate::{
    client::{Client, Inner},
    ports::{StateStore, Transport},
};

/// Whether a method would work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MethodState {
    /// The vault keeps the record that our chain names, and nothing else has changed.
    Works,
    /// The vault does not keep it.
    Missing,
    /// Something has changed since: set it again.
    Outdated,
    /// The vault could not be asked.
    Unknown,
}

words!(MethodState {
    Works: "works",
    Missing: "missing",
    Outdated: "outdated",
    Unknown: "unknown",
});

/// What was found out about a method.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MethodCheck {
    /// The device of the method.
    pub device: DeviceId,
    /// Its kind.
    pub kind: DeviceKind,
    /// Name of its record.
    pub record: FixedBytes<32>,
    /// Whether it would work.
    pub state: MethodState,
    /// A stable word for why not: `record_missing`, `other_record`, `other_vault`, `locked`,
    /// `administrators_changed`, `group_left`, or the code of an error.
    pub reason: Option<&'static str>,
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Finds out about every recovery method of our own user, as far as that goes without its
    /// secret: that the vault keeps its record and would open it, that the vault is the same, and
    /// that the administrators who could help still are administrators. Records that our chain does
    /// not name any more are deleted on the way.
    ///
    /// # Errors
    /// [`Misuse::NoIdentity`](wardseal_client_core::Misuse::NoIdentity), and [`Error::Transport`] of
    /// the key server. A vault that does not answer makes methods [`MethodState::Unknown`], and so does
    /// a key of the day, which the vault does not know: with `password_needed`.
    pub async fn check_recovery(&self) -> Result<Vec<MethodCheck>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let user = inner.speaker()?.user;
        self.learn(inner, [user.into()], true).await?;
        let known = methods(inner, &user);
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self.ask_vault(inner, &Action::List).await;
        let vault_key = match &answer {
            Ok(_) => self.vault().await.ok().and_then(|info| info.vault_key),
            Err(_) => None,
        };
        let mut checks = Vec::with_capacity(known.len());
        for RecoveryMethod { device, method } in &known {
            let (state, reason) = match &answer {
                Err(error) => (MethodState::Unknown, Some(error.code())),
                Ok(answer) => match kept(answer, method) {
                    Err(found) => found,
                    Ok(()) => match method {
                        Method::Password(record) if vault_key != Some(record.vault_key) => {
                            (MethodState::Outdated, Some("other_vault"))
                        }
                        Method::Organisation(_) => self.check_helpers(inner, user).await,
                        _ => (MethodState::Works, None),
                    },
                },
            };
            checks.push(MethodCheck {
                device: *device,
                kind: method.kind(),
                record: *method.record(),
                state,
                reason,
            });
        }
        if let Ok(answer) = answer {
            for record in retired(inner, &user, &answer) {
                self.retire(inner, record).await;
            }
        }
        Ok(checks)
    }

    async fn check_helpers(
        &self,
        inner: &mut Inner,
        user: UserId,
    ) -> (MethodState, Option<&'static str>) {
        let world = inner.knowledge.world();
        let Some(method) = organisation::organisation_of(world.user(&user)).cloned() else {
            return (MethodState::Missing, None);
        };
        let ring = RingId::Group(method.group);
        match self.learn_deeply(inner, ring).await {
            Ok(()) => {}
            Err(error) if crate::learn::is_misuse(&error) => {}
            Err(error) => return (MethodState::Unknown, Some(error.code())),
        }
        match organisation::helpers(inner, method.group, user) {
            None => (MethodState::Outdated, Some("group_left")),
            Some(helpers) if helpers != method.helpers => {
                (MethodState::Outdated, Some("administrators_changed"))
            }
            Some(_) => (MethodState::Works, None),
        }
    }
}

/// What is wrong with the record of a method, by what the vault says that it keeps.
fn kept(answer: &VaultAnswer, method: &Method) -> Result<(), (MethodState, Option<&'static str>)> {
    let is_its = |kept: &&KeptRecord| kept.record == *method.record();
    let Some(kept) = answer.kept.iter().find(is_its) else {
        return Err((MethodState::Missing, Some("record_missing")));
    };
    if kept.access != access_of(method.kind()) {
        return Err((MethodState::Missing, Some("other_record")));
    }
    if kept.locked {
        return Err((MethodState::Outdated, Some("locked")));
    }
    Ok(())
}

/// The number of the access under which the vault keeps the record of a method (chapter 10).
const fn access_of(kind: DeviceKind) -> u64 {
    match kind {
        DeviceKind::Code | DeviceKind::Passkey => 2,
        DeviceKind::TwoMan => 3,
        DeviceKind::Organisation => 4,
        _ => 1,
    }
}

/// Records of devices that left our chain, which the vault still keeps.
fn retired(inner: &Inner, user: &UserId, answer: &VaultAnswer) -> Vec<FixedBytes<32>> {
    let Some(state) = inner.knowledge.world().user(user) else {
        return Vec::new();
    };
    let live: Vec<_> = state
        .methods()
        .map(|(_, method)| *method.record())
        .collect();
    state
        .devices()
        .iter()
        .filter_map(|(_, device)| device.method.as_ref().map(|method| *method.record()))
        .filter(|record| !live.contains(record))
        .filter(|record| answer.kept.iter().any(|kept| kept.record == *record))
        .collect()
}
