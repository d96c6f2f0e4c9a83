//! What a client knows and has verified: the log's newest checkpoint, the states of chains, and
//! the boxes that came with them. Whatever a server says becomes knowledge here, or an error.

use std::sync::Arc;

use wardseal_api::{
    escrow::EscrowKeyInfo,
    keys::{Appended, ChainSlice, Entry, Fetched, LogView},
};
use wardseal_crypto::kem::KemPublicKey;
use wardseal_protocol::{
    Refusal,
    escrow::{self, Place},
    fold,
    log::{Checkpoint, LogError, origin},
    op::Op,
    ring::SealedBox,
    state::{
        ChainState, EpochRecord, GroupState, SessionState, States, TenantState, UserState, World,
    },
    statement::{Seen, Statement},
};
use wardseal_types::{
    Base64Url, ChainId, FixedBytes, GroupId, MemberId, PendingId, RingId, SessionId, SortedMap,
    SortedSet, TenantId, UserId,
};

use crate::error::{Error, Misbehaviour};

/// What came of an answer of the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Absorbed {
    /// It is verified and known now.
    Known,
    /// It cannot be judged without these chains. Nothing was taken in: fetch them together with
    /// what was asked before.
    Needs(Vec<ChainId>),
}

/// What a client knows and has verified.
#[derive(Debug)]
pub struct Knowledge {
    tenant: TenantId,
    states: States,
    heads: SortedMap<ChainId, u64>,
    floor: Option<Floor>,
    boxes: SortedMap<RingId, Vec<SealedBox>>,
    escrow: Option<KemPublicKey>,
}

#[derive(Clone, Debug)]
struct Floor {
    checkpoint: Checkpoint,
    note: String,
}

