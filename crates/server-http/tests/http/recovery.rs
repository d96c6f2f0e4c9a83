//! Ways back in without the password, at the vault over HTTP: codes and what releases the vault's
//! share, locators, administrators, and what a person's devices have to say.

mod codes;
mod devices;

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
