//! Logins between their first and last message. They live in memory: a restart ends them, and the
//! client begins again.

use std::collections::{HashMap, VecDeque};

use wardseal_password::opaque::ServerLogin;
use wardseal_types::{FixedBytes, Timestamp};

/// How long the client may take for the last message, in milliseconds: Argon2id on an old phone
/// takes seconds.
pub(crate) const TIME_TO_LIVE: u64 = 120_000;

/// Most logins that wait at once. The limit of the process lets 7000 begin within the time to live,
/// so this is reached only if that limit is raised.
const MOST: usize = 10_000;

/// The logins that wait.
#[derive(Debug)]
pub(crate) struct PendingLogins {
    most: usize,
    waiting: HashMap<[u8; 32], (FixedBytes<32>, ServerLogin, Timestamp)>,
    /// Names in the order of their ends, which is the order of their beginnings.
    order: VecDeque<([u8; 32], Timestamp)>,
}

impl Default for PendingLogins {
    fn default() -> Self {
        Self::at_most(MOST)
    }
}

impl PendingLogins {
    fn at_most(most: usize) -> Self {
        Self {
            most,
            waiting: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Lets a login wait under `name`, which only this exchange knows.
    ///
    /// # Errors
    /// The milliseconds until there is room.
    pub(crate) fn insert(
        &mut self,
        name: [u8; 32],
        record: FixedBytes<32>,
        login: ServerLogin,
        now: Timestamp,
    ) -> Result<(), u64> {
        while let Some((oldest, ends)) = self.order.front().copied() {
            if ends > now && self.order.len() < self.most {
                break;
            }
            // A place whose login has been taken out is free, whenever it would have ended.
            if ends > now && self.waiting.contains_key(&oldest) {
                return Err(ends.since(now));
            }
            self.order.pop_front();
            self.waiting.remove(&oldest);
        }
        let ends = now.plus_millis(TIME_TO_LIVE);
        self.waiting.insert(name, (record, login, ends));
        self.order.push_back((name, ends));
        Ok(())
    }

    /// Takes a login out: the first attempt to finish it is the only one.
    pub(crate) fn take(
        &mut self,
        name: &[u8; 32],
        now: Timestamp,
    ) -> Option<(FixedBytes<32>, ServerLogin)> {
        let (record, login, ends) = self.waiting.remove(name)?;
        (ends > now).then_some((record, login))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: FixedBytes<32> = FixedBytes([9; 32]);

    fn insert(logins: &mut PendingLogins, name: u8, now: u64) -> Result<(), u64> {
        let login = ServerLogin::from_bytes(&[0; 128]).unwrap();
        logins.insert([name; 32], RECORD, login, Timestamp::from_millis(now))
    }

    fn take(logins: &mut PendingLogins, name: u8, now: u64) -> bool {
        logins
            .take(&[name; 32], Timestamp::from_millis(now))
            .is_some()
    }

    #[test]
    fn a_login_is_taken_once_and_in_time() {
        let mut logins = PendingLogins::default();
        insert(&mut logins, 1, 0).unwrap();
        insert(&mut logins, 2, 0).unwrap();
        assert!(!take(&mut logins, 3, 1));
        assert!(take(&mut logins, 1, TIME_TO_LIVE - 1));
        assert!(!take(&mut logins, 1, TIME_TO_LIVE - 1));
        assert!(!take(&mut logins, 2, TIME_TO_LIVE));
    }

    #[test]
    fn a_full_house_turns_newcomers_away_and_nobody_out() {
        let mut logins = PendingLogins::at_most(2);
        insert(&mut logins, 1, 0).unwrap();
        insert(&mut logins, 2, 10).unwrap();
        assert_eq!(insert(&mut logins, 3, 20), Err(TIME_TO_LIVE - 20));
        // Whoever has finished makes room, and so does time.
        assert!(take(&mut logins, 1, 30));
        insert(&mut logins, 3, 40).unwrap();
        assert!(insert(&mut logins, 4, 50).is_err());
        insert(&mut logins, 4, TIME_TO_LIVE + 10).unwrap();
        assert!(!take(&mut logins, 2, TIME_TO_LIVE + 11));
        assert!(take(&mut logins, 3, TIME_TO_LIVE + 11));
        assert_eq!(logins.waiting.len(), 1);
    }
}
