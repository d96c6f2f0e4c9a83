//! Tenants, and users with the names that tenants bind.

use std::collections::BTreeSet;

use wardseal_protocol::{Refusal, binding::TokenError, statement::Statement};
use wardseal_server_domain::{DomainError, keys::Append, tenants::TenantPolicy};
use wardseal_testkit::Town;
use wardseal_types::{FixedBytes, TenantId, Timestamp};

use crate::world::{World, start};

fn genesis(world: &World) -> Vec<u8> {
    world.town.log[0].bytes().to_vec()
}

#[test]
fn a_tenant_registers_once_and_repeats_freely() {
    let world = World::empty(1, TenantPolicy::Open);
    let first = world.service.create_tenant(&genesis(&world)).unwrap();
    assert_eq!(first.entries[0].position, 0);
    assert_eq!(world.check_appended(&first).size, 1);
    let second = world.service.create_tenant(&genesis(&world)).unwrap();
    assert_eq!(first, second);
    let fetched = world.service.tenant(&world.tenant(), 0).unwrap();
    world.check(&fetched);
    assert_eq!(fetched.chains[0].entries, first.entries);
}

#[test]
fn the_operator_decides_which_tenants_register() {
    let world = World::empty(1, TenantPolicy::Closed);
    let refused = world.service.create_tenant(&genesis(&world));
    assert_eq!(refused, Err(DomainError::RegistrationClosed));
    assert_eq!(
        world.service.tenant(&world.tenant(), 0),
        Err(DomainError::UnknownTenant)
    );

    let other = BTreeSet::from([TenantId::from_bytes([1; 32])]);
    let world = World::empty(1, TenantPolicy::Listed(other));
    let refused = world.service.create_tenant(&genesis(&world));
    assert_eq!(refused, Err(DomainError::RegistrationClosed));

    let this = BTreeSet::from([Town::new(1).tenant]);
    let world = World::empty(1, TenantPolicy::Listed(this));
    world.service.create_tenant(&genesis(&world)).unwrap();
}

#[test]
fn a_closed_server_goes_on_for_the_tenants_that_it_has() {
    let mut world = World::new(1);
    drop(world.service);
    world.service = start(
        &world.town,
        &world.store,
        &world.clock,
        TenantPolicy::Closed,
    )
    .unwrap();
    world.service.create_tenant(&genesis(&world)).unwrap();
    world.person("anna");
}

#[test]
fn a_tenant_must_name_the_log_key_of_this_server() {
    let world = World::empty(1, TenantPolicy::Open);
    let elsewhere = Town::new(2);
    let refused = world.service.create_tenant(elsewhere.log[0].bytes());
    assert_eq!(refused, Err(Refusal::BadTenantKeys.into()));
}

#[test]
fn only_the_genesis_of_a_tenant_creates_one() {
    let mut world = World::new(1);
    world.town.person();
    let statement = world.town.log[1].bytes().to_vec();
    assert_eq!(
        world.service.create_tenant(&statement),
        Err(Refusal::WrongChain.into())
    );
    assert!(matches!(
        world.service.create_tenant(b"no statement"),
        Err(DomainError::StatementRefused(Refusal::Decode(_)))
    ));
    let mut changed = genesis(&world);
    *changed.last_mut().unwrap() ^= 1;
    // The identifier does not cover the signature: this is the same tenant, signed badly.
    assert_eq!(
        world.service.create_tenant(&changed),
        Err(Refusal::StaleParent.into())
    );
    let fresh = World::empty(1, TenantPolicy::Open);
    assert_eq!(
        fresh.service.create_tenant(&changed),
        Err(Refusal::BadSignature.into())
    );
}

#[test]
fn a_database_with_other_secrets_is_refused() {
    let world = World::new(1);
    let refused = start(
        &Town::new(2),
        &world.store,
        &world.clock,
        TenantPolicy::Open,
    );
    assert!(matches!(refused, Err(DomainError::Internal(_))));
}

#[test]
fn a_user_signs_up_and_is_found() {
    let mut world = World::new(1);
    let (person, request, salt) = world.newcomer("anna");
    let first = world.service.sign_up(&request, salt).unwrap();
    world.check_appended(&first);
    // Again, even when the token has expired long since.
    world.clock.advance(1000 * 3600 * 1000);
    let second = world.service.sign_up(&request, salt).unwrap();
    assert_eq!(first.entries, second.entries);

    let name = wardseal_protocol::binding::index(&world.tenant(), "anna");
    let nobody = FixedBytes([7; 32]);
    let caller = world.caller(&person);
    let found = world
        .service
        .lookup(&caller, &world.tenant(), &[nobody, name])
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].name, found[0].holder, found[0].salt),
        (name, person.id.into(), salt)
    );
}

#[test]
fn a_name_has_one_user() {
    let mut world = World::new(1);
    world.person("anna");
    let (_, request, salt) = world.newcomer("anna");
    assert_eq!(
        world.service.sign_up(&request, salt),
        Err(DomainError::NameTaken)
    );
}

