//! Sessions: who may open what is sealed under them.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use wardseal_client::{
    Rights, Session, Visibility, What,
    types::{MemberId, PendingId, SessionId},
};

use super::{
    escrow::{self, GrantPending},
    exports::{self, Export, Import},
    failure::Failure,
    profile::{Host, HostClient},
    report::Report,
    time,
    who::{self, Who},
};

/// Sessions on one page of a list.
const PAGE: u32 = 500;

/// Commands about sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a session; whoever makes it must be among its recipients.
    Create(Create),
    /// Lists the sessions that you may open.
    List,
    /// Shows a session: who may open it, and through whom.
    Show {
        /// The session
        session: SessionId,
    },
    /// Tells who did what in a session, and when.
    History {
        /// The session
        session: SessionId,
    },
    /// Lists the sessions under a session, and has their keys at hand.
    Children {
        /// The session
        session: SessionId,
    },
    /// Writes a file that opens what was sealed for sessions up to now, without an identity and
    /// without a connection. It is a secret, and no revocation reaches it.
    Export(Export),
    /// Takes in what `export` wrote, so that it opens here for as long as --keep-keys says.
    Import(Import),
    /// Grants a right to one more recipient.
    Grant {
        /// The session
        session: SessionId,
        /// To whom
        who: Who,
        /// What the recipient may do
        #[arg(long, default_value = "read")]
        right: RightName,
        /// Show nothing of what was sealed before
        #[arg(long)]
        from_join: bool,
    },
    /// Grants a right to somebody who has not signed up yet: it waits in escrow for the name.
    GrantPending(GrantPending),
    /// Lets somebody in who is awaited, after you compared identifiers.
    LetIn {
        /// The session
        session: SessionId,
        /// Who is awaited, as `wardseal session grant-pending` showed it
        pending: PendingId,
        /// Who has come
        who: Who,
    },
    /// Revokes recipients: what is sealed from now on stays closed to them.
    Revoke {
        /// The session
        session: SessionId,
        /// Who is revoked
        #[arg(required_unless_present_any = ["others", "all"])]
        who: Vec<Who>,
        /// Everybody but the one through whom you manage the session: you, else a group of yours,
        /// else a parent session
        #[arg(long, conflicts_with_all = ["who", "all"])]
        others: bool,
        /// Everybody, you too. The session ends, and that cannot be undone
        #[arg(long, conflicts_with = "who")]
        all: bool,
    },
    /// Changes what a recipient may do.
    Rights {
        /// The session
        session: SessionId,
        /// The recipient
        who: Who,
        /// What the recipient may do
        right: RightName,
    },
}

/// A new session.
#[derive(Args, Debug)]
pub(crate) struct Create {
    #[command(flatten)]
    recipients: Recipients,
    /// A label that the server can read
    #[arg(long)]
    label: Option<String>,
    /// What only recipients can read, as JSON
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
}

/// Who gets what.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Recipients {
    /// Who may open; may be repeated
    #[arg(long, visible_alias = "for", value_name = "WHO")]
    read: Vec<Who>,
    /// Who may also grant others what they hold; may be repeated
    #[arg(long, value_name = "WHO")]
    share: Vec<Who>,
    /// Who may also change rights and revoke; may be repeated, one is needed
    #[arg(long, value_name = "WHO")]
    manage: Vec<Who>,
}

/// What a recipient may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum RightName {
    /// Open and write.
    Read,
    /// Also grant others what one holds.
    Share,
    /// Also change rights and revoke.
    Manage,
}

impl From<RightName> for Rights {
    fn from(name: RightName) -> Self {
        match name {
            RightName::Read => Self::READ,
            RightName::Share => Self::SHARE,
            RightName::Manage => Self::MANAGE,
        }
    }
}

impl Recipients {
    pub(crate) const fn is_empty(&self) -> bool {
        self.read.is_empty() && self.share.is_empty() && self.manage.is_empty()
    }

