//! What is wrong with answers.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Field, Kind, field, fields};
use crate::calendar::Day;
use crate::care::{CareFamily, family_of};
use crate::codes::codes;
use crate::label::{Labels, l};

/// Answers, from the names of fields to values.
pub type Answers = Map<String, Value>;

codes! {
    /// What is wrong with an answer.
    ProblemCode {
        /// It is missing.
        Required = "required",
        /// The form has no such field.
        UnknownField = "unknown_field",
        /// Not the kind of value that the field takes.
        WrongKind = "wrong_kind",
        /// Not one of the options.
        UnknownOption = "unknown_option",
        /// `none` together with something.
        NoneWithOthers = "none_with_others",
        /// Below the range.
        TooSmall = "too_small",
        /// Above the range.
        TooLarge = "too_large",
        /// More decimal places than the field has.
        TooPrecise = "too_precise",
        /// Longer than the field takes.
        TooLong = "too_long",
        /// Not a day written `YYYY-MM-DD`.
        NotADate = "not_a_date",
        /// Not the first two or three digits of a postcode.
        NotAPostcodePrefix = "not_a_postcode_prefix",
        /// The latest day is before the earliest.
        BeforeEarliest = "before_earliest",
        /// Fewer than two scores, where facilities decide by them.
        NeedsTwoScores = "needs_two_scores",
        /// GIR and Pflegegrad, whose directions are opposite, in one request.
        BothScales = "both_scales",
    }
}

