//! Which blobs there are, and in which parts they lie.

use rusqlite::{
    OptionalExtension as _, Row, Transaction, params,
    types::{FromSqlError, Type},
};
use wardseal_blobs::{Counted, Part, PartName};
use wardseal_types::{GroupId, Timestamp};

use super::{millis, parsed, signed, time, unsigned};
use crate::{
    failure::{Code, Failure},
    id::Id,
    model::BlobInfo,
};

/// A blob.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Blob {
    /// Which one.
    pub(crate) id: Id,
    /// Who put it.
    pub(crate) facility: GroupId,
    /// Its length.
    pub(crate) size: u64,
    /// How much of it is there.
    pub(crate) received: u64,
    /// Hash of its content, if it came at once.
    pub(crate) hash: Option<[u8; 32]>,
    /// When it was begun.
    pub(crate) created: Timestamp,
}

impl Blob {
    pub(crate) const fn info(&self) -> BlobInfo {
        BlobInfo {
            id: self.id,
            size: self.size,
            complete: self.is_complete(),
            created: self.created,
        }
    }

    /// Whether all of it is there.
    #[must_use]
    pub(crate) const fn is_complete(&self) -> bool {
        self.received == self.size
    }
}

pub(crate) fn blob(row: &Row<'_>) -> Result<Blob, rusqlite::Error> {
    Ok(Blob {
        id: row.get("id")?,
        facility: parsed(row, "facility")?,
        size: unsigned(row.get("size")?),
        received: unsigned(row.get("received")?),
        hash: row.get("hash")?,
        created: time(row, "created")?,
    })
}

pub(crate) fn find(tx: &Transaction<'_>, id: Id) -> Result<Option<Blob>, Failure> {
    Ok(tx
        .prepare_cached("SELECT * FROM blob WHERE id = ?1")?
        .query_row([id], blob)
        .optional()?)
}

pub(crate) fn insert(tx: &Transaction<'_>, blob: &Blob) -> Result<(), Failure> {
    tx.prepare_cached(
        "INSERT INTO blob (id, facility, size, received, hash, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        blob.id,
        blob.facility.to_string(),
        signed(blob.size),
        signed(blob.received),
        blob.hash,
        millis(blob.created)
    ])?;
    Ok(())
}

/// Notes a part that the store has taken. Only the one that begins where the blob ends counts.
pub(crate) fn append(tx: &Transaction<'_>, id: Id, part: &Part) -> Result<Counted, Failure> {
    let moved = tx
        .prepare_cached("UPDATE blob SET received = received + ?3 WHERE id = ?1 AND received = ?2")?
        .execute(params![id, signed(part.start), signed(part.size)])?;
    if moved == 0 {
        let at = find(tx, id)?.map_or(0, |blob| blob.received);
        return Ok(Counted::StandsAt(at));
    }
    tx.prepare_cached("INSERT INTO part (blob, start, size, name) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            id,
            signed(part.start),
            signed(part.size),
            part.name.as_str()
        ])?;
    Ok(Counted::Yes)
}

/// The parts of a blob, in order.
pub(crate) fn parts(tx: &Transaction<'_>, id: Id) -> Result<Vec<Part>, Failure> {
    let mut statement =
        tx.prepare_cached("SELECT start, size, name FROM part WHERE blob = ?1 ORDER BY start")?;
    let rows = statement.query_map([id], |row| {
        Ok(Part {
            start: unsigned(row.get("start")?),
            size: unsigned(row.get("size")?),
            name: part_name(row)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn part_name(row: &Row<'_>) -> Result<PartName, rusqlite::Error> {
    let text: String = row.get("name")?;
    PartName::kept(&text).ok_or_else(|| {
        let refused = FromSqlError::Other("no name of a part".into());
        rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(refused))
    })
}

/// How many parts a blob has.
pub(crate) fn count_parts(tx: &Transaction<'_>, id: Id) -> Result<u64, Failure> {
    Ok(unsigned(
        tx.prepare_cached("SELECT count(*) FROM part WHERE blob = ?1")?
            .query_row([id], |row| row.get(0))?,
    ))
}

/// Refuses what cannot be referred to: a blob that is not there, not complete, or another
/// facility's.
pub(crate) fn is_whole(tx: &Transaction<'_>, id: Id, facility: &GroupId) -> Result<(), Failure> {
    match find(tx, id)? {
        Some(blob) if blob.is_complete() && blob.facility == *facility => Ok(()),
        _ => Err(Code::BlobMissing.into()),
    }
}

/// Blobs that were begun before and to which nothing refers: uploads that nobody finished, and
/// what a page sealed and then did not send.
pub(crate) fn unused(tx: &Transaction<'_>, before: Timestamp) -> Result<Vec<Id>, Failure> {
    let mut statement = tx.prepare_cached(
        "SELECT id FROM blob WHERE created < ?1
         AND NOT EXISTS (SELECT 1 FROM transfer_case WHERE transfer_case.sealed = blob.id)
         AND NOT EXISTS (SELECT 1 FROM document WHERE document.blob = blob.id)
         AND NOT EXISTS (SELECT 1 FROM request WHERE sealed = blob.id)
         AND NOT EXISTS (SELECT 1 FROM request WHERE disclosure_sealed = blob.id)
         AND NOT EXISTS (SELECT 1 FROM event WHERE event.blob = blob.id)
         ORDER BY created LIMIT 200",
    )?;
    let rows = statement.query_map([millis(before)], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Forgets a blob and its parts.
pub(crate) fn remove(tx: &Transaction<'_>, id: Id) -> Result<(), Failure> {
    tx.execute("DELETE FROM blob WHERE id = ?1", [id])?;
    Ok(())
}
