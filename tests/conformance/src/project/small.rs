//! Objects that are judged by themselves.

use serde::Deserialize;
use serde_json::{Value, json};
use wardseal_crypto::{
    kem::KemSecretKey,
    label,
    secret::Secret,
    sign::{Ed25519PublicKey, Ed25519Signature},
};
use wardseal_protocol::{
    binding,
    cbor::{self, DecodeError},
    keys::DeviceKeys,
    ring::{BoxContext, LinkContext, Opener, RingKind, SealedBox, Seed},
};
use wardseal_types::{
    Base64Url, DeviceId, FixedBytes, GroupId, IdError, KeyId, MemberId, ObjectId, PendingId,
    RingId, SessionId, StatementHash, TenantId, UserId,
};

use super::{Outcome, inputs};

pub(super) const REJECTED: &str = "rejected";

pub(super) fn decode_code(error: DecodeError) -> String {
    wardseal_protocol::Refusal::Decode(error).code().to_owned()
}

fn seed(bytes: FixedBytes<32>) -> Seed {
    Seed::from_secret(Secret::from_bytes(bytes.0))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Id {
    prefix: String,
    text: String,
}

/// An identifier's text: its bytes.
pub(super) fn id(input: &Value) -> Result<Outcome, String> {
    let Id { prefix, text } = inputs(input)?;
    let bytes = match prefix.as_str() {
        TenantId::PREFIX => text.parse::<TenantId>().map(|id| id.as_bytes().to_vec()),
        UserId::PREFIX => text.parse::<UserId>().map(|id| id.as_bytes().to_vec()),
        GroupId::PREFIX => text.parse::<GroupId>().map(|id| id.as_bytes().to_vec()),
        SessionId::PREFIX => text.parse::<SessionId>().map(|id| id.as_bytes().to_vec()),
        DeviceId::PREFIX => text.parse::<DeviceId>().map(|id| id.as_bytes().to_vec()),
        KeyId::PREFIX => text.parse::<KeyId>().map(|id| id.as_bytes().to_vec()),
        PendingId::PREFIX => text.parse::<PendingId>().map(|id| id.as_bytes().to_vec()),
        ObjectId::PREFIX => text.parse::<ObjectId>().map(|id| id.as_bytes().to_vec()),
        StatementHash::PREFIX => text
            .parse::<StatementHash>()
            .map(|id| id.as_bytes().to_vec()),
        _ => return Err(format!("no identifier begins with {prefix}")),
    };
    Ok(match bytes {
        Ok(bytes) => Ok(json!({ "bytes": Base64Url(bytes) })),
        Err(IdError::Prefix { .. }) => Err("prefix".into()),
        Err(_) => Err("malformed".into()),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    keys: Base64Url,
}

/// A device's public keys: its identifier.
pub(super) fn device_id(input: &Value) -> Result<Outcome, String> {
    let Keys { keys } = inputs(input)?;
    let keys: DeviceKeys = match cbor::decode(keys.as_slice(), 1 << 14) {
        Ok(keys) => keys,
        Err(error) => return Ok(Err(decode_code(error))),
    };
    let valid = keys.verifier().and_then(|_| keys.sealer());
    Ok(match valid {
        Ok(_) => Ok(json!({ "id": keys.id() })),
        Err(_) => Err("bad_key".into()),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    audience: String,
    tenant: TenantId,
    user: UserId,
    device: DeviceId,
    challenge: Base64Url,
    ed25519: FixedBytes<32>,
    signature: FixedBytes<64>,
}

/// A device's answer to a challenge: the message that it signed.
pub(super) fn sign_in(input: &Value) -> Result<Outcome, String> {
    let input: SignIn = inputs(input)?;
    let message = binding::sign_in_message(
        &input.audience,
        &input.tenant,
        &input.user,
        &input.device,
        input.challenge.as_slice(),
    );
    let signature = Ed25519Signature::from_bytes(input.signature.0);
    let verified = Ed25519PublicKey::from_bytes(input.ed25519.0)
        .and_then(|key| key.verify(label::SIGN_IN, &message, &signature));
    Ok(match verified {
        Ok(()) => Ok(json!({ "message": Base64Url(message) })),
        Err(_) => Err("bad_signature".into()),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Box_ {
    tenant: TenantId,
    ring: RingId,
    epoch: u32,
    member: MemberId,
    member_epoch: u32,
    key: FixedBytes<32>,
    commitment: FixedBytes<32>,
    sealed: Base64Url,
    /// The member ring's seed, or
    seed: Option<FixedBytes<32>>,
    /// the seed of the device's X-Wing key.
    device_seed: Option<FixedBytes<32>>,
}

/// A box: the seed inside and the hash by which a statement names it.
pub(super) fn sealed_box(input: &Value) -> Result<Outcome, String> {
    let input: Box_ = inputs(input)?;
    let sealed = match SealedBox::decode(input.sealed.as_slice()) {
        Ok(sealed) => sealed,
        Err(error) => return Ok(Err(decode_code(error))),
    };
    let context = BoxContext {
        tenant: input.tenant,
        ring: input.ring,
        epoch: input.epoch,
        member: input.member,
        member_epoch: input.member_epoch,
        key: input.key,
    };
    let opened = match (input.seed, input.device_seed) {
        (Some(bytes), None) => context.open(&sealed, Opener::Ring(&seed(bytes)), &input.commitment),
        (None, Some(bytes)) => KemSecretKey::from_seed(&Secret::from_bytes(bytes.0))
            .and_then(|key| context.open(&sealed, Opener::Device(&key), &input.commitment)),
        _ => return Err("a ring's seed or a device's".into()),
    };
    Ok(match opened {
        Ok(seed) => {
            Ok(json!({ "seed": FixedBytes(*seed.secret().expose()), "hash": sealed.hash() }))
        }
        Err(_) => Err(REJECTED.into()),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ladder {
    tenant: TenantId,
    ring: RingId,
    epoch: u32,
    seed: FixedBytes<32>,
    link: Base64Url,
    /// What the chain says of the epoch before.
    commitment: FixedBytes<32>,
}

/// A ladder link: the previous seed, checked against its commitment.
pub(super) fn ladder(input: &Value) -> Result<Outcome, String> {
    let input: Ladder = inputs(input)?;
    let context = LinkContext {
        tenant: &input.tenant,
        ring: input.ring,
        epoch: input.epoch,
    };
    let opened = seed(input.seed).open_link(context, &input.link);
    Ok(match opened {
        Ok(previous) if previous.commitment(RingKind::from(input.ring)) == input.commitment => {
            Ok(json!({ "seed": FixedBytes(*previous.secret().expose()) }))
        }
        _ => Err(REJECTED.into()),
    })
}
