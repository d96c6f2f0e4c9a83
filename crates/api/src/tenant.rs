//! Operations of the tenant's own server as a party of an escrow. The application serves them under
//! an address of its own and knows by itself who calls. See `spec/11-escrow.md`.

use wardseal_types::{Base64Url, FixedBytes, KeyId, PendingId, SessionId, TenantId, Timestamp};

use crate::{
    endpoint::{body, choice, endpoint},
    escrow::{ReleaseRequest, ReleasedShares, ShareRef},
};

body! {
    /// A share to keep.
    pub struct ShareDeposit {
        /// The session.
        pub session: SessionId,
        /// The epoch whose seed lies in escrow.
        pub epoch: u32,
        /// Commitment of that seed.
        pub commitment: FixedBytes<32>,
        /// The pending recipient.
        pub pending: PendingId,
        /// The terms, whose hash the pending recipient is.
        pub terms: Base64Url,
        /// The share, sealed to the tenant's escrow key.
        pub sealed: Base64Url,
    }
}

body! {
    /// Shares to keep, at most 1000.
    pub struct DepositSharesRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// The shares.
        pub items: Vec<ShareDeposit>,
    }
}

body! {
    /// The shares are kept.
    pub struct SharesDeposited {
        /// How many were not there before.
        pub stored: u32,
    }
}

endpoint! {
    /// Keeps the tenant's shares. A client does this before it appends the statements that name them; repeating it changes nothing.
    DepositShares = Post "/v1/escrow/deposit", "deposit_tenant_shares", Application, Tenant,
    (DepositSharesRequest) -> SharesDeposited,
    problems: [SignInRequired]
}

endpoint! {
    /// Releases the tenant's shares to whoever carries the name.
    ReleaseTenantShares = Post "/v1/escrow/release", "release_tenant_shares", Application, Tenant,
    (ReleaseRequest) -> ReleasedShares,
    problems: [SignInRequired]
}

choice! {
    /// Why a share is erased.
    pub enum ErasureCause {
        /// It was claimed.
        Claimed = "claimed",
        /// The grant was revoked.
        Revoked = "revoked",
        /// Its time was over.
        Expired = "expired",
        /// The session has a new seed.
        Superseded = "superseded",
    }
}

body! {
    /// Shares that are needed no more, at most 1000.
    pub struct EraseSharesRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// Why.
        pub cause: ErasureCause,
        /// The shares.
        pub items: Vec<ShareRef>,
    }
}

body! {
    /// A share that is gone.
    pub struct ErasedShare {
        /// Why.
        pub cause: ErasureCause,
        /// When.
        pub time: Timestamp,
        /// Signature over the erasure (`spec/11-escrow.md`).
        pub receipt: FixedBytes<64>,
    }
}

body! {
    /// Shares that are gone.
    pub struct ErasedShares {
        /// The token key that signed.
        pub signer: KeyId,
        /// In the order of the request; absent for a share that never was there, or that the
        /// caller may not erase.
        pub items: Vec<Option<ErasedShare>>,
    }
}

endpoint! {
    /// Erases the tenant's shares: for the sender, and for the member to whom they were released.
    EraseTenantShares = Post "/v1/escrow/erase", "erase_tenant_shares", Application, Tenant,
    (EraseSharesRequest) -> ErasedShares,
    problems: [SignInRequired]
}
