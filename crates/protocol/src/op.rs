//! What statements say. See `spec/04-chains.md`.
//!
//! The numbers are the protocol. 13 (`tenant.set_log`), 25 (`user.recover`) and 45
//! (`session.claim`) are reserved: a decoder refuses them until they are specified.

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use wardseal_types::{Base64Url, BoxedBytes, ChainKind, DeviceId, FixedBytes, KeyId, MemberId};

use crate::{
    keys::{DeviceKeys, HYBRID_SIGNATURE, LogKey, TenantKey},
    ring::{BoxRef, Epoch},
};

/// What a member of a group may do.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, Ord, PartialEq, PartialOrd)]
#[cbor(index_only)]
pub enum Role {
    /// Opens what is sealed to the group and may rotate it.
    #[n(1)]
    Member,
    /// Also adds and removes members and changes roles.
    #[n(2)]
    Admin,
}

/// What a recipient of a session may do, as a set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rights(u8);

impl<C> Encode<C> for Rights {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.u8(self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Rights {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Self::from_bits(d.u8()?).ok_or_else(|| decode::Error::message("unknown set of rights"))
    }
}

impl Rights {
    /// Open and write.
    pub const READ: Self = Self(1);
    /// Also grant others what one holds.
    pub const SHARE: Self = Self(3);
    /// Also change rights, revoke and rotate.
    pub const MANAGE: Self = Self(7);

