//! The gate against trivial passwords, at the moment one is chosen.
//!
//! Guessing is limited by two servers, so a password need not withstand a graphics card: it must not
//! be among the few that an attacker tries first. Hence a minimum length, and a refusal of what
//! people choose when they do not want to choose. The check runs on the client, where the password
//! is; it is help, not a defence against the person.

use alloc::string::String;
use alloc::vec::Vec;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::password::Password;

/// Fewest characters (Unicode scalar values after normalisation).
pub const MIN_CHARS: usize = 10;

/// Fewest different characters.
const MIN_DISTINCT: usize = 5;

/// Fewest independent choices once runs such as `abcdef` and `qwertz` are collapsed.
const MIN_CHOICES: usize = 6;

/// A forbidden word shorter than this is ignored: `de` stands in too many good passphrases.
const MIN_FORBIDDEN: usize = 4;

/// Why a password was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeakReason {
    /// Fewer than [`MIN_CHARS`] characters.
    TooShort,
    /// Few different characters, or one piece repeated.
    Repetitive,
    /// Neighbours of the alphabet, the digits or the keyboard.
    Sequence,
    /// A word that everybody tries first, plain or with the usual ornaments.
    Common,
    /// Contains the person's name or account.
    ContainsName,
}

/// A password was turned away: why, and what to do instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{advice}")]
pub struct WeakPassword {
    /// For the application, which says it in the person's language.
    pub reason: WeakReason,
    /// In English, for a log or a prototype.
    pub advice: &'static str,
}

impl From<WeakReason> for WeakPassword {
    fn from(reason: WeakReason) -> Self {
        let advice = match reason {
            WeakReason::TooShort => {
                "use at least 10 characters: three or four unrelated words are easy to remember"
            }
            WeakReason::Repetitive => "do not repeat the same characters: add unrelated words",
            WeakReason::Sequence => {
                "avoid runs of the alphabet, digits or keyboard rows: use unrelated words"
            }
            WeakReason::Common => {
                "this is one of the first that anyone tries: use several unrelated words"
            }
            WeakReason::ContainsName => "leave your name, address and account out of the password",
        };
        Self { reason, advice }
    }
}

/// Checks a password that is about to be set. `forbidden` holds what is known about the person:
/// name, email address, account; each is split into its words.
///
/// # Errors
/// [`WeakPassword`] with the first reason found.
pub fn check_strength(password: &Password, forbidden: &[&str]) -> Result<(), WeakPassword> {
    let folded = fold(password.expose());
    let chars = Zeroizing::new(folded.chars().collect::<Vec<_>>());
    if password.expose().chars().count() < MIN_CHARS {
        return Err(WeakReason::TooShort.into());
    }
    if distinct(&chars) < MIN_DISTINCT || repeats_a_piece(&chars) {
        return Err(WeakReason::Repetitive.into());
    }
    if choices(&chars) < MIN_CHOICES {
        return Err(WeakReason::Sequence.into());
    }
    if is_common(&folded) {
        return Err(WeakReason::Common.into());
    }
    if contains_name(&folded, forbidden) {
        return Err(WeakReason::ContainsName.into());
    }
    Ok(())
}

fn fold(text: &str) -> Zeroizing<String> {
    // Lower case is at most three times as long: growing would leave copies behind.
    let mut folded = Zeroizing::new(String::with_capacity(text.len().saturating_mul(3)));
    folded.extend(text.chars().flat_map(char::to_lowercase));
    folded
}

fn distinct(chars: &[char]) -> usize {
    chars
        .iter()
        .enumerate()
        .filter(|(at, c)| !chars.iter().take(*at).any(|before| before == *c))
        .count()
}

/// The whole is one piece, shorter than a password itself must be, at least twice in a row.
fn repeats_a_piece(chars: &[char]) -> bool {
    (1..MIN_CHARS.min(chars.len() / 2 + 1)).any(|piece| {
        chars
            .iter()
            .zip(chars.iter().skip(piece))
            .all(|(a, b)| a == b)
    })
}

/// Rows along which fingers slide, forwards and backwards.
const ROWS: [&str; 12] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertzuiopü+",
    "asdfghjklöä#",
    "yxcvbnm,.-",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "azertyuiop^$",
    "qsdfghjklmù*",
    "wxcvbn,;:!",
    "!\"§$%&/()=?",
];

/// Characters counted as free choices: a run of three or more counts as two (where, how long).
fn choices(mut chars: &[char]) -> usize {
    let mut count = 0;
    while !chars.is_empty() {
        let run = run_length(chars);
        count += if run >= 3 { 2 } else { 1 };
        let step = if run >= 3 { run } else { 1 };
        chars = chars.get(step..).unwrap_or_default();
    }
    count
}

fn run_length(chars: &[char]) -> usize {
    let same = chars
        .iter()
        .take_while(|c| Some(*c) == chars.first())
        .count();
    ROWS.iter()
        .map(|row| along(chars, row.chars()).max(along(chars, row.chars().rev())))
        .fold(same, usize::max)
}

/// How many of the first characters stand in this row, in this order.
fn along(chars: &[char], row: impl Iterator<Item = char>) -> usize {
    row.skip_while(|c| Some(c) != chars.first())
        .zip(chars)
        .take_while(|(a, b)| a == *b)
        .count()
}

