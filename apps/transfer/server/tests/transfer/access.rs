//! Who may ask for what: every address refuses whoever it is not for.

use reqwest::Method;
use serde_json::{Value, json};
use wardseal_client::types::{FixedBytes, GroupId, SessionId, UserId};

use crate::site::{Browser, Site};

/// Every address that needs a session, with a body that would be understood.
fn addresses(group: GroupId, id: &str) -> Vec<(Method, String, Value)> {
    let session = SessionId::from_bytes([3; 32]);
    let get = |path: String| (Method::GET, path, Value::Null);
    let post = |path: String, body: Value| (Method::POST, path, body);
    vec![
        get("/api/session".into()),
        get(format!("/api/people?facility={group}")),
        get(format!("/api/cases?facility={group}")),
        get(format!("/api/cases/{id}")),
        get(format!("/api/requests?facility={group}")),
        get(format!("/api/requests/{id}")),
        get(format!("/api/revocations?facility={group}")),
        get(format!("/api/blobs/{id}")),
        get("/api/events".into()),
        (Method::HEAD, format!("/api/blobs/{id}"), Value::Null),
        (Method::PATCH, format!("/api/blobs/{id}"), Value::Null),
        (
            Method::PUT,
            format!("/api/blobs/{id}?facility={group}"),
            json!("x"),
        ),
        (
            Method::DELETE,
            format!("/api/cases/{id}/documents/{id}?version=1"),
            Value::Null,
        ),
        post(
            "/api/cases".into(),
            json!({ "id": id, "facility": group, "urgency": "planned", "family": "REHAB", "ready": true,
                "consent": true, "session": session, "documentsSession": session, "sealed": id }),
        ),
        post(format!("/api/cases/{id}/update"), json!({ "version": 1 })),
        post(
            format!("/api/cases/{id}/send"),
            json!({ "version": 1, "requests": [] }),
        ),
        post(
            format!("/api/cases/{id}/choose"),
            json!({ "version": 1, "request": id }),
        ),
        post(
            format!("/api/cases/{id}/documents"),
            json!({ "version": 1, "blob": id }),
        ),
        post(
            format!("/api/requests/{id}/move"),
            json!({ "version": 1, "to": "viewed" }),
        ),
        post(
            format!("/api/requests/{id}/disclose"),
            json!({ "version": 1, "session": session, "sealed": id }),
        ),
        post(format!("/api/revocations/{id}/done"), json!({})),
        post(
            "/api/blobs".into(),
            json!({ "id": id, "size": 1, "facility": group }),
        ),
        post("/api/blobs/fetch".into(), json!({ "ids": [id] })),
    ]
}

/// Every address that needs a session and tells or changes what is the caller's own.
fn own(group: GroupId, id: &str) -> Vec<(Method, String, Value)> {
    let record = FixedBytes([4; 32]);
    let get = |path: &str| (Method::GET, path.to_owned(), Value::Null);
    let post = |path: String, body: Value| (Method::POST, path, body);
    let put = |path: &str, body: Value| (Method::PUT, path.to_owned(), body);
    let user = UserId::from_bytes([5; 32]);
    let release = json!({ "release": "AAAA", "blob": "AAAA" });
    vec![
        get("/api/recovery/share"),
        get("/api/recovery/help"),
        get(&format!("/api/people/restarts?facility={group}")),
        put(
            "/api/account",
            json!({ "address": "a@b.example", "language": "fr" }),
        ),
        put(
            "/api/recovery/share",
            json!({ "record": record, "share": record, "address": "a@b.example", "language": "fr" }),
        ),
        (
            Method::DELETE,
            format!("/api/recovery/share?record={}", "A".repeat(43)),
            Value::Null,
        ),
        post(format!("/api/recovery/help/{id}/release"), release),
        post(format!("/api/recovery/help/{id}/decline"), json!({})),
        post(
            format!("/api/people/{user}/restart"),
            json!({ "facility": group }),
        ),
        post(
            "/api/facilities/bind".into(),
            json!({ "identifier": "ik:1", "group": group, "commitment": record, "index": record }),
        ),
        post(
            "/api/facilities/register".into(),
            json!({ "identifier": "ik:1", "group": group }),
        ),
        post(
            "/api/requests/delivered".into(),
            json!({ "facility": group, "requests": [id] }),
        ),
    ]
}

