//! What lies in escrow at the key server: for whom it is released, and how it ends.

mod codes;
mod ends;

use std::rc::Rc;

use wardseal_crypto::{kdf, kem::KemSecretKey, label, secret::Secret};
use wardseal_protocol::{
    Refusal,
    escrow::{Cause, Claim, Erasure, Party, Place, Policy, Receipt, Release as SealedFor, Terms},
    keys::{Assigned, EscrowKey, LogKey, TenantKey},
    op::{Op, Rights},
    ring::{Sealed, SealedBox},
    state::World as _,
    statement::Statement,
};
use wardseal_server_domain::{
    DomainError,
    escrow::{COUNTS_FOR, ReleaseRefusal, Released, ShareRef, State, Status},
    keys::{Append, Appended, Caller, Heard},
    post::{Letter, LetterKind},
    tenants::TenantPolicy,
};
use wardseal_testkit::Person;
use wardseal_types::{
    BoxedBytes, FixedBytes, MemberId, PendingId, SessionId, TenantId, Timestamp, limits,
};

use crate::world::World;

const HOUR: u64 = 3_600_000;

/// A world whose tenant and key server are parties of escrow, with anna, who has a session.
struct Scene {
    world: World,
    anna: Rc<Person>,
    session: SessionId,
}

impl Scene {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        // The key that the server derives from its secrets.
        let seed = kdf::derive(&Secret::from_bytes([11; 32]), label::ESCROW_SERVER, &[]);
        world.town.escrow.server = KemSecretKey::from_seed(&seed).unwrap();
        let anna = Rc::new(world.person("anna"));
        let key = TenantKey::Escrow(world.town.escrow.listed());
        let statement = world.town.tenant_says(Op::TenantAddKey(key));
        world.town.append(&statement).unwrap();
        world.post(&anna, &[statement]).unwrap();
        let session = world.session(&anna, &[(anna.member(), Rights::MANAGE)]);
        Self {
            world,
            anna,
            session,
        }
    }

    /// Somebody of this name is awaited in the session.
    fn awaits(&mut self, name: &str, policy: Policy) -> PendingId {
        let pending = self.world.town.awaits(&self.anna, name, policy);
        let op = self
            .world
            .town
            .op_grant(self.session, pending.into(), Rights::READ);
        self.world.say(&self.anna, self.session, op);
        pending
    }

    /// What the server says of a grant on these terms.
    fn grants(&mut self, spoil: impl FnOnce(&mut Terms)) -> Result<Appended, DomainError> {
        let drawn = self.world.town.awaits(&self.anna, "x", Policy::Verified);
        let awaited = &mut self.world.town.escrow.awaited;
        let (mut terms, contact) = awaited.get(&drawn).unwrap().clone();
        spoil(&mut terms);
        let pending = terms.id();
        awaited.insert(pending, (terms, contact));
        let town = &mut self.world.town;
        let op = town.op_grant(self.session, pending.into(), Rights::READ);
        let statement = town.says(&self.anna, self.session, op);
        self.world.post(&self.anna, &[statement])
    }

    fn item(&self, pending: PendingId) -> ShareRef {
        let state = self.world.town.states.session(&self.session).unwrap();
        let newest = &state.ring.newest().unwrap().declared;
        ShareRef {
            session: self.session,
            epoch: newest.number,
            commitment: newest.commitment,
            pending,
        }
    }

    fn release_to(
        &self,
        caller: &Person,
        member: MemberId,
        item: ShareRef,
    ) -> Result<Released, DomainError> {
        let caller = self.world.caller(caller);
        self.world
            .service
            .release_shares(&caller, &caller.tenant, &member, &[item])
    }

    /// The receipt of one share, or why it is not released.
    fn release(
        &self,
        person: &Person,
        pending: PendingId,
    ) -> Result<FixedBytes<64>, ReleaseRefusal> {
        let item = self.item(pending);
        let mut released = self.release_to(person, person.member(), item).unwrap();
        released.items.pop().unwrap().map(|release| release.receipt)
    }

    fn hints(&self, person: &Person) -> Vec<Option<String>> {
        let caller = self.world.caller(person);
        let found = self
            .world
            .service
            .list_pending(&caller, &caller.tenant, &person.member(), None, 1000)
            .unwrap();
        assert!(!found.more);
        found.deposits.into_iter().map(|found| found.hint).collect()
    }

    fn statuses(&self, person: &Person) -> Vec<Status> {
        let caller = self.world.caller(person);
        self.world
            .service
            .escrow_status(&caller, &caller.tenant, &[self.session])
            .unwrap()
    }

    fn state(&self, pending: PendingId) -> State {
        let statuses = self.statuses(&self.anna);
        let found = statuses.iter().find(|status| status.pending == pending);
        found.unwrap().state
    }

    /// Has a code sent for a deposit, and the answer with the letter's code.
    fn code(&self, person: &Person, pending: PendingId) -> (FixedBytes<32>, String) {
        let caller = self.world.caller(person);
        let started = self
            .world
            .service
            .start_escrow_code(&caller, &caller.tenant, &person.member(), &pending)
            .unwrap();
        let letter = self.world.post.take().pop().unwrap();
        assert_eq!(letter.to, "info@clinic.example");
        assert_eq!(started.hint, "i…@clinic.example");
        (started.attempt, written(&letter))
    }

    fn enter(
        &self,
        person: &Person,
        attempt: FixedBytes<32>,
        code: &str,
    ) -> Result<u32, DomainError> {
        let caller = self.world.caller(person);
        self.world
            .service
            .finish_escrow_code(&caller, &caller.tenant, &attempt, code)
            .map(|finished| finished.verified)
    }

    /// A person of this name who showed that he reads the mail.
    fn verified(&mut self, name: &str, pending: PendingId) -> Person {
        let person = self.world.person(name);
        let (attempt, code) = self.code(&person, pending);
        self.enter(&person, attempt, &code).unwrap();
        person
    }

    fn claim(&mut self, person: &Person, pending: PendingId) -> Claim {
        let town = &mut self.world.town;
        town.claim(self.session, pending, person.member())
    }

    fn brings(&mut self, author: &Person, claim: Claim) -> Result<Appended, DomainError> {
        let op = Op::Claim(Box::new(claim));
        let statement = self.world.town.says(author, self.session, op);
        let done = self.world.post(author, std::slice::from_ref(&statement))?;
        self.world.town.append(&statement).unwrap();
        Ok(done)
    }

    fn erasure(&self, pending: PendingId, cause: Cause) {
        let statuses = self.statuses(&self.anna);
        let found = statuses.iter().find(|status| status.pending == pending);
        let status = found.unwrap();
        let erasure = Erasure {
            tenant: self.world.tenant(),
            session: self.session,
            pending,
            commitment: status.commitment,
            cause,
            time: status.since,
        };
        erasure
            .verify_server(&self.log_key(), &status.erasure.unwrap())
            .unwrap();
    }

    fn log_key(&self) -> LogKey {
        LogKey {
            sign: self.world.service.log_key().clone(),
        }
    }

    /// The sealed parts of the newest deposit of somebody who is awaited.
    fn sealed(&self, pending: PendingId) -> Vec<u8> {
        let town = &self.world.town;
        let boxes = town.boxes.iter().rev();
        let mut boxes = boxes.filter(|sealed| sealed.member == MemberId::Pending(pending));
        let Sealed::Escrow(deposit) = &boxes.next().unwrap().sealed else {
            return Vec::new();
        };
        deposit.members.as_slice().to_vec()
    }

    fn holds(&self, bytes: &[u8]) -> bool {
        let files = self.world.files();
        files.windows(bytes.len()).any(|window| window == bytes)
    }

    fn pass(&self, millis: u64) {
        self.world.clock.advance(millis);
    }
}

