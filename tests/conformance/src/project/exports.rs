//! Exports of sessions.

use serde::Deserialize;
use serde_json::{Value, json};
use wardseal_client_core::export::Imported;
use wardseal_types::{Base64Url, DeviceId, FixedBytes, TenantId, UserId};

use super::{Outcome, inputs};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    /// Of the client that reads.
    tenant: TenantId,
    export: Base64Url,
    /// Somebody whose device is looked up.
    author: (UserId, DeviceId),
}

/// An export: the keys in it, and whether it knows an author.
pub(super) fn export(input: &Value) -> Result<Outcome, String> {
    let input: Export = inputs(input)?;
    let (user, device) = input.author;
    Ok(
        match Imported::read(input.tenant, input.export.as_slice()) {
            Ok(imported) => Ok(json!({
                "keys": imported
                    .keys()
                    .map(|(session, epoch, seed)| {
                        json!([session, epoch, FixedBytes(*seed.secret().expose())])
                    })
                    .collect::<Vec<_>>(),
                "author": imported.device(&user, &device).is_some(),
            })),
            Err(error) => Err(error.code().to_owned()),
        },
    )
}
