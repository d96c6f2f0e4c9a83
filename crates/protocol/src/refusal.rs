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
    /// Its position in the log is not after that of the statement before it, or within what the
    /// author had seen of the log when he made it.
    #[error("the log has the statement before what it follows: the server contradicts itself")]
    OutOfOrder,
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
    /// Members are not listed in ascending order: one meaning has one encoding.
    #[error("members are not listed in ascending order")]
    NotAscending,
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
    /// The token does not bind this name to this user or group.
    #[error("the token does not bind this name to this user or group")]
    BadBinding,
    /// A recovery method with numbers outside their limits.
    #[error("the recovery method asks for what its kind does not allow")]
    BadMethod,
    /// A certificate that does not cover the statement: of another time or tenant, too long, or by
    /// a device that may not give one.
    #[error("the certificate does not cover the statement: unlock again")]
    BadCertificate,
    /// The same key twice, or a tenant without a key that it needs.
    #[error("the tenant's keys would be inconsistent")]
    BadTenantKeys,
    /// The group was dissolved, or the session has ended.
    #[error("the group was dissolved, or the session has ended")]
    Dissolved,
    /// The claimant does not carry the name for which something lies in escrow.
    #[error("{0} does not carry the name for which this lies in escrow")]
    NotNamed(MemberId),
    /// A receipt of an escrow is missing, of another escrow, or does not verify.
    #[error(
        "a receipt of the escrow is missing or does not verify: have the shares released again"
    )]
    BadReceipt,
    /// What lay in escrow has expired.
    #[error("the time of the escrow is over: the sender has to grant it again")]
    EscrowExpired,
    /// An encrypted name or label is too long, or not under the newest epoch.
    #[error("the name is too long, or not sealed under the newest epoch")]
    BadName,
}

impl Refusal {
    /// The stable name of this refusal: in test vectors, in the problems of the API and in the
    /// documentation. A name is never reused for something else.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Decode(DecodeError::TooLarge) => "decode_too_large",
            Self::Decode(DecodeError::Malformed) => "decode_malformed",
            Self::Decode(DecodeError::NotCanonical) => "decode_not_canonical",
            Self::WrongTenant => "wrong_tenant",
            Self::WrongChain => "wrong_chain",
            Self::StaleParent => "stale_parent",
            Self::OutOfOrder => "out_of_order",
            Self::BadSignature => "bad_signature",
            Self::UnknownAuthor(_) => "unknown_author",
            Self::UnknownGroup(_) => "unknown_group",
            Self::UnknownSession(_) => "unknown_session",
            Self::NotADevice => "not_a_device",
            Self::NotAuthorised => "not_authorised",
            Self::AlreadyMember(_) => "already_member",
            Self::NotAMember(_) => "not_a_member",
            Self::NotAscending => "not_ascending",
            Self::WrongMember(_) => "wrong_member",
            Self::TooLarge => "too_large",
            Self::Cycle => "cycle",
            Self::NoAdministrator => "no_administrator",
            Self::Empty => "empty",
            Self::AuthorLeaves => "author_leaves",
            Self::BadEpoch => "bad_epoch",
            Self::BoxesDoNotMatch => "boxes_do_not_match",
            Self::StaleRecipient(_) => "stale_recipient",
            Self::BadCause => "bad_cause",
            Self::BadKey => "bad_key",
            Self::BadBinding => "bad_binding",
            Self::BadMethod => "bad_method",
            Self::BadCertificate => "bad_certificate",
            Self::BadTenantKeys => "bad_tenant_keys",
            Self::Dissolved => "dissolved",
            Self::NotNamed(_) => "not_named",
            Self::BadReceipt => "bad_receipt",
            Self::EscrowExpired => "escrow_expired",
            Self::BadName => "bad_name",
        }
    }
}
