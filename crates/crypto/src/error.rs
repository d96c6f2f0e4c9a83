//! The one error of the suite.

/// What can go wrong in a cryptographic operation.
///
/// The variants say nothing about secrets: everything that an attacker could probe (a wrong key, a changed byte, a wrong
/// context) is [`CryptoError::Rejected`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// Decryption, a commitment, a proof or a signature did not verify.
    #[error(
        "the data was rejected: it was changed, or made with another key or for another purpose"
    )]
    Rejected,
    /// A public key is not a valid encoding, or is one of the weak keys that nobody generates.
    #[error("not a valid public key")]
    InvalidKey,
    /// An input has a length that its format does not allow.
    #[error("the input has a length that its format does not allow")]
    InvalidLength,
    /// The random source gave bytes that cannot be random. Nothing was made with them.
    #[error("the random source is broken")]
    Randomness,
}
