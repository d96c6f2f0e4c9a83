//! Facilities that are asked before they are registered.

use serde_json::{Value, json};
use transfer_server::admin;
use wardseal_client::{Rights, types::SessionId};

use crate::site::{Browser, Case, Facility, MINUTE, Person, Site, seed};

pub(crate) const PARK: &str = "ik:260100000";

/// Announces a facility in the directory.
pub(crate) fn announce(site: &Site, identifier: &str, contact: &str) {
    let entry = json!({
        "identifier": identifier, "name": "Klinik am Park", "country": "DE", "city": "Kehl",
        "postcode": "77694", "families": ["REHAB"], "latitude": 48.57, "longitude": 7.81,
        "hours": {"zone": "Europe/Berlin", "week": vec![vec![("08:00", "18:00")]; 7]},
        "notificationAddress": contact,
    });
    let facilities = admin::announcements(&entry.to_string()).unwrap();
    let store = admin::open(&site.data()).unwrap();
    admin::announce(&store, &facilities, crate::site::MORNING).unwrap();
}

fn pending() -> String {
    let id = SessionId::from_bytes([u8::try_from(seed() % 251).unwrap(); 32]);
    id.to_string().replace("ses_", "pnd_")
}

/// Asks a facility that has no group yet. The request.
async fn ask(site: &Site, sender: &Facility, case: &mut Case) -> String {
    let machine = &sender.admin.machine;
    let recipients = [(sender.group.into(), Rights::MANAGE)];
    let session = machine
        .create_session(&recipients, None, None)
        .await
        .unwrap();
    let sealed = site
        .sealed(&sender.admin, sender.group, session, b"stage 1")
        .await;
    let id = site.id();
    let request = json!({ "id": id, "to": PARK, "session": session, "sealed": sealed,
        "pending": pending() });
    let body = json!({ "version": case.version(), "requests": [request] });
    let path = format!("/api/cases/{}/send", case.id);
    let (status, record) = sender.admin.browser.post(&path, &body).await;
    assert_eq!(status, 200, "{record}");
    case.record = record;
    id.to_string()
}

/// The code in the link of a letter.
pub(crate) fn invitation_in(letter: &str) -> String {
    let (_, code) = letter.split_once("/#facility=").unwrap();
    code.split_whitespace().next().unwrap().to_owned()
}

