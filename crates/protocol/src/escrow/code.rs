//! The code that a sender tells a recipient.

use core::{fmt, str::FromStr};

use rand_core::CryptoRng;
use wardseal_crypto::{CryptoError, secret::Secret};
use wardseal_types::cbor::{Decode, Encode, Fault, Reader};

/// Crockford's digits: no letter that looks like another.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 16;

/// A code that enters the key of a deposit: 80 bits as 16 digits of Crockford's base 32, so that
/// nobody who has both shares guesses it. Written in groups of four.
#[derive(Clone, Eq, PartialEq)]
pub struct Code(String);

/// The text is no code.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a code has 16 letters and digits, in groups of four: type it again")]
pub struct BadCode;

impl Code {
    /// Draws a code.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn generate(rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        let drawn = Secret::<LENGTH>::generate(rng)?;
        let digit = |byte: &u8| DIGITS.iter().cycle().nth(usize::from(*byte)).copied();
        let digits = drawn.expose().iter().filter_map(digit);
        Ok(Self(digits.map(char::from).collect()))
    }

    /// The canonical text: 16 digits without spaces. This enters the key.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(redacted)")
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, digit) in self.0.chars().enumerate() {
            if place > 0 && place.is_multiple_of(4) {
                f.write_str("-")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

impl FromStr for Code {
    type Err = BadCode;

    /// Takes what people type: small letters, spaces and hyphens, O for 0, I and L for 1.
    fn from_str(text: &str) -> Result<Self, BadCode> {
        let digits = text
            .chars()
            .filter(|c| !matches!(c, ' ' | '-'))
            .map(|c| match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect();
        canonical(digits).ok_or(BadCode)
    }
}

fn canonical(digits: String) -> Option<Code> {
    let whole = digits.len() == LENGTH && digits.bytes().all(|digit| DIGITS.contains(&digit));
    whole.then_some(Code(digits))
}

impl Encode for Code {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for Code {
    fn decode(input: &mut Reader<'_>) -> Result<Self, Fault> {
        canonical(String::decode(input)?).ok_or(Fault::Malformed)
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}
