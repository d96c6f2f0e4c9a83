//! What every [`Store`] must do. A storage crate runs [`check`] in its tests.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests, in the library so that every store can run them: they must stop where something broke"
)]

use wardseal_types::{
    ChainId, FixedBytes, GroupId, MemberId, RingId, SessionId, StatementHash, TenantId, Timestamp,
    UserId,
};

use super::{
    ChainRecord, Counted, Listing, LogRecord, NameRecord, StatementRecord, Store, UnitOfWork,
};

const TENANT: TenantId = TenantId::from_bytes([1; 32]);
const OTHER: TenantId = TenantId::from_bytes([2; 32]);

/// Runs every test on a store that is empty.
pub fn check(store: &dyn Store) {
    an_empty_store_has_nothing(store);
    the_first_owner_stays(store);
    what_is_committed_is_read(store);
    what_is_not_committed_never_happened(store);
    a_mark_undoes_only_what_came_after(store);
    a_place_is_taken_once(store);
    a_snapshot_does_not_move(store);
    names_are_counted_and_unique(store);
    memberships_are_followed_through_rings(store);
    children_are_those_of_one_parent(store);
    what_is_idle_is_forgotten(store);
    crate::escrow::conformance::check(store);
}

fn write(store: &dyn Store, work: impl FnOnce(&mut dyn UnitOfWork)) {
    let mut unit = store.begin().unwrap();
    work(&mut *unit);
    unit.commit().unwrap();
}

const fn user(number: u8) -> UserId {
    UserId::from_bytes([number; 32])
}

fn statement(seq: u64, position: u64) -> StatementRecord {
    let [.., low] = position.to_be_bytes();
    StatementRecord {
        seq,
        position,
        hash: StatementHash::from_bytes([low; 32]),
        bytes: vec![low; 5000],
    }
}

fn log(size: u64) -> LogRecord {
    LogRecord {
        size,
        time: Timestamp::from_millis(size),
        note: format!("note of {size}"),
    }
}

fn an_empty_store_has_nothing(store: &dyn Store) {
    let snapshot = store.read().unwrap();
    let chain = ChainId::User(user(1));
    assert_eq!(snapshot.log(&TENANT), Ok(None));
    assert_eq!(snapshot.users(&TENANT), Ok(0));
    assert_eq!(snapshot.node(&TENANT, 0, 0), Ok(None));
    assert_eq!(snapshot.chain(&TENANT, &chain), Ok(None));
    assert_eq!(snapshot.statements(&TENANT, &chain, 0), Ok(Vec::new()));
    assert_eq!(snapshot.statement_at(&TENANT, &chain, 0), Ok(None));
    assert_eq!(snapshot.name(&TENANT, &FixedBytes([0; 32])), Ok(None));
}

fn the_first_owner_stays(store: &dyn Store) {
    assert_eq!(store.belongs_to(&[1; 32]), Ok(true));
    assert_eq!(store.belongs_to(&[2; 32]), Ok(false));
    assert_eq!(store.belongs_to(&[1; 32]), Ok(true));
}

