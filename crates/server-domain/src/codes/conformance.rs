//! What every [`CodeLedger`] must do, whatever it is kept in, and that the limits hold on it.

use std::fmt::Debug;

use rand_core::CryptoRng;
use wardseal_types::{FixedBytes, TenantId, Timestamp};

use super::{
    Account, CODES_A_DAY, Checked, Code, CodeAttempt, CodeLedger, Codes, DAY, Event,
    FAILURES_A_MONTH, HOUR, Issued, LIFETIME, MONTH, Population, Scope, TRIES, Tally,
};
use crate::storage::StorageError;

/// A check of a ledger that nobody has used yet; `Err` says what is wrong.
pub type Check = fn(&mut dyn CodeLedger, &mut dyn CryptoRng) -> Result<(), String>;

/// Every check, with its name.
pub const CHECKS: &[(&str, Check)] = &[
    ("attempts_are_kept", attempts_are_kept),
    ("events_are_counted_apart", events_are_counted_apart),
    ("a_lock_stays", a_lock_stays),
    ("what_is_over_is_forgotten", what_is_over_is_forgotten),
    (
        "a_code_is_good_once_and_in_time",
        a_code_is_good_once_and_in_time,
    ),
    ("a_code_is_tried_three_times", a_code_is_tried_three_times),
    (
        "a_code_belongs_to_its_attempt",
        a_code_belongs_to_its_attempt,
    ),
    (
        "an_account_has_so_many_codes_a_day",
        an_account_has_so_many_codes_a_day,
    ),
    (
        "an_account_is_locked_after_so_many_failures",
        an_account_is_locked_after_so_many_failures,
    ),
    (
        "a_tenant_stops_after_so_many_failures",
        a_tenant_stops_after_so_many_failures,
    ),
    (
        "everybody_stops_after_so_many_failures",
        everybody_stops_after_so_many_failures,
    ),
];

const fn account(tenant: u8, subject: u8) -> Account {
    Account {
        tenant: TenantId::from_bytes([tenant; 32]),
        subject: FixedBytes([subject; 32]),
    }
}

const START: Timestamp = Timestamp::from_millis(100 * DAY);

fn is<T: PartialEq + Debug>(found: Result<T, StorageError>, expected: T) -> Result<(), String> {
    match found {
        Ok(found) if found == expected => Ok(()),
        other => Err(format!("{other:?} where {expected:?} is expected")),
    }
}

fn attempt(id: u8, ends: Timestamp) -> CodeAttempt {
    CodeAttempt {
        id: FixedBytes([id; 32]),
        account: account(1, 2),
        mac: FixedBytes([3; 32]),
        ends,
        tries: 0,
    }
}

fn attempts_are_kept(ledger: &mut dyn CodeLedger, _: &mut dyn CryptoRng) -> Result<(), String> {
    let one = attempt(1, START);
    is(ledger.attempt(&one.id), None)?;
    is(ledger.put_attempt(&one), ())?;
    is(ledger.put_attempt(&attempt(2, START)), ())?;
    is(ledger.attempt(&one.id), Some(one.clone()))?;
    let changed = CodeAttempt { tries: 2, ..one };
    is(ledger.put_attempt(&changed), ())?;
    is(ledger.attempt(&changed.id), Some(changed.clone()))?;
    is(ledger.remove_attempt(&changed.id), ())?;
    is(ledger.attempt(&changed.id), None)?;
    is(
        ledger.attempt(&FixedBytes([2; 32])),
        Some(attempt(2, START)),
    )
}

fn events_are_counted_apart(
    ledger: &mut dyn CodeLedger,
    _: &mut dyn CryptoRng,
) -> Result<(), String> {
    let at = |ms| START.plus_millis(ms);
    for (event, of, ms) in [
        (Event::Failed, account(1, 1), 10),
        (Event::Failed, account(1, 1), 10),
        (Event::Failed, account(1, 2), 20),
        (Event::Failed, account(2, 1), 30),
        (Event::Issued, account(1, 1), 5),
    ] {
        is(ledger.add(event, &of, at(ms)), ())?;
    }
    let mut tally = |event, scope, since, count, first: Option<u64>| {
        let expected = Tally {
            count,
            first: first.map(at),
        };
        is(ledger.tally(event, &scope, at(since)), expected)
    };
    let one = Scope::Account(account(1, 1));
    tally(Event::Failed, one, 0, 2, Some(10))?;
    tally(Event::Failed, one, 9, 2, Some(10))?;
    tally(Event::Failed, one, 10, 0, None)?;
    tally(Event::Issued, one, 0, 1, Some(5))?;
    let tenant = Scope::Tenant(TenantId::from_bytes([1; 32]));
    tally(Event::Failed, tenant, 0, 3, Some(10))?;
    tally(Event::Failed, tenant, 10, 1, Some(20))?;
    tally(Event::Failed, Scope::All, 0, 4, Some(10))?;
    tally(Event::Failed, Scope::All, 20, 1, Some(30))
}

