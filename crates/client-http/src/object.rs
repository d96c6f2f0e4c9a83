//! A sealed object at a web address, of which only the parts that are needed travel.

use core::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::{collections::VecDeque, time::Duration};

use reqwest::{
    Client, Response, StatusCode, Url,
    header::{
        AUTHORIZATION, CONTENT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_MATCH,
        LAST_MODIFIED, RANGE,
    },
    redirect::Policy,
};

use crate::{AddressError, Limits, ServerAddress, TlsUnavailable};

/// Bytes that are fetched and kept together.
const BLOCK: u64 = 128 << 10;
/// Blocks of one request, at most, where one is read after the other.
const RUN: u64 = 8;
/// Blocks that are kept.
const KEPT: usize = 64;
/// Attempts without getting further before it is given up.
const ATTEMPTS: u32 = 4;
/// Redirections that are followed: an application's server may send to its object store.
const REDIRECTIONS: usize = 5;

/// Why an object at an address cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpObjectError {
    /// It is no address, or an unencrypted one of another machine.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// This machine has no working TLS.
    #[error(transparent)]
    Tls(#[from] TlsUnavailable),
    /// No connection, or none that lasts.
    #[error("{url} cannot be reached: check the connection and try again")]
    Unreachable {
        /// The address.
        url: String,
    },
    /// The server refuses.
    #[error("{url} cannot be read (status {status}): sign in, or look whether it is there")]
    Refused {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// The server has no range requests.
    #[error("{url} gives the whole file and no part of it: fetch it, and open the file")]
    NoRanges {
        /// The address.
        url: String,
    },
    /// It is not the object any more that it was.
    #[error("{url} has changed while it was read: open it again")]
    Changed {
        /// The address.
        url: String,
    },
    /// The server answers something else than it was asked for.
    #[error("{url} answered with another range")]
    BadAnswer {
        /// The address.
        url: String,
    },
}

impl HttpObjectError {
    /// The code of the SDKs for it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Address(_) | Self::Tls(_) => "invalid",
            Self::Unreachable { .. } => "unreachable",
            Self::Refused { .. } => "source_refused",
            Self::NoRanges { .. } => "source_no_ranges",
            Self::Changed { .. } => "source_changed",
            Self::BadAnswer { .. } => "bad_answer",
        }
    }
}

/// A sealed object at a web address. What was read lately is kept, up to 8 MiB. An object that
/// changes meanwhile is an error.
#[derive(Debug)]
pub struct HttpObject {
    http: Client,
    url: Url,
    bearer: Option<HeaderValue>,
    size: u64,
    tag: Option<HeaderValue>,
    kept: Mutex<Kept>,
}

/// Blocks by their number, the last read last.
#[derive(Debug, Default)]
struct Kept {
    blocks: VecDeque<(u64, Vec<u8>)>,
    /// The block after the last that was fetched, and how many the next request brings.
    next: u64,
    run: u64,
}

/// Where an answer stands in the object.
struct Described {
    range: Range<u64>,
    size: u64,
}

