//! Checkpoints and proofs.

use wardseal_server_domain::keys::CHECKPOINT_LIFETIME;
use wardseal_types::Timestamp;

use crate::world::World;

#[test]
fn every_log_continues_every_earlier_one() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    let caller = world.caller(&anna);
    let mut seen = Vec::new();
    for _ in 0..9 {
        let fetched = world.service.tenant(&world.tenant(), 0).unwrap();
        seen.push(world.checkpoint(&fetched.log));
        world.device(&anna);
        for floor in &seen {
            let fetched = world
                .service
                .fetch(&caller, &world.tenant(), &[], floor.size)
                .unwrap();
            let newest = world.checkpoint(&fetched.log);
            assert_eq!(newest.size, u64::try_from(world.town.log.len()).unwrap());
            newest.continues(floor, &fetched.log.consistency).unwrap();
        }
    }
    // The server's tree is the one that the town computes from the leaves alone.
    let fetched = world.service.tenant(&world.tenant(), 0).unwrap();
    let root = world.town.checkpoint(world.town.log.len()).root;
    assert_eq!(world.checkpoint(&fetched.log).root, root);
    assert_eq!(fetched.log.consistency, Vec::<[u8; 32]>::new());
}

#[test]
fn all_entries_of_a_long_log_are_proven() {
    let mut world = World::new(1);
    let anna = world.person("anna");
    for _ in 0..20 {
        world.device(&anna);
    }
    let slice = world.fetch(&world.caller(&anna), anna.id).unwrap();
    assert_eq!(slice.entries.len(), 22);
}

#[test]
fn a_client_that_has_seen_more_gets_what_there_is() {
    let world = World::new(1);
    let fetched = world.service.tenant(&world.tenant(), 1000).unwrap();
    assert_eq!(world.checkpoint(&fetched.log).size, 1);
    assert_eq!(fetched.log.consistency, Vec::<[u8; 32]>::new());
}

#[test]
fn an_old_checkpoint_is_signed_anew() {
    let world = World::new(1);
    let shown = |world: &World| {
        let fetched = world.service.tenant(&world.tenant(), 1).unwrap();
        world.checkpoint(&fetched.log)
    };
    let first = shown(&world);
    world.clock.advance(CHECKPOINT_LIFETIME);
    assert_eq!(shown(&world), first);
    world.clock.advance(1);
    let second = shown(&world);
    assert_eq!(
        second.time,
        world.town.now.plus_millis(CHECKPOINT_LIFETIME + 1)
    );
    assert_eq!((second.size, second.root), (first.size, first.root));
    world.clock.advance(CHECKPOINT_LIFETIME);
    assert_eq!(shown(&world), second);
    world.clock.advance(1);
    assert!(shown(&world).time > second.time);
    // A clock that was wrong and is put right: no checkpoint from the future.
    world
        .clock
        .set(Timestamp::from_seconds(world.town.now.seconds() - 3600));
    assert!(shown(&world).time < first.time);
}
