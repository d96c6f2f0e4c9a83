//! What goes wrong, as the caller is told it (RFC 9457).

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use rusqlite::{ErrorCode, ffi};
use serde::Serialize;
use utoipa::ToSchema;
use wardseal_blobs::{StoreError, UploadError};

/// A stable code for each way in which a request fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Code {
    /// The address or the body is not as the OpenAPI document says.
    Malformed,
    /// Nothing is at this address.
    NoSuchRoute,
    /// Nobody is signed in, or the session has ended.
    SignInRequired,
    /// The proof of the device was not accepted.
    ProofRefused,
    /// The challenge is unknown, used or too old.
    ChallengeExpired,
    /// A page of another origin has asked.
    CrossOrigin,
    /// The caller is no member of the facility that he named.
    NotAMember,
    /// It does not exist, or it is not the caller's affair.
    NotFound,
    /// The record has another version: somebody was faster.
    Stale,
    /// The identifier belongs to something else.
    Taken,
    /// The rules do not allow this move from this state to this side.
    MoveRefused,
    /// The move needs reasons.
    ReasonsMissing,
    /// The move needs something sealed.
    SealedMissing,
    /// The patient's consent is not recorded.
    ConsentMissing,
    /// A facility is asked twice, asks itself, or is not in the directory.
    ReceiverRefused,
    /// Too many requests of the case are open.
    TooManyRequests,
    /// A blob that is named does not exist, is not complete, or is not the facility's.
    BlobMissing,
    /// More bytes than the blob has, or than a request may have.
    TooLarge,
    /// The upload stands at another offset.
    WrongOffset,
    /// The blob has no such range.
    RangeRefused,
    /// The invitation is unknown, used or expired, or is for another name.
    InvitationRefused,
    /// The code is wrong.
    CodeRefused,
    /// The code is unknown, used up or too old.
    CodeExpired,
    /// Too many codes, or too many wrong ones.
    TooManyAttempts,
    /// The chain of the group does not say that it has the name.
    NotBound,
    /// The record is the one that the person's chain names.
    RecordInUse,
    /// The request for help is answered, declined or too old.
    HelpOver,
    /// There is no room left on the server.
    StorageFull,
    /// The server is busy or stops, or the key server does not answer.
    Unavailable,
    /// A mistake of ours.
    Internal,
}

impl Code {
    /// Every code.
    pub const ALL: &[Self] = &[
        Self::Malformed,
        Self::NoSuchRoute,
        Self::SignInRequired,
        Self::ProofRefused,
        Self::ChallengeExpired,
        Self::CrossOrigin,
        Self::NotAMember,
        Self::NotFound,
        Self::Stale,
        Self::Taken,
        Self::MoveRefused,
        Self::ReasonsMissing,
        Self::SealedMissing,
        Self::ConsentMissing,
        Self::ReceiverRefused,
        Self::TooManyRequests,
        Self::BlobMissing,
        Self::TooLarge,
        Self::WrongOffset,
        Self::RangeRefused,
        Self::InvitationRefused,
        Self::CodeRefused,
        Self::CodeExpired,
        Self::TooManyAttempts,
        Self::NotBound,
        Self::RecordInUse,
        Self::HelpOver,
        Self::StorageFull,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The code as text.
    #[must_use]
    pub const fn text(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().1
    }

    /// What it means and what to do, for people.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.row().2
    }

