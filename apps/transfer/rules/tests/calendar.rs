//! Days and wall clocks are those of a calendar that others keep.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as the tests themselves do"
)]

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use transfer_rules::calendar::Day;
use transfer_rules::deadline::{OpeningHours, Zone};

#[test]
fn days_that_are_none_are_not_read() {
    for text in [
        "2026-02-30",
        "2025-02-29",
        "1900-02-29",
        "2026-13-01",
        "2026-00-01",
        "2026-01-00",
        "2026-1-01",
        "26-01-01",
        "2026-01-01T00:00",
        "+026-01-01",
        "2026/01/01",
        "",
        "2026-01",
        "２０２６-01-01",
    ] {
        assert_eq!(Day::parse(text), None, "{text}");
    }
    for text in ["2024-02-29", "2000-02-29", "0000-01-01", "9999-12-31"] {
        assert_eq!(
            Day::parse(text).map(|day| day.to_string()).as_deref(),
            Some(text)
        );
    }
}

#[test]
fn moments_beyond_the_calendar_are_its_ends() {
    assert_eq!(Day::of(i64::MIN).to_string(), "0000-01-01");
    assert_eq!(Day::of(i64::MAX).to_string(), "9999-12-31");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_day_is_the_day_of_jiff(number in -719_528_i64..=2_932_896) {
        let day = Day::of(number * 86_400_000);
        let (year, month, number) = day.date();
        let theirs: Date = day.to_string().parse().unwrap();
        prop_assert_eq!(
            (i64::from(theirs.year()), i64::from(theirs.month()), i64::from(theirs.day())),
            (year, month, number)
        );
        prop_assert_eq!(i64::from(theirs.weekday().to_monday_zero_offset()), day.weekday());
        prop_assert_eq!(Day::parse(&theirs.to_string()), Some(day));
        prop_assert_eq!(day.days_until(day.next()), 1);
    }

    /// Whoever is open for one minute of every day is open at that minute of the wall clock in both zones.
    #[test]
    fn wall_clocks_are_those_of_the_database(
        days in 10_000_i64..47_000,
        minute in 0_i64..1440,
        near_a_change in any::<bool>(),
    ) {
        let mut at = (days * 1440 + minute) * 60_000;
        if near_a_change {
            // A day of March or October around the last Sunday, at night.
            let (year, ..) = Day::of(at).date();
            let month = if minute % 2 == 0 { 3 } else { 10 };
            let day = Day::new(year, month, 25 + days % 7).unwrap();
            let epoch = Day::parse("1970-01-01").unwrap();
            at = (epoch.days_until(day) * 1440 + minute % 240 - 60) * 60_000;
        }
        for (zone, theirs) in [
            (Zone::Paris, jiff::tz::get!("Europe/Paris")),
            (Zone::Berlin, jiff::tz::get!("Europe/Berlin")),
        ] {
            check_minute(zone, &theirs, at)?;
        }
    }
}

fn check_minute(zone: Zone, theirs: &TimeZone, at: i64) -> Result<(), TestCaseError> {
    let wall = theirs.to_datetime(Timestamp::from_millisecond(at).unwrap());
    let minute = i64::from(wall.hour()) * 60 + i64::from(wall.minute());
    let write = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let day = serde_json::json!([[write(minute), write(minute + 1)]]);
    let week = vec![day; 7];
    let hours: OpeningHours =
        serde_json::from_value(serde_json::json!({ "zone": zone, "week": week })).unwrap();
    // The first of two moments with the same wall clock is the one that counts.
    let first = theirs.to_timestamp(wall).unwrap().as_millisecond();
    let wall = wall.checked_add(jiff::Span::new().minutes(1)).unwrap();
    let end = theirs.to_timestamp(wall).unwrap().as_millisecond();
    prop_assert!(hours.is_open(first) && hours.is_open(end - 1));
    prop_assert!(!hours.is_open(first - 1) && !hours.is_open(end));
    Ok(())
}
