//! Medians, and tables of them.

use std::time::{Duration, Instant};

/// What took how long for how many bytes.
pub(crate) struct Row {
    name: &'static str,
    bytes: f64,
    median: Duration,
    best: Duration,
    /// Of all threads together, the median.
    processor: Duration,
    /// The first contender's time divided by this one's, in the same round: the median.
    ratio: f64,
}

/// A way to do something, which gives itself a name.
pub(crate) type Contender<'a> = (&'static str, Box<dyn FnMut() -> anyhow::Result<()> + 'a>);

/// Runs all contenders in turn, `rounds` times after one that does not count, so that whatever else
/// the machine does meets them alike; and takes each one's median.
#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark is about the time that it takes"
)]
pub(crate) fn compare(
    rounds: usize,
    bytes: f64,
    mut contenders: Vec<Contender<'_>>,
) -> anyhow::Result<Vec<Row>> {
    let mut times = vec![Vec::new(); contenders.len()];
    let mut processor = times.clone();
    for round in 0..=rounds {
        let lists = times.iter_mut().zip(&mut processor);
        for ((_, run), (times, processor)) in contenders.iter_mut().zip(lists) {
            let (start, spent) = (Instant::now(), processor_time());
            run()?;
            if round > 0 {
                times.push(start.elapsed());
                processor.push(processor_time().saturating_sub(spent));
            }
        }
    }
    let first = times.first().cloned().unwrap_or_default();
    Ok(contenders
        .iter()
        .zip(times.into_iter().zip(processor))
        .map(|((name, _), (mut times, mut processor))| {
            let mut ratios: Vec<f64> = first
                .iter()
                .zip(&times)
                .map(|(first, this)| first.as_secs_f64() / this.as_secs_f64())
                .collect();
            ratios.sort_by(f64::total_cmp);
            times.sort();
            processor.sort();
            Row {
                name,
                bytes,
                median: times.get(times.len() / 2).copied().unwrap_or_default(),
                best: times.first().copied().unwrap_or_default(),
                processor: processor
                    .get(processor.len() / 2)
                    .copied()
                    .unwrap_or_default(),
                ratio: ratios.get(ratios.len() / 2).copied().unwrap_or_default(),
            }
        })
        .collect())
}

/// The processor time that this process has spent so far, in all its threads.
fn processor_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.try_into().unwrap_or_default()
}

/// Prints a table (Markdown) of medians and, since machines are shared, best times. How fast a row is,
/// compared with the first, is measured within each round; the table has the median of that.
#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
pub(crate) fn print(title: &str, rows: &[Row]) {
    println!(
        "\n{title}\n\n| | ms | GB/s | times the first's speed | best ms | processor ms |\n|---|---:|---:|---:|---:|---:|"
    );
    for row in rows {
        let median = row.median.as_secs_f64();
        println!(
            "| {} | {:.1} | {:.2} | {:.2} | {:.1} | {:.1} |",
            row.name,
            median * 1e3,
            row.bytes / median / 1e9,
            row.ratio,
            row.best.as_secs_f64() * 1e3,
            row.processor.as_secs_f64() * 1e3,
        );
    }
}

/// The median processor time of one call in seconds, whoever else uses the machine: of nine batches, each
/// long enough for the clock.
///
/// # Errors
/// When a call says that it failed.
#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark is about the time that it takes"
)]
pub(crate) fn seconds_each(mut call: impl FnMut() -> bool) -> anyhow::Result<f64> {
    const BATCH: Duration = Duration::from_millis(60);
    let mut medians = Vec::new();
    for _ in 0..9 {
        let (start, spent) = (Instant::now(), processor_time());
        let mut calls = 0_u32;
        while start.elapsed() < BATCH {
            // Looking at the clock takes as long as a tenth of a wrap.
            for _ in 0..16 {
                anyhow::ensure!(call(), "an operation failed while it was measured");
            }
            calls += 16;
        }
        let spent = processor_time().saturating_sub(spent);
        medians.push(spent.as_secs_f64() / f64::from(calls));
    }
    medians.sort_by(f64::total_cmp);
    medians
        .get(4)
        .copied()
        .ok_or_else(|| anyhow::anyhow!("nothing was measured"))
}
