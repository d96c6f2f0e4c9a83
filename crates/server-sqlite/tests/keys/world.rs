//! A town whose every statement goes to a key server too.

use std::sync::{Arc, Mutex};

use rand_core::Rng as _;
use wardseal_crypto::hash;
use wardseal_protocol::{
    binding::Claims,
    cbor,
    keys::DeviceKind,
    log::{Checkpoint, origin},
    op::{Op, Rights, Role},
    ring::SealedBox,
    statement::Statement,
};
use wardseal_server_domain::{
    DomainError, KeyServerSecrets, RandomSource,
    keys::{
        Append, Appended, Caller, ChainSlice, Entry, Fetched, KeyServerConfig, KeyService, LogView,
        SignIn, Wanted,
    },
    post::{Letter, Post, PostError},
    tenants::TenantPolicy,
};
use wardseal_testkit::{Device, Person, Town, seeded};
use wardseal_types::{
    Base64Url, ChainId, FixedBytes, GroupId, ManualClock, MemberId, SessionId, TenantId,
};

use crate::place::{Kept, Place, WRITING};

pub(crate) const AUDIENCE: &str = "https://keys.example";

/// A town, and the key server that has the same statements at the same positions.
pub(crate) struct World {
    pub(crate) town: Town,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<Kept>,
    pub(crate) service: KeyService,
    pub(crate) post: Arc<Letters>,
    place: Place,
}

/// The file of secrets of a server that signs with the town's log key.
fn secrets(town: &Town) -> KeyServerSecrets {
    let (ed25519, ml_dsa) = town.log_key.to_seeds();
    let mut bytes = b"wardseal-keys-1\n".to_vec();
    bytes.extend(ed25519.expose());
    bytes.extend(ml_dsa.expose());
    bytes.extend([11; 32]);
    bytes.extend([12; 32]);
    let check = hash::sha256(&[&bytes]);
    bytes.extend(&check[..8]);
    KeyServerSecrets::from_bytes(&bytes).unwrap()
}

/// A post office that keeps every letter.
#[derive(Default)]
pub(crate) struct Letters(Mutex<Vec<Letter>>);

impl Letters {
    pub(crate) fn take(&self) -> Vec<Letter> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Post for Letters {
    fn ready(&self) -> Result<(), PostError> {
        Ok(())
    }

    fn send(&self, letter: Letter) -> Result<(), PostError> {
        self.0.lock().unwrap().push(letter);
        Ok(())
    }
}

pub(crate) fn start(
    town: &Town,
    store: &Arc<Kept>,
    clock: &Arc<ManualClock>,
    tenants: TenantPolicy,
) -> Result<KeyService, DomainError> {
    start_with(
        town,
        store,
        clock,
        tenants,
        Arc::new(Letters::default()),
        true,
    )
}

pub(crate) fn start_without_escrow(
    town: &Town,
    store: &Arc<Kept>,
    clock: &Arc<ManualClock>,
    tenants: TenantPolicy,
) -> Result<KeyService, DomainError> {
    start_with(
        town,
        store,
        clock,
        tenants,
        Arc::new(Letters::default()),
        false,
    )
}

fn start_with(
    town: &Town,
    store: &Arc<Kept>,
    clock: &Arc<ManualClock>,
    tenants: TenantPolicy,
    post: Arc<Letters>,
    escrow: bool,
) -> Result<KeyService, DomainError> {
    KeyService::start(
        store.clone(),
        secrets(town),
        clock.clone(),
        RandomSource::new(seeded(99)),
        KeyServerConfig {
            audience: AUDIENCE.into(),
            tenants,
            escrow,
            post,
            // Few in some worlds, so that chains leave the cache in the middle of tests.
            cached_chains: if town.next_position() > 1 { 4 } else { 64 },
            writing: WRITING,
        },
    )
}

impl World {
    /// A town with a tenant and nobody in it, and a server that knows the tenant.
    pub(crate) fn new(seed: u64) -> Self {
        let world = Self::empty(seed, TenantPolicy::Open);
        world
            .service
            .create_tenant(world.town.log[0].bytes())
            .unwrap();
        world
    }

