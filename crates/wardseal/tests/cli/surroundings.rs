//! Servers, a folder for everybody's machines, and the program.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use tempfile::TempDir;
use wardseal_client::types::Timestamp;
use wardseal_testkit::{ServerOptions, Servers};

/// The present instant: the program has the system's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the program that is tested has the system's clock"
)]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_seconds(since.as_secs())
}

/// Servers and a folder.
pub(crate) struct Place {
    pub(crate) servers: Servers,
    folder: TempDir,
}

/// What the program said, and what it ended with.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    /// With servers whose clock stands at `time`.
    pub(crate) fn at(time: Timestamp) -> Self {
        Self {
            servers: Servers::start(ServerOptions {
                time,
                ..ServerOptions::default()
            }),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// With a tenant and these people.
    pub(crate) fn with(people: &[&str]) -> Self {
        let place = Self::at(now());
        place.found();
        for person in people {
            place.sign_up(person);
        }
        place
    }

    pub(crate) fn found(&self) {
        self.run(
            "operator",
            &["tenant", "create", "--name", "Test", "--dir", "tenant"],
        )
        .good();
    }

    pub(crate) fn sign_up(&self, person: &str) {
        let arguments = [
            "user",
            "sign-up",
            "--name",
            person,
            "--tenant-dir",
            "tenant",
        ];
        self.run(person, &arguments).good();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn tenant(&self) -> String {
        let settings = fs::read_to_string(self.path("tenant/tenant.toml")).unwrap();
        let line = settings.lines().next().unwrap();
        line.split('"').nth(1).unwrap().to_owned()
    }

    /// The program on somebody's machine.
    pub(crate) fn command(&self, person: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wardseal"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("WARDSEAL_HOME", self.path(&format!("machines/{person}")))
            .env("WARDSEAL_SERVER", self.servers.keys_url())
            .env("WARDSEAL_VAULT", self.servers.vault_url())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, person: &str, arguments: &[&str]) -> Said {
        Said::by(&mut self.command(person, arguments))
    }

    /// With a password, as a line of standard input.
    pub(crate) fn run_with(&self, person: &str, arguments: &[&str], input: &str) -> Said {
        let mut command = self.command(person, arguments);
        Said::with_input(command.arg("--password-stdin"), input)
    }

    /// A group, by its identifier.
    pub(crate) fn group(&self, person: &str, name: &str, more: &[&str]) -> String {
        let said = self.run(person, &[&["group", "create", name], more].concat());
        said.good().id("grp_")
    }

    /// Seals a file for its author alone; it is then called `NAME.wseal`.
    pub(crate) fn seal(&self, person: &str, name: &str, content: impl AsRef<[u8]>) -> String {
        self.write(name, content);
        let said = self.run(person, &["seal", name, "--manage", person]);
        said.good().id("ses_")
    }
}

impl Said {
    pub(crate) fn by(command: &mut Command) -> Self {
        Self::of(command.output().unwrap())
    }

    pub(crate) fn with_input(command: &mut Command, input: &str) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        Self::of(child.wait_with_output().unwrap())
    }

    fn of(output: std::process::Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// It succeeded, and complained of nothing.
    #[track_caller]
    pub(crate) fn good(self) -> Self {
        assert!(self.code == 0 && self.err.is_empty(), "{self:?}");
        self
    }

    /// It failed with this code and with exactly these words.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, words: &str) {
        assert_eq!(
            (self.code, self.err.as_str()),
            (code, words),
            "{}",
            self.out
        );
        assert!(self.out.is_empty(), "{}", self.out);
    }

    /// The first identifier with this prefix.
    #[track_caller]
    pub(crate) fn id(&self, prefix: &str) -> String {
        let mut words = self
            .out
            .split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
        let found = words.find(|word| word.starts_with(prefix));
        found.unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

/// A file that only its owner can read.
pub(crate) fn write_private(path: &Path, content: &str) {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path).unwrap();
    file.write_all(content.as_bytes()).unwrap();
}
