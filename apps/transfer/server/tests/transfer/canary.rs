//! What the server knows: strings that are planted in everything that is sealed are found nowhere.

use std::path::Path;

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use serde_json::json;
use wardseal_client::Rights;

use crate::site::{Site, log, seal_named};

/// How a text may look somewhere.
fn disguises(text: &str) -> Vec<Vec<u8>> {
    let mut all = vec![
        text.as_bytes().to_vec(),
        text.to_lowercase().into_bytes(),
        text.to_uppercase().into_bytes(),
        HEXLOWER.encode(text.as_bytes()).into_bytes(),
        HEXUPPER.encode(text.as_bytes()).into_bytes(),
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        text.bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect::<String>()
            .into_bytes(),
    ];
    // In the middle of something else base64 looks like one of three texts; the edges depend on
    // their neighbours.
    for shift in 0..3 {
        let mut shifted = vec![b'.'; shift];
        shifted.extend_from_slice(text.as_bytes());
        for encoding in [BASE64, BASE64URL] {
            let encoded = encoding.encode(&shifted).into_bytes();
            let end = (shifted.len() / 3) * 4;
            all.push(encoded[if shift == 0 { 0 } else { 4 }..end].to_vec());
        }
    }
    all
}

pub(crate) fn finds(content: &[u8], text: &str) -> bool {
    disguises(text).iter().any(|disguise| {
        content
            .windows(disguise.len())
            .any(|window| window == disguise)
    })
}

#[test]
fn the_search_finds_what_is_there() {
    let text = "CANARY-Jeanne Moreau";
    let hidden = |bytes: &[u8]| [b"some words before ".as_slice(), bytes, b" and after"].concat();
    assert!(!finds(&hidden(b"CANARY"), text));
    assert!(finds(&hidden(text.as_bytes()), text));
    assert!(finds(
        &hidden(HEXLOWER.encode(text.as_bytes()).as_bytes()),
        text
    ));
    for shift in 0..3 {
        let inside = ["x".repeat(shift).as_str(), text, " and after"].concat();
        assert!(
            finds(BASE64.encode(inside.as_bytes()).as_bytes(), text),
            "{shift}"
        );
        assert!(
            finds(BASE64URL.encode(inside.as_bytes()).as_bytes(), text),
            "{shift}"
        );
    }
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(finds(&hidden(&wide), text));
}

