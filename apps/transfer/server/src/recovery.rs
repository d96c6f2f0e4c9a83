//! Ways back in: this server's half of the two-man rule, and help of administrators.
//!
//! One malicious vault must not come to a person's keys, so this server gives its share only against
//! a code of its own, sent by a letter of its own. One malicious transfer server has no more than
//! that share. Whoever asks is told the same whether a name exists or not.

use std::sync::Arc;

use wardseal_crypto::{
    hash::{ct_eq, sha256},
    kem::KemPublicKey,
};
use wardseal_tenant::{Recovered, RecoveryRequest, Role, recovery::tag};
use wardseal_types::{Base64Url, FixedBytes, GroupId, Timestamp, UserId};

use crate::{
    app::{App, Work},
    failure::{Code, Failure},
    id::Id,
    model::{
        AskHelp, FinishRecovery, HelpAnswer, HelpAsked, HelpRequest, HelpState, PutShare,
        RecoveryFinished, RecoveryStarted, Release, Shares, StartRecovery,
    },
    session::Caller,
    store::{
        Kind as Event, feed, letters,
        letters::{Kind, NewLetter},
        people,
        recovery::{self, Attempt, Counted, HelpRow, ShareRow, Wanted},
    },
};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long a code is good, in milliseconds.
pub const CODE: u64 = 10 * MINUTE;

/// Wrong codes until an attempt is over.
pub const TRIES: u32 = 3;

/// How long a request for help can be answered, in milliseconds.
pub const HELP: u64 = DAY;

/// Codes and requests for help for one name in a day.
pub const DAILY: u64 = 5;

/// Codes or requests for help from one address of the network in an hour.
pub const HOURLY: u64 = 30;

/// Wrong codes for one name in thirty days.
pub const MONTHLY_FAILURES: u64 = 20;

/// Wrong codes in all in an hour: many names are being tried.
pub const ALL_FAILURES: u64 = 100;

/// Codes or requests for help in all in an hour.
const ALL_HOURLY: u64 = 1000;

/// For how long attempts are counted, in milliseconds.
pub(crate) const MEMORY: u64 = 30 * DAY;

/// Shares of one person: the one in force, and those that were about to be.
const MOST_SHARES: u32 = 4;

/// Bytes of a release and of a record, at most.
const MOST_RELEASE: usize = 4 << 10;
const MOST_RECORD: usize = 48 << 10;

/// Bytes of a name, at most: what is longer is none.
const MOST_NAME: usize = 320;

impl App {
    /// Stores the share of a record of the caller's.
    pub(crate) async fn put_share(
        self: &Arc<Self>,
        caller: &Caller,
        asked: PutShare,
    ) -> Result<Shares, Failure> {
        if asked.address.len() > 254 || !people::is_address(&asked.address) {
            return Err(Failure::detail(
                Code::Malformed,
                "the address is no mail address",
            ));
        }
        let user = caller.user;
        let in_force = self.people.two_man(user).await?;
        self.blocking(move |app| {
            let share = ShareRow {
                record: asked.record.0,
                share: asked.share.0,
                address: asked.address,
                language: asked.language,
                created: app.now(),
            };
            app.store.write(|tx| {
                recovery::put_share(tx, &user, &share)?;
                recovery::trim_shares(tx, &user, in_force.as_ref(), MOST_SHARES)?;
                shares(tx, &user)
            })
        })
        .await
    }

    /// Forgets the share of a record of the caller's that his chain does not name any more: whoever
    /// has only got hold of a session takes nobody's way back.
    pub(crate) async fn delete_share(
        self: &Arc<Self>,
        caller: &Caller,
        record: FixedBytes<32>,
    ) -> Result<Shares, Failure> {
        let user = caller.user;
        if self.people.two_man(user).await? == Some(record.0) {
            return Err(Code::RecordInUse.into());
        }
        self.blocking(move |app| {
            app.store.write(|tx| {
                recovery::delete_share(tx, &user, &record.0)?;
                shares(tx, &user)
            })
        })
        .await
    }

