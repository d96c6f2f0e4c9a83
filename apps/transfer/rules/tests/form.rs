//! What is wrong with answers, and what follows from them.

#![expect(
    clippy::panic,
    reason = "helpers of tests fail by panicking, as the tests themselves do"
)]

use proptest::prelude::*;
use serde_json::{Value, json};
use transfer_rules::form::{Answers, Kind, ProblemCode, capabilities_needed, check, fields};

/// A complete first stage for a rehabilitation.
fn complete() -> Answers {
    answers(json!({
        "urgency": "planned", "careType": "rehab.geriatric", "purpose": "rehabilitation", "dateFrom": "2026-03-01",
        "dateTo": "2026-03-05", "readyOn": "2026-02-28", "area": "67", "ageBand": "80-84", "sex": "female",
        "language": "fr", "payer": "general", "diagnosisGroup": "hipFracture", "stability": "stable",
        "isolation": "none", "allergies": "no", "risks": ["fall"], "equipment": ["none"], "wounds": "simple",
        "mobility": "aid", "hygiene": "partial", "eating": "independent", "continence": "continent",
        "cognition": "clear", "behaviour": ["none"], "careLoad": "medium", "barthel": 45, "braden": 18,
        "rehabPotential": "good", "planAfter": "homeServices", "patientWish": "agrees"
    }))
}

fn answers(value: Value) -> Answers {
    match value {
        Value::Object(answers) => answers,
        other => panic!("{other}"),
    }
}

/// Problems of stage 1 after these changes; `null` takes an answer away.
fn after(changes: Value) -> Vec<(String, ProblemCode)> {
    let mut form = complete();
    form.extend(answers(changes));
    check(1, &form)
        .into_iter()
        .map(|problem| (problem.field, problem.code))
        .collect()
}

fn one(field: &str, code: ProblemCode) -> Vec<(String, ProblemCode)> {
    vec![(field.to_owned(), code)]
}

#[test]
fn a_complete_form_has_no_problem() {
    assert_eq!(after(json!({})), []);
}

#[test]
fn an_empty_form_names_what_is_required() {
    let problems = check(1, &Answers::new());
    let required = fields()
        .filter(|field| field.stage == 1 && field.required)
        .filter(|field| field.families.is_empty() && field.when.is_none());
    assert_eq!(problems.len(), required.count());
    assert!(
        problems
            .iter()
            .all(|problem| problem.code == ProblemCode::Required)
    );
    let second: Vec<_> = check(2, &Answers::new())
        .into_iter()
        .map(|problem| problem.field)
        .collect();
    assert_eq!(
        second,
        [
            "familyName",
            "firstNames",
            "birthDate",
            "contactPhone",
            "diagnosis",
            "medication"
        ]
    );
}

#[test]
fn what_a_page_leaves_behind_is_no_answer() {
    for empty in [json!(null), json!(""), json!("  ")] {
        assert_eq!(
            after(json!({ "sex": empty })),
            one("sex", ProblemCode::Required)
        );
    }
    assert_eq!(
        after(json!({ "risks": [] })),
        one("risks", ProblemCode::Required)
    );
}

#[test]
fn every_kind_refuses_what_is_not_of_it() {
    use ProblemCode::*;
    let cases = [
        (json!({ "sex": 1 }), "sex", WrongKind),
        (json!({ "sex": ["female"] }), "sex", WrongKind),
        (json!({ "sex": "woman" }), "sex", UnknownOption),
        (
            json!({ "careType": "rehab.magic" }),
            "careType",
            UnknownOption,
        ),
        (json!({ "risks": "fall" }), "risks", WrongKind),
        (json!({ "risks": [1] }), "risks", WrongKind),
        (json!({ "risks": ["fall", "fire"] }), "risks", UnknownOption),
        (
            json!({ "risks": ["fall", "none"] }),
            "risks",
            NoneWithOthers,
        ),
        (json!({ "barthel": "45" }), "barthel", WrongKind),
        (json!({ "barthel": -1 }), "barthel", TooSmall),
        (json!({ "barthel": 101 }), "barthel", TooLarge),
        (json!({ "barthel": 45.5 }), "barthel", TooPrecise),
        (json!({ "dateFrom": "1.3.2026" }), "dateFrom", NotADate),
        (json!({ "dateFrom": "2026-02-30" }), "dateFrom", NotADate),
        (json!({ "dateTo": "2026-02-28" }), "dateTo", BeforeEarliest),
        (json!({ "area": "67000" }), "area", NotAPostcodePrefix),
        (json!({ "area": "6" }), "area", NotAPostcodePrefix),
        (json!({ "area": "Paris" }), "area", NotAPostcodePrefix),
        (json!({ "interpreter": "yes" }), "interpreter", WrongKind),
        (json!({ "surprise": "x" }), "surprise", UnknownField),
    ];
    for (changes, field, code) in cases {
        assert_eq!(after(changes.clone()), one(field, code), "{changes}");
    }
}

