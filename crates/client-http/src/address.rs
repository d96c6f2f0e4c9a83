//! Addresses of servers, and which of them are safe to send a token to.

use core::{fmt, str::FromStr};

use reqwest::Url;

/// Why a text is no address of a server.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It is no web address, or has parts that the address of a server does not have.
    #[error("\"{0}\" is not the address of a server: write it like https://keys.example.org")]
    Malformed(String),
    /// Plain HTTP to another machine.
    #[error(
        "{0} would be reached without encryption: use https:// (plain http:// is for this machine)"
    )]
    Insecure(String),
}

/// The address of a server: `https`, or `http` on this machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerAddress(Url);

impl ServerAddress {
    /// Reads an address, and accepts plain HTTP to any machine: for test networks only. Statements
    /// and objects stay sealed and signed then, but the network sees tokens and can use them.
    ///
    /// # Errors
    /// [`AddressError::Malformed`].
    pub fn parse_insecure(text: &str) -> Result<Self, AddressError> {
        let malformed = || AddressError::Malformed(text.to_owned());
        let url = Url::parse(text.trim()).map_err(|_| malformed())?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if plain {
            Ok(Self(url))
        } else {
            Err(malformed())
        }
    }

    /// Whether the server is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || bare
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }

    /// The address of an operation. A server may stand below a path.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        url
    }
}

impl FromStr for ServerAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let address = Self::parse_insecure(text)?;
        if address.0.scheme() == "https" || address.is_loopback() {
            Ok(address)
        } else {
            Err(AddressError::Insecure(address.to_string()))
        }
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine() {
        for good in [
            "https://keys.example.org",
            "https://keys.example.org:8443/wardseal/",
            "http://127.0.0.1:7420",
            "http://localhost:7420/",
            "http://[::1]:7420",
        ] {
            let address: ServerAddress = good.parse().unwrap();
            assert_eq!(address.to_string(), good.trim_end_matches('/'));
        }
        for insecure in [
            "http://keys.example.org",
            "http://10.0.0.1",
            "http://localhost.example.org",
            "http://127.0.0.1.example.org",
        ] {
            assert_eq!(
                insecure.parse::<ServerAddress>(),
                Err(AddressError::Insecure(insecure.to_owned()))
            );
            assert!(ServerAddress::parse_insecure(insecure).is_ok());
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "keys.example.org",
            "ftp://keys.example.org",
            "https://",
            "https://name:word@keys.example.org",
            "https://keys.example.org?x=1",
            "https://keys.example.org#x",
            "file:///etc/passwd",
        ] {
            assert_eq!(
                bad.parse::<ServerAddress>(),
                Err(AddressError::Malformed(bad.to_owned())),
                "{bad}"
            );
            assert!(ServerAddress::parse_insecure(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn operations_stand_below_the_address() {
        let join = |address: &str| address.parse::<ServerAddress>().unwrap().join("/v1/server");
        assert_eq!(
            join("https://a.example").as_str(),
            "https://a.example/v1/server"
        );
        assert_eq!(
            join("https://a.example/wardseal/").as_str(),
            "https://a.example/wardseal/v1/server"
        );
    }
}
