//! Ways back in.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use serde::Deserialize;
use wardseal_types::{FixedBytes, UserId};

use super::{Asks, Ids, Json, Users, cases::Of, people::Nothing};
use crate::{
    app::App,
    failure::{Code, Failure, Problem},
    id::Id,
    model::{
        Account, AskHelp, FinishRecovery, HelpAnswer, HelpAsked, HelpRequest, Me, PendingRestart,
        PollHelp, PutShare, RecoveryFinished, RecoveryStarted, Release, Restart, Restarted, Shares,
        StartRecovery,
    },
    server::Peer,
    session::Caller,
    store::people,
};

/// Which record.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// The record.
    record: FixedBytes<32>,
}

/// Changes where letters to the caller go. The address before is told.
#[utoipa::path(put, path = "/api/account", tag = "session", request_body = Account,
    responses((status = 200, body = Me), (status = "4XX", body = Problem)))]
pub(crate) async fn account(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json { body, .. }: Json<Account>,
) -> Result<Answer<Me>, Failure> {
    app.set_account(&caller, body).await?;
    app.me(&caller).await.map(Answer)
}

/// For which records of the caller's the tenant's shares lie here.
#[utoipa::path(get, path = "/api/recovery/share", tag = "recovery",
    responses((status = 200, body = Shares), (status = "4XX", body = Problem)))]
pub(crate) async fn shares(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Answer<Shares>, Failure> {
    app.shares(&caller).await.map(Answer)
}

/// Stores the tenant's share of a record of the caller's.
#[utoipa::path(put, path = "/api/recovery/share", tag = "recovery", request_body = PutShare,
    responses((status = 200, body = Shares), (status = "4XX", body = Problem)))]
pub(crate) async fn put_share(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json { body, .. }: Json<PutShare>,
) -> Result<Answer<Shares>, Failure> {
    app.put_share(&caller, body).await.map(Answer)
}

/// Forgets the share of a record that the caller's chain does not name any more.
#[utoipa::path(delete, path = "/api/recovery/share", tag = "recovery", params(Which),
    responses((status = 200, body = Shares), (status = "4XX", body = Problem)))]
pub(crate) async fn delete_share(
    State(app): State<Arc<App>>,
    caller: Caller,
    Asks(which): Asks<Which>,
) -> Result<Answer<Shares>, Failure> {
    app.delete_share(&caller, which.record).await.map(Answer)
}

/// Asks for a code by mail, and for the token with which the vault sends another.
#[utoipa::path(post, path = "/api/recovery/start", tag = "recovery", request_body = StartRecovery,
    responses((status = 200, body = RecoveryStarted), (status = "4XX", body = Problem)))]
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    peer: Peer,
    Json { body, .. }: Json<StartRecovery>,
) -> Result<Answer<RecoveryStarted>, Failure> {
    app.start_recovery(body, peer.0).await.map(Answer)
}

/// Gives the code, and gets the tenant's share.
#[utoipa::path(post, path = "/api/recovery/finish", tag = "recovery", request_body = FinishRecovery,
    responses((status = 200, body = RecoveryFinished), (status = "4XX", body = Problem)))]
pub(crate) async fn finish(
    State(app): State<Arc<App>>,
    Json { body, .. }: Json<FinishRecovery>,
) -> Result<Answer<RecoveryFinished>, Failure> {
    app.finish_recovery(body).await.map(Answer)
}

/// Asks the administrators for help.
#[utoipa::path(post, path = "/api/recovery/help", tag = "recovery", request_body = AskHelp,
    responses((status = 200, body = HelpAsked), (status = "4XX", body = Problem)))]
pub(crate) async fn ask_help(
    State(app): State<Arc<App>>,
    peer: Peer,
    Json { body, .. }: Json<AskHelp>,
) -> Result<Answer<HelpAsked>, Failure> {
    app.ask_help(body, peer.0).await.map(Answer)
}

/// What the administrators have answered, for whoever asked.
#[utoipa::path(post, path = "/api/recovery/help/{id}/poll", tag = "recovery",
    params(("id" = Id, Path)), request_body = PollHelp,
    responses((status = 200, body = HelpAnswer), (status = "4XX", body = Problem)))]
pub(crate) async fn poll_help(
    State(app): State<Arc<App>>,
    Ids(id): Ids<Id>,
    Json { body, .. }: Json<PollHelp>,
) -> Result<Answer<HelpAnswer>, Failure> {
    app.poll_help(id, body.secret).await.map(Answer)
}

/// The requests for help that the caller may answer, of the last day.
#[utoipa::path(get, path = "/api/recovery/help", tag = "recovery",
    responses((status = 200, body = Vec<HelpRequest>), (status = "4XX", body = Problem)))]
pub(crate) async fn help(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Answer<Vec<HelpRequest>>, Failure> {
    app.help(&caller).await.map(Answer)
}

/// Helps: gives what the administrator's page has sealed for the person's.
#[utoipa::path(post, path = "/api/recovery/help/{id}/release", tag = "recovery",
    params(("id" = Id, Path)), request_body = Release,
    responses((status = 200, body = HelpRequest), (status = "4XX", body = Problem)))]
pub(crate) async fn release(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<Id>,
    Json { body, .. }: Json<Release>,
) -> Result<Answer<HelpRequest>, Failure> {
    app.answer_help(&caller, id, Some(body)).await.map(Answer)
}

/// Declines to help.
#[utoipa::path(post, path = "/api/recovery/help/{id}/decline", tag = "recovery",
    params(("id" = Id, Path)), request_body = Nothing,
    responses((status = 200, body = HelpRequest), (status = "4XX", body = Problem)))]
pub(crate) async fn decline(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<Id>,
    _: Json<Nothing>,
) -> Result<Answer<HelpRequest>, Failure> {
    app.answer_help(&caller, id, None).await.map(Answer)
}

/// Begins a new identity for a member who has no way back in: an invitation under the same name.
#[utoipa::path(post, path = "/api/people/{user}/restart", tag = "recovery",
    params(("user" = UserId, Path)), request_body = Restart,
    responses((status = 200, body = Restarted), (status = "4XX", body = Problem)))]
pub(crate) async fn restart(
    State(app): State<Arc<App>>,
    caller: Caller,
    Users(user): Users,
    Json { body, .. }: Json<Restart>,
) -> Result<Answer<Restarted>, Failure> {
    app.restart(&caller, user, body.facility).await.map(Answer)
}

/// The new identities that were begun for members of a facility, for its administrators.
#[utoipa::path(get, path = "/api/people/restarts", tag = "recovery", params(Of),
    responses((status = 200, body = Vec<PendingRestart>), (status = "4XX", body = Problem)))]
pub(crate) async fn restarts(
    State(app): State<Arc<App>>,
    caller: Caller,
    Asks(of): Asks<Of>,
) -> Result<Answer<Vec<PendingRestart>>, Failure> {
    if app.administered(&caller, &[of.facility]).await?.is_empty() {
        return Err(Code::NotAMember.into());
    }
    app.read(move |tx| people::restarts(tx, &of.facility))
        .await
        .map(Answer)
}
