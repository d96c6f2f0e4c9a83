//! Operations of the key server.

use wardseal_types::{
    Base64Url, BoxedBytes, ChainId, DeviceId, FixedBytes, GroupId, NamedId, SessionId, TenantId,
    Timestamp, UserId,
};

use crate::{
    endpoint::{body, endpoint},
    escrow::EscrowKeyInfo,
};

body! {
    /// What a server says of itself.
    pub struct ServerInfo {
        /// Version of the software.
        pub version: String,
        /// Version of the protocol.
        pub protocol: u32,
        /// The present instant by the server's clock: what a client compares its own with.
        pub time: Timestamp,
        /// What signatures of sign-in name as their audience.
        pub audience: String,
        /// Whether this process is the key server.
        pub keys: bool,
        /// Whether this process is the vault.
        pub vault: bool,
        /// Ed25519 and ML-DSA-65 public keys that sign checkpoints; what the genesis of a tenant
        /// names. Absent where the role `keys` is not served.
        pub log_key: Option<BoxedBytes<1984>>,
        /// OPAQUE public key. Absent where the role `vault` is not served.
        pub vault_key: Option<FixedBytes<32>>,
        /// Escrow key of the key server. Absent where it takes no part in escrow.
        pub escrow_key: Option<EscrowKeyInfo>,
    }
}

endpoint! {
    /// What the server is, and what time it has.
    GetServer = Get "/v1/server", "get_server", Open, Keys, (()) -> ServerInfo
}

body! {
    /// A new tenant.
    pub struct CreateTenantRequest {
        /// Genesis of the tenant's chain (a signed statement).
        pub statement: Base64Url,
    }
}

endpoint! {
    /// Registers a tenant: its genesis becomes the first leaf of its log.
    CreateTenant = Post "/v1/tenants/create", "create_tenant", Open, Keys,
    (CreateTenantRequest) -> Appended,
    problems: [RegistrationClosed, StatementRefused]
}

body! {
    /// A statement and where it stands.
    pub struct Entry {
        /// The signed statement.
        pub statement: Base64Url,
        /// Index of its leaf in the tenant's log.
        pub position: u64,
        /// Proof that the leaf is in the tree of the checkpoint that comes with the answer
        /// (RFC 9162 section 2.1.3).
        pub inclusion: Vec<FixedBytes<32>>,
    }
}

body! {
    /// A checkpoint, and the proof that it continues the one that the caller had.
    pub struct LogView {
        /// Signed note (C2SP `tlog-checkpoint`).
        pub checkpoint: String,
        /// Proof from the size that the caller named (RFC 9162 section 2.1.4).
        pub consistency: Vec<FixedBytes<32>>,
    }
}

body! {
    /// Statements that became part of their chains.
    pub struct Appended {
        /// In the order of the request.
        pub entries: Vec<Entry>,
        /// The log after it.
        pub log: LogView,
    }
}

body! {
    /// Statements to append, all or none, in this order, with the boxes that they name.
    pub struct AppendRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// Signed statements.
        pub statements: Vec<Base64Url>,
        /// Sealed boxes.
        pub boxes: Vec<Base64Url>,
        /// Size of the newest checkpoint that the caller accepted; 0 for none.
        pub log_size: u64,
        /// Salt that opens the commitment to a group's name, when a statement binds one. The server
        /// keeps it apart and forgets it when the name must be forgotten.
        pub salt: Option<FixedBytes<32>>,
    }
}

endpoint! {
    /// Appends statements in one transaction. Repeating a request that succeeded succeeds again and changes nothing.
    Append = Post "/v1/statements/append", "append", Bearer, Keys,
    (AppendRequest) -> Appended,
    problems: [StatementRefused, StaleStatement, BoxesRefused, BindingRefused, BindingExpired, NameTaken, EscrowRefused, EscrowOff]
}

body! {
    /// A new user: genesis and binding of the name, with the salt that opens the commitment.
    pub struct SignUpRequest {
        /// Statements `user.create` and `user.bind`, and their boxes.
        pub append: AppendRequest,
        /// Salt of the commitment to the name. The server keeps it apart and forgets it when the
        /// name must be forgotten.
        pub salt: FixedBytes<32>,
    }
}

endpoint! {
    /// Registers a user whose name the tenant has bound by a token. The token is the authorisation.
    SignUp = Post "/v1/users/sign-up", "sign_up", Open, Keys,
    (SignUpRequest) -> Appended,
    problems: [StatementRefused, StaleStatement, BoxesRefused, BindingRefused, BindingExpired, NameTaken]
}

body! {
    /// Who wants to sign in.
    pub struct ChallengeRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// The user.
        pub user: UserId,
        /// The device.
        pub device: DeviceId,
    }
}

body! {
    /// What the device has to sign.
    pub struct Challenge {
        /// Random bytes that the server recognises for two minutes.
        pub challenge: Base64Url,
        /// The present instant by the server's clock.
        pub time: Timestamp,
    }
}

