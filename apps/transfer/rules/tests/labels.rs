//! Every word of the catalogue stands there in three languages.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as the tests themselves do"
)]

use std::collections::BTreeSet;

use serde_json::Value;
use transfer_rules::form::{Kind, When, field, fields, sections};
use transfer_rules::{Side, catalogue, reasons};

/// Words that two of the languages share. What is not here was forgotten to be translated.
const SHARED: &[&str] = &[
    "COVID-19",
    "Clostridioides difficile",
    "Influenza",
    "MRSA",
    "Norovirus",
    "Rehabilitation",
    "System",
    "VRE",
];

fn document() -> Value {
    serde_json::to_value(catalogue()).unwrap()
}

/// Visits every object with labels, with its path.
fn walk(value: &Value, path: &str, visit: &mut impl FnMut(&str, [&str; 3])) {
    match value {
        Value::Object(object) => {
            if object.contains_key("en") {
                let text = |language: &str| object.get(language).unwrap().as_str().unwrap();
                assert_eq!(object.len(), 3, "{path}");
                visit(path, [text("en"), text("fr"), text("de")]);
            }
            for (name, value) in object {
                walk(value, &format!("{path}.{name}"), visit);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                walk(value, &format!("{path}[{index}]"), visit);
            }
        }
        _ => {}
    }
}