impl HttpObject {
    /// The object at an address: `https`, or `http` on this machine. `bearer` is sent to that server
    /// only, and not where it redirects to. One request is made, which brings its beginning.
    ///
    /// # Errors
    /// [`HttpObjectError`].
    pub async fn open(
        address: &str,
        bearer: Option<&str>,
        limits: Limits,
    ) -> Result<Self, HttpObjectError> {
        let url = parse(address)?;
        let mut builder = Client::builder()
            .user_agent(concat!("wardseal/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .timeout(limits.total);
        let plain = url.scheme() == "http";
        if plain {
            // A proxy has its own loopback.
            builder = builder.no_proxy();
        }
        // An encrypted address redirects to none that is not.
        let http = builder
            .https_only(!plain)
            .redirect(if plain {
                Policy::none()
            } else {
                Policy::limited(REDIRECTIONS)
            })
            .build()
            .map_err(|error| TlsUnavailable(error.to_string()))?;
        let bearer = bearer.map(|token| {
            // What is no header was no token that a server gave: it will say so.
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .unwrap_or(HeaderValue::from_static("Bearer"));
            value.set_sensitive(true);
            value
        });
        let mut object = Self {
            http,
            url,
            bearer,
            size: 0,
            tag: None,
            kept: Mutex::default(),
        };
        let (answer, described) = object.ask(0..BLOCK, true).await?;
        object.size = described.size;
        object.tag = tag(answer.headers()).cloned();
        let first = object.rest(Some(answer), described.range).await?;
        object.keep(0, &first);
        Ok(object)
    }

    /// Its length in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Bytes from `start` on, as many as are at hand with them and `most` at most; none at the end
    /// only. Whoever reads on gets larger parts with one request.
    ///
    /// # Errors
    /// [`HttpObjectError`].
    pub async fn read_some(&self, start: u64, most: usize) -> Result<Vec<u8>, HttpObjectError> {
        if start >= self.size || most == 0 {
            return Ok(Vec::new());
        }
        let number = start / BLOCK;
        if let Some(found) = self.at_hand(number, start, most) {
            return Ok(found);
        }
        let run = {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.next == number {
                kept.run.saturating_mul(2).clamp(1, RUN)
            } else {
                1
            }
        };
        let from = number.saturating_mul(BLOCK);
        let to = from
            .saturating_add(run.saturating_mul(BLOCK))
            .min(self.size);
        let bytes = self.rest(None, from..to).await?;
        self.keep(number, &bytes);
        Ok(self.at_hand(number, start, most).unwrap_or_default())
    }

    /// Exactly the bytes of a range, fewer only where the object ends.
    ///
    /// # Errors
    /// [`HttpObjectError`].
    pub async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, HttpObjectError> {
        let mut bytes = Vec::new();
        let end = range.end.min(self.size);
        let mut at = range.start;
        while at < end {
            let most = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX);
            let more = self.read_some(at, most).await?;
            at = at.saturating_add(length(&more));
            bytes.extend_from_slice(&more);
        }
        Ok(bytes)
    }

    fn at_hand(&self, number: u64, start: u64, most: usize) -> Option<Vec<u8>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.blocks.iter().position(|(each, _)| *each == number)?;
        let block = kept.blocks.remove(place)?;
        let within = usize::try_from(start.saturating_sub(number.saturating_mul(BLOCK))).ok()?;
        let found = block.1.get(within..)?.iter().take(most).copied().collect();
        kept.blocks.push_back(block);
        Some(found)
    }

