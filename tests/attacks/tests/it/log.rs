//! The log: what was accepted once stays.

use std::{fs, sync::Arc};

use wardseal_attacks::{Forge, Somebody, World};
use wardseal_client::{
    CachePolicy,
    api::keys::{Fetch, GetTenant},
    protocol::object::ObjectHeader,
};
use wardseal_crypto::merkle;
use wardseal_protocol::log::leaf_hash;
use wardseal_testkit::Servers;
use wardseal_types::{Clock, ManualClock, Timestamp};

use crate::directory::town_of;

const HOUR: u64 = 3_600_000;

fn show(somebody: &Somebody, forge: &Forge) {
    let (fetched, tenant) = (forge.clone(), forge.clone());
    somebody
        .network
        .say::<Fetch>(move |request| fetched.fetch(request));
    somebody
        .network
        .say::<GetTenant>(move |request| tenant.tenant(request));
}

#[tokio::test]
async fn an_older_log_is_refused_also_after_a_restart() {
    let world = World::new(20).await;
    let mut ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await;
    let group = ada.group(&[bob.member().await]).await;
    let with_bob = Forge::of(&world);
    ada.client
        .remove_members(group, &[bob.member().await])
        .await
        .unwrap();
    for _ in 0..2 {
        for size in 1..with_bob.log.len() {
            show(&ada, &with_bob.clone().cut(size));
            ada.refuses("rollback", ada.client.group(group)).await;
        }
        show(&ada, &with_bob);
        ada.refuses("rollback", ada.client.group(group)).await;
        ada.refuses("rollback", ada.client.create_group("x", &[]))
            .await;
        ada.restart().await.unwrap();
    }
    ada.network.honest();
    assert_eq!(ada.client.group(group).await.unwrap().members.len(), 1);
    world.ledger.check();
}

/// Connections that the server closed are found closed once.
async fn reconnect(somebody: &Somebody) {
    for _ in 0..10 {
        match somebody.client.server().await {
            Ok(_) => return,
            Err(error) => assert_eq!(error.code(), "interrupted"),
        }
    }
    panic!("the server does not come back");
}

#[tokio::test]
async fn a_server_that_starts_from_an_old_copy_is_noticed() {
    let mut servers = Servers::default();
    let folder = servers.folder().to_owned();
    servers.stop_keys();
    servers.start_keys();
    let mut world = World::on(servers, 21).await;
    let mut ada = world.somebody("ada").await;
    world.servers.stop_keys();
    let copy: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("keys.db"))
        .map(|path| (fs::read(&path).unwrap(), path))
        .collect();
    world.servers.start_keys();
    reconnect(&ada).await;
    let group = ada.group(&[]).await;
    world.servers.stop_keys();
    for (content, path) in copy {
        fs::write(path, content).unwrap();
    }
    world.servers.start_keys();
    reconnect(&ada).await;
    let error = ada.client.devices().await.unwrap_err();
    assert_eq!(error.code(), "rollback");
    ada.restart().await.unwrap();
    let error = ada.client.group(group).await.unwrap_err();
    assert_eq!(error.code(), "rollback");
    // It cannot get past by growing again: the log is another one then.
    for name in ["bob", "carol"] {
        world.somebody(name).await;
    }
    let error = ada.client.devices().await.unwrap_err();
    assert_eq!(error.code(), "split_view");
}

