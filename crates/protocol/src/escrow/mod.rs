//! Escrow: a seed for a recipient who has no keys yet, under two shares that two parties hold until
//! he claims it. See `spec/11-escrow.md`.

mod code;
mod receipt;

use rand_core::CryptoRng;
use wardseal_crypto::{
    CryptoError, SUITE, chunked, hash, kdf,
    kem::{self, KemPublicKey, KemSecretKey},
    label,
    secret::{Secret, SecretBytes},
};
use wardseal_types::{
    Base64Url, BoxedBytes, FixedBytes, GroupId, KeyId, MemberId, PendingId, SessionId, TenantId,
    Timestamp, UserId, cbor_index, cbor_map, limits, words,
};

use crate::{
    cbor::{self, DecodeError},
    keys::{EscrowKey, HYBRID_SIGNATURE, LogKey, verify_hybrid},
    ring::Seed,
};

pub use code::{BadCode, Code};
pub use receipt::{Cause, Claim, Erasure, Receipt, TenantReceipt};

/// What a recipient must show before the shares are released to him. His name he must have in any
/// case.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Policy {
    /// That he reads what is sent to an address: the key server sends him a code.
    Verified,
    /// A code that the sender told him, which enters the key.
    Code,
    /// Nothing releases it: there are no shares. A member who compared the number of his group or
    /// of himself lets him in.
    Confirmed,
    /// Nothing else: the tenant's assignment of the name is enough.
    Assigned,
}

words!(Policy {
    Verified: "verified",
    Code: "code",
    Confirmed: "confirmed",
    Assigned: "assigned",
});

cbor_index!(Policy {
    1: Verified,
    2: Code,
    3: Confirmed,
    4: Assigned,
});

impl Policy {
    /// Whether there are shares.
    #[must_use]
    pub const fn has_shares(self) -> bool {
        !matches!(self, Self::Confirmed)
    }
}

/// Who holds a share.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Party {
    /// The key server.
    Keys,
    /// The tenant's server.
    Tenant,
}

cbor_index!(Party { 1: Keys, 2: Tenant });

/// For whom and on which terms something lies in escrow. A pending recipient is named by the hash
/// of it, and stays the same when the session's seed changes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Terms {
    /// Suite identifier.
    pub suite: u16,
    /// The tenant.
    pub tenant: TenantId,
    /// Index of the recipient's name ([`binding::index`](crate::binding::index)).
    pub index: FixedBytes<32>,
    /// What he must show.
    pub policy: Policy,
    /// Until when.
    pub expires: Timestamp,
    /// Drawn at random, so that two recipients never are the same by accident.
    pub nonce: FixedBytes<16>,
    /// Who granted it.
    pub sender: UserId,
    /// The group in whose name he did.
    pub group: Option<GroupId>,
    /// The tenant's escrow key.
    pub tenant_key: Option<KeyId>,
    /// Hash of the key server's escrow key ([`key_hash`]).
    pub server_key: Option<FixedBytes<32>>,
}

cbor_map!(Terms {
    0: suite,
    1: tenant,
    2: index,
    3: policy,
    4: expires,
    5: nonce,
    6: sender,
    7: group,
    8: tenant_key,
    9: server_key,
});

impl Terms {
    /// The pending recipient of these terms.
    #[must_use]
    pub fn id(&self) -> PendingId {
        PendingId::from_bytes(hash::hash(label::ID_PENDING, &[&cbor::encode(self)]))
    }

    /// Whether they are of our suite, and name both parties exactly where there are shares.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.suite == SUITE
            && self.tenant_key.is_some() == self.policy.has_shares()
            && self.server_key.is_some() == self.policy.has_shares()
    }

    /// Reads terms.
    ///
    /// # Errors
    /// See [`DecodeError`]; terms that are not whole are malformed.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let terms: Self = cbor::decode(bytes, limits::MAX_BOX)?;
        if terms.is_whole() {
            Ok(terms)
        } else {
            Err(DecodeError::Malformed)
        }
    }
}

/// The hash by which terms name the key server's escrow key.
#[must_use]
pub fn key_hash(key: &[u8]) -> FixedBytes<32> {
    FixedBytes(hash::sha256(&[key]))
}

