//! Files that are written: whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tempfile::NamedTempFile;

use super::failure::Failure;

/// What is being written, so that an interrupt can remove it.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// What a program that was interrupted ends with.
const INTERRUPTED: i32 = 130;

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes what is not finished and ends the program when the person interrupts it. A thread that
/// waits for a disk or a pipe could not do that itself.
pub(crate) fn clean_up_on_interrupt() {
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            for path in unfinished().drain(..) {
                // What is not there any more needs no removal.
                let _ = fs::remove_file(path);
            }
            std::process::exit(INTERRUPTED);
        }
    });
}

/// Who may read what is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Readable {
    /// Everybody whom the system lets: it is sealed.
    AsUsual,
    /// The owner only: it is opened.
    ByOwner,
}

/// Where something is written to. A file appears under its name only by [`Output::finish`]; until
/// then it has another, and it is removed when this is dropped.
pub(crate) enum Output {
    /// A file beside its future place.
    File {
        unfinished: NamedTempFile,
        path: PathBuf,
        replace: bool,
    },
    /// A device or a pipe, which cannot be replaced.
    Direct { file: File, path: PathBuf },
    /// Standard output.
    Standard(io::Stdout),
}

impl Output {
    /// Begins to write to a path; `-` is standard output.
    ///
    /// # Errors
    /// When something is there already and `replace` is not said, or nothing can be written there.
    pub(crate) fn begin(path: &Path, replace: bool, readable: Readable) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Ok(Self::Standard(io::stdout()));
        }
        let failed = |error| Failure::file("write", path, &error);
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => {
                return Err(Failure::usage(format!("{} is a folder", path.display())));
            }
            Ok(there) if !there.is_file() => {
                let file = OpenOptions::new().write(true).open(path).map_err(failed)?;
                return Ok(Self::Direct {
                    file,
                    path: path.to_owned(),
                });
            }
            Ok(_) if !replace => return Err(exists(path)),
            _ => {}
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".wardseal-").suffix(".part");
        #[cfg(unix)]
        if readable == Readable::AsUsual {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder).map_err(failed)?;
        unfinished().push(file.path().to_owned());
        Ok(Self::File {
            unfinished: file,
            path: path.to_owned(),
            replace,
        })
    }

    /// The path, for messages.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::File { path, .. } | Self::Direct { path, .. } => path,
            Self::Standard(_) => Path::new("standard output"),
        }
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// When something was put there meanwhile, or the disk fails.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::File {
                unfinished,
                path,
                replace,
            } => {
                let failed = |error| Failure::file("write", &path, &error);
                unfinished.as_file().sync_all().map_err(failed)?;
                let named = if replace {
                    unfinished.persist(&path)
                } else {
                    unfinished.persist_noclobber(&path)
                };
                match named {
                    Ok(_) => Ok(()),
                    Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                        Err(exists(&path))
                    }
                    Err(error) => Err(failed(error.error)),
                }
            }
            Self::Direct { mut file, path } => file
                .flush()
                .map_err(|error| Failure::file("write", &path, &error)),
            Self::Standard(mut out) => out
                .flush()
                .map_err(|error| Failure::file("write", "standard output".as_ref(), &error)),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File { unfinished, .. } => unfinished.write(bytes),
            Self::Direct { file, .. } => file.write(bytes),
            Self::Standard(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File { unfinished, .. } => unfinished.flush(),
            Self::Direct { file, .. } => file.flush(),
            Self::Standard(out) => out.flush(),
        }
    }
}

fn exists(path: &Path) -> Failure {
    Failure::failed("exists", format!("{} exists already", path.display()))
        .advise("choose another name with -o, or replace it with --force")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_file_appears_at_the_end_or_never() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pdf");
        let files = || fs::read_dir(folder.path()).unwrap().count();

        let mut output = Output::begin(&path, false, Readable::ByOwner).unwrap();
        output.write_all(b"half").unwrap();
        assert!(!path.exists() && files() == 1);
        drop(output);
        assert_eq!(files(), 0, "nothing is left of what was not finished");

        let mut output = Output::begin(&path, false, Readable::ByOwner).unwrap();
        output.write_all(b"whole").unwrap();
        output.finish().unwrap();
        assert_eq!(
            (fs::read(&path).unwrap().as_slice(), files()),
            (b"whole".as_slice(), 1)
        );
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn nothing_is_replaced_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pdf");
        let begun_before = Output::begin(&path, false, Readable::AsUsual).unwrap();
        fs::write(&path, "mine").unwrap();
        let refused = |result: Result<(), Failure>| result.unwrap_err().code == "exists";
        assert!(refused(begun_before.finish()));
        assert!(refused(
            Output::begin(&path, false, Readable::AsUsual).map(|_| ())
        ));
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        let mut output = Output::begin(&path, true, Readable::AsUsual).unwrap();
        output.write_all(b"new").unwrap();
        output.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_full_device_is_told_and_stays_a_device() {
        let mut output = Output::begin(Path::new("/dev/full"), true, Readable::ByOwner).unwrap();
        let error = output.write_all(&[0; 1 << 16]).unwrap_err();
        let failure = Failure::file("write", output.path(), &error);
        assert!(
            failure
                .advice
                .is_some_and(|advice| advice.contains("make room"))
        );
        drop(output);
        assert!(!fs::metadata("/dev/full").unwrap().is_file());
    }
}
