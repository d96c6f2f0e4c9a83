//! The main job: two facilities share a record, a third cannot read it, members leave, machines are
//! lost.
#![expect(
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use wardseal_client::{
    CachePolicy, Config, Error, Misuse, Rights, Role, StateStore as _, TransportError, Visibility,
    protocol::object::ObjectHeader,
};
use wardseal_e2e::{Disk, Machine, World, open, seal};
use wardseal_testkit::Fault;

async fn member(machine: &Machine) -> wardseal_client::types::MemberId {
    machine.profile().await.unwrap().user.into()
}

fn no_access(result: Result<Vec<u8>, Error>) -> bool {
    matches!(
        result,
        Err(Error::Misuse(Misuse::NoAccess(_) | Misuse::NoKey(_)))
    )
}

fn letter(bytes: usize) -> Vec<u8> {
    let mut content = b"%PDF-1.4\n".to_vec();
    content.extend((0..bytes).map(|at| u8::try_from(at * 7 % 251).unwrap()));
    content
}

#[tokio::test(flavor = "multi_thread")]
async fn two_facilities_share_and_a_third_cannot_read() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let (carla, _) = world.person("carla").await;
    let (emma, _) = world.person("emma").await;
    let found = anna.users_by_name(&["ben", "carla"]).await.unwrap();
    assert_eq!(found[0], ben.profile().await.unwrap().user);
    let north = anna
        .create_group("North", &[(found[0].into(), Role::Member)])
        .await
        .unwrap();
    let south = carla.create_group("South", &[]).await.unwrap();
    emma.create_group("West", &[]).await.unwrap();
    assert_eq!(
        ben.groups().await.unwrap()[0].name.as_deref(),
        Some("North")
    );
    assert_eq!(
        emma.group(north).await.unwrap().name,
        None,
        "names are for members"
    );

    let session = anna
        .create_session(
            &[(north.into(), Rights::MANAGE), (south.into(), Rights::READ)],
            None,
            Some(b"{}"),
        )
        .await
        .unwrap();
    let content = letter(3 << 20);
    let sealed = seal(&anna, session, &content).await.unwrap();
    for reader in [&anna, &ben, &carla] {
        assert_eq!(open(reader, &sealed).await.unwrap(), content);
    }
    assert!(no_access(open(&emma, &sealed).await));
    assert!(matches!(
        emma.session(session).await,
        Err(Error::Misuse(Misuse::NoAccess(_)))
    ));
    assert!(matches!(
        carla.revoke(session, &[north.into()]).await,
        Err(Error::Misuse(Misuse::NotAuthorised(_)))
    ));
    // Readers may write, and the others see it.
    let answer = seal(&carla, session, b"thank you").await.unwrap();
    assert_eq!(open(&ben, &answer).await.unwrap(), b"thank you");
}

