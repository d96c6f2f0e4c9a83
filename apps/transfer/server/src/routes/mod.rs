//! Addresses, and what holds for every request.

mod blobs;
mod cases;
mod escrow;
mod facilities;
mod openapi;
mod people;
mod recovery;

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Path, Query, Request, State},
    http::{HeaderName, HeaderValue, Method, Response, header, request::Parts},
    middleware::{self, Next},
    response::IntoResponse,
    routing::{get, patch, post, put},
};
use data_encoding::HEXLOWER;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tower_http::{catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer};
use wardseal_crypto::hash::sha256;
use wardseal_types::UserId;

use crate::{
    app::{App, Asked},
    failure::{Code, Failure},
    id::Id,
};

pub use openapi::{document, text as openapi_text};

/// Bytes of a body of JSON, at most.
const MOST_JSON: usize = 64 << 10;

/// How long a body of JSON may take to arrive.
const BODY_TIME: std::time::Duration = std::time::Duration::from_secs(30);

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Every address, with everything around it.
pub(crate) fn router(app: Arc<App>) -> Router {
    let api = Router::new()
        .route("/api/config", get(people::config))
        .route("/api/session/challenge", post(people::challenge))
        .route(
            "/api/session",
            post(people::sign_in)
                .get(people::me)
                .delete(people::sign_out),
        )
        .route("/api/sign-up", post(people::sign_up))
        .route("/api/facilities", get(people::directory))
        .route("/api/facilities/invitation", post(facilities::open))
        .route("/api/facilities/bind", post(facilities::bind))
        .route("/api/facilities/register", post(facilities::register))
        .route("/api/people", get(people::names))
        .route("/api/people/restarts", get(recovery::restarts))
        .route("/api/people/{user}/restart", post(recovery::restart))
        .route("/api/account", put(recovery::account))
        .route(
            "/api/recovery/share",
            get(recovery::shares)
                .put(recovery::put_share)
                .delete(recovery::delete_share),
        )
        .route("/api/recovery/start", post(recovery::start))
        .route("/api/recovery/finish", post(recovery::finish))
        .route(
            "/api/recovery/help",
            get(recovery::help).post(recovery::ask_help),
        )
        .route("/api/recovery/help/{id}/poll", post(recovery::poll_help))
        .route("/api/recovery/help/{id}/release", post(recovery::release))
        .route("/api/recovery/help/{id}/decline", post(recovery::decline))
        .route("/api/cases", get(cases::list).post(cases::open))
        .route("/api/cases/{id}", get(cases::read))
        .route("/api/cases/{id}/update", post(cases::update))
        .route("/api/cases/{id}/send", post(cases::send))
        .route("/api/cases/{id}/choose", post(cases::choose))
        .route("/api/cases/{id}/documents", post(cases::add_document))
        .route(
            "/api/cases/{id}/documents/{blob}",
            axum::routing::delete(cases::remove_document),
        )
        .route("/api/requests", get(cases::inbox))
        .route("/api/requests/delivered", post(facilities::delivered))
        .route("/api/requests/{id}", get(cases::request))
        .route("/api/requests/{id}/move", post(cases::move_request))
        .route("/api/requests/{id}/disclose", post(cases::disclose))
        .route("/api/revocations", get(cases::revocations))
        .route("/api/revocations/{id}/done", post(cases::revocation_done))
        .route("/api/blobs", post(blobs::begin))
        .route("/api/blobs/fetch", post(blobs::fetch))
        .route(
            "/api/blobs/{id}",
            patch(blobs::append)
                .put(blobs::put)
                .get(blobs::read)
                .head(blobs::stand),
        )
        .route("/v1/escrow/deposit", post(escrow::deposit))
        .route("/v1/escrow/release", post(escrow::release))
        .route("/v1/escrow/erase", post(escrow::erase))
        .route("/api/events", get(crate::events::listen))
        .route("/healthz", get(|| async { "alive" }))
        .route("/readyz", get(ready))
        .method_not_allowed_fallback(no_such_route)
        .fallback(page);
    let secure = app.page.audience.starts_with("https://");
    let strict =
        |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    let router = api
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            same_origin,
        ))
        .with_state(app)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(strict(header::CACHE_CONTROL, "no-store"))
        .layer(strict(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ))
        .layer(strict(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(strict(header::REFERRER_POLICY, "no-referrer"))
        .layer(strict(
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ))
        .layer(strict(
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ))
        .layer(strict(
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        ))
        .layer(middleware::from_fn(observe));
    if secure {
        router.layer(strict(
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=31536000",
        ))
    } else {
        router
    }
}

async fn page(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    let path = request.uri().path();
    let is_api = path == "/api" || path.starts_with("/api/") || path.starts_with("/v1/");
    match &app.web {
        Some(web) if !is_api && matches!(*request.method(), Method::GET | Method::HEAD) => {
            web.answer(request).await
        }
        _ => no_such_route().await.into_response(),
    }
}

async fn no_such_route() -> Failure {
    Code::NoSuchRoute.into()
}

/// The database answers.
async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Failure> {
    app.facility_groups().await.map(|_| "ready")
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response<Body> {
    Failure::internal("a request panicked").into_response()
}

/// Refuses whatever changes something and comes from a page of another origin. Browsers say where
/// a request comes from; what is no browser carries nobody's cookie by accident.
async fn same_origin(State(app): State<Arc<App>>, request: Request, next: Next) -> Response<Body> {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let headers = request.headers();
    let ours = match (headers.get(SEC_FETCH_SITE), headers.get(header::ORIGIN)) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => origin.as_bytes() == app.page.audience.as_bytes(),
        (None, None) => true,
    };
    if safe || ours {
        next.run(request).await
    } else {
        Failure::new(Code::CrossOrigin).into_response()
    }
}

/// Names every request, and writes down what became of it. Never an address: it may hold
/// identifiers; never a header or a body.
async fn observe(request: Request, next: Next) -> Response<Body> {
    let mut random = [0; 8];
    // Without randomness the name is of no use, but the request may still go on.
    let _ = getrandom::fill(&mut random);
    let id = HEXLOWER.encode(&random);
    let method = request.method().clone();
    let started = tokio::time::Instant::now();
    let mut response = next.run(request).await;
    let status = response.status().as_u16();
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(id, %method, status, ms, "answered");
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// A body of JSON, and the hash of what is asked where.
pub(crate) struct Json<T> {
    pub(crate) body: T,
    pub(crate) asked: Asked,
}

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &Arc<App>) -> Result<Self, Failure> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok()?.split(';').next())
            .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"));
        if !is_json {
            return Err(Failure::detail(
                Code::Malformed,
                "the body must be JSON, with Content-Type: application/json",
            ));
        }
        let path = request.uri().path().to_owned();
        let bytes = body(request.into_body(), MOST_JSON).await?;
        let body = serde_json::from_slice(&bytes).map_err(|error| {
            // Where it is, not what it is: the message would repeat what was sent.
            let kind = match error.classify() {
                serde_json::error::Category::Data => "the body is not as documented",
                _ => "the body is not JSON",
            };
            Failure::detail(
                Code::Malformed,
                format!("{kind} (line {}, column {})", error.line(), error.column()),
            )
        })?;
        Ok(Self {
            body,
            asked: sha256(&[path.as_bytes(), &[0], &bytes]),
        })
    }
}

