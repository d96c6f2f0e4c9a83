//! Names of groups, and a name that goes over to a new identity.
#![expect(
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use wardseal_client::{
    Error, Misbehaviour, Misuse,
    api::ProblemCode,
    protocol::op::{Rights, Role},
    types::{Clock as _, GroupId, NamedId},
};
use wardseal_e2e::{Disk, Machine, World};
use wardseal_tenant::{GroupNameRequest, NameRequest};

const NAME: &str = "finess:750000001";

/// An administrator's client asks, the application signs, the client binds.
async fn name(world: &World, admin: &Machine, group: GroupId, name: &str) -> Result<(), Error> {
    let wanted = admin.new_group_name(name).await?;
    let request = GroupNameRequest {
        group,
        commitment: wanted.commitment,
        index: wanted.index,
    };
    assert!(request.is_for(&world.tenant, name));
    let now = world.clock.now();
    let token = world
        .token_key
        .bind_group(world.tenant, request, now, &mut world.rng())
        .unwrap();
    admin.bind_group(group, &wanted, &token).await?;
    // Once more is nothing new.
    admin.bind_group(group, &wanted, &token).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_found_by_its_name() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let member = ben.profile().await.unwrap().user.into();
    let group = anna
        .create_group("North", &[(member, Role::Member)])
        .await
        .unwrap();
    assert!(matches!(
        ben.holders(&[NAME]).await.unwrap_err(),
        Error::Misuse(Misuse::UnknownName(_))
    ));
    name(&world, &anna, group, NAME).await.unwrap();
    let found = ben.holders(&[NAME, "anna"]).await.unwrap();
    let anna_id = anna.profile().await.unwrap().user;
    assert_eq!(found, [NamedId::Group(group), NamedId::User(anna_id)]);
    assert_eq!(ben.users_by_name(&["anna"]).await.unwrap(), [anna_id]);
    assert!(matches!(
        ben.users_by_name(&[NAME]).await.unwrap_err(),
        Error::Misuse(Misuse::UnknownName(_))
    ));
    ben.create_session(&[(group.into(), Rights::MANAGE)], None, None)
        .await
        .unwrap();

    // Not by a member, and not a second time: who has a name first keeps it.
    assert!(name(&world, &ben, group, "ik:260100000").await.is_err());
    let second = anna.create_group("South", &[]).await.unwrap();
    let taken = name(&world, &anna, second, NAME).await.unwrap_err();
    assert_eq!(taken.problem(), Some(ProblemCode::NameTaken));
    assert!(matches!(
        anna.new_group_name(" ").await.unwrap_err(),
        Error::Misuse(Misuse::BadName)
    ));
}

/// Somebody who lost every way back in signs up again. Everybody who knew the old identity is asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_identity_is_confirmed_before_anything_is_sealed_to_it() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, disk) = world.person("ben").await;
    let old = anna.profile().await.unwrap().user;
    assert_eq!(ben.users_by_name(&["anna"]).await.unwrap(), [old]);

    let again = world.machine(&Disk::default()).await;
    let sign_up = again.begin_sign_up("anna").await.unwrap();
    let request = NameRequest {
        user: sign_up.user,
        commitment: sign_up.commitment,
        index: sign_up.index,
    };
    let now = world.clock.now();
    let token = world
        .token_key
        .rebind(world.tenant, request, old, now, &mut world.rng())
        .unwrap();
    again.finish_sign_up(&token).await.unwrap();

    // Also a client that is started anew remembers whom the name meant.
    for machine in [ben, world.machine(&disk).await] {
        assert_eq!(
            machine.users_by_name(&["anna"]).await.unwrap_err(),
            Error::Misbehaved(Misbehaviour::IdentityChanged)
        );
    }
    let ben = world.machine(&disk).await;
    assert_eq!(
        ben.confirm_identity("anna").await.unwrap(),
        NamedId::User(sign_up.user)
    );
    assert_eq!(ben.users_by_name(&["anna"]).await.unwrap(), [sign_up.user]);
    // Whoever never knew the old one has nothing to confirm.
    let (carla, _) = world.person("carla").await;
    assert_eq!(
        carla.users_by_name(&["anna"]).await.unwrap(),
        [sign_up.user]
    );
}
