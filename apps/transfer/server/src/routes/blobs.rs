//! Sealed blobs: uploads that can be taken up again, and reading what one may read.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use axum::{
    Json as Answer,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use data_encoding::BASE64URL_NOPAD;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use http_body_util::BodyExt as _;
use rusqlite::Transaction;
use serde::Deserialize;
use transfer_rules::state::Access;
use wardseal_blobs::{Counted, Ended, MOST_PARTS, PART, Upload};
use wardseal_crypto::hash::sha256;
use wardseal_types::GroupId;

use super::{Asks, Ids, Json, body};
use crate::{
    app::App,
    blobs::{MOST_BYTES, Rows, name},
    failure::{Code, Failure, Problem, UPLOAD_OFFSET},
    id::Id,
    model::{Blobs, FetchBlobs, NewBlob, Uploaded},
    session::Caller,
    store::{Blob, blobs, requests},
};

/// Bytes of a blob that comes at once, at most.
const MOST_AT_ONCE: usize = 1 << 20;

/// Blobs that are fetched together, at most, and how large each may be.
const MOST_FETCHED: usize = 100;
const MOST_FETCHED_BYTES: u64 = 256 << 10;

/// How long an upload may say nothing.
const SILENCE: Duration = Duration::from_secs(30);

const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");

/// From its beginning in this API on, an upload is one of tus.
const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS: HeaderValue = HeaderValue::from_static("1.0.0");

/// Whose blob it is.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Owner {
    /// The facility.
    facility: GroupId,
}

/// Begins an upload, or says where it stands.
#[utoipa::path(post, path = "/api/blobs", tag = "blobs", request_body = NewBlob,
    responses((status = 200, body = Uploaded), (status = "4XX", body = Problem)))]
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json { body: new, .. }: Json<NewBlob>,
) -> Result<Answer<Uploaded>, Failure> {
    if new.size == 0 || new.size > MOST_BYTES {
        return Err(Failure::detail(
            Code::TooLarge,
            format!("a blob has 1 to {MOST_BYTES} bytes"),
        ));
    }
    app.member(&caller, new.facility).await?;
    app.blocking(move |app| {
        let created = app.now();
        app.store.write(|tx| match blobs::find(tx, new.id)? {
            Some(known) if known.facility == new.facility && known.size == new.size => {
                Ok(Uploaded {
                    offset: known.received,
                    size: known.size,
                })
            }
            Some(_) => Err(Code::Taken.into()),
            None => {
                let blob = Blob {
                    id: new.id,
                    facility: new.facility,
                    size: new.size,
                    received: 0,
                    hash: None,
                    created,
                };
                blobs::insert(tx, &blob)?;
                Ok(Uploaded {
                    offset: 0,
                    size: new.size,
                })
            }
        })
    })
    .await
    .map(Answer)
}

impl App {
    /// An upload of the caller's.
    async fn upload_of(self: &Arc<Self>, caller: &Caller, id: Id) -> Result<Blob, Failure> {
        let blob = self
            .read(move |tx| blobs::find(tx, id))
            .await?
            .ok_or(Code::NotFound)?;
        if self.belongs(caller, &[blob.facility]).await?.is_empty() {
            return Err(Code::NotFound.into());
        }
        Ok(blob)
    }

    /// Which of these blobs the caller may read.
    async fn readable(
        self: &Arc<Self>,
        caller: &Caller,
        ids: Vec<Id>,
    ) -> Result<Vec<Blob>, Failure> {
        let found = self
            .read(move |tx| {
                let mut found = Vec::new();
                for id in ids {
                    if let Some(blob) = blobs::find(tx, id)?.filter(Blob::is_complete) {
                        found.push((blob, readers(tx, &blob)?));
                    }
                }
                Ok(found)
            })
            .await?;
        let groups: BTreeSet<_> = found.iter().flat_map(|(_, readers)| readers).collect();
        let groups: Vec<_> = groups.into_iter().copied().collect();
        let mine = self.belongs(caller, &groups).await?;
        Ok(found
            .into_iter()
            .filter(|(_, readers)| readers.iter().any(|group| mine.contains(group)))
            .map(|(blob, _)| blob)
            .collect())
    }
}

