//! Names, users and devices.

use wardseal_attacks::{Forge, Somebody, World};
use wardseal_client::{
    Error, Misbehaviour,
    api::keys::{Fetch, GetTenant, Lookup},
    protocol::{Refusal, op::Op, statement::Body},
};
use wardseal_protocol::{
    keys::DeviceKind,
    ring::Seed,
    statement::{Author, Statement},
};
use wardseal_testkit::{Person, Servers, Town, secret, seeded};
use wardseal_types::{ChainId, FixedBytes, MemberId, RingId, UserId};

/// The state of the honest log, to make forgeries that continue it.
pub(crate) fn town_of(world: &World) -> Town {
    let mut town = Town::logged_by(99, Servers::log_key());
    town.tenant = world.tenant;
    town.log.clear();
    town.states = wardseal_protocol::state::States::default();
    for statement in world.log() {
        town.append(&statement).expect("the honest log folds");
    }
    town
}

/// A statement in a user's chain by a device that is not his, valid in everything but that.
fn ghost(world: &World, victim: UserId, with_own_key: bool) -> Statement {
    let mut town = town_of(world);
    let device = town.device(DeviceKind::Ordinary);
    // The server does not know the seed, so the box holds one of its own.
    let seed = Seed::from_secret(secret(&mut seeded(5)));
    let reference = town.seal(RingId::User(victim), 0, device.member(), &seed);
    let op = Op::AddDevice(device.enters(&world.tenant, &victim), reference);
    let named = if with_own_key {
        device.id
    } else {
        let state = town.states.chain(&victim.into()).expect("the victim");
        match state {
            wardseal_protocol::state::ChainState::User(state) => {
                *state.devices().keys().next().expect("a device")
            }
            _ => panic!("a user"),
        }
    };
    let body: Body = town.body(victim.into(), Author::Device(victim, named), op);
    body.sign(&device.sign).expect("signing works")
}

#[tokio::test]
async fn a_name_answered_with_another_user_is_refused() {
    let world = World::new(10).await;
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await;
    let mallory = world.somebody("mallory").await.user().await;
    ada.client.users_by_name(&["ada"]).await.unwrap();
    for own_salt in [false, true] {
        ada.network.change::<Lookup>(move |_, answer| {
            for found in &mut answer.found {
                found.holder = mallory.into();
                if own_salt {
                    found.salt = FixedBytes([7; 32]);
                }
            }
        });
        let lookup = ada.client.users_by_name(&["bob"]).await;
        assert_eq!(lookup.unwrap_err().code(), "bad_binding");
        // The chain of the other user is genuine and may be known now; the name is not.
        let names = ada.disk.image();
        assert_eq!(
            names.keys().filter(|key| key.starts_with("name/")).count(),
            1
        );
    }
    ada.network.honest();
    let found = ada.client.users_by_name(&["bob"]).await.unwrap();
    assert_eq!(found, [bob.user().await]);
    world.ledger.check();
}

#[tokio::test]
async fn a_user_answered_with_another_users_chain_is_refused() {
    let world = World::new(11).await;
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await.user().await;
    let mallory = world.somebody("mallory").await.user().await;
    ada.client.devices().await.unwrap();
    let forge = Forge::of(&world);
    // Bob's name over Mallory's statements.
    ada.network.say::<Fetch>(move |request| {
        let mut answer = forge.fetch(request);
        for slice in &mut answer.chains {
            if slice.chain == ChainId::User(bob) {
                slice.entries = forge
                    .positions(&mallory.into())
                    .into_iter()
                    .map(|position| forge.entry(position))
                    .collect();
            }
        }
        answer
    });
    ada.refuses("fork", ada.client.users_by_name(&["bob"]))
        .await;
    ada.refuses(
        "fork",
        ada.client
            .create_group("g", &[(MemberId::User(bob), wardseal_client::Role::Member)]),
    )
    .await;
    // Mallory's under her own name instead: nothing is known of Bob then.
    let forge = Forge::of(&world);
    ada.network.say::<Fetch>(move |request| {
        let mut request = request.clone();
        for wanted in &mut request.chains {
            if wanted.chain == ChainId::User(bob) {
                wanted.chain = mallory.into();
            }
        }
        forge.fetch(&request)
    });
    let made = ada
        .client
        .create_group("g", &[(MemberId::User(bob), wardseal_client::Role::Member)])
        .await;
    assert_eq!(made.unwrap_err().code(), "unknown_chain");
    world.ledger.check();
}

