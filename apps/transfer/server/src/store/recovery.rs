//! Ways back in: shares, codes that were asked for, and help of administrators.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use wardseal_types::{Base64Url, FixedBytes, GroupId, Timestamp, UserId};

use super::{millis, parsed, parsed_option, signed, time, time_option, unsigned};
use crate::{
    failure::{Code, Failure},
    id::Id,
    mail::Language,
    model::{HelpState, Released, ShareInfo},
};

/// The tenant's share of a record.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct ShareRow {
    pub(crate) record: [u8; 32],
    pub(crate) share: [u8; 32],
    pub(crate) address: String,
    pub(crate) language: Language,
    pub(crate) created: Timestamp,
}

fn share(row: &Row<'_>) -> Result<ShareRow, rusqlite::Error> {
    Ok(ShareRow {
        record: row.get("record")?,
        share: row.get("share")?,
        address: row.get("address")?,
        language: parsed(row, "language")?,
        created: time(row, "created")?,
    })
}

/// The share of a record.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn find_share(
    tx: &Transaction<'_>,
    user: &UserId,
    record: &[u8; 32],
) -> Result<Option<ShareRow>, Failure> {
    Ok(tx
        .prepare_cached("SELECT * FROM share WHERE user = ?1 AND record = ?2")?
        .query_row(params![user.to_string(), record], share)
        .optional()?)
}

/// Stores a share. One that is there already stays as it is.
///
/// # Errors
/// [`Code::Taken`] when it is another.
pub(crate) fn put_share(
    tx: &Transaction<'_>,
    user: &UserId,
    new: &ShareRow,
) -> Result<(), Failure> {
    if let Some(found) = find_share(tx, user, &new.record)? {
        let same = (found.share, &found.address, found.language)
            == (new.share, &new.address, new.language);
        return if same {
            Ok(())
        } else {
            Err(Failure::detail(
                Code::Taken,
                "the record has a share already: a new address takes a new record",
            ))
        };
    }
    tx.execute(
        "INSERT INTO share (user, record, share, address, language, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            user.to_string(),
            new.record,
            new.share,
            new.address,
            new.language.code(),
            millis(new.created)
        ],
    )?;
    Ok(())
}

/// Forgets a share.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn delete_share(
    tx: &Transaction<'_>,
    user: &UserId,
    record: &[u8; 32],
) -> Result<(), Failure> {
    tx.execute(
        "DELETE FROM share WHERE user = ?1 AND record = ?2",
        params![user.to_string(), record],
    )?;
    Ok(())
}

/// Forgets all but the newest shares of a user, and the one of the record in force.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn trim_shares(
    tx: &Transaction<'_>,
    user: &UserId,
    in_force: Option<&[u8; 32]>,
    most: u32,
) -> Result<(), Failure> {
    tx.execute(
        "DELETE FROM share WHERE user = ?1 AND record IS NOT ?2 AND record NOT IN
             (SELECT record FROM share WHERE user = ?1 ORDER BY created DESC, record LIMIT ?3)",
        params![user.to_string(), in_force, most],
    )?;
    Ok(())
}

/// The shares of a user, newest first.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn shares(tx: &Transaction<'_>, user: &UserId) -> Result<Vec<ShareInfo>, Failure> {
    let mut statement =
        tx.prepare_cached("SELECT * FROM share WHERE user = ?1 ORDER BY created DESC, record")?;
    let rows = statement.query_map([user.to_string()], |row| {
        let found = share(row)?;
        Ok(ShareInfo {
            record: FixedBytes(found.record),
            address: found.address,
            created: found.created,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

// --- codes

/// A code that was asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Attempt {
    /// Hash of what the page got.
    pub(crate) id: [u8; 32],
    pub(crate) name: [u8; 32],
    pub(crate) origin: [u8; 32],
    /// Whose record. None: there is nobody.
    pub(crate) whose: Option<(UserId, [u8; 32])>,
    pub(crate) tag: String,
    pub(crate) created: Timestamp,
    /// How many wrong codes were given.
    pub(crate) tries: u32,
    /// When the right one was given.
    pub(crate) done: Option<Timestamp>,
}

/// Writes down that a code was asked for.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn begin(tx: &Transaction<'_>, attempt: &Attempt) -> Result<(), Failure> {
    let (user, record) = attempt.whose.unzip();
    tx.execute(
        "INSERT INTO attempt (id, name, origin, user, record, tag, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            attempt.id,
            attempt.name,
            attempt.origin,
            user.map(|user| user.to_string()),
            record,
            attempt.tag,
            millis(attempt.created),
        ],
    )?;
    Ok(())
}

/// A code that was asked for.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn attempt(tx: &Transaction<'_>, id: &[u8; 32]) -> Result<Option<Attempt>, Failure> {
    Ok(tx
        .query_row("SELECT * FROM attempt WHERE id = ?1", [id], |row| {
            let user: Option<UserId> = parsed_option(row, "user")?;
            let record: Option<[u8; 32]> = row.get("record")?;
            Ok(Attempt {
                id: row.get("id")?,
                name: row.get("name")?,
                origin: row.get("origin")?,
                whose: user.zip(record),
                tag: row.get("tag")?,
                created: time(row, "created")?,
                tries: row.get("tries")?,
                done: time_option(row, "done")?,
            })
        })
        .optional()?)
}

