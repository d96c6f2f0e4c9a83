//! `cargo xtask test`: every check of the project as a stage, two at a time, and a table of where the time went.

mod counts;
mod schedule;
mod stages;

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::{Result, bail};

use crate::policy;
use crate::process;
use crate::suite::counts::Counts;
use crate::suite::schedule::{Finished, Outcome, Verdict, Watcher};
use crate::suite::stages::{STAGES, Stage};
use crate::workspace::Workspace;

/// How many lines of a failed stage's log are shown; the rest stays in the file.
const SHOWN_LINES: usize = 250;

/// What was asked for on the command line.
#[derive(Debug)]
pub(crate) struct Options {
    /// Also the slow stages, and more rounds in the tests that ask for it.
    pub(crate) full: bool,
    /// Only print the names of the stages.
    pub(crate) list: bool,
    /// Only these stages, with nothing they need; all when empty.
    pub(crate) only: Vec<String>,
}

/// What a stage is given besides its log.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) full: bool,
}

/// Runs the stages. Returns whether all of them passed.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let selected = select(options)?;
    if options.list {
        for stage in selected {
            println!("{:18} {}", stage.name, stage.about);
        }
        return Ok(true);
    }
    let folder = workspace.scratch("logs")?;
    // The build stage comes before all that runs programs; when it was not selected they build for themselves.
    let workspace = Workspace {
        prebuilt: selected.iter().any(|stage| stage.name == "build"),
        ..workspace.clone()
    };
    let job = Job {
        workspace: &workspace,
        full: options.full,
    };
    let started = process::now();
    let screen = Screen {
        terminal: std::io::stdout().is_terminal(),
    };
    let finished = schedule::run(&selected, &job, &folder, &screen);
    let elapsed = started.elapsed();
    screen.clear();
    for stage in &finished {
        if let Verdict::Failed(error) = &stage.verdict {
            println!("\n──── {} failed: {error}", stage.name);
            println!("{}", tail(&stage.log, SHOWN_LINES));
            println!(
                "──── all of it: {}",
                folder.join(format!("{}.log", stage.name)).display()
            );
        }
    }
    println!("\n{}", table(&finished, elapsed));
    // A remark that cannot be made must not take the result away.
    for note in policy::notes(&workspace).unwrap_or_else(|error| vec![format!("{error:#}")]) {
        println!("note: {note}");
    }
    let total = finished
        .iter()
        .fold(Counts::default(), |sum, stage| sum.plus(stage.counts()));
    println!("\n{} passed, {} failed", total.passed, total.failed);
    Ok(total.failed == 0 && total.passed > 0)
}

fn select(options: &Options) -> Result<Vec<&'static Stage>> {
    for name in &options.only {
        if !STAGES.iter().any(|stage| stage.name == name) {
            bail!("there is no stage {name:?}; see cargo xtask test --list");
        }
    }
    Ok(STAGES
        .iter()
        .filter(|stage| {
            if options.only.is_empty() {
                (options.full || !stage.full_only) && (process::in_ci() || !stage.ci_only)
            } else {
                options.only.iter().any(|name| name == stage.name)
            }
        })
        .collect())
}

/// The last lines of a log.
fn tail(log: &str, lines: usize) -> String {
    let all: Vec<_> = log.lines().collect();
    let skipped = all.len().saturating_sub(lines);
    let mut shown: Vec<_> = all.into_iter().skip(skipped).collect();
    if skipped > 0 {
        shown.insert(0, "(…)");
    }
    shown.join("\n")
}

/// Stage, result, seconds, number of tests and a remark, one line each.
fn table(finished: &[Finished], elapsed: Duration) -> String {
    let mut lines = vec![format!(
        "{:18} {:8} {:>8} {:>7}  remark",
        "stage", "result", "seconds", "tests"
    )];
    let mut busy = Duration::ZERO;
    for stage in finished {
        busy += stage.elapsed;
        let (result, remark) = match &stage.verdict {
            Verdict::Passed(Outcome::Done(remark)) => ("ok", remark.clone()),
            Verdict::Passed(Outcome::Absent(what)) => ("ABSENT", format!("{what} does not exist")),
            Verdict::Failed(error) => (
                "FAILED",
                error.lines().next().unwrap_or_default().to_owned(),
            ),
            Verdict::Blocked(by) => ("BLOCKED", format!("{by} did not pass")),
        };
        let tests = stage.tests.map_or_else(String::new, |tests| {
            tests.passed.saturating_add(tests.failed).to_string()
        });
        lines.push(
            format!(
                "{:18} {result:8} {:8.1} {tests:>7}  {remark}",
                stage.name,
                stage.elapsed.as_secs_f64()
            )
            .trim_end()
            .to_owned(),
        );
    }
    lines.push(format!(
        "{:18} {:8} {:8.1} {:>7}  {:.1} s of work, two stages at a time",
        "all",
        "",
        elapsed.as_secs_f64(),
        "",
        busy.as_secs_f64()
    ));
    lines.join("\n")
}

