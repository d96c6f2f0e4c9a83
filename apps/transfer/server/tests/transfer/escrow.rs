//! A facility that registers because something waits for it: sealed before it existed, opened by it alone.

use rusqlite::Connection;
use serde_json::{Value, json};
use wardseal_client::{
    GroupName, PendingGrant, Rights, Role, Visibility,
    protocol::escrow::Policy,
    types::{GroupId, SessionId},
};

use crate::{
    canary::{files, finds},
    facilities::{PARK, announce, founder, invitation_in},
    site::{Browser, Case, Facility, Person, Site, log, unseal},
};

const DAY: u64 = 24 * 3_600_000;

/// What is sealed, and nowhere in clear.
const CANARY: &str = "CANARY-stage-1-4c77";

pub(crate) const CONTACT: &str = "aufnahme@park.example";

/// The sender, who can leave shares at the transfer server.
pub(crate) async fn sender(site: &Site) -> Facility {
    let claire = site.invited("claire@saint-roch.example").await;
    let admin = site.armed(claire, "claire@saint-roch.example").await;
    let group = admin.machine.create_group("Saint-Roch", &[]).await.unwrap();
    site.register(group, "Saint-Roch");
    Facility { group, admin }
}

/// What was sent in escrow.
pub(crate) struct Sent {
    request: String,
    session: SessionId,
    case: Case,
}

pub(crate) async fn send(site: &Site, roch: &Facility, content: &[u8]) -> Sent {
    let mut case = site.case(roch).await;
    let grant = PendingGrant {
        name: PARK.into(),
        policy: Policy::Verified,
        rights: Rights::READ,
        expires: site.servers.now().plus_millis(30 * DAY),
        group: Some(roch.group),
        address: Some(CONTACT.into()),
        code: None,
        language: Some("de".into()),
    };
    let manage = [(roch.group.into(), Rights::MANAGE)];
    let machine = &roch.admin.machine;
    let (session, granted) = machine
        .create_session_pending(&manage, &[grant], None, None)
        .await
        .unwrap();
    let sealed = site.sealed(&roch.admin, roch.group, session, content).await;
    let request = site.id();
    let asked = json!({ "id": request, "to": PARK, "session": session, "sealed": sealed,
        "pending": granted[0].pending });
    let body = json!({ "version": case.version(), "requests": [asked] });
    let path = format!("/api/cases/{}/send", case.id);
    let (status, record) = roch.admin.browser.post(&path, &body).await;
    assert_eq!(status, 200, "{record}");
    case.record = record;
    Sent {
        request: request.to_string(),
        session,
        case,
    }
}

/// The facility has an account, a group, and its identifier.
async fn registered(site: &Site) -> Facility {
    let letter = site.letter_to(CONTACT, 1).await;
    let park = founder(site, &invitation_in(&letter)).await;
    let admin = site.armed(park.admin, "Jonas.Weber@Park.example").await;
    let name: GroupName = admin.machine.new_group_name(PARK).await.unwrap();
    let body = json!({ "identifier": PARK, "group": park.group, "commitment": name.commitment,
        "index": name.index });
    let (status, bound) = admin.browser.post("/api/facilities/bind", &body).await;
    assert_eq!(status, 200, "{bound}");
    let token = bound["token"].as_str().unwrap();
    admin
        .machine
        .bind_group(park.group, &name, token)
        .await
        .unwrap();
    let body = json!({ "identifier": PARK, "group": park.group });
    for _ in 0..2 {
        let (status, entry) = admin.browser.post("/api/facilities/register", &body).await;
        assert_eq!(status, 200, "{entry}");
        assert_eq!(entry["group"], json!(park.group));
        assert_eq!(entry["identifier"], PARK);
        assert_eq!(entry["contact"], Value::Null);
    }
    Facility {
        group: park.group,
        admin,
    }
}

