//! The application's own server, as far as the platform needs one: it signs names, and is a party of
//! escrow. Whom it calls by a name it is told; it checks nobody.

use std::sync::{Mutex, PoisonError};

use chacha20::ChaCha20Rng;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use wardseal_server_api::{Answer, Api, Failure, Outcome, Request, parse, text};
use wardseal_tenant::{
    DeskError, Directory, EscrowDesk, EscrowSecret, GroupNameRequest, HttpResponse, NameRequest,
    Progress, RecoveryRequest, RootKey, SharesInMemory, TokenKey,
    api::{
        Endpoint, ProblemCode,
        escrow::ReleaseRequest,
        tenant::{
            DepositShares, DepositSharesRequest, EraseSharesRequest, EraseTenantShares,
            ReleaseTenantShares,
        },
    },
    crypto::CryptoError,
    found_with,
    types::{Base64Url, BoxedBytes, ChainId, FixedBytes, GroupId, TenantId, Timestamp, UserId},
};

use crate::platform::{KEYS, PlatformError, VAULT};

/// Why the application's server does not sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The request is not of the form that the SDK gives.
    #[error("the request is not one of signUp or groups.bind: hand over what these give to `sign`")]
    Malformed,
    /// It is for another tenant.
    #[error("the request is for {0}, which is not the tenant of this platform")]
    OtherTenant(TenantId),
    /// The index is that of another name.
    #[error("the request was not made for this name")]
    OtherName,
    /// The source of randomness is broken.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// What the SDK gives to be signed.
#[derive(Debug, Deserialize)]
struct ToSign {
    tenant: TenantId,
    name: String,
    commitment: FixedBytes<32>,
    index: FixedBytes<32>,
    user: Option<UserId>,
    group: Option<GroupId>,
}

/// Which record is to be recovered, and by whom.
#[derive(Debug, Deserialize)]
struct ToRecover {
    user: UserId,
    record: FixedBytes<32>,
    #[serde(rename = "clientKey")]
    client_key: Base64Url,
}

/// The keys of a tenant, and what its server keeps.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    /// The genesis of its chain.
    pub(crate) genesis: Vec<u8>,
    token: TokenKey,
    desk: EscrowDesk,
    shares: Mutex<SharesInMemory>,
    rng: Mutex<ChaCha20Rng>,
}

