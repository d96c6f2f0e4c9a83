//! A folder with records and their key: who may read it, and what is said when it is not right.
#![expect(
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use chacha20::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use tempfile::tempdir;
use wardseal_client::{Batch, StateStore as _, conformance};
use wardseal_client_sqlite::{OpenError, SqliteStore, open_folder, open_folder_with_cache};

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn it_keeps_what_a_store_must_keep() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("state.db");
    conformance::lasting_store(|| SqliteStore::open(&path).expect("a folder for it")).await;
}

#[tokio::test]
async fn a_cache_elsewhere_holds_sessions_and_may_be_removed() {
    let folder = tempdir().unwrap();
    let cache = folder.path().join("cache.db");
    let open = || {
        let opened = open_folder_with_cache(&folder.path().join("a"), &cache, &mut rng(1));
        opened.unwrap().0
    };
    conformance::lasting_store(open).await;
    for key in ["chain/ses_a", "identity"] {
        let batch = Batch {
            puts: vec![(key.into(), b"1".to_vec())],
            deletes: vec![],
        };
        open().commit(batch).await.unwrap();
    }
    assert_eq!(mode(&cache), 0o600);
    fs::remove_file(&cache).unwrap();
    assert_eq!(open().get("chain/ses_a").await.unwrap(), None);
    assert_eq!(open().get("identity").await.unwrap().unwrap(), b"1");
}

#[test]
fn folder_key_and_records_are_for_their_owner_only() {
    let parent = tempdir().unwrap();
    let folder = parent.path().join("a/b");
    let (_store, first) = open_folder(&folder, &mut rng(1)).unwrap();
    assert_eq!(mode(&folder), 0o700);
    for file in ["state.key", "state.db", "state.db-wal", "state.db-shm"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    let (_store, again) = open_folder(&folder, &mut rng(2)).unwrap();
    assert_eq!(first.expose(), again.expose());
    let left: Vec<_> = fs::read_dir(&folder).unwrap().collect();
    assert_eq!(left.len(), 4, "nothing is left over: {left:?}");
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let folder = tempdir().unwrap();
    let _ = open_folder(folder.path(), &mut rng(1)).unwrap();
    let key = folder.path().join("state.key");
    for mode in [0o640, 0o604] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let error = open_folder(folder.path(), &mut rng(1)).unwrap_err();
        assert!(matches!(error, OpenError::KeyExposed(_)), "{error}");
    }
}

#[test]
fn a_key_of_another_length_is_refused() {
    let folder = tempdir().unwrap();
    let _ = open_folder(folder.path(), &mut rng(1)).unwrap();
    for length in [0, 31, 33] {
        fs::write(folder.path().join("state.key"), vec![7; length]).unwrap();
        let error = open_folder(folder.path(), &mut rng(1)).unwrap_err();
        assert!(matches!(error, OpenError::KeyDamaged(_)), "{error}");
    }
}

#[test]
fn records_without_their_key_are_not_given_a_new_one() {
    let folder = tempdir().unwrap();
    let _ = open_folder(folder.path(), &mut rng(1)).unwrap();
    fs::remove_file(folder.path().join("state.key")).unwrap();
    let error = open_folder(folder.path(), &mut rng(1)).unwrap_err();
    assert!(matches!(error, OpenError::KeyMissing(_)), "{error}");
    assert!(!folder.path().join("state.key").exists());
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("state.db");
    drop(SqliteStore::open(&path).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 2).unwrap();
    drop(connection);
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Newer(_)), "{error}");
}

#[test]
fn what_is_no_database_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("state.db");
    fs::write(
        &path,
        "no database, but longer than the header of one would be",
    )
    .unwrap();
    assert!(matches!(
        SqliteStore::open(&path),
        Err(OpenError::Database { .. })
    ));
    assert!(matches!(
        SqliteStore::open(&folder.path().join("missing/state.db")),
        Err(OpenError::Io { .. })
    ));
}

/// Eight threads with connections of their own, as processes have them, make the folder at once and
/// write at once: there is one key, and no change is lost or torn.
#[test]
fn many_at_once_do_not_harm_each_other() {
    const THREADS: u64 = 8;
    const ROUNDS: u64 = 20;
    let folder = tempdir().unwrap();
    let path = folder.path();
    let keys: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                scope.spawn(move || {
                    let (store, key) = open_folder(path, &mut rng(number)).unwrap();
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .build()
                        .unwrap();
                    for _ in 0..ROUNDS {
                        let value = rng(number).next_u64().to_be_bytes().to_vec();
                        let puts = vec![("a".to_owned(), value.clone()), ("b".to_owned(), value)];
                        let batch = Batch {
                            puts,
                            deletes: vec![],
                        };
                        runtime.block_on(store.commit(batch)).unwrap();
                    }
                    *key.expose()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]));
    let (store, _) = open_folder(path, &mut rng(0)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (a, b) = runtime.block_on(async { (store.get("a").await, store.get("b").await) });
    assert_eq!(a.unwrap().unwrap(), b.unwrap().unwrap());
}
