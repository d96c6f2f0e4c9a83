//! Challenges that devices sign to open a session.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use data_encoding::BASE64URL_NOPAD;
use wardseal_types::Timestamp;

use crate::{model::Challenge, random::Random};

/// How long a challenge may be used, in milliseconds.
const LIFETIME: u64 = 2 * 60_000;

/// Challenges that are open at once. Anybody may ask for one; a flood displaces those of honest
/// people, who ask again, and fills no memory.
const MOST: usize = 20_000;

/// Open challenges. They live in memory: a restart costs nobody more than another try.
#[derive(Debug, Default)]
pub(crate) struct Challenges(Mutex<BTreeMap<(Timestamp, String), ()>>);

impl Challenges {
    /// Draws one.
    pub(crate) fn draw(&self, now: Timestamp, random: &Random) -> Challenge {
        let challenge = BASE64URL_NOPAD.encode(&random.bytes::<32>());
        let expires = now.plus_millis(LIFETIME);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(expires, _), ()| *expires > now);
        while open.len() >= MOST {
            open.pop_first();
        }
        open.insert((expires, challenge.clone()), ());
        Challenge { challenge, expires }
    }

    /// Takes one: it can be used once.
    pub(crate) fn take(&self, challenge: &str, now: Timestamp) -> bool {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = open.len();
        let mut expired = false;
        open.retain(|(expires, text), ()| {
            let taken = text == challenge;
            expired |= taken && *expires <= now;
            !taken
        });
        open.len() < before && !expired
    }
}

#[cfg(test)]
mod tests {
    use wardseal_testkit::seeded;

    use super::*;

    #[test]
    fn a_challenge_serves_once_and_not_for_long() {
        let challenges = Challenges::default();
        let random = Random::new(seeded(1));
        let now = Timestamp::from_seconds(1_000);
        let first = challenges.draw(now, &random);
        let second = challenges.draw(now, &random);
        assert_ne!(first.challenge, second.challenge);
        assert!(challenges.take(&first.challenge, now));
        assert!(!challenges.take(&first.challenge, now));
        assert!(!challenges.take(&second.challenge, second.expires));
        assert!(!challenges.take("", now));
    }

    #[test]
    fn a_flood_fills_no_memory() {
        let challenges = Challenges::default();
        let random = Random::new(seeded(1));
        let now = Timestamp::from_seconds(1_000);
        for step in 0..=MOST {
            let step = u64::try_from(step).unwrap();
            challenges
                .0
                .lock()
                .unwrap()
                .insert((now.plus_millis(1 + step), step.to_string()), ());
        }
        challenges.draw(now, &random);
        assert!(challenges.0.lock().unwrap().len() <= MOST);
    }
}
