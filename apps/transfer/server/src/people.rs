//! Who is who: asked of the key server, verified as a client would, and kept for a few seconds.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::{
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    redirect::Policy,
};
use wardseal_tenant::{
    DeviceKind, DeviceProof, Directory, HttpRequest, HttpResponse, Inquiry, Method, Progress,
    ProofError, Recovered, Role, TokenKey,
};
use wardseal_types::{ChainId, Clock, DeviceId, GroupId, TenantId, Timestamp, UserId};

use crate::{
    failure::{Code, Failure},
    random::Random,
    store::recovery::Wanted,
};

/// How old an answer of the key server may be, in milliseconds: for so long somebody who was just
/// removed from a facility may still ask here. What is sealed anew is closed to him at once.
pub const FRESH: u64 = 5_000;

/// Largest answer that is read.
const MOST_BYTES: usize = 64 << 20;

/// The key server could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("HTTPS does not work on this machine: {0}")]
pub struct TlsUnavailable(String);

/// The tenant's people.
pub struct People {
    key: TokenKey,
    /// Address of the key server, without a slash at the end.
    keys: String,
    /// What its sign-ins name as their audience.
    audience: String,
    directory: Mutex<Directory>,
    /// Recoveries that people have still to be told of.
    recovered: Mutex<Vec<Recovered>>,
    /// One inquiry at a time: overlapping ones would make each other ask again.
    turn: tokio::sync::Mutex<()>,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    random: Arc<Random>,
    /// Where is written what must not be forgotten.
    record: PathBuf,
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("People")
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// The tenant, and where its key server is.
pub struct Tenant {
    /// The tenant.
    pub id: TenantId,
    /// Signs names and access.
    pub key: TokenKey,
    /// Address of the key server.
    pub keys: String,
    /// What its sign-ins name as their audience.
    pub audience: String,
}

impl std::fmt::Debug for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tenant")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Why people cannot be known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeopleError {
    /// There is no TLS.
    #[error(transparent)]
    Tls(#[from] TlsUnavailable),
    /// The record of an earlier run cannot be read.
    #[error("{path}: {reason}")]
    Record {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl People {
    /// Knows nobody yet, but what an earlier run wrote to `record`: behind that the key server
    /// cannot go back.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub fn new(
        tenant: Tenant,
        record: PathBuf,
        clock: Arc<dyn Clock>,
        random: Arc<Random>,
    ) -> Result<Self, PeopleError> {
        let directory = match std::fs::read(&record) {
            Ok(bytes) => {
                Directory::from_record(tenant.id, &bytes).map_err(|error| error.to_string())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Directory::new(tenant.id))
            }
            Err(error) => Err(error.to_string()),
        };
        let directory = directory.map_err(|reason| PeopleError::Record {
            path: record.clone(),
            reason,
        })?;
        let http = reqwest::Client::builder()
            .user_agent(concat!("wardseal-transfer/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(20))
            .redirect(Policy::none());
        // A proxy has its own loopback.
        let http = if is_loopback(&tenant.keys) {
            http.no_proxy()
        } else {
            http
        };
        Ok(Self {
            key: tenant.key,
            keys: tenant.keys.trim_end_matches('/').to_owned(),
            audience: tenant.audience,
            directory: Mutex::new(directory),
            recovered: Mutex::default(),
            turn: tokio::sync::Mutex::new(()),
            http: http
                .build()
                .map_err(|error| TlsUnavailable(error.to_string()))?,
            clock,
            random,
            record,
        })
    }

    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.lock().tenant()
    }

    /// Signs names.
    #[must_use]
    pub const fn key(&self) -> &TokenKey {
        &self.key
    }

    /// Who has made a proof for this application and this challenge.
    ///
    /// # Errors
    /// [`Code::ProofRefused`], [`Code::Unavailable`].
    pub async fn verify(
        &self,
        proof: &DeviceProof,
        audience: &str,
        challenge: &str,
    ) -> Result<UserId, Failure> {
        self.learn(vec![proof.user.into()], 0).await?;
        let now = self.clock.now();
        self.lock()
            .verify(proof, audience, challenge, now)
            .map_err(|error| match error {
                // Neither is the caller's identifier worth repeating.
                ProofError::UnknownUser(_) => {
                    Failure::detail(Code::ProofRefused, "the user is unknown here")
                }
                ProofError::UnknownDevice(_) => {
                    Failure::detail(Code::ProofRefused, "the user has no such device")
                }
                ProofError::RevokedDevice(_) => {
                    Failure::detail(Code::ProofRefused, "the device was revoked")
                }
                other => Failure::detail(Code::ProofRefused, other.to_string()),
            })
    }

    /// Whether a device of a user is in force, and what the user may do in which of these groups.
    ///
    /// # Errors
    /// [`Code::SignInRequired`] for a device that is not in force, [`Code::Unavailable`].
    pub async fn roles(
        &self,
        user: UserId,
        device: DeviceId,
        groups: &[GroupId],
    ) -> Result<Vec<(GroupId, Role)>, Failure> {
        let chains = groups.iter().map(|group| ChainId::from(*group));
        self.learn(chains.chain([user.into()]).collect(), FRESH)
            .await?;
        let directory = self.lock();
        if !directory.in_force(&user, &device) {
            return Err(Code::SignInRequired.into());
        }
        Ok(groups
            .iter()
            .filter_map(|group| Some((*group, directory.role(group, &user)?)))
            .collect())
    }

    /// The members of a group that was learned, through groups within it too.
    #[must_use]
    pub fn members(&self, group: &GroupId) -> Vec<UserId> {
        let members = self.lock().members(group).unwrap_or_default();
        members.into_keys().collect()
    }

    /// The record of a user's two-man method, if one is in force.
    ///
    /// # Errors
    /// [`Code::Unavailable`].
    pub async fn two_man(&self, user: UserId) -> Result<Option<[u8; 32]>, Failure> {
        // Asked for seldom, and set up a moment ago, perhaps.
        self.learn(vec![user.into()], 0).await?;
        let directory = self.lock();
        let found = directory
            .user(&user)
            .and_then(|user| user.method(DeviceKind::TwoMan));
        Ok(found.map(|(_, method)| method.record().0))
    }

    /// Whom a user's organisation method names, if one is in force.
    ///
    /// # Errors
    /// [`Code::Unavailable`].
    pub(crate) async fn organisation(&self, user: UserId) -> Result<Option<Wanted>, Failure> {
        // Asked for seldom, and set up a moment ago, perhaps.
        self.learn(vec![user.into()], 0).await?;
        let directory = self.lock();
        let found = directory
            .user(&user)
            .and_then(|user| user.method(DeviceKind::Organisation));
        Ok(match found {
            Some((_, Method::Organisation(method))) => Some(Wanted {
                user,
                record: method.record.0,
                group: method.group,
                quorum: method.quorum.into(),
                helpers: method.helpers.clone(),
            }),
            _ => None,
        })
    }

    /// Whether a group has a name of the application's.
    ///
    /// # Errors
    /// [`Code::Unavailable`].
    pub async fn is_group_called(&self, group: GroupId, name: &str) -> Result<bool, Failure> {
        self.learn(vec![group.into()], 0).await?;
        Ok(self.lock().is_group_called(&group, name))
    }

    /// Learns chains as they are at this moment.
    ///
    /// # Errors
    /// [`Code::Unavailable`].
    pub(crate) async fn learn_now(&self, chains: Vec<ChainId>) -> Result<(), Failure> {
        self.learn(chains, 0).await
    }

    /// Does something with what is known.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&Directory) -> T) -> T {
        work(&self.lock())
    }

    /// Recoveries that were learned since this was asked last.
    pub(crate) fn take_recovered(&self) -> Vec<Recovered> {
        let mut waiting = self
            .recovered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut found = std::mem::take(&mut *waiting);
        found.extend(self.lock().take_recovered());
        found
    }

    /// Recoveries that nobody could be told of.
    pub(crate) fn give_back_recovered(&self, recovered: Vec<Recovered>) {
        self.recovered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(recovered);
    }

    /// Learns chains, unless what is known is younger than `age` milliseconds. With none it always
    /// asks: what was learned in this very millisecond may be older than what is wanted.
    async fn learn(&self, chains: Vec<ChainId>, age: u64) -> Result<(), Failure> {
        let wanted = || {
            let now = self.clock.now().plus_millis(1).millis();
            let not_before = Timestamp::from_millis(now.saturating_sub(age));
            self.lock().inquire(chains.iter().copied(), not_before)
        };
        if wanted().is_none() {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        // Whoever had the turn before may have asked the same.
        let Some(inquiry) = wanted() else {
            return Ok(());
        };
        self.ask(inquiry).await
    }

    async fn ask(&self, mut inquiry: Inquiry) -> Result<(), Failure> {
        let tenant = self.tenant();
        let access = self
            .random
            .with(|rng| {
                self.key
                    .access(tenant, &self.audience, self.clock.now(), rng)
            })
            .map_err(Failure::internal)?;
        loop {
            let request = {
                let directory = self.lock();
                inquiry.request(&directory, &access, self.clock.now())
            };
            let answer = self.send(request).await?;
            let progress = inquiry.take(&mut self.lock(), &answer);
            match progress {
                Ok(Progress::Done) => return Ok(()),
                Ok(Progress::Ask) => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let mut outgoing = self
            .http
            .post(format!("{}{}", self.keys, request.path))
            .header(CONTENT_TYPE, "application/json")
            .body(request.body);
        if let Some(token) = &request.bearer {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .unwrap_or(HeaderValue::from_static("Bearer"));
            value.set_sensitive(true);
            outgoing = outgoing.header(AUTHORIZATION, value);
        }
        let mut answer = outgoing.send().await.map_err(unavailable)?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(unavailable)? {
            if body.len() + part.len() > MOST_BYTES {
                return Err(unavailable("the key server answers too much"));
            }
            body.extend_from_slice(&part);
        }
        Ok(HttpResponse { status, body })
    }

    /// Writes down what must not be forgotten, whole or not at all. It blocks.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(&self) -> std::io::Result<()> {
        let bytes = {
            let directory = self.lock();
            if directory.is_empty() {
                return Ok(());
            }
            directory.record()
        };
        crate::files::write(&self.record, &bytes)
    }

    fn lock(&self) -> MutexGuard<'_, Directory> {
        self.directory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without the key server nobody is let in: who was a member yesterday may be none today.
fn unavailable(cause: impl ToString) -> Failure {
    Failure {
        cause: Some(cause.to_string()),
        ..Failure::detail(Code::Unavailable, "the key server cannot be asked just now")
    }
}

fn is_loopback(address: &str) -> bool {
    reqwest::Url::parse(address).is_ok_and(|url| match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    })
}
