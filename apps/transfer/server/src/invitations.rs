//! Invitations: a code that is shown once, of which only a hash is kept.

use data_encoding::BASE32_NOPAD;
use wardseal_crypto::hash::sha256;

use crate::random::Random;

/// For how long an invitation may be used, in milliseconds: two weeks.
pub const LIFETIME: u64 = 14 * 24 * 3_600_000;

/// Draws a code.
pub(crate) fn draw(random: &Random) -> String {
    grouped(&BASE32_NOPAD.encode(&random.bytes::<15>()))
}

/// A code as people write it: in groups of four.
pub(crate) fn grouped(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|four| four.iter().collect())
        .collect();
    groups.join("-")
}

/// What is kept of an invitation. Dashes, spaces and small letters make no difference.
pub(crate) fn hash(code: &str) -> [u8; 32] {
    let code: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    sha256(&[b"wardseal-transfer invitation", code.as_bytes()])
}
