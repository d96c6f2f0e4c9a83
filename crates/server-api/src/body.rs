//! The parts of a request, and the text of an answer.

use serde::{Serialize, de::DeserializeOwned};
use wardseal_api::ProblemCode;
use wardseal_types::limits;

use crate::Failure;

/// The token in the value of `Authorization: Bearer …` (RFC 6750 section 2.1).
///
/// # Errors
/// [`ProblemCode::SignInRequired`] when there is none.
pub fn bearer(authorization: Option<&str>) -> Result<&str, Failure> {
    authorization
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
        .map(|(_, token)| token)
        .ok_or_else(|| Failure::new(ProblemCode::SignInRequired))
}

/// Only JSON, by the value of `Content-Type`: a page of another origin cannot send that without
/// being asked for permission first.
///
/// # Errors
/// [`ProblemCode::MalformedRequest`].
pub fn json_only(content_type: Option<&str>) -> Result<(), Failure> {
    let essence = content_type.and_then(|value| value.split(';').next());
    match essence {
        Some(essence) if essence.trim().eq_ignore_ascii_case("application/json") => Ok(()),
        _ => Err(Failure::with_detail(
            ProblemCode::MalformedRequest,
            "the body must be JSON, with Content-Type: application/json",
        )),
    }
}

/// What is said of a body of more than [`limits::MAX_BODY`] bytes.
#[must_use]
pub fn too_large() -> Failure {
    Failure::with_detail(
        ProblemCode::RequestTooLarge,
        format!("at most {} bytes are read", limits::MAX_BODY),
    )
}

/// Reads a body.
///
/// # Errors
/// [`ProblemCode::MalformedRequest`].
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes)
        .map_err(|error| Failure::with_detail(ProblemCode::MalformedRequest, error.to_string()))
}

/// Writes a body.
///
/// # Errors
/// [`ProblemCode::Internal`], which no body of the API causes.
pub fn text<T: Serialize>(value: &T) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(value).map_err(|error| Failure::internal(error.to_string()))
}
