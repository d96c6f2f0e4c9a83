//! The vault: records, logins, and whoever tries to get around them.

use std::sync::OnceLock;

use wardseal_api::{
    Problem, ProblemCode as Code,
    vault::{
        GetVault, LoginFinish, LoginFinishRequest, LoginStart, LoginStartRequest, LoginStarted,
        RegisterStart, RegisterStartRequest, StoreRecord, StoreRecordRequest,
    },
};
use wardseal_crypto::label;
use wardseal_password::{
    ksf::KsfParams,
    opaque::{
        ClientError, Identities, Login, Registered, Registration, ServerPublicKey, ServerSetup,
    },
    oprf::{self, Blind, HardenedPassword},
    password::Password,
};
use wardseal_protocol::{
    keys::DeviceKind,
    statement::Statement,
    vault::{Access, MAX_SEALED, VAULT_IDENTITY, record_message},
};
use wardseal_server_domain::tenants::TenantPolicy;
use wardseal_testkit::{Device, Person, ServerOptions, Servers, seeded};
use wardseal_types::{ChainId, FixedBytes, TenantId, UserId};

use crate::world::World;

const RECORD: FixedBytes<32> = FixedBytes([0x52; 32]);
const PASSWORD: &str = "vier blaue Hunde im Schnee";
const SEALED: &[u8] = b"the keys of a device, sealed";
const IDENTITIES: Identities<'static> = Identities {
    client: &RECORD.0,
    server: VAULT_IDENTITY,
};

/// The key server's part, done here: these tests are about the vault alone.
fn hardened(password: &str) -> HardenedPassword {
    let seed = [9; 32];
    let password = Password::new(password).unwrap();
    let (blind, request) = Blind::start(&password, b"anna", &mut seeded(1)).unwrap();
    let answer = oprf::evaluate(&seed, b"anna", &request, &mut seeded(2)).unwrap();
    let key = oprf::account_public_key(&seed, b"anna").unwrap();
    blind.finish(&answer, &key).unwrap()
}

/// A registration for [`RECORD`]: the secret of the vault is the same in all tests, and Argon2id
/// takes its time.
fn registered() -> &'static Registered {
    static REGISTERED: OnceLock<Registered> = OnceLock::new();
    REGISTERED.get_or_init(|| {
        let setup = ServerSetup::from_bytes(&Servers::vault_secret()).unwrap();
        let (registration, request) =
            Registration::start(hardened(PASSWORD), &mut seeded(3)).unwrap();
        let response = setup.registration_response(&request, &RECORD.0).unwrap();
        registration
            .finish(
                &response,
                IDENTITIES,
                KsfParams::DEFAULT,
                Some(&setup.public_key()),
                &mut seeded(4),
            )
            .unwrap()
    })
}

fn chain(world: &World, chain: impl Into<ChainId>) -> Vec<wardseal_types::Base64Url> {
    let chain = chain.into();
    let statements = world.town.log.iter();
    statements
        .filter(|statement| statement.chain() == chain)
        .map(|statement| Statement::bytes(statement).into())
        .collect()
}

/// A person with a name; the vault has never heard of anybody.
fn person(world: &mut World) -> Person {
    world.newcomer("anna", |_| {}).0
}

fn opaque(upload: Vec<u8>) -> wardseal_types::Base64Url {
    Access::Opaque(upload.into()).to_bytes().into()
}

fn sign(request: &mut StoreRecordRequest, device: &Device) {
    let message = record_message(
        &request.tenant,
        &request.user,
        &request.record,
        request.access.as_slice(),
        request.sealed.as_slice(),
    );
    let key = device.sign.ed25519();
    request.device = device.id;
    request.signature = FixedBytes(*key.sign(label::RECORD_SIGNATURE, &message).as_bytes());
}

fn record(world: &World, person: &Person) -> StoreRecordRequest {
    let mut request = StoreRecordRequest {
        tenant: world.town.tenant,
        user: person.id,
        device: person.device.id,
        record: RECORD,
        access: opaque(registered().upload.clone()),
        sealed: SEALED.into(),
        tenant_chain: chain(world, world.town.tenant),
        user_chain: chain(world, person.id),
        signature: FixedBytes([0; 64]),
    };
    sign(&mut request, &person.device);
    request
}