fn what_is_committed_is_read(store: &dyn Store) {
    let chain = ChainId::Session(SessionId::from_bytes([3; 32]));
    let ring = RingId::Session(SessionId::from_bytes([3; 32]));
    let member = MemberId::User(user(1));
    let record = ChainRecord {
        chain,
        genesis: 10,
        seq: 2,
        label: Some("a label".into()),
    };
    write(store, |unit| {
        for (seq, position) in [(0, 10), (1, 300), (2, 12_000_000_000)] {
            unit.put_statement(&TENANT, &chain, &statement(seq, position))
                .unwrap();
        }
        unit.put_chain(&TENANT, &record).unwrap();
        unit.put_node(&TENANT, 7, 1 << 40, &[9; 32]).unwrap();
        unit.put_box(&TENANT, &ring, 4, &member, b"a box").unwrap();
        unit.put_vault_record(&TENANT, &FixedBytes([8; 32]))
            .unwrap();
        unit.put_log(&TENANT, &log(3)).unwrap();
        unit.put_log(&TENANT, &log(4)).unwrap();
    });
    let snapshot = store.read().unwrap();
    let all = [(0, 10), (1, 300), (2, 12_000_000_000)].map(|(seq, at)| statement(seq, at));
    assert_eq!(snapshot.statements(&TENANT, &chain, 0), Ok(all.to_vec()));
    let tail = all.iter().skip(1).cloned().collect();
    assert_eq!(snapshot.statements(&TENANT, &chain, 1), Ok(tail));
    assert_eq!(snapshot.statements(&TENANT, &chain, 3), Ok(Vec::new()));
    let hash = statement(1, 300).hash;
    assert_eq!(
        snapshot.statement_at(&TENANT, &chain, 1),
        Ok(Some((300, hash)))
    );
    assert_eq!(snapshot.chain(&TENANT, &chain), Ok(Some(record)));
    assert_eq!(snapshot.node(&TENANT, 7, 1 << 40), Ok(Some([9; 32])));
    assert_eq!(snapshot.node(&TENANT, 6, 1 << 40), Ok(None));
    assert_eq!(snapshot.log(&TENANT), Ok(Some(log(4))));
    let found = snapshot.sealed_box(&TENANT, &ring, 4, &member);
    assert_eq!(found, Ok(Some(b"a box".to_vec())));
    assert_eq!(snapshot.sealed_box(&TENANT, &ring, 5, &member), Ok(None));
    let group = MemberId::Group(GroupId::from_bytes([1; 32]));
    assert_eq!(snapshot.sealed_box(&TENANT, &ring, 4, &group), Ok(None));
    assert_eq!(
        snapshot.is_vault_record(&TENANT, &FixedBytes([8; 32])),
        Ok(true)
    );
    assert_eq!(
        snapshot.is_vault_record(&TENANT, &FixedBytes([7; 32])),
        Ok(false)
    );
    // The suite has put nothing else between these positions.
    let since = |position, limit| snapshot.statements_since(&TENANT, position, limit);
    let (middle, last) = ((300, chain, 1), (12_000_000_000, chain, 2));
    assert_eq!(since(300, 10), Ok(vec![middle, last]));
    assert_eq!(since(300, 1), Ok(vec![middle]));
    assert_eq!(since(301, 10), Ok(vec![last]));
    assert_eq!(since(12_000_000_001, 10), Ok(Vec::new()));
    // Another tenant, and another kind of chain with the same bytes, have none of it.
    assert_eq!(snapshot.statements_since(&OTHER, 0, 10), Ok(Vec::new()));
    let group = ChainId::Group(GroupId::from_bytes([3; 32]));
    assert_eq!(snapshot.chain(&TENANT, &group), Ok(None));
    assert_eq!(snapshot.statements(&TENANT, &group, 0), Ok(Vec::new()));
    assert_eq!(snapshot.chain(&OTHER, &chain), Ok(None));
    assert_eq!(snapshot.statements(&OTHER, &chain, 0), Ok(Vec::new()));
    assert_eq!(snapshot.sealed_box(&OTHER, &ring, 4, &member), Ok(None));
    assert_eq!(
        snapshot.is_vault_record(&OTHER, &FixedBytes([8; 32])),
        Ok(false)
    );
    assert_eq!(snapshot.log(&OTHER), Ok(None));
}

fn what_is_not_committed_never_happened(store: &dyn Store) {
    let chain = ChainId::User(user(20));
    let mut unit = store.begin().unwrap();
    unit.put_statement(&TENANT, &chain, &statement(0, 20))
        .unwrap();
    // The unit itself sees it.
    assert_eq!(unit.statements(&TENANT, &chain, 0).unwrap().len(), 1);
    drop(unit);
    let snapshot = store.read().unwrap();
    assert_eq!(snapshot.statements(&TENANT, &chain, 0), Ok(Vec::new()));
}

fn a_mark_undoes_only_what_came_after(store: &dyn Store) {
    let (first, second, third) = (user(30), user(31), user(32));
    write(store, |unit| {
        unit.mark().unwrap();
        unit.put_statement(&TENANT, &first.into(), &statement(0, 30))
            .unwrap();
        unit.keep().unwrap();
        unit.mark().unwrap();
        unit.put_statement(&TENANT, &second.into(), &statement(0, 31))
            .unwrap();
        unit.back_to_mark().unwrap();
        unit.mark().unwrap();
        unit.put_statement(&TENANT, &third.into(), &statement(0, 31))
            .unwrap();
        unit.keep().unwrap();
    });
    let snapshot = store.read().unwrap();
    let has = |user: UserId| {
        snapshot
            .statement_at(&TENANT, &user.into(), 0)
            .unwrap()
            .is_some()
    };
    assert!(has(first) && !has(second) && has(third));
}

