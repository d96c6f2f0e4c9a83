//! Sign-in by a device's signature, and the token that it gives. See `spec/08-sign-in.md`.
//!
//! Neither challenge nor token is kept: both carry their end and a code that only this server can
//! make.

use data_encoding::BASE64URL_NOPAD;
use wardseal_crypto::{
    hash, label,
    label::Label,
    secret::Secret,
    sign::{Ed25519PublicKey, Ed25519Signature},
};
use wardseal_protocol::{
    access,
    binding::{self, TokenError},
    cbor,
    certificate::Certificate,
    keys::DeviceKeys,
    state::{NOW, World as _},
};
use wardseal_types::{ChainId, DeviceId, TenantId, Timestamp, UserId, cbor_array};

use super::{
    Caller, Challenge, KeyService, SignIn, SignedIn, TOKEN_LEEWAY, TenantServer, world::Loader,
};
use crate::error::DomainError;

/// Milliseconds for which a challenge is recognised.
pub const CHALLENGE_LIFETIME: u64 = 120_000;

/// Milliseconds for which a token is accepted.
pub const TOKEN_LIFETIME: u64 = 15 * 60 * 1000;

const NONCE: usize = 16;
const MAC: usize = 32;
/// No token of ours is longer.
const MAX_TOKEN: usize = 512;

#[derive(Debug)]
struct Token {
    tenant: TenantId,
    user: UserId,
    device: DeviceId,
    expires: Timestamp,
}

cbor_array!(Token {
    tenant,
    user,
    device,
    expires,
});

impl KeyService {
    /// Begins a sign-in. It says nothing about whether the user or device exists.
    ///
    /// # Errors
    /// [`DomainError::UnknownTenant`].
    pub fn challenge(&self, caller: &Caller) -> Result<Challenge, DomainError> {
        let shared = &self.shared;
        if shared.store.read()?.log(&caller.tenant)?.is_none() {
            return Err(DomainError::UnknownTenant);
        }
        let time = shared.clock.now();
        let expires = time.plus_millis(CHALLENGE_LIFETIME).millis().to_be_bytes();
        let nonce = shared.random.with(|rng| Secret::<NONCE>::generate(rng))?;
        let mac = challenge_mac(&shared.secrets.mac, caller, nonce.expose(), &expires);
        Ok(Challenge {
            challenge: [nonce.expose().as_slice(), &expires, &mac].concat(),
            time,
        })
    }

    /// Gives a token for a device's signature over a challenge.
    ///
    /// # Errors
    /// [`DomainError::ChallengeExpired`], [`DomainError::SignInRefused`] and
    /// [`DomainError::UnknownTenant`].
    pub fn sign_in(&self, request: &SignIn) -> Result<SignedIn, DomainError> {
        let shared = &self.shared;
        let caller = &request.caller;
        let now = shared.clock.now();
        self.check_challenge(caller, &request.challenge, now)?;
        let device = self.device(caller)?.ok_or(DomainError::SignInRefused)?;
        let mut expires = now.plus_millis(TOKEN_LIFETIME);
        let key = match &request.certificate {
            None => device.ed25519(),
            Some(bytes) => {
                let certificate: Certificate =
                    cbor::decode(bytes, MAX_TOKEN).map_err(|_| DomainError::SignInRefused)?;
                certificate
                    .check_now(&caller.tenant, &caller.user, &device, now)
                    .map_err(|_| DomainError::SignInRefused)?;
                expires = expires.min(certificate.until);
                certificate.key.0
            }
        };
        let message = binding::sign_in_message(
            &shared.config.audience,
            &caller.tenant,
            &caller.user,
            &caller.device,
            &request.challenge,
        );
        Ed25519PublicKey::from_bytes(key)
            .and_then(|key| {
                let signature = Ed25519Signature::from_bytes(request.signature);
                key.verify(label::SIGN_IN, &message, &signature)
            })
            .map_err(|_| DomainError::SignInRefused)?;
        let content = cbor::encode(&Token {
            tenant: caller.tenant,
            user: caller.user,
            device: caller.device,
            expires,
        });
        let mac = hash::mac(&shared.secrets.mac, label::TOKEN_MAC, &[&content]);
        Ok(SignedIn {
            token: BASE64URL_NOPAD.encode(&[content.as_slice(), &mac].concat()),
            expires,
            time: now,
        })
    }

