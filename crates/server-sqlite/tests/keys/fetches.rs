//! What is shown to whom.

use wardseal_protocol::op::{Rights, Role};
use wardseal_server_domain::{
    DomainError,
    keys::{Caller, Wanted},
};
use wardseal_types::{ChainId, FixedBytes, MemberId, SessionId, TenantId};

use crate::world::World;

fn sorted<T>(pairs: &[(MemberId, T)]) -> Vec<(MemberId, T)>
where
    T: Copy,
{
    let mut pairs = pairs.to_vec();
    pairs.sort_by_key(|(member, _)| *member);
    pairs
}

#[test]
fn users_and_groups_are_open_to_the_tenant_and_sessions_are_not() {
    let mut world = World::new(1);
    let (anna, stranger) = (world.person("anna"), world.person("carla"));
    let group = world.group(&anna, &[(anna.member(), Role::Admin)]);
    let session = world.session(&anna, &[(group.into(), Rights::MANAGE)]);
    let caller = world.caller(&stranger);
    let of = |chain| world.fetch(&caller, chain);
    let user = of(ChainId::User(anna.id)).unwrap();
    assert_eq!((user.entries.len(), user.boxes.len()), (2, 0));
    let group = of(ChainId::Group(group)).unwrap();
    assert_eq!((group.entries.len(), group.boxes.len()), (1, 0));
    assert_eq!(
        of(ChainId::Tenant(world.tenant())).unwrap().entries.len(),
        1
    );
    assert_eq!(of(ChainId::Session(session)), None);
    // What does not exist looks the same.
    assert_eq!(of(ChainId::Session(SessionId::from_bytes([1; 32]))), None);
    assert!(world.fetch(&world.caller(&anna), session).is_some());
}

#[test]
fn another_tenant_gets_nothing() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let elsewhere = Caller {
        tenant: TenantId::from_bytes([1; 32]),
        ..world.caller(&anna)
    };
    let tenant = world.tenant();
    let wanted = [Wanted {
        chain: anna.id.into(),
        from: 0,
    }];
    let refused = world.service.fetch(&elsewhere, &tenant, &wanted, 0);
    assert_eq!(refused, Err(DomainError::NotFound));
    let name = FixedBytes([0; 32]);
    let refused = world.service.lookup(&elsewhere, &tenant, &[name]);
    assert_eq!(refused, Err(DomainError::NotFound));
}

#[test]
fn a_fetch_has_an_order_a_start_and_a_limit() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let group = world.group(&anna, &[(anna.member(), Role::Admin)]);
    let caller = world.caller(&anna);
    let missing = ChainId::Session(SessionId::from_bytes([1; 32]));
    let wanted = [
        (ChainId::Group(group), 1),
        (missing, 0),
        (ChainId::User(anna.id), 1),
    ]
    .map(|(chain, from)| Wanted { chain, from });
    let fetched = world
        .service
        .fetch(&caller, &world.tenant(), &wanted, 0)
        .unwrap();
    let [group_slice, user_slice] = fetched.chains.as_slice() else {
        panic!("two chains");
    };
    // The caller has it all: no statements, and still the box.
    assert_eq!(group_slice.chain, group.into());
    assert_eq!((group_slice.entries.len(), group_slice.boxes.len()), (0, 1));
    assert_eq!(user_slice.chain, anna.id.into());
    assert_eq!((user_slice.entries.len(), user_slice.boxes.len()), (1, 1));

    let many = vec![wanted[0]; 1001];
    let refused = world.service.fetch(&caller, &world.tenant(), &many, 0);
    assert!(matches!(refused, Err(DomainError::Malformed(_))));
    let names = vec![FixedBytes([0; 32]); 1001];
    let refused = world.service.lookup(&caller, &world.tenant(), &names);
    assert!(matches!(refused, Err(DomainError::Malformed(_))));
}

#[test]
fn a_device_gets_its_own_box_of_its_own_user() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let second = world.device(&anna);
    let of = |device| Caller {
        device,
        ..world.caller(&anna)
    };
    for device in [anna.device.id, second.id] {
        let slice = world.fetch(&of(device), anna.id).unwrap();
        assert_eq!(World::places(&slice), [(0, MemberId::Device(device))]);
    }
    let slice = world.fetch(&world.caller(&berta), anna.id).unwrap();
    assert_eq!(World::places(&slice), []);
}

