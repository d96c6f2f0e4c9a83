//! The page: files of a directory, and what a browser may do with them.

use std::{
    io,
    path::{Path, PathBuf},
};

use axum::{
    body::Body,
    http::{HeaderValue, Request, Response, header},
    response::IntoResponse,
};
use tower::ServiceExt as _;
use tower_http::services::{ServeDir, ServeFile};

/// The page's directory and its policy.
#[derive(Clone, Debug)]
pub struct Web {
    folder: PathBuf,
    policy: HeaderValue,
}

/// The page cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebError {
    /// There is no page in the directory.
    #[error("{path} cannot be read: {reason}. Build the page, or name its directory with --web")]
    NoPage {
        /// The file that is missing.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// An address that is none.
    #[error("{0} is no address of a server")]
    Address(String),
}

impl Web {
    /// The page in a directory, which may call the servers at these addresses and nothing else.
    ///
    /// # Errors
    /// [`WebError`].
    pub fn new(folder: &Path, servers: &[&str]) -> Result<Self, WebError> {
        let index = folder.join("index.html");
        if let Err(reason) = std::fs::metadata(&index) {
            return Err(WebError::NoPage {
                path: index,
                reason,
            });
        }
        let mut origins = Vec::new();
        for server in servers {
            origins.push(origin(server).ok_or_else(|| WebError::Address((*server).to_owned()))?);
        }
        let policy = policy(&origins);
        Ok(Self {
            folder: folder.to_owned(),
            policy: HeaderValue::from_str(&policy)
                .map_err(|_| WebError::Address(origins.join(" ")))?,
        })
    }

    /// Answers for whatever is not the API: a file where a file is asked for, and the page for every
    /// address within it.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let path = request.uri().path();
        // What a build names by its content never changes; all else is asked for each time.
        let lasting = path.starts_with("/assets/");
        let is_file = path
            .rsplit('/')
            .next()
            .is_some_and(|name| name.contains('.'));
        let answered = if is_file {
            let files = ServeDir::new(&self.folder)
                .append_index_html_on_directories(false)
                .precompressed_br()
                .precompressed_gzip();
            files.oneshot(request).await
        } else {
            let page = ServeFile::new(self.folder.join("index.html"))
                .precompressed_br()
                .precompressed_gzip();
            page.oneshot(request).await
        };
        let mut response = answered.into_response();
        let lasting = lasting && response.status().is_success();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static(if lasting {
                "public, max-age=31536000, immutable"
            } else {
                "no-cache"
            }),
        );
        response
    }
}

/// Scheme, host and port of an address.
fn origin(address: &str) -> Option<String> {
    let url = reqwest::Url::parse(address).ok()?;
    matches!(url.scheme(), "http" | "https")
        .then(|| url.origin().ascii_serialization())
        .filter(|origin| origin != "null")
}

fn policy(servers: &[String]) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; \
         img-src 'self' blob: data:; font-src 'self'; manifest-src 'self'; connect-src 'self' {}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types default",
        servers.join(" ")
    )
}
