//! Escrow over HTTP: who is answered what.

use wardseal_api::{
    Problem, ProblemCode as Code,
    escrow::{
        EscrowState, EscrowStatus, EscrowStatusRequest, FinishEscrowCode, FinishEscrowCodeRequest,
        GetEscrowStatus, ListPending, PendingDeposits, PendingRequest, ReleaseRequest,
        ReleaseShares, ReleasedShare, ShareRef, ShareRefusal, StartEscrowCode,
        StartEscrowCodeRequest,
    },
    keys::{
        Append, AppendRequest, ChainRequest, Fetch, FetchRequest, GetServer, Watch, WatchRequest,
    },
};
use wardseal_protocol::{
    escrow::{self, Policy},
    keys::TenantKey,
    op::{Op, Rights, Role},
    state::World as _,
    statement::Statement,
};
use wardseal_testkit::{Person, ServerOptions, Servers};
use wardseal_types::{ChainId, FixedBytes, GroupId, MemberId, PendingId, SessionId, TenantId};

use crate::world::World;

const ADDRESS: &str = "info@clinic.example";

/// A world whose tenant is a party of escrow too, with anna, who has a session.
struct Scene {
    world: World,
    anna: Person,
    token: String,
    session: SessionId,
}

fn signed_up(world: &mut World, name: &str) -> (Person, String) {
    world.person(name)
}

impl Scene {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        world.town.escrow.server = Servers::escrow_key();
        let (anna, token) = signed_up(&mut world, "anna");
        let key = TenantKey::Escrow(world.town.escrow.listed());
        let entered = world.town.tenant_says(Op::TenantAddKey(key));
        world.town.append(&entered).unwrap();
        let grants = [(anna.member(), Rights::MANAGE)];
        let genesis = world.town.creates_session(&anna, &grants);
        world.town.append(&genesis).unwrap();
        world.append(&token, &[entered, genesis.clone()]).unwrap();
        Self {
            session: genesis.session().unwrap(),
            world,
            anna,
            token,
        }
    }

    fn says(&mut self, op: Op) -> Result<Statement, Problem> {
        let statement = self.world.town.says(&self.anna, self.session, op);
        self.world
            .append(&self.token, std::slice::from_ref(&statement))?;
        self.world.town.append(&statement).unwrap();
        Ok(statement)
    }

    fn awaits(&mut self, name: &str, policy: Policy) -> PendingId {
        let town = &mut self.world.town;
        let pending = town.awaits(&self.anna, name, policy);
        let op = town.op_grant(self.session, pending.into(), Rights::READ);
        self.says(op).unwrap();
        pending
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

    fn list(&self, token: &str, member: MemberId) -> Result<PendingDeposits, Problem> {
        let request = PendingRequest {
            tenant: self.world.town.tenant,
            member,
            after: None,
            limit: 10,
        };
        self.world.keys::<ListPending>(Some(token), &request)
    }

    fn release(
        &self,
        token: &str,
        member: MemberId,
        pending: PendingId,
    ) -> Result<ReleasedShare, Problem> {
        let request = ReleaseRequest {
            tenant: self.world.town.tenant,
            member,
            items: vec![self.item(pending)],
        };
        let mut released = self.world.keys::<ReleaseShares>(Some(token), &request)?;
        assert_eq!(released.signer, None);
        Ok(released.items.pop().unwrap())
    }

    fn start(
        &self,
        token: &str,
        member: MemberId,
        pending: PendingId,
    ) -> Result<FixedBytes<32>, Problem> {
        let request = StartEscrowCodeRequest {
            tenant: self.world.town.tenant,
            member,
            pending,
        };
        let started = self.world.keys::<StartEscrowCode>(Some(token), &request)?;
        assert_eq!(started.hint, "i…@clinic.example");
        Ok(started.attempt)
    }

    fn finish(&self, token: &str, attempt: FixedBytes<32>, code: &str) -> Result<u32, Problem> {
        let request = FinishEscrowCodeRequest {
            tenant: self.world.town.tenant,
            attempt,
            code: code.into(),
        };
        let finished = self.world.keys::<FinishEscrowCode>(Some(token), &request)?;
        Ok(finished.verified)
    }

    fn status(&self, token: &str) -> Vec<EscrowStatus> {
        let request = EscrowStatusRequest {
            tenant: self.world.town.tenant,
            sessions: vec![self.session],
        };
        self.world
            .keys::<GetEscrowStatus>(Some(token), &request)
            .unwrap()
            .deposits
    }

    fn sees(&self, token: &str) -> bool {
        let request = FetchRequest {
            tenant: self.world.town.tenant,
            chains: vec![ChainRequest {
                chain: self.session.into(),
                from: 0,
            }],
            log_size: 0,
            children: None,
        };
        let fetched = self.world.keys::<Fetch>(Some(token), &request).unwrap();
        !fetched.chains.is_empty()
    }

    /// A group of this name, of these members.
    fn group(&mut self, admin: &Person, token: &str, name: &str, members: &[MemberId]) -> GroupId {
        let mut roles: Vec<_> = members
            .iter()
            .map(|member| (*member, Role::Admin))
            .collect();
        roles.sort_by_key(|(member, _)| *member);
        let genesis = self.world.town.creates_group(admin, &roles);
        self.world.town.append(&genesis).unwrap();
        let group = genesis.group().unwrap();
        self.world.append(token, &[genesis]).unwrap();
        self.bind_group(admin, token, group, name).unwrap();
        group
    }

    fn bind_group(
        &mut self,
        admin: &Person,
        token: &str,
        group: GroupId,
        name: &str,
    ) -> Result<(), Problem> {
        let salt = [7; 32];
        let town = &mut self.world.town;
        let claims = town.claims(group, &salt, name);
        let signed = town.signed(&claims).into_bytes();
        let op = Op::GroupBind(claims.cmt, signed.into());
        let statement = town.says(admin, group, op);
        let request = AppendRequest {
            salt: Some(FixedBytes(salt)),
            ..self.world.request(std::slice::from_ref(&statement))
        };
        self.world.keys::<Append>(Some(token), &request)?;
        self.world.town.append(&statement).unwrap();
        Ok(())
    }
}

