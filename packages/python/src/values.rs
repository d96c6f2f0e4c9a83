//! Values on their way to and from Python: texts, numbers and dictionaries.

use core::str::FromStr;

use pyo3::{exceptions::PyValueError, prelude::*};
use wardseal_sdk::{Error, Right, Role, Visibility, client::types::IdError};

use crate::raised;

/// An identifier.
pub(crate) fn id<I: FromStr<Err = IdError>>(text: &str) -> PyResult<I> {
    text.parse().map_err(|error| raised(Error::from(error)))
}

/// Identifiers.
pub(crate) fn ids<I: FromStr<Err = IdError>>(texts: &[String]) -> PyResult<Vec<I>> {
    texts.iter().map(|text| id(text)).collect()
}

/// `read`, `share` or `manage`.
pub(crate) fn right(word: &str) -> PyResult<Right> {
    match word {
        "read" => Ok(Right::Read),
        "share" => Ok(Right::Share),
        "manage" => Ok(Right::Manage),
        _ => Err(PyValueError::new_err(
            "a right is \"read\", \"share\" or \"manage\"",
        )),
    }
}

/// `member` or `admin`.
pub(crate) fn role(word: &str) -> PyResult<Role> {
    Role::from_word(word).ok_or_else(|| PyValueError::new_err("a role is \"member\" or \"admin\""))
}

pub(crate) const fn visibility(from_join: bool) -> Visibility {
    if from_join {
        Visibility::FromJoin
    } else {
        Visibility::Full
    }
}

/// Who is signed in.
#[derive(IntoPyObject)]
pub(crate) struct Profile {
    tenant: String,
    user: String,
    device: String,
}

impl From<wardseal_sdk::Profile> for Profile {
    fn from(profile: wardseal_sdk::Profile) -> Self {
        Self {
            tenant: profile.tenant.to_string(),
            user: profile.user.to_string(),
            device: profile.device.to_string(),
        }
    }
}

/// A device.
#[derive(IntoPyObject)]
pub(crate) struct Device {
    id: String,
    kind: &'static str,
    current: bool,
}

impl From<wardseal_sdk::Device> for Device {
    fn from(device: wardseal_sdk::Device) -> Self {
        Self {
            id: device.id.to_string(),
            kind: device.kind.word(),
            current: device.current,
        }
    }
}

/// A group.
#[derive(IntoPyObject)]
pub(crate) struct Group {
    id: String,
    name: Option<String>,
    members: Vec<(String, &'static str)>,
    role: Option<&'static str>,
    epoch: u32,
    dissolved: bool,
}

impl From<wardseal_sdk::Group> for Group {
    fn from(group: wardseal_sdk::Group) -> Self {
        Self {
            id: group.id.to_string(),
            name: group.name,
            members: group
                .members
                .iter()
                .map(|member| (member.member.to_string(), member.role.word()))
                .collect(),
            role: group.role.map(Role::word),
            epoch: group.epoch,
            dissolved: group.dissolved,
        }
    }
}

/// A session; its metadata as the JSON that they are.
#[derive(IntoPyObject)]
pub(crate) struct Session {
    id: String,
    recipients: Vec<Recipient>,
    right: &'static str,
    epoch: u32,
    label: Option<String>,
    metadata: Option<String>,
}

/// A recipient of a session.
#[derive(IntoPyObject)]
pub(crate) struct Recipient {
    id: String,
    right: &'static str,
}

impl From<wardseal_sdk::Session> for Session {
    fn from(session: wardseal_sdk::Session) -> Self {
        Self {
            id: session.id.to_string(),
            recipients: session
                .recipients
                .into_iter()
                .map(|recipient| Recipient {
                    id: recipient.id.to_string(),
                    right: recipient.right.as_str(),
                })
                .collect(),
            right: session.right.as_str(),
            epoch: session.epoch,
            label: session.label,
            metadata: session.metadata.map(|metadata| metadata.to_string()),
        }
    }
}

/// What an object says of itself.
#[derive(IntoPyObject)]
pub(crate) struct Header {
    tenant: String,
    session: String,
    object: String,
    version: u64,
    epoch: u32,
    author: String,
    device: String,
    /// Milliseconds since 1970.
    time: u64,
}

impl From<&wardseal_sdk::ObjectHeader> for Header {
    fn from(header: &wardseal_sdk::ObjectHeader) -> Self {
        Self {
            tenant: header.tenant.to_string(),
            session: header.session.to_string(),
            object: header.object.to_string(),
            version: header.version,
            epoch: header.epoch,
            author: header.author.to_string(),
            device: header.device.to_string(),
            time: header.time.millis(),
        }
    }
}
