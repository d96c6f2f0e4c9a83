//! Opens sealed files, whole or in part.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::json;
use wardseal_client::{
    Opening,
    crypto::aead::DefaultAes,
    object::{ObjectError, RangeReader, open_stream, read_prelude},
    protocol::object::{LENGTH, Metadata, ObjectHeader, Prelude},
};

use super::{Input, Progress, THREADS, both_from_stdin, both_to_stdout, streaming};
use crate::cli::{
    failure::Failure,
    names::safe_file_name,
    output::{Output, Readable},
    profile::{Host, HostClient},
    report::Report,
    time,
};

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
}
