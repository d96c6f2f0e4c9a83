//! A network and a server that cannot be trusted: what stands between a client and a real server,
//! and lies as the test tells it to.

use std::{
    collections::HashMap,
    fmt, io,
    net::{Ipv4Addr, TcpListener},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Body, Bytes, Frame, Incoming, SizeHint},
    header,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use serde_json::Value;
use wardseal_server_http::{Stop, openapi};

use crate::servers::Background;

/// How a test changes what passes by.
pub type Change<T> = Arc<dyn Fn(&mut T) + Send + Sync>;

/// What happens to a request or to its answer.
#[derive(Clone)]
#[non_exhaustive]
pub enum Fault {
    /// The server is not asked, and this status comes back with a text that is no problem document.
    Status(u16),
    /// The server is not asked, and the connection is closed.
    Refuse,
    /// The server does what it is asked, and the connection is closed without an answer.
    Lose,
    /// The server's answer comes so much later.
    Delay(Duration),
    /// Of the server's answer so many bytes arrive, and then the connection is closed.
    Cut(usize),
    /// The body of the server's answer is changed, as JSON.
    Answer(Change<Value>),
    /// The body of the server's answer is changed, as bytes.
    Bytes(Change<Vec<u8>>),
    /// The body of the request is changed before the server sees it.
    Request(Change<Value>),
}

impl Fault {
    /// [`Fault::Answer`] with this change.
    pub fn answer(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self::Answer(Arc::new(change))
    }

    /// [`Fault::Bytes`] with this change.
    pub fn bytes(change: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Self {
        Self::Bytes(Arc::new(change))
    }

    /// [`Fault::Request`] with this change.
    pub fn request(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self::Request(Arc::new(change))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "Status({status})"),
            Self::Refuse => f.write_str("Refuse"),
            Self::Lose => f.write_str("Lose"),
            Self::Delay(time) => write!(f, "Delay({time:?})"),
            Self::Cut(length) => write!(f, "Cut({length})"),
            Self::Answer(_) => f.write_str("Answer(..)"),
            Self::Bytes(_) => f.write_str("Bytes(..)"),
            Self::Request(_) => f.write_str("Request(..)"),
        }
    }
}

/// Forwards to a server, and has a [`Fault`] for each operation that a test names by its identifier
/// (`append`, `login_start`, …). It stops when it is dropped.
pub struct HostileProxy {
    url: String,
    plan: Arc<Mutex<Plan>>,
    _background: Background,
}

#[derive(Default)]
struct Plan {
    always: HashMap<String, Fault>,
    once: HashMap<String, Vec<Fault>>,
    seen: HashMap<String, usize>,
    answers: HashMap<String, Vec<Bytes>>,
}

impl fmt::Debug for HostileProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostileProxy({})", self.url)
    }
}

fn locked(plan: &Mutex<Plan>) -> std::sync::MutexGuard<'_, Plan> {
    plan.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HostileProxy {
    /// Stands before the server at `server` (`http://127.0.0.1:…`).
    ///
    /// # Panics
    /// When the surroundings of the test do not allow it.
    #[must_use]
    pub fn before(server: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let plan = Arc::<Mutex<Plan>>::default();
        let proxy = Proxy {
            server: server.to_owned(),
            operations: Arc::new(operations()),
            plan: Arc::clone(&plan),
            client: Client::builder(TokioExecutor::new()).build_http(),
        };
        Self {
            url,
            plan,
            _background: Background::run(listener, move |listener, stop| async move {
                proxy.serve(listener, &stop).await;
            }),
        }
    }

    /// What clients take for the server.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on, and until [`clear`](Self::clear), this happens to the operation.
    pub fn on(&self, operation: &str, fault: Fault) {
        locked(&self.plan)
            .always
            .insert(operation.to_owned(), fault);
    }

    /// This happens to the operation once, before what [`on`](Self::on) says. Called several
    /// times, the faults happen in order.
    pub fn once(&self, operation: &str, fault: Fault) {
        let mut plan = locked(&self.plan);
        let queue = plan.once.entry(operation.to_owned()).or_default();
        queue.push(fault);
    }

    /// From now on everything is forwarded.
    pub fn clear(&self) {
        let mut plan = locked(&self.plan);
        plan.always.clear();
        plan.once.clear();
    }

    /// How often the operation was asked for.
    #[must_use]
    pub fn seen(&self, operation: &str) -> usize {
        locked(&self.plan).seen.get(operation).copied().unwrap_or(0)
    }

    /// What the server itself answered to the operation, oldest first: to be replayed.
    #[must_use]
    pub fn answers(&self, operation: &str) -> Vec<Value> {
        let plan = locked(&self.plan);
        let answers = plan.answers.get(operation);
        answers
            .into_iter()
            .flatten()
            .filter_map(|body| serde_json::from_slice(body).ok())
            .collect()
    }
}

