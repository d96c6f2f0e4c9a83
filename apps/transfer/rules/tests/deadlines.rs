//! Clocks: policy, opening hours with summer time, pauses.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as the tests themselves do"
)]

use proptest::prelude::*;
use transfer_rules::deadline::{self, OpeningHours, Zone, deadline, offer_deadline, resumed};
use transfer_rules::{CareFamily, Urgency};

const HOUR: i64 = 3_600_000;

/// Milliseconds of a moment with its offset.
fn at(written: &str) -> i64 {
    written.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn office() -> OpeningHours {
    OpeningHours::weekdays(Zone::Paris, "08:00", "17:00").unwrap()
}

fn hours(json: &str) -> Result<OpeningHours, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

fn lunch() -> OpeningHours {
    hours(
        r#"{"zone":"Europe/Berlin","week":[[["08:00","12:00"],["13:00","17:00"]],[["08:00","12:00"],["13:00","17:00"]],
        [["08:00","12:00"]],[["08:00","12:00"],["13:00","17:00"]],[["08:00","14:00"]],[],[]],"closed":["2026-12-25"]}"#,
    )
    .unwrap()
}

#[test]
fn an_emergency_is_due_in_minutes() {
    let always = OpeningHours::always(Zone::Berlin);
    let sent = at("2026-03-10T02:00:00+01:00");
    assert_eq!(
        deadline(Urgency::Emergency, CareFamily::Acute, sent, &always),
        sent + HOUR / 4
    );
    assert_eq!(
        offer_deadline(Urgency::Emergency, CareFamily::Acute, sent, &always),
        sent + HOUR / 2
    );
}

#[test]
fn four_hours_from_friday_afternoon_end_on_monday() {
    let sent = at("2026-03-06T15:30:00+01:00");
    let due = deadline(Urgency::Planned, CareFamily::Rehab, sent, &office());
    assert_eq!(due, at("2026-03-09T10:30:00+01:00"));
}

#[test]
fn at_night_the_clock_starts_in_the_morning() {
    let sent = at("2026-03-10T22:00:00+01:00");
    let due = deadline(Urgency::SameDay, CareFamily::Acute, sent, &office());
    assert_eq!(due, at("2026-03-11T09:00:00+01:00"));
}

#[test]
fn a_working_day_of_a_nursing_home_is_eight_opening_hours() {
    // Christmas falls on a Friday that is closed.
    let sent = at("2026-12-24T16:00:00+01:00");
    let due = deadline(Urgency::Planned, CareFamily::Nursing, sent, &lunch());
    // One hour on Thursday, seven on Monday, over lunch.
    assert_eq!(due, at("2026-12-28T16:00:00+01:00"));
}

#[test]
fn summer_time_shortens_and_lengthens_the_night_not_the_wait() {
    let always = OpeningHours::always(Zone::Paris);
    // 2026-03-29, 02:00 becomes 03:00.
    let spring = at("2026-03-29T00:00:00+01:00");
    assert_eq!(
        always.open_between(spring, at("2026-03-30T00:00:00+02:00")),
        23 * HOUR
    );
    let autumn = at("2026-10-25T00:00:00+02:00");
    assert_eq!(
        always.open_between(autumn, at("2026-10-26T00:00:00+01:00")),
        25 * HOUR
    );
    // Office hours are by the clock on the wall: eight o'clock is one hour earlier in UTC.
    let sent = at("2026-03-27T16:00:00+01:00");
    let due = deadline(Urgency::SameDay, CareFamily::Rehab, sent, &office());
    assert_eq!(due, at("2026-03-30T09:00:00+02:00"));
    // A span that begins in the missing hour is counted once.
    let odd = hours(
        r#"{"zone":"Europe/Paris","week":[[],[],[],[],[],[],[["01:00","02:30"],["02:30","03:00"],["03:00","04:00"]]]}"#,
    )
    .unwrap();
    assert_eq!(
        odd.open_between(spring, at("2026-03-30T00:00:00+02:00")),
        2 * HOUR
    );
}

#[test]
fn a_pause_gives_back_what_was_left() {
    let sent = at("2026-03-10T09:00:00+01:00");
    let due = deadline(Urgency::Planned, CareFamily::Rehab, sent, &office());
    assert_eq!(due, at("2026-03-10T13:00:00+01:00"));
    // Asked at 12, answered the next day at 16: one hour was left, and there is one on that day.
    let again = resumed(
        due,
        at("2026-03-10T12:00:00+01:00"),
        at("2026-03-11T16:00:00+01:00"),
        &office(),
    );
    assert_eq!(again, at("2026-03-11T17:00:00+01:00"));
    // What had passed stays passed.
    let late = at("2026-03-10T14:00:00+01:00");
    assert_eq!(resumed(due, late, late + 50 * HOUR, &office()), due);
}

#[test]
fn the_policy_is_stricter_the_more_urgent_it_is() {
    for family in CareFamily::ALL {
        let of = |urgency| deadline::policy(urgency, *family);
        let [emergency, same_day, planned] =
            [Urgency::Emergency, Urgency::SameDay, Urgency::Planned].map(of);
        assert!(emergency.answer_minutes < same_day.answer_minutes);
        assert!(same_day.answer_minutes < planned.answer_minutes);
        for policy in [emergency, same_day, planned] {
            assert!(policy.answer_minutes < policy.offer_minutes);
            assert!(policy.escalation.is_sorted_by_key(|step| step.percent));
        }
    }
}

