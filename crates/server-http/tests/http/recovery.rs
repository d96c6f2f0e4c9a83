//! Ways back in without the password, at the vault over HTTP: codes and what releases the vault's
//! share, locators, administrators, and what a person's devices have to say.

use std::sync::atomic::{AtomicU64, Ordering};

use wardseal_api::{
    Problem, ProblemCode as Code,
    vault::{
        AskVault, CodeFinished, CollectCode, CollectCodeRequest, FinishCode, FinishCodeRequest,
        OpenRecord, OpenRecordRequest, StartCode, StartCodeRequest, StoreRecord,
        StoreRecordRequest, VaultAnswer, VaultRequest,
    },
};
use wardseal_crypto::{kem::KemSecretKey, label};
use wardseal_protocol::{
    binding,
    keys::DeviceKind,
    op::Op,
    recovery::{self, Claims},
    statement::Statement,
    vault::{
        Access, Action, Language, TwoManAccess, locator_record, record_message, request_message,
    },
};
use wardseal_server_domain::post::LetterKind;
use wardseal_tenant::recovery::TokenBudget;
use wardseal_testkit::{Device, Person, ServerOptions, seeded, token_key};
use wardseal_types::{Base64Url, ChainId, FixedBytes, TenantId, Timestamp, UserId};

use crate::world::World;

const ADDRESS: &str = "anna@example.org";
const RECORD: FixedBytes<32> = FixedBytes([0x52; 32]);
const SHARE: [u8; 32] = [0x53; 32];
const SEALED: &[u8] = b"the keys of a device, sealed";
const HOUR: u64 = 3_600_000;

fn two_man(delay: u8) -> Access {
    Access::TwoMan(TwoManAccess {
        share: FixedBytes(SHARE),
        address: ADDRESS.into(),
        salt: FixedBytes([1; 32]),
        delay,
        language: Language::French,
    })
}

fn chain(world: &World, chain: impl Into<ChainId>) -> Vec<Base64Url> {
    let chain = chain.into();
    let statements = world.town.log.iter();
    statements
        .filter(|statement| statement.chain() == chain)
        .map(|statement| Statement::bytes(statement).into())
        .collect()
}

fn store(world: &World, person: &Person, record: FixedBytes<32>, access: &Access) {
    let access = access.to_bytes();
    let tenant = world.town.tenant;
    let message = record_message(&tenant, &person.id, &record, &access, SEALED);
    let key = person.device.sign.ed25519();
    let request = StoreRecordRequest {
        tenant,
        user: person.id,
        device: person.device.id,
        record,
        access: access.into(),
        sealed: SEALED.into(),
        tenant_chain: chain(world, tenant),
        user_chain: chain(world, person.id),
        signature: FixedBytes(*key.sign(label::RECORD_SIGNATURE, &message).as_bytes()),
    };
    world.vault::<StoreRecord>(&request).unwrap();
}

/// A vault that keeps anna's record for two servers.
fn stored(seed: u64, delay: u8) -> (World, Person) {
    let mut world = World::new(seed);
    let anna = world.newcomer("anna", |_| {}).0;
    store(&world, &anna, RECORD, &two_man(delay));
    (world, anna)
}

/// A client that lost everything.
struct Lost {
    key: KemSecretKey,
    user: UserId,
    record: FixedBytes<32>,
}

impl Lost {
    fn new(user: UserId) -> Self {
        Self {
            key: KemSecretKey::generate(&mut seeded(90)).unwrap(),
            user,
            record: RECORD,
        }
    }

    fn public(&self) -> Vec<u8> {
        self.key.public().as_bytes().to_vec()
    }

    fn claims(&self, world: &World) -> Claims {
        let now = world.servers.now().seconds();
        Claims {
            iss: world.town.tenant,
            aud: world.servers.vault_url(),
            sub: self.user,
            rec: self.record,
            cli: recovery::client_hash(&self.public()),
            iat: now,
            exp: now + 600,
            jti: nonce(),
        }
    }

