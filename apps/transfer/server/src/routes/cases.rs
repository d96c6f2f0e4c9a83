//! Cases, requests and revocations.

use std::sync::Arc;

use axum::{Json as Answer, extract::State, http::Uri};
use serde::Deserialize;
use wardseal_crypto::hash::sha256;
use wardseal_types::GroupId;

use super::{Asks, Ids, Json};
use crate::{
    app::{App, Work},
    failure::{Code, Failure, Problem},
    id::Id,
    model::{
        AddDocument, CaseRecord, Choose, Disclose, Move, NewCase, RequestRecord, Revocation, Send,
        UpdateCase,
    },
    requests::Sides,
    session::Caller,
    store::{CaseRow, RequestRow, cases, requests},
};

/// Whose list, and after which case.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// The facility.
    facility: GroupId,
    /// The last case of the page before.
    after: Option<Id>,
}

/// Whose list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Of {
    /// The facility.
    pub(crate) facility: GroupId,
}

/// The version that the caller has seen.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Seen {
    /// Of the case.
    version: u64,
}

impl App {
    /// A case of the caller's.
    async fn case_of(self: &Arc<Self>, caller: &Caller, id: Id) -> Result<CaseRow, Failure> {
        let case = self
            .read(move |tx| cases::find(tx, id))
            .await?
            .ok_or(Code::NotFound)?;
        // Whether it exists is nobody else's affair.
        if self.belongs(caller, &[case.facility]).await?.is_empty() {
            return Err(Code::NotFound.into());
        }
        Ok(case)
    }

    /// A request of the caller's, and on which sides he is.
    async fn request_of(
        self: &Arc<Self>,
        caller: &Caller,
        id: Id,
    ) -> Result<(RequestRow, Sides), Failure> {
        let request = self
            .read(move |tx| requests::find(tx, id))
            .await?
            .ok_or(Code::NotFound)?;
        let receiver = request.receiver.group();
        let groups: Vec<_> = [request.sender].into_iter().chain(receiver).collect();
        let mine = self.belongs(caller, &groups).await?;
        let sides = Sides {
            sender: mine.contains(&request.sender),
            receiver: receiver.is_some_and(|group| mine.contains(&group)),
        };
        if sides == Sides::default() {
            return Err(Code::NotFound.into());
        }
        Ok((request, sides))
    }

    /// Changes a case of the caller's.
    async fn change_case(
        self: &Arc<Self>,
        caller: &Caller,
        id: Id,
        asked: [u8; 32],
        work: impl FnOnce(&Work<'_>) -> Result<(), Failure> + std::marker::Send + 'static,
    ) -> Result<Answer<CaseRecord>, Failure> {
        self.case_of(caller, id).await?;
        self.change(caller.user, asked, work, move |tx| {
            let case = cases::find(tx, id)?.ok_or(Code::NotFound)?;
            cases::record(tx, case)
        })
        .await
        .map(Answer)
    }
}

/// A request as one of its sides sees it.
fn view(tx: &rusqlite::Transaction<'_>, id: Id, sides: Sides) -> Result<RequestRecord, Failure> {
    let request = requests::find(tx, id)?.ok_or(Code::NotFound)?;
    let documents = if sides.sender {
        Some(cases::documents(tx, request.case)?)
    } else {
        None
    };
    requests::record(tx, request, documents.as_deref())
}

/// The cases of a facility, newest first, a hundred at a time.
#[utoipa::path(get, path = "/api/cases", tag = "cases", params(Page),
    responses((status = 200, body = Vec<CaseRecord>), (status = "4XX", body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Asks(page): Asks<Page>,
) -> Result<Answer<Vec<CaseRecord>>, Failure> {
    app.member(&caller, page.facility).await?;
    app.read(move |tx| {
        let after = match page.after {
            Some(id) => Some(
                cases::find(tx, id)?
                    .filter(|case| case.facility == page.facility)
                    .ok_or(Code::NotFound)?,
            ),
            None => None,
        };
        cases::of_facility(tx, &page.facility, after.as_ref())?
            .into_iter()
            .map(|case| cases::record(tx, case))
            .collect()
    })
    .await
    .map(Answer)
}

/// Opens a case, as a draft.
#[utoipa::path(post, path = "/api/cases", tag = "cases", request_body = NewCase,
    responses((status = 200, body = CaseRecord), (status = "4XX", body = Problem)))]
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json { body, asked }: Json<NewCase>,
) -> Result<Answer<CaseRecord>, Failure> {
    app.member(&caller, body.facility).await?;
    let id = body.id;
    app.change(
        caller.user,
        asked,
        move |work| work.open_case(&body),
        move |tx| {
            let case = cases::find(tx, id)?.ok_or(Code::NotFound)?;
            cases::record(tx, case)
        },
    )
    .await
    .map(Answer)
}

