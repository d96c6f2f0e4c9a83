//! A store that a test can look into, copy and put back.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use wardseal_client::{Batch, StateStore, StoreError};
use wardseal_crypto::{chunked, label, secret::Secret};
use wardseal_protocol::cbor;

/// The records of one machine. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Disk {
    /// The key under which every machine here seals its records.
    #[must_use]
    pub const fn key() -> Secret<32> {
        Secret::from_bytes([0x5a; 32])
    }

    /// The records as they lie there.
    #[must_use]
    pub fn image(&self) -> BTreeMap<String, Vec<u8>> {
        self.records().clone()
    }

    /// Puts an image back.
    pub fn restore(&self, image: BTreeMap<String, Vec<u8>>) {
        *self.records() = image;
    }

    /// What the records say, opened: sealing the same twice gives different bytes. Of a checkpoint
    /// without the signatures, which differ as well.
    ///
    /// # Panics
    /// When a record does not open.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let open = |(name, sealed): (&String, &Vec<u8>)| {
            let opened = chunked::open(&Self::key(), label::STATE_RECORD, name.as_bytes(), sealed);
            let mut opened = opened.expect("records open").expose().to_vec();
            if name == "floor" {
                let note: String = cbor::decode(&opened, 1 << 20).expect("a note");
                opened = note
                    .split_once("\n\n")
                    .map_or_else(|| note.clone(), |(text, _)| text.to_owned())
                    .into_bytes();
            }
            (name.clone(), opened)
        };
        self.records().iter().map(open).collect()
    }

    fn records(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for Disk {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.records().get(key).cloned())
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let records = self.records();
        let keys = records.keys().filter(|key| key.starts_with(prefix));
        Ok(keys.cloned().collect())
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let mut records = self.records();
        for key in &batch.deletes {
            records.remove(key);
        }
        records.extend(batch.puts);
        Ok(())
    }
}
