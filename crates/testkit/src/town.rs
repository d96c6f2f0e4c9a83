//! A tenant with its log, and everybody in it.

mod ops;

use std::collections::BTreeMap;

use chacha20::ChaCha20Rng;
use rand_core::Rng;
use wardseal_crypto::{
    kem::KemPublicKey,
    merkle,
    sign::{Ed25519SigningKey, HybridSigningKey},
};
use wardseal_protocol::{
    Refusal, admission,
    certificate::Certificate,
    fold,
    keys::{DeviceKind, LogKey, TenantKey},
    log::{self, Checkpoint},
    op::{Grant, Membership, Op, Rights, Role},
    ring::{BoxContext, BoxRef, Epoch, LinkContext, RingKind, SealedBox, Seed},
    state::{ChainState, Position, States, World as _},
    statement::{Author, Body, Statement},
};
use wardseal_types::{
    BoxedBytes, ChainId, DeviceId, FixedBytes, GroupId, MemberId, RingId, SessionId, TenantId,
    Timestamp, UserId,
};

use crate::{
    escrow::Escrow,
    person::{Device, Person, secret, seeded},
};

/// A tenant with its log in memory, its keys, and everybody's seeds.
#[derive(Debug)]
pub struct Town {
    /// The source of everything random here.
    pub rng: ChaCha20Rng,
    /// The tenant.
    pub tenant: TenantId,
    /// Signs the tenant's chain.
    pub root: HybridSigningKey,
    /// Signs binding tokens.
    pub token: Ed25519SigningKey,
    /// Signs checkpoints.
    pub log_key: HybridSigningKey,
    /// What is folded so far.
    pub states: States,
    /// What was appended so far; the index is the position.
    pub log: Vec<Statement>,
    /// All seeds of every ring, by epoch.
    pub seeds: BTreeMap<RingId, Vec<Seed>>,
    /// All boxes.
    pub boxes: Vec<SealedBox>,
    /// Who is awaited, and the parties of the escrow.
    pub escrow: Escrow,
    /// The time that statements carry.
    pub now: Timestamp,
    devices: BTreeMap<DeviceId, KemPublicKey>,
    drawn: BTreeMap<FixedBytes<32>, Seed>,
}

