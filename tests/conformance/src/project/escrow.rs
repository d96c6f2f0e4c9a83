//! What lies in escrow, and what its parties sign.

use serde::Deserialize;
use serde_json::{Value, json};
use wardseal_crypto::{kem::KemSecretKey, secret::Secret};
use wardseal_protocol::{
    escrow::{Code, Party, Policy, Receipt},
    keys::{LogKey, TenantKey},
    ring::{RingKind, SealedBox},
};
use wardseal_types::{Base64Url, BoxedBytes, FixedBytes, MemberId, PendingId, SessionId, TenantId};

use super::{
    Outcome, inputs,
    small::{REJECTED, decode_code},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deposit {
    tenant: TenantId,
    session: SessionId,
    pending: PendingId,
    epoch: u32,
    /// What the chain says of the epoch.
    commitment: FixedBytes<32>,
    sealed: Base64Url,
    tenant_share: Base64Url,
    /// Private keys of the two parties.
    tenant_seed: FixedBytes<32>,
    server_seed: FixedBytes<32>,
    code: Option<String>,
}

/// A deposit, opened with both shares.
pub(super) fn deposit(input: &Value) -> Result<Outcome, String> {
    let input: Deposit = inputs(input)?;
    let sealed = match SealedBox::decode(input.sealed.as_slice()) {
        Ok(sealed) => sealed,
        Err(error) => return Ok(Err(decode_code(error))),
    };
    let key = |seed: FixedBytes<32>| {
        KemSecretKey::from_seed(&Secret::from_bytes(seed.0)).map_err(|_| "a seed of a key")
    };
    let (tenant, server) = (key(input.tenant_seed)?, key(input.server_seed)?);
    let code = input.code.as_deref().map(str::parse::<Code>).transpose();
    let code = code.map_err(|error| error.to_string())?;
    let opened = || {
        let (place, deposit) = sealed.deposit(input.tenant)?;
        let here = place.session == input.session
            && place.pending == input.pending
            && place.epoch == input.epoch;
        let hash = wardseal_protocol::escrow::share_hash(input.tenant_share.as_slice());
        if !here || deposit.tenant != Some(hash) {
            return None;
        }
        let of_server = deposit.server.as_ref()?;
        let of_server = place
            .open_server_share(&server, of_server.as_slice())
            .ok()?;
        let of_tenant = input.tenant_share.as_slice();
        let of_tenant = place.open_tenant_share(&tenant, of_tenant).ok()?;
        let key = place.combine(&of_tenant, &of_server.share, code.as_ref());
        let seed = place.open_seed(&key, deposit).ok()?;
        let contact = place.open_contact(&seed, deposit).ok()?;
        (seed.commitment(RingKind::Session) == input.commitment).then(|| {
            json!({
                "seed": FixedBytes(*seed.secret().expose()),
                "hash": sealed.hash(),
                "address": of_server.address,
                "language": contact.language,
            })
        })
    };
    Ok(opened().ok_or_else(|| REJECTED.into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    party: String,
    /// The log key, or a token key of the tenant.
    key: Base64Url,
    tenant: TenantId,
    session: SessionId,
    pending: PendingId,
    member: MemberId,
    commitment: FixedBytes<32>,
    policy: String,
    signature: FixedBytes<64>,
}

/// A party's receipt for a release.
pub(super) fn receipt(input: &Value) -> Result<Outcome, String> {
    let input: Signed = inputs(input)?;
    let policy = match input.policy.as_str() {
        "verified" => Policy::Verified,
        "code" => Policy::Code,
        "confirmed" => Policy::Confirmed,
        "assigned" => Policy::Assigned,
        other => return Err(format!("no policy {other}")),
    };
    let receipt = Receipt {
        tenant: input.tenant,
        session: input.session,
        pending: input.pending,
        member: input.member,
        commitment: input.commitment,
        policy,
    };
    let key = input.key.0;
    let verified = match input.party.as_str() {
        "keys" => {
            let key: [u8; 1984] = key.try_into().map_err(|_| "a log key")?;
            let sign = BoxedBytes::from(key);
            receipt.verify_server(&LogKey { sign }, &input.signature)
        }
        "tenant" => {
            let key: [u8; 32] = key.try_into().map_err(|_| "a token key")?;
            receipt.verify_tenant(&TenantKey::Token(FixedBytes(key)), &input.signature)
        }
        other => return Err(format!("no party {other}")),
    };
    let number = match input.party.as_str() {
        "keys" => Party::Keys,
        _ => Party::Tenant,
    };
    Ok(match verified {
        Ok(()) => Ok(json!({ "party": u8::from(number == Party::Tenant) + 1 })),
        Err(_) => Err(REJECTED.into()),
    })
}
