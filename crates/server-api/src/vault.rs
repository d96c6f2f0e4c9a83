//! Operations of the vault.

use std::sync::Arc;

use wardseal_api::{
    keys::ServerInfo,
    vault::{
        AskVault, CodeFinished, CodeStarted, CollectCode, CollectCodeRequest, FinishCode,
        FinishCodeRequest, GetVault, KeptRecord, LoggedIn, LoginFinish, LoginFinishRequest,
        LoginStart, LoginStartRequest, LoginStarted, OpenRecord, OpenRecordRequest,
        PendingRecovery, RecordOpened, RecordStored, RegisterStart, RegisterStartRequest,
        RegisterStarted, Release, StartCode, StartCodeRequest, StoreRecord, StoreRecordRequest,
        VaultAnswer, VaultRequest,
    },
};
use wardseal_server_domain::vault::{self as domain, VaultService};
use wardseal_types::FixedBytes;

use crate::{About, Failure, convert::all_bytes, routes::Routes};

/// What handlers of the vault work on.
#[derive(Debug)]
pub struct Vault {
    service: Arc<VaultService>,
    about: Arc<About>,
}

impl Vault {
    /// Handlers for a service.
    #[must_use]
    pub const fn new(service: Arc<VaultService>, about: Arc<About>) -> Self {
        Self { service, about }
    }
}

/// Every operation of this role.
pub fn operations(routes: &mut impl Routes<Vault>) {
    routes.open::<GetVault>(about);
    routes.open::<RegisterStart>(register_start);
    routes.open::<StoreRecord>(store_record);
    routes.open::<LoginStart>(login_start);
    routes.open::<LoginFinish>(login_finish);
    routes.open::<OpenRecord>(open_record);
    routes.open::<StartCode>(start_code);
    routes.open::<FinishCode>(finish_code);
    routes.open::<CollectCode>(collect_code);
    routes.open::<AskVault>(ask);
}

fn about(vault: &Vault, (): ()) -> Result<ServerInfo, Failure> {
    Ok(vault.about.info())
}

fn register_start(vault: &Vault, body: RegisterStartRequest) -> Result<RegisterStarted, Failure> {
    let response = vault
        .service
        .register_start(&body.record, body.request.as_slice())?;
    Ok(RegisterStarted {
        response: response.into(),
    })
}

fn store_record(vault: &Vault, body: StoreRecordRequest) -> Result<RecordStored, Failure> {
    let record = body.record;
    vault.service.store_record(&domain::StoreRecord {
        tenant: body.tenant,
        user: body.user,
        device: body.device,
        record,
        access: body.access.0,
        sealed: body.sealed.0,
        tenant_chain: all_bytes(body.tenant_chain),
        user_chain: all_bytes(body.user_chain),
        signature: body.signature,
    })?;
    Ok(RecordStored { record })
}

fn login_start(vault: &Vault, body: LoginStartRequest) -> Result<LoginStarted, Failure> {
    let started = vault
        .service
        .login_start(&body.record, body.ke1.as_slice())?;
    Ok(LoginStarted {
        login: started.login,
        ke2: started.ke2.into(),
    })
}

fn login_finish(vault: &Vault, body: LoginFinishRequest) -> Result<LoggedIn, Failure> {
    let opened = vault
        .service
        .login_finish(&body.login, body.ke3.as_slice())?;
    released("password", &opened.record);
    Ok(LoggedIn {
        sealed: opened.sealed.into(),
    })
}

fn open_record(vault: &Vault, body: OpenRecordRequest) -> Result<RecordOpened, Failure> {
    let opened = vault.service.open_record(&body.locator)?;
    released("locator", &opened.record);
    Ok(RecordOpened {
        record: opened.record,
        sealed: opened.sealed.into(),
    })
}

fn start_code(vault: &Vault, body: StartCodeRequest) -> Result<CodeStarted, Failure> {
    let attempt = vault.service.start_code(&domain::StartCode {
        token: body.token,
        client_key: body.client_key.0,
        tenant_chain: all_bytes(body.tenant_chain),
    })?;
    Ok(CodeStarted { attempt })
}

fn finish_code(vault: &Vault, body: FinishCodeRequest) -> Result<CodeFinished, Failure> {
    let finished = vault.service.finish_code(&body.attempt, &body.code)?;
    Ok(code_finished(finished))
}

fn collect_code(vault: &Vault, body: CollectCodeRequest) -> Result<CodeFinished, Failure> {
    let finished = vault.service.collect_code(&body.attempt)?;
    Ok(code_finished(finished))
}

fn code_finished(finished: domain::Finished) -> CodeFinished {
    if finished.release.is_some() {
        released("code", &finished.record);
    }
    CodeFinished {
        ready: finished.ready,
        release: finished.release.map(|release| Release {
            share: release.share.into(),
            sealed: release.sealed.into(),
        }),
    }
}

fn ask(vault: &Vault, body: VaultRequest) -> Result<VaultAnswer, Failure> {
    let answer = vault.service.ask(&domain::Ask {
        tenant: body.tenant,
        user: body.user,
        device: body.device,
        time: body.time,
        tenant_chain: all_bytes(body.tenant_chain),
        user_chain: all_bytes(body.user_chain),
        action: body.action.0,
        signature: body.signature,
    })?;
    if let Some(opened) = &answer.opened {
        released("administrator", &opened.record);
    }
    Ok(VaultAnswer {
        pending: answer.pending.into_iter().filter_map(pending).collect(),
        kept: answer.kept.into_iter().map(kept).collect(),
        sealed: answer.opened.map(|opened| opened.sealed.into()),
    })
}

fn kept(kept: domain::Kept) -> KeptRecord {
    KeptRecord {
        record: kept.record,
        access: kept.kind.into(),
        locked: kept.locked,
    }
}

fn pending(recovery: domain::Recovery) -> Option<PendingRecovery> {
    Some(PendingRecovery {
        attempt: recovery.attempt,
        record: recovery.record,
        started: recovery.started,
        ready: recovery.ready?,
    })
}

/// Writes down that a record was handed out: which, as far as two entries can be told to be about
/// the same, and how.
fn released(by: &'static str, record: &FixedBytes<32>) {
    let FixedBytes([a, b, c, d, ..]) = record;
    let record = format!("{a:02x}{b:02x}{c:02x}{d:02x}");
    tracing::info!(record, by, "a record was released");
}
