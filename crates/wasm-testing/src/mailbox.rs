//! Everybody's mailbox.

use std::{
    mem,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;
use wardseal_server_domain::post::{Letter, LetterKind, Post, PostError};

/// A letter that arrived.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Mail {
    /// Where it went.
    pub to: String,
    /// The code of its language (ISO 639-1).
    pub language: &'static str,
    /// What it is about, such as `recovery_code`.
    pub kind: &'static str,
    /// The subject.
    pub subject: &'static str,
    /// The text.
    pub text: String,
    /// The code in it, if there is one: `1234 5678`.
    pub code: Option<String>,
}

/// Takes the letters of both servers.
#[derive(Debug, Default)]
pub struct Mailbox(Mutex<Vec<Mail>>);

impl Mailbox {
    /// The letters that came since this was asked last.
    pub fn take(&self) -> Vec<Mail> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Post for Mailbox {
    fn ready(&self) -> Result<(), PostError> {
        Ok(())
    }

    fn send(&self, letter: Letter) -> Result<(), PostError> {
        let code = match &letter.kind {
            LetterKind::RecoveryCode { code, .. } | LetterKind::EscrowCode { code, .. } => {
                Some(code.shown())
            }
            _ => None,
        };
        let mail = Mail {
            language: letter.language.code(),
            kind: letter.kind.name(),
            subject: letter.subject(),
            text: letter.text(),
            to: letter.to,
            code,
        };
        let mut letters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        letters.push(mail);
        Ok(())
    }
}
