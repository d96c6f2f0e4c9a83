//! One request, from its headers to its answer.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Request, Response, header},
    response::IntoResponse,
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{sync::Semaphore, time::timeout};
use wardseal_api::{Endpoint, Method, ProblemCode};
use wardseal_types::limits;

use crate::failure::Failure;

/// How long the body of a request may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(60);

/// How long a request may be worked on. What is written after it stays written, and a repetition
/// says so: every operation may be repeated.
const WORK_TIME: Duration = Duration::from_secs(60);

/// Requests that are worked on at once; beyond it the answer is [`ProblemCode::Unavailable`].
pub(crate) const MOST_AT_ONCE: usize = 256;

/// Names a request in the log and in the answer.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) Arc<str>);

/// Which operation an answer is of, for the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OperationId(pub(crate) &'static str);

/// Takes a request of the operation `E` apart, has `work` done where blocking is allowed, and puts
/// the answer together. `work` gets the token, if one is asked for.
pub(crate) async fn run<E: Endpoint<Request: Send + 'static, Response: Send + 'static>>(
    at_once: Arc<Semaphore>,
    request: Request<Body>,
    bearer: bool,
    work: impl FnOnce(&str, E::Request) -> Result<E::Response, Failure> + Send + 'static,
) -> Response<Body> {
    let id = request.extensions().get::<RequestId>().cloned();
    let mut answer = match attempt::<E>(at_once, request, bearer, work).await {
        Ok(answer) => answer,
        Err(failure) => failure
            .named(id.as_ref().map_or("", |id| &id.0))
            .into_response(),
    };
    answer.extensions_mut().insert(OperationId(E::ID));
    answer
}

async fn attempt<E: Endpoint<Request: Send + 'static, Response: Send + 'static>>(
    at_once: Arc<Semaphore>,
    request: Request<Body>,
    bearer: bool,
    work: impl FnOnce(&str, E::Request) -> Result<E::Response, Failure> + Send + 'static,
) -> Result<Response<Body>, Failure> {
    let Ok(permit) = at_once.try_acquire_owned() else {
        return Err(Failure::wait(ProblemCode::Unavailable, 1));
    };
    let (parts, body) = request.into_parts();
    let token = if bearer {
        token(&parts.headers)?.to_owned()
    } else {
        String::new()
    };
    let bytes = match E::METHOD {
        Method::Get => Bytes::from_static(b"null"),
        Method::Post => {
            json_only(&parts.headers)?;
            read(body).await?
        }
    };
    let request = parse::<E::Request>(&bytes)?;
    drop(bytes);
    let task = tokio::task::spawn_blocking(move || {
        // Held for as long as the work takes, even if nobody waits for it any more.
        let _permit = permit;
        work(&token, request)
    });
    match timeout(WORK_TIME, task).await {
        Ok(Ok(answer)) => json(&answer?),
        Ok(Err(error)) if error.is_panic() => Err(Failure::internal("a handler panicked")),
        Ok(Err(_)) | Err(_) => Err(Failure::wait(ProblemCode::Unavailable, 1)),
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750 section 2.1).
fn token(headers: &HeaderMap) -> Result<&str, Failure> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Failure::new(ProblemCode::SignInRequired));
    };
    value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
        .map(|(_, token)| token)
        .ok_or_else(|| Failure::new(ProblemCode::SignInRequired))
}

/// Only JSON: a page of another origin cannot send that without being asked for permission first.
fn json_only(headers: &HeaderMap) -> Result<(), Failure> {
    let essence = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next());
    match essence {
        Some(essence) if essence.trim().eq_ignore_ascii_case("application/json") => Ok(()),
        _ => Err(Failure::with_detail(
            ProblemCode::MalformedRequest,
            "the body must be JSON, with Content-Type: application/json",
        )),
    }
}

async fn read(body: Body) -> Result<Bytes, Failure> {
    let collected = timeout(BODY_TIME, Limited::new(body, limits::MAX_BODY).collect()).await;
    match collected {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Failure::with_detail(
            ProblemCode::RequestTooLarge,
            format!("at most {} bytes are read", limits::MAX_BODY),
        )),
        Ok(Err(_)) => Err(Failure::with_detail(
            ProblemCode::MalformedRequest,
            "the body ended before its end",
        )),
        Err(_) => Err(Failure::with_detail(
            ProblemCode::Unavailable,
            "the body took too long to arrive",
        )),
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes)
        .map_err(|error| Failure::with_detail(ProblemCode::MalformedRequest, error.to_string()))
}

/// A body of JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<Response<Body>, Failure> {
    let body = serde_json::to_vec(value).map_err(|error| Failure::internal(error.to_string()))?;
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Ok(response)
}
