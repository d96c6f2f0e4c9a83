//! The directory, invitations, names, and sessions of browsers.

use rusqlite::{OptionalExtension as _, Transaction, params};
use wardseal_types::{DeviceId, GroupId, Timestamp, UserId};

use super::{millis, parsed, parsed_option, signed, time};
use crate::{
    failure::{Code, Failure},
    mail::Language,
    model::{Account, PendingRestart},
    receiver::Identifier,
};

/// Whom an invitation is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Guest<'a> {
    /// Somebody with this name, who will belong to this facility if it is registered already.
    Name(&'a str, Option<GroupId>),
    /// Somebody with this name, who begins anew: the member of a facility that this user was.
    Again(&'a str, GroupId, UserId),
    /// The first person of a facility.
    Facility(&'a Identifier),
}

/// What an invitation that was used gives.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Accepted {
    /// The facility that the person will belong to.
    pub(crate) facility: Option<GroupId>,
    /// The facility whose first person it is.
    pub(crate) identifier: Option<Identifier>,
    /// Whom the person was before.
    pub(crate) old: Option<UserId>,
}

/// An invitation of a facility.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct FacilityInvitation {
    pub(crate) identifier: Identifier,
    pub(crate) expires: Timestamp,
    pub(crate) used_by: Option<UserId>,
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

/// Writes an invitation, by the hash of its code. An older one for the same that nobody used is void
/// from now on.
///
/// # Errors
/// [`Code::Taken`] when somebody has the name already.
pub(crate) fn invite(
    tx: &Transaction<'_>,
    code: &[u8; 32],
    guest: Guest<'_>,
    expires: Timestamp,
) -> Result<(), Failure> {
    let (name, facility, replaces, identifier) = match guest {
        Guest::Name(name, facility) => (name, facility, None, None),
        Guest::Again(name, facility, old) => (name, Some(facility), Some(old), None),
        Guest::Facility(identifier) => ("", None, None, Some(identifier)),
    };
    let taken: i64 = tx.query_row(
        "SELECT count(*) FROM person WHERE name = ?1 AND user IS NOT ?2",
        params![name, replaces.map(|user| user.to_string())],
        |row| row.get(0),
    )?;
    if taken > 0 {
        return Err(Failure::detail(
            Code::Taken,
            "somebody has this name already",
        ));
    }
    tx.execute(
        "DELETE FROM invitation WHERE name = ?1 AND identifier IS ?2 AND used_by IS NULL",
        params![name, identifier.map(Identifier::as_str)],
    )?;
    tx.execute(
        "INSERT INTO invitation (code, name, facility, expires, identifier, replaces)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            code,
            name,
            facility.map(|group| group.to_string()),
            millis(expires),
            identifier.map(Identifier::as_str),
            replaces.map(|user| user.to_string()),
        ],
    )?;
    Ok(())
}

/// Uses an invitation for a user, who from now on has the name. The same user may use it again.
/// `may_have` says whether the first person of a facility may have the name.
///
/// # Errors
/// [`Code::InvitationRefused`].
pub(crate) fn accept(
    tx: &Transaction<'_>,
    code: &[u8; 32],
    name: &str,
    user: UserId,
    language: Language,
    may_have: impl FnOnce(&Identifier) -> Result<bool, Failure>,
    now: Timestamp,
) -> Result<Accepted, Failure> {
    let found = tx
        .query_row("SELECT * FROM invitation WHERE code = ?1", [code], |row| {
            Ok((
                row.get::<_, String>("name")?,
                time(row, "expires")?,
                parsed_option::<UserId>(row, "used_by")?,
                Accepted {
                    facility: parsed_option(row, "facility")?,
                    identifier: parsed_option(row, "identifier")?,
                    old: parsed_option(row, "replaces")?,
                },
            ))
        })
        .optional()?;
    let Some((invited, expires, used_by, accepted)) = found else {
        return Err(Code::InvitationRefused.into());
    };
    if expires <= now || used_by.is_some_and(|used| used != user) {
        return Err(Code::InvitationRefused.into());
    }
    let is_for = match (&accepted.identifier, used_by) {
        // The same person again, whose answer was lost.
        (Some(_), Some(_)) => name_of(tx, &user)?.as_deref() == Some(name),
        (Some(identifier), None) => may_have(identifier)?,
        (None, _) => invited == name,
    };
    if !is_for {
        return Err(Code::InvitationRefused.into());
    }
    if used_by.is_some() {
        return Ok(accepted);
    }
    tx.execute(
        "UPDATE invitation SET used_by = ?2 WHERE code = ?1",
        params![code, user.to_string()],
    )?;
    let kept = match &accepted.old {
        Some(old) => leave(tx, old)?,
        None => None,
    };
    let account = kept.unwrap_or_else(|| Account {
        address: is_address(name).then(|| name.to_owned()),
        language,
    });
    let added = tx.execute(
        "INSERT INTO person (user, name, created, address, language) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
        params![
            user.to_string(),
            name,
            millis(now),
            account.address,
            account.language.code()
        ],
    )?;
    if added == 0 {
        return Err(Code::InvitationRefused.into());
    }
    Ok(accepted)
}