    /// Sends a code, if there is somebody to send it to.
    pub(crate) async fn start_recovery(
        self: &Arc<Self>,
        asked: StartRecovery,
        origin: String,
    ) -> Result<RecoveryStarted, Failure> {
        let name = self.named(&asked.name, &asked.client_key)?;
        if self.mailer.is_none() {
            return Err(Failure::detail(
                Code::Unavailable,
                "this server sends no mail, so nobody can come back in this way",
            ));
        }
        let origin = self.codes.origin(&origin);
        self.limited(move |tx, now| start_limits(tx, name, origin, now))
            .await?;
        let (user, decoy) = self.who(&asked.name).await?;
        let in_force = self.people.two_man(user).await?;
        let tag = tag(asked.client_key.as_slice());
        let (secret, shown) = (self.random.bytes::<32>(), tag.clone());
        let found = self
            .blocking(move |app| {
                let now = app.now();
                app.store.write(|tx| {
                    // Others may have asked meanwhile.
                    start_limits(tx, name, origin, now)?;
                    let share = match in_force {
                        Some(record) => recovery::find_share(tx, &user, &record)?,
                        None => None,
                    };
                    let attempt = Attempt {
                        id: sha256(&[&secret]),
                        name,
                        origin,
                        whose: share.as_ref().map(|share| (user, share.record)),
                        tag,
                        created: now,
                        tries: 0,
                        done: None,
                    };
                    recovery::begin(tx, &attempt)?;
                    if let Some(share) = &share {
                        let letter = NewLetter {
                            address: &share.address,
                            language: share.language,
                            kind: Kind::Code,
                            about: Some(&attempt.id),
                            expires: Some(now.plus_millis(CODE)),
                        };
                        letters::write(tx, &letter, now)?;
                    }
                    Ok(attempt.whose)
                })
            })
            .await?;
        self.wake();
        let (user, record) = found.unwrap_or(decoy);
        let request = RecoveryRequest {
            user,
            record: FixedBytes(record),
            client_key: asked.client_key.as_slice(),
        };
        let tenant = self.people.tenant();
        let token = self
            .random
            .with(|rng| {
                let key = self.people.key();
                key.recovery(tenant, &self.vault_audience, &request, self.now(), rng)
            })
            .map_err(Failure::internal)?;
        Ok(RecoveryStarted {
            token,
            user,
            record: request.record,
            attempt: FixedBytes(secret),
            tag: shown,
        })
    }

    /// Gives the share for the right code.
    pub(crate) async fn finish_recovery(
        self: &Arc<Self>,
        asked: FinishRecovery,
    ) -> Result<RecoveryFinished, Failure> {
        let id = sha256(&[&asked.attempt.0]);
        let code: String = asked
            .code
            .chars()
            .filter(|letter| !letter.is_whitespace())
            .collect();
        // The answer is decided inside of the transaction and given outside of it: what was tried is
        // written down, whatever comes of it.
        self.blocking(move |app| {
            let now = app.now();
            app.store.write(|tx| {
                let Some(mut attempt) = recovery::attempt(tx, &id)? else {
                    return Ok(Err(Code::CodeExpired.into()));
                };
                if attempt.created.plus_millis(CODE) <= now {
                    return Ok(Err(Code::CodeExpired.into()));
                }
                if attempt.tries >= TRIES || spent(tx, attempt.name, now)? {
                    return Ok(Err(Code::TooManyAttempts.into()));
                }
                let expected = app.codes.of_attempt(&attempt.id);
                let right = ct_eq(expected.as_bytes(), code.as_bytes());
                let share = match attempt.whose {
                    Some((user, record)) if right => recovery::find_share(tx, &user, &record)?,
                    _ => None,
                };
                let Some(share) = share else {
                    attempt.tries = attempt.tries.saturating_add(1);
                    recovery::tried(tx, &attempt)?;
                    return Ok(Err(refused(attempt.tries)));
                };
                if attempt.done.is_none() {
                    attempt.done = Some(now);
                    recovery::tried(tx, &attempt)?;
                }
                Ok(Ok(RecoveryFinished {
                    share: FixedBytes(share.share),
                }))
            })
        })
        .await?
    }