    fn request(&self, world: &World, claims: &Claims) -> StartCodeRequest {
        StartCodeRequest {
            token: token(world, claims),
            client_key: self.public().into(),
            tenant_chain: chain(world, world.town.tenant),
        }
    }

    fn start(&self, world: &World) -> Result<FixedBytes<32>, Problem> {
        let request = self.request(world, &self.claims(world));
        let started = world.vault::<StartCode>(&request)?;
        Ok(started.attempt)
    }

    fn open(&self, world: &World, attempt: &FixedBytes<32>, share: &Base64Url) -> Option<[u8; 32]> {
        recovery::open_release(
            &self.key,
            &world.town.tenant,
            &self.user,
            &self.record,
            attempt,
            share.as_slice(),
        )
        .ok()
        .map(|share| *share.expose())
    }
}

/// Another one each time.
fn nonce() -> FixedBytes<16> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut nonce = [0; 16];
    nonce[8..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    FixedBytes(nonce)
}

fn token(world: &World, claims: &Claims) -> String {
    let input = recovery::signing_input(world.town.token_id(), claims).unwrap();
    let signature = world.town.token.sign_unlabelled(input.as_bytes());
    binding::assemble(&input, signature.as_bytes())
}

fn finish(world: &World, attempt: FixedBytes<32>, code: &str) -> Result<CodeFinished, Problem> {
    world.vault::<FinishCode>(&FinishCodeRequest {
        attempt,
        code: code.into(),
    })
}

fn collect(world: &World, attempt: FixedBytes<32>) -> Result<CodeFinished, Problem> {
    world.vault::<CollectCode>(&CollectCodeRequest { attempt })
}

/// Eight digits that are not these.
fn other(code: &str) -> String {
    let last = code.chars().last().unwrap();
    let next = if last == '9' { '0' } else { '9' };
    format!("{}{next}", code.strip_suffix(last).unwrap())
}

fn asked(world: &World, person: &Person, device: &Device, action: &Action) -> VaultRequest {
    asked_at(world, person, device, action, world.servers.now())
}

fn asked_at(
    world: &World,
    person: &Person,
    device: &Device,
    action: &Action,
    time: Timestamp,
) -> VaultRequest {
    let tenant = world.town.tenant;
    let message = request_message(&tenant, &person.id, &device.id, time, action);
    let signature = device.sign.ed25519().sign(label::VAULT_REQUEST, &message);
    VaultRequest {
        tenant,
        user: person.id,
        device: device.id,
        time,
        tenant_chain: chain(world, tenant),
        user_chain: chain(world, person.id),
        action: action.to_bytes().into(),
        signature: FixedBytes(*signature.as_bytes()),
    }
}

fn ask(world: &World, person: &Person, action: &Action) -> Result<VaultAnswer, Problem> {
    world.vault::<AskVault>(&asked(world, person, &person.device, action))
}

fn code<T: std::fmt::Debug>(result: Result<T, Problem>) -> Code {
    result.unwrap_err().code
}

