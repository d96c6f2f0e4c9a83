//! What travels: the records and bodies of the API, as JSON with camel-cased names.

mod escrow;
mod recovery;

use serde::{Deserialize, Serialize};
use transfer_rules::{CareFamily, CaseState, RequestState, Side, Urgency, deadline::OpeningHours};
use utoipa::ToSchema;
use wardseal_types::{GroupId, SessionId, TenantId, Timestamp, UserId};

use crate::{
    id::Id,
    mail::Language,
    receiver::{Identifier, Receiver},
};

pub use escrow::{
    BindFacility, Deliver, Delivered, Escrow, EscrowState, FacilityBound, Invited, OpenInvitation,
    RegisterFacility,
};
pub use recovery::{
    Account, AskHelp, FinishRecovery, HelpAnswer, HelpAsked, HelpRequest, HelpState,
    PendingRestart, PollHelp, PutShare, RecoveryFinished, RecoveryStarted, Release, Released,
    Restart, Restarted, ShareInfo, Shares, StartRecovery,
};

/// Where a facility is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub enum Country {
    /// Germany.
    DE,
    /// France.
    FR,
}

/// An entry of the public directory.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Facility {
    /// The group of its staff. None: it is not registered yet, and can be asked by its identifier.
    #[serde(default)]
    pub group: Option<GroupId>,
    /// What it is called by in a public register: `finess:750000001`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub identifier: Option<Identifier>,
    /// Its public mail address, while it is not registered.
    #[serde(default)]
    pub contact: Option<String>,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub country: Country,
    /// Its town.
    pub city: String,
    /// Its postal code.
    pub postcode: String,
    /// What kinds of care it offers.
    #[schema(value_type = Vec<String>)]
    pub families: Vec<CareFamily>,
    /// What else it can do: codes of the rules.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Languages that are spoken there (BCP 47).
    #[serde(default)]
    pub languages: Vec<String>,
    /// Its telephone number.
    #[serde(default)]
    pub phone: String,
    /// In degrees.
    pub latitude: f64,
    /// In degrees.
    pub longitude: f64,
    /// When it answers.
    #[schema(value_type = Object)]
    pub hours: OpeningHours,
}

/// What the page has to know.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageConfig {
    /// The tenant, which the page pins.
    pub tenant: TenantId,
    /// Address of the key server.
    pub keys: String,
    /// Address of the vault.
    pub vault: String,
    /// What proofs of devices name as their audience.
    pub audience: String,
    /// Version of the server.
    pub version: String,
    /// Whether facilities can be asked before they are registered: this server keeps shares.
    pub escrow: bool,
    /// Whether keys that wait for a facility may be released on this server's word alone.
    pub assigned: bool,
    /// In a demonstration: the roles to step into, as its operator wrote them.
    #[schema(value_type = Option<Object>)]
    pub demo: Option<serde_json::Value>,
}

/// A challenge to sign.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Challenge {
    /// 32 random bytes as unpadded base64url.
    pub challenge: String,
    /// Until when it may be used.
    pub expires: Timestamp,
}

/// Who is signed in.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The user.
    pub user: UserId,
    /// The name with which the user logs in; the user's identifier where it is not known here.
    pub name: String,
    /// Where letters to the user go.
    pub address: Option<String>,
    /// In which language.
    #[schema(value_type = String)]
    pub language: Language,
    /// Facilities to which the user belongs.
    pub facilities: Vec<MyFacility>,
}

/// A facility to which somebody belongs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyFacility {
    /// Its group.
    pub group: GroupId,
    /// What the user may do in it.
    pub role: FacilityRole,
}

/// What a member of a facility may do in its group.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum FacilityRole {
    /// Changes the members too.
    Admin,
    /// Works.
    Member,
}

/// What somebody is called here. It is this server's word: a page compares it with the person's chain.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Named {
    /// The user.
    pub user: UserId,
    /// The name with which the user logs in.
    pub name: String,
}