fn a_lock_stays(ledger: &mut dyn CodeLedger, _: &mut dyn CryptoRng) -> Result<(), String> {
    is(ledger.is_locked(&account(1, 1)), false)?;
    is(ledger.lock(&account(1, 1)), ())?;
    is(ledger.lock(&account(1, 1)), ())?;
    is(ledger.forget(START, START), ())?;
    is(ledger.is_locked(&account(1, 1)), true)?;
    is(ledger.is_locked(&account(1, 2)), false)?;
    is(ledger.is_locked(&account(2, 1)), false)
}

fn what_is_over_is_forgotten(
    ledger: &mut dyn CodeLedger,
    _: &mut dyn CryptoRng,
) -> Result<(), String> {
    let (over, good) = (attempt(1, START), attempt(2, START.plus_millis(1)));
    is(ledger.put_attempt(&over), ())?;
    is(ledger.put_attempt(&good), ())?;
    for ms in [0, 1] {
        let time = START.plus_millis(ms);
        is(ledger.add(Event::Issued, &account(1, 1), time), ())?;
    }
    is(ledger.forget(START, START), ())?;
    is(ledger.attempt(&over.id), None)?;
    is(ledger.attempt(&good.id), Some(good))?;
    let left = ledger.tally(Event::Issued, &Scope::All, Timestamp::from_millis(0));
    is(left.map(|tally| tally.count), 1)
}

/// The limits, driven as a server does.
struct Driver<'l> {
    codes: Codes,
    ledger: &'l mut dyn CodeLedger,
    rng: &'l mut dyn CryptoRng,
    population: Population,
    next: u8,
}

impl<'l> Driver<'l> {
    fn new(ledger: &'l mut dyn CodeLedger, rng: &'l mut dyn CryptoRng) -> Self {
        Self {
            codes: Codes::new(b"the secret of a server"),
            ledger,
            rng,
            population: Population::default(),
            next: 0,
        }
    }

    fn ask(&mut self, of: Account, now: Timestamp) -> Result<(FixedBytes<32>, Issued), String> {
        self.next = self.next.wrapping_add(1);
        let id = FixedBytes([self.next; 32]);
        self.codes
            .issue(self.ledger, id, of, self.population, now, self.rng)
            .map(|issued| (id, issued))
            .map_err(|error| error.to_string())
    }

    fn issue(&mut self, of: Account, now: Timestamp) -> Result<(FixedBytes<32>, Code), String> {
        match self.ask(of, now)? {
            (id, Issued::Code(code)) => Ok((id, code)),
            (_, other) => Err(format!("{other:?} where a code is expected")),
        }
    }

    fn check(
        &mut self,
        id: &FixedBytes<32>,
        code: &Code,
        now: Timestamp,
        expected: &Checked,
    ) -> Result<(), String> {
        let found = self
            .codes
            .check(self.ledger, id, code, self.population, now)
            .map_err(|error| error.to_string())?;
        if found == *expected {
            Ok(())
        } else {
            Err(format!("{found:?} where {expected:?} is expected"))
        }
    }

    /// Issues a code and tries others until its tries are over.
    fn fail(&mut self, of: Account, now: Timestamp, times: u8) -> Result<(), String> {
        let (id, code) = self.issue(of, now)?;
        for left in (TRIES - times..TRIES).rev() {
            let wrong = Checked::Wrong {
                left,
                locked: false,
            };
            self.check(&id, &other(&code), now, &wrong)?;
        }
        Ok(())
    }
}

fn other(code: &Code) -> Code {
    let mut digits = code.0;
    if let Some(last) = digits.last_mut() {
        *last = if *last == b'9' { b'0' } else { *last + 1 };
    }
    Code(digits)
}

fn a_code_is_good_once_and_in_time(
    ledger: &mut dyn CodeLedger,
    rng: &mut dyn CryptoRng,
) -> Result<(), String> {
    let mut driver = Driver::new(ledger, rng);
    let (id, code) = driver.issue(account(1, 1), START)?;
    let last = START.plus_millis(LIFETIME - 1);
    driver.check(&id, &code, last, &Checked::Right)?;
    driver.check(&id, &code, last, &Checked::Expired)?;
    let (id, code) = driver.issue(account(1, 1), START)?;
    driver.check(&id, &code, START.plus_millis(LIFETIME), &Checked::Expired)?;
    driver.check(&FixedBytes([99; 32]), &code, START, &Checked::Expired)
}

fn a_code_is_tried_three_times(
    ledger: &mut dyn CodeLedger,
    rng: &mut dyn CryptoRng,
) -> Result<(), String> {
    let mut driver = Driver::new(ledger, rng);
    let (id, code) = driver.issue(account(1, 1), START)?;
    let wrong = |left| Checked::Wrong {
        left,
        locked: false,
    };
    driver.check(&id, &other(&code), START, &wrong(2))?;
    driver.check(&id, &other(&code), START, &wrong(1))?;
    driver.check(&id, &other(&code), START, &wrong(0))?;
    driver.check(&id, &code, START, &Checked::Expired)?;
    // The third try may be the right one.
    let (id, code) = driver.issue(account(1, 1), START)?;
    driver.check(&id, &other(&code), START, &wrong(2))?;
    driver.check(&id, &other(&code), START, &wrong(1))?;
    driver.check(&id, &code, START, &Checked::Right)
}

