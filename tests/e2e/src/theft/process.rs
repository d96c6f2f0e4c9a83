//! Servers as processes, and their memory.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::program;

/// A running program; ended when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Where it listens.
    pub url: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Starts a program that says where it listens. Its log goes there.
    ///
    /// # Panics
    /// When it does not.
    pub fn start(command: &mut Command, log: Stdio) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap();
        Self {
            url: url.to_owned(),
            child,
        }
    }

    /// A server of Wardseal's over this folder, which sends its letters there, if at all.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn serve(role: &str, folder: &Path, smtp: Option<&str>) -> Self {
        let smtp = smtp.map(|url| ["--smtp", url, "--mail-from", "noreply@servers.example"]);
        Self::start(
            Command::new(program("wardseal"))
                .args([
                    "serve",
                    "--role",
                    role,
                    "--listen",
                    "127.0.0.1:0",
                    "--log",
                    "trace",
                ])
                .arg("--data")
                .arg(folder)
                .args(smtp.into_iter().flatten()),
            Stdio::null(),
        )
    }

    /// Every readable mapping of its memory, by where it begins and what it is.
    ///
    /// # Panics
    /// When the system does not show it.
    #[must_use]
    pub fn memory(&self) -> BTreeMap<String, Vec<u8>> {
        let id = self.child.id();
        let maps = fs::read_to_string(format!("/proc/{id}/maps")).unwrap();
        let mut memory = fs::File::open(format!("/proc/{id}/mem")).unwrap();
        let mut found = BTreeMap::new();
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let (range, rights) = (words.next().unwrap(), words.next().unwrap());
            let what = words.nth(3).unwrap_or_default();
            // These are the kernel's; what they hold is not the process's.
            if !rights.starts_with('r') || what.starts_with("[v") {
                continue;
            }
            let (from, to) = range.split_once('-').unwrap();
            let from = u64::from_str_radix(from, 16).unwrap();
            let to = u64::from_str_radix(to, 16).unwrap();
            let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
            memory.seek(SeekFrom::Start(from)).unwrap();
            // A mapping may end before its last page does, or go away meanwhile.
            let mut read = 0;
            while read < bytes.len() {
                match memory.read(&mut bytes[read..]) {
                    Ok(0) | Err(_) => break,
                    Ok(more) => read += more,
                }
            }
            bytes.truncate(read);
            found.insert(format!("memory {range} {rights} {what}"), bytes);
        }
        found
    }
}
