//! What travels about facilities that are not registered yet.
//!
//! | | | asks | answers |
//! |---|---|---|---|
//! | `GET /api/facilities` | open | | entries with `group`, and those with `identifier` only |
//! | `POST /api/facilities/invitation` | open | [`OpenInvitation`] | [`Invited`] |
//! | `POST /api/sign-up` | open | [`SignUp`](super::SignUp) | [`SignedUp`](super::SignedUp), with `identifier` |
//! | `POST /api/facilities/bind` | who signed up with it | [`BindFacility`] | [`FacilityBound`] |
//! | `POST /api/facilities/register` | who signed up with it | [`RegisterFacility`] | [`Facility`](super::Facility) |
//! | `POST /api/requests/delivered` | either side | [`Deliver`] | [`Delivered`] |
//! | `POST /v1/escrow/{deposit,release,erase}` | signed in | as the platform's tenants answer | |

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardseal_types::{FixedBytes, GroupId, Timestamp};

use super::Country;
use crate::{id::Id, receiver::Identifier};

/// What becomes of a request that was sent in escrow, as its sender sees it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum EscrowState {
    /// It waits for the facility.
    InEscrow,
    /// The facility has its key.
    Delivered,
    /// Somebody there has opened it.
    Opened,
}

/// A request that was sent in escrow.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Escrow {
    /// Where it stands.
    pub state: EscrowState,
    /// The pending recipient of stage 1: `pnd_…`.
    pub pending: String,
    /// The pending recipient of stage 2, if it was disclosed before the facility had its key.
    pub disclosure_pending: Option<String>,
    /// When the facility got its key.
    pub delivered: Option<Timestamp>,
    /// When somebody there opened it.
    pub opened: Option<Timestamp>,
}

/// Opens the invitation of a facility, which came by mail: the link's fragment `#facility=…`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenInvitation {
    /// The code.
    pub invitation: String,
}

/// What an invitation of a facility is for.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invited {
    /// What the facility is called by, until it has a group and afterwards.
    #[schema(value_type = String)]
    pub identifier: Identifier,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub country: Country,
    /// Its town.
    pub city: String,
    /// The address that it was asked at. The name of its first person is this, or another address
    /// of the same domain.
    pub contact: String,
    /// Until when it can be used.
    pub expires: Timestamp,
    /// Whether somebody has signed up with it.
    pub used: bool,
    /// How many requests wait.
    pub waiting: u64,
}

/// Asks for the token that binds the facility's identifier to its new group.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BindFacility {
    /// The identifier.
    #[schema(value_type = String)]
    pub identifier: Identifier,
    /// The new group, which the caller administers.
    pub group: GroupId,
    /// Salted commitment to the identifier.
    pub commitment: FixedBytes<32>,
    /// Index of the identifier.
    pub index: FixedBytes<32>,
}

/// The identifier is granted.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FacilityBound {
    /// For `group.bind`, at the key server.
    pub token: String,
}

/// The group's chain says that it has the identifier now: from here on it is the facility, and what
/// waited is its.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterFacility {
    /// The identifier.
    #[schema(value_type = String)]
    pub identifier: Identifier,
    /// Its group.
    pub group: GroupId,
}

/// Reports that the facility has the keys of requests: its page after a claim, or the sender's after
/// it gave them directly.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deliver {
    /// The caller's facility.
    pub facility: GroupId,
    /// At most 1000.
    pub requests: Vec<Id>,
}

/// Which of them are delivered now.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivered {
    /// What is not the caller's affair, or was not in escrow, is left out.
    pub requests: Vec<Id>,
}
