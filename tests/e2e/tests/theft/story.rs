//! The story, and the three thefts.
//!
//! The application here is the example, whose escrow desk is the test's. The application that
//! Wardseal Transfer has is thieved by its own tests.

use std::{
    collections::HashSet,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::SystemTime,
};

use serde_json::json;
use tokio::net::TcpListener;
use transfer_mail_catcher::{Mailbox, receive};
use wardseal_client::{
    CachePolicy, Client, Config, MailSettings, MemoryStore, PendingGrant, Rights, Role,
    Transport as _,
    api::{
        keys::{Append, AppendRequest},
        vault::StoreRecordRequest,
    },
    crypto::{aead::DefaultAes, kdf, kem::KemSecretKey, label, secret::Secret},
    exchange,
    protocol::{
        escrow::{Deposit, Place, Policy},
        fold,
        object::Metadata,
        state::{ChainState, States},
        vault::{Access, Language},
    },
    types::{
        Base64Url, Clock as _, FixedBytes, ManualClock, MemberId, TenantId, Timestamp, UserId,
    },
};
use wardseal_client_core::recovery::{open_identity, two_man_key};
use wardseal_client_http::HttpTransport;
use wardseal_client_password::{recover_by_code, set_password, unlock};
use wardseal_e2e::{
    ask, program,
    theft::{
        Notes, Places, Process, Secrets, files, no_code_in_files, no_seed, nothing_of, there,
        tried, windows,
    },
};
use wardseal_protocol::keys::Assigned;
use wardseal_tenant::{
    EscrowDesk, EscrowSecret, RootKey, SharesInMemory, TokenKey, add_key, found,
};
use wardseal_testkit::{secret, seeded};

use crate::network::{Network, lock};

const FIRST: &str = "canary lanterns over Strasbourg 1907";
const SECOND: &str = "canary lanterns over Freiburg 1908";
const TEXT: &str = "canary plaintext: Mrs Lefebvre leaves on Tuesday";
const ADDRESS: &str = "canary-person@hospital.example";

type Machine = Client<Network, MemoryStore>;

struct World {
    keys: Process,
    vault: Process,
    application: Process,
    folder: tempfile::TempDir,
    tenant: TenantId,
    root: RootKey,
    token: TokenKey,
    genesis: Vec<u8>,
    clock: Arc<ManualClock>,
    notes: Notes,
    mailbox: Mailbox,
    desk: Arc<Mutex<Option<(EscrowDesk, SharesInMemory)>>>,
}

