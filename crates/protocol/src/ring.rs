//! Rings: epochs, seeds, boxes and ladder links. See `spec/03-rings.md`.

use rand_core::CryptoRng;
use wardseal_crypto::{
    CryptoError, SUITE, chunked, hash, kdf,
    kem::{self, KemPublicKey, KemSecretKey},
    label,
    secret::Secret,
    wrap,
};
use wardseal_types::{
    Base64Url, BoxedBytes, FixedBytes, MemberId, RingId, TenantId, cbor_choice, cbor_index,
    cbor_map, limits,
};

use crate::{
    cbor::{self, DecodeError},
    escrow::{Deposit, Place},
    keys::KEM_PUBLIC,
    state::Ring,
};

/// What kind of ring a seed belongs to; part of its commitment, because at the creation of a ring
/// its identifier does not exist yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RingKind {
    /// Devices of a person.
    User,
    /// Members of a group.
    Group,
    /// Recipients of a session.
    Session,
}

cbor_index!(RingKind {
    2: User,
    3: Group,
    4: Session
});

impl From<RingId> for RingKind {
    fn from(ring: RingId) -> Self {
        match ring {
            RingId::User(_) => Self::User,
            RingId::Group(_) => Self::Group,
            RingId::Session(_) => Self::Session,
        }
    }
}

/// The secret of one epoch of a ring.
#[derive(Clone, Debug)]
pub struct Seed(Secret<32>);

impl Seed {
    /// A new seed.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`] when the source of randomness is broken.
    pub fn generate(rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        Secret::generate(rng).map(Self)
    }

    /// The seed that these bytes are.
    #[must_use]
    pub const fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// The bytes, for a sealed store.
    #[must_use]
    pub const fn secret(&self) -> &Secret<32> {
        &self.0
    }

    /// The value by which a statement commits to this seed: nobody finds a second seed for it.
    #[must_use]
    pub fn commitment(&self, kind: RingKind) -> FixedBytes<32> {
        let context = cbor::encode(&(SUITE, kind));
        FixedBytes(*kdf::derive::<32>(&self.0, label::SEED_COMMITMENT, &context).expose())
    }

    /// The key pair to which others seal. Users and groups publish its public half.
    ///
    /// # Errors
    /// None in practice; see [`KemSecretKey::from_seed`].
    pub fn kem(&self) -> Result<KemSecretKey, CryptoError> {
        KemSecretKey::from_seed(&kdf::derive(&self.0, label::RING_KEM, &[]))
    }

    /// The key under which whoever holds this seed wraps seeds of the rings above.
    #[must_use]
    pub fn wrap_key(&self) -> WrapKey {
        WrapKey(kdf::derive(&self.0, label::RING_WRAP, &[]))
    }

    /// The key of the names and descriptions of the ring.
    #[must_use]
    pub fn name_key(&self) -> Secret<32> {
        kdf::derive(&self.0, label::RING_NAME, &[])
    }

    /// Seals the previous epoch's seed under this one, so that whoever holds the newest seed walks
    /// back and nobody walks forward.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn seal_link(
        &self,
        at: LinkContext<'_>,
        previous: &Self,
        rng: &mut dyn CryptoRng,
    ) -> Result<Base64Url, CryptoError> {
        let key = kdf::derive(&self.0, label::RING_LADDER, &[]);
        let sealed = chunked::seal(
            &key,
            label::BOX_LADDER,
            &at.encode(),
            previous.0.expose(),
            rng,
        )?;
        Ok(sealed.into())
    }

    /// Opens a ladder link with the seed of the epoch that carries it.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] when the link is not one to this epoch's predecessor.
    pub fn open_link(&self, at: LinkContext<'_>, link: &Base64Url) -> Result<Self, CryptoError> {
        let key = kdf::derive(&self.0, label::RING_LADDER, &[]);
        let opened = chunked::open(&key, label::BOX_LADDER, &at.encode(), link.as_slice())?;
        Secret::try_from_slice(opened.expose()).map(Self)
    }
}

