//! Seals files.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use wardseal_client::{
    crypto::aead::DefaultAes,
    object::{ObjectError, seal_stream},
    protocol::object::{Metadata, ObjectHeader},
    types::SessionId,
};

use super::{Input, Progress, THREADS, both_from_stdin, both_to_stdout, streaming};
use crate::cli::{
    failure::Failure,
    output::{Output, Readable},
    profile::{Host, HostClient},
    report::Report,
    sessions::Recipients,
};

/// What is put after the name of a sealed file.
const EXTENSION: &str = "wseal";

/// Files to seal.
#[derive(Args, Debug)]
pub(crate) struct Seal {
    /// The files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Seal under this session [otherwise a new one is made for --for, --share and --manage]
    #[arg(long, value_name = "SESSION")]
    session: Option<SessionId>,
    #[command(flatten)]
    recipients: Recipients,
    /// Write here; `-` is standard output [default: FILE.wseal]
    #[arg(short, long, value_name = "PATH", conflicts_with = "out_dir")]
    output: Option<PathBuf>,
    /// Write all to this folder
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// File name to seal in place of the present one
    #[arg(long)]
    name: Option<String>,
    /// Media type to seal, such as application/pdf [default: by the file name]
    #[arg(long = "type", value_name = "TYPE")]
    media_type: Option<String>,
    /// Replace what is there
    #[arg(long)]
    force: bool,
}

pub(crate) async fn seal(host: &mut Host, arguments: Seal) -> Result<Report, Failure> {
    arguments.check(host)?;
    // What cannot be read is told before a session is made.
    let mut inputs = Vec::with_capacity(arguments.files.len());
    for path in &arguments.files {
        inputs.push((path, Input::open(path)?));
    }
    let outputs: Vec<_> = arguments
        .files
        .iter()
        .map(|path| {
            let out = arguments.place(path)?;
            Output::begin(&out, arguments.force, Readable::AsUsual).map(|output| (out, output))
        })
        .collect::<Result<_, Failure>>()?;
    let client = host.client().await?;
    let session = match arguments.session {
        Some(session) => session,
        None => {
            let recipients = arguments.recipients.resolve(&client).await?;
            client.create_session(&recipients, None, None).await?
        }
    };
    let mut text = format!("{session}\n");
    let mut values = Vec::new();
    for ((path, input), (out, output)) in inputs.into_iter().zip(outputs) {
        let metadata = arguments.metadata(path, &input);
        let header = seal_one(&client, session, &metadata, path, input, output).await?;
        text.push_str(&format!("{}  {}\n", header.object, out.display()));
        values.push(json!({ "object": header.object, "file": out, "epoch": header.epoch }));
    }
    if arguments.writes_to_standard_output() {
        return Ok(Report::new("", json!(null)).silent());
    }
    Ok(Report::new(
        text,
        json!({ "session": session, "objects": values }),
    ))
}

async fn seal_one(
    client: &HostClient,
    session: SessionId,
    metadata: &Metadata,
    path: &Path,
    input: Input,
    mut output: Output,
) -> Result<ObjectHeader, Failure> {
    let sealing = client.sealing(session, metadata).await?;
    let header = sealing.header().clone();
    let (plan, signer) = sealing.into_plan();
    let progress = Progress::new("sealing", path, metadata.content_len);
    let sealed = streaming(&progress, |watch| {
        seal_stream::<DefaultAes>(plan, &signer, THREADS, input, &mut output, watch)
    });
    sealed.map_err(|error| match error {
        ObjectError::WrongLength => Failure::failed(
            "changed",
            format!("{} changed while it was sealed", path.display()),
        )
        .advise("try again when nobody writes to it"),
        ObjectError::Io(_) => Failure::object("write", output.path(), error),
        other => Failure::object("seal", path, other),
    })?;
    output.finish()?;
    Ok(header)
}

impl Seal {
    fn check(&self, host: &Host) -> Result<(), Failure> {
        let standard = self.files.iter().any(|file| file.as_os_str() == "-");
        if self.session.is_some() != self.recipients.is_empty() {
            return Err(Failure::usage(
                "say for whom: either --session, or --manage with --for",
            ));
        }
        if self.session.is_none() {
            self.recipients.check()?;
        }
        if self.files.len() > 1 && self.output.is_some() {
            return Err(Failure::usage("-o is for one file").advise("use --out-dir for several"));
        }
        if self.files.len() > 1 && self.name.is_some() {
            return Err(Failure::usage("--name is for one file"));
        }
        if standard && self.output.is_none() {
            return Err(Failure::usage("-o is needed when standard input is sealed"));
        }
        if standard && host.common.password_stdin {
            return Err(both_from_stdin());
        }
        if host.common.json && self.writes_to_standard_output() {
            return Err(both_to_stdout());
        }
        Ok(())
    }

    fn writes_to_standard_output(&self) -> bool {
        self.output
            .as_ref()
            .is_some_and(|path| path.as_os_str() == "-")
    }

    fn place(&self, path: &Path) -> Result<PathBuf, Failure> {
        if let Some(output) = &self.output {
            return Ok(output.clone());
        }
        let mut name = path
            .file_name()
            .ok_or_else(|| Failure::usage(format!("{} is no file", path.display())))?
            .to_owned();
        name.push(".");
        name.push(EXTENSION);
        Ok(match &self.out_dir {
            Some(folder) => folder.join(name),
            None => path.with_file_name(name),
        })
    }

    fn metadata(&self, path: &Path, input: &Input) -> Metadata {
        let name = self.name.clone().or_else(|| {
            let name = path.file_name().filter(|name| *name != "-");
            name.map(|name| name.to_string_lossy().into_owned())
        });
        let guessed = name.as_deref().and_then(media_type);
        Metadata {
            media_type: self
                .media_type
                .clone()
                .or_else(|| guessed.map(str::to_owned)),
            name,
            content_len: input.len(),
        }
    }
}

/// The media type that a file name suggests.
fn media_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "pdf" => "application/pdf",
        "json" => "application/json",
        "xml" => "application/xml",
        "txt" => "text/plain",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "tif" | "tiff" => "image/tiff",
        "dcm" => "application/dicom",
        "zip" => "application/zip",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_follows_from_the_name() {
        assert_eq!(media_type("Befund.PDF"), Some("application/pdf"));
        assert_eq!(media_type("bundle.fhir.json"), Some("application/json"));
        assert_eq!(media_type("pdf"), None);
        assert_eq!(media_type("x.unknown"), None);
    }
}
