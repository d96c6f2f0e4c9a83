//! What an application's own server does: the tenant's chain, and tokens for names.
//!
//! ```text
//! folder/
//! ├── root.key        64 bytes: seeds of Ed25519 and ML-DSA-65; signs the tenant's chain
//! ├── token.key       32 bytes: seed of Ed25519; signs tokens
//! ├── escrow.key      33 bytes: seed of X-Wing, and whether for assignments too; opens the tenant's shares
//! ├── genesis.cbor    the first statement of the chain
//! └── tenant.toml     its identifier, its name, its server
//! ```

use std::{
    fs,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
};

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wardseal_client::{
    Misbehaviour, SignUp,
    crypto::secret::Secret,
    protocol::{
        keys::{Assigned, TenantKey},
        statement::Statement,
    },
    types::{FixedBytes, GroupId, TenantId, UserId},
};
use wardseal_tenant::{
    EscrowSecret, GroupNameRequest, NameRequest, RootKey, TOKEN_LIFETIME, TokenKey, add_key,
    found_with,
};

use super::{
    failure::Failure,
    private,
    profile::{Host, now, random},
    report::Report,
    time,
};

/// Commands of whoever runs the application.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Draws the keys of a tenant and registers it at the server.
    Create {
        /// What you call it; nobody else sees it
        #[arg(long)]
        name: String,
        /// Where its keys are put; keep a copy off-line
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Release what waits in escrow on the application's word alone, where a sender asks for that
        #[arg(long)]
        assigned: bool,
    },
    /// Adds an escrow key to a tenant that has none, or another one: whoever acts here must be signed
    /// up, and brings it to the key server.
    AddEscrowKey {
        /// Where the keys of the tenant are
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Release what waits in escrow on the application's word alone, where a sender asks for that
        #[arg(long)]
        assigned: bool,
        /// The file in that folder for the key; one that is there is entered as it is
        #[arg(long, value_name = "NAME", default_value = "escrow.key")]
        file: String,
    },
    /// Signs that names mean users or groups. Check first, in your own way, that they have these names.
    Token {
        /// Where the keys of the tenant are
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Files with requests of `wardseal user sign-up` and `wardseal group bind`; `-` is standard
        /// input
        #[arg(value_name = "REQUEST", default_value = "-")]
        requests: Vec<PathBuf>,
    },
    /// Shows the keys of the tenant in force, and how far its log is.
    Show,
}

/// What a new user hands to the application.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    tenant: TenantId,
    pub(crate) user: UserId,
    pub(crate) name: String,
    commitment: FixedBytes<32>,
    index: FixedBytes<32>,
}

impl Request {
    pub(crate) fn new(tenant: TenantId, sign_up: SignUp) -> Self {
        Self {
            tenant,
            user: sign_up.user,
            name: sign_up.name,
            commitment: sign_up.commitment,
            index: sign_up.index,
        }
    }
}

/// What an administrator of a group hands to the application.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupRequest {
    pub(crate) tenant: TenantId,
    pub(crate) group: GroupId,
    pub(crate) name: String,
    pub(crate) commitment: FixedBytes<32>,
    pub(crate) index: FixedBytes<32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    tenant: TenantId,
    name: String,
    server: String,
}

pub(crate) async fn run(host: &mut Host, command: Command) -> Result<Report, Failure> {
    if !matches!(command, Command::AddEscrowKey { .. }) {
        host.acts_as_nobody()?;
    }
    match command {
        Command::AddEscrowKey {
            dir,
            assigned,
            file,
        } => add_escrow_key(host, &dir, &file, assigned).await,
        Command::Create {
            name,
            dir,
            assigned,
        } => create(host, &name, &dir, assigned).await,
        Command::Token { dir, requests } => tokens(&dir, &requests),
        Command::Show => show(host).await,
    }
}

const fn purpose(assigned: bool) -> Assigned {
    if assigned {
        Assigned::Taken
    } else {
        Assigned::Refused
    }
}

/// The key is written first: an earlier run may have come that far.
async fn add_escrow_key(
    host: &mut Host,
    dir: &Path,
    file: &str,
    assigned: bool,
) -> Result<Report, Failure> {
    let (tenant, _) = tenant_in(dir)?;
    host.settle_tenant(tenant);
    let crypto = |error: &dyn core::fmt::Display| Failure::failed("crypto", error.to_string());
    let path = dir.join(file);
    let drawn =
        EscrowSecret::generate(purpose(assigned), &mut random()).map_err(|error| crypto(&error))?;
    let key = match private::write_new(&path, drawn.to_bytes().expose()) {
        Ok(()) => drawn,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            EscrowSecret::from_bytes(&private::read(&path)?).ok_or_else(|| damaged(&path))?
        }
        Err(error) => return Err(Failure::file("write", &path, &error)),
    };
    let client = host.client().await?;
    let state = client.tenant_state().await?;
    if !state.keys().any(|(id, _)| *id == key.id()) {
        let root = root_key(dir)?;
        let statement =
            add_key(&state, &root, key.public(), now()).map_err(|error| crypto(&error))?;
        client.extend_tenant(statement.bytes()).await?;
    }
    Ok(Report::new(
        format!(
            "{}\nits secret half is in {}: the application's server needs it",
            key.id(),
            path.display()
        ),
        json!({ "key": key.id(), "file": path }),
    ))
}

