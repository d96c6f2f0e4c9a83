//! Networks that fail, clocks that are wrong, tokens that have expired, tenants that are others.
#![expect(
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use std::{sync::Arc, time::Duration};

use wardseal_client::{
    Client, Config, Error, Misbehaviour, Misuse, Rights, Role, TransportError, Visibility,
    api::ProblemCode, protocol::log::LogError, types::TenantId,
};
use wardseal_client_http::{HttpTransport, Limits};
use wardseal_e2e::{BEGINNING, DAY, Disk, Machine, World, open, seal};
use wardseal_testkit::{Fault, secret, seeded};
use wardseal_types::ManualClock;

async fn member(machine: &Machine) -> wardseal_client::types::MemberId {
    machine.profile().await.unwrap().user.into()
}

/// Ways to fail. After the last the server has done what it was asked to.
const FAULTS: [Fault; 5] = [
    Fault::Refuse,
    Fault::Status(500),
    Fault::Status(302),
    Fault::Cut(10),
    Fault::Lose,
];

/// Whether a network can fail this way.
fn is_failure(error: &Error) -> bool {
    matches!(
        error,
        Error::Transport(TransportError::Interrupted { .. })
            | Error::Misbehaved(Misbehaviour::BadAnswer)
    )
}

/// A sign-up that fails anywhere is finished by the same call, also by a program that was started
/// again, and is the same user.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_is_repeated_until_it_is_done() {
    let world = World::new().await;
    for (number, operation) in ["get_tenant", "sign_up"].into_iter().enumerate() {
        for (other, fault) in FAULTS.into_iter().enumerate() {
            let name = format!("person-{number}-{other}");
            let disk = Disk::default();
            let machine = world.machine(&disk).await;
            let sign_up = machine.begin_sign_up(&name).await.unwrap();
            let token = world.token(&sign_up, BEGINNING);
            world.keys.once(operation, fault.clone());
            let error = machine.finish_sign_up(&token).await.unwrap_err();
            assert!(is_failure(&error), "{operation} {fault:?}: {error}");
            assert!(machine.profile().await.is_none());
            let machine = world.machine(&disk).await;
            assert!(machine.profile().await.is_none());
            let again = machine.begin_sign_up(&name).await.unwrap();
            assert_eq!(again.user, sign_up.user, "the keys are the same");
            let user = machine
                .finish_sign_up(&token)
                .await
                .unwrap_or_else(|error| {
                    panic!("{operation} {fault:?}: {error}");
                });
            assert_eq!(user, sign_up.user);
            machine.create_group("Works", &[]).await.unwrap();
        }
    }
}

/// Every change that fails on the way is made by the same call again, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_repeated_until_it_is_done() {
    let world = World::new().await;
    let (anna, disk) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let ben_id = member(&ben).await;
    let group = anna.create_group("North", &[]).await.unwrap();
    let session = anna
        .create_session(&[(group.into(), Rights::MANAGE)], None, None)
        .await
        .unwrap();
    for operation in ["fetch", "append"] {
        for fault in FAULTS {
            let case = format!("{operation} {fault:?}");
            world.keys.once(operation, fault.clone());
            let failed = anna
                .add_member(group, ben_id, Role::Member, Visibility::Full)
                .await;
            assert!(is_failure(&failed.unwrap_err()), "{case}");
            // The program may be started again in between: nothing false was written down.
            let anna = world.machine(&disk).await;
            anna.add_member(group, ben_id, Role::Member, Visibility::Full)
                .await
                .unwrap();
            let object = seal(&anna, session, b"record").await.unwrap();
            assert_eq!(open(&ben, &object).await.unwrap(), b"record", "{case}");

            let epoch = anna.group(group).await.unwrap().epoch;
            world.keys.once(operation, fault.clone());
            let failed = anna.remove_members(group, &[ben_id]).await;
            assert!(is_failure(&failed.unwrap_err()), "{case}");
            anna.remove_members(group, &[ben_id]).await.unwrap();
            let after = anna.group(group).await.unwrap();
            assert_eq!(after.epoch, epoch + 1, "{case}: it is rotated once");

            world.keys.once(operation, fault.clone());
            assert!(is_failure(
                &seal(&anna, session, b"next").await.unwrap_err()
            ));
            let next = seal(&anna, session, b"next").await.unwrap();
            assert!(open(&ben, &next).await.is_err(), "{case}");
            let anna = world.machine(&disk).await;
            assert_eq!(open(&anna, &next).await.unwrap(), b"next", "{case}");
        }
    }
}

