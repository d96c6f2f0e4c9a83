//! How a client comes to know chains: from its records, and from the server.

use core::{future::Future, mem, pin::Pin};

use wardseal_client_core::{
    Error, Failure, Misbehaviour, Misuse,
    api::{
        ProblemCode,
        keys::{
            Append, AppendRequest, ChainRequest, ChildrenRequest, Fetch, FetchRequest, Fetched,
            GetTenant, TenantRequest,
        },
    },
    compose::{Composer, Draft},
    keyring::SeedSearch,
    knowledge::{Absorbed, Knowledge, epochs_of},
    protocol::{
        cbor,
        log::LogError,
        ring::{SealedBox, Seed},
        state::World,
        statement::Statement,
    },
    types::{Base64Url, ChainId, MemberId, RingId, SortedSet, limits},
};

use crate::{
    client::{CachePolicy, Client, Inner},
    day,
    ports::{StateStore, Transport},
    records::{self, BoxesRecord, ChainRecord, HeadRecord, SealedBatch},
};

/// How often news may bring further news before we call it a fault of the server's.
const ROUNDS: usize = 24;
/// How often a change is made anew because somebody else was faster.
const REBASES: usize = 8;
/// How far the log's clock may be ahead of ours, in milliseconds.
const SKEW: u64 = 5 * 60_000;

