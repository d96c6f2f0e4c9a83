//! The platform under the real client, without sockets and threads.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng as _;
use serde_json::json;
use wardseal_client::{
    Client, Config, Error, MemoryStore, Misuse, Rights, Transport, TransportError, WatchPosition,
    api::{Method, Role},
    crypto::{aead::DefaultAes, secret::Secret},
    exchange::{HttpRequest, HttpResponse},
    object::read_prelude,
    protocol::object::Metadata,
    types::{ChainId, Clock, ManualClock, MemberId, SessionId, Timestamp, UserId},
};
use wardseal_client_password::{PasswordError, set_password, unlock};
use wardseal_server_api::{Outcome, Request};
use wardseal_wasm_testing::{Platform, SignError, problem};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const PASSWORD: &str = "seven wet otters juggle at dawn";

/// Hands requests over; asks again, when somebody else had a turn, until there is an answer. Keeps the
/// last beginning of a login, to be repeated.
#[derive(Clone)]
struct Direct(Arc<Platform>, Arc<Mutex<Vec<u8>>>);

const LOGIN: &str = "/v1/vault/logins/start";

const fn post<'r>(path: &'r str, body: &'r [u8]) -> Request<'r> {
    Request {
        method: "POST",
        path,
        authorization: None,
        content_type: Some("application/json"),
        body,
    }
}

fn status(platform: &Platform, role: Role, request: Request<'_>, caller: Option<UserId>) -> u16 {
    match platform.answer(role, request, caller, false) {
        Outcome::Answered(answer) => answer.status,
        Outcome::Waits => 0,
    }
}

impl Transport for Direct {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        if request.path == LOGIN {
            *self.1.lock().unwrap() = request.body.clone();
        }
        let authorization = request.bearer.map(|token| format!("Bearer {token}"));
        loop {
            let asked = Request {
                method,
                path: request.path,
                authorization: authorization.as_deref(),
                content_type: Some("application/json"),
                body: &request.body,
            };
            if let Outcome::Answered(answer) = self.0.answer(request.role, asked, None, false) {
                return Ok(HttpResponse {
                    status: answer.status,
                    body: answer.body,
                });
            }
            tokio::task::yield_now().await;
        }
    }
}

type Machine = Client<Direct, MemoryStore>;

fn rng() -> ChaCha20Rng {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    ChaCha20Rng::seed_from_u64(NEXT.fetch_add(1, Ordering::Relaxed).into())
}

async fn machine(platform: &Arc<Platform>) -> Machine {
    machine_over(Direct(Arc::clone(platform), Arc::default())).await
}

async fn machine_over(direct: Direct) -> Machine {
    let platform = Arc::clone(&direct.0);
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(platform.now()));
    let opened = Client::open(
        Config::new(platform.tenant()),
        direct,
        MemoryStore::default(),
        Secret::generate(&mut rng()).unwrap(),
        clock,
        Box::new(rng()),
    );
    opened.await.unwrap()
}

async fn person(platform: &Arc<Platform>, name: &str) -> (Machine, MemberId) {
    let machine = machine(platform).await;
    let asked = machine.begin_sign_up(name).await.unwrap();
    let request = json!({
        "tenant": platform.tenant(),
        "user": asked.user,
        "name": asked.name,
        "commitment": asked.commitment,
        "index": asked.index,
    });
    let token = platform.sign(&request.to_string()).unwrap();
    let user = machine.finish_sign_up(&token).await.unwrap();
    (machine, user.into())
}

async fn seal(machine: &Machine, session: SessionId, text: &str) -> Vec<u8> {
    let metadata = Metadata {
        name: None,
        media_type: None,
        content_len: Some(u64::try_from(text.len()).unwrap()),
    };
    let sealing = machine.sealing(session, &metadata).await.unwrap();
    sealing.seal::<DefaultAes>(text.as_bytes()).unwrap()
}

async fn open(machine: &Machine, object: &[u8]) -> Result<String, Error> {
    let prelude = read_prelude(object).unwrap();
    let opening = machine.opening(prelude.header()).await?;
    let (content, _) = opening.open::<DefaultAes>(object).unwrap();
    Ok(String::from_utf8(content).unwrap())
}

fn platform() -> Arc<Platform> {
    Arc::new(Platform::new(NOW, Some(7)).unwrap())
}

