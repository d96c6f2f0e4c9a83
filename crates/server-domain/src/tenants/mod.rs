//! For whom a key server works.

use std::collections::BTreeSet;

use wardseal_types::TenantId;

/// Which tenants may register.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TenantPolicy {
    /// Any.
    Open,
    /// None beyond those that are there.
    Closed,
    /// These.
    Listed(BTreeSet<TenantId>),
}

impl TenantPolicy {
    /// Whether a tenant that is not there yet may register.
    #[must_use]
    pub fn admits(&self, tenant: &TenantId) -> bool {
        match self {
            Self::Open => true,
            Self::Closed => false,
            Self::Listed(listed) => listed.contains(tenant),
        }
    }
}
