//! Ways back in for who has lost the password.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use wardseal_client::{
    MailSettings, MethodState, Misuse, PreparedMail, RecoveryMethod,
    protocol::{op::Method, vault::Language},
    types::{Base64Url, DeviceId},
};
use wardseal_client_password::recover_by_code;

use super::{
    failure::Failure,
    output::{Output, Readable},
    passwords,
    profile::{Host, HostClient, random},
    report::Report,
    time, who,
};

/// Commands about your ways back in.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists your recovery methods, whether each would work, and every recovery that happened.
    Methods,
    /// Makes a recovery code, in place of the one before, and shows it once.
    Code,
    /// Sets recovery by two codes: one that the vault mails, one of the application's own.
    Mail(Mail),
    /// Sets recovery by the administrators of a group.
    Organisation {
        /// The group
        group: String,
        /// How many administrators have to help together
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
        quorum: u8,
    },
    /// Removes a recovery method.
    Remove {
        /// The method, as `wardseal recovery methods` shows it
        #[arg(value_name = "DEVICE")]
        device: DeviceId,
    },
    /// Takes a recovery code and sets a new password; this machine becomes one of your devices.
    Recover {
        /// Your name, as the application knows you
        #[arg(long, value_name = "NAME")]
        name: String,
    },
}

/// Recovery by mail.
#[derive(Args, Debug)]
pub(crate) struct Mail {
    /// Where the vault sends its codes
    address: String,
    /// File for the share that the application's server is to keep, as JSON
    #[arg(long, value_name = "FILE")]
    share: PathBuf,
    /// Hours between the code and the release, in which you can stop it
    #[arg(long, value_name = "HOURS", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=72))]
    delay: u8,
    /// Language of the vault's mails
    #[arg(long, value_enum, default_value_t = MailLanguage::En)]
    language: MailLanguage,
}

/// A language of the vault's mails.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum MailLanguage {
    /// English.
    En,
    /// French.
    Fr,
    /// German.
    De,
}

impl From<MailLanguage> for Language {
    fn from(language: MailLanguage) -> Self {
        match language {
            MailLanguage::En => Self::English,
            MailLanguage::Fr => Self::French,
            MailLanguage::De => Self::German,
        }
    }
}

pub(crate) async fn run(host: &mut Host, command: Command) -> Result<Report, Failure> {
    let command = match command {
        Command::Recover { name } => return recover(host, name).await,
        other => other,
    };
    let client = host.client().await?;
    if client.profile().await.is_none() {
        return Err(wardseal_client::Error::from(Misuse::NoIdentity).into());
    }
    match command {
        Command::Methods | Command::Recover { .. } => methods(&client).await,
        Command::Code => {
            let code = client.create_recovery_code().await?;
            Ok(Report::new(
                format!(
                    "{}\n\nprint it or write it down, and keep it where nobody else finds it; it is shown this once",
                    *code
                ),
                json!({ "code": *code }),
            ))
        }
        Command::Mail(mail) => set_mail(&client, &mail).await,
        Command::Organisation { group, quorum } => {
            let group = who::group(&client, &group).await?;
            let device = client.set_organisation(group, quorum).await?;
            Ok(Report::new(
                format!("administrators of {group} can let you back in: {device}"),
                json!({ "device": device, "group": group, "quorum": quorum }),
            ))
        }
        Command::Remove { device } => {
            client.remove_recovery(device).await?;
            Ok(Report::new(
                format!("removed {device}"),
                json!({ "removed": device }),
            ))
        }
    }
}

async fn methods(client: &HostClient) -> Result<Report, Failure> {
    let methods = client.recovery_methods().await?;
    let checks = client.check_recovery().await?;
    let events = client.recovery_events().await?;
    let check_of = |method: &RecoveryMethod| {
        checks
            .iter()
            .find(|check| check.device == method.device)
            .copied()
    };
    let mut text = String::new();
    let mut listed = Vec::new();
    for method in &methods {
        let check = check_of(method);
        let kind = method.method.kind().word();
        let state = check
            .map_or(MethodState::Unknown, |check| check.state)
            .word();
        let reason = check.and_then(|check| check.reason);
        let why = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        text.push_str(&format!("{}  {kind}  {state}{why}\n", method.device));
        let mut value = json!({
            "device": method.device,
            "kind": kind,
            "state": state,
            "reason": reason,
        });
        if let (Method::Organisation(organisation), Some(value)) =
            (&method.method, value.as_object_mut())
        {
            value.insert("group".into(), json!(organisation.group));
            value.insert("quorum".into(), json!(organisation.quorum));
            value.insert("administrators".into(), json!(organisation.helpers));
        }
        listed.push(value);
    }
    if methods.is_empty() {
        text.push_str("you have no way back in: set a password (wardseal password set), or make a code (wardseal recovery code)\n");
    }
    for event in &events {
        text.push_str(&format!(
            "recovered by {} on {}\n",
            event.kind.word(),
            time::format(event.time)
        ));
    }
    let events: Vec<_> = events
        .iter()
        .map(|event| {
            json!({
                "kind": event.kind.word(),
                "time": event.time.millis(),
                "device": event.device,
                "entered": event.entered,
            })
        })
        .collect();
    Ok(Report::new(
        text,
        json!({ "methods": listed, "events": events }),
    ))
}

async fn set_mail(client: &HostClient, mail: &Mail) -> Result<Report, Failure> {
    // What cannot be written is known before anything is stored anywhere.
    let file = Output::begin(&mail.share, false, Readable::ByOwner)?;
    let prepared = client
        .prepare_mail(MailSettings {
            address: &mail.address,
            delay: mail.delay,
            language: mail.language.into(),
        })
        .await?;
    // Without its other half the record opens to nobody: first the share, then the statement.
    keep_share(file, &mail.share, &prepared)?;
    let record = Base64Url::text_of(prepared.record().as_array());
    let device = client.adopt_mail(prepared).await?;
    Ok(Report::new(
        format!(
            "{} is your way back in: {device}\ngive {} to the application's server, and remove it here",
            mail.address,
            mail.share.display()
        ),
        json!({ "device": device, "record": record }),
    ))
}

fn keep_share(mut file: Output, path: &Path, prepared: &PreparedMail) -> Result<(), Failure> {
    let content = json!({
        "record": Base64Url::text_of(prepared.record().as_array()),
        "share": Base64Url::text_of(prepared.share().expose()),
    });
    writeln!(file, "{content}").map_err(|error| Failure::file("write", path, &error))?;
    file.finish()
}

async fn recover(host: &mut Host, name: String) -> Result<Report, Failure> {
    host.acts_as_nobody()?;
    let client = host.client_of_folder().await?;
    if client.profile().await.is_some() {
        return Err(wardseal_client::Error::from(Misuse::IdentityExists).into());
    }
    let code = passwords::ask(&host.common, "Recovery code: ")?;
    let password = passwords::ask_new(&host.common)?;
    recover_by_code(&client, &name, &code, &password, &[&name], random()).await?;
    let device = client.trust_this_machine().await?;
    host.remember(Some(&name))?;
    Ok(Report::new(
        format!(
            "your new password is set, and the one before has ended\nthis machine is now one of your devices: {device}"
        ),
        json!({ "name": name, "device": device }),
    ))
}
