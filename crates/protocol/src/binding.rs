//! Names: an application calls people by its own identifiers, and the tenant signs which user a
//! name means. See `spec/05-names-and-tokens.md`.
//!
//! The token is a JSON Web Signature (RFC 7515, compact form) by Ed25519 (RFC 8037) with the claims
//! of RFC 7519. Exactly one header and one set of claims is accepted, so there is no algorithm to
//! confuse: that is eighty lines, where the JWT libraries bring RSA, P-256 and a C library into
//! the browser.

use serde::{Deserialize, Serialize};
use wardseal_crypto::{
    hash, label,
    sign::{Ed25519PublicKey, Ed25519Signature},
};
use wardseal_types::{
    Base64Url, FixedBytes, KeyId, NamedId, TenantId, Timestamp, UserId,
    json::{self, FromJson, ToJson, Value},
    json_record, limits,
};

use crate::{
    cbor,
    keys::TenantKey,
    state::{Position, TenantState},
};

/// What a binding token is for; stands as `aud` in it.
pub const AUDIENCE: &str = "wardseal:bind";

const TYPE: &str = "wardseal-binding+jwt";
const MAX_TOKEN: usize = 4096;

/// Why a token does not bind a name to a user.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is no token of the one form that is accepted.
    #[error("the token is malformed: ask the application for a new one")]
    Malformed,
    /// It was signed by a key that is not, or no longer, a token key of the tenant.
    #[error("the token is signed by a key that this tenant does not use for tokens")]
    UnknownKey,
    /// The signature does not verify.
    #[error("the signature of the token does not verify")]
    BadSignature,
    /// It is for another tenant, user, name or purpose.
    #[error("the token is for another tenant, user, name or purpose")]
    WrongSubject,
    /// It has expired, by the clock of whoever checks.
    #[error("the token has expired: ask the application for a new one, or set its clock")]
    Expired,
    /// It comes from the future, by the clock of whoever checks.
    #[error("the token comes from the future: the clock of the application's server is wrong")]
    NotYetValid,
}

impl TokenError {
    /// The stable name of this error, in test vectors and documentation.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::WrongSubject => "wrong_subject",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
        }
    }
}

/// The header of the only kind of token that there is.
#[derive(Debug)]
struct Header {
    alg: String,
    kid: KeyId,
    typ: String,
}

json_record!(Header { alg, kid, typ });

/// What a binding token says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The tenant.
    pub iss: TenantId,
    /// Whom the name means: a user or a group.
    pub sub: NamedId,
    /// [`AUDIENCE`].
    pub aud: String,
    /// When it was signed, in seconds since the Unix epoch.
    pub iat: u64,
    /// Until when it may be presented, in seconds since the Unix epoch. Once it stands in a chain,
    /// the binding does not expire.
    pub exp: u64,
    /// A nonce.
    pub jti: FixedBytes<16>,
    /// [`commit`]: the salted commitment to the name.
    pub cmt: FixedBytes<32>,
    /// [`index`]: what the key server finds the user by.
    pub idx: FixedBytes<32>,
    /// Whose name it was: somebody who lost every way back in, and starts again as `sub`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<UserId>,
}

impl ToJson for Claims {
    fn write(&self, out: &mut String) {
        let mut members: Vec<(&str, &dyn ToJson)> = vec![
            ("iss", &self.iss),
            ("sub", &self.sub),
            ("aud", &self.aud),
            ("iat", &self.iat),
            ("exp", &self.exp),
            ("jti", &self.jti),
            ("cmt", &self.cmt),
            ("idx", &self.idx),
        ];
        if let Some(old) = &self.old {
            members.push(("old", old));
        }
        json::write_record(out, &members);
    }
}

