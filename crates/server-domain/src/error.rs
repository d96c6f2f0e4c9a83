//! The one error of the services. It knows no HTTP: each variant names the problem code that it
//! becomes.

use wardseal_crypto::CryptoError;
use wardseal_protocol::{Refusal, binding::TokenError, cbor::DecodeError};

use crate::{post::PostError, storage::StorageError};

/// Why an operation did nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainError {
    /// The request has the right form but cannot mean anything (`malformed_request`).
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    /// (`unknown_tenant`)
    #[error("this server has no such tenant")]
    UnknownTenant,
    /// It does not exist, or not for this caller (`not_found`).
    #[error("it does not exist, or not for this caller")]
    NotFound,
    /// The token is none of ours, or its device was revoked (`sign_in_required`).
    #[error("the caller has to sign in")]
    SignInRequired,
    /// (`token_expired`)
    #[error("the token has expired")]
    TokenExpired,
    /// The device is unknown or revoked, or its signature does not verify (`sign_in_refused`).
    #[error("the device may not sign in")]
    SignInRefused,
    /// The challenge has expired or is none of ours (`challenge_expired`).
    #[error("the challenge has expired, or is not one of this server")]
    ChallengeExpired,
    /// An application's server is not believed to be one of the tenant's (`access_refused`).
    #[error("the access token is refused: {0}")]
    AccessRefused(TokenError),
    /// Expired, from the future, or too long-lived (`access_expired`).
    #[error("the access token is refused: {0}")]
    AccessExpired(TokenError),
    /// (`binding_refused`)
    #[error("the binding token is refused: {0}")]
    BindingRefused(TokenError),
    /// Expired, or from the future (`binding_expired`).
    #[error("the binding token is refused: {0}")]
    BindingExpired(TokenError),
    /// The name belongs to another user (`name_taken`).
    #[error("the name belongs to another user")]
    NameTaken,
    /// A deposit in escrow is not what the server can release one day, or its time is over
    /// (`escrow_refused`).
    #[error("the deposit is refused: {0}")]
    EscrowRefused(&'static str),
    /// This server takes no part in escrow (`escrow_off`).
    #[error("this server takes no part in escrow")]
    EscrowOff,
    /// The code is wrong (`code_refused`).
    #[error("the code is wrong: {left} tries are left")]
    CodeRefused {
        /// Tries that are left.
        left: u8,
    },
    /// (`code_expired`)
    #[error("the code is no longer good")]
    CodeExpired,
    /// Too many wrong codes for an address: no more are sent to it (`escrow_refused`).
    #[error(
        "too many wrong codes for this address, so no more are sent to it: ask the sender to \
         confirm you directly"
    )]
    CodesLocked,
    /// No code can be sent (`unavailable`).
    #[error("no code can be sent: {0}")]
    PostUnavailable(PostError),
    /// (`registration_closed`)
    #[error("this server does not accept this tenant")]
    RegistrationClosed,
    /// The rules of its chain refuse a statement (`statement_refused`, with
    /// [`Refusal::code`] as `refusal`).
    #[error("the statement is refused: {0}")]
    StatementRefused(Refusal),
    /// Somebody else was faster, or a key has changed (`stale_statement`, with
    /// [`Refusal::code`] as `refusal`).
    #[error("the statement is out of date: {0}")]
    StaleStatement(Refusal),
    /// The boxes are not exactly those that the statements name (`boxes_refused`).
    #[error("the boxes are not those that the statements name")]
    BoxesRefused,
    /// (`too_many_attempts`)
    #[error("too many attempts: wait {retry_after} s")]
    TooManyAttempts {
        /// Seconds to wait, at least 1.
        retry_after: u64,
    },
    /// No room to write; nothing was stored (`storage_full`).
    #[error("no room to write; nothing was stored")]
    StorageFull,
    /// A mistake of the server or its store; nothing was stored (`internal`). The text is for the
    /// operator's log and not for the caller.
    #[error("{0}")]
    Internal(String),
    /// The service is stopping (`unavailable`).
    #[error("the service is stopping")]
    Unavailable,
}

impl From<StorageError> for DomainError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Full => Self::StorageFull,
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<CryptoError> for DomainError {
    fn from(error: CryptoError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<Refusal> for DomainError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::StaleParent | Refusal::StaleRecipient(_) => Self::StaleStatement(refusal),
            _ => Self::StatementRefused(refusal),
        }
    }
}

impl From<DecodeError> for DomainError {
    fn from(error: DecodeError) -> Self {
        Self::StatementRefused(Refusal::Decode(error))
    }
}

impl From<TokenError> for DomainError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Expired | TokenError::NotYetValid => Self::BindingExpired(error),
            _ => Self::BindingRefused(error),
        }
    }
}
