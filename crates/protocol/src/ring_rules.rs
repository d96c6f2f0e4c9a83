//! How a ring changes: the rules about epochs, boxes and members that all rings share.
//! See `spec/03-rings.md`.

use std::sync::Arc;

use wardseal_crypto::kem::KemPublicKey;
use wardseal_types::{MemberId, RingId, SortedMap, limits};

use crate::{
    op::{Entry, Removal, Rotation},
    refusal::Refusal,
    ring::{BoxRef, Epoch},
    state::{EpochRecord, Epochs, History, NOW, Position, Ring},
};

impl<M: Copy> Ring<M> {
    /// A ring with its first members and epoch 0, whose boxes have no hashes yet.
    pub(crate) fn create(
        id: RingId,
        members: &[(MemberId, M)],
        epoch: &Epoch,
        position: Position,
    ) -> Result<Self, Refusal> {
        let mut ring = Self {
            epochs: Epochs {
                ring: id,
                all: Vec::new(),
                recipients: SortedMap::new(),
            },
            members: SortedMap::new(),
        };
        let mut previous = None;
        for (member, value) in members {
            ring.epochs.check_kind(member)?;
            match previous {
                Some(previous) if previous == *member => {
                    return Err(Refusal::AlreadyMember(*member));
                }
                Some(previous) if previous > *member => return Err(Refusal::NotAscending),
                _ => previous = Some(*member),
            }
            ring.members
                .insert(*member, History::starting(position, *value));
        }
        if epoch.boxes.iter().any(|reference| reference.hash.is_some()) || epoch.link.is_some() {
            return Err(Refusal::BadEpoch);
        }
        ring.open_epoch(epoch, position, false)?;
        Ok(ring)
    }

    /// One more member, with or without history.
    pub(crate) fn enter(
        &mut self,
        member: MemberId,
        value: M,
        entry: &Entry,
        position: Position,
    ) -> Result<(), Refusal> {
        self.epochs.check_kind(&member)?;
        if self.member_at(&member, NOW).is_some() {
            return Err(Refusal::AlreadyMember(member));
        }
        self.set(member, position, Some(value));
        match entry {
            Entry::History(reference) => self.epochs.add_box(member, reference),
            Entry::FromJoin(epoch) => {
                if epoch.link.is_some() {
                    return Err(Refusal::BadEpoch);
                }
                check_hashed(&epoch.boxes)?;
                // No causes are named here, yet the boxes may answer some. Whether they do takes
                // chains that a reader need not have, so any newer key of a member counts as one.
                let lossy = self.epochs.is_newer(&epoch.boxes);
                self.open_epoch(epoch, position, lossy)
            }
        }
    }

    /// Members less, and the epoch that shuts them out.
    pub(crate) fn leave(&mut self, removal: &Removal, position: Position) -> Result<(), Refusal> {
        if removal.members.is_empty() {
            return Err(Refusal::Empty);
        }
        if !removal.members.is_sorted() {
            return Err(Refusal::NotAscending);
        }
        for member in &removal.members {
            if self.member_at(member, NOW).is_none() {
                return Err(Refusal::NotAMember(*member));
            }
            self.set(*member, position, None);
        }
        self.follow(&removal.epoch, position, true)
    }

    /// A new epoch for the same members.
    pub(crate) fn rotate(
        &mut self,
        rotation: &Rotation,
        position: Position,
    ) -> Result<(), Refusal> {
        self.epochs.check_causes(rotation)?;
        self.follow(&rotation.epoch, position, !rotation.causes.is_empty())
    }

    /// Another role, or other rights, for a present member.
    pub(crate) fn change(
        &mut self,
        member: MemberId,
        value: M,
        position: Position,
    ) -> Result<(), Refusal> {
        if self.member_at(&member, NOW).is_none() {
            return Err(Refusal::NotAMember(member));
        }
        self.set(member, position, Some(value));
        Ok(())
    }