/// What the log key of a key server signs, with [`label::ESCROW_KEY`], so that its escrow key is
/// pinned through the genesis of every tenant.
#[must_use]
pub fn key_message(log: &LogKey, key: &[u8]) -> Vec<u8> {
    let origin = FixedBytes(hash::sha256(&[log.sign.as_array()]));
    cbor::encode(&(SUITE, origin, Base64Url::from(key)))
}

/// The key server's escrow key, if it is signed by the log key that the tenant's genesis names.
///
/// # Errors
/// [`CryptoError::Rejected`] for another signature, [`CryptoError::InvalidKey`] for what is no key.
pub fn verify_key(
    log: &LogKey,
    key: &[u8],
    signature: &BoxedBytes<HYBRID_SIGNATURE>,
) -> Result<KemPublicKey, CryptoError> {
    verify_hybrid(
        &log.sign,
        label::ESCROW_KEY,
        &key_message(log, key),
        signature,
    )?;
    KemPublicKey::from_bytes(key)
}

/// What lies in escrow for one epoch of a session: the box of a pending recipient.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Deposit {
    /// For whom and on which terms.
    pub terms: Terms,
    /// The key server's share, with the address to which it sends a code.
    pub server: Option<Base64Url>,
    /// Hash of the tenant's sealed share, which its own server keeps.
    pub tenant: Option<FixedBytes<32>>,
    /// The seed, under the key that both shares make.
    pub sealed: Option<Base64Url>,
    /// For the members of the session: what they need to deposit the next seed.
    pub members: Base64Url,
}

cbor_map!(Deposit {
    0: terms,
    1: server,
    2: tenant,
    3: sealed,
    4: members,
});

impl Deposit {
    /// Whether its parts are those that its terms ask for.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let shares = self.terms.policy.has_shares();
        self.terms.is_whole()
            && self.server.is_some() == shares
            && self.tenant.is_some() == shares
            && self.sealed.is_some() == shares
    }
}

/// The hash by which a deposit names the tenant's sealed share.
#[must_use]
pub fn share_hash(sealed: &[u8]) -> FixedBytes<32> {
    FixedBytes(hash::sha256(&[sealed]))
}

/// How a recipient is reached and what the sender agreed with him. Members of the session keep it,
/// so that each of them can deposit the seed of a new epoch.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Contact {
    /// Address to which the key server sends a code (policy `verified`).
    pub address: Option<String>,
    /// Canonical text of the code that enters the key (policy `code`).
    pub code: Option<Code>,
    /// Language of messages to him: two letters.
    pub language: Option<String>,
}

cbor_map!(Contact {
    0: address,
    1: code,
    2: language,
});

impl Contact {
    /// Whether it has what the policy needs, and nothing is longer than allowed.
    #[must_use]
    pub fn suits(&self, policy: Policy) -> bool {
        self.address.is_some() == (policy == Policy::Verified)
            && self.code.is_some() == (policy == Policy::Code)
            && self
                .address
                .as_deref()
                .is_none_or(crate::binding::is_address)
            && self.language.as_deref().is_none_or(is_language)
    }
}

fn is_language(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// What the key server finds in its part of a deposit.
#[derive(Clone, Debug)]
pub struct ServerShare {
    /// Its share.
    pub share: Secret<32>,
    /// Where it sends a code, if the policy wants one.
    pub address: Option<String>,
    /// Language of the message.
    pub language: Option<String>,
}

struct ServerPart {
    share: FixedBytes<32>,
    address: Option<String>,
    language: Option<String>,
}

cbor_map!(ServerPart {
    0: share,
    1: address,
    2: language,
});

/// Both parties' public keys, verified.
#[derive(Clone, Debug)]
pub struct Parties {
    /// Identifier of the tenant's escrow key.
    pub tenant_key: KeyId,
    /// The tenant's escrow key.
    pub tenant: KemPublicKey,
    /// The key server's escrow key.
    pub server: KemPublicKey,
}

impl Parties {
    /// The parties with these keys.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`].
    pub fn new(
        (tenant_key, tenant): (KeyId, &EscrowKey),
        server: KemPublicKey,
    ) -> Result<Self, CryptoError> {
        Ok(Self {
            tenant_key,
            tenant: tenant.sealer()?,
            server,
        })
    }

    /// Whether these are the keys that `terms` name.
    #[must_use]
    pub fn answer(&self, terms: &Terms) -> bool {
        terms.tenant_key == Some(self.tenant_key)
            && terms.server_key == Some(key_hash(self.server.as_bytes()))
    }
}

/// A deposit that was just made, and what goes to the tenant's server before it is appended.
#[derive(Clone, Debug)]
pub struct Deposited {
    /// The deposit.
    pub deposit: Deposit,
    /// The tenant's sealed share.
    pub tenant_share: Option<Base64Url>,
}

/// Where a deposit stands: everything it is bound to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// The tenant.
    pub tenant: TenantId,
    /// The session whose seed is inside.
    pub session: SessionId,
    /// The epoch of that seed.
    pub epoch: u32,
    /// For whom.
    pub pending: PendingId,
}