/// The words of the list alone, twice, two of them joined, or dressed with digits and signs.
fn is_common(folded: &str) -> bool {
    let ornament = |c: char| !c.is_alphabetic();
    let plain = folded.trim_matches(ornament);
    let leet = plain_letters(folded);
    let leet_tail =
        folded.trim_end_matches(|c: char| c.is_ascii_digit() || "!?.,*+#-_ ".contains(c));
    let leet_tail = plain_letters(leet_tail);
    [
        folded,
        plain,
        &leet,
        leet.trim_matches(ornament),
        &leet_tail,
    ]
    .iter()
    .any(|core| is_listed(core))
}

fn is_listed(core: &str) -> bool {
    if core.is_empty() {
        return false;
    }
    common().any(|first| {
        core.strip_prefix(first).is_some_and(|rest| {
            let rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
            rest.is_empty() || common().any(|second| second == rest)
        })
    })
}

/// The usual substitutes read as letters.
fn plain_letters(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    plain.extend(text.chars().map(unleet));
    plain
}

const fn unleet(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

fn contains_name(folded: &str, forbidden: &[&str]) -> bool {
    forbidden.iter().any(|entry| {
        let entry = fold(entry);
        entry
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.chars().count() >= MIN_FORBIDDEN)
            .any(|word| folded.contains(word))
    })
}

/// Lower case, without ornaments. English, German, French, keyboards, and the words of the trade.
/// Small on purpose: length and the two servers' limits do the rest.
const COMMON: &str = include_str!("common.txt");

fn common() -> impl Iterator<Item = &'static str> {
    COMMON.split_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(password: &str, forbidden: &[&str]) -> Option<WeakReason> {
        check_strength(&Password::new(password).unwrap(), forbidden)
            .err()
            .map(|weak| weak.reason)
    }

    #[test]
    fn reasonable_passwords_pass() {
        for password in [
            "vier blaue Hunde im Schnee",
            "lampe tortue violon",
            "x7#Kq9!mPw2z",
            "Sommerregen-Kartoffel",
            "zehnZeich3",
            "correct horse battery staple",
            "größtenteils harmlos",
            "\u{6771}\u{4eac}\u{5927}\u{5b66}\u{56f3}\u{66f8}\u{9928}\u{524d}\u{5e83}\u{5834}",
        ] {
            assert_eq!(reason(password, &["Anna Schmidt"]), None, "{password}");
        }
    }

    #[test]
    fn ten_characters_are_the_minimum_whatever_the_bytes() {
        assert_eq!(reason("x7#Kq9!mP", &[]), Some(WeakReason::TooShort));
        assert_eq!(reason("x7#Kq9!mPw", &[]), None);
        // Nine characters in eighteen bytes, typed decomposed in twenty-seven.
        assert_eq!(reason("éàüöäèùçñ", &[]), Some(WeakReason::TooShort));
        assert_eq!(
            reason("e\u{301}a\u{300}u\u{308}xyqvbm", &[]),
            Some(WeakReason::TooShort)
        );
    }

    #[test]
    fn repetition_is_refused() {
        for password in [
            "aaaaaaaaaaaa",
            "abababababab",
            "Kq9!Kq9!Kq9!",
            "hundehunde",
            "1122112211",
            "xXxXxXxXyyyy",
        ] {
            assert_eq!(
                reason(password, &[]),
                Some(WeakReason::Repetitive),
                "{password}"
            );
        }
    }

    #[test]
    fn sequences_are_refused() {
        for password in [
            "abcdefghijkl",
            "1234567890",
            "9876543210",
            "qwertzuiop",
            "azertyuiop",
            "qwertyuiop",
            "POIUZTREWQ",
            "qwertz123456",
            "asdfghjklöä",
            "abcdef!!!!!!",
        ] {
            assert_eq!(
                reason(password, &[]),
                Some(WeakReason::Sequence),
                "{password}"
            );
        }
    }

    #[test]
    fn common_words_are_refused_with_their_ornaments() {
        for password in [
            "Passwort2024",
            "P@ssw0rd2024!",
            "passwordadmin",
            "Willkommen1!",
            "motdepasse75",
            "!!Bienvenue!!",
            "Sommer2026!",
            "Fr\u{fc}hling26!",
            "Krankenhaus#7",
            "1qay2wsx3edc",
            "hallo-schatz",
            "Adm1n1strator",
        ] {
            assert_eq!(
                reason(password, &[]),
                Some(WeakReason::Common),
                "{password}"
            );
        }
    }

    #[test]
    fn names_are_refused_in_any_case_and_inside() {
        let known = [
            "Anna Schmidt",
            "a.schmidt@klinik-nord.example",
            "doctor-4711",
        ];
        for password in ["mein-SCHMIDT-haus", "x4711yzqvbn", "nordlicht am see"] {
            assert_eq!(
                reason(password, &known),
                Some(WeakReason::ContainsName),
                "{password}"
            );
        }
        // Words of three letters are too short to forbid.
        assert_eq!(reason("der rote teppich", &["der"]), None);
    }

    #[test]
    fn every_reason_says_what_to_do() {
        let weak = check_strength(&Password::new("kurz").unwrap(), &[]).unwrap_err();
        assert_eq!(weak.reason, WeakReason::TooShort);
        assert!(weak.advice.contains("10"));
    }

    #[test]
    fn the_list_is_folded_and_free_of_doubles() {
        for (at, word) in common().enumerate() {
            assert_eq!(fold(word).as_str(), word);
            assert!(!common().skip(at + 1).any(|other| other == word), "{word}");
        }
    }
}
