//! Recovery by administrators: each of them has a share, and a quorum of shares opens the record.

use rand_core::CryptoRng;
use wardseal_crypto::{
    CryptoError, SUITE, chunked, kdf,
    kem::{self, KemPublicKey, KemSecretKey},
    label,
    secret::Secret,
};
use wardseal_protocol::{
    cbor::{self, DecodeError},
    ring::Seed,
};
use wardseal_types::{Base64Url, FixedBytes, TenantId, UserId, cbor_array, cbor_map, limits};

use super::{open_identity, seal_identity};
use crate::identity::Identity;

/// Largest record of this method, in bytes: sixteen shares and the wraps of all their pairs.
const MAX_RECORD: usize = 64 << 10;

/// Most wraps: one for each pair of sixteen administrators.
const MAX_WRAPS: usize = 120;

/// What the vault keeps of the method, in place of the sealed identity alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OrganisationBox {
    /// The identity, sealed under a random key.
    sealed: Base64Url,
    shares: Vec<SealedShare>,
    wraps: Vec<Wrap>,
}

cbor_map!(OrganisationBox {
    0: sealed,
    1: shares,
    2: wraps,
});

/// An administrator's share, sealed to the newest key of her user ring.
#[derive(Clone, Debug, Eq, PartialEq)]
struct SealedShare {
    admin: UserId,
    epoch: u32,
    sealed: Base64Url,
}

cbor_array!(SealedShare {
    admin,
    epoch,
    sealed
});

/// The key of the identity, sealed under the shares of one quorum.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Wrap {
    quorum: Vec<UserId>,
    sealed: Base64Url,
}

cbor_array!(Wrap { quorum, sealed });

/// An administrator, as somebody to whom a share is sealed.
#[derive(Clone, Debug)]
pub struct Administrator {
    /// The user.
    pub user: UserId,
    /// The newest epoch of the user ring.
    pub epoch: u32,
    /// Its public key.
    pub key: KemPublicKey,
}

/// What shares are bound to.
#[derive(Clone, Copy, Debug)]
pub struct HelpContext {
    /// The tenant.
    pub tenant: TenantId,
    /// The user whom the method opens.
    pub user: UserId,
    /// The record.
    pub record: FixedBytes<32>,
}

impl HelpContext {
    fn of_share(&self, admin: UserId) -> Vec<u8> {
        cbor::encode(&(SUITE, self.tenant, self.user, self.record, admin))
    }

    fn quorum_key(&self, quorum: &[UserId], shares: &[&Secret<32>]) -> Secret<32> {
        let parts: Vec<&[u8]> = shares
            .iter()
            .map(|share| share.expose().as_slice())
            .collect();
        kdf::derive(
            &kdf::extract(self.record.as_array(), &parts),
            label::ORGANISATION_QUORUM,
            &self.of_quorum(quorum),
        )
    }

    fn of_quorum(&self, quorum: &[UserId]) -> Vec<u8> {
        cbor::encode(&(SUITE, self.tenant, self.user, self.record, quorum.to_vec()))
    }

    /// Seals a share of ours to the client of whoever asked for help.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn seal_release(
        &self,
        to: &KemPublicKey,
        admin: UserId,
        share: &Secret<32>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, CryptoError> {
        kem::seal(
            to,
            label::ORGANISATION_RELEASE,
            &self.of_share(admin),
            share.expose(),
            rng,
        )
    }

    /// Opens a share that an administrator released to our client.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] when it was released to another client, for somebody else, or by
    /// another administrator than is said.
    pub fn open_release(
        &self,
        client: &KemSecretKey,
        admin: UserId,
        release: &[u8],
    ) -> Result<Secret<32>, CryptoError> {
        let context = self.of_share(admin);
        let opened = kem::open(client, label::ORGANISATION_RELEASE, &context, release)?;
        Secret::try_from_slice(opened.expose())
    }
}

