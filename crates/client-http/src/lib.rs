//! Sends a client's requests over HTTP (RFC 9110), natively.
//!
//! [`HttpTransport`] keeps one connection pool for each server. It follows no redirects, so a token
//! never reaches another server than the one configured, and it reads no more of an answer than an
//! answer of this API can have.

mod address;
mod object;

use std::time::Duration;

use reqwest::{
    Method, Response,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    redirect::Policy,
};
use wardseal_client::{
    Transport, TransportError, api,
    exchange::{HttpRequest, HttpResponse},
    types::limits,
};

pub use address::{AddressError, ServerAddress};
pub use object::{HttpObject, HttpObjectError};

/// How long to wait, and how much to read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// For a connection.
    pub connect: Duration,
    /// For a request together with its answer.
    pub total: Duration,
    /// Largest answer, in bytes.
    pub answer: usize,
}

impl Default for Limits {
    /// 5 seconds, 60 seconds, and four times what a server reads of a request: a thousand sessions
    /// with their histories.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(60),
            answer: limits::MAX_BODY * 4,
        }
    }
}

/// This machine has no working TLS: for example, it has no certificates of authorities.
#[derive(Debug, thiserror::Error)]
#[error("HTTPS does not work on this machine: {0}")]
pub struct TlsUnavailable(String);

/// A transport to the key server, the vault and the application's own server.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    keys: Option<Server>,
    vault: Option<Server>,
    tenant: Option<Server>,
    limits: Limits,
}

#[derive(Clone, Debug)]
struct Server {
    address: ServerAddress,
    http: reqwest::Client,
    bearer: Option<String>,
}

impl HttpTransport {
    /// A transport to these servers. Requests to one that is not given fail with
    /// [`TransportError::NotConfigured`].
    ///
    /// # Errors
    /// [`TlsUnavailable`].
    pub fn new(
        keys: Option<ServerAddress>,
        vault: Option<ServerAddress>,
    ) -> Result<Self, TlsUnavailable> {
        Self::with_limits(keys, vault, Limits::default())
    }

    /// The same with other limits.
    ///
    /// # Errors
    /// [`TlsUnavailable`].
    pub fn with_limits(
        keys: Option<ServerAddress>,
        vault: Option<ServerAddress>,
        limits: Limits,
    ) -> Result<Self, TlsUnavailable> {
        let server = |address: Option<ServerAddress>| {
            address
                .map(|address| Server::new(address, &limits))
                .transpose()
        };
        Ok(Self {
            keys: server(keys)?,
            vault: server(vault)?,
            tenant: None,
            limits,
        })
    }

    /// The same with the application's own server, which holds the tenant's shares of what lies in
    /// escrow. `bearer` is how the application knows who calls; it is sent to this server only.
    ///
    /// # Errors
    /// [`TlsUnavailable`].
    pub fn with_tenant(
        self,
        address: ServerAddress,
        bearer: Option<String>,
    ) -> Result<Self, TlsUnavailable> {
        let server = Server::new(address, &self.limits)?;
        Ok(Self {
            tenant: Some(Server { bearer, ..server }),
            ..self
        })
    }

    async fn exchange(
        &self,
        server: &Server,
        request: HttpRequest,
    ) -> Result<HttpResponse, TransportError> {
        let method = match request.method {
            api::Method::Get => Method::GET,
            api::Method::Post => Method::POST,
        };
        let mut outgoing = server
            .http
            .request(method, server.address.join(request.path));
        if let Some(token) = request.bearer.as_ref().or(server.bearer.as_ref()) {
            // What is no header was no token that a server gave: it will say so.
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .unwrap_or(HeaderValue::from_static("Bearer"));
            value.set_sensitive(true);
            outgoing = outgoing.header(AUTHORIZATION, value);
        }
        if !request.body.is_empty() {
            outgoing = outgoing
                .header(CONTENT_TYPE, "application/json")
                .body(request.body);
        }
        let answer = outgoing
            .send()
            .await
            .map_err(|error| server.failed(&error))?;
        let status = answer.status().as_u16();
        let body = self.read(server, answer).await?;
        Ok(HttpResponse { status, body })
    }

    async fn read(&self, server: &Server, mut answer: Response) -> Result<Vec<u8>, TransportError> {
        let mut body = Vec::new();
        while let Some(part) = answer
            .chunk()
            .await
            .map_err(|error| server.failed(&error))?
        {
            if body.len() + part.len() > self.limits.answer {
                return Err(TransportError::TooLarge {
                    server: server.address.to_string(),
                });
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }
}

impl Server {
    fn new(address: ServerAddress, limits: &Limits) -> Result<Self, TlsUnavailable> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("wardseal/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            .redirect(Policy::none());
        if address.is_loopback() {
            // A proxy has its own loopback.
            builder = builder.no_proxy();
        }
        let http = builder
            .build()
            .map_err(|error| TlsUnavailable(error.to_string()))?;
        Ok(Self {
            address,
            http,
            bearer: None,
        })
    }

    fn failed(&self, error: &reqwest::Error) -> TransportError {
        let server = self.address.to_string();
        if error.is_timeout() {
            TransportError::Timeout { server }
        } else if error.is_connect() {
            TransportError::Unreachable { server }
        } else {
            TransportError::Interrupted { server }
        }
    }
}

impl Transport for HttpTransport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let (server, role) = match request.role {
            api::Role::Keys => (&self.keys, "key server"),
            api::Role::Vault => (&self.vault, "vault"),
            api::Role::Tenant => (&self.tenant, "server of the application"),
        };
        let server = server.as_ref().ok_or(TransportError::NotConfigured(role))?;
        self.exchange(server, request).await
    }
}
