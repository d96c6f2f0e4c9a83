//! Errors as plain JavaScript objects: `code`, `message`, and for a refusal of the server what came
//! with it. The SDK makes `WardsealError`s of them.

use wardseal_client::{Error, Misuse, object::ObjectError, protocol::object::FormatError};
use wasm_bindgen::JsValue;

use crate::values::{Record, number};

fn failure(code: &str, message: &str) -> Record {
    Record::new().with("code", code).with("message", message)
}

/// An argument that cannot be.
pub(crate) fn invalid(message: &str) -> JsValue {
    failure("invalid", message).into()
}

/// A failure of the client.
pub(crate) fn client(error: Error) -> JsValue {
    let mut failure = failure(error.code(), &error.to_string());
    if let Error::Rejected(problem) = &error {
        failure = failure.with("status", problem.status);
        let texts = [
            ("detail", &problem.detail),
            ("refusal", &problem.refusal),
            ("id", &problem.id),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                failure = failure.with(name, text.as_str());
            }
        }
        if let Some(seconds) = problem.retry_after {
            failure = failure.with("retryAfter", number(seconds));
        }
    }
    if let Error::Misuse(Misuse::BadRecoveryCode(bad)) = &error {
        // 0 when it is not one group.
        failure = failure.with("group", bad.group().unwrap_or_default());
    }
    failure.into()
}

/// A failure of sealing or opening.
pub(crate) fn object(error: ObjectError) -> JsValue {
    failure(error.code(), &error.to_string()).into()
}

/// Bytes that are no object.
pub(crate) fn format(error: FormatError) -> JsValue {
    object(error.into())
}