#[test]
fn boxes_come_through_groups_and_parents() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let inner = world.group(
        &anna,
        &sorted(&[(anna.member(), Role::Admin), (berta.member(), Role::Member)]),
    );
    let outer = world.group(
        &anna,
        &sorted(&[(anna.member(), Role::Admin), (inner.into(), Role::Member)]),
    );
    let grants = sorted(&[
        (anna.member(), Rights::MANAGE),
        (outer.into(), Rights::READ),
    ]);
    let parent = world.session(&anna, &grants);
    let grants = sorted(&[
        (anna.member(), Rights::MANAGE),
        (parent.into(), Rights::READ),
    ]);
    let child = world.session(&anna, &grants);

    let caller = world.caller(&berta);
    let places = |chain: ChainId| World::places(&world.fetch(&caller, chain).unwrap());
    assert_eq!(places(inner.into()), [(0, berta.member())]);
    assert_eq!(places(outer.into()), [(0, inner.into())]);
    assert_eq!(places(parent.into()), [(0, outer.into())]);
    assert_eq!(places(child.into()), [(0, parent.into())]);
    // Whoever has several ways gets the boxes of all.
    let slice = world.fetch(&world.caller(&anna), outer).unwrap();
    let mut expected = vec![(0, anna.member()), (0, inner.into())];
    expected.sort();
    assert_eq!(World::places(&slice), expected);
}

#[test]
fn only_epochs_that_no_link_reaches_come_with_boxes() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let group = world.group(&anna, &[(anna.member(), Role::Admin)]);
    let op = world.town.op_rotate(group);
    world.say(&anna, group, op);
    let op = world.town.op_join(group, berta.member(), Role::Member);
    world.say(&anna, group, op);
    let op = world.town.op_rotate(group);
    world.say(&anna, group, op);
    // Epochs: 0, 1 with link, 2 without, 3 with link.
    let slice = world.fetch(&world.caller(&anna), group).unwrap();
    assert_eq!(
        World::places(&slice),
        [(1, anna.member()), (3, anna.member())]
    );
    let slice = world.fetch(&world.caller(&berta), group).unwrap();
    assert_eq!(World::places(&slice), [(3, berta.member())]);
}

#[test]
fn a_removed_member_gets_nothing_more() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let group = world.group(&anna, &[(anna.member(), Role::Admin)]);
    let op = world.town.op_add(group, berta.member(), Role::Admin);
    world.say(&anna, group, op);
    // An epoch without link, so that a box of the past would be worth something.
    let carla = world.person("carla");
    let op = world.town.op_join(group, carla.member(), Role::Member);
    world.say(&anna, group, op);
    let session = world.session(&anna, &[(group.into(), Rights::MANAGE)]);
    let child = world.session(
        &anna,
        &sorted(&[
            (anna.member(), Rights::MANAGE),
            (session.into(), Rights::READ),
        ]),
    );
    let direct = world.session(
        &anna,
        &sorted(&[
            (anna.member(), Rights::MANAGE),
            (berta.member(), Rights::READ),
        ]),
    );
    let caller = world.caller(&berta);
    assert_eq!(world.fetch(&caller, group).unwrap().boxes.len(), 2);
    for session in [session, child, direct] {
        assert_eq!(world.fetch(&caller, session).unwrap().boxes.len(), 1);
    }

    let op = world.town.op_remove(group, &[berta.member()]);
    world.say(&anna, group, op);
    let op = world.town.op_revoke(direct, &[berta.member()]);
    world.say(&anna, direct, op);
    assert_eq!(
        world.fetch(&caller, group).unwrap().boxes,
        Vec::<Vec<u8>>::new()
    );
    for session in [session, child, direct] {
        assert_eq!(world.fetch(&caller, session), None);
    }
    // And the same after a new start.
    let world = world.restart();
    assert_eq!(
        world.fetch(&caller, group).unwrap().boxes,
        Vec::<Vec<u8>>::new()
    );
    assert_eq!(world.fetch(&caller, session), None);
    assert!(world.fetch(&world.caller(&anna), child).is_some());
}

#[test]
fn boxes_open_what_was_sealed() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let session = world.session(
        &anna,
        &sorted(&[
            (anna.member(), Rights::MANAGE),
            (berta.member(), Rights::READ),
        ]),
    );
    let slice = world.fetch(&world.caller(&berta), session).unwrap();
    let sealed = wardseal_protocol::ring::SealedBox::decode(&slice.boxes[0]).unwrap();
    let reference = world.town.reference(berta.member());
    let context = world.town.context(session.into(), 0, &reference);
    let state = world.town.states.chain(&session.into()).unwrap();
    let commitment = state.epochs().unwrap()[0].declared.commitment;
    let seed = world.town.newest(berta.id);
    let opener = wardseal_protocol::ring::Opener::Ring(seed);
    let opened = context.open(&sealed, opener, &commitment).unwrap();
    assert!(opened.secret().ct_eq(world.town.newest(session).secret()));
}