#[test]
fn a_token_is_presented_in_its_time() {
    let mut world = World::new(1);
    let (_, request, salt) = world.newcomer("anna");
    let good = world.town.now;
    // The claims are valid for an hour, and clocks may differ by five minutes.
    for (seconds, expected) in [
        (3600 + 301, TokenError::Expired),
        (0, TokenError::NotYetValid),
    ] {
        let now = match expected {
            TokenError::Expired => good.plus_millis(seconds * 1000),
            _ => Timestamp::from_seconds(good.seconds() - 301),
        };
        world.clock.set(now);
        let refused = world.service.sign_up(&request, salt);
        assert_eq!(refused, Err(DomainError::BindingExpired(expected)));
    }
    world.clock.set(good.plus_millis((3600 + 300) * 1000));
    world.service.sign_up(&request, salt).unwrap();
}

#[test]
fn a_token_of_another_tenant_user_or_name_is_refused() {
    let mut world = World::new(1);
    let person = world.town.person();
    let other = world.town.person();
    let genesis = world.town.log[1].clone();
    let refused = |world: &World, bind: Statement| {
        let request = world.request(&[genesis.clone(), bind]);
        world.service.sign_up(&request, FixedBytes([0; 32]))
    };
    let (mut claims, _) = world.claims(&other, "anna");
    let bind = world.bind(&person, &claims);
    let wrong = Err(DomainError::BindingRefused(TokenError::WrongSubject));
    assert_eq!(refused(&world, bind), wrong);

    claims.sub = person.id.into();
    claims.iss = TenantId::from_bytes([1; 32]);
    let bind = world.bind(&person, &claims);
    assert_eq!(refused(&world, bind), wrong);

    claims.iss = world.tenant();
    let foreign = Town::new(2);
    let token = foreign.signed(&claims).into_bytes().into();
    let op = wardseal_protocol::op::Op::Bind(claims.cmt, token);
    let bind = world.town.says(&person, person.id, op);
    let unknown = Err(DomainError::BindingRefused(TokenError::UnknownKey));
    assert_eq!(refused(&world, bind), unknown);
}

#[test]
fn a_sign_up_has_its_two_statements_and_no_others() {
    let mut world = World::new(1);
    let (_, request, salt) = world.newcomer("anna");
    let (_, other, _) = world.newcomer("berta");
    let cut = |statements: Vec<Vec<u8>>| Append {
        statements,
        ..request.clone()
    };
    let mut reversed = request.statements.clone();
    reversed.reverse();
    for statements in [
        vec![],
        request.statements[..1].to_vec(),
        reversed,
        [request.statements.clone(), other.statements.clone()].concat(),
        vec![request.statements[0].clone(), other.statements[1].clone()],
    ] {
        let refused = world.service.sign_up(&cut(statements), salt);
        assert!(
            matches!(refused, Err(DomainError::Malformed(_))),
            "{refused:?}"
        );
    }
    world.service.sign_up(&request, salt).unwrap();
}

#[test]
fn nobody_signs_up_at_an_unknown_tenant() {
    let mut world = World::empty(1, TenantPolicy::Open);
    let (_, request, salt) = world.newcomer("anna");
    assert_eq!(
        world.service.sign_up(&request, salt),
        Err(DomainError::UnknownTenant)
    );
    let elsewhere = Append {
        tenant: TenantId::from_bytes([1; 32]),
        ..request
    };
    let refused = world.service.sign_up(&elsewhere, salt);
    assert_eq!(refused, Err(Refusal::WrongTenant.into()));
}

#[test]
fn a_binding_is_renewed_but_not_changed_without_its_salt() {
    let mut world = World::new(1);
    let (anna, request, salt) = world.newcomer("anna");
    world.service.sign_up(&request, salt).unwrap();
    world.person("berta");

    let renewed = world.town.claims(anna.id, salt.as_array(), "anna");
    let bind = world.bind(&anna, &renewed);
    world.post(&anna, std::slice::from_ref(&bind)).unwrap();
    world.town.append(&bind).unwrap();

    let taken = world.town.claims(anna.id, salt.as_array(), "berta");
    let bind = world.bind(&anna, &taken);
    assert_eq!(world.post(&anna, &[bind]), Err(DomainError::NameTaken));

    let wrong = Err(DomainError::BindingRefused(TokenError::WrongSubject));
    for (salt, name) in [(salt.0, "clara"), ([9; 32], "anna")] {
        let claims = world.town.claims(anna.id, &salt, name);
        let bind = world.bind(&anna, &claims);
        assert_eq!(world.post(&anna, &[bind]), wrong);
    }

    world.clock.advance(2 * 3600 * 1000);
    let late = world.bind(&anna, &renewed);
    let expired = Err(DomainError::BindingExpired(TokenError::Expired));
    assert_eq!(world.post(&anna, &[late]), expired);
}
