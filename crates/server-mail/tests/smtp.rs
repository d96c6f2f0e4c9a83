//! Letters over real SMTP. The encrypted conversations are with aiosmtpd, another implementation;
//! where Python or aiosmtpd is missing, those tests say so and check nothing.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use tokio::{io::AsyncReadExt as _, net::TcpListener, time::timeout};
use transfer_mail_catcher::{Mailbox, receive};
use wardseal_protocol::vault::Language;
use wardseal_server_domain::{
    codes::Code,
    post::{Letter, LetterKind, Post as _, PostError},
};
use wardseal_server_mail::{MailServer, Mailer, Patience};

const FROM: &str = "Wardseal <noreply@example.org>";

/// How long anything may take here; nothing waits for it to pass.
const LONG: Duration = Duration::from_secs(60);

fn letter(to: &str) -> Letter {
    Letter {
        to: to.into(),
        language: Language::German,
        kind: LetterKind::RecoveryCode {
            code: Code::parse("12345678").unwrap(),
            tag: "WER-C8G".into(),
            minutes: 10,
        },
    }
}

fn mailer(address: &str, authorities: Option<&[u8]>) -> Mailer {
    mailer_with(address, authorities, LONG)
}

/// One that tries again after `pause`.
fn mailer_with(address: &str, authorities: Option<&[u8]>, pause: Duration) -> Mailer {
    let server = MailServer::new(address, FROM, authorities).unwrap();
    let patience = Patience {
        step: LONG,
        pause,
        waiting: 3,
    };
    Mailer::start(&server, patience)
}

/// Waits until the mailer has found out that the server does not take letters.
async fn closes(mailer: &Mailer) {
    timeout(LONG, async {
        while mailer.ready().is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_letter_arrives_as_it_was_written() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mailbox = Mailbox::default();
    tokio::spawn(receive(listener, mailbox.clone()));
    let mailer = mailer(&format!("smtp://127.0.0.1:{port}"), None);
    let sent = letter("anna@example.org");
    mailer.send(sent.clone()).unwrap();
    let news = Letter {
        kind: LetterKind::RecoveryReleased,
        language: Language::French,
        ..sent.clone()
    };
    mailer.send(news.clone()).unwrap();
    let mut mails = timeout(LONG, mailbox.wait_for(2)).await.unwrap();
    mails.sort_by_key(|mail| mail.subject.clone());
    for (mail, letter) in mails.iter().zip([&sent, &news]) {
        assert_eq!(mail.from, "noreply@example.org");
        assert_eq!(mail.to, ["anna@example.org"]);
        assert_eq!(mail.subject, letter.subject());
        assert_eq!(mail.text.replace("\r\n", "\n").trim(), letter.text().trim());
        assert!(mail.raw.contains("Auto-Submitted: auto-generated"));
        assert!(mail.raw.contains("Date: "));
    }
    // What is no address is not sent anywhere, and not twice either.
    let refused = mailer.send(letter("no address"));
    assert_eq!(refused, Err(PostError::BadAddress));
    let two = Letter {
        to: "anna@example.org, berta@example.org".into(),
        ..sent
    };
    assert_eq!(mailer.send(two), Err(PostError::BadAddress));
    assert_eq!(mailbox.mails().len(), 2);
}

#[tokio::test]
async fn a_server_that_is_not_there_closes_the_mailer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mailer = mailer(&format!("smtp://127.0.0.1:{port}"), None);
    mailer.send(letter("anna@example.org")).unwrap();
    closes(&mailer).await;
    assert_eq!(
        mailer.send(letter("anna@example.org")),
        Err(PostError::Unavailable)
    );
}

#[tokio::test]
async fn a_server_that_says_nothing_holds_nobody_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mailer = mailer(&format!("smtp://127.0.0.1:{port}"), None);
    // So many are in conversations, one is held by whoever waits for a free one, three wait.
    let mut connections = Vec::new();
    for _ in 0..8 {
        mailer.send(letter("anna@example.org")).unwrap();
        let (stream, _) = timeout(LONG, listener.accept()).await.unwrap().unwrap();
        connections.push(stream);
    }
    mailer.send(letter("anna@example.org")).unwrap();
    let mut taken = 0;
    while mailer.send(letter("anna@example.org")).is_ok() {
        taken += 1;
        tokio::task::yield_now().await;
    }
    assert!((2..=3).contains(&taken), "{taken}");
    assert_eq!(mailer.ready(), Err(PostError::Unavailable));
    drop(connections);
}

/// Tries again what was taken, as soon as the server is back.
#[tokio::test]
async fn what_was_taken_is_sent_later() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let pause = Duration::from_millis(1);
    let mailer = mailer_with(&format!("smtp://127.0.0.1:{port}"), None, pause);
    mailer.send(letter("anna@example.org")).unwrap();
    // The first conversation ends before it began.
    drop(listener.accept().await.unwrap());
    let mailbox = Mailbox::default();
    tokio::spawn(receive(listener, mailbox.clone()));
    assert_eq!(timeout(LONG, mailbox.wait_for(1)).await.unwrap().len(), 1);
    while mailer.ready().is_err() {
        tokio::task::yield_now().await;
    }
}

