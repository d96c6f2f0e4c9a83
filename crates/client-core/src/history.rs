//! What happened in a session, as its chain says: who did what, when, and through whom each
//! recipient came in. All of it is read from statements that were verified before.

use wardseal_protocol::{
    op::{Cause, Entry, Grant, Op, Rights},
    statement::{Author, Statement},
};
use wardseal_types::{DeviceId, MemberId, PendingId, SortedMap, Timestamp, UserId, words};

use crate::{
    compose::Visibility,
    error::{Error, Misbehaviour},
};

/// Something that happened in a session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// Index of the statement in the tenant's log.
    pub position: u64,
    /// When, by the author's clock. The order is that of the log.
    pub time: Timestamp,
    /// Who did it.
    pub by: UserId,
    /// By which device.
    pub device: DeviceId,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum What {
    /// The session was made for these recipients.
    Created {
        /// Who got what.
        recipients: Vec<(MemberId, Rights)>,
        /// The label in clear.
        label: Option<String>,
    },
    /// One more recipient.
    Granted {
        /// Who.
        member: MemberId,
        /// What it may do.
        rights: Rights,
        /// Whether it sees what was sealed before.
        visibility: Visibility,
    },
    /// Other rights for a recipient.
    RightsSet {
        /// Who.
        member: MemberId,
        /// What it may do now.
        rights: Rights,
    },
    /// Recipients less, and a new epoch.
    Revoked {
        /// Who.
        members: Vec<MemberId>,
    },
    /// A new epoch for the same recipients.
    Rotated {
        /// The losses below that it answers; none when somebody simply wanted a new key.
        causes: Vec<Cause>,
    },
    /// Somebody who had been awaited came in.
    Claimed {
        /// Under which identifier he was awaited.
        pending: PendingId,
        /// Who it is.
        member: MemberId,
        /// Whether a recipient let him in, and not the two parties that hold the shares.
        completed: bool,
    },
    /// Other metadata.
    Described,
    /// The session ended for everybody.
    Ended,
}

impl What {
    /// How it is called on the command line and in every language.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::Granted { .. } => "granted",
            Self::RightsSet { .. } => "rights_set",
            Self::Revoked { .. } => "revoked",
            Self::Rotated { .. } => "rotated",
            Self::Claimed { .. } => "claimed",
            Self::Described => "described",
            Self::Ended => "ended",
        }
    }
}

/// How a recipient came in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum How {
    /// The session was made for it.
    Created,
    /// A recipient granted it.
    Granted,
    /// It had been awaited, and the parties released their shares to it.
    Claimed,
    /// It had been awaited, and a recipient let it in.
    Completed,
}

words!(How {
    Created: "created",
    Granted: "granted",
    Claimed: "claimed",
    Completed: "completed",
});

/// The last change of a recipient's rights.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Changed {
    /// Who changed them.
    pub by: UserId,
    /// When, by his clock.
    pub time: Timestamp,
}

/// A recipient of a session, and how it became one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Recipient {
    /// A user, a group, a parent session, or somebody who is awaited.
    pub member: MemberId,
    /// What it may do.
    pub rights: Rights,
    /// How it came in.
    pub how: How,
    /// Who let it in. For one that claimed: who made the claim.
    pub by: UserId,
    /// By which device.
    pub device: DeviceId,
    /// When, by the author's clock.
    pub time: Timestamp,
    /// Index of the statement in the tenant's log.
    pub position: u64,
    /// The last change of its rights since then, if there was one.
    pub changed: Option<Changed>,
}

/// What the statements of a session's chain say, in their order, each with its position.
///
/// # Errors
/// [`Misbehaviour::Decode`] for bytes that are no statement, and [`Misbehaviour::BadAnswer`] for a
/// statement of another kind of chain: neither is ever verified.
pub fn events<'a>(
    statements: impl IntoIterator<Item = (&'a [u8], u64)>,
) -> Result<Vec<Event>, Error> {
    statements
        .into_iter()
        .map(|(bytes, position)| {
            let statement = Statement::decode(bytes)?;
            event(&statement, position).ok_or_else(|| Misbehaviour::BadAnswer.into())
        })
        .collect()
}

fn event(statement: &Statement, position: u64) -> Option<Event> {
    let body = statement.body();
    let (by, device) = match &body.author {
        Author::Device(user, device) | Author::Certified(user, device, _) => (*user, *device),
        Author::Tenant(_) | Author::Founder(_) => return None,
    };
    let what = match &body.op {
        Op::SessionCreate(_, grants, _, label) => What::Created {
            recipients: grants
                .iter()
                .map(|Grant { member, rights }| (*member, *rights))
                .collect(),
            label: label.clone(),
        },
        Op::Grant(Grant { member, rights }, entry) => What::Granted {
            member: *member,
            rights: *rights,
            visibility: match entry {
                Entry::History(_) => Visibility::Full,
                Entry::FromJoin(_) => Visibility::FromJoin,
            },
        },
        Op::SetRights(Grant { member, rights }) => What::RightsSet {
            member: *member,
            rights: *rights,
        },
        Op::Revoke(removal) => What::Revoked {
            members: removal.members.clone(),
        },
        Op::SessionRotate(rotation) => What::Rotated {
            causes: rotation.causes.clone(),
        },
        Op::Claim(claim) => What::Claimed {
            pending: claim.terms.id(),
            member: claim.member,
            // Only the claimant has the receipts of both parties.
            completed: claim.server.is_none() || claim.tenant.is_none(),
        },
        Op::Describe(..) => What::Described,
        Op::End => What::Ended,
        _ => return None,
    };
    Some(Event {
        position,
        time: body.time,
        by,
        device,
        what,
    })
}

/// Who is a recipient after these events, and how each became one.
#[must_use]
pub fn recipients(events: &[Event]) -> Vec<Recipient> {
    let mut present: SortedMap<MemberId, Recipient> = SortedMap::new();
    for event in events {
        let entered = |member, rights, how| Recipient {
            member,
            rights,
            how,
            by: event.by,
            device: event.device,
            time: event.time,
            position: event.position,
            changed: None,
        };
        match &event.what {
            What::Created { recipients, .. } => {
                for (member, rights) in recipients {
                    present.insert(*member, entered(*member, *rights, How::Created));
                }
            }
            What::Granted { member, rights, .. } => {
                present.insert(*member, entered(*member, *rights, How::Granted));
            }
            What::RightsSet { member, rights } => {
                if let Some(before) = present.get(member).copied() {
                    let after = Recipient {
                        rights: *rights,
                        changed: Some(Changed {
                            by: event.by,
                            time: event.time,
                        }),
                        ..before
                    };
                    present.insert(*member, after);
                }
            }
            What::Revoked { members } => {
                for member in members {
                    present.remove(member);
                }
            }
            What::Claimed {
                pending,
                member,
                completed,
            } => {
                let how = if *completed {
                    How::Completed
                } else {
                    How::Claimed
                };
                if let Some(awaited) = present.remove(&MemberId::Pending(*pending)) {
                    present.insert(*member, entered(*member, awaited.rights, how));
                }
            }
            What::Ended => present = SortedMap::new(),
            What::Rotated { .. } | What::Described => {}
        }
    }
    present.values().copied().collect()
}
