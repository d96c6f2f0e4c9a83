//! The tenant's part in escrow. See `spec/11-escrow.md`.

use std::collections::BTreeMap;

use rand_core::CryptoRng;
use wardseal_api::{
    Problem, ProblemCode,
    escrow::{ReleaseRequest, ReleasedShare, ReleasedShares, ShareRef, ShareRefusal},
    tenant::{
        DepositSharesRequest, EraseSharesRequest, ErasedShare, ErasedShares, ErasureCause,
        ShareDeposit, SharesDeposited,
    },
};
use wardseal_crypto::{
    CryptoError,
    kem::{self, KemPublicKey, KemSecretKey},
    secret::Secret,
};
use wardseal_protocol::{
    cbor,
    escrow::{Cause, Erasure, Party, Place, Policy, Receipt, Release, Terms},
    keys::{Assigned, EscrowKey, TenantKey},
    ring::Epoch,
};
use wardseal_types::{
    Base64Url, BoxedBytes, ChainId, FixedBytes, KeyId, MemberId, PendingId, SessionId, TenantId,
    Timestamp, UserId, cbor_map, limits,
};

use crate::{directory::Directory, token::TokenKey};

/// Most shares that are kept for one depositor.
pub const MAX_SHARES: u64 = 10_000;

/// How long it is remembered that a share is gone, beyond its time: in milliseconds, 90 days.
pub const REMEMBERED: u64 = 90 * 24 * 60 * 60 * 1000;

/// Shares that [`EscrowDesk::expire`] erases at once.
const AT_ONCE: u32 = 500;

/// The secret half of a tenant's escrow key. It belongs on the application's server, beside its token
/// key and not in its database.
#[derive(Debug)]
pub struct EscrowSecret {
    secret: KemSecretKey,
    listed: EscrowKey,
}

impl EscrowSecret {
    /// Draws a key. `assigned` says whether the tenant releases its share on its own word where a
    /// sender wants that; it is part of the key.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn generate(assigned: Assigned, rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        Self::from_seed(&Secret::generate(rng)?, assigned)
    }

    /// The key that a seed stands for.
    ///
    /// # Errors
    /// None in practice: every seed is a key.
    pub fn from_seed(seed: &Secret<32>, assigned: Assigned) -> Result<Self, CryptoError> {
        let secret = KemSecretKey::from_seed(seed)?;
        let listed = EscrowKey {
            kem: BoxedBytes::from(*secret.public().as_bytes()),
            assigned,
        };
        Ok(Self { secret, listed })
    }

    /// The seed, to be kept.
    #[must_use]
    pub const fn seed(&self) -> &Secret<32> {
        self.secret.seed()
    }

    /// The key as it is kept in a file: the seed, and 1 if it is for assignments too.
    #[must_use]
    pub fn to_bytes(&self) -> Secret<33> {
        let mut bytes = [u8::from(self.takes_assigned()); 33];
        let (seed, _) = bytes.split_at_mut(32);
        seed.copy_from_slice(self.seed().expose());
        Secret::from_bytes(bytes)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (seed, rest) = bytes.split_first_chunk::<32>()?;
        let assigned = match rest {
            [0] => Assigned::Refused,
            [1] => Assigned::Taken,
            _ => return None,
        };
        Self::from_seed(&Secret::from_bytes(*seed), assigned).ok()
    }

    /// Whether the tenant releases its share on its own word where a sender wants that.
    #[must_use]
    pub const fn takes_assigned(&self) -> bool {
        matches!(self.listed.assigned, Assigned::Taken)
    }

    /// The public half, as it stands in the tenant's chain.
    #[must_use]
    pub fn public(&self) -> TenantKey {
        TenantKey::Escrow(self.listed.clone())
    }

    /// The identifier, by which terms name it.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.public().id()
    }
}

