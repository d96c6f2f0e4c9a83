//! Merkle trees with SHA-256 (RFC 6962 section 2.1, RFC 9162 section 2.1): roots, proofs and their verification.
//!
//! Everything is over leaf *hashes*, see [`leaf_hash`].

use crate::{CryptoError, hash::sha256};

/// The hash of the empty tree: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> [u8; 32] {
    sha256(&[])
}

/// The hash of a leaf: SHA-256 of `0x00 ‖ data`.
#[must_use]
pub fn leaf_hash(data: &[u8]) -> [u8; 32] {
    sha256(&[&[0], data])
}

/// The hash of an inner node: SHA-256 of `0x01 ‖ left ‖ right`.
#[must_use]
pub fn node_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    sha256(&[&[1], left, right])
}

/// The root of the tree over these leaf hashes.
#[must_use]
pub fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    let mut accumulator = Accumulator::new();
    leaves.iter().for_each(|leaf| accumulator.append(leaf));
    accumulator.root()
}

/// A growing tree in O(log n) memory: the roots of its complete subtrees, largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accumulator {
    size: u64,
    peaks: Vec<[u8; 32]>,
}

impl Accumulator {
    /// The empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            size: 0,
            peaks: Vec::new(),
        }
    }

    /// Takes a stored tree up again.
    ///
    /// # Errors
    /// [`CryptoError::InvalidLength`] unless there is one peak per bit set in `size`.
    pub fn from_peaks(size: u64, peaks: Vec<[u8; 32]>) -> Result<Self, CryptoError> {
        if usize::try_from(size.count_ones()) == Ok(peaks.len()) {
            Ok(Self { size, peaks })
        } else {
            Err(CryptoError::InvalidLength)
        }
    }

    /// How many leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, largest first: what to store.
    #[must_use]
    pub fn peaks(&self) -> &[[u8; 32]] {
        &self.peaks
    }

    /// Adds a leaf hash.
    pub fn append(&mut self, leaf: &[u8; 32]) {
        let mut hash = *leaf;
        // Each trailing one of the size is a complete subtree of the same height as what has just been completed.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root of the tree so far.
    #[must_use]
    pub fn root(&self) -> [u8; 32] {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return empty_root();
        };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// The proof that leaf `index` is in the tree over these leaf hashes (RFC 9162 section 2.1.3.1).
///
/// # Errors
/// [`CryptoError::InvalidLength`] unless `index` is a leaf.
pub fn inclusion_proof(leaves: &[[u8; 32]], index: u64) -> Result<Vec<[u8; 32]>, CryptoError> {
    inclusion_proof_from(tree_size(leaves)?, index, |level, at| {
        complete_subtree(leaves, level, at)
    })
}

/// The proof that the tree of the first `old_size` leaves is a prefix of the tree over these leaf hashes (RFC 9162
/// section 2.1.4.1).
///
/// # Errors
/// [`CryptoError::InvalidLength`] unless `old_size` is between 1 and the number of leaves.
pub fn consistency_proof(leaves: &[[u8; 32]], old_size: u64) -> Result<Vec<[u8; 32]>, CryptoError> {
    consistency_proof_from(tree_size(leaves)?, old_size, |level, at| {
        complete_subtree(leaves, level, at)
    })
}

/// [`inclusion_proof`] from stored nodes: `node(level, at)` is the root of the complete subtree over the leaves
/// `at · 2^level ..= (at + 1) · 2^level - 1`. O(log² size) nodes are asked for.
///
/// # Errors
/// [`CryptoError::InvalidLength`] unless `index` is a leaf, or when `node` lacks one that the tree has.
pub fn inclusion_proof_from(
    size: u64,
    index: u64,
    mut node: impl FnMut(u32, u64) -> Option<[u8; 32]>,
) -> Result<Vec<[u8; 32]>, CryptoError> {
    if index >= size {
        return Err(CryptoError::InvalidLength);
    }
    let (mut start, mut end) = (0, size);
    let mut proof = Vec::new();
    while end - start > 1 {
        let middle = start + split_point(end - start);
        if index < middle {
            proof.push(range_hash(middle, end, &mut node)?);
            end = middle;
        } else {
            proof.push(range_hash(start, middle, &mut node)?);
            start = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// [`consistency_proof`] from stored nodes, asked for as in [`inclusion_proof_from`].
///
/// # Errors
/// [`CryptoError::InvalidLength`] unless `old_size` is between 1 and `size`, or when `node` lacks one that the tree has.
pub fn consistency_proof_from(
    size: u64,
    old_size: u64,
    mut node: impl FnMut(u32, u64) -> Option<[u8; 32]>,
) -> Result<Vec<[u8; 32]>, CryptoError> {
    if old_size == 0 || old_size > size {
        return Err(CryptoError::InvalidLength);
    }
    let (mut start, mut end) = (0, size);
    let mut proof = Vec::new();
    while end > old_size {
        let middle = start + split_point(end - start);
        if old_size <= middle {
            proof.push(range_hash(middle, end, &mut node)?);
            end = middle;
        } else {
            proof.push(range_hash(start, middle, &mut node)?);
            start = middle;
        }
    }
    // Where the old tree is a complete subtree from the first leaf on, the verifier holds its root already.
    if start != 0 {
        proof.push(range_hash(start, end, &mut node)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that a leaf is in a tree (RFC 9162 section 2.1.3.2).
///
/// # Errors
/// [`CryptoError::Rejected`] when the proof does not show it.
pub fn verify_inclusion(
    leaf: &[u8; 32],
    index: u64,
    size: u64,
    proof: &[[u8; 32]],
    root: &[u8; 32],
) -> Result<(), CryptoError> {
    if index >= size {
        return Err(CryptoError::Rejected);
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for step in proof {
        if last == 0 {
            return Err(CryptoError::Rejected);
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(step, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        at >>= 1;
        last >>= 1;
    }
    accept(last == 0 && hash == *root)
}

/// Checks that a tree is an extension of an older one (RFC 9162 section 2.1.4.2). The empty tree has no proofs: everything
/// extends it, and whoever has seen nothing has nothing to compare.
///
/// # Errors
/// [`CryptoError::Rejected`] when the proof does not show it.
pub fn verify_consistency(
    old_size: u64,
    old_root: &[u8; 32],
    new_size: u64,
    new_root: &[u8; 32],
    proof: &[[u8; 32]],
) -> Result<(), CryptoError> {
    if old_size == 0 || old_size > new_size {
        return Err(CryptoError::Rejected);
    }
    if old_size == new_size {
        return accept(proof.is_empty() && old_root == new_root);
    }
    let (first, rest) = if old_size.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(CryptoError::Rejected)?
    };
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (*first, *first);
    for step in rest {
        if last == 0 {
            return Err(CryptoError::Rejected);
        }
        if at & 1 == 1 || at == last {
            old = node_hash(step, &old);
            new = node_hash(step, &new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, step);
        }
        at >>= 1;
        last >>= 1;
    }
    accept(last == 0 && old == *old_root && new == *new_root)
}

fn accept(holds: bool) -> Result<(), CryptoError> {
    if holds {
        Ok(())
    } else {
        Err(CryptoError::Rejected)
    }
}

fn tree_size(leaves: &[[u8; 32]]) -> Result<u64, CryptoError> {
    u64::try_from(leaves.len()).map_err(|_| CryptoError::InvalidLength)
}

/// The largest power of two below `size`, which is at least 2: where RFC 9162 splits a tree.
const fn split_point(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The root of the complete subtree at a place, from its leaves.
fn complete_subtree(leaves: &[[u8; 32]], level: u32, at: u64) -> Option<[u8; 32]> {
    let width = 1usize.checked_shl(level)?;
    let start = usize::try_from(at).ok()?.checked_mul(width)?;
    leaves.get(start..start.checked_add(width)?).map(root)
}

/// The root over the leaves `start..end`, where `start` is a multiple of a power of two that is at least `end - start`.
fn range_hash(
    start: u64,
    end: u64,
    node: &mut impl FnMut(u32, u64) -> Option<[u8; 32]>,
) -> Result<[u8; 32], CryptoError> {
    let mut peaks = Accumulator {
        size: end - start,
        peaks: Vec::new(),
    };
    let mut at = start;
    while at < end {
        let level = (end - at).ilog2();
        peaks
            .peaks
            .push(node(level, at >> level).ok_or(CryptoError::InvalidLength)?);
        at += 1 << level;
    }
    Ok(peaks.root())
}
