//! Objects that somebody between author and reader changed.

use wardseal_attacks::{Somebody, World};
use wardseal_client::{
    crypto::aead::AwsLcAes,
    protocol::object::{Metadata, ObjectHeader, Prelude},
    types::ObjectId,
};
use wardseal_types::SessionId;

async fn shared() -> (World, Somebody, Somebody, SessionId) {
    let world = World::new(40).await;
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await;
    let session = ada.session(&[bob.member().await]).await;
    (world, ada, bob, session)
}

/// The object with one part of its header replaced by another of the same length.
fn relabelled(object: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = object.windows(from.len()).position(|part| part == from);
    let at = at.expect("it stands in the header");
    let mut changed = object.to_vec();
    changed[at..at + to.len()].copy_from_slice(to);
    changed
}

#[tokio::test]
async fn an_object_under_anothers_name_or_in_another_place_is_refused() {
    let (world, ada, bob, session) = shared().await;
    let mallory = world.somebody("mallory").await;
    let other = ada.session(&[bob.member().await]).await;
    let object = ada.seal(session, "a contract").await.unwrap();
    let (ada_is, mallory_is) = (
        ada.client.profile().await.unwrap(),
        mallory.client.profile().await.unwrap(),
    );
    bob.client.users_by_name(&["mallory"]).await.unwrap();
    // Mallory's name on it: her chain does not know the device, or it is not hers by signature.
    let by_user = relabelled(&object, ada_is.user.as_bytes(), mallory_is.user.as_bytes());
    assert_eq!(bob.open(&by_user).await.unwrap_err(), "bad_box");
    let by_both = relabelled(
        &by_user,
        ada_is.device.as_bytes(),
        mallory_is.device.as_bytes(),
    );
    assert_eq!(bob.open(&by_both).await.unwrap_err(), "object_rejected");
    // In another session, as another document.
    let moved = relabelled(&object, session.as_bytes(), other.as_bytes());
    assert_eq!(bob.open(&moved).await.unwrap_err(), "object_rejected");
    let header = ObjectHeader::peek(&object).unwrap();
    let renamed = relabelled(&object, header.object.as_bytes(), &[7; 16]);
    assert_eq!(bob.open(&renamed).await.unwrap_err(), "object_rejected");
    // As an object of another tenant.
    let foreign = relabelled(&object, world.tenant.as_bytes(), &[7; 32]);
    assert_eq!(bob.open(&foreign).await.unwrap_err(), "invalid");
    assert_eq!(bob.open(&object).await.as_deref(), Ok("a contract"));
}

#[tokio::test]
async fn another_suite_is_never_tried() {
    let (_world, ada, bob, session) = shared().await;
    let object = ada.seal(session, "text").await.unwrap();
    let prelude = Prelude::parse(&object).unwrap();
    let header = prelude.header_bytes();
    let at = object
        .windows(header.len())
        .position(|part| part == header)
        .unwrap();
    // A CBOR map whose first field is {0: 1}.
    assert_eq!(object[at + 1..at + 3], [0, 1]);
    for suite in 0..=255u8 {
        let mut changed = object.clone();
        changed[at + 2] = suite;
        let opened = bob.open(&changed).await;
        if suite == 1 {
            assert_eq!(opened.as_deref(), Ok("text"));
        } else {
            assert!(
                ["object_other_suite", "object_malformed"].contains(&opened.unwrap_err().as_str()),
                "{suite}"
            );
        }
    }
}

