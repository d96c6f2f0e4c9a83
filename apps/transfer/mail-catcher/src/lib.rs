//! A mailbox for demonstrations and tests: it takes every mail by SMTP, keeps the newest in memory, shows them on a page,
//! and delivers none.
//!
//! It speaks as much of SMTP (RFC 5321) as a client needs that sends plain mails without encryption
//! and without a password, and listens where it is told to: on this machine, if nobody decides
//! otherwise.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse},
    routing::get,
};
use mail_parser::MessageParser;
use serde::Serialize;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

/// Mails that are kept; with one more the oldest goes.
pub const MOST_MAILS: usize = 1000;

/// Bytes of a mail, at most.
const MOST_BYTES: u64 = 1 << 20;

/// Bytes of a line, at most (RFC 5321 section 4.5.3.1 asks for fewer).
const MOST_LINE: u64 = 4096;

/// How long a client may say nothing.
const SILENCE: Duration = Duration::from_secs(60);

/// A mail, as it came.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// Its number, from 1.
    pub number: u64,
    /// From whom, by the envelope.
    pub from: String,
    /// To whom, by the envelope.
    pub to: Vec<String>,
    /// The subject, decoded.
    pub subject: String,
    /// The text, decoded.
    pub text: String,
    /// All of it, as it came.
    pub raw: String,
}

/// The mails that came. A clone is the same mailbox.
#[derive(Clone, Debug)]
pub struct Mailbox(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    mails: Mutex<VecDeque<Mail>>,
    /// How many came.
    count: watch::Sender<u64>,
}

impl Default for Mailbox {
    fn default() -> Self {
        Self(Arc::new(Inside {
            mails: Mutex::default(),
            count: watch::Sender::new(0),
        }))
    }
}

impl Mailbox {
    /// The mails that are kept, oldest first.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.lock().iter().cloned().collect()
    }

    /// Waits until so many mails came, and gives those that are kept.
    pub async fn wait_for(&self, count: u64) -> Vec<Mail> {
        // The sender lives in `self`, so it does not go away.
        let _ = self
            .0
            .count
            .subscribe()
            .wait_for(|came| *came >= count)
            .await;
        self.mails()
    }

    /// Throws all mails away.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Mail>> {
        self.0.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_in(&self, from: String, to: Vec<String>, raw: &[u8]) {
        let parsed = MessageParser::default().parse(raw);
        let part = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let (subject, text) = parsed.as_ref().map_or_else(Default::default, |mail| {
            (part(mail.subject()), part(mail.body_text(0).as_deref()))
        });
        let mut number = 0;
        self.0.count.send_modify(|count| {
            *count += 1;
            number = *count;
            let mut mails = self.lock();
            if mails.len() >= MOST_MAILS {
                mails.pop_front();
            }
            mails.push_back(Mail {
                number,
                from,
                to,
                subject,
                text,
                raw: String::from_utf8_lossy(raw).into_owned(),
            });
        });
    }
}

/// Takes mails in by SMTP until the task is dropped.
///
/// # Errors
/// None: a connection that fails is the other side's affair.
pub async fn receive(listener: TcpListener, mailbox: Mailbox) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let mailbox = mailbox.clone();
                tokio::spawn(async move {
                    let _ = converse(stream, &mailbox).await;
                });
            }
            // Mostly "too many open files": it passes when connections end.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// One conversation.
async fn converse(stream: TcpStream, mailbox: &Mailbox) -> io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut reading = BufReader::new(reading);
    let mut from = None;
    let mut to = Vec::new();
    writing.write_all(b"220 mail catcher\r\n").await?;
    while let Some(line) = line(&mut reading).await? {
        let text = String::from_utf8_lossy(&line).into_owned();
        let (verb, rest) = text.split_once(' ').unwrap_or((&text, ""));
        let answer: &[u8] = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => b"250-mail catcher\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
            "HELO" | "NOOP" => b"250 fine\r\n",
            "MAIL" => {
                from = path(rest, "FROM:");
                to.clear();
                if from.is_some() {
                    b"250 fine\r\n"
                } else {
                    b"501 from whom?\r\n"
                }
            }
            "RCPT" => match path(rest, "TO:") {
                Some(_) if from.is_none() => b"503 from whom?\r\n",
                Some(_) if to.len() >= 100 => b"452 too many\r\n",
                Some(recipient) => {
                    to.push(recipient);
                    b"250 fine\r\n"
                }
                None => b"501 to whom?\r\n",
            },
            "DATA" if to.is_empty() => b"503 to whom?\r\n",
            "DATA" => {
                writing.write_all(b"354 go on\r\n").await?;
                match content(&mut reading).await? {
                    Some(raw) => {
                        let from = from.take().unwrap_or_default();
                        mailbox.take_in(from, std::mem::take(&mut to), &raw);
                        b"250 kept\r\n"
                    }
                    None => b"552 too large\r\n",
                }
            }
            "RSET" => {
                from = None;
                to.clear();
                b"250 fine\r\n"
            }
            "QUIT" => {
                return writing.write_all(b"221 farewell\r\n").await;
            }
            _ => b"502 that is not spoken here\r\n",
        };
        writing.write_all(answer).await?;
    }
    Ok(())
}

