//! Problems (RFC 9457) with stable codes. One registry for server, client, command line and the
//! TypeScript union; a page for each in `docs/errors/`.

use serde::{Deserialize, Serialize};
use wardseal_types::json::{FromJson, Value};

macro_rules! problems {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $status:literal, $retry:ident;)+) => {
        /// What went wrong, in a form that does not change between versions.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum ProblemCode { $($(#[doc = $doc])+ $name,)+ }

        impl ProblemCode {
            /// Every code, in the order of this file.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The code as it travels.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// What it means and what to do, in a sentence or two.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// When the same request can succeed later.
            #[must_use]
            pub const fn retry(self) -> Retry {
                match self { $(Self::$name => Retry::$retry,)+ }
            }
        }
    };
}

/// When the same request can succeed later.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Retry {
    /// It cannot: something must change first.
    Never,
    /// After fetching what is new and making the request anew.
    Rebase,
    /// After signing in again.
    SignIn,
    /// After waiting.
    Wait,
}

problems! {
    /// The request is not of the form that the API describes: update the client.
    MalformedRequest = "malformed_request", 400, Never;
    /// The request is larger than the server accepts.
    RequestTooLarge = "request_too_large", 413, Never;
    /// There is nothing under this address: check the address of the server, and that it runs this role.
    NoSuchRoute = "no_such_route", 404, Never;
    /// The server has no such tenant: check the tenant identifier and the address of the server.
    UnknownTenant = "unknown_tenant", 404, Never;
    /// It does not exist, or not for this caller.
    NotFound = "not_found", 404, Never;
    /// The caller has to sign in first.
    SignInRequired = "sign_in_required", 401, SignIn;
    /// The token has expired: sign in again.
    TokenExpired = "token_expired", 401, SignIn;
    /// The device may not sign in: it is unknown, was revoked, or its signature does not verify.
    SignInRefused = "sign_in_refused", 401, Never;
    /// The challenge has expired or is not one of this server: ask for a new one.
    ChallengeExpired = "challenge_expired", 401, SignIn;
    /// The access token of the application's server is refused: it is malformed, for another tenant, server or purpose, or signed by a key that is not a token key of the tenant.
    AccessRefused = "access_refused", 401, Never;
    /// The access token of the application's server has expired, comes from the future, or lives longer than ten minutes: sign a new one, and check the clock of that server.
    AccessExpired = "access_expired", 401, Never;
    /// The binding token of the application is refused: it is malformed, or for another tenant, user or name.
    BindingRefused = "binding_refused", 403, Never;
    /// The binding token of the application has expired or comes from the future: ask for a new one, and check the clock of the application's server.
    BindingExpired = "binding_expired", 403, Never;
    /// The name belongs to another user of this tenant.
    NameTaken = "name_taken", 409, Never;
    /// This server does not accept new tenants: ask its operator.
    RegistrationClosed = "registration_closed", 403, Never;
    /// A statement is refused by the rules of its chain; `refusal` says by which.
    StatementRefused = "statement_refused", 422, Never;
    /// Somebody else was faster, or a key has changed: fetch the chain and try again.
    StaleStatement = "stale_statement", 409, Rebase;
    /// The boxes that came with the statements are not those that the statements name.
    BoxesRefused = "boxes_refused", 422, Never;
    /// Too many attempts: wait as long as `retry_after` says.
    TooManyAttempts = "too_many_attempts", 429, Wait;
    /// The vault refuses the login: the password is wrong, or there is no such record.
    LoginRefused = "login_refused", 401, Never;
    /// The vault refuses to store the record: it is not signed by a device of the user, or exists with other content.
    RecordRefused = "record_refused", 403, Never;
    /// The code is wrong; `detail` says how many tries are left.
    CodeRefused = "code_refused", 403, Never;
    /// The code is no longer good, was used, or was tried too often: ask for a new one.
    CodeExpired = "code_expired", 403, Never;
    /// Too many wrong codes were typed: this way back in is locked until it is set up anew.
    RecoveryLocked = "recovery_locked", 403, Never;
    /// One of the person's devices stopped this recovery.
    RecoveryVetoed = "recovery_vetoed", 403, Never;
    /// The vault refuses the request: it is not signed by a device of the user in force, its time is off, or the record is in use.
    RequestRefused = "request_refused", 403, Never;
    /// Key server and vault run in one process here, and together they could guess passwords: password recovery is off. Run the vault apart, with another operator.
    VaultNotSeparate = "vault_not_separate", 403, Never;
    /// A deposit in escrow is refused, or its time is over; `detail` says why.
    EscrowRefused = "escrow_refused", 422, Never;
    /// This server takes no part in escrow: key server and vault run in one process here. Give the session to people and groups who are there, or run the vault apart.
    EscrowOff = "escrow_off", 403, Never;
    /// The server has no room to write: nothing was stored. Its operator must make room.
    StorageFull = "storage_full", 507, Wait;
    /// The server made a mistake; nothing was stored. `id` finds it in the server's log.
    Internal = "internal", 500, Wait;
    /// The server is starting or stopping: try again.
    Unavailable = "unavailable", 503, Wait;
}

