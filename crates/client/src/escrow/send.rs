//! The sender: grants, deposits, and what became of them.

use wardseal_client_core::{
    Error, Failure, Misbehaviour, Misuse,
    api::{
        escrow::{EscrowState, EscrowStatus, EscrowStatusRequest, GetEscrowStatus, ShareRef},
        keys::{GetServer, Lookup, LookupRequest},
        tenant::{
            DepositShares, DepositSharesRequest, EraseSharesRequest, EraseTenantShares,
            ErasureCause, ShareDeposit,
        },
    },
    compose::{Awaited, ClaimOf},
    protocol::{
        binding,
        escrow::{Cause, Code, Contact, Erasure, Policy},
        keys::LogKey,
        op::Rights,
        ring::Seed,
        state::{NOW, World},
    },
    types::{ChainId, MemberId, PendingId, RingId, SessionId, SortedSet, Timestamp, limits},
};

use super::{AwaitedRecipient, PendingGrant, PendingGranted};
use crate::sessions::NewSession;
use crate::{
    client::{Client, Inner},
    groups::ring_of,
    ports::{StateStore, Transport},
};

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
        let awaited = self.await_all(inner, &[grant]).await?.pop();
        let awaited = awaited.ok_or(Misuse::Invalid("nobody is to be awaited"))?;
        let granted = told(&awaited);
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
        let wanted = NewSession {
            recipients,
            pending,
            label,
            metadata,
        };
        let made = self.create_sessions_pending(&[wanted]).await?.pop();
        made.ok_or_else(|| Misuse::Invalid("the session was not made").into())
    }

    /// Makes many sessions for these recipients and for others who have no keys yet: one request to
    /// the tenant's server and one append, so either all of them are made or none.
    ///
    /// # Errors
    /// As [`create_session_pending`](Self::create_session_pending); [`Misuse::Invalid`] for more
    /// than fit into one append: 1024 sessions, or 512 with metadata.
    pub async fn create_sessions_pending(
        &self,
        sessions: &[NewSession<'_>],
    ) -> Result<Vec<(SessionId, Vec<PendingGranted>)>, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let grants: Vec<_> = sessions.iter().flat_map(|wanted| wanted.pending).collect();
        let mut awaited = self.await_all(inner, &grants).await?.into_iter();
        let mut wanted = Vec::with_capacity(sessions.len());
        let mut granted = Vec::with_capacity(sessions.len());
        for session in sessions {
            let grants = session.pending.iter();
            let awaited: Vec<_> = grants
                .zip(awaited.by_ref())
                .map(|(grant, somebody)| (somebody, grant.rights))
                .collect();
            granted.push(awaited.iter().map(|(somebody, _)| told(somebody)).collect());
            wanted.push((*session, awaited));
        }
        let made = self.make_sessions(inner, &wanted).await?;
        Ok(made.into_iter().zip(granted).collect())
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

    /// Makes the terms for everybody who is awaited, in the same order.
    async fn await_all(
        &self,
        inner: &mut Inner,
        grants: &[&PendingGrant],
    ) -> Result<Vec<Awaited>, Failure> {
        let tenant = self.config.tenant;
        let mut names = SortedSet::new();
        for grant in grants {
            check_rights(grant)?;
            if !binding::is_name(&grant.name) {
                return Err(Misuse::BadName.into());
            }
            names.insert(binding::index(&tenant, &grant.name));
        }
        let names: Vec<_> = names.iter().copied().collect();
        for part in names.chunks(limits::MAX_BATCH) {
            let request = LookupRequest {
                tenant,
                names: part.to_vec(),
            };
            let known = self.call_signed::<Lookup>(inner, &request).await?;
            if !known.found.is_empty() {
                return Err(Misuse::HasIdentity.into());
            }
        }
        if grants.iter().any(|grant| grant.policy.has_shares()) {
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
        let grants = grants.iter();
        grants
            .map(|grant| self.await_somebody(inner, grant))
            .collect()
    }

    /// Makes the terms for somebody who is awaited.
    fn await_somebody(&self, inner: &mut Inner, grant: &PendingGrant) -> Result<Awaited, Failure> {
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
        let index = binding::index(&self.config.tenant, &grant.name);
        Ok(composer.await_somebody(index, grant.policy, grant.expires, grant.group, contact)?)
    }
}

fn told(awaited: &Awaited) -> PendingGranted {
    PendingGranted {
        pending: awaited.id(),
        code: awaited.contact().code.clone(),
    }
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