#[test]
fn the_right_code_releases_the_share_to_the_client_that_asked() {
    let (world, anna) = stored(200, 0);
    let lost = Lost::new(anna.id);
    let attempt = lost.start(&world).unwrap();
    let letters = world.servers.mailbox.take();
    let [letter] = letters.as_slice() else {
        panic!("{letters:?}");
    };
    assert_eq!(
        (letter.to.as_str(), letter.language),
        (ADDRESS, Language::French)
    );
    let LetterKind::RecoveryCode { code, tag, minutes } = &letter.kind else {
        panic!("{letter:?}");
    };
    assert_eq!((tag, *minutes), (&recovery::tag(&lost.public()), 10));
    let finished = finish(&world, attempt, &code.shown()).unwrap();
    assert_eq!(finished.ready, world.servers.now());
    let release = finished.release.unwrap();
    assert_eq!(release.sealed.as_slice(), SEALED);
    assert_eq!(lost.open(&world, &attempt, &release.share), Some(SHARE));
    let letters = world.servers.mailbox.take();
    assert!(matches!(
        letters.as_slice(),
        [letter] if matches!(letter.kind, LetterKind::RecoveryReleased)
    ));
    // A code is good once, and the answer is there again for whoever did not hear it.
    assert_eq!(
        self::code(finish(&world, attempt, &code.shown())),
        Code::CodeExpired
    );
    let again = collect(&world, attempt).unwrap().release.unwrap();
    assert_eq!(lost.open(&world, &attempt, &again.share), Some(SHARE));
    assert!(world.servers.mailbox.take().is_empty());
    world.servers.clock.advance(24 * HOUR);
    assert_eq!(self::code(collect(&world, attempt)), Code::CodeExpired);
}

#[test]
fn a_wrong_code_says_how_many_tries_are_left() {
    let (world, anna) = stored(201, 0);
    let lost = Lost::new(anna.id);
    let attempt = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    let wrong = other(&right);
    for left in [2, 1, 0] {
        let problem = finish(&world, attempt, &wrong).unwrap_err();
        assert_eq!(problem.code, Code::CodeRefused);
        assert_eq!(problem.detail.unwrap(), format!("{left} tries are left"));
        assert_eq!(code(collect(&world, attempt)), Code::CodeExpired);
    }
    assert_eq!(code(finish(&world, attempt, &right)), Code::CodeExpired);
    // What is no code costs no try.
    let attempt = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    for text in ["", "1234567", "abcdefgh"] {
        assert_eq!(code(finish(&world, attempt, text)), Code::MalformedRequest);
    }
    finish(&world, attempt, &other(&right)).unwrap_err();
    finish(&world, attempt, &other(&right)).unwrap_err();
    assert!(finish(&world, attempt, &right).unwrap().release.is_some());
}

#[test]
fn a_code_is_good_for_ten_minutes() {
    let (world, anna) = stored(202, 0);
    let lost = Lost::new(anna.id);
    let attempt = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    world.servers.clock.advance(600_000);
    assert_eq!(code(finish(&world, attempt, &right)), Code::CodeExpired);
    let attempt = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    world.servers.clock.advance(599_999);
    finish(&world, attempt, &right).unwrap();
}

#[test]
fn a_code_of_another_attempt_is_wrong() {
    let (world, anna) = stored(203, 0);
    let lost = Lost::new(anna.id);
    // Somebody else begins with his own client, and the person reads out the code of her letter.
    let attacker = Lost {
        key: KemSecretKey::generate(&mut seeded(91)).unwrap(),
        ..Lost::new(anna.id)
    };
    let theirs = attacker.start(&world).unwrap();
    let _ = world.servers.mailbox.take();
    let hers = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    assert_eq!(code(finish(&world, theirs, &right)), Code::CodeRefused);
    // And what her attempt releases is of no use to him.
    let release = finish(&world, hers, &right).unwrap().release.unwrap();
    assert_eq!(attacker.open(&world, &hers, &release.share), None);
    assert_eq!(lost.open(&world, &hers, &release.share), Some(SHARE));
    // Nor is it for another attempt, record or person of the same client.
    assert_eq!(lost.open(&world, &theirs, &release.share), None);
}

