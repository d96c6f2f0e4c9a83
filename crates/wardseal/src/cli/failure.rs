//! What went wrong: what happened in one line, what to do in another, a code that does not change,
//! and an exit code.

use std::{
    io::{self, ErrorKind, Write as _},
    path::Path,
    process::ExitCode,
};

use serde_json::json;
use wardseal_client::{
    Error, Misbehaviour, Misuse, TransportError,
    api::{Problem, ProblemCode},
    object::ObjectError,
};
use wardseal_client_password::PasswordError;

use super::report::printable;

/// Exit codes, as `wardseal help` and the documentation list them.
mod exit {
    pub(super) const FAILED: u8 = 1;
    pub(super) const USAGE: u8 = 2;
    pub(super) const NO_CONNECTION: u8 = 3;
    pub(super) const WRONG_PASSWORD: u8 = 4;
    pub(super) const NO_ACCESS: u8 = 5;
}

/// Why a command did not do what it was asked to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) exit: u8,
    pub(crate) message: String,
    pub(crate) advice: Option<String>,
}

impl Failure {
    /// Something failed.
    pub(crate) fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            exit: exit::FAILED,
            message: message.into(),
            advice: None,
        }
    }

    /// The command was not given what it needs.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            exit: exit::USAGE,
            ..Self::failed("usage", message)
        }
    }

    /// The same, with what to do about it.
    pub(crate) fn advise(self, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }

    /// A file that cannot be used, with what to do about it.
    pub(crate) fn file(doing: &str, path: &Path, error: &io::Error) -> Self {
        let path = path.display();
        let failure = Self::failed("io", format!("cannot {doing} {path}: {}", plain(error)));
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                failure.advise("make room on the disk, or choose another place with -o")
            }
            ErrorKind::NotFound => failure.advise("check the name"),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                failure.advise("change its owner or permissions, or choose another place")
            }
            _ => failure,
        }
    }

    /// Writes the failure: for people to standard error, for programs to standard output.
    pub(crate) fn write(&self, as_json: bool) -> ExitCode {
        if as_json {
            let value = json!({ "error": {
                "code": self.code,
                "message": self.message,
                "advice": self.advice,
            }});
            // When even this cannot be written there is nobody to tell.
            let _ = writeln!(io::stdout().lock(), "{value}");
        } else {
            let mut text = format!("error: {}\n", printable(&self.message));
            if let Some(advice) = &self.advice {
                text.push_str(&format!("  {}\n", printable(advice)));
            }
            let _ = io::stderr().lock().write_all(text.as_bytes());
        }
        ExitCode::from(self.exit)
    }

    fn new(code: &'static str, exit: u8, message: String, advice: &str) -> Self {
        Self {
            code,
            exit,
            message,
            advice: (!advice.is_empty()).then(|| advice.to_owned()),
        }
    }
}

/// What the system says, without its number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = error.code();
        match &error {
            Error::Rejected(problem) => rejected(problem),
            Error::Misuse(misuse) => misused(code, misuse),
            Error::Transport(lost) => no_connection(code, lost),
            Error::Misbehaved(Misbehaviour::IdentityChanged) => Self::new(
                code,
                exit::FAILED,
                "the name now belongs to a new identity".into(),
                "ask the person whether that is right, then run: wardseal user confirm NAME",
            ),
            Error::Misbehaved(Misbehaviour::BadAnswer) => Self::new(
                code,
                exit::FAILED,
                "the answer is not one of this API".into(),
                "check the addresses of the servers: wardseal doctor",
            ),
            Error::Misbehaved(_) => Self::new(
                code,
                exit::FAILED,
                error.to_string(),
                "nothing was changed here; tell whoever runs the server, and do not trust it meanwhile",
            ),
            Error::Store(why) => Self::new(code, exit::FAILED, why.clone(), ""),
            _ => Self::new(code, exit::FAILED, error.to_string(), ""),
        }
    }
}

