//! Who somebody is.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use serde_json::json;
use wardseal_client::types::NamedId;

use super::{
    failure::Failure,
    profile::{Host, HostClient},
    report::Report,
    tenants::{self, Request},
};

/// Commands about people.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Draws your keys, and shows what the application has to sign so that your name means you.
    SignUp {
        /// Your name, as the application knows you
        #[arg(long)]
        name: String,
        /// Write the request to this file
        #[arg(long, value_name = "FILE", conflicts_with = "tenant_dir")]
        request_file: Option<PathBuf>,
        /// Sign it at once with the keys of the tenant in this folder, and finish
        #[arg(long, value_name = "DIR")]
        tenant_dir: Option<PathBuf>,
    },
    /// Finishes a sign-up with what the application signed.
    FinishSignUp {
        /// File with the token; `-` is standard input
        #[arg(long, value_name = "FILE")]
        token_file: PathBuf,
    },
    /// Shows who you are, or whom the application calls so.
    Show {
        /// Name of somebody else
        name: Option<String>,
    },
    /// Accepts that a name means another user than before. Ask the person first.
    Confirm {
        /// The name
        name: String,
    },
}

pub(crate) async fn run(host: &mut Host, command: Command) -> Result<Report, Failure> {
    match command {
        Command::SignUp {
            name,
            request_file,
            tenant_dir,
        } => {
            host.acts_as_nobody()?;
            match tenant_dir {
                Some(dir) => sign_up_at_once(host, &name, &dir).await,
                None => begin_sign_up(host, &name, request_file.as_deref()).await,
            }
        }
        Command::FinishSignUp { token_file } => {
            host.acts_as_nobody()?;
            let token = tenants::read_text(&token_file)?;
            let client = host.client_of_folder().await?;
            finish(host, &client, token.trim(), None).await
        }
        Command::Show { name: None } => show_self(host).await,
        Command::Show { name: Some(name) } => {
            let client = host.client().await?;
            let holders = client.holders(&[&name]).await?;
            named(&name, holders.first().copied())
        }
        Command::Confirm { name } => {
            let client = host.client().await?;
            let holder = client.confirm_identity(&name).await?;
            named(&name, Some(holder))
        }
    }
}

async fn begin_sign_up(
    host: &mut Host,
    name: &str,
    file: Option<&Path>,
) -> Result<Report, Failure> {
    let client = host.client_of_folder().await?;
    let sign_up = client.begin_sign_up(name).await?;
    host.remember(Some(name))?;
    let request = Request::new(host.tenant()?, sign_up);
    let json = json!(request);
    let Some(file) = file else {
        return Ok(Report::new(json.to_string(), json));
    };
    fs::write(file, format!("{json}\n")).map_err(|error| Failure::file("write", file, &error))?;
    Ok(Report::new(
        format!(
            "{} wants to be called {name}\nhave the application sign {}, then run: wardseal user finish-sign-up --token-file FILE",
            request.user,
            file.display()
        ),
        json,
    ))
}

async fn sign_up_at_once(host: &mut Host, name: &str, dir: &Path) -> Result<Report, Failure> {
    let (tenant, server) = tenants::tenant_in(dir)?;
    host.fall_back_to(tenant, Some(&server));
    let client = host.client_of_folder().await?;
    let sign_up = client.begin_sign_up(name).await?;
    let request = Request::new(host.tenant()?, sign_up);
    let token = tenants::sign(dir, &request)?;
    finish(host, &client, &token, Some(name)).await
}

async fn finish(
    host: &mut Host,
    client: &HostClient,
    token: &str,
    name: Option<&str>,
) -> Result<Report, Failure> {
    let user = client.finish_sign_up(token).await?;
    host.remember(name)?;
    let name = host.name().unwrap_or_default().to_owned();
    Ok(Report::new(
        format!(
            "signed up as {name}: {user}\nset a password, so that you can sign in elsewhere: wardseal password set"
        ),
        json!({ "name": name, "user": user }),
    ))
}

async fn show_self(host: &mut Host) -> Result<Report, Failure> {
    let client = host.client().await?;
    let name = host.name().map(str::to_owned);
    Ok(match client.profile().await {
        Some(profile) => Report::new(
            format!(
                "{}  {}\ntenant  {}\ndevice  {}",
                profile.user,
                name.as_deref().unwrap_or_default(),
                profile.tenant,
                profile.device
            ),
            json!({
                "user": profile.user,
                "name": name,
                "tenant": profile.tenant,
                "device": profile.device,
            }),
        ),
        None => {
            return Err(Failure::from(wardseal_client::Error::from(
                wardseal_client::Misuse::NoIdentity,
            )));
        }
    })
}

fn named(name: &str, holder: Option<NamedId>) -> Result<Report, Failure> {
    let holder = holder
        .ok_or_else(|| Failure::failed("unknown_name", format!("nobody is called {name}")))?;
    let json = match holder {
        NamedId::User(user) => json!({ "user": user, "name": name }),
        NamedId::Group(group) => json!({ "group": group, "name": name }),
    };
    Ok(Report::new(format!("{holder}  {name}"), json))
}
