//! Making statements: what a client says, with the boxes that go along.
//!
//! A [`Composer`] looks at verified knowledge only. What it makes is a [`Draft`]: nothing is known
//! to be so before the server has appended it and the answer was absorbed.

mod escrow;
mod groups;
mod sessions;
mod users;

use rand_core::CryptoRng;
use wardseal_api::{
    escrow::ShareRef,
    tenant::{ErasureCause, ShareDeposit},
};
use wardseal_crypto::{CryptoError, chunked, kem::KemPublicKey, label};
use wardseal_protocol::{
    cbor,
    keys::DeviceKeys,
    op::{Cause, Entry, Op, Removal, Rotation},
    ring::{BoxContext, BoxRef, Epoch, LinkContext, RingKind, SealedBox, Seed, WrapKey},
    state::{Ring, World},
    statement::{Author, Body, Statement},
};
use wardseal_types::{
    Base64Url, BoxedBytes, ChainId, FixedBytes, MemberId, RingId, TenantId, Timestamp,
};

use crate::{
    error::{Error, Misuse},
    identity::Speaker,
    keyring::Keyring,
    knowledge::Knowledge,
};

use escrow::{awaited_recipient, awaits_somebody};

pub use escrow::{Awaited, ClaimOf};
pub use users::{bind_user, found_user};

/// Statements and boxes to be appended together, and the seeds that become ours when they are.
#[derive(Debug, Default)]
pub struct Draft {
    /// In this order.
    pub statements: Vec<Statement>,
    /// Named by the statements.
    pub boxes: Vec<SealedBox>,
    /// To be kept once the statements are appended.
    pub seeds: Vec<(RingId, u32, Seed)>,
    /// To be kept by the tenant's server before the statements are appended.
    pub shares: Vec<ShareDeposit>,
    /// Needed no more by the tenant's server once the statements are appended.
    pub spent: Vec<(ErasureCause, ShareRef)>,
    /// What opens the commitment to a group's name, when a statement binds one. The key server keeps
    /// it apart from the chain.
    pub salt: Option<FixedBytes<32>>,
}

impl Draft {
    /// Appends another draft, so that both are said at once.
    pub fn join(&mut self, other: Self) {
        self.statements.extend(other.statements);
        self.boxes.extend(other.boxes);
        self.seeds.extend(other.seeds);
        self.shares.extend(other.shares);
        self.spent.extend(other.spent);
        self.salt = self.salt.or(other.salt);
    }
}

/// How a new member sees what was sealed before it entered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Visibility {
    /// Everything.
    Full,
    /// Only what is sealed from now on.
    FromJoin,
}

/// Makes statements from verified knowledge.
pub struct Composer<'a> {
    /// Verified states.
    pub knowledge: &'a Knowledge,
    /// Seeds that are held.
    pub keyring: &'a Keyring,
    /// Who signs.
    pub identity: Speaker<'a>,
    /// The present instant.
    pub now: Timestamp,
    /// Source of randomness.
    pub rng: &'a mut dyn CryptoRng,
}

impl core::fmt::Debug for Composer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Composer")
            .field("identity", &self.identity.user)
            .finish_non_exhaustive()
    }
}

/// To whom a seed is sealed, and how.
struct Recipient {
    reference: BoxRef,
    how: How,
}

enum How {
    Seal(KemPublicKey),
    Wrap(WrapKey),
    Deposit(Box<Awaited>),
}

/// Boxes that are being made, and what goes to the tenant's server with them.
#[derive(Default)]
struct Boxes {
    sealed: Vec<SealedBox>,
    shares: Vec<ShareDeposit>,
}

/// An epoch that is being made.
struct NewEpoch {
    declared: Epoch,
    seed: Seed,
    boxes: Boxes,
}

