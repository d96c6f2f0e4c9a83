//! A town whose people use the servers over HTTP.

use wardseal_api::{
    Endpoint, Method, Problem,
    keys::{
        Append, AppendRequest, Appended, ChallengeRequest, CreateTenant, CreateTenantRequest,
        GetChallenge, SignIn, SignInRequest, SignUp, SignUpRequest,
    },
};
use wardseal_crypto::label;
use wardseal_protocol::{
    binding::{self, Claims},
    op::Op,
    statement::Statement,
};
use wardseal_server_domain::tenants::TenantPolicy;
use wardseal_testkit::{Person, ServerOptions, Servers, Town, secret};
use wardseal_types::{Base64Url, FixedBytes};

use crate::raw;

pub(crate) struct World {
    pub(crate) servers: Servers,
    pub(crate) town: Town,
}

/// Asks for an operation, as a client would.
pub(crate) fn call<E: Endpoint>(
    server: &str,
    token: Option<&str>,
    request: &E::Request,
) -> Result<E::Response, Problem> {
    let body = match E::METHOD {
        Method::Get => Vec::new(),
        Method::Post => serde_json::to_vec(request).unwrap(),
    };
    let method = match E::METHOD {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("Content-Type", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
    let reply = raw::ask(server, method, E::PATH, &headers, &body);
    if reply.status == 200 {
        assert_eq!(reply.header("content-type"), Some("application/json"));
        return Ok(serde_json::from_slice(&reply.body).unwrap());
    }
    reply.problem();
    let problem: Problem = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(
        reply
            .header("retry-after")
            .map(|text| text.parse().unwrap()),
        problem.retry_after
    );
    Err(problem)
}

impl World {
    /// Servers that know the tenant of the town.
    pub(crate) fn new(seed: u64) -> Self {
        let world = Self::with(seed, ServerOptions::default());
        world.create_tenant().unwrap();
        world
    }

    pub(crate) fn with(seed: u64, options: ServerOptions) -> Self {
        Self {
            servers: Servers::start(options),
            town: Town::logged_by(seed, Servers::log_key()),
        }
    }

    /// Servers that accept these tenants.
    pub(crate) fn admitting(seed: u64, tenants: TenantPolicy) -> Self {
        Self::with(
            seed,
            ServerOptions {
                tenants,
                ..ServerOptions::default()
            },
        )
    }

    pub(crate) fn keys<E: Endpoint>(
        &self,
        token: Option<&str>,
        request: &E::Request,
    ) -> Result<E::Response, Problem> {
        call::<E>(&self.servers.keys_url(), token, request)
    }

    pub(crate) fn vault<E: Endpoint>(&self, request: &E::Request) -> Result<E::Response, Problem> {
        call::<E>(&self.servers.vault_url(), None, request)
    }

    pub(crate) fn create_tenant(&self) -> Result<Appended, Problem> {
        self.keys::<CreateTenant>(
            None,
            &CreateTenantRequest {
                statement: self.town.log[0].bytes().into(),
            },
        )
    }

    pub(crate) fn request(&self, statements: &[Statement]) -> AppendRequest {
        AppendRequest {
            tenant: self.town.tenant,
            statements: statements.iter().map(|s| s.bytes().into()).collect(),
            boxes: statements
                .iter()
                .flat_map(|statement| self.town.boxes_of(statement))
                .map(Base64Url::from)
                .collect(),
            log_size: 0,
            salt: None,
        }
    }

    /// A person of the town alone, and what would sign him up.
    pub(crate) fn newcomer(
        &mut self,
        name: &str,
        spoil: impl FnOnce(&mut Claims),
    ) -> (Person, SignUpRequest) {
        let person = self.town.person();
        let genesis = self.town.log.last().unwrap().clone();
        let salt = *secret(&mut self.town.rng).expose();
        let mut claims = self.town.claims(person.id, &salt, name);
        spoil(&mut claims);
        let bind = self.bind(&person, &claims);
        // A spoiled token is nothing that the town itself would take.
        let _ = self.town.append(&bind);
        let request = SignUpRequest {
            append: self.request(&[genesis, bind]),
            salt: FixedBytes(salt),
        };
        (person, request)
    }

    fn bind(&self, person: &Person, claims: &Claims) -> Statement {
        let token = Base64Url::from(self.town.signed(claims).into_bytes());
        self.town
            .says(person, person.id, Op::Bind(claims.cmt, token))
    }

    /// A person who has signed up and in.
    pub(crate) fn person(&mut self, name: &str) -> (Person, String) {
        let (person, request) = self.newcomer(name, |_| {});
        self.keys::<SignUp>(None, &request).unwrap();
        let token = self.sign_in(&person).unwrap();
        (person, token)
    }

    pub(crate) fn challenge(&self, person: &Person) -> Result<Vec<u8>, Problem> {
        self.keys::<GetChallenge>(
            None,
            &ChallengeRequest {
                tenant: self.town.tenant,
                user: person.id,
                device: person.device.id,
            },
        )
        .map(|challenge| challenge.challenge.0)
    }

    pub(crate) fn answer(&self, person: &Person, challenge: &[u8]) -> SignInRequest {
        let message = binding::sign_in_message(
            &self.servers.keys_url(),
            &self.town.tenant,
            &person.id,
            &person.device.id,
            challenge,
        );
        let key = person.device.sign.ed25519();
        SignInRequest {
            tenant: self.town.tenant,
            user: person.id,
            device: person.device.id,
            challenge: challenge.into(),
            signature: FixedBytes(*key.sign(label::SIGN_IN, &message).as_bytes()),
            certificate: None,
        }
    }

    pub(crate) fn sign_in(&self, person: &Person) -> Result<String, Problem> {
        let challenge = self.challenge(person)?;
        let answer = self.answer(person, &challenge);
        self.keys::<SignIn>(None, &answer).map(|given| given.token)
    }

    pub(crate) fn append(
        &self,
        token: &str,
        statements: &[Statement],
    ) -> Result<Appended, Problem> {
        self.keys::<Append>(Some(token), &self.request(statements))
    }

    pub(crate) fn index(&self, name: &str) -> FixedBytes<32> {
        binding::index(&self.town.tenant, name)
    }
}
