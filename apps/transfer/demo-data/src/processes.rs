//! The four programs of the demonstration, each in a process of its own.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread::spawn,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

/// How long a server may take to listen.
const START_LIMIT: Duration = Duration::from_secs(30);
/// What a server prints, alone on a line, when it is ready; the address follows.
const READY: &str = "listening on ";

/// Where programs are, and where they keep what they know.
#[derive(Debug)]
pub struct Place {
    /// The folder with `wardseal`, `wardseal-transfer` and `transfer-mail-catcher`.
    pub programs: PathBuf,
    /// A folder for their data.
    pub data: PathBuf,
}

impl Place {
    /// A command of one of the programs.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.stdin(Stdio::null());
        command
    }
}

/// A running server, ended when dropped.
#[derive(Debug)]
pub struct Server {
    name: String,
    command: Command,
    child: Child,
    /// Where it listens, without a slash at the end.
    pub url: String,
}

impl Server {
    /// Starts a program and waits until it says where it listens.
    ///
    /// # Errors
    /// When it does not start, ends, or stays silent for half a minute.
    pub fn start(name: &str, mut command: Command) -> Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let printed = child.stdout.take();
        // From here on dropping it ends the process.
        let mut server = Self {
            name: name.to_owned(),
            command,
            child,
            url: String::new(),
        };
        let (sender, receiver) = channel();
        // Reads on after the address: a server whose output nobody takes would stop at a full pipe.
        spawn(move || {
            for line in printed
                .into_iter()
                .flat_map(|out| BufReader::new(out).lines())
            {
                let Ok(line) = line else { break };
                if let Some(url) = line.trim().strip_prefix(READY) {
                    // Nobody waits any more for a server that took too long.
                    let _heard = sender.send(url.trim_end_matches('/').to_owned());
                }
            }
        });
        server.url = match receiver.recv_timeout(START_LIMIT) {
            Ok(url) => url,
            Err(RecvTimeoutError::Disconnected) => {
                bail!(
                    "{name} stopped before it listened ({})",
                    server.child.wait()?
                )
            }
            Err(RecvTimeoutError::Timeout) => {
                bail!("{name} does not listen after {} s", START_LIMIT.as_secs())
            }
        };
        Ok(server)
    }

    /// Ends the process at once, as a crash does. What it kept stays.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn stop(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts the process again at the address that it had.
    ///
    /// # Errors
    /// As [`Server::start`]; also when something else listens there now.
    pub fn start_again(&mut self) -> Result<()> {
        let address = self.url.trim_start_matches("http://").to_owned();
        let mut command = Command::new(self.command.get_program());
        command.stdin(Stdio::null());
        let mut is_address = false;
        for word in self.command.get_args() {
            if is_address {
                command.arg(&address);
            } else {
                command.arg(word);
            }
            is_address = word == "--listen";
        }
        *self = Self::start(&self.name, command)?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing can be done about a process that is already gone.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Runs a command to its end and gives what it printed.
///
/// # Errors
/// With what it wrote to standard error, when it fails.
pub fn output(mut command: Command) -> Result<String> {
    let done = command
        .output()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    if !done.status.success() {
        bail!(
            "{} {} failed: {}",
            Path::new(command.get_program()).display(),
            command
                .get_args()
                .map(|word| word.to_string_lossy())
                .collect::<Vec<_>>()
                .join(" "),
            String::from_utf8_lossy(&done.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}