/// Shows what is going on: one changing line on a terminal, one line per event elsewhere.
#[derive(Debug)]
struct Screen {
    terminal: bool,
}

impl Screen {
    fn clear(&self) {
        if self.terminal {
            print!("\r\x1b[2K");
        }
    }
}

impl Watcher for Screen {
    fn started(&self, stage: &str) {
        if !self.terminal {
            println!("start  {stage}");
        }
    }

    fn finished(&self, stage: &Finished) {
        let word = match stage.verdict {
            Verdict::Passed(Outcome::Done(_)) => "ok    ",
            Verdict::Passed(Outcome::Absent(_)) => "ABSENT",
            Verdict::Failed(_) => "FAILED",
            Verdict::Blocked(_) => "BLOCKED",
        };
        self.clear();
        println!("{word} {} {:.1} s", stage.name, stage.elapsed.as_secs_f64());
    }

    fn running(&self, stages: &[(&str, Duration)]) {
        if self.terminal {
            let list: Vec<_> = stages
                .iter()
                .map(|(name, elapsed)| format!("{name} {} s", elapsed.as_secs()))
                .collect();
            print!("\r\x1b[2K… {}", list.join(", "));
            // A terminal that cannot be written to has nobody to tell.
            let _flushed = std::io::stdout().flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Options, select, table, tail};
    use crate::suite::counts::Counts;
    use crate::suite::schedule::{Finished, Outcome, Verdict};

    fn options(full: bool, only: &[&str]) -> Options {
        Options {
            full,
            list: false,
            only: only.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn selection() {
        let all = select(&options(true, &[])).unwrap().len();
        let usual = select(&options(false, &[])).unwrap().len();
        assert!(usual < all);
        let two = select(&options(false, &["layers", "fmt"])).unwrap();
        let names: Vec<_> = two.iter().map(|stage| stage.name).collect();
        assert_eq!(names, ["fmt", "layers"]);
        assert!(select(&options(false, &["nothing"])).is_err());
    }

    #[test]
    fn a_long_log_is_cut_at_its_beginning() {
        assert_eq!(tail("a\nb\nc", 2), "(…)\nb\nc");
        assert_eq!(tail("a\nb", 2), "a\nb");
    }

    #[test]
    fn the_table_says_what_happened_to_each() {
        let finished = |name, verdict, tests| Finished {
            name,
            verdict,
            elapsed: Duration::from_millis(1500),
            tests,
            log: String::new(),
        };
        let text = table(
            &[
                finished(
                    "tests",
                    Verdict::Passed(Outcome::Done(String::new())),
                    Some(Counts {
                        passed: 41,
                        failed: 0,
                    }),
                ),
                finished("wasm", Verdict::Failed("why\nmore".to_owned()), None),
                finished("sdk", Verdict::Blocked("wasm"), None),
                finished(
                    "story",
                    Verdict::Passed(Outcome::Absent("run.sh".to_owned())),
                    None,
                ),
            ],
            Duration::from_secs(3),
        );
        let lines: Vec<_> = text.lines().collect();
        assert!(
            lines[1].contains("ok") && lines[1].ends_with("1.5      41"),
            "{text}"
        );
        assert!(
            lines[2].contains("FAILED") && lines[2].ends_with("why"),
            "{text}"
        );
        assert!(
            lines[3].contains("BLOCKED") && lines[3].ends_with("wasm did not pass"),
            "{text}"
        );
        assert!(
            lines[4].contains("ABSENT") && lines[4].ends_with("run.sh does not exist"),
            "{text}"
        );
        assert!(
            lines[5].contains("3.0") && lines[5].contains("6.0 s of work"),
            "{text}"
        );
    }
}
