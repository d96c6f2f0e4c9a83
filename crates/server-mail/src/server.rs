//! Which mail server, and how it is spoken to.

use std::{fmt, net::IpAddr, time::Duration};

use lettre::{
    AsyncSmtpTransport, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{
        authentication::{Credentials, Mechanism},
        client::{Certificate, Tls, TlsParameters},
    },
};
use url::Url;

/// Why letters cannot be sent so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// The address of the mail server. It is not repeated: there is a password in it.
    #[error(
        "the address of the mail server is not understood ({0}): it is like \
         smtp://name:password@mail.example.org:587 (STARTTLS), smtps://name:password@mail.example.org \
         (TLS from the beginning), or smtp://127.0.0.1:2525 (not encrypted, on this machine only). \
         A name or password with @, : or / in it is percent-encoded"
    )]
    Server(&'static str),
    /// The sender.
    #[error("{0} is no address that mail can come from: it is like Wardseal <noreply@example.org>")]
    From(String),
    /// The certificate of an authority.
    #[error("this is no certificate in PEM by which a mail server could be verified")]
    Authority,
    /// TLS does not work on this machine.
    #[error("TLS cannot be used: {0}")]
    Tls(String),
}

/// A mail server, and from whom letters come.
#[derive(Clone)]
pub struct MailServer {
    host: String,
    port: u16,
    tls: Tls,
    login: Option<Credentials>,
    from: Mailbox,
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailServer")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl MailServer {
    /// The server at an address, such as `smtp://name:password@mail.example.org:587`.
    ///
    /// `smtp` means STARTTLS (RFC 3207), which the server must offer; only on this machine it means
    /// no encryption. `smtps` means TLS from the beginning (RFC 8314). The server's certificate must
    /// be one that this machine trusts, or come from an authority in `authorities` (PEM). A name and
    /// password in the address log in, by PLAIN or LOGIN, and over TLS only.
    ///
    /// # Errors
    /// [`MailError`].
    pub fn new(server: &str, from: &str, authorities: Option<&[u8]>) -> Result<Self, MailError> {
        let url = Url::parse(server).map_err(|_| MailError::Server("it is no address"))?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or(MailError::Server("it names no host"))?;
        // An address of IPv6 is written in brackets there, and without them everywhere else.
        let bare = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(MailError::Server(
                "there is something after the host and port",
            ));
        }
        let here = is_this_machine(&bare);
        let parameters = || tls(&bare, authorities);
        let (tls, port) = match url.scheme() {
            "smtps" => (Tls::Wrapper(parameters()?), 465),
            "smtp" if here && authorities.is_none() => (Tls::None, 25),
            "smtp" => (Tls::Required(parameters()?), 587),
            _ => {
                return Err(MailError::Server(
                    "it begins with neither smtp:// nor smtps://",
                ));
            }
        };
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (name, Some(password)) if !name.is_empty() => {
                Some(Credentials::new(decoded(name)?, decoded(password)?))
            }
            _ => {
                return Err(MailError::Server(
                    "a name needs a password, and a password a name",
                ));
            }
        };
        if login.is_some() && matches!(tls, Tls::None) {
            return Err(MailError::Server(
                "a password is not sent without encryption: use smtps, or name the authority of its certificate",
            ));
        }
        let from = from.parse().map_err(|_| MailError::From(from.to_owned()))?;
        Ok(Self {
            host: bare,
            port: url.port().unwrap_or(port),
            tls,
            login,
            from,
        })
    }

    pub(crate) const fn from(&self) -> &Mailbox {
        &self.from
    }

    pub(crate) fn transport(&self, step: Duration) -> AsyncSmtpTransport<Tokio1Executor> {
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port)
            .tls(self.tls.clone())
            .timeout(Some(step))
            .authentication(vec![Mechanism::Plain, Mechanism::Login]);
        if let Some(login) = &self.login {
            builder = builder.credentials(login.clone());
        }
        builder.build()
    }
}

