//! The parts of FHIR R4 resources that the form asks for. Everything else is ignored.
//!
//! A bundle is cut into resources without copying them; only those that are asked for are parsed, one at a time. Their
//! elements are then picked out of the generic value: derived parsers for thirty structures would be a third of what
//! a page downloads. An element of the wrong shape is left out and noted, the rest of its resource is used.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// `null` counts as absent: exporters write it, though FHIR does not have it.
fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kind<'a> {
    #[serde(borrow)]
    pub(super) resource_type: Cow<'a, str>,
    pub(super) id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Bundle<'a> {
    #[serde(borrow, default, deserialize_with = "lenient")]
    pub(super) entry: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry<'a> {
    pub(super) full_url: Option<String>,
    #[serde(borrow)]
    pub(super) resource: Option<&'a RawValue>,
}

/// Something that is picked out of a value.
pub(super) trait Pick: Default {
    /// What the value says; `bad` is set when something has the wrong shape.
    fn pick(value: &Value, bad: &mut bool) -> Self;
}

impl Pick for Option<String> {
    fn pick(value: &Value, bad: &mut bool) -> Self {
        let text = value.as_str();
        *bad |= text.is_none();
        text.map(str::to_owned)
    }
}

impl Pick for Option<f64> {
    fn pick(value: &Value, bad: &mut bool) -> Self {
        let number = value.as_f64();
        *bad |= number.is_none();
        number
    }
}

impl Pick for bool {
    fn pick(value: &Value, bad: &mut bool) -> Self {
        *bad |= !value.is_boolean();
        value.as_bool().unwrap_or_default()
    }
}

impl<T: Pick> Pick for Vec<T> {
    fn pick(value: &Value, bad: &mut bool) -> Self {
        match value {
            Value::Array(list) => list
                .iter()
                .map(|value| match value {
                    Value::Null => T::default(),
                    value => T::pick(value, bad),
                })
                .collect(),
            _ => {
                *bad = true;
                Self::new()
            }
        }
    }
}

/// An element of an object, the default when it is absent.
fn element<T: Pick>(value: &Value, name: &str, bad: &mut bool) -> T {
    match value.get(name) {
        None | Some(Value::Null) => T::default(),
        Some(value) => T::pick(value, bad),
    }
}

