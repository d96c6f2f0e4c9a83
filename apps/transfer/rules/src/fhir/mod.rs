//! Reads a FHIR R4 bundle into answers of the form.
//!
//! It runs where the keys are: nothing of a bundle goes to a server. What cannot be read is left out and said in a warning;
//! what is read is a proposal that a person checks.

mod clinical;
mod model;
mod patient;
mod terms;
mod version;

use serde::Serialize;
use serde_json::value::RawValue;

pub use crate::form::Answers;

use crate::codes::codes;
use crate::label::{Labels, l};

/// The largest bundle that is read, in bytes. Ten megabytes are normal; more than this would not fit into a page.
pub const MAX_BYTES: usize = 64 << 20;

codes! {
    /// Why nothing was imported.
    ImportCode {
        /// Not JSON in UTF-8.
        NotJson = "not_json",
        /// JSON, but no FHIR resource.
        NotFhir = "not_fhir",
        /// A FHIR resource, but neither a bundle nor a patient.
        NotABundle = "not_a_bundle",
        /// FHIR R5, STU3 or DSTU2.
        WrongVersion = "wrong_version",
        /// Larger than [`MAX_BYTES`].
        TooLarge = "too_large",
        /// Nobody is in it.
        NoPatient = "no_patient",
        /// More than one person is in it.
        SeveralPatients = "several_patients",
    }
}

impl ImportCode {
    /// What it says to people, and what they can do.
    #[must_use]
    pub const fn labels(self) -> Labels {
        match self {
            Self::NotJson => l(
                "This file is not JSON. Export the patient as FHIR R4 in JSON.",
                "Ce fichier n’est pas du JSON. Exportez le patient en FHIR R4 au format JSON.",
                "Diese Datei ist kein JSON. Bitte als FHIR R4 im JSON-Format exportieren.",
            ),
            Self::NotFhir => l(
                "This file is JSON, but not FHIR. Export the patient as a FHIR R4 bundle.",
                "Ce fichier est du JSON, mais pas du FHIR. Exportez le patient en Bundle FHIR R4.",
                "Diese Datei ist JSON, aber kein FHIR. Bitte als FHIR-R4-Bundle exportieren.",
            ),
            Self::NotABundle => l(
                "This file holds a single FHIR resource. Export a bundle with the patient.",
                "Ce fichier contient une seule ressource FHIR. Exportez un Bundle avec le patient.",
                "Diese Datei enthält eine einzelne FHIR-Ressource. Bitte ein Bundle mit dem Patienten exportieren.",
            ),
            Self::WrongVersion => l(
                "This file is written in another version of FHIR. Export it as R4 (4.0.1).",
                "Ce fichier est dans une autre version de FHIR. Exportez-le en R4 (4.0.1).",
                "Diese Datei hat eine andere FHIR-Version. Bitte als R4 (4.0.1) exportieren.",
            ),
            Self::TooLarge => l(
                "This file is larger than 64 MB. Export the current stay only.",
                "Ce fichier dépasse 64 Mo. Exportez uniquement le séjour actuel.",
                "Diese Datei ist größer als 64 MB. Bitte nur den aktuellen Aufenthalt exportieren.",
            ),
            Self::NoPatient => l(
                "This bundle holds no patient.",
                "Ce Bundle ne contient aucun patient.",
                "Dieses Bundle enthält keinen Patienten.",
            ),
            Self::SeveralPatients => l(
                "This bundle holds several patients. Export one at a time.",
                "Ce Bundle contient plusieurs patients. Exportez-les un par un.",
                "Dieses Bundle enthält mehrere Patienten. Bitte einzeln exportieren.",
            ),
        }
    }
}

/// Nothing was imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("not imported: {code}")]
pub struct ImportRefusal {
    /// Why.
    pub code: ImportCode,
}

