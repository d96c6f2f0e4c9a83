//! The recovery code, which people copy by hand.
//!
//! It is written in Crockford's base32, which has no I, L, O and U. Decoding is ours and not a
//! library's, since the check below counts in the 32 symbols; the packing is the library's.

use core::fmt;

use base32ct::{Base32Unpadded, Encoding as _};
use rand_core::CryptoRng;
use wardseal_crypto::{CryptoError, secret::Secret};
use zeroize::Zeroizing;

/// The symbols, in the order of their values.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The same values in RFC 4648.
const RFC4648: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Symbols of a group.
const GROUP: usize = 4;
/// Symbols of the secret: 160 bit.
const SYMBOLS: usize = 32;
/// Symbols of the check, at the end.
const CHECK: usize = 2;

/// A recovery code: 160 random bits, which a person keeps on paper.
///
/// Its text has eight groups of four symbols and two that check them. The check never leaves the
/// machine: a wrong symbol is found before anything is asked, and the check says in which group it
/// stands.
#[derive(Debug)]
pub struct RecoveryCode(Secret<20>);

/// Why a text is no recovery code.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadCode {
    /// It has too few or too many symbols.
    #[error("a recovery code has 34 letters and digits, in eight groups of four and one of two")]
    Length,
    /// Something in this group is wrong, counted from 1. The ninth are the last two symbols.
    #[error("the recovery code was not copied correctly: look at group {0}")]
    Group(u8),
    /// Something in more than one group is wrong.
    #[error("the recovery code was not copied correctly: more than one group of it is wrong")]
    Several,
}

impl BadCode {
    /// The group to look at, if it is one.
    #[must_use]
    pub const fn group(self) -> Option<u8> {
        match self {
            Self::Group(group) => Some(group),
            Self::Length | Self::Several => None,
        }
    }
}

impl RecoveryCode {
    /// Draws a code.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn generate(rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        Secret::generate(rng).map(Self)
    }

    /// The 160 bits.
    #[must_use]
    pub const fn secret(&self) -> &Secret<20> {
        &self.0
    }

    /// The text: `ABCD-EFGH-JKMN-PQRS-TVWX-YZ01-2345-6789-AB`.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut symbols = symbols_of(self.0.expose());
        let (first, second) = checks(&symbols);
        symbols.extend([first, second]);
        let mut text = Zeroizing::new(String::with_capacity(SYMBOLS + CHECK + SYMBOLS / GROUP));
        for (at, symbol) in symbols.iter().enumerate() {
            if at > 0 && at % GROUP == 0 {
                text.push('-');
            }
            text.push(letter(*symbol));
        }
        text
    }

    /// Reads a text as people type it: small letters, spaces, and the letters that look like digits
    /// are taken for what is meant.
    ///
    /// # Errors
    /// See [`BadCode`].
    pub fn parse(text: &str) -> Result<Self, BadCode> {
        let mut symbols = Zeroizing::new(Vec::with_capacity(SYMBOLS + CHECK));
        let mut unreadable = None;
        for letter in text.chars() {
            if letter == '-' || letter.is_whitespace() {
                continue;
            }
            let symbol = value(letter);
            if symbol.is_none() {
                unreadable = unreadable.or_else(|| u8::try_from(symbols.len() / GROUP + 1).ok());
            }
            symbols.push(symbol.unwrap_or_default());
            if symbols.len() > SYMBOLS + CHECK {
                return Err(BadCode::Length);
            }
        }
        let (Some((secret, [first, second])), true) = (
            symbols.split_last_chunk::<CHECK>(),
            symbols.len() == SYMBOLS + CHECK,
        ) else {
            return Err(BadCode::Length);
        };
        if let Some(group) = unreadable {
            return Err(BadCode::Group(group));
        }
        let expected = checks(secret);
        locate(expected.0 ^ first, expected.1 ^ second)?;
        let packed: Zeroizing<String> = Zeroizing::new(
            secret
                .iter()
                .filter_map(|symbol| RFC4648.get(usize::from(*symbol)))
                .map(|letter| char::from(*letter))
                .collect(),
        );
        let mut bytes = Zeroizing::new([0; 20]);
        Base32Unpadded::decode(packed.as_bytes(), bytes.as_mut_slice())
            .ok()
            .and_then(|bytes| Secret::try_from_slice(bytes).ok())
            .map(Self)
            .ok_or(BadCode::Several)
    }
}

/// The 32 values of which bytes consist.
fn symbols_of(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let packed = Zeroizing::new(Base32Unpadded::encode_string(bytes));
    let value = |letter: u8| RFC4648.iter().position(|known| *known == letter);
    let values = packed.bytes().filter_map(value);
    Zeroizing::new(
        values
            .filter_map(|value| u8::try_from(value).ok())
            .collect(),
    )
}

fn letter(symbol: u8) -> char {
    CROCKFORD
        .get(usize::from(symbol))
        .map_or('-', |letter| char::from(*letter))
}

/// The value of a typed letter, by Crockford's rules.
fn value(typed: char) -> Option<u8> {
    let meant = match typed.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let position = CROCKFORD
        .iter()
        .position(|letter| char::from(*letter) == meant)?;
    u8::try_from(position).ok()
}

