//! Records that no password opens: by a locator, by a code that is sent to the person, by an
//! administrator; and what a person's devices have to say to it. See `spec/10-recovery.md`.
//!
//! A code is sent only to whoever shows a token of the tenant's server, and what the right code
//! releases is half of a key. Whether the record exists shows nowhere: a recovery of one that does
//! not is begun, counted and refused like any other, and no letter is sent.

use std::cmp::Ordering;

use wardseal_crypto::{kem::KemPublicKey, label};
use wardseal_protocol::{
    keys::DeviceKind,
    recovery,
    state::{NOW, UserState},
    vault::{
        Access, Action, Language, REQUEST_LEEWAY, TwoManAccess, locator_record, request_message,
    },
};
use wardseal_types::{DeviceId, FixedBytes, TenantId, Timestamp, UserId};

use super::{
    Recovery, StoredRecord, VaultError, VaultService, VaultUnit, damaged, evidence,
    evidence::{Evidence, EvidenceError},
    stored_access,
};
use crate::{
    codes::{Account, Checked, Code, DAY, HOUR, Issued, LIFETIME},
    post::{Letter, LetterKind},
    storage::StorageError,
};

/// Seconds by which the clock of a tenant's server may differ from ours.
pub const LEEWAY: u64 = 60;

/// How long what a right code released can be collected, in milliseconds.
pub const COLLECTABLE: u64 = DAY;

/// A record that was opened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opened {
    /// Its name.
    pub record: FixedBytes<32>,
    /// What it keeps.
    pub sealed: Vec<u8>,
}

/// Somebody wants a code sent.
#[derive(Clone, Debug)]
pub struct StartCode {
    /// Token of the tenant's server.
    pub token: String,
    /// X-Wing public key of the client.
    pub client_key: Vec<u8>,
    /// Statements of the tenant's chain.
    pub tenant_chain: Vec<Vec<u8>>,
}

/// The code was right.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finished {
    /// Which record it is about, for the log.
    pub record: FixedBytes<32>,
    /// When the share is released.
    pub ready: Timestamp,
    /// The share, if that is now.
    pub release: Option<Release>,
}

/// What is released.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Release {
    /// The vault's share, sealed to the client.
    pub share: Vec<u8>,
    /// What the record keeps.
    pub sealed: Vec<u8>,
}

/// A signed request of a device.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The tenant.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
    /// The device that signs.
    pub device: DeviceId,
    /// When it signed.
    pub time: Timestamp,
    /// Statements of the tenant's chain.
    pub tenant_chain: Vec<Vec<u8>>,
    /// Statements of the user's chain.
    pub user_chain: Vec<Vec<u8>>,
    /// An [`Action`].
    pub action: Vec<u8>,
    /// Signature over [`request_message`].
    pub signature: FixedBytes<64>,
}

/// The answer to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// The user's recoveries whose code was right, and which are neither stopped nor at their end.
    pub pending: Vec<Recovery>,
    /// The user's records, as they are after the request.
    pub kept: Vec<Kept>,
    /// The record that was read.
    pub opened: Option<Opened>,
}

/// What the vault says of a record to its owner.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Kept {
    /// Its name.
    pub record: FixedBytes<32>,
    /// The number of its access.
    pub kind: u8,
    /// Whether it was locked by wrong codes.
    pub locked: bool,
}

impl VaultService {
    /// Hands out the record of a locator, which only its owner can know.
    ///
    /// # Errors
    /// [`VaultError::NotFound`], [`VaultError::TooManyAttempts`], [`VaultError::NotSeparate`],
    /// [`VaultError::Store`].
    pub fn open_record(&self, locator: &FixedBytes<32>) -> Result<Opened, VaultError> {
        self.begin()?;
        let record = locator_record(locator);
        let stored = self.store.record(&record)?.ok_or(VaultError::NotFound)?;
        match stored_access(&stored)? {
            Access::Locator => Ok(Opened {
                record,
                sealed: stored.sealed,
            }),
            _ => Err(VaultError::NotFound),
        }
    }