    /// The same with a server that knows no tenant yet.
    pub(crate) fn empty(seed: u64, tenants: TenantPolicy) -> Self {
        let town = Town::new(seed);
        let place = Place::new();
        let clock = Arc::new(ManualClock::new(town.now));
        let store = place.open();
        let post = Arc::new(Letters::default());
        Self {
            service: start_with(&town, &store, &clock, tenants, Arc::clone(&post), true).unwrap(),
            post,
            town,
            clock,
            store,
            place,
        }
    }

    /// The same database in a new process.
    pub(crate) fn restart(mut self) -> Self {
        drop(self.service);
        drop(self.store);
        self.store = self.place.open();
        let post = Arc::clone(&self.post);
        let policy = TenantPolicy::Open;
        self.service =
            start_with(&self.town, &self.store, &self.clock, policy, post, true).unwrap();
        self
    }

    /// Every byte of the database, its write-ahead log included.
    pub(crate) fn files(&self) -> Vec<u8> {
        self.place.files()
    }

    /// Lets the database grow by so many bytes and no further.
    pub(crate) fn leave_room(&self, bytes: u64) {
        self.place.leave_room(&self.store, bytes);
    }

    pub(crate) fn tenant(&self) -> TenantId {
        self.town.tenant
    }

    pub(crate) fn caller(&self, person: &Person) -> Caller {
        Caller {
            tenant: self.town.tenant,
            user: person.id,
            device: person.device.id,
        }
    }

    /// The boxes that a statement names and the town sealed.
    pub(crate) fn boxes(&self, statement: &Statement) -> Vec<Vec<u8>> {
        let Some(ring) = statement.chain().into_ring() else {
            return Vec::new();
        };
        let op = &statement.body().op;
        let (number, named) = match (op.epoch(), op.entry()) {
            (Some(epoch), _) => (epoch.number, epoch.boxes.clone()),
            (None, Some(entry)) => {
                let newest = self.town.states.chain(&statement.chain()).unwrap();
                let newest = newest.epochs().unwrap().last().unwrap().declared.number;
                (newest, vec![entry.clone()])
            }
            (None, None) => return Vec::new(),
        };
        let boxes = named.iter();
        let boxes = boxes.map(|reference| self.town.box_of(ring, number, reference).unwrap());
        boxes.map(cbor::encode::<SealedBox>).collect()
    }

    /// A request to append these statements.
    pub(crate) fn request(&self, statements: &[Statement]) -> Append {
        let boxes = statements
            .iter()
            .flat_map(|statement| self.boxes(statement));
        Append {
            tenant: self.town.tenant,
            boxes: boxes.collect(),
            statements: statements.iter().map(|s| s.bytes().to_vec()).collect(),
            log_size: 0,
            salt: None,
        }
    }

    /// What the server says when `author` brings these statements.
    pub(crate) fn post(
        &self,
        author: &Person,
        statements: &[Statement],
    ) -> Result<Appended, DomainError> {
        let request = self.request(statements);
        self.service.append(&self.caller(author), &request)
    }

    /// Says something in the town and at the server.
    pub(crate) fn say(&mut self, author: &Person, chain: impl Into<ChainId>, op: Op) -> Statement {
        let statement = self.town.say(author, chain, op).unwrap();
        self.post(author, std::slice::from_ref(&statement)).unwrap();
        statement
    }

    /// A claim about this name, with its salt.
    pub(crate) fn claims(&mut self, person: &Person, name: &str) -> (Claims, FixedBytes<32>) {
        let mut salt = [0; 32];
        self.town.rng.fill_bytes(&mut salt);
        (self.town.claims(person.id, &salt, name), FixedBytes(salt))
    }

    /// The statement by which a person takes the name in these claims.
    pub(crate) fn bind(&self, person: &Person, claims: &Claims) -> Statement {
        let token = Base64Url::from(self.town.signed(claims).into_bytes());
        self.town
            .says(person, person.id, Op::Bind(claims.cmt, token))
    }

    /// A person of the town alone, and what would sign it up.
    pub(crate) fn newcomer(&mut self, name: &str) -> (Person, Append, FixedBytes<32>) {
        let person = self.town.person();
        let genesis = self.town.log.last().unwrap().clone();
        let (claims, salt) = self.claims(&person, name);
        let bind = self.bind(&person, &claims);
        self.town.append(&bind).unwrap();
        let request = self.request(&[genesis, bind]);
        (person, request, salt)
    }

