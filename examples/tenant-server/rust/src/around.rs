//! What an application has already: a login, a mailer, a clock, randomness.

use std::{fs::File, io::Write as _, time::SystemTime};

use axum::http::HeaderMap;
use rand_core::{Rng as _, UnwrapErr};
use wardseal_tenant::types::{FixedBytes, Timestamp};

use crate::App;

impl App {
    /// Who asks, by your login.
    pub(crate) fn who(&self, headers: &HeaderMap) -> Option<&String> {
        let session = headers.get("authorization")?.to_str().ok()?;
        self.sessions.get(session.strip_prefix("Bearer ")?)
    }

    /// Sends a letter, by your mailer.
    pub(crate) fn mail(&self, to: &str, line: &str) -> std::io::Result<()> {
        let mut outbox = File::options()
            .append(true)
            .create(true)
            .open(&self.outbox)?;
        writeln!(outbox, "{to}: {line}")
    }
}

/// The time.
#[expect(clippy::disallowed_methods, reason = "a program knows the time")]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::from_seconds(since.unwrap_or_default().as_secs())
}

/// The number of an attempt, and eight digits.
pub(crate) fn draw() -> (FixedBytes<32>, String) {
    let mut attempt = FixedBytes([0; 32]);
    let rng = &mut UnwrapErr(getrandom::SysRng);
    rng.fill_bytes(&mut attempt.0);
    (attempt, format!("{:08}", rng.next_u64() % 100_000_000))
}
