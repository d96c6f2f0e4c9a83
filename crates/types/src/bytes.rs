//! Byte strings as they stand in JSON bodies (base64url, RFC 4648 section 5) and in CBOR.

use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    cbor::{Decode, Encode, Fault, Reader, write_bytes},
    json::{FromJson, ToJson, Value},
};

/// Bytes that are unpadded base64url in JSON and a byte string in CBOR. Parsing is strict: padding,
/// white space, the other alphabet and non-zero trailing bits are refused.
#[derive(Clone, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Base64Url(pub Vec<u8>);

impl Base64Url {
    /// The text form.
    #[must_use]
    pub fn to_text(&self) -> String {
        Self::text_of(&self.0)
    }

    /// Reads the text form; `None` when it is not canonical base64url.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Base64UrlUnpadded::decode_vec(text).ok().map(Self)
    }

    /// The text form of bytes.
    #[must_use]
    pub fn text_of(bytes: &[u8]) -> String {
        Base64UrlUnpadded::encode_string(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Base64Url {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Base64Url {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl fmt::Debug for Base64Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Base64Url {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for Base64Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_text(&text).ok_or_else(|| D::Error::custom("not unpadded base64url"))
    }
}

impl ToJson for Base64Url {
    fn write(&self, out: &mut String) {
        self.to_text().write(out);
    }
}

impl FromJson for Base64Url {
    fn read(value: &Value<'_>) -> Option<Self> {
        Self::from_text(value.text()?)
    }
}

impl Encode for Base64Url {
    fn encode(&self, out: &mut Vec<u8>) {
        write_bytes(out, &self.0);
    }
}

impl Decode for Base64Url {
    fn decode(input: &mut Reader<'_>) -> Result<Self, Fault> {
        input.bytes().map(Self::from)
    }
}

/// A byte string of exactly `N` bytes: base64url in JSON, a byte string in CBOR.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FixedBytes<const N: usize>(pub [u8; N]);

impl<const N: usize> FixedBytes<N> {
    /// The bytes.
    #[must_use]
    pub const fn as_array(&self) -> &[u8; N] {
        &self.0
    }
}

/// A long byte string of exactly `N` bytes, on the heap: post-quantum keys and signatures.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct BoxedBytes<const N: usize>(pub Box<[u8; N]>);

impl<const N: usize> BoxedBytes<N> {
    /// The bytes.
    #[must_use]
    pub fn as_array(&self) -> &[u8; N] {
        &self.0
    }
}

macro_rules! byte_string {
    ($name:ident) => {
        impl<const N: usize> From<[u8; N]> for $name<N> {
            fn from(bytes: [u8; N]) -> Self {
                Self(bytes.into())
            }
        }

        impl<const N: usize> fmt::Debug for $name<N> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text = Base64Url::text_of(self.as_array());
                f.write_str(text.get(..12).unwrap_or(&text))?;
                if text.len() > 12 {
                    f.write_str("…")
                } else {
                    Ok(())
                }
            }
        }

        impl<const N: usize> Serialize for $name<N> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&Base64Url::text_of(self.as_array()))
            }
        }

        impl<'de, const N: usize> Deserialize<'de> for $name<N> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let Base64Url(bytes) = Base64Url::deserialize(deserializer)?;
                let length = bytes.len();
                <[u8; N]>::try_from(bytes).map(Self::from).map_err(|_| {
                    D::Error::custom(format_args!("{length} bytes where {N} are expected"))
                })
            }
        }

        impl<const N: usize> ToJson for $name<N> {
            fn write(&self, out: &mut String) {
                Base64Url::text_of(self.as_array()).write(out);
            }
        }

        impl<const N: usize> FromJson for $name<N> {
            fn read(value: &Value<'_>) -> Option<Self> {
                let bytes = Base64Url::read(value)?.0;
                <[u8; N]>::try_from(bytes).ok().map(Self::from)
            }
        }

        impl<const N: usize> Encode for $name<N> {
            fn encode(&self, out: &mut Vec<u8>) {
                write_bytes(out, self.as_array());
            }
        }

        impl<const N: usize> Decode for $name<N> {
            fn decode(input: &mut Reader<'_>) -> Result<Self, Fault> {
                <[u8; N]>::try_from(input.bytes()?)
                    .map(Self::from)
                    .map_err(|_| Fault::Malformed)
            }
        }
    };
}

byte_string!(FixedBytes);
byte_string!(BoxedBytes);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_is_strict() {
        assert_eq!(Base64Url(vec![255, 254]).to_text(), "__4");
        assert_eq!(Base64Url::from_text("__4"), Some(Base64Url(vec![255, 254])));
        for bad in ["__5", "__4=", "//4", "__ 4", "_"] {
            assert_eq!(Base64Url::from_text(bad), None, "{bad}");
        }
    }

    #[test]
    fn fixed_bytes_refuse_other_lengths() {
        assert!(serde_json::from_str::<FixedBytes<2>>("\"__4\"").is_ok());
        assert!(serde_json::from_str::<FixedBytes<3>>("\"__4\"").is_err());
        let cbor = [0x42, 1, 2];
        let read = FixedBytes::<2>::decode(&mut Reader::new(&cbor));
        assert_eq!(read, Ok(FixedBytes([1, 2])));
        let read = FixedBytes::<3>::decode(&mut Reader::new(&cbor));
        assert_eq!(read, Err(Fault::Malformed));
    }
}
