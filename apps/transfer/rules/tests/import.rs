//! Bundles become answers, and what is no R4 bundle of one patient is refused.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as the tests themselves do"
)]

use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};
use transfer_rules::fhir::{Import, ImportCode, MAX_BYTES, WarningCode, import};
use transfer_rules::form::{ProblemCode, check};

const GERMAN: &[u8] = include_bytes!("fixtures/de.json");
const FRENCH: &[u8] = include_bytes!("fixtures/fr.json");

/// 2026-03-01T12:00Z.
const NOW: i64 = 1_772_366_400_000;

fn read(bytes: &[u8]) -> Import {
    let imported = import(bytes, NOW).unwrap();
    assert_answers_pass(&imported);
    imported
}

fn refused(bytes: &[u8]) -> ImportCode {
    import(bytes, NOW).unwrap_err().code
}

/// A bundle of a patient and this.
fn with(resource: Value) -> Vec<u8> {
    let patient = json!({ "resourceType": "Patient", "id": "p", "birthDate": "1950-01-01" });
    bundle(&[patient, resource])
}

fn bundle(resources: &[Value]) -> Vec<u8> {
    let entries: Vec<_> = resources
        .iter()
        .map(|resource| json!({ "resource": resource }))
        .collect();
    json!({ "resourceType": "Bundle", "type": "collection", "entry": entries })
        .to_string()
        .into_bytes()
}

/// Whatever is imported is right as far as it goes: only what a person must add is missing.
fn assert_answers_pass(imported: &Import) {
    for stage in [1, 2] {
        for problem in check(stage, &imported.answers) {
            let missing = matches!(
                problem.code,
                ProblemCode::Required | ProblemCode::NeedsTwoScores
            );
            assert!(missing, "{problem:?}");
        }
    }
}

fn has(imported: &Import, code: WarningCode, detail: &str) -> bool {
    imported
        .warnings
        .iter()
        .any(|warning| warning.code == code && warning.detail == detail)
}

#[test]
fn a_german_bundle_fills_both_stages() {
    let imported = read(GERMAN);
    let expected = json!({
        "ageBand": "80-84", "sex": "female", "language": "de", "residenceArea": "79", "payer": "statutory",
        "diagnosisGroup": "hipFracture", "stayDays": 11.0, "isolation": "contact", "germs": ["mrsa"], "allergies": "yes",
        "equipment": ["dialysis", "wheelchair"], "drugs": ["anticoagulation", "insulin"], "barthel": 45.0,
        "pflegegrad": "3",
        "familyName": "TEST-Amsel", "birthName": "TEST-Vogel", "firstNames": "Erika Maria", "birthDate": "1941-08-12",
        "kvnr": "T000000001", "hospitalNumber": "TEST-4711", "address": "Teststraße 1", "postcode": "79098",
        "city": "Freiburg", "phone": "+49 30 0000000", "email": "test@example.org",
        "emergencyContact": "Anna TEST-Amsel, Tochter, +49 30 0000001", "trustedPerson": "Karl TEST-Amsel, Sohn",
        "generalPractitioner": "Dr. Bernd TEST-Fink", "payerName": "TEST-Kasse", "admissionDate": "2026-02-18",
        "ward": "Station 4B, Zimmer 12", "physician": "Dr. TEST-Specht",
        "diagnosis": "Schenkelhalsfraktur: Intrakapsulär (S72.01), 2026-02-18", "diagnosisCode": "S72.01",
        "diagnoses": "Dialysepflichtige Niereninsuffizienz (Z99.2), 2024-01-02",
        "procedures": "Duokopfprothese links, 2026-02-19", "bloodPressure": "132/80 mmHg", "temperature": 37.2,
        "allergyList": "Penicillin: Exanthem",
        "medication": "Apixaban: 5 mg 1-0-1\nAcetylsalicylsäure\nInsulin glargin: 12 IE abends", "devices": "Rollstuhl"
    });
    assert_eq!(Value::Object(imported.answers), expected);
    let warnings = serde_json::to_value(&imported.warnings).unwrap();
    assert_eq!(
        warnings,
        json!([
            { "code": "not_asked", "detail": "Immunization", "count": 1 },
            { "code": "ended", "detail": "Condition", "count": 1 },
            { "code": "ended", "detail": "MedicationRequest", "count": 1 },
            { "code": "too_old", "detail": "braden", "count": 1 },
            { "code": "out_of_range", "detail": "heartRate", "count": 1 }
        ])
    );
}

