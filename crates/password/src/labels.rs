//! Every domain-separation label of this crate.

/// OPAQUE's application context (RFC 9807 section 6.4.2), followed by the Argon2id parameters.
pub(crate) const OPAQUE_CONTEXT: &[u8] = b"wardseal/v1/password";

/// Frames account and password as the input of the key server's function.
pub(crate) const OPRF_INPUT: &[u8] = b"wardseal/v1/pwd-oprf-input";

/// Joins password and the key server's output to the input of OPAQUE.
pub(crate) const HARDENED: &[u8] = b"wardseal/v1/pwd-hardened";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_prefix_free() {
        let all = [OPAQUE_CONTEXT, OPRF_INPUT, HARDENED];
        for (i, a) in all.iter().enumerate() {
            for (j, b) in all.iter().enumerate() {
                assert!(i == j || !b.starts_with(a));
            }
        }
    }
}
