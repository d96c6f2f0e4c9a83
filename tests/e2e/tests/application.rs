//! An application's own server: it knows who is in which group and who logs in, over a key server
//! that it does not trust.
#![expect(
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use std::collections::BTreeMap;

use wardseal_client::{
    Role, Transport as _, Visibility,
    types::{ChainId, Clock as _, GroupId, MemberId, TenantId, Timestamp, UserId},
};
use wardseal_client_http::HttpTransport;
use wardseal_e2e::{Disk, Machine, World};
use wardseal_tenant::{DeviceProof, Directory, Error, Misbehaviour, Progress, ProofError};
use wardseal_testkit::Fault;

const ORIGIN: &str = "https://transfer.example";

/// The application's server.
struct Application {
    directory: Directory,
    transport: HttpTransport,
}

impl Application {
    fn new(world: &World) -> Self {
        let keys = world.keys.url().parse().unwrap();
        Self {
            directory: Directory::new(world.tenant),
            transport: HttpTransport::new(Some(keys), None).unwrap(),
        }
    }

    /// Learns chains as they are now; gives how often it had to ask.
    async fn learn(&mut self, world: &World, chains: &[ChainId]) -> Result<usize, Error> {
        world.pass(1);
        self.learn_since(world, chains, world.clock.now()).await
    }

    async fn learn_since(
        &mut self,
        world: &World,
        chains: &[ChainId],
        not_before: Timestamp,
    ) -> Result<usize, Error> {
        let inquiry = self.directory.inquire(chains.iter().copied(), not_before);
        let Some(mut inquiry) = inquiry else {
            return Ok(0);
        };
        let now = world.clock.now();
        let server = world.servers.keys_url();
        let access = world
            .token_key
            .access(world.tenant, &server, now, &mut world.rng())?;
        for times in 1.. {
            let request = inquiry.request(&self.directory, &access, now);
            let answer = self.transport.send(request).await?;
            if inquiry.take(&mut self.directory, &answer)? == Progress::Done {
                return Ok(times);
            }
        }
        Ok(0)
    }

    async fn log_in(
        &mut self,
        world: &World,
        proof: &DeviceProof,
        challenge: &str,
    ) -> Result<UserId, ProofError> {
        self.learn(world, &[proof.user.into()]).await.unwrap();
        self.directory
            .verify(proof, ORIGIN, challenge, world.clock.now())
    }
}

async fn user(machine: &Machine) -> UserId {
    machine.profile().await.unwrap().user
}

