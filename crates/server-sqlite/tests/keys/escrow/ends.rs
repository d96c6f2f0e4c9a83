//! How deposits end, and that nothing of them is left.

use super::*;

#[test]
fn a_new_epoch_takes_the_place_of_the_older_deposit() {
    let mut scene = Scene::new(9);
    let pending = scene.awaits("dora", Policy::Verified);
    let dora = scene.verified("dora", pending);
    let before = (scene.item(pending), scene.sealed(pending));
    assert!(scene.holds(&before.1));
    let op = scene.world.town.op_rotate_session(scene.session);
    let anna = Rc::clone(&scene.anna);
    scene.world.say(&anna, scene.session, op);
    let released = scene.release_to(&dora, dora.member(), before.0).unwrap();
    assert_eq!(released.items, [Err(ReleaseRefusal::Unknown)]);
    assert!(!scene.holds(&before.1), "the older deposit is in the file");
    assert!(scene.holds(&scene.sealed(pending)));
    assert!(scene.release(&dora, pending).is_ok());
    let claim = scene.claim(&dora, pending);
    scene.brings(&dora, claim).unwrap();
    assert_eq!(scene.state(pending), State::Claimed);
}

#[test]
fn nothing_of_a_deposit_is_left_in_the_files_after_its_end() {
    let mut scene = Scene::new(10);
    let [claimed, revoked, expired] = [Policy::Verified, Policy::Code, Policy::Assigned]
        .map(|policy| scene.awaits("dora", policy));
    let all = [claimed, revoked, expired].map(|pending| scene.sealed(pending));
    assert!(all.iter().all(|sealed| scene.holds(sealed)));
    let dora = scene.verified("dora", claimed);
    scene.release(&dora, claimed).unwrap();
    let claim = scene.claim(&dora, claimed);
    scene.brings(&dora, claim).unwrap();
    assert!(!scene.holds(&all[0]));
    // What the two others got in the new epoch is what goes now.
    let op = scene.world.town.op_revoke(scene.session, &[revoked.into()]);
    let anna = Rc::clone(&scene.anna);
    scene.world.say(&anna, scene.session, op);
    assert_eq!(scene.release(&dora, revoked), Err(ReleaseRefusal::Unknown));
    let last = scene.sealed(expired);
    assert!(!scene.holds(&all[1]) && scene.holds(&last));
    scene.pass(2 * HOUR);
    assert_eq!(scene.world.service.sweep(), Ok(1));
    assert!(!scene.holds(&last) && !scene.holds(&all[2]));
    for (pending, cause) in [
        (claimed, Cause::Claimed),
        (revoked, Cause::Revoked),
        (expired, Cause::Expired),
    ] {
        scene.erasure(pending, cause);
    }
}

#[test]
fn what_expires_is_gone_and_the_others_go_on() {
    let mut scene = Scene::new(11);
    let pending = scene.awaits("dora", Policy::Assigned);
    let dora = scene.world.person("dora");
    let receipt = scene.release(&dora, pending).unwrap();
    let caller = scene.world.caller(&scene.anna);
    let start = scene
        .world
        .service
        .changes(&caller, &caller.tenant, Heard::default())
        .unwrap();
    scene.pass(HOUR - 1);
    assert_eq!(scene.state(pending), State::Released);
    scene.pass(1);
    // Whoever asks first finds it expired, and the members are told.
    assert_eq!(scene.release(&dora, pending), Err(ReleaseRefusal::Expired));
    assert_eq!(scene.state(pending), State::Expired);
    scene.erasure(pending, Cause::Expired);
    assert_eq!(scene.hints(&dora), []);
    let heard = Heard {
        log: Some(start.next),
        escrow: Some(start.next_escrow),
    };
    let told = scene
        .world
        .service
        .changes(&caller, &caller.tenant, heard)
        .unwrap();
    assert_eq!(told.changes.len(), 1);
    assert_eq!(scene.world.service.sweep(), Ok(0));
    // A claim that says it is older than it is.
    let claim = scene.claim(&dora, pending);
    assert_eq!(claim.server, Some(receipt));
    let refused = scene.brings(&dora, claim);
    let reason = "the deposit has expired";
    assert_eq!(refused, Err(DomainError::EscrowRefused(reason)));
    // A rotation seals for him still, and the server keeps none of it.
    let op = scene.world.town.op_rotate_session(scene.session);
    let anna = Rc::clone(&scene.anna);
    scene.world.say(&anna, scene.session, op);
    assert!(!scene.holds(&scene.sealed(pending)));
    assert_eq!(scene.state(pending), State::Expired);
    let op = scene.world.town.op_revoke(scene.session, &[pending.into()]);
    scene.world.say(&anna, scene.session, op);
    assert_eq!(scene.state(pending), State::Expired);
}

