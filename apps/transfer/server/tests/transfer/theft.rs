//! A thief takes everything that the transfer server has: its files, its log, and the memory of its
//! process while it runs. With a share of an account, a code under way, a share of what waits in
//! escrow and a request for help, he opens nothing, even if he knows the password.

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        collections::{BTreeMap, HashSet},
        fs::File,
        process::Stdio,
        time::Duration,
    };

    use data_encoding::BASE64URL_NOPAD;
    use serde_json::{Value, json};
    use wardseal_client::{
        MailSettings,
        api::{Role, vault::StoreRecordRequest},
        crypto::{
            hash::{hash, sha256},
            kdf,
            kem::KemSecretKey,
            label,
            secret::Secret,
        },
        protocol::{
            escrow::{Deposit, Place},
            vault::{Access, Language},
        },
        types::{FixedBytes, UserId},
    };
    use wardseal_client_core::recovery::{open_identity, two_man_key};
    use wardseal_client_password::set_password;
    use wardseal_e2e::theft::{
        Places, Process, Secrets, files, no_code_in_files, no_seed, nothing_of, there, tried,
        windows,
    };
    use wardseal_tenant::EscrowSecret;
    use wardseal_testkit::{Servers, seeded};

    use crate::{
        escrow::{CONTACT, send, sender},
        facilities::{PARK, announce},
        program::{now, program},
        recovery::{begun, code_in, help, house, start},
        site::{Browser, Person, Site, seed},
    };

    const ANNA: &str = "anna@saint-roch.example";
    const PASSWORD: &str = "CANARY lanterns over Kehl 1909";
    const CONTENT: &str = "CANARY stage 1: Mrs Lefebvre, oxygen at night";
    const CODE: Duration = Duration::from_secs(30);

    /// The way back in by mail: what the vault has of it, and what the transfer server has.
    struct TwoMan {
        user: UserId,
        record: FixedBytes<32>,
        tenant_share: [u8; 32],
        vault_share: [u8; 32],
    }

    /// Sets it. What the transfer server is told, so that it can be told again.
    async fn with_mail(site: &Site, anna: &Person) -> (TwoMan, Value) {
        let settings = MailSettings {
            address: ANNA,
            delay: 0,
            language: Language::French,
        };
        let prepared = anna.machine.prepare_mail(settings).await.unwrap();
        let (record, share) = (*prepared.record(), *prepared.share().expose());
        let kept = json!({ "record": record, "share": FixedBytes(share), "address": ANNA,
            "language": "fr" });
        let (status, answer) = anna.browser.put_json("/api/recovery/share", &kept).await;
        assert_eq!(status, 200, "{answer}");
        anna.machine.adopt_mail(prepared).await.unwrap();
        site.pass(transfer_server::FRESH + 1);
        let records = site.notes.sent.records();
        let access = records
            .iter()
            .filter(|stored| stored.record == record)
            .map(|stored| Access::from_bytes(stored.access.as_slice()).unwrap());
        let vault_share = access
            .filter_map(|access| match access {
                Access::TwoMan(access) => Some(*access.share.as_array()),
                _ => None,
            })
            .next();
        let two_man = TwoMan {
            user: anna.machine.profile().await.unwrap().user,
            record,
            tenant_share: share,
            vault_share: vault_share.unwrap(),
        };
        (two_man, kept)
    }

    /// The same site, with the transfer server as a process of its own, at the same address.
    async fn as_a_process(site: &mut Site, log: &std::path::Path) -> Process {
        site.stop().await;
        let arguments = site.arguments();
        let listen = site.url.strip_prefix("http://").unwrap();
        let smtp = arguments.smtp.as_ref().unwrap();
        Process::start(
            program()
                .args(["serve", "--listen", listen, "--log", "trace"])
                .args(["--keys", &arguments.keys, "--vault", &arguments.vault])
                .args(["--smtp", smtp, "--mail-from", &arguments.mail_from])
                .arg("--data")
                .arg(&arguments.data),
            Stdio::from(File::create(log).unwrap()),
        )
    }

    /// The code that the process sent to Anna.
    async fn code_of(site: &Site) -> String {
        let letter = tokio::time::timeout(CODE, async {
            loop {
                let mails = site.mailbox.mails();
                let came = mails.iter().map(|mail| mail.number).max();
                let found = mails
                    .into_iter()
                    .find(|mail| mail.to == [ANNA] && mail.subject.contains("code"));
                if let Some(mail) = found {
                    return mail.text;
                }
                site.mailbox.wait_for(came.unwrap_or_default() + 1).await;
            }
        });
        code_in(&letter.await.unwrap())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn whoever_takes_all_of_the_transfer_server_opens_nothing() {
        let mut site = Site::at(now()).await;
        let roch = sender(&site).await;
        announce(&site, PARK, CONTACT);
        let (park, _denis, eva) = house(&site).await;
        eva.machine.set_organisation(park.group, 2).await.unwrap();
        let anna = site.invited(ANNA).await;
        set_password(&anna.machine, PASSWORD, &[], seeded(seed()))
            .await
            .unwrap();
        let (two_man, kept) = with_mail(&site, &anna).await;

        // From here on the process does it all.
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let process = as_a_process(&mut site, &log).await;
        let (status, answer) = anna.browser.put_json("/api/recovery/share", &kept).await;
        assert_eq!(status, 200, "{answer}");
        send(&site, &roch, CONTENT.as_bytes()).await;
        let (lost, asked) = begun(&site, ANNA).await;
        let recovering = asked["clientKey"].clone();
        let started = start(&site, &asked).await;
        let token = started["token"].as_str().unwrap();
        lost.start_mail_recovery(token, two_man.user, two_man.record)
            .await
            .unwrap();
        let code = code_of(&site).await;
        let vault_code = site.servers.mailbox.code_for(ANNA);
        // Eva waits for help: one administrator has answered, the other has not.
        let (_waiting, asked) = begun(&site, "eva@park.example").await;
        let helped = asked["clientKey"].clone();
        let asked = json!({ "name": asked["name"], "clientKey": asked["clientKey"] });
        let browser = Browser::new(&site.url);
        let (status, wanted) = browser.post("/api/recovery/help", &asked).await;
        assert_eq!(status, 200, "{wanted}");
        let key = BASE64URL_NOPAD
            .decode(helped.as_str().unwrap().as_bytes())
            .unwrap();
        let eva = eva.machine.profile().await.unwrap().user;
        let answer = park.admin.machine.answer_help(eva, &key).await.unwrap();
        let body = json!({ "release": answer.release, "blob": answer.sealed });
        let id = wanted["id"].as_str().unwrap();
        let (status, answered) = help(&park.admin, &format!("{id}/release"), &body).await;
        assert_eq!(status, 200, "{answered}");

        let mut places = process.memory();
        places.extend(files(&site.data()));
        places.insert("file of the log".into(), std::fs::read(&log).unwrap());

        // What it has.
        there("its share of an account", &two_man.tenant_share, &places);
        there("its token key", site.token_key.seed().expose(), &places);
        let deposits = site.notes.sent.deposits(site.tenant);
        let [(place, deposit)] = &deposits[..] else {
            panic!("one deposit");
        };
        let escrow_tenant = escrow_share(&site, place, &places);
        let held = no_code_in_files("its code", &code, &places);
        eprintln!("transfer server: its memory holds the code {held} times, its files never");

        // What it has not.
        let mut secrets = site.notes.secrets();
        for what in ["signature key", "second signature key", "decryption key"] {
            // Claire twice, Denis, Eva, Anna, Park's Claire; passwords; mail; organisation.
            let count = secrets.keys().filter(|name| name.starts_with(what)).count();
            assert!(count >= 9, "{what}: {count}");
        }
        for key in [&recovering, &helped] {
            let (name, key) = (key.to_string(), key_of(&site, key));
            secrets.insert(format!("the key of the browser that shows {name}"), key);
        }
        for word in [CONTENT, PASSWORD, vault_code.as_str()] {
            secrets.insert(word.to_owned(), word.as_bytes().to_vec());
        }
        for (what, hash) in hashes() {
            secrets.insert(format!("{what} of the password"), hash.to_vec());
        }
        secrets.insert("the vault's share".into(), two_man.vault_share.to_vec());
        let sealed = deposit.server.as_ref().unwrap();
        let escrow_keys = place
            .open_server_share(&Servers::escrow_key(), sealed.as_slice())
            .unwrap()
            .share;
        secrets.insert(
            "the key server's share".into(),
            escrow_keys.expose().to_vec(),
        );
        nothing_of(&secrets, &places);
        nothing_else(&site, &two_man, &places);
        // Nor was it asked anything but to keep shares of what waits: no password, no record.
        let paths = site.notes.sent.paths(Role::Tenant);
        assert!(!paths.is_empty());
        assert!(paths.iter().all(|path| path.starts_with("/v1/escrow/")));

        let windows = windows(&places);
        assert!(windows.contains(&two_man.tenant_share));
        trials(&site, &windows, &two_man, (place, deposit), &escrow_tenant);
        // With the key server's share as well the deposit does open.
        let both = place.combine(&escrow_tenant, &escrow_keys, None);
        assert!(place.open_seed(&both, deposit).is_ok());
    }

    /// The share that it keeps of the deposit: sealed to a key that it has.
    fn escrow_share(site: &Site, place: &Place, places: &Places) -> Secret<32> {
        let key = EscrowSecret::from_bytes(&places["file escrow.key"]).unwrap();
        let key = KemSecretKey::from_seed(key.seed()).unwrap();
        there("its escrow key", key.seed().expose(), places);
        let asked = site.notes.sent.to("/v1/escrow/deposit");
        let asked: Value = serde_json::from_slice(&asked[0]).unwrap();
        let sealed = asked["items"][0]["sealed"].as_str().unwrap();
        let sealed = BASE64URL_NOPAD.decode(sealed.as_bytes()).unwrap();
        there("its share of what waits, sealed", &sealed, places);
        place.open_tenant_share(&key, &sealed).unwrap()
    }

    /// The private half of a key that a browser showed: one of the numbers that it drew.
    fn key_of(site: &Site, shown: &Value) -> Vec<u8> {
        let shown = BASE64URL_NOPAD
            .decode(shown.as_str().unwrap().as_bytes())
            .unwrap();
        let drawn = HashSet::from_iter(site.notes.drawn.all());
        let found = tried(&drawn, |seed| {
            KemSecretKey::from_seed(seed).is_ok_and(|key| key.public().as_bytes()[..] == shown)
        });
        assert_eq!(found.len(), 1);
        found[0].to_vec()
    }

    /// How a careless server might have kept a password.
    fn hashes() -> BTreeMap<&'static str, [u8; 32]> {
        let (name, word) = (ANNA.as_bytes(), PASSWORD.as_bytes());
        BTreeMap::from([
            ("SHA-256", sha256(&[word])),
            ("SHA-256 after the name", sha256(&[name, word])),
            ("SHA-256 before the name", sha256(&[word, name])),
            ("the project's hash", hash(label::RECOVERY_KEY, &[word])),
        ])
    }

    /// Of all that clients drew, it has what was meant for it and what everybody sees.
    fn nothing_else(site: &Site, two_man: &TwoMan, places: &Places) {
        let published = site.notes.sent.published();
        let drawn: Secrets = site
            .notes
            .drawn
            .all()
            .into_iter()
            .filter(|drawn| *drawn != two_man.tenant_share && !published.contains(drawn))
            .enumerate()
            .map(|(number, drawn)| (format!("drawn {number}"), drawn.to_vec()))
            .collect();
        assert!(drawn.len() >= 40, "{}", drawn.len());
        nothing_of(&drawn, places);
    }

    /// Every 32 bytes in a row as key, as share, and as what makes a key of the password.
    fn trials(
        site: &Site,
        windows: &HashSet<[u8; 32]>,
        two_man: &TwoMan,
        (place, deposit): (&Place, &Deposit),
        escrow_tenant: &Secret<32>,
    ) {
        let records: Vec<StoreRecordRequest> = site.notes.sent.records();
        eprintln!(
            "transfer server: {} windows, {} records",
            windows.len(),
            records.len()
        );
        assert!(records.len() >= 4, "passwords, mail, organisation");
        let of_two = records
            .iter()
            .find(|stored| stored.record == two_man.record)
            .unwrap();
        let of_two = of_two.sealed.as_slice();
        let tenant = &site.tenant;
        let kept = Secret::from_bytes(two_man.tenant_share);
        let with_share = |share: &Secret<32>| {
            let (user, record) = (&two_man.user, &two_man.record);
            let key = two_man_key(tenant, user, record, &kept, share);
            open_identity(&key, tenant, record, of_two).is_ok()
        };
        let opens = |key: &Secret<32>| {
            records.iter().any(|stored| {
                open_identity(key, tenant, &stored.record, stored.sealed.as_slice()).is_ok()
            })
        };
        let found = tried(windows, |window| {
            let guess = kdf::extract(window.expose(), &[PASSWORD.as_bytes()]);
            let both = place.combine(escrow_tenant, window, None);
            opens(window)
                || opens(&guess)
                || with_share(window)
                || place.open_seed(window, deposit).is_ok()
                || place.open_seed(&both, deposit).is_ok()
        });
        assert!(found.is_empty(), "{} windows open something", found.len());
        no_seed(&site.notes.sent, windows);

        // With the vault's share the same trial does open.
        let right = HashSet::from([two_man.vault_share]);
        assert_eq!(tried(&right, with_share), [two_man.vault_share]);
    }
}

#[cfg(not(target_os = "linux"))]
#[test]
fn whoever_takes_all_of_the_transfer_server_opens_nothing() {
    eprintln!("SKIPPED: the memory of a process is read from /proc, which only Linux has");
}
