//! What patience buys whoever guesses codes, on the real database with a clock that is moved.

#![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

use wardseal_server_domain::{
    codes::{
        Account, CODES_A_DAY, Checked, Code, Codes, DAY, Event, FAILURES_A_MONTH, HOUR, Issued,
        LIFETIME, MONTH, Population, Scope, Tally,
    },
    vault::{Insertion, StoredRecord, VaultStore as _, VaultUnit},
};
use wardseal_server_sqlite::SqliteVaultStore;
use wardseal_testkit::seeded;
use wardseal_types::{FixedBytes, TenantId, Timestamp, UserId};

const TENANT: TenantId = TenantId::from_bytes([1; 32]);
const START: Timestamp = Timestamp::from_millis(100 * DAY);

/// Chances of one guess.
const ONE_IN: f64 = 1e8;

/// How many of so many guesses are right, on average.
fn hits(guesses: u64) -> f64 {
    f64::from(u32::try_from(guesses).unwrap()) / ONE_IN
}

fn name(number: u32) -> FixedBytes<32> {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    FixedBytes(bytes)
}

fn account(number: u32) -> Account {
    Account {
        tenant: TENANT,
        subject: name(number),
    }
}

/// A vault with so many records that two servers hold.
fn vault(records: u32) -> SqliteVaultStore {
    let store = SqliteVaultStore::in_memory().unwrap();
    for number in 0..records {
        let record = StoredRecord {
            record: name(number),
            tenant: TENANT,
            user: UserId::from_bytes(name(number).0),
            access: vec![0x82, 3, 0],
            sealed: vec![0],
            created: START,
        };
        assert_eq!(store.insert(&record, 9).unwrap(), Insertion::Stored);
    }
    store
}

/// Somebody who guesses, with tokens for whomever he wants.
struct Attacker {
    codes: Codes,
    rng: Box<dyn rand_core::CryptoRng>,
    next: u32,
    population: Population,
    /// Guesses that were compared with a code.
    compared: u64,
}

/// How a round of guesses against one account ended.
#[derive(Debug, Eq, PartialEq)]
enum End {
    Tried,
    Waits,
    Locked,
}

impl Attacker {
    fn new(unit: &mut dyn VaultUnit) -> Self {
        Self {
            population: unit.population(&TENANT).unwrap(),
            codes: Codes::new(b"the secret of the vault"),
            rng: Box::new(seeded(1)),
            next: 0,
            compared: 0,
        }
    }

    /// Has a code sent and makes as many wrong guesses as he can.
    fn round(&mut self, unit: &mut dyn VaultUnit, of: Account, now: Timestamp) -> End {
        self.next += 1;
        let id = name(self.next);
        let population = self.population;
        let issued = self
            .codes
            .issue(unit, id, of, population, now, &mut *self.rng);
        let code = match issued.unwrap() {
            Issued::Code(code) => code,
            Issued::TooMany { .. } => return End::Waits,
            Issued::Locked => return End::Locked,
        };
        let first = code.shown().starts_with('0');
        let wrong = Code::parse(if first { "99999999" } else { "00000000" }).unwrap();
        loop {
            match self
                .codes
                .check(unit, &id, &wrong, population, now)
                .unwrap()
            {
                Checked::Wrong { .. } => self.compared += 1,
                Checked::Expired => return End::Tried,
                Checked::TooMany { .. } => return End::Waits,
                Checked::Locked => return End::Locked,
                Checked::Right => panic!("the wrong code is right"),
            }
        }
    }
}