/// A world whose vault keeps [`RECORD`].
fn stored(seed: u64) -> World {
    let mut world = World::new(seed);
    let anna = person(&mut world);
    let request = record(&world, &anna);
    world.vault::<StoreRecord>(&request).unwrap();
    world
}

fn start(
    world: &World,
    name: FixedBytes<32>,
    password: &str,
) -> Result<(Login, LoginStarted), Problem> {
    let (login, ke1) = Login::start(hardened(password), &mut seeded(5)).unwrap();
    let started = world.vault::<LoginStart>(&LoginStartRequest {
        record: name,
        ke1: ke1.into(),
    })?;
    Ok((login, started))
}

fn pinned(world: &World) -> ServerPublicKey {
    let info = world.vault::<GetVault>(&()).unwrap();
    ServerPublicKey::from_bytes(info.vault_key.unwrap().0)
}

fn finish(
    world: &World,
    login: Login,
    started: &LoginStarted,
) -> Result<LoginFinishRequest, ClientError> {
    let done = login.finish(
        started.ke2.as_slice(),
        IDENTITIES,
        &pinned(world),
        &mut seeded(6),
    )?;
    assert_eq!(done.export_key, registered().export_key);
    Ok(LoginFinishRequest {
        login: started.login,
        ke3: done.ke3.into(),
    })
}

fn code<T: std::fmt::Debug>(result: Result<T, Problem>) -> Code {
    result.unwrap_err().code
}

#[test]
fn a_password_opens_what_was_stored_under_it() {
    let mut world = World::new(60);
    let anna = person(&mut world);
    let info = world.vault::<GetVault>(&()).unwrap();
    assert_eq!((info.keys, info.vault, info.log_key), (false, true, None));

    // Over the wire from the first message on.
    let (registration, request) = Registration::start(hardened(PASSWORD), &mut seeded(7)).unwrap();
    let response = world
        .vault::<RegisterStart>(&RegisterStartRequest {
            record: RECORD,
            request: request.into(),
        })
        .unwrap();
    let registered = registration
        .finish(
            response.response.as_slice(),
            IDENTITIES,
            KsfParams::DEFAULT,
            Some(&pinned(&world)),
            &mut seeded(8),
        )
        .unwrap();
    let mut request = record(&world, &anna);
    request.access = opaque(registered.upload);
    sign(&mut request, &anna.device);
    let kept = world.vault::<StoreRecord>(&request).unwrap();
    assert_eq!(kept.record, RECORD);

    let (login, started) = start(&world, RECORD, PASSWORD).unwrap();
    let done = login
        .finish(
            started.ke2.as_slice(),
            IDENTITIES,
            &pinned(&world),
            &mut seeded(6),
        )
        .unwrap();
    assert_eq!(done.export_key, registered.export_key);
    let opened = world
        .vault::<LoginFinish>(&LoginFinishRequest {
            login: started.login,
            ke3: done.ke3.into(),
        })
        .unwrap();
    assert_eq!(opened.sealed.as_slice(), SEALED);
}

#[test]
fn a_record_may_be_stored_again_but_not_changed() {
    let mut world = World::new(61);
    let anna = person(&mut world);
    let request = record(&world, &anna);
    world.vault::<StoreRecord>(&request).unwrap();
    world.vault::<StoreRecord>(&request).unwrap();
    let mut other = request;
    other.sealed = b"something else".as_slice().into();
    sign(&mut other, &anna.device);
    assert_eq!(
        code(world.vault::<StoreRecord>(&other)),
        Code::RecordRefused
    );
    // Nor by somebody else, who may be whoever he is.
    let berta = world.newcomer("berta", |_| {}).0;
    let theirs = record(&world, &berta);
    assert_eq!(
        code(world.vault::<StoreRecord>(&theirs)),
        Code::RecordRefused
    );
    // It survives a new start.
    world.servers.stop_vault();
    world.servers.start_vault();
    let (login, started) = start(&world, RECORD, PASSWORD).unwrap();
    let finish = finish(&world, login, &started).unwrap();
    let opened = world.vault::<LoginFinish>(&finish).unwrap();
    assert_eq!(opened.sealed.as_slice(), SEALED);
}

