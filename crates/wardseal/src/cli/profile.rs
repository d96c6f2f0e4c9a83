//! Whose keys, which servers: what the command line, the environment and the folder of keys say.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use getrandom::SysRng;
use rand_core::UnwrapErr;
use serde::Deserialize;
use wardseal_client::{
    CachePolicy, Client, Config, MemoryStore,
    crypto::secret::Secret,
    types::{Clock as _, TenantId, Timestamp},
};
use wardseal_client_http::{HttpTransport, ServerAddress, TlsUnavailable};
use wardseal_client_password::unlock;
use wardseal_client_sqlite::{HostStore, open_folder};

use super::{failure::Failure, passwords, private, time};
use crate::serve::{SystemClock, variable};

/// Name of the file with settings within the folder of keys.
const SETTINGS: &str = "profile.toml";
/// How far clocks may be apart before that is worth a word, in milliseconds.
const CLOCKS_AGREE: u64 = 5 * 60_000;

/// What every command can be told.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Common {
    /// Folder with your keys and settings [env: WARDSEAL_HOME; default: ~/.local/share/wardseal]
    #[arg(long, global = true, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Address of the key server [env: WARDSEAL_SERVER; remembered]
    #[arg(long, global = true, value_name = "URL")]
    server: Option<String>,
    /// Address of the vault, for passwords [env: WARDSEAL_VAULT; remembered; default: the key
    /// server's]
    #[arg(long, global = true, value_name = "URL")]
    vault: Option<String>,
    /// Address of the application's own server, for what is sent to people who have not signed up
    /// yet [env: WARDSEAL_TENANT_SERVER; remembered]
    #[arg(long, global = true, value_name = "URL")]
    tenant_server: Option<String>,
    /// File with what that server knows you by: a bearer token [env: WARDSEAL_TENANT_TOKEN_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    tenant_token_file: Option<PathBuf>,
    /// The tenant, as the application names it [env: WARDSEAL_TENANT; remembered]
    #[arg(long, global = true, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// Act as this person, by the password, for this one command; nothing is kept
    #[arg(long = "as", global = true, value_name = "NAME")]
    pub(crate) act_as: Option<String>,
    /// Take passwords from standard input, one a line [or from the file that WARDSEAL_PASSWORD_FILE
    /// names]
    #[arg(long, global = true)]
    pub(crate) password_stdin: bool,
    /// Keep keys of sessions in the folder for so many minutes: they open without a connection
    /// meanwhile, also after a revocation
    #[arg(long, global = true, value_name = "MINUTES")]
    keep_keys: Option<u64>,
    /// Accept plain http:// to other machines (test networks only)
    #[arg(long, global = true)]
    insecure_http: bool,
    /// Answer with one JSON value on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What the folder remembers.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
struct Saved {
    server: Option<String>,
    vault: Option<String>,
    tenant_server: Option<String>,
    tenant: Option<TenantId>,
    name: Option<String>,
}

/// The client of a command.
pub(crate) type HostClient = Client<HttpTransport, HostStore>;

/// The system's source of randomness.
pub(crate) const fn random() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// The present instant.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// This machine and the person at it.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) common: Common,
    home: PathBuf,
    saved: Saved,
}

impl Common {
    /// Whether keys of sessions are kept in the folder of this machine.
    pub(crate) const fn keeps_keys(&self) -> bool {
        self.keep_keys.is_some() && self.act_as.is_none()
    }
}

