//! The tenant's desk: whom it gives its share, and whom not.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test"
)]

use std::collections::BTreeSet;

use wardseal_api::{
    ProblemCode,
    escrow::{ReleaseRequest, ReleasedShares, ShareRef, ShareRefusal},
    keys::{ChainSlice, Entry, FetchRequest, Fetched, LogView},
    tenant::{
        DepositSharesRequest, EraseSharesRequest, ErasedShare, ErasureCause, ShareDeposit,
        SharesDeposited,
    },
};
use wardseal_crypto::merkle;
use wardseal_protocol::{
    cbor,
    escrow::{Erasure, Party, Place, Policy, Release, Terms},
    keys::TenantKey,
    op::{Op, Rights, Role},
    ring::Sealed,
    state::{NOW, World as _},
};
use wardseal_tenant::{
    Assigned, Cause, DeskError, Directory, EscrowDesk, EscrowSecret, HttpResponse, KeptShare,
    MAX_SHARES, Progress, REMEMBERED, ShareStore as _, SharesInMemory, TokenKey,
};
use wardseal_testkit::{Person, Town, secret, seeded};
use wardseal_types::{
    Base64Url, ChainId, FixedBytes, GroupId, MemberId, PendingId, SessionId, TenantId, Timestamp,
    UserId, limits,
};

const HOUR: u64 = 3_600_000;

type Refused = DeskError<std::convert::Infallible>;

/// A town whose tenant is a party of escrow, with anna, who has a session.
struct Scene {
    town: Town,
    anna: Person,
    session: SessionId,
    desk: EscrowDesk,
    store: SharesInMemory,
    now: Timestamp,
}

/// What a directory learns of a town: all of these chains.
fn directory(town: &Town, chains: &[ChainId]) -> Directory {
    let mut directory = Directory::new(town.tenant);
    let Some(mut inquiry) = directory.inquire(chains.iter().copied(), town.now) else {
        return directory;
    };
    loop {
        let request = inquiry.request(&directory, "access", town.now);
        let request: FetchRequest = serde_json::from_slice(&request.body).unwrap();
        let fetched = fetched(town, &request);
        let answer = HttpResponse {
            status: 200,
            body: serde_json::to_vec(&fetched).unwrap(),
        };
        if inquiry.take(&mut directory, &answer).unwrap() == Progress::Done {
            return directory;
        }
    }
}

fn fetched(town: &Town, request: &FetchRequest) -> Fetched {
    let leaves = town.leaves();
    let wanted: BTreeSet<_> = request.chains.iter().map(|wanted| wanted.chain).collect();
    let chains = request.chains.iter().map(|wanted| {
        let statements = town.log.iter().enumerate();
        let statements = statements.filter(|(_, statement)| {
            statement.chain() == wanted.chain && statement.body().seq >= wanted.from
        });
        let entries = statements.map(|(position, statement)| Entry {
            statement: statement.bytes().into(),
            position: u64::try_from(position).unwrap(),
            inclusion: merkle::inclusion_proof(&leaves, u64::try_from(position).unwrap())
                .unwrap()
                .into_iter()
                .map(FixedBytes)
                .collect(),
        });
        ChainSlice {
            chain: wanted.chain,
            entries: entries.collect(),
            boxes: Vec::new(),
        }
    });
    let consistency = match request.log_size {
        0 => Vec::new(),
        known => merkle::consistency_proof(&leaves, known).unwrap(),
    };
    assert!(!wanted.is_empty());
    Fetched {
        chains: chains.collect(),
        log: LogView {
            checkpoint: town.checkpoint(leaves.len()).sign(&town.log_key).unwrap(),
            consistency: consistency.into_iter().map(FixedBytes).collect(),
        },
        children: None,
    }
}

