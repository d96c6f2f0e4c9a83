//! What a chain says at its head. See `spec/04-chains.md`.

use std::sync::Arc;

use wardseal_types::{
    Base64Url, ChainId, DeviceId, FixedBytes, GroupId, KeyId, MemberId, RingId, SessionId,
    SortedMap, StatementHash, TenantId, UserId,
};

use crate::{
    keys::{DeviceKeys, DeviceKind, EscrowKey, LogKey, TenantKey},
    op::{Cause, Method, Rights, Role, VaultRecord},
    reach::{self, Search},
    ring::{BoxRef, Epoch},
};

/// A position in the tenant's log: the index of a leaf. [`NOW`] is after every leaf.
pub type Position = u64;

/// After every leaf that is known.
pub const NOW: Position = u64::MAX;

/// The last statement of a chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Head {
    /// Its sequence number.
    pub seq: u64,
    /// Its hash.
    pub hash: StatementHash,
    /// Its position in the log.
    pub position: Position,
}

/// What held when: values in force after the position at which each was set, until the next.
/// A statement at the very position of a change was made under what held before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct History<T>(Vec<(Position, Option<T>)>);

impl<T> Default for History<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy> History<T> {
    /// A history that begins with `value` at `position`.
    #[must_use]
    pub fn starting(position: Position, value: T) -> Self {
        Self(vec![(position, Some(value))])
    }

    pub(crate) fn set(&mut self, position: Position, value: Option<T>) {
        self.0.push((position, value));
    }

    /// What is in force for a statement at `position`.
    #[must_use]
    pub fn at(&self, position: Position) -> Option<T> {
        self.0
            .iter()
            .rev()
            .find(|(since, _)| *since < position)
            .and_then(|(_, value)| *value)
    }

    /// What is in force now.
    #[must_use]
    pub fn now(&self) -> Option<T> {
        self.at(NOW)
    }

    /// The changes, oldest first: from which position, and to what.
    #[must_use]
    pub fn changes(&self) -> &[(Position, Option<T>)] {
        &self.0
    }
}

/// An epoch of a ring, as it stands in the chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EpochRecord {
    /// What the statement declared.
    pub declared: Epoch,
    /// Boxes of members that entered during the epoch.
    pub entered: Vec<BoxRef>,
    /// Where it stands in the log.
    pub position: Position,
    /// Whether it began because somebody lost the right to the ring, here or in a member ring.
    /// What is sealed to the ring's older epochs is then *stale*.
    pub lossy: bool,
}

impl EpochRecord {
    /// What the chain says of the box of a member in this epoch.
    #[must_use]
    pub fn reference(&self, member: &MemberId) -> Option<&BoxRef> {
        self.declared
            .boxes
            .iter()
            .chain(&self.entered)
            .find(|reference| reference.member == *member)
    }
}

/// What all rings have, whatever their memberships say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Epochs {
    pub(crate) ring: RingId,
    pub(crate) all: Vec<Arc<EpochRecord>>,
    pub(crate) recipients: SortedMap<MemberId, BoxRef>,
}

/// Epochs and members of a ring. `M` is what a membership says: role or rights.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ring<M> {
    pub(crate) epochs: Epochs,
    pub(crate) members: SortedMap<MemberId, History<M>>,
}

impl<M: Copy> Ring<M> {
    /// The ring's identifier.
    #[must_use]
    pub const fn id(&self) -> RingId {
        self.epochs.ring
    }

    /// All epochs, oldest first. There is always at least one.
    #[must_use]
    pub fn epochs(&self) -> &[Arc<EpochRecord>] {
        &self.epochs.all
    }

    /// The epoch with this number.
    #[must_use]
    pub fn epoch(&self, number: u32) -> Option<&EpochRecord> {
        let index = usize::try_from(number).ok()?;
        self.epochs.all.get(index).map(AsRef::as_ref)
    }

    /// The newest epoch. (`None` cannot happen to a folded ring: a genesis opens epoch 0.)
    #[must_use]
    pub fn newest(&self) -> Option<&EpochRecord> {
        self.epochs.all.last().map(AsRef::as_ref)
    }