/// Who may read a blob: the facility that put it, and the other side of each request that refers
/// to it, as far as the request's state lets it.
fn readers(tx: &Transaction<'_>, blob: &Blob) -> Result<BTreeSet<GroupId>, Failure> {
    let mut readers = BTreeSet::from([blob.facility]);
    for request in requests::referring(tx, blob.id)? {
        let access = request.access();
        let is_answer = requests::is_answer(tx, request.id, blob.id)?;
        if request.sealed == blob.id || is_answer {
            if access >= Access::Request {
                readers.extend(request.receiver.group());
            }
            if is_answer {
                readers.insert(request.sender);
            }
        } else if access >= Access::Record && request.disclosure.is_some() {
            readers.extend(request.receiver.group());
        }
    }
    Ok(readers)
}

/// Appends to an upload. What has arrived stays, also when the connection breaks.
#[utoipa::path(patch, path = "/api/blobs/{id}", tag = "blobs",
    params(("id" = Id, Path), ("Upload-Offset" = u64, Header,
        description = "Where the upload stands; with another the answer says which.")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204, headers(("Upload-Offset" = u64, description = "Where it stands now."))),
        (status = "4XX", body = Problem)))]
pub(crate) async fn append(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<Id>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let blob = match app.admit(&caller, id, &parts.headers).await {
        Ok(blob) => blob,
        Err(failure) => {
            drain(body).await;
            return Err(failure);
        }
    };
    let _place = app
        .uploads
        .try_acquire()
        .map_err(|_| Failure::new(Code::Unavailable))?;
    let upload = Upload {
        size: blob.size,
        received: blob.received,
    };
    let received = app
        .blobs
        .receive(&Rows(Arc::clone(&app)), &name(id)?, upload, frames(body))
        .await?;
    received.ended.map_err(|ended| match ended {
        Ended::Broken(failure) => failure,
        Ended::Beyond => beyond(),
    })?;
    let at = received.at;
    let headers = [(UPLOAD_OFFSET, HeaderValue::from(at)), (TUS_RESUMABLE, TUS)];
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

impl App {
    /// The upload that a part is for, if the part fits it.
    async fn admit(
        self: &Arc<Self>,
        caller: &Caller,
        id: Id,
        headers: &HeaderMap,
    ) -> Result<Blob, Failure> {
        let blob = self.upload_of(caller, id).await?;
        let offset = number(headers, &UPLOAD_OFFSET)?.ok_or_else(|| {
            Failure::detail(Code::Malformed, "the header Upload-Offset is missing")
        })?;
        if offset != blob.received {
            return Err(Failure::stands_at(blob.received));
        }
        let room = blob.size.saturating_sub(blob.received);
        if number(headers, &header::CONTENT_LENGTH)?.is_some_and(|length| length > room) {
            return Err(beyond());
        }
        if self.read(move |tx| blobs::count_parts(tx, id)).await? >= MOST_PARTS {
            return Err(Failure::detail(
                Code::Malformed,
                "the upload came in too many parts: begin another",
            ));
        }
        Ok(blob)
    }
}

/// Lets a refused body run out, as far as a few parts: whoever is still sending when the connection is closed hears of
/// a broken connection and not of the refusal.
async fn drain(mut body: Body) {
    let mut passed = 0;
    while passed < 4 * PART {
        match tokio::time::timeout(SILENCE, body.frame()).await {
            Ok(Some(Ok(frame))) => passed += frame.data_ref().map_or(0, Bytes::len),
            _ => break,
        }
    }
}

fn beyond() -> Failure {
    Failure::detail(Code::TooLarge, "more bytes than the blob has")
}

/// What comes of a body. One that says nothing for too long has ended.
fn frames(body: Body) -> impl Stream<Item = Result<Bytes, Failure>> + Send {
    stream::unfold(Some(body), async |body| {
        let mut body = body?;
        loop {
            let failure = match tokio::time::timeout(SILENCE, body.frame()).await {
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => return Some((Ok(data), Some(body))),
                    // Trailers.
                    Err(_) => continue,
                },
                Ok(None) => return None,
                Ok(Some(Err(_))) => {
                    Failure::detail(Code::Malformed, "the body ended before its end")
                }
                Err(_) => Failure::detail(Code::Unavailable, "the body took too long to arrive"),
            };
            return Some((Err(failure), None));
        }
    })
}

