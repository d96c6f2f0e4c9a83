//! How another version of FHIR is recognised.
//!
//! A bundle does not say its version. What gives it away, any one of them:
//!
//! - `fhirVersion`, at the root, in `meta`, or in a conformance resource inside, other than 4.0 or 4.3 (R4B differs nowhere here);
//! - a profile of another version: `http://hl7.org/fhir/5.0/…`, or `http://hl7.org/fhir/StructureDefinition/…|5.0.0`;
//! - a kind of resource that R4 does not have: `DeviceUsage`, `NutritionIntake` … of R5, `MedicationOrder`, `ReferralRequest` … of
//!   older ones;
//! - a shape that R4 does not have: in R5 `Encounter.class` is a list, `Encounter.actualPeriod` exists, `medication` is one
//!   object, `AllergyIntolerance.type` is an object, `Procedure.occurrence…` exists, `Bundle.issues` exists; in STU3 `clinicalStatus`
//!   is a string, `context` stands for `encounter`, `MedicationStatement.taken` exists.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::ImportCode;

/// Kinds of resources that R4 does not have, of R5 first, then of older versions.
const FOREIGN: &[&str] = &[
    "ActorDefinition",
    "ArtifactAssessment",
    "BiologicallyDerivedProductDispense",
    "ConditionDefinition",
    "DeviceAssociation",
    "DeviceDispense",
    "DeviceUsage",
    "EncounterHistory",
    "FormularyItem",
    "GenomicStudy",
    "ImagingSelection",
    "InventoryItem",
    "InventoryReport",
    "NutritionIntake",
    "Permission",
    "Requirements",
    "TestPlan",
    "Transport",
    "BodySite",
    "DataElement",
    "DeviceComponent",
    "DeviceUseRequest",
    "DiagnosticOrder",
    "EligibilityRequest",
    "EligibilityResponse",
    "ImagingManifest",
    "MedicationOrder",
    "ProcedureRequest",
    "ReferralRequest",
];

/// Kinds whose shape is looked at.
const TELLING: &[&str] = &[
    "AllergyIntolerance",
    "Bundle",
    "CapabilityStatement",
    "Condition",
    "Encounter",
    "ImplementationGuide",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Patient",
    "Procedure",
    "StructureDefinition",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    fhir_version: Option<String>,
    meta: Option<Meta>,
    #[serde(borrow)]
    issues: Option<&'a RawValue>,
    #[serde(borrow)]
    clinical_status: Option<&'a RawValue>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
    #[serde(borrow)]
    taken: Option<&'a RawValue>,
    #[serde(borrow)]
    class: Option<&'a RawValue>,
    #[serde(borrow)]
    actual_period: Option<&'a RawValue>,
    #[serde(borrow)]
    medication: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    occurrence_date_time: Option<&'a RawValue>,
    #[serde(borrow)]
    occurrence_period: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    fhir_version: Option<String>,
    #[serde(default)]
    profile: Vec<String>,
}

/// Refuses a resource of another version. What does not even have the shape of an object passes: it is refused later.
pub(super) fn check(kind: &str, resource: &RawValue) -> Result<(), ImportCode> {
    if FOREIGN.contains(&kind) {
        return Err(ImportCode::WrongVersion);
    }
    if !TELLING.contains(&kind) {
        return Ok(());
    }
    let Ok(shape) = serde_json::from_str::<Shape<'_>>(resource.get()) else {
        return Ok(());
    };
    if is_foreign(kind, &shape) {
        Err(ImportCode::WrongVersion)
    } else {
        Ok(())
    }
}

fn is_foreign(kind: &str, shape: &Shape<'_>) -> bool {
    let meta = shape.meta.as_ref();
    let versions = [
        shape.fhir_version.as_deref(),
        meta.and_then(|meta| meta.fhir_version.as_deref()),
    ];
    if versions.into_iter().flatten().any(is_other) {
        return true;
    }
    if meta.is_some_and(|meta| meta.profile.iter().any(|profile| is_other_profile(profile))) {
        return true;
    }
    match kind {
        "Bundle" => shape.issues.is_some(),
        "Condition" => is_a(shape.clinical_status, '"') || shape.context.is_some(),
        "AllergyIntolerance" => is_a(shape.clinical_status, '"') || is_a(shape.kind, '{'),
        "Encounter" => is_a(shape.class, '[') || shape.actual_period.is_some(),
        "MedicationRequest" | "MedicationStatement" => {
            // R4 has `context` in statements, no longer in requests.
            is_a(shape.medication, '{')
                || shape.taken.is_some()
                || (kind == "MedicationRequest" && shape.context.is_some())
        }
        "Observation" => shape.context.is_some(),
        "Procedure" => {
            shape.occurrence_date_time.is_some()
                || shape.occurrence_period.is_some()
                || shape.context.is_some()
        }
        _ => false,
    }
}

fn is_a(value: Option<&RawValue>, opening: char) -> bool {
    value.is_some_and(|value| value.get().starts_with(opening))
}

/// Whether a version is neither R4 nor R4B.
fn is_other(version: &str) -> bool {
    !["4.0", "4.3"].iter().any(|ours| version.starts_with(ours))
}

fn is_other_profile(profile: &str) -> bool {
    let Some((_, path)) = profile.split_once("hl7.org/fhir/") else {
        return false;
    };
    if let Some((_, version)) = path
        .strip_prefix("StructureDefinition/")
        .and_then(|name| name.split_once('|'))
    {
        return is_other(version);
    }
    let first = path.split('/').next().unwrap_or_default();
    let is_version = first.contains('.')
        && first
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_version && is_other(first)
}

/// Whether a word can be the name of a resource: FHIR's are written in capitals and small letters.
pub(super) fn is_resource_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphabetic())
}