impl Tenant {
    /// A tenant whose chain the server with this log key will order.
    pub(crate) fn found(
        log_key: BoxedBytes<1984>,
        now: Timestamp,
        mut rng: ChaCha20Rng,
    ) -> Result<Self, PlatformError> {
        let root = RootKey::generate(&mut rng)?;
        let token = TokenKey::generate(&mut rng)?;
        let escrow = EscrowSecret::generate(wardseal_tenant::Assigned::Taken, &mut rng)?;
        let (id, genesis) = found_with(&root, &token, Some(&escrow), log_key, now, &mut rng)?;
        let for_desk = TokenKey::from_seed(&token.seed());
        Ok(Self {
            id,
            genesis: genesis.bytes().to_vec(),
            token,
            desk: EscrowDesk::new(id, for_desk, [escrow]),
            shares: Mutex::default(),
            rng: Mutex::new(rng),
        })
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut dyn CryptoRng) -> T) -> T {
        draw(&mut *self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Signs that a name means a user or a group.
    pub(crate) fn sign(&self, request: &str, now: Timestamp) -> Result<String, SignError> {
        let asked: ToSign = serde_json::from_str(request).map_err(|_| SignError::Malformed)?;
        if asked.tenant != self.id {
            return Err(SignError::OtherTenant(asked.tenant));
        }
        let (commitment, index) = (asked.commitment, asked.index);
        match (asked.user, asked.group) {
            (Some(user), None) => {
                let request = NameRequest {
                    user,
                    commitment,
                    index,
                };
                if !request.is_for(&self.id, &asked.name) {
                    return Err(SignError::OtherName);
                }
                Ok(self.draw(|rng| self.token.bind(self.id, request, now, rng))?)
            }
            (None, Some(group)) => {
                let request = GroupNameRequest {
                    group,
                    commitment,
                    index,
                };
                if !request.is_for(&self.id, &asked.name) {
                    return Err(SignError::OtherName);
                }
                Ok(self.draw(|rng| self.token.bind_group(self.id, request, now, rng))?)
            }
            _ => Err(SignError::Malformed),
        }
    }

    /// Signs that the vault may mail a code for a record.
    pub(crate) fn sign_recovery(&self, request: &str, now: Timestamp) -> Result<String, SignError> {
        let asked: ToRecover = serde_json::from_str(request).map_err(|_| SignError::Malformed)?;
        let request = RecoveryRequest {
            user: asked.user,
            record: asked.record,
            client_key: asked.client_key.as_slice(),
        };
        Ok(self.draw(|rng| self.token.recovery(self.id, VAULT, &request, now, rng))?)
    }

    /// Answers one of the endpoints of escrow, to a caller whom the application knows.
    pub(crate) fn answer(
        &self,
        keys: &Api,
        path: &str,
        caller: Option<UserId>,
        body: &[u8],
        now: Timestamp,
    ) -> Answer {
        let answered = match (path, caller) {
            (DepositShares::PATH | ReleaseTenantShares::PATH | EraseTenantShares::PATH, None) => {
                Err(Failure::new(ProblemCode::SignInRequired))
            }
            (DepositShares::PATH, Some(caller)) => self.deposit(&caller, body, now),
            (ReleaseTenantShares::PATH, Some(caller)) => self.release(keys, caller, body, now),
            (EraseTenantShares::PATH, Some(caller)) => self.erase(keys, caller, body, now),
            _ => Err(Failure::new(ProblemCode::NoSuchRoute)),
        };
        match answered {
            Ok(body) => Answer {
                status: 200,
                content_type: "application/json",
                retry_after: None,
                body,
            },
            Err(failure) => failure.into(),
        }
    }

    fn shares<T>(&self, work: impl FnOnce(&mut SharesInMemory) -> T) -> T {
        work(&mut self.shares.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn deposit(&self, caller: &UserId, body: &[u8], now: Timestamp) -> Result<Vec<u8>, Failure> {
        let request: DepositSharesRequest = parse(body)?;
        written(self.shares(|shares| self.desk.deposit(shares, caller, &request, now)))
    }

    fn release(
        &self,
        keys: &Api,
        caller: UserId,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, Failure> {
        let request: ReleaseRequest = parse(body)?;
        let chains = EscrowDesk::chains(caller, request.member);
        let directory = self.learn(keys, &chains, now)?;
        let desk = &self.desk;
        written(self.draw(|rng| {
            self.shares(|shares| desk.release(shares, &directory, &caller, &request, now, rng))
        }))
    }

    fn erase(
        &self,
        keys: &Api,
        caller: UserId,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, Failure> {
        let request: EraseSharesRequest = parse(body)?;
        let directory = self.learn(keys, &[caller.into()], now)?;
        let desk = &self.desk;
        written(self.shares(|shares| desk.erase(shares, &directory, &caller, &request, now)))
    }

    /// What these chains are now. Nothing is remembered: time stands still between requests, so what
    /// was asked before would look new.
    fn learn(&self, keys: &Api, chains: &[ChainId], now: Timestamp) -> Result<Directory, Failure> {
        let failed = |error: &dyn std::error::Error| Failure::internal(error.to_string());
        let mut directory = Directory::new(self.id);
        let Some(mut inquiry) = directory.inquire(chains.iter().copied(), now) else {
            return Ok(directory);
        };
        let access = self
            .draw(|rng| self.token.access(self.id, KEYS, now, rng))
            .map_err(|error| failed(&error))?;
        loop {
            let request = inquiry.request(&directory, &access, now);
            let authorization = request.bearer.map(|token| format!("Bearer {token}"));
            let outcome = keys.answer(
                Request {
                    method: "POST",
                    path: request.path,
                    authorization: authorization.as_deref(),
                    content_type: Some("application/json"),
                    body: &request.body,
                },
                true,
            );
            let Outcome::Answered(answer) = outcome else {
                return Err(Failure::internal("the key server waits"));
            };
            let answer = HttpResponse {
                status: answer.status,
                body: answer.body,
            };
            let progress = inquiry
                .take(&mut directory, &answer)
                .map_err(|error| failed(&error))?;
            if progress == Progress::Done {
                return Ok(directory);
            }
        }
    }
}

fn written<T: Serialize, E>(done: Result<T, DeskError<E>>) -> Result<Vec<u8>, Failure> {
    text(&done.map_err(|error| error.problem())?)
}