    const fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::Malformed => (
                "malformed_request",
                400,
                "The request is not as the OpenAPI document says.",
            ),
            Self::NoSuchRoute => (
                "no_such_route",
                404,
                "Nothing is at this address, or not by this method.",
            ),
            Self::SignInRequired => (
                "sign_in_required",
                401,
                "Nobody is signed in, or the session has ended: sign in.",
            ),
            Self::ProofRefused => (
                "proof_refused",
                403,
                "The proof of the device was not accepted.",
            ),
            Self::ChallengeExpired => (
                "challenge_expired",
                403,
                "The challenge is unknown, used or too old: ask for another.",
            ),
            Self::CrossOrigin => (
                "cross_origin",
                403,
                "Only pages of this server's own origin may ask for this.",
            ),
            Self::NotAMember => (
                "not_a_member",
                403,
                "Only members of the facility may ask for this.",
            ),
            Self::NotFound => (
                "not_found",
                404,
                "It does not exist, or it is not yours to see.",
            ),
            Self::Stale => (
                "stale",
                409,
                "Somebody was faster: read the record again, and decide again.",
            ),
            Self::Taken => (
                "taken",
                409,
                "The identifier belongs to something else: draw another.",
            ),
            Self::MoveRefused => (
                "move_refused",
                422,
                "The rules do not allow this from the present state.",
            ),
            Self::ReasonsMissing => ("reasons_missing", 422, "This needs at least one reason."),
            Self::SealedMissing => ("sealed_missing", 422, "This needs a sealed answer."),
            Self::ConsentMissing => (
                "consent_missing",
                422,
                "The consent of the patient is not recorded.",
            ),
            Self::ReceiverRefused => (
                "receiver_refused",
                422,
                "A facility is asked twice, asks itself, or is not in the directory.",
            ),
            Self::TooManyRequests => (
                "too_many_requests",
                422,
                "Too many requests of the case are open: withdraw some.",
            ),
            Self::BlobMissing => (
                "blob_missing",
                422,
                "A blob that is named is not there, not complete, or not the facility's: upload it first.",
            ),
            Self::TooLarge => ("too_large", 413, "More bytes than are allowed."),
            Self::WrongOffset => (
                "wrong_offset",
                409,
                "The upload stands at another offset: go on from there.",
            ),
            Self::RangeRefused => ("range_refused", 416, "The blob has no such range."),
            Self::InvitationRefused => (
                "invitation_refused",
                403,
                "The invitation is unknown, used, expired or for another name: ask for another.",
            ),
            Self::CodeRefused => (
                "code_refused",
                403,
                "The code is wrong: look at the newest letter whose characters are those of the page.",
            ),
            Self::CodeExpired => (
                "code_expired",
                403,
                "The code is unknown or too old: ask for another.",
            ),
            Self::TooManyAttempts => (
                "too_many_attempts",
                429,
                "Too many codes were asked for, or too many were wrong: wait, or take another way back in.",
            ),
            Self::NotBound => (
                "not_bound",
                409,
                "The chain of the group does not say that it has this identifier: bind it first.",
            ),
            Self::RecordInUse => (
                "record_in_use",
                409,
                "The chain of the person still names this record: remove the method first.",
            ),
            Self::HelpOver => (
                "help_over",
                409,
                "The request for help is answered, declined or too old.",
            ),
            Self::StorageFull => (
                "storage_full",
                507,
                "There is no room left on the server: tell its operator.",
            ),
            Self::Unavailable => (
                "unavailable",
                503,
                "The server is busy, stops, or does not reach the key server: try again.",
            ),
            Self::Internal => (
                "internal",
                500,
                "A mistake of the server: tell its operator.",
            ),
        }
    }
}

/// A problem document.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:wardseal-transfer:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the code means.
    pub title: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// What programs look at.
    pub code: Cow<'static, str>,
    /// What is particular to this case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What the caller is told, and what only the operator is told.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub code: Code,
    /// What is particular to this case.
    pub detail: Option<Cow<'static, str>>,
    /// For the log.
    pub cause: Option<String>,
    /// Where an upload stands.
    pub offset: Option<u64>,
    /// What the platform's client is told instead, in its own words.
    pub platform: Option<Box<wardseal_tenant::api::Problem>>,
}

