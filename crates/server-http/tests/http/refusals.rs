//! Every problem that the key server has for a request of the right form.

use wardseal_api::{
    Problem, ProblemCode as Code,
    keys::{
        CreateTenant, CreateTenantRequest, Evaluate, EvaluateRequest, Fetch, FetchRequest,
        GetTenant, SignIn, SignUp, SignUpRequest, TenantRequest,
    },
};
use wardseal_password::{oprf::Blind, password::Password};
use wardseal_protocol::op::{Op, Role};
use wardseal_server_domain::tenants::TenantPolicy;
use wardseal_testkit::seeded;
use wardseal_types::{FixedBytes, TenantId};

use crate::world::World;

fn code<T: std::fmt::Debug>(result: Result<T, Problem>) -> Code {
    result.unwrap_err().code
}

#[test]
fn tenants_that_are_not_accepted() {
    let world = World::admitting(40, TenantPolicy::Closed);
    assert_eq!(code(world.create_tenant()), Code::RegistrationClosed);
    let other = TenantId::from_bytes([1; 32]);
    let world = World::admitting(40, TenantPolicy::Listed([other].into()));
    assert_eq!(code(world.create_tenant()), Code::RegistrationClosed);
    let world = World::admitting(40, TenantPolicy::Listed([world.town.tenant].into()));
    world.create_tenant().unwrap();
}

#[test]
fn tenants_that_are_not_there() {
    let world = World::new(41);
    let tenant = TenantId::from_bytes([1; 32]);
    let asked = TenantRequest {
        tenant,
        log_size: 0,
    };
    assert_eq!(
        code(world.keys::<GetTenant>(None, &asked)),
        Code::UnknownTenant
    );
    let (_, blinded) = Blind::start(
        &Password::new("vier blaue Hunde").unwrap(),
        b"anna",
        &mut seeded(1),
    )
    .unwrap();
    let mut asked = EvaluateRequest {
        tenant,
        name: FixedBytes([0; 32]),
        blinded: blinded.into(),
    };
    assert_eq!(
        code(world.keys::<Evaluate>(None, &asked)),
        Code::UnknownTenant
    );
    asked.blinded.0.pop();
    assert_eq!(
        code(world.keys::<Evaluate>(None, &asked)),
        Code::MalformedRequest
    );
}

#[test]
fn statements_that_the_rules_refuse_say_by_which() {
    let mut world = World::new(42);
    let (anna, token) = world.person("anna");
    let garbage = CreateTenantRequest {
        statement: vec![1, 2, 3].into(),
    };
    let problem = world.keys::<CreateTenant>(None, &garbage).unwrap_err();
    assert_eq!(problem.code, Code::StatementRefused);
    assert!(problem.refusal.is_some());

    // Somebody who has no right to it ends a group.
    let group = world
        .town
        .creates_group(&anna, &[(anna.member(), Role::Admin)]);
    world.town.append(&group).unwrap();
    world.append(&token, std::slice::from_ref(&group)).unwrap();
    let (berta, token) = world.person("berta");
    let end = world.town.says(&berta, group.chain(), Op::Dissolve);
    let problem = world.append(&token, &[end]).unwrap_err();
    assert_eq!(problem.code, Code::StatementRefused);
    assert_eq!(problem.refusal.as_deref(), Some("not_authorised"));
}

#[test]
fn whoever_comes_second_is_told_to_look_again() {
    let mut world = World::new(43);
    let (anna, token) = world.person("anna");
    let group = world
        .town
        .creates_group(&anna, &[(anna.member(), Role::Admin)]);
    world.town.append(&group).unwrap();
    world.append(&token, std::slice::from_ref(&group)).unwrap();
    let id = group.group().unwrap();
    let rotation = world.town.op_rotate(id);
    let late = world.town.says(&anna, id, rotation);
    let rotation = world.town.op_rotate(id);
    let early = world.town.say(&anna, id, rotation).unwrap();
    world.append(&token, std::slice::from_ref(&early)).unwrap();
    let problem = world
        .append(&token, std::slice::from_ref(&late))
        .unwrap_err();
    assert_eq!(problem.code, Code::StaleStatement);
    assert_eq!(problem.refusal.as_deref(), Some("stale_parent"));
}

