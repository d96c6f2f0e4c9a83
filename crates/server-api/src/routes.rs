//! One list of operations, read by routers, by [`Api`](crate::Api) and by the OpenAPI document alike.

use serde::{Serialize, de::DeserializeOwned};
use wardseal_api::{Auth, Endpoint, Method, ProblemCode, Role};
use wardseal_server_domain::keys::{Caller, TenantServer};

use crate::{Failure, keys, vault};

/// A body of which a schema can be made.
#[cfg(feature = "openapi")]
pub use utoipa::ToSchema as Described;

/// Any body: this build makes no schemas.
#[cfg(not(feature = "openapi"))]
pub trait Described {}

#[cfg(not(feature = "openapi"))]
impl<T: ?Sized> Described for T {}

/// An endpoint whose bodies can be described and can cross threads.
pub trait Operation:
    Endpoint<
        Request: DeserializeOwned + Described + Send + Sync + 'static,
        Response: Serialize + Described + Send + 'static,
    > + 'static
{
}

impl<E> Operation for E where
    E: Endpoint<
            Request: DeserializeOwned + Described + Send + Sync + 'static,
            Response: Serialize + Described + Send + 'static,
        > + 'static
{
}

/// How an open operation is done. It may block.
pub type OpenHandler<S, E> =
    fn(&S, <E as Endpoint>::Request) -> Result<<E as Endpoint>::Response, Failure>;

/// How an operation is done that needs a caller. It may block.
pub type CallerHandler<S, E> =
    fn(&S, &Caller, <E as Endpoint>::Request) -> Result<<E as Endpoint>::Response, Failure>;

/// How an operation is done that is for servers of a tenant. It may block.
pub type TenantHandler<S, E> =
    fn(&S, &TenantServer, <E as Endpoint>::Request) -> Result<<E as Endpoint>::Response, Failure>;

/// How an operation is done that may have nothing to say yet: it is asked again when something was
/// written, and at the end with `last`, when it must answer. It may block.
pub type WaitingHandler<S, E> = fn(
    &S,
    &Caller,
    &<E as Endpoint>::Request,
    bool,
) -> Result<Option<<E as Endpoint>::Response>, Failure>;

/// Takes operations of a role whose handlers work on `S`.
pub trait Routes<S> {
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
pub trait Grows {
    /// Changes at every write.
    fn growth(&self) -> tokio::sync::watch::Receiver<u64>;
}

/// Knows callers by their tokens. The vault does not: it knows nobody.
pub trait Authenticates {
    /// Who shows this token.
    ///
    /// # Errors
    /// Why it is refused.
    fn authenticate(&self, token: &str) -> Result<Caller, Failure>;

    /// The same for a server of a tenant, which shows an access token.
    ///
    /// # Errors
    /// Why it is refused.
    fn authenticate_tenant(&self, token: &str) -> Result<TenantServer, Failure>;
}

/// Refuses, when compiled, to serve an operation with another kind of handler than it declares.
pub const fn declares<E: Endpoint>(kind: Auth) {
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
struct Known {
    method: Method,
    path: &'static str,
    role: Role,
}

impl Known {
    const fn method_name(&self) -> &'static str {
        match self.method {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

/// What is said where nothing is: whether the path exists in the other role or by another method.
#[must_use]
pub fn nowhere(method: &str, path: &str) -> Failure {
    let detail = match find(path) {
        Some(known) if known.method_name() != method => {
            format!("this address is asked with {}", known.method_name())
        }
        Some(known) => match known.role {
            Role::Keys => "a key server answers this, and this process is a vault",
            Role::Vault => "a vault answers this, and this process is a key server",
            Role::Tenant => "the application's own server answers this",
        }
        .into(),
        None => "every operation stands in the OpenAPI document of this version".into(),
    };
    Failure::with_detail(ProblemCode::NoSuchRoute, detail)
}

/// The operation at an address, whether this process serves it or not.
fn find(path: &str) -> Option<Known> {
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
