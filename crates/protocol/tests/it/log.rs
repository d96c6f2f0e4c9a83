//! Checkpoints and proofs: what a server cannot say of its log.

use wardseal_crypto::merkle;
use wardseal_protocol::log::{Checkpoint, LogError, leaf_hash, origin};
use wardseal_testkit::Town;
use wardseal_types::{FixedBytes, Timestamp};

use crate::refusals::cast;

const DAY: u64 = 24 * 60 * 60 * 1000;

#[test]
fn a_note_is_accepted_whole_and_from_both_keys_only() {
    let town = cast().town;
    let key = town.log_public();
    let name = origin(&town.tenant);
    let checkpoint = town.checkpoint(town.log.len());
    let note = checkpoint.sign(&town.log_key).expect("signs");
    assert_eq!(Checkpoint::verify(&note, &name, &key), Ok(checkpoint));

    let lines: Vec<_> = note.lines().collect();
    assert_eq!(lines.len(), 7, "four lines, a blank one, two signatures");
    // Without either signature, with both in one place, with a stranger's.
    for missing in [5, 6] {
        let mut lines = lines.clone();
        lines.remove(missing);
        let note = format!("{}\n", lines.join("\n"));
        assert_eq!(
            Checkpoint::verify(&note, &name, &key),
            Err(LogError::BadSignature)
        );
    }
    let stranger = Town::new(77);
    let foreign = town.checkpoint(1).sign(&stranger.log_key).expect("signs");
    assert_eq!(
        Checkpoint::verify(&foreign, &name, &key),
        Err(LogError::BadSignature)
    );
    // A cosignature beside them does no harm.
    let witness = note.clone() + "\u{2014} witness.example AAAAAAAA\n";
    assert!(Checkpoint::verify(&witness, &name, &key).is_ok());
    // Of another log.
    let other = origin(&stranger.tenant);
    assert_eq!(
        Checkpoint::verify(&note, &other, &key),
        Err(LogError::WrongLog)
    );
}

#[test]
fn every_altered_character_of_a_note_is_noticed() {
    let town = cast().town;
    let key = town.log_public();
    let name = origin(&town.tenant);
    let note = town.checkpoint(3).sign(&town.log_key).expect("signs");
    let text = note.find("\n\n").expect("two parts");
    let mut tried = 0;
    for (at, letter) in note
        .char_indices()
        .filter(|(at, _)| *at < text + 140 || at % 61 == 0)
    {
        for replacement in ["A", "b", "0", "\n", " ", "="] {
            let mut altered = note.clone();
            let end = at + letter.len_utf8();
            altered.replace_range(at..end, replacement);
            if altered != note {
                tried += 1;
                // A line that is no signature by these keys is ignored; the two that are must stay.
                assert!(
                    Checkpoint::verify(&altered, &name, &key).is_err(),
                    "{at}: {replacement:?}"
                );
            }
        }
    }
    assert!(tried > 1000);
    for text in ["", "\n\n", "x\n1\n\n", &"a".repeat(1 << 20)] {
        assert_eq!(
            Checkpoint::verify(text, &name, &key),
            Err(LogError::Malformed)
        );
    }
    // One meaning has one text.
    let note = town.checkpoint(3).sign(&town.log_key).expect("signs");
    for (from, to) in [
        ("\n3\n", "\n03\n"),
        ("\n3\n", "\n+3\n"),
        ("\ntime ", "\ntime 0"),
        ("\ntime", "\nx\ntime"),
    ] {
        let other = note.replacen(from, to, 1);
        assert_eq!(
            Checkpoint::verify(&other, &name, &key),
            Err(LogError::Malformed),
            "{to:?}"
        );
    }
}

