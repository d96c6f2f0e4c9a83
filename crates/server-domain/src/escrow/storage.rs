//! What escrow asks of the key server's store.

use wardseal_types::{FixedBytes, MemberId, PendingId, SessionId, TenantId, Timestamp, UserId};

use crate::storage::StorageError;

/// What became of a pending recipient.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// It waits: its deposit is here.
    Waiting,
    /// Somebody stands in its place.
    Claimed,
    /// A sender took it back.
    Revoked,
    /// Nobody came in time.
    Expired,
}

/// A pending recipient of a session. The row outlives the deposit, so that senders can be told what
/// became of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PendingRecord {
    /// The session.
    pub session: SessionId,
    /// The recipient.
    pub pending: PendingId,
    /// Index of the recipient's name.
    pub name: FixedBytes<32>,
    /// Position of the statement that granted it.
    pub position: u64,
    /// The epoch whose seed is, or was last, deposited.
    pub epoch: u32,
    /// Commitment of that seed.
    pub commitment: FixedBytes<32>,
    /// When the deposit expires.
    pub expires: Timestamp,
    /// What became of it.
    pub fate: Fate,
    /// Since when: when it was deposited or erased.
    pub since: Timestamp,
    /// Who claimed it.
    pub member: Option<MemberId>,
    /// The sealed box with the deposit, exactly as long as it waits.
    pub deposit: Option<Vec<u8>>,
    /// The signed receipt for the erasure.
    pub receipt: Option<FixedBytes<64>>,
}

/// To whom a share was released, and when first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReleaseRecord {
    /// A user or a group.
    pub member: MemberId,
    /// When.
    pub time: Timestamp,
}

/// For what a code was sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CodeErrand {
    /// Names the attempt.
    pub attempt: FixedBytes<32>,
    /// The tenant.
    pub tenant: TenantId,
    /// Who asked.
    pub user: UserId,
    /// For whom: the user, or a group.
    pub member: MemberId,
    /// Index of the name under which the deposits wait.
    pub name: FixedBytes<32>,
    /// The address, as the server recognises it.
    pub address: FixedBytes<32>,
    /// When it is over.
    pub ends: Timestamp,
}

/// Reads. Every method fails with [`StorageError`] only.
#[expect(
    clippy::missing_errors_doc,
    reason = "every method fails with StorageError when the store cannot answer, and in no other way"
)]
pub trait EscrowSnapshot {
    /// How many users all tenants have together.
    fn all_users(&self) -> Result<u64, StorageError>;

    /// A pending recipient.
    fn pending(
        &self,
        tenant: &TenantId,
        session: &SessionId,
        pending: &PendingId,
    ) -> Result<Option<PendingRecord>, StorageError>;

    /// The one of this identifier that waits under a name, in whatever session.
    fn waiting(
        &self,
        tenant: &TenantId,
        name: &FixedBytes<32>,
        pending: &PendingId,
    ) -> Result<Option<PendingRecord>, StorageError>;

    /// Every recipient of a session that is or was pending, in the order of their identifiers.
    fn pending_in(
        &self,
        tenant: &TenantId,
        session: &SessionId,
    ) -> Result<Vec<PendingRecord>, StorageError>;

    /// Those who wait under a name, in the order of their grants: at most `limit` of those that were
    /// granted after the position `after`.
    fn pending_for(
        &self,
        tenant: &TenantId,
        name: &FixedBytes<32>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<PendingRecord>, StorageError>;

    /// Those of all tenants who still wait and should not after `now`: at most `limit`.
    fn overdue(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, PendingRecord)>, StorageError>;

    /// To whom the share of a pending recipient was released, first come first.
    fn releases(
        &self,
        tenant: &TenantId,
        session: &SessionId,
        pending: &PendingId,
    ) -> Result<Vec<ReleaseRecord>, StorageError>;

    /// How many pieces of news there were: releases and expiries, which no statement tells.
    fn news(&self, tenant: &TenantId) -> Result<u64, StorageError>;

    /// The sessions of the news after the first `since`, each with its number: at most `limit`, in
    /// order. Of a pending recipient only the latest is kept.
    fn news_since(
        &self,
        tenant: &TenantId,
        since: u64,
        limit: u32,
    ) -> Result<Vec<(u64, SessionId)>, StorageError>;

    /// For what a code was sent, while it may be entered; `None` for another attempt's name.
    fn code_errand(&self, attempt: &FixedBytes<32>) -> Result<Option<CodeErrand>, StorageError>;

    /// Until when a member counts as somebody who reads what is sent to an address; `None` for
    /// whoever did not show it, or was forgotten.
    fn reads_mail_until(
        &self,
        tenant: &TenantId,
        member: &MemberId,
        address: &FixedBytes<32>,
    ) -> Result<Option<Timestamp>, StorageError>;
}

/// Writes. Every method fails with [`StorageError`] only.
#[expect(
    clippy::missing_errors_doc,
    reason = "every method fails with StorageError when the store cannot do it, and in no other way"
)]
pub trait EscrowUnit: EscrowSnapshot {
    /// Keeps a pending recipient in the place of what was known of it: an older epoch's deposit is
    /// erased by that, not only forgotten.
    fn put_pending(
        &mut self,
        tenant: &TenantId,
        record: &PendingRecord,
    ) -> Result<(), StorageError>;

    /// Records a release; one to the same member that is there already stays as it is. Says whether
    /// this is the first.
    fn put_release(
        &mut self,
        tenant: &TenantId,
        session: &SessionId,
        pending: &PendingId,
        release: &ReleaseRecord,
    ) -> Result<bool, StorageError>;

    /// Counts one more piece of news, about a pending recipient that is there.
    fn tell(
        &mut self,
        tenant: &TenantId,
        session: &SessionId,
        pending: &PendingId,
    ) -> Result<(), StorageError>;

    /// Keeps for what a code was sent, and forgets whatever of that kind ended before `now`.
    fn put_code_errand(&mut self, errand: &CodeErrand, now: Timestamp) -> Result<(), StorageError>;

    /// Says until when a member counts as somebody who reads what is sent to an address, and forgets
    /// whatever of that kind ended before `now`.
    fn put_reads_mail(
        &mut self,
        tenant: &TenantId,
        member: &MemberId,
        address: &FixedBytes<32>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StorageError>;
}
