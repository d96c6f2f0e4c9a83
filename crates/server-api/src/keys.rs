//! Operations of the key server.

use std::sync::Arc;

use wardseal_api::{
    PROTOCOL,
    keys::{
        Append, AppendRequest, Appended, ChainRequest, Challenge, ChallengeRequest, Change,
        Changes, CreateTenant, CreateTenantRequest, Evaluate, EvaluateNew, EvaluateNewRequest,
        EvaluateRequest, Evaluated, Fetch, FetchForTenant, FetchRequest, Fetched, Found,
        GetChallenge, GetServer, GetTenant, ListGroups, ListRequest, ListSessions, ListedGroup,
        ListedGroups, ListedSession, ListedSessions, LookedUp, Lookup, LookupRequest, ServerInfo,
        SignIn, SignInRequest, SignUp, SignUpRequest, SignedIn, TenantRequest, Watch, WatchRequest,
    },
};
use wardseal_server_domain::{
    DomainError,
    keys::{self as domain, Caller, KeyService, Page, TenantServer, Wanted, WantedChildren},
};

use crate::{
    About, Failure,
    convert::{append, appended, evaluated, fetched},
    escrow,
    routes::{Authenticates, Grows, Routes},
};

/// What handlers of the key server work on.
#[derive(Debug)]
pub struct Keys {
    pub(crate) service: Arc<KeyService>,
    about: Arc<About>,
}

impl Keys {
    /// Handlers for a service.
    #[must_use]
    pub const fn new(service: Arc<KeyService>, about: Arc<About>) -> Self {
        Self { service, about }
    }
}

impl Authenticates for Keys {
    fn authenticate(&self, token: &str) -> Result<Caller, Failure> {
        Ok(self.service.authenticate(token)?)
    }

    fn authenticate_tenant(&self, token: &str) -> Result<TenantServer, Failure> {
        Ok(self.service.authenticate_tenant(token)?)
    }
}

impl Grows for Keys {
    fn growth(&self) -> tokio::sync::watch::Receiver<u64> {
        self.service.growth()
    }
}

impl About {
    pub(crate) fn info(&self) -> ServerInfo {
        ServerInfo {
            version: env!("CARGO_PKG_VERSION").into(),
            protocol: PROTOCOL,
            time: self.clock.now(),
            audience: self.audience.clone(),
            keys: self.keys.is_some(),
            vault: self.vault.is_some(),
            log_key: self.keys.as_ref().map(|keys| keys.log_key().clone()),
            vault_key: self.vault.as_ref().map(|vault| vault.public_key()),
            escrow_key: self
                .keys
                .as_ref()
                .and_then(|keys| keys.escrow_key().map(escrow::key_info)),
        }
    }
}

/// Every operation of this role.
pub fn operations(routes: &mut impl Routes<Keys>) {
    routes.open::<GetServer>(about);
    routes.open::<CreateTenant>(create_tenant);
    routes.open::<GetTenant>(get_tenant);
    routes.open::<SignUp>(sign_up);
    routes.open::<GetChallenge>(get_challenge);
    routes.open::<SignIn>(sign_in);
    routes.bearer::<Append>(append_statements);
    routes.bearer::<Fetch>(fetch);
    routes.tenant::<FetchForTenant>(fetch_for_tenant);
    routes.bearer::<Lookup>(lookup);
    routes.waiting::<Watch>(watch);
    routes.bearer::<ListSessions>(list_sessions);
    routes.bearer::<ListGroups>(list_groups);
    routes.bearer::<EvaluateNew>(evaluate_new);
    routes.open::<Evaluate>(evaluate);
    escrow::operations(routes);
}

fn about(keys: &Keys, (): ()) -> Result<ServerInfo, Failure> {
    Ok(keys.about.info())
}

fn create_tenant(keys: &Keys, body: CreateTenantRequest) -> Result<Appended, Failure> {
    let done = keys.service.create_tenant(body.statement.as_slice())?;
    Ok(appended(done))
}

fn get_tenant(keys: &Keys, body: TenantRequest) -> Result<Fetched, Failure> {
    Ok(fetched(keys.service.tenant(&body.tenant, body.log_size)?))
}

fn sign_up(keys: &Keys, body: SignUpRequest) -> Result<Appended, Failure> {
    let done = keys.service.sign_up(&append(body.append), body.salt)?;
    Ok(appended(done))
}

fn get_challenge(keys: &Keys, body: ChallengeRequest) -> Result<Challenge, Failure> {
    let given = keys.service.challenge(&Caller {
        tenant: body.tenant,
        user: body.user,
        device: body.device,
    })?;
    Ok(Challenge {
        challenge: given.challenge.into(),
        time: given.time,
    })
}