impl Failure {
    /// A failure about which there is no more to say.
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self {
            code,
            detail: None,
            cause: None,
            offset: None,
            platform: None,
        }
    }

    /// A refusal of the platform's, told in its words.
    #[must_use]
    pub fn of_platform(problem: wardseal_tenant::api::Problem) -> Self {
        Self {
            platform: Some(Box::new(problem)),
            ..Self::new(Code::Malformed)
        }
    }

    /// With what is particular to this case: never what the caller has sealed or typed.
    pub fn detail(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..Self::new(code)
        }
    }

    /// A mistake of ours: the cause goes to the log.
    pub fn internal(cause: impl ToString) -> Self {
        Self {
            cause: Some(cause.to_string()),
            ..Self::new(Code::Internal)
        }
    }

    /// An upload that stands at another offset.
    #[must_use]
    pub const fn stands_at(offset: u64) -> Self {
        Self {
            code: Code::WrongOffset,
            detail: None,
            cause: None,
            offset: Some(offset),
            platform: None,
        }
    }
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        const REFUSED: [i32; 4] = [
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_IOERR_TRUNCATE,
            ffi::SQLITE_IOERR_SHMSIZE,
        ];
        let code = match error.sqlite_error() {
            Some(found)
                if found.code == ErrorCode::DiskFull || REFUSED.contains(&found.extended_code) =>
            {
                Code::StorageFull
            }
            Some(found) if found.code == ErrorCode::DatabaseBusy => Code::Unavailable,
            _ => Code::Internal,
        };
        Self {
            cause: Some(error.to_string()),
            ..Self::new(code)
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = if is_full(&error) {
            Code::StorageFull
        } else {
            Code::Internal
        };
        Self {
            cause: Some(error.to_string()),
            ..Self::new(code)
        }
    }
}

/// Whether a store has no room: somewhere in the chain of causes stands an error of the system.
impl From<UploadError<Self>> for Failure {
    fn from(error: UploadError<Self>) -> Self {
        match error {
            UploadError::Store(error) => error.into(),
            UploadError::Index(failure) => failure,
            UploadError::StandsAt(at) => Self::stands_at(at),
        }
    }
}

fn is_full(error: &StoreError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>()
            && matches!(
                error.kind(),
                std::io::ErrorKind::StorageFull
                    | std::io::ErrorKind::QuotaExceeded
                    | std::io::ErrorKind::FileTooLarge
            )
        {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Where an upload stands, as resumable uploads name it.
pub(crate) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");

impl IntoResponse for Failure {
    fn into_response(self) -> Response<Body> {
        if let Some(cause) = &self.cause {
            tracing::error!(code = self.code.text(), cause, "failed");
        }
        if let Some(problem) = &self.platform {
            let body = serde_json::to_vec(problem).unwrap_or_default();
            let mut response = Response::new(Body::from(body));
            *response.status_mut() =
                StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            response.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/problem+json"),
            );
            return response;
        }
        let problem = Problem {
            kind: format!("urn:wardseal-transfer:{}", self.code.text()),
            title: self.code.meaning().into(),
            status: self.code.status(),
            code: self.code.text().into(),
            detail: self.detail.map(Cow::into_owned),
        };
        // A document of strings and numbers is always JSON.
        let mut response =
            Response::new(Body::from(serde_json::to_vec(&problem).unwrap_or_default()));
        *response.status_mut() =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self.code == Code::Unavailable {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if let Some(offset) = self.offset {
            headers.insert(UPLOAD_OFFSET, HeaderValue::from(offset));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_distinct_and_say_something() {
        let texts: BTreeSet<_> = Code::ALL.iter().map(|code| code.text()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!((400..600).contains(&code.status()));
            assert!(code.meaning().ends_with('.'));
        }
    }

    #[test]
    fn a_full_disk_is_told_from_other_failures_and_nothing_internal_is_told() {
        let store = |kind| StoreError::Generic {
            store: "test",
            source: Box::new(std::io::Error::from(kind)),
        };
        let full = Failure::from(store(std::io::ErrorKind::StorageFull));
        assert_eq!(full.code, Code::StorageFull);
        let other = Failure::from(store(std::io::ErrorKind::PermissionDenied));
        assert_eq!(other.code, Code::Internal);
        assert_eq!(
            (other.detail.is_none(), other.cause.is_some()),
            (true, true)
        );
    }
}
