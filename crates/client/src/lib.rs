//! The client as an application uses it.
//!
//! A [`Client`] runs over a [`Transport`], a [`StateStore`], a clock and a source of randomness
//! that its host provides, natively and in a page alike. Its methods sequence the halves of
//! `wardseal-client-core`; every one can be repeated after a failure, and none leaves anything
//! half-done.
//!
//! # What revocation means under each cache policy
//!
//! | [`CachePolicy`] | a revoked client |
//! |---|---|
//! | `Off` | reads nothing from the moment at which the server refuses it |
//! | `Memory` | reads what it had opened before, for the time to live at most |
//! | `Persistent` | the same, also after a restart and without a connection |
//!
//! Under all of them what is sealed after the revocation stays closed for ever, because it is
//! sealed under a new epoch.

mod client;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod day;
mod devices;
mod escrow;
mod export;
mod fetching;
mod groups;
mod learn;
mod names;
mod objects;
mod ports;
mod queue;
mod records;
mod recovery;
mod sessions;
mod sign_in;
mod sign_up;
mod split;
mod tenant;
mod watch;

pub use client::{CachePolicy, Client, Config, Profile};
pub use devices::Device;
pub use escrow::{
    AwaitedRecipient, ClaimReport, EscrowCode, NotClaimed, PendingGrant, PendingGranted,
    PendingSession, Unclaimed,
};
pub use export::SessionExport;
pub use groups::{Group, GroupMember};
pub use names::GroupName;
pub use objects::{ObjectInfo, Opening, Sealing};
pub use ports::{Batch, MaybeSend, MaybeSync, MemoryStore, StateStore, StoreError, Transport};
pub use recovery::{
    HelpAnswer, MailProgress, MailSettings, MethodCheck, MethodState, NewPassword, PasswordUpload,
    PreparedMail, RecoveryEvent, RecoveryMethod, StoredPassword, UnderWay, UnlockedIdentity,
    WaitingRecovery,
};
pub use sessions::{NewSession, Session, SessionPage, SessionTree};
pub use sign_up::SignUp;
pub use split::SplitStore;
pub use tenant::Tenant;
pub use wardseal_client_core::{
    Error, Misbehaviour, Misuse, TransportError, api,
    compose::Visibility,
    crypto, exchange,
    history::{Changed, Event, How, Recipient, What},
    object, protocol,
    protocol::op::{Rights, Role},
    types,
};
pub use watch::WatchPosition;
