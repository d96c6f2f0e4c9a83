//! What can go wrong at a client, split by who is at fault.

use wardseal_api::{Problem, ProblemCode};
use wardseal_crypto::CryptoError;
use wardseal_protocol::{Refusal, binding::TokenError, cbor::DecodeError, log::LogError};
use wardseal_types::{ChainId, GroupId, MemberId, RingId, SessionId};

use crate::{export::ExportError, recovery::BadCode};

/// What can go wrong at a client.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused, and says why.
    #[error("{}{}", .0.title, detail(.0))]
    Rejected(Box<Problem>),
    /// The server, or somebody through it, broke the protocol. Nothing was changed here.
    #[error("the server or a peer broke the protocol, so nothing was changed here: {0}")]
    Misbehaved(#[from] Misbehaviour),
    /// The caller asked for what cannot be.
    #[error("{0}")]
    Misuse(#[from] Misuse),
    /// The server did not answer. The operation can be repeated.
    #[error("{0}")]
    Transport(#[from] TransportError),
    /// The local store failed. Nothing was changed there.
    #[error("the local store failed, try again: {0}")]
    Store(String),
    /// The source of randomness is broken, or a key of our own is damaged.
    #[error("cryptography failed on this machine: {0}")]
    Crypto(#[from] CryptoError),
}

/// An error on its way through many hands: one word, where the error itself is many. A page has to
/// load what moves it at every `?`.
pub type Failure = Box<Error>;

impl From<Failure> for Error {
    #[inline(never)]
    fn from(failure: Failure) -> Self {
        *failure
    }
}

macro_rules! failures {
    ($($cause:ident),+) => { $(
        impl From<$cause> for Failure {
            #[inline(never)]
            fn from(cause: $cause) -> Self {
                Self::new(cause.into())
            }
        }
    )+ };
}

failures!(
    CryptoError,
    DecodeError,
    LogError,
    Misbehaviour,
    Misuse,
    TransportError
);

fn detail(problem: &Problem) -> String {
    let mut text = String::new();
    for part in [problem.refusal.as_ref(), problem.detail.as_ref()]
        .into_iter()
        .flatten()
    {
        text.push_str(" (");
        text.push_str(part);
        text.push(')');
    }
    if let Some(seconds) = problem.retry_after {
        text.push_str(&format!(" Try again in {seconds} seconds."));
    }
    text
}

/// How the server or a peer broke the protocol.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// An answer is not of the form that the API describes.
    #[error("the answer is not one of this API: check the address of the server")]
    BadAnswer,
    /// A statement breaks the rules of its chain.
    #[error("{chain} contains a statement that its rules refuse: {refusal}")]
    BadStatement {
        /// The chain.
        chain: ChainId,
        /// Which rule.
        refusal: Refusal,
    },
    /// A chain differs from what was seen of it before.
    #[error("{0} differs from what was seen of it before")]
    Fork(ChainId),
    /// Statements of a chain are missing.
    #[error("statements of {0} are missing")]
    Gap(ChainId),
    /// The log is not what it was, or does not hold what it should.
    #[error("{0}")]
    Log(#[from] LogError),
    /// A box is damaged or missing, or the seed in it is not the one that its statement commits to.
    #[error("the sealed key of {0} is damaged, or not the one that its statement commits to")]
    BadBox(RingId),
    /// A name is bound to somebody else than the server says.
    #[error("the server's answer for a name is not what the tenant signed: {0}")]
    BadBinding(#[from] TokenError),
    /// An object that travelled could not be read.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// What the vault keeps of a recovery method does not open, or not with the shares that were
    /// given.
    #[error(
        "what the vault or the shares gave does not open this recovery method: try again, or use another"
    )]
    BadRecord,
    /// A key of an escrow is not the one that the tenant's genesis pins, or that the terms name.
    #[error("a key of the escrow is not pinned by the tenant: nothing was sealed to it")]
    UnpinnedEscrowKey,
    /// The server's answer is for a different user than before: the name was given to a new
    /// identity. It has to be confirmed before anything is sealed to it.
    #[error("the name now belongs to a new identity: confirm it with the person first")]
    IdentityChanged,
}

/// What the caller asked for and cannot have.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// There is no identity on this machine.
    #[error("nobody is signed up on this machine: sign up, or unlock with a password")]
    NoIdentity,
    /// There is an identity on this machine already.
    #[error(
        "somebody is signed up on this machine already: use another profile, or sign out first"
    )]
    IdentityExists,
    /// A sign-up has begun and waits for the application's token.
    #[error("no sign-up is waiting for a token: begin one first")]
    NoPendingSignUp,
    /// Nobody has this name.
    #[error("the application knows nobody by the name \"{0}\": check how it is written")]
    UnknownName(String),
    /// A text cannot be a name.
    #[error("a name has 1 to 256 bytes, no control characters and no white space at its ends")]
    BadName,
    /// There is no such chain, or not for this user.
    #[error("{0} does not exist, or not for you: check the identifier")]
    NotFound(ChainId),
    /// The user is not a member of the group.
    #[error("you are not a member of {0}: ask its administrators to add you")]
    NotAMember(GroupId),
    /// The user may not open the session, or not any more.
    #[error("you have no right to {0}, or not any more: ask who manages it")]
    NoAccess(SessionId),
    /// The user lacks a right.
    #[error("you need the right to \"{0}\" for this: ask who manages it")]
    NotAuthorised(&'static str),
    /// Somebody to whom nothing can be sealed.
    #[error("{0} cannot receive anything: it has ended, so leave it out")]
    NoRecipient(MemberId),
    /// No epoch with this number.
    #[error("the key with which this was sealed is not for you: ask who sealed it")]
    NoKey(RingId),
    /// The key of a day does not say this.
    #[error("this takes the password or passkey once more: give it, then go on")]
    PasswordNeeded,
    /// No password was set.
    #[error("no password was set for this user: set one first")]
    NoPassword,
    /// The password is wrong, or the name is.
    #[error("the name or the password is wrong: type them again")]
    WrongPassword,
    /// A text is no recovery code.
    #[error("{0}")]
    BadRecoveryCode(BadCode),
    /// A recovery code or passkey opens nothing.
    #[error("this recovery code or passkey opens nothing here, or not any more")]
    UnknownRecovery,
    /// The servers take no part in escrow, or not under this policy.
    #[error("this tenant or its key server takes no part in escrow under this policy")]
    NoEscrow,
    /// Somebody carries the name already, who can be granted to directly.
    #[error("somebody carries this name already: grant it to him")]
    HasIdentity,
    /// No recovery is under way on this machine.
    #[error("no recovery is under way here: begin one first")]
    NoRecovery,
    /// Bytes that are no export of sessions, or one that does not hold together.
    #[error("{0}")]
    BadExport(ExportError),
    /// A value that cannot be.
    #[error("{0}")]
    Invalid(&'static str),
}

/// Why the server did not answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection.
    #[error(
        "no connection to the server at {server}: check the address and the network, then try again"
    )]
    Unreachable {
        /// Its address.
        server: String,
    },
    /// No answer in time.
    #[error("the server at {server} did not answer in time: try again")]
    Timeout {
        /// Its address.
        server: String,
    },
    /// The connection ended before the answer did.
    #[error("the connection to {server} ended in the middle of an answer: try again")]
    Interrupted {
        /// Its address.
        server: String,
    },
    /// No server of this role is configured.
    #[error("no address of the {0} is configured: give it when the client is opened")]
    NotConfigured(&'static str),
    /// An answer that is larger than any that this API gives.
    #[error("the answer of {server} is too large to be one: check the address")]
    TooLarge {
        /// Its address.
        server: String,
    },
}

