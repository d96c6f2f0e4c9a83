//! One request, from its headers to its answer.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Serialize;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, timeout, timeout_at},
};
use wardseal_api::{Endpoint, Method, PROBLEM_MEDIA_TYPE, ProblemCode};
use wardseal_server_api::{Failure, bearer, json_only, parse, text, too_large};
use wardseal_types::limits;

/// How long the body of a request may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(60);

/// How long a request may be worked on. What is written after it stays written, and a repetition
/// says so: every operation may be repeated.
const WORK_TIME: Duration = Duration::from_secs(60);

/// Requests that are worked on at once; beyond it the answer is [`ProblemCode::Unavailable`].
pub(crate) const MOST_AT_ONCE: usize = 256;

/// Requests that wait for news at once; beyond it the answer is [`ProblemCode::Unavailable`]. One that
/// waits holds a connection and a few kilobytes, and no thread.
pub(crate) const MOST_WAITING: usize = 10_000;

/// How long a request waits for news.
const NEWS_TIME: Duration = Duration::from_secs(25);

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
        Err(failure) => refuse(&failure.named(id.as_ref().map_or("", |id| &id.0))),
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
    let permit = admit(at_once)?;
    let (token, request) = take_apart::<E>(request, bearer).await?;
    let answer = blocking(move || {
        // Held for as long as the work takes, even if nobody waits for it any more.
        let _permit = permit;
        work(&token, request)
    });
    json(&answer.await?)
}

/// Takes a request of the operation `E` apart and asks `work` again whenever something was written,
/// until it has an answer; at the end with `true`, when it must answer.
pub(crate) async fn wait<E: Endpoint<Request: Send + Sync + 'static, Response: Send + 'static>>(
    waiting: Arc<Semaphore>,
    request: Request<Body>,
    growth: watch::Receiver<u64>,
    work: impl Fn(&str, &E::Request, bool) -> Result<Option<E::Response>, Failure>
    + Send
    + Sync
    + 'static,
) -> Response<Body> {
    let id = request.extensions().get::<RequestId>().cloned();
    let mut answer = match attempt_waiting::<E>(waiting, request, growth, work).await {
        Ok(answer) => answer,
        Err(failure) => refuse(&failure.named(id.as_ref().map_or("", |id| &id.0))),
    };
    answer.extensions_mut().insert(OperationId(E::ID));
    answer
}

async fn attempt_waiting<E: Endpoint<Request: Send + Sync + 'static, Response: Send + 'static>>(
    waiting: Arc<Semaphore>,
    request: Request<Body>,
    mut growth: watch::Receiver<u64>,
    work: impl Fn(&str, &E::Request, bool) -> Result<Option<E::Response>, Failure>
    + Send
    + Sync
    + 'static,
) -> Result<Response<Body>, Failure> {
    let _permit = admit(waiting)?;
    let (token, request) = take_apart::<E>(request, true).await?;
    let asked = Arc::new((token, request, work));
    let end = Instant::now() + NEWS_TIME;
    let mut last = false;
    loop {
        // What is written from here on wakes us, so nothing falls between asking and waiting.
        growth.mark_unchanged();
        let asking = Arc::clone(&asked);
        let answer = blocking(move || {
            let (token, request, work) = &*asking;
            work(token, request, last)
        });
        if let Some(answer) = answer.await? {
            return json(&answer);
        }
        // Only a server that stops has nobody left who writes.
        last = !matches!(timeout_at(end, growth.changed()).await, Ok(Ok(())));
    }
}

fn admit(at_once: Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Failure> {
    at_once
        .try_acquire_owned()
        .map_err(|_| Failure::wait(ProblemCode::Unavailable, 1))
}

/// The token, if one is asked for, and the body.
async fn take_apart<E: Endpoint>(
    request: Request<Body>,
    bearer: bool,
) -> Result<(String, E::Request), Failure> {
    let (parts, body) = request.into_parts();
    let token = if bearer {
        token(&parts.headers)?.to_owned()
    } else {
        String::new()
    };
    let bytes = match E::METHOD {
        Method::Get => Bytes::from_static(b"null"),
        Method::Post => {
            let content_type = parts.headers.get(header::CONTENT_TYPE);
            json_only(content_type.and_then(|value| value.to_str().ok()))?;
            read(body).await?
        }
    };
    Ok((token, parse::<E::Request>(&bytes)?))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match timeout(WORK_TIME, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) if error.is_panic() => Err(Failure::internal("a handler panicked")),
        Ok(Err(_)) | Err(_) => Err(Failure::wait(ProblemCode::Unavailable, 1)),
    }
}

