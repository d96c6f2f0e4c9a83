//! Whom an application's server knows. See `spec/08-sign-in.md`.

use std::collections::{BTreeMap, BTreeSet};

use wardseal_api::{
    DeviceProof,
    keys::{ChainRequest, FetchForTenant, FetchRequest, Fetched},
};
use wardseal_client_core::{
    Error, Misbehaviour,
    exchange::{self, HttpRequest, HttpResponse},
    knowledge::{Absorbed, Knowledge},
};
use wardseal_protocol::{
    binding, cbor,
    keys::DeviceKind,
    op::{Op, Role},
    state::{GroupState, NOW, TenantState, UserState, World as _},
    statement::{Author, Statement},
};
use wardseal_types::{
    Base64Url, ChainId, DeviceId, GroupId, MemberId, StatementHash, TenantId, Timestamp, UserId,
    cbor_array, limits,
};

use crate::proof::{self, ProofError};

/// How old a checkpoint may be that the key server shows, in milliseconds. An honest one signs anew
/// every hour.
const MAX_CHECKPOINT_AGE: u64 = 2 * 3_600_000;
/// How far the key server's clock may be ahead of ours, in milliseconds.
const SKEW: u64 = 5 * 60_000;
/// How often an inquiry may ask before we call it a fault of the server's.
const ROUNDS: usize = 64;
/// Most bytes of a record that is read.
const MAX_RECORD: usize = 64 << 20;

/// What an application's server knows of its tenant's people: users, their devices, groups and who
/// is in them. All of it is verified as a client verifies it, against the tenant's pinned
/// identifier; the key server can withhold news but not invent any.
///
/// Nothing here speaks HTTP. Somebody who wants to know something lets [`inquire`](Self::inquire)
/// say what has to be asked, sends it, and hands in the answers:
///
/// ```
/// # use wardseal_tenant::{Directory, Error, HttpRequest, HttpResponse, Progress, TokenKey};
/// # use wardseal_types::{ChainId, Timestamp};
/// fn learn(
///     directory: &mut Directory,
///     chains: &[ChainId],
///     key: &TokenKey,
///     audience: &str,
///     now: Timestamp,
///     rng: &mut dyn rand_core::CryptoRng,
///     mut send: impl FnMut(HttpRequest) -> HttpResponse,
/// ) -> Result<(), Error> {
///     // What was learned in the last five seconds is good enough.
///     let not_before = Timestamp::from_millis(now.millis().saturating_sub(5_000));
///     let Some(mut inquiry) = directory.inquire(chains.iter().copied(), not_before) else {
///         return Ok(());
///     };
///     let access = key.access(directory.tenant(), audience, now, rng)?;
///     loop {
///         // Without a lock on the directory, if the application has one, from here …
///         let answer = send(inquiry.request(directory, &access, now));
///         // … to here.
///         if inquiry.take(directory, &answer)? == Progress::Done {
///             return Ok(());
///         }
///     }
/// }
/// ```
///
/// Inquiries may overlap: what others brought in meanwhile makes an inquiry ask once more, so a busy
/// server does best with one at a time, for everything that is wanted just then.
///
/// # Memory
/// A chain that was learned stays: 5 to 50 kB, as many as the tenant has users and groups at most,
/// never one for somebody who does not exist. [`record`](Self::record) and
/// [`from_record`](Self::from_record) give it back, and bridge a restart.
#[derive(Debug)]
pub struct Directory {
    knowledge: Knowledge,
    /// The tenant's own chain, with positions: what a note is verified by after a restart.
    founding: Vec<(Base64Url, u64)>,
    /// When the server was last asked about a chain that is known.
    learned: BTreeMap<ChainId, Timestamp>,
    /// How far chains went that were known once and are not now.
    seen: BTreeMap<ChainId, Seen>,
    /// Recoveries that nobody asked for yet.
    recovered: Vec<Recovered>,
}

