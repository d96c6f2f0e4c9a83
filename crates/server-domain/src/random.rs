//! Randomness is a parameter.

use std::{fmt, sync::Mutex};

use rand_core::CryptoRng;

/// The source of randomness of a service, shared by its threads.
pub struct RandomSource(Mutex<Box<dyn CryptoRng + Send>>);

impl RandomSource {
    /// A source: the system's in production, a seeded one in tests.
    #[must_use]
    pub fn new(source: impl CryptoRng + Send + 'static) -> Self {
        Self(Mutex::new(Box::new(source)))
    }

    /// Runs `draw` with the source.
    pub fn with<T>(&self, draw: impl FnOnce(&mut dyn CryptoRng) -> T) -> T {
        // A thread that panicked while it drew leaves a source that still draws.
        let mut source = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        draw(&mut **source)
    }
}

impl fmt::Debug for RandomSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RandomSource")
    }
}