/// Vertical: ten thousand rounds against one person, over years.
#[test]
fn one_account_is_guessed_at_twenty_times_and_then_never_again() {
    let store = vault(1);
    let mut unit = store.begin().unwrap();
    let mut attacker = Attacker::new(&mut *unit);
    let mut ends = Vec::new();
    for hour in 0..10_000 {
        let now = START.plus_millis(hour * HOUR);
        let end = attacker.round(&mut *unit, account(0), now);
        if ends.last() != Some(&end) {
            ends.push(end);
        }
        let tally = |unit: &mut dyn VaultUnit, event, window| {
            let since = Timestamp::from_millis(now.millis() - window);
            let scope = Scope::Account(account(0));
            unit.tally(event, &scope, since).unwrap().count
        };
        assert!(tally(&mut *unit, Event::Issued, DAY) <= CODES_A_DAY);
        assert!(tally(&mut *unit, Event::Failed, MONTH) <= FAILURES_A_MONTH);
        assert!(tally(&mut *unit, Event::Failed, MONTH) <= attacker.compared);
    }
    // Five codes on the first day, three guesses with each, and the rest on the next.
    assert_eq!(ends, [End::Tried, End::Waits, End::Tried, End::Locked]);
    assert_eq!(attacker.compared, 20);
    assert!(unit.is_locked(&account(0)).unwrap());
}

/// One guess a fortnight is never stopped, and is worth nothing.
#[test]
fn patience_is_not_worth_it() {
    let store = vault(1);
    let mut unit = store.begin().unwrap();
    let mut attacker = Attacker::new(&mut *unit);
    // Nineteen wrong guesses a month, the most that does not lock: for a hundred years.
    for month in 0..1200_u64 {
        let now = START.plus_millis(month * MONTH);
        for day in 0..6 {
            let end = attacker.round(&mut *unit, account(0), now.plus_millis(day * DAY));
            assert_eq!(end, End::Tried);
        }
    }
    assert_eq!(attacker.compared, 1200 * 18);
    assert!(hits(attacker.compared) < 0.001);
}

/// Horizontal: three guesses at each of a hundred thousand people.
#[test]
fn a_spray_is_stopped_long_before_it_hits_anybody() {
    const ACCOUNTS: u32 = 100_000;
    let store = vault(ACCOUNTS);
    let mut unit = store.begin().unwrap();
    let mut attacker = Attacker::new(&mut *unit);
    assert_eq!(attacker.population.tenant_limit(), 100);
    let mut stopped = None;
    for number in 0..ACCOUNTS {
        let end = attacker.round(&mut *unit, account(number), START);
        if end == End::Waits && stopped.is_none() {
            stopped = Some(attacker.compared);
        }
    }
    // Exactly as many as a hundred thousand accounts may have in an hour, and none after that.
    assert_eq!(stopped, Some(100));
    assert_eq!(attacker.compared, 100);
    assert!(hits(attacker.compared) < 0.01);
    // Each hour of every day for thirty days: other people each time.
    for hour in 1..30 * 24 {
        let now = START.plus_millis(u64::from(hour) * HOUR);
        for number in 0..34 {
            attacker.round(&mut *unit, account(hour * 34 + number), now);
        }
    }
    assert_eq!(attacker.compared, 30 * 24 * 100);
    assert!(hits(attacker.compared) < 0.01);
    // In six digits it would have been a hundred times as many.
    assert!(hits(attacker.compared) * 100.0 > 0.01);
}

/// A code that was sent is not tried while everybody waits, and is over afterwards.
#[test]
fn waiting_does_not_keep_a_code_good() {
    let store = vault(10);
    let mut unit = store.begin().unwrap();
    let mut attacker = Attacker::new(&mut *unit);
    let population = unit.population(&TENANT).unwrap();
    let id = FixedBytes([9; 32]);
    let issued = attacker.codes.issue(
        &mut *unit,
        id,
        account(9),
        population,
        START,
        &mut *attacker.rng,
    );
    let Issued::Code(code) = issued.unwrap() else {
        panic!("no code");
    };
    for number in 0..7 {
        attacker.round(&mut *unit, account(number), START);
    }
    let check = |unit: &mut dyn VaultUnit, ms| {
        let now = START.plus_millis(ms);
        attacker
            .codes
            .check(unit, &id, &code, population, now)
            .unwrap()
    };
    let waits = Checked::TooMany { retry_after: 3600 };
    assert_eq!(check(&mut *unit, 0), waits);
    assert_eq!(check(&mut *unit, LIFETIME), Checked::Expired);
    let none = Tally::default();
    let scope = Scope::Account(account(9));
    assert_eq!(unit.tally(Event::Failed, &scope, START), Ok(none));
}