impl Composer<'_> {
    fn nonce(&mut self) -> Result<FixedBytes<16>, Error> {
        let drawn = wardseal_crypto::secret::Secret::<16>::generate(self.rng)?;
        Ok(FixedBytes(*drawn.expose()))
    }

    fn sign(&self, body: Body) -> Result<Statement, Error> {
        self.identity.sign(body)
    }

    fn genesis(&self, op: Op) -> Result<Statement, Error> {
        self.sign(Body::genesis(
            Some(self.knowledge.tenant_id()),
            self.identity.author(),
            self.now,
            self.knowledge.seen(),
            op,
        ))
    }

    /// A statement after the known head of a chain.
    fn next(&self, chain: ChainId, op: Op) -> Result<Statement, Error> {
        let head = self
            .knowledge
            .world()
            .head(&chain)
            .ok_or(Misuse::NotFound(chain))?;
        self.sign(following(
            self.knowledge,
            self.identity.author(),
            self.now,
            chain,
            (head.seq, head.hash),
            op,
        ))
    }

    /// A statement after one of the same draft.
    fn after(&self, previous: &Statement, op: Op) -> Result<Statement, Error> {
        self.sign(following(
            self.knowledge,
            self.identity.author(),
            self.now,
            previous.chain(),
            (previous.body().seq, previous.hash()),
            op,
        ))
    }

    /// The newest key of a member.
    fn recipient(&self, member: MemberId) -> Result<Recipient, Error> {
        let world = self.knowledge.world();
        let Some(ring) = member.ring() else {
            let MemberId::Device(device) = member else {
                return Err(Misuse::NoRecipient(member).into());
            };
            let record = world
                .user(&self.identity.user)
                .and_then(|state| state.devices().get(&device))
                .ok_or(Misuse::NoRecipient(member))?;
            return device_recipient(&record.keys);
        };
        let epoch = world
            .ring_epochs(&member)
            .and_then(<[_]>::last)
            .ok_or_else(|| Misuse::NotFound(ring.into()))?;
        let reference = BoxRef {
            member,
            epoch: epoch.declared.number,
            key: epoch.declared.commitment,
            hash: None,
        };
        let how = match (
            self.keyring.held(ring, epoch.declared.number),
            &epoch.declared.kem,
        ) {
            (Some(seed), _) => How::Wrap(seed.wrap_key()),
            (None, Some(kem)) => How::Seal(KemPublicKey::from_bytes(kem.as_array())?),
            (None, None) => return Err(Misuse::NoKey(ring).into()),
        };
        Ok(Recipient { reference, how })
    }

    fn recipients(
        &self,
        members: impl IntoIterator<Item = MemberId>,
    ) -> Result<Vec<Recipient>, Error> {
        members
            .into_iter()
            .map(|member| self.recipient(member))
            .collect()
    }

    /// The newest keys of members of a ring; for whoever is awaited there, what the members keep.
    fn recipients_in(
        &self,
        ring: RingId,
        members: impl IntoIterator<Item = MemberId>,
    ) -> Result<Vec<Recipient>, Error> {
        members
            .into_iter()
            .map(|member| match member {
                MemberId::Pending(pending) => self.awaited(ring, pending).map(awaited_recipient),
                _ => self.recipient(member),
            })
            .collect()
    }

    /// Seals to a recipient. What is boxed is listed in the answer.
    fn seal_box(
        &mut self,
        ring: RingId,
        epoch: u32,
        seed: &Seed,
        recipient: &Recipient,
        boxes: &mut Boxes,
    ) -> Result<BoxRef, Error> {
        let tenant = self.knowledge.tenant_id();
        let sealed = match &recipient.how {
            How::Deposit(awaited) => {
                let (sealed, share) = self.deposit(ring, epoch, seed, awaited)?;
                boxes.shares.extend(share);
                sealed
            }
            _ => seal_box(tenant, ring, epoch, seed, recipient, self.rng)?,
        };
        let reference = hashed(&recipient.reference, &sealed);
        boxes.sealed.push(sealed);
        Ok(reference)
    }

    /// A box for a member that enters the present epoch.
    fn entry(
        &mut self,
        ring: RingId,
        epoch: u32,
        recipient: &Recipient,
    ) -> Result<(BoxRef, Boxes), Error> {
        let seed = self
            .keyring
            .held(ring, epoch)
            .cloned()
            .ok_or(Misuse::NoKey(ring))?;
        let mut boxes = Boxes::default();
        let reference = self.seal_box(ring, epoch, &seed, recipient, &mut boxes)?;
        Ok((reference, boxes))
    }

    /// The next epoch of an existing ring, with a ladder link unless history ends here.
    fn next_epoch<M: Copy>(
        &mut self,
        ring: &Ring<M>,
        recipients: &[Recipient],
        linked: bool,
    ) -> Result<NewEpoch, Error> {
        let id = ring.id();
        let present = ring.newest().ok_or_else(|| Misuse::NotFound(id.into()))?;
        let number = present
            .declared
            .number
            .checked_add(1)
            .ok_or(Misuse::Invalid("the ring has had too many epochs"))?;
        let seed = Seed::generate(self.rng)?;
        let tenant = self.knowledge.tenant_id();
        let link = if linked {
            let previous = self
                .keyring
                .held(id, present.declared.number)
                .ok_or(Misuse::NoKey(id))?;
            let context = LinkContext {
                tenant: &tenant,
                ring: id,
                epoch: number,
            };
            Some(seed.seal_link(context, previous, self.rng)?)
        } else {
            None
        };
        let mut boxes = Boxes::default();
        let mut references = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            references.push(self.seal_box(id, number, &seed, recipient, &mut boxes)?);
        }
        let declared = declare(number, &seed, id.into(), link, references)?;
        Ok(NewEpoch {
            declared,
            seed,
            boxes,
        })
    }

    /// Epoch 0 of a ring that has no identifier yet.
    fn first_epoch(
        &mut self,
        kind: RingKind,
        recipients: &[Recipient],
    ) -> Result<(Epoch, Seed), Error> {
        let seed = Seed::generate(self.rng)?;
        let references = recipients
            .iter()
            .map(|recipient| recipient.reference.clone())
            .collect();
        Ok((declare(0, &seed, kind, None, references)?, seed))
    }

    fn first_boxes(
        &mut self,
        ring: RingId,
        seed: &Seed,
        recipients: &[Recipient],
    ) -> Result<Boxes, Error> {
        let mut boxes = Boxes::default();
        for recipient in recipients {
            self.seal_box(ring, 0, seed, recipient, &mut boxes)?;
        }
        Ok(boxes)
    }

    /// A new epoch for the same members, answering `causes`.
    ///
    /// # Errors
    /// [`Misuse::NotFound`], [`Misuse::NoKey`].
    pub fn rotate(&mut self, ring: RingId, causes: Vec<Cause>) -> Result<Draft, Error> {
        let world = self.knowledge.world();
        let missing = || Misuse::NotFound(ring.into());
        let (epoch, wrap): (_, fn(Rotation) -> Op) = match ring {
            RingId::User(id) => {
                let state = &world.user(&id).ok_or_else(missing)?.ring;
                (self.same_members(state)?, Op::UserRotate)
            }
            RingId::Group(id) => {
                let state = &world.group(&id).ok_or_else(missing)?.ring;
                (self.same_members(state)?, Op::GroupRotate)
            }
            RingId::Session(id) => {
                let state = &world.session(&id).ok_or_else(missing)?.ring;
                (self.same_members(state)?, Op::SessionRotate)
            }
        };
        let op = wrap(Rotation {
            epoch: epoch.declared.clone(),
            causes,
        });
        self.rotated(ring, op, epoch)
    }

    fn same_members<M: Copy>(&mut self, ring: &Ring<M>) -> Result<NewEpoch, Error> {
        let members = ring.members().map(|(member, _)| member);
        let recipients = self.recipients_in(ring.id(), members)?;
        self.next_epoch(ring, &recipients, true)
    }

    fn let_in<M: Copy>(
        &mut self,
        ring: &Ring<M>,
        member: MemberId,
        visibility: Visibility,
        op: impl FnOnce(Entry) -> Op,
    ) -> Result<Draft, Error> {
        let id = ring.id();
        let entering = self.recipient(member)?;
        match visibility {
            Visibility::Full => {
                let epoch = self.newest(id)?;
                let (reference, boxes) = self.entry(id, epoch, &entering)?;
                Ok(Draft {
                    statements: vec![self.next(id.into(), op(Entry::History(reference)))?],
                    boxes: boxes.sealed,
                    ..Draft::default()
                })
            }
            Visibility::FromJoin => {
                if awaits_somebody(ring) {
                    return Err(Misuse::Invalid(
                        "somebody is awaited here who sees everything: nobody can enter without history",
                    )
                    .into());
                }
                let mut recipients = self.recipients(ring.members().map(|(member, _)| member))?;
                recipients.push(entering);
                recipients.sort_by_key(|recipient| recipient.reference.member);
                let epoch = self.next_epoch(ring, &recipients, false)?;
                let op = op(Entry::FromJoin(epoch.declared.clone()));
                self.rotated(id, op, epoch)
            }
        }
    }

    /// Many new members, who see everything, in statements that follow one another.
    fn let_all_in(
        &mut self,
        ring: RingId,
        entering: impl IntoIterator<Item = (MemberId, impl FnOnce(Entry) -> Op)>,
    ) -> Result<Draft, Error> {
        let epoch = self.newest(ring)?;
        let mut draft = Draft::default();
        for (member, op) in entering {
            let recipient = self.recipient(member)?;
            let (reference, boxes) = self.entry(ring, epoch, &recipient)?;
            let op = op(Entry::History(reference));
            let statement = match draft.statements.last() {
                Some(last) => self.after(last, op)?,
                None => self.next(ring.into(), op)?,
            };
            draft.statements.push(statement);
            draft.boxes.extend(boxes.sealed);
        }
        Ok(draft)
    }

    fn shut_out<M: Copy>(
        &mut self,
        ring: &Ring<M>,
        members: &[MemberId],
        op: impl FnOnce(Removal) -> Op,
    ) -> Result<Draft, Error> {
        let members = sorted(members.iter().copied());
        let staying = ring
            .members()
            .map(|(member, _)| member)
            .filter(|member| !members.contains(member));
        let recipients = self.recipients_in(ring.id(), staying)?;
        let epoch = self.next_epoch(ring, &recipients, true)?;
        let op = op(Removal {
            members,
            epoch: epoch.declared.clone(),
        });
        self.rotated(ring.id(), op, epoch)
    }

    fn rotated(&self, ring: RingId, op: Op, epoch: NewEpoch) -> Result<Draft, Error> {
        let spent = self.superseded(ring, &op);
        Ok(Draft {
            statements: vec![self.next(ring.into(), op)?],
            boxes: epoch.boxes.sealed,
            seeds: vec![(ring, epoch.declared.number, epoch.seed)],
            shares: epoch.boxes.shares,
            spent,
            ..Draft::default()
        })
    }

    fn say(&self, chain: ChainId, op: Op) -> Result<Draft, Error> {
        Ok(Draft {
            statements: vec![self.next(chain, op)?],
            ..Draft::default()
        })
    }

    fn newest(&self, ring: RingId) -> Result<u32, Error> {
        crate::knowledge::epochs_of(self.knowledge.world(), ring)
            .and_then(<[_]>::last)
            .map(|epoch| epoch.declared.number)
            .ok_or_else(|| Misuse::NotFound(ring.into()).into())
    }

    fn seal_named(&mut self, ring: RingId, text: &[u8]) -> Result<(u32, Base64Url), Error> {
        let epoch = self.newest(ring)?;
        let seed = self.keyring.held(ring, epoch).ok_or(Misuse::NoKey(ring))?;
        Ok((epoch, seal_text(seed, ring, epoch, text, self.rng)?))
    }
}