/// Where an upload stands.
#[utoipa::path(head, path = "/api/blobs/{id}", tag = "blobs", params(("id" = Id, Path)),
    responses((status = 200, headers(("Upload-Offset" = u64, description = "Bytes that are there."),
        ("Upload-Length" = u64, description = "Bytes that there will be."))), (status = "4XX")))]
pub(crate) async fn stand(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<Id>,
) -> Result<Response, Failure> {
    let blob = app.upload_of(&caller, id).await?;
    let headers = [
        (UPLOAD_OFFSET, HeaderValue::from(blob.received)),
        (UPLOAD_LENGTH, HeaderValue::from(blob.size)),
        (TUS_RESUMABLE, TUS),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok(headers.into_response())
}

/// A whole small blob at once. The same again changes nothing.
#[utoipa::path(put, path = "/api/blobs/{id}", tag = "blobs",
    params(("id" = Id, Path), Owner),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<Id>,
    Asks(owner): Asks<Owner>,
    request: Request,
) -> Result<StatusCode, Failure> {
    app.member(&caller, owner.facility).await?;
    let content = body(request.into_body(), MOST_AT_ONCE).await?;
    if content.is_empty() {
        return Err(Failure::detail(Code::Malformed, "the blob is empty"));
    }
    let hash = sha256(&[&content]);
    let size = u64::try_from(content.len()).unwrap_or(u64::MAX);
    let repeated = move |known: Blob| {
        let same = known.hash == Some(hash) && known.facility == owner.facility;
        if same {
            Ok(())
        } else {
            Err(Failure::new(Code::Taken))
        }
    };
    if let Some(known) = app.read(move |tx| blobs::find(tx, id)).await? {
        return repeated(known).map(|()| StatusCode::NO_CONTENT);
    }
    let named = name(id)?;
    let part = app.blobs.put(&named, 0, content).await?;
    let adding = part.clone();
    let added = app
        .blocking(move |app| {
            let created = app.now();
            app.store.write(|tx| {
                if let Some(known) = blobs::find(tx, id)? {
                    return repeated(known).map(|()| false);
                }
                let blob = Blob {
                    id,
                    facility: owner.facility,
                    size,
                    received: 0,
                    hash: Some(hash),
                    created,
                };
                blobs::insert(tx, &blob)?;
                match blobs::append(tx, id, &adding)? {
                    Counted::Yes => Ok(true),
                    Counted::StandsAt(at) => Err(Failure::stands_at(at)),
                }
            })
        })
        .await;
    if !matches!(added, Ok(true)) {
        app.blobs.discard(&named, &part).await;
    }
    added.map(|_| StatusCode::NO_CONTENT)
}

