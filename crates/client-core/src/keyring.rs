//! Seeds that this client holds, and how it comes to others: by opening boxes and walking ladders.

use wardseal_protocol::{
    ring::{BoxContext, LinkContext, Opener, Seed},
    state::EpochRecord,
};
use wardseal_types::{ChainId, MemberId, RingId, SortedMap, SortedSet, limits};

use crate::{
    error::{Error, Misbehaviour, Misuse},
    identity::Speaker,
    knowledge::Knowledge,
};

/// What came of the search for a seed.
#[derive(Clone, Debug)]
pub enum SeedSearch {
    /// Here it is.
    Found(Seed),
    /// It may be reached with these chains and their boxes: fetch them and search again. When
    /// fetching brings nothing new, there is no way.
    Needs(SortedSet<ChainId>),
}

/// Seeds that this client holds.
#[derive(Debug, Default)]
pub struct Keyring {
    seeds: SortedMap<(RingId, u32), Seed>,
}

impl Keyring {
    /// Keeps a seed that was just drawn or opened.
    pub fn insert(&mut self, ring: RingId, epoch: u32, seed: Seed) {
        self.seeds.insert((ring, epoch), seed);
    }

    /// The seed, if it is held already.
    #[must_use]
    pub fn held(&self, ring: RingId, epoch: u32) -> Option<&Seed> {
        self.seeds.get(&(ring, epoch))
    }

    /// Everything that is held.
    pub fn iter(&self) -> impl Iterator<Item = (RingId, u32, &Seed)> {
        self.seeds
            .iter()
            .map(|((ring, epoch), seed)| (*ring, *epoch, seed))
    }

    /// Drops every seed of a ring.
    pub fn forget(&mut self, ring: RingId) {
        self.seeds.retain(|(held, _), _| *held != ring);
    }

    /// Drops every seed of every session.
    pub fn forget_sessions(&mut self) {
        self.seeds
            .retain(|(ring, _), _| !matches!(ring, RingId::Session(_)));
    }

    /// Finds the seed of an epoch: held, at the end of a ladder, or in a box.
    ///
    /// # Errors
    /// [`Misbehaviour::BadBox`] for a box that does not hold what its statement commits to, and
    /// [`Misuse::NoKey`] where rings are nested more deeply than allowed.
    pub fn find(
        &mut self,
        ring: RingId,
        epoch: u32,
        identity: Speaker<'_>,
        knowledge: &Knowledge,
    ) -> Result<SeedSearch, Error> {
        // A path leads from the session through parents and groups to the user and the device.
        let depth = limits::MAX_PARENTS + limits::MAX_NESTING + 2;
        self.search(ring, epoch, identity, knowledge, depth)
    }

    fn search(
        &mut self,
        ring: RingId,
        epoch: u32,
        identity: Speaker<'_>,
        knowledge: &Knowledge,
        depth: usize,
    ) -> Result<SeedSearch, Error> {
        if let Some(seed) = self.held(ring, epoch) {
            return Ok(SeedSearch::Found(seed.clone()));
        }
        let Some(depth) = depth.checked_sub(1) else {
            return Err(Misuse::NoKey(ring).into());
        };
        let Some(epochs) = crate::knowledge::epochs_of(knowledge.world(), ring) else {
            return Ok(SeedSearch::Needs(SortedSet::from_iter([ChainId::from(
                ring,
            )])));
        };
        // Newer epochs from which ladder links lead back to the wanted one, nearest first.
        let reachable = epochs
            .iter()
            .skip_while(|record| record.declared.number < epoch)
            .enumerate()
            .take_while(|(i, record)| *i == 0 || record.declared.link.is_some())
            .map(|(_, record)| record);
        let mut needs = SortedSet::new();
        let mut boxed = false;
        for record in reachable {
            let number = record.declared.number;
            let found = match self.held(ring, number) {
                Some(seed) => Some(seed.clone()),
                None => {
                    boxed = true;
                    self.unbox(ring, record, identity, knowledge, depth, &mut needs)?
                }
            };
            if let Some(seed) = found {
                self.insert(ring, number, seed);
                return self
                    .walk_back(ring, number, epoch, knowledge)
                    .map(SeedSearch::Found);
            }
        }
        // There may be a newer box than those at hand, or an epoch that is not known yet.
        let known = epochs
            .last()
            .is_some_and(|newest| newest.declared.number >= epoch);
        if boxed || !known {
            needs.insert(ChainId::from(ring));
        }
        if needs.is_empty() {
            Err(Misuse::NoKey(ring).into())
        } else {
            Ok(SeedSearch::Needs(needs))
        }
    }