fn rejected(problem: &Problem) -> Failure {
    let code = problem.code.code();
    // Titles say what happened and, after a colon, what to do.
    let title = problem.title.trim_end_matches('.');
    let (message, advice) = match problem.code {
        ProblemCode::BindingRefused => (
            "the server refuses the application's token",
            "ask the application for a token for this very request: wardseal user sign-up shows it again",
        ),
        ProblemCode::BindingExpired => (
            "the application's token has expired, or comes from the future",
            "ask the application for a new one; if it was new, the clock of the application's server is wrong",
        ),
        ProblemCode::NameTaken => (
            "the name belongs to another user of this tenant",
            "sign in as that user (wardseal login --name …), or sign up with another name",
        ),
        ProblemCode::SignInRefused => (
            "the server does not accept this device: it is unknown there, or was revoked",
            "sign in again: wardseal logout, then wardseal login --name …",
        ),
        // To the key server and the vault the program signs in by itself.
        ProblemCode::SignInRequired => (
            "the application's server does not know who calls",
            "give what it knows you by: --tenant-token-file FILE, or WARDSEAL_TENANT_TOKEN_FILE",
        ),
        ProblemCode::LoginRefused => ("the name or the password is wrong", "type them again"),
        _ => title.split_once(": ").unwrap_or((title, "")),
    };
    let mut message = lower_first(message);
    let particulars = match problem.code {
        // The words above say it all.
        ProblemCode::BindingExpired => [&None, &None],
        _ => [&problem.refusal, &problem.detail],
    };
    for particular in particulars.into_iter().flatten() {
        message.push_str(&format!(" ({particular})"));
    }
    let advice = match (problem.retry_after, &problem.id) {
        (Some(seconds), _) => format!("try again in {seconds} seconds"),
        (None, Some(id)) => format!("try again; the server's log has more under {id}"),
        (None, None) => advice.to_owned(),
    };
    let exit = match problem.code {
        ProblemCode::LoginRefused => exit::WRONG_PASSWORD,
        _ => exit::FAILED,
    };
    Failure::new(code, exit, message, &advice)
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}

fn misused(code: &'static str, misuse: &Misuse) -> Failure {
    let (exit, message, advice) = match misuse {
        Misuse::NoIdentity => (
            exit::FAILED,
            "nobody is signed in on this machine".into(),
            "sign up (wardseal user sign-up), sign in (wardseal login), or act once with a password (--as NAME)",
        ),
        Misuse::IdentityExists => (
            exit::FAILED,
            "somebody is signed in on this machine already".into(),
            "use another folder (--home DIR), or run wardseal logout first",
        ),
        Misuse::NoPendingSignUp => (
            exit::FAILED,
            "no sign-up is waiting for a token".into(),
            "begin one: wardseal user sign-up --name NAME",
        ),
        Misuse::UnknownName(name) => (
            exit::FAILED,
            format!("the application knows nobody by the name \"{name}\""),
            "check the spelling; the person may have to sign up first",
        ),
        Misuse::WrongPassword => (
            exit::WRONG_PASSWORD,
            "the name or the password is wrong".into(),
            "type them again",
        ),
        Misuse::HasIdentity => (
            exit::FAILED,
            "somebody carries this name already".into(),
            "grant it directly: wardseal session grant SESSION NAME, or grp_… for a group",
        ),
        Misuse::NoEscrow => (
            exit::FAILED,
            misuse.to_string(),
            "choose another policy; wardseal tenant show lists the tenant's escrow keys",
        ),
        Misuse::UnknownRecovery => (
            exit::WRONG_PASSWORD,
            "the name or the recovery code is wrong, or the code was replaced".into(),
            "type them again; a newer code may be at hand",
        ),
        Misuse::NoAccess(_) | Misuse::NotAMember(_) | Misuse::NotAuthorised(_) => (
            exit::NO_ACCESS,
            misuse.to_string(),
            "ask somebody who manages it",
        ),
        Misuse::NoKey(_) => (
            exit::NO_ACCESS,
            misuse.to_string(),
            "ask somebody who manages it to grant you the right",
        ),
        Misuse::BadExport(_) => (
            exit::FAILED,
            misuse.to_string(),
            "nothing was taken in; wardseal session export writes such files",
        ),
        Misuse::Invalid(why) => {
            let (what, advice) = why.split_once(": ").unwrap_or((why, ""));
            (exit::FAILED, what.to_owned(), advice)
        }
        _ => (exit::FAILED, misuse.to_string(), ""),
    };
    Failure::new(code, exit, message, advice)
}