    /// The epoch in force for a statement at `position`.
    #[must_use]
    pub fn epoch_at(&self, position: Position) -> Option<&EpochRecord> {
        self.epochs
            .all
            .iter()
            .rev()
            .find(|epoch| epoch.position < position)
            .map(AsRef::as_ref)
    }

    /// What the membership of `member` says, for a statement at `position`.
    #[must_use]
    pub fn member_at(&self, member: &MemberId, position: Position) -> Option<M> {
        self.members.get(member)?.at(position)
    }

    /// The present members.
    pub fn members(&self) -> impl Iterator<Item = (MemberId, M)> + '_ {
        self.members
            .iter()
            .filter_map(|(member, history)| Some((*member, history.now()?)))
    }

    /// Everybody who ever was a member, with the history of it.
    #[must_use]
    pub const fn histories(&self) -> &SortedMap<MemberId, History<M>> {
        &self.members
    }

    /// For each member, the box of the newest epoch.
    #[must_use]
    pub const fn recipients(&self) -> &SortedMap<MemberId, BoxRef> {
        &self.epochs.recipients
    }

    /// The losses in member rings that the newest epoch does not answer yet: what a rotation of
    /// this ring must name. Members whose chain `world` does not know are skipped.
    pub fn causes(&self, world: &dyn World) -> Vec<Cause> {
        reach::causes(&self.epochs.recipients, world)
    }

    /// The rings that must rotate before anything new is sealed to this one, in the order in which
    /// they must: every stale ring below it, and itself last. Empty when this ring is not *stale*.
    ///
    /// A ring is stale when it has [`causes`](Self::causes), or a member of it is stale: whoever
    /// lost the right two levels below holds the seeds of both levels above.
    pub fn stale(&self, world: &dyn World) -> Vec<RingId> {
        reach::stale(self.epochs.ring, &self.epochs.recipients, world)
    }
}

/// The state of a tenant's chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TenantState {
    /// The tenant.
    pub id: TenantId,
    /// Last statement.
    pub head: Head,
    /// Keys of its log.
    pub log: LogKey,
    pub(crate) keys: SortedMap<KeyId, (TenantKey, History<()>)>,
}

impl TenantState {
    /// The key with this identifier, if it is in force at `position`.
    #[must_use]
    pub fn key_at(&self, id: &KeyId, position: Position) -> Option<&TenantKey> {
        let (key, history) = self.keys.get(id)?;
        history.at(position).map(|()| key)
    }

    /// The newest escrow key in force, if the tenant takes part in escrow.
    #[must_use]
    pub fn escrow(&self) -> Option<(KeyId, &EscrowKey)> {
        self.keys
            .iter()
            .filter_map(|(id, (key, history))| match key {
                TenantKey::Escrow(key) if history.now().is_some() => {
                    let since = history.changes().last().map(|(since, _)| *since);
                    Some((since, *id, key))
                }
                _ => None,
            })
            .max_by_key(|(since, id, _)| (*since, *id))
            .map(|(_, id, key)| (id, key))
    }

    /// The keys in force.
    pub fn keys(&self) -> impl Iterator<Item = (&KeyId, &TenantKey)> {
        self.keys
            .iter()
            .filter(|(_, (_, history))| history.now().is_some())
            .map(|(id, (key, _))| (id, key))
    }
}

/// A device as its user's chain knows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceRecord {
    /// Public keys.
    pub keys: DeviceKeys,
    /// How the private keys are kept, if they lie at the vault.
    pub method: Option<Method>,
}

/// A name of the application's that the tenant bound to a user or a group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Binding {
    /// Salted commitment to the name.
    pub commitment: FixedBytes<32>,
    /// Index of the name, as the token says.
    pub index: FixedBytes<32>,
    /// The token that binds it.
    pub token: Base64Url,
}

/// The state of a user's chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UserState {
    /// The user.
    pub id: UserId,
    /// Last statement.
    pub head: Head,
    /// Devices and recovery methods, and the epochs that they share.
    pub ring: Ring<DeviceKind>,
    /// The name that the tenant bound to this user, if one was.
    pub binding: Option<Binding>,
    /// The index of the name that the user had when.
    pub names: History<FixedBytes<32>>,
    pub(crate) devices: SortedMap<DeviceId, DeviceRecord>,
}

