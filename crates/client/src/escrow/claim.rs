//! The claimant: shares of both parties, and claims.

use wardseal_client_core::{
    Error, Failure, Misbehaviour, Misuse,
    api::{
        escrow::{
            FinishEscrowCode, FinishEscrowCodeRequest, ListPending, PendingDeposit, PendingRequest,
            ReleaseRequest, ReleaseShares, ReleasedShare, ReleasedShares, ShareRef, ShareRefusal,
            StartEscrowCode, StartEscrowCodeRequest,
        },
        tenant::ReleaseTenantShares,
    },
    compose::ClaimOf,
    crypto::{kem::KemSecretKey, secret::Secret},
    protocol::{
        escrow::{Code, Party, Place, Policy, Receipt, Release, TenantReceipt, Terms},
        ring::{SealedBox, Seed},
        state::{NOW, World},
    },
    types::{ChainId, FixedBytes, MemberId, PendingId, RingId, SortedMap},
};

use super::{ClaimReport, EscrowCode, NotClaimed, PendingSession, Unclaimed};
use crate::{
    client::{Client, Inner},
    groups::ring_of,
    ports::{StateStore, Transport},
};

/// A deposit that can be claimed if both parties release.
struct Candidate {
    waiting: PendingSession,
    place: Place,
    commitment: FixedBytes<32>,
    deposit: wardseal_client_core::protocol::escrow::Deposit,
}

impl Candidate {
    fn share(&self) -> ShareRef {
        ShareRef {
            session: self.place.session,
            epoch: self.place.epoch,
            commitment: self.commitment,
            pending: self.place.pending,
        }
    }

