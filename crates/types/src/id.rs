//! A type for every identifier. See `spec/01-names.md`.
//!
//! An identifier of a chain is the hash of its genesis statement, so whoever has the statement can
//! check the name. The text form is a prefix, an underscore and lower-case base32 without padding
//! (RFC 4648 section 6): it survives double clicks, file systems and telephones. Parsing accepts
//! that form and no other.

use core::{fmt, str::FromStr};

use base32ct::{Base32Unpadded, Encoding as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    cbor::{Decode, Encode, Fault, Reader, write_bytes, write_tagged},
    cbor_index,
    json::{FromJson, ToJson, Value},
};

/// Why a text is not an identifier.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// The text carries the prefix of another kind, or none.
    #[error("expected an identifier that starts with \"{expected}_\"")]
    Prefix {
        /// The prefix that was expected, without underscore.
        expected: &'static str,
    },
    /// What follows the prefix is not the canonical text of the right number of bytes.
    #[error("the identifier is damaged: copy it again in full")]
    Malformed,
}

/// Writes prefix, underscore and bytes.
fn write_id(f: &mut fmt::Formatter<'_>, prefix: &str, bytes: &[u8]) -> fmt::Result {
    f.write_str(prefix)?;
    f.write_str("_")?;
    f.write_str(&Base32Unpadded::encode_string(bytes))
}

/// Reads what [`write_id`] wrote.
fn read_id(text: &str, prefix: &'static str, bytes: &mut [u8]) -> Result<(), IdError> {
    let body = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .ok_or(IdError::Prefix { expected: prefix })?;
    let read = Base32Unpadded::decode(body, bytes).map(<[u8]>::len);
    // The decoder does not look at the bits after the last byte.
    if read == Ok(bytes.len()) && Base32Unpadded::encode_string(bytes) == body {
        Ok(())
    } else {
        Err(IdError::Malformed)
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name([u8; $len]);

        impl $name {
            /// What the text form starts with, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Takes the bytes as they are. Only a hash that was just computed, random bytes and
            /// bytes that are checked afterwards should become an identifier this way.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_id(f, $prefix, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let mut bytes = [0; $len];
                read_id(text, $prefix, &mut bytes)?;
                Ok(Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }

        impl ToJson for $name {
            fn write(&self, out: &mut String) {
                self.to_string().write(out);
            }
        }

        impl FromJson for $name {
            fn read(value: &Value<'_>) -> Option<Self> {
                value.text()?.parse().ok()
            }
        }

        impl Encode for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                write_bytes(out, &self.0);
            }
        }

        impl Decode for $name {
            fn decode(input: &mut Reader<'_>) -> Result<Self, Fault> {
                input
                    .bytes()?
                    .try_into()
                    .map(Self)
                    .map_err(|_| Fault::Malformed)
            }
        }
    };
}

id!(
    /// A tenant: an application, or one customer of it. Hash of the genesis of its chain; what
    /// clients pin.
    TenantId, "ten", 32
);
id!(
    /// A person's identity. Hash of the genesis of the user chain.
    UserId, "usr", 32
);
id!(
    /// A group of people. Hash of the genesis of the group chain.
    GroupId, "grp", 32
);
id!(
    /// A sealed session. Hash of the genesis of the session chain.
    SessionId, "ses", 32
);
id!(
    /// A device, or a recovery method (which is a device): hash of its public keys.
    DeviceId, "dev", 32
);
id!(
    /// A signing key of a tenant: hash of its public key.
    KeyId, "key", 32
);
id!(
    /// A sealed object, named at random by whoever seals it.
    ObjectId, "obj", 16
);
id!(
    /// A recipient who has no keys yet: hash of the terms under which a seed lies in escrow.
    PendingId, "pnd", 32
);
id!(
    /// The hash of a signed statement.
    StatementHash, "sth", 32
);

/// What kind of history a chain is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainKind {
    /// Signing keys of a tenant.
    Tenant,
    /// Devices and recovery methods of a person.
    User,
    /// Members of a group.
    Group,
    /// Recipients of a session.
    Session,
}

/// The identifier of a chain of any kind.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ChainId {
    /// A tenant's chain.
    Tenant(TenantId),
    /// A user's chain.
    User(UserId),
    /// A group's chain.
    Group(GroupId),
    /// A session's chain.
    Session(SessionId),
}

