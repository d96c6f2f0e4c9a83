//! The vault knows nobody. Whoever stores a record brings the chains that prove who he is.

use wardseal_crypto::{
    label::Label,
    sign::{Ed25519PublicKey, Ed25519Signature},
};
use wardseal_protocol::{
    Refusal, fold,
    state::{ChainState, NOW, Position, States, TenantState, UserState, World as _},
    statement::Statement,
};
use wardseal_types::{ChainId, DeviceId, FixedBytes, TenantId, UserId, limits};

/// Most statements of one chain that are folded.
const MAX_CHAIN: usize = 4096;

/// Why the evidence does not prove that a device of the user wants this.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// The tenant's chain is not the one that was shown before.
    #[error("the chain of the tenant contradicts one that was shown before")]
    Contradiction,
    /// More than is read.
    #[error("the chains are longer than the vault reads")]
    TooLarge,
    /// A chain is missing, or is another's.
    #[error("the chains are not those of this tenant and user")]
    WrongChain,
    /// A statement is not valid.
    #[error("a statement of the chains is refused: {0}")]
    Refused(#[from] Refusal),
    /// The tenant has not bound a name to the user: anybody can make such a chain.
    #[error("the tenant has not bound a name to this user")]
    NotBound,
    /// The device is unknown or was revoked.
    #[error("the device is not a device of this user, or was revoked")]
    NotADevice,
    /// The signature does not verify.
    #[error("the signature of the device does not verify")]
    BadSignature,
}

/// What a caller says of himself, and what proves it.
pub(crate) struct Evidence<'e> {
    pub(crate) tenant: TenantId,
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) tenant_chain: &'e [Vec<u8>],
    pub(crate) user_chain: &'e [Vec<u8>],
    pub(crate) label: Label,
    pub(crate) message: &'e [u8],
    pub(crate) signature: &'e FixedBytes<64>,
}

/// Checks that a device in force at the end of the user's chain signed the message. Returns the
/// user, as the chain leaves him.
pub(crate) fn check(evidence: &Evidence<'_>) -> Result<UserState, EvidenceError> {
    let states = fold_both(evidence)?;
    let user = states
        .user(&evidence.user)
        .ok_or(EvidenceError::WrongChain)?;
    if user.binding.is_none() {
        return Err(EvidenceError::NotBound);
    }
    let device = user
        .device_at(&evidence.device, NOW)
        .ok_or(EvidenceError::NotADevice)?;
    let key = device
        .keys
        .sign
        .as_array()
        .first_chunk::<32>()
        .ok_or(EvidenceError::BadSignature)?;
    let signature = Ed25519Signature::from_bytes(*evidence.signature.as_array());
    Ed25519PublicKey::from_bytes(*key)
        .and_then(|key| key.verify(evidence.label, evidence.message, &signature))
        .map_err(|_| EvidenceError::BadSignature)?;
    Ok(user.clone())
}

/// What a tenant's chain says at its end.
pub(crate) fn tenant(id: TenantId, chain: &[Vec<u8>]) -> Result<TenantState, EvidenceError> {
    let mut folded = Folded::default();
    for statement in decode(chain, ChainId::Tenant(id))? {
        folded.apply(&statement)?;
    }
    let state = folded.states.tenant().cloned();
    state.ok_or(EvidenceError::WrongChain)
}

/// The chains with synthetic positions: the vault has no log.
///
/// The one thing that a user's chain takes from the tenant's is the key that signed a token, and
/// that key may have been revoked since. So the tenant's statements come in between the user's as
/// late as possible: one more whenever a token is not valid under those so far.
fn fold_both(evidence: &Evidence<'_>) -> Result<States, EvidenceError> {
    let tenant = decode(evidence.tenant_chain, ChainId::Tenant(evidence.tenant))?;
    let user = decode(evidence.user_chain, ChainId::User(evidence.user))?;
    let mut tenant = tenant.iter();
    let mut folded = Folded::default();
    folded.apply(tenant.next().ok_or(EvidenceError::WrongChain)?)?;
    if user.is_empty() {
        return Err(EvidenceError::WrongChain);
    }
    for statement in &user {
        while let Err(refusal) = folded.apply(statement) {
            match (refusal, tenant.next()) {
                (Refusal::BadBinding, Some(next)) => folded.apply(next)?,
                _ => return Err(refusal.into()),
            }
        }
    }
    tenant.try_for_each(|statement| folded.apply(statement))?;
    Ok(folded.states)
}

fn decode(chain: &[Vec<u8>], expected: ChainId) -> Result<Vec<Statement>, EvidenceError> {
    let bytes: usize = chain.iter().map(Vec::len).sum();
    if chain.len() > MAX_CHAIN || bytes > limits::MAX_BODY {
        return Err(EvidenceError::TooLarge);
    }
    chain
        .iter()
        .map(|bytes| {
            let statement = Statement::decode(bytes).map_err(Refusal::from)?;
            if statement.chain() == expected {
                Ok(statement)
            } else {
                Err(EvidenceError::WrongChain)
            }
        })
        .collect()
}

#[derive(Default)]
struct Folded {
    states: States,
    next: Position,
}

impl Folded {
    fn apply(&mut self, statement: &Statement) -> Result<(), Refusal> {
        let previous: Option<ChainState> = self.states.chain(&statement.chain());
        // Nobody has seen more of the log than stood before his own statement, so that is where it
        // stood at the earliest.
        let seen = statement.body().seen.map_or(0, |seen| seen.size);
        let position = self.next.max(seen);
        let state = fold::apply(previous.as_ref(), statement, position, &self.states)?;
        self.states.insert(state);
        self.next = position.saturating_add(1);
        Ok(())
    }
}
