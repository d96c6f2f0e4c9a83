//! A large stream, sealed and opened: how fast compared with bare AES-256-GCM over the same bytes in
//! the same run, and how much memory it takes beyond what the program had before.

use std::{
    fs,
    hint::black_box,
    io::{self, Read, Write},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use wardseal_client_core::object::{
    OpenPlan, SealPlan, Watch, open_stream, read_prelude, seal_stream,
};
use wardseal_crypto::aead::DefaultAes;
use wardseal_protocol::object::Metadata;

use crate::bulk::{Person, bare_aes, noise, rng};

/// What the peak above the baseline should not exceed, in bytes.
const AIM: u64 = 32 << 20;
const THREADS: usize = 2;

/// So many bytes of noise, the same piece again and again: nothing is held.
struct Source {
    piece: Vec<u8>,
    left: u64,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(self.left).unwrap_or(usize::MAX) % self.piece.len();
        let from = self.piece.get(start..).unwrap_or_default();
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let count = from.len().min(buffer.len()).min(most);
        for (to, from) in buffer.iter_mut().zip(from).take(count) {
            *to = *from;
        }
        self.left = self
            .left
            .saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}

/// Counts what is written and keeps nothing.
#[derive(Default)]
struct Sink(u64);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        black_box(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a run took.
struct Run {
    time: Duration,
    /// Bytes of memory above the baseline, where the system says.
    peak: Option<u64>,
}

/// Seals and opens `mib` MiB as streams and prints the table.
#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
pub(crate) fn run(mib: u32) -> anyhow::Result<()> {
    let person = Person::new()?;
    let piece = noise(8 << 20);
    let size = u64::from(mib) << 20;
    let source = || Source {
        piece: piece.clone(),
        left: size,
    };
    // The object itself is the only thing that has to lie somewhere.
    let place = std::env::temp_dir().join(format!("wardseal-memory-{}", std::process::id()));
    let bare = measured(|| {
        let mut out = vec![0; piece.len() + piece.len() / 1024];
        for _ in 0..size / u64::try_from(piece.len())? {
            bare_aes(&piece, &mut out)?;
        }
        Ok(())
    })?;
    let plan = SealPlan::start(
        person.seed(),
        person.header(),
        &Metadata::default(),
        &mut rng(),
    )?;
    let sealed = measured(|| {
        let mut sink = Sink::default();
        seal_stream::<DefaultAes>(
            plan,
            person.signer(),
            THREADS,
            source(),
            &mut sink,
            Watch::none(),
        )?;
        anyhow::ensure!(sink.0 > size, "the object is too short");
        Ok(())
    })?;
    let plan = SealPlan::start(
        person.seed(),
        person.header(),
        &Metadata::default(),
        &mut rng(),
    )?;
    seal_stream::<DefaultAes>(
        plan,
        person.signer(),
        THREADS,
        source(),
        fs::File::create(&place)?,
        Watch::none(),
    )?;
    let opened = measured(|| {
        let mut reader = fs::File::open(&place)?;
        let prelude = read_prelude(&mut reader)?;
        let plan = OpenPlan::start(person.seed(), prelude, person.expected(), person.device())?;
        let mut sink = Sink::default();
        let complete = open_stream::<DefaultAes>(plan, THREADS, reader, &mut sink, Watch::none())?;
        anyhow::ensure!(complete.content_len() == size, "the content is too short");
        Ok(())
    });
    fs::remove_file(&place)?;
    let opened = opened?;

    println!("\n{mib} MiB as a stream, {THREADS} threads; AES alone: one thread, in memory\n");
    println!(
        "| | s | GB/s | times AES alone | peak above the baseline (aim {} MiB) |",
        AIM >> 20
    );
    println!("|---|---:|---:|---:|---:|");
    let bytes = f64::from(mib) * 1_048_576.0;
    for (name, run) in [
        ("AES-256-GCM alone, 16 KiB chunks", &bare),
        ("sealed, signed", &sealed),
        ("opened, author verified", &opened),
    ] {
        let seconds = run.time.as_secs_f64();
        let peak = run.peak.map_or_else(
            || "not measured".to_owned(),
            |peak| format!("{:.1} MiB", mebibytes(peak)),
        );
        println!(
            "| {name} | {seconds:.2} | {:.2} | {:.2} | {peak} |",
            bytes / seconds / 1e9,
            bare.time.as_secs_f64() / seconds
        );
    }
    Ok(())
}

#[expect(clippy::as_conversions, reason = "a table has three digits")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark is about the time that it takes"
)]
fn measured(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Run> {
    let before = reset_peak();
    let start = Instant::now();
    work()?;
    let time = start.elapsed();
    let peak = match before {
        Some(before) => status("VmHWM:")?.map(|peak| peak.saturating_sub(before)),
        None => None,
    };
    Ok(Run { time, peak })
}

/// Begins to measure the peak of the resident memory anew; gives what is resident now. `None` where
/// the system (other than Linux) does not say.
fn reset_peak() -> Option<u64> {
    fs::write("/proc/self/clear_refs", "5").ok()?;
    status("VmRSS:").ok()?
}

fn status(field: &str) -> anyhow::Result<Option<u64>> {
    let text = fs::read_to_string("/proc/self/status").context("the process describes itself")?;
    let kilobytes = text
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse::<u64>().ok());
    Ok(kilobytes.map(|kilobytes| kilobytes << 10))
}
