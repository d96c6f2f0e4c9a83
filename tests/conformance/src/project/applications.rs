//! What an application's server is shown, and what it shows.

use serde::Deserialize;
use serde_json::{Value, json};
use wardseal_crypto::{
    label,
    sign::{Ed25519PublicKey, Ed25519Signature},
};
use wardseal_protocol::{access, binding, state::NOW};
use wardseal_types::{Base64Url, DeviceId, FixedBytes, TenantId, Timestamp, UserId};

use super::{Outcome, chains, inputs};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    audience: String,
    tenant: TenantId,
    user: UserId,
    device: DeviceId,
    challenge: String,
    ed25519: FixedBytes<32>,
    signature: FixedBytes<64>,
}

/// A device's proof for an application: the message that it signed.
pub(super) fn proof(input: &Value) -> Result<Outcome, String> {
    let input: Proof = inputs(input)?;
    let message = binding::sign_in_message(
        &input.audience,
        &input.tenant,
        &input.user,
        &input.device,
        input.challenge.as_bytes(),
    );
    let signature = Ed25519Signature::from_bytes(input.signature.0);
    let verified = Ed25519PublicKey::from_bytes(input.ed25519.0)
        .and_then(|key| key.verify(label::DEVICE_PROOF, &message, &signature));
    Ok(match verified {
        Ok(()) => Ok(json!({ "message": Base64Url(message) })),
        Err(_) => Err("bad_signature".into()),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Access {
    /// The tenant's chain, by which the token is judged.
    tenant: Vec<Base64Url>,
    token: String,
    audience: String,
    now: Timestamp,
    leeway: u64,
}

/// An access token that is presented: whose server it is, and until when.
pub(super) fn access(input: &Value) -> Result<Outcome, String> {
    let input: Access = inputs(input)?;
    let tenant = chains::tenant(&input.tenant)?;
    let (now, leeway) = (input.now, input.leeway);
    let claims = access::verify(&tenant, &input.token, &input.audience, NOW, now, leeway);
    Ok(match claims {
        Ok(claims) => Ok(json!({ "tenant": claims.iss, "expires": claims.exp })),
        Err(error) => Err(error.code().to_owned()),
    })
}
