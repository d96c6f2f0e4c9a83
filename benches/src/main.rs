//! What the documentation quotes of speed, measured on the machine at hand.
//!
//! `cargo run --release -p wardseal-benches -- [bulk [MiB] | memory [MiB] | rings | sessions | logins | claims]`

mod bulk;
mod claims;
mod logins;
mod measure;
mod memory;
mod rings;
mod sessions;

use anyhow::{Context, bail};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next();
    let mut mib = |usual: u32| match arguments.next() {
        Some(mib) => mib.parse().context("the size is a number of MiB"),
        None => Ok(usual),
    };
    match what.as_deref() {
        Some("bulk") => bulk::run(mib(512)?),
        Some("memory") => memory::run(mib(1024)?),
        Some("rings") => rings::run(),
        Some("sessions") => sessions::run(),
        Some("logins") => logins::run(),
        Some("claims") => claims::run(),
        None => {
            bulk::run(512)?;
            memory::run(1024)?;
            rings::run()?;
            sessions::run()?;
            logins::run()?;
            claims::run()
        }
        _ => bail!(
            "usage: wardseal-benches [bulk [MiB of the file] | memory [MiB] | rings | sessions | logins | claims]"
        ),
    }
}
