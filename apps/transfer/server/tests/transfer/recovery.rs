//! Ways back in: the tenant's half of the two-man rule, and help of administrators.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use transfer_server::recovery::{CODE, DAILY, HELP, HOURLY, TRIES};
use wardseal_client::{MailSettings, Role, Visibility, protocol::vault::Language, types::UserId};
use wardseal_client_password::{set_password, unlock};
use wardseal_testkit::seeded;
use wardseal_types::FixedBytes;

use crate::site::{Browser, Facility, MINUTE, Machine, Person, Site, seed};

const PASSWORD: &str = "vier blaue Hunde tanzen";

/// Sets the method at the vault and here. Its record.
async fn with_mail(site: &Site, person: &Person, address: &str) -> FixedBytes<32> {
    let settings = MailSettings {
        address,
        delay: 0,
        language: Language::French,
    };
    let prepared = person.machine.prepare_mail(settings).await.unwrap();
    let record = *prepared.record();
    let share = FixedBytes(*prepared.share().expose());
    let asked = json!({ "record": record, "share": share, "address": address, "language": "fr" });
    for _ in 0..2 {
        let (status, answer) = person.browser.put_json("/api/recovery/share", &asked).await;
        assert_eq!(status, 200, "{answer}");
        let shares = answer["shares"].as_array().unwrap();
        assert!(shares.iter().any(|share| share["record"] == json!(record)));
        assert_eq!(shares[0].get("share"), None);
    }
    person.machine.adopt_mail(prepared).await.unwrap();
    site.pass(transfer_server::FRESH + 1);
    record
}

/// A name, with a password and the method.
async fn anna(site: &Site) -> (Person, FixedBytes<32>) {
    let anna = site.invited("anna@saint-roch.example").await;
    set_password(&anna.machine, PASSWORD, &[], seeded(seed()))
        .await
        .unwrap();
    let record = with_mail(site, &anna, "anna@saint-roch.example").await;
    (anna, record)
}

/// A machine that has begun, and what it asks for.
pub(crate) async fn begun(site: &Site, name: &str) -> (Machine, Value) {
    let machine = site.machine().await;
    let under_way = machine.begin_recovery(name).await.unwrap();
    let key = BASE64URL_NOPAD.encode(&under_way.client_key);
    let asked = json!({ "name": name, "clientKey": key, "language": "en" });
    (machine, asked)
}

pub(crate) async fn start(site: &Site, asked: &Value) -> Value {
    let (status, started) = Browser::new(&site.url)
        .post("/api/recovery/start", asked)
        .await;
    assert_eq!(status, 200, "{started}");
    started
}

async fn finish(site: &Site, attempt: &Value, code: &str) -> (u16, Value) {
    let asked = json!({ "attempt": attempt, "code": code });
    Browser::new(&site.url)
        .post("/api/recovery/finish", &asked)
        .await
}

/// The code in a letter.
pub(crate) fn code_in(letter: &str) -> String {
    let (_, after) = letter.split_once(" : ").unwrap();
    let digits: String = after
        .lines()
        .next()
        .unwrap()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    assert_eq!(digits.len(), 8, "{letter}");
    digits
}

/// As the letter shows it.
fn spaced(code: &str) -> String {
    let (first, last) = code.split_at(4);
    format!("{first} {last}")
}

