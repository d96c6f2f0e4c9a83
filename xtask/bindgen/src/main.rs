//! Writes the JavaScript and TypeScript that go with a compiled `.wasm` file: `xtask-bindgen <input.wasm> <out-dir> <name>`.
//!
//! The generator must have exactly the version of the `wasm-bindgen` that was compiled into the file. As a member of
//! the workspace this crate gets it from the same `Cargo.lock`, so the two cannot differ, nothing is installed on the
//! side, and it compiles in half the time of the published command-line tool, which brings a web server and client.

use std::env::args_os;

use anyhow::{Context as _, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut arguments = args_os().skip(1);
    let (Some(input), Some(directory), Some(name), None) = (
        arguments.next(),
        arguments.next(),
        arguments.next(),
        arguments.next(),
    ) else {
        bail!("usage: xtask-bindgen <input.wasm> <out-dir> <name>");
    };
    let name = name.to_str().context("the name is not UTF-8")?;
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(&input)
        .web(true)?
        .typescript(true)
        .out_name(name)
        .remove_name_section(true)
        .remove_producers_section(true)
        // Without an argument `init()` fetches the file beside the script, which bundlers understand.
        .omit_default_module_path(false);
    bindgen
        .generate(&directory)
        .with_context(|| format!("cannot write bindings for {}", input.display()))
}
