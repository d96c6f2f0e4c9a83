//! Requests, what happened to them, and revocations.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use transfer_rules::{CareFamily, RequestState, Side, Urgency, state::Access};
use wardseal_types::{GroupId, SessionId, Timestamp, UserId};

use super::{cases, millis, parsed, parsed_option, signed, time, time_option, unsigned};
use crate::{
    failure::Failure,
    id::Id,
    model::{Answer, BlobInfo, Disclosure, Escrow, EscrowState, Event, RequestRecord, Revocation},
    receiver::{Identifier, Receiver},
};

/// Requests in one list.
const MOST: i64 = 1000;

/// A request without what hangs on it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct RequestRow {
    pub(crate) id: Id,
    pub(crate) case: Id,
    pub(crate) sender: GroupId,
    pub(crate) receiver: Receiver,
    pub(crate) state: RequestState,
    pub(crate) urgency: Urgency,
    pub(crate) family: CareFamily,
    pub(crate) deadline: Timestamp,
    pub(crate) paused_since: Option<Timestamp>,
    pub(crate) session: SessionId,
    pub(crate) sealed: Id,
    /// Codes, with spaces between.
    pub(crate) reason_groups: String,
    pub(crate) disclosure: Option<(SessionId, Id)>,
    pub(crate) entered_by_sender: bool,
    /// When the receiver's access was ended for good.
    pub(crate) released: Option<Timestamp>,
    /// The pending recipient of stage 1, where the request was sent in escrow.
    pub(crate) pending: Option<String>,
    /// The pending recipient of stage 2.
    pub(crate) disclosure_pending: Option<String>,
    /// When the receiver got the key that had waited.
    pub(crate) delivered: Option<Timestamp>,
    /// When the receiver was reminded that something waits.
    pub(crate) reminded: Option<Timestamp>,
    pub(crate) version: u64,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

impl RequestRow {
    /// What the receiver may read.
    pub(crate) const fn access(&self) -> Access {
        match self.released {
            Some(_) => Access::Nothing,
            None => self.state.access(),
        }
    }

    /// The receiver has the key. Whether that is news.
    pub(crate) const fn delivered(&mut self, now: Timestamp) -> bool {
        let news = self.pending.is_some() && self.delivered.is_none();
        if news {
            self.delivered = Some(now);
        }
        news
    }

    /// The pending recipient of a session of this request.
    fn pending_in(&self, session: SessionId) -> Option<&str> {
        if session == self.session {
            self.pending.as_deref()
        } else {
            self.disclosure_pending.as_deref()
        }
    }
}

/// Something that happens to a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Happened {
    pub(crate) state: RequestState,
    pub(crate) at: Timestamp,
    pub(crate) by: Option<UserId>,
    pub(crate) side: Side,
    pub(crate) sealed: Option<Id>,
}

fn request(row: &Row<'_>) -> Result<RequestRow, rusqlite::Error> {
    let session: Option<SessionId> = parsed_option(row, "disclosure_session")?;
    let sealed: Option<Id> = row.get("disclosure_sealed")?;
    Ok(RequestRow {
        id: row.get("id")?,
        case: row.get("case_id")?,
        sender: parsed(row, "sender")?,
        receiver: parsed(row, "receiver")?,
        state: parsed(row, "state")?,
        urgency: parsed(row, "urgency")?,
        family: parsed(row, "family")?,
        deadline: time(row, "deadline")?,
        paused_since: time_option(row, "paused_since")?,
        session: parsed(row, "session")?,
        sealed: row.get("sealed")?,
        reason_groups: row.get("reason_groups")?,
        disclosure: session.zip(sealed),
        entered_by_sender: row.get("entered_by_sender")?,
        released: time_option(row, "released")?,
        pending: row.get("pending")?,
        disclosure_pending: row.get("disclosure_pending")?,
        delivered: time_option(row, "delivered")?,
        reminded: time_option(row, "reminded")?,
        version: unsigned(row.get("version")?),
        created: time(row, "created")?,
        updated: time(row, "updated")?,
    })
}

pub(crate) fn find(tx: &Transaction<'_>, id: Id) -> Result<Option<RequestRow>, Failure> {
    Ok(tx
        .prepare_cached("SELECT * FROM request WHERE id = ?1")?
        .query_row([id], request)
        .optional()?)
}

