//! Groups and sessions: who is in, and under which key.

use wardseal_attacks::{Forge, Somebody, World};
use wardseal_client::{
    CachePolicy, Misbehaviour, Rights, Role, TransportError, Visibility,
    api::keys::{Append, Fetch, Fetched},
    protocol::{
        Refusal, cbor,
        op::{Membership, Op},
        ring::SealedBox,
    },
};
use wardseal_protocol::{
    op::Entry,
    ring::{BoxContext, Seed},
    state::World as _,
    statement::{Author, Statement},
};
use wardseal_testkit::{secret, seeded};
use wardseal_types::{Base64Url, ChainId, MemberId, RingId};

use crate::directory::town_of;

fn show(somebody: &Somebody, forge: &Forge) {
    let forge = forge.clone();
    somebody
        .network
        .say::<Fetch>(move |request| forge.fetch(request));
}

/// Withholds the new statements of one chain.
fn withhold(somebody: &Somebody, chain: ChainId, known: u64) {
    somebody.network.change::<Fetch>(move |request, answer| {
        keep(
            answer,
            chain,
            known,
            request
                .chains
                .iter()
                .find(|wanted| wanted.chain == chain)
                .map_or(0, |wanted| wanted.from),
        );
    });
}

fn keep(answer: &mut Fetched, chain: ChainId, known: u64, from: u64) {
    for slice in &mut answer.chains {
        if slice.chain == chain {
            let most = usize::try_from(known.saturating_sub(from)).unwrap();
            slice.entries.truncate(most);
        }
    }
}

#[tokio::test]
async fn a_member_whom_no_administrator_added_is_refused() {
    let world = World::new(30).await;
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await;
    let mallory = world.somebody("mallory").await;
    let group = ada.group(&[bob.member().await]).await;
    bob.client.group(group).await.unwrap();

    // The server has Mallory add herself: her client signs what she asks for.
    let mut town = town_of(&world);
    let member = mallory.member().await;
    let reference = {
        let known = town.reference(member);
        wardseal_protocol::ring::BoxRef {
            hash: Some(wardseal_types::FixedBytes([1; 32])),
            ..known
        }
    };
    let op = Op::Add(
        Membership {
            member,
            role: Role::Member,
        },
        Entry::History(reference),
    );
    // Signed by keys of the server's own making, in the names of those who might.
    let forger = town.device(wardseal_protocol::keys::DeviceKind::Ordinary);
    for claimed in [
        ada.client.profile().await,
        bob.client.profile().await,
        mallory.client.profile().await,
    ] {
        let profile = claimed.unwrap();
        for device in [profile.device, forger.id] {
            let body = town.body(
                group.into(),
                Author::Device(profile.user, device),
                op.clone(),
            );
            let forge = Forge::of(&world).with(body.sign(&forger.sign).unwrap());
            show(&bob, &forge);
            let error = bob.refuses("bad_statement", bob.client.group(group)).await;
            let refusals = [Refusal::BadSignature, Refusal::NotADevice];
            assert!(refusals.iter().any(|refusal| {
                error
                    == Misbehaviour::BadStatement {
                        chain: group.into(),
                        refusal: *refusal,
                    }
                    .into()
            }));
        }
    }
    bob.network.honest();
    let members = bob.client.group(group).await.unwrap().members;
    assert!(members.iter().all(|found| found.member != member));
    world.ledger.check();
}

