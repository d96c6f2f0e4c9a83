//! What the build needs from the machine, beyond the Rust toolchain that runs this.
//!
//! As root on Debian the missing packages are installed by one call of apt; anywhere else the exact command is
//! printed and nothing is touched.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::process::{self, Log};
use crate::wasm;
use crate::workspace::Workspace;

/// The oldest Node that the SDK supports.
const NODE_MAJOR: u32 = 20;

/// Names under which Chromium is installed; `CHROMIUM_BIN` wins.
const CHROMIUM: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// Makes sure that everything is there: system packages, then the pinned tools from npm.
pub(crate) fn run(workspace: &Workspace, log: &mut Log) -> Result<()> {
    let missing = missing()?;
    if missing.is_empty() {
        log.say("system packages: all there")?;
    } else {
        install(&missing, log)?;
        let still = self::missing()?;
        if !still.is_empty() {
            bail!("still missing after the installation: {}", still.join(" "));
        }
    }
    check_node()?;
    npm_install(workspace, log, "xtask/npm")
}

/// The Debian packages that would fill the gaps.
fn missing() -> Result<Vec<&'static str>> {
    let mut packages = Vec::new();
    if !process::answers("cc") {
        packages.extend(["gcc", "libc6-dev"]);
    }
    if !process::answers("node") {
        packages.push("nodejs");
    }
    if !process::answers("npm") {
        packages.push("npm");
    }
    if chromium().is_none() {
        packages.push("chromium");
    }
    // The mail server that tests of encrypted mail talk to.
    if !has_mail_server() {
        packages.push("python3-aiosmtpd");
    }
    packages.extend(wasm::missing_packages()?);
    Ok(packages)
}

/// Whether Python finds aiosmtpd: the first on the path, or the system's own, for which the package is.
fn has_mail_server() -> bool {
    ["python3", "/usr/bin/python3"].iter().any(|python| {
        Command::new(python)
            .args(["-c", "import aiosmtpd.smtp"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    })
}

fn install(packages: &[&str], log: &mut Log) -> Result<()> {
    let command = format!(
        "apt-get update && apt-get install --yes --no-install-recommends {}",
        packages.join(" ")
    );
    if !is_debian() {
        bail!(
            "missing: {}. These are Debian's names; install what they stand for{}",
            packages.join(" "),
            rustup_hint(packages)
        );
    }
    if !is_root()? {
        bail!(
            "missing: {}. Run\n\n    sudo sh -c '{command}'\n{}",
            packages.join(" "),
            rustup_hint(packages)
        );
    }
    log.run(
        Command::new("sh")
            .args(["-c", &command])
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

/// On a machine with rustup its own target is lighter than Debian's second toolchain.
fn rustup_hint(packages: &[&str]) -> &'static str {
    if packages.contains(&"rustc-web") {
        "\n(instead of rustc-web, cargo-web and rust-web-src: rustup target add wasm32-unknown-unknown)"
    } else {
        ""
    }
}

fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists() && process::answers("apt-get")
}

fn is_root() -> Result<bool> {
    Ok(process::output(Command::new("id").arg("-u"))?.trim_ascii() == b"0")
}

/// The Chromium that browser tests start.
pub(crate) fn chromium() -> Option<PathBuf> {
    if let Some(named) = process::variable("CHROMIUM_BIN") {
        return Some(named.into());
    }
    let path = process::variable("PATH")?;
    CHROMIUM.iter().find_map(|name| {
        std::env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    })
}

fn check_node() -> Result<()> {
    let answer = String::from_utf8(process::output(Command::new("node").arg("--version"))?)?;
    let major = node_major(&answer).with_context(|| format!("node --version says {answer:?}"))?;
    if major < NODE_MAJOR {
        bail!("Node {NODE_MAJOR} or newer is needed, this is {answer}");
    }
    Ok(())
}

/// `v20.20.2` → 20.
fn node_major(version: &str) -> Option<u32> {
    version
        .trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

/// A Python with the package that `examples/tenant-server/python` needs: the machine's, or one beside the build.
/// `None` where there is neither.
pub(crate) fn python(workspace: &Workspace, log: &mut Log) -> Option<PathBuf> {
    let has = |python: &Path| {
        process::output(Command::new(python).args(["-c", "import cryptography"])).is_ok()
    };
    let system = PathBuf::from("python3");
    if has(&system) {
        return Some(system);
    }
    let folder = workspace.tools().join("python");
    let own = folder.join("bin/python");
    if !has(&own) {
        let made = log.run(Command::new(system).args(["-m", "venv"]).arg(folder));
        made.and_then(|()| {
            let install = ["-m", "pip", "install", "--quiet", "cryptography==48.0.0"];
            log.run(Command::new(&own).args(install))
        })
        .ok()?;
    }
    has(&own).then_some(own)
}

/// Runs `npm ci` in a folder, unless its `node_modules` is already what the lock file asks for.
pub(crate) fn npm_install(workspace: &Workspace, log: &mut Log, folder: &str) -> Result<()> {
    let directory = workspace.root.join(folder);
    let changed = |file: &str| {
        directory
            .join(file)
            .metadata()
            .and_then(|data| data.modified())
            .ok()
    };
    let wanted = changed("package-lock.json")
        .with_context(|| format!("{folder}/package-lock.json does not exist"))?;
    if changed("node_modules/.package-lock.json").is_some_and(|installed| installed >= wanted) {
        return log.say(&format!("{folder}: npm packages are up to date"));
    }
    log.run(
        Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(directory),
    )
}

#[cfg(test)]
mod tests {
    use super::{node_major, rustup_hint};

    #[test]
    fn node_versions() {
        assert_eq!(node_major("v20.20.2\n"), Some(20));
        assert_eq!(node_major("20.1"), None);
        assert_eq!(node_major("vfive"), None);
    }

    #[test]
    fn the_hint_is_given_only_with_the_second_toolchain() {
        assert!(rustup_hint(&["chromium", "rustc-web"]).contains("rustup target add"));
        assert_eq!(rustup_hint(&["chromium"]), "");
    }
}
