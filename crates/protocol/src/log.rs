//! The tenant's log: leaves and checkpoints (C2SP `tlog-checkpoint`, `signed-note`; RFC 9162
//! tree). See `spec/06-log.md`.

use base64ct::{Base64, Encoding as _};
use wardseal_crypto::{
    hash, label, merkle,
    sign::{
        Ed25519PublicKey, Ed25519Signature, HybridPublicKey, HybridSignature, HybridSigningKey,
    },
};
use wardseal_types::{FixedBytes, TenantId, Timestamp};

use crate::{cbor, keys::LogKey, statement::Statement};

/// Longest signed checkpoint that is read, in bytes. A signature by both algorithms takes 4.6 kB.
const MAX_NOTE: usize = 64 << 10;

/// Why a checkpoint or a proof is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The text is no checkpoint.
    #[error("the checkpoint is malformed")]
    Malformed,
    /// It is of another log.
    #[error("the checkpoint is of another log")]
    WrongLog,
    /// A signature is missing or does not verify.
    #[error("the checkpoint is not signed by the log's keys")]
    BadSignature,
    /// The log is smaller than the client has seen it before.
    #[error("the server shows an older log than before: it was rolled back")]
    Rollback,
    /// The log does not continue the one that the client has seen before.
    #[error("the server shows two different logs: keep both checkpoints as evidence")]
    SplitView,
    /// A statement is not where the server says it is.
    #[error("the statement is not in the log at the position that the server claims")]
    NotIncluded,
    /// The newest checkpoint is too old to seal anything by.
    #[error("the newest checkpoint is too old: check this machine's clock and the server")]
    Stale,
    /// The checkpoint comes from the future.
    #[error("the checkpoint comes from the future: check this machine's clock and the server's")]
    Future,
}

impl LogError {
    /// The stable name of this error, in test vectors and documentation.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::WrongLog => "wrong_log",
            Self::BadSignature => "bad_signature",
            Self::Rollback => "rollback",
            Self::SplitView => "split_view",
            Self::NotIncluded => "not_included",
            Self::Stale => "stale",
            Self::Future => "future",
        }
    }
}

/// The hash of the leaf that a statement is.
#[must_use]
pub fn leaf_hash(statement: &Statement) -> [u8; 32] {
    let leaf = cbor::encode(&(statement.chain(), statement.body().seq, statement.hash()));
    merkle::leaf_hash(&[label::LOG_LEAF.as_str().as_bytes(), &[0], &leaf].concat())
}

/// The name of a tenant's log.
#[must_use]
pub fn origin(tenant: &TenantId) -> String {
    format!("wardseal.log/v1/{tenant}")
}

/// A signed statement of a log about itself: so many leaves, with this root, at this time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree over them.
    pub root: FixedBytes<32>,
    /// When it was signed, by the log's clock.
    pub time: Timestamp,
}

