//! The tenant's half of a recovery by two servers, as far as it is the same for every application.
//! See `spec/10-recovery.md`.
//!
//! The application keeps a share for each record: 32 random bytes that the person's client draws
//! and that are half of the key to the record at the vault. Two things are its own business, and
//! must not be left to the vault, or the vault alone could recover everybody:
//!
//! - It checks by a code of its own, in a letter of its own, that it is the person who asks. Only
//!   then it gives the share out, over its own connection to the page.
//! - It signs a token before the vault sends any code ([`TokenKey::recovery`](crate::TokenKey::recovery)),
//!   and not more often than [`TokenBudget`] allows. The vault counts too, but a vault whose
//!   database was put back to an older state has forgotten, and this server has not.
//!
//! Whoever asks for a person who does not exist gets a token as well, for a [`decoy`].

use wardseal_crypto::{hash, label, secret::Secret};
use wardseal_types::{FixedBytes, TenantId, Timestamp, UserId};

pub use wardseal_protocol::recovery::{
    CODE_MINUTES, Claims, MAX_LIFETIME, client_hash, tag, verify,
};

/// Tokens for one account within [`PERIOD`].
pub const TOKENS: usize = 5;

/// In milliseconds: 24 hours.
pub const PERIOD: u64 = 24 * 60 * 60 * 1000;

/// How many tokens were signed for an account lately. The application keeps it with the account
/// ([`to_bytes`](Self::to_bytes)), and writes it down before it gives the token out.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TokenBudget(Vec<Timestamp>);

/// There were enough tokens for now.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too many attempts: wait {retry_after} seconds")]
pub struct BudgetSpent {
    /// Seconds until there is another.
    pub retry_after: u64,
}

impl TokenBudget {
    /// Takes one token out.
    ///
    /// # Errors
    /// [`BudgetSpent`]; nothing is taken then.
    pub fn take(&mut self, now: Timestamp) -> Result<(), BudgetSpent> {
        // A clock that went back finds tokens in the future: they count.
        self.0.retain(|taken| taken.plus_millis(PERIOD) > now);
        if self.0.len() >= TOKENS {
            let first = self.0.iter().min().copied().unwrap_or(now);
            let wait = first.plus_millis(PERIOD).since(now);
            return Err(BudgetSpent {
                retry_after: wait.div_ceil(1000).max(1),
            });
        }
        self.0.push(now);
        Ok(())
    }

    /// For the application's database: at most forty bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0
            .iter()
            .flat_map(|taken| taken.millis().to_be_bytes())
            .collect()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; no bytes are a new account.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let (taken, _) = bytes.as_chunks::<8>();
        Self(
            taken
                .iter()
                .map(|bytes| Timestamp::from_millis(u64::from_be_bytes(*bytes)))
                .collect(),
        )
    }
}

/// A person and a record that do not exist, for a name that nobody has or whose owner has no such
/// record: the answer is then like any other, and the same each time. `secret` is the application's
/// and stays the same; it needs to be no other than one that it has already.
#[must_use]
pub fn decoy(tenant: &TenantId, name: &str, secret: &Secret<32>) -> (UserId, FixedBytes<32>) {
    let part = |which: &[u8]| {
        hash::mac(
            secret,
            label::RECOVERY_DECOY,
            &[tenant.as_bytes(), name.as_bytes(), which],
        )
    };
    (
        UserId::from_bytes(part(b"user")),
        FixedBytes(part(b"record")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_tokens_in_a_day() {
        let at = Timestamp::from_millis;
        let mut budget = TokenBudget::default();
        for hour in 0..5 {
            budget.take(at(hour * 3_600_000)).unwrap();
            budget = TokenBudget::from_bytes(&budget.to_bytes());
        }
        let later = at(5 * 3_600_000);
        let spent = budget.take(later).unwrap_err();
        assert_eq!(spent.retry_after, 19 * 3600);
        assert_eq!(budget.take(at(PERIOD - 1)).unwrap_err().retry_after, 1);
        // A clock that went back gives nothing.
        assert!(budget.take(at(0)).is_err());
        budget.take(at(PERIOD)).unwrap();
        assert_eq!(budget.take(at(PERIOD)).unwrap_err().retry_after, 3600);
        assert_eq!(budget.to_bytes().len(), 40);
    }

    #[test]
    fn a_decoy_is_the_same_each_time_and_another_for_each_name() {
        let tenant = TenantId::from_bytes([1; 32]);
        let secret = Secret::from_bytes([2; 32]);
        let one = decoy(&tenant, "anna", &secret);
        assert_eq!(one, decoy(&tenant, "anna", &secret));
        assert_ne!(one.0.as_bytes(), one.1.as_array());
        for other in [
            decoy(&tenant, "berta", &secret),
            decoy(&TenantId::from_bytes([9; 32]), "anna", &secret),
            decoy(&tenant, "anna", &Secret::from_bytes([9; 32])),
        ] {
            assert!(other.0 != one.0 && other.1 != one.1);
        }
    }
}
