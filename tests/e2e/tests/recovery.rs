//! Ways back in, each set on one machine and used on an empty one.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use wardseal_client::{
    Error, HelpAnswer, MailSettings, MethodState, Misuse, Rights, Role,
    protocol::{keys::DeviceKind, op::Method, vault::Language},
    types::{Clock as _, DeviceId, FixedBytes, GroupId, MemberId, SessionId, UserId},
};
use wardseal_client_password::{PasswordError, recover_by_code, step_up};
use wardseal_e2e::{Disk, Machine, World, open, seal};
use wardseal_tenant::RecoveryRequest;
use wardseal_testkit::Fault;

const FIRST: &str = "Drei Igel tanzen 1 Walzer";
const SECOND: &str = "Vier Igel tanzen 2 Walzer";
const ADDRESS: &str = "ben@clinic.example";
const HOUR: u64 = 3_600_000;

async fn works(world: &World, password: &str) -> bool {
    world.pass(4 * HOUR);
    let machine = world.machine(&Disk::default()).await;
    match world.unlock(&machine, "ben", password).await {
        Ok(_) => true,
        Err(PasswordError::Client(Error::Misuse(Misuse::WrongPassword))) => false,
        Err(error) => panic!("neither right nor wrong: {error}"),
    }
}

/// Ben with a password, and something that only he can open.
struct Ben {
    machine: Machine,
    session: SessionId,
    object: Vec<u8>,
}

impl Ben {
    async fn new(world: &World) -> Self {
        let (machine, _) = world.person("ben").await;
        world.set_password(&machine, FIRST).await.unwrap();
        let user = machine.profile().await.unwrap().user;
        let session = machine
            .create_session(&[(user.into(), Rights::MANAGE)], None, None)
            .await
            .unwrap();
        let object = seal(&machine, session, b"a record").await.unwrap();
        Self {
            machine,
            session,
            object,
        }
    }

    /// That somebody is Ben, in full: opens what was sealed before, and seals.
    async fn is_whole(&self, machine: &Machine) {
        assert_eq!(open(machine, &self.object).await.unwrap(), b"a record");
        let later = seal(machine, self.session, b"later").await.unwrap();
        assert_eq!(open(&self.machine, &later).await.unwrap(), b"later");
        machine.create_group("of Ben", &[]).await.unwrap();
    }

    async fn method(&self, kind: DeviceKind) -> (DeviceId, Method) {
        let methods = self.machine.recovery_methods().await.unwrap();
        let found = methods
            .into_iter()
            .find(|method| method.method.kind() == kind);
        let found = found.unwrap();
        (found.device, found.method)
    }

    async fn state(&self, kind: DeviceKind) -> (MethodState, Option<&'static str>) {
        let checks = self.machine.check_recovery().await.unwrap();
        let check = checks.iter().find(|check| check.kind == kind).unwrap();
        (check.state, check.reason)
    }
}

fn code_of(error: &Error) -> &'static str {
    error.code()
}

fn mail(delay: u8) -> MailSettings<'static> {
    MailSettings {
        address: ADDRESS,
        delay,
        language: Language::German,
    }
}

/// The application's server: it keeps the share, and signs when somebody asks.
struct Application {
    record: FixedBytes<32>,
    share: [u8; 32],
}

impl Application {
    async fn set(ben: &Ben, delay: u8) -> Self {
        let prepared = ben.machine.prepare_mail(mail(delay)).await.unwrap();
        let application = Self {
            record: *prepared.record(),
            share: *prepared.share().expose(),
        };
        ben.machine.adopt_mail(prepared).await.unwrap();
        application
    }

    fn token(&self, world: &World, client_key: &[u8], user: UserId) -> String {
        world
            .token_key
            .recovery(
                world.tenant,
                &world.servers.vault_url(),
                &RecoveryRequest {
                    user,
                    record: self.record,
                    client_key,
                },
                world.servers.clock.now(),
                &mut world.rng(),
            )
            .unwrap()
    }

