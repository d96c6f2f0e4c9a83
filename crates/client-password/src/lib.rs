//! Sets a password and unlocks with one, natively.
//!
//! [`wardseal_client`] knows the servers and checks their answers against the user's chain,
//! [`wardseal_password`] has the cryptography; this puts them together. Argon2 runs on a thread for
//! what blocks, so a runtime of `tokio` is needed. Randomness is handed over, since it goes to that
//! thread and back.

use rand_core::CryptoRng;
use tokio::task::spawn_blocking;
use wardseal_client::{
    Client, Error, Misbehaviour, Misuse, PasswordUpload, Profile, StateStore, Transport,
    UnlockedIdentity, api::keys::Evaluated, types::FixedBytes,
};
use wardseal_password::{
    ksf::{KsfParams, KsfRefused},
    opaque::{ClientError, Identities, LoggedIn, Login, Registered, Registration, ServerPublicKey},
    oprf::{Blind, HardenedPassword, OprfError, OprfPublicKey},
    password::{Password, PasswordRefused},
    strength::{WeakPassword, check_strength},
};

/// What can go wrong with a password.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// As with every operation of the client. A wrong password is [`Misuse::WrongPassword`].
    #[error(transparent)]
    Client(#[from] Error),
    /// What was typed cannot be a password.
    #[error("{0}")]
    Refused(#[from] PasswordRefused),
    /// It is too easy to guess.
    #[error("this password is too easy to guess: {0}")]
    Weak(#[from] WeakPassword),
    /// The vault asks for a hash that is too cheap to be safe or too dear to be meant.
    #[error("{0}: the vault is not to be trusted")]
    Policy(#[from] KsfRefused),
    /// 64 MiB at least.
    #[error("not enough memory to hash the password: close other programs, then try again")]
    OutOfMemory,
}

impl PasswordError {
    /// A stable code, as [`Error::code`].
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Client(error) => error.code(),
            Self::Refused(_) => "password_refused",
            Self::Weak(_) => "weak_password",
            Self::Policy(_) => "password_policy",
            Self::OutOfMemory => "out_of_memory",
        }
    }
}

impl From<ClientError> for PasswordError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::WrongPassword => Error::from(Misuse::WrongPassword).into(),
            ClientError::Policy(refused) => refused.into(),
            ClientError::OutOfMemory => Self::OutOfMemory,
            ClientError::ServerMismatch | ClientError::Malformed => bad_answer(),
        }
    }
}

impl From<OprfError> for PasswordError {
    fn from(_: OprfError) -> Self {
        bad_answer()
    }
}

fn bad_answer() -> PasswordError {
    Error::from(Misbehaviour::BadAnswer).into()
}

/// Sets the password of the user who is signed in, or about to recover, in place of the one before. `forbidden` is what
/// is known about the person: name, address, account; no password may contain it.
///
/// The new record is tried out before the old one ends, and until then the old password works.
///
/// # Errors
/// [`PasswordError::Refused`] and [`PasswordError::Weak`] before anything is sent; otherwise those
/// of [`Client::store_password`] and [`Client::adopt_password`].
pub async fn set_password<T: Transport, S: StateStore, R: CryptoRng + Send + 'static>(
    client: &Client<T, S>,
    password: &str,
    forbidden: &[&str],
    mut rng: R,
) -> Result<(), PasswordError> {
    let password = Password::new(password)?;
    check_strength(&password, forbidden)?;
    let vault_key = vault_key(client).await?;
    let new = client.new_password().await?;
    let (blind, blinded) = Blind::start(&password, new.account.as_array(), &mut rng)?;
    let evaluated = client.evaluate_new_password(new, &blinded).await?;
    let input = harden(blind, &evaluated)?;

    let (registration, request) = Registration::start(input.clone(), &mut rng)?;
    let response = client.register_password(new, &request).await?;
    let (registered, mut rng) = blocking(move || {
        let done = registration.finish(
            &response,
            identities(&new.record),
            KsfParams::DEFAULT,
            Some(&vault_key),
            &mut rng,
        );
        done.map(|registered| (registered, rng))
    })
    .await?;
    let stored = client
        .store_password(new, upload(&registered, &evaluated))
        .await?;
    let (login, ke1) = Login::start(input, &mut rng)?;
    let (opened, _) = log_in(client, new.record, vault_key, login, &ke1, rng).await?;
    if opened.export_key != registered.export_key {
        return Err(bad_answer());
    }
    Ok(client.adopt_password(stored).await?)
}

/// Opens the user whom the application calls `name` by a recovery code, and sets a new password: one
/// statement, which ends the forgotten one. The person is here as after an unlock.
///
/// # Errors
/// Those of a bad password before anything is sent; then those of [`Client::recover_by_code`] and of
/// [`set_password`], which can be called again after them.
pub async fn recover_by_code<T: Transport, S: StateStore, R: CryptoRng + Send + 'static>(
    client: &Client<T, S>,
    name: &str,
    code: &str,
    password: &str,
    forbidden: &[&str],
    rng: R,
) -> Result<(), PasswordError> {
    check_strength(&Password::new(password)?, forbidden)?;
    client.recover_by_code(name, code).await?;
    set_password(client, password, forbidden, rng).await
}

