//! Randomness, shared by requests.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use rand_core::CryptoRng;

/// A source of randomness: the system's in production, a seeded one in tests.
pub struct Random(Mutex<Box<dyn CryptoRng + Send>>);

impl Random {
    /// A source.
    #[must_use]
    pub fn new(source: impl CryptoRng + Send + 'static) -> Self {
        Self(Mutex::new(Box::new(source)))
    }

    /// Runs `draw` with the source.
    pub fn with<T>(&self, draw: impl FnOnce(&mut dyn CryptoRng) -> T) -> T {
        // A thread that panicked while it drew leaves a source that still draws.
        let mut source = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        draw(&mut **source)
    }

    /// So many random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.with(|rng| rng.fill_bytes(&mut bytes));
        bytes
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}
