//! What a person typed, in the one form that both servers' functions are fed with.

use alloc::string::String;
use core::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::nfc::nfc;

/// Longest password in bytes after normalisation.
pub const MAX_BYTES: usize = 1024;

/// A password as an `OpaqueString` (RFC 8265 section 4.2): every space is the ASCII space, and the
/// text is in normalisation form C, so that a composed `é` (a French keyboard, Windows) equals a
/// decomposed one (macOS, some phones). Case is kept, and so are spaces at both ends.
///
/// Stricter than the profile in one way: characters that nobody sees (soft hyphen, joiners,
/// directional marks, variation selectors) are refused one by one, joiners in context too. Laxer in
/// one: code points that Unicode has not assigned pass, so that the table of assignments need not
/// be shipped, and form C of a text of assigned characters never changes between versions.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

/// A password that has no canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordRefused {
    /// Nothing was typed.
    #[error("the password is empty")]
    Empty,
    /// Longer than [`MAX_BYTES`].
    #[error("the password is longer than 1024 bytes")]
    TooLong,
    /// A line break, tab or another control character.
    #[error("the password contains a control character")]
    ControlCharacter,
    /// A character that is not shown, such as a soft hyphen from a copied text.
    #[error("the password contains an invisible character")]
    InvisibleCharacter,
}

impl Password {
    /// Normalises what was typed.
    ///
    /// # Errors
    /// [`PasswordRefused`]. The same text is refused at every sign-in, hence at registration.
    pub fn new(typed: &str) -> Result<Self, PasswordRefused> {
        if typed.is_empty() {
            return Err(PasswordRefused::Empty);
        }
        if typed.len() > MAX_BYTES {
            return Err(PasswordRefused::TooLong);
        }
        if typed.chars().any(char::is_control) {
            return Err(PasswordRefused::ControlCharacter);
        }
        if typed.chars().any(is_invisible) {
            return Err(PasswordRefused::InvisibleCharacter);
        }
        let text = nfc(typed.chars().map(plain_space));
        if text.len() > MAX_BYTES {
            return Err(PasswordRefused::TooLong);
        }
        Ok(Self(text))
    }

    /// The normalised text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Unicode general category Zs other than U+0020 becomes U+0020.
const fn plain_space(c: char) -> char {
    match c {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            ' '
        }
        other => other,
    }
}

/// Unicode properties `Default_Ignorable_Code_Point` and `Noncharacter_Code_Point` (RFC 8264
/// section 9.13 disallows both), and the line and paragraph separators.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        // The last two code points of every plane.
        || u32::from(c) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::ToString;

    fn same(a: &str, b: &str) {
        assert_eq!(Password::new(a).unwrap(), Password::new(b).unwrap());
    }

    #[test]
    fn composed_and_decomposed_letters_are_equal() {
        same("caf\u{e9}", "cafe\u{301}");
        same("Gru\u{308}\u{df}e", "Gr\u{fc}\u{df}e");
        same("\u{212b}ngstr\u{f6}m", "A\u{30a}ngstro\u{308}m");
        // Marks in another order, a Hangul syllable from its parts.
        same("q\u{307}\u{323}", "q\u{323}\u{307}");
        same("\u{1112}\u{1161}\u{11ab}", "\u{d55c}");
    }

    #[test]
    fn every_space_is_the_same_space() {
        for space in ['\u{a0}', '\u{2009}', '\u{202f}', '\u{3000}'] {
            same(
                "vier W\u{f6}rter",
                &"vier W\u{f6}rter".replace(' ', &space.to_string()),
            );
        }
    }

    #[test]
    fn what_differs_for_the_person_stays_different() {
        for (a, b) in [
            ("Kennwort", "kennwort"),
            ("stra\u{df}e", "strasse"),
            (" a", "a"),
            // Compatibility forms are not folded: form C, not KC.
            ("\u{fb01}n", "fin"),
            ("\u{2460}", "1"),
        ] {
            assert_ne!(Password::new(a).unwrap(), Password::new(b).unwrap());
        }
    }

    #[test]
    fn refusals() {
        assert_eq!(Password::new(""), Err(PasswordRefused::Empty));
        for control in ["a\nb", "a\tb", "\0", "\u{7f}", "\u{85}"] {
            assert_eq!(
                Password::new(control),
                Err(PasswordRefused::ControlCharacter)
            );
        }
        for invisible in [
            "a\u{ad}b",
            "\u{200b}",
            "\u{feff}x",
            "\u{2028}",
            "x\u{fe0f}",
            "\u{1ffff}",
        ] {
            assert_eq!(
                Password::new(invisible),
                Err(PasswordRefused::InvisibleCharacter)
            );
        }
    }

    #[test]
    fn the_length_is_bounded_before_and_after_normalisation() {
        assert!(Password::new(&"a".repeat(1024)).is_ok());
        assert_eq!(
            Password::new(&"a".repeat(1025)),
            Err(PasswordRefused::TooLong)
        );
        // U+1D160 is twelve bytes in form C and four before.
        assert_eq!(
            Password::new(&"\u{1d160}".repeat(100)),
            Err(PasswordRefused::TooLong)
        );
    }

    #[test]
    fn a_password_is_not_printed() {
        let shown = std::format!("{:?}", Password::new("geheim").unwrap());
        assert_eq!(shown, "Password(..)");
    }
}
