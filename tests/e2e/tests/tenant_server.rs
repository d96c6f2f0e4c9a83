//! The examples of an application's server, each against real servers: a name at sign-up, and the
//! application's half of the two-man rule.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a broken fixture must stop the test where it broke, and what is skipped is said"
)]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::SystemTime,
};

use serde_json::{Value, json};
use wardseal_client::{Client, Config, MailSettings, types::FixedBytes};
use wardseal_client_http::HttpTransport;
use wardseal_client_password::{set_password, unlock};
use wardseal_e2e::{Disk, ask, program};
use wardseal_protocol::vault::Language;
use wardseal_tenant::{RootKey, TokenKey, found};
use wardseal_testkit::{ServerOptions, Servers, secret, seeded};
use wardseal_types::{Base64Url, TenantId, Timestamp, UserId};

type Machine = Client<HttpTransport, Disk>;

const ADDRESS: &str = "anna@hospital.example";
const OLD: &str = "winter lanterns over Strasbourg 1907";
const NEW: &str = "spring lanterns over Strasbourg 1908";

/// An example that runs; ended when dropped.
struct Example {
    child: Child,
    address: String,
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Example {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap();
        Self {
            address: address.to_owned(),
            child,
        }
    }

    fn ask(&self, method: &str, path: &str, session: &str, body: &Value) -> Option<Value> {
        ask(&self.address, method, path, session, body)
    }

    fn start_recovery(&self, name: &str, client_key: &[u8]) -> Option<Value> {
        let key = Base64Url::from(client_key).to_text();
        let body = json!({ "name": name, "clientKey": key });
        self.ask("POST", "/recovery/start", "", &body)
    }
}

struct World {
    servers: Servers,
    tenant: TenantId,
    token: TokenKey,
    folder: tempfile::TempDir,
}

impl World {
    #[expect(
        clippy::disallowed_methods,
        reason = "the examples read the machine's clock, so the servers must have the same"
    )]
    async fn new() -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let servers = Servers::start(ServerOptions {
            time: Timestamp::from_seconds(now.unwrap().as_secs()),
            ..ServerOptions::default()
        });
        let (root, token) = (
            RootKey::generate(&mut seeded(1)).unwrap(),
            TokenKey::generate(&mut seeded(2)).unwrap(),
        );
        let log_key: [u8; 1984] = Servers::log_key().public().to_bytes().try_into().unwrap();
        let (tenant, genesis) =
            found(&root, &token, log_key.into(), servers.now(), &mut seeded(3)).unwrap();
        let world = Self {
            servers,
            tenant,
            token,
            folder: tempfile::tempdir().unwrap(),
        };
        let operator = world.machine(4).await;
        operator.register_tenant(genesis.bytes()).await.unwrap();
        fs::write(
            world.folder.path().join("token.key"),
            world.token.seed().expose(),
        )
        .unwrap();
        world
    }

    async fn machine(&self, seed: u64) -> Machine {
        let transport = HttpTransport::new(
            Some(self.servers.keys_url().parse().unwrap()),
            Some(self.servers.vault_url().parse().unwrap()),
        );
        Client::open(
            Config::new(self.tenant),
            transport.unwrap(),
            Disk::default(),
            secret(&mut seeded(seed)),
            Arc::<wardseal_types::ManualClock>::clone(&self.servers.clock),
            Box::new(seeded(seed)),
        )
        .await
        .unwrap()
    }

    fn example(&self, mut command: Command) -> Example {
        command
            .env("TENANT", self.tenant.to_string())
            .env("TOKEN_KID", self.token.id().to_string())
            .env("TOKEN_KEY", self.folder.path().join("token.key"))
            .env("VAULT_URL", self.servers.vault_url())
            .env("SESSIONS", "anna-is-here=anna,bob-is-here=bob")
            .env("OUTBOX", self.outbox());
        Example::start(command)
    }

    fn outbox(&self) -> PathBuf {
        self.folder.path().join("outbox")
    }
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap()
}

fn bytes(value: &Value, member: &str) -> [u8; 32] {
    let bytes = Base64Url::from_text(text(value, member)).unwrap();
    bytes.as_slice().try_into().unwrap()
}

