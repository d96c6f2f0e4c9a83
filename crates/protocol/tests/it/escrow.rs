//! Escrow: shares, deposits, receipts and codes.

use rand_core::CryptoRng;
use wardseal_crypto::{
    CryptoError, SUITE,
    kem::KemSecretKey,
    label,
    secret::Secret,
    sign::{Ed25519SigningKey, HybridSigningKey},
};
use wardseal_protocol::{
    cbor::{self, DecodeError},
    escrow::{
        BadCode, Cause, Code, Contact, Deposit, Erasure, Parties, Party, Place, Policy, Receipt,
        Release, Terms, key_hash, key_message, share_hash, verify_key,
    },
    keys::{Assigned, EscrowKey, LogKey, TenantKey},
    ring::{BoxContext, Opener, RingKind, Sealed, SealedBox, Seed},
};
use wardseal_testkit::seeded;
use wardseal_types::{
    Base64Url, BoxedBytes, FixedBytes, GroupId, KeyId, MemberId, PendingId, RingId, SessionId,
    TenantId, Timestamp, UserId, limits,
};

fn boxed<const N: usize>(bytes: Vec<u8>) -> BoxedBytes<N> {
    BoxedBytes::from(<[u8; N]>::try_from(bytes).expect("works"))
}

struct Scene {
    rng: Box<dyn CryptoRng>,
    tenant: KemSecretKey,
    server: KemSecretKey,
    parties: Parties,
    seed: Seed,
}

fn scene() -> Scene {
    let mut rng = seeded(7);
    let tenant = KemSecretKey::generate(&mut rng).expect("works");
    let server = KemSecretKey::generate(&mut rng).expect("works");
    let key = EscrowKey {
        kem: BoxedBytes::from(*tenant.public().as_bytes()),
        assigned: Assigned::Taken,
    };
    let id = TenantKey::Escrow(key.clone()).id();
    let seed = Seed::generate(&mut rng).expect("works");
    Scene {
        parties: Parties::new((id, &key), server.public()).expect("works"),
        rng: Box::new(rng),
        tenant,
        server,
        seed,
    }
}

fn terms(policy: Policy, parties: &Parties) -> Terms {
    let shares = policy.has_shares();
    Terms {
        suite: SUITE,
        tenant: TenantId::from_bytes([1; 32]),
        index: FixedBytes([2; 32]),
        policy,
        expires: Timestamp::from_millis(1_000),
        nonce: FixedBytes([3; 16]),
        sender: UserId::from_bytes([4; 32]),
        group: None,
        tenant_key: shares.then_some(parties.tenant_key),
        server_key: shares.then(|| key_hash(parties.server.as_bytes())),
    }
}

fn place(terms: &Terms) -> Place {
    Place {
        tenant: terms.tenant,
        session: SessionId::from_bytes([5; 32]),
        epoch: 2,
        pending: terms.id(),
    }
}

fn contact(policy: Policy, rng: &mut dyn CryptoRng) -> Contact {
    Contact {
        address: (policy == Policy::Verified).then(|| "info@clinic.example".into()),
        code: (policy == Policy::Code).then(|| Code::generate(rng).expect("works")),
        language: Some("de".into()),
    }
}