async fn ask(browser: &Browser, (method, path, body): &(Method, String, Value)) -> (u16, Value) {
    let request = browser.request(method.clone(), path);
    let request = match body {
        Value::Null => request,
        body => request.json(body),
    };
    browser.send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_anything() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let case = site.case(&roch).await;
    let forged = Browser::new(&site.url);
    let cookie = format!("__Host-wardseal-transfer={}", "A".repeat(43));
    *forged.cookie.lock().unwrap() = Some(cookie);
    let id = case.id.to_string();
    let all = addresses(roch.group, &id)
        .into_iter()
        .chain(own(roch.group, &id));
    for address in all {
        for browser in [&Browser::new(&site.url), &forged] {
            let (status, problem) = ask(browser, &address).await;
            assert_eq!(status, 401, "{address:?}");
            if address.0 != Method::HEAD {
                assert_eq!(problem["code"], "sign_in_required", "{address:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_refused_and_learns_not_even_what_exists() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    let stranger = site.facility("Stranger").await;
    let mut case = site.case(&roch).await;
    let requests = site.send(&roch, &mut case, &[&park]).await;
    let sealed = case.record["requests"][0]["sealed"].as_str().unwrap();
    for id in [
        &case.id.to_string(),
        &requests[0],
        sealed,
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    ] {
        for address in addresses(roch.group, id) {
            if address.1 == "/api/events" {
                // It never ends; what it tells to whom has a test of its own.
                continue;
            }
            let (status, problem) = ask(&stranger.admin.browser, &address).await;
            match address.1.as_str() {
                "/api/session" => assert_eq!(status, 200),
                "/api/blobs/fetch" => assert_eq!(problem, json!({ "blobs": {} })),
                path if path.contains("facility=") => assert_eq!(status, 403, "{address:?}"),
                "/api/cases" | "/api/blobs" => assert_eq!(status, 403, "{address:?}"),
                _ => assert_eq!(status, 404, "{address:?} {problem}"),
            }
        }
    }
    // What a stranger was refused has changed nothing.
    assert_eq!(site.read_case(&roch, &case).await, case.record);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_side_has_its_own_moves_and_the_receiver_has_no_case() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    let mut case = site.case(&roch).await;
    let requests = site.send(&roch, &mut case, &[&park]).await;
    let request = &requests[0];
    let path = format!("/api/requests/{request}/move");
    // The sender may not view, and not even the receiver may choose, disclose or send.
    let (status, problem) = roch
        .admin
        .browser
        .post(&path, &json!({ "version": 1, "to": "viewed" }))
        .await;
    assert_eq!((status, &problem["code"]), (422, &json!("move_refused")));
    for to in [
        "chosen",
        "disclosed",
        "sent",
        "cancelled",
        "expired",
        "not_selected",
    ] {
        let body = json!({ "version": 1, "to": to, "reasonGroups": ["snd"] });
        let (status, _) = park.admin.browser.post(&path, &body).await;
        assert_eq!(status, 422, "{to}");
    }
    site.moves(&park, request, "viewed").await;
    site.moves(&park, request, "interested").await;
    let (_, record) = park
        .admin
        .browser
        .get(&format!("/api/requests/{request}"))
        .await;
    let sealed = site.blob(&park.admin, park.group).await;
    let body = json!({ "version": record["version"], "session": SessionId::from_bytes([9; 32]), "sealed": sealed });
    let (status, _) = park
        .admin
        .browser
        .post(&format!("/api/requests/{request}/disclose"), &body)
        .await;
    assert_eq!(status, 422);
    let (status, _) = park
        .admin
        .browser
        .get(&format!("/api/cases/{}", case.id))
        .await;
    assert_eq!(status, 404);
    let (status, _) = park
        .admin
        .browser
        .post(
            &format!("/api/cases/{}/choose", case.id),
            &json!({ "version": case.version(), "request": request }),
        )
        .await;
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decline_closes_the_record_and_a_reconsideration_does_not_open_it() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    let mut case = site.case(&roch).await;
    let requests = site.send(&roch, &mut case, &[&park]).await;
    let request = &requests[0];
    site.moves(&park, request, "viewed").await;
    site.moves(&park, request, "interested").await;
    let (status, disclosed) = site.disclose(&roch, request).await;
    assert_eq!(status, 200, "{disclosed}");
    let stage1 = disclosed["sealed"].as_str().unwrap();
    let stage2 = disclosed["disclosure"]["sealed"].as_str().unwrap();
    assert!(park.admin.browser.blob(stage2).await.is_ok());
    let declined = site.moves(&park, request, "declined").await;
    assert_eq!(declined["disclosure"], Value::Null);
    assert_eq!(declined["reasonGroups"], json!(["cap"]));
    assert_eq!(park.admin.browser.blob(stage2).await, Err(404));
    assert!(park.admin.browser.blob(stage1).await.is_ok());
    let record = site.read_case(&roch, &case).await;
    assert_eq!(record["revocations"].as_array().unwrap().len(), 1);
    assert_eq!(
        record["revocations"][0]["session"],
        disclosed["disclosure"]["session"]
    );
    site.moves(&park, request, "in_review").await;
    assert_eq!(park.admin.browser.blob(stage2).await, Err(404));
    site.moves(&park, request, "interested").await;
    // The session that was revoked does not come back; another may.
    let (_, now) = roch
        .admin
        .browser
        .get(&format!("/api/requests/{request}"))
        .await;
    let again = json!({ "version": now["version"], "session": disclosed["disclosure"]["session"],
        "sealed": site.blob(&roch.admin, roch.group).await });
    let (status, problem) = roch
        .admin
        .browser
        .post(&format!("/api/requests/{request}/disclose"), &again)
        .await;
    assert_eq!((status, &problem["code"]), (409, &json!("taken")));
    assert_eq!(site.disclose(&roch, request).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_by_age_by_rest_and_by_will() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let person = site.colleague(&roch, "anna").await;
    let signed_in = async |browser: &Browser| browser.get("/api/session").await.0 == 200;
    assert!(signed_in(&person.browser).await);
    // Whoever works stays, until the shift is over.
    let most = transfer_server::IDLE - 2 * crate::site::MINUTE;
    let steps = transfer_server::LIFETIME / most;
    for _ in 1..steps {
        site.pass(most);
        assert!(
            signed_in(&person.browser).await,
            "a session that is used does not end"
        );
    }
    for _ in 0..2 {
        site.pass(most);
    }
    assert!(!signed_in(&person.browser).await);
    site.sign_in(&person).await;
    site.pass(transfer_server::IDLE);
    assert!(!signed_in(&person.browser).await);
    site.sign_in(&person).await;
    let stolen = person.browser.clone();
    let copy = Browser::new(&site.url);
    *copy.cookie.lock().unwrap() = stolen.cookie.lock().unwrap().clone();
    assert!(signed_in(&copy).await);
    assert_eq!(person.browser.delete("/api/session").await.0, 204);
    assert!(
        !signed_in(&copy).await,
        "what was signed out is over everywhere"
    );
    assert_eq!(Browser::new(&site.url).delete("/api/session").await.0, 204);

    // A proof serves once, at one place, for one challenge.
    let browser = Browser::new(&site.url);
    let (_, challenge) = browser.post("/api/session/challenge", &json!({})).await;
    let challenge = challenge["challenge"].as_str().unwrap().to_owned();
    let elsewhere = person
        .machine
        .prove("https://elsewhere.example", &challenge)
        .await
        .unwrap();
    let (status, problem) = browser
        .post("/api/session", &json!({ "proof": elsewhere }))
        .await;
    assert_eq!((status, &problem["code"]), (403, &json!("proof_refused")));
    let proof = person.machine.prove(&site.url, &challenge).await.unwrap();
    let (status, problem) = browser
        .post("/api/session", &json!({ "proof": proof }))
        .await;
    assert_eq!(
        (status, &problem["code"]),
        (403, &json!("challenge_expired")),
        "the challenge was used by the attempt before"
    );
    let (status, _) = site.try_sign_in(&person).await;
    assert_eq!(status, 200);
    let (_, challenge) = browser.post("/api/session/challenge", &json!({})).await;
    let challenge = challenge["challenge"].as_str().unwrap().to_owned();
    let proof = person.machine.prove(&site.url, &challenge).await.unwrap();
    let mut forged = json!(proof);
    forged["user"] = json!(roch.admin.machine.profile().await.unwrap().user);
    let (status, _) = browser
        .post("/api/session", &json!({ "proof": forged }))
        .await;
    assert_eq!(status, 403);
    let (_, challenge) = browser.post("/api/session/challenge", &json!({})).await;
    let challenge = challenge["challenge"].as_str().unwrap().to_owned();
    site.pass(121_000);
    let proof = person.machine.prove(&site.url, &challenge).await.unwrap();
    let (status, problem) = browser
        .post("/api/session", &json!({ "proof": proof }))
        .await;
    assert_eq!(
        (status, &problem["code"]),
        (403, &json!("challenge_expired"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_its_device() {
    let site = Site::new().await;
    let lost = site.signed_in("anna").await;
    let device = lost.machine.profile().await.unwrap().device;
    let password = "vier blaue Hunde tanzen";
    let rng = || wardseal_testkit::seeded(crate::site::seed());
    wardseal_client_password::set_password(&lost.machine, password, &[], rng())
        .await
        .unwrap();
    let other = site.machine().await;
    wardseal_client_password::unlock(&other, "anna", password, rng())
        .await
        .unwrap();
    let found = crate::site::Person {
        machine: other,
        browser: Browser::new(&site.url),
    };
    // A device that a password has unlocked signs in like any other.
    site.sign_in(&found).await;
    found.machine.trust_this_machine().await.unwrap();
    site.sign_in(&found).await;
    assert_eq!(lost.browser.get("/api/session").await.0, 200);
    found.machine.revoke_devices(&[device]).await.unwrap();
    site.pass(transfer_server::FRESH + 1);
    assert_eq!(lost.browser.get("/api/session").await.0, 401);
    assert_eq!(found.browser.get("/api/session").await.0, 200);
    let (status, problem) = site.try_sign_in(&lost).await;
    assert_eq!((status, &problem["code"]), (403, &json!("proof_refused")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_ends_with_its_session_and_membership() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    let anna = site.colleague(&park, "anna").await;
    let ben = site.colleague(&park, "ben").await;
    let mut hers = anna.browser.listen(None).await;
    let mut his = ben.browser.listen(None).await;
    let mut case = site.case(&roch).await;
    let first = site.send(&roch, &mut case, &[&park]).await;
    hers.about("request", &first[0]).await;
    his.about("request", &first[0]).await;
    anna.browser.delete("/api/session").await;
    while hers.next().await.is_some() {}
    park.admin
        .machine
        .remove_members(park.group, &[ben.member().await])
        .await
        .unwrap();
    site.pass(transfer_server::FRESH + 1);
    let mut later = site.case(&roch).await;
    let second = site.send(&roch, &mut later, &[&park]).await;
    let mut admin = park.admin.browser.listen(Some("1")).await;
    admin.about("request", &second[0]).await;
    let told = tokio::time::timeout(
        std::time::Duration::from_millis(300),
        his.about("request", &second[0]),
    );
    assert!(told.await.is_err(), "who was removed hears nothing more");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_change_nothing() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let browser = &roch.admin.browser;
    let cookie = browser.cookie.lock().unwrap().clone().unwrap();
    let ask = async |headers: &[(&str, &str)]| {
        let mut request = browser
            .http
            .post(format!("{}/api/session/challenge", site.url))
            .header("cookie", &cookie)
            .json(&json!({}));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    };
    let own = site.url.as_str();
    assert_eq!(ask(&[]).await, 200);
    assert_eq!(ask(&[("origin", own)]).await, 200);
    assert_eq!(ask(&[("sec-fetch-site", "same-origin")]).await, 200);
    for bad in [
        [("sec-fetch-site", "cross-site"), ("origin", own)],
        [("sec-fetch-site", "same-site"), ("origin", own)],
        [("accept", "*/*"), ("origin", "https://evil.example")],
        [("accept", "*/*"), ("origin", "null")],
    ] {
        assert_eq!(ask(&bad).await, 403, "{bad:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_key_server_nobody_is_let_in_and_nothing_is_lost() {
    let mut site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let case = site.case(&roch).await;
    site.servers.stop_keys();
    site.pass(transfer_server::FRESH + 1);
    let path = format!("/api/cases/{}", case.id);
    let (status, problem) = roch.admin.browser.get(&path).await;
    assert_eq!((status, &problem["code"]), (503, &json!("unavailable")));
    site.servers.start_keys();
    assert_eq!(roch.admin.browser.get(&path).await.0, 200);
    // What is known of people survives a restart, and goes back behind nothing.
    site.restart().await;
    assert!(site.data().join("directory.record").exists());
    assert_eq!(roch.admin.browser.get(&path).await.0, 200);
}