impl Host {
    /// Reads what the folder remembers.
    ///
    /// # Errors
    /// When there is no place for the folder, or its settings cannot be read.
    pub(crate) fn new(common: Common) -> Result<Self, Failure> {
        let home = common
            .home
            .clone()
            .or_else(|| set("WARDSEAL_HOME").map(PathBuf::from))
            .or_else(|| set("XDG_DATA_HOME").map(|data| PathBuf::from(data).join("wardseal")))
            .or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".local/share/wardseal")))
            .ok_or_else(|| {
                Failure::usage("there is no place for your keys")
                    .advise("name a folder with --home or WARDSEAL_HOME")
            })?;
        let saved = read_settings(&home.join(SETTINGS))?;
        Ok(Self {
            common,
            home,
            saved,
        })
    }

    /// The folder of keys.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// The name of whoever is signed in, if it is known.
    pub(crate) fn name(&self) -> Option<&str> {
        self.common.act_as.as_deref().or(self.saved.name.as_deref())
    }

    /// Refuses `--as` where it has no meaning.
    ///
    /// # Errors
    /// A usage error.
    pub(crate) fn acts_as_nobody(&self) -> Result<(), Failure> {
        match self.common.act_as {
            Some(_) => Err(Failure::usage("--as has no meaning for this command")),
            None => Ok(()),
        }
    }

    /// The tenant.
    ///
    /// # Errors
    /// A usage error when none is known.
    pub(crate) fn tenant(&self) -> Result<TenantId, Failure> {
        if let Some(tenant) = self.common.tenant {
            return Ok(tenant);
        }
        if let Some(text) = set("WARDSEAL_TENANT") {
            return text
                .parse()
                .map_err(|error| Failure::usage(format!("WARDSEAL_TENANT is no tenant: {error}")));
        }
        self.saved.tenant.ok_or_else(|| {
            Failure::usage("the tenant is not known").advise(
                "give it with --tenant or in WARDSEAL_TENANT: the application says which it is",
            )
        })
    }

    /// Settles which tenant this command is about.
    pub(crate) const fn settle_tenant(&mut self, tenant: TenantId) {
        self.common.tenant = Some(tenant);
    }

    /// Takes a tenant and a server from elsewhere, where the command line and the environment say
    /// nothing.
    pub(crate) fn fall_back_to(&mut self, tenant: TenantId, server: Option<&str>) {
        if self.common.tenant.is_none() && set("WARDSEAL_TENANT").is_none() {
            self.common.tenant = Some(tenant);
        }
        if self.saved.server.is_none() {
            self.saved.server = server.map(str::to_owned);
        }
    }

    /// The address of the key server, as it was given.
    pub(crate) fn server(&self) -> Option<String> {
        let given = self.common.server.clone();
        given
            .or_else(|| set("WARDSEAL_SERVER"))
            .or_else(|| self.saved.server.clone())
    }

    fn vault(&self) -> Option<String> {
        let given = self.common.vault.clone();
        given
            .or_else(|| set("WARDSEAL_VAULT"))
            .or_else(|| self.saved.vault.clone())
            .or_else(|| self.server())
    }

    fn tenant_server(&self) -> Option<String> {
        let given = self.common.tenant_server.clone();
        given
            .or_else(|| set("WARDSEAL_TENANT_SERVER"))
            .or_else(|| self.saved.tenant_server.clone())
    }

    /// What the application's server knows the person by.
    fn bearer(&self) -> Result<Option<String>, Failure> {
        let given = self.common.tenant_token_file.clone();
        let file = given.or_else(|| set("WARDSEAL_TENANT_TOKEN_FILE").map(PathBuf::from));
        let Some(path) = file else {
            return Ok(None);
        };
        let content = private::read(&path)?;
        let text = core::str::from_utf8(&content).map_err(|_| {
            Failure::failed("io", format!("{} is not text in UTF-8", path.display()))
        })?;
        Ok(Some(text.trim().to_owned()))
    }

    fn transport(&self) -> Result<HttpTransport, Failure> {
        let address = |text: Option<String>| {
            text.map(|text| {
                if self.common.insecure_http {
                    ServerAddress::parse_insecure(&text)
                } else {
                    text.parse()
                }
            })
            .transpose()
            .map_err(|error| Failure::usage(error.to_string()))
        };
        let tls = |error: TlsUnavailable| Failure::failed("tls", error.to_string());
        let servers = HttpTransport::new(address(self.server())?, address(self.vault())?);
        let servers = servers.map_err(tls)?;
        match address(self.tenant_server())? {
            Some(tenant) => servers.with_tenant(tenant, self.bearer()?).map_err(tls),
            None => Ok(servers),
        }
    }

    async fn open(&self, store: HostStore, key: Secret<32>) -> Result<HostClient, Failure> {
        let mut config = Config::new(self.tenant()?);
        if let Some(minutes) = self.common.keep_keys {
            config.cache = CachePolicy::Persistent {
                ttl: minutes.saturating_mul(60_000),
            };
        }
        let clock = Arc::new(SystemClock);
        let transport = self.transport()?;
        let rng = Box::new(random());
        Ok(Client::open(config, transport, store, key, clock, rng).await?)
    }

    /// The client of this machine.
    ///
    /// # Errors
    /// When the folder cannot be used, or something needed is not known.
    pub(crate) async fn client_of_folder(&self) -> Result<HostClient, Failure> {
        // What is missing is said before a folder is made.
        self.tenant()?;
        let (store, key) = open_folder(&self.home, &mut random())
            .map_err(|error| Failure::failed("store", error.to_string()))?;
        self.open(HostStore::Folder(store), key).await
    }

    /// A client that keeps nothing and is nobody.
    ///
    /// # Errors
    /// When something needed is not known.
    pub(crate) async fn client_of_nobody(&self) -> Result<HostClient, Failure> {
        let key = Secret::generate(&mut random())
            .map_err(|error| Failure::failed("crypto", error.to_string()))?;
        self.open(HostStore::Memory(MemoryStore::default()), key)
            .await
    }

    /// The client of whoever acts: of this machine, or with `--as` of the person who has the
    /// password.
    ///
    /// # Errors
    /// As the two above, and when the password is wrong.
    pub(crate) async fn client(&mut self) -> Result<HostClient, Failure> {
        let Some(name) = self.common.act_as.clone() else {
            let client = self.client_of_folder().await?;
            if client.profile().await.is_some() {
                self.remember(None)?;
            }
            return Ok(client);
        };
        let client = self.client_of_nobody().await?;
        let password = passwords::ask(&self.common, &format!("Password of {name}: "))?;
        unlock(&client, &name, &password, random()).await?;
        Ok(client)
    }

    /// Writes servers, tenant and name down, so that they need not be said again. What is written
    /// already stays.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn remember(&mut self, name: Option<&str>) -> Result<(), Failure> {
        let path = self.home.join(SETTINGS);
        let before = read_settings(&path)?;
        let saved = Saved {
            server: before.server.clone().or_else(|| self.server()),
            vault: before.vault.clone().or_else(|| self.vault()),
            tenant_server: before
                .tenant_server
                .clone()
                .or_else(|| self.tenant_server()),
            tenant: before.tenant.or_else(|| self.tenant().ok()),
            name: name.map(str::to_owned).or_else(|| before.name.clone()),
        };
        if saved != before {
            private::make_folder(&self.home)?;
            saved.write(&path)?;
        }
        self.saved = saved;
        Ok(())
    }

    /// Forgets who was signed in.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn forget_name(&mut self) -> Result<(), Failure> {
        self.saved.name = None;
        let path = self.home.join(SETTINGS);
        self.saved.write(&path)
    }

    /// Says which clock is wrong, when a checkpoint seems too old or from the future.
    pub(crate) async fn compare_clocks(&self, failure: Failure) -> Failure {
        if !matches!(failure.code, "stale_checkpoint" | "future_checkpoint") {
            return failure;
        }
        let server = match self.client_of_nobody().await {
            Ok(client) => client.server().await.ok().map(|server| server.time),
            Err(_) => None,
        };
        clock_failure(failure, now(), server)
    }
}