fn tls(host: &str, authorities: Option<&[u8]>) -> Result<TlsParameters, MailError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = authorities {
        // The library takes a file without certificates for one with none.
        if !String::from_utf8_lossy(pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(MailError::Authority);
        }
        builder = builder
            .add_root_certificate(Certificate::from_pem(pem).map_err(|_| MailError::Authority)?);
    }
    builder.build().map_err(|error| {
        if authorities.is_some() {
            MailError::Authority
        } else {
            MailError::Tls(error.to_string())
        }
    })
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// What stands percent-encoded in an address.
fn decoded(text: &str) -> Result<String, MailError> {
    let bad = MailError::Server("a name or password is not percent-encoded UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(bad);
        };
        bytes.push(u8::try_from(high << 4 | low).unwrap_or_default());
    }
    String::from_utf8(bytes).map_err(|_| bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = "Wardseal <noreply@example.org>";

    fn server(address: &str) -> Result<MailServer, String> {
        MailServer::new(address, FROM, None).map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_says_how_it_is_encrypted() {
        let of = |address| {
            let server = server(address).unwrap();
            let tls = match server.tls {
                Tls::None => "none",
                Tls::Required(_) => "starttls",
                Tls::Wrapper(_) => "tls",
                Tls::Opportunistic(_) => "perhaps",
            };
            (server.host, server.port, tls)
        };
        let expect = |address, host: &str, port, tls| {
            assert_eq!(of(address), (host.to_owned(), port, tls), "{address}");
        };
        expect(
            "smtp://mail.example.org",
            "mail.example.org",
            587,
            "starttls",
        );
        expect(
            "smtp://mail.example.org:2587/",
            "mail.example.org",
            2587,
            "starttls",
        );
        expect("smtps://mail.example.org", "mail.example.org", 465, "tls");
        expect("smtp://10.0.0.7:25", "10.0.0.7", 25, "starttls");
        expect("smtp://127.0.0.1:2525", "127.0.0.1", 2525, "none");
        expect("smtp://localhost", "localhost", 25, "none");
        expect("smtp://[::1]:2525", "::1", 2525, "none");
        expect("smtps://localhost", "localhost", 465, "tls");
        // A name that only looks like this machine.
        expect(
            "smtp://localhost.example.org",
            "localhost.example.org",
            587,
            "starttls",
        );
        expect(
            "smtp://127.0.0.1.example.org",
            "127.0.0.1.example.org",
            587,
            "starttls",
        );
    }

    #[test]
    fn names_and_passwords_are_decoded() {
        let server =
            server("smtp://anna%40example.org:p%3Ass%2Fw%C3%B6rd@mail.example.org").unwrap();
        let expected = Credentials::new("anna@example.org".into(), "p:ss/wörd".into());
        assert_eq!(server.login, Some(expected));
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_being_repeated() {
        for address in [
            "",
            "mail.example.org",
            "http://mail.example.org",
            "smtp://",
            "smtp://name:secret@127.0.0.1:2525",
            "smtp://name@mail.example.org",
            "smtp://:secret@mail.example.org",
            "smtp://name:secret@mail.example.org/folder",
            "smtp://name:secret@mail.example.org?tls=none",
            "smtp://name:secret%zz@mail.example.org",
            "smtp://name:secret%ff@mail.example.org",
            "smtp://name:secret@mail.example.org:port",
        ] {
            let error = server(address).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
        let from = |from| MailServer::new("smtp://localhost", from, None);
        assert!(matches!(from("nobody"), Err(MailError::From(_))));
        let pem = MailServer::new("smtps://localhost", FROM, Some(b"no certificate"));
        assert!(matches!(pem, Err(MailError::Authority)));
        let shown = format!(
            "{:?}",
            server("smtp://name:secret@mail.example.org").unwrap()
        );
        assert!(!shown.contains("secret"), "{shown}");
    }
}
