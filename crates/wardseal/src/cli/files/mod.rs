//! Seals, opens and inspects files.

mod open;
mod seal;

use std::{
    fs::File,
    io::{self, IsTerminal as _, Read, Write as _},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use clap::Args;
use serde_json::json;
use wardseal_client::object::{ObjectError, Watch, read_prelude};

use super::{failure::Failure, report::Report, time};

pub(crate) use open::{Open, open};
pub(crate) use seal::{Seal, seal};

/// As many as are faster than a disk.
const THREADS: usize = 2;

/// A file to inspect.
#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// The sealed file; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

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

/// Runs a stream and tells how far it is.
fn streaming<R>(
    progress: &Progress,
    run: impl FnOnce(Watch<'_>) -> Result<R, ObjectError>,
) -> Result<R, ObjectError> {
    let result = run(Watch {
        progress: &|done| progress.show(done),
        ..Watch::none()
    });
    progress.end();
    result
}

fn both_from_stdin() -> Failure {
    Failure::usage("standard input cannot hold both the password and the content")
        .advise("name a file in WARDSEAL_PASSWORD_FILE")
}

fn both_to_stdout() -> Failure {
    Failure::usage("standard output cannot take both the content and the answer")
        .advise("leave --json out, or name a file with -o")
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
