//! What somebody has and needs: from clinical resources to answers.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::model::{
    Allergy, Coded, Concept, Condition, Coverage, Dosage, Encounter, EncounterDiagnosis, HumanName,
    Kind, Medication, Observation, Organization, Patient, Pick, Practitioner, Quantity, Reference,
    RelatedPerson,
};
use super::patient::Person;
use super::{Answers, Import, ImportCode, Warning, WarningCode, terms, version};
use crate::calendar::Day;
use crate::form::{Kind as FieldKind, field};

/// Scores older than this say nothing about today.
const SCORE_DAYS: i64 = 90;
/// The same for pulse, temperature and their like.
const VITAL_DAYS: i64 = 14;
/// Weight and height last longer.
const BODY_DAYS: i64 = 365;
/// A dialysis of last year is no dialysis of today.
const PROCEDURE_DAYS: i64 = 30;

/// Answers being written: every one passes the check of its field.
#[derive(Default)]
pub(super) struct Writer {
    answers: Answers,
    warnings: BTreeMap<(WarningCode, String), u32>,
}

impl Writer {
    pub(super) fn warn(&mut self, code: WarningCode, detail: &str) {
        let count = self.warnings.entry((code, detail.to_owned())).or_default();
        *count = count.saturating_add(1);
    }

    /// A code, a date or a text. The first answer of a field stays.
    pub(super) fn text(&mut self, id: &str, text: &str) {
        let text = text.trim();
        let Some(field) = field(id) else { return };
        if text.is_empty() || self.answers.contains_key(id) {
            return;
        }
        let most = field.greatest().unwrap_or(f64::MAX);
        let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let text = if field.kind == FieldKind::Text && f64::from(length) > most {
            self.warn(WarningCode::Shortened, id);
            // One character for the sign that something is missing.
            let mut left = most - 1.0;
            let mut short: String = text
                .chars()
                .take_while(|_| {
                    left -= 1.0;
                    left >= 0.0
                })
                .collect();
            short.push('…');
            short
        } else {
            text.to_owned()
        };
        self.answers.insert(id.to_owned(), json!(text));
    }

    /// Entries of a text with one per line, each once.
    fn lines(&mut self, id: &str, lines: &[String]) {
        let mut seen: Vec<&str> = Vec::new();
        for line in lines {
            if !seen.contains(&line.as_str()) {
                seen.push(line);
            }
        }
        self.text(id, &seen.join("\n"));
    }