    /// A person with a name, signed up.
    pub(crate) fn person(&mut self, name: &str) -> Person {
        let (person, request, salt) = self.newcomer(name);
        self.service.sign_up(&request, salt).unwrap();
        person
    }

    pub(crate) fn group(&mut self, author: &Person, members: &[(MemberId, Role)]) -> GroupId {
        let group = self.town.group(author, members).unwrap();
        let genesis = self.town.log.last().unwrap().clone();
        self.post(author, &[genesis]).unwrap();
        group
    }

    pub(crate) fn session(&mut self, author: &Person, grants: &[(MemberId, Rights)]) -> SessionId {
        let session = self.town.session(author, grants).unwrap();
        let genesis = self.town.log.last().unwrap().clone();
        self.post(author, &[genesis]).unwrap();
        session
    }

    /// One more device of a person.
    pub(crate) fn device(&mut self, person: &Person) -> Device {
        let device = self.town.device(DeviceKind::Ordinary);
        let op = self.town.op_add_device(person, &device);
        self.say(person, person.id, op);
        device
    }

    /// A chain and its boxes, as this caller gets them; checked as a client would.
    pub(crate) fn fetch(&self, caller: &Caller, chain: impl Into<ChainId>) -> Option<ChainSlice> {
        let chain = chain.into();
        let wanted = [Wanted { chain, from: 0 }];
        let fetched = self
            .service
            .fetch(caller, &caller.tenant, &wanted, 0)
            .unwrap();
        self.check(&fetched);
        let mut chains = fetched.chains;
        assert!(chains.len() <= 1);
        chains.pop()
    }

    /// The epochs and members of the boxes in a slice.
    pub(crate) fn places(slice: &ChainSlice) -> Vec<(u32, MemberId)> {
        let boxes = slice
            .boxes
            .iter()
            .map(|bytes| SealedBox::decode(bytes).unwrap());
        boxes.map(|sealed| (sealed.epoch, sealed.member)).collect()
    }

    pub(crate) fn checkpoint(&self, log: &LogView) -> Checkpoint {
        let origin = origin(&self.town.tenant);
        Checkpoint::verify(&log.checkpoint, &origin, &self.town.log_public()).unwrap()
    }

    pub(crate) fn check(&self, fetched: &Fetched) {
        let checkpoint = self.checkpoint(&fetched.log);
        for slice in &fetched.chains {
            for (entry, seq) in slice.entries.iter().zip(0..) {
                let statement = check_entry(&checkpoint, entry);
                assert_eq!(statement.chain(), slice.chain);
                assert_eq!(statement.body().seq, seq);
            }
        }
    }

    pub(crate) fn check_appended(&self, appended: &Appended) -> Checkpoint {
        let checkpoint = self.checkpoint(&appended.log);
        for entry in &appended.entries {
            check_entry(&checkpoint, entry);
        }
        checkpoint
    }

    /// Signs a person's device in.
    pub(crate) fn sign_in(&self, caller: Caller, device: &Device) -> Result<String, DomainError> {
        let challenge = self.service.challenge(&caller)?.challenge;
        let request = signed_challenge(caller, device, challenge, AUDIENCE);
        Ok(self.service.sign_in(&request)?.token)
    }
}

fn check_entry(checkpoint: &Checkpoint, entry: &Entry) -> Statement {
    let statement = Statement::decode(&entry.statement).unwrap();
    checkpoint
        .includes(&statement, entry.position, &entry.inclusion)
        .unwrap();
    statement
}

pub(crate) fn signed_challenge(
    caller: Caller,
    device: &Device,
    challenge: Vec<u8>,
    audience: &str,
) -> SignIn {
    let message = wardseal_protocol::binding::sign_in_message(
        audience,
        &caller.tenant,
        &caller.user,
        &caller.device,
        &challenge,
    );
    let key = device.sign.ed25519();
    let signature = key.sign(wardseal_crypto::label::SIGN_IN, &message);
    SignIn {
        caller,
        challenge,
        signature: *signature.as_bytes(),
        certificate: None,
    }
}
