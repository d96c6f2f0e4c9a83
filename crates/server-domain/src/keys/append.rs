//! What becomes part of chains, and how.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use wardseal_protocol::{
    Refusal, admission,
    binding::{self, Claims, TokenError},
    fold,
    log::leaf_hash,
    op::{Method, Op},
    ring::{BoxRef, Sealed, SealedBox},
    state::{ChainState, World as _},
    statement::{Author, Statement},
};
use wardseal_types::{ChainId, FixedBytes, MemberId, NamedId, RingId, TenantId, limits};

use super::{
    Append, Appended, Caller, KeyService, TOKEN_LEEWAY, passwords,
    world::{self, Known},
    writer::Batch,
};
use crate::{
    error::DomainError,
    escrow::deposit::{self as escrow, Deposited},
    storage::{ChainRecord, NameRecord, StatementRecord},
};

/// How statements come in.
#[derive(Clone, Copy, Debug)]
enum Door {
    /// A new tenant.
    Tenant,
    /// A new user, with the salt of the name's commitment.
    SignUp(FixedBytes<32>),
    /// Somebody who is signed in, perhaps with the salt of a group's name.
    Caller(Option<FixedBytes<32>>),
}

/// A box as it came in and as it reads.
#[derive(Clone, Debug)]
struct Posted {
    sealed: SealedBox,
    bytes: Vec<u8>,
}

/// Statements and boxes, decoded.
#[derive(Clone, Debug)]
struct Prepared {
    tenant: TenantId,
    statements: Vec<Statement>,
    boxes: Vec<Posted>,
    door: Door,
}

impl KeyService {
    /// Registers a tenant by the genesis of its chain, which must name this server's log key.
    /// Repeating it changes nothing.
    ///
    /// # Errors
    /// [`DomainError::RegistrationClosed`] and [`DomainError::StatementRefused`].
    pub fn create_tenant(&self, statement: &[u8]) -> Result<Appended, DomainError> {
        let statement = Statement::decode(statement)?;
        let Op::TenantCreate(_, _, log) = &statement.body().op else {
            return Err(Refusal::WrongChain.into());
        };
        if log.sign != *self.log_key() {
            return Err(Refusal::BadTenantKeys.into());
        }
        self.admit(
            Prepared {
                tenant: statement.tenant(),
                statements: vec![statement],
                boxes: Vec::new(),
                door: Door::Tenant,
            },
            0,
        )
    }

    /// Registers a user whose name the tenant has bound: `user.create` and `user.bind`. Repeating it
    /// changes nothing.
    ///
    /// # Errors
    /// Those of [`append`](Self::append).
    pub fn sign_up(&self, append: &Append, salt: FixedBytes<32>) -> Result<Appended, DomainError> {
        let prepared = prepare(append, Door::SignUp(salt))?;
        let [genesis, bind] = prepared.statements.as_slice() else {
            return Err(DomainError::Malformed("a sign-up has two statements"));
        };
        let founds = matches!(genesis.body().op, Op::UserCreate(..))
            && matches!(bind.body().op, Op::Bind(..))
            && bind.chain() == genesis.chain();
        if !founds {
            return Err(DomainError::Malformed(
                "a sign-up consists of user.create and user.bind of one user",
            ));
        }
        self.admit(prepared, append.log_size)
    }

    /// Appends statements with their boxes, all or none. Whoever calls must be their author, except
    /// for those of the tenant itself, which any user may bring. Repeating it changes nothing.
    ///
    /// # Errors
    /// [`DomainError::StatementRefused`], [`DomainError::StaleStatement`],
    /// [`DomainError::BoxesRefused`], [`DomainError::BindingRefused`],
    /// [`DomainError::BindingExpired`], [`DomainError::NameTaken`], and [`DomainError::NotFound`]
    /// when the caller is of another tenant.
    pub fn append(&self, caller: &Caller, append: &Append) -> Result<Appended, DomainError> {
        if caller.tenant != append.tenant {
            return Err(DomainError::NotFound);
        }
        let prepared = prepare(append, Door::Caller(append.salt))?;
        for statement in &prepared.statements {
            let body = statement.body();
            let entitled = match body.author {
                Author::Device(user, _) | Author::Certified(user, ..) => user == caller.user,
                Author::Tenant(_) => !body.op.is_genesis(),
                Author::Founder(_) => false,
            };
            if !entitled {
                return Err(Refusal::NotAuthorised.into());
            }
            // The author's clock says when he spoke; ours, that it was not long after the day.
            if let Author::Certified(_, _, certificate) = body.author {
                certificate
                    .check_late(self.shared.clock.now())
                    .map_err(|_| Refusal::BadCertificate)?;
            }
        }
        self.admit(prepared, append.log_size)
    }

