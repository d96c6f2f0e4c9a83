//! The rules of Wardseal Transfer for the page: bindings, no logic.
//!
//! What goes in may be an object or its JSON; what comes out is an object of the types of `types`. A refusal is thrown as
//! `{code, message}`, the code out of the catalogue, `unknown_code` for a value that is no code of these rules, and
//! `bad_argument` for one of the wrong shape.

#![cfg(target_family = "wasm")]

pub mod types;

use core::fmt::Display;
use core::str::FromStr;

use js_sys::{JSON, Object, Reflect};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use transfer_rules::compete::{self, Outcome};
use transfer_rules::deadline::{self, OpeningHours};
use transfer_rules::form::{self, Answers};
use transfer_rules::moves::{self, Carried};
use transfer_rules::{
    CareFamily, CaseState, ReasonGroup, Refusal, RequestState, Side, Urgency, fhir,
};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};

type Answer<T> = Result<T, JsValue>;

fn refusal(code: &str, message: &dyn Display) -> JsValue {
    let object = Object::new();
    // Setting a field of a plain object cannot fail.
    let _ = Reflect::set(&object, &"code".into(), &code.into());
    let _ = Reflect::set(&object, &"message".into(), &message.to_string().into());
    object.into()
}

fn bad_argument(message: &dyn Display) -> JsValue {
    refusal("bad_argument", message)
}

fn code<T: FromStr<Err: Display>>(text: &str) -> Answer<T> {
    text.parse()
        .map_err(|unknown: T::Err| refusal("unknown_code", &unknown))
}

/// An object, or its JSON.
fn input<T: DeserializeOwned>(value: &JsValue) -> Answer<T> {
    let text = match value.as_string() {
        Some(text) => text,
        None => JSON::stringify(value)?.as_string().unwrap_or_default(),
    };
    serde_json::from_str(&text).map_err(|error| bad_argument(&error))
}

fn output<T: Serialize>(value: &T) -> Answer<JsValue> {
    let text = serde_json::to_string(value).map_err(|error| bad_argument(&error))?;
    JSON::parse(&text)
}

/// Milliseconds since 1970.
fn time(milliseconds: f64) -> Answer<i64> {
    #[expect(
        clippy::as_conversions,
        reason = "floats become integers in no other way; out of range it is the nearest one, which the rules clamp"
    )]
    if milliseconds.is_finite() {
        Ok(milliseconds as i64)
    } else {
        Err(bad_argument(&"a time is a number of milliseconds"))
    }
}

fn milliseconds(time: i64) -> f64 {
    #[expect(
        clippy::as_conversions,
        reason = "times of the rules end in 2200, far below 2^53"
    )]
    {
        time as f64
    }
}

fn or_null(result: Result<(), Refusal>) -> Option<String> {
    result.err().map(|refused| refused.code().to_owned())
}

/// All rules, with their names in three languages. Large: call it once.
#[wasm_bindgen(unchecked_return_type = "Catalogue")]
pub fn catalogue() -> Answer<JsValue> {
    output(&transfer_rules::catalogue())
}

/// What is wrong with the answers of a stage. Empty when all is well.
#[wasm_bindgen(js_name = checkForm, unchecked_return_type = "Problem[]")]
pub fn check_form(
    stage: u8,
    #[wasm_bindgen(unchecked_param_type = "Answers | string")] answers: JsValue,
) -> Answer<JsValue> {
    output(&form::check(stage, &input::<Answers>(&answers)?))
}

/// What a facility must be able to do for these answers.
#[wasm_bindgen(js_name = capabilitiesNeeded, unchecked_return_type = "string[]")]
pub fn capabilities_needed(
    #[wasm_bindgen(unchecked_param_type = "Answers | string")] answers: JsValue,
) -> Answer<JsValue> {
    output(&form::capabilities_needed(&input::<Answers>(&answers)?))
}

/// The moves that a side has from a state.
#[wasm_bindgen(js_name = moves, unchecked_return_type = "Move[]")]
pub fn moves_of(
    #[wasm_bindgen(unchecked_param_type = "RequestState")] state: &str,
    #[wasm_bindgen(unchecked_param_type = "Side")] side: &str,
) -> Answer<JsValue> {
    let rows: Vec<_> = moves::moves(code(state)?, code(side)?).collect();
    output(&rows)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    case_state: CaseState,
    from: RequestState,
    to: RequestState,
    side: Side,
    #[serde(default)]
    reason_groups: Vec<ReasonGroup>,
    #[serde(default)]
    sealed: bool,
    #[serde(default)]
    consent: bool,
}

/// Why a request may not make a move, nothing when it may.
#[wasm_bindgen(js_name = moveRefusal, unchecked_return_type = "RefusalCode | undefined")]
pub fn move_refusal(
    #[wasm_bindgen(unchecked_param_type = "AskedMove")] asked: JsValue,
) -> Answer<Option<String>> {
    let asked: Asked = input(&asked)?;
    let carried = Carried {
        reasons: &asked.reason_groups,
        sealed: asked.sealed,
        consent: asked.consent,
    };
    let checked = moves::check(asked.case_state, asked.from, asked.to, asked.side, carried);
    Ok(or_null(checked.map(drop)))
}

/// Why the sender may not move a case, nothing when he may.
#[wasm_bindgen(js_name = caseMoveRefusal, unchecked_return_type = "RefusalCode | undefined")]
pub fn case_move_refusal(
    #[wasm_bindgen(unchecked_param_type = "CaseState")] from: &str,
    #[wasm_bindgen(unchecked_param_type = "CaseState")] to: &str,
) -> Answer<Option<String>> {
    let checked = moves::check_case(code(from)?, code(to)?, Side::Sender);
    Ok(or_null(checked.map(drop)))
}

