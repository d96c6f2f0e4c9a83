//! Escrow in a [`Town`]: pending recipients, both parties' keys, and claims.

use std::collections::BTreeMap;

use wardseal_crypto::{SUITE, kem::KemSecretKey};
use wardseal_protocol::{
    binding,
    escrow::{
        Claim, Code, Contact, Parties, Party, Place, Policy, Receipt, TenantReceipt, Terms,
        key_hash,
    },
    keys::{Assigned, EscrowKey, TenantKey},
    op::Op,
    ring::{BoxRef, SealedBox, Seed},
    state::World as _,
};
use wardseal_types::{Base64Url, BoxedBytes, FixedBytes, MemberId, PendingId, RingId, SessionId};

use crate::{
    person::{Person, secret, seeded},
    town::Town,
};

/// Both parties of an escrow, and who is awaited.
#[derive(Debug)]
pub struct Escrow {
    /// The tenant's escrow key.
    pub tenant: KemSecretKey,
    /// The key server's.
    pub server: KemSecretKey,
    /// The terms of everybody who is awaited, and how he is reached.
    pub awaited: BTreeMap<PendingId, (Terms, Contact)>,
    /// What lies at the tenant's server.
    pub shares: Vec<(Place, Base64Url)>,
}

impl Escrow {
    pub(crate) fn new(seed: u64) -> Self {
        // Its own randomness: whoever needs no escrow draws what he always drew.
        let mut rng = seeded(!seed);
        let mut key = || KemSecretKey::from_seed(&secret(&mut rng)).expect("32 bytes are a seed");
        Self {
            tenant: key(),
            server: key(),
            awaited: BTreeMap::new(),
            shares: Vec::new(),
        }
    }

    /// The tenant's escrow key as its chain lists it.
    #[must_use]
    pub fn listed(&self) -> EscrowKey {
        EscrowKey {
            kem: BoxedBytes::from(*self.tenant.public().as_bytes()),
            assigned: Assigned::Taken,
        }
    }

    /// Both parties' public keys.
    #[must_use]
    pub fn parties(&self) -> Parties {
        let key = self.listed();
        let id = TenantKey::Escrow(key.clone()).id();
        Parties::new((id, &key), self.server.public()).expect("a key")
    }
}

impl Town {
    /// Somebody of this name is awaited, for an hour, by what the policy says.
    pub fn awaits(&mut self, sender: &Person, name: &str, policy: Policy) -> PendingId {
        let shares = policy.has_shares();
        let parties = self.escrow.parties();
        let terms = Terms {
            suite: SUITE,
            tenant: self.tenant,
            index: binding::index(&self.tenant, name),
            policy,
            expires: self.now.plus_millis(3_600_000),
            nonce: self.nonce(),
            sender: sender.id,
            group: None,
            tenant_key: shares.then_some(parties.tenant_key),
            server_key: shares.then(|| key_hash(parties.server.as_bytes())),
        };
        let contact = Contact {
            address: (policy == Policy::Verified).then(|| "info@clinic.example".into()),
            code: (policy == Policy::Code)
                .then(|| "0123-4567-89AB-CDEF".parse::<Code>().expect("a code")),
            language: Some("en".into()),
        };
        let id = terms.id();
        self.escrow.awaited.insert(id, (terms, contact));
        id
    }

    pub(crate) fn deposit(
        &mut self,
        ring: RingId,
        epoch: u32,
        pending: PendingId,
        seed: &Seed,
    ) -> BoxRef {
        let RingId::Session(session) = ring else {
            // A statement that names it is refused whatever its box is.
            return BoxRef {
                hash: Some(FixedBytes([0; 32])),
                ..self.reference(pending.into())
            };
        };
        let place = Place {
            tenant: self.tenant,
            session,
            epoch,
            pending,
        };
        let (terms, contact) = self
            .escrow
            .awaited
            .get(&pending)
            .expect("somebody is awaited")
            .clone();
        let parties = self.escrow.parties();
        let parties = terms.policy.has_shares().then_some(&parties);
        let made = place.deposit(&terms, parties, &contact, seed, &mut self.rng);
        let made = made.expect("sealing works");
        self.escrow
            .shares
            .extend(made.tenant_share.map(|share| (place, share)));
        let sealed = SealedBox::of_deposit(&place, made.deposit);
        let hash = Some(sealed.hash());
        self.boxes.push(sealed);
        BoxRef {
            hash,
            ..self.reference(pending.into())
        }
    }

    /// What both parties say when they release the newest seed of a session to a member.
    ///
    /// # Panics
    /// When nobody is awaited under this identifier.
    #[must_use]
    pub fn receipt(&self, session: SessionId, pending: PendingId, member: MemberId) -> Receipt {
        let (terms, _) = self
            .escrow
            .awaited
            .get(&pending)
            .expect("somebody is awaited");
        let state = self.states.session(&session).expect("the session exists");
        let newest = state.ring.newest().expect("an epoch");
        Receipt {
            tenant: self.tenant,
            session,
            pending,
            member,
            commitment: newest.declared.commitment,
            policy: terms.policy,
        }
    }

    /// A claim with both receipts.
    ///
    /// # Panics
    /// When nobody is awaited under this identifier.
    pub fn claim(&mut self, session: SessionId, pending: PendingId, member: MemberId) -> Claim {
        let receipt = self.receipt(session, pending, member);
        let (terms, _) = self
            .escrow
            .awaited
            .get(&pending)
            .expect("somebody is awaited");
        let terms = terms.clone();
        Claim {
            terms,
            member,
            entry: self.present_box(session, member),
            server: Some(receipt.sign(Party::Keys, self.log_key.ed25519())),
            tenant: Some(TenantReceipt {
                key: self.token_id(),
                signature: receipt.sign(Party::Tenant, &self.token),
            }),
        }
    }

    /// [`claim`](Self::claim) as what can be said about a session.
    pub fn op_claim(&mut self, session: SessionId, pending: PendingId, member: MemberId) -> Op {
        Op::Claim(Box::new(self.claim(session, pending, member)))
    }
}
