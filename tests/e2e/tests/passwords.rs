//! Exactly one password works at every instant, whatever is interrupted.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use wardseal_client::{Error, Misuse, api::ProblemCode};
use wardseal_client_password::PasswordError;
use wardseal_e2e::{Disk, Machine, World};
use wardseal_testkit::Fault;

const FIRST: &str = "Drei Igel tanzen 1 Walzer";
const SECOND: &str = "Vier Igel tanzen 2 Walzer";

async fn works(world: &World, password: &str) -> bool {
    let machine = world.machine(&Disk::default()).await;
    match world.unlock(&machine, "ben", password).await {
        Ok(_) => true,
        Err(PasswordError::Client(Error::Misuse(Misuse::WrongPassword))) => {
            assert!(machine.profile().await.is_none());
            false
        }
        Err(error) => panic!("neither right nor wrong: {error}"),
    }
}

async fn ben(world: &World) -> Machine {
    let (ben, _) = world.person("ben").await;
    world.set_password(&ben, FIRST).await.unwrap();
    ben
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_takes_the_place_of_the_old() {
    let world = World::new().await;
    let ben = ben(&world).await;
    assert!(works(&world, FIRST).await);
    assert!(!works(&world, SECOND).await);
    world.set_password(&ben, SECOND).await.unwrap();
    assert!(!works(&world, FIRST).await);
    assert!(works(&world, SECOND).await);
    // Also from a machine that was unlocked with it.
    let machine = world.machine(&Disk::default()).await;
    world.unlock(&machine, "ben", SECOND).await.unwrap();
    world.set_password(&machine, FIRST).await.unwrap();
    assert!(
        machine
            .devices()
            .await
            .unwrap()
            .iter()
            .any(|device| device.this)
    );
    assert!(works(&world, FIRST).await);
}

/// Wherever a change of the password is cut off, one of the two works and the other does not: the
/// old one until the chain names the new record, which is the last step.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_cut_off_leaves_one_password() {
    let world = World::new().await;
    let ben = ben(&world).await;
    for (network, operation) in [
        (&world.vault, "get_vault"),
        (&world.keys, "evaluate_new"),
        (&world.vault, "register_start"),
        (&world.vault, "store_record"),
        (&world.vault, "login_start"),
        (&world.vault, "login_finish"),
        (&world.keys, "append"),
    ] {
        for fault in [Fault::Refuse, Fault::Lose, Fault::Status(500)] {
            let happened = matches!(fault, Fault::Lose) && operation == "append";
            network.once(operation, fault.clone());
            let error = world.set_password(&ben, SECOND).await.unwrap_err();
            assert!(
                matches!(
                    error,
                    PasswordError::Client(Error::Transport(_) | Error::Misbehaved(_))
                ),
                "{operation} {fault:?}: {error}"
            );
            // Hours pass, so that the limits of attempts are not what is tested here.
            world.pass(4 * 3_600_000);
            assert_eq!(
                works(&world, FIRST).await,
                !happened,
                "{operation} {fault:?}"
            );
            assert_eq!(
                works(&world, SECOND).await,
                happened,
                "{operation} {fault:?}"
            );
            if happened {
                world.set_password(&ben, FIRST).await.unwrap();
            }
        }
    }
    // It can be repeated.
    world.set_password(&ben, SECOND).await.unwrap();
    assert!(works(&world, SECOND).await && !works(&world, FIRST).await);
}

/// A program that is killed between the record at the vault and the chain, and started again.
#[tokio::test(flavor = "multi_thread")]
async fn killed_half_way_the_old_password_works() {
    let world = World::new().await;
    let (ben, disk) = world.person("ben").await;
    world.set_password(&ben, FIRST).await.unwrap();
    world.keys.on("append", Fault::Refuse);
    assert!(world.set_password(&ben, SECOND).await.is_err());
    assert!(
        world.vault.seen("store_record") >= 2,
        "the vault has the new record"
    );
    drop(ben);
    world.keys.clear();
    assert!(works(&world, FIRST).await);
    assert!(!works(&world, SECOND).await);
    let ben = world.machine(&disk).await;
    world.set_password(&ben, SECOND).await.unwrap();
    assert!(works(&world, SECOND).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_apart_only_where_it_helps() {
    let world = World::new().await;
    let ben = ben(&world).await;
    let machine = world.machine(&Disk::default()).await;
    for name in ["ben", "nobody"] {
        let error = world.unlock(&machine, name, SECOND).await.unwrap_err();
        assert_eq!(error.code(), "wrong_password", "{name}");
    }
    let weak = world.set_password(&ben, "password123").await.unwrap_err();
    assert_eq!(weak.code(), "weak_password");
    let control = world.set_password(&ben, "line\nbreak, and more").await;
    assert_eq!(control.unwrap_err().code(), "password_refused");
    let own_name =
        wardseal_client_password::set_password(&ben, "Benedict tanzt", &["benedict"], world.rng());
    assert_eq!(own_name.await.unwrap_err().code(), "weak_password");
    assert!(works(&world, FIRST).await);
    // A machine that is somebody's is not unlocked as somebody else.
    let error = world.unlock(&ben, "ben", FIRST).await.unwrap_err();
    assert_eq!(error.code(), "identity_exists");
}

/// Guessing ends soon, and the person himself can go on later.
#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_limited() {
    let world = World::new().await;
    let _ben = ben(&world).await;
    let machine = world.machine(&Disk::default()).await;
    let mut tries = 0;
    let limited = loop {
        match world.unlock(&machine, "ben", SECOND).await {
            Err(PasswordError::Client(Error::Misuse(Misuse::WrongPassword))) => tries += 1,
            Err(PasswordError::Client(error)) => break error,
            other => panic!("{other:?}"),
        }
        assert!(tries < 20);
    };
    assert_eq!(limited.problem(), Some(ProblemCode::TooManyAttempts));
    let Error::Rejected(problem) = limited else {
        panic!("a refusal");
    };
    world.pass(problem.retry_after.unwrap() * 1000);
    assert!(works(&world, FIRST).await);
}
