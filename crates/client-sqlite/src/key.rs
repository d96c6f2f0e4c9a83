//! The file with the key that seals the records.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    path::Path,
};

use rand_core::CryptoRng;
use wardseal_client::crypto::secret::Secret;
use zeroize::Zeroizing;

use crate::{OpenError, private::create_private};

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

/// Never in place of a key that another process made meanwhile.
fn create(path: &Path, rng: &mut dyn CryptoRng) -> Result<(), OpenError> {
    let key = Secret::<LENGTH>::generate(rng).map_err(|_| OpenError::Randomness)?;
    create_private(path, key.expose()).map_err(|reason| OpenError::Io {
        path: path.to_owned(),
        reason,
    })
}
