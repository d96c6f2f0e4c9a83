//! Keys of sessions in a file: for archives, and for machines without a connection.

use std::{io::Write as _, path::PathBuf};

use clap::Args;
use serde_json::json;
use wardseal_client::types::SessionId;

use super::{
    failure::Failure,
    output::{Output, Readable},
    private,
    profile::{Common, HostClient},
    report::Report,
};

/// Sessions to export.
#[derive(Args, Debug)]
pub(crate) struct Export {
    /// The sessions
    #[arg(required = true, value_name = "SESSION")]
    sessions: Vec<SessionId>,
    /// Write here; the file is for its owner only
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
    /// Replace what is there
    #[arg(long)]
    force: bool,
}

/// An export to take in.
#[derive(Args, Debug)]
pub(crate) struct Import {
    /// What `wardseal session export` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) async fn export(client: &HostClient, arguments: Export) -> Result<Report, Failure> {
    let mut output = Output::begin(&arguments.output, arguments.force, Readable::ByOwner)?;
    let export = client.export_sessions(&arguments.sessions).await?;
    let path = output.path().display().to_string();
    let written = output.write_all(export.as_bytes());
    written.map_err(|error| Failure::file("write", &arguments.output, &error))?;
    let standard = matches!(output, Output::Standard(_));
    output.finish()?;
    let report = Report::new(
        format!(
            "{path} opens what was sealed for these sessions up to now\n  keep it secret: whoever has it opens them without a \
             password, and no revocation reaches it"
        ),
        json!({ "file": path, "sessions": arguments.sessions }),
    );
    Ok(if standard { report.silent() } else { report })
}

pub(crate) async fn import(
    client: &HostClient,
    arguments: Import,
    common: &Common,
) -> Result<Report, Failure> {
    if !common.keeps_keys() {
        return Err(Failure::usage("imported keys would be gone with this command").advise(
            "say how long they stay in the folder: --keep-keys MINUTES, here and where you open",
        ));
    }
    let bytes = private::read(&arguments.file)?;
    let sessions = client.import_sessions(&bytes).await?;
    let mut text = String::new();
    for session in &sessions {
        text.push_str(&format!("{session}\n"));
    }
    text.push_str("what was sealed for them opens here now, until the time of --keep-keys ends");
    Ok(Report::new(text, json!({ "sessions": sessions })))
}
