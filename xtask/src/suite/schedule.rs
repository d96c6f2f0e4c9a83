//! Runs stages: in order within a lane, both lanes side by side, each stage when what it needs has passed.

use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{self, Log};
use crate::suite::Job;
use crate::suite::counts::Counts;
use crate::suite::stages::{LANES, Lane, Stage};

/// How a stage that did not fail ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It passed; a remark for the table, often empty.
    Done(String),
    /// What it is about is not in the tree.
    Absent(String),
}

/// How a stage ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed(Outcome),
    Failed(String),
    /// It did not run because this one, which it needs, did not pass.
    Blocked(&'static str),
}

/// A stage that has ended.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    pub(crate) name: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) elapsed: Duration,
    /// What the test runners in its log counted, if there were any.
    pub(crate) tests: Option<Counts>,
    pub(crate) log: String,
}

impl Finished {
    fn passed(&self) -> bool {
        matches!(self.verdict, Verdict::Passed(_))
    }

    /// What the stage adds to the closing line: its tests, or itself when it has none.
    pub(crate) fn counts(&self) -> Counts {
        let tests = self.tests.unwrap_or_default();
        match self.verdict {
            Verdict::Passed(Outcome::Done(_)) if self.tests.is_none() => Counts {
                passed: 1,
                failed: 0,
            },
            Verdict::Passed(Outcome::Done(_)) => tests,
            Verdict::Passed(Outcome::Absent(_)) => Counts::default(),
            // A runner can fail without having counted a failed test.
            Verdict::Failed(_) | Verdict::Blocked(_) => Counts {
                passed: tests.passed,
                failed: tests.failed.max(1),
            },
        }
    }
}

/// Is told what goes on.
pub(crate) trait Watcher: Sync {
    fn started(&self, stage: &str);
    fn finished(&self, stage: &Finished);
    /// Called about once a second with what is running, and for how long.
    fn running(&self, stages: &[(&str, Duration)]);
}

