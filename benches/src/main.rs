//! What the documentation quotes of speed, measured on the machine at hand.
//!
//! `cargo run --release -p wardseal-benches -- [bulk [MiB] | rings | logins | claims]`

mod bulk;
mod claims;
mod logins;
mod measure;
mod rings;

use anyhow::{Context, bail};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("bulk") => {
            let mib = match arguments.next() {
                Some(mib) => mib.parse().context("the size is a number of MiB")?,
                None => 512,
            };
            bulk::run(mib)
        }
        Some("rings") => rings::run(),
        Some("logins") => logins::run(),
        Some("claims") => claims::run(),
        None => bulk::run(512)
            .and_then(|()| rings::run())
            .and_then(|()| logins::run())
            .and_then(|()| claims::run()),
        _ => bail!("usage: wardseal-benches [bulk [MiB of the file] | rings | logins | claims]"),
    }
}
