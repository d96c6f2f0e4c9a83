//! A town for tests: servers, facilities, people with machines and browsers.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, Once,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use transfer_mail_catcher::Mailbox;
use transfer_server::{
    App, Id, Random, Stop, admin,
    config::{ServeArguments, assemble},
    serve,
};
use wardseal_client::{
    Client, Config, MemoryStore, Rights, Role,
    crypto::aead::DefaultAes,
    object::read_prelude,
    protocol::object::Metadata,
    types::{GroupId, MemberId, SessionId},
};
use wardseal_client_http::HttpTransport;
use wardseal_e2e::theft::{Notes, Noting};
use wardseal_tenant::{Assigned, EscrowSecret, NameRequest, RootKey, TokenKey, found_with};
use wardseal_testkit::{ServerOptions, Servers, secret, seeded};
use wardseal_types::{Clock, ManualClock, TenantId, Timestamp};

pub(crate) use crate::browser::Browser;

/// A Thursday morning, when everybody is at work.
pub(crate) const MORNING: Timestamp = Timestamp::from_seconds(1_779_955_200);

pub(crate) const MINUTE: u64 = 60_000;

static SEEDS: AtomicU64 = AtomicU64::new(1);

pub(crate) fn seed() -> u64 {
    SEEDS.fetch_add(1, Ordering::Relaxed)
}

pub(crate) type Machine = Client<Noting<HttpTransport>, MemoryStore>;

/// Everything.
pub(crate) struct Site {
    pub(crate) servers: Servers,
    pub(crate) tenant: TenantId,
    pub(crate) token_key: TokenKey,
    /// Of the transfer server and of machines.
    pub(crate) clock: Arc<ManualClock>,
    /// What machines drew and sent.
    pub(crate) notes: Notes,
    _folder: tempfile::TempDir,
    pub(crate) mailbox: Mailbox,
    smtp_port: u16,
    catching: tokio::task::JoinHandle<()>,
    pub(crate) app: Arc<App>,
    pub(crate) url: String,
    arguments: ServeArguments,
    stop: Stop,
    serving: tokio::task::JoinHandle<()>,
}

/// A facility and its first administrator.
pub(crate) struct Facility {
    pub(crate) group: GroupId,
    pub(crate) admin: Person,
}

/// Somebody with a machine and a browser.
pub(crate) struct Person {
    pub(crate) machine: Machine,
    pub(crate) browser: Browser,
}

