//! What `wardseal serve` is told, and by whom: a flag wins over the environment, the environment
//! over the file, the file over what is built in.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use serde::Deserialize;
use wardseal_server_domain::tenants::TenantPolicy;
use wardseal_server_http::{Origins, TenantId};

/// Arguments of `wardseal serve`. Each can also be set by an environment variable (`WARDSEAL_ROLE`
/// and so on; lists with commas) or in the file that `--config` names, in this order of precedence.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ServeArguments {
    /// Which server this process is [default: all, which is for development]
    #[arg(long, value_enum)]
    role: Option<Role>,
    /// Address and port to listen on; port 0 picks a free one [default: 127.0.0.1:7420]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where databases and secrets lie [default: ./.wardseal/ROLE]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Configuration file (TOML) with the long names of these flags as keys
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Public address of the server, as clients sign it [default in development: the address it
    /// listens on]
    #[arg(long, value_name = "URL")]
    audience: Option<String>,
    /// Accept every tenant [default in development; in production none is accepted]
    #[arg(long, conflicts_with = "tenant")]
    open_registration: bool,
    /// Accept this tenant; may be repeated
    #[arg(long, value_name = "TENANT")]
    tenant: Vec<TenantId>,
    /// Let web pages of this origin call; may be repeated [default in development: pages of this
    /// machine]
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// Mail server for letters with codes, such as smtp://name:password@mail.example.org:587
    /// (STARTTLS), smtps://… (TLS from the beginning), or smtp://127.0.0.1:2525 (not encrypted, this
    /// machine only). A password is better kept in the environment or the file [default: none, and
    /// no codes are sent]
    #[arg(long, value_name = "URL")]
    smtp: Option<String>,
    /// Certificate of the authority (PEM) that vouches for the mail server, if this machine does not
    /// trust it anyway
    #[arg(long, value_name = "FILE")]
    smtp_authority: Option<PathBuf>,
    /// From whom letters come, such as "Wardseal <noreply@example.org>"
    #[arg(long, value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// Development: everything open, on this machine only [default when listening on loopback
    /// without a configuration file]
    #[arg(long, conflicts_with = "production")]
    development: bool,
    /// Production: nothing is open that was not opened
    #[arg(long)]
    production: bool,
    /// How much to write to standard error [default: info]
    #[arg(long, value_enum, value_name = "LEVEL")]
    log: Option<LogLevel>,
}

/// Which server a process is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// The key server.
    Keys,
    /// The vault.
    Vault,
    /// Both, for development.
    All,
}

impl Role {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Vault => "vault",
            Self::All => "all",
        }
    }

    pub(crate) const fn keys(self) -> bool {
        matches!(self, Self::Keys | Self::All)
    }

    pub(crate) const fn vault(self) -> bool {
        matches!(self, Self::Vault | Self::All)
    }
}

/// How much is written down.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    /// What somebody has to do something about.
    Error,
    /// What may become an error.
    Warn,
    /// One line for each request.
    Info,
    /// What helps to find a mistake.
    Debug,
    /// Everything, also what libraries say of themselves.
    Trace,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Development,
    Production,
}

