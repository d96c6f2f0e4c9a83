//! `fold(statements) → state`: one function for all kinds of chains, the same in client and
//! server. See `spec/04-chains.md`.

mod claim;

use wardseal_crypto::{
    label,
    sign::{Ed25519PublicKey, HybridPublicKey},
};
use wardseal_types::{
    Base64Url, ChainId, ChainKind, DeviceId, FixedBytes, GroupId, KeyId, MemberId, NamedId, RingId,
    SessionId, SortedMap, TenantId, UserId, limits,
};

use crate::{
    binding,
    certificate::Certificate,
    keys::{DeviceKeys, DeviceKind, TenantKey, possession_message, verify_hybrid},
    op::{Entry, Grant, Membership, Method, NewDevice, Op, Recover, Rights, Role, SetRecovery},
    reach::Search,
    refusal::Refusal,
    state::{
        Binding, ChainState, DeviceRecord, GroupState, Head, History, NOW, Position, Ring,
        SessionState, TenantState, UserState, World,
    },
    statement::{Author, Body, Statement},
};

/// The state after `statement`, which stands at `position` in the tenant's log.
///
/// The author must be authorised in the state *before*. `world` holds the verified states of the
/// tenant, the author and the groups and sessions through which the author claims a right. It may
/// know what happened later, which changes nothing, but must know all that happened earlier: a
/// chain that ends too early makes a revoked device or a removed administrator look alive.
///
/// # Errors
/// [`Refusal`]: the chain then stays as it was.
pub fn apply(
    previous: Option<&ChainState>,
    statement: &Statement,
    position: Position,
    world: &dyn World,
) -> Result<ChainState, Refusal> {
    let head = Head {
        seq: statement.body().seq,
        hash: statement.hash(),
        position,
    };
    check_place(previous, statement, position, world)?;
    let step = Step {
        statement,
        position,
        head,
        world,
    };
    match (statement.chain(), previous) {
        (ChainId::Tenant(id), None) => step.tenant_genesis(id).map(ChainState::Tenant),
        (ChainId::Tenant(_), Some(ChainState::Tenant(state))) => {
            step.tenant(state.clone()).map(ChainState::Tenant)
        }
        (ChainId::User(id), None) => step.user_genesis(id).map(ChainState::User),
        (ChainId::User(_), Some(ChainState::User(state))) => {
            step.user(state.clone()).map(ChainState::User)
        }
        (ChainId::Group(id), None) => step.group_genesis(id).map(ChainState::Group),
        (ChainId::Group(_), Some(ChainState::Group(state))) => {
            step.group(state.clone()).map(ChainState::Group)
        }
        (ChainId::Session(id), None) => step.session_genesis(id).map(ChainState::Session),
        (ChainId::Session(_), Some(ChainState::Session(state))) => {
            step.session(state.clone()).map(ChainState::Session)
        }
        _ => Err(Refusal::WrongChain),
    }
}

/// Chain, tenant, sequence number, hash of the predecessor, and place in the log.
fn check_place(
    previous: Option<&ChainState>,
    statement: &Statement,
    position: Position,
    world: &dyn World,
) -> Result<(), Refusal> {
    let body = statement.body();
    let founding = matches!(body.op, Op::TenantCreate(..));
    let tenant = world.tenant().map(|state| state.id);
    if founding {
        if tenant.is_some_and(|tenant| tenant != statement.tenant()) {
            return Err(Refusal::WrongTenant);
        }
    } else if tenant != Some(statement.tenant()) {
        return Err(Refusal::WrongTenant);
    }
    // What a statement sets is in force after its position, so something must come after.
    if position == NOW {
        return Err(Refusal::OutOfOrder);
    }
    // Nobody has seen more of the log than stood in it before his own statement.
    if body.seen.is_some_and(|seen| seen.size > position) {
        return Err(Refusal::OutOfOrder);
    }
    let Some(previous) = previous else {
        return if body.op.is_genesis() {
            Ok(())
        } else {
            Err(Refusal::StaleParent)
        };
    };
    if previous.id() != statement.chain() {
        return Err(Refusal::WrongChain);
    }
    let head = previous.head();
    let follows = head.seq.checked_add(1) == Some(body.seq) && body.previous == Some(head.hash);
    if !follows {
        return Err(Refusal::StaleParent);
    }
    if position <= head.position {
        return Err(Refusal::OutOfOrder);
    }
    Ok(())
}