/// A ring: whatever holds a secret over time. Every chain but a tenant's is the history of one.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum RingId {
    /// The devices and recovery methods of a person.
    User(UserId),
    /// Members of a group.
    Group(GroupId),
    /// Recipients of a session.
    Session(SessionId),
}

/// To whom a seed can be sealed: the member of a ring.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum MemberId {
    /// A device or recovery method, member of a user ring.
    Device(DeviceId),
    /// A user, member of groups and sessions.
    User(UserId),
    /// A group, member of groups and sessions.
    Group(GroupId),
    /// A parent session, member of a session.
    Session(SessionId),
    /// A recipient who has no keys yet, member of a session until he claims it.
    Pending(PendingId),
}

/// Whom the tenant can give a name: a user or a group.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum NamedId {
    /// A person.
    User(UserId),
    /// A facility, a team: whoever is in the group.
    Group(GroupId),
}

macro_rules! sum {
    ($name:ident, $expected:literal { $($variant:ident($inner:ident, $prefix:literal) = $tag:literal),+ }) => {
        impl $name {
            /// The bytes of the identifier, without its kind.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                match self { $(Self::$variant(id) => id.as_bytes(),)+ }
            }

            /// The number of the kind, as it stands in CBOR.
            #[must_use]
            pub const fn tag(&self) -> u8 {
                match self { $(Self::$variant(_) => $tag,)+ }
            }

            /// The identifier with this kind number, if there is such a kind.
            #[must_use]
            pub const fn from_parts(tag: u8, bytes: [u8; 32]) -> Option<Self> {
                match tag {
                    $($tag => Some(Self::$variant($inner::from_bytes(bytes))),)+
                    _ => None,
                }
            }
        }

        $(impl From<$inner> for $name {
            fn from(id: $inner) -> Self {
                Self::$variant(id)
            }
        })+

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $(Self::$variant(id) => fmt::Display::fmt(id, f),)+ }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                $(if text.starts_with(concat!($prefix, "_")) {
                    return text.parse().map(Self::$variant);
                })+
                Err(IdError::Prefix { expected: $expected })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }

        impl ToJson for $name {
            fn write(&self, out: &mut String) {
                self.to_string().write(out);
            }
        }

        impl FromJson for $name {
            fn read(value: &Value<'_>) -> Option<Self> {
                value.text()?.parse().ok()
            }
        }

        impl Encode for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                write_tagged(out, self.tag(), self.as_bytes());
            }
        }

        impl Decode for $name {
            fn decode(input: &mut Reader<'_>) -> Result<Self, Fault> {
                let (tag, bytes) = input.tagged()?;
                Self::from_parts(tag, *bytes).ok_or(Fault::Malformed)
            }
        }
    };
}

sum!(ChainId, "ten_, usr_, grp_ or ses" { Tenant(TenantId, "ten") = 1, User(UserId, "usr") = 2, Group(GroupId, "grp") = 3, Session(SessionId, "ses") = 4 });
sum!(RingId, "usr_, grp_ or ses" { User(UserId, "usr") = 2, Group(GroupId, "grp") = 3, Session(SessionId, "ses") = 4 });
sum!(NamedId, "usr_ or grp" { User(UserId, "usr") = 2, Group(GroupId, "grp") = 3 });
sum!(MemberId, "usr_, grp_, ses_, dev_ or pnd" { User(UserId, "usr") = 2, Group(GroupId, "grp") = 3, Session(SessionId, "ses") = 4, Device(DeviceId, "dev") = 5, Pending(PendingId, "pnd") = 6 });

impl ChainId {
    /// What kind of history this is.
    #[must_use]
    pub const fn kind(&self) -> ChainKind {
        match self {
            Self::Tenant(_) => ChainKind::Tenant,
            Self::User(_) => ChainKind::User,
            Self::Group(_) => ChainKind::Group,
            Self::Session(_) => ChainKind::Session,
        }
    }
}

impl ChainId {
    /// The ring whose history this chain is; a tenant has none.
    #[must_use]
    pub const fn into_ring(self) -> Option<RingId> {
        match self {
            Self::Tenant(_) => None,
            Self::User(id) => Some(RingId::User(id)),
            Self::Group(id) => Some(RingId::Group(id)),
            Self::Session(id) => Some(RingId::Session(id)),
        }
    }
}

