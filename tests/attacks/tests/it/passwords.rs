//! A vault and a key server that lie to whoever types a password.

use wardseal_attacks::World;
use wardseal_client::api::{
    keys::{Append, Evaluate, Fetch},
    vault::{GetVault, LoginFinish, LoginStart, StoreRecord},
};
use wardseal_client_password::{set_password, unlock};
use wardseal_testkit::seeded;
use wardseal_types::FixedBytes;

const PASSWORD: &str = "winter lanterns over Strasbourg 1907";

#[tokio::test]
async fn servers_that_lie_about_a_password_open_nothing() {
    let world = World::new(60).await;
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await;
    set_password(&ada.client, PASSWORD, &[], seeded(1))
        .await
        .unwrap();
    set_password(&bob.client, PASSWORD, &[], seeded(2))
        .await
        .unwrap();
    let (ada_user, bob_user) = (ada.user().await, bob.user().await);

    // Honest: by name and password, on a machine that knows nothing.
    let machine = world.machine("any").await;
    let profile = unlock(&machine.client, "bob", PASSWORD, seeded(3))
        .await
        .unwrap();
    assert_eq!(profile.user, bob_user);
    assert!(
        machine.disk.image().keys().all(|key| key == "audience"),
        "nothing is written"
    );
    let (evaluated, started, released) = (
        machine.network.answers::<Evaluate>().pop().unwrap(),
        machine.network.answers::<LoginStart>().pop().unwrap(),
        machine.network.answers::<LoginFinish>().pop().unwrap(),
    );

    // A wrong password and a name of nobody's: the same code, the same operations, and answers of
    // the same length.
    let mut shapes = Vec::new();
    for (name, password) in [
        ("ada", "autumn lanterns over Strasbourg 1907"),
        ("nobody", PASSWORD),
    ] {
        let machine = world.machine("any").await;
        let error = unlock(&machine.client, name, password, seeded(4))
            .await
            .unwrap_err();
        assert_eq!(error.code(), "wrong_password");
        assert_eq!(machine.client.profile().await, None);
        assert!(machine.disk.image().is_empty());
        let shape: Vec<_> = machine
            .network
            .seen()
            .into_iter()
            .map(|one| {
                let answer = one.answer.unwrap();
                (one.request.path, answer.status, answer.body.len())
            })
            .collect();
        shapes.push(shape);
    }
    assert_eq!(shapes[0], shapes[1]);

    // One lie each, on a machine of its own.
    type Lie = Box<dyn Fn(&wardseal_attacks::Network)>;
    let lies: Vec<(&str, Vec<&str>, Lie)> = vec![
        (
            "another OPRF key",
            vec!["bad_answer"],
            Box::new(|network| {
                network.change::<Evaluate>(|_, answer| answer.oprf_key = FixedBytes([2; 32]));
            }),
        ),
        ("an evaluation replayed", vec!["bad_answer"], {
            let evaluated = evaluated.clone();
            Box::new(move |network| {
                let evaluated = evaluated.clone();
                network.say::<Evaluate>(move |_| evaluated.clone());
            })
        }),
        (
            "the record of somebody else",
            vec!["wrong_password", "bad_answer"],
            {
                let record = evaluated.record;
                Box::new(move |network| {
                    network.change::<Evaluate>(move |_, answer| answer.record = record);
                })
            },
        ),
        (
            "another vault key",
            vec!["bad_answer", "wrong_password", "identity_changed"],
            Box::new(|network| {
                network.change::<GetVault>(|_, answer| {
                    let valid = wardseal_crypto::hash::sha256(&[b"no key"]);
                    answer.vault_key = Some(FixedBytes(valid));
                });
            }),
        ),
        ("a login replayed", vec!["bad_answer", "wrong_password"], {
            let started = started.clone();
            Box::new(move |network| {
                let started = started.clone();
                network.say::<LoginStart>(move |_| started.clone());
            })
        }),
        ("another record released", vec!["bad_answer"], {
            let released = released.clone();
            Box::new(move |network| {
                let released = released.clone();
                network.say::<LoginFinish>(move |_| released.clone());
            })
        }),
        (
            "a record released damaged",
            vec!["bad_answer"],
            Box::new(|network| {
                network.change::<LoginFinish>(|_, answer| answer.sealed.0[80] ^= 1);
            }),
        ),
        (
            "nothing released",
            vec!["bad_answer"],
            Box::new(|network| {
                network.change::<LoginFinish>(|_, answer| answer.sealed.0.clear());
            }),
        ),
        (
            "an answer without its end",
            vec!["bad_answer", "wrong_password"],
            Box::new(|network| {
                network.change::<LoginStart>(|_, answer| {
                    answer.ke2.0.truncate(answer.ke2.0.len() - 1);
                });
            }),
        ),
        (
            "a cheaper hash",
            vec!["password_policy", "wrong_password", "bad_answer"],
            Box::new(|network| {
                network.change::<LoginStart>(|_, answer| {
                    for byte in answer.ke2.0.iter_mut().take(12) {
                        *byte = 0;
                    }
                });
            }),
        ),
        (
            "no chain of this user's",
            vec!["unknown_chain"],
            Box::new(|network| {
                network.change::<Fetch>(|_, answer| answer.chains.clear());
            }),
        ),
    ];
    for (what, codes, lie) in lies {
        // Tries are limited, and every lie costs one.
        world.wait(6 * 60_000);
        let machine = world.machine("any").await;
        lie(&machine.network);
        let error = unlock(&machine.client, "ada", PASSWORD, seeded(5))
            .await
            .expect_err(what);
        assert!(codes.contains(&error.code()), "{what}: {error:?}");
        assert_eq!(machine.client.profile().await, None, "{what}");
        assert!(machine.disk.image().is_empty(), "{what}");
    }
    world.wait(6 * 60_000);

    let machine = world.machine("any").await;
    let profile = unlock(&machine.client, "ada", PASSWORD, seeded(6))
        .await
        .unwrap();
    assert_eq!(profile.user, ada_user, "without lies it opens");

    // A change of password that the vault swallows: the old one still works.
    ada.network.raw::<StoreRecord>(|| {
        Ok(wardseal_client::exchange::HttpResponse {
            status: 200,
            body: format!("{{\"record\":\"{}\"}}", "A".repeat(43)).into_bytes(),
        })
    });
    let next = "spring lanterns over Strasbourg 1908";
    let before = world.log().len();
    let error = set_password(&ada.client, next, &[], seeded(7))
        .await
        .unwrap_err();
    assert_eq!(
        error.code(),
        "wrong_password",
        "it is tried out before it counts"
    );
    assert_eq!(world.log().len(), before, "the chain was not touched");
    ada.network.honest();
    // One that the key server keeps out of the chain: the same.
    ada.network.raw::<Append>(|| {
        Err(wardseal_client::TransportError::Timeout {
            server: String::new(),
        })
    });
    let error = set_password(&ada.client, next, &[], seeded(8))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "timeout", "{error:?}");
    ada.network.honest();
    world.wait(60 * 60_000);
    let machine = world.machine("any").await;
    unlock(&machine.client, "ada", PASSWORD, seeded(9))
        .await
        .unwrap();
    // And after a change that went through, the old record opens no more, also from a vault that
    // kept it: the chain names another.
    set_password(&ada.client, next, &[], seeded(10))
        .await
        .unwrap();
    let kept = machine.network.answers::<Evaluate>().pop().unwrap();
    let machine = world.machine("any").await;
    let record = kept.record;
    machine
        .network
        .change::<Evaluate>(move |_, answer| answer.record = record);
    assert!(
        unlock(&machine.client, "ada", PASSWORD, seeded(11))
            .await
            .is_err()
    );
    let machine = world.machine("any").await;
    unlock(&machine.client, "ada", next, seeded(12))
        .await
        .unwrap();
    world.ledger.check();
}

/// Whoever guesses at one name waits. The count is of tries begun, at both servers.
#[tokio::test]
async fn guesses_are_counted() {
    let world = World::new(61).await;
    let machine = world.machine("any").await;
    let mut refused = None;
    for guess in 0..12 {
        let (_, blinded) = wardseal_password::oprf::Blind::start(
            &wardseal_password::password::Password::new("a guess among guesses").unwrap(),
            machine.client.password_account("ada").as_array(),
            &mut seeded(guess),
        )
        .unwrap();
        if let Err(error) = machine.client.evaluate_password("ada", &blinded).await {
            assert_eq!(error.code(), "too_many_attempts");
            refused.get_or_insert(guess);
        }
    }
    assert_eq!(refused, Some(10), "also for a name that nobody has");
}