#[test]
fn hours_that_are_none_are_refused() {
    let week = |day: &str| format!(r#"{{"zone":"Europe/Paris","week":[{day},[],[],[],[],[],[]]}}"#);
    let message = |json: &str| hours(json).unwrap_err();
    assert!(message(&week("[]")).contains("open at some time"));
    assert!(
        message(r#"{"zone":"Europe/Paris","week":[[["08:00","12:00"]]]}"#).contains("seven days")
    );
    for wrong in ["8:00", "24:01", "12:60", "noon", "+1:00", ""] {
        assert!(
            message(&week(&format!(r#"[["{wrong}","24:00"]]"#))).contains("HH:MM"),
            "{wrong}"
        );
    }
    assert!(message(&week(r#"[["12:00","12:00"]]"#)).contains("follow one another"));
    assert!(
        message(&week(r#"[["08:00","12:00"],["11:00","13:00"]]"#)).contains("follow one another")
    );
    assert!(message(r#"{"zone":"Europe/London","week":[]}"#).contains("Europe/London"));
    let closed = |days: &str| {
        format!(
            r#"{{"zone":"Europe/Paris","week":[[["08:00","12:00"]],[],[],[],[],[],[]],"closed":[{days}]}}"#
        )
    };
    assert!(message(&closed(r#""2026-02-30""#)).contains("YYYY-MM-DD"));
    assert!(message(&closed(&vec![r#""2026-01-01""#; 367].join(","))).contains("366"));
    assert!(hours(&closed(r#""2026-12-25""#)).is_ok());
}

#[test]
fn hours_come_back_as_they_were_written() {
    let written = serde_json::to_string(&lunch()).unwrap();
    assert_eq!(hours(&written).unwrap(), lunch());
    assert!(
        written.starts_with(
            r#"{"zone":"Europe/Berlin","week":[[["08:00","12:00"],["13:00","17:00"]]"#
        )
    );
    assert!(written.ends_with(r#""closed":["2026-12-25"]}"#));
    let always = serde_json::to_string(&OpeningHours::always(Zone::Paris)).unwrap();
    assert!(always.contains(r#"["00:00","24:00"]"#));
}

#[test]
fn time_beyond_all_calendars_does_no_harm() {
    for time in [i64::MIN, -1, 0, i64::MAX] {
        for hours in [office(), OpeningHours::always(Zone::Paris)] {
            let due = deadline(Urgency::Planned, CareFamily::Nursing, time, &hours);
            assert!((0..=7_258_118_400_000).contains(&due));
            let _ = resumed(time, 0, i64::MAX, &hours);
            let _ = hours.is_open(time);
        }
    }
}

/// Weeks with up to two spans a day, at least one in all.
fn any_hours() -> impl Strategy<Value = OpeningHours> {
    let day = prop::collection::vec(0_u16..=96, 0..=4).prop_map(|mut quarters| {
        quarters.sort_unstable();
        quarters.dedup();
        quarters
            .chunks_exact(2)
            .map(|pair| {
                [pair[0], pair[1]]
                    .map(|quarter| format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15))
            })
            .collect::<Vec<_>>()
    });
    let zones = prop::sample::select(Zone::ALL);
    (
        zones,
        prop::collection::vec(day, 7),
        prop::collection::vec(0_u32..28, 0..5),
    )
        .prop_filter_map("never open", |(zone, week, closed)| {
            let closed: Vec<_> = closed
                .iter()
                .map(|day| format!("2026-03-{:02}", day + 1))
                .collect();
            let written = serde_json::json!({ "zone": zone, "week": week, "closed": closed });
            serde_json::from_value(written).ok()
        })
}

/// Within 2026 and 2027, to the minute.
fn any_time() -> impl Strategy<Value = i64> {
    (0_i64..1_051_200).prop_map(|minute| 1_767_225_600_000 + minute * 60_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_deadline_falls_into_opening_hours(hours in any_hours(), sent in any_time()) {
        for family in [CareFamily::Acute, CareFamily::Nursing] {
            let due = deadline(Urgency::Planned, family, sent, &hours);
            prop_assert!(due > sent);
            // The last moment that counted was an open one.
            prop_assert!(hours.is_open(due - 1));
            let budget = i64::from(deadline::policy(Urgency::Planned, family).answer_minutes) * 60_000;
            prop_assert_eq!(hours.open_between(sent, due), budget);
        }
    }

    #[test]
    fn later_sent_is_never_earlier_due(hours in any_hours(), sent in any_time(), later in 0_i64..40_000_000) {
        let due = |sent| deadline(Urgency::SameDay, CareFamily::Home, sent, &hours);
        prop_assert!(due(sent) <= due(sent + later));
    }

    #[test]
    fn a_pause_adds_exactly_what_it_took(
        hours in any_hours(),
        sent in any_time(),
        elapsed in 0_i64..400_000_000,
        pause in 0_i64..800_000_000,
    ) {
        let due = deadline(Urgency::Planned, CareFamily::Nursing, sent, &hours);
        let (begin, end) = (sent + elapsed, sent + elapsed + pause);
        let again = resumed(due, begin, end, &hours);
        if hours.open_between(begin, due) == 0 || pause == 0 {
            prop_assert_eq!(again, due);
        } else {
            // Counted without the pause it is the same time as before.
            let counted = hours.open_between(sent, begin) + hours.open_between(end, again);
            prop_assert_eq!(counted, hours.open_between(sent, due));
            prop_assert!(again >= due);
        }
    }
}