fn written(letter: &Letter) -> String {
    let LetterKind::EscrowCode { code, minutes: 10 } = &letter.kind else {
        return String::new();
    };
    code.shown()
}

fn wrong(code: &str) -> String {
    let last = if code.ends_with('7') { '8' } else { '7' };
    format!("{}{last}", code.get(..8).unwrap())
}

#[test]
fn whoever_reads_the_mail_gets_the_share_and_claims() {
    let mut scene = Scene::new(1);
    let pending = scene.awaits("dora", Policy::Verified);
    assert_eq!(scene.state(pending), State::Deposited);
    let dora = scene.world.person("dora");
    let caller = scene.world.caller(&dora);
    assert_eq!(scene.hints(&dora), [Some("i…@clinic.example".into())]);
    assert_eq!(
        scene.release(&dora, pending),
        Err(ReleaseRefusal::CodeRequired)
    );
    assert_eq!(scene.state(pending), State::Deposited);

    let (attempt, code) = scene.code(&dora, pending);
    let refused = scene.enter(&dora, attempt, &wrong(&code));
    assert_eq!(refused, Err(DomainError::CodeRefused { left: 2 }));
    assert_eq!(
        scene.release(&dora, pending),
        Err(ReleaseRefusal::CodeRequired)
    );
    assert_eq!(scene.enter(&dora, attempt, &code), Ok(1));
    assert_eq!(scene.hints(&dora), [None]);

    // The share opens with the newest key of her ring, and with the tenant's it gives the seed.
    let item = scene.item(pending);
    let released = scene.release_to(&dora, dora.member(), item).unwrap();
    let release = released.items[0].as_ref().unwrap();
    let place = Place {
        tenant: scene.world.tenant(),
        session: scene.session,
        epoch: 0,
        pending,
    };
    let sealed_for = SealedFor {
        place,
        member: dora.member(),
        member_epoch: released.member_epoch,
        party: Party::Keys,
    };
    let town = &scene.world.town;
    let key = town.newest(dora.id).kem().unwrap();
    let of_server = sealed_for.open(&key, &release.share).unwrap();
    let (_, of_tenant) = &town.escrow.shares[0];
    let of_tenant = place
        .open_tenant_share(&town.escrow.tenant, of_tenant.as_slice())
        .unwrap();
    let slice = scene.world.fetch(&caller, scene.session).unwrap();
    let deposit = SealedBox::decode(&slice.boxes[0]).unwrap();
    let Sealed::Escrow(deposit) = deposit.sealed else {
        panic!("a deposit");
    };
    let combined = place.combine(&of_tenant, &of_server, None);
    let seed = place.open_seed(&combined, &deposit).unwrap();
    let own = town.newest(scene.session);
    assert_eq!(seed.secret().expose(), own.secret().expose());

    // The receipt is the one that the claim carries.
    let receipt: Receipt = town.receipt(scene.session, pending, dora.member());
    receipt
        .verify_server(&scene.log_key(), &release.receipt)
        .unwrap();
    let status = scene.statuses(&scene.anna)[0];
    assert_eq!(
        (status.state, status.member),
        (State::Released, Some(dora.member()))
    );
    let claim = scene.claim(&dora, pending);
    assert_eq!(claim.server, Some(release.receipt));
    scene.brings(&dora, claim).unwrap();
    let status = scene.statuses(&scene.anna)[0];
    assert_eq!(
        (status.state, status.member),
        (State::Claimed, Some(dora.member()))
    );
    scene.erasure(pending, Cause::Claimed);
    assert_eq!(scene.hints(&dora), []);
    assert_eq!(scene.release(&dora, pending), Err(ReleaseRefusal::Taken));
    let slice = scene.world.fetch(&caller, scene.session).unwrap();
    assert_eq!(World::places(&slice), [(0, dora.member())]);
}