/// A true member with too small a role, helped by a server that does not check.
#[tokio::test]
async fn a_member_who_is_no_administrator_cannot_let_anybody_in() {
    let world = World::new(31).await;
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await;
    let mallory = world.somebody("mallory").await.member().await;
    let group = ada.group(&[bob.member().await]).await;
    // Bob's own client refuses already.
    let refused = bob
        .client
        .add_member(group, mallory, Role::Member, Visibility::Full)
        .await;
    assert_eq!(refused.unwrap_err().code(), "not_authorised");
    // A changed client of Bob's would not: the statement of an administrator, put under his name.
    ada.network.raw::<Append>(|| {
        Err(TransportError::Unreachable {
            server: String::new(),
        })
    });
    let attempt = ada
        .client
        .add_member(group, mallory, Role::Member, Visibility::Full)
        .await;
    assert_eq!(attempt.unwrap_err().code(), "unreachable");
    let request = ada.network.asked::<Append>().pop().unwrap();
    let signed = Statement::decode(request.statements[0].as_slice()).unwrap();
    let mut body = signed.body().clone();
    let profile = bob.client.profile().await.unwrap();
    body.author = Author::Device(profile.user, profile.device);
    let key = wardseal_testkit::Device::new(
        wardseal_protocol::keys::DeviceKind::Ordinary,
        &mut seeded(1),
    );
    let forged = body.sign(&key.sign).unwrap();
    ada.network.honest();
    show(&ada, &Forge::of(&world).with(forged));
    ada.refuses("bad_statement", ada.client.group(group)).await;
    world.ledger.check();
}

/// The server keeps an administrator's statement until he is no administrator any more.
#[tokio::test]
async fn a_statement_kept_back_past_its_authors_removal_is_refused() {
    let world = World::new(32).await;
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await;
    let mallory = world.somebody("mallory").await.member().await;
    let members = [
        (ada.member().await, Role::Admin),
        (bob.member().await, Role::Admin),
    ];
    let group = ada.client.create_group("g", &members).await.unwrap();
    bob.network.raw::<Append>(|| {
        Err(TransportError::Timeout {
            server: String::new(),
        })
    });
    let attempt = bob
        .client
        .add_member(group, mallory, Role::Admin, Visibility::Full)
        .await;
    assert_eq!(attempt.unwrap_err().code(), "timeout");
    let kept = bob.network.asked::<Append>().pop().unwrap();
    ada.client
        .remove_members(group, &[bob.member().await])
        .await
        .unwrap();
    let kept = Statement::decode(kept.statements[0].as_slice()).unwrap();
    let forge = Forge::of(&world).with(kept);
    for reader in [&ada, &bob] {
        let forge = forge.clone();
        reader.network.say::<Fetch>(move |request| {
            let mut all = request.clone();
            for wanted in &mut all.chains {
                wanted.from = 0;
            }
            forge.fetch(&all)
        });
    }
    ada.refuses("fork", ada.client.group(group)).await;
    bob.refuses("gap", bob.client.group(group)).await;
    world.ledger.check();
}

#[tokio::test]
async fn statements_of_one_group_in_another_are_refused() {
    let world = World::new(33).await;
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await;
    let one = ada.group(&[bob.member().await]).await;
    let two = ada.group(&[bob.member().await]).await;
    let forge = Forge::of(&world);
    bob.network.say::<Fetch>(move |request| {
        let mut answer = forge.fetch(request);
        for slice in &mut answer.chains {
            let other = if slice.chain == ChainId::Group(one) {
                two
            } else {
                one
            };
            if matches!(slice.chain, ChainId::Group(_)) {
                let positions = forge.positions(&other.into()).into_iter();
                slice.entries = positions.map(|position| forge.entry(position)).collect();
            }
        }
        answer
    });
    for group in [one, two] {
        bob.refuses("fork", bob.client.group(group)).await;
    }
    // With the boxes exchanged only, there is no key; and the name stays closed.
    let boxes = world.ledger.boxes(RingId::Group(two));
    let forge = Forge::of(&world);
    bob.network.say::<Fetch>(move |request| {
        let mut answer = forge.fetch(request);
        for slice in &mut answer.chains {
            if slice.chain == ChainId::Group(one) {
                slice.boxes.clone_from(&boxes);
            }
        }
        answer
    });
    assert_eq!(bob.client.group(one).await.unwrap().name, None);
    bob.network.honest();
    assert_eq!(
        bob.client.group(one).await.unwrap().name.as_deref(),
        Some("a group")
    );
}

