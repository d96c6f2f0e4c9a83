//! The program: its commands, its end, and a death in the middle of a choice.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::json;
use wardseal_client::types::GroupId;
use wardseal_types::Timestamp;

use crate::site::Site;

pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_wardseal-transfer"))
}

fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = program()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A running server, killed when it goes out of scope.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(data: &Path, listen: &str, keys: &str) -> (Running, String) {
    let mut child = program()
        .args(["serve", "--data"])
        .arg(data)
        .args([
            "--listen",
            listen,
            "--keys",
            keys,
            "--vault",
            "http://127.0.0.1:1",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line
        .trim()
        .strip_prefix("listening on ")
        .unwrap()
        .to_owned();
    (Running(child), url)
}

#[test]
fn an_operator_sets_a_server_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (data, made) = (path("data"), path("tenant"));
    let early = run(
        &[
            "serve",
            "--data",
            &data,
            "--listen",
            "127.0.0.1:0",
            "--keys",
            "http://127.0.0.1:1",
            "--vault",
            "http://127.0.0.1:1",
        ],
        "",
    );
    assert_eq!(early.status.code(), Some(2));
    assert!(
        text(&early.stderr).contains("wardseal-transfer init"),
        "{}",
        text(&early.stderr)
    );
    std::fs::create_dir(&made).unwrap();
    std::fs::write(format!("{made}/token.key"), [4; 32]).unwrap();
    let tenant = wardseal_types::TenantId::from_bytes([4; 32]);
    std::fs::write(
        format!("{made}/tenant.toml"),
        format!("tenant = \"{tenant}\"\n"),
    )
    .unwrap();
    let done = run(&["init", "--data", &data, "--tenant", &made], "");
    assert_eq!(text(&done.stdout).trim(), tenant.to_string());

    let group = GroupId::from_bytes([1; 32]);
    let entry = json!([{
        "group": group, "name": "Klinik am Park", "country": "DE", "city": "Kehl", "postcode": "77694",
        "families": ["REHAB"], "latitude": 48.57, "longitude": 7.81,
        "hours": {"zone": "Europe/Berlin", "week": vec![vec![("08:00", "18:00")]; 7]},
        "notificationAddress": "aufnahme@klinik.example",
    }]);
    let (running, url) = serve(Path::new(&data), "127.0.0.1:0", "http://127.0.0.1:1");
    // Registered while the server runs.
    let done = run(&["facility", "add", "--data", &data], &entry.to_string());
    assert_eq!(
        text(&done.stdout),
        format!("{group} Klinik am Park\n"),
        "{}",
        text(&done.stderr)
    );
    let bad = run(&["facility", "add", "--data", &data], "[{\"name\": 3}]");
    assert_eq!(bad.status.code(), Some(2));
    assert!(text(&bad.stderr).contains("facility 1"));
    let listed = run(&["facility", "list", "--data", &data], "");
    assert_eq!(text(&listed.stdout), format!("{group} Klinik am Park\n"));
    let group = group.to_string();
    let invited = run(
        &[
            "invite",
            "--data",
            &data,
            "--facility",
            &group,
            "anna",
            "ben",
        ],
        "",
    );
    let lines: Vec<_> = text(&invited.stdout).lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].starts_with("anna ") && lines[0].len() == "anna ".len() + 29,
        "{lines:?}"
    );
    let second = run(
        &[
            "serve",
            "--data",
            &data,
            "--listen",
            "127.0.0.1:0",
            "--keys",
            "http://127.0.0.1:1",
            "--vault",
            "http://127.0.0.1:1",
        ],
        "",
    );
    assert!(
        text(&second.stderr).contains("another server"),
        "{}",
        text(&second.stderr)
    );
    let port = url.rsplit(':').next().unwrap();
    let status = Command::new("kill")
        .arg(running.0.id().to_string())
        .status();
    assert!(status.unwrap().success());
    let mut running = running;
    assert!(running.0.wait().unwrap().success(), "it ends in order");
    // The port is free again, and the directory too.
    let (_running, url) = serve(
        Path::new(&data),
        &format!("127.0.0.1:{port}"),
        "http://127.0.0.1:1",
    );
    assert!(url.ends_with(port));
}

#[expect(
    clippy::disallowed_methods,
    reason = "the program reads the system's clock, so everybody here has to"
)]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_seconds(since.as_secs())
}

/// The program is killed in the middle of choices, later in each of them: what is found afterwards
/// is the choice with all that belongs to it, or nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_death_in_the_middle_of_a_choice_leaves_nothing_half_done() {
    let mut site = Site::at(now()).await;
    let roch = site.facility("Saint-Roch").await;
    let park = site.facility("Park").await;
    let rhein = site.facility("Rhein").await;
    let mut prepared = Vec::new();
    for _ in 0..8 {
        let mut case = site.case(&roch).await;
        let requests = site.send(&roch, &mut case, &[&park, &rhein]).await;
        site.moves(&park, &requests[0], "viewed").await;
        site.moves(&park, &requests[0], "offered").await;
        prepared.push((case, requests));
    }
    let listen = site.url.strip_prefix("http://").unwrap().to_owned();
    let (data, keys) = (site.data(), site.servers.keys_url());
    site.stop().await;
    for (step, (case, requests)) in (0_u64..).zip(&prepared) {
        let (running, _) = serve(&data, &listen, &keys);
        // Known again, so that the choice itself is what takes time.
        let before = site.read_case(&roch, case).await;
        let path = format!("/api/cases/{}/choose", case.id);
        let body = json!({ "version": before["version"], "request": requests[0] });
        let asked = roch
            .admin
            .browser
            .request(reqwest::Method::POST, &path)
            .json(&body)
            .send();
        let answered = tokio::time::timeout(Duration::from_micros(400 * (step + 1)), asked).await;
        drop(running);
        let (running, _) = serve(&data, &listen, &keys);
        let after = site.read_case(&roch, case).await;
        if after["state"] == "chosen" {
            assert_eq!(after["requests"][0]["state"], "chosen");
            assert_eq!(after["requests"][1]["state"], "not_selected");
            assert_eq!(after["revocations"].as_array().unwrap().len(), 1);
        } else {
            assert_eq!(after, before);
            let heard = answered.is_ok_and(|answer| answer.is_ok());
            assert!(!heard, "what was answered is on the disk");
        }
        // Asking again does what is left to do.
        let (status, chosen) = roch.admin.browser.post(&path, &body).await;
        assert_eq!((status, &chosen["state"]), (200, &json!("chosen")));
        assert_eq!(chosen["revocations"].as_array().unwrap().len(), 1);
        drop(running);
    }
}