#[test]
fn a_release_is_recorded_once_and_told_to_those_who_wait() {
    let mut scene = Scene::new(2);
    let pending = scene.awaits("dora", Policy::Verified);
    let dora = scene.verified("dora", pending);
    let stranger = scene.world.person("emil");
    let tenant = scene.world.tenant();
    let ask = |scene: &Scene, person: &Person, heard: Heard| {
        let caller = scene.world.caller(person);
        scene
            .world
            .service
            .changes(&caller, &tenant, heard)
            .unwrap()
    };
    let start = ask(&scene, &scene.anna, Heard::default());
    let heard = Heard {
        log: Some(start.next),
        escrow: Some(start.next_escrow),
    };
    let growth = scene.world.service.growth();
    let first = scene.release(&dora, pending).unwrap();
    assert!(growth.has_changed().unwrap());
    let since = scene.statuses(&scene.anna)[0].since;
    let told = ask(&scene, &scene.anna, heard);
    let chains: Vec<_> = told.changes.iter().map(|change| change.chain).collect();
    assert_eq!(chains, [scene.session.into()]);
    assert_eq!(told.changes[0].seq, 1);
    assert!(ask(&scene, &stranger, heard).changes.is_empty());
    let now = Heard {
        escrow: Some(told.next_escrow),
        ..heard
    };
    assert!(ask(&scene, &scene.anna, now).changes.is_empty());
    // The same again gives the same receipt, and is no news.
    scene.pass(1000);
    assert_eq!(scene.release(&dora, pending), Ok(first));
    assert_eq!(scene.statuses(&scene.anna)[0].since, since);
    assert!(ask(&scene, &scene.anna, now).changes.is_empty());
}

