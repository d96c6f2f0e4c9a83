//! Letters to people, and to facilities that are not registered yet. What is in them is made when
//! they are sent: no code waits in the database.

use rusqlite::{Transaction, params};
use wardseal_types::Timestamp;

use super::{millis, parsed, time_option};
use crate::{failure::Failure, mail::Language};

/// What a letter tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// The code of an attempt to recover.
    Code,
    /// Somebody has come back in without his password.
    Recovered,
    /// Somebody asks the administrators for help, in the person's name.
    HelpAsked,
    /// A person asks an administrator for help.
    HelpWanted,
    /// Letters to the person go somewhere else from now on.
    AddressChanged,
    /// An administrator has begun a new identity for the person.
    Restarted,
    /// A request waits for a facility that is not registered.
    Waiting,
    /// It still waits.
    StillWaiting,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: &[Self] = &[
        Self::Code,
        Self::Recovered,
        Self::HelpAsked,
        Self::HelpWanted,
        Self::AddressChanged,
        Self::Restarted,
        Self::Waiting,
        Self::StillWaiting,
    ];

    /// How the database names it.
    #[must_use]
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Recovered => "recovered",
            Self::HelpAsked => "help_asked",
            Self::HelpWanted => "help_wanted",
            Self::AddressChanged => "address_changed",
            Self::Restarted => "restarted",
            Self::Waiting => "waiting",
            Self::StillWaiting => "still_waiting",
        }
    }
}

/// A letter that is to be written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct NewLetter<'a> {
    pub(crate) address: &'a str,
    pub(crate) language: Language,
    pub(crate) kind: Kind,
    /// Which attempt, or which invitation.
    pub(crate) about: Option<&'a [u8]>,
    /// From then on nobody has any use for it.
    pub(crate) expires: Option<Timestamp>,
}

/// A letter that waits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct LetterRow {
    pub(crate) number: i64,
    pub(crate) address: String,
    pub(crate) language: Language,
    /// None: a version that is newer has written it.
    pub(crate) kind: Option<Kind>,
    pub(crate) about: Option<Vec<u8>>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) attempts: u32,
}

/// Queues a letter. One that says the same and still waits is enough.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn write(
    tx: &Transaction<'_>,
    letter: &NewLetter<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    tx.prepare_cached(
        "INSERT INTO letter (address, language, kind, about, created, due, expires)
         SELECT ?1, ?2, ?3, ?4, ?5, ?5, ?6 WHERE NOT EXISTS
             (SELECT 1 FROM letter WHERE address = ?1 AND kind = ?3 AND about IS ?4)",
    )?
    .execute(params![
        letter.address,
        letter.language.code(),
        letter.kind.code(),
        letter.about,
        millis(now),
        letter.expires.map(millis),
    ])?;
    Ok(())
}

/// Letters that are due, oldest first.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn due(tx: &Transaction<'_>, now: Timestamp) -> Result<Vec<LetterRow>, Failure> {
    let mut statement =
        tx.prepare_cached("SELECT * FROM letter WHERE due <= ?1 ORDER BY number LIMIT 50")?;
    let rows = statement.query_map([millis(now)], |row| {
        let kind: String = row.get("kind")?;
        Ok(LetterRow {
            number: row.get("number")?,
            address: row.get("address")?,
            language: parsed(row, "language")?,
            kind: Kind::ALL.iter().find(|known| known.code() == kind).copied(),
            about: row.get("about")?,
            expires: time_option(row, "expires")?,
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
    tx.execute("DELETE FROM letter WHERE number = ?1", [letter])?;
    Ok(())
}

/// A letter is to be tried again.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn postpone(tx: &Transaction<'_>, letter: i64, due: Timestamp) -> Result<(), Failure> {
    tx.execute(
        "UPDATE letter SET attempts = attempts + 1, due = ?2 WHERE number = ?1",
        params![letter, millis(due)],
    )?;
    Ok(())
}