impl World {
    #[expect(
        clippy::disallowed_methods,
        reason = "the programs read the machine's clock, so the clients must have the same"
    )]
    async fn new() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = Timestamp::from_seconds(since.unwrap().as_secs());
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp = format!("smtp://{}", listener.local_addr().unwrap());
        tokio::spawn(receive(listener, mailbox.clone()));
        let keys = Process::serve("keys", &folder.path().join("keys"), None);
        let vault = Process::serve("vault", &folder.path().join("vault"), Some(&smtp));
        let (root, token) = (
            RootKey::generate(&mut seeded(1)).unwrap(),
            TokenKey::generate(&mut seeded(2)).unwrap(),
        );
        let application = folder.path().join("application");
        std::fs::create_dir(&application).unwrap();
        std::fs::write(application.join("token.key"), token.seed().expose()).unwrap();
        let transport = HttpTransport::new(Some(keys.url.parse().unwrap()), None).unwrap();
        let asked = exchange::request::<wardseal_client::api::keys::GetServer>(&(), None);
        let server = transport.send(asked).await.unwrap();
        let server = exchange::response::<wardseal_client::api::keys::GetServer>(&server).unwrap();
        let log_key = server.log_key.unwrap();
        let (tenant, genesis) = found(&root, &token, log_key, now, &mut seeded(3)).unwrap();
        let example = Process::start(
            Command::new(program("tenant-server"))
                .env("TENANT", tenant.to_string())
                .env("TOKEN_KEY", application.join("token.key"))
                .env("VAULT_URL", &vault.url)
                .env(
                    "SESSIONS",
                    "anna-is-here=anna,ben-is-here=ben,carla-is-here=carla",
                )
                .env("OUTBOX", application.join("outbox")),
            Stdio::null(),
        );
        let world = Self {
            keys,
            vault,
            application: example,
            folder,
            tenant,
            root,
            token,
            genesis: genesis.bytes().to_vec(),
            clock: Arc::new(ManualClock::new(now)),
            notes: Notes::default(),
            mailbox,
            desk: Arc::default(),
        };
        let operator = world.machine(4).await;
        operator.register_tenant(&world.genesis).await.unwrap();
        world
    }

    async fn machine(&self, seed: u64) -> Machine {
        let http = HttpTransport::new(
            Some(self.keys.url.parse().unwrap()),
            Some(self.vault.url.parse().unwrap()),
        );
        let network = Network {
            http: http.unwrap(),
            sent: self.notes.sent.clone(),
            desk: Arc::clone(&self.desk),
            now: self.clock.now(),
            caller: UserId::from_bytes([0; 32]),
        };
        let mut config = Config::new(self.tenant);
        config.cache = CachePolicy::Persistent { ttl: 600_000 };
        let clock: Arc<ManualClock> = Arc::clone(&self.clock);
        Client::open(
            config,
            network,
            MemoryStore::default(),
            secret(&mut seeded(seed)),
            clock,
            Box::new(self.notes.drawn.source(seed)),
        )
        .await
        .unwrap()
    }

    async fn person(&self, name: &str, seed: u64) -> (Machine, UserId) {
        let machine = self.machine(seed).await;
        let asked = machine.begin_sign_up(name).await.unwrap();
        let body =
            json!({ "user": asked.user, "commitment": asked.commitment, "index": asked.index });
        let session = format!("{name}-is-here");
        let token = ask(&self.application.url, "POST", "/sign-up", &session, &body).unwrap();
        machine
            .finish_sign_up(token["token"].as_str().unwrap())
            .await
            .unwrap();
        (machine, asked.user)
    }

    /// The tenant takes part in escrow from now on.
    async fn open_desk(&self) -> Secret<32> {
        let seed = secret(&mut seeded(5));
        let key = || EscrowSecret::from_seed(&seed, Assigned::Refused).unwrap();
        let genesis = wardseal_protocol::statement::Statement::decode(&self.genesis).unwrap();
        let state = fold::apply(None, &genesis, 0, &States::default()).unwrap();
        let ChainState::Tenant(state) = state else {
            panic!("a genesis of a tenant");
        };
        let said = add_key(&state, &self.root, key().public(), self.clock.now()).unwrap();
        let request = AppendRequest {
            tenant: self.tenant,
            statements: vec![said.bytes().into()],
            boxes: Vec::new(),
            log_size: 0,
            salt: None,
        };
        let transport = HttpTransport::new(Some(self.keys.url.parse().unwrap()), None).unwrap();
        let request = exchange::request::<Append>(&request, self.notes.sent.bearer());
        let answer = transport.send(request).await.unwrap();
        exchange::response::<Append>(&answer).unwrap();
        let token = TokenKey::from_seed(&self.token.seed());
        let desk = EscrowDesk::new(self.tenant, token, [key()]);
        *lock(&self.desk) = Some((desk, SharesInMemory::default()));
        seed
    }

    fn stolen(&self, process: &Process, folder: &str) -> Places {
        let mut places = process.memory();
        places.extend(files(&self.folder.path().join(folder)));
        places
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_all_of_one_server_opens_nothing() {
    let world = World::new().await;
    let (anna, anna_user) = world.person("anna", 10).await;
    let (ben, ben_user) = world.person("ben", 20).await;

    // A group, a session, content.
    let admins: [(MemberId, Role); 2] = [
        (anna_user.into(), Role::Admin),
        (ben_user.into(), Role::Admin),
    ];
    let group = anna
        .create_group("canary group name", &admins)
        .await
        .unwrap();
    let grants = [
        (anna_user.into(), Rights::MANAGE),
        (group.into(), Rights::READ),
    ];
    let session = anna
        .create_session(&grants, None, Some(b"canary session metadata"))
        .await
        .unwrap();
    let metadata = Metadata {
        name: Some("canary-file-name.pdf".into()),
        ..Metadata::default()
    };
    let sealing = anna.sealing(session, &metadata).await.unwrap();
    let object = sealing.seal::<DefaultAes>(TEXT.as_bytes()).unwrap();
    let prelude = wardseal_client::object::read_prelude(object.as_slice()).unwrap();
    let opening = ben.opening(prelude.header()).await.unwrap();
    let (content, _) = opening.open::<DefaultAes>(&object).unwrap();
    assert_eq!(content, TEXT.as_bytes());

    // Every way back in, set and used.
    set_password(&anna, FIRST, &[], seeded(30)).await.unwrap();
    let other = world.machine(31).await;
    unlock(&other, "anna", FIRST, seeded(32)).await.unwrap();
    let code = anna.create_recovery_code().await.unwrap();
    let prf = [0x5a, 0xc3].repeat(16).try_into().unwrap();
    anna.add_passkey(&prf).await.unwrap();
    let settings = MailSettings {
        address: ADDRESS,
        delay: 0,
        language: Language::English,
    };
    let prepared = anna.prepare_mail(settings).await.unwrap();
    let tenant_share = *prepared.share().expose();
    let two_man_record = *prepared.record();
    let body = json!({
        "user": anna_user,
        "record": two_man_record,
        "share": FixedBytes(tenant_share),
        "address": ADDRESS,
    });
    let kept = ask(
        &world.application.url,
        "PUT",
        "/recovery/share",
        "anna-is-here",
        &body,
    );
    kept.unwrap();
    anna.adopt_mail(prepared).await.unwrap();
    anna.set_organisation(group, 1).await.unwrap();
    let lost = world.machine(33).await;
    recover_by_code(&lost, "anna", &code, SECOND, &[], seeded(34))
        .await
        .unwrap();
    let under_way = world.machine(35).await;
    let asked = under_way.begin_recovery("anna").await.unwrap();
    let key = Base64Url::from(asked.client_key.as_slice()).to_text();
    let body = json!({ "name": "anna", "clientKey": key });
    let started = ask(&world.application.url, "POST", "/recovery/start", "", &body).unwrap();
    let token = started["token"].as_str().unwrap();
    under_way
        .start_mail_recovery(token, anna_user, two_man_record)
        .await
        .unwrap();
    let letters = world.mailbox.wait_for(1).await;
    assert_eq!(letters[0].to, [ADDRESS]);
    let vault_code = code_in(&letters[0].text);

    // Something lies in escrow.
    let desk_seed = world.open_desk().await;
    let grant = PendingGrant {
        name: "canary-newcomer".into(),
        policy: Policy::Verified,
        rights: Rights::READ,
        expires: world.clock.now().plus_millis(86_400_000),
        group: None,
        address: Some("canary-newcomer@hospital.example".into()),
        code: None,
        language: None,
    };
    let manages = [(ben_user.into(), Rights::MANAGE)];
    ben.create_session_pending(&manages, &[grant], None, None)
        .await
        .unwrap();

    // What people have.
    let mut secrets = world.notes.secrets();
    let kind = |what: &str| secrets.keys().filter(|name| name.starts_with(what)).count();
    // Devices: two machines, two passwords, code, passkey, mail, organisation. Rings: two people
    // (one of whom recovered), a group, two sessions.
    for what in ["signature key", "second signature key", "decryption key"] {
        assert_eq!(kind(what), 8, "{what}");
    }
    assert_eq!(kind("seed"), 6);
    for word in [
        FIRST,
        SECOND,
        TEXT,
        "canary group name",
        "canary session metadata",
        "canary-file-name.pdf",
    ] {
        secrets.insert(word.to_owned(), word.as_bytes().to_vec());
    }
    secrets.insert("the code as it is written".into(), code.as_bytes().to_vec());
    secrets.insert("the passkey's secret".into(), prf.to_vec());

    let records = world.notes.sent.records();
    let vault_share = records
        .iter()
        .find_map(
            |record| match Access::from_bytes(record.access.as_slice()).unwrap() {
                Access::TwoMan(access) => Some(*access.share.as_array()),
                _ => None,
            },
        )
        .unwrap();
    let deposits = world.notes.sent.deposits(world.tenant);
    let [(place, deposit)] = &deposits[..] else {
        panic!("one deposit");
    };
    let desk_key = EscrowSecret::from_seed(&desk_seed, Assigned::Refused).unwrap();
    drop(desk_key);
    let kept = lock(&world.desk)
        .as_ref()
        .map(|(_, store)| store.clone())
        .unwrap();
    let kept_share = kept.iter().next().unwrap().sealed.clone().unwrap();
    let desk_kem = KemSecretKey::from_seed(&desk_seed).unwrap();
    let escrow_tenant = place
        .open_tenant_share(&desk_kem, kept_share.as_slice())
        .unwrap();

    let two_man = TwoMan {
        user: anna_user,
        record: two_man_record,
        tenant_share,
        vault_share,
    };
    theft_of_the_vault(
        &world,
        &secrets,
        &records,
        &two_man,
        &vault_code,
        place,
        deposit,
    );
    let escrow_keys = theft_of_the_key_server(
        &world,
        &secrets,
        place,
        deposit,
        &escrow_tenant,
        [tenant_share, vault_share],
    );
    theft_of_the_application(&world, &secrets, tenant_share, vault_share, &escrow_keys);

    // Both shares together do open, so the trials above would have seen it.
    let key = place.combine(&escrow_tenant, &escrow_keys, None);
    assert!(place.open_seed(&key, deposit).is_ok());
}

/// Anna's way back in by mail.
struct TwoMan {
    user: UserId,
    record: FixedBytes<32>,
    tenant_share: [u8; 32],
    vault_share: [u8; 32],
}

/// The code in a letter.
fn code_in(letter: &str) -> String {
    let digits = |line: &str| {
        let digits: String = line.chars().filter(|char| *char != ' ').collect();
        (digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
    };
    letter.lines().map(str::trim).find_map(digits).unwrap()
}

fn theft_of_the_vault(
    world: &World,
    secrets: &Secrets,
    records: &[StoreRecordRequest],
    two_man: &TwoMan,
    code: &str,
    place: &Place,
    deposit: &Deposit,
) {
    let TwoMan {
        user,
        record: two_man,
        tenant_share,
        vault_share,
    } = *two_man;
    let places = world.stolen(&world.vault, "vault");
    let held = no_code_in_files("the vault's code", code, &places);
    eprintln!("vault: its memory holds the code {held} times, its files never");
    there("its own share", &vault_share, &places);
    there("its own secret", &places["file vault.secret"], &places);
    let mut secrets = secrets.clone();
    secrets.insert("the tenant's share".into(), tenant_share.to_vec());
    nothing_of(&secrets, &places);

    // Everything sealed that it keeps, and every 32 bytes that it has.
    let windows = windows(&places);
    assert!(windows.contains(&vault_share));
    eprintln!(
        "vault: {} windows, {} records",
        windows.len(),
        records.len()
    );
    assert!(
        records.len() >= 5,
        "password, code, passkey, two-man, organisation"
    );
    let kept = Secret::from_bytes(vault_share);
    let tenant = &world.tenant;
    let opening = tried(&windows, |window| {
        records.iter().any(|record| {
            let sealed = record.sealed.as_slice();
            open_identity(window, tenant, &record.record, sealed).is_ok()
                || (record.record == two_man && {
                    let key = two_man_key(tenant, &user, &two_man, window, &kept);
                    open_identity(&key, tenant, &two_man, sealed).is_ok()
                })
        }) || place.open_seed(window, deposit).is_ok()
    });
    assert!(opening.is_empty());
    no_seed(&world.notes.sent, &windows);
    let of_two = records
        .iter()
        .find(|record| record.record == two_man)
        .unwrap();
    let right = HashSet::from([tenant_share]);
    let opening = tried(&right, |window| {
        let key = two_man_key(tenant, &user, &two_man, window, &kept);
        open_identity(&key, tenant, &two_man, of_two.sealed.as_slice()).is_ok()
    });
    assert_eq!(opening, [tenant_share], "the trial is a trial");
}

fn theft_of_the_key_server(
    world: &World,
    secrets: &Secrets,
    place: &Place,
    deposit: &Deposit,
    escrow_tenant: &Secret<32>,
    shares: [[u8; 32]; 2],
) -> Secret<32> {
    let places = world.stolen(&world.keys, "keys");
    let file = &places["file keys.secret"];
    // Magic; log key (two seeds), MAC key, OPRF key; eight bytes that check them.
    let own: Vec<[u8; 32]> = file[file.len() - 8 - 128..file.len() - 8]
        .chunks(32)
        .map(|part| part.try_into().unwrap())
        .collect();
    there("its own OPRF key", &own[3], &places);
    let mut secrets = secrets.clone();
    for (what, share) in ["the tenant's share of an account", "the vault's share"]
        .into_iter()
        .zip(shares)
    {
        secrets.insert(what.into(), share.to_vec());
    }
    secrets.insert(
        "the tenant's share of a deposit".into(),
        escrow_tenant.expose().to_vec(),
    );
    nothing_of(&secrets, &places);

    // Its own share of the deposit it can open, with its own key; the seed it cannot.
    let escrow = kdf::derive(&Secret::from_bytes(own[2]), label::ESCROW_SERVER, &[]);
    let escrow = KemSecretKey::from_seed(&escrow).unwrap();
    let sealed = deposit.server.as_ref().unwrap();
    let share = place.open_server_share(&escrow, sealed.as_slice()).unwrap();
    let windows = windows(&places);
    eprintln!("key server: {} windows", windows.len());
    let opening = tried(&windows, |window| {
        place.open_seed(window, deposit).is_ok()
            || place
                .open_seed(&place.combine(window, &share.share, None), deposit)
                .is_ok()
    });
    assert!(opening.is_empty());
    no_seed(&world.notes.sent, &windows);
    share.share
}

fn theft_of_the_application(
    world: &World,
    secrets: &Secrets,
    tenant_share: [u8; 32],
    vault_share: [u8; 32],
    escrow_keys: &Secret<32>,
) {
    let places = world.stolen(&world.application, "application");
    there("its own share", &tenant_share, &places);
    there("its token key", world.token.seed().expose(), &places);
    let mut secrets = secrets.clone();
    secrets.insert("the vault's share".into(), vault_share.to_vec());
    secrets.insert(
        "the key server's share".into(),
        escrow_keys.expose().to_vec(),
    );
    nothing_of(&secrets, &places);
    no_seed(&world.notes.sent, &windows(&places));
}
