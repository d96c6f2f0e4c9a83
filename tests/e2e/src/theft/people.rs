//! A note of everything that clients drew and sent.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a broken fixture must stop the test where it broke"
)]

use std::{
    collections::HashSet,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chacha20::ChaCha20Rng;
use rand_core::{Rng as _, TryCryptoRng, TryRng};
use serde_json::Value;
use wardseal_client::{
    Transport, TransportError,
    api::{
        Endpoint as _, Role,
        keys::{Append, AppendRequest},
        vault::{StoreRecord, StoreRecordRequest},
    },
    crypto::{
        kem::KemSecretKey,
        secret::Secret,
        sign::{Ed25519SigningKey, HybridSigningKey},
    },
    exchange::{HttpRequest, HttpResponse},
    protocol::{
        escrow::{Deposit, Place},
        ring::{RingKind, SealedBox, Seed},
    },
    types::{Base64Url, TenantId},
};
use wardseal_testkit::seeded;

use super::Secrets;

/// What clients drew, in order.
#[derive(Clone, Debug, Default)]
pub struct Drawn(Arc<Mutex<Vec<[u8; 32]>>>);

impl Drawn {
    /// All of it.
    #[must_use]
    pub fn all(&self) -> Vec<[u8; 32]> {
        lock(&self.0).clone()
    }

    /// A source of randomness that is noted.
    #[must_use]
    pub fn source(&self, seed: u64) -> Noted {
        Noted(seeded(seed), self.clone())
    }
}

/// A source of randomness; what it gives in pieces of 32 bytes is noted.
#[derive(Debug)]
pub struct Noted(ChaCha20Rng, Drawn);

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
#[derive(Clone, Debug, Default)]
pub struct Sent(Arc<Mutex<Vec<HttpRequest>>>);

impl Sent {
    /// Notes one.
    pub fn note(&self, request: &HttpRequest) {
        lock(&self.0).push(request.clone());
    }

    /// Paths of the requests to a server.
    #[must_use]
    pub fn paths(&self, role: Role) -> Vec<&'static str> {
        let all = lock(&self.0);
        let these = all.iter().filter(|request| request.role == role);
        these.map(|request| request.path).collect()
    }

    /// Records, as the vault keeps them.
    ///
    /// # Panics
    /// When a request is none.
    #[must_use]
    pub fn records(&self) -> Vec<StoreRecordRequest> {
        let bodies = self.to(StoreRecord::PATH);
        let read = |body: &Vec<u8>| serde_json::from_slice(body).unwrap();
        bodies.iter().map(read).collect()
    }

    /// Deposits, as the key server keeps them.
    ///
    /// # Panics
    /// When a box is none.
    #[must_use]
    pub fn deposits(&self, tenant: TenantId) -> Vec<(Place, Deposit)> {
        let bodies = self.to(Append::PATH);
        let requests = bodies
            .iter()
            .map(|body| serde_json::from_slice::<AppendRequest>(body).unwrap());
        let boxes = requests.flat_map(|request| request.boxes);
        boxes
            .filter_map(|sealed| {
                let sealed = SealedBox::decode(sealed.as_slice()).unwrap();
                let found = sealed.deposit(tenant);
                found.map(|(place, deposit)| (place, deposit.clone()))
            })
            .collect()
    }

    /// Bodies of the requests to this path.
    #[must_use]
    pub fn to(&self, path: &str) -> Vec<Vec<u8>> {
        let all = lock(&self.0);
        let these = all.iter().filter(|request| request.path == path);
        these.map(|request| request.body.clone()).collect()
    }

    /// A bearer token that somebody has.
    #[must_use]
    pub fn bearer(&self) -> Option<String> {
        let all = lock(&self.0);
        all.iter().rev().find_map(|request| request.bearer.clone())
    }

    /// Every 32 bytes in a row of what was sent to the key server: public keys and commitments are
    /// among them.
    #[must_use]
    pub fn published(&self) -> HashSet<[u8; 32]> {
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
    ///
    /// # Panics
    /// When somebody published half of a pair.
    pub fn secrets<'a>(
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
#[must_use]
pub fn is_seed(published: &HashSet<[u8; 32]>, secret: Secret<32>) -> bool {
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

/// A transport that notes what goes through it.
#[derive(Clone, Debug)]
pub struct Noting<T> {
    inner: T,
    sent: Sent,
}

impl<T: Transport + Sync> Transport for Noting<T> {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.sent.note(&request);
        self.inner.send(request).await
    }
}

/// What clients drew and what they sent.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// What they drew.
    pub drawn: Drawn,
    /// What they sent.
    pub sent: Sent,
}

impl Notes {
    /// This transport, noted.
    pub fn transport<T>(&self, inner: T) -> Noting<T> {
        let sent = self.sent.clone();
        Noting { inner, sent }
    }

    /// The private keys and seeds that clients drew, by what they are.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        let found = self.sent.secrets(&self.drawn.all());
        let named = found.into_iter().enumerate();
        named
            .map(|(number, (what, bytes))| (format!("{what} {number}"), bytes.to_vec()))
            .collect()
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
