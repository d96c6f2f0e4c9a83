//! A random source for tests.

use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use wardseal_crypto::{hash, label, secret::Secret};

/// A deterministic source: the suite's own MAC in counter mode.
pub(crate) struct Seeded(Secret<32>, u64);

impl Seeded {
    pub(crate) fn new(seed: u8) -> Self {
        Self(Secret::from_bytes([seed; 32]), 0)
    }
}

impl TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for block in out.chunks_mut(32) {
            self.1 += 1;
            let bytes = hash::mac(&self.0, label::RING_NAME, &[&self.1.to_be_bytes()]);
            block
                .iter_mut()
                .zip(bytes)
                .for_each(|(to, from)| *to = from);
        }
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}
