//! Cases.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use transfer_rules::{CareFamily, CaseState, Urgency};
use wardseal_types::{GroupId, SessionId, Timestamp};

use super::{blobs, millis, parsed, requests, signed, time, unsigned};
use crate::{
    failure::Failure,
    id::Id,
    model::{BlobInfo, CaseRecord},
};

/// Cases on one page of a list.
const PAGE: i64 = 100;

/// A case without what hangs on it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CaseRow {
    pub(crate) id: Id,
    pub(crate) facility: GroupId,
    pub(crate) state: CaseState,
    pub(crate) urgency: Urgency,
    pub(crate) family: CareFamily,
    pub(crate) ready: bool,
    pub(crate) consent: bool,
    pub(crate) session: SessionId,
    pub(crate) documents_session: SessionId,
    pub(crate) sealed: Id,
    pub(crate) version: u64,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

fn case(row: &Row<'_>) -> Result<CaseRow, rusqlite::Error> {
    Ok(CaseRow {
        id: row.get("id")?,
        facility: parsed(row, "facility")?,
        state: parsed(row, "state")?,
        urgency: parsed(row, "urgency")?,
        family: parsed(row, "family")?,
        ready: row.get("ready")?,
        consent: row.get("consent")?,
        session: parsed(row, "session")?,
        documents_session: parsed(row, "documents_session")?,
        sealed: row.get("sealed")?,
        version: unsigned(row.get("version")?),
        created: time(row, "created")?,
        updated: time(row, "updated")?,
    })
}

pub(crate) fn find(tx: &Transaction<'_>, id: Id) -> Result<Option<CaseRow>, Failure> {
    Ok(tx
        .prepare_cached("SELECT * FROM transfer_case WHERE id = ?1")?
        .query_row([id], case)
        .optional()?)
}

pub(crate) fn insert(tx: &Transaction<'_>, case: &CaseRow) -> Result<(), Failure> {
    tx.execute(
        "INSERT INTO transfer_case (id, facility, state, urgency, family, ready, consent, session,
         documents_session, sealed, version, created, updated)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            case.id,
            case.facility.to_string(),
            case.state.code(),
            case.urgency.code(),
            case.family.code(),
            case.ready,
            case.consent,
            case.session.to_string(),
            case.documents_session.to_string(),
            case.sealed,
            signed(case.version),
            millis(case.created),
            millis(case.updated),
        ],
    )?;
    Ok(())
}

/// Writes what may change of a case.
pub(crate) fn update(tx: &Transaction<'_>, case: &CaseRow) -> Result<(), Failure> {
    tx.prepare_cached(
        "UPDATE transfer_case SET state = ?2, urgency = ?3, family = ?4, ready = ?5, consent = ?6,
         sealed = ?7, version = ?8, updated = ?9 WHERE id = ?1",
    )?
    .execute(params![
        case.id,
        case.state.code(),
        case.urgency.code(),
        case.family.code(),
        case.ready,
        case.consent,
        case.sealed,
        signed(case.version),
        millis(case.updated),
    ])?;
    Ok(())
}

/// A page of the cases of a facility, newest first.
pub(crate) fn of_facility(
    tx: &Transaction<'_>,
    facility: &GroupId,
    after: Option<&CaseRow>,
) -> Result<Vec<CaseRow>, Failure> {
    let mut statement = tx.prepare_cached(
        "SELECT * FROM transfer_case WHERE facility = ?1 AND (created, id) < (?2, ?3)
         ORDER BY created DESC, id DESC LIMIT ?4",
    )?;
    let (created, id) = after.map_or((i64::MAX, String::new()), |after| {
        (millis(after.created), after.id.to_string())
    });
    let rows = statement.query_map(params![facility.to_string(), created, id, PAGE], case)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A case with all that hangs on it, as its sender sees it.
pub(crate) fn record(tx: &Transaction<'_>, case: CaseRow) -> Result<CaseRecord, Failure> {
    let documents = documents(tx, case.id)?;
    let requests = requests::of_case(tx, case.id)?
        .into_iter()
        .map(|request| requests::record(tx, request, Some(&documents)))
        .collect::<Result<_, _>>()?;
    Ok(CaseRecord {
        id: case.id,
        facility: case.facility,
        state: case.state,
        urgency: case.urgency,
        family: case.family,
        ready: case.ready,
        consent: case.consent,
        session: case.session,
        documents_session: case.documents_session,
        sealed: case.sealed,
        documents,
        version: case.version,
        created: case.created,
        updated: case.updated,
        requests,
        revocations: requests::revocations_of_case(tx, case.id)?,
    })
}

/// The documents of a case, oldest first.
pub(crate) fn documents(tx: &Transaction<'_>, case: Id) -> Result<Vec<BlobInfo>, Failure> {
    let mut statement = tx.prepare_cached(
        "SELECT blob.* FROM document JOIN blob ON blob.id = document.blob
         WHERE document.case_id = ?1 ORDER BY blob.created, blob.id",
    )?;
    let rows = statement.query_map([case], |row| Ok(blobs::blob(row)?.info()))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Adds a document; `false` when some case has it already.
pub(crate) fn add_document(tx: &Transaction<'_>, case: Id, blob: Id) -> Result<bool, Failure> {
    Ok(tx.execute(
        "INSERT INTO document (case_id, blob) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        [case, blob],
    )? > 0)
}

/// Removes a document; `false` when the case has none such.
pub(crate) fn remove_document(tx: &Transaction<'_>, case: Id, blob: Id) -> Result<bool, Failure> {
    Ok(tx.execute(
        "DELETE FROM document WHERE case_id = ?1 AND blob = ?2",
        [case, blob],
    )? > 0)
}