/// Somebody has come back in by a recovery method, without a device and without his password.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Recovered {
    /// Who, or somebody in his place.
    pub user: UserId,
    /// By which kind of method.
    pub by: DeviceKind,
    /// Number of the statement in the user's chain.
    pub seq: u64,
    /// When, by the clock of whoever did it.
    pub time: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    seq: u64,
    hash: StatementHash,
}

cbor_array!(Seen { seq, hash });

#[derive(Debug)]
struct Record {
    founding: Vec<(Base64Url, u64)>,
    note: Option<String>,
    seen: BTreeMap<ChainId, Seen>,
}

cbor_array!(Record {
    founding,
    note,
    seen,
});

impl Directory {
    /// Knows nothing but the tenant, which comes with the application's configuration and from no
    /// server.
    #[must_use]
    pub fn new(tenant: TenantId) -> Self {
        Self {
            knowledge: Knowledge::new(tenant),
            founding: Vec::new(),
            learned: BTreeMap::new(),
            seen: BTreeMap::new(),
            recovered: Vec::new(),
        }
    }

    /// What [`record`](Self::record) wrote: of the people nothing is known, but nothing older is
    /// accepted than what was known when it was written.
    ///
    /// # Errors
    /// [`Error::Store`] for what is no record of this tenant.
    pub fn from_record(tenant: TenantId, record: &[u8]) -> Result<Self, Error> {
        let damaged = |error: &dyn core::fmt::Display| {
            Error::Store(format!(
                "the record of the directory is damaged or of another tenant ({error}): restore it, \
                 or remove it and trust the key server once more"
            ))
        };
        let record: Record = cbor::decode(record, MAX_RECORD).map_err(|error| damaged(&error))?;
        let mut directory = Self::new(tenant);
        directory
            .knowledge
            .recall(record.founding.clone())
            .map_err(|error| damaged(&error))?;
        if let Some(note) = &record.note {
            directory
                .knowledge
                .restore_floor(note)
                .map_err(|error| damaged(&error))?;
        }
        directory.founding = record.founding;
        directory.seen = record.seen;
        Ok(directory)
    }

    /// What has to be kept so that the key server cannot go back behind it after a restart: the
    /// tenant's chain, the newest checkpoint, and how far each chain went. About a hundred bytes a
    /// chain. It holds no secret, but must not be lost to somebody who would change it.
    #[must_use]
    pub fn record(&self) -> Vec<u8> {
        let mut seen = self.seen.clone();
        for chain in self.learned.keys() {
            if let Some(head) = self.knowledge.world().head(chain) {
                let head = Seen {
                    seq: head.seq,
                    hash: head.hash,
                };
                seen.insert(*chain, head);
            }
        }
        seen.remove(&self.tenant().into());
        cbor::encode(&Record {
            founding: self.founding.clone(),
            note: self.knowledge.note().map(str::to_owned),
            seen,
        })
    }

