//! What facilities are told: changes for open pages, letters for those who have none open.

use rusqlite::{Transaction, params};
use wardseal_types::{GroupId, Timestamp};

use super::{millis, parsed, signed, unsigned};
use crate::{failure::Failure, id::Id};

/// What has changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A case.
    Case,
    /// A request.
    Request,
    /// A revocation.
    Revocation,
    /// A request for help of administrators.
    Help,
    /// Somebody who begins anew.
    People,
}

impl Kind {
    /// The name of the server-sent event.
    #[must_use]
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Request => "request",
            Self::Revocation => "revocation",
            Self::Help => "help",
            Self::People => "people",
        }
    }
}

/// Something that concerns a facility.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Change {
    /// Its place in the order of all changes.
    pub(crate) number: u64,
    /// Whom it concerns.
    pub(crate) facility: GroupId,
    /// What has changed.
    pub(crate) kind: String,
    /// Which one.
    pub(crate) id: Id,
    /// Of which case.
    pub(crate) case: Id,
    /// Its version now.
    pub(crate) version: u64,
}

/// What a letter tells. Never about whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Notice {
    /// Somebody asks for a place.
    NewRequest,
    /// A facility has answered.
    Answer,
    /// The offer was chosen.
    Chosen,
    /// A request has ended, or its sender has answered a question.
    News,
}

impl Notice {
    /// Every notice.
    pub(crate) const ALL: &[Self] = &[Self::NewRequest, Self::Answer, Self::Chosen, Self::News];

    /// How the database names it.
    #[must_use]
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::NewRequest => "new_request",
            Self::Answer => "answer",
            Self::Chosen => "chosen",
            Self::News => "news",
        }
    }
}

/// A letter that waits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Letter {
    /// Its number.
    pub(crate) number: i64,
    /// To whom.
    pub(crate) facility: GroupId,
    /// What it tells.
    pub(crate) notice: Notice,
    /// How often it was tried.
    pub(crate) attempts: u32,
}

/// Tells a facility of a change.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn tell(
    tx: &Transaction<'_>,
    facility: &GroupId,
    kind: Kind,
    (id, case, version): (Id, Id, u64),
    now: Timestamp,
) -> Result<(), Failure> {
    tx.prepare_cached(
        "INSERT INTO change (facility, kind, id, case_id, version, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        facility.to_string(),
        kind.code(),
        id,
        case,
        signed(version),
        millis(now)
    ])?;
    Ok(())
}

/// Number of the newest change, and of the newest that is forgotten.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn bounds(tx: &Transaction<'_>) -> Result<(u64, u64), Failure> {
    // The counter stays when old rows go.
    let newest: i64 = tx
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'change'")?
        .query_row([], |row| row.get(0))?;
    let oldest: Option<i64> = tx
        .prepare_cached("SELECT min(number) FROM change")?
        .query_row([], |row| row.get(0))?;
    let forgotten = oldest.map_or(newest, |oldest| oldest.saturating_sub(1));
    Ok((unsigned(newest), unsigned(forgotten)))
}

/// Changes after a number that concern one of the facilities, in order, at most `most`.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn after(
    tx: &Transaction<'_>,
    facilities: &[GroupId],
    number: u64,
    most: usize,
) -> Result<Vec<Change>, Failure> {
    let mut statement = tx.prepare_cached(
        "SELECT number, kind, id, case_id, version FROM change
         WHERE facility = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
    )?;
    let mut found = Vec::new();
    for facility in facilities {
        let rows = statement.query_map(
            params![
                facility.to_string(),
                signed(number),
                i64::try_from(most).unwrap_or(i64::MAX)
            ],
            |row| {
                Ok(Change {
                    number: unsigned(row.get("number")?),
                    facility: *facility,
                    kind: row.get("kind")?,
                    id: row.get("id")?,
                    case: row.get("case_id")?,
                    version: unsigned(row.get("version")?),
                })
            },
        )?;
        found.extend(rows.collect::<Result<Vec<_>, _>>()?);
    }
    found.sort_by_key(|change| change.number);
    found.truncate(most);
    Ok(found)
}

/// Forgets what is older.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn forget(tx: &Transaction<'_>, before: Timestamp) -> Result<(), Failure> {
    tx.execute("DELETE FROM change WHERE at < ?1", [millis(before)])?;
    tx.execute("DELETE FROM done WHERE at < ?1", [millis(before)])?;
    Ok(())
}

/// Queues a letter to a facility that wants any. One of the same kind that still waits to be tried
/// says it already.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn write_to(
    tx: &Transaction<'_>,
    facility: &GroupId,
    notice: Notice,
    now: Timestamp,
) -> Result<(), Failure> {
    tx.prepare_cached(
        "INSERT INTO mail (facility, kind, created, due) SELECT grp, ?2, ?3, ?3 FROM facility
         WHERE grp = ?1 AND address IS NOT NULL AND NOT EXISTS
             (SELECT 1 FROM mail WHERE facility = ?1 AND kind = ?2)",
    )?
    .execute(params![facility.to_string(), notice.code(), millis(now)])?;
    Ok(())
}

/// Letters that are due, oldest first.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn due(tx: &Transaction<'_>, now: Timestamp) -> Result<Vec<Letter>, Failure> {
    let mut statement = tx.prepare_cached(
        "SELECT number, facility, kind, attempts FROM mail WHERE due <= ?1 ORDER BY number LIMIT 50",
    )?;
    let rows = statement.query_map([millis(now)], |row| {
        let kind: String = row.get("kind")?;
        Ok(Letter {
            number: row.get("number")?,
            facility: parsed(row, "facility")?,
            notice: Notice::ALL
                .iter()
                .find(|notice| notice.code() == kind)
                .copied()
                .unwrap_or(Notice::News),
            attempts: row.get("attempts")?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A letter is sent, or given up.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn discard(tx: &Transaction<'_>, letter: i64) -> Result<(), Failure> {
    tx.execute("DELETE FROM mail WHERE number = ?1", [letter])?;
    Ok(())
}

/// A letter is to be tried again.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn postpone(tx: &Transaction<'_>, letter: i64, due: Timestamp) -> Result<(), Failure> {
    tx.execute(
        "UPDATE mail SET attempts = attempts + 1, due = ?2 WHERE number = ?1",
        params![letter, millis(due)],
    )?;
    Ok(())
}