/// A body that fits in memory.
pub(crate) async fn body(body: Body, most: usize) -> Result<Bytes, Failure> {
    match tokio::time::timeout(BODY_TIME, Limited::new(body, most).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Failure::detail(
            Code::TooLarge,
            format!("at most {most} bytes are read"),
        )),
        Ok(Err(_)) => Err(Failure::detail(
            Code::Malformed,
            "the body ended before its end",
        )),
        Err(_) => Err(Failure::detail(
            Code::Unavailable,
            "the body took too long to arrive",
        )),
    }
}

/// The identifiers in an address.
pub(crate) struct Ids<T>(pub(crate) T);

impl FromRequestParts<Arc<App>> for Ids<Id> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        match Path::<Id>::from_request_parts(parts, app).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(Failure::detail(
                Code::Malformed,
                crate::id::IdError.to_string(),
            )),
        }
    }
}

impl FromRequestParts<Arc<App>> for Ids<(Id, Id)> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        match Path::<(Id, Id)>::from_request_parts(parts, app).await {
            Ok(Path(ids)) => Ok(Self(ids)),
            Err(_) => Err(Failure::detail(
                Code::Malformed,
                crate::id::IdError.to_string(),
            )),
        }
    }
}

/// The user in an address.
pub(crate) struct Users(pub(crate) UserId);

impl FromRequestParts<Arc<App>> for Users {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        match Path::<UserId>::from_request_parts(parts, app).await {
            Ok(Path(user)) => Ok(Self(user)),
            Err(_) => Err(Failure::detail(
                Code::Malformed,
                "the address holds no identifier of a user",
            )),
        }
    }
}

/// What stands after the question mark.
pub(crate) struct Asks<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for Asks<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        match Query::<T>::from_request_parts(parts, app).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(_) => Err(Failure::detail(
                Code::Malformed,
                "what stands after the question mark is not as documented",
            )),
        }
    }
}
