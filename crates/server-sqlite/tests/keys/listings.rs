//! Pages of the caller's rings.

use wardseal_protocol::op::{Op, Rights, Role};
use wardseal_server_domain::{
    DomainError,
    keys::{Page, Wanted, WantedChildren},
};
use wardseal_types::{ChainId, MemberId, TenantId};

use crate::world::World;

const ALL: Page = Page {
    after: None,
    limit: 1000,
};

fn two<T>(a: (MemberId, T), b: (MemberId, T)) -> [(MemberId, T); 2] {
    if a.0 < b.0 { [a, b] } else { [b, a] }
}

#[test]
fn a_caller_sees_what_he_may_open_and_nothing_else() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let admin = (anna.member(), Role::Admin);
    let inner = world.group(&anna, &two(admin, (berta.member(), Role::Member)));
    let outer = world.group(&anna, &two(admin, (inner.into(), Role::Member)));
    let own = world.group(&anna, &[admin]);
    let manage = (anna.member(), Rights::MANAGE);
    let through = world.session(&anna, &two(manage, (outer.into(), Rights::READ)));
    let child = world.session(&anna, &two(manage, (through.into(), Rights::READ)));
    let hidden = world.session(&anna, &[(own.into(), Rights::MANAGE)]);
    let tenant = world.tenant();
    let groups = |world: &World, caller| -> Vec<_> {
        let listed = world.service.list_groups(caller, &tenant, ALL).unwrap();
        listed
            .entries
            .into_iter()
            .map(|entry| entry.group)
            .collect()
    };
    let sessions = |world: &World, caller| -> Vec<_> {
        let listed = world.service.list_sessions(caller, &tenant, ALL).unwrap();
        assert!(!listed.more);
        listed
            .entries
            .into_iter()
            .map(|entry| entry.session)
            .collect()
    };
    let (a, b) = (world.caller(&anna), world.caller(&berta));
    assert_eq!(groups(&world, &a), [inner, outer, own]);
    assert_eq!(groups(&world, &b), [inner, outer]);
    assert_eq!(sessions(&world, &a), [through, child, hidden]);
    assert_eq!(sessions(&world, &b), [through, child]);

    let op = world.town.op_remove(inner, &[berta.member()]);
    world.say(&anna, inner, op);
    assert_eq!(groups(&world, &b), []);
    assert_eq!(sessions(&world, &b), []);
    let op = world.town.op_grant(hidden, berta.member(), Rights::READ);
    world.say(&anna, hidden, op);
    assert_eq!(sessions(&world, &b), [hidden]);
}

#[test]
fn pages_follow_each_other() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let manage = [(anna.member(), Rights::MANAGE)];
    let all: Vec<_> = (0..5).map(|_| world.session(&anna, &manage)).collect();
    let op = world.town.op_rotate_session(all[1]);
    world.say(&anna, all[1], op);
    let caller = world.caller(&anna);
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = Page { after, limit: 2 };
        let listed = world
            .service
            .list_sessions(&caller, &world.tenant(), page)
            .unwrap();
        seen.extend(listed.entries.iter().map(|entry| entry.session));
        for entry in &listed.entries {
            let rotated = entry.session == all[1];
            assert_eq!(entry.seq, u64::from(rotated));
        }
        after = listed.entries.last().map(|entry| entry.position);
        if !listed.more {
            break;
        }
    }
    assert_eq!(seen, all);
}

