//! What a revoked person can still open, for each setting of the cache: every line of the table in
//! `docs/guides/revocation-and-cache.md` is a test here.
#![expect(
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use std::sync::Arc;

use wardseal_client::{
    CachePolicy, Client, Config, Error, Misuse, Rights, SplitStore, StateStore, Transport,
    TransportError, WatchPosition,
    types::{ChainId, MemberId, SessionId},
};
use wardseal_client_http::HttpTransport;
use wardseal_e2e::{Disk, Machine, NoNetwork, World, open, seal};

const MINUTE: u64 = 60_000;
const TTL: u64 = 15 * MINUTE;
const MEMORY: CachePolicy = CachePolicy::Memory { ttl: TTL };
const PERSISTENT: CachePolicy = CachePolicy::Persistent { ttl: TTL };

/// A store of the application's own for sessions, beside the one for everything else.
type Own = SplitStore<Disk, Disk>;

/// Anna manages a session that Carla reads, on a machine with these settings and this store.
struct Cast<S> {
    world: World,
    config: Config,
    anna: Machine,
    carla: Client<HttpTransport, S>,
    reader: MemberId,
    session: SessionId,
    /// Sealed before the revocation. Carla has opened it.
    opened: Vec<u8>,
}

async fn cast<S: StateStore>(cache: CachePolicy, store: S) -> Cast<S> {
    let world = World::new().await;
    let config = Config {
        cache,
        ..Config::new(world.tenant)
    };
    let (anna, _) = world.person("anna").await;
    let carla = world.over(store, config.clone(), Arc::clone(&world.clock));
    let carla = carla.await.unwrap();
    world.sign_up(&carla, "carla").await.unwrap();
    let me = anna.profile().await.unwrap().user.into();
    let reader = carla.profile().await.unwrap().user.into();
    let recipients = [(me, Rights::MANAGE), (reader, Rights::READ)];
    let session = anna.create_session(&recipients, None, None).await.unwrap();
    let opened = seal(&anna, session, b"report").await.unwrap();
    assert_eq!(open(&carla, &opened).await.unwrap(), b"report");
    Cast {
        world,
        config,
        anna,
        carla,
        reader,
        session,
        opened,
    }
}

impl<S: StateStore> Cast<S> {
    async fn revoke(&self) {
        let revoked = self.anna.revoke(self.session, &[self.reader]).await;
        revoked.unwrap();
    }

    /// Carla's machine after a restart, without a connection.
    async fn restarted<R: StateStore>(&self, store: R) -> Client<NoNetwork, R> {
        self.world.offline(store, self.config.clone()).await
    }
}

fn no_access(result: Result<Vec<u8>, Error>) -> bool {
    matches!(result, Err(Error::Misuse(Misuse::NoAccess(_))))
}

/// There is no key here, and nobody to ask for one.
fn must_ask(result: Result<Vec<u8>, Error>) -> bool {
    matches!(
        result,
        Err(Error::Transport(TransportError::Unreachable { .. }))
    )
}

async fn reads<T: Transport, S: StateStore>(machine: &Client<T, S>, object: &[u8]) -> bool {
    open(machine, object)
        .await
        .is_ok_and(|content| content == b"report")
}

