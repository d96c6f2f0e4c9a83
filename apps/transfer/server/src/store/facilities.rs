//! The directory: facilities that are registered, and those that can be asked before they are.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use wardseal_types::{GroupId, Timestamp};

use super::{millis, parsed, parsed_option, unsigned};
use crate::{
    failure::{Code, Failure},
    mail::Language,
    model::Facility,
    receiver::{Identifier, Receiver},
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

/// A facility that was announced.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Announced {
    pub(crate) facility: Notified,
    /// The group that has the identifier now.
    pub(crate) group: Option<GroupId>,
    /// How many invitations it was sent.
    pub(crate) invitations: u64,
}

/// Writes a registered facility, or replaces it.
///
/// # Errors
/// [`Code::Malformed`] for one without a group.
pub(crate) fn put(
    tx: &Transaction<'_>,
    facility: &Notified,
    now: Timestamp,
) -> Result<(), Failure> {
    let group = facility
        .public
        .group
        .ok_or_else(|| Failure::detail(Code::Malformed, "a registered facility has a group"))?;
    let public = serde_json::to_string(&facility.public).map_err(Failure::internal)?;
    tx.execute(
        "INSERT INTO facility (grp, public, address, language, updated) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (grp) DO UPDATE SET public = excluded.public, address = excluded.address,
         language = excluded.language, updated = excluded.updated",
        params![
            group.to_string(),
            public,
            facility.address,
            facility.language.code(),
            millis(now)
        ],
    )?;
    Ok(())
}

/// Writes a facility that can be asked before it is registered, or replaces it. Of one that has a
/// group by now nothing is changed.
///
/// # Errors
/// [`Code::Malformed`] for one without an identifier or address.
pub(crate) fn announce(
    tx: &Transaction<'_>,
    facility: &Notified,
    now: Timestamp,
) -> Result<(), Failure> {
    let (Some(identifier), Some(address)) = (&facility.public.identifier, &facility.address) else {
        return Err(Failure::detail(
            Code::Malformed,
            "a facility that is announced has an identifier and a mail address",
        ));
    };
    let public = serde_json::to_string(&facility.public).map_err(Failure::internal)?;
    tx.execute(
        "INSERT INTO announced (identifier, public, address, language, updated)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (identifier) DO UPDATE SET public = excluded.public,
         address = excluded.address, language = excluded.language, updated = excluded.updated
         WHERE grp IS NULL",
        params![
            identifier.as_str(),
            public,
            address,
            facility.language.code(),
            millis(now)
        ],
    )?;
    Ok(())
}

/// The public directory: the registered in the order of their groups, then the announced in the
/// order of their identifiers.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn all(tx: &Transaction<'_>) -> Result<Vec<Facility>, Failure> {
    let mut statement = tx.prepare_cached(
        "SELECT public FROM (SELECT 0 AS list, grp AS name, public FROM facility
         UNION ALL SELECT 1, identifier, public FROM announced WHERE grp IS NULL)
         ORDER BY list, name",
    )?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|text| serde_json::from_str(&text?).map_err(Failure::internal))
        .collect()
}

/// The groups of all registered facilities.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn groups(tx: &Transaction<'_>) -> Result<Vec<GroupId>, Failure> {
    let mut statement = tx.prepare_cached("SELECT grp FROM facility ORDER BY grp")?;
    let rows = statement.query_map([], |row| parsed(row, "grp"))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> Result<(String, Option<String>, Language), rusqlite::Error> {
    Ok((
        row.get("public")?,
        row.get("address")?,
        parsed(row, "language")?,
    ))
}

fn notified(
    (public, address, language): (String, Option<String>, Language),
) -> Result<Notified, Failure> {
    Ok(Notified {
        public: serde_json::from_str(&public).map_err(Failure::internal)?,
        address,
        language,
    })
}

/// A registered facility.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn find(tx: &Transaction<'_>, group: &GroupId) -> Result<Option<Notified>, Failure> {
    tx.prepare_cached("SELECT public, address, language FROM facility WHERE grp = ?1")?
        .query_row([group.to_string()], read)
        .optional()?
        .map(notified)
        .transpose()
}

/// A facility that was announced, registered by now or not.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn announced(
    tx: &Transaction<'_>,
    identifier: &Identifier,
) -> Result<Option<Announced>, Failure> {
    let found = tx
        .prepare_cached("SELECT * FROM announced WHERE identifier = ?1")?
        .query_row([identifier.as_str()], |row| {
            Ok((
                read(row)?,
                parsed_option(row, "grp")?,
                unsigned(row.get("invitations")?),
            ))
        })
        .optional()?;
    let Some((facility, group, invitations)) = found else {
        return Ok(None);
    };
    Ok(Some(Announced {
        facility: notified(facility)?,
        group,
        invitations,
    }))
}

/// Who gets what is sent to this receiver: the group, where the identifier has one.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn receiver(
    tx: &Transaction<'_>,
    receiver: &Receiver,
) -> Result<Option<(Receiver, Notified)>, Failure> {
    let group = match receiver {
        Receiver::Group(group) => *group,
        Receiver::Announced(identifier) => {
            let Some(found) = announced(tx, identifier)? else {
                return Ok(None);
            };
            match found.group {
                Some(group) => group,
                None => return Ok(Some((receiver.clone(), found.facility))),
            }
        }
    };
    Ok(find(tx, &group)?.map(|found| (group.into(), found)))
}

/// One more invitation; the older ones are void. Its number.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn count_invitation(
    tx: &Transaction<'_>,
    identifier: &Identifier,
) -> Result<u64, Failure> {
    Ok(unsigned(tx.query_row(
        "UPDATE announced SET invitations = invitations + 1 WHERE identifier = ?1
         RETURNING invitations",
        [identifier.as_str()],
        |row| row.get(0),
    )?))
}

/// A group has the identifier from now on. `false` when it is another facility's already, or the
/// identifier another group's.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn bind(
    tx: &Transaction<'_>,
    identifier: &Identifier,
    group: GroupId,
) -> Result<bool, Failure> {
    let taken: i64 = tx.query_row(
        "SELECT (SELECT count(*) FROM facility WHERE grp = ?1)
              + (SELECT count(*) FROM announced WHERE grp = ?1)",
        [group.to_string()],
        |row| row.get(0),
    )?;
    Ok(taken == 0
        && tx.execute(
            "UPDATE announced SET grp = ?2 WHERE identifier = ?1 AND grp IS NULL",
            params![identifier.as_str(), group.to_string()],
        )? > 0)
}
