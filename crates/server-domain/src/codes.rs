//! One-time codes: who may have one, how often it may be tried, and when everybody has to wait.
//!
//! A code has eight digits, so it is the limits that make it safe, not its length. They are counted
//! in a [`CodeLedger`], and what is counted is written before the caller hears anything: whoever
//! runs these functions commits, whatever they return, and answers then. A code is kept as a MAC
//! under a key that does not lie in the database.
//!
//! | What | Limit |
//! |---|---|
//! | tries at one code | [`TRIES`], within [`LIFETIME`] |
//! | codes for one account | [`CODES_A_DAY`] in 24 hours |
//! | wrong codes for one account | [`FAILURES_A_MONTH`] in 30 days, then it is locked |
//! | wrong codes in one tenant | 20 in an hour, or one for every thousand accounts |
//! | wrong codes at all | 100 in an hour, or one for every thousand accounts |

#[cfg(feature = "conformance")]
pub mod conformance;

use std::fmt;

use rand_core::CryptoRng;
use wardseal_crypto::{hash, kdf, label, secret::Secret};
use wardseal_types::{FixedBytes, TenantId, Timestamp};
use zeroize::Zeroize;

use crate::storage::StorageError;

/// Tries at one code.
pub const TRIES: u8 = 3;

/// How long a code is good, in milliseconds.
pub const LIFETIME: u64 = 10 * 60 * 1000;

/// Codes for one account within [`DAY`].
pub const CODES_A_DAY: u64 = 5;

/// Wrong codes of one account within [`MONTH`], with which it is locked.
pub const FAILURES_A_MONTH: u64 = 20;

/// Milliseconds in an hour.
pub const HOUR: u64 = 60 * 60 * 1000;

/// Milliseconds in 24 hours.
pub const DAY: u64 = 24 * HOUR;

/// Milliseconds in 30 days.
pub const MONTH: u64 = 30 * DAY;

const DIGITS: usize = 8;

/// A code: eight decimal digits.
#[derive(Clone)]
pub struct Code([u8; DIGITS]);

impl Code {
    /// Draws a code; each is as likely as any other.
    pub fn draw(rng: &mut dyn CryptoRng) -> Self {
        Self(std::array::from_fn(|_| {
            // The largest multiple of ten below 256: what lies above would favour small digits.
            loop {
                let mut byte = [0];
                rng.fill_bytes(&mut byte);
                let [byte] = byte;
                if byte < 250 {
                    break b'0' + byte % 10;
                }
            }
        }))
    }

    /// Reads what a person typed: spaces and hyphens between the digits do no harm.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text
            .bytes()
            .filter(|byte| !matches!(byte, b' ' | b'-'))
            .take(DIGITS + 1)
            .collect();
        let digits: [u8; DIGITS] = digits.try_into().ok()?;
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then_some(Self(digits))
    }

    /// The digits as a letter shows them: `1234 5678`.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut text = String::with_capacity(DIGITS + 1);
        for (place, digit) in self.0.iter().enumerate() {
            if place == DIGITS / 2 {
                text.push(' ');
            }
            text.push(char::from(*digit));
        }
        text
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(redacted)")
    }
}

/// For what codes are counted together: a record of the vault, or an address of a pending recipient.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Account {
    /// The tenant.
    pub tenant: TenantId,
    /// Names it within the tenant: a record's name, or a hash.
    pub subject: FixedBytes<32>,
}

/// A code that was sent, without the code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CodeAttempt {
    /// Names the attempt; only the client that asked knows it.
    pub id: FixedBytes<32>,
    /// For whom.
    pub account: Account,
    /// MAC of the code, bound to the attempt.
    pub mac: FixedBytes<32>,
    /// When it is no longer good.
    pub ends: Timestamp,
    /// Tries so far.
    pub tries: u8,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// A code was issued.
    Issued,
    /// A try was wrong.
    Failed,
}

/// For whom it is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// One account.
    Account(Account),
    /// All accounts of a tenant.
    Tenant(TenantId),
    /// All accounts.
    All,
}

/// How much happened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// How many events.
    pub count: u64,
    /// When the first of them was.
    pub first: Option<Timestamp>,
}

