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
#[derive(Debug, Default)]
pub(crate) struct PendingLogins {
    waiting: HashMap<[u8; 32], (FixedBytes<32>, ServerLogin, Timestamp)>,
    /// Names in the order of their ends, which is the order of their beginnings.
    order: VecDeque<([u8; 32], Timestamp)>,
}

impl PendingLogins {
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
            if ends > now && self.order.len() < MOST {
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