/// A case.
#[utoipa::path(get, path = "/api/cases/{id}", tag = "cases", params(("id" = Id, Path)),
    responses((status = 200, body = CaseRecord), (status = "4XX", body = Problem)))]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<Id>,
) -> Result<Answer<CaseRecord>, Failure> {
    let case = app.case_of(&caller, id).await?;
    app.read(move |tx| cases::record(tx, case))
        .await
        .map(Answer)
}

/// Changes a case.
#[utoipa::path(post, path = "/api/cases/{id}/update", tag = "cases", params(("id" = Id, Path)),
    request_body = UpdateCase,
    responses((status = 200, body = CaseRecord), (status = "4XX", body = Problem)))]
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<Id>,
    Json { body, asked }: Json<UpdateCase>,
) -> Result<Answer<CaseRecord>, Failure> {
    app.change_case(&caller, id, asked, move |work| work.update_case(id, &body))
        .await
}

/// Sends a case to facilities: to all that are named, or to none.
#[utoipa::path(post, path = "/api/cases/{id}/send", tag = "cases", params(("id" = Id, Path)),
    request_body = Send,
    responses((status = 200, body = CaseRecord), (status = "4XX", body = Problem)))]
pub(crate) async fn send(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<Id>,
    Json { body, asked }: Json<Send>,
) -> Result<Answer<CaseRecord>, Failure> {
    app.change_case(&caller, id, asked, move |work| work.send_case(id, &body))
        .await
}

/// Chooses one offer and releases all other facilities, at once.
#[utoipa::path(post, path = "/api/cases/{id}/choose", tag = "cases", params(("id" = Id, Path)),
    request_body = Choose,
    responses((status = 200, body = CaseRecord), (status = "4XX", body = Problem)))]
pub(crate) async fn choose(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<Id>,
    Json { body, asked }: Json<Choose>,
) -> Result<Answer<CaseRecord>, Failure> {
    app.change_case(&caller, id, asked, move |work| work.choose(id, &body))
        .await
}

/// Adds a complete blob to a case as a document.
#[utoipa::path(post, path = "/api/cases/{id}/documents", tag = "cases",
    params(("id" = Id, Path)), request_body = AddDocument,
    responses((status = 200, body = CaseRecord), (status = "4XX", body = Problem)))]
pub(crate) async fn add_document(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<Id>,
    Json { body, asked }: Json<AddDocument>,
) -> Result<Answer<CaseRecord>, Failure> {
    app.change_case(&caller, id, asked, move |work| work.add_document(id, &body))
        .await
}

/// Removes a document from a case.
#[utoipa::path(delete, path = "/api/cases/{id}/documents/{blob}", tag = "cases",
    params(("id" = Id, Path), ("blob" = Id, Path), Seen),
    responses((status = 200, body = CaseRecord), (status = "4XX", body = Problem)))]
pub(crate) async fn remove_document(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((id, blob)): Ids<(Id, Id)>,
    Asks(seen): Asks<Seen>,
    uri: Uri,
) -> Result<Answer<CaseRecord>, Failure> {
    let asked = sha256(&[b"DELETE ", uri.to_string().as_bytes()]);
    app.change_case(&caller, id, asked, move |work| {
        work.remove_document(id, seen.version, blob)
    })
    .await
}

/// The requests to a facility: those that are not over first, by deadline.
#[utoipa::path(get, path = "/api/requests", tag = "requests", params(Of),
    responses((status = 200, body = Vec<RequestRecord>), (status = "4XX", body = Problem)))]