/// What the server keeps of the shares: where they are, and whether they are there.
fn shares(site: &Site) -> Vec<(Value, bool)> {
    let database = Connection::open(site.data().join("transfer.db")).unwrap();
    let mut statement = database
        .prepare("SELECT session, pending, commitment, there FROM escrow_share ORDER BY session")
        .unwrap();
    let rows = statement.query_map([], |row| {
        let commitment: Vec<u8> = row.get(2)?;
        let commitment = data_encoding::BASE64URL_NOPAD.encode(&commitment);
        let place = json!({ "session": row.get::<_, String>(0)?, "epoch": 0,
            "commitment": commitment, "pending": row.get::<_, String>(1)? });
        Ok((place, row.get(3)?))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

async fn ask(
    site: &Site,
    person: &Person,
    what: &str,
    member: Option<GroupId>,
    items: &[Value],
) -> (u16, Value) {
    let mut body = json!({ "tenant": site.tenant, "items": items });
    match member {
        Some(member) => body["member"] = json!(member),
        None => body["cause"] = json!("revoked"),
    }
    person
        .browser
        .post(&format!("/v1/escrow/{what}"), &body)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_opens_for_the_facility_and_for_nobody_else() {
    let mut site = Site::new().await;
    let roch = sender(&site).await;
    let (_, config) = roch.admin.browser.get("/api/config").await;
    assert_eq!(
        (&config["escrow"], &config["assigned"]),
        (&json!(true), &json!(false))
    );
    announce(&site, PARK, CONTACT);
    let sent = send(&site, &roch, CANARY.as_bytes()).await;
    let kept = shares(&site);
    assert_eq!(kept.len(), 1);
    assert!(kept[0].1);
    let place = [kept[0].0.clone()];
    let mut events = roch.admin.browser.listen(None).await;
    events.next().await;

    // Nobody: a stranger, the sender for himself, somebody without a session.
    let stranger = site.facility("Stranger").await;
    let member = Some(stranger.group);
    let (status, answer) = ask(&site, &stranger.admin, "release", member, &place).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["items"][0]["share"], Value::Null);
    assert_ne!(answer["items"][0]["refused"], Value::Null);
    let (status, answer) = ask(&site, &stranger.admin, "erase", None, &place).await;
    assert_eq!((status, &answer["items"][0]), (200, &Value::Null));
    let nobody = Person {
        machine: site.machine().await,
        browser: Browser::new(&site.url),
    };
    for (what, member) in [("release", Some(roch.group)), ("erase", None)] {
        let (status, problem) = ask(&site, &nobody, what, member, &place).await;
        assert_eq!(
            (status, &problem["code"]),
            (401, &json!("sign_in_required"))
        );
    }
    let body = json!({ "tenant": site.tenant, "items": [] });
    let (status, _) = nobody.browser.post("/v1/escrow/deposit", &body).await;
    assert_eq!(status, 401);

    let park = registered(&site).await;
    events.about("request", &sent.request).await;
    let case = site.read_case(&roch, &sent.case).await;
    assert_eq!(case["requests"][0]["to"], json!(park.group));
    assert_eq!(case["requests"][0]["escrow"]["state"], "inEscrow");
    let (_, directory) = park.admin.browser.get("/api/facilities").await;
    let entries = directory.as_array().unwrap();
    assert!(entries.iter().all(|entry| entry["group"] != Value::Null));
    // A stranger asks in the facility's name, and a member of it who is removed in time.
    let member = Some(park.group);
    let (status, _) = ask(&site, &stranger.admin, "release", member, &place).await;
    assert_eq!(status, 404);
    let former = site.colleague(&park, "petra@park.example").await;
    park.admin
        .machine
        .remove_members(park.group, &[former.member().await])
        .await
        .unwrap();
    let (status, _) = ask(&site, &former, "release", member, &place).await;
    assert_eq!(
        status, 404,
        "asked at that very moment, not five seconds later"
    );

    // The claim: a code of the key server, which knows the address; over a restart of this server.
    let machine = &park.admin.machine;
    let waiting = machine.pending_sessions(park.group.into()).await.unwrap();
    assert_eq!(waiting.len(), 1);
    let _ = site.servers.mailbox.take();
    let code = machine
        .start_escrow_code(park.group.into(), waiting[0].pending)
        .await
        .unwrap();
    let typed = site.servers.mailbox.code_for(CONTACT);
    machine
        .finish_escrow_code(code.attempt, &typed)
        .await
        .unwrap();
    site.restart().await;
    let claimed = machine.claim(park.group.into(), None).await.unwrap();
    assert_eq!(claimed.claimed, [sent.session], "{claimed:?}");

    let report = json!({ "facility": park.group, "requests": [sent.request, site.id()] });
    for _ in 0..2 {
        let (status, reported) = park
            .admin
            .browser
            .post("/api/requests/delivered", &report)
            .await;
        assert_eq!(status, 200, "{reported}");
        assert_eq!(reported["requests"], json!([sent.request]));
    }
    let case = site.read_case(&roch, &sent.case).await;
    assert_eq!(case["requests"][0]["escrow"]["state"], "delivered");
    let (_, inbox) = park
        .admin
        .browser
        .get(&format!("/api/requests?facility={}", park.group))
        .await;
    let blob = inbox[0]["sealed"].as_str().unwrap();
    let object = park.admin.browser.blob(blob).await.unwrap();
    assert_eq!(unseal(machine, &object).await.unwrap(), CANARY.as_bytes());
    site.moves(&park, &sent.request, "viewed").await;
    let case = site.read_case(&roch, &sent.case).await;
    assert_eq!(case["requests"][0]["escrow"]["state"], "opened");
    assert!(
        shares(&site).iter().all(|(_, there)| !there),
        "the share is gone"
    );
    let (status, answer) = ask(&site, &park.admin, "release", member, &place).await;
    assert_eq!((status, &answer["items"][0]["share"]), (200, &Value::Null));
    // Whoever comes later to the facility reads it too.
    let anna = site.signed_in("anna@park.example").await;
    machine
        .add_member(
            park.group,
            anna.member().await,
            Role::Member,
            Visibility::Full,
        )
        .await
        .unwrap();
    assert!(unseal(&anna.machine, &object).await.is_some());
    // The next one goes to the group at once, also when a page still says the identifier.
    let mut case = site.case(&roch).await;
    let requests = site.send(&roch, &mut case, &[&park]).await;
    assert_eq!(requests.len(), 1);
    assert_eq!(case.record["requests"][0]["escrow"], Value::Null);
    let case = site.case(&roch).await;
    let mut asking = site.asking(&roch, park.group, b"late").await;
    asking["to"] = json!(PARK);
    let path = format!("/api/cases/{}/send", case.id);
    let body = json!({ "version": case.version(), "requests": [asking] });
    let (status, record) = roch.admin.browser.post(&path, &body).await;
    assert_eq!(status, 200, "{record}");
    assert_eq!(record["requests"][0]["to"], json!(park.group));

    let mut places = Vec::new();
    files(&site.data(), &mut places);
    files(site.servers.folder(), &mut places);
    places.push(("the log".into(), log()));
    for mail in site.mailbox.mails() {
        places.push(("a mail".into(), mail.raw.into_bytes()));
    }
    for (place, content) in &places {
        assert!(!finds(content, CANARY), "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_back_or_too_old_is_gone_before_anybody_gets_it() {
    let site = Site::new().await;
    let roch = sender(&site).await;
    announce(&site, PARK, CONTACT);
    let first = send(&site, &roch, b"first").await;
    let second = send(&site, &roch, b"second").await;
    assert_eq!(shares(&site).len(), 2);
    // Cancelled: the sender's page revokes the pending recipient, and the share goes with it.
    let path = format!("/api/requests/{}/move", first.request);
    let body = json!({ "version": 1, "to": "cancelled", "reasonGroups": ["snd"] });
    assert_eq!(roch.admin.browser.post(&path, &body).await.0, 200);
    let (_, open) = roch
        .admin
        .browser
        .get(&format!("/api/revocations?facility={}", roch.group))
        .await;
    assert_eq!(open[0]["group"], Value::Null);
    let pending = open[0]["pending"].as_str().unwrap().parse().unwrap();
    let machine = &roch.admin.machine;
    machine
        .revoke(
            first.session,
            &[wardseal_client::types::MemberId::Pending(pending)],
        )
        .await
        .unwrap();
    let there = |session: SessionId| {
        let found = shares(&site)
            .into_iter()
            .find(|(place, _)| place["session"] == json!(session));
        found.unwrap().1
    };
    assert!(!there(first.session));
    assert!(there(second.session));
    let park = registered(&site).await;
    let waiting = park
        .admin
        .machine
        .pending_sessions(park.group.into())
        .await
        .unwrap();
    assert_eq!(waiting.len(), 1);
    let (_, inbox) = park
        .admin
        .browser
        .get(&format!("/api/requests?facility={}", park.group))
        .await;
    assert_eq!(
        inbox.as_array().unwrap().len(),
        1,
        "what was called back is not theirs"
    );
    let path = format!("/api/requests/{}", first.request);
    assert_eq!(park.admin.browser.get(&path).await.0, 404);
    // Nobody comes for the other in time.
    site.pass(31 * DAY);
    site.app.expire_shares().await.unwrap();
    assert!(!there(second.session));
}