/// Where codes are kept and counted. The methods are part of one transaction, which is the
/// caller's; no other touches the ledger meanwhile. They fail with [`StorageError`] only.
pub trait CodeLedger {
    /// The attempt of this name.
    fn attempt(&mut self, id: &FixedBytes<32>) -> Result<Option<CodeAttempt>, StorageError>;

    /// Keeps an attempt, in place of the one of the same name.
    fn put_attempt(&mut self, attempt: &CodeAttempt) -> Result<(), StorageError>;

    /// Forgets an attempt.
    fn remove_attempt(&mut self, id: &FixedBytes<32>) -> Result<(), StorageError>;

    /// Counts an event.
    fn add(&mut self, event: Event, account: &Account, now: Timestamp) -> Result<(), StorageError>;

    /// What happened after `since`.
    fn tally(
        &mut self,
        event: Event,
        scope: &Scope,
        since: Timestamp,
    ) -> Result<Tally, StorageError>;

    /// Whether the account is locked.
    fn is_locked(&mut self, account: &Account) -> Result<bool, StorageError>;

    /// Locks the account, for good.
    fn lock(&mut self, account: &Account) -> Result<(), StorageError>;

    /// Forgets attempts that ended at `now` or before, and events at `before` or before.
    fn forget(&mut self, now: Timestamp, before: Timestamp) -> Result<(), StorageError>;
}

/// How many accounts there are that could be tried: the limits of tenant and deployment grow with
/// them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Population {
    /// In the tenant.
    pub tenant: u64,
    /// In all tenants.
    pub all: u64,
}

impl Population {
    /// Wrong codes that a tenant may have in an hour.
    #[must_use]
    pub fn tenant_limit(&self) -> u64 {
        (self.tenant / 1000).max(20)
    }

    /// Wrong codes that all tenants together may have in an hour.
    #[must_use]
    pub fn limit(&self) -> u64 {
        (self.all / 1000).max(100)
    }
}

/// Whether there is a code.
#[derive(Debug)]
pub enum Issued {
    /// There is. It is to be sent, and kept nowhere.
    Code(Code),
    /// The account is locked.
    Locked,
    /// Too many codes for this account, or too many wrong ones everywhere.
    TooMany {
        /// Seconds to wait.
        retry_after: u64,
    },
}

/// What a try was.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Checked {
    /// Right. The code is used up.
    Right,
    /// Wrong.
    Wrong {
        /// Tries that are left.
        left: u8,
        /// Whether the account is locked from now on.
        locked: bool,
    },
    /// There is no such attempt, or its time or tries are over.
    Expired,
    /// The account is locked.
    Locked,
    /// Too many wrong codes everywhere.
    TooMany {
        /// Seconds to wait.
        retry_after: u64,
    },
}

/// Issues and checks codes of one server.
#[derive(Debug)]
pub struct Codes {
    key: Secret<32>,
}

impl Codes {
    /// Codes under a key that is derived from the server's secret, which does not lie in its
    /// database. Codes that were sent before a change of the secret are not good after it.
    #[must_use]
    pub fn new(server_secret: &[u8]) -> Self {
        let secret = kdf::extract(&[], &[server_secret]);
        Self {
            key: kdf::derive(&secret, label::CODE_KEY, &[]),
        }
    }

    /// Issues a code for an account under the new name `id`, unless it has had enough. Accounts
    /// that do not exist are counted like the others.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn issue(
        &self,
        ledger: &mut dyn CodeLedger,
        id: FixedBytes<32>,
        account: Account,
        population: Population,
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Result<Issued, StorageError> {
        ledger.forget(now, before(now, MONTH))?;
        if ledger.is_locked(&account)? {
            return Ok(Issued::Locked);
        }
        if let Some(retry_after) = everybody_waits(ledger, &account, population, now)? {
            return Ok(Issued::TooMany { retry_after });
        }
        let scope = Scope::Account(account);
        let issued = ledger.tally(Event::Issued, &scope, before(now, DAY))?;
        if issued.count >= CODES_A_DAY {
            let retry_after = seconds_until(issued, DAY, now);
            return Ok(Issued::TooMany { retry_after });
        }
        let code = Code::draw(rng);
        ledger.add(Event::Issued, &account, now)?;
        ledger.put_attempt(&CodeAttempt {
            id,
            account,
            mac: self.mac(&id, &code),
            ends: now.plus_millis(LIFETIME),
            tries: 0,
        })?;
        Ok(Issued::Code(code))
    }