/// Composes a change, or finds that there is nothing to do.
pub(crate) type Compose<'a> =
    dyn FnMut(&mut Composer<'_>) -> Result<Option<Draft>, Error> + Send + 'a;

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Loads what an earlier run knew. It was verified then and has been sealed since, so only the
    /// rules run again, not the proofs.
    pub(crate) async fn recall(&self) -> Result<(), Failure> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let mut entries = Vec::new();
        let mut cached = Vec::new();
        for key in self.store.keys("chain/").await? {
            let chain = key
                .strip_prefix("chain/")
                .and_then(|id| id.parse::<ChainId>().ok())
                .ok_or_else(|| Error::Store(format!("the record \"{key}\" has no valid key")))?;
            let record = if let ChainId::Session(_) = chain {
                let record = self.recall_session(&key, &chain).await?;
                cached.extend(
                    record
                        .iter()
                        .flat_map(|record| record.entries.iter().cloned()),
                );
                record
            } else {
                let record = self.store.load::<ChainRecord>(&key).await?;
                entries.extend(
                    record
                        .iter()
                        .flat_map(|record| record.entries.iter().cloned()),
                );
                record
            };
            if let Some(record) = record {
                inner.chains.insert(chain, record);
            }
        }
        inner.knowledge.recall(entries)?;
        for lost in inner.knowledge.recall_what_holds(cached) {
            inner.chains.remove(&lost);
        }
        if let Some(note) = self.store.load::<String>(records::FLOOR).await? {
            inner.knowledge.restore_floor(&note)?;
        }
        for key in self.store.keys("boxes/").await? {
            let ring = key
                .strip_prefix("boxes/")
                .and_then(|id| id.parse::<RingId>().ok());
            let record = match ring {
                Some(ring @ RingId::Session(_)) => {
                    if !inner.knowledge.knows(&ring.into()) {
                        continue;
                    }
                    self.store.load::<BoxesRecord>(&key).await.ok().flatten()
                }
                _ => self.store.load::<BoxesRecord>(&key).await?,
            };
            if let (Some(ring), Some(record)) = (ring, record) {
                for sealed in &record.boxes {
                    inner
                        .knowledge
                        .keep_box(SealedBox::decode(sealed.as_slice())?);
                }
                inner.asked.insert(ring, record.fetched);
            }
        }
        self.recall_imports(inner).await
    }

    /// What the store holds of a session's chain. It may be lost, and is asked for again then: what
    /// does not open counts as lost, and so does what is behind that which was seen, because
    /// somebody who was revoked since would be in again.
    async fn recall_session(
        &self,
        key: &str,
        chain: &ChainId,
    ) -> Result<Option<ChainRecord>, Failure> {
        let Ok(Some(record)) = self.store.load::<ChainRecord>(key).await else {
            return Ok(None);
        };
        let seen = self
            .store
            .load::<HeadRecord>(&records::head_key(chain))
            .await?;
        let Some(seen) = seen else {
            return Ok(Some(record));
        };
        let reached = record.entries.iter().any(|(bytes, _)| {
            Statement::decode(bytes.as_slice()).is_ok_and(|statement| {
                statement.body().seq == seen.seq && statement.hash() == seen.hash
            })
        });
        Ok(reached.then_some(record))
    }

    /// Learns the tenant's chain, which everybody may have.
    pub(crate) async fn learn_tenant(&self, inner: &mut Inner) -> Result<(), Failure> {
        let tenant = self.config.tenant;
        let fetched = self
            .call::<GetTenant>(&TenantRequest {
                tenant,
                log_size: inner.knowledge.log_size(),
            })
            .await?;
        match self.absorb(inner, &fetched).await? {
            Absorbed::Known if inner.knowledge.world().tenant().is_some() => Ok(()),
            Absorbed::Known => Err(Misbehaviour::Gap(tenant.into()).into()),
            Absorbed::Needs(_) => Err(Misbehaviour::BadAnswer.into()),
        }
    }

    /// Learns chains up to their heads, and whatever is needed to judge them.
    ///
    /// Chains that do not exist, or not for this user, stay unknown; with `required` they are an
    /// error.
    pub(crate) fn learn(
        &self,
        inner: &mut Inner,
        chains: impl IntoIterator<Item = ChainId>,
        required: bool,
    ) -> Pin<Box<impl Future<Output = Result<(), Failure>>>> {
        // What is awaited in many places stands on the heap once, instead of in each of them: a page
        // has to load them.
        Box::pin(self.learn_news(inner, chains.into_iter().collect(), required))
    }

    async fn learn_news(
        &self,
        inner: &mut Inner,
        mut wanted: SortedSet<ChainId>,
        required: bool,
    ) -> Result<(), Failure> {
        let mut missing = self.told(inner, &mut wanted);
        if wanted.iter().next().is_some() {
            missing.extend(self.learn_all(inner, wanted).await?);
        }
        match missing.iter().next() {
            Some(chain) if required => Err(Misuse::NotFound(*chain).into()),
            _ => Ok(()),
        }
    }

    /// Takes out what this call need not ask for, because it was asked for since it began; gives
    /// what of it was not found.
    fn told(&self, inner: &Inner, wanted: &mut SortedSet<ChainId>) -> SortedSet<ChainId> {
        let mut missing = SortedSet::new();
        if let Some(call) = inner.since {
            wanted.retain(|chain| {
                let answer = self.inner.queue.since(call, chain);
                if answer == Some(false) {
                    missing.insert(*chain);
                }
                answer.is_none()
            });
        }
        missing
    }

    /// Learns chains up to their heads, and whatever is needed to judge them; gives those that the
    /// server does not show.
    pub(crate) fn learn_all(
        &self,
        inner: &mut Inner,
        wanted: SortedSet<ChainId>,
    ) -> Pin<Box<impl Future<Output = Result<SortedSet<ChainId>, Failure>>>> {
        Box::pin(self.ask(inner, wanted))
    }

    async fn ask(
        &self,
        inner: &mut Inner,
        mut wanted: SortedSet<ChainId>,
    ) -> Result<SortedSet<ChainId>, Failure> {
        let sent = self.inner.queue.sent();
        if inner.knowledge.world().tenant().is_none() {
            self.learn_tenant(inner).await?;
        }
        let asked = wanted.clone();
        let mut stuck = false;
        for _ in 0..ROUNDS {
            let all: Vec<_> = wanted.iter().copied().collect();
            let mut missing = asked.clone();
            let mut needs = SortedSet::new();
            // Parts of one question may be answered under different checkpoints, and proofs hold
            // under one only: what is complete by itself is taken in part by part.
            for part in all.chunks(limits::MAX_BATCH) {
                let fetched = self.fetch(inner, part, None).await?;
                missing.retain(|chain| !fetched.chains.iter().any(|slice| slice.chain == *chain));
                if let Absorbed::Needs(more) = self.absorb(inner, &fetched).await? {
                    needs.extend(more);
                }
            }
            let Some(gap) = needs.iter().next().copied() else {
                self.inner.queue.answered(sent, &asked, &missing);
                return Ok(missing);
            };
            let before = wanted.len();
            wanted.extend(needs.iter().copied());
            if wanted.len() > before {
                stuck = false;
            } else if stuck || all.len() <= limits::MAX_BATCH {
                return Err(Misbehaviour::Gap(gap).into());
            } else {
                // A part may have waited for what came with a later one.
                stuck = true;
            }
        }
        Err(Misbehaviour::BadAnswer.into())
    }

    /// Asks for chains from where they are known, and for the sessions under a session with them.
    pub(crate) async fn fetch(
        &self,
        inner: &mut Inner,
        wanted: &[ChainId],
        children: Option<ChildrenRequest>,
    ) -> Result<Fetched, Failure> {
        let request = FetchRequest {
            tenant: self.config.tenant,
            chains: wanted
                .iter()
                .map(|chain| ChainRequest {
                    chain: *chain,
                    from: inner.knowledge.next_seq(chain),
                })
                .collect(),
            log_size: inner.knowledge.log_size(),
            children,
        };
        self.call_signed::<Fetch>(inner, &request).await
    }

    pub(crate) async fn absorb(
        &self,
        inner: &mut Inner,
        fetched: &Fetched,
    ) -> Result<Absorbed, Failure> {
        self.check_heads(&inner.knowledge, fetched).await?;
        let absorbed = inner.knowledge.absorb(fetched)?;
        if matches!(absorbed, Absorbed::Needs(_)) {
            return Ok(absorbed);
        }
        let now = self.clock.now();
        let mut rings = SortedSet::new();
        for slice in &fetched.chains {
            inner.record(slice.chain, &slice.entries);
            if let Some(ring) = slice.chain.into_ring() {
                inner.asked.insert(ring, now);
                rings.insert(ring);
            }
        }
        let chains: Vec<_> = fetched
            .chains
            .iter()
            .filter(|slice| !slice.entries.is_empty())
            .map(|slice| slice.chain)
            .collect();
        self.persist(inner, &chains, &rings).await?;
        Ok(absorbed)
    }

    /// Checks that sessions whose chains are not kept did not go back behind what an earlier run
    /// had seen of them: somebody who was revoked since would be in again.
    async fn check_heads(&self, knowledge: &Knowledge, fetched: &Fetched) -> Result<(), Failure> {
        for slice in &fetched.chains {
            let chain = slice.chain;
            if !matches!(chain, ChainId::Session(_))
                || slice.entries.is_empty()
                || knowledge.knows(&chain)
            {
                continue;
            }
            let Some(seen) = self
                .store
                .load::<HeadRecord>(&records::head_key(&chain))
                .await?
            else {
                continue;
            };
            let mut reached = false;
            for entry in &slice.entries {
                let statement = Statement::decode(entry.statement.as_slice())?;
                if statement.chain() == chain && statement.body().seq == seen.seq {
                    if statement.hash() != seen.hash {
                        return Err(Misbehaviour::Fork(chain).into());
                    }
                    reached = true;
                }
            }
            if !reached {
                return Err(Misbehaviour::Gap(chain).into());
            }
        }
        Ok(())
    }

    /// Writes what is known of these chains and rings, with the newest checkpoint, at once.
    pub(crate) fn persist(
        &self,
        inner: &mut Inner,
        chains: &[ChainId],
        rings: &SortedSet<RingId>,
    ) -> Pin<Box<impl Future<Output = Result<(), Failure>>>> {
        let batch = self.records_of(inner, chains, rings);
        Box::pin(async move { self.store.commit(batch?).await })
    }

    fn records_of(
        &self,
        inner: &mut Inner,
        chains: &[ChainId],
        rings: &SortedSet<RingId>,
    ) -> Result<SealedBatch, Failure> {
        let mut batch = SealedBatch::default();
        if !inner.kept {
            return Ok(batch);
        }
        let rng = inner.rng.as_mut();
        for chain in chains {
            if let Some(record) = inner.chains.get(chain)
                && self.keeps(chain)
            {
                let key = records::chain_key(chain);
                self.store
                    .put(&mut batch, key, &cbor::encode(record), rng)?;
            }
            if let ChainId::Session(_) = chain
                && let Some(head) = inner.knowledge.world().head(chain)
            {
                let record = HeadRecord {
                    seq: head.seq,
                    hash: head.hash,
                };
                let key = records::head_key(chain);
                self.store
                    .put(&mut batch, key, &cbor::encode(&record), rng)?;
            }
        }
        for ring in rings.iter() {
            let boxes = inner.knowledge.boxes(ring);
            if boxes.is_empty() || !self.keeps(&ChainId::from(*ring)) {
                continue;
            }
            let record = BoxesRecord {
                boxes: boxes
                    .iter()
                    .map(|sealed| Base64Url(cbor::encode(sealed)))
                    .collect(),
                fetched: inner.asked.get(ring).copied().unwrap_or_default(),
            };
            let key = records::boxes_key(ring);
            self.store
                .put(&mut batch, key, &cbor::encode(&record), rng)?;
        }
        if let Some(note) = inner.knowledge.note() {
            let note = cbor::encode(note);
            self.store
                .put(&mut batch, records::FLOOR.into(), &note, rng)?;
        }
        Ok(batch)
    }

    /// Whether a chain goes into the store: sessions only when the application wants them there.
    const fn keeps(&self, chain: &ChainId) -> bool {
        match chain {
            ChainId::Session(_) => matches!(self.config.cache, CachePolicy::Persistent { .. }),
            _ => true,
        }
    }

    /// Learns a ring and everything beneath it: members, their members, and so on. That is what
    /// sealing needs, because a loss anywhere beneath makes the ring stale.
    pub(crate) async fn learn_deeply(
        &self,
        inner: &mut Inner,
        ring: RingId,
    ) -> Result<(), Failure> {
        let missing = self.learn_below(inner, [ring.into()]).await?;
        match missing.iter().next() {
            Some(chain) => Err(Misuse::NotFound(*chain).into()),
            None => Ok(()),
        }
    }

    /// Learns many rings and everything beneath them at once; gives those of them that the server
    /// does not show. A parent session that is not for this user is no loss: nobody seals through it
    /// but those who may.
    pub(crate) async fn learn_below(
        &self,
        inner: &mut Inner,
        rings: impl IntoIterator<Item = ChainId>,
    ) -> Result<SortedSet<ChainId>, Failure> {
        let rings = SortedSet::from_iter(rings);
        // What lay beneath them when they were last seen is asked for with them, in one request:
        // most often nothing has changed, and that was all.
        let mut next = rings.clone();
        let mut seen: Vec<_> = rings.iter().copied().collect();
        while let Some(chain) = seen.pop() {
            let members = members_of(inner, &chain).into_iter();
            seen.extend(members.filter(|member| next.insert(*member)));
        }
        let mut asked = next.clone();
        let mut missing = self.told(inner, &mut next);
        for _ in 0..ROUNDS {
            if !next.is_empty() {
                missing.extend(self.learn_all(inner, mem::take(&mut next)).await?);
            }
            let mut beneath = rings.clone();
            let mut seen: Vec<_> = rings.iter().copied().collect();
            while let Some(chain) = seen.pop() {
                if !asked.contains(&chain) {
                    next.insert(chain);
                } else if !missing.contains(&chain) {
                    let members = members_of(inner, &chain).into_iter();
                    seen.extend(members.filter(|member| beneath.insert(*member)));
                } else if !rings.contains(&chain) && !matches!(chain, ChainId::Session(_)) {
                    return Err(Misuse::NotFound(chain).into());
                }
            }
            if next.is_empty() {
                missing.retain(|chain| rings.contains(chain));
                return Ok(missing);
            }
            asked.extend(next.iter().copied());
        }
        Err(Misbehaviour::BadAnswer.into())
    }

    /// The seed of an epoch of a ring.
    pub(crate) fn seed(
        &self,
        inner: &mut Inner,
        ring: RingId,
        epoch: u32,
    ) -> Pin<Box<impl Future<Output = Result<Seed, Failure>>>> {
        Box::pin(self.search(inner, ring, epoch))
    }

    async fn search(&self, inner: &mut Inner, ring: RingId, epoch: u32) -> Result<Seed, Failure> {
        let mut asked = SortedSet::new();
        loop {
            let speaker = day::speaker(inner.identity.as_ref(), inner.day.as_ref())?;
            let found = inner
                .keyring
                .find(ring, epoch, speaker, &inner.knowledge)
                .inspect_err(|error| {
                    // What does not open is asked for again, not believed for ever.
                    if let Error::Misbehaved(Misbehaviour::BadBox(damaged)) = error {
                        inner.knowledge.forget_boxes(damaged);
                        inner.asked.remove(damaged);
                        self.inner.queue.forget(&ChainId::from(*damaged));
                    }
                })?;
            match found {
                SeedSearch::Found(seed) => return Ok(seed),
                SeedSearch::Needs(chains) => {
                    let mut new = chains;
                    new.retain(|chain| !asked.contains(chain));
                    if new.is_empty() {
                        return Err(inner.missing_key(ring).into());
                    }
                    self.learn(inner, new.iter().copied(), false).await?;
                    asked.extend(new);
                }
            }
        }
    }

    /// The seed of the newest known epoch of a ring, with the epoch's number.
    pub(crate) async fn newest_seed(
        &self,
        inner: &mut Inner,
        ring: RingId,
    ) -> Result<(u32, Seed), Failure> {
        let epoch = epochs_of(inner.knowledge.world(), ring)
            .and_then(<[_]>::last)
            .map(|epoch| epoch.declared.number)
            .ok_or_else(|| Misuse::NotFound(ring.into()))?;
        Ok((epoch, self.seed(inner, ring, epoch).await?))
    }

    /// Rotates a ring if somebody beneath it lost the right to it, and first the groups beneath it
    /// of which this user is a member.
    pub(crate) fn refresh(
        &self,
        inner: &mut Inner,
        ring: RingId,
    ) -> Pin<Box<impl Future<Output = Result<(), Failure>>>> {
        Box::pin(self.rotate_stale(inner, ring))
    }

    async fn rotate_stale(&self, inner: &mut Inner, ring: RingId) -> Result<(), Failure> {
        self.learn_deeply(inner, ring).await?;
        self.rotate_known(inner, ring).await
    }

    /// The same for a ring of which everything was just learned.
    pub(crate) async fn rotate_known(
        &self,
        inner: &mut Inner,
        ring: RingId,
    ) -> Result<(), Failure> {
        for stale in stale(inner, ring) {
            // Where we hold no key we cannot rotate; whoever is a member there will.
            match self.newest_seed(inner, stale).await {
                Ok(_) => {}
                Err(error) if is_misuse(&error) && stale != ring => continue,
                Err(error) => return Err(error),
            }
            self.change(inner, &[stale.into()], &mut |composer| {
                let causes = causes(composer, stale);
                if causes.is_empty() {
                    Ok(None)
                } else {
                    composer.rotate(stale, causes).map(Some)
                }
            })
            .await?;
        }
        Ok(())
    }

    /// Makes a change: composes it from what is known, appends it, takes it in. When somebody else
    /// was faster, learns what is new and composes it again. `compose` returns `None` when there is
    /// nothing (or nothing any more) to do; whether there was is the answer.
    pub(crate) fn change(
        &self,
        inner: &mut Inner,
        touched: &[ChainId],
        compose: &mut Compose<'_>,
    ) -> Pin<Box<impl Future<Output = Result<bool, Failure>>>> {
        Box::pin(self.change_with(inner, touched, compose))
    }

    async fn change_with(
        &self,
        inner: &mut Inner,
        touched: &[ChainId],
        compose: &mut Compose<'_>,
    ) -> Result<bool, Failure> {
        self.check_fresh(inner)?;
        self.learn_parties(inner, touched).await?;
        let mut rebases = 0;
        loop {
            // The composer ends here: a future that held it could not move between threads.
            let composed = {
                let identity = day::speaker(inner.identity.as_ref(), inner.day.as_ref())?;
                let mut composer = Composer {
                    knowledge: &inner.knowledge,
                    keyring: &inner.keyring,
                    identity,
                    now: self.clock.now(),
                    rng: inner.rng.as_mut(),
                };
                compose(&mut composer)?
            };
            let Some(draft) = composed else {
                return Ok(false);
            };
            match self.append(inner, draft).await {
                Ok(()) => return Ok(true),
                Err(error)
                    if error.problem() == Some(ProblemCode::StaleStatement)
                        && rebases < REBASES =>
                {
                    rebases += 1;
                    // What this call has asked for already is not new enough.
                    inner.since = None;
                    for chain in touched {
                        match chain.into_ring() {
                            Some(ring) => {
                                self.learn_deeply(inner, ring).await?;
                                match self.newest_seed(inner, ring).await {
                                    // Who enters has a key of his own, which is not ours.
                                    Ok(_) => {}
                                    Err(error) if lacks_key(&error) => {}
                                    Err(error) => return Err(error),
                                }
                            }
                            None => self.learn(inner, [*chain], true).await?,
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Appends a draft and takes it in.
    async fn append(&self, inner: &mut Inner, mut draft: Draft) -> Result<(), Failure> {
        if !draft.shares.is_empty() {
            self.deposit_shares(mem::take(&mut draft.shares)).await?;
        }
        let spent = mem::take(&mut draft.spent);
        let request = append_request(self.config.tenant, &draft, inner.knowledge.log_size());
        let appended = self.call_signed::<Append>(inner, &request).await?;
        self.take_in(inner, draft, &appended).await?;
        if !spent.is_empty() {
            self.erase_shares(spent).await;
        }
        Ok(())
    }

    /// Takes in a draft that the server appended.
    pub(crate) async fn take_in(
        &self,
        inner: &mut Inner,
        draft: Draft,
        appended: &wardseal_client_core::api::keys::Appended,
    ) -> Result<(), Failure> {
        match inner
            .knowledge
            .absorb_appended(appended, &draft.statements, &draft.boxes)?
        {
            Absorbed::Known => {}
            Absorbed::Needs(chains) => {
                // The server appended what cannot be judged here: it knows a membership that we
                // do not. Fetching brings both.
                let own = draft.statements.iter().map(|statement| statement.chain());
                inner.since = None;
                self.learn(inner, chains.into_iter().chain(own), true)
                    .await?;
            }
        }
        for (ring, epoch, seed) in draft.seeds {
            inner.keyring.insert(ring, epoch, seed);
        }
        let mut chains = Vec::new();
        for (statement, entry) in draft.statements.iter().zip(&appended.entries) {
            let chain = statement.chain();
            inner.record(chain, core::slice::from_ref(entry));
            if !chains.contains(&chain) {
                chains.push(chain);
            }
        }
        let now = self.clock.now();
        let rings: SortedSet<_> = chains
            .iter()
            .filter_map(|chain| chain.into_ring())
            .collect();
        for ring in rings.iter() {
            inner.asked.insert(*ring, now);
        }
        self.persist(inner, &chains, &rings).await
    }

    /// Refuses to seal or sign by a checkpoint that is too old: the server may be hiding news.
    pub(crate) fn check_fresh(&self, inner: &Inner) -> Result<(), Failure> {
        let checkpoint = inner.knowledge.checkpoint().ok_or(LogError::Stale)?;
        Ok(checkpoint.check_age(self.clock.now(), self.config.max_checkpoint_age, SKEW)?)
    }
}

/// Whether the caller asked for what cannot be.
pub(crate) const fn is_misuse(error: &Error) -> bool {
    matches!(error, Error::Misuse(_))
}

/// Whether this is about the one thing that was asked for, where others may succeed: the rest fails
/// for all alike.
pub(crate) const fn of_one(error: &Error) -> bool {
    matches!(error, Error::Misuse(_) | Error::Misbehaved(_))
}

/// Whether there is no way to a key for this user.
pub(crate) const fn lacks_key(error: &Error) -> bool {
    matches!(error, Error::Misuse(Misuse::NoKey(_)))
}

/// The body of an append.
pub(crate) fn append_request(
    tenant: wardseal_client_core::types::TenantId,
    draft: &Draft,
    log_size: u64,
) -> AppendRequest {
    AppendRequest {
        tenant,
        statements: draft
            .statements
            .iter()
            .map(|statement| statement.bytes().into())
            .collect(),
        boxes: draft
            .boxes
            .iter()
            .map(|sealed| Base64Url(cbor::encode(sealed)))
            .collect(),
        log_size,
        salt: draft.salt,
    }
}

/// The chains of the present members of a group or session.
fn members_of(inner: &Inner, chain: &ChainId) -> Vec<ChainId> {
    let world = inner.knowledge.world();
    let members: Vec<MemberId> = match chain {
        ChainId::Group(id) => world.group(id).map_or_else(Vec::new, |state| {
            state.ring.members().map(|(member, _)| member).collect()
        }),
        ChainId::Session(id) => world.session(id).map_or_else(Vec::new, |state| {
            state.ring.members().map(|(member, _)| member).collect()
        }),
        ChainId::User(_) | ChainId::Tenant(_) => Vec::new(),
    };
    members
        .into_iter()
        .filter_map(|member| member.ring().map(ChainId::from))
        .collect()
}

/// The rings that must rotate before anything is sealed to this one, in the order in which they must.
fn stale(inner: &Inner, ring: RingId) -> Vec<RingId> {
    let world = inner.knowledge.world();
    match ring {
        RingId::User(_) => Vec::new(),
        RingId::Group(id) => world
            .group(&id)
            .filter(|state| !state.dissolved)
            .map(|state| state.ring.stale(world))
            .unwrap_or_default(),
        RingId::Session(id) => world
            .session(&id)
            .map(|state| state.ring.stale(world))
            .unwrap_or_default(),
    }
}

/// The losses that a ring has not answered.
fn causes(composer: &Composer<'_>, ring: RingId) -> Vec<wardseal_client_core::protocol::op::Cause> {
    let world = composer.knowledge.world();
    match ring {
        RingId::User(_) => Vec::new(),
        RingId::Group(id) => world
            .group(&id)
            .filter(|state| !state.dissolved)
            .map(|state| state.ring.causes(world))
            .unwrap_or_default(),
        RingId::Session(id) => world
            .session(&id)
            .map(|state| state.ring.causes(world))
            .unwrap_or_default(),
    }
}