/// Whoever has both shares, and the code where there is one, has the seed.
#[test]
fn both_shares_open_a_deposit() {
    for policy in [Policy::Verified, Policy::Code, Policy::Assigned] {
        let mut scene = scene();
        let terms = terms(policy, &scene.parties);
        let place = place(&terms);
        let contact = contact(policy, &mut scene.rng);
        let made = place
            .deposit(
                &terms,
                Some(&scene.parties),
                &contact,
                &scene.seed,
                &mut scene.rng,
            )
            .unwrap();
        assert!(made.deposit.is_whole());
        let sealed = made.tenant_share.unwrap();
        assert_eq!(made.deposit.tenant, Some(share_hash(sealed.as_slice())));

        let of_tenant = place
            .open_tenant_share(&scene.tenant, sealed.as_slice())
            .unwrap();
        let part = made.deposit.server.clone().unwrap();
        let of_server = place
            .open_server_share(&scene.server, part.as_slice())
            .unwrap();
        assert_eq!(of_server.address, contact.address);
        assert_eq!(of_server.language, contact.language);
        let key = place.combine(&of_tenant, &of_server.share, contact.code.as_ref());
        let seed = place.open_seed(&key, &made.deposit).unwrap();
        assert!(seed.secret().ct_eq(scene.seed.secret()));
        assert_eq!(place.open_contact(&seed, &made.deposit).unwrap(), contact);

        // One share with a guess of the other, or without the code, opens nothing.
        let guess = Secret::from_bytes([0; 32]);
        let mut wrong = vec![
            place.combine(&guess, &of_server.share, contact.code.as_ref()),
            place.combine(&of_tenant, &guess, contact.code.as_ref()),
            place.combine(&of_server.share, &of_tenant, contact.code.as_ref()),
        ];
        if contact.code.is_some() {
            wrong.push(place.combine(&of_tenant, &of_server.share, None));
        } else {
            let code = Code::generate(&mut scene.rng).unwrap();
            wrong.push(place.combine(&of_tenant, &of_server.share, Some(&code)));
        }
        for key in wrong {
            assert_eq!(
                place.open_seed(&key, &made.deposit).err(),
                Some(CryptoError::Rejected)
            );
        }
    }
}

#[test]
fn a_confirmed_deposit_has_no_shares() {
    let mut scene = scene();
    let terms = terms(Policy::Confirmed, &scene.parties);
    let place = place(&terms);
    let contact = contact(Policy::Confirmed, &mut scene.rng);
    let made = place
        .deposit(&terms, None, &contact, &scene.seed, &mut scene.rng)
        .unwrap();
    assert!(made.deposit.is_whole() && made.tenant_share.is_none());
    assert!(made.deposit.server.is_none() && made.deposit.sealed.is_none());
    assert!(
        place
            .open_seed(&Secret::from_bytes([0; 32]), &made.deposit)
            .is_err()
    );
    assert_eq!(
        place.open_contact(&scene.seed, &made.deposit).unwrap(),
        contact
    );
}

#[test]
fn shares_are_bound_to_their_place_and_party() {
    let mut scene = scene();
    let terms = terms(Policy::Assigned, &scene.parties);
    let place = place(&terms);
    let contact = contact(Policy::Assigned, &mut scene.rng);
    let made = place
        .deposit(
            &terms,
            Some(&scene.parties),
            &contact,
            &scene.seed,
            &mut scene.rng,
        )
        .unwrap();
    let sealed = made.tenant_share.unwrap();
    let part = made.deposit.server.clone().unwrap();
    let elsewhere = [
        Place {
            tenant: TenantId::from_bytes([9; 32]),
            ..place
        },
        Place {
            session: SessionId::from_bytes([9; 32]),
            ..place
        },
        Place { epoch: 3, ..place },
        Place {
            pending: PendingId::from_bytes([9; 32]),
            ..place
        },
    ];
    for other in elsewhere {
        assert!(
            other
                .open_tenant_share(&scene.tenant, sealed.as_slice())
                .is_err()
        );
        assert!(
            other
                .open_server_share(&scene.server, part.as_slice())
                .is_err()
        );
        assert!(other.open_contact(&scene.seed, &made.deposit).is_err());
    }
    // Neither party opens the other's, nor its own as if it were the other.
    assert!(
        place
            .open_tenant_share(&scene.server, sealed.as_slice())
            .is_err()
    );
    assert!(
        place
            .open_server_share(&scene.tenant, part.as_slice())
            .is_err()
    );
    assert!(
        place
            .open_server_share(&scene.tenant, sealed.as_slice())
            .is_err()
    );
    let other = Seed::generate(&mut scene.rng).unwrap();
    assert!(place.open_contact(&other, &made.deposit).is_err());
}

