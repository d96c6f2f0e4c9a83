//! How often something may be tried: a rate with a burst, kept as one number.

/// A rate with a burst (the "generic cell rate algorithm"): `burst` attempts at once, then one in
/// every `interval` milliseconds. What is kept is a single instant, *busy until*: each attempt moves
/// it one interval ahead, and time catches up with it. An instant that has passed is worth as much
/// as none, so nothing needs to be kept for what is left alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limit {
    /// How many attempts at once.
    pub burst: u64,
    /// Milliseconds after which another one is free.
    pub interval: u64,
}

impl Limit {
    /// The new *busy until* after one more attempt at `now`, in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// The milliseconds to wait until one attempt is free.
    pub const fn take(self, busy_until: u64, now: u64) -> Result<u64, u64> {
        let start = if busy_until > now { busy_until } else { now };
        let next = start.saturating_add(self.interval);
        let ahead = next.saturating_sub(now);
        let most = self.interval.saturating_mul(self.burst);
        if ahead > most {
            Err(ahead.saturating_sub(most))
        } else {
            Ok(next)
        }
    }

    /// The new *busy until* after an attempt turned out to be rightful.
    #[must_use]
    pub const fn give_back(self, busy_until: u64) -> u64 {
        busy_until.saturating_sub(self.interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit {
        burst: 3,
        interval: 100,
    };

    #[test]
    fn a_burst_then_one_per_interval() {
        let mut busy = 0;
        for _ in 0..3 {
            busy = LIMIT.take(busy, 1000).unwrap();
        }
        assert_eq!(LIMIT.take(busy, 1000), Err(100));
        assert_eq!(LIMIT.take(busy, 1040), Err(60));
        busy = LIMIT.take(busy, 1100).unwrap();
        assert_eq!(LIMIT.take(busy, 1100), Err(100));
        // Left alone for long enough, the whole burst is there again and no more than that.
        for _ in 0..3 {
            busy = LIMIT.take(busy, 9000).unwrap();
        }
        assert!(LIMIT.take(busy, 9000).is_err());
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let mut busy = 0;
        for _ in 0..3 {
            busy = LIMIT.take(busy, 1000).unwrap();
        }
        busy = LIMIT.give_back(busy);
        busy = LIMIT.take(busy, 1000).unwrap();
        assert!(LIMIT.take(busy, 1000).is_err());
    }

    #[test]
    fn a_clock_that_jumps_back_only_makes_it_slower() {
        let busy = LIMIT.take(0, 5000).unwrap();
        assert_eq!(LIMIT.take(busy, 0), Err(4900));
    }
}