/// The requests of a case, in the order in which they were sent.
pub(crate) fn of_case(tx: &Transaction<'_>, case: Id) -> Result<Vec<RequestRow>, Failure> {
    let mut statement =
        tx.prepare_cached("SELECT * FROM request WHERE case_id = ?1 ORDER BY created, rowid")?;
    let rows = statement.query_map([case], request)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The requests to a facility: those that are not over first, by deadline.
pub(crate) fn of_receiver(
    tx: &Transaction<'_>,
    receiver: &GroupId,
) -> Result<Vec<RequestRow>, Failure> {
    // The newest by deadline, so that a long history never hides what is due.
    let mut statement = tx.prepare_cached(
        "SELECT * FROM request WHERE receiver = ?1 ORDER BY deadline DESC, id DESC LIMIT ?2",
    )?;
    let rows = statement.query_map(params![receiver.to_string(), MOST], request)?;
    let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
    rows.sort_by_key(|row| (row.state.is_final(), row.deadline, row.id));
    Ok(rows)
}

/// Requests whose deadline is over and whose clock runs. Which of them expire is for the rules to
/// say.
pub(crate) fn overdue(
    tx: &Transaction<'_>,
    now: Timestamp,
    states: &[RequestState],
) -> Result<Vec<RequestRow>, Failure> {
    let mut statement = tx.prepare_cached(
        "SELECT * FROM request WHERE paused_since IS NULL AND deadline <= ?1 AND state = ?2
         ORDER BY deadline LIMIT 500",
    )?;
    let mut found = Vec::new();
    for state in states {
        let rows = statement.query_map(params![millis(now), state.code()], request)?;
        found.extend(rows.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(found)
}

/// Requests that wait for a facility that is not registered, have not been answered by telephone and
/// are half-way to their deadline: those of which the facility was not reminded.
pub(crate) fn to_remind(tx: &Transaction<'_>, now: Timestamp) -> Result<Vec<RequestRow>, Failure> {
    let mut statement = tx.prepare_cached(
        "SELECT * FROM request WHERE pending IS NOT NULL AND delivered IS NULL
         AND reminded IS NULL AND released IS NULL AND paused_since IS NULL
         AND state = 'sent' AND instr(receiver, ':') > 0
         AND created + (deadline - created) / 2 <= ?1 ORDER BY deadline LIMIT 500",
    )?;
    let rows = statement.query_map([millis(now)], request)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The requests that wait for a facility that is not registered.
pub(crate) fn waiting(
    tx: &Transaction<'_>,
    identifier: &Identifier,
) -> Result<Vec<RequestRow>, Failure> {
    let mut statement = tx.prepare_cached(
        "SELECT * FROM request WHERE receiver = ?1 AND released IS NULL ORDER BY created, rowid",
    )?;
    let rows = statement.query_map([identifier.as_str()], request)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn insert(tx: &Transaction<'_>, request: &RequestRow) -> Result<(), Failure> {
    tx.prepare_cached(
        "INSERT INTO request (id, case_id, sender, receiver, state, urgency, family, deadline,
         paused_since, session, sealed, version, created, updated, pending)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?
    .execute(params![
        request.id,
        request.case,
        request.sender.to_string(),
        request.receiver.to_string(),
        request.state.code(),
        request.urgency.code(),
        request.family.code(),
        millis(request.deadline),
        request.paused_since.map(millis),
        request.session.to_string(),
        request.sealed,
        signed(request.version),
        millis(request.created),
        millis(request.updated),
        request.pending,
    ])?;
    Ok(())
}

/// Writes what may change of a request.
pub(crate) fn update(tx: &Transaction<'_>, request: &RequestRow) -> Result<(), Failure> {
    tx.prepare_cached(
        "UPDATE request SET state = ?2, deadline = ?3, paused_since = ?4, reason_groups = ?5,
         disclosure_session = ?6, disclosure_sealed = ?7, entered_by_sender = ?8, version = ?9,
         updated = ?10, urgency = ?11, released = ?12, receiver = ?13, disclosure_pending = ?14,
         delivered = ?15, reminded = ?16 WHERE id = ?1",
    )?
    .execute(params![
        request.id,
        request.state.code(),
        millis(request.deadline),
        request.paused_since.map(millis),
        request.reason_groups,
        request.disclosure.map(|(session, _)| session.to_string()),
        request.disclosure.map(|(_, sealed)| sealed),
        request.entered_by_sender,
        signed(request.version),
        millis(request.updated),
        request.urgency.code(),
        request.released.map(millis),
        request.receiver.to_string(),
        request.disclosure_pending,
        request.delivered.map(millis),
        request.reminded.map(millis),
    ])?;
    Ok(())
}

pub(crate) fn happened(tx: &Transaction<'_>, request: Id, event: &Happened) -> Result<(), Failure> {
    tx.prepare_cached(
        "INSERT INTO event (request, state, at, user, side, blob) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        request,
        event.state.code(),
        millis(event.at),
        event.by.map(|user| user.to_string()),
        event.side.code(),
        event.sealed,
    ])?;
    Ok(())
}

pub(crate) fn events(tx: &Transaction<'_>, request: Id) -> Result<Vec<Happened>, Failure> {
    let mut statement =
        tx.prepare_cached("SELECT * FROM event WHERE request = ?1 ORDER BY number")?;
    let rows = statement.query_map([request], |row| {
        Ok(Happened {
            state: parsed(row, "state")?,
            at: time(row, "at")?,
            by: parsed_option(row, "user")?,
            side: parsed(row, "side")?,
            sealed: row.get("blob")?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A request with all that hangs on it. The receiver (`documents` is `None`: they are looked up if
/// needed) sees a disclosure only while he may read it.
pub(crate) fn record(
    tx: &Transaction<'_>,
    request: RequestRow,
    documents: Option<&[BlobInfo]>,
) -> Result<RequestRecord, Failure> {
    let events = events(tx, request.id)?;
    let escrow = escrow(&request, &events);
    let is_sender = documents.is_some();
    let disclosure = match request.disclosure {
        Some((session, sealed)) if is_sender || request.access() == Access::Record => {
            Some(Disclosure {
                session,
                sealed,
                documents: match documents {
                    Some(documents) => documents.to_vec(),
                    None => cases::documents(tx, request.case)?,
                },
            })
        }
        _ => None,
    };
    Ok(RequestRecord {
        id: request.id,
        case: request.case,
        from: request.sender,
        to: request.receiver,
        escrow,
        state: request.state,
        urgency: request.urgency,
        family: request.family,
        deadline: request.deadline,
        paused_since: request.paused_since,
        session: request.session,
        sealed: request.sealed,
        answers: events
            .iter()
            .filter_map(|event| {
                event.sealed.map(|blob| Answer {
                    blob,
                    state: event.state,
                    at: event.at,
                })
            })
            .collect(),
        reason_groups: request
            .reason_groups
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        disclosure,
        entered_by_sender: request.entered_by_sender,
        version: request.version,
        created: request.created,
        updated: request.updated,
        events: events
            .iter()
            .map(|event| Event {
                state: event.state,
                at: event.at,
                by: event.by,
                side: event.side,
            })
            .collect(),
    })
}

/// Where a request stands that was sent in escrow.
fn escrow(request: &RequestRow, events: &[Happened]) -> Option<Escrow> {
    let pending = request.pending.clone()?;
    let opened = events
        .iter()
        .find(|event| event.side == Side::Receiver)
        .map(|event| event.at);
    Some(Escrow {
        state: match (request.delivered, opened) {
            (None, _) => EscrowState::InEscrow,
            (Some(_), None) => EscrowState::Delivered,
            (Some(_), Some(_)) => EscrowState::Opened,
        },
        pending,
        disclosure_pending: request.disclosure_pending.clone(),
        delivered: request.delivered,
        opened,
    })
}

/// The requests that refer to a blob, as stage 1, answer or stage 2, or whose case has it as a
/// document.
pub(crate) fn referring(tx: &Transaction<'_>, blob: Id) -> Result<Vec<RequestRow>, Failure> {
    let mut statement = tx.prepare_cached(
        "SELECT * FROM request WHERE id IN (
             SELECT id FROM request WHERE sealed = ?1 OR disclosure_sealed = ?1
             UNION SELECT request FROM event WHERE blob = ?1
             UNION SELECT request.id FROM request
                   JOIN document ON document.case_id = request.case_id WHERE document.blob = ?1)",
    )?;
    let rows = statement.query_map([blob], request)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether a blob came with a move of a request.
pub(crate) fn is_answer(tx: &Transaction<'_>, request: Id, blob: Id) -> Result<bool, Failure> {
    Ok(tx
        .prepare_cached("SELECT count(*) FROM event WHERE blob = ?2 AND request = ?1")?
        .query_row([request, blob], |row| row.get::<_, i64>(0))?
        > 0)
}

// --- revocations

fn revocation(row: &Row<'_>) -> Result<Revocation, rusqlite::Error> {
    Ok(Revocation {
        id: row.get("id")?,
        case: row.get("case_id")?,
        request: row.get("request")?,
        session: parsed(row, "session")?,
        group: parsed::<Receiver>(row, "grp")?.group(),
        pending: row.get("pending")?,
        created: time(row, "created")?,
        done: time_option(row, "done")?,
    })
}

/// Queues a revocation; one that is queued already changes nothing.
pub(crate) fn revoke(
    tx: &Transaction<'_>,
    id: Id,
    request: &RequestRow,
    session: SessionId,
    now: Timestamp,
) -> Result<bool, Failure> {
    Ok(tx
        .prepare_cached(
            "INSERT INTO revocation (id, request, case_id, facility, session, grp, created, pending)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (session, grp) DO NOTHING",
        )?
        .execute(params![
            id,
            request.id,
            request.case,
            request.sender.to_string(),
            session.to_string(),
            request.receiver.to_string(),
            millis(now),
            request.pending_in(session),
        ])?
        > 0)
}

/// A group has the identifier now, so whoever's access is still to be ended may be it.
pub(crate) fn hand_over_revocations(
    tx: &Transaction<'_>,
    identifier: &Identifier,
    group: GroupId,
) -> Result<(), Failure> {
    tx.execute(
        "UPDATE revocation SET grp = ?2 WHERE grp = ?1 AND done IS NULL",
        params![identifier.as_str(), group.to_string()],
    )?;
    Ok(())
}

/// Whether a request uses a session already, as its own or for a disclosure.
pub(crate) fn uses_session(tx: &Transaction<'_>, session: SessionId) -> Result<bool, Failure> {
    Ok(tx
        .prepare_cached(
            "SELECT count(*) FROM request WHERE session = ?1 OR disclosure_session = ?1",
        )?
        .query_row([session.to_string()], |row| row.get::<_, i64>(0))?
        > 0)
}

/// Whether access to a session was ever to be ended.
pub(crate) fn is_revoked(tx: &Transaction<'_>, session: SessionId) -> Result<bool, Failure> {
    Ok(tx
        .prepare_cached("SELECT count(*) FROM revocation WHERE session = ?1")?
        .query_row([session.to_string()], |row| row.get::<_, i64>(0))?
        > 0)
}

pub(crate) fn revocations_of_case(
    tx: &Transaction<'_>,
    case: Id,
) -> Result<Vec<Revocation>, Failure> {
    let mut statement =
        tx.prepare_cached("SELECT * FROM revocation WHERE case_id = ?1 ORDER BY created, id")?;
    let rows = statement.query_map([case], revocation)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The revocations that a facility still has to sign, oldest first.
pub(crate) fn open_revocations(
    tx: &Transaction<'_>,
    facility: &GroupId,
) -> Result<Vec<Revocation>, Failure> {
    let mut statement = tx.prepare_cached(
        "SELECT * FROM revocation WHERE facility = ?1 AND done IS NULL ORDER BY created, id LIMIT ?2",
    )?;
    let rows = statement.query_map(params![facility.to_string(), MOST], revocation)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A revocation and the facility that has to sign it.
pub(crate) fn find_revocation(
    tx: &Transaction<'_>,
    id: Id,
) -> Result<Option<(Revocation, GroupId)>, Failure> {
    Ok(tx
        .query_row("SELECT * FROM revocation WHERE id = ?1", [id], |row| {
            Ok((revocation(row)?, parsed(row, "facility")?))
        })
        .optional()?)
}

pub(crate) fn revocation_done(tx: &Transaction<'_>, id: Id, now: Timestamp) -> Result<(), Failure> {
    tx.execute(
        "UPDATE revocation SET done = ?2 WHERE id = ?1 AND done IS NULL",
        params![id, millis(now)],
    )?;
    Ok(())
}