fn code<T: std::fmt::Debug>(outcome: Result<T, Problem>) -> Code {
    outcome.unwrap_err().code
}

#[test]
fn the_escrow_key_is_pinned_through_the_genesis() {
    let scene = Scene::new(50);
    let info = scene.world.keys::<GetServer>(None, &()).unwrap();
    let found = info.escrow_key.unwrap();
    let log = scene.world.town.states.tenant().unwrap().log.clone();
    let key = escrow::verify_key(&log, found.key.as_array(), &found.signature).unwrap();
    assert_eq!(key, Servers::escrow_key().public());
    let other = Servers::escrow_key().public();
    let mut other = *other.as_bytes();
    other[0] ^= 1;
    assert!(escrow::verify_key(&log, &other, &found.signature).is_err());
}

#[test]
fn somebody_who_was_not_there_claims() {
    let mut scene = Scene::new(51);
    let pending = scene.awaits("dora", Policy::Verified);
    let (dora, token) = signed_up(&mut scene.world, "dora");
    let member = dora.member();
    let found = scene.list(&token, member).unwrap();
    assert_eq!(found.deposits[0].hint.as_deref(), Some("i…@clinic.example"));
    assert!(scene.sees(&token));
    let refused = scene.release(&token, member, pending).unwrap();
    assert_eq!(refused.refused, Some(ShareRefusal::CodeRequired));
    assert!(refused.share.is_none() && refused.receipt.is_none());

    let attempt = scene.start(&token, member, pending).unwrap();
    let sent = scene.world.servers.mailbox.code_for(ADDRESS);
    let wrong = if sent.starts_with('1') {
        "22222222"
    } else {
        "11111111"
    };
    let refused = scene.finish(&token, attempt, wrong).unwrap_err();
    assert_eq!(refused.code, Code::CodeRefused);
    assert!(refused.detail.unwrap().contains("2 tries"));
    assert_eq!(scene.finish(&token, attempt, &sent), Ok(1));
    assert_eq!(
        code(scene.finish(&token, attempt, &sent)),
        Code::CodeExpired
    );
    let released = scene.release(&token, member, pending).unwrap();
    assert!(released.share.is_some());
    let status = &scene.status(&scene.token)[0];
    assert_eq!(
        (status.state, status.member),
        (EscrowState::Released, Some(member))
    );

    // The server goes down between release and claim.
    scene.world.servers.stop_keys();
    scene.world.servers.start_keys();
    let claim = scene.world.town.claim(scene.session, pending, member);
    assert_eq!(claim.server, released.receipt);
    let op = Op::Claim(Box::new(claim));
    let statement = scene.world.town.says(&dora, scene.session, op);
    scene
        .world
        .append(&token, std::slice::from_ref(&statement))
        .unwrap();
    scene.world.append(&token, &[statement]).unwrap();
    let status = &scene.status(&scene.token)[0];
    assert_eq!(
        (status.state, status.member),
        (EscrowState::Claimed, Some(member))
    );
    assert!(status.erasure.is_some());
    let refused = scene.release(&token, member, pending).unwrap();
    assert_eq!(refused.refused, Some(ShareRefusal::Taken));
    assert_eq!(scene.status(&token).len(), 1);
}

