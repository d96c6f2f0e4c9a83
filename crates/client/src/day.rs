//! A machine that is not the person's own keeps somebody until the day is over: a key that a
//! password or passkey certified, never the keys that those open. See `spec/10-recovery.md`.

use wardseal_client_core::keyring::Keyring;
use wardseal_client_core::{
    Error, Failure, Misuse,
    identity::{DayIdentity, Identity, Speaker},
    knowledge::Knowledge,
    protocol::{certificate, state::World},
    types::{RingId, Timestamp, limits},
};

use crate::{
    client::{Client, Inner},
    ports::{StateStore, Transport},
    records::{self, SealedBatch},
};

/// How long a password that was given once more is good for, in milliseconds.
const STEP_UP: u64 = 5 * 60_000;

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Keeps whoever was unlocked here by a password or passkey until the day is over, at most
    /// sixteen hours; the answer is when. A client that is opened over the same store finds him.
    ///
    /// What is kept reads and writes in sessions. Whatever else needs the device itself
    /// ([`Misuse::PasswordNeeded`]): unlock again, which holds the device in memory for five
    /// minutes or until [`step_down`](Self::step_down). Just now it was unlocked, so that holds
    /// here too.
    ///
    /// # Errors
    /// [`Misuse::NoIdentity`]; [`Misuse::IdentityExists`] where this machine is a device.
    pub async fn keep_for_the_day(&self) -> Result<Timestamp, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let user = inner.identity()?.user;
        if !inner.is_guest() {
            return Err(Misuse::IdentityExists.into());
        }
        self.erase_what_is_over(inner).await?;
        self.learn(inner, [user.into()], true).await?;
        Ok(self.keep_day(inner).await?)
    }

    /// Whether somebody can be unlocked here: nobody is, or who is here is kept for the day and gives
    /// the password once more.
    pub async fn may_unlock(&self) -> bool {
        let mut inner = self.inner.lock().await;
        inner.refuse_identity().is_ok()
    }

    /// Forgets the device of a password or passkey that was given once more. The key of the day
    /// goes on.
    pub async fn step_down(&self) {
        self.inner.lock().await.step_down();
    }

    /// Until when whoever is here is kept, if it is for the day.
    pub async fn kept_until(&self) -> Option<Timestamp> {
        let inner = self.inner.lock().await;
        inner.day.as_ref().map(|day| day.certificate.until)
    }

    /// Certifies a new key of the day, with the newest seed of our own ring, and keeps it.
    pub(crate) async fn keep_day(&self, inner: &mut Inner) -> Result<Timestamp, Failure> {
        let user = inner.identity()?.user;
        let newest = self.newest_seed(inner, RingId::User(user)).await?;
        let now = self.clock.now();
        // A clock that is set back a little does not end the day.
        let from = now.minus_millis(certificate::LEEWAY);
        let until = from.plus_millis(limits::MAX_CERTIFICATE);
        let identity = inner.identity.as_ref().ok_or(Misuse::NoIdentity)?;
        let day = identity.certify(newest, from, until, inner.rng.as_mut())?;
        let bytes = day.to_secret_bytes();
        inner.day = Some(day);
        inner.stepped = Some(now.plus_millis(STEP_UP));
        self.keep(inner, records::DAY, &bytes).await?;
        Ok(until)
    }

    /// Erases what a day left in the store that is over.
    pub(crate) async fn erase_what_is_over(&self, inner: &mut Inner) -> Result<(), Failure> {
        if inner.over {
            self.erase().await?;
            inner.over = false;
        }
        Ok(())
    }

    /// Erases every record.
    pub(crate) async fn erase(&self) -> Result<(), Failure> {
        let mut batch = SealedBatch::default();
        for key in self.store.keys("").await? {
            batch.delete(key);
        }
        self.store.commit(batch).await
    }
}

impl Inner {
    /// Who speaks: the device, or the key of the day for it.
    pub(crate) fn speaker(&self) -> Result<Speaker<'_>, Failure> {
        speaker(self.identity.as_ref(), self.day.as_ref())
    }

    /// Whether whoever is here did not make this machine a device of his own.
    pub(crate) const fn is_guest(&self) -> bool {
        !self.kept || self.day.is_some()
    }

    /// Takes on an identity that a method has opened. Where somebody is kept for the day it must
    /// be his, and holds for five minutes.
    pub(crate) fn arrive(&mut self, identity: Identity, now: Timestamp) -> Result<(), Failure> {
        match &self.day {
            Some(day) if day.user != identity.user => return Err(Misuse::IdentityExists.into()),
            Some(_) => self.stepped = Some(now.plus_millis(STEP_UP)),
            None => self.kept = false,
        }
        self.identity = Some(identity);
        Ok(())
    }

    /// Lets go of an identity that is not kept here.
    pub(crate) fn depart(&mut self) {
        self.identity = None;
        self.stepped = None;
        self.token = None;
    }

    fn step_down(&mut self) {
        if self.day.is_some() {
            self.depart();
        }
    }

    /// Ends what has run out: a password that was given once more, and the day.
    pub(crate) fn run_out(&mut self, now: Timestamp) {
        // A clock that was set back counts as too long.
        let over = |until: Timestamp| now > until || until.since(now) > STEP_UP;
        if self.stepped.is_some_and(over) {
            self.step_down();
        }
        if self.day.as_ref().is_some_and(|day| !day.covers(now)) {
            self.forget();
            self.over = true;
        }
    }

    /// Forgets everything.
    pub(crate) fn forget(&mut self) {
        self.depart();
        self.day = None;
        self.keyring = Keyring::default();
        self.knowledge = Knowledge::new(self.knowledge.tenant_id());
        self.chains.clear();
        self.audience = None;
        self.names.clear();
        self.asked.clear();
        self.imports.clear();
        self.kept = false;
    }

    /// What to answer where a key was not found: the key of a day cannot follow when the person's
    /// own ring got a new seed since.
    pub(crate) fn missing_key(&self, ring: RingId) -> Misuse {
        let behind = self.day.as_ref().is_some_and(|day| {
            let own = self.knowledge.world().user(&day.user);
            let newest = own.and_then(|state| state.ring.newest());
            let newest = newest.map(|epoch| epoch.declared.number);
            newest.is_some_and(|newest| self.keyring.held(RingId::User(day.user), newest).is_none())
        });
        if behind && self.identity.is_none() {
            Misuse::PasswordNeeded
        } else {
            Misuse::NoKey(ring)
        }
    }
}

/// Who speaks, of what a client holds.
pub(crate) fn speaker<'a>(
    identity: Option<&'a Identity>,
    day: Option<&'a DayIdentity>,
) -> Result<Speaker<'a>, Failure> {
    let device = identity.map(Speaker::from);
    device
        .or_else(|| day.map(Speaker::from))
        .ok_or_else(|| Misuse::NoIdentity.into())
}