    /// Asks the administrators whom the person's chain names.
    pub(crate) async fn ask_help(
        self: &Arc<Self>,
        asked: AskHelp,
        origin: String,
    ) -> Result<HelpAsked, Failure> {
        let name = self.named(&asked.name, &asked.client_key)?;
        let origin = self.codes.origin(&origin);
        self.limited(move |tx, now| help_limits(tx, name, origin, now))
            .await?;
        let (user, _) = self.who(&asked.name).await?;
        let wanted = self.people.organisation(user).await?;
        let secret = self.random.bytes::<32>();
        let help = self
            .blocking(move |app| {
                let now = app.now();
                app.store.write(|tx| {
                    help_limits(tx, name, origin, now)?;
                    let help = HelpRow {
                        id: app.random.with(|rng| Id::draw(now, rng)),
                        secret: sha256(&[&secret]),
                        name,
                        origin,
                        wanted,
                        tag: tag(asked.client_key.as_slice()),
                        client_key: asked.client_key.0,
                        created: now,
                        expires: now.plus_millis(HELP),
                        declined: None,
                        blob: None,
                    };
                    recovery::ask_help(tx, &help)?;
                    app.work(tx, now, None).tell_of_help(&help, true)?;
                    Ok(help)
                })
            })
            .await?;
        self.wake();
        Ok(HelpAsked {
            id: help.id,
            secret: FixedBytes(secret),
            tag: help.tag,
            expires: help.expires,
        })
    }

    /// What the administrators have answered, for whoever asked.
    pub(crate) async fn poll_help(
        self: &Arc<Self>,
        id: Id,
        secret: FixedBytes<32>,
    ) -> Result<HelpAnswer, Failure> {
        let now = self.now();
        self.read(move |tx| {
            let help = recovery::find_help(tx, id)?
                .filter(|help| ct_eq(&help.secret, &sha256(&[&secret.0])))
                .ok_or(Code::NotFound)?;
            let mut releases = recovery::releases(tx, id)?;
            let state = help.state(releases.len(), now);
            if matches!(state, HelpState::Declined | HelpState::Expired) {
                releases.clear();
            }
            let wanted = help.wanted.filter(|_| !releases.is_empty());
            Ok(HelpAnswer {
                state,
                user: wanted.as_ref().map(|wanted| wanted.user),
                record: wanted.as_ref().map(|wanted| FixedBytes(wanted.record)),
                blob: help.blob.filter(|_| wanted.is_some()).map(Base64Url),
                releases,
                expires: help.expires,
            })
        })
        .await
    }

    /// The requests for help that the caller may answer.
    pub(crate) async fn help(
        self: &Arc<Self>,
        caller: &Caller,
    ) -> Result<Vec<HelpRequest>, Failure> {
        let now = self.now();
        let since = Timestamp::from_millis(now.millis().saturating_sub(HELP));
        let user = caller.user;
        let found = self
            .read(move |tx| recovery::help_for(tx, &user, since))
            .await?;
        let groups: Vec<_> = found.iter().filter_map(group).collect();
        let mine = self.administered(caller, &groups).await?;
        self.read(move |tx| {
            found
                .into_iter()
                .filter(|help| group(help).is_some_and(|group| mine.contains(&group)))
                .filter_map(|help| request(tx, help, now).transpose())
                .collect()
        })
        .await
    }

    /// Answers a request for help: with a release, or not.
    pub(crate) async fn answer_help(
        self: &Arc<Self>,
        caller: &Caller,
        id: Id,
        answer: Option<Release>,
    ) -> Result<HelpRequest, Failure> {
        let too_much = answer.as_ref().is_some_and(|answer| {
            answer.release.as_slice().len() > MOST_RELEASE
                || answer
                    .blob
                    .as_ref()
                    .is_some_and(|blob| blob.as_slice().len() > MOST_RECORD)
        });
        if too_much {
            return Err(Code::TooLarge.into());
        }
        let user = caller.user;
        let help = self
            .read(move |tx| recovery::find_help(tx, id))
            .await?
            .filter(|help| {
                let wanted = help.wanted.as_ref();
                wanted.is_some_and(|wanted| wanted.helpers.contains(&user))
            })
            .ok_or(Code::NotFound)?;
        let groups: Vec<_> = group(&help).into_iter().collect();
        if self.administered(caller, &groups).await?.is_empty() {
            return Err(Code::NotFound.into());
        }
        let answered = self
            .blocking(move |app| {
                let now = app.now();
                app.store.write(|tx| {
                    let help = recovery::find_help(tx, id)?.ok_or(Code::NotFound)?;
                    let releases = recovery::releases(tx, id)?;
                    let again = match &answer {
                        Some(_) => releases.iter().any(|released| released.admin == user),
                        None => help.declined.is_some(),
                    };
                    if !again {
                        if help.state(releases.len(), now) != HelpState::Waiting {
                            return Err(Code::HelpOver.into());
                        }
                        match &answer {
                            Some(answer) => {
                                let blob = answer.blob.as_ref().map(Base64Url::as_slice);
                                if blob.is_none() && help.blob.is_none() {
                                    return Err(Code::SealedMissing.into());
                                }
                                let release = answer.release.as_slice();
                                recovery::release(tx, id, &user, release, blob)?;
                            }
                            None => recovery::decline(tx, id, now)?,
                        }
                        app.work(tx, now, Some(user)).tell_of_help(&help, false)?;
                    }
                    let help = recovery::find_help(tx, id)?.ok_or(Code::NotFound)?;
                    request(tx, help, now)?.ok_or_else(|| Code::NotFound.into())
                })
            })
            .await?;
        self.wake();
        Ok(answered)
    }