impl ProblemCode {
    /// Problems that any operation can have.
    pub const ANYWHERE: &'static [Self] = &[
        Self::MalformedRequest,
        Self::RequestTooLarge,
        Self::UnknownTenant,
        Self::StorageFull,
        Self::Internal,
        Self::Unavailable,
    ];

    /// Problems of operations that need a token.
    pub const WITH_TOKEN: &'static [Self] = &[Self::SignInRequired, Self::TokenExpired];

    /// Problems of operations that need an access token of the tenant's.
    pub const WITH_ACCESS: &'static [Self] = &[
        Self::SignInRequired,
        Self::AccessRefused,
        Self::AccessExpired,
    ];
}

/// The media type of a problem document.
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// A problem document (RFC 9457).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `urn:wardseal:problem:` and the code.
    pub r#type: String,
    /// What it means and what to do.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// The code.
    pub code: ProblemCode,
    /// More about this occurrence; never anything secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// For a refused statement: the code of the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Seconds to wait before the next attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Finds this occurrence in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl FromJson for ProblemCode {
    fn read(value: &Value<'_>) -> Option<Self> {
        let code = value.text()?;
        Self::ALL.iter().copied().find(|known| known.code() == code)
    }
}

/// Members that are not known here may follow in later versions.
impl FromJson for Problem {
    fn read(value: &Value<'_>) -> Option<Self> {
        let mut record = value.record()?;
        Some(Self {
            r#type: record.take("type")?,
            title: record.take("title")?,
            status: record.take("status")?,
            code: record.take("code")?,
            detail: record.take("detail")?,
            refusal: record.take("refusal")?,
            retry_after: record.take("retry_after")?,
            id: record.take("id")?,
        })
    }
}

impl Problem {
    /// A problem without particulars.
    #[must_use]
    pub fn new(code: ProblemCode) -> Self {
        Self {
            r#type: format!("urn:wardseal:problem:{}", code.code()),
            title: code.meaning().into(),
            status: code.status(),
            code,
            detail: None,
            refusal: None,
            retry_after: None,
            id: None,
        }
    }

    /// The same with more about this occurrence.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_travel_as_written() {
        for (i, code) in ProblemCode::ALL.iter().enumerate() {
            assert_eq!(
                serde_json::to_string(code).unwrap(),
                format!("\"{}\"", code.code())
            );
            assert!(!code.meaning().is_empty());
            assert!((400..600).contains(&code.status()));
            assert!(
                ProblemCode::ALL
                    .iter()
                    .skip(i + 1)
                    .all(|other| other.code() != code.code())
            );
        }
    }
}