#[test]
fn boxes_that_are_not_those_of_the_statement() {
    let mut world = World::new(44);
    let (anna, token) = world.person("anna");
    let group = world
        .town
        .creates_group(&anna, &[(anna.member(), Role::Admin)]);
    world.town.append(&group).unwrap();
    let mut request = world.request(std::slice::from_ref(&group));
    request.boxes.clear();
    let problem = world
        .keys::<wardseal_api::keys::Append>(Some(&token), &request)
        .unwrap_err();
    assert_eq!(problem.code, Code::BoxesRefused);
}

#[test]
fn names_that_cannot_be_had() {
    let mut world = World::new(45);
    let sign_up =
        |world: &World, request: &SignUpRequest| code(world.keys::<SignUp>(None, request));
    let (_, request) = world.newcomer("anna", |claims| claims.exp = 1_600_000_000);
    assert_eq!(sign_up(&world, &request), Code::BindingExpired);
    let (_, request) = world.newcomer("anna", |claims| claims.aud = "somebody".into());
    assert_eq!(sign_up(&world, &request), Code::BindingRefused);
    world.person("anna");
    let (_, request) = world.newcomer("anna", |_| {});
    assert_eq!(sign_up(&world, &request), Code::NameTaken);
}

#[test]
fn devices_that_may_not_sign_in() {
    let mut world = World::new(46);
    let (anna, _) = world.person("anna");
    let (berta, _) = world.person("berta");
    let challenge = world.challenge(&anna).unwrap();
    let mut answer = world.answer(&anna, &challenge);
    answer.signature.0[3] ^= 1;
    assert_eq!(
        code(world.keys::<SignIn>(None, &answer)),
        Code::SignInRefused
    );
    // A challenge is for whom it was given.
    let answer = world.answer(&berta, &challenge);
    assert_eq!(
        code(world.keys::<SignIn>(None, &answer)),
        Code::ChallengeExpired
    );
    // Somebody of whom the server does not know.
    let stranger = world.town.person();
    assert_eq!(code(world.sign_in(&stranger)), Code::SignInRefused);
    // Too late.
    let answer = world.answer(&anna, &challenge);
    world.servers.clock.advance(121_000);
    assert_eq!(
        code(world.keys::<SignIn>(None, &answer)),
        Code::ChallengeExpired
    );
}

#[test]
fn another_tenant_is_nowhere() {
    let mut world = World::new(47);
    let (_, token) = world.person("anna");
    let asked = FetchRequest {
        tenant: TenantId::from_bytes([1; 32]),
        chains: Vec::new(),
        log_size: 0,
        children: None,
    };
    assert_eq!(
        code(world.keys::<Fetch>(Some(&token), &asked)),
        Code::NotFound
    );
}

#[test]
fn guesses_at_a_name_are_limited() {
    let world = World::new(48);
    let password = Password::new("vier blaue Hunde").unwrap();
    let (_, blinded) = Blind::start(&password, b"anna", &mut seeded(1)).unwrap();
    let asked = EvaluateRequest {
        tenant: world.town.tenant,
        name: world.index("anna"),
        blinded: blinded.into(),
    };
    for _ in 0..10 {
        world.keys::<Evaluate>(None, &asked).unwrap();
    }
    let problem = world.keys::<Evaluate>(None, &asked).unwrap_err();
    assert_eq!(problem.code, Code::TooManyAttempts);
    assert_eq!(problem.retry_after, Some(360));
    world.servers.clock.advance(360_000);
    world.keys::<Evaluate>(None, &asked).unwrap();
}