    /// Begins on a machine, up to the vault's letter.
    async fn begin(&self, world: &World, ben: &Ben, machine: &Machine) -> String {
        let begun = machine.begin_recovery("ben").await.unwrap();
        assert!(!begun.mail && begun.ready.is_none());
        let user = ben.machine.profile().await.unwrap().user;
        let token = self.token(world, &begun.client_key, user);
        let _ = world.servers.mailbox.take();
        machine
            .start_mail_recovery(&token, user, self.record)
            .await
            .unwrap();
        world.servers.mailbox.code_for(ADDRESS)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_opens_everything_and_ends_the_forgotten_password() {
    let world = World::new().await;
    let ben = Ben::new(&world).await;
    let code = ben.machine.create_recovery_code().await.unwrap();
    let machine = world.machine(&Disk::default()).await;

    // A letter that was copied wrongly is found here, and the group in which it stands.
    let wrong = if code.starts_with('7') { "8" } else { "7" };
    let mistyped = format!("{wrong}{}", code.get(1..).unwrap());
    let sent = world.vault.seen("open_record");
    let error = machine.recover_by_code("ben", &mistyped).await.unwrap_err();
    assert_eq!(code_of(&error), "bad_recovery_code");
    assert!(error.to_string().contains("group 1"), "{error}");
    assert_eq!(world.vault.seen("open_record"), sent);
    // Another's code, and another's name.
    let (anna, _) = world.person("anna").await;
    let other = "0000-0000-0000-0000-0000-0000-0000-0000-00";
    for (name, code) in [("ben", other), ("anna", code.as_str()), ("carla", &code)] {
        let error = machine.recover_by_code(name, code).await.unwrap_err();
        assert_eq!(code_of(&error), "unknown_recovery", "{name}");
        assert!(machine.profile().await.is_none());
    }
    drop(anna);

    let typed = code.to_lowercase().replace('-', " ");
    // A weak password is refused before anything is opened.
    let weak = recover_by_code(&machine, "ben", &typed, "password123", &[], world.rng()).await;
    assert_eq!(weak.unwrap_err().code(), "weak_password");
    recover_by_code(&machine, "ben", &typed, SECOND, &[], world.rng())
        .await
        .unwrap();
    ben.is_whole(&machine).await;
    assert!(works(&world, SECOND).await && !works(&world, FIRST).await);

    // The other devices see it, and the code is still good.
    let events = ben.machine.recovery_events().await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind, DeviceKind::Code);
    assert_eq!(events[0].device, ben.method(DeviceKind::Code).await.0);
    assert_eq!(events[0].entered, ben.method(DeviceKind::Password).await.0);
    let again = world.machine(&Disk::default()).await;
    recover_by_code(&again, "ben", &code, FIRST, &[], world.rng())
        .await
        .unwrap();
    assert_eq!(ben.machine.recovery_events().await.unwrap().len(), 2);
    assert!(works(&world, FIRST).await && !works(&world, SECOND).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_code_ends_the_one_before_and_a_removed_one_opens_nothing() {
    let world = World::new().await;
    let ben = Ben::new(&world).await;
    let first = ben.machine.create_recovery_code().await.unwrap();
    let second = ben.machine.create_recovery_code().await.unwrap();
    let machine = world.machine(&Disk::default()).await;
    let error = machine.recover_by_code("ben", &first).await.unwrap_err();
    assert_eq!(code_of(&error), "unknown_recovery");
    machine.recover_by_code("ben", &second).await.unwrap();
    // Who only came to recover is nobody yet, and may give up.
    assert!(machine.profile().await.is_none());
    let error = machine.create_group("of nobody", &[]).await.unwrap_err();
    assert!(matches!(error, Error::Rejected(_)), "{error}");
    machine.cancel_recovery().await.unwrap();
    let error = machine.devices().await.unwrap_err();
    assert_eq!(code_of(&error), "no_identity");

    let (device, method) = ben.method(DeviceKind::Code).await;
    ben.machine.remove_recovery(device).await.unwrap();
    let error = machine.recover_by_code("ben", &second).await.unwrap_err();
    assert_eq!(code_of(&error), "unknown_recovery");
    // The vault does not keep it either.
    let checks = ben.machine.check_recovery().await.unwrap();
    assert!(checks.iter().all(|check| check.record != *method.record()));
    let error = ben.machine.remove_recovery(device).await.unwrap_err();
    assert_eq!(code_of(&error), "invalid");
}

/// Wherever it is cut off, the code before works until the chain names the new one.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_cut_off_leaves_the_one_before() {
    let world = World::new().await;
    let ben = Ben::new(&world).await;
    let code = ben.machine.create_recovery_code().await.unwrap();
    for (network, operation) in [
        (&world.vault, "store_record"),
        (&world.vault, "open_record"),
        (&world.keys, "append"),
    ] {
        network.once(operation, Fault::Refuse);
        assert!(ben.machine.create_recovery_code().await.is_err());
        let machine = world.machine(&Disk::default()).await;
        machine.recover_by_code("ben", &code).await.unwrap();
    }
    // A vault that lost the new record is noticed before the old one ends.
    world.vault.once("open_record", Fault::Status(500));
    assert!(ben.machine.create_recovery_code().await.is_err());
    let machine = world.machine(&Disk::default()).await;
    machine.recover_by_code("ben", &code).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_whoever_it_opens() {
    let world = World::new().await;
    let ben = Ben::new(&world).await;
    assert_eq!(ben.machine.passkey_input().len(), 32);
    let first = ben.machine.add_passkey(&[1; 32]).await.unwrap();
    ben.machine.add_passkey(&[2; 32]).await.unwrap();
    let machine = world.machine(&Disk::default()).await;
    let error = machine.unlock_by_passkey(&[3; 32]).await.unwrap_err();
    assert_eq!(code_of(&error), "unknown_recovery");
    for secret in [[1; 32], [2; 32]] {
        let machine = world.machine(&Disk::default()).await;
        let profile = machine.unlock_by_passkey(&secret).await.unwrap();
        assert_eq!(profile.user, ben.machine.profile().await.unwrap().user);
        ben.is_whole(&machine).await;
        let error = machine.unlock_by_passkey(&secret).await.unwrap_err();
        assert_eq!(code_of(&error), "identity_exists");
    }
    // A forgotten password is set anew.
    machine.unlock_by_passkey(&[1; 32]).await.unwrap();
    world.set_password(&machine, SECOND).await.unwrap();
    assert!(works(&world, SECOND).await && !works(&world, FIRST).await);
    // That is no recovery by a device that may do nothing else.
    assert!(ben.machine.recovery_events().await.unwrap().is_empty());
    machine.trust_this_machine().await.unwrap();

    ben.machine.remove_recovery(first).await.unwrap();
    let machine = world.machine(&Disk::default()).await;
    let error = machine.unlock_by_passkey(&[1; 32]).await.unwrap_err();
    assert_eq!(code_of(&error), "unknown_recovery");
    machine.unlock_by_passkey(&[2; 32]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_codes_bring_back_who_forgot_the_password() {
    let world = World::new().await;
    let ben = Ben::new(&world).await;
    let application = Application::set(&ben, 0).await;
    let machine = world.machine(&Disk::default()).await;
    let error = machine.collect_recovery().await.unwrap_err();
    assert_eq!(code_of(&error), "no_recovery");
    let code = application.begin(&world, &ben, &machine).await;

    let wrong: String = code
        .chars()
        .filter(char::is_ascii_digit)
        .map(|digit| if digit == '1' { '2' } else { '1' })
        .collect();
    let refused = machine
        .finish_mail_recovery(&wrong, &application.share)
        .await;
    assert_eq!(code_of(&refused.unwrap_err()), "code_refused");
    let progress = machine
        .finish_mail_recovery(&code, &application.share)
        .await
        .unwrap();
    assert!(progress.released);
    assert!(machine.profile().await.is_none());
    world.set_password(&machine, SECOND).await.unwrap();
    ben.is_whole(&machine).await;
    assert_eq!(machine.recovery_under_way().await.unwrap(), None);
    assert!(works(&world, SECOND).await && !works(&world, FIRST).await);
    let events = ben.machine.recovery_events().await.unwrap();
    assert_eq!(events.last().unwrap().kind, DeviceKind::TwoMan);
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_that_do_not_belong_together_open_nothing() {
    let world = World::new().await;
    let ben = Ben::new(&world).await;
    let application = Application::set(&ben, 0).await;
    let machine = world.machine(&Disk::default()).await;
    let code = application.begin(&world, &ben, &machine).await;
    let error = machine
        .finish_mail_recovery(&code, &[9; 32])
        .await
        .unwrap_err();
    assert_eq!(code_of(&error), "bad_record");
    assert!(machine.devices().await.is_err());
    // Set anew, it has another record and other shares.
    let replaced = Application::set(&ben, 0).await;
    assert_ne!(replaced.record, application.record);
    assert_ne!(replaced.share, application.share);
    let (_, method) = ben.method(DeviceKind::TwoMan).await;
    assert_eq!(*method.record(), replaced.record);
    for bad in ["no address", "a@b@c", "ben@clinic.example "] {
        let settings = MailSettings {
            address: bad,
            ..mail(0)
        };
        let error = ben.machine.prepare_mail(settings).await.unwrap_err();
        assert_eq!(code_of(&error), "invalid", "{bad}");
    }
    let error = ben.machine.prepare_mail(mail(73)).await.unwrap_err();
    assert_eq!(code_of(&error), "invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delay_outlives_the_page_and_can_be_stopped() {
    let world = World::new().await;
    let ben = Ben::new(&world).await;
    let application = Application::set(&ben, 24).await;

    // Somebody else has both codes; Ben sees it in time.
    let thief = world.machine(&Disk::default()).await;
    let code = application.begin(&world, &ben, &thief).await;
    let progress = thief
        .finish_mail_recovery(&code, &application.share)
        .await
        .unwrap();
    assert!(!progress.released);
    let waiting = ben.machine.waiting_recoveries().await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].ready, progress.ready);
    ben.machine.veto_recovery(waiting[0].attempt).await.unwrap();
    assert!(ben.machine.waiting_recoveries().await.unwrap().is_empty());
    let error = ben.machine.veto_recovery(waiting[0].attempt).await;
    assert_eq!(code_of(&error.unwrap_err()), "not_found");
    world.pass(25 * HOUR);
    let error = thief.collect_recovery().await.unwrap_err();
    assert_eq!(code_of(&error), "recovery_vetoed");

    // Ben himself, whose browser is closed meanwhile.
    let disk = Disk::default();
    let machine = world.machine(&disk).await;
    let code = application.begin(&world, &ben, &machine).await;
    let progress = machine
        .finish_mail_recovery(&code, &application.share)
        .await
        .unwrap();
    assert!(!progress.released);
    drop(machine);
    let machine = world.machine(&disk).await;
    let under_way = machine.recovery_under_way().await.unwrap().unwrap();
    assert!(under_way.mail && under_way.name == "ben");
    assert_eq!(under_way.ready, Some(progress.ready));
    assert!(!machine.collect_recovery().await.unwrap().released);
    world.pass(24 * HOUR);
    assert!(machine.collect_recovery().await.unwrap().released);
    world.set_password(&machine, SECOND).await.unwrap();
    ben.is_whole(&machine).await;
    assert_eq!(machine.recovery_under_way().await.unwrap(), None);
}

/// A group with Ben and administrators; Ben is no administrator.
async fn ward(world: &World, ben: &Ben, names: &[&str]) -> (GroupId, Vec<Machine>) {
    let mut admins = Vec::new();
    for name in names {
        admins.push(world.person(name).await.0);
    }
    let user = ben.machine.profile().await.unwrap().user;
    let mut members = vec![(MemberId::User(user), Role::Member)];
    for admin in admins.iter().skip(1) {
        let id = admin.profile().await.unwrap().user;
        members.push((id.into(), Role::Admin));
    }
    let group = admins[0].create_group("Ward", &members).await.unwrap();
    (group, admins)
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_bring_back_who_chose_them() {
    for quorum in [1, 2] {
        let world = World::new().await;
        let ben = Ben::new(&world).await;
        let (group, admins) = ward(&world, &ben, &["anna", "carla", "david"]).await;
        let user = ben.machine.profile().await.unwrap().user;
        // Nobody was chosen yet: it is off by default.
        let machine = world.machine(&Disk::default()).await;
        let request = machine.begin_recovery("ben").await.unwrap();
        assert!(!request.mail);
        let error = admins[0].answer_help(user, &request.client_key).await;
        assert_eq!(code_of(&error.unwrap_err()), "not_authorised");

        ben.machine.set_organisation(group, quorum).await.unwrap();
        let (_, method) = ben.method(DeviceKind::Organisation).await;
        let Method::Organisation(method) = method else {
            panic!("the organisation");
        };
        assert_eq!((method.quorum, method.helpers.len()), (quorum, 3));
        let (emma, _) = world.person("emma").await;
        let error = emma.answer_help(user, &request.client_key).await;
        assert_eq!(code_of(&error.unwrap_err()), "not_authorised");
        let error = admins[0].answer_help(user, &[0; 1215]).await;
        assert_eq!(code_of(&error.unwrap_err()), "invalid");

        let mut answers = Vec::new();
        assert!(!machine.take_help(&answers).await.unwrap());
        for admin in admins.iter().take(usize::from(quorum)) {
            assert!(!machine.take_help(&answers).await.unwrap());
            answers.push(admin.answer_help(user, &request.client_key).await.unwrap());
        }
        // An answer for another client opens nothing here, and does not stand in the way.
        let thief = world.machine(&Disk::default()).await;
        thief.begin_recovery("ben").await.unwrap();
        let error = thief.take_help(&answers).await.unwrap_err();
        assert_eq!(code_of(&error), "bad_record");
        let other = HelpAnswer {
            admin: user,
            ..answers[0].clone()
        };
        answers.insert(0, other);
        assert!(machine.take_help(&answers).await.unwrap());
        assert!(machine.profile().await.is_none());
        world.set_password(&machine, SECOND).await.unwrap();
        ben.is_whole(&machine).await;
        assert!(works(&world, SECOND).await && !works(&world, FIRST).await);
        let events = ben.machine.recovery_events().await.unwrap();
        assert_eq!(events.last().unwrap().kind, DeviceKind::Organisation);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_who_change_are_renewed() {
    let world = World::new().await;
    let ben = Ben::new(&world).await;
    let (group, admins) = ward(&world, &ben, &["anna", "carla"]).await;
    let user = ben.machine.profile().await.unwrap().user;
    let carla = admins[1].profile().await.unwrap().user;
    let error = ben.machine.set_organisation(group, 3).await.unwrap_err();
    assert_eq!(code_of(&error), "invalid");
    assert!(!ben.machine.renew_organisation().await.unwrap());
    ben.machine.set_organisation(group, 1).await.unwrap();
    let works = (MethodState::Works, None);
    assert_eq!(ben.state(DeviceKind::Organisation).await, works);
    assert!(!ben.machine.renew_organisation().await.unwrap());

    admins[0]
        .remove_members(group, &[carla.into()])
        .await
        .unwrap();
    let changed = (MethodState::Outdated, Some("administrators_changed"));
    assert_eq!(ben.state(DeviceKind::Organisation).await, changed);
    assert!(ben.machine.renew_organisation().await.unwrap());
    assert_eq!(ben.state(DeviceKind::Organisation).await, works);
    let machine = world.machine(&Disk::default()).await;
    let request = machine.begin_recovery("ben").await.unwrap();
    let error = admins[1].answer_help(user, &request.client_key).await;
    assert_eq!(code_of(&error.unwrap_err()), "not_authorised");
    // Two of one are too many.
    let error = ben.machine.set_organisation(group, 2).await.unwrap_err();
    assert_eq!(code_of(&error), "invalid");

    admins[0]
        .remove_members(group, &[user.into()])
        .await
        .unwrap();
    let left = (MethodState::Outdated, Some("group_left"));
    assert_eq!(ben.state(DeviceKind::Organisation).await, left);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drill_finds_what_would_not_work() {
    let mut world = World::new().await;
    let ben = Ben::new(&world).await;
    ben.machine.create_recovery_code().await.unwrap();
    ben.machine.add_passkey(&[1; 32]).await.unwrap();
    let application = Application::set(&ben, 0).await;
    let checks = ben.machine.check_recovery().await.unwrap();
    let mut kinds: Vec<_> = checks.iter().map(|check| check.kind).collect();
    kinds.sort_unstable();
    let all = [
        DeviceKind::Password,
        DeviceKind::Code,
        DeviceKind::Passkey,
        DeviceKind::TwoMan,
    ];
    assert_eq!(kinds, all);
    assert!(checks.iter().all(|check| check.state == MethodState::Works));

    // Retired records were deleted; what was cut off before that is deleted by the drill.
    world.vault.once("ask_vault", Fault::Refuse);
    ben.machine.create_recovery_code().await.unwrap();
    let before = world.vault.seen("ask_vault");
    ben.machine.check_recovery().await.unwrap();
    assert_eq!(world.vault.seen("ask_vault"), before + 2);
    ben.machine.check_recovery().await.unwrap();
    assert_eq!(world.vault.seen("ask_vault"), before + 3);

    // Wrong codes lock the way by mail.
    let machine = world.machine(&Disk::default()).await;
    'locked: loop {
        world.pass(5 * HOUR);
        let _ = application.begin(&world, &ben, &machine).await;
        for _ in 0..3 {
            let refused = machine
                .finish_mail_recovery("00000000", &application.share)
                .await;
            match code_of(&refused.unwrap_err()) {
                "code_refused" | "code_expired" => {}
                "recovery_locked" => break 'locked,
                other => panic!("{other}"),
            }
        }
        if ben.state(DeviceKind::TwoMan).await.0 != MethodState::Works {
            break;
        }
    }
    let locked = (MethodState::Outdated, Some("locked"));
    assert_eq!(ben.state(DeviceKind::TwoMan).await, locked);

    // A vault that does not answer is not one that lost something.
    world.vault.on("ask_vault", Fault::Refuse);
    let unknown = (MethodState::Unknown, Some("interrupted"));
    assert_eq!(ben.state(DeviceKind::Code).await, unknown);
    world.vault.clear();

    // One that was emptied is.
    world.servers.stop_vault();
    for file in ["vault.db", "vault.db-wal", "vault.db-shm"] {
        let _ = std::fs::remove_file(world.servers.folder().join(file));
    }
    world.servers.start_vault();
    let missing = (MethodState::Missing, Some("record_missing"));
    for kind in all {
        assert_eq!(ben.state(kind).await, missing, "{kind:?}");
    }
}

/// Somebody who is kept for the day changes ways back in after giving the password once more, whose
/// name nobody has to know.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_needs_the_password_once_more_for_ways_back_in() {
    let world = World::new().await;
    let ben = Ben::new(&world).await;
    ben.machine.add_passkey(&[1; 32]).await.unwrap();
    let disk = Disk::default();
    let machine = world.machine(&disk).await;
    world.unlock(&machine, "ben", FIRST).await.unwrap();
    let early = step_up(&machine, FIRST, world.rng()).await;
    assert_eq!(early.unwrap_err().code(), "no_identity");
    machine.keep_for_the_day().await.unwrap();
    drop(machine);

    let machine = world.machine(&disk).await;
    let error = machine.create_recovery_code().await.unwrap_err();
    assert_eq!(code_of(&error), "password_needed");
    let checks = machine.check_recovery().await.unwrap();
    assert_eq!(checks.len(), 2);
    for check in checks {
        assert_eq!(check.state, MethodState::Unknown);
        assert_eq!(check.reason, Some("password_needed"));
    }
    let wrong = step_up(&machine, SECOND, world.rng()).await;
    assert_eq!(wrong.unwrap_err().code(), "wrong_password");
    step_up(&machine, FIRST, world.rng()).await.unwrap();
    machine.create_recovery_code().await.unwrap();
    machine.step_down().await;
    let error = machine.create_recovery_code().await.unwrap_err();
    assert_eq!(code_of(&error), "password_needed");
    // A passkey does as well, and then the password can be changed.
    machine.unlock_by_passkey(&[1; 32]).await.unwrap();
    world.set_password(&machine, SECOND).await.unwrap();
    machine.step_down().await;
    step_up(&machine, SECOND, world.rng()).await.unwrap();
    ben.is_whole(&machine).await;
    // Somebody else's password is none.
    let (anna, _) = world.person("anna").await;
    world.set_password(&anna, FIRST).await.unwrap();
    let other = world.unlock(&machine, "anna", FIRST).await;
    assert_eq!(other.unwrap_err().code(), "identity_exists");
}