#[test]
fn a_server_that_starts_again_knows_all_of_it() {
    let mut scene = Scene::new(12);
    let pending = scene.awaits("dora", Policy::Verified);
    let short = scene.awaits("emil", Policy::Assigned);
    let dora = scene.verified("dora", pending);
    let receipt = scene.release(&dora, pending).unwrap();
    scene.world = scene.world.restart();
    assert_eq!(scene.state(pending), State::Released);
    assert_eq!(scene.release(&dora, pending), Ok(receipt));
    let claim = scene.claim(&dora, pending);
    scene.brings(&dora, claim).unwrap();
    scene.world = scene.world.restart();
    assert_eq!(scene.state(pending), State::Claimed);
    scene.erasure(pending, Cause::Claimed);
    // The first thing that it does is to erase what has expired meanwhile.
    assert!(scene.holds(&scene.sealed(short)));
    scene.pass(2 * HOUR);
    scene.world = scene.world.restart();
    assert!(!scene.holds(&scene.sealed(short)));
    assert_eq!(scene.state(short), State::Expired);
}

#[test]
fn a_claim_is_made_once() {
    let mut scene = Scene::new(13);
    let pending = scene.awaits("dora", Policy::Assigned);
    let dora = scene.world.person("dora");
    scene.release(&dora, pending).unwrap();
    // Of two claims that were composed at the same time one comes too late.
    let claims: Vec<Statement> = (0..2)
        .map(|_| {
            let op = scene
                .world
                .town
                .op_claim(scene.session, pending, dora.member());
            scene.world.town.says(&dora, scene.session, op)
        })
        .collect();
    scene.world.post(&dora, &claims[..1]).unwrap();
    let refused = scene.world.post(&dora, &claims[1..]).unwrap_err();
    assert!(matches!(
        refused,
        DomainError::StaleStatement(Refusal::StaleParent)
    ));
    // The first one again changes nothing.
    scene.world.post(&dora, &claims[..1]).unwrap();
    assert_eq!(scene.state(pending), State::Claimed);
    scene.erasure(pending, Cause::Claimed);
}

/// D13: whoever steals all that the key server has, its database with the write-ahead log and its file
/// of secrets, opens every share of it, and no seed: neither with that share alone nor with whatever
/// else lies there in the place of the tenant's.
#[test]
fn everything_that_the_key_server_has_opens_no_seed() {
    let mut scene = Scene::new(17);
    let pending = scene.awaits("dora", Policy::Verified);
    let dora = scene.verified("dora", pending);
    scene.release(&dora, pending).unwrap();
    let mut loot = scene.world.files();
    let (ed25519, ml_dsa) = scene.world.town.log_key.to_seeds();
    for secret in [ed25519.expose(), ml_dsa.expose(), &[11; 32], &[12; 32]] {
        loot.extend(secret);
    }
    let place = Place {
        tenant: scene.world.tenant(),
        session: scene.session,
        epoch: 0,
        pending,
    };
    let town = &scene.world.town;
    let mut boxes = town.boxes.iter();
    let sealed = boxes.find(|sealed| sealed.member == MemberId::Pending(pending));
    let Some(Sealed::Escrow(deposit)) = sealed.map(|sealed| &sealed.sealed) else {
        panic!("a deposit");
    };
    let part = deposit.server.as_ref().unwrap();
    let own = place
        .open_server_share(&town.escrow.server, part.as_slice())
        .unwrap()
        .share;
    let opens = |of_tenant: &[u8]| {
        let of_tenant = Secret::try_from_slice(of_tenant).unwrap();
        let key = place.combine(&of_tenant, &own, None);
        place.open_seed(&key, deposit).is_ok()
    };
    let (_, of_tenant) = &town.escrow.shares[0];
    let of_tenant = place
        .open_tenant_share(&town.escrow.tenant, of_tenant.as_slice())
        .unwrap();
    assert!(opens(of_tenant.expose()), "the attempt itself works");
    assert!(!opens(own.expose()));
    assert!(loot.len() > 10_000);
    // What is drawn at random has as many different bytes, and pages of a database do not.
    let random = |window: &&[u8]| {
        let different: std::collections::BTreeSet<_> = window.iter().collect();
        different.len() >= 20
    };
    assert!(random(&of_tenant.expose().as_slice()));
    assert!(loot.windows(32).filter(random).all(|window| !opens(window)));
    let seed = town.newest(scene.session).secret().expose();
    assert!(loot.windows(32).all(|window| window != seed));
}
