//! The key server's half of a password, and how often it helps to guess one. See
//! `spec/09-password.md`.

use wardseal_crypto::{hash, label};
use wardseal_password::oprf::{self, OprfError};
use wardseal_protocol::state::World as _;
use wardseal_types::{ChainId, FixedBytes, NamedId, TenantId, Timestamp};

use super::{Caller, Evaluated, KeyService, Shared, world::Loader, writer::Batch};
use crate::{error::DomainError, limit::Limit, storage::Counted};

/// Guesses at one name: ten, then one in every six minutes.
pub const TRIES_PER_NAME: Limit = Limit {
    burst: 10,
    interval: 6 * 60 * 1000,
};

/// New records of one user: ten, then one in every six minutes.
pub const NEW_RECORDS_PER_USER: Limit = Limit {
    burst: 10,
    interval: 6 * 60 * 1000,
};

/// Why a record is refused that is in use.
pub(super) const RECORD_IN_USE: &str = "the record is in use: draw another name for it";

const HOUR: u64 = 60 * 60 * 1000;

/// Guesses at all names of a tenant with so many users: in an hour a hundred, and one for every ten
/// users. It bounds what trying one password at every name can find, and how much a stranger makes
/// the server remember.
#[must_use]
pub const fn tries_per_tenant(users: u64) -> Limit {
    let burst = (users / 10).saturating_add(100);
    let interval = HOUR / burst;
    Limit {
        burst,
        // With more than 36 million users a guess in every millisecond is allowed.
        interval: if interval == 0 { 1 } else { interval },
    }
}

impl KeyService {
    /// Evaluates a blinded password for a record that is being made. No user's chain may name the
    /// record yet: or the limits of whoever asks would replace those of the name.
    ///
    /// # Errors
    /// [`DomainError::TooManyAttempts`], [`DomainError::Malformed`], and [`DomainError::NotFound`]
    /// when the caller is of another tenant.
    pub fn evaluate_new(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        record: &FixedBytes<32>,
        blinded: &[u8],
    ) -> Result<Evaluated, DomainError> {
        if caller.tenant != *tenant {
            return Err(DomainError::NotFound);
        }
        check_blinded(blinded)?;
        let (caller, record) = (*caller, *record);
        self.writer.run(move |batch| {
            let tenant = &caller.tenant;
            if batch.unit.is_vault_record(tenant, &record)? {
                return Err(DomainError::Malformed(RECORD_IN_USE));
            }
            let counted = Counted::User(caller.user);
            take(batch, tenant, &[(counted, NEW_RECORDS_PER_USER)])
        })?;
        self.shared.evaluate(tenant, record, blinded)
    }

    /// Evaluates a blinded password for the live record of a name. A name that does not exist, or
    /// has no password, gets the same answers as one that has.
    ///
    /// # Errors
    /// [`DomainError::TooManyAttempts`], [`DomainError::Malformed`] and
    /// [`DomainError::UnknownTenant`].
    pub fn evaluate(
        &self,
        tenant: &TenantId,
        name: &FixedBytes<32>,
        blinded: &[u8],
    ) -> Result<Evaluated, DomainError> {
        check_blinded(blinded)?;
        let (counted, of) = (Counted::Name(*name), *tenant);
        self.writer.run(move |batch| {
            if batch.size(&of)?.is_none() {
                return Err(DomainError::UnknownTenant);
            }
            let all = tries_per_tenant(batch.unit.users(&of)?);
            take(
                batch,
                &of,
                &[(counted, TRIES_PER_NAME), (Counted::Tenant, all)],
            )
        })?;
        let record = self.shared.live_record(tenant, name)?;
        self.shared.evaluate(tenant, record, blinded)
    }
}

impl Shared {
    /// The record that the newest head of the user's chain names; for a name without a password one
    /// that looks like any other and is always the same.
    fn live_record(
        &self,
        tenant: &TenantId,
        name: &FixedBytes<32>,
    ) -> Result<FixedBytes<32>, DomainError> {
        let parts: [&[u8]; 2] = [tenant.as_bytes(), name.as_array()];
        let decoy = FixedBytes(hash::mac(&self.secrets.mac, label::PASSWORD_DECOY, &parts));
        let snapshot = self.store.read()?;
        // A group has no password.
        let Some(NamedId::User(holder)) = snapshot.name(tenant, name)?.map(|found| found.holder)
        else {
            return Ok(decoy);
        };
        let find = |chain: &ChainId| self.cache.find(tenant, chain);
        let mut loader = Loader::new(*tenant, &*snapshot, &find);
        loader.load([ChainId::User(holder)])?;
        let user = loader.known.user(&holder);
        let record = user
            .and_then(|user| user.password())
            .map(|(_, vault)| vault.record);
        self.cache.learn(tenant, loader.folded);
        Ok(record.unwrap_or(decoy))
    }

    fn evaluate(
        &self,
        tenant: &TenantId,
        record: FixedBytes<32>,
        blinded: &[u8],
    ) -> Result<Evaluated, DomainError> {
        let account = account(tenant, &record);
        let seed = self.secrets.oprf.expose();
        let evaluation = self
            .random
            .with(|rng| oprf::evaluate(seed, &account, blinded, rng))
            .map_err(|error| match error {
                OprfError::Malformed => DomainError::Malformed("not a blinded element"),
                other => DomainError::Internal(other.to_string()),
            })?;
        Ok(Evaluated {
            evaluation,
            oprf_key: evaluation_key(self, tenant, &record)?,
            record,
        })
    }
}

/// Under what the key of an evaluation is derived: the tenant, then the record.
pub(super) fn account(tenant: &TenantId, record: &FixedBytes<32>) -> Vec<u8> {
    [tenant.as_bytes().as_slice(), record.as_array()].concat()
}

/// The public key of the evaluations for a record.
pub(super) fn evaluation_key(
    shared: &Shared,
    tenant: &TenantId,
    record: &FixedBytes<32>,
) -> Result<FixedBytes<32>, DomainError> {
    let account = account(tenant, record);
    oprf::account_public_key(shared.secrets.oprf.expose(), &account)
        .map(|key| FixedBytes(key.to_bytes()))
        .map_err(|error| DomainError::Internal(error.to_string()))
}

/// What is obviously no blinded element costs no attempt.
fn check_blinded(blinded: &[u8]) -> Result<(), DomainError> {
    if blinded.len() == oprf::REQUEST_LEN {
        Ok(())
    } else {
        Err(DomainError::Malformed("not a blinded element"))
    }
}

/// Counts one attempt under every limit, or under none when one of them is reached.
fn take(
    batch: &mut Batch<'_>,
    tenant: &TenantId,
    limits: &[(Counted, Limit)],
) -> Result<(), DomainError> {
    let now = batch.shared.clock.now();
    batch.unit.forget_idle(tenant, now)?;
    for (counted, limit) in limits {
        let busy = batch.unit.busy_until(tenant, counted)?;
        let busy = busy.map_or(0, Timestamp::millis);
        let until =
            limit
                .take(busy, now.millis())
                .map_err(|wait| DomainError::TooManyAttempts {
                    retry_after: wait.div_ceil(1000).max(1),
                })?;
        let until = Timestamp::from_millis(until);
        batch.unit.put_busy_until(tenant, counted, until)?;
    }
    Ok(())
}