impl Person {
    pub(crate) async fn member(&self) -> MemberId {
        self.machine.profile().await.unwrap().user.into()
    }
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::at(MORNING).await
    }

    pub(crate) async fn at(time: Timestamp) -> Self {
        listen_to_the_log();
        let servers = Servers::start(ServerOptions {
            time,
            ..ServerOptions::default()
        });
        let clock = Arc::new(ManualClock::new(time));
        let notes = Notes::default();
        let token_key = TokenKey::from_seed(&secret(&mut seeded(seed())));
        let mut rng = seeded(seed());
        let root = RootKey::generate(&mut rng).unwrap();
        let nobody = machine(&servers, &clock, &notes, TenantId::from_bytes([0; 32])).await;
        let log_key = nobody.server().await.unwrap().log_key.unwrap();
        let escrow = EscrowSecret::generate(Assigned::Refused, &mut rng).unwrap();
        let (tenant, genesis) =
            found_with(&root, &token_key, Some(&escrow), log_key, time, &mut rng).unwrap();
        let operator = machine(&servers, &clock, &notes, tenant).await;
        operator.register_tenant(genesis.bytes()).await.unwrap();

        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("tenant");
        std::fs::create_dir(&made).unwrap();
        std::fs::write(made.join("token.key"), token_key.seed().expose()).unwrap();
        std::fs::write(made.join("escrow.key"), escrow.to_bytes().expose()).unwrap();
        std::fs::write(made.join("tenant.toml"), format!("tenant = \"{tenant}\"\n")).unwrap();
        let data = folder.path().join("data");
        admin::init(&data, &made).unwrap();

        let smtp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp_port = smtp.local_addr().unwrap().port();
        let mailbox = Mailbox::default();
        let catching = tokio::spawn(transfer_mail_catcher::receive(smtp, mailbox.clone()));

        let page = folder.path().join("web");
        std::fs::create_dir_all(page.join("assets")).unwrap();
        std::fs::write(
            page.join("index.html"),
            "<!doctype html><title>page</title>",
        )
        .unwrap();
        std::fs::write(page.join("assets/main-1a2b.js"), "export {}").unwrap();
        std::fs::write(page.join("assets/main-1a2b.js.br"), "compressed").unwrap();

        let arguments = ServeArguments {
            data,
            blobs: None,
            s3_endpoint: None,
            s3_region: None,
            s3_path_style: false,
            listen: "127.0.0.1:0".parse().unwrap(),
            url: None,
            keys: servers.keys_url(),
            keys_audience: None,
            vault: servers.vault_url(),
            web: Some(page),
            smtp: Some(format!("smtp://127.0.0.1:{smtp_port}")),
            mail_from: "Transfer <noreply@transfer.example>".into(),
            vault_audience: None,
            demo: None,
        };
        let (app, url, stop, serving) = start(&arguments, &clock).await;
        Self {
            servers,
            tenant,
            token_key,
            clock,
            notes,
            _folder: folder,
            mailbox,
            smtp_port,
            catching,
            app,
            url,
            arguments,
            stop,
            serving,
        }
    }

    /// Stops the transfer server in order and starts it again, at the same address.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.arguments.listen = self.url.strip_prefix("http://").unwrap().parse().unwrap();
        let (app, url, stop, serving) = start(&self.arguments, &self.clock).await;
        (self.app, self.url, self.stop, self.serving) = (app, url, stop, serving);
    }

    /// The mail server is gone.
    pub(crate) async fn stop_mail(&mut self) {
        self.catching.abort();
        let _ = (&mut self.catching).await;
    }

    /// The mail server is back.
    pub(crate) async fn start_mail(&mut self) {
        let smtp = TcpListener::bind(("127.0.0.1", self.smtp_port))
            .await
            .unwrap();
        self.catching = tokio::spawn(transfer_mail_catcher::receive(smtp, self.mailbox.clone()));
    }

    /// Stops the transfer server in order.
    pub(crate) async fn stop(&mut self) {
        self.stop.stop();
        (&mut self.serving).await.unwrap();
    }

    /// How the transfer server is started.
    #[cfg(target_os = "linux")]
    pub(crate) fn arguments(&self) -> &ServeArguments {
        &self.arguments
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.arguments.data.clone()
    }

    /// Moves all clocks.
    pub(crate) fn pass(&self, millis: u64) {
        self.clock.advance(millis);
        self.servers.clock.advance(millis);
    }

    pub(crate) fn id(&self) -> Id {
        Id::draw(self.clock.now(), &mut seeded(seed()))
    }

    pub(crate) async fn machine(&self) -> Machine {
        machine(&self.servers, &self.clock, &self.notes, self.tenant).await
    }

    /// Somebody who is signed in, on a machine that knows it: it can leave shares here.
    pub(crate) async fn armed(&self, person: Person, name: &str) -> Person {
        let rng = || seeded(seed());
        let password = "vier blaue Hunde tanzen";
        wardseal_client_password::set_password(&person.machine, password, &[], rng())
            .await
            .unwrap();
        let cookie = person.browser.cookie.lock().unwrap().clone().unwrap();
        let (_, bearer) = cookie.split_once('=').unwrap();
        let tenant = Some((self.url.as_str(), bearer));
        let machine =
            machine_at(&self.servers, &self.clock, &self.notes, self.tenant, tenant).await;
        wardseal_client_password::unlock(&machine, name, password, rng())
            .await
            .unwrap();
        Person { machine, ..person }
    }

    /// Somebody who has a machine and no session yet.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let machine = self.machine().await;
        let sign_up = machine.begin_sign_up(name).await.unwrap();
        let request = NameRequest {
            user: sign_up.user,
            commitment: sign_up.commitment,
            index: sign_up.index,
        };
        let token = self
            .token_key
            .bind(self.tenant, request, self.clock.now(), &mut seeded(seed()))
            .unwrap();
        machine.finish_sign_up(&token).await.unwrap();
        Person {
            machine,
            browser: Browser::new(&self.url),
        }
    }

    /// Somebody who signed up with an invitation, as people do, and is signed in.
    pub(crate) async fn invited(&self, name: &str) -> Person {
        let store = admin::open(&self.data()).unwrap();
        let random = Random::new(seeded(seed()));
        let code = admin::invite(&store, name, None, self.clock.now(), &random).unwrap();
        let (person, answer) = self.sign_up(&code, name).await;
        assert_eq!(answer.unwrap()["old"], Value::Null);
        self.sign_in(&person).await;
        person
    }

    /// Signs somebody up with an invitation; not further than the refusal.
    pub(crate) async fn sign_up(
        &self,
        invitation: &str,
        name: &str,
    ) -> (Person, Result<Value, Value>) {
        let machine = self.machine().await;
        let begun = machine.begin_sign_up(name).await.unwrap();
        let browser = Browser::new(&self.url);
        let asked = json!({
            "invitation": invitation, "name": name, "user": begun.user,
            "commitment": begun.commitment, "index": begun.index, "language": "fr",
        });
        let (status, answer) = browser.post("/api/sign-up", &asked).await;
        let answer = if status == 200 {
            let token = answer["token"].as_str().unwrap();
            machine.finish_sign_up(token).await.unwrap();
            Ok(answer)
        } else {
            Err(answer)
        };
        (Person { machine, browser }, answer)
    }

    /// The newest letter to an address, once there are so many.
    pub(crate) async fn letter_to(&self, address: &str, count: usize) -> String {
        for _ in 0..200 {
            self.app.post().await.unwrap();
            let mails = self.mailbox.mails();
            let mut theirs: Vec<_> = mails
                .into_iter()
                .filter(|mail| mail.to == [address])
                .collect();
            theirs.sort_by_key(|mail| mail.number);
            if theirs.len() >= count {
                let mail = theirs.pop().unwrap();
                return format!("{}\n{}", mail.subject, mail.text);
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{address} gets no letter");
    }

    /// Somebody who is signed in.
    pub(crate) async fn signed_in(&self, name: &str) -> Person {
        let person = self.person(name).await;
        self.sign_in(&person).await;
        person
    }

    pub(crate) async fn sign_in(&self, person: &Person) {
        let (status, answer) = self.try_sign_in(person).await;
        assert_eq!(status, 200, "{answer}");
    }

    pub(crate) async fn try_sign_in(&self, person: &Person) -> (u16, Value) {
        let (status, challenge) = person
            .browser
            .post("/api/session/challenge", &json!({}))
            .await;
        assert_eq!(status, 200);
        let proof = person
            .machine
            .prove(&self.url, challenge["challenge"].as_str().unwrap())
            .await
            .unwrap();
        person
            .browser
            .post("/api/session", &json!({ "proof": proof }))
            .await
    }

    /// A facility of this name, with somebody signed in who administers it.
    pub(crate) async fn facility(&self, name: &str) -> Facility {
        let admin = self.signed_in(&format!("{name}-{}", seed())).await;
        let group = admin.machine.create_group(name, &[]).await.unwrap();
        self.register(group, name);
        Facility { group, admin }
    }

    pub(crate) fn register(&self, group: GroupId, name: &str) {
        let entry = json!({
            "group": group, "name": name, "country": "DE", "city": "Kehl", "postcode": "77694",
            "families": ["REHAB", "NURSING"], "capabilities": ["oxygen"], "languages": ["de"],
            "phone": "+49 7851 0", "latitude": 48.57, "longitude": 7.81,
            "hours": {"zone": "Europe/Berlin", "week": vec![vec![("08:00", "18:00")]; 7]},
            "notificationAddress": format!("{}@example.org", name.to_lowercase().replace(' ', ".")), "language": "de",
        });
        let facilities = admin::facilities(&entry.to_string()).unwrap();
        let store = admin::open(&self.data()).unwrap();
        admin::register(&store, &facilities, self.clock.now()).unwrap();
    }

    /// Somebody signed in who works at a facility.
    pub(crate) async fn colleague(&self, facility: &Facility, name: &str) -> Person {
        let person = self.signed_in(name).await;
        facility
            .admin
            .machine
            .add_member(
                facility.group,
                person.member().await,
                Role::Member,
                wardseal_client::Visibility::Full,
            )
            .await
            .unwrap();
        self.pass(transfer_server::FRESH + 1);
        person
    }

    /// Opens a case with content sealed for the sender.
    pub(crate) async fn case(&self, sender: &Facility) -> Case {
        self.case_with(sender, b"working copy").await
    }

    pub(crate) async fn case_with(&self, sender: &Facility, content: &[u8]) -> Case {
        let machine = &sender.admin.machine;
        let manage = [(sender.group.into(), Rights::MANAGE)];
        let session = machine.create_session(&manage, None, None).await.unwrap();
        let documents = machine.create_session(&manage, None, None).await.unwrap();
        let sealed = self
            .sealed(&sender.admin, sender.group, session, content)
            .await;
        let id = self.id();
        let (status, record) = sender
            .admin
            .browser
            .post(
                "/api/cases",
                &json!({
                    "id": id, "facility": sender.group, "urgency": "planned", "family": "REHAB",
                    "ready": true, "consent": true, "session": session,
                    "documentsSession": documents, "sealed": sealed,
                }),
            )
            .await;
        assert_eq!(status, 200, "{record}");
        Case {
            id,
            documents,
            record,
        }
    }

    /// Seals something and uploads it.
    pub(crate) async fn sealed(
        &self,
        person: &Person,
        facility: GroupId,
        session: SessionId,
        content: &[u8],
    ) -> Id {
        let id = self.id();
        let object = seal(&person.machine, session, content).await;
        person.browser.put(id, facility, object).await;
        id
    }

    /// Some bytes as a blob, where it does not matter what they are.
    pub(crate) async fn blob(&self, person: &Person, facility: GroupId) -> Id {
        let id = self.id();
        person.browser.put(id, facility, b"sealed".to_vec()).await;
        id
    }

    /// What a request to a receiver is sent with.
    pub(crate) async fn asking(
        &self,
        sender: &Facility,
        receiver: GroupId,
        content: &[u8],
    ) -> Value {
        let session = sender
            .admin
            .machine
            .create_session(
                &[
                    (sender.group.into(), Rights::MANAGE),
                    (receiver.into(), Rights::READ),
                ],
                None,
                None,
            )
            .await
            .unwrap();
        let sealed = self
            .sealed(&sender.admin, sender.group, session, content)
            .await;
        json!({ "id": self.id(), "to": receiver, "session": session, "sealed": sealed })
    }

    /// Sends a case to these facilities. The requests, in their order.
    pub(crate) async fn send(
        &self,
        sender: &Facility,
        case: &mut Case,
        to: &[&Facility],
    ) -> Vec<String> {
        let mut requests = Vec::new();
        for facility in to {
            requests.push(self.asking(sender, facility.group, b"stage 1").await);
        }
        let ids = requests
            .iter()
            .map(|request| request["id"].as_str().unwrap().to_owned())
            .collect();
        let body = json!({ "version": case.version(), "requests": requests });
        let (status, record) = sender
            .admin
            .browser
            .post(&format!("/api/cases/{}/send", case.id), &body)
            .await;
        assert_eq!(status, 200, "{record}");
        case.record = record;
        ids
    }

    /// Makes a move that must succeed. The request afterwards.
    pub(crate) async fn moves(&self, facility: &Facility, request: &str, to: &str) -> Value {
        let browser = &facility.admin.browser;
        let (status, record) = browser.get(&format!("/api/requests/{request}")).await;
        assert_eq!(status, 200, "{record}");
        let mut body = json!({ "version": record["version"], "to": to });
        if matches!(
            to,
            "offered" | "declined" | "info_needed" | "offer_withdrawn"
        ) {
            body["sealed"] = json!(self.blob(&facility.admin, facility.group).await);
        }
        if matches!(to, "declined" | "offer_withdrawn") {
            body["reasonGroups"] = json!(["cap"]);
        }
        if to == "cancelled" {
            body["reasonGroups"] = json!(["snd"]);
        }
        let (status, answer) = browser
            .post(&format!("/api/requests/{request}/move"), &body)
            .await;
        assert_eq!(status, 200, "{to}: {answer}");
        answer
    }

    /// Discloses something to the facility of a request.
    pub(crate) async fn disclose(&self, sender: &Facility, request: &str) -> (u16, Value) {
        let browser = &sender.admin.browser;
        let (_, record) = browser.get(&format!("/api/requests/{request}")).await;
        let session = SessionId::from_bytes([u8::try_from(seed() % 251).unwrap(); 32]);
        let sealed = self.blob(&sender.admin, sender.group).await;
        let body = json!({ "version": record["version"], "session": session, "sealed": sealed });
        browser
            .post(&format!("/api/requests/{request}/disclose"), &body)
            .await
    }

    /// Chooses an offer.
    pub(crate) async fn choose(
        &self,
        sender: &Facility,
        case: &Case,
        request: &str,
    ) -> (u16, Value) {
        let path = format!("/api/cases/{}", case.id);
        let (_, record) = sender.admin.browser.get(&path).await;
        let body = json!({ "version": record["version"], "request": request });
        sender
            .admin
            .browser
            .post(&format!("{path}/choose"), &body)
            .await
    }

    /// A case as its sender sees it.
    pub(crate) async fn read_case(&self, sender: &Facility, case: &Case) -> Value {
        let path = format!("/api/cases/{}", case.id);
        let (status, record) = sender.admin.browser.get(&path).await;
        assert_eq!(status, 200, "{record}");
        record
    }
}

/// A case in a test.
pub(crate) struct Case {
    pub(crate) id: Id,
    pub(crate) documents: SessionId,
    pub(crate) record: Value,
}

impl Case {
    pub(crate) fn version(&self) -> u64 {
        self.record["version"].as_u64().unwrap()
    }
}

async fn start(
    arguments: &ServeArguments,
    clock: &Arc<ManualClock>,
) -> (Arc<App>, String, Stop, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind(arguments.listen).await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Stop::new();
    let clock: Arc<ManualClock> = Arc::clone(clock);
    let random = Random::new(seeded(seed()));
    let app = assemble(arguments, address, clock, random, stop.clone()).unwrap();
    let serving = tokio::spawn(serve(listener, Arc::clone(&app)));
    (app, format!("http://{address}"), stop, serving)
}

async fn machine(
    servers: &Servers,
    clock: &Arc<ManualClock>,
    notes: &Notes,
    tenant: TenantId,
) -> Machine {
    machine_at(servers, clock, notes, tenant, None).await
}

async fn machine_at(
    servers: &Servers,
    clock: &Arc<ManualClock>,
    notes: &Notes,
    tenant: TenantId,
    server: Option<(&str, &str)>,
) -> Machine {
    let address = |url: String| Some(url.parse().unwrap());
    let mut transport =
        HttpTransport::new(address(servers.keys_url()), address(servers.vault_url())).unwrap();
    if let Some((url, bearer)) = server {
        transport = transport
            .with_tenant(url.parse().unwrap(), Some(bearer.to_owned()))
            .unwrap();
    }
    let clock: Arc<ManualClock> = Arc::clone(clock);
    Client::open(
        Config::new(tenant),
        notes.transport(transport),
        MemoryStore::default(),
        secret(&mut seeded(8)),
        clock,
        Box::new(notes.drawn.source(seed())),
    )
    .await
    .unwrap()
}

pub(crate) async fn seal(machine: &Machine, session: SessionId, content: &[u8]) -> Vec<u8> {
    seal_named(machine, session, content, "record.json").await
}

pub(crate) async fn seal_named(
    machine: &Machine,
    session: SessionId,
    content: &[u8],
    name: &str,
) -> Vec<u8> {
    let metadata = Metadata {
        name: Some(name.into()),
        media_type: None,
        content_len: u64::try_from(content.len()).ok(),
    };
    let sealing = machine.sealing(session, &metadata).await.unwrap();
    sealing.seal::<DefaultAes>(content).unwrap()
}

/// The content of an object, or nothing when it does not open.
pub(crate) async fn unseal(machine: &Machine, object: &[u8]) -> Option<Vec<u8>> {
    let prelude = read_prelude(object).unwrap();
    let opening = machine.opening(prelude.header()).await.ok()?;
    Some(opening.open::<DefaultAes>(object).ok()?.0)
}

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Writer;

impl std::io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Everything that all crates in this process write down, at the level that says most.
fn listen_to_the_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(|| Writer)
            .init();
    });
}

/// What was written down so far.
pub(crate) fn log() -> Vec<u8> {
    LOG.lock().unwrap().clone()
}
