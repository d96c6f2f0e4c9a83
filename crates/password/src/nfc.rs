//! Unicode normalisation form C (UAX #15) of a secret.
//!
//! Composed here from the library's character tables and not by its iterator, for two reasons: the
//! iterator picks between canonical and compatibility forms at run time, which brings the tables of
//! the latter into the browser (measured: 268 kB against 200 kB for all of this crate), and its
//! buffers keep the text after they are freed.

use alloc::string::String;
use alloc::vec::Vec;

use unicode_normalization::char::{canonical_combining_class, compose, decompose_canonical};
use zeroize::Zeroizing;

/// Most code points that one code point decomposes to (UAX #15 section 9, form D in UTF-32).
const MAX_EXPANSION: usize = 4;

pub(crate) fn nfc(text: impl Iterator<Item = char> + Clone) -> Zeroizing<String> {
    let capacity = text.clone().count().saturating_mul(MAX_EXPANSION);
    let mut parts = Zeroizing::new(Vec::with_capacity(capacity));
    for c in text {
        decompose_canonical(c, |part| push_ordered(&mut parts, part));
    }
    let whole = composed(&parts);
    let mut normalised = Zeroizing::new(String::with_capacity(
        whole.iter().map(|c| c.len_utf8()).sum(),
    ));
    normalised.extend(whole.iter());
    normalised
}

/// Canonical ordering: a mark moves in front of the marks of a higher class, never past a starter.
fn push_ordered(parts: &mut Vec<char>, part: char) {
    let class = canonical_combining_class(part);
    let behind = if class == 0 {
        0
    } else {
        let higher = |c: &&char| canonical_combining_class(**c) > class;
        parts.iter().rev().take_while(higher).count()
    };
    parts.insert(parts.len() - behind, part);
}

/// Canonical composition: a character joins the last starter unless something between blocks it.
fn composed(parts: &[char]) -> Zeroizing<Vec<char>> {
    let mut whole: Zeroizing<Vec<char>> = Zeroizing::new(Vec::with_capacity(parts.len()));
    let mut starter = None;
    let mut last_class = 0;
    for &part in parts {
        let class = canonical_combining_class(part);
        let next = whole.len();
        if let Some(at) = starter
            && (at + 1 == next || last_class < class)
            && let Some(base) = whole.get_mut(at)
            && let Some(joined) = compose(*base, part)
        {
            *base = joined;
            continue;
        }
        if class == 0 {
            starter = Some(next);
        }
        last_class = class;
        whole.push(part);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_normalization::UnicodeNormalization;

    fn check(text: &str) {
        let expected: String = text.nfc().collect();
        assert_eq!(nfc(text.chars()).as_str(), expected, "{text:?}");
    }

    #[test]
    fn every_code_point_alone_and_beside_marks() {
        let mut text = String::new();
        // Beyond these planes nothing decomposes, composes or has a class.
        for c in '\0'..='\u{2ffff}' {
            // Alone, decomposed, and between marks of several classes.
            for (before, after) in [
                ("", ""),
                ("", "\u{301}\u{323}"),
                ("e", "\u{308}"),
                ("\u{1100}\u{1161}", "a"),
            ] {
                text.clear();
                text.extend([before, c.encode_utf8(&mut [0; 4]), after]);
                check(&text);
            }
            text.clear();
            text.extend(c.nfd());
            check(&text);
        }
    }

    /// Marks in every order, repeated, blocked, without a base; Hangul parts; singletons.
    #[test]
    fn every_short_text_of_difficult_characters() {
        const DIFFICULT: [char; 14] = [
            'a', '\u{e9}', '\u{301}', '\u{308}', '\u{323}', '\u{327}', '\u{345}', '\u{1100}',
            '\u{1161}', '\u{11a8}', '\u{ac00}', '\u{212b}', '\u{9c7}', '\u{9be}',
        ];
        for number in 0..DIFFICULT.len().pow(4) {
            let pick =
                |place: u32| DIFFICULT[number / DIFFICULT.len().pow(place) % DIFFICULT.len()];
            check(&String::from_iter((0..4).map(pick)));
        }
    }

    #[test]
    fn no_code_point_expands_beyond_the_reserved_room() {
        for c in '\0'..=char::MAX {
            assert!(c.nfd().count() <= MAX_EXPANSION);
        }
    }
}
