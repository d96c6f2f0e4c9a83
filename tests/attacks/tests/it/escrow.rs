//! Escrow: a key server that wants to open what waits.

use wardseal_attacks::World;
use wardseal_client::{
    PendingGrant, Rights,
    api::keys::GetServer,
    protocol::escrow::{Policy, key_message},
};
use wardseal_crypto::{kem::KemSecretKey, label, sign::HybridSigningKey};
use wardseal_protocol::keys::LogKey;
use wardseal_testkit::{secret, seeded};
use wardseal_types::{BoxedBytes, Timestamp};

/// A key server that offers a key of somebody else as its own: nothing is sealed to it.
#[tokio::test]
async fn a_substituted_escrow_key_is_refused() {
    let world = World::new(70).await;
    let ada = world.somebody("ada").await;
    let me = [(ada.user().await.into(), Rights::MANAGE)];
    let session = ada.client.create_session(&me, None, None).await.unwrap();
    let grant = PendingGrant {
        name: "dora".into(),
        policy: Policy::Assigned,
        rights: Rights::READ,
        expires: Timestamp::from_millis(u64::MAX),
        group: None,
        address: None,
        code: None,
        language: None,
    };
    for how in 0..3 {
        ada.network.change::<GetServer>(move |_, answer| {
            let info = answer.escrow_key.as_mut().expect("a party of escrow");
            let other = KemSecretKey::from_seed(&secret(&mut seeded(71))).expect("a key");
            let other = BoxedBytes::from(*other.public().as_bytes());
            match how {
                // With the genuine signature of the genuine key.
                0 => info.key = other,
                // Signed by another log key, as a second key server would.
                1 => {
                    let mut rng = seeded(72);
                    let log = HybridSigningKey::from_seeds(&secret(&mut rng), &secret(&mut rng));
                    let public = <[u8; 1984]>::try_from(log.public().to_bytes()).unwrap();
                    let sign = BoxedBytes::from(public);
                    let message = key_message(&LogKey { sign }, other.as_array());
                    let signature = log.sign(label::ESCROW_KEY, &message).unwrap();
                    let signature = <[u8; 3373]>::try_from(signature.to_bytes()).unwrap();
                    (info.key, info.signature) = (other, BoxedBytes::from(signature));
                }
                _ => {
                    let mut signature = *info.signature.as_array();
                    signature[3372] ^= 1;
                    info.signature = BoxedBytes::from(signature);
                }
            }
        });
        let refused = ada.client.grant_pending(session, &grant).await;
        assert_eq!(refused.unwrap_err().code(), "unpinned_escrow_key", "{how}");
    }
    ada.network.honest();
    // Under the honest key it fails for another reason: this tenant takes no part in escrow.
    let grant = PendingGrant {
        expires: world.now().plus_millis(1000),
        ..grant
    };
    let refused = ada.client.grant_pending(session, &grant).await;
    assert_eq!(refused.unwrap_err().code(), "no_escrow");
    let recipients = ada.client.session(session).await.unwrap().recipients;
    assert_eq!(recipients.len(), 1);
    world.ledger.check();
}
