//! Connections: how many, how slow, and how they end.

use std::{sync::Arc, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};

use wardseal_server_domain::keys::KeyService;

use crate::App;

/// Connections that are open at once; more have to wait.
const MOST_CONNECTIONS: usize = 4096;

/// How long the head of a request may take to arrive, from the moment when it may.
const HEAD_TIME: Duration = Duration::from_secs(15);

/// How often what has expired is erased, although nobody asked for it.
const SWEEP_TIME: Duration = Duration::from_secs(60 * 60);

/// How long requests under way may take when the server is told to stop.
const STOP_TIME: Duration = Duration::from_secs(10);

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
/// answered, at most ten seconds.
pub async fn serve(listener: TcpListener, app: App, stop: &Stop) {
    let sweeping = app
        .keys
        .clone()
        .map(|keys| tokio::spawn(sweep(keys, SWEEP_TIME)));
    let router = app.into_router();
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
        let (stream, place) = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = stop.stopped() => break,
        };
        let service = TowerToHyperService::new(router.clone());
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
    if let Some(sweeping) = sweeping {
        sweeping.abort();
    }
    if timeout(STOP_TIME, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were not answered in time and are cut off");
    }
}

/// Erases what has expired, again and again. The first time is when the service starts.
async fn sweep(keys: Arc<KeyService>, every: Duration) {
    loop {
        sleep(every).await;
        let keys = Arc::clone(&keys);
        let swept = tokio::task::spawn_blocking(move || keys.sweep()).await;
        match swept {
            Ok(Ok(0)) => {}
            Ok(Ok(erased)) => tracing::info!(erased, "deposits expired"),
            Ok(Err(error)) => tracing::error!(%error, "expired deposits are not erased yet"),
            Err(_) => return,
        }
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, Option<tokio::sync::OwnedSemaphorePermit>) {
    // Nobody closes the semaphore.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are written at once, so there is nothing to wait for.
                let _ = stream.set_nodelay(true);
                return (stream, place);
            }
            Err(error) => {
                // Mostly "too many open files": it passes when connections end.
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
