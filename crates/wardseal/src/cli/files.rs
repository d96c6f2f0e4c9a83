//! Seals, opens and inspects files.

use std::{
    fs::File,
    io::{self, IsTerminal as _, Read, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use clap::Args;
use serde_json::json;
use wardseal_client::{
    Opening,
    crypto::aead::DefaultAes,
    object::{ObjectError, RangeReader, Watch, open_stream, read_prelude, seal_stream},
    protocol::object::{LENGTH, Metadata, ObjectHeader, Prelude},
    types::SessionId,
};

use super::{
    failure::Failure,
    names::safe_file_name,
    output::{Output, Readable},
    profile::{Host, HostClient},
    report::Report,
    sessions::Recipients,
    time,
};

/// What is put after the name of a sealed file.
const EXTENSION: &str = "wseal";
/// As many as are faster than a disk.
const THREADS: usize = 2;

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

/// Files to open.
#[derive(Args, Debug)]
pub(crate) struct Open {
    /// The sealed files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write here: a file, or a folder where it gets the name that was sealed; `-` is standard
    /// output [default: this folder]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Only these bytes of the content, counted from 0, the last included
    #[arg(long, value_name = "FIRST-LAST")]
    range: Option<ByteRange>,
    /// Replace what is there
    #[arg(long)]
    force: bool,
}

/// A file to inspect.
#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// The sealed file; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Bytes from the first to the last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ByteRange {
    first: u64,
    last: u64,
}

impl core::str::FromStr for ByteRange {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "write it like 0-1023";
        let (first, last) = text.split_once('-').ok_or(wrong)?;
        let number = |digits: &str| {
            // Signs and spaces are no digits.
            let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
            plain.then(|| digits.parse::<u64>().ok()).flatten()
        };
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => Ok(Self { first, last }),
            _ => Err(wrong),
        }
    }
}

/// Becomes true when the person interrupts: what was begun is then removed.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Ends a stream in order at the first interrupt, and the program at the second.
pub(crate) fn cancel_on_interrupt() {
    tokio::spawn(async {
        while tokio::signal::ctrl_c().await.is_ok() {
            if INTERRUPTED.swap(true, Ordering::Relaxed) || !STREAMING.load(Ordering::Relaxed) {
                std::process::exit(130);
            }
        }
    });
}

/// Whether there is a stream to end in order.
static STREAMING: AtomicBool = AtomicBool::new(false);

/// Where content comes from.
enum Input {
    File(File),
    Standard(io::Stdin),
}

impl Input {
    fn open(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Ok(Self::Standard(io::stdin()));
        }
        let failed = |error| Failure::file("read", path, &error);
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(Failure::usage(format!("{} is a folder", path.display()))
                .advise("name the files in it"));
        }
        Ok(Self::File(file))
    }

    /// Bytes, where they are known.
    fn len(&self) -> Option<u64> {
        match self {
            Self::File(file) => file
                .metadata()
                .ok()
                .filter(std::fs::Metadata::is_file)
                .map(|metadata| metadata.len()),
            Self::Standard(_) => None,
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Standard(input) => input.read(buffer),
        }
    }
}

/// Tells a person at a terminal how far a stream is.
struct Progress {
    doing: String,
    total: Option<u64>,
    shown: AtomicU64,
    out: Option<Mutex<io::Stderr>>,
}

impl Progress {
    fn new(doing: &str, path: &Path, total: Option<u64>) -> Self {
        Self {
            doing: format!("{doing} {}", path.display()),
            total,
            shown: AtomicU64::new(0),
            out: io::stderr().is_terminal().then(|| Mutex::new(io::stderr())),
        }
    }

    fn show(&self, done: u64) {
        let Some(out) = &self.out else { return };
        let megabytes = done >> 20;
        if self.shown.swap(megabytes, Ordering::Relaxed) == megabytes {
            return;
        }
        let share = self
            .total
            .filter(|total| *total > 0)
            .map(|total| format!(" ({} %)", done.saturating_mul(100) / total))
            .unwrap_or_default();
        let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = write!(out, "\r{}: {megabytes} MiB{share}\u{1b}[K", self.doing);
    }

    fn end(&self) {
        if let Some(out) = &self.out {
            let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = write!(out, "\r\u{1b}[K");
        }
    }
}