pub(crate) async fn inbox(
    State(app): State<Arc<App>>,
    caller: Caller,
    Asks(of): Asks<Of>,
) -> Result<Answer<Vec<RequestRecord>>, Failure> {
    app.member(&caller, of.facility).await?;
    app.read(move |tx| {
        requests::of_receiver(tx, &of.facility)?
            .into_iter()
            .map(|request| requests::record(tx, request, None))
            .collect()
    })
    .await
    .map(Answer)
}

/// A request.
#[utoipa::path(get, path = "/api/requests/{id}", tag = "requests", params(("id" = Id, Path)),
    responses((status = 200, body = RequestRecord), (status = "4XX", body = Problem)))]
pub(crate) async fn request(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<Id>,
) -> Result<Answer<RequestRecord>, Failure> {
    let (_, sides) = app.request_of(&caller, id).await?;
    app.read(move |tx| view(tx, id, sides)).await.map(Answer)
}

/// Makes one of the moves of the caller's side.
#[utoipa::path(post, path = "/api/requests/{id}/move", tag = "requests",
    params(("id" = Id, Path)), request_body = Move,
    responses((status = 200, body = RequestRecord), (status = "4XX", body = Problem)))]
pub(crate) async fn move_request(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<Id>,
    Json { body, asked }: Json<Move>,
) -> Result<Answer<RequestRecord>, Failure> {
    let (_, sides) = app.request_of(&caller, id).await?;
    app.change(
        caller.user,
        asked,
        move |work| work.move_request(id, sides, &body),
        move |tx| view(tx, id, sides),
    )
    .await
    .map(Answer)
}

/// Discloses the record to one facility.
#[utoipa::path(post, path = "/api/requests/{id}/disclose", tag = "requests",
    params(("id" = Id, Path)), request_body = Disclose,
    responses((status = 200, body = RequestRecord), (status = "4XX", body = Problem)))]
pub(crate) async fn disclose(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<Id>,
    Json { body, asked }: Json<Disclose>,
) -> Result<Answer<RequestRecord>, Failure> {
    let (_, sides) = app.request_of(&caller, id).await?;
    if !sides.sender {
        return Err(Failure::detail(
            Code::MoveRefused,
            "only the sender discloses",
        ));
    }
    app.change(
        caller.user,
        asked,
        move |work| work.disclose(id, &body),
        move |tx| view(tx, id, sides),
    )
    .await
    .map(Answer)
}

/// The revocations that a facility still has to sign.
#[utoipa::path(get, path = "/api/revocations", tag = "revocations", params(Of),
    responses((status = 200, body = Vec<Revocation>), (status = "4XX", body = Problem)))]
pub(crate) async fn revocations(
    State(app): State<Arc<App>>,
    caller: Caller,
    Asks(of): Asks<Of>,
) -> Result<Answer<Vec<Revocation>>, Failure> {
    app.member(&caller, of.facility).await?;
    app.read(move |tx| requests::open_revocations(tx, &of.facility))
        .await
        .map(Answer)
}

/// A revocation was signed.
#[utoipa::path(post, path = "/api/revocations/{id}/done", tag = "revocations",
    params(("id" = Id, Path)), request_body = super::people::Nothing,
    responses((status = 200, body = Revocation), (status = "4XX", body = Problem)))]
pub(crate) async fn revocation_done(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<Id>,
    Json { asked, .. }: Json<super::people::Nothing>,
) -> Result<Answer<Revocation>, Failure> {
    let (_, facility) = app
        .read(move |tx| requests::find_revocation(tx, id))
        .await?
        .ok_or(Code::NotFound)?;
    if app.belongs(&caller, &[facility]).await?.is_empty() {
        return Err(Code::NotFound.into());
    }
    app.change(
        caller.user,
        asked,
        move |work| work.revocation_done(id),
        move |tx| {
            let found = requests::find_revocation(tx, id)?;
            Ok(found.ok_or(Code::NotFound)?.0)
        },
    )
    .await
    .map(Answer)
}
