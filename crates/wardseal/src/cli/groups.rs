//! Groups.

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use wardseal_client::{
    Group, Role, Visibility,
    types::{GroupId, MemberId},
};

use super::{
    binding::{self, How},
    failure::Failure,
    profile::{Host, HostClient},
    report::Report,
    who::{self, Who},
};

/// Commands about groups. A group is named by its identifier or by its name, a person by the name
/// that the application uses or by `usr_…`, a group as a member by `grp_…` or `group:NAME`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a group; you administer it.
    Create {
        /// Its name, which only members can read
        name: String,
        /// A first member; may be repeated
        #[arg(long, value_name = "WHO")]
        member: Vec<Who>,
        /// A first administrator beside you; may be repeated
        #[arg(long, value_name = "WHO")]
        admin: Vec<Who>,
    },
    /// Lists the groups of which you are a member.
    List,
    /// Shows a group.
    Show {
        /// The group
        group: String,
    },
    /// Adds members.
    Add {
        /// The group
        group: String,
        /// Who is added
        #[arg(required = true)]
        who: Vec<Who>,
        /// As administrators
        #[arg(long)]
        admin: bool,
        /// Show them nothing of what was sealed before
        #[arg(long)]
        from_join: bool,
    },
    /// Removes members: what is sealed from now on stays closed to them.
    Remove {
        /// The group
        group: String,
        /// Who is removed
        #[arg(required = true)]
        who: Vec<Who>,
    },
    /// Changes what a member may do.
    Role {
        /// The group
        group: String,
        /// The member
        who: Who,
        /// What the member may do
        role: RoleName,
    },
    /// Changes the name of a group.
    Rename {
        /// The group
        group: String,
        /// Its new name
        name: String,
    },
    /// Gives a group the name by which the application calls it, so that what was sent to that name
    /// can be claimed. Without an option it shows what the application has to sign.
    Bind {
        /// The group
        group: String,
        /// The name, such as finess:750000001
        name: String,
        #[command(flatten)]
        how: How,
    },
    /// Ends a group: what was sealed stays readable.
    Dissolve {
        /// The group
        group: String,
    },
}

/// What a member may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum RoleName {
    /// Opens what is sealed to the group.
    Member,
    /// Also adds and removes members.
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Member => Self::Member,
            RoleName::Admin => Self::Admin,
        }
    }
}

pub(crate) async fn run(host: &mut Host, command: Command) -> Result<Report, Failure> {
    let command = match command {
        Command::Bind { group, name, how } => {
            return binding::bind(host, &group, &name, how).await;
        }
        other => other,
    };
    let client = host.client().await?;
    let (group, done) = match command {
        Command::List | Command::Bind { .. } => return list(&client).await,
        Command::Create {
            name,
            member,
            admin,
        } => create(&client, &name, &member, &admin).await?,
        Command::Show { group } => (who::group(&client, &group).await?, ""),
        Command::Add {
            group,
            who,
            admin,
            from_join,
        } => add(&client, &group, &who, admin, from_join).await?,
        Command::Remove { group, who } => {
            let group = who::group(&client, &group).await?;
            let members = who::resolve(&client, &who).await?;
            client.remove_members(group, &members).await?;
            (group, "removed\n")
        }
        Command::Role { group, who, role } => {
            let group = who::group(&client, &group).await?;
            for member in who::resolve(&client, &[who]).await? {
                client.set_role(group, member, role.into()).await?;
            }
            (group, "changed\n")
        }
        Command::Rename { group, name } => {
            let group = who::group(&client, &group).await?;
            client.rename_group(group, &name).await?;
            (group, "renamed\n")
        }
        Command::Dissolve { group } => {
            let group = who::group(&client, &group).await?;
            client.dissolve_group(group).await?;
            (group, "dissolved\n")
        }
    };
    let group = client.group(group).await?;
    Ok(Report::new(
        format!("{done}{}", describe(&group)),
        value(&group),
    ))
}

async fn list(client: &HostClient) -> Result<Report, Failure> {
    let groups = client.groups().await?;
    let mut text: String = groups
        .iter()
        .filter(|group| !group.dissolved)
        .map(|group| {
            let name = group.name.as_deref().unwrap_or("(no name)");
            format!("{}  {name}  {}\n", group.id, role(group.role))
        })
        .collect();
    if text.is_empty() {
        text.push_str("you are in no group");
    }
    let groups: Vec<_> = groups.iter().map(value).collect();
    Ok(Report::new(text, json!({ "groups": groups })))
}

async fn create(
    client: &HostClient,
    name: &str,
    members: &[Who],
    admins: &[Who],
) -> Result<(GroupId, &'static str), Failure> {
    let mut first: Vec<(MemberId, Role)> = Vec::new();
    for (who, role) in [(members, Role::Member), (admins, Role::Admin)] {
        let found = who::resolve(client, who).await?;
        first.extend(found.into_iter().map(|member| (member, role)));
    }
    Ok((client.create_group(name, &first).await?, "made\n"))
}

async fn add(
    client: &HostClient,
    group: &str,
    who: &[Who],
    admin: bool,
    from_join: bool,
) -> Result<(GroupId, &'static str), Failure> {
    let group = who::group(client, group).await?;
    let role = if admin { Role::Admin } else { Role::Member };
    let visibility = if from_join {
        Visibility::FromJoin
    } else {
        Visibility::Full
    };
    for member in who::resolve(client, who).await? {
        client.add_member(group, member, role, visibility).await?;
    }
    Ok((group, "added\n"))
}

fn role(role: Option<Role>) -> &'static str {
    role.map_or("none", Role::word)
}

fn describe(group: &Group) -> String {
    let name = group
        .name
        .as_deref()
        .unwrap_or("(only members see its name)");
    let ended = if group.dissolved { "  dissolved" } else { "" };
    let members: String = group
        .members
        .iter()
        .map(|member| format!("  {}  {}\n", member.member, member.role.word()))
        .collect();
    format!("{}  {name}{ended}\n{members}", group.id)
}

fn value(group: &Group) -> Value {
    json!({
        "id": group.id,
        "name": group.name,
        "role": group.role.map(Role::word),
        "epoch": group.epoch,
        "dissolved": group.dissolved,
        "members": group.members.iter().map(|member| json!({
            "id": member.member,
            "role": member.role.word(),
        })).collect::<Vec<_>>(),
    })
}