#[test]
fn only_a_device_of_the_user_stores_a_record() {
    let mut world = World::new(62);
    let anna = person(&mut world);
    let berta = world.newcomer("berta", |_| {}).0;
    let good = record(&world, &anna);
    let refused = |request: &StoreRecordRequest| code(world.vault::<StoreRecord>(request));

    type Spoil<'a> = (&'static str, Box<dyn Fn(&mut StoreRecordRequest) + 'a>);
    let spoils: Vec<Spoil<'_>> = vec![
        ("signature", Box::new(|r| r.signature.0[0] ^= 1)),
        ("upload", Box::new(|r| r.access.0[100] ^= 1)),
        ("sealed", Box::new(|r| r.sealed.0[0] ^= 1)),
        ("record", Box::new(|r| r.record.0[0] ^= 1)),
        (
            "tenant",
            Box::new(|r| r.tenant = TenantId::from_bytes([1; 32])),
        ),
        ("user", Box::new(|r| r.user = UserId::from_bytes([1; 32]))),
        ("another user", Box::new(|r| r.user = berta.id)),
        ("device", Box::new(|r| sign(r, &berta.device))),
        ("no tenant", Box::new(|r| r.tenant_chain.clear())),
        ("no user", Box::new(|r| r.user_chain.clear())),
        ("no name", Box::new(|r| r.user_chain.truncate(1))),
        ("order", Box::new(|r| r.user_chain.reverse())),
        (
            "twice",
            Box::new(|r| r.user_chain = [r.user_chain.clone(), r.user_chain.clone()].concat()),
        ),
        (
            "chains swapped",
            Box::new(|r| std::mem::swap(&mut r.user_chain, &mut r.tenant_chain)),
        ),
        (
            "another chain",
            Box::new(|r| r.user_chain = chain(&world, berta.id)),
        ),
        (
            "a byte of a chain",
            Box::new(|r| r.user_chain[0].0[200] ^= 1),
        ),
        (
            "garbage",
            Box::new(|r| r.user_chain.push(vec![1, 2, 3].into())),
        ),
    ];
    for (what, spoil) in spoils {
        let mut request = good.clone();
        spoil(&mut request);
        let found = refused(&request);
        let malformed = what == "upload" && found == Code::MalformedRequest;
        assert!(
            malformed || found == Code::RecordRefused,
            "{what}: {found:?}"
        );
    }
    // Nothing of it was kept.
    world.vault::<StoreRecord>(&good).unwrap();
}

#[test]
fn a_revoked_device_stores_nothing() {
    let mut world = World::new(63);
    let anna = person(&mut world);
    let second = world.town.device(DeviceKind::Ordinary);
    let op = world.town.op_add_device(&anna, &second);
    world.town.say(&anna, anna.id, op).unwrap();
    let mut request = record(&world, &anna);
    sign(&mut request, &second);
    world.vault::<StoreRecord>(&request).unwrap();
    let op = world.town.op_revoke_device(&anna, &[second.member()]);
    world.town.say(&anna, anna.id, op).unwrap();
    let mut request = record(&world, &anna);
    request.record = FixedBytes([8; 32]);
    sign(&mut request, &second);
    assert_eq!(
        code(world.vault::<StoreRecord>(&request)),
        Code::RecordRefused
    );
    sign(&mut request, &anna.device);
    world.vault::<StoreRecord>(&request).unwrap();
}

#[test]
fn a_token_key_may_be_gone_by_now() {
    let mut world = World::new(64);
    let anna = person(&mut world);
    let old = world.town.token_id();
    let rng = &mut seeded(77);
    let new = wardseal_crypto::sign::Ed25519SigningKey::generate(rng).unwrap();
    for op in [
        wardseal_protocol::op::Op::TenantAddKey(wardseal_testkit::token_key(&new)),
        wardseal_protocol::op::Op::TenantRevokeKey(old),
    ] {
        let statement = world.town.tenant_says(op);
        world.town.append(&statement).unwrap();
    }
    world.vault::<StoreRecord>(&record(&world, &anna)).unwrap();
    // Whoever comes after it with the old key has no name.
    world.town.token = new;
    let berta = world.newcomer("berta", |_| {}).0;
    let mut request = record(&world, &berta);
    request.record = FixedBytes([8; 32]);
    sign(&mut request, &berta.device);
    world.vault::<StoreRecord>(&request).unwrap();
    request.tenant_chain.truncate(1);
    assert_eq!(
        code(world.vault::<StoreRecord>(&request)),
        Code::RecordRefused
    );
}

