//! What stands in letters to people and to facilities that are not registered: that there is something, codes, and never
//! a name or anything about a patient.

use crate::{mail::Language, store::letters::Kind};

/// What a letter is written of.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Particulars {
    /// A code of eight digits.
    pub(crate) code: String,
    /// What the page shows beside it.
    pub(crate) tag: String,
    /// Where the page is.
    pub(crate) link: String,
    /// The code of an invitation.
    pub(crate) invitation: Option<String>,
}

/// Subject and text of a letter, in plain text with `\r\n` at the ends of lines.
pub(crate) fn letter(kind: Kind, language: Language, of: &Particulars) -> (&'static str, String) {
    let (subject, paragraphs) = words(kind, language, of);
    (subject, paragraphs.join("\r\n\r\n") + "\r\n")
}

fn words(kind: Kind, language: Language, of: &Particulars) -> (&'static str, Vec<String>) {
    match kind {
        Kind::Code => code(language, of),
        Kind::Waiting | Kind::StillWaiting => waiting(kind, language, of),
        _ => told(kind, language, of),
    }
}

fn code(language: Language, of: &Particulars) -> (&'static str, Vec<String>) {
    let (first, last) = of.code.split_at_checked(4).unwrap_or((&of.code, ""));
    let code = format!("{first} {last}");
    let tag = &of.tag;
    match language {
        Language::En => (
            "Your code from Wardseal Transfer",
            vec![
                format!("Your code from Wardseal Transfer: {code}"),
                format!("The page shows {tag}. If it shows something else, do not type the code."),
                "It is good for ten minutes. The page asks for a second code too, which another \
                 server sends: neither of the two can open your keys alone."
                    .into(),
                "If you did not ask for it, somebody else did. Give it to nobody, and tell your \
                 administrators."
                    .into(),
            ],
        ),
        Language::Fr => (
            "Votre code de Wardseal Transfer",
            vec![
                format!("Votre code de Wardseal Transfer : {code}"),
                format!(
                    "La page affiche {tag}. Si elle affiche autre chose, ne saisissez pas le code."
                ),
                "Il est valable dix minutes. La page demande aussi un second code, envoyé par un \
                 autre serveur : aucun des deux ne peut ouvrir vos clés à lui seul."
                    .into(),
                "Si vous ne l’avez pas demandé, quelqu’un d’autre l’a fait. Ne le donnez à \
                 personne et prévenez vos administrateurs."
                    .into(),
            ],
        ),
        Language::De => (
            "Ihr Code von Wardseal Transfer",
            vec![
                format!("Ihr Code von Wardseal Transfer: {code}"),
                format!(
                    "Die Seite zeigt {tag}. Zeigt sie etwas anderes, geben Sie den Code nicht ein."
                ),
                "Er gilt zehn Minuten. Die Seite fragt auch nach einem zweiten Code, den ein \
                 anderer Server schickt: Keiner der beiden kann Ihre Schlüssel allein öffnen."
                    .into(),
                "Wenn Sie ihn nicht angefordert haben, war es jemand anders. Geben Sie ihn \
                 niemandem und sagen Sie Ihrer Administration Bescheid."
                    .into(),
            ],
        ),
    }
}

fn waiting(kind: Kind, language: Language, of: &Particulars) -> (&'static str, Vec<String>) {
    let again = kind == Kind::StillWaiting;
    let link = match &of.invitation {
        Some(invitation) => format!("{}/#facility={invitation}", of.link),
        None => of.link.clone(),
    };
    match language {
        Language::En => (
            if again {
                "A transfer request still waits for your facility"
            } else {
                "A transfer request waits for your facility"
            },
            vec![
                if again {
                    "A hospital has asked your facility for a place through Wardseal Transfer, and \
                     the request still waits."
                } else {
                    "A hospital asks your facility for a place through Wardseal Transfer."
                }
                .into(),
                "The request is encrypted: only your facility will be able to read it, neither \
                 this letter nor any server says what is in it. To open and answer it, register \
                 your facility:"
                    .into(),
                link,
            ],
        ),
        Language::Fr => (
            if again {
                "Une demande de transfert attend toujours votre établissement"
            } else {
                "Une demande de transfert attend votre établissement"
            },
            vec![
                if again {
                    "Un hôpital a demandé une place à votre établissement par Wardseal Transfer, et \
                     la demande attend toujours."
                } else {
                    "Un hôpital demande une place à votre établissement par Wardseal Transfer."
                }
                .into(),
                "La demande est chiffrée : seul votre établissement pourra la lire ; ni ce message \
                 ni aucun serveur ne dit ce qu’elle contient. Pour l’ouvrir et y répondre, \
                 inscrivez votre établissement :"
                    .into(),
                link,
            ],
        ),
        Language::De => (
            if again {
                "Eine Verlegungsanfrage wartet noch auf Ihre Einrichtung"
            } else {
                "Eine Verlegungsanfrage wartet auf Ihre Einrichtung"
            },
            vec![
                if again {
                    "Ein Krankenhaus hat Ihre Einrichtung über Wardseal Transfer um einen Platz \
                     gebeten, und die Anfrage wartet noch."
                } else {
                    "Ein Krankenhaus bittet Ihre Einrichtung über Wardseal Transfer um einen Platz."
                }
                .into(),
                "Die Anfrage ist verschlüsselt: Nur Ihre Einrichtung wird sie lesen können; weder \
                 dieser Brief noch ein Server sagt, was darin steht. Um sie zu öffnen und zu \
                 beantworten, melden Sie Ihre Einrichtung an:"
                    .into(),
                link,
            ],
        ),
    }
}