#[test]
fn a_share_goes_to_nobody_else() {
    let mut scene = Scene::new(3);
    let pending = scene.awaits("dora", Policy::Assigned);
    let item = scene.item(pending);
    let (dora, emil) = (scene.world.person("dora"), scene.world.person("emil"));
    let tenant = scene.world.tenant();
    // Another name, another person's name, another tenant.
    assert_eq!(scene.release(&emil, pending), Err(ReleaseRefusal::NotNamed));
    assert_eq!(scene.hints(&emil), []);
    let refused = scene.release_to(&emil, dora.member(), item);
    assert_eq!(refused, Err(DomainError::NotFound));
    for member in [dora.device.member(), MemberId::Session(scene.session)] {
        let refused = scene.release_to(&dora, member, item);
        assert_eq!(refused, Err(DomainError::NotFound));
    }
    let elsewhere = Caller {
        tenant: TenantId::from_bytes([1; 32]),
        ..scene.world.caller(&dora)
    };
    let service = &scene.world.service;
    let member = dora.member();
    let refused = service.release_shares(&elsewhere, &tenant, &member, &[item]);
    assert_eq!(refused, Err(DomainError::NotFound));
    let refused = service.list_pending(&elsewhere, &tenant, &member, None, 10);
    assert_eq!(refused, Err(DomainError::NotFound));
    let refused = service.escrow_status(&elsewhere, &tenant, &[scene.session]);
    assert_eq!(refused, Err(DomainError::NotFound));
    let refused = service.start_escrow_code(&elsewhere, &tenant, &member, &pending);
    assert_eq!(refused, Err(DomainError::NotFound));
    let refused = service.finish_escrow_code(&elsewhere, &tenant, &FixedBytes([0; 32]), "12345678");
    assert_eq!(refused, Err(DomainError::NotFound));
    // Whoever has no right to the session is told nothing of it, and sees it only to claim it.
    assert_eq!(scene.statuses(&emil), []);
    let caller = scene.world.caller(&emil);
    assert!(scene.world.fetch(&caller, scene.session).is_none());
    // Something else than what is there.
    for wrong in [
        ShareRef { epoch: 1, ..item },
        ShareRef {
            commitment: FixedBytes([1; 32]),
            ..item
        },
        ShareRef {
            pending: PendingId::from_bytes([1; 32]),
            ..item
        },
        ShareRef {
            session: SessionId::from_bytes([1; 32]),
            ..item
        },
    ] {
        let released = scene.release_to(&dora, member, wrong).unwrap();
        assert_eq!(released.items, [Err(ReleaseRefusal::Unknown)]);
    }
    assert_eq!(scene.state(pending), State::Deposited);
    assert!(scene.release(&dora, pending).is_ok());
}