impl Scene {
    fn new(seed: u64) -> Self {
        let mut town = Town::new(seed);
        let anna = town.person();
        let key = EscrowSecret::from_seed(&secret(&mut seeded(seed)), Assigned::Taken).unwrap();
        // The town seals to the desk's key, which its chain lists.
        town.escrow.tenant = wardseal_crypto::kem::KemSecretKey::from_seed(key.seed()).unwrap();
        assert_eq!(key.public(), TenantKey::Escrow(town.escrow.listed()));
        let statement = town.tenant_says(Op::TenantAddKey(key.public()));
        town.append(&statement).unwrap();
        let session = town
            .session(&anna, &[(anna.member(), Rights::MANAGE)])
            .unwrap();
        let token = TokenKey::from_seed(&town.token.seed());
        Self {
            desk: EscrowDesk::new(town.tenant, token, [key]),
            store: SharesInMemory::default(),
            now: town.now,
            town,
            anna,
            session,
        }
    }

    /// Somebody of this name is awaited, and what goes to the desk for him.
    fn awaits(&mut self, name: &str, policy: Policy) -> ShareDeposit {
        let pending = self.town.awaits(&self.anna, name, policy);
        let op = self
            .town
            .op_grant(self.session, pending.into(), Rights::READ);
        self.town.say(&self.anna, self.session, op).unwrap();
        self.newest(pending)
    }

    fn newest(&self, pending: PendingId) -> ShareDeposit {
        let (place, sealed) = self
            .town
            .escrow
            .shares
            .iter()
            .rev()
            .find(|(place, _)| place.pending == pending)
            .unwrap();
        let (terms, _) = &self.town.escrow.awaited[&pending];
        let state = self.town.states.session(&self.session).unwrap();
        ShareDeposit {
            session: place.session,
            epoch: place.epoch,
            commitment: state.ring.newest().unwrap().declared.commitment,
            pending,
            terms: cbor::encode(terms).into(),
            sealed: sealed.clone(),
        }
    }

    fn deposit(
        &mut self,
        caller: &UserId,
        items: &[ShareDeposit],
    ) -> Result<SharesDeposited, Refused> {
        let request = DepositSharesRequest {
            tenant: self.town.tenant,
            items: items.to_vec(),
        };
        self.desk
            .deposit(&mut self.store, caller, &request, self.now)
    }

    /// Somebody of this name is awaited by the desk too.
    fn kept(&mut self, name: &str, policy: Policy) -> ShareRef {
        let item = self.awaits(name, policy);
        let anna = self.anna.id;
        let done = self.deposit(&anna, std::slice::from_ref(&item)).unwrap();
        assert_eq!(done.stored, 1);
        reference(&item)
    }

    fn named(&mut self, name: &str) -> Person {
        let person = self.town.person();
        let op = self.town.op_bind(&person, name);
        self.town.say(&person, person.id, op).unwrap();
        person
    }

    fn group(&mut self, name: &str, members: &[(MemberId, Role)], admin: &Person) -> GroupId {
        let group = self.town.group(admin, members).unwrap();
        let op = self.town.op_group_bind(group, name);
        self.town.say(admin, group, op).unwrap();
        group
    }

    fn ask(
        &mut self,
        caller: &Person,
        member: MemberId,
        item: &ShareRef,
    ) -> Result<ReleasedShares, Refused> {
        let directory = directory(&self.town, &EscrowDesk::chains(caller.id, member));
        let request = ReleaseRequest {
            tenant: self.town.tenant,
            member,
            items: vec![item.clone()],
        };
        self.desk.release(
            &mut self.store,
            &directory,
            &caller.id,
            &request,
            self.now,
            &mut self.town.rng,
        )
    }

    fn refused(&mut self, caller: &Person, item: &ShareRef) -> Option<ShareRefusal> {
        let released = self.ask(caller, caller.member(), item).unwrap();
        let [found] = released.items.try_into().unwrap();
        assert_eq!(found.refused.is_none(), found.share.is_some());
        assert_eq!(found.share.is_some(), found.receipt.is_some());
        found.refused
    }

