//! Draws from the random source that the caller supplies.

use core::convert::Infallible;

use rand_core::{CryptoRng, TryCryptoRng, TryRng};

use crate::CryptoError;

/// Draws shorter than this are too short to call equal bytes a defect.
const SHORTEST_CHECKED: usize = 16;

/// Whether a draw is so long and so uniform that its source must be broken (probability 2^-120 or less otherwise).
fn is_broken(drawn: &[u8]) -> bool {
    drawn.len() >= SHORTEST_CHECKED && drawn.iter().all(|byte| Some(byte) == drawn.first())
}

/// Fills `out` with random bytes.
///
/// # Errors
/// [`CryptoError::Randomness`] when all bytes are equal, as a source gives that was never seeded.
pub(crate) fn fill(rng: &mut dyn CryptoRng, out: &mut [u8]) -> Result<(), CryptoError> {
    rng.fill_bytes(out);
    if is_broken(out) {
        Err(CryptoError::Randomness)
    } else {
        Ok(())
    }
}

/// A random source for libraries that draw by themselves: remembers whether a draw was broken.
pub(crate) struct Watched<'a> {
    rng: &'a mut dyn CryptoRng,
    broken: bool,
}

impl<'a> Watched<'a> {
    pub(crate) fn new(rng: &'a mut dyn CryptoRng) -> Self {
        Self { rng, broken: false }
    }

    /// # Errors
    /// [`CryptoError::Randomness`] when any draw so far was broken: what was made from it must be thrown away.
    pub(crate) fn check(&self) -> Result<(), CryptoError> {
        if self.broken {
            Err(CryptoError::Randomness)
        } else {
            Ok(())
        }
    }
}

impl TryRng for Watched<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.rng.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.rng.next_u64())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.rng.fill_bytes(out);
        self.broken |= out.chunks(32).any(is_broken);
        Ok(())
    }
}

impl TryCryptoRng for Watched<'_> {}
