//! The vault knows nobody. Whoever stores a record brings the chains that prove who he is.

use wardseal_crypto::{
    label,
    sign::{Ed25519PublicKey, Ed25519Signature},
};
use wardseal_protocol::{
    Refusal, fold,
    state::{ChainState, NOW, Position, States, World as _},
    statement::Statement,
    vault::record_message,
};
use wardseal_types::{ChainId, limits};

use super::StoreRecord;

/// Most statements of one chain that are folded.
const MAX_CHAIN: usize = 4096;

/// Why the evidence does not prove that a device of the user signed the record.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
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
    /// The signature over the record does not verify.
    #[error("the signature over the record does not verify")]
    BadSignature,
}

/// Checks that a device in force at the end of the user's chain signed the record.
pub(crate) fn check(request: &StoreRecord) -> Result<(), EvidenceError> {
    let states = fold_both(request)?;
    let user = states
        .user(&request.user)
        .ok_or(EvidenceError::WrongChain)?;
    if user.binding.is_none() {
        return Err(EvidenceError::NotBound);
    }
    let device = user
        .device_at(&request.device, NOW)
        .ok_or(EvidenceError::NotADevice)?;
    let key = device
        .keys
        .sign
        .as_array()
        .first_chunk::<32>()
        .ok_or(EvidenceError::BadSignature)?;
    let message = record_message(
        &request.tenant,
        &request.user,
        &request.record,
        &request.access,
        &request.sealed,
    );
    let signature = Ed25519Signature::from_bytes(*request.signature.as_array());
    Ed25519PublicKey::from_bytes(*key)
        .and_then(|key| key.verify(label::RECORD_SIGNATURE, &message, &signature))
        .map_err(|_| EvidenceError::BadSignature)
}

/// The chains with synthetic positions: the vault has no log.
///
/// The one thing that a user's chain takes from the tenant's is the key that signed a token, and
/// that key may have been revoked since. So the tenant's statements come in between the user's as
/// late as possible: one more whenever a token is not valid under those so far.
fn fold_both(request: &StoreRecord) -> Result<States, EvidenceError> {
    let tenant = decode(&request.tenant_chain, ChainId::Tenant(request.tenant))?;
    let user = decode(&request.user_chain, ChainId::User(request.user))?;
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