fn roles(all: &[(UserId, Role)]) -> Option<BTreeMap<UserId, Role>> {
    Some(all.iter().copied().collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_whoever_the_group_has_now() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let (carla, _) = world.person("carla").await;
    let [a, b, c] = [user(&anna).await, user(&ben).await, user(&carla).await];
    let ward = carla.create_group("Ward", &[(b.into(), Role::Admin)]).await;
    let ward = ward.unwrap();
    let members: [(MemberId, Role); 1] = [(ward.into(), Role::Member)];
    let house = anna.create_group("House", &members).await.unwrap();

    let mut app = Application::new(&world);
    assert_eq!(app.directory.members(&house), None, "nobody has asked");
    let asked = app.learn(&world, &[house.into()]).await.unwrap();
    assert!((2..=3).contains(&asked), "{asked}");
    let then = world.clock.now();
    let all = [(a, Role::Admin), (b, Role::Member), (c, Role::Member)];
    assert_eq!(app.directory.members(&house), roles(&all));
    assert_eq!(app.directory.role(&house, &b), Some(Role::Member));
    assert_eq!(app.directory.role(&ward, &b), Some(Role::Admin));
    assert_eq!(app.directory.role(&ward, &a), None);
    app.learn(&world, &[b.into()]).await.unwrap();
    assert!(app.directory.is_called(&b, "ben") && !app.directory.is_called(&b, "carla"));

    // What was learned a moment ago is good enough, what was learned earlier is not.
    world.pass(4000);
    let known = app.learn_since(&world, &[house.into()], then).await;
    assert_eq!(known.unwrap(), 0);
    carla.remove_members(ward, &[b.into()]).await.unwrap();
    assert_eq!(app.directory.role(&house, &b), Some(Role::Member));
    assert_eq!(
        app.learn(&world, &[house.into()]).await.unwrap(),
        1,
        "a group and all within it are asked for at once"
    );
    assert_eq!(app.directory.role(&house, &b), None);
    let left = [(a, Role::Admin), (c, Role::Member)];
    assert_eq!(app.directory.members(&house), roles(&left));

    // A group that ends has nobody; one that never was is unknown, and nothing is kept of it.
    carla.dissolve_group(ward).await.unwrap();
    app.learn(&world, &[ward.into()]).await.unwrap();
    assert_eq!(app.directory.members(&ward), roles(&[]));
    assert_eq!(app.directory.role(&ward, &c), None);
    let chains = app.directory.len();
    let nowhere = GroupId::from_bytes([9; 32]);
    app.learn(&world, &[nowhere.into()]).await.unwrap();
    assert_eq!(app.directory.members(&nowhere), None);
    assert_eq!(app.directory.len(), chains);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_logs_in_by_her_device_until_it_is_revoked() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let mut app = Application::new(&world);
    let proof = anna.prove(ORIGIN, "challenge-1").await.unwrap();
    assert_eq!(
        app.directory
            .verify(&proof, ORIGIN, "challenge-1", world.clock.now()),
        Err(ProofError::UnknownUser(proof.user))
    );
    let who = user(&anna).await;
    let logged_in = app.log_in(&world, &proof, "challenge-1").await;
    assert_eq!(logged_in, Ok(who));

    // What does not fit in every respect is refused by its name.
    let refused = |spoil: &dyn Fn(&mut DeviceProof)| {
        let mut proof = proof.clone();
        spoil(&mut proof);
        let refused = app
            .directory
            .verify(&proof, ORIGIN, "challenge-1", world.clock.now());
        refused.unwrap_err()
    };
    let other = TenantId::from_bytes([1; 32]);
    assert_eq!(
        refused(&|proof| proof.tenant = other),
        ProofError::OtherTenant
    );
    assert_eq!(
        refused(&|proof| proof.audience = "https://evil.example".into()),
        ProofError::WrongAudience
    );
    assert_eq!(
        refused(&|proof| proof.challenge = "challenge-2".into()),
        ProofError::WrongChallenge
    );
    assert_eq!(
        refused(&|proof| proof.signature.0[5] ^= 1),
        ProofError::BadSignature
    );
    let nobody = wardseal_client::types::DeviceId::from_bytes([1; 32]);
    assert_eq!(
        refused(&|proof| proof.device = nobody),
        ProofError::UnknownDevice(nobody)
    );
    // A proof for another application or challenge does not become one for this by being relabelled.
    let elsewhere = anna.prove("https://evil.example", "challenge-1").await;
    let mut elsewhere = elsewhere.unwrap();
    let verdict = app
        .directory
        .verify(&elsewhere, ORIGIN, "challenge-1", world.clock.now());
    assert_eq!(verdict, Err(ProofError::WrongAudience));
    elsewhere.audience = ORIGIN.into();
    let verdict = app
        .directory
        .verify(&elsewhere, ORIGIN, "challenge-1", world.clock.now());
    assert_eq!(verdict, Err(ProofError::BadSignature));
    let (ben, _) = world.person("ben").await;
    let mut claimed = ben.prove(ORIGIN, "challenge-1").await.unwrap();
    claimed.user = who;
    claimed.device = proof.device;
    let verdict = app.log_in(&world, &claimed, "challenge-1").await;
    assert_eq!(verdict, Err(ProofError::BadSignature));

    // It travels as JSON, and with nothing more in it.
    let empty = anna.prove(ORIGIN, "").await.unwrap_err();
    assert_eq!(empty.code(), "invalid");
    let endless = anna
        .prove(&"x".repeat(1025), "challenge")
        .await
        .unwrap_err();
    assert_eq!(endless.code(), "invalid");
    let nobody = world.machine(&Disk::default()).await;
    let nobody = nobody.prove(ORIGIN, "challenge").await.unwrap_err();
    assert_eq!(nobody.code(), "no_identity");

    // On an empty machine she unlocks by her password; that device proves too.
    world
        .set_password(&anna, "vier blaue Hunde tanzen")
        .await
        .unwrap();
    let borrowed = world.machine(&Disk::default()).await;
    world
        .unlock(&borrowed, "anna", "vier blaue Hunde tanzen")
        .await
        .unwrap();
    let by_password = borrowed.prove(ORIGIN, "challenge-3").await.unwrap();
    assert_ne!(by_password.device, proof.device);
    let verdict = app.log_in(&world, &by_password, "challenge-3").await;
    assert_eq!(verdict, Ok(who));

    // She revokes the first machine: what it signs, or signed before, opens nothing more.
    borrowed.trust_this_machine().await.unwrap();
    borrowed.revoke_devices(&[proof.device]).await.unwrap();
    let verdict = app.log_in(&world, &proof, "challenge-1").await;
    assert_eq!(verdict, Err(ProofError::RevokedDevice(proof.device)));
    assert!(!app.directory.in_force(&who, &proof.device));
    let trusted = borrowed.prove(ORIGIN, "challenge-4").await.unwrap();
    assert!(app.directory.in_force(&who, &by_password.device));
    let verdict = app.log_in(&world, &trusted, "challenge-4").await;
    assert_eq!(verdict, Ok(who));
}

/// Somebody whom others have known for long acts by a device that they have not seen.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_device_of_somebody_known_changes_a_group() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let (carla, _) = world.person("carla").await;
    let [b, c] = [user(&ben).await, user(&carla).await];
    let group = anna.create_group("North", &[(b.into(), Role::Admin)]).await;
    let group = group.unwrap();
    ben.rename_group(group, "Nord").await.unwrap();
    anna.group(group).await.unwrap();
    let mut app = Application::new(&world);
    app.learn(&world, &[group.into()]).await.unwrap();

    let password = "vier blaue Hunde tanzen";
    world.set_password(&ben, password).await.unwrap();
    let second = world.machine(&Disk::default()).await;
    world.unlock(&second, "ben", password).await.unwrap();
    second.trust_this_machine().await.unwrap();
    second
        .add_member(group, c.into(), Role::Member, Visibility::Full)
        .await
        .unwrap();

    app.learn(&world, &[group.into()]).await.unwrap();
    assert_eq!(app.directory.role(&group, &c), Some(Role::Member));
    let members = anna.group(group).await.unwrap().members;
    assert_eq!(members.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_server_that_lies_is_not_believed() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let [a, b] = [user(&anna).await, user(&ben).await];
    let group = anna
        .create_group("North", &[(b.into(), Role::Member)])
        .await;
    let group = group.unwrap();
    let chains = [ChainId::Group(group)];
    let mut app = Application::new(&world);
    app.learn(&world, &chains).await.unwrap();
    anna.remove_members(group, &[b.into()]).await.unwrap();

    let text = |chain: ChainId| chain.to_string();
    let of_group = text(group.into());
    for (what, fault) in [
        // The removal is changed in a single bit of its signature.
        (
            "a statement is changed",
            Fault::answer(move |answer| {
                for slice in answer["chains"].as_array_mut().unwrap() {
                    for entry in slice["entries"].as_array_mut().unwrap() {
                        let text = entry["statement"].as_str().unwrap();
                        let (start, end) = text.split_at(text.len() - 20);
                        let end = if end.starts_with('A') {
                            end.replacen('A', "B", 1)
                        } else {
                            format!("A{}", end.chars().skip(1).collect::<String>())
                        };
                        entry["statement"] = format!("{start}{end}").into();
                    }
                }
            }),
        ),
        (
            "a statement is at another place",
            Fault::answer(|answer| {
                for slice in answer["chains"].as_array_mut().unwrap() {
                    for entry in slice["entries"].as_array_mut().unwrap() {
                        let position = entry["position"].as_u64().unwrap();
                        entry["position"] = (position + 1).into();
                    }
                }
            }),
        ),
        (
            "the group is gone",
            Fault::answer(move |answer| {
                let chains = answer["chains"].as_array_mut().unwrap();
                chains.retain(|slice| slice["chain"] != *of_group);
            }),
        ),
        (
            "the log does not continue",
            Fault::answer(|answer| answer["log"]["consistency"] = Vec::<String>::new().into()),
        ),
        (
            "the checkpoint is changed",
            Fault::answer(|answer| {
                let note = answer["log"]["checkpoint"].as_str().unwrap();
                answer["log"]["checkpoint"] = note.replacen('\n', "\nx", 1).into();
            }),
        ),
        (
            "a chain comes that nobody asked for",
            Fault::answer(move |answer| {
                let chains = answer["chains"].as_array_mut().unwrap();
                let mut more = chains.first().unwrap().clone();
                more["chain"] = text(a.into()).into();
                more["entries"] = Vec::<String>::new().into();
                chains.push(more);
            }),
        ),
    ] {
        world.keys.once("fetch_for_tenant", fault);
        let refused = app.learn(&world, &chains).await;
        assert!(
            matches!(refused, Err(Error::Misbehaved(_))),
            "{what}: {refused:?}"
        );
        assert_eq!(
            app.directory.role(&group, &b),
            Some(Role::Member),
            "{what}: nothing was taken in"
        );
    }
    // An old answer, replayed to somebody who has seen more.
    app.learn(&world, &chains).await.unwrap();
    assert_eq!(app.directory.role(&group, &b), None);
    let first = world.keys.answers("fetch_for_tenant").swap_remove(0);
    world.keys.once(
        "fetch_for_tenant",
        Fault::answer(move |answer| *answer = first.clone()),
    );
    let refused = app.learn(&world, &chains).await;
    assert!(matches!(refused, Err(Error::Misbehaved(_))));
    assert_eq!(app.directory.role(&group, &b), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_server_of_another_tenant_is_not_believed_by_a_new_directory() {
    let world = World::new().await;
    let other = World::new().await;
    let (eve, _) = other.person("eve").await;
    let mut app = Application::new(&other);
    app.learn(&other, &[user(&eve).await.into()]).await.unwrap();
    let genuine = other.keys.answers("fetch_for_tenant").swap_remove(0);
    world.keys.once(
        "fetch_for_tenant",
        Fault::answer(move |answer| *answer = genuine.clone()),
    );
    let mut app = Application::new(&world);
    let refused = app.learn(&world, &[user(&eve).await.into()]).await;
    assert!(matches!(refused, Err(Error::Misbehaved(_))), "{refused:?}");
    assert!(app.directory.is_empty() && app.directory.tenant_state().is_none());

    // Nor is it by a client, to whom it passes the other tenant's chain and log off as his.
    let newcomer = other.machine(&Disk::default()).await;
    newcomer.tenant().await.unwrap();
    let genuine = other.keys.answers("get_tenant").swap_remove(0);
    world.keys.once(
        "get_tenant",
        Fault::answer(move |answer| *answer = genuine.clone()),
    );
    let newcomer = world.machine(&Disk::default()).await;
    let refused = newcomer.tenant().await;
    assert!(matches!(refused, Err(Error::Misbehaved(_))), "{refused:?}");
    newcomer.tenant().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_does_not_let_the_key_server_go_back() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let b = user(&ben).await;
    let group = anna
        .create_group("North", &[(b.into(), Role::Member)])
        .await;
    let group = group.unwrap();
    let chains = [ChainId::Group(group)];
    let mut app = Application::new(&world);
    app.learn(&world, &chains).await.unwrap();
    let early = app.directory.record();
    anna.remove_members(group, &[b.into()]).await.unwrap();
    app.learn(&world, &chains).await.unwrap();
    let late = app.directory.record();

    // The key server forgets the removal, and says the rest as it is.
    let forget = Fault::answer(move |answer| {
        for slice in answer["chains"].as_array_mut().unwrap() {
            if slice["chain"] == group.to_string() {
                slice["entries"].as_array_mut().unwrap().truncate(1);
            }
        }
    });
    let restart = |record: &[u8]| Application {
        directory: Directory::from_record(world.tenant, record).unwrap(),
        ..Application::new(&world)
    };
    world.keys.on("fetch_for_tenant", forget);
    let mut app = restart(&late);
    assert_eq!(
        app.learn(&world, &chains).await,
        Err(Misbehaviour::Gap(group.into()).into())
    );
    assert_eq!(app.directory.members(&group), None);
    world.keys.clear();
    for record in [&early, &late] {
        let mut app = restart(record);
        assert!(app.directory.is_empty(), "people are learned anew");
        app.learn(&world, &chains).await.unwrap();
        assert_eq!(app.directory.role(&group, &b), None);
        assert_eq!(app.directory.record(), late_with(&app));
    }
    let other = TenantId::from_bytes([1; 32]);
    for (tenant, record) in [(other, &late[..]), (world.tenant, &late[1..])] {
        let refused = Directory::from_record(tenant, record).unwrap_err();
        assert_eq!(refused.code(), "store");
    }
}

/// The record of a directory outlives being read.
fn late_with(app: &Application) -> Vec<u8> {
    let record = app.directory.record();
    let again = Directory::from_record(app.directory.tenant(), &record).unwrap();
    again.record()
}

#[tokio::test(flavor = "multi_thread")]
async fn inquiries_may_overlap_and_old_checkpoints_are_refused() {
    let world = World::new().await;
    let (anna, _) = world.person("anna").await;
    let (ben, _) = world.person("ben").await;
    let [a, b] = [user(&anna).await, user(&ben).await];
    let mut app = Application::new(&world);
    app.learn(&world, &[a.into()]).await.unwrap();

    // While one question is on its way, the log grows and another answer comes in.
    let now = world.clock.now();
    let access = world
        .token_key
        .access(
            world.tenant,
            &world.servers.keys_url(),
            now,
            &mut world.rng(),
        )
        .unwrap();
    let mut slow = app.directory.inquire([b.into()], now).unwrap();
    let request = slow.request(&app.directory, &access, now);
    let answer = app.transport.send(request).await.unwrap();
    anna.create_group("North", &[]).await.unwrap();
    world.pass(1);
    app.learn(&world, &[a.into()]).await.unwrap();
    let progress = slow.take(&mut app.directory, &answer).unwrap();
    assert_eq!(progress, Progress::Ask);
    assert!(app.directory.user(&b).is_none());
    let request = slow.request(&app.directory, &access, now);
    let answer = app.transport.send(request).await.unwrap();
    let progress = slow.take(&mut app.directory, &answer).unwrap();
    assert_eq!(progress, Progress::Done);
    assert!(app.directory.user(&b).is_some());

    // The same answer two hours later is genuine and too old.
    world.pass(2 * 3_600_000 + 1);
    let now = world.clock.now();
    let mut late = app.directory.inquire([b.into()], now).unwrap();
    let _never_sent = late.request(&app.directory, &access, now);
    let refused = late.take(&mut app.directory, &answer).unwrap_err();
    assert_eq!(refused.code(), "stale_checkpoint");
    app.learn(&world, &[b.into()]).await.unwrap();

    // What the key server refuses arrives as what it says.
    let mut refused = app.directory.inquire([a.into()], now).unwrap();
    let request = refused.request(&app.directory, &access, now);
    let answer = app.transport.send(request).await.unwrap();
    let refused = refused.take(&mut app.directory, &answer).unwrap_err();
    assert_eq!(refused.code(), "access_expired");
}
