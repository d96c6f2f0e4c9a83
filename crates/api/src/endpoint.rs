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
    /// However the application signs its users in: the operation is served by its own server.
    Application,
}

/// Who answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// The key server.
    Keys,
    /// The vault.
    Vault,
    /// The tenant's own server, which the application runs.
    Tenant,
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

        wardseal_types::json_record!($name { $($field),* });
    };
}
pub(crate) use body;

/// Declares a choice that travels as a text.
macro_rules! choice {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, serde::Deserialize, Eq, PartialEq, serde::Serialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum $name { $($(#[$variant_meta])* #[serde(rename = $text)] $variant),+ }

        wardseal_types::words!($name { $($variant: $text),+ });

        impl wardseal_types::json::ToJson for $name {
            fn write(&self, out: &mut String) {
                self.word().to_owned().write(out);
            }
        }

        impl wardseal_types::json::FromJson for $name {
            fn read(value: &wardseal_types::json::Value<'_>) -> Option<Self> {
                Self::from_word(value.text()?)
            }
        }
    };
}
pub(crate) use choice;

#[cfg(test)]
mod tests {
    use serde::{Serialize, de::DeserializeOwned};
    use wardseal_types::{
        Base64Url, BoxedBytes, ChainId, FixedBytes, GroupId, KeyId, SessionId, TenantId, Timestamp,
        UserId,
        json::{self, FromJson, ToJson},
    };

    use crate::{
        Problem, ProblemCode,
        escrow::{ReleasedShare, ReleasedShares, ShareRefusal},
        keys::{
            ChainSlice, Entry, Fetched, ListRequest, ListedSession, ListedSessions, LogView,
            LookedUp, ServerInfo,
        },
        tenant::{ErasedShare, ErasedShares, ErasureCause},
    };

    fn agree<T>(body: &T)
    where
        T: DeserializeOwned + FromJson + PartialEq + Serialize + ToJson + core::fmt::Debug,
    {
        let text = serde_json::to_vec(body).unwrap();
        assert_eq!(
            String::from_utf8(json::to_vec(body)),
            String::from_utf8(text.clone())
        );
        assert_eq!(json::from_slice::<T>(&text).as_ref(), Some(body));
        let more = [b"{\"more\":1,", &text[1..]].concat();
        assert!(serde_json::from_slice::<T>(&more).is_err());
        assert_eq!(json::from_slice::<T>(&more), None);
    }

    /// The client reads and writes what the server does, by other means.
    #[test]
    fn both_ends_mean_the_same() {
        let entry = Entry {
            statement: Base64Url(vec![1, 2, 3]),
            position: u64::MAX,
            inclusion: vec![FixedBytes([9; 32])],
        };
        let slice = |chain: ChainId, entries| ChainSlice {
            chain,
            entries,
            boxes: vec![Base64Url(Vec::new())],
        };
        agree(&Fetched {
            chains: vec![
                slice(TenantId::from_bytes([1; 32]).into(), vec![entry]),
                slice(UserId::from_bytes([2; 32]).into(), Vec::new()),
                slice(GroupId::from_bytes([3; 32]).into(), Vec::new()),
            ],
            log: LogView {
                checkpoint: "log\n1\n\n\u{2014} \"quoted\"\n".into(),
                consistency: Vec::new(),
            },
            children: Some(crate::keys::Children {
                sessions: vec![SessionId::from_bytes([3; 32])],
                next: Some(9),
            }),
        });
        for after in [None, Some(7)] {
            agree(&ListRequest {
                tenant: TenantId::from_bytes([1; 32]),
                after,
                limit: 1000,
                parent: after.map(|_| SessionId::from_bytes([5; 32])),
            });
        }
        agree(&ListedSessions {
            sessions: vec![ListedSession {
                session: SessionId::from_bytes([4; 32]),
                position: 0,
                seq: 1,
                label: Some("label".into()),
            }],
            more: true,
            next: Some(0),
        });
        agree(&ReleasedShares {
            member_epoch: 3,
            signer: None,
            items: vec![
                ReleasedShare {
                    share: Some(Base64Url(vec![1])),
                    receipt: Some(FixedBytes([2; 64])),
                    refused: None,
                },
                ReleasedShare {
                    share: None,
                    receipt: None,
                    refused: Some(ShareRefusal::CodeRequired),
                },
            ],
        });
        agree(&ErasedShares {
            signer: KeyId::from_bytes([1; 32]),
            items: vec![
                None,
                Some(ErasedShare {
                    cause: ErasureCause::Superseded,
                    time: Timestamp::from_millis(1),
                    receipt: FixedBytes([3; 64]),
                }),
            ],
        });
        agree(&LookedUp { found: Vec::new() });
        for log_key in [None, Some(BoxedBytes::from([5; 1984]))] {
            agree(&ServerInfo {
                version: "1".into(),
                protocol: 1,
                time: Timestamp::from_millis(1),
                audience: "a".into(),
                keys: true,
                vault: false,
                log_key,
                vault_key: Some(FixedBytes([6; 32])),
                escrow_key: None,
            });
        }
    }

    #[test]
    fn problems_are_read_as_they_are_written() {
        for code in ProblemCode::ALL {
            let mut problem = Problem::new(*code);
            for _ in 0..2 {
                let text = serde_json::to_vec(&problem).unwrap();
                assert_eq!(json::from_slice(&text), Some(problem.clone()));
                problem = problem.with_detail("more");
                problem.retry_after = Some(3);
            }
        }
        let later = br#"{"type":"","title":"","status":500,"code":"internal","new":[1]}"#;
        assert!(json::from_slice::<Problem>(later).is_some());
        let unknown = br#"{"type":"","title":"","status":500,"code":"other"}"#;
        assert!(json::from_slice::<Problem>(unknown).is_none());
    }
}