/// A share as the application keeps it. Its place is session, pending recipient and commitment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeptShare {
    /// The session.
    pub session: SessionId,
    /// The pending recipient.
    pub pending: PendingId,
    /// Commitment of the seed of which this is a share.
    pub commitment: FixedBytes<32>,
    /// Number of that seed's epoch.
    pub epoch: u32,
    /// Who brought it.
    pub by: UserId,
    /// When it expires.
    pub expires: Timestamp,
    /// The terms, encoded.
    pub terms: Base64Url,
    /// The share, sealed to the tenant's escrow key; absent once it is erased.
    pub sealed: Option<Base64Url>,
    /// To whom it was released last.
    pub released: Option<MemberId>,
    /// Why and when it was erased.
    pub erased: Option<Gone>,
}

cbor_map!(KeptShare {
    0: session,
    1: pending,
    2: commitment,
    3: epoch,
    4: by,
    5: expires,
    6: terms,
    7: sealed,
    8: released,
    9: erased,
});

/// That a share is gone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gone {
    /// Why.
    pub cause: Cause,
    /// When.
    pub time: Timestamp,
}

cbor_map!(Gone { 0: cause, 1: time });

impl KeptShare {
    /// For a column of the application's database.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        cbor::decode(bytes, 2 * limits::MAX_BOX).ok()
    }

    /// Whether the share itself is there still.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        self.sealed.is_some()
    }

    fn erase(&mut self, cause: Cause, time: Timestamp) {
        self.sealed = None;
        self.erased = Some(Gone { cause, time });
    }
}

/// Where an application keeps shares. All calls that one method of [`EscrowDesk`] makes are one
/// transaction, which the application commits before it answers.
///
/// What is put over an older row, or forgotten, must be gone from the disk too: in SQLite that is
/// `PRAGMA secure_delete = ON` and an emptied write-ahead log.
pub trait ShareStore {
    /// Why the store does not answer.
    type Error;

    /// Every share of a pending recipient, of whatever seed, in any order.
    ///
    /// # Errors
    /// When the store does not answer.
    fn shares(
        &mut self,
        session: &SessionId,
        pending: &PendingId,
    ) -> Result<Vec<KeptShare>, Self::Error>;

    /// Keeps a share in the place of what was there.
    ///
    /// # Errors
    /// When the store does not answer.
    fn put(&mut self, share: &KeptShare) -> Result<(), Self::Error>;

    /// How many shares of one depositor are there still.
    ///
    /// # Errors
    /// When the store does not answer.
    fn count_by(&mut self, depositor: &UserId) -> Result<u64, Self::Error>;

    /// Shares that are there still and expire at `now` or before: at most `limit`.
    ///
    /// # Errors
    /// When the store does not answer.
    fn overdue(&mut self, now: Timestamp, limit: u32) -> Result<Vec<KeptShare>, Self::Error>;

    /// Forgets the rows of shares that are gone and whose time ended at `before` or earlier.
    ///
    /// # Errors
    /// When the store does not answer.
    fn forget(&mut self, before: Timestamp) -> Result<(), Self::Error>;
}

/// Shares in memory, for tests and for showing what a store does.
#[derive(Clone, Debug, Default)]
pub struct SharesInMemory(BTreeMap<(SessionId, PendingId, [u8; 32]), KeptShare>);

impl SharesInMemory {
    /// Every share, and what is left of those that are gone.
    pub fn iter(&self) -> impl Iterator<Item = &KeptShare> {
        self.0.values()
    }
}

impl ShareStore for SharesInMemory {
    type Error = core::convert::Infallible;

    fn shares(
        &mut self,
        session: &SessionId,
        pending: &PendingId,
    ) -> Result<Vec<KeptShare>, Self::Error> {
        let range = (*session, *pending, [0; 32])..=(*session, *pending, [u8::MAX; 32]);
        let found = self.0.range(range);
        Ok(found.map(|(_, share)| share.clone()).collect())
    }

    fn put(&mut self, share: &KeptShare) -> Result<(), Self::Error> {
        let place = (share.session, share.pending, *share.commitment.as_array());
        self.0.insert(place, share.clone());
        Ok(())
    }

