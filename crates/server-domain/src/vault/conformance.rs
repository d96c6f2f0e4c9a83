//! What every [`VaultStore`] must do, whatever it keeps its records in.

use wardseal_types::{FixedBytes, TenantId, Timestamp, UserId};

use super::{Insertion, Recovery, StoredRecord, VaultStore, VaultUnit};
use crate::{
    codes::{Account, Event, Population, Scope},
    limit::Limit,
    storage::StorageError,
};

const LIMIT: Limit = Limit {
    burst: 2,
    interval: 1000,
};

/// A check of a store that nobody has used yet; `Err` says what is wrong.
pub type Check = fn(&dyn VaultStore) -> Result<(), String>;

/// Every check, with its name.
pub const CHECKS: &[(&str, Check)] = &[
    (
        "records_are_returned_as_stored",
        records_are_returned_as_stored,
    ),
    ("a_name_keeps_its_content", a_name_keeps_its_content),
    ("a_user_has_so_many_records", a_user_has_so_many_records),
    ("attempts_are_counted_apart", attempts_are_counted_apart),
    ("time_forgives_attempts", time_forgives_attempts),
    ("forgiving_gives_one_back", forgiving_gives_one_back),
    (
        "the_first_vault_owns_the_store",
        the_first_vault_owns_the_store,
    ),
    ("a_record_is_deleted", a_record_is_deleted),
    (
        "what_is_not_committed_never_happened",
        what_is_not_committed_never_happened,
    ),
    (
        "records_of_two_servers_are_counted",
        records_of_two_servers_are_counted,
    ),
    ("a_token_is_taken_once", a_token_is_taken_once),
    (
        "recoveries_are_kept_until_they_end",
        recoveries_are_kept_until_they_end,
    ),
    ("a_tenants_chain_grows", a_tenants_chain_grows),
];

fn example(name: u8, user: u8) -> StoredRecord {
    StoredRecord {
        record: FixedBytes([name; 32]),
        tenant: TenantId::from_bytes([1; 32]),
        user: UserId::from_bytes([user; 32]),
        access: vec![0x82, 1, name],
        sealed: vec![name, 2],
        created: Timestamp::from_seconds(5),
    }
}

fn is<T: PartialEq + std::fmt::Debug>(
    found: Result<T, StorageError>,
    expected: T,
) -> Result<(), String> {
    match found {
        Ok(found) if found == expected => Ok(()),
        other => Err(format!("{other:?} where {expected:?} is expected")),
    }
}

fn records_are_returned_as_stored(store: &dyn VaultStore) -> Result<(), String> {
    is(store.ping(), ())?;
    let record = example(7, 1);
    is(store.record(&record.record), None)?;
    is(store.insert(&record, 9), Insertion::Stored)?;
    is(store.record(&record.record), Some(record))
}

fn a_name_keeps_its_content(store: &dyn VaultStore) -> Result<(), String> {
    let record = example(7, 1);
    is(store.insert(&record, 9), Insertion::Stored)?;
    let later = StoredRecord {
        created: Timestamp::from_seconds(6),
        ..record.clone()
    };
    is(store.insert(&later, 9), Insertion::Repeated)?;
    // What is there already may be repeated although there is no room for more.
    is(store.insert(&later, 0), Insertion::Repeated)?;
    for other in [
        StoredRecord {
            access: vec![0x82, 2, 0],
            ..record.clone()
        },
        StoredRecord {
            sealed: vec![0],
            ..record.clone()
        },
        StoredRecord {
            user: UserId::from_bytes([9; 32]),
            ..record.clone()
        },
        StoredRecord {
            tenant: TenantId::from_bytes([9; 32]),
            ..record.clone()
        },
    ] {
        is(store.insert(&other, 9), Insertion::Conflict)?;
    }
    is(store.record(&record.record), Some(record))
}

fn a_user_has_so_many_records(store: &dyn VaultStore) -> Result<(), String> {
    is(store.insert(&example(1, 1), 2), Insertion::Stored)?;
    is(store.insert(&example(2, 1), 2), Insertion::Stored)?;
    is(store.insert(&example(3, 1), 2), Insertion::TooMany)?;
    is(store.record(&FixedBytes([3; 32])), None)?;
    is(store.insert(&example(3, 2), 2), Insertion::Stored)
}

