//! Letters of Wardseal's servers by SMTP (RFC 5321).
//!
//! A [`Mailer`] takes letters at once and sends them in the background, so a mail server that is
//! slow holds nobody up, and how long it takes tells nobody whether there was a letter at all. It
//! keeps letters in memory only: a code must not lie on a disk. What it took it sends, or tries
//! again until the letter is too old; while the mail server fails it takes none, and whoever asks
//! hears that instead of waiting for a letter that does not come.

mod server;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::Error,
};
use tokio::{
    sync::{Semaphore, mpsc},
    time::Instant,
};
use wardseal_server_domain::post::{Letter, LetterKind, Post, PostError};

pub use server::{MailError, MailServer};

/// How the mailer behaves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Patience {
    /// How long the mail server may take for one step of a conversation.
    pub step: Duration,
    /// How long letters are refused after one could not be sent.
    pub pause: Duration,
    /// Letters that may wait.
    pub waiting: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            step: Duration::from_secs(20),
            pause: Duration::from_secs(30),
            waiting: 1000,
        }
    }
}

/// Letters that are sent at once.
const AT_ONCE: usize = 8;

/// How long a letter with a code is worth sending.
const CODE_LIFE: Duration = Duration::from_secs(10 * 60);

/// How long another letter is worth sending.
const NEWS_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// A letter that waits.
struct Waiting {
    message: Message,
    name: &'static str,
    until: Instant,
}

/// Until when no letters are taken, because one could not be sent.
#[derive(Clone, Default)]
struct Closed(Arc<Mutex<Option<Instant>>>);

impl Closed {
    fn until(&self, until: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    fn is_now(&self) -> bool {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| until > Instant::now())
    }
}

/// Sends letters by one mail server.
#[derive(Clone)]
pub struct Mailer {
    from: Mailbox,
    queue: mpsc::Sender<Waiting>,
    closed: Closed,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").finish_non_exhaustive()
    }
}

impl Mailer {
    /// Sends by `server`, in the runtime in which this is called, until the last clone is dropped.
    #[must_use]
    pub fn start(server: &MailServer, patience: Patience) -> Self {
        let (queue, letters) = mpsc::channel(patience.waiting.max(1));
        let closed = Closed::default();
        let sender = Sender {
            transport: server.transport(patience.step),
            closed: closed.clone(),
            pause: patience.pause,
        };
        tokio::spawn(run(Arc::new(sender), letters));
        Self {
            from: server.from().clone(),
            queue,
            closed,
        }
    }

    /// The letter as a mail.
    fn compose(&self, letter: &Letter) -> Option<Message> {
        let to: Address = letter.to.parse().ok()?;
        // Mail systems do not answer what says this (RFC 3834).
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".into(),
        );
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject())
            .raw_header(automatic)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text().replace('\n', "\r\n"))
            .ok()
    }
}

impl Post for Mailer {
    fn ready(&self) -> Result<(), PostError> {
        if self.closed.is_now() || self.queue.capacity() == 0 {
            return Err(PostError::Unavailable);
        }
        Ok(())
    }

    fn send(&self, letter: Letter) -> Result<(), PostError> {
        self.ready()?;
        let life = match letter.kind {
            LetterKind::RecoveryCode { .. } | LetterKind::EscrowCode { .. } => CODE_LIFE,
            _ => NEWS_LIFE,
        };
        let waiting = Waiting {
            message: self.compose(&letter).ok_or(PostError::BadAddress)?,
            name: letter.kind.name(),
            until: Instant::now() + life,
        };
        self.queue
            .try_send(waiting)
            .map_err(|_| PostError::Unavailable)
    }
}

/// What sends in the background.
struct Sender {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    closed: Closed,
    pause: Duration,
}

async fn run(sender: Arc<Sender>, mut letters: mpsc::Receiver<Waiting>) {
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(letter) = letters.recv().await {
        // Nobody closes the semaphore.
        let Ok(permit) = Arc::clone(&at_once).acquire_owned().await else {
            return;
        };
        let sender = Arc::clone(&sender);
        tokio::spawn(async move {
            sender.deliver(letter).await;
            drop(permit);
        });
    }
}

impl Sender {
    /// Sends a letter, again and again while it is worth it.
    async fn deliver(&self, letter: Waiting) {
        let letter_name = letter.name;
        loop {
            let Err(error) = self.transport.send(letter.message.clone()).await else {
                self.closed.until(None);
                tracing::info!(letter = letter_name, "a letter was sent");
                return;
            };
            if is_about_the_letter(&error) {
                tracing::warn!(letter = letter_name, "the mail server refuses a letter");
                return;
            }
            let next = Instant::now() + self.pause;
            self.closed.until(Some(next));
            // What the mail server says may quote an address, so only what kind it is.
            tracing::warn!(
                letter = letter_name,
                reason = reason(&error),
                "the mail server does not take letters"
            );
            if next >= letter.until {
                tracing::warn!(letter = letter_name, "a letter was given up");
                return;
            }
            tokio::time::sleep_until(next).await;
        }
    }
}

/// Whether the server works, and refuses this letter for good. That it refuses us (530 to 538: name
/// and password, or encryption) is about all letters.
fn is_about_the_letter(error: &Error) -> bool {
    let about_us = error
        .status()
        .is_some_and(|code| code.to_string().starts_with("53"));
    error.is_permanent() && !about_us
}

fn reason(error: &Error) -> &'static str {
    if error.is_timeout() {
        "it does not answer"
    } else if error.is_tls() {
        "its certificate is not accepted"
    } else if error.status().is_some() {
        "it refuses"
    } else {
        "the connection fails"
    }
}
