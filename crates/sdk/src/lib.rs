#![doc = include_str!("../README.md")]

mod changes;
mod error;
mod groups;
mod host;
mod http;
mod opened;
mod options;
mod people;
mod recovery;
mod seal;
mod sessions;
mod source;
mod wardseal;

pub use changes::{Change, Changes};
pub use error::{Error, ErrorDetails};
pub use groups::Groups;
pub use opened::{Completed, ContentReader, Opened};
pub use options::{Cache, Options, Store};
pub use people::{Device, Devices, Users};
pub use recovery::Recovery;
pub use seal::{Progress, SealOptions};
pub use sessions::{
    NewSession, Recipient, Right, Session, SessionList, SessionPage, SessionTree, Sessions,
};
pub use source::RandomAccess;
pub use wardseal::{SignUpRequest, Wardseal};
/// The client beneath, for what is not offered here.
pub use wardseal_client as client;
pub use wardseal_client::{
    Changed, Event, Group, GroupMember, How, MethodCheck, MethodState, Profile, RecoveryEvent,
    RecoveryMethod, Role, Visibility, What,
    api::{DeviceProof, keys::ServerInfo},
    protocol::{keys::DeviceKind, object::ObjectHeader},
    types::{Clock, DeviceId, GroupId, MemberId, ObjectId, SessionId, TenantId, Timestamp, UserId},
};
pub use wardseal_client_sqlite::HostStore;

/// Runs what may block where it holds nobody up.
pub(crate) async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, Error> + Send + 'static,
) -> Result<R, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Nobody cancels it: the runtime is ending.
            Err(_) => Err(wardseal_client::object::ObjectError::Cancelled.into()),
        },
    }
}
