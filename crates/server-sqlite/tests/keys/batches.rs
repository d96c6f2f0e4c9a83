//! Many at once, no room, and a new start.

use std::{thread, time::Duration};

use wardseal_protocol::{
    Refusal,
    op::{Rights, Role},
};
use wardseal_server_domain::{
    DomainError,
    keys::{Append, Appended, Caller, KeyService, Wanted},
    storage::Store as _,
};

use crate::world::{World, start};

/// Brings all requests so that all but the first are written in one batch, in this order.
fn at_once(world: &World, requests: &[(Caller, Append)]) -> Vec<Result<Appended, DomainError>> {
    // While this unit of work is open, the writer waits with the first request.
    let unit = world.store.begin().unwrap();
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for (caller, request) in requests {
            threads.push(scope.spawn(|| world.service.append(caller, request)));
            thread::sleep(Duration::from_millis(10));
        }
        drop(unit);
        let answers = threads.into_iter().map(|thread| thread.join().unwrap());
        answers.collect()
    })
}

#[test]
fn of_rivals_one_wins_and_the_others_are_stale() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let group = world.group(&anna, &[(anna.member(), Role::Admin)]);
    let caller = world.caller(&anna);
    let rivals: Vec<_> = (0..8)
        .map(|_| {
            let op = world.town.op_rotate(group);
            let rotate = world.town.says(&anna, group, op);
            (caller, world.request(&[rotate]))
        })
        .collect();
    let outcomes = at_once(&world, &rivals);
    let winners: Vec<_> = outcomes.iter().filter(|outcome| outcome.is_ok()).collect();
    assert_eq!(winners.len(), 1);
    let stale = Err(DomainError::StaleStatement(Refusal::StaleParent));
    assert_eq!(
        outcomes.iter().filter(|outcome| **outcome == stale).count(),
        7
    );
    let slice = world.fetch(&caller, group).unwrap();
    let winner = winners[0].as_ref().unwrap();
    assert_eq!(slice.entries[1].statement, winner.entries[0].statement);
    assert_eq!(slice.entries.len(), 2);
}

#[test]
fn who_is_refused_in_a_batch_concerns_nobody_else() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let caller = world.caller(&anna);
    let size = world.town.log.len();
    let mut requests = Vec::new();
    for index in 0..12 {
        world
            .town
            .session(&anna, &[(anna.member(), Rights::MANAGE)])
            .unwrap();
        let genesis = world.town.log.pop().unwrap();
        let mut request = world.request(&[genesis]);
        if index % 3 == 0 {
            request.boxes.clear();
        }
        requests.push((caller, request));
    }
    let outcomes = at_once(&world, &requests);
    let mut positions = Vec::new();
    for (index, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Ok(appended) => {
                world.check_appended(appended);
                positions.push(appended.entries[0].position);
            }
            Err(error) => assert_eq!((index % 3, error), (0, &DomainError::BoxesRefused)),
        }
    }
    positions.sort_unstable();
    // No position is lost or given twice.
    let first = u64::try_from(size).unwrap();
    assert_eq!(positions, (first..first + 8).collect::<Vec<_>>());
}

#[test]
fn a_full_disk_stores_nothing_and_readers_go_on() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let caller = world.caller(&anna);
    let group = world.group(&anna, &[(anna.member(), Role::Admin)]);
    world.store.limit_size(Some(0)).unwrap();
    let mut refused = None;
    // What is free in the last pages is used first.
    for _ in 0..50 {
        let op = world.town.op_rotate(group);
        let rotate = world.town.says(&anna, group, op);
        let request = world.request(std::slice::from_ref(&rotate));
        match world.service.append(&caller, &request) {
            Ok(_) => world.town.append(&rotate).unwrap(),
            Err(error) => {
                assert_eq!(error, DomainError::StorageFull);
                refused = Some((rotate, request));
                break;
            }
        }
    }
    let (rotate, request) = refused.unwrap();
    let stored = |world: &World| world.fetch(&caller, group).unwrap().entries.len();
    let before = stored(&world);
    assert_eq!(
        world.service.append(&caller, &request),
        Err(DomainError::StorageFull)
    );
    assert_eq!(stored(&world), before);
    // Reading needs no room, not even to sign an old checkpoint anew.
    world.clock.advance(2 * 60 * 60 * 1000);
    assert_eq!(stored(&world), before);
    world.sign_in(caller, &anna.device).unwrap();

    world.store.limit_size(None).unwrap();
    let appended = world.service.append(&caller, &request).unwrap();
    let size = world.check_appended(&appended).size;
    world.town.append(&rotate).unwrap();
    assert_eq!(size, u64::try_from(world.town.log.len()).unwrap());
    assert_eq!(stored(&world), before + 1);
}

