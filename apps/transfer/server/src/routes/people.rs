//! Configuration, sessions, sign-up and the directory.

use std::sync::Arc;

use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use utoipa::ToSchema;
use wardseal_crypto::hash::sha256;
use wardseal_tenant::{DeviceProof, NameRequest};

use super::{Asks, Json, cases::Of};
use crate::{
    app::App,
    failure::{Code, Failure, Problem},
    id::Id,
    invitations,
    mail::Language,
    model::{Challenge, Facility, Me, Named, PageConfig, SignUp, SignedUp},
    receiver::Identifier,
    session::{Caller, cookie, token},
    store::{Kind, facilities, feed, people},
};

/// Opens a session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// What a device signed: the SDK's `prove(audience, challenge)`.
    #[schema(value_type = Object)]
    proof: DeviceProof,
}

/// Nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// What the page has to know.
#[utoipa::path(get, path = "/api/config", tag = "page",
    responses((status = 200, body = PageConfig)))]
pub(crate) async fn config(State(app): State<Arc<App>>) -> Answer<PageConfig> {
    Answer(app.page.clone())
}

/// A challenge, to be signed within two minutes.
#[utoipa::path(post, path = "/api/session/challenge", tag = "session", request_body = Nothing,
    responses((status = 200, body = Challenge), (status = "4XX", body = Problem)))]
pub(crate) async fn challenge(State(app): State<Arc<App>>, _: Json<Nothing>) -> Answer<Challenge> {
    Answer(app.challenges.draw(app.now(), &app.random))
}

/// Opens a session for whoever made a proof, in a cookie.
#[utoipa::path(post, path = "/api/session", tag = "session", request_body = SignIn,
    responses((status = 200, body = Me), (status = "4XX", body = Problem)))]
pub(crate) async fn sign_in(
    State(app): State<Arc<App>>,
    Json { body, .. }: Json<SignIn>,
) -> Result<Response, Failure> {
    let (cookie, me) = app.sign_in(body.proof).await?;
    Ok(([(header::SET_COOKIE, cookie)], Answer(me)).into_response())
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/session", tag = "session",
    responses((status = 200, body = Me), (status = "4XX", body = Problem)))]
pub(crate) async fn me(State(app): State<Arc<App>>, caller: Caller) -> Result<Answer<Me>, Failure> {
    app.me(&caller).await.map(Answer)
}

/// Ends the session, if there is one.
#[utoipa::path(delete, path = "/api/session", tag = "session", responses((status = 204)))]
pub(crate) async fn sign_out(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if let Some(token) = token(&headers) {
        let hash = sha256(&[&token]);
        app.blocking(move |app| app.store.write(|tx| people::end_session(tx, &hash)))
            .await?;
        app.wake();
    }
    let gone = [(header::SET_COOKIE, cookie("", 0))];
    Ok((StatusCode::NO_CONTENT, gone).into_response())
}

/// Grants an invited name, once.
#[utoipa::path(post, path = "/api/sign-up", tag = "session", request_body = SignUp,
    responses((status = 200, body = SignedUp), (status = "4XX", body = Problem)))]
pub(crate) async fn sign_up(
    State(app): State<Arc<App>>,
    Json { body, .. }: Json<SignUp>,
) -> Result<Answer<SignedUp>, Failure> {
    let tenant = app.people.tenant();
    let request = NameRequest {
        user: body.user,
        commitment: body.commitment,
        index: body.index,
    };
    if !request.is_for(&tenant, &body.name) {
        return Err(Failure::detail(
            Code::InvitationRefused,
            "the request asks for another name than it says",
        ));
    }
    let code = invitations::hash(&body.invitation);
    let accepted = app
        .blocking(move |app| {
            let now = app.now();
            app.store.write(|tx| {
                let language = body.language.unwrap_or(Language::En);
                let may_have = |facility: &Identifier| first_person(tx, facility, &body.name);
                let accepted =
                    people::accept(tx, &code, &body.name, body.user, language, may_have, now)?;
                if let (Some(group), Some(_)) = (&accepted.facility, &accepted.old) {
                    let id = app.random.with(|rng| Id::draw(now, rng));
                    feed::tell(tx, group, Kind::People, (id, id, 1), now)?;
                }
                Ok(accepted)
            })
        })
        .await?;
    app.wake();
    let token = app
        .random
        .with(|rng| {
            let (key, now) = (app.people.key(), app.now());
            match accepted.old {
                Some(old) => key.rebind(tenant, request, old, now, rng),
                None => key.bind(tenant, request, now, rng),
            }
        })
        .map_err(Failure::internal)?;
    Ok(Answer(SignedUp {
        token,
        old: accepted.old,
        identifier: accepted.identifier,
        facility: accepted.facility,
    }))
}

/// Whether the first person of a facility may have this name: the address that the facility was
/// asked at, or another one of the same domain. Names of other people are not theirs to take.
fn first_person(
    tx: &rusqlite::Transaction<'_>,
    facility: &Identifier,
    name: &str,
) -> Result<bool, Failure> {
    let Some(found) = facilities::announced(tx, facility)? else {
        return Ok(false);
    };
    let domain = |address: &str| {
        let (_, domain) = address.rsplit_once('@')?;
        Some(domain.to_ascii_lowercase())
    };
    let theirs = found.facility.address.as_deref().and_then(domain);
    Ok(people::is_address(name) && theirs.is_some() && domain(name) == theirs)
}

/// What the members of a facility are called, for its members.
#[utoipa::path(get, path = "/api/people", tag = "session", params(Of),
    responses((status = 200, body = Vec<Named>), (status = "4XX", body = Problem)))]
pub(crate) async fn names(
    State(app): State<Arc<App>>,
    caller: Caller,
    Asks(of): Asks<Of>,
) -> Result<Answer<Vec<Named>>, Failure> {
    app.member(&caller, of.facility).await?;
    let members = app.people.members(&of.facility);
    app.read(move |tx| {
        let mut named = Vec::new();
        for user in members {
            if let Some(name) = people::name_of(tx, &user)? {
                named.push(Named { user, name });
            }
        }
        Ok(named)
    })
    .await
    .map(Answer)
}

/// The public directory.
#[utoipa::path(get, path = "/api/facilities", tag = "page",
    responses((status = 200, body = Vec<Facility>), (status = 304)))]
pub(crate) async fn directory(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let found = app.read(facilities::all).await?;
    let body = serde_json::to_vec(&found).map_err(Failure::internal)?;
    let tag = format!("\"{}\"", HEXLOWER.encode(&sha256(&[&body])));
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().trim_start_matches("W/") == tag);
    let described = [
        (
            header::ETAG,
            HeaderValue::from_str(&tag).map_err(Failure::internal)?,
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        ),
    ];
    Ok(if known {
        (StatusCode::NOT_MODIFIED, described).into_response()
    } else {
        (described, body).into_response()
    })
}
