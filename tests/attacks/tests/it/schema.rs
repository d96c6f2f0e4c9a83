//! What no server can do because nothing that travels could say it.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

fn api() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Every member of what a value holds or refers to.
fn members(api: &Value, value: &Value, seen: &mut BTreeSet<String>, found: &mut BTreeSet<String>) {
    if let Some(reference) = value["$ref"].as_str()
        && seen.insert(reference.to_owned())
    {
        let target = api.pointer(reference.trim_start_matches('#')).unwrap();
        members(api, target, seen, found);
    }
    if let Some(properties) = value["properties"].as_object() {
        found.extend(properties.keys().cloned());
    }
    match value {
        Value::Object(parts) => parts
            .values()
            .for_each(|part| members(api, part, seen, found)),
        Value::Array(parts) => parts
            .iter()
            .for_each(|part| members(api, part, seen, found)),
        _ => {}
    }
}

/// D2: a server that chose the salt of a password could precompute. The salt is an output of the
/// vault's OPRF key and of the key server's; neither is sent, and neither is any parameter by itself.
#[test]
fn no_server_sends_a_salt_or_a_cost_of_hashing() {
    let api = api();
    let paths = api["paths"].as_object().unwrap();
    let about = paths
        .iter()
        .filter(|(path, _)| path.contains("/vault/") || path.contains("/passwords/"));
    let mut found = BTreeSet::new();
    let mut count = 0;
    for (_, path) in about {
        count += 1;
        members(&api, path, &mut BTreeSet::new(), &mut found);
    }
    assert!(count >= 10 && found.contains("ke2") && found.contains("evaluation"));
    for word in [
        "salt", "iter", "memory", "cost", "param", "argon", "kdf", "hash",
    ] {
        let named: Vec<_> = found.iter().filter(|name| name.contains(word)).collect();
        assert!(named.is_empty(), "{named:?}");
    }
}

/// D5: rotation, recovery and enrolment are statements of clients. No operation asks for one, and none
/// hands out a key to which something is to be sealed instead of a chain that proves it, but for the key
/// server's own, which the client checks against the tenant's genesis.
#[test]
fn no_server_can_command_a_rotation_or_an_enrolment() {
    let api = api();
    let mut found = BTreeSet::new();
    let paths = api["paths"].as_object().unwrap();
    for path in paths.keys() {
        for word in ["rotate", "rekey", "enrol", "reset", "policy"] {
            assert!(!path.contains(word), "{path}");
        }
    }
    members(&api, &api["paths"], &mut BTreeSet::new(), &mut found);
    for name in &found {
        let is_order = ["rotate", "rekey", "enrol", "command", "policy"]
            .iter()
            .any(|word| name.contains(word));
        assert!(!is_order, "{name}");
    }
    let keys: Vec<_> = found.iter().filter(|name| name.ends_with("key")).collect();
    assert_eq!(
        keys,
        [
            "client_key",
            "escrow_key",
            "key",
            "log_key",
            "oprf_key",
            "vault_key"
        ],
        "a new key travels: say in spec/attacks.md what pins it"
    );
}

/// D17, D18: there are no links that open anything. Neither the servers nor the SDK know any, so no key
/// can stand in one.
#[test]
fn nothing_opens_by_a_link() {
    let api = api();
    for path in api["paths"].as_object().unwrap().keys() {
        assert!(!path.contains("link"), "{path}");
    }
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packages/sdk/src");
    let mut read = 0;
    for entry in fs::read_dir(sources).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "ts") {
            read += 1;
            let text = fs::read_to_string(&path).unwrap();
            for word in ["location.hash", "location.search", "createLink", "openLink"] {
                assert!(!text.contains(word), "{word} in {}", path.display());
            }
        }
    }
    assert!(read > 20);
}
