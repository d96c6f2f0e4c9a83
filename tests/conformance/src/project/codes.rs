//! Recovery codes, and what their secret leads to.

use serde::Deserialize;
use serde_json::{Value, json};
use wardseal_client_core::recovery::{BadCode, Located, RecoveryCode};
use wardseal_types::{Base64Url, TenantId};

use super::{Outcome, inputs};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    tenant: TenantId,
    /// As somebody typed it.
    text: String,
}

/// A code that was typed: its text as it is printed, what the vault is asked by, and what opens.
pub(super) fn code(input: &Value) -> Result<Outcome, String> {
    let input: Typed = inputs(input)?;
    Ok(match RecoveryCode::parse(&input.text) {
        Ok(code) => {
            let secret = code.secret().expose();
            let found = Located::by(&input.tenant, secret);
            Ok(json!({
                "text": *code.to_text(),
                "secret": Base64Url::text_of(secret),
                "locator": found.locator,
                "record": found.record,
                "key": Base64Url::text_of(found.key.expose()),
            }))
        }
        Err(BadCode::Length) => Err("length".into()),
        Err(BadCode::Several) => Err("several_groups".into()),
        Err(BadCode::Group(group)) => Err(format!("group_{group}")),
    })
}
