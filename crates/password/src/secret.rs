use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// 64 secret bytes: erased when dropped, never printed, compared in constant time.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes([u8; 64]);

impl SecretBytes {
    /// Takes ownership of the bytes of a secret.
    pub(crate) const fn new(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The bytes. Whoever copies them out answers for erasing the copy.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 64] {
        &self.0
    }
}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretBytes {}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(
            std::format!("{:?}", SecretBytes::new([0x41; 64])),
            "SecretBytes(..)"
        );
    }

    #[test]
    fn secrets_compare_by_value() {
        assert_eq!(SecretBytes::new([1; 64]), SecretBytes::new([1; 64]));
        assert_ne!(SecretBytes::new([1; 64]), SecretBytes::new([2; 64]));
    }
}