#[tokio::test]
async fn what_is_sealed_is_opened_by_whom_it_is_for() {
    let platform = platform();
    let (anna, me) = person(&platform, "anna").await;
    let (emil, him) = person(&platform, "emil").await;
    let (dora, _) = person(&platform, "dora").await;
    let rights = [(me, Rights::MANAGE), (him, Rights::READ)];
    let session = anna.create_session(&rights, None, None).await.unwrap();
    let sealed = seal(&anna, session, "a record").await;
    assert_eq!(open(&emil, &sealed).await.unwrap(), "a record");
    assert!(matches!(
        open(&dora, &sealed).await,
        Err(Error::Misuse(Misuse::NoAccess(_)))
    ));
}

#[tokio::test]
async fn who_waits_for_news_hears_what_others_write() {
    let platform = platform();
    let (anna, me) = person(&platform, "anna").await;
    let (emil, him) = person(&platform, "emil").await;
    let mut position = WatchPosition::default();
    emil.watch(&mut position).await.unwrap();
    let before = platform.growth();
    let (heard, session) = tokio::join!(emil.watch(&mut position), async {
        let rights = [(me, Rights::MANAGE), (him, Rights::READ)];
        anna.create_session(&rights, None, None).await.unwrap()
    });
    assert!(platform.growth() > before);
    assert_eq!(heard.unwrap(), [ChainId::Session(session)]);
}

#[tokio::test]
async fn a_password_opens_what_it_sealed_and_is_not_tried_too_often() {
    let platform = platform();
    let (anna, me) = person(&platform, "anna").await;
    set_password(&anna, PASSWORD, &["anna"], rng())
        .await
        .unwrap();
    let logins = Arc::<Mutex<Vec<u8>>>::default();
    let elsewhere = machine_over(Direct(Arc::clone(&platform), Arc::clone(&logins))).await;
    let profile = unlock(&elsewhere, "anna", PASSWORD, rng()).await.unwrap();
    assert_eq!(MemberId::from(profile.user), me);
    // Whoever begins a login and does not end it has tried a password.
    let begun = logins.lock().unwrap().clone();
    let begin = || status(&platform, Role::Vault, post(LOGIN, &begun), None);
    while begin() == 200 {}
    assert_eq!(begin(), 429);
    let elsewhere = machine(&platform).await;
    let refused = unlock(&elsewhere, "anna", PASSWORD, rng()).await;
    assert!(
        matches!(&refused, Err(PasswordError::Client(Error::Rejected(_)))),
        "{refused:?}"
    );
    platform.advance(24 * 3_600_000).unwrap();
    assert_eq!(begin(), 200);
}

#[tokio::test]
async fn the_tenant_signs_what_the_request_is_for() {
    let platform = platform();
    let asked = machine(&platform)
        .await
        .begin_sign_up("anna")
        .await
        .unwrap();
    let request = |tenant: String, name: &str| {
        let request = json!({
            "tenant": tenant,
            "user": asked.user,
            "name": name,
            "commitment": asked.commitment,
            "index": asked.index,
        });
        platform.sign(&request.to_string())
    };
    let tenant = platform.tenant().to_string();
    assert!(request(tenant.clone(), "anna").is_ok());
    assert!(matches!(request(tenant, "emil"), Err(SignError::OtherName)));
    let other = Platform::new(NOW, Some(8)).unwrap().tenant().to_string();
    assert!(matches!(
        request(other, "anna"),
        Err(SignError::OtherTenant(_))
    ));
    assert!(matches!(platform.sign("{}"), Err(SignError::Malformed)));
}

#[test]
fn a_seed_makes_the_same_platform_and_none_another_each_time() {
    let tenant = |seed| Platform::new(NOW, seed).unwrap().tenant();
    assert_eq!(tenant(Some(1)), tenant(Some(1)));
    assert_ne!(tenant(Some(1)), tenant(Some(2)));
    assert_ne!(tenant(None), tenant(None));
}

#[test]
fn the_application_answers_only_callers_that_it_knows() {
    let platform = platform();
    let caller = Some(UserId::from_bytes([1; 32]));
    for (path, caller, expected) in [
        ("/v1/escrow/release", None, 401),
        ("/v1/escrow/release", caller, 400),
        ("/v1/escrow/other", caller, 404),
    ] {
        let found = status(&platform, Role::Tenant, post(path, b"{}"), caller);
        assert_eq!(found, expected, "{path}");
    }
}

#[test]
fn a_problem_is_written_as_servers_write_it() {
    let answer = problem("unavailable", Some(7)).unwrap();
    assert_eq!((answer.status, answer.retry_after), (503, Some(7)));
    assert!(
        String::from_utf8(answer.body)
            .unwrap()
            .contains("unavailable")
    );
    assert!(problem("no_such_code", None).is_none());
}
