//! Operations of the vault.

use wardseal_types::{Base64Url, DeviceId, FixedBytes, TenantId, UserId};

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
        /// OPAQUE registration upload.
        pub upload: Base64Url,
        /// The private keys, sealed under what only the password gives.
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

endpoint! {
    /// What the vault is, and what time it has.
    GetVault = Get "/v1/vault/server", "get_vault", Open, Vault, (()) -> crate::keys::ServerInfo
}
