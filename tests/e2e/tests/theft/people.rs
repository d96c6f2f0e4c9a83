//! People who use the servers, and a note of everything that their clients drew and sent.

use std::{
    collections::{BTreeMap, HashSet},
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chacha20::ChaCha20Rng;
use rand_core::{Rng as _, TryCryptoRng, TryRng};
use serde_json::Value;
use wardseal_client::{
    Transport, TransportError,
    api::{Role, tenant::DepositSharesRequest},
    crypto::{
        kem::KemSecretKey,
        secret::Secret,
        sign::{Ed25519SigningKey, HybridSigningKey},
    },
    exchange::{HttpRequest, HttpResponse},
    protocol::ring::{RingKind, Seed},
    types::{Base64Url, Timestamp, UserId},
};
use wardseal_client_http::HttpTransport;
use wardseal_tenant::{EscrowDesk, SharesInMemory};
use wardseal_testkit::seeded;

/// What clients drew, in order.
#[derive(Clone, Default)]
pub(crate) struct Drawn(Arc<Mutex<Vec<[u8; 32]>>>);

impl Drawn {
    pub(crate) fn all(&self) -> Vec<[u8; 32]> {
        lock(&self.0).clone()
    }

    /// A source of randomness that is noted.
    pub(crate) fn source(&self, seed: u64) -> Noted {
        Noted(seeded(seed), self.clone())
    }
}

pub(crate) struct Noted(ChaCha20Rng, Drawn);

impl TryRng for Noted {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(out);
        if let Ok(drawn) = <[u8; 32]>::try_from(&*out) {
            lock(&self.1.0).push(drawn);
        }
        Ok(())
    }
}

impl TryCryptoRng for Noted {}

/// Requests as clients sent them.
#[derive(Clone, Default)]
pub(crate) struct Sent(Arc<Mutex<Vec<HttpRequest>>>);

impl Sent {
    /// Bodies of the requests to this path.
    pub(crate) fn to(&self, path: &str) -> Vec<Vec<u8>> {
        let all = lock(&self.0);
        let these = all.iter().filter(|request| request.path == path);
        these.map(|request| request.body.clone()).collect()
    }

    /// A bearer token that somebody has.
    pub(crate) fn bearer(&self) -> Option<String> {
        let all = lock(&self.0);
        all.iter().rev().find_map(|request| request.bearer.clone())
    }

    /// Every 32 bytes in a row of what was sent to the key server: public keys and commitments are
    /// among them.
    pub(crate) fn published(&self) -> HashSet<[u8; 32]> {
        let mut found = HashSet::new();
        for request in lock(&self.0)
            .iter()
            .filter(|request| request.role == Role::Keys)
        {
            let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
                continue;
            };
            leaves(&body, &mut |text| {
                let bytes = Base64Url::from_text(text);
                let bytes = bytes.as_ref().map_or(&[][..], Base64Url::as_slice);
                found.extend(bytes.array_windows::<32>().copied());
            });
        }
        found
    }

    /// The private keys and seeds among these: those whose public halves or commitments were
    /// published.
    pub(crate) fn secrets<'a>(
        &self,
        drawn: impl IntoIterator<Item = &'a [u8; 32]>,
    ) -> Vec<(&'static str, [u8; 32])> {
        let published = self.published();
        let is = |bytes: &[u8]| published.contains(&bytes[..32]);
        let drawn: Vec<_> = drawn.into_iter().collect();
        let mut found = Vec::new();
        for (at, bytes) in drawn.iter().enumerate() {
            let secret = Secret::from_bytes(**bytes);
            if is(Ed25519SigningKey::from_seed(&secret).public().as_bytes()) {
                found.push(("signature key", **bytes));
                if let Some(next) = drawn.get(at + 1) {
                    let pair = HybridSigningKey::from_seeds(&secret, &Secret::from_bytes(**next));
                    assert!(is(&pair.public().to_bytes()[32..]));
                    found.push(("second signature key", **next));
                }
            } else if is(KemSecretKey::from_seed(&secret)
                .unwrap()
                .public()
                .as_bytes())
            {
                found.push(("decryption key", **bytes));
            } else if is_seed(&published, secret) {
                found.push(("seed", **bytes));
            }
        }
        found
    }
}

/// Whether this is a seed that somebody committed to.
pub(crate) fn is_seed(published: &HashSet<[u8; 32]>, secret: Secret<32>) -> bool {
    let seed = Seed::from_secret(secret);
    [RingKind::User, RingKind::Group, RingKind::Session]
        .into_iter()
        .any(|kind| published.contains(seed.commitment(kind).as_array()))
}

fn leaves(value: &Value, take: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => take(text),
        Value::Array(values) => values.iter().for_each(|value| leaves(value, take)),
        Value::Object(members) => members.values().for_each(|value| leaves(value, take)),
        _ => {}
    }
}

/// The network, and the tenant's desk behind it.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) http: HttpTransport,
    pub(crate) sent: Sent,
    pub(crate) desk: Arc<Mutex<Option<(EscrowDesk, SharesInMemory)>>>,
    pub(crate) now: Timestamp,
    pub(crate) caller: UserId,
}

impl Transport for Network {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        lock(&self.sent.0).push(request.clone());
        if request.role != Role::Tenant {
            return self.http.send(request).await;
        }
        assert!(request.path.ends_with("/deposit"), "{}", request.path);
        let asked: DepositSharesRequest = serde_json::from_slice(&request.body).unwrap();
        let mut desk = lock(&self.desk);
        let (desk, store) = desk.as_mut().unwrap();
        let answer = desk.deposit(store, &self.caller, &asked, self.now).unwrap();
        Ok(HttpResponse {
            status: 200,
            body: serde_json::to_vec(&answer).unwrap(),
        })
    }
}

pub(crate) fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Secrets by what they are.
pub(crate) type Secrets = BTreeMap<String, Vec<u8>>;