    /// The tenant.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.knowledge.tenant_id()
    }

    /// The tenant's chain, once something was learned.
    #[must_use]
    pub fn tenant_state(&self) -> Option<&TenantState> {
        self.knowledge.world().tenant()
    }

    /// How many chains are in memory.
    #[must_use]
    pub fn len(&self) -> usize {
        self.learned.len()
    }

    /// Whether nothing was learned yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.learned.is_empty()
    }

    /// What has to be asked to know these chains as they were at `not_before` or later: users, and
    /// groups with all groups within them. `None` when all of it is known. Sessions are not shown to
    /// a tenant and stay unknown.
    #[must_use]
    pub fn inquire(
        &self,
        chains: impl IntoIterator<Item = ChainId>,
        not_before: Timestamp,
    ) -> Option<Inquiry> {
        let mut inquiry = Inquiry {
            not_before,
            pending: BTreeSet::new(),
            asked: BTreeSet::new(),
            asked_at: Timestamp::default(),
            log_size: 0,
            rounds: 0,
        };
        inquiry.want(self, chains);
        (!inquiry.pending.is_empty()).then_some(inquiry)
    }

    /// A user, as the last inquiry about him found him; `None` if there is no such user or nobody
    /// asked.
    #[must_use]
    pub fn user(&self, user: &UserId) -> Option<&UserState> {
        self.knowledge.world().user(user)
    }

    /// A group, as the last inquiry about it found it.
    #[must_use]
    pub fn group(&self, group: &GroupId) -> Option<&GroupState> {
        self.knowledge.world().group(group)
    }

    /// The role of a user in a group, as a member or through groups within it; `None` if he has
    /// none, or the group is dissolved or unknown.
    #[must_use]
    pub fn role(&self, group: &GroupId, user: &UserId) -> Option<Role> {
        let group = self.group(group).filter(|group| !group.dissolved)?;
        group.role_at(user, NOW, self.knowledge.world())
    }

    /// Everybody in a group, directly or through groups within it, with the greatest role that he
    /// has. Nobody, if the group is dissolved; `None` if it is unknown.
    #[must_use]
    pub fn members(&self, group: &GroupId) -> Option<BTreeMap<UserId, Role>> {
        self.group(group)?;
        let mut users = BTreeSet::new();
        for inner in self.within([*group]) {
            let members = self.group(&inner).into_iter().flat_map(|state| {
                let members = state.ring.members();
                members.map(|(member, _)| member)
            });
            users.extend(members.filter_map(|member| match member {
                MemberId::User(user) => Some(user),
                _ => None,
            }));
        }
        Some(
            users
                .into_iter()
                .filter_map(|user| Some((user, self.role(group, &user)?)))
                .collect(),
        )
    }

    /// Whether this is a device of the user's that nobody revoked.
    #[must_use]
    pub fn in_force(&self, user: &UserId, device: &DeviceId) -> bool {
        self.user(user)
            .is_some_and(|user| user.device_at(device, NOW).is_some())
    }

    /// Whether the tenant bound this name to this user.
    #[must_use]
    pub fn is_called(&self, user: &UserId, name: &str) -> bool {
        let index = binding::index(&self.tenant(), name);
        self.user(user)
            .and_then(|user| user.binding.as_ref())
            .is_some_and(|binding| binding.index == index)
    }

    /// Whether the tenant bound this name to this group.
    #[must_use]
    pub fn is_group_called(&self, group: &GroupId, name: &str) -> bool {
        let index = binding::index(&self.tenant(), name);
        self.group(group)
            .and_then(|group| group.binding.as_ref())
            .is_some_and(|binding| binding.index == index)
    }

    /// The recoveries that stand in what was learned since this was asked last. After a restart all
    /// of them come again: an application that tells people of them keeps the number of the last.
    #[must_use]
    pub fn take_recovered(&mut self) -> Vec<Recovered> {
        std::mem::take(&mut self.recovered)
    }

    /// Keeps the recoveries among the statements of users' chains.
    fn note_recoveries(&mut self, fetched: &Fetched) -> Result<(), Error> {
        for slice in &fetched.chains {
            let ChainId::User(user) = slice.chain else {
                continue;
            };
            for entry in &slice.entries {
                let statement = Statement::decode(entry.statement.as_slice())?;
                let body = statement.body();
                let (Op::Recover(_), Author::Device(_, device)) = (&body.op, &body.author) else {
                    continue;
                };
                let by = self
                    .user(&user)
                    .and_then(|user| user.devices().get(device))
                    .map(|device| device.keys.kind);
                if let Some(by) = by {
                    self.recovered.push(Recovered {
                        user,
                        by,
                        seq: body.seq,
                        time: body.time,
                    });
                }
            }
        }
        Ok(())
    }

    /// Who made a proof for this application.
    ///
    /// `audience` is the application's own origin, as it is configured, and `challenge` what it drew
    /// for this very login (at random, for one use, forgotten after minutes), found by anything but
    /// the proof alone. The user's chain has to be learned just before, or a device that was revoked
    /// since is still accepted. A proof by the key of a day [ends](crate::proof_ends) with it.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn verify(
        &self,
        proof: &DeviceProof,
        audience: &str,
        challenge: &str,
        now: Timestamp,
    ) -> Result<UserId, ProofError> {
        if proof.tenant != self.tenant() {
            return Err(ProofError::OtherTenant);
        }
        let user = self
            .user(&proof.user)
            .ok_or(ProofError::UnknownUser(proof.user))?;
        proof::verify(proof, user, audience, challenge, now)
    }

    /// These groups and all that are known within them.
    fn within(&self, groups: impl IntoIterator<Item = GroupId>) -> BTreeSet<GroupId> {
        let mut queue: Vec<_> = groups.into_iter().collect();
        let mut found = BTreeSet::new();
        while let Some(id) = queue.pop() {
            if !found.insert(id) {
                continue;
            }
            let members = self.group(&id).into_iter().flat_map(|group| {
                let members = group.ring.members();
                members.map(|(member, _)| member)
            });
            queue.extend(members.filter_map(|member| match member {
                MemberId::Group(inner) => Some(inner),
                _ => None,
            }));
        }
        found
    }

    fn is_fresh(&self, chain: &ChainId, not_before: Timestamp) -> bool {
        self.learned
            .get(chain)
            .is_some_and(|learned| *learned >= not_before)
    }

    /// Refuses what was not asked for, and whatever goes back behind what was known.
    fn check(&self, fetched: &Fetched, asked: &BTreeSet<ChainId>) -> Result<(), Error> {
        let given: BTreeSet<_> = fetched.chains.iter().map(|slice| slice.chain).collect();
        if given.len() != fetched.chains.len() || !given.is_subset(asked) {
            return Err(Misbehaviour::BadAnswer.into());
        }
        let vanished = asked.difference(&given).find(|chain| {
            self.knowledge.knows(chain)
                || self.seen.contains_key(*chain)
                || matches!(chain, ChainId::Tenant(_))
        });
        if let Some(chain) = vanished {
            return Err(Misbehaviour::Gap(*chain).into());
        }
        for slice in &fetched.chains {
            let Some(seen) = self.seen.get(&slice.chain) else {
                continue;
            };
            let mut reached = false;
            for entry in &slice.entries {
                let statement = Statement::decode(entry.statement.as_slice())?;
                if statement.body().seq == seen.seq {
                    if statement.hash() != seen.hash {
                        return Err(Misbehaviour::Fork(slice.chain).into());
                    }
                    reached = true;
                }
            }
            if !reached {
                return Err(Misbehaviour::Gap(slice.chain).into());
            }
        }
        Ok(())
    }

    /// Takes in chains that were asked for at this time.
    fn absorb(
        &mut self,
        fetched: &Fetched,
        asked: &BTreeSet<ChainId>,
        asked_at: Timestamp,
    ) -> Result<Absorbed, Error> {
        self.check(fetched, asked)?;
        let absorbed = self.knowledge.absorb(fetched)?;
        if matches!(absorbed, Absorbed::Needs(_)) {
            return Ok(absorbed);
        }
        for slice in &fetched.chains {
            if matches!(slice.chain, ChainId::Tenant(_)) {
                for entry in &slice.entries {
                    let known = (entry.statement.clone(), entry.position);
                    if !self.founding.contains(&known) {
                        self.founding.push(known);
                    }
                }
            }
            self.seen.remove(&slice.chain);
        }
        if let Some(checkpoint) = self.knowledge.checkpoint() {
            checkpoint.check_age(asked_at, MAX_CHECKPOINT_AGE, SKEW)?;
        }
        self.note_recoveries(fetched)?;
        for slice in &fetched.chains {
            let learned = self.learned.entry(slice.chain).or_default();
            *learned = asked_at.max(*learned);
        }
        Ok(absorbed)
    }
}

