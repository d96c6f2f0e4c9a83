//! What the application keeps for the two-man rule.

use std::{collections::HashMap, sync::Arc};

use axum::{Json, extract::State, http::HeaderMap, http::StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use wardseal_tenant::{
    recovery::TokenBudget,
    types::{FixedBytes, Timestamp, UserId},
};

use crate::App;

pub(crate) type Answer = Result<Json<Value>, StatusCode>;

/// Your database: shares and budgets by name, attempts by their number.
#[derive(Default)]
pub(crate) struct People(pub(crate) Mutex<Tables>);
#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) shares: HashMap<String, Share>,
    pub(crate) budgets: HashMap<String, TokenBudget>,
    pub(crate) attempts: HashMap<FixedBytes<32>, Attempt>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Share {
    pub(crate) user: UserId,
    pub(crate) record: FixedBytes<32>,
    pub(crate) share: FixedBytes<32>,
    pub(crate) address: String,
}

pub(crate) struct Attempt {
    pub(crate) share: FixedBytes<32>,
    pub(crate) code: String,
    pub(crate) until: Timestamp,
    pub(crate) tries: u8,
}

/// The person's client leaves the share, before the chain names the record.
pub(crate) async fn keep(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Json(share): Json<Share>,
) -> Answer {
    let name = app.who(&headers).ok_or(StatusCode::FORBIDDEN)?;
    app.people.0.lock().await.shares.insert(name.clone(), share);
    Ok(Json(json!({})))
}