async fn open(site: &Site, invitation: &str) -> (u16, Value) {
    let asked = json!({ "invitation": invitation });
    let browser = Browser::new(&site.url);
    browser.post("/api/facilities/invitation", &asked).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_to_it_waits_and_it_gets_a_letter_without_content() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    announce(&site, PARK, "aufnahme@park.example");
    let (_, directory) = roch.admin.browser.get("/api/facilities").await;
    let entry = &directory[1];
    assert_eq!(entry["identifier"], PARK);
    assert_eq!(
        (&entry["group"], &directory[0]["identifier"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(entry["contact"], "aufnahme@park.example");

    let mut case = site.case(&roch).await;
    // Without a pending recipient nobody could ever open it; and nobody else is asked by accident.
    let sealed = case.record["sealed"].clone();
    let session = SessionId::from_bytes([7; 32]);
    let path = format!("/api/cases/{}/send", case.id);
    for (to, pending, status) in [
        (PARK, None, 400),
        (PARK, Some("nonsense"), 400),
        (PARK, Some("ses_aaaa"), 400),
        ("ik:1", Some(pending().as_str()), 422),
        ("park", Some(pending().as_str()), 400),
    ] {
        let mut request =
            json!({ "id": site.id(), "to": to, "session": session, "sealed": sealed });
        if let Some(pending) = pending {
            request["pending"] = json!(pending);
        }
        let body = json!({ "version": case.version(), "requests": [request] });
        let (found, problem) = roch.admin.browser.post(&path, &body).await;
        assert_eq!(found, status, "{to} {problem}");
    }
    let request = ask(&site, &roch, &mut case).await;
    let record = &case.record["requests"][0];
    assert_eq!(
        (&record["to"], &record["state"]),
        (&json!(PARK), &json!("sent"))
    );
    assert_eq!(record["escrow"]["state"], "inEscrow");
    assert!(record["deadline"].as_u64() > record["created"].as_u64());

    let letter = site.letter_to("aufnahme@park.example", 1).await;
    for secret in [
        request.as_str(),
        "Saint-Roch",
        "Klinik",
        "saint-roch",
        PARK,
        "REHAB",
    ] {
        assert!(!letter.contains(secret), "{secret} in {letter}");
    }
    let invitation = invitation_in(&letter);
    let (status, invited) = open(&site, &invitation).await;
    assert_eq!(status, 200, "{invited}");
    assert_eq!(invited["identifier"], PARK);
    assert_eq!(
        (&invited["waiting"], &invited["used"]),
        (&json!(1), &json!(false))
    );
    for wrong in [
        "",
        "AAAA-BBBB",
        invitation.strip_suffix(char::is_alphanumeric).unwrap(),
    ] {
        let (status, problem) = open(&site, wrong).await;
        assert_eq!(
            (status, &problem["code"]),
            (403, &json!("invitation_refused"))
        );
    }
    // Asked twice for one case: refused. For another: another letter, with the same link.
    let again = json!({ "id": site.id(), "to": PARK, "session": session, "sealed": sealed,
        "pending": pending() });
    let body = json!({ "version": case.version(), "requests": [again] });
    assert_eq!(roch.admin.browser.post(&path, &body).await.0, 422);
    let mut other = site.case(&roch).await;
    ask(&site, &roch, &mut other).await;
    let letter = site.letter_to("aufnahme@park.example", 2).await;
    assert_eq!(invitation_in(&letter), invitation);
    // The link is not in the database, nor the sender's words anywhere.
    for file in ["transfer.db", "transfer.db-wal"] {
        let content = std::fs::read(site.data().join(file)).unwrap_or_default();
        let found = content
            .windows(invitation.len())
            .any(|window| window == invitation.as_bytes());
        assert!(!found, "{file}");
    }
    site.pass(15 * 24 * 60 * MINUTE);
    assert_eq!(open(&site, &invitation).await.0, 403, "it is too old");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_by_telephone_with_every_answer_there_is() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    announce(&site, PARK, "aufnahme@park.example");
    let ways: [&[&str]; 7] = [
        &[
            "interested",
            "disclosed",
            "offered",
            "chosen",
            "in_transit",
            "admitted",
        ],
        &["offered", "offer_withdrawn"],
        &["declined"],
        &["waitlisted", "interested", "declined"],
        &["referred_onward"],
        &["offered", "chosen", "not_arrived"],
        &["cancelled"],
    ];
    for way in ways {
        let mut case = site.case(&roch).await;
        let request = ask(&site, &roch, &mut case).await;
        let browser = &roch.admin.browser;
        let path = format!("/api/requests/{request}");
        for to in way {
            let (_, record) = browser.get(&path).await;
            let (status, answer) = match *to {
                "disclosed" => {
                    let session = SessionId::from_bytes([u8::try_from(seed() % 251).unwrap(); 32]);
                    let sealed = site.blob(&roch.admin, roch.group).await;
                    let mut body = json!({ "version": record["version"], "session": session,
                        "sealed": sealed });
                    let path = format!("{path}/disclose");
                    assert_eq!(browser.post(&path, &body).await.0, 400, "to nobody");
                    body["pending"] = json!(pending());
                    browser.post(&path, &body).await
                }
                "chosen" => site.choose(&roch, &case, &request).await,
                to => {
                    let mut body = json!({ "version": record["version"], "to": to });
                    if matches!(
                        to,
                        "offered" | "offer_withdrawn" | "declined" | "referred_onward"
                    ) {
                        body["sealed"] = json!(site.blob(&roch.admin, roch.group).await);
                    }
                    match to {
                        "declined" | "offer_withdrawn" => body["reasonGroups"] = json!(["cap"]),
                        "cancelled" => body["reasonGroups"] = json!(["snd"]),
                        _ => {}
                    }
                    browser.post(&format!("{path}/move"), &body).await
                }
            };
            assert_eq!(status, 200, "{way:?} {to}: {answer}");
        }
        let (_, record) = browser.get(&path).await;
        assert_eq!(record["state"], json!(way.last().unwrap()));
        assert_eq!(record["to"], PARK);
        let by_telephone = way[0] != "cancelled";
        assert_eq!(record["enteredBySender"], json!(by_telephone));
        let case = site.read_case(&roch, &case).await;
        let revocations = case["revocations"].as_array().unwrap();
        match way.last().copied().unwrap() {
            // Whoever has no access any more loses his place among the pending, too.
            "declined" | "cancelled" | "offer_withdrawn" | "not_arrived" | "referred_onward"
                if record["disclosure"].is_null() =>
            {
                for revocation in revocations {
                    assert_eq!(revocation["group"], Value::Null);
                    assert_eq!(revocation["pending"], record["escrow"]["pending"]);
                }
            }
            _ => {}
        }
        if way == ["cancelled"] {
            assert_eq!(revocations.len(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_reminded_once_and_then_the_time_is_up() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    announce(&site, PARK, "aufnahme@park.example");
    let mut case = site.case(&roch).await;
    let request = ask(&site, &roch, &mut case).await;
    let first = invitation_in(&site.letter_to("aufnahme@park.example", 1).await);
    assert_eq!(site.app.remind().await.unwrap(), 0);
    let record = &case.record["requests"][0];
    let length = record["deadline"].as_u64().unwrap() - record["created"].as_u64().unwrap();
    site.pass(length / 2 + 1);
    let mut reminded = site.app.remind().await.unwrap();
    let letter = site.letter_to("aufnahme@park.example", 2).await;
    assert!(
        letter.starts_with("Eine Verlegungsanfrage wartet noch"),
        "{letter}"
    );
    assert_eq!(invitation_in(&letter), first);
    reminded += site.app.remind().await.unwrap();
    assert!(reminded <= 1, "once");
    site.pass(length);
    site.app.expire().await.unwrap();
    site.sign_in(&roch.admin).await;
    let after = site.read_case(&roch, &case).await;
    assert_eq!(after["requests"][0]["state"], "expired");
    let revocation = &after["revocations"][0];
    assert_eq!(revocation["pending"], record["escrow"]["pending"]);
    assert_eq!(revocation["request"], json!(request));
    assert_eq!(site.app.remind().await.unwrap(), 0);
}

/// Somebody who has signed up with the invitation of a facility and made a group.
pub(crate) async fn founder(site: &Site, invitation: &str) -> Facility {
    let (person, answer) = site.sign_up(invitation, "Jonas.Weber@Park.example").await;
    let answer = answer.unwrap();
    assert_eq!(answer["identifier"], PARK);
    assert_eq!(answer["facility"], Value::Null);
    site.sign_in(&person).await;
    let group = person.machine.create_group("Park", &[]).await.unwrap();
    Facility {
        group,
        admin: person,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_first_person_binds_it_and_only_to_a_group_that_he_administers() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    announce(&site, PARK, "aufnahme@park.example");
    announce(&site, "ik:260100001", "aufnahme@rhein.example");
    let mut case = site.case(&roch).await;
    let request = ask(&site, &roch, &mut case).await;
    let invitation = invitation_in(&site.letter_to("aufnahme@park.example", 1).await);
    // The invitation is for people of the facility's own domain, and for one of them.
    for name in [
        "jonas@elsewhere.example",
        "jonas",
        "park.example",
        "x@y@park.example",
    ] {
        let (_, refused) = site.sign_up(&invitation, name).await;
        assert_eq!(refused.unwrap_err()["code"], "invitation_refused", "{name}");
    }
    let park = founder(&site, &invitation).await;
    let (_, late) = site.sign_up(&invitation, "petra@park.example").await;
    assert_eq!(late.unwrap_err()["code"], "invitation_refused");
    assert_eq!(open(&site, &invitation).await.1["used"], true);

    let tenant = site.tenant;
    let bind = async |person: &Person, identifier: &str, group: &Value, named: &str| {
        use wardseal_client::protocol::binding;
        let body = json!({
            "identifier": identifier, "group": group,
            "commitment": binding::commit(&tenant, &[1; 32], named),
            "index": binding::index(&tenant, named),
        });
        let (status, answer) = person.browser.post("/api/facilities/bind", &body).await;
        (status, answer["code"].clone())
    };
    let (own, other) = (json!(park.group), json!(roch.group));
    let first = &park.admin;
    assert_eq!(
        bind(&roch.admin, PARK, &other, PARK).await.0,
        404,
        "a stranger"
    );
    assert_eq!(bind(&roch.admin, PARK, &own, PARK).await.0, 404);
    assert_eq!(
        bind(first, PARK, &other, PARK).await.0,
        403,
        "another's group"
    );
    assert_eq!(
        bind(first, PARK, &own, "ik:260100001").await.0,
        400,
        "another name"
    );
    assert_eq!(
        bind(first, "ik:260100001", &own, "ik:260100001").await.0,
        404
    );
    assert_eq!(bind(first, "ik:9", &own, "ik:9").await.0, 404);
    assert_eq!(bind(first, PARK, &own, PARK).await.0, 200);
    let nobody = Browser::new(&site.url);
    for path in [
        "/api/facilities/bind",
        "/api/facilities/register",
        "/api/requests/delivered",
    ] {
        let body = json!({ "identifier": PARK, "group": park.group, "facility": park.group,
            "requests": [] });
        let status = nobody.post(path, &body).await.0;
        assert!(matches!(status, 400 | 401), "{path}");
    }

    // As long as the chain does not say so the group is nobody.
    let body = json!({ "identifier": PARK, "group": park.group });
    let (status, problem) = first.browser.post("/api/facilities/register", &body).await;
    assert_eq!((status, &problem["code"]), (409, &json!("not_bound")));
    let (status, _) = roch
        .admin
        .browser
        .post("/api/facilities/register", &body)
        .await;
    assert_eq!(status, 404);
    let path = format!("/api/requests/{request}");
    assert_eq!(first.browser.get(&path).await.0, 404);
    let inbox = format!("/api/requests?facility={}", park.group);
    assert_eq!(first.browser.get(&inbox).await.0, 403);
    let report = json!({ "facility": park.group, "requests": [request] });
    assert_eq!(
        first
            .browser
            .post("/api/requests/delivered", &report)
            .await
            .0,
        403
    );
    // Nor does the sender say that a facility without a group has its keys.
    let report = json!({ "facility": roch.group, "requests": [request] });
    let (_, reported) = roch
        .admin
        .browser
        .post("/api/requests/delivered", &report)
        .await;
    assert_eq!(reported["requests"], json!([]));
}
