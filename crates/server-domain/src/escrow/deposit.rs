//! What is deposited with statements, and how it ends.

use wardseal_protocol::{
    escrow::{Cause, Deposit, Erasure, Party, Place, Policy, ServerShare},
    keys::{Assigned, TenantKey},
    op::Op,
    ring::{Sealed, SealedBox},
    state::{EpochRecord, NOW, World as _},
    statement::{Author, Statement},
};
use wardseal_types::{MemberId, PendingId, RingId, SessionId, TenantId, Timestamp, limits};

use super::{Fate, Own, PendingRecord, owner};
use crate::{
    error::DomainError,
    keys::{Shared, world::Known, writer::Batch},
    storage::StorageError,
};

/// Where a deposit comes in.
pub(crate) struct Deposited<'a> {
    pub(crate) statement: &'a Statement,
    /// Whether the recipient enters by this statement, and was not awaited before.
    pub(crate) entered: bool,
    pub(crate) pending: PendingId,
    /// The epoch whose seed is deposited.
    pub(crate) newest: &'a EpochRecord,
}

/// Checks what needs no chain: that the key server's share opens, and says as much as the policy
/// wants. Otherwise whoever claims would be the first to learn that the sender's client is broken.
pub(crate) fn check_share(
    shared: &Shared,
    tenant: &TenantId,
    sealed: &SealedBox,
) -> Result<(), DomainError> {
    let (Sealed::Escrow(deposit), RingId::Session(session), MemberId::Pending(pending)) =
        (&sealed.sealed, sealed.ring, sealed.member)
    else {
        return Ok(());
    };
    let Some(share) = &deposit.server else {
        return Ok(());
    };
    let place = Place {
        tenant: *tenant,
        session,
        epoch: sealed.epoch,
        pending,
    };
    let opened = open(shared, &place, share.as_slice())?;
    if opened.address.is_some() == (deposit.terms.policy == Policy::Verified) {
        Ok(())
    } else {
        Err(DomainError::EscrowRefused(
            "an address goes with the policy that sends a code to it, and with no other",
        ))
    }
}

/// Opens the share that a deposit holds for this server.
pub(super) fn open(
    shared: &Shared,
    place: &Place,
    share: &[u8],
) -> Result<ServerShare, DomainError> {
    let own = own(shared)?;
    place
        .open_server_share(&own.key, share)
        .map_err(|_| DomainError::EscrowRefused("the key server's share does not open"))
}

/// This server's part, if it takes any.
pub(super) fn own(shared: &Shared) -> Result<&Own, DomainError> {
    shared.escrow.as_ref().ok_or(DomainError::EscrowOff)
}

/// Checks a deposit against the chains, and keeps it in the place of the one of an older epoch.
pub(crate) fn keep(
    batch: &mut Batch<'_>,
    known: &Known,
    place: &Deposited<'_>,
    deposit: &Deposit,
    bytes: &[u8],
) -> Result<(), DomainError> {
    let ChainSession(tenant, session) = ChainSession::of(place.statement)?;
    let now = batch.shared.clock.now();
    let terms = &deposit.terms;
    check(batch.shared, known, place, deposit, now)?;
    let before = batch.unit.pending(&tenant, &session, &place.pending)?;
    let mut record = PendingRecord {
        session,
        pending: place.pending,
        name: terms.index,
        // For as long as somebody is awaited it is the same grant, whatever was sealed anew.
        position: before
            .filter(|_| !place.entered)
            .map_or(place.newest.position, |before| before.position),
        epoch: place.newest.declared.number,
        commitment: place.newest.declared.commitment,
        expires: terms.expires,
        fate: Fate::Waiting,
        since: now,
        member: None,
        deposit: Some(bytes.to_vec()),
        receipt: None,
    };
    if place.entered {
        // The position of the statement itself: an epoch may have begun long before.
        record.position = batch.position(&tenant)?;
    }
    // The members may go on although one of those whom they await comes too late: what is sealed
    // for him is not kept.
    if terms.expires <= now {
        erase(batch.shared, &tenant, &mut record, Fate::Expired, now);
    }
    Ok(batch.unit.put_pending(&tenant, &record)?)
}

