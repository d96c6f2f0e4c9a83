//! Notifications: that there is something, never what.

use std::{fmt, str::FromStr, sync::Arc};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};

use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    failure::Failure,
    receiver::Identifier,
    store::{
        Letter, Notice, facilities, feed,
        letters::{self, Kind, LetterRow},
        recovery,
    },
    words::{self, Particulars},
};

/// How often a letter is tried: for about four days.
const ATTEMPTS: u32 = 14;

/// How soon a letter with a code is tried again, in milliseconds.
const SOON: u64 = 10_000;

/// The language of a letter.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// French.
    Fr,
    /// German.
    De,
}

/// No letters are written in this language.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("letters are written in en, fr and de")]
pub struct UnknownLanguage;

impl Language {
    /// The code (BCP 47).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
            Self::De => "de",
        }
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(code: &str) -> Result<Self, UnknownLanguage> {
        match code {
            "en" => Ok(Self::En),
            "fr" => Ok(Self::Fr),
            "de" => Ok(Self::De),
            _ => Err(UnknownLanguage),
        }
    }
}

/// Subject and text of a letter.
const fn notice_words(notice: Notice, language: Language) -> (&'static str, &'static str) {
    use Language::{De, En, Fr};
    match (notice, language) {
        (Notice::NewRequest, En) => (
            "Your facility has a new request",
            "Your facility has a new transfer request.",
        ),
        (Notice::NewRequest, Fr) => (
            "Votre établissement a reçu une demande",
            "Votre établissement a reçu une nouvelle demande de transfert.",
        ),
        (Notice::NewRequest, De) => (
            "Ihre Einrichtung hat eine neue Anfrage",
            "Für Ihre Einrichtung ist eine neue Verlegungsanfrage eingegangen.",
        ),
        (Notice::Answer, En) => (
            "A request of your facility has changed",
            "There is an answer to a transfer request of your facility.",
        ),
        (Notice::Answer, Fr) => (
            "Une demande de votre établissement a évolué",
            "Une demande de transfert de votre établissement a reçu une réponse.",
        ),
        (Notice::Answer, De) => (
            "Eine Anfrage Ihrer Einrichtung hat sich geändert",
            "Zu einer Verlegungsanfrage Ihrer Einrichtung liegt eine Antwort vor.",
        ),
        (Notice::Chosen, En) => (
            "Your facility was chosen",
            "An offer of your facility was chosen.",
        ),
        (Notice::Chosen, Fr) => (
            "Votre établissement est retenu",
            "Une proposition de votre établissement a été retenue.",
        ),
        (Notice::Chosen, De) => (
            "Ihre Einrichtung wurde ausgewählt",
            "Eine Zusage Ihrer Einrichtung wurde ausgewählt.",
        ),
        (Notice::News, En) => (
            "News about a request to your facility",
            "There is news about a transfer request to your facility.",
        ),
        (Notice::News, Fr) => (
            "Du nouveau sur une demande adressée à votre établissement",
            "Une demande de transfert adressée à votre établissement a évolué.",
        ),
        (Notice::News, De) => (
            "Neuigkeiten zu einer Anfrage an Ihre Einrichtung",
            "Zu einer Verlegungsanfrage an Ihre Einrichtung gibt es Neuigkeiten.",
        ),
    }
}

const fn invitation(language: Language) -> &'static str {
    match language {
        Language::En => "Sign in to read it:",
        Language::Fr => "Connectez-vous pour la consulter :",
        Language::De => "Melden Sie sich an, um sie zu lesen:",
    }
}

/// Sends letters by SMTP.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// Where the page is.
    link: String,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").finish_non_exhaustive()
    }
}

/// Why no mail can be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailerError {
    /// The address of the mail server.
    #[error(
        "the address of the mail server is not understood ({0}): it is like \
         smtps://name:password@mail.example, smtp://name:password@mail.example?tls=required (STARTTLS), \
         or smtp://127.0.0.1:2525 without encryption on this machine"
    )]
    Server(String),
    /// The sender.
    #[error("{0} is no mail address")]
    Sender(String),
}