impl FromJson for Claims {
    fn read(value: &Value<'_>) -> Option<Self> {
        let mut members = value.record()?;
        let claims = Self {
            iss: members.take("iss")?,
            sub: members.take("sub")?,
            aud: members.take("aud")?,
            iat: members.take("iat")?,
            exp: members.take("exp")?,
            jti: members.take("jti")?,
            cmt: members.take("cmt")?,
            idx: members.take("idx")?,
            old: members.take("old")?,
        };
        members.end().map(|()| claims)
    }
}

/// The salted commitment to a name, which stands in the chain. Without the salt nobody can tell
/// whose it is, so forgetting the salt forgets the name.
#[must_use]
pub fn commit(tenant: &TenantId, salt: &[u8; 32], name: &str) -> FixedBytes<32> {
    FixedBytes(hash::hash(
        label::NAME_COMMITMENT,
        &[tenant.as_bytes(), salt, name.as_bytes()],
    ))
}

/// What the key server finds a user by. It is a hash and no secret: whoever guesses the name can
/// check the guess.
#[must_use]
pub fn index(tenant: &TenantId, name: &str) -> FixedBytes<32> {
    FixedBytes(hash::hash(
        label::NAME_INDEX,
        &[tenant.as_bytes(), name.as_bytes()],
    ))
}

/// The salted commitment to an address to which the vault writes, which stands in a
/// [`TwoMan`](crate::op::TwoMan). The address is taken as it was typed.
#[must_use]
pub fn address_commitment(tenant: &TenantId, salt: &[u8; 32], address: &str) -> FixedBytes<32> {
    FixedBytes(hash::hash(
        label::ADDRESS_COMMITMENT,
        &[tenant.as_bytes(), salt, address.as_bytes()],
    ))
}

/// Whether a text can be an address to which codes are sent: 3 to 254 bytes, one `@` with something on both sides, no
/// control characters and no white space. Whether anybody reads what is sent there, a code shows.
#[must_use]
pub fn is_address(address: &str) -> bool {
    let parts = address.split_once('@');
    (3..=limits::MAX_ADDRESS).contains(&address.len())
        && parts.is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        })
        && !address
            .chars()
            .any(|letter| letter.is_control() || letter.is_whitespace())
}

/// Whether a text can be the name of a person or group: not empty, not longer than
/// [`MAX_NAME`](limits::MAX_NAME), and without control characters or outer white space.
#[must_use]
pub fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= limits::MAX_NAME
        && name.trim() == name
        && !name.chars().any(char::is_control)
}

/// What a token's signer signs, and how it becomes a token: used by the tenant's own server.
#[must_use]
pub fn signing_input(kid: KeyId, claims: &Claims) -> Option<String> {
    Some(input(TYPE, kid, claims))
}

/// The signing input of a token of any type.
pub(crate) fn input(typ: &str, kid: KeyId, claims: &dyn ToJson) -> String {
    let header = Header {
        alg: "EdDSA".into(),
        kid,
        typ: typ.into(),
    };
    format!(
        "{}.{}",
        Base64Url::text_of(&json::to_vec(&header)),
        Base64Url::text_of(&json::to_vec(claims))
    )
}

/// The token that consists of a [`signing_input`] and the signature over it.
#[must_use]
pub fn assemble(signing_input: &str, signature: &[u8; 64]) -> String {
    format!("{signing_input}.{}", Base64Url::text_of(signature))
}

/// Reads a token and verifies its signature by a token key in force at `position`. Its times are
/// not judged: [`check_time`] does that where a token is presented.
///
/// # Errors
/// See [`TokenError`].
pub fn read(tenant: &TenantState, token: &str, position: Position) -> Result<Claims, TokenError> {
    let claims: Claims = signed(TYPE, tenant, token, position)?;
    if claims.iss != tenant.id || claims.aud != AUDIENCE {
        return Err(TokenError::WrongSubject);
    }
    Ok(claims)
}

