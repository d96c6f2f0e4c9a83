//! Keys of sessions for where there is no server: written by somebody who can open the sessions,
//! and enough to open what was sealed for them, without an identity and without a connection. The
//! format is `spec/12-session-export.md`.

use wardseal_crypto::{SUITE, secret::Secret};
use wardseal_protocol::{Refusal, cbor::DecodeError, keys::DeviceKeys, ring::Seed, state::World};
use wardseal_types::{
    Base64Url, ChainId, DeviceId, FixedBytes, RingId, SessionId, SortedMap, SortedSet, TenantId,
    UserId,
    cbor::{Decode, Encode, Fault, Reader},
    cbor_array, limits,
};
use zeroize::Zeroizing;

use crate::{
    error::{Error, Misbehaviour},
    knowledge::Knowledge,
};

/// What every export begins with.
const KIND: &str = "wardseal-sessions";
/// Largest export that is read, in bytes.
pub const MAX_EXPORT: usize = limits::MAX_BODY << 2;

/// Why bytes are not taken for an export of sessions.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// They do not begin as one.
    #[error("these bytes are no export of sessions")]
    NotOurs,
    /// The export is of a suite that this version does not know.
    #[error("the export is of a newer kind (suite {0}): update this program")]
    OtherSuite(u16),
    /// It is of another tenant than this client.
    #[error("the export belongs to another tenant")]
    OtherTenant,
    /// It is cut off, damaged, or not canonically encoded.
    #[error("the export cannot be read ({0}): take it from its source again")]
    Decode(DecodeError),
    /// Statements or keys do not stand in their order, or twice, or there is no key.
    #[error("the export is not in its order, or holds no key: take it from its source again")]
    Disordered,
    /// A statement does not follow from those before it.
    #[error("the export holds a statement of {chain} that its rules refuse: {refusal}")]
    BadChain {
        /// Of this chain.
        chain: ChainId,
        /// By which rule.
        refusal: Refusal,
    },
    /// A key is not the one to which the statements of its session commit.
    #[error("the export holds a key that is not one of {0}: do not use it")]
    BadKey(SessionId),
}

impl ExportError {
    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotOurs => "not_an_export",
            Self::OtherSuite(_) => "other_suite",
            Self::OtherTenant => "other_tenant",
            Self::Decode(DecodeError::NotCanonical) => "decode_not_canonical",
            Self::Decode(DecodeError::TooLarge) => "decode_too_large",
            Self::Decode(_) => "decode_malformed",
            Self::Disordered => "disordered",
            Self::BadChain { refusal, .. } => refusal.code(),
            Self::BadKey(_) => "wrong_key",
        }
    }
}

impl From<Fault> for ExportError {
    fn from(fault: Fault) -> Self {
        Self::Decode(fault.into())
    }
}

/// A seed that is erased when it is dropped, wherever it is dropped.
struct Key(Secret<32>);

impl Encode for Key {
    fn encode(&self, out: &mut Vec<u8>) {
        FixedBytes(*self.0.expose()).encode(out);
    }
}

impl Decode for Key {
    fn decode(input: &mut Reader<'_>) -> Result<Self, Fault> {
        FixedBytes::<32>::decode(input).map(|FixedBytes(bytes)| Self(Secret::from_bytes(bytes)))
    }
}

struct Envelope {
    kind: String,
    suite: u16,
    tenant: TenantId,
    /// In the order of the log.
    statements: Vec<(Base64Url, u64)>,
    /// In ascending order.
    keys: Vec<(SessionId, u32, Key)>,
}

cbor_array!(Envelope {
    kind,
    suite,
    tenant,
    statements,
    keys
});

impl Envelope {
    /// The encoding. The buffer is as large as it must be from the beginning: one that grows leaves
    /// copies of keys behind.
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let statements = self.statements.iter();
        let room = statements
            .map(|(bytes, _)| bytes.as_slice().len() + 16)
            .sum::<usize>()
            + self.keys.len() * 96
            + 256;
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        self.encode(&mut bytes);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Self, ExportError> {
        if bytes.len() > MAX_EXPORT {
            return Err(ExportError::Decode(DecodeError::TooLarge));
        }
        // The kind and the suite are looked at first: what is of another has another form.
        let mut input = Reader::new(bytes);
        let kind = input.array().and_then(|mut fields| {
            let kind: String = fields.next(&mut input)?;
            Ok((kind, fields))
        });
        let Ok((kind, mut fields)) = kind else {
            return Err(ExportError::NotOurs);
        };
        if kind != KIND {
            return Err(ExportError::NotOurs);
        }
        let suite: u16 = fields.next(&mut input)?;
        if suite != SUITE {
            return Err(ExportError::OtherSuite(suite));
        }
        let mut input = Reader::new(bytes);
        let read = Self::decode(&mut input)?;
        input.end()?;
        if read.to_bytes().as_slice() == bytes {
            Ok(read)
        } else {
            Err(ExportError::Decode(DecodeError::NotCanonical))
        }
    }
}