fn sign_in(keys: &Keys, body: SignInRequest) -> Result<SignedIn, Failure> {
    let given = keys.service.sign_in(&domain::SignIn {
        caller: Caller {
            tenant: body.tenant,
            user: body.user,
            device: body.device,
        },
        challenge: body.challenge.0,
        signature: body.signature.0,
        certificate: body.certificate.map(|certificate| certificate.0),
    })?;
    Ok(SignedIn {
        token: given.token,
        expires: given.expires,
        time: given.time,
    })
}

fn append_statements(
    keys: &Keys,
    caller: &Caller,
    body: AppendRequest,
) -> Result<Appended, Failure> {
    Ok(appended(keys.service.append(caller, &append(body))?))
}

fn fetch(keys: &Keys, caller: &Caller, body: FetchRequest) -> Result<Fetched, Failure> {
    let wanted = wanted(body.chains);
    let children = body.children.map(|children| WantedChildren {
        parent: children.parent,
        page: Page {
            after: children.after,
            limit: children.limit,
        },
    });
    let found = keys.service.fetch_tree(
        caller,
        &body.tenant,
        &wanted,
        children.as_ref(),
        body.log_size,
    )?;
    Ok(fetched(found))
}

fn fetch_for_tenant(
    keys: &Keys,
    caller: &TenantServer,
    body: FetchRequest,
) -> Result<Fetched, Failure> {
    let wanted = wanted(body.chains);
    let found = keys
        .service
        .fetch_for_tenant(caller, &body.tenant, &wanted, body.log_size)?;
    Ok(fetched(found))
}

fn wanted(chains: Vec<ChainRequest>) -> Vec<Wanted> {
    let wanted = chains.into_iter().map(|wanted| Wanted {
        chain: wanted.chain,
        from: wanted.from,
    });
    wanted.collect()
}

fn lookup(keys: &Keys, caller: &Caller, body: LookupRequest) -> Result<LookedUp, Failure> {
    let found = keys.service.lookup(caller, &body.tenant, &body.names)?;
    Ok(LookedUp {
        found: found
            .into_iter()
            .map(|found| Found {
                name: found.name,
                holder: found.holder,
                salt: found.salt,
            })
            .collect(),
    })
}

/// An answer as soon as there is one. Beginning takes no waiting, and neither does catching up with
/// what concerned others only: the caller then has a newer place to ask from.
fn watch(
    keys: &Keys,
    caller: &Caller,
    body: &WatchRequest,
    last: bool,
) -> Result<Option<Changes>, Failure> {
    let known = domain::Heard {
        log: body.since,
        escrow: body.escrow,
    };
    let happened = keys.service.changes(caller, &body.tenant, known)?;
    if happened.changes.is_empty() && body.since.is_some() && !last {
        return Ok(None);
    }
    let changes = happened
        .changes
        .into_iter()
        .map(|change| Change {
            chain: change.chain,
            seq: change.seq,
        })
        .collect();
    Ok(Some(Changes {
        changes,
        next: happened.next,
        next_escrow: happened.next_escrow,
    }))
}

const fn page(body: &ListRequest) -> Page {
    Page {
        after: body.after,
        limit: body.limit,
    }
}

fn list_sessions(
    keys: &Keys,
    caller: &Caller,
    body: ListRequest,
) -> Result<ListedSessions, Failure> {
    let (listed, next) = match body.parent {
        Some(parent) => {
            let wanted = WantedChildren {
                parent,
                page: page(&body),
            };
            keys.service.list_children(caller, &body.tenant, &wanted)?
        }
        None => {
            let listed = keys
                .service
                .list_sessions(caller, &body.tenant, page(&body))?;
            let last = listed.entries.last().map(|last| last.position);
            (listed.entries, last.filter(|_| listed.more))
        }
    };
    Ok(ListedSessions {
        sessions: listed
            .into_iter()
            .map(|entry| ListedSession {
                session: entry.session,
                position: entry.position,
                seq: entry.seq,
                label: entry.label,
            })
            .collect(),
        more: next.is_some(),
        next,
    })
}

fn list_groups(keys: &Keys, caller: &Caller, body: ListRequest) -> Result<ListedGroups, Failure> {
    if body.parent.is_some() {
        return Err(DomainError::Malformed("groups have no parent").into());
    }
    let listed = keys
        .service
        .list_groups(caller, &body.tenant, page(&body))?;
    Ok(ListedGroups {
        groups: listed
            .entries
            .into_iter()
            .map(|entry| ListedGroup {
                group: entry.group,
                position: entry.position,
                seq: entry.seq,
            })
            .collect(),
        more: listed.more,
    })
}

fn evaluate_new(
    keys: &Keys,
    caller: &Caller,
    body: EvaluateNewRequest,
) -> Result<Evaluated, Failure> {
    let done =
        keys.service
            .evaluate_new(caller, &body.tenant, &body.record, body.blinded.as_slice())?;
    Ok(evaluated(done))
}

fn evaluate(keys: &Keys, body: EvaluateRequest) -> Result<Evaluated, Failure> {
    let done = keys
        .service
        .evaluate(&body.tenant, &body.name, body.blinded.as_slice())?;
    Ok(evaluated(done))
}