struct Step<'a> {
    statement: &'a Statement,
    position: Position,
    head: Head,
    world: &'a dyn World,
}

impl Step<'_> {
    const fn op(&self) -> &Op {
        &self.statement.body().op
    }

    /// The position at which this statement's own changes are in force, and nothing later: `world`
    /// may know a future that this statement must not be judged by.
    const fn after(&self) -> Position {
        self.position.saturating_add(1)
    }

    fn tenant_genesis(&self, id: TenantId) -> Result<TenantState, Refusal> {
        let (Op::TenantCreate(_, keys, log), Author::Tenant(author)) =
            (self.op(), self.statement.body().author)
        else {
            return Err(Refusal::NotAuthorised);
        };
        let mut state = TenantState {
            id,
            head: self.head,
            log: log.clone(),
            keys: SortedMap::new(),
        };
        HybridPublicKey::from_bytes(log.sign.as_array()).map_err(|_| Refusal::BadKey)?;
        for key in keys {
            self.add_tenant_key(&mut state, key)?;
        }
        self.check_tenant_signature(&state, &author, self.after())?;
        Ok(state)
    }

    fn tenant(&self, mut state: TenantState) -> Result<TenantState, Refusal> {
        let Author::Tenant(author) = self.statement.body().author else {
            return Err(Refusal::NotAuthorised);
        };
        self.check_tenant_signature(&state, &author, self.position)?;
        match self.op() {
            Op::TenantAddKey(key) => self.add_tenant_key(&mut state, key)?,
            Op::TenantRevokeKey(id) => {
                let Some((_, history)) = state.keys.get_mut(id) else {
                    return Err(Refusal::BadTenantKeys);
                };
                if history.now().is_none() {
                    return Err(Refusal::BadTenantKeys);
                }
                history.set(self.position, None);
                if !state
                    .keys()
                    .any(|(_, key)| matches!(key, TenantKey::Root(_)))
                {
                    return Err(Refusal::BadTenantKeys);
                }
            }
            _ => return Err(Refusal::WrongChain),
        }
        state.head = self.head;
        Ok(state)
    }

    fn add_tenant_key(&self, state: &mut TenantState, key: &TenantKey) -> Result<(), Refusal> {
        let valid = match key {
            TenantKey::Root(key) => HybridPublicKey::from_bytes(key.as_array()).is_ok(),
            TenantKey::Token(key) => Ed25519PublicKey::from_bytes(*key.as_array()).is_ok(),
            TenantKey::Escrow(key) => key.sealer().is_ok(),
        };
        if !valid {
            return Err(Refusal::BadKey);
        }
        // A revoked key stays known, so it cannot come back.
        if state.keys.len() >= limits::MAX_MEMBERS {
            return Err(Refusal::TooLarge);
        }
        let entry = (key.clone(), History::starting(self.position, ()));
        match state.keys.insert(key.id(), entry) {
            None => Ok(()),
            Some(_) => Err(Refusal::BadTenantKeys),
        }
    }

    fn check_tenant_signature(
        &self,
        state: &TenantState,
        author: &KeyId,
        at: Position,
    ) -> Result<(), Refusal> {
        let key = state.key_at(author, at).ok_or(Refusal::NotAuthorised)?;
        self.statement
            .verify_tenant(key)
            .map_err(|_| Refusal::BadSignature)
    }

    fn user_genesis(&self, id: UserId) -> Result<UserState, Refusal> {
        let (Op::UserCreate(_, keys, epoch), Author::Founder(author)) =
            (self.op(), self.statement.body().author)
        else {
            return Err(Refusal::NotAuthorised);
        };
        let device = checked_device(keys)?;
        if device != author || keys.kind != DeviceKind::Ordinary {
            return Err(Refusal::NotAuthorised);
        }
        self.statement
            .verify_device(keys)
            .map_err(|_| Refusal::BadSignature)?;
        let member = MemberId::Device(device);
        let record = DeviceRecord {
            keys: keys.clone(),
            method: None,
        };
        Ok(UserState {
            id,
            head: self.head,
            ring: Ring::create(
                RingId::User(id),
                &[(member, keys.kind)],
                epoch,
                self.position,
            )?,
            binding: None,
            names: History::default(),
            devices: SortedMap::from_iter([(device, record)]),
        })
    }

    fn user(&self, mut state: UserState) -> Result<UserState, Refusal> {
        let device = self.check_own_device(&state)?;
        match self.op() {
            Op::AddDevice(new, entry) => {
                let entered = self.check_new_device(&state, new, DeviceKind::Ordinary)?;
                let entry = Entry::History(entry.clone());
                state.ring.enter(
                    MemberId::Device(entered),
                    new.keys.kind,
                    &entry,
                    self.position,
                )?;
                keep_device(&mut state, entered, &new.keys, None)?;
            }
            Op::RevokeDevice(removal) => {
                state.ring.leave(removal, self.position)?;
            }
            Op::UserRotate(rotation) => {
                if !rotation.causes.is_empty() {
                    return Err(Refusal::BadCause);
                }
                state.ring.rotate(rotation, self.position)?;
            }
            Op::SetRecovery(set) => self.set_recovery(&mut state, set)?,
            Op::Recover(recover) => self.recover(&mut state, recover)?,
            Op::Bind(commitment, token) => {
                let binding = self.bound(state.id.into(), commitment, token)?;
                state.names.set(self.position, Some(binding.index));
                state.binding = Some(binding);
            }
            _ => return Err(Refusal::WrongChain),
        }
        // Who knows the password may change it: the same person goes on with the new device.
        let replaces_itself =
            matches!(self.op(), Op::SetRecovery(set) if set.replaces == Some(device));
        if !replaces_itself && state.device_at(&device, self.after()).is_none() {
            return Err(Refusal::AuthorLeaves);
        }
        state.head = self.head;
        Ok(state)
    }

    /// The name that a token binds to a user or a group.
    fn bound(
        &self,
        subject: NamedId,
        commitment: &FixedBytes<32>,
        token: &Base64Url,
    ) -> Result<Binding, Refusal> {
        let tenant = self.world.tenant().ok_or(Refusal::WrongTenant)?;
        let claims = binding::verify(tenant, subject, commitment, token, self.position)
            .map_err(|_| Refusal::BadBinding)?;
        Ok(Binding {
            commitment: *commitment,
            index: claims.idx,
            token: token.clone(),
        })
    }

    fn set_recovery(&self, state: &mut UserState, set: &SetRecovery) -> Result<(), Refusal> {
        let kind = set.method.kind();
        let entered = self.check_new_device(state, &set.device, kind)?;
        let member = MemberId::Device(entered);
        match (&set.replaces, &set.entry, &set.epoch) {
            (None, Some(entry), None) => {
                let entry = Entry::History(entry.clone());
                state.ring.enter(member, kind, &entry, self.position)?;
            }
            (Some(old), None, Some(epoch)) => {
                let old = MemberId::Device(*old);
                if state.ring.member_at(&old, NOW) != Some(kind) {
                    return Err(Refusal::NotAMember(old));
                }
                state
                    .ring
                    .exchange([old], member, kind, epoch, self.position)?;
            }
            _ => return Err(Refusal::BadEpoch),
        }
        keep_device(state, entered, &set.device.keys, Some(&set.method))
    }

    fn recover(&self, state: &mut UserState, recover: &Recover) -> Result<(), Refusal> {
        let method = recover.method.as_ref();
        let kind = method.map_or(DeviceKind::Ordinary, Method::kind);
        // Who comes back needs a device that works, not another that only recovers.
        if kind.only_recovers() {
            return Err(Refusal::BadMethod);
        }
        let entered = self.check_new_device(state, &recover.device, kind)?;
        if !recover.leave.is_sorted() {
            return Err(Refusal::NotAscending);
        }
        state.ring.exchange(
            recover.leave.iter().copied().map(MemberId::Device),
            MemberId::Device(entered),
            kind,
            &recover.epoch,
            self.position,
        )?;
        keep_device(state, entered, &recover.device.keys, method)
    }

    /// The signing device, if it is one of this user's own.
    fn check_own_device(&self, state: &UserState) -> Result<DeviceId, Refusal> {
        let Author::Device(user, device) = self.statement.body().author else {
            return Err(Refusal::NotAuthorised);
        };
        if user != state.id {
            return Err(Refusal::NotAuthorised);
        }
        self.check_device_signature(state, &device)?;
        Ok(device)
    }

    fn check_device_signature(&self, state: &UserState, device: &DeviceId) -> Result<(), Refusal> {
        let record = state
            .device_at(device, self.position)
            .ok_or(Refusal::NotADevice)?;
        self.statement
            .verify_device(&record.keys)
            .map_err(|_| Refusal::BadSignature)?;
        // A device that only recovers says that and nothing else, and nobody says it in its place.
        if record.keys.kind.only_recovers() == matches!(self.op(), Op::Recover(_)) {
            Ok(())
        } else {
            Err(Refusal::NotAuthorised)
        }
    }

    /// The certificate and the signature of the key that it certifies.
    fn check_certified(
        &self,
        state: &UserState,
        device: &DeviceId,
        certificate: &Certificate,
    ) -> Result<(), Refusal> {
        let record = state
            .device_at(device, self.position)
            .ok_or(Refusal::NotADevice)?;
        let time = self.statement.body().time;
        certificate
            .check(&self.statement.tenant(), &state.id, &record.keys, time)
            .map_err(|_| Refusal::BadCertificate)?;
        self.statement
            .verify_certified(certificate)
            .map_err(|_| Refusal::BadSignature)
    }

    fn check_new_device(
        &self,
        state: &UserState,
        new: &NewDevice,
        kind: DeviceKind,
    ) -> Result<DeviceId, Refusal> {
        let device = checked_device(&new.keys)?;
        // Once revoked, a device does not come back: its keys may be in other hands.
        if state.devices.contains_key(&device) {
            return Err(Refusal::AlreadyMember(MemberId::Device(device)));
        }
        if new.keys.kind != kind {
            return Err(Refusal::WrongMember(MemberId::Device(device)));
        }
        let message = possession_message(&self.statement.tenant(), &state.id, &device);
        verify_hybrid(&new.keys.sign, label::STATEMENT_POP, &message, &new.proof)
            .map_err(|_| Refusal::BadKey)?;
        Ok(device)
    }

    /// The user who signs a statement of a group or session.
    fn check_author(&self) -> Result<UserId, Refusal> {
        let Body { author, kind, .. } = self.statement.body();
        let user = author.user().ok_or(Refusal::NotAuthorised)?;
        let state = self.world.user(&user).ok_or(Refusal::UnknownAuthor(user))?;
        match author {
            Author::Device(_, device) => self.check_device_signature(state, device)?,
            Author::Certified(_, device, certificate) if *kind == ChainKind::Session => {
                self.check_certified(state, device, certificate)?;
            }
            _ => return Err(Refusal::NotAuthorised),
        }
        Ok(user)
    }

    fn group_genesis(&self, id: GroupId) -> Result<GroupState, Refusal> {
        let author = self.check_author()?;
        let Op::GroupCreate(_, members, epoch) = self.op() else {
            return Err(Refusal::WrongChain);
        };
        let members: Vec<_> = members
            .iter()
            .map(|Membership { member, role }| (*member, *role))
            .collect();
        let state = GroupState {
            id,
            head: self.head,
            ring: Ring::create(RingId::Group(id), &members, epoch, self.position)?,
            name: None,
            binding: None,
            names: History::default(),
            dissolved: false,
        };
        let mut search = Search::new(author, self.after(), self.world);
        match search.role(&state) {
            Some(Role::Admin) => Ok(state),
            _ => Err(search.refusal()),
        }
    }

    fn group(&self, mut state: GroupState) -> Result<GroupState, Refusal> {
        let author = self.check_author()?;
        if state.dissolved {
            return Err(Refusal::Dissolved);
        }
        let needed = match self.op() {
            Op::GroupRotate(_) => Role::Member,
            _ => Role::Admin,
        };
        let mut search = Search::new(author, self.position, self.world);
        if search.role(&state).is_none_or(|role| role < needed) {
            return Err(search.refusal());
        }
        match self.op() {
            Op::Add(Membership { member, role }, entry) => {
                state.ring.enter(*member, *role, entry, self.position)?;
            }
            Op::Remove(removal) => state.ring.leave(removal, self.position)?,
            Op::SetRole(Membership { member, role }) => {
                state.ring.change(*member, *role, self.position)?;
            }
            Op::GroupRotate(rotation) => state.ring.rotate(rotation, self.position)?,
            Op::Rename(epoch, name) => {
                check_name(&state.ring, *epoch, name.as_slice())?;
                state.name = Some((*epoch, name.clone()));
            }
            Op::Dissolve => state.dissolved = true,
            Op::GroupBind(commitment, token) => {
                let binding = self.bound(state.id.into(), commitment, token)?;
                state.names.set(self.position, Some(binding.index));
                state.binding = Some(binding);
            }
            _ => return Err(Refusal::WrongChain),
        }
        if !state.ring.members().any(|(_, role)| role == Role::Admin) {
            return Err(Refusal::NoAdministrator);
        }
        if self.op().epoch().is_some() && state.role_at(&author, self.after(), self.world).is_none()
        {
            return Err(Refusal::AuthorLeaves);
        }
        state.head = self.head;
        Ok(state)
    }

    fn session_genesis(&self, id: SessionId) -> Result<SessionState, Refusal> {
        let author = self.check_author()?;
        let Op::SessionCreate(_, grants, epoch, label) = self.op() else {
            return Err(Refusal::WrongChain);
        };
        if label
            .as_ref()
            .is_some_and(|label| label.len() > limits::MAX_NAME)
        {
            return Err(Refusal::BadName);
        }
        let members: Vec<_> = grants
            .iter()
            .map(|Grant { member, rights }| (*member, *rights))
            .collect();
        for (member, rights) in &members {
            check_pending(*member, *rights)?;
        }
        let state = SessionState {
            id,
            head: self.head,
            ring: Ring::create(RingId::Session(id), &members, epoch, self.position)?,
            label: label.clone(),
            metadata: None,
            ended: false,
        };
        check_managed(&state)?;
        let mut search = Search::new(author, self.after(), self.world);
        match search.rights(&state) {
            Some(_) => Ok(state),
            None => Err(search.refusal()),
        }
    }

    fn session(&self, mut state: SessionState) -> Result<SessionState, Refusal> {
        let author = self.check_author()?;
        if state.ended {
            return Err(Refusal::Dissolved);
        }
        if let Op::Claim(claim) = self.op() {
            self.claim(&mut state, author, claim)?;
            state.head = self.head;
            return Ok(state);
        }
        let needed = match self.op() {
            Op::SessionRotate(_) => Rights::READ,
            Op::Grant(grant, _) => Rights::SHARE.union(grant.rights),
            Op::Describe(..) => Rights::SHARE,
            _ => Rights::MANAGE,
        };
        let mut search = Search::new(author, self.position, self.world);
        let held = search.rights(&state);
        if !held.is_some_and(|held| held.contains(needed)) {
            return Err(search.refusal());
        }
        match self.op() {
            Op::Grant(Grant { member, rights }, entry) => {
                check_pending(*member, *rights)?;
                // Whoever is awaited comes through the epochs that are there: no gap may open.
                let awaited = state.ring.has_pending() || matches!(member, MemberId::Pending(_));
                if awaited && matches!(entry, Entry::FromJoin(_)) {
                    return Err(Refusal::BadEpoch);
                }
                state.ring.enter(*member, *rights, entry, self.position)?;
            }
            Op::SetRights(Grant { member, rights }) => {
                check_pending(*member, *rights)?;
                state.ring.change(*member, *rights, self.position)?;
            }
            Op::Revoke(removal) => state.ring.leave(removal, self.position)?,
            Op::SessionRotate(rotation) => state.ring.rotate(rotation, self.position)?,
            Op::Describe(epoch, metadata) => {
                check_name(&state.ring, *epoch, metadata.as_slice())?;
                state.metadata = Some((*epoch, metadata.clone()));
            }
            Op::End => {
                state.ring.end(self.position);
                state.ended = true;
                state.head = self.head;
                return Ok(state);
            }
            _ => return Err(Refusal::WrongChain),
        }
        check_managed(&state)?;
        if self.op().epoch().is_some()
            && state.rights_at(&author, self.after(), self.world).is_none()
        {
            return Err(Refusal::AuthorLeaves);
        }
        state.head = self.head;
        Ok(state)
    }
}