    fn erase(
        &mut self,
        caller: &Person,
        cause: ErasureCause,
        item: &ShareRef,
    ) -> Option<ErasedShare> {
        let chains: Vec<_> = [MemberId::User(caller.id)]
            .into_iter()
            .chain(self.store.iter().filter_map(|share| share.released))
            .flat_map(|member| EscrowDesk::chains(caller.id, member))
            .collect();
        let directory = directory(&self.town, &chains);
        let request = EraseSharesRequest {
            tenant: self.town.tenant,
            cause,
            items: vec![item.clone()],
        };
        let mut erased = self
            .desk
            .erase(&mut self.store, &directory, &caller.id, &request, self.now)
            .unwrap();
        assert_eq!(erased.signer, self.town.token_id());
        erased.items.pop().unwrap()
    }

    fn verify(&self, item: &ShareRef, cause: Cause, erased: &ErasedShare) {
        let erasure = Erasure {
            tenant: self.town.tenant,
            session: item.session,
            pending: item.pending,
            commitment: item.commitment,
            cause,
            time: erased.time,
        };
        let tenant = self.town.states.tenant().unwrap();
        let key = tenant.key_at(&self.town.token_id(), NOW).unwrap();
        erasure.verify_tenant(key, &erased.receipt).unwrap();
    }

    fn there(&self) -> usize {
        self.store.iter().filter(|share| share.is_there()).count()
    }
}

fn reference(item: &ShareDeposit) -> ShareRef {
    ShareRef {
        session: item.session,
        epoch: item.epoch,
        commitment: item.commitment,
        pending: item.pending,
    }
}

#[test]
fn whoever_carries_the_name_gets_the_share_and_the_receipt_that_a_claim_shows() {
    let mut scene = Scene::new(1);
    let item = scene.kept("dora", Policy::Verified);
    let dora = scene.named("dora");
    let released = scene.ask(&dora, dora.member(), &item).unwrap();
    assert_eq!(released.signer, Some(scene.town.token_id()));
    let place = Place {
        tenant: scene.town.tenant,
        session: item.session,
        epoch: item.epoch,
        pending: item.pending,
    };
    let release = Release {
        place,
        member: dora.member(),
        member_epoch: released.member_epoch,
        party: Party::Tenant,
    };
    let share = released.items[0].share.as_ref().unwrap();
    let key = scene.town.newest(dora.id).kem().unwrap();
    let opened = release.open(&key, share.as_slice()).unwrap();
    let (_, sealed) = &scene.town.escrow.shares[0];
    let direct = place
        .open_tenant_share(&scene.town.escrow.tenant, sealed.as_slice())
        .unwrap();
    assert_eq!(opened.expose(), direct.expose());
    // Again: another seal, the same receipt.
    let again = scene.ask(&dora, dora.member(), &item).unwrap();
    assert_eq!(again.items[0].receipt, released.items[0].receipt);
    let claim = scene.town.claim(scene.session, item.pending, dora.member());
    assert_eq!(
        claim.tenant.map(|receipt| receipt.signature),
        released.items[0].receipt
    );
}

