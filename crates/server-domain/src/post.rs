//! Letters to people: codes, and that something happened. They name nobody and hold nothing that a
//! recovery needs but the code itself, so that whoever reads a mailbox learns as little as can be.

use std::fmt;

use wardseal_protocol::vault::Language;
use wardseal_types::Timestamp;

use crate::codes::Code;

/// A letter to one address.
#[derive(Clone)]
pub struct Letter {
    /// Where it goes.
    pub to: String,
    /// The language of its words.
    pub language: Language,
    /// What it says.
    pub kind: LetterKind,
}

/// An address or a code in a log would be one too many.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("language", &self.language)
            .field("kind", &self.kind.name())
            .finish_non_exhaustive()
    }
}

/// What a letter says.
#[derive(Clone, Debug)]
pub enum LetterKind {
    /// The vault's code for a recovery.
    RecoveryCode {
        /// The code.
        code: Code,
        /// What the page shows too, see [`wardseal_protocol::recovery::tag`].
        tag: String,
        /// How many minutes it is good.
        minutes: u64,
    },
    /// The right code was typed, and the way is open at once.
    RecoveryReleased,
    /// The right code was typed, and the way opens later.
    RecoveryWaiting {
        /// When it opens.
        until: Timestamp,
    },
    /// Too many wrong codes: no more are sent until the person sets this way up anew.
    RecoveryLocked,
    /// The key server's code for what waits for somebody who was not there yet.
    EscrowCode {
        /// The code.
        code: Code,
        /// How many minutes it is good.
        minutes: u64,
    },
}

impl LetterKind {
    /// A name for logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RecoveryCode { .. } => "recovery_code",
            Self::RecoveryReleased => "recovery_released",
            Self::RecoveryWaiting { .. } => "recovery_waiting",
            Self::RecoveryLocked => "recovery_locked",
            Self::EscrowCode { .. } => "escrow_code",
        }
    }
}

/// Words of a letter: subject, and paragraphs in which `{code}`, `{tag}`, `{minutes}` and `{until}`
/// stand for what the letter brings.
struct Words {
    subject: &'static str,
    text: &'static str,
}

