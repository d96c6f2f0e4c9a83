//! The one error.

use core::fmt;
use std::io;

use wardseal_client::{
    Error as ClientError, Misuse,
    api::{ProblemCode, Retry},
    object::ObjectError,
    types::IdError,
};
use wardseal_client_http::{AddressError, HttpObjectError, TlsUnavailable};
use wardseal_client_password::PasswordError;
use wardseal_client_sqlite::OpenError;
use wardseal_password::strength::WeakReason;

/// Codes of ours after which the same call can succeed; those of the servers say so themselves.
const RETRYABLE: &[&str] = &["unreachable", "timeout", "interrupted", "store"];

/// What comes with an error beside its code.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ErrorDetails {
    /// For a refusal of the server: HTTP status.
    pub status: Option<u16>,
    /// For a refusal of the server: more about this occurrence.
    pub detail: Option<String>,
    /// For a refused statement: the code of the rule.
    pub refusal: Option<String>,
    /// For a refusal of the server: finds this occurrence in the server's log.
    pub id: Option<String>,
    /// Seconds to wait before the next attempt.
    pub retry_after: Option<u64>,
    /// For a recovery code that was not copied correctly: the group to look at, counted from 1.
    pub group: Option<u8>,
    /// For a weak password: `too_short`, `repetitive`, `sequence`, `common` or `contains_name`.
    pub reason: Option<&'static str>,
}

/// Everything that goes wrong. [`Error::code`] is stable between versions; as text it says what
/// happened and what to do.
pub struct Error(Box<Inside>);

struct Inside {
    code: &'static str,
    message: String,
    retryable: bool,
    details: ErrorDetails,
    cause: Option<Box<dyn core::error::Error + Send + Sync>>,
}

impl Error {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Inside {
            code,
            message: message.into(),
            retryable: RETRYABLE.contains(&code),
            details: ErrorDetails::default(),
            cause: None,
        }))
    }

    /// An argument that cannot be.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new("invalid", message)
    }

    /// What the application's own code gave that was called from here, such as the one that has a
    /// sign-up signed. Its code is `application`.
    pub fn application(cause: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Self {
        let cause = cause.into();
        let mut error = Self::new("application", cause.to_string());
        error.0.cause = Some(cause);
        error
    }

    /// A file that cannot be used.
    pub(crate) fn file(doing: &str, path: &std::path::Path, cause: io::Error) -> Self {
        let mut error = Self::new("io", format!("cannot {doing} {}: {cause}", path.display()));
        error.0.cause = Some(cause.into());
        error
    }

    /// What went wrong, in a form that does not change between versions: the codes of the other
    /// SDKs, and `application`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.0.code
    }

    /// What happened and what to do, in English.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the same call can succeed later without anything being changed.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        self.0.retryable
    }

    /// Seconds to wait before the next attempt, if the server said so.
    #[must_use]
    pub const fn retry_after(&self) -> Option<u64> {
        self.0.details.retry_after
    }

    /// The page of this error in the book, as a path within it.
    #[must_use]
    pub fn help(&self) -> String {
        format!("errors/{}.html", self.0.code)
    }

    /// What comes with it beside its code.
    #[must_use]
    pub const fn details(&self) -> &ErrorDetails {
        &self.0.details
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("details", &self.0.details)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.0.cause {
            Some(cause) => Some(&**cause),
            None => None,
        }
    }
}

/// Whether a call that the server refused can be repeated as it was.
fn retryable(code: ProblemCode) -> bool {
    !matches!(code.retry(), Retry::Never)
}

impl From<ClientError> for Error {
    fn from(cause: ClientError) -> Self {
        let mut error = Self::new(cause.code(), cause.to_string());
        if let ClientError::Rejected(problem) = &cause {
            error.0.retryable = retryable(problem.code);
            error.0.details = ErrorDetails {
                status: Some(problem.status),
                detail: problem.detail.clone(),
                refusal: problem.refusal.clone(),
                id: problem.id.clone(),
                retry_after: problem.retry_after,
                ..ErrorDetails::default()
            };
        }
        if let ClientError::Misuse(Misuse::BadRecoveryCode(bad)) = &cause {
            error.0.details.group = bad.group();
        }
        error.0.cause = Some(cause.into());
        error
    }
}

impl From<PasswordError> for Error {
    fn from(cause: PasswordError) -> Self {
        if let PasswordError::Client(cause) = cause {
            return cause.into();
        }
        let mut error = Self::new(cause.code(), cause.to_string());
        if let PasswordError::Weak(weak) = &cause {
            error.0.details.reason = Some(match weak.reason {
                WeakReason::TooShort => "too_short",
                WeakReason::Repetitive => "repetitive",
                WeakReason::Sequence => "sequence",
                WeakReason::Common => "common",
                WeakReason::ContainsName => "contains_name",
            });
        }
        error.0.cause = Some(cause.into());
        error
    }
}