/// Writes down how an attempt went.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn tried(tx: &Transaction<'_>, attempt: &Attempt) -> Result<(), Failure> {
    tx.execute(
        "UPDATE attempt SET tries = ?2, done = ?3 WHERE id = ?1",
        params![attempt.id, attempt.tries, attempt.done.map(millis)],
    )?;
    Ok(())
}

/// What the limits look at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Counted {
    /// Codes for a name.
    Codes([u8; 32]),
    /// Codes asked for from somewhere.
    CodesFrom([u8; 32]),
    /// Codes in all.
    AllCodes,
    /// Wrong codes for a name.
    Failures([u8; 32]),
    /// Wrong codes in all.
    AllFailures,
    /// Requests for help in a name.
    Help([u8; 32]),
    /// Requests for help from somewhere.
    HelpFrom([u8; 32]),
    /// Requests for help in all.
    AllHelp,
}

/// How often it happened since then.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn count(tx: &Transaction<'_>, what: Counted, since: Timestamp) -> Result<u64, Failure> {
    let (sql, key) = match what {
        Counted::Codes(name) => (
            "SELECT count(*) FROM attempt WHERE created > ?1 AND name = ?2",
            Some(name),
        ),
        Counted::CodesFrom(origin) => (
            "SELECT count(*) FROM attempt WHERE created > ?1 AND origin = ?2",
            Some(origin),
        ),
        Counted::AllCodes => (
            "SELECT count(*) FROM attempt WHERE created > ?1 AND ?2 IS NULL",
            None,
        ),
        Counted::Failures(name) => (
            "SELECT coalesce(sum(tries), 0) FROM attempt WHERE created > ?1 AND name = ?2",
            Some(name),
        ),
        Counted::AllFailures => (
            "SELECT coalesce(sum(tries), 0) FROM attempt WHERE created > ?1 AND ?2 IS NULL",
            None,
        ),
        Counted::Help(name) => (
            "SELECT count(*) FROM help WHERE created > ?1 AND name = ?2",
            Some(name),
        ),
        Counted::HelpFrom(origin) => (
            "SELECT count(*) FROM help WHERE created > ?1 AND origin = ?2",
            Some(origin),
        ),
        Counted::AllHelp => (
            "SELECT count(*) FROM help WHERE created > ?1 AND ?2 IS NULL",
            None,
        ),
    };
    let found: i64 = tx
        .prepare_cached(sql)?
        .query_row(params![millis(since), key], |row| row.get(0))?;
    Ok(unsigned(found))
}

/// Forgets attempts that no limit looks at any more, and requests for help that are over.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn forget(
    tx: &Transaction<'_>,
    attempts_before: Timestamp,
    help_before: Timestamp,
) -> Result<(), Failure> {
    tx.execute(
        "DELETE FROM attempt WHERE created < ?1",
        [millis(attempts_before)],
    )?;
    tx.execute("DELETE FROM help WHERE created < ?1", [millis(help_before)])?;
    Ok(())
}

// --- help

/// Whose help is wanted, and for what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) user: UserId,
    pub(crate) record: [u8; 32],
    pub(crate) group: GroupId,
    pub(crate) quorum: u64,
    pub(crate) helpers: Vec<UserId>,
}

/// A request for help.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct HelpRow {
    pub(crate) id: Id,
    /// Hash of what the page got.
    pub(crate) secret: [u8; 32],
    pub(crate) name: [u8; 32],
    pub(crate) origin: [u8; 32],
    /// None: there is nobody who could help.
    pub(crate) wanted: Option<Wanted>,
    pub(crate) client_key: Vec<u8>,
    pub(crate) tag: String,
    pub(crate) created: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) declined: Option<Timestamp>,
    pub(crate) blob: Option<Vec<u8>>,
}

impl HelpRow {
    /// Where it stands.
    pub(crate) fn state(&self, released: usize, now: Timestamp) -> HelpState {
        let quorum = self
            .wanted
            .as_ref()
            .map_or(u64::MAX, |wanted| wanted.quorum);
        if self.expires <= now {
            HelpState::Expired
        } else if self.declined.is_some() {
            HelpState::Declined
        } else if u64::try_from(released).unwrap_or(u64::MAX) >= quorum {
            HelpState::Released
        } else {
            HelpState::Waiting
        }
    }
}