fn attempts_are_counted_apart(store: &dyn VaultStore) -> Result<(), String> {
    let (one, two) = (FixedBytes([1; 32]), FixedBytes([2; 32]));
    let now = Timestamp::from_seconds(100);
    is(store.count_attempt(&one, LIMIT, now), Ok(()))?;
    is(store.count_attempt(&one, LIMIT, now), Ok(()))?;
    is(store.count_attempt(&one, LIMIT, now), Err(1000))?;
    is(store.count_attempt(&two, LIMIT, now), Ok(()))
}

fn time_forgives_attempts(store: &dyn VaultStore) -> Result<(), String> {
    let one = FixedBytes([1; 32]);
    let now = Timestamp::from_seconds(100);
    is(store.count_attempt(&one, LIMIT, now), Ok(()))?;
    is(store.count_attempt(&one, LIMIT, now), Ok(()))?;
    // Another record's attempt cleans up what has passed, and nothing else.
    let two = FixedBytes([2; 32]);
    is(
        store.count_attempt(&two, LIMIT, now.plus_millis(999)),
        Ok(()),
    )?;
    is(
        store.count_attempt(&one, LIMIT, now.plus_millis(999)),
        Err(1),
    )?;
    is(
        store.count_attempt(&one, LIMIT, now.plus_millis(1000)),
        Ok(()),
    )?;
    is(
        store.count_attempt(&one, LIMIT, now.plus_millis(1000)),
        Err(1000),
    )
}

fn forgiving_gives_one_back(store: &dyn VaultStore) -> Result<(), String> {
    let one = FixedBytes([1; 32]);
    let now = Timestamp::from_seconds(100);
    is(store.forgive_attempt(&one, LIMIT, now), ())?;
    is(store.count_attempt(&one, LIMIT, now), Ok(()))?;
    is(store.count_attempt(&one, LIMIT, now), Ok(()))?;
    is(store.forgive_attempt(&one, LIMIT, now), ())?;
    is(store.count_attempt(&one, LIMIT, now), Ok(()))?;
    is(store.count_attempt(&one, LIMIT, now), Err(1000))?;
    // More is not given back than was taken.
    for _ in 0..5 {
        is(store.forgive_attempt(&one, LIMIT, now), ())?;
    }
    is(store.count_attempt(&one, LIMIT, now), Ok(()))?;
    is(store.count_attempt(&one, LIMIT, now), Ok(()))?;
    is(store.count_attempt(&one, LIMIT, now), Err(1000))
}

fn the_first_vault_owns_the_store(store: &dyn VaultStore) -> Result<(), String> {
    is(store.belongs_to(&[1; 32]), true)?;
    is(store.belongs_to(&[2; 32]), false)?;
    is(store.belongs_to(&[1; 32]), true)
}

/// Runs `work` in a unit of work that is committed.
fn within(
    store: &dyn VaultStore,
    work: impl FnOnce(&mut dyn VaultUnit) -> Result<(), String>,
) -> Result<(), String> {
    let mut unit = store.begin().map_err(|error| error.to_string())?;
    work(&mut *unit)?;
    is(unit.commit(), ())
}

fn a_record_is_deleted(store: &dyn VaultStore) -> Result<(), String> {
    let record = example(7, 1);
    is(store.insert(&record, 9), Insertion::Stored)?;
    is(store.insert(&example(8, 1), 9), Insertion::Stored)?;
    within(store, |unit| {
        is(unit.record(&record.record), Some(record.clone()))?;
        let both = vec![(record.record, 1), (FixedBytes([8; 32]), 1)];
        is(unit.records_of(&record.tenant, &record.user), both)?;
        is(
            unit.records_of(&record.tenant, &UserId::from_bytes([9; 32])),
            Vec::new(),
        )?;
        is(unit.remove_record(&record.record), ())?;
        is(unit.record(&record.record), None)
    })?;
    is(store.record(&record.record), None)?;
    is(store.record(&FixedBytes([8; 32])), Some(example(8, 1)))
}

fn what_is_not_committed_never_happened(store: &dyn VaultStore) -> Result<(), String> {
    let account = Account {
        tenant: TenantId::from_bytes([1; 32]),
        subject: FixedBytes([2; 32]),
    };
    let now = Timestamp::from_seconds(5);
    let mut unit = store.begin().map_err(|error| error.to_string())?;
    is(unit.add(Event::Failed, &account, now), ())?;
    is(unit.put_recovery(&recovery(1, 1, 9)), ())?;
    drop(unit);
    within(store, |unit| {
        let tally = unit.tally(Event::Failed, &Scope::All, Timestamp::from_seconds(0));
        is(tally.map(|tally| tally.count), 0)?;
        is(unit.recovery(&FixedBytes([1; 32])), None)
    })
}

