//! The policy `verified`: a code to the address that the sender confirmed.

use wardseal_crypto::{hash, label, secret::Secret};
use wardseal_protocol::{escrow::Policy, vault::Language};
use wardseal_types::{FixedBytes, MemberId, PendingId, TenantId, Timestamp};

use super::{
    CodeErrand, deposit,
    service::{Standing, share_of},
};
use crate::{
    codes::{Account, Checked, Code, Issued, LIFETIME, Population},
    error::DomainError,
    keys::{Caller, KeyService},
    post::{Letter, LetterKind, PostError},
    storage::Snapshot,
};

/// For how long a code that was entered counts, in milliseconds: for what is sent to the same address
/// within a day nobody is asked again.
pub const COUNTS_FOR: u64 = 24 * 60 * 60 * 1000;

/// Most deposits that are looked through to say for how many a code counts.
const MOST: u32 = 1000;

/// A code is on its way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CodeStarted {
    /// Names the attempt.
    pub attempt: FixedBytes<32>,
    /// Where it went, as far as it may be shown.
    pub hint: String,
    /// Until when it is taken.
    pub expires: Timestamp,
}

/// The code was right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CodeFinished {
    /// For how many deposits it counts.
    pub verified: u32,
}

/// What is shown of an address: its first letter and its domain.
pub(super) fn hint(address: &str) -> String {
    let (local, domain) = address.split_once('@').unwrap_or((address, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}…@{domain}")
}

impl KeyService {
    /// The address as this server recognises it, which nobody else can compute.
    fn recognised(&self, tenant: &TenantId, address: &str) -> Result<FixedBytes<32>, DomainError> {
        let own = deposit::own(&self.shared)?;
        let parts: [&[u8]; 2] = [tenant.as_bytes(), address.as_bytes()];
        Ok(FixedBytes(hash::mac(
            &own.addresses,
            label::ADDRESS_MAC,
            &parts,
        )))
    }

    /// Whether the member showed lately that it reads what is sent to this address.
    pub(super) fn reads_mail(
        &self,
        snapshot: &dyn Snapshot,
        standing: &Standing,
        address: &str,
    ) -> Result<bool, DomainError> {
        let address = self.recognised(&standing.tenant, address)?;
        let until = snapshot.reads_mail_until(&standing.tenant, &standing.member, &address)?;
        Ok(until.is_some_and(|until| until > self.shared.clock.now()))
    }

    /// Sends a code to the address of a deposit that waits for a member: the caller, or a group in
    /// which he is.
    ///
    /// # Errors
    /// [`DomainError::NotFound`] when the caller is not in the member, or nothing of this name waits
    /// for it; [`DomainError::Malformed`] when the policy wants no code; the limits of
    /// [`codes`](crate::codes) as [`DomainError::TooManyAttempts`] and [`DomainError::CodesLocked`];
    /// [`DomainError::PostUnavailable`]; and [`DomainError::EscrowOff`].
    pub fn start_escrow_code(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        member: &MemberId,
        pending: &PendingId,
    ) -> Result<CodeStarted, DomainError> {
        let shared = &self.shared;
        deposit::own(shared)?;
        shared.config.post.ready().map_err(no_post)?;
        self.sweep()?;
        let snapshot = shared.store.read()?;
        let (standing, _) = self.standing(&*snapshot, caller, tenant, member)?;
        let name = standing.name.ok_or(DomainError::NotFound)?;
        let record = snapshot
            .waiting(tenant, &name, pending)?
            .ok_or(DomainError::NotFound)?;
        let Some((Policy::Verified, share)) = share_of(shared, tenant, &record)? else {
            return Err(DomainError::Malformed("this deposit wants no code by mail"));
        };
        let address = share
            .address
            .ok_or_else(|| DomainError::Internal("a deposit without an address".into()))?;
        let language = share.language.as_deref().and_then(Language::from_code);
        drop(snapshot);
        let subject = self.recognised(tenant, &address)?;
        let attempt = FixedBytes(
            *shared
                .random
                .with(|rng| Secret::<32>::generate(rng))?
                .expose(),
        );
        let errand = CodeErrand {
            attempt,
            tenant: *tenant,
            user: caller.user,
            member: *member,
            name,
            address: subject,
            ends: shared.clock.now().plus_millis(LIFETIME),
        };
        let issued = self.writer.run(move |batch| {
            let shared = batch.shared;
            let now = shared.clock.now();
            let account = Account {
                tenant: errand.tenant,
                subject: errand.address,
            };
            let population = population(&*batch.unit, &errand.tenant)?;
            let issued = shared.random.with(|rng| {
                shared
                    .codes
                    .issue(&mut *batch.unit, attempt, account, population, now, rng)
            })?;
            if matches!(issued, Issued::Code(_)) {
                batch.unit.put_code_errand(&errand, now)?;
            }
            Ok(issued)
        })?;
        let code = match issued {
            Issued::Code(code) => code,
            Issued::Locked => return Err(DomainError::CodesLocked),
            Issued::TooMany { retry_after } => {
                return Err(DomainError::TooManyAttempts { retry_after });
            }
        };
        let hint = hint(&address);
        let letter = Letter {
            to: address,
            language: language.unwrap_or(Language::English),
            kind: LetterKind::EscrowCode {
                code,
                minutes: LIFETIME / 60_000,
            },
        };
        shared.config.post.send(letter).map_err(no_post)?;
        Ok(CodeStarted {
            attempt,
            hint,
            expires: errand.ends,
        })
    }

    /// Enters a code. What was sent to the same address for the same member is released afterwards,
    /// for [`COUNTS_FOR`].
    ///
    /// # Errors
    /// [`DomainError::CodeRefused`], [`DomainError::CodeExpired`], [`DomainError::CodesLocked`],
    /// [`DomainError::TooManyAttempts`], [`DomainError::NotFound`] for another tenant, and
    /// [`DomainError::EscrowOff`].
    pub fn finish_escrow_code(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        attempt: &FixedBytes<32>,
        code: &str,
    ) -> Result<CodeFinished, DomainError> {
        let shared = &self.shared;
        deposit::own(shared)?;
        if caller.tenant != *tenant {
            return Err(DomainError::NotFound);
        }
        // What cannot be a code costs no try.
        let code = Code::parse(code).ok_or(DomainError::Malformed("a code has eight digits"))?;
        let snapshot = shared.store.read()?;
        // Another's attempt is no attempt of the caller's, and counts for nobody.
        let errand = snapshot
            .code_errand(attempt)?
            .filter(|errand| errand.tenant == *tenant && errand.user == caller.user)
            .ok_or(DomainError::CodeExpired)?;
        let (standing, _) = self.standing(&*snapshot, caller, tenant, &errand.member)?;
        drop(snapshot);
        let checked = self.writer.run(move |batch| {
            let shared = batch.shared;
            let now = shared.clock.now();
            let population = population(&*batch.unit, &errand.tenant)?;
            let checked =
                shared
                    .codes
                    .check(&mut *batch.unit, &errand.attempt, &code, population, now)?;
            if checked == Checked::Right {
                let until = now.plus_millis(COUNTS_FOR);
                let (tenant, member) = (&errand.tenant, &errand.member);
                batch
                    .unit
                    .put_reads_mail(tenant, member, &errand.address, until, now)?;
            }
            Ok(checked)
        })?;
        match checked {
            Checked::Right => self.counted(&standing, &errand),
            Checked::Wrong { left, .. } => Err(DomainError::CodeRefused { left }),
            Checked::Expired => Err(DomainError::CodeExpired),
            Checked::Locked => Err(DomainError::CodesLocked),
            Checked::TooMany { retry_after } => Err(DomainError::TooManyAttempts { retry_after }),
        }
    }

    /// For how many deposits a code counts.
    fn counted(
        &self,
        standing: &Standing,
        errand: &CodeErrand,
    ) -> Result<CodeFinished, DomainError> {
        let snapshot = self.shared.store.read()?;
        let mut verified = 0_u32;
        if standing.name == Some(errand.name) {
            for record in snapshot.pending_for(&errand.tenant, &errand.name, None, MOST)? {
                let share = share_of(&self.shared, &errand.tenant, &record)?;
                let address = share.and_then(|(_, share)| share.address);
                let same = match address {
                    Some(address) => self.recognised(&errand.tenant, &address)? == errand.address,
                    None => false,
                };
                verified = verified.saturating_add(same.into());
            }
        }
        Ok(CodeFinished { verified })
    }
}

fn population(snapshot: &dyn Snapshot, tenant: &TenantId) -> Result<Population, DomainError> {
    Ok(Population {
        tenant: snapshot.users(tenant)?,
        all: snapshot.all_users()?,
    })
}

fn no_post(error: PostError) -> DomainError {
    match error {
        PostError::BadAddress => {
            DomainError::EscrowRefused("there is no way to send to the address of the deposit")
        }
        _ => DomainError::PostUnavailable(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_by_its_first_letter_and_domain() {
        assert_eq!(hint("info@klinik.example"), "i…@klinik.example");
        assert_eq!(hint("é@klinik.example"), "é…@klinik.example");
        assert_eq!(hint("@klinik.example"), "…@klinik.example");
    }
}
