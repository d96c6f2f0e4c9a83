//! The code was typed: the share, for the right one.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::json;
use wardseal_tenant::types::{FixedBytes, Timestamp};

use crate::{App, around::now, shares::Answer, shares::Attempt};

impl Attempt {
    /// Three tries within ten minutes.
    pub(crate) fn new(share: FixedBytes<32>, code: String, now: Timestamp) -> Self {
        let until = now.plus_millis(600_000);
        Self {
            share,
            code,
            until,
            tries: 3,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Finish {
    attempt: FixedBytes<32>,
    code: String,
}

pub(crate) async fn finish(State(app): State<Arc<App>>, Json(said): Json<Finish>) -> Answer {
    let attempts = &mut app.people.0.lock().await.attempts;
    let known = attempts
        .get_mut(&said.attempt)
        .filter(|known| known.tries > 0);
    let known = known.ok_or(StatusCode::FORBIDDEN)?;
    known.tries -= 1;
    if known.code != said.code || now() > known.until {
        return Err(StatusCode::FORBIDDEN);
    }
    let share = known.share;
    attempts.remove(&said.attempt);
    Ok(Json(json!({ "share": share })))
}