#[test]
fn a_token_of_the_tenant_is_needed_and_good_once() {
    let (mut world, anna) = stored(204, 0);
    let lost = Lost::new(anna.id);
    let claims = lost.claims(&world);
    let start =
        |world: &World, claims: &Claims| world.vault::<StartCode>(&lost.request(world, claims));
    let audience = Claims {
        aud: world.servers.keys_url(),
        ..claims
    };
    let client = Claims {
        cli: recovery::client_hash(b"another"),
        ..claims.clone()
    };
    let tenant = Claims {
        iss: TenantId::from_bytes([9; 32]),
        ..claims.clone()
    };
    for claims in [audience, client] {
        assert_eq!(code(start(&world, &claims)), Code::AccessRefused);
    }
    assert_eq!(code(start(&world, &tenant)), Code::RequestRefused);
    let long = Claims {
        exp: claims.iat + 601,
        ..claims.clone()
    };
    let early = Claims {
        iat: claims.iat + 61,
        ..claims.clone()
    };
    let late = Claims {
        iat: claims.iat - 661,
        exp: claims.iat - 61,
        ..claims.clone()
    };
    for claims in [long, early, late] {
        assert_eq!(code(start(&world, &claims)), Code::AccessExpired);
    }
    let mut bad = lost.request(&world, &claims);
    bad.token.push('x');
    assert_eq!(code(world.vault::<StartCode>(&bad)), Code::AccessRefused);
    let mut bad = lost.request(&world, &claims);
    bad.client_key.0.pop();
    assert_eq!(code(world.vault::<StartCode>(&bad)), Code::MalformedRequest);
    assert!(world.servers.mailbox.take().is_empty());

    start(&world, &claims).unwrap();
    let problem = start(&world, &claims).unwrap_err();
    assert_eq!(problem.code, Code::AccessRefused);
    assert!(problem.detail.unwrap().contains("used already"));
    world.servers.stop_vault();
    world.servers.start_vault();
    assert_eq!(code(start(&world, &claims)), Code::AccessRefused);
    assert_eq!(world.servers.mailbox.take().len(), 1);
}

#[test]
fn a_revoked_token_key_stays_revoked() {
    let (mut world, anna) = stored(205, 0);
    let lost = Lost::new(anna.id);
    lost.start(&world).unwrap();
    // The thief of the old key shows the chain as it was; so does nobody else.
    let stolen = token(&world, &lost.claims(&world));
    let before = chain(&world, world.town.tenant);
    let old = world.town.token_id();
    let new = wardseal_crypto::sign::Ed25519SigningKey::generate(&mut seeded(77)).unwrap();
    for op in [Op::TenantAddKey(token_key(&new)), Op::TenantRevokeKey(old)] {
        let statement = world.town.tenant_says(op);
        world.town.append(&statement).unwrap();
    }
    let with_old = StartCodeRequest {
        token: stolen,
        client_key: lost.public().into(),
        tenant_chain: chain(&world, world.town.tenant),
    };
    assert_eq!(
        code(world.vault::<StartCode>(&with_old)),
        Code::AccessRefused
    );
    let with_old = StartCodeRequest {
        tenant_chain: before.clone(),
        ..with_old
    };
    assert_eq!(
        code(world.vault::<StartCode>(&with_old)),
        Code::AccessRefused
    );
    world.servers.stop_vault();
    world.servers.start_vault();
    assert_eq!(
        code(world.vault::<StartCode>(&with_old)),
        Code::AccessRefused
    );
    // The new key is good, also for a client that has not heard of it.
    world.town.token = new;
    let request = StartCodeRequest {
        tenant_chain: before,
        ..lost.request(&world, &lost.claims(&world))
    };
    world.vault::<StartCode>(&request).unwrap();
    // Another history of the same tenant is none.
    let mut request = lost.request(&world, &lost.claims(&world));
    request.tenant_chain.swap(1, 2);
    assert_eq!(
        code(world.vault::<StartCode>(&request)),
        Code::RequestRefused
    );
}

