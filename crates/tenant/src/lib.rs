//! What an application's own server adds to Wardseal: the tenant's chain, and tokens that say
//! which user a name means.
//!
//! Two kinds of keys, on purpose apart. A [`RootKey`] signs the tenant's chain: rarely, and best on
//! a machine that is not connected. A [`TokenKey`] signs tokens: every day, on the application's
//! server. Whoever steals a token key can bind names that are not bound yet until the root key
//! revokes it; he reads nothing.

mod chain;
mod token;

pub use chain::{RootKey, TenantError, add_key, found, revoke_key};
pub use token::{NameRequest, TOKEN_LIFETIME, TokenKey};
