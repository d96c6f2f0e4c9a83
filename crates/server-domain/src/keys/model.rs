//! What goes in and out of the key server: the bodies of the API without their encoding.

use wardseal_types::{
    ChainId, DeviceId, FixedBytes, GroupId, NamedId, SessionId, TenantId, Timestamp, UserId, limits,
};

use crate::error::DomainError;

/// Who signed in, and by which device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Caller {
    /// The tenant.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
}

/// A server of a tenant, by its access token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TenantServer {
    /// The tenant.
    pub tenant: TenantId,
}

/// A statement and where it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// The signed bytes.
    pub statement: Vec<u8>,
    /// Index of its leaf.
    pub position: u64,
    /// Proof that the leaf is in the tree of the checkpoint beside it.
    pub inclusion: Vec<[u8; 32]>,
}

/// A checkpoint, and the proof that it continues the one of the size that the caller named. The
/// proof is empty when the caller named none, or one that is larger than the log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogView {
    /// The signed note.
    pub checkpoint: String,
    /// The proof.
    pub consistency: Vec<[u8; 32]>,
}

/// Statements to append, all or none, with their boxes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Append {
    /// The tenant.
    pub tenant: TenantId,
    /// Signed statements.
    pub statements: Vec<Vec<u8>>,
    /// Sealed boxes.
    pub boxes: Vec<Vec<u8>>,
    /// Size of the newest checkpoint that the caller accepted; 0 for none.
    pub log_size: u64,
    /// Salt of the commitment to a group's name that a statement binds.
    pub salt: Option<FixedBytes<32>>,
}

/// Statements that became part of their chains.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Appended {
    /// In the order of the request.
    pub entries: Vec<Entry>,
    /// The log that holds them.
    pub log: LogView,
}

/// What a device has to sign.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Challenge {
    /// Bytes that the server recognises until they expire.
    pub challenge: Vec<u8>,
    /// The present instant.
    pub time: Timestamp,
}

/// The answer to a challenge.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignIn {
    /// Who.
    pub caller: Caller,
    /// The challenge.
    pub challenge: Vec<u8>,
    /// Ed25519 signature over [`sign_in_message`](wardseal_protocol::binding::sign_in_message).
    pub signature: [u8; 64],
    /// The certificate of the day, if its key signed.
    pub certificate: Option<Vec<u8>>,
}

/// A token that dies with its device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedIn {
    /// Text for a header.
    pub token: String,
    /// Until when it is accepted.
    pub expires: Timestamp,
    /// The present instant.
    pub time: Timestamp,
}

/// A chain that is wanted, from a sequence number on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// The chain.
    pub chain: ChainId,
    /// Sequence number of the first statement that the caller lacks.
    pub from: u64,
}

/// Sessions under a session that are wanted with other chains.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WantedChildren {
    /// The session that is a recipient of them.
    pub parent: SessionId,
    /// Which of them.
    pub page: Page,
}

/// Sessions under a session, oldest first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Children {
    /// The sessions.
    pub sessions: Vec<SessionId>,
    /// What to ask the next page with, if there is one.
    pub next: Option<u64>,
}

/// A chain, from where it was wanted, and the caller's boxes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChainSlice {
    /// The chain.
    pub chain: ChainId,
    /// Its statements.
    pub entries: Vec<Entry>,
    /// Boxes that this caller can open.
    pub boxes: Vec<Vec<u8>>,
}

/// Chains in the order in which they were wanted, without those that are not for the caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fetched {
    /// The chains.
    pub chains: Vec<ChainSlice>,
    /// The log that holds them.
    pub log: LogView,
    /// The sessions under the one that was named, when one was.
    pub children: Option<Children>,
}

/// A name that was found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Found {
    /// Index of the name.
    pub name: FixedBytes<32>,
    /// To whom it is bound.
    pub holder: NamedId,
    /// Salt of the commitment.
    pub salt: FixedBytes<32>,
}

/// A page that is wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Page {
    /// Position of the last entry of the page before; absent for the first page.
    pub after: Option<u64>,
    /// How many, from 1 to 1000.
    pub limit: u32,
}

impl Page {
    /// The limit, if it is one.
    ///
    /// # Errors
    /// [`DomainError::Malformed`] for a page of none or more than 1000.
    pub(crate) fn checked_limit(&self) -> Result<usize, DomainError> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if limit == 0 || limit > limits::MAX_BATCH {
            return Err(DomainError::Malformed("a page has from 1 to 1000 entries"));
        }
        Ok(limit)
    }
}

/// A session that the caller may open.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListedSession {
    /// The session.
    pub session: SessionId,
    /// Position of its genesis.
    pub position: u64,
    /// Sequence number of its newest statement.
    pub seq: u64,
    /// Label in clear.
    pub label: Option<String>,
}

/// A group that the caller is in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ListedGroup {
    /// The group.
    pub group: GroupId,
    /// Position of its genesis.
    pub position: u64,
    /// Sequence number of its newest statement.
    pub seq: u64,
}

/// A page of a listing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed<T> {
    /// Oldest first.
    pub entries: Vec<T>,
    /// Whether there are more.
    pub more: bool,
}

/// The evaluation of a blinded password, and where to go on with it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Evaluated {
    /// Evaluated element and proof (RFC 9497).
    pub evaluation: Vec<u8>,
    /// Public key of the evaluation.
    pub oprf_key: FixedBytes<32>,
    /// Name of the record at the vault.
    pub record: FixedBytes<32>,
}