/// One bad chain does not take the others along, neither at once nor after the program restarts.
#[tokio::test]
async fn one_poisoned_group_leaves_the_others_usable() {
    let world = World::new(34).await;
    let ada = world.somebody("ada").await;
    let mut bob = world.somebody("bob").await;
    let mut groups = Vec::new();
    for _ in 0..10 {
        groups.push(ada.group(&[bob.member().await]).await);
    }
    let bad = groups[3];
    bob.network.change::<Fetch>(move |_, answer| {
        for slice in &mut answer.chains {
            if slice.chain == ChainId::Group(bad) {
                slice.entries.remove(0);
            }
        }
    });
    for _ in 0..2 {
        for group in &groups {
            let found = bob.client.group(*group).await;
            assert_eq!(found.is_err(), *group == bad);
        }
        bob.restart().await.unwrap();
    }
    bob.network.honest();
    assert!(bob.client.group(bad).await.is_ok());
}

/// A box whose seed the server knows. Where a statement names the hash of the box it is not looked
/// at; the boxes of a genesis have none, and there the commitment tells.
#[tokio::test]
async fn a_seed_of_the_servers_is_refused_and_poisons_nothing() {
    let world = World::new(35).await;
    let ada = world.somebody("ada").await;
    let mut bob = world.somebody("bob").await;
    let session = ada.session(&[bob.member().await]).await;
    let object = ada.seal(session, "secret").await.unwrap();

    let town = town_of(&world);
    let member = bob.member().await;
    let evil = Seed::from_secret(secret(&mut seeded(2)));
    let epochs = town.states.ring_epochs(&member).unwrap();
    let reference = town.reference(member);
    let context = BoxContext {
        tenant: world.tenant,
        ring: RingId::Session(session),
        epoch: 0,
        member,
        member_epoch: reference.epoch,
        key: reference.key,
    };
    let key = epochs.last().unwrap().declared.kem.clone().unwrap();
    let key = wardseal_crypto::kem::KemPublicKey::from_bytes(key.as_array()).unwrap();
    let planted = context.seal(&key, &evil, &mut seeded(3)).unwrap();
    let planted = Base64Url(cbor::encode::<SealedBox>(&planted));

    bob.network.change::<Fetch>(move |_, answer| {
        for slice in &mut answer.chains {
            if slice.chain == ChainId::Session(session) {
                slice.boxes = vec![planted.clone()];
            }
        }
    });
    assert_eq!(bob.open(&object).await.unwrap_err(), "bad_box");
    let error = bob.seal(session, "for the server").await.unwrap_err();
    assert_eq!(error.code(), "bad_box");
    // The honest box is taken when it comes, beside the other.
    bob.network.honest();
    assert_eq!(bob.open(&object).await.as_deref(), Ok("secret"));
    bob.restart().await.unwrap();
    assert_eq!(bob.open(&object).await.as_deref(), Ok("secret"));
    world.ledger.check();
}

#[tokio::test]
async fn only_the_newest_epoch_is_sealed_to() {
    let world = World::new(36).await;
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await;
    let carol = world.somebody("carol").await;
    let session = ada
        .session(&[bob.member().await, carol.member().await])
        .await;
    bob.client.session(session).await.unwrap();
    let old = world.ledger.boxes(RingId::Session(session));
    ada.client
        .revoke(session, &[carol.member().await])
        .await
        .unwrap();
    // The server gives the statements, and of the boxes only the old ones.
    bob.network.change::<Fetch>(move |_, answer| {
        for slice in &mut answer.chains {
            if slice.chain == ChainId::Session(session) {
                slice.boxes.clone_from(&old);
            }
        }
    });
    let error = bob.seal(session, "to the old epoch").await.unwrap_err();
    assert!(["no_access", "no_key"].contains(&error.code()), "{error:?}");
    bob.network.honest();
    let object = bob.seal(session, "to the new one").await.unwrap();
    assert_eq!(ada.open(&object).await.as_deref(), Ok("to the new one"));
    assert_eq!(carol.open(&object).await.unwrap_err(), "no_access");
    let receivers = world.ledger.receivers(RingId::Session(session));
    assert!(!receivers.contains(&carol.member().await));
    world.ledger.check();
}

