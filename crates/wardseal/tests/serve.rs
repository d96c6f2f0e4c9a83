//! `wardseal serve` as a process.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardseal"));
    command
        .arg("serve")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs a server that is not going to start; returns what it says.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let mut child = command(folder, arguments).spawn().unwrap();
    // It says where it listens, or ends: it does not hang.
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    if !line.is_empty() {
        child.kill().unwrap();
    }
    let mut text = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(2), "{line}{text}");
    assert!(text.starts_with("error: "), "{text}");
    text
}

/// A server that listens; killed when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let arguments = [&["--listen", "127.0.0.1:0"], arguments].concat();
        let mut child = command(folder, &arguments).spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let Some(address) = line.trim().strip_prefix("listening on http://") else {
            let mut text = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut text)
                .unwrap();
            panic!("{line}{text}");
        };
        let address = address.to_owned();
        Self { child, address }
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        ))
    }

    fn post(&self, path: &str, body: &str) -> String {
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Ends the server as an operator would; returns what it wrote for people.
    #[cfg(unix)]
    fn terminate(mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(&id).status().unwrap().success());
        let mut text = String::new();
        let mut err = self.child.stderr.take().unwrap();
        err.read_to_string(&mut text).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{text}");
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[cfg(unix)]
fn it_starts_without_configuration_and_stops_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let info = server.get("/v1/server");
    assert!(info.contains(&format!("\"audience\":\"http://{}\"", server.address)));
    assert!(info.contains("\"keys\":true,\"vault\":true"));
    assert!(server.get("/readyz").starts_with("HTTP/1.1 200"));
    let text = server.terminate();
    assert!(text.contains("development mode"), "{text}");
    let data = folder.path().join(".wardseal/all");
    assert!(text.contains(data.to_str().unwrap()), "{text}");

    // The secrets are their owner's alone, and so is the directory.
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for name in ["keys.secret", "vault.secret"] {
        assert_eq!(mode(&data.join(name)), 0o600);
    }
    // The databases hold none of them.
    let secret = fs::read(data.join("vault.secret")).unwrap();
    let database = fs::read(data.join("vault.db")).unwrap();
    assert!(
        !database
            .windows(32)
            .any(|bytes| secret.windows(32).any(|part| part == bytes))
    );

    // Nothing changes when it starts again.
    let key = |info: &str| info.split("\"log_key\"").nth(1).unwrap().to_owned();
    let again = Server::start(folder.path(), &[]);
    assert_eq!(key(&again.get("/v1/server")), key(&info));
}

#[test]
fn each_role_is_a_process_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Server::start(folder.path(), &["--role", "keys"]);
    let vault = Server::start(folder.path(), &["--role", "vault"]);
    assert!(
        keys.get("/v1/server")
            .contains("\"keys\":true,\"vault\":false")
    );
    assert!(
        vault
            .get("/v1/vault/server")
            .contains("\"keys\":false,\"vault\":true")
    );
    assert!(!keys.get("/v1/server").contains("\"escrow_key\":null"));
    let hint = keys.post("/v1/vault/logins/start", "{}");
    assert!(hint.contains("no_such_route") && hint.contains("a vault answers this"));
    assert!(folder.path().join(".wardseal/keys/keys.db").exists());
    assert!(!folder.path().join(".wardseal/keys/vault.db").exists());
    assert!(folder.path().join(".wardseal/vault/vault.db").exists());
}

#[test]
fn together_in_production_they_refuse_passwords_and_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(
        folder.path(),
        &["--production", "--audience", "https://keys.example.org"],
    );
    let record = "A".repeat(43);
    let body = format!(r#"{{"record":"{record}","ke1":""}}"#);
    let answer = server.post("/v1/vault/logins/start", &body);
    assert!(answer.contains("vault_not_separate"), "{answer}");
    assert!(answer.contains("could guess passwords"), "{answer}");
    // Nobody seals a share to a key that is not offered.
    assert!(server.get("/v1/server").contains("\"escrow_key\":null"));
    #[cfg(unix)]
    {
        let text = server.terminate();
        assert!(
            text.contains("password recovery and escrow are refused here"),
            "{text}"
        );
        assert!(!text.contains("development mode"), "{text}");
    }
}

