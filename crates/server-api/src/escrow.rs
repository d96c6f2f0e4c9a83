//! Operations of the key server as a party of escrow.

use wardseal_api::escrow::{
    EscrowCodeFinished, EscrowCodeStarted, EscrowKeyInfo, EscrowState, EscrowStatus,
    EscrowStatusRequest, EscrowStatuses, FinishEscrowCode, FinishEscrowCodeRequest,
    GetEscrowStatus, ListPending, PendingDeposit, PendingDeposits, PendingRequest, ReleaseRequest,
    ReleaseShares, ReleasedShare, ReleasedShares, ShareRefusal, StartEscrowCode,
    StartEscrowCodeRequest,
};
use wardseal_server_domain::{
    escrow::{self as domain, ReleaseRefusal, ShareRef, State},
    keys::Caller,
};

use crate::{Failure, keys::Keys, routes::Routes};

/// Every operation of escrow.
pub(crate) fn operations(routes: &mut impl Routes<Keys>) {
    routes.bearer::<ListPending>(list_pending);
    routes.bearer::<StartEscrowCode>(start_code);
    routes.bearer::<FinishEscrowCode>(finish_code);
    routes.bearer::<ReleaseShares>(release);
    routes.bearer::<GetEscrowStatus>(status);
}

pub(crate) fn key_info(info: &domain::EscrowKeyInfo) -> EscrowKeyInfo {
    EscrowKeyInfo {
        key: info.key.clone(),
        signature: info.signature.clone(),
    }
}

fn list_pending(
    keys: &Keys,
    caller: &Caller,
    body: PendingRequest,
) -> Result<PendingDeposits, Failure> {
    let found =
        keys.service
            .list_pending(caller, &body.tenant, &body.member, body.after, body.limit)?;
    let deposits = found.deposits.into_iter().map(|listed| PendingDeposit {
        position: listed.position,
        session: listed.session,
        deposit: listed.deposit.into(),
        hint: listed.hint,
    });
    Ok(PendingDeposits {
        deposits: deposits.collect(),
        more: found.more,
    })
}

fn start_code(
    keys: &Keys,
    caller: &Caller,
    body: StartEscrowCodeRequest,
) -> Result<EscrowCodeStarted, Failure> {
    let started =
        keys.service
            .start_escrow_code(caller, &body.tenant, &body.member, &body.pending)?;
    Ok(EscrowCodeStarted {
        attempt: started.attempt,
        hint: started.hint,
        expires: started.expires,
    })
}

fn finish_code(
    keys: &Keys,
    caller: &Caller,
    body: FinishEscrowCodeRequest,
) -> Result<EscrowCodeFinished, Failure> {
    let finished =
        keys.service
            .finish_escrow_code(caller, &body.tenant, &body.attempt, &body.code)?;
    Ok(EscrowCodeFinished {
        verified: finished.verified,
    })
}

fn release(keys: &Keys, caller: &Caller, body: ReleaseRequest) -> Result<ReleasedShares, Failure> {
    let items: Vec<_> = body
        .items
        .into_iter()
        .map(|item| ShareRef {
            session: item.session,
            epoch: item.epoch,
            commitment: item.commitment,
            pending: item.pending,
        })
        .collect();
    let released = keys
        .service
        .release_shares(caller, &body.tenant, &body.member, &items)?;
    let items = released.items.into_iter().map(|item| match item {
        Ok(release) => ReleasedShare {
            share: Some(release.share.into()),
            receipt: Some(release.receipt),
            refused: None,
        },
        Err(refusal) => ReleasedShare {
            share: None,
            receipt: None,
            refused: Some(match refusal {
                ReleaseRefusal::Unknown => ShareRefusal::Unknown,
                ReleaseRefusal::Expired => ShareRefusal::Expired,
                ReleaseRefusal::NotNamed => ShareRefusal::NotNamed,
                ReleaseRefusal::CodeRequired => ShareRefusal::CodeRequired,
                ReleaseRefusal::NeverReleased => ShareRefusal::NeverReleased,
                ReleaseRefusal::Taken => ShareRefusal::Taken,
            }),
        },
    });
    Ok(ReleasedShares {
        member_epoch: released.member_epoch,
        signer: None,
        items: items.collect(),
    })
}

fn status(
    keys: &Keys,
    caller: &Caller,
    body: EscrowStatusRequest,
) -> Result<EscrowStatuses, Failure> {
    let found = keys
        .service
        .escrow_status(caller, &body.tenant, &body.sessions)?;
    let deposits = found.into_iter().map(|status| EscrowStatus {
        session: status.session,
        pending: status.pending,
        state: match status.state {
            State::Deposited => EscrowState::Deposited,
            State::Released => EscrowState::Released,
            State::Claimed => EscrowState::Claimed,
            State::Revoked => EscrowState::Revoked,
            State::Expired => EscrowState::Expired,
        },
        since: status.since,
        member: status.member,
        erasure: status.erasure,
        commitment: status.commitment,
    });
    Ok(EscrowStatuses {
        deposits: deposits.collect(),
    })
}