impl Knowledge {
    /// Nothing but the tenant's name, which is pinned.
    #[must_use]
    pub fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            states: States::default(),
            heads: SortedMap::new(),
            floor: None,
            boxes: SortedMap::new(),
            escrow: None,
        }
    }

    /// The key server's escrow key, once it is known.
    #[must_use]
    pub const fn escrow_key(&self) -> Option<&KemPublicKey> {
        self.escrow.as_ref()
    }

    /// Takes in the key server's escrow key.
    ///
    /// # Errors
    /// [`Misbehaviour::UnpinnedEscrowKey`] unless it is signed by the log key that the tenant's
    /// genesis names.
    pub fn learn_escrow_key(&mut self, info: &EscrowKeyInfo) -> Result<(), Error> {
        let unpinned = Misbehaviour::UnpinnedEscrowKey;
        let tenant = self.states.tenant().ok_or(unpinned)?;
        let key = escrow::verify_key(&tenant.log, info.key.as_array(), &info.signature)
            .map_err(|_| unpinned)?;
        self.escrow = Some(key);
        Ok(())
    }

    /// The tenant.
    #[must_use]
    pub const fn tenant_id(&self) -> TenantId {
        self.tenant
    }

    /// The verified states.
    #[must_use]
    pub const fn world(&self) -> &States {
        &self.states
    }

    /// The newest checkpoint that was accepted.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.floor.as_ref().map(|floor| &floor.checkpoint)
    }

    /// The newest checkpoint as the note that the log signed, to be kept.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.floor.as_ref().map(|floor| floor.note.as_str())
    }

    /// What a statement made now says of the log.
    #[must_use]
    pub fn seen(&self) -> Option<Seen> {
        self.checkpoint().map(|checkpoint| Seen {
            size: checkpoint.size,
            root: checkpoint.root,
        })
    }

    /// Size of the newest checkpoint, 0 for none.
    #[must_use]
    pub fn log_size(&self) -> u64 {
        self.checkpoint().map_or(0, |checkpoint| checkpoint.size)
    }

    /// Sequence number of the first statement of a chain that is not known.
    #[must_use]
    pub fn next_seq(&self, chain: &ChainId) -> u64 {
        self.heads
            .get(chain)
            .map_or(0, |head| head.saturating_add(1))
    }

    /// Whether anything is known of a chain.
    #[must_use]
    pub fn knows(&self, chain: &ChainId) -> bool {
        self.heads.contains_key(chain)
    }

    /// The boxes of a ring that came from the server.
    #[must_use]
    pub fn boxes(&self, ring: &RingId) -> &[SealedBox] {
        self.boxes.get(ring).map_or(&[], Vec::as_slice)
    }

    /// What lies in escrow for a pending recipient of a session, in its newest epoch.
    #[must_use]
    pub fn deposit(
        &self,
        session: &SessionId,
        pending: &PendingId,
    ) -> Option<(Place, &escrow::Deposit)> {
        let ring = RingId::Session(*session);
        let state = self.states.session(session)?;
        let newest = state.ring.newest()?;
        let reference = newest.reference(&MemberId::Pending(*pending))?;
        self.boxes(&ring)
            .iter()
            .find(|sealed| sealed.answers(ring, newest.declared.number, reference))?
            .deposit(self.tenant)
    }

    /// Sets the floor from a note that an earlier run kept. Nothing older will be accepted.
    ///
    /// # Errors
    /// [`Error::Misbehaved`] when the tenant's chain is not known yet, or the note is not its
    /// log's.
    pub fn restore_floor(&mut self, note: &str) -> Result<(), Error> {
        let checkpoint = self.verify_note(note, &self.states)?;
        if self.log_size() <= checkpoint.size {
            self.floor = Some(Floor {
                checkpoint,
                note: note.to_owned(),
            });
        }
        Ok(())
    }

    /// Takes in statements that an earlier run verified and kept sealed, with their positions. The
    /// rules run again; the log's proofs were checked then.
    ///
    /// # Errors
    /// [`Error::Misbehaved`] when they do not follow from one another.
    pub fn recall(&mut self, mut entries: Vec<(Base64Url, u64)>) -> Result<(), Error> {
        entries.sort_by_key(|(_, position)| *position);
        for (bytes, position) in entries {
            let statement = Statement::decode(bytes.as_slice())?;
            let chain = statement.chain();
            if statement.tenant() != self.tenant {
                return Err(Misbehaviour::Fork(chain).into());
            }
            let previous = self.states.chain(&chain);
            let state = fold::apply(previous.as_ref(), &statement, position, &self.states)
                .map_err(|refusal| Misbehaviour::BadStatement { chain, refusal })?;
            self.heads.insert(chain, state.head().seq);
            self.states.insert(state);
        }
        Ok(())
    }

    /// The same for statements of chains that may be lost. A chain that does not follow, or from
    /// what is not known, is left out; the answer names them.
    pub fn recall_what_holds(&mut self, mut entries: Vec<(Base64Url, u64)>) -> SortedSet<ChainId> {
        entries.sort_by_key(|(_, position)| *position);
        let mut lost = SortedSet::new();
        for (bytes, position) in entries {
            let Ok(statement) = Statement::decode(bytes.as_slice()) else {
                continue;
            };
            let chain = statement.chain();
            if lost.contains(&chain) || self.recall(vec![(bytes, position)]).is_ok() {
                continue;
            }
            self.heads.remove(&chain);
            self.states.remove(&chain);
            lost.insert(chain);
        }
        lost
    }

    /// Keeps a box that an earlier run kept.
    pub fn keep_box(&mut self, sealed: SealedBox) {
        self.boxes.update(sealed.ring, |known| {
            if !known.contains(&sealed) {
                known.push(sealed);
            }
        });
    }

    /// Takes in chains.
    ///
    /// # Errors
    /// [`Error::Misbehaved`]; nothing is taken in then.
    pub fn absorb(&mut self, fetched: &Fetched) -> Result<Absorbed, Error> {
        let mut boxes = Vec::new();
        let mut slices = Vec::new();
        for ChainSlice {
            chain,
            entries,
            boxes: sealed,
        } in &fetched.chains
        {
            slices.push((Some(*chain), entries.as_slice()));
            for bytes in sealed {
                boxes.push(SealedBox::decode(bytes.as_slice())?);
            }
        }
        let absorbed = self.take(&slices, &fetched.log)?;
        if absorbed == Absorbed::Known {
            for sealed in boxes {
                self.keep_box(sealed);
            }
        }
        Ok(absorbed)
    }

    /// Takes in statements of our own that the server appended, with the boxes that went along.
    ///
    /// # Errors
    /// [`Error::Misbehaved`] when the answer is not about these statements, or is refused.
    pub fn absorb_appended(
        &mut self,
        appended: &Appended,
        statements: &[Statement],
        boxes: &[SealedBox],
    ) -> Result<Absorbed, Error> {
        let same = appended.entries.len() == statements.len()
            && appended
                .entries
                .iter()
                .zip(statements)
                .all(|(entry, statement)| entry.statement.as_slice() == statement.bytes());
        if !same {
            return Err(Misbehaviour::BadAnswer.into());
        }
        let absorbed = self.take(&[(None, &appended.entries)], &appended.log)?;
        if absorbed == Absorbed::Known {
            for sealed in boxes {
                self.keep_box(sealed.clone());
            }
        }
        Ok(absorbed)
    }

    /// Forgets the boxes of a ring, for example because it was left.
    pub fn forget_boxes(&mut self, ring: &RingId) {
        self.boxes.remove(ring);
    }

    fn take(
        &mut self,
        slices: &[(Option<ChainId>, &[Entry])],
        log: &LogView,
    ) -> Result<Absorbed, Error> {
        let mut new = Vec::new();
        for (chain, entries) in slices {
            self.sort_in(*chain, entries, &mut new)?;
        }
        // Statements are judged in the order of the log: each by what stood before it.
        new.sort_by_key(|(_, position, _)| *position);
        let mut overlay = Overlay {
            base: &self.states,
            new: States::default(),
        };
        let fetched: SortedSet<_> = slices.iter().filter_map(|(chain, _)| *chain).collect();
        let mut needs = SortedSet::new();
        let mut blocked = SortedSet::new();
        let mut heads = Vec::new();
        for (statement, position, _) in &new {
            let chain = statement.chain();
            if blocked.contains(&chain) {
                continue;
            }
            let previous = overlay.chain(&chain);
            match fold::apply(previous.as_ref(), statement, *position, &overlay) {
                Ok(state) => {
                    heads.push((chain, state.head().seq));
                    overlay.new.insert(state);
                }
                Err(refusal) => {
                    let old =
                        |chain: &ChainId| is_of_knowledge(refusal) && !fetched.contains(chain);
                    let missing = overlay.missing(statement, previous.as_ref(), old);
                    if missing.is_empty() {
                        return Err(Misbehaviour::BadStatement { chain, refusal }.into());
                    }
                    needs.extend(missing);
                    blocked.insert(chain);
                }
            }
        }
        if !needs.is_empty() {
            return Ok(Absorbed::Needs(needs.into_iter().collect()));
        }
        let checkpoint = self.verify_note(&log.checkpoint, &overlay)?;
        self.check_log(&checkpoint, log, &new)?;
        let Overlay { new: states, .. } = overlay;
        for (chain, seq) in heads {
            self.heads.insert(chain, seq);
            if let Some(state) = states.chain(&chain) {
                self.states.insert(state);
            }
        }
        self.floor = Some(Floor {
            checkpoint,
            note: log.checkpoint.clone(),
        });
        Ok(Absorbed::Known)
    }

    /// Decodes the entries of a slice that are new and checks that none is missing.
    fn sort_in<'e>(
        &self,
        chain: Option<ChainId>,
        entries: &'e [Entry],
        new: &mut Vec<(Statement, u64, &'e Entry)>,
    ) -> Result<(), Error> {
        for entry in entries {
            let statement = Statement::decode(entry.statement.as_slice())?;
            let own = statement.chain();
            if chain.is_some_and(|chain| chain != own) || statement.tenant() != self.tenant {
                return Err(Misbehaviour::Fork(own).into());
            }
            let seq = statement.body().seq;
            if let Some(head) = self.states.head(&own) {
                if seq < head.seq {
                    continue;
                }
                if seq == head.seq {
                    if statement.hash() != head.hash || entry.position != head.position {
                        return Err(Misbehaviour::Fork(own).into());
                    }
                    continue;
                }
            }
            let expected = new
                .iter()
                .rev()
                .find(|(other, ..)| other.chain() == own)
                .map_or_else(
                    || self.next_seq(&own),
                    |(other, ..)| other.body().seq.saturating_add(1),
                );
            if seq != expected {
                return Err(Misbehaviour::Gap(own).into());
            }
            new.push((statement, entry.position, entry));
        }
        Ok(())
    }

    fn verify_note(&self, note: &str, world: &dyn World) -> Result<Checkpoint, Error> {
        let tenant = world.tenant().ok_or(LogError::WrongLog)?;
        Ok(Checkpoint::verify(
            note,
            &origin(&self.tenant),
            &tenant.log,
        )?)
    }

    fn check_log(
        &self,
        checkpoint: &Checkpoint,
        log: &LogView,
        new: &[(Statement, u64, &Entry)],
    ) -> Result<(), Error> {
        if let Some(floor) = &self.floor {
            let proof: Vec<_> = log.consistency.iter().map(|hash| hash.0).collect();
            checkpoint.continues(&floor.checkpoint, &proof)?;
        }
        for (statement, position, entry) in new {
            let proof: Vec<_> = entry
                .inclusion
                .iter()
                .map(|FixedBytes(hash)| *hash)
                .collect();
            checkpoint.includes(statement, *position, &proof)?;
        }
        Ok(())
    }
}

