//! Pages of the caller's rings.

use wardseal_protocol::op::{Rights, Role};
use wardseal_server_domain::{DomainError, keys::Page};
use wardseal_types::{MemberId, TenantId};

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