    /// Opens one of the boxes of an epoch.
    fn unbox(
        &mut self,
        ring: RingId,
        record: &EpochRecord,
        identity: Speaker<'_>,
        knowledge: &Knowledge,
        depth: usize,
        needs: &mut SortedSet<ChainId>,
    ) -> Result<Option<Seed>, Error> {
        let number = record.declared.number;
        // The boxes of a genesis are not named by hash, so a server can put others beside them. One
        // that does not open must not hide one that does.
        let mut damaged = false;
        for sealed in knowledge.boxes(&ring) {
            let Some(reference) = record
                .reference(&sealed.member)
                .filter(|reference| sealed.answers(ring, number, reference))
            else {
                continue;
            };
            let context = BoxContext {
                tenant: knowledge.tenant_id(),
                ring,
                epoch: number,
                member: reference.member,
                member_epoch: reference.epoch,
                key: reference.key,
            };
            let opened = match reference.member {
                MemberId::Device(device) => match identity.opener() {
                    Some(key) if device == identity.device => {
                        context.open(sealed, Opener::Device(key), &record.declared.commitment)
                    }
                    _ => continue,
                },
                MemberId::User(user) if user != identity.user => continue,
                member => {
                    let Some(inner) = member.ring() else { continue };
                    match self.search(inner, reference.epoch, identity, knowledge, depth) {
                        Ok(SeedSearch::Found(seed)) => {
                            context.open(sealed, Opener::Ring(&seed), &record.declared.commitment)
                        }
                        Ok(SeedSearch::Needs(more)) => {
                            needs.extend(more);
                            continue;
                        }
                        Err(Error::Misuse(_)) => continue,
                        Err(error) => return Err(error),
                    }
                }
            };
            let checked = opened.and_then(|seed| {
                record.declared.check_seed(ring.into(), &seed)?;
                Ok(seed)
            });
            match checked {
                Ok(seed) => return Ok(Some(seed)),
                Err(_) => damaged = true,
            }
        }
        if damaged && needs.is_empty() {
            return Err(Misbehaviour::BadBox(ring).into());
        }
        Ok(None)
    }

    /// Follows ladder links from a held epoch to an older one.
    fn walk_back(
        &mut self,
        ring: RingId,
        from: u32,
        to: u32,
        knowledge: &Knowledge,
    ) -> Result<Seed, Error> {
        let bad = || Error::from(Misbehaviour::BadBox(ring));
        let epochs = crate::knowledge::epochs_of(knowledge.world(), ring).ok_or_else(bad)?;
        let mut seed = self.held(ring, from).cloned().ok_or_else(bad)?;
        let mut at = from;
        while at > to {
            let newer = usize::try_from(at).ok().and_then(|at| epochs.get(at));
            let older = usize::try_from(at - 1).ok().and_then(|at| epochs.get(at));
            let (Some(newer), Some(older)) = (newer, older) else {
                return Err(bad());
            };
            let link = newer.declared.link.as_ref().ok_or_else(bad)?;
            let tenant = knowledge.tenant_id();
            let context = LinkContext {
                tenant: &tenant,
                ring,
                epoch: at,
            };
            seed = seed.open_link(context, link).map_err(|_| bad())?;
            older
                .declared
                .check_seed(ring.into(), &seed)
                .map_err(|_| bad())?;
            at -= 1;
            self.insert(ring, at, seed.clone());
        }
        Ok(seed)
    }
}