    fn receipt(&self, member: MemberId) -> Receipt {
        Receipt {
            tenant: self.place.tenant,
            session: self.place.session,
            pending: self.place.pending,
            member,
            commitment: self.commitment,
            policy: self.waiting.policy,
        }
    }
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// What waits for this user, or for a group of his.
    ///
    /// # Errors
    /// [`Error::Rejected`], [`Error::Transport`].
    pub async fn pending_sessions(&self, member: MemberId) -> Result<Vec<PendingSession>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = self.list_pending(inner, member, after).await?;
            for listed in &page.0 {
                let (_, deposit) = read_deposit(inner, listed)?;
                all.push(waiting(listed, &deposit.1.terms, deposit.0.pending));
            }
            after = page.1;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// Claims everything that waits for this user, or for a group of his: one request to each
    /// party and one append, however many sessions there are. `code` is what the sender told,
    /// under the policy `code`.
    ///
    /// # Errors
    /// [`Misuse::NotAMember`] of the group, [`Error::Rejected`], [`Error::Transport`]. What cannot
    /// be claimed yet is no error but stands in the report.
    pub async fn claim(&self, member: MemberId, code: Option<&Code>) -> Result<ClaimReport, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let ring = ring_of(member)?;
        if !self.prepare_recipient(inner, ring).await? {
            return Err(match ring {
                RingId::Group(group) => Misuse::NotAMember(group),
                _ => Misuse::NoRecipient(member),
            }
            .into());
        }
        let mut report = ClaimReport::default();
        let mut after = None;
        loop {
            let (deposits, next) = self.list_pending(inner, member, after).await?;
            if !deposits.is_empty() {
                self.claim_all(inner, member, &deposits, code, &mut report)
                    .await?;
            }
            after = next;
            if after.is_none() {
                return Ok(report);
            }
        }
    }

    /// Has the code of a deposit sent (policy `verified`). It counts for every deposit with the
    /// same address.
    ///
    /// # Errors
    /// [`Error::Rejected`] when there is no such deposit, or after too many codes.
    pub async fn start_escrow_code(
        &self,
        member: MemberId,
        pending: PendingId,
    ) -> Result<EscrowCode, Error> {
        let mut inner = self.inner.lock().await;
        let request = StartEscrowCodeRequest {
            tenant: self.config.tenant,
            member,
            pending,
        };
        let started = self
            .call_signed::<StartEscrowCode>(&mut inner, &request)
            .await?;
        Ok(EscrowCode {
            attempt: started.attempt,
            hint: started.hint,
            expires: started.expires,
        })
    }

    /// Enters the code that was received; for how many deposits it counts.
    ///
    /// # Errors
    /// [`Error::Rejected`] for a wrong or expired code.
    pub async fn finish_escrow_code(
        &self,
        attempt: FixedBytes<32>,
        code: &str,
    ) -> Result<u32, Error> {
        let mut inner = self.inner.lock().await;
        let request = FinishEscrowCodeRequest {
            tenant: self.config.tenant,
            attempt,
            code: code.into(),
        };
        let finished = self
            .call_signed::<FinishEscrowCode>(&mut inner, &request)
            .await?;
        Ok(finished.verified)
    }

    async fn list_pending(
        &self,
        inner: &mut Inner,
        member: MemberId,
        after: Option<u64>,
    ) -> Result<(Vec<PendingDeposit>, Option<u64>), Failure> {
        let request = PendingRequest {
            tenant: self.config.tenant,
            member,
            after,
            limit: PAGE,
        };
        let page = self.call_signed::<ListPending>(inner, &request).await?;
        let next = page.deposits.last().map(|last| last.position);
        Ok((page.deposits, next.filter(|_| page.more)))
    }

    /// Claims a page of deposits.
    async fn claim_all(
        &self,
        inner: &mut Inner,
        member: MemberId,
        deposits: &[PendingDeposit],
        code: Option<&Code>,
        report: &mut ClaimReport,
    ) -> Result<(), Failure> {
        let sessions = deposits.iter().map(|listed| listed.session.into());
        self.learn(inner, sessions, false).await?;
        let now = self.clock.now();
        let mut candidates = Vec::new();
        for listed in deposits {
            let candidate = candidate(inner, listed)?;
            let policy = candidate.waiting.policy;
            let why = if !is_awaited(inner, &candidate) {
                NotClaimed::Gone
            } else if candidate.waiting.expires < now {
                NotClaimed::Expired
            } else if policy == Policy::Confirmed {
                NotClaimed::Confirmation
            } else if candidate.waiting.hint.is_some() {
                NotClaimed::CodeRequired
            } else if policy == Policy::Code && code.is_none() {
                NotClaimed::SenderCodeRequired
            } else {
                candidates.push(candidate);
                continue;
            };
            report.left.push(Unclaimed {
                waiting: candidate.waiting,
                why,
            });
        }
        let mut by_server = self
            .release(inner, member, &mut candidates, Party::Keys, report)
            .await?;
        let by_tenant = self
            .release(inner, member, &mut candidates, Party::Tenant, report)
            .await?;
        let mut claims = Vec::new();
        for candidate in candidates {
            let pending = candidate.place.pending;
            let shares = by_server.remove(&pending).zip(by_tenant.get(&pending));
            let opened = shares.and_then(|(server, tenant)| {
                let seed = open(&candidate, &server.share, &tenant.share, code)?;
                let state = inner.knowledge.world().session(&candidate.place.session)?;
                let declared = &state.ring.newest()?.declared;
                let ring = RingId::Session(candidate.place.session);
                declared.check_seed(ring.into(), &seed).ok()?;
                Some((ring, seed, server.receipt, tenant.receipt, tenant.signer?))
            });
            let Some((ring, seed, server, tenant, key)) = opened else {
                let why = match candidate.waiting.policy {
                    Policy::Code => NotClaimed::WrongCode,
                    _ => NotClaimed::Damaged,
                };
                report.left.push(Unclaimed {
                    waiting: candidate.waiting,
                    why,
                });
                continue;
            };
            inner.keyring.insert(ring, candidate.place.epoch, seed);
            claims.push(ClaimOf {
                session: candidate.place.session,
                terms: candidate.deposit.terms,
                member,
                server: Some(server),
                tenant: Some(TenantReceipt {
                    key,
                    signature: tenant,
                }),
            });
        }
        if claims.is_empty() {
            return Ok(());
        }
        let touched: Vec<ChainId> = claims.iter().map(|claim| claim.session.into()).collect();
        self.change(inner, &touched, &mut |composer| {
            let draft = composer.claim(&claims)?;
            Ok((!draft.statements.is_empty()).then_some(draft))
        })
        .await?;
        for claim in claims {
            if !report.claimed.contains(&claim.session) {
                report.claimed.push(claim.session);
            }
            self.end_use(inner, claim.session);
        }
        Ok(())
    }

    /// Has a party release its shares; candidates whose share it does not release leave the list.
    async fn release(
        &self,
        inner: &mut Inner,
        member: MemberId,
        candidates: &mut Vec<Candidate>,
        party: Party,
        report: &mut ClaimReport,
    ) -> Result<SortedMap<PendingId, Released>, Failure> {
        let mut opened = SortedMap::new();
        if candidates.is_empty() {
            return Ok(opened);
        }
        let request = ReleaseRequest {
            tenant: self.config.tenant,
            member,
            items: candidates.iter().map(Candidate::share).collect(),
        };
        let answer: ReleasedShares = match party {
            Party::Keys => self.call_signed::<ReleaseShares>(inner, &request).await?,
            Party::Tenant => self.call::<ReleaseTenantShares>(&request).await?,
        };
        if answer.items.len() != candidates.len() {
            return Err(Misbehaviour::BadAnswer.into());
        }
        if answer.signer.is_some() != (party == Party::Tenant) {
            return Err(Misbehaviour::BadAnswer.into());
        }
        if let Some(key) = answer.signer {
            self.know_token_key(inner, &key).await?;
        }
        let ring = ring_of(member)?;
        let seed = self.seed(inner, ring, answer.member_epoch).await?;
        let key = seed.kem()?;
        let given = core::mem::take(candidates);
        for (candidate, item) in given.into_iter().zip(&answer.items) {
            let release = Release {
                place: candidate.place,
                member,
                member_epoch: answer.member_epoch,
                party,
            };
            match take_share(inner, &candidate, &release, item, answer.signer, &key) {
                Ok(share) => {
                    opened.insert(candidate.place.pending, share);
                    candidates.push(candidate);
                }
                Err(why) => report.left.push(Unclaimed {
                    waiting: candidate.waiting,
                    why,
                }),
            }
        }
        Ok(opened)
    }

    /// The tenant may sign with a key that is newer than what is known of it.
    async fn know_token_key(
        &self,
        inner: &mut Inner,
        key: &wardseal_client_core::types::KeyId,
    ) -> Result<(), Failure> {
        let known = inner.knowledge.world().tenant();
        if known.is_some_and(|tenant| tenant.key_at(key, NOW).is_some()) {
            Ok(())
        } else {
            self.learn_tenant(inner).await
        }
    }
}

