//! Names of groups, and a name that goes over to a new identity.

use wardseal_protocol::{
    Refusal,
    binding::TokenError,
    op::{Op, Role},
    statement::Statement,
};
use wardseal_server_domain::{DomainError, keys::Found};
use wardseal_testkit::Person;
use wardseal_types::{Base64Url, FixedBytes, GroupId, NamedId, UserId};

use crate::world::World;

const SALT: [u8; 32] = [6; 32];
const NAME: &str = "finess:750000001";

/// The statement by which `author` binds a name to a group, and the salt of it.
fn binds(world: &mut World, author: &Person, group: GroupId, name: &str) -> Statement {
    let claims = world.town.claims(group, &SALT, name);
    let token = Base64Url::from(world.town.signed(&claims).into_bytes());
    let op = Op::GroupBind(claims.cmt, token);
    world.town.says(author, group, op)
}

fn post(
    world: &World,
    author: &Person,
    statement: &Statement,
    salt: Option<[u8; 32]>,
) -> Result<(), DomainError> {
    let mut request = world.request(std::slice::from_ref(statement));
    request.salt = salt.map(FixedBytes);
    let caller = world.caller(author);
    world.service.append(&caller, &request).map(|_| ())
}

fn found(world: &World, author: &Person, name: &str) -> Vec<Found> {
    let index = wardseal_protocol::binding::index(&world.tenant(), name);
    let caller = world.caller(author);
    world
        .service
        .lookup(&caller, &world.tenant(), &[index])
        .unwrap()
}

#[test]
fn a_group_has_a_name_and_is_found_by_it() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let members = [(anna.member(), Role::Admin), (berta.member(), Role::Member)];
    let group = world.group(&anna, &members);
    let statement = binds(&mut world, &anna, group, NAME);
    // Not by a member, and not without the salt.
    let by_member = binds(&mut world, &berta, group, NAME);
    let refused = post(&world, &berta, &by_member, Some(SALT));
    assert_eq!(refused, Err(Refusal::NotAuthorised.into()));
    let wrong = Err(DomainError::BindingRefused(TokenError::WrongSubject));
    assert_eq!(post(&world, &anna, &statement, None), wrong);
    assert!(found(&world, &anna, NAME).is_empty());

    post(&world, &anna, &statement, Some(SALT)).unwrap();
    world.town.append(&statement).unwrap();
    let holder = NamedId::Group(group);
    assert_eq!(
        found(&world, &berta, NAME)
            .iter()
            .map(|found| (found.holder, found.salt))
            .collect::<Vec<_>>(),
        [(holder, FixedBytes(SALT))]
    );
    // Again the same is nothing new; another name is.
    let again = binds(&mut world, &anna, group, NAME);
    post(&world, &anna, &again, None).unwrap();
    world.town.append(&again).unwrap();
    let other = binds(&mut world, &anna, group, "ik:260100000");
    assert_eq!(post(&world, &anna, &other, Some(SALT)), wrong);

    // Who has a name first keeps it, be it a group or a user.
    let second = world.group(&anna, &members[..1]);
    for name in [NAME, "berta"] {
        let statement = binds(&mut world, &anna, second, name);
        let refused = post(&world, &anna, &statement, Some(SALT));
        assert_eq!(refused, Err(DomainError::NameTaken));
    }
    let (_, request, salt) = world.newcomer(NAME);
    assert_eq!(
        world.service.sign_up(&request, salt),
        Err(DomainError::NameTaken)
    );
}

#[test]
fn a_name_goes_over_to_a_new_identity_when_the_tenant_says_so() {
    let mut world = World::new(1);
    let (anna, berta) = (world.person("anna"), world.person("berta"));
    let restart = |world: &mut World, old: Option<UserId>| {
        let (person, _, salt) = world.newcomer("spare");
        let genesis = world.town.log[world.town.log.len() - 2].clone();
        let mut claims = world.town.claims(person.id, salt.as_array(), "anna");
        claims.old = old;
        let head = world.town.log.last().unwrap().clone();
        let mut body = head.body().clone();
        let token = Base64Url::from(world.town.signed(&claims).into_bytes());
        body.op = Op::Bind(claims.cmt, token);
        let bind = body.sign(&person.device.sign).unwrap();
        let request = world.request(&[genesis, bind]);
        (person, world.service.sign_up(&request, salt).map(|_| ()))
    };
    let taken = Err(DomainError::NameTaken);
    for old in [None, Some(berta.id), Some(UserId::from_bytes([1; 32]))] {
        assert_eq!(restart(&mut world, old).1, taken);
    }
    let (again, signed_up) = restart(&mut world, Some(anna.id));
    signed_up.unwrap();
    let holder = |world: &World| found(world, &berta, "anna")[0].holder;
    assert_eq!(holder(&world), again.id.into());
    // The old identity does not get it back, and a third one only from the present one.
    assert_eq!(restart(&mut world, Some(anna.id)).1, taken);
    let (third, signed_up) = restart(&mut world, Some(again.id));
    signed_up.unwrap();
    assert_eq!(holder(&world), third.id.into());
}
