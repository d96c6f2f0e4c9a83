//! From errors of the services to problem documents (RFC 9457).

use wardseal_api::{Problem, ProblemCode};
use wardseal_server_domain::{DomainError, TokenError, storage::StorageError, vault::VaultError};

/// What the caller is told, and what only the operator is told.
#[derive(Debug)]
pub struct Failure {
    /// For the caller.
    pub problem: Box<Problem>,
    /// For the operator.
    pub cause: Option<String>,
}

impl Failure {
    /// A problem with nothing to add.
    #[must_use]
    pub fn new(code: ProblemCode) -> Self {
        Problem::new(code).into()
    }

    /// A problem, and what it is about.
    #[must_use]
    pub fn with_detail(code: ProblemCode, detail: impl Into<String>) -> Self {
        Problem::new(code).with_detail(detail).into()
    }

    /// A problem that passes, in so many seconds, at least one.
    #[must_use]
    pub fn wait(code: ProblemCode, seconds: u64) -> Self {
        let mut problem = Problem::new(code);
        problem.retry_after = Some(seconds.max(1));
        problem.into()
    }

    /// A mistake of ours: the cause goes to the log, and `id` (see [`Self::named`]) finds it.
    #[must_use]
    pub fn internal(cause: impl Into<String>) -> Self {
        Self {
            problem: Box::new(Problem::new(ProblemCode::Internal)),
            cause: Some(cause.into()),
        }
    }

    /// Names the request in whose course this happened, where the operator has more to read.
    #[must_use]
    pub fn named(mut self, id: &str) -> Self {
        if self.problem.status >= 500 {
            self.problem.id = Some(id.into());
        }
        if let Some(cause) = &self.cause {
            tracing::error!(id, code = self.problem.code.code(), cause, "failed");
        }
        self
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self {
            problem: Box::new(problem),
            cause: None,
        }
    }
}

impl From<DomainError> for Failure {
    fn from(error: DomainError) -> Self {
        use ProblemCode as Code;
        let refused = |code, refusal: &str| {
            let mut problem = Problem::new(code).with_detail(error.to_string());
            problem.refusal = Some(refusal.into());
            Self::from(problem)
        };
        match &error {
            DomainError::Malformed(_) => {
                Self::with_detail(Code::MalformedRequest, error.to_string())
            }
            DomainError::UnknownTenant => Self::new(Code::UnknownTenant),
            DomainError::NotFound => Self::new(Code::NotFound),
            DomainError::SignInRequired => Self::new(Code::SignInRequired),
            DomainError::TokenExpired => Self::new(Code::TokenExpired),
            DomainError::SignInRefused => Self::new(Code::SignInRefused),
            DomainError::ChallengeExpired => Self::new(Code::ChallengeExpired),
            DomainError::AccessRefused(_) => {
                Self::with_detail(Code::AccessRefused, error.to_string())
            }
            DomainError::AccessExpired(_) => {
                Self::with_detail(Code::AccessExpired, error.to_string())
            }
            DomainError::BindingRefused(_) => {
                Self::with_detail(Code::BindingRefused, error.to_string())
            }
            DomainError::BindingExpired(_) => {
                Self::with_detail(Code::BindingExpired, error.to_string())
            }
            DomainError::NameTaken => Self::new(Code::NameTaken),
            DomainError::EscrowRefused(_) | DomainError::CodesLocked => {
                Self::with_detail(Code::EscrowRefused, error.to_string())
            }
            DomainError::EscrowOff => Self::new(Code::EscrowOff),
            DomainError::CodeRefused { .. } => {
                Self::with_detail(Code::CodeRefused, error.to_string())
            }
            DomainError::CodeExpired => Self::new(Code::CodeExpired),
            DomainError::PostUnavailable(_) => {
                let mut problem = Problem::new(Code::Unavailable).with_detail(error.to_string());
                problem.retry_after = Some(60);
                problem.into()
            }
            DomainError::RegistrationClosed => Self::new(Code::RegistrationClosed),
            DomainError::StatementRefused(refusal) => {
                refused(Code::StatementRefused, refusal.code())
            }
            DomainError::StaleStatement(refusal) => refused(Code::StaleStatement, refusal.code()),
            DomainError::BoxesRefused => Self::new(Code::BoxesRefused),
            DomainError::TooManyAttempts { retry_after } => {
                Self::wait(Code::TooManyAttempts, *retry_after)
            }
            DomainError::StorageFull => Self::new(Code::StorageFull),
            DomainError::Unavailable => Self::wait(Code::Unavailable, 1),
            // What is not known here is a mistake of ours, and so is `Internal`.
            _ => Self::internal(error.to_string()),
        }
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        use ProblemCode as Code;
        match &error {
            VaultError::Malformed(_) => {
                Self::with_detail(Code::MalformedRequest, error.to_string())
            }
            VaultError::NotSeparate => Self::new(Code::VaultNotSeparate),
            VaultError::RegistrationClosed => {
                Self::with_detail(Code::RegistrationClosed, error.to_string())
            }
            VaultError::Evidence(_)
            | VaultError::TooLarge
            | VaultError::Conflict
            | VaultError::TooManyRecords => {
                Self::with_detail(Code::RecordRefused, error.to_string())
            }
            VaultError::TooManyAttempts { retry_after } => {
                Self::wait(Code::TooManyAttempts, *retry_after)
            }
            VaultError::LoginRefused => Self::new(Code::LoginRefused),
            VaultError::Token(TokenError::Expired | TokenError::NotYetValid) => {
                Self::with_detail(Code::AccessExpired, error.to_string())
            }
            VaultError::Token(_) | VaultError::TokenUsed => {
                Self::with_detail(Code::AccessRefused, error.to_string())
            }
            VaultError::CodeRefused { .. } => {
                Self::with_detail(Code::CodeRefused, error.to_string())
            }
            VaultError::CodeExpired => Self::new(Code::CodeExpired),
            VaultError::Locked => Self::new(Code::RecoveryLocked),
            VaultError::Vetoed => Self::new(Code::RecoveryVetoed),
            VaultError::NotFound => Self::new(Code::NotFound),
            VaultError::Unproven(_) | VaultError::RequestRefused(_) => {
                Self::with_detail(Code::RequestRefused, error.to_string())
            }
            VaultError::Post(_) => {
                let mut failure = Self::wait(Code::Unavailable, 60);
                failure.problem.detail = Some(error.to_string());
                failure
            }
            VaultError::Store(StorageError::Full) => Self::new(Code::StorageFull),
            _ => Self::internal(error.to_string()),
        }
    }
}
