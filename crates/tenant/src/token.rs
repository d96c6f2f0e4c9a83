//! Tokens that bind names to users. See `spec/05-names-and-tokens.md`.

use rand_core::CryptoRng;
use wardseal_crypto::{CryptoError, secret::Secret, sign::Ed25519SigningKey};
use wardseal_protocol::{
    access,
    binding::{self, Claims},
    keys::TenantKey,
    recovery,
};
use wardseal_types::{FixedBytes, GroupId, KeyId, NamedId, TenantId, Timestamp, UserId};

/// How long a token may be presented, in seconds.
pub const TOKEN_LIFETIME: u64 = 600;

/// How long an access token is accepted, in seconds.
pub const ACCESS_LIFETIME: u64 = access::MAX_LIFETIME;

/// A key that signs tokens, with Ed25519.
#[derive(Debug)]
pub struct TokenKey(Ed25519SigningKey);

/// What a new user asks the application to sign. The application must have checked, in its own
/// way, that the person has the name that `commitment` and `index` were made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NameRequest {
    /// The new user.
    pub user: UserId,
    /// Salted commitment to the name.
    pub commitment: FixedBytes<32>,
    /// Index of the name.
    pub index: FixedBytes<32>,
}

/// What an administrator of a new group asks the application to sign. The application must have
/// checked that the group is whom it calls so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GroupNameRequest {
    /// The group.
    pub group: GroupId,
    /// Salted commitment to the name.
    pub commitment: FixedBytes<32>,
    /// Index of the name.
    pub index: FixedBytes<32>,
}

impl GroupNameRequest {
    /// Whether the index is that of this name.
    #[must_use]
    pub fn is_for(&self, tenant: &TenantId, name: &str) -> bool {
        binding::is_name(name) && binding::index(tenant, name) == self.index
    }
}

/// Which record is to be recovered, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryRequest<'a> {
    /// Whose record it is.
    pub user: UserId,
    /// The record at the vault.
    pub record: FixedBytes<32>,
    /// The X-Wing key of the client that asks.
    pub client_key: &'a [u8],
}

/// Who is to have a name.
struct Name {
    holder: NamedId,
    commitment: FixedBytes<32>,
    index: FixedBytes<32>,
}

impl From<NameRequest> for Name {
    fn from(request: NameRequest) -> Self {
        Self {
            holder: request.user.into(),
            commitment: request.commitment,
            index: request.index,
        }
    }
}

impl From<GroupNameRequest> for Name {
    fn from(request: GroupNameRequest) -> Self {
        Self {
            holder: request.group.into(),
            commitment: request.commitment,
            index: request.index,
        }
    }
}

impl NameRequest {
    /// Whether the index is that of this name, so that nobody gets another's name signed. The
    /// commitment is checked by everybody who looks the name up.
    #[must_use]
    pub fn is_for(&self, tenant: &TenantId, name: &str) -> bool {
        binding::is_name(name) && binding::index(tenant, name) == self.index
    }
}