fn records_of_two_servers_are_counted(store: &dyn VaultStore) -> Result<(), String> {
    for (name, tenant, kind) in [
        (1, 1, 3),
        (2, 1, 1),
        (3, 1, 2),
        (4, 2, 3),
        (5, 1, 3),
        (6, 1, 4),
    ] {
        let record = StoredRecord {
            tenant: TenantId::from_bytes([tenant; 32]),
            access: vec![0x82, kind, 0],
            ..example(name, name)
        };
        is(store.insert(&record, 9), Insertion::Stored)?;
    }
    within(store, |unit| {
        for (tenant, count) in [(1, 2), (2, 1), (3, 0)] {
            let expected = Population {
                tenant: count,
                all: 3,
            };
            is(
                unit.population(&TenantId::from_bytes([tenant; 32])),
                expected,
            )?;
        }
        Ok(())
    })
}

fn a_token_is_taken_once(store: &dyn VaultStore) -> Result<(), String> {
    let at = Timestamp::from_seconds;
    let tenant = |byte| TenantId::from_bytes([byte; 32]);
    let jti = FixedBytes([5; 16]);
    within(store, |unit| {
        is(unit.take_token(&tenant(1), &jti, at(10), at(1)), true)?;
        is(unit.take_token(&tenant(1), &jti, at(10), at(1)), false)?;
        is(unit.take_token(&tenant(2), &jti, at(10), at(1)), true)
    })?;
    within(store, |unit| {
        is(unit.take_token(&tenant(1), &jti, at(10), at(9)), false)?;
        is(unit.take_token(&tenant(1), &jti, at(20), at(10)), true)
    })
}

fn recovery(attempt: u8, user: u8, ends: u64) -> Recovery {
    Recovery {
        attempt: FixedBytes([attempt; 32]),
        tenant: TenantId::from_bytes([1; 32]),
        user: UserId::from_bytes([user; 32]),
        record: FixedBytes([3; 32]),
        client_key: vec![4; 1216],
        started: Timestamp::from_seconds(u64::from(attempt)),
        ready: None,
        ends: Timestamp::from_seconds(ends),
        vetoed: false,
        collected: false,
    }
}

fn recoveries_are_kept_until_they_end(store: &dyn VaultStore) -> Result<(), String> {
    let (tenant, user) = (TenantId::from_bytes([1; 32]), UserId::from_bytes([1; 32]));
    let changed = Recovery {
        ready: Some(Timestamp::from_seconds(50)),
        ends: Timestamp::from_seconds(60),
        vetoed: true,
        collected: true,
        ..recovery(2, 1, 10)
    };
    within(store, |unit| {
        for recovery in [recovery(2, 1, 10), recovery(1, 1, 10), recovery(3, 2, 11)] {
            is(unit.put_recovery(&recovery), ())?;
        }
        let both = vec![recovery(1, 1, 10), recovery(2, 1, 10)];
        is(unit.recoveries(&tenant, &user), both)?;
        is(unit.put_recovery(&changed), ())
    })?;
    within(store, |unit| {
        is(unit.recovery(&changed.attempt), Some(changed.clone()))?;
        is(unit.forget_recoveries(Timestamp::from_seconds(10)), ())?;
        is(unit.recoveries(&tenant, &user), vec![changed.clone()])?;
        is(
            unit.recovery(&FixedBytes([3; 32])),
            Some(recovery(3, 2, 11)),
        )
    })
}

fn a_tenants_chain_grows(store: &dyn VaultStore) -> Result<(), String> {
    let tenant = TenantId::from_bytes([1; 32]);
    let statements: Vec<Vec<u8>> = (0..12).map(|byte| vec![byte; 20]).collect();
    let of = |range: std::ops::Range<usize>| statements.get(range).unwrap_or_default().to_vec();
    is(store.tenant_chain(&tenant), Vec::new())?;
    is(store.extend_tenant_chain(&tenant, 0, &of(0..2)), ())?;
    is(store.extend_tenant_chain(&tenant, 1, &of(1..12)), ())?;
    is(store.tenant_chain(&tenant), of(0..12))?;
    // What is there stays.
    is(store.extend_tenant_chain(&tenant, 0, &of(5..6)), ())?;
    is(store.tenant_chain(&tenant), of(0..12))?;
    is(
        store.tenant_chain(&TenantId::from_bytes([2; 32])),
        Vec::new(),
    )
}
