//! The OpenAPI document is valid, whole and committed.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::Value;
use wardseal_api::ProblemCode;
use wardseal_server_http::openapi;

fn document() -> Value {
    serde_json::from_str(&openapi::text().unwrap()).unwrap()
}

#[test]
fn the_committed_document_is_fresh() {
    let committed = include_str!("../../../docs/openapi.json");
    assert!(
        openapi::text().unwrap() == committed,
        "docs/openapi.json is out of date: \
         cargo run -p wardseal-server-http --example openapi > docs/openapi.json"
    );
}

#[test]
fn every_endpoint_of_the_api_is_in_it() {
    let document = document();
    let sources = [
        include_str!("../../api/src/escrow.rs"),
        include_str!("../../api/src/keys.rs"),
        include_str!("../../api/src/vault.rs"),
    ];
    let mut count = 0;
    for line in sources.iter().flat_map(|source| source.lines()) {
        // `Name = Post "/v1/path", "operation", Bearer, Keys, …`
        let Some((_, declared)) = line.split_once(" = ") else {
            continue;
        };
        let Some((method, rest)) = declared.split_once(" \"") else {
            continue;
        };
        let method = method.to_lowercase();
        if !["get", "post"].contains(&&*method) {
            continue;
        }
        let parts: Vec<&str> = rest.split('"').collect();
        let operation = &document["paths"][parts[0]][&method];
        assert_eq!(operation["operationId"], parts[2], "{line}");
        assert_eq!(
            operation.get("security").is_some(),
            !parts[3].contains("Open")
        );
        count += 1;
    }
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), count);
    assert!(count >= 18);
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(target)) = fields.get("$ref") {
                    found.push(target.clone());
                }
                fields.values().for_each(|field| references(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for target in found {
        let pointer = target.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{target}");
    }
}

#[test]
fn every_problem_has_a_page() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors");
    for code in ProblemCode::ALL {
        let path = format!("{folder}/{}.md", code.code());
        let page = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{path} is missing"));
        assert!(page.starts_with(&format!("# {}\n", code.code())), "{path}");
        assert!(
            page.contains(&format!("HTTP status {}", code.status())),
            "{path}"
        );
        assert!(
            page.contains(code.meaning()),
            "{path} does not say what the code means"
        );
        for part in ["## Why", "## What to do"] {
            assert!(page.contains(part), "{path} lacks {part}");
        }
    }
    let pages = std::fs::read_dir(folder).unwrap();
    let pages = pages.filter(|page| {
        let name = page.as_ref().unwrap().file_name();
        name != "README.md"
    });
    assert_eq!(pages.count(), ProblemCode::ALL.len(), "a page of no code");
}
