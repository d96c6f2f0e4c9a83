//! The client of one person on one machine.

use core::future::Future;
use std::sync::Arc;

use wardseal_client::{
    Client, MemoryStore, Profile,
    api::{DeviceProof, keys::ServerInfo},
    crypto::secret::Secret,
    types::{Base64Url, Clock, DeviceId, TenantId, Timestamp, UserId},
};
use wardseal_client_http::HttpTransport;
use wardseal_client_password as password;
use wardseal_client_sqlite::{HostStore, open_folder};

use crate::{
    changes::{Change, Changes},
    error::Error,
    groups::Groups,
    host::{SystemClock, random},
    options::{Options, Store},
    people::{Devices, Users},
    recovery::Recovery,
    sessions::Sessions,
};

/// The client beneath.
pub(crate) type Core = Client<HttpTransport, HostStore>;

/// What the application's own server has to sign at a sign-up, once it has checked who the person
/// is. In JSON it has these names, and is what the guides for servers take.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SignUpRequest {
    /// The tenant.
    pub tenant: TenantId,
    /// The new user.
    pub user: UserId,
    /// The name by which the application calls the person.
    pub name: String,
    /// Salted commitment to the name, base64url: `cmt` of the token.
    pub commitment: String,
    /// Index of the name, base64url: `idx` of the token.
    pub index: String,
}

impl SignUpRequest {
    /// The request as JSON, as a server expects it.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "tenant": self.tenant.to_string(),
            "user": self.user.to_string(),
            "name": self.name,
            "commitment": self.commitment,
            "index": self.index,
        })
    }
}

/// End-to-end encryption for one person on one machine. Cheap to clone; methods may be called at
/// once, and each can be called again after a failure: none leaves anything half-done. It needs a
/// runtime of tokio.
#[derive(Clone, Debug)]
pub struct Wardseal {
    pub(crate) core: Arc<Core>,
    tenant: TenantId,
}

impl Wardseal {
    /// Opens a client over what its store holds.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let folder = tempfile::tempdir()?;
    /// # let (tenant, keys) = (place.tenant(), place.options().keys);
    /// use wardseal_sdk::{Options, Store, Wardseal};
    ///
    /// let ward = Wardseal::open(Options {
    ///     store: Store::Folder(folder.path().join("keys")),
    ///     ..Options::new(tenant, keys)
    /// })
    /// .await?;
    /// assert!(ward.profile().await.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Code `invalid` for an address that is none; `store` for a folder that cannot be used, or that
    /// belongs to another tenant.
    pub async fn open(options: Options) -> Result<Self, Error> {
        let transport = options.transport()?;
        let config = options.config();
        let (store, key) = match options.store {
            Store::Memory => {
                let key = Secret::generate(&mut random()).map_err(wardseal_client::Error::from)?;
                (HostStore::Memory(MemoryStore::default()), key)
            }
            Store::Folder(folder) => {
                let (store, key) =
                    crate::blocking(move || Ok(open_folder(&folder, &mut random())?)).await?;
                (HostStore::Folder(store), key)
            }
        };
        let clock: Arc<dyn Clock> = options.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let core = Client::open(config, transport, store, key, clock, Box::new(random())).await?;
        Ok(Self {
            core: Arc::new(core),
            tenant: options.tenant,
        })
    }

    /// The client beneath, for what is not offered here.
    #[must_use]
    pub fn client(&self) -> &Client<HttpTransport, HostStore> {
        &self.core
    }

    /// Who is signed in here, if anybody is.
    pub async fn profile(&self) -> Option<Profile> {
        self.core.profile().await
    }