#[test]
fn sessions_under_a_session_come_with_it_for_whoever_opens_them() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let cora = world.person("cora");
    let manage = (anna.member(), Rights::MANAGE);
    let case = world.session(&anna, &two(manage, (berta.member(), Rights::READ)));
    let under = (case.into(), Rights::READ);
    let children: Vec<_> = (0..3)
        .map(|_| world.session(&anna, &two(manage, under)))
        .collect();
    world.session(&anna, &[manage]);
    let op = world
        .town
        .op_grant(children[1], cora.member(), Rights::READ);
    world.say(&anna, children[1], op);

    let tenant = world.tenant();
    let wanted = |parent, after, limit| WantedChildren {
        parent,
        page: Page { after, limit },
    };
    let list = |world: &World, caller, wanted| {
        let listed = world.service.list_children(caller, &tenant, &wanted);
        let (listed, next) = listed.unwrap();
        let sessions: Vec<_> = listed.iter().map(|entry| entry.session).collect();
        (sessions, next)
    };
    let (a, b, c) = (
        world.caller(&anna),
        world.caller(&berta),
        world.caller(&cora),
    );
    for caller in [&a, &b] {
        let all = list(&world, caller, wanted(case, None, 1000));
        assert_eq!(all, (children.clone(), None));
    }
    // Who opens one of them sees that one, and no more of the case.
    let one = vec![children[1]];
    assert_eq!(list(&world, &c, wanted(case, None, 1000)), (one, None));
    let (first, next) = list(&world, &b, wanted(case, None, 2));
    assert_eq!(first, children[..2]);
    let (last, end) = list(&world, &b, wanted(case, next, 2));
    assert_eq!((last.as_slice(), end), (&children[2..], None));

    let fetch = |world: &World, caller, chains: &[Wanted], wanted| {
        let fetched = world
            .service
            .fetch_tree(caller, &tenant, chains, Some(&wanted), 0)
            .unwrap();
        world.check(&fetched);
        fetched
    };
    let chain = ChainId::from(case);
    let parent = [Wanted { chain, from: 0 }];
    let fetched = fetch(&world, &b, &parent, wanted(case, None, 1000));
    let ids: Vec<_> = fetched.chains.iter().map(|slice| slice.chain).collect();
    let expected = [case].into_iter().chain(children.iter().copied());
    assert_eq!(ids, expected.map(ChainId::from).collect::<Vec<_>>());
    assert!(fetched.chains.iter().all(|slice| slice.boxes.len() == 1));
    let found = fetched.children.unwrap();
    assert_eq!((&found.sessions, found.next), (&children, None));
    // What is wanted by itself comes once, from where it is wanted.
    let known = children[0].into();
    let known = [
        parent[0],
        Wanted {
            chain: known,
            from: 1,
        },
    ];
    let fetched = fetch(&world, &b, &known, wanted(case, None, 1));
    assert_eq!(fetched.chains.len(), 2);
    assert!(fetched.chains[1].entries.is_empty());
    assert_eq!(fetched.children.unwrap().sessions, children[..1]);
    let fetched = fetch(&world, &c, &parent, wanted(case, None, 1000));
    assert_eq!(fetched.chains.len(), 1);
    assert_eq!(fetched.children.unwrap().sessions, [children[1]]);

    for limit in [0, 1001] {
        let wanted = wanted(case, None, limit);
        let refused = world.service.list_children(&a, &tenant, &wanted);
        assert!(matches!(refused, Err(DomainError::Malformed(_))));
        let refused = world
            .service
            .fetch_tree(&a, &tenant, &parent, Some(&wanted), 0);
        assert!(matches!(refused, Err(DomainError::Malformed(_))));
    }
    let mut stranger = a;
    stranger.tenant = TenantId::from_bytes([1; 32]);
    let wanted_all = wanted(case, None, 1000);
    let refused = world.service.list_children(&stranger, &tenant, &wanted_all);
    assert_eq!(refused, Err(DomainError::NotFound));

    // The case ends: nobody is shown it, nor what was open through it.
    world.say(&anna, case, Op::End);
    for caller in [&a, &b, &c] {
        assert_eq!(world.fetch(caller, case), None);
    }
    assert_eq!(list(&world, &b, wanted(case, None, 1000)), (vec![], None));
    assert_eq!(list(&world, &a, wanted(case, None, 1000)).0, children);
    let listed = world.service.list_sessions(&b, &tenant, ALL).unwrap();
    assert!(listed.entries.is_empty());
}

#[test]
fn a_page_has_a_size_and_a_tenant() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let mut caller = world.caller(&anna);
    let tenant = world.tenant();
    for limit in [0, 1001] {
        let page = Page { after: None, limit };
        let refused = world.service.list_groups(&caller, &tenant, page);
        assert!(matches!(refused, Err(DomainError::Malformed(_))));
    }
    caller.tenant = TenantId::from_bytes([1; 32]);
    let refused = world.service.list_groups(&caller, &tenant, ALL);
    assert_eq!(refused, Err(DomainError::NotFound));
    let refused = world.service.list_sessions(&caller, &tenant, ALL);
    assert_eq!(refused, Err(DomainError::NotFound));
}