impl Mailer {
    /// Sends by a server (`smtp://` or `smtps://`, with name and password where it asks for them and
    /// `?tls=required` for STARTTLS), from an address, with a link to the page.
    ///
    /// # Errors
    /// [`MailerError`].
    pub fn new(server: &str, from: &str, link: &str) -> Result<Self, MailerError> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(server)
            .map_err(|error| MailerError::Server(error.to_string()))?
            .build();
        let from = from
            .parse()
            .map_err(|_| MailerError::Sender(from.to_owned()))?;
        Ok(Self {
            transport,
            from,
            link: link.to_owned(),
        })
    }

    fn compose(
        &self,
        to: &str,
        notice: Notice,
        language: Language,
    ) -> Result<Message, lettre::error::Error> {
        let to: Address = to
            .parse()
            .map_err(|_| lettre::error::Error::EmailMissingAt)?;
        let (subject, text) = notice_words(notice, language);
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(format!(
                "{text}\r\n\r\n{} {}\r\n",
                invitation(language),
                self.link
            ))
    }
}

impl Mailer {
    /// Sends a letter; none has nowhere to go. The error says whether it is for good.
    async fn send(&self, message: Option<Message>) -> Result<bool, bool> {
        match message {
            None => Ok(false),
            Some(message) => match self.transport.send(message).await {
                Ok(_) => Ok(true),
                Err(error) => Err(error.is_permanent()),
            },
        }
    }

    fn write(
        &self,
        letter: &LetterRow,
        kind: Kind,
        of: &Particulars,
    ) -> Result<Message, lettre::error::Error> {
        let to: Address = letter
            .address
            .parse()
            .map_err(|_| lettre::error::Error::EmailMissingAt)?;
        let (subject, text) = words::letter(kind, letter.language, of);
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text)
    }
}

impl App {
    /// Sends the letters that are due. How many were sent.
    ///
    /// # Errors
    /// Those of the database; a mail server that fails is tried again later.
    pub async fn post(self: &Arc<Self>) -> Result<usize, Failure> {
        let Some(mailer) = &self.mailer else {
            return Ok(0);
        };
        let _turn = self.posting.lock().await;
        let now = self.now();
        let mut sent = 0;
        for letter in self.read(move |tx| feed::due(tx, now)).await? {
            if self.deliver(mailer, letter).await? {
                sent += 1;
            }
        }
        for letter in self.read(move |tx| letters::due(tx, now)).await? {
            if self.deliver_letter(mailer, letter).await? {
                sent += 1;
            }
        }
        Ok(sent)
    }

    async fn deliver_letter(
        self: &Arc<Self>,
        mailer: &Mailer,
        letter: LetterRow,
    ) -> Result<bool, Failure> {
        let late = letter.expires.is_some_and(|expires| expires <= self.now());
        let message = match letter.kind.filter(|_| !late) {
            None => None,
            Some(kind) => self
                .particulars(mailer, kind, letter.about.clone())
                .await?
                .and_then(|of| mailer.write(&letter, kind, &of).ok()),
        };
        let outcome = mailer.send(message).await;
        let give_up = outcome == Err(true) || letter.attempts + 1 >= ATTEMPTS;
        if outcome.is_err() {
            tracing::warn!(
                notice = letter.kind.map(Kind::code),
                attempts = letter.attempts + 1,
                given_up = give_up,
                "a letter was not sent"
            );
        }
        // Somebody waits for a code with the page open.
        let wait = match letter.expires {
            Some(_) => SOON,
            None => pause(letter.attempts),
        };
        let due = self.now().plus_millis(wait);
        self.blocking(move |app| {
            app.store.write(|tx| match outcome {
                Err(_) if !give_up => letters::postpone(tx, letter.number, due),
                _ => letters::discard(tx, letter.number),
            })
        })
        .await?;
        Ok(outcome == Ok(true))
    }