/// Writes down that help is wanted.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn ask_help(tx: &Transaction<'_>, help: &HelpRow) -> Result<(), Failure> {
    let wanted = help.wanted.as_ref();
    tx.execute(
        "INSERT INTO help (id, secret, name, origin, user, record, grp, quorum, client_key, tag,
         created, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            help.id,
            help.secret,
            help.name,
            help.origin,
            wanted.map(|wanted| wanted.user.to_string()),
            wanted.map(|wanted| wanted.record),
            wanted.map(|wanted| wanted.group.to_string()),
            wanted.map_or(1, |wanted| signed(wanted.quorum)),
            help.client_key,
            help.tag,
            millis(help.created),
            millis(help.expires),
        ],
    )?;
    for helper in wanted.iter().flat_map(|wanted| &wanted.helpers) {
        tx.execute(
            "INSERT INTO helper (help, user) VALUES (?1, ?2)",
            params![help.id, helper.to_string()],
        )?;
    }
    Ok(())
}

/// A request for help.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn find_help(tx: &Transaction<'_>, id: Id) -> Result<Option<HelpRow>, Failure> {
    let found = tx
        .prepare_cached("SELECT * FROM help WHERE id = ?1")?
        .query_row([id], |row| {
            let user: Option<UserId> = parsed_option(row, "user")?;
            let record: Option<[u8; 32]> = row.get("record")?;
            let group: Option<GroupId> = parsed_option(row, "grp")?;
            let quorum = unsigned(row.get("quorum")?);
            let wanted = user.zip(record).zip(group);
            Ok(HelpRow {
                id: row.get("id")?,
                secret: row.get("secret")?,
                name: row.get("name")?,
                origin: row.get("origin")?,
                wanted: wanted.map(|((user, record), group)| Wanted {
                    user,
                    record,
                    group,
                    quorum,
                    helpers: Vec::new(),
                }),
                client_key: row.get("client_key")?,
                tag: row.get("tag")?,
                created: time(row, "created")?,
                expires: time(row, "expires")?,
                declined: time_option(row, "declined")?,
                blob: row.get("blob")?,
            })
        })
        .optional()?;
    let Some(mut help) = found else {
        return Ok(None);
    };
    if let Some(wanted) = &mut help.wanted {
        let mut statement =
            tx.prepare_cached("SELECT user FROM helper WHERE help = ?1 ORDER BY user")?;
        let rows = statement.query_map([id], |row| parsed(row, "user"))?;
        wanted.helpers = rows.collect::<Result<_, _>>()?;
    }
    Ok(Some(help))
}

/// Requests for help that somebody may answer and that were asked since then, newest first.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn help_for(
    tx: &Transaction<'_>,
    helper: &UserId,
    since: Timestamp,
) -> Result<Vec<HelpRow>, Failure> {
    let mut statement = tx.prepare_cached(
        "SELECT help.id FROM help JOIN helper ON helper.help = help.id
         WHERE helper.user = ?1 AND help.created > ?2 ORDER BY help.created DESC, help.id LIMIT 200",
    )?;
    let rows = statement.query_map(params![helper.to_string(), millis(since)], |row| {
        row.get::<_, Id>("id")
    })?;
    let ids = rows.collect::<Result<Vec<_>, _>>()?;
    ids.into_iter()
        .filter_map(|id| find_help(tx, id).transpose())
        .collect()
}

/// What was released so far.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn releases(tx: &Transaction<'_>, help: Id) -> Result<Vec<Released>, Failure> {
    let mut statement = tx.prepare_cached(
        "SELECT user, release FROM helper WHERE help = ?1 AND release IS NOT NULL ORDER BY user",
    )?;
    let rows = statement.query_map([help], |row| {
        Ok(Released {
            admin: parsed(row, "user")?,
            release: Base64Url(row.get("release")?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// An administrator has helped. The first answer of each counts, and the first record.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn release(
    tx: &Transaction<'_>,
    help: Id,
    helper: &UserId,
    release: &[u8],
    blob: Option<&[u8]>,
) -> Result<(), Failure> {
    tx.execute(
        "UPDATE helper SET release = ?3 WHERE help = ?1 AND user = ?2 AND release IS NULL",
        params![help, helper.to_string(), release],
    )?;
    tx.execute(
        "UPDATE help SET blob = coalesce(blob, ?2) WHERE id = ?1",
        params![help, blob],
    )?;
    Ok(())
}

/// An administrator has declined.
///
/// # Errors
/// Those of SQLite.
pub(crate) fn decline(tx: &Transaction<'_>, help: Id, now: Timestamp) -> Result<(), Failure> {
    tx.execute(
        "UPDATE help SET declined = coalesce(declined, ?2) WHERE id = ?1",
        params![help, millis(now)],
    )?;
    Ok(())
}
