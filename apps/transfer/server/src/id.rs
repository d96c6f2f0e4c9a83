//! Identifiers of cases, requests and blobs.

use core::{fmt, str::FromStr};

use rand_core::CryptoRng;
use rusqlite::{
    ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use ulid::Ulid;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};
use wardseal_types::Timestamp;

/// A ULID in its canonical text, 26 upper-case symbols. The client draws it, so that a creation whose
/// answer was lost can be repeated.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Id(Ulid);

/// The text is no identifier.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an identifier is a ULID: 26 symbols, digits and upper-case letters")]
pub struct IdError;

impl Id {
    /// Draws an identifier.
    pub fn draw(now: Timestamp, rng: &mut dyn CryptoRng) -> Self {
        let mut random = [0; 16];
        rng.fill_bytes(&mut random);
        Self(Ulid::from_parts(now.millis(), u128::from_be_bytes(random)))
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let id = Self(Ulid::from_string(text).map_err(|_| IdError)?);
        // One text for each: lower case and overlong values are refused.
        if id.to_string() == text {
            Ok(id)
        } else {
            Err(IdError)
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl ToSql for Id {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.to_string()))
    }
}

impl FromSql for Id {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value
            .as_str()?
            .parse()
            .map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

impl PartialSchema for Id {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-7][0-9A-HJKMNP-TV-Z]{25}$"))
            .description(Some("A ULID, drawn by the client."))
            .into()
    }
}

impl ToSchema for Id {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_text_is_an_identifier() {
        let good = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
        assert_eq!(good.parse::<Id>().unwrap().to_string(), good);
        for bad in [
            "",
            "01arz3ndektsv4rrffq69g5fav",
            "01ARZ3NDEKTSV4RRFFQ69G5FA",
            "01ARZ3NDEKTSV4RRFFQ69G5FAVX",
            "81ARZ3NDEKTSV4RRFFQ69G5FAV",
            "01ARZ3NDEKTSV4RRFFQ69G5FAI",
            "../../../../../etc/passwd.",
        ] {
            assert_eq!(bad.parse::<Id>(), Err(IdError), "{bad}");
        }
    }
}