#[test]
fn sizes_and_forms_are_checked() {
    let mut world = World::new(65);
    let anna = person(&mut world);
    let mut request = record(&world, &anna);
    request.sealed = vec![0; MAX_SEALED + 1].into();
    sign(&mut request, &anna.device);
    assert_eq!(
        code(world.vault::<StoreRecord>(&request)),
        Code::RecordRefused
    );
    request.sealed = vec![].into();
    sign(&mut request, &anna.device);
    assert_eq!(
        code(world.vault::<StoreRecord>(&request)),
        Code::RecordRefused
    );
    request.sealed = vec![0; MAX_SEALED].into();
    let mut short = registered().upload.clone();
    short.pop();
    request.access = opaque(short);
    sign(&mut request, &anna.device);
    assert_eq!(
        code(world.vault::<StoreRecord>(&request)),
        Code::MalformedRequest
    );
    request.access = opaque(registered().upload.clone());
    sign(&mut request, &anna.device);
    world.vault::<StoreRecord>(&request).unwrap();

    let short = RegisterStartRequest {
        record: RECORD,
        request: vec![1; 31].into(),
    };
    assert_eq!(
        code(world.vault::<RegisterStart>(&short)),
        Code::MalformedRequest
    );
    let short = LoginStartRequest {
        record: RECORD,
        ke1: vec![1; 95].into(),
    };
    assert_eq!(
        code(world.vault::<LoginStart>(&short)),
        Code::MalformedRequest
    );
}

#[test]
fn the_vault_serves_whom_its_operator_names() {
    let mut world = World::with(
        66,
        ServerOptions {
            tenants: TenantPolicy::Listed([TenantId::from_bytes([1; 32])].into()),
            ..ServerOptions::default()
        },
    );
    let anna = person(&mut world);
    let request = record(&world, &anna);
    assert_eq!(
        code(world.vault::<StoreRecord>(&request)),
        Code::RegistrationClosed
    );
}

#[test]
fn beside_the_key_server_the_vault_refuses_everything() {
    let mut world = World::with(
        67,
        ServerOptions {
            separate: false,
            ..ServerOptions::default()
        },
    );
    let anna = person(&mut world);
    let request = record(&world, &anna);
    let problem = world.vault::<StoreRecord>(&request).unwrap_err();
    assert_eq!(problem.code, Code::VaultNotSeparate);
    assert!(problem.title.contains("another operator"));
    let begin = RegisterStartRequest {
        record: RECORD,
        request: vec![].into(),
    };
    assert_eq!(
        code(world.vault::<RegisterStart>(&begin)),
        Code::VaultNotSeparate
    );
    assert_eq!(
        code(start(&world, RECORD, PASSWORD).map(|_| ())),
        Code::VaultNotSeparate
    );
    let end = LoginFinishRequest {
        login: RECORD,
        ke3: vec![].into(),
    };
    assert_eq!(
        code(world.vault::<LoginFinish>(&end)),
        Code::VaultNotSeparate
    );
}

#[test]
fn a_login_ends_once() {
    let world = stored(68);
    let (login, started) = start(&world, RECORD, PASSWORD).unwrap();
    let good = finish(&world, login, &started).unwrap();
    world.vault::<LoginFinish>(&good).unwrap();
    assert_eq!(code(world.vault::<LoginFinish>(&good)), Code::LoginRefused);

    // A wrong last message ends it too.
    let (login, started) = start(&world, RECORD, PASSWORD).unwrap();
    let good = finish(&world, login, &started).unwrap();
    let mut bad = good.clone();
    bad.ke3.0[0] ^= 1;
    assert_eq!(code(world.vault::<LoginFinish>(&bad)), Code::LoginRefused);
    assert_eq!(code(world.vault::<LoginFinish>(&good)), Code::LoginRefused);

    // So does time.
    let (login, started) = start(&world, RECORD, PASSWORD).unwrap();
    let good = finish(&world, login, &started).unwrap();
    world.servers.clock.advance(120_000);
    assert_eq!(code(world.vault::<LoginFinish>(&good)), Code::LoginRefused);

    // The last message of one login is nothing to another.
    let (login, started) = start(&world, RECORD, PASSWORD).unwrap();
    let mut good = finish(&world, login, &started).unwrap();
    let (_, other) = start(&world, RECORD, PASSWORD).unwrap();
    good.login = other.login;
    assert_eq!(code(world.vault::<LoginFinish>(&good)), Code::LoginRefused);
}

