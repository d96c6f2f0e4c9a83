//! Recipients who are not there yet: what is sent to them waits in escrow, and opens to them alone.
#![expect(
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use wardseal_client::{
    Error, Misuse, NewSession, NotClaimed, PendingGrant, PendingGranted, Rights, Role,
    api::{
        Endpoint as _, ProblemCode,
        escrow::EscrowState,
        tenant::{DepositShares, EraseTenantShares, ReleaseTenantShares},
    },
    crypto::kem::KemSecretKey,
    protocol::escrow::{Place, Policy, share_hash},
    types::{Base64Url, Clock as _, GroupId, MemberId, SessionId, UserId},
};
use wardseal_e2e::{Application, BEGINNING, DAY, Disk, Machine, World, open, seal};
use wardseal_tenant::GroupNameRequest;

const ADDRESS: &str = "info@clinic.example";

fn grant(policy: Policy) -> PendingGrant {
    PendingGrant {
        name: "dora".into(),
        policy,
        rights: Rights::READ,
        expires: BEGINNING.plus_millis(30 * DAY),
        group: None,
        address: (policy == Policy::Verified).then(|| ADDRESS.into()),
        code: None,
        language: Some("de".into()),
    }
}

/// Anna, who sends, and the application's server.
struct Scene {
    world: World,
    application: Application,
    anna: Machine,
}

async fn scene() -> Scene {
    let world = World::new().await;
    let (anna, disk) = world.person("anna").await;
    let application = world.application(&anna).await;
    let anna = world.at(&application, anna, &disk).await;
    Scene {
        world,
        application,
        anna,
    }
}

async fn user(machine: &Machine) -> UserId {
    machine.profile().await.unwrap().user
}

impl Scene {
    /// A session in which Dora is awaited, and a record in it.
    async fn sent(&self, policy: Policy) -> (SessionId, PendingGranted, Vec<u8>) {
        let me = [(user(&self.anna).await.into(), Rights::MANAGE)];
        let session = self.anna.create_session(&me, None, None).await.unwrap();
        let granted = self.anna.grant_pending(session, &grant(policy)).await;
        let object = seal(&self.anna, session, b"a record").await.unwrap();
        (session, granted.unwrap(), object)
    }

    async fn dora(&self) -> (Machine, MemberId) {
        let (dora, _) = self.world.person_at(&self.application, "dora").await;
        let member = user(&dora).await.into();
        (dora, member)
    }