/// Whether newer knowledge of other chains could change this verdict.
const fn is_of_knowledge(refusal: Refusal) -> bool {
    matches!(
        refusal,
        Refusal::UnknownAuthor(_)
            | Refusal::UnknownGroup(_)
            | Refusal::UnknownSession(_)
            | Refusal::NotADevice
            | Refusal::NotAuthorised
            | Refusal::AuthorLeaves
            | Refusal::BadBinding
            | Refusal::BadCertificate
            | Refusal::NotNamed(_)
            | Refusal::BadReceipt
    )
}

/// Verified states with unverified news before them.
struct Overlay<'a> {
    base: &'a States,
    new: States,
}

impl Overlay<'_> {
    fn chain(&self, id: &ChainId) -> Option<ChainState> {
        self.new.chain(id).or_else(|| self.base.chain(id))
    }

    /// The chains without which a refusal means nothing: the author's, and those of groups and
    /// parents through which he might have a right. One that is known counts too while it is `old`:
    /// it may have grown by the very device or member that speaks here.
    fn missing(
        &self,
        statement: &Statement,
        previous: Option<&ChainState>,
        old: impl Fn(&ChainId) -> bool,
    ) -> SortedSet<ChainId> {
        let mut missing = SortedSet::new();
        let mut look = |chain: ChainId, known: bool| {
            if !known || old(&chain) {
                missing.insert(chain);
            }
        };
        if statement.body().tenant.is_some() {
            look(statement.tenant().into(), self.tenant().is_some());
        }
        if let Some(user) = statement.body().author.user()
            && ChainId::User(user) != statement.chain()
        {
            look(user.into(), self.user(&user).is_some());
        }
        let mut members: Vec<MemberId> = match &statement.body().op {
            Op::GroupCreate(_, members, _) => members.iter().map(|entry| entry.member).collect(),
            Op::SessionCreate(_, grants, ..) => grants.iter().map(|grant| grant.member).collect(),
            Op::Claim(claim) => {
                // The token key of its receipt may be newer than what is known of the tenant.
                look(statement.tenant().into(), self.tenant().is_some());
                if let MemberId::User(user) = claim.member {
                    look(user.into(), self.user(&user).is_some());
                }
                vec![claim.member]
            }
            _ => Vec::new(),
        };
        match previous {
            Some(ChainState::Group(state)) => members.extend(state.ring.histories().keys()),
            Some(ChainState::Session(state)) => members.extend(state.ring.histories().keys()),
            _ => {}
        }
        let mut visited = SortedSet::new();
        while let Some(member) = members.pop() {
            if !visited.insert(member) {
                continue;
            }
            match member {
                MemberId::Group(id) => {
                    let known = self.group(&id);
                    look(id.into(), known.is_some());
                    members.extend(known.iter().flat_map(|state| state.ring.histories().keys()));
                }
                MemberId::Session(id) => {
                    let known = self.session(&id);
                    look(id.into(), known.is_some());
                    members.extend(known.iter().flat_map(|state| state.ring.histories().keys()));
                }
                MemberId::User(_) | MemberId::Device(_) | MemberId::Pending(_) => {}
            }
        }
        missing
    }
}

impl World for Overlay<'_> {
    fn tenant(&self) -> Option<&TenantState> {
        self.new.tenant().or_else(|| self.base.tenant())
    }

    fn user(&self, id: &UserId) -> Option<&UserState> {
        self.new.user(id).or_else(|| self.base.user(id))
    }

    fn group(&self, id: &GroupId) -> Option<&GroupState> {
        self.new.group(id).or_else(|| self.base.group(id))
    }

    fn session(&self, id: &SessionId) -> Option<&SessionState> {
        self.new.session(id).or_else(|| self.base.session(id))
    }
}

/// The epochs of a ring, if its chain is known.
#[must_use]
pub fn epochs_of(world: &dyn World, ring: RingId) -> Option<&[Arc<EpochRecord>]> {
    world.ring_epochs(&MemberId::from(ring))
}