/// Whoever asks for a version gets that version or none; the newest is the application's to know.
#[tokio::test]
async fn an_older_version_is_not_the_one_asked_for() {
    let (world, ada, bob, session) = shared().await;
    let object = ObjectId::from_bytes([9; 16]);
    let mut versions = Vec::new();
    for version in 1..=2 {
        let sealing = ada
            .client
            .sealing_version(session, Some(object), version, &Metadata::default())
            .await
            .unwrap();
        let text = format!("version {version}");
        versions.push(sealing.seal::<AwsLcAes>(text.as_bytes()).unwrap());
    }
    let newest = ObjectHeader::peek(&versions[1]).unwrap();
    let opening = bob.client.opening(&newest).await.unwrap();
    assert_eq!(opening.info().version, 2);
    let error = opening.open::<AwsLcAes>(&versions[0]).unwrap_err();
    assert_eq!(error.code(), "object_wrong_context");
    let relabelled = {
        // The number of the version is a field of the header: the old one as the new one.
        let prelude = Prelude::parse(&versions[0]).unwrap();
        let header = prelude.header_bytes();
        let at = versions[0]
            .windows(header.len())
            .position(|part| part == header)
            .unwrap();
        let id = header.windows(16).position(|part| part == [9; 16]).unwrap();
        let mut changed = versions[0].clone();
        assert_eq!(changed[at + id + 16..at + id + 18], [5, 1]);
        changed[at + id + 17] = 2;
        changed
    };
    assert_eq!(bob.open(&relabelled).await.unwrap_err(), "object_rejected");
    world.ledger.check();
}

/// Bits flipped and bytes cut all over; a server knows no key, so it can do no more.
#[tokio::test]
async fn a_changed_object_never_opens() {
    let (_world, ada, bob, session) = shared().await;
    let object = ada.seal(session, "the whole text").await.unwrap();
    let header = ObjectHeader::peek(&object).unwrap();
    let opening = bob.client.opening(&header).await.unwrap();
    for at in 0..object.len() {
        let mut changed = object.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(opening.open::<AwsLcAes>(&changed).is_err(), "byte {at}");
        assert!(
            opening.open::<AwsLcAes>(&object[..at]).is_err(),
            "cut at {at}"
        );
    }
    let longer = [object.as_slice(), &[0]].concat();
    assert!(opening.open::<AwsLcAes>(&longer).is_err());
    let (text, _) = opening.open::<AwsLcAes>(&object).unwrap();
    assert_eq!(text, b"the whole text");
}

/// Bob may pass on what he reads. It is his word then.
#[tokio::test]
async fn what_is_passed_on_is_by_whoever_passes_it_on() {
    let (world, ada, bob, session) = shared().await;
    let carol = world.somebody("carol").await;
    let object = ada.seal(session, "for Bob").await.unwrap();
    let theirs = bob.session(&[carol.member().await]).await;
    // The very bytes, in his session: Ada's signature covers hers.
    let moved = relabelled(&object, session.as_bytes(), theirs.as_bytes());
    assert_eq!(carol.open(&moved).await.unwrap_err(), "object_rejected");
    assert_eq!(carol.open(&object).await.unwrap_err(), "no_access");
    let text = bob.open(&object).await.unwrap();
    let passed_on = bob.seal(theirs, &text).await.unwrap();
    assert_eq!(carol.open(&passed_on).await.as_deref(), Ok("for Bob"));
    let header = ObjectHeader::peek(&passed_on).unwrap();
    let info = carol.client.opening(&header).await.unwrap().info();
    assert_eq!(info.author, bob.user().await);
}

/// The server invents an object under a session of which it holds no key, as Ada's.
#[tokio::test]
async fn an_object_of_the_servers_making_is_refused() {
    let (world, ada, bob, session) = shared().await;
    let mallory = world.somebody("mallory").await;
    let own = mallory.session(&[]).await;
    let planted = mallory.seal(own, "planted").await.unwrap();
    let (ada_is, mallory_is) = (
        ada.client.profile().await.unwrap(),
        mallory.client.profile().await.unwrap(),
    );
    let mut planted = relabelled(&planted, own.as_bytes(), session.as_bytes());
    assert_eq!(bob.open(&planted).await.unwrap_err(), "object_rejected");
    planted = relabelled(&planted, mallory_is.user.as_bytes(), ada_is.user.as_bytes());
    planted = relabelled(
        &planted,
        mallory_is.device.as_bytes(),
        ada_is.device.as_bytes(),
    );
    assert_eq!(bob.open(&planted).await.unwrap_err(), "object_rejected");
    // Another device of Ada's would have to be in her chain.
    let unknown = relabelled(&planted, ada_is.device.as_bytes(), &[3; 32]);
    assert_eq!(bob.open(&unknown).await.unwrap_err(), "bad_box");
}
