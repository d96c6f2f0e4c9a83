//! Statements: what is signed. See `spec/04-chains.md`.

use wardseal_crypto::{
    CryptoError, SUITE, hash,
    label::{self, Label},
    sign::{Ed25519SigningKey, HybridSigningKey},
};
use wardseal_types::{
    BoxedBytes, ChainId, ChainKind, DeviceId, FixedBytes, GroupId, KeyId, SessionId, StatementHash,
    TenantId, Timestamp, UserId, cbor_array, cbor_choice, cbor_map, limits,
};

use crate::{
    cbor::{self, DecodeError},
    certificate::Certificate,
    keys::{DeviceKeys, Signature, TenantKey, verify_ed25519, verify_hybrid},
    op::Op,
};

/// Who signs a statement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Author {
    /// A root key of the tenant.
    Tenant(KeyId),
    /// The first device of a user who does not exist yet: the genesis of a user chain.
    Founder(DeviceId),
    /// A device of a user.
    Device(UserId, DeviceId),
    /// A key that a password or passkey device of a user certified for a day. In sessions only.
    Certified(UserId, DeviceId, Certificate),
}

cbor_choice!(Author {
    1: Tenant(key),
    2: Founder(device),
    3: Device(user, device),
    4: Certified(user, device, certificate),
});

impl Author {
    /// The user who signs, if a user does who exists already.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::Tenant(_) | Self::Founder(_) => None,
            Self::Device(user, _) | Self::Certified(user, ..) => Some(*user),
        }
    }
}

/// The newest checkpoint of the tenant's log that the author had accepted. Two people who exchange
/// anything thereby discover that a server shows them different logs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Seen {
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree over them.
    pub root: FixedBytes<32>,
}

cbor_map!(Seen { 0: size, 1: root });

/// What a signature of a chain covers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Body {
    /// Suite identifier.
    pub suite: u16,
    /// Kind of the chain.
    pub kind: ChainKind,
    /// The tenant; absent only in its own genesis.
    pub tenant: Option<TenantId>,
    /// The chain; absent only in its genesis, whose hash it is.
    pub chain: Option<FixedBytes<32>>,
    /// Position in the chain, from 0.
    pub seq: u64,
    /// Hash of the statement before; absent only in a genesis.
    pub previous: Option<StatementHash>,
    /// Who signs.
    pub author: Author,
    /// When, by the author's clock. For people to read; no rule depends on it.
    pub time: Timestamp,
    /// What the author had seen of the log; absent only before the first sight.
    pub seen: Option<Seen>,
    /// What is said.
    pub op: Op,
}

cbor_map!(Body {
    0: suite,
    1: kind,
    2: tenant,
    3: chain,
    4: seq,
    5: previous,
    6: author,
    7: time,
    8: seen,
    9: op,
});

#[derive(Clone, Debug, Eq, PartialEq)]
struct Envelope {
    body: wardseal_types::Base64Url,
    signature: Signature,
}

cbor_array!(Envelope { body, signature });

/// A statement with its signature, exactly as it was received or made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Statement {
    bytes: Vec<u8>,
    signed: Vec<u8>,
    signature: Signature,
    body: Body,
}

impl Body {
    /// A genesis of a chain within `tenant` (or of the tenant itself, when `None`).
    #[must_use]
    pub const fn genesis(
        tenant: Option<TenantId>,
        author: Author,
        time: Timestamp,
        seen: Option<Seen>,
        op: Op,
    ) -> Self {
        Self {
            suite: SUITE,
            kind: op.kind(),
            tenant,
            chain: None,
            seq: 0,
            previous: None,
            author,
            time,
            seen,
            op,
        }
    }

    /// Signs this body. Sessions are signed by the Ed25519 half alone.
    ///
    /// # Errors
    /// [`CryptoError`] when signing fails.
    pub fn sign(self, key: &HybridSigningKey) -> Result<Statement, CryptoError> {
        if self.kind == ChainKind::Session {
            return self.sign_session(key.ed25519());
        }
        let signed = cbor::encode(&self);
        let signature = key.sign(label::STATEMENT_SIGNATURE, &signed)?;
        let bytes = signature.to_bytes().try_into();
        let bytes = bytes.map_err(|_| CryptoError::InvalidLength)?;
        Ok(self.with_signature(signed, Signature::Hybrid(BoxedBytes(bytes))))
    }

    /// Signs a statement of a session: by the Ed25519 half of a device, or by a certified key.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] for a statement of another chain.
    pub fn sign_session(self, key: &Ed25519SigningKey) -> Result<Statement, CryptoError> {
        if self.kind != ChainKind::Session {
            return Err(CryptoError::Rejected);
        }
        let signed = cbor::encode(&self);
        let signature = key.sign(label::STATEMENT_SIGNATURE, &signed);
        let signature = Signature::Classical(FixedBytes(*signature.as_bytes()));
        Ok(self.with_signature(signed, signature))
    }

