//! Recipients who have no keys yet: what is granted to them lies in escrow until they claim it.
//! See `spec/11-escrow.md`.

mod claim;
mod send;

use wardseal_client_core::{
    protocol::{
        escrow::{Code, Contact, Policy},
        op::Rights,
    },
    types::{FixedBytes, GroupId, PendingId, SessionId, Timestamp},
};

/// A grant to somebody who has no keys yet.
#[derive(Clone, Debug)]
pub struct PendingGrant {
    /// The name by which the application will call him.
    pub name: String,
    /// What he must show.
    pub policy: Policy,
    /// What he may do: read, or read and share.
    pub rights: Rights,
    /// Until when it waits.
    pub expires: Timestamp,
    /// The group in whose name it is granted, which he is shown.
    pub group: Option<GroupId>,
    /// Where the key server sends a code (policy `verified`).
    pub address: Option<String>,
    /// The code (policy `code`); absent to draw one.
    pub code: Option<Code>,
    /// Language of the message with the code: two letters.
    pub language: Option<String>,
}

/// Somebody is awaited now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PendingGranted {
    /// The pending recipient.
    pub pending: PendingId,
    /// The code to tell him, under the policy `code`.
    pub code: Option<Code>,
}

/// Somebody who is awaited in a session, as its members know him.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AwaitedRecipient {
    /// The pending recipient.
    pub pending: PendingId,
    /// What he must show.
    pub policy: Policy,
    /// What he may do.
    pub rights: Rights,
    /// Until when it waits.
    pub expires: Timestamp,
    /// How he is reached, and the code to tell him.
    pub contact: Contact,
}

/// Something that waits to be claimed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PendingSession {
    /// The session.
    pub session: SessionId,
    /// The pending recipient.
    pub pending: PendingId,
    /// What must be shown.
    pub policy: Policy,
    /// Who granted it, as he says. The session's chain says who did.
    pub sender: wardseal_client_core::types::UserId,
    /// In whose name, as he says.
    pub group: Option<GroupId>,
    /// Until when it waits.
    pub expires: Timestamp,
    /// Where the code goes, as far as it may be shown, while it was not entered yet.
    pub hint: Option<String>,
}

/// A code that was sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EscrowCode {
    /// Names the attempt.
    pub attempt: FixedBytes<32>,
    /// Where it went, as far as it may be shown.
    pub hint: String,
    /// Until when it is taken, by the server's clock.
    pub expires: Timestamp,
}

/// Why something was not claimed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotClaimed {
    /// The code that the key server sends was not entered yet.
    CodeRequired,
    /// The sender's code was not given.
    SenderCodeRequired,
    /// The sender's code is wrong, or the deposit is.
    WrongCode,
    /// Only a member of the session lets in, who has compared the number.
    Confirmation,
    /// Its time is over.
    Expired,
    /// A party does not see that the member carries the name.
    NotNamed,
    /// It is gone: claimed, revoked or replaced meanwhile.
    Gone,
    /// What the parties gave does not open it, or their receipts do not verify.
    Damaged,
}

/// Something that still waits, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unclaimed {
    /// What waits.
    pub waiting: PendingSession,
    /// Why.
    pub why: NotClaimed,
}

/// What came of claiming.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClaimReport {
    /// These sessions open now.
    pub claimed: Vec<SessionId>,
    /// These do not yet.
    pub left: Vec<Unclaimed>,
}