impl From<HttpObjectError> for Error {
    fn from(cause: HttpObjectError) -> Self {
        let mut error = Self::new(cause.code(), cause.to_string());
        if let HttpObjectError::Refused { status, .. } = cause {
            error.0.details.status = Some(status);
        }
        error.0.cause = Some(cause.into());
        error
    }
}

impl From<ObjectError> for Error {
    fn from(cause: ObjectError) -> Self {
        let cause = match cause {
            // What a source behind HTTP said, in its own words.
            ObjectError::Io(why) => match why.downcast::<HttpObjectError>() {
                Ok(error) => return error.into(),
                Err(why) => ObjectError::Io(why),
            },
            cause => cause,
        };
        let message = match &cause {
            ObjectError::Io(why) => format!("{cause}: {why}"),
            _ => cause.to_string(),
        };
        let mut error = Self::new(cause.code(), message);
        error.0.cause = Some(cause.into());
        error
    }
}

impl From<OpenError> for Error {
    fn from(cause: OpenError) -> Self {
        let mut error = Self::new("store", cause.to_string());
        error.0.cause = Some(cause.into());
        error
    }
}

impl From<io::Error> for Error {
    fn from(cause: io::Error) -> Self {
        ObjectError::from(cause).into()
    }
}

impl From<AddressError> for Error {
    fn from(cause: AddressError) -> Self {
        Self::invalid(cause.to_string())
    }
}

impl From<TlsUnavailable> for Error {
    fn from(cause: TlsUnavailable) -> Self {
        Self::new("not_configured", cause.to_string())
    }
}

impl From<IdError> for Error {
    fn from(cause: IdError) -> Self {
        Self::invalid(cause.to_string())
    }
}

#[cfg(test)]
mod tests {
    use wardseal_client::{TransportError, api::Problem};

    use super::*;

    /// The strings of a list in the codes of the TypeScript SDK.
    fn codes(list: &str) -> Vec<&'static str> {
        let source = include_str!("../../../packages/sdk/src/codes.ts");
        let list = source.split(list).nth(1).unwrap();
        let list = list.split(']').next().unwrap();
        list.split('"').skip(1).step_by(2).collect()
    }

    #[test]
    fn what_can_be_repeated_is_what_the_other_sdk_says() {
        let retryable_codes = codes("new Set<ErrorCode>([");
        for code in ProblemCode::ALL {
            let error = Error::from(ClientError::Rejected(Problem::new(*code).into()));
            let expected = retryable_codes.contains(&error.code());
            assert_eq!(error.retryable(), expected, "{}", error.code());
        }
        for code in RETRYABLE {
            assert!(retryable_codes.contains(code), "{code}");
        }
        let own = retryable_codes.len()
            - ProblemCode::ALL
                .iter()
                .filter(|code| retryable(**code))
                .count();
        assert_eq!(own, RETRYABLE.len());
    }

    #[test]
    fn every_code_of_ours_has_a_page_in_the_book() {
        let pages = include_str!("../../../docs/book/client-errors.md");
        for code in RETRYABLE.iter().chain(&["application", "invalid", "io"]) {
            assert!(pages.contains(&format!("\n## {code}\n")), "{code}");
        }
    }

    #[test]
    fn a_refusal_brings_what_the_server_said() {
        let mut problem = Problem::new(ProblemCode::TooManyAttempts);
        problem.retry_after = Some(30);
        problem.id = Some("abc".into());
        let error = Error::from(ClientError::Rejected(problem.into()));
        assert_eq!(error.code(), "too_many_attempts");
        assert_eq!(error.retry_after(), Some(30));
        assert_eq!(error.details().id.as_deref(), Some("abc"));
        assert_eq!(error.help(), "errors/too_many_attempts.html");
        assert!(codes("errorCodes = [").contains(&error.code()));
    }

    #[test]
    fn every_error_is_text_and_has_its_cause() {
        let server = "https://keys.example.org".to_owned();
        let error = Error::from(ClientError::from(TransportError::Timeout { server }));
        assert!(error.retryable() && error.message().contains("keys.example.org"));
        assert!(core::error::Error::source(&error).is_some());
        let error = Error::application("the desk is closed");
        assert_eq!(
            (error.code(), error.to_string().as_str(), error.retryable()),
            ("application", "the desk is closed", false)
        );
    }
}