    /// Members less and one more in one new epoch: a recovery method in place of another, or the
    /// way back in.
    pub(crate) fn exchange(
        &mut self,
        old: impl IntoIterator<Item = MemberId>,
        new: MemberId,
        value: M,
        epoch: &Epoch,
        position: Position,
    ) -> Result<(), Refusal> {
        for old in old {
            if self.member_at(&old, NOW).is_none() {
                return Err(Refusal::NotAMember(old));
            }
            self.set(old, position, None);
        }
        if self.member_at(&new, NOW).is_some() {
            return Err(Refusal::AlreadyMember(new));
        }
        self.set(new, position, Some(value));
        self.follow(epoch, position, true)
    }

    /// A pending recipient becomes `member`, with what it was granted, in the present epoch.
    pub(crate) fn claim(
        &mut self,
        pending: MemberId,
        member: MemberId,
        reference: &BoxRef,
        position: Position,
    ) -> Result<(), Refusal> {
        self.epochs.check_kind(&member)?;
        let value = self
            .member_at(&pending, NOW)
            .ok_or(Refusal::NotAMember(pending))?;
        if self.member_at(&member, NOW).is_some() {
            return Err(Refusal::AlreadyMember(member));
        }
        self.set(pending, position, None);
        self.epochs.recipients.remove(&pending);
        self.set(member, position, Some(value));
        self.epochs.add_box(member, reference)
    }

    /// Nobody is a member any more, and nothing is sealed to the ring: it is never stale again.
    pub(crate) fn end(&mut self, position: Position) {
        let members: Vec<MemberId> = self.members().map(|(member, _)| member).collect();
        for member in members {
            self.set(member, position, None);
        }
        self.epochs.recipients = SortedMap::new();
    }

    /// Whether somebody is awaited here who has no keys yet.
    pub(crate) fn has_pending(&self) -> bool {
        self.members()
            .any(|(member, _)| matches!(member, MemberId::Pending(_)))
    }

    fn set(&mut self, member: MemberId, position: Position, value: Option<M>) {
        self.members
            .update(member, |history| history.set(position, value));
    }

    /// An epoch with a ladder link to the one before.
    fn follow(&mut self, epoch: &Epoch, position: Position, lossy: bool) -> Result<(), Refusal> {
        if epoch.link.is_none() {
            return Err(Refusal::BadEpoch);
        }
        check_hashed(&epoch.boxes)?;
        self.open_epoch(epoch, position, lossy)
    }

    fn open_epoch(
        &mut self,
        epoch: &Epoch,
        position: Position,
        lossy: bool,
    ) -> Result<(), Refusal> {
        let present: Vec<MemberId> = self.members().map(|(member, _)| member).collect();
        self.epochs.open(&present, epoch, position, lossy)
    }
}

// Once for all kinds of memberships.
impl Epochs {
    fn check_kind(&self, member: &MemberId) -> Result<(), Refusal> {
        let possible = match (self.ring, member) {
            (RingId::User(_), MemberId::Device(_))
            | (RingId::Group(_), MemberId::User(_))
            | (RingId::Session(_), MemberId::User(_) | MemberId::Group(_)) => true,
            (RingId::Group(id), MemberId::Group(inner)) => id != *inner,
            (RingId::Session(_), MemberId::Pending(_)) => true,
            (RingId::Session(id), MemberId::Session(parent)) => id != *parent,
            _ => false,
        };
        if possible {
            Ok(())
        } else {
            Err(Refusal::WrongMember(*member))
        }
    }