#[test]
fn a_person_who_does_not_exist_gets_the_same_answers_and_no_letter() {
    let (world, anna) = stored(206, 0);
    let nobody = UserId::from_bytes([7; 32]);
    let real = Lost::new(anna.id);
    let cases = [
        Lost {
            record: FixedBytes([7; 32]),
            ..Lost::new(nobody)
        },
        Lost {
            record: FixedBytes([8; 32]),
            ..Lost::new(anna.id)
        },
    ];
    for lost in cases {
        let attempt = lost.start(&world).unwrap();
        assert!(world.servers.mailbox.take().is_empty());
        for left in [2, 1, 0] {
            let problem = finish(&world, attempt, "1234 5678").unwrap_err();
            assert_eq!(problem.code, Code::CodeRefused);
            assert_eq!(problem.detail.unwrap(), format!("{left} tries are left"));
        }
        let problem = finish(&world, attempt, "1234 5678").unwrap_err();
        assert_eq!(problem.code, Code::CodeExpired);
        assert_eq!(code(collect(&world, attempt)), Code::CodeExpired);
    }
    // Five codes a day, whether anybody reads them or not.
    let ghost = Lost {
        record: FixedBytes([9; 32]),
        ..Lost::new(nobody)
    };
    for _ in 0..5 {
        ghost.start(&world).unwrap();
        real.start(&world).unwrap();
    }
    let one = ghost.start(&world).unwrap_err();
    let other = real.start(&world).unwrap_err();
    assert_eq!(one.code, Code::TooManyAttempts);
    assert_eq!((one.code, one.retry_after), (other.code, other.retry_after));
    // An attempt that nobody began.
    let nothing = FixedBytes([1; 32]);
    assert_eq!(code(finish(&world, nothing, "12345678")), Code::CodeExpired);
}

#[test]
fn without_mail_nobody_is_told_anything() {
    let (world, anna) = stored(207, 0);
    world.servers.mailbox.close(true);
    for user in [anna.id, UserId::from_bytes([7; 32])] {
        let problem = Lost::new(user).start(&world).unwrap_err();
        assert_eq!(problem.code, Code::Unavailable);
        assert_eq!(problem.retry_after, Some(60));
    }
    world.servers.mailbox.close(false);
    Lost::new(anna.id).start(&world).unwrap();
}

#[test]
fn a_delay_passes_before_the_share_is_released() {
    let (mut world, anna) = stored(208, 24);
    let lost = Lost::new(anna.id);
    let attempt = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    let finished = finish(&world, attempt, &right).unwrap();
    let ready = world.servers.now().plus_millis(24 * HOUR);
    assert_eq!((finished.ready, &finished.release), (ready, &None));
    assert!(matches!(
        world.servers.mailbox.take().as_slice(),
        [letter] if matches!(letter.kind, LetterKind::RecoveryWaiting { until } if until == ready)
    ));
    world.servers.clock.advance(24 * HOUR - 1);
    assert_eq!(collect(&world, attempt).unwrap().release, None);
    world.servers.stop_vault();
    world.servers.start_vault();
    world.servers.clock.advance(1);
    let release = collect(&world, attempt).unwrap().release.unwrap();
    assert_eq!(lost.open(&world, &attempt, &release.share), Some(SHARE));
    assert!(matches!(
        world.servers.mailbox.take().as_slice(),
        [letter] if matches!(letter.kind, LetterKind::RecoveryReleased)
    ));
    // It was told of once.
    collect(&world, attempt).unwrap();
    assert!(world.servers.mailbox.take().is_empty());
    world.servers.clock.advance(24 * HOUR);
    assert_eq!(code(collect(&world, attempt)), Code::CodeExpired);
}