/// The token of the one `Authorization` header.
fn token(headers: &HeaderMap) -> Result<&str, Failure> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let only = values.next().filter(|_| values.next().is_none());
    bearer(only.and_then(|value| value.to_str().ok()))
}

async fn read(body: Body) -> Result<Bytes, Failure> {
    let collected = timeout(BODY_TIME, Limited::new(body, limits::MAX_BODY).collect()).await;
    match collected {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
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

/// A body of JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<Response<Body>, Failure> {
    let mut response = Response::new(Body::from(text(value)?));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Ok(response)
}

/// A problem document.
pub(crate) fn refuse(failure: &Failure) -> Response<Body> {
    let problem = &failure.problem;
    // A document of strings and numbers is always JSON.
    let body = text(problem).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(PROBLEM_MEDIA_TYPE),
    );
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if matches!(
        problem.code,
        ProblemCode::SignInRequired
            | ProblemCode::TokenExpired
            | ProblemCode::AccessRefused
            | ProblemCode::AccessExpired
    ) {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

#[cfg(test)]
mod tests {
    use wardseal_api::{Auth, Problem, Role};
    use wardseal_server_domain::{DomainError, storage::StorageError, vault::VaultError};

    use super::*;

    /// An operation that does what a test wants.
    struct Example;

    impl Endpoint for Example {
        const ID: &'static str = "example";
        const SUMMARY: &'static str = "";
        const METHOD: Method = Method::Post;
        const PATH: &'static str = "/example";
        const AUTH: Auth = Auth::Open;
        const ROLE: Role = Role::Keys;
        const PROBLEMS: &'static [ProblemCode] = &[];
        type Request = u8;
        type Response = u8;
    }

    async fn outcome(
        at_once: &Arc<Semaphore>,
        work: impl FnOnce(&str, u8) -> Result<u8, Failure> + Send + 'static,
    ) -> (StatusCode, HeaderMap, Vec<u8>) {
        let mut request = Request::new(Body::from("7"));
        request.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        request.extensions_mut().insert(RequestId("abc".into()));
        let response = run::<Example>(Arc::clone(at_once), request, false, work).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        (head.status, head.headers, body)
    }

    async fn problem(failure: impl Into<Failure> + Send + 'static) -> (Problem, HeaderMap) {
        let at_once = Arc::new(Semaphore::new(1));
        let (status, headers, body) = outcome(&at_once, |_, _| Err(failure.into())).await;
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem.status, status.as_u16());
        (problem, headers)
    }

    #[tokio::test]
    async fn a_panic_is_a_mistake_of_ours_and_goes_no_further() {
        let at_once = Arc::new(Semaphore::new(1));
        let (status, _, body) = outcome(&at_once, |_, _| panic!("a secret")).await;
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!(status, 500);
        assert_eq!(problem.code, ProblemCode::Internal);
        assert_eq!(problem.id.as_deref(), Some("abc"));
        assert!(!String::from_utf8(body).unwrap().contains("secret"));
        let (status, _, body) = outcome(&at_once, |_, number| Ok(number + 1)).await;
        assert_eq!((status, &*body), (StatusCode::OK, &b"8"[..]));
    }

    #[tokio::test]
    async fn what_only_the_operator_should_know_stays_here() {
        let (found, _) = problem(DomainError::Internal("table users".into())).await;
        assert_eq!((found.code, found.detail), (ProblemCode::Internal, None));
        assert_eq!(found.id.as_deref(), Some("abc"));
        let failed = StorageError::Other("table records".into());
        let (found, _) = problem(VaultError::from(failed)).await;
        assert_eq!((found.code, found.detail), (ProblemCode::Internal, None));
    }

    #[tokio::test]
    async fn a_full_disk_has_its_own_name() {
        let (found, _) = problem(DomainError::StorageFull).await;
        assert_eq!(found.code, ProblemCode::StorageFull);
        let (found, _) = problem(VaultError::from(StorageError::Full)).await;
        assert_eq!(found.code, ProblemCode::StorageFull);
    }

    #[tokio::test]
    async fn whoever_has_to_wait_is_told_how_long() {
        let (found, headers) = problem(DomainError::TooManyAttempts { retry_after: 0 }).await;
        assert_eq!(found.retry_after, Some(1));
        assert_eq!(headers.get(header::RETRY_AFTER).unwrap(), "1");
        let busy = Arc::new(Semaphore::new(0));
        let (status, headers, _) = outcome(&busy, |_, _| Ok(0)).await;
        assert_eq!(status, 503);
        assert!(headers.contains_key(header::RETRY_AFTER));
    }
}
