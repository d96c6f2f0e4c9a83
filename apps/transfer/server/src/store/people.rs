//! The directory, invitations, names, and sessions of browsers.

use rusqlite::{OptionalExtension as _, Transaction, params};
use wardseal_types::{DeviceId, GroupId, Timestamp, UserId};

use super::{millis, parsed, parsed_option, time};
use crate::{
    failure::{Code, Failure},
    mail::Language,
    model::Facility,
};

/// A facility with what is not public about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Notified {
    /// What the directory shows.
    pub public: Facility,
    /// Where notifications go, if anywhere.
    pub address: Option<String>,
    /// In which language.
    pub language: Language,
}

/// A session of a browser.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SessionRow {
    /// Who is signed in.
    pub(crate) user: UserId,
    /// With which device: without it there is no session.
    pub(crate) device: DeviceId,
    /// Since when.
    pub(crate) created: Timestamp,
    /// When it was used last, to the minute.
    pub(crate) seen: Timestamp,
}

/// Writes a facility, or replaces it.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn put_facility(
    tx: &Transaction<'_>,
    facility: &Notified,
    now: Timestamp,
) -> Result<(), Failure> {
    let public = serde_json::to_string(&facility.public).map_err(Failure::internal)?;
    tx.execute(
        "INSERT INTO facility (grp, public, address, language, updated) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (grp) DO UPDATE SET public = excluded.public, address = excluded.address,
         language = excluded.language, updated = excluded.updated",
        params![
            facility.public.group.to_string(),
            public,
            facility.address,
            facility.language.code(),
            millis(now)
        ],
    )?;
    Ok(())
}

/// The public directory, in the order of the identifiers.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn facilities(tx: &Transaction<'_>) -> Result<Vec<Facility>, Failure> {
    let mut statement = tx.prepare_cached("SELECT public FROM facility ORDER BY grp")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|text| serde_json::from_str(&text?).map_err(Failure::internal))
        .collect()
}

/// The groups of all facilities.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn facility_groups(tx: &Transaction<'_>) -> Result<Vec<GroupId>, Failure> {
    let mut statement = tx.prepare_cached("SELECT grp FROM facility ORDER BY grp")?;
    let rows = statement.query_map([], |row| parsed(row, "grp"))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One facility.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn facility(tx: &Transaction<'_>, group: &GroupId) -> Result<Option<Notified>, Failure> {
    let found = tx
        .prepare_cached("SELECT public, address, language FROM facility WHERE grp = ?1")?
        .query_row([group.to_string()], |row| {
            Ok((
                row.get::<_, String>("public")?,
                row.get("address")?,
                parsed(row, "language")?,
            ))
        })
        .optional()?;
    let Some((public, address, language)) = found else {
        return Ok(None);
    };
    Ok(Some(Notified {
        public: serde_json::from_str(&public).map_err(Failure::internal)?,
        address,
        language,
    }))
}

/// Writes an invitation, by the hash of its code. An older one for the name that nobody used is
/// void from now on.
///
/// # Errors
/// [`Code::Taken`] when somebody has the name already.
pub(crate) fn invite(
    tx: &Transaction<'_>,
    code: &[u8; 32],
    name: &str,
    facility: Option<GroupId>,
    expires: Timestamp,
) -> Result<(), Failure> {
    let taken: i64 = tx.query_row(
        "SELECT count(*) FROM person WHERE name = ?1",
        [name],
        |row| row.get(0),
    )?;
    if taken > 0 {
        return Err(Failure::detail(
            Code::Taken,
            "somebody has this name already",
        ));
    }
    tx.execute(
        "DELETE FROM invitation WHERE name = ?1 AND used_by IS NULL",
        [name],
    )?;
    tx.execute(
        "INSERT INTO invitation (code, name, facility, expires) VALUES (?1, ?2, ?3, ?4)",
        params![
            code,
            name,
            facility.map(|group| group.to_string()),
            millis(expires)
        ],
    )?;
    Ok(())
}

/// Uses an invitation for a user, who from now on has the name. The same user may use it again.
///
/// # Errors
/// [`Code::InvitationRefused`].
pub(crate) fn accept(
    tx: &Transaction<'_>,
    code: &[u8; 32],
    name: &str,
    user: UserId,
    now: Timestamp,
) -> Result<Option<GroupId>, Failure> {
    let found = tx
        .query_row(
            "SELECT name, facility, expires, used_by FROM invitation WHERE code = ?1",
            [code],
            |row| {
                Ok((
                    row.get::<_, String>("name")?,
                    parsed_option(row, "facility")?,
                    time(row, "expires")?,
                    parsed_option::<UserId>(row, "used_by")?,
                ))
            },
        )
        .optional()?;
    let Some((invited, facility, expires, used_by)) = found else {
        return Err(Code::InvitationRefused.into());
    };
    if invited != name || expires <= now || used_by.is_some_and(|used| used != user) {
        return Err(Code::InvitationRefused.into());
    }
    if used_by.is_none() {
        tx.execute(
            "UPDATE invitation SET used_by = ?2 WHERE code = ?1",
            params![code, user.to_string()],
        )?;
        let added = tx.execute(
            "INSERT INTO person (user, name, created) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![user.to_string(), name, millis(now)],
        )?;
        if added == 0 {
            return Err(Code::InvitationRefused.into());
        }
    }
    Ok(facility)
}

/// The name under which a user signed up here.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn name_of(tx: &Transaction<'_>, user: &UserId) -> Result<Option<String>, Failure> {
    Ok(tx
        .prepare_cached("SELECT name FROM person WHERE user = ?1")?
        .query_row([user.to_string()], |row| row.get(0))
        .optional()?)
}

/// Begins a session, by the hash of its token.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn begin_session(
    tx: &Transaction<'_>,
    token: &[u8; 32],
    (user, device): (UserId, DeviceId),
    now: Timestamp,
) -> Result<(), Failure> {
    tx.execute(
        "INSERT INTO session (token, user, device, created, seen) VALUES (?1, ?2, ?3, ?4, ?4)",
        params![token, user.to_string(), device.to_string(), millis(now)],
    )?;
    Ok(())
}

/// The session with this hash.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn session(
    tx: &Transaction<'_>,
    token: &[u8; 32],
) -> Result<Option<SessionRow>, Failure> {
    Ok(tx
        .prepare_cached("SELECT user, device, created, seen FROM session WHERE token = ?1")?
        .query_row([token], |row| {
            Ok(SessionRow {
                user: parsed(row, "user")?,
                device: parsed(row, "device")?,
                created: time(row, "created")?,
                seen: time(row, "seen")?,
            })
        })
        .optional()?)
}

/// Notes that a session is used.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn touch_session(
    tx: &Transaction<'_>,
    token: &[u8; 32],
    now: Timestamp,
) -> Result<(), Failure> {
    tx.prepare_cached("UPDATE session SET seen = max(seen, ?2) WHERE token = ?1")?
        .execute(params![token, millis(now)])?;
    Ok(())
}

/// Ends a session.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn end_session(tx: &Transaction<'_>, token: &[u8; 32]) -> Result<(), Failure> {
    tx.execute("DELETE FROM session WHERE token = ?1", [token])?;
    Ok(())
}

/// Forgets sessions that nobody may use any more.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn forget_sessions(
    tx: &Transaction<'_>,
    created_before: Timestamp,
    seen_before: Timestamp,
) -> Result<(), Failure> {
    tx.execute(
        "DELETE FROM session WHERE created <= ?1 OR seen <= ?2",
        params![millis(created_before), millis(seen_before)],
    )?;
    Ok(())
}
