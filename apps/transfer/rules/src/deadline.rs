//! Until when an answer is due: policy by urgency and family, counted in the opening hours of the receiver.
//!
//! A clock runs only while the receiver is open, in its own time zone, summer time included, and stands still while
//! information is awaited or the case is on hold ([`clock_stands`](crate::moves::clock_stands)). A working day of the
//! policy is eight opening hours.
//!
//! All times are milliseconds since 1970-01-01T00:00Z; those before it count as it, those after 2200 as 2200.

use serde::{Deserialize, Serialize};

use crate::calendar::Day;
use crate::care::{CareFamily, Urgency};
use crate::codes::codes;
use crate::label::{Labels, l};

/// 2200-01-01T00:00Z.
const LATEST: i64 = 7_258_118_400_000;
const MINUTE: i64 = 60_000;
const HOUR: u32 = 60;
const WORKING_DAY: u32 = 8 * HOUR;

codes! {
    /// The time zone of a facility. Both have the same clock; it is written so that it may change in one of them.
    Zone {
        /// France.
        Paris = "Europe/Paris",
        /// Germany.
        Berlin = "Europe/Berlin",
    }
}

codes! {
    /// What happens when an answer is late.
    Escalation {
        /// The facility is reminded.
        Remind = "remind",
        /// The facility's supervisor is told.
        Supervisor = "supervisor",
        /// The sender's bed manager is told.
        BedManager = "bedManager",
        /// The sender calls.
        Telephone = "telephone",
        /// The sender asks further facilities.
        Widen = "widen",
    }
}

impl Escalation {
    /// Its name.
    #[must_use]
    pub const fn labels(self) -> Labels {
        match self {
            Self::Remind => l(
                "Remind the facility",
                "Relancer l’établissement",
                "Einrichtung erinnern",
            ),
            Self::Supervisor => l(
                "Tell the supervisor",
                "Prévenir le responsable",
                "Leitung informieren",
            ),
            Self::BedManager => l(
                "Tell the bed manager",
                "Prévenir le gestionnaire de lits",
                "Bettenmanagement informieren",
            ),
            Self::Telephone => l(
                "Call by telephone",
                "Appeler par téléphone",
                "Telefonisch nachfragen",
            ),
            Self::Widen => l(
                "Ask further facilities",
                "Élargir la recherche",
                "Suche erweitern",
            ),
        }
    }
}

/// One step when an answer is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// When: percent of the time for the first answer.
    pub percent: u32,
    /// What.
    pub step: Escalation,
}

/// What is due when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// For which urgency.
    pub urgency: Urgency,
    /// For which family.
    pub family: CareFamily,
    /// Opening minutes until a first answer.
    pub answer_minutes: u32,
    /// Opening minutes until an offer.
    pub offer_minutes: u32,
    /// What happens when the answer is late.
    pub escalation: &'static [Step],
}

const fn step(percent: u32, step: Escalation) -> Step {
    Step { percent, step }
}

const QUICK: &[Step] = &[
    step(100, Escalation::BedManager),
    step(133, Escalation::Telephone),
    step(200, Escalation::Widen),
];
const CALM: &[Step] = &[
    step(50, Escalation::Remind),
    step(100, Escalation::Supervisor),
    step(150, Escalation::Widen),
];

/// The policy for an urgency and a family.
#[must_use]
pub const fn policy(urgency: Urgency, family: CareFamily) -> Policy {
    use CareFamily::{Acute, Disability, Home, Nursing, Palliative, Rehab};
    let (answer_minutes, offer_minutes, escalation) = match (urgency, family) {
        (Urgency::Emergency, Acute) => (15, 30, QUICK),
        (Urgency::Emergency, _) | (Urgency::SameDay, Acute) => (HOUR, 2 * HOUR, QUICK),
        (Urgency::SameDay, _) => (2 * HOUR, 4 * HOUR, QUICK),
        (Urgency::Planned, Acute | Rehab | Home | Palliative) => (4 * HOUR, WORKING_DAY, CALM),
        (Urgency::Planned, Nursing | Disability) => (WORKING_DAY, 3 * WORKING_DAY, CALM),
    };
    Policy {
        urgency,
        family,
        answer_minutes,
        offer_minutes,
        escalation,
    }
}

