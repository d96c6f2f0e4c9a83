//! Who hears of what.

use wardseal_protocol::op::{Rights, Role};
use wardseal_server_domain::{
    DomainError,
    keys::{Caller, Heard},
};
use wardseal_types::{ChainId, TenantId};

use crate::world::World;

const fn since_log(since: u64) -> Heard {
    Heard {
        log: Some(since),
        escrow: None,
    }
}

fn heard(world: &World, caller: &Caller, since: u64) -> Vec<(ChainId, u64)> {
    let changes = world
        .service
        .changes(caller, &world.tenant(), since_log(since))
        .unwrap();
    assert_eq!(changes.next, u64::try_from(world.town.log.len()).unwrap());
    changes
        .changes
        .iter()
        .map(|change| (change.chain, change.seq))
        .collect()
}

#[test]
fn a_caller_hears_of_people_and_groups_and_of_sessions_that_are_his() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let stranger = world.person("carla");
    let start = u64::try_from(world.town.log.len()).unwrap();
    let group = world.group(&anna, &[(anna.member(), Role::Admin)]);
    let op = world.town.op_add(group, berta.member(), Role::Member);
    world.say(&anna, group, op);
    let session = world.session(&anna, &[(group.into(), Rights::MANAGE)]);
    let all = [(group.into(), 0), (group.into(), 1), (session.into(), 0)];
    assert_eq!(heard(&world, &world.caller(&anna), start), all);
    assert_eq!(heard(&world, &world.caller(&berta), start), all);
    assert_eq!(heard(&world, &world.caller(&stranger), start), all[..2]);
    assert_eq!(heard(&world, &world.caller(&anna), start + 1), all[1..]);
    // Nothing new, and nothing yet.
    let size = start + 3;
    assert_eq!(heard(&world, &world.caller(&anna), size), []);
    let first = world
        .service
        .changes(&world.caller(&anna), &world.tenant(), Heard::default())
        .unwrap();
    assert_eq!((first.changes.len(), first.next), (0, size));
}

#[test]
fn who_is_revoked_hears_of_it_and_of_nothing_after() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let mut grants = [
        (anna.member(), Rights::MANAGE),
        (berta.member(), Rights::READ),
    ];
    grants.sort_by_key(|(member, _)| *member);
    let session = world.session(&anna, &grants);
    let start = u64::try_from(world.town.log.len()).unwrap();
    let op = world.town.op_revoke(session, &[berta.member()]);
    world.say(&anna, session, op);
    let op = world.town.op_rotate_session(session);
    world.say(&anna, session, op);
    let caller = world.caller(&berta);
    assert_eq!(heard(&world, &caller, start), [(session.into(), 1)]);
    assert_eq!(heard(&world, &world.caller(&anna), start).len(), 2);
    let elsewhere = Caller {
        tenant: TenantId::from_bytes([1; 32]),
        ..caller
    };
    let refused = world
        .service
        .changes(&elsewhere, &world.tenant(), since_log(0));
    assert_eq!(refused, Err(DomainError::NotFound));
}

#[test]
fn whoever_waits_is_woken_by_what_is_written_and_not_by_refusals() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let mut growth = world.service.growth();
    growth.mark_unchanged();
    let session = world
        .town
        .session(&anna, &[(anna.member(), Rights::MANAGE)])
        .unwrap();
    let genesis = world.town.log.last().unwrap().clone();
    let mut request = world.request(&[genesis]);
    let boxes = std::mem::take(&mut request.boxes);
    let caller = world.caller(&anna);
    world.service.append(&caller, &request).unwrap_err();
    assert!(!growth.has_changed().unwrap());
    request.boxes = boxes;
    world.service.append(&caller, &request).unwrap();
    assert!(growth.has_changed().unwrap());
    assert!(world.fetch(&caller, session).is_some());
}