/// Whoever is removed opens nothing that is sealed afterwards: not with the keys he kept, not with a
/// copy of his disk, not when the server is gone, and not with what others tell him of the session.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_leaves_opens_nothing_that_comes_after() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (carla, _) = world.person("carla").await;
    let disk = Disk::default();
    let config = Config {
        cache: CachePolicy::Persistent { ttl: 1 << 40 },
        ..Config::new(world.tenant)
    };
    let david = world
        .try_machine(&disk, config.clone(), &world.clock)
        .await
        .unwrap();
    world.sign_up(&david, "david").await.unwrap();
    let south = carla
        .create_group("South", &[(member(&david).await, Role::Member)])
        .await
        .unwrap();
    let session = anna
        .create_session(
            &[
                (member(&anna).await, Rights::MANAGE),
                (south.into(), Rights::READ),
            ],
            None,
            None,
        )
        .await
        .unwrap();
    let before = seal(&anna, session, b"before").await.unwrap();
    assert_eq!(open(&david, &before).await.unwrap(), b"before");

    carla
        .remove_members(south, &[member(&david).await])
        .await
        .unwrap();
    let after = seal(&anna, session, b"after").await.unwrap();
    assert_eq!(ObjectHeader::peek(&before).unwrap().epoch, 0);
    assert_eq!(ObjectHeader::peek(&after).unwrap().epoch, 1);
    assert_eq!(open(&carla, &after).await.unwrap(), b"after");

    // The machine as it was, the same after a restart, and a thief with a copy from before.
    let stolen = disk.copy().await;
    assert!(no_access(open(&david, &after).await));
    for disk in [disk.clone(), stolen.copy().await] {
        let machine = world
            .try_machine(&disk, config.clone(), &world.clock)
            .await
            .unwrap();
        assert!(no_access(open(&machine, &after).await));
        assert!(seal(&machine, session, b"from outside").await.is_err());
    }
    // Without the server: who was told has nothing left; on the stolen disk what was read was read,
    // and nothing more.
    world.keys.on("fetch", Fault::Refuse);
    let without = |disk: Disk| {
        let config = config.clone();
        let world = &world;
        async move { world.try_machine(&disk, config, &world.clock).await }
    };
    let unanswered = |result| {
        matches!(
            result,
            Err(Error::Transport(TransportError::Interrupted { .. }))
        )
    };
    let machine = without(disk.clone()).await.unwrap();
    assert!(unanswered(open(&machine, &before).await));
    let machine = without(stolen).await.unwrap();
    assert_eq!(open(&machine, &before).await.unwrap(), b"before");
    assert!(unanswered(open(&machine, &after).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_later_sees_what_he_is_given() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let (carla, _) = world.person("carla").await;
    let group = anna.create_group("Ward", &[]).await.unwrap();
    let session = anna
        .create_session(&[(group.into(), Rights::MANAGE)], None, None)
        .await
        .unwrap();
    let before = seal(&anna, session, b"before").await.unwrap();
    anna.add_member(group, member(&ben).await, Role::Member, Visibility::Full)
        .await
        .unwrap();
    assert_eq!(open(&ben, &before).await.unwrap(), b"before");
    anna.grant(
        session,
        member(&carla).await,
        Rights::READ,
        Visibility::FromJoin,
    )
    .await
    .unwrap();
    let after = seal(&ben, session, b"after").await.unwrap();
    assert_eq!(open(&carla, &after).await.unwrap(), b"after");
    assert!(no_access(open(&carla, &before).await));
}

/// A wiped machine: the name and the password are all there is.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_opens_everything_on_a_wiped_machine() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let group = anna
        .create_group("North", &[(member(&ben).await, Role::Member)])
        .await
        .unwrap();
    let session = anna
        .create_session(&[(group.into(), Rights::MANAGE)], None, None)
        .await
        .unwrap();
    let record = seal(&anna, session, b"record").await.unwrap();
    world
        .set_password(&ben, "Drei Igel tanzen 1 Walzer")
        .await
        .unwrap();
    let lost = ben.profile().await.unwrap();
    drop(ben);

    let disk = Disk::default();
    let machine = world.machine(&disk).await;
    let profile = world
        .unlock(&machine, "ben", "Drei Igel tanzen 1 Walzer")
        .await
        .unwrap();
    assert_eq!(profile.user, lost.user);
    assert_ne!(profile.device, lost.device);
    assert_eq!(open(&machine, &record).await.unwrap(), b"record");
    machine.users_by_name(&["anna"]).await.unwrap();
    machine.groups().await.unwrap();
    seal(&machine, session, b"from a borrowed machine")
        .await
        .unwrap();
    // Nothing is kept before the person says so.
    assert_eq!(disk.keys("").await.unwrap(), [""; 0]);
    let device = machine.trust_this_machine().await.unwrap();
    machine.revoke_devices(&[lost.device]).await.unwrap();
    let machine = world.machine(&disk).await;
    assert_eq!(machine.profile().await.unwrap().device, device);
    let later = seal(&anna, session, b"later").await.unwrap();
    for object in [&record, &later] {
        assert!(open(&machine, object).await.is_ok());
    }
    let devices = machine.devices().await.unwrap();
    assert!(devices.iter().all(|device| device.id != lost.device));
    assert_eq!(devices.len(), 2, "this machine and the password");
}