/// A blob, or a range of it.
#[utoipa::path(get, path = "/api/blobs/{id}", tag = "blobs",
    params(("id" = Id, Path), ("Range" = Option<String>, Header, description = "One range of bytes.")),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, content_type = "application/octet-stream", body = Vec<u8>),
        (status = "4XX", body = Problem)))]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id): Ids<Id>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let blob = app
        .readable(&caller, vec![id])
        .await?
        .pop()
        .ok_or(Code::NotFound)?;
    let asked = headers
        .get(header::RANGE)
        .map(|value| range(value, blob.size).ok_or(Code::RangeRefused))
        .transpose()?;
    let (from, to) = asked.unwrap_or((0, blob.size));
    let parts = app.read(move |tx| blobs::parts(tx, id)).await?;
    let content = app.blobs.read(&name(id)?, parts, from..to).map(|piece| {
        piece.map_err(|error| {
            tracing::error!(%error, "a blob cannot be read");
            std::io::Error::other("the blob cannot be read")
        })
    });
    let mut response = Body::from_stream(content).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // A blob never changes: its identifier is what says that it is the same.
    headers.insert(
        header::ETAG,
        HeaderValue::from_str(&format!("\"{id}\"")).map_err(Failure::internal)?,
    );
    headers.insert(
        header::CONTENT_LENGTH,
        HeaderValue::from(to.saturating_sub(from)),
    );
    if asked.is_some() {
        let described = format!("bytes {from}-{}/{}", to.saturating_sub(1), blob.size);
        headers.insert(
            header::CONTENT_RANGE,
            HeaderValue::from_str(&described).map_err(Failure::internal)?,
        );
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// Small blobs, many at once.
#[utoipa::path(post, path = "/api/blobs/fetch", tag = "blobs", request_body = FetchBlobs,
    responses((status = 200, body = Blobs), (status = "4XX", body = Problem)))]
pub(crate) async fn fetch(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json { body, .. }: Json<FetchBlobs>,
) -> Result<Answer<Blobs>, Failure> {
    if body.ids.len() > MOST_FETCHED {
        return Err(Failure::detail(
            Code::TooLarge,
            format!("at most {MOST_FETCHED} blobs at once"),
        ));
    }
    let distinct: BTreeSet<_> = body.ids.into_iter().collect();
    let readable = app
        .readable(&caller, distinct.into_iter().collect())
        .await?
        .into_iter()
        .filter(|blob| blob.size <= MOST_FETCHED_BYTES);
    let mut found = BTreeMap::new();
    for blob in readable {
        let id = blob.id;
        let parts = app.read(move |tx| blobs::parts(tx, id)).await?;
        let pieces: Vec<Bytes> = app
            .blobs
            .read(&name(id)?, parts, 0..blob.size)
            .try_collect()
            .await?;
        found.insert(id.to_string(), BASE64URL_NOPAD.encode(&pieces.concat()));
    }
    Ok(Answer(Blobs { blobs: found }))
}

/// A header that holds a number.
fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, Failure> {
    headers
        .get(name)
        .map(|value| {
            let digits = value
                .to_str()
                .ok()
                .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
            digits.parse().ok()
        })
        .map(|number| {
            number.ok_or_else(|| Failure::detail(Code::Malformed, format!("{name} is a number")))
        })
        .transpose()
}

/// The first and the one after the last byte of `bytes=a-b`, `bytes=a-` or `bytes=-n`.
fn range(value: &HeaderValue, size: u64) -> Option<(u64, u64)> {
    let (first, last) = value
        .to_str()
        .ok()?
        .strip_prefix("bytes=")?
        .split_once('-')?;
    let (from, to) = match (first, last) {
        ("", count) => (size.saturating_sub(count.parse().ok()?), size),
        (first, "") => (first.parse().ok()?, size),
        (first, last) => (
            first.parse().ok()?,
            last.parse::<u64>().ok()?.saturating_add(1).min(size),
        ),
    };
    (from < to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_understood_or_refused() {
        let ask = |text: &str| range(&HeaderValue::from_str(text).unwrap(), 100);
        assert_eq!(ask("bytes=0-0"), Some((0, 1)));
        assert_eq!(ask("bytes=10-19"), Some((10, 20)));
        assert_eq!(ask("bytes=90-"), Some((90, 100)));
        assert_eq!(ask("bytes=-10"), Some((90, 100)));
        assert_eq!(ask("bytes=-1000"), Some((0, 100)));
        assert_eq!(ask("bytes=99-1000"), Some((99, 100)));
        for bad in [
            "bytes=100-",
            "bytes=5-4",
            "bytes=-0",
            "bytes=0-1,5-6",
            "bytes=a-b",
            "items=0-1",
            "bytes=",
            "bytes=-",
        ] {
            assert_eq!(ask(bad), None, "{bad}");
        }
    }
}