    /// Sends a code to the address of a record, if there is one. Returns the name of the attempt.
    ///
    /// # Errors
    /// [`VaultError::Token`], [`VaultError::TokenUsed`], [`VaultError::Unproven`],
    /// [`VaultError::Locked`], [`VaultError::TooManyAttempts`], [`VaultError::Post`],
    /// [`VaultError::Malformed`], [`VaultError::RegistrationClosed`], [`VaultError::NotSeparate`],
    /// [`VaultError::Store`].
    pub fn start_code(&self, request: &StartCode) -> Result<FixedBytes<32>, VaultError> {
        self.begin()?;
        self.post.ready()?;
        KemPublicKey::from_bytes(&request.client_key)
            .map_err(|_| VaultError::Malformed("the key of the client"))?;
        let tenant = recovery::claimed_tenant(&request.token)?;
        if !self.policy.tenants.admits(&tenant) {
            return Err(VaultError::RegistrationClosed);
        }
        let chain = self
            .newest_tenant_chain(&tenant, &request.tenant_chain)
            .map_err(unproven)?;
        let now = self.clock.now();
        let claims = recovery::verify(
            &evidence::tenant(tenant, &chain).map_err(VaultError::Unproven)?,
            &request.token,
            &self.policy.audience,
            &request.client_key,
            NOW,
            now,
            LEEWAY,
        )?;

        let mut unit = self.store.begin()?;
        let ends = Timestamp::from_seconds(claims.exp.saturating_add(LEEWAY + 1));
        if !unit.take_token(&tenant, &claims.jti, ends, now)? {
            return Err(VaultError::TokenUsed);
        }
        unit.forget_recoveries(now)?;
        let account = Account {
            tenant,
            subject: claims.rec,
        };
        let population = unit.population(&tenant)?;
        let (attempt, issued) = self.rng.with(|rng| {
            let mut name = [0; 32];
            rng.fill_bytes(&mut name);
            let attempt = FixedBytes(name);
            let issued = self
                .codes
                .issue(&mut *unit, attempt, account, population, now, rng);
            (attempt, issued)
        });
        let issued = issued?;
        if matches!(issued, Issued::Code(_)) {
            unit.put_recovery(&Recovery {
                attempt,
                tenant,
                user: claims.sub,
                record: claims.rec,
                client_key: request.client_key.clone(),
                started: now,
                ready: None,
                ends: now.plus_millis(LIFETIME),
                vetoed: false,
                collected: false,
            })?;
        }
        let found = two_man(&mut *unit, &tenant, &claims.sub, &claims.rec)?;
        unit.commit()?;
        let code = match issued {
            Issued::Code(code) => code,
            Issued::Locked => return Err(VaultError::Locked),
            Issued::TooMany { retry_after } => {
                return Err(VaultError::TooManyAttempts { retry_after });
            }
        };
        let kind = LetterKind::RecoveryCode {
            code,
            tag: recovery::tag(&request.client_key),
            minutes: recovery::CODE_MINUTES,
        };
        if let Some((_, access)) = found {
            self.post.send(letter(access, kind))?;
        }
        Ok(attempt)
    }

    /// Checks the code of an attempt. If it is right, the share is released, now or after the delay
    /// that the person chose.
    ///
    /// # Errors
    /// [`VaultError::CodeRefused`], [`VaultError::CodeExpired`], [`VaultError::Locked`],
    /// [`VaultError::TooManyAttempts`], [`VaultError::Malformed`], [`VaultError::NotSeparate`],
    /// [`VaultError::Store`].
    pub fn finish_code(
        &self,
        attempt: &FixedBytes<32>,
        code: &str,
    ) -> Result<Finished, VaultError> {
        self.begin()?;
        let code = Code::parse(code).ok_or(VaultError::Malformed("the code"))?;
        let now = self.clock.now();
        let mut unit = self.store.begin()?;
        let mut recovery = unit.recovery(attempt)?.ok_or(VaultError::CodeExpired)?;
        let population = unit.population(&recovery.tenant)?;
        let found = two_man(
            &mut *unit,
            &recovery.tenant,
            &recovery.user,
            &recovery.record,
        )?;
        let checked = self
            .codes
            .check(&mut *unit, attempt, &code, population, now)?;
        // Who guesses the code of a record that does not exist has still guessed wrong.
        let right = found.filter(|_| checked == Checked::Right);
        let Some((stored, access)) = right else {
            let told = match checked {
                Checked::Wrong { locked: true, .. } => two_man(
                    &mut *unit,
                    &recovery.tenant,
                    &recovery.user,
                    &recovery.record,
                )?,
                _ => None,
            };
            unit.commit()?;
            if let Some((_, access)) = told {
                self.tell(access, LetterKind::RecoveryLocked);
            }
            return Err(match checked {
                Checked::Wrong { left, .. } => VaultError::CodeRefused { left },
                Checked::Right => VaultError::CodeRefused { left: 0 },
                Checked::Expired => VaultError::CodeExpired,
                Checked::Locked => VaultError::Locked,
                Checked::TooMany { retry_after } => VaultError::TooManyAttempts { retry_after },
            });
        };
        let ready = now.plus_millis(u64::from(access.delay).saturating_mul(HOUR));
        recovery.ready = Some(ready);
        recovery.ends = ready.plus_millis(COLLECTABLE);
        let release = self.release(&mut recovery, ready, &stored, &access, now)?;
        unit.put_recovery(&recovery)?;
        unit.commit()?;
        self.tell(
            access,
            match release {
                Some(_) => LetterKind::RecoveryReleased,
                None => LetterKind::RecoveryWaiting { until: ready },
            },
        );
        Ok(Finished {
            record: recovery.record,
            ready,
            release,
        })
    }