#[test]
fn a_group_claims_through_whoever_is_in_it() {
    let mut scene = Scene::new(2);
    let item = scene.kept("finess:750000001", Policy::Verified);
    let (dora, emil, stranger) = (
        scene.named("dora"),
        scene.named("emil"),
        scene.named("fred"),
    );
    let mut members = [(dora.member(), Role::Admin), (emil.member(), Role::Member)];
    members.sort_by_key(|(member, _)| *member);
    let group = scene.group("finess:750000001", &members, &dora);
    let other = scene.group("finess:750000002", &[(dora.member(), Role::Admin)], &dora);
    let member = MemberId::Group(group);
    assert!(
        scene.ask(&emil, member, &item).unwrap().items[0]
            .share
            .is_some()
    );
    // For himself he is called otherwise, and so is the other group.
    assert_eq!(scene.refused(&emil, &item), Some(ShareRefusal::NotNamed));
    let refused = scene.ask(&dora, other.into(), &item).unwrap();
    assert_eq!(refused.items[0].refused, Some(ShareRefusal::NotNamed));
    assert_eq!(
        scene.ask(&stranger, member, &item),
        Err(DeskError::NotFound)
    );
    // Whoever was removed is a stranger, and may not erase either.
    let op = scene.town.op_remove(group, &[emil.member()]);
    scene.town.say(&dora, group, op).unwrap();
    assert_eq!(scene.ask(&emil, member, &item), Err(DeskError::NotFound));
    assert_eq!(scene.erase(&emil, ErasureCause::Claimed, &item), None);
    assert!(scene.erase(&dora, ErasureCause::Claimed, &item).is_some());
    // A group that was dissolved is nobody.
    let item = scene.kept("finess:750000001", Policy::Verified);
    scene.town.say(&dora, group, Op::Dissolve).unwrap();
    assert_eq!(scene.ask(&dora, member, &item), Err(DeskError::NotFound));
}

#[test]
fn a_share_goes_to_nobody_else() {
    let mut scene = Scene::new(3);
    let item = scene.kept("dora", Policy::Code);
    let (dora, emil) = (scene.named("dora"), scene.named("emil"));
    let nameless = scene.town.person();
    for person in [&emil, &nameless] {
        assert_eq!(scene.refused(person, &item), Some(ShareRefusal::NotNamed));
    }
    let sessions = MemberId::Session(scene.session);
    for (caller, member) in [(&emil, dora.member()), (&dora, sessions)] {
        let refused = scene.ask(caller, member, &item);
        assert_eq!(refused, Err(DeskError::NotFound));
    }
    // Another tenant's request, and a directory of another tenant.
    let mut request = ReleaseRequest {
        tenant: TenantId::from_bytes([1; 32]),
        member: dora.member(),
        items: vec![item.clone()],
    };
    let own = directory(&scene.town, &[dora.id.into()]);
    let (now, mut rng) = (scene.now, seeded(9));
    let desk = &scene.desk;
    let store = &mut scene.store;
    let refused = desk.release(store, &own, &dora.id, &request, now, &mut rng);
    assert_eq!(refused, Err(DeskError::NotFound));
    request.tenant = scene.town.tenant;
    let empty = Directory::new(scene.town.tenant);
    let refused = desk.release(store, &empty, &dora.id, &request, now, &mut rng);
    assert_eq!(refused, Err(DeskError::NotFound));
    for wrong in [
        ShareRef {
            epoch: 1,
            ..item.clone()
        },
        ShareRef {
            commitment: FixedBytes([1; 32]),
            ..item.clone()
        },
        ShareRef {
            session: SessionId::from_bytes([1; 32]),
            ..item.clone()
        },
    ] {
        assert_eq!(scene.refused(&dora, &wrong), Some(ShareRefusal::Unknown));
    }
    assert_eq!(scene.refused(&dora, &item), None);
}