    /// Refuses a list without a manager before anything is asked of a server.
    ///
    /// # Errors
    /// A usage error.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.manage.is_empty() {
            return Err(Failure::usage("nobody manages this session").advise(
                "say who may change rights and revoke: --manage WHO, such as your own group",
            ));
        }
        Ok(())
    }

    /// Everybody with the greatest right that is given to them.
    ///
    /// # Errors
    /// When somebody is not known.
    pub(crate) async fn resolve(
        &self,
        client: &HostClient,
    ) -> Result<Vec<(MemberId, Rights)>, Failure> {
        let mut granted: Vec<(MemberId, Rights)> = Vec::new();
        for (who, rights) in [
            (&self.manage, Rights::MANAGE),
            (&self.share, Rights::SHARE),
            (&self.read, Rights::READ),
        ] {
            for member in who::resolve(client, who).await? {
                if !granted.iter().any(|(before, _)| *before == member) {
                    granted.push((member, rights));
                }
            }
        }
        Ok(granted)
    }
}

pub(crate) async fn run(host: &mut Host, command: Command) -> Result<Report, Failure> {
    if let Command::Create(create) = &command {
        create.check()?;
    }
    let client = host.client().await?;
    let (session, done) = match command {
        Command::Export(wanted) => return exports::export(&client, wanted).await,
        Command::Import(wanted) => return exports::import(&client, wanted, &host.common).await,
        Command::List => return list(&client).await,
        Command::Create(create) => {
            let recipients = create.recipients.resolve(&client).await?;
            let metadata = create.metadata.as_deref().map(str::as_bytes);
            let session = client
                .create_session(&recipients, create.label.as_deref(), metadata)
                .await?;
            (session, "made\n")
        }
        Command::Show { session } => (session, ""),
        Command::History { session } => return history(&client, session).await,
        Command::Children { session } => return children(&client, session).await,
        Command::Grant {
            session,
            who,
            right,
            from_join,
        } => {
            let visibility = if from_join {
                Visibility::FromJoin
            } else {
                Visibility::Full
            };
            for member in who::resolve(&client, &[who]).await? {
                client
                    .grant(session, member, right.into(), visibility)
                    .await?;
            }
            (session, "granted\n")
        }
        Command::GrantPending(wanted) => return escrow::grant(&client, wanted).await,
        Command::LetIn {
            session,
            pending,
            who,
        } => {
            escrow::let_in(&client, session, pending, who).await?;
            (session, "let in\n")
        }
        Command::Revoke {
            session, all: true, ..
        } => {
            client.revoke_all(session).await?;
            let text = format!("{session} has ended: nobody opens it any more");
            return Ok(Report::new(text, json!({ "id": session, "ended": true })));
        }
        Command::Revoke {
            session,
            others: true,
            ..
        } => {
            client.revoke_others(session).await?;
            (session, "revoked\n")
        }
        Command::Revoke { session, who, .. } => {
            let members = who::resolve(&client, &who).await?;
            client.revoke(session, &members).await?;
            (session, "revoked\n")
        }
        Command::Rights {
            session,
            who,
            right,
        } => {
            for member in who::resolve(&client, &[who]).await? {
                client.set_rights(session, member, right.into()).await?;
            }
            (session, "changed\n")
        }
    };
    let session = client.session(session).await?;
    Ok(Report::new(
        format!("{done}{}", describe(&session)),
        value(&session),
    ))
}

impl Create {
    fn check(&self) -> Result<(), Failure> {
        self.recipients.check()?;
        if let Some(metadata) = &self.metadata {
            serde_json::from_str::<Value>(metadata)
                .map_err(|error| Failure::usage(format!("--metadata is not JSON: {error}")))?;
        }
        Ok(())
    }
}

async fn history(client: &HostClient, session: SessionId) -> Result<Report, Failure> {
    let mut text = String::new();
    let mut values = Vec::new();
    for event in client.history(session).await? {
        let (done, value) = told(&event.what);
        text.push_str(&format!(
            "{}  {}  {done}\n",
            time::format(event.time),
            event.by
        ));
        values.push(json!({
            "what": value,
            "by": event.by,
            "device": event.device,
            "time": event.time,
            "position": event.position,
        }));
    }
    Ok(Report::new(
        text,
        json!({ "id": session, "events": values }),
    ))
}