#[test]
fn a_wrong_password_opens_nothing_and_is_counted() {
    let mut world = stored(69);
    let (login, started) = start(&world, RECORD, "vier rote Hunde im Schnee").unwrap();
    assert_eq!(
        finish(&world, login, &started).unwrap_err(),
        ClientError::WrongPassword
    );
    for _ in 0..9 {
        start(&world, RECORD, PASSWORD).unwrap();
    }
    let problem = start(&world, RECORD, PASSWORD).map(|_| ()).unwrap_err();
    assert_eq!(problem.code, Code::TooManyAttempts);
    assert_eq!(problem.retry_after, Some(360));
    // A registration would ask the same key the same question.
    let begin = RegisterStartRequest {
        record: RECORD,
        request: Registration::start(hardened(PASSWORD), &mut seeded(1))
            .unwrap()
            .1
            .into(),
    };
    assert_eq!(
        code(world.vault::<RegisterStart>(&begin)),
        Code::TooManyAttempts
    );
    // A new start forgets nothing.
    world.servers.stop_vault();
    world.servers.start_vault();
    assert!(start(&world, RECORD, PASSWORD).is_err());
    // Time does.
    world.servers.clock.advance(360_000);
    let (login, started) = start(&world, RECORD, PASSWORD).unwrap();
    let good = finish(&world, login, &started).unwrap();
    world.vault::<LoginFinish>(&good).unwrap();
    // What ended well was given back.
    start(&world, RECORD, PASSWORD).unwrap();
    assert!(start(&world, RECORD, PASSWORD).is_err());
}

#[test]
fn a_record_that_does_not_exist_looks_like_one_that_does() {
    let world = stored(70);
    let nowhere = FixedBytes([1; 32]);
    let (login, started) = start(&world, nowhere, PASSWORD).unwrap();
    let (_, real) = start(&world, RECORD, PASSWORD).unwrap();
    assert_eq!(started.ke2.0.len(), real.ke2.0.len());
    // The Argon2id parameters in front are the same, the rest is not.
    assert_eq!(started.ke2.0[..9], real.ke2.0[..9]);
    let identities = Identities {
        client: &nowhere.0,
        server: VAULT_IDENTITY,
    };
    let verdict = login.finish(
        started.ke2.as_slice(),
        identities,
        &pinned(&world),
        &mut seeded(6),
    );
    assert_eq!(verdict.map(|_| ()).unwrap_err(), ClientError::WrongPassword);
    let end = LoginFinishRequest {
        login: started.login,
        ke3: vec![7; 64].into(),
    };
    assert_eq!(code(world.vault::<LoginFinish>(&end)), Code::LoginRefused);
    // It is counted like the other.
    for _ in 0..9 {
        start(&world, nowhere, PASSWORD).unwrap();
    }
    let problem = start(&world, nowhere, PASSWORD).map(|_| ()).unwrap_err();
    assert_eq!(problem.retry_after, Some(360));
}

#[test]
fn what_the_vault_answers_is_bound_to_the_exchange() {
    let world = stored(71);
    let (_, replayed) = start(&world, RECORD, PASSWORD).unwrap();
    let (login, ke1) = Login::start(hardened(PASSWORD), &mut seeded(50)).unwrap();
    world
        .vault::<LoginStart>(&LoginStartRequest {
            record: RECORD,
            ke1: ke1.into(),
        })
        .unwrap();
    assert!(finish(&world, login, &replayed).is_err());
    let (login, mut tampered) = start(&world, RECORD, PASSWORD).unwrap();
    tampered.ke2.0[100] ^= 1;
    assert!(finish(&world, login, &tampered).is_err());
}
