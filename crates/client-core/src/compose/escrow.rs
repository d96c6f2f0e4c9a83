//! Statements about recipients who have no keys yet. See `spec/11-escrow.md`.

use wardseal_api::{
    escrow::ShareRef,
    tenant::{ErasureCause, ShareDeposit},
};
use wardseal_protocol::{
    cbor,
    escrow::{Claim, Contact, Parties, Place, Policy, TenantReceipt, Terms, key_hash},
    keys::{Assigned, TenantKey},
    op::{Entry, Grant, Op, Rights},
    ring::{BoxRef, RingKind, SealedBox, Seed},
    state::{NOW, Ring, World},
};
use wardseal_types::{
    Base64Url, FixedBytes, GroupId, MemberId, PendingId, RingId, SessionId, Timestamp,
};

use super::{Composer, Draft, How, Recipient};
use crate::error::{Error, Misbehaviour, Misuse};

/// Somebody who is awaited: on which terms, and how he is reached.
#[derive(Clone, Debug)]
pub struct Awaited {
    terms: Terms,
    contact: Contact,
    parties: Option<Parties>,
}

impl Awaited {
    /// The pending recipient.
    #[must_use]
    pub fn id(&self) -> PendingId {
        self.terms.id()
    }

    /// How he is reached, and what was agreed with him.
    #[must_use]
    pub const fn contact(&self) -> &Contact {
        &self.contact
    }
}

/// Whoever is awaited, as a recipient of a seed.
pub(super) fn awaited_recipient(awaited: Awaited) -> Recipient {
    let pending = awaited.id();
    Recipient {
        reference: BoxRef {
            member: pending.into(),
            epoch: 0,
            key: FixedBytes(*pending.as_bytes()),
            hash: None,
        },
        how: How::Deposit(Box::new(awaited)),
    }
}

/// Whether somebody is awaited in a ring.
pub(super) fn awaits_somebody<M: Copy>(ring: &Ring<M>) -> bool {
    ring.members()
        .any(|(member, _)| matches!(member, MemberId::Pending(_)))
}

/// A statement by which a pending recipient becomes a member, with what the parties said of it.
#[derive(Clone, Debug)]
pub struct ClaimOf {
    /// The session.
    pub session: SessionId,
    /// The terms, which name the pending recipient.
    pub terms: Terms,
    /// Who takes its place.
    pub member: MemberId,
    /// The key server's receipt.
    pub server: Option<FixedBytes<64>>,
    /// The tenant's.
    pub tenant: Option<TenantReceipt>,
}

