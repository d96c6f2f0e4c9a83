//! Somebody forgot a password: a code of the application's own, and a token for the vault's.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use rand_core::UnwrapErr;
use serde::Deserialize;
use serde_json::json;
use wardseal_tenant::{RecoveryRequest, recovery, types::Base64Url};

use crate::{App, around::draw, around::now, shares::Answer, shares::Attempt};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Start {
    name: String,
    client_key: Base64Url,
}

pub(crate) async fn start(State(app): State<Arc<App>>, Json(asked): Json<Start>) -> Answer {
    let (rng, data) = (
        &mut UnwrapErr(getrandom::SysRng),
        &mut *app.people.0.lock().await,
    );
    let budget = data
        .budgets
        .entry(asked.name.clone())
        .or_default()
        .take(now());
    budget.map_err(|_| StatusCode::TOO_MANY_REQUESTS)?;
    let tag = recovery::tag(asked.client_key.as_slice());
    let (attempt, code) = draw();
    // Nobody learns who has a share: a name without one gets an answer like any other.
    let mut found = recovery::decoy(&app.tenant, &asked.name, &app.key.seed());
    if let Some(kept) = data.shares.get(&asked.name) {
        app.mail(&kept.address, &format!("your code for {tag} is {code}"))
            .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
        found = (kept.user, kept.record);
        let asked = Attempt::new(kept.share, code, now());
        data.attempts.insert(attempt, asked);
    }
    let (user, record) = found;
    let client_key = asked.client_key.as_slice();
    let request = RecoveryRequest {
        user,
        record,
        client_key,
    };
    let token = app
        .key
        .recovery(app.tenant, &app.vault, &request, now(), rng);
    let token = token.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(
        json!({ "attempt": attempt, "token": token, "user": user, "record": record, "tag": tag }),
    ))
}
