//! The store passes the suite of all stores, and refuses files that it must not touch.

#![expect(clippy::unwrap_used, reason = "tests")]

mod directory;

use directory::Directory;
use wardseal_server_domain::{
    codes::conformance::CHECKS,
    storage::{LogRecord, StorageError, Store as _, conformance},
};
use wardseal_server_sqlite::{OpenError, SqliteStore, keys_schema};
use wardseal_testkit::seeded;
use wardseal_types::{ChainId, SessionId, TenantId, Timestamp};

#[test]
fn the_suite() {
    let directory = Directory::new();
    conformance::check(&SqliteStore::open(&directory.file("keys.db")).unwrap());
}

#[test]
fn the_committed_schema_is_what_the_migrations_make() {
    let committed = include_str!("../migrations/keys/schema.sql");
    assert_eq!(keys_schema().unwrap(), committed);
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let directory = Directory::new();
    let path = directory.file("keys.db");
    drop(SqliteStore::open(&path).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let refused = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(
        refused,
        OpenError::Newer {
            found: 99,
            known: 3
        }
    ));
    let connection = rusqlite::Connection::open(&path).unwrap();
    let version: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 99);
}

#[test]
fn a_database_of_something_else_is_refused() {
    let directory = Directory::new();
    let path = directory.file("other.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(connection);
    let refused = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(refused, OpenError::Foreign));
}

#[test]
fn what_is_committed_survives_a_new_start() {
    let directory = Directory::new();
    let path = directory.file("keys.db");
    let tenant = TenantId::from_bytes([1; 32]);
    let log = LogRecord {
        size: 7,
        time: Timestamp::from_millis(8),
        note: "a note".into(),
    };
    let store = SqliteStore::open(&path).unwrap();
    let mut unit = store.begin().unwrap();
    unit.put_log(&tenant, &log).unwrap();
    unit.commit().unwrap();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.read().unwrap().log(&tenant), Ok(Some(log)));
}

#[test]
fn a_full_database_says_so_and_goes_on_when_there_is_room() {
    let directory = Directory::new();
    let store = SqliteStore::open(&directory.file("keys.db")).unwrap();
    let tenant = TenantId::from_bytes([1; 32]);
    let write = |number: u8| -> Result<(), StorageError> {
        let mut unit = store.begin()?;
        let chain = ChainId::Session(SessionId::from_bytes([number; 32]));
        let ring = chain.into_ring().unwrap();
        let member = SessionId::from_bytes([0; 32]).into();
        unit.put_box(&tenant, &ring, 0, &member, &vec![0; 20_000])?;
        unit.commit()
    };
    let has = |number: u8| {
        let ring = SessionId::from_bytes([number; 32]).into();
        let member = SessionId::from_bytes([0; 32]).into();
        let snapshot = store.read().unwrap();
        snapshot
            .sealed_box(&tenant, &ring, 0, &member)
            .unwrap()
            .is_some()
    };
    write(0).unwrap();
    store.limit_size(Some(0)).unwrap();
    assert_eq!(write(1), Err(StorageError::Full));
    assert!(has(0) && !has(1));
    store.limit_size(None).unwrap();
    write(1).unwrap();
    assert!(has(1));
}

#[test]
fn codes_are_counted_as_in_any_ledger() {
    for (name, check) in CHECKS {
        let directory = Directory::new();
        let store = SqliteStore::open(&directory.file("keys.db")).unwrap();
        let mut unit = store.begin().unwrap();
        check(&mut *unit, &mut seeded(1)).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}
