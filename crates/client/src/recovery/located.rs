//! Methods whose secret the person keeps: recovery codes and passkeys. The secret finds the record
//! at the vault, and opens it.

use wardseal_client_core::{
    Error, Failure, Misbehaviour, Misuse,
    api::{
        ProblemCode,
        vault::{OpenRecord, OpenRecordRequest, RecordOpened, StoreRecord},
    },
    identity::Identity,
    protocol::{
        keys::DeviceKind,
        op::{Method, Stored},
        vault::Access,
    },
    recovery::{Located, RecoveryCode, open_identity, passkey_input, seal_identity},
    types::DeviceId,
};
use zeroize::Zeroizing;

use super::{Prepared, store_request};
use crate::{
    client::{Client, Inner, Profile},
    ports::{StateStore, Transport},
};

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Makes a recovery code, in place of the one before, and gives its text. It is kept nowhere:
    /// whoever loses it makes another one.
    ///
    /// # Errors
    /// [`Misuse::NoIdentity`], [`Error::Transport`], [`Error::Rejected`]: the code before still
    /// works then, unless the last answer alone was lost. Then no code does that anybody knows, and
    /// the next one takes its place.
    pub async fn create_recovery_code(&self) -> Result<Zeroizing<String>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let code = RecoveryCode::generate(inner.rng.as_mut())?;
        self.set_located(inner, DeviceKind::Code, code.secret().expose())
            .await?;
        Ok(code.to_text())
    }

    /// What a passkey is asked to make its secret of (WebAuthn, `prf.eval.first`).
    #[must_use]
    pub fn passkey_input(&self) -> [u8; 32] {
        passkey_input(&self.config.tenant)
    }

    /// Adds a passkey, by the secret that it gave.
    ///
    /// # Errors
    /// [`Misuse::NoIdentity`], [`Error::Transport`]; [`Error::Rejected`] with `statement_refused`
    /// for more than eight.
    pub async fn add_passkey(&self, secret: &[u8; 32]) -> Result<DeviceId, Error> {
        let mut inner = self.inner.lock().await;
        Ok(self
            .set_located(&mut inner, DeviceKind::Passkey, secret)
            .await?)
    }

    /// Opens the person whose passkey gave this secret, in memory, as a password would: nothing is
    /// written to this machine until [`trust_this_machine`](Self::trust_this_machine).
    ///
    /// # Errors
    /// [`Misuse::UnknownRecovery`] when it opens nobody here; [`Misuse::IdentityExists`];
    /// [`Error::Misbehaved`] when the record is damaged or not the live one of this passkey.
    pub async fn unlock_by_passkey(&self, secret: &[u8; 32]) -> Result<Profile, Error> {
        let mut inner = self.inner.lock().await;
        Ok(self
            .open_located(&mut inner, DeviceKind::Passkey, None, secret)
            .await?)
    }

    /// Opens the person with this name by a recovery code, as far as a new password: set one next.
    ///
    /// # Errors
    /// [`Misuse::BadRecoveryCode`] for a text that was not copied correctly, before anything is
    /// asked; [`Misuse::UnknownRecovery`]; otherwise as [`unlock_by_passkey`](Self::unlock_by_passkey).
    pub async fn recover_by_code(&self, name: &str, code: &str) -> Result<(), Error> {
        let code = RecoveryCode::parse(code).map_err(Misuse::BadRecoveryCode)?;
        let mut inner = self.inner.lock().await;
        let secret = code.secret().expose();
        self.open_located(&mut inner, DeviceKind::Code, Some(name), secret)
            .await?;
        Ok(())
    }

    async fn set_located(
        &self,
        inner: &mut Inner,
        kind: DeviceKind,
        secret: &[u8],
    ) -> Result<DeviceId, Failure> {
        let user = inner.identity()?.user;
        self.learn(inner, [user.into()], true).await?;
        let roaming = self.draw(inner, kind)?;
        let Located {
            locator,
            record,
            key,
        } = Located::by(&self.config.tenant, secret);
        let sealed = seal_identity(&key, &record, &roaming, inner.rng.as_mut())?;
        let request = store_request(inner, record, &Access::Locator, sealed.clone())?;
        self.call::<StoreRecord>(&request).await?;
        let tried = self
            .call::<OpenRecord>(&OpenRecordRequest { locator })
            .await?;
        if tried.record != record || tried.sealed.as_slice() != sealed {
            return Err(Misbehaviour::BadRecord.into());
        }
        let stored = Stored { record };
        let method = match kind {
            DeviceKind::Passkey => Method::Passkey(stored),
            _ => Method::Code(stored),
        };
        self.adopt(inner, Prepared { roaming, method }).await
    }

    async fn open_located(
        &self,
        inner: &mut Inner,
        kind: DeviceKind,
        name: Option<&str>,
        secret: &[u8],
    ) -> Result<Profile, Failure> {
        inner.refuse_identity()?;
        let tenant = self.config.tenant;
        let Located {
            locator,
            record,
            key,
        } = Located::by(&tenant, secret);
        let opened = self
            .call::<OpenRecord>(&OpenRecordRequest { locator })
            .await;
        let opened: RecordOpened = match opened {
            Err(error) if error.problem() == Some(ProblemCode::NotFound) => {
                return Err(Misuse::UnknownRecovery.into());
            }
            other => other?,
        };
        let damaged = || Failure::from(Misbehaviour::BadRecord);
        let identity: Identity = open_identity(&key, &tenant, &record, opened.sealed.as_slice())
            .map_err(|_| damaged())?;
        if opened.record != record || identity.device.keys().kind != kind {
            return Err(damaged());
        }
        match self.enter(inner, identity, name, &record, None).await {
            // The record is there, but the chain names another or none: it was replaced.
            Err(error) if matches!(*error, Error::Misbehaved(Misbehaviour::IdentityChanged)) => {
                Err(Misuse::UnknownRecovery.into())
            }
            other => other,
        }
    }
}