impl Place {
    fn encode(&self) -> Vec<u8> {
        cbor::encode(&(SUITE, self.tenant, self.session, self.epoch, self.pending))
    }

    fn share_context(&self, party: Party) -> Vec<u8> {
        cbor::encode(&(
            SUITE,
            self.tenant,
            self.session,
            self.epoch,
            self.pending,
            party,
        ))
    }

    /// Puts a seed in escrow. `parties` are those that the terms name; they are needed exactly where
    /// there are shares.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`] when terms, parties and contact do not fit each other,
    /// [`CryptoError::Randomness`].
    pub fn deposit(
        &self,
        terms: &Terms,
        parties: Option<&Parties>,
        contact: &Contact,
        seed: &Seed,
        rng: &mut dyn CryptoRng,
    ) -> Result<Deposited, CryptoError> {
        let named = match parties {
            Some(parties) => parties.answer(terms),
            None => !terms.policy.has_shares(),
        };
        let fits = terms.id() == self.pending && terms.is_whole() && contact.suits(terms.policy);
        if !(named && fits) {
            return Err(CryptoError::InvalidKey);
        }
        let plain = SecretBytes::from_vec(cbor::encode(contact));
        let members = chunked::seal(
            &members_key(seed),
            label::ESCROW_MEMBERS,
            &self.encode(),
            plain.expose(),
            rng,
        )?;
        let mut made = Deposited {
            deposit: Deposit {
                terms: terms.clone(),
                server: None,
                tenant: None,
                sealed: None,
                members: members.into(),
            },
            tenant_share: None,
        };
        let Some(parties) = parties.filter(|_| terms.policy.has_shares()) else {
            return Ok(made);
        };
        let of_server = Secret::<32>::generate(rng)?;
        let of_tenant = Secret::<32>::generate(rng)?;
        let key = self.combine(&of_tenant, &of_server, contact.code.as_ref());
        let part = SecretBytes::from_vec(cbor::encode(&ServerPart {
            share: FixedBytes(*of_server.expose()),
            address: contact.address.clone(),
            language: contact.language.clone(),
        }));
        let mut to = |key: &KemPublicKey, party, plain: &[u8]| {
            kem::seal(
                key,
                label::ESCROW_SHARE,
                &self.share_context(party),
                plain,
                rng,
            )
        };
        let server = to(&parties.server, Party::Keys, part.expose())?;
        let tenant = to(&parties.tenant, Party::Tenant, of_tenant.expose())?;
        let sealed = chunked::seal(
            &key,
            label::ESCROW_SEED,
            &self.encode(),
            seed.secret().expose(),
            rng,
        )?;
        made.deposit.server = Some(server.into());
        made.deposit.tenant = Some(share_hash(&tenant));
        made.deposit.sealed = Some(sealed.into());
        made.tenant_share = Some(tenant.into());
        Ok(made)
    }

