//! Files for their owner only.

use std::{
    fs::DirBuilder,
    io::{ErrorKind, Write as _},
    path::Path,
};

/// A folder that nobody else can enter, unless there is one.
pub(crate) fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A file that nobody else can read, whole or not at all, unless there is one.
///
/// It has its contents before it has its name, and no descriptor to it is closed afterwards: closing
/// one would drop every lock that this process, that is SQLite in another thread, holds on the file.
pub(crate) fn create_private(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::with_prefix_in(".new-", folder)?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    match file.into_temp_path().persist_noclobber(path) {
        Err(refused) if refused.error.kind() != ErrorKind::AlreadyExists => Err(refused.error),
        _ => Ok(()),
    }
}