#[test]
fn a_french_bundle_fills_both_stages() {
    let imported = read(FRENCH);
    let expected = json!({
        "ageBand": "90+", "sex": "female", "language": "other", "residenceArea": "67", "diagnosisGroup": "stroke",
        "isolation": "contact", "germs": ["cdiff"], "allergies": "no", "equipment": ["oxygen"],
        "familyName": "TEST-MERLE", "firstNames": "Odile", "birthDate": "1934-12-31", "birthPlace": "Colmar",
        "ins": "141087700000123", "address": "1 rue du Test", "postcode": "67000", "city": "Strasbourg",
        "diagnosis": "Infarctus cérébral (I63.9), 2026-02-20", "diagnosisCode": "I63.9",
        "diagnoses": "Entérocolite à Clostridium difficile (A04.7), 2026-02-10",
        "procedures": "Oxygénothérapie, 2026-02-27"
    });
    assert_eq!(Value::Object(imported.answers.clone()), expected);
    assert!(has(&imported, WarningCode::Ended, "Flag"));
    assert!(has(&imported, WarningCode::TooOld, "Procedure"));
}

#[test]
fn a_single_patient_is_enough() {
    let patient = json!({ "resourceType": "Patient", "name": [{ "family": "TEST" }], "birthDate": "2020-03-02" });
    let imported = read(patient.to_string().as_bytes());
    assert_eq!(imported.answers.get("familyName"), Some(&json!("TEST")));
    // The birthday is tomorrow.
    assert_eq!(imported.answers.get("ageBand"), Some(&json!("5")));
}

#[test]
fn ages_fall_into_their_bands() {
    let band = |born: &str| {
        let patient = json!({ "resourceType": "Patient", "birthDate": born }).to_string();
        read(patient.as_bytes()).answers.get("ageBand").cloned()
    };
    assert_eq!(band("2026-03-01"), Some(json!("0")));
    assert_eq!(band("2008-03-02"), Some(json!("17")));
    assert_eq!(band("2008-03-01"), Some(json!("18-19")));
    assert_eq!(band("2006-03-01"), Some(json!("20-24")));
    assert_eq!(band("1936-03-02"), Some(json!("85-89")));
    assert_eq!(band("1936-03-01"), Some(json!("90+")));
    for none in ["1950", "1950-01", "2026-03-02", "12.3.1950"] {
        let patient = json!({ "resourceType": "Patient", "birthDate": none }).to_string();
        let imported = read(patient.as_bytes());
        assert_eq!(imported.answers.get("ageBand"), None, "{none}");
        assert!(has(&imported, WarningCode::BirthDate, "Patient"));
    }
}

#[test]
fn what_is_no_json_is_refused() {
    for bytes in [
        &b""[..],
        b"{",
        b"<Bundle/>",
        b"\xff\xfe{",
        b"{\"resourceType\":\"Bundle\"} x",
        b"%PDF-1.7",
    ] {
        assert_eq!(refused(bytes), ImportCode::NotJson);
    }
    let cut = GERMAN.get(..GERMAN.len() / 2).unwrap();
    assert_eq!(refused(cut), ImportCode::NotJson);
}

#[test]
fn what_is_no_fhir_is_refused() {
    for text in [
        "[]",
        "null",
        "7",
        "{}",
        r#"{"resourceType":7}"#,
        r#"{"resourceType":"not a name"}"#,
        r#"{"entry":[]}"#,
        r#"{"resourceType":"Bundle","entry":{}}"#,
    ] {
        assert_eq!(refused(text.as_bytes()), ImportCode::NotFhir, "{text}");
    }
}

