//! A recovery that takes longer than one call: by mail, with its codes and perhaps a delay, or with
//! the help of administrators.
//!
//! There is one at a time, and it is kept in the store until it ends: a page that is closed while it
//! waits goes on later. What is kept opens nothing by itself, and is sealed under the state key.

use wardseal_client_core::{
    Error, Failure, Misbehaviour, Misuse,
    api::vault::{
        CodeFinished, CollectCode, CollectCodeRequest, FinishCode, FinishCodeRequest, StartCode,
        StartCodeRequest,
    },
    crypto::{kem::KemSecretKey, secret::Secret},
    identity::Identity,
    protocol::{
        binding, cbor,
        keys::DeviceKind,
        recovery::{open_release, tag},
    },
    recovery::{HelpContext, OrganisationBox, open_identity, two_man_key},
    types::{FixedBytes, Timestamp, UserId, cbor_map},
};

use super::{HelpAnswer, statements};
use crate::{
    client::{Client, Inner},
    ports::{StateStore, Transport},
    records::{self, SealedBatch},
};

/// A recovery that is under way on this machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnderWay {
    /// Whose, by the name that the application gave.
    pub name: String,
    /// The key to which shares are released.
    pub client_key: Vec<u8>,
    /// Six characters of it, by which people make sure that they speak of the same request.
    pub tag: String,
    /// Whether it goes by mail; otherwise administrators help.
    pub mail: bool,
    /// By mail: when the vault releases its share, once the code was right.
    pub ready: Option<Timestamp>,
}

/// How far a recovery by mail is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MailProgress {
    /// When the vault releases its share.
    pub ready: Timestamp,
    /// Whether it has: then set a new password.
    pub released: bool,
}

/// As the store keeps it.
#[derive(Clone)]
pub(crate) struct UnderWayRecord {
    name: String,
    seed: FixedBytes<32>,
    mail: Option<MailRecord>,
    ready: Option<Timestamp>,
    share: Option<FixedBytes<32>>,
}

cbor_map!(UnderWayRecord {
    0: name,
    1: seed,
    2: mail,
    3: ready,
    4: share,
});

#[derive(Clone)]
struct MailRecord {
    user: UserId,
    record: FixedBytes<32>,
    attempt: FixedBytes<32>,
}

cbor_map!(MailRecord {
    0: user,
    1: record,
    2: attempt,
});

impl UnderWayRecord {
    fn client(&self) -> Result<KemSecretKey, Failure> {
        Ok(KemSecretKey::from_seed(&Secret::from_bytes(self.seed.0))?)
    }