    fn count_by(&mut self, depositor: &UserId) -> Result<u64, Self::Error> {
        let all = self.0.values();
        let count = all
            .filter(|share| share.by == *depositor && share.is_there())
            .count();
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    fn overdue(&mut self, now: Timestamp, limit: u32) -> Result<Vec<KeptShare>, Self::Error> {
        let all = self.0.values();
        let overdue = all.filter(|share| share.is_there() && share.expires <= now);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(overdue.take(limit).cloned().collect())
    }

    fn forget(&mut self, before: Timestamp) -> Result<(), Self::Error> {
        self.0
            .retain(|_, share| share.is_there() || share.expires > before);
        Ok(())
    }
}

/// Why the desk does nothing at all. What concerns one share alone stands in the answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError<E> {
    /// The request cannot mean anything (`malformed_request`).
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    /// It is for another tenant, or for a member that the caller is not in (`not_found`).
    #[error("it does not exist, or not for this caller")]
    NotFound,
    /// A share that could not be released one day (`escrow_refused`).
    #[error("the deposit is refused: {0}")]
    Refused(&'static str),
    /// Cryptography failed on this machine (`internal`).
    #[error("cryptography failed on this machine: {0}")]
    Crypto(CryptoError),
    /// The application's store does not answer (`internal`).
    #[error("the store does not answer")]
    Store(E),
}

impl<E> DeskError<E> {
    /// What the application answers, with the HTTP status that it has.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::Malformed(why) => Problem::new(ProblemCode::MalformedRequest).with_detail(*why),
            Self::NotFound => Problem::new(ProblemCode::NotFound),
            Self::Refused(why) => Problem::new(ProblemCode::EscrowRefused).with_detail(*why),
            Self::Crypto(_) | Self::Store(_) => Problem::new(ProblemCode::Internal),
        }
    }
}

/// The tenant as a party of escrow: it keeps shares, releases them to whoever carries the name, and
/// erases them. Without the key server's share they open nothing.
///
/// Nothing here speaks HTTP or SQL. The application serves the three endpoints of
/// [`wardseal_api::tenant`], knows by itself which user calls, hands in the request and a
/// [`ShareStore`] within a transaction, commits, and answers. Before a release it brings its
/// [`Directory`] up to date for [`chains`](Self::chains), or a key of last week would be sealed to.
#[derive(Debug)]
pub struct EscrowDesk {
    tenant: TenantId,
    token: TokenKey,
    keys: BTreeMap<KeyId, EscrowSecret>,
}

impl EscrowDesk {
    /// The desk of a tenant, with every escrow key to which something may still be sealed. `token`
    /// signs the receipts; it must be one of the tenant's chain.
    #[must_use]
    pub fn new(
        tenant: TenantId,
        token: TokenKey,
        keys: impl IntoIterator<Item = EscrowSecret>,
    ) -> Self {
        Self {
            tenant,
            token,
            keys: keys.into_iter().map(|key| (key.id(), key)).collect(),
        }
    }

    /// What a [`Directory`] must know for a release to `member`, or an erasure: the caller and the
    /// member.
    #[must_use]
    pub fn chains(caller: UserId, member: MemberId) -> Vec<ChainId> {
        let mut chains = vec![ChainId::User(caller)];
        chains.extend(member.ring().map(ChainId::from));
        chains.dedup();
        chains
    }