#[test]
fn a_share_that_could_not_be_released_is_refused() {
    let mut scene = Scene::new(4);
    let good = scene.awaits("dora", Policy::Verified);
    let anna = scene.anna.id;
    let decoded = |item: &ShareDeposit| Terms::decode(item.terms.as_slice()).unwrap();
    let mut refused = |spoil: &dyn Fn(&mut ShareDeposit, &mut Terms)| {
        let (mut item, mut terms) = (good.clone(), decoded(&good));
        spoil(&mut item, &mut terms);
        if terms != decoded(&good) {
            item.pending = terms.id();
            item.terms = cbor::encode(&terms).into();
        }
        let error = scene.deposit(&anna, &[item]).unwrap_err();
        assert_eq!(error.problem().code, ProblemCode::EscrowRefused);
        let DeskError::Refused(why) = error else {
            return "";
        };
        why
    };
    let now = good_now(&good);
    assert_eq!(
        refused(&|item, _| item.terms = Base64Url(vec![0])),
        "the terms are malformed"
    );
    assert_eq!(
        refused(&|item, _| item.pending = PendingId::from_bytes([1; 32])),
        "the terms are not those of the recipient"
    );
    assert_eq!(
        refused(&|_, terms| terms.tenant = TenantId::from_bytes([1; 32])),
        "the terms are not those of the recipient"
    );
    assert_eq!(
        refused(&|_, terms| {
            terms.policy = Policy::Confirmed;
            terms.tenant_key = None;
            terms.server_key = None;
        }),
        "the policy has no shares"
    );
    assert_eq!(
        refused(&|_, terms| terms.expires = now),
        "the deposit expires in the past"
    );
    assert_eq!(
        refused(&|_, terms| terms.expires = now.plus_millis(limits::MAX_ESCROW + 1)),
        "a deposit lasts for a year at most"
    );
    assert_eq!(
        refused(&|_, terms| terms.tenant_key = Some(wardseal_types::KeyId::from_bytes([1; 32]))),
        "the tenant has no such escrow key"
    );
    assert_eq!(
        refused(&|item, _| item.sealed = Base64Url(vec![0; 10])),
        "the share has another length"
    );
    assert_eq!(
        refused(&|item, _| item.epoch = 1),
        "the tenant's share does not open"
    );
    assert_eq!(
        refused(&|item, _| item.session = SessionId::from_bytes([1; 32])),
        "the tenant's share does not open"
    );
    assert_eq!(scene.there(), 0);
    // One bad share, and none is kept; too many, and none is looked at.
    let bad = ShareDeposit {
        epoch: 1,
        ..good.clone()
    };
    let before = scene.store.clone();
    assert!(scene.deposit(&anna, &[good.clone(), bad]).is_err());
    scene.store = before;
    let refused = scene.deposit(&anna, &vec![good.clone(); limits::MAX_BATCH + 1]);
    assert!(matches!(refused, Err(DeskError::Malformed(_))));
    assert_eq!(
        scene.deposit(&anna, &[good]),
        Ok(SharesDeposited { stored: 1 })
    );
}

/// The present instant of the scene from whose town this is: an hour before its terms end.
fn good_now(item: &ShareDeposit) -> Timestamp {
    let terms = Terms::decode(item.terms.as_slice()).unwrap();
    Timestamp::from_millis(terms.expires.millis() - HOUR)
}

#[test]
fn a_tenant_that_takes_no_assignments_keeps_none() {
    let mut scene = Scene::new(5);
    let item = scene.awaits("dora", Policy::Assigned);
    let seed = scene.town.escrow.tenant.seed().clone();
    let key = EscrowSecret::from_seed(&seed, Assigned::Refused).unwrap();
    let mut terms = Terms::decode(item.terms.as_slice()).unwrap();
    terms.tenant_key = Some(key.id());
    let item = ShareDeposit {
        pending: terms.id(),
        terms: cbor::encode(&terms).into(),
        ..item
    };
    let token = TokenKey::from_seed(&scene.town.token.seed());
    scene.desk = EscrowDesk::new(scene.town.tenant, token, [key]);
    let anna = scene.anna.id;
    let reason = "the tenant takes no part in assignments on its own word";
    assert_eq!(
        scene.deposit(&anna, &[item]),
        Err(DeskError::Refused(reason))
    );
}

