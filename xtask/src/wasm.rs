//! Builds the WebAssembly once, writes its JavaScript and TypeScript, makes it small and says how small.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process::{self, Log};
use crate::workspace::Workspace;

const TARGET: &str = "wasm32-unknown-unknown";

/// The `[profile.wasm]` of the root `Cargo.toml`.
const PROFILE: &str = "wasm";

/// What rustc assumes of every browser that runs this; `wasm-opt` must be told.
const FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// One `.wasm` file that is made.
#[derive(Debug)]
struct Artifact {
    /// Folder of its crate.
    folder: &'static str,
    /// Folder and base name of what is written: `<name>.js`, `<name>.d.ts`, `<name>_bg.wasm`.
    output: &'static str,
    name: &'static str,
    /// What people download may weigh so much after brotli, in bytes (ADR 0010); of the rest no size matters.
    budget: Option<u64>,
    /// Whether it is worth half a minute to make it a tenth smaller and faster.
    optimised: bool,
}

const ARTIFACTS: &[Artifact] = &[
    Artifact {
        folder: "crates/wasm",
        output: "packages/sdk/src/generated",
        name: "core",
        budget: Some(300_000),
        optimised: true,
    },
    Artifact {
        folder: "crates/wasm-recovery",
        output: "packages/sdk/src/generated",
        name: "recovery",
        budget: Some(70_000),
        optimised: true,
    },
    Artifact {
        folder: "apps/transfer/rules-wasm",
        output: "apps/transfer/web/src/generated/rules",
        name: "rules",
        budget: Some(110_000),
        optimised: true,
    },
    Artifact {
        folder: "benches/chacha",
        output: "packages/sdk/bench/generated",
        name: "chacha",
        budget: None,
        optimised: true,
    },
    Artifact {
        folder: "tests/conformance",
        output: CONFORMANCE,
        name: "conformance",
        budget: None,
        optimised: true,
    },
    Artifact {
        folder: "crates/wasm-testing",
        output: "packages/testing/src/generated",
        name: "platform",
        budget: None,
        optimised: false,
    },
];

/// Whether what the packages for applications are made of was built once.
pub(crate) fn was_built(workspace: &Workspace) -> bool {
    let mut packages = ARTIFACTS.iter().filter(|artifact| {
        artifact.output.starts_with("packages/") && artifact.output.ends_with("src/generated")
    });
    packages.all(|artifact| {
        let module = format!("{}/{}_bg.wasm", artifact.output, artifact.name);
        !artifact.exists(workspace) || workspace.has(&module)
    })
}

/// Where the conformance tests for Node and browsers find their module.
pub(crate) const CONFORMANCE: &str = "tests/conformance/generated";

/// Whether there is anything to build yet.
pub(crate) fn exists(workspace: &Workspace) -> bool {
    ARTIFACTS.iter().any(|artifact| artifact.exists(workspace))
}

/// Builds what exists. Returns one line about the sizes.
pub(crate) fn run(workspace: &Workspace, log: &mut Log) -> Result<String> {
    let toolchain = Toolchain::find()?;
    let bindgen = build_bindgen(workspace, log)?;
    let members = workspace.members()?;
    let mut sizes = Vec::new();
    for artifact in ARTIFACTS {
        let Some(package) = members.get(artifact.folder) else {
            log.say(&format!("{} does not exist yet", artifact.folder))?;
            continue;
        };
        // One build each: built together, one crate's features would make the other's file larger.
        log.run(
            toolchain
                .cargo(artifact.budget.is_some())
                .args(["build", "--target", TARGET, "--profile", PROFILE])
                .args(["--package", &package.name])
                .env("CARGO_TARGET_DIR", &workspace.target),
        )?;
        let compiled = workspace
            .target
            .join(TARGET)
            .join(PROFILE)
            .join(format!("{}.wasm", package.name.replace('-', "_")));
        let output = workspace.root.join(artifact.output);
        fs::create_dir_all(&output)?;
        log.run(
            Command::new(&bindgen)
                .arg(&compiled)
                .arg(&output)
                .arg(artifact.name),
        )?;
        let module = output.join(format!("{}_bg.wasm", artifact.name));
        if artifact.optimised {
            optimise(workspace, log, &module)?;
        }
        if let Some(budget) = artifact.budget {
            let size = size(workspace, &module)?;
            // The library of an installed target is not made for size.
            if toolchain != Toolchain::Installed && size.brotli > budget {
                bail!(
                    "{} is {size}, and may have {} kB: make it smaller, or change the decision in docs/adr/0010",
                    artifact.name,
                    budget / 1000
                );
            }
            sizes.push(format!("{} {size}", artifact.name));
        }
    }
    let sizes = sizes.join("; ");
    log.say(&sizes)?;
    Ok(sizes)
}

impl Artifact {
    fn exists(&self, workspace: &Workspace) -> bool {
        workspace.has(&format!("{}/Cargo.toml", self.folder))
    }
}

/// The two ways to a standard library for the target.
#[derive(Debug, PartialEq, Eq)]
enum Toolchain {
    /// Debian's toolchain builds the library from its source package, with the linker given. What is
    /// shipped is a tenth smaller so: the library is made for size, too, and panics only trap.
    Debian { linker: PathBuf },
    /// The toolchain in use has the target: `rustup target add`.
    Installed,
}