/// Until when a first answer is due.
#[must_use]
pub fn deadline(urgency: Urgency, family: CareFamily, sent_at: i64, hours: &OpeningHours) -> i64 {
    hours.after(
        sent_at,
        i64::from(policy(urgency, family).answer_minutes) * MINUTE,
    )
}

/// Until when an offer is due, from the same moment on.
#[must_use]
pub fn offer_deadline(
    urgency: Urgency,
    family: CareFamily,
    sent_at: i64,
    hours: &OpeningHours,
) -> i64 {
    hours.after(
        sent_at,
        i64::from(policy(urgency, family).offer_minutes) * MINUTE,
    )
}

/// The deadline after a pause: what was left of the opening hours when it began is left when it ends. A deadline that had
/// passed by then stays where it was.
#[must_use]
pub fn resumed(deadline: i64, paused_since: i64, resumed_at: i64, hours: &OpeningHours) -> i64 {
    let left = hours.open_between(paused_since, deadline);
    if left == 0 || resumed_at <= paused_since {
        deadline
    } else {
        hours.after(resumed_at, left)
    }
}

/// When a facility answers. Travels as
/// `{"zone": "Europe/Paris", "week": [[["08:00", "12:00"], ["13:00", "17:00"]], …seven days from Monday], "closed": ["2026-12-25"]}`;
/// `24:00` is the end of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub struct OpeningHours {
    zone: Zone,
    week: [Vec<Span>; 7],
    closed: Vec<Day>,
}

/// Minutes since midnight, the end after the start, at most 1440.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: u16,
    to: u16,
}

/// Why hours are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// Not seven days.
    #[error("opening hours have seven days, Monday first")]
    SevenDays,
    /// A time that is none.
    #[error("a time is written HH:MM, from 00:00 to 24:00")]
    Time,
    /// Spans of a day out of order.
    #[error("the hours of a day follow one another and do not overlap")]
    Order,
    /// Never open, so that no answer would ever be due.
    #[error("a facility is open at some time of the week")]
    NeverOpen,
    /// Not a date.
    #[error("a closed day is written YYYY-MM-DD")]
    Date,
    /// Too many closed days.
    #[error("at most {} closed days can be listed", OpeningHours::MAX_CLOSED)]
    TooManyClosed,
}

#[derive(Serialize, Deserialize)]
struct Written {
    zone: Zone,
    week: Vec<Vec<(String, String)>>,
    #[serde(default)]
    closed: Vec<String>,
}

impl OpeningHours {
    /// How many closed days can be listed: with a year of them every opening hour still comes.
    pub const MAX_CLOSED: usize = 366;

    /// Open day and night.
    #[must_use]
    pub fn always(zone: Zone) -> Self {
        Self {
            zone,
            week: std::array::from_fn(|_| vec![Span { from: 0, to: 1440 }]),
            closed: Vec::new(),
        }
    }

    /// Open Monday to Friday, between two times written `HH:MM`.
    ///
    /// # Errors
    /// When they are no such times, or in the wrong order.
    pub fn weekdays(zone: Zone, from: &str, to: &str) -> Result<Self, HoursError> {
        let span = Span::parse(from, to)?;
        Ok(Self {
            zone,
            week: std::array::from_fn(|day| if day < 5 { vec![span] } else { Vec::new() }),
            closed: Vec::new(),
        })
    }

    /// Whether the facility is open.
    #[must_use]
    pub fn is_open(&self, at: i64) -> bool {
        self.open_between(at, at.saturating_add(1)) > 0
    }