/// Each view alone is consistent. What this version finds out is that a client never changes from
/// one to the other; what it keeps is evidence, signed by whoever saw the other.
#[tokio::test]
async fn two_views_stay_apart_and_leave_evidence() {
    let world = World::new(22).await;
    let ada = world.somebody("ada").await;
    let mut bob = world.somebody("bob").await;
    let session = ada.session(&[bob.member().await]).await;
    bob.client.session(session).await.unwrap();
    let before = Forge::of(&world);

    // Bob's view has a user whom nobody else has; the true log goes on otherwise.
    let genesis = town_of(&world).person_genesis();
    let other = before.clone().with(genesis);
    ada.group(&[]).await;
    show(&bob, &other);
    bob.client.session(session).await.unwrap();
    let object = bob.seal(session, "from the other side").await.unwrap();

    // Bob is held in his view for ever: the true log does not continue it.
    ada.group(&[]).await;
    bob.network.honest();
    bob.refuses("split_view", bob.client.session(session)).await;
    bob.restart().await.unwrap();
    bob.refuses("split_view", bob.client.devices()).await;

    // Ada opens what Bob sealed: this version does not ask by itself. The evidence is in the
    // header, which Bob signed: of so many leaves, a root that the true log never had.
    assert_eq!(
        ada.open(&object).await.as_deref(),
        Ok("from the other side")
    );
    let seen = ObjectHeader::peek(&object).unwrap().seen.unwrap();
    let leaves: Vec<_> = world.log().iter().map(leaf_hash).collect();
    let size = usize::try_from(seen.size).unwrap();
    assert_ne!(merkle::root(&leaves[..size]), seen.root.0);
    world.ledger.check();
}

#[tokio::test]
async fn a_log_that_stands_still_stops_sealing_and_not_opening() {
    let world = World::new(23).await;
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await;
    let session = ada.session(&[bob.member().await]).await;
    let object = ada.seal(session, "old").await.unwrap();
    let frozen = Forge::of(&world);
    show(&bob, &frozen);
    bob.client.session(session).await.unwrap();
    world.wait(23 * HOUR);
    bob.seal(session, "in time").await.unwrap();
    world.wait(2 * HOUR);
    let refused = bob.seal(session, "late").await.unwrap_err();
    assert_eq!(refused.code(), "stale_checkpoint");
    let refused = bob.client.create_group("late", &[]).await.unwrap_err();
    assert_eq!(refused.code(), "stale_checkpoint");
    assert_eq!(bob.open(&object).await.as_deref(), Ok("old"));
    // A checkpoint from the future would never grow old.
    let mut future = frozen.clone();
    future.time = world.now().plus_millis(24 * HOUR);
    show(&bob, &future);
    let refused = bob.seal(session, "early").await.unwrap_err();
    assert_eq!(refused.code(), "future_checkpoint");
    assert_eq!(bob.open(&object).await.as_deref(), Ok("old"));
    world.ledger.check();
}

#[tokio::test]
async fn a_clock_that_is_ten_years_off_revives_nothing() {
    let world = World::new(24).await;
    let mut ada = world
        .somebody_with("ada", CachePolicy::Persistent { ttl: HOUR })
        .await;
    let session = ada.session(&[]).await;
    let object = ada.seal(session, "hello").await.unwrap();
    let years = 10 * 365 * 24 * HOUR;
    let now = world.now().millis();
    for (wrong, code) in [
        (now - years, "future_checkpoint"),
        (now + years, "stale_checkpoint"),
    ] {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::from_millis(wrong)));
        ada.clock = clock;
        ada.restart().await.unwrap();
        let refused = ada.seal(session, "text").await.unwrap_err();
        assert_eq!(refused.code(), code);
        assert_eq!(ada.open(&object).await.as_deref(), Ok("hello"));
        // Without a connection the lease counts, and it is over by either clock.
        ada.restart().await.unwrap();
        ada.clock = Arc::new(ManualClock::new(Timestamp::from_millis(wrong - 2 * HOUR)));
        ada.restart().await.unwrap();
        ada.network.raw::<Fetch>(|| {
            Err(wardseal_client::TransportError::Unreachable {
                server: String::new(),
            })
        });
        assert_eq!(ada.open(&object).await.unwrap_err(), "unreachable");
        ada.network.honest();
    }
}