/// Writes an export: statements of all chains that are needed, with their positions in the log, and
/// the seeds of epochs of sessions. Whoever holds the bytes opens what was sealed in those epochs.
#[must_use]
pub fn write(
    tenant: TenantId,
    mut statements: Vec<(Base64Url, u64)>,
    seeds: &SortedMap<(SessionId, u32), Seed>,
) -> Zeroizing<Vec<u8>> {
    statements.sort_by_key(|(_, position)| *position);
    statements.dedup_by_key(|(_, position)| *position);
    let keys = seeds
        .iter()
        .map(|((session, epoch), seed)| (*session, *epoch, Key(seed.secret().clone())))
        .collect();
    Envelope {
        kind: KIND.into(),
        suite: SUITE,
        tenant,
        statements,
        keys,
    }
    .to_bytes()
}

/// Sessions that were imported. What is known of them is kept apart from what a server proved: it
/// opens what was sealed, and nothing is sealed, granted or judged by it.
#[derive(Debug)]
pub struct Imported {
    knowledge: Knowledge,
    seeds: SortedMap<(SessionId, u32), Seed>,
}

impl Imported {
    /// Reads an export and verifies it: every statement follows from those before it and is signed
    /// by whom it names, every chain bears the name of its first statement, and every key is the
    /// one to which the statements of its session commit.
    ///
    /// That the chains are whole, and at these positions of the log, is not known: whoever made the
    /// export may have left out what came later.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn read(tenant: TenantId, bytes: &[u8]) -> Result<Self, ExportError> {
        let export = Envelope::read(bytes)?;
        if export.tenant != tenant {
            return Err(ExportError::OtherTenant);
        }
        let ordered = export.statements.is_sorted_by(|(_, a), (_, b)| a < b)
            && export
                .keys
                .is_sorted_by(|(a, m, _), (b, n, _)| (a, m) < (b, n));
        if !ordered || export.keys.is_empty() {
            return Err(ExportError::Disordered);
        }
        let mut knowledge = Knowledge::new(tenant);
        knowledge
            .recall(export.statements)
            .map_err(|error| match error {
                Error::Misbehaved(Misbehaviour::BadStatement { chain, refusal }) => {
                    ExportError::BadChain { chain, refusal }
                }
                Error::Misbehaved(Misbehaviour::Fork(_)) => ExportError::OtherTenant,
                Error::Misbehaved(Misbehaviour::Decode(error)) => ExportError::Decode(error),
                _ => ExportError::Decode(DecodeError::Malformed),
            })?;
        let mut seeds = SortedMap::new();
        for (session, epoch, Key(secret)) in export.keys {
            let seed = Seed::from_secret(secret);
            knowledge
                .world()
                .session(&session)
                .and_then(|state| state.ring.epoch(epoch))
                .and_then(|record| {
                    let ring = RingId::Session(session);
                    record.declared.check_seed(ring.into(), &seed).ok()
                })
                .ok_or(ExportError::BadKey(session))?;
            seeds.insert((session, epoch), seed);
        }
        Ok(Self { knowledge, seeds })
    }

    /// The sessions of which there are keys.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionId> {
        let sessions: SortedSet<_> = self.seeds.keys().map(|(session, _)| *session).collect();
        sessions.into_iter().collect()
    }

    /// The seed of an epoch of a session.
    #[must_use]
    pub fn seed(&self, session: SessionId, epoch: u32) -> Option<&Seed> {
        self.seeds.get(&(session, epoch))
    }

    /// Every key that was imported: session, epoch and seed.
    pub fn keys(&self) -> impl Iterator<Item = (SessionId, u32, &Seed)> {
        let keys = self.seeds.iter();
        keys.map(|((session, epoch), seed)| (*session, *epoch, seed))
    }

    /// The keys of a device, from the statements of its user.
    #[must_use]
    pub fn device(&self, user: &UserId, device: &DeviceId) -> Option<&DeviceKeys> {
        let state = self.knowledge.world().user(user)?;
        state.devices().get(device).map(|record| &record.keys)
    }
}
