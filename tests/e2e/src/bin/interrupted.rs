//! A client that stops at its n-th step and waits to be killed: before and after each request, and
//! before and after each change of its records. `tests/killed.rs` runs it.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "only a test runs this program, and reads what it prints"
)]

use std::{
    io::Write as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use wardseal_client::{
    Batch, Client, Config, StateStore, StoreError, Transport, TransportError,
    exchange::{HttpRequest, HttpResponse},
};
use wardseal_client_http::HttpTransport;
use wardseal_client_password::{recover_by_code, set_password};
use wardseal_client_sqlite::{SqliteStore, open_folder};
use wardseal_testkit::seeded;
use wardseal_types::{ManualClock, Timestamp};

/// Counts the steps of both, and stops at one of them.
#[derive(Clone)]
struct Steps {
    left: Arc<AtomicU64>,
}

impl Steps {
    async fn step(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            say("here");
            // Whoever runs this kills it now.
            core::future::pending::<()>().await;
        }
    }
}

struct Stopping<T>(T, Steps);

impl Transport for Stopping<HttpTransport> {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.1.step().await;
        let answer = self.0.send(request).await;
        self.1.step().await;
        answer
    }
}

impl StateStore for Stopping<SqliteStore> {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key).await
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.0.keys(prefix).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.1.step().await;
        let done = self.0.commit(batch).await;
        self.1.step().await;
        done
    }
}

fn say(word: &str) {
    println!("{word}");
    std::io::stdout().flush().expect("somebody reads");
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [keys, vault, tenant, folder, now, seed, stop, rest @ ..] = arguments.as_slice() else {
        return say("keys, vault, tenant, folder, now, seed, step, what");
    };
    let number = |text: &str| text.parse::<u64>().expect("a number");
    let steps = Steps {
        left: Arc::new(AtomicU64::new(number(stop))),
    };
    let transport = HttpTransport::new(
        Some(keys.parse().expect("an address")),
        Some(vault.parse().expect("an address")),
    )
    .expect("TLS works");
    let (store, key) = open_folder(Path::new(folder), &mut seeded(number(seed))).expect("a folder");
    let client = Client::open(
        Config::new(tenant.parse().expect("a tenant")),
        Stopping(transport, steps.clone()),
        Stopping(store, steps),
        key,
        Arc::new(ManualClock::new(Timestamp::from_millis(number(now)))),
        Box::new(seeded(number(seed) + 1)),
    )
    .await
    .expect("records that open");
    let rng = seeded(number(seed) + 2);
    let done = match rest {
        [what, password] if what == "change" => set_password(&client, password, &[], rng).await,
        [what, name, code, password] if what == "reset" => {
            recover_by_code(&client, name, code, password, &[], rng).await
        }
        _ => return say("change PASSWORD, or reset NAME CODE PASSWORD"),
    };
    match done {
        Ok(()) => say("done"),
        Err(error) => say(&format!("failed: {error}")),
    }
}
