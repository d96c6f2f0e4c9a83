//! Merkle trees against the definition of RFC 6962, and proofs against damage.
#![expect(clippy::unwrap_used, reason = "helper functions of tests")]

use std::collections::HashMap;

use wardseal_crypto::{
    CryptoError,
    merkle::{
        Accumulator, consistency_proof, consistency_proof_from, empty_root, inclusion_proof,
        inclusion_proof_from, leaf_hash, node_hash, root, verify_consistency, verify_inclusion,
    },
};

/// Trees up to here are tried whole: every size, every leaf, every older size.
const SIZES: u64 = 34;

fn leaves(size: u64) -> Vec<[u8; 32]> {
    (0..size).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

/// MTH of RFC 6962 section 2.1, as it is written there.
fn definition(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            let (left, right) = leaves.split_at(k);
            node_hash(&definition(left), &definition(right))
        }
    }
}

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

#[test]
fn roots_are_those_of_certificate_transparency() {
    // The reference tree of RFC 6962 implementations.
    let data = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    let leaves: Vec<_> = data.iter().map(|data| leaf_hash(&hex(data))).collect();
    assert_eq!(
        empty_root().as_slice(),
        hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    );
    assert_eq!(
        root(&leaves[..1]).as_slice(),
        hex("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")
    );
    assert_eq!(
        root(&leaves).as_slice(),
        hex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")
    );
}

#[test]
fn the_accumulator_is_the_definition_and_survives_storage() {
    let all = leaves(SIZES);
    let mut accumulator = Accumulator::new();
    for (size, leaf) in (0..).zip(&all) {
        assert_eq!(accumulator.root(), definition(&all[..size]));
        let stored = accumulator.peaks().to_vec();
        accumulator = Accumulator::from_peaks(accumulator.size(), stored).unwrap();
        accumulator.append(leaf);
    }
    assert_eq!(accumulator.size(), SIZES);
    assert_eq!(
        Accumulator::from_peaks(3, vec![[0; 32]]).unwrap_err(),
        CryptoError::InvalidLength
    );
    assert_eq!(
        Accumulator::from_peaks(0, vec![[0; 32]]).unwrap_err(),
        CryptoError::InvalidLength
    );
}

#[test]
fn every_leaf_is_proven_and_only_in_its_place() {
    for size in 1..=SIZES {
        let all = leaves(size);
        let root = root(&all);
        for (index, leaf) in (0..).zip(&all) {
            let proof = inclusion_proof(&all, index).unwrap();
            verify_inclusion(leaf, index, size, &proof, &root).unwrap();

            let rejected = Err(CryptoError::Rejected);
            assert_eq!(
                verify_inclusion(&[0; 32], index, size, &proof, &root),
                rejected
            );
            assert_eq!(
                verify_inclusion(leaf, index, size, &proof, &[0; 32]),
                rejected
            );
            assert_eq!(verify_inclusion(leaf, size, size, &proof, &root), rejected);
            if size > 1 {
                assert_eq!(
                    verify_inclusion(leaf, index ^ 1, size, &proof, &root),
                    rejected
                );
                assert_eq!(
                    verify_inclusion(leaf, index, size, &proof[1..], &root),
                    rejected
                );
            }
            let longer = [proof.as_slice(), &[[0; 32]]].concat();
            assert_eq!(
                verify_inclusion(leaf, index, size, &longer, &root),
                rejected
            );
            for step in 0..proof.len() {
                let mut changed = proof.clone();
                changed[step][0] ^= 1;
                assert_eq!(
                    verify_inclusion(leaf, index, size, &changed, &root),
                    rejected
                );
            }
        }
        assert_eq!(
            inclusion_proof(&all, size).unwrap_err(),
            CryptoError::InvalidLength
        );
    }
    assert_eq!(
        inclusion_proof(&[], 0).unwrap_err(),
        CryptoError::InvalidLength
    );
}

#[test]
fn every_older_tree_is_proven_and_no_other() {
    for size in 1..=SIZES {
        let all = leaves(size);
        let new = root(&all);
        for (old_size, end) in (1..=size).zip(1..) {
            let old = root(&all[..end]);
            let proof = consistency_proof(&all, old_size).unwrap();
            verify_consistency(old_size, &old, size, &new, &proof).unwrap();

            let rejected = Err(CryptoError::Rejected);
            let forked = root(&[&all[..end - 1], &[[9; 32]]].concat());
            assert_eq!(
                verify_consistency(old_size, &forked, size, &new, &proof),
                rejected
            );
            assert_eq!(
                verify_consistency(old_size, &old, size, &[0; 32], &proof),
                rejected
            );
            let longer = [proof.as_slice(), &[[0; 32]]].concat();
            assert_eq!(
                verify_consistency(old_size, &old, size, &new, &longer),
                rejected
            );
            if old_size < size {
                assert_eq!(
                    verify_consistency(size, &new, old_size, &old, &proof),
                    rejected,
                    "backwards"
                );
                assert_eq!(
                    verify_consistency(old_size, &old, size, &new, &proof[1..]),
                    rejected
                );
                assert_eq!(
                    verify_consistency(old_size, &old, size, &new, &[]),
                    rejected
                );
            }
            for step in 0..proof.len() {
                let mut changed = proof.clone();
                changed[step][0] ^= 1;
                assert_eq!(
                    verify_consistency(old_size, &old, size, &new, &changed),
                    rejected
                );
            }
        }
        assert_eq!(
            consistency_proof(&all, 0).unwrap_err(),
            CryptoError::InvalidLength
        );
        assert_eq!(
            consistency_proof(&all, size + 1).unwrap_err(),
            CryptoError::InvalidLength
        );
    }
    assert_eq!(
        verify_consistency(0, &empty_root(), 1, &[1; 32], &[]),
        Err(CryptoError::Rejected)
    );
}

#[test]
fn proofs_come_from_stored_nodes_too() {
    // What a server stores: the roots of complete subtrees, as they become complete.
    let all = leaves(SIZES);
    let mut stored = HashMap::new();
    for (index, leaf) in (0u64..).zip(&all) {
        stored.insert((0, index), *leaf);
        for level in 1..=(index + 1).trailing_zeros() {
            let at = index >> level;
            let node = node_hash(
                &stored[&(level - 1, at * 2)],
                &stored[&(level - 1, at * 2 + 1)],
            );
            stored.insert((level, at), node);
        }
    }
    let node = |level, at| stored.get(&(level, at)).copied();
    for (size, end) in (1..=SIZES).zip(1..) {
        for index in 0..size {
            assert_eq!(
                inclusion_proof_from(size, index, node),
                inclusion_proof(&all[..end], index)
            );
            assert_eq!(
                consistency_proof_from(size, index + 1, node),
                consistency_proof(&all[..end], index + 1)
            );
        }
    }
    assert_eq!(
        inclusion_proof_from(8, 0, |_, _| None).unwrap_err(),
        CryptoError::InvalidLength,
        "a node is missing"
    );
}

#[test]
fn sizes_far_beyond_memory_are_handled() {
    let size = (1 << 62) + 12_345;
    let node = |level: u32, at: u64| {
        Some(leaf_hash(
            &[level.to_be_bytes().as_slice(), &at.to_be_bytes()].concat(),
        ))
    };
    assert!(inclusion_proof_from(size, size - 1, node).unwrap().len() <= 64);
    assert!(consistency_proof_from(size, 77_777, node).unwrap().len() <= 64);
    assert!(inclusion_proof_from(u64::MAX, 0, node).unwrap().len() <= 64);
}
