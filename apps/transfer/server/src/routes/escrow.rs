//! The tenant's endpoints of the platform, for clients of the platform: bodies and refusals are those of its own
//! specification (`spec/11-escrow.md`).

use std::sync::Arc;

use axum::{
    Json as Answer,
    extract::{FromRequest, Request, State},
};
use serde::de::DeserializeOwned;
use wardseal_tenant::api::{
    escrow::{ReleaseRequest, ReleasedShares},
    tenant::{DepositSharesRequest, EraseSharesRequest, ErasedShares, SharesDeposited},
};

use super::body;
use crate::{
    app::App,
    failure::{Code, Failure},
    session::Caller,
};

/// Bytes of a body, at most: a thousand shares.
const MOST: usize = 4 << 20;

/// A body with many shares.
pub(crate) struct Shares<T>(T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Shares<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &Arc<App>) -> Result<Self, Failure> {
        let bytes = body(request.into_body(), MOST).await?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|_| Code::Malformed.into())
    }
}

/// Keeps the tenant's shares.
pub(crate) async fn deposit(
    State(app): State<Arc<App>>,
    caller: Caller,
    Shares(asked): Shares<DepositSharesRequest>,
) -> Result<Answer<SharesDeposited>, Failure> {
    app.deposit_shares(&caller, asked).await.map(Answer)
}

/// Releases the tenant's shares to whoever carries the name.
pub(crate) async fn release(
    State(app): State<Arc<App>>,
    caller: Caller,
    Shares(asked): Shares<ReleaseRequest>,
) -> Result<Answer<ReleasedShares>, Failure> {
    app.release_shares(&caller, asked).await.map(Answer)
}

/// Erases the tenant's shares.
pub(crate) async fn erase(
    State(app): State<Arc<App>>,
    caller: Caller,
    Shares(asked): Shares<EraseSharesRequest>,
) -> Result<Answer<ErasedShares>, Failure> {
    app.erase_shares(&caller, asked).await.map(Answer)
}