    /// Keeps shares that `caller` brings: all of them, or none. He may replace one of his own.
    ///
    /// # Errors
    /// [`DeskError`].
    pub fn deposit<S: ShareStore>(
        &self,
        store: &mut S,
        caller: &UserId,
        request: &DepositSharesRequest,
        now: Timestamp,
    ) -> Result<SharesDeposited, DeskError<S::Error>> {
        self.check(&request.tenant, request.items.len())?;
        let mut kept = store.count_by(caller).map_err(DeskError::Store)?;
        let mut stored = 0_u32;
        for item in &request.items {
            self.check_deposit(item, now).map_err(DeskError::Refused)?;
            let share = KeptShare {
                session: item.session,
                pending: item.pending,
                commitment: item.commitment,
                epoch: item.epoch,
                by: *caller,
                expires: terms(&item.terms).map_or(now, |terms| terms.expires),
                terms: item.terms.clone(),
                sealed: Some(item.sealed.clone()),
                released: None,
                erased: None,
            };
            let found = find(store, item.session, item.pending, item.commitment)?;
            match found {
                Some(found) if found.sealed == share.sealed => continue,
                // What two bring for one seed cannot both be right, and the second one cannot take
                // away what the first one brought.
                Some(found) if found.by != *caller => {
                    return Err(DeskError::Refused(
                        "somebody else has brought a share of this seed",
                    ));
                }
                Some(found) if found.is_there() => {}
                _ => kept = kept.saturating_add(1),
            }
            if kept > MAX_SHARES {
                return Err(DeskError::Refused(
                    "too many shares lie here for this user: revoke some, or wait until they expire",
                ));
            }
            store.put(&share).map_err(DeskError::Store)?;
            stored = stored.saturating_add(1);
        }
        Ok(SharesDeposited { stored })
    }

    fn check<E>(&self, tenant: &TenantId, items: usize) -> Result<(), DeskError<E>> {
        if *tenant != self.tenant {
            return Err(DeskError::NotFound);
        }
        if items > limits::MAX_BATCH {
            return Err(DeskError::Malformed("at most 1000 at once"));
        }
        Ok(())
    }