/// Structures by their elements, with the names that FHIR gives them.
macro_rules! elements {
    ($( $(#[$meta:meta])* $name:ident { $( $field:ident: $kind:ty = $json:literal, )+ } )+) => { $(
        $(#[$meta])*
        #[derive(Default, Clone)]
        pub(super) struct $name {
            $( pub(super) $field: $kind, )+
        }

        impl Pick for $name {
            fn pick(value: &Value, bad: &mut bool) -> Self {
                *bad |= !value.is_object();
                Self { $( $field: element(value, $json, bad), )+ }
            }
        }

        impl Pick for Option<$name> {
            fn pick(value: &Value, bad: &mut bool) -> Self {
                Some($name::pick(value, bad))
            }
        }
    )+ };
}

elements! {
    Coding {
        system: Option<String> = "system",
        code: Option<String> = "code",
        display: Option<String> = "display",
    }
    Concept {
        coding: Vec<Coding> = "coding",
        text: Option<String> = "text",
    }
    Reference {
        reference: Option<String> = "reference",
        display: Option<String> = "display",
    }
    Period {
        start: Option<String> = "start",
        end: Option<String> = "end",
    }
    Quantity {
        value: Option<f64> = "value",
        code: Option<String> = "code",
        unit: Option<String> = "unit",
    }
    HumanName {
        usage: Option<String> = "use",
        text: Option<String> = "text",
        family: Option<String> = "family",
        given: Vec<Option<String>> = "given",
        prefix: Vec<Option<String>> = "prefix",
    }
    Telecom {
        system: Option<String> = "system",
        value: Option<String> = "value",
    }
    Address {
        usage: Option<String> = "use",
        line: Vec<Option<String>> = "line",
        city: Option<String> = "city",
        postal_code: Option<String> = "postalCode",
        country: Option<String> = "country",
    }
    Identifier {
        system: Option<String> = "system",
        value: Option<String> = "value",
        kind: Concept = "type",
    }
    Extension {
        url: Option<String> = "url",
        value_address: Option<Address> = "valueAddress",
    }
    Communication {
        language: Concept = "language",
        preferred: bool = "preferred",
    }
    Contact {
        relationship: Vec<Concept> = "relationship",
        name: Option<HumanName> = "name",
        telecom: Vec<Telecom> = "telecom",
    }
    Patient {
        extension: Vec<Extension> = "extension",
        identifier: Vec<Identifier> = "identifier",
        name: Vec<HumanName> = "name",
        telecom: Vec<Telecom> = "telecom",
        gender: Option<String> = "gender",
        birth_date: Option<String> = "birthDate",
        deceased_boolean: bool = "deceasedBoolean",
        deceased_date_time: Option<String> = "deceasedDateTime",
        address: Vec<Address> = "address",
        contact: Vec<Contact> = "contact",
        communication: Vec<Communication> = "communication",
        general_practitioner: Vec<Reference> = "generalPractitioner",
    }
    RelatedPerson {
        relationship: Vec<Concept> = "relationship",
        name: Vec<HumanName> = "name",
        telecom: Vec<Telecom> = "telecom",
    }
    Practitioner {
        name: Vec<HumanName> = "name",
    }
    Organization {
        name: Option<String> = "name",
    }
    Condition {
        clinical_status: Concept = "clinicalStatus",
        verification_status: Concept = "verificationStatus",
        code: Concept = "code",
        onset_date_time: Option<String> = "onsetDateTime",
        onset_period: Option<Period> = "onsetPeriod",
        recorded_date: Option<String> = "recordedDate",
    }
    Allergy {
        clinical_status: Concept = "clinicalStatus",
        verification_status: Concept = "verificationStatus",
        code: Concept = "code",
        reaction: Vec<Reaction> = "reaction",
    }
    Reaction {
        manifestation: Vec<Concept> = "manifestation",
    }
    Dosage {
        text: Option<String> = "text",
    }
    /// `MedicationRequest` and `MedicationStatement`.
    Medication {
        status: Option<String> = "status",
        medication_codeable_concept: Option<Concept> = "medicationCodeableConcept",
        medication_reference: Option<Reference> = "medicationReference",
        dosage_instruction: Vec<Dosage> = "dosageInstruction",
        dosage: Vec<Dosage> = "dosage",
    }
    /// `Medication`, `Device` by its type, `Flag`, `Procedure`.
    Coded {
        status: Option<String> = "status",
        code: Concept = "code",
        kind: Concept = "type",
        performed_date_time: Option<String> = "performedDateTime",
        performed_period: Option<Period> = "performedPeriod",
        device: Option<Reference> = "device",
    }
    Observation {
        status: Option<String> = "status",
        code: Concept = "code",
        effective_date_time: Option<String> = "effectiveDateTime",
        effective_period: Option<Period> = "effectivePeriod",
        value_quantity: Option<Quantity> = "valueQuantity",
        value_integer: Option<f64> = "valueInteger",
        value_codeable_concept: Option<Concept> = "valueCodeableConcept",
        component: Vec<Component> = "component",
    }
    Component {
        code: Concept = "code",
        value_quantity: Option<Quantity> = "valueQuantity",
    }
    Encounter {
        status: Option<String> = "status",
        class: Option<Coding> = "class",
        period: Option<Period> = "period",
        diagnosis: Vec<EncounterDiagnosis> = "diagnosis",
        participant: Vec<Participant> = "participant",
        location: Vec<EncounterLocation> = "location",
    }
    EncounterDiagnosis {
        condition: Option<Reference> = "condition",
        rank: Option<f64> = "rank",
    }
    Participant {
        individual: Option<Reference> = "individual",
    }
    EncounterLocation {
        location: Option<Reference> = "location",
    }
    Coverage {
        status: Option<String> = "status",
        kind: Concept = "type",
        payor: Vec<Reference> = "payor",
    }
}

impl Concept {
    /// What people call it.
    pub(super) fn name(&self) -> Option<&str> {
        self.text
            .as_deref()
            .or_else(|| {
                self.coding
                    .iter()
                    .find_map(|coding| coding.display.as_deref())
            })
            .or_else(|| self.coding.iter().find_map(|coding| coding.code.as_deref()))
            .map(str::trim)
            .filter(|name| !name.is_empty())
    }

    pub(super) fn has_code(&self, code: &str) -> bool {
        self.coding
            .iter()
            .any(|coding| coding.code.as_deref() == Some(code))
    }

    /// The code of the first coding whose system holds a word.
    pub(super) fn code_in(&self, system: &str) -> Option<&str> {
        self.coding
            .iter()
            .find(|coding| {
                coding
                    .system
                    .as_deref()
                    .is_some_and(|known| known.to_ascii_lowercase().contains(system))
            })
            .and_then(|coding| coding.code.as_deref())
    }

    /// All that it says in words, in lower case.
    pub(super) fn words(&self) -> String {
        let displays = self
            .coding
            .iter()
            .filter_map(|coding| coding.display.as_deref());
        let all: Vec<&str> = self.text.as_deref().into_iter().chain(displays).collect();
        all.join(" ").to_lowercase()
    }
}

impl HumanName {
    pub(super) fn given(&self) -> String {
        join(&self.given, " ")
    }

    /// In full, as one addresses a letter.
    pub(super) fn full(&self) -> Option<String> {
        let full = self.text.clone().unwrap_or_else(|| {
            [
                join(&self.prefix, " "),
                self.given(),
                self.family.clone().unwrap_or_default(),
            ]
            .iter()
            .filter(|part| !part.is_empty())
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ")
        });
        (!full.trim().is_empty()).then_some(full)
    }
}

pub(super) fn join(parts: &[Option<String>], between: &str) -> String {
    parts
        .iter()
        .flatten()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(between)
}