impl TokenKey {
    /// Draws a key.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn generate(rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        Ed25519SigningKey::generate(rng).map(Self)
    }

    /// The key that a seed stands for.
    #[must_use]
    pub fn from_seed(seed: &Secret<32>) -> Self {
        Self(Ed25519SigningKey::from_seed(seed))
    }

    /// The seed, to be kept.
    #[must_use]
    pub fn seed(&self) -> Secret<32> {
        self.0.seed()
    }

    /// What signs receipts.
    pub(crate) const fn signer(&self) -> &Ed25519SigningKey {
        &self.0
    }

    /// The public half, as it stands in the tenant's chain.
    #[must_use]
    pub fn public(&self) -> TenantKey {
        TenantKey::Token(FixedBytes(*self.0.public().as_bytes()))
    }

    /// The identifier: `kid` of the tokens.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.public().id()
    }

    /// Signs that a name means a user. The token can be presented for [`TOKEN_LIFETIME`].
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn bind(
        &self,
        tenant: TenantId,
        request: NameRequest,
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Result<String, CryptoError> {
        self.bind_to(tenant, request.into(), None, now, rng)
    }

    /// Signs that a name means a user from now on and not `old` any more: the same person, who lost
    /// every way back in. The application must have made sure of that, and members confirm the new
    /// user as they confirm any.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn rebind(
        &self,
        tenant: TenantId,
        request: NameRequest,
        old: UserId,
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Result<String, CryptoError> {
        self.bind_to(tenant, request.into(), Some(old), now, rng)
    }

    /// Signs that a name means a group.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn bind_group(
        &self,
        tenant: TenantId,
        request: GroupNameRequest,
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Result<String, CryptoError> {
        self.bind_to(tenant, request.into(), None, now, rng)
    }

    fn bind_to(
        &self,
        tenant: TenantId,
        name: Name,
        old: Option<UserId>,
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Result<String, CryptoError> {
        let nonce = Secret::<16>::generate(rng)?;
        let claims = Claims {
            iss: tenant,
            sub: name.holder,
            aud: binding::AUDIENCE.into(),
            iat: now.seconds(),
            exp: now.seconds().saturating_add(TOKEN_LIFETIME),
            jti: FixedBytes(*nonce.expose()),
            cmt: name.commitment,
            idx: name.index,
            old,
        };
        // Serialising our own claims does not fail; a signature over nothing would bind nothing.
        let input = binding::signing_input(self.id(), &claims).unwrap_or_default();
        let signature = self.0.sign_unlabelled(input.as_bytes());
        Ok(binding::assemble(&input, signature.as_bytes()))
    }

    /// Signs that the vault with this audience may send a code for a record of a user's, at the
    /// request of the client with this key. The vault takes it once, for [`TOKEN_LIFETIME`]. The
    /// application limits how many it signs for a record, and checks the person by a code of its own
    /// before it gives its share away. See `spec/10-recovery.md`.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn recovery(
        &self,
        tenant: TenantId,
        audience: &str,
        request: &RecoveryRequest<'_>,
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Result<String, CryptoError> {
        let nonce = Secret::<16>::generate(rng)?;
        let claims = recovery::Claims {
            iss: tenant,
            aud: audience.into(),
            sub: request.user,
            rec: request.record,
            cli: recovery::client_hash(request.client_key),
            iat: now.seconds(),
            exp: now.seconds().saturating_add(recovery::MAX_LIFETIME),
            jti: FixedBytes(*nonce.expose()),
        };
        let input = recovery::signing_input(self.id(), &claims).unwrap_or_default();
        let signature = self.0.sign_unlabelled(input.as_bytes());
        Ok(binding::assemble(&input, signature.as_bytes()))
    }

    /// Signs that whoever presents this is a server of the tenant: what [`Inquiry::request`] goes
    /// out with. The key server accepts it for [`ACCESS_LIFETIME`]. `audience` is what the key
    /// server's sign-ins name, as this server is configured with it: its public address. Only that
    /// server accepts the token, so it is to be sent nowhere else.
    ///
    /// [`Inquiry::request`]: crate::Inquiry::request
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn access(
        &self,
        tenant: TenantId,
        audience: &str,
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Result<String, CryptoError> {
        let nonce = Secret::<16>::generate(rng)?;
        let claims = access::Claims {
            iss: tenant,
            aud: audience.into(),
            iat: now.seconds(),
            exp: now.seconds().saturating_add(ACCESS_LIFETIME),
            jti: FixedBytes(*nonce.expose()),
            scope: access::SCOPE.into(),
        };
        let input = access::signing_input(self.id(), &claims).unwrap_or_default();
        let signature = self.0.sign_unlabelled(input.as_bytes());
        Ok(binding::assemble(&input, signature.as_bytes()))
    }
}