    fn with_signature(self, signed: Vec<u8>, signature: Signature) -> Statement {
        let bytes = cbor::encode(&Envelope {
            body: signed.clone().into(),
            signature: signature.clone(),
        });
        Statement {
            bytes,
            signed,
            signature,
            body: self,
        }
    }
}

impl Statement {
    /// Reads a statement. Its signature is not checked here: that takes the author's keys, which
    /// [`fold`](crate::fold) has.
    ///
    /// # Errors
    /// See [`DecodeError`]; another suite than ours is malformed.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let envelope: Envelope = cbor::decode(bytes, limits::MAX_STATEMENT)?;
        let body: Body = cbor::decode(envelope.body.as_slice(), limits::MAX_STATEMENT)?;
        let genesis = body.seq == 0;
        let root = genesis && body.kind == ChainKind::Tenant;
        let well_formed = body.suite == SUITE
            && body.kind == body.op.kind()
            && genesis == body.op.is_genesis()
            && genesis == body.chain.is_none()
            && genesis == body.previous.is_none()
            && root == body.tenant.is_none();
        if !well_formed {
            return Err(DecodeError::Malformed);
        }
        Ok(Self {
            bytes: bytes.to_vec(),
            signed: envelope.body.0,
            signature: envelope.signature,
            body,
        })
    }

    /// The bytes as they travel and as the log's leaf covers them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was signed, decoded.
    #[must_use]
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// The hash by which the next statement and the log name this one. It covers the signature.
    #[must_use]
    pub fn hash(&self) -> StatementHash {
        StatementHash::from_bytes(hash::hash(label::STATEMENT_HASH, &[&self.bytes]))
    }

    /// The chain that this statement belongs to. Of a genesis it is the hash of the signed body,
    /// so that an identifier exists before the signature.
    #[must_use]
    pub fn chain(&self) -> ChainId {
        let bytes = self.body.chain.map_or_else(
            || genesis_hash(self.body.kind, &self.signed),
            |chain| chain.0,
        );
        self.body.kind.with_bytes(bytes)
    }

    /// The tenant that this statement belongs to.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.body
            .tenant
            .unwrap_or_else(|| TenantId::from_bytes(genesis_hash(ChainKind::Tenant, &self.signed)))
    }

    /// Checks the signature with a device's keys.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] when it does not verify or is not of the strength that this kind
    /// of chain asks for.
    pub fn verify_device(&self, keys: &DeviceKeys) -> Result<(), CryptoError> {
        match (&self.signature, self.body.kind) {
            (Signature::Classical(signature), ChainKind::Session) => verify_ed25519(
                &keys.ed25519(),
                label::STATEMENT_SIGNATURE,
                &self.signed,
                signature,
            ),
            (Signature::Hybrid(signature), ChainKind::User | ChainKind::Group) => verify_hybrid(
                &keys.sign,
                label::STATEMENT_SIGNATURE,
                &self.signed,
                signature,
            ),
            _ => Err(CryptoError::Rejected),
        }
    }

    /// Checks the signature with a certified key, which signs in sessions only.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] when it does not verify.
    pub fn verify_certified(&self, certificate: &Certificate) -> Result<(), CryptoError> {
        match (&self.signature, self.body.kind) {
            (Signature::Classical(signature), ChainKind::Session) => {
                certificate.verify(label::STATEMENT_SIGNATURE, &self.signed, signature)
            }
            _ => Err(CryptoError::Rejected),
        }
    }

    /// Checks the signature with a root key of the tenant.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] when it does not verify, or the key is not a root key.
    pub fn verify_tenant(&self, key: &TenantKey) -> Result<(), CryptoError> {
        match (&self.signature, key, self.body.kind) {
            (Signature::Hybrid(signature), TenantKey::Root(key), ChainKind::Tenant) => {
                verify_hybrid(key, label::STATEMENT_SIGNATURE, &self.signed, signature)
            }
            _ => Err(CryptoError::Rejected),
        }
    }
}

const fn id_label(kind: ChainKind) -> Label {
    match kind {
        ChainKind::Tenant => label::ID_TENANT,
        ChainKind::User => label::ID_USER,
        ChainKind::Group => label::ID_GROUP,
        ChainKind::Session => label::ID_SESSION,
    }
}

fn genesis_hash(kind: ChainKind, signed: &[u8]) -> [u8; 32] {
    hash::hash(id_label(kind), &[signed])
}

macro_rules! chain_of {
    ($name:ident, $variant:ident, $id:ident, $what:literal) => {
        impl Statement {
            #[doc = concat!("The ", $what, " that this statement belongs to, if it is of that kind.")]
            #[must_use]
            pub fn $name(&self) -> Option<$id> {
                match self.chain() {
                    ChainId::$variant(id) => Some(id),
                    _ => None,
                }
            }
        }
    };
}

chain_of!(user, User, UserId, "user");
chain_of!(group, Group, GroupId, "group");
chain_of!(session, Session, SessionId, "session");
