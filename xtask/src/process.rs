//! Running other programs and keeping what they print.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// No command of a stage may take longer; one that does is ended, so that CI never hangs.
const COMMAND_LIMIT: Duration = Duration::from_mins(25);

/// The time, read in this one place: the tool measures itself and nothing else.
#[expect(
    clippy::disallowed_methods,
    reason = "the tool measures how long its own stages take"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// An environment variable, if it is set and not empty.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether a CI system runs this.
pub(crate) fn in_ci() -> bool {
    variable("CI").is_some_and(|value| value != "false")
}

/// The cargo that runs this tool, so that nested calls use the same toolchain.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(variable("CARGO").unwrap_or_else(|| "cargo".into()));
    // What cargo tells this tool about itself must not reach nested builds: they would be built again.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
        command.env_remove(name);
    }
    command
}

/// Standard output of a command that must succeed; what it prints as error is part of the error.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let answer = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", line(command)))?;
    if !answer.status.success() {
        bail!(
            "{} failed ({}):\n{}",
            line(command),
            answer.status,
            String::from_utf8_lossy(&answer.stderr).trim()
        );
    }
    Ok(answer.stdout)
}

/// Whether a program can be started and answers `--version`.
pub(crate) fn answers(program: impl AsRef<Path>) -> bool {
    Command::new(program.as_ref())
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A command as a person would type it, for logs and errors: without the folder of the program.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let mut words = vec![name.to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

/// Where a task's commands print: the terminal, or a file that is shown only when the task fails.
#[derive(Debug)]
pub(crate) struct Log {
    root: PathBuf,
    file: Option<File>,
}

impl Log {
    /// Commands print to the terminal and run in `root`.
    pub(crate) fn terminal(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            file: None,
        }
    }

    /// Commands print to a new file and run in `root`.
    pub(crate) fn file(root: &Path, path: &Path) -> Result<Self> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self {
            root: root.to_owned(),
            file: Some(file),
        })
    }

    /// One line of our own.
    pub(crate) fn say(&mut self, text: &str) -> Result<()> {
        match &mut self.file {
            Some(file) => {
                file.seek(SeekFrom::End(0))?;
                writeln!(file, "{text}")?;
            }
            None => println!("{text}"),
        }
        Ok(())
    }

    /// Sends what a command prints to this log and its folder to the root, unless one was set.
    pub(crate) fn attach(&mut self, command: &mut Command) -> Result<()> {
        if command.get_current_dir().is_none() {
            command.current_dir(&self.root);
        }
        command.stdin(Stdio::null());
        if let Some(file) = &mut self.file {
            file.seek(SeekFrom::End(0))?;
            command
                .stdout(file.try_clone()?)
                .stderr(file.try_clone()?)
                .env("CARGO_TERM_COLOR", "never")
                .env("NO_COLOR", "1");
        }
        Ok(())
    }

    /// Runs a command to its end. Fails when it cannot start, fails, or takes too long.
    pub(crate) fn run(&mut self, command: &mut Command) -> Result<()> {
        self.say(&format!("$ {}", line(command)))?;
        self.attach(command)?;
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {}", line(command)))?;
        let started = now();
        loop {
            if let Some(status) = child.try_wait()? {
                if status.success() {
                    return Ok(());
                }
                bail!("{} failed ({status})", line(command));
            }
            if started.elapsed() > COMMAND_LIMIT {
                child.kill()?;
                child.wait()?;
                bail!(
                    "{} was ended after {} s",
                    line(command),
                    COMMAND_LIMIT.as_secs()
                );
            }
            sleep(Duration::from_millis(50));
        }
    }

    /// All that was printed so far; empty when it went to the terminal.
    pub(crate) fn text(&mut self) -> Result<String> {
        let mut bytes = Vec::new();
        if let Some(file) = &mut self.file {
            file.seek(SeekFrom::Start(0))?;
            file.read_to_end(&mut bytes)?;
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Log, output};

    #[test]
    fn a_log_keeps_both_streams_in_order() {
        let directory = std::env::temp_dir();
        let path = directory.join(format!("xtask-log-{}", std::process::id()));
        let mut log = Log::file(&directory, &path).unwrap();
        log.say("first").unwrap();
        log.run(Command::new("sh").args(["-c", "echo second; echo third >&2"]))
            .unwrap();
        log.say("last").unwrap();
        let text = log.text().unwrap();
        std::fs::remove_file(path).unwrap();
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('$')).collect();
        assert_eq!(lines, ["first", "second", "third", "last"]);
    }

    #[test]
    fn a_failing_command_is_an_error_with_its_words() {
        let error = output(Command::new("sh").args(["-c", "echo because >&2; exit 3"]))
            .unwrap_err()
            .to_string();
        assert!(error.contains("because"), "{error}");
        let mut log = Log::terminal(&std::env::temp_dir());
        assert!(log.run(&mut Command::new("false")).is_err());
    }
}