fn a_place_is_taken_once(store: &dyn Store) {
    let chain = ChainId::User(user(40));
    write(store, |unit| {
        unit.put_statement(&TENANT, &chain, &statement(0, 40))
            .unwrap();
    });
    for (chain, statement) in [
        (chain, statement(0, 41)),
        (ChainId::User(user(41)), statement(0, 40)),
    ] {
        let mut unit = store.begin().unwrap();
        assert!(unit.put_statement(&TENANT, &chain, &statement).is_err());
    }
    // The same place in another tenant is another place.
    write(store, |unit| {
        unit.put_statement(&OTHER, &chain, &statement(0, 40))
            .unwrap();
    });
}

fn a_snapshot_does_not_move(store: &dyn Store) {
    let snapshot = store.read().unwrap();
    let before = snapshot.log(&TENANT);
    write(store, |unit| unit.put_log(&TENANT, &log(1000)).unwrap());
    assert_eq!(snapshot.log(&TENANT), before);
    drop(snapshot);
    assert_eq!(store.read().unwrap().log(&TENANT), Ok(Some(log(1000))));
}

fn names_are_counted_and_unique(store: &dyn Store) {
    let record = |name, number| NameRecord {
        name: FixedBytes([name; 32]),
        holder: user(number).into(),
        salt: FixedBytes([5; 32]),
    };
    let group = NameRecord {
        holder: GroupId::from_bytes([55; 32]).into(),
        ..record(4, 0)
    };
    write(store, |unit| {
        unit.put_name(&TENANT, &record(1, 50)).unwrap();
        unit.put_name(&TENANT, &record(2, 51)).unwrap();
        unit.put_name(&OTHER, &record(1, 52)).unwrap();
        unit.put_name(&TENANT, &group).unwrap();
    });
    for taken in [record(1, 53), record(3, 50)] {
        let mut unit = store.begin().unwrap();
        assert!(unit.put_name(&TENANT, &taken).is_err());
    }
    write(store, |unit| {
        unit.move_name(&TENANT, &record(2, 54)).unwrap();
    });
    let snapshot = store.read().unwrap();
    let found = snapshot.name(&TENANT, &FixedBytes([1; 32]));
    assert_eq!(found, Ok(Some(record(1, 50))));
    let found = |name| snapshot.name(&TENANT, &FixedBytes([name; 32]));
    assert_eq!(found(2), Ok(Some(record(2, 54))));
    assert_eq!(found(4), Ok(Some(group)));
    assert_eq!(
        (snapshot.users(&TENANT), snapshot.users(&OTHER)),
        (Ok(2), Ok(1))
    );
}

fn memberships_are_followed_through_rings(store: &dyn Store) {
    let group = |number| GroupId::from_bytes([number; 32]);
    let session = |number| SessionId::from_bytes([number; 32]);
    let anna = user(60);
    let chain = |chain: ChainId, genesis| ChainRecord {
        chain,
        genesis,
        seq: genesis * 2,
        label: None,
    };
    // anna in 61 in 62 (and 62 in 61: the store follows whatever it is told); 62 in session 64,
    // which is the parent of 65; anna herself in session 66; and nobody of these in 63 and 67.
    write(store, |unit| {
        let mut rings: Vec<ChainId> = [61, 62, 63].map(|n| group(n).into()).to_vec();
        rings.extend([64, 65, 66, 67].map(|n| ChainId::from(session(n))));
        for (ring, genesis) in rings.into_iter().zip(600..) {
            unit.put_chain(&TENANT, &chain(ring, genesis)).unwrap();
        }
        let members: [(RingId, MemberId); 8] = [
            (group(61).into(), anna.into()),
            (group(62).into(), group(61).into()),
            (group(61).into(), group(62).into()),
            (group(63).into(), user(68).into()),
            (session(64).into(), group(62).into()),
            (session(65).into(), session(64).into()),
            (session(66).into(), anna.into()),
            (session(67).into(), group(63).into()),
        ];
        for (ring, member) in members {
            unit.put_member(&TENANT, &ring, &member).unwrap();
        }
    });
    let list = |tenant, listing, after, limit| {
        let snapshot = store.read().unwrap();
        let found = snapshot
            .rings_of(tenant, &anna, listing, after, limit)
            .unwrap();
        found
            .into_iter()
            .map(|record| (record.genesis, record.chain, record.seq))
            .collect::<Vec<_>>()
    };
    let groups = [(600, group(61).into(), 1200), (601, group(62).into(), 1202)];
    assert_eq!(list(&TENANT, Listing::Groups, None, 10), groups);
    let sessions = [
        (603, session(64).into(), 1206),
        (604, session(65).into(), 1208),
        (605, session(66).into(), 1210),
    ];
    let [first, second, third] = sessions;
    assert_eq!(list(&TENANT, Listing::Sessions, None, 10), sessions);
    assert_eq!(list(&TENANT, Listing::Sessions, None, 2), [first, second]);
    assert_eq!(list(&TENANT, Listing::Sessions, Some(603), 1), [second]);
    assert_eq!(list(&TENANT, Listing::Sessions, Some(604), 10), [third]);
    assert_eq!(list(&OTHER, Listing::Sessions, None, 10), []);
    write(store, |unit| {
        unit.remove_member(&TENANT, &group(61).into(), &anna.into())
            .unwrap();
    });
    assert_eq!(list(&TENANT, Listing::Groups, None, 10), []);
    assert_eq!(list(&TENANT, Listing::Sessions, None, 10), [third]);
}

