//! Who gets a request: a group, or a facility that has none yet.

use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};
use wardseal_types::GroupId;

/// Most bytes of an identifier: names at the key server have as many.
const MOST: usize = 64;

/// What a facility is called by in a public register, with the register's name before it:
/// `finess:750000001`, `ik:260100000`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Identifier(String);

/// The text names nobody.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReceiverError {
    /// No identifier.
    #[error(
        "an identifier is like finess:750000001: a register in small letters, a colon, and letters, digits or . _ -"
    )]
    Identifier,
    /// Neither a group nor an identifier.
    #[error("a receiver is a group, or an identifier like finess:750000001")]
    Receiver,
}

impl Identifier {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Identifier {
    type Err = ReceiverError;

    fn from_str(text: &str) -> Result<Self, ReceiverError> {
        let is_identifier = text.len() <= MOST
            && text.split_once(':').is_some_and(|(register, number)| {
                let letters = |text: &str, more: &str| {
                    !text.is_empty()
                        && text
                            .chars()
                            .all(|letter| letter.is_ascii_alphanumeric() || more.contains(letter))
                };
                register.chars().all(|letter| letter.is_ascii_lowercase())
                    && letters(register, "")
                    && letters(number, "._-")
            });
        if is_identifier {
            Ok(Self(text.to_owned()))
        } else {
            Err(ReceiverError::Identifier)
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who gets a request.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Receiver {
    /// A registered facility.
    Group(GroupId),
    /// A facility that is not registered yet.
    Announced(Identifier),
}

impl Receiver {
    /// The group, if there is one.
    #[must_use]
    pub const fn group(&self) -> Option<GroupId> {
        match self {
            Self::Group(group) => Some(*group),
            Self::Announced(_) => None,
        }
    }
}

impl From<GroupId> for Receiver {
    fn from(group: GroupId) -> Self {
        Self::Group(group)
    }
}

impl FromStr for Receiver {
    type Err = ReceiverError;

    fn from_str(text: &str) -> Result<Self, ReceiverError> {
        // No identifier of the platform has a colon.
        if text.contains(':') {
            return text.parse().map(Self::Announced);
        }
        text.parse()
            .map(Self::Group)
            .map_err(|_| ReceiverError::Receiver)
    }
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => fmt::Display::fmt(group, f),
            Self::Announced(identifier) => fmt::Display::fmt(identifier, f),
        }
    }
}

impl PartialSchema for Receiver {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "A group, or the identifier of a facility that has none yet: finess:750000001.",
            ))
            .into()
    }
}

impl ToSchema for Receiver {}

macro_rules! as_text {
    ($($type:ty),+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    )+};
}

as_text!(Identifier, Receiver);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_is_a_group_or_an_identifier() {
        let group = GroupId::from_bytes([1; 32]);
        assert_eq!(group.to_string().parse(), Ok(Receiver::Group(group)));
        for good in ["finess:750000001", "ik:260100000", "register:a.b_c-d"] {
            let found: Receiver = good.parse().unwrap();
            assert_eq!(found.to_string(), good);
            assert_eq!(found.group(), None);
        }
        let long = format!("finess:{}", "1".repeat(58));
        for bad in [
            "",
            ":",
            "finess:",
            ":1",
            "Finess:1",
            "fin ess:1",
            "finess:1 2",
            "finess:é",
            "grp_x",
            "a:b:c",
            &long,
        ] {
            assert!(bad.parse::<Receiver>().is_err(), "{bad}");
        }
    }
}