    /// Who holds this token. No signature is checked; but the device must still be in force.
    ///
    /// # Errors
    /// [`DomainError::SignInRequired`] and [`DomainError::TokenExpired`].
    pub fn authenticate(&self, token: &str) -> Result<Caller, DomainError> {
        let token = self.open_token(token).ok_or(DomainError::SignInRequired)?;
        if token.expires <= self.shared.clock.now() {
            return Err(DomainError::TokenExpired);
        }
        let caller = Caller {
            tenant: token.tenant,
            user: token.user,
            device: token.device,
        };
        match self.device(&caller) {
            Ok(Some(_)) => Ok(caller),
            Ok(None) | Err(DomainError::UnknownTenant) => Err(DomainError::SignInRequired),
            Err(error) => Err(error),
        }
    }

    /// Which tenant's server holds this access token. Nothing is kept, so it may be presented as
    /// often as its bearer likes until it expires, or the key that signed it is revoked.
    ///
    /// # Errors
    /// [`DomainError::AccessRefused`], [`DomainError::AccessExpired`] and
    /// [`DomainError::UnknownTenant`].
    pub fn authenticate_tenant(&self, token: &str) -> Result<TenantServer, DomainError> {
        let shared = &self.shared;
        let tenant = access::claimed_tenant(token).map_err(DomainError::AccessRefused)?;
        let snapshot = shared.store.read()?;
        let find = |chain: &ChainId| shared.cache.find(&tenant, chain);
        let mut loader = Loader::new(tenant, &*snapshot, &find);
        loader.load([])?;
        let state = loader.known.tenant().ok_or(DomainError::UnknownTenant)?;
        access::verify(
            state,
            token,
            &shared.config.audience,
            NOW,
            shared.clock.now(),
            TOKEN_LEEWAY,
        )
        .map_err(|error| match error {
            TokenError::Expired | TokenError::NotYetValid => DomainError::AccessExpired(error),
            _ => DomainError::AccessRefused(error),
        })?;
        shared.cache.learn(&tenant, loader.folded);
        Ok(TenantServer { tenant })
    }

    fn open_token(&self, token: &str) -> Option<Token> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let (content, found) = bytes.split_last_chunk::<MAC>()?;
        let expected = hash::mac(&self.shared.secrets.mac, label::TOKEN_MAC, &[content]);
        if hash::ct_eq(found, &expected) {
            cbor::decode(content, MAX_TOKEN).ok()
        } else {
            None
        }
    }

    fn check_challenge(
        &self,
        caller: &Caller,
        challenge: &[u8],
        now: Timestamp,
    ) -> Result<(), DomainError> {
        let genuine = || {
            let (nonce, rest) = challenge.split_first_chunk::<NONCE>()?;
            let (expires, mac) = rest.split_first_chunk::<8>()?;
            let expected = challenge_mac(&self.shared.secrets.mac, caller, nonce, expires);
            hash::ct_eq(mac, &expected).then(|| u64::from_be_bytes(*expires))
        };
        match genuine() {
            Some(expires) if now < Timestamp::from_millis(expires) => Ok(()),
            _ => Err(DomainError::ChallengeExpired),
        }
    }

    /// The keys of a device that is in force now.
    fn device(&self, caller: &Caller) -> Result<Option<DeviceKeys>, DomainError> {
        let shared = &self.shared;
        let snapshot = shared.store.read()?;
        if snapshot.log(&caller.tenant)?.is_none() {
            return Err(DomainError::UnknownTenant);
        }
        let find = |chain: &ChainId| shared.cache.find(&caller.tenant, chain);
        let mut loader = Loader::new(caller.tenant, &*snapshot, &find);
        loader.load([ChainId::User(caller.user)])?;
        let user = loader.known.user(&caller.user);
        let device = user.and_then(|user| user.device_at(&caller.device, NOW));
        let keys = device.map(|record| record.keys.clone());
        shared.cache.learn(&caller.tenant, loader.folded);
        Ok(keys)
    }
}

fn challenge_mac(key: &Secret<32>, caller: &Caller, nonce: &[u8], expires: &[u8; 8]) -> [u8; MAC] {
    const LABEL: Label = label::CHALLENGE_MAC;
    let Caller {
        tenant,
        user,
        device,
    } = caller;
    let parts: [&[u8]; 5] = [
        tenant.as_bytes(),
        user.as_bytes(),
        device.as_bytes(),
        nonce,
        expires,
    ];
    hash::mac(key, LABEL, &parts)
}