    /// What the key server says of itself. Compare its clock with yours.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn server(&self) -> Result<ServerInfo, Error> {
        Ok(self.core.server().await?)
    }

    /// People by the names that the application gave them.
    #[must_use]
    pub const fn users(&self) -> Users<'_> {
        Users(self)
    }

    /// The devices of the person.
    #[must_use]
    pub const fn devices(&self) -> Devices<'_> {
        Devices(self)
    }

    /// Groups of people.
    #[must_use]
    pub const fn groups(&self) -> Groups<'_> {
        Groups(self)
    }

    /// Who may open what.
    #[must_use]
    pub const fn sessions(&self) -> Sessions<'_> {
        Sessions(self)
    }

    /// Ways back in, and whether they work.
    #[must_use]
    pub const fn recovery(&self) -> Recovery<'_> {
        Recovery(self)
    }

    /// Draws the keys of a new user. Asking again for the same name gives the same user, until it is
    /// signed up.
    ///
    /// # Errors
    /// Codes `identity_exists`, `bad_name`, `store`.
    pub async fn begin_sign_up(&self, name: &str) -> Result<SignUpRequest, Error> {
        let request = self.core.begin_sign_up(name).await?;
        Ok(SignUpRequest {
            tenant: self.tenant,
            user: request.user,
            name: request.name,
            commitment: Base64Url::text_of(request.commitment.as_array()),
            index: Base64Url::text_of(request.index.as_array()),
        })
    }

    /// Registers the user of [`begin_sign_up`](Self::begin_sign_up) with the token of the
    /// application's server.
    ///
    /// # Errors
    /// Code `no_pending_sign_up`; `binding_refused` and `binding_expired` for a token that is not
    /// good: the sign-up stays pending, so another can be tried; `name_taken`.
    pub async fn finish_sign_up(&self, token: &str) -> Result<UserId, Error> {
        Ok(self.core.finish_sign_up(token).await?)
    }

    /// Signs a person up: `sign` has the application's server sign the request and gives its token.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use wardseal_sdk::{Error, Wardseal};
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let ward = Wardseal::open(place.options()).await?;
    /// # let ask_our_server = |request: wardseal_sdk::SignUpRequest| {
    /// #     let token = place.sign(&request);
    /// #     async move { Ok::<_, std::io::Error>(token) }
    /// # };
    /// let user = ward
    ///     .sign_up("doctor-4711", |request| async move {
    ///         ask_our_server(request).await.map_err(Error::application)
    ///     })
    ///     .await?;
    /// assert_eq!(ward.profile().await.map(|profile| profile.user), Some(user));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the two halves, and what `sign` gives.
    pub async fn sign_up<F, A>(&self, name: &str, sign: F) -> Result<UserId, Error>
    where
        F: FnOnce(SignUpRequest) -> A,
        A: Future<Output = Result<String, Error>>,
    {
        let request = self.begin_sign_up(name).await?;
        let token = sign(request).await?;
        self.finish_sign_up(&token).await
    }

    /// Proves to the application's own server who is here, by a signature of this machine's device
    /// or of the one that a password unlocked. `audience` is the application's origin, `challenge`
    /// what its server drew for this login. In JSON the proof is what that server takes.
    ///
    /// # Errors
    /// Code `no_identity`; `invalid` for a text that is empty or longer than 1024 bytes.
    pub async fn prove(&self, audience: &str, challenge: &str) -> Result<DeviceProof, Error> {
        Ok(self.core.prove(audience, challenge).await?)
    }

    /// Sets the password with which this person can sign in on any machine. The one before ends in
    /// the same instant. `forbidden` is what is known about the person, such as the name: no
    /// password may contain it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use wardseal_sdk::Wardseal;
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let ward = place.person("doctor-4711").await;
    /// ward.set_password("four quiet grey herons", &["doctor-4711"]).await?;
    ///
    /// // On any other machine:
    /// let elsewhere = Wardseal::open(place.options()).await?;
    /// elsewhere.unlock("doctor-4711", "four quiet grey herons").await?;
    ///
    /// let weak = ward.set_password("my name is doctor-4711", &["doctor-4711"]).await.unwrap_err();
    /// assert_eq!(weak.code(), "weak_password");
    /// assert_eq!(weak.details().reason, Some("contains_name"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Codes `weak_password` and `password_refused` before anything is sent; `not_configured`
    /// without a vault.
    pub async fn set_password(&self, password: &str, forbidden: &[&str]) -> Result<(), Error> {
        Ok(password::set_password(&self.core, password, forbidden, random()).await?)
    }

    /// Signs a person in by name and password, in memory alone: nothing is written to this machine
    /// until [`trust_this_machine`](Self::trust_this_machine) or
    /// [`keep_for_the_day`](Self::keep_for_the_day).
    ///
    /// # Errors
    /// Code `wrong_password`, also for a name that does not exist; `identity_exists`.
    pub async fn unlock(&self, name: &str, password: &str) -> Result<Profile, Error> {
        Ok(password::unlock(&self.core, name, password, random()).await?)
    }

    /// Keeps the person who was unlocked here until the day is over, at most 16 hours; gives when
    /// that is. What is kept reads and writes in sessions; changes of groups, devices and ways back
    /// in have the code `password_needed` until [`step_up`](Self::step_up).
    ///
    /// # Errors
    /// Codes `no_identity`, `identity_exists`, `store`.
    pub async fn keep_for_the_day(&self) -> Result<Timestamp, Error> {
        Ok(self.core.keep_for_the_day().await?)
    }

    /// Takes the password once more of the person who is kept for the day, for five minutes.
    ///
    /// # Errors
    /// Codes `wrong_password`, `no_identity`.
    pub async fn step_up(&self, password: &str) -> Result<Profile, Error> {
        Ok(password::step_up(&self.core, password, random()).await?)
    }

    /// Signs a person in by a recovery code, and sets a new password, which ends the forgotten one.
    ///
    /// # Errors
    /// Code `bad_recovery_code` with [`group`](crate::ErrorDetails::group) when the code was not
    /// copied correctly, before anything is asked; `unknown_recovery`; those of a weak password.
    pub async fn recover_by_code(
        &self,
        name: &str,
        code: &str,
        new_password: &str,
        forbidden: &[&str],
    ) -> Result<(), Error> {
        let recovered =
            password::recover_by_code(&self.core, name, code, new_password, forbidden, random());
        Ok(recovered.await?)
    }

    /// Makes the unlocked person's machine a device: no password is asked until
    /// [`sign_out`](Self::sign_out).
    ///
    /// # Errors
    /// Codes `no_identity`, `identity_exists`, `store`.
    pub async fn trust_this_machine(&self) -> Result<DeviceId, Error> {
        Ok(self.core.trust_this_machine().await?)
    }

    /// Erases everything from this machine. The device stays listed until another device revokes it.
    ///
    /// # Errors
    /// Code `store`.
    pub async fn sign_out(&self) -> Result<(), Error> {
        Ok(self.core.sign_out().await?)
    }

    /// Drops the keys of all sessions: the same as [`Sessions::forget`].
    ///
    /// # Errors
    /// Code `store`.
    pub async fn forget_sessions(&self) -> Result<(), Error> {
        self.sessions().forget().await
    }

    /// What changes from now on that concerns this person. Keys in doubt are dropped before a
    /// change is given.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let (ward, theirs) = (place.person("job").await, place.person("anna").await);
    /// # let me = ward.profile().await.ok_or("nobody")?.user;
    /// use wardseal_sdk::Change;
    ///
    /// let mut changes = ward.changes().await?;
    /// # let she = theirs.profile().await.ok_or("nobody")?.user;
    /// # let made = theirs.sessions().create(wardseal_sdk::NewSession {
    /// #     manage: vec![she.into()], read: vec![me.into()], ..Default::default()
    /// # }).await?;
    /// // Somebody makes a session for this person.
    /// if let Change::Session(session) = changes.next().await? {
    ///     println!("{session} is new, or has changed");
    /// #   assert_eq!(session, made);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the connection: it has to stand when this begins.
    pub async fn changes(&self) -> Result<Changes, Error> {
        Changes::begin(self.clone()).await
    }

    /// Hears of changes for as long as it is polled, so that keys of what was revoked are dropped at
    /// once. It reconnects by itself and ends with an error that waiting does not mend.
    ///
    /// # Errors
    /// As [`Changes::next`].
    pub async fn stay_connected(&self) -> Result<(), Error> {
        let mut changes = self.changes().await?;
        loop {
            let _: Change = changes.next().await?;
        }
    }

    /// Reads what an object says of itself, without keys: a claim, not a fact.
    ///
    /// # Errors
    /// Codes `not_an_object`, `object_truncated`, `object_malformed`.
    pub fn inspect(object: &[u8]) -> Result<crate::ObjectHeader, Error> {
        let prelude = wardseal_client::object::read_prelude(object)?;
        Ok(prelude.header().clone())
    }
}
