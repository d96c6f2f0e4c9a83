//! A bucket of S3, or of anything that speaks as S3 does.

use std::{fmt, time::Duration};

use object_store::{
    RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
};
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::StoreError;

/// Where a bucket is.
#[derive(Clone, Debug)]
pub struct S3 {
    /// Its name.
    pub bucket: String,
    /// What names of objects begin with; empty for none.
    pub prefix: String,
    /// The address of the service, where that is not Amazon's.
    pub endpoint: Option<String>,
    /// Its region; by default what the environment says (`AWS_REGION`), and `us-east-1`.
    pub region: Option<String>,
    /// Whether the bucket stands in the path and not in the host's name, as most services of one's own
    /// want it.
    pub path_style: bool,
    /// Who asks; by default what the environment says (`AWS_ACCESS_KEY_ID` and
    /// `AWS_SECRET_ACCESS_KEY`, or what the machine was given).
    pub credentials: Option<Credentials>,
    /// For how long a request is repeated while the service does not answer or is busy.
    pub patience: Duration,
}

/// A key of the service.
#[derive(Clone)]
pub struct Credentials {
    id: String,
    secret: Zeroizing<String>,
}

impl Credentials {
    /// The key's name and its secret.
    #[must_use]
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: Zeroizing::new(secret.into()),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// The bucket cannot be used as it is described.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum S3Error {
    /// The place is not of the form that is wanted.
    #[error("{0} is no bucket: it is like s3://bucket or s3://bucket/prefix")]
    Place(String),
    /// The address is no address.
    #[error("{0} is no address of a service: it is like https://s3.example")]
    Endpoint(String),
    /// The content is sealed; the credentials and who reads what are not.
    #[error("{0} is not encrypted: without TLS only a service on this machine is used")]
    Plain(String),
    /// Something else that the store wants.
    #[error("the bucket cannot be used: {0}")]
    Store(#[from] StoreError),
}

impl S3 {
    /// A bucket, as `s3://bucket` or `s3://bucket/prefix`: at Amazon, with credentials of the
    /// environment, and 20 seconds of patience.
    ///
    /// # Errors
    /// [`S3Error::Place`].
    pub fn at(place: &str) -> Result<Self, S3Error> {
        let refused = || S3Error::Place(place.to_owned());
        let rest = place.strip_prefix("s3://").ok_or_else(refused)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let named = |text: &str, more: &[u8]| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
        };
        if bucket.is_empty() || !named(bucket, b"-._") || !named(prefix, b"-_/") {
            return Err(refused());
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            endpoint: None,
            region: None,
            path_style: false,
            credentials: None,
            patience: Duration::from_secs(20),
        })
    }

    pub(crate) fn store(&self) -> Result<AmazonS3, S3Error> {
        let retry = RetryConfig {
            retry_timeout: self.patience,
            max_retries: if self.patience.is_zero() { 0 } else { 10 },
            ..RetryConfig::default()
        };
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&self.bucket)
            .with_virtual_hosted_style_request(!self.path_style)
            .with_retry(retry)
            .with_allow_http(false);
        if let Some(endpoint) = &self.endpoint {
            builder = builder
                .with_allow_http(is_plain(endpoint)?)
                .with_endpoint(endpoint.trim_end_matches('/'));
        }
        if let Some(region) = &self.region {
            builder = builder.with_region(region);
        }
        if let Some(Credentials { id, secret }) = &self.credentials {
            builder = builder
                .with_access_key_id(id)
                .with_secret_access_key(secret.as_str());
        }
        Ok(builder.build()?)
    }
}

/// Whether an address is without TLS, which is for this machine only.
fn is_plain(endpoint: &str) -> Result<bool, S3Error> {
    let url = Url::parse(endpoint).map_err(|_| S3Error::Endpoint(endpoint.to_owned()))?;
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(S3Error::Endpoint(endpoint.to_owned())),
    };
    match url.scheme() {
        "https" => Ok(false),
        "http" if here => Ok(true),
        "http" => Err(S3Error::Plain(endpoint.to_owned())),
        _ => Err(S3Error::Endpoint(endpoint.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_bucket_with_or_without_a_prefix() {
        for (place, bucket, prefix) in [
            ("s3://blobs", "blobs", ""),
            ("s3://blobs/", "blobs", ""),
            ("s3://my.blobs-1/transfer/a", "my.blobs-1", "transfer/a"),
        ] {
            let s3 = S3::at(place).unwrap();
            assert_eq!((s3.bucket.as_str(), s3.prefix.as_str()), (bucket, prefix));
        }
        for bad in [
            "",
            "blobs",
            "s3://",
            "s3:///a",
            "s3://a/../b",
            "s3://a b",
            "https://a/b",
            "s3://a/b?c",
        ] {
            assert!(matches!(S3::at(bad), Err(S3Error::Place(_))), "{bad}");
        }
    }

    #[test]
    fn without_tls_only_this_machine_is_asked() {
        for (endpoint, plain) in [
            ("https://s3.example", false),
            ("http://127.0.0.1:9000", true),
            ("http://[::1]:9000", true),
            ("http://localhost:9000", true),
        ] {
            assert_eq!(is_plain(endpoint).unwrap(), plain, "{endpoint}");
        }
        assert!(matches!(
            is_plain("http://s3.example"),
            Err(S3Error::Plain(_))
        ));
        assert!(matches!(
            is_plain("http://localhost.example"),
            Err(S3Error::Plain(_))
        ));
        for bad in ["s3.example", "ftp://s3.example", "data:x"] {
            assert!(matches!(is_plain(bad), Err(S3Error::Endpoint(_))), "{bad}");
        }
    }

    #[test]
    fn what_is_written_down_shows_no_secret() {
        let mut s3 = S3::at("s3://blobs").unwrap();
        s3.credentials = Some(Credentials::new("the-id", "the-secret"));
        let text = format!("{s3:?}");
        assert!(
            !text.contains("the-secret") && !text.contains("the-id"),
            "{text}"
        );
    }
}
