//! The story of `examples/two-facilities`, with a key server and a vault of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::spawn;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process::{self, Log};
use crate::workspace::Workspace;

/// The story itself. It is given `WARDSEAL_BIN`, `WARDSEAL_KEYS_URL`, `WARDSEAL_VAULT_URL` and `WARDSEAL_DEMO_DIR`,
/// an empty folder to work in.
pub(crate) const SCRIPT: &str = "examples/two-facilities/run.sh";

/// How long a server may take to listen.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Builds what is missing, starts both servers, tells the story and stops the servers.
pub(crate) fn run(workspace: &Workspace, log: &mut Log, release: bool) -> Result<()> {
    if !workspace.has(SCRIPT) {
        bail!("{SCRIPT} does not exist yet");
    }
    let program = program(workspace, log, release)?;
    let folder = workspace.scratch("story")?;
    let keys = Server::start(&program, "keys", &folder, log)?;
    let vault = Server::start(&program, "vault", &folder, log)?;
    let story = folder.join("story");
    std::fs::create_dir_all(&story)?;
    log.run(
        Command::new("bash")
            .arg(workspace.root.join(SCRIPT))
            .args(bundles(workspace)?)
            .env("WARDSEAL_BIN", &program)
            .env("WARDSEAL_KEYS_URL", &keys.url)
            .env("WARDSEAL_VAULT_URL", &vault.url)
            .env("WARDSEAL_DEMO_DIR", &story),
    )?;
    // Stopped here and not earlier: dropping a server ends its process.
    drop((keys, vault));
    Ok(())
}

/// The bundles that are sealed, where there are some; else the script makes one.
fn bundles(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let Some(folder) = workspace.samples() else {
        return Ok(Vec::new());
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The command-line program, built unless the tests have just done so.
pub(crate) fn program(workspace: &Workspace, log: &mut Log, release: bool) -> Result<PathBuf> {
    if release {
        log.run(process::cargo().args(["build", "--release", "--package", "wardseal"]))?;
        return Ok(workspace.target.join("release/wardseal"));
    }
    if !workspace.prebuilt {
        log.run(process::cargo().args(["build", "--package", "wardseal"]))?;
    }
    Ok(workspace.debug_programs().join("wardseal"))
}

/// One running server process, ended when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where it listens, without a slash at the end.
    pub(crate) url: String,
}

/// What a server prints, alone on a line, when it is ready; the address follows.
const READY: &str = "listening on ";

impl Server {
    /// Starts `wardseal serve` in one role on a free port of the loopback interface and waits until it listens.
    pub(crate) fn start(program: &Path, role: &str, folder: &Path, log: &mut Log) -> Result<Self> {
        let mut command = Command::new(program);
        command
            // One line for each request would bury the story.
            .args([
                "serve",
                "--role",
                role,
                "--listen",
                "127.0.0.1:0",
                "--log",
                "warn",
            ])
            .arg("--data")
            .arg(folder.join(role));
        log.say(&format!("$ {} &", process::line(&command)))?;
        log.attach(&mut command)?;
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let printed = child.stdout.take();
        // From here on dropping it ends the process.
        let mut server = Self {
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
                if let Some(url) = address(&line) {
                    // Nobody waits any more for a server that took too long.
                    let _heard = sender.send(url.to_owned());
                }
            }
        });
        server.url = match receiver.recv_timeout(START_LIMIT) {
            Ok(url) => url,
            Err(RecvTimeoutError::Disconnected) => {
                bail!(
                    "the {role} server stopped before it listened ({})",
                    server.child.wait()?
                )
            }
            Err(RecvTimeoutError::Timeout) => {
                bail!(
                    "the {role} server does not listen after {} s",
                    START_LIMIT.as_secs()
                )
            }
        };
        log.say(&format!("the {role} server listens on {}", server.url))?;
        Ok(server)
    }
}

/// The address in the line of a server that is ready.
fn address(line: &str) -> Option<&str> {
    let url = line.trim().strip_prefix(READY)?;
    url.starts_with("http://")
        .then(|| url.trim_end_matches('/'))
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing can be done about a process that is already gone.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use super::{Server, address};
    use crate::process::{self, Log};

    #[test]
    fn the_line_of_a_server_that_is_ready() {
        assert_eq!(
            address("listening on http://127.0.0.1:7420/\n"),
            Some("http://127.0.0.1:7420")
        );
        assert_eq!(address("listening on port 7420"), None);
        assert_eq!(address("not listening on http://127.0.0.1:7420"), None);
    }

    /// A folder in which the shell, started as the server, runs this script: its first argument is `serve`.
    fn folder(name: &str, script: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("serve"), script).unwrap();
        folder
    }

    fn start(folder: &Path) -> anyhow::Result<Server> {
        Server::start(Path::new("sh"), "keys", folder, &mut Log::terminal(folder))
    }

    #[test]
    fn a_server_runs_until_it_is_dropped() {
        let folder = folder(
            "runs",
            "echo $* > arguments; echo listening on http://127.0.0.1:7420; exec sleep 60",
        );
        let server = start(&folder).unwrap();
        assert_eq!(server.url, "http://127.0.0.1:7420");
        let arguments = fs::read_to_string(folder.join("arguments")).unwrap();
        let pid = server.child.id().to_string();
        let runs = || process::output(Command::new("kill").args(["-0", &pid])).is_ok();
        assert!(runs());
        drop(server);
        assert!(!runs());
        let data = folder.join("keys");
        assert_eq!(
            arguments.trim(),
            format!(
                "--role keys --listen 127.0.0.1:0 --log warn --data {}",
                data.display()
            )
        );
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_server_that_stops_at_once_is_an_error() {
        let folder = folder("stops", "exit 2");
        let error = start(&folder).unwrap_err().to_string();
        fs::remove_dir_all(folder).unwrap();
        assert!(error.contains("keys") && error.contains('2'), "{error}");
    }
}