#[test]
fn nothing_is_deposited_on_terms_that_do_not_fit() {
    let mut scene = scene();
    let good = terms(Policy::Verified, &scene.parties);
    let with_address = contact(Policy::Verified, &mut scene.rng);
    let mut try_with =
        |terms: &Terms, place: Place, parties: Option<&Parties>, contact: &Contact| {
            place
                .deposit(terms, parties, contact, &scene.seed, &mut scene.rng)
                .err()
        };
    let other_key = Parties {
        tenant_key: KeyId::from_bytes([8; 32]),
        ..scene.parties.clone()
    };
    let other_server = Parties {
        server: scene.tenant.public(),
        ..scene.parties.clone()
    };
    let nowhere = Place {
        pending: PendingId::from_bytes([9; 32]),
        ..place(&good)
    };
    let old = Terms {
        suite: 9,
        ..good.clone()
    };
    let parties = Some(&scene.parties);
    let without = Contact {
        address: None,
        ..with_address.clone()
    };
    let damaged = Contact {
        address: Some("no address".into()),
        ..with_address.clone()
    };
    let shouting = Contact {
        language: Some("DE".into()),
        ..with_address.clone()
    };
    for error in [
        try_with(&good, place(&good), None, &with_address),
        try_with(&good, place(&good), Some(&other_key), &with_address),
        try_with(&good, place(&good), Some(&other_server), &with_address),
        try_with(&good, nowhere, parties, &with_address),
        try_with(&old, place(&old), parties, &with_address),
        try_with(&good, place(&good), parties, &without),
        try_with(&good, place(&good), parties, &damaged),
        try_with(&good, place(&good), parties, &shouting),
    ] {
        assert_eq!(error, Some(CryptoError::InvalidKey));
    }
    assert_eq!(try_with(&good, place(&good), parties, &with_address), None);
}

#[test]
fn every_part_of_the_terms_names_the_recipient() {
    let scene = scene();
    let good = terms(Policy::Verified, &scene.parties);
    let others = [
        Terms {
            tenant: TenantId::from_bytes([9; 32]),
            ..good.clone()
        },
        Terms {
            index: FixedBytes([9; 32]),
            ..good.clone()
        },
        Terms {
            policy: Policy::Assigned,
            ..good.clone()
        },
        Terms {
            expires: Timestamp::from_millis(1_001),
            ..good.clone()
        },
        Terms {
            nonce: FixedBytes([9; 16]),
            ..good.clone()
        },
        Terms {
            sender: UserId::from_bytes([9; 32]),
            ..good.clone()
        },
        Terms {
            group: Some(GroupId::from_bytes([9; 32])),
            ..good.clone()
        },
        Terms {
            tenant_key: Some(KeyId::from_bytes([9; 32])),
            ..good.clone()
        },
        Terms {
            server_key: Some(FixedBytes([9; 32])),
            ..good
        },
    ];
    assert!(others.iter().all(|other| other.id() != good.id()));
    for bad in [
        Terms {
            suite: 2,
            ..good.clone()
        },
        Terms {
            tenant_key: None,
            ..good.clone()
        },
        Terms {
            server_key: None,
            ..good.clone()
        },
        Terms {
            policy: Policy::Confirmed,
            ..good
        },
    ] {
        assert_eq!(
            Terms::decode(&cbor::encode(&bad)),
            Err(DecodeError::Malformed)
        );
    }
    assert_eq!(Terms::decode(&cbor::encode(&good)), Ok(good));
}

