//! The platform for JavaScript: bindings, no logic.

use wardseal_server_api::{Answer as Answered, Outcome, Request};
use wardseal_tenant::{
    api::Role,
    types::{Timestamp, UserId},
};
use wasm_bindgen::{JsError, prelude::wasm_bindgen};

use crate::platform::{self, KEYS, Platform as Servers, TENANT, VAULT};

/// A key server, a vault and a tenant.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Platform(Servers);

/// An answer.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Answer(Answered);

#[wasm_bindgen]
impl Answer {
    /// The status.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The value of `Content-Type`.
    #[wasm_bindgen(getter, js_name = contentType)]
    #[must_use]
    pub fn content_type(&self) -> String {
        self.0.content_type.into()
    }

    /// The value of `Retry-After`.
    #[wasm_bindgen(getter, js_name = retryAfter)]
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        self.0.retry_after
    }

    /// The body.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.0.body.clone()
    }
}

#[wasm_bindgen]
impl Platform {
    /// A platform whose clock shows `now`, in milliseconds since 1970.
    ///
    /// # Errors
    /// When a part of it does not start.
    #[wasm_bindgen(constructor)]
    pub fn new(now: u64, seed: Option<u64>) -> Result<Self, JsError> {
        Ok(Self(Servers::new(Timestamp::from_millis(now), seed)?))
    }

    /// The tenant (`ten_…`).
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn tenant(&self) -> String {
        self.0.tenant().to_string()
    }

    /// What the clock shows.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.0.now().millis()
    }

    /// Moves the clock forward.
    ///
    /// # Errors
    /// When what has expired cannot be erased.
    pub fn advance(&self, ms: u64) -> Result<(), JsError> {
        Ok(self.0.advance(ms)?)
    }

    /// Counts what was written.
    #[must_use]
    pub fn growth(&self) -> u64 {
        self.0.growth()
    }

    /// Answers a request at `origin`; `undefined` while there is nothing to say. `caller` is whom the
    /// application's server takes the caller for (`usr_…`).
    ///
    /// # Errors
    /// When no server has this address.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of a request, each of a kind that crosses the border as it is"
    )]
    pub fn answer(
        &self,
        origin: &str,
        method: &str,
        path: &str,
        authorization: Option<String>,
        content_type: Option<String>,
        body: &[u8],
        caller: Option<String>,
        last: bool,
    ) -> Result<Option<Answer>, JsError> {
        let role = match origin {
            KEYS => Role::Keys,
            VAULT => Role::Vault,
            TENANT => Role::Tenant,
            _ => return Err(JsError::new("no server of the platform has this address")),
        };
        let request = Request {
            method,
            path,
            authorization: authorization.as_deref(),
            content_type: content_type.as_deref(),
            body,
        };
        let caller: Option<UserId> = caller.and_then(|user| user.parse().ok());
        Ok(match self.0.answer(role, request, caller, last) {
            Outcome::Answered(answer) => Some(Answer(answer)),
            Outcome::Waits => None,
        })
    }

    /// Signs a name for a user or a group: JSON, as the SDK gives it.
    ///
    /// # Errors
    /// Why it is not signed.
    pub fn sign(&self, request: &str) -> Result<String, JsError> {
        Ok(self.0.sign(request)?)
    }

    /// Signs that the vault may mail a code.
    ///
    /// # Errors
    /// Why it is not signed.
    #[wasm_bindgen(js_name = signRecovery)]
    pub fn sign_recovery(&self, request: &str) -> Result<String, JsError> {
        Ok(self.0.sign_recovery(request)?)
    }

    /// The letters that came since this was asked last, in JSON.
    ///
    /// # Errors
    /// None in practice.
    pub fn letters(&self) -> Result<String, JsError> {
        Ok(serde_json::to_string(&self.0.mailbox.take())?)
    }
}

/// What a server says when it refuses with this code.
///
/// # Errors
/// When there is no such code.
#[wasm_bindgen]
pub fn problem(code: &str, retry_after: Option<u64>) -> Result<Answer, JsError> {
    platform::problem(code, retry_after)
        .map(Answer)
        .ok_or_else(|| JsError::new("there is no problem of this code: see docs/errors"))
}

/// The address of the key server.
#[wasm_bindgen(js_name = keysAddress)]
#[must_use]
pub fn keys_address() -> String {
    KEYS.into()
}

/// The address of the vault.
#[wasm_bindgen(js_name = vaultAddress)]
#[must_use]
pub fn vault_address() -> String {
    VAULT.into()
}

/// The address of the application's own server.
#[wasm_bindgen(js_name = tenantAddress)]
#[must_use]
pub fn tenant_address() -> String {
    TENANT.into()
}
