//! Programs of this workspace, as processes.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
};

use serde_json::Value;

/// A program of this workspace, from the folder in which the tests are built.
///
/// # Panics
/// When it is not built.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test is a program");
    let built = test.ancestors().nth(2).expect("a folder");
    let path = built.join(name);
    assert!(
        path.exists(),
        "{name} is not built: cargo build --package {name}"
    );
    path
}

/// What an application's server answers; `None` when it refuses.
///
/// # Panics
/// When it does not answer.
#[must_use]
pub fn ask(address: &str, method: &str, path: &str, session: &str, body: &Value) -> Option<Value> {
    let body = body.to_string();
    let host = address.strip_prefix("http://").unwrap_or(address);
    let mut stream = TcpStream::connect(host).expect("a connection");
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: Bearer \
         {session}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, rest) = answer.split_once("\r\n\r\n").expect("an answer");
    if head.split(' ').nth(1) != Some("200") {
        return None;
    }
    // The lengths of chunks may stand around the body.
    let body = rest.find('{').zip(rest.rfind('}'));
    let body = body.and_then(|(from, to)| rest.get(from..=to));
    Some(serde_json::from_str(body.expect("an object")).expect("JSON"))
}
