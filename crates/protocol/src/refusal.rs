//! Why a statement does not become part of a chain. Server and client answer alike.

use wardseal_types::{GroupId, MemberId, SessionId, UserId};

use crate::cbor::DecodeError;

/// Why a statement does not become part of a chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The bytes are no statement.
    #[error("not a statement: {0}")]
    Decode(#[from] DecodeError),
    /// It belongs to another tenant.
    #[error("the statement belongs to another tenant")]
    WrongTenant,
    /// It belongs to another chain.
    #[error("the statement belongs to another chain")]
    WrongChain,
    /// It does not follow the present head: somebody else was faster, or it is a replay.
    #[error("the statement does not follow the head of its chain: fetch the chain and try again")]
    StaleParent,
    /// The signature does not verify, or is weaker than the chain demands.
    #[error("the signature of the statement does not verify")]
    BadSignature,
    /// The chain of the author is not known here.
    #[error("the author {0} is not known")]
    UnknownAuthor(UserId),
    /// The chain of a group through which the author claims a right is not known here.
    #[error("the group {0} is not known")]
    UnknownGroup(GroupId),
    /// The chain of a session through which the author claims a right is not known here.
    #[error("the session {0} is not known")]
    UnknownSession(SessionId),
    /// The device that signed is not, or no longer, a device of the author.
    #[error("the signing device is not a device of the author, or was revoked")]
    NotADevice,
    /// The author may not say this.
    #[error("the author has no right to do this")]
    NotAuthorised,
    /// A key or member is there already.
    #[error("{0} is a member already")]
    AlreadyMember(MemberId),
    /// A member is not there.
    #[error("{0} is not a member")]
    NotAMember(MemberId),
    /// A member of a kind that this ring cannot have.
    #[error("{0} cannot be a member of this ring")]
    WrongMember(MemberId),
    /// The ring would have more members, or deeper nesting, than allowed.
    #[error("the ring would have too many members, or be nested too deeply")]
    TooLarge,
    /// A group or session would contain itself.
    #[error("the ring would contain itself")]
    Cycle,
    /// Nobody could administer the ring any more.
    #[error("the last administrator cannot leave: name another first")]
    NoAdministrator,
    /// Nobody would be left in the ring.
    #[error("the ring would have no members")]
    Empty,
    /// The author would be outside the epoch whose seed he drew.
    #[error("an author cannot remove himself: another administrator must")]
    AuthorLeaves,
    /// The new epoch is not the next one, repeats a seed, or lacks a field that it must have.
    #[error("the declared epoch is not a valid successor of the present one")]
    BadEpoch,
    /// The boxes listed are not exactly those of the resulting members.
    #[error("the boxes do not match the members of the ring")]
    BoxesDoNotMatch,
    /// A box is for a key of its member that is not the newest.
    #[error("the key of {0} has changed: fetch its chain and try again")]
    StaleRecipient(MemberId),
    /// A loss is named that the ring has answered already, or that never happened.
    #[error("the rotation answers a loss that did not happen, or was answered before")]
    BadCause,
    /// A key that its holder did not prove to hold, or that is no key.
    #[error("a public key is invalid or its possession is not proven")]
    BadKey,
    /// The token does not bind this name to this user.
    #[error("the token does not bind this name to this user")]
    BadBinding,
    /// The same key twice, or a tenant without a key that it needs.
    #[error("the tenant's keys would be inconsistent")]
    BadTenantKeys,
    /// The group was dissolved.
    #[error("the group was dissolved")]
    Dissolved,
    /// An encrypted name or label is too long, or under an epoch that does not exist.
    #[error("the name is too long, or sealed under an epoch that does not exist")]
    BadName,
}