#[test]
fn a_share_is_replaced_by_who_brought_it_and_by_nobody_else() {
    let mut scene = Scene::new(6);
    let item = scene.awaits("dora", Policy::Verified);
    let (anna, emil) = (scene.anna.id, scene.named("emil").id);
    assert_eq!(
        scene.deposit(&anna, std::slice::from_ref(&item)),
        Ok(SharesDeposited { stored: 1 })
    );
    assert_eq!(
        scene.deposit(&anna, std::slice::from_ref(&item)),
        Ok(SharesDeposited { stored: 0 })
    );
    assert_eq!(
        scene.deposit(&emil, std::slice::from_ref(&item)),
        Ok(SharesDeposited { stored: 0 })
    );
    let place = Place {
        tenant: scene.town.tenant,
        session: item.session,
        epoch: item.epoch,
        pending: item.pending,
    };
    let (terms, contact) = scene.town.escrow.awaited[&item.pending].clone();
    let seed = scene.town.newest(scene.session).clone();
    let parties = scene.town.escrow.parties();
    let made = place
        .deposit(&terms, Some(&parties), &contact, &seed, &mut scene.town.rng)
        .unwrap();
    let other = ShareDeposit {
        sealed: made.tenant_share.unwrap(),
        ..item
    };
    let refused = scene.deposit(&emil, std::slice::from_ref(&other));
    assert!(matches!(refused, Err(DeskError::Refused(_))));
    assert_eq!(
        scene.deposit(&anna, &[other]),
        Ok(SharesDeposited { stored: 1 })
    );
    assert_eq!(scene.there(), 1);
}

#[test]
fn a_depositor_brings_so_many_and_no_more() {
    let mut scene = Scene::new(7);
    let item = scene.awaits("dora", Policy::Verified);
    let anna = scene.anna.id;
    for number in 0..MAX_SHARES {
        let [a, b, ..] = number.to_le_bytes();
        let mut commitment = [0; 32];
        commitment[0] = a;
        commitment[1] = b;
        let share = KeptShare {
            session: item.session,
            pending: PendingId::from_bytes([1; 32]),
            commitment: FixedBytes(commitment),
            epoch: 0,
            by: anna,
            expires: scene.now.plus_millis(HOUR),
            terms: item.terms.clone(),
            sealed: Some(item.sealed.clone()),
            released: None,
            erased: None,
        };
        scene.store.put(&share).unwrap();
    }
    let refused = scene.deposit(&anna, std::slice::from_ref(&item));
    assert!(matches!(refused, Err(DeskError::Refused(_))));
    let emil = scene.named("emil").id;
    assert_eq!(
        scene.deposit(&emil, &[item]),
        Ok(SharesDeposited { stored: 1 })
    );
}

#[test]
fn what_is_claimed_or_revoked_is_erased_by_whom_it_concerns() {
    let mut scene = Scene::new(8);
    let item = scene.kept("dora", Policy::Verified);
    // The session has another seed by now, and the older share is not gone yet.
    let op = scene.town.op_rotate_session(scene.session);
    scene.town.say(&scene.anna, scene.session, op).unwrap();
    let newest = scene.newest(item.pending);
    let anna = scene.town.states.user(&scene.anna.id).unwrap().id;
    scene.deposit(&anna, std::slice::from_ref(&newest)).unwrap();
    let newest = reference(&newest);
    assert_ne!(newest.commitment, item.commitment);
    assert_eq!(scene.there(), 2);
    let (dora, emil) = (scene.named("dora"), scene.named("emil"));
    // Nobody else, and she not before it was released to her, nor as the sender would.
    for (person, cause) in [
        (&emil, ErasureCause::Revoked),
        (&emil, ErasureCause::Claimed),
        (&emil, ErasureCause::Superseded),
        (&emil, ErasureCause::Expired),
        (&dora, ErasureCause::Claimed),
    ] {
        assert_eq!(scene.erase(person, cause, &newest), None);
    }
    assert_eq!(scene.refused(&dora, &newest), None);
    assert_eq!(scene.erase(&dora, ErasureCause::Revoked, &newest), None);
    assert_eq!(scene.erase(&emil, ErasureCause::Claimed, &newest), None);
    assert_eq!(scene.there(), 2);
    let erased = scene.erase(&dora, ErasureCause::Claimed, &newest).unwrap();
    scene.verify(&newest, Cause::Claimed, &erased);
    // With the recipient every older share of his is gone.
    assert_eq!(scene.there(), 0);
    assert!(scene.store.iter().all(|share| share.sealed.is_none()));
    assert_eq!(scene.refused(&dora, &newest), Some(ShareRefusal::Taken));
    // Once more gives the same receipt, whatever the cause is said to be.
    scene.now = scene.now.plus_millis(1000);
    let again = scene.erase(&dora, ErasureCause::Claimed, &newest);
    assert_eq!(again, Some(erased));
    let unknown = ShareRef {
        commitment: FixedBytes([1; 32]),
        ..newest
    };
    assert_eq!(scene.erase(&dora, ErasureCause::Claimed, &unknown), None);
}