/// Whether an inquiry has its answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Progress {
    /// The directory knows what was wanted.
    Done,
    /// Something has to be asked still: [`Inquiry::request`].
    Ask,
}

/// What has to be asked so that a [`Directory`] knows something. It may be given up at any time.
#[derive(Debug)]
pub struct Inquiry {
    not_before: Timestamp,
    pending: BTreeSet<ChainId>,
    asked: BTreeSet<ChainId>,
    asked_at: Timestamp,
    /// Size of the checkpoint that the proofs of the answer start from.
    log_size: u64,
    rounds: usize,
}

impl Inquiry {
    /// The next request, to be sent to the key server as it is. `access` is what
    /// [`TokenKey::access`](crate::TokenKey::access) gave, `now` the present instant.
    #[must_use]
    pub fn request(&mut self, directory: &Directory, access: &str, now: Timestamp) -> HttpRequest {
        self.asked = self.part();
        self.asked.insert(directory.tenant().into());
        self.asked_at = now;
        self.log_size = directory.knowledge.log_size();
        let chains = self.asked.iter().map(|chain| ChainRequest {
            chain: *chain,
            from: directory.knowledge.next_seq(chain),
        });
        let body = FetchRequest {
            tenant: directory.tenant(),
            chains: chains.collect(),
            log_size: self.log_size,
            children: None,
        };
        exchange::request::<FetchForTenant>(&body, Some(access.to_owned()))
    }