fn wrong(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:08}", (number + 1) % 100_000_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_codes_bring_somebody_back_and_he_is_told() {
    let site = Site::new().await;
    let (_, record) = anna(&site).await;
    let (machine, asked) = begun(&site, "anna@saint-roch.example").await;
    let started = start(&site, &asked).await;
    assert_eq!(started["record"], json!(record));
    let user: UserId = started["user"].as_str().unwrap().parse().unwrap();
    let token = started["token"].as_str().unwrap();
    machine
        .start_mail_recovery(token, user, record)
        .await
        .unwrap();
    let letter = site.letter_to("anna@saint-roch.example", 1).await;
    assert!(letter.contains(started["tag"].as_str().unwrap()));
    assert!(letter.starts_with("Votre code"), "{letter}");
    let under_way = machine.recovery_under_way().await.unwrap().unwrap();
    assert_eq!(started["tag"], json!(under_way.tag));
    let code = code_in(&letter);
    let (status, problem) = finish(&site, &started["attempt"], &wrong(&code)).await;
    assert_eq!((status, &problem["code"]), (403, &json!("code_refused")));
    assert_eq!(problem["detail"], "2 tries are left");
    let typed = format!(" {}", spaced(&code));
    let (status, finished) = finish(&site, &started["attempt"], &typed).await;
    assert_eq!(status, 200, "{finished}");
    // The answer may be lost: for ten minutes the code gives the same again.
    let again = finish(&site, &started["attempt"], &code).await;
    assert_eq!(again, (200, finished.clone()));
    let share = finished["share"].as_str().unwrap();
    let share: FixedBytes<32> = serde_json::from_value(json!(share)).unwrap();
    let vault_code = site.servers.mailbox.code_for("anna@saint-roch.example");
    assert_ne!(vault_code, code);
    let progress = machine
        .finish_mail_recovery(&vault_code, &share.0)
        .await
        .unwrap();
    assert!(progress.released);
    let new = "sieben rote Katzen singen";
    set_password(&machine, new, &[], seeded(seed()))
        .await
        .unwrap();
    // She signs in, and hears at her address that somebody came back without her password: once.
    let back = Person {
        machine,
        browser: Browser::new(&site.url),
    };
    let other = site.machine().await;
    unlock(&other, "anna@saint-roch.example", new, seeded(seed()))
        .await
        .unwrap();
    site.pass(transfer_server::FRESH + 1);
    let again = Person {
        machine: other,
        browser: Browser::new(&site.url),
    };
    site.sign_in(&again).await;
    site.sign_in(&back).await;
    let letter = site.letter_to("anna@saint-roch.example", 2).await;
    assert!(letter.starts_with("Votre accès a été rétabli"), "{letter}");
    site.app.post().await.unwrap();
    assert_eq!(site.mailbox.mails().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_exist_looks_like_anybody_and_gets_no_letter() {
    let mut site = Site::new().await;
    site.invited("ben@saint-roch.example").await;
    for name in ["nobody@saint-roch.example", "ben@saint-roch.example"] {
        let (_, asked) = begun(&site, name).await;
        let first = start(&site, &asked).await;
        site.restart().await;
        let second = start(&site, &asked).await;
        for same in ["user", "record", "tag"] {
            assert_eq!(first[same], second[same], "{same}");
        }
        assert_ne!(first["attempt"], second["attempt"]);
        assert_ne!(first["token"], second["token"]);
        let members: Vec<_> = first.as_object().unwrap().keys().collect();
        assert_eq!(members, ["attempt", "record", "tag", "token", "user"]);
        let (status, problem) = finish(&site, &first["attempt"], "00000000").await;
        assert_eq!((status, &problem["code"]), (403, &json!("code_refused")));
    }
    site.app.post().await.unwrap();
    assert!(site.mailbox.mails().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_expire_and_are_not_guessed() {
    let site = Site::new().await;
    let (_, _) = anna(&site).await;
    let name = "anna@saint-roch.example";
    let (_, asked) = begun(&site, name).await;
    let started = start(&site, &asked).await;
    let code = code_in(&site.letter_to(name, 1).await);
    for try_ in 1..=TRIES {
        let (status, problem) = finish(&site, &started["attempt"], &wrong(&code)).await;
        let expected = if try_ == TRIES { 429 } else { 403 };
        assert_eq!(status, expected, "{problem}");
    }
    let (status, problem) = finish(&site, &started["attempt"], &code).await;
    assert_eq!(
        (status, &problem["code"]),
        (429, &json!("too_many_attempts")),
        "too late"
    );
    // A code is good for its own attempt, and for ten minutes.
    let second = start(&site, &asked).await;
    let (status, _) = finish(&site, &second["attempt"], &code).await;
    assert_eq!(status, 403);
    let code = code_in(&site.letter_to(name, 2).await);
    site.pass(CODE);
    let (status, problem) = finish(&site, &second["attempt"], &code).await;
    assert_eq!((status, &problem["code"]), (403, &json!("code_expired")));
    let (status, problem) = finish(&site, &json!(FixedBytes([9; 32])), &code).await;
    assert_eq!((status, &problem["code"]), (403, &json!("code_expired")));
    // Five in a day, also over a restart.
    for _ in 2..DAILY {
        start(&site, &asked).await;
    }
    let mut site = site;
    site.restart().await;
    let browser = Browser::new(&site.url);
    let (status, problem) = browser.post("/api/recovery/start", &asked).await;
    assert_eq!(
        (status, &problem["code"]),
        (429, &json!("too_many_attempts"))
    );
    site.pass(24 * 60 * MINUTE);
    start(&site, &asked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_asks_only_so_often_whatever_the_names() {
    let site = Site::new().await;
    let (_, mut asked) = begun(&site, "anna@saint-roch.example").await;
    let from = async |asked: &Value, origin: &str| {
        let browser = Browser::new(&site.url);
        let request = browser
            .request(reqwest::Method::POST, "/api/recovery/start")
            .header("x-forwarded-for", format!("203.0.113.7, {origin}"))
            .json(asked);
        browser.send(request).await.0
    };
    for number in 0..HOURLY {
        asked["name"] = json!(format!("name-{number}"));
        assert_eq!(from(&asked, "198.51.100.1").await, 200);
    }
    asked["name"] = json!("another");
    assert_eq!(from(&asked, "198.51.100.1").await, 429);
    assert_eq!(from(&asked, "198.51.100.2").await, 200);
    assert_eq!(from(&asked, "2001:db8::1").await, 200);
    site.pass(60 * MINUTE);
    assert_eq!(from(&asked, "198.51.100.1").await, 200);
    for bad in [
        json!({ "name": "", "clientKey": asked["clientKey"], "language": "en" }),
        json!({ "name": "x", "clientKey": "AAAA", "language": "en" }),
        json!({ "name": "x", "clientKey": asked["clientKey"], "language": "it" }),
    ] {
        assert_eq!(from(&bad, "198.51.100.3").await, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_stays_as_it_is_while_the_chain_names_it() {
    let site = Site::new().await;
    let (anna, record) = anna(&site).await;
    let browser = &anna.browser;
    let name = BASE64URL_NOPAD.encode(&record.0);
    let path = format!("/api/recovery/share?record={name}");
    let (status, problem) = browser.delete(&path).await;
    assert_eq!((status, &problem["code"]), (409, &json!("record_in_use")));
    let stolen = json!({ "record": record, "share": FixedBytes([1; 32]),
        "address": "thief@evil.example", "language": "fr" });
    let (status, problem) = browser.put_json("/api/recovery/share", &stolen).await;
    assert_eq!((status, &problem["code"]), (409, &json!("taken")));
    let bad = json!({ "record": FixedBytes([2; 32]), "share": FixedBytes([1; 32]),
        "address": "no address", "language": "fr" });
    assert_eq!(browser.put_json("/api/recovery/share", &bad).await.0, 400);
    // However many others come, it is not among those that go.
    for number in 10..20 {
        let other = json!({ "record": FixedBytes([number; 32]), "share": FixedBytes([1; 32]),
            "address": "anna@saint-roch.example", "language": "fr" });
        site.pass(1);
        assert_eq!(browser.put_json("/api/recovery/share", &other).await.0, 200);
    }
    let (_, shares) = browser.get("/api/recovery/share").await;
    let shares = shares["shares"].as_array().unwrap();
    assert_eq!(shares.len(), 5);
    assert!(shares.iter().any(|share| share["record"] == json!(record)));
    // Another person has none of it.
    let ben = site.invited("ben@saint-roch.example").await;
    let (_, none) = ben.browser.get("/api/recovery/share").await;
    assert_eq!(none["shares"], json!([]));
    ben.browser.delete(&path).await;
    let (_, kept) = browser.get("/api/recovery/share").await;
    assert_eq!(kept["shares"].as_array().unwrap().len(), 5);
    // A new record in force: the old one may go.
    with_mail(&site, &anna, "anna@elsewhere.example").await;
    let (status, left) = browser.delete(&path).await;
    assert_eq!(status, 200, "{left}");
    let left = left["shares"].as_array().unwrap();
    assert!(left.iter().all(|share| share["record"] != json!(record)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_holds_no_code_and_no_name_that_was_tried() {
    let site = Site::new().await;
    let (_, _) = anna(&site).await;
    let (_, asked) = begun(&site, "anna@saint-roch.example").await;
    start(&site, &asked).await;
    let (_, guessed) = begun(&site, "CANARY-guessed-name").await;
    start(&site, &guessed).await;
    let code = code_in(&site.letter_to("anna@saint-roch.example", 1).await);
    let shown = spaced(&code);
    for file in ["transfer.db", "transfer.db-wal"] {
        let content = std::fs::read(site.data().join(file)).unwrap_or_default();
        for secret in [code.as_str(), &shown, "CANARY-guessed-name"] {
            let found = content
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} in {file}");
        }
    }
    let log = String::from_utf8_lossy(&crate::site::log()).into_owned();
    for line in log.lines().filter(|line| line.contains("transfer_server")) {
        assert!(!line.contains(&code) && !line.contains("CANARY-guessed-name"));
    }
}

/// A facility with two administrators who can help a member.
pub(crate) async fn house(site: &Site) -> (Facility, Person, Person) {
    let admin = site.invited("claire@park.example").await;
    let group = admin.machine.create_group("Park", &[]).await.unwrap();
    site.register(group, "Park");
    let park = Facility { group, admin };
    let second = site.invited("denis@park.example").await;
    let member = site.invited("eva@park.example").await;
    for (person, role) in [(&second, Role::Admin), (&member, Role::Member)] {
        let member = person.member().await;
        let machine = &park.admin.machine;
        machine
            .add_member(park.group, member, role, Visibility::Full)
            .await
            .unwrap();
    }
    site.pass(transfer_server::FRESH + 1);
    (park, second, member)
}

pub(crate) async fn help(person: &Person, path: &str, body: &Value) -> (u16, Value) {
    let path = format!("/api/recovery/help/{path}");
    person.browser.post(&path, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_help_and_nobody_else_sees_it() {
    let site = Site::new().await;
    let (park, denis, eva) = house(&site).await;
    set_password(&eva.machine, PASSWORD, &[], seeded(seed()))
        .await
        .unwrap();
    eva.machine.set_organisation(park.group, 2).await.unwrap();
    let stranger = site.facility("Stranger").await;
    let fred = site.colleague(&park, "fred@park.example").await;
    let mut events = park.admin.browser.listen(None).await;
    events.next().await;

    let (machine, asked) = begun(&site, "eva@park.example").await;
    let asked = json!({ "name": asked["name"], "clientKey": asked["clientKey"] });
    let browser = Browser::new(&site.url);
    let (status, wanted) = browser.post("/api/recovery/help", &asked).await;
    assert_eq!(status, 200, "{wanted}");
    let id = wanted["id"].as_str().unwrap();
    events.about("help", id).await;
    let letter = site.letter_to("eva@park.example", 1).await;
    assert!(letter.contains("administrateurs"), "{letter}");
    for admin in ["claire@park.example", "denis@park.example"] {
        let letter = site.letter_to(admin, 1).await;
        assert!(!letter.contains("eva") && !letter.contains(id), "{letter}");
    }

    // Neither a colleague nor a stranger sees it or can answer it.
    let nonsense = json!({ "release": "AAAA", "blob": "AAAA" });
    for other in [&fred, &stranger.admin, &eva] {
        let (_, seen) = other.browser.get("/api/recovery/help").await;
        assert_eq!(seen, json!([]));
        for (what, body) in [("release", &nonsense), ("decline", &json!({}))] {
            let (status, _) = help(other, &format!("{id}/{what}"), body).await;
            assert_eq!(status, 404);
        }
    }
    let (status, _) = browser
        .post(&format!("/api/recovery/help/{id}/release"), &nonsense)
        .await;
    assert_eq!(status, 401);
    let poll = async |secret: &Value| {
        let path = format!("/api/recovery/help/{id}/poll");
        browser.post(&path, &json!({ "secret": secret })).await
    };
    assert_eq!(poll(&json!(FixedBytes([1; 32]))).await.0, 404);
    let (_, waiting) = poll(&wanted["secret"]).await;
    assert_eq!(waiting["state"], "waiting");
    assert_eq!(waiting["user"], Value::Null);

    let mut answers = Vec::new();
    for (number, admin) in [&park.admin, &denis].into_iter().enumerate() {
        let (_, list) = admin.browser.get("/api/recovery/help").await;
        let seen = &list[0];
        assert_eq!(seen["id"], wanted["id"]);
        assert_eq!(seen["name"], "eva@park.example");
        assert_eq!((&seen["tag"], &seen["quorum"]), (&wanted["tag"], &json!(2)));
        assert_eq!(seen["state"], "waiting");
        assert_eq!(seen["released"].as_array().unwrap().len(), number);
        let user: UserId = seen["user"].as_str().unwrap().parse().unwrap();
        let key = seen["clientKey"].as_str().unwrap();
        let key = BASE64URL_NOPAD.decode(key.as_bytes()).unwrap();
        let answer = admin.machine.answer_help(user, &key).await.unwrap();
        let body = json!({ "release": answer.release, "blob": answer.sealed });
        for _ in 0..2 {
            let (status, after) = help(admin, &format!("{id}/release"), &body).await;
            assert_eq!(status, 200, "{after}");
        }
        answers.push(answer);
    }
    let (_, answered) = poll(&wanted["secret"]).await;
    assert_eq!(answered["state"], "released");
    let releases = answered["releases"].as_array().unwrap();
    let helped: Vec<_> = releases
        .iter()
        .map(|release| wardseal_client::HelpAnswer {
            user: serde_json::from_value(answered["user"].clone()).unwrap(),
            record: serde_json::from_value(answered["record"].clone()).unwrap(),
            admin: serde_json::from_value(release["admin"].clone()).unwrap(),
            release: serde_json::from_value(release["release"].clone()).unwrap(),
            sealed: serde_json::from_value(answered["blob"].clone()).unwrap(),
        })
        .collect();
    assert!(machine.take_help(&helped).await.unwrap());
    // It is over: nothing more is answered.
    let (status, problem) = help(&denis, &format!("{id}/decline"), &json!({})).await;
    assert_eq!((status, &problem["code"]), (409, &json!("help_over")));
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_declined_expires_and_ends_with_the_role() {
    let site = Site::new().await;
    let (park, denis, eva) = house(&site).await;
    set_password(&eva.machine, PASSWORD, &[], seeded(seed()))
        .await
        .unwrap();
    eva.machine.set_organisation(park.group, 1).await.unwrap();
    let (_, asked) = begun(&site, "eva@park.example").await;
    let asked = json!({ "name": asked["name"], "clientKey": asked["clientKey"] });
    let browser = Browser::new(&site.url);
    let ask = async || {
        let (status, wanted) = browser.post("/api/recovery/help", &asked).await;
        assert_eq!(status, 200, "{wanted}");
        wanted
    };
    let poll = async |wanted: &Value| {
        let path = format!("/api/recovery/help/{}/poll", wanted["id"].as_str().unwrap());
        let body = json!({ "secret": wanted["secret"] });
        browser.post(&path, &body).await.1["state"].clone()
    };
    let (first, second, third) = (ask().await, ask().await, ask().await);
    let path = |wanted: &Value, what: &str| format!("{}/{what}", wanted["id"].as_str().unwrap());
    let release = json!({ "release": "AAAA", "blob": "AAAA" });
    for _ in 0..2 {
        let (status, declined) = help(&denis, &path(&first, "decline"), &json!({})).await;
        assert_eq!((status, &declined["state"]), (200, &json!("declined")));
    }
    assert_eq!(poll(&first).await, "declined");
    let (status, _) = help(&park.admin, &path(&first, "release"), &release).await;
    assert_eq!(status, 409);
    // The first answer brings the record, and neither is larger than it has to be.
    let (status, problem) = help(
        &denis,
        &path(&second, "release"),
        &json!({ "release": "AAAA" }),
    )
    .await;
    assert_eq!((status, &problem["code"]), (422, &json!("sealed_missing")));
    let large = json!({ "release": "A".repeat(8 << 10), "blob": "AAAA" });
    assert_eq!(help(&denis, &path(&second, "release"), &large).await.0, 413);
    // Who administers the group no more is not asked any more.
    park.admin
        .machine
        .remove_members(park.group, &[denis.member().await])
        .await
        .unwrap();
    site.pass(transfer_server::FRESH + 1);
    let (_, seen) = denis.browser.get("/api/recovery/help").await;
    assert_eq!(seen, json!([]));
    assert_eq!(
        help(&denis, &path(&second, "release"), &release).await.0,
        404
    );
    site.pass(HELP);
    assert_eq!(poll(&third).await, "expired");
    site.sign_in(&park.admin).await;
    let (_, seen) = park.admin.browser.get("/api/recovery/help").await;
    assert_eq!(seen, json!([]));
    assert_eq!(
        help(&park.admin, &path(&third, "release"), &release)
            .await
            .0,
        409
    );

    // A name that nobody has looks the same, and five times a day is enough.
    let (_, nobody) = begun(&site, "nobody@park.example").await;
    let asked = json!({ "name": nobody["name"], "clientKey": nobody["clientKey"] });
    for _ in 0..DAILY {
        let (status, wanted) = browser.post("/api/recovery/help", &asked).await;
        assert_eq!(status, 200);
        assert_eq!(poll(&wanted).await, "waiting");
    }
    let (status, problem) = browser.post("/api/recovery/help", &asked).await;
    assert_eq!(
        (status, &problem["code"]),
        (429, &json!("too_many_attempts"))
    );
    site.app.tidy().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_without_any_way_back_begins_anew() {
    let site = Site::new().await;
    let (park, denis, eva) = house(&site).await;
    let old = eva.machine.profile().await.unwrap().user;
    let path = format!("/api/people/{old}/restart");
    let asked = json!({ "facility": park.group });
    let stranger = site.facility("Stranger").await;
    for other in [&eva, &stranger.admin] {
        let (status, _) = other.browser.post(&path, &asked).await;
        assert_eq!(status, 403);
    }
    let elsewhere = json!({ "facility": stranger.group });
    let (status, _) = stranger.admin.browser.post(&path, &elsewhere).await;
    assert_eq!(status, 404, "a member of another facility");
    let own = park.admin.machine.profile().await.unwrap().user;
    let (status, _) = park
        .admin
        .browser
        .post(&format!("/api/people/{own}/restart"), &asked)
        .await;
    assert_eq!(status, 404, "nobody begins himself anew");
    assert_eq!(Browser::new(&site.url).post(&path, &asked).await.0, 401);

    let (_, void) = denis.browser.post(&path, &asked).await;
    let (status, begun) = park.admin.browser.post(&path, &asked).await;
    assert_eq!(status, 200, "{begun}");
    assert_eq!(begun["name"], "eva@park.example");
    let letter = site.letter_to("eva@park.example", 1).await;
    let invitation = begun["invitation"].as_str().unwrap();
    assert!(!letter.contains(invitation));
    let (_, refused) = site
        .sign_up(void["invitation"].as_str().unwrap(), "eva@park.example")
        .await;
    assert_eq!(refused.unwrap_err()["code"], "invitation_refused");
    let (_, refused) = site.sign_up(invitation, "other@park.example").await;
    assert_eq!(refused.unwrap_err()["code"], "invitation_refused");

    let (new, signed_up) = site.sign_up(invitation, "eva@park.example").await;
    let signed_up = signed_up.unwrap();
    assert_eq!(signed_up["old"], json!(old));
    assert_eq!(signed_up["facility"], json!(park.group));
    // Whom she was before is signed out and has no name here.
    assert_eq!(eva.browser.get("/api/session").await.0, 401);
    site.sign_in(&new).await;
    let (_, me) = new.browser.get("/api/session").await;
    assert_eq!(me["name"], "eva@park.example");
    assert_eq!(me["facilities"], json!([]), "the administrator adds her");
    let list = format!("/api/people/restarts?facility={}", park.group);
    let (_, pending) = park.admin.browser.get(&list).await;
    let user = new.machine.profile().await.unwrap().user;
    assert_eq!(pending[0]["old"], json!(old));
    assert_eq!(pending[0]["user"], json!(user));
    assert_eq!(new.browser.get(&list).await.0, 403);
    assert_eq!(stranger.admin.browser.get(&list).await.0, 403);
    let machine = &park.admin.machine;
    let found = machine.users_by_name(&["eva@park.example"]).await;
    assert_eq!(found.unwrap(), [user]);
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_go_where_the_person_says_and_the_old_address_hears_of_it() {
    let site = Site::new().await;
    let anna = site.invited("anna@saint-roch.example").await;
    let (_, me) = anna.browser.get("/api/session").await;
    assert_eq!(me["address"], "anna@saint-roch.example");
    assert_eq!(me["language"], "fr");
    let asked = json!({ "address": "anna@home.example", "language": "de" });
    let (status, me) = anna.browser.put_json("/api/account", &asked).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&me["address"], &me["language"]),
        (&asked["address"], &json!("de"))
    );
    let letter = site.letter_to("anna@saint-roch.example", 1).await;
    assert!(letter.starts_with("Votre adresse"), "{letter}");
    assert!(!letter.contains("home.example"));
    for bad in [
        json!({ "address": "nonsense", "language": "de" }),
        json!({ "address": "a@b.example", "language": "it" }),
    ] {
        assert_eq!(anna.browser.put_json("/api/account", &bad).await.0, 400);
    }
    let nobody = Browser::new(&site.url);
    assert_eq!(nobody.put_json("/api/account", &asked).await.0, 401);
}