endpoint! {
    /// Begins a sign-in.
    GetChallenge = Post "/v1/sign-in/challenge", "get_challenge", Open, Keys,
    (ChallengeRequest) -> Challenge
}

body! {
    /// The answer to a challenge.
    pub struct SignInRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// The user.
        pub user: UserId,
        /// The device.
        pub device: DeviceId,
        /// The challenge.
        pub challenge: Base64Url,
        /// Ed25519 signature by the device, or by the key that it certified, over the sign-in
        /// message of `spec/08-sign-in.md`.
        pub signature: FixedBytes<64>,
        /// The certificate of the day, if its key signed.
        pub certificate: Option<Base64Url>,
    }
}

body! {
    /// A token that is bound to a device and dies with it.
    pub struct SignedIn {
        /// What goes into `Authorization: Bearer …`.
        pub token: String,
        /// Until when it is accepted, by the server's clock.
        pub expires: Timestamp,
        /// The present instant by the server's clock.
        pub time: Timestamp,
    }
}

endpoint! {
    /// Gives a short-lived token for a device's signature.
    SignIn = Post "/v1/sign-in", "sign_in", Open, Keys,
    (SignInRequest) -> SignedIn,
    problems: [SignInRefused, ChallengeExpired]
}

body! {
    /// A chain that is wanted, and from where.
    pub struct ChainRequest {
        /// The chain.
        pub chain: ChainId,
        /// Sequence number of the first statement that the caller lacks.
        pub from: u64,
    }
}

body! {
    /// The sessions under a session, for a fetch.
    pub struct ChildrenRequest {
        /// The session that is a recipient of them.
        pub parent: SessionId,
        /// Position of the last one of the page before; absent for the first page.
        pub after: Option<u64>,
        /// How many, at most 1000.
        pub limit: u32,
    }
}

body! {
    /// Chains that are wanted, at most 1000.
    pub struct FetchRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// The chains.
        pub chains: Vec<ChainRequest>,
        /// Size of the newest checkpoint that the caller accepted; 0 for none.
        pub log_size: u64,
        /// Sessions under a session, which come after the chains: one request for a case and its
        /// attachments. Those that stand among the chains come once, from where they were wanted.
        pub children: Option<ChildrenRequest>,
    }
}

body! {
    /// A chain, from where it was wanted, and the caller's boxes.
    pub struct ChainSlice {
        /// The chain.
        pub chain: ChainId,
        /// Its statements; empty when the caller has them all.
        pub entries: Vec<Entry>,
        /// The boxes that this caller can open: of the newest epoch, and of every epoch that no
        /// ladder link reaches.
        pub boxes: Vec<Base64Url>,
    }
}

body! {
    /// Sessions under a session that the caller may open, oldest first.
    pub struct Children {
        /// The sessions. Their chains stand in the same answer.
        pub sessions: Vec<SessionId>,
        /// What to ask the next page with, if there is one.
        pub next: Option<u64>,
    }
}

body! {
    /// Chains, in the order in which they were wanted. What does not exist, or not for this
    /// caller, is missing.
    pub struct Fetched {
        /// The chains.
        pub chains: Vec<ChainSlice>,
        /// The log that holds them.
        pub log: LogView,
        /// The sessions under the one that was named, when one was.
        pub children: Option<Children>,
    }
}

endpoint! {
    /// Fetches chains and the caller's boxes. Users and groups are open to every user of the tenant, sessions to those who have a right to them.
    Fetch = Post "/v1/chains/fetch", "fetch", Bearer, Keys, (FetchRequest) -> Fetched
}

endpoint! {
    /// Fetches chains for a server of the tenant: its own, and those of its users and groups, without boxes. Sessions are missing.
    FetchForTenant = Post "/v1/chains/fetch-for-tenant", "fetch_for_tenant", Tenant, Keys,
    (FetchRequest) -> Fetched
}

body! {
    /// The tenant whose chain is wanted.
    pub struct TenantRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// Size of the newest checkpoint that the caller accepted; 0 for none.
        pub log_size: u64,
    }
}

endpoint! {
    /// Fetches the chain of a tenant and the newest checkpoint of its log, which everybody may have.
    GetTenant = Post "/v1/tenants/get", "get_tenant", Open, Keys, (TenantRequest) -> Fetched
}

body! {
    /// Names that are looked up, at most 1000.
    pub struct LookupRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// Indexes of the names (`spec/05-names-and-tokens.md`).
        pub names: Vec<FixedBytes<32>>,
    }
}

body! {
    /// A name that was found.
    pub struct Found {
        /// Index of the name.
        pub name: FixedBytes<32>,
        /// Whom the tenant calls so, a user or a group. The caller checks the binding in the chain.
        pub holder: NamedId,
        /// Salt of the commitment in the chain.
        pub salt: FixedBytes<32>,
    }
}

body! {
    /// Names that were found; the others are missing.
    pub struct LookedUp {
        /// In the order in which they were asked.
        pub found: Vec<Found>,
    }
}