const fn words(kind: &LetterKind, language: Language) -> Words {
    use Language::{English, French, German};
    use LetterKind as Kind;
    let (subject, text) = match (kind, language) {
        (Kind::RecoveryCode { .. }, English) => (
            "Your code to get back in",
            "Somebody wants to get back in without the password. The code:\n\n\
             {code}\n\n\
             It is good for {minutes} minutes. Type it only on a page that shows the same characters: {tag}.\n\n\
             If it was not you, do not pass this code on to anybody. Without it nothing happens.",
        ),
        (Kind::RecoveryCode { .. }, French) => (
            "Votre code pour retrouver l'accès",
            "Quelqu'un souhaite retrouver l'accès sans le mot de passe. Le code :\n\n\
             {code}\n\n\
             Il est valable {minutes} minutes. Ne le saisissez que sur une page qui affiche les mêmes caractères : {tag}.\n\n\
             Si ce n'était pas vous, ne communiquez ce code à personne. Sans lui, rien ne se passe.",
        ),
        (Kind::RecoveryCode { .. }, German) => (
            "Ihr Code für den Zugang",
            "Jemand möchte ohne Passwort wieder Zugang erhalten. Der Code:\n\n\
             {code}\n\n\
             Er gilt {minutes} Minuten. Geben Sie ihn nur auf einer Seite ein, die dieselben Zeichen zeigt: {tag}.\n\n\
             Falls Sie es nicht waren, geben Sie diesen Code niemandem weiter. Ohne ihn geschieht nichts.",
        ),
        (Kind::RecoveryReleased, English) => (
            "Your access is being recovered",
            "The right code was typed, and your access is being recovered.\n\n\
             If it was not you, tell your administrator now, and look under \"Account\" which devices are yours.",
        ),
        (Kind::RecoveryReleased, French) => (
            "Votre accès est en cours de récupération",
            "Le bon code a été saisi, et votre accès est en cours de récupération.\n\n\
             Si ce n'était pas vous, prévenez immédiatement votre administrateur et vérifiez dans « Compte » quels appareils sont les vôtres.",
        ),
        (Kind::RecoveryReleased, German) => (
            "Ihr Zugang wird wiederhergestellt",
            "Der richtige Code wurde eingegeben, und Ihr Zugang wird wiederhergestellt.\n\n\
             Falls Sie es nicht waren, benachrichtigen Sie sofort Ihre Administration, und sehen Sie unter „Konto“ nach, welche Geräte Ihnen gehören.",
        ),
        (Kind::RecoveryWaiting { .. }, English) => (
            "Your access will be recovered",
            "The right code was typed. Your access can be recovered from {until} on, and not before.\n\n\
             If it was not you, sign in and stop it under \"Account\", before then.",
        ),
        (Kind::RecoveryWaiting { .. }, French) => (
            "Votre accès va être récupéré",
            "Le bon code a été saisi. Votre accès pourra être récupéré à partir du {until}, pas avant.\n\n\
             Si ce n'était pas vous, connectez-vous et arrêtez la récupération dans « Compte » avant cette date.",
        ),
        (Kind::RecoveryWaiting { .. }, German) => (
            "Ihr Zugang wird demnächst wiederhergestellt",
            "Der richtige Code wurde eingegeben. Ihr Zugang kann ab {until} wiederhergestellt werden, nicht früher.\n\n\
             Falls Sie es nicht waren, melden Sie sich vorher an, und brechen Sie es unter „Konto“ ab.",
        ),
        (Kind::RecoveryLocked, English) => (
            "Getting back in by code is locked",
            "Wrong codes were typed too often, so no more codes are sent. Nobody got in.\n\n\
             Sign in with your password or another of your ways back in, and set up the code by email again.",
        ),
        (Kind::RecoveryLocked, French) => (
            "La récupération par code est bloquée",
            "De mauvais codes ont été saisis trop souvent : aucun autre code n'est envoyé. Personne n'a obtenu l'accès.\n\n\
             Connectez-vous avec votre mot de passe ou un autre moyen, puis configurez de nouveau le code par courriel.",
        ),
        (Kind::RecoveryLocked, German) => (
            "Der Zugang per Code ist gesperrt",
            "Es wurden zu oft falsche Codes eingegeben, deshalb werden keine weiteren verschickt. Niemand hat Zugang erhalten.\n\n\
             Melden Sie sich mit Ihrem Passwort oder auf einem anderen Weg an, und richten Sie den Code per E-Mail neu ein.",
        ),
        (Kind::EscrowCode { .. }, English) => (
            "Your code to confirm this address",
            "Something waits for whoever reads mail at this address. The code that confirms it:\n\n\
             {code}\n\n\
             It is good for {minutes} minutes. If you did not ask for it, do not pass it on to anybody.",
        ),
        (Kind::EscrowCode { .. }, French) => (
            "Votre code pour confirmer cette adresse",
            "Quelque chose attend la personne qui lit les messages de cette adresse. Le code qui la confirme :\n\n\
             {code}\n\n\
             Il est valable {minutes} minutes. Si vous ne l'avez pas demandé, ne le communiquez à personne.",
        ),
        (Kind::EscrowCode { .. }, German) => (
            "Ihr Code zur Bestätigung dieser Adresse",
            "Für die Person, die unter dieser Adresse Post liest, liegt etwas bereit. Der Code, der sie bestätigt:\n\n\
             {code}\n\n\
             Er gilt {minutes} Minuten. Falls Sie ihn nicht angefordert haben, geben Sie ihn niemandem weiter.",
        ),
    };
    Words { subject, text }
}

impl Letter {
    /// The subject.
    #[must_use]
    pub const fn subject(&self) -> &'static str {
        words(&self.kind, self.language).subject
    }

    /// The text, with a line feed at the end of each line.
    #[must_use]
    pub fn text(&self) -> String {
        let text = words(&self.kind, self.language).text;
        let mut text = match &self.kind {
            LetterKind::RecoveryCode { code, tag, minutes } => text
                .replace("{code}", &code.shown())
                .replace("{tag}", tag)
                .replace("{minutes}", &minutes.to_string()),
            LetterKind::EscrowCode { code, minutes } => text
                .replace("{code}", &code.shown())
                .replace("{minutes}", &minutes.to_string()),
            LetterKind::RecoveryWaiting { until } => text.replace("{until}", &instant(*until)),
            LetterKind::RecoveryReleased | LetterKind::RecoveryLocked => text.into(),
        };
        text.push('\n');
        text
    }
}

/// An instant to the minute, rounded up. In UTC: nobody here knows where the reader is.
fn instant(at: Timestamp) -> String {
    let millis = at.millis().div_ceil(60_000).saturating_mul(60_000);
    i64::try_from(millis)
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
        .unwrap_or_default()
}

