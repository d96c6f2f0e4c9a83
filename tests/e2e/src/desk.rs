//! The application's own server as a party of escrow: its routes over [`EscrowDesk`], callers known
//! by a bearer that says who they are.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use chacha20::ChaCha20Rng;
use wardseal_client::{
    Transport as _,
    api::{
        Endpoint, Problem, ProblemCode,
        escrow::ReleaseRequest,
        tenant::{
            DepositShares, DepositSharesRequest, EraseSharesRequest, EraseTenantShares,
            ReleaseTenantShares,
        },
    },
    protocol::keys::Assigned,
    types::{ChainId, Clock as _, ManualClock, TenantId, UserId},
};
use wardseal_client_http::HttpTransport;
use wardseal_tenant::{
    DeskError, Directory, EscrowDesk, EscrowSecret, Progress, SharesInMemory, TokenKey,
};
use wardseal_testkit::{secret, seeded};

/// The application's server, on a loopback port of the test's runtime.
#[derive(Clone, Debug)]
pub struct Application(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    url: String,
    keys_url: String,
    tenant: TenantId,
    desk: EscrowDesk,
    token_key: TokenKey,
    transport: HttpTransport,
    clock: Arc<ManualClock>,
    shares: Mutex<SharesInMemory>,
    directory: tokio::sync::Mutex<Directory>,
    rng: Mutex<ChaCha20Rng>,
    away: AtomicBool,
    requests: Mutex<Vec<&'static str>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The escrow key of the tenants of tests.
#[must_use]
pub fn escrow_secret() -> EscrowSecret {
    EscrowSecret::from_seed(&secret(&mut seeded(9)), Assigned::Taken).expect("every seed is a key")
}

impl Application {
    /// Starts it, with the keys of the tenant.
    ///
    /// # Panics
    /// Outside of a runtime.
    pub async fn start(
        tenant: TenantId,
        token_key: &TokenKey,
        escrow: EscrowSecret,
        keys_url: &str,
        clock: Arc<ManualClock>,
    ) -> Self {
        let token = || TokenKey::from_seed(&token_key.seed());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let keys = keys_url.parse().expect("an address");
        let inner = Arc::new(Inner {
            url: format!("http://{address}"),
            keys_url: keys_url.to_owned(),
            tenant,
            desk: EscrowDesk::new(tenant, token(), [escrow]),
            token_key: token(),
            transport: HttpTransport::new(Some(keys), None).expect("TLS works"),
            clock,
            shares: Mutex::default(),
            directory: tokio::sync::Mutex::new(Directory::new(tenant)),
            rng: Mutex::new(seeded(10)),
            away: AtomicBool::new(false),
            requests: Mutex::default(),
        });
        let router = Router::new()
            .route(DepositShares::PATH, post(deposit))
            .route(ReleaseTenantShares::PATH, post(release))
            .route(EraseTenantShares::PATH, post(erase))
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self(inner)
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Everything that it keeps.
    #[must_use]
    pub fn shares(&self) -> SharesInMemory {
        locked(&self.0.shares).clone()
    }

    /// Whether it answers nobody.
    pub fn set_away(&self, away: bool) {
        self.0.away.store(away, Ordering::SeqCst);
    }

    /// How many requests came so far.
    #[must_use]
    pub fn requests(&self) -> usize {
        locked(&self.0.requests).len()
    }

    /// What was asked so far, as paths, oldest first.
    #[must_use]
    pub fn asked(&self) -> Vec<&'static str> {
        locked(&self.0.requests).clone()
    }

    /// What it knows of the tenant's chain now.
    pub async fn tenant_state(&self) -> wardseal_client::protocol::state::TenantState {
        self.0.learn(&[self.0.tenant.into()]).await;
        let directory = self.0.directory.lock().await;
        directory.tenant_state().expect("a tenant").clone()
    }
}

impl Inner {
    async fn learn(&self, chains: &[ChainId]) {
        let now = self.clock.now();
        let mut directory = self.directory.lock().await;
        let Some(mut inquiry) = directory.inquire(chains.iter().copied(), now) else {
            return;
        };
        let access = self
            .token_key
            .access(self.tenant, &self.keys_url, now, &mut *locked(&self.rng))
            .expect("randomness");
        loop {
            let request = inquiry.request(&directory, &access, now);
            let answer = self.transport.send(request).await.expect("an answer");
            if inquiry.take(&mut directory, &answer).expect("chains") == Progress::Done {
                return;
            }
        }
    }

    /// Who calls, unless nobody is answered.
    fn caller<E: Endpoint>(&self, headers: &HeaderMap) -> Result<UserId, Box<Response>> {
        locked(&self.requests).push(E::PATH);
        if self.away.load(Ordering::SeqCst) {
            return Err(Box::new(refuse(Problem::new(ProblemCode::Unavailable))));
        }
        headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer ")?.parse().ok())
            .ok_or_else(|| Box::new(refuse(Problem::new(ProblemCode::SignInRequired))))
    }
}

fn refuse(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).expect("a status");
    (status, Json(problem)).into_response()
}

fn answer<T: serde::Serialize, E>(done: Result<T, DeskError<E>>) -> Response {
    match done {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => refuse(error.problem()),
    }
}

async fn deposit(
    State(inner): State<Arc<Inner>>,
    headers: HeaderMap,
    Json(request): Json<DepositSharesRequest>,
) -> Response {
    match inner.caller::<DepositShares>(&headers) {
        Ok(caller) => {
            let now = inner.clock.now();
            let mut shares = locked(&inner.shares);
            answer(inner.desk.deposit(&mut *shares, &caller, &request, now))
        }
        Err(refused) => *refused,
    }
}

async fn release(
    State(inner): State<Arc<Inner>>,
    headers: HeaderMap,
    Json(request): Json<ReleaseRequest>,
) -> Response {
    let caller = match inner.caller::<ReleaseTenantShares>(&headers) {
        Ok(caller) => caller,
        Err(refused) => return *refused,
    };
    inner
        .learn(&EscrowDesk::chains(caller, request.member))
        .await;
    let directory = inner.directory.lock().await;
    let now = inner.clock.now();
    let mut shares = locked(&inner.shares);
    let mut rng = locked(&inner.rng);
    let released = inner
        .desk
        .release(&mut *shares, &directory, &caller, &request, now, &mut *rng);
    answer(released)
}

async fn erase(
    State(inner): State<Arc<Inner>>,
    headers: HeaderMap,
    Json(request): Json<EraseSharesRequest>,
) -> Response {
    let caller = match inner.caller::<EraseTenantShares>(&headers) {
        Ok(caller) => caller,
        Err(refused) => return *refused,
    };
    inner.learn(&[caller.into()]).await;
    let directory = inner.directory.lock().await;
    let now = inner.clock.now();
    let mut shares = locked(&inner.shares);
    answer(
        inner
            .desk
            .erase(&mut *shares, &directory, &caller, &request, now),
    )
}
