//! Recovery by two servers: the token by which the tenant's lets it begin, and how the vault's share
//! is released. See `spec/10-recovery.md`.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use wardseal_crypto::{
    CryptoError, SUITE, hash,
    kem::{self, KemPublicKey, KemSecretKey},
    label,
    secret::Secret,
};
use wardseal_types::{FixedBytes, KeyId, TenantId, Timestamp, UserId, json_record};

use crate::{
    binding::{self, TokenError},
    cbor,
    state::{Position, TenantState},
};

/// The longest time between `iat` and `exp` of a token, in seconds.
pub const MAX_LIFETIME: u64 = 600;

/// How long a one-time code is good, in minutes.
pub const CODE_MINUTES: u64 = 10;

const TYPE: &str = "wardseal-recovery+jwt";

/// What a recovery token says: this client may have a code sent for this record, once.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The tenant.
    pub iss: TenantId,
    /// The vault, by the audience that it names.
    pub aud: String,
    /// Whose record it is.
    pub sub: UserId,
    /// Name of the record.
    pub rec: FixedBytes<32>,
    /// [`client_hash`] of the key to which the vault's share may be released.
    pub cli: FixedBytes<32>,
    /// When it was signed, in seconds since the Unix epoch.
    pub iat: u64,
    /// Until when it is accepted, in seconds since the Unix epoch; at most [`MAX_LIFETIME`] later.
    pub exp: u64,
    /// A nonce. The vault takes each once.
    pub jti: FixedBytes<16>,
}

json_record!(Claims {
    iss,
    aud,
    sub,
    rec,
    cli,
    iat,
    exp,
    jti,
});

/// What a token's signer signs; [`binding::assemble`] makes a token of it.
#[must_use]
pub fn signing_input(kid: KeyId, claims: &Claims) -> Option<String> {
    Some(binding::input(TYPE, kid, claims))
}

/// Whose server a token claims to be of. Nothing is verified: it says which tenant's keys
/// [`verify`] needs.
///
/// # Errors
/// [`TokenError::Malformed`].
pub fn claimed_tenant(token: &str) -> Result<TenantId, TokenError> {
    binding::parts::<Claims>(TYPE, token).map(|parts| parts.claims.iss)
}

/// Verifies that a token comes from a server of this tenant, is for the vault with this audience
/// and for this client, and is presented in time, with `leeway` seconds for clocks that differ.
/// Whether it was presented before, the vault knows.
///
/// # Errors
/// See [`TokenError`]; [`TokenError::Expired`] also for a token that would live too long.
pub fn verify(
    tenant: &TenantState,
    token: &str,
    audience: &str,
    client_key: &[u8],
    position: Position,
    now: Timestamp,
    leeway: u64,
) -> Result<Claims, TokenError> {
    let claims: Claims = binding::signed(TYPE, tenant, token, position)?;
    if claims.iss != tenant.id || claims.aud != audience || claims.cli != client_hash(client_key) {
        return Err(TokenError::WrongSubject);
    }
    if claims.exp.saturating_sub(claims.iat) > MAX_LIFETIME {
        return Err(TokenError::Expired);
    }
    binding::check_times(claims.iat, claims.exp, now, leeway)?;
    Ok(claims)
}

/// What a token says of the key of the client that asked: its SHA-256.
#[must_use]
pub fn client_hash(client_key: &[u8]) -> FixedBytes<32> {
    FixedBytes(hash::sha256(&[client_key]))
}

/// What a person compares before he types a code: six characters of the hash of the client's key,
/// in the alphabet of Crockford's base32, which has no letters that look alike. The page shows them
/// and so does the letter, so a code that somebody else asked for does not match.
#[must_use]
pub fn tag(client_key: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let FixedBytes([a, b, c, d, ..]) = client_hash(client_key);
    let number = u32::from_be_bytes([a, b, c, d]);
    let mut text = String::with_capacity(7);
    for place in 0u32..6 {
        if place == 3 {
            text.push('-');
        }
        let five = number >> (27 - 5 * place) & 31;
        let letter = usize::try_from(five).ok().and_then(|at| ALPHABET.get(at));
        text.push(char::from(letter.copied().unwrap_or(b'?')));
    }
    text
}

fn release_context(
    tenant: &TenantId,
    user: &UserId,
    record: &FixedBytes<32>,
    attempt: &FixedBytes<32>,
) -> Vec<u8> {
    cbor::encode(&(SUITE, *tenant, *user, *record, *attempt))
}

/// Seals the vault's share to the client that asked for it, in this attempt and no other.
///
/// # Errors
/// [`CryptoError::InvalidKey`], [`CryptoError::Randomness`].
pub fn seal_release(
    to: &KemPublicKey,
    tenant: &TenantId,
    user: &UserId,
    record: &FixedBytes<32>,
    attempt: &FixedBytes<32>,
    share: &[u8; 32],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    let context = release_context(tenant, user, record, attempt);
    kem::seal(to, label::RECOVERY_RELEASE, &context, share, rng)
}

/// Opens what [`seal_release`] sealed.
///
/// # Errors
/// [`CryptoError::Rejected`].
pub fn open_release(
    key: &KemSecretKey,
    tenant: &TenantId,
    user: &UserId,
    record: &FixedBytes<32>,
    attempt: &FixedBytes<32>,
    sealed: &[u8],
) -> Result<Secret<32>, CryptoError> {
    let context = release_context(tenant, user, record, attempt);
    let share = kem::open(key, label::RECOVERY_RELEASE, &context, sealed)?;
    Secret::try_from_slice(share.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_the_beginning_of_the_hash() {
        // SHA-256 of nothing begins e3b0c442: 11100 01110 11000 01100 01000 10000 (10).
        assert_eq!(tag(b""), "WER-C8G");
        assert_ne!(tag(b"a"), tag(b"b"));
    }
}
