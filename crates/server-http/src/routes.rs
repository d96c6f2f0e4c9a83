//! One list of operations, read by the router and by the OpenAPI document alike.

use serde::{Serialize, de::DeserializeOwned};
use utoipa::ToSchema;
use wardseal_api::{Auth, Endpoint, Method, Role};
use wardseal_server_domain::keys::{Caller, TenantServer};

use crate::{failure::Failure, keys, vault};

/// An endpoint whose bodies can be described and can cross threads.
pub(crate) trait Operation:
    Endpoint<
        Request: DeserializeOwned + ToSchema + Send + Sync + 'static,
        Response: Serialize + ToSchema + Send + 'static,
    > + 'static
{
}

impl<E> Operation for E where
    E: Endpoint<
            Request: DeserializeOwned + ToSchema + Send + Sync + 'static,
            Response: Serialize + ToSchema + Send + 'static,
        > + 'static
{
}

/// How an open operation is done. It may block.
pub(crate) type OpenHandler<S, E> =
    fn(&S, <E as Endpoint>::Request) -> Result<<E as Endpoint>::Response, Failure>;

/// How an operation is done that needs a caller. It may block.
pub(crate) type CallerHandler<S, E> =
    fn(&S, &Caller, <E as Endpoint>::Request) -> Result<<E as Endpoint>::Response, Failure>;

/// How an operation is done that is for servers of a tenant. It may block.
pub(crate) type TenantHandler<S, E> =
    fn(&S, &TenantServer, <E as Endpoint>::Request) -> Result<<E as Endpoint>::Response, Failure>;

/// How an operation is done that may have nothing to say yet: it is asked again when something was
/// written, and at the end with `last`, when it must answer. It may block.
pub(crate) type WaitingHandler<S, E> = fn(
    &S,
    &Caller,
    &<E as Endpoint>::Request,
    bool,
) -> Result<Option<<E as Endpoint>::Response>, Failure>;

/// Takes operations of a role whose handlers work on `S`.
pub(crate) trait Routes<S> {
    /// Adds an operation that anybody may ask for.
    fn open<E: Operation>(&mut self, handler: OpenHandler<S, E>);

    /// Adds an operation that needs a token.
    fn bearer<E: Operation>(&mut self, handler: CallerHandler<S, E>)
    where
        S: Authenticates;

    /// Adds an operation that needs an access token of the tenant's.
    fn tenant<E: Operation>(&mut self, handler: TenantHandler<S, E>)
    where
        S: Authenticates;

    /// Adds an operation that needs a token and may wait.
    fn waiting<E: Operation>(&mut self, handler: WaitingHandler<S, E>)
    where
        S: Authenticates + Grows;
}

/// Says when something was written.
pub(crate) trait Grows {
    fn growth(&self) -> tokio::sync::watch::Receiver<u64>;
}

/// Knows callers by their tokens. The vault does not: it knows nobody.
pub(crate) trait Authenticates {
    fn authenticate(&self, token: &str) -> Result<Caller, Failure>;

    /// The same for a server of a tenant, which shows an access token.
    fn authenticate_tenant(&self, token: &str) -> Result<TenantServer, Failure>;
}

/// Refuses, when compiled, to serve an operation with another kind of handler than it declares.
pub(crate) const fn declares<E: Endpoint>(kind: Auth) {
    assert!(
        matches!(
            (E::AUTH, kind),
            (Auth::Open, Auth::Open) | (Auth::Bearer, Auth::Bearer) | (Auth::Tenant, Auth::Tenant)
        ),
        "the handler does not fit how the endpoint says who may call it"
    );
}

/// An operation of either role, without its types.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) role: Role,
}

impl Known {
    pub(crate) const fn method_name(&self) -> &'static str {
        match self.method {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

/// The operation at an address, whether this process serves it or not.
pub(crate) fn find(path: &str) -> Option<Known> {
    let mut all = All(Vec::new());
    keys::operations(&mut all);
    vault::operations(&mut all);
    all.0.into_iter().find(|known| known.path == path)
}

struct All(Vec<Known>);

impl All {
    fn add<E: Endpoint>(&mut self) {
        self.0.push(Known {
            method: E::METHOD,
            path: E::PATH,
            role: E::ROLE,
        });
    }
}

impl<S> Routes<S> for All {
    fn open<E: Operation>(&mut self, _: OpenHandler<S, E>) {
        self.add::<E>();
    }

    fn bearer<E: Operation>(&mut self, _: CallerHandler<S, E>)
    where
        S: Authenticates,
    {
        self.add::<E>();
    }

    fn tenant<E: Operation>(&mut self, _: TenantHandler<S, E>)
    where
        S: Authenticates,
    {
        self.add::<E>();
    }

    fn waiting<E: Operation>(&mut self, _: WaitingHandler<S, E>)
    where
        S: Authenticates + Grows,
    {
        self.add::<E>();
    }
}
