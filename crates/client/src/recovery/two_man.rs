//! The two-man rule: one share of the key lies at the vault, which gives it to whoever types the
//! code that it mailed, the other at the application's own server, which has a check of its own.

use wardseal_client_core::{
    Error, Misuse,
    api::vault::StoreRecord,
    crypto::secret::Secret,
    protocol::{
        binding::address_commitment,
        keys::DeviceKind,
        op::{Method, TwoMan},
        vault::{Access, Language, TwoManAccess},
    },
    recovery::{seal_identity, two_man_key},
    types::{DeviceId, FixedBytes},
};

use super::{Prepared, store_request};
use crate::{
    client::Client,
    ports::{StateStore, Transport},
};

/// How the vault is to send its codes.
#[derive(Clone, Copy, Debug)]
pub struct MailSettings<'a> {
    /// To which address.
    pub address: &'a str,
    /// Hours between the right code and the release, at most 72.
    pub delay: u8,
    /// In which language it writes.
    pub language: Language,
}

/// A two-man method whose record lies at the vault, and whose other share has to be left at the
/// application's server before it is adopted.
#[derive(Debug)]
pub struct PreparedMail {
    prepared: Prepared,
    share: Secret<32>,
}

impl PreparedMail {
    /// Name of the record.
    #[must_use]
    pub const fn record(&self) -> &FixedBytes<32> {
        self.prepared.method.record()
    }

    /// The share for the application's server.
    #[must_use]
    pub const fn share(&self) -> &Secret<32> {
        &self.share
    }
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Begins to set recovery by mail. Leave [`PreparedMail::share`] at the application's server
    /// under [`PreparedMail::record`], then [`adopt_mail`](Self::adopt_mail).
    ///
    /// # Errors
    /// [`Misuse::Invalid`] for what is no address, or for too long a delay.
    pub async fn prepare_mail(&self, settings: MailSettings<'_>) -> Result<PreparedMail, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let user = inner.identity()?.user;
        let tenant = self.config.tenant;
        let mut draw = || Secret::<32>::generate(inner.rng.as_mut());
        let (share, kept, salt) = (draw()?, draw()?, draw()?);
        let access = Access::TwoMan(TwoManAccess {
            share: FixedBytes(*kept.expose()),
            address: settings.address.to_owned(),
            salt: FixedBytes(*salt.expose()),
            delay: settings.delay,
            language: settings.language,
        });
        if Access::from_bytes(&access.to_bytes()).is_err() {
            return Err(Misuse::Invalid(
                "an address has one @ and no spaces, and a delay at most 72 hours",
            )
            .into());
        }
        self.learn(inner, [user.into()], true).await?;
        let roaming = self.draw(inner, DeviceKind::TwoMan)?;
        let record = Self::draw_record(inner)?;
        let key = two_man_key(&tenant, &user, &record, &share, &kept);
        let sealed = seal_identity(&key, &record, &roaming, inner.rng.as_mut())?;
        let request = store_request(inner, record, &access, sealed)?;
        self.call::<StoreRecord>(&request).await?;
        let method = Method::TwoMan(TwoMan {
            record,
            address: address_commitment(&tenant, salt.expose(), settings.address),
            delay: settings.delay,
        });
        let prepared = Prepared { roaming, method };
        Ok(PreparedMail { prepared, share })
    }

    /// Makes a prepared recovery by mail the one that works.
    ///
    /// # Errors
    /// [`Error::Transport`], [`Error::Rejected`]: the one before still works then, unless the answer
    /// alone was lost.
    pub async fn adopt_mail(&self, prepared: PreparedMail) -> Result<DeviceId, Error> {
        let mut inner = self.inner.lock().await;
        Ok(self.adopt(&mut inner, prepared.prepared).await?)
    }
}