#[test]
fn a_device_stops_a_recovery() {
    let (mut world, anna) = stored(209, 24);
    let berta = world.newcomer("berta", |_| {}).0;
    let lost = Lost::new(anna.id);
    let attempt = lost.start(&world).unwrap();
    // Nothing is under way before the code was right.
    assert_eq!(ask(&world, &anna, &Action::List).unwrap().pending, []);
    assert_eq!(
        code(ask(&world, &anna, &Action::Veto(attempt))),
        Code::NotFound
    );
    let right = world.servers.mailbox.code_for(ADDRESS);
    let ready = finish(&world, attempt, &right).unwrap().ready;
    let listed = ask(&world, &anna, &Action::List).unwrap().pending;
    let [pending] = listed.as_slice() else {
        panic!("{listed:?}");
    };
    assert_eq!((pending.attempt, pending.record), (attempt, RECORD));
    assert_eq!(
        (pending.started, pending.ready),
        (world.servers.now(), ready)
    );
    // Others neither see nor stop it.
    assert_eq!(ask(&world, &berta, &Action::List).unwrap().pending, []);
    assert_eq!(
        code(ask(&world, &berta, &Action::Veto(attempt))),
        Code::NotFound
    );
    world.servers.clock.advance(HOUR);
    let after = ask(&world, &anna, &Action::Veto(attempt)).unwrap();
    assert_eq!(after.pending, []);
    for _ in 0..2 {
        assert_eq!(code(collect(&world, attempt)), Code::RecoveryVetoed);
        world.servers.clock.advance(24 * HOUR);
    }
    // What was released cannot be stopped any more.
    let attempt = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    finish(&world, attempt, &right).unwrap();
    world.servers.clock.advance(24 * HOUR);
    assert_eq!(ask(&world, &anna, &Action::List).unwrap().pending.len(), 1);
    collect(&world, attempt).unwrap();
    assert_eq!(ask(&world, &anna, &Action::List).unwrap().pending, []);
    assert_eq!(
        code(ask(&world, &anna, &Action::Veto(attempt))),
        Code::NotFound
    );
}

#[test]
fn twenty_wrong_codes_lock_the_record_until_there_is_a_new_one() {
    let (world, anna) = stored(210, 0);
    let lost = Lost::new(anna.id);
    let mut refused = 0;
    'all: loop {
        let attempt = lost.start(&world).unwrap();
        let right = world.servers.mailbox.code_for(ADDRESS);
        for _ in 0..3 {
            assert_eq!(
                code(finish(&world, attempt, &other(&right))),
                Code::CodeRefused
            );
            refused += 1;
            if refused == 20 {
                assert_eq!(code(finish(&world, attempt, &right)), Code::RecoveryLocked);
                break 'all;
            }
        }
        world.servers.clock.advance(24 * HOUR);
    }
    assert!(matches!(
        world.servers.mailbox.take().as_slice(),
        [letter] if matches!(letter.kind, LetterKind::RecoveryLocked)
    ));
    let kept = |world: &World| {
        let mut kept = ask(world, &anna, &Action::List).unwrap().kept;
        kept.sort_by_key(|kept| kept.record);
        kept.iter()
            .map(|kept| (kept.record, kept.access, kept.locked))
            .collect::<Vec<_>>()
    };
    assert_eq!(kept(&world), [(RECORD, 3, true)]);
    world.servers.clock.advance(365 * 24 * HOUR);
    assert_eq!(code(lost.start(&world)), Code::RecoveryLocked);
    let new = FixedBytes([0x60; 32]);
    store(&world, &anna, new, &two_man(0));
    let lost = Lost {
        record: new,
        ..lost
    };
    let attempt = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    finish(&world, attempt, &right).unwrap();
    assert_eq!(kept(&world), [(RECORD, 3, true), (new, 3, false)]);
}

#[test]
fn a_locator_opens_its_record_and_the_name_does_not() {
    let (world, anna) = stored(211, 0);
    let locator = FixedBytes([0x70; 32]);
    let record = locator_record(&locator);
    store(&world, &anna, record, &Access::Locator);
    let open = |locator| world.vault::<OpenRecord>(&OpenRecordRequest { locator });
    let opened = open(locator).unwrap();
    assert_eq!((opened.record, opened.sealed.as_slice()), (record, SEALED));
    assert_eq!(code(open(record)), Code::NotFound);
    assert_eq!(code(open(FixedBytes([1; 32]))), Code::NotFound);
    // A record of another kind under such a name.
    let locator = FixedBytes([0x71; 32]);
    store(&world, &anna, locator_record(&locator), &two_man(0));
    assert_eq!(code(open(locator)), Code::NotFound);
    // Nor does a code come for a record that a locator opens.
    let lost = Lost {
        record,
        ..Lost::new(anna.id)
    };
    lost.start(&world).unwrap();
    assert!(world.servers.mailbox.take().is_empty());
}