#[test]
fn a_log_only_grows() {
    let town = cast().town;
    let leaves = town.leaves();
    let total = leaves.len();
    for old in 1..=total {
        for new in old..=total {
            let (floor, next) = (town.checkpoint(old), town.checkpoint(new));
            let size = u64::try_from(old).expect("small");
            let proof = merkle::consistency_proof(&leaves[..new], size).expect("a proof");
            assert_eq!(next.continues(&floor, &proof), Ok(()), "{old} to {new}");
            if new > old {
                assert_eq!(floor.continues(&next, &proof), Err(LogError::Rollback));
                // Another past under the same future.
                let fork = Checkpoint {
                    root: FixedBytes([1; 32]),
                    ..floor.clone()
                };
                assert_eq!(next.continues(&fork, &proof), Err(LogError::SplitView));
            } else {
                let fork = Checkpoint {
                    root: FixedBytes([1; 32]),
                    ..floor.clone()
                };
                assert_eq!(fork.continues(&next, &[]), Err(LogError::SplitView));
            }
            for spoiled in 0..proof.len() {
                let mut proof = proof.clone();
                proof[spoiled][0] ^= 1;
                assert_eq!(next.continues(&floor, &proof), Err(LogError::SplitView));
            }
        }
    }
    // Whoever has seen nothing has nothing to compare.
    let empty = Checkpoint {
        size: 0,
        ..town.checkpoint(0)
    };
    assert_eq!(town.checkpoint(total).continues(&empty, &[]), Ok(()));
}

#[test]
fn a_statement_is_at_its_position_and_nowhere_else() {
    let town = cast().town;
    let leaves = town.leaves();
    let checkpoint = town.checkpoint(leaves.len());
    for (index, statement) in (0..).zip(&town.log) {
        let proof = merkle::inclusion_proof(&leaves, index).expect("a proof");
        assert_eq!(checkpoint.includes(statement, index, &proof), Ok(()));
        for other in 0..=checkpoint.size {
            if other != index {
                let result = checkpoint.includes(statement, other, &proof);
                assert_eq!(result, Err(LogError::NotIncluded));
            }
        }
        for (_, other) in (0..)
            .zip(&town.log)
            .filter(|(at, _): &(u64, _)| *at != index)
        {
            assert_eq!(
                checkpoint.includes(other, index, &proof),
                Err(LogError::NotIncluded)
            );
        }
        let short = &proof[..proof.len() - 1];
        assert_eq!(
            checkpoint.includes(statement, index, short),
            Err(LogError::NotIncluded)
        );
    }
}

#[test]
fn a_leaf_names_chain_sequence_and_statement() {
    let cast = cast();
    let one = &cast.town.log[1];
    let hashes: std::collections::BTreeSet<_> = cast.town.log.iter().map(leaf_hash).collect();
    assert_eq!(hashes.len(), cast.town.log.len());
    // The same body under another signature is another leaf.
    let twin = one
        .body()
        .clone()
        .sign(&cast.carol.device.sign)
        .expect("signs");
    assert_eq!(twin.chain(), one.chain());
    assert_ne!(leaf_hash(&twin), leaf_hash(one));
}

#[test]
fn nothing_is_sealed_by_a_checkpoint_that_is_too_old_or_from_the_future() {
    let mut checkpoint = cast().town.checkpoint(1);
    let now = checkpoint.time;
    let age = |checkpoint: &Checkpoint, now: Timestamp| checkpoint.check_age(now, DAY, 60_000);
    assert_eq!(age(&checkpoint, now), Ok(()));
    assert_eq!(age(&checkpoint, now.plus_millis(DAY)), Ok(()));
    assert_eq!(
        age(&checkpoint, now.plus_millis(DAY + 1)),
        Err(LogError::Stale)
    );
    checkpoint.time = now.plus_millis(60_000);
    assert_eq!(age(&checkpoint, now), Ok(()));
    checkpoint.time = now.plus_millis(60_001);
    assert_eq!(age(&checkpoint, now), Err(LogError::Future));
    checkpoint.time = Timestamp::from_millis(u64::MAX);
    assert_eq!(age(&checkpoint, now), Err(LogError::Future));
}