/// Why a letter is not on its way.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
    /// No mail server is configured.
    #[error("no mail server is configured")]
    NotConfigured,
    /// The mail server does not take letters at present, or too many wait already.
    #[error("the mail server does not take letters at present")]
    Unavailable,
    /// It cannot be written or sent: the address is none.
    #[error("there is no way to send to this address")]
    BadAddress,
}

/// Sends letters.
pub trait Post: Send + Sync {
    /// Whether letters can be taken at present. It is asked before anybody is looked up, so that an
    /// answer says nothing about who exists.
    ///
    /// # Errors
    /// [`PostError::NotConfigured`], [`PostError::Unavailable`].
    fn ready(&self) -> Result<(), PostError>;

    /// Takes a letter and sends it as soon as can be. It does not wait for that: how long it takes
    /// is nobody's business.
    ///
    /// # Errors
    /// See [`PostError`]; nothing is sent then.
    fn send(&self, letter: Letter) -> Result<(), PostError>;
}

/// No mail server: every letter is refused.
#[derive(Clone, Copy, Debug)]
pub struct NoPost;

impl Post for NoPost {
    fn ready(&self) -> Result<(), PostError> {
        Err(PostError::NotConfigured)
    }

    fn send(&self, _: Letter) -> Result<(), PostError> {
        Err(PostError::NotConfigured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_kind() -> Vec<LetterKind> {
        let code = Code::parse("12345678").unwrap();
        vec![
            LetterKind::RecoveryCode {
                code: code.clone(),
                tag: "WER-C8G".into(),
                minutes: 10,
            },
            LetterKind::RecoveryReleased,
            LetterKind::RecoveryWaiting {
                until: Timestamp::from_millis(1_795_305_600_001),
            },
            LetterKind::RecoveryLocked,
            LetterKind::EscrowCode { code, minutes: 10 },
        ]
    }

    fn letter(kind: LetterKind, language: Language) -> Letter {
        Letter {
            to: "anna.muster@clinic.example".into(),
            language,
            kind,
        }
    }

    #[test]
    fn every_letter_is_written_in_every_language() {
        let mut texts = std::collections::HashSet::new();
        for kind in every_kind() {
            for language in Language::ALL {
                let letter = letter(kind.clone(), language);
                let text = letter.text();
                assert!(!letter.subject().is_empty() && letter.subject().len() < 70);
                assert!(!text.contains(['{', '}', '\r']), "{text}");
                assert!(texts.insert(text) && texts.insert(letter.subject().into()));
            }
        }
        assert_eq!(texts.len(), 30);
    }

    #[test]
    fn a_letter_brings_its_code_and_what_to_compare() {
        for language in Language::ALL {
            let [code, _, waiting, _, escrow] = every_kind()
                .try_into()
                .map(|kinds: [LetterKind; 5]| kinds.map(|kind| letter(kind, language).text()))
                .unwrap();
            assert!(code.contains("1234 5678") && code.contains("WER-C8G"));
            assert!(code.contains("10 minutes") || code.contains("10 Minuten"));
            assert!(escrow.contains("1234 5678"));
            assert!(waiting.contains("2026-11-22 00:01 UTC"), "{waiting}");
        }
    }

    #[test]
    fn no_letter_holds_a_name_an_address_or_an_identifier() {
        for kind in every_kind() {
            for language in Language::ALL {
                let letter = letter(kind.clone(), language);
                let all = format!("{} {}", letter.subject(), letter.text());
                let words = words(&letter.kind, language);
                for forbidden in [
                    "@", "anna", "muster", "clinic", "http", "www", "usr_", "ten_", "grp_", "ses_",
                    "dev_", "pnd_", "<", ">",
                ] {
                    assert!(
                        !all.to_lowercase().contains(forbidden),
                        "{forbidden}: {all}"
                    );
                }
                // What is not in the words comes from the letter: code, tag, minutes and instant.
                assert!(!words.text.contains(|letter: char| letter.is_ascii_digit()));
                assert!(
                    !words
                        .subject
                        .contains(|letter: char| letter.is_ascii_digit())
                );
            }
        }
    }

    #[test]
    fn a_letter_is_not_shown_in_logs() {
        for kind in every_kind() {
            let shown = format!("{:?}", letter(kind, Language::English));
            assert!(
                !shown.contains("anna") && !shown.contains("1234"),
                "{shown}"
            );
        }
    }

    #[test]
    fn without_a_mail_server_every_letter_is_refused() {
        assert_eq!(NoPost.ready(), Err(PostError::NotConfigured));
        let kind = LetterKind::RecoveryReleased;
        let refused = NoPost.send(letter(kind, Language::French));
        assert_eq!(refused, Err(PostError::NotConfigured));
    }
}
