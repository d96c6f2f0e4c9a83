//! The router, and what holds for every request.

use std::{fmt, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method as HttpMethod, Response, Uri, header},
    middleware::{self, Next},
    routing::{MethodFilter, MethodRouter, get, on},
};
use tokio::sync::Semaphore;
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
    set_header::SetResponseHeaderLayer,
};
use wardseal_api::{Auth, Endpoint, Method, ProblemCode};
use wardseal_server_api::{
    About, Failure,
    keys::{self, Keys},
    routes::{
        Authenticates, CallerHandler, Grows, OpenHandler, Operation, Routes, TenantHandler,
        WaitingHandler, declares, nowhere,
    },
    vault::{self, Vault},
};
use wardseal_server_domain::{keys::KeyService, vault::VaultService};
use wardseal_types::Clock;

use crate::operation::{
    MOST_AT_ONCE, MOST_WAITING, OperationId, RequestId, json, refuse, run, wait,
};

/// The header that names a request, in answers and in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Which web pages may call the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origins {
    /// Pages that come from this machine, for development.
    Loopback,
    /// Pages of these origins (`https://app.example`); an empty list is none.
    Listed(Vec<String>),
}

impl Origins {
    fn admit(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        match self {
            Self::Listed(listed) => listed.iter().any(|listed| listed == origin),
            Self::Loopback => origin
                .parse::<Uri>()
                .ok()
                .and_then(|origin| origin.host().map(is_loopback))
                .unwrap_or(false),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// A server in one role or both.
pub struct App {
    /// What signatures of sign-in name as their audience.
    pub audience: String,
    /// Which web pages may call.
    pub origins: Origins,
    /// What clients compare their own clocks with.
    pub clock: Arc<dyn Clock>,
    /// The key server, if this process is one.
    pub keys: Option<Arc<KeyService>>,
    /// The vault, if this process is one.
    pub vault: Option<Arc<VaultService>>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("audience", &self.audience)
            .field("origins", &self.origins)
            .field("keys", &self.keys.is_some())
            .field("vault", &self.vault.is_some())
            .finish_non_exhaustive()
    }
}

impl App {
    /// The router with everything around it.
    pub(crate) fn into_router(self) -> Router {
        let about = Arc::new(About {
            audience: self.audience,
            clock: self.clock,
            keys: self.keys,
            vault: self.vault,
        });
        let at_once = Arc::new(Semaphore::new(MOST_AT_ONCE));
        let mut router = Router::new()
            .route("/healthz", get(alive))
            .route("/readyz", get(ready).with_state(Arc::clone(&about)));
        if let Some(service) = &about.keys {
            let state = Keys::new(Arc::clone(service), Arc::clone(&about));
            let mut mounted = Mounted::new(state, &at_once, router);
            keys::operations(&mut mounted);
            router = mounted.router;
        }
        if let Some(service) = &about.vault {
            let state = Vault::new(Arc::clone(service), Arc::clone(&about));
            let mut mounted = Mounted::new(state, &at_once, router);
            vault::operations(&mut mounted);
            router = mounted.router;
        }
        let origins = self.origins;
        router
            .fallback(nothing_here)
            .method_not_allowed_fallback(nothing_here)
            .layer(
                CorsLayer::new()
                    .allow_origin(AllowOrigin::predicate(move |origin, _| {
                        origins.admit(origin)
                    }))
                    .allow_methods([HttpMethod::GET, HttpMethod::POST])
                    .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
                    .expose_headers([header::RETRY_AFTER, REQUEST_ID])
                    .max_age(std::time::Duration::from_secs(600)),
            )
            .layer(CatchPanicLayer::custom(panicked))
            .layer(always(header::CACHE_CONTROL, "no-store"))
            .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .layer(always(header::REFERRER_POLICY, "no-referrer"))
            .layer(always(
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; frame-ancestors 'none'",
            ))
            .layer(middleware::from_fn(observe))
    }
}

fn always(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

/// Collects operations into a router.
struct Mounted<S> {
    state: Arc<S>,
    at_once: Arc<Semaphore>,
    router: Router,
}

impl<S> Mounted<S> {
    fn new(state: S, at_once: &Arc<Semaphore>, router: Router) -> Self {
        Self {
            state: Arc::new(state),
            at_once: Arc::clone(at_once),
            router,
        }
    }

    fn mount<E: Endpoint>(&mut self, handler: MethodRouter) {
        let router = std::mem::take(&mut self.router);
        self.router = router.route(E::PATH, handler);
    }
}

const fn filter<E: Endpoint>() -> MethodFilter {
    match E::METHOD {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
    }
}

impl<S: Send + Sync + 'static> Routes<S> for Mounted<S> {
    fn open<E: Operation>(&mut self, handler: OpenHandler<S, E>) {
        const { declares::<E>(Auth::Open) };
        let (state, at_once) = (Arc::clone(&self.state), Arc::clone(&self.at_once));
        let service = move |request: Request| {
            let (state, at_once) = (Arc::clone(&state), Arc::clone(&at_once));
            run::<E>(at_once, request, false, move |_, body| {
                handler(&state, body)
            })
        };
        self.mount::<E>(on(filter::<E>(), service));
    }

    fn bearer<E: Operation>(&mut self, handler: CallerHandler<S, E>)
    where
        S: Authenticates,
    {
        const { declares::<E>(Auth::Bearer) };
        let (state, at_once) = (Arc::clone(&self.state), Arc::clone(&self.at_once));
        let service = move |request: Request| {
            let (state, at_once) = (Arc::clone(&state), Arc::clone(&at_once));
            run::<E>(at_once, request, true, move |token, body| {
                let caller = state.authenticate(token)?;
                handler(&state, &caller, body)
            })
        };
        self.mount::<E>(on(filter::<E>(), service));
    }

    fn tenant<E: Operation>(&mut self, handler: TenantHandler<S, E>)
    where
        S: Authenticates,
    {
        const { declares::<E>(Auth::Tenant) };
        let (state, at_once) = (Arc::clone(&self.state), Arc::clone(&self.at_once));
        let service = move |request: Request| {
            let (state, at_once) = (Arc::clone(&state), Arc::clone(&at_once));
            run::<E>(at_once, request, true, move |token, body| {
                let caller = state.authenticate_tenant(token)?;
                handler(&state, &caller, body)
            })
        };
        self.mount::<E>(on(filter::<E>(), service));
    }

    fn waiting<E: Operation>(&mut self, handler: WaitingHandler<S, E>)
    where
        S: Authenticates + Grows,
    {
        const { declares::<E>(Auth::Bearer) };
        let state = Arc::clone(&self.state);
        let waiting = Arc::new(Semaphore::new(MOST_WAITING));
        let service = move |request: Request| {
            let (state, waiting) = (Arc::clone(&state), Arc::clone(&waiting));
            let growth = state.growth();
            wait::<E>(waiting, request, growth, move |token, body, last| {
                // Asked every time: a device that was revoked while it waited hears nothing.
                let caller = state.authenticate(token)?;
                handler(&state, &caller, body, last)
            })
        };
        self.mount::<E>(on(filter::<E>(), service));
    }
}

/// The process runs.
async fn alive() -> Response<Body> {
    status("alive")
}

/// The databases answer.
async fn ready(State(about): State<Arc<About>>) -> Response<Body> {
    let asked = tokio::task::spawn_blocking(move || {
        if let Some(keys) = &about.keys {
            keys.ping()?;
        }
        if let Some(vault) = &about.vault {
            vault.ping()?;
        }
        Ok::<(), Failure>(())
    });
    match asked.await {
        Ok(Ok(())) => status("ready"),
        Ok(Err(failure)) => {
            let cause = failure.cause.as_deref().unwrap_or_default();
            tracing::error!(cause, "not ready");
            refuse(&Failure::wait(ProblemCode::Unavailable, 5))
        }
        Err(_) => refuse(&Failure::wait(ProblemCode::Unavailable, 5)),
    }
}

fn status(text: &str) -> Response<Body> {
    json(&std::collections::BTreeMap::from([("status", text)]))
        .unwrap_or_else(|failure| refuse(&failure))
}

/// What the fallback answers: whether the path exists in the other role or by another method.
async fn nothing_here(request: Request) -> Response<Body> {
    let nowhere = nowhere(request.method().as_str(), request.uri().path());
    refuse(&nowhere)
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response<Body> {
    refuse(&Failure::internal("a request panicked"))
}

/// Names every request, and writes down what became of it: which operation, how it ended, how long
/// it took. Never an address, a header or a body.
async fn observe(mut request: Request, next: Next) -> Response<Body> {
    let mut random = [0; 8];
    // Without randomness the name is of no use, but the request may still go on.
    let _ = getrandom::fill(&mut random);
    let id: Arc<str> = format!("{:016x}", u64::from_be_bytes(random)).into();
    let method = request.method().clone();
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    let started = tokio::time::Instant::now();
    let mut response = next.run(request).await;
    let status = response.status().as_u16();
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match response.extensions().get::<OperationId>() {
        Some(OperationId(operation)) => {
            tracing::info!(id = &*id, operation, status, ms, "answered");
        }
        // Probes of health, preflights and wrong addresses, of which there may be many.
        None => tracing::debug!(id = &*id, %method, status, ms, "answered"),
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(origins: &Origins, origin: &str) -> bool {
        origins.admit(&HeaderValue::from_str(origin).unwrap())
    }

    #[test]
    fn pages_of_this_machine_are_told_from_others() {
        for good in [
            "http://localhost",
            "http://localhost:5173",
            "http://127.0.0.1:8080",
            "http://[::1]:3000",
        ] {
            assert!(admits(&Origins::Loopback, good), "{good}");
        }
        for bad in [
            "null",
            "",
            "https://localhost.example",
            "https://127.0.0.1.example",
            "http://10.0.0.1",
            "http://localhost@example.com",
        ] {
            assert!(!admits(&Origins::Loopback, bad), "{bad}");
        }
    }

    #[test]
    fn a_list_admits_what_it_names_and_nothing_else() {
        let listed = Origins::Listed(vec!["https://app.example".into()]);
        assert!(admits(&listed, "https://app.example"));
        for bad in [
            "http://app.example",
            "https://app.example:444",
            "https://app.example.evil",
            "http://localhost",
        ] {
            assert!(!admits(&listed, bad), "{bad}");
        }
        assert!(!admits(&Origins::Listed(Vec::new()), "https://app.example"));
    }
}