/// Runs a stream, tells how far it is, and lets it be interrupted.
fn streaming<R>(
    progress: &Progress,
    run: impl FnOnce(Watch<'_>) -> Result<R, ObjectError>,
) -> Result<R, ObjectError> {
    STREAMING.store(true, Ordering::Relaxed);
    let result = run(Watch {
        progress: &|done| progress.show(done),
        cancel: &INTERRUPTED,
    });
    STREAMING.store(false, Ordering::Relaxed);
    progress.end();
    result
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

fn both_from_stdin() -> Failure {
    Failure::usage("standard input cannot hold both the password and the content")
        .advise("name a file in WARDSEAL_PASSWORD_FILE")
}

fn both_to_stdout() -> Failure {
    Failure::usage("standard output cannot take both the content and the answer")
        .advise("leave --json out, or name a file with -o")
}

pub(crate) async fn open(host: &mut Host, arguments: Open) -> Result<Report, Failure> {
    let target = arguments.output.clone().unwrap_or_else(|| ".".into());
    let standard = target.as_os_str() == "-";
    if arguments.files.iter().any(|file| file.as_os_str() == "-") && host.common.password_stdin {
        return Err(both_from_stdin());
    }
    if standard && host.common.json {
        return Err(both_to_stdout());
    }
    if arguments.files.len() > 1 && !standard && !target.is_dir() {
        return Err(Failure::usage("several files are opened into a folder")
            .advise("name one that exists with -o"));
    }
    let client = host.client().await?;
    let mut text = String::new();
    let mut values = Vec::new();
    for path in &arguments.files {
        let opened = open_one(&client, path, &target, &arguments).await?;
        text.push_str(&format!(
            "{}\n  by {} on {}\n",
            opened.place.display(),
            opened.header.author,
            time::format(opened.header.time)
        ));
        values.push(json!({
            "file": opened.place,
            "object": opened.header.object,
            "session": opened.header.session,
            "author": opened.header.author,
            "time": opened.header.time,
            "name": opened.metadata.name,
            "media_type": opened.metadata.media_type,
            "bytes": opened.bytes,
        }));
    }
    if standard {
        return Ok(Report::new("", json!(null)).silent());
    }
    Ok(Report::new(text, json!({ "objects": values })))
}

/// What was opened, verified.
struct Opened {
    place: PathBuf,
    header: ObjectHeader,
    metadata: Metadata,
    bytes: u64,
}

async fn open_one(
    client: &HostClient,
    path: &Path,
    target: &Path,
    arguments: &Open,
) -> Result<Opened, Failure> {
    let refused = |error| Failure::object("open", path, error);
    let mut input = Input::open(path)?;
    let prelude = read_prelude(&mut input).map_err(|error| match error {
        ObjectError::Io(_) => Failure::object("read", path, error),
        other => refused(other),
    })?;
    let opening = client.opening(prelude.header()).await?;
    if let Some(range) = arguments.range {
        return open_range(
            path,
            input,
            prelude,
            &opening,
            range,
            target,
            arguments.force,
        );
    }
    let plan = opening.start(prelude).map_err(refused)?;
    let place = place(target, plan.metadata(), plan.header());
    let mut output = Output::begin(&place, arguments.force, Readable::ByOwner)?;
    let progress = Progress::new("opening", path, plan.metadata().content_len);
    let opened = streaming(&progress, |watch| {
        open_stream::<DefaultAes>(plan, THREADS, input, &mut output, watch)
    });
    let complete = opened.map_err(|error| match error {
        ObjectError::Io(_) => Failure::object("write", output.path(), error),
        other => refused(other),
    })?;
    output.finish()?;
    Ok(Opened {
        place,
        header: complete.header().clone(),
        metadata: complete.metadata().clone(),
        bytes: complete.content_len(),
    })
}

/// Where the content goes: to the target itself, or into it when it is a folder.
fn place(target: &Path, metadata: &Metadata, header: &ObjectHeader) -> PathBuf {
    if !target.is_dir() {
        return target.to_owned();
    }
    let name = metadata.name.as_deref().and_then(safe_file_name);
    target.join(name.unwrap_or_else(|| header.object.to_string()))
}

fn open_range(
    path: &Path,
    input: Input,
    prelude: Prelude,
    opening: &Opening,
    range: ByteRange,
    target: &Path,
    force: bool,
) -> Result<Opened, Failure> {
    let refused = |error| match error {
        ObjectError::Io(_) => Failure::object("read", path, error),
        other => Failure::object("open", path, other),
    };
    let (Some(object_len), Input::File(mut file)) = (input.len(), input) else {
        return Err(Failure::usage("--range needs a file, not a pipe"));
    };
    let mut fetch = |part: core::ops::Range<u64>| fetch(&mut file, part);
    let tail = fetch(RangeReader::tail(object_len).map_err(refused)?)
        .map_err(|error| refused(error.into()))?;
    let tail: [u8; LENGTH] = tail
        .try_into()
        .map_err(|_| refused(ObjectError::Truncated))?;
    let trailer = fetch(RangeReader::trailer(object_len, tail).map_err(refused)?)
        .map_err(|error| refused(error.into()))?;
    let reader = opening
        .range_reader(object_len, prelude, &trailer)
        .map_err(refused)?;
    let place = place(target, reader.metadata(), reader.header());
    let mut output = Output::begin(&place, force, Readable::ByOwner)?;
    let engine = reader.engine::<DefaultAes>();
    let mut bytes = 0;
    let end = range.last.saturating_add(1);
    // One frame at a time, however large the range is.
    for planned in reader.plan(range.first..end).map_err(refused)? {
        let sealed = fetch(planned.fetch.clone()).map_err(|error| refused(error.into()))?;
        let mut content = zeroize::Zeroizing::new(Vec::new());
        reader
            .open(&engine, &planned, &sealed, &mut content)
            .map_err(refused)?;
        output
            .write_all(&content)
            .map_err(|error| Failure::file("write", output.path(), &error))?;
        bytes += u64::try_from(content.len()).unwrap_or(u64::MAX);
    }
    let (header, metadata) = (reader.header().clone(), reader.metadata().clone());
    output.finish()?;
    Ok(Opened {
        place,
        header,
        metadata,
        bytes,
    })
}

fn fetch(file: &mut File, part: core::ops::Range<u64>) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(part.start))?;
    let wanted = part.end.saturating_sub(part.start);
    let mut bytes = Vec::new();
    file.take(wanted).read_to_end(&mut bytes)?;
    Ok(bytes)
}