#[test]
fn no_word_is_missing_or_untranslated() {
    let mut count = 0;
    let mut forgotten = BTreeSet::new();
    let mut used = BTreeSet::new();
    walk(&document(), "catalogue", &mut |path, [en, fr, de]| {
        count += 1;
        for text in [en, fr, de] {
            assert!(!text.is_empty() && text.trim() == text, "{path}: {text:?}");
            assert!(!text.contains(['\n', '\'']), "{path}: {text:?}");
        }
        for (one, other) in [(en, fr), (en, de), (fr, de)] {
            if one == other && !SHARED.contains(&one) {
                forgotten.insert(one.to_owned());
            } else if one == other {
                used.insert(one.to_owned());
            }
        }
    });
    assert!(count > 600, "{count}");
    assert_eq!(forgotten, BTreeSet::new());
    let unused: Vec<_> = SHARED
        .iter()
        .filter(|word| !used.contains(**word))
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn no_word_is_in_the_wrong_column() {
    walk(&document(), "catalogue", &mut |path, [en, fr, de]| {
        let umlaut = |text: &str| text.contains(['ä', 'ö', 'ü', 'ß', 'Ä', 'Ö', 'Ü', '„']);
        let accent = |text: &str| text.contains(['é', 'è', 'à', 'ê', 'ç', 'œ', 'É', 'À', '«']);
        assert!(!umlaut(en) && !accent(en), "{path}: {en}");
        assert!(!umlaut(fr), "{path}: {fr}");
        assert!(!accent(de), "{path}: {de}");
        // French puts a space before such signs, the others none.
        assert!(
            !fr.contains(|sign| [';', '?', '!'].contains(&sign)) || fr.contains(" ;"),
            "{path}: {fr}"
        );
    });
}

#[test]
fn two_options_of_a_field_never_read_the_same() {
    for field in fields() {
        for language in [0, 1, 2] {
            let mut seen = BTreeSet::new();
            for choice in field.options() {
                let labels = [choice.labels.en, choice.labels.fr, choice.labels.de];
                let text = labels.get(language).unwrap();
                assert!(seen.insert(*text), "{}: {text}", field.id);
            }
        }
    }
}

#[test]
fn names_in_the_form_are_distinct_and_refer_to_what_exists() {
    let mut ids = BTreeSet::new();
    for field in fields() {
        assert!(ids.insert(field.id), "{}", field.id);
        assert!(
            field.id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "{}",
            field.id
        );
        let section = sections()
            .find(|section| section.id == field.section)
            .unwrap();
        assert_eq!(section.stage, field.stage, "{}", field.id);
        let coded = matches!(field.kind, Kind::Code | Kind::Codes);
        assert_eq!(coded, !field.options().is_empty(), "{}", field.id);
        let codes: BTreeSet<_> = field.options().iter().map(|choice| choice.code).collect();
        assert_eq!(codes.len(), field.options().len(), "{}", field.id);
        // A list that must be answered needs a way to say nothing.
        assert!(
            field.kind != Kind::Codes || codes.contains("none"),
            "{}",
            field.id
        );
        // Whether a field of one country is asked is not known where answers are checked.
        assert!(
            !field.required || field.countries.is_empty(),
            "{}",
            field.id
        );
        if let Some(When {
            field: other,
            codes,
        }) = field.when
        {
            let other = self::field(other).unwrap();
            assert!(
                codes.iter().all(|code| other.has_option(code)),
                "{}",
                field.id
            );
        }
        for choice in field.options() {
            let known = choice.capability.is_none_or(|capability| {
                transfer_rules::care::CAPABILITIES
                    .iter()
                    .any(|known| known.code == capability)
            });
            assert!(known, "{}: {}", field.id, choice.code);
        }
    }
    let titles: BTreeSet<_> = sections().map(|section| section.id).collect();
    assert_eq!(titles.len(), sections().count());
    for section in sections() {
        assert!(
            fields().any(|field| field.section == section.id),
            "{}",
            section.id
        );
    }
}

#[test]
fn stage_one_holds_no_words_and_names_nobody() {
    for field in fields().filter(|field| field.stage == 1) {
        assert!(
            field.kind != Kind::Text || field.postcode_prefix,
            "{}",
            field.id
        );
    }
    let required =
        fields().filter(|field| field.stage == 1 && field.required && field.when.is_none());
    let everywhere = required.filter(|field| field.families.is_empty()).count();
    assert!((18..=30).contains(&everywhere), "{everywhere}");
}

#[test]
fn reasons_belong_to_the_group_that_their_code_names() {
    let mut codes = BTreeSet::new();
    for reason in reasons::REASONS {
        assert!(codes.insert(reason.code));
        assert!(
            reason
                .code
                .starts_with(&format!("{}.", reason.group.code())),
            "{}",
            reason.code
        );
        assert!(!reason.sides.is_empty());
        assert_eq!(reasons::reason(reason.code), Ok(reason));
    }
    assert_eq!(codes.len(), 27);
    assert!(reasons::reason("cap.nothing").is_err());
    let snd = transfer_rules::ReasonGroup::Sender;
    assert!(snd.may_give(Side::Sender) && !snd.may_give(Side::Receiver));
}

#[test]
fn the_document_has_the_shape_that_pages_read() {
    let document = document();
    let keys: Vec<_> = document
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "capabilities",
            "careTypes",
            "caseMoves",
            "caseStates",
            "deadlines",
            "escalations",
            "families",
            "fields",
            "importRefusals",
            "importWarnings",
            "maxOpenRequests",
            "moves",
            "problems",
            "reasonGroups",
            "reasons",
            "requestStates",
            "sections",
            "urgencies",
            "version"
        ]
    );
    let first = |list: &str| document.get(list).unwrap().get(0).unwrap().clone();
    assert_eq!(
        first("requestStates"),
        serde_json::json!({
            "code": "draft", "labels": { "en": "Draft", "fr": "Brouillon", "de": "Entwurf" }, "tone": "neutral",
            "final": false, "open": true, "access": "nothing", "fhirStatus": "draft", "fhirBusinessStatus": ""
        })
    );
    assert_eq!(
        first("moves"),
        serde_json::json!({
            "from": "sent", "to": "viewed", "side": "receiver", "needs": [], "telephone": false, "automatic": true,
            "key": null, "labels": { "en": "Open", "fr": "Ouvrir", "de": "Öffnen" }
        })
    );
    let oxygen = document.get("fields").unwrap().as_array().unwrap().iter();
    let oxygen = oxygen
        .clone()
        .find(|field| field.get("id").unwrap() == "oxygenFlow")
        .unwrap();
    assert_eq!(
        *oxygen,
        serde_json::json!({
            "id": "oxygenFlow", "section": "equipment", "stage": 1, "kind": "number", "options": [],
            "labels": { "en": "Oxygen flow", "fr": "Débit d’oxygène", "de": "Sauerstofffluss" }, "hint": null,
            "unit": "L/min", "min": 0.5, "max": 60.0, "decimals": 1, "multiline": false, "required": true,
            "countries": [], "families": [], "when": { "field": "equipment", "codes": ["oxygen"] }
        })
    );
    assert_eq!(
        first("deadlines"),
        serde_json::json!({
            "urgency": "emergency", "family": "ACUTE", "answerMinutes": 15, "offerMinutes": 30,
            "escalation": [
                { "percent": 100, "step": "bedManager" }, { "percent": 133, "step": "telephone" },
                { "percent": 200, "step": "widen" }
            ]
        })
    );
}
