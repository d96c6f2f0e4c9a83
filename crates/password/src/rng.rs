//! The bridge from today's randomness trait to the one that the dependencies still speak.

use opaque_ke::rand;

/// A `rand_core` 0.10 source seen as a `rand_core` 0.6 source. Both sides are infallible.
pub(crate) struct Bridge<'a>(pub(crate) &'a mut dyn rand_core::CryptoRng);

impl rand::RngCore for Bridge<'_> {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, dst: &mut [u8]) {
        self.0.fill_bytes(dst);
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), rand::Error> {
        self.0.fill_bytes(dst);
        Ok(())
    }
}

impl rand::CryptoRng for Bridge<'_> {}
