//! The story of `examples/two-facilities`, with a key server and a vault of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
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
    let folder = workspace.scratch("demo")?;
    let keys = Server::start(&program, "keys", &folder, log)?;
    let vault = Server::start(&program, "vault", &folder, log)?;
    let story = folder.join("story");
    std::fs::create_dir_all(&story)?;
    log.run(
        Command::new("bash")
            .arg(workspace.root.join(SCRIPT))
            .env("WARDSEAL_BIN", &program)
            .env("WARDSEAL_KEYS_URL", keys.url())
            .env("WARDSEAL_VAULT_URL", vault.url())
            .env("WARDSEAL_DEMO_DIR", &story),
    )?;
    // Stopped here and not earlier: dropping a server ends its process.
    drop((keys, vault));
    Ok(())
}

/// The command-line program, built unless the tests have just done so.
fn program(workspace: &Workspace, log: &mut Log, release: bool) -> Result<PathBuf> {
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
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts `wardseal serve` in one role on a free port of the loopback interface and waits until it listens.
    fn start(program: &Path, role: &str, folder: &Path, log: &mut Log) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(program);
        command
            .args(["serve", "--role", role])
            .args(["--listen", &address.to_string()])
            .arg("--data")
            .arg(folder.join(role));
        log.say(&format!("$ {} &", process::line(&command)))?;
        log.attach(&mut command)?;
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut server = Self { child, address };
        server.wait_until_it_listens(role)?;
        Ok(server)
    }

    fn wait_until_it_listens(&mut self, role: &str) -> Result<()> {
        let started = process::now();
        while started.elapsed() < START_LIMIT {
            if let Some(status) = self.child.try_wait()? {
                bail!("the {role} server stopped at once ({status})");
            }
            if TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok() {
                return Ok(());
            }
            sleep(Duration::from_millis(50));
        }
        bail!(
            "the {role} server does not listen after {} s",
            START_LIMIT.as_secs()
        )
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing can be done about a process that is already gone.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A port that nobody listens on now.
fn free_address() -> Result<SocketAddr> {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(probe.local_addr()?)
}