impl ProblemCode {
    /// What it says to people.
    #[must_use]
    pub const fn labels(self) -> Labels {
        match self {
            Self::Required => l("Please answer", "Réponse obligatoire", "Bitte ausfüllen"),
            Self::UnknownField => l("Unknown field", "Champ inconnu", "Unbekanntes Feld"),
            Self::WrongKind => l(
                "Not a valid value",
                "Valeur non valide",
                "Kein gültiger Wert",
            ),
            Self::UnknownOption => l(
                "Not one of the options",
                "Choix inconnu",
                "Keine der Auswahlmöglichkeiten",
            ),
            Self::NoneWithOthers => l(
                "“None” stands alone",
                "« Aucun » exclut les autres choix",
                "„Keine“ schließt anderes aus",
            ),
            Self::TooSmall => l("Too small", "Trop petit", "Zu klein"),
            Self::TooLarge => l("Too large", "Trop grand", "Zu groß"),
            Self::TooPrecise => l(
                "Too many decimal places",
                "Trop de décimales",
                "Zu viele Nachkommastellen",
            ),
            Self::TooLong => l("Too long", "Trop long", "Zu lang"),
            Self::NotADate => l("Not a date", "Date non valide", "Kein gültiges Datum"),
            Self::NotAPostcodePrefix => l(
                "Two or three digits of the postcode",
                "Deux ou trois chiffres du code postal",
                "Zwei oder drei Ziffern der Postleitzahl",
            ),
            Self::BeforeEarliest => l(
                "The latest day is before the earliest",
                "La date au plus tard précède la date au plus tôt",
                "Der späteste Tag liegt vor dem frühesten",
            ),
            Self::NeedsTwoScores => l(
                "Give at least two scores",
                "Indiquez au moins deux échelles",
                "Mindestens zwei Assessments angeben",
            ),
            Self::BothScales => l(
                "GIR and Pflegegrad run in opposite directions: give one",
                "GIR et Pflegegrad vont en sens inverse : indiquez l’un des deux",
                "GIR und Pflegegrad sind gegenläufig: nur eines angeben",
            ),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The field.
    pub field: String,
    /// What is wrong.
    pub code: ProblemCode,
}

/// The scores of which two are wanted.
const SCORES: &[&str] = &["barthel", "braden", "cfs", "gir", "pflegegrad"];

/// Checks the answers of one stage; fields of the other one may be there and are not looked at. Empty when all is well.
///
/// Problems stand in the order of the form, unknown fields after them.
#[must_use]
pub fn check(stage: u8, answers: &Answers) -> Vec<Problem> {
    let mut problems = Vec::new();
    for field in fields().filter(|field| field.stage == stage) {
        let code = match answers.get(field.id).filter(|value| !is_empty(value)) {
            Some(value) => wrong(field, value),
            None if field.required && is_asked(field, answers) => Some(ProblemCode::Required),
            None => None,
        };
        problems.extend(code.map(|code| problem(field.id, code)));
    }
    if stage == 1 {
        problems.extend(across(answers));
    }
    problems.extend(
        answers
            .keys()
            .filter(|id| field(id).is_none())
            .map(|id| problem(id, ProblemCode::UnknownField)),
    );
    problems
}

/// What a facility must be able to do for these answers: codes of [`CAPABILITIES`](crate::care::CAPABILITIES), each once.
#[must_use]
pub fn capabilities_needed(answers: &Answers) -> Vec<&'static str> {
    let mut needed = Vec::new();
    for field in fields() {
        for choice in field.options() {
            if let Some(capability) = choice.capability
                && holds(answers, field.id, choice.code)
                && !needed.contains(&capability)
            {
                needed.push(capability);
            }
        }
    }
    needed
}

fn problem(field: &str, code: ProblemCode) -> Problem {
    Problem {
        field: field.to_owned(),
        code,
    }
}

/// What a page leaves behind when an answer is taken back.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// The family that the answers ask for.
fn family(answers: &Answers) -> Option<CareFamily> {
    family_of(answers.get("careType")?.as_str()?)
}

/// Whether a field holds a code, alone or among others.
fn holds(answers: &Answers, field: &str, code: &str) -> bool {
    match answers.get(field) {
        Some(Value::String(held)) => held == code,
        Some(Value::Array(held)) => held.iter().any(|held| held == code),
        _ => false,
    }
}

/// Whether a field is asked, given the other answers. Fields of one country are never required, so that the country need not
/// be known here.
fn is_asked(field: &Field, answers: &Answers) -> bool {
    let family = family(answers);
    let by_family =
        field.families.is_empty() || family.is_some_and(|family| field.families.contains(&family));
    let by_answer = field.when.is_none_or(|when| {
        when.codes
            .iter()
            .any(|code| holds(answers, when.field, code))
    });
    by_family && by_answer
}

fn wrong(field: &Field, value: &Value) -> Option<ProblemCode> {
    match (field.kind, value) {
        (Kind::Code, Value::String(code)) => {
            (!field.has_option(code)).then_some(ProblemCode::UnknownOption)
        }
        (Kind::Codes, Value::Array(list)) => wrong_list(field, list),
        (Kind::Number, Value::Number(number)) => wrong_number(field, number.as_f64()?),
        (Kind::Date, Value::String(day)) => {
            Day::parse(day).is_none().then_some(ProblemCode::NotADate)
        }
        (Kind::Text, Value::String(text)) => wrong_text(field, text),
        (Kind::Flag, Value::Bool(_)) => None,
        _ => Some(ProblemCode::WrongKind),
    }
}

fn wrong_list(field: &Field, list: &[Value]) -> Option<ProblemCode> {
    for value in list {
        let Some(code) = value.as_str() else {
            return Some(ProblemCode::WrongKind);
        };
        if !field.has_option(code) {
            return Some(ProblemCode::UnknownOption);
        }
    }
    let alone = list.len() == 1 || !list.iter().any(|value| value == "none");
    (!alone).then_some(ProblemCode::NoneWithOthers)
}

fn wrong_number(field: &Field, number: f64) -> Option<ProblemCode> {
    if field.min.is_some_and(|min| number < min) {
        return Some(ProblemCode::TooSmall);
    }
    if field.max.is_some_and(|max| number > max) {
        return Some(ProblemCode::TooLarge);
    }
    // 37.2 is not exactly 37.2 in binary: a millionth is no decimal place.
    let scaled = number * 10_f64.powi(i32::from(field.decimals));
    ((scaled - scaled.round()).abs() > 1e-6).then_some(ProblemCode::TooPrecise)
}

fn wrong_text(field: &Field, text: &str) -> Option<ProblemCode> {
    if field.postcode_prefix {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = digits && (2..=3).contains(&text.len());
        return (!prefix).then_some(ProblemCode::NotAPostcodePrefix);
    }
    let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    (field
        .greatest()
        .is_some_and(|most| f64::from(length) > most))
    .then_some(ProblemCode::TooLong)
}

/// Rules about several fields of stage 1.
fn across(answers: &Answers) -> Vec<Problem> {
    let mut problems = Vec::new();
    let day = |id: &str| -> Option<Day> { Day::parse(answers.get(id)?.as_str()?) };
    if let (Some(from), Some(to)) = (day("dateFrom"), day("dateTo"))
        && to < from
    {
        problems.push(problem("dateTo", ProblemCode::BeforeEarliest));
    }
    let given = |id: &str| answers.get(id).is_some_and(|value| !is_empty(value));
    if given("gir") && given("pflegegrad") {
        problems.push(problem("pflegegrad", ProblemCode::BothScales));
    }
    // A hospital that takes an emergency does not ask for nursing scores.
    let by_scores = matches!(
        family(answers),
        Some(CareFamily::Rehab | CareFamily::Nursing | CareFamily::Home)
    );
    if by_scores && SCORES.iter().filter(|id| given(id)).count() < 2 {
        problems.push(problem("barthel", ProblemCode::NeedsTwoScores));
    }
    problems
}
