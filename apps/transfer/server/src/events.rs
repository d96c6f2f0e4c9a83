//! Server-sent events: what concerns the caller's facilities, as it happens.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName},
    response::{
        IntoResponse,
        sse::{Event, Sse},
    },
};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use wardseal_types::GroupId;

use crate::{
    app::App,
    failure::{Code, Failure},
    id::Id,
    session::Caller,
    store::{Change, feed},
};

/// Silence is broken so often: proxies keep the connection, and whoever left is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// After how many milliseconds a browser connects again.
const RETRY: Duration = Duration::from_secs(2);

/// Changes that are read at once.
const BATCH: usize = 100;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What an event says.
#[derive(Serialize)]
struct Data {
    id: Id,
    case: Id,
    version: u64,
}

/// Where a stream is.
struct Listener {
    app: Arc<App>,
    caller: Caller,
    groups: Vec<GroupId>,
    growth: watch::Receiver<u64>,
    seen: u64,
    waiting: VecDeque<Event>,
    _place: OwnedSemaphorePermit,
}

/// Answers `GET /api/events`.
pub(crate) async fn listen(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Failure> {
    let place = Arc::clone(&app.streams)
        .try_acquire_owned()
        .map_err(|_| Failure::new(Code::Unavailable))?;
    let growth = app.growth.subscribe();
    let groups = app.belongs(&caller, &app.facility_groups().await?).await?;
    let (newest, forgotten) = app.read(feed::bounds).await?;
    let last = headers
        .get(LAST_EVENT_ID)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let mut waiting = VecDeque::new();
    let seen = match last {
        Some(last) if (forgotten..=newest).contains(&last) => last,
        last => {
            // Where the page is now: an event without data tells the browser, and no listener. To
            // one that was away for too long something is missing: it has to read all again.
            let mut here = Event::default().id(newest.to_string()).retry(RETRY);
            if last.is_some() {
                here = here.event("reload").data("{}");
            }
            waiting.push_back(here);
            newest
        }
    };
    let listener = Listener {
        app,
        caller,
        groups,
        growth,
        seen,
        waiting,
        _place: place,
    };
    let events = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    // Proxies that gather answers before they pass them on are asked not to.
    Ok(([("x-accel-buffering", "no")], Sse::new(events)))
}

impl Listener {
    /// The next event; none when the stream is over.
    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.waiting.pop_front() {
            return Some(event);
        }
        loop {
            // What is written from here on wakes us.
            self.growth.mark_unchanged();
            self.read().await.ok()?;
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            let stop = self.app.stop.clone();
            let woken = tokio::select! {
                grown = tokio::time::timeout(HEARTBEAT, self.growth.changed()) => grown.is_ok(),
                () = stop.stopped() => return None,
            };
            // Asked every time: whoever signed out or was removed hears nothing more.
            self.app.caller(self.caller.token).await.ok()?;
            if !woken {
                let all = self.app.facility_groups().await.ok()?;
                self.groups = self.app.belongs(&self.caller, &all).await.ok()?;
                return Some(Event::default().comment(""));
            }
        }
    }

    async fn read(&mut self) -> Result<(), Failure> {
        let (groups, seen) = (self.groups.clone(), self.seen);
        let changes = self
            .app
            .read(move |tx| feed::after(tx, &groups, seen, BATCH))
            .await?;
        if changes.is_empty() {
            return Ok(());
        }
        // Membership is asked only when there is something to say.
        self.groups = self.app.belongs(&self.caller, &self.groups).await?;
        let allowed = self.groups.clone();
        for change in changes {
            self.seen = change.number;
            if allowed.contains(&change.facility) {
                self.waiting.push_back(event(&change)?);
            }
        }
        Ok(())
    }
}

fn event(change: &Change) -> Result<Event, Failure> {
    Event::default()
        .event(&change.kind)
        .id(change.number.to_string())
        .json_data(Data {
            id: change.id,
            case: change.case,
            version: change.version,
        })
        .map_err(Failure::internal)
}