/// Every link of a chain dropped, doubled, exchanged, moved; in a log that has it so, with valid
/// proofs, and in the answer alone.
#[tokio::test]
async fn a_chain_with_any_link_out_of_place_is_refused() {
    let world = World::new(25).await;
    let mut reader = world.somebody("reader").await;
    let fresh = reader.disk.image();
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await;
    let floor = world.log().len();
    let group = ada.group(&[]).await;
    let member = bob.member().await;
    let visible = wardseal_client::Visibility::Full;
    for _ in 0..2 {
        ada.client
            .add_member(group, member, wardseal_client::Role::Member, visible)
            .await
            .unwrap();
        ada.client.remove_members(group, &[member]).await.unwrap();
    }
    ada.client.rename_group(group, "renamed").await.unwrap();
    let honest = Forge::of(&world);
    let chain = honest.positions(&group.into());
    assert!(chain[0] >= floor);

    let mut forgeries = Vec::new();
    for (i, at) in chain.iter().enumerate() {
        let mut dropped = honest.clone();
        dropped.log.remove(*at);
        // Without its end a chain is genuine: see `groups`.
        if i + 1 < chain.len() {
            forgeries.push((format!("{i} dropped"), dropped));
        }
        let mut doubled = honest.clone();
        doubled.log.insert(*at, doubled.log[*at].clone());
        forgeries.push((format!("{i} doubled"), doubled));
        for other in chain.iter().skip(i + 1) {
            let mut exchanged = honest.clone();
            exchanged.log.swap(*at, *other);
            forgeries.push((format!("{at} and {other} exchanged"), exchanged));
        }
        let mut moved = honest.clone();
        let link = moved.log.remove(*at);
        moved.log.push(link);
        if i + 1 < chain.len() {
            forgeries.push((format!("{i} moved to the end"), moved));
        }
    }
    for (what, forge) in forgeries {
        reader.disk.restore(fresh.clone());
        reader.restart().await.unwrap();
        show(&reader, &forge);
        let error = reader.client.group(group).await.expect_err(&what);
        let known = ["gap", "bad_statement", "fork"];
        assert!(known.contains(&error.code()), "{what}: {error:?}");
        assert_eq!(
            reader.disk.contents().len(),
            fresh.len(),
            "{what}: {error:?}"
        );
    }
    // The same in the answer only, under the true log.
    for i in 0..chain.len() {
        for what in 0..4 {
            reader.disk.restore(fresh.clone());
            reader.restart().await.unwrap();
            let forge = honest.clone();
            reader.network.say::<Fetch>(move |request| {
                let mut answer = forge.fetch(request);
                for slice in &mut answer.chains {
                    if slice.chain != group.into() {
                        continue;
                    }
                    let entries = &mut slice.entries;
                    match what {
                        0 if i + 1 < entries.len() => drop(entries.remove(i)),
                        1 => entries.insert(i, entries[i].clone()),
                        2 => {
                            let last = entries.len() - 1;
                            entries.swap(i, if i == last { 0 } else { last });
                        }
                        _ => entries[i].position += 1,
                    }
                }
                answer
            });
            let answered = reader.client.group(group).await;
            if what == 0 && i + 1 == chain.len() {
                continue;
            }
            let error = answered.unwrap_err();
            let known = ["gap", "bad_statement", "fork", "bad_log"];
            assert!(known.contains(&error.code()), "{i} {what}: {error:?}");
        }
    }
    reader.disk.restore(fresh);
    reader.restart().await.unwrap();
    reader.network.honest();
    assert_eq!(reader.client.group(group).await.unwrap().members.len(), 1);
}

/// What is verified is what is used: a statement that comes again with another place is a fork.
#[tokio::test]
async fn a_second_answer_that_differs_from_the_first_is_refused() {
    let world = World::new(26).await;
    let ada = world.somebody("ada").await;
    let group = ada.group(&[]).await;
    let forge = Forge::of(&world);
    ada.network.say::<Fetch>(move |request| {
        let mut all = request.clone();
        for wanted in &mut all.chains {
            wanted.from = 0;
        }
        let mut answer = forge.fetch(&all);
        for entry in answer
            .chains
            .iter_mut()
            .flat_map(|slice| &mut slice.entries)
        {
            entry.position += 1;
        }
        answer
    });
    ada.refuses("fork", ada.client.group(group)).await;
}
