//! What an endpoint is.

use serde::{Serialize, de::DeserializeOwned};

use crate::problem::ProblemCode;

/// HTTP method.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// Reads.
    Get,
    /// Does, or reads what needs a body to ask for.
    Post,
}

/// How a caller shows who he is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Auth {
    /// Not at all: what the request holds proves what must be proven, or nothing needs to be.
    Open,
    /// By the token that sign-in gave: `Authorization: Bearer …`.
    Bearer,
    /// By an access token that one of the tenant's token keys signed, for this server:
    /// `Authorization: Bearer …`. Only the tenant's own servers can.
    Tenant,
}

/// Which role of the server answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// The key server.
    Keys,
    /// The vault.
    Vault,
}

/// One operation of the API. Route, OpenAPI entry and client call come from this.
pub trait Endpoint {
    /// Name of the operation, unique, in snake case.
    const ID: &'static str;
    /// One sentence for the OpenAPI document.
    const SUMMARY: &'static str;
    /// Method.
    const METHOD: Method;
    /// Path. It has no parameters: what an operation needs stands in its body, so that no
    /// identifier ends in an access log.
    const PATH: &'static str;
    /// How a caller shows who he is.
    const AUTH: Auth;
    /// Which role answers.
    const ROLE: Role;
    /// Problems of this operation beside those that any operation can have
    /// ([`ProblemCode::ANYWHERE`]).
    const PROBLEMS: &'static [ProblemCode];

    /// Body of the request; `()` for none.
    type Request: DeserializeOwned + Serialize;
    /// Body of the answer.
    type Response: DeserializeOwned + Serialize;
}

/// Declares an [`Endpoint`].
macro_rules! endpoint {
    (
        $(#[doc = $doc:literal])+
        $name:ident = $method:ident $path:literal, $id:literal, $auth:ident, $role:ident,
        ($request:ty) -> $response:ty $(, problems: [$($problem:ident),* $(,)?])?
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl $crate::endpoint::Endpoint for $name {
            const ID: &'static str = $id;
            const SUMMARY: &'static str = concat!($($doc),+);
            const METHOD: $crate::endpoint::Method = $crate::endpoint::Method::$method;
            const PATH: &'static str = $path;
            const AUTH: $crate::endpoint::Auth = $crate::endpoint::Auth::$auth;
            const ROLE: $crate::endpoint::Role = $crate::endpoint::Role::$role;
            const PROBLEMS: &'static [$crate::problem::ProblemCode] =
                &[$($($crate::problem::ProblemCode::$problem),*)?];
            type Request = $request;
            type Response = $response;
        }
    };
}
pub(crate) use endpoint;

/// Declares the body of a request or answer.
macro_rules! body {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, serde::Deserialize, Eq, PartialEq, serde::Serialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type),* }
    };
}
pub(crate) use body;
