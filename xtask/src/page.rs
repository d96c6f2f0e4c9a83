//! The page of Wardseal Transfer and what it stands on: built when something of it changed since.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::Result;

use crate::process::Log;
use crate::workspace::Workspace;
use crate::{setup, wasm};

/// The page.
pub(crate) const WEB: &str = "apps/transfer/web";
/// What is served.
pub(crate) const DIST: &str = "apps/transfer/web/dist";

/// One step: what it makes, and of what. Folders stand for every file in them.
#[derive(Debug)]
struct Step {
    made: &'static str,
    of: &'static [&'static str],
}

const WASM: Step = Step {
    made: "packages/sdk/src/generated/recovery_bg.wasm",
    of: &[
        "Cargo.toml",
        "Cargo.lock",
        "crates/api/src",
        "crates/client/src",
        "crates/client-core/src",
        "crates/crypto/src",
        "crates/password/src",
        "crates/protocol/src",
        "crates/types/src",
        "crates/wasm/src",
        "crates/wasm-recovery/src",
    ],
};

const RULES: Step = Step {
    made: "apps/transfer/web/src/generated/rules/rules_bg.wasm",
    of: &[
        "Cargo.lock",
        "apps/transfer/rules/src",
        "apps/transfer/rules-wasm/src",
    ],
};

const SDK: Step = Step {
    made: "packages/sdk/dist/index.js",
    of: &["packages/sdk/src", "packages/sdk/package-lock.json"],
};

const PAGE: Step = Step {
    made: "apps/transfer/web/dist/index.html",
    of: &[
        "packages/sdk/dist",
        "apps/transfer/web/index.html",
        "apps/transfer/web/package-lock.json",
        "apps/transfer/web/public",
        "apps/transfer/web/src",
        "apps/transfer/web/vite.config.ts",
    ],
};

/// Builds whatever is out of date.
pub(crate) fn build(workspace: &Workspace, log: &mut Log) -> Result<()> {
    let root = &workspace.root;
    if WASM.is_stale(root) || RULES.is_stale(root) {
        wasm::run(workspace, log)?;
    }
    if SDK.is_stale(root) {
        setup::npm_install(workspace, log, "packages/sdk")?;
        npm_run(root, log, "packages/sdk", "build")?;
    }
    if PAGE.is_stale(root) {
        setup::npm_install(workspace, log, WEB)?;
        npm_run(root, log, WEB, "build")?;
    }
    Ok(())
}

fn npm_run(root: &Path, log: &mut Log, folder: &str, script: &str) -> Result<()> {
    log.run(
        Command::new("npm")
            .args(["run", "--silent", script])
            .current_dir(root.join(folder)),
    )
}

impl Step {
    fn is_stale(&self, root: &Path) -> bool {
        let Some(made) = modified(&root.join(self.made)) else {
            return true;
        };
        self.of
            .iter()
            .filter_map(|source| newest(&root.join(source)))
            .any(|changed| changed > made)
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|data| data.modified()).ok()
}

/// When a file, or the newest file in a folder, was changed.
fn newest(path: &Path) -> Option<SystemTime> {
    if !path.is_dir() {
        return modified(path);
    }
    fs::read_dir(path)
        .ok()?
        .filter_map(Result::ok)
        .filter_map(|entry| newest(&entry.path()))
        .max()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::{Duration, SystemTime};

    use super::Step;

    #[test]
    fn what_is_older_than_one_of_its_sources_is_stale() {
        let root = std::env::temp_dir().join(format!("xtask-stale-{}", std::process::id()));
        fs::create_dir_all(root.join("src/deep")).unwrap();
        let step = Step {
            made: "made",
            of: &["src", "absent"],
        };
        let write = |name: &str, age: u64| {
            let path = root.join(name);
            fs::write(&path, "x").unwrap();
            #[expect(clippy::disallowed_methods, reason = "files carry the system's time")]
            let at = SystemTime::now() - Duration::from_secs(age);
            File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_modified(at)
                .unwrap();
        };
        write("src/deep/source", 50);
        assert!(step.is_stale(&root), "not made yet");
        write("made", 40);
        assert!(!step.is_stale(&root));
        write("src/deep/source", 30);
        assert!(step.is_stale(&root));
        fs::remove_dir_all(root).unwrap();
    }
}