#[test]
fn another_resource_is_no_bundle() {
    assert_eq!(
        refused(br#"{"resourceType":"Observation"}"#),
        ImportCode::NotABundle
    );
}

#[test]
fn a_bundle_without_a_patient_is_refused() {
    assert_eq!(
        refused(br#"{"resourceType":"Bundle"}"#),
        ImportCode::NoPatient
    );
    assert_eq!(
        refused(br#"{"resourceType":"Bundle","entry":null}"#),
        ImportCode::NoPatient
    );
    let condition = json!({ "resourceType": "Condition", "code": { "text": "TEST" } });
    assert_eq!(refused(&bundle(&[condition])), ImportCode::NoPatient);
}

#[test]
fn several_patients_are_refused_and_versions_of_one_are_not() {
    let patient = |id: &str| json!({ "resourceType": "Patient", "id": id });
    assert_eq!(
        refused(&bundle(&[patient("a"), patient("b")])),
        ImportCode::SeveralPatients
    );
    let nameless = json!({ "resourceType": "Patient" });
    assert_eq!(
        refused(&bundle(&[nameless.clone(), nameless])),
        ImportCode::SeveralPatients
    );
    assert!(import(&bundle(&[patient("a"), patient("a")]), NOW).is_ok());
}

#[test]
fn a_bundle_that_is_too_large_is_refused_before_it_is_read() {
    // Not even JSON: nobody looked.
    let zeros = vec![0; MAX_BYTES + 1];
    assert_eq!(refused(&zeros), ImportCode::TooLarge);
    assert_eq!(refused(zeros.get(1..).unwrap()), ImportCode::NotJson);
}

#[test]
fn other_versions_of_fhir_are_recognised() {
    let five = "http://hl7.org/fhir/5.0/StructureDefinition/Patient";
    let others = [
        // R5
        json!({ "resourceType": "Encounter", "class": [{ "coding": [{ "code": "IMP" }] }] }),
        json!({ "resourceType": "Encounter", "actualPeriod": { "start": "2026-01-01" } }),
        json!({ "resourceType": "MedicationStatement", "medication": { "concept": { "text": "TEST" } } }),
        json!({ "resourceType": "MedicationRequest", "medication": { "reference": { "reference": "Medication/1" } } }),
        json!({ "resourceType": "AllergyIntolerance", "type": { "coding": [{ "code": "allergy" }] } }),
        json!({ "resourceType": "Procedure", "occurrenceDateTime": "2026-01-01" }),
        json!({ "resourceType": "DeviceUsage" }),
        json!({ "resourceType": "CapabilityStatement", "fhirVersion": "5.0.0" }),
        json!({ "resourceType": "Observation", "meta": { "profile": [five] } }),
        json!({ "resourceType": "Condition", "meta": { "profile": ["http://hl7.org/fhir/StructureDefinition/Condition|5.0.0"] } }),
        // STU3 and before
        json!({ "resourceType": "Condition", "clinicalStatus": "active" }),
        json!({ "resourceType": "AllergyIntolerance", "clinicalStatus": "active" }),
        json!({ "resourceType": "MedicationStatement", "taken": "y" }),
        json!({ "resourceType": "MedicationRequest", "context": { "reference": "Encounter/1" } }),
        json!({ "resourceType": "Observation", "context": { "reference": "Encounter/1" } }),
        json!({ "resourceType": "MedicationOrder" }),
        json!({ "resourceType": "StructureDefinition", "fhirVersion": "3.0.2" }),
    ];
    for other in others {
        assert_eq!(
            refused(&with(other.clone())),
            ImportCode::WrongVersion,
            "{other}"
        );
    }
    for root in [
        json!({ "resourceType": "Bundle", "fhirVersion": "5.0.0" }),
        json!({ "resourceType": "Bundle", "meta": { "fhirVersion": "5.0.0" } }),
        json!({ "resourceType": "Bundle", "meta": { "profile": [five] } }),
        json!({ "resourceType": "Bundle", "issues": {} }),
        json!({ "resourceType": "Patient", "meta": { "profile": [five] } }),
    ] {
        assert_eq!(
            refused(root.to_string().as_bytes()),
            ImportCode::WrongVersion,
            "{root}"
        );
    }
}

#[test]
fn r4_is_not_mistaken_for_another_version() {
    let ours = [
        json!({ "resourceType": "Encounter", "class": { "code": "IMP" }, "period": {} }),
        json!({ "resourceType": "MedicationStatement", "context": { "reference": "Encounter/1" } }),
        json!({ "resourceType": "AllergyIntolerance", "type": "allergy" }),
        json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1" }),
        json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.3.0" }),
        json!({ "resourceType": "Condition", "meta": { "profile": [
            "http://hl7.org/fhir/us/core/StructureDefinition/us-core-condition|5.0.1",
            "https://gematik.de/fhir/isik/v5/StructureDefinition/ISiKDiagnose|5.0.0",
            "http://hl7.org/fhir/4.0/StructureDefinition/Condition",
            "http://hl7.org/fhir/StructureDefinition/Condition|4.0.1"
        ] } }),
    ];
    for resource in ours {
        assert!(import(&with(resource.clone()), NOW).is_ok(), "{resource}");
    }
}

#[test]
fn what_is_not_as_it_should_be_is_left_out_and_said() {
    let imported = read(&with(
        json!({ "resourceType": "Condition", "code": "TEST", "onsetDateTime": 7 }),
    ));
    assert!(has(&imported, WarningCode::Unreadable, "Condition"));
    let imported = read(&with(json!(7)));
    assert!(has(&imported, WarningCode::Unreadable, ""));
    // The rest of a resource is used.
    let odd = json!({ "resourceType": "Patient", "birthDate": "1950-01-01", "telecom": {}, "name": [{ "family": "TEST" }] });
    let imported = read(&bundle(&[odd]));
    assert!(has(&imported, WarningCode::Unreadable, "Patient"));
    assert_eq!(imported.answers.get("familyName"), Some(&json!("TEST")));
}

#[test]
fn a_byte_order_mark_and_nulls_of_exporters_are_borne() {
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    bytes.extend(with(
        json!({ "resourceType": "Condition", "code": { "coding": null, "text": "TEST" } }),
    ));
    let imported = read(&bytes);
    assert_eq!(imported.answers.get("diagnosis"), Some(&json!("TEST")));
    assert!(!has(&imported, WarningCode::Unreadable, "Condition"));
    assert!(has(
        &imported,
        WarningCode::DiagnosisUnknown,
        "diagnosisGroup"
    ));
}

#[test]
fn the_dead_are_not_transferred_unseen() {
    for deceased in [
        json!({ "deceasedBoolean": true }),
        json!({ "deceasedDateTime": "2026-01-01" }),
    ] {
        let mut patient = json!({ "resourceType": "Patient", "birthDate": "1950-01-01" });
        patient
            .as_object_mut()
            .unwrap()
            .extend(deceased.as_object().unwrap().clone());
        assert!(has(
            &read(&bundle(&[patient])),
            WarningCode::Deceased,
            "Patient"
        ));
    }
    let alive =
        json!({ "resourceType": "Patient", "birthDate": "1950-01-01", "deceasedBoolean": false });
    assert!(!has(
        &read(&bundle(&[alive])),
        WarningCode::Deceased,
        "Patient"
    ));
}

#[test]
fn silence_about_allergies_is_no_answer() {
    let imported = read(&with(json!({ "resourceType": "Observation" })));
    assert_eq!(imported.answers.get("allergies"), None);
}

#[test]
fn an_area_is_taken_from_the_countries_that_are_served() {
    let area = |country: Value, postcode: &str| {
        let address = json!({ "postalCode": postcode, "country": country });
        let patient = json!({ "resourceType": "Patient", "address": [address] });
        read(patient.to_string().as_bytes())
            .answers
            .get("residenceArea")
            .cloned()
    };
    assert_eq!(area(json!("FR"), "67000"), Some(json!("67")));
    assert_eq!(area(Value::Null, "79098"), Some(json!("79")));
    assert_eq!(area(json!("US"), "01247"), None);
    assert_eq!(area(json!("DE"), "7909"), None);
}

#[test]
fn long_texts_are_cut_to_what_the_form_takes() {
    let conditions: Vec<_> = (0..2000)
        .map(|number| json!({ "resourceType": "Condition", "code": { "text": format!("TEST œuvre {number}") } }))
        .chain([json!({ "resourceType": "Patient" })])
        .collect();
    let imported = read(&bundle(&conditions));
    let text = imported.answers.get("diagnoses").unwrap().as_str().unwrap();
    assert_eq!(text.chars().count(), 8000);
    assert!(text.ends_with('…'));
    assert!(has(&imported, WarningCode::Shortened, "diagnoses"));
}

/// Bundles of a public generator of synthetic patients, where a folder of them is given. They are not part of the project.
#[test]
fn bundles_of_a_generator_are_read() {
    let Some(folder) = std::env::var_os("FHIR_R4_SAMPLES").map(PathBuf::from) else {
        eprintln!("SKIPPED: FHIR_R4_SAMPLES names no folder of R4 bundles");
        return;
    };
    let mut read_some = false;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let imported = read(&std::fs::read(&path).unwrap());
        for field in ["ageBand", "sex", "familyName", "firstNames", "birthDate"] {
            assert!(
                imported.answers.contains_key(field),
                "{}: {field}",
                path.display()
            );
        }
        assert!(
            !imported
                .warnings
                .iter()
                .any(|warning| warning.code == WarningCode::Unreadable)
        );
        eprintln!(
            "{}: {} answers, {:?}",
            path.display(),
            imported.answers.len(),
            imported.warnings
        );
        read_some = true;
    }
    assert!(read_some, "no bundle in the folder");
}

proptest! {
    /// Damaged files are refused or read, and what is read is right.
    #[test]
    fn no_bytes_make_the_import_panic(
        french in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
        now in any::<i64>(),
    ) {
        let mut bytes = if french { FRENCH } else { GERMAN }.to_vec();
        for (index, byte) in changes {
            *index.get_mut(&mut bytes) = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(imported) = import(&bytes, now) {
            assert_answers_pass(&imported);
        }
    }

    /// Any value in any place: what is not as FHIR has it is left out.
    #[test]
    fn no_shape_makes_the_import_panic(
        french in any::<bool>(),
        place in any::<prop::sample::Index>(),
        what in prop::sample::select(vec!["null", "7", "-1e308", "\"\"", "\"9999-12-31\"", "[]", "{}", "[null]", "[[]]", "true", "[{}]"]),
    ) {
        let mut root: Value = serde_json::from_slice(if french { FRENCH } else { GERMAN }).unwrap();
        let mut none = usize::MAX;
        let count = replace(&mut root, &mut none, &Value::Null);
        let mut at = place.index(count);
        replace(&mut root, &mut at, &serde_json::from_str(what).unwrap());
        if let Ok(imported) = import(root.to_string().as_bytes(), NOW) {
            assert_answers_pass(&imported);
        }
    }
}

/// Replaces the value with this number, counted through the whole; returns how many there are.
fn replace(value: &mut Value, left: &mut usize, new: &Value) -> usize {
    if *left == 0 {
        *value = new.clone();
        *left = usize::MAX;
        return 1;
    }
    *left = left.saturating_sub(1);
    let children: Vec<_> = match value {
        Value::Array(list) => list.iter_mut().collect(),
        Value::Object(object) => object.values_mut().collect(),
        _ => Vec::new(),
    };
    1 + children
        .into_iter()
        .map(|child| replace(child, left, new))
        .sum::<usize>()
}