/// Asks for a name, with an invitation.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignUp {
    /// What the operator gave out.
    pub invitation: String,
    /// The name that it is for.
    pub name: String,
    /// The new user.
    pub user: UserId,
    /// Salted commitment to the name.
    pub commitment: wardseal_types::FixedBytes<32>,
    /// Index of the name.
    pub index: wardseal_types::FixedBytes<32>,
    /// Of letters: `en`, `fr` or `de`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub language: Option<Language>,
}

/// The name is granted.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedUp {
    /// Binds the name to the user, at the key server.
    pub token: String,
    /// The user whose name it was, for whom this is the new identity.
    pub old: Option<UserId>,
    /// The facility whose first person this is: its group is to be made and bound.
    #[schema(value_type = Option<String>)]
    pub identifier: Option<Identifier>,
    /// The facility that the invitation was for, if it exists already.
    pub facility: Option<GroupId>,
}

/// A case as its sender sees it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaseRecord {
    /// The case.
    pub id: Id,
    /// The sender.
    pub facility: GroupId,
    /// Its state.
    #[schema(value_type = String)]
    pub state: CaseState,
    /// How fast it has to go.
    #[schema(value_type = String)]
    pub urgency: Urgency,
    /// What kind of care is sought.
    #[schema(value_type = String)]
    pub family: CareFamily,
    /// Whether the patient can leave, medically.
    pub ready: bool,
    /// Whether the patient's consent to disclosure is recorded.
    pub consent: bool,
    /// The session of the working copy.
    pub session: SessionId,
    /// The session of the documents.
    pub documents_session: SessionId,
    /// The blob of the working copy.
    pub sealed: Id,
    /// The documents.
    pub documents: Vec<BlobInfo>,
    /// Grows with each change of the case.
    pub version: u64,
    /// When it was opened.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// Whom it was sent to.
    pub requests: Vec<RequestRecord>,
    /// Whose access had or has to be ended.
    pub revocations: Vec<Revocation>,
}

/// A request to one facility, as both sides see it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestRecord {
    /// The request.
    pub id: Id,
    /// The case.
    pub case: Id,
    /// The sender.
    pub from: GroupId,
    /// The receiver: a group, or an identifier until a group has it.
    pub to: Receiver,
    /// Where it stands, if it was sent in escrow.
    pub escrow: Option<Escrow>,
    /// Its state.
    #[schema(value_type = String)]
    pub state: RequestState,
    /// How fast it has to go.
    #[schema(value_type = String)]
    pub urgency: Urgency,
    /// What kind of care is sought.
    #[schema(value_type = String)]
    pub family: CareFamily,
    /// Until when an answer is expected.
    pub deadline: Timestamp,
    /// Since when the clock stands still.
    pub paused_since: Option<Timestamp>,
    /// The session of stage 1.
    pub session: SessionId,
    /// The blob of stage 1.
    pub sealed: Id,
    /// What was sealed with moves.
    pub answers: Vec<Answer>,
    /// Coarse reasons.
    pub reason_groups: Vec<String>,
    /// What was disclosed. A receiver whose access has ended sees none.
    pub disclosure: Option<Disclosure>,
    /// Whether the sender has entered the answer, which he heard by telephone.
    pub entered_by_sender: bool,
    /// Grows with each change of the request.
    pub version: u64,
    /// When it was sent.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// What happened, oldest first.
    pub events: Vec<Event>,
}

/// Something sealed that came with a move.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The blob, sealed in the session of stage 1.
    pub blob: Id,
    /// The state that it came with.
    #[schema(value_type = String)]
    pub state: RequestState,
    /// When.
    pub at: Timestamp,
}

/// Stage 2, for one facility.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Disclosure {
    /// The session of stage 2.
    pub session: SessionId,
    /// The blob of stage 2.
    pub sealed: Id,
    /// The documents of the case.
    pub documents: Vec<BlobInfo>,
}

/// Something that happened to a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// What it became.
    #[schema(value_type = String)]
    pub state: RequestState,
    /// When.
    pub at: Timestamp,
    /// Who did it; nobody when the server did.
    pub by: Option<UserId>,
    /// Which side did it.
    #[schema(value_type = String)]
    pub side: Side,
}

/// A sealed blob.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlobInfo {
    /// The blob.
    pub id: Id,
    /// Its length in bytes, sealed.
    pub size: u64,
    /// Whether all of it has arrived.
    pub complete: bool,
    /// When its upload began.
    pub created: Timestamp,
}