pub(crate) fn inspect(arguments: &Inspect) -> Result<Report, Failure> {
    let path = &arguments.file;
    let mut input = Input::open(path)?;
    let prelude = read_prelude(&mut input).map_err(|error| match error {
        ObjectError::Io(_) => Failure::object("read", path, error),
        other => Failure::object("inspect", path, other),
    })?;
    let header = prelude.header();
    Ok(Report::new(
        format!(
            "object   {}, version {}\nsession  {}, epoch {}\ntenant   {}\nauthor   {}\ndevice   {}\ntime     {}\nthis is what the file says without keys: it is verified when the file is opened",
            header.object,
            header.version,
            header.session,
            header.epoch,
            header.tenant,
            header.author,
            header.device,
            time::format(header.time)
        ),
        json!({
            "suite": header.suite,
            "object": header.object,
            "version": header.version,
            "session": header.session,
            "epoch": header.epoch,
            "tenant": header.tenant,
            "author": header.author,
            "device": header.device,
            "time": header.time,
            "bytes": input.len(),
        }),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_count_both_ends() {
        assert_eq!(
            "0-1023".parse::<ByteRange>(),
            Ok(ByteRange {
                first: 0,
                last: 1023
            })
        );
        assert!("7-7".parse::<ByteRange>().is_ok());
        for bad in [
            "", "-", "5", "5-", "-5", "9-8", "+1-2", "1 -2", "1-2-3", "a-b",
        ] {
            assert!(bad.parse::<ByteRange>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_media_type_follows_from_the_name() {
        assert_eq!(media_type("Befund.PDF"), Some("application/pdf"));
        assert_eq!(media_type("bundle.fhir.json"), Some("application/json"));
        assert_eq!(media_type("pdf"), None);
        assert_eq!(media_type("x.unknown"), None);
    }
}