/// Opens the user whom the application calls `name`, in memory: nothing is written to this machine
/// until [`Client::keep_for_the_day`] or [`Client::trust_this_machine`]. For somebody who is kept
/// for the day it is the password once more, for what the key of the day may not.
///
/// # Errors
/// [`Misuse::WrongPassword`] also for a name that does not exist, or has no password; otherwise
/// those of [`Client::unlock`].
pub async fn unlock<T: Transport, S: StateStore, R: CryptoRng + Send + 'static>(
    client: &Client<T, S>,
    name: &str,
    password: &str,
    rng: R,
) -> Result<Profile, PasswordError> {
    if !client.may_unlock().await {
        return Err(Error::from(Misuse::IdentityExists).into());
    }
    let typed = Typed::open(
        client,
        client.password_account(name),
        Some(name),
        password,
        rng,
    );
    Ok(client.unlock(name, typed.await?.unlocked()).await?)
}

/// Takes the password once more of somebody who is kept for the day, see [`Client::step_up`].
///
/// # Errors
/// [`Misuse::WrongPassword`]; otherwise those of [`Client::step_up`].
pub async fn step_up<T: Transport, S: StateStore, R: CryptoRng + Send + 'static>(
    client: &Client<T, S>,
    password: &str,
    rng: R,
) -> Result<Profile, PasswordError> {
    let account = client.own_password_account().await?;
    let typed = Typed::open(client, account, None, password, rng).await?;
    Ok(client.step_up(typed.unlocked()).await?)
}

/// What a password that was typed has opened.
struct Typed {
    evaluated: Evaluated,
    vault_key: ServerPublicKey,
    opened: LoggedIn,
    sealed: Vec<u8>,
}

impl Typed {
    async fn open<T: Transport, S: StateStore, R: CryptoRng + Send + 'static>(
        client: &Client<T, S>,
        account: FixedBytes<32>,
        name: Option<&str>,
        password: &str,
        mut rng: R,
    ) -> Result<Self, PasswordError> {
        let password = Password::new(password)?;
        let vault_key = vault_key(client).await?;
        let (blind, blinded) = Blind::start(&password, account.as_array(), &mut rng)?;
        let evaluated = match name {
            Some(name) => client.evaluate_password(name, &blinded).await?,
            None => client.evaluate_account(account, &blinded).await?,
        };
        let input = harden(blind, &evaluated)?;
        let (login, ke1) = Login::start(input, &mut rng)?;
        let (opened, sealed) =
            log_in(client, evaluated.record, vault_key, login, &ke1, rng).await?;
        Ok(Self {
            evaluated,
            vault_key,
            opened,
            sealed,
        })
    }

    fn unlocked(&self) -> UnlockedIdentity<'_> {
        UnlockedIdentity {
            record: self.evaluated.record,
            sealed: &self.sealed,
            export_key: self.opened.export_key.expose(),
            vault_key: self.vault_key.to_bytes(),
            oprf_key: self.evaluated.oprf_key.0,
        }
    }
}

/// What the vault says is its key. It is a claim until the user's chain, which opens at the end,
/// names the same.
async fn vault_key<T: Transport, S: StateStore>(
    client: &Client<T, S>,
) -> Result<ServerPublicKey, PasswordError> {
    let key = client.vault().await?.vault_key.ok_or_else(bad_answer)?;
    Ok(ServerPublicKey::from_bytes(key.0))
}

fn harden(blind: Blind, evaluated: &Evaluated) -> Result<HardenedPassword, PasswordError> {
    let key = OprfPublicKey::from_bytes(evaluated.oprf_key.as_array())?;
    Ok(blind.finish(evaluated.evaluation.as_slice(), &key)?)
}

fn upload<'a>(registered: &'a Registered, evaluated: &Evaluated) -> PasswordUpload<'a> {
    PasswordUpload {
        upload: &registered.upload,
        export_key: registered.export_key.expose(),
        vault_key: registered.server_public.to_bytes(),
        oprf_key: evaluated.oprf_key.0,
    }
}

/// Logs in at the vault; returns what that proved, and what the vault released.
async fn log_in<T: Transport, S: StateStore, R: CryptoRng + Send + 'static>(
    client: &Client<T, S>,
    record: FixedBytes<32>,
    vault_key: ServerPublicKey,
    login: Login,
    ke1: &[u8],
    mut rng: R,
) -> Result<(LoggedIn, Vec<u8>), PasswordError> {
    let started = client.begin_unlock(record, ke1).await?;
    let ke2 = started.ke2;
    let opened =
        blocking(move || login.finish(ke2.as_slice(), identities(&record), &vault_key, &mut rng))
            .await?;
    let sealed = client.finish_unlock(started.login, &opened.ke3).await?;
    Ok((opened, sealed))
}

const fn identities(record: &FixedBytes<32>) -> Identities<'_> {
    Identities {
        client: record.as_array(),
        server: wardseal_client::protocol::vault::VAULT_IDENTITY,
    }
}

async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, ClientError> + Send + 'static,
) -> Result<R, PasswordError> {
    match spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        // Nothing in there panics, and nobody cancels it: the runtime is ending.
        Err(_) => Err(PasswordError::OutOfMemory),
    }
}
