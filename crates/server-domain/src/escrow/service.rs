//! What those who are awaited, and those who await them, ask for.

use wardseal_protocol::{
    escrow::{self, Deposit, Party, Place, Policy, Receipt, ServerShare},
    ring::{Sealed, SealedBox},
    state::{NOW, World as _},
};
use wardseal_types::{
    ChainId, FixedBytes, MemberId, PendingId, SessionId, TenantId, Timestamp, limits,
};

use super::{Fate, MemberKey, PendingRecord, ReleaseRecord, deposit, owner};
use crate::{
    error::DomainError,
    keys::{
        Caller, KeyService, Shared,
        world::{Known, Loader},
    },
    storage::{Snapshot, StorageError},
};

/// Deposits that are erased in one transaction when they have expired.
const AT_ONCE: u32 = 500;

/// A page of deposits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Deposits {
    /// Oldest grant first.
    pub deposits: Vec<Listed>,
    /// Whether there are more.
    pub more: bool,
}

/// A deposit that waits for the caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// Position of the statement that granted it.
    pub position: u64,
    /// The session.
    pub session: SessionId,
    /// The sealed box.
    pub deposit: Vec<u8>,
    /// Where a code would go, as far as it may be shown, when one is needed still.
    pub hint: Option<String>,
}

/// Names one share.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ShareRef {
    /// The session.
    pub session: SessionId,
    /// Its newest epoch.
    pub epoch: u32,
    /// Commitment of that epoch's seed.
    pub commitment: FixedBytes<32>,
    /// The pending recipient.
    pub pending: PendingId,
}

/// Shares, in the order in which they were asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Released {
    /// The epoch of the member's ring to whose key the shares are sealed.
    pub member_epoch: u32,
    /// The shares.
    pub items: Vec<Result<Release, ReleaseRefusal>>,
}

/// A share that is released.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Release {
    /// The share, sealed to the member's newest key.
    pub share: Vec<u8>,
    /// Signature over the receipt.
    pub receipt: FixedBytes<64>,
}

/// Why a share is not released.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReleaseRefusal {
    /// There is none, or the session has another epoch by now.
    Unknown,
    /// Its time is over.
    Expired,
    /// The claimant does not carry the name.
    NotNamed,
    /// The code was not entered yet.
    CodeRequired,
    /// The policy leaves it to the members of the session.
    NeverReleased,
    /// Another has claimed it.
    Taken,
}

/// What has become of a deposit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// It waits.
    Deposited,
    /// The share was released, and not claimed yet.
    Released,
    /// It was claimed, and the share erased.
    Claimed,
    /// It was revoked, and the share erased.
    Revoked,
    /// Its time was over, and the share erased.
    Expired,
}

/// A deposit and what has become of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Status {
    /// The session.
    pub session: SessionId,
    /// The pending recipient.
    pub pending: PendingId,
    /// What has become of it.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// To whom it was released, or who claimed it.
    pub member: Option<MemberId>,
    /// Signature over the erasure.
    pub erasure: Option<FixedBytes<64>>,
    /// Commitment of the newest seed that was deposited.
    pub commitment: FixedBytes<32>,
}

/// A member for whom the caller may act, and the name that it carries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Standing {
    pub(super) tenant: TenantId,
    pub(super) member: MemberId,
    /// Index of the name; `None` when it carries none, or another carries it by now.
    pub(super) name: Option<FixedBytes<32>>,
}

impl Standing {
    /// Whether the caller is the member, or in it.
    ///
    /// # Errors
    /// [`DomainError::NotFound`] when he is not, and for another tenant.
    fn check(
        snapshot: &dyn Snapshot,
        known: &Known,
        caller: &Caller,
        member: &MemberId,
    ) -> Result<Self, DomainError> {
        let name = match member {
            MemberId::User(user) if *user == caller.user => {
                known.user(user).and_then(|user| user.names.now())
            }
            MemberId::Group(group) => {
                let state = known
                    .group(group)
                    .filter(|state| !state.dissolved)
                    .filter(|state| state.role_at(&caller.user, NOW, known).is_some())
                    .ok_or(DomainError::NotFound)?;
                state.names.now()
            }
            _ => return Err(DomainError::NotFound),
        };
        let tenant = caller.tenant;
        // The chain says what the member was called once; whose the name is now, names say.
        let owned = match &name {
            Some(name) => snapshot
                .name(&tenant, name)?
                .is_some_and(|found| owner(&found) == *member),
            None => false,
        };
        Ok(Self {
            tenant,
            member: *member,
            name: name.filter(|_| owned),
        })
    }
}