    fn codes(&mut self, id: &str, codes: &[&'static str]) {
        let mut each: Vec<&str> = Vec::new();
        for code in codes {
            if !each.contains(code) {
                each.push(code);
            }
        }
        if !each.is_empty() {
            self.answers.insert(id.to_owned(), json!(each));
        }
    }

    /// A number, rounded to the places that the field has.
    fn number(&mut self, id: &str, number: f64) {
        let Some(field) = field(id) else { return };
        let scale = 10_f64.powi(i32::from(field.decimals));
        let rounded = (number * scale).round() / scale;
        let inside = field.min.is_none_or(|min| rounded >= min)
            && field.max.is_none_or(|max| rounded <= max);
        if inside && rounded.is_finite() {
            self.answers.insert(id.to_owned(), Value::from(rounded));
        } else {
            self.warn(WarningCode::OutOfRange, id);
        }
    }

    fn finish(self) -> Import {
        Import {
            answers: self.answers,
            warnings: self
                .warnings
                .into_iter()
                .map(|((code, detail), count)| Warning {
                    code,
                    detail,
                    count,
                })
                .collect(),
        }
    }
}

/// A measured value, the latest of its kind.
struct Measured {
    on: Day,
    value: f64,
}

struct KnownCondition {
    address: Address,
    since: Option<Day>,
    line: String,
    icd: Option<String>,
    group: Option<&'static str>,
}

/// How other resources refer to one.
struct Address {
    full_url: Option<String>,
    relative: Option<String>,
}

impl Address {
    fn is(&self, reference: &Reference) -> bool {
        let Some(reference) = reference.reference.as_deref() else {
            return false;
        };
        self.full_url.as_deref() == Some(reference) || self.relative.as_deref() == Some(reference)
    }
}

/// All that was found on the way through a bundle.
pub(super) struct Found {
    today: Day,
    out: Writer,
    person: Person,
    names: Vec<(Address, String)>,
    drugs: Vec<(Address, Concept)>,
    devices: Vec<(Address, Concept)>,
    uses: Vec<Reference>,
    conditions: Vec<KnownCondition>,
    medications: Vec<Medication>,
    allergies: Vec<String>,
    no_allergies: bool,
    measured: BTreeMap<&'static str, Measured>,
    blood_pressure: Option<(Day, String)>,
    care_grade: Option<(Day, &'static str)>,
    equipment: Vec<&'static str>,
    germs: Vec<&'static str>,
    isolation: Option<&'static str>,
    procedures: Vec<String>,
    stay: Option<(Day, Encounter)>,
}

impl Found {
    pub(super) fn new(now: i64) -> Self {
        Self {
            today: Day::of(now),
            out: Writer::default(),
            person: Person::default(),
            names: Vec::new(),
            drugs: Vec::new(),
            devices: Vec::new(),
            uses: Vec::new(),
            conditions: Vec::new(),
            medications: Vec::new(),
            allergies: Vec::new(),
            no_allergies: false,
            measured: BTreeMap::new(),
            blood_pressure: None,
            care_grade: None,
            equipment: Vec::new(),
            germs: Vec::new(),
            isolation: None,
            procedures: Vec::new(),
            stay: None,
        }
    }

    /// Takes in one resource. Only another version and a second patient end the import; what else is wrong is left out.
    pub(super) fn take(
        &mut self,
        full_url: Option<&str>,
        resource: &RawValue,
    ) -> Result<(), ImportCode> {
        let Ok(kind) = serde_json::from_str::<Kind<'_>>(resource.get()) else {
            self.out.warn(WarningCode::Unreadable, "");
            return Ok(());
        };
        let name = kind.resource_type.as_ref();
        version::check(name, resource)?;
        let address = Address {
            full_url: full_url.map(str::to_owned),
            relative: kind.id.as_ref().map(|id| format!("{name}/{id}")),
        };
        if !ASKED.contains(&name) {
            self.out.warn(WarningCode::NotAsked, name);
            return Ok(());
        }
        let Ok(value) = serde_json::from_str::<Value>(resource.get()) else {
            self.out.warn(WarningCode::Unreadable, name);
            return Ok(());
        };
        let mut bad = false;
        match name {
            "Patient" => {
                let patient = Patient::pick(&value, &mut bad);
                self.person.take(kind.id.or(address.full_url), patient)?;
            }
            "RelatedPerson" => {
                let person = RelatedPerson::pick(&value, &mut bad);
                self.person.relatives.push(person);
            }
            "Practitioner" => {
                let practitioner = Practitioner::pick(&value, &mut bad);
                let full = practitioner.name.first().and_then(HumanName::full);
                self.names.extend(full.map(|full| (address, full)));
            }
            "Organization" => {
                let organization = Organization::pick(&value, &mut bad);
                self.names
                    .extend(organization.name.map(|name| (address, name)));
            }
            "Condition" => self.condition(address, &Condition::pick(&value, &mut bad)),
            "AllergyIntolerance" => self.allergy(&Allergy::pick(&value, &mut bad)),
            "MedicationRequest" | "MedicationStatement" => {
                self.medication(name, Medication::pick(&value, &mut bad));
            }
            "Medication" => {
                self.drugs
                    .push((address, Coded::pick(&value, &mut bad).code));
            }
            "Observation" => self.observation(&Observation::pick(&value, &mut bad)),
            "Procedure" => self.procedure(&Coded::pick(&value, &mut bad)),
            "Device" => {
                self.devices
                    .push((address, Coded::pick(&value, &mut bad).kind));
            }
            "DeviceUseStatement" => {
                let used = Coded::pick(&value, &mut bad);
                if used.status.as_deref() == Some("active") {
                    self.uses.extend(used.device);
                }
            }
            "Flag" => self.flag(&Coded::pick(&value, &mut bad)),
            "Encounter" => self.encounter(Encounter::pick(&value, &mut bad)),
            _ => self.coverage(&Coverage::pick(&value, &mut bad)),
        }
        if bad {
            self.out.warn(WarningCode::Unreadable, name);
        }
        Ok(())
    }

