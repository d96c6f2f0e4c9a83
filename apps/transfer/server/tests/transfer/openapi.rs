//! The OpenAPI document is true.

use serde_json::Value;

use crate::site::{Browser, Site};

#[test]
fn the_committed_document_is_the_one_of_this_version() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../docs/openapi-transfer.json"
    );
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(
        committed == transfer_server::openapi_text().unwrap(),
        "write it anew: wardseal-transfer openapi > docs/openapi-transfer.json"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_in_it_is_served() {
    let site = Site::new().await;
    let browser = Browser::new(&site.url);
    let document: Value = serde_json::from_str(&transfer_server::openapi_text().unwrap()).unwrap();
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{id}", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
            .replace("{blob}", "01ARZ3NDEKTSV4RRFFQ69G5FAV");
        for method in methods.as_object().unwrap().keys() {
            let method = method.to_uppercase().parse().unwrap();
            let (_, answer) = browser.send(browser.request(method, &path)).await;
            assert_ne!(answer["code"], "no_such_route", "{path}");
            operations += 1;
        }
    }
    assert_eq!(operations, 46);
}
