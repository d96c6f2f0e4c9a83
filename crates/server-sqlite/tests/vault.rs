//! The vault's store does what every such store must, and keeps nothing of use to a thief.

#![expect(clippy::unwrap_used, reason = "tests")]

mod directory;

use directory::Directory;
use std::sync::Arc;

use wardseal_protocol::vault::Access;
use wardseal_server_domain::{
    RandomSource,
    codes::conformance as codes,
    limit::Limit,
    storage::StorageError,
    tenants::TenantPolicy,
    vault::{
        Insertion, PER_PROCESS, StoredRecord, VaultError, VaultPolicy, VaultService,
        VaultStartError, VaultStore as _, conformance, new_secret,
    },
};
use wardseal_server_sqlite::{OpenError, SqliteVaultStore, vault_schema};
use wardseal_testkit::seeded;
use wardseal_types::{FixedBytes, ManualClock, TenantId, Timestamp, UserId};

const AUDIENCE: &str = "https://vault.example";

const LIMIT: Limit = Limit {
    burst: 2,
    interval: 1000,
};

fn record(name: u8, size: usize) -> StoredRecord {
    StoredRecord {
        record: FixedBytes([name; 32]),
        tenant: TenantId::from_bytes([1; 32]),
        user: UserId::from_bytes([2; 32]),
        access: [&[0x82, 1, 0x81, 0x58, 201][..], &[3; 201]].concat(),
        sealed: vec![4; size],
        created: Timestamp::from_seconds(5),
    }
}

#[test]
fn the_suite() {
    for (name, check) in conformance::CHECKS {
        let store = SqliteVaultStore::in_memory().unwrap();
        check(&store).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
    }
}

#[test]
fn the_suite_of_codes() {
    for (name, check) in codes::CHECKS {
        let store = SqliteVaultStore::in_memory().unwrap();
        let mut unit = store.begin().unwrap();
        check(&mut *unit, &mut seeded(4)).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
    }
}

/// The database of the first version, with a record in it.
#[test]
fn records_from_before_are_opened_by_the_same_password() {
    let directory = Directory::new();
    let path = directory.file("vault.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(include_str!("../migrations/vault/0001_records.sql"))
        .unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    connection
        .pragma_update(None, "application_id", 0x7773_7674)
        .unwrap();
    // Zero bytes and bytes that are no text are what an upload is made of.
    let upload: Vec<u8> = (0..201_u8).map(|byte| byte.wrapping_mul(7)).collect();
    connection
        .execute(
            "INSERT INTO record (record, tenant, user, upload, sealed, created)
             VALUES (?1, ?2, ?3, ?4, ?5, 5000)",
            rusqlite::params![[7_u8; 32], [1_u8; 32], [2_u8; 32], upload, [4_u8; 300]],
        )
        .unwrap();
    drop(connection);
    let store = SqliteVaultStore::open(&path).unwrap();
    let found = store.record(&FixedBytes([7; 32])).unwrap().unwrap();
    assert_eq!(
        Access::from_bytes(&found.access),
        Ok(Access::Opaque(upload.into()))
    );
    let expected = StoredRecord {
        access: found.access.clone(),
        ..record(7, 300)
    };
    assert_eq!(found, expected);
}

#[test]
fn the_committed_schema_is_what_the_migrations_make() {
    let committed = include_str!("../migrations/vault/schema.sql");
    assert_eq!(vault_schema().unwrap(), committed);
}

#[test]
fn what_was_stored_and_counted_survives_a_new_start() {
    let directory = Directory::new();
    let path = directory.file("vault.db");
    let now = Timestamp::from_seconds(100);
    let name = FixedBytes([9; 32]);
    let store = SqliteVaultStore::open(&path).unwrap();
    assert!(store.belongs_to(&[1; 32]).unwrap());
    store.insert(&record(7, 100), 9).unwrap();
    store.count_attempt(&name, LIMIT, now).unwrap().unwrap();
    store.count_attempt(&name, LIMIT, now).unwrap().unwrap();
    drop(store);
    let store = SqliteVaultStore::open(&path).unwrap();
    assert_eq!(store.record(&FixedBytes([7; 32])), Ok(Some(record(7, 100))));
    assert_eq!(store.count_attempt(&name, LIMIT, now), Ok(Err(1000)));
    assert!(!store.belongs_to(&[2; 32]).unwrap());
}

#[test]
fn a_newer_or_foreign_database_is_refused() {
    let directory = Directory::new();
    let path = directory.file("vault.db");
    drop(SqliteVaultStore::open(&path).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let refused = SqliteVaultStore::open(&path).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 99, .. }));
    let other = directory.file("keys.db");
    drop(wardseal_server_sqlite::SqliteStore::open(&other).unwrap());
    let refused = SqliteVaultStore::open(&other).unwrap_err();
    assert!(matches!(refused, OpenError::Foreign));
}

