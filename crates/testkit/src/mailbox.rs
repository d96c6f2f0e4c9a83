//! The mailbox of everybody.

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use wardseal_server_domain::post::{Letter, LetterKind, Post, PostError};

/// Takes the letters of servers in process, for tests to read. All clones are the same mailbox.
#[derive(Clone, Debug, Default)]
pub struct Mailbox(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    letters: Mutex<Vec<Letter>>,
    closed: AtomicBool,
}

impl Mailbox {
    /// The letters that came since this was asked last.
    #[must_use]
    pub fn take(&self) -> Vec<Letter> {
        mem::take(&mut *self.letters())
    }

    /// The code in the one letter with a code that came since the mailbox was emptied last, which
    /// went to this address.
    ///
    /// # Panics
    /// When there are more such letters, or none.
    #[must_use]
    pub fn code_for(&self, address: &str) -> String {
        let letters = self.take();
        let mut codes = letters.iter().filter_map(|letter| match &letter.kind {
            LetterKind::RecoveryCode { code, .. } | LetterKind::EscrowCode { code, .. } => {
                Some((letter.to.as_str(), code.shown()))
            }
            _ => None,
        });
        let (to, code) = codes.next().expect("a letter with a code");
        assert!(codes.next().is_none(), "several codes in {letters:?}");
        assert_eq!(to, address);
        code
    }

    /// Whether letters are taken at all.
    pub fn close(&self, closed: bool) {
        self.0.closed.store(closed, Ordering::SeqCst);
    }

    fn letters(&self) -> MutexGuard<'_, Vec<Letter>> {
        self.0
            .letters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Post for Mailbox {
    fn ready(&self) -> Result<(), PostError> {
        if self.0.closed.load(Ordering::SeqCst) {
            return Err(PostError::Unavailable);
        }
        Ok(())
    }

    fn send(&self, letter: Letter) -> Result<(), PostError> {
        self.ready()?;
        self.letters().push(letter);
        Ok(())
    }
}