#[test]
fn strangers_and_other_tenants_are_answered_alike() {
    let mut scene = Scene::new(52);
    let pending = scene.awaits("dora", Policy::Verified);
    let (dora, _) = signed_up(&mut scene.world, "dora");
    let (emil, token) = signed_up(&mut scene.world, "emil");
    let member = dora.member();
    assert_eq!(code(scene.list(&token, member)), Code::NotFound);
    assert_eq!(code(scene.release(&token, member, pending)), Code::NotFound);
    assert_eq!(code(scene.start(&token, member, pending)), Code::NotFound);
    assert_eq!(
        code(scene.start(&token, emil.member(), pending)),
        Code::NotFound
    );
    let unknown = FixedBytes([1; 32]);
    assert_eq!(
        code(scene.finish(&token, unknown, "12345678")),
        Code::CodeExpired
    );
    assert_eq!(
        code(scene.finish(&token, unknown, "1234")),
        Code::MalformedRequest
    );
    let refused = scene.release(&token, emil.member(), pending).unwrap();
    assert_eq!(refused.refused, Some(ShareRefusal::NotNamed));
    assert!(
        scene
            .list(&token, emil.member())
            .unwrap()
            .deposits
            .is_empty()
    );
    assert!(scene.status(&token).is_empty());
    assert!(!scene.sees(&token));
    assert!(scene.world.servers.mailbox.take().is_empty());
    // Without a token, and for another tenant.
    let tenant = TenantId::from_bytes([1; 32]);
    let list = PendingRequest {
        tenant,
        member,
        after: None,
        limit: 10,
    };
    let release = ReleaseRequest {
        tenant,
        member,
        items: vec![scene.item(pending)],
    };
    let start = StartEscrowCodeRequest {
        tenant,
        member,
        pending,
    };
    let finish = FinishEscrowCodeRequest {
        tenant,
        attempt: unknown,
        code: "12345678".into(),
    };
    let status = EscrowStatusRequest {
        tenant,
        sessions: vec![scene.session],
    };
    let world = &scene.world;
    for (token, expected) in [
        (None, Code::SignInRequired),
        (Some(&*token), Code::NotFound),
    ] {
        assert_eq!(code(world.keys::<ListPending>(token, &list)), expected);
        assert_eq!(code(world.keys::<ReleaseShares>(token, &release)), expected);
        assert_eq!(code(world.keys::<StartEscrowCode>(token, &start)), expected);
        assert_eq!(
            code(world.keys::<FinishEscrowCode>(token, &finish)),
            expected
        );
        assert_eq!(
            code(world.keys::<GetEscrowStatus>(token, &status)),
            expected
        );
    }
}

#[test]
fn a_group_claims_what_was_sent_to_its_name() {
    let mut scene = Scene::new(53);
    let name = "finess:750000001";
    let pending = scene.awaits(name, Policy::Assigned);
    let (dora, token) = signed_up(&mut scene.world, "dora");
    let (emil, other) = signed_up(&mut scene.world, "emil");
    let group = scene.group(&dora, &token, name, &[dora.member(), emil.member()]);
    let member = MemberId::Group(group);
    for token in [&token, &other] {
        assert_eq!(scene.list(token, member).unwrap().deposits.len(), 1);
        assert!(
            scene
                .release(token, member, pending)
                .unwrap()
                .share
                .is_some()
        );
        assert!(scene.sees(token));
    }
    // Names are unique: whoever comes second gets nothing.
    let genesis = scene
        .world
        .town
        .creates_group(&emil, &[(emil.member(), Role::Admin)]);
    scene.world.town.append(&genesis).unwrap();
    let second = genesis.group().unwrap();
    scene.world.append(&other, &[genesis]).unwrap();
    let refused = scene.bind_group(&emil, &other, second, name);
    assert_eq!(code(refused), Code::NameTaken);
    let refused = scene.release(&other, second.into(), pending).unwrap();
    assert_eq!(refused.refused, Some(ShareRefusal::NotNamed));
    // Whoever is removed is a stranger from then on.
    let op = scene.world.town.op_remove(group, &[emil.member()]);
    let removal = scene.world.town.says(&dora, group, op);
    scene.world.town.append(&removal).unwrap();
    scene.world.append(&token, &[removal]).unwrap();
    assert_eq!(code(scene.list(&other, member)), Code::NotFound);
    assert_eq!(code(scene.release(&other, member, pending)), Code::NotFound);
    assert!(!scene.sees(&other));
    // The group itself goes on, with a key that he never had.
    assert!(
        scene
            .release(&token, member, pending)
            .unwrap()
            .share
            .is_some()
    );
    let op = scene.world.town.op_claim(scene.session, pending, member);
    let claim = scene.world.town.says(&dora, scene.session, op);
    scene.world.append(&token, &[claim]).unwrap();
    assert_eq!(scene.status(&token)[0].state, EscrowState::Claimed);
}

