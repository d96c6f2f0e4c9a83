//! The OpenAPI document, made of the same list as the routes.

use std::collections::BTreeMap;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, Paths,
        Ref, RefOr, Required, ResponseBuilder, Responses, Schema,
        path::OperationBuilder,
        request_body::RequestBodyBuilder,
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};
use wardseal_api::{Auth, Endpoint, Method, PROBLEM_MEDIA_TYPE, Problem, ProblemCode, Role};
use wardseal_server_api::{
    keys,
    routes::{
        Authenticates, CallerHandler, Grows, OpenHandler, Operation, Routes, TenantHandler,
        WaitingHandler,
    },
    vault,
};

const JSON: &str = "application/json";
const BEARER: &str = "token";
const ACCESS: &str = "access";

/// The document of both roles.
#[must_use]
pub fn document() -> OpenApi {
    let mut document = Document::default();
    keys::operations(&mut document);
    vault::operations(&mut document);
    document.component::<Problem>();
    let components = document
        .schemas
        .into_iter()
        .fold(ComponentsBuilder::new(), |components, (name, schema)| {
            components.schema(name, schema)
        })
        .security_scheme(
            BEARER,
            SecurityScheme::Http(
                Http::builder()
                    .scheme(HttpAuthScheme::Bearer)
                    .description(Some(
                        "What `sign_in` gives. It lives for minutes, and dies with its device.",
                    ))
                    .build(),
            ),
        )
        .security_scheme(
            ACCESS,
            SecurityScheme::Http(
                Http::builder()
                    .scheme(HttpAuthScheme::Bearer)
                    .bearer_format("JWT")
                    .description(Some(
                        "What a token key of the tenant signs for a server of the tenant's \
                         (`spec/08-sign-in.md`). It lives for ten minutes at most.",
                    ))
                    .build(),
            ),
        );
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Wardseal")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "The HTTP API of the key server and the vault. Signed and sealed objects stand \
                     in the bodies as base64url of canonical CBOR; what they mean stands in `spec/`. \
                     Every failure is a problem document (RFC 9457) with a stable code.",
                ))
                .build(),
        )
        .paths(document.paths)
        .components(Some(components.build()))
        .build()
}

#[derive(Default)]
struct Document {
    paths: Paths,
    schemas: BTreeMap<String, RefOr<Schema>>,
}

impl Document {
    /// Adds a body, and whatever it is made of, to the components.
    fn component<T: ToSchema>(&mut self) -> Ref {
        let mut parts = Vec::new();
        T::schemas(&mut parts);
        self.schemas.extend(parts);
        self.schemas
            .insert(T::name().into(), <T as PartialSchema>::schema());
        Ref::from_schema_name(T::name())
    }

    fn add<E: Operation>(&mut self) {
        let mut operation = OperationBuilder::new()
            .operation_id(Some(E::ID))
            .summary(Some(E::SUMMARY.trim()))
            .tag(match E::ROLE {
                Role::Keys => "key server",
                Role::Vault => "vault",
                Role::Tenant => "server of the application",
            });
        if matches!(E::METHOD, Method::Post) {
            let content = ContentBuilder::new()
                .schema(Some(self.component::<E::Request>()))
                .build();
            operation = operation.request_body(Some(
                RequestBodyBuilder::new()
                    .content(JSON, content)
                    .required(Some(Required::True))
                    .build(),
            ));
        }
        let scheme = match E::AUTH {
            // The application says itself how; the platform cannot.
            Auth::Open | Auth::Application => None,
            Auth::Bearer => Some(BEARER),
            Auth::Tenant => Some(ACCESS),
        };
        if let Some(scheme) = scheme {
            operation =
                operation.security(SecurityRequirement::new::<_, [&str; 0], &str>(scheme, []));
        }
        let mut responses = problems::<E>();
        let content = ContentBuilder::new()
            .schema(Some(self.component::<E::Response>()))
            .build();
        responses.responses.insert(
            "200".into(),
            ResponseBuilder::new()
                .description("Done.")
                .content(JSON, content)
                .build()
                .into(),
        );
        let method = match E::METHOD {
            Method::Get => HttpMethod::Get,
            Method::Post => HttpMethod::Post,
        };
        self.paths
            .add_path_operation(E::PATH, vec![method], operation.responses(responses));
    }
}

/// The problems of an operation, by status.
fn problems<E: Endpoint>() -> Responses {
    let with_token: &[ProblemCode] = match E::AUTH {
        Auth::Bearer => ProblemCode::WITH_TOKEN,
        Auth::Tenant => ProblemCode::WITH_ACCESS,
        Auth::Open | Auth::Application => &[],
    };
    let mut by_status = BTreeMap::<u16, Vec<String>>::new();
    for code in [E::PROBLEMS, with_token, ProblemCode::ANYWHERE].concat() {
        by_status.entry(code.status()).or_default().push(format!(
            "`{}`: {}",
            code.code(),
            code.meaning()
        ));
    }
    let mut responses = Responses::new();
    for (status, codes) in by_status {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        responses.responses.insert(
            status.to_string(),
            ResponseBuilder::new()
                .description(codes.join("\n\n"))
                .content(PROBLEM_MEDIA_TYPE, content)
                .build()
                .into(),
        );
    }
    responses
}

impl<S> Routes<S> for Document {
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

/// The document as it is committed in `docs/openapi.json`.
///
/// # Errors
/// None in practice: the document is made of strings and numbers.
pub fn text() -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&document())?;
    text.push('\n');
    Ok(text)
}