#[test]
fn a_superseded_share_goes_alone() {
    let mut scene = Scene::new(9);
    let item = scene.kept("dora", Policy::Verified);
    let op = scene.town.op_rotate_session(scene.session);
    scene.town.say(&scene.anna, scene.session, op).unwrap();
    let newest = scene.newest(item.pending);
    let anna = scene.anna.id;
    scene.deposit(&anna, std::slice::from_ref(&newest)).unwrap();
    let chains = [ChainId::User(anna)];
    let directory = directory(&scene.town, &chains);
    let mut request = EraseSharesRequest {
        tenant: scene.town.tenant,
        cause: ErasureCause::Superseded,
        items: vec![item.clone()],
    };
    let erased = scene
        .desk
        .erase(&mut scene.store, &directory, &anna, &request, scene.now)
        .unwrap();
    let erased = erased.items[0].clone().unwrap();
    scene.verify(&item, Cause::Superseded, &erased);
    assert_eq!(scene.there(), 1);
    let dora = scene.named("dora");
    assert_eq!(scene.refused(&dora, &item), Some(ShareRefusal::Unknown));
    assert_eq!(scene.refused(&dora, &reference(&newest)), None);
    // And the grant is taken back.
    request.cause = ErasureCause::Revoked;
    request.items = vec![reference(&newest)];
    let erased = scene
        .desk
        .erase(&mut scene.store, &directory, &anna, &request, scene.now)
        .unwrap();
    scene.verify(
        &reference(&newest),
        Cause::Revoked,
        erased.items[0].as_ref().unwrap(),
    );
    assert_eq!(
        scene.refused(&dora, &reference(&newest)),
        Some(ShareRefusal::Unknown)
    );
    request.tenant = TenantId::from_bytes([1; 32]);
    let refused = scene
        .desk
        .erase(&mut scene.store, &directory, &anna, &request, scene.now);
    assert_eq!(refused, Err(DeskError::NotFound));
}

#[test]
fn what_expires_is_erased_and_forgotten_later() {
    let mut scene = Scene::new(10);
    let item = scene.kept("dora", Policy::Code);
    let dora = scene.named("dora");
    let sent = scene.now;
    scene.now = sent.plus_millis(HOUR - 1);
    assert_eq!(scene.desk.expire(&mut scene.store, scene.now), Ok(0));
    assert_eq!(scene.refused(&dora, &item), None);
    scene.now = sent.plus_millis(HOUR);
    // Before it is erased it is not released any more.
    assert_eq!(scene.refused(&dora, &item), Some(ShareRefusal::Expired));
    assert_eq!(scene.desk.expire(&mut scene.store, scene.now), Ok(1));
    assert_eq!(scene.there(), 0);
    assert_eq!(scene.refused(&dora, &item), Some(ShareRefusal::Expired));
    let erased = scene.erase(&dora, ErasureCause::Expired, &item).unwrap();
    assert_eq!(erased.cause, ErasureCause::Expired);
    scene.verify(&item, Cause::Expired, &erased);
    scene.now = sent.plus_millis(HOUR + REMEMBERED - 1);
    assert_eq!(scene.desk.expire(&mut scene.store, scene.now), Ok(0));
    assert_eq!(scene.store.iter().count(), 1);
    scene.now = scene.now.plus_millis(1);
    assert_eq!(scene.desk.expire(&mut scene.store, scene.now), Ok(0));
    assert_eq!(scene.store.iter().count(), 0);
}

