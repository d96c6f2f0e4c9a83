//! A case from its opening to its closing, with everything that people do in it.

use serde_json::{Value, json};
use wardseal_client::{Rights, Visibility, types::SessionId};

use crate::site::{MINUTE, Site, seal, unseal};

fn state<'a>(case: &'a Value, request: &str) -> &'a str {
    case["requests"]
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["id"] == request)
        .and_then(|found| found["state"].as_str())
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hospital_finds_a_place() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    let rhein = site.facility("Rhein").await;
    let intake = site.colleague(&park, "anna").await;

    // The page learns where it is and who is signed in.
    let (_, config) = intake.browser.get("/api/config").await;
    assert_eq!(config["tenant"], json!(site.tenant));
    assert_eq!(config["audience"], json!(site.url));
    let (_, me) = intake.browser.get("/api/session").await;
    assert_eq!(
        me["facilities"],
        json!([{ "group": park.group, "role": "member" }])
    );
    let (_, directory) = intake.browser.get("/api/facilities").await;
    assert_eq!(directory.as_array().unwrap().len(), 3);

    // She opens a case and asks two facilities at once; the intake hears of it without asking.
    let mut events = intake.browser.listen(None).await;
    let mut case = site.case(&roch).await;
    assert_eq!(case.record["state"], "draft");
    let requests = site.send(&roch, &mut case, &[&park, &rhein]).await;
    let (to_park, to_rhein) = (requests[0].as_str(), requests[1].as_str());
    assert_eq!(case.record["state"], "searching");
    let arrived = events.about("request", to_park).await;

    // The intake reads stage 1, and nothing about who else was asked.
    let (_, inbox) = intake
        .browser
        .get(&format!("/api/requests?facility={}", park.group))
        .await;
    assert_eq!(inbox.as_array().unwrap().len(), 1);
    let request = &inbox[0];
    assert!(!inbox.to_string().contains(&rhein.group.to_string()));
    let stage1 = request["sealed"].as_str().unwrap();
    let object = intake.browser.blob(stage1).await.unwrap();
    assert_eq!(unseal(&intake.machine, &object).await.unwrap(), b"stage 1");
    assert_eq!(rhein.admin.browser.blob(stage1).await, Err(404));
    site.moves(&park, to_park, "viewed").await;
    site.moves(&park, to_park, "interested").await;
    assert_eq!(
        state(&site.read_case(&roch, &case).await, to_park),
        "interested"
    );

    // She adds a document, whose upload is cut off and taken up again, and discloses to Park alone.
    let letter = vec![7; 5 << 20];
    let object = seal(&roch.admin.machine, case.documents, &letter).await;
    let document = site.id();
    let size = object.len();
    let begin = json!({ "id": document, "size": size, "facility": roch.group });
    let (status, _) = roch.admin.browser.post("/api/blobs", &begin).await;
    assert_eq!(status, 200);
    for part in [&object[..1_000_000], &object[1_000_000..]] {
        let (_, stands) = roch.admin.browser.post("/api/blobs", &begin).await;
        let path = format!("/api/blobs/{document}");
        let patch = roch
            .admin
            .browser
            .request(reqwest::Method::PATCH, &path)
            .header("upload-offset", stands["offset"].as_u64().unwrap())
            .body(part.to_vec());
        assert_eq!(roch.admin.browser.send(patch).await.0, 204);
    }
    let version = site.read_case(&roch, &case).await["version"].clone();
    let (status, answer) = roch
        .admin
        .browser
        .post(
            &format!("/api/cases/{}/documents", case.id),
            &json!({ "version": version, "blob": document }),
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        intake.browser.blob(&document.to_string()).await,
        Err(404),
        "nothing is disclosed yet"
    );
    let stage2 = roch
        .admin
        .machine
        .create_session(
            &[
                (roch.group.into(), Rights::MANAGE),
                (park.group.into(), Rights::READ),
            ],
            None,
            None,
        )
        .await
        .unwrap();
    roch.admin
        .machine
        .grant(
            case.documents,
            stage2.into(),
            Rights::READ,
            Visibility::Full,
        )
        .await
        .unwrap();
    let sealed = site
        .sealed(&roch.admin, roch.group, stage2, b"stage 2")
        .await;
    let (_, before) = roch
        .admin
        .browser
        .get(&format!("/api/requests/{to_park}"))
        .await;
    let (status, disclosed) = roch
        .admin
        .browser
        .post(
            &format!("/api/requests/{to_park}/disclose"),
            &json!({ "version": before["version"], "session": stage2, "sealed": sealed }),
        )
        .await;
    assert_eq!((status, &disclosed["state"]), (200, &json!("disclosed")));

    // Park reads it, whole and in parts.
    let (_, request) = intake
        .browser
        .get(&format!("/api/requests/{to_park}"))
        .await;
    let disclosure = &request["disclosure"];
    let sealed = disclosure["sealed"].as_str().unwrap();
    let read = intake.browser.blob(sealed).await.unwrap();
    assert_eq!(unseal(&intake.machine, &read).await.unwrap(), b"stage 2");
    let listed = disclosure["documents"][0]["id"].as_str().unwrap();
    assert_eq!(listed, document.to_string());
    let read = intake.browser.blob(listed).await.unwrap();
    assert_eq!(unseal(&intake.machine, &read).await.unwrap(), letter);
    let range = intake
        .browser
        .request(reqwest::Method::GET, &format!("/api/blobs/{listed}"))
        .header("range", "bytes=4194300-4194309")
        .send()
        .await
        .unwrap();
    assert_eq!(range.status(), 206);
    assert_eq!(
        range.headers()["content-range"],
        format!("bytes 4194300-4194309/{size}")
    );
    assert_eq!(range.bytes().await.unwrap(), object[4_194_300..4_194_310]);
    assert_eq!(rhein.admin.browser.blob(listed).await, Err(404));
    assert_eq!(rhein.admin.browser.blob(sealed).await, Err(404));

    // Both offer; she chooses Park, and Rhein is released in the same moment.
    let request = site.moves(&park, to_park, "offered").await;
    let answer = request["answers"][0]["blob"].as_str().unwrap();
    assert!(roch.admin.browser.blob(answer).await.is_ok());
    site.moves(&rhein, to_rhein, "viewed").await;
    site.moves(&rhein, to_rhein, "offered").await;
    assert_eq!(site.read_case(&roch, &case).await["state"], "offers");
    let (status, chosen) = site.choose(&roch, &case, to_park).await;
    assert_eq!(status, 200, "{chosen}");
    assert_eq!(chosen["state"], "chosen");
    assert_eq!(state(&chosen, to_park), "chosen");
    assert_eq!(state(&chosen, to_rhein), "not_selected");
    let revocations = chosen["revocations"].as_array().unwrap();
    assert_eq!(revocations.len(), 1);
    let revocation = &revocations[0];
    assert_eq!(revocation["group"], json!(rhein.group));
    assert_eq!(revocation["done"], Value::Null);
    let rheins = chosen["requests"][1]["sealed"].as_str().unwrap();
    assert_eq!(rhein.admin.browser.blob(rheins).await, Err(404));

    // Her client signs what is queued, and says so.
    let (_, open) = roch
        .admin
        .browser
        .get(&format!("/api/revocations?facility={}", roch.group))
        .await;
    assert_eq!(open, json!([revocation]));
    let session: SessionId = revocation["session"].as_str().unwrap().parse().unwrap();
    roch.admin
        .machine
        .revoke(session, &[rhein.group.into()])
        .await
        .unwrap();
    let path = format!(
        "/api/revocations/{}/done",
        revocation["id"].as_str().unwrap()
    );
    for _ in 0..2 {
        let (status, done) = roch.admin.browser.post(&path, &json!({})).await;
        assert_eq!(status, 200);
        assert!(done["done"].is_u64());
    }
    let (_, open) = roch
        .admin
        .browser
        .get(&format!("/api/revocations?facility={}", roch.group))
        .await;
    assert_eq!(open, json!([]));

    // Departure, arrival, closing.
    site.pass(30 * MINUTE);
    site.moves(&roch, to_park, "in_transit").await;
    assert_eq!(site.read_case(&roch, &case).await["state"], "departed");
    site.moves(&park, to_park, "admitted").await;
    let record = site.read_case(&roch, &case).await;
    assert_eq!(record["state"], "admitted");
    let (status, closed) = roch
        .admin
        .browser
        .post(
            &format!("/api/cases/{}/update", case.id),
            &json!({ "version": record["version"], "state": "closed" }),
        )
        .await;
    assert_eq!((status, &closed["state"]), (200, &json!("closed")));
    assert!(
        intake.browser.blob(listed).await.is_ok(),
        "who admitted the patient keeps the record"
    );

    // A page that was away hears all that it missed, in order and once.
    let mut again = intake.browser.listen(Some(&arrived["id"])).await;
    let mut last: u64 = arrived["id"].parse().unwrap();
    let mut states = 0;
    while states < 6 {
        let event = again.next().await.unwrap();
        let number: u64 = event["id"].parse().unwrap();
        assert!(number > last);
        last = number;
        states += 1;
        assert!(event["data"].contains(to_park), "{event:?}");
    }

    // Who was removed from Park is refused what he could read.
    park.admin
        .machine
        .remove_members(park.group, &[intake.member().await])
        .await
        .unwrap();
    site.pass(transfer_server::FRESH + 1);
    assert_eq!(intake.browser.blob(listed).await, Err(404));
    let path = format!("/api/requests/{to_park}");
    assert_eq!(intake.browser.get(&path).await.0, 404);

    // Mails said that there was something, and to whom, and not more.
    let mut mails = Vec::new();
    for (to, subject) in [
        ("park@example.org", "Ihre Einrichtung hat eine neue Anfrage"),
        (
            "rhein@example.org",
            "Ihre Einrichtung hat eine neue Anfrage",
        ),
        (
            "saint-roch@example.org",
            "Eine Anfrage Ihrer Einrichtung hat sich geändert",
        ),
        ("park@example.org", "Ihre Einrichtung wurde ausgewählt"),
        (
            "rhein@example.org",
            "Neuigkeiten zu einer Anfrage an Ihre Einrichtung",
        ),
    ] {
        let mut count = 1;
        loop {
            mails = site.mailbox.wait_for(count).await;
            if mails
                .iter()
                .any(|mail| mail.to == [to] && mail.subject == subject)
            {
                break;
            }
            count = mails.last().map_or(1, |mail| mail.number + 1);
        }
    }
    for mail in &mails {
        assert!(mail.text.contains(&site.url), "{}", mail.text);
        for id in [to_park, to_rhein, &case.id.to_string()] {
            assert!(!mail.raw.contains(id));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_person_signs_up_and_in() {
    let site = Site::new().await;
    let park = site.facility("Park").await;
    let store = transfer_server::admin::open(&site.data()).unwrap();
    let random = transfer_server::Random::new(wardseal_testkit::seeded(7));
    let now = wardseal_types::Clock::now(&*site.clock);
    let code =
        transfer_server::admin::invite(&store, "clara", Some(park.group), now, &random).unwrap();
    let machine = site.machine().await;
    let sign_up = machine.begin_sign_up("clara").await.unwrap();
    let person = crate::site::Person {
        machine,
        browser: crate::site::Browser::new(&site.url),
    };
    let mut body = json!({
        "invitation": code, "name": "clara", "user": sign_up.user,
        "commitment": sign_up.commitment, "index": sign_up.index,
    });
    for (field, value) in [
        ("invitation", json!("AAAA-BBBB")),
        ("name", json!("clara2")),
        (
            "index",
            json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ),
    ] {
        let mut bad = body.clone();
        bad[field] = value;
        let (status, problem) = person.browser.post("/api/sign-up", &bad).await;
        assert_eq!(
            (status, &problem["code"]),
            (403, &json!("invitation_refused"))
        );
    }
    let (status, answer) = person.browser.post("/api/sign-up", &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["facility"], json!(park.group));
    let token = answer["token"].as_str().unwrap();
    person.machine.finish_sign_up(token).await.unwrap();
    site.sign_in(&person).await;
    let (_, me) = person.browser.get("/api/session").await;
    assert_eq!(
        (&me["name"], &me["facilities"]),
        (&json!("clara"), &json!([]))
    );
    // Colleagues learn the name, once she belongs to the facility.
    let path = format!("/api/people?facility={}", park.group);
    let (_, before) = park.admin.browser.get(&path).await;
    assert_eq!(before, json!([]));
    let member = person.member().await;
    park.admin
        .machine
        .add_member(
            park.group,
            member,
            wardseal_client::protocol::op::Role::Member,
            Visibility::Full,
        )
        .await
        .unwrap();
    site.pass(transfer_server::FRESH + 1);
    let (_, named) = park.admin.browser.get(&path).await;
    assert_eq!(named, json!([{ "user": sign_up.user, "name": "clara" }]));
    body["user"] = json!(wardseal_types::UserId::from_bytes([9; 32]));
    let (status, _) = person.browser.post("/api/sign-up", &body).await;
    assert_eq!(status, 403, "an invitation is used once");
}