fn following(
    knowledge: &Knowledge,
    author: Author,
    now: Timestamp,
    chain: ChainId,
    (seq, previous): (u64, wardseal_types::StatementHash),
    op: Op,
) -> Body {
    Body {
        chain: Some(FixedBytes(*chain.as_bytes())),
        seq: seq.saturating_add(1),
        previous: Some(previous),
        ..Body::genesis(
            Some(knowledge.tenant_id()),
            author,
            now,
            knowledge.seen(),
            op,
        )
    }
}

fn device_recipient(keys: &DeviceKeys) -> Result<Recipient, Error> {
    let device = keys.id();
    Ok(Recipient {
        reference: BoxRef {
            member: MemberId::Device(device),
            epoch: 0,
            key: FixedBytes(*device.as_bytes()),
            hash: None,
        },
        how: How::Seal(keys.sealer()?),
    })
}

fn seal_box(
    tenant: TenantId,
    ring: RingId,
    epoch: u32,
    seed: &Seed,
    recipient: &Recipient,
    rng: &mut dyn CryptoRng,
) -> Result<SealedBox, CryptoError> {
    let context = BoxContext {
        tenant,
        ring,
        epoch,
        member: recipient.reference.member,
        member_epoch: recipient.reference.epoch,
        key: recipient.reference.key,
    };
    match &recipient.how {
        How::Seal(key) => context.seal(key, seed, rng),
        How::Wrap(key) => context.wrap(key, seed, rng),
        // A deposit takes more than a recipient: `Composer::deposit`.
        How::Deposit(_) => Err(CryptoError::InvalidKey),
    }
}

