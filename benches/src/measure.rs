//! Medians, and tables of them.

use std::time::{Duration, Instant};

/// What took how long for how many bytes.
pub(crate) struct Row {
    name: &'static str,
    bytes: f64,
    median: Duration,
    best: Duration,
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
    for round in 0..=rounds {
        for ((_, run), times) in contenders.iter_mut().zip(&mut times) {
            let start = Instant::now();
            run()?;
            if round > 0 {
                times.push(start.elapsed());
            }
        }
    }
    Ok(contenders
        .iter()
        .zip(times)
        .map(|((name, _), mut times)| {
            times.sort();
            Row {
                name,
                bytes,
                median: times.get(times.len() / 2).copied().unwrap_or_default(),
                best: times.first().copied().unwrap_or_default(),
            }
        })
        .collect())
}

/// Prints a table (Markdown) of medians and, since machines are shared, best times, each compared with
/// the first row.
#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
pub(crate) fn print(title: &str, rows: &[Row]) {
    println!(
        "\n{title}\n\n| | ms | GB/s | of the first | best ms | of the first |\n|---|---:|---:|---:|---:|---:|"
    );
    let seconds = |row: &Row| (row.median.as_secs_f64(), row.best.as_secs_f64());
    let (first, first_best) = rows.first().map(seconds).unwrap_or_default();
    for row in rows {
        let (median, best) = seconds(row);
        println!(
            "| {} | {:.1} | {:.2} | {:.2} | {:.1} | {:.2} |",
            row.name,
            median * 1e3,
            row.bytes / median / 1e9,
            first / median,
            best * 1e3,
            first_best / best,
        );
    }
}

/// The median time of one call in seconds: of nine batches, each long enough for the clock.
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
        let start = Instant::now();
        let mut calls = 0_u32;
        while start.elapsed() < BATCH {
            anyhow::ensure!(call(), "an operation failed while it was measured");
            calls += 1;
        }
        medians.push(start.elapsed().as_secs_f64() / f64::from(calls));
    }
    medians.sort_by(f64::total_cmp);
    medians
        .get(4)
        .copied()
        .ok_or_else(|| anyhow::anyhow!("nothing was measured"))
}