/// Runs all the stages and returns them in their order, however they ended. Logs go to `<folder>/<stage>.log`.
pub(crate) fn run(
    stages: &[&'static Stage],
    job: &Job<'_>,
    folder: &Path,
    watcher: &dyn Watcher,
) -> Vec<Finished> {
    let board = Board::default();
    thread::scope(|scope| {
        let lanes: Vec<_> = LANES
            .iter()
            .map(|lane| scope.spawn(|| board.run_lane(*lane, stages, job, folder, watcher)))
            .collect();
        // A lane that panicked ends without having finished its stages; the scope passes the panic on.
        while !lanes.iter().all(thread::ScopedJoinHandle::is_finished)
            && board.lock().finished.len() < stages.len()
        {
            board.tell(watcher);
        }
    });
    let mut finished = board.lock().finished.clone();
    finished.sort_by_key(|done| stages.iter().position(|stage| stage.name == done.name));
    finished
}

/// What both lanes know.
#[derive(Debug, Default)]
struct Board {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    running: Vec<(&'static str, Instant)>,
    finished: Vec<Finished>,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing is left half-done under this lock, so a panic elsewhere does not make the state wrong.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, watcher: &dyn Watcher) {
        let state = self.lock();
        let (state, _) = self
            .changed
            .wait_timeout(state, Duration::from_secs(1))
            .unwrap_or_else(PoisonError::into_inner);
        let running: Vec<_> = state
            .running
            .iter()
            .map(|(name, since)| (*name, since.elapsed()))
            .collect();
        drop(state);
        watcher.running(&running);
    }

    fn run_lane(
        &self,
        lane: Lane,
        stages: &[&'static Stage],
        job: &Job<'_>,
        folder: &Path,
        watcher: &dyn Watcher,
    ) {
        for stage in stages.iter().filter(|stage| stage.lane == lane) {
            let finished = match self.wait_for_needs(stage, stages) {
                Some(missing) => Finished {
                    name: stage.name,
                    verdict: Verdict::Blocked(missing),
                    elapsed: Duration::ZERO,
                    tests: None,
                    log: String::new(),
                },
                None => {
                    let started = process::now();
                    self.lock().running.push((stage.name, started));
                    watcher.started(stage.name);
                    perform(stage, job, folder, started)
                }
            };
            watcher.finished(&finished);
            let mut state = self.lock();
            state.running.retain(|(name, _)| *name != stage.name);
            state.finished.push(finished);
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Waits until every needed stage that was selected has ended; returns one that did not pass.
    fn wait_for_needs(&self, stage: &Stage, stages: &[&'static Stage]) -> Option<&'static str> {
        let selected = |name: &&str| stages.iter().any(|other| other.name == *name);
        for need in stage.needs.iter().copied().filter(selected) {
            let mut state = self.lock();
            let passed = loop {
                if let Some(done) = state.finished.iter().find(|done| done.name == need) {
                    break done.passed();
                }
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            };
            drop(state);
            if !passed {
                return Some(need);
            }
        }
        None
    }
}

fn perform(stage: &'static Stage, job: &Job<'_>, folder: &Path, started: Instant) -> Finished {
    let path = folder.join(format!("{}.log", stage.name));
    let mut text = String::new();
    let worked = Log::file(&job.workspace.root, &path).and_then(|mut log| {
        let worked = (stage.work)(job, &mut log);
        text = log.text()?;
        worked
    });
    Finished {
        name: stage.name,
        verdict: match worked {
            Ok(outcome) => Verdict::Passed(outcome),
            Err(error) => Verdict::Failed(format!("{error:#}")),
        },
        elapsed: started.elapsed(),
        tests: Counts::read(&text),
        log: text,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread::sleep;
    use std::time::Duration;

    use anyhow::{Result, bail};

    use super::{Finished, Outcome, Verdict, Watcher, run};
    use crate::process::Log;
    use crate::suite::Job;
    use crate::suite::counts::Counts;
    use crate::suite::stages::{Lane, Stage};
    use crate::workspace::Workspace;

    struct Silent;

    impl Watcher for Silent {
        fn started(&self, _: &str) {}
        fn finished(&self, _: &Finished) {}
        fn running(&self, _: &[(&str, Duration)]) {}
    }

    static SLOW_IS_DONE: AtomicBool = AtomicBool::new(false);

    #[expect(clippy::unnecessary_wraps, reason = "the signature of a stage")]
    fn slow(_: &Job<'_>, _: &mut Log) -> Result<Outcome> {
        sleep(Duration::from_millis(60));
        SLOW_IS_DONE.store(true, Ordering::SeqCst);
        Ok(Outcome::Done(String::new()))
    }

    fn after_slow(_: &Job<'_>, log: &mut Log) -> Result<Outcome> {
        assert!(SLOW_IS_DONE.load(Ordering::SeqCst));
        log.say("3 passed, 0 failed")?;
        Ok(Outcome::Done(String::new()))
    }

    fn failing(_: &Job<'_>, log: &mut Log) -> Result<Outcome> {
        log.say("2 passed, 0 failed")?;
        bail!("because")
    }

    fn absent(_: &Job<'_>, _: &mut Log) -> Result<Outcome> {
        Ok(Outcome::Absent("it".to_owned()))
    }

    const fn stage(
        name: &'static str,
        lane: Lane,
        needs: &'static [&'static str],
        work: fn(&Job<'_>, &mut Log) -> Result<Outcome>,
    ) -> Stage {
        Stage {
            name,
            about: "",
            lane,
            needs,
            full_only: false,
            ci_only: false,
            work,
        }
    }

    static SLOW: Stage = stage("slow", Lane::Native, &[], slow);
    static AFTER: Stage = stage("after", Lane::Web, &["slow", "not selected"], after_slow);
    static FAILING: Stage = stage("failing", Lane::Web, &[], failing);
    static BLOCKED: Stage = stage("blocked", Lane::Native, &["failing"], slow);
    static ABSENT: Stage = stage("absent", Lane::Native, &[], absent);

    #[test]
    fn lanes_wait_for_each_other_and_a_failure_blocks_only_what_needs_it() {
        let root = std::env::temp_dir().join(format!("xtask-schedule-{}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        let workspace = Workspace {
            root: root.clone(),
            target: root.clone(),
            packages: Vec::new(),
            prebuilt: false,
        };
        let job = Job {
            workspace: &workspace,
            full: false,
        };
        let stages = [&SLOW, &AFTER, &FAILING, &BLOCKED, &ABSENT];
        let finished = run(&stages, &job, &root, &Silent);
        std::fs::remove_dir_all(root).unwrap();
        let verdicts: Vec<_> = finished
            .iter()
            .map(|done| (done.name, done.verdict.clone(), done.counts()))
            .collect();
        let counts = |passed, failed| Counts { passed, failed };
        let done = || Verdict::Passed(Outcome::Done(String::new()));
        assert_eq!(
            verdicts,
            [
                ("slow", done(), counts(1, 0)),
                ("after", done(), counts(3, 0)),
                (
                    "failing",
                    Verdict::Failed("because".to_owned()),
                    counts(2, 1)
                ),
                ("blocked", Verdict::Blocked("failing"), counts(0, 1)),
                (
                    "absent",
                    Verdict::Passed(Outcome::Absent("it".to_owned())),
                    counts(0, 0)
                ),
            ]
        );
    }
}