/// aiosmtpd as a process of its own.
struct Peer {
    child: Child,
    said: BufReader<ChildStdout>,
    port: u16,
    authority: Vec<u8>,
    _folder: tempfile::TempDir,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Peer {
    fn start(mode: &str) -> Option<Self> {
        // The first on the path, or the system's own, for which there is a package.
        let python = ["python3", "/usr/bin/python3"].into_iter().find(|python| {
            Command::new(python)
                .args(["-c", "import aiosmtpd.smtp"])
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        });
        let Some(python) = python else {
            let text = "NOT CHECKED: python3 with aiosmtpd is missing, so nobody has spoken encrypted SMTP\n";
            // Past the capture of the test: it must be seen.
            std::io::stderr().write_all(text.as_bytes()).unwrap();
            return None;
        };
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (
            folder.path().join("cert.pem"),
            folder.path().join("key.pem"),
        );
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let mut child = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peer.py"))
            .arg(mode)
            .args([&certificate, &key])
            .stdout(Stdio::piped())
            // What it warns of is that it is a test.
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        Some(Self {
            port: line.trim().parse().unwrap(),
            child,
            said,
            authority: made.cert.pem().into_bytes(),
            _folder: folder,
        })
    }

    fn address(&self, scheme: &str, login: &str) -> String {
        format!("{scheme}://{login}@localhost:{}", self.port)
    }

    /// What the peer has seen next.
    fn next(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line
    }
}

const LOGIN: &str = "vault%40example.org:p%3Ass%2Fw%C3%B6rd";

fn arrives(mode: &str, scheme: &str) {
    let Some(mut peer) = Peer::start(mode) else {
        return;
    };
    let mailer = mailer(&peer.address(scheme, LOGIN), Some(&peer.authority.clone()));
    mailer.send(letter("anna@example.org")).unwrap();
    let login = peer.next();
    assert!(
        login.contains(r#""mechanism": "PLAIN", "good": true, "encrypted": true"#),
        "{login}"
    );
    let mail = peer.next();
    for part in [
        r#""to": ["anna@example.org"]"#,
        r#""from": "noreply@example.org""#,
        r#""encrypted": true"#,
        r#""login": true"#,
        "1234 5678",
    ] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    // A person whom the server does not know is nobody's fault: the next letter goes out.
    mailer.send(letter("nobody@example.org")).unwrap();
    peer.next();
    mailer.send(letter("berta@example.org")).unwrap();
    peer.next();
    assert!(peer.next().contains("berta@example.org"));
    assert_eq!(mailer.ready(), Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_arrives_by_starttls_with_a_password() {
    arrives("starttls", "smtp");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_arrives_by_tls_with_a_password() {
    arrives("tls", "smtps");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_closes_the_mailer() {
    let Some(mut peer) = Peer::start("starttls") else {
        return;
    };
    let mailer = mailer(
        &peer.address("smtp", "vault:wrong"),
        Some(&peer.authority.clone()),
    );
    mailer.send(letter("anna@example.org")).unwrap();
    assert!(peer.next().contains(r#""good": false"#));
    closes(&mailer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    for (mode, scheme) in [("starttls", "smtp"), ("tls", "smtps")] {
        let Some(peer) = Peer::start(mode) else {
            return;
        };
        // An authority, but another one.
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let authority = other.cert.pem().into_bytes();
        let mailer = mailer(&peer.address(scheme, LOGIN), Some(&authority));
        mailer.send(letter("anna@example.org")).unwrap();
        closes(&mailer).await;
    }
}

/// A server, or somebody in between, that leaves STARTTLS out hears neither password nor letter.
#[tokio::test]
async fn without_encryption_nothing_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let authority = made.cert.pem().into_bytes();
    let mailer = mailer(
        &format!("smtp://{LOGIN}@localhost:{port}"),
        Some(&authority),
    );
    mailer.send(letter("anna@example.org")).unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut heard = Vec::new();
    let talk = async {
        use tokio::io::AsyncWriteExt as _;
        stream.write_all(b"220 localhost\r\n").await.unwrap();
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).await.unwrap();
        heard.extend_from_slice(&buffer[..read]);
        stream
            .write_all(b"250-localhost\r\n250 AUTH PLAIN\r\n")
            .await
            .unwrap();
        // It goes away.
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            heard.extend_from_slice(&buffer[..read]);
        }
    };
    timeout(LONG, talk).await.unwrap();
    closes(&mailer).await;
    let heard = String::from_utf8(heard).unwrap();
    assert!(heard.starts_with("EHLO"), "{heard}");
    for secret in ["AUTH", "MAIL", "DATA", "1234"] {
        assert!(!heard.contains(secret), "{heard}");
    }
}
