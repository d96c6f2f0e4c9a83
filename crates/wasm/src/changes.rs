//! Hearing of changes. The waiting itself is done outside, where it holds up nothing.

use js_sys::Promise;
use wardseal_client::{WatchPosition, exchange::HttpResponse, types::ChainId};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    core::Core,
    host::status_of,
    values::{Record, bytes, list},
};

/// Where in the tenant's history somebody stands who hears of changes.
#[wasm_bindgen]
#[derive(Clone, Debug, Default)]
pub struct Heard(WatchPosition);

#[wasm_bindgen]
impl Heard {
    /// At the end of what there is.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[wasm_bindgen]
impl Core {
    /// The request that is answered when something has happened: `{path, bearer, body}`, a POST to
    /// the key server.
    ///
    /// # Errors
    /// Code `no_identity`, and those of the transport.
    #[wasm_bindgen(js_name = watchBegin, unchecked_return_type = "Promise<any>")]
    pub fn watch_begin(&self, heard: &Heard) -> Promise {
        let position = heard.0;
        self.run(move |client| async move {
            let request = client.watch_begin(position).await;
            let request = request?;
            Ok(Record::new()
                .with("path", request.path)
                .with("bearer", request.bearer)
                .with("body", bytes(&request.body))
                .into())
        })
    }

    /// Takes the answer in, and drops the keys that it puts in doubt: `{heard, changes}`, what to
    /// ask with next, and the chains that grew.
    ///
    /// # Errors
    /// What the server refuses with, and code `store`.
    #[wasm_bindgen(js_name = watchEnd, unchecked_return_type = "Promise<any>")]
    pub fn watch_end(&self, heard: &Heard, status: f64, body: Vec<u8>) -> Promise {
        let mut position = heard.0;
        self.run(move |client| async move {
            let answer = HttpResponse {
                status: status_of(status),
                body,
            };
            let chains = client.watch_end(&mut position, &answer).await;
            let changes = chains?.into_iter().filter_map(|chain| {
                let kind = match chain {
                    ChainId::Session(_) => "session",
                    ChainId::Group(_) => "group",
                    ChainId::User(_) => "user",
                    ChainId::Tenant(_) => return None,
                };
                Some(Record::new().with("kind", kind).text("id", &chain))
            });
            Ok(Record::new()
                .with("changes", list(changes))
                .with("heard", Heard(position))
                .into())
        })
    }
}
