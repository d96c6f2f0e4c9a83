//! Hearing of changes while connected: keys that were revoked are gone before their time to live is.
#![expect(
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use wardseal_client::{Error, Misuse, Rights, Role, WatchPosition, types::ChainId};
use wardseal_e2e::{Machine, World, open, seal};
use wardseal_testkit::Fault;

async fn member(machine: &Machine) -> wardseal_client::types::MemberId {
    machine.profile().await.unwrap().user.into()
}

fn no_access(result: Result<Vec<u8>, Error>) -> bool {
    matches!(result, Err(Error::Misuse(Misuse::NoAccess(_))))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_revoked_hears_of_it_and_drops_his_keys() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (carla, _) = world.person("carla").await;
    let (me, reader) = (member(&anna).await, member(&carla).await);
    let session = anna
        .create_session(&[(me, Rights::MANAGE), (reader, Rights::READ)], None, None)
        .await
        .unwrap();
    let sealed = seal(&anna, session, b"report").await.unwrap();
    let mut position = WatchPosition::default();
    let begun = carla.watch(&mut position).await.unwrap();
    assert!(begun.is_empty(), "it begins now");
    assert_eq!(open(&carla, &sealed).await.unwrap(), b"report");

    anna.revoke(session, &[reader]).await.unwrap();
    assert_eq!(
        open(&carla, &sealed).await.unwrap(),
        b"report",
        "her cache still has it: that is what hearing is for"
    );
    let heard = carla.watch(&mut position).await.unwrap();
    assert_eq!(heard, [ChainId::Session(session)]);
    assert!(no_access(open(&carla, &sealed).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_a_group_loses_what_came_through_it() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (david, _) = world.person("david").await;
    let leaving = member(&david).await;
    let group = anna
        .create_group("North", &[(leaving, Role::Member)])
        .await
        .unwrap();
    let session = anna
        .create_session(&[(group.into(), Rights::MANAGE)], None, None)
        .await
        .unwrap();
    let sealed = seal(&anna, session, b"report").await.unwrap();
    let mut position = WatchPosition::default();
    david.watch(&mut position).await.unwrap();
    assert_eq!(open(&david, &sealed).await.unwrap(), b"report");

    anna.remove_members(group, &[leaving]).await.unwrap();
    let heard = david.watch(&mut position).await.unwrap();
    assert!(heard.contains(&ChainId::Group(group)));
    assert!(no_access(open(&david, &sealed).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_loses_no_news() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (carla, _) = world.person("carla").await;
    let (me, reader) = (member(&anna).await, member(&carla).await);
    let mut position = WatchPosition::default();
    carla.watch(&mut position).await.unwrap();
    let before = position;
    let session = anna
        .create_session(&[(me, Rights::MANAGE), (reader, Rights::READ)], None, None)
        .await
        .unwrap();
    world.keys.once("watch", Fault::Status(500));
    assert!(carla.watch(&mut position).await.is_err());
    assert_eq!(
        position, before,
        "the next attempt asks from the same place"
    );
    let heard = carla.watch(&mut position).await.unwrap();
    assert_eq!(heard, [ChainId::Session(session)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_keys_are_asked_for_again() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (carla, _) = world.person("carla").await;
    let (me, reader) = (member(&anna).await, member(&carla).await);
    let session = anna
        .create_session(&[(me, Rights::MANAGE), (reader, Rights::READ)], None, None)
        .await
        .unwrap();
    let sealed = seal(&anna, session, b"report").await.unwrap();
    assert_eq!(open(&carla, &sealed).await.unwrap(), b"report");
    anna.revoke(session, &[reader]).await.unwrap();
    world.pass(14 * 60_000);
    assert_eq!(open(&carla, &sealed).await.unwrap(), b"report");
    world.pass(2 * 60_000);
    assert!(no_access(open(&carla, &sealed).await));
}