impl UserState {
    /// The device, if it may sign a statement at `position`.
    #[must_use]
    pub fn device_at(&self, device: &DeviceId, position: Position) -> Option<&DeviceRecord> {
        self.ring
            .member_at(&MemberId::Device(*device), position)
            .and_then(|_| self.devices.get(device))
    }

    /// Whoever ever was a device of this user.
    #[must_use]
    pub const fn devices(&self) -> &SortedMap<DeviceId, DeviceRecord> {
        &self.devices
    }

    /// The recovery devices in force, with how the keys of each are kept.
    pub fn methods(&self) -> impl Iterator<Item = (DeviceId, &Method)> + '_ {
        self.ring.members().filter_map(|(member, _)| {
            let MemberId::Device(device) = member else {
                return None;
            };
            let record = self.devices.get(&device)?;
            Some((device, record.method.as_ref()?))
        })
    }

    /// The recovery device of this kind, if one is in force; the first of several passkeys.
    #[must_use]
    pub fn method(&self, kind: DeviceKind) -> Option<(DeviceId, &Method)> {
        self.methods().find(|(_, method)| method.kind() == kind)
    }

    /// The password device in force, if there is one.
    #[must_use]
    pub fn password(&self) -> Option<(DeviceId, &VaultRecord)> {
        self.methods().find_map(|(device, method)| match method {
            Method::Password(record) => Some((device, record)),
            _ => None,
        })
    }
}

/// The state of a group's chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GroupState {
    /// The group.
    pub id: GroupId,
    /// Last statement.
    pub head: Head,
    /// Members and epochs.
    pub ring: Ring<Role>,
    /// Encrypted name and the epoch under whose name key it is.
    pub name: Option<(u32, Base64Url)>,
    /// The name of the application's that the tenant bound to this group, if one was.
    pub binding: Option<Binding>,
    /// The index of the name that the group had when.
    pub names: History<FixedBytes<32>>,
    /// Whether the group has ended.
    pub dissolved: bool,
}

impl GroupState {
    /// The role of a user, as a member or through groups within this one, for a statement at
    /// `position`.
    #[must_use]
    pub fn role_at(&self, user: &UserId, position: Position, world: &dyn World) -> Option<Role> {
        Search::new(*user, position, world).role(self)
    }
}

/// The state of a session's chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionState {
    /// The session.
    pub id: SessionId,
    /// Last statement.
    pub head: Head,
    /// Recipients and epochs.
    pub ring: Ring<Rights>,
    /// A label in clear, if the application wanted one.
    pub label: Option<String>,
    /// Encrypted metadata and the epoch under whose name key it is.
    pub metadata: Option<(u32, Base64Url)>,
    /// Whether the session has ended. Then nobody is a recipient any more.
    pub ended: bool,
}

impl SessionState {
    /// The rights of a user, as a recipient or through groups and parent sessions, for a statement
    /// at `position`.
    #[must_use]
    pub fn rights_at(
        &self,
        user: &UserId,
        position: Position,
        world: &dyn World,
    ) -> Option<Rights> {
        Search::new(*user, position, world).rights(self)
    }
}

/// The state of a chain of any kind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ChainState {
    /// Of a tenant.
    Tenant(TenantState),
    /// Of a user.
    User(UserState),
    /// Of a group.
    Group(GroupState),
    /// Of a session.
    Session(SessionState),
}

impl ChainState {
    /// Last statement.
    #[must_use]
    pub const fn head(&self) -> &Head {
        match self {
            Self::Tenant(state) => &state.head,
            Self::User(state) => &state.head,
            Self::Group(state) => &state.head,
            Self::Session(state) => &state.head,
        }
    }

    /// The chain.
    #[must_use]
    pub const fn id(&self) -> ChainId {
        match self {
            Self::Tenant(state) => ChainId::Tenant(state.id),
            Self::User(state) => ChainId::User(state.id),
            Self::Group(state) => ChainId::Group(state.id),
            Self::Session(state) => ChainId::Session(state.id),
        }
    }