/// What to do about a checkpoint that is too old or from the future, given both clocks.
fn clock_failure(failure: Failure, ours: Timestamp, server: Option<Timestamp>) -> Failure {
    let Some(server) = server else {
        return failure.advise("check the clock of this machine, then try again");
    };
    let apart = ours.since(server).max(server.since(ours));
    if apart > CLOCKS_AGREE {
        let message = format!(
            "the clock of this machine and the server's are {} apart: {} here, {} there",
            time::span(apart),
            time::format(ours),
            time::format(server)
        );
        let advice = "set the clock that is wrong, then try again; nothing was sealed";
        return Failure { message, ..failure }.advise(advice);
    }
    failure.advise(
        "both clocks agree, so the server keeps back news of its log: try again, and if it stays so, tell whoever runs it",
    )
}

impl Saved {
    /// Whole or not at all: another command may be reading it.
    fn write(&self, path: &Path) -> Result<(), Failure> {
        let written = || -> std::io::Result<()> {
            let folder = path.parent().unwrap_or_else(|| Path::new("."));
            let mut unfinished = tempfile::NamedTempFile::new_in(folder)?;
            unfinished.write_all(self.to_toml().as_bytes())?;
            unfinished.persist(path)?;
            Ok(())
        };
        written().map_err(|error| Failure::file("write", path, &error))
    }