    fn condition(&mut self, address: Address, condition: &Condition) {
        let doubted = ["refuted", "entered-in-error"]
            .iter()
            .any(|status| condition.verification_status.has_code(status));
        let ended = ["inactive", "remission", "resolved"]
            .iter()
            .any(|status| condition.clinical_status.has_code(status));
        if doubted || ended {
            self.out.warn(WarningCode::Ended, "Condition");
            return;
        }
        let Some(name) = condition.code.name() else {
            return;
        };
        let onset = condition
            .onset_period
            .as_ref()
            .and_then(|period| period.start.as_deref());
        let since = condition
            .onset_date_time
            .as_deref()
            .or(onset)
            .or(condition.recorded_date.as_deref())
            .and_then(day);
        let icd = terms::icd(&condition.code);
        if let Some(icd) = icd {
            self.equipment.extend(terms::equipment_of_icd(icd));
        }
        self.germs.extend(terms::germ(&condition.code));
        let mut line = name.to_owned();
        if let Some(icd) = icd.filter(|icd| *icd != name) {
            line.push_str(&format!(" ({icd})"));
        }
        if let Some(since) = since {
            line.push_str(&format!(", {since}"));
        }
        self.conditions.push(KnownCondition {
            address,
            since,
            line,
            icd: icd.map(str::to_owned),
            group: terms::diagnosis_group(&condition.code),
        });
    }

    fn allergy(&mut self, allergy: &Allergy) {
        let doubted = ["refuted", "entered-in-error"]
            .iter()
            .any(|status| allergy.verification_status.has_code(status));
        let ended = ["inactive", "resolved"]
            .iter()
            .any(|status| allergy.clinical_status.has_code(status));
        if doubted || ended {
            self.out.warn(WarningCode::Ended, "AllergyIntolerance");
            return;
        }
        // SNOMED CT: no known allergy.
        if allergy.code.has_code("716186003") {
            self.no_allergies = true;
            return;
        }
        let Some(name) = allergy.code.name() else {
            return;
        };
        let reactions: Vec<&str> = allergy
            .reaction
            .iter()
            .flat_map(|reaction| &reaction.manifestation)
            .filter_map(Concept::name)
            .collect();
        self.allergies.push(if reactions.is_empty() {
            name.to_owned()
        } else {
            format!("{name}: {}", reactions.join(", "))
        });
    }

    fn medication(&mut self, kind: &str, medication: Medication) {
        match medication.status.as_deref() {
            Some("active" | "intended") | None => {
                self.medications.push(medication);
            }
            _ => self.out.warn(WarningCode::Ended, kind),
        }
    }

