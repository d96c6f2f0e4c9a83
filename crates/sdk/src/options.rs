//! What an application decides about its client.

use core::{fmt, time::Duration};
use std::{path::PathBuf, sync::Arc};

use wardseal_client::{
    CachePolicy, Config,
    types::{Clock, TenantId},
};
use wardseal_client_http::{HttpTransport, Limits, ServerAddress};

use crate::error::Error;

/// Where a client keeps its records, all of them sealed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Store {
    /// In memory: they are gone with the client.
    #[default]
    Memory,
    /// In a folder, which is made for its owner only. The key that seals them is a file beside them.
    Folder(PathBuf),
}

/// How long keys of sessions are kept. Whoever was revoked reads what he had opened before for that
/// long at most; what is sealed after the revocation never.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cache {
    /// Not at all: every opening asks the server.
    Off,
    /// In memory.
    Memory(Duration),
    /// Also in the store: sessions open without a connection meanwhile.
    Persistent(Duration),
}

impl Default for Cache {
    /// In memory, for a quarter of an hour.
    fn default() -> Self {
        Self::Memory(Duration::from_secs(15 * 60))
    }
}

impl From<Cache> for CachePolicy {
    fn from(cache: Cache) -> Self {
        let ttl = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        match cache {
            Cache::Off => Self::Off,
            Cache::Memory(time) => Self::Memory { ttl: ttl(time) },
            Cache::Persistent(time) => Self::Persistent { ttl: ttl(time) },
        }
    }
}

/// What an application decides about its client. Begin with [`Options::new`].
///
/// ```
/// use wardseal_sdk::{Options, Store};
///
/// let tenant = "ten_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".parse()?;
/// let options = Options {
///     vault: Some("https://vault.example.org".into()),
///     store: Store::Folder("/var/lib/reports/keys".into()),
///     ..Options::new(tenant, "https://keys.example.org")
/// };
/// # let _ = options;
/// # Ok::<(), wardseal_sdk::Error>(())
/// ```
#[derive(Clone)]
pub struct Options {
    /// The tenant. Everything is checked against it, so it comes with the application, never from a
    /// server.
    pub tenant: TenantId,
    /// Address of the key server.
    pub keys: String,
    /// Address of the vault, for passwords and recovery.
    pub vault: Option<String>,
    /// Where records are kept.
    pub store: Store,
    /// How long keys of sessions are kept.
    pub cache: Cache,
    /// What sign-ins name as their audience: the public address of the key server. By default what
    /// it says first, from then on.
    pub audience: Option<String>,
    /// Until a server that does not answer is given up.
    pub timeout: Duration,
    /// Accepts plain HTTP to other machines: for test networks only. Objects stay sealed then, but
    /// the network sees tokens and can use them.
    pub insecure_http: bool,
    /// The time. By default the system's.
    pub clock: Option<Arc<dyn Clock>>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("tenant", &self.tenant)
            .field("keys", &self.keys)
            .field("vault", &self.vault)
            .field("store", &self.store)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// A client of this tenant and key server, without a vault, that keeps nothing.
    #[must_use]
    pub fn new(tenant: TenantId, keys: impl Into<String>) -> Self {
        Self {
            tenant,
            keys: keys.into(),
            vault: None,
            store: Store::default(),
            cache: Cache::default(),
            audience: None,
            timeout: Duration::from_secs(60),
            insecure_http: false,
            clock: None,
        }
    }

    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new(self.tenant);
        config.cache = self.cache.into();
        config.audience.clone_from(&self.audience);
        config
    }

    pub(crate) fn transport(&self) -> Result<HttpTransport, Error> {
        let address = |text: &str| {
            if self.insecure_http {
                ServerAddress::parse_insecure(text)
            } else {
                text.parse()
            }
        };
        let vault = self.vault.as_deref().map(address).transpose()?;
        let limits = Limits {
            total: self.timeout,
            ..Limits::default()
        };
        let keys = address(&self.keys)?;
        Ok(HttpTransport::with_limits(Some(keys), vault, limits)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_are_reached_by_https() {
        let tenant = TenantId::from_bytes([1; 32]);
        let mut options = Options::new(tenant, "http://keys.example.org");
        assert_eq!(options.transport().unwrap_err().code(), "invalid");
        options.insecure_http = true;
        assert!(options.transport().is_ok());
        let options = Options::new(tenant, "keys.example.org");
        assert_eq!(options.transport().unwrap_err().code(), "invalid");
    }

    #[test]
    fn a_cache_is_counted_in_milliseconds() {
        let minute = Duration::from_secs(60);
        assert_eq!(
            CachePolicy::from(Cache::Persistent(minute)),
            CachePolicy::Persistent { ttl: 60_000 }
        );
        assert_eq!(
            CachePolicy::from(Cache::default()),
            Config::new(TenantId::from_bytes([1; 32])).cache
        );
    }
}