/// Two sums over GF(32). Each symbol has a weight of its own within its group; the second sum
/// weighs the group as well. So the quotient of what they are wrong by names the group, whatever
/// happened in it: a wrong symbol, two that changed places, four wrong ones.
fn checks(symbols: &[u8]) -> (u8, u8) {
    let mut sums = (0, 0);
    for (at, symbol) in symbols.iter().enumerate() {
        let (group, place) = (at / GROUP, at % GROUP);
        let weighed = times(*symbol, power(place));
        sums.0 ^= weighed;
        sums.1 ^= times(weighed, power(group + 1));
    }
    sums
}

/// What the sums say when they are wrong by so much.
fn locate(first: u8, second: u8) -> Result<(), BadCode> {
    match (first, second) {
        (0, 0) => Ok(()),
        // One of the two symbols of the check itself.
        (0, _) | (_, 0) => Err(BadCode::Group(9)),
        _ => Err((1..=8u8)
            .find(|group| times(first, power(usize::from(*group))) == second)
            .map_or(BadCode::Several, BadCode::Group)),
    }
}

/// x to this power, in GF(2)[x] modulo x^5 + x^2 + 1, of which x generates all 31 elements.
fn power(exponent: usize) -> u8 {
    (0..exponent).fold(1, |element, _| times(element, 2))
}

fn times(one: u8, other: u8) -> u8 {
    let mut product = 0;
    let mut shifted = one;
    for bit in 0..5 {
        if other >> bit & 1 == 1 {
            product ^= shifted;
        }
        shifted <<= 1;
        if shifted & 0x20 != 0 {
            shifted ^= 0x25;
        }
    }
    product
}

impl fmt::Display for RecoveryCode {
    /// Codes are not printed by mistake.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(bytes: [u8; 20]) -> RecoveryCode {
        RecoveryCode(Secret::from_bytes(bytes))
    }

    fn parsed(text: &str) -> Result<[u8; 20], BadCode> {
        RecoveryCode::parse(text).map(|code| *code.secret().expose())
    }

    #[test]
    fn the_text_is_pinned() {
        let zero = code([0; 20]);
        assert_eq!(
            *zero.to_text(),
            "0000-0000-0000-0000-0000-0000-0000-0000-00"
        );
        let mut bytes = [0; 20];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from(at).unwrap() * 13;
        }
        let text = code(bytes).to_text();
        assert_eq!(*text, "006H-M9SM-8575-PT3N-GA7S-SADP-RF8D-VTQQ-V4");
        assert_eq!(parsed(&text), Ok(bytes));
    }

    #[test]
    fn what_people_type_is_understood() {
        let text = code([0; 20]).to_text();
        assert_eq!(parsed(&text.replace('0', "o")), Ok([0; 20]));
        assert_eq!(parsed(&text.replace('-', " ")), Ok([0; 20]));
        assert_eq!(parsed(&text.replace('-', "")), Ok([0; 20]));
        let ones = code([0x08, 0x42, 0x10, 0x84, 0x21].repeat(4).try_into().unwrap());
        let text = ones.to_text().to_lowercase();
        assert!(text.starts_with("1111-1111"));
        assert_eq!(parsed(&text.replace('1', "l")), Ok(*ones.secret().expose()));
        assert_eq!(parsed(&text.replace('1', "I")), Ok(*ones.secret().expose()));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        let text = code([7; 20]).to_text();
        assert_eq!(parsed(""), Err(BadCode::Length));
        assert_eq!(parsed(text.get(1..).unwrap()), Err(BadCode::Length));
        assert_eq!(parsed(&format!("{}0", *text)), Err(BadCode::Length));
        assert_eq!(parsed(&"0".repeat(10_000)), Err(BadCode::Length));
        let mut unreadable = text.to_string();
        unreadable.replace_range(10..11, "U");
        assert_eq!(parsed(&unreadable), Err(BadCode::Group(3)));
    }

    #[test]
    fn x_generates_the_field() {
        let mut all: Vec<_> = (0..31).map(power).collect();
        all.sort_unstable();
        assert_eq!(all, (1..32).collect::<Vec<u8>>());
    }

    proptest! {
        #[test]
        fn every_code_reads_as_itself(bytes: [u8; 20]) {
            prop_assert_eq!(parsed(&code(bytes).to_text()), Ok(bytes));
        }

        #[test]
        fn one_wrong_symbol_is_found_in_its_group(bytes: [u8; 20], at in 0usize..34, by in 1u8..32) {
            let text = code(bytes).to_text();
            let mut symbols: Vec<u8> = text.chars().filter_map(value).collect();
            symbols[at] ^= by;
            let wrong: String = symbols.iter().copied().map(letter).collect();
            let group = u8::try_from(at / GROUP + 1).unwrap();
            prop_assert_eq!(parsed(&wrong), Err(BadCode::Group(group)));
        }

        #[test]
        fn neighbours_that_changed_places_are_found(bytes: [u8; 20], at in 0usize..33) {
            let text = code(bytes).to_text();
            let mut symbols: Vec<u8> = text.chars().filter_map(value).collect();
            prop_assume!(symbols[at] != symbols[at + 1]);
            symbols.swap(at, at + 1);
            let wrong: String = symbols.iter().copied().map(letter).collect();
            let found = parsed(&wrong);
            prop_assert!(found.is_err());
            if at / GROUP == (at + 1) / GROUP && at < SYMBOLS {
                let group = u8::try_from(at / GROUP + 1).unwrap();
                prop_assert_eq!(found, Err(BadCode::Group(group)));
            }
        }

        #[test]
        fn whatever_is_typed_is_answered(text: String) {
            let _ = parsed(&text);
        }
    }
}
