//! Servers as processes, and everything that somebody takes who has one of them.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::Path,
    process::{Child, Command, Stdio},
};

use wardseal_e2e::program;

/// A running program; ended when dropped.
pub(crate) struct Process {
    child: Child,
    /// Where it listens.
    pub(crate) url: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Starts a program that says where it listens.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
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

    /// A server of Wardseal's over this folder.
    pub(crate) fn serve(role: &str, folder: &Path) -> Self {
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
                .arg(folder),
        )
    }

    /// Every readable mapping of its memory, by where it begins and what it is.
    pub(crate) fn memory(&self) -> BTreeMap<String, Vec<u8>> {
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

/// Every file of a folder, by its name.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        found.insert(format!("file {name}"), fs::read(&path).unwrap());
    }
    found
}