fn no_connection(code: &'static str, lost: &TransportError) -> Failure {
    let (exit, message, advice) = match lost {
        TransportError::Unreachable { server } => (
            exit::NO_CONNECTION,
            format!("no connection to the server at {server}"),
            "check the address (--server, --vault) and the network, then try again",
        ),
        TransportError::Timeout { server } => (
            exit::NO_CONNECTION,
            format!("the server at {server} did not answer in time"),
            "try again; nothing is half-done",
        ),
        TransportError::Interrupted { server } => (
            exit::NO_CONNECTION,
            format!("the connection to {server} ended in the middle of an answer"),
            "try again; nothing is half-done",
        ),
        TransportError::NotConfigured(role) if role.contains("application") => (
            exit::USAGE,
            format!("no address of the {role} is known"),
            "give it with --tenant-server, or in WARDSEAL_TENANT_SERVER",
        ),
        TransportError::NotConfigured(role) => (
            exit::USAGE,
            format!("no address of the {role} is known"),
            "give it with --server or --vault, or in WARDSEAL_SERVER or WARDSEAL_VAULT",
        ),
        _ => (
            exit::FAILED,
            lost.to_string(),
            "check the addresses of the servers: wardseal doctor",
        ),
    };
    Failure::new(code, exit, message, advice)
}

impl From<PasswordError> for Failure {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Client(error) => error.into(),
            PasswordError::Weak(weak) => {
                Self::failed(error.code(), "this password is too easy to guess").advise(weak.advice)
            }
            other => Self::failed(other.code(), other.to_string()),
        }
    }
}

impl Failure {
    /// An object that was not sealed or opened.
    pub(crate) fn object(doing: &str, path: &Path, error: ObjectError) -> Self {
        if let ObjectError::Io(error) = error {
            return Self::file(doing, path, &error);
        }
        let (code, text) = (error.code(), error.to_string());
        let (message, advice) = text.split_once(": ").unwrap_or((&text, ""));
        let message = format!("cannot {doing} {}: {message}", path.display());
        Self::new(code, exit::FAILED, message, advice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardseal_client::types::SessionId;

    fn of(error: impl Into<Error>) -> Failure {
        Failure::from(error.into())
    }

    #[test]
    fn exit_codes_tell_the_kinds_apart() {
        let session = SessionId::from_bytes([1; 32]);
        let server = || "https://a.example".to_owned();
        for (failure, exit, code) in [
            (of(Misuse::WrongPassword), 4, "wrong_password"),
            (
                of(Error::Rejected(
                    Problem::new(ProblemCode::LoginRefused).into(),
                )),
                4,
                "login_refused",
            ),
            (of(Misuse::NoAccess(session)), 5, "no_access"),
            (of(Misuse::NoKey(session.into())), 5, "no_key"),
            (
                of(TransportError::Unreachable { server: server() }),
                3,
                "unreachable",
            ),
            (
                of(TransportError::Timeout { server: server() }),
                3,
                "timeout",
            ),
            (
                of(TransportError::Interrupted { server: server() }),
                3,
                "interrupted",
            ),
            (
                of(TransportError::NotConfigured("vault")),
                2,
                "not_configured",
            ),
            (of(Misuse::NoIdentity), 1, "no_identity"),
            (Failure::usage("x"), 2, "usage"),
        ] {
            assert_eq!((failure.exit, failure.code), (exit, code));
        }
    }

    #[test]
    fn every_problem_says_what_happened_and_what_to_do() {
        for code in ProblemCode::ALL {
            let failure = of(Error::Rejected(Problem::new(*code).into()));
            assert_eq!(failure.code, code.code());
            assert!(!failure.message.is_empty() && !failure.message.contains('\n'));
            assert!(
                failure
                    .message
                    .chars()
                    .next()
                    .is_some_and(char::is_lowercase),
                "{}",
                failure.message
            );
        }
    }

    #[test]
    fn waiting_times_and_log_numbers_are_told() {
        let mut problem = Problem::new(ProblemCode::TooManyAttempts);
        problem.retry_after = Some(30);
        let failure = of(Error::Rejected(problem.into()));
        assert_eq!(failure.advice.as_deref(), Some("try again in 30 seconds"));
        let mut problem = Problem::new(ProblemCode::Internal);
        problem.id = Some("abc".into());
        let failure = of(Error::Rejected(problem.into()));
        assert!(failure.advice.is_some_and(|advice| advice.contains("abc")));
    }

    #[test]
    fn a_full_disk_is_told_from_other_trouble() {
        let full = io::Error::from(ErrorKind::StorageFull);
        let failure = Failure::file("write", Path::new("x.pdf"), &full);
        assert!(
            failure.message.starts_with("cannot write x.pdf: "),
            "{}",
            failure.message
        );
        assert!(
            failure
                .advice
                .is_some_and(|advice| advice.contains("make room"))
        );
    }
}