/// What one source says; what it does not say is for the next.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Settings {
    role: Option<Role>,
    listen: Option<SocketAddr>,
    data: Option<PathBuf>,
    audience: Option<String>,
    open_registration: Option<bool>,
    tenant: Option<Vec<TenantId>>,
    allow_origin: Option<Vec<String>>,
    smtp: Option<String>,
    smtp_authority: Option<PathBuf>,
    mail_from: Option<String>,
    mode: Option<Mode>,
    log: Option<LogLevel>,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {path}: {reason}")]
    Unreadable {
        path: PathBuf,
        reason: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("the configuration file {path} is not valid:\n{reason}")]
    Malformed { path: PathBuf, reason: String },
    /// A variable of the environment is not what it should be.
    #[error("the environment variable {name} is not valid: {reason}")]
    Variable { name: &'static str, reason: String },
    /// Development on an address that others reach.
    #[error(
        "{listen} can be reached from other machines, and development mode is for this one: listen \
         on 127.0.0.1, or use --production"
    )]
    DevelopmentInPublic { listen: SocketAddr },
    /// A key server in production must know its name.
    #[error(
        "a key server in production needs --audience: the address by which clients know it, such \
         as https://keys.example.org. Their signatures of sign-in name it"
    )]
    NoAudience,
    /// The audience is not an address.
    #[error("--audience {0} is not an address such as https://keys.example.org")]
    BadAudience(String),
    /// An origin is not one.
    #[error(
        "--allow-origin {0} is not an origin such as https://app.example.org (no path, no slash at the end)"
    )]
    BadOrigin(String),
    /// A mail server without a sender, or the other way round.
    #[error(
        "--smtp and --mail-from go together: by whom letters are sent, and from whom they come"
    )]
    HalfMail,
    /// A vault that sends codes must know its name.
    #[error(
        "a vault that sends codes in production needs --audience: the address by which clients \
         know it, such as https://vault.example.org. Tokens of applications name it"
    )]
    NoVaultAudience,
    /// Both everything and a list.
    #[error("{0} says both open-registration and tenant: say one of them")]
    OpenAndListed(&'static str),
}

/// By whom letters are sent.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Mail {
    /// Address of the mail server; there may be a password in it.
    pub(crate) server: String,
    pub(crate) authority: Option<PathBuf>,
    pub(crate) from: String,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// What `wardseal serve` does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Config {
    pub(crate) role: Role,
    pub(crate) listen: SocketAddr,
    pub(crate) data: PathBuf,
    /// `None`: the address that it listens on.
    pub(crate) audience: Option<String>,
    pub(crate) tenants: TenantPolicy,
    pub(crate) origins: Origins,
    /// `None`: no letters are sent.
    pub(crate) mail: Option<Mail>,
    pub(crate) development: bool,
    pub(crate) log: LogLevel,
}

impl Config {
    /// Puts the sources together and checks the result. `variable` reads the environment.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub(crate) fn resolve(
        arguments: &ServeArguments,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let environment = Settings::from_environment(&variable)?;
        let file = arguments
            .config
            .clone()
            .or_else(|| variable("WARDSEAL_CONFIG").map(PathBuf::from));
        let from_file = match &file {
            Some(path) => Settings::from_file(path)?,
            None => Settings::default(),
        };
        let sources = [Settings::from(arguments), environment, from_file];
        let config = Self::merge(&sources, file.is_some())?;
        config.validate()?;
        Ok(config)
    }

    /// The first source that says something wins; the defaults stand here and nowhere else.
    fn merge(sources: &[Settings; 3], has_file: bool) -> Result<Self, ConfigError> {
        fn first<T>(sources: &[Settings; 3], field: impl Fn(&Settings) -> Option<T>) -> Option<T> {
            sources.iter().find_map(field)
        }
        let role = first(sources, |source| source.role).unwrap_or(Role::All);
        let listen = first(sources, |source| source.listen)
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 7420)));
        let mode = first(sources, |source| source.mode);
        let development = match mode {
            Some(mode) => mode == Mode::Development,
            None => listen.ip().is_loopback() && !has_file,
        };
        let mut tenants = None;
        for (source, name) in
            sources
                .iter()
                .zip(["the command line", "the environment", "the file"])
        {
            tenants = tenants.or(source.tenants(name)?);
        }
        let server = first(sources, |source| source.smtp.clone());
        let from = first(sources, |source| source.mail_from.clone());
        let mail = match (server, from) {
            (None, None) => None,
            (Some(server), Some(from)) => Some(Mail {
                server,
                authority: first(sources, |source| source.smtp_authority.clone()),
                from,
            }),
            _ => return Err(ConfigError::HalfMail),
        };
        Ok(Self {
            role,
            listen,
            mail,
            data: first(sources, |source| source.data.clone())
                .unwrap_or_else(|| Path::new(".wardseal").join(role.name())),
            audience: first(sources, |source| source.audience.clone()),
            tenants: tenants.unwrap_or(if development {
                TenantPolicy::Open
            } else {
                TenantPolicy::Closed
            }),
            origins: first(sources, |source| source.allow_origin.clone()).map_or(
                if development {
                    Origins::Loopback
                } else {
                    Origins::Listed(Vec::new())
                },
                Origins::Listed,
            ),
            development,
            log: first(sources, |source| source.log).unwrap_or(LogLevel::Info),
        })
    }

    fn validate(&self) -> Result<(), ConfigError> {
        if self.development && !self.listen.ip().is_loopback() {
            return Err(ConfigError::DevelopmentInPublic {
                listen: self.listen,
            });
        }
        match &self.audience {
            None if self.role.keys() && !self.development => return Err(ConfigError::NoAudience),
            None if self.mail.is_some() && !self.development => {
                return Err(ConfigError::NoVaultAudience);
            }
            Some(audience) if !is_address(audience) => {
                return Err(ConfigError::BadAudience(audience.clone()));
            }
            _ => {}
        }
        if let Origins::Listed(origins) = &self.origins
            && let Some(bad) = origins.iter().find(|origin| !is_origin(origin))
        {
            return Err(ConfigError::BadOrigin(bad.clone()));
        }
        Ok(())
    }
}