    /// A group that the application calls so.
    async fn facility(&self, admin: &Machine, name: &str, first: &[(MemberId, Role)]) -> GroupId {
        let group = admin.create_group("Clinic", first).await.unwrap();
        assert_eq!(admin.pending_sessions(group.into()).await.unwrap(), []);
        let wanted = admin.new_group_name(name).await.unwrap();
        let request = GroupNameRequest {
            group,
            commitment: wanted.commitment,
            index: wanted.index,
        };
        let now = self.world.clock.now();
        let token = &self.world.token_key;
        let token = token.bind_group(self.world.tenant, request, now, &mut self.world.rng());
        let bound = admin.bind_group(group, &wanted, &token.unwrap()).await;
        bound.unwrap();
        group
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_s_code_opens_what_waits() {
    let scene = scene().await;
    let (session, granted, object) = scene.sent(Policy::Code).await;
    let again = scene
        .anna
        .grant_pending(session, &grant(Policy::Code))
        .await;
    assert_eq!(again.unwrap(), granted, "granting again changes nothing");
    let known = scene.anna.awaited(session).await.unwrap();
    assert_eq!(known[0].contact.code, granted.code);
    let status = scene.anna.escrow_status(&[session]).await.unwrap();
    assert_eq!(status[0].state, EscrowState::Deposited);

    let (dora, member) = scene.dora().await;
    let waiting = dora.pending_sessions(member).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (waiting[0].session, waiting[0].policy),
        (session, Policy::Code)
    );
    assert!(open(&dora, &object).await.is_err(), "nothing opens before");
    // Without the code, and with another one.
    for (code, why) in [
        (None, NotClaimed::SenderCodeRequired),
        (Some("0123-4567-89AB-CDEF"), NotClaimed::WrongCode),
    ] {
        let code = code.map(|code| code.parse().unwrap());
        let report = dora.claim(member, code.as_ref()).await.unwrap();
        assert_eq!(report.claimed, []);
        assert_eq!(report.left[0].why, why);
    }
    let report = dora.claim(member, granted.code.as_ref()).await.unwrap();
    assert_eq!(report.claimed, [session]);
    assert_eq!(open(&dora, &object).await.unwrap(), b"a record");
    // It is gone from both parties, and the sender sees that.
    assert_eq!(dora.pending_sessions(member).await.unwrap(), []);
    assert!(
        scene
            .application
            .shares()
            .iter()
            .all(|share| share.sealed.is_none())
    );
    let status = scene.anna.escrow_status(&[session]).await.unwrap();
    assert_eq!(status[0].state, EscrowState::Claimed);
    assert_eq!(status[0].member, Some(member));
    let recipients = scene.anna.session(session).await.unwrap().recipients;
    assert!(
        recipients
            .iter()
            .any(|recipient| recipient.member == member)
    );
    assert_eq!(recipients.len(), 2);
    // Claiming again is no error, and changes nothing.
    let report = dora.claim(member, None).await.unwrap();
    assert_eq!((report.claimed.len(), report.left.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_code_opens_what_waits() {
    let scene = scene().await;
    let (session, granted, object) = scene.sent(Policy::Verified).await;
    let (second, ..) = scene.sent(Policy::Verified).await;
    let (dora, member) = scene.dora().await;
    let report = dora.claim(member, None).await.unwrap();
    assert_eq!(report.left.len(), 2);
    assert!(
        report
            .left
            .iter()
            .all(|left| left.why == NotClaimed::CodeRequired)
    );
    let hint = report.left[0].waiting.hint.clone().unwrap();
    assert!(
        hint.ends_with("@clinic.example") && !hint.contains("info"),
        "{hint}"
    );
    let code = dora
        .start_escrow_code(member, granted.pending)
        .await
        .unwrap();
    let digits = scene.world.servers.mailbox.code_for(ADDRESS);
    let wrong = if digits.starts_with('1') {
        "20000000"
    } else {
        "10000000"
    };
    let refused = dora
        .finish_escrow_code(code.attempt, wrong)
        .await
        .unwrap_err();
    assert_eq!(refused.problem(), Some(ProblemCode::CodeRefused));
    let counted = dora
        .finish_escrow_code(code.attempt, &digits)
        .await
        .unwrap();
    assert_eq!(counted, 2, "the same address");
    let mut report = dora.claim(member, None).await.unwrap();
    report.claimed.sort();
    let mut both = vec![session, second];
    both.sort();
    assert_eq!(report.claimed, both);
    assert_eq!(open(&dora, &object).await.unwrap(), b"a record");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_deposits_the_new_seed_and_a_revocation_ends_it() {
    let scene = scene().await;
    let (session, granted, before) = scene.sent(Policy::Assigned).await;
    // Another member rotates, who did not grant: he deposits again.
    let (ben, _) = scene.world.person_at(&scene.application, "ben").await;
    let (carl, _) = scene.world.person_at(&scene.application, "carl").await;
    let (ben_id, carl_id) = (user(&ben).await.into(), user(&carl).await.into());
    let full = wardseal_client::Visibility::Full;
    for (member, rights) in [(ben_id, Rights::MANAGE), (carl_id, Rights::READ)] {
        scene
            .anna
            .grant(session, member, rights, full)
            .await
            .unwrap();
    }
    ben.revoke(session, &[carl_id]).await.unwrap();
    let after = seal(&ben, session, b"after the rotation").await.unwrap();
    let kept = scene.application.shares();
    assert_eq!(kept.iter().count(), 2, "one for each seed");
    // Nobody enters without history while somebody is awaited.
    let join = wardseal_client::Visibility::FromJoin;
    let refused = scene.anna.grant(session, carl_id, Rights::READ, join).await;
    assert!(matches!(refused, Err(Error::Misuse(Misuse::Invalid(_)))));

    let (dora, member) = scene.dora().await;
    let report = dora.claim(member, None).await.unwrap();
    assert_eq!(report.claimed, [session]);
    assert_eq!(open(&dora, &before).await.unwrap(), b"a record");
    assert_eq!(open(&dora, &after).await.unwrap(), b"after the rotation");
    let left = scene.application.shares();
    assert!(
        left.iter().all(|share| share.sealed.is_none()),
        "of both seeds"
    );

    // What is revoked before the claim is gone for good.
    let (second, again, object) = {
        let me = [(user(&scene.anna).await.into(), Rights::MANAGE)];
        let session = scene.anna.create_session(&me, None, None).await.unwrap();
        let other = PendingGrant {
            name: "emil".into(),
            ..grant(Policy::Assigned)
        };
        let granted = scene.anna.grant_pending(session, &other).await.unwrap();
        (
            session,
            granted,
            seal(&scene.anna, session, b"no").await.unwrap(),
        )
    };
    assert_ne!(granted.pending, again.pending);
    scene
        .anna
        .revoke(second, &[again.pending.into()])
        .await
        .unwrap();
    let status = scene.anna.escrow_status(&[second]).await.unwrap();
    assert_eq!(status[0].state, EscrowState::Revoked);
    assert!(
        scene
            .application
            .shares()
            .iter()
            .all(|share| share.sealed.is_none())
    );
    let (emil, _) = scene.world.person_at(&scene.application, "emil").await;
    let emil_id = user(&emil).await.into();
    assert_eq!(emil.pending_sessions(emil_id).await.unwrap(), []);
    assert!(emil.claim(emil_id, None).await.unwrap().claimed.is_empty());
    assert!(open(&emil, &object).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_a_session_that_ends_is_erased() {
    let scene = scene().await;
    let me = [(user(&scene.anna).await.into(), Rights::MANAGE)];
    let session = scene.anna.create_session(&me, None, None).await.unwrap();
    let awaited = PendingGrant {
        name: "emil".into(),
        ..grant(Policy::Assigned)
    };
    scene.anna.grant_pending(session, &awaited).await.unwrap();
    let kept = || scene.application.shares();
    assert!(kept().iter().any(|share| share.sealed.is_some()));
    scene.anna.revoke_all(session).await.unwrap();
    assert!(kept().iter().all(|share| share.sealed.is_none()));
    let (emil, _) = scene.world.person_at(&scene.application, "emil").await;
    let member = user(&emil).await.into();
    assert_eq!(emil.pending_sessions(member).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_compared_lets_in() {
    let scene = scene().await;
    let (session, granted, object) = scene.sent(Policy::Confirmed).await;
    assert_eq!(
        scene.application.shares().iter().count(),
        0,
        "there are no shares"
    );
    let (dora, member) = scene.dora().await;
    let report = dora.claim(member, None).await.unwrap();
    assert_eq!(report.left[0].why, NotClaimed::Confirmation);
    let (emil, _) = scene.world.person_at(&scene.application, "emil").await;
    let wrong = user(&emil).await.into();
    let refused = scene
        .anna
        .complete_pending(session, granted.pending, wrong)
        .await;
    assert!(matches!(refused, Err(Error::Misuse(Misuse::Invalid(_)))));
    for _ in 0..2 {
        let done = scene
            .anna
            .complete_pending(session, granted.pending, member)
            .await;
        done.unwrap();
    }
    assert_eq!(open(&dora, &object).await.unwrap(), b"a record");
    // A policy that asks for more is not completed by a member.
    let other = PendingGrant {
        name: "frida".into(),
        ..grant(Policy::Code)
    };
    let code = scene.anna.grant_pending(session, &other).await.unwrap();
    let refused = scene
        .anna
        .complete_pending(session, code.pending, member)
        .await;
    assert!(refused.is_ok(), "she is in it already");
    let refused = scene
        .anna
        .complete_pending(session, code.pending, wrong)
        .await;
    assert!(matches!(refused, Err(Error::Misuse(Misuse::Invalid(_)))));
}

/// What was asked of the key server that an escrow is about.
fn asked_of_keys(scene: &Scene) -> [usize; 2] {
    ["append", "release_shares"].map(|operation| scene.world.keys.seen(operation))
}

/// A facility that registers late. Whoever sends to it, and whoever claims for it, asks each party
/// once.
#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_are_sealed_and_claimed_with_one_request_to_each_party() {
    const HOW_MANY: usize = 500;
    const NAME: &str = "finess:750000001";
    let scene = scene().await;
    let me = [(user(&scene.anna).await.into(), Rights::MANAGE)];
    let facility = [PendingGrant {
        name: NAME.into(),
        ..grant(Policy::Assigned)
    }];
    let wanted = NewSession {
        recipients: &me,
        pending: &facility,
        label: Some("one of many"),
        metadata: Some(b"{\"bed\":12}"),
    };
    let [appends, releases] = asked_of_keys(&scene);
    let made = scene
        .anna
        .create_sessions_pending(&[wanted; HOW_MANY])
        .await;
    let made = made.unwrap();
    assert_eq!(made.len(), HOW_MANY);
    assert_eq!(scene.application.asked(), [DepositShares::PATH]);
    assert_eq!(asked_of_keys(&scene), [appends + 1, releases]);
    assert_eq!(scene.application.shares().iter().count(), HOW_MANY);
    // One more than one append takes, with two statements each.
    let many = scene.anna.create_sessions_pending(&[wanted; 513]).await;
    assert!(matches!(
        many.unwrap_err(),
        Error::Misuse(Misuse::Invalid(_))
    ));
    let mut objects = Vec::new();
    for (session, granted) in made.iter().step_by(HOW_MANY / 10) {
        assert_eq!(granted.len(), 1);
        objects.push(seal(&scene.anna, *session, b"a record").await.unwrap());
    }

    let (dora, _) = scene.dora().await;
    let group = scene.facility(&dora, NAME, &[]).await;
    let member = group.into();
    assert_eq!(dora.pending_sessions(member).await.unwrap().len(), HOW_MANY);
    let [appends, releases] = asked_of_keys(&scene);
    let report = dora.claim(member, None).await.unwrap();
    assert_eq!((report.claimed.len(), report.left.len()), (HOW_MANY, 0));
    assert_eq!(
        scene.application.asked(),
        [
            DepositShares::PATH,
            ReleaseTenantShares::PATH,
            EraseTenantShares::PATH
        ]
    );
    assert_eq!(asked_of_keys(&scene), [appends + 1, releases + 1]);
    let sessions: Vec<_> = made.iter().map(|(session, _)| *session).collect();
    let opened = dora.fetch_sessions(&sessions).await.unwrap();
    assert_eq!(opened.len(), HOW_MANY);
    for session in opened {
        let session = session.unwrap();
        assert_eq!(session.rights, Rights::READ);
        assert_eq!(session.metadata.as_deref(), wanted.metadata);
    }
    for object in objects {
        assert_eq!(open(&dora, &object).await.unwrap(), b"a record");
    }
    let left = scene.application.shares();
    assert!(left.iter().all(|share| share.sealed.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_that_is_away_or_unwilling_gives_nothing() {
    let scene = scene().await;
    scene.application.set_away(true);
    let me = [(user(&scene.anna).await.into(), Rights::MANAGE)];
    let session = scene.anna.create_session(&me, None, None).await.unwrap();
    let refused = scene
        .anna
        .grant_pending(session, &grant(Policy::Assigned))
        .await;
    assert_eq!(
        refused.unwrap_err().problem(),
        Some(ProblemCode::Unavailable)
    );
    let recipients = scene.anna.session(session).await.unwrap().recipients;
    assert_eq!(
        recipients.len(),
        1,
        "no statement without the tenant's share"
    );
    scene.application.set_away(false);
    scene
        .anna
        .grant_pending(session, &grant(Policy::Assigned))
        .await
        .unwrap();
    let object = seal(&scene.anna, session, b"a record").await.unwrap();

    let (dora, member) = scene.dora().await;
    scene.application.set_away(true);
    assert!(dora.claim(member, None).await.is_err());
    assert!(open(&dora, &object).await.is_err());
    scene.application.set_away(false);
    // Somebody else's name is nobody's.
    let (emil, _) = scene.world.person_at(&scene.application, "emil").await;
    let report = emil.claim(user(&emil).await.into(), None).await.unwrap();
    assert!(report.claimed.is_empty());
    let not_hers = emil.claim(member, None).await;
    assert!(not_hers.is_err(), "another person's things");
    // After the end nothing is released any more.
    scene.world.pass(31 * DAY);
    let report = dora.claim(member, None).await.unwrap();
    assert!(report.claimed.is_empty());
    let status = scene.anna.escrow_status(&[session]).await.unwrap();
    assert_eq!(status[0].state, EscrowState::Expired);
    assert!(open(&dora, &object).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_granted_is_refused_before_anything_is_sent() {
    let scene = scene().await;
    let me = [(user(&scene.anna).await.into(), Rights::MANAGE)];
    let session = scene.anna.create_session(&me, None, None).await.unwrap();
    let before = scene.application.requests();
    let (_ben, _) = scene.world.person_at(&scene.application, "ben").await;
    let good = grant(Policy::Verified);
    let named = PendingGrant {
        name: "ben".into(),
        ..good.clone()
    };
    let refused = scene.anna.grant_pending(session, &named).await;
    assert_eq!(refused.unwrap_err(), Error::Misuse(Misuse::HasIdentity));
    for bad in [
        PendingGrant {
            rights: Rights::MANAGE,
            ..good.clone()
        },
        PendingGrant {
            address: None,
            ..good.clone()
        },
        PendingGrant {
            address: Some("nobody".into()),
            ..good.clone()
        },
        PendingGrant {
            policy: Policy::Code,
            ..good.clone()
        },
        PendingGrant {
            language: Some("deu".into()),
            ..good.clone()
        },
        PendingGrant {
            expires: BEGINNING,
            ..good.clone()
        },
        PendingGrant {
            expires: BEGINNING.plus_millis(400 * DAY),
            ..good.clone()
        },
    ] {
        let refused = scene.anna.grant_pending(session, &bad).await;
        assert!(
            matches!(refused, Err(Error::Misuse(Misuse::Invalid(_)))),
            "{bad:?}"
        );
    }
    assert_eq!(scene.application.requests(), before);
    // A tenant without escrow.
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let me = [(user(&anna).await.into(), Rights::MANAGE)];
    let session = anna.create_session(&me, None, None).await.unwrap();
    let refused = anna.grant_pending(session, &good).await;
    assert_eq!(refused.unwrap_err(), Error::Misuse(Misuse::NoEscrow));
}

/// Every file of a folder, one after another.
fn disk_of(folder: &std::path::Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap();
    let files = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.collect::<Vec<_>>().concat()
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    let texts = [
        wanted.to_vec(),
        Base64Url::text_of(wanted).into_bytes(),
        wanted
            .iter()
            .flat_map(|byte| format!("{byte:02x}").into_bytes())
            .collect(),
    ];
    texts
        .iter()
        .any(|text| bytes.windows(text.len()).any(|window| window == text))
}

/// What the key server stores holds neither the tenant's share nor anything that was said under it,
/// and what the application stores holds nothing of the key server's. After the claim both have
/// erased what they had.
#[tokio::test(flavor = "multi_thread")]
async fn neither_party_stores_what_the_other_has() {
    let scene = scene().await;
    let (session, granted, object) = scene.sent(Policy::Code).await;
    let (_, verified, _) = scene.sent(Policy::Verified).await;
    let shares = scene.application.shares();
    let share = shares
        .iter()
        .find(|share| share.pending == granted.pending)
        .unwrap();
    let sealed = share.sealed.clone().unwrap();
    let place = Place {
        tenant: scene.world.tenant,
        session,
        epoch: share.epoch,
        pending: granted.pending,
    };
    let secret = wardseal_e2e::escrow_secret();
    let key = KemSecretKey::from_seed(secret.seed()).unwrap();
    let opened = place.open_tenant_share(&key, sealed.as_slice()).unwrap();
    let code = granted.code.clone().unwrap();
    let stored = disk_of(scene.world.servers.folder());
    assert!(
        holds(&stored, granted.pending.as_bytes()),
        "the search finds what is there"
    );
    for (what, secret) in [
        ("the tenant's share", opened.expose().as_slice()),
        ("the tenant's sealed share", &sealed.as_slice()[..64]),
        ("the sender's code", code.text().as_bytes()),
        ("the address", ADDRESS.as_bytes()),
    ] {
        assert!(!holds(&stored, secret), "the key server has {what}");
    }
    // The application keeps the terms and its own share, and no word of the key server's part.
    let (dora, member) = scene.dora().await;
    let listed = dora.pending_sessions(member).await.unwrap();
    assert_eq!(listed.len(), 2);
    let kept: Vec<u8> = shares
        .iter()
        .flat_map(|share| share.terms.0.clone())
        .collect();
    assert!(!holds(&kept, ADDRESS.as_bytes()) && !holds(&kept, code.text().as_bytes()));

    // What identifies the deposit on the disk of the key server: the tail of the tenant's share
    // stands there as a hash.
    let mark = share_hash(sealed.as_slice());
    assert!(holds(&stored, mark.as_array()));
    let report = dora.claim(member, Some(&code)).await.unwrap();
    assert_eq!(report.claimed, [session]);
    assert_eq!(report.left[0].waiting.pending, verified.pending);
    assert_eq!(open(&dora, &object).await.unwrap(), b"a record");
    let stored = disk_of(scene.world.servers.folder());
    assert!(
        !holds(&stored, mark.as_array()),
        "the deposit is gone from the disk"
    );
    let gone = scene.application.shares();
    let gone = gone
        .iter()
        .find(|share| share.pending == granted.pending)
        .unwrap();
    assert!(gone.sealed.is_none() && gone.erased.is_some());
}

/// Two machines of the claimant at once: one statement, one member, and both can open.
#[tokio::test(flavor = "multi_thread")]
async fn two_machines_claim_at_once() {
    let scene = scene().await;
    let (session, _, object) = scene.sent(Policy::Assigned).await;
    let (dora, disk) = scene.world.person_at(&scene.application, "dora").await;
    let member = user(&dora).await.into();
    let copy = disk.copy().await;
    let second = scene.world.machine(&copy).await;
    let second = scene.world.at(&scene.application, second, &copy).await;
    let (one, two) = tokio::join!(dora.claim(member, None), second.claim(member, None));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(one.claimed.contains(&session) || two.claimed.contains(&session));
    for machine in [&dora, &second] {
        assert_eq!(open(machine, &object).await.unwrap(), b"a record");
    }
    let recipients = scene.anna.session(session).await.unwrap().recipients;
    assert_eq!(recipients.len(), 2);
    // Whoever takes the name afterwards has come too late.
    let late = scene.world.machine(&Disk::default()).await;
    let refused = scene.world.sign_up(&late, "dora").await.unwrap_err();
    assert_eq!(refused.problem(), Some(ProblemCode::NameTaken));
}

/// A facility that registers late: its group gets the name, and whoever is in it claims for all.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_claims_what_waits_for_its_name() {
    const NAME: &str = "finess:750000001";
    let scene = scene().await;
    let me = [(user(&scene.anna).await.into(), Rights::MANAGE)];
    let session = scene.anna.create_session(&me, None, None).await.unwrap();
    let facility = PendingGrant {
        name: NAME.into(),
        ..grant(Policy::Assigned)
    };
    scene.anna.grant_pending(session, &facility).await.unwrap();
    let object = seal(&scene.anna, session, b"a record").await.unwrap();

    let (dora, _) = scene.dora().await;
    let (emil, _) = scene.world.person_at(&scene.application, "emil").await;
    let nurse = [(user(&emil).await.into(), Role::Member)];
    let group = scene.facility(&dora, NAME, &nurse).await;
    // Anna is not in the group, and learns that the name has an owner now.
    let refused = scene.anna.claim(group.into(), None).await.unwrap_err();
    assert_eq!(refused, Error::Misuse(Misuse::NotAMember(group)));
    let again = PendingGrant {
        policy: Policy::Confirmed,
        ..facility
    };
    let refused = scene.anna.grant_pending(session, &again).await.unwrap_err();
    assert_eq!(refused, Error::Misuse(Misuse::HasIdentity));

    let report = emil.claim(group.into(), None).await.unwrap();
    assert_eq!(
        (report.claimed.as_slice(), report.left.len()),
        ([session].as_slice(), 0)
    );
    for machine in [&emil, &dora] {
        assert_eq!(open(machine, &object).await.unwrap(), b"a record");
    }
    let status = scene.anna.escrow_status(&[session]).await.unwrap();
    assert_eq!(
        (status[0].state, status[0].member),
        (EscrowState::Claimed, Some(group.into()))
    );
}
