//! Operations of the vault.

use wardseal_types::{Base64Url, DeviceId, FixedBytes, TenantId, Timestamp, UserId};

use crate::endpoint::{body, endpoint};

body! {
    /// The first message of an OPAQUE registration (RFC 9807 section 5.1).
    pub struct RegisterStartRequest {
        /// Name of the record, drawn at random.
        pub record: FixedBytes<32>,
        /// Registration request.
        pub request: Base64Url,
    }
}

body! {
    /// The vault's answer.
    pub struct RegisterStarted {
        /// Registration response.
        pub response: Base64Url,
    }
}

endpoint! {
    /// Begins the registration of a password. Nothing is stored yet.
    RegisterStart = Post "/v1/vault/records/start", "register_start", Open, Vault,
    (RegisterStartRequest) -> RegisterStarted,
    problems: [TooManyAttempts, VaultNotSeparate]
}

body! {
    /// A record to keep. It is signed by a device of the user, and the chains that prove it come
    /// along: the vault knows nobody.
    pub struct StoreRecordRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// The user.
        pub user: UserId,
        /// The device that signs.
        pub device: DeviceId,
        /// Name of the record.
        pub record: FixedBytes<32>,
        /// To whom the vault may hand it out: an access of `spec/10-recovery.md`, in CBOR.
        pub access: Base64Url,
        /// The private keys, sealed under what the vault does not have.
        pub sealed: Base64Url,
        /// Statements of the tenant's chain.
        pub tenant_chain: Vec<Base64Url>,
        /// Statements of the user's chain.
        pub user_chain: Vec<Base64Url>,
        /// Ed25519 signature by the device over the record message of `spec/09-password.md`.
        pub signature: FixedBytes<64>,
    }
}

body! {
    /// The record is kept.
    pub struct RecordStored {
        /// Name of the record.
        pub record: FixedBytes<32>,
    }
}

endpoint! {
    /// Keeps a record. Repeating a request that succeeded succeeds again and changes nothing.
    StoreRecord = Post "/v1/vault/records/store", "store_record", Open, Vault,
    (StoreRecordRequest) -> RecordStored,
    problems: [RecordRefused, RegistrationClosed, TooManyAttempts, VaultNotSeparate]
}

body! {
    /// The first message of an OPAQUE login (RFC 9807 section 6.1).
    pub struct LoginStartRequest {
        /// Name of the record.
        pub record: FixedBytes<32>,
        /// KE1.
        pub ke1: Base64Url,
    }
}

body! {
    /// The vault's answer, the same in form whether the record exists or not.
    pub struct LoginStarted {
        /// Names this login for the next two minutes.
        pub login: FixedBytes<32>,
        /// KE2.
        pub ke2: Base64Url,
    }
}

endpoint! {
    /// Begins a login. Attempts are limited for each record.
    LoginStart = Post "/v1/vault/logins/start", "login_start", Open, Vault,
    (LoginStartRequest) -> LoginStarted,
    problems: [TooManyAttempts, VaultNotSeparate]
}

body! {
    /// The last message of an OPAQUE login.
    pub struct LoginFinishRequest {
        /// Which login.
        pub login: FixedBytes<32>,
        /// KE3.
        pub ke3: Base64Url,
    }
}

body! {
    /// What the record keeps.
    pub struct LoggedIn {
        /// The private keys, sealed under what only the password gives.
        pub sealed: Base64Url,
    }
}

endpoint! {
    /// Releases a record to whoever knows its password.
    LoginFinish = Post "/v1/vault/logins/finish", "login_finish", Open, Vault,
    (LoginFinishRequest) -> LoggedIn,
    problems: [LoginRefused, TooManyAttempts, VaultNotSeparate]
}

body! {
    /// What a recovery code or passkey finds its record by.
    pub struct OpenRecordRequest {
        /// The locator, which only the person can have.
        pub locator: FixedBytes<32>,
    }
}

body! {
    /// A record that was found.
    pub struct RecordOpened {
        /// Name of the record.
        pub record: FixedBytes<32>,
        /// The private keys, sealed under what the vault does not have.
        pub sealed: Base64Url,
    }
}

endpoint! {
    /// Hands out the record of a recovery code or passkey.
    OpenRecord = Post "/v1/vault/records/open", "open_record", Open, Vault,
    (OpenRecordRequest) -> RecordOpened,
    problems: [NotFound, TooManyAttempts, VaultNotSeparate]
}

body! {
    /// A client wants the vault's share of a record, by a code that is sent to its owner.
    pub struct StartCodeRequest {
        /// Token of the tenant's server for this record and this client.
        pub token: String,
        /// X-Wing public key to which the share may be released. The client draws it for this.
        pub client_key: Base64Url,
        /// Statements of the tenant's chain.
        pub tenant_chain: Vec<Base64Url>,
    }
}