#[test]
fn too_much_at_once_is_refused() {
    let mut scene = Scene::new(4);
    let pending = scene.awaits("dora", Policy::Assigned);
    let items = vec![scene.item(pending); limits::MAX_BATCH + 1];
    let caller = scene.world.caller(&scene.anna);
    let (service, tenant) = (&scene.world.service, caller.tenant);
    let member = scene.anna.member();
    let refused = service.release_shares(&caller, &tenant, &member, &items);
    assert!(matches!(refused, Err(DomainError::Malformed(_))));
    let sessions = vec![scene.session; limits::MAX_BATCH + 1];
    let refused = service.escrow_status(&caller, &tenant, &sessions);
    assert!(matches!(refused, Err(DomainError::Malformed(_))));
    for limit in [0, 1001] {
        let refused = service.list_pending(&caller, &tenant, &member, None, limit);
        assert!(matches!(refused, Err(DomainError::Malformed(_))));
    }
}

#[test]
fn what_waits_is_listed_in_pages() {
    let mut scene = Scene::new(5);
    for _ in 0..3 {
        scene.awaits("dora", Policy::Code);
    }
    let dora = scene.world.person("dora");
    let caller = scene.world.caller(&dora);
    let page = |after, limit| {
        let found = scene
            .world
            .service
            .list_pending(&caller, &caller.tenant, &dora.member(), after, limit)
            .unwrap();
        let positions: Vec<_> = found.deposits.iter().map(|found| found.position).collect();
        assert!(found.deposits.iter().all(|found| found.hint.is_none()));
        (positions, found.more)
    };
    let (all, more) = page(None, 10);
    assert_eq!((all.len(), more), (3, false));
    assert!(all.is_sorted());
    assert_eq!(page(None, 2), (all[..2].to_vec(), true));
    assert_eq!(page(Some(all[1]), 2), (all[2..].to_vec(), false));
}

#[test]
fn a_policy_without_shares_releases_none_and_a_member_completes_it() {
    let mut scene = Scene::new(6);
    let pending = scene.awaits("dora", Policy::Confirmed);
    let dora = scene.world.person("dora");
    assert_eq!(
        scene.release(&dora, pending),
        Err(ReleaseRefusal::NeverReleased)
    );
    let caller = scene.world.caller(&dora);
    let service = &scene.world.service;
    let refused = service.start_escrow_code(&caller, &caller.tenant, &dora.member(), &pending);
    assert!(matches!(refused, Err(DomainError::Malformed(_))));
    let claim = Claim {
        server: None,
        tenant: None,
        ..scene.claim(&dora, pending)
    };
    // She herself cannot.
    let refused = scene.brings(&dora, claim.clone());
    assert_eq!(refused, Err(Refusal::NotAuthorised.into()));
    let anna = Rc::clone(&scene.anna);
    scene.brings(&anna, claim).unwrap();
    assert_eq!(scene.state(pending), State::Claimed);
    scene.erasure(pending, Cause::Claimed);
}

#[test]
fn a_deposit_that_could_not_be_released_is_refused() {
    let mut scene = Scene::new(7);
    let now = scene.world.town.now;
    let other = scene.world.person("other").id;
    let reason = |outcome: Result<Appended, DomainError>| match outcome.unwrap_err() {
        DomainError::EscrowRefused(reason) => reason,
        error => panic!("{error}"),
    };
    let refused = scene.grants(|terms| terms.expires = now);
    assert_eq!(reason(refused), "the deposit expires in the past");
    let late = now.plus_millis(limits::MAX_ESCROW + 1);
    let refused = scene.grants(|terms| terms.expires = late);
    assert_eq!(reason(refused), "a deposit lasts for a year at most");
    let refused = scene.grants(|terms| terms.sender = other);
    assert_eq!(reason(refused), "the sender is not who grants");
    // A share that is sealed to another key server, and terms that name another.
    let own = scene.world.town.escrow.server.clone();
    scene.world.town.escrow.server = KemSecretKey::from_seed(&Secret::from_bytes([1; 32])).unwrap();
    let refused = scene.grants(|_| {});
    assert_eq!(reason(refused), "the key server's share does not open");
    scene.world.town.escrow.server = own;
    // A tenant's key that its chain does not list.
    let listed = scene.world.town.escrow.tenant.clone();
    scene.world.town.escrow.tenant = KemSecretKey::from_seed(&Secret::from_bytes([2; 32])).unwrap();
    let refused = scene.grants(|_| {});
    assert_eq!(reason(refused), "the tenant has no such escrow key");
    scene.world.town.escrow.tenant = listed;
    let last = now.plus_millis(limits::MAX_ESCROW);
    scene.grants(|terms| terms.expires = last).unwrap();
}