impl OrganisationBox {
    /// Seals the keys of the method's device for `administrators`, ascending and without
    /// repetition, of whom `quorum` (1 or 2) have to help together.
    ///
    /// # Errors
    /// [`CryptoError::Randomness`].
    pub fn seal(
        identity: &Identity,
        record: FixedBytes<32>,
        administrators: &[Administrator],
        quorum: u8,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, CryptoError> {
        let context = HelpContext {
            tenant: identity.tenant,
            user: identity.user,
            record,
        };
        let key = Secret::<32>::generate(rng)?;
        let mut held = Vec::with_capacity(administrators.len());
        let mut shares = Vec::with_capacity(administrators.len());
        for Administrator { user, epoch, key } in administrators {
            let share = Secret::<32>::generate(rng)?;
            let bound = context.of_share(*user);
            let sealed = kem::seal(key, label::ORGANISATION_SHARE, &bound, share.expose(), rng)?;
            shares.push(SealedShare {
                admin: *user,
                epoch: *epoch,
                sealed: sealed.into(),
            });
            held.push((*user, share));
        }
        let mut wraps = Vec::new();
        let mut wrap = |of: &[&(UserId, Secret<32>)]| -> Result<(), CryptoError> {
            let quorum: Vec<_> = of.iter().map(|(user, _)| *user).collect();
            let shares: Vec<_> = of.iter().map(|(_, share)| share).collect();
            let sealed = chunked::seal(
                &context.quorum_key(&quorum, &shares),
                label::ORGANISATION_QUORUM,
                &context.of_quorum(&quorum),
                key.expose(),
                rng,
            )?;
            wraps.push(Wrap {
                quorum,
                sealed: sealed.into(),
            });
            Ok(())
        };
        for (at, first) in held.iter().enumerate() {
            if quorum == 1 {
                wrap(&[first])?;
                continue;
            }
            for second in held.iter().skip(at + 1) {
                wrap(&[first, second])?;
            }
        }
        Ok(Self {
            sealed: seal_identity(&key, &record, identity, rng)?.into(),
            shares,
            wraps,
        })
    }

    /// As the vault keeps it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`DecodeError`] for anything else, and for numbers of shares and quorums that no method has.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let record: Self = cbor::decode(bytes, MAX_RECORD)?;
        let sound = (1..=limits::MAX_HELPERS).contains(&record.shares.len())
            && (1..=MAX_WRAPS).contains(&record.wraps.len())
            && record.wraps.iter().all(|wrap| {
                (1..=2).contains(&wrap.quorum.len()) && wrap.quorum.is_sorted_by(|a, b| a < b)
            });
        if sound {
            Ok(record)
        } else {
            Err(DecodeError::Malformed)
        }
    }

    /// The epoch of an administrator's user ring to which her share is sealed.
    #[must_use]
    pub fn epoch_of(&self, admin: &UserId) -> Option<u32> {
        let share = self.shares.iter().find(|share| share.admin == *admin)?;
        Some(share.epoch)
    }

    /// The share of an administrator, opened by the seed of [`epoch_of`](Self::epoch_of).
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] when the record is damaged, or has no share of hers.
    pub fn open_share(
        &self,
        context: &HelpContext,
        admin: UserId,
        seed: &Seed,
    ) -> Result<Secret<32>, CryptoError> {
        let share = self
            .shares
            .iter()
            .find(|share| share.admin == admin)
            .ok_or(CryptoError::Rejected)?;
        let opened = kem::open(
            &seed.kem()?,
            label::ORGANISATION_SHARE,
            &context.of_share(admin),
            share.sealed.as_slice(),
        )?;
        Secret::try_from_slice(opened.expose())
    }

    /// The keys of the method's device, if the shares held are a quorum; `None` if it takes more.
    ///
    /// # Errors
    /// [`CryptoError::Rejected`] when the record is damaged.
    pub fn open(
        &self,
        context: &HelpContext,
        held: &[(UserId, Secret<32>)],
    ) -> Result<Option<Identity>, CryptoError> {
        let share_of = |user: &UserId| {
            held.iter()
                .find(|(holder, _)| holder == user)
                .map(|(_, share)| share)
        };
        let complete = self.wraps.iter().find_map(|wrap| {
            let shares: Option<Vec<_>> = wrap.quorum.iter().map(share_of).collect();
            shares.map(|shares| (wrap, shares))
        });
        let Some((wrap, shares)) = complete else {
            return Ok(None);
        };
        let opened = chunked::open(
            &context.quorum_key(&wrap.quorum, &shares),
            label::ORGANISATION_QUORUM,
            &context.of_quorum(&wrap.quorum),
            wrap.sealed.as_slice(),
        )?;
        let key = Secret::try_from_slice(opened.expose())?;
        let (tenant, record) = (&context.tenant, &context.record);
        let identity = open_identity(&key, tenant, record, self.sealed.as_slice())?;
        if identity.user == context.user {
            Ok(Some(identity))
        } else {
            Err(CryptoError::Rejected)
        }
    }
}