    /// The same answer again, or after the delay. It can be asked for until a day after the share
    /// was released: an answer may be lost.
    ///
    /// # Errors
    /// [`VaultError::CodeExpired`], [`VaultError::Vetoed`], [`VaultError::TooManyAttempts`],
    /// [`VaultError::NotSeparate`], [`VaultError::Store`].
    pub fn collect_code(&self, attempt: &FixedBytes<32>) -> Result<Finished, VaultError> {
        self.begin()?;
        let now = self.clock.now();
        let mut unit = self.store.begin()?;
        let mut recovery = unit
            .recovery(attempt)?
            .filter(|recovery| recovery.ends > now)
            .ok_or(VaultError::CodeExpired)?;
        let ready = recovery.ready.ok_or(VaultError::CodeExpired)?;
        if recovery.vetoed {
            return Err(VaultError::Vetoed);
        }
        let (stored, access) = two_man(
            &mut *unit,
            &recovery.tenant,
            &recovery.user,
            &recovery.record,
        )?
        .ok_or(VaultError::CodeExpired)?;
        let before = recovery.collected;
        let release = self.release(&mut recovery, ready, &stored, &access, now)?;
        unit.put_recovery(&recovery)?;
        unit.commit()?;
        if recovery.collected && !before {
            self.tell(access, LetterKind::RecoveryReleased);
        }
        Ok(Finished {
            record: recovery.record,
            ready,
            release,
        })
    }

    /// Does what a device of the user signed.
    ///
    /// # Errors
    /// [`VaultError::RequestRefused`], [`VaultError::Unproven`], [`VaultError::NotFound`],
    /// [`VaultError::RegistrationClosed`], [`VaultError::Malformed`],
    /// [`VaultError::TooManyAttempts`], [`VaultError::NotSeparate`], [`VaultError::Store`].
    pub fn ask(&self, request: &Ask) -> Result<Answer, VaultError> {
        self.begin()?;
        if !self.policy.tenants.admits(&request.tenant) {
            return Err(VaultError::RegistrationClosed);
        }
        let now = self.clock.now();
        let apart = now.since(request.time).max(request.time.since(now));
        if apart > REQUEST_LEEWAY {
            return Err(VaultError::RequestRefused(
                "the time of the request is more than five minutes off: set the clock",
            ));
        }
        let action =
            Action::from_bytes(&request.action).map_err(|_| VaultError::Malformed("the action"))?;
        let user = evidence::check(&Evidence {
            tenant: request.tenant,
            user: request.user,
            device: request.device,
            tenant_chain: &request.tenant_chain,
            user_chain: &request.user_chain,
            label: label::VAULT_REQUEST,
            message: &request_message(
                &request.tenant,
                &request.user,
                &request.device,
                request.time,
                &action,
            ),
            signature: &request.signature,
        })
        .map_err(VaultError::Unproven)?;
        let kind = user
            .device_at(&request.device, NOW)
            .map(|device| device.keys.kind);
        if !matches!(
            kind,
            Some(DeviceKind::Ordinary | DeviceKind::Password | DeviceKind::Passkey)
        ) {
            return Err(VaultError::RequestRefused(
                "a device that only recovers may not ask this",
            ));
        }
        self.newest_tenant_chain(&request.tenant, &request.tenant_chain)
            .map_err(unproven)?;

        let mut unit = self.store.begin()?;
        unit.forget_recoveries(now)?;
        let opened = match action {
            Action::List => None,
            Action::Veto(attempt) => {
                let mut recovery = unit
                    .recovery(&attempt)?
                    .filter(is_pending)
                    .filter(|found| (found.tenant, found.user) == (request.tenant, request.user))
                    .ok_or(VaultError::NotFound)?;
                recovery.vetoed = true;
                unit.put_recovery(&recovery)?;
                None
            }
            Action::Delete(record) => {
                unit.record(&record)?
                    .filter(|found| (found.tenant, found.user) == (request.tenant, request.user))
                    .ok_or(VaultError::NotFound)?;
                if names(&user, &record) {
                    return Err(VaultError::RequestRefused(
                        "the record is in use: the chain names it",
                    ));
                }
                unit.remove_record(&record)?;
                None
            }
            Action::Read(record) => {
                let stored = unit
                    .record(&record)?
                    .filter(|found| found.tenant == request.tenant)
                    .ok_or(VaultError::NotFound)?;
                match stored_access(&stored)? {
                    Access::Readers(readers) if readers.contains(&request.user) => Some(Opened {
                        record,
                        sealed: stored.sealed,
                    }),
                    _ => return Err(VaultError::NotFound),
                }
            }
        };
        let mut pending = unit.recoveries(&request.tenant, &request.user)?;
        pending.retain(is_pending);
        let mut kept = Vec::new();
        for (record, kind) in unit.records_of(&request.tenant, &request.user)? {
            let locked = unit.is_locked(&Account {
                tenant: request.tenant,
                subject: record,
            })?;
            kept.push(Kept {
                record,
                kind,
                locked,
            });
        }
        unit.commit()?;
        Ok(Answer {
            pending,
            kept,
            opened,
        })
    }

