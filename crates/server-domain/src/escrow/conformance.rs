//! What every store must do for escrow. The suite of stores runs [`check`].

#![expect(
    clippy::unwrap_used,
    reason = "these are tests, in the library so that every store can run them: they must stop where something broke"
)]

use std::slice;

use wardseal_types::{
    FixedBytes, GroupId, MemberId, PendingId, SessionId, TenantId, Timestamp, UserId,
};

use super::{CodeErrand, Fate, PendingRecord, ReleaseRecord};
use crate::storage::{Store, UnitOfWork};

const TENANT: TenantId = TenantId::from_bytes([1; 32]);
const OTHER: TenantId = TenantId::from_bytes([2; 32]);
const SESSION: SessionId = SessionId::from_bytes([3; 32]);

const fn pending(number: u8) -> PendingId {
    PendingId::from_bytes([number; 32])
}

const fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn record(number: u8, name: u8, expires: u64) -> PendingRecord {
    PendingRecord {
        session: SESSION,
        pending: pending(number),
        name: FixedBytes([name; 32]),
        position: number.into(),
        epoch: 0,
        commitment: FixedBytes([number; 32]),
        expires: at(expires),
        fate: Fate::Waiting,
        since: at(1),
        member: None,
        deposit: Some(vec![number; 1500]),
        receipt: None,
    }
}

fn ended(record: &PendingRecord, fate: Fate, time: u64) -> PendingRecord {
    PendingRecord {
        fate,
        since: at(time),
        member: (fate == Fate::Claimed).then(|| UserId::from_bytes([8; 32]).into()),
        deposit: None,
        receipt: Some(FixedBytes([9; 64])),
        ..record.clone()
    }
}

fn write(store: &dyn Store, work: impl FnOnce(&mut dyn UnitOfWork)) {
    let mut unit = store.begin().unwrap();
    work(&mut *unit);
    unit.commit().unwrap();
}

/// Runs every test on a store that has no pending recipients.
pub fn check(store: &dyn Store) {
    what_waits_is_found(store);
    releases_are_kept_once(store);
    news_are_counted_by_tenant(store);
    what_ended_stays_as_a_row(store);
    who_reads_mail_is_forgotten_in_time(store);
}

fn what_waits_is_found(store: &dyn Store) {
    let all = [record(1, 70, 500), record(2, 70, 400), record(3, 71, 300)];
    write(store, |unit| {
        assert_eq!(unit.pending(&TENANT, &SESSION, &pending(1)), Ok(None));
        for record in &all {
            unit.put_pending(&TENANT, record).unwrap();
        }
    });
    let snapshot = store.read().unwrap();
    let [first, second, third] = &all;
    let found = snapshot.pending(&TENANT, &SESSION, &pending(2));
    assert_eq!(found, Ok(Some(second.clone())));
    assert_eq!(snapshot.pending(&OTHER, &SESSION, &pending(2)), Ok(None));
    assert_eq!(snapshot.pending_in(&TENANT, &SESSION), Ok(all.to_vec()));
    assert_eq!(snapshot.pending_in(&OTHER, &SESSION), Ok(Vec::new()));
    let named = |name: u8, after: Option<u64>, limit| {
        snapshot
            .pending_for(&TENANT, &FixedBytes([name; 32]), after, limit)
            .unwrap()
    };
    let waiting = |name: u8, number| snapshot.waiting(&TENANT, &FixedBytes([name; 32]), &number);
    assert_eq!(waiting(70, pending(2)), Ok(Some(second.clone())));
    assert_eq!(waiting(71, pending(2)), Ok(None));
    assert_eq!(named(70, None, 10), [first.clone(), second.clone()]);
    assert_eq!(named(70, None, 1), slice::from_ref(first));
    assert_eq!(named(70, Some(1), 10), slice::from_ref(second));
    assert_eq!(named(71, None, 10), slice::from_ref(third));
    assert_eq!(named(72, None, 10), []);
    let overdue = |now, limit| snapshot.overdue(at(now), limit).unwrap();
    assert_eq!(overdue(299, 10), []);
    assert_eq!(overdue(300, 10), [(TENANT, third.clone())]);
    let both = [(TENANT, third.clone()), (TENANT, second.clone())];
    assert_eq!(overdue(400, 10), both);
    assert_eq!(overdue(500, 1), [(TENANT, third.clone())]);
    drop(snapshot);
    // A newer epoch takes the place of the older one's deposit.
    let newer = PendingRecord {
        epoch: 1,
        deposit: Some(vec![77; 1500]),
        ..first.clone()
    };
    write(store, |unit| unit.put_pending(&TENANT, &newer).unwrap());
    let found = store
        .read()
        .unwrap()
        .pending(&TENANT, &SESSION, &pending(1));
    assert_eq!(found, Ok(Some(newer)));
}

