//! What every [`StateStore`] must do, as a test that its own crate runs.

use crate::ports::{Batch, StateStore};

/// Runs the suite. `open` opens the store: for one that lasts always the same, which is empty at
/// first.
///
/// # Panics
/// When the store does not do what it must.
pub async fn store<S: StateStore>(open: impl Fn() -> S) {
    let store = open();
    assert_eq!(store.get("a").await, Ok(None), "nothing is there at first");
    assert_eq!(store.keys("").await, Ok(vec![]));
    commit(&store, &[], &[]).await;

    let large = vec![0xa5; 3 << 20];
    commit(
        &store,
        &[
            ("chain/b", b"1"),
            ("chain/a", b""),
            ("chain", &large),
            ("chain/\u{e4}", &[0, 255]),
            ("chaim/z", b"2"),
            ("floor%_", b"3"),
        ],
        &[],
    )
    .await;
    assert_eq!(store.get("chain/b").await, Ok(Some(b"1".to_vec())));
    assert_eq!(
        store.get("chain/a").await,
        Ok(Some(vec![])),
        "empty is not missing"
    );
    assert_eq!(store.get("chain").await, Ok(Some(large)));
    assert_eq!(store.get("chain/\u{e4}").await, Ok(Some(vec![0, 255])));
    assert_eq!(store.get("Chain/b").await, Ok(None), "case matters");

    assert_eq!(
        keys(&store, "chain/").await,
        ["chain/a", "chain/b", "chain/\u{e4}"],
        "in ascending order, without neighbours"
    );
    assert_eq!(keys(&store, "floor%").await, ["floor%_"], "no wildcards");
    assert_eq!(keys(&store, "%").await, [""; 0], "no wildcards");
    assert_eq!(keys(&store, "").await.len(), 6);
    assert_eq!(keys(&store, "x").await, [""; 0]);

    commit(
        &store,
        &[("chain/b", b"new"), ("floor%_", b"kept")],
        &["chain/a", "floor%_", "never was"],
    )
    .await;
    assert_eq!(store.get("chain/b").await, Ok(Some(b"new".to_vec())));
    assert_eq!(store.get("chain/a").await, Ok(None));
    assert_eq!(
        store.get("floor%_").await,
        Ok(Some(b"kept".to_vec())),
        "removals come before what is written"
    );
}

/// The same for a store that outlives its process: what was committed is there after it is opened
/// again.
///
/// # Panics
/// When the store does not do what it must.
pub async fn lasting_store<S: StateStore>(open: impl Fn() -> S) {
    store(&open).await;
    let again = open();
    assert_eq!(again.get("chain/b").await, Ok(Some(b"new".to_vec())));
    assert_eq!(again.get("chain/a").await, Ok(None));
    assert_eq!(keys(&again, "").await.len(), 5);
}

async fn commit<S: StateStore>(store: &S, puts: &[(&str, &[u8])], deletes: &[&str]) {
    let batch = Batch {
        puts: puts
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.to_vec()))
            .collect(),
        deletes: deletes.iter().map(|key| (*key).to_owned()).collect(),
    };
    assert_eq!(store.commit(batch).await, Ok(()));
}

async fn keys<S: StateStore>(store: &S, prefix: &str) -> Vec<String> {
    store.keys(prefix).await.unwrap_or_default()
}