/// The derived key of a symmetric wrap. Keep it when many boxes are sealed to one ring.
#[derive(Clone, Debug)]
pub struct WrapKey(Secret<32>);

/// Where a ladder link stands.
#[derive(Clone, Copy, Debug)]
pub struct LinkContext<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// The ring.
    pub ring: RingId,
    /// The epoch that carries the link, that is the newer one.
    pub epoch: u32,
}

impl LinkContext<'_> {
    fn encode(&self) -> Vec<u8> {
        cbor::encode(&(SUITE, *self.tenant, self.ring, self.epoch))
    }
}

/// An epoch as a statement declares it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Epoch {
    /// Number, from 0, without gaps.
    pub number: u32,
    /// [`Seed::commitment`].
    pub commitment: FixedBytes<32>,
    /// Public key of [`Seed::kem`]; absent for sessions, to which nobody seals.
    pub kem: Option<BoxedBytes<KEM_PUBLIC>>,
    /// The previous seed under this one; absent in epoch 0 and where new members get no history.
    pub link: Option<Base64Url>,
    /// One for each member, in ascending order of member.
    pub boxes: Vec<BoxRef>,
}

cbor_map!(Epoch {
    0: number,
    1: commitment,
    2: kem,
    3: link,
    4: boxes,
});

impl Epoch {
    /// Checks that `seed` is the seed of this epoch: that it answers the commitment, and that the
    /// public key, to which others seal, is made from it. Whoever opens a box checks this before
    /// the seed is used, because the author of the epoch could have published a key of his own.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`].
    pub fn check_seed(&self, kind: RingKind, seed: &Seed) -> Result<(), CryptoError> {
        let found = seed.commitment(kind);
        let committed = hash::ct_eq(found.as_array(), self.commitment.as_array());
        let keyed = match &self.kem {
            Some(key) => seed.kem()?.public().as_bytes() == key.as_array(),
            None => kind == RingKind::Session,
        };
        if committed && keyed {
            Ok(())
        } else {
            Err(CryptoError::Rejected)
        }
    }
}

impl<M: Copy> Ring<M> {
    /// The seed of epoch `wanted`, from the seed of the same or a newer epoch `held`, down the
    /// ladder. Every seed on the way is checked against what the chain says of its epoch.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] when a step has no link (members who joined without history do not
    /// come past it), when `wanted` is newer than `held`, and for every seed that is not the one
    /// that its epoch commits to.
    pub fn seed_of(
        &self,
        tenant: &TenantId,
        held: u32,
        seed: &Seed,
        wanted: u32,
    ) -> Result<Seed, CryptoError> {
        let kind = self.id().into();
        let declared = |number| {
            let record = self.epoch(number).ok_or(CryptoError::Rejected)?;
            Ok::<_, CryptoError>(&record.declared)
        };
        declared(held)?.check_seed(kind, seed)?;
        let (mut number, mut seed) = (held, seed.clone());
        while number > wanted {
            let epoch = declared(number)?;
            let context = LinkContext {
                tenant,
                ring: self.id(),
                epoch: number,
            };
            let link = epoch.link.as_ref().ok_or(CryptoError::Rejected)?;
            seed = seed.open_link(context, link)?;
            number = number.checked_sub(1).ok_or(CryptoError::Rejected)?;
            declared(number)?.check_seed(kind, &seed)?;
        }
        if number == wanted {
            Ok(seed)
        } else {
            Err(CryptoError::Rejected)
        }
    }
}

/// What a statement says of a box: to whom, under which key, and which bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BoxRef {
    /// The member to whom the seed is sealed.
    pub member: MemberId,
    /// The member's own epoch; 0 for a device and a pending recipient.
    pub epoch: u32,
    /// The commitment of that epoch; for a device or pending recipient its identifier.
    pub key: FixedBytes<32>,
    /// Hash of the box. Absent in a genesis, where the box is sealed after the identifier exists.
    pub hash: Option<FixedBytes<32>>,
}

