//! All rules as one JSON document: what pages draw from, in the three languages.

use serde::Serialize;

use crate::care::{CAPABILITIES, CARE_TYPES, Capability, CareFamily, CareType, Urgency};
use crate::compete::MAX_OPEN;
use crate::deadline::{self, Escalation, Policy};
use crate::fhir;
use crate::form::{self, Choice, Country, Field, Kind, ProblemCode, Section, When};
use crate::label::Labels;
use crate::moves::{self, CaseMove, Move};
use crate::reasons::{REASONS, Reason, ReasonGroup};
use crate::state::{CaseState, CaseStateInfo, RequestState, RequestStateInfo};

/// The number of the shape of the document. It rises when something is taken away or changes its meaning.
pub const VERSION: u32 = 1;

/// All rules.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Catalogue {
    version: u32,
    case_states: Vec<CaseStateInfo>,
    request_states: Vec<RequestStateInfo>,
    moves: Vec<Move>,
    case_moves: Vec<CaseMove>,
    max_open_requests: usize,
    reason_groups: Vec<Named<ReasonGroup>>,
    reasons: &'static [Reason],
    urgencies: Vec<Named<Urgency>>,
    families: Vec<Named<CareFamily>>,
    care_types: &'static [CareType],
    capabilities: &'static [Capability],
    sections: Vec<Section>,
    fields: Vec<WrittenField>,
    problems: Vec<Named<ProblemCode>>,
    deadlines: Vec<Policy>,
    escalations: Vec<Named<Escalation>>,
    import_refusals: Vec<Named<fhir::ImportCode>>,
    import_warnings: Vec<Named<fhir::WarningCode>>,
}

/// A code and its name.
#[derive(Debug, Serialize)]
struct Named<T> {
    code: T,
    labels: Labels,
}

/// A field as pages read it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenField {
    id: &'static str,
    section: &'static str,
    stage: u8,
    kind: Kind,
    options: Vec<Choice>,
    labels: Labels,
    hint: Option<Labels>,
    unit: Option<&'static str>,
    min: Option<f64>,
    max: Option<f64>,
    decimals: u8,
    multiline: bool,
    required: bool,
    countries: &'static [Country],
    families: &'static [CareFamily],
    when: Option<When>,
}

/// All rules. Serialise it once and keep it: it does not change while a program runs.
#[must_use]
pub fn catalogue() -> Catalogue {
    Catalogue {
        version: VERSION,
        case_states: CaseState::ALL.iter().map(|state| state.info()).collect(),
        request_states: RequestState::ALL.iter().map(|state| state.info()).collect(),
        moves: moves::all().collect(),
        case_moves: moves::case_all().collect(),
        max_open_requests: MAX_OPEN,
        reason_groups: named(ReasonGroup::ALL, ReasonGroup::labels),
        reasons: REASONS,
        urgencies: named(Urgency::ALL, Urgency::labels),
        families: named(CareFamily::ALL, CareFamily::labels),
        care_types: CARE_TYPES,
        capabilities: CAPABILITIES,
        sections: form::sections().copied().collect(),
        fields: form::fields().map(written).collect(),
        problems: named(ProblemCode::ALL, ProblemCode::labels),
        deadlines: Urgency::ALL
            .iter()
            .flat_map(|urgency| {
                CareFamily::ALL
                    .iter()
                    .map(|family| deadline::policy(*urgency, *family))
            })
            .collect(),
        escalations: named(Escalation::ALL, Escalation::labels),
        import_refusals: named(fhir::ImportCode::ALL, fhir::ImportCode::labels),
        import_warnings: named(fhir::WarningCode::ALL, fhir::WarningCode::labels),
    }
}

fn named<T: Copy>(all: &[T], labels: impl Fn(T) -> Labels) -> Vec<Named<T>> {
    all.iter()
        .map(|code| Named {
            code: *code,
            labels: labels(*code),
        })
        .collect()
}

fn written(field: &Field) -> WrittenField {
    WrittenField {
        id: field.id,
        section: field.section,
        stage: field.stage,
        kind: field.kind,
        options: field.options(),
        labels: field.labels,
        hint: field.hint,
        unit: field.unit,
        min: field.min,
        max: field.greatest(),
        decimals: field.decimals,
        multiline: field.multiline,
        required: field.required,
        countries: field.countries,
        families: field.families,
        when: field.when,
    }
}