/// Why so many more facilities may not be asked, nothing when they may.
#[wasm_bindgen(js_name = sendRefusal, unchecked_return_type = "RefusalCode | undefined")]
pub fn send_refusal(
    #[wasm_bindgen(unchecked_param_type = "CaseState")] case_state: &str,
    #[wasm_bindgen(unchecked_param_type = "RequestState[]")] requests: JsValue,
    new: u32,
) -> Answer<Option<String>> {
    let requests: Vec<RequestState> = input(&requests)?;
    let new = usize::try_from(new).unwrap_or(usize::MAX);
    Ok(or_null(compete::may_send(code(case_state)?, requests, new)))
}

/// What the requests make of a case.
#[wasm_bindgen(js_name = caseAfter, unchecked_return_type = "CaseState")]
pub fn case_after(
    #[wasm_bindgen(unchecked_param_type = "CaseState")] case_state: &str,
    #[wasm_bindgen(unchecked_param_type = "RequestState[]")] requests: JsValue,
) -> Answer<String> {
    let requests: Vec<RequestState> = input(&requests)?;
    Ok(compete::case_after(code(case_state)?, requests)
        .code()
        .to_owned())
}

#[derive(Deserialize)]
struct Request {
    id: String,
    state: RequestState,
}

#[derive(Serialize)]
struct Moved<'a> {
    id: &'a str,
    state: RequestState,
}

#[derive(Serialize)]
struct Written<'a> {
    moves: Vec<Moved<'a>>,
    release: Vec<&'a str>,
}

fn written(outcome: Outcome<&str>) -> Answer<JsValue> {
    let moves = outcome
        .moves
        .into_iter()
        .map(|(id, state)| Moved { id, state })
        .collect();
    output(&Written {
        moves,
        release: outcome.release,
    })
}

fn pairs(requests: &[Request]) -> Vec<(&str, RequestState)> {
    requests
        .iter()
        .map(|request| (request.id.as_str(), request.state))
        .collect()
}

/// What choosing one request does to all of a case. Throws when it may not be chosen.
#[wasm_bindgen(unchecked_return_type = "Outcome")]
pub fn choose(
    #[wasm_bindgen(unchecked_param_type = "CaseState")] case_state: &str,
    #[wasm_bindgen(unchecked_param_type = "{ id: string; state: RequestState }[]")]
    requests: JsValue,
    which: &str,
) -> Answer<JsValue> {
    let requests: Vec<Request> = input(&requests)?;
    let outcome = compete::choose(code(case_state)?, &pairs(&requests), which)
        .map_err(|refused| refusal(refused.code(), &refused))?;
    written(outcome)
}

/// What the end of a case does to its requests.
#[wasm_bindgen(js_name = endCase, unchecked_return_type = "Outcome")]
pub fn end_case(
    #[wasm_bindgen(unchecked_param_type = "{ id: string; state: RequestState }[]")]
    requests: JsValue,
) -> Answer<JsValue> {
    let requests: Vec<Request> = input(&requests)?;
    written(compete::end(&pairs(&requests)))
}

/// Until when a first answer is due.
#[wasm_bindgen(js_name = deadline)]
pub fn answer_deadline(
    #[wasm_bindgen(unchecked_param_type = "Urgency")] urgency: &str,
    #[wasm_bindgen(unchecked_param_type = "CareFamily")] family: &str,
    sent_at: f64,
    #[wasm_bindgen(unchecked_param_type = "OpeningHours | string")] hours: JsValue,
) -> Answer<f64> {
    let (urgency, family): (Urgency, CareFamily) = (code(urgency)?, code(family)?);
    let hours: OpeningHours = input(&hours)?;
    Ok(milliseconds(deadline::deadline(
        urgency,
        family,
        time(sent_at)?,
        &hours,
    )))
}

/// Until when an offer is due.
#[wasm_bindgen(js_name = offerDeadline)]
pub fn offer_deadline(
    #[wasm_bindgen(unchecked_param_type = "Urgency")] urgency: &str,
    #[wasm_bindgen(unchecked_param_type = "CareFamily")] family: &str,
    sent_at: f64,
    #[wasm_bindgen(unchecked_param_type = "OpeningHours | string")] hours: JsValue,
) -> Answer<f64> {
    let (urgency, family): (Urgency, CareFamily) = (code(urgency)?, code(family)?);
    let hours: OpeningHours = input(&hours)?;
    Ok(milliseconds(deadline::offer_deadline(
        urgency,
        family,
        time(sent_at)?,
        &hours,
    )))
}

/// Whether a facility is open at a moment.
#[wasm_bindgen(js_name = isOpen)]
pub fn is_open(
    #[wasm_bindgen(unchecked_param_type = "OpeningHours | string")] hours: JsValue,
    at: f64,
) -> Answer<bool> {
    Ok(input::<OpeningHours>(&hours)?.is_open(time(at)?))
}

/// Reads a FHIR R4 bundle into answers; `now` is `Date.now()`. Throws `{code, message}`.
#[wasm_bindgen(js_name = importBundle, unchecked_return_type = "Import")]
pub fn import_bundle(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: JsValue,
    now: f64,
) -> Answer<JsValue> {
    let bytes: js_sys::Uint8Array = bytes
        .dyn_into()
        .map_err(|_| bad_argument(&"a bundle is given as Uint8Array"))?;
    // Refused before it is copied into this module's memory.
    if usize::try_from(bytes.length()).unwrap_or(usize::MAX) > fhir::MAX_BYTES {
        let code = fhir::ImportCode::TooLarge;
        return Err(refusal(code.code(), &fhir::ImportRefusal { code }));
    }
    let import = fhir::import(&bytes.to_vec(), time(now)?)
        .map_err(|refused| refusal(refused.code.code(), &refused))?;
    output(&import)
}