codes! {
    /// What was left out, or deserves a look.
    WarningCode {
        /// Resources that are not as R4 has them.
        Unreadable = "unreadable",
        /// Resources of kinds that the form does not ask for.
        NotAsked = "not_asked",
        /// Conditions, allergies or medication that have ended.
        Ended = "ended",
        /// Values that are too old to decide on.
        TooOld = "too_old",
        /// Values outside of their range.
        OutOfRange = "out_of_range",
        /// A date of birth without day or month, or in the future: no age.
        BirthDate = "birth_date",
        /// No condition tells the diagnosis group.
        DiagnosisUnknown = "diagnosis_unknown",
        /// The patient is recorded as deceased.
        Deceased = "deceased",
        /// A text was cut to what the field takes.
        Shortened = "shortened",
    }
}

impl WarningCode {
    /// What it says to people; the detail names the kind of resource or the field.
    #[must_use]
    pub const fn labels(self) -> Labels {
        match self {
            Self::Unreadable => l("Could not be read", "Illisible", "Nicht lesbar"),
            Self::NotAsked => l(
                "Not part of the form",
                "Hors du formulaire",
                "Nicht Teil des Formulars",
            ),
            Self::Ended => l(
                "Ended, left out",
                "Terminé, non repris",
                "Beendet, nicht übernommen",
            ),
            Self::TooOld => l(
                "Too old, left out",
                "Trop ancien, non repris",
                "Zu alt, nicht übernommen",
            ),
            Self::OutOfRange => l(
                "Outside the range, left out",
                "Hors limites, non repris",
                "Außerhalb des Bereichs, nicht übernommen",
            ),
            Self::BirthDate => l(
                "Date of birth incomplete",
                "Date de naissance incomplète",
                "Geburtsdatum unvollständig",
            ),
            Self::DiagnosisUnknown => l(
                "Please choose the diagnosis group",
                "Choisissez le groupe de diagnostic",
                "Bitte die Diagnosegruppe wählen",
            ),
            Self::Deceased => l(
                "The patient is recorded as deceased",
                "Le patient est enregistré comme décédé",
                "Der Patient ist als verstorben erfasst",
            ),
            Self::Shortened => l("Shortened", "Abrégé", "Gekürzt"),
        }
    }
}

/// Something that was left out, or deserves a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// What.
    pub code: WarningCode,
    /// The kind of resource, or the field; empty where there is none.
    pub detail: String,
    /// How many.
    pub count: u32,
}

/// What a bundle says about the form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Import {
    /// Answers of both stages: each of them passes the check of its field.
    pub answers: Answers,
    /// What was left out.
    pub warnings: Vec<Warning>,
}

/// Reads a bundle, or a single patient. `now` is milliseconds since 1970: ages and days in hospital are counted from it.
///
/// # Errors
/// When it is nothing that can be imported, see [`ImportCode`]. The size is looked at before anything else.
pub fn import(bytes: &[u8], now: i64) -> Result<Import, ImportRefusal> {
    read(bytes, now).map_err(|code| ImportRefusal { code })
}

fn read(bytes: &[u8], now: i64) -> Result<Import, ImportCode> {
    if bytes.len() > MAX_BYTES {
        return Err(ImportCode::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| ImportCode::NotJson)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root: &RawValue = serde_json::from_str(text).map_err(|_| ImportCode::NotJson)?;
    let kind: model::Kind<'_> =
        serde_json::from_str(root.get()).map_err(|_| ImportCode::NotFhir)?;
    let mut found = clinical::Found::new(now);
    match kind.resource_type.as_ref() {
        "Bundle" => {
            version::check("Bundle", root)?;
            let bundle: model::Bundle<'_> =
                serde_json::from_str(root.get()).map_err(|_| ImportCode::NotFhir)?;
            for entry in bundle.entry {
                if let Some(resource) = entry.resource {
                    found.take(entry.full_url.as_deref(), resource)?;
                }
            }
        }
        "Patient" => found.take(None, root)?,
        other if version::is_resource_name(other) => return Err(ImportCode::NotABundle),
        _ => return Err(ImportCode::NotFhir),
    }
    found.finish()
}
