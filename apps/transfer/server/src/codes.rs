//! Codes that are sent by mail. They follow from a key that lies beside the database and not in it: whoever has the
//! database has no code.

use data_encoding::BASE32_NOPAD;
use wardseal_crypto::{hash::mac, label::APPLICATION_MAC, secret::Secret};
use wardseal_tenant::{TokenKey, recovery::decoy};
use wardseal_types::{FixedBytes, TenantId, UserId};

use crate::receiver::Identifier;

/// Makes codes.
pub(crate) struct Codes(Secret<32>);

impl Codes {
    /// Of the key of this server.
    pub(crate) fn of(key: &TokenKey) -> Self {
        Self(Secret::from_bytes(mac(
            &key.seed(),
            APPLICATION_MAC,
            &[b"codes"],
        )))
    }

    fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let parts: Vec<_> = [purpose.as_bytes()]
            .into_iter()
            .chain(parts.iter().copied())
            .collect();
        mac(&self.0, APPLICATION_MAC, &parts)
    }

    /// The code of an attempt to recover: eight digits.
    pub(crate) fn of_attempt(&self, attempt: &[u8; 32]) -> String {
        let [a, b, c, d, e, f, g, h, ..] = self.mac("attempt", &[attempt]);
        let number = u64::from_be_bytes([a, b, c, d, e, f, g, h]) % 100_000_000;
        format!("{number:08}")
    }

    /// The code of a facility's invitation.
    pub(crate) fn of_facility(&self, identifier: &Identifier, invitation: u64) -> String {
        let mac = self.mac(
            "facility",
            &[identifier.as_str().as_bytes(), &invitation.to_be_bytes()],
        );
        let (code, _) = mac.split_at(15);
        BASE32_NOPAD.encode(code)
    }

    /// By what attempts for a name are counted: the name itself is not written down.
    pub(crate) fn name(&self, name: &str) -> [u8; 32] {
        self.mac("name", &[name.as_bytes()])
    }

    /// By what attempts from somewhere are counted.
    pub(crate) fn origin(&self, origin: &str) -> [u8; 32] {
        self.mac("origin", &[origin.as_bytes()])
    }

    /// The user and the record that are named for a name that has none: always the same.
    pub(crate) fn decoy(&self, tenant: &TenantId, name: &str) -> (UserId, [u8; 32]) {
        let (user, FixedBytes(record)) = decoy(tenant, name, &self.0);
        (user, record)
    }
}

#[cfg(test)]
mod tests {
    use wardseal_testkit::{secret, seeded};

    use super::*;

    #[test]
    fn codes_are_always_the_same_and_differ_by_key_and_purpose() {
        let codes = |seed| Codes::of(&TokenKey::from_seed(&secret(&mut seeded(seed))));
        let (one, other) = (codes(1), codes(2));
        let code = one.of_attempt(&[1; 32]);
        assert_eq!(code.len(), 8);
        assert!(code.bytes().all(|digit| digit.is_ascii_digit()));
        assert_eq!(code, codes(1).of_attempt(&[1; 32]));
        assert_ne!(code, one.of_attempt(&[2; 32]));
        assert_ne!(code, other.of_attempt(&[1; 32]));
        let klinik: Identifier = "ik:260100000".parse().unwrap();
        assert_eq!(one.of_facility(&klinik, 1).len(), 24);
        assert_ne!(one.of_facility(&klinik, 1), one.of_facility(&klinik, 2));
        assert_ne!(one.name("anna"), one.origin("anna"));
        let tenant = TenantId::from_bytes([1; 32]);
        let anna = one.decoy(&tenant, "anna");
        assert_eq!(anna, codes(1).decoy(&tenant, "anna"));
        assert_ne!(anna, one.decoy(&tenant, "ben"));
        assert_ne!(anna, other.decoy(&tenant, "anna"));
    }
}