    /// Each cause is newer than the box that the member has, and the member's new box answers it.
    fn check_causes(&self, rotation: &Rotation) -> Result<(), Refusal> {
        let ascending = rotation
            .causes
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a.member < b.member));
        let boxes: SortedMap<_, _> = rotation
            .epoch
            .boxes
            .iter()
            .map(|reference| (reference.member, reference.epoch))
            .collect();
        let answered = rotation.causes.iter().all(|cause| {
            let old = self.recipients.get(&cause.member).map(|old| old.epoch);
            let new = boxes.get(&cause.member).copied();
            old.is_some_and(|old| old < cause.epoch) && new.is_some_and(|new| new >= cause.epoch)
        });
        if ascending && answered {
            Ok(())
        } else {
            Err(Refusal::BadCause)
        }
    }

    /// Whether a box is for a newer key of a member than the member's box in the present epoch.
    fn is_newer(&self, boxes: &[BoxRef]) -> bool {
        boxes.iter().any(|reference| {
            self.recipients
                .get(&reference.member)
                .is_some_and(|old| old.epoch < reference.epoch)
        })
    }

    fn add_box(&mut self, member: MemberId, reference: &BoxRef) -> Result<(), Refusal> {
        if reference.member != member {
            return Err(Refusal::BoxesDoNotMatch);
        }
        check_hashed(std::slice::from_ref(reference))?;
        check_device_box(reference)?;
        if self.recipients.len() >= limits::MAX_MEMBERS {
            return Err(Refusal::TooLarge);
        }
        if let Some(epoch) = self.all.last_mut() {
            Arc::make_mut(epoch).entered.push(reference.clone());
        }
        self.recipients.insert(member, reference.clone());
        Ok(())
    }

    /// Opens an epoch for the present members.
    fn open(
        &mut self,
        present: &[MemberId],
        epoch: &Epoch,
        position: Position,
        lossy: bool,
    ) -> Result<(), Refusal> {
        let is_next = usize::try_from(epoch.number).is_ok_and(|number| number == self.all.len());
        let keyed = epoch.kem.is_some() != matches!(self.ring, RingId::Session(_));
        let fresh = self
            .all
            .iter()
            .all(|old| old.declared.commitment != epoch.commitment);
        if !(is_next && keyed && fresh) {
            return Err(Refusal::BadEpoch);
        }
        if let Some(key) = &epoch.kem {
            KemPublicKey::from_bytes(key.as_array()).map_err(|_| Refusal::BadKey)?;
        }
        if epoch.boxes.len() > limits::MAX_MEMBERS {
            return Err(Refusal::TooLarge);
        }
        let mut expected = present.iter();
        for reference in &epoch.boxes {
            if expected.next() != Some(&reference.member) {
                return Err(Refusal::BoxesDoNotMatch);
            }
            check_device_box(reference)?;
            let old = self.recipients.get(&reference.member);
            if old.is_some_and(|old| old.epoch > reference.epoch) {
                return Err(Refusal::StaleRecipient(reference.member));
            }
        }
        if expected.next().is_some() {
            return Err(Refusal::BoxesDoNotMatch);
        }
        if epoch.boxes.is_empty() {
            return Err(Refusal::Empty);
        }
        self.recipients = epoch
            .boxes
            .iter()
            .map(|reference| (reference.member, reference.clone()))
            .collect();
        self.all.push(Arc::new(EpochRecord {
            declared: epoch.clone(),
            entered: Vec::new(),
            position,
            lossy,
        }));
        Ok(())
    }
}

fn check_hashed(boxes: &[BoxRef]) -> Result<(), Refusal> {
    if boxes.iter().all(|reference| reference.hash.is_some()) {
        Ok(())
    } else {
        Err(Refusal::BoxesDoNotMatch)
    }
}

/// A device has one key for ever, and its identifier is the hash of it. A pending recipient has
/// none, and stands for itself.
fn check_device_box(reference: &BoxRef) -> Result<(), Refusal> {
    match reference.member {
        MemberId::Device(_) | MemberId::Pending(_)
            if reference.epoch != 0 || reference.key.as_array() != reference.member.as_bytes() =>
        {
            Err(Refusal::BoxesDoNotMatch)
        }
        _ => Ok(()),
    }
}