cbor_map!(BoxRef {
    0: member,
    1: epoch,
    2: key,
    3: hash,
});

/// A seed, sealed to one member of a ring.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealedBox {
    /// Suite identifier.
    pub suite: u16,
    /// The ring whose seed is inside.
    pub ring: RingId,
    /// The epoch of that seed.
    pub epoch: u32,
    /// For whom.
    pub member: MemberId,
    /// The member's own epoch; 0 for a device.
    pub member_epoch: u32,
    /// How it is sealed.
    pub sealed: Sealed,
}

cbor_map!(SealedBox {
    0: suite,
    1: ring,
    2: epoch,
    3: member,
    4: member_epoch,
    5: sealed,
});

/// How a box is sealed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sealed {
    /// HPKE to the member's public key.
    Hpke(Base64Url),
    /// A wrap under the member's seed: only where the sealer holds it himself.
    Wrap(Base64Url),
    /// In escrow for a member who has no keys yet.
    Escrow(Box<Deposit>),
}

cbor_choice!(Sealed {
    1: Hpke(sealed),
    2: Wrap(sealed),
    3: Escrow(deposit),
});

/// Everything that a box is bound to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BoxContext {
    /// The tenant.
    pub tenant: TenantId,
    /// The ring whose seed is inside.
    pub ring: RingId,
    /// The epoch of that seed.
    pub epoch: u32,
    /// For whom.
    pub member: MemberId,
    /// The member's own epoch; 0 for a device.
    pub member_epoch: u32,
    /// The commitment of that epoch; for a device its identifier.
    pub key: FixedBytes<32>,
}

impl BoxContext {
    fn encode(&self) -> Vec<u8> {
        cbor::encode(&(
            SUITE,
            self.tenant,
            self.ring,
            self.epoch,
            self.member,
            self.member_epoch,
            self.key,
        ))
    }

    const fn boxed(&self, sealed: Sealed) -> SealedBox {
        SealedBox {
            suite: SUITE,
            ring: self.ring,
            epoch: self.epoch,
            member: self.member,
            member_epoch: self.member_epoch,
            sealed,
        }
    }

    /// Seals `seed` to the member's public key.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`] and [`CryptoError::Randomness`].
    pub fn seal(
        &self,
        to: &KemPublicKey,
        seed: &Seed,
        rng: &mut dyn CryptoRng,
    ) -> Result<SealedBox, CryptoError> {
        let sealed = kem::seal(to, label::BOX_HPKE, &self.encode(), seed.0.expose(), rng)?;
        Ok(self.boxed(Sealed::Hpke(sealed.into())))
    }

    /// Wraps `seed` under the member's seed, which the sealer holds.
    ///
    /// # Errors
    /// As [`wrap::seal`]: none in practice.
    pub fn wrap(
        &self,
        under: &WrapKey,
        seed: &Seed,
        rng: &mut dyn CryptoRng,
    ) -> Result<SealedBox, CryptoError> {
        let sealed = wrap::seal(&under.0, label::BOX_WRAP, &self.encode(), &seed.0, rng)?;
        Ok(self.boxed(Sealed::Wrap(sealed.to_vec().into())))
    }

    /// Whether the seed with which a ring opens is the one that the box names. A wrap does not commit
    /// to its key; so nobody ever opens one with another key than the statement says.
    fn names(&self, opener: Opener<'_>) -> bool {
        let Opener::Ring(seed) = opener else {
            // A device is named by its identifier, and HPKE binds its key.
            return true;
        };
        self.member.ring().is_some_and(|ring| {
            let held = seed.commitment(ring.into());
            hash::ct_eq(held.as_array(), self.key.as_array())
        })
    }