    fn observation(&mut self, observation: &Observation) {
        if matches!(
            observation.status.as_deref(),
            Some("entered-in-error" | "cancelled")
        ) {
            return;
        }
        let period = observation.effective_period.as_ref();
        let Some(on) = observation
            .effective_date_time
            .as_deref()
            .or_else(|| period.and_then(|period| period.end.as_deref().or(period.start.as_deref())))
            .and_then(day)
        else {
            return;
        };
        let Some(loinc) = observation.code.code_in("loinc") else {
            return;
        };
        if loinc == "80391-6" {
            let grade = observation
                .value_codeable_concept
                .as_ref()
                .and_then(terms::pflegegrad);
            if let Some(grade) = grade
                && self.care_grade.is_none_or(|(known, _)| known <= on)
            {
                self.care_grade = Some((on, grade));
            }
            return;
        }
        if matches!(loinc, "85354-9" | "55284-4") {
            self.take_blood_pressure(on, observation);
            return;
        }
        let Some((_, id, unit)) = MEASURES.iter().find(|(code, ..)| *code == loinc) else {
            return;
        };
        let value = match (&observation.value_quantity, observation.value_integer) {
            (Some(quantity), _) => in_unit(quantity, *unit),
            (None, integer) => integer,
        };
        if let Some(value) = value
            && self.measured.get(id).is_none_or(|known| known.on <= on)
        {
            self.measured.insert(id, Measured { on, value });
        }
    }

    fn take_blood_pressure(&mut self, on: Day, observation: &Observation) {
        let part = |code: &str| {
            observation
                .component
                .iter()
                .find(|component| component.code.has_code(code))
                .and_then(|component| component.value_quantity.as_ref()?.value)
        };
        if let (Some(systolic), Some(diastolic)) = (part("8480-6"), part("8462-4"))
            && self
                .blood_pressure
                .as_ref()
                .is_none_or(|(known, _)| *known <= on)
        {
            self.blood_pressure =
                Some((on, format!("{}/{} mmHg", whole(systolic), whole(diastolic))));
        }
    }

    fn procedure(&mut self, procedure: &Coded) {
        let period = procedure.performed_period.as_ref();
        let on = procedure
            .performed_date_time
            .as_deref()
            .or_else(|| period.and_then(|period| period.end.as_deref().or(period.start.as_deref())))
            .and_then(day);
        let Some(name) = procedure.code.name() else {
            return;
        };
        match on {
            Some(on) if self.is_recent(on, PROCEDURE_DAYS) => {
                self.equipment.extend(terms::equipment(&procedure.code));
                self.procedures.push(format!("{name}, {on}"));
            }
            _ => self.out.warn(WarningCode::TooOld, "Procedure"),
        }
    }

    fn flag(&mut self, flag: &Coded) {
        if flag.status.as_deref() != Some("active") {
            self.out.warn(WarningCode::Ended, "Flag");
            return;
        }
        self.isolation = self
            .isolation
            .or_else(|| terms::isolation(&flag.code.words()));
        self.germs.extend(terms::germ(&flag.code));
    }

    fn encounter(&mut self, encounter: Encounter) {
        let stays = encounter
            .class
            .as_ref()
            .and_then(|class| class.code.as_deref())
            .is_some_and(|class| {
                ["IMP", "ACUTE", "NONAC", "SS", "OBSENC", "EMER"].contains(&class)
            });
        let running = encounter.status.as_deref() == Some("in-progress");
        let start = encounter
            .period
            .as_ref()
            .filter(|period| period.end.is_none())
            .and_then(|period| period.start.as_deref())
            .and_then(day)
            .filter(|start| *start <= self.today);
        if let (true, true, Some(start)) = (stays, running, start)
            && self.stay.as_ref().is_none_or(|(known, _)| *known <= start)
        {
            self.stay = Some((start, encounter));
        }
    }

    fn coverage(&mut self, coverage: &Coverage) {
        if matches!(coverage.status.as_deref(), Some("active") | None) {
            if let Some(payer) = terms::payer(&coverage.kind) {
                self.out.text("payer", payer);
            }
            if let Some(name) = coverage
                .payor
                .iter()
                .find_map(|payor| payor.display.as_deref())
            {
                self.out.text("payerName", name);
            }
        }
    }

    fn is_recent(&self, on: Day, days: i64) -> bool {
        (-1..=days).contains(&on.days_until(self.today))
    }

