//! Values on their way to and from Python: texts, numbers and dictionaries.

use core::str::FromStr;

use pyo3::{IntoPyObjectExt as _, exceptions::PyValueError, prelude::*};
use wardseal_sdk::{
    Error, MemberId, Right, Role, Visibility, What,
    client::{Rights, types::IdError},
};

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

/// What each of many gave: a value, or the exception for why there is none.
pub(crate) fn each<'py, T, U>(
    py: Python<'py>,
    results: Vec<Result<T, Error>>,
    value: impl Fn(T) -> U,
) -> PyResult<Vec<Bound<'py, PyAny>>>
where
    U: IntoPyObject<'py>,
{
    results
        .into_iter()
        .map(|result| match result {
            Ok(found) => value(found).into_bound_py_any(py),
            Err(error) => Ok(raised(error).into_value(py).into_bound(py).into_any()),
        })
        .collect()
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
    managing: Vec<String>,
    right: &'static str,
    epoch: u32,
    label: Option<String>,
    metadata: Option<String>,
}

/// A recipient of a session; times in milliseconds since 1970.
#[derive(IntoPyObject)]
pub(crate) struct Recipient {
    id: String,
    right: &'static str,
    how: &'static str,
    by: String,
    device: String,
    time: u64,
    changed: Option<(String, u64)>,
}

/// What happened in a session; beside what all have, what each kind of event says.
#[derive(IntoPyObject)]
pub(crate) struct Event {
    what: &'static str,
    position: u64,
    time: u64,
    by: String,
    device: String,
    recipients: Vec<(String, Option<&'static str>)>,
    pending: Option<String>,
}

impl From<&wardseal_sdk::Event> for Event {
    fn from(event: &wardseal_sdk::Event) -> Self {
        let with = |member: &MemberId, rights: &Rights| {
            (member.to_string(), Some(Right::from(*rights).as_str()))
        };
        let mut pending = None;
        let recipients = match &event.what {
            What::Created { recipients, .. } => recipients
                .iter()
                .map(|(member, rights)| with(member, rights))
                .collect(),
            What::Granted { member, rights, .. } | What::RightsSet { member, rights } => {
                vec![with(member, rights)]
            }
            What::Revoked { members } => members
                .iter()
                .map(|member| (member.to_string(), None))
                .collect(),
            What::Claimed {
                pending: awaited,
                member,
                ..
            } => {
                pending = Some(awaited.to_string());
                vec![(member.to_string(), None)]
            }
            _ => Vec::new(),
        };
        Self {
            what: event.what.word(),
            position: event.position,
            time: event.time.millis(),
            by: event.by.to_string(),
            device: event.device.to_string(),
            recipients,
            pending,
        }
    }
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
                    how: recipient.how.word(),
                    by: recipient.by.to_string(),
                    device: recipient.device.to_string(),
                    time: recipient.time.millis(),
                    changed: recipient
                        .changed
                        .map(|changed| (changed.by.to_string(), changed.time.millis())),
                })
                .collect(),
            managing: session.managing.iter().map(ToString::to_string).collect(),
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
