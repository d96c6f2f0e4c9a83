//! What the host lends: a way to send requests, a place for records, the time, randomness.

use std::cell::RefCell;

use js_sys::{Array, Reflect, Uint8Array};
use rand_core::{CryptoRng, UnwrapErr};
use wardseal_client::{
    Batch, StateStore, StoreError, Transport, TransportError,
    api::{Method, Role},
    exchange::{HttpRequest, HttpResponse},
    types::{Clock, SortedMap, Timestamp},
};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    /// The JavaScript side.
    #[derive(Clone, Debug)]
    pub type Host;

    /// Sends a request; gives `{status, body}` or throws `{kind, server}`.
    #[wasm_bindgen(method, catch)]
    async fn send(
        this: &Host,
        method: &str,
        role: &str,
        path: &str,
        bearer: Option<String>,
        body: Vec<u8>,
    ) -> Result<JsValue, JsValue>;

    /// The record under a key, or `undefined`.
    #[wasm_bindgen(method, catch)]
    async fn get(this: &Host, key: &str) -> Result<JsValue, JsValue>;

    /// All keys that begin with a prefix, ascending.
    #[wasm_bindgen(method, catch)]
    async fn keys(this: &Host, prefix: &str) -> Result<JsValue, JsValue>;

    /// Makes all changes or none: `puts` are pairs of key and bytes.
    #[wasm_bindgen(method, catch)]
    async fn commit(this: &Host, puts: Array, deletes: Array) -> Result<(), JsValue>;

    /// The time in milliseconds since 1970.
    #[wasm_bindgen(method)]
    fn now(this: &Host) -> f64;
}

fn field(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &name.into()).unwrap_or_default()
}

impl Transport for Host {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        let role = match request.role {
            Role::Keys => "keys",
            Role::Vault => "vault",
            Role::Tenant => "tenant",
        };
        let answer = Self::send(
            self,
            method,
            role,
            request.path,
            request.bearer,
            request.body,
        )
        .await
        .map_err(|error| refused(&error, request.role))?;
        let status = field(&answer, "status").as_f64().unwrap_or_default();
        let body = field(&answer, "body");
        Ok(HttpResponse {
            status: status_of(status),
            body: bytes(&body).unwrap_or_default(),
        })
    }
}

/// A status is a whole number below 1000; anything else is no answer of this API.
pub(crate) fn status_of(status: f64) -> u16 {
    (100..1000)
        .find(|known| f64::from(*known) == status)
        .unwrap_or_default()
}

fn refused(error: &JsValue, role: Role) -> TransportError {
    let server = field(error, "server").as_string().unwrap_or_default();
    match field(error, "kind").as_string().as_deref() {
        Some("timeout") => TransportError::Timeout { server },
        Some("interrupted") => TransportError::Interrupted { server },
        Some("too_large") => TransportError::TooLarge { server },
        Some("not_configured") => TransportError::NotConfigured(match role {
            Role::Keys => "key server",
            Role::Vault => "vault",
            Role::Tenant => "server of the application",
        }),
        _ => TransportError::Unreachable { server },
    }
}

fn bytes(value: &JsValue) -> Option<Vec<u8>> {
    value.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec)
}

impl StateStore for Host {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let found = Self::get(self, key).await.map_err(failed)?;
        if found.is_undefined() || found.is_null() {
            return Ok(None);
        }
        bytes(&found)
            .map(Some)
            .ok_or_else(|| StoreError("a record is a Uint8Array".into()))
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let found = Self::keys(self, prefix).await.map_err(failed)?;
        Array::from(&found)
            .iter()
            .map(|key| {
                key.as_string()
                    .ok_or_else(|| StoreError("a key is a string".into()))
            })
            .collect()
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let puts = Array::new();
        for (key, record) in &batch.puts {
            let record = Uint8Array::from(record.as_slice());
            puts.push(&Array::of2(&key.into(), &record).into());
        }
        let deletes = Array::new();
        for key in &batch.deletes {
            deletes.push(&key.into());
        }
        Self::commit(self, puts, deletes).await.map_err(failed)
    }
}

fn failed(error: JsValue) -> StoreError {
    let message = error
        .as_string()
        .or_else(|| field(&error, "message").as_string());
    StoreError(message.unwrap_or_default())
}

thread_local! {
    /// The hosts of the clients of this page, for their clocks: a clock may be asked from any
    /// thread, and a host lives on this one.
    static HOSTS: RefCell<SortedMap<u32, Host>> = RefCell::default();
}

/// The host's clock.
#[derive(Debug)]
pub(crate) struct HostClock(u32);

impl HostClock {
    pub(crate) fn new(host: Host) -> Self {
        HOSTS.with_borrow_mut(|hosts| {
            let next = hosts.iter().map(|(id, _)| id.wrapping_add(1)).max();
            let id = next.unwrap_or_default();
            hosts.insert(id, host);
            Self(id)
        })
    }
}

impl Drop for HostClock {
    fn drop(&mut self) {
        HOSTS.with_borrow_mut(|hosts| hosts.remove(&self.0));
    }
}

impl Clock for HostClock {
    #[expect(
        clippy::as_conversions,
        reason = "a double becomes the nearest whole number of milliseconds"
    )]
    fn now(&self) -> Timestamp {
        let millis = HOSTS.with_borrow(|hosts| hosts.get(&self.0).map(Host::now));
        Timestamp::from_millis(millis.unwrap_or_default() as u64)
    }
}

/// The engine's source of randomness.
pub(crate) fn system_rng() -> Box<dyn CryptoRng + Send> {
    Box::new(UnwrapErr(getrandom::SysRng))
}
