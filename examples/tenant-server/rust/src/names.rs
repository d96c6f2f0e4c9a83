//! Signs which user a name means, when somebody signs up.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use rand_core::UnwrapErr;
use serde::Deserialize;
use serde_json::{Value, json};
use wardseal_tenant::{
    NameRequest,
    types::{FixedBytes, UserId},
};

use crate::{App, around::now};

#[derive(Deserialize)]
pub(crate) struct SignUp {
    user: UserId,
    commitment: FixedBytes<32>,
    index: FixedBytes<32>,
}

pub(crate) async fn sign_up(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Json(asked): Json<SignUp>,
) -> Result<Json<Value>, StatusCode> {
    // The name is the login's, and never the page's.
    let name = app.who(&headers).ok_or(StatusCode::FORBIDDEN)?;
    let request = NameRequest {
        user: asked.user,
        commitment: asked.commitment,
        index: asked.index,
    };
    if !request.is_for(&app.tenant, name) {
        return Err(StatusCode::FORBIDDEN);
    }
    let rng = &mut UnwrapErr(getrandom::SysRng);
    let token = app.key.bind(app.tenant, request, now(), rng);
    let token = token.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(json!({ "token": token })))
}