/// Reads a token of this type and verifies its signature by a token key in force at `position`.
/// Whom and what it is for is judged by the caller.
pub(crate) fn signed<C: FromJson>(
    typ: &str,
    tenant: &TenantState,
    token: &str,
    position: Position,
) -> Result<C, TokenError> {
    let Parts {
        input,
        header,
        claims,
        signature,
    } = parts(typ, token)?;
    let Some(TenantKey::Token(key)) = tenant.key_at(&header.kid, position) else {
        return Err(TokenError::UnknownKey);
    };
    Ed25519PublicKey::from_bytes(*key.as_array())
        .and_then(|key| {
            key.verify_unlabelled(input.as_bytes(), &Ed25519Signature::from_bytes(signature))
        })
        .map_err(|_| TokenError::BadSignature)?;
    Ok(claims)
}

/// A token taken apart, its signature not verified.
pub(crate) struct Parts<'t, C> {
    input: &'t str,
    header: Header,
    pub(crate) claims: C,
    signature: [u8; 64],
}

/// Takes a token of this type apart.
pub(crate) fn parts<'t, C: FromJson>(
    typ: &str,
    token: &'t str,
) -> Result<Parts<'t, C>, TokenError> {
    if token.len() > MAX_TOKEN {
        return Err(TokenError::Malformed);
    }
    let (input, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, claims) = input.split_once('.').ok_or(TokenError::Malformed)?;
    let header: Header = part(header)?;
    if header.alg != "EdDSA" || header.typ != typ {
        return Err(TokenError::Malformed);
    }
    let claims: C = part(claims)?;
    let signature: [u8; 64] = Base64Url::from_text(signature)
        .and_then(|Base64Url(bytes)| bytes.try_into().ok())
        .ok_or(TokenError::Malformed)?;
    Ok(Parts {
        input,
        header,
        claims,
        signature,
    })
}

fn part<T: FromJson>(text: &str) -> Result<T, TokenError> {
    let Base64Url(bytes) = Base64Url::from_text(text).ok_or(TokenError::Malformed)?;
    json::from_slice(&bytes).ok_or(TokenError::Malformed)
}

/// Judges the times of a token that is presented, with `leeway` seconds for clocks that differ.
///
/// # Errors
/// [`TokenError::Expired`] and [`TokenError::NotYetValid`].
pub const fn check_time(claims: &Claims, now: Timestamp, leeway: u64) -> Result<(), TokenError> {
    check_times(claims.iat, claims.exp, now, leeway)
}

/// Judges the times of a token of any type.
pub(crate) const fn check_times(
    iat: u64,
    exp: u64,
    now: Timestamp,
    leeway: u64,
) -> Result<(), TokenError> {
    if exp.saturating_add(leeway) < now.seconds() {
        return Err(TokenError::Expired);
    }
    if iat > now.seconds().saturating_add(leeway) {
        return Err(TokenError::NotYetValid);
    }
    Ok(())
}

/// Checks that a token in a chain of a user or group binds the committed name to that user or
/// group.
///
/// # Errors
/// See [`TokenError`].
pub fn verify(
    tenant: &TenantState,
    subject: NamedId,
    commitment: &FixedBytes<32>,
    token: &Base64Url,
    position: Position,
) -> Result<Claims, TokenError> {
    let text = core::str::from_utf8(token.as_slice()).map_err(|_| TokenError::Malformed)?;
    let claims = read(tenant, text, position)?;
    if claims.sub == subject && claims.cmt == *commitment {
        Ok(claims)
    } else {
        Err(TokenError::WrongSubject)
    }
}

/// What a device signs to sign in, or to prove to an application whose it is: the challenge, and
/// everything it could be confused about. The two have different labels.
#[must_use]
pub fn sign_in_message(
    audience: &str,
    tenant: &TenantId,
    user: &UserId,
    device: &wardseal_types::DeviceId,
    challenge: &[u8],
) -> Vec<u8> {
    cbor::encode(&(
        wardseal_crypto::SUITE,
        audience,
        *tenant,
        *user,
        *device,
        Base64Url::from(challenge),
    ))
}
