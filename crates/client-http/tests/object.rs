//! Objects behind range requests, over a server that breaks in every way.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a broken fixture must stop the test where it broke"
)]

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    task::JoinHandle,
};
use wardseal_client_http::{HttpObject, HttpObjectError, Limits};

/// What the server does with its next request.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Fault {
    /// Breaks off after so many bytes.
    Cut(usize),
    /// Answers this and no content.
    Says(&'static str),
}

#[derive(Default)]
struct State {
    content: Vec<u8>,
    tag: &'static str,
    faults: Vec<Fault>,
    /// The heads of requests.
    asked: Vec<String>,
    sent: usize,
}

struct Server {
    url: String,
    state: Arc<Mutex<State>>,
    running: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Server {
    async fn start(content: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/file?key=secret", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            content,
            tag: "\"1\"",
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        let running = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = BufReader::new(stream);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    if stream.read_line(&mut head).await.unwrap() == 0 {
                        break;
                    }
                }
                let (answer, content) = shared.lock().unwrap().answer(head);
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.write_all(&content).await;
                let _ = stream.shutdown().await;
            }
        });
        Self {
            url,
            state,
            running,
        }
    }

    async fn open(&self) -> Result<HttpObject, HttpObjectError> {
        HttpObject::open(&self.url, Some("token"), Limits::default()).await
    }

    fn fault(&self, faults: &[Fault]) {
        self.state.lock().unwrap().faults = faults.iter().rev().cloned().collect();
    }

    /// The ranges that were asked for since this was asked.
    fn ranges(&self) -> Vec<String> {
        let asked = std::mem::take(&mut self.state.lock().unwrap().asked);
        asked
            .iter()
            .map(|head| header(head, "range").unwrap())
            .collect()
    }
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        (key.eq_ignore_ascii_case(name)).then(|| value.to_owned())
    })
}

impl State {
    fn answer(&mut self, head: String) -> (String, Vec<u8>) {
        let fault = self.faults.pop();
        let range = header(&head, "range").unwrap();
        let asked = header(&head, "if-match");
        self.asked.push(head);
        if let Some(Fault::Says(line)) = fault {
            return (
                format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\n\r\n"),
                Vec::new(),
            );
        }
        if asked.is_some_and(|tag| tag != self.tag) {
            return (
                "HTTP/1.1 412 No\r\ncontent-length: 0\r\n\r\n".to_owned(),
                Vec::new(),
            );
        }
        let (first, last) = range
            .strip_prefix("bytes=")
            .unwrap()
            .split_once('-')
            .unwrap();
        let size = self.content.len();
        let first: usize = first.parse().unwrap();
        let end = (last.parse::<usize>().unwrap() + 1).min(size);
        if first >= end {
            return (
                "HTTP/1.1 416 No\r\ncontent-length: 0\r\n\r\n".to_owned(),
                Vec::new(),
            );
        }
        let mut content = self.content[first..end].to_vec();
        let answer = format!(
            "HTTP/1.1 206 Partial\r\ncontent-range: bytes {first}-{}/{size}\r\netag: {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            end - 1,
            self.tag,
            content.len()
        );
        if let Some(Fault::Cut(at)) = fault {
            content.truncate(at);
        }
        self.sent += content.len();
        (answer, content)
    }
}

fn content(size: usize) -> Vec<u8> {
    (0..size)
        .map(|place| u8::try_from(place * 31 % 251).unwrap())
        .collect()
}

const BLOCK: usize = 128 << 10;