/// How many deposits are claimed at once.
const PAGE: u32 = 1000;

/// A share that a party released.
struct Released {
    share: Secret<32>,
    receipt: FixedBytes<64>,
    signer: Option<wardseal_client_core::types::KeyId>,
}

/// Opens a released share and verifies the receipt that came with it.
fn take_share(
    inner: &Inner,
    candidate: &Candidate,
    release: &Release,
    item: &ReleasedShare,
    signer: Option<wardseal_client_core::types::KeyId>,
    key: &KemSecretKey,
) -> Result<Released, NotClaimed> {
    let (Some(sealed), Some(signature), None) = (&item.share, &item.receipt, item.refused) else {
        return Err(match item.refused {
            Some(ShareRefusal::Expired) => NotClaimed::Expired,
            Some(ShareRefusal::NotNamed) => NotClaimed::NotNamed,
            Some(ShareRefusal::CodeRequired) => NotClaimed::CodeRequired,
            Some(ShareRefusal::NeverReleased) => NotClaimed::Confirmation,
            Some(ShareRefusal::Unknown | ShareRefusal::Taken) => NotClaimed::Gone,
            None => NotClaimed::Damaged,
        });
    };
    let tenant = inner
        .knowledge
        .world()
        .tenant()
        .ok_or(NotClaimed::Damaged)?;
    let receipt = candidate.receipt(release.member);
    let verified = match signer {
        None => receipt.verify_server(&tenant.log, signature).is_ok(),
        Some(id) => tenant
            .key_at(&id, NOW)
            .is_some_and(|key| receipt.verify_tenant(key, signature).is_ok()),
    };
    let share = release.open(key, sealed.as_slice());
    match share {
        Ok(share) if verified => Ok(Released {
            share,
            receipt: *signature,
            signer,
        }),
        _ => Err(NotClaimed::Damaged),
    }
}

fn open(
    candidate: &Candidate,
    of_server: &Secret<32>,
    of_tenant: &Secret<32>,
    code: Option<&Code>,
) -> Option<Seed> {
    let code = code.filter(|_| candidate.waiting.policy == Policy::Code);
    let key = candidate.place.combine(of_tenant, of_server, code);
    candidate.place.open_seed(&key, &candidate.deposit).ok()
}

type Read = (
    SealedBox,
    (Place, wardseal_client_core::protocol::escrow::Deposit),
);

/// Reads a listed deposit.
fn read_deposit(inner: &Inner, listed: &PendingDeposit) -> Result<Read, Failure> {
    let sealed = SealedBox::decode(listed.deposit.as_slice())?;
    let found = sealed
        .deposit(inner.knowledge.tenant_id())
        .filter(|(place, _)| place.session == listed.session)
        .map(|(place, deposit)| (place, deposit.clone()))
        .ok_or(Misbehaviour::BadAnswer)?;
    Ok((sealed, found))
}

fn waiting(listed: &PendingDeposit, terms: &Terms, pending: PendingId) -> PendingSession {
    PendingSession {
        session: listed.session,
        pending,
        policy: terms.policy,
        sender: terms.sender,
        group: terms.group,
        expires: terms.expires,
        hint: listed.hint.clone(),
    }
}

fn candidate(inner: &Inner, listed: &PendingDeposit) -> Result<Candidate, Failure> {
    let (_, (place, deposit)) = read_deposit(inner, listed)?;
    let newest = inner
        .knowledge
        .world()
        .session(&listed.session)
        .and_then(|state| state.ring.newest());
    Ok(Candidate {
        waiting: waiting(listed, &deposit.terms, place.pending),
        place,
        commitment: newest.map_or(FixedBytes([0; 32]), |newest| newest.declared.commitment),
        deposit,
    })
}

/// Whether the session's chain, as it is known now, awaits this recipient with this deposit.
fn is_awaited(inner: &Inner, candidate: &Candidate) -> bool {
    let ring = RingId::Session(candidate.place.session);
    let member = MemberId::Pending(candidate.place.pending);
    let world = inner.knowledge.world();
    let Some(state) = world.session(&candidate.place.session) else {
        return false;
    };
    let sealed = SealedBox::of_deposit(&candidate.place, candidate.deposit.clone());
    state.ring.member_at(&member, NOW).is_some()
        && state.ring.newest().is_some_and(|newest| {
            newest
                .reference(&member)
                .is_some_and(|reference| sealed.answers(ring, newest.declared.number, reference))
        })
}
