//! Recipients who have no keys yet: what is granted to them lies in escrow until they claim it.
//! See `spec/11-escrow.md`.

use wardseal_client_core::{
    Error, Failure, Misbehaviour, Misuse,
    api::{
        escrow::{
            EscrowState, EscrowStatus, EscrowStatusRequest, FinishEscrowCode,
            FinishEscrowCodeRequest, GetEscrowStatus, ListPending, PendingDeposit, PendingRequest,
            ReleaseRequest, ReleaseShares, ReleasedShare, ReleasedShares, ShareRef, ShareRefusal,
            StartEscrowCode, StartEscrowCodeRequest,
        },
        keys::{GetServer, Lookup, LookupRequest},
        tenant::{
            DepositShares, DepositSharesRequest, EraseSharesRequest, EraseTenantShares,
            ErasureCause, ReleaseTenantShares, ShareDeposit,
        },
    },
    compose::{Awaited, ClaimOf},
    crypto::{kem::KemSecretKey, secret::Secret},
    protocol::{
        binding,
        escrow::{
            Cause, Code, Contact, Erasure, Party, Place, Policy, Receipt, Release, TenantReceipt,
            Terms,
        },
        keys::LogKey,
        op::Rights,
        ring::{SealedBox, Seed},
        state::{NOW, World},
    },
    types::{
        ChainId, FixedBytes, GroupId, MemberId, PendingId, RingId, SessionId, SortedMap, Timestamp,
        limits,
    },
};

use crate::{
    client::{Client, Inner},
    groups::ring_of,
    ports::{StateStore, Transport},
};

/// A grant to somebody who has no keys yet.
#[derive(Clone, Debug)]
pub struct PendingGrant {
    /// The name by which the application will call him.
    pub name: String,
    /// What he must show.
    pub policy: Policy,
    /// What he may do: read, or read and share.
    pub rights: Rights,
    /// Until when it waits.
    pub expires: Timestamp,
    /// The group in whose name it is granted, which he is shown.
    pub group: Option<GroupId>,
    /// Where the key server sends a code (policy `verified`).
    pub address: Option<String>,
    /// The code (policy `code`); absent to draw one.
    pub code: Option<Code>,
    /// Language of the message with the code: two letters.
    pub language: Option<String>,
}

/// Somebody is awaited now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PendingGranted {
    /// The pending recipient.
    pub pending: PendingId,
    /// The code to tell him, under the policy `code`.
    pub code: Option<Code>,
}

/// Somebody who is awaited in a session, as its members know him.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AwaitedRecipient {
    /// The pending recipient.
    pub pending: PendingId,
    /// What he must show.
    pub policy: Policy,
    /// What he may do.
    pub rights: Rights,
    /// Until when it waits.
    pub expires: Timestamp,
    /// How he is reached, and the code to tell him.
    pub contact: Contact,
}

/// Something that waits to be claimed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PendingSession {
    /// The session.
    pub session: SessionId,
    /// The pending recipient.
    pub pending: PendingId,
    /// What must be shown.
    pub policy: Policy,
    /// Who granted it, as he says. The session's chain says who did.
    pub sender: wardseal_client_core::types::UserId,
    /// In whose name, as he says.
    pub group: Option<GroupId>,
    /// Until when it waits.
    pub expires: Timestamp,
    /// Where the code goes, as far as it may be shown, while it was not entered yet.
    pub hint: Option<String>,
}

/// A code that was sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EscrowCode {
    /// Names the attempt.
    pub attempt: FixedBytes<32>,
    /// Where it went, as far as it may be shown.
    pub hint: String,
    /// Until when it is taken, by the server's clock.
    pub expires: Timestamp,
}

/// Why something was not claimed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotClaimed {
    /// The code that the key server sends was not entered yet.
    CodeRequired,
    /// The sender's code was not given.
    SenderCodeRequired,
    /// The sender's code is wrong, or the deposit is.
    WrongCode,
    /// Only a member of the session lets in, who has compared the number.
    Confirmation,
    /// Its time is over.
    Expired,
    /// A party does not see that the member carries the name.
    NotNamed,
    /// It is gone: claimed, revoked or replaced meanwhile.
    Gone,
    /// What the parties gave does not open it, or their receipts do not verify.
    Damaged,
}

/// Something that still waits, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unclaimed {
    /// What waits.
    pub waiting: PendingSession,
    /// Why.
    pub why: NotClaimed,
}