    /// Writes to whoever came back in by a recovery method, as far as this server has learned of it
    /// and has not written already.
    pub(crate) async fn tell_recovered(self: &Arc<Self>) -> Result<(), Failure> {
        let recovered = self.people.take_recovered();
        if recovered.is_empty() {
            return Ok(());
        }
        let told = recovered.clone();
        let done = self
            .blocking(move |app| {
                let now = app.now();
                app.store.write(|tx| tell(tx, &told, now))
            })
            .await;
        match done {
            Ok(()) => self.post.notify_one(),
            // Later, then.
            Err(_) => self.people.give_back_recovered(recovered),
        }
        done
    }

    /// The groups among these that somebody administers.
    pub(crate) async fn administered(
        self: &Arc<Self>,
        caller: &Caller,
        groups: &[GroupId],
    ) -> Result<Vec<GroupId>, Failure> {
        let roles = self
            .people
            .roles(caller.user, caller.device, groups)
            .await?;
        Ok(roles
            .into_iter()
            .filter_map(|(group, role)| (role == Role::Admin).then_some(group))
            .collect())
    }

    /// By what a name is counted, if the request is one that could be meant.
    fn named(&self, name: &str, client_key: &Base64Url) -> Result<[u8; 32], Failure> {
        if name.is_empty() || name.len() > MOST_NAME {
            return Err(Failure::detail(Code::Malformed, "this is no name"));
        }
        if KemPublicKey::from_bytes(client_key.as_slice()).is_err() {
            return Err(Failure::detail(
                Code::Malformed,
                "the client key is no X-Wing key",
            ));
        }
        Ok(self.codes.name(name))
    }

    async fn limited(
        self: &Arc<Self>,
        check: impl FnOnce(&rusqlite::Transaction<'_>, Timestamp) -> Result<(), Failure>
        + Send
        + 'static,
    ) -> Result<(), Failure> {
        let now = self.now();
        self.read(move |tx| check(tx, now)).await
    }

    /// Who has a name, or who is named where nobody has it.
    async fn who(self: &Arc<Self>, name: &str) -> Result<(UserId, (UserId, [u8; 32])), Failure> {
        let decoy = self.codes.decoy(&self.people.tenant(), name);
        let name = name.to_owned();
        let found = self.read(move |tx| people::named(tx, &name)).await?;
        Ok((found.unwrap_or(decoy.0), decoy))
    }
}

impl Work<'_> {
    /// Tells the administrators' pages of a request for help, and at first everybody by letter.
    fn tell_of_help(&self, help: &HelpRow, new: bool) -> Result<(), Failure> {
        let Some(wanted) = &help.wanted else {
            return Ok(());
        };
        let names = (help.id, help.id, 1);
        feed::tell(self.tx, &wanted.group, Event::Help, names, self.now)?;
        if new {
            write_to_person(self.tx, &wanted.user, Kind::HelpAsked, self.now)?;
            for helper in &wanted.helpers {
                write_to_person(self.tx, helper, Kind::HelpWanted, self.now)?;
            }
        }
        Ok(())
    }
}

/// Queues a letter to somebody who wants any.
pub(crate) fn write_to_person(
    tx: &rusqlite::Transaction<'_>,
    user: &UserId,
    kind: Kind,
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(account) = people::account(tx, user)? else {
        return Ok(());
    };
    let Some(address) = &account.address else {
        return Ok(());
    };
    let letter = NewLetter {
        address,
        language: account.language,
        kind,
        about: None,
        expires: None,
    };
    letters::write(tx, &letter, now)
}

