//! Strict deterministic CBOR (RFC 8949 section 4.2). See `spec/02-encoding.md`.
//!
//! Signatures and hashes cover the bytes received, so one meaning must have one encoding. The
//! decoder proves it the simple way: what it read, encoded again, must be the same bytes. That
//! refuses long-form integers, indefinite lengths, unknown keys, other key orders and trailing
//! bytes, without a second implementation of the rules.

use wardseal_types::cbor::{Decode, Encode, Fault, Reader};

/// Why bytes are not an object of the protocol.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// More bytes than any object of this kind has.
    #[error("the object is larger than its kind allows")]
    TooLarge,
    /// The bytes are not CBOR of this kind.
    #[error("the object is damaged or of another kind")]
    Malformed,
    /// The bytes mean an object, but are not its only encoding.
    #[error("the object is not canonically encoded")]
    NotCanonical,
}

/// The only encoding of `value`.
#[must_use]
pub fn encode<T: Encode + ?Sized>(value: &T) -> Vec<u8> {
    // Contexts and boxes fit; growing from nothing would copy them five times.
    let mut bytes = Vec::with_capacity(256);
    value.encode(&mut bytes);
    bytes
}

/// Reads one canonical object that fills `bytes`, which may be at most `limit` long.
///
/// # Errors
/// See [`DecodeError`].
pub fn decode<T: Decode + Encode>(bytes: &[u8], limit: usize) -> Result<T, DecodeError> {
    if bytes.len() > limit {
        return Err(DecodeError::TooLarge);
    }
    let mut input = Reader::new(bytes);
    let value = T::decode(&mut input)?;
    input.end()?;
    if encode(&value) == bytes {
        Ok(value)
    } else {
        Err(DecodeError::NotCanonical)
    }
}

impl From<Fault> for DecodeError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Malformed => Self::Malformed,
            Fault::NotCanonical => Self::NotCanonical,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardseal_types::{FixedBytes, RingId, UserId, cbor_map};

    #[derive(Debug, Eq, PartialEq)]
    struct Example {
        number: u64,
        ring: Option<RingId>,
        bytes: FixedBytes<2>,
    }

    cbor_map!(Example {
        0: number,
        1: ring,
        2: bytes
    });

    #[test]
    fn only_one_encoding_is_accepted() {
        let value = Example {
            number: 5,
            ring: None,
            bytes: FixedBytes([1, 2]),
        };
        let good = encode(&value);
        assert_eq!(good, [0xa2, 0, 5, 2, 0x42, 1, 2]);
        assert_eq!(decode(&good, 100), Ok(value));
        let bad: [&[u8]; 9] = [
            &[0xa2, 0, 0x18, 5, 2, 0x42, 1, 2],       // long integer
            &[0xbf, 0, 5, 2, 0x42, 1, 2, 0xff],       // indefinite map
            &[0xa2, 2, 0x42, 1, 2, 0, 5],             // key order
            &[0xa2, 0, 5, 2, 0x42, 1, 2, 0],          // trailing byte
            &[0xa3, 0, 5, 2, 0x42, 1, 2, 9, 0],       // unknown key
            &[0xa3, 0, 5, 0, 5, 2, 0x42, 1, 2],       // twice the same key
            &[0xa3, 0, 5, 1, 0xf6, 2, 0x42, 1, 2],    // explicit null
            &[0xa2, 0, 5, 2, 0x5f, 0x42, 1, 2, 0xff], // indefinite string
            &[0xa1, 0, 5],                            // missing key
        ];
        for bytes in bad {
            assert!(decode::<Example>(bytes, 100).is_err(), "{bytes:02x?}");
        }
        for cut in 0..good.len() {
            assert!(decode::<Example>(&good[..cut], 100).is_err());
        }
    }

    #[test]
    fn a_limit_is_checked_first() {
        let good = encode(&RingId::User(UserId::from_bytes([0; 32])));
        assert_eq!(
            decode::<RingId>(&good, good.len() - 1),
            Err(DecodeError::TooLarge)
        );
        assert!(decode::<RingId>(&good, good.len()).is_ok());
    }

    #[test]
    fn lying_lengths_allocate_nothing() {
        let mut bytes = vec![0x9b];
        bytes.extend([0xff; 8]);
        assert!(decode::<Vec<u64>>(&bytes, 100).is_err());
    }
}