#[tokio::test(flavor = "multi_thread")]
async fn off_nothing_opens_from_the_revocation_on() {
    let disk = Disk::default();
    let cast = cast(CachePolicy::Off, disk.clone()).await;
    cast.revoke().await;
    assert!(no_access(open(&cast.carla, &cast.opened).await));
    assert!(must_ask(
        open(&cast.restarted(disk).await, &cast.opened).await
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_opens_what_was_cached_until_the_time_to_live_ends() {
    let disk = Disk::default();
    let cast = cast(MEMORY, disk.clone()).await;
    cast.revoke().await;
    cast.world.pass(TTL - 1);
    assert!(reads(&cast.carla, &cast.opened).await);
    cast.world.pass(1);
    assert!(no_access(open(&cast.carla, &cast.opened).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_opens_nothing_after_a_restart() {
    let disk = Disk::default();
    let cast = cast(MEMORY, disk.clone()).await;
    cast.revoke().await;
    assert!(must_ask(
        open(&cast.restarted(disk).await, &cast.opened).await
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_were_not_cached_are_closed_at_once() {
    let cast = cast(PERSISTENT, Disk::default()).await;
    let me = cast.anna.profile().await.unwrap().user.into();
    let recipients = [(me, Rights::MANAGE), (cast.reader, Rights::READ)];
    let other = cast.anna.create_session(&recipients, None, None).await;
    let other = other.unwrap();
    let sealed = seal(&cast.anna, other, b"report").await.unwrap();
    cast.anna.revoke(other, &[cast.reader]).await.unwrap();
    assert!(no_access(open(&cast.carla, &sealed).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn persistent_opens_what_was_cached_after_a_restart_until_the_time_to_live_ends() {
    let disk = Disk::default();
    let cast = cast(PERSISTENT, disk.clone()).await;
    cast.revoke().await;
    cast.world.pass(TTL - 1);
    assert!(reads(&cast.carla, &cast.opened).await);
    assert!(reads(&cast.restarted(disk.clone()).await, &cast.opened).await);
    cast.world.pass(1);
    assert!(must_ask(
        open(&cast.restarted(disk.clone()).await, &cast.opened).await
    ));
    assert!(no_access(open(&cast.carla, &cast.opened).await));
    let kept = disk.keys("boxes/ses_").await.unwrap();
    assert_eq!(kept, [""; 0], "the keys are gone from the store too");
}

#[tokio::test(flavor = "multi_thread")]
async fn own_store_opens_what_was_cached_after_a_restart_until_the_time_to_live_ends() {
    let (state, cache) = (Disk::default(), Disk::default());
    let cast = cast(PERSISTENT, Own::new(state.clone(), cache.clone())).await;
    cast.revoke().await;
    cast.world.pass(TTL - 1);
    let again = || Own::new(state.clone(), cache.clone());
    assert!(reads(&cast.restarted(again()).await, &cast.opened).await);
    cast.world.pass(1);
    assert!(must_ask(
        open(&cast.restarted(again()).await, &cast.opened).await
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn own_store_that_is_emptied_opens_nothing_and_loses_nothing() {
    let (state, cache) = (Disk::default(), Disk::default());
    let cast = cast(PERSISTENT, Own::new(state.clone(), cache.clone())).await;
    cache.empty().await;
    let again = Own::new(state, cache);
    assert!(must_ask(
        open(&cast.restarted(again.clone()).await, &cast.opened).await
    ));
    let clock = Arc::clone(&cast.world.clock);
    let connected = cast.world.over(again, cast.config.clone(), clock).await;
    assert!(reads(&connected.unwrap(), &cast.opened).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn own_store_put_back_opens_what_it_held_until_the_time_to_live_ends() {
    let (state, cache) = (Disk::default(), Disk::default());
    let cast = cast(PERSISTENT, Own::new(state.clone(), cache.clone())).await;
    let copy = cache.copy().await;
    let mut position = WatchPosition::default();
    cast.carla.watch(&mut position).await.unwrap();
    cast.revoke().await;
    cast.carla.watch(&mut position).await.unwrap();
    let again = || Own::new(state.clone(), copy.clone());
    assert!(reads(&cast.restarted(again()).await, &cast.opened).await);
    cast.world.pass(TTL);
    assert!(must_ask(
        open(&cast.restarted(again()).await, &cast.opened).await
    ));
}

/// The whole second is the server's: keys are gone when its answer is taken in.
#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_revocation_evicts_before_it_is_told() {
    for cache in [MEMORY, PERSISTENT] {
        let (state, kept) = (Disk::default(), Disk::default());
        let cast = cast(cache, Own::new(state.clone(), kept.clone())).await;
        let mut position = WatchPosition::default();
        cast.carla.watch(&mut position).await.unwrap();
        assert!(reads(&cast.carla, &cast.opened).await);
        // She waits, and the answer comes because of the revocation, not after half a minute.
        let (heard, ()) = tokio::join!(cast.carla.watch(&mut position), cast.revoke());
        assert_eq!(heard.unwrap(), [ChainId::Session(cast.session)]);
        assert_eq!(kept.keys("boxes/").await.unwrap(), [""; 0]);
        assert!(no_access(open(&cast.carla, &cast.opened).await));
        let again = Own::new(state, kept);
        assert!(must_ask(
            open(&cast.restarted(again).await, &cast.opened).await
        ));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_and_is_refused_keeps_nothing() {
    let disk = Disk::default();
    let cast = cast(PERSISTENT, disk.clone()).await;
    cast.revoke().await;
    assert!(cast.carla.session(cast.session).await.is_err());
    assert!(no_access(open(&cast.carla, &cast.opened).await));
    assert!(must_ask(
        open(&cast.restarted(disk).await, &cast.opened).await
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_opens_what_was_sealed_before_it_and_nothing_after() {
    let cast = cast(CachePolicy::Off, Disk::default()).await;
    let export = cast.carla.export_sessions(&[cast.session]).await.unwrap();
    // Sealed under the same epoch, after the export: it opens too.
    let same_epoch = seal(&cast.anna, cast.session, b"report").await.unwrap();
    cast.revoke().await;
    let after = seal(&cast.anna, cast.session, b"after").await.unwrap();
    // Nobody, nowhere, long afterwards: the file is enough.
    cast.world.pass(365 * 24 * 60 * MINUTE);
    let config = Config {
        cache: MEMORY,
        ..cast.config.clone()
    };
    let nobody = cast.world.offline(Disk::default(), config).await;
    assert!(nobody.profile().await.is_none());
    assert!(open(&nobody, &cast.opened).await.is_err(), "not before");
    let imported = nobody.import_sessions(export.as_bytes()).await.unwrap();
    assert_eq!(imported, [cast.session]);
    assert!(reads(&nobody, &cast.opened).await);
    assert!(reads(&nobody, &same_epoch).await);
    assert!(open(&nobody, &after).await.is_err());
    assert!(seal(&nobody, cast.session, b"mine").await.is_err());
    // What was imported is kept as long as everything else is; the file is not touched by that.
    cast.world.pass(TTL);
    assert!(open(&nobody, &cast.opened).await.is_err());
    nobody.import_sessions(export.as_bytes()).await.unwrap();
    assert!(reads(&nobody, &cast.opened).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sealed_after_the_revocation_stays_closed_under_every_setting() {
    for cache in [CachePolicy::Off, MEMORY, PERSISTENT] {
        let (state, kept) = (Disk::default(), Disk::default());
        let cast = cast(cache, Own::new(state.clone(), kept.clone())).await;
        cast.revoke().await;
        let after = seal(&cast.anna, cast.session, b"after").await.unwrap();
        assert!(no_access(open(&cast.carla, &after).await));
        let again = cast.restarted(Own::new(state, kept)).await;
        assert!(open(&again, &after).await.is_err());
    }
}
