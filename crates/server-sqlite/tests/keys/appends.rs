//! What becomes part of chains.

use wardseal_crypto::sign::Ed25519SigningKey;
use wardseal_protocol::{
    Refusal, cbor,
    keys::TenantKey,
    op::{Op, Rights, Role},
    ring::SealedBox,
};
use wardseal_server_domain::{DomainError, keys::Append};
use wardseal_types::{FixedBytes, TenantId, limits};

use crate::world::World;

#[test]
fn a_group_grows_and_shrinks() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let group = world.group(&anna, &[(anna.member(), Role::Admin)]);
    let op = world.town.op_add(group, berta.member(), Role::Member);
    let statement = world.say(&anna, group, op);
    let op = world.town.op_remove(group, &[berta.member()]);
    world.say(&anna, group, op);
    let slice = world.fetch(&world.caller(&berta), group).unwrap();
    assert_eq!(slice.entries.len(), 3);
    assert_eq!(slice.entries[1].statement, statement.bytes());
    // What the server folded is what the town folded.
    let head = world.town.states.head(&group.into()).unwrap().position;
    assert_eq!(slice.entries[2].position, head);
}

#[test]
fn a_repeated_request_succeeds_and_changes_nothing() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let group = world.group(&anna, &[(anna.member(), Role::Admin)]);
    let op = world.town.op_add(group, berta.member(), Role::Member);
    let add = world.town.say(&anna, group, op).unwrap();
    let request = world.request(&[add]);
    let caller = world.caller(&anna);
    let first = world.service.append(&caller, &request).unwrap();
    // Even after more has happened.
    let op = world.town.op_remove(group, &[berta.member()]);
    world.say(&anna, group, op);
    let size = world.town.log.len();
    let second = world.service.append(&caller, &request).unwrap();
    assert_eq!(second.entries[0].position, first.entries[0].position);
    let checkpoint = world.check_appended(&second);
    assert_eq!(checkpoint.size, u64::try_from(size).unwrap());
}

#[test]
fn whoever_comes_second_is_stale() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let group = world.group(&anna, &[(anna.member(), Role::Admin)]);
    let op = world.town.op_add(group, berta.member(), Role::Member);
    let add = world.town.says(&anna, group, op);
    let op = world.town.op_add(group, berta.member(), Role::Admin);
    let rival = world.town.says(&anna, group, op);
    let (add_request, rival_request) = (world.request(&[add]), world.request(&[rival]));
    let caller = world.caller(&anna);
    world.service.append(&caller, &add_request).unwrap();
    let refused = world.service.append(&caller, &rival_request);
    assert_eq!(
        refused,
        Err(DomainError::StaleStatement(Refusal::StaleParent))
    );
}

#[test]
fn a_seal_to_an_old_key_is_stale() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let grants = [(anna.member(), Rights::MANAGE)];
    let session = world.session(&anna, &grants);
    let op = world.town.op_grant(session, berta.member(), Rights::READ);
    let grant = world.town.says(&anna, session, op);
    let op = world.town.op_rotate_user(&berta);
    world.say(&berta, berta.id, op);
    let stale = Refusal::StaleRecipient(berta.member());
    assert_eq!(
        world.post(&anna, &[grant]),
        Err(DomainError::StaleStatement(stale))
    );
}

#[test]
fn all_statements_or_none() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let group = world.group(&anna, &[(anna.member(), Role::Admin)]);
    let op = world.town.op_add(group, berta.member(), Role::Member);
    let add = world.town.say(&anna, group, op).unwrap();
    let rename = world
        .town
        .says(&anna, group, Op::Rename(9, vec![0; 10].into()));
    let refused = world.post(&anna, &[add.clone(), rename]);
    assert_eq!(
        refused,
        Err(DomainError::StatementRefused(Refusal::BadName))
    );
    let slice = world.fetch(&world.caller(&anna), group).unwrap();
    assert_eq!(slice.entries.len(), 1);
    // The position that the refused statement would have had is free.
    let appended = world.post(&anna, &[add]).unwrap();
    let expected = world.town.states.head(&group.into()).unwrap().position;
    assert_eq!(appended.entries[0].position, expected);
}

#[test]
fn a_group_and_a_session_for_it_come_at_once() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let group = world
        .town
        .group(&anna, &[(anna.member(), Role::Admin)])
        .unwrap();
    let grants = [(group.into(), Rights::MANAGE)];
    let session = world.town.session(&anna, &grants).unwrap();
    let made = world.town.log[world.town.log.len() - 2..].to_vec();
    let appended = world.post(&anna, &made).unwrap();
    world.check_appended(&appended);
    let caller = world.caller(&anna);
    assert!(world.fetch(&caller, group).is_some() && world.fetch(&caller, session).is_some());
}

