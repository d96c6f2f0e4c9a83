//! Two people who change the same thing at the same instant: one wins, the other does it again, and
//! nobody notices.
#![expect(
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use wardseal_client::{Rights, Role, Visibility, types::MemberId};
use wardseal_e2e::{Machine, World, open, seal};
use wardseal_testkit::Fault;

async fn member(machine: &Machine) -> MemberId {
    machine.profile().await.unwrap().user.into()
}

/// When `operation` next reaches the network, `first` happens before it goes on to the server.
fn before_it_arrives(
    world: &World,
    operation: &str,
    first: impl Future<Output = ()> + Send + 'static,
) -> Arc<AtomicBool> {
    let happened = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&happened);
    let first = std::sync::Mutex::new(Some(first));
    world.keys.once(
        operation,
        Fault::request(move |_| {
            let first = first.lock().unwrap().take().unwrap();
            let thread = std::thread::spawn(move || {
                tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap()
                    .block_on(first);
            });
            thread.join().unwrap();
            tell.store(true, Ordering::SeqCst);
        }),
    );
    happened
}

#[tokio::test(flavor = "multi_thread")]
async fn two_administrators_at_once() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, ben_disk) = world.person("ben").await;
    let (carla, _) = world.person("carla").await;
    let (david, _) = world.person("david").await;
    let (carla_id, david_id) = (member(&carla).await, member(&david).await);
    let group = anna
        .create_group("North", &[(member(&ben).await, Role::Admin)])
        .await
        .unwrap();
    ben.group(group).await.unwrap();
    drop(ben);

    // While Anna adds Carla, Ben adds David.
    let ben = world.direct_machine(&ben_disk).await;
    let happened = before_it_arrives(&world, "append", async move {
        ben.add_member(group, david_id, Role::Member, Visibility::Full)
            .await
            .unwrap();
    });
    let appends = world.keys.seen("append");
    anna.add_member(group, carla_id, Role::Member, Visibility::Full)
        .await
        .unwrap();
    assert!(happened.load(Ordering::SeqCst));
    assert_eq!(
        world.keys.seen("append"),
        appends + 2,
        "Anna has tried twice"
    );
    let members = anna.group(group).await.unwrap().members;
    assert_eq!(members.len(), 4);

    // While Anna seals, Ben removes Carla: what Anna seals is closed to Carla.
    let session = anna
        .create_session(&[(group.into(), Rights::MANAGE)], None, None)
        .await
        .unwrap();
    let ben = world.direct_machine(&ben_disk).await;
    ben.remove_members(group, &[david_id]).await.unwrap();
    let happened = before_it_arrives(&world, "append", async move {
        ben.remove_members(group, &[carla_id]).await.unwrap();
    });
    let object = seal(&anna, session, b"record").await.unwrap();
    assert!(happened.load(Ordering::SeqCst));
    let again = seal(&anna, session, b"record").await.unwrap();
    for object in [&object, &again] {
        assert!(open(&david, object).await.is_err());
        assert_eq!(open(&anna, object).await.unwrap(), b"record");
    }
    assert!(open(&carla, &again).await.is_err());
}

/// Two machines of one person remove the same member at once: he is gone, and it is rotated once.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_change_twice_is_made_once() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, ben_disk) = world.person("ben").await;
    let (carla, _) = world.person("carla").await;
    let carla_id = member(&carla).await;
    let group = anna
        .create_group(
            "North",
            &[(member(&ben).await, Role::Admin), (carla_id, Role::Member)],
        )
        .await
        .unwrap();
    let ben = world.direct_machine(&ben_disk).await;
    let happened = before_it_arrives(&world, "append", async move {
        ben.remove_members(group, &[carla_id]).await.unwrap();
    });
    anna.remove_members(group, &[carla_id]).await.unwrap();
    assert!(happened.load(Ordering::SeqCst));
    let state = anna.group(group).await.unwrap();
    assert_eq!((state.members.len(), state.epoch), (2, 1));
}