/// A public key in a statement is covered by the signature: another one is another statement.
#[tokio::test]
async fn a_key_exchanged_within_a_chain_is_refused() {
    let world = World::new(12).await;
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await.user().await;
    ada.client.devices().await.unwrap();
    let evil = Seed::from_secret(secret(&mut seeded(1)));
    let mut forge = Forge::of(&world);
    for statement in &mut forge.log {
        if statement.chain() != ChainId::User(bob) || statement.body().seq != 0 {
            continue;
        }
        let honest = statement.body().clone();
        let Op::UserCreate(_, _, epoch) = &honest.op else {
            panic!("a genesis")
        };
        let old = epoch.kem.as_ref().expect("a key").as_array().to_vec();
        let new = evil.kem().unwrap().public().as_bytes().to_vec();
        let at = statement
            .bytes()
            .windows(old.len())
            .position(|part| part == old)
            .expect("the key stands in it");
        let mut bytes = statement.bytes().to_vec();
        bytes[at..at + new.len()].copy_from_slice(&new);
        *statement = Statement::decode(&bytes).expect("it still reads");
    }
    // It is the genesis of a user with another name now; of Bob's chain the beginning is missing.
    ada.network
        .say::<Fetch>(move |request| forge.fetch(request));
    ada.refuses("gap", ada.client.users_by_name(&["bob"])).await;
    world.ledger.check();
}

#[tokio::test]
async fn a_device_that_nobody_added_is_refused_by_others_and_by_its_alleged_owner() {
    for with_own_key in [true, false] {
        let world = World::new(13).await;
        let ada = world.somebody("ada").await;
        let bob = world.somebody("bob").await;
        let victim = bob.user().await;
        ada.client.users_by_name(&["bob"]).await.unwrap();
        let forge = Forge::of(&world).with(ghost(&world, victim, with_own_key));
        let expected = if with_own_key {
            Refusal::NotADevice
        } else {
            Refusal::BadSignature
        };
        for reader in [&ada, &bob] {
            let forge = forge.clone();
            reader
                .network
                .say::<Fetch>(move |request| forge.fetch(request));
        }
        let refused = |error: Error| {
            assert_eq!(
                error,
                Misbehaviour::BadStatement {
                    chain: victim.into(),
                    refusal: expected
                }
                .into()
            );
        };
        refused(bob.refuses("bad_statement", bob.client.devices()).await);
        let grants = [
            (ada.member().await, wardseal_client::Rights::MANAGE),
            (bob.member().await, wardseal_client::Rights::READ),
        ];
        refused(
            ada.refuses("bad_statement", ada.client.users_by_name(&["bob"]))
                .await,
        );
        // The true chain goes on to work for both.
        ada.network.honest();
        bob.network.honest();
        assert_eq!(bob.client.devices().await.unwrap().len(), 1);
        ada.client
            .create_session(&grants, None, None)
            .await
            .unwrap();
        world.ledger.check();
    }
}

/// A self-made user who claims a device of Bob's, without its private key.
#[tokio::test]
async fn anothers_device_in_ones_own_chain_is_refused() {
    let world = World::new(14).await;
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await.user().await;
    let town = town_of(&world);
    let stolen = match town.states.chain(&bob.into()).unwrap() {
        wardseal_protocol::state::ChainState::User(state) => {
            state.devices().values().next().unwrap().keys.clone()
        }
        _ => panic!("a user"),
    };
    let mut town = town_of(&world);
    let own = town.device(DeviceKind::Ordinary);
    let genesis = town.founds(&own);
    town.append(&genesis).unwrap();
    let mallory = Person {
        id: genesis.user().unwrap(),
        device: own,
    };
    // Bob's keys with Mallory's proof of possession.
    let mut entering = mallory.device.enters(&world.tenant, &mallory.id);
    entering.keys = stolen;
    let member = MemberId::Device(entering.keys.id());
    let reference = wardseal_protocol::ring::BoxRef {
        member,
        epoch: 0,
        key: FixedBytes(*member.as_bytes()),
        hash: Some(FixedBytes([1; 32])),
    };
    let op = Op::AddDevice(entering, reference);
    let claim = town.says(&mallory, mallory.id, op);
    assert_eq!(town.judge(&claim), Err(Refusal::BadKey));
    let forge = Forge::of(&world).with(genesis).with(claim);
    ada.network
        .say::<Fetch>(move |request| forge.fetch(request));
    let grants = [
        (ada.member().await, wardseal_client::Rights::MANAGE),
        (mallory.member(), wardseal_client::Rights::READ),
    ];
    let error = ada
        .client
        .create_session(&grants, None, None)
        .await
        .unwrap_err();
    let refusal = Refusal::BadKey;
    let chain = mallory.id.into();
    assert_eq!(error, Misbehaviour::BadStatement { chain, refusal }.into());
    world.ledger.check();
}

