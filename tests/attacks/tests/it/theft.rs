//! What a thief finds: databases, logs and records are searched for what must not be in them.

use std::{
    collections::BTreeMap,
    fs, io,
    sync::{Arc, Mutex, PoisonError},
};

use data_encoding::{BASE32_NOPAD, BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use wardseal_attacks::World;
use wardseal_client::{CachePolicy, Rights, crypto::aead::AwsLcAes, protocol::object::Metadata};
use wardseal_client_password::{set_password, unlock};
use wardseal_testkit::{Servers, seeded};

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How a secret might have been written. Base64 has three, by where in the text it stands; what
/// borders on other bytes is left away.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![
        secret.to_vec(),
        HEXLOWER.encode(secret).into_bytes(),
        HEXUPPER.encode(secret).into_bytes(),
        BASE32_NOPAD.encode(secret).to_lowercase().into_bytes(),
        format!("{:?}", secret).into_bytes(),
    ];
    for shift in 0..3 {
        let padded = [vec![0; shift], secret.to_vec()].concat();
        for encoded in [BASE64.encode(&padded), BASE64URL_NOPAD.encode(&padded)] {
            let text = encoded.trim_end_matches('=').as_bytes();
            let first = if shift == 0 { 0 } else { shift + 1 };
            forms.push(text[first..text.len() - 2].to_vec());
        }
    }
    forms.retain(|form| form.len() >= 8);
    forms
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else {
        return false;
    };
    let mut rest = haystack;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = &rest[at..];
        if rest.starts_with(needle) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

#[test]
fn the_search_finds_what_is_there() {
    let secret = b"a canary of some length";
    for shift in 0..3 {
        let text = [vec![b'x'; shift], secret.to_vec(), b"after".to_vec()].concat();
        for place in [
            text.clone(),
            HEXLOWER.encode(&text).into_bytes(),
            BASE64.encode(&text).into_bytes(),
            BASE64URL_NOPAD.encode(&text).into_bytes(),
        ] {
            assert!(forms(secret).iter().any(|form| contains(&place, form)));
        }
    }
    assert!(
        !forms(secret)
            .iter()
            .any(|form| contains(b"nothing of it", form))
    );
}

#[tokio::test]
async fn stolen_servers_disks_and_logs_hold_no_secrets() {
    let log = Written::default();
    let writer = log.clone();
    // If the process has a subscriber already, the log stays empty and the check below says so.
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let mut world = World::new(70).await;
    let name = "canary-person@hospital.example";
    let password = "canary lanterns over Strasbourg 1907";
    let text = "canary plaintext: Mrs Lefebvre leaves on Tuesday";
    let ada = world
        .somebody_with(name, CachePolicy::Persistent { ttl: 600_000 })
        .await;
    let bob = world.somebody("canary-second-person").await;
    let group = ada
        .client
        .create_group(
            "canary group name",
            &[
                (ada.member().await, wardseal_client::Role::Admin),
                (bob.member().await, wardseal_client::Role::Member),
            ],
        )
        .await
        .unwrap();
    let grants = [
        (ada.member().await, Rights::MANAGE),
        (wardseal_types::MemberId::Group(group), Rights::READ),
    ];
    let session = ada
        .client
        .create_session(&grants, None, Some(b"canary session metadata"))
        .await
        .unwrap();
    let metadata = Metadata {
        name: Some("canary-file-name.pdf".into()),
        ..Metadata::default()
    };
    let sealing = ada.client.sealing(session, &metadata).await.unwrap();
    let object = sealing.seal::<AwsLcAes>(text.as_bytes()).unwrap();
    assert_eq!(bob.open(&object).await.as_deref(), Ok(text));
    set_password(&ada.client, password, &[], seeded(1))
        .await
        .unwrap();
    let machine = world.machine("other").await;
    unlock(&machine.client, name, password, seeded(2))
        .await
        .unwrap();
    ada.client
        .remove_members(group, &[bob.member().await])
        .await
        .unwrap();
    let wrong = unlock(
        &world.machine("x").await.client,
        name,
        "canary wrong password 1907",
        seeded(3),
    )
    .await;
    assert_eq!(wrong.unwrap_err().code(), "wrong_password");

    let identity = ada.disk.contents()["identity"].clone();
    let second = bob.disk.contents()["identity"].clone();
    let mut secrets: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for word in [
        password,
        "canary wrong password 1907",
        text,
        "canary group name",
        "canary session metadata",
        "canary-file-name.pdf",
    ] {
        secrets.insert(word.to_owned(), word.as_bytes().to_vec());
    }
    // The private keys of a device end the record of its identity: three times 32 bytes.
    for (whose, record) in [("ada", &identity), ("bob", &second)] {
        let mut at = record.len();
        for _ in 0..3 {
            secrets.insert(
                format!("private key of {whose} {at}"),
                record[at - 32..at].to_vec(),
            );
            at -= 32 + 3;
        }
    }
    secrets.insert("log key".into(), {
        let (classical, _) = Servers::log_key().to_seeds();
        classical.expose().to_vec()
    });
    secrets.insert("vault secret".into(), Servers::vault_secret());
    // Not a secret of the key server's clients, but of no use in a log or at the vault.
    let names: Vec<_> = [name, "canary-second-person"]
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();

    world.servers.stop_keys();
    world.servers.stop_vault();
    let mut places: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for file in fs::read_dir(world.servers.folder()).unwrap() {
        let path = file.unwrap().path();
        places.insert(
            path.file_name().unwrap().to_string_lossy().into(),
            fs::read(&path).unwrap(),
        );
    }
    assert!(
        places.keys().any(|place| place == "keys.db")
            && places.keys().any(|place| place == "vault.db")
    );
    for disk in [&ada.disk, &bob.disk, &machine.disk] {
        for (key, record) in disk.image() {
            places.insert(
                format!("record {key} {}", places.len()),
                [key.into_bytes(), record].concat(),
            );
        }
    }
    let written = log.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert!(
        contains(&written, b"answered"),
        "the servers' log is being watched"
    );
    places.insert("log".into(), written);
    for exchange in ada
        .network
        .seen()
        .into_iter()
        .chain(bob.network.seen())
        .chain(machine.network.seen())
    {
        let number = places.len();
        places.insert(format!("sent {number}"), exchange.request.body);
        places.insert(
            format!("told {number}"),
            exchange
                .answer
                .map(|answer| answer.body)
                .unwrap_or_default(),
        );
    }
    for (place, bytes) in &places {
        for (what, secret) in &secrets {
            for form in forms(secret) {
                assert!(!contains(bytes, &form), "{what} in {place}");
            }
        }
        for name in &names {
            for form in forms(name) {
                assert!(!contains(bytes, &form), "a name in {place}");
            }
        }
    }
}
