//! Keeps a client's records in SQLite, and the key that seals them in a file beside it.
//!
//! ```text
//! folder/             for its owner only (0700)
//! ├── state.db        records, each sealed; `state.db-wal` and `state.db-shm` belong to it
//! └── state.key       32 bytes, for its owner only (0600)
//! ```
//!
//! Keys of sessions may lie in a database elsewhere: [`open_folder_with_cache`].
//!
//! Several processes may use one folder at the same time: SQLite makes each change whole.

mod host;
mod key;
mod private;
mod store;

use std::path::{Path, PathBuf};

use rand_core::CryptoRng;
use wardseal_client::{SplitStore, crypto::secret::Secret};

pub use host::HostStore;
pub use store::SqliteStore;

/// Why a client's folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A file or folder cannot be read or written.
    #[error("cannot use {path}: {reason}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// Others may read the key.
    #[error(
        "others can read {0}, and whoever reads it can act as you: run `chmod 600 {0}`, and revoke this device from another one if they may have"
    )]
    KeyExposed(PathBuf),
    /// The key is not one.
    #[error("{0} is damaged: restore it from a backup, or remove its folder and sign in again")]
    KeyDamaged(PathBuf),
    /// There are records, but not the key that opens them.
    #[error(
        "{0} is missing, and without it the records beside it cannot be opened: restore it from a backup, or remove its folder and sign in again"
    )]
    KeyMissing(PathBuf),
    /// The source of randomness is broken.
    #[error("the system's source of randomness does not work")]
    Randomness,
    /// The database was written by a newer version.
    #[error("{0} was written by a newer version of this program: update it")]
    Newer(PathBuf),
    /// The database cannot be opened.
    #[error("cannot open {path}: {reason}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        reason: rusqlite::Error,
    },
}

/// Opens the records in a folder and the key that seals them, and makes both if there are none.
///
/// # Errors
/// [`OpenError`].
pub fn open_folder(
    folder: &Path,
    rng: &mut dyn CryptoRng,
) -> Result<(SqliteStore, Secret<32>), OpenError> {
    private::make_private_folder(folder).map_err(|reason| OpenError::Io {
        path: folder.to_owned(),
        reason,
    })?;
    let database = folder.join("state.db");
    let key = key::load_or_create(&folder.join("state.key"), &database, rng)?;
    Ok((SqliteStore::open(&database)?, key))
}

/// The same with what sessions open with in a database of its own, which may be lost or removed
/// while no client is open.
///
/// # Errors
/// [`OpenError`].
pub fn open_folder_with_cache(
    folder: &Path,
    cache: &Path,
    rng: &mut dyn CryptoRng,
) -> Result<(SplitStore<SqliteStore, SqliteStore>, Secret<32>), OpenError> {
    let (state, key) = open_folder(folder, rng)?;
    Ok((SplitStore::new(state, SqliteStore::open(cache)?), key))
}
