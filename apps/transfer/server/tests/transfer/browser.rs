//! A browser for tests, and the events that it hears.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use futures_util::StreamExt as _;
use reqwest::Method;
use serde_json::Value;
use transfer_server::Id;
use wardseal_client::types::GroupId;

/// A browser: it keeps one cookie and says where requests come from.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) cookie: Arc<Mutex<Option<String>>>,
}

impl Browser {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            // A connection for each request: one that is kept may belong to a server that is gone.
            http: reqwest::Client::builder()
                .no_proxy()
                .pool_max_idle_per_host(0)
                .build()
                .unwrap(),
            url: url.to_owned(),
            cookie: Arc::default(),
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .header("sec-fetch-site", "same-origin");
        match &*self.cookie.lock().unwrap() {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        if let Some(set) = answer.headers().get("set-cookie") {
            let set = set.to_str().unwrap();
            for needed in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
                assert!(set.contains(needed), "{set}");
            }
            *self.cookie.lock().unwrap() = Some(set.split(';').next().unwrap().to_owned());
        }
        let kind = answer.headers().get("content-type").cloned();
        let bytes = answer.bytes().await.unwrap();
        if status >= 400 && !bytes.is_empty() {
            assert_eq!(kind.unwrap(), "application/problem+json");
            let problem: Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(problem["status"], status);
            return (status, problem);
        }
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        (status, body)
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn put_json(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> (u16, Value) {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn put(&self, id: Id, facility: GroupId, content: Vec<u8>) {
        let path = format!("/api/blobs/{id}?facility={facility}");
        let (status, answer) = self
            .send(self.request(Method::PUT, &path).body(content))
            .await;
        assert_eq!(status, 204, "{answer}");
    }

    /// The bytes of a blob, or the status.
    pub(crate) async fn blob(&self, id: &str) -> Result<Vec<u8>, u16> {
        let request = self.request(Method::GET, &format!("/api/blobs/{id}"));
        let answer = request.send().await.unwrap();
        match answer.status().as_u16() {
            200 => Ok(answer.bytes().await.unwrap().to_vec()),
            status => Err(status),
        }
    }

    /// Listens for events, from one on if it is given.
    pub(crate) async fn listen(&self, last: Option<&str>) -> Events {
        let mut request = self.request(Method::GET, "/api/events");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Events {
            bytes: Box::pin(answer.bytes_stream()),
            text: String::new(),
        }
    }
}

type Bytes =
    std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<axum::body::Bytes>> + Send>>;

/// A stream of events.
pub(crate) struct Events {
    bytes: Bytes,
    text: String,
}

impl Events {
    /// The fields of the next block, or nothing at the end. Comments are passed over.
    pub(crate) async fn next(&mut self) -> Option<BTreeMap<String, String>> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let fields: BTreeMap<String, String> = block
                    .lines()
                    .filter_map(|line| line.split_once(": "))
                    .filter(|(name, _)| !name.is_empty())
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
                self.text = rest.to_owned();
                if fields.is_empty() {
                    continue;
                }
                return Some(fields);
            }
            let bytes = self.bytes.next().await?.ok()?;
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// The next event about this.
    pub(crate) async fn about(&mut self, kind: &str, id: &str) -> BTreeMap<String, String> {
        loop {
            let event = self.next().await.expect("the stream goes on");
            let data: Value = event
                .get("data")
                .map_or(Value::Null, |data| serde_json::from_str(data).unwrap());
            if event.get("event").is_some_and(|found| found == kind) && data["id"] == id {
                return event;
            }
        }
    }
}
