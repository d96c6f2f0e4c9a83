//! Files that are for their owner only.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use zeroize::Zeroizing;

use super::failure::Failure;

/// Writes a file that nobody but its owner can read. It must not exist yet.
pub(crate) fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes a folder that nobody but its owner can use, unless it exists.
pub(crate) fn make_folder(path: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(|error| Failure::file("make", path, &error))
}

/// Reads a secret from a file that nobody but its owner can read.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |error| Failure::file("read", path, &error);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            let path = path.display();
            return Err(Failure::failed(
                "exposed",
                format!("others can read {path}, and it must stay secret"),
            )
            .advise(format!(
                "run: chmod 600 {path}; and replace it if somebody else may have read it"
            )));
        }
    }
    fs::read(path).map(Zeroizing::new).map_err(failed)
}