/// Letters that say that something has happened, and what to do if it was somebody else.
fn told(kind: Kind, language: Language, of: &Particulars) -> (&'static str, Vec<String>) {
    let (subject, text) = happened(kind, language);
    let then = match (kind, language) {
        (Kind::HelpWanted, Language::En) => {
            "Sign in to answer. Give nothing away before you have spoken to the person:"
        }
        (Kind::HelpWanted, Language::Fr) => {
            "Connectez-vous pour répondre. N’accordez rien avant d’avoir parlé à la personne :"
        }
        (Kind::HelpWanted, Language::De) => {
            "Melden Sie sich an, um zu antworten. Geben Sie nichts frei, bevor Sie mit der Person gesprochen haben:"
        }
        (_, Language::En) => {
            "If that was not you, sign in, look at your account, and tell your administrators:"
        }
        (_, Language::Fr) => {
            "Si ce n’était pas vous, connectez-vous, vérifiez votre compte et prévenez vos administrateurs :"
        }
        (_, Language::De) => {
            "Wenn Sie das nicht waren, melden Sie sich an, prüfen Sie Ihr Konto und sagen Sie Ihrer Administration Bescheid:"
        }
    };
    (subject, vec![text.into(), then.into(), of.link.clone()])
}

const fn happened(kind: Kind, language: Language) -> (&'static str, &'static str) {
    use Language::{De, En, Fr};
    match (kind, language) {
        (Kind::HelpAsked, En) => (
            "Your administrators were asked for help",
            "Somebody who gave your name has asked the administrators of your facility to help you back in.",
        ),
        (Kind::HelpAsked, Fr) => (
            "Vos administrateurs ont été sollicités",
            "Une personne donnant votre nom a demandé aux administrateurs de votre établissement de vous rendre l’accès.",
        ),
        (Kind::HelpAsked, De) => (
            "Ihre Administration wurde um Hilfe gebeten",
            "Jemand, der Ihren Namen angab, hat die Administration Ihrer Einrichtung gebeten, Ihren Zugang wiederherzustellen.",
        ),
        (Kind::HelpWanted, En) => (
            "Somebody of your facility asks for help",
            "Somebody of your facility asks you, as an administrator, for help to come back in.",
        ),
        (Kind::HelpWanted, Fr) => (
            "Une personne de votre établissement demande de l’aide",
            "Une personne de votre établissement vous demande, en tant qu’administrateur, de l’aider à retrouver son accès.",
        ),
        (Kind::HelpWanted, De) => (
            "Jemand aus Ihrer Einrichtung bittet um Hilfe",
            "Jemand aus Ihrer Einrichtung bittet Sie als Administratorin oder Administrator um Hilfe, wieder hineinzukommen.",
        ),
        (Kind::AddressChanged, En) => (
            "Your mail address was changed",
            "Letters of Wardseal Transfer to you go to another address from now on.",
        ),
        (Kind::AddressChanged, Fr) => (
            "Votre adresse a été modifiée",
            "Les messages de Wardseal Transfer vous seront désormais envoyés à une autre adresse.",
        ),
        (Kind::AddressChanged, De) => (
            "Ihre Mailadresse wurde geändert",
            "Briefe von Wardseal Transfer an Sie gehen ab jetzt an eine andere Adresse.",
        ),
        (Kind::Restarted, En) => (
            "A new identity was begun for you",
            "An administrator of your facility has begun a new identity for you, because you have no way back in.",
        ),
        (Kind::Restarted, Fr) => (
            "Une nouvelle identité a été créée pour vous",
            "Un administrateur de votre établissement a commencé une nouvelle identité pour vous, faute d’autre moyen d’accès.",
        ),
        (Kind::Restarted, De) => (
            "Für Sie wurde eine neue Identität begonnen",
            "Die Administration Ihrer Einrichtung hat eine neue Identität für Sie begonnen, weil Sie keinen Weg zurück haben.",
        ),
        // Recovered, and those that are written elsewhere.
        (_, En) => (
            "Your access was recovered",
            "Your access was recovered without your password.",
        ),
        (_, Fr) => (
            "Votre accès a été rétabli",
            "Votre accès a été rétabli sans votre mot de passe.",
        ),
        (_, De) => (
            "Ihr Zugang wurde wiederhergestellt",
            "Ihr Zugang wurde ohne Ihr Passwort wiederhergestellt.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_letter_is_written_in_every_language_and_holds_nothing_but_its_particulars() {
        let of = Particulars {
            code: "12345678".into(),
            tag: "ABC-DEF".into(),
            link: "https://transfer.example".into(),
            invitation: Some("INVITED".into()),
        };
        let mut subjects = BTreeSet::new();
        for kind in Kind::ALL {
            for language in [Language::En, Language::Fr, Language::De] {
                let (subject, text) = letter(*kind, language, &of);
                subjects.insert(subject);
                let has = |what: &str| text.contains(what);
                assert_eq!(has("1234 5678"), *kind == Kind::Code);
                assert_eq!(has("ABC-DEF"), *kind == Kind::Code);
                assert_eq!(has("https://transfer.example"), *kind != Kind::Code);
                let waits = matches!(kind, Kind::Waiting | Kind::StillWaiting);
                assert_eq!(has("/#facility=INVITED"), waits);
                // What is left is the same for everybody: no digits, no addresses.
                let rest = text.replace("1234 5678", "");
                assert!(!rest.contains(|letter: char| letter.is_ascii_digit() || letter == '@'));
                assert!(!subject.contains(|letter: char| letter.is_ascii_digit()));
            }
        }
        assert_eq!(subjects.len(), 3 * Kind::ALL.len());
    }
}
