//! What stands between a client and its servers: it sees everything, and says what a test likes.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use wardseal_client::{
    Transport, TransportError,
    api::{
        Endpoint,
        keys::{Append, CreateTenant, Fetch, FetchRequest, SignUp},
    },
    exchange::{HttpRequest, HttpResponse},
};
use wardseal_client_http::HttpTransport;

use crate::Ledger;

type Answer = Result<HttpResponse, TransportError>;
type Lie = Box<dyn FnMut(&HttpRequest, Option<Answer>) -> Answer + Send>;

/// A request with the answer that the client got.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The request.
    pub request: HttpRequest,
    /// What the client was told.
    pub answer: Answer,
}

/// The network of one machine. Clones are the same network.
#[derive(Clone)]
pub struct Network {
    servers: HttpTransport,
    ledger: Ledger,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Default)]
struct Plan {
    /// By path. `true` when the honest server is asked first.
    lies: BTreeMap<&'static str, (bool, Lie)>,
    seen: Vec<Exchange>,
    /// Answers every fetch with an error, so that the question alone is seen.
    probing: bool,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

impl Network {
    /// An honest network, until it is told otherwise.
    #[must_use]
    pub fn new(servers: HttpTransport, ledger: Ledger) -> Self {
        Self {
            servers,
            ledger,
            plan: Arc::default(),
        }
    }

    /// Changes the answers that the server gives to an operation, where it answers at all.
    ///
    /// # Panics
    /// When the server's answer is none.
    pub fn change<E: Endpoint>(
        &self,
        mut change: impl FnMut(&E::Request, &mut E::Response) + Send + 'static,
    ) {
        self.lie(
            E::PATH,
            true,
            Box::new(move |request, answer| {
                let honest = answer.expect("the server was asked")?;
                if honest.status != 200 {
                    return Ok(honest);
                }
                let asked = asked::<E>(request);
                let mut body = serde_json::from_slice(&honest.body).expect("an honest answer");
                change(&asked, &mut body);
                Ok(ok::<E>(&body))
            }),
        );
    }

    /// Answers an operation in the server's place.
    pub fn say<E: Endpoint>(
        &self,
        mut say: impl FnMut(&E::Request) -> E::Response + Send + 'static,
    ) {
        self.lie(
            E::PATH,
            false,
            Box::new(move |request, _| Ok(ok::<E>(&say(&asked::<E>(request))))),
        );
    }

    /// Answers an operation in the server's place with anything.
    pub fn raw<E: Endpoint>(&self, mut say: impl FnMut() -> Answer + Send + 'static) {
        self.lie(E::PATH, false, Box::new(move |_, _| say()));
    }

    /// Lets the server do an operation, and gives the client something else for its answer.
    pub fn spoil<E: Endpoint>(
        &self,
        mut spoil: impl FnMut(HttpResponse) -> Answer + Send + 'static,
    ) {
        self.lie(
            E::PATH,
            true,
            Box::new(move |_, answer| spoil(answer.expect("the server was asked")?)),
        );
    }

    /// Tells the truth again.
    pub fn honest(&self) {
        self.plan().lies.clear();
    }

    /// What was asked of an operation so far.
    #[must_use]
    pub fn asked<E: Endpoint>(&self) -> Vec<E::Request> {
        let plan = self.plan();
        let of_this = plan.seen.iter().filter(|one| one.request.path == E::PATH);
        of_this.map(|one| asked::<E>(&one.request)).collect()
    }

    /// What the client was told for an operation so far, where it was told anything.
    #[must_use]
    pub fn answers<E: Endpoint>(&self) -> Vec<E::Response> {
        let plan = self.plan();
        let of_this = plan.seen.iter().filter(|one| one.request.path == E::PATH);
        of_this
            .filter_map(|one| one.answer.as_ref().ok())
            .filter_map(|answer| serde_json::from_slice(&answer.body).ok())
            .collect()
    }

    /// Everything that passed.
    #[must_use]
    pub fn seen(&self) -> Vec<Exchange> {
        self.plan().seen.clone()
    }

    /// Forgets what passed.
    pub fn forget(&self) {
        self.plan().seen.clear();
    }

    /// Sends the same request again, past every lie, and gives the server's answer.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn again(&self, request: HttpRequest) -> Answer {
        self.servers.send(request).await
    }

    /// From now on and until called with `false`, fetches fail, and only what they ask is seen.
    pub(crate) fn probe(&self, probing: bool) {
        self.plan().probing = probing;
    }

    pub(crate) fn last_fetch(&self) -> Option<FetchRequest> {
        self.asked::<Fetch>().pop()
    }

    fn lie(&self, path: &'static str, ask: bool, lie: Lie) {
        self.plan().lies.insert(path, (ask, lie));
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what goes out, whatever becomes of it.
    fn note_request(&self, request: &HttpRequest) {
        if request.path == Append::PATH {
            self.ledger.asked(&asked::<Append>(request));
        } else if request.path == SignUp::PATH {
            self.ledger.asked(&asked::<SignUp>(request).append);
        }
    }

    fn note_answer(&self, request: &HttpRequest, answer: &Answer) {
        let grows = [Append::PATH, SignUp::PATH, CreateTenant::PATH].contains(&request.path);
        if let Ok(answer) = answer
            && grows
            && answer.status == 200
        {
            let appended = serde_json::from_slice(&answer.body).expect("an honest answer");
            self.ledger.appended(&appended);
        }
    }
}

impl Transport for Network {
    async fn send(&self, request: HttpRequest) -> Answer {
        self.note_request(&request);
        let (probing, ask) = {
            let plan = self.plan();
            let lie = plan.lies.get(request.path);
            (plan.probing, lie.is_none_or(|(ask, _)| *ask))
        };
        if probing && request.path == Fetch::PATH {
            let answer = Err(TransportError::Unreachable {
                server: "probe".into(),
            });
            let exchange = Exchange {
                request,
                answer: answer.clone(),
            };
            self.plan().seen.push(exchange);
            return answer;
        }
        let honest = if ask {
            let answer = self.servers.send(request.clone()).await;
            self.note_answer(&request, &answer);
            Some(answer)
        } else {
            None
        };
        let mut plan = self.plan();
        let answer = match (plan.lies.get_mut(request.path), honest) {
            (Some((_, lie)), honest) => lie(&request, honest),
            (None, Some(honest)) => honest,
            (None, None) => Err(TransportError::NotConfigured("server")),
        };
        plan.seen.push(Exchange {
            request,
            answer: answer.clone(),
        });
        answer
    }
}

fn asked<E: Endpoint>(request: &HttpRequest) -> E::Request {
    let body: &[u8] = if request.body.is_empty() {
        b"null"
    } else {
        &request.body
    };
    serde_json::from_slice(body).expect("a client's request")
}

fn ok<E: Endpoint>(body: &E::Response) -> HttpResponse {
    HttpResponse {
        status: 200,
        body: serde_json::to_vec(body).expect("an answer is JSON"),
    }
}
