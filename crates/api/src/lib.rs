//! The HTTP API of Wardseal, typed once for client, server and OpenAPI.
//!
//! Bodies are JSON; signed and sealed objects stand inside as base64url of canonical CBOR. Every
//! failure is a problem document ([`Problem`]) with a stable code ([`ProblemCode`]).

pub mod endpoint;
pub mod escrow;
pub mod keys;
mod problem;
mod proof;
pub mod tenant;
pub mod vault;

pub use endpoint::{Auth, Endpoint, Method, Role};
pub use problem::{PROBLEM_MEDIA_TYPE, Problem, ProblemCode, Retry};
pub use proof::DeviceProof;

/// The version of the protocol that this API speaks.
pub const PROTOCOL: u32 = 1;
