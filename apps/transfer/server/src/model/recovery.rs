//! What travels about ways back in: the tenant's half of the two-man rule, help of administrators, new identities.
//!
//! | | | asks | answers |
//! |---|---|---|---|
//! | `PUT /api/account` | signed in | [`Account`] | [`Me`](super::Me) |
//! | `GET /api/recovery/share` | signed in | | [`Shares`] |
//! | `PUT /api/recovery/share` | signed in | [`PutShare`] | [`Shares`] |
//! | `DELETE /api/recovery/share?record=…` | signed in | | [`Shares`] |
//! | `POST /api/recovery/start` | open | [`StartRecovery`] | [`RecoveryStarted`] |
//! | `POST /api/recovery/finish` | open | [`FinishRecovery`] | [`RecoveryFinished`] |
//! | `POST /api/recovery/help` | open | [`AskHelp`] | [`HelpAsked`] |
//! | `POST /api/recovery/help/{id}/poll` | open | [`PollHelp`] | [`HelpAnswer`] |
//! | `GET /api/recovery/help` | signed in | | list of [`HelpRequest`] |
//! | `POST /api/recovery/help/{id}/release` | an administrator | [`Release`] | [`HelpRequest`] |
//! | `POST /api/recovery/help/{id}/decline` | an administrator | `{}` | [`HelpRequest`] |
//! | `POST /api/people/{user}/restart` | an administrator | [`Restart`] | [`Restarted`] |
//! | `GET /api/people/restarts?facility=…` | an administrator | | list of [`PendingRestart`] |

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardseal_types::{Base64Url, FixedBytes, GroupId, Timestamp, UserId};

use crate::{id::Id, mail::Language};

/// Where letters to a person go.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// The mail address. None: nothing is told by mail.
    pub address: Option<String>,
    /// `en`, `fr` or `de`.
    #[schema(value_type = String)]
    pub language: Language,
}

/// The tenant's shares of a person's records: only that they are there, never what they are.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shares {
    /// Newest first.
    pub shares: Vec<ShareInfo>,
}

/// A share that lies here.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShareInfo {
    /// Of which record.
    pub record: FixedBytes<32>,
    /// Where codes for it go.
    pub address: String,
    /// Since when.
    pub created: Timestamp,
}

/// Stores the tenant's share of a record, before the chain names the record. The share of a record
/// does not change afterwards; a new address takes a new record.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PutShare {
    /// The record.
    pub record: FixedBytes<32>,
    /// 32 bytes.
    pub share: FixedBytes<32>,
    /// Where codes go.
    pub address: String,
    /// `en`, `fr` or `de`.
    #[schema(value_type = String)]
    pub language: Language,
}

/// Asks for a code by mail.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartRecovery {
    /// The name with which the person signs in.
    pub name: String,
    /// The page's X-Wing key, for which the vault is to release its share.
    pub client_key: Base64Url,
    /// Of letters to people whose language is not known.
    #[schema(value_type = String)]
    pub language: Language,
}

/// A code is on its way, if there is anybody for it. For a name that nobody has, or that has no such
/// method, the answer looks the same, and the same again when it is repeated.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryStarted {
    /// For the vault: `codes/start`.
    pub token: String,
    /// The user.
    pub user: UserId,
    /// The record.
    pub record: FixedBytes<32>,
    /// For [`FinishRecovery`].
    pub attempt: FixedBytes<32>,
    /// What both mails show, and the page too: `ABC-DEF`.
    pub tag: String,
}

/// Gives the code of this server's mail.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FinishRecovery {
    /// Of the start.
    pub attempt: FixedBytes<32>,
    /// Eight digits; spaces make no difference.
    pub code: String,
}

/// The tenant's share. Without the vault's it opens nothing.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryFinished {
    /// 32 bytes.
    pub share: FixedBytes<32>,
}

/// Asks the administrators for help.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskHelp {
    /// The name with which the person signs in.
    pub name: String,
    /// The page's X-Wing key, for which administrators release their shares.
    pub client_key: Base64Url,
}

/// The administrators are told, if there are any. For a name that nobody has the answer looks the same.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HelpAsked {
    /// The request for help.
    pub id: Id,
    /// With which its answer is read.
    pub secret: FixedBytes<32>,
    /// What the person reads out to an administrator: `ABC-DEF`.
    pub tag: String,
    /// Until when it can be answered.
    pub expires: Timestamp,
}

/// Asks for what the administrators have answered.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PollHelp {
    /// Of the asking.
    pub secret: FixedBytes<32>,
}

/// Where a request for help stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum HelpState {
    /// Administrators have to answer, or one more of them.
    Waiting,
    /// As many have released their shares as have to.
    Released,
    /// One has declined.
    Declined,
    /// Nobody has answered in time.
    Expired,
}

/// What the administrators have answered so far.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HelpAnswer {
    /// Where it stands.
    pub state: HelpState,
    /// The user. Only once somebody has released.
    pub user: Option<UserId>,
    /// The record. Only once somebody has released.
    pub record: Option<FixedBytes<32>>,
    /// Shares, sealed for the page's key.
    pub releases: Vec<Released>,
    /// The sealed record, as an administrator read it at the vault.
    pub blob: Option<Base64Url>,
    /// Until when it can be answered.
    pub expires: Timestamp,
}

/// An administrator's share.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Released {
    /// Who has released it.
    pub admin: UserId,
    /// Sealed for the page's key.
    pub release: Base64Url,
}

/// A request for help as administrators see it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HelpRequest {
    /// The request.
    pub id: Id,
    /// Who asks, or says so: only the telephone tells.
    pub user: UserId,
    /// The name with which the user signs in.
    pub name: String,
    /// The group whose administrators may help.
    pub group: GroupId,
    /// The record at the vault.
    pub record: FixedBytes<32>,
    /// The page's key, for which to release.
    pub client_key: Base64Url,
    /// What the person has to read out.
    pub tag: String,
    /// How many administrators it takes.
    pub quorum: u64,
    /// Where it stands.
    pub state: HelpState,
    /// Who has released already.
    pub released: Vec<UserId>,
    /// When it was asked.
    pub created: Timestamp,
    /// Until when it can be answered.
    pub expires: Timestamp,
}

/// An administrator helps.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Release {
    /// His share, sealed for the page's key.
    pub release: Base64Url,
    /// The sealed record, which only administrators can read at the vault. The first one to help brings it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<Base64Url>,
}

/// Gives a member who has no way back in a new identity.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Restart {
    /// The facility: the caller administers it, and the user is its member.
    pub facility: GroupId,
}

/// An invitation to begin anew, shown once. With it the person signs up under the same name; the
/// token then moves the name, and the administrator's page replaces the old user by the new one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Restarted {
    /// To hand over, not by mail.
    pub invitation: String,
    /// The name that it is for.
    pub name: String,
    /// Until when it can be used.
    pub expires: Timestamp,
}

/// A new identity that was begun.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PendingRestart {
    /// The user who has no way back in.
    pub old: UserId,
    /// The name.
    pub name: String,
    /// The new user, once the person has signed up again: to be compared, added, and the old one removed.
    pub user: Option<UserId>,
    /// Until when the invitation can be used.
    pub expires: Timestamp,
}