fn root_key(dir: &Path) -> Result<RootKey, Failure> {
    let path = dir.join("root.key");
    let bytes = private::read(&path)?;
    let halves = bytes.split_at_checked(32).and_then(|(classical, lattice)| {
        let classical = Secret::<32>::try_from_slice(classical).ok()?;
        let lattice = Secret::<32>::try_from_slice(lattice).ok()?;
        RootKey::from_seeds(&classical, &lattice).ok()
    });
    halves.ok_or_else(|| damaged(&path))
}

fn damaged(path: &Path) -> Failure {
    Failure::failed("damaged", format!("{} is damaged", path.display()))
        .advise("restore it from a copy")
}

async fn create(
    host: &mut Host,
    name: &str,
    dir: &Path,
    assigned: bool,
) -> Result<Report, Failure> {
    let server = host.server().ok_or_else(|| {
        Failure::usage("no address of the key server is known").advise("give it with --server")
    })?;
    private::make_folder(dir)?;
    let genesis_path = dir.join("genesis.cbor");
    let genesis = match fs::read(&genesis_path) {
        // An earlier run came this far, and perhaps not to the server.
        Ok(genesis) => {
            let settings = settings(dir)?;
            if settings.name != name || settings.server != server {
                return Err(Failure::usage(format!(
                    "{} holds the tenant \"{}\" at {} already",
                    dir.display(),
                    settings.name,
                    settings.server
                ))
                .advise("choose another folder"));
            }
            genesis
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            draw(host, name, &server, dir, assigned).await?
        }
        Err(error) => return Err(Failure::file("read", &genesis_path, &error)),
    };
    let tenant = Statement::decode(&genesis)
        .map_err(|_| {
            Failure::failed("damaged", format!("{} is damaged", genesis_path.display()))
                .advise("restore it from a copy")
        })?
        .tenant();
    host.settle_tenant(tenant);
    host.client_of_nobody()
        .await?
        .register_tenant(&genesis)
        .await?;
    Ok(Report::new(
        format!(
            "{tenant}\nits keys are in {}: keep a copy off-line, the root key above all",
            dir.display()
        ),
        json!({ "tenant": tenant, "dir": dir }),
    ))
}

/// Draws the keys and founds the tenant. The genesis is written last: with it everything is there.
async fn draw(
    host: &mut Host,
    name: &str,
    server: &str,
    dir: &Path,
    assigned: bool,
) -> Result<Vec<u8>, Failure> {
    // Which tenant asks does not matter here.
    host.settle_tenant(TenantId::from_bytes([0; 32]));
    let log_key = host
        .client_of_nobody()
        .await?
        .server()
        .await?
        .log_key
        .ok_or_else(|| Failure::from(wardseal_client::Error::from(Misbehaviour::BadAnswer)))?;
    let rng = &mut random();
    let failed = |error: &dyn core::fmt::Display| Failure::failed("crypto", error.to_string());
    let root = RootKey::generate(rng).map_err(|error| failed(&error))?;
    let token = TokenKey::generate(rng).map_err(|error| failed(&error))?;
    let escrow = EscrowSecret::generate(purpose(assigned), rng).map_err(|error| failed(&error))?;
    let (tenant, genesis) = found_with(&root, &token, Some(&escrow), log_key, now(), rng)
        .map_err(|error| failed(&error))?;
    let (classical, lattice) = root.to_seeds();
    let seeds = zeroize::Zeroizing::new([*classical.expose(), *lattice.expose()].concat());
    let text = |value: &str| Value::from(value).to_string();
    let settings = format!(
        "tenant = \"{tenant}\"\nname = {}\nserver = {}\n",
        text(name),
        text(server)
    );
    for (file, content) in [
        ("root.key", seeds.as_slice()),
        ("token.key", token.seed().expose().as_slice()),
        ("escrow.key", escrow.to_bytes().expose().as_slice()),
        ("tenant.toml", settings.as_bytes()),
        ("genesis.cbor", genesis.bytes()),
    ] {
        let path = dir.join(file);
        private::write_new(&path, content).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Failure::failed(
                "exists",
                format!(
                    "{} exists already, without a tenant around it",
                    path.display()
                ),
            )
            .advise("choose an empty folder"),
            _ => Failure::file("write", &path, &error),
        })?;
    }
    Ok(genesis.bytes().to_vec())
}

/// The tenant in a folder, and its server.
///
/// # Errors
/// When the folder holds none.
pub(crate) fn tenant_in(dir: &Path) -> Result<(TenantId, String), Failure> {
    let settings = settings(dir)?;
    Ok((settings.tenant, settings.server))
}

