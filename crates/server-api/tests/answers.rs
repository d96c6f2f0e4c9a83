//! A key server in memory, asked on the caller's turn.

#![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use serde_json::{Value, json};
use wardseal_api::{PROBLEM_MEDIA_TYPE, Problem, ProblemCode};
use wardseal_server_api::{About, Answer, Api, Outcome, Request};
use wardseal_server_domain::{
    KeyServerSecrets, RandomSource,
    keys::{KeyServerConfig, KeyService, Writing},
    post::NoPost,
    tenants::TenantPolicy,
};
use wardseal_server_memory::MemoryStore;
use wardseal_testkit::{Town, seeded};
use wardseal_types::{Base64Url, Clock, ManualClock, limits};

const JSON: Option<&str> = Some("application/json");

fn server() -> (Api, Town) {
    let secrets = KeyServerSecrets::generate(&mut seeded(1)).unwrap();
    let town = Town::logged_by(2, secrets.log_key());
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(town.now));
    let config = KeyServerConfig {
        audience: "https://keys.example".into(),
        tenants: TenantPolicy::Open,
        escrow: false,
        post: Arc::new(NoPost),
        cached_chains: 64,
        writing: Writing::Caller,
    };
    let store = Arc::new(MemoryStore::new());
    let random = RandomSource::new(seeded(3));
    let service = KeyService::start(store, secrets, Arc::clone(&clock), random, config).unwrap();
    let api = Api::new(About {
        audience: "https://keys.example".into(),
        clock,
        keys: Some(Arc::new(service)),
        vault: None,
    });
    (api, town)
}

const fn request<'r>(method: &'r str, path: &'r str, body: &'r [u8]) -> Request<'r> {
    Request {
        method,
        path,
        authorization: None,
        content_type: JSON,
        body,
    }
}

fn answer(api: &Api, request: Request<'_>) -> Answer {
    let Outcome::Answered(answer) = api.answer(request, false) else {
        panic!("{} waits", request.path);
    };
    answer
}

fn problem(api: &Api, request: Request<'_>) -> Problem {
    let answer = answer(api, request);
    let problem: Problem = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer.content_type, PROBLEM_MEDIA_TYPE);
    assert_eq!(
        (answer.status, answer.retry_after),
        (problem.status, problem.retry_after)
    );
    problem
}

#[test]
fn what_is_written_can_be_read() {
    let (api, town) = server();
    let growth = api.growth().unwrap();
    let about = answer(&api, request("GET", "/v1/server", b""));
    let about: Value = serde_json::from_slice(&about.body).unwrap();
    assert_eq!(
        (&about["keys"], &about["vault"]),
        (&json!(true), &json!(false))
    );
    let genesis = Base64Url::from(town.log[0].bytes().to_vec());
    let body = json!({ "statement": genesis }).to_string();
    for _ in 0..2 {
        let written = answer(&api, request("POST", "/v1/tenants/create", body.as_bytes()));
        assert_eq!(
            (written.status, written.content_type),
            (200, "application/json")
        );
    }
    assert!(growth.has_changed().unwrap());
    let body = json!({ "tenant": town.tenant, "log_size": 0 }).to_string();
    let read = answer(&api, request("POST", "/v1/tenants/get", body.as_bytes()));
    let read: Value = serde_json::from_slice(&read.body).unwrap();
    assert_eq!(read["chains"][0]["entries"][0]["statement"], json!(genesis));
}

#[test]
fn an_address_of_nothing_says_what_there_is() {
    let (api, _) = server();
    for (method, path, said) in [
        ("GET", "/v1/nothing", "OpenAPI"),
        ("POST", "/v1/server", "GET"),
        ("GET", "/v1/chains/fetch", "POST"),
        ("POST", "/v1/vault/logins/start", "a vault answers this"),
    ] {
        let problem = problem(&api, request(method, path, b"{}"));
        assert_eq!(problem.code, ProblemCode::NoSuchRoute, "{path}");
        assert!(problem.detail.unwrap().contains(said), "{path}");
    }
}

#[test]
fn a_body_is_json_and_not_too_long() {
    let (api, _) = server();
    let asked = |content_type, body| Request {
        content_type,
        ..request("POST", "/v1/tenants/get", body)
    };
    let good = json!({ "tenant": "ten_", "log_size": 0 }).to_string();
    for (content_type, body) in [
        (None, good.as_bytes()),
        (Some("text/plain"), good.as_bytes()),
        (JSON, good.as_bytes()),
        (JSON, b"{"),
        (JSON, b""),
    ] {
        let problem = problem(&api, asked(content_type, body));
        assert_eq!(problem.code, ProblemCode::MalformedRequest);
    }
    let long = vec![b' '; limits::MAX_BODY + 1];
    let problem = problem(&api, asked(Some("application/json; charset=utf-8"), &long));
    assert_eq!(problem.code, ProblemCode::RequestTooLarge);
}

#[test]
fn who_shows_no_token_is_asked_to_sign_in() {
    let (api, town) = server();
    let body = json!({ "tenant": town.tenant, "chains": [], "log_size": 0 }).to_string();
    for path in ["/v1/chains/fetch", "/v1/changes/watch"] {
        for authorization in [
            None,
            Some(""),
            Some("Basic abc"),
            Some("Bearer "),
            Some("Bearer"),
        ] {
            let asked = Request {
                authorization,
                ..request("POST", path, body.as_bytes())
            };
            assert_eq!(problem(&api, asked).code, ProblemCode::SignInRequired);
        }
    }
    let asked = Request {
        authorization: Some("Bearer of nobody"),
        ..request("POST", "/v1/chains/fetch", body.as_bytes())
    };
    assert_eq!(problem(&api, asked).code, ProblemCode::SignInRequired);
}
