//! Operations of the key server as a party of an escrow. See `spec/11-escrow.md`.

use wardseal_types::{
    Base64Url, BoxedBytes, FixedBytes, KeyId, MemberId, PendingId, SessionId, TenantId, Timestamp,
};

use crate::endpoint::{body, choice, endpoint};

body! {
    /// The key to which the key server's share is sealed.
    pub struct EscrowKeyInfo {
        /// X-Wing public key.
        pub key: BoxedBytes<1216>,
        /// Signature by the log key over the key message of `spec/11-escrow.md`.
        pub signature: BoxedBytes<3373>,
    }
}

body! {
    /// For whom something may lie in escrow.
    pub struct PendingRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// The caller, or a group in which he is.
        pub member: MemberId,
        /// Position of the last entry of the page before; absent for the first page.
        pub after: Option<u64>,
        /// How many, at most 1000.
        pub limit: u32,
    }
}

body! {
    /// Something that lies in escrow for a name of the member.
    pub struct PendingDeposit {
        /// Position of the statement that granted it: what the next page starts after.
        pub position: u64,
        /// The session.
        pub session: SessionId,
        /// The box of the pending recipient: the deposit of the newest epoch.
        pub deposit: Base64Url,
        /// Where the code goes, as far as it may be shown: `i…@clinic.example`. Only where the
        /// policy wants a code by mail that was not entered yet.
        pub hint: Option<String>,
    }
}

body! {
    /// Deposits, oldest grant first.
    pub struct PendingDeposits {
        /// The page.
        pub deposits: Vec<PendingDeposit>,
        /// Whether there are more.
        pub more: bool,
    }
}

endpoint! {
    /// Lists what lies in escrow for the names of the caller or of a group in which he is.
    ListPending = Post "/v1/escrow/pending", "list_pending", Bearer, Keys,
    (PendingRequest) -> PendingDeposits,
    problems: [NotFound, EscrowOff]
}

body! {
    /// The code of a deposit is wanted.
    pub struct StartEscrowCodeRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// Who claims.
        pub member: MemberId,
        /// Which deposit. The code counts for every deposit of this member that has the same
        /// address.
        pub pending: PendingId,
    }
}

body! {
    /// A code is on its way.
    pub struct EscrowCodeStarted {
        /// Names the attempt.
        pub attempt: FixedBytes<32>,
        /// Where it went, as far as it may be shown.
        pub hint: String,
        /// Until when it is taken, by the server's clock.
        pub expires: Timestamp,
    }
}

endpoint! {
    /// Sends a code to the address of a deposit. Codes are limited for each address, tenant and server.
    StartEscrowCode = Post "/v1/escrow/code/start", "start_escrow_code", Bearer, Keys,
    (StartEscrowCodeRequest) -> EscrowCodeStarted,
    problems: [TooManyAttempts, NotFound, EscrowOff, EscrowRefused]
}

body! {
    /// The code that was received.
    pub struct FinishEscrowCodeRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// The attempt.
        pub attempt: FixedBytes<32>,
        /// Eight digits.
        pub code: String,
    }
}

body! {
    /// The code was right.
    pub struct EscrowCodeFinished {
        /// For how many deposits it counts.
        pub verified: u32,
    }
}

endpoint! {
    /// Enters a code. The shares of its deposits are released afterwards.
    FinishEscrowCode = Post "/v1/escrow/code/finish", "finish_escrow_code", Bearer, Keys,
    (FinishEscrowCodeRequest) -> EscrowCodeFinished,
    problems: [TooManyAttempts, NotFound, CodeRefused, CodeExpired, EscrowOff, EscrowRefused]
}

body! {
    /// Names one party's share.
    pub struct ShareRef {
        /// The session.
        pub session: SessionId,
        /// Its newest epoch.
        pub epoch: u32,
        /// Commitment of that epoch's seed.
        pub commitment: FixedBytes<32>,
        /// The pending recipient.
        pub pending: PendingId,
    }
}

body! {
    /// Shares to release, at most 1000.
    pub struct ReleaseRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// Who claims: the caller, or a group in which he is.
        pub member: MemberId,
        /// Which shares.
        pub items: Vec<ShareRef>,
    }
}

choice! {
    /// Why a share is not released.
    pub enum ShareRefusal {
        /// There is no such share, or it was erased: fetch the session and list again.
        Unknown = "unknown",
        /// Its time is over.
        Expired = "expired",
        /// The claimant does not carry the name.
        NotNamed = "not_named",
        /// The code of the deposit was not entered yet.
        CodeRequired = "code_required",
        /// The policy leaves it to the members of the session.
        NeverReleased = "never_released",
        /// Another has claimed it.
        Taken = "taken",
    }
}

body! {
    /// A share, or why it is not released: exactly one of `share` with `receipt`, and `refused`.
    pub struct ReleasedShare {
        /// The share, sealed to the newest key of the member's ring.
        pub share: Option<Base64Url>,
        /// Signature over the receipt (`spec/11-escrow.md`).
        pub receipt: Option<FixedBytes<64>>,
        /// Why not.
        pub refused: Option<ShareRefusal>,
    }
}

body! {
    /// Shares, in the order in which they were asked for.
    pub struct ReleasedShares {
        /// The epoch of the member's ring to whose key the shares are sealed.
        pub member_epoch: u32,
        /// The token key that signed the receipts; absent where the key server signed.
        pub signer: Option<KeyId>,
        /// The shares.
        pub items: Vec<ReleasedShare>,
    }
}

endpoint! {
    /// Releases the key server's shares to whoever carries the name and has met the policy. Repeating a request gives the same shares while they are there.
    ReleaseShares = Post "/v1/escrow/release", "release_shares", Bearer, Keys,
    (ReleaseRequest) -> ReleasedShares,
    problems: [NotFound, EscrowOff]
}

choice! {
    /// What has become of a deposit.
    pub enum EscrowState {
        /// It waits.
        Deposited = "deposited",
        /// The share was released, and not claimed yet.
        Released = "released",
        /// It was claimed, and the share erased.
        Claimed = "claimed",
        /// It was revoked, and the share erased.
        Revoked = "revoked",
        /// Its time was over, and the share erased.
        Expired = "expired",
    }
}

body! {
    /// A deposit and what has become of it.
    pub struct EscrowStatus {
        /// The session.
        pub session: SessionId,
        /// The pending recipient.
        pub pending: PendingId,
        /// What has become of it.
        pub state: EscrowState,
        /// Since when.
        pub since: Timestamp,
        /// To whom it was released, or who claimed it.
        pub member: Option<MemberId>,
        /// Signature over the erasure (`spec/11-escrow.md`), with `since` as its time and
        /// `commitment` as its seed.
        pub erasure: Option<FixedBytes<64>>,
        /// Commitment of the newest seed that was deposited.
        pub commitment: FixedBytes<32>,
    }
}

body! {
    /// Sessions whose deposits are asked for, at most 1000.
    pub struct EscrowStatusRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// The sessions.
        pub sessions: Vec<SessionId>,
    }
}

body! {
    /// Deposits of the sessions to which the caller has a right.
    pub struct EscrowStatuses {
        /// By session and pending recipient.
        pub deposits: Vec<EscrowStatus>,
    }
}

endpoint! {
    /// Says what has become of deposits, to those who may open their sessions.
    GetEscrowStatus = Post "/v1/escrow/status", "get_escrow_status", Bearer, Keys,
    (EscrowStatusRequest) -> EscrowStatuses,
    problems: [NotFound]
}