#[test]
fn a_field_is_required_where_it_is_asked() {
    let oxygen = |flow: Value| after(json!({ "equipment": ["oxygen"], "oxygenFlow": flow }));
    assert_eq!(
        oxygen(json!(null)),
        one("oxygenFlow", ProblemCode::Required)
    );
    assert_eq!(oxygen(json!(2.5)), []);
    assert_eq!(
        oxygen(json!(2.55)),
        one("oxygenFlow", ProblemCode::TooPrecise)
    );
    assert_eq!(
        after(json!({ "rehabPotential": null })),
        one("rehabPotential", ProblemCode::Required)
    );
    let nursing = json!({ "careType": "nursing.longTerm", "rehabPotential": null });
    assert_eq!(after(nursing), []);
    let hospital = json!({ "careType": "acute.obstetrics" });
    assert_eq!(
        after(hospital),
        [
            ("levelOfCare".to_owned(), ProblemCode::Required),
            ("gestationalWeeks".to_owned(), ProblemCode::Required)
        ]
    );
}

#[test]
fn facilities_that_decide_by_scores_get_two() {
    let scores = |scores: Value| {
        let mut changes = answers(json!({ "barthel": null, "braden": null }));
        changes.extend(answers(scores));
        after(Value::Object(changes))
    };
    assert_eq!(
        scores(json!({})),
        one("barthel", ProblemCode::NeedsTwoScores)
    );
    assert_eq!(
        scores(json!({ "gir": "2" })),
        one("barthel", ProblemCode::NeedsTwoScores)
    );
    assert_eq!(scores(json!({ "gir": "2", "barthel": 45 })), []);
    assert_eq!(scores(json!({ "pflegegrad": "applied", "cfs": 6 })), []);
    assert_eq!(
        scores(json!({ "careType": "acute.medicine", "levelOfCare": "ward" })),
        []
    );
}

#[test]
fn scales_that_run_in_opposite_directions_never_meet() {
    assert_eq!(
        after(json!({ "gir": "2", "pflegegrad": "4" })),
        one("pflegegrad", ProblemCode::BothScales)
    );
}

#[test]
fn stages_are_checked_apart() {
    let mut both = complete();
    both.insert("familyName".to_owned(), json!(7));
    both.insert("bodyWeight".to_owned(), json!(70.25));
    assert_eq!(check(1, &both), []);
    let second = check(2, &both);
    assert!(
        second
            .iter()
            .any(|problem| problem.field == "familyName" && problem.code == ProblemCode::WrongKind)
    );
    assert!(second.iter().any(|problem| problem.field == "bodyWeight" && problem.code == ProblemCode::TooPrecise));
    assert!(!second.iter().any(|problem| problem.field == "sex"));
}

#[test]
fn a_record_names_the_guardian_and_the_allergies_that_it_announces() {
    let record = json!({
        "familyName": "TEST-Muster", "firstNames": "Erika", "birthDate": "1941-08-12", "contactPhone": "TEST 112",
        "diagnosis": "TEST", "medication": "TEST"
    });
    assert_eq!(check(2, &answers(record.clone())), []);
    let mut announced = answers(record);
    announced.extend(answers(
        json!({ "allergies": "yes", "legalProtection": "guardian" }),
    ));
    let fields: Vec<_> = check(2, &announced)
        .into_iter()
        .map(|problem| problem.field)
        .collect();
    assert_eq!(fields, ["guardian", "allergyList"]);
}

#[test]
fn text_has_a_length() {
    let line = |length| {
        let form = answers(json!({ "ward": "é".repeat(length) }));
        check(2, &form)
            .iter()
            .any(|problem| problem.code == ProblemCode::TooLong)
    };
    assert!(!line(200));
    assert!(line(201));
    let long = answers(json!({ "course": "x".repeat(8001) }));
    assert!(
        check(2, &long)
            .iter()
            .any(|problem| problem.field == "course")
    );
}

#[test]
fn needs_follow_from_answers() {
    assert!(capabilities_needed(&complete()).is_empty());
    let mut form = complete();
    form.extend(answers(json!({
        "isolation": "contact", "equipment": ["dialysis", "specialMattress"], "wounds": "ulcer34",
        "drugs": ["ivAntibiotics", "insulin"], "restraint": "closedUnit"
    })));
    assert_eq!(
        capabilities_needed(&form),
        [
            "isolation.contact",
            "closedUnit",
            "dialysis",
            "specialMattress",
            "ivAntibiotics"
        ]
    );
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}".prop_map(Value::from),
        Just(Value::from("none")),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,4}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_answer_makes_the_check_panic(
        picks in prop::collection::vec((any::<prop::sample::Index>(), any_value()), 0..20),
        stage in 0_u8..4,
    ) {
        let all: Vec<_> = fields().collect();
        let form: Answers = picks
            .into_iter()
            .map(|(index, value)| (index.get(&all).id.to_owned(), value))
            .collect();
        let problems = check(stage, &form);
        prop_assert!(problems.iter().all(|problem| problem.code != ProblemCode::UnknownField));
        let _ = capabilities_needed(&form);
    }

    /// Any options of any field are right, whatever else is answered.
    #[test]
    fn what_is_offered_is_accepted(index in any::<prop::sample::Index>(), option in any::<prop::sample::Index>()) {
        let coded: Vec<_> = fields().filter(|field| matches!(field.kind, Kind::Code | Kind::Codes)).collect();
        let field = index.get(&coded);
        let choice = option.get(&field.options()).code;
        let value = if field.kind == Kind::Code { json!(choice) } else { json!([choice]) };
        let form: Answers = [(field.id.to_owned(), value)].into_iter().collect();
        let named = check(field.stage, &form).into_iter().any(|problem| problem.field == field.id);
        prop_assert!(!named);
    }
}