fn children_are_those_of_one_parent(store: &dyn Store) {
    let session = |number| SessionId::from_bytes([number; 32]);
    let [parent, grandchild, stranger] = [session(80), session(84), session(85)];
    let record = |number, genesis| ChainRecord {
        chain: session(number).into(),
        genesis,
        seq: 3,
        label: Some(format!("number {number}")),
    };
    // 80 is a recipient of 81, 82 and 83, and 83 of 84. A group has the same bytes as 80.
    write(store, |unit| {
        for (number, genesis) in [
            (80, 800),
            (83, 803),
            (82, 802),
            (81, 801),
            (84, 804),
            (85, 805),
        ] {
            unit.put_chain(&TENANT, &record(number, genesis)).unwrap();
        }
        let members: [(SessionId, MemberId); 6] = [
            (session(82), parent.into()),
            (session(83), parent.into()),
            (session(81), parent.into()),
            (grandchild, session(83).into()),
            (stranger, GroupId::from_bytes([80; 32]).into()),
            (parent, user(80).into()),
        ];
        for (ring, member) in members {
            unit.put_member(&TENANT, &ring.into(), &member).unwrap();
        }
    });
    let list = |tenant, parent, after, limit| {
        let snapshot = store.read().unwrap();
        snapshot.children(tenant, &parent, after, limit).unwrap()
    };
    let [first, second, third] = [record(81, 801), record(82, 802), record(83, 803)];
    let all = vec![first.clone(), second.clone(), third.clone()];
    assert_eq!(list(&TENANT, parent, None, 10), all);
    assert_eq!(list(&TENANT, parent, None, 1), [first]);
    assert_eq!(list(&TENANT, parent, Some(801), 1), [second]);
    assert_eq!(
        list(&TENANT, parent, Some(802), 10),
        std::slice::from_ref(&third)
    );
    assert_eq!(list(&TENANT, parent, Some(803), 10), []);
    assert_eq!(list(&TENANT, session(83), None, 10), [record(84, 804)]);
    assert_eq!(list(&TENANT, grandchild, None, 10), []);
    assert_eq!(list(&OTHER, parent, None, 10), []);
    write(store, |unit| {
        for number in [81, 82] {
            let ring = session(number).into();
            unit.remove_member(&TENANT, &ring, &parent.into()).unwrap();
        }
    });
    assert_eq!(list(&TENANT, parent, None, 10), [third]);
}

fn what_is_idle_is_forgotten(store: &dyn Store) {
    let all = [
        Counted::Name(FixedBytes([70; 32])),
        Counted::User(user(70)),
        Counted::Tenant,
    ];
    let at = Timestamp::from_millis;
    write(store, |unit| {
        for (counted, until) in all.iter().zip([100, 200, 300]) {
            unit.put_busy_until(&TENANT, counted, at(1)).unwrap();
            unit.put_busy_until(&TENANT, counted, at(until)).unwrap();
            unit.put_busy_until(&OTHER, counted, at(7)).unwrap();
        }
        unit.forget_idle(&TENANT, at(200)).unwrap();
    });
    let snapshot = store.read().unwrap();
    let of = |tenant| all.map(|counted| snapshot.busy_until(tenant, &counted).unwrap());
    assert_eq!(of(&TENANT), [None, None, Some(at(300))]);
    assert_eq!(of(&OTHER), [Some(at(7)); 3]);
}
