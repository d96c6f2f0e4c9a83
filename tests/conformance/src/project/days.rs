//! Certificates for a day.

use serde::Deserialize;
use serde_json::{Value, json};
use wardseal_protocol::{cbor, certificate::Certificate, keys::DeviceKeys};
use wardseal_types::{Base64Url, TenantId, Timestamp, UserId};

use super::{Outcome, inputs, small::decode_code};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Day {
    tenant: TenantId,
    user: UserId,
    /// Public keys of the device that certifies.
    device: Base64Url,
    certificate: Base64Url,
    /// When the certified key signed.
    time: Timestamp,
}

/// A certificate: the key that it lets speak.
pub(super) fn certificate(input: &Value) -> Result<Outcome, String> {
    let input: Day = inputs(input)?;
    let keys: DeviceKeys =
        cbor::decode(input.device.as_slice(), 8192).map_err(|error| error.to_string())?;
    let certificate: Certificate = match cbor::decode(input.certificate.as_slice(), 256) {
        Ok(certificate) => certificate,
        Err(error) => return Ok(Err(decode_code(error))),
    };
    let checked = certificate.check(&input.tenant, &input.user, &keys, input.time);
    Ok(match checked {
        Ok(()) => Ok(json!({
            "key": certificate.key,
            "from": certificate.from,
            "until": certificate.until,
        })),
        Err(error) => Err(error.code().to_owned()),
    })
}
