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
//! | `Off` | opens nothing from the revocation on |
//! | `Memory` | opens what is sealed for the sessions that were cached, until the time to live ends or the client does |
//! | `Persistent` | the same, also after a restart and without a connection, until the time to live ends |
//! | `Persistent` over a [`SplitStore`] | the same, until the time to live ends or the application empties its store |
//! | any, with an [export](Client::export_sessions) | opens what was sealed up to the revocation, with the file, for ever |
//!
//! A client that [watches](Client::watch), or asks and is refused, drops the keys at once. Under all
//! of them what is sealed after the revocation stays closed for ever, because it is sealed under a
//! new epoch. The tests are `tests/e2e/tests/revoked.rs`. All of this binds the client: whoever reads
//! the memory of his own machine can keep every key that was ever in it.

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