endpoint! {
    /// Finds users and groups by the names that the application gave them.
    Lookup = Post "/v1/names/lookup", "lookup", Bearer, Keys, (LookupRequest) -> LookedUp
}

body! {
    /// A page of the caller's rings.
    pub struct ListRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// Position of the last entry of the page before; absent for the first page.
        pub after: Option<u64>,
        /// How many, at most 1000.
        pub limit: u32,
        /// Only sessions of which this one is a recipient. Groups have no parent.
        pub parent: Option<SessionId>,
    }
}

body! {
    /// A session that the caller may open.
    pub struct ListedSession {
        /// The session.
        pub session: SessionId,
        /// Position of its genesis: what the next page starts after.
        pub position: u64,
        /// Sequence number of its newest statement.
        pub seq: u64,
        /// Label in clear, if the application wanted one.
        pub label: Option<String>,
    }
}

body! {
    /// Sessions, oldest first.
    pub struct ListedSessions {
        /// The page.
        pub sessions: Vec<ListedSession>,
        /// Whether there are more.
        pub more: bool,
        /// What to ask the next page with, if there is one. Of the sessions under a session, those
        /// that are not for the caller are left out, so it need not be the last position here.
        pub next: Option<u64>,
    }
}

endpoint! {
    /// Lists the sessions that the caller may open.
    ListSessions = Post "/v1/sessions/list", "list_sessions", Bearer, Keys, (ListRequest) -> ListedSessions
}

body! {
    /// A group of which the caller is a member.
    pub struct ListedGroup {
        /// The group.
        pub group: GroupId,
        /// Position of its genesis.
        pub position: u64,
        /// Sequence number of its newest statement.
        pub seq: u64,
    }
}

body! {
    /// Groups, oldest first.
    pub struct ListedGroups {
        /// The page.
        pub groups: Vec<ListedGroup>,
        /// Whether there are more.
        pub more: bool,
    }
}

endpoint! {
    /// Lists the groups of which the caller is a member, through other groups or directly.
    ListGroups = Post "/v1/groups/list", "list_groups", Bearer, Keys, (ListRequest) -> ListedGroups
}

body! {
    /// A blinded password, to be evaluated for a new record.
    pub struct EvaluateNewRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// Name of the record at the vault, drawn at random.
        pub record: FixedBytes<32>,
        /// RFC 9497 blinded element.
        pub blinded: Base64Url,
    }
}

body! {
    /// A blinded password, to be evaluated for the live record of a name.
    pub struct EvaluateRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// Index of the name.
        pub name: FixedBytes<32>,
        /// RFC 9497 blinded element.
        pub blinded: Base64Url,
    }
}

body! {
    /// The evaluation, and where to go on with it.
    pub struct Evaluated {
        /// RFC 9497 evaluated element and proof.
        pub evaluation: Base64Url,
        /// Public key of the evaluation; the user's chain names it.
        pub oprf_key: FixedBytes<32>,
        /// Name of the record at the vault. For a name that does not exist it is one that does
        /// not exist either.
        pub record: FixedBytes<32>,
    }
}

endpoint! {
    /// Evaluates a blinded password for a record that is being made.
    EvaluateNew = Post "/v1/passwords/evaluate-new", "evaluate_new", Bearer, Keys,
    (EvaluateNewRequest) -> Evaluated,
    problems: [TooManyAttempts]
}

endpoint! {
    /// Evaluates a blinded password for the live record of a name. Attempts are limited for each name.
    Evaluate = Post "/v1/passwords/evaluate", "evaluate", Open, Keys,
    (EvaluateRequest) -> Evaluated,
    problems: [TooManyAttempts]
}

body! {
    /// What a client that stays connected asks again and again.
    pub struct WatchRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// Number of leaves of the log whose news the caller has; absent to begin now.
        pub since: Option<u64>,
        /// Number of releases and expiries in escrow whose news the caller has; absent to begin now.
        pub escrow: Option<u64>,
    }
}

body! {
    /// A chain that grew, or a session of which a share was released or has expired.
    pub struct Change {
        /// The chain.
        pub chain: ChainId,
        /// Sequence number of the statement; of the newest one where no statement tells it.
        pub seq: u64,
    }
}

body! {
    /// What happened, oldest first. A session stands here for those who had a right to it before
    /// the change or have one now: so a client learns that it was shut out.
    pub struct Changes {
        /// Statements of users, groups and sessions, at most 1000.
        pub changes: Vec<Change>,
        /// What to ask next with, as `since`.
        pub next: u64,
        /// What to ask next with, as `escrow`.
        pub next_escrow: u64,
    }
}

endpoint! {
    /// Waits until something happens that concerns the caller, for 25 seconds at most, and says what. Nothing that happened between two requests is lost.
    Watch = Post "/v1/changes/watch", "watch", Bearer, Keys, (WatchRequest) -> Changes
}
