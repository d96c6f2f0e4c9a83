//! What statements say. See `spec/04-chains.md`.
//!
//! The numbers are the protocol. 13 (`tenant.set_log`) is reserved: a
//! decoder refuses them until they are specified.

use wardseal_types::{
    Base64Url, BoxedBytes, ChainKind, DeviceId, FixedBytes, GroupId, KeyId, MemberId, UserId,
    cbor::{Decode, Encode, Fault, Reader},
    cbor_array, cbor_choice, cbor_index, cbor_map, limits, words,
};

use crate::{
    escrow::Claim,
    keys::{DeviceKeys, DeviceKind, HYBRID_SIGNATURE, LogKey, TenantKey},
    ring::{BoxRef, Epoch},
};

/// What a member of a group may do.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// Opens what is sealed to the group and may rotate it.
    Member,
    /// Also adds and removes members and changes roles.
    Admin,
}

words!(Role {
    Member: "member",
    Admin: "admin",
});

cbor_index!(Role {
    1: Member,
    2: Admin
});

/// What a recipient of a session may do, as a set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rights(u8);

impl Encode for Rights {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for Rights {
    fn decode(input: &mut Reader<'_>) -> Result<Self, Fault> {
        Self::from_bits(input.small()?).ok_or(Fault::Malformed)
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

    /// How the set is called on the command line and in every language.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::MANAGE => "manage",
            Self::SHARE => "share",
            _ => "read",
        }
    }

    /// The set that is called so.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "read" => Some(Self::READ),
            "share" => Some(Self::SHARE),
            "manage" => Some(Self::MANAGE),
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
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Membership {
    /// A user or a group.
    pub member: MemberId,
    /// What it may do.
    pub role: Role,
}

cbor_array!(Membership { member, role });

/// A recipient of a session with its rights.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// A user, a group or a parent session.
    pub member: MemberId,
    /// What it may do.
    pub rights: Rights,
}

cbor_array!(Grant { member, rights });

/// How a ring lets a new member in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Entry {
    /// Into the present epoch, with full history: one box.
    History(BoxRef),
    /// From now on only: a new epoch without ladder link, with a box for every member.
    FromJoin(Epoch),
}

cbor_choice!(Entry {
    1: History(entry),
    2: FromJoin(epoch),
});

/// A new device with the proof that its private keys exist.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewDevice {
    /// Its public keys.
    pub keys: DeviceKeys,
    /// Its signature over [`possession_message`](crate::keys::possession_message).
    pub proof: BoxedBytes<HYBRID_SIGNATURE>,
}

cbor_array!(NewDevice { keys, proof });

/// Where the private keys of a password device lie.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VaultRecord {
    /// Name of the record at the vault, drawn at random.
    pub record: FixedBytes<32>,
    /// OPAQUE public key of the vault.
    pub vault_key: FixedBytes<32>,
    /// Public key under which the key server evaluates its OPRF for this record.
    pub oprf_key: FixedBytes<32>,
}

cbor_map!(VaultRecord {
    0: record,
    1: vault_key,
    2: oprf_key,
});

/// Where the private keys of a device lie that a code or a passkey opens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stored {
    /// Name of the record at the vault: a hash of the locator that the secret gives.
    pub record: FixedBytes<32>,
}

cbor_map!(Stored { 0: record });

/// Where the private keys of a device lie that two servers open together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TwoMan {
    /// Name of the record at the vault, drawn at random.
    pub record: FixedBytes<32>,
    /// Salted commitment to the address that the vault writes to
    /// ([`address_commitment`](crate::binding::address_commitment)).
    pub address: FixedBytes<32>,
    /// How many hours the vault waits before it gives its share away, at most
    /// [`MAX_DELAY`](limits::MAX_DELAY).
    pub delay: u8,
}

cbor_map!(TwoMan {
    0: record,
    1: address,
    2: delay,
});

/// Where the private keys of a device lie that administrators of a group open.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Organisation {
    /// Name of the record at the vault, drawn at random.
    pub record: FixedBytes<32>,
    /// The group whose administrators they are.
    pub group: GroupId,
    /// How many of them it takes: one or two.
    pub quorum: u8,
    /// Who they are, ascending, and not the person.
    pub helpers: Vec<UserId>,
}

cbor_map!(Organisation {
    0: record,
    1: group,
    2: quorum,
    3: helpers,
});