/// Panics are traps without texts, and neither places in the source nor debug texts stand in the file.
const SMALL: &[&str] = &[
    "-Zunstable-options",
    "-Cpanic=immediate-abort",
    "-Zfmt-debug=none",
    "-Zlocation-detail=none",
];

const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";

impl Toolchain {
    fn find() -> Result<Self> {
        if let Some(linker) = linker()?
            && has_debian_toolchain()
        {
            return Ok(Self::Debian { linker });
        }
        let library = rustc(&["--print", "target-libdir", "--target", TARGET])?;
        if library.exists() {
            return Ok(Self::Installed);
        }
        bail!("no toolchain for {TARGET}: run cargo xtask setup")
    }

    fn cargo(&self, shipped: bool) -> Command {
        match self {
            Self::Installed => process::cargo(),
            Self::Debian { linker } => {
                let mut command = Command::new(DEBIAN_CARGO);
                command
                    .env("RUSTC", DEBIAN_RUSTC)
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
                    .env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort")
                    .env("CARGO_UNSTABLE_BUILD_STD_FEATURES", "optimize_for_size")
                    // Set by the toolchain that runs this tool, and meant for its own libraries only.
                    .env_remove("LD_LIBRARY_PATH")
                    .env_remove("RUSTUP_TOOLCHAIN");
                // What only tests load says why it stopped.
                if shipped && knows(SMALL) {
                    // Added to the flags of `.cargo/config.toml`.
                    command.env(
                        "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
                        SMALL.join(" "),
                    );
                }
                command
            }
        }
    }
}

/// Whether Debian's compiler knows these flags, which are not stable.
fn knows(flags: &[&str]) -> bool {
    Command::new(DEBIAN_RUSTC)
        .args(flags)
        .args(["--print", "sysroot"])
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("RUSTUP_TOOLCHAIN")
        .output()
        .is_ok_and(|output| output.status.success())
}

fn has_debian_toolchain() -> bool {
    process::answers(DEBIAN_CARGO)
        && process::answers(DEBIAN_RUSTC)
        && Path::new(DEBIAN_SOURCE).exists()
}

/// A path that rustc prints.
fn rustc(arguments: &[&str]) -> Result<PathBuf> {
    let printed = process::output(Command::new("rustc").args(arguments))?;
    Ok(String::from_utf8(printed)?.trim().into())
}

/// The linker for the target: the one in rustup's toolchain, else Debian's.
fn linker() -> Result<Option<PathBuf>> {
    let own = rustc(&["--print", "target-libdir"])?.with_file_name("bin");
    Ok([
        own.join("rust-lld"),
        "/usr/bin/wasm-ld".into(),
        "/usr/bin/rust-lld".into(),
    ]
    .into_iter()
    .find(|path| path.exists()))
}

/// Debian packages without which the target cannot be built.
pub(crate) fn missing_packages() -> Result<Vec<&'static str>> {
    if Toolchain::find().is_ok() {
        return Ok(Vec::new());
    }
    let mut packages = Vec::new();
    if !has_debian_toolchain() {
        packages.extend(["rustc-web", "cargo-web", "rust-web-src"]);
    }
    if linker()?.is_none() {
        packages.push("lld");
    }
    Ok(packages)
}

/// Builds the generator from the workspace, see its own documentation. Returns the program.
fn build_bindgen(workspace: &Workspace, log: &mut Log) -> Result<PathBuf> {
    log.run(
        process::cargo()
            .args(["build", "--package", "xtask-bindgen"])
            .env("CARGO_TARGET_DIR", workspace.tools()),
    )?;
    Ok(workspace.tools().join("debug/xtask-bindgen"))
}

fn optimise(workspace: &Workspace, log: &mut Log, module: &Path) -> Result<()> {
    let program = workspace.root.join("xtask/npm/node_modules/.bin/wasm-opt");
    log.run(
        Command::new(program)
            .args(FEATURES)
            // The stack lies lowest and never reaches its last kilobyte: offsets fold into accesses.
            .args(["-O3", "--low-memory-unused", "--output"])
            .arg(module)
            .arg(module),
    )
}

/// What a file weighs, as it is and as a browser downloads it.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
struct Size {
    raw: u64,
    brotli: u64,
}

/// `123.4 kB, brotli 56.7 kB`.
impl std::fmt::Display for Size {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = |bytes: u64| (bytes / 1000, bytes % 1000 / 100);
        let ((raw, raw_tenths), (brotli, brotli_tenths)) = (tenths(self.raw), tenths(self.brotli));
        write!(
            out,
            "{raw}.{raw_tenths} kB, brotli {brotli}.{brotli_tenths} kB"
        )
    }
}

fn size(workspace: &Workspace, module: &Path) -> Result<Size> {
    let script = workspace.root.join("xtask/npm/size.mjs");
    let printed = process::output(Command::new("node").arg(script).arg(module))
        .context("cannot measure the size")?;
    serde_json::from_slice(&printed).context("the size is not understood")
}
