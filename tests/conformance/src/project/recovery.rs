//! What opens the keys of a recovery method, and what the vault is told.

use serde::Deserialize;
use serde_json::{Value, json};
use wardseal_client_core::{
    identity::Identity,
    recovery::{HelpContext, Located, OrganisationBox, open_identity, passkey_input, two_man_key},
};
use wardseal_crypto::{
    kem::KemSecretKey,
    label,
    secret::Secret,
    sign::{Ed25519PublicKey, Ed25519Signature},
};
use wardseal_protocol::{
    binding::address_commitment,
    recovery::{open_release, tag},
    ring::Seed,
    vault::{Access, Action, record_message, request_message},
};
use wardseal_types::{Base64Url, DeviceId, FixedBytes, TenantId, Timestamp, UserId};

use super::{
    Outcome, inputs,
    small::{REJECTED, decode_code},
};

const BAD_SIGNATURE: &str = "bad_signature";

fn secret(bytes: FixedBytes<32>) -> Secret<32> {
    Secret::from_bytes(bytes.0)
}

fn opened(identity: &Identity) -> Value {
    json!({ "user": identity.user, "device": identity.device.id() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TwoMan {
    tenant: TenantId,
    user: UserId,
    record: FixedBytes<32>,
    tenant_share: FixedBytes<32>,
    vault_share: FixedBytes<32>,
    sealed: Base64Url,
}

/// The record of a recovery by two servers: its key, and whose keys it opens.
pub(super) fn two_man(input: &Value) -> Result<Outcome, String> {
    let input: TwoMan = inputs(input)?;
    let key = two_man_key(
        &input.tenant,
        &input.user,
        &input.record,
        &secret(input.tenant_share),
        &secret(input.vault_share),
    );
    let sealed = input.sealed.as_slice();
    Ok(
        match open_identity(&key, &input.tenant, &input.record, sealed) {
            Ok(identity) => Ok(json!({
                "key": FixedBytes(*key.expose()),
                "identity": opened(&identity),
            })),
            Err(_) => Err(REJECTED.into()),
        },
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    tenant: TenantId,
    record: FixedBytes<32>,
    /// Of a code, or what a passkey gave.
    secret: Base64Url,
    sealed: Base64Url,
}

/// A record that a secret leads to: what the vault is asked by, and whose keys it opens.
pub(super) fn located(input: &Value) -> Result<Outcome, String> {
    let input: Kept = inputs(input)?;
    let found = Located::by(&input.tenant, input.secret.as_slice());
    if found.record != input.record {
        return Ok(Err("wrong_record".into()));
    }
    let sealed = input.sealed.as_slice();
    Ok(
        match open_identity(&found.key, &input.tenant, &input.record, sealed) {
            Ok(identity) => Ok(json!({
                "passkey_input": FixedBytes(passkey_input(&input.tenant)),
                "locator": found.locator,
                "key": FixedBytes(*found.key.expose()),
                "identity": opened(&identity),
            })),
            Err(_) => Err(REJECTED.into()),
        },
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Organisation {
    tenant: TenantId,
    user: UserId,
    record: FixedBytes<32>,
    /// The encoded `OrganisationBox`.
    sealed: Base64Url,
    helpers: Vec<Helper>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Helper {
    administrator: UserId,
    /// Of the epoch of her ring to which her share is sealed.
    seed: FixedBytes<32>,
}

/// The record of an organisation, opened by the administrators who help.
pub(super) fn organisation(input: &Value) -> Result<Outcome, String> {
    let input: Organisation = inputs(input)?;
    let kept = match OrganisationBox::from_bytes(input.sealed.as_slice()) {
        Ok(kept) => kept,
        Err(error) => return Ok(Err(decode_code(error))),
    };
    let context = HelpContext {
        tenant: input.tenant,
        user: input.user,
        record: input.record,
    };
    let mut held = Vec::new();
    let mut shares = Vec::new();
    for Helper {
        administrator,
        seed,
    } in input.helpers
    {
        let seed = Seed::from_secret(secret(seed));
        let Ok(share) = kept.open_share(&context, administrator, &seed) else {
            return Ok(Err(REJECTED.into()));
        };
        shares.push(json!({
            "epoch": kept.epoch_of(&administrator),
            "share": FixedBytes(*share.expose()),
        }));
        held.push((administrator, share));
    }
    Ok(match kept.open(&context, &held) {
        Ok(Some(identity)) => Ok(json!({ "shares": shares, "identity": opened(&identity) })),
        Ok(None) => Err("no_quorum".into()),
        Err(_) => Err(REJECTED.into()),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    tenant: TenantId,
    user: UserId,
    record: FixedBytes<32>,
    /// By the vault in this attempt, or
    attempt: Option<FixedBytes<32>>,
    /// by this administrator.
    administrator: Option<UserId>,
    /// Private key of the client that asked.
    client_seed: FixedBytes<32>,
    sealed: Base64Url,
}

/// A share that was released to a client: the share, and the tag that people compare.
pub(super) fn release(input: &Value) -> Result<Outcome, String> {
    let input: Release = inputs(input)?;
    let client =
        KemSecretKey::from_seed(&secret(input.client_seed)).map_err(|error| error.to_string())?;
    let sealed = input.sealed.as_slice();
    let (tenant, user, record) = (input.tenant, input.user, input.record);
    let share = match (input.attempt, input.administrator) {
        (Some(attempt), None) => open_release(&client, &tenant, &user, &record, &attempt, sealed),
        (None, Some(administrator)) => {
            let context = HelpContext {
                tenant,
                user,
                record,
            };
            context.open_release(&client, administrator, sealed)
        }
        _ => return Err("an attempt or an administrator".into()),
    };
    Ok(match share {
        Ok(share) => Ok(json!({
            "share": FixedBytes(*share.expose()),
            "tag": tag(client.public().as_bytes()),
        })),
        Err(_) => Err(REJECTED.into()),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToWhom {
    tenant: TenantId,
    access: Base64Url,
}

/// To whom a record is handed out. Of an address also the commitment in the person's chain.
pub(super) fn access(input: &Value) -> Result<Outcome, String> {
    let input: ToWhom = inputs(input)?;
    let access = match Access::from_bytes(input.access.as_slice()) {
        Ok(access) => access,
        Err(error) => return Ok(Err(decode_code(error))),
    };
    Ok(Ok(match access {
        Access::Opaque(upload) => json!({ "kind": 1, "upload": upload }),
        Access::Locator => json!({ "kind": 2 }),
        Access::TwoMan(two_man) => json!({
            "kind": 3,
            "share": two_man.share,
            "address": two_man.address,
            "commitment": address_commitment(
                &input.tenant,
                two_man.salt.as_array(),
                &two_man.address,
            ),
            "delay": two_man.delay,
            "language": two_man.language.code(),
        }),
        Access::Readers(users) => json!({ "kind": 4, "readers": users }),
    }))
}

fn signed(
    label: label::Label,
    message: Vec<u8>,
    key: FixedBytes<32>,
    signature: FixedBytes<64>,
) -> Outcome {
    let signature = Ed25519Signature::from_bytes(signature.0);
    let verified =
        Ed25519PublicKey::from_bytes(key.0).and_then(|key| key.verify(label, &message, &signature));
    match verified {
        Ok(()) => Ok(json!({ "message": Base64Url(message) })),
        Err(_) => Err(BAD_SIGNATURE.into()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    tenant: TenantId,
    user: UserId,
    record: FixedBytes<32>,
    access: Base64Url,
    sealed: Base64Url,
    ed25519: FixedBytes<32>,
    signature: FixedBytes<64>,
}

/// A device's word for a record: the message that it signed.
pub(super) fn record(input: &Value) -> Result<Outcome, String> {
    let input: Record = inputs(input)?;
    let message = record_message(
        &input.tenant,
        &input.user,
        &input.record,
        input.access.as_slice(),
        input.sealed.as_slice(),
    );
    let label = label::RECORD_SIGNATURE;
    Ok(signed(label, message, input.ed25519, input.signature))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    tenant: TenantId,
    user: UserId,
    device: DeviceId,
    time: Timestamp,
    action: Base64Url,
    ed25519: FixedBytes<32>,
    signature: FixedBytes<64>,
}

/// What a device asks of the vault: the message that it signed.
pub(super) fn request(input: &Value) -> Result<Outcome, String> {
    let input: Request = inputs(input)?;
    let action = match Action::from_bytes(input.action.as_slice()) {
        Ok(action) => action,
        Err(error) => return Ok(Err(decode_code(error))),
    };
    let (tenant, user) = (&input.tenant, &input.user);
    let message = request_message(tenant, user, &input.device, input.time, &action);
    let label = label::VAULT_REQUEST;
    Ok(signed(label, message, input.ed25519, input.signature))
}