/// How a recovery device's private keys are kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Method {
    /// Under a password.
    Password(VaultRecord),
    /// Under a recovery code.
    Code(Stored),
    /// Under what a passkey answers.
    Passkey(Stored),
    /// Under shares of two servers.
    TwoMan(TwoMan),
    /// Under shares of administrators.
    Organisation(Organisation),
}

cbor_choice!(Method {
    1: Password(record),
    2: Code(stored),
    3: Passkey(stored),
    4: TwoMan(record),
    5: Organisation(record),
});

impl Method {
    /// The kind of device whose keys are kept so.
    #[must_use]
    pub const fn kind(&self) -> DeviceKind {
        match self {
            Self::Password(_) => DeviceKind::Password,
            Self::Code(_) => DeviceKind::Code,
            Self::Passkey(_) => DeviceKind::Passkey,
            Self::TwoMan(_) => DeviceKind::TwoMan,
            Self::Organisation(_) => DeviceKind::Organisation,
        }
    }

    /// Name of the record at the vault.
    #[must_use]
    pub const fn record(&self) -> &FixedBytes<32> {
        match self {
            Self::Password(VaultRecord { record, .. })
            | Self::Code(Stored { record })
            | Self::Passkey(Stored { record })
            | Self::TwoMan(TwoMan { record, .. })
            | Self::Organisation(Organisation { record, .. }) => record,
        }
    }

    /// Whether the numbers in it are within their limits, for a method of `user`.
    pub(crate) fn is_valid_for(&self, user: &UserId) -> bool {
        match self {
            Self::Password(_) | Self::Code(_) | Self::Passkey(_) => true,
            Self::TwoMan(method) => method.delay <= limits::MAX_DELAY,
            Self::Organisation(method) => {
                let helpers = &method.helpers;
                (1..=2).contains(&method.quorum)
                    && (usize::from(method.quorum)..=limits::MAX_HELPERS).contains(&helpers.len())
                    && helpers
                        .windows(2)
                        .all(|pair| matches!(pair, [a, b] if a < b))
                    && !helpers.contains(user)
            }
        }
    }
}

/// A change of recovery method: what it adds and what it replaces, at once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SetRecovery {
    /// The new recovery device.
    pub device: NewDevice,
    /// How its keys are kept; the device is of that kind.
    pub method: Method,
    /// The recovery device that it replaces, of the same kind.
    pub replaces: Option<DeviceId>,
    /// Into the present epoch; a replacement takes a new one with ladder link instead.
    pub entry: Option<BoxRef>,
    /// The new epoch of a replacement.
    pub epoch: Option<Epoch>,
}

cbor_map!(SetRecovery {
    0: device,
    1: method,
    2: replaces,
    3: entry,
    4: epoch,
});

/// The way back in: a recovery device that may say nothing else enters one that may say everything,
/// and shuts out what was lost, at once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recover {
    /// The new device.
    pub device: NewDevice,
    /// How its keys are kept, unless it is an ordinary one.
    pub method: Option<Method>,
    /// Devices that leave, ascending. The present password device is one of them when the new one
    /// is a password device.
    pub leave: Vec<DeviceId>,
    /// The new epoch, with ladder link.
    pub epoch: Epoch,
}

cbor_map!(Recover {
    0: device,
    1: method,
    2: leave,
    3: epoch,
});

/// Why a ring rotates although its membership did not change: a member ring lost somebody.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Cause {
    /// The member ring.
    pub member: MemberId,
    /// Its epoch that followed the loss.
    pub epoch: u32,
}

cbor_array!(Cause { member, epoch });

/// A rotation with unchanged membership.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rotation {
    /// The new epoch, with ladder link.
    pub epoch: Epoch,
    /// Losses that this rotation answers, ascending; empty when a member simply wants a new key.
    pub causes: Vec<Cause>,
}

cbor_map!(Rotation {
    0: epoch,
    1: causes,
});

/// Members that leave, and the epoch that shuts them out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Removal {
    /// Who leaves, ascending, at least one.
    pub members: Vec<MemberId>,
    /// The new epoch, with ladder link, for those who stay.
    pub epoch: Epoch,
}

cbor_map!(Removal {
    0: members,
    1: epoch,
});