#[test]
fn what_is_refused_leaves_nothing_in_memory() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let caller = world.caller(&anna);
    let group = world.group(&anna, &[(anna.member(), Role::Admin)]);
    let mut session = || {
        let grants = [(anna.member(), Rights::MANAGE)];
        world.town.session(&anna, &grants).unwrap();
        let genesis = world.town.log.pop().unwrap();
        (caller, world.request(&[genesis]))
    };
    let (first, last) = (session(), session());
    let op = world.town.op_rotate(group);
    let rotate = world.town.says(&anna, group, op);
    let mut again = world.request(&[rotate]);
    again.statements.push(again.statements[0].clone());
    let outcomes = at_once(&world, &[first, (caller, again), last]);
    let done: Vec<_> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(done, [true, false, true]);
    let stale = DomainError::StaleStatement(Refusal::StaleParent);
    assert_eq!(outcomes[1], Err(stale));
    let op = world.town.op_rotate(group);
    let rotate = world.town.says(&anna, group, op);
    world.post(&anna, &[rotate]).unwrap();
}

#[test]
fn when_one_of_many_does_not_fit_the_others_do() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let caller = world.caller(&anna);
    let request = |sessions: usize| {
        let grants = [(anna.member(), Rights::MANAGE)];
        let geneses: Vec<_> = (0..sessions)
            .map(|_| {
                world.town.session(&anna, &grants).unwrap();
                world.town.log.pop().unwrap()
            })
            .collect();
        (caller, world.request(&geneses))
    };
    let requests = [1, 1, 60, 1].map(request);
    world.leave_room(100_000);
    let outcomes = at_once(&world, &requests);
    let done: Vec<_> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(done, [true, true, false, true]);
    assert_eq!(outcomes[2], Err(DomainError::StorageFull));
    world.store.limit_size(None).unwrap();
    for (caller, request) in &requests {
        let appended = world.service.append(caller, request).unwrap();
        world.check_appended(&appended);
    }
    let log = world.service.tenant(&world.tenant(), 0).unwrap().log;
    let expected = u64::try_from(world.town.log.len() + 63).unwrap();
    assert_eq!(world.checkpoint(&log).size, expected);
}

#[test]
fn a_new_start_changes_nothing() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let group = world.group(&anna, &[(anna.member(), Role::Admin)]);
    let op = world.town.op_add(group, berta.member(), Role::Admin);
    world.say(&anna, group, op);
    let session = world.session(&anna, &[(group.into(), Rights::MANAGE)]);
    let shown = |world: &World| {
        let caller = world.caller(&berta);
        let chains = [group.into(), session.into(), berta.id.into()];
        let chains = chains.map(|chain: wardseal_types::ChainId| world.fetch(&caller, chain));
        (chains, world.service.tenant(&world.tenant(), 1).unwrap())
    };
    let before = shown(&world);
    let mut world = world.restart();
    assert_eq!(shown(&world), before);
    // And it goes on where it was.
    let op = world.town.op_rotate_session(session);
    world.say(&berta, session, op);
    assert_ne!(shown(&world), before);
}

/// What is remembered is a start and never an answer: whoever else writes is seen at once.
#[test]
fn another_process_over_the_same_database_is_never_behind() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let second = world.device(&berta);
    let grants = [(anna.member(), Rights::MANAGE)];
    let session = world.session(&anna, &grants);
    let op = world.town.op_grant(session, berta.member(), Rights::READ);
    world.say(&anna, session, op);
    let policy = wardseal_server_domain::tenants::TenantPolicy::Closed;
    let mut other = start(&world.town, &world.store, &world.clock, policy).unwrap();
    let caller = Caller {
        device: second.id,
        ..world.caller(&berta)
    };
    let token = world.sign_in(caller, &second).unwrap();
    let fetch = |service: &KeyService| {
        let wanted = [Wanted {
            chain: session.into(),
            from: 0,
        }];
        let fetched = service.fetch(&caller, &caller.tenant, &wanted, 0).unwrap();
        fetched.chains.len()
    };
    assert_eq!((other.authenticate(&token), fetch(&other)), (Ok(caller), 1));

    let op = world.town.op_revoke(session, &[berta.member()]);
    world.say(&anna, session, op);
    let op = world.town.op_revoke_device(&berta, &[second.member()]);
    world.say(&berta, berta.id, op);
    assert_eq!(other.authenticate(&token), Err(DomainError::SignInRequired));
    assert_eq!(fetch(&other), 0);
    // And it writes on what it did not write itself.
    std::mem::swap(&mut world.service, &mut other);
    let op = world.town.op_rotate_session(session);
    world.say(&anna, session, op);
}