    /// Opens the key server's part.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] for what was not sealed to this key for this place.
    pub fn open_server_share(
        &self,
        key: &KemSecretKey,
        sealed: &[u8],
    ) -> Result<ServerShare, CryptoError> {
        let context = self.share_context(Party::Keys);
        let opened = kem::open(key, label::ESCROW_SHARE, &context, sealed)?;
        let part: ServerPart =
            cbor::decode(opened.expose(), limits::MAX_BOX).map_err(|_| CryptoError::Rejected)?;
        Ok(ServerShare {
            share: Secret::from_bytes(*part.share.as_array()),
            address: part.address,
            language: part.language,
        })
    }

    /// Opens the tenant's share.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] for what was not sealed to this key for this place.
    pub fn open_tenant_share(
        &self,
        key: &KemSecretKey,
        sealed: &[u8],
    ) -> Result<Secret<32>, CryptoError> {
        let context = self.share_context(Party::Tenant);
        let opened = kem::open(key, label::ESCROW_SHARE, &context, sealed)?;
        Secret::try_from_slice(opened.expose()).map_err(|_| CryptoError::Rejected)
    }

    /// The key of a deposit.
    #[must_use]
    pub fn combine(
        &self,
        of_tenant: &Secret<32>,
        of_server: &Secret<32>,
        code: Option<&Code>,
    ) -> Secret<32> {
        let mut parts: Vec<&[u8]> = vec![of_tenant.expose(), of_server.expose()];
        parts.extend(code.map(|code| code.text().as_bytes()));
        let key = kdf::extract(&[], &parts);
        kdf::derive(&key, label::ESCROW_COMBINE, &self.encode())
    }

    /// Opens the seed with the key of the deposit. The caller checks it against the epoch's
    /// commitment.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`]: a share or the code is wrong, or this is no deposit of this place.
    pub fn open_seed(&self, key: &Secret<32>, deposit: &Deposit) -> Result<Seed, CryptoError> {
        let sealed = deposit.sealed.as_ref().ok_or(CryptoError::Rejected)?;
        let opened = chunked::open(key, label::ESCROW_SEED, &self.encode(), sealed.as_slice())?;
        Secret::try_from_slice(opened.expose()).map(Seed::from_secret)
    }

    /// What the members of the session keep of the recipient.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] unless this is a deposit of this place and `seed` its seed.
    pub fn open_contact(&self, seed: &Seed, deposit: &Deposit) -> Result<Contact, CryptoError> {
        let opened = chunked::open(
            &members_key(seed),
            label::ESCROW_MEMBERS,
            &self.encode(),
            deposit.members.as_slice(),
        )?;
        let contact: Contact =
            cbor::decode(opened.expose(), limits::MAX_BOX).map_err(|_| CryptoError::Rejected)?;
        if contact.suits(deposit.terms.policy) {
            Ok(contact)
        } else {
            Err(CryptoError::Rejected)
        }
    }
}

fn members_key(seed: &Seed) -> Secret<32> {
    kdf::derive(seed.secret(), label::ESCROW_MEMBERS, &[])
}

/// A share on its way from a party to whoever claims.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Release {
    /// Which deposit.
    pub place: Place,
    /// Who claims: a user or group.
    pub member: MemberId,
    /// The epoch of his ring to whose key the share is sealed.
    pub member_epoch: u32,
    /// Whose share.
    pub party: Party,
}

impl Release {
    fn encode(&self) -> Vec<u8> {
        cbor::encode(&(
            SUITE,
            self.place.tenant,
            self.place.session,
            self.place.epoch,
            self.place.pending,
            self.member,
            self.member_epoch,
            self.party,
        ))
    }

    /// Seals a share to the key of the claimant's ring.
    ///
    /// # Errors
    /// As [`kem::seal`].
    pub fn seal(
        &self,
        to: &KemPublicKey,
        share: &Secret<32>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Base64Url, CryptoError> {
        let plain = share.expose();
        kem::seal(to, label::ESCROW_RELEASE, &self.encode(), plain, rng).map(Into::into)
    }

    /// Opens a released share with the key of the claimant's ring.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`].
    pub fn open(&self, key: &KemSecretKey, sealed: &[u8]) -> Result<Secret<32>, CryptoError> {
        let opened = kem::open(key, label::ESCROW_RELEASE, &self.encode(), sealed)?;
        Secret::try_from_slice(opened.expose()).map_err(|_| CryptoError::Rejected)
    }
}