impl Town {
    /// A tenant and nobody in it.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::found(seed, None)
    }

    /// The same with the log of a server that has this key.
    #[must_use]
    pub fn logged_by(seed: u64, log_key: HybridSigningKey) -> Self {
        Self::found(seed, Some(log_key))
    }

    fn found(seed: u64, log_key: Option<HybridSigningKey>) -> Self {
        let mut rng = seeded(seed);
        let mut hybrid = || HybridSigningKey::from_seeds(&secret(&mut rng), &secret(&mut rng));
        let (root, drawn) = (hybrid(), hybrid());
        let log_key = log_key.unwrap_or(drawn);
        let token = Ed25519SigningKey::from_seed(&secret(&mut rng));
        let mut nonce = [0; 16];
        rng.fill_bytes(&mut nonce);
        let keys = vec![root_key(&root), token_key(&token)];
        let author = Author::Tenant(root_key(&root).id());
        let log = LogKey {
            sign: public_bytes(&log_key),
        };
        let op = Op::TenantCreate(FixedBytes(nonce), keys, log);
        let now = Timestamp::from_seconds(1_700_000_000);
        let genesis = Body::genesis(None, author, now, None, op).sign(&root);
        let genesis = genesis.expect("signing works");
        let mut town = Self {
            rng,
            tenant: genesis.tenant(),
            root,
            token,
            log_key,
            states: States::default(),
            log: Vec::new(),
            seeds: BTreeMap::new(),
            boxes: Vec::new(),
            escrow: Escrow::new(seed),
            now,
            devices: BTreeMap::new(),
            drawn: BTreeMap::new(),
        };
        town.append(&genesis).expect("a tenant may found itself");
        town
    }

    /// The position of the next statement.
    #[must_use]
    pub fn next_position(&self) -> Position {
        u64::try_from(self.log.len()).expect("few statements")
    }

    /// What both ends would say of `statement` if it were appended now.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn judge(&self, statement: &Statement) -> Result<ChainState, Refusal> {
        admission::check(statement, &self.states)?;
        self.fold(statement)
    }

    /// What a reader would say of `statement`, who does not ask how well the author did his work.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn fold(&self, statement: &Statement) -> Result<ChainState, Refusal> {
        let previous = self.states.chain(&statement.chain());
        fold::apply(
            previous.as_ref(),
            statement,
            self.next_position(),
            &self.states,
        )
    }

    /// Judges a statement and appends it.
    ///
    /// # Errors
    /// [`Refusal`]: nothing is appended then.
    pub fn append(&mut self, statement: &Statement) -> Result<(), Refusal> {
        let state = self.judge(statement)?;
        self.states.insert(state);
        self.log.push(statement.clone());
        self.learn(statement);
        Ok(())
    }

    /// A statement that follows the head of `chain`, unsigned.
    #[must_use]
    pub fn body(&self, chain: ChainId, author: Author, op: Op) -> Body {
        let head = *self.states.head(&chain).expect("the chain exists");
        Body {
            chain: Some(FixedBytes(*chain.as_bytes())),
            seq: head.seq.saturating_add(1),
            previous: Some(head.hash),
            ..Body::genesis(Some(self.tenant), author, self.now, None, op)
        }
    }

    /// The statement by which `author` says `op` next in `chain`.
    #[must_use]
    pub fn says(&self, author: &Person, chain: impl Into<ChainId>, op: Op) -> Statement {
        let body = self.body(chain.into(), author.author(), op);
        body.sign(&author.device.sign).expect("signing works")
    }

    /// [`says`](Self::says), appended.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn say(
        &mut self,
        author: &Person,
        chain: impl Into<ChainId>,
        op: Op,
    ) -> Result<Statement, Refusal> {
        let statement = self.says(author, chain, op);
        self.append(&statement)?;
        Ok(statement)
    }

    /// The statement by which a device of `user` says `op` next in `chain`.
    #[must_use]
    pub fn says_by(
        &self,
        user: UserId,
        device: &Device,
        chain: impl Into<ChainId>,
        op: Op,
    ) -> Statement {
        let body = self.body(chain.into(), Author::Device(user, device.id), op);
        body.sign(&device.sign).expect("signing works")
    }

    /// The statement by which a key that a device of `user` certified says `op` next in a session.
    #[must_use]
    pub fn says_today(
        &self,
        user: UserId,
        device: &Device,
        (certificate, key): (Certificate, &Ed25519SigningKey),
        session: SessionId,
        op: Op,
    ) -> Statement {
        let author = Author::Certified(user, device.id, certificate);
        let body = self.body(session.into(), author, op);
        body.sign_session(key).expect("signing works")
    }

    /// A key that a device of `user` certifies from now on for so many milliseconds.
    pub fn certifies(
        &mut self,
        user: UserId,
        device: &Device,
        ms: u64,
    ) -> (Certificate, Ed25519SigningKey) {
        let key = Ed25519SigningKey::from_seed(&secret(&mut self.rng));
        let certificate = Certificate::sign(
            device.sign.ed25519(),
            (&self.tenant, &user, &device.id),
            &key.public(),
            self.now,
            self.now.plus_millis(ms),
        );
        (certificate, key)
    }

    /// The statement by which the tenant says `op` next in its own chain.
    #[must_use]
    pub fn tenant_says(&self, op: Op) -> Statement {
        let author = Author::Tenant(root_key(&self.root).id());
        let body = self.body(self.tenant.into(), author, op);
        body.sign(&self.root).expect("signing works")
    }

    // --- keys

    /// A new device of nobody yet.
    #[must_use]
    pub fn device(&mut self, kind: DeviceKind) -> Device {
        let device = Device::new(kind, &mut self.rng);
        self.devices.insert(device.id, device.kem.public());
        device
    }

    /// A new seed for a ring of this kind. It becomes the ring's when a statement that commits to it
    /// is appended.
    #[must_use]
    pub fn seed(&mut self, kind: RingKind) -> Seed {
        let seed = Seed::from_secret(secret(&mut self.rng));
        self.drawn.insert(seed.commitment(kind), seed.clone());
        seed
    }

    /// The public key to which others seal for a person.
    #[must_use]
    pub fn person_key<const N: usize>(&self, person: &Person) -> BoxedBytes<N> {
        let key = published(RingKind::User, self.newest(person.id));
        key.expect("a user ring has a key")
    }

    /// The newest seed of a ring.
    #[must_use]
    pub fn newest(&self, ring: impl Into<RingId>) -> &Seed {
        let seeds = self.seeds.get(&ring.into());
        seeds
            .and_then(|seeds| seeds.last())
            .expect("a ring has a seed")
    }

    /// Sixteen random bytes.
    #[must_use]
    pub fn nonce(&mut self) -> FixedBytes<16> {
        let mut nonce = [0; 16];
        self.rng.fill_bytes(&mut nonce);
        FixedBytes(nonce)
    }

    // --- people, groups, sessions

    /// A new person with one device.
    pub fn person(&mut self) -> Person {
        let device = self.device(DeviceKind::Ordinary);
        let statement = self.founds(&device);
        self.append(&statement).expect("anybody may found himself");
        let id = statement.user().expect("a user chain");
        Person { id, device }
    }

    /// The genesis of a user who is not appended.
    pub fn person_genesis(&mut self) -> Statement {
        let device = self.device(DeviceKind::Ordinary);
        self.founds(&device)
    }

    /// The genesis of a user whose first device this is.
    pub fn founds(&mut self, device: &Device) -> Statement {
        let epoch = self.first_epoch(RingKind::User, &[device.member()]);
        let op = Op::UserCreate(self.nonce(), device.keys.clone(), epoch);
        let author = Author::Founder(device.id);
        let body = Body::genesis(Some(self.tenant), author, self.now, None, op);
        body.sign(&device.sign).expect("signing works")
    }

    /// The genesis of a group.
    pub fn creates_group(&mut self, author: &Person, members: &[(MemberId, Role)]) -> Statement {
        let ids: Vec<_> = members.iter().map(|(member, _)| *member).collect();
        let epoch = self.first_epoch(RingKind::Group, &ids);
        let members = members.iter();
        let members = members.map(|(member, role)| Membership {
            member: *member,
            role: *role,
        });
        let op = Op::GroupCreate(self.nonce(), members.collect(), epoch);
        self.genesis(author, op)
    }

    /// The genesis of a session.
    pub fn creates_session(&mut self, author: &Person, grants: &[(MemberId, Rights)]) -> Statement {
        let ids: Vec<_> = grants.iter().map(|(member, _)| *member).collect();
        let epoch = self.first_epoch(RingKind::Session, &ids);
        let grants = grants.iter();
        let grants = grants.map(|(member, rights)| Grant {
            member: *member,
            rights: *rights,
        });
        let op = Op::SessionCreate(self.nonce(), grants.collect(), epoch, None);
        self.genesis(author, op)
    }

    /// A statement of `author` that begins a chain.
    #[must_use]
    pub fn genesis(&self, author: &Person, op: Op) -> Statement {
        let body = Body::genesis(Some(self.tenant), author.author(), self.now, None, op);
        body.sign(&author.device.sign).expect("signing works")
    }

    /// A new group. The members may come in any order.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn group(
        &mut self,
        author: &Person,
        members: &[(MemberId, Role)],
    ) -> Result<GroupId, Refusal> {
        let mut members = members.to_vec();
        members.sort_by_key(|(member, _)| *member);
        let statement = self.creates_group(author, &members);
        self.append(&statement)?;
        Ok(statement.group().expect("a group chain"))
    }

    /// A new session. The recipients may come in any order.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn session(
        &mut self,
        author: &Person,
        grants: &[(MemberId, Rights)],
    ) -> Result<SessionId, Refusal> {
        let mut grants = grants.to_vec();
        grants.sort_by_key(|(member, _)| *member);
        let statement = self.creates_session(author, &grants);
        self.append(&statement)?;
        Ok(statement.session().expect("a session chain"))
    }

    /// The boxes of the newest epoch of a ring, as its chain lists them.
    #[must_use]
    pub fn references(&self, ring: RingId) -> Vec<BoxRef> {
        let recipients = match ring {
            RingId::User(id) => self.states.user(&id).map(|state| state.ring.recipients()),
            RingId::Group(id) => self.states.group(&id).map(|state| state.ring.recipients()),
            RingId::Session(id) => self
                .states
                .session(&id)
                .map(|state| state.ring.recipients()),
        };
        recipients
            .expect("the ring exists")
            .values()
            .cloned()
            .collect()
    }

    /// The present members of a ring.
    #[must_use]
    pub fn members(&self, ring: impl Into<RingId>) -> Vec<MemberId> {
        let references = self.references(ring.into());
        references
            .iter()
            .map(|reference| reference.member)
            .collect()
    }

    // --- epochs and boxes

    /// What a box for the newest key of `member` is listed as, without its hash.
    #[must_use]
    pub fn reference(&self, member: MemberId) -> BoxRef {
        let Some(epochs) = self.states.ring_epochs(&member) else {
            return device_reference(member);
        };
        let newest = &epochs.last().expect("a ring has an epoch").declared;
        BoxRef {
            member,
            epoch: newest.number,
            key: newest.commitment,
            hash: None,
        }
    }

    fn first_epoch(&mut self, kind: RingKind, members: &[MemberId]) -> Epoch {
        let seed = self.seed(kind);
        Epoch {
            number: 0,
            commitment: seed.commitment(kind),
            kem: published(kind, &seed),
            link: None,
            boxes: members
                .iter()
                .map(|member| self.reference(*member))
                .collect(),
        }
    }

    /// The next epoch of a ring, for these members, with a new seed and real boxes.
    pub fn next_epoch(&mut self, ring: impl Into<RingId>, members: &[MemberId]) -> Epoch {
        let ring = ring.into();
        let seed = self.seed(ring.into());
        self.epoch_with(ring, members, &seed)
    }

    /// The next epoch of a ring, for these members, with this seed.
    pub fn epoch_with(
        &mut self,
        ring: impl Into<RingId>,
        members: &[MemberId],
        seed: &Seed,
    ) -> Epoch {
        let ring = ring.into();
        let number = self.seeds.get(&ring).map_or(0, Vec::len);
        let number = u32::try_from(number).expect("few epochs");
        let context = LinkContext {
            tenant: &self.tenant,
            ring,
            epoch: number,
        };
        let previous = self.newest(ring).clone();
        let link = seed.seal_link(context, &previous, &mut self.rng);
        let mut members = members.to_vec();
        members.sort();
        let boxes = members.iter();
        let boxes = boxes.map(|member| self.seal(ring, number, *member, seed));
        Epoch {
            number,
            commitment: seed.commitment(ring.into()),
            kem: published(ring.into(), seed),
            boxes: boxes.collect(),
            link: Some(link.expect("sealing works")),
        }
    }

    /// The present seed of a ring, sealed to one more member.
    pub fn present_box(&mut self, ring: impl Into<RingId>, member: MemberId) -> BoxRef {
        let ring = ring.into();
        let seed = self.newest(ring).clone();
        let number = self.seeds.get(&ring).map_or(0, Vec::len).saturating_sub(1);
        let number = u32::try_from(number).expect("few epochs");
        self.seal(ring, number, member, &seed)
    }

    /// Seals `seed` to the newest key of `member` and keeps the box.
    pub fn seal(&mut self, ring: RingId, epoch: u32, member: MemberId, seed: &Seed) -> BoxRef {
        if let MemberId::Pending(pending) = member {
            return self.deposit(ring, epoch, pending, seed);
        }
        let reference = self.reference(member);
        let context = self.context(ring, epoch, &reference);
        let sealed = if let MemberId::Session(parent) = member {
            let under = self.newest(parent).wrap_key();
            context.wrap(&under, seed, &mut self.rng)
        } else {
            let key = match member {
                MemberId::Device(id) => self.devices.get(&id).cloned(),
                _ => member
                    .ring()
                    .and_then(|ring| self.newest(ring).kem().ok())
                    .map(|key| key.public()),
            };
            context.seal(&key.expect("the member has a key"), seed, &mut self.rng)
        };
        let sealed = sealed.expect("sealing works");
        let hash = Some(sealed.hash());
        self.boxes.push(sealed);
        BoxRef { hash, ..reference }
    }

    /// What the box that a statement lists as `reference` is bound to.
    #[must_use]
    pub const fn context(&self, ring: RingId, epoch: u32, reference: &BoxRef) -> BoxContext {
        BoxContext {
            tenant: self.tenant,
            ring,
            epoch,
            member: reference.member,
            member_epoch: reference.epoch,
            key: reference.key,
        }
    }

    /// The newest box that answers a reference.
    #[must_use]
    pub fn box_of(&self, ring: RingId, epoch: u32, reference: &BoxRef) -> Option<&SealedBox> {
        let mut newest_first = self.boxes.iter().rev();
        newest_first.find(|sealed| sealed.answers(ring, epoch, reference))
    }

    /// What becomes known when a statement is appended: its seed, and the boxes of a genesis.
    fn learn(&mut self, statement: &Statement) {
        let (Some(epoch), Some(ring)) =
            (statement.body().op.epoch(), statement.chain().into_ring())
        else {
            return;
        };
        let Some(seed) = self.drawn.get(&epoch.commitment).cloned() else {
            return;
        };
        self.seeds.entry(ring).or_default().push(seed.clone());
        if epoch.number == 0 {
            for reference in &epoch.boxes {
                self.seal(ring, 0, reference.member, &seed);
            }
        }
    }

    /// The boxes that a statement names and that were sealed here, as they travel.
    ///
    /// # Panics
    /// When the statement is of a chain that is not here, or a box is missing.
    #[must_use]
    pub fn boxes_of(&self, statement: &Statement) -> Vec<Vec<u8>> {
        let Some(ring) = statement.chain().into_ring() else {
            return Vec::new();
        };
        let op = &statement.body().op;
        let (number, named) = match (op.epoch(), op.entry()) {
            (Some(epoch), _) => (epoch.number, epoch.boxes.iter().collect::<Vec<_>>()),
            (None, Some(entry)) => {
                let state = self
                    .states
                    .chain(&statement.chain())
                    .expect("a known chain");
                let newest = state.epochs().and_then(<[_]>::last).expect("an epoch");
                (newest.declared.number, vec![entry])
            }
            (None, None) => return Vec::new(),
        };
        named
            .into_iter()
            .map(|reference| self.box_of(ring, number, reference).expect("a sealed box"))
            .map(wardseal_protocol::cbor::encode::<SealedBox>)
            .collect()
    }

    /// The leaves of the log.
    #[must_use]
    pub fn leaves(&self) -> Vec<[u8; 32]> {
        self.log.iter().map(log::leaf_hash).collect()
    }

    /// What the log says of its first `size` leaves.
    #[must_use]
    pub fn checkpoint(&self, size: usize) -> Checkpoint {
        let leaves = self.leaves();
        let leaves = leaves.get(..size).expect("so many leaves exist");
        Checkpoint {
            origin: log::origin(&self.tenant),
            size: u64::try_from(size).expect("few leaves"),
            root: FixedBytes(merkle::root(leaves)),
            time: self.now,
        }
    }

    /// The key by which checkpoints verify.
    #[must_use]
    pub fn log_public(&self) -> LogKey {
        LogKey {
            sign: public_bytes(&self.log_key),
        }
    }
}

/// The root key of a tenant as its chain lists it.
#[must_use]
pub fn root_key(key: &HybridSigningKey) -> TenantKey {
    TenantKey::Root(public_bytes(key))
}

/// The token key of a tenant as its chain lists it.
#[must_use]
pub fn token_key(key: &Ed25519SigningKey) -> TenantKey {
    TenantKey::Token(FixedBytes(*key.public().as_bytes()))
}

fn public_bytes<const N: usize>(key: &HybridSigningKey) -> BoxedBytes<N> {
    let bytes = key.public().to_bytes().try_into();
    BoxedBytes(bytes.expect("a public key has its length"))
}

fn published<const N: usize>(kind: RingKind, seed: &Seed) -> Option<BoxedBytes<N>> {
    let key = seed.kem().expect("a seed makes keys").public();
    let bytes: Result<Box<[u8; N]>, _> = key.as_bytes().to_vec().try_into();
    (kind != RingKind::Session).then(|| BoxedBytes(bytes.expect("a public key has its length")))
}

/// A device has one key for ever, and its identifier is the hash of it.
const fn device_reference(member: MemberId) -> BoxRef {
    BoxRef {
        member,
        epoch: 0,
        key: FixedBytes(*member.as_bytes()),
        hash: None,
    }
}