/// Every file in a directory and beneath.
pub(crate) fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_sealed_is_anywhere() {
    let site = Site::new().await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    let canaries: Vec<String> = [
        "working copy",
        "note",
        "stage 1 diagnosis",
        "question",
        "answer",
        "reason",
        "Jeanne Moreau",
        "1931-02-11",
        "file name",
        "file content",
        "date offered",
    ]
    .iter()
    .map(|what| format!("CANARY-{what}-{}", "4b1d"))
    .collect();
    let [
        copy,
        note,
        diagnosis,
        question,
        answer,
        reason,
        name,
        birth,
        file_name,
        file,
        date,
    ] = canaries.as_slice()
    else {
        panic!("eleven canaries");
    };

    let mut case = site
        .case_with(&roch, format!("{copy} {note}").as_bytes())
        .await;
    let asking = site.asking(&roch, park.group, diagnosis.as_bytes()).await;
    let (request, stage1) = (asking["id"].clone(), asking["session"].clone());
    let stage1 = stage1.as_str().unwrap().parse().unwrap();
    let request = request.as_str().unwrap();
    let path = format!("/api/cases/{}/send", case.id);
    let body = json!({ "version": case.version(), "requests": [asking] });
    let (status, record) = roch.admin.browser.post(&path, &body).await;
    assert_eq!(status, 200);
    case.record = record;
    // A document, by its name and content.
    let object = seal_named(
        &roch.admin.machine,
        case.documents,
        file.as_bytes(),
        file_name,
    )
    .await;
    let document = site.id();
    roch.admin.browser.put(document, roch.group, object).await;
    let body = json!({ "version": case.version(), "blob": document });
    let path = format!("/api/cases/{}/documents", case.id);
    assert_eq!(roch.admin.browser.post(&path, &body).await.0, 200);

    // A question, its answer, and an offer, each with something sealed.
    let step = async |facility: &crate::site::Facility, to: &str, content: &str| {
        let sealed = site
            .sealed(&facility.admin, facility.group, stage1, content.as_bytes())
            .await;
        let path = format!("/api/requests/{request}");
        let (_, record) = facility.admin.browser.get(&path).await;
        let mut body = json!({ "version": record["version"], "to": to, "sealed": sealed });
        if to == "declined" {
            body["reasonGroups"] = json!(["clin"]);
        }
        let (status, answer) = facility
            .admin
            .browser
            .post(&format!("{path}/move"), &body)
            .await;
        assert_eq!(status, 200, "{to} {answer}");
    };
    step(&park, "viewed", "nothing").await;
    step(&park, "info_needed", question).await;
    step(&roch, "in_review", answer).await;
    step(&park, "declined", reason).await;
    step(&park, "in_review", "nothing").await;
    step(&park, "interested", "nothing").await;
    let recipients = [
        (roch.group.into(), Rights::MANAGE),
        (park.group.into(), Rights::READ),
    ];
    let stage2 = roch
        .admin
        .machine
        .create_session(&recipients, None, Some(name.as_bytes()))
        .await
        .unwrap();
    let record = format!("{name} {birth} {file_name}");
    let sealed = site
        .sealed(&roch.admin, roch.group, stage2, record.as_bytes())
        .await;
    let (_, record) = roch
        .admin
        .browser
        .get(&format!("/api/requests/{request}"))
        .await;
    let body = json!({ "version": record["version"], "session": stage2, "sealed": sealed });
    let path = format!("/api/requests/{request}/disclose");
    assert_eq!(roch.admin.browser.post(&path, &body).await.0, 200);
    step(&park, "offered", date).await;
    assert_eq!(site.choose(&roch, &case, request).await.0, 200);

    // What is wrong is refused, and not written down either.
    for bad in [
        json!({ "version": 1, "to": name }),
        json!({ "version": name, "to": "offered" }),
        json!({ "version": 1, "to": "offered", "note": note }),
    ] {
        let path = format!("/api/requests/{request}/move");
        assert_eq!(park.admin.browser.post(&path, &bad).await.0, 400);
    }
    site.mailbox.wait_for(3).await;

    let mut places = Vec::new();
    files(&site.data(), &mut places);
    files(site.servers.folder(), &mut places);
    let databases = places
        .iter()
        .filter(|(name, _)| name.ends_with(".db"))
        .count();
    assert_eq!(
        databases, 3,
        "of the transfer server, the key server and the vault"
    );
    assert!(
        places
            .iter()
            .any(|(name, _)| name.contains(&document.to_string()))
    );
    let written = log();
    assert!(!written.is_empty());
    places.push(("the log".into(), written));
    for mail in site.mailbox.mails() {
        places.push(("a mail".into(), mail.raw.into_bytes()));
    }
    let (_, everything) = roch
        .admin
        .browser
        .get(&format!("/api/cases/{}", case.id))
        .await;
    places.push(("an answer".into(), everything.to_string().into_bytes()));
    for (place, content) in &places {
        for canary in &canaries {
            assert!(!finds(content, canary), "{canary} is in {place}");
        }
    }

    // Of what it does know the log holds nothing either: neither cases nor requests nor people.
    let ours = String::from_utf8_lossy(&log())
        .lines()
        .filter(|line| line.contains(" transfer_server"))
        .collect::<Vec<_>>()
        .join("\n");
    assert!(ours.contains("answered"));
    for id in [
        &case.id.to_string(),
        request,
        &document.to_string(),
        "grp_",
        "ses_",
        "facility=",
    ] {
        assert!(!ours.contains(id), "{id}");
    }
}
