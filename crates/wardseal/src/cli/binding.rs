//! Names of groups: what the application signs, and what is kept until it has.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use wardseal_client::{
    GroupName,
    types::{FixedBytes, GroupId},
};

use super::{
    failure::Failure,
    private,
    profile::{Host, HostClient},
    report::Report,
    tenants::{self, GroupRequest},
    who,
};

/// A name for a group.
#[derive(Args, Debug)]
#[group(id = "how", multiple = false)]
pub(crate) struct How {
    /// Write the request that the application signs to this file
    #[arg(long, value_name = "FILE")]
    request_file: Option<PathBuf>,
    /// File with the token that the application signed; `-` is standard input
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Sign it at once with the keys of the tenant in this folder
    #[arg(long, value_name = "DIR")]
    tenant_dir: Option<PathBuf>,
}

/// What is kept until the application has signed: the request, and what opens its commitment.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    name: String,
    commitment: FixedBytes<32>,
    index: FixedBytes<32>,
    salt: FixedBytes<32>,
}

/// Binds a name to a group, or asks for that.
///
/// # Errors
/// When the application did not sign it, or the name belongs to somebody else.
pub(crate) async fn bind(
    host: &mut Host,
    group: &str,
    name: &str,
    how: How,
) -> Result<Report, Failure> {
    if how.tenant_dir.is_none() {
        // What is kept between the request and the token is in the folder.
        host.acts_as_nobody()?;
    }
    let client = host.client().await?;
    let group = who::group(&client, group).await?;
    if let Some(dir) = &how.tenant_dir {
        let wanted = client.new_group_name(name).await?;
        let token = tenants::sign_group(dir, &request(host, group, name, &wanted)?)?;
        client.bind_group(group, &wanted, &token).await?;
        return Ok(bound(group, name));
    }
    let path = host.home().join(format!("name-of-{group}.json"));
    if let Some(file) = &how.token_file {
        let token = tenants::read_text(file)?;
        let wanted = kept(&path, name)?.ok_or_else(|| {
            Failure::failed(
                "no_request",
                format!("no request for \"{name}\" is waiting for a token"),
            )
            .advise("begin with it: wardseal group bind GROUP NAME --request-file FILE")
        })?;
        client.bind_group(group, &wanted, token.trim()).await?;
        fs::remove_file(&path).map_err(|error| Failure::file("remove", &path, &error))?;
        return Ok(bound(group, name));
    }
    ask(
        host,
        &client,
        group,
        name,
        &path,
        how.request_file.as_deref(),
    )
    .await
}

/// Makes the request, or the same once more.
async fn ask(
    host: &Host,
    client: &HostClient,
    group: GroupId,
    name: &str,
    path: &Path,
    file: Option<&Path>,
) -> Result<Report, Failure> {
    let wanted = match kept(path, name)? {
        Some(wanted) => wanted,
        None => {
            let wanted = client.new_group_name(name).await?;
            keep(path, name, &wanted)?;
            wanted
        }
    };
    let json = json!(request(host, group, name, &wanted)?);
    let Some(file) = file else {
        return Ok(Report::new(json.to_string(), json));
    };
    fs::write(file, format!("{json}\n")).map_err(|error| Failure::file("write", file, &error))?;
    Ok(Report::new(
        format!(
            "{group} wants to be called {name}\nhave the application sign {}, then run: wardseal group bind {group} {name} --token-file FILE",
            file.display()
        ),
        json,
    ))
}

fn bound(group: GroupId, name: &str) -> Report {
    Report::new(
        format!(
            "{group} is called {name} now\nclaim what waits for it: wardseal escrow claim --group {group}"
        ),
        json!({ "group": group, "name": name }),
    )
}

fn request(
    host: &Host,
    group: GroupId,
    name: &str,
    wanted: &GroupName,
) -> Result<GroupRequest, Failure> {
    Ok(GroupRequest {
        tenant: host.tenant()?,
        group,
        name: name.to_owned(),
        commitment: wanted.commitment,
        index: wanted.index,
    })
}

/// What was kept of a request for this name.
fn kept(path: &Path, name: &str) -> Result<Option<GroupName>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    let kept: Kept = serde_json::from_slice(&private::read(path)?).map_err(|_| {
        Failure::failed("damaged", format!("{} is damaged", path.display()))
            .advise("remove it, and ask for the name again")
    })?;
    Ok((kept.name == name).then_some(GroupName {
        commitment: kept.commitment,
        index: kept.index,
        salt: kept.salt,
    }))
}

/// A request for another name before this one is given up.
fn keep(path: &Path, name: &str, wanted: &GroupName) -> Result<(), Failure> {
    let content = json!(Kept {
        name: name.to_owned(),
        commitment: wanted.commitment,
        index: wanted.index,
        salt: wanted.salt,
    });
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(Failure::file("remove", path, &error));
        }
        _ => {}
    }
    private::write_new(path, content.to_string().as_bytes())
        .map_err(|error| Failure::file("write", path, &error))
}