    fn admit(&self, prepared: Prepared, log_size: u64) -> Result<Appended, DomainError> {
        // Nobody else brings any, and opening them is work.
        let deposits = matches!(prepared.door, Door::Caller(_)).then_some(&prepared.boxes);
        for posted in deposits.into_iter().flatten() {
            escrow::check_share(&self.shared, &prepared.tenant, &posted.sealed)?;
        }
        let prepared = Arc::new(prepared);
        let work = Arc::clone(&prepared);
        let positions = self.writer.run(move |batch| write(batch, &work))?;
        let snapshot = self.shared.store.read()?;
        let (log, mut proofs) = self.shared.view(&*snapshot, &prepared.tenant, log_size)?;
        let mut entries = Vec::with_capacity(positions.len());
        for (statement, position) in prepared.statements.iter().zip(positions) {
            entries.push(proofs.entry(statement.bytes().to_vec(), position)?);
        }
        Ok(Appended { entries, log })
    }
}

fn prepare(append: &Append, door: Door) -> Result<Prepared, DomainError> {
    if append.statements.is_empty() || append.statements.len() > limits::MAX_TRANSACTION {
        return Err(DomainError::Malformed("from 1 to 1024 statements at once"));
    }
    let mut statements = Vec::with_capacity(append.statements.len());
    for bytes in &append.statements {
        let statement = Statement::decode(bytes)?;
        if statement.tenant() != append.tenant {
            return Err(Refusal::WrongTenant.into());
        }
        statements.push(statement);
    }
    let mut boxes = Vec::with_capacity(append.boxes.len());
    for bytes in &append.boxes {
        boxes.push(Posted {
            sealed: SealedBox::decode(bytes).map_err(|_| DomainError::BoxesRefused)?,
            bytes: bytes.clone(),
        });
    }
    Ok(Prepared {
        tenant: append.tenant,
        statements,
        boxes,
        door,
    })
}

/// Checks and writes everything; the answer says at which positions.
fn write(batch: &mut Batch<'_>, prepared: &Prepared) -> Result<Vec<u64>, DomainError> {
    let Prepared {
        tenant,
        statements,
        boxes,
        door,
    } = prepared;
    let mut position = match (batch.size(tenant)?, door) {
        (Some(size), _) => size,
        (None, Door::Tenant) => 0,
        (None, _) => return Err(DomainError::UnknownTenant),
    };
    if let Some(positions) = repeated(batch, prepared)? {
        return Ok(positions);
    }
    let admits = |tenant| batch.shared.config.tenants.admits(tenant);
    if matches!(door, Door::Tenant) && position == 0 && !admits(tenant) {
        return Err(DomainError::RegistrationClosed);
    }
    let mut chains: Vec<_> = statements.iter().map(Statement::chain).collect();
    chains.extend(statements.iter().flat_map(world::mentioned));
    chains.extend(statements.iter().flat_map(world::recipients));
    let (mut known, folded) =
        batch.load(*tenant, chains, |loader| (loader.known, loader.folded))?;
    batch.learn(*tenant, folded);

    let mut boxes = by_place(boxes)?;
    let mut positions = Vec::with_capacity(statements.len());
    for statement in statements {
        let claims = check_token(batch, &known, statement, position)?;
        let chain = statement.chain();
        let previous = known.state(&chain).cloned();
        let state = fold::apply(previous.as_deref(), statement, position, &known)?;
        admission::check(statement, &known)?;
        if let Some(claims) = claims {
            let before = previous.as_deref().and_then(commitment);
            register_name(batch, &claims, before, *door)?;
        }
        if let Some(method) = statement.body().op.method() {
            register_record(batch, tenant, method)?;
        }
        put_boxes(
            batch,
            &known,
            statement,
            previous.as_deref(),
            &state,
            &mut boxes,
        )?;
        put_statement(batch, statement, previous.as_deref(), &state)?;
        let state = Arc::new(state);
        known.insert(Arc::clone(&state));
        batch.learn(*tenant, [state]);
        positions.push(position);
        position = position.saturating_add(1);
    }
    if boxes.is_empty() {
        Ok(positions)
    } else {
        Err(DomainError::BoxesRefused)
    }
}