impl Error {
    /// Every code that [`Error::code`] gives, beside those of [`ProblemCode`].
    pub const CODES: &'static [&'static str] = &[
        "bad_answer",
        "bad_statement",
        "fork",
        "gap",
        "rollback",
        "split_view",
        "stale_checkpoint",
        "future_checkpoint",
        "bad_log",
        "bad_box",
        "bad_binding",
        "bad_object",
        "bad_record",
        "unpinned_escrow_key",
        "identity_changed",
        "no_identity",
        "identity_exists",
        "no_pending_sign_up",
        "unknown_name",
        "bad_name",
        "unknown_chain",
        "not_a_member",
        "no_access",
        "not_authorised",
        "no_recipient",
        "no_key",
        "password_needed",
        "no_password",
        "wrong_password",
        "bad_recovery_code",
        "unknown_recovery",
        "no_escrow",
        "has_identity",
        "no_recovery",
        "bad_export",
        "invalid",
        "unreachable",
        "timeout",
        "interrupted",
        "not_configured",
        "answer_too_large",
        "store",
        "crypto",
    ];

    /// A stable code: for a refusal of the server its problem code, otherwise one of this list.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rejected(problem) => problem.code.code(),
            Self::Misbehaved(misbehaviour) => match misbehaviour {
                Misbehaviour::BadAnswer => "bad_answer",
                Misbehaviour::BadStatement { .. } => "bad_statement",
                Misbehaviour::Fork(_) => "fork",
                Misbehaviour::Gap(_) => "gap",
                Misbehaviour::Log(error) => match error {
                    LogError::Rollback => "rollback",
                    LogError::SplitView => "split_view",
                    LogError::Stale => "stale_checkpoint",
                    LogError::Future => "future_checkpoint",
                    _ => "bad_log",
                },
                Misbehaviour::BadBox(_) => "bad_box",
                Misbehaviour::BadBinding(_) => "bad_binding",
                Misbehaviour::Decode(_) => "bad_object",
                Misbehaviour::BadRecord => "bad_record",
                Misbehaviour::UnpinnedEscrowKey => "unpinned_escrow_key",
                Misbehaviour::IdentityChanged => "identity_changed",
            },
            Self::Misuse(misuse) => match misuse {
                Misuse::NoIdentity => "no_identity",
                Misuse::IdentityExists => "identity_exists",
                Misuse::NoPendingSignUp => "no_pending_sign_up",
                Misuse::UnknownName(_) => "unknown_name",
                Misuse::BadName => "bad_name",
                Misuse::NotFound(_) => "unknown_chain",
                Misuse::NotAMember(_) => "not_a_member",
                Misuse::NoAccess(_) => "no_access",
                Misuse::NotAuthorised(_) => "not_authorised",
                Misuse::NoRecipient(_) => "no_recipient",
                Misuse::NoKey(_) => "no_key",
                Misuse::PasswordNeeded => "password_needed",
                Misuse::NoPassword => "no_password",
                Misuse::WrongPassword => "wrong_password",
                Misuse::BadRecoveryCode(_) => "bad_recovery_code",
                Misuse::UnknownRecovery => "unknown_recovery",
                Misuse::NoEscrow => "no_escrow",
                Misuse::HasIdentity => "has_identity",
                Misuse::NoRecovery => "no_recovery",
                Misuse::BadExport(_) => "bad_export",
                Misuse::Invalid(_) => "invalid",
            },
            Self::Transport(error) => match error {
                TransportError::Unreachable { .. } => "unreachable",
                TransportError::Timeout { .. } => "timeout",
                TransportError::Interrupted { .. } => "interrupted",
                TransportError::NotConfigured(_) => "not_configured",
                TransportError::TooLarge { .. } => "answer_too_large",
            },
            Self::Store(_) => "store",
            Self::Crypto(_) => "crypto",
        }
    }

    /// The problem code, when the server refused.
    #[must_use]
    pub const fn problem(&self) -> Option<ProblemCode> {
        match self {
            Self::Rejected(problem) => Some(problem.code),
            _ => None,
        }
    }
}

impl From<LogError> for Error {
    fn from(error: LogError) -> Self {
        Self::Misbehaved(error.into())
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::Misbehaved(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::Error;
    use crate::object::ObjectError;

    /// The text literals of the body of `fn code`.
    fn written(source: &str) -> Vec<&str> {
        let body = source.split("const fn code(&self)").nth(1).unwrap();
        let body = body.split("\n    }\n").next().unwrap();
        body.split('"').skip(1).step_by(2).collect()
    }

    #[test]
    fn lists_of_codes_are_whole() {
        assert_eq!(written(include_str!("error.rs")), Error::CODES);
        assert_eq!(written(include_str!("object/mod.rs")), ObjectError::CODES);
    }
}