impl Composer<'_> {
    /// Terms for somebody who is awaited.
    ///
    /// # Errors
    /// [`Misuse::Invalid`] for an address, code, language or expiry that the policy does not take,
    /// [`Misuse::NoEscrow`] when a party has no escrow key or the tenant does not take the policy.
    pub fn await_somebody(
        &mut self,
        index: FixedBytes<32>,
        policy: Policy,
        expires: Timestamp,
        group: Option<GroupId>,
        contact: Contact,
    ) -> Result<Awaited, Error> {
        if !contact.suits(policy) {
            return Err(Misuse::Invalid(
                "\"verified\" takes an address and \"code\" a code, and other policies neither; a language has two letters",
            )
            .into());
        }
        if expires <= self.now || expires.since(self.now) > wardseal_types::limits::MAX_ESCROW {
            return Err(Misuse::Invalid("an escrow ends within a year").into());
        }
        let tenant = self.knowledge.tenant_id();
        let parties = if policy.has_shares() {
            let state = self.knowledge.world().tenant().ok_or(Misuse::NoEscrow)?;
            let (id, key) = state.escrow().ok_or(Misuse::NoEscrow)?;
            if policy == Policy::Assigned && key.assigned != Assigned::Taken {
                return Err(Misuse::NoEscrow.into());
            }
            let server = self.knowledge.escrow_key().ok_or(Misuse::NoEscrow)?;
            Some(Parties::new((id, key), server.clone())?)
        } else {
            None
        };
        let terms = Terms {
            suite: wardseal_crypto::SUITE,
            tenant,
            index,
            policy,
            expires,
            nonce: self.nonce()?,
            sender: self.identity.user,
            group,
            tenant_key: parties.as_ref().map(|parties| parties.tenant_key),
            server_key: parties
                .as_ref()
                .map(|parties| key_hash(parties.server.as_bytes())),
        };
        Ok(Awaited {
            terms,
            contact,
            parties,
        })
    }

    /// Grants a right to somebody who is awaited.
    ///
    /// # Errors
    /// [`Misuse::NotFound`], [`Misuse::NoKey`].
    pub fn grant_awaited(
        &mut self,
        session: SessionId,
        awaited: Awaited,
        rights: Rights,
    ) -> Result<Draft, Error> {
        let ring = RingId::Session(session);
        let member = awaited.id().into();
        let epoch = self.newest(ring)?;
        let (entry, boxes) = self.entry(ring, epoch, &awaited_recipient(awaited))?;
        let op = Op::Grant(Grant { member, rights }, Entry::History(entry));
        Ok(Draft {
            statements: vec![self.next(session.into(), op)?],
            boxes: boxes.sealed,
            shares: boxes.shares,
            ..Draft::default()
        })
    }

    /// Pending recipients become members.
    ///
    /// # Errors
    /// [`Misuse::NotFound`], [`Misuse::NoKey`] without the seed of a session.
    pub fn claim(&mut self, claims: &[ClaimOf]) -> Result<Draft, Error> {
        let mut draft = Draft::default();
        for claim in claims {
            let pending = claim.terms.id();
            let ring = RingId::Session(claim.session);
            let state = self.knowledge.world().session(&claim.session);
            let waits = state.is_some_and(|state| {
                state.ring.member_at(&pending.into(), NOW).is_some()
                    && state.ring.member_at(&claim.member, NOW).is_none()
            });
            if !waits {
                continue;
            }
            let spent = self.share_of(claim.session, pending);
            let recipient = self.recipient(claim.member)?;
            let epoch = self.newest(ring)?;
            let (entry, boxes) = self.entry(ring, epoch, &recipient)?;
            let op = Op::Claim(Box::new(Claim {
                terms: claim.terms.clone(),
                member: claim.member,
                entry,
                server: claim.server,
                tenant: claim.tenant,
            }));
            draft.statements.push(self.next(claim.session.into(), op)?);
            draft.boxes.extend(boxes.sealed);
            if claim.terms.policy.has_shares() {
                draft
                    .spent
                    .extend(spent.map(|share| (ErasureCause::Claimed, share)));
            }
        }
        Ok(draft)
    }

    /// What the members of a session keep of somebody who is awaited there.
    pub(super) fn awaited(&self, ring: RingId, pending: PendingId) -> Result<Awaited, Error> {
        let damaged = || Error::from(Misbehaviour::BadBox(ring));
        let RingId::Session(session) = ring else {
            return Err(Misuse::NoRecipient(pending.into()).into());
        };
        let (place, deposit) = self
            .knowledge
            .deposit(&session, &pending)
            .ok_or_else(damaged)?;
        let seed = self
            .keyring
            .held(ring, place.epoch)
            .ok_or(Misuse::NoKey(ring))?;
        let contact = place.open_contact(seed, deposit).map_err(|_| damaged())?;
        let terms = deposit.terms.clone();
        let parties = match terms.tenant_key {
            None => None,
            Some(id) => {
                let unpinned = Misbehaviour::UnpinnedEscrowKey;
                let tenant = self.knowledge.world().tenant().ok_or(unpinned)?;
                let Some(TenantKey::Escrow(key)) = tenant.key_at(&id, NOW) else {
                    return Err(Misuse::Invalid(
                        "an escrow key was revoked: revoke the pending recipient and grant it again",
                    )
                    .into());
                };
                let server = self.knowledge.escrow_key().ok_or(unpinned)?;
                let parties = Parties::new((id, key), server.clone())?;
                if !parties.answer(&terms) {
                    return Err(unpinned.into());
                }
                Some(parties)
            }
        };
        Ok(Awaited {
            terms,
            contact,
            parties,
        })
    }

    /// Puts a seed in escrow: the box, and what goes to the tenant's server before it.
    pub(super) fn deposit(
        &mut self,
        ring: RingId,
        epoch: u32,
        seed: &Seed,
        awaited: &Awaited,
    ) -> Result<(SealedBox, Option<ShareDeposit>), Error> {
        let pending = awaited.id();
        let RingId::Session(session) = ring else {
            return Err(Misuse::NoRecipient(pending.into()).into());
        };
        let place = Place {
            tenant: self.knowledge.tenant_id(),
            session,
            epoch,
            pending,
        };
        let parties = awaited.parties.as_ref();
        let made = place.deposit(&awaited.terms, parties, &awaited.contact, seed, self.rng)?;
        let share = made.tenant_share.map(|sealed| ShareDeposit {
            session,
            epoch,
            commitment: seed.commitment(RingKind::Session),
            pending,
            terms: Base64Url(cbor::encode(&awaited.terms)),
            sealed,
        });
        Ok((SealedBox::of_deposit(&place, made.deposit), share))
    }

    /// The shares at the tenant's server that a new epoch makes worthless.
    pub(super) fn superseded(&self, ring: RingId, op: &Op) -> Vec<(ErasureCause, ShareRef)> {
        let RingId::Session(session) = ring else {
            return Vec::new();
        };
        let Some(state) = self.knowledge.world().session(&session) else {
            return Vec::new();
        };
        let revoked = |member: &MemberId| match op {
            Op::Revoke(removal) => removal.members.contains(member),
            Op::End => true,
            _ => false,
        };
        state
            .ring
            .members()
            .filter_map(|(member, _)| {
                let MemberId::Pending(pending) = member else {
                    return None;
                };
                let cause = if revoked(&member) {
                    ErasureCause::Revoked
                } else {
                    ErasureCause::Superseded
                };
                let (_, deposit) = self.knowledge.deposit(&session, &pending)?;
                let share = deposit
                    .terms
                    .policy
                    .has_shares()
                    .then(|| self.share_of(session, pending))??;
                Some((cause, share))
            })
            .collect()
    }

    fn share_of(&self, session: SessionId, pending: PendingId) -> Option<ShareRef> {
        let newest = self.knowledge.world().session(&session)?.ring.newest()?;
        Some(ShareRef {
            session,
            epoch: newest.declared.number,
            commitment: newest.declared.commitment,
            pending,
        })
    }
}
