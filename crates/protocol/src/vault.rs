//! What a device says to the vault when it stores a record there. See `spec/09-password.md`.

use wardseal_crypto::{SUITE, hash, label};
use wardseal_types::{FixedBytes, TenantId, UserId};

use crate::cbor;

/// The vault's identity in every OPAQUE exchange. The client's is the name of the record.
pub const VAULT_IDENTITY: &[u8] = b"wardseal-vault";

/// Most bytes that a vault keeps sealed in one record: the keys of one device, with room.
pub const MAX_SEALED: usize = 16 << 10;

/// What a device signs, with [`label::RECORD_SIGNATURE`] and the Ed25519 half of its key, so that a
/// vault stores `upload` and `sealed` under the name `record` for `user`, and under no other.
#[must_use]
pub fn record_message(
    tenant: &TenantId,
    user: &UserId,
    record: &FixedBytes<32>,
    upload: &[u8],
    sealed: &[u8],
) -> Vec<u8> {
    let content = |bytes: &[u8]| FixedBytes(hash::hash(label::RECORD_CONTENT, &[bytes]));
    cbor::encode(&(
        SUITE,
        *tenant,
        *user,
        *record,
        content(upload),
        content(sealed),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_covered() {
        let tenant = TenantId::from_bytes([1; 32]);
        let user = UserId::from_bytes([2; 32]);
        let record = FixedBytes([3; 32]);
        let message = record_message(&tenant, &user, &record, b"upload", b"sealed");
        let others = [
            record_message(
                &TenantId::from_bytes([9; 32]),
                &user,
                &record,
                b"upload",
                b"sealed",
            ),
            record_message(
                &tenant,
                &UserId::from_bytes([9; 32]),
                &record,
                b"upload",
                b"sealed",
            ),
            record_message(&tenant, &user, &FixedBytes([9; 32]), b"upload", b"sealed"),
            record_message(&tenant, &user, &record, b"uploads", b"ealed"),
            record_message(&tenant, &user, &record, b"upload", b"other"),
            record_message(&tenant, &user, &record, b"sealed", b"upload"),
        ];
        assert!(others.iter().all(|other| *other != message));
    }
}
