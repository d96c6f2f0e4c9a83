//! Every operation of the key server as it is meant to be used.

use wardseal_api::keys::{
    ChainRequest, Evaluate, EvaluateNew, EvaluateNewRequest, EvaluateRequest, Fetch, FetchRequest,
    GetServer, GetTenant, ListGroups, ListRequest, ListSessions, Lookup, LookupRequest,
    TenantRequest,
};
use wardseal_password::{
    oprf::{Blind, OprfPublicKey},
    password::Password,
};
use wardseal_protocol::op::{Rights, Role};
use wardseal_testkit::{Servers, seeded};
use wardseal_types::{FixedBytes, Timestamp};

use crate::world::World;

#[test]
fn a_server_says_what_it_is() {
    let world = World::new(30);
    let info = world.keys::<GetServer>(None, &()).unwrap();
    assert_eq!(info.audience, world.servers.keys_url());
    assert_eq!(info.time, Timestamp::from_seconds(1_700_000_000));
    assert_eq!((info.keys, info.vault, info.protocol), (true, false, 1));
    let expected = Servers::log_key().public().to_bytes();
    assert_eq!(info.log_key.unwrap().as_array().as_slice(), expected);
    assert_eq!(info.vault_key, None);
}

#[test]
fn a_tenant_is_made_once_and_read_by_everybody() {
    let world = World::new(31);
    let first = world.create_tenant().unwrap();
    assert_eq!(first.entries[0].position, 0);
    let fetched = world
        .keys::<GetTenant>(
            None,
            &TenantRequest {
                tenant: world.town.tenant,
                log_size: 0,
            },
        )
        .unwrap();
    assert_eq!(fetched.chains[0].entries, first.entries);
    assert!(fetched.log.checkpoint.contains('\n'));
}

#[test]
fn a_person_makes_a_group_and_shares_a_session_with_it() {
    let mut world = World::new(32);
    let (anna, token) = world.person("anna");
    let (berta, other) = world.person("berta");
    let members = [(anna.member(), Role::Admin), (berta.member(), Role::Member)];
    let group = world.town.creates_group(&anna, &members);
    world.town.append(&group).unwrap();
    let request = world.request(std::slice::from_ref(&group));
    let appended = world.append(&token, std::slice::from_ref(&group)).unwrap();
    assert_eq!(appended.entries[0].position, 5);
    assert_eq!(request.boxes.len(), 2);
    // Repeated, it succeeds and says the same.
    let again = world.append(&token, std::slice::from_ref(&group)).unwrap();
    assert_eq!(again.entries[0].position, 5);

    let id = group.group().unwrap();
    let rights = [(id.into(), Rights::MANAGE)];
    let session = world.town.creates_session(&anna, &rights);
    world.town.append(&session).unwrap();
    world
        .append(&token, std::slice::from_ref(&session))
        .unwrap();

    let tenant = world.town.tenant;
    let fetched = world
        .keys::<Fetch>(
            Some(&other),
            &FetchRequest {
                tenant,
                chains: [group.chain(), session.chain()]
                    .map(|chain| ChainRequest { chain, from: 0 })
                    .into(),
                log_size: 3,
                children: None,
            },
        )
        .unwrap();
    assert_eq!(fetched.chains.len(), 2);
    assert_eq!(
        fetched.chains[0].entries[0].statement.as_slice(),
        group.bytes()
    );
    assert_eq!(fetched.chains[0].boxes.len(), 1);
    assert!(request.boxes.contains(&fetched.chains[0].boxes[0]));
    assert_eq!(fetched.chains[1].boxes.len(), 1);
    assert!(!fetched.log.consistency.is_empty());

    let page = ListRequest {
        tenant,
        after: None,
        limit: 10,
        parent: None,
    };
    let groups = world.keys::<ListGroups>(Some(&other), &page).unwrap();
    assert_eq!((groups.groups[0].group, groups.more), (id, false));
    let sessions = world.keys::<ListSessions>(Some(&other), &page).unwrap();
    assert_eq!(sessions.sessions[0].session, session.session().unwrap());
    let (_, stranger) = world.person("cora");
    let sessions = world.keys::<ListSessions>(Some(&stranger), &page).unwrap();
    assert!(sessions.sessions.is_empty());
}

#[test]
fn names_are_found_by_those_who_signed_in() {
    let mut world = World::new(33);
    let (anna, token) = world.person("anna");
    let found = world
        .keys::<Lookup>(
            Some(&token),
            &LookupRequest {
                tenant: world.town.tenant,
                names: vec![world.index("nobody"), world.index("anna")],
            },
        )
        .unwrap();
    assert_eq!(found.found.len(), 1);
    assert_eq!(found.found[0].holder, anna.id.into());
    assert_eq!(found.found[0].name, world.index("anna"));
}

#[test]
fn a_blinded_password_is_evaluated_and_proven() {
    let mut world = World::new(34);
    let (_, token) = world.person("anna");
    let tenant = world.town.tenant;
    let password = Password::new("vier blaue Hunde im Schnee").unwrap();
    let (blind, request) = Blind::start(&password, b"anna", &mut seeded(1)).unwrap();
    let record = FixedBytes([7; 32]);
    let new = world
        .keys::<EvaluateNew>(
            Some(&token),
            &EvaluateNewRequest {
                tenant,
                record,
                blinded: request.clone().into(),
            },
        )
        .unwrap();
    assert_eq!(new.record, record);
    let key = OprfPublicKey::from_bytes(new.oprf_key.as_array()).unwrap();
    blind.finish(new.evaluation.as_slice(), &key).unwrap();
    // A name that nobody has gets an answer of the same form, and always the same record.
    let unknown = EvaluateRequest {
        tenant,
        name: world.index("nobody"),
        blinded: request.into(),
    };
    let one = world.keys::<Evaluate>(None, &unknown).unwrap();
    let two = world.keys::<Evaluate>(None, &unknown).unwrap();
    assert_eq!(
        one.evaluation.as_slice().len(),
        new.evaluation.as_slice().len()
    );
    assert_eq!((one.record, one.oprf_key), (two.record, two.oprf_key));
    assert_ne!(one.record, record);
}