    /// Checks a code against the attempt for which it was sent.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn check(
        &self,
        ledger: &mut dyn CodeLedger,
        id: &FixedBytes<32>,
        code: &Code,
        population: Population,
        now: Timestamp,
    ) -> Result<Checked, StorageError> {
        let Some(mut attempt) = ledger.attempt(id)? else {
            return Ok(Checked::Expired);
        };
        let account = attempt.account;
        if ledger.is_locked(&account)? {
            return Ok(Checked::Locked);
        }
        if attempt.ends <= now || attempt.tries >= TRIES {
            return Ok(Checked::Expired);
        }
        if let Some(retry_after) = everybody_waits(ledger, &account, population, now)? {
            return Ok(Checked::TooMany { retry_after });
        }
        if hash::ct_eq(self.mac(id, code).as_array(), attempt.mac.as_array()) {
            ledger.remove_attempt(id)?;
            return Ok(Checked::Right);
        }
        attempt.tries = attempt.tries.saturating_add(1);
        ledger.put_attempt(&attempt)?;
        ledger.add(Event::Failed, &account, now)?;
        let scope = Scope::Account(account);
        let failed = ledger.tally(Event::Failed, &scope, before(now, MONTH))?;
        let locked = failed.count >= FAILURES_A_MONTH;
        if locked {
            ledger.lock(&account)?;
        }
        Ok(Checked::Wrong {
            left: TRIES.saturating_sub(attempt.tries),
            locked,
        })
    }

    fn mac(&self, id: &FixedBytes<32>, code: &Code) -> FixedBytes<32> {
        FixedBytes(hash::mac(
            &self.key,
            label::CODE_MAC,
            &[id.as_array(), &code.0],
        ))
    }
}

/// Seconds until the failures of the last hour allow another try to anybody of the tenant, if they
/// do not now.
fn everybody_waits(
    ledger: &mut dyn CodeLedger,
    account: &Account,
    population: Population,
    now: Timestamp,
) -> Result<Option<u64>, StorageError> {
    for (scope, limit) in [
        (Scope::Tenant(account.tenant), population.tenant_limit()),
        (Scope::All, population.limit()),
    ] {
        let failed = ledger.tally(Event::Failed, &scope, before(now, HOUR))?;
        if failed.count >= limit {
            return Ok(Some(seconds_until(failed, HOUR, now)));
        }
    }
    Ok(None)
}

const fn before(now: Timestamp, window: u64) -> Timestamp {
    Timestamp::from_millis(now.millis().saturating_sub(window))
}

/// When the first of these events has left the window.
fn seconds_until(tally: Tally, window: u64, now: Timestamp) -> u64 {
    let first = tally.first.unwrap_or(now);
    first.plus_millis(window).since(now).div_ceil(1000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardseal_testkit::seeded;

    #[test]
    fn a_code_is_read_as_a_person_types_it() {
        let code = Code::draw(&mut seeded(1));
        let shown = code.shown();
        assert_eq!(shown.len(), 9);
        for text in [
            shown.clone(),
            shown.replace(' ', ""),
            shown.replace(' ', " - "),
        ] {
            assert_eq!(Code::parse(&text).map(|read| read.0), Some(code.0));
        }
        for text in ["", "1234567", "123456789", "1234567a", "１２３４５６７８"] {
            assert!(Code::parse(text).is_none(), "{text}");
        }
        assert_eq!(format!("{code:?}"), "Code(redacted)");
    }

    #[test]
    fn every_digit_is_as_likely_as_any_other() {
        let mut seen = [0_u32; 10];
        let rng = &mut seeded(2);
        for _ in 0..5000 {
            for digit in Code::draw(rng).0 {
                seen[usize::from(digit - b'0')] += 1;
            }
        }
        // 40000 digits: 4000 of each, with a deviation of 60.
        assert!(
            seen.iter().all(|count| (3700..4300).contains(count)),
            "{seen:?}"
        );
    }

    #[test]
    fn limits_grow_with_the_accounts() {
        let limits = |tenant, all| {
            let population = Population { tenant, all };
            (population.tenant_limit(), population.limit())
        };
        assert_eq!(limits(0, 0), (20, 100));
        assert_eq!(limits(20_999, 100_999), (20, 100));
        assert_eq!(limits(21_000, 101_000), (21, 101));
    }
}