fn tell(
    tx: &rusqlite::Transaction<'_>,
    recovered: &[Recovered],
    now: Timestamp,
) -> Result<(), Failure> {
    for one in recovered {
        if people::set_told(tx, &one.user, one.seq)? {
            write_to_person(tx, &one.user, Kind::Recovered, now)?;
        }
    }
    Ok(())
}

fn shares(tx: &rusqlite::Transaction<'_>, user: &UserId) -> Result<Shares, Failure> {
    Ok(Shares {
        shares: recovery::shares(tx, user)?,
    })
}

fn group(help: &HelpRow) -> Option<GroupId> {
    help.wanted.as_ref().map(|wanted| wanted.group)
}

/// A request for help as administrators see it.
fn request(
    tx: &rusqlite::Transaction<'_>,
    help: HelpRow,
    now: Timestamp,
) -> Result<Option<HelpRequest>, Failure> {
    let Some(wanted) = help.wanted.clone() else {
        return Ok(None);
    };
    let Wanted {
        user,
        record,
        group,
        quorum,
        ..
    } = wanted;
    // Whoever began anew has no name any more, and nobody to help.
    let Some(name) = people::name_of(tx, &user)? else {
        return Ok(None);
    };
    let releases = recovery::releases(tx, help.id)?;
    Ok(Some(HelpRequest {
        id: help.id,
        user,
        name,
        group,
        record: FixedBytes(record),
        state: help.state(releases.len(), now),
        client_key: Base64Url(help.client_key),
        tag: help.tag,
        quorum,
        released: releases.iter().map(|released| released.admin).collect(),
        created: help.created,
        expires: help.expires,
    }))
}

fn ago(now: Timestamp, age: u64) -> Timestamp {
    Timestamp::from_millis(now.millis().saturating_sub(age))
}

type Limit = (Counted, u64, u64);

fn within(tx: &rusqlite::Transaction<'_>, limits: &[Limit], now: Timestamp) -> Result<(), Failure> {
    for (what, most, age) in limits {
        if recovery::count(tx, *what, ago(now, *age))? >= *most {
            return Err(Code::TooManyAttempts.into());
        }
    }
    Ok(())
}

fn start_limits(
    tx: &rusqlite::Transaction<'_>,
    name: [u8; 32],
    origin: [u8; 32],
    now: Timestamp,
) -> Result<(), Failure> {
    let limits = [
        (Counted::Codes(name), DAILY, DAY),
        (Counted::CodesFrom(origin), HOURLY, HOUR),
        (Counted::AllCodes, ALL_HOURLY, HOUR),
        (Counted::Failures(name), MONTHLY_FAILURES, MEMORY),
        (Counted::AllFailures, ALL_FAILURES, HOUR),
    ];
    within(tx, &limits, now)
}

fn help_limits(
    tx: &rusqlite::Transaction<'_>,
    name: [u8; 32],
    origin: [u8; 32],
    now: Timestamp,
) -> Result<(), Failure> {
    let limits = [
        (Counted::Help(name), DAILY, DAY),
        (Counted::HelpFrom(origin), HOURLY, HOUR),
        (Counted::AllHelp, ALL_HOURLY, HOUR),
    ];
    within(tx, &limits, now)
}

/// Whether wrong codes are used up, for a name or in all.
fn spent(tx: &rusqlite::Transaction<'_>, name: [u8; 32], now: Timestamp) -> Result<bool, Failure> {
    let limits = [
        (Counted::Failures(name), MONTHLY_FAILURES, MEMORY),
        (Counted::AllFailures, ALL_FAILURES, HOUR),
    ];
    match within(tx, &limits, now) {
        Ok(()) => Ok(false),
        Err(failure) if failure.code == Code::TooManyAttempts => Ok(true),
        Err(failure) => Err(failure),
    }
}

fn refused(tries: u32) -> Failure {
    match TRIES.saturating_sub(tries) {
        0 => Code::TooManyAttempts.into(),
        1 => Failure::detail(Code::CodeRefused, "1 try is left"),
        left => Failure::detail(Code::CodeRefused, format!("{left} tries are left")),
    }
}
