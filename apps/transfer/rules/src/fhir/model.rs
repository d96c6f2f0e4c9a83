//! The parts of FHIR R4 resources that the form asks for. Everything else is ignored.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
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

#[derive(Deserialize, Default, Clone)]
pub(super) struct Coding {
    pub(super) system: Option<String>,
    pub(super) code: Option<String>,
    pub(super) display: Option<String>,
}

#[derive(Deserialize, Default, Clone)]
pub(super) struct Concept {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) coding: Vec<Coding>,
    pub(super) text: Option<String>,
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

#[derive(Deserialize, Default, Clone)]
pub(super) struct Reference {
    pub(super) reference: Option<String>,
    pub(super) display: Option<String>,
}

#[derive(Deserialize, Default)]
pub(super) struct Period {
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
}

#[derive(Deserialize, Default)]
pub(super) struct Quantity {
    pub(super) value: Option<f64>,
    pub(super) code: Option<String>,
    pub(super) unit: Option<String>,
}

#[derive(Deserialize, Default)]
pub(super) struct HumanName {
    #[serde(rename = "use")]
    pub(super) usage: Option<String>,
    pub(super) text: Option<String>,
    pub(super) family: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) given: Vec<Option<String>>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) prefix: Vec<Option<String>>,
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

#[derive(Deserialize, Default)]
pub(super) struct Telecom {
    pub(super) system: Option<String>,
    pub(super) value: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    #[serde(rename = "use")]
    pub(super) usage: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) line: Vec<Option<String>>,
    pub(super) city: Option<String>,
    pub(super) postal_code: Option<String>,
    pub(super) country: Option<String>,
}

#[derive(Deserialize, Default)]
pub(super) struct Identifier {
    pub(super) system: Option<String>,
    pub(super) value: Option<String>,
    #[serde(rename = "type", default, deserialize_with = "lenient")]
    pub(super) kind: Concept,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Extension {
    #[serde(default)]
    pub(super) url: String,
    pub(super) value_address: Option<Address>,
}

#[derive(Deserialize, Default)]
pub(super) struct Communication {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) language: Concept,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) preferred: bool,
}

#[derive(Deserialize, Default)]
pub(super) struct Contact {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) relationship: Vec<Concept>,
    pub(super) name: Option<HumanName>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) telecom: Vec<Telecom>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Patient {
    #[serde(deserialize_with = "lenient")]
    pub(super) extension: Vec<Extension>,
    #[serde(deserialize_with = "lenient")]
    pub(super) identifier: Vec<Identifier>,
    #[serde(deserialize_with = "lenient")]
    pub(super) name: Vec<HumanName>,
    #[serde(deserialize_with = "lenient")]
    pub(super) telecom: Vec<Telecom>,
    pub(super) gender: Option<String>,
    pub(super) birth_date: Option<String>,
    pub(super) deceased_boolean: Option<bool>,
    pub(super) deceased_date_time: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) address: Vec<Address>,
    #[serde(deserialize_with = "lenient")]
    pub(super) contact: Vec<Contact>,
    #[serde(deserialize_with = "lenient")]
    pub(super) communication: Vec<Communication>,
    #[serde(deserialize_with = "lenient")]
    pub(super) general_practitioner: Vec<Reference>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RelatedPerson {
    #[serde(deserialize_with = "lenient")]
    pub(super) relationship: Vec<Concept>,
    #[serde(deserialize_with = "lenient")]
    pub(super) name: Vec<HumanName>,
    #[serde(deserialize_with = "lenient")]
    pub(super) telecom: Vec<Telecom>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Practitioner {
    #[serde(deserialize_with = "lenient")]
    pub(super) name: Vec<HumanName>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Organization {
    pub(super) name: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Condition {
    #[serde(deserialize_with = "lenient")]
    pub(super) clinical_status: Concept,
    #[serde(deserialize_with = "lenient")]
    pub(super) verification_status: Concept,
    #[serde(deserialize_with = "lenient")]
    pub(super) code: Concept,
    pub(super) onset_date_time: Option<String>,
    pub(super) onset_period: Option<Period>,
    pub(super) recorded_date: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Allergy {
    #[serde(deserialize_with = "lenient")]
    pub(super) clinical_status: Concept,
    #[serde(deserialize_with = "lenient")]
    pub(super) verification_status: Concept,
    #[serde(deserialize_with = "lenient")]
    pub(super) code: Concept,
    #[serde(deserialize_with = "lenient")]
    pub(super) reaction: Vec<Reaction>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Reaction {
    #[serde(deserialize_with = "lenient")]
    pub(super) manifestation: Vec<Concept>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Dosage {
    pub(super) text: Option<String>,
}

/// `MedicationRequest` and `MedicationStatement`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Medication {
    pub(super) status: Option<String>,
    pub(super) medication_codeable_concept: Option<Concept>,
    pub(super) medication_reference: Option<Reference>,
    #[serde(deserialize_with = "lenient")]
    pub(super) dosage_instruction: Vec<Dosage>,
    #[serde(deserialize_with = "lenient")]
    pub(super) dosage: Vec<Dosage>,
}

/// `Medication`, `Device` by its type, `Flag`, `Procedure`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Coded {
    pub(super) status: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) code: Concept,
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub(super) kind: Concept,
    pub(super) performed_date_time: Option<String>,
    pub(super) performed_period: Option<Period>,
    /// `DeviceUseStatement`.
    pub(super) device: Option<Reference>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Observation {
    pub(super) status: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) code: Concept,
    pub(super) effective_date_time: Option<String>,
    pub(super) effective_period: Option<Period>,
    pub(super) value_quantity: Option<Quantity>,
    pub(super) value_integer: Option<f64>,
    pub(super) value_codeable_concept: Option<Concept>,
    #[serde(deserialize_with = "lenient")]
    pub(super) component: Vec<Component>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Component {
    #[serde(deserialize_with = "lenient")]
    pub(super) code: Concept,
    pub(super) value_quantity: Option<Quantity>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Encounter {
    pub(super) status: Option<String>,
    pub(super) class: Option<Coding>,
    pub(super) period: Option<Period>,
    #[serde(deserialize_with = "lenient")]
    pub(super) diagnosis: Vec<EncounterDiagnosis>,
    #[serde(deserialize_with = "lenient")]
    pub(super) participant: Vec<Participant>,
    #[serde(deserialize_with = "lenient")]
    pub(super) location: Vec<EncounterLocation>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct EncounterDiagnosis {
    pub(super) condition: Option<Reference>,
    pub(super) rank: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Participant {
    pub(super) individual: Option<Reference>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct EncounterLocation {
    pub(super) location: Option<Reference>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Coverage {
    pub(super) status: Option<String>,
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub(super) kind: Concept,
    #[serde(deserialize_with = "lenient")]
    pub(super) payor: Vec<Reference>,
}