#[test]
fn a_tenant_that_takes_no_assignments_is_sent_none() {
    let mut scene = Scene::new(8);
    let kem = KemSecretKey::from_seed(&Secret::from_bytes([3; 32])).unwrap();
    let key = EscrowKey {
        kem: BoxedBytes::from(*kem.public().as_bytes()),
        assigned: Assigned::Refused,
    };
    let id = TenantKey::Escrow(key.clone()).id();
    let town = &mut scene.world.town;
    let statement = town.tenant_says(Op::TenantAddKey(TenantKey::Escrow(key)));
    town.append(&statement).unwrap();
    scene.world.post(&scene.anna, &[statement]).unwrap();
    let town = &mut scene.world.town;
    let pending = town.awaits(&scene.anna, "dora", Policy::Assigned);
    let op = town.op_grant(scene.session, pending.into(), Rights::READ);
    let statement = town.says(&scene.anna, scene.session, op);
    let mut request = scene.world.request(std::slice::from_ref(&statement));
    // The terms are those of a key that takes none; all else fits them.
    let (mut terms, contact) = scene.world.town.escrow.awaited[&pending].clone();
    terms.tenant_key = Some(id);
    let place = Place {
        tenant: scene.world.tenant(),
        session: scene.session,
        epoch: 0,
        pending: terms.id(),
    };
    let mut parties = scene.world.town.escrow.parties();
    parties.tenant_key = id;
    let seed = scene.world.town.newest(scene.session).clone();
    let rng = &mut scene.world.town.rng;
    let made = place
        .deposit(&terms, Some(&parties), &contact, &seed, rng)
        .unwrap();
    let sealed = SealedBox::of_deposit(&place, made.deposit);
    let Op::Grant(mut grant, _) = statement.body().op.clone() else {
        panic!("a grant");
    };
    let member = MemberId::Pending(place.pending);
    grant.member = member;
    let entry = wardseal_protocol::ring::BoxRef {
        member,
        epoch: 0,
        key: FixedBytes(*place.pending.as_bytes()),
        hash: Some(sealed.hash()),
    };
    let op = Op::Grant(grant, wardseal_protocol::op::Entry::History(entry));
    let statement = scene.world.town.says(&scene.anna, scene.session, op);
    request = Append {
        statements: vec![statement.bytes().to_vec()],
        boxes: vec![wardseal_protocol::cbor::encode(&sealed)],
        ..request
    };
    let refused = scene
        .world
        .service
        .append(&scene.world.caller(&scene.anna), &request);
    let reason = "the tenant takes no part in assignments on its own word";
    assert_eq!(refused, Err(DomainError::EscrowRefused(reason)));
}

#[test]
fn a_server_that_takes_no_part_says_so() {
    let scene = Scene::new(16);
    let town = &scene.world.town;
    let service = crate::world::start_without_escrow(
        town,
        &scene.world.store,
        &scene.world.clock,
        TenantPolicy::Open,
    )
    .unwrap();
    assert!(service.escrow_key().is_none());
    let caller = scene.world.caller(&scene.anna);
    let refused = service.list_pending(&caller, &caller.tenant, &scene.anna.member(), None, 10);
    assert_eq!(refused, Err(DomainError::EscrowOff));
}