/// An access that the sender's client still has to end, or has ended.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revocation {
    /// The revocation.
    pub id: Id,
    /// The case.
    pub case: Id,
    /// The request.
    pub request: Id,
    /// From which session.
    pub session: SessionId,
    /// Whose access. None: no group has the facility's identifier yet.
    pub group: Option<GroupId>,
    /// The pending recipient, where the request was sent in escrow (`pnd_…`): whichever of the two
    /// is a recipient of the session is to be revoked.
    pub pending: Option<String>,
    /// When it was decided.
    pub created: Timestamp,
    /// When it was done.
    pub done: Option<Timestamp>,
}

/// Opens a case.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCase {
    /// Drawn by the client.
    pub id: Id,
    /// The sender.
    pub facility: GroupId,
    /// How fast it has to go.
    #[schema(value_type = String)]
    pub urgency: Urgency,
    /// What kind of care is sought.
    #[schema(value_type = String)]
    pub family: CareFamily,
    /// Whether the patient can leave, medically.
    pub ready: bool,
    /// Whether the patient's consent to disclosure is recorded.
    pub consent: bool,
    /// The session of the working copy.
    pub session: SessionId,
    /// The session of the documents.
    pub documents_session: SessionId,
    /// The blob of the working copy.
    pub sealed: Id,
}

/// Changes a case. What is missing stays.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateCase {
    /// The version that the caller has seen.
    pub version: u64,
    /// The new blob of the working copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Id>,
    /// How fast it has to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub urgency: Option<Urgency>,
    /// What kind of care is sought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub family: Option<CareFamily>,
    /// Whether the patient can leave, medically.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// Whether the patient's consent to disclosure is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<bool>,
    /// The state that the sender moves it to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub state: Option<CaseState>,
}

/// Sends a case to facilities.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Send {
    /// The version of the case that the caller has seen.
    pub version: u64,
    /// The requests: all are sent, or none.
    pub requests: Vec<NewRequest>,
}

/// One request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRequest {
    /// Drawn by the client.
    pub id: Id,
    /// The receiver: a group, or the identifier of a facility that is not registered yet.
    pub to: Receiver,
    /// The session of stage 1.
    pub session: SessionId,
    /// The blob of stage 1.
    pub sealed: Id,
    /// The pending recipient of the session (`pnd_…`), for an identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<String>,
}

/// Adds a document to a case.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddDocument {
    /// The version of the case that the caller has seen.
    pub version: u64,
    /// A complete blob.
    pub blob: Id,
}

/// Chooses one of the offers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Choose {
    /// The version of the case that the caller has seen.
    pub version: u64,
    /// The request.
    pub request: Id,
}

/// Moves a request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Move {
    /// The version of the request that the caller has seen.
    pub version: u64,
    /// The state that it shall have.
    #[schema(value_type = String)]
    pub to: RequestState,
    /// A blob that goes with it, sealed in the session of stage 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Id>,
    /// Coarse reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reason_groups: Vec<String>,
}

/// Discloses the record to one facility.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Disclose {
    /// The version of the request that the caller has seen.
    pub version: u64,
    /// The session of stage 2.
    pub session: SessionId,
    /// The blob of stage 2.
    pub sealed: Id,
    /// The pending recipient of the session (`pnd_…`), for a facility that has no group yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<String>,
}

/// Begins an upload.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewBlob {
    /// Drawn by the client.
    pub id: Id,
    /// Length in bytes, sealed.
    pub size: u64,
    /// Whose it is.
    pub facility: GroupId,
}

/// How far an upload is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Uploaded {
    /// How many bytes are there.
    pub offset: u64,
    /// How many there will be.
    pub size: u64,
}

/// Names blobs.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FetchBlobs {
    /// The blobs.
    pub ids: Vec<Id>,
}

/// The content of blobs.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Blobs {
    /// By identifier, as unpadded base64url. What the caller may not read, what does not exist and
    /// what is too large is left out.
    pub blobs: std::collections::BTreeMap<String, String>,
}
