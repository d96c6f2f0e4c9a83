//! The OpenAPI document.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};

use super::{blobs, cases, facilities, people, recovery};
use crate::failure::Code;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Wardseal Transfer",
        description = "The HTTP API of the transfer server. It holds states, times and sealed blobs; what is in them \
                       only members of the facilities can open. Every failure is a problem document (RFC 9457) with a \
                       stable code. Whoever did not hear the answer to a change may ask for the same again."
    ),
    paths(
        people::config, people::challenge, people::sign_in, people::me, people::sign_out,
        people::sign_up, recovery::account, recovery::shares, recovery::put_share,
        recovery::delete_share, recovery::start, recovery::finish, recovery::ask_help,
        recovery::poll_help, recovery::help, recovery::release, recovery::decline,
        recovery::restart, recovery::restarts, facilities::open, facilities::bind,
        facilities::register, facilities::delivered, people::directory, people::names, cases::list, cases::open, cases::read, cases::update,
        cases::send, cases::choose, cases::add_document, cases::remove_document, cases::inbox,
        cases::request, cases::move_request, cases::disclose, cases::revocations,
        cases::revocation_done, blobs::begin, blobs::append, blobs::stand, blobs::put, blobs::read,
        blobs::fetch, listen
    ),
    modifiers(&Cookie, &Codes)
)]
struct Api;

/// What concerns the caller's facilities, as it happens: events `request`, `case`, `revocation`, `help`
/// and `people`, whose data are `{"id", "case", "version"}`; `reload` for a page that was away for too long.
#[utoipa::path(get, path = "/api/events", tag = "events",
    params(("Last-Event-ID" = Option<String>, Header, description = "Where the page has stopped listening.")),
    responses((status = 200, content_type = "text/event-stream", body = String),
        (status = "4XX", body = crate::failure::Problem)))]
#[expect(
    dead_code,
    reason = "only its description is used: the handler has a type that cannot be named"
)]
fn listen() {}

struct Cookie;

impl Modify for Cookie {
    fn modify(&self, document: &mut Document) {
        let scheme =
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("__Host-wardseal-transfer")));
        document
            .components
            .get_or_insert_with(Default::default)
            .add_security_scheme("session", scheme);
    }
}

/// Lists the codes of problems, which every operation may answer with.
struct Codes;

impl Modify for Codes {
    fn modify(&self, document: &mut Document) {
        let mut text = document.info.description.take().unwrap_or_default();
        text.push_str("\n\n");
        for code in Code::ALL {
            text.push_str(&format!(
                "- `{}` ({}): {}\n",
                code.text(),
                code.status(),
                code.meaning()
            ));
        }
        document.info.description = Some(text);
        document.info.license = None;
    }
}

/// The document.
#[must_use]
pub fn document() -> Document {
    Api::openapi()
}

/// The document as it is committed in `docs/openapi-transfer.json`.
///
/// # Errors
/// None in practice: the document is made of strings and numbers.
pub fn text() -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&document())?;
    text.push('\n');
    Ok(text)
}