#[tokio::test]
async fn every_range_is_the_right_one_and_travels_once() {
    let whole = content(20 * BLOCK + 5);
    let server = Server::start(whole.clone()).await;
    let object = server.open().await.unwrap();
    assert_eq!(object.size(), u64::try_from(whole.len()).unwrap());
    for (from, to) in [
        (0, 1),
        (BLOCK - 5, BLOCK + 5),
        (10 * BLOCK + 1, 13 * BLOCK),
        (whole.len() - 5, whole.len()),
        (whole.len(), whole.len()),
    ] {
        let range = u64::try_from(from).unwrap()..u64::try_from(to).unwrap();
        assert!(
            object.read(range).await.unwrap() == whole[from..to],
            "{from} {to}"
        );
    }
    let end = object.size();
    assert_eq!(
        object.read(end - 3..end + 100).await.unwrap(),
        whole[whole.len() - 3..]
    );
    assert_eq!(
        object.read(end + 5..end + 100).await.unwrap(),
        Vec::<u8>::new()
    );
    let asked = server.state.lock().unwrap().asked.clone();
    assert!(
        asked
            .iter()
            .all(|head| header(head, "authorization").unwrap() == "Bearer token")
    );
    assert!(
        asked
            .iter()
            .skip(1)
            .all(|head| header(head, "if-match").unwrap() == "\"1\"")
    );

    // Reading on needs fewer requests, and what was read is not fetched again.
    server.ranges();
    server.state.lock().unwrap().sent = 0;
    let object = server.open().await.unwrap();
    for _ in 0..2 {
        assert!(object.read(0..end).await.unwrap() == whole);
    }
    assert_eq!(server.state.lock().unwrap().sent, whole.len());
    assert!(server.ranges().len() <= 6);
}

#[tokio::test]
async fn a_connection_that_breaks_goes_on_in_the_middle() {
    let whole = content(3 * BLOCK);
    let server = Server::start(whole.clone()).await;
    let object = server.open().await.unwrap();
    server.ranges();
    server.fault(&[Fault::Cut(1000), Fault::Says("503 Busy"), Fault::Cut(500)]);
    let end = object.size();
    assert!(object.read(2 * 131_072..end).await.unwrap() == whole[2 * BLOCK..]);
    assert_eq!(
        server.ranges(),
        [
            "bytes=262144-393215",
            "bytes=263144-393215",
            "bytes=263144-393215",
            "bytes=263644-393215"
        ]
    );
    server.fault(&[const { Fault::Says("503 Busy") }; 4]);
    let failed = object.read(131_072..131_073).await;
    assert!(
        matches!(failed, Err(HttpObjectError::Unreachable { .. })),
        "{failed:?}"
    );
    assert!(
        object.read(131_072..131_073).await.is_ok(),
        "the next call tries again"
    );
}

#[tokio::test]
async fn what_has_changed_or_is_refused_is_an_error_and_shows_no_secret() {
    let server = Server::start(content(3 * BLOCK)).await;
    for change in [
        |state: &mut State| state.tag = "\"2\"",
        |state: &mut State| state.content.push(0),
        |state: &mut State| state.content.truncate(BLOCK),
        |state: &mut State| state.faults = vec![Fault::Says("404 Gone")],
    ] {
        let object = server.open().await.unwrap();
        change(&mut server.state.lock().unwrap());
        let failed = object.read(2 * 131_072..2 * 131_072 + 1).await.unwrap_err();
        assert!(
            matches!(failed, HttpObjectError::Changed { .. }),
            "{failed:?}"
        );
        assert!(!failed.to_string().contains("secret"), "{failed}");
        let mut state = server.state.lock().unwrap();
        state.content = content(3 * BLOCK);
        state.tag = "\"1\"";
    }
    for (line, code) in [
        ("200 OK", "source_no_ranges"),
        ("403 No", "source_refused"),
        ("404 No", "source_refused"),
        ("206 Partial", "bad_answer"),
        ("206 Partial\r\ncontent-range: bytes 5-9/10", "bad_answer"),
        ("206 Partial\r\ncontent-range: bytes 0-9/5", "bad_answer"),
    ] {
        server.fault(&[Fault::Says(line)]);
        assert_eq!(server.open().await.unwrap_err().code(), code, "{line}");
    }
    for bad in [
        "",
        "file:///etc/passwd",
        "http://files.example/x",
        "https://name:word@files.example/x",
    ] {
        let failed = HttpObject::open(bad, None, Limits::default())
            .await
            .unwrap_err();
        assert!(matches!(failed, HttpObjectError::Address(_)), "{bad}");
    }
}