/// A line without its end; none at the end of the connection.
async fn line(reading: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut limited = reading.take(MOST_LINE);
    let read = limited.read_until(b'\n', &mut line);
    let count = timeout(SILENCE, read).await.map_err(io::Error::other)??;
    if count == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') {
        return Err(io::Error::other("a line without an end"));
    }
    line.pop();
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(line))
}

/// What comes after `DATA`, until a line with a dot (RFC 5321 section 4.5.2); nothing when it is
/// too large.
async fn content(reading: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut raw: Vec<u8> = Vec::new();
    let mut fits = true;
    loop {
        let Some(line) = line(reading).await? else {
            return Err(io::Error::other("the mail has no end"));
        };
        if line == b"." {
            return Ok(fits.then_some(raw));
        }
        let line = line.strip_prefix(b".").unwrap_or(&line);
        fits &= u64::try_from(raw.len() + line.len()).is_ok_and(|size| size < MOST_BYTES);
        if fits {
            raw.extend_from_slice(line);
            raw.extend_from_slice(b"\r\n");
        }
    }
}

/// The address in `FROM:<address>` or `TO:<address>`.
fn path(rest: &str, prefix: &str) -> Option<String> {
    let (begin, address) = rest.trim_start().split_at_checked(prefix.len())?;
    let (address, _) = address.trim_start().strip_prefix('<')?.split_once('>')?;
    begin
        .eq_ignore_ascii_case(prefix)
        .then(|| address.to_owned())
}

/// The page with the mails (`/`), the same as JSON (`/mails.json`), and `DELETE /mails.json`, which
/// throws them away.
pub fn pages(mailbox: Mailbox) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/mails.json", get(list).delete(clear))
        .with_state(mailbox)
}

async fn list(State(mailbox): State<Mailbox>) -> Json<Vec<Mail>> {
    Json(mailbox.mails())
}

async fn clear(State(mailbox): State<Mailbox>) -> StatusCode {
    mailbox.clear();
    StatusCode::NO_CONTENT
}

async fn page(State(mailbox): State<Mailbox>) -> impl IntoResponse {
    let headers = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFRESH, "5"),
    ];
    (headers, Html(html(&mailbox.mails())))
}

const STYLE: &str = "\
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}\
body{max-width:46rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem}\
article{border:1px solid color-mix(in srgb,currentColor 25%,transparent);border-radius:.5rem;padding:.75rem 1rem;margin:1rem 0}\
h2{font-size:1.1rem;margin:0}\
p{margin:.25rem 0}\
.about{opacity:.75;font-size:.9rem}\
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;margin:.5rem 0 0}";

/// All mails on one page, newest first.
fn html(mails: &[Mail]) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Mailbox</title>\
         <style>{STYLE}</style></head><body><main><h1>Mailbox</h1>\
         <p class=\"about\">Mails that the demonstration has sent. None of them has left this machine.</p>"
    );
    if mails.is_empty() {
        page.push_str("<p>No mail yet.</p>");
    }
    for mail in mails.iter().rev() {
        // Writing to a string does not fail.
        let _ = write!(
            page,
            "<article><h2>{}</h2><p class=\"about\">To {} · from {} · number {}</p><pre>{}</pre></article>",
            escaped(&mail.subject),
            escaped(&mail.to.join(", ")),
            escaped(&mail.from),
            mail.number,
            escaped(&mail.text),
        );
    }
    page.push_str("</main></body></html>");
    page
}

/// Text as HTML shows it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_mail_becomes_markup() {
        let mail = Mail {
            number: 1,
            from: "\"><script>".into(),
            to: vec!["a@b".into()],
            subject: "<b> & 'c'".into(),
            text: "</pre><img src=x>".into(),
            raw: String::new(),
        };
        let page = html(&[mail]);
        assert!(!page.contains("<script>") && !page.contains("<img") && !page.contains("<b>"));
        assert!(page.contains("&lt;b&gt; &amp; &#39;c&#39;"));
        assert!(html(&[]).contains("No mail yet."));
    }

    #[test]
    fn addresses_are_found_in_their_brackets() {
        assert_eq!(path("FROM:<a@b>", "FROM:"), Some("a@b".into()));
        assert_eq!(path("from: <a@b> SIZE=3", "FROM:"), Some("a@b".into()));
        assert_eq!(path("FROM:<>", "FROM:"), Some(String::new()));
        assert_eq!(path("FROM:a@b", "FROM:"), None);
        assert_eq!(path("TO:<a@b>", "FROM:"), None);
        assert_eq!(path("é", "FROM:"), None);
    }

    #[test]
    fn the_oldest_mails_go_first() {
        let mailbox = Mailbox::default();
        for _ in 0..=MOST_MAILS {
            mailbox.take_in("a@b".into(), vec!["c@d".into()], b"Subject: x\r\n\r\ny\r\n");
        }
        let mails = mailbox.mails();
        assert_eq!((mails.len(), mails[0].number), (MOST_MAILS, 2));
        assert_eq!(
            (mails[0].subject.as_str(), mails[0].text.trim()),
            ("x", "y")
        );
        mailbox.clear();
        assert!(mailbox.mails().is_empty());
    }
}