#[test]
fn a_full_disk_leaves_nothing_half_done() {
    let directory = Directory::new();
    let store = SqliteVaultStore::open(&directory.file("vault.db")).unwrap();
    store.insert(&record(1, 16_000), 9).unwrap();
    store.limit_pages(1).unwrap();
    assert_eq!(store.insert(&record(2, 16_000), 9), Err(StorageError::Full));
    assert_eq!(store.record(&FixedBytes([2; 32])), Ok(None));
    assert_eq!(
        store.record(&FixedBytes([1; 32])),
        Ok(Some(record(1, 16_000)))
    );
    store.limit_pages(u32::MAX).unwrap();
    assert_eq!(store.insert(&record(2, 16_000), 9), Ok(Insertion::Stored));
}

#[test]
fn attempts_at_random_names_do_not_pile_up() {
    let directory = Directory::new();
    let path = directory.file("vault.db");
    let store = SqliteVaultStore::open(&path).unwrap();
    for number in 0..50 {
        let now = Timestamp::from_seconds(100 + u64::from(number));
        let name = FixedBytes([number; 32]);
        store.count_attempt(&name, LIMIT, now).unwrap().unwrap();
    }
    let connection = rusqlite::Connection::open(&path).unwrap();
    let kept: u32 = connection
        .query_row("SELECT count(*) FROM attempt", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 1);
}

fn service(
    store: SqliteVaultStore,
    secret: &[u8],
    clock: &Arc<ManualClock>,
) -> Result<VaultService, VaultStartError> {
    let policy = VaultPolicy {
        tenants: TenantPolicy::Open,
        audience: AUDIENCE.into(),
        separate: true,
    };
    let random = RandomSource::new(seeded(3));
    let clock: Arc<ManualClock> = Arc::clone(clock);
    VaultService::new(Box::new(store), secret, policy, clock, random)
}

#[test]
fn the_whole_vault_does_so_much_in_a_burst_and_then_so_much_in_a_second() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(100)));
    let store = SqliteVaultStore::in_memory().unwrap();
    let vault = service(store, &new_secret(&mut seeded(1)), &clock).unwrap();
    // Logins that do not exist cost the least, and are counted like everything.
    let ask = || {
        vault
            .login_finish(&FixedBytes([1; 32]), &[0; 64])
            .unwrap_err()
    };
    for _ in 0..PER_PROCESS.burst {
        assert!(matches!(ask(), VaultError::LoginRefused));
    }
    assert!(matches!(
        ask(),
        VaultError::TooManyAttempts { retry_after: 1 }
    ));
    clock.advance(PER_PROCESS.interval);
    assert!(matches!(ask(), VaultError::LoginRefused));
    assert!(matches!(ask(), VaultError::TooManyAttempts { .. }));
}

#[test]
fn a_vault_refuses_a_damaged_secret_and_the_database_of_another() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(100)));
    let directory = Directory::new();
    let open = || SqliteVaultStore::open(&directory.file("vault.db")).unwrap();
    let secret = new_secret(&mut seeded(1));
    service(open(), &secret, &clock).unwrap();
    service(open(), &secret, &clock).unwrap();
    let other = new_secret(&mut seeded(2));
    assert!(matches!(
        service(open(), &other, &clock).unwrap_err(),
        VaultStartError::OtherSecret
    ));
    assert!(matches!(
        service(open(), &secret[1..], &clock).unwrap_err(),
        VaultStartError::BadSecret
    ));
}
