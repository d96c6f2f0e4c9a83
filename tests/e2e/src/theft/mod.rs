//! What somebody has who takes all that a server has, and how it is searched and tried.
//!
//! A test notes what its clients draw and send ([`Notes`]), takes a server's files and memory, looks for
//! everything that people have ([`nothing_of`]), and tries every 32 bytes in a row ([`tried`]).

mod people;
#[cfg(target_os = "linux")]
mod process;
mod search;

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::Path,
    thread,
};

pub use people::{Drawn, Noted, Notes, Noting, Sent, is_seed};
#[cfg(target_os = "linux")]
pub use process::Process;
pub use search::{Needles, forms, windows};

use wardseal_client::crypto::secret::Secret;

/// What was taken, by where it was.
pub type Places = BTreeMap<String, Vec<u8>>;

/// Secrets by what they are.
pub type Secrets = BTreeMap<String, Vec<u8>>;

/// Every file of a folder and beneath, by its path in there.
///
/// # Panics
/// When a file is not to be read.
#[must_use]
pub fn files(folder: &Path) -> Places {
    let mut found = Places::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).unwrap_or(&path).display();
            let content = fs::read(&path).expect("a readable file");
            found.insert(format!("file {name}"), content);
        }
    }
    found
}

/// Tries all windows, on all processors. Gives those that open something.
///
/// # Panics
/// When a trial does.
pub fn tried(
    windows: &HashSet<[u8; 32]>,
    opens: impl Fn(&Secret<32>) -> bool + Sync,
) -> Vec<[u8; 32]> {
    let all: Vec<_> = windows.iter().collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let parts = all.chunks(all.len().div_ceil(threads).max(1));
        let running: Vec<_> = parts
            .map(|part| {
                let opens = &opens;
                let tries = move |window: &&[u8; 32]| opens(&Secret::from_bytes(**window));
                scope.spawn(move || {
                    part.iter()
                        .copied()
                        .filter(tries)
                        .copied()
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().expect("a trial"))
            .collect()
    })
}

/// That none of these is the seed of a ring.
///
/// # Panics
/// When one is.
pub fn no_seed(sent: &Sent, windows: &HashSet<[u8; 32]>) {
    let published = sent.published();
    let seeds = tried(windows, |window| is_seed(&published, window.clone()));
    assert!(seeds.is_empty(), "{} seeds", seeds.len());
}

/// That none of these secrets stands anywhere.
///
/// # Panics
/// When one does.
pub fn nothing_of(secrets: &Secrets, places: &Places) {
    let found = Needles::new(secrets).found(places);
    assert!(found.is_empty(), "{found:#?}");
}

/// Where this stands.
#[must_use]
pub fn places_of(what: &str, secret: &[u8], places: &Places) -> Vec<String> {
    let secrets = Secrets::from([(what.to_owned(), secret.to_vec())]);
    let found = Needles::new(&secrets).found(places);
    found.into_iter().map(|(_, place)| place).collect()
}

/// That this is found where it must be.
///
/// # Panics
/// When it is not: the search sees nothing then.
pub fn there(what: &str, secret: &[u8], places: &Places) {
    assert!(
        !places_of(what, secret, places).is_empty(),
        "{what} is not found, so the search sees nothing"
    );
}

/// That a code of eight digits stands in no file, as digits or as letters show it. The memory of a
/// process may hold one for a moment: it is drawn, put into a letter and sent there, and memory that
/// is given back is not overwritten. So that is only told: how often the process holds it.
///
/// # Panics
/// When it stands in a file.
pub fn no_code_in_files(what: &str, code: &str, places: &Places) -> usize {
    let (first, last) = code.split_at(4);
    let mut secrets = Secrets::new();
    for (form, text) in [
        ("digits", code.to_owned()),
        ("as shown", format!("{first} {last}")),
    ] {
        secrets.insert(format!("{what}, {form}"), text.into_bytes());
    }
    let found = Needles::new(&secrets).found(places);
    let in_files: Vec<_> = found
        .iter()
        .filter(|(_, place)| place.starts_with("file "))
        .collect();
    assert!(in_files.is_empty(), "{in_files:#?}");
    found.len()
}

#[cfg(test)]
mod tests {
    use super::{Places, no_code_in_files};

    #[test]
    fn a_code_in_memory_is_told() {
        let places = Places::from([("memory rw".to_owned(), b"the code 1234 5678.".to_vec())]);
        assert_eq!(no_code_in_files("a code", "12345678", &places), 1);
    }

    #[test]
    #[should_panic(expected = "file a.db")]
    fn a_code_in_a_file_is_an_error() {
        let places = Places::from([("file a.db".to_owned(), b"the code 12345678.".to_vec())]);
        no_code_in_files("a code", "12345678", &places);
    }
}
