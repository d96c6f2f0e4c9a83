//! The file with the key that seals the records.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read as _, Write as _},
    path::Path,
};

use rand_core::CryptoRng;
use wardseal_client::crypto::secret::Secret;
use zeroize::Zeroizing;

use crate::OpenError;

const LENGTH: usize = 32;

/// The key in `path`. It is made if there is none, unless `database` says that there was one.
pub(crate) fn load_or_create(
    path: &Path,
    database: &Path,
    rng: &mut dyn CryptoRng,
) -> Result<Secret<LENGTH>, OpenError> {
    if let Some(key) = load(path)? {
        return Ok(key);
    }
    if database.exists() {
        // Unless another process has just made both.
        return load(path)?.ok_or_else(|| OpenError::KeyMissing(path.to_owned()));
    }
    create(path, rng)?;
    load(path)?.ok_or_else(|| OpenError::KeyMissing(path.to_owned()))
}

fn load(path: &Path) -> Result<Option<Secret<LENGTH>>, OpenError> {
    let failed = |reason| OpenError::Io {
        path: path.to_owned(),
        reason,
    };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(reason) if reason.kind() == ErrorKind::NotFound => return Ok(None),
        Err(reason) => return Err(failed(reason)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(OpenError::KeyExposed(path.to_owned()));
        }
    }
    let mut bytes = Zeroizing::new([0; LENGTH]);
    let damaged = || OpenError::KeyDamaged(path.to_owned());
    file.read_exact(bytes.as_mut_slice())
        .map_err(|reason| match reason.kind() {
            ErrorKind::UnexpectedEof => damaged(),
            _ => failed(reason),
        })?;
    match file.read(&mut [0]).map_err(failed)? {
        0 => Ok(Some(Secret::from_bytes(*bytes))),
        _ => Err(damaged()),
    }
}

/// Whole or not at all, and never in place of a key that another process made meanwhile.
fn create(path: &Path, rng: &mut dyn CryptoRng) -> Result<(), OpenError> {
    let key = Secret::<LENGTH>::generate(rng).map_err(|_| OpenError::Randomness)?;
    let number = Secret::<8>::generate(rng).map_err(|_| OpenError::Randomness)?;
    let unfinished = path.with_extension(format!("new-{}", u64::from_be_bytes(*number.expose())));
    let write = || -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&unfinished)?;
        file.write_all(key.expose())?;
        file.sync_all()?;
        match fs::hard_link(&unfinished, path) {
            Err(reason) if reason.kind() == ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    };
    let written = write();
    // A file that is not there needs no removal.
    let _ = fs::remove_file(&unfinished);
    written.map_err(|reason| OpenError::Io {
        path: path.to_owned(),
        reason,
    })
}
