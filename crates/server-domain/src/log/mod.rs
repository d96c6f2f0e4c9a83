//! One log for each tenant: leaves and nodes in the store, proofs from them, checkpoints over them.
//! See `spec/06-log.md`.

use std::collections::HashMap;

use wardseal_crypto::{
    CryptoError,
    merkle::{self, Accumulator},
    sign::HybridSigningKey,
};
use wardseal_protocol::log::{Checkpoint, origin};
use wardseal_types::{FixedBytes, TenantId, Timestamp};

use crate::{
    error::DomainError,
    storage::{LogRecord, Snapshot, StorageError, UnitOfWork},
};

/// Adds the leaf with this index, and every inner node that it completes.
///
/// # Errors
/// [`StorageError`].
pub(crate) fn append(
    unit: &mut dyn UnitOfWork,
    tenant: &TenantId,
    index: u64,
    leaf: [u8; 32],
) -> Result<(), StorageError> {
    let (mut level, mut at, mut hash) = (0, index, leaf);
    unit.put_node(tenant, level, at, &hash)?;
    while at & 1 == 1 {
        let left = existing(&*unit, tenant, level, at.saturating_sub(1))?;
        hash = merkle::node_hash(&left, &hash);
        (level, at) = (level.saturating_add(1), at >> 1);
        unit.put_node(tenant, level, at, &hash)?;
    }
    Ok(())
}

/// The checkpoint of the first `size` leaves, signed at `time`.
///
/// # Errors
/// [`DomainError::StorageFull`] and [`DomainError::Internal`].
pub(crate) fn checkpoint<S: Snapshot + ?Sized>(
    snapshot: &S,
    tenant: &TenantId,
    size: u64,
    time: Timestamp,
    key: &HybridSigningKey,
) -> Result<LogRecord, DomainError> {
    let checkpoint = Checkpoint {
        origin: origin(tenant),
        size,
        root: FixedBytes(root(snapshot, tenant, size)?),
        time,
    };
    Ok(LogRecord {
        size,
        time,
        note: checkpoint.sign(key)?,
    })
}

/// The root over the first `size` leaves, from the roots of its complete subtrees.
fn root<S: Snapshot + ?Sized>(
    snapshot: &S,
    tenant: &TenantId,
    size: u64,
) -> Result<[u8; 32], DomainError> {
    let mut peaks = Vec::new();
    let mut at: u64 = 0;
    for level in (0..u64::BITS).rev() {
        let width = 1 << level;
        if size & width != 0 {
            peaks.push(existing(snapshot, tenant, level, at >> level)?);
            at = at.saturating_add(width);
        }
    }
    Ok(Accumulator::from_peaks(size, peaks)?.root())
}

fn existing<S: Snapshot + ?Sized>(
    snapshot: &S,
    tenant: &TenantId,
    level: u32,
    at: u64,
) -> Result<[u8; 32], StorageError> {
    snapshot
        .node(tenant, level, at)?
        .ok_or_else(|| missing(level, at))
}

fn missing(level: u32, at: u64) -> StorageError {
    StorageError::Damaged(format!("node {at} of level {level} of a log is missing"))
}

/// Proofs about the first `size` leaves of a log. Nodes are read once, however many proofs need
/// them.
pub(crate) struct Proofs<'a> {
    snapshot: &'a dyn Snapshot,
    tenant: &'a TenantId,
    size: u64,
    read: HashMap<(u32, u64), [u8; 32]>,
}

impl<'a> Proofs<'a> {
    pub(crate) fn new(snapshot: &'a dyn Snapshot, tenant: &'a TenantId, size: u64) -> Self {
        Self {
            snapshot,
            tenant,
            size,
            read: HashMap::new(),
        }
    }

    /// That leaf `index` is in the tree.
    ///
    /// # Errors
    /// [`StorageError`].
    pub(crate) fn inclusion(&mut self, index: u64) -> Result<Vec<[u8; 32]>, StorageError> {
        let size = self.size;
        self.prove(|node| merkle::inclusion_proof_from(size, index, node))
    }

    /// That the tree continues the one of the first `old` leaves. Empty when there is nothing to
    /// continue, or `old` is larger than the tree: the caller then sees that the log was rolled back.
    ///
    /// # Errors
    /// [`StorageError`].
    pub(crate) fn consistency(&mut self, old: u64) -> Result<Vec<[u8; 32]>, StorageError> {
        let size = self.size;
        if old == 0 || old > size {
            return Ok(Vec::new());
        }
        self.prove(|node| merkle::consistency_proof_from(size, old, node))
    }

    fn prove(
        &mut self,
        prove: impl FnOnce(
            &mut dyn FnMut(u32, u64) -> Option<[u8; 32]>,
        ) -> Result<Vec<[u8; 32]>, CryptoError>,
    ) -> Result<Vec<[u8; 32]>, StorageError> {
        let (snapshot, tenant, read) = (self.snapshot, self.tenant, &mut self.read);
        let mut failure = None;
        let proof = prove(&mut |level, at| {
            if let Some(hash) = read.get(&(level, at)) {
                return Some(*hash);
            }
            match snapshot.node(tenant, level, at) {
                Ok(Some(hash)) => {
                    read.insert((level, at), hash);
                    Some(hash)
                }
                Ok(None) => {
                    failure = Some(missing(level, at));
                    None
                }
                Err(error) => {
                    failure = Some(error);
                    None
                }
            }
        });
        proof.map_err(|error| failure.unwrap_or_else(|| StorageError::Damaged(error.to_string())))
    }
}