/// Key server and tenant together give Bob's name to a user of their own. Nothing prevents that,
/// but whoever knew Bob is told, and until he says yes nothing is sealed to the name.
#[tokio::test]
async fn a_name_that_changes_hands_waits_for_a_yes() {
    let world = World::new(15).await;
    let mut ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await.user().await;
    assert_eq!(ada.client.users_by_name(&["bob"]).await.unwrap(), [bob]);

    let mut town = town_of(&world);
    let device = town.device(DeviceKind::Ordinary);
    let genesis = town.founds(&device);
    town.append(&genesis).unwrap();
    let impostor = Person {
        id: genesis.user().unwrap(),
        device,
    };
    let salt = [9; 32];
    let commitment = wardseal_protocol::binding::commit(&world.tenant, &salt, "bob");
    let token = world.bind(impostor.id, "bob", commitment.0);
    let bind = town.says(
        &impostor,
        impostor.id,
        Op::Bind(commitment, token.into_bytes().into()),
    );
    let forge = Forge::of(&world).with(genesis).with(bind);
    let lie = |somebody: &Somebody| {
        let forge = forge.clone();
        somebody
            .network
            .say::<Fetch>(move |request| forge.fetch(request));
        let user = impostor.id;
        somebody.network.change::<Lookup>(move |_, answer| {
            for found in &mut answer.found {
                found.holder = user.into();
                found.salt = FixedBytes(salt);
            }
        });
    };
    lie(&ada);
    let pinned = ada.disk.contents();
    for _ in 0..2 {
        let lookup = ada.client.users_by_name(&["bob"]).await;
        assert_eq!(lookup.unwrap_err().code(), "identity_changed");
        // Also after the program was started anew: the pin is on the disk.
        ada.restart().await.unwrap();
    }
    let names = |contents: &std::collections::BTreeMap<String, Vec<u8>>| {
        let names = contents.iter().filter(|(key, _)| key.starts_with("name/"));
        names
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&ada.disk.contents()), names(&pinned));
    assert_eq!(
        ada.client.confirm_identity("bob").await.unwrap(),
        impostor.id.into()
    );
    assert_eq!(
        ada.client.users_by_name(&["bob"]).await.unwrap(),
        [impostor.id]
    );
    world.ledger.check();
}

#[tokio::test]
async fn chains_of_another_tenant_are_refused() {
    let world = World::new(16).await;
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await.user().await;
    ada.client.devices().await.unwrap();
    // Another tenant on the same server, with the same keys of its own and of the log.
    let other = World::new(16 + 1000).await;
    let stranger = other.somebody("bob").await.user().await;
    for name in ["carol", "dave", "erin"] {
        other.somebody(name).await;
    }
    let foreign = Forge::of(&other);
    let mut passed_off = foreign.clone();
    passed_off.tenant = world.tenant;
    for (forge, codes) in [
        (foreign, ["bad_log", "bad_log"]),
        (passed_off, ["split_view", "bad_statement"]),
    ] {
        let answer = forge.clone();
        ada.network
            .say::<Fetch>(move |request| answer.fetch(request));
        // Nothing of Bob's is in there, but the log is another.
        ada.refuses(codes[0], ada.client.users_by_name(&["bob"]))
            .await;
        let answer = forge.clone();
        ada.network.say::<Fetch>(move |request| {
            let mut request = request.clone();
            for wanted in &mut request.chains {
                if wanted.chain == ChainId::User(bob) {
                    wanted.chain = stranger.into();
                }
            }
            answer.fetch(&request)
        });
        let error = ada.client.users_by_name(&["bob"]).await.unwrap_err();
        assert!(
            ["bad_statement", "bad_log", "split_view", "fork"].contains(&error.code()),
            "{error:?}"
        );
        // The same to a machine that knows nothing.
        let new = world.machine("new").await;
        let answer = forge.clone();
        new.network
            .say::<GetTenant>(move |request| answer.tenant(request));
        new.client.begin_sign_up("new").await.unwrap();
        let error = new.client.finish_sign_up("token").await.unwrap_err();
        assert!(
            ["bad_log", "gap", "bad_statement", "fork"].contains(&error.code()),
            "{error:?}"
        );
        assert_eq!(
            new.disk.image().len(),
            1,
            "the sign-up waits, and nothing else is there"
        );
    }
    world.ledger.check();
}
