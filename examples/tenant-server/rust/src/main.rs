//! The server side of an application, in Rust: `cargo run -p tenant-server`. `docs/guides/tenant-server.md`
//! says what each part is for, and what belongs in the place of maps.

mod around;
mod finish;
mod names;
mod shares;
mod start;

use std::{collections::HashMap, error::Error, fs, io::Write as _, sync::Arc};

use axum::{
    Router,
    routing::{post, put},
};
use wardseal_tenant::{TokenKey, crypto::secret::Secret, types::TenantId};

struct App {
    tenant: TenantId,
    key: TokenKey,
    vault: String,
    people: shares::People,
    /// Your login: who has which session.
    sessions: HashMap<String, String>,
    outbox: String,
}

#[tokio::main]
#[expect(clippy::disallowed_methods, reason = "a program reads its settings")]
async fn main() -> Result<(), Box<dyn Error>> {
    let seed = fs::read(std::env::var("TOKEN_KEY")?)?;
    let sessions = std::env::var("SESSIONS")?;
    let pairs = sessions.split(',').filter_map(|pair| pair.split_once('='));
    let app = App {
        tenant: std::env::var("TENANT")?.parse()?,
        key: TokenKey::from_seed(&Secret::try_from_slice(&seed)?),
        outbox: std::env::var("OUTBOX").unwrap_or_else(|_| "/dev/stderr".into()),
        vault: std::env::var("VAULT_URL")?,
        people: shares::People::default(),
        sessions: pairs.map(|(s, n)| (s.into(), n.into())).collect(),
    };
    let routes = Router::new()
        .route("/sign-up", post(names::sign_up))
        .route("/recovery/share", put(shares::keep))
        .route("/recovery/start", post(start::start))
        .route("/recovery/finish", post(finish::finish));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    writeln!(
        std::io::stdout(),
        "listening on http://{}",
        listener.local_addr()?
    )?;
    Ok(axum::serve(listener, routes.with_state(Arc::new(app))).await?)
}
