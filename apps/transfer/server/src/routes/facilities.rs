//! Facilities that register because something waits for them.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};

use super::Json;
use crate::{
    app::App,
    failure::{Failure, Problem},
    model::{
        BindFacility, Deliver, Delivered, Facility, FacilityBound, Invited, OpenInvitation,
        RegisterFacility,
    },
    session::Caller,
};

/// Says what the invitation of a facility is for.
#[utoipa::path(post, path = "/api/facilities/invitation", tag = "facilities",
    request_body = OpenInvitation,
    responses((status = 200, body = Invited), (status = "4XX", body = Problem)))]
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    Json { body, .. }: Json<OpenInvitation>,
) -> Result<Answer<Invited>, Failure> {
    app.open_invitation(body).await.map(Answer)
}

/// Signs that a group has the identifier of the facility whose first person the caller is.
#[utoipa::path(post, path = "/api/facilities/bind", tag = "facilities", request_body = BindFacility,
    responses((status = 200, body = FacilityBound), (status = "4XX", body = Problem)))]
pub(crate) async fn bind(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json { body, .. }: Json<BindFacility>,
) -> Result<Answer<FacilityBound>, Failure> {
    app.bind_facility(&caller, body).await.map(Answer)
}

/// Registers the facility whose identifier the group has by now. What waited for it is its.
#[utoipa::path(post, path = "/api/facilities/register", tag = "facilities",
    request_body = RegisterFacility,
    responses((status = 200, body = Facility), (status = "4XX", body = Problem)))]
pub(crate) async fn register(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json { body, .. }: Json<RegisterFacility>,
) -> Result<Answer<Facility>, Failure> {
    app.register_facility(&caller, body).await.map(Answer)
}

/// Says that the facility has the keys of requests that were sent in escrow.
#[utoipa::path(post, path = "/api/requests/delivered", tag = "requests", request_body = Deliver,
    responses((status = 200, body = Delivered), (status = "4XX", body = Problem)))]
pub(crate) async fn delivered(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json { body, .. }: Json<Deliver>,
) -> Result<Answer<Delivered>, Failure> {
    app.report_delivered(&caller, body).await.map(Answer)
}