    /// The moment at which the facility has been open for so many milliseconds, counted from a moment on. Where nothing is
    /// to be counted it is that moment itself.
    #[must_use]
    pub fn after(&self, from: i64, milliseconds: i64) -> i64 {
        let from = from.clamp(0, LATEST);
        let mut left = milliseconds;
        if left <= 0 {
            return from;
        }
        let mut reached = LATEST;
        self.each(from, LATEST, |start, end| {
            let open = end - start;
            if open >= left {
                reached = start + left;
                return false;
            }
            left -= open;
            true
        });
        reached
    }

    /// How many milliseconds the facility is open between two moments; none when they are in the wrong order.
    #[must_use]
    pub fn open_between(&self, from: i64, to: i64) -> i64 {
        let mut open = 0;
        self.each(from.clamp(0, LATEST), to.clamp(0, LATEST), |start, end| {
            open += end - start;
            true
        });
        open
    }

    /// Visits the open stretches between two moments in order, without overlap, while the visitor wants more.
    fn each(&self, from: i64, to: i64, mut visit: impl FnMut(i64, i64) -> bool) {
        let mut day = Day::on_wall(from);
        let mut cursor = from;
        while day.at(0) < to {
            for span in self.spans(day) {
                // When the clocks go forward a span may begin in the hour that is missing: none is counted twice.
                let start = day.at(i64::from(span.from)).max(cursor);
                let end = day.at(i64::from(span.to)).min(to);
                if start < end {
                    if !visit(start, end) {
                        return;
                    }
                    cursor = end;
                }
            }
            day = day.next();
        }
    }

    fn spans(&self, day: Day) -> &[Span] {
        if self.closed.contains(&day) {
            return &[];
        }
        let index = usize::try_from(day.weekday()).unwrap_or_default();
        self.week.get(index).map_or(&[], Vec::as_slice)
    }
}

impl Span {
    fn parse(from: &str, to: &str) -> Result<Self, HoursError> {
        let (from, to) = (minutes(from)?, minutes(to)?);
        if from < to {
            Ok(Self { from, to })
        } else {
            Err(HoursError::Order)
        }
    }

    fn written(self) -> (String, String) {
        let write = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        (write(self.from), write(self.to))
    }
}

/// `HH:MM` as minutes since midnight.
fn minutes(text: &str) -> Result<u16, HoursError> {
    let (hours, minutes) = text.split_once(':').ok_or(HoursError::Time)?;
    let number = |text: &str| -> Result<u16, HoursError> {
        if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            text.parse().map_err(|_| HoursError::Time)
        } else {
            Err(HoursError::Time)
        }
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let total = hours * 60 + minutes;
    if minutes < 60 && total <= 1440 {
        Ok(total)
    } else {
        Err(HoursError::Time)
    }
}

impl TryFrom<Written> for OpeningHours {
    type Error = HoursError;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        if written.closed.len() > Self::MAX_CLOSED {
            return Err(HoursError::TooManyClosed);
        }
        let mut days = Vec::with_capacity(7);
        for day in &written.week {
            let mut spans: Vec<Span> = Vec::with_capacity(day.len());
            for (from, to) in day {
                let span = Span::parse(from, to)?;
                if spans.last().is_some_and(|last| last.to > span.from) {
                    return Err(HoursError::Order);
                }
                spans.push(span);
            }
            days.push(spans);
        }
        let week: [Vec<Span>; 7] = days.try_into().map_err(|_| HoursError::SevenDays)?;
        if week.iter().all(Vec::is_empty) {
            return Err(HoursError::NeverOpen);
        }
        let closed = written
            .closed
            .iter()
            .map(|day| Day::parse(day).ok_or(HoursError::Date))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            zone: written.zone,
            week,
            closed,
        })
    }
}

impl From<OpeningHours> for Written {
    fn from(hours: OpeningHours) -> Self {
        Self {
            zone: hours.zone,
            week: hours
                .week
                .iter()
                .map(|day| day.iter().map(|span| span.written()).collect())
                .collect(),
            closed: hours.closed.iter().map(Day::to_string).collect(),
        }
    }
}