#[test]
fn a_kept_share_is_read_as_it_was_written() {
    let mut scene = Scene::new(11);
    let item = scene.kept("dora", Policy::Code);
    let dora = scene.named("dora");
    scene.refused(&dora, &item);
    for _ in 0..2 {
        let share = scene.store.iter().next().unwrap().clone();
        assert_eq!(KeptShare::from_bytes(&share.to_bytes()), Some(share));
        scene.erase(&dora, ErasureCause::Claimed, &item);
    }
    assert_eq!(KeptShare::from_bytes(b"else"), None);
}

#[test]
fn an_escrow_key_is_read_as_it_was_written() {
    for assigned in [Assigned::Refused, Assigned::Taken] {
        let key = EscrowSecret::generate(assigned, &mut seeded(12)).unwrap();
        let bytes = key.to_bytes();
        let read = EscrowSecret::from_bytes(bytes.expose()).unwrap();
        assert_eq!(read.public(), key.public());
        assert_eq!(read.id(), key.id());
        let mut other = bytes.expose().to_vec();
        other[32] = 2;
        assert!(EscrowSecret::from_bytes(&other).is_none());
        assert!(EscrowSecret::from_bytes(&other[..32]).is_none());
        assert!(EscrowSecret::from_bytes(&[]).is_none());
    }
}

/// D13, the other party: all that the tenant's desk has, its shares with its key files, opens no seed,
/// even for somebody who can fetch the deposit as well.
#[test]
fn everything_that_the_tenant_has_opens_no_seed() {
    let mut scene = Scene::new(13);
    let item = scene.kept("dora", Policy::Verified);
    let dora = scene.named("dora");
    assert_eq!(scene.refused(&dora, &item), None);
    let mut loot: Vec<u8> = scene.store.iter().flat_map(KeptShare::to_bytes).collect();
    let (root, lattice) = scene.town.root.to_seeds();
    loot.extend(root.expose());
    loot.extend(lattice.expose());
    loot.extend(scene.town.token.seed().expose());
    loot.extend(scene.town.escrow.tenant.seed().expose());
    let place = Place {
        tenant: scene.town.tenant,
        session: item.session,
        epoch: item.epoch,
        pending: item.pending,
    };
    let mut boxes = scene.town.boxes.iter();
    let sealed = boxes.find(|sealed| sealed.member == MemberId::Pending(item.pending));
    let Some(Sealed::Escrow(deposit)) = sealed.map(|sealed| &sealed.sealed) else {
        panic!("a deposit");
    };
    let (_, own) = &scene.town.escrow.shares[0];
    let own = place
        .open_tenant_share(&scene.town.escrow.tenant, own.as_slice())
        .unwrap();
    let opens = |of_server: &[u8]| {
        let of_server = wardseal_crypto::secret::Secret::try_from_slice(of_server).unwrap();
        let key = place.combine(&own, &of_server, None);
        place.open_seed(&key, deposit).is_ok()
    };
    let part = deposit.server.as_ref().unwrap();
    let of_server = place
        .open_server_share(&scene.town.escrow.server, part.as_slice())
        .unwrap();
    assert!(opens(of_server.share.expose()), "the attempt itself works");
    assert!(!opens(own.expose()));
    assert!(loot.windows(32).all(|window| !opens(window)));
    let seed = scene.town.newest(scene.session).secret().expose();
    assert!(loot.windows(32).all(|window| window != seed));
}