/// What happened, in words and as a value.
fn told(what: &What) -> (String, Value) {
    let listed = |members: &[MemberId]| {
        let members: Vec<_> = members.iter().map(ToString::to_string).collect();
        members.join(", ")
    };
    match what {
        What::Created { recipients, label } => {
            let members: Vec<_> = recipients.iter().map(|(member, _)| *member).collect();
            let recipients: Vec<_> = recipients
                .iter()
                .map(|(member, rights)| json!({ "id": member, "rights": rights.word() }))
                .collect();
            (
                format!("made it for {}", listed(&members)),
                json!({ "created": recipients, "label": label }),
            )
        }
        What::Granted {
            member,
            rights,
            visibility,
        } => {
            let from_join = *visibility == Visibility::FromJoin;
            let since = if from_join { ", from then on" } else { "" };
            (
                format!("granted {} to {member}{since}", rights.word()),
                json!({ "granted": member, "rights": rights.word(), "fromJoin": from_join }),
            )
        }
        What::RightsSet { member, rights } => (
            format!("gave {member} the right to {}", rights.word()),
            json!({ "changed": member, "rights": rights.word() }),
        ),
        What::Revoked { members } => (
            format!("revoked {}", listed(members)),
            json!({ "revoked": members }),
        ),
        What::Rotated { causes } => {
            let causes: Vec<_> = causes.iter().map(|cause| cause.member).collect();
            let text = if causes.is_empty() {
                "gave it a new key".to_owned()
            } else {
                format!("gave it a new key, for {} lost somebody", listed(&causes))
            };
            (text, json!({ "rotated": causes }))
        }
        What::Claimed {
            pending,
            member,
            completed,
        } => {
            let text = if *completed {
                format!("let {member} in, who was awaited as {pending}")
            } else {
                format!("claimed for {member} what waited as {pending}")
            };
            (
                text,
                json!({ "claimed": member, "pending": pending, "completed": completed }),
            )
        }
        What::Described => ("changed its metadata".to_owned(), json!("described")),
        What::Ended => ("ended it".to_owned(), json!("ended")),
        other => (format!("{other:?}"), Value::Null),
    }
}

async fn children(client: &HostClient, session: SessionId) -> Result<Report, Failure> {
    let tree = client.open_tree(session).await?;
    let mut all = tree.children;
    let mut after = tree.more;
    while after.is_some() {
        let page = client.children(session, after, PAGE).await?;
        all.extend(page.sessions);
        after = page.next;
    }
    let mut text: String = all.iter().map(|child| format!("{child}\n")).collect();
    if text.is_empty() {
        text.push_str("there is no session under this one that you may open");
    }
    Ok(Report::new(text, json!({ "id": session, "children": all })))
}

async fn list(client: &HostClient) -> Result<Report, Failure> {
    let mut text = String::new();
    let mut values = Vec::new();
    let mut after = None;
    loop {
        let page = client.sessions(after, PAGE).await?;
        for session in client
            .fetch_sessions(&page.sessions)
            .await?
            .into_iter()
            .flatten()
        {
            let label = session.label.as_deref().unwrap_or_default();
            text.push_str(&format!(
                "{}  {}  {label}\n",
                session.id,
                session.rights.word()
            ));
            values.push(value(&session));
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if text.is_empty() {
        text.push_str("there is no session that you may open");
    }
    Ok(Report::new(text, json!({ "sessions": values })))
}

fn describe(session: &Session) -> String {
    let label = session.label.as_deref().unwrap_or_default();
    let recipients: String = session
        .recipients
        .iter()
        .map(|recipient| {
            format!(
                "  {}  {}  {} by {}, {}\n",
                recipient.member,
                recipient.rights.word(),
                recipient.how.word(),
                recipient.by,
                time::format(recipient.time)
            )
        })
        .collect();
    let metadata = session
        .metadata
        .as_deref()
        .map(|metadata| format!("  {}\n", String::from_utf8_lossy(metadata)))
        .unwrap_or_default();
    format!("{}  {label}\n{metadata}{recipients}", session.id)
}

fn value(session: &Session) -> Value {
    let metadata = session.metadata.as_deref().map(|metadata| {
        serde_json::from_slice(metadata)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(metadata)))
    });
    json!({
        "id": session.id,
        "label": session.label,
        "metadata": metadata,
        "rights": session.rights.word(),
        "epoch": session.epoch,
        "recipients": session.recipients.iter().map(|recipient| json!({
            "id": recipient.member,
            "rights": recipient.rights.word(),
            "how": recipient.how.word(),
            "by": recipient.by,
            "device": recipient.device,
            "time": recipient.time,
            "changed": recipient.changed.map(|changed| json!({ "by": changed.by, "time": changed.time })),
        })).collect::<Vec<_>>(),
        "managing": session.managing,
    })
}