    fn check_deposit(&self, item: &ShareDeposit, now: Timestamp) -> Result<(), &'static str> {
        let terms = terms(&item.terms).ok_or("the terms are malformed")?;
        if terms.id() != item.pending || terms.tenant != self.tenant {
            return Err("the terms are not those of the recipient");
        }
        if !terms.policy.has_shares() {
            return Err("the policy has no shares");
        }
        if terms.expires <= now {
            return Err("the deposit expires in the past");
        }
        if terms.expires.since(now) > limits::MAX_ESCROW {
            return Err("a deposit lasts for a year at most");
        }
        let key = terms.tenant_key.and_then(|id| self.keys.get(&id));
        let key = key.ok_or("the tenant has no such escrow key")?;
        if terms.policy == Policy::Assigned && key.listed.assigned == Assigned::Refused {
            return Err("the tenant takes no part in assignments on its own word");
        }
        if item.sealed.as_slice().len() != kem::OVERHEAD + 32 {
            return Err("the share has another length");
        }
        let place = Place {
            tenant: self.tenant,
            session: item.session,
            epoch: item.epoch,
            pending: item.pending,
        };
        place
            .open_tenant_share(&key.secret, item.sealed.as_slice())
            .map(|_| ())
            .map_err(|_| "the tenant's share does not open")
    }

    /// Releases shares to a member who carries the name: the caller, or a group in which he is. They
    /// are sealed to the newest key of the member's ring, and go with a receipt. Repeating it changes
    /// nothing.
    ///
    /// # Errors
    /// [`DeskError`].
    pub fn release<S: ShareStore>(
        &self,
        store: &mut S,
        directory: &Directory,
        caller: &UserId,
        request: &ReleaseRequest,
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Result<ReleasedShares, DeskError<S::Error>> {
        self.check(&request.tenant, request.items.len())?;
        let claimant = Claimant::find(directory, caller, &request.member)
            .filter(|_| directory.tenant() == self.tenant)
            .ok_or(DeskError::NotFound)?;
        let mut items = Vec::with_capacity(request.items.len());
        for item in &request.items {
            let found = find(store, item.session, item.pending, item.commitment)?;
            let released = match self.judge(found, &claimant, item, now) {
                Ok((share, terms)) => self
                    .release_one(store, &claimant, share, &terms, rng)
                    .map(Ok)?,
                Err(refused) => Err(refused),
            };
            items.push(match released {
                Ok((share, receipt)) => ReleasedShare {
                    share: Some(share),
                    receipt: Some(receipt),
                    refused: None,
                },
                Err(refused) => ReleasedShare {
                    share: None,
                    receipt: None,
                    refused: Some(refused),
                },
            });
        }
        Ok(ReleasedShares {
            member_epoch: claimant.epoch,
            signer: Some(self.token.id()),
            items,
        })
    }

    fn judge(
        &self,
        found: Option<KeptShare>,
        claimant: &Claimant,
        item: &ShareRef,
        now: Timestamp,
    ) -> Result<(KeptShare, Terms), ShareRefusal> {
        let share = found.ok_or(ShareRefusal::Unknown)?;
        let terms = terms(&share.terms).ok_or(ShareRefusal::Unknown)?;
        if claimant.name != Some(terms.index) {
            return Err(ShareRefusal::NotNamed);
        }
        match share.erased.map(|gone| gone.cause) {
            Some(Cause::Claimed) => return Err(ShareRefusal::Taken),
            Some(Cause::Expired) => return Err(ShareRefusal::Expired),
            Some(Cause::Revoked | Cause::Superseded) => return Err(ShareRefusal::Unknown),
            None => {}
        }
        if share.expires <= now {
            return Err(ShareRefusal::Expired);
        }
        let ours = terms
            .tenant_key
            .is_some_and(|id| self.keys.contains_key(&id));
        if share.epoch != item.epoch || !ours {
            return Err(ShareRefusal::Unknown);
        }
        Ok((share, terms))
    }

    fn release_one<S: ShareStore>(
        &self,
        store: &mut S,
        claimant: &Claimant,
        mut share: KeptShare,
        terms: &Terms,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Base64Url, FixedBytes<64>), DeskError<S::Error>> {
        let key = terms.tenant_key.and_then(|id| self.keys.get(&id));
        let (Some(key), Some(sealed)) = (key, &share.sealed) else {
            return Err(DeskError::NotFound);
        };
        let place = Place {
            tenant: self.tenant,
            session: share.session,
            epoch: share.epoch,
            pending: share.pending,
        };
        let opened = place
            .open_tenant_share(&key.secret, sealed.as_slice())
            .map_err(DeskError::Crypto)?;
        let release = Release {
            place,
            member: claimant.member,
            member_epoch: claimant.epoch,
            party: Party::Tenant,
        };
        let resealed = release
            .seal(&claimant.key, &opened, rng)
            .map_err(DeskError::Crypto)?;
        let receipt = Receipt {
            tenant: self.tenant,
            session: share.session,
            pending: share.pending,
            member: claimant.member,
            commitment: share.commitment,
            policy: terms.policy,
        };
        let signature = receipt.sign(Party::Tenant, self.token.signer());
        if share.released != Some(claimant.member) {
            share.released = Some(claimant.member);
            store.put(&share).map_err(DeskError::Store)?;
        }
        Ok((resealed, signature))
    }

    /// Erases shares: for whoever brought them or granted, and, when it was claimed, for the member to
    /// whom they were released. What was erased before gets the same receipt again; what is not the
    /// caller's gets none.
    ///
    /// # Errors
    /// [`DeskError`].
    pub fn erase<S: ShareStore>(
        &self,
        store: &mut S,
        directory: &Directory,
        caller: &UserId,
        request: &EraseSharesRequest,
        now: Timestamp,
    ) -> Result<ErasedShares, DeskError<S::Error>> {
        self.check(&request.tenant, request.items.len())?;
        let cause = match request.cause {
            ErasureCause::Claimed => Cause::Claimed,
            ErasureCause::Revoked => Cause::Revoked,
            ErasureCause::Expired => Cause::Expired,
            ErasureCause::Superseded => Cause::Superseded,
        };
        let mut items = Vec::with_capacity(request.items.len());
        for item in &request.items {
            let mut all = store
                .shares(&item.session, &item.pending)
                .map_err(DeskError::Store)?;
            let named = all
                .iter()
                .find(|share| share.commitment == item.commitment)
                .filter(|share| may_erase(directory, caller, share, cause, now));
            if named.is_none() {
                items.push(None);
                continue;
            }
            // The recipient is gone, and with him what was sealed for him before or beside.
            let whole = matches!(cause, Cause::Claimed | Cause::Revoked);
            let mut erased = None;
            for share in &mut all {
                let same = share.commitment == item.commitment;
                if share.is_there() && (same || whole) {
                    share.erase(cause, now);
                    store.put(share).map_err(DeskError::Store)?;
                }
                if same {
                    erased = share.erased.map(|gone| self.erasure(share, gone));
                }
            }
            items.push(erased);
        }
        Ok(ErasedShares {
            signer: self.token.id(),
            items,
        })
    }

    fn erasure(&self, share: &KeptShare, gone: Gone) -> ErasedShare {
        let erasure = Erasure {
            tenant: self.tenant,
            session: share.session,
            pending: share.pending,
            commitment: share.commitment,
            cause: gone.cause,
            time: gone.time,
        };
        ErasedShare {
            cause: match gone.cause {
                Cause::Claimed => ErasureCause::Claimed,
                Cause::Revoked => ErasureCause::Revoked,
                Cause::Expired => ErasureCause::Expired,
                Cause::Superseded => ErasureCause::Superseded,
            },
            time: gone.time,
            receipt: erasure.sign(Party::Tenant, self.token.signer()),
        }
    }

    /// Erases what has expired, at most 500 shares, and says how many they were: the application calls
    /// it when it starts and every hour, until it says 0.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub fn expire<S: ShareStore>(
        &self,
        store: &mut S,
        now: Timestamp,
    ) -> Result<usize, DeskError<S::Error>> {
        let overdue = store.overdue(now, AT_ONCE).map_err(DeskError::Store)?;
        let count = overdue.len();
        for mut share in overdue {
            share.erase(Cause::Expired, now);
            store.put(&share).map_err(DeskError::Store)?;
        }
        let before = Timestamp::from_millis(now.millis().saturating_sub(REMEMBERED));
        store.forget(before).map_err(DeskError::Store)?;
        Ok(count)
    }
}