    /// The set with these bits; `None` unless it is one of the three.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            1 | 3 | 7 => Some(Self(bits)),
            _ => None,
        }
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether everything in `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in both sets. The three sets are nested, so this is the smaller one.
    #[must_use]
    pub const fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A member of a group with its role.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq)]
pub struct Membership {
    /// A user or a group.
    #[n(0)]
    pub member: MemberId,
    /// What it may do.
    #[n(1)]
    pub role: Role,
}

/// A recipient of a session with its rights.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq)]
pub struct Grant {
    /// A user, a group or a parent session.
    #[n(0)]
    pub member: MemberId,
    /// What it may do.
    #[n(1)]
    pub rights: Rights,
}

/// How a ring lets a new member in.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq)]
pub enum Entry {
    /// Into the present epoch, with full history: one box.
    #[n(1)]
    History(#[n(0)] BoxRef),
    /// From now on only: a new epoch without ladder link, with a box for every member.
    #[n(2)]
    FromJoin(#[n(0)] Epoch),
}

/// A new device with the proof that its private keys exist.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq)]
pub struct NewDevice {
    /// Its public keys.
    #[n(0)]
    pub keys: DeviceKeys,
    /// Its signature over [`possession_message`](crate::keys::possession_message).
    #[n(1)]
    pub proof: BoxedBytes<HYBRID_SIGNATURE>,
}

/// Where the private keys of a password device lie.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[cbor(map)]
pub struct VaultRecord {
    /// Name of the record at the vault, drawn at random.
    #[n(0)]
    pub record: FixedBytes<32>,
    /// OPAQUE public key of the vault.
    #[n(1)]
    pub vault_key: FixedBytes<32>,
    /// Public key under which the key server evaluates its OPRF for this record.
    #[n(2)]
    pub oprf_key: FixedBytes<32>,
}

/// A change of recovery method: what it adds and what it replaces, at once.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[cbor(map)]
pub struct SetRecovery {
    /// The new recovery device.
    #[n(0)]
    pub device: NewDevice,
    /// Where its keys lie.
    #[n(1)]
    pub vault: VaultRecord,
    /// The recovery device that it replaces.
    #[n(2)]
    pub replaces: Option<DeviceId>,
    /// Into the present epoch; a replacement takes a new one with ladder link instead.
    #[n(3)]
    pub entry: Option<BoxRef>,
    /// The new epoch of a replacement.
    #[n(4)]
    pub epoch: Option<Epoch>,
}

/// Why a ring rotates although its membership did not change: a member ring lost somebody.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, Ord, PartialEq, PartialOrd)]
pub struct Cause {
    /// The member ring.
    #[n(0)]
    pub member: MemberId,
    /// Its epoch that followed the loss.
    #[n(1)]
    pub epoch: u32,
}

/// A rotation with unchanged membership.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[cbor(map)]
pub struct Rotation {
    /// The new epoch, with ladder link.
    #[n(0)]
    pub epoch: Epoch,
    /// Losses that this rotation answers, ascending; empty when a member simply wants a new key.
    #[n(1)]
    pub causes: Vec<Cause>,
}

/// Members that leave, and the epoch that shuts them out.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[cbor(map)]
pub struct Removal {
    /// Who leaves, ascending, at least one.
    #[n(0)]
    pub members: Vec<MemberId>,
    /// The new epoch, with ladder link, for those who stay.
    #[n(1)]
    pub epoch: Epoch,
}

/// What a statement says.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq)]
pub enum Op {
    /// Genesis of a tenant: nonce, first keys, keys of its log.
    #[n(10)]
    TenantCreate(
        #[n(0)] FixedBytes<16>,
        #[n(1)] Vec<TenantKey>,
        #[n(2)] LogKey,
    ),
    /// One more key.
    #[n(11)]
    TenantAddKey(#[n(0)] TenantKey),
    /// One key less.
    #[n(12)]
    TenantRevokeKey(#[n(0)] KeyId),

    /// Genesis of a user: nonce, first device, first epoch.
    #[n(20)]
    UserCreate(#[n(0)] FixedBytes<16>, #[n(1)] DeviceKeys, #[n(2)] Epoch),
    /// One more device; it gets the present seed.
    #[n(21)]
    AddDevice(#[n(0)] NewDevice, #[n(1)] BoxRef),
    /// One device less, and the epoch that shuts it out.
    #[n(22)]
    RevokeDevice(#[n(0)] Removal),
    /// A new epoch for the same devices.
    #[n(23)]
    UserRotate(#[n(0)] Rotation),
    /// A recovery method, new or in place of another.
    #[n(24)]
    SetRecovery(#[n(0)] Box<SetRecovery>),
    /// A name of the application's, bound by a token that the tenant signed.
    #[n(26)]
    Bind(#[n(0)] FixedBytes<32>, #[n(1)] Base64Url),

    /// Genesis of a group: nonce, first members, first epoch.
    #[n(30)]
    GroupCreate(
        #[n(0)] FixedBytes<16>,
        #[n(1)] Vec<Membership>,
        #[n(2)] Epoch,
    ),
    /// One more member.
    #[n(31)]
    Add(#[n(0)] Membership, #[n(1)] Entry),
    /// Members less.
    #[n(32)]
    Remove(#[n(0)] Removal),
    /// Another role for a member.
    #[n(33)]
    SetRole(#[n(0)] Membership),
    /// A new epoch for the same members.
    #[n(34)]
    GroupRotate(#[n(0)] Rotation),
    /// A new encrypted name, under the name key of the epoch with this number.
    #[n(35)]
    Rename(#[n(0)] u32, #[n(1)] Base64Url),
    /// The end of the group.
    #[n(36)]
    Dissolve,

    /// Genesis of a session: nonce, first recipients, first epoch, label in clear if the
    /// application wants one.
    #[n(40)]
    SessionCreate(
        #[n(0)] FixedBytes<16>,
        #[n(1)] Vec<Grant>,
        #[n(2)] Epoch,
        #[n(3)] Option<String>,
    ),
    /// One more recipient.
    #[n(41)]
    Grant(#[n(0)] Grant, #[n(1)] Entry),
    /// Other rights for a recipient.
    #[n(42)]
    SetRights(#[n(0)] Grant),
    /// Recipients less.
    #[n(43)]
    Revoke(#[n(0)] Removal),
    /// A new epoch for the same recipients.
    #[n(44)]
    SessionRotate(#[n(0)] Rotation),
    /// New encrypted metadata, under the name key of the epoch with this number.
    #[n(46)]
    Describe(#[n(0)] u32, #[n(1)] Base64Url),
}

impl Op {
    /// The kind of chain in which this is said.
    #[must_use]
    pub const fn kind(&self) -> ChainKind {
        match self {
            Self::TenantCreate(..) | Self::TenantAddKey(_) | Self::TenantRevokeKey(_) => {
                ChainKind::Tenant
            }
            Self::UserCreate(..)
            | Self::AddDevice(..)
            | Self::RevokeDevice(_)
            | Self::UserRotate(_)
            | Self::SetRecovery(_)
            | Self::Bind(..) => ChainKind::User,
            Self::GroupCreate(..)
            | Self::Add(..)
            | Self::Remove(_)
            | Self::SetRole(_)
            | Self::GroupRotate(_)
            | Self::Rename(..)
            | Self::Dissolve => ChainKind::Group,
            Self::SessionCreate(..)
            | Self::Grant(..)
            | Self::SetRights(_)
            | Self::Revoke(_)
            | Self::SessionRotate(_)
            | Self::Describe(..) => ChainKind::Session,
        }
    }

    /// Whether this is the first statement of a chain.
    #[must_use]
    pub const fn is_genesis(&self) -> bool {
        matches!(
            self,
            Self::TenantCreate(..)
                | Self::UserCreate(..)
                | Self::GroupCreate(..)
                | Self::SessionCreate(..)
        )
    }

    /// The epoch that this opens, if any.
    #[must_use]
    pub const fn epoch(&self) -> Option<&Epoch> {
        match self {
            Self::UserCreate(_, _, epoch)
            | Self::GroupCreate(_, _, epoch)
            | Self::SessionCreate(_, _, epoch, _)
            | Self::Add(_, Entry::FromJoin(epoch))
            | Self::Grant(_, Entry::FromJoin(epoch)) => Some(epoch),
            Self::RevokeDevice(removal) | Self::Remove(removal) | Self::Revoke(removal) => {
                Some(&removal.epoch)
            }
            Self::UserRotate(rotation)
            | Self::GroupRotate(rotation)
            | Self::SessionRotate(rotation) => Some(&rotation.epoch),
            Self::SetRecovery(set) => set.epoch.as_ref(),
            _ => None,
        }
    }

    /// The box that this adds to the present epoch, if any.
    #[must_use]
    pub const fn entry(&self) -> Option<&BoxRef> {
        match self {
            Self::AddDevice(_, entry)
            | Self::Add(_, Entry::History(entry))
            | Self::Grant(_, Entry::History(entry)) => Some(entry),
            Self::SetRecovery(set) => set.entry.as_ref(),
            _ => None,
        }
    }
}