body! {
    /// A code is on its way, if there is such a record. The answer is the same if not.
    pub struct CodeStarted {
        /// Names this attempt.
        pub attempt: FixedBytes<32>,
    }
}

endpoint! {
    /// Sends a code to the address that belongs to a record.
    StartCode = Post "/v1/vault/codes/start", "start_code", Open, Vault,
    (StartCodeRequest) -> CodeStarted,
    problems: [AccessRefused, AccessExpired, RecoveryLocked, RegistrationClosed, RequestRefused, TooManyAttempts, VaultNotSeparate]
}

body! {
    /// The code that was sent.
    pub struct FinishCodeRequest {
        /// Which attempt.
        pub attempt: FixedBytes<32>,
        /// Eight digits; spaces between them do no harm.
        pub code: String,
    }
}

body! {
    /// The code is right: what the record keeps, now or later.
    pub struct CodeFinished {
        /// When the share is released.
        pub ready: Timestamp,
        /// The share, if that time has come. Otherwise ask again then.
        pub release: Option<Release>,
    }
}

body! {
    /// What the vault keeps of a record that two servers hold.
    pub struct Release {
        /// The vault's share, sealed to the client's key.
        pub share: Base64Url,
        /// The private keys, sealed under both shares.
        pub sealed: Base64Url,
    }
}

endpoint! {
    /// Checks a code.
    FinishCode = Post "/v1/vault/codes/finish", "finish_code", Open, Vault,
    (FinishCodeRequest) -> CodeFinished,
    problems: [CodeRefused, CodeExpired, RecoveryLocked, TooManyAttempts, VaultNotSeparate]
}

body! {
    /// An attempt whose code was right.
    pub struct CollectCodeRequest {
        /// Which attempt.
        pub attempt: FixedBytes<32>,
    }
}

endpoint! {
    /// Hands out what a right code released, after its delay.
    CollectCode = Post "/v1/vault/codes/collect", "collect_code", Open, Vault,
    (CollectCodeRequest) -> CodeFinished,
    problems: [CodeExpired, RecoveryVetoed, TooManyAttempts, VaultNotSeparate]
}

body! {
    /// What a device wants of the vault. It is signed, and the chains that prove it come along.
    pub struct VaultRequest {
        /// The tenant.
        pub tenant: TenantId,
        /// The user.
        pub user: UserId,
        /// The device that signs.
        pub device: DeviceId,
        /// When it was signed; at most five minutes from the vault's time.
        pub time: Timestamp,
        /// Statements of the tenant's chain.
        pub tenant_chain: Vec<Base64Url>,
        /// Statements of the user's chain.
        pub user_chain: Vec<Base64Url>,
        /// What it wants: an action of `spec/10-recovery.md`, in CBOR.
        pub action: Base64Url,
        /// Ed25519 signature by the device over the request message of `spec/10-recovery.md`.
        pub signature: FixedBytes<64>,
    }
}

body! {
    /// A recovery that is under way: the code was right, and the delay is not over or the share not
    /// collected.
    pub struct PendingRecovery {
        /// Names it.
        pub attempt: FixedBytes<32>,
        /// Which record it opens.
        pub record: FixedBytes<32>,
        /// When it began.
        pub started: Timestamp,
        /// When the share is released.
        pub ready: Timestamp,
    }
}

body! {
    /// A record of the user's that the vault keeps: for a client that checks its recovery methods.
    pub struct KeptRecord {
        /// Name of the record.
        pub record: FixedBytes<32>,
        /// The number of its access: 1 password, 2 locator, 3 two-man, 4 readers.
        pub access: u64,
        /// Whether too many wrong codes were typed, so that it opens no more.
        pub locked: bool,
    }
}

body! {
    /// The vault's answer to a signed request.
    pub struct VaultAnswer {
        /// The user's recoveries that are under way, as they are after the request.
        pub pending: Vec<PendingRecovery>,
        /// The user's own records that the vault keeps, in any order, as they are after the request.
        pub kept: Vec<KeptRecord>,
        /// The record that was read.
        pub sealed: Option<Base64Url>,
    }
}

endpoint! {
    /// Lists or stops recoveries, deletes a record, or reads one as an administrator.
    AskVault = Post "/v1/vault/requests", "ask_vault", Open, Vault,
    (VaultRequest) -> VaultAnswer,
    problems: [NotFound, RegistrationClosed, RequestRefused, TooManyAttempts, VaultNotSeparate]
}

endpoint! {
    /// What the vault is, and what time it has.
    GetVault = Get "/v1/vault/server", "get_vault", Open, Vault, (()) -> crate::keys::ServerInfo
}
