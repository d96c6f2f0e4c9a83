//! Changes: repeated, stale, raced, refused, and halfway.

use serde_json::{Value, json};
use wardseal_client::types::SessionId;

use crate::site::{Case, Facility, MINUTE, Site};

async fn update(site: &Site, sender: &Facility, case: &Case, body: Value) -> (u16, Value) {
    let _ = site;
    sender
        .admin
        .browser
        .post(&format!("/api/cases/{}/update", case.id), &body)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_may_be_asked_for_again_and_what_is_stale_changes_nothing() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    let mut case = site.case(&roch).await;
    let first = json!({ "version": 1, "urgency": "sameDay" });
    let (status, record) = update(&site, &roch, &case, first.clone()).await;
    assert_eq!((status, &record["version"]), (200, &json!(2)));
    let (status, again) = update(&site, &roch, &case, first).await;
    assert_eq!((status, again), (200, record));
    let other = json!({ "version": 1, "urgency": "emergency" });
    let (status, problem) = update(&site, &roch, &case, other).await;
    assert_eq!((status, &problem["code"]), (409, &json!("stale")));
    case.record = site.read_case(&roch, &case).await;
    assert_eq!(case.record["urgency"], "sameDay");

    // Sent twice, asked once; and the answer tells what is now, not what was then.
    let asking = site.asking(&roch, park.group, b"x").await;
    let body = json!({ "version": case.version(), "requests": [asking] });
    let path = format!("/api/cases/{}/send", case.id);
    let (status, _) = roch.admin.browser.post(&path, &body).await;
    assert_eq!(status, 200);
    let request = body["requests"][0]["id"].as_str().unwrap();
    site.moves(&park, request, "viewed").await;
    let (status, record) = roch.admin.browser.post(&path, &body).await;
    assert_eq!(status, 200, "{record}");
    assert_eq!(record["requests"].as_array().unwrap().len(), 1);
    assert_eq!(record["requests"][0]["state"], "viewed");

    // Created twice.
    let sealed = site.blob(&roch.admin, roch.group).await;
    let session = SessionId::from_bytes([5; 32]);
    let new = json!({ "id": site.id(), "facility": roch.group, "urgency": "planned", "family": "HOME",
        "ready": false, "consent": false, "session": session, "documentsSession": session, "sealed": sealed });
    for _ in 0..2 {
        assert_eq!(roch.admin.browser.post("/api/cases", &new).await.0, 200);
    }
    let mut taken = new;
    taken["family"] = json!("REHAB");
    let (status, problem) = roch.admin.browser.post("/api/cases", &taken).await;
    assert_eq!((status, &problem["code"]), (409, &json!("taken")));
    let list = format!("/api/cases?facility={}", roch.group);
    let (_, all) = roch.admin.browser.get(&list).await;
    assert_eq!(all.as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_choices_at_once_have_one_winner() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    let rhein = site.facility("Rhein").await;
    let colleague = site.colleague(&roch, "bea").await;
    let mut case = site.case(&roch).await;
    let requests = site.send(&roch, &mut case, &[&park, &rhein]).await;
    for (facility, request) in [(&park, &requests[0]), (&rhein, &requests[1])] {
        site.moves(facility, request, "viewed").await;
        site.moves(facility, request, "offered").await;
    }
    let version = site.read_case(&roch, &case).await["version"].clone();
    let path = format!("/api/cases/{}/choose", case.id);
    let first = json!({ "version": version, "request": requests[0] });
    let second = json!({ "version": version, "request": requests[1] });
    let ((one, a), (two, b)) = tokio::join!(
        roch.admin.browser.post(&path, &first),
        colleague.browser.post(&path, &second),
    );
    let mut statuses = [one, two];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{a} {b}");
    let record = site.read_case(&roch, &case).await;
    let mut states: Vec<_> = record["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|request| request["state"].as_str().unwrap())
        .collect();
    states.sort_unstable();
    assert_eq!(states, ["chosen", "not_selected"]);
    assert_eq!(record["revocations"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_was_withdrawn_cannot_be_chosen() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    let rhein = site.facility("Rhein").await;
    let mut case = site.case(&roch).await;
    let requests = site.send(&roch, &mut case, &[&park, &rhein]).await;
    for (facility, request) in [(&park, &requests[0]), (&rhein, &requests[1])] {
        site.moves(facility, request, "viewed").await;
        site.moves(facility, request, "offered").await;
    }
    let seen = site.read_case(&roch, &case).await["version"].clone();
    site.moves(&park, &requests[0], "offer_withdrawn").await;
    let path = format!("/api/cases/{}/choose", case.id);
    let body = json!({ "version": seen, "request": requests[0] });
    let (status, problem) = roch.admin.browser.post(&path, &body).await;
    assert_eq!((status, &problem["code"]), (409, &json!("stale")));
    let record = site.read_case(&roch, &case).await;
    assert_eq!(record["state"], "offers");
    assert_eq!(record["requests"][1]["state"], "offered");
    // The chosen one may fail too; then the search goes on.
    assert_eq!(site.choose(&roch, &case, &requests[1]).await.0, 200);
    site.moves(&rhein, &requests[1], "offer_withdrawn").await;
    let record = site.read_case(&roch, &case).await;
    assert_eq!(record["state"], "searching");
    assert_eq!(record["revocations"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_refused_as_a_whole() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    let rhein = site.facility("Rhein").await;
    let mut case = site.case(&roch).await;
    let good = site.asking(&roch, park.group, b"x").await;
    let other = site.asking(&roch, rhein.group, b"y").await;
    let path = format!("/api/cases/{}/send", case.id);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut bad = other.clone();
        change(&mut bad);
        json!([good, bad])
    };
    let foreign = site.blob(&park.admin, park.group).await;
    let unknown = wardseal_client::types::GroupId::from_bytes([8; 32]);
    for (requests, status, code) in [
        (json!([]), 400, "malformed_request"),
        (
            with(&|bad| bad["to"] = json!(park.group)),
            422,
            "receiver_refused",
        ),
        (
            with(&|bad| bad["to"] = json!(roch.group)),
            422,
            "receiver_refused",
        ),
        (
            with(&|bad| bad["to"] = json!(unknown)),
            422,
            "receiver_refused",
        ),
        (
            with(&|bad| bad["sealed"] = json!(site.id())),
            422,
            "blob_missing",
        ),
        (
            with(&|bad| bad["sealed"] = json!(foreign)),
            422,
            "blob_missing",
        ),
        (
            with(&|bad| bad["session"] = good["session"].clone()),
            409,
            "taken",
        ),
        (with(&|bad| bad["id"] = good["id"].clone()), 409, "taken"),
        (
            with(&|bad| bad["id"] = json!("nonsense")),
            400,
            "malformed_request",
        ),
        (
            with(&|bad| bad["session"] = json!("ses_x")),
            400,
            "malformed_request",
        ),
        (
            with(&|bad| bad["needs"] = json!("dialysis")),
            400,
            "malformed_request",
        ),
    ] {
        let body = json!({ "version": case.version(), "requests": requests });
        let (found, problem) = roch.admin.browser.post(&path, &body).await;
        assert_eq!(
            (found, &problem["code"]),
            (status, &json!(code)),
            "{requests}"
        );
        assert!(
            !problem.to_string().contains("dialysis"),
            "nothing is repeated"
        );
    }
    let record = site.read_case(&roch, &case).await;
    assert_eq!(
        (&record["state"], &record["requests"]),
        (&json!("draft"), &json!([]))
    );

    // Ten open requests are the most.
    let mut many = Vec::new();
    for number in 0..11_u8 {
        let group = wardseal_client::types::GroupId::from_bytes([100 + number; 32]);
        site.register(group, &format!("Facility{number}"));
        let sealed = site.blob(&roch.admin, roch.group).await;
        let session = SessionId::from_bytes([100 + number; 32]);
        many.push(json!({ "id": site.id(), "to": group, "session": session, "sealed": sealed }));
    }
    let body = json!({ "version": case.version(), "requests": many });
    let (status, problem) = roch.admin.browser.post(&path, &body).await;
    assert_eq!(
        (status, &problem["code"]),
        (422, &json!("too_many_requests"))
    );
    let body = json!({ "version": case.version(), "requests": many[..10] });
    let (status, record) = roch.admin.browser.post(&path, &body).await;
    assert_eq!(status, 200);
    case.record = record;
    let body = json!({ "version": case.version(), "requests": [good] });
    assert_eq!(roch.admin.browser.post(&path, &body).await.0, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn moves_need_what_the_rules_say() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    let mut case = site.case(&roch).await;
    let requests = site.send(&roch, &mut case, &[&park]).await;
    let path = format!("/api/requests/{}/move", requests[0]);
    let viewed = site.moves(&park, &requests[0], "viewed").await;
    let version = &viewed["version"];
    let sealed = site.blob(&park.admin, park.group).await;
    let foreign = case.record["sealed"].clone();
    for (body, status, code) in [
        (
            json!({ "to": "declined", "sealed": sealed }),
            422,
            "reasons_missing",
        ),
        (
            json!({ "to": "declined", "reasonGroups": ["cap"] }),
            422,
            "sealed_missing",
        ),
        (
            json!({ "to": "declined", "sealed": sealed, "reasonGroups": ["snd"] }),
            422,
            "move_refused",
        ),
        (
            json!({ "to": "declined", "sealed": sealed, "reasonGroups": ["no bed"] }),
            400,
            "malformed_request",
        ),
        (json!({ "to": "offered" }), 422, "sealed_missing"),
        (
            json!({ "to": "offered", "sealed": foreign }),
            422,
            "blob_missing",
        ),
        (json!({ "to": "admitted" }), 422, "move_refused"),
        (json!({ "to": "nonsense" }), 400, "malformed_request"),
    ] {
        let mut body = body;
        body["version"] = version.clone();
        let (found, problem) = park.admin.browser.post(&path, &body).await;
        assert_eq!((found, &problem["code"]), (status, &json!(code)), "{body}");
    }
    // Without consent nothing is disclosed.
    site.moves(&park, &requests[0], "interested").await;
    let version = site.read_case(&roch, &case).await["version"].clone();
    let (_, _) = update(
        &site,
        &roch,
        &case,
        json!({ "version": version, "consent": false }),
    )
    .await;
    let (status, problem) = site.disclose(&roch, &requests[0]).await;
    assert_eq!((status, &problem["code"]), (422, &json!("consent_missing")));
    // What the facility said by telephone is marked.
    let sealed = site.blob(&roch.admin, roch.group).await;
    let (_, record) = roch
        .admin
        .browser
        .get(&format!("/api/requests/{}", requests[0]))
        .await;
    let body = json!({ "version": record["version"], "to": "offered", "sealed": sealed });
    let (status, record) = roch.admin.browser.post(&path, &body).await;
    assert_eq!(status, 200, "{record}");
    assert_eq!(
        (&record["state"], &record["enteredBySender"]),
        (&json!("offered"), &json!(true))
    );
    assert!(park.admin.browser.blob(&sealed.to_string()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn deadlines_run_stand_still_and_end() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    let rhein = site.facility("Rhein").await;
    let mut case = site.case(&roch).await;
    let requests = site.send(&roch, &mut case, &[&park, &rhein]).await;
    let sent = case.record["requests"][0]["created"].as_u64().unwrap();
    let due = case.record["requests"][0]["deadline"].as_u64().unwrap();
    assert_eq!(
        due - sent,
        4 * 60 * MINUTE,
        "planned rehabilitation: four opening hours"
    );
    // Rhein asks; its clock stands.
    site.moves(&rhein, &requests[1], "viewed").await;
    site.pass(60 * MINUTE);
    site.sign_in(&rhein.admin).await;
    let asked = site.moves(&rhein, &requests[1], "info_needed").await;
    assert!(asked["pausedSince"].is_u64());
    site.pass(3 * 60 * MINUTE - 1);
    site.sign_in(&roch.admin).await;
    site.sign_in(&rhein.admin).await;
    // The server looks by itself too, every few seconds.
    site.app.expire().await.unwrap();
    assert_eq!(
        site.read_case(&roch, &case).await["requests"][0]["state"],
        "sent"
    );
    let mut events = roch.admin.browser.listen(None).await;
    site.pass(1);
    site.app.expire().await.unwrap();
    assert_eq!(site.app.expire().await.unwrap(), 0);
    events.about("request", &requests[0]).await;
    let record = site.read_case(&roch, &case).await;
    let expired = &record["requests"][0];
    assert_eq!(expired["state"], "expired");
    let last = expired["events"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["side"], &last["by"]),
        (&json!("system"), &Value::Null)
    );
    assert_eq!(record["revocations"].as_array().unwrap().len(), 1);
    assert_eq!(record["requests"][1]["state"], "info_needed");
    // She answers: the three hours that were left are left.
    let answered = site.moves(&roch, &requests[1], "in_review").await;
    let now = site.clock.as_ref();
    let now = wardseal_types::Clock::now(now).millis();
    assert_eq!(
        answered["deadline"].as_u64().unwrap() - now,
        3 * 60 * MINUTE
    );
    // On hold all stands still, and afterwards goes on.
    let version = record["version"].clone();
    let (status, held) = update(
        &site,
        &roch,
        &case,
        json!({ "version": version, "state": "on_hold" }),
    )
    .await;
    assert_eq!(status, 200, "{held}");
    assert!(held["requests"][1]["pausedSince"].is_u64());
    site.pass(30 * MINUTE);
    let body = json!({ "version": held["version"], "state": "searching" });
    let (status, resumed) = update(&site, &roch, &case, body).await;
    assert_eq!(status, 200, "{resumed}");
    assert_eq!(resumed["requests"][1]["pausedSince"], Value::Null);
    assert_eq!(
        resumed["requests"][1]["deadline"].as_u64().unwrap(),
        answered["deadline"].as_u64().unwrap() + 30 * MINUTE
    );
    // With an answer the time for an offer begins.
    let interested = site.moves(&rhein, &requests[1], "interested").await;
    assert!(
        interested["deadline"].as_u64().unwrap()
            > resumed["requests"][1]["deadline"].as_u64().unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_case_ends_all_its_requests() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    let rhein = site.facility("Rhein").await;
    let mut case = site.case(&roch).await;
    let requests = site.send(&roch, &mut case, &[&park, &rhein]).await;
    site.moves(&park, &requests[0], "viewed").await;
    site.moves(&park, &requests[0], "declined").await;
    let version = site.read_case(&roch, &case).await["version"].clone();
    let body = json!({ "version": version, "state": "deceased" });
    let (status, record) = update(&site, &roch, &case, body).await;
    assert_eq!(
        (status, &record["state"]),
        (200, &json!("deceased")),
        "{record}"
    );
    assert_eq!(record["requests"][0]["state"], "declined");
    assert_eq!(record["requests"][1]["state"], "cancelled");
    assert_eq!(record["revocations"].as_array().unwrap().len(), 2);
    let sealed = record["requests"][0]["sealed"].as_str().unwrap();
    assert_eq!(park.admin.browser.blob(sealed).await, Err(404));
    let body = json!({ "version": record["version"], "ready": false });
    let (status, problem) = update(&site, &roch, &case, body).await;
    assert_eq!((status, &problem["code"]), (422, &json!("move_refused")));
    let (status, _) = park
        .admin
        .browser
        .post(
            &format!("/api/requests/{}/move", requests[0]),
            &json!({ "version": record["requests"][0]["version"], "to": "in_review" }),
        )
        .await;
    assert_eq!(status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_come_in_pages_newest_first() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let sealed = site.blob(&roch.admin, roch.group).await;
    let session = SessionId::from_bytes([5; 32]);
    let mut ids = Vec::new();
    for number in 0..105 {
        if number % 3 == 0 {
            site.pass(1);
        }
        let id = site.id().to_string();
        let new = json!({ "id": id, "facility": roch.group, "urgency": "planned", "family": "HOME",
            "ready": false, "consent": false, "session": session, "documentsSession": session, "sealed": sealed });
        assert_eq!(roch.admin.browser.post("/api/cases", &new).await.0, 200);
        ids.push(id);
    }
    let path = format!("/api/cases?facility={}", roch.group);
    let (_, first) = roch.admin.browser.get(&path).await;
    let listed = |page: &Value| -> Vec<String> {
        let page = page.as_array().unwrap();
        page.iter()
            .map(|case| case["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut found = listed(&first);
    assert_eq!(found.len(), 100);
    let (_, second) = roch
        .admin
        .browser
        .get(&format!("{path}&after={}", found[99]))
        .await;
    found.extend(listed(&second));
    assert_eq!(found.len(), 105);
    ids.sort_unstable();
    found.sort_unstable();
    assert_eq!(ids, found);
    let (status, _) = roch.admin.browser.get(&format!("{path}&before=x")).await;
    assert_eq!(status, 400);
}

/// A disk without room in the middle of a choice: nothing of it is there, and with room all of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_choice_is_made_whole_or_not_at_all() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let mut facilities = Vec::new();
    for name in ["A", "B", "C", "D", "E"] {
        facilities.push(site.facility(name).await);
    }
    let mut case = site.case(&roch).await;
    let to: Vec<_> = facilities.iter().collect();
    let requests = site.send(&roch, &mut case, &to).await;
    site.moves(&facilities[0], &requests[0], "viewed").await;
    site.moves(&facilities[0], &requests[0], "offered").await;
    let before = site.read_case(&roch, &case).await;
    site.app.limit_database(1).unwrap();
    let mut refused = 0;
    // Small changes fit into pages that are there; in the end none is left.
    let path = format!("/api/cases/{}/update", case.id);
    let mut version = before["version"].as_u64().unwrap();
    for _ in 0..2000 {
        let body = json!({ "version": version, "ready": version % 2 == 0 });
        let (status, problem) = roch.admin.browser.post(&path, &body).await;
        if status == 200 {
            version += 1;
            continue;
        }
        assert_eq!((status, &problem["code"]), (507, &json!("storage_full")));
        refused += 1;
        break;
    }
    assert_eq!(refused, 1, "the disk was never full");
    let (status, problem) = site.choose(&roch, &case, &requests[0]).await;
    assert_eq!(
        (status, &problem["code"]),
        (507, &json!("storage_full")),
        "{problem}"
    );
    let record = site.read_case(&roch, &case).await;
    assert_eq!(record["requests"], before["requests"]);
    assert_eq!(record["revocations"], json!([]));
    site.app.limit_database(100_000).unwrap();
    let (status, record) = site.choose(&roch, &case, &requests[0]).await;
    assert_eq!(status, 200);
    assert_eq!(record["revocations"].as_array().unwrap().len(), 4);
}