/// The positions of statements that are all in their chains already.
fn repeated(batch: &Batch<'_>, prepared: &Prepared) -> Result<Option<Vec<u64>>, DomainError> {
    let mut positions = Vec::with_capacity(prepared.statements.len());
    for statement in &prepared.statements {
        let place = (statement.chain(), statement.body().seq);
        let found = batch
            .unit
            .statement_at(&prepared.tenant, &place.0, place.1)?;
        match found {
            Some((position, hash)) if hash == statement.hash() => positions.push(position),
            _ => return Ok(None),
        }
    }
    Ok(Some(positions))
}

type Place = (RingId, u32, MemberId);

fn by_place(boxes: &[Posted]) -> Result<BTreeMap<Place, &Posted>, DomainError> {
    let mut places = BTreeMap::new();
    for posted in boxes {
        let SealedBox {
            ring,
            epoch,
            member,
            ..
        } = posted.sealed;
        if places.insert((ring, epoch, member), posted).is_some() {
            return Err(DomainError::BoxesRefused);
        }
    }
    Ok(places)
}

/// Takes the boxes that `statement` names out of those that were posted, and keeps them.
fn put_boxes(
    batch: &mut Batch<'_>,
    known: &Known,
    statement: &Statement,
    previous: Option<&ChainState>,
    state: &ChainState,
    posted: &mut BTreeMap<Place, &Posted>,
) -> Result<(), DomainError> {
    let op = &statement.body().op;
    let newest = state.epochs().and_then(<[_]>::last);
    let (Some(ring), Some(newest)) = (statement.chain().into_ring(), newest) else {
        return Ok(());
    };
    // What a statement names is for the epoch that it opens, or else for the present one.
    let number = newest.declared.number;
    let opened = op.epoch().map(|epoch| epoch.boxes.as_slice());
    let named: Vec<&BoxRef> = opened
        .unwrap_or_default()
        .iter()
        .chain(op.entry())
        .collect();
    for reference in named {
        let found = posted
            .remove(&(ring, number, reference.member))
            .filter(|posted| posted.sealed.answers(ring, number, reference))
            .ok_or(DomainError::BoxesRefused)?;
        let (tenant, member) = (statement.tenant(), &reference.member);
        match (*member, &found.sealed.sealed) {
            (MemberId::Pending(pending), Sealed::Escrow(deposit)) => {
                let place = Deposited {
                    statement,
                    entered: !previous.is_some_and(|before| members(before).contains(member)),
                    pending,
                    newest,
                };
                escrow::keep(batch, known, &place, deposit, &found.bytes)?;
            }
            (MemberId::Pending(_), _) | (_, Sealed::Escrow(_)) => {
                return Err(DomainError::BoxesRefused);
            }
            _ => batch
                .unit
                .put_box(&tenant, &ring, number, member, &found.bytes)?,
        }
    }
    Ok(())
}

/// Keeps a statement with its leaf, and what listings need.
fn put_statement(
    batch: &mut Batch<'_>,
    statement: &Statement,
    previous: Option<&ChainState>,
    state: &ChainState,
) -> Result<(), DomainError> {
    let (tenant, chain, head) = (statement.tenant(), statement.chain(), state.head());
    let genesis = match previous {
        None => head.position,
        Some(_) => batch
            .unit
            .chain(&tenant, &chain)?
            .map_or(head.position, |record| record.genesis),
    };
    batch.unit.put_statement(
        &tenant,
        &chain,
        &StatementRecord {
            seq: head.seq,
            position: head.position,
            hash: head.hash,
            bytes: statement.bytes().to_vec(),
        },
    )?;
    let label = match state {
        ChainState::Session(session) => session.label.clone(),
        _ => None,
    };
    batch.unit.put_chain(
        &tenant,
        &ChainRecord {
            chain,
            genesis,
            seq: head.seq,
            label,
        },
    )?;
    if let Some(ring) = chain.into_ring() {
        let before = previous.map(members).unwrap_or_default();
        let after = members(state);
        for member in before.difference(&after) {
            match member {
                MemberId::Pending(pending) => escrow::end(batch, statement, pending)?,
                _ => batch.unit.remove_member(&tenant, &ring, member)?,
            }
        }
        for member in after.difference(&before) {
            // Whoever is not there yet lists nothing.
            if !matches!(member, MemberId::Pending(_)) {
                batch.unit.put_member(&tenant, &ring, member)?;
            }
        }
    }
    batch.add_leaf(&tenant, head.position, leaf_hash(statement))?;
    Ok(())
}