#[test]
fn the_boxes_are_those_that_the_statements_name() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let grants = [
        (anna.member(), Rights::MANAGE),
        (berta.member(), Rights::READ),
    ];
    let mut grants = grants.to_vec();
    grants.sort_by_key(|(member, _)| *member);
    let session = world.town.session(&anna, &grants).unwrap();
    let genesis = world.town.log.last().unwrap().clone();
    let op = world.town.op_rotate_session(session);
    let rotate = world.town.say(&anna, session, op).unwrap();
    let good = world.request(&[genesis, rotate]);
    assert_eq!(good.boxes.len(), 4);

    let changed = |index: usize, change: &dyn Fn(&mut SealedBox)| {
        let mut boxes = good.boxes.clone();
        let mut sealed = SealedBox::decode(&boxes[index]).unwrap();
        change(&mut sealed);
        boxes[index] = cbor::encode(&sealed);
        boxes
    };
    let other_content = SealedBox::decode(&good.boxes[0]).unwrap().sealed;
    let unasked = changed(0, &|sealed| sealed.epoch = 7).swap_remove(0);
    let bad = [
        vec![],
        good.boxes[..3].to_vec(),
        [good.boxes.clone(), vec![good.boxes[0].clone()]].concat(),
        [good.boxes.clone(), vec![b"no box".to_vec()]].concat(),
        [good.boxes.clone(), vec![unasked]].concat(),
        changed(0, &|sealed| sealed.epoch = 7),
        changed(0, &|sealed| sealed.member_epoch = 7),
        changed(0, &|sealed| sealed.ring = anna.id.into()),
        // Of a genesis the content is free; afterwards the statement names its hash.
        changed(2, &|sealed| sealed.sealed = other_content.clone()),
    ];
    let caller = world.caller(&anna);
    for boxes in bad {
        let request = Append {
            boxes,
            ..good.clone()
        };
        let refused = world.service.append(&caller, &request);
        assert_eq!(refused, Err(DomainError::BoxesRefused));
        assert!(world.fetch(&caller, session).is_none());
    }
    world.service.append(&caller, &good).unwrap();
}

#[test]
fn statements_come_from_their_authors() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let group = world.group(&anna, &[(anna.member(), Role::Admin)]);
    let op = world.town.op_rotate(group);
    let rotate = world.town.says(&anna, group, op);
    assert_eq!(
        world.post(&berta, std::slice::from_ref(&rotate)),
        Err(Refusal::NotAuthorised.into())
    );
    // Users and tenants do not come in by this door.
    world.town.person();
    let founded = world.town.log.last().unwrap().clone();
    assert_eq!(
        world.post(&anna, &[founded]),
        Err(Refusal::NotAuthorised.into())
    );
    let tenant = world.town.log[0].clone();
    assert_eq!(
        world.post(&anna, &[tenant]),
        Err(Refusal::NotAuthorised.into())
    );
}

#[test]
fn anybody_brings_what_the_tenant_signed() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let key = Ed25519SigningKey::generate(&mut world.town.rng).unwrap();
    let key = FixedBytes(*key.public().as_bytes());
    let op = Op::TenantAddKey(TenantKey::Token(key));
    let statement = world.town.tenant_says(op);
    world.post(&anna, &[statement]).unwrap();
    let fetched = world.service.tenant(&world.tenant(), 0).unwrap();
    world.check(&fetched);
    assert_eq!(fetched.chains[0].entries.len(), 2);
}

#[test]
fn a_stranger_a_removed_member_and_another_tenant_cannot_write() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let mut members = [(anna.member(), Role::Admin), (berta.member(), Role::Admin)];
    members.sort_by_key(|(member, _)| *member);
    let group = world.group(&anna, &members);
    let stranger = world.person("carla");
    let op = world.town.op_rotate(group);
    let by_stranger = world.town.says(&stranger, group, op);
    let refused = world.post(&stranger, &[by_stranger]);
    assert_eq!(refused, Err(Refusal::NotAuthorised.into()));

    let op = world.town.op_remove(group, &[berta.member()]);
    world.say(&anna, group, op);
    let op = world.town.op_rotate(group);
    let by_removed = world.town.says(&berta, group, op);
    let refused = world.post(&berta, &[by_removed]);
    assert_eq!(refused, Err(Refusal::NotAuthorised.into()));

    let op = world.town.op_rotate(group);
    let rotate = world.town.says(&anna, group, op);
    let request = world.request(&[rotate]);
    let mut elsewhere = world.caller(&anna);
    elsewhere.tenant = TenantId::from_bytes([1; 32]);
    let refused = world.service.append(&elsewhere, &request);
    assert_eq!(refused, Err(DomainError::NotFound));
    world
        .service
        .append(&world.caller(&anna), &request)
        .unwrap();
}

#[test]
fn a_revoked_device_cannot_write() {
    let mut world = World::new(1);
    let mut anna = world.person("anna");
    let group = world.group(&anna, &[(anna.member(), Role::Admin)]);
    let second = world.device(&anna);
    let op = world.town.op_revoke_device(&anna, &[second.member()]);
    world.say(&anna, anna.id, op);
    let op = world.town.op_rotate(group);
    anna.device = second;
    let rotate = world.town.says(&anna, group, op);
    let refused = world.post(&anna, &[rotate]);
    assert_eq!(refused, Err(Refusal::NotADevice.into()));
}

#[test]
fn so_many_statements_at_once_and_no_more() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let caller = world.caller(&anna);
    let mut request = world.request(&[]);
    assert!(matches!(
        world.service.append(&caller, &request),
        Err(DomainError::Malformed(_))
    ));
    request.statements = vec![Vec::new(); limits::MAX_TRANSACTION + 1];
    assert!(matches!(
        world.service.append(&caller, &request),
        Err(DomainError::Malformed(_))
    ));
}

/// Two groups that contained each other, one after the other: no order of chains folds them, only
/// the order of the log does.
#[test]
fn chains_are_read_again_whatever_contained_what() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let first = world.group(&anna, &[(anna.member(), Role::Admin)]);
    let second = world.group(&anna, &[(anna.member(), Role::Admin)]);
    for (outer, inner) in [(first, second), (second, first)] {
        let op = world.town.op_add(outer, inner.into(), Role::Admin);
        world.say(&anna, outer, op);
        let op = world.town.op_rotate(inner);
        world.say(&anna, inner, op);
        let op = world.town.op_remove(outer, &[inner.into()]);
        world.say(&anna, outer, op);
    }
    let mut world = world.restart();
    for group in [first, second] {
        let op = world.town.op_rotate(group);
        world.say(&anna, group, op);
    }
}