fn declare(
    number: u32,
    seed: &Seed,
    kind: RingKind,
    link: Option<Base64Url>,
    boxes: Vec<BoxRef>,
) -> Result<Epoch, Error> {
    let kem = match kind {
        RingKind::Session => None,
        RingKind::User | RingKind::Group => {
            Some(BoxedBytes::from(*seed.kem()?.public().as_bytes()))
        }
    };
    Ok(Epoch {
        number,
        commitment: seed.commitment(kind),
        kem,
        link,
        boxes,
    })
}

fn hashed(reference: &BoxRef, sealed: &SealedBox) -> BoxRef {
    BoxRef {
        hash: Some(sealed.hash()),
        ..reference.clone()
    }
}

fn sorted(members: impl Iterator<Item = MemberId>) -> Vec<MemberId> {
    let mut members: Vec<_> = members.collect();
    members.sort();
    members.dedup();
    members
}

fn text_context(ring: RingId, epoch: u32) -> Vec<u8> {
    cbor::encode(&(wardseal_crypto::SUITE, ring, epoch))
}

/// Seals a name or metadata for the members of a ring, padded to a multiple of 64 bytes so that
/// its length says little.
fn seal_text(
    seed: &Seed,
    ring: RingId,
    epoch: u32,
    text: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Base64Url, CryptoError> {
    let mut padded = text.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(64), 0);
    let context = text_context(ring, epoch);
    chunked::seal(&seed.name_key(), label::RING_NAME, &context, &padded, rng).map(Into::into)
}

/// Opens a name or metadata of a ring.
///
/// # Errors
/// [`CryptoError::Rejected`] for anything else than what a member sealed for this ring and epoch.
pub fn open_text(
    seed: &Seed,
    ring: RingId,
    epoch: u32,
    sealed: &Base64Url,
) -> Result<Vec<u8>, CryptoError> {
    let context = text_context(ring, epoch);
    let opened = chunked::open(
        &seed.name_key(),
        label::RING_NAME,
        &context,
        sealed.as_slice(),
    )?;
    let end = opened
        .expose()
        .iter()
        .rposition(|byte| *byte != 0)
        .ok_or(CryptoError::Rejected)?;
    match opened.expose().split_at_checked(end) {
        Some((text, [0x80, ..])) => Ok(text.to_vec()),
        _ => Err(CryptoError::Rejected),
    }
}