/// What came of claiming.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClaimReport {
    /// These sessions open now.
    pub claimed: Vec<SessionId>,
    /// These do not yet.
    pub left: Vec<Unclaimed>,
}

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
    /// Grants a right to somebody who has no keys yet. Granting it again, on the same policy,
    /// changes nothing.
    ///
    /// # Errors
    /// [`Misuse::HasIdentity`] when somebody carries the name, [`Misuse::NoEscrow`],
    /// [`Misuse::Invalid`] for what the policy does not take, [`Misuse::NotAuthorised`],
    /// [`Misbehaviour::UnpinnedEscrowKey`].
    pub async fn grant_pending(
        &self,
        session: SessionId,
        grant: &PendingGrant,
    ) -> Result<PendingGranted, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let needed = Rights::SHARE.union(grant.rights);
        check_rights(grant)?;
        let (_, seed) = self
            .prepare_session(inner, session, needed, "share what you hold yourself")
            .await?;
        if let Some(granted) = granted_before(inner, session, grant, &seed, self.clock.now()) {
            return Ok(granted);
        }
        let awaited = self.await_somebody(inner, grant).await?;
        let granted = PendingGranted {
            pending: awaited.id(),
            code: awaited.contact().code.clone(),
        };
        self.change(inner, &[session.into()], &mut |composer| {
            composer
                .grant_awaited(session, awaited.clone(), grant.rights)
                .map(Some)
        })
        .await?;
        self.end_use(inner, session);
        Ok(granted)
    }

    /// Makes a session for these recipients and for others who have no keys yet.
    ///
    /// # Errors
    /// As [`create_session`](Self::create_session) and [`grant_pending`](Self::grant_pending).
    pub async fn create_session_pending(
        &self,
        recipients: &[(MemberId, Rights)],
        pending: &[PendingGrant],
        label: Option<&str>,
        metadata: Option<&[u8]>,
    ) -> Result<(SessionId, Vec<PendingGranted>), Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let mut awaited = Vec::with_capacity(pending.len());
        let mut granted = Vec::with_capacity(pending.len());
        for grant in pending {
            check_rights(grant)?;
            let somebody = self.await_somebody(inner, grant).await?;
            granted.push(PendingGranted {
                pending: somebody.id(),
                code: somebody.contact().code.clone(),
            });
            awaited.push((somebody, grant.rights));
        }
        let session = self
            .make_session(inner, recipients, &awaited, label, metadata)
            .await?;
        Ok((session, granted))
    }

    /// Who is awaited in a session, and what its members keep of him.
    ///
    /// # Errors
    /// [`Misuse::NoAccess`], [`Misbehaviour::BadBox`] when the key server lost or changed a deposit.
    pub async fn awaited(&self, session: SessionId) -> Result<Vec<AwaitedRecipient>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let ring = RingId::Session(session);
        self.learn_session(inner, session).await?;
        let (_, seed) = self.newest_seed(inner, ring).await?;
        let world = inner.knowledge.world();
        let state = world.session(&session).ok_or(Misuse::NoAccess(session))?;
        let mut awaited = Vec::new();
        for (member, rights) in state.ring.members() {
            let MemberId::Pending(pending) = member else {
                continue;
            };
            let found = inner.knowledge.deposit(&session, &pending);
            let (place, deposit) = found.ok_or(Misbehaviour::BadBox(ring))?;
            let contact = place
                .open_contact(&seed, deposit)
                .map_err(|_| Misbehaviour::BadBox(ring))?;
            awaited.push(AwaitedRecipient {
                pending,
                policy: deposit.terms.policy,
                rights,
                expires: deposit.terms.expires,
                contact,
            });
        }
        self.end_use(inner, session);
        Ok(awaited)
    }

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

    /// Lets somebody in who is awaited, without the parties: under the policy `confirmed` after
    /// comparing the number, and under `assigned`.
    ///
    /// # Errors
    /// [`Misuse::Invalid`] when nobody is awaited under this identifier, the policy asks for more,
    /// or the member does not carry the name; [`Misuse::NotAuthorised`].
    pub async fn complete_pending(
        &self,
        session: SessionId,
        pending: PendingId,
        member: MemberId,
    ) -> Result<(), Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let ring = ring_of(member)?;
        self.prepare_session(inner, session, Rights::SHARE, "share this session")
            .await?;
        self.prepare_recipient(inner, ring).await?;
        let world = inner.knowledge.world();
        let state = world.session(&session).ok_or(Misuse::NoAccess(session))?;
        if state.ring.member_at(&member, NOW).is_some() {
            return Ok(());
        }
        let (_, deposit) = inner
            .knowledge
            .deposit(&session, &pending)
            .ok_or(Misuse::Invalid(
                "nobody is awaited here under this identifier",
            ))?;
        let terms = deposit.terms.clone();
        if !matches!(terms.policy, Policy::Confirmed | Policy::Assigned) {
            return Err(Misuse::Invalid("the recipient has to claim this himself").into());
        }
        let named = match member {
            MemberId::User(id) => world.user(&id).map(|state| state.names.now()),
            MemberId::Group(id) => world.group(&id).map(|state| state.names.now()),
            _ => None,
        };
        if named.flatten() != Some(terms.index) {
            return Err(Misuse::Invalid("this member does not carry the name").into());
        }
        let claims = [ClaimOf {
            session,
            terms,
            member,
            server: None,
            tenant: None,
        }];
        self.change(inner, &[session.into(), ring.into()], &mut |composer| {
            let draft = composer.claim(&claims)?;
            Ok((!draft.statements.is_empty()).then_some(draft))
        })
        .await?;
        self.end_use(inner, session);
        Ok(())
    }

    /// What has become of what lies in escrow in these sessions. That a party erased its share is
    /// its signed word.
    ///
    /// # Errors
    /// [`Misbehaviour::BadAnswer`] for an erasure that the key server did not sign.
    pub async fn escrow_status(&self, sessions: &[SessionId]) -> Result<Vec<EscrowStatus>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        if inner.knowledge.world().tenant().is_none() {
            self.learn_tenant(inner).await?;
        }
        let mut all = Vec::new();
        for part in sessions.chunks(limits::MAX_BATCH) {
            let request = EscrowStatusRequest {
                tenant: self.config.tenant,
                sessions: part.to_vec(),
            };
            let answer = self.call_signed::<GetEscrowStatus>(inner, &request).await?;
            all.extend(answer.deposits);
        }
        let tenant = inner.knowledge.world().tenant();
        let log = &tenant.ok_or(Misbehaviour::BadAnswer)?.log;
        if all
            .iter()
            .all(|status| is_signed(log, self.config.tenant, status))
        {
            Ok(all)
        } else {
            Err(Misbehaviour::BadAnswer.into())
        }
    }

    /// Learns the escrow keys of both parties, if somebody is awaited in what is to be changed.
    pub(crate) async fn learn_parties(
        &self,
        inner: &mut Inner,
        touched: &[ChainId],
    ) -> Result<(), Failure> {
        let world = inner.knowledge.world();
        let awaits = touched.iter().any(|chain| match chain {
            ChainId::Session(id) => world.session(id).is_some_and(|state| {
                state
                    .ring
                    .members()
                    .any(|(member, _)| matches!(member, MemberId::Pending(_)))
            }),
            _ => false,
        });
        if awaits && inner.knowledge.escrow_key().is_none() {
            match self.learn_escrow_key(inner).await {
                // Whoever is confirmed by a member needs no party.
                Err(error) if matches!(*error, Error::Misuse(Misuse::NoEscrow)) => Ok(()),
                other => other,
            }
        } else {
            Ok(())
        }
    }

    /// Gives shares to the tenant's server.
    pub(crate) async fn deposit_shares(&self, shares: Vec<ShareDeposit>) -> Result<(), Failure> {
        for part in shares.chunks(limits::MAX_BATCH) {
            let request = DepositSharesRequest {
                tenant: self.config.tenant,
                items: part.to_vec(),
            };
            self.call::<DepositShares>(&request).await?;
        }
        Ok(())
    }

    /// Has shares erased at the tenant's server. When it is away they go when they expire: they
    /// open nothing any more.
    pub(crate) async fn erase_shares(&self, spent: Vec<(ErasureCause, ShareRef)>) {
        for cause in [
            ErasureCause::Claimed,
            ErasureCause::Revoked,
            ErasureCause::Superseded,
        ] {
            let items: Vec<_> = spent
                .iter()
                .filter(|(why, _)| *why == cause)
                .map(|(_, share)| share.clone())
                .collect();
            for part in items.chunks(limits::MAX_BATCH) {
                let request = EraseSharesRequest {
                    tenant: self.config.tenant,
                    cause,
                    items: part.to_vec(),
                };
                drop(self.call::<EraseTenantShares>(&request).await);
            }
        }
    }

    async fn learn_escrow_key(&self, inner: &mut Inner) -> Result<(), Failure> {
        let server = self.call::<GetServer>(&()).await?;
        let info = server.escrow_key.ok_or(Misuse::NoEscrow)?;
        Ok(inner.knowledge.learn_escrow_key(&info)?)
    }

    /// Makes the terms for somebody who is awaited.
    async fn await_somebody(
        &self,
        inner: &mut Inner,
        grant: &PendingGrant,
    ) -> Result<Awaited, Failure> {
        if !binding::is_name(&grant.name) {
            return Err(Misuse::BadName.into());
        }
        let tenant = self.config.tenant;
        let index = binding::index(&tenant, &grant.name);
        let request = LookupRequest {
            tenant,
            names: vec![index],
        };
        let known = self.call_signed::<Lookup>(inner, &request).await?;
        if !known.found.is_empty() {
            return Err(Misuse::HasIdentity.into());
        }
        if grant.policy.has_shares() {
            let world = inner.knowledge.world();
            if world
                .tenant()
                .is_none_or(|tenant| tenant.escrow().is_none())
            {
                self.learn_tenant(inner).await?;
            }
            if inner.knowledge.escrow_key().is_none() {
                self.learn_escrow_key(inner).await?;
            }
        }
        let mut contact = Contact {
            address: grant.address.clone(),
            code: grant.code.clone(),
            language: grant.language.clone(),
        };
        if grant.policy == Policy::Code && contact.code.is_none() {
            contact.code = Some(Code::generate(inner.rng.as_mut())?);
        }
        let identity = crate::day::speaker(inner.identity.as_ref(), inner.day.as_ref())?;
        let mut composer = wardseal_client_core::compose::Composer {
            knowledge: &inner.knowledge,
            keyring: &inner.keyring,
            identity,
            now: self.clock.now(),
            rng: inner.rng.as_mut(),
        };
        Ok(composer.await_somebody(index, grant.policy, grant.expires, grant.group, contact)?)
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

/// The same grant, made before.
fn granted_before(
    inner: &Inner,
    session: SessionId,
    grant: &PendingGrant,
    seed: &Seed,
    now: Timestamp,
) -> Option<PendingGranted> {
    let index = binding::index(&inner.knowledge.tenant_id(), &grant.name);
    let state = inner.knowledge.world().session(&session)?;
    state.ring.members().find_map(|(member, rights)| {
        let MemberId::Pending(pending) = member else {
            return None;
        };
        let (place, deposit) = inner.knowledge.deposit(&session, &pending)?;
        let contact = place.open_contact(seed, deposit).ok()?;
        let same = deposit.terms.index == index
            && deposit.terms.policy == grant.policy
            && deposit.terms.expires > now
            && rights == grant.rights
            && contact.address == grant.address
            && grant
                .code
                .as_ref()
                .is_none_or(|code| contact.code.as_ref() == Some(code));
        same.then(|| PendingGranted {
            pending,
            code: contact.code.clone(),
        })
    })
}

fn check_rights(grant: &PendingGrant) -> Result<(), Failure> {
    if grant.rights.contains(Rights::MANAGE) {
        Err(Misuse::Invalid("somebody who has not come yet cannot manage").into())
    } else {
        Ok(())
    }
}

/// Whether an erasure that a status tells of is signed by the key server.
fn is_signed(
    log: &LogKey,
    tenant: wardseal_client_core::types::TenantId,
    status: &EscrowStatus,
) -> bool {
    let cause = match status.state {
        EscrowState::Deposited | EscrowState::Released => return status.erasure.is_none(),
        EscrowState::Claimed => Cause::Claimed,
        EscrowState::Revoked => Cause::Revoked,
        EscrowState::Expired => Cause::Expired,
    };
    let erasure = Erasure {
        tenant,
        session: status.session,
        pending: status.pending,
        commitment: status.commitment,
        cause,
        time: status.since,
    };
    status
        .erasure
        .is_some_and(|signature| erasure.verify_server(log, &signature).is_ok())
}
