//! The project's own vectors, `spec/vectors/v1/<object>/<case>.json`: what every implementation of the protocol must decide
//! alike. `spec/02-encoding.md` describes the files.
//!
//! Nothing is read from a file system here, so that the same function runs where JavaScript walks the folders.

mod applications;
mod chains;
mod codes;
mod days;
mod escrow;
mod exports;
mod recovery;
mod small;

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{FileReport, Report};

/// What an input leads to: the outputs, or the code of the error.
pub type Outcome = Result<Value, String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    description: String,
    object: String,
    expect: String,
    input: Value,
    #[serde(default)]
    output: Option<Value>,
}

/// The objects that have vectors.
pub const OBJECTS: &[&str] = &[
    "id",
    "device-id",
    "statement-decode",
    "fold",
    "box",
    "ladder",
    "checkpoint",
    "binding-token",
    "day-certificate",
    "recovery-code",
    "recovery-secret",
    "two-man",
    "organisation",
    "recovery-release",
    "vault-access",
    "vault-record",
    "vault-request",
    "sign-in",
    "device-proof",
    "access-token",
    "deposit",
    "escrow-receipt",
    "session-export",
];

/// What this implementation makes of the inputs of one object.
///
/// # Errors
/// A text for people when the inputs are not those that this kind of vector has.
pub fn evaluate(object: &str, input: &Value) -> Result<Outcome, String> {
    match object {
        "id" => small::id(input),
        "device-id" => small::device_id(input),
        "sign-in" => small::sign_in(input),
        "device-proof" => applications::proof(input),
        "access-token" => applications::access(input),
        "box" => small::sealed_box(input),
        "ladder" => small::ladder(input),
        "statement-decode" => chains::statement(input),
        "fold" => chains::fold(input),
        "binding-token" => chains::token(input),
        "day-certificate" => days::certificate(input),
        "recovery-code" => codes::code(input),
        "recovery-secret" => recovery::located(input),
        "two-man" => recovery::two_man(input),
        "organisation" => recovery::organisation(input),
        "recovery-release" => recovery::release(input),
        "vault-access" => recovery::access(input),
        "vault-record" => recovery::record(input),
        "vault-request" => recovery::request(input),
        "checkpoint" => chains::checkpoint(input),
        "deposit" => escrow::deposit(input),
        "escrow-receipt" => escrow::receipt(input),
        "session-export" => exports::export(input),
        _ => Err(format!("there are no vectors of {object}")),
    }
}

/// Runs one vector. `path` names the file; the folder that it lies in is the object.
///
/// # Errors
/// A text for people: what differs from what the vector asks for.
pub fn run_vector(path: &str, text: &str) -> Result<(), String> {
    run(path, text).map(|_| ())
}

/// Whether the vector, which holds, is one of an input that is accepted.
fn run(path: &str, text: &str) -> Result<bool, String> {
    let vector: Vector =
        serde_json::from_str(text).map_err(|error| format!("no vector: {error}"))?;
    if folder(path) != vector.object {
        return Err(format!("a vector of {} lies elsewhere", vector.object));
    }
    if vector.description.trim().is_empty() {
        return Err("no description".into());
    }
    let found = evaluate(&vector.object, &vector.input)?;
    let expected = match (vector.expect.as_str(), vector.output) {
        ("ok", Some(output)) => Ok(output),
        ("ok", None) | (_, Some(_)) => {
            return Err("outputs stand exactly in the vectors that are accepted".into());
        }
        (code, None) => Err(code.to_owned()),
    };
    if found == expected {
        Ok(found.is_ok())
    } else {
        Err(format!("expected {expected:?}, found {found:?}"))
    }
}

fn folder(path: &str) -> &str {
    path.rsplit('/').nth(1).unwrap_or_default()
}

/// Runs vectors, given as paths and texts, and counts them by object. Every object must have vectors, and at least as many
/// that are refused as that are accepted.
#[must_use]
pub fn run_project(files: impl Iterator<Item = (String, String)>) -> Report {
    let mut reports: BTreeMap<_, _> = OBJECTS
        .iter()
        .map(|object| (*object, FileReport::new(object)))
        .collect();
    let mut accepted: BTreeMap<&str, usize> = BTreeMap::new();
    let mut strays = FileReport::new("vectors of nothing");
    for (path, text) in files {
        let Some(report) = reports.get_mut(folder(&path)) else {
            strays.failures.push(path);
            continue;
        };
        match run(&path, &text) {
            Ok(good) => {
                report.case(&path, true);
                *accepted.entry(report.name).or_default() += usize::from(good);
            }
            Err(failure) => report.failures.push(format!("{path}: {failure}")),
        }
    }
    for report in reports.values_mut() {
        if accepted
            .get(report.name)
            .is_some_and(|good| good * 2 > report.passed)
        {
            report
                .failures
                .push("more vectors are accepted than refused".into());
        }
    }
    let mut files: Vec<_> = reports.into_values().collect();
    if !strays.failures.is_empty() {
        files.push(strays);
    }
    Report { files }
}

fn inputs<T: DeserializeOwned>(input: &Value) -> Result<T, String> {
    T::deserialize(input).map_err(|error| format!("not the inputs of this object: {error}"))
}
