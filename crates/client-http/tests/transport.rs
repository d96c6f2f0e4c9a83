//! What becomes of answers, and of servers that give none.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use wardseal_client::{
    Transport as _, TransportError,
    api::{Method, Role},
    exchange::HttpRequest,
};
use wardseal_client_http::{HttpTransport, Limits, ServerAddress};

const SHORT: Limits = Limits {
    connect: Duration::from_millis(500),
    total: Duration::from_millis(500),
    answer: 1000,
};

/// A server that reads one request and then says `answer`, byte for byte, and closes, unless it is
/// to hang.
async fn server(answer: &'static str, hang: bool) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        if hang {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        request
    });
    (address, task)
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let mut part = [0; 1024];
        let count = stream.read(&mut part).await.unwrap();
        read.extend(part.iter().take(count));
        let text = String::from_utf8_lossy(&read);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let expected = head
                .lines()
                .find_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("content-length: ")
                        .map(str::to_owned)
                })
                .map_or(0, |length| length.parse::<usize>().unwrap());
            if body.len() >= expected {
                return text.into_owned();
            }
        }
        assert!(count > 0, "the request ended early");
    }
}

fn transport(address: &str) -> HttpTransport {
    let address: ServerAddress = address.parse().expect("loopback is an address");
    HttpTransport::with_limits(Some(address), None, SHORT).expect("TLS works")
}

fn request() -> HttpRequest {
    HttpRequest {
        role: Role::Keys,
        method: Method::Post,
        path: "/v1/x",
        bearer: Some("token".into()),
        body: b"{}".to_vec(),
    }
}

#[tokio::test]
async fn a_request_goes_out_and_its_answer_comes_back() {
    let answer = "HTTP/1.1 422 X\r\ncontent-length: 5\r\n\r\nhello";
    let (address, task) = server(answer, false).await;
    let response = transport(&address).send(request()).await.unwrap();
    assert_eq!((response.status, response.body), (422, b"hello".to_vec()));
    let seen = task.await.unwrap().to_lowercase();
    assert!(seen.starts_with("post /v1/x http/1.1"), "{seen}");
    assert!(seen.contains("authorization: bearer token"), "{seen}");
    assert!(seen.contains("content-type: application/json"), "{seen}");
    assert!(seen.ends_with("{}"), "{seen}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let answer = "HTTP/1.1 302 X\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n";
    let (address, _task) = server(answer, false).await;
    let response = transport(&address).send(request()).await.unwrap();
    assert_eq!(response.status, 302);
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = transport(&address).send(request()).await.unwrap_err();
    assert_eq!(error, TransportError::Unreachable { server: address });
}

#[tokio::test]
async fn a_server_that_is_silent() {
    let (address, task) = server("", true).await;
    let error = transport(&address).send(request()).await.unwrap_err();
    assert_eq!(error, TransportError::Timeout { server: address });
    task.abort();
}

#[tokio::test]
async fn a_server_that_stops_half_way() {
    let halves = [
        "",
        "HTTP/1.1 200 O",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "what is this",
    ];
    for half in halves {
        let (address, _task) = server(half, false).await;
        let error = transport(&address).send(request()).await.unwrap_err();
        assert_eq!(
            error,
            TransportError::Interrupted { server: address },
            "{half}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_never_ends_is_not_read_to_its_end() {
    let endless: &'static str =
        Box::leak(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1001)).into_boxed_str());
    let (address, _task) = server(endless, false).await;
    let error = transport(&address).send(request()).await.unwrap_err();
    assert_eq!(error, TransportError::TooLarge { server: address });
}

#[tokio::test]
async fn a_role_without_an_address() {
    let request = HttpRequest {
        role: Role::Vault,
        ..request()
    };
    let error = transport("http://127.0.0.1:9").send(request).await;
    assert_eq!(error.unwrap_err(), TransportError::NotConfigured("vault"));
}