    /// Opens a box with the member's keys and checks the seed against `commitment`.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] for whatever is not the box of this context with the seed of this
    /// commitment.
    pub fn open(
        &self,
        sealed: &SealedBox,
        opener: Opener<'_>,
        commitment: &FixedBytes<32>,
    ) -> Result<Seed, CryptoError> {
        if *sealed != self.boxed(sealed.sealed.clone()) || !self.names(opener) {
            return Err(CryptoError::Rejected);
        }
        let context = self.encode();
        let by_hpke = |key: &KemSecretKey, bytes: &Base64Url| {
            let opened = kem::open(key, label::BOX_HPKE, &context, bytes.as_slice())?;
            Secret::try_from_slice(opened.expose())
        };
        let opened = match (&sealed.sealed, opener) {
            (Sealed::Hpke(bytes), Opener::Device(key)) => by_hpke(key, bytes)?,
            (Sealed::Hpke(bytes), Opener::Ring(seed)) => by_hpke(&seed.kem()?, bytes)?,
            (Sealed::Wrap(bytes), Opener::Ring(seed)) => wrap::open(
                &seed.wrap_key().0,
                label::BOX_WRAP,
                &context,
                bytes.as_slice(),
            )?,
            // What lies in escrow is opened with the shares, see `escrow`.
            (Sealed::Wrap(_), Opener::Device(_)) | (Sealed::Escrow(_), _) => {
                return Err(CryptoError::Rejected);
            }
        };
        let seed = Seed(opened);
        let found = seed.commitment(self.ring.into());
        if hash::ct_eq(found.as_array(), commitment.as_array()) {
            Ok(seed)
        } else {
            Err(CryptoError::Rejected)
        }
    }
}

/// With what a member opens a box.
#[derive(Clone, Copy, Debug)]
pub enum Opener<'a> {
    /// A device's private key.
    Device(&'a KemSecretKey),
    /// The seed of the member ring, of the epoch that the box names.
    Ring(&'a Seed),
}

impl SealedBox {
    /// The hash by which a statement names this box.
    #[must_use]
    pub fn hash(&self) -> FixedBytes<32> {
        FixedBytes(hash::hash(label::BOX_HASH, &[&cbor::encode(self)]))
    }

    /// Reads a box.
    ///
    /// # Errors
    /// See [`DecodeError`]; another suite than ours is malformed.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let sealed: Self = cbor::decode(bytes, limits::MAX_BOX)?;
        if sealed.suite == SUITE && sealed.is_consistent() {
            Ok(sealed)
        } else {
            Err(DecodeError::Malformed)
        }
    }

    /// A pending recipient has a deposit on its own terms, and nobody else has one.
    fn is_consistent(&self) -> bool {
        match (&self.sealed, self.member) {
            (Sealed::Escrow(deposit), MemberId::Pending(pending)) => {
                self.member_epoch == 0 && deposit.is_whole() && deposit.terms.id() == pending
            }
            (Sealed::Escrow(_), _) | (_, MemberId::Pending(_)) => false,
            _ => true,
        }
    }

    /// The deposit inside and its place, if this is the box of a pending recipient.
    #[must_use]
    pub fn deposit(&self, tenant: TenantId) -> Option<(Place, &Deposit)> {
        match (&self.sealed, self.ring, self.member) {
            (Sealed::Escrow(deposit), RingId::Session(session), MemberId::Pending(pending)) => {
                let place = Place {
                    tenant,
                    session,
                    epoch: self.epoch,
                    pending,
                };
                Some((place, deposit))
            }
            _ => None,
        }
    }

    /// The box that holds a deposit.
    #[must_use]
    pub fn of_deposit(place: &Place, deposit: Deposit) -> Self {
        Self {
            suite: SUITE,
            ring: RingId::Session(place.session),
            epoch: place.epoch,
            member: MemberId::Pending(place.pending),
            member_epoch: 0,
            sealed: Sealed::Escrow(Box::new(deposit)),
        }
    }

    /// Whether this is the box that `reference` names, in a ring's `epoch`.
    #[must_use]
    pub fn answers(&self, ring: RingId, epoch: u32, reference: &BoxRef) -> bool {
        self.ring == ring
            && self.epoch == epoch
            && self.member == reference.member
            && self.member_epoch == reference.epoch
            && reference.hash.is_none_or(|hash| hash == self.hash())
    }
}
