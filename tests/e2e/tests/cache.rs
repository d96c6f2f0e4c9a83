//! Keys that are at hand: many calls ask once, nothing is asked where nothing must be, and what was
//! exported opens where there is nobody to ask.
#![expect(
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use std::{future::Future, pin::Pin, sync::Arc, task::Poll};

use wardseal_client::{
    CachePolicy, Config, Error, Misuse, Rights, Role, SplitStore, StateStore as _, Transport as _,
    WatchPosition,
    protocol::object::Metadata,
    types::{ChainId, MemberId, SessionId},
};
use wardseal_client_core::export::ExportError;
use wardseal_e2e::{Disk, Machine, World, open, seal};
use wardseal_testkit::Fault;

const TTL: u64 = 15 * 60_000;

async fn member(machine: &Machine) -> MemberId {
    machine.profile().await.unwrap().user.into()
}

/// All of them at once, in one task.
async fn at_once<F: Future>(calls: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut calls: Vec<Pin<Box<F>>> = calls.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = calls.iter().map(|_| None).collect();
    core::future::poll_fn(|context| {
        for (call, done) in calls.iter_mut().zip(&mut done) {
            if done.is_none()
                && let Poll::Ready(output) = call.as_mut().poll(context)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// Ben reads sessions of Anna, each through the same group, and knows group and author already.
struct Cast {
    world: World,
    anna: Machine,
    ben: Machine,
    disk: Disk,
    config: Config,
    sessions: Vec<SessionId>,
    objects: Vec<Vec<u8>>,
}

async fn cast(cache: CachePolicy, sessions: usize) -> Cast {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let config = Config {
        cache,
        ..Config::new(world.tenant)
    };
    let disk = Disk::default();
    let ben = world.try_machine(&disk, config.clone(), &world.clock).await;
    let ben = ben.unwrap();
    world.sign_up(&ben, "ben").await.unwrap();
    let group = [(member(&ben).await, Role::Admin)];
    let group = anna.create_group("North", &group).await.unwrap();
    let mut cast = Cast {
        world,
        anna,
        ben,
        disk,
        config,
        sessions: Vec::new(),
        objects: Vec::new(),
    };
    for _ in 0..=sessions {
        let recipients = [(group.into(), Rights::MANAGE)];
        let session = cast.anna.create_session(&recipients, None, None).await;
        let object = seal(&cast.anna, session.clone().unwrap(), b"report").await;
        cast.sessions.push(session.unwrap());
        cast.objects.push(object.unwrap());
    }
    // The last one is opened, so that whoever is in it is known.
    let first = cast.objects.pop().unwrap();
    cast.sessions.pop();
    assert_eq!(open(&cast.ben, &first).await.unwrap(), b"report");
    cast
}

fn fetches(cast: &Cast) -> usize {
    cast.world.keys.seen("fetch")
}

fn unreachable(result: &Result<Vec<u8>, Error>) -> bool {
    matches!(result, Err(Error::Transport(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_are_opened_at_once_take_one_request() {
    for cache in [CachePolicy::Off, CachePolicy::Memory { ttl: TTL }] {
        let cast = cast(cache, 20).await;
        let before = fetches(&cast);
        let opened = at_once(cast.objects.iter().map(|object| open(&cast.ben, object))).await;
        for content in opened {
            assert_eq!(content.unwrap(), b"report");
        }
        assert_eq!(fetches(&cast) - before, 1, "{cache:?}");
        // What is cached takes none; with the cache off, each moment asks for itself.
        at_once(cast.objects.iter().map(|object| open(&cast.ben, object))).await;
        let again = usize::from(cache == CachePolicy::Off);
        assert_eq!(fetches(&cast) - before, 1 + again, "{cache:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_session_asked_for_by_many_is_asked_for_once() {
    let cast = cast(CachePolicy::Off, 1).await;
    let before = fetches(&cast);
    let calls = (0..10).map(|_| cast.ben.session(cast.sessions[0]));
    for session in at_once(calls).await {
        assert_eq!(session.unwrap().id, cast.sessions[0]);
    }
    assert_eq!(fetches(&cast) - before, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sealing_for_many_sessions_at_once_asks_for_them_once() {
    let cast = cast(CachePolicy::Memory { ttl: TTL }, 10).await;
    let metadata = Metadata::default();
    let before = fetches(&cast);
    let calls = cast.sessions.iter();
    let calls = calls.map(|session| cast.ben.sealing(*session, &metadata));
    for sealing in at_once(calls).await {
        sealing.unwrap();
    }
    // One for the sessions, one for the group and its members, who may have left meanwhile.
    let asked = fetches(&cast) - before;
    assert!(asked <= 3, "{asked} requests for 10 sessions of one group");
    let before = fetches(&cast);
    cast.ben.sealing(cast.sessions[0], &metadata).await.unwrap();
    assert!(fetches(&cast) - before <= 2, "one more asks anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_closed_does_not_close_the_others() {
    let cast = cast(CachePolicy::Memory { ttl: TTL }, 3).await;
    let me = member(&cast.anna).await;
    let mine = [(me, Rights::MANAGE)];
    let closed = cast.anna.create_session(&mine, None, None);
    let closed = closed.await.unwrap();
    let mut objects = cast.objects.clone();
    objects.insert(1, seal(&cast.anna, closed, b"closed").await.unwrap());
    let before = fetches(&cast);
    let opened = at_once(objects.iter().map(|object| open(&cast.ben, object))).await;
    for (place, result) in opened.into_iter().enumerate() {
        match result {
            Ok(content) => assert_eq!((place != 1, content), (true, b"report".to_vec())),
            Err(Error::Misuse(Misuse::NoAccess(session))) => {
                assert_eq!((place, session), (1, closed));
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(fetches(&cast) - before, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_answer_that_does_not_come_is_waited_for_once() {
    let cast = cast(CachePolicy::Memory { ttl: TTL }, 10).await;
    cast.world.keys.on("fetch", Fault::Refuse);
    let before = fetches(&cast);
    let opened = at_once(cast.objects.iter().map(|object| open(&cast.ben, object))).await;
    assert!(opened.iter().all(unreachable));
    assert_eq!(fetches(&cast) - before, 1);
    cast.world.keys.clear();
    let opened = at_once(cast.objects.iter().map(|object| open(&cast.ben, object))).await;
    assert!(
        opened.iter().all(Result::is_ok),
        "the next try is a new one"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_given_up_does_not_take_the_others_along() {
    let cast = cast(CachePolicy::Memory { ttl: TTL }, 3).await;
    let mut calls: Vec<_> = cast
        .objects
        .iter()
        .map(|object| Box::pin(open(&cast.ben, object)))
        .collect();
    // All have begun, and the first has its turn.
    core::future::poll_fn(|context| {
        for call in &mut calls {
            assert!(call.as_mut().poll(context).is_pending());
        }
        Poll::Ready(())
    })
    .await;
    drop(calls.remove(0));
    for content in at_once(calls).await {
        assert_eq!(content.unwrap(), b"report");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_prefetched_opens_without_asking() {
    let mut cast = cast(CachePolicy::Memory { ttl: TTL }, 5).await;
    let author = cast.anna.profile().await.unwrap().user;
    let before = fetches(&cast);
    cast.ben.prefetch(&cast.sessions, &[author]).await.unwrap();
    assert_eq!(fetches(&cast) - before, 1);
    cast.world.keys.on("fetch", Fault::Refuse);
    for object in &cast.objects {
        assert_eq!(open(&cast.ben, object).await.unwrap(), b"report");
    }
    // Where nothing is cached nothing is fetched for later.
    cast.world.keys.clear();
    cast.config.cache = CachePolicy::Off;
    let disk = cast.disk.copy().await;
    let ben = cast
        .world
        .try_machine(&disk, cast.config.clone(), &cast.world.clock);
    let ben = ben.await.unwrap();
    let before = fetches(&cast);
    ben.prefetch(&cast.sessions, &[author]).await.unwrap();
    assert_eq!(fetches(&cast) - before, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_can_wait_for_changes_by_itself() {
    let cast = cast(CachePolicy::Memory { ttl: TTL }, 1).await;
    let mut position = WatchPosition::default();
    cast.ben.watch(&mut position).await.unwrap();
    let request = cast.ben.watch_begin(position).await.unwrap();
    // While the host waits, the client does what else there is.
    assert_eq!(open(&cast.ben, &cast.objects[0]).await.unwrap(), b"report");
    let session = cast.sessions[0];
    cast.anna.describe_session(session, b"{}").await.unwrap();
    let url = cast.world.keys.url().parse().unwrap();
    let transport = wardseal_client_http::HttpTransport::new(Some(url), None).unwrap();
    let answer = transport.send(request).await.unwrap();
    let heard = cast.ben.watch_end(&mut position, &answer).await.unwrap();
    assert_eq!(heard, [ChainId::Session(session)]);
    cast.world.keys.on("fetch", Fault::Refuse);
    assert!(
        unreachable(&open(&cast.ben, &cast.objects[0]).await),
        "the key is in doubt"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn cached_sessions_open_without_a_connection_also_after_a_restart() {
    let cast = cast(CachePolicy::Persistent { ttl: TTL }, 2).await;
    assert_eq!(open(&cast.ben, &cast.objects[0]).await.unwrap(), b"report");
    let offline = cast
        .world
        .offline(cast.disk.clone(), cast.config.clone())
        .await;
    assert_eq!(open(&offline, &cast.objects[0]).await.unwrap(), b"report");
    assert!(
        unreachable(&open(&offline, &cast.objects[1]).await),
        "this one was not cached"
    );
    // Writing needs news: somebody may have been revoked.
    let sealing = offline
        .sealing(cast.sessions[0], &Metadata::default())
        .await;
    assert!(matches!(sealing, Err(Error::Transport(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_store_holds_what_may_be_lost_and_damage_there_is_loss() {
    let cast = cast(CachePolicy::Persistent { ttl: TTL }, 1).await;
    let (state, own) = (Disk::default(), Disk::default());
    let store = || SplitStore::new(state.clone(), own.clone());
    let clock = || Arc::clone(&cast.world.clock);
    let dora = cast.world.over(store(), cast.config.clone(), clock());
    let dora = dora.await.unwrap();
    cast.world.sign_up(&dora, "dora").await.unwrap();
    let who = dora.profile().await.unwrap().user.into();
    let rights = Rights::READ;
    let session = cast.sessions[0];
    let granted = cast
        .anna
        .grant(session, who, rights, wardseal_client::Visibility::Full);
    granted.await.unwrap();
    assert_eq!(open(&dora, &cast.objects[0]).await.unwrap(), b"report");
    let mut lies_there = own.keys("").await.unwrap();
    lies_there.retain(|key| !key.starts_with("boxes/ses_") && !key.starts_with("chain/ses_"));
    assert_eq!(lies_there, [""; 0]);
    assert_eq!(own.keys("").await.unwrap().len(), 2);
    let damaged = wardseal_client::Batch {
        puts: own
            .keys("")
            .await
            .unwrap()
            .into_iter()
            .map(|key| (key, vec![7; 90]))
            .collect(),
        deletes: Vec::new(),
    };
    let older = own.copy().await;
    own.commit(damaged).await.unwrap();
    let dora = cast.world.over(store(), cast.config.clone(), clock());
    let dora = dora.await.unwrap();
    assert_eq!(open(&dora, &cast.objects[0]).await.unwrap(), b"report");
    // An older copy is behind what was seen since. It is not believed, also without a server.
    cast.anna.describe_session(session, b"{}").await.unwrap();
    dora.session(session).await.unwrap();
    let store = SplitStore::new(state.clone(), older);
    let offline = cast.world.offline(store, cast.config.clone()).await;
    assert!(unreachable(&open(&offline, &cast.objects[0]).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_a_group_made_stale_gets_its_new_epoch_before_the_next_write() {
    let cast = cast(CachePolicy::Memory { ttl: TTL }, 1).await;
    let (carla, _) = cast.world.person("carla").await;
    let leaving = member(&carla).await;
    let members = [(leaving, Role::Member)];
    let group = cast.anna.create_group("South", &members).await.unwrap();
    let recipients = [(group.into(), Rights::MANAGE)];
    let session = cast.anna.create_session(&recipients, None, None).await;
    let session = session.unwrap();
    seal(&cast.anna, session, b"report").await.unwrap();
    cast.anna.remove_members(group, &[leaving]).await.unwrap();
    assert_eq!(cast.anna.session(session).await.unwrap().epoch, 0);
    let sealing = cast.anna.sealing(session, &Metadata::default()).await;
    assert_eq!(sealing.unwrap().header().epoch, 1);
    assert_eq!(cast.anna.session(session).await.unwrap().epoch, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_kept_and_forgotten_like_everything_else() {
    let cast = cast(CachePolicy::Persistent { ttl: TTL }, 2).await;
    let export = cast.ben.export_sessions(&cast.sessions).await.unwrap();
    let disk = Disk::default();
    let nobody = cast.world.offline(disk.clone(), cast.config.clone()).await;
    let mut imported = nobody.import_sessions(export.as_bytes()).await.unwrap();
    imported.sort();
    let mut sessions = cast.sessions.clone();
    sessions.sort();
    assert_eq!(imported, sessions);
    let sealed = disk.keys("import/").await.unwrap();
    assert_eq!(sealed.len(), 1);
    let restarted = cast.world.offline(disk.clone(), cast.config.clone()).await;
    for object in &cast.objects {
        assert_eq!(open(&restarted, object).await.unwrap(), b"report");
    }
    restarted.forget_sessions().await.unwrap();
    assert!(open(&restarted, &cast.objects[0]).await.is_err());
    assert_eq!(disk.keys("").await.unwrap(), [""; 0]);
    // In memory nothing of it is written.
    let config = Config {
        cache: CachePolicy::Memory { ttl: TTL },
        ..cast.config.clone()
    };
    let nobody = cast.world.offline(disk.clone(), config).await;
    nobody.import_sessions(export.as_bytes()).await.unwrap();
    assert_eq!(open(&nobody, &cast.objects[0]).await.unwrap(), b"report");
    assert_eq!(disk.keys("").await.unwrap(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_a_cached_session_needs_no_connection() {
    let cast = cast(CachePolicy::Persistent { ttl: TTL }, 1).await;
    open(&cast.ben, &cast.objects[0]).await.unwrap();
    let offline = cast
        .world
        .offline(cast.disk.clone(), cast.config.clone())
        .await;
    let export = offline.export_sessions(&cast.sessions).await.unwrap();
    let nobody = cast
        .world
        .offline(Disk::default(), cast.config.clone())
        .await;
    nobody.import_sessions(export.as_bytes()).await.unwrap();
    assert_eq!(open(&nobody, &cast.objects[0]).await.unwrap(), b"report");
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_that_are_not_right_are_refused() {
    let cast = cast(CachePolicy::Memory { ttl: TTL }, 1).await;
    let export = cast.ben.export_sessions(&cast.sessions).await.unwrap();
    let good = export.as_bytes();
    let refusal = async |bytes: &[u8], config: &Config| {
        let nobody = cast.world.offline(Disk::default(), config.clone()).await;
        let refused = nobody.import_sessions(bytes).await;
        let opens = open(&nobody, &cast.objects[0]).await.is_ok();
        assert_eq!(
            refused.is_ok(),
            opens,
            "nothing of a refused export is taken in"
        );
        match refused {
            Err(Error::Misuse(Misuse::BadExport(error))) => error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refusal(b"", &cast.config).await, ExportError::NotOurs);
    assert_eq!(
        refusal(&cast.objects[0], &cast.config).await,
        ExportError::NotOurs
    );
    for length in (good.len() / 7..good.len()).step_by(good.len() / 7) {
        let cut = refusal(&good[..length], &cast.config).await;
        assert!(matches!(cut, ExportError::Decode(_)), "{length}: {cut}");
    }
    // The last byte belongs to a key.
    let mut turned = good.to_vec();
    *turned.last_mut().unwrap() ^= 1;
    let session = cast.sessions[0];
    assert_eq!(
        refusal(&turned, &cast.config).await,
        ExportError::BadKey(session)
    );
    let other = World::new().await;
    let config = Config::new(other.tenant);
    assert_ne!(other.tenant, cast.world.tenant);
    assert_eq!(refusal(good, &config).await, ExportError::OtherTenant);
    let off = Config {
        cache: CachePolicy::Off,
        ..cast.config.clone()
    };
    let nobody = cast.world.offline(Disk::default(), off).await;
    let refused = nobody.import_sessions(good).await;
    assert!(matches!(refused, Err(Error::Misuse(Misuse::Invalid(_)))));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_one_can_open_is_exported() {
    let cast = cast(CachePolicy::Memory { ttl: TTL }, 1).await;
    let (carla, _) = cast.world.person("carla").await;
    let refused = carla.export_sessions(&cast.sessions).await;
    assert!(matches!(refused, Err(Error::Misuse(Misuse::NoAccess(_)))));
    let refused = cast.ben.export_sessions(&[]).await;
    assert!(matches!(refused, Err(Error::Misuse(Misuse::Invalid(_)))));
}