/// Trusting a machine makes one device of it, however often it is tried.
#[tokio::test(flavor = "multi_thread")]
async fn a_machine_becomes_one_device() {
    let world = World::new().await;
    let (ben, _) = world.person("ben").await;
    world
        .set_password(&ben, "Drei Igel tanzen 1 Walzer")
        .await
        .unwrap();
    let mut devices = ben.devices().await.unwrap().len();
    for fault in FAULTS {
        world.pass(3_600_000);
        let disk = Disk::default();
        let machine = world.machine(&disk).await;
        world
            .unlock(&machine, "ben", "Drei Igel tanzen 1 Walzer")
            .await
            .unwrap();
        world.keys.once("append", fault.clone());
        let failed = machine.trust_this_machine().await;
        assert!(is_failure(&failed.unwrap_err()), "{fault:?}");
        let device = machine.trust_this_machine().await.unwrap();
        devices += 1;
        assert_eq!(ben.devices().await.unwrap().len(), devices, "{fault:?}");
        let machine = world.machine(&disk).await;
        assert_eq!(machine.profile().await.unwrap().device, device);
        machine.groups().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_slow_or_gone() {
    let mut world = World::new().await;
    let (_, disk) = world.person("anna").await;
    let hurried = |world: &World| {
        let address = |url: &str| url.parse().unwrap();
        let limits = Limits {
            connect: Duration::from_millis(300),
            total: Duration::from_millis(300),
            ..Limits::default()
        };
        HttpTransport::with_limits(
            Some(address(world.keys.url())),
            Some(address(world.vault.url())),
            limits,
        )
        .unwrap()
    };
    let clock: Arc<ManualClock> = Arc::clone(&world.clock);
    let anna = Client::open(
        Config::new(world.tenant),
        hurried(&world),
        disk.clone(),
        secret(&mut seeded(8)),
        clock,
        Box::new(world.rng()),
    )
    .await
    .unwrap();
    world
        .keys
        .once("append", Fault::Delay(Duration::from_secs(1)));
    let late = anna.create_group("North", &[]).await.unwrap_err();
    assert!(
        matches!(late, Error::Transport(TransportError::Timeout { .. })),
        "{late}"
    );
    anna.create_group("South", &[]).await.unwrap();

    // The server itself is gone, and comes back with what it had.
    let anna = world.machine(&disk).await;
    world.servers.stop_keys();
    let gone = anna.groups().await.unwrap_err();
    assert!(is_failure(&gone), "{gone}");
    world.servers.start_keys();
    let groups = anna.groups().await.unwrap();
    assert!(
        groups
            .iter()
            .any(|group| group.name.as_deref() == Some("South"))
    );
}

/// A day is more than a checkpoint may be old, or young.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_by_a_day() {
    let world = World::new().await;
    world.pass(3 * DAY);
    let (anna, disk) = world.person("anna").await;
    let group = anna.create_group("North", &[]).await.unwrap();
    let session = anna
        .create_session(&[(group.into(), Rights::MANAGE)], None, None)
        .await
        .unwrap();
    let object = seal(&anna, session, b"record").await.unwrap();
    let ahead = Arc::new(ManualClock::new(BEGINNING.plus_millis(4 * DAY + 1)));
    let behind = Arc::new(ManualClock::new(BEGINNING.plus_millis(2 * DAY)));
    for (clock, expected) in [(ahead, LogError::Stale), (behind, LogError::Future)] {
        let anna = world
            .try_machine(&disk, Config::new(world.tenant), &clock)
            .await
            .unwrap();
        let refused = |error: Error| error == Error::Misbehaved(Misbehaviour::Log(expected));
        assert!(refused(seal(&anna, session, b"x").await.unwrap_err()));
        assert!(refused(anna.create_group("x", &[]).await.unwrap_err()));
        assert_eq!(open(&anna, &object).await.unwrap(), b"record");
        clock.set(BEGINNING.plus_millis(3 * DAY));
        seal(&anna, session, b"x").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_has_expired_or_comes_from_the_future() {
    let world = World::new().await;
    world.pass(3 * DAY);
    let machine = world.machine(&Disk::default()).await;
    let sign_up = machine.begin_sign_up("anna").await.unwrap();
    for time in [
        BEGINNING.plus_millis(2 * DAY),
        BEGINNING.plus_millis(4 * DAY),
    ] {
        let token = world.token(&sign_up, time);
        let error = machine.finish_sign_up(&token).await.unwrap_err();
        assert_eq!(error.problem(), Some(ProblemCode::BindingExpired));
    }
    let token = world.token(&sign_up, BEGINNING.plus_millis(3 * DAY));
    machine.finish_sign_up(&token).await.unwrap();
}

/// Tokens of sign-in expire all the time; nobody notices.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_token_is_renewed() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let group = anna.create_group("North", &[]).await.unwrap();
    // The server's clock alone moves: the token seems good to the client.
    world.servers.clock.advance(2 * 3_600_000);
    let before = world.keys.seen("sign_in");
    anna.group(group).await.unwrap();
    assert_eq!(world.keys.seen("sign_in"), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant() {
    let world = World::new().await;
    let elsewhere = World::new().await;
    let (anna, disk) = world.person("anna").await;
    // A tenant that this server does not have.
    let stranger = Config::new(TenantId::from_bytes([9; 32]));
    let machine = world
        .try_machine(&Disk::default(), stranger.clone(), &world.clock)
        .await
        .unwrap();
    let error = machine.tenant().await.unwrap_err();
    assert_eq!(error.problem(), Some(ProblemCode::UnknownTenant));
    // The records of one tenant opened for another.
    let error = world
        .try_machine(&disk, stranger, &world.clock)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "store");
    // A token of another tenant's application.
    let machine = world.machine(&Disk::default()).await;
    let sign_up = machine.begin_sign_up("ben").await.unwrap();
    let token = world.token(&sign_up, BEGINNING);
    let parts: Vec<_> = token.split('.').collect();
    let other = {
        let other = elsewhere.machine(&Disk::default()).await;
        let sign_up = other.begin_sign_up("ben").await.unwrap();
        elsewhere.token(&sign_up, BEGINNING)
    };
    for bad in [other.clone(), format!("{}.{}.AAAA", parts[0], parts[1])] {
        let error = machine.finish_sign_up(&bad).await.unwrap_err();
        assert!(
            matches!(
                error.problem(),
                Some(ProblemCode::BindingRefused | ProblemCode::StatementRefused)
            ),
            "{error}"
        );
    }
    machine.finish_sign_up(&token).await.unwrap();
    // An object of another tenant.
    let (emma, _) = elsewhere.person("emma").await;
    let session = emma
        .create_session(&[(member(&emma).await, Rights::MANAGE)], None, None)
        .await
        .unwrap();
    let object = seal(&emma, session, b"record").await.unwrap();
    if world.tenant == elsewhere.tenant {
        panic!("two worlds have one tenant");
    }
    assert!(matches!(
        open(&anna, &object).await,
        Err(Error::Misuse(Misuse::Invalid(_)))
    ));
}

/// A name that means another user than before is not sealed to unasked.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_stays_with_its_owner() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let machine = world.machine(&Disk::default()).await;
    let error = world.sign_up(&machine, "anna").await.unwrap_err();
    assert_eq!(error.problem(), Some(ProblemCode::NameTaken));
    assert!(matches!(
        anna.users_by_name(&["nobody"]).await,
        Err(Error::Misuse(Misuse::UnknownName(_)))
    ));
}