/// The deposit in a box.
pub(super) fn deposit_of(record: &PendingRecord) -> Result<Deposit, StorageError> {
    let damaged = || StorageError::Damaged(format!("the deposit of {}", record.pending));
    let bytes = record.deposit.as_ref().ok_or_else(damaged)?;
    match SealedBox::decode(bytes).map_err(|_| damaged())?.sealed {
        Sealed::Escrow(deposit) => Ok(*deposit),
        _ => Err(damaged()),
    }
}

const fn place(tenant: &TenantId, record: &PendingRecord) -> Place {
    Place {
        tenant: *tenant,
        session: record.session,
        epoch: record.epoch,
        pending: record.pending,
    }
}

/// The key server's share of a deposit, if the policy has one.
pub(super) fn share_of(
    shared: &Shared,
    tenant: &TenantId,
    record: &PendingRecord,
) -> Result<Option<(Policy, ServerShare)>, DomainError> {
    let found = deposit_of(record)?;
    let Some(share) = &found.server else {
        return Ok(None);
    };
    let place = place(tenant, record);
    let share = deposit::open(shared, &place, share.as_slice())?;
    Ok(Some((found.terms.policy, share)))
}

impl KeyService {
    /// Erases the deposits that have expired, and says how many they were. It is done when the
    /// service starts and whenever somebody asks about deposits; whoever runs the service has it done
    /// every hour beside that.
    ///
    /// # Errors
    /// [`DomainError::StorageFull`] and [`DomainError::Internal`].
    pub fn sweep(&self) -> Result<u64, DomainError> {
        let mut all = 0_u64;
        loop {
            let now = self.shared.clock.now();
            if self.shared.store.read()?.overdue(now, 1)?.is_empty() {
                return Ok(all);
            }
            let erased = self.writer.run(|batch| deposit::sweep(batch, AT_ONCE))?;
            all = all.saturating_add(erased.into());
        }
    }

    pub(super) fn standing(
        &self,
        snapshot: &dyn Snapshot,
        caller: &Caller,
        tenant: &TenantId,
        member: &MemberId,
    ) -> Result<(Standing, Option<MemberKey>), DomainError> {
        if caller.tenant != *tenant {
            return Err(DomainError::NotFound);
        }
        let shared = &self.shared;
        let find = |chain: &ChainId| shared.cache.find(tenant, chain);
        let mut loader = Loader::new(*tenant, snapshot, &find);
        loader.load(member.ring().map(ChainId::from))?;
        let standing = Standing::check(snapshot, &loader.known, caller, member)?;
        let newest = loader.known.ring_epochs(member).and_then(<[_]>::last);
        let key = newest.and_then(|newest| MemberKey::of(&newest.declared));
        shared.cache.learn(tenant, loader.folded);
        Ok((standing, key))
    }

