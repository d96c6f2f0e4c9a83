//! Connections: how many, how slow, and how they end.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::FromRequestParts,
    http::{Request, request::Parts},
};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};

use tower::ServiceExt as _;

use crate::app::App;

/// Connections that are open at once; more have to wait.
const MOST_CONNECTIONS: usize = 4096;

/// How long the head of a request may take to arrive, from the moment when it may.
const HEAD_TIME: Duration = Duration::from_secs(15);

/// How long requests under way may take when the server is told to stop.
const STOP_TIME: Duration = Duration::from_secs(10);

/// How often deadlines are looked at.
const DEADLINES: Duration = Duration::from_secs(5);

/// How often letters are looked for that failed before.
const POST: Duration = Duration::from_secs(30);

/// How often is tidied up.
const TIDY: Duration = Duration::from_secs(600);

/// Ends a server: requests under way are answered, and no new ones are taken.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Stop {
    /// Something to stop servers with.
    #[must_use]
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Stops every server that was started with this or a clone.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Waits until somebody stops.
    pub async fn stopped(&self) {
        // The sender lives in `self`, so there is always somebody who could.
        let _ = self.0.subscribe().wait_for(|stopped| *stopped).await;
    }
}

/// Serves `app` on `listener` until it is stopped, and then until the requests under way are
/// answered, at most ten seconds. Meanwhile requests expire, letters are sent and things tidied up.
pub async fn serve(listener: TcpListener, app: Arc<App>) {
    let stop = app.stop.clone();
    let jobs = [
        tokio::spawn(deadlines(Arc::clone(&app))),
        tokio::spawn(post(Arc::clone(&app))),
        tokio::spawn(tidy(Arc::clone(&app))),
    ];
    accept_all(listener, crate::routes::router(Arc::clone(&app)), &stop).await;
    for job in jobs {
        job.abort();
    }
    let kept = tokio::task::spawn_blocking(move || app.people.keep()).await;
    if !matches!(kept, Ok(Ok(()))) {
        tracing::warn!("what is known of people was not written down");
    }
}

/// Where a request comes from, for limits: the other end of the connection, or what a proxy on this
/// machine says it is.
pub(crate) struct Peer(pub(crate) String);

impl FromRequestParts<Arc<App>> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Infallible> {
        let address = parts.extensions.get::<SocketAddr>().map(SocketAddr::ip);
        let forwarded = parts
            .headers
            .get_all("x-forwarded-for")
            .iter()
            .next_back()
            .and_then(|value| value.to_str().ok()?.rsplit(',').next())
            .and_then(|last| last.trim().parse::<IpAddr>().ok());
        let origin = match (address, forwarded) {
            (Some(address), Some(forwarded)) if address.is_loopback() => Some(forwarded),
            (address, _) => address,
        };
        Ok(Self(match origin {
            // Whoever has one address of a net has all of them.
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}")
            }
            Some(address) => address.to_string(),
            None => String::new(),
        }))
    }
}

async fn accept_all(listener: TcpListener, router: Router, stop: &Stop) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .max_concurrent_streams(128);
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let ((stream, address), place) = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = stop.stopped() => break,
        };
        let service = TowerToHyperService::new(router.clone().map_request(
            move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(address);
                request
            },
        ));
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks is the other side's affair.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    if timeout(STOP_TIME, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were not answered in time and are cut off");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> ((TcpStream, SocketAddr), Option<OwnedSemaphorePermit>) {
    // Nobody closes the semaphore.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                // Answers are written at once, so there is nothing to wait for.
                let _ = stream.set_nodelay(true);
                return ((stream, address), place);
            }
            Err(error) => {
                // Mostly "too many open files": it passes when connections end.
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn deadlines(app: Arc<App>) {
    loop {
        sleep(DEADLINES).await;
        if let Err(failure) = app.expire().await {
            tracing::error!(cause = ?failure.cause, "deadlines were not looked at");
        }
        if let Err(failure) = app.expire_shares().await {
            tracing::error!(cause = ?failure.cause, "shares in escrow were not looked at");
        }
        if let Err(failure) = app.remind().await {
            tracing::error!(cause = ?failure.cause, "nobody was reminded");
        }
        if let Err(failure) = app.tell_recovered().await {
            tracing::error!(cause = ?failure.cause, "people were not told of recoveries");
        }
    }
}

async fn post(app: Arc<App>) {
    loop {
        if let Err(failure) = app.post().await {
            tracing::error!(cause = ?failure.cause, "letters were not looked for");
        }
        tokio::select! {
            () = sleep(POST) => {}
            () = app.post.notified() => {}
        }
    }
}

async fn tidy(app: Arc<App>) {
    loop {
        sleep(TIDY).await;
        if let Err(failure) = app.tidy().await {
            tracing::error!(cause = ?failure.cause, "nothing was tidied up");
        }
        let keeping = Arc::clone(&app);
        let kept = tokio::task::spawn_blocking(move || keeping.people.keep()).await;
        if !matches!(kept, Ok(Ok(()))) {
            tracing::warn!("what is known of people was not written down");
        }
    }
}
