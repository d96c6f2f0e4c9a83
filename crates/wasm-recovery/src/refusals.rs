//! Refusals as plain JavaScript objects: `code`, `message`, and for a weak password `reason`.

use core::fmt::Display;

use js_sys::{Object, Reflect};
use wardseal_password::{
    opaque::ClientError,
    oprf::OprfError,
    password::PasswordRefused,
    strength::{WeakPassword, WeakReason},
};
use wasm_bindgen::JsValue;

/// A plain object with these fields.
pub(crate) fn record(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a field of a plain object cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}

fn refusal(code: &str, message: &dyn Display) -> JsValue {
    record(&[
        ("code", code.into()),
        ("message", message.to_string().into()),
    ])
}

/// What was typed cannot be a password.
pub(crate) fn refused(refused: PasswordRefused) -> JsValue {
    refusal("password_refused", &refused)
}

/// What was typed is too easy to guess.
pub(crate) fn weak(weak: WeakPassword) -> JsValue {
    let reason = match weak.reason {
        WeakReason::TooShort => "too_short",
        WeakReason::Repetitive => "repetitive",
        WeakReason::Sequence => "sequence",
        WeakReason::Common => "common",
        WeakReason::ContainsName => "contains_name",
    };
    record(&[
        ("code", "weak_password".into()),
        ("message", weak.advice.into()),
        ("reason", reason.into()),
    ])
}

/// The key server's answer is not one.
pub(crate) fn evaluation(error: OprfError) -> JsValue {
    refusal("bad_answer", &error)
}

/// The vault's answer is not one, or the password is wrong.
pub(crate) fn opaque(error: ClientError) -> JsValue {
    let code = match error {
        ClientError::WrongPassword => "wrong_password",
        ClientError::Policy(_) => "password_policy",
        ClientError::OutOfMemory => "out_of_memory",
        ClientError::ServerMismatch | ClientError::Malformed => "bad_answer",
    };
    refusal(code, &error)
}

/// A step out of its order, or bytes of a wrong length.
pub(crate) fn misused() -> JsValue {
    refusal("invalid", &"a step of a password was taken out of order")
}