    /// What a letter is written of; nothing when there is no use for it any more.
    async fn particulars(
        self: &Arc<Self>,
        mailer: &Mailer,
        kind: Kind,
        about: Option<Vec<u8>>,
    ) -> Result<Option<Particulars>, Failure> {
        let mut of = Particulars {
            link: mailer.link.clone(),
            ..Particulars::default()
        };
        match kind {
            Kind::Code => {
                let id = about.and_then(|id| <[u8; 32]>::try_from(id).ok());
                let Some(id) = id else {
                    return Ok(None);
                };
                let Some(attempt) = self.read(move |tx| recovery::attempt(tx, &id)).await? else {
                    return Ok(None);
                };
                of.code = self.codes.of_attempt(&id);
                of.tag = attempt.tag;
            }
            Kind::Waiting | Kind::StillWaiting => {
                let about = about.and_then(|about| String::from_utf8(about).ok());
                let about = about.as_deref().and_then(|about| {
                    let (number, identifier) = about.split_once(' ')?;
                    Some((number.parse().ok()?, identifier.parse::<Identifier>().ok()?))
                });
                let Some((number, identifier)) = about else {
                    return Ok(None);
                };
                of.invitation = Some(self.codes.of_facility(&identifier, number));
            }
            _ => {}
        }
        Ok(Some(of))
    }

    async fn deliver(self: &Arc<Self>, mailer: &Mailer, letter: Letter) -> Result<bool, Failure> {
        let facility = self
            .read(move |tx| facilities::find(tx, &letter.facility))
            .await?;
        let message = facility.and_then(|facility| {
            let address = facility.address?;
            mailer
                .compose(&address, letter.notice, facility.language)
                .ok()
        });
        let outcome = mailer.send(message).await;
        let give_up = outcome == Err(true) || letter.attempts + 1 >= ATTEMPTS;
        if outcome.is_err() {
            tracing::warn!(
                notice = letter.notice.code(),
                attempts = letter.attempts + 1,
                given_up = give_up,
                "a notification was not sent"
            );
        }
        let due = self.now().plus_millis(pause(letter.attempts));
        self.blocking(move |app| {
            app.store.write(|tx| match outcome {
                Err(_) if !give_up => feed::postpone(tx, letter.number, due),
                _ => feed::discard(tx, letter.number),
            })
        })
        .await?;
        Ok(outcome == Ok(true))
    }
}

/// Milliseconds until the next attempt: a minute, then twice as long each time, at most half a day.
fn pause(attempts: u32) -> u64 {
    let minutes = 1_u64.checked_shl(attempts).unwrap_or(u64::MAX).min(720);
    minutes.saturating_mul(60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_is_written_in_every_language_and_holds_nothing_but_itself() {
        let mailer = Mailer::new(
            "smtp://127.0.0.1:2525",
            "Wardseal Transfer <noreply@example.org>",
            "https://transfer.example",
        )
        .unwrap();
        for notice in Notice::ALL {
            let mut subjects = Vec::new();
            for language in [Language::En, Language::Fr, Language::De] {
                let letter = mailer
                    .compose("intake@example.org", *notice, language)
                    .unwrap();
                assert!(!letter.formatted().is_empty());
                subjects.push(notice_words(*notice, language).0);
                assert_eq!(language.code().parse(), Ok(language));
            }
            subjects.dedup();
            assert_eq!(subjects.len(), 3);
        }
        assert!(
            mailer
                .compose("nonsense", Notice::News, Language::En)
                .is_err()
        );
    }

    #[test]
    fn pauses_grow_and_end() {
        assert_eq!(pause(0), 60_000);
        assert_eq!(pause(3), 8 * 60_000);
        assert_eq!(pause(64), 720 * 60_000);
        let total: u64 = (0..ATTEMPTS).map(pause).sum();
        assert!((2..6).contains(&(total / 86_400_000)));
    }

    #[test]
    fn bad_settings_say_what_is_wrong() {
        assert!(matches!(
            Mailer::new("http://x", "a@b.example", ""),
            Err(MailerError::Server(_))
        ));
        assert!(matches!(
            Mailer::new("smtp://127.0.0.1", "nobody", ""),
            Err(MailerError::Sender(_))
        ));
    }
}