fn settings(dir: &Path) -> Result<Settings, Failure> {
    let path = dir.join("tenant.toml");
    let text = fs::read_to_string(&path).map_err(|error| {
        Failure::file("read", &path, &error).advise("make a tenant there: wardseal tenant create")
    })?;
    toml::from_str(&text).map_err(|error| {
        Failure::failed(
            "settings",
            format!("{} is not valid: {}", path.display(), error.message()),
        )
    })
}

/// Signs a request with the token key in a folder.
///
/// # Errors
/// When the request is for another tenant, or its parts do not belong together.
pub(crate) fn sign(dir: &Path, request: &Request) -> Result<String, Failure> {
    let tenant = same_tenant(dir, request.tenant)?;
    let asked = NameRequest {
        user: request.user,
        commitment: request.commitment,
        index: request.index,
    };
    if !asked.is_for(&tenant, &request.name) {
        return Err(another_name(&request.name));
    }
    token_key(dir)?
        .bind(tenant, asked, now(), &mut random())
        .map_err(|error| Failure::failed("crypto", error.to_string()))
}

/// Signs a group's request with the token key in a folder.
///
/// # Errors
/// As [`sign`].
pub(crate) fn sign_group(dir: &Path, request: &GroupRequest) -> Result<String, Failure> {
    let tenant = same_tenant(dir, request.tenant)?;
    let asked = GroupNameRequest {
        group: request.group,
        commitment: request.commitment,
        index: request.index,
    };
    if !asked.is_for(&tenant, &request.name) {
        return Err(another_name(&request.name));
    }
    token_key(dir)?
        .bind_group(tenant, asked, now(), &mut random())
        .map_err(|error| Failure::failed("crypto", error.to_string()))
}

fn same_tenant(dir: &Path, asked: TenantId) -> Result<TenantId, Failure> {
    let (tenant, _) = tenant_in(dir)?;
    if asked == tenant {
        return Ok(tenant);
    }
    Err(Failure::failed(
        "wrong_tenant",
        format!("the request is for {asked}, and this is {tenant}"),
    )
    .advise("sign up with this tenant: --tenant"))
}

fn another_name(name: &str) -> Failure {
    Failure::failed(
        "wrong_name",
        format!("the request says \"{name}\", and asks for another name"),
    )
    .advise("do not sign it: somebody wants another person's name")
}

fn token_key(dir: &Path) -> Result<TokenKey, Failure> {
    let path = dir.join("token.key");
    let seed = Secret::<32>::try_from_slice(&private::read(&path)?).map_err(|_| damaged(&path))?;
    Ok(TokenKey::from_seed(&seed))
}

fn tokens(dir: &Path, requests: &[PathBuf]) -> Result<Report, Failure> {
    let mut text = String::new();
    let mut values = Vec::new();
    for path in requests {
        let malformed = |error: serde_json::Error| {
            Failure::failed(
                "malformed",
                format!("{} is no request for a name: {error}", path.display()),
            )
            .advise("it is what wardseal user sign-up or wardseal group bind printed")
        };
        let content = read_text(path)?;
        let content: Value = serde_json::from_str(&content).map_err(malformed)?;
        let token;
        if content.get("group").is_some() {
            let request: GroupRequest = serde_json::from_value(content).map_err(malformed)?;
            token = sign_group(dir, &request)?;
            values.push(json!({ "name": request.name, "group": request.group, "token": token }));
        } else {
            let request: Request = serde_json::from_value(content).map_err(malformed)?;
            token = sign(dir, &request)?;
            values.push(json!({ "name": request.name, "user": request.user, "token": token }));
        }
        text.push_str(&format!("{token}\n"));
    }
    Ok(Report::new(
        text,
        json!({ "tokens": values, "valid_for_seconds": TOKEN_LIFETIME }),
    ))
}

/// The text in a file, or in standard input for `-`.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    read.map_err(|error| Failure::file("read", path, &error))
}

async fn show(host: &Host) -> Result<Report, Failure> {
    let tenant = host.client_of_nobody().await?.tenant().await?;
    let purpose = |key: &TenantKey| match key {
        TenantKey::Root(_) => "root",
        TenantKey::Token(_) => "token",
        TenantKey::Escrow(_) => "escrow",
    };
    let keys: String = tenant
        .keys
        .iter()
        .map(|(id, key)| format!("  {id}  {}\n", purpose(key)))
        .collect();
    Ok(Report::new(
        format!(
            "{}\n{keys}  {} statements in its log, signed {}",
            tenant.id,
            tenant.log_size,
            time::format(tenant.checkpoint)
        ),
        json!({
            "tenant": tenant.id,
            "keys": tenant.keys.iter().map(|(id, key)| json!({
                "id": id,
                "purpose": purpose(key),
            })).collect::<Vec<_>>(),
            "log_size": tenant.log_size,
            "checkpoint": tenant.checkpoint,
        }),
    ))
}