    /// Epochs of the ring whose history this is.
    #[must_use]
    pub fn epochs(&self) -> Option<&[Arc<EpochRecord>]> {
        match self {
            Self::Tenant(_) => None,
            Self::User(state) => Some(state.ring.epochs()),
            Self::Group(state) => Some(state.ring.epochs()),
            Self::Session(state) => Some(state.ring.epochs()),
        }
    }
}

/// The verified states that a rule may look at.
pub trait World {
    /// The tenant, once its genesis is folded.
    fn tenant(&self) -> Option<&TenantState>;
    /// A user.
    fn user(&self, id: &UserId) -> Option<&UserState>;
    /// A group.
    fn group(&self, id: &GroupId) -> Option<&GroupState>;
    /// A session.
    fn session(&self, id: &SessionId) -> Option<&SessionState>;

    /// The epochs of a member ring; `None` for what is no ring, and for an unknown one.
    fn ring_epochs(&self, member: &MemberId) -> Option<&[Arc<EpochRecord>]> {
        match member {
            MemberId::Device(_) | MemberId::Pending(_) => None,
            MemberId::User(id) => self.user(id).map(|state| state.ring.epochs()),
            MemberId::Group(id) => self.group(id).map(|state| state.ring.epochs()),
            MemberId::Session(id) => self.session(id).map(|state| state.ring.epochs()),
        }
    }
}

/// Verified states in memory.
#[derive(Clone, Debug, Default)]
pub struct States {
    tenant: Option<TenantState>,
    users: SortedMap<UserId, Box<UserState>>,
    groups: SortedMap<GroupId, Box<GroupState>>,
    sessions: SortedMap<SessionId, Box<SessionState>>,
}

impl States {
    /// Puts a state in the place of its predecessor.
    pub fn insert(&mut self, state: ChainState) {
        match state {
            ChainState::Tenant(state) => self.tenant = Some(state),
            ChainState::User(state) => {
                self.users.insert(state.id, Box::new(state));
            }
            ChainState::Group(state) => {
                self.groups.insert(state.id, Box::new(state));
            }
            ChainState::Session(state) => {
                self.sessions.insert(state.id, Box::new(state));
            }
        }
    }

    /// Forgets a chain.
    pub fn remove(&mut self, id: &ChainId) {
        match id {
            ChainId::Tenant(_) => self.tenant = None,
            ChainId::User(id) => {
                self.users.remove(id);
            }
            ChainId::Group(id) => {
                self.groups.remove(id);
            }
            ChainId::Session(id) => {
                self.sessions.remove(id);
            }
        }
    }

    /// The state of a chain.
    #[must_use]
    pub fn chain(&self, id: &ChainId) -> Option<ChainState> {
        match id {
            ChainId::Tenant(id) => self
                .tenant
                .as_ref()
                .filter(|state| state.id == *id)
                .cloned()
                .map(ChainState::Tenant),
            ChainId::User(id) => self.user(id).cloned().map(ChainState::User),
            ChainId::Group(id) => self.group(id).cloned().map(ChainState::Group),
            ChainId::Session(id) => self.session(id).cloned().map(ChainState::Session),
        }
    }

    /// The head of a chain.
    #[must_use]
    pub fn head(&self, id: &ChainId) -> Option<&Head> {
        match id {
            ChainId::Tenant(id) => self
                .tenant
                .as_ref()
                .filter(|state| state.id == *id)
                .map(|state| &state.head),
            ChainId::User(id) => self.users.get(id).map(|state| &state.head),
            ChainId::Group(id) => self.groups.get(id).map(|state| &state.head),
            ChainId::Session(id) => self.sessions.get(id).map(|state| &state.head),
        }
    }
}

impl World for States {
    fn tenant(&self) -> Option<&TenantState> {
        self.tenant.as_ref()
    }

    fn user(&self, id: &UserId) -> Option<&UserState> {
        self.users.get(id).map(AsRef::as_ref)
    }

    fn group(&self, id: &GroupId) -> Option<&GroupState> {
        self.groups.get(id).map(AsRef::as_ref)
    }

    fn session(&self, id: &SessionId) -> Option<&SessionState> {
        self.sessions.get(id).map(AsRef::as_ref)
    }
}