async fn story(command: Command) {
    let world = World::new().await;
    let example = world.example(command);

    // Sign-up: the name is the login's.
    let anna = world.machine(10).await;
    let wanted = anna.begin_sign_up("anna").await.unwrap();
    let body =
        json!({ "user": wanted.user, "commitment": wanted.commitment, "index": wanted.index });
    for stranger in ["", "nobody-is-here", "bob-is-here"] {
        assert_eq!(example.ask("POST", "/sign-up", stranger, &body), None);
    }
    let token = example
        .ask("POST", "/sign-up", "anna-is-here", &body)
        .unwrap();
    anna.finish_sign_up(text(&token, "token")).await.unwrap();
    set_password(&anna, OLD, &[], seeded(11)).await.unwrap();

    // The two-man rule is set: the share lies at the application before the chain says so.
    let settings = MailSettings {
        address: ADDRESS,
        delay: 0,
        language: Language::English,
    };
    let prepared = anna.prepare_mail(settings).await.unwrap();
    let share = Base64Url::from(prepared.share().expose().as_slice()).to_text();
    let body = json!({ "user": wanted.user, "record": prepared.record(), "share": share, "address": ADDRESS });
    assert_eq!(example.ask("PUT", "/recovery/share", "", &body), None);
    example
        .ask("PUT", "/recovery/share", "anna-is-here", &body)
        .unwrap();
    anna.adopt_mail(prepared).await.unwrap();

    // The password is forgotten.
    let page = world.machine(12).await;
    let under_way = page.begin_recovery("anna").await.unwrap();
    let started = example
        .start_recovery("anna", &under_way.client_key)
        .unwrap();
    assert_eq!(text(&started, "tag"), under_way.tag);
    let user: UserId = text(&started, "user").parse().unwrap();
    assert_eq!(user, wanted.user);
    drop(world.servers.mailbox.take());
    page.start_mail_recovery(
        text(&started, "token"),
        user,
        FixedBytes(bytes(&started, "record")),
    )
    .await
    .unwrap();
    let vaults_code = world.servers.mailbox.code_for(ADDRESS);
    let letters = fs::read_to_string(world.outbox()).unwrap();
    let letter = letters.lines().last().unwrap();
    assert!(letter.starts_with(&format!("{ADDRESS}: ")) && letter.contains(&under_way.tag));
    let own_code = letter.rsplit(' ').next().unwrap();
    let finish = |code: &str| {
        let body = json!({ "attempt": text(&started, "attempt"), "code": code });
        example.ask("POST", "/recovery/finish", "", &body)
    };
    let wrong = if own_code == "00000000" {
        "11111111"
    } else {
        "00000000"
    };
    assert_eq!(finish(wrong), None);
    let finished = finish(own_code).unwrap();
    assert_eq!(finish(own_code), None, "a code is good once");
    let progress = page
        .finish_mail_recovery(&vaults_code, &bytes(&finished, "share"))
        .await
        .unwrap();
    assert!(progress.released);
    set_password(&page, NEW, &[], seeded(13)).await.unwrap();
    let elsewhere = world.machine(14).await;
    let profile = unlock(&elsewhere, "anna", NEW, seeded(15)).await.unwrap();
    assert_eq!(profile.user, wanted.user);

    // Three tries: the right code comes too late.
    let second = example
        .start_recovery("anna", &under_way.client_key)
        .unwrap();
    let letters = fs::read_to_string(world.outbox()).unwrap();
    let right = letters.trim_end().rsplit(' ').next().unwrap();
    let wrong = if right == "00000000" {
        "11111111"
    } else {
        "00000000"
    };
    for code in [wrong, wrong, wrong, right] {
        let body = json!({ "attempt": text(&second, "attempt"), "code": code });
        assert_eq!(example.ask("POST", "/recovery/finish", "", &body), None);
    }

    // Somebody without a share: the same answer, no letter. And five tokens a day, for anybody.
    for name in ["nobody", "anna"] {
        let mut answers = Vec::new();
        while let Some(answer) = example.start_recovery(name, &under_way.client_key) {
            assert!(answers.len() < 5, "tokens without end");
            answers.push(answer);
        }
        assert_eq!(answers.len(), if name == "anna" { 3 } else { 5 });
        for answer in &answers {
            assert_eq!(answer["user"], answers[0]["user"]);
            assert_eq!(answer["record"], answers[0]["record"]);
            let shape = |answer: &Value| {
                let members = answer.as_object().unwrap().iter();
                members
                    .map(|(name, value)| (name.clone(), value.as_str().unwrap().len()))
                    .collect::<Vec<_>>()
            };
            assert_eq!(shape(answer), shape(&started));
        }
    }
    let after = fs::read_to_string(world.outbox()).unwrap();
    assert_eq!(after.lines().count(), 5, "letters for anna only");
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/tenant-server")
}

/// Whether a program runs and has what the example needs; says so loudly if not.
fn there(command: &str, arguments: &[&str]) -> bool {
    let answer = Command::new(command)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let there = answer.is_ok_and(|status| status.success());
    if !there {
        eprintln!(
            "SKIPPED: {command} {} does not run here",
            arguments.join(" ")
        );
    }
    there
}

#[tokio::test(flavor = "multi_thread")]
async fn in_rust() {
    story(Command::new(program("tenant-server"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_node() {
    if there("node", &["--version"]) {
        let mut command = Command::new("node");
        command.arg(folder().join("node/server.mjs"));
        story(command).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::disallowed_methods,
    reason = "which Python has the package is for the surroundings to say"
)]
async fn in_python() {
    let python = std::env::var("WARDSEAL_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    if there(&python, &["-c", "import cryptography"]) {
        let mut command = Command::new(python);
        command.arg(folder().join("python/server.py"));
        story(command).await;
    }
}