impl ChainKind {
    /// The number of the kind, as it stands in CBOR.
    #[must_use]
    pub const fn tag(self) -> u8 {
        match self {
            Self::Tenant => 1,
            Self::User => 2,
            Self::Group => 3,
            Self::Session => 4,
        }
    }

    /// The identifier of this kind that has these bytes.
    #[must_use]
    pub const fn with_bytes(self, bytes: [u8; 32]) -> ChainId {
        match self {
            Self::Tenant => ChainId::Tenant(TenantId::from_bytes(bytes)),
            Self::User => ChainId::User(UserId::from_bytes(bytes)),
            Self::Group => ChainId::Group(GroupId::from_bytes(bytes)),
            Self::Session => ChainId::Session(SessionId::from_bytes(bytes)),
        }
    }
}

impl From<RingId> for ChainId {
    fn from(ring: RingId) -> Self {
        match ring {
            RingId::User(id) => Self::User(id),
            RingId::Group(id) => Self::Group(id),
            RingId::Session(id) => Self::Session(id),
        }
    }
}

impl MemberId {
    /// The ring that this member is, unless it is a device or a pending recipient.
    #[must_use]
    pub const fn ring(&self) -> Option<RingId> {
        match self {
            Self::Device(_) | Self::Pending(_) => None,
            Self::User(id) => Some(RingId::User(*id)),
            Self::Group(id) => Some(RingId::Group(*id)),
            Self::Session(id) => Some(RingId::Session(*id)),
        }
    }
}

impl From<NamedId> for RingId {
    fn from(named: NamedId) -> Self {
        match named {
            NamedId::User(id) => Self::User(id),
            NamedId::Group(id) => Self::Group(id),
        }
    }
}

impl From<NamedId> for ChainId {
    fn from(named: NamedId) -> Self {
        RingId::from(named).into()
    }
}

impl From<NamedId> for MemberId {
    fn from(named: NamedId) -> Self {
        RingId::from(named).into()
    }
}

impl From<RingId> for MemberId {
    fn from(ring: RingId) -> Self {
        match ring {
            RingId::User(id) => Self::User(id),
            RingId::Group(id) => Self::Group(id),
            RingId::Session(id) => Self::Session(id),
        }
    }
}

cbor_index!(ChainKind {
    1: Tenant,
    2: User,
    3: Group,
    4: Session,
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_round_trips() {
        let id = UserId::from_bytes([7; 32]);
        let text = id.to_string();
        assert!(text.starts_with("usr_"));
        assert_eq!(text.len(), 4 + 52);
        assert_eq!(text.parse::<UserId>(), Ok(id));
        assert_eq!(text.parse::<MemberId>(), Ok(MemberId::User(id)));
    }

    #[test]
    fn another_prefix_is_refused_by_name() {
        let text = UserId::from_bytes([7; 32]).to_string();
        assert_eq!(
            text.parse::<GroupId>(),
            Err(IdError::Prefix { expected: "grp" })
        );
        assert!("".parse::<GroupId>().is_err());
        assert!("usr".parse::<UserId>().is_err());
    }

    #[test]
    fn only_the_canonical_text_is_accepted() {
        let text = GroupId::from_bytes([255; 32]).to_string();
        let upper = text.to_uppercase();
        let longer = format!("{text}a");
        let padded = format!("{text}====");
        // 32 bytes fill 51 symbols and one bit of the 52nd: four trailing bits must be zero.
        let mut trailing = text.clone();
        trailing.pop();
        trailing.push('7');
        for bad in [
            upper,
            longer,
            padded,
            trailing,
            text.chars().take(50).collect(),
            format!(" {text}"),
        ] {
            assert!(bad.parse::<GroupId>().is_err(), "{bad}");
        }
    }

    fn encoded(value: &dyn Encode) -> Vec<u8> {
        let mut bytes = Vec::new();
        value.encode(&mut bytes);
        bytes
    }

    #[test]
    fn kinds_stand_in_the_encoding() {
        let user = encoded(&MemberId::User(UserId::from_bytes([1; 32])));
        let group = encoded(&MemberId::Group(GroupId::from_bytes([1; 32])));
        assert_ne!(user, group);
        let mut unknown = user;
        unknown[1] = 9;
        assert!(MemberId::decode(&mut Reader::new(&unknown)).is_err());
        // A ring is never a device.
        let device = encoded(&MemberId::Device(DeviceId::from_bytes([1; 32])));
        assert!(RingId::decode(&mut Reader::new(&device)).is_err());
    }
}
