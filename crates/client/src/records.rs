//! Records of the client's state: each is sealed under the state key, with its own key as context,
//! so that a record cannot take the place of another.

use rand_core::CryptoRng;
use wardseal_client_core::{
    Error, Failure,
    crypto::{chunked, label, secret::Secret},
    protocol::cbor,
    types::{
        Base64Url, ChainId, FixedBytes, RingId, StatementHash, Timestamp, UserId,
        cbor::{Decode, Encode},
        cbor_array, limits,
    },
};

use crate::ports::{Batch, StateStore, StoreError};

/// Record of who somebody is on this machine.
pub(crate) const IDENTITY: &str = "identity";
/// Record of who somebody is here until the day is over.
pub(crate) const DAY: &str = "day";
/// Record of a sign-up that waits for its token.
pub(crate) const PENDING: &str = "pending";
/// Record of a device that may be in the chain already, and is not this machine's identity yet.
pub(crate) const PENDING_DEVICE: &str = "pending-device";
/// Record of a recovery that is under way.
pub(crate) const RECOVERY: &str = "recovery";
/// Record of the newest checkpoint.
pub(crate) const FLOOR: &str = "floor";
/// Record of the audience that sign-ins name.
pub(crate) const AUDIENCE: &str = "audience";

/// Beginning of the keys of records of imported sessions.
pub(crate) const IMPORTS: &str = "import/";

/// Key of the record of an import, which is named by its content.
pub(crate) fn import_key(content: &[u8; 32]) -> String {
    format!("{IMPORTS}{}", Base64Url::from(content.as_slice()).to_text())
}

/// Key of the record of a chain.
pub(crate) fn chain_key(chain: &ChainId) -> String {
    format!("chain/{chain}")
}

/// Key of the record of how far a chain was seen.
pub(crate) fn head_key(chain: &ChainId) -> String {
    format!("head/{chain}")
}

/// Key of the record of a ring's boxes.
pub(crate) fn boxes_key(ring: &RingId) -> String {
    format!("boxes/{ring}")
}

/// Key of the record of whom a name meant when it was last seen.
pub(crate) fn name_key(index: &FixedBytes<32>) -> String {
    format!("name/{}", Base64Url::from(index.0.as_slice()).to_text())
}

/// The verified statements of a chain, with their positions.
#[derive(Debug, Default)]
pub(crate) struct ChainRecord {
    pub(crate) entries: Vec<(Base64Url, u64)>,
}

cbor_array!(ChainRecord { entries });

/// How far a chain was seen, where the chain itself is not kept: it may not go back behind that.
#[derive(Debug)]
pub(crate) struct HeadRecord {
    pub(crate) seq: u64,
    pub(crate) hash: StatementHash,
}

cbor_array!(HeadRecord { seq, hash });

/// The boxes of a ring, and when the server was last asked for them.
#[derive(Debug, Default)]
pub(crate) struct BoxesRecord {
    pub(crate) boxes: Vec<Base64Url>,
    pub(crate) fetched: Timestamp,
}

cbor_array!(BoxesRecord { boxes, fetched });

/// Sessions that were imported, and when.
#[derive(Debug)]
pub(crate) struct ImportRecord {
    pub(crate) export: Base64Url,
    pub(crate) imported: Timestamp,
}

cbor_array!(ImportRecord { export, imported });

/// A sign-up that waits for its token.
#[derive(Debug)]
pub(crate) struct PendingRecord {
    pub(crate) identity: Base64Url,
    pub(crate) genesis: Base64Url,
    pub(crate) seed: FixedBytes<32>,
    pub(crate) name: String,
    pub(crate) salt: FixedBytes<32>,
    pub(crate) user: UserId,
}

cbor_array!(PendingRecord {
    identity,
    genesis,
    seed,
    name,
    salt,
    user
});

/// A store whose records are sealed.
#[derive(Debug)]
pub(crate) struct SealedStore<S> {
    store: S,
    key: Secret<32>,
}

impl<S: StateStore> SealedStore<S> {
    pub(crate) const fn new(store: S, key: Secret<32>) -> Self {
        Self { store, key }
    }

    /// The bytes of a record. A record that does not open was changed, or sealed by another key.
    pub(crate) async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        let Some(sealed) = self.store.get(key).await.map_err(failed)? else {
            return Ok(None);
        };
        Ok(
            chunked::open(&self.key, label::STATE_RECORD, key.as_bytes(), &sealed)
                .map(|opened| Some(opened.expose().to_vec()))
                .map_err(|_| {
                    Error::Store(format!(
                        "the record \"{key}\" was changed, or belongs to another state key"
                    ))
                })?,
        )
    }

    pub(crate) async fn load<T>(&self, key: &str) -> Result<Option<T>, Failure>
    where
        T: Decode + Encode,
    {
        let Some(bytes) = self.read(key).await? else {
            return Ok(None);
        };
        // What we sealed ourselves may be larger than anything that travels.
        Ok(Some(cbor::decode(&bytes, limits::MAX_BODY << 4)?))
    }

    pub(crate) async fn keys(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        Ok(self.store.keys(prefix).await.map_err(failed)?)
    }

    pub(crate) async fn commit(&self, batch: SealedBatch) -> Result<(), Failure> {
        if batch.0.puts.is_empty() && batch.0.deletes.is_empty() {
            return Ok(());
        }
        Ok(self.store.commit(batch.0).await.map_err(failed)?)
    }

    /// Adds a record to a batch.
    pub(crate) fn put(
        &self,
        batch: &mut SealedBatch,
        key: String,
        bytes: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Failure> {
        let sealed = chunked::seal(&self.key, label::STATE_RECORD, key.as_bytes(), bytes, rng)?;
        batch.0.puts.push((key, sealed));
        Ok(())
    }
}

/// Changes whose records are sealed.
#[derive(Debug, Default)]
pub(crate) struct SealedBatch(Batch);

impl SealedBatch {
    pub(crate) fn delete(&mut self, key: String) {
        self.0.deletes.push(key);
    }
}

fn failed(StoreError(why): StoreError) -> Error {
    Error::Store(why)
}