    /// Writes all that was found.
    pub(super) fn finish(mut self) -> Result<Import, ImportCode> {
        let person = std::mem::take(&mut self.person);
        let names = &self.names;
        person.write(&mut self.out, self.today, |reference| {
            name_of(names, reference)
        })?;
        self.write_diagnoses();
        self.write_stay();
        self.write_measures();
        self.write_treatment();
        Ok(self.out.finish())
    }

    fn write_diagnoses(&mut self) {
        let mut named: Vec<_> = self
            .stay
            .iter()
            .flat_map(|(_, stay)| &stay.diagnosis)
            .collect();
        named.sort_by(|one, other| {
            let rank = |diagnosis: &EncounterDiagnosis| diagnosis.rank.unwrap_or(f64::MAX);
            rank(one).total_cmp(&rank(other))
        });
        let by_stay = named.iter().find_map(|diagnosis| {
            let reference = diagnosis.condition.as_ref()?;
            self.conditions
                .iter()
                .position(|known| known.address.is(reference))
        });
        // Without a diagnosis of the stay: the latest one that is of a known group, else the latest.
        let latest = || {
            let numbered = self.conditions.iter().enumerate();
            numbered
                .max_by_key(|(_, known)| (known.group.is_some(), known.since))
                .map(|(index, _)| index)
        };
        let main = by_stay.or_else(latest);
        let mut others = Vec::new();
        let mut group = None;
        for (index, known) in self.conditions.iter().enumerate() {
            if Some(index) == main {
                group = known.group;
                self.out.text("diagnosis", &known.line);
                if let Some(icd) = &known.icd {
                    self.out.text("diagnosisCode", icd);
                }
            } else {
                others.push(known.line.clone());
            }
        }
        match group {
            Some(group) => self.out.text("diagnosisGroup", group),
            None => self
                .out
                .warn(WarningCode::DiagnosisUnknown, "diagnosisGroup"),
        }
        self.out.lines("diagnoses", &others);
        self.out.lines("procedures", &self.procedures);
    }

    fn write_stay(&mut self) {
        let Some((start, stay)) = &self.stay else {
            return;
        };
        self.out.text("admissionDate", &start.to_string());
        let days = i32::try_from(start.days_until(self.today)).unwrap_or_default();
        self.out.number("stayDays", f64::from(days));
        let physician = stay
            .participant
            .iter()
            .filter_map(|participant| participant.individual.as_ref())
            .find_map(|reference| name_of(&self.names, reference));
        if let Some(physician) = physician {
            self.out.text("physician", &physician);
        }
        let ward = stay
            .location
            .iter()
            .filter_map(|place| place.location.as_ref()?.display.as_deref())
            .next_back();
        if let Some(ward) = ward {
            self.out.text("ward", ward);
        }
    }

    fn write_measures(&mut self) {
        for (id, measured) in std::mem::take(&mut self.measured) {
            let days = match id {
                "barthel" | "braden" => SCORE_DAYS,
                "bodyWeight" | "height" => BODY_DAYS,
                _ => VITAL_DAYS,
            };
            if self.is_recent(measured.on, days) {
                self.out.number(id, measured.value);
            } else {
                self.out.warn(WarningCode::TooOld, id);
            }
        }
        if let Some((on, pressure)) = self.blood_pressure.take() {
            if self.is_recent(on, VITAL_DAYS) {
                self.out.text("bloodPressure", &pressure);
            } else {
                self.out.warn(WarningCode::TooOld, "bloodPressure");
            }
        }
        if let Some((_, grade)) = self.care_grade {
            self.out.text("pflegegrad", grade);
        }
    }