/// What a statement says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Op {
    /// Genesis of a tenant: nonce, first keys, keys of its log.
    TenantCreate(FixedBytes<16>, Vec<TenantKey>, LogKey),
    /// One more key.
    TenantAddKey(TenantKey),
    /// One key less.
    TenantRevokeKey(KeyId),

    /// Genesis of a user: nonce, first device, first epoch.
    UserCreate(FixedBytes<16>, DeviceKeys, Epoch),
    /// One more device; it gets the present seed.
    AddDevice(NewDevice, BoxRef),
    /// One device less, and the epoch that shuts it out.
    RevokeDevice(Removal),
    /// A new epoch for the same devices.
    UserRotate(Rotation),
    /// A recovery method, new or in place of another.
    SetRecovery(Box<SetRecovery>),
    /// A way back in for somebody who lost every device.
    Recover(Box<Recover>),
    /// A name of the application's, bound by a token that the tenant signed.
    Bind(FixedBytes<32>, Base64Url),

    /// Genesis of a group: nonce, first members, first epoch.
    GroupCreate(FixedBytes<16>, Vec<Membership>, Epoch),
    /// One more member.
    Add(Membership, Entry),
    /// Members less.
    Remove(Removal),
    /// Another role for a member.
    SetRole(Membership),
    /// A new epoch for the same members.
    GroupRotate(Rotation),
    /// A new encrypted name, under the name key of the epoch with this number.
    Rename(u32, Base64Url),
    /// The end of the group.
    Dissolve,
    /// A name of the application's for the group, bound by a token that the tenant signed.
    GroupBind(FixedBytes<32>, Base64Url),

    /// Genesis of a session: nonce, first recipients, first epoch, label in clear if the
    /// application wants one.
    SessionCreate(FixedBytes<16>, Vec<Grant>, Epoch, Option<String>),
    /// One more recipient.
    Grant(Grant, Entry),
    /// Other rights for a recipient.
    SetRights(Grant),
    /// Recipients less.
    Revoke(Removal),
    /// A new epoch for the same recipients.
    SessionRotate(Rotation),
    /// A pending recipient takes what lies in escrow for it, and becomes a user or group.
    Claim(Box<Claim>),
    /// New encrypted metadata, under the name key of the epoch with this number.
    Describe(u32, Base64Url),
    /// The end of the session, for every recipient.
    End,
}

cbor_choice!(Op {
    10: TenantCreate(nonce, keys, log),
    11: TenantAddKey(key),
    12: TenantRevokeKey(key),
    20: UserCreate(nonce, device, epoch),
    21: AddDevice(device, entry),
    22: RevokeDevice(removal),
    23: UserRotate(rotation),
    24: SetRecovery(change),
    25: Recover(change),
    26: Bind(commitment, token),
    30: GroupCreate(nonce, members, epoch),
    31: Add(membership, entry),
    32: Remove(removal),
    33: SetRole(membership),
    34: GroupRotate(rotation),
    35: Rename(epoch, name),
    36: Dissolve(),
    37: GroupBind(commitment, token),
    40: SessionCreate(nonce, grants, epoch, label),
    41: Grant(grant, entry),
    42: SetRights(grant),
    43: Revoke(removal),
    44: SessionRotate(rotation),
    45: Claim(claim),
    46: Describe(epoch, metadata),
    47: End(),
});

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
            | Self::Recover(_)
            | Self::Bind(..) => ChainKind::User,
            Self::GroupCreate(..)
            | Self::Add(..)
            | Self::Remove(_)
            | Self::SetRole(_)
            | Self::GroupRotate(_)
            | Self::Rename(..)
            | Self::Dissolve
            | Self::GroupBind(..) => ChainKind::Group,
            Self::SessionCreate(..)
            | Self::Grant(..)
            | Self::SetRights(_)
            | Self::Revoke(_)
            | Self::SessionRotate(_)
            | Self::Claim(_)
            | Self::Describe(..)
            | Self::End => ChainKind::Session,
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
            Self::Recover(recover) => Some(&recover.epoch),
            _ => None,
        }
    }

    /// The recovery method that this enters, if any.
    #[must_use]
    pub const fn method(&self) -> Option<&Method> {
        match self {
            Self::SetRecovery(set) => Some(&set.method),
            Self::Recover(recover) => recover.method.as_ref(),
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
            Self::Claim(claim) => Some(&claim.entry),
            _ => None,
        }
    }
}