#[test]
fn a_box_holds_the_deposit_of_its_recipient_only() {
    let mut scene = scene();
    let terms = terms(Policy::Verified, &scene.parties);
    let place = place(&terms);
    let address = "a".repeat(limits::MAX_ADDRESS - 2) + "@b";
    let contact = Contact {
        address: Some(address),
        language: Some("fr".into()),
        code: None,
    };
    let full = Terms {
        group: Some(GroupId::from_bytes([6; 32])),
        ..terms
    };
    let place = Place {
        pending: full.id(),
        ..place
    };
    let deposit = place
        .deposit(
            &full,
            Some(&scene.parties),
            &contact,
            &scene.seed,
            &mut scene.rng,
        )
        .unwrap()
        .deposit;
    let sealed = SealedBox::of_deposit(&place, deposit.clone());
    let bytes = cbor::encode(&sealed);
    assert!(bytes.len() <= limits::MAX_BOX, "{}", bytes.len());
    assert_eq!(SealedBox::decode(&bytes), Ok(sealed.clone()));
    let (found, inside) = sealed.deposit(place.tenant).unwrap();
    assert_eq!((found, inside), (place, &deposit));

    let commitment = scene.seed.commitment(RingKind::Session);
    let context = BoxContext {
        tenant: place.tenant,
        ring: RingId::Session(place.session),
        epoch: place.epoch,
        member: MemberId::Pending(place.pending),
        member_epoch: 0,
        key: FixedBytes(*place.pending.as_bytes()),
    };
    // Neither a device nor a ring opens it.
    let openers = [Opener::Device(&scene.tenant), Opener::Ring(&scene.seed)];
    for opener in openers {
        assert!(context.open(&sealed, opener, &commitment).is_err());
    }
    let without = Deposit {
        server: None,
        ..deposit
    };
    for bad in [
        SealedBox {
            member: MemberId::Pending(PendingId::from_bytes([9; 32])),
            ..sealed.clone()
        },
        SealedBox {
            member: MemberId::User(full.sender),
            ..sealed.clone()
        },
        SealedBox {
            member_epoch: 1,
            ..sealed.clone()
        },
        SealedBox {
            sealed: Sealed::Hpke(Base64Url(vec![0; 1168])),
            ..sealed.clone()
        },
        SealedBox::of_deposit(&place, without),
    ] {
        assert_eq!(
            SealedBox::decode(&cbor::encode(&bad)),
            Err(DecodeError::Malformed)
        );
    }
}

#[test]
fn a_released_share_is_for_one_claimant() {
    let mut scene = scene();
    let terms = terms(Policy::Assigned, &scene.parties);
    let release = Release {
        place: place(&terms),
        member: MemberId::Group(GroupId::from_bytes([6; 32])),
        member_epoch: 1,
        party: Party::Tenant,
    };
    let ring = scene.seed.kem().unwrap();
    let share = Secret::from_bytes([8; 32]);
    let sealed = release
        .seal(&ring.public(), &share, &mut scene.rng)
        .unwrap();
    let opened = release.open(&ring, sealed.as_slice()).unwrap();
    assert!(opened.ct_eq(&share));
    let user = MemberId::User(UserId::from_bytes([6; 32]));
    for other in [
        Release {
            member: user,
            ..release
        },
        Release {
            member_epoch: 2,
            ..release
        },
        Release {
            party: Party::Keys,
            ..release
        },
        Release {
            place: Place {
                epoch: 3,
                ..release.place
            },
            ..release
        },
    ] {
        assert!(other.open(&ring, sealed.as_slice()).is_err());
    }
}

