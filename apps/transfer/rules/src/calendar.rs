//! Days, and the wall clock of France and Germany.
//!
//! Written out, against our habit: a library of dates with its messages makes what a page downloads half as large again (459
//! instead of 297 kB). The tests compare every function with `jiff` and its time zone database.

use core::fmt;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A day of the Gregorian calendar, from the year 0 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    /// Days since 1970-01-01.
    number: i64,
}

impl Day {
    /// The day in UTC of a moment in milliseconds since 1970; those beyond the calendar count as its ends.
    #[must_use]
    pub fn of(moment: i64) -> Self {
        // 0000-01-01 and 9999-12-31.
        Self {
            number: moment.div_euclid(DAY).clamp(-719_528, 2_932_896),
        }
    }

    /// The day with this date, if there is one.
    #[must_use]
    pub fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let found = Self {
            number: number(year, month, day),
        };
        // The 30th of February is a day of March.
        (found.date() == (year, month, day)).then_some(found)
    }

    /// Reads `YYYY-MM-DD`, and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let mut next = |digits: usize| -> Option<i64> {
            let part = parts.next()?;
            let plain = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| part.parse().ok()).flatten()
        };
        let (year, month, day) = (next(4)?, next(2)?, next(2)?);
        Self::new(year, month, day)
    }

    /// Year, month and day.
    #[must_use]
    pub fn date(self) -> (i64, i64, i64) {
        // Eras of 400 years, each year beginning in March, so that the leap day is the last.
        let shifted = self.number + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year + era * 400 + i64::from(month <= 2), month, day)
    }

    /// 0 is Monday, 6 is Sunday.
    #[must_use]
    pub fn weekday(self) -> i64 {
        // 1970-01-01 was a Thursday.
        (self.number + 3).rem_euclid(7)
    }

    /// The day after.
    #[must_use]
    pub const fn next(self) -> Self {
        Self {
            number: self.number + 1,
        }
    }

    /// How many days later another one is; negative when it is earlier.
    #[must_use]
    pub const fn days_until(self, other: Self) -> i64 {
        other.number - self.number
    }

    /// The moment of a time on this day's wall clock in France and Germany, in minutes since midnight: the first of two when
    /// clocks go back, the one after the gap when they go forward.
    pub(crate) fn at(self, minutes: i64) -> i64 {
        let wall = self.number * DAY + minutes * MINUTE;
        if is_summer(wall - 2 * HOUR) {
            wall - 2 * HOUR
        } else {
            wall - HOUR
        }
    }

    /// The day on a calendar in France and Germany at a moment.
    pub(crate) fn on_wall(moment: i64) -> Self {
        let offset = if is_summer(moment) { 2 * HOUR } else { HOUR };
        Self::of(moment.saturating_add(offset))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(out, "{year:04}-{month:02}-{day:02}")
    }
}

/// Days since 1970-01-01.
fn number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let month = (month + 9) % 12;
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Summer time of the European Union (directive 2000/84/EC, the same in both countries since 1996): from the last Sunday of
/// March to the last Sunday of October, at 01:00 UTC.
fn is_summer(moment: i64) -> bool {
    let (year, ..) = Day::of(moment).date();
    let last_sunday = |month| {
        let last = Day {
            number: number(year, month, 31),
        };
        (last.number - (last.weekday() + 1) % 7) * DAY + HOUR
    };
    (last_sunday(3)..last_sunday(10)).contains(&moment)
}