/// Path → identifier of the operation.
fn operations() -> HashMap<String, String> {
    let text = openapi::text().expect("the document");
    let document: Value = serde_json::from_str(&text).expect("the document");
    let paths = document
        .get("paths")
        .and_then(Value::as_object)
        .expect("paths");
    paths
        .iter()
        .filter_map(|(path, methods)| {
            let operation = methods.as_object()?.values().next()?;
            let id = operation.get("operationId")?.as_str()?;
            Some((path.clone(), id.to_owned()))
        })
        .collect()
}

#[derive(Clone)]
struct Proxy {
    server: String,
    operations: Arc<HashMap<String, String>>,
    plan: Arc<Mutex<Plan>>,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Proxy {
    async fn serve(self, listener: tokio::net::TcpListener, stop: &Stop) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.stopped() => return,
            };
            let Ok((stream, _)) = accepted else {
                continue;
            };
            let proxy = self.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| proxy.clone().answer(request));
                // A connection that breaks is what this is for.
                let _ = auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    }

    /// An error closes the connection.
    async fn answer(self, request: Request<Incoming>) -> io::Result<Response<Answer>> {
        let operation = self
            .operations
            .get(request.uri().path())
            .cloned()
            .unwrap_or_default();
        let fault = {
            let mut plan = locked(&self.plan);
            *plan.seen.entry(operation.clone()).or_default() += 1;
            match plan.once.get_mut(&operation) {
                Some(queue) if !queue.is_empty() => Some(queue.remove(0)),
                _ => plan.always.get(&operation).cloned(),
            }
        };
        match &fault {
            Some(Fault::Refuse) => return Err(io::Error::other("refused")),
            Some(Fault::Status(status)) => {
                let mut response = Response::new(Answer::whole("not today".into()));
                *response.status_mut() = StatusCode::from_u16(*status).map_err(io::Error::other)?;
                return Ok(response);
            }
            _ => {}
        }
        let (mut head, body) = self.forward(request, fault.as_ref()).await?;
        locked(&self.plan)
            .answers
            .entry(operation)
            .or_default()
            .push(body.clone());
        let body = match fault {
            Some(Fault::Lose) => return Err(io::Error::other("lost")),
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(time).await;
                Answer::whole(body)
            }
            Some(Fault::Cut(length)) => Answer::cut(&body, length),
            Some(Fault::Answer(change)) => Answer::whole(changed(&body, &*change)),
            Some(Fault::Bytes(change)) => {
                let mut bytes = body.to_vec();
                change(&mut bytes);
                Answer::whole(bytes.into())
            }
            _ => Answer::whole(body),
        };
        head.headers.remove(header::TRANSFER_ENCODING);
        head.headers
            .insert(header::CONTENT_LENGTH, body.promised.into());
        Ok(Response::from_parts(head, body))
    }

    async fn forward(
        &self,
        request: Request<Incoming>,
        fault: Option<&Fault>,
    ) -> io::Result<(hyper::http::response::Parts, Bytes)> {
        let (mut head, body) = request.into_parts();
        let mut body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        if let Some(Fault::Request(change)) = fault {
            body = changed(&body, &**change);
        }
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = format!("{}{path}", self.server)
            .parse()
            .map_err(io::Error::other)?;
        head.headers.remove(header::HOST);
        head.headers.remove(header::CONTENT_LENGTH);
        head.version = hyper::Version::HTTP_11;
        let request = Request::from_parts(head, Full::new(body));
        let answer = self
            .client
            .request(request)
            .await
            .map_err(io::Error::other)?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        Ok((head, body))
    }
}

/// A body that is no JSON stays as it is: the change is about another answer.
fn changed(body: &Bytes, change: &(dyn Fn(&mut Value) + Send + Sync)) -> Bytes {
    let Ok(mut value) = serde_json::from_slice(body) else {
        return body.clone();
    };
    change(&mut value);
    value.to_string().into()
}

/// A body that may promise more than it gives.
struct Answer {
    bytes: Option<Bytes>,
    promised: u64,
    breaks: bool,
}

impl Answer {
    fn whole(bytes: Bytes) -> Self {
        Self {
            promised: bytes.len().try_into().unwrap_or(u64::MAX),
            bytes: Some(bytes),
            breaks: false,
        }
    }

    fn cut(bytes: &Bytes, length: usize) -> Self {
        Self {
            breaks: length < bytes.len(),
            bytes: Some(bytes.slice(..length.min(bytes.len()))),
            promised: bytes.len().try_into().unwrap_or(u64::MAX),
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.bytes.take().filter(|bytes| !bytes.is_empty()) {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None if std::mem::take(&mut self.breaks) => {
                Poll::Ready(Some(Err(io::Error::other("cut"))))
            }
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}