#[test]
fn receipts_and_erasures_are_of_one_party_about_one_seed() {
    let mut scene = scene();
    let log_key = HybridSigningKey::generate(&mut scene.rng).unwrap();
    let log = LogKey {
        sign: boxed(log_key.public().to_bytes()),
    };
    let token = Ed25519SigningKey::generate(&mut scene.rng).unwrap();
    let token_key = TenantKey::Token(FixedBytes(*token.public().as_bytes()));
    let terms = terms(Policy::Code, &scene.parties);
    let receipt = Receipt {
        tenant: terms.tenant,
        session: SessionId::from_bytes([5; 32]),
        pending: terms.id(),
        member: MemberId::User(UserId::from_bytes([6; 32])),
        commitment: scene.seed.commitment(RingKind::Session),
        policy: terms.policy,
    };
    let by_server = receipt.sign(Party::Keys, log_key.ed25519());
    let by_tenant = receipt.sign(Party::Tenant, &token);
    assert_eq!(receipt.verify_server(&log, &by_server), Ok(()));
    assert_eq!(receipt.verify_tenant(&token_key, &by_tenant), Ok(()));
    assert!(
        receipt
            .verify_server(&log, &receipt.sign(Party::Tenant, log_key.ed25519()))
            .is_err()
    );
    assert!(
        receipt
            .verify_tenant(&token_key, &receipt.sign(Party::Keys, &token))
            .is_err()
    );
    assert!(receipt.verify_server(&log, &by_tenant).is_err());
    let root = TenantKey::Root(log.sign.clone());
    assert!(receipt.verify_tenant(&root, &by_tenant).is_err());
    for other in [
        Receipt {
            tenant: TenantId::from_bytes([9; 32]),
            ..receipt
        },
        Receipt {
            session: SessionId::from_bytes([9; 32]),
            ..receipt
        },
        Receipt {
            pending: PendingId::from_bytes([9; 32]),
            ..receipt
        },
        Receipt {
            member: MemberId::User(UserId::from_bytes([9; 32])),
            ..receipt
        },
        Receipt {
            commitment: FixedBytes([9; 32]),
            ..receipt
        },
        Receipt {
            policy: Policy::Verified,
            ..receipt
        },
    ] {
        assert!(other.verify_server(&log, &by_server).is_err());
        assert!(other.verify_tenant(&token_key, &by_tenant).is_err());
    }

    let erasure = Erasure {
        tenant: receipt.tenant,
        session: receipt.session,
        pending: receipt.pending,
        commitment: receipt.commitment,
        cause: Cause::Claimed,
        time: Timestamp::from_millis(5),
    };
    let by_server = erasure.sign(Party::Keys, log_key.ed25519());
    let by_tenant = erasure.sign(Party::Tenant, &token);
    assert_eq!(erasure.verify_server(&log, &by_server), Ok(()));
    assert_eq!(erasure.verify_tenant(&token_key, &by_tenant), Ok(()));
    for other in [
        Erasure {
            cause: Cause::Expired,
            ..erasure
        },
        Erasure {
            time: Timestamp::from_millis(6),
            ..erasure
        },
        Erasure {
            commitment: FixedBytes([9; 32]),
            ..erasure
        },
    ] {
        assert!(other.verify_server(&log, &by_server).is_err());
        assert!(other.verify_tenant(&token_key, &by_tenant).is_err());
    }
}

#[test]
fn the_servers_key_is_pinned_by_its_log_key() {
    let mut scene = scene();
    let log_key = HybridSigningKey::generate(&mut scene.rng).unwrap();
    let other_key = HybridSigningKey::generate(&mut scene.rng).unwrap();
    let log_of = |key: &HybridSigningKey| LogKey {
        sign: boxed(key.public().to_bytes()),
    };
    let log = log_of(&log_key);
    let public = scene.server.public();
    let message = key_message(&log, public.as_bytes());
    let sign = |key: &HybridSigningKey, label| -> BoxedBytes<3373> {
        let signature = key.sign(label, &message).unwrap();
        boxed(signature.to_bytes())
    };
    let good = sign(&log_key, label::ESCROW_KEY);
    assert_eq!(verify_key(&log, public.as_bytes(), &good).unwrap(), public);
    let substituted = scene.tenant.public();
    assert!(verify_key(&log, substituted.as_bytes(), &good).is_err());
    assert!(verify_key(&log_of(&other_key), public.as_bytes(), &good).is_err());
    let forged = sign(&other_key, label::ESCROW_KEY);
    assert!(verify_key(&log, public.as_bytes(), &forged).is_err());
    let relabelled = sign(&log_key, label::LOG_CHECKPOINT);
    assert!(verify_key(&log, public.as_bytes(), &relabelled).is_err());
}

#[test]
fn codes_are_read_as_people_type_them() {
    let mut rng = seeded(1);
    let code = Code::generate(&mut rng).unwrap();
    let shown = code.to_string();
    assert_eq!(shown.len(), 19);
    assert_eq!(shown.parse(), Ok(code.clone()));
    assert_eq!(shown.to_lowercase().replace('-', " ").parse(), Ok(code));
    let typed: Code = "oil0-1234 5678-9abc".parse().unwrap();
    assert_eq!(typed.text(), "0110123456789ABC");
    for bad in [
        "",
        "0110-1234-5678-9ab",
        "0110-1234-5678-9abcd",
        "u110-1234-5678-9abc",
        "ö110-1234-5678-9ab",
    ] {
        assert_eq!(bad.parse::<Code>(), Err(BadCode), "{bad}");
    }
    let bytes = cbor::encode(&"oil0123456789abc".to_owned());
    assert!(cbor::decode::<Code>(&bytes, 100).is_err());
    assert_eq!(format!("{typed:?}"), "Code(redacted)");
}