    /// Takes in the answer to the last request.
    ///
    /// # Errors
    /// [`Error::Rejected`] when the key server refuses, and [`Error::Misbehaved`] when it answers
    /// what cannot be. Nothing is taken in then, and the inquiry is over.
    pub fn take(
        &mut self,
        directory: &mut Directory,
        answer: &HttpResponse,
    ) -> Result<Progress, Error> {
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds > ROUNDS {
            return Err(Misbehaviour::BadAnswer.into());
        }
        let fetched = exchange::response::<FetchForTenant>(answer)?;
        if directory.knowledge.log_size() != self.log_size {
            // Somebody else's answer came in between: the proofs of this one start elsewhere.
            return Ok(Progress::Ask);
        }
        match directory.absorb(&fetched, &self.asked, self.asked_at)? {
            Absorbed::Known => {
                for chain in &self.asked {
                    self.pending.remove(chain);
                }
                // Groups that were found within those that were wanted.
                let asked = std::mem::take(&mut self.asked);
                let groups = asked.iter().filter_map(group);
                let within = directory.within(groups).into_iter().map(ChainId::Group);
                self.want(directory, within.filter(|chain| !asked.contains(chain)));
            }
            Absorbed::Needs(more) => {
                if let Some(chain) = more.iter().find(|chain| self.asked.contains(chain)) {
                    return Err(Misbehaviour::Gap(*chain).into());
                }
                self.pending.extend(more);
            }
        }
        Ok(if self.pending.is_empty() {
            Progress::Done
        } else {
            Progress::Ask
        })
    }

    /// Adds chains, and the groups known within them, unless they are known well enough.
    fn want(&mut self, directory: &Directory, chains: impl IntoIterator<Item = ChainId>) {
        let chains: BTreeSet<_> = chains.into_iter().collect();
        let within = directory.within(chains.iter().filter_map(group));
        let all = chains
            .into_iter()
            .chain(within.into_iter().map(ChainId::Group));
        self.pending
            .extend(all.filter(|chain| !directory.is_fresh(chain, self.not_before)));
    }

    /// What goes into one request: everything, or where that is too much, users first. Their chains
    /// are judged by themselves, those of groups by what their members said.
    fn part(&self) -> BTreeSet<ChainId> {
        let room = limits::MAX_BATCH - 1;
        if self.pending.len() <= room {
            return self.pending.clone();
        }
        let users = self.pending.iter().filter(|chain| group(chain).is_none());
        let users: BTreeSet<_> = users.take(room).copied().collect();
        if users.is_empty() {
            self.pending.iter().take(room).copied().collect()
        } else {
            users
        }
    }
}

const fn group(chain: &ChainId) -> Option<GroupId> {
    match chain {
        ChainId::Group(group) => Some(*group),
        _ => None,
    }
}