    fn to_toml(&self) -> String {
        let mut text = String::new();
        let tenant = self.tenant.map(|tenant| tenant.to_string());
        for (key, value) in [
            ("server", &self.server),
            ("vault", &self.vault),
            ("tenant_server", &self.tenant_server),
            ("tenant", &tenant),
            ("name", &self.name),
        ] {
            if let Some(value) = value {
                // A JSON string is a basic string of TOML.
                text.push_str(&format!(
                    "{key} = {}\n",
                    serde_json::Value::from(value.as_str())
                ));
            }
        }
        text
    }
}

fn read_settings(path: &Path) -> Result<Saved, Failure> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Saved::default()),
        Err(error) => return Err(Failure::file("read", path, &error)),
    };
    toml::from_str(&text).map_err(|error| {
        Failure::failed(
            "settings",
            format!("{} is not valid: {}", path.display(), error.message()),
        )
        .advise("correct it, or remove it and give its values on the command line")
    })
}

/// A variable of the environment; an empty one is not set.
pub(crate) fn set(name: &str) -> Option<String> {
    variable(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_were_written() {
        let saved = Saved {
            server: Some("https://keys.example.org".into()),
            vault: None,
            tenant_server: Some("https://app.example.org".into()),
            tenant: Some(TenantId::from_bytes([7; 32])),
            name: Some("d\u{fc}ring \"4711\" \\ \u{1f600}".into()),
        };
        assert_eq!(toml::from_str::<Saved>(&saved.to_toml()).unwrap(), saved);
        assert!(toml::from_str::<Saved>("servr = \"x\"").is_err());
    }

    #[test]
    fn the_wrong_clock_is_named() {
        let failure = || Failure::failed("stale_checkpoint", "the checkpoint is too old");
        let day = 24 * 3_600_000;
        let ours = Timestamp::from_seconds(1_800_000_000);
        for server in [
            ours.plus_millis(day),
            Timestamp::from_millis(ours.millis() - day),
        ] {
            let said = clock_failure(failure(), ours, Some(server));
            assert!(said.message.contains("1 day apart"), "{}", said.message);
            assert!(said.message.contains(&time::format(ours)));
            assert!(said.message.contains(&time::format(server)));
            assert!(
                said.advice
                    .is_some_and(|advice| advice.contains("set the clock"))
            );
        }
        let said = clock_failure(failure(), ours, Some(ours.plus_millis(CLOCKS_AGREE)));
        assert_eq!(said.message, failure().message);
        assert!(
            said.advice
                .is_some_and(|advice| advice.contains("keeps back"))
        );
        let said = clock_failure(failure(), ours, None);
        assert!(
            said.advice
                .is_some_and(|advice| advice.contains("check the clock"))
        );
    }
}