fn a_code_belongs_to_its_attempt(
    ledger: &mut dyn CodeLedger,
    rng: &mut dyn CryptoRng,
) -> Result<(), String> {
    let mut driver = Driver::new(ledger, rng);
    let (mine, code) = driver.issue(account(1, 1), START)?;
    let (other, _) = driver.issue(account(1, 1), START)?;
    let wrong = Checked::Wrong {
        left: 2,
        locked: false,
    };
    driver.check(&other, &code, START, &wrong)?;
    driver.check(&mine, &code, START, &Checked::Right)
}

fn an_account_has_so_many_codes_a_day(
    ledger: &mut dyn CodeLedger,
    rng: &mut dyn CryptoRng,
) -> Result<(), String> {
    let mut driver = Driver::new(ledger, rng);
    for number in 0..CODES_A_DAY {
        driver.issue(account(1, 1), START.plus_millis(number * HOUR))?;
    }
    let later = START.plus_millis(DAY - 1001);
    match driver.ask(account(1, 1), later)?.1 {
        Issued::TooMany { retry_after: 2 } => {}
        other => return Err(format!("{other:?} where two seconds are expected")),
    }
    driver.issue(account(1, 2), later)?;
    driver.issue(account(1, 1), START.plus_millis(DAY))?;
    match driver.ask(account(1, 1), START.plus_millis(DAY))?.1 {
        Issued::TooMany { retry_after: 3600 } => Ok(()),
        other => Err(format!("{other:?} where an hour is expected")),
    }
}

fn an_account_is_locked_after_so_many_failures(
    ledger: &mut dyn CodeLedger,
    rng: &mut dyn CryptoRng,
) -> Result<(), String> {
    let mut driver = Driver::new(ledger, rng);
    let of = account(1, 1);
    // Failures of more than thirty days ago do not count.
    driver.fail(of, START, 3)?;
    let mut now = START.plus_millis(MONTH);
    let mut failures = 0;
    while failures + 3 < FAILURES_A_MONTH {
        driver.fail(of, now, 3)?;
        failures += 3;
        now = now.plus_millis(DAY);
    }
    let (id, code) = driver.issue(of, now)?;
    while failures + 1 < FAILURES_A_MONTH {
        failures += 1;
        let found = driver.codes.check(
            driver.ledger,
            &id,
            &other(&code),
            Population::default(),
            now,
        );
        match found {
            Ok(Checked::Wrong { locked: false, .. }) => {}
            other => return Err(format!("{other:?} at failure {failures}")),
        }
    }
    let found = driver.codes.check(
        driver.ledger,
        &id,
        &other(&code),
        Population::default(),
        now,
    );
    match found {
        Ok(Checked::Wrong { locked: true, .. }) => {}
        other => return Err(format!("{other:?} at the last failure")),
    }
    driver.check(&id, &code, now, &Checked::Locked)?;
    match driver.ask(of, now.plus_millis(2 * MONTH))?.1 {
        Issued::Locked => {}
        other => return Err(format!("{other:?} where a lock is expected")),
    }
    driver.issue(account(1, 2), now).map(|_| ())
}

fn a_tenant_stops_after_so_many_failures(
    ledger: &mut dyn CodeLedger,
    rng: &mut dyn CryptoRng,
) -> Result<(), String> {
    let mut driver = Driver::new(ledger, rng);
    // A code that was sent before: it has to wait like all others of the tenant.
    let (id, code) = driver.issue(account(1, 200), START)?;
    for subject in 0..6 {
        driver.fail(account(1, subject), START, 3)?;
    }
    driver.fail(account(1, 6), START, 2)?;
    let wait = Checked::TooMany { retry_after: 3600 };
    driver.check(&id, &code, START, &wait)?;
    match driver.ask(account(1, 100), START)?.1 {
        Issued::TooMany { retry_after: 3600 } => {}
        other => return Err(format!("{other:?} where an hour is expected")),
    }
    // Other tenants go on, a larger tenant may fail more often, and the hour passes.
    driver.issue(account(2, 100), START)?;
    driver.population.tenant = 21_000;
    driver.check(&id, &code, START, &Checked::Right)?;
    driver.population.tenant = 0;
    driver
        .issue(account(1, 100), START.plus_millis(HOUR))
        .map(|_| ())
}

fn everybody_stops_after_so_many_failures(
    ledger: &mut dyn CodeLedger,
    rng: &mut dyn CryptoRng,
) -> Result<(), String> {
    let mut driver = Driver::new(ledger, rng);
    for tenant in 0..20 {
        driver.fail(account(tenant, 1), START, 3)?;
        driver.fail(account(tenant, 2), START, 2)?;
    }
    match driver.ask(account(100, 1), START)?.1 {
        Issued::TooMany { retry_after: 3600 } => {}
        other => return Err(format!("{other:?} where an hour is expected")),
    }
    driver.population.all = 101_000;
    driver.issue(account(100, 1), START)?;
    driver.population.all = 0;
    driver
        .issue(account(100, 1), START.plus_millis(HOUR))
        .map(|_| ())
}