#[test]
fn administrators_read_what_names_them() {
    let (mut world, anna) = stored(212, 0);
    let [berta, clara, dora] =
        ["berta", "clara", "dora"].map(|name| world.newcomer(name, |_| {}).0);
    let mut readers = vec![berta.id, clara.id];
    readers.sort();
    let record = FixedBytes([0x72; 32]);
    store(&world, &anna, record, &Access::Readers(readers));
    let read = |person| ask(&world, person, &Action::Read(record));
    for reader in [&berta, &clara] {
        assert_eq!(read(reader).unwrap().sealed.unwrap().as_slice(), SEALED);
    }
    for other in [&anna, &dora] {
        assert_eq!(code(read(other)), Code::NotFound);
    }
    // A record of another kind has no readers.
    assert_eq!(
        code(ask(&world, &berta, &Action::Read(RECORD))),
        Code::NotFound
    );
}

#[test]
fn a_record_that_is_not_in_use_is_deleted_by_its_owner() {
    let (mut world, anna) = stored(213, 0);
    let berta = world.newcomer("berta", |_| {}).0;
    let delete = |person| ask(&world, person, &Action::Delete(RECORD));
    assert_eq!(code(delete(&berta)), Code::NotFound);
    assert_eq!(delete(&anna).unwrap().kept, []);
    assert_eq!(code(delete(&anna)), Code::NotFound);
    Lost::new(anna.id).start(&world).unwrap();
    assert!(world.servers.mailbox.take().is_empty());
}

#[test]
fn a_record_that_is_gone_releases_nothing() {
    let (world, anna) = stored(214, 24);
    let lost = Lost::new(anna.id);
    let attempt = lost.start(&world).unwrap();
    let right = world.servers.mailbox.code_for(ADDRESS);
    finish(&world, attempt, &right).unwrap();
    ask(&world, &anna, &Action::Delete(RECORD)).unwrap();
    world.servers.clock.advance(24 * HOUR);
    assert_eq!(code(collect(&world, attempt)), Code::CodeExpired);
}

#[test]
fn only_a_device_in_force_asks_and_in_time() {
    let (mut world, anna) = stored(215, 0);
    let berta = world.newcomer("berta", |_| {}).0;
    let good = asked(&world, &anna, &anna.device, &Action::List);
    world.vault::<AskVault>(&good).unwrap();
    type Spoil<'a> = (&'static str, Box<dyn Fn(&mut VaultRequest) + 'a>);
    let spoils: Vec<Spoil<'_>> = vec![
        ("signature", Box::new(|r| r.signature.0[0] ^= 1)),
        ("time", Box::new(|r| r.time = r.time.plus_millis(1))),
        (
            "action",
            Box::new(|r| r.action = Action::Read(RECORD).to_bytes().into()),
        ),
        ("user", Box::new(|r| r.user = berta.id)),
        ("device", Box::new(|r| r.device = berta.device.id)),
        (
            "tenant",
            Box::new(|r| r.tenant = TenantId::from_bytes([1; 32])),
        ),
        ("no name", Box::new(|r| r.user_chain.truncate(1))),
        ("no chain", Box::new(|r| r.tenant_chain.clear())),
        (
            "another",
            Box::new(|r| {
                *r = VaultRequest {
                    user: anna.id,
                    ..asked(&world, &anna, &berta.device, &Action::List)
                }
            }),
        ),
    ];
    for (what, spoil) in spoils {
        let mut request = good.clone();
        spoil(&mut request);
        let found = code(world.vault::<AskVault>(&request));
        assert_eq!(found, Code::RequestRefused, "{what}");
    }
    let mut bad = good.clone();
    bad.action.0.push(0);
    assert_eq!(code(world.vault::<AskVault>(&bad)), Code::MalformedRequest);
    // Five minutes in each direction.
    world.servers.clock.advance(300_000);
    world.vault::<AskVault>(&good).unwrap();
    world.servers.clock.advance(1);
    assert_eq!(code(world.vault::<AskVault>(&good)), Code::RequestRefused);
    let ahead = |ms| {
        let time = world.servers.now().plus_millis(ms);
        asked_at(&world, &anna, &anna.device, &Action::List, time)
    };
    world.vault::<AskVault>(&ahead(300_000)).unwrap();
    let refused = world.vault::<AskVault>(&ahead(300_001));
    assert_eq!(code(refused), Code::RequestRefused);
    // A device that was revoked.
    let second = world.town.device(DeviceKind::Ordinary);
    let op = world.town.op_add_device(&anna, &second);
    world.town.say(&anna, anna.id, op).unwrap();
    world
        .vault::<AskVault>(&asked(&world, &anna, &second, &Action::List))
        .unwrap();
    let op = world.town.op_revoke_device(&anna, &[second.member()]);
    world.town.say(&anna, anna.id, op).unwrap();
    assert_eq!(
        code(world.vault::<AskVault>(&asked(&world, &anna, &second, &Action::List))),
        Code::RequestRefused
    );
}