    fn shown(&self) -> Result<UnderWay, Failure> {
        let client_key = self.client()?.public().as_bytes().to_vec();
        Ok(UnderWay {
            name: self.name.clone(),
            tag: tag(&client_key),
            client_key,
            mail: self.mail.is_some(),
            ready: self.ready,
        })
    }
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Begins a recovery of the person with this name, in place of one that is under way here: draws
    /// the key to which shares will be released. For one by mail the application's server signs a
    /// token for this key, see [`start_mail_recovery`](Self::start_mail_recovery); for the help of
    /// administrators it hands the key to them, see [`take_help`](Self::take_help).
    ///
    /// # Errors
    /// [`Misuse::IdentityExists`], [`Misuse::BadName`], [`Error::Store`].
    pub async fn begin_recovery(&self, name: &str) -> Result<UnderWay, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        inner.refuse_identity()?;
        if !binding::is_name(name) {
            return Err(Misuse::BadName.into());
        }
        let client = KemSecretKey::generate(inner.rng.as_mut())?;
        let record = UnderWayRecord {
            name: name.to_owned(),
            seed: FixedBytes(*client.seed().expose()),
            mail: None,
            ready: None,
            share: None,
        };
        self.keep_under_way(inner, &record).await?;
        Ok(record.shown()?)
    }

    /// The recovery that is under way on this machine, if one is.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn recovery_under_way(&self) -> Result<Option<UnderWay>, Error> {
        let record = self.load_under_way().await?;
        Ok(record.map(|record| record.shown()).transpose()?)
    }

    /// Gives up the recovery that is under way on this machine.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn cancel_recovery(&self) -> Result<(), Error> {
        let mut inner = self.inner.lock().await;
        // Somebody who signed in meanwhile stays.
        if inner.identity.is_none() || inner.refuse_identity().is_ok() {
            self.end_under_way().await?;
        }
        Ok(())
    }

    /// Has the vault mail its code, by a token that the application's server signed for the key of
    /// [`begin_recovery`](Self::begin_recovery).
    ///
    /// # Errors
    /// [`Misuse::NoRecovery`]; [`Error::Rejected`] with `access_refused`, `access_expired`,
    /// `recovery_locked`, `too_many_attempts`.
    pub async fn start_mail_recovery(
        &self,
        token: &str,
        user: UserId,
        record: FixedBytes<32>,
    ) -> Result<(), Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let mut under_way = self.under_way().await?;
        self.learn_tenant(inner).await?;
        let client_key = under_way.client()?.public();
        let request = StartCodeRequest {
            token: token.to_owned(),
            client_key: client_key.as_bytes().as_slice().into(),
            tenant_chain: statements(inner, self.config.tenant.into()),
        };
        let started = self.call::<StartCode>(&request).await?;
        under_way.mail = Some(MailRecord {
            user,
            record,
            attempt: started.attempt,
        });
        (under_way.ready, under_way.share) = (None, None);
        Ok(self.keep_under_way(inner, &under_way).await?)
    }

    /// Gives the vault the code that it mailed, and takes the share that the application's server
    /// gave for its own. When the vault releases at once, the person is open as far as a new
    /// password: set one next. Otherwise [`collect_recovery`](Self::collect_recovery) later.
    ///
    /// # Errors
    /// [`Misuse::NoRecovery`]; [`Error::Rejected`] with `code_refused`, `code_expired`,
    /// `recovery_locked`; [`Misbehaviour::BadRecord`] when the shares do not belong together.
    pub async fn finish_mail_recovery(
        &self,
        code: &str,
        share: &[u8; 32],
    ) -> Result<MailProgress, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let mut under_way = self.under_way().await?;
        let attempt = under_way.mail.as_ref().ok_or(Misuse::NoRecovery)?.attempt;
        let request = FinishCodeRequest {
            attempt,
            code: code.to_owned(),
        };
        let finished = self.call::<FinishCode>(&request).await?;
        under_way.share = Some(FixedBytes(*share));
        Ok(self.released(inner, under_way, finished).await?)
    }

    /// Asks again for what a right code releases after its delay.
    ///
    /// # Errors
    /// [`Misuse::NoRecovery`]; [`Error::Rejected`] with `recovery_vetoed`, `code_expired`.
    pub async fn collect_recovery(&self) -> Result<MailProgress, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let under_way = self.under_way().await?;
        let mail = under_way.mail.as_ref();
        let (Some(mail), Some(_)) = (mail, under_way.share) else {
            return Err(Misuse::NoRecovery.into());
        };
        let request = CollectCodeRequest {
            attempt: mail.attempt,
        };
        let finished = self.call::<CollectCode>(&request).await?;
        Ok(self.released(inner, under_way, finished).await?)
    }

    async fn released(
        &self,
        inner: &mut Inner,
        mut under_way: UnderWayRecord,
        finished: CodeFinished,
    ) -> Result<MailProgress, Failure> {
        let CodeFinished { ready, release } = finished;
        under_way.ready = Some(ready);
        self.keep_under_way(inner, &under_way).await?;
        let (Some(release), Some(mail), Some(share)) = (release, &under_way.mail, &under_way.share)
        else {
            return Ok(MailProgress {
                ready,
                released: false,
            });
        };
        let tenant = self.config.tenant;
        let MailRecord {
            user,
            record,
            attempt,
        } = mail;
        let damaged = |_| Failure::from(Misbehaviour::BadRecord);
        let share = Secret::from_bytes(share.0);
        let client = under_way.client()?;
        let kept = release.share.as_slice();
        let kept = open_release(&client, &tenant, user, record, attempt, kept).map_err(damaged)?;
        let key = two_man_key(&tenant, user, record, &share, &kept);
        let identity =
            open_identity(&key, &tenant, record, release.sealed.as_slice()).map_err(damaged)?;
        let kind = DeviceKind::TwoMan;
        self.enter_recovering(inner, identity, kind, *user, record, &under_way.name)
            .await?;
        Ok(MailProgress {
            ready,
            released: true,
        })
    }

    /// Takes what administrators answered, all answers that there are. Once they are enough, the
    /// person is open as far as a new password, and this gives `true`: set one next.
    ///
    /// # Errors
    /// [`Misuse::NoRecovery`]; [`Misbehaviour::BadRecord`] when answers do not open and the others
    /// are too few.
    pub async fn take_help(&self, answers: &[HelpAnswer]) -> Result<bool, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let under_way = self.under_way().await?;
        if under_way.mail.is_some() {
            return Err(Misuse::NoRecovery.into());
        }
        inner.refuse_identity()?;
        let client = under_way.client()?;
        let Some((identity, answer)) = self.combined(&client, answers)? else {
            return Ok(false);
        };
        let (kind, user) = (DeviceKind::Organisation, answer.user);
        self.enter_recovering(inner, identity, kind, user, &answer.record, &under_way.name)
            .await?;
        Ok(true)
    }

    /// The identity that the answers open together, and one of them.
    fn combined<'a>(
        &self,
        client: &KemSecretKey,
        answers: &'a [HelpAnswer],
    ) -> Result<Option<(Identity, &'a HelpAnswer)>, Failure> {
        let context = |answer: &HelpAnswer| HelpContext {
            tenant: self.config.tenant,
            user: answer.user,
            record: answer.record,
        };
        let mut held = Vec::with_capacity(answers.len());
        let mut damaged = false;
        for answer in answers {
            let release = answer.release.as_slice();
            match context(answer).open_release(client, answer.admin, release) {
                Ok(share) => held.push((answer, share)),
                Err(_) => damaged = true,
            }
        }
        // Answers may be of two records, when the person set the method anew in between.
        for (answer, _) in &held {
            let shares: Vec<_> = held
                .iter()
                .filter(|(other, _)| other.record == answer.record && other.user == answer.user)
                .map(|(other, share)| (other.admin, share.clone()))
                .collect();
            let opened = OrganisationBox::from_bytes(answer.sealed.as_slice())
                .ok()
                .map(|kept| kept.open(&context(answer), &shares));
            match opened {
                Some(Ok(Some(identity))) => return Ok(Some((identity, answer))),
                Some(Ok(None)) => {}
                Some(Err(_)) | None => damaged = true,
            }
        }
        if damaged {
            return Err(Misbehaviour::BadRecord.into());
        }
        Ok(None)
    }

    async fn enter_recovering(
        &self,
        inner: &mut Inner,
        identity: Identity,
        kind: DeviceKind,
        user: UserId,
        record: &FixedBytes<32>,
        name: &str,
    ) -> Result<(), Failure> {
        if identity.device.keys().kind != kind || identity.user != user {
            return Err(Misbehaviour::BadRecord.into());
        }
        inner.refuse_identity()?;
        self.enter(inner, identity, Some(name), record, None)
            .await?;
        Ok(())
    }

    async fn under_way(&self) -> Result<UnderWayRecord, Failure> {
        let record = self.load_under_way().await?;
        record.ok_or_else(|| Misuse::NoRecovery.into())
    }

    async fn load_under_way(&self) -> Result<Option<UnderWayRecord>, Failure> {
        self.store.load(records::RECOVERY).await
    }

    async fn keep_under_way(
        &self,
        inner: &mut Inner,
        record: &UnderWayRecord,
    ) -> Result<(), Failure> {
        let mut batch = SealedBatch::default();
        let bytes = zeroize::Zeroizing::new(cbor::encode(record));
        let rng = inner.rng.as_mut();
        self.store
            .put(&mut batch, records::RECOVERY.into(), &bytes, rng)?;
        self.store.commit(batch).await
    }

    /// Ends the recovery that is under way, if one is.
    pub(super) async fn end_under_way(&self) -> Result<(), Failure> {
        if self.store.read(records::RECOVERY).await?.is_none() {
            return Ok(());
        }
        let mut batch = SealedBatch::default();
        batch.delete(records::RECOVERY.into());
        self.store.commit(batch).await
    }
}