/// Somebody whom nobody has seen yet does not manage.
fn check_pending(member: MemberId, rights: Rights) -> Result<(), Refusal> {
    match member {
        MemberId::Pending(_) if rights.contains(Rights::MANAGE) => {
            Err(Refusal::WrongMember(member))
        }
        _ => Ok(()),
    }
}

/// Keeps what a chain says of a device that has entered its ring. Of every recovery method there is
/// one, so that it is clear which one a change replaces; a person may have several passkeys.
fn keep_device(
    state: &mut UserState,
    device: DeviceId,
    keys: &DeviceKeys,
    method: Option<&Method>,
) -> Result<(), Refusal> {
    if let Some(method) = method {
        if !method.is_valid_for(&state.id) {
            return Err(Refusal::BadMethod);
        }
        let kind = method.kind();
        let mut present = state.methods().filter(|(_, other)| other.kind() == kind);
        if kind == DeviceKind::Passkey {
            if present.count() >= limits::MAX_PASSKEYS {
                return Err(Refusal::TooLarge);
            }
        } else if let Some((present, _)) = present.next() {
            return Err(Refusal::AlreadyMember(MemberId::Device(present)));
        }
    }
    let record = DeviceRecord {
        keys: keys.clone(),
        method: method.cloned(),
    };
    state.devices.insert(device, record);
    Ok(())
}

fn checked_device(keys: &DeviceKeys) -> Result<DeviceId, Refusal> {
    keys.verifier().map_err(|_| Refusal::BadKey)?;
    keys.sealer().map_err(|_| Refusal::BadKey)?;
    Ok(keys.id())
}

fn check_managed(state: &SessionState) -> Result<(), Refusal> {
    if state
        .ring
        .members()
        .any(|(_, rights)| rights.contains(Rights::MANAGE))
    {
        Ok(())
    } else {
        Err(Refusal::NoAdministrator)
    }
}

fn check_name<M: Copy>(ring: &Ring<M>, epoch: u32, sealed: &[u8]) -> Result<(), Refusal> {
    // Under an older epoch, whoever was removed could read it.
    let newest = ring.newest().map(|newest| newest.declared.number);
    if sealed.len() <= limits::MAX_SEALED_NAME && newest == Some(epoch) {
        Ok(())
    } else {
        Err(Refusal::BadName)
    }
}
