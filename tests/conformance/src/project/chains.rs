//! Objects that are judged by what stands in chains and in the log.

use serde::Deserialize;
use serde_json::{Value, json};
use wardseal_protocol::{
    Refusal, admission, binding, fold as folding,
    keys::{DeviceKind, LogKey},
    log::{self, Checkpoint, LogError},
    op::Role,
    state::{ChainState, NOW, Position, Ring, States, TenantState, World as _},
    statement::Statement,
};
use wardseal_types::{
    Base64Url, BoxedBytes, FixedBytes, GroupId, MemberId, TenantId, Timestamp, UserId,
};

use super::{Outcome, inputs};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bytes {
    statement: Base64Url,
}

/// A statement's bytes: what they are the statement of.
pub(super) fn statement(input: &Value) -> Result<Outcome, String> {
    let Bytes { statement } = inputs(input)?;
    Ok(match Statement::decode(statement.as_slice()) {
        Ok(statement) => Ok(json!({
            "tenant": statement.tenant(),
            "chain": statement.chain(),
            "seq": statement.body().seq,
            "hash": statement.hash(),
            "leaf": FixedBytes(log::leaf_hash(&statement)),
        })),
        Err(error) => Err(Refusal::from(error).code().to_owned()),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fold {
    /// In the order of the log.
    statements: Vec<(Position, Base64Url)>,
}

/// Statements in the order of the log: the state that the last one makes, or why it is refused. All before it are accepted.
pub(super) fn fold(input: &Value) -> Result<Outcome, String> {
    let Fold { statements } = inputs(input)?;
    let mut states = States::default();
    let mut outcome = Err("no statement".into());
    let last = statements.len().saturating_sub(1);
    for (index, (position, bytes)) in statements.iter().enumerate() {
        outcome = match append(&mut states, *position, bytes) {
            Ok(state) => Ok(describe(&state, &states)),
            Err(refusal) if index == last => Err(refusal.code().to_owned()),
            Err(refusal) => return Err(format!("statement {index} is refused: {refusal}")),
        };
    }
    Ok(outcome)
}

fn append(
    states: &mut States,
    position: Position,
    bytes: &Base64Url,
) -> Result<ChainState, Refusal> {
    let statement = Statement::decode(bytes.as_slice())?;
    let previous = states.chain(&statement.chain());
    let state = folding::apply(previous.as_ref(), &statement, position, states)?;
    admission::check(&statement, states)?;
    states.insert(state.clone());
    Ok(state)
}

fn describe(state: &ChainState, states: &States) -> Value {
    let head = state.head();
    let mut described = match state {
        ChainState::Tenant(state) => {
            json!({ "keys": state.keys().map(|(id, _)| *id).collect::<Vec<_>>() })
        }
        ChainState::User(state) => {
            let mut ring = describe_ring(&state.ring, states, |kind| match kind {
                DeviceKind::Ordinary => json!("ordinary"),
                DeviceKind::Password => json!("password"),
                DeviceKind::Code => json!("code"),
                DeviceKind::Passkey => json!("passkey"),
                DeviceKind::TwoMan => json!("two_man"),
                DeviceKind::Organisation => json!("organisation"),
                _ => json!("unknown"),
            });
            insert(
                &mut ring,
                "binding",
                json!(state.binding.as_ref().map(|binding| binding.commitment)),
            );
            ring
        }
        ChainState::Group(state) => {
            let mut ring = describe_ring(&state.ring, states, |role| match role {
                Role::Member => json!("member"),
                Role::Admin => json!("admin"),
            });
            insert(&mut ring, "dissolved", json!(state.dissolved));
            if let Some(binding) = &state.binding {
                insert(&mut ring, "binding", json!(binding.commitment));
            }
            ring
        }
        ChainState::Session(state) => {
            let mut ring = describe_ring(&state.ring, states, |rights| json!(rights.bits()));
            if state.ended {
                insert(&mut ring, "ended", json!(true));
            }
            ring
        }
    };
    insert(&mut described, "chain", json!(state.id()));
    insert(&mut described, "seq", json!(head.seq));
    insert(&mut described, "head", json!(head.hash));
    described
}

fn describe_ring<M: Copy>(ring: &Ring<M>, states: &States, name: impl Fn(M) -> Value) -> Value {
    let members: Vec<(MemberId, Value)> = ring
        .members()
        .map(|(member, value)| (member, name(value)))
        .collect();
    let epochs: Vec<_> = ring
        .epochs()
        .iter()
        .map(|epoch| json!({ "commitment": epoch.declared.commitment, "position": epoch.position, "lossy": epoch.lossy }))
        .collect();
    json!({ "members": members, "epochs": epochs, "stale": ring.stale(states) })
}

fn insert(object: &mut Value, key: &str, value: Value) {
    if let Value::Object(object) = object {
        object.insert(key.to_owned(), value);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    /// The tenant's chain, by which the token is judged.
    tenant: Vec<Base64Url>,
    token: String,
    /// The user whom it names, or
    user: Option<UserId>,
    /// the group.
    group: Option<GroupId>,
    commitment: FixedBytes<32>,
    now: Timestamp,
    leeway: u64,
}

/// The state of a tenant whose chain this is.
pub(super) fn tenant(chain: &[Base64Url]) -> Result<TenantState, String> {
    let mut states = States::default();
    for (position, bytes) in (0..).zip(chain) {
        append(&mut states, position, bytes)
            .map_err(|refusal| format!("the tenant's chain: {refusal}"))?;
    }
    states.tenant().cloned().ok_or_else(|| "no tenant".into())
}

/// A binding token that is presented: the index of the name that it binds.
pub(super) fn token(input: &Value) -> Result<Outcome, String> {
    let input: Token = inputs(input)?;
    let tenant = tenant(&input.tenant)?;
    let text = Base64Url(input.token.into_bytes());
    let named = match (input.user, input.group) {
        (Some(user), None) => user.into(),
        (None, Some(group)) => group.into(),
        _ => return Err("a user or a group".into()),
    };
    let claims = binding::verify(&tenant, named, &input.commitment, &text, NOW)
        .and_then(|claims| binding::check_time(&claims, input.now, input.leeway).map(|()| claims));
    Ok(match claims {
        Ok(claims) => {
            let mut bound = json!({ "index": claims.idx });
            if let Some(old) = claims.old {
                insert(&mut bound, "old", json!(old));
            }
            Ok(bound)
        }
        Err(error) => Err(error.code().to_owned()),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    tenant: TenantId,
    /// The log's Ed25519 and ML-DSA-65 public keys.
    key: BoxedBytes<1984>,
    note: String,
    now: Timestamp,
    max_age: u64,
    skew: u64,
    /// Size and root of the newest checkpoint that was accepted before, and the proof that this one continues it.
    floor: Option<(u64, FixedBytes<32>, Vec<FixedBytes<32>>)>,
    /// A statement, its position, and the proof that it is there.
    includes: Option<(Base64Url, u64, Vec<FixedBytes<32>>)>,
}

/// A checkpoint: what it says of the log.
pub(super) fn checkpoint(input: &Value) -> Result<Outcome, String> {
    let input: Note = inputs(input)?;
    let statement = match &input.includes {
        Some((bytes, ..)) => {
            Some(Statement::decode(bytes.as_slice()).map_err(|error| error.to_string())?)
        }
        None => None,
    };
    Ok(match judge(&input, statement.as_ref()) {
        Ok(found) => Ok(json!({ "size": found.size, "root": found.root, "time": found.time })),
        Err(error) => Err(error.code().to_owned()),
    })
}

fn judge(input: &Note, statement: Option<&Statement>) -> Result<Checkpoint, LogError> {
    let hashes = |proof: &[FixedBytes<32>]| proof.iter().map(|hash| hash.0).collect::<Vec<_>>();
    let key = LogKey {
        sign: input.key.clone(),
    };
    let origin = log::origin(&input.tenant);
    let found = Checkpoint::verify(&input.note, &origin, &key)?;
    if let Some((size, root, proof)) = &input.floor {
        let floor = Checkpoint {
            origin,
            size: *size,
            root: *root,
            time: found.time,
        };
        found.continues(&floor, &hashes(proof))?;
    }
    if let (Some((_, position, proof)), Some(statement)) = (&input.includes, statement) {
        found.includes(statement, *position, &hashes(proof))?;
    }
    found.check_age(input.now, input.max_age, input.skew)?;
    Ok(found)
}
