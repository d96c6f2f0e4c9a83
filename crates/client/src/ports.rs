//! What a client needs from its host: a way to send requests, and a place for records.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Mutex, PoisonError},
};

use wardseal_client_core::{
    TransportError,
    exchange::{HttpRequest, HttpResponse},
};

/// `Send` natively, nothing in a page, where futures of the host never are.
#[cfg(not(target_family = "wasm"))]
pub trait MaybeSend: Send {}
#[cfg(not(target_family = "wasm"))]
impl<T: Send> MaybeSend for T {}

/// `Send` natively, nothing in a page, where futures of the host never are.
#[cfg(target_family = "wasm")]
pub trait MaybeSend {}
#[cfg(target_family = "wasm")]
impl<T> MaybeSend for T {}

/// `Sync` natively, nothing in a page.
#[cfg(not(target_family = "wasm"))]
pub trait MaybeSync: Sync {}
#[cfg(not(target_family = "wasm"))]
impl<T: Sync> MaybeSync for T {}

/// `Sync` natively, nothing in a page.
#[cfg(target_family = "wasm")]
pub trait MaybeSync {}
#[cfg(target_family = "wasm")]
impl<T> MaybeSync for T {}

/// Sends requests to the servers.
pub trait Transport {
    /// Sends one request and reads the whole answer. It does not retry.
    fn send(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + MaybeSend;
}

/// Changes to a store, made at once or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Records to write, by key.
    pub puts: Vec<(String, Vec<u8>)>,
    /// Keys to remove.
    pub deletes: Vec<String>,
}

/// A failure of the host's store, in its own words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoreError(pub String);

/// Keeps records under keys. What it keeps is sealed already: a store needs no secrets.
pub trait StateStore {
    /// The record under a key.
    fn get(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + MaybeSend;

    /// All keys that begin with `prefix`, in ascending order.
    fn keys(
        &self,
        prefix: &str,
    ) -> impl Future<Output = Result<Vec<String>, StoreError>> + MaybeSend;

    /// Makes all changes of a batch, or none.
    fn commit(&self, batch: Batch) -> impl Future<Output = Result<(), StoreError>> + MaybeSend;
}

/// A store that forgets everything at the end of the process.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<BTreeMap<String, Vec<u8>>>);

impl StateStore for MemoryStore {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(records.get(key).cloned())
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(records
            .range(prefix.to_owned()..)
            .map(|(key, _)| key)
            .take_while(|key| key.starts_with(prefix))
            .cloned()
            .collect())
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &batch.deletes {
            records.remove(key);
        }
        records.extend(batch.puts);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn memory_keeps_what_a_store_must_keep() {
        crate::conformance::store(MemoryStore::default).await;
    }
}