    /// The longer of the chain that a caller shows and the one that was shown before, of which one
    /// must be the beginning of the other. What is new is verified and kept.
    pub(super) fn newest_tenant_chain(
        &self,
        tenant: &TenantId,
        shown: &[Vec<u8>],
    ) -> Result<Vec<Vec<u8>>, VaultError> {
        let kept = self.store.tenant_chain(tenant)?;
        if kept.iter().zip(shown).any(|(one, other)| one != other) {
            return Err(EvidenceError::Contradiction.into());
        }
        match kept.len().cmp(&shown.len()) {
            Ordering::Less => {
                evidence::tenant(*tenant, shown)?;
                let new = shown.get(kept.len()..).unwrap_or_default();
                self.store.extend_tenant_chain(tenant, kept.len(), new)?;
                Ok(shown.to_vec())
            }
            Ordering::Equal | Ordering::Greater => Ok(kept),
        }
    }

    /// Seals the share to the client, if its time has come.
    fn release(
        &self,
        recovery: &mut Recovery,
        ready: Timestamp,
        stored: &StoredRecord,
        access: &TwoManAccess,
        now: Timestamp,
    ) -> Result<Option<Release>, VaultError> {
        if ready > now {
            return Ok(None);
        }
        let key = KemPublicKey::from_bytes(&recovery.client_key).map_err(|_| damaged())?;
        let share = self
            .rng
            .with(|rng| {
                recovery::seal_release(
                    &key,
                    &recovery.tenant,
                    &recovery.user,
                    &recovery.record,
                    &recovery.attempt,
                    access.share.as_array(),
                    rng,
                )
            })
            .map_err(|_| VaultError::Internal("the share could not be sealed"))?;
        recovery.collected = true;
        Ok(Some(Release {
            share,
            sealed: stored.sealed.clone(),
        }))
    }

    /// Sends a letter on which nothing depends.
    fn tell(&self, access: TwoManAccess, kind: LetterKind) {
        // A mail server that does not answer must not undo what the right code did.
        let _ = self.post.send(letter(access, kind));
    }
}

/// Evidence that does not prove a request, where no record is to be stored.
fn unproven(error: VaultError) -> VaultError {
    match error {
        VaultError::Evidence(error) => VaultError::Unproven(error),
        other => other,
    }
}

fn letter(access: TwoManAccess, kind: LetterKind) -> Letter {
    let language: Language = access.language;
    Letter {
        to: access.address,
        language,
        kind,
    }
}

/// The record with this name, if it is this user's and two servers hold it.
fn two_man(
    unit: &mut dyn VaultUnit,
    tenant: &TenantId,
    user: &UserId,
    record: &FixedBytes<32>,
) -> Result<Option<(StoredRecord, TwoManAccess)>, StorageError> {
    let Some(stored) = unit.record(record)? else {
        return Ok(None);
    };
    if (stored.tenant, stored.user) != (*tenant, *user) {
        return Ok(None);
    }
    Ok(match stored_access(&stored)? {
        Access::TwoMan(access) => Some((stored, access)),
        _ => None,
    })
}

const fn is_pending(recovery: &Recovery) -> bool {
    recovery.ready.is_some() && !recovery.vetoed && !recovery.collected
}

/// Whether a device in force keeps its keys in this record.
fn names(user: &UserState, record: &FixedBytes<32>) -> bool {
    user.methods().any(|(_, method)| method.record() == record)
}