/// Without a map the newest statements of one chain can be kept back. What the threat model says is
/// what happens: the client goes on with what it knows, and no further back.
#[tokio::test]
async fn a_removal_that_is_kept_back_is_not_noticed_until_something_builds_on_it() {
    let world = World::new(37).await;
    let ada = world.somebody("ada").await;
    let bob = world.somebody("bob").await;
    let carol = world.somebody("carol").await;
    let group = ada.group(&[bob.member().await, carol.member().await]).await;
    carol.client.group(group).await.unwrap();
    let (known, _) = carol.asks(group.into()).await;
    ada.client
        .remove_members(group, &[bob.member().await])
        .await
        .unwrap();

    withhold(&carol, group.into(), known);
    let members = carol.client.group(group).await.unwrap().members;
    assert_eq!(members.len(), 3, "this is what a map would show");
    // The honest server behind the lie refuses what is sealed to the old epoch.
    let grants = [
        (carol.member().await, Rights::MANAGE),
        (MemberId::Group(group), Rights::READ),
    ];
    let refused = carol.client.create_session(&grants, None, None).await;
    assert!(refused.is_err());
    // Something that builds on the removal: a session of Ada's for the new epoch.
    let session = ada
        .client
        .create_session(
            &[
                (ada.member().await, Rights::MANAGE),
                (MemberId::Group(group), Rights::READ),
            ],
            None,
            None,
        )
        .await
        .unwrap();
    let object = ada.seal(session, "after").await.unwrap();
    assert!(carol.open(&object).await.is_err());
    carol.network.honest();
    assert_eq!(carol.open(&object).await.as_deref(), Ok("after"));
    assert_eq!(bob.open(&object).await.unwrap_err(), "no_access");
    world.ledger.check();
}

/// What was folded once is not unfolded: not the chain of a session either, whose keys are not
/// kept.
#[tokio::test]
async fn a_session_does_not_go_back_behind_a_revocation_also_after_a_restart() {
    for cache in [
        CachePolicy::Off,
        CachePolicy::Memory { ttl: 60_000 },
        CachePolicy::Persistent { ttl: 60_000 },
    ] {
        let world = World::new(38).await;
        let ada = world.somebody("ada").await;
        let mut bob = world.somebody_with("bob", cache).await;
        let carol = world.somebody("carol").await;
        let session = ada
            .session(&[bob.member().await, carol.member().await])
            .await;
        bob.client.session(session).await.unwrap();
        ada.client
            .revoke(session, &[carol.member().await])
            .await
            .unwrap();
        assert_eq!(bob.client.session(session).await.unwrap().epoch, 1);
        let object = ada.seal(session, "after").await.unwrap();
        // The log goes on; of this chain only the beginning is shown.
        let forge = Forge::of(&world);
        let all = world.ledger.boxes(RingId::Session(session));
        for _ in 0..2 {
            let (forge, all) = (forge.clone(), all.clone());
            bob.network.say::<Fetch>(move |request| {
                let mut answer = forge.fetch(request);
                for slice in &mut answer.chains {
                    if slice.chain == ChainId::Session(session) {
                        slice.entries.retain(|entry| {
                            let statement = Statement::decode(entry.statement.as_slice()).unwrap();
                            statement.body().seq == 0
                        });
                        slice.boxes.clone_from(&all);
                    }
                }
                answer
            });
            match bob.seal(session, "must not be for Carol").await {
                Ok(sealed) => {
                    let header = wardseal_client::protocol::object::ObjectHeader::peek(&sealed);
                    assert_eq!(header.unwrap().epoch, 1, "{cache:?}");
                }
                Err(error) => assert_eq!(error.code(), "gap", "{cache:?}"),
            }
            bob.restart().await.unwrap();
        }
        bob.network.honest();
        assert_eq!(bob.open(&object).await.as_deref(), Ok("after"));
    }
}