/// The members by which listings find a ring. Nobody lists what a device is in.
fn members(state: &ChainState) -> BTreeSet<MemberId> {
    match state {
        ChainState::Tenant(_) | ChainState::User(_) => BTreeSet::new(),
        ChainState::Group(state) => state.ring.members().map(|(member, _)| member).collect(),
        ChainState::Session(state) => state.ring.members().map(|(member, _)| member).collect(),
    }
}

/// Checks the token of a binding before the fold does, to tell why it is refused.
fn check_token(
    batch: &Batch<'_>,
    known: &Known,
    statement: &Statement,
    position: u64,
) -> Result<Option<Claims>, DomainError> {
    let (commitment, token, named) = match (&statement.body().op, statement.chain()) {
        (Op::Bind(commitment, token), ChainId::User(user)) => (commitment, token, user.into()),
        (Op::GroupBind(commitment, token), ChainId::Group(group)) => {
            (commitment, token, group.into())
        }
        _ => return Ok(None),
    };
    let tenant = known.tenant().ok_or(DomainError::UnknownTenant)?;
    let claims = binding::verify(tenant, named, commitment, token, position)?;
    binding::check_time(&claims, batch.shared.clock.now(), TOKEN_LEEWAY)?;
    Ok(Some(claims))
}

fn commitment(state: &ChainState) -> Option<FixedBytes<32>> {
    match state {
        ChainState::User(user) => user.binding.as_ref().map(|binding| binding.commitment),
        ChainState::Group(group) => group.binding.as_ref().map(|binding| binding.commitment),
        _ => None,
    }
}

/// `previous` is the commitment that the holder's chain had before.
fn register_name(
    batch: &mut Batch<'_>,
    claims: &Claims,
    previous: Option<FixedBytes<32>>,
    door: Door,
) -> Result<(), DomainError> {
    let (tenant, holder) = (&claims.iss, claims.sub);
    let record = |salt| NameRecord {
        name: claims.idx,
        holder,
        salt,
    };
    let found = batch.unit.name(tenant, &claims.idx)?;
    match (found, door) {
        // Somebody who lost every way back in starts again under the same name.
        (Some(found), Door::SignUp(salt))
            if claims.old.is_some_and(|old| found.holder == old.into()) =>
        {
            Ok(batch.unit.move_name(tenant, &record(salt))?)
        }
        (Some(found), _) if found.holder != holder => Err(DomainError::NameTaken),
        (None, Door::SignUp(salt)) => Ok(batch.unit.put_name(tenant, &record(salt))?),
        (None, Door::Caller(Some(salt)))
            if previous.is_none() && matches!(holder, NamedId::Group(_)) =>
        {
            Ok(batch.unit.put_name(tenant, &record(salt))?)
        }
        // The same name again, with a new token. The salt that is kept opens one commitment; a new
        // one cannot be accepted without the salt that opens it.
        (Some(_), _) if previous == Some(claims.cmt) => Ok(()),
        _ => Err(DomainError::BindingRefused(TokenError::WrongSubject)),
    }
}

/// A record belongs to one user for ever, or one user could guess at another's password under limits
/// of his own. And that of a password names the key that this server evaluates with, or no password would open it.
fn register_record(
    batch: &mut Batch<'_>,
    tenant: &TenantId,
    method: &Method,
) -> Result<(), DomainError> {
    let record = method.record();
    if batch.unit.is_vault_record(tenant, record)? {
        return Err(DomainError::Malformed(passwords::RECORD_IN_USE));
    }
    if let Method::Password(kept) = method
        && passwords::evaluation_key(batch.shared, tenant, record)? != kept.oprf_key
    {
        return Err(Refusal::BadKey.into());
    }
    Ok(batch.unit.put_vault_record(tenant, record)?)
}