    /// What lies in escrow for the name of a member: the caller, or a group in which he is.
    ///
    /// # Errors
    /// [`DomainError::Malformed`] for a page of none or more than 1000, [`DomainError::NotFound`] when
    /// the caller is not in the member or of another tenant, and [`DomainError::EscrowOff`].
    pub fn list_pending(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        member: &MemberId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Deposits, DomainError> {
        let shared = &self.shared;
        deposit::own(shared)?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        if most == 0 || most > limits::MAX_BATCH {
            return Err(DomainError::Malformed("a page has from 1 to 1000 entries"));
        }
        self.sweep()?;
        let snapshot = shared.store.read()?;
        let (standing, _) = self.standing(&*snapshot, caller, tenant, member)?;
        let Some(name) = standing.name else {
            return Ok(Deposits {
                deposits: Vec::new(),
                more: false,
            });
        };
        let one_more = limit.saturating_add(1);
        let mut found = snapshot.pending_for(tenant, &name, after, one_more)?;
        let more = found.len() > most;
        found.truncate(most);
        let mut deposits = Vec::with_capacity(found.len());
        for record in found {
            let hint = self.hint(&*snapshot, &standing, &record)?;
            deposits.push(Listed {
                position: record.position,
                session: record.session,
                deposit: record.deposit.unwrap_or_default(),
                hint,
            });
        }
        Ok(Deposits { deposits, more })
    }

    fn hint(
        &self,
        snapshot: &dyn Snapshot,
        standing: &Standing,
        record: &PendingRecord,
    ) -> Result<Option<String>, DomainError> {
        let share = share_of(&self.shared, &standing.tenant, record)?;
        let Some((Policy::Verified, share)) = share else {
            return Ok(None);
        };
        let Some(address) = &share.address else {
            return Ok(None);
        };
        let read = self.reads_mail(snapshot, standing, address)?;
        Ok((!read).then(|| super::codes::hint(address)))
    }

    /// Releases this server's shares to a member who carries the name and has met the policy: sealed
    /// to the newest key of its ring, each with a receipt that the claim shows. The senders hear of it.
    /// Repeating it changes nothing.
    ///
    /// # Errors
    /// Those of [`list_pending`](Self::list_pending).
    pub fn release_shares(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        member: &MemberId,
        items: &[ShareRef],
    ) -> Result<Released, DomainError> {
        let shared = &self.shared;
        deposit::own(shared)?;
        if items.len() > limits::MAX_BATCH {
            return Err(DomainError::Malformed("at most 1000 at once"));
        }
        self.sweep()?;
        let snapshot = shared.store.read()?;
        let (standing, key) = self.standing(&*snapshot, caller, tenant, member)?;
        let key = key.ok_or(DomainError::NotFound)?;
        let mut prepared = Vec::with_capacity(items.len());
        for item in items {
            prepared.push(self.prepare(&*snapshot, &standing, &key, item)?);
        }
        drop(snapshot);
        let wanted: Vec<_> = items
            .iter()
            .zip(&prepared)
            .map(|(item, prepared)| (*item, prepared.as_ref().err().copied()))
            .collect();
        let refusals = self.writer.run(move |batch| {
            let now = batch.shared.clock.now();
            let mut refusals = Vec::with_capacity(wanted.len());
            for (item, refused) in &wanted {
                let refused = match refused {
                    Some(refused) => Some(*refused),
                    None => record_release(batch, &standing, item, now)?,
                };
                refusals.push(refused);
            }
            Ok(refusals)
        })?;
        let items = prepared.into_iter().zip(refusals);
        Ok(Released {
            member_epoch: key.epoch,
            items: items
                .map(|(prepared, refused)| match refused {
                    Some(refused) => Err(refused),
                    None => prepared,
                })
                .collect(),
        })
    }

    /// A share as it would go out, or why not. Nothing is written.
    fn prepare(
        &self,
        snapshot: &dyn Snapshot,
        standing: &Standing,
        key: &MemberKey,
        item: &ShareRef,
    ) -> Result<Result<Release, ReleaseRefusal>, DomainError> {
        let shared = &self.shared;
        let tenant = &standing.tenant;
        let found = snapshot.pending(tenant, &item.session, &item.pending)?;
        let record = match judge(found, standing, item, shared.clock.now()) {
            Ok(record) => record,
            Err(refused) => return Ok(Err(refused)),
        };
        let Some((policy, share)) = share_of(shared, tenant, &record)? else {
            return Ok(Err(ReleaseRefusal::NeverReleased));
        };
        if policy == Policy::Verified {
            let address = share.address.as_deref().unwrap_or_default();
            if !self.reads_mail(snapshot, standing, address)? {
                return Ok(Err(ReleaseRefusal::CodeRequired));
            }
        }
        let release = escrow::Release {
            place: place(tenant, &record),
            member: standing.member,
            member_epoch: key.epoch,
            party: Party::Keys,
        };
        let sealed = shared
            .random
            .with(|rng| release.seal(&key.public, &share.share, rng))?;
        let receipt = Receipt {
            tenant: *tenant,
            session: item.session,
            pending: item.pending,
            member: standing.member,
            commitment: item.commitment,
            policy,
        };
        Ok(Ok(Release {
            share: sealed.0,
            receipt: receipt.sign(Party::Keys, shared.log_key.ed25519()),
        }))
    }

    /// What has become of the deposits of sessions to which the caller has a right.
    ///
    /// # Errors
    /// [`DomainError::Malformed`] for more than 1000 sessions, and [`DomainError::NotFound`] when the
    /// caller is of another tenant.
    pub fn escrow_status(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        sessions: &[SessionId],
    ) -> Result<Vec<Status>, DomainError> {
        if caller.tenant != *tenant {
            return Err(DomainError::NotFound);
        }
        if sessions.len() > limits::MAX_BATCH {
            return Err(DomainError::Malformed("at most 1000 at once"));
        }
        self.sweep()?;
        let shared = &self.shared;
        let snapshot = shared.store.read()?;
        let find = |chain: &ChainId| shared.cache.find(tenant, chain);
        let mut loader = Loader::new(*tenant, &*snapshot, &find);
        loader.load(sessions.iter().copied().map(ChainId::Session))?;
        let known = &loader.known;
        let mut statuses = Vec::new();
        for session in sessions {
            let entitled = known
                .session(session)
                .is_some_and(|state| state.rights_at(&caller.user, NOW, known).is_some());
            if !entitled {
                continue;
            }
            for record in snapshot.pending_in(tenant, session)? {
                let releases = snapshot.releases(tenant, session, &record.pending)?;
                statuses.push(status(&record, releases.last()));
            }
        }
        shared.cache.learn(tenant, loader.folded);
        Ok(statuses)
    }
}

/// Whether a share may go to this member, policy aside.
fn judge(
    found: Option<PendingRecord>,
    standing: &Standing,
    item: &ShareRef,
    now: Timestamp,
) -> Result<PendingRecord, ReleaseRefusal> {
    let record = found.ok_or(ReleaseRefusal::Unknown)?;
    if standing.name != Some(record.name) {
        return Err(ReleaseRefusal::NotNamed);
    }
    match record.fate {
        Fate::Waiting if record.expires <= now => Err(ReleaseRefusal::Expired),
        Fate::Waiting if (record.epoch, record.commitment) != (item.epoch, item.commitment) => {
            Err(ReleaseRefusal::Unknown)
        }
        Fate::Waiting => Ok(record),
        Fate::Claimed => Err(ReleaseRefusal::Taken),
        Fate::Expired => Err(ReleaseRefusal::Expired),
        Fate::Revoked => Err(ReleaseRefusal::Unknown),
    }
}

/// Writes down that a share is released, unless something has happened since it was prepared.
fn record_release(
    batch: &mut crate::keys::writer::Batch<'_>,
    standing: &Standing,
    item: &ShareRef,
    now: Timestamp,
) -> Result<Option<ReleaseRefusal>, DomainError> {
    let (tenant, session, pending) = (&standing.tenant, &item.session, &item.pending);
    let found = batch.unit.pending(tenant, session, pending)?;
    if let Err(refused) = judge(found, standing, item, now) {
        return Ok(Some(refused));
    }
    let release = ReleaseRecord {
        member: standing.member,
        time: now,
    };
    if batch.unit.put_release(tenant, session, pending, &release)? {
        batch.unit.tell(tenant, session, pending)?;
        batch.has_news();
    }
    Ok(None)
}

fn status(record: &PendingRecord, released: Option<&ReleaseRecord>) -> Status {
    let (state, since, member) = match (record.fate, released) {
        (Fate::Waiting, Some(release)) => (State::Released, release.time, Some(release.member)),
        (Fate::Waiting, None) => (State::Deposited, record.since, None),
        (Fate::Claimed, _) => (State::Claimed, record.since, record.member),
        (Fate::Revoked, _) => (State::Revoked, record.since, None),
        (Fate::Expired, _) => (State::Expired, record.since, None),
    };
    Status {
        session: record.session,
        pending: record.pending,
        state,
        since,
        member,
        erasure: record.receipt,
        commitment: record.commitment,
    }
}