    fn keep(&self, first: u64, bytes: &[u8]) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let block = usize::try_from(BLOCK).unwrap_or(usize::MAX);
        let mut number = first;
        for part in bytes.chunks(block) {
            kept.blocks.retain(|(each, _)| *each != number);
            kept.blocks.push_back((number, part.to_vec()));
            number = number.saturating_add(1);
        }
        kept.next = number;
        kept.run = number.saturating_sub(first);
        while kept.blocks.len() > KEPT {
            kept.blocks.pop_front();
        }
    }

    /// The bytes of a range within the object. What came before a connection broke is not fetched
    /// again.
    async fn rest(
        &self,
        answer: Option<Response>,
        range: Range<u64>,
    ) -> Result<Vec<u8>, HttpObjectError> {
        let mut bytes = Vec::new();
        let mut answer = answer;
        let mut failures = 0;
        loop {
            let at = range.start.saturating_add(length(&bytes));
            if at >= range.end {
                return Ok(bytes);
            }
            let before = bytes.len();
            let asked = match answer.take() {
                Some(answer) => Ok(answer),
                None => self
                    .ask(at..range.end, false)
                    .await
                    .map(|(answer, _)| answer),
            };
            match asked {
                Ok(answer) => self.take(answer, &range, &mut bytes).await?,
                Err(HttpObjectError::Unreachable { .. }) => {}
                Err(error) => return Err(error),
            }
            if bytes.len() > before {
                failures = 0;
                continue;
            }
            failures += 1;
            if failures >= ATTEMPTS {
                return Err(self.unreachable());
            }
            pause(failures).await;
        }
    }

    /// Reads an answer to its end, or to where it breaks off.
    async fn take(
        &self,
        mut answer: Response,
        range: &Range<u64>,
        bytes: &mut Vec<u8>,
    ) -> Result<(), HttpObjectError> {
        let wanted = range.end.saturating_sub(range.start);
        while let Ok(Some(part)) = answer.chunk().await {
            bytes.extend_from_slice(&part);
            if length(bytes) > wanted {
                return Err(HttpObjectError::BadAnswer { url: self.shown() });
            }
        }
        Ok(())
    }

    /// Asks for a range: the answer, and where it stands.
    async fn ask(
        &self,
        range: Range<u64>,
        first: bool,
    ) -> Result<(Response, Described), HttpObjectError> {
        let last = range.end.saturating_sub(1);
        let mut request = self
            .http
            .get(self.url.clone())
            .header(RANGE, format!("bytes={}-{last}", range.start));
        if let Some(bearer) = &self.bearer {
            request = request.header(AUTHORIZATION, bearer.clone());
        }
        let strong = self
            .tag
            .as_ref()
            .filter(|tag| tag.as_bytes().starts_with(b"\""));
        if let Some(tag) = strong {
            request = request.header(IF_MATCH, tag.clone());
        }
        let answer = request.send().await.map_err(|_| self.unreachable())?;
        let status = answer.status();
        let encoded = answer
            .headers()
            .get(CONTENT_ENCODING)
            .is_some_and(|encoding| encoding != "identity");
        let refused = match status {
            StatusCode::PARTIAL_CONTENT if !encoded => None,
            StatusCode::PRECONDITION_FAILED | StatusCode::RANGE_NOT_SATISFIABLE => {
                Some(HttpObjectError::Changed { url: self.shown() })
            }
            StatusCode::NOT_FOUND | StatusCode::GONE if !first => {
                Some(HttpObjectError::Changed { url: self.shown() })
            }
            status if status.is_success() => Some(HttpObjectError::NoRanges { url: self.shown() }),
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Some(self.unreachable())
            }
            status => Some(HttpObjectError::Refused {
                url: self.shown(),
                status: status.as_u16(),
            }),
        };
        if let Some(refused) = refused {
            return Err(refused);
        }
        let bad = || HttpObjectError::BadAnswer { url: self.shown() };
        let described = described(answer.headers()).ok_or_else(bad)?;
        if !first && (described.size != self.size || tag(answer.headers()) != self.tag.as_ref()) {
            return Err(HttpObjectError::Changed { url: self.shown() });
        }
        let end = range.end.min(described.size);
        if described.range != (range.start..end) {
            return Err(bad());
        }
        Ok((answer, described))
    }

    fn unreachable(&self) -> HttpObjectError {
        HttpObjectError::Unreachable { url: self.shown() }
    }

    /// The address as it may be shown: what stands after the path can be a secret.
    fn shown(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.to_string()
    }
}

/// Waits before another attempt.
async fn pause(failures: u32) {
    tokio::time::sleep(Duration::from_millis(100) * failures * failures).await;
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// What changes when the object does.
fn tag(headers: &HeaderMap) -> Option<&HeaderValue> {
    headers.get(ETAG).or_else(|| headers.get(LAST_MODIFIED))
}

/// `bytes 0-9/100`.
fn described(headers: &HeaderMap) -> Option<Described> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last, size) = (first.parse().ok()?, last.parse().ok()?, size.parse().ok()?);
    (first <= last && last < size).then(|| Described {
        range: first..u64::saturating_add(last, 1),
        size,
    })
}

/// An address with a path and perhaps a query, of a server that is safe to send a token to.
fn parse(address: &str) -> Result<Url, AddressError> {
    let malformed = || AddressError::Malformed(address.to_owned());
    let url = Url::parse(address.trim()).map_err(|_| malformed())?;
    let mut server = url.clone();
    server.set_query(None);
    server.set_fragment(None);
    let _: ServerAddress = server.as_str().parse()?;
    Ok(url)
}
