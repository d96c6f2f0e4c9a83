//! A store in two: what must not be lost, and what the application may lose at any time.

use crate::ports::{Batch, MaybeSync, StateStore, StoreError};

/// Beginnings of the keys of records of sessions. How far a session was seen (`head/ses_`) is not
/// among them: whoever loses that could be shown an older state.
const CACHED: [&str; 2] = ["boxes/ses_", "chain/ses_"];

/// Records of sessions in a store of the application's own, everything else in another.
///
/// Under [`CachePolicy::Persistent`](crate::CachePolicy::Persistent) the first holds who somebody
/// is, and should last as long as the machine; the second holds what sessions open with, sealed
/// like everything else, and may be emptied, evicted from or put back to an older state at any
/// time: what is missing or older than what was seen is asked for again.
///
/// A batch that touches both is made in the first store before the second. One that fails between
/// them loses nothing, because the second can be lost.
#[derive(Clone, Copy, Debug, Default)]
pub struct SplitStore<S, C> {
    state: S,
    cache: C,
}

impl<S, C> SplitStore<S, C> {
    /// Records of sessions in `cache`, all others in `state`.
    pub const fn new(state: S, cache: C) -> Self {
        Self { state, cache }
    }

    /// Both stores again.
    pub fn into_parts(self) -> (S, C) {
        (self.state, self.cache)
    }
}

fn is_cached(key: &str) -> bool {
    CACHED.iter().any(|beginning| key.starts_with(beginning))
}

/// Whether a key of the cache may begin with `prefix`.
fn may_be_cached(prefix: &str) -> bool {
    is_cached(prefix) || CACHED.iter().any(|beginning| beginning.starts_with(prefix))
}

impl<S: StateStore + MaybeSync, C: StateStore + MaybeSync> StateStore for SplitStore<S, C> {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        if is_cached(key) {
            self.cache.get(key).await
        } else {
            self.state.get(key).await
        }
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        // Records of sessions that lie in the first store are from before there was a second. They
        // are listed, so that they are removed with the others, but never read.
        let mut keys = self.state.keys(prefix).await?;
        if may_be_cached(prefix) {
            let cached = self.cache.keys(prefix).await?;
            keys.extend(cached.into_iter().filter(|key| is_cached(key)));
            keys.sort();
            keys.dedup();
        }
        Ok(keys)
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let (cached, puts) = batch.puts.into_iter().partition(|(key, _)| is_cached(key));
        let gone: Vec<_> = batch
            .deletes
            .iter()
            .filter(|key| is_cached(key))
            .cloned()
            .collect();
        let state = Batch {
            puts,
            deletes: batch.deletes,
        };
        let cache = Batch {
            puts: cached,
            deletes: gone,
        };
        for (store, batch) in [(true, state), (false, cache)] {
            if batch.puts.is_empty() && batch.deletes.is_empty() {
                continue;
            }
            if store {
                self.state.commit(batch).await?;
            } else {
                self.cache.commit(batch).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryStore;

    fn put(key: &str) -> Batch {
        Batch {
            puts: vec![(key.to_owned(), b"1".to_vec())],
            deletes: vec![],
        }
    }

    #[tokio::test]
    async fn two_stores_keep_what_a_store_must_keep() {
        crate::conformance::store(SplitStore::<MemoryStore, MemoryStore>::default).await;
    }

    #[tokio::test]
    async fn only_what_can_be_lost_lies_in_the_cache() {
        let store = SplitStore::<MemoryStore, MemoryStore>::default();
        let cached = ["boxes/ses_a", "chain/ses_a"];
        let firm = [
            "chain/grp_a",
            "chain/usr_a",
            "floor",
            "head/ses_a",
            "identity",
        ];
        for key in cached.iter().chain(&firm) {
            store.commit(put(key)).await.unwrap();
        }
        assert_eq!(store.get("chain/ses_a").await.unwrap().unwrap(), b"1");
        assert_eq!(
            store.keys("chain/").await.unwrap(),
            ["chain/grp_a", "chain/ses_a", "chain/usr_a"]
        );
        assert_eq!(store.keys("boxes/ses_").await.unwrap(), ["boxes/ses_a"]);
        let (state, cache) = store.into_parts();
        assert_eq!(cache.keys("").await.unwrap(), cached);
        assert_eq!(state.keys("").await.unwrap(), firm);
    }

    #[tokio::test]
    async fn what_lay_in_the_first_store_before_is_not_read_and_goes_with_the_rest() {
        let state = MemoryStore::default();
        state.commit(put("boxes/ses_a")).await.unwrap();
        let store = SplitStore::new(state, MemoryStore::default());
        assert_eq!(store.get("boxes/ses_a").await.unwrap(), None);
        let deletes = store.keys("").await.unwrap();
        assert_eq!(deletes, ["boxes/ses_a"]);
        let batch = Batch {
            puts: vec![],
            deletes,
        };
        store.commit(batch).await.unwrap();
        assert!(store.into_parts().0.keys("").await.unwrap().is_empty());
    }
}
