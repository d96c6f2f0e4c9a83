//! Padded lengths, so that sizes say little about contents.

/// The Padmé length of `len` bytes (PURBs, PETS 2019, section 4): at least `len` and at most 12 % more, with so few
/// values left that a length leaks O(log log len) bits.
///
/// Lengths above 2^63 are returned as they are; no object is that long.
#[must_use]
pub const fn padme(len: u64) -> u64 {
    if len < 2 {
        return len;
    }
    let exponent = len.ilog2();
    let kept = exponent.ilog2() + 1;
    let mask = (1u64 << (exponent - kept)) - 1;
    match len.checked_add(mask) {
        Some(up) => up & !mask,
        None => len,
    }
}