fn releases_are_kept_once(store: &dyn Store) {
    let anna = MemberId::User(UserId::from_bytes([1; 32]));
    let group = MemberId::Group(GroupId::from_bytes([1; 32]));
    let release = |member, time| ReleaseRecord {
        member,
        time: at(time),
    };
    write(store, |unit| {
        let mut put = |member, time| {
            unit.put_release(&TENANT, &SESSION, &pending(1), &release(member, time))
                .unwrap()
        };
        assert!(put(anna, 20));
        assert!(!put(anna, 30));
        assert!(put(group, 10));
    });
    let snapshot = store.read().unwrap();
    assert_eq!(
        snapshot.releases(&TENANT, &SESSION, &pending(1)),
        Ok(vec![release(group, 10), release(anna, 20)])
    );
    for (tenant, number) in [(TENANT, 2), (OTHER, 1)] {
        let found = snapshot.releases(&tenant, &SESSION, &pending(number));
        assert_eq!(found, Ok(Vec::new()));
    }
}

fn news_are_counted_by_tenant(store: &dyn Store) {
    assert_eq!(store.read().unwrap().news(&TENANT), Ok(0));
    write(store, |unit| {
        unit.put_pending(&OTHER, &record(4, 70, 900)).unwrap();
        for (tenant, number) in [(TENANT, 1), (OTHER, 4), (TENANT, 2), (TENANT, 1)] {
            unit.tell(&tenant, &SESSION, &pending(number)).unwrap();
        }
    });
    let snapshot = store.read().unwrap();
    assert_eq!(
        (snapshot.news(&TENANT), snapshot.news(&OTHER)),
        (Ok(3), Ok(1))
    );
    let since = |tenant, since, limit| snapshot.news_since(tenant, since, limit).unwrap();
    assert_eq!(since(&TENANT, 0, 10), [(2, SESSION), (3, SESSION)]);
    assert_eq!(since(&TENANT, 0, 1), [(2, SESSION)]);
    assert_eq!(since(&TENANT, 2, 10), [(3, SESSION)]);
    assert_eq!(since(&TENANT, 3, 10), []);
    assert_eq!(since(&OTHER, 0, 10), [(1, SESSION)]);
}

fn what_ended_stays_as_a_row(store: &dyn Store) {
    let expired = ended(&record(3, 71, 300), Fate::Expired, 301);
    let claimed = ended(&record(2, 70, 400), Fate::Claimed, 302);
    let revoked = ended(&record(1, 70, 500), Fate::Revoked, 303);
    let all = [revoked, claimed, expired];
    write(store, |unit| {
        for record in &all {
            unit.put_pending(&TENANT, record).unwrap();
        }
    });
    let snapshot = store.read().unwrap();
    assert_eq!(snapshot.pending_in(&TENANT, &SESSION), Ok(all.to_vec()));
    let named = snapshot.pending_for(&TENANT, &FixedBytes([70; 32]), None, 10);
    assert_eq!(named, Ok(Vec::new()));
    let overdue = snapshot.overdue(at(899), 10).unwrap();
    assert!(overdue.iter().all(|(tenant, _)| *tenant != TENANT));
    let waiting = snapshot.waiting(&TENANT, &FixedBytes([70; 32]), &pending(2));
    assert_eq!(waiting, Ok(None));
    // What was told stays told.
    assert_eq!(snapshot.news(&TENANT), Ok(3));
}

fn who_reads_mail_is_forgotten_in_time(store: &dyn Store) {
    let group = MemberId::Group(GroupId::from_bytes([1; 32]));
    let user = MemberId::User(UserId::from_bytes([1; 32]));
    let (one, two) = (FixedBytes([1; 32]), FixedBytes([2; 32]));
    write(store, |unit| {
        let mut put = |tenant, member, address, until, now| {
            unit.put_reads_mail(&tenant, &member, &address, at(until), at(now))
                .unwrap();
        };
        put(TENANT, group, one, 100, 0);
        put(TENANT, group, one, 200, 0);
        put(TENANT, user, one, 150, 0);
        put(OTHER, group, two, 300, 150);
    });
    let snapshot = store.read().unwrap();
    drop(snapshot);
    let errand = |number, ends| CodeErrand {
        attempt: FixedBytes([number; 32]),
        tenant: TENANT,
        user: UserId::from_bytes([1; 32]),
        member: group,
        name: FixedBytes([3; 32]),
        address: one,
        ends: at(ends),
    };
    write(store, |unit| {
        unit.put_code_errand(&errand(1, 100), at(0)).unwrap();
        unit.put_code_errand(&errand(2, 101), at(99)).unwrap();
    });
    let found = |number: u8| {
        let snapshot = store.read().unwrap();
        snapshot.code_errand(&FixedBytes([number; 32])).unwrap()
    };
    let both = (Some(errand(1, 100)), Some(errand(2, 101)));
    assert_eq!((found(1), found(2)), both);
    write(store, |unit| {
        unit.put_code_errand(&errand(3, 200), at(100)).unwrap();
    });
    assert_eq!((found(1), found(2)), (None, Some(errand(2, 101))));
    let snapshot = store.read().unwrap();
    let of = |tenant, member, address| {
        snapshot
            .reads_mail_until(&tenant, &member, &address)
            .unwrap()
    };
    assert_eq!(of(TENANT, group, one), Some(at(200)));
    assert_eq!(of(TENANT, user, one), None);
    assert_eq!(of(OTHER, group, two), Some(at(300)));
    assert_eq!(of(OTHER, group, one), None);
    assert_eq!(of(TENANT, group, two), None);
}
