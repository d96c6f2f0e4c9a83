//! What identifiers and byte strings look like in the OpenAPI document.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use crate::{
    Base64Url, BoxedBytes, ChainId, DeviceId, FixedBytes, GroupId, KeyId, MemberId, NamedId,
    ObjectId, PendingId, RingId, SessionId, StatementHash, TenantId, Timestamp, UserId,
};

fn text(pattern: &str, description: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern))
        .description(Some(description))
        .into()
}

macro_rules! identifier {
    ($($name:ident),+) => { $(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let pattern = format!("^{}_[a-z2-7]+$", Self::PREFIX);
                text(&pattern, "Identifier: prefix, underscore, lower-case base32.")
            }
        }

        impl ToSchema for $name {}
    )+ };
}

identifier!(
    DeviceId,
    GroupId,
    KeyId,
    ObjectId,
    PendingId,
    SessionId,
    StatementHash,
    TenantId,
    UserId
);

macro_rules! union {
    ($($name:ident: $pattern:literal),+) => { $(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                text($pattern, "Identifier of one of several kinds.")
            }
        }

        impl ToSchema for $name {}
    )+ };
}

union!(
    ChainId: "^(ten|usr|grp|ses)_[a-z2-7]{52}$",
    RingId: "^(usr|grp|ses)_[a-z2-7]{52}$",
    NamedId: "^(usr|grp)_[a-z2-7]{52}$",
    MemberId: "^(usr|grp|ses|dev|pnd)_[a-z2-7]{52}$"
);

impl PartialSchema for Base64Url {
    fn schema() -> RefOr<Schema> {
        text("^[A-Za-z0-9_-]*$", "Bytes as unpadded base64url.")
    }
}

impl ToSchema for Base64Url {}

macro_rules! sized {
    ($($name:ident),+) => { $(
        impl<const N: usize> PartialSchema for $name<N> {
            fn schema() -> RefOr<Schema> {
                text("^[A-Za-z0-9_-]*$", &format!("{N} bytes as unpadded base64url."))
            }
        }

        impl<const N: usize> ToSchema for $name<N> {
            fn name() -> std::borrow::Cow<'static, str> {
                format!("Bytes{N}").into()
            }
        }
    )+ };
}

sized!(FixedBytes, BoxedBytes);

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0))
            .description(Some("Milliseconds since the Unix epoch."))
            .into()
    }
}

impl ToSchema for Timestamp {}