/// Scheme and what follows it.
fn without_scheme(text: &str) -> Option<&str> {
    text.strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .filter(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}

fn is_address(text: &str) -> bool {
    without_scheme(text).is_some()
}

fn is_origin(text: &str) -> bool {
    without_scheme(text).is_some_and(|rest| !rest.contains(['/', '?', '#', '@', '*']))
}

impl From<&ServeArguments> for Settings {
    fn from(arguments: &ServeArguments) -> Self {
        let list = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
        Self {
            role: arguments.role,
            listen: arguments.listen,
            data: arguments.data.clone(),
            audience: arguments.audience.clone(),
            open_registration: arguments.open_registration.then_some(true),
            tenant: (!arguments.tenant.is_empty()).then(|| arguments.tenant.clone()),
            allow_origin: list(&arguments.allow_origin),
            smtp: arguments.smtp.clone(),
            smtp_authority: arguments.smtp_authority.clone(),
            mail_from: arguments.mail_from.clone(),
            mode: match (arguments.development, arguments.production) {
                (true, _) => Some(Mode::Development),
                (_, true) => Some(Mode::Production),
                _ => None,
            },
            log: arguments.log,
        }
    }
}

impl Settings {
    fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|reason| ConfigError::Unreadable {
            path: path.to_owned(),
            reason,
        })?;
        toml::from_str(&text).map_err(|error| ConfigError::Malformed {
            path: path.to_owned(),
            reason: error.to_string(),
        })
    }

    fn from_environment(variable: &impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        fn parsed<T>(
            name: &'static str,
            text: Option<String>,
            parse: impl Fn(&str) -> Result<T, String>,
        ) -> Result<Option<T>, ConfigError> {
            // An empty variable is one that was not set.
            text.filter(|text| !text.is_empty())
                .map(|text| parse(&text))
                .transpose()
                .map_err(|reason| ConfigError::Variable { name, reason })
        }
        fn words<T: ValueEnum>(text: &str) -> Result<T, String> {
            T::from_str(text, false)
        }
        fn from_str<T: std::str::FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
            text.parse().map_err(|error: T::Err| error.to_string())
        }
        fn list<T>(
            text: &str,
            parse: impl Fn(&str) -> Result<T, String>,
        ) -> Result<Vec<T>, String> {
            text.split(',').map(|part| parse(part.trim())).collect()
        }
        let read = |name: &'static str| (name, variable(name));
        let (name, text) = read("WARDSEAL_ROLE");
        let role = parsed(name, text, words)?;
        let (name, text) = read("WARDSEAL_LISTEN");
        let listen = parsed(name, text, from_str)?;
        let (name, text) = read("WARDSEAL_OPEN_REGISTRATION");
        let open_registration = parsed(name, text, from_str)?;
        let (name, text) = read("WARDSEAL_TENANT");
        let tenant = parsed(name, text, |text| list(text, from_str))?;
        let (name, text) = read("WARDSEAL_ALLOW_ORIGIN");
        let allow_origin = parsed(name, text, |text| list(text, from_str))?;
        let (name, text) = read("WARDSEAL_MODE");
        let mode = parsed(name, text, words)?;
        let (name, text) = read("WARDSEAL_LOG");
        let log = parsed(name, text, words)?;
        let given = |name| variable(name).filter(|text| !text.is_empty());
        Ok(Self {
            role,
            listen,
            data: given("WARDSEAL_DATA").map(PathBuf::from),
            audience: given("WARDSEAL_AUDIENCE"),
            open_registration,
            tenant,
            allow_origin,
            smtp: given("WARDSEAL_SMTP"),
            smtp_authority: given("WARDSEAL_SMTP_AUTHORITY").map(PathBuf::from),
            mail_from: given("WARDSEAL_MAIL_FROM"),
            mode,
            log,
        })
    }

    fn tenants(&self, source: &'static str) -> Result<Option<TenantPolicy>, ConfigError> {
        match (self.open_registration, &self.tenant) {
            (Some(true), Some(_)) => Err(ConfigError::OpenAndListed(source)),
            (Some(true), None) => Ok(Some(TenantPolicy::Open)),
            (_, Some(listed)) => Ok(Some(TenantPolicy::Listed(listed.iter().copied().collect()))),
            (Some(false), None) => Ok(Some(TenantPolicy::Closed)),
            (None, None) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: ServeArguments,
    }

    fn resolve(line: &[&str], environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let line = Line::try_parse_from([&["serve"], line].concat()).unwrap();
        let environment: HashMap<_, _> = environment.iter().copied().collect();
        Config::resolve(&line.arguments, |name| {
            environment.get(name).map(|text| (*text).to_owned())
        })
    }

    fn file(text: &str) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wardseal.toml");
        std::fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap().to_owned();
        (folder, path)
    }

    fn tenant(byte: u8) -> TenantId {
        TenantId::from_bytes([byte; 32])
    }

    #[test]
    fn nothing_needs_to_be_said() {
        let config = resolve(&[], &[]).unwrap();
        assert_eq!(
            config,
            Config {
                role: Role::All,
                listen: "127.0.0.1:7420".parse().unwrap(),
                data: ".wardseal/all".into(),
                audience: None,
                tenants: TenantPolicy::Open,
                origins: Origins::Loopback,
                mail: None,
                development: true,
                log: LogLevel::Info,
            }
        );
        assert_eq!(
            resolve(&["--role", "vault"], &[]).unwrap().data,
            Path::new(".wardseal/vault")
        );
    }

    #[test]
    fn flag_then_environment_then_file() {
        let (_folder, path) =
            file("role = 'keys'\nlisten = '127.0.0.1:1'\nlog = 'debug'\nmode = 'development'");
        let environment = [("WARDSEAL_LISTEN", "127.0.0.1:2"), ("WARDSEAL_LOG", "warn")];
        let line = ["--config", &path, "--log", "error"];
        let config = resolve(&line, &environment).unwrap();
        assert_eq!(config.role, Role::Keys);
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.log, LogLevel::Error);
        // The file itself may be named by the environment.
        let environment = [("WARDSEAL_CONFIG", path.as_str())];
        assert_eq!(resolve(&[], &environment).unwrap().listen.port(), 1);
    }

    #[test]
    fn a_source_overrides_who_may_register_as_a_whole() {
        let (_folder, path) = file("mode = 'development'\nopen-registration = true");
        let text = tenant(1).to_string();
        let config = resolve(&["--config", &path, "--tenant", &text], &[]).unwrap();
        assert_eq!(config.tenants, TenantPolicy::Listed([tenant(1)].into()));
        let both = format!("{text},{}", tenant(2));
        let config = resolve(&[], &[("WARDSEAL_TENANT", &both)]).unwrap();
        assert_eq!(
            config.tenants,
            TenantPolicy::Listed([tenant(1), tenant(2)].into())
        );
        let (_folder, path) = file(&format!("open-registration = true\ntenant = ['{text}']"));
        assert!(matches!(
            resolve(&["--config", &path], &[]),
            Err(ConfigError::OpenAndListed("the file"))
        ));
    }

    #[test]
    fn a_file_means_production_and_production_opens_nothing() {
        let (_folder, path) = file("audience = 'https://keys.example.org'");
        let config = resolve(&["--config", &path], &[]).unwrap();
        assert!(!config.development);
        assert_eq!(config.tenants, TenantPolicy::Closed);
        assert_eq!(config.origins, Origins::Listed(Vec::new()));
        assert!(
            !resolve(&["--role", "vault", "--production"], &[])
                .unwrap()
                .development
        );
        assert!(
            !resolve(&["--role", "vault", "--listen", "0.0.0.0:1"], &[])
                .unwrap()
                .development
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, hint) in [
            ("rolle = 'keys'", "rolle"),
            ("role = 'keyz'", "keyz"),
            ("listen = 'localhost'", "listen"),
            ("tenant = ['usr_x']", "ten"),
        ] {
            let (_folder, path) = file(text);
            let error = resolve(&["--config", &path], &[]).unwrap_err();
            assert!(matches!(error, ConfigError::Malformed { .. }), "{error}");
            assert!(error.to_string().contains(hint), "{error}");
        }
        assert!(matches!(
            resolve(&["--config", "/does/not/exist"], &[]),
            Err(ConfigError::Unreadable { .. })
        ));
        assert!(matches!(
            resolve(&[], &[("WARDSEAL_ROLE", "keyz")]),
            Err(ConfigError::Variable {
                name: "WARDSEAL_ROLE",
                ..
            })
        ));
        assert!(matches!(
            resolve(&["--development", "--listen", "0.0.0.0:1"], &[]),
            Err(ConfigError::DevelopmentInPublic { .. })
        ));
        assert!(matches!(
            resolve(&["--production"], &[]),
            Err(ConfigError::NoAudience)
        ));
        assert!(matches!(
            resolve(&["--audience", "keys.example.org"], &[]),
            Err(ConfigError::BadAudience(_))
        ));
        for bad in [
            "https://app.example.org/",
            "app.example.org",
            "*",
            "https://*",
        ] {
            assert!(
                matches!(
                    resolve(&["--allow-origin", bad], &[]),
                    Err(ConfigError::BadOrigin(_))
                ),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_mail_server_needs_a_sender_and_a_vault_with_one_a_name() {
        let environment = [("WARDSEAL_SMTP", "smtp://vault:secret@mail.example.org")];
        let line = ["--role", "vault", "--mail-from", "noreply@example.org"];
        let config = resolve(&line, &environment).unwrap();
        let mail = config.mail.clone().unwrap();
        assert_eq!(mail.server, "smtp://vault:secret@mail.example.org");
        assert_eq!(
            (mail.from.as_str(), mail.authority),
            ("noreply@example.org", None)
        );
        assert!(!format!("{config:?}").contains("secret"));
        let production = [&line[..], &["--production"]].concat();
        assert!(matches!(
            resolve(&production, &environment),
            Err(ConfigError::NoVaultAudience)
        ));
        let named = [
            &production[..],
            &["--audience", "https://vault.example.org"],
        ]
        .concat();
        assert!(resolve(&named, &environment).unwrap().mail.is_some());
        for half in [
            ["--mail-from", "a@example.org"],
            ["--smtp", "smtp://localhost"],
        ] {
            assert!(matches!(resolve(&half, &[]), Err(ConfigError::HalfMail)));
        }
        let (_folder, path) = file(
            "role = 'vault'\nmode = 'development'\nsmtp = 'smtps://mail.example.org'\n\
             smtp-authority = 'ca.pem'\nmail-from = 'a@example.org'",
        );
        let mail = resolve(&["--config", &path], &[]).unwrap().mail.unwrap();
        assert_eq!(mail.authority.as_deref(), Some(Path::new("ca.pem")));
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let config = resolve(&[], &[("WARDSEAL_ROLE", ""), ("WARDSEAL_DATA", "")]).unwrap();
        assert_eq!(config.role, Role::All);
    }
}
