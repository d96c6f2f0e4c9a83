//! Looking for what must not be there.

#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a broken search must stop the test where it broke"
)]

use std::collections::{BTreeMap, HashMap, HashSet};

use wardseal_client::types::Base64Url;

/// How a secret might have been written: as it is, in hexadecimal, in base64 by where in the text it
/// stands, and as a list of numbers. What borders on other bytes is left away.
///
/// # Panics
/// When the secret is shorter than two bytes.
#[must_use]
pub fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![
        secret.to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        format!("{secret:?}").into_bytes(),
    ];
    for shift in 0..3 {
        let padded = [vec![0; shift], secret.to_vec()].concat();
        let text = Base64Url::from(padded.as_slice()).to_text();
        let first = if shift == 0 { 0 } else { shift + 1 };
        let inner = &text[first..text.len() - 2];
        forms.push(inner.replace('-', "+").replace('_', "/").into_bytes());
        forms.push(inner.as_bytes().to_vec());
    }
    forms.sort();
    forms.dedup();
    forms
}

/// Many needles, found in one pass.
#[derive(Debug)]
pub struct Needles {
    by_start: HashMap<[u8; 4], Vec<(String, Vec<u8>)>>,
    /// Whether any needle starts with these three bytes.
    starts: Vec<bool>,
}

impl Needles {
    /// Secrets by what they are.
    ///
    /// # Panics
    /// When one is too short to be looked for: it would be found by chance.
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a String, &'a Vec<u8>)>) -> Self {
        let mut needles = Self {
            by_start: HashMap::new(),
            starts: vec![false; 1 << 24],
        };
        for (what, secret) in secrets {
            for form in forms(secret) {
                assert!(form.len() >= 8, "{what} is too short to be looked for");
                needles.starts[at(&form)] = true;
                let start = form[..4].try_into().unwrap();
                let all = needles.by_start.entry(start).or_default();
                all.push((what.clone(), form));
            }
        }
        needles
    }

    /// Which secrets stand in these places, and where.
    #[must_use]
    pub fn found(&self, places: &BTreeMap<String, Vec<u8>>) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (place, bytes) in places {
            for here in 0..bytes.len().saturating_sub(7) {
                let rest = &bytes[here..];
                if self.starts[at(rest)] {
                    let start: [u8; 4] = rest[..4].try_into().unwrap();
                    for (what, form) in self.by_start.get(&start).into_iter().flatten() {
                        if rest.starts_with(form) {
                            found.push((what.clone(), place.clone()));
                        }
                    }
                }
            }
        }
        found.dedup();
        found
    }
}

fn at(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 16 | usize::from(bytes[1]) << 8 | usize::from(bytes[2])
}

/// Every 32 bytes in a row that may be a key: drawn at random, a key has 30 different bytes, and
/// fewer than 24 once in a million times. Text, pointers and zeros are left out, and so is the program
/// itself: what is mapped from a file and cannot be written.
#[must_use]
pub fn windows(places: &BTreeMap<String, Vec<u8>>) -> HashSet<[u8; 32]> {
    let mut found = HashSet::new();
    let written = places
        .iter()
        .filter(|(place, _)| place.starts_with("file ") || place.contains(" rw"));
    for (_, bytes) in written {
        let mut counts = [0_u8; 256];
        let mut different = 0;
        for (end, byte) in bytes.iter().enumerate() {
            counts[usize::from(*byte)] += 1;
            if counts[usize::from(*byte)] == 1 {
                different += 1;
            }
            if end >= 32 {
                let gone = usize::from(bytes[end - 32]);
                counts[gone] -= 1;
                if counts[gone] == 0 {
                    different -= 1;
                }
            }
            if end >= 31 && different >= 24 {
                found.insert(bytes[end - 31..=end].try_into().unwrap());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wardseal_client::types::Base64Url;

    use super::{Needles, windows};

    #[test]
    fn the_search_finds_what_is_there() {
        let secret = b"a canary of some length".to_vec();
        let needles = Needles::new([(&"canary".to_owned(), &secret)]);
        for shift in 0..3 {
            let text = [vec![b'x'; shift], secret.clone(), b"after".to_vec()].concat();
            let hex: String = text.iter().map(|byte| format!("{byte:02x}")).collect();
            for form in [
                text.clone(),
                hex.into_bytes(),
                Base64Url::from(text.as_slice()).to_text().into_bytes(),
            ] {
                let places = BTreeMap::from([("there".to_owned(), form)]);
                assert_eq!(needles.found(&places).len(), 1);
            }
        }
        let places = BTreeMap::from([("nowhere".to_owned(), b"nothing of a canary".to_vec())]);
        assert!(needles.found(&places).is_empty());
    }

    #[test]
    fn every_key_is_among_the_windows() {
        let key: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 7).unwrap());
        let around = [vec![0; 100], key.to_vec(), vec![b'a'; 50]].concat();
        let places = BTreeMap::from([("file there".to_owned(), around)]);
        assert!(windows(&places).contains(&key));
        assert!(windows(&places).len() < 30);
    }
}
