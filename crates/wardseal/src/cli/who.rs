//! Who is meant: people by the names that the application gives them, groups by identifier or by
//! their own names.

use core::{convert::Infallible, str::FromStr};

use wardseal_client::{
    Group,
    types::{GroupId, MemberId},
};

use super::{failure::Failure, profile::HostClient};

/// Somebody as typed: `usr_…`, `grp_…`, `ses_…`, `group:NAME` for a group of one's own, or the name
/// of a person.
///
/// A bare name is never a group: whoever administers a group may call it what he likes, also by the
/// name of a person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Who {
    Member(MemberId),
    Group(String),
    Name(String),
    Damaged(String),
}

impl FromStr for Who {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let is_id = ["usr_", "grp_", "ses_", "dev_", "pnd_"]
            .iter()
            .any(|prefix| text.starts_with(prefix));
        Ok(if let Some(name) = text.strip_prefix("group:") {
            Self::Group(name.to_owned())
        } else if is_id {
            match text.parse() {
                Ok(MemberId::Device(_)) | Err(_) => Self::Damaged(text.to_owned()),
                Ok(member) => Self::Member(member),
            }
        } else {
            Self::Name(text.to_owned())
        })
    }
}

/// The members that are meant, in the same order.
///
/// # Errors
/// When somebody is not known, or a group's name fits several.
pub(crate) async fn resolve(client: &HostClient, typed: &[Who]) -> Result<Vec<MemberId>, Failure> {
    let names: Vec<_> = typed
        .iter()
        .filter_map(|who| match who {
            Who::Name(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let mut users = if names.is_empty() {
        Vec::new()
    } else {
        client.users_by_name(&names).await?
    }
    .into_iter();
    let mut members = Vec::with_capacity(typed.len());
    for who in typed {
        members.push(match who {
            Who::Member(member) => *member,
            Who::Group(name) => group(client, name).await?.into(),
            Who::Name(name) => users
                .next()
                .ok_or_else(|| Failure::failed("unknown_name", format!("nobody is called {name}")))?
                .into(),
            Who::Damaged(text) => return Err(damaged(text)),
        });
    }
    Ok(members)
}

fn damaged(text: &str) -> Failure {
    Failure::usage(format!("{text} names nobody"))
        .advise("copy the identifier again in full: usr_… or grp_…, or a person's name")
}

/// The group that is meant by an identifier or by a name.
///
/// # Errors
/// When there is none, or several.
pub(crate) async fn group(client: &HostClient, typed: &str) -> Result<GroupId, Failure> {
    if typed.starts_with("grp_") {
        return typed.parse().map_err(|_| damaged(typed));
    }
    pick(typed, &client.groups().await?)
}

fn pick(name: &str, groups: &[Group]) -> Result<GroupId, Failure> {
    let mut fitting = groups
        .iter()
        .filter(|group| !group.dissolved && group.name.as_deref() == Some(name));
    match (fitting.next(), fitting.next()) {
        (Some(group), None) => Ok(group.id),
        (None, _) => Err(Failure::failed(
            "unknown_group",
            format!("you are in no group called {name}"),
        )
        .advise("see wardseal group list; groups of others are named by identifier: grp_…")),
        (Some(_), Some(_)) => Err(Failure::usage(format!(
            "you are in several groups called {name}"
        ))
        .advise("name it by its identifier: wardseal group list shows them")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardseal_client::types::UserId;

    #[test]
    fn identifiers_groups_and_names_are_told_apart() {
        let user = UserId::from_bytes([1; 32]);
        let who = |text: &str| text.parse::<Who>().unwrap();
        assert_eq!(who(&user.to_string()), Who::Member(user.into()));
        assert_eq!(who("group:Ward 3"), Who::Group("Ward 3".into()));
        assert_eq!(who("doctor-4711"), Who::Name("doctor-4711".into()));
        assert!(matches!(who("usr_abc"), Who::Damaged(_)));
        let mut cut = user.to_string();
        cut.pop();
        assert!(matches!(who(&cut), Who::Damaged(_)));
    }

    #[test]
    fn a_name_of_several_groups_is_nobodys() {
        let group = |number: u8, dissolved| Group {
            id: GroupId::from_bytes([number; 32]),
            name: Some("Ward".into()),
            members: Vec::new(),
            role: None,
            epoch: 0,
            dissolved,
        };
        assert_eq!(
            pick("Ward", &[group(1, true), group(2, false)]).unwrap(),
            GroupId::from_bytes([2; 32])
        );
        let several = pick("Ward", &[group(1, false), group(2, false)]);
        assert_eq!(several.unwrap_err().code, "usage");
        assert_eq!(
            pick("ward", &[group(1, false)]).unwrap_err().code,
            "unknown_group"
        );
    }
}