fn check(
    shared: &Shared,
    known: &Known,
    place: &Deposited<'_>,
    deposit: &Deposit,
    now: Timestamp,
) -> Result<(), DomainError> {
    let refused = |reason| Err(DomainError::EscrowRefused(reason));
    let own = own(shared)?;
    let terms = &deposit.terms;
    if terms.id() != place.pending || terms.tenant != place.statement.tenant() {
        return refused("the terms are not those of the recipient");
    }
    if !deposit.is_whole() {
        return refused("the shares are not those that the policy wants");
    }
    // Once granted it stays, however the keys change: who comes in is asked for the present ones.
    if !place.entered {
        return Ok(());
    }
    if terms.expires <= now {
        return refused("the deposit expires in the past");
    }
    if terms.expires.since(now) > limits::MAX_ESCROW {
        return refused("a deposit lasts for a year at most");
    }
    let Author::Device(author, _) = place.statement.body().author else {
        return refused("the sender is not who grants");
    };
    if terms.sender != author {
        return refused("the sender is not who grants");
    }
    if terms.server_key.is_some_and(|key| key != own.fingerprint) {
        return refused("the share is sealed to another key server");
    }
    if let Some(id) = &terms.tenant_key {
        let tenant = known.tenant().ok_or(DomainError::UnknownTenant)?;
        let Some(TenantKey::Escrow(key)) = tenant.key_at(id, NOW) else {
            return refused("the tenant has no such escrow key");
        };
        if terms.policy == Policy::Assigned && key.assigned == Assigned::Refused {
            return refused("the tenant takes no part in assignments on its own word");
        }
    }
    Ok(())
}

struct ChainSession(TenantId, SessionId);

impl ChainSession {
    fn of(statement: &Statement) -> Result<Self, DomainError> {
        match statement.session() {
            Some(session) => Ok(Self(statement.tenant(), session)),
            None => Err(DomainError::BoxesRefused),
        }
    }
}

/// Ends the deposit of a recipient who leaves by this statement: because he was claimed, or revoked.
pub(crate) fn end(
    batch: &mut Batch<'_>,
    statement: &Statement,
    pending: &PendingId,
) -> Result<(), DomainError> {
    let ChainSession(tenant, session) = ChainSession::of(statement)?;
    let now = batch.shared.clock.now();
    let Some(mut record) = batch.unit.pending(&tenant, &session, pending)? else {
        return Err(StorageError::Damaged(format!("{pending} is awaited and not known")).into());
    };
    if let Op::Claim(claim) = &statement.body().op {
        check_claim(batch, &tenant, &record, &claim.member, now)?;
        record.member = Some(claim.member);
        erase(batch.shared, &tenant, &mut record, Fate::Claimed, now);
    } else if record.fate == Fate::Waiting {
        erase(batch.shared, &tenant, &mut record, Fate::Revoked, now);
    } else {
        // It had expired; what was erased then was erased then.
        return Ok(());
    }
    Ok(batch.unit.put_pending(&tenant, &record)?)
}

/// What the rules of the chain cannot see: whose the name is now, and what time it is.
fn check_claim(
    batch: &Batch<'_>,
    tenant: &TenantId,
    record: &PendingRecord,
    member: &MemberId,
    now: Timestamp,
) -> Result<(), DomainError> {
    let found = batch.unit.name(tenant, &record.name)?;
    if found.is_none_or(|found| owner(&found) != *member) {
        return Err(DomainError::NameTaken);
    }
    if record.fate != Fate::Waiting || record.expires <= now {
        return Err(DomainError::EscrowRefused("the deposit has expired"));
    }
    Ok(())
}

/// Erases a deposit, and signs that it is gone.
pub(super) fn erase(
    shared: &Shared,
    tenant: &TenantId,
    record: &mut PendingRecord,
    fate: Fate,
    now: Timestamp,
) {
    let erasure = Erasure {
        tenant: *tenant,
        session: record.session,
        pending: record.pending,
        commitment: record.commitment,
        cause: match fate {
            Fate::Claimed => Cause::Claimed,
            Fate::Revoked => Cause::Revoked,
            Fate::Waiting | Fate::Expired => Cause::Expired,
        },
        time: now,
    };
    record.receipt = Some(erasure.sign(Party::Keys, shared.log_key.ed25519()));
    record.fate = fate;
    record.since = now;
    record.deposit = None;
}

/// Erases what has expired, of all tenants: at most `most`, and how many they were.
pub(super) fn sweep(batch: &mut Batch<'_>, most: u32) -> Result<u32, DomainError> {
    let now = batch.shared.clock.now();
    let overdue = batch.unit.overdue(now, most)?;
    let mut erased = 0_u32;
    for (tenant, mut record) in overdue {
        erase(batch.shared, &tenant, &mut record, Fate::Expired, now);
        batch.unit.put_pending(&tenant, &record)?;
        batch.unit.tell(&tenant, &record.session, &record.pending)?;
        batch.has_news();
        erased = erased.saturating_add(1);
    }
    Ok(erased)
}
