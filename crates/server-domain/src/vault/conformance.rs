//! What every [`VaultStore`] must do, whatever it keeps its records in.

use wardseal_types::{FixedBytes, TenantId, Timestamp, UserId};

use super::{Insertion, StoredRecord, VaultStore};
use crate::{limit::Limit, storage::StorageError};

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
];

fn example(name: u8, user: u8) -> StoredRecord {
    StoredRecord {
        record: FixedBytes([name; 32]),
        tenant: TenantId::from_bytes([1; 32]),
        user: UserId::from_bytes([user; 32]),
        upload: vec![name, 1],
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
            upload: vec![0],
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