fn terms(bytes: &Base64Url) -> Option<Terms> {
    Terms::decode(bytes.as_slice()).ok()
}

fn find<S: ShareStore>(
    store: &mut S,
    session: SessionId,
    pending: PendingId,
    commitment: FixedBytes<32>,
) -> Result<Option<KeptShare>, DeskError<S::Error>> {
    let all = store.shares(&session, &pending).map_err(DeskError::Store)?;
    Ok(all.into_iter().find(|share| share.commitment == commitment))
}

fn may_erase(
    directory: &Directory,
    caller: &UserId,
    share: &KeptShare,
    cause: Cause,
    now: Timestamp,
) -> bool {
    if cause == Cause::Expired {
        return share.expires <= now;
    }
    let sender = terms(&share.terms).is_some_and(|terms| terms.sender == *caller);
    let claimed = cause == Cause::Claimed
        && share
            .released
            .is_some_and(|member| Claimant::includes(directory, caller, &member));
    share.by == *caller || sender || claimed
}

/// A member to whom shares may go.
struct Claimant {
    member: MemberId,
    /// Index of the name that it carries.
    name: Option<FixedBytes<32>>,
    /// The newest epoch of its ring, and the key of it.
    epoch: u32,
    key: KemPublicKey,
}

impl Claimant {
    /// Whether the caller is the member, or in it.
    fn includes(directory: &Directory, caller: &UserId, member: &MemberId) -> bool {
        match member {
            MemberId::User(user) => user == caller,
            MemberId::Group(group) => directory.role(group, caller).is_some(),
            _ => false,
        }
    }

    fn find(directory: &Directory, caller: &UserId, member: &MemberId) -> Option<Self> {
        if !Self::includes(directory, caller, member) {
            return None;
        }
        let (name, newest): (_, &Epoch) = match member {
            MemberId::User(user) => {
                let state = directory.user(user)?;
                (state.names.now(), &state.ring.newest()?.declared)
            }
            MemberId::Group(group) => {
                let state = directory.group(group)?;
                (state.names.now(), &state.ring.newest()?.declared)
            }
            _ => return None,
        };
        Some(Self {
            member: *member,
            name,
            epoch: newest.number,
            key: KemPublicKey::from_bytes(newest.kem.as_ref()?.as_array()).ok()?,
        })
    }
}
