//! Somebody who works: a client of the platform with keys in memory, and a session at the transfer server.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use chacha20::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use reqwest::{
    Method,
    header::{COOKIE, SET_COOKIE},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use wardseal_client::{
    Client, Config, MemoryStore,
    crypto::{aead::DefaultAes, secret::Secret},
    protocol::object::Metadata,
    types::{Clock, MemberId, SessionId, TenantId, Timestamp},
};
use wardseal_client_http::HttpTransport;

/// Addresses of the four servers' two that a client talks to, and of the application.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The key server.
    pub keys: String,
    /// The vault.
    pub vault: String,
    /// The transfer server.
    pub transfer: String,
    /// The tenant.
    pub tenant: TenantId,
}

/// The system's clock.
#[derive(Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "a program that people start reads the system's clock, here alone"
    )]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// A generator from the system's source.
///
/// # Errors
/// When that does not work.
pub fn random() -> Result<ChaCha20Rng> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("the system's source of randomness does not work")?;
    Ok(ChaCha20Rng::from_seed(seed))
}

/// Somebody who is signed up.
#[expect(missing_debug_implementations, reason = "a client holds keys")]
pub struct Staff {
    /// Keys.
    pub client: Client<HttpTransport, MemoryStore>,
    /// The name to sign in with.
    pub name: String,
    addresses: Addresses,
    http: reqwest::Client,
    cookie: String,
}

impl Staff {
    /// Signs somebody up with an invitation, sets the password, and opens a session at the transfer server.
    ///
    /// # Errors
    /// Whatever a server says.
    pub async fn sign_up(
        addresses: &Addresses,
        name: &str,
        invitation: &str,
        password: &str,
    ) -> Result<Self> {
        let transport = HttpTransport::new(
            Some(addresses.keys.parse()?),
            Some(addresses.vault.parse()?),
        )?;
        let mut rng = random()?;
        let key = Secret::generate(&mut rng)?;
        let client = Client::open(
            Config::new(addresses.tenant),
            transport,
            MemoryStore::default(),
            key,
            Arc::new(SystemClock),
            Box::new(random()?),
        )
        .await?;
        let staff = Self {
            client,
            name: name.to_owned(),
            addresses: addresses.clone(),
            http: reqwest::Client::new(),
            cookie: String::new(),
        };
        let request = staff.client.begin_sign_up(name).await?;
        let signed: Value = staff
            .call(
                Method::POST,
                "/api/sign-up",
                &json!({
                    "invitation": invitation,
                    "name": name,
                    "user": request.user,
                    "commitment": request.commitment,
                    "index": request.index,
                }),
            )
            .await?;
        let token = signed
            .get("token")
            .and_then(Value::as_str)
            .context("no token came")?;
        staff.client.finish_sign_up(token).await?;
        wardseal_client_password::set_password(&staff.client, password, &[name], rng).await?;
        Ok(staff)
    }

    /// Opens a session at the transfer server by a signature of this device.
    ///
    /// # Errors
    /// Whatever a server says.
    pub async fn enter(&mut self) -> Result<()> {
        let config: Value = self.get("/api/config").await?;
        let challenge: Value = self
            .call(Method::POST, "/api/session/challenge", &json!({}))
            .await?;
        let audience = config
            .get("audience")
            .and_then(Value::as_str)
            .context("no audience came")?;
        let challenge = challenge
            .get("challenge")
            .and_then(Value::as_str)
            .context("no challenge came")?;
        let proof = self.client.prove(audience, challenge).await?;
        let answer = self
            .request(Method::POST, "/api/session")
            .json(&json!({ "proof": proof }))
            .send()
            .await?;
        let cookie = answer
            .headers()
            .get(SET_COOKIE)
            .and_then(|header| header.to_str().ok())
            .and_then(|text| text.split(';').next())
            .map(str::to_owned);
        let _me: Value = read(answer).await?;
        self.cookie = cookie.context("no session came")?;
        Ok(())
    }

    /// Seals a JSON value for a session.
    ///
    /// # Errors
    /// Whatever a server says.
    pub async fn seal(&self, session: SessionId, value: &Value) -> Result<Vec<u8>> {
        self.seal_bytes(
            session,
            None,
            Some("application/json"),
            value.to_string().as_bytes(),
        )
        .await
    }

    /// Seals bytes for a session.
    ///
    /// # Errors
    /// Whatever a server says.
    pub async fn seal_bytes(
        &self,
        session: SessionId,
        name: Option<&str>,
        media_type: Option<&str>,
        content: &[u8],
    ) -> Result<Vec<u8>> {
        let metadata = Metadata {
            name: name.map(str::to_owned),
            media_type: media_type.map(str::to_owned),
            ..Metadata::default()
        };
        let sealing = self.client.sealing(session, &metadata).await?;
        Ok(sealing.seal::<DefaultAes>(content)?)
    }

    /// Makes a session.
    ///
    /// # Errors
    /// Whatever the key server says.
    pub async fn session(&self, manage: &[MemberId], read: &[MemberId]) -> Result<SessionId> {
        use wardseal_client::protocol::op::Rights;
        let recipients: Vec<(MemberId, Rights)> = manage
            .iter()
            .map(|member| (*member, Rights::MANAGE))
            .chain(read.iter().map(|member| (*member, Rights::READ)))
            .collect();
        Ok(self.client.create_session(&recipients, None, None).await?)
    }

    /// Asks the transfer server.
    ///
    /// # Errors
    /// Whatever it says.
    pub async fn get<A: DeserializeOwned>(&self, path: &str) -> Result<A> {
        read(self.request(Method::GET, path).send().await?).await
    }

    /// Tells the transfer server.
    ///
    /// # Errors
    /// Whatever it says.
    pub async fn call<B: Serialize + Sync, A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &B,
    ) -> Result<A> {
        read(self.request(method, path).json(body).send().await?).await
    }

    /// Puts a small blob, and gives its identifier.
    ///
    /// # Errors
    /// Whatever the transfer server says.
    pub async fn put(&self, facility: &str, sealed: Vec<u8>) -> Result<String> {
        let id = ulid()?;
        let answer = self
            .request(Method::PUT, &format!("/api/blobs/{id}?facility={facility}"))
            .header("content-type", "application/octet-stream")
            .body(sealed)
            .send()
            .await?;
        let _info: Value = read(answer).await?;
        Ok(id)
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.addresses.transfer))
            .header("sec-fetch-site", "same-origin")
            .header("origin", &self.addresses.transfer)
            .header(COOKIE, &self.cookie)
    }
}

/// A fresh identifier.
///
/// # Errors
/// When the system's source of randomness does not work.
pub fn ulid() -> Result<String> {
    let mut rng = random()?;
    let random = (u128::from(rng.next_u64()) << 64) | u128::from(rng.next_u64());
    Ok(ulid::Ulid::from_parts(SystemClock.now().millis(), random).to_string())
}

async fn read<A: DeserializeOwned>(answer: reqwest::Response) -> Result<A> {
    let (status, url) = (answer.status(), answer.url().path().to_owned());
    let text = answer.text().await?;
    if !status.is_success() {
        bail!("{url} answered {status}: {text}");
    }
    if text.is_empty() {
        return Ok(serde_json::from_str("null")?);
    }
    serde_json::from_str(&text).with_context(|| format!("{url} answered something else"))
}
