//! Access tokens: a server of the tenant shows the key server that it is one. See
//! `spec/08-sign-in.md`.
//!
//! They have the form of binding tokens and are signed by the same keys, so type, audience and
//! scope keep the two apart: each is checked, and neither type has the members of the other.

use serde::{Deserialize, Serialize};
use wardseal_types::{FixedBytes, KeyId, TenantId, Timestamp, json_record};

use crate::{
    binding::{self, TokenError},
    state::{Position, TenantState},
};

/// What an access token lets its bearer do: read chains of the tenant, its users and its groups.
pub const SCOPE: &str = "chains:read";

/// The longest time between `iat` and `exp`, in seconds.
pub const MAX_LIFETIME: u64 = 600;

const TYPE: &str = "wardseal-access+jwt";

/// What an access token says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The tenant.
    pub iss: TenantId,
    /// The key server, by the audience of its sign-ins.
    pub aud: String,
    /// When it was signed, in seconds since the Unix epoch.
    pub iat: u64,
    /// Until when it is accepted, in seconds since the Unix epoch; at most [`MAX_LIFETIME`] later.
    pub exp: u64,
    /// A nonce.
    pub jti: FixedBytes<16>,
    /// [`SCOPE`].
    pub scope: String,
}

json_record!(Claims {
    iss,
    aud,
    iat,
    exp,
    jti,
    scope,
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

/// Verifies that a token comes from a server of this tenant, is for the key server with this
/// audience, and is presented in time, with `leeway` seconds for clocks that differ.
///
/// # Errors
/// See [`TokenError`]; [`TokenError::Expired`] also for a token that would live too long.
pub fn verify(
    tenant: &TenantState,
    token: &str,
    audience: &str,
    position: Position,
    now: Timestamp,
    leeway: u64,
) -> Result<Claims, TokenError> {
    let claims: Claims = binding::signed(TYPE, tenant, token, position)?;
    if claims.iss != tenant.id || claims.aud != audience || claims.scope != SCOPE {
        return Err(TokenError::WrongSubject);
    }
    if claims.exp.saturating_sub(claims.iat) > MAX_LIFETIME {
        return Err(TokenError::Expired);
    }
    binding::check_times(claims.iat, claims.exp, now, leeway)?;
    Ok(claims)
}