/// Whether letters can go there.
pub(crate) fn is_address(text: &str) -> bool {
    text.parse::<lettre::Address>().is_ok()
}

/// Somebody begins anew: whom he was before is signed out, has no name here and no shares. Where his
/// letters went.
fn leave(tx: &Transaction<'_>, old: &UserId) -> Result<Option<Account>, Failure> {
    let kept = account(tx, old)?;
    for table in ["session", "share", "person"] {
        tx.execute(
            &format!("DELETE FROM {table} WHERE user = ?1"),
            [old.to_string()],
        )?;
    }
    Ok(kept)
}

/// The invitation of a facility with this code.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn facility_invitation(
    tx: &Transaction<'_>,
    code: &[u8; 32],
) -> Result<Option<FacilityInvitation>, Failure> {
    Ok(tx
        .query_row(
            "SELECT * FROM invitation WHERE code = ?1 AND identifier IS NOT NULL",
            [code],
            |row| {
                Ok(FacilityInvitation {
                    identifier: parsed(row, "identifier")?,
                    expires: time(row, "expires")?,
                    used_by: parsed_option(row, "used_by")?,
                })
            },
        )
        .optional()?)
}

/// Who has signed up with the invitation of a facility. Whoever does not register it while the
/// invitation is good makes room for others.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn founder(
    tx: &Transaction<'_>,
    identifier: &Identifier,
    now: Timestamp,
) -> Result<Option<UserId>, Failure> {
    Ok(tx
        .query_row(
            "SELECT used_by FROM invitation WHERE identifier = ?1 AND used_by IS NOT NULL
             AND expires > ?2 ORDER BY expires DESC LIMIT 1",
            params![identifier.as_str(), millis(now)],
            |row| parsed(row, "used_by"),
        )
        .optional()?)
}

/// Lets an invitation that nobody used be good for longer. `false` when there is none.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn extend_invitation(
    tx: &Transaction<'_>,
    code: &[u8; 32],
    now: Timestamp,
    expires: Timestamp,
) -> Result<bool, Failure> {
    Ok(tx.execute(
        "UPDATE invitation SET expires = max(expires, ?3)
         WHERE code = ?1 AND used_by IS NULL AND expires > ?2",
        params![code, millis(now), millis(expires)],
    )? > 0)
}

/// New identities that were begun for members of a facility, the ones that can still be used first.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn restarts(
    tx: &Transaction<'_>,
    facility: &GroupId,
) -> Result<Vec<PendingRestart>, Failure> {
    let mut statement = tx.prepare_cached(
        "SELECT * FROM invitation WHERE facility = ?1 AND replaces IS NOT NULL
         ORDER BY expires DESC, name LIMIT 200",
    )?;
    let rows = statement.query_map([facility.to_string()], |row| {
        Ok(PendingRestart {
            old: parsed(row, "replaces")?,
            name: row.get("name")?,
            user: parsed_option(row, "used_by")?,
            expires: time(row, "expires")?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Where letters to a user go.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn account(tx: &Transaction<'_>, user: &UserId) -> Result<Option<Account>, Failure> {
    Ok(tx
        .prepare_cached("SELECT address, language FROM person WHERE user = ?1")?
        .query_row([user.to_string()], |row| {
            Ok(Account {
                address: row.get("address")?,
                language: parsed(row, "language")?,
            })
        })
        .optional()?)
}

/// Changes where letters to a user go.
///
/// # Errors
/// [`Code::NotFound`] for somebody who did not sign up here.
pub(crate) fn set_account(
    tx: &Transaction<'_>,
    user: &UserId,
    account: &Account,
) -> Result<(), Failure> {
    let changed = tx.execute(
        "UPDATE person SET address = ?2, language = ?3 WHERE user = ?1",
        params![user.to_string(), account.address, account.language.code()],
    )?;
    if changed == 0 {
        return Err(Code::NotFound.into());
    }
    Ok(())
}

/// Notes that somebody is told of the recovery at this place of his chain. `false` when he was told
/// before, or is nobody here.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn set_told(tx: &Transaction<'_>, user: &UserId, seq: u64) -> Result<bool, Failure> {
    Ok(tx
        .prepare_cached("UPDATE person SET told = ?2 WHERE user = ?1 AND told < ?2")?
        .execute(params![user.to_string(), signed(seq)])?
        > 0)
}

/// Who has a name.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn named(tx: &Transaction<'_>, name: &str) -> Result<Option<UserId>, Failure> {
    Ok(tx
        .prepare_cached("SELECT user FROM person WHERE name = ?1")?
        .query_row([name], |row| parsed(row, "user"))
        .optional()?)
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