impl Checkpoint {
    fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\ntime {}\n",
            self.origin,
            self.size,
            Base64::encode_string(self.root.as_array()),
            self.time.millis()
        )
    }

    /// Signs the checkpoint: a note with one line by Ed25519, which any implementation of C2SP
    /// `signed-note` verifies, and one by both algorithms.
    ///
    /// # Errors
    /// [`wardseal_crypto::CryptoError`] when signing fails.
    pub fn sign(&self, key: &HybridSigningKey) -> Result<String, wardseal_crypto::CryptoError> {
        let text = self.text();
        let public = key.public().to_bytes();
        let classical = key.ed25519().sign_unlabelled(text.as_bytes());
        let hybrid = key.sign(label::LOG_CHECKPOINT, text.as_bytes())?;
        let line = |id: [u8; 4], signature: &[u8]| {
            format!(
                "\u{2014} {} {}\n",
                self.origin,
                Base64::encode_string(&[&id, signature].concat())
            )
        };
        Ok(format!(
            "{text}\n{}{}",
            line(
                classical_key_id(&self.origin, &public),
                classical.as_bytes()
            ),
            line(hybrid_key_id(&self.origin, &public), &hybrid.to_bytes()),
        ))
    }

    /// Reads a note and verifies that both keys of the log signed it.
    ///
    /// # Errors
    /// [`LogError::Malformed`], [`LogError::WrongLog`] and [`LogError::BadSignature`].
    pub fn verify(note: &str, origin: &str, key: &LogKey) -> Result<Self, LogError> {
        if note.len() > MAX_NOTE {
            return Err(LogError::Malformed);
        }
        let (text, signatures) = note.split_once("\n\n").ok_or(LogError::Malformed)?;
        let text = format!("{text}\n");
        let checkpoint = Self::parse(&text)?;
        if checkpoint.origin != origin {
            return Err(LogError::WrongLog);
        }
        let public =
            HybridPublicKey::from_bytes(key.sign.as_array()).map_err(|_| LogError::BadSignature)?;
        let classical = signature(
            signatures,
            origin,
            classical_key_id(origin, key.sign.as_array()),
        )
        .and_then(|bytes| bytes.try_into().ok())
        .map(Ed25519Signature::from_bytes)
        .ok_or(LogError::BadSignature)?;
        let hybrid = signature(
            signatures,
            origin,
            hybrid_key_id(origin, key.sign.as_array()),
        )
        .and_then(|bytes| HybridSignature::from_bytes(&bytes).ok())
        .ok_or(LogError::BadSignature)?;
        let ed25519: &Ed25519PublicKey = public.ed25519();
        ed25519
            .verify_unlabelled(text.as_bytes(), &classical)
            .and_then(|()| public.verify(label::LOG_CHECKPOINT, text.as_bytes(), &hybrid))
            .map_err(|_| LogError::BadSignature)?;
        Ok(checkpoint)
    }

    fn parse(text: &str) -> Result<Self, LogError> {
        let mut lines = text.lines();
        let mut next = || lines.next().ok_or(LogError::Malformed);
        let origin = next()?.to_owned();
        let size = next()?.parse().map_err(|_| LogError::Malformed)?;
        let root = Base64::decode_vec(next()?)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(FixedBytes)
            .ok_or(LogError::Malformed)?;
        let time = next()?
            .strip_prefix("time ")
            .and_then(|time| time.parse().ok())
            .map(Timestamp::from_millis)
            .ok_or(LogError::Malformed)?;
        let checkpoint = Self {
            origin,
            size,
            root,
            time,
        };
        if checkpoint.text() == text {
            Ok(checkpoint)
        } else {
            Err(LogError::Malformed)
        }
    }

    /// Checks that this checkpoint continues `floor`, the newest that was accepted before.
    ///
    /// # Errors
    /// [`LogError::Rollback`] and [`LogError::SplitView`].
    pub fn continues(&self, floor: &Self, proof: &[[u8; 32]]) -> Result<(), LogError> {
        if self.size < floor.size {
            return Err(LogError::Rollback);
        }
        let consistent = merkle::verify_consistency(
            floor.size,
            floor.root.as_array(),
            self.size,
            self.root.as_array(),
            proof,
        );
        if floor.size == 0 || consistent.is_ok() {
            Ok(())
        } else {
            Err(LogError::SplitView)
        }
    }

    /// Checks that `statement` is the leaf at `position`.
    ///
    /// # Errors
    /// [`LogError::NotIncluded`].
    pub fn includes(
        &self,
        statement: &Statement,
        position: u64,
        proof: &[[u8; 32]],
    ) -> Result<(), LogError> {
        merkle::verify_inclusion(
            &leaf_hash(statement),
            position,
            self.size,
            proof,
            self.root.as_array(),
        )
        .map_err(|_| LogError::NotIncluded)
    }

    /// Checks that this checkpoint is young enough to seal by: at most `max_age` milliseconds old,
    /// and at most `skew` milliseconds from the future.
    ///
    /// # Errors
    /// [`LogError::Stale`] and [`LogError::Future`].
    pub const fn check_age(&self, now: Timestamp, max_age: u64, skew: u64) -> Result<(), LogError> {
        if now.since(self.time) > max_age {
            return Err(LogError::Stale);
        }
        if self.time.since(now) > skew {
            return Err(LogError::Future);
        }
        Ok(())
    }
}

fn signature(lines: &str, origin: &str, id: [u8; 4]) -> Option<Vec<u8>> {
    lines.lines().find_map(|line| {
        let encoded = line
            .strip_prefix("\u{2014} ")?
            .strip_prefix(origin)?
            .strip_prefix(' ')?;
        let bytes = Base64::decode_vec(encoded).ok()?;
        let (found, signature) = bytes.split_first_chunk::<4>()?;
        (*found == id).then(|| signature.to_vec())
    })
}

/// C2SP `signed-note`: the first four bytes of SHA-256(name ‖ 0x0A ‖ algorithm ‖ key).
fn key_id(origin: &str, algorithm: &[u8], key: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = hash::sha256(&[origin.as_bytes(), b"\n", algorithm, key]);
    [a, b, c, d]
}

fn classical_key_id(origin: &str, public: &[u8]) -> [u8; 4] {
    key_id(origin, &[1], public.get(..32).unwrap_or_default())
}

/// 0xff marks an algorithm that the specification of notes does not list; its name follows.
fn hybrid_key_id(origin: &str, public: &[u8]) -> [u8; 4] {
    key_id(origin, b"\xffwardseal-ed25519-ml-dsa-65", public)
}