    fn write_treatment(&mut self) {
        if !self.allergies.is_empty() {
            self.out.text("allergies", "yes");
            self.out.lines("allergyList", &self.allergies);
        } else if self.no_allergies {
            // A bundle that says nothing about allergies does not say that there are none.
            self.out.text("allergies", "no");
        }
        let mut lines = Vec::new();
        let mut drugs = Vec::new();
        for medication in &self.medications {
            let known = self.drug_of(medication);
            let display = medication
                .medication_reference
                .as_ref()
                .and_then(|reference| reference.display.as_deref());
            if let Some(name) = known.and_then(Concept::name).or(display) {
                lines.push(with_dose(name, medication));
            }
            drugs.extend(known.and_then(terms::drug));
        }
        self.out.lines("medication", &lines);
        self.out.codes("drugs", &drugs);
        let mut devices = Vec::new();
        for reference in &self.uses {
            let known = self
                .devices
                .iter()
                .find(|(address, _)| address.is(reference))
                .map(|(_, kind)| kind);
            if let Some(kind) = known {
                self.equipment.extend(terms::equipment(kind));
            }
            let name = known
                .and_then(Concept::name)
                .or(reference.display.as_deref());
            devices.extend(name.map(str::to_owned));
        }
        self.out.lines("devices", &devices);
        self.out.codes("equipment", &self.equipment);
        self.out.codes("germs", &self.germs);
        if let Some(isolation) = self.isolation {
            self.out.text("isolation", isolation);
        }
    }

    fn drug_of<'a>(&'a self, medication: &'a Medication) -> Option<&'a Concept> {
        medication.medication_codeable_concept.as_ref().or_else(|| {
            let reference = medication.medication_reference.as_ref()?;
            self.drugs
                .iter()
                .find(|(address, _)| address.is(reference))
                .map(|(_, code)| code)
        })
    }
}

/// The kinds of resources that say something about the form; the last arm of [`Found::take`] is for `Coverage`.
const ASKED: &[&str] = &[
    "AllergyIntolerance",
    "Condition",
    "Coverage",
    "Device",
    "DeviceUseStatement",
    "Encounter",
    "Flag",
    "Medication",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Organization",
    "Patient",
    "Practitioner",
    "Procedure",
    "RelatedPerson",
];

/// LOINC, field, unit in UCUM where there is one.
const MEASURES: &[(&str, &str, Option<&str>)] = &[
    ("96761-2", "barthel", None),
    ("38227-5", "braden", None),
    ("8867-4", "heartRate", None),
    ("9279-1", "respiratoryRate", None),
    ("2708-6", "oxygenSaturation", None),
    ("59408-5", "oxygenSaturation", None),
    ("8310-5", "temperature", Some("Cel")),
    ("29463-7", "bodyWeight", Some("kg")),
    ("8302-2", "height", Some("cm")),
    ("72514-3", "pain", None),
];

/// The value, when it is in the unit that is wanted.
fn in_unit(quantity: &Quantity, unit: Option<&str>) -> Option<f64> {
    let written = quantity.code.as_deref().or(quantity.unit.as_deref());
    match (unit, written) {
        (None, _) | (Some(_), None) => quantity.value,
        (Some(unit), Some(written)) if unit == written => quantity.value,
        _ => None,
    }
}

fn with_dose(name: &str, medication: &Medication) -> String {
    let doses = medication
        .dosage_instruction
        .iter()
        .chain(&medication.dosage);
    let dose = doses
        .filter_map(|dose: &Dosage| dose.text.as_deref())
        .map(str::trim)
        .find(|dose| !dose.is_empty());
    dose.map_or_else(|| name.to_owned(), |dose| format!("{name}: {dose}"))
}

fn name_of(names: &[(Address, String)], reference: &Reference) -> Option<String> {
    reference.display.clone().or_else(|| {
        names
            .iter()
            .find(|(address, _)| address.is(reference))
            .map(|(_, name)| name.clone())
    })
}

/// A pressure as people write it. (Formatting a float would bring the whole of it into the page.)
fn whole(number: f64) -> u16 {
    let mut whole = 0_u16;
    while whole < 400 && f64::from(whole) + 0.5 <= number {
        whole += 1;
    }
    whole
}

/// The day of a FHIR date or instant; nothing when it has no day.
fn day(written: &str) -> Option<Day> {
    Day::parse(written.get(..10)?)
}
