//! Recovery codes, and what other devices see of a recovery.

use std::collections::BTreeSet;

use wardseal_attacks::World;
use wardseal_client::api::vault::{OpenRecord, StoreRecord};
use wardseal_client_core::recovery::RecoveryCode;
use wardseal_client_password::recover_by_code;
use wardseal_testkit::seeded;

const PASSWORD: &str = "winter lanterns over Strasbourg 1907";

/// D19: 160 bits, drawn evenly: at every place of a code stands any of the 32 characters.
#[test]
fn codes_are_drawn_from_all_there_are() {
    let mut rng = seeded(1);
    let mut places = vec![BTreeSet::new(); 32];
    let mut all = BTreeSet::new();
    for _ in 0..600 {
        let code = RecoveryCode::generate(&mut rng).unwrap();
        assert_eq!(code.secret().expose().len() * 8, 160);
        let text = code.to_text();
        let letters: Vec<_> = text.chars().filter(char::is_ascii_alphanumeric).collect();
        for (place, letter) in places.iter_mut().zip(letters) {
            place.insert(letter);
        }
        all.insert(text.to_string());
    }
    assert_eq!(all.len(), 600);
    assert!(places.iter().all(|place| place.len() == 32), "{places:?}");
}

/// D19: a typing mistake is found on the spot, so no server is asked and none learns a code that is
/// nearly right; and what the vault is asked with opens nothing.
#[tokio::test]
async fn a_mistyped_code_is_not_sent_and_a_right_one_neither() {
    let world = World::new(90).await;
    let ada = world.somebody("ada").await;
    let code = ada.client.create_recovery_code().await.unwrap();
    let page = world.machine("any").await;
    let before = page.network.seen().len();
    let wrong = if code.starts_with('0') { "1" } else { "0" };
    let mistyped: String = wrong.chars().chain(code.chars().skip(1)).collect();
    let error = recover_by_code(&page.client, "ada", &mistyped, PASSWORD, &[], seeded(2))
        .await
        .unwrap_err();
    assert_eq!(page.network.seen().len(), before, "{error:?}");

    recover_by_code(&page.client, "ada", &code, PASSWORD, &[], seeded(3))
        .await
        .unwrap();
    assert_eq!(page.network.answers::<OpenRecord>().len(), 1);
    assert_eq!(ada.network.answers::<StoreRecord>().len(), 1);
    let secret = RecoveryCode::parse(&code).unwrap();
    let bare: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let seen = page.network.seen().into_iter().chain(ada.network.seen());
    for exchange in seen {
        let sent = String::from_utf8(exchange.request.body).unwrap();
        let base64 = wardseal_types::Base64Url::from(secret.secret().expose().as_slice()).to_text();
        assert!(!sent.contains(code.as_str()) && !sent.contains(&bare) && !sent.contains(&base64));
    }
}

/// D6, D12: a recovery is a statement in the person's chain. Every device sees it, and nobody can make
/// one without.
#[tokio::test]
async fn every_device_sees_a_recovery() {
    let world = World::new(91).await;
    let ada = world.somebody("ada").await;
    let code = ada.client.create_recovery_code().await.unwrap();
    let before = ada.client.recovery_events().await.unwrap().len();
    let log = world.log().len();
    let page = world.machine("any").await;
    recover_by_code(&page.client, "ada", &code, PASSWORD, &[], seeded(4))
        .await
        .unwrap();
    assert!(world.log().len() > log);
    let seen = ada.client.recovery_events().await.unwrap();
    assert_eq!(seen.len(), before + 1, "{seen:?}");
    world.ledger.check();
}