#[test]
fn who_waits_hears_of_a_release() {
    let mut scene = Scene::new(54);
    let pending = scene.awaits("dora", Policy::Assigned);
    let (dora, token) = signed_up(&mut scene.world, "dora");
    let tenant = scene.world.town.tenant;
    let watch = |since, escrow| {
        let request = WatchRequest {
            tenant,
            since,
            escrow,
        };
        scene
            .world
            .keys::<Watch>(Some(&scene.token), &request)
            .unwrap()
    };
    let start = watch(None, None);
    assert!(start.changes.is_empty());
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| watch(Some(start.next), Some(start.next_escrow)));
        scene.release(&token, dora.member(), pending).unwrap();
        let told = waits.join().unwrap();
        let chains: Vec<_> = told.changes.iter().map(|change| change.chain).collect();
        assert_eq!(chains, [ChainId::Session(scene.session)]);
        assert!(told.next_escrow > start.next_escrow);
    });
}

#[test]
fn what_expires_is_told_and_gone() {
    let mut scene = Scene::new(55);
    let pending = scene.awaits("dora", Policy::Assigned);
    let (dora, token) = signed_up(&mut scene.world, "dora");
    scene.world.servers.clock.advance(3_600_000);
    let token = scene.world.sign_in(&dora).unwrap_or(token);
    let refused = scene.release(&token, dora.member(), pending).unwrap();
    assert_eq!(refused.refused, Some(ShareRefusal::Expired));
    let own = scene.world.sign_in(&scene.anna).unwrap();
    let status = &scene.status(&own)[0];
    assert_eq!(status.state, EscrowState::Expired);
    assert!(status.erasure.is_some() && status.member.is_none());
}

#[test]
fn no_code_without_a_mail_server_and_no_letter_after_a_refusal() {
    let mut scene = Scene::new(56);
    let pending = scene.awaits("dora", Policy::Verified);
    let free = scene.awaits("dora", Policy::Assigned);
    let (dora, token) = signed_up(&mut scene.world, "dora");
    scene.world.servers.mailbox.close(true);
    let refused = scene.start(&token, dora.member(), pending).unwrap_err();
    assert_eq!(
        (refused.code, refused.retry_after),
        (Code::Unavailable, Some(60))
    );
    scene.world.servers.mailbox.close(false);
    let refused = scene.start(&token, dora.member(), free);
    assert_eq!(code(refused), Code::MalformedRequest);
    for _ in 0..5 {
        scene.start(&token, dora.member(), pending).unwrap();
    }
    assert_eq!(scene.world.servers.mailbox.take().len(), 5);
    let refused = scene.start(&token, dora.member(), pending).unwrap_err();
    assert_eq!(refused.code, Code::TooManyAttempts);
    assert!(refused.retry_after.is_some());
    assert!(scene.world.servers.mailbox.take().is_empty());
}

#[test]
fn a_deposit_that_nobody_could_open_is_refused() {
    let mut scene = Scene::new(57);
    scene.world.town.escrow.server = scene.world.town.escrow.tenant.clone();
    let town = &mut scene.world.town;
    let pending = town.awaits(&scene.anna, "dora", Policy::Verified);
    let op = town.op_grant(scene.session, pending.into(), Rights::READ);
    let refused = scene.says(op).unwrap_err();
    assert_eq!(refused.code, Code::EscrowRefused);
    assert!(refused.detail.unwrap().contains("does not open"));
}

#[test]
fn a_server_that_takes_no_part_says_so() {
    let mut world = World::with(
        58,
        ServerOptions {
            escrow: false,
            ..ServerOptions::default()
        },
    );
    world.create_tenant().unwrap();
    let (anna, token) = world.person("anna");
    let info = world.keys::<GetServer>(None, &()).unwrap();
    assert!(info.escrow_key.is_none());
    let request = PendingRequest {
        tenant: world.town.tenant,
        member: anna.member(),
        after: None,
        limit: 10,
    };
    let refused = world.keys::<ListPending>(Some(&token), &request);
    assert_eq!(code(refused), Code::EscrowOff);
}