#[test]
fn what_keeps_it_from_starting_is_said_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let running = Server::start(path, &["--role", "keys", "--data", "one"]);

    let text = refused(
        path,
        &["--role", "keys", "--data", "one", "--listen", "127.0.0.1:0"],
    );
    assert!(text.contains("another server is using one"), "{text}");
    let text = refused(
        path,
        &[
            "--role",
            "keys",
            "--data",
            "two",
            "--listen",
            &running.address,
        ],
    );
    assert!(text.contains("in use by another program"), "{text}");
    assert!(text.contains("--listen"), "{text}");

    fs::write(path.join("file"), "").unwrap();
    let text = refused(path, &["--data", "file/below", "--listen", "127.0.0.1:0"]);
    assert!(text.contains("--data"), "{text}");

    let text = refused(path, &["--production"]);
    assert!(text.contains("--audience"), "{text}");
    let text = refused(path, &["--config", "nowhere.toml"]);
    assert!(text.contains("nowhere.toml"), "{text}");
    fs::write(path.join("bad.toml"), "rolle = 'keys'").unwrap();
    let text = refused(path, &["--config", "bad.toml"]);
    assert!(text.contains("unknown field `rolle`"), "{text}");

    let text = refused(path, &["--smtp", "smtp://mail.example.org"]);
    assert!(text.contains("--mail-from"), "{text}");
    let mail = [
        "--data",
        "three",
        "--mail-from",
        "noreply@example.org",
        "--smtp",
    ];
    for (bad, hint) in [
        ("mail.example.org:587", "smtps://"),
        (
            "smtp://vault:geheim@127.0.0.1",
            "not sent without encryption",
        ),
        ("smtp://vault@mail.example.org", "a name needs a password"),
    ] {
        let text = refused(path, &[&mail[..], &[bad]].concat());
        assert!(text.contains(hint), "{text}");
        assert!(!text.contains("geheim"), "{text}");
    }
    let authority = ["smtps://mail.example.org", "--smtp-authority", "bad.toml"];
    let text = refused(path, &[&mail[..], &authority].concat());
    assert!(text.contains("no certificate in PEM"), "{text}");
}

#[test]
fn a_vault_without_a_mail_server_says_so_before_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let vault = ["--role", "vault", "--data"];
    let ask = |server: &Server| {
        let body = r#"{"token":"","client_key":"","tenant_chain":[]}"#;
        server.post("/v1/vault/codes/start", body)
    };
    let without = Server::start(folder.path(), &[&vault[..], &["one"]].concat());
    let answer = ask(&without);
    assert!(answer.contains("no mail server is configured"), "{answer}");
    assert!(answer.contains("\"unavailable\""), "{answer}");
    let mail = [
        "two",
        "--smtp",
        "smtp://127.0.0.1:9",
        "--mail-from",
        "noreply@example.org",
    ];
    let with = Server::start(folder.path(), &[&vault[..], &mail].concat());
    let answer = ask(&with);
    assert!(answer.contains("malformed_request"), "{answer}");
}

#[test]
fn secrets_and_databases_belong_together() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let vault = [
        "--role",
        "vault",
        "--data",
        "data",
        "--listen",
        "127.0.0.1:0",
    ];
    drop(Server::start(path, &vault[..4]));
    let secret = path.join("data/vault.secret");
    let moved = path.join("moved");
    fs::rename(&secret, &moved).unwrap();
    let text = refused(path, &vault);
    assert!(text.contains("vault.secret is missing"), "{text}");
    assert!(
        !secret.exists(),
        "a new secret would make the database worthless"
    );

    // The secret of another vault.
    drop(Server::start(path, &["--role", "vault", "--data", "other"]));
    fs::copy(path.join("other/vault.secret"), &secret).unwrap();
    let text = refused(path, &vault);
    assert!(text.contains("made with another secret"), "{text}");

    fs::write(&secret, "short").unwrap();
    let text = refused(path, &vault);
    assert!(text.contains("damaged"), "{text}");
    fs::rename(&moved, &secret).unwrap();
    drop(Server::start(path, &vault[..4]));

    let keys = [
        "--role",
        "keys",
        "--data",
        "keys",
        "--listen",
        "127.0.0.1:0",
    ];
    drop(Server::start(path, &keys[..4]));
    fs::write(path.join("keys/keys.secret"), "short").unwrap();
    let text = refused(path, &keys);
    assert!(text.contains("keys.secret"), "{text}");
}

#[test]
#[cfg(unix)]
fn a_database_of_the_other_role_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    // Ended in order, a server leaves everything in the one file.
    Server::start(path, &["--role", "keys", "--data", "keys"]).terminate();
    Server::start(path, &["--role", "vault", "--data", "vault"]).terminate();
    fs::copy(path.join("keys/keys.db"), path.join("vault/vault.db")).unwrap();
    let text = refused(
        path,
        &[
            "--role",
            "vault",
            "--data",
            "vault",
            "--listen",
            "127.0.0.1:0",
        ],
    );
    assert!(text.contains("something else"), "{text}");
}
