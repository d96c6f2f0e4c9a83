//! Requests answered on the caller's turn.

use std::sync::Arc;

use tokio::sync::watch;
use wardseal_api::{Auth, Endpoint, Method, PROBLEM_MEDIA_TYPE};
use wardseal_types::limits;

use crate::{
    About, Failure, body,
    keys::{self, Keys},
    routes::{
        Authenticates, CallerHandler, Grows, OpenHandler, Operation, Routes, TenantHandler,
        WaitingHandler, declares, nowhere,
    },
    vault::{self, Vault},
};

/// A request that has arrived.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// `GET` or `POST`.
    pub method: &'r str,
    /// The path, without what precedes and follows it.
    pub path: &'r str,
    /// The value of `Authorization`.
    pub authorization: Option<&'r str>,
    /// The value of `Content-Type`.
    pub content_type: Option<&'r str>,
    /// The body; of a `GET` it is ignored.
    pub body: &'r [u8],
}

/// What is to be sent back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The value of `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: Vec<u8>,
}

/// What became of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It is answered.
    Answered(Answer),
    /// There is nothing to say yet. It is to be asked again when something was written, see
    /// [`Api::growth`], and at the end as the last time.
    Waits,
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        // A document of strings and numbers is always JSON.
        let body = body::text(&failure.problem).unwrap_or_default();
        Self {
            status: failure.problem.status,
            content_type: PROBLEM_MEDIA_TYPE,
            retry_after: failure.problem.retry_after,
            body,
        }
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        Self::Answered(failure.into())
    }
}

/// A server in one role or both that answers on the caller's turn. It knows no limits of time and
/// number: those belong to what carries the requests.
#[derive(Debug)]
pub struct Api {
    keys: Option<Keys>,
    vault: Option<Vault>,
}

impl Api {
    /// The operations of the services that `about` has.
    #[must_use]
    pub fn new(about: About) -> Self {
        let about = Arc::new(about);
        let keys = about.keys.clone();
        let vault = about.vault.clone();
        Self {
            keys: keys.map(|service| Keys::new(service, Arc::clone(&about))),
            vault: vault.map(|service| Vault::new(service, about)),
        }
    }

    /// Changes whenever something was written for which somebody may wait; `None` without a key
    /// server.
    #[must_use]
    pub fn growth(&self) -> Option<watch::Receiver<u64>> {
        self.keys.as_ref().map(Grows::growth)
    }

    /// Answers a request. With `last` it does so in any case, also when there is nothing new.
    #[must_use]
    pub fn answer(&self, request: Request<'_>, last: bool) -> Outcome {
        let asked = Asked { request, last };
        if let Some(keys) = &self.keys {
            let mut found = Found::new(keys, asked);
            keys::operations(&mut found);
            if let Some(outcome) = found.outcome {
                return outcome;
            }
        }
        if let Some(vault) = &self.vault {
            let mut found = Found::new(vault, asked);
            vault::operations(&mut found);
            if let Some(outcome) = found.outcome {
                return outcome;
            }
        }
        nowhere(request.method, request.path).into()
    }
}

#[derive(Clone, Copy)]
struct Asked<'r> {
    request: Request<'r>,
    last: bool,
}

impl Asked<'_> {
    fn is_for<E: Endpoint>(&self) -> bool {
        let method = match E::METHOD {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        self.request.path == E::PATH && self.request.method == method
    }

    fn body<E: Operation>(&self) -> Result<E::Request, Failure> {
        match E::METHOD {
            Method::Get => body::parse(b"null"),
            Method::Post => {
                body::json_only(self.request.content_type)?;
                if self.request.body.len() > limits::MAX_BODY {
                    return Err(body::too_large());
                }
                body::parse(self.request.body)
            }
        }
    }

    fn token(&self) -> Result<&str, Failure> {
        body::bearer(self.request.authorization)
    }
}

/// Looks for the operation that is asked for, and does it.
struct Found<'s, 'r, S> {
    state: &'s S,
    asked: Asked<'r>,
    outcome: Option<Outcome>,
}

impl<'s, 'r, S> Found<'s, 'r, S> {
    const fn new(state: &'s S, asked: Asked<'r>) -> Self {
        Self {
            state,
            asked,
            outcome: None,
        }
    }

    fn answer<E: Operation>(
        &mut self,
        work: impl FnOnce(&S, Asked<'r>) -> Result<Option<E::Response>, Failure>,
    ) {
        if !self.asked.is_for::<E>() {
            return;
        }
        let done = work(self.state, self.asked).and_then(|response| match response {
            None => Ok(Outcome::Waits),
            Some(response) => Ok(Outcome::Answered(Answer {
                status: 200,
                content_type: "application/json",
                retry_after: None,
                body: body::text(&response)?,
            })),
        });
        // Nothing here names requests.
        let outcome = done.unwrap_or_else(|failure| failure.named("").into());
        self.outcome = Some(outcome);
    }
}

impl<S> Routes<S> for Found<'_, '_, S> {
    fn open<E: Operation>(&mut self, handler: OpenHandler<S, E>) {
        const { declares::<E>(Auth::Open) };
        self.answer::<E>(|state, asked| handler(state, asked.body::<E>()?).map(Some));
    }

    fn bearer<E: Operation>(&mut self, handler: CallerHandler<S, E>)
    where
        S: Authenticates,
    {
        const { declares::<E>(Auth::Bearer) };
        self.answer::<E>(|state, asked| {
            let token = asked.token()?;
            let body = asked.body::<E>()?;
            handler(state, &state.authenticate(token)?, body).map(Some)
        });
    }

    fn tenant<E: Operation>(&mut self, handler: TenantHandler<S, E>)
    where
        S: Authenticates,
    {
        const { declares::<E>(Auth::Tenant) };
        self.answer::<E>(|state, asked| {
            let token = asked.token()?;
            let body = asked.body::<E>()?;
            handler(state, &state.authenticate_tenant(token)?, body).map(Some)
        });
    }

    fn waiting<E: Operation>(&mut self, handler: WaitingHandler<S, E>)
    where
        S: Authenticates + Grows,
    {
        const { declares::<E>(Auth::Bearer) };
        self.answer::<E>(|state, asked| {
            let token = asked.token()?;
            let body = asked.body::<E>()?;
            handler(state, &state.authenticate(token)?, &body, asked.last)
        });
    }
}
