//! Instants as people read them.

use wardseal_client::types::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// An instant as `2026-03-01 12:30 UTC`.
pub(crate) fn format(time: Timestamp) -> String {
    let seconds = time.seconds();
    let (year, month, day) = civil(seconds / DAY);
    let (hour, minute) = (seconds % DAY / HOUR, seconds % HOUR / MINUTE);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

/// A span as the nearest number of the largest unit that fits: `3 days`.
pub(crate) fn span(millis: u64) -> String {
    let seconds = millis / 1000;
    let (count, unit) = match seconds {
        0..MINUTE => (seconds, "second"),
        MINUTE..HOUR => ((seconds + MINUTE / 2) / MINUTE, "minute"),
        HOUR..DAY => ((seconds + HOUR / 2) / HOUR, "hour"),
        _ => ((seconds + DAY / 2) / DAY, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Year, month and day of a day since 1970, in the Gregorian calendar: years begin in March here,
/// so that the leap day is their last.
const fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399, "2000-02-28 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_709_251_199, "2024-02-29 23:59 UTC"),
            (1_709_251_200, "2024-03-01 00:00 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
            (1_798_761_599, "2026-12-31 23:59 UTC"),
        ] {
            assert_eq!(format(Timestamp::from_seconds(seconds)), text);
        }
    }

    #[test]
    fn spans_have_one_unit() {
        for (millis, text) in [
            (0, "0 seconds"),
            (1999, "1 second"),
            (89_999, "1 minute"),
            (119_999, "2 minutes"),
            (7_200_000, "2 hours"),
            (86_400_000, "1 day"),
            (950_400_000, "11 days"),
        ] {
            assert_eq!(span(millis), text);
        }
    }
}
