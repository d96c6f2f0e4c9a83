//! One exchange with a server: what goes out for an [`Endpoint`], and what its answer means.

use wardseal_api::{Endpoint, Method, Problem, Role};
use wardseal_types::json::{self, FromJson, ToJson};

use crate::error::{Error, Misbehaviour};

/// A request, ready to be sent by whatever speaks HTTP here.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// Which server.
    pub role: Role,
    /// Method.
    pub method: Method,
    /// Path, to be put after the server's address.
    pub path: &'static str,
    /// What goes into `Authorization: Bearer …`.
    pub bearer: Option<String>,
    /// JSON; empty for `GET`.
    pub body: Vec<u8>,
}

/// An answer, as it came.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Vec<u8>,
}

/// The request for an operation.
pub fn request<E: Endpoint<Request: ToJson>>(
    body: &E::Request,
    bearer: Option<String>,
) -> HttpRequest {
    let body = match E::METHOD {
        Method::Get => Vec::new(),
        Method::Post => json::to_vec(body),
    };
    HttpRequest {
        role: E::ROLE,
        method: E::METHOD,
        path: E::PATH,
        bearer,
        body,
    }
}

/// What the answer to an operation means.
///
/// # Errors
/// [`Error::Rejected`] for a problem document, [`Misbehaviour::BadAnswer`] for what is neither
/// that nor the operation's response.
pub fn response<E: Endpoint<Response: FromJson>>(
    response: &HttpResponse,
) -> Result<E::Response, Error> {
    check(response)?;
    read::<E>(&response.body)
}

/// The body of an answer that is no refusal.
///
/// # Errors
/// As [`response`].
pub fn accepted(response: HttpResponse) -> Result<Vec<u8>, Error> {
    check(&response)?;
    Ok(response.body)
}

/// What the body of an answer to an operation says.
///
/// # Errors
/// [`Misbehaviour::BadAnswer`] for what is not the operation's response.
pub fn read<E: Endpoint<Response: FromJson>>(body: &[u8]) -> Result<E::Response, Error> {
    json::from_slice(body).ok_or_else(|| Misbehaviour::BadAnswer.into())
}

fn check(response: &HttpResponse) -> Result<(), Error> {
    if response.status == 200 {
        return Ok(());
    }
    match json::from_slice::<Problem>(&response.body) {
        Some(problem) if problem.status == response.status => Err(Error::Rejected(problem.into())),
        _ => Err(Misbehaviour::BadAnswer.into()),
    }
}