#[test]
fn beside_the_key_server_nothing_is_recovered() {
    let mut world = World::with(
        216,
        ServerOptions {
            separate: false,
            ..ServerOptions::default()
        },
    );
    let anna = world.newcomer("anna", |_| {}).0;
    let nothing = FixedBytes([1; 32]);
    for found in [
        code(Lost::new(anna.id).start(&world)),
        code(finish(&world, nothing, "12345678")),
        code(collect(&world, nothing)),
        code(world.vault::<OpenRecord>(&OpenRecordRequest { locator: nothing })),
        code(ask(&world, &anna, &Action::List)),
    ] {
        assert_eq!(found, Code::VaultNotSeparate);
    }
}

/// Somebody puts the vault's database back to an older state, and its counters with it. The tenant
/// signs tokens only as its own budget allows, and without a token no code is sent.
#[test]
fn a_vault_that_was_put_back_gets_no_more_tokens() {
    let (mut world, anna) = stored(217, 0);
    let lost = Lost::new(anna.id);
    let mut budget = TokenBudget::default();
    let mut start = |world: &World| {
        budget
            .take(world.servers.now())
            .map_err(|spent| spent.retry_after)?;
        lost.start(world)
            .map_err(|problem| problem.retry_after.unwrap())
    };
    let snapshot = |world: &mut World| {
        world.servers.stop_vault();
        let file = world.servers.folder().join("vault.db");
        let bytes = std::fs::read(&file).unwrap();
        world.servers.start_vault();
        (file, bytes)
    };
    let (file, before) = snapshot(&mut world);
    for _ in 0..5 {
        let attempt = start(&world).unwrap();
        let right = world.servers.mailbox.code_for(ADDRESS);
        for _ in 0..3 {
            finish(&world, attempt, &other(&right)).unwrap_err();
        }
    }
    world.servers.stop_vault();
    std::fs::write(&file, &before).unwrap();
    for journal in ["vault.db-wal", "vault.db-shm"] {
        let _ = std::fs::remove_file(world.servers.folder().join(journal));
    }
    world.servers.start_vault();
    // The vault has forgotten: with a token it would go on.
    lost.start(&world).unwrap();
    assert_eq!(world.servers.mailbox.take().len(), 1);
    // It is the tenant that has not.
    for _ in 0..10 {
        assert_eq!(start(&world), Err(24 * 3600));
    }
    assert!(world.servers.mailbox.take().is_empty());
}
