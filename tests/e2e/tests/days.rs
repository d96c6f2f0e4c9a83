//! A machine that keeps somebody for the day: what its key says, what takes the password once more,
//! and how the day ends.
#![expect(
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use wardseal_client::{
    Error, Misuse, StateStore as _, Visibility,
    api::ProblemCode,
    object::read_prelude,
    protocol::op::{Rights, Role},
    types::{Clock as _, GroupId, MemberId, SessionId},
};
use wardseal_e2e::{Disk, Machine, World, open, seal};
use wardseal_tenant::{Directory, ProofError, TokenKey};

const PASSWORD: &str = "Drei Igel tanzen 1 Walzer";
const HOUR: u64 = 3_600_000;
const MINUTE: u64 = 60_000;

/// Anna with a machine of her own, a group and a session, and the shared machine that keeps her.
struct Cast {
    world: World,
    own: Machine,
    ben: Machine,
    group: GroupId,
    session: SessionId,
    disk: Disk,
    shared: Machine,
}

async fn member(machine: &Machine) -> MemberId {
    machine.profile().await.unwrap().user.into()
}

async fn cast() -> Cast {
    let world = World::new().await;
    let (own, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    world.set_password(&own, PASSWORD).await.unwrap();
    let group = own
        .create_group("North", &[(member(&ben).await, Role::Admin)])
        .await
        .unwrap();
    let session = own
        .create_session(&[(group.into(), Rights::MANAGE)], None, None)
        .await
        .unwrap();
    let disk = Disk::default();
    let machine = world.machine(&disk).await;
    world.unlock(&machine, "anna", PASSWORD).await.unwrap();
    machine.keep_for_the_day().await.unwrap();
    // The page is loaded again.
    let shared = world.machine(&disk).await;
    Cast {
        world,
        own,
        ben,
        group,
        session,
        disk,
        shared,
    }
}

fn password_needed<T: core::fmt::Debug>(result: Result<T, Error>) -> bool {
    matches!(result.unwrap_err(), Error::Misuse(Misuse::PasswordNeeded))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_the_day_reads_and_writes_in_sessions() {
    let Cast {
        world: _world,
        own,
        ben,
        group,
        session,
        shared,
        ..
    } = cast().await;
    assert_eq!(
        shared.profile().await.unwrap().user,
        own.profile().await.unwrap().user
    );
    let object = seal(&ben, session, b"from ben").await.unwrap();
    assert_eq!(open(&shared, &object).await.unwrap(), b"from ben");
    let object = seal(&shared, session, b"from anna").await.unwrap();
    let header = read_prelude(object.as_slice()).unwrap().header().clone();
    assert!(header.certificate.is_some());
    for reader in [&ben, &own] {
        assert_eq!(open(reader, &object).await.unwrap(), b"from anna");
    }
    // Statements of sessions: a new one, and a change of one that others read.
    let second = shared
        .create_session(&[(group.into(), Rights::MANAGE)], None, Some(b"second"))
        .await
        .unwrap();
    shared
        .grant(second, member(&ben).await, Rights::READ, Visibility::Full)
        .await
        .unwrap();
    assert_eq!(ben.session(second).await.unwrap().recipients.len(), 2);
    assert_eq!(shared.groups().await.unwrap().len(), 1);
    assert!(
        shared
            .devices()
            .await
            .unwrap()
            .iter()
            .any(|device| device.this)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_concerns_people_and_groups_takes_the_password_once_more() {
    let Cast {
        world,
        ben,
        group,
        shared,
        ..
    } = cast().await;
    let (carla, _) = world.person("carla").await;
    let carla = member(&carla).await;
    let add = || shared.add_member(group, carla, Role::Member, Visibility::Full);
    assert!(password_needed(add().await));
    assert!(password_needed(shared.rename_group(group, "South").await));
    assert!(password_needed(shared.create_group("New", &[]).await));
    assert!(password_needed(shared.trust_this_machine().await));
    let devices = shared.devices().await.unwrap();
    let other = devices.iter().find(|device| !device.this).unwrap().id;
    assert!(password_needed(shared.revoke_devices(&[other]).await));
    assert!(password_needed(shared.keep_for_the_day().await));

    // Somebody else's password is no password for this.
    world.set_password(&ben, PASSWORD).await.unwrap();
    assert!(world.unlock(&shared, "ben", PASSWORD).await.is_err());
    assert!(
        world
            .unlock(&shared, "anna", "Vier Igel tanzen")
            .await
            .is_err()
    );
    assert!(password_needed(add().await));

    world.unlock(&shared, "anna", PASSWORD).await.unwrap();
    add().await.unwrap();
    assert_eq!(ben.group(group).await.unwrap().members.len(), 3);
    shared.step_down().await;
    assert!(password_needed(shared.rename_group(group, "South").await));

    world.unlock(&shared, "anna", PASSWORD).await.unwrap();
    world.pass(5 * MINUTE);
    shared.rename_group(group, "South").await.unwrap();
    world.pass(1);
    assert!(password_needed(shared.rename_group(group, "West").await));
    assert_eq!(
        ben.group(group).await.unwrap().name.as_deref(),
        Some("South")
    );

    // And it may become a machine of her own after all.
    world.unlock(&shared, "anna", PASSWORD).await.unwrap();
    shared.trust_this_machine().await.unwrap();
    assert_eq!(shared.kept_until().await, None);
    world.pass(17 * HOUR);
    shared.rename_group(group, "East").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_day_ends_after_sixteen_hours_and_leaves_nothing() {
    let Cast {
        world,
        session,
        disk,
        shared,
        own,
        ..
    } = cast().await;
    let until = shared.kept_until().await.unwrap();
    assert!(until.since(world.clock.now()) <= 16 * HOUR);
    let copy = disk.copy().await;
    world.pass(until.since(world.clock.now()) - MINUTE);
    let object = seal(&shared, session, b"at the last moment").await.unwrap();
    world.pass(MINUTE + 1);
    assert!(matches!(
        seal(&shared, session, b"too late").await.unwrap_err(),
        Error::Misuse(Misuse::NoIdentity)
    ));
    assert!(shared.profile().await.is_none());
    assert!(disk.keys("").await.unwrap().is_empty());
    assert_eq!(open(&own, &object).await.unwrap(), b"at the last moment");
    // A page that is loaded the next morning erases too.
    let next = world.machine(&copy).await;
    assert!(next.profile().await.is_none());
    assert!(copy.keys("").await.unwrap().is_empty());
    world.unlock(&next, "anna", PASSWORD).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_day_ends_with_its_device() {
    let Cast {
        world,
        own,
        session,
        shared,
        ..
    } = cast().await;
    let object = seal(&shared, session, b"in time").await.unwrap();
    let second = "Vier Igel tanzen 2 Walzer";
    world.set_password(&own, second).await.unwrap();
    let refused = seal(&shared, session, b"too late").await.unwrap_err();
    assert_eq!(refused.problem(), Some(ProblemCode::SignInRefused));
    assert_eq!(open(&own, &object).await.unwrap(), b"in time");

    // Whoever changes the password here goes on.
    let again = world.machine(&Disk::default()).await;
    world.unlock(&again, "anna", second).await.unwrap();
    again.keep_for_the_day().await.unwrap();
    world.set_password(&again, PASSWORD).await.unwrap();
    // The group lost the device of the old password and rotates, while the new one is at hand.
    seal(&again, session, b"goes on").await.unwrap();
    again.step_down().await;
    seal(&again, session, b"and on").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_group_and_a_new_key_of_ones_own_take_the_password() {
    let Cast {
        world,
        own,
        ben,
        session,
        shared,
        ..
    } = cast().await;
    // Ben loses a machine: the group must rotate before anything is sealed to it.
    world.set_password(&ben, PASSWORD).await.unwrap();
    let disk = Disk::default();
    let lost = world.machine(&disk).await;
    world.unlock(&lost, "ben", PASSWORD).await.unwrap();
    let device = lost.trust_this_machine().await.unwrap();
    ben.revoke_devices(&[device]).await.unwrap();
    assert!(password_needed(seal(&shared, session, b"closed").await));
    world.unlock(&shared, "anna", PASSWORD).await.unwrap();
    seal(&shared, session, b"open again").await.unwrap();
    shared.step_down().await;
    seal(&shared, session, b"and now without").await.unwrap();

    // Her own ring rotates elsewhere, and something is sealed to it that the day cannot open.
    let other = world.machine(&Disk::default()).await;
    world.unlock(&other, "anna", PASSWORD).await.unwrap();
    let device = other.trust_this_machine().await.unwrap();
    own.revoke_devices(&[device]).await.unwrap();
    let private = ben
        .create_session(
            &[
                (member(&ben).await, Rights::MANAGE),
                (member(&own).await, Rights::READ),
            ],
            None,
            None,
        )
        .await
        .unwrap();
    let object = seal(&ben, private, b"for anna").await.unwrap();
    assert!(open(&shared, &object).await.is_err());
    world.unlock(&shared, "anna", PASSWORD).await.unwrap();
    assert_eq!(open(&shared, &object).await.unwrap(), b"for anna");
    shared.step_down().await;
    assert_eq!(open(&shared, &object).await.unwrap(), b"for anna");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_takes_its_proof_while_the_day_lasts() {
    let Cast { world, shared, .. } = cast().await;
    let mut directory = Directory::new(world.tenant);
    let user = shared.profile().await.unwrap().user;
    learn(&world, &mut directory, user.into()).await;
    let proof = shared.prove("https://app.example", "one").await.unwrap();
    let until = wardseal_tenant::proof_ends(&proof).unwrap();
    let verify = |proof: &wardseal_tenant::DeviceProof, now| {
        directory.verify(proof, "https://app.example", "one", now)
    };
    assert_eq!(verify(&proof, world.clock.now()), Ok(user));
    assert_eq!(verify(&proof, until), Ok(user));
    for now in [until.plus_millis(1), until.minus_millis(17 * HOUR)] {
        assert!(matches!(
            verify(&proof, now),
            Err(ProofError::BadCertificate(_))
        ));
    }
    // The certificate goes with its own key alone.
    let mut bare = proof;
    bare.certificate = None;
    assert_eq!(
        verify(&bare, world.clock.now()),
        Err(ProofError::BadSignature)
    );
}

async fn learn(world: &World, directory: &mut Directory, chain: wardseal_client::types::ChainId) {
    let now = world.clock.now();
    let key: &TokenKey = &world.token_key;
    let audience = world.servers.keys_url();
    let mut inquiry = directory.inquire([chain], now).unwrap();
    let transport =
        wardseal_client_http::HttpTransport::new(Some(audience.parse().unwrap()), None).unwrap();
    let access = key
        .access(world.tenant, &audience, now, &mut world.rng())
        .unwrap();
    loop {
        let request = inquiry.request(directory, &access, now);
        let answer = wardseal_client::Transport::send(&transport, request)
            .await
            .unwrap();
        if inquiry.take(directory, &answer).unwrap() == wardseal_tenant::Progress::Done {
            return;
        }
    }
}
