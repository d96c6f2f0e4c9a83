//! The stores pass the suites of all stores, and let several read beside one who writes.

use std::thread;

use wardseal_server_domain::{
    codes::conformance as codes,
    storage::{LogRecord, Store as _, conformance},
    vault::{VaultStore as _, conformance as vault},
};
use wardseal_server_memory::{MemoryStore, MemoryVaultStore};
use wardseal_testkit::seeded;
use wardseal_types::{FixedBytes, TenantId, Timestamp};

const TENANT: TenantId = TenantId::from_bytes([1; 32]);

#[test]
fn the_suite_of_the_key_server() {
    conformance::check(&MemoryStore::new());
}

#[test]
fn the_suite_of_the_vault() {
    for (name, check) in vault::CHECKS {
        check(&MemoryVaultStore::new()).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
    }
}

#[test]
fn codes_are_counted_as_in_any_ledger() {
    for (name, check) in codes::CHECKS {
        let store = MemoryStore::new();
        let mut unit = store.begin().unwrap();
        check(&mut *unit, &mut seeded(1)).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
        let store = MemoryVaultStore::new();
        let mut unit = store.begin().unwrap();
        check(&mut *unit, &mut seeded(1)).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
    }
}

#[test]
fn units_of_work_take_turns() {
    let store = MemoryStore::new();
    let count = || {
        let log = store.read().unwrap().log(&TENANT).unwrap();
        log.map_or(0, |log| log.size)
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let mut unit = store.begin().unwrap();
                    let size = unit.log(&TENANT).unwrap().map_or(0, |log| log.size);
                    let log = LogRecord {
                        size: size + 1,
                        time: Timestamp::from_millis(0),
                        note: String::new(),
                    };
                    unit.put_log(&TENANT, &log).unwrap();
                    unit.commit().unwrap();
                    assert!(count() > size);
                }
            });
        }
    });
    assert_eq!(count(), 400);
}

#[test]
fn a_mark_is_needed_to_go_back() {
    let store = MemoryStore::new();
    let mut unit = store.begin().unwrap();
    assert!(unit.back_to_mark().is_err() && unit.keep().is_err());
    unit.mark().unwrap();
    unit.put_vault_record(&TENANT, &FixedBytes([1; 32]))
        .unwrap();
    unit.back_to_mark().unwrap();
    assert_eq!(
        unit.is_vault_record(&TENANT, &FixedBytes([1; 32])),
        Ok(false)
    );
    assert!(unit.back_to_mark().is_err());
}

#[test]
fn what_was_refused_has_left_nothing() {
    let store = MemoryStore::new();
    let vault_record = FixedBytes([1; 32]);
    let mut unit = store.begin().unwrap();
    unit.put_vault_record(&TENANT, &vault_record).unwrap();
    assert!(unit.put_vault_record(&TENANT, &vault_record).is_err());
    drop(unit);
    let snapshot = store.read().unwrap();
    assert_eq!(snapshot.is_vault_record(&TENANT, &vault_record), Ok(false));
}
